"""A Langevin step that is accepted or refused, so that exp(-E/T) is kept exactly at any dt."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.randomness import Address
from neurothermo.systems.continuous import Continuous, Inner, inputs


def metropolis(
    system: Continuous, states: Any, field: Array, dt: float, temperature: Any, address: Address
) -> tuple[Any, Array]:
    r"""One proposed Euler-Maruyama step of the inner coordinates, accepted by Metropolis and Hastings.

    .. math:: \ln a = -\frac{E' - E}{T} + \ln \frac{q(y' \to y)}{q(y \to y')}, \qquad
              \text{flow} = -\frac{E' - E}{T} \text{ if accepted, else } 0

    A proposal outside the walls is refused. Detailed balance holds for the step itself, so the flow is its log
    ratio, and work and heat obey the theorems at any dt; kinetics tend to those of the equation as dt -> 0.
    """
    added = inputs(system, field)
    energy = system.energy(states, field)
    inner = system.inner(states)
    force = np.asarray(system.evaluate(states)[0], dtype=np.float64) + added
    draws = address.normals(system.dimension)
    values = (
        inner.values + _drift(inner, force, temperature) * dt + np.sqrt(2 * temperature * inner.mobility * dt) * draws
    )
    low, high = system.box
    inside = np.all((values > low) & (values < high), axis=1)
    proposed = np.where(inside[:, None], system.outer(np.where(inside[:, None], values, inner.values)), states)
    there = system.inner(proposed)
    after = np.asarray(system.evaluate(proposed)[0], dtype=np.float64) + added
    rise = (system.energy(proposed, field) - energy) / temperature
    back = _log_step(there, after, inner.values, dt, temperature)
    forth = _log_step(inner, force, there.values, dt, temperature)
    with np.errstate(over="ignore", invalid="ignore"):
        chance = np.exp(np.minimum(back - forth - rise, 0.0))
    accepted = inside & (address.bits(1, first=system.dimension)[:, 0] * 2.0**-64 < chance)
    return np.where(accepted[:, None], proposed, states), np.where(accepted, -rise, 0.0)


def _drift(inner: Inner, force: Array, temperature: float) -> Array:
    return np.asarray(inner.mobility * force + temperature * inner.slope)


def _log_step(inner: Inner, force: Array, values: Any, dt: float, temperature: float) -> Array:
    """ln q(y -> values), up to what both directions share."""
    variance = 2 * temperature * inner.mobility * dt
    gap = values - inner.values - _drift(inner, force, temperature) * dt
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(-0.5 * (gap**2 / variance + np.log(variance)).sum(axis=1))
