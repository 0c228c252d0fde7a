"""Maximum likelihood of couplings and fields, free or held symmetric: damped Newton with Fisher's information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.irreversibility.couplings_likelihood import Likelihood

MOST_ITERATIONS = 60
TOLERANCE = 1e-10  # of the squared step in standard errors
RUNAWAY = 12.0  # a coefficient beyond it means odds of e^24: the data never contradict it


@dataclass(frozen=True, eq=False)
class Fit:
    """Where the likelihood is largest.

    Parameters
    ----------
    coefficients : array, shape (N, N + 1)
        Couplings, then the field.
    covariance : array, shape (N, N + 1, N + 1) or (N, N + 1, N, N + 1)
        Inverse of the information; zero where a coefficient is held at zero. None of a symmetric fit.
    log_likelihood : float
        Without the penalty.
    sound : bool
        False where a coefficient runs away to infinity: the data are separable.
    """

    coefficients: Array
    covariance: Array | None
    log_likelihood: float
    sound: bool

    @property
    def couplings(self) -> Array:
        """J, shape (N, N); [i, j] is the influence of j on i."""
        return self.coefficients[:, :-1]

    @property
    def fields(self) -> Array:
        """theta, shape (N,)."""
        return self.coefficients[:, -1]

    def moved(self, scores: Array) -> Array:
        """How far scores of shape (..., N, N + 1) move the coefficients: covariance times score."""
        assert self.covariance is not None
        if self.covariance.ndim == 3:
            return np.einsum("ipq,...iq->...ip", self.covariance, scores)
        flat = self.covariance.reshape(scores.shape[-2] * scores.shape[-1], -1)
        return np.asarray((scores.reshape(*scores.shape[:-2], -1) @ flat).reshape(scores.shape))


def fitted(likelihood: Likelihood, *, symmetric: bool = False, self_couplings: bool = True, l2: float = 0.0) -> Fit:
    r"""The largest :math:`\ln L - \tfrac12 l_2 \sum_{ij} J_{ij}^2`.

    Parameters
    ----------
    likelihood : Likelihood
    symmetric : bool
        Whether J_ij = J_ji is imposed: the reversible networks.
    self_couplings : bool
        Whether there are J_ii (parallel order only).
    l2 : float
        >= 0; fields are never penalised.
    """
    size = likelihood.moves.size
    free = likelihood.free(self_couplings)
    index = _index(free, symmetric)
    penalty = np.where(np.arange(size + 1) < size, l2, 0.0) * np.ones((size, 1))
    at = np.zeros((size, size + 1))
    best, sound = likelihood.value(at), False
    for _ in range(MOST_ITERATIONS):
        slope = np.where(free, likelihood.slope(at) - penalty * at, 0.0)
        step = _step(slope, likelihood.information(at), penalty, free, index)
        gain = float(np.sum(step * slope))
        fraction, value = 1.0, -np.inf
        while fraction > 1e-6:  # concave in parallel order, where a whole step nearly always climbs
            trial = at + fraction * step
            value = likelihood.value(trial) - 0.5 * float(np.sum(penalty * trial**2))
            if value >= best - 1e-9 * abs(best):
                break
            fraction /= 2
        at, best = trial, value
        if gain < TOLERANCE:
            sound = True
            break
        if np.max(np.abs(at)) > RUNAWAY:
            break
    sound = sound and bool(np.max(np.abs(at)) <= RUNAWAY)
    covariance = None if symmetric or not sound else _inverse(likelihood.information(at), penalty, free)
    return Fit(at, covariance, likelihood.value(at), sound)


def _index(free: Array, symmetric: bool) -> Any:
    """Which parameter each coefficient is, shape (N, N + 1); those held at zero share the last number."""
    size = len(free)
    index = np.arange(free.size).reshape(free.shape)
    if symmetric:
        index[:, :size] = np.minimum(index[:, :size], index[:, :size].T)
    index = np.where(free, index, free.size)
    return np.unique(index, return_inverse=True)[1].reshape(free.shape)


def _step(slope: Array, information: Array, penalty: Array, free: Any, index: Any) -> Array:
    """Newton's step in the parameters that `index` leaves."""
    count = int(index.max()) + 1
    if information.ndim == 3 and count >= free.sum():
        return np.asarray(np.linalg.solve(_closed(information, penalty, free), slope[..., None])[..., 0])
    reduced = np.zeros((count, count))
    if information.ndim == 3:
        for i, own in enumerate(information):
            reduced[np.ix_(index[i], index[i])] += own  # within a channel every parameter occurs once, but for zeros
    else:
        flat = index.ravel()
        matrix = information.reshape(flat.size, flat.size)
        rows = np.zeros((count, flat.size))
        np.add.at(rows, flat, matrix)
        np.add.at(reduced.T, flat, rows.T)
    diagonal = np.bincount(index.ravel(), penalty.ravel(), count)
    reduced[np.arange(count), np.arange(count)] += diagonal
    if not np.all(free):  # what is held at zero is the last parameter
        reduced[-1], reduced[:, -1] = 0.0, 0.0
        reduced[-1, -1] = 1.0
    solved = np.linalg.solve(_ridged(reduced), np.bincount(index.ravel(), slope.ravel(), count))
    return np.where(free, solved[index], 0.0)


def _closed(information: Array, penalty: Array, free: Any) -> Array:
    """The information of each channel with its penalty, the identity where a coefficient is held at zero."""
    found = np.where(free[:, :, None] & free[:, None, :], information, 0.0)
    places = np.arange(found.shape[-1])
    found[:, places, places] += np.where(free, penalty, 1.0)
    return _ridged(found)


def _ridged(matrix: Array) -> Array:
    """A relative 1e-10 on the diagonal, so that directions without information take no step."""
    places = np.arange(matrix.shape[-1])
    matrix[..., places, places] += 1e-10 * np.abs(matrix).max(axis=(-2, -1))[..., None]
    return matrix


def _inverse(information: Array, penalty: Array, free: Any) -> Array:
    if information.ndim == 3:
        found = np.linalg.inv(_closed(information, penalty, free))
        return np.where(free[:, :, None] & free[:, None, :], found, 0.0)
    flat = free.ravel()
    whole = np.zeros((flat.size, flat.size))
    kept = np.ix_(flat, flat)
    matrix = information.reshape(flat.size, flat.size)[kept] + np.diag(penalty.ravel()[flat])
    whole[kept] = np.linalg.inv(_ridged(matrix))
    return whole.reshape(information.shape)
