"""A linear process under a constant input that is part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.flight import Flight
from neurothermo.core.gaussian import Gaussian
from neurothermo.core.verdict import Verdict
from neurothermo.processes.linear import LinearLangevin
from neurothermo.processes.linear_driver import LinearDriver


@dataclass(frozen=True, eq=False)
class Held:
    r"""A linear process with an input of its own; a protocol's input adds to that.

    .. math:: dx = (-A x + I_0 + g I)\, dt + \sqrt{2 D}\, dW

    Parameters
    ----------
    process : LinearLangevin
        A, D and the parities.
    constant : array, shape (n,)
        I_0.
    gain : float
        g: what makes a velocity per unit time of a protocol's input.
    """

    process: LinearLangevin
    constant: Array
    gain: float = 1.0

    def input(self, field: Any = None) -> Array:
        """I_0 + g I, shape (n,)."""
        if field is None:
            return self.constant
        return self.constant + self.gain * checked_array(field, "field", (self.process.size,))

    def driver(self, dt: float | None) -> HeldDriver:
        """Exact steps of the process."""
        return HeldDriver(self, self.process.driver(dt))

    def stationary_law(self, field: Any = None) -> Gaussian:
        """The law it settles to."""
        return self.process.stationary_law(self.input(field))

    def is_equilibrium(self) -> Verdict:
        """Whether it settles to an equilibrium."""
        return self.process.is_equilibrium(self.constant)

    def entropy_production(self) -> Estimate:
        """Of the stationary state."""
        return self.process.entropy_production(self.constant)

    def energy(self, states: Any, field: Any = None) -> Array:
        """In units of kT, shape (trials,)."""
        return self.process.energy(states, self.input(field))

    def activity(self, states: Any) -> Array:
        """What a protocol's input couples to, in units of kT, shape (trials, n)."""
        return self.gain * self.process.activity(states)

    def scattered(self, uniforms: Array) -> Array:
        """About the stationary mean, three standard deviations to either side."""
        return self.process.mean(self.constant) + self.process.scattered(uniforms)


@dataclass(frozen=True, eq=False)
class HeldDriver:
    """The driver of the process inside, at the inputs that the whole has."""

    held: Held
    inside: LinearDriver

    @property
    def dt(self) -> float:
        """Duration of a step."""
        return self.inside.dt

    @property
    def block(self) -> int:
        """Trials that are moved together."""
        return self.inside.block

    @property
    def cost(self) -> float:
        """Nanoseconds a step of one trial."""
        return self.inside.cost

    @property
    def kernel(self) -> str:
        """The name of the way taken."""
        return self.inside.kernel

    @property
    def flow_of_heat(self) -> float | None:
        """That of the process inside."""
        return self.inside.flow_of_heat

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Carry trials through I_0 + g I."""
        held = self.held.constant + self.held.gain * values
        self.inside.carry(flight, held, first_step, relax_first, threads)


def checked_times(times: Any) -> Array:
    """Times, shape (times,), none negative.

    Raises
    ------
    InputError
        If one is.
    """
    array = checked_array(times, "times", (None,))
    if np.any(array < 0):
        raise InputError(f"times must not be negative, got {array.min():g}")
    return array
