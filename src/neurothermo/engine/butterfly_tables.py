"""Logits of every neuron in every state of a small network, as sums of one entry for low bits and one for high.

State number s has bit i set where neuron i is up. The ten low bits number a state within a block of 32 x 32, the
others number the block. Networks below ten neurons are padded to one block whose further bits are never set.

A complex law is a real one with a bit below the others, real or imaginary part: a neuron that is coupled to nothing
and never drawn (`paired`). Real operators then need no kernels of their own for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

SIDE_BITS = 5
SIDE = 2**SIDE_BITS  # a block is SIDE x SIDE states: either index runs contiguously, the other after transposition
LOW = 2 * SIDE_BITS  # neurons whose bit lies within a block
LARGEST_LOGIT = 345.0  # two factors 1 + e^345 still multiply to a finite number; e^-345 = 1e-150 is the least weight
LARGEST_EXPONENT = 690.0  # of a weight that a double holds


@dataclass(frozen=True, eq=False)
class Logits:
    r"""c beta_i (J s)_i of every state, the input left out.

    .. math:: a_i(s) = \text{low}_i(s \bmod 2^{10}) + \text{high}_i(\lfloor s / 2^{10} \rfloor)

    Parameters
    ----------
    size : int
        N.
    inner : array, shape (10, 16, 32)
        Low part of the ten low neurons, for the pairs of states that differ in the neuron: 16 pairs of rows of the
        block (of its transpose for the first five neurons), 32 columns.
    outer : array, shape (max(0, N - 10), 32, 32)
        Low part of the other neurons, by low state.
    high : array, shape (blocks, N)
        High part of every neuron, by block.
    """

    size: int
    inner: Any
    outer: Any
    high: Any

    @classmethod
    def of(cls, scaled: Any) -> Logits:
        """From c beta_i J_ij, dense, shape (N, N), zero diagonal."""
        size = len(scaled)
        low = np.zeros((max(size, LOW), LOW))
        low[:size, : min(size, LOW)] = scaled[:, :LOW]
        sums = (low @ _signs(LOW).T).reshape(-1, SIDE, SIDE)  # [i, s // 32, s % 32]
        inner = np.empty((LOW, SIDE // 2, SIDE))
        for i in range(LOW):
            block = sums[i].T if i < SIDE_BITS else sums[i]
            inner[i] = block[(np.arange(SIDE) >> (i % SIDE_BITS)) & 1 == 0]
        high = _signs(max(0, size - LOW)) @ scaled[:, LOW:].T
        return cls(size, inner, sums[LOW:].copy(), np.ascontiguousarray(high))

    @classmethod
    def paired(cls, scaled: Any) -> Logits:
        """With a neuron 0 that is coupled to nothing, before the others."""
        return cls.of(np.pad(scaled, ((1, 0), (1, 0))))

    @property
    def blocks(self) -> int:
        """How many blocks of 2^10 states."""
        return len(self.high)

    @cached_property
    def bounds(self) -> Any:
        """At least the largest |a_i| of each neuron, shape (N,)."""
        low = np.concatenate([np.abs(self.inner).max(axis=(1, 2)), np.abs(self.outer).max(axis=(1, 2), initial=0.0)])
        return low[: self.size] + np.abs(self.high).max(axis=0)

    def largest(self, base: Any) -> float:
        """At least the largest |a_i + base_i| of any neuron in any state."""
        return float(np.max(self.bounds + np.abs(base)))

    @cached_property
    def signs(self) -> tuple[Any, Any]:
        """-1/+1 of the low neurons by low state, and of the others by block: (1024, 10) and (blocks, ...)."""
        return _signs(LOW), _signs(max(0, self.size - LOW))

    def amounts(self, direction: Any) -> tuple[Any, Any]:
        """direction . s in two parts: by low state, shape (32, 32), and by block."""
        low, high = self.signs
        inside = low[:, : self.size] @ direction[:LOW]
        return inside.reshape(SIDE, SIDE), high @ direction[LOW:]

    @cached_property
    def odds(self) -> tuple[Any, Any, Any]:
        """e^-a of inner, outer and high, for weights as products; clipped, and then not to be used."""
        return tuple(
            np.exp(-np.clip(part, -LARGEST_LOGIT, LARGEST_LOGIT)) for part in (self.inner, self.outer, self.high)
        )

    @cached_property
    def no_powers(self) -> tuple[Any, Any, Any]:
        """Of the shape of `powers`, for kernels that do not read them."""
        return tuple(np.zeros((2, *part.shape)) for part in (self.inner, self.outer, self.high))

    def tables(self, base: Any) -> Tables:
        """What the kernels need at one input; base (N,): c beta_i (I_i - U_i)."""
        if self.largest(base) > LARGEST_LOGIT:
            return Tables(self.inner, self.outer, self.high + base, sums=True)
        inner, outer, high = self.odds
        return Tables(inner, outer, high * np.exp(-base), sums=False)

    def powers(self, base: Any, theta: Any) -> tuple[Any, Any, Any]:
        """e^{-theta (a + base)} and e^{-(1 - theta)(a + base)} of inner, outer and high, stacked on a new first axis.

        Zeros where logits are too large for products: the kernels then take exponentials pair by pair.
        """
        parts = (self.inner, self.outer, self.high + base)
        if self.largest(base) > LARGEST_LOGIT:
            return tuple(np.zeros((2, *part.shape), np.result_type(theta, float)) for part in parts)
        return tuple(np.exp(np.multiply.outer([-theta, theta - 1.0], part)) for part in parts)


@dataclass(frozen=True, eq=False)
class Tables:
    """Logits at one input (`sums`: to be added), or their exponentials (to be multiplied)."""

    inner: Any
    outer: Any
    high: Any
    sums: bool


def _signs(bits: int) -> Any:
    """-1/+1 of every number of `bits` bits, shape (2^bits, bits)."""
    return 2.0 * ((np.arange(2**bits)[:, None] >> np.arange(bits)) & 1) - 1.0
