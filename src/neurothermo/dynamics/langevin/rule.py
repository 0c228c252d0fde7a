"""Langevin's rule of motion: which noise, which step, and how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_choice, checked_positive
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import Address
from neurothermo.dynamics.langevin.baoab import baoab
from neurothermo.dynamics.langevin.euler_maruyama import euler_maruyama
from neurothermo.dynamics.langevin.heun import heun
from neurothermo.dynamics.langevin.metropolis import metropolis
from neurothermo.dynamics.langevin.midpoint import midpoint
from neurothermo.systems.continuous import is_continuous
from neurothermo.systems.massive import Massive

STEPS: dict[str, dict[str, Callable[..., tuple[Any, Array]]]] = {
    "additive": {"euler-maruyama": euler_maruyama, "heun": heun},
    "boltzmann": {"metropolis": metropolis, "midpoint": midpoint},
    "underdamped": {"baoab": baoab},
}
FLOWS = {
    "euler-maruyama": "exact log ratio of the step",
    "heun": "midpoint heat over T, which tends to the log ratio as dt -> 0",
    "metropolis": "exact log ratio of the step, -dE/T",
    "midpoint": "midpoint heat over T, which tends to the log ratio as dt -> 0 (near walls as its square root)",
    "baoab": "exact log ratio of the step, the heat of the thermostat over T",
}


@dataclass(frozen=True)
class Langevin:
    r"""Real variables under forces and noise; a step lasts `dt`.

    .. math:: \text{additive: } dx = F\,dt + \sqrt{2T}\,dW \qquad
              \text{boltzmann: } dy = (m F + T m')\,dt + \sqrt{2 T m}\,dW, \; F = -\partial E/\partial y

    Parameters
    ----------
    dt : float
        Duration of a step, in the system's unit of time.
    noise : "additive", "boltzmann" or "underdamped"
        How the bath acts. "additive": the same on every state. For a rate network that is noise on the potentials
        as Chen 2020 prints it, which drives the network out of equilibrium even where its couplings are
        symmetric. "boltzmann": matched to the mobility of the variable in which the law is exp(-E/T) (a rate
        network's activities, mobility f'(u)), which is then the equilibrium. "underdamped": states are positions
        and then velocities (odd under time reversal), of unit mass.
    step : str, optional
        additive: "euler-maruyama" (default; its flow is the exact log ratio of the step at any dt) or "heun"
        (stochastic Heun, second order in the drift; its flow is the midpoint heat). boltzmann: "metropolis"
        (default where there is an energy: moves are accepted so that exp(-E/T) is kept exactly and the flow is
        -dE/T) or "midpoint" (Euler-Maruyama with the midpoint flow; the log ratio of that step is wrong by a rate
        that does not vanish with dt). underdamped: "baoab" (its flow is the exact log ratio).
    friction : float, optional
        Of underdamped motion, per unit time; default 1.

    Raises
    ------
    InputError
        If dt is not positive, a name is unknown, or a step does not belong to the noise.

    References
    ----------
    Maruyama, Rend. Circ. Mat. Palermo 4, 48 (1955); Roberts and Tweedie, Bernoulli 2, 341 (1996); Leimkuhler and
    Matthews, Appl. Math. Res. Express 2013, 34 (2013); Sekimoto, Prog. Theor. Phys. Suppl. 130, 17 (1998);
    Chen, arXiv 2012.13252, eq. 15 and the equation below it.
    """

    dt: float
    noise: str = "additive"
    step: str | None = None
    friction: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dt", checked_positive(self.dt, "dt"))
        checked_choice(self.noise, "noise", tuple(STEPS))
        if self.step is not None:
            checked_choice(self.step, "step", tuple(name for steps in STEPS.values() for name in steps))
            if self.step not in STEPS[self.noise]:
                fitting = " or ".join(map(repr, STEPS[self.noise]))
                raise InputError(f"step {self.step!r} does not go with noise={self.noise!r}: that takes {fitting}")
        if self.friction is not None:
            if self.noise != "underdamped":
                raise InputError(f"friction belongs to noise='underdamped', got noise={self.noise!r}")
            object.__setattr__(self, "friction", checked_positive(self.friction, "friction"))

    def clock(self, size: int) -> tuple[str, float]:
        """What its rates count, and how many of it a step makes."""
        return "unit time", self.dt

    def reversed(self) -> Langevin:
        """The rule of the time-reversed experiment: itself."""
        return self

    def step_for(self, system: Any) -> str:
        """The step that a system takes."""
        if self.step is not None:
            return self.step
        if self.noise == "boltzmann" and not system.has_energy:
            return "midpoint"
        return next(iter(STEPS[self.noise]))

    def flow_is(self, system: Any) -> str:
        """What the entropy flow of a step is: an exact log ratio, or what tends to one."""
        return FLOWS[self.step_for(system)]

    def keeps_boltzmann(self, system: Any) -> bool:
        """Whether exp(-E/T) is what it settles to, at any dt or as dt -> 0."""
        return bool(system.has_energy) and (self.noise != "additive" or _flat(system))

    def why_not_boltzmann(self, system: Any) -> str:
        """A sentence for a system that this rule does not bring to exp(-E/T)."""
        if not system.has_energy:
            return "the system has no energy"
        return "additive noise on the potentials does not keep Boltzmann's law (noise='boltzmann' does)"

    def subject(self, system: Any) -> Any:
        """What has the states that this rule moves: the system, with velocities where it is underdamped."""
        return Massive(system) if self.noise == "underdamped" else system

    def check(self, system: Any, temperature: Any) -> None:
        """Raise where this rule cannot move that system."""
        if not is_continuous(system):
            raise InputError(f"Langevin moves systems of real variables, got {type(system).__name__}")
        step = self.step_for(system)
        if step == "metropolis":
            if not system.has_energy:
                raise InputError(f"step 'metropolis' needs an energy: {system.why_no_energy}; use step='midpoint'")
            if np.ndim(temperature) > 0:
                raise InputError("step 'metropolis' needs one temperature; use step='midpoint' for several baths")
        if self.noise == "boltzmann":
            system.inner(np.zeros((1, system.dimension)))
        if step == "baoab" and not _flat(system):
            raise InputError("noise 'underdamped' needs a system whose energy is a function of its positions")

    def move(
        self, system: Any, states: npt.NDArray[Any], field: Array, *, temperature: Any, address: Address
    ) -> tuple[npt.NDArray[Any], Array]:
        """One step of every trial, as `Rule.move` says: double precision, in plain NumPy."""
        step = self.step_for(system)
        more = {"friction": self.friction or 1.0} if step == "baoab" else {}
        return STEPS[self.noise][step](system, states, field, self.dt, temperature, address, **more)


def _flat(system: Any) -> bool:
    """Whether forces are minus the gradient of the energy in the state itself, all mobilities one."""
    probe = np.linspace(-50.0, 50.0, 201)[:, None] * np.ones(system.dimension)  # wide: gains may be flat in parts
    try:
        with np.errstate(all="ignore"):
            inner = system.inner(probe)
    except InputError:  # a gain without an inverse, say: then V is not u
        return False
    return bool(np.array_equal(inner.values, probe) and np.all(inner.mobility == 1) and np.all(system.noise == 1))
