"""Which spins are exchangeable: classes of spins whose number of up spins is all that matters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log2
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_array, checked_spins
from neurothermo.core.errors import InputError
from neurothermo.systems.spins import SpinNetwork

SAME_FIELD = 16 * np.finfo(float).eps  # of the largest: room for rounding in a user's own sums of patterns
SAME_COUPLINGS = 1e-11  # of the largest local field: patterns that miss the couplings by more are not theirs


@dataclass(frozen=True, eq=False)
class Lumping:
    r"""Spins in classes, each seen only through its magnetization :math:`m_c = 2k_c - n_c`.

    .. math:: E = -\tfrac12 \Big(\sum_{cd} m_c K_{cd} m_d - \sum_c n_c K_{cc}\Big) - \sum_c f_c m_c,
              \qquad \text{multiplicity} = \prod_c \binom{n_c}{k_c}

    Parameters
    ----------
    sizes : array of int, shape (classes,)
        n, how many spins each class has.
    couplings : array, shape (classes, classes)
        K, between any two spins of two classes, in energy units; its diagonal is within a class.
    fields : array, shape (classes,)
        f, input minus threshold of every spin of a class, in energy units.
    labels : array of int, shape (N,)
        The class of each spin.
    gauge : array of -1/+1, shape (N,)
        A spin counts as up where its value is this sign.
    route : "enumerated" or "lumped"
        Whether every class is one spin for want of patterns.
    """

    sizes: npt.NDArray[np.int64]
    couplings: Array
    fields: Array
    labels: npt.NDArray[np.int64]
    gauge: npt.NDArray[np.int8]
    route: str

    @property
    def bits(self) -> float:
        """The base-2 logarithm of the number of lumped states."""
        return float(sum(log2(size + 1) for size in self.sizes.tolist()))

    @property
    def states(self) -> int:
        """How many lumped states there are, the product of n_c + 1."""
        states = 1
        for size in self.sizes.tolist():
            states *= size + 1
        return states

    @cached_property
    def members(self) -> tuple[npt.NDArray[np.int64], ...]:
        """The spins of each class."""
        order = np.argsort(self.labels, kind="stable")
        return tuple(np.split(order, np.cumsum(self.sizes)[:-1]))

    def energies(self) -> Array:
        """E of every lumped state, shape (states,); the first class's k_c runs fastest.

        Built class by class, each adding its field from those before it: about two operations a state.
        """
        energies = np.zeros(1)
        for c, size in enumerate(self.sizes):
            magnetization = 2.0 * np.arange(size + 1) - size
            within = 0.5 * self.couplings[c, c] * (magnetization**2 - size)
            felt = np.full(1, self.fields[c])
            for d in range(c):
                below = 2.0 * np.arange(self.sizes[d] + 1) - self.sizes[d]
                felt = np.add.outer(self.couplings[c, d] * below, felt).ravel()
            added = np.multiply.outer(magnetization, felt)
            added += within[:, None]
            energies = (energies - added).ravel()
        return energies

    def log_multiplicities(self) -> Array:
        """ln of how many spin states each lumped state stands for, shape (states,), in the same order."""
        from scipy.special import gammaln

        logs = np.zeros(1)
        for size in self.sizes:
            up = np.arange(size + 1.0)
            logs = np.add.outer(gammaln(size + 1.0) - gammaln(up + 1) - gammaln(size - up + 1), logs).ravel()
        return logs

    def occupations(self, index: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """k_c of lumped states given by their place in `energies()`, shape (len(index), classes)."""
        strides = np.cumprod(np.concatenate([[1], self.sizes[:-1] + 1]))
        return index[:, None] // strides % (self.sizes + 1)


def singletons(system: SpinNetwork, field: Array) -> Lumping:
    """Every spin its own class: lumped state number s has neuron i up where bit i of s is set."""
    dense = system.couplings.toarray() if system.sparse else system.couplings
    ones = np.ones(system.size, dtype=np.int64)
    return Lumping(
        sizes=ones,
        couplings=0.5 * dense + 0.5 * dense.T,  # halved first: a sum of two large ones could overflow
        fields=field - system.thresholds,
        labels=np.arange(system.size),
        gauge=ones.astype(np.int8),
        route="enumerated",
    )


def exchangeable(system: SpinNetwork, field: Array) -> Lumping | None:
    r"""The coarsest classes in which a pattern network's spins are exchangeable; None without patterns.

    .. math:: i \sim j \iff (\epsilon^1_i, \dots, \epsilon^M_i, I_i - U_i)
                        = \pm (\epsilon^1_j, \dots, \epsilon^M_j, I_j - U_j)

    The sign may differ because the energy does not change when a spin, its pattern bits and its field
    are negated together. Two patterns need four classes in general, and two where I - U is a sum of the
    patterns: (n_A + 1)(n_B + 1) states. Fields that differ by no more than rounding count as
    equal, and the first spin's stands for its class.

    Parameters
    ----------
    system : SpinNetwork
    field : array, shape (N,)
        The input I, in energy units.

    Raises
    ------
    InputError
        If the network's patterns do not give its couplings.
    """
    return exchangeable_throughout(system, field[None])


def exchangeable_throughout(system: SpinNetwork, values: Array) -> Lumping | None:
    r"""The coarsest classes in which spins stay exchangeable at every input of a protocol; None without patterns.

    .. math:: i \sim j \iff (\epsilon^1_i, \dots, \epsilon^M_i, I_i(0) - U_i, \dots, I_i(K) - U_i) = \pm (\dots)_j

    Occupation numbers of such classes keep their own Markov chain under any rule that treats the spins of a
    class alike: random and parallel orders, not a fixed sequence of sites.

    Parameters
    ----------
    system : SpinNetwork
    values : array, shape (K + 1, N)
        The inputs, in energy units. The lumping's `fields` are those of the first.

    Raises
    ------
    InputError
        If the network's patterns do not give its couplings.
    """
    if system.patterns is None:
        return None
    bits, weights = _checked_patterns(system)
    gauge = np.prod(bits[:1], axis=0, dtype=np.int8)  # the first pattern's bits
    largest = max(np.abs(values).max(), np.abs(system.thresholds).max())
    labels = np.zeros(system.size, dtype=np.int64)
    for column in gauge * bits:
        labels = _refined(labels, column)
    for t, value in enumerate(values):
        if t == 0 or not np.array_equal(value, values[t - 1]):
            labels = _refined(labels, _grouped(gauge * (value - system.thresholds), SAME_FIELD * largest))
    _, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    spins = (gauge * bits)[:, first].astype(np.float64)
    net = gauge * (values[0] - system.thresholds)
    return Lumping(sizes, spins.T @ weights @ spins, net[first], labels, gauge, "lumped")


def _refined(labels: npt.NDArray[np.int64], keys: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Labels 0, 1, ... of the pairs (label, key), ordered by label and then by key."""
    span = int(keys.max()) - int(keys.min()) + 1
    refined = np.unique(labels * span + (keys.astype(np.int64) - int(keys.min())), return_inverse=True)[1]
    return np.asarray(refined, dtype=np.int64)


def _grouped(values: Array, tolerance: float) -> npt.NDArray[np.int64]:
    """A whole number for each value, the same for values that no gap above the tolerance separates."""
    order = np.argsort(values)
    groups = np.zeros(len(values), dtype=np.int64)
    groups[order[1:]] = np.cumsum(np.diff(values[order]) > tolerance)
    return groups


def _checked_patterns(system: SpinNetwork) -> tuple[npt.NDArray[np.int8], Array]:
    """Pattern bits (M, N) and weights (M, M), after one product with the couplings has confirmed them."""
    patterns: Any = system.patterns
    bits = checked_spins(patterns.patterns, "patterns", system.size)
    weights = checked_array(patterns.weights, "pattern weights", (len(bits), len(bits)))
    spins, probe = bits.astype(np.float64), np.cos(np.arange(system.size))
    diagonal = np.einsum("mi,mn,ni->i", spins, weights, spins)
    gap = np.abs(system.couplings @ probe - spins.T @ (weights @ (spins @ probe)) + diagonal * probe).max()
    if gap > SAME_COUPLINGS * np.abs(weights).sum() * system.size:
        raise InputError(
            f"patterns must give the network's couplings, got local fields that differ by {gap:.3g}: "
            "build pattern networks with hopfield(), or leave patterns out"
        )
    return bits, weights
