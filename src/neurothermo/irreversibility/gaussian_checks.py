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
PIECE, SEEN = 2048, 16  # rows of a piece, and pieces that are looked at: enough to see what is worth a sentence


def length_sentences(moments: Moments, linear: Linear) -> list[str]:
    """Too few samples, too short a recording, too coarse a sampling."""
    size, said = len(linear.step), []
    if moments.count < MANY * size**2:
        said.append(
            f"{moments.count} transitions are few for {size} channels ({MANY} times their square would be "
            f'{MANY * size**2}): take fewer channels, or principal components, or shrinkage="auto".'
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
            "dynamics not linear: the value is that of the linear Gaussian process with the same covariances. Error "
            "and p-value are from blocks."
        )
    lagged /= pairs
    if np.abs(lagged).max() > LEFT and chdtrc(size**2, pairs * np.sum(lagged**2)) < RARE:
        said.append(_memory(lagged))
    return said


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
        "spectral(). The p-value is from blocks."
    )
