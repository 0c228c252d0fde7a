"""The likelihood of a kinetic Ising network, its gradient and its information, for both orders of updating."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.irreversibility.couplings_moves import Moves

CHANNELS_AT_ONCE = 2**24  # numbers in a product of states and regressors


class Likelihood(Protocol):
    """Coefficients have shape (N, N + 1): of each channel its couplings J_i1 .. J_iN, then its field."""

    @property
    def moves(self) -> Moves: ...

    def free(self, self_couplings: bool) -> Array:
        """Which coefficients there are, shape (N, N + 1), of truth values."""
        ...

    def parts(self, coefficients: Array) -> Array:
        """The log-likelihood of each channel, shape (N,), or of all that are tied together, shape (1,)."""
        ...

    def slope(self, coefficients: Array) -> Array:
        """The gradient, shape (N, N + 1)."""
        ...

    def information(self, coefficients: Array, channels: Any) -> Array:
        """Fisher's, of each of some channels by itself, shape (n, N + 1, N + 1), or of all, (N, N + 1, N, N + 1)."""
        ...

    def residuals(self, coefficients: Array) -> Array:
        """The derivative of the log-likelihood of each move by the local fields, shape (moves, N)."""
        ...


@dataclass(frozen=True, eq=False)
class Parallel:
    r"""All spins drawn anew in each row.

    .. math:: \ln L = \sum_t \sum_i [s_i' h_i(s) - \ln 2\cosh h_i(s)], \quad h = J s + \theta

    One logistic regression a channel: the sum is concave.
    """

    moves: Moves

    @cached_property
    def _ups(self) -> Array:
        """Sums of s' by the state before, shape (states, N)."""
        return self.moves.summed(self.moves.after)

    def free(self, self_couplings: bool) -> Array:
        free = np.ones((self.moves.size, self.moves.size + 1), dtype=bool)
        if not self_couplings:
            np.fill_diagonal(free, False)
        return free

    def parts(self, coefficients: Array) -> Array:
        fields = self.moves.regressors @ coefficients.T
        return np.asarray(np.sum(self._ups * fields, axis=0) - self.moves.visits @ np.logaddexp(fields, -fields))

    def slope(self, coefficients: Array) -> Array:
        expected = self.moves.visits[:, None] * np.tanh(self.moves.regressors @ coefficients.T)
        return np.asarray((self._ups - expected).T @ self.moves.regressors)

    def information(self, coefficients: Array, channels: Any) -> Array:
        regressors = self.moves.regressors
        steep = 1 - np.tanh(regressors @ coefficients[channels].T) ** 2
        roots = np.sqrt(self.moves.visits[:, None] * steep)
        found = np.empty((len(channels), regressors.shape[1], regressors.shape[1]))
        for place, column in enumerate(roots.T):
            weighed = regressors * column[:, None]
            found[place] = weighed.T @ weighed  # of itself: half the work of two different factors
        return found

    def residuals(self, coefficients: Array) -> Array:
        return np.asarray(self.moves.after - np.tanh(self.moves.regressors @ coefficients.T)[self.moves.place])


@dataclass(frozen=True, eq=False)
class OneAtATime:
    r"""One spin, any of the N with equal probability, drawn anew in each row.

    .. math:: P(i \text{ flips}) = p_i / N, \qquad P(\text{nothing flips}) = 1 - \frac1N \sum_i p_i, \qquad
              p_i = \frac{1}{1 + e^{2 s_i h_i}}

    Where nothing flips it is not known which spin was drawn, and the likelihood is summed over it. That ties the
    channels together; it also fixes the clock: couplings are found in units of the temperature.
    """

    moves: Moves

    @cached_property
    def _flipped(self) -> Array:
        """Which spin flipped, shape (moves, N), 0 or 1."""
        return (self.moves.before != self.moves.after).astype(np.float64)

    @cached_property
    def _flips(self) -> Array:
        """How often each spin flipped from each state."""
        return self.moves.summed(self._flipped)

    @cached_property
    def _idle(self) -> Array:
        """How often nothing flipped."""
        return np.asarray(self.moves.visits - self._flips.sum(axis=1))

    def free(self, self_couplings: bool) -> Array:
        return ~np.eye(self.moves.size, self.moves.size + 1, dtype=bool)

    def _odds(self, coefficients: Array) -> tuple[Array, Array, Array]:
        """p_i, 1 - p_i, and the probability that nothing flips."""
        against = 2 * self.moves.states * (self.moves.regressors @ coefficients.T)
        stays = np.exp(-np.logaddexp(0, -against))
        return np.exp(-np.logaddexp(0, against)), stays, stays.mean(axis=1)

    def parts(self, coefficients: Array) -> Array:
        against = 2 * self.moves.states * (self.moves.regressors @ coefficients.T)
        idle = np.exp(-np.logaddexp(0, -against)).mean(axis=1)
        flips = np.sum(self._flips * (-np.logaddexp(0, against) - np.log(self.moves.size)))
        return np.array([flips + self._idle @ np.log(idle)])

    def _derivatives(self, coefficients: Array) -> tuple[Array, Array]:
        """Of the log-probability of a flip of i, and of no flip, by h_i; each of shape (states, N)."""
        flips, stays, idle = self._odds(coefficients)
        spins = self.moves.states
        return -2 * spins * stays, 2 * spins * flips * stays / (self.moves.size * idle[:, None])

    def slope(self, coefficients: Array) -> Array:
        of_flips, of_idling = self._derivatives(coefficients)
        return np.asarray((self._flips * of_flips + self._idle[:, None] * of_idling).T @ self.moves.regressors)

    def information(self, coefficients: Array, channels: Any) -> Array:
        flips, stays, idle = self._odds(coefficients)
        _, of_idling = self._derivatives(coefficients)
        x, visits, size = self.moves.regressors, self.moves.visits, self.moves.size
        own = visits[:, None] * flips * 4 * stays**2 / size
        # sum over states of (v_i x)(v_k x)^T is one product of the matrices v_i x, side by side
        found, width = np.zeros((size * (size + 1),) * 2), max(CHANNELS_AT_ONCE // (size * (size + 1)), 1)
        for start in range(0, len(x), width):
            rows = slice(start, start + width)
            weighed = np.sqrt(visits[rows] * idle[rows])[:, None] * of_idling[rows]
            tall = (weighed[:, :, None] * x[rows, None, :]).reshape(len(weighed), -1)
            found += tall.T @ tall
        whole = found.reshape(size, size + 1, size, size + 1)
        for i in range(size):
            whole[i, :, i, :] += (x * own[:, i, None]).T @ x
        return whole

    def residuals(self, coefficients: Array) -> Array:
        of_flips, of_idling = self._derivatives(coefficients)
        place, idle = self.moves.place, ~np.any(self._flipped > 0, axis=1)
        return np.asarray(self._flipped * of_flips[place] + idle[:, None] * of_idling[place])
