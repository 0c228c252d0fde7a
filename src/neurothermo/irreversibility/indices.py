"""Indices of asymmetry in time that whole-brain studies use: zero for reversible activity, not entropy productions."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.irreversibility.blocks import NULL, Blocks, copied, cut, flips, p_of, why_not_blocks
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.gaussian_interval import noncentral_interval
from neurothermo.recordings.recording import Recording

UNITS = "index"
RESAMPLES = 999
REFITS = 399
ROWS = 10  # of the shortest block
DEPENDENT = 1e-12  # of the largest variance: an axis with less has none
WIDEST = 60  # channels whose matrix logarithm is taken some hundred times
SYMMETRIC = "The interval includes zero: these data do not show an asymmetry in time."
NOT_ENTROPY = (
    "An index, not entropy production: zero for reversible activity, without a scale of its own; compare it only "
    "between recordings that were treated alike."
)


def obstacle(recording: Recording) -> str | None:
    """Why `lagged_asymmetry` cannot be used on a recording; None where it can."""
    why = why_not_blocks(recording, ROWS, 2) or copied(recording)
    return f"lagged_asymmetry: {why}" if why else None


def cost(recording: Recording) -> float:
    """About how many seconds `lagged_asymmetry` takes on one core."""
    return 0.02 + 4e-9 * recording.samples * (recording.size**2 + 20 * recording.size)


def lagged_asymmetry(
    recording: Recording, *, lag: int | None = None, confidence: float = 0.95, seed: int = 0
) -> Estimate:
    r"""Mean squared antisymmetric part of the lagged correlations.

    .. math:: \frac{2}{d (d-1)} \sum_{i<j} \left(\frac{C_{ij}(k) - C_{ji}(k)}{2}\right)^2, \quad
              C_{ij}(k) = \langle x_i(t + k)\, x_j(t) \rangle

    of standardized channels. What noise adds to the square is taken off: the mean over reversed blocks, so that
    the mean of the index is zero for a reversible process. The index of Deco and others (2022) is of this kind.

    The null of the p-value: every block could as well have run backwards. Turning it round changes the sign of its
    antisymmetric part and nothing else.

    Parameters
    ----------
    recording : Recording
        States or signals, at least two channels.
    lag : int, optional
        k, in samples. Default: the correlation time, where the mean autocorrelation falls below 1/e.
    confidence : float
        Of the interval, from leaving out each block and from the scatter of the null.
    seed : int

    Returns
    -------
    Estimate
        In units "index", between 0 and 1 but for noise.

    Raises
    ------
    InputError
        With the sentence of `obstacle`, or if the lag does not fit into a block.

    References
    ----------
    Deco, Sanz Perl, Bocaccio, Tagliazucchi and Kringelbach, Commun. Biol. 5, 572 (2022).
    """
    recording = checked_recording(recording)
    if why := obstacle(recording):
        raise InputError(why)
    confidence = checked_fraction(confidence, "confidence")
    blocks = cut(recording, ROWS)
    shortest = min(len(piece) for piece in blocks.pieces)
    if lag is None:
        lag = min(round(blocks.memory), shortest // 2)
    elif checked_count(lag, "lag") >= shortest:
        raise InputError(f"lag must be shorter than a block of {shortest} samples, got {lag}")
    parts, counts = _antisymmetric_parts(blocks, lag)
    products = parts @ parts.T  # all that follows is in these inner products of blocks
    return _lagged_estimate(recording, blocks, products, counts, lag, confidence, seed)


def _antisymmetric_parts(blocks: Blocks, lag: int) -> tuple[Array, Array]:
    """Sums of (x_i(t+k) x_j(t) - x_j(t+k) x_i(t)) / 2 over each block, and how many terms each has."""
    size = blocks.pieces[0].shape[1]
    above = np.triu_indices(size, 1)
    sums = [piece[lag:].T @ piece[:-lag] for piece in blocks.pieces]
    return (
        np.stack([(total - total.T)[above] / 2 for total in sums]),
        np.array([len(piece) - lag for piece in blocks.pieces], dtype=np.float64),
    )


def _lagged_estimate(
    recording: Recording, blocks: Blocks, products: Array, counts: Array, lag: int, confidence: float, seed: int
) -> Estimate:
    scale = counts.sum() ** 2 * recording.size * (recording.size - 1) / 2
    toward, total = products.sum(axis=1), float(products.sum())
    signs = flips(len(counts), RESAMPLES, seed)
    null = np.einsum("rb,bc,rc->r", signs, products, signs) / scale
    changes = 2 * (toward - counts / counts.sum() * total) / scale  # to first order, of leaving a block out
    return _index(
        recording,
        total / scale,
        null,
        changes,
        confidence,
        f"lagged asymmetry, lag {lag} samples",
        blocks,
        {"lag": lag},
    )


def _index(
    recording: Recording, raw: float, null: Array, changes: Array, confidence: float, method: str, blocks: Blocks,
    details: dict[str, Any],
) -> Estimate:  # fmt: skip
    """The estimate of a squared norm: raw less the mean of the null, with an interval that is right at zero too.

    `changes` are what leaving out each block changes. Noise alone gives about kappa chi^2(nu): both from the null.
    """
    if raw <= 0 or null.size < 2 or len(changes) < 2 or not float(np.nanvar(null)) > 0:
        raise InputError(f"{method}: turning blocks round changes nothing in these data, so nothing can be tested")
    bias, count = float(np.nanmean(null)), len(changes)
    stderr = float(np.sqrt(np.sum((changes - changes.mean()) ** 2) * count / (count - 1)))
    freedom = 2 * bias**2 / float(np.nanvar(null))
    spread = max(stderr**2 / (4 * raw), bias / freedom)
    interval = noncentral_interval(raw, bias, spread, freedom, confidence)
    said = (SYMMETRIC,) if interval[0] <= 0 else ()
    return Estimate(
        raw - bias, stderr, interval, confidence, n=recording.samples, units=UNITS, method=method,
        p_value=p_of(raw, null), diagnostics=(*said, NOT_ENTROPY, *blocks.remark), counted="samples",
        details={
            **details, "raw": raw, "bias": bias, "blocks": count, "correlation_time": blocks.memory,
            "null": NULL, "null_values": null - bias,
        },
    )  # fmt: skip


# -- fluctuation and dissipation -----------------------------------------------------------------------------------


def fluctuation_obstacle(recording: Recording) -> str | None:
    """Why `fluctuation_dissipation` cannot be used on a recording; None where it can."""
    why = why_not_blocks(recording, ROWS, 2)
    if why is None and recording.size > WIDEST:
        why = f"takes at most {WIDEST} channels, got {recording.size}: choose some, or recording.components(10)"
    if why is None and recording.samples < 4 * recording.size**2:
        why = f"fits {recording.size**2} couplings, too many for {recording.samples} samples: use fewer channels"
    if why is None:
        start, lagged = _moments(cut(recording, ROWS))
        spread = np.linalg.eigvalsh(start.sum(axis=0))
        if spread[0] <= DEPENDENT * spread[-1]:
            why = "some channels are linear combinations of others: leave them out, or recording.components(2)"
        elif not np.isfinite(_violation(start.sum(axis=0), lagged.sum(axis=0))):
            why = (
                "no linear process in continuous time fits these lagged correlations (channels that depend on each "
                "other, or sampled too slowly)"
            )
    return f"fluctuation_dissipation: {why}" if why else None


def fluctuation_cost(recording: Recording) -> float:
    """About how many seconds `fluctuation_dissipation` takes on one core."""
    return 0.1 + 6e-9 * recording.samples * recording.size**2 + 2 * REFITS * 2e-5 * recording.size**2


def fluctuation_dissipation(recording: Recording, *, confidence: float = 0.95, seed: int = 0) -> Estimate:
    r"""How far a fitted linear process is from fluctuation-dissipation.

    .. math:: \frac{\|\tilde A - \tilde A^T\|^2}{\|\tilde A + \tilde A^T\|^2}, \quad
              \tilde A = D^{-1/2} A D^{1/2}

    with dx = -A x dt + sqrt(2 D) dW fitted to the correlations at lags 0 and 1. In equilibrium A D = D A^T: a
    perturbation relaxes as a fluctuation does. Coordinates in which the noise is white and equal make the index
    independent of the channels' units. The mean over reversed blocks, which is what noise alone gives, is taken off.

    The null of the p-value: every block could as well have run backwards.

    Parameters
    ----------
    recording : Recording
        States or signals; 2 to 60 channels.
    confidence : float
        Of the interval, from leaving out each block and from the scatter of the null.
    seed : int

    Returns
    -------
    Estimate
        In units "index": 0 in equilibrium, 1 where the antisymmetric part is as large as the symmetric one.

    Raises
    ------
    InputError
        With the sentence of `fluctuation_obstacle`.

    References
    ----------
    Gardiner, Handbook of Stochastic Methods, 3rd ed. (2004), section 5.3; Lucente, Gradenigo and Salasnich,
    Entropy 27, 1104 (2025).
    """
    recording = checked_recording(recording)
    if why := fluctuation_obstacle(recording):
        raise InputError(why)
    confidence = checked_fraction(confidence, "confidence")
    blocks = cut(recording, ROWS)
    start, lagged = _moments(blocks)
    whole, count = (start.sum(axis=0), lagged.sum(axis=0)), len(lagged)
    symmetric, odd = (lagged + lagged.swapaxes(1, 2)) / 2, (lagged - lagged.swapaxes(1, 2)) / 2
    null = _violation(whole[0], symmetric.sum(axis=0) + np.tensordot(flips(count, REFITS, seed), odd, 1))
    changes = _violation(whole[0] - start, whole[1] - lagged) * (1 - 1 / count)
    return _index(
        recording, float(_violation(*whole)), null[np.isfinite(null)], changes[np.isfinite(changes)], confidence,
        "fluctuation-dissipation violation of a linear fit", blocks, {},
    )  # fmt: skip


def _moments(blocks: Blocks) -> tuple[Array, Array]:
    """Sums over each block of x x^T, the same for a block turned round, and of x(t+1) x(t)^T."""
    start = np.stack([(p[1:].T @ p[1:] + p[:-1].T @ p[:-1]) / 2 for p in blocks.pieces])
    return start, np.stack([piece[1:].T @ piece[:-1] for piece in blocks.pieces])


def _violation(covariance: Array, lagged: Array) -> Any:
    """The index from C(0) and C(1), any leading shape; NaN where no process in continuous time has these."""
    covariance, lagged = np.broadcast_arrays(covariance, lagged)
    spread, eye = np.linalg.eigvalsh(covariance), np.eye(covariance.shape[-1])
    solvable = spread[..., 0] > DEPENDENT * spread[..., -1]
    covariance = np.where(solvable[..., None, None], covariance, eye)
    step = np.swapaxes(np.linalg.solve(covariance, np.swapaxes(lagged, -1, -2)), -1, -2)
    roots, vectors = np.linalg.eig(step)
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = np.log(roots.astype(np.complex128))
    proper = np.all((np.abs(roots) < 1) & ((roots.real > 0) | (np.abs(roots.imag) > 1e-12)), axis=-1)
    proper &= solvable & (np.linalg.cond(vectors) < 1 / DEPENDENT)
    logarithms = np.where(proper[..., None], logarithms, -1.0)
    vectors = np.where(proper[..., None, None], vectors, eye)
    relaxation = -(vectors * logarithms[..., None, :] @ np.linalg.inv(vectors)).real
    product = relaxation @ covariance
    noise = (product + np.swapaxes(product, -1, -2)) / 2
    variances, axes = np.linalg.eigh(noise)
    proper &= variances[..., 0] > 1e-12 * variances[..., -1]
    root = np.sqrt(np.where(proper[..., None], variances, 1.0))
    white = (np.swapaxes(axes, -1, -2) @ relaxation @ axes) * root[..., None, :] / root[..., :, None]
    turned = np.swapaxes(white, -1, -2)
    ratio = np.sum((white - turned) ** 2, axis=(-2, -1)) / np.sum((white + turned) ** 2, axis=(-2, -1))
    return np.where(proper, ratio, np.nan)
