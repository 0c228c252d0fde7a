"""A step under noise matched to a mobility that depends on the state, with the midpoint flow."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.randomness import Address
from neurothermo.dynamics.langevin.euler_maruyama import padded
from neurothermo.systems.continuous import Continuous, inputs

ROOM = 1e-12  # of a box, kept between an inner coordinate and its wall, so that potentials stay finite


def midpoint(
    system: Continuous, states: Any, field: Array, dt: float, temperature: Any, address: Address
) -> tuple[Any, Array]:
    r"""One Euler-Maruyama step of the inner coordinates, reflected at their walls.

    .. math:: y' = y + (m F + T m')\,dt + \sqrt{2 T m\,dt}\,z, \qquad
              \text{flow} = \sum_i F_i\big(\tfrac{y + y'}{2}\big) \frac{y'_i - y_i}{T}

    The log ratio of the two Gaussians is not the flow: under a mobility that varies it keeps a spurious rate as
    dt -> 0, at equilibrium too. The Stratonovich sum above has none. A variable without noise moves by its drift
    alone, and makes the flow NaN.
    """
    added, bath = inputs(system, field), np.zeros(system.dimension) + padded(temperature, system)
    inner = system.inner(states)
    force = np.asarray(system.evaluate(states)[0], dtype=np.float64) + added
    kick = np.sqrt(2 * bath * inner.mobility * (system.noise > 0) * dt) * address.normals(system.dimension)
    values = reflected(inner.values + (inner.mobility * force + bath * inner.slope) * dt + kick, system.box)
    return system.outer(values), heats(system, inner.values, values, added, bath).sum(axis=1)


def heats(system: Continuous, before: Any, after: Any, added: Array, bath: Array) -> Array:
    """Midpoint heat over T of each variable, between inner coordinates; NaN where it has no noise."""
    between = np.asarray(system.evaluate(system.outer((before + after) / 2))[0], dtype=np.float64) + added
    return np.where(system.noise > 0, between * (after - before) / bath, np.nan)


def reflected(values: Any, box: tuple[Array, Array]) -> Any:
    """Mirrored at the walls of a box; what is a whole box too far stays just inside."""
    low, high = box
    values = np.where(values < low, 2 * low - values, values)
    values = np.where(values > high, 2 * high - values, values)
    width = np.where(np.isfinite(high - low), high - low, 1.0)
    return np.clip(values, low + ROOM * width, high - ROOM * width)
