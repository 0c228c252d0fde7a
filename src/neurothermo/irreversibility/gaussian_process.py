"""Entropy production of the linear Langevin process behind a recording."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_choice, checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.machine import one_blas_thread
from neurothermo.irreversibility.answer import PER_SAMPLE, answer
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.gaussian_bootstrap import block_circling, block_variance
from neurothermo.irreversibility.gaussian_checks import (
    block_sentence,
    coarse,
    declined,
    length_sentences,
    residual_sentences,
)
from neurothermo.irreversibility.gaussian_fit import Linear, grows, moments_of, no_process, shrunk
from neurothermo.irreversibility.gaussian_interval import Scatter, noncentral_interval, scatter
from neurothermo.irreversibility.gaussian_null import BlockCircling, Circling, circling
from neurothermo.irreversibility.gaussian_prepared import Fit, fitted, prepared
from neurothermo.recordings.recording import Recording

METHOD = "linear Langevin fit"
NULL = "a reversible process: symmetric lagged covariances"


def gaussian(
    recording: Recording,
    *,
    confidence: float = 0.95,
    shrinkage: Any = None,
    interval: str = "noncentral",
    null: str = "analytic",
    surrogates: int = 199,
    seed: int = 0,
) -> Estimate:
    r"""Entropy production of the linear Langevin process whose samples have the recording's covariances.

    .. math:: dx = -A x\, dt + \sqrt{2D}\, dW, \qquad
              \sigma = \operatorname{Tr} D^{-1} G\, S^{-1} G^T, \qquad G = (A S - S A^T)/2

    Fitted is :math:`x_{t+1} = P x_t + \xi`, by least squares; then A dt = -ln P, S is the stationary covariance and D =
    (A S + S A^T)/2. So the value is that of the process in continuous time, times the step dt, however coarse the
    sampling, as long as the process is linear, without memory, observed without error, and no eigenvalue of P is
    negative. What is visible in single steps is less: `details["divergence_at_one_lag"]`. All channels are taken to be
    even under time reversal.

    The bias of first order is subtracted (curvature, and that of P), so that the value may be negative where there is
    nothing to see. The standard error is by the delta method.

    Parameters
    ----------
    recording : Recording
        Of signals (or of states, taken as numbers), two channels or more.
    confidence : float
        Nominal coverage of the interval.
    shrinkage : None, "auto" or float in [0, 1]
        Covariances between channels times one minus this: towards independent channels, which are reversible. "auto":
        as much of them as sampling alone would give. The value, its bias and error are then of the shrunk process.
    interval : str
        "noncentral": a scaled non-central chi squared, calibrated from equilibrium to far from it; with the scatter of
        resampled blocks, if that is larger, where the residuals show that the process is not linear, Gaussian and
        without memory. "bootstrap": with that of blocks in any case. Its lower end is 0 unless the p-value is at most 1
        - confidence: an interval above zero is never all there is to say that a process is irreversible.
    null : str
        p-value against a reversible process: "analytic", a score test of antisymmetric lagged covariances if it is
        linear with Gaussian noise, and Hotelling's test of the same over blocks where the residuals show that it is
        not; "surrogate", the statistic on `recordings.surrogates.symmetrized_spectrum`, which has the recording's
        memory.
    surrogates : int
        How many.
    seed : int
        Of surrogates and bootstrap.

    Returns
    -------
    Estimate
        In nats per sample. NaN, with a sentence, where no linear Langevin process has these covariances, or the samples
        are too coarse to tell it: a step with an eigenvalue at zero or on the negative real axis is within 3 standard
        errors, or the corrected value lies 4 below zero. The p-value and the divergence at one lag are there.
        `details`: `relaxation` A (per second), `diffusion` D (squared units per second), `covariance` S,
        `fastest_rate`, `slowest_rate` (per second), `slowest_times` (how many the recording holds),
        `divergence_at_one_lag` and its `_stderr` (nats per sample), `bias` that was subtracted, `statistic` and
        `freedom` of the score test, `shrinkage`, `null`.

    Raises
    ------
    InputError
        If `obstacle` has a sentence, or an option is not one.

    References
    ----------
    Godrèche and Luck, Journal of Physics A 52, 035002 (2019), section 2; bias of P: Nicholls and Pope, Australian
    Journal of Statistics 30A, 296 (1988).
    """
    recording = checked_recording(recording)
    checked_choice(interval, "interval", ("noncentral", "bootstrap"))
    checked_choice(null, "null", ("analytic", "surrogate"))
    confidence, seed = checked_fraction(confidence, "confidence"), checked_count(seed, "seed", 0)
    surrogates = checked_count(surrogates, "surrogates", 19)
    with one_blas_thread():
        fit = fitted(recording, shrinkage)
        freedom = fit.test.freedom
        fields: dict[str, Any] = {"confidence": confidence, "method": METHOD}
        if sentence := grows(fit.raw):
            return answer(recording, float("nan"), diagnostics=(sentence,), details={"null": NULL}, **fields)
        judged, odd = _judged(recording, fit)
        p_value = judged.p_value if null == "analytic" else _surrogate(recording, fit, surrogates, seed)
        has_p = not np.isnan(p_value)
        fields["p_value"] = p_value if has_p else None
        found = scatter(lambda linear: _both(shrunk(linear, fit.intensity)), fit.raw, fit.moments.count)
        details = {
            **_details(recording, fit),
            "null": NULL,
            "divergence_at_one_lag": float(found.value[1] - found.bias[1]),
        }
        details["divergence_at_one_lag_stderr"] = float(np.sqrt(found.variance[1]))
        value, bias, variance = float(found.value[0]), float(found.bias[0]), float(found.variance[0])
        spread = variance / (4 * value) if value > 0 else 0.0
        if problem := no_process(fit.linear) or declined(fit.linear, fit.moments.count, value, bias, variance, freedom):
            said = [problem, *odd, *([] if has_p else [_FEW])]
            return answer(recording, float("nan"), diagnostics=said, details=details, **fields)
        said = [*length_sentences(fit.moments, fit.linear), *odd, *_pulled(fit)]
        if interval == "bootstrap" or odd:
            wide, wild = _bootstrapped(recording, fit, value, seed)
            sentence = block_sentence(has_p, bool(np.isfinite(wide)), bool(odd) and null == "analytic")
            said += [sentence] if sentence else []
            # fmax: where there are no blocks the formula is all there is
            spread, variance = (wide, wild) if interval == "bootstrap" else np.fmax((spread, variance), (wide, wild))
    low, high = noncentral_interval(value, bias, float(spread), freedom, confidence)
    fields["interval"] = (low if p_value <= 1 - confidence else 0.0 * low, high)  # NaN stays NaN
    details["bias"] = bias
    return answer(recording, value - bias, stderr=float(np.sqrt(variance)), diagnostics=said, details=details, **fields)


def obstacle(recording: Recording) -> str | None:
    """Why `gaussian` cannot be used with its default options; None where it can."""
    sentence, _ = prepared(recording, None)
    return sentence


def cost(recording: Recording) -> float:
    """Seconds on one core, about: half of it if the residuals are white and Gaussian, twice if not."""
    size, rows = recording.size, recording.samples
    directions = min(size * size + size * (size + 1) // 2, 400)
    return 4e-3 + rows * (1.5e-7 + 5.5e-8 * size) + directions * (4.5e-5 + 2.2e-7 * size**2 + 2.4e-8 * size**3)


_FEW = "Too few blocks of ten correlation times for a p-value: record for longer."


def _both(linear: Linear) -> Array:
    return np.stack([linear.production, linear.divergence], axis=-1)


def _details(recording: Recording, fit: Fit) -> dict[str, Any]:
    rate, linear = recording.required_rate(), fit.linear
    across, both = fit.scale[:, None] / fit.scale, np.outer(fit.scale, fit.scale)
    with np.errstate(divide="ignore"):
        decay = -np.log(np.abs(linear.eigenvalues))
    return {
        "relaxation": rate * linear.relaxation * across,
        "diffusion": rate * linear.diffusion * both,
        "covariance": linear.covariance * both,
        "fastest_rate": float(rate * decay.max()),
        "slowest_rate": float(rate * decay.min()),
        "slowest_times": float(fit.moments.count * decay.min()),
        "statistic": fit.test.statistic,
        "freedom": fit.test.freedom,
        "shrinkage": fit.intensity,
    }


def _judged(recording: Recording, fit: Fit) -> tuple[Circling | BlockCircling, list[str]]:
    """The score test; where the residuals are not what it takes them to be, one by blocks, and the sentences."""
    said = residual_sentences(recording.segments, fit.mean, fit.scale, fit.raw)
    if not said:
        return fit.test, said
    slowest = float(-1 / np.log(np.abs(fit.raw.eigenvalues).max()))
    return block_circling(recording.segments, fit.mean, fit.scale, slowest), said


def _pulled(fit: Fit) -> list[str]:
    if fit.intensity == 0:
        return []
    return [
        f"Covariances between channels are shrunk by {fit.intensity:.2g}, towards independent channels: value and "
        "interval are of the shrunk process; the p-value is of the data as they are."
    ]


def _bootstrapped(recording: Recording, fit: Fit, value: float, seed: int) -> tuple[float, float]:
    """kappa with 2 kappa^2 nu + 4 kappa value = the variance of the resampled values; and the variance at the value."""
    slowest = -1 / np.log(np.abs(fit.linear.eigenvalues).max())

    def measure(linear: Linear) -> Array:
        return shrunk(linear, fit.intensity).production

    variance = block_variance(measure, recording.segments, fit.mean, fit.scale, slowest, seed=seed)
    freedom = fit.test.freedom
    spread = (np.sqrt(4 * value**2 + 2 * freedom * variance) - 2 * value) / (2 * freedom)
    return float(spread), float(4 * spread * value)


def _surrogate(recording: Recording, fit: Fit, surrogates: int, seed: int) -> float:
    from neurothermo.recordings.surrogates import p_value_of, symmetrized_spectra

    copies = symmetrized_spectra(recording, count=surrogates, seed=seed)
    return p_value_of(fit.test.statistic, [circling(moments_of(copy.segments)[0]).statistic for copy in copies])


# -- who ------------------------------------------------------------------------------------------


def attribution(
    recording: Recording,
    *,
    confidence: float = 0.95,
    shrinkage: Any = None,
    interval: str = "noncentral",
    null: str = "analytic",
    surrogates: int = 199,
    seed: int = 0,
) -> Any:
    r"""Which pairs of channels the entropy production of `gaussian` goes with.

    .. math:: \sigma = \sum_{i<j} G_{ij} F_{ij}, \qquad F = f - f^T, \qquad f = D^{-1} G\, S^{-1}

    G_ij is how fast the process circles in the plane of channels i and j, F_ij the force that belongs to it. A pair's
    share may be negative, and any such split depends on the coordinates: channels mixed by an electrode, or rotated,
    have other shares of the same total.

    Parameters
    ----------
    recording, shrinkage
        As for `gaussian`.
    confidence, interval, null, surrogates, seed
        Taken so that the options of `gaussian` can be passed on; they change nothing here.

    Returns
    -------
    xarray.Dataset
        `by_pair` (channel, partner), symmetric, half a pair's share at each of its two places; `by_channel` (channel),
        the sum of a row; nats per sample, bias subtracted, and both sum to `total`. `_stderr` by the delta method; `_p`
        of the test that the antisymmetric lagged covariance of the pair (or of the channel with all others) is
        0; `_q` by Benjamini and Hochberg.

    Raises
    ------
    InputError
        If `obstacle` has a sentence, or no linear Langevin process can be told from these samples.

    References
    ----------
    Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 289 (1995).
    """
    from neurothermo.irreversibility.gaussian_shares import dataset

    with one_blas_thread():
        fit = fitted(recording, shrinkage)
        if problem := grows(fit.raw) or no_process(fit.linear) or coarse(fit.linear, fit.moments.count):
            raise InputError(problem)
        found = scatter(lambda linear: _shares(shrunk(linear, fit.intensity)), fit.raw, fit.moments.count)
        p_values = _judged(recording, fit)[0].of_channels()
    pairs = Scatter(found.value[:, :-1], found.bias[:, :-1], found.variance[:, :-1])
    channels = Scatter(found.value[:, -1], found.bias[:, -1], found.variance[:, -1])
    return dataset(recording.names, pairs, channels, p_values, PER_SAMPLE)


def _shares(linear: Linear) -> Array:
    """Of pairs, and of channels in one more column."""
    shares = linear.shares
    return np.concatenate([shares, shares.sum(axis=-1, keepdims=True)], axis=-1)
