"""A Langevin step that is accepted or refused, so that exp(-E/T) is kept exactly at any dt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.randomness import Address
from neurothermo.systems.continuous import Continuous, Inner, inputs


@dataclass(frozen=True, eq=False)
class Stand:
    """States, and all that a step needs to know of where they are; nothing of it depends on the input."""

    states: npt.NDArray[Any]
    activity: Array
    energy: Array  # without the input: changing that by dI adds -dI . activity
    inner: Inner
    drift: Array  # of the inner coordinates, without the input: m F + T m'

    @classmethod
    def of(cls, system: Continuous, states: Any, temperature: float) -> Stand:
        """The one evaluation that a step costs."""
        inner = system.inner(states)
        force, activity = system.evaluate(states)
        drift = inner.mobility * force + temperature * inner.slope
        return cls(states, activity, system.energy(states, np.zeros(system.size)), inner, drift)

    def energy_at(self, field: Array) -> Array:
        """E at an input."""
        return self.energy - (self.activity * field).sum(axis=1)

    def or_else(self, taken: npt.NDArray[np.bool_], other: Stand) -> Stand:
        """This one where `taken`, the other one elsewhere."""
        rows = taken[:, None]
        inner = Inner(
            np.where(rows, self.inner.values, other.inner.values),
            np.where(rows, self.inner.mobility, other.inner.mobility),
            np.where(rows, self.inner.slope, other.inner.slope),
        )
        return Stand(
            np.where(rows, self.states, other.states), np.where(rows, self.activity, other.activity),
            np.where(taken, self.energy, other.energy), inner, np.where(rows, self.drift, other.drift),
        )  # fmt: skip


def metropolis(
    system: Continuous, states: Any, field: Array, dt: float, temperature: Any, address: Address
) -> tuple[Any, Array]:
    r"""One proposed Euler-Maruyama step of the inner coordinates, accepted by Metropolis and Hastings.

    .. math:: \ln a = -\frac{E' - E}{T} + \ln \frac{q(y' \to y)}{q(y \to y')}, \qquad
              \text{flow} = -\frac{E' - E}{T} \text{ if accepted, else } 0

    A proposal outside the walls is refused. Detailed balance holds for the step itself, so the flow is its log
    ratio, and work and heat obey the theorems at any dt. Kinetics tend to those of the equation as dt -> 0; near
    walls, where proposals are refused, as sqrt(dt).
    """
    stand, flow = walk(system, Stand.of(system, states, temperature), field, dt, temperature, address)
    return stand.states, flow


def walk(
    system: Continuous, here: Stand, field: Array, dt: float, temperature: float, address: Address
) -> tuple[Stand, Array]:
    """`metropolis` from where the trials stand to where they stand next: the system is evaluated at proposals only."""
    added, values, draws = inputs(system, field), here.inner.values, address.normals(system.dimension)
    variance = 2 * temperature * dt * here.inner.mobility
    moved = values + (here.drift + here.inner.mobility * added) * dt + np.sqrt(variance) * draws
    low, high = system.box
    inside = np.all((moved > low) & (moved < high), axis=1)
    proposed = np.where(inside[:, None], system.outer(np.where(inside[:, None], moved, values)), here.states)
    there = Stand.of(system, proposed, temperature)
    rise = (there.energy - here.energy - ((there.activity - here.activity) * field).sum(axis=1)) / temperature
    back = 2 * temperature * dt * there.inner.mobility
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # a ratio that is no number is a refusal
        gap = values - there.inner.values - (there.drift + there.inner.mobility * added) * dt
        log_ratio = -0.5 * (gap**2 / back - draws**2 + np.log(back / variance)).sum(axis=1)
        chance = np.exp(np.minimum(log_ratio - rise, 0.0))
    undefined = np.isnan(here.energy + there.energy) | np.isnan(here.drift + there.drift).any(axis=1)
    if np.any(undefined):  # an energy may be infinite, which is a wall; what is no number is passed on, and refused
        lost = np.where(undefined[:, None], np.nan, here.states)
        return replace(here, states=lost), np.where(undefined, np.nan, 0.0)
    accepted = inside & (address.bits(1, first=system.dimension)[:, 0] * 2.0**-64 < chance)
    return there.or_else(accepted, here), np.where(accepted, -rise, 0.0)
