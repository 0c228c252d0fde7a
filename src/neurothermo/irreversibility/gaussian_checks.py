"""What a reader of a linear fit must know: is it linear, Gaussian, long enough, fast enough?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.irreversibility.gaussian_fit import Linear, Moments

LONG = 20  # slowest times: less, and the corrections for bias are no longer small
MANY = 10  # samples for each squared channel
TAILS = 1.0  # excess kurtosis
LEFT = 0.01  # correlation of neighbouring residuals
RARE = 1e-4
APART = 3.0  # standard errors
BELOW = 4.0  # standard errors
NEAREST = 16  # eigenvalues
PIECE, SEEN = 2048, 16  # rows of a piece, and pieces that are looked at: enough to see what is worth a sentence


COARSE = (
    "The recording is sampled too coarsely for a linear Langevin process to be told from its samples: use the method "
    "spectral, or the divergence at one lag in details."
)

UNSTEADY = (
    "The fit lies at the edge of what linear Langevin processes give, so that its error is not known: take a longer "
    "recording, fewer channels, or a faster sampling."
)


def declined(linear: Linear, count: int, value: float, bias: float, variance: float, freedom: float) -> str:
    """Why there is no entropy production to be told, though there is a process with these covariances; "" if none."""
    if sentence := coarse(linear, count):
        return sentence
    if not np.isfinite(bias + variance):
        return UNSTEADY
    return absurd(value, bias, variance, variance / (4 * value) if value > 0 else 0.0, freedom)


def coarse(linear: Linear, count: int) -> str:
    """Why the logarithm of P is not known: a step with an eigenvalue that has none is within its error."""
    return COARSE if apart(linear, count) < APART else ""


def apart(linear: Linear, count: int) -> float:
    r"""Standard errors from P to the nearest step with an eigenvalue at zero or on the negative real axis.

    .. math:: \min_{z \le 0} \sqrt n\, s\left[Q^{-1/2} (P - z) S^{1/2}\right]

    with s the smallest singular value, as the errors of :math:`Q^{-1/2} P S^{1/2}` are independent, each of size
    :math:`1/\sqrt n`. Tried are 0 and the real parts of the eigenvalues nearest to the axis.
    """
    left, right = np.linalg.cholesky(linear.noise), np.linalg.cholesky(linear.covariance)
    values = linear.eigenvalues[linear.eigenvalues.real < 0]
    places = [0.0, *values.real[np.argsort(np.abs(values.imag))][:NEAREST]]
    nearest = np.inf
    for place in places:
        scaled = np.linalg.solve(left, (linear.step - place * np.eye(len(left))) @ right)
        nearest = min(nearest, float(np.sqrt(count) * np.linalg.svd(scaled, compute_uv=False)[-1]))
        if nearest < APART:
            break
    return nearest


def absurd(value: float, bias: float, variance: float, spread: float, freedom: float) -> str:
    """Why a corrected value is none: far below zero, or with a bias far beyond it, it is not known to first order.

    Its error is that at the value and that of a reversible process together: each is small where the other counts.
    """
    error = np.sqrt(variance + 2 * freedom * spread**2)
    return COARSE if value - bias < -BELOW * error or abs(bias) > MANY * max(value, error) else ""


def length_sentences(moments: Moments, linear: Linear) -> list[str]:
    """Too few samples, too short a recording, too coarse a sampling."""
    size, said = len(linear.step), []
    if moments.count < MANY * size**2:
        said.append(
            f"{moments.count} transitions are few for {size} channels ({MANY} times their square would be "
            f'{MANY * size**2}): take fewer channels or, in Python, principal components or shrinkage="auto".'
        )
    slowest = np.log(1 / np.abs(linear.eigenvalues).max())
    if moments.count * slowest < LONG:
        said.append(
            f"The recording is only {moments.count * slowest:.3g} times as long as its slowest time: error and bias "
            f"are known to first order only, which needs about {LONG}."
        )
    turn = np.abs(np.angle(linear.eigenvalues)).max()
    if turn > np.pi / 2:
        said.append(
            f"The fitted process turns by {np.degrees(turn):.0f} degrees a sample, and could not be told from one that "
            "turns the other way round, by 360 less: sample faster."
        )
    return said


def residual_sentences(segments: Sequence[Array], mean: Array, scale: Array, linear: Linear) -> list[str]:
    """What the residuals say against a linear process with white Gaussian noise, observed without error."""
    from scipy.special import chdtrc

    size = len(mean)
    unit = np.linalg.inv(np.linalg.cholesky(linear.noise))  # residuals with covariance 1
    here, there = ((unit / scale).T, (unit @ linear.step / scale).T)
    count, pairs = 0, 0
    fourth, second, lagged = np.zeros(size), np.zeros(size), np.zeros((size, size))
    for part in _pieces(segments):
        centred = part - mean
        residuals = centred[1:] @ here - centred[:-1] @ there
        squares = residuals * residuals
        second += squares.sum(axis=0)
        fourth += np.einsum("ti,ti->i", squares, squares)
        lagged += residuals[1:].T @ residuals[:-1]
        count, pairs = count + len(residuals), pairs + len(residuals) - 1
    if pairs < size:
        return []
    said: list[str] = []
    excess = fourth * count / second**2 - 3
    if np.abs(excess).max() > max(TAILS, 6 * np.sqrt(24 / count)):
        said.append(
            f"The noise is not Gaussian (excess kurtosis up to {excess[np.argmax(np.abs(excess))]:.2g}) or the "
            "dynamics not linear: the value is that of the linear Gaussian process with the same covariances."
        )
    lagged /= pairs
    if np.abs(lagged).max() > LEFT and chdtrc(size**2, pairs * np.sum(lagged**2)) < RARE:
        said.append(_memory(lagged))
    return said


def block_sentence(judged: bool, spread: bool, odd: bool) -> str:
    """One sentence on what is from blocks.

    Parameters
    ----------
    judged, spread : bool
        Whether there is a p-value, and an error, from blocks.
    odd : bool
        Whether the p-value has to be.
    """
    if not odd:
        return "" if spread else "Fewer than 20 blocks of ten slowest times: no error from blocks; record for longer."
    if judged and spread:
        return "Error and p-value are from blocks."
    if judged:
        return (
            "The p-value is from blocks, of which there are too few for the error, that is the formula's: record for "
            "longer."
        )
    if spread:
        return "The error is from blocks; too few of ten correlation times for a p-value: record for longer."
    return "Too few blocks for a p-value, and for the error, that is the formula's: record for longer."


def _pieces(segments: Sequence[Array]) -> list[Array]:
    """Short stretches, spread over all."""
    found = [part[start : start + PIECE] for part in segments for start in range(0, len(part) - 2, PIECE)]
    return found[:: max(1, len(found) // SEEN)]


def _memory(lagged: Any) -> str:
    own = np.diag(lagged)
    kind = "as measurement noise gives" if own.min() < -LEFT and own.mean() < 0 else "as memory or filtering gives"
    return (
        f"Residuals of neighbouring samples are correlated (up to {lagged.flat[np.argmax(np.abs(lagged))]:.2g}), "
        f"{kind}: this is not a linear process without memory, and neither value nor interval can be trusted; use "
        "the method spectral."
    )
