"""Euler and Maruyama's step under additive noise, with the exact log ratio of its densities."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.randomness import Address
from neurothermo.systems.continuous import Continuous, inputs


def euler_maruyama(
    system: Continuous, states: Any, field: Array, dt: float, temperature: Any, address: Address
) -> tuple[Any, Array]:
    r"""One step, and ln p(x -> x') - ln p(x' -> x).

    .. math:: x' = x + n F dt + \sqrt{2 T n\,dt}\,z, \qquad
              \text{flow} = \sum_i \frac{(F_i + F'_i)(x'_i - x_i)}{2T} + n_i dt \frac{F_i'^2 - F_i^2}{4T}

    The second sum completes the ratio of the two Gaussians; it telescopes at a fixed input. Where a variable has
    no noise the ratio does not exist, and the flow is NaN.
    """
    added, bath = inputs(system, field), np.zeros(system.dimension) + padded(temperature, system)
    force = np.asarray(system.evaluate(states)[0], dtype=np.float64) + added
    moved = system.pace * dt * force + np.sqrt(2 * bath * system.noise * dt) * address.normals(system.dimension)
    new = states + moved
    after = np.asarray(system.evaluate(new)[0], dtype=np.float64) + added
    flow = moved * (force + after) / (2 * bath) + system.noise * dt * (after**2 - force**2) / (4 * bath)
    return new, np.where(system.noise > 0, flow, np.nan).sum(axis=1)


def padded(temperature: Any, system: Continuous) -> Any:
    """One temperature, or one a variable: those given for the driven variables, their mean for the others."""
    if np.ndim(temperature) == 0 or system.dimension == system.size:
        return temperature
    rest = np.full(system.dimension - system.size, np.mean(temperature))
    return np.concatenate([temperature, rest])
