"""The contract of an exactly propagated process: what works and entropy flows are computed from.

Two kinds keep it: all 2^N states of a small network (`enumerated`), and occupation numbers of exchangeable
neurons for pattern networks of any size (`lumped`).
"""

from __future__ import annotations

from typing import Any, Protocol

from neurothermo.core.checks import Array


class Chain(Protocol):
    """A network under a rule at a temperature, as a Markov chain on a finite set of states."""

    @property
    def states(self) -> int:
        """How many states."""
        ...

    @property
    def route(self) -> str:
        """ "enumerated" or "lumped"."""
        ...

    def equilibrium(self, field: Array) -> Array:
        """Boltzmann's law at one input, shape (states,)."""
        ...

    def amounts(self, direction: Array) -> Array:
        """direction . V of every state, shape (states,): the work of a change dI of input is -amounts(dI)."""
        ...

    def step(self, law: Any, field: Array, *, transposed: bool = False) -> None:
        """One step of the rule at one input, in place: law <- T law, or T^t law.

        law has shape (states,) or (rows, states), real or complex.
        """
        ...
