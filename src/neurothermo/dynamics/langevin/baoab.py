"""Underdamped motion by Leimkuhler and Matthews' splitting: kick, drift, thermostat, drift, kick."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.randomness import Address
from neurothermo.systems.continuous import Continuous, inputs


def baoab(
    system: Continuous, states: Any, field: Array, dt: float, temperature: Any, address: Address, *, friction: float
) -> tuple[Any, Array]:
    r"""One step of positions and velocities (columns q, then v; unit mass), velocity odd under time reversal.

    .. math:: v' = e^{-\gamma dt} v + \sqrt{T (1 - e^{-2\gamma dt})}\, z, \qquad
              \text{flow} = -\frac{v'^2 - v^2}{2T} \text{ of the thermostat}

    Kicks and drifts keep volume and run backwards when the velocity is turned round; the thermostat keeps
    Maxwell's law in detailed balance. So the heat of the thermostat over T is the exact log ratio of the step.
    """
    added, bath = inputs(system, field), np.zeros(system.dimension) + temperature
    place, speed = np.split(np.asarray(states, dtype=np.float64), 2, axis=1)
    speed = speed + dt / 2 * (system.evaluate(place)[0] + added)
    place = place + dt / 2 * speed
    keep = np.exp(-friction * dt)
    after = keep * speed + np.sqrt(bath * -np.expm1(-2 * friction * dt)) * address.normals(system.dimension)
    flow = ((speed**2 - after**2) / (2 * bath)).sum(axis=1)
    place = place + dt / 2 * after
    after = after + dt / 2 * (system.evaluate(place)[0] + added)
    return np.concatenate([place, after], axis=1), flow
