"""Equilibrium of coupled spines: all states of a small network, transfer matrices around a ring."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.randomness import Address

SPINES = npt.NDArray[np.int8]


def all_states(size: int) -> SPINES:
    """Every state, shape (2^N, N); bit i of a state's number is spine i."""
    return (np.arange(2**size)[:, None] >> np.arange(size) & 1).astype(np.int8)


@dataclass(frozen=True, eq=False)
class EnumeratedLaw:
    """p = exp(-E)/Z over all states, from their energies."""

    size: int
    energies: Array

    @cached_property
    def log_partition(self) -> float:
        """ln Z."""
        lowest = float(self.energies.min())
        return float(np.log(np.sum(np.exp(lowest - self.energies)))) - lowest

    @cached_property
    def probabilities(self) -> Array:
        """Of every state, shape (2^N,)."""
        return np.exp(-self.energies - self.log_partition)

    @cached_property
    def active(self) -> Array:
        """The probability that each spine is active, shape (N,)."""
        return self.probabilities @ all_states(self.size)

    def draw(self, address: Address) -> SPINES:
        """One state for each trial, shape (trials, N)."""
        cumulated = np.cumsum(self.probabilities)
        word = np.searchsorted(cumulated, address.uniforms(1)[:, 0] * cumulated[-1], side="right")
        return (word[:, None] >> np.arange(self.size) & 1).astype(np.int8)

    def log_probability(self, states: Any) -> Array:
        """ln p of each row, shape (trials,)."""
        word = np.asarray(states).astype(np.int64) @ (1 << np.arange(self.size))
        return -self.energies[word] - self.log_partition


@dataclass(frozen=True, eq=False)
class RingLaw:
    r"""The same on a ring, by products of 2 x 2 matrices.

    .. math:: p(n) = \frac1Z \prod_i T_i(n_i, n_{i+1}), \qquad T_i = e^{h_i n_i + \gamma n_i n_{i+1}}

    Parameters
    ----------
    biases : array, shape (N,)
        h, in kT.
    cooperativity : float
        gamma.
    """

    biases: Array
    cooperativity: float

    @cached_property
    def factors(self) -> Array:
        """T_i, shape (N, 2, 2), each divided by its largest entry."""
        spine = np.arange(2)
        logs = self.biases[:, None, None] * spine[:, None] + self.cooperativity * spine[:, None] * spine
        return np.exp(logs - self._scales[:, None, None])

    @cached_property
    def _scales(self) -> Array:
        return np.maximum(0.0, np.maximum(self.biases, self.biases + self.cooperativity))

    @cached_property
    def _products(self) -> tuple[Array, Array]:
        """T_i ... T_{N-1} for each i and 1 for i = N, shape (N + 1, 2, 2), and the logs of what was divided out."""
        size = len(self.biases)
        found, logs = np.empty((size + 1, 2, 2)), np.zeros(size + 1)
        found[size] = np.eye(2)
        for i in range(size - 1, -1, -1):
            product = self.factors[i] @ found[i + 1]
            largest = float(product.max())
            found[i], logs[i] = product / largest, logs[i + 1] + np.log(largest) + self._scales[i]
        return found, logs

    @cached_property
    def log_partition(self) -> float:
        """ln Z."""
        products, logs = self._products
        return float(np.log(np.trace(products[0])) + logs[0])

    @cached_property
    def active(self) -> Array:
        """The probability that each spine is active, shape (N,)."""
        products, _ = self._products
        before, found = np.eye(2), np.empty(len(self.biases))
        for i in range(len(self.biases)):
            around = products[i] @ before
            found[i] = around[1, 1] / np.trace(around)
            before = before @ self.factors[i]
            before /= before.max()
        return found

    def draw(self, address: Address) -> SPINES:
        """One state for each trial, shape (trials, N): spine by spine, given the first and the one before."""
        products, _ = self._products
        size = len(self.biases)
        uniforms = address.uniforms(size)
        states = np.empty((len(uniforms), size), np.int8)
        weights = np.diag(products[0])
        states[:, 0] = uniforms[:, 0] * weights.sum() < weights[1]
        for i in range(1, size):
            ways = self.factors[i - 1][:, :, None] * products[i][None]  # the one before, this one, the first
            up = ways[:, 1] / ways.sum(axis=1)
            states[:, i] = uniforms[:, i] < up[states[:, i - 1], states[:, 0]]
        return states

    def log_probability(self, states: Any) -> Array:
        """ln p of each row, shape (trials,)."""
        rows = np.asarray(states).astype(np.float64)
        pairs = np.einsum("ri,ri->r", rows, np.roll(rows, -1, axis=1))
        return rows @ self.biases + self.cooperativity * pairs - self.log_partition
