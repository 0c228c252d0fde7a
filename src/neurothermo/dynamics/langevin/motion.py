"""What carries a block of trials from step to step: a rule of motion, with what it remembers of where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.randomness import Address
from neurothermo.dynamics.langevin.metropolis import Stand, walk
from neurothermo.dynamics.langevin.shares import Parts, by_energy, by_variable
from neurothermo.systems.continuous import Continuous


class Motion(Protocol):
    """A rule of motion between places; a place has `states` and their `activity`, and is never changed."""

    def place(self, states: npt.NDArray[Any]) -> Any:
        """Where trials in these states are."""
        ...

    def move(self, here: Any, held: Array, address: Address) -> tuple[Any, Array]:
        """One step at the input `held`: the place after it, and the flow of each trial."""
        ...

    def shares(self, here: Any, there: Any, held: Array, parts: Parts) -> dict[str, Array]:
        """The flow of the step from `here` to `there`, divided among parts."""
        ...


@dataclass(frozen=True, eq=False)
class Spot:
    """States, and nothing remembered of them."""

    system: Continuous
    states: npt.NDArray[Any]

    @property
    def activity(self) -> Array:
        """What the input couples to."""
        return np.asarray(self.system.activity(self.states[:, : self.system.dimension]))


@dataclass(frozen=True, eq=False)
class PlainMotion:
    """`rule.move`, for any rule."""

    system: Continuous
    rule: Any
    temperature: Any

    def place(self, states: npt.NDArray[Any]) -> Spot:
        """The states."""
        return Spot(self.system, states)

    def move(self, here: Spot, held: Array, address: Address) -> tuple[Spot, Array]:
        """`rule.move`."""
        states, flow = self.rule.move(self.system, here.states, held, temperature=self.temperature, address=address)
        return Spot(self.system, states), flow

    def shares(self, here: Spot, there: Spot, held: Array, parts: Parts) -> dict[str, Array]:
        """Worked out anew from both ends of the step."""
        ends = (here.states, there.states)
        if self.rule.step_for(self.system) != "metropolis":
            return by_variable(self.system, self.rule, ends, held, self.temperature, parts)
        one, other = (Stand.of(self.system, states, self.temperature) for states in ends)
        return by_energy(self.system, one, other, held, self.temperature, parts)


@dataclass(frozen=True, eq=False)
class Walk:
    """Metropolis moves, one evaluation of the system a step: that at the proposal."""

    system: Continuous
    dt: float
    temperature: float

    def place(self, states: npt.NDArray[Any]) -> Stand:
        """States with all that a step needs to know there."""
        return Stand.of(self.system, states, self.temperature)

    def move(self, here: Stand, held: Array, address: Address) -> tuple[Stand, Array]:
        """The numbers of `rule.move`."""
        return walk(self.system, here, held, self.dt, self.temperature, address)

    def shares(self, here: Stand, there: Stand, held: Array, parts: Parts) -> dict[str, Array]:
        """Two energies more for two parts."""
        return by_energy(self.system, here, there, held, self.temperature, parts)
