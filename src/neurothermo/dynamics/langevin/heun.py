"""Heun's stochastic step under additive noise: second order in the drift, with the midpoint heat."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.randomness import Address
from neurothermo.dynamics.langevin.euler_maruyama import padded
from neurothermo.systems.continuous import Continuous, inputs


def heun(
    system: Continuous, states: Any, field: Array, dt: float, temperature: Any, address: Address
) -> tuple[Any, Array]:
    r"""One step, and its Stratonovich heat over T.

    .. math:: \tilde x = x + n F dt + \xi, \quad x' = x + n \tfrac12 (F + \tilde F) dt + \xi, \quad
              \text{flow} = \sum_i \frac{(F_i + F'_i)(x'_i - x_i)}{2T}

    This is not the log ratio of the step, which has no closed form, but what the ratio tends to as dt -> 0.
    """
    added, bath = inputs(system, field), np.zeros(system.dimension) + padded(temperature, system)
    force = np.asarray(system.evaluate(states)[0], dtype=np.float64) + added
    kick = np.sqrt(2 * bath * system.noise * dt) * address.normals(system.dimension)
    guess = states + system.pace * dt * force + kick
    there = np.asarray(system.evaluate(guess)[0], dtype=np.float64) + added
    moved = system.pace * dt * (force + there) / 2 + kick
    new = states + moved
    after = np.asarray(system.evaluate(new)[0], dtype=np.float64) + added
    flow = moved * (force + after) / (2 * bath)
    return new, np.where(system.noise > 0, flow, np.nan).sum(axis=1)
