"""Trials under way, and what carries them: the contract between a run and the kernels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.randomness import Address, Stream

TILE = 64  # trials whose energies are computed together; chunks of a run are multiples of it


@dataclass(frozen=True, eq=False)
class Flight:
    """Trials under way: their states, changed in place, and what they have accumulated.

    `sums` holds the flow of each part of the system that the run asked for by name (none: nothing is split).
    """

    states: npt.NDArray[Any]
    first_trial: int
    stream: Stream
    work: Array
    flow: Array
    kept: dict[Any, Any] = field(default_factory=dict)
    sums: dict[str, Array] = field(default_factory=dict)

    @classmethod
    def of(cls, states: npt.NDArray[Any], first_trial: int, stream: Stream, *, parts: Iterable[str] = ()) -> Flight:
        """Trials about to start; `parts` names those of the system whose flow is kept apart."""
        count = len(states)
        sums = {name: np.zeros(count) for name in parts}
        return cls(np.array(states), first_trial, stream, np.zeros(count), np.zeros(count), sums=sums)

    @property
    def keys(self) -> tuple[np.uint64, np.uint64]:
        """The key words of the run, as kernels take them."""
        return np.uint64(self.stream.first), np.uint64(self.stream.second)


@runtime_checkable
class Parted(Protocol):
    """A system whose variables fall into parts, or a driver that splits the flow between them."""

    @property
    def parts(self) -> dict[str, slice]:
        """Columns of a state that belong to each part, by its name; together they are all columns."""
        ...


def parts_of(thing: Any) -> dict[str, slice]:
    """The parts of a system, or those that a driver splits the flow between; none where they say nothing of it."""
    return thing.parts if isinstance(thing, Parted) else {}


class Driver(Protocol):
    """Carries trials through the steps between `values[0]` and `values[-1]`."""

    @property
    def block(self) -> int:
        """Trials that are moved together, a multiple of `TILE`: chunks are multiples of it."""
        ...

    @property
    def cost(self) -> float:
        """About how many nanoseconds a step of one trial takes, to cut work into pieces."""
        ...

    @property
    def kernel(self) -> str:
        """The name of the way taken, for the ledger."""
        ...

    @property
    def flow_of_heat(self) -> float | None:
        """flow / Q where that is an identity (single-site moves, an energy, one temperature), else None.

        A ledger takes its flow from it, in double precision; the flow that a kernel accumulates is float32.
        """
        ...

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Carry `flight` on; `first_step` is the absolute number of the step to values[1], from 1."""
        ...


@runtime_checkable
class Law(Protocol):
    """A law of states that can be drawn from and whose density is known."""

    def draw(self, address: Address) -> npt.NDArray[Any]:
        """One state for each trial of the address, shape (trials, dimension)."""
        ...

    def log_probability(self, states: Any) -> Array:
        """ln p of each row, normalised, shape (trials,)."""
        ...


class TimedDriver(Driver, Protocol):
    """A driver that knows how long its step lasts."""

    @property
    def dt(self) -> float:
        """Duration of a step."""
        ...


@runtime_checkable
class Process(Protocol):
    """Something that moves by itself, noise and clock included: what `simulate` asks of it.

    It also has `size` (what an input drives), `dimension` (columns of a state), `digest`, `has_energy`,
    `why_no_energy` and `energy(states, field)`, in kT. None is read before it is needed.
    """

    def driver(self, dt: float | None = None) -> TimedDriver:
        """What carries its trials, in steps of `dt` or of a duration it finds itself."""
        ...

    def stationary_law(self, field: Any = None) -> Law | None:
        """The law it settles to at an input, where that is known exactly; else None."""
        ...

    def scattered(self, uniforms: Array) -> Array:
        """States far apart from each other, from uniform numbers of shape (trials, dimension): where burn-ins start."""
        ...

    def activity(self, states: Any) -> Any:
        """What an input couples to, shape (trials, size)."""
        ...
