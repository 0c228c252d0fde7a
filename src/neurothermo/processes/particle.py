"""A Brownian particle under a constant force, read by its velocity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_choice, checked_number
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.gaussian import Gaussian
from neurothermo.core.randomness import digest
from neurothermo.core.verdict import Verdict
from neurothermo.processes.linear import LinearLangevin, checked_lag
from neurothermo.processes.linear_held import Held, HeldDriver, checked_times

PARITIES = ("odd", "even")
SIGNS = {"odd": -1, "even": 1}
KEPT = ("total", "flow", "shannon_rate", "housekeeping", "excess", "entropy", "divergence")


@dataclass(frozen=True)
class BrownianParticle:
    r"""The velocity of a particle in a bath, under a constant force.

    .. math:: m\, dv = (-\gamma v + F)\, dt + \sqrt{2 \gamma k T}\, dW

    It settles to a normal law about v_d = F/gamma with variance kT/m, within tau = m/gamma. Its entropy production
    depends on what a velocity does when time is reversed, which must be said:

    .. math:: \sigma_{odd} = \frac{1}{D} \left[\frac{\mu^2}{\tau^2} + s \Big(\frac1\tau - \frac Ds\Big)^2\right]
              \to \frac{F v_d}{k T}, \qquad
              \sigma_{even} = \frac{1}{D} \left[\frac{(\mu - v_d)^2}{\tau^2}
              + s \Big(\frac1\tau - \frac Ds\Big)^2\right] \to 0, \qquad D = \frac{\gamma k T}{m^2}

    for a Gaussian law of mean mu and variance s. "odd" is the physical one: the flow is the heat that the particle
    gives to the bath, over kT. "even" takes v for a signal like any other, whose stationary state is an equilibrium.
    Without a force the two agree.

    Parameters
    ----------
    mass, friction, temperature : float
        m, gamma and kT, > 0.
    force : float
        F, in units of friction times velocity.
    parity : "odd" or "even"
        What becomes of v when time is reversed: -v, or v.

    Raises
    ------
    InputError
        If an argument is not what it must be.

    Notes
    -----
    As a process it takes further forces from a protocol, one number a step. Energies of a run are in units of kT.

    References
    ----------
    Karbowski, Entropy 26, 779 (2024), starts from such a particle. The formulas are derived here for the standard
    Langevin equation, not quoted from it. Odd variables: Spinney and Ford, Phys. Rev. E 85, 051113 (2012).
    """

    mass: float = 1.0
    friction: float = 1.0
    temperature: float = 1.0
    force: float = 0.0
    parity: str = "odd"

    def __post_init__(self) -> None:
        for name in ("mass", "friction", "temperature"):
            object.__setattr__(self, name, checked_lag(getattr(self, name), name))
        object.__setattr__(self, "force", checked_number(self.force, "force"))
        checked_choice(self.parity, "parity", PARITIES)

    # -- what it is --------------------------------------------------------------------------------

    @property
    def relaxation_time(self) -> float:
        """tau = m/gamma."""
        return self.mass / self.friction

    @property
    def drift_velocity(self) -> float:
        """v_d = F/gamma."""
        return self.force / self.friction

    @property
    def diffusion(self) -> float:
        """D = gamma kT/m^2, of the velocity."""
        return self.friction * self.temperature / self.mass**2

    @cached_property
    def held(self) -> Held:
        """The same as a linear process under its constant force."""
        inside = LinearLangevin([[1 / self.relaxation_time]], self.diffusion, [SIGNS[self.parity]], "particle")
        return Held(inside, np.array([self.force / self.mass]), 1 / self.mass)

    # -- irreversibility ---------------------------------------------------------------------------

    def entropy_production(self, parity: str | None = None) -> Estimate:
        r"""Of the stationary state, nats per unit time: :math:`F v_d / kT` for an odd velocity, 0 for an even one.

        Parameters
        ----------
        parity : "odd" or "even", optional
            Default the particle's own.

        Returns
        -------
        Estimate
            Exact; ``details`` has the parity and what both would give.
        """
        parity = self.parity if parity is None else checked_choice(parity, "parity", PARITIES)
        both = {name: replace(self, parity=name).held.entropy_production().value for name in PARITIES}
        value = both[parity]
        return Estimate(
            value, 0.0, (value, value), units="nats per unit time", method=f"closed form, {parity} velocity",
            kind="exact", details={"parity": parity, **both},
        )  # fmt: skip

    def is_equilibrium(self) -> Verdict:
        """Whether the stationary state is an equilibrium: with an odd velocity, where there is no force."""
        return self.held.is_equilibrium()

    def transient(self, mean: float, variance: float, times: Any) -> Any:
        r"""Entropy, heat and information on the way to the stationary state, from a Gaussian start.

        .. math:: \frac{dH}{dt} = \sigma - \Phi = -\frac1\tau + \frac Ds, \qquad
                  \Phi_{odd} = \frac{\gamma \langle v^2 \rangle - \gamma k T/m}{k T}, \qquad
                  I_F = \frac{\dot\mu^2}{s} + \frac12 \left(\frac{\dot s}{s}\right)^2

        Parameters
        ----------
        mean, variance : float
            Of the velocity at time 0; a variance of 0 is a known velocity.
        times : array_like, shape (times,)
            Not negative.

        Returns
        -------
        xarray.Dataset
            Over `time`: mean, variance, total, flow, shannon_rate, housekeeping, excess (nats per unit time, of the
            particle's parity), entropy, divergence from the stationary law (nats), fisher_information (of the law's
            motion in time, per unit time squared) and heat_rate: what the particle gives to the bath, energy per unit
            time, which is kT flow where the velocity is odd and the same whatever the parity.

        Raises
        ------
        InputError
            If the start does not fit or a time is negative.
        """
        import xarray as xr

        mean, variance = checked_number(mean, "mean"), checked_number(variance, "variance")
        if variance < 0:
            raise InputError(f"variance must not be negative, got {variance:g}")
        path = self.held.process.transient([mean], variance, checked_times(times), self.held.constant)
        mu, s = path["mean"].values[:, 0], path["covariance"].values[:, 0, 0]
        speed = (self.drift_velocity - mu) / self.relaxation_time
        fisher = np.full(s.shape, np.inf)  # of a point, which starts to spread at once
        known = s > 0
        settling = self.diffusion / s[known] - 1 / self.relaxation_time
        fisher[known] = speed[known] ** 2 / s[known] + 2 * settling**2
        heat = self.friction * (mu**2 + s - self.temperature / self.mass)
        table = path[[*KEPT]].drop_vars(["coordinate", "other"], errors="ignore")
        more = {
            "mean": (mu, "velocity", "mean velocity"),
            "variance": (s, "velocity squared", "variance of the velocity"),
            "fisher_information": (fisher, "per unit time squared", "Fisher information about time"),
            "heat_rate": (heat, "energy per unit time", "heat given to the bath"),
        }
        variables = {
            name: ("time", values, {"units": units, "long_name": said}) for name, (values, units, said) in more.items()
        }
        attributes = {"kind": "exact", "process": repr(self), "parity": self.parity}
        return xr.Dataset({**table.data_vars, **variables}, {"time": path["time"]}, attributes)

    # -- in motion ---------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """1: a protocol gives a force."""
        return 1

    @property
    def dimension(self) -> int:
        """1: the velocity."""
        return 1

    @cached_property
    def digest(self) -> str:
        """A word that two particles share only if they are the same."""
        return digest("BrownianParticle", self.mass, self.friction, self.temperature, self.force, self.parity)

    @cached_property
    def has_energy(self) -> bool:
        """Whether the stationary state is an equilibrium."""
        return self.is_equilibrium().passed is True

    @property
    def why_no_energy(self) -> str:
        """A sentence for a particle that a force keeps going; empty where there is an energy."""
        return "" if self.has_energy else f"the force keeps the particle going: {self.is_equilibrium().sentence}"

    def energy(self, states: Any, field: Any = None) -> Array:
        """m v^2/2 in units of kT, shape (trials,); less m v (F + I)/gamma where v is even.

        Raises
        ------
        InputError
            If a force keeps an odd velocity going: it is not the slope of an energy of v.
        """
        return self.held.energy(states, field)

    def activity(self, states: Any) -> Array:
        """m v/gamma kT, shape (trials, 1): the work of a changing force on an even v, over minus the change."""
        return self.held.activity(states)

    def stationary_law(self, field: Any = None) -> Gaussian:
        """Normal, about (F + I)/gamma, of variance kT/m."""
        return self.held.stationary_law(field)

    def scattered(self, uniforms: Array) -> Array:
        """Three standard deviations to either side."""
        return self.held.scattered(uniforms)

    def driver(self, dt: float | None = None) -> HeldDriver:
        """Exact steps of any duration `dt`; default a twentieth of the relaxation time."""
        return self.held.driver(dt)
