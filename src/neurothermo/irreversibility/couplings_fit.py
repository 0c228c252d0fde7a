"""Maximum likelihood of couplings and fields, free or held symmetric: damped Newton with Fisher's information."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.irreversibility.couplings_likelihood import Likelihood

MOST_ITERATIONS = 60
TOLERANCE = 1e-10  # of the squared step in standard errors
DENSE = 600  # parameters of a matrix that is solved as it is
MOST_PRODUCTS, CLOSE = 400, 1e-7  # of conjugate gradients: how many, and the error left, relative
RUNAWAY = 12.0  # a coefficient beyond it means odds of e^24: the data never contradict it
VAGUE = 5.0  # of a coupling's standard error: odds of e^10 either way. Data that contradict it once leave about 1


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
        False where a coefficient runs away to infinity (the data are separable) or is not determined: the likelihood
        is flat there, and its gain falls below any tolerance long before a coefficient is large.
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


def fitted(
    likelihood: Likelihood, *, symmetric: bool = False, self_couplings: bool = True, l2: float = 0.0,
    start: Array | None = None,
) -> Fit:  # fmt: skip
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
    start : array, optional
        Coefficients to begin with; default 0.
    """
    size = likelihood.moves.size
    free = likelihood.free(self_couplings)
    index = _index(free, symmetric)
    penalty = np.where(np.arange(size + 1) < size, l2, 0.0) * np.ones((size, 1))
    at, every = np.zeros((size, size + 1)) if start is None else start, np.arange(size)

    def height(trial: Array) -> Array:
        """Of each channel by itself where channels are fitted so, else of all; shape (N, 1) or (1, 1)."""
        parts = likelihood.parts(trial)
        cost = 0.5 * np.sum(penalty * trial**2, axis=1)
        alone = not symmetric and len(parts) == size > 1
        return np.asarray((parts - cost)[:, None] if alone else np.full((1, 1), parts.sum() - cost.sum()))

    best, sound = height(at), False
    information, moving = likelihood.information(at, every), every
    for turn in range(MOST_ITERATIONS):
        if turn > 0 and information.ndim == 3:
            information[moving] = likelihood.information(at, moving)
        elif turn > 0:
            information = likelihood.information(at, every)
        slope = np.where(free, likelihood.slope(at) - penalty * at, 0.0)
        step = _step(slope, information, penalty, free, index)
        gains = np.sum(step * slope, axis=1)
        gain = float(gains.sum())
        if len(best) == size > 1:  # those that have arrived keep their information
            moving = np.flatnonzero(gains >= TOLERANCE / size)
        at, best = _climbed(at, step, best, height)
        if gain < TOLERANCE:
            sound = True
            break
        if np.max(np.abs(at)) > RUNAWAY:
            break
    sound = sound and bool(np.max(np.abs(at)) <= RUNAWAY)
    covariance = None if symmetric or not sound else _inverse(likelihood.information(at, every), penalty, free)
    if covariance is not None and not _determined(covariance):
        covariance, sound = None, False
    return Fit(at, covariance, float(likelihood.parts(at).sum()), sound)


def _determined(covariance: Array) -> bool:
    """Whether no coupling has a standard error that leaves its odds open."""
    size = len(covariance)
    if covariance.ndim == 3:
        variances = np.diagonal(covariance, axis1=1, axis2=2)
    else:
        variances = np.diagonal(covariance.reshape(size * (size + 1), -1)).reshape(size, size + 1)
    return bool(np.all(np.isfinite(variances) & (variances >= 0)) and np.all(variances[:, :-1] < VAGUE**2))


def _climbed(at: Array, step: Array, best: Array, height: Callable[[Array], Array]) -> tuple[Array, Array]:
    """A step, halved where it does not climb; in parallel order, which is concave, a whole one nearly always does."""
    fraction = np.ones_like(best)
    while True:
        trial = at + fraction * step
        value = height(trial)
        short = ~(value >= best - 1e-9 * np.abs(best))
        if not np.any(short) or fraction.min() <= 1e-6:
            return trial, value
        fraction = np.where(short, fraction / 2, fraction)


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
    if information.ndim == 3 and count > DENSE:
        return _step_by_products(slope, _closed(information, penalty, free), free, index)
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


def _step_by_products(slope: Array, information: Array, free: Any, index: Any) -> Array:
    """The same for many shared parameters: conjugate gradients, with each channel's own step, averaged, to guide."""
    count = int(index.max()) + 1
    kept = np.bincount(index.ravel(), free.ravel(), count) > 0
    inverse = np.linalg.inv(information)
    shares = 1 / np.maximum(np.bincount(index.ravel(), free.ravel(), count), 1.0)

    def gathered(table: Array) -> Array:
        return np.where(kept, np.bincount(index.ravel(), np.where(free, table, 0.0).ravel(), count), 0.0)

    def guided(vector: Array) -> Array:
        return gathered(np.matmul(inverse, (shares * vector)[index][..., None])[..., 0]) * shares

    found, left = np.zeros(count), gathered(slope)
    guide = guided(left)
    direction, size = guide, float(left @ guide)
    enough = CLOSE**2 * size
    for _ in range(MOST_PRODUCTS):
        if size <= enough:
            break
        product = gathered(np.matmul(information, direction[index][..., None])[..., 0])
        length = size / float(direction @ product)
        found, left = found + length * direction, left - length * product
        guide = guided(left)
        size, before = float(left @ guide), size
        direction = guide + size / before * direction
    return np.where(free, found[index], 0.0)


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
