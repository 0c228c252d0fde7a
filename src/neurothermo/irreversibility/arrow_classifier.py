"""Can a classifier tell the recording from itself run backwards? What it wins bounds the entropy production."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_choice, checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.machine import one_blas_thread
from neurothermo.irreversibility.answer import answer
from neurothermo.irreversibility.arrow_features import feature_count, scaled_features, windows
from neurothermo.irreversibility.arrow_models import MODELS, boosted_odds, linear_scores, logistic_odds, noise_share
from neurothermo.irreversibility.blocks import NULL, Blocks, cut, flips, p_of, why_not_blocks
from neurothermo.irreversibility.door import checked_recording
from neurothermo.recordings.recording import Recording

WINDOW, FOLDS = 3, 5
SWAPS = 999
ROWS = 20  # of the shortest block
PER_FEATURE = 5  # windows, at least
LARGEST = 6e7  # numbers in the table of features
TRIVIAL = (
    "The classifier did no better than chance on what it had not seen: this bound says no more than that entropy "
    "production is not negative."
)


def obstacle(recording: Recording, window: int = WINDOW) -> str | None:
    """Why `classifier` cannot be used on a recording; None where it can."""
    why = why_not_blocks(recording, max(ROWS, 2 * window))
    if why is None:
        features, found = feature_count(window, recording.size), recording.samples // (window - 1)
        if found < PER_FEATURE * features:
            why = (
                f"has {features} features for {recording.size} channels and needs {PER_FEATURE * features} windows, "
                f"got {found}: choose fewer channels, or recording.components(5)"
            )
        elif features * PER_FEATURE * features > LARGEST:
            why = f"has {features} features for {recording.size} channels, too many: recording.components(10)"
    return f"classifier: {why}" if why else None


def cost(recording: Recording, window: int = WINDOW, folds: int = FOLDS) -> float:
    """About how many seconds `classifier` takes on one core with logistic regression."""
    features = feature_count(window, recording.size)
    cells = min(recording.samples / (window - 1) * features, LARGEST)
    return 0.1 + cells * (3e-8 + folds * 8 * 8e-11 * (features + 20)) + 1e-7 * folds * features**2


def classifier(
    recording: Recording, *, window: int = WINDOW, folds: int = FOLDS, model: str = "logistic",
    confidence: float = 0.95, seed: int = 0,
) -> Estimate:  # fmt: skip
    r"""A lower bound from telling windows of the recording from windows run backwards.

    .. math:: m\, \sigma \ge D(P \| \tilde P) \ge 2 \rho \operatorname{artanh} \rho, \quad
              \rho = \frac{\langle \phi \rangle}{\langle \phi^2 \rangle^{1/2}}, \quad \phi = \tanh(f/2)

    for any f(window) that changes sign with the direction of the window: here the log odds, forward against backward,
    of a classifier. Averages are over windows that it was not trained on, in contiguous folds, so that a classifier
    that learned noise wins nothing. :math:`\phi` cannot exceed 1, so that no single window decides, as one can in
    bounds with an exponential average. Of the true log odds s the bound loses only what :math:`\tanh^2(s/2)` varies.

    σ is the entropy production in a step of a stationary Markov process of even variables, hidden ones included. Where
    a row is a function of its state at an instant, w rows see m = w - 1 steps; where rows are averages or counts over a
    step (`Recording.averaged`, binned spikes) they are functions of the path, and m = w.

    The null of the p-value: every block could as well have run backwards. Labels of whole blocks are swapped, and for
    "logistic" the linear part of the classifier is trained again under each swap; for "boosting" the scores are kept
    and their scatter is widened for what folds learn from each other.

    Parameters
    ----------
    recording : Recording
        States or signals.
    window : int
        w, samples in a window, >= 2. Two are enough for a Markov process; hidden variables may show in longer ones.
    folds : int
        >= 2.
    model : "logistic" or "boosting"
        Logistic regression on antisymmetric features (quadratic in pairs of channels, cubic in each), or boosted
        trees on the windows themselves, from scikit-learn: slower, and they see other asymmetries.
    confidence : float
        Of the interval, from the scatter between blocks.
    seed : int

    Returns
    -------
    Estimate
        Nats per sample, kind "lower bound".

    Raises
    ------
    InputError
        With the sentence of `obstacle`, or where scikit-learn is needed and missing.

    References
    ----------
    Seif, Hafezi and Jarzynski, Nat. Phys. 17, 105 (2021): the arrow of time as a classification. Timpanaro, Guarnieri,
    Goold and Landi, Phys. Rev. Lett. 123, 090604 (2019): the bound, as an uncertainty relation.
    """
    recording = checked_recording(recording)
    window, folds = checked_count(window, "window", least=2), checked_count(folds, "folds", least=2)
    checked_choice(model, "model", MODELS)
    confidence = checked_fraction(confidence, "confidence")
    if why := obstacle(recording, window):
        raise InputError(why)
    blocks = cut(recording, max(ROWS, 2 * window))
    step = _step(recording, window)
    seen = [windows(piece, window, step) for piece in blocks.pieces]
    features = scaled_features(seen)
    fold = np.arange(len(seen)) * folds // len(seen)  # contiguous
    with one_blas_thread():
        score, null = linear_scores(features, fold, flips(len(seen), SWAPS, seed))
        odds = logistic_odds(features, fold) if model == "logistic" else boosted_odds(seen, fold, seed)
    signal, stderr = _signal(odds, noise_share(features))
    if model == "boosting":
        score, null = signal, _swapped(odds, flips(len(seen), SWAPS, seed))
    return _answer(recording, blocks, signal, stderr, score, null, confidence, (window, step, folds, model))


def _step(recording: Recording, window: int) -> int:
    """Rows between windows: they share their ends, or are thinned where there are too many."""
    step, cells = window - 1, recording.samples * feature_count(window, recording.size)
    return max(step, int(np.ceil(cells / LARGEST)))


def _signal(odds: list[Array], learned: float) -> tuple[float, float]:
    """rho, and its error: between blocks, and of what the folds learn from each other.

    Folds are trained on each other's noise, which makes their scores agree: where all that is learned is noise, half of
    the variance is between blocks and half in this agreement. `learned` is the share of noise.
    """
    count, first, second = _sums(odds)
    mean, square = first.sum() / count.sum(), second.sum() / count.sum()
    if not square > 0:
        return 0.0, 0.0
    signal = mean / np.sqrt(square)
    influence = ((first - mean * count) / mean - (second - square * count) / square / 2) * signal if mean else first * 0
    between = np.sum(influence**2) / count.sum() ** 2 * len(odds) / (len(odds) - 1)
    return float(signal), float(np.sqrt(between * (1 + learned)))


def _sums(odds: list[Array]) -> tuple[Array, Array, Array]:
    """Of each block: how many windows, and sums of phi and its square."""
    bounded = [np.tanh(each / 2) for each in odds]
    count = np.array([len(each) for each in odds], dtype=np.float64)
    return count, np.array([one.sum() for one in bounded]), np.array([np.sum(one**2) for one in bounded])


def _swapped(odds: list[Array], signs: Array) -> Array:
    """rho with blocks swapped, widened by the agreement of folds."""
    count, first, second = _sums(odds)
    return np.sqrt(2) * (signs @ first) / np.sqrt(max(second.sum(), 1e-300) * count.sum())


def _divergence(signal: float) -> float:
    """2 rho artanh(rho), and 0 where rho is negative: the bound then says nothing."""
    signal = min(max(signal, 0.0), 1 - 1e-12)
    return float(2 * signal * np.arctanh(signal))


def _answer(
    recording: Recording, blocks: Blocks, signal: float, stderr: float, score: float, null: Array, confidence: float,
    chosen: tuple[int, int, int, str],
) -> Estimate:  # fmt: skip
    from scipy.stats import t

    window, step, folds, model = chosen
    steps, count = recording.steps_seen(window), len(blocks.pieces)
    reach = float(t.ppf(0.5 + confidence / 2, count - 1)) * stderr
    corrected = float(np.sqrt(max(signal**2 - stderr**2, 0.0))) if signal > 0 else 0.0
    value, low, high = (_divergence(one) / steps for one in (corrected, signal - reach, signal + reach))
    slope = (_divergence(signal + 1e-4) - _divergence(max(signal - 1e-4, 0.0))) / 2e-4
    slope = max(slope, _divergence(stderr) / stderr) if 0 < stderr < 1 else slope  # at zero the slope is none
    said = [*blocks.remark]
    if value <= 0:
        said.insert(0, TRIVIAL)
    if step > window - 1:
        said.append(f"Only every window {step} samples after the last was used, to fit into memory.")
    details: dict[str, Any] = {
        "window": window, "folds": folds, "model": model, "blocks": count, "null": NULL, "score": score,
        "null_values": null, "signal": signal, "features": feature_count(window, recording.size),
        "correlation_time": blocks.memory,
    }  # fmt: skip
    return answer(
        recording, value, stderr=slope * stderr / steps, interval=(low, high), confidence=confidence,
        p_value=p_of(score, null), kind="lower bound", details=details, diagnostics=said,
        method=f"arrow of time classifier, {model}, windows of {window}",
    )  # fmt: skip
