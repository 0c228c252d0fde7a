"""Coefficients that drift: the most likely path under a random walk, its evidence, and draws around it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neurothermo.core.checks import Array

BROAD = 10.0  # variance of the coefficients at the start of a trial
MOST_ITERATIONS = 40
TOLERANCE = 1e-6  # gain of a step, in nats


@dataclass(frozen=True, eq=False)
class Aligned:
    """Moves of trials that are aligned in time.

    Parameters
    ----------
    before : array, shape (times, trials, N + 1)
        Spins and a one.
    after : array, shape (times, trials, N)
    """

    before: Array
    after: Array

    @cached_property
    def size(self) -> int:
        """How many channels."""
        return int(self.after.shape[2])

    def likelihood(self, path: Array) -> tuple[Array, Array, Array]:
        """Log-likelihood of each channel (N,), slope (times, N, N + 1), information (times, N, N + 1, N + 1)."""
        times, trials, width = self.before.shape
        slope = np.empty((times, self.size, width))
        information = np.empty((times, self.size, width * width))
        total = np.zeros(self.size)
        for t, (x, y) in enumerate(zip(self.before, self.after, strict=True)):
            fields = x @ path[t].T
            lean = np.tanh(fields)
            total += np.sum(y * fields - np.logaddexp(fields, -fields), axis=0)
            slope[t] = (y - lean).T @ x
            information[t] = (1 - lean**2).T @ (x[:, :, None] * x[:, None, :]).reshape(trials, -1)
        return total, slope, information.reshape(times, self.size, width, width)


@dataclass(frozen=True, eq=False)
class Path:
    """The most likely path, shape (times, N, N + 1), and the inverses that its elimination left.

    Parameters
    ----------
    mode : array
    inverses : array, shape (times, N, N + 1, N + 1)
        Covariance of a time's coefficients given the next time's.
    stiffness : array, shape (N, N + 1)
        1 / variance of a step of the random walk.
    evidence : array, shape (N,)
        Log-probability of each channel's data under the walk (Laplace), up to a constant.
    information : array, shape (times, N, N + 1, N + 1)
        Of the data, at the mode.
    """

    mode: Array
    inverses: Array
    stiffness: Array
    evidence: Array
    information: Array

    def refits(self, count: int, random: np.random.Generator) -> Array:
        """What fits to new data would give, were the mode true: smoothed once more, and scattered; linearised.

        Their mean, less the mode, is the bias of the smoother and of chance together.
        """
        values, turn = np.linalg.eigh(self.information)
        roots = turn * np.sqrt(np.maximum(values, 0.0))[..., None, :]
        normal = random.standard_normal((len(self.mode), count, *self.mode.shape[1:]))
        scores = np.einsum("tipq,tciq->tcip", roots, normal) - _pull(self.mode, self.stiffness)[:, None]
        return self.mode + np.swapaxes(_solved(self.inverses, scores, self.stiffness), 0, 1)

    def draws(self, count: int, random: np.random.Generator) -> Array:
        """Paths from the Gaussian law around the mode, shape (count, times, N, N + 1)."""
        roots = np.linalg.cholesky(self.inverses)
        found = np.empty((count, *self.mode.shape))
        step = np.zeros((count, *self.mode.shape[1:]))
        for t in range(len(self.mode) - 1, -1, -1):
            fresh = np.einsum("ipq,ciq->cip", roots[t], random.standard_normal(step.shape))
            follows = np.einsum("ipq,ciq->cip", self.inverses[t], self.stiffness * step)
            step = fresh + (follows if t < len(self.mode) - 1 else 0.0)
            found[:, t] = self.mode[t] + step
        return found


def smoothed(aligned: Aligned, start: Array, variance: Array) -> Path:
    r"""The largest :math:`\ln L(\theta) - \sum_t (\theta_t - \theta_{t-1})^2 / 2q - \theta_1^2 / 2q_1`, by Newton.

    Each step solves a block tridiagonal system per channel, all channels at once.

    Parameters
    ----------
    aligned : Aligned
    start : array, shape (times, N, N + 1)
    variance : array, shape (N, N + 1)
        q, of a step of the walk.
    """
    stiffness, path = 1 / variance, start
    logs, slope, information = aligned.likelihood(path)
    value = logs - _penalty(path, stiffness)
    for _ in range(MOST_ITERATIONS):
        inverses, _ = _eliminated(information, stiffness)
        gradient = slope - _pull(path, stiffness)
        step = _solved(inverses, gradient, stiffness)
        gain = np.einsum("tip,tip->i", step, gradient)
        fraction = np.ones(aligned.size)
        while True:
            trial = path + fraction[:, None] * step
            logs, slope, information = aligned.likelihood(trial)
            reached = logs - _penalty(trial, stiffness)
            worse = (reached < value - 1e-8 * np.abs(value)) & (fraction > 1e-3)
            if not np.any(worse):
                break
            fraction = np.where(worse, fraction / 2, fraction)
        path, value = trial, reached
        if np.max(gain) < TOLERANCE:
            break
    inverses, volume = _eliminated(information, stiffness)
    prior = 0.5 * (len(path) - 1) * np.log(stiffness).sum(axis=1)
    return Path(path, inverses, stiffness, value + prior - 0.5 * volume, information)


def _penalty(path: Array, stiffness: Array) -> Array:
    """Minus the log of the walk's law, of each channel."""
    walked = np.sum(stiffness * np.diff(path, axis=0) ** 2, axis=(0, 2))
    return np.asarray(0.5 * (walked + np.sum(path[0] ** 2, axis=1) / BROAD))


def _pull(path: Array, stiffness: Array) -> Array:
    """Its gradient."""
    found = np.zeros_like(path)
    steps = stiffness * np.diff(path, axis=0)
    found[1:] += steps
    found[:-1] -= steps
    found[0] += path[0] / BROAD
    return found


def _eliminated(information: Array, stiffness: Array) -> tuple[Array, Array]:
    """Inverse pivots of the block tridiagonal precision, first time first, and the log-determinant of each channel."""
    times, size, width = information.shape[:3]
    inverses, volume = np.empty_like(information), np.zeros(size)
    places = np.arange(width)
    coupling = stiffness[:, :, None] * stiffness[:, None, :]
    for t in range(times):
        pivot = information[t].copy()
        ends = (t > 0) + (t < times - 1)
        pivot[:, places, places] += ends * stiffness + (1 / BROAD if t == 0 else 0.0)
        if t > 0:
            pivot -= coupling * inverses[t - 1]
        inverses[t] = np.linalg.inv(pivot)
        inverses[t] = (inverses[t] + np.swapaxes(inverses[t], 1, 2)) / 2
        volume += np.linalg.slogdet(pivot)[1]
    return inverses, volume


def _solved(inverses: Array, right: Array, stiffness: Array) -> Array:
    """Precision^-1 right."""
    forward = right.copy()
    for t in range(1, len(right)):
        forward[t] += stiffness * (inverses[t - 1] @ forward[t - 1][..., None])[..., 0]
    found = np.empty_like(right)
    found[-1] = (inverses[-1] @ forward[-1][..., None])[..., 0]
    for t in range(len(right) - 2, -1, -1):
        found[t] = (inverses[t] @ (forward[t] + stiffness * found[t + 1])[..., None])[..., 0]
    return found
