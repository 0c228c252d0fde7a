"""The thermodynamic uncertainty relation for all pairs of channels at once: precise currents cost entropy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.machine import one_blas_thread
from neurothermo.irreversibility.answer import answer
from neurothermo.irreversibility.blocks import NULL, p_of
from neurothermo.irreversibility.gaussian_interval import noncentral_interval
from neurothermo.irreversibility.maximum_entropy_judged import (
    independent_blocks,
    largest_blocks,
    null_of,
    scatter,
    solved,
    turned,
)
from neurothermo.irreversibility.maximum_entropy_shares import dataset, jackknife, two_sided
from neurothermo.irreversibility.pair_currents import Transitions, all_pairs, transitions_of, why_not_transitions
from neurothermo.recordings.recording import SIGNALS, Recording

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
    return 0.2 + 1e-9 * recording.samples * pairs * (pairs + 40) / 10


def uncertainty(recording: Recording, *, window: int = 1, confidence: float = 0.95, seed: int = 0) -> Estimate:
    r"""Lower bound on entropy production from the precision of antisymmetric currents.

    .. math:: \Sigma \ge p\, B(\rho)/L, \qquad B(\rho) = 2 \sqrt\rho\, \mathrm{artanh} \sqrt\rho
              \ge \ln \frac{1 + \rho}{1 - \rho}, \qquad
              \rho = \langle g \rangle^T \langle g g^T \rangle^{-1} \langle g \rangle

    with the currents g_ij, sums of x_i' x_j - x_j' x_i over a window of L transitions: of signals, twice the area
    swept between i and j. ρ/(1 - ρ) is the largest squared mean over variance of any combination of them. Averages go
    over the windows in which something changes, a share p of all.

    It holds for one window of any stationary process with even variables, at any sampling: with P and its reversal
    Q = P e^{-s}, M = (P + Q)/2 and t = tanh(s/2), a current has the mean <g t>_M and the square <g^2>_M; Cauchy and
    Schwarz give <t^2>_M >= ρ, and Jensen, for the convex function of t^2, <2 t artanh t>_M >= B(ρ). For small ρ it is
    2 <g>^2/Var g, the relation of continuous time; that one may fail for sampled data, this cannot. A linear Langevin
    process sampled finely saturates it.

    The square of noise is taken off ρ; the null of the p-value is "reversible": each block of the recording could as
    well have run backwards, which changes the sign of its currents.

    Parameters
    ----------
    recording : Recording
        States or signals, at least two channels, stationary. Signals are centred and scaled, which changes nothing
        but rounding and, for the means, makes the areas those about the centre.
    window : int
        L, transitions.
    confidence : float
        Of the interval.
    seed : int

    Returns
    -------
    Estimate
        Nats per sample, kind "lower bound". `details`: `precision` (ρ), `quadratic` (2ρ p/L), `hasegawa_van_vu`
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
    confidence = checked_fraction(confidence, "confidence")
    found = _precision(recording, window)
    statistic, null = turned(found.products, seed)
    noise, freedom = null_of(found.products)
    raw, bias = found.value + found.bias, found.bias
    spread = max(found.stderr**2 / (4 * raw) if raw > 0 else 0.0, noise / freedom)
    low, high = (float(end) for end in noncentral_interval(raw, bias, spread, freedom, confidence))
    odds = 2 * found.rho / (1 - found.rho)
    return answer(
        recording, found.value, stderr=found.stderr, interval=(min(low, found.value), high),
        p_value=p_of(statistic, null), kind="lower bound", confidence=confidence, diagnostics=found.remarks,
        method="uncertainty relation" + (f", windows of {window} transitions" if window > 1 else ""),
        details={
            "precision": found.rho, "raw": raw, "bias": bias, "quadratic": 2 * found.rho * found.share,
            "hasegawa_van_vu": float(np.log1p(odds)) * found.share, "windows_with_a_change": found.count,
            "pairs": len(found.theta), "blocks": len(found.products), "null": NULL,
        },
    )  # fmt: skip


def attribution(recording: Recording, *, window: int = 1, confidence: float = 0.95, seed: int = 0) -> Any:
    r"""Which channels and pairs the bound of `uncertainty` is from.

    .. math:: \Sigma_{ij} \propto c_{ij} \langle g_{ij} \rangle, \qquad
              c = \langle g g^T \rangle^{-1} \langle g \rangle, \qquad \sum_{ij} c_{ij} \langle g_{ij} \rangle = \rho

    scaled to the value. A share may be negative: a pair whose order the others explain too well.

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
    first, second = all_pairs(recording.size)
    means = found.plain.sum(axis=0) / found.count
    split = found.bias_split
    whole = found.theta * means / found.raw_rho * (found.value + found.bias) - split
    left_means = (found.plain.sum(axis=0) - found.plain) / (found.count - found.counts[:, None])
    left_theta = found.theta - found.moves
    products = left_theta * left_means
    ratio = np.clip(products.sum(axis=1), 0, 1 - 1 / found.count)
    left = products * (bound_of(ratio) / np.maximum(ratio, 1e-300))[:, None] * found.share

    def table(values: Array) -> Array:
        spread = np.zeros((*values.shape[:-1], recording.size, recording.size))
        spread[..., first, second] = spread[..., second, first] = values / 2
        return spread

    pairs, left_pairs = table(whole), table(left)
    currents = np.zeros((len(found.plain), recording.size, recording.size))
    currents[:, first, second] = currents[:, second, first] = found.plain
    channels = pairs.sum(axis=1), np.sqrt(jackknife(left_pairs.sum(axis=2)))
    return dataset(recording, channels, (pairs, np.sqrt(jackknife(left_pairs))), two_sided(currents))


def bound_of(rho: Any) -> Any:
    """B(rho) = 2 sqrt(rho) artanh sqrt(rho), nats."""
    root = np.sqrt(rho)
    return 2 * root * np.arctanh(root)


def slope_of(rho: float) -> float:
    """dB/drho."""
    root = np.sqrt(max(rho, 1e-12))
    return float(np.arctanh(root) / root + 1 / (1 - rho))


@dataclass(frozen=True, eq=False)
class Precision:
    """The largest rho of any combination of currents, and the bound that it gives.

    Parameters
    ----------
    theta : ndarray, shape (pairs,)
        c, the combination.
    raw_rho, rho : float
        As fitted, and less its bias (not below 0).
    value, stderr, bias : float
        Of the bound, nats per sample; the value has the bias taken off.
    bias_split : ndarray, shape (pairs,)
    share : float
        Windows with a change per transition: what B(rho) is multiplied by.
    count : int
        Windows with a change.
    counts, plain : ndarray, shapes (blocks,) and (blocks, pairs)
        Of such windows, and sums of g.
    moves : ndarray, shape (blocks, pairs)
        By which c changes where a block is left out, with the sign reversed.
    products : ndarray, shape (blocks, blocks)
        Their sum is 2 rho share; turning a block round changes the sign of a row and a column.
    remarks : tuple of str
    """

    theta: Array
    raw_rho: float
    rho: float
    value: float
    stderr: float
    bias: float
    bias_split: Array
    share: float
    count: int
    counts: Array
    plain: Array
    moves: Array
    products: Array
    remarks: tuple[str, ...]


def _precision(recording: Recording, window: int) -> Precision:
    window = checked_count(window, "window")
    if why := obstacle(recording, window):
        raise InputError(why)
    data = transitions_of(recording, window, scaled=recording.kind == SIGNALS)
    pairs = all_pairs(data.size)
    moments, means = _moments(data, pairs)
    theta = solved(moments[None], means[None, :, None])[0, :, 0]
    raw_rho = float(theta @ means)
    rho_used = min(raw_rho, 1 - 1 / data.count)
    slope, share = slope_of(rho_used), data.count / (data.total * window)
    sums, plain, scores = _sums(data, pairs, theta, largest_blocks(data.total))
    terms = sums[:, 0] * (bound_of(rho_used) - slope * raw_rho) + slope * sums[:, 1]
    blocks = independent_blocks(terms)
    terms, counts, plain, scores = (
        table.reshape(blocks, -1, *table.shape[1:]).sum(axis=1) for table in (terms, sums[:, 0], plain, scores)
    )
    steps = solved(2 * moments[None], scores.T[None])[0].T / data.count  # Newton's, by the score of each block
    split = slope * share * np.sum(scores * steps, axis=0) / (2 * data.count) * blocks / (blocks - 1)
    inverse = solved(moments[None], plain.T[None])[0]
    value = share * float(bound_of(rho_used)) - float(split.sum())
    said = () if raw_rho < 1 - 1 / data.count else (
        "These currents were hardly ever seen reversed: the largest bound the data allow is infinite, and the value is "
        "that of one reversal in all.",
    )  # fmt: skip
    return Precision(
        theta, raw_rho, max(raw_rho - float(split.sum()) / (slope * share), 0.0), value,
        scatter(terms) / (data.total * window), float(split.sum()), split, share, data.count, counts, plain, steps,
        2 * (plain @ inverse) / (data.count * data.total * window), said,
    )  # fmt: skip


def _moments(data: Transitions, pairs: Any) -> tuple[Array, Array]:
    """<g g^T> and <g>."""
    size = pairs.shape[1]
    second, first = np.zeros((size, size)), np.zeros(size)
    with one_blas_thread():
        for _, table in data.tables(pairs):
            second += table.T @ table
            first += table.sum(axis=0)
    return second / data.count, first / data.count


def _sums(data: Transitions, pairs: Any, theta: Array, blocks: int) -> tuple[Array, Array, Array]:
    """Over blocks: of 1 and 2a - a^2, shape (B, 2), of g, and of the scores 2 (1 - a) g, shape (B, pairs)."""
    sums, plain, scores = np.zeros((blocks, 2)), np.zeros((blocks, len(theta))), np.zeros((blocks, len(theta)))
    block = data.block_of(blocks)
    for rows, table in data.tables(pairs):
        a = table @ theta
        starts = np.flatnonzero(np.r_[True, np.diff(block[rows]) > 0])
        which = block[rows][starts]
        sums[which] += np.add.reduceat(np.stack([np.ones(len(a)), 2 * a - a**2], axis=1), starts)
        plain[which] += np.add.reduceat(table, starts)
        scores[which] += np.add.reduceat(2 * (1 - a)[:, None] * table, starts)
    return sums, plain, scores
