"""The thermodynamic uncertainty relation for all pairs of channels at once: precise currents cost entropy."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.machine import one_blas_thread
from neurothermo.irreversibility.answer import answer
from neurothermo.irreversibility.blocks import NULL, p_of
from neurothermo.irreversibility.currents_precision import Precision, bound_of, precision_of
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.gaussian_interval import noncentral_interval
from neurothermo.irreversibility.maximum_entropy_judged import null_of, turned
from neurothermo.irreversibility.maximum_entropy_shares import dataset, jackknife, two_sided
from neurothermo.irreversibility.pair_currents import transitions_of, why_not_transitions
from neurothermo.recordings.recording import Recording

WIDEST = 1200  # pairs
WINDOWS_PER_PAIR = 10


def obstacle(recording: Recording, window: int = 1) -> str | None:
    """Why `uncertainty` cannot be used on a recording; None where it can."""
    why = why_not_transitions(recording, window)
    pairs = recording.size * (recording.size - 1) // 2
    if why is None and pairs > WIDEST:
        why = f"takes at most {WIDEST} pairs of channels, got {pairs}: choose channels, or recording.components(20)"
    if why is None:
        count = transitions_of(recording, window).count
        if count < WINDOWS_PER_PAIR * pairs:
            why = (
                f"{pairs} pairs of channels need {WINDOWS_PER_PAIR * pairs} windows in which something changes, got "
                f"{count}: choose channels, or record longer"
            )
    return f"uncertainty: {why}" if why else None


def cost(recording: Recording) -> float:
    """About how many seconds `uncertainty` takes on one core."""
    pairs = recording.size * (recording.size - 1) / 2
    return 0.05 + recording.samples * pairs * (8e-8 + 2e-10 * pairs)


def uncertainty(recording: Recording, *, window: int = 1, confidence: float = 0.95, seed: int = 0) -> Estimate:
    r"""Lower bound on entropy production from the precision of antisymmetric currents.

    .. math:: \Sigma \ge p\, B(\rho)/m, \qquad B(\rho) = 2 \sqrt\rho\, \mathrm{artanh} \sqrt\rho
              \ge \ln \frac{1 + \rho}{1 - \rho}, \qquad
              \rho = \langle g \rangle^T \langle g g^T \rangle^{-1} \langle g \rangle

    with the currents g of three kinds, sums over a window of L transitions: x_i' x_j - x_j' x_i (of signals, twice the
    area swept between i and j), x_i' - x_i, and x_i' x_j' - x_i x_j. The mean of the last two is zero, but they take
    from the first what varies without telling the direction of time: the bound does not depend on units, zeros, or how
    states are coded. (With more than 700 currents, or fewer than 20 windows for each, the third kind is left out.)
    ρ/(1 - ρ) is the largest squared mean over variance of any combination. Averages go over the windows in which
    something changes, a share p of all.

    Σ is the entropy production in a step of a stationary Markov process of even variables, hidden ones included. Where
    a row is a function of its state at an instant, L + 1 rows see L steps, m = L; where rows are averages or counts
    over a step (`Recording.averaged`, binned spikes) they are functions of the path, and m = L + 1: long windows lose
    less.

    It holds at any sampling: with P and its reversal
    Q = P e^{-s}, M = (P + Q)/2 and t = tanh(s/2), a current has the mean <g t>_M and the square <g^2>_M; Cauchy and
    Schwarz give <t^2>_M >= ρ, and Jensen, for the convex function of t^2, <2 t artanh t>_M >= B(ρ). For small ρ it is
    2 <g>^2/Var g, the relation of continuous time; that one may fail for sampled data, this cannot. A linear Langevin
    process sampled finely saturates it.

    The square of noise is taken off ρ; the null of the p-value is "reversible": each block of the recording could as
    well have run backwards, which changes the sign of its currents.

    Parameters
    ----------
    recording : Recording
        States or signals, at least two channels, stationary. They are centred and scaled.
    window : int
        L, transitions.
    confidence : float
        Of the interval.
    seed : int

    Returns
    -------
    Estimate
        Nats per sample, kind "lower bound". `details`: `precision` (ρ), `quadratic` (2ρ p/m), `hasegawa_van_vu`
        (the same with ln(1 + 2ρ/(1 - ρ)) in place of B).

    Raises
    ------
    InputError
        With the sentence of `obstacle`, or if the window is none.

    References
    ----------
    Barato, Seifert, Phys. Rev. Lett. 114, 158101 (2015): the relation; Dechant, J. Phys. A 52, 035001 (2019): several
    currents; Hasegawa, Van Vu, Phys. Rev. Lett. 123, 110602 (2019): ln(1 + 2ρ/(1 - ρ)) from the fluctuation theorem;
    Timpanaro, Guarnieri, Goold, Landi, Phys. Rev. Lett. 123, 090604 (2019): B(ρ), the tightest.
    """
    recording = checked_recording(recording)
    confidence = checked_fraction(confidence, "confidence")
    found = _precision(recording, window)
    statistic, null = turned(found.products, seed)
    noise, freedom = null_of(found.products)
    raw, bias = found.value + found.bias, found.bias
    spread = max(found.stderr**2 / (4 * raw) if raw > 0 else 0.0, noise / freedom)
    low, high = (float(end) for end in noncentral_interval(raw, bias, spread, freedom, confidence))
    odds = 2 * found.rho / (1 - found.rho)
    p_value = p_of(statistic, null)
    if p_value > 1 - confidence:  # what a reversible process would often do is no evidence of more than nothing
        low = 0.0
    return answer(
        recording, found.value, stderr=found.stderr, interval=(low, high),
        p_value=p_value, kind="lower bound", confidence=confidence, diagnostics=found.remarks,
        method="uncertainty relation" + (f", windows of {window} transitions" if window > 1 else ""),
        details={
            "precision": found.rho, "raw": raw, "bias": bias, "quadratic": 2 * found.rho * found.share,
            "hasegawa_van_vu": float(np.log1p(odds)) * found.share, "windows_with_a_change": found.count,
            "pairs": found.chosen.pairs.shape[1], "observables": len(found.theta),
            "blocks": len(found.products), "null": NULL,
        },
    )  # fmt: skip


def attribution(recording: Recording, *, window: int = 1, confidence: float = 0.95, seed: int = 0) -> Any:
    r"""Which channels and pairs the bound of `uncertainty` is from.

    .. math:: \Sigma_{ij} \propto \sum_{g \text{ of } i, j} c_g \langle g \rangle, \qquad
              c = \langle g g^T \rangle^{-1} \langle g \rangle, \qquad c \cdot \langle g \rangle = \rho

    scaled to the value; what belongs to one channel alone is on the diagonal. A share may be negative: a pair whose
    order the others explain too well.

    Parameters
    ----------
    recording, window, confidence, seed
        As for `uncertainty`.

    Returns
    -------
    xarray.Dataset
        `by_channel` (channel) and `by_pair` (channel, partner; symmetric, half a pair's share on each side), nats per
        sample, summing to the value; with `_stderr` (blocks left out), `_p` (the null of the pair's own mean current;
        of all of a channel's) and `_q` (Benjamini and Hochberg).

    Raises
    ------
    InputError
        As `uncertainty` does.
    """
    checked_fraction(confidence, "confidence")
    found = _precision(recording, window)
    first, second, areas = found.chosen.first, found.chosen.second, found.chosen.pairs
    means = found.plain.sum(axis=0) / found.count
    split = found.bias_split
    whole = found.theta * means / found.raw_rho * (found.value + found.bias) - split
    left_means = (found.plain.sum(axis=0) - found.plain) / (found.count - found.counts[:, None])
    left_theta = found.theta - found.moves
    products = left_theta * left_means
    ratio = np.clip(products.sum(axis=1), 0, 1 - 1 / found.count)
    left = products * (bound_of(ratio) / np.maximum(ratio, 1e-300))[:, None] * found.share

    def table(values: Array) -> Array:
        flat = np.zeros((recording.size**2, *values.shape[:-1]))
        np.add.at(flat, first * recording.size + second, np.moveaxis(values, -1, 0) / 2)
        spread = np.moveaxis(flat, 0, -1).reshape(*values.shape[:-1], recording.size, recording.size)
        return spread + spread.swapaxes(-1, -2)

    pairs, left_pairs = table(whole), table(left)
    currents = np.zeros((len(found.plain), recording.size, recording.size))
    currents[:, *areas] = currents[:, *areas[::-1]] = found.plain[:, : areas.shape[1]]
    channels = pairs.sum(axis=1), np.sqrt(jackknife(left_pairs.sum(axis=2)))
    return dataset(recording, channels, (pairs, np.sqrt(jackknife(left_pairs))), two_sided(currents))


def _precision(recording: Recording, window: int) -> Precision:
    window = checked_count(window, "window")
    if why := obstacle(recording, window):
        raise InputError(why)
    with one_blas_thread():
        return precision_of(transitions_of(recording, window))
