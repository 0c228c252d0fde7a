"""How the flow of a step divides among the parts of a system, from where the step began and where it ended."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.dynamics.langevin.euler_maruyama import padded
from neurothermo.dynamics.langevin.metropolis import Stand
from neurothermo.dynamics.langevin.midpoint import heats
from neurothermo.dynamics.langevin.rule import Langevin
from neurothermo.systems.continuous import Continuous, inputs

Parts = dict[str, slice]


def by_variable(
    system: Continuous, rule: Langevin, ends: tuple[Any, Any], held: Array, temperature: Any, parts: Parts
) -> dict[str, Array]:
    """Sums of the flow over the variables of each part: every step but metropolis adds its flow up in this way."""
    added, bath = inputs(system, held), np.zeros(system.dimension) + padded(temperature, system)
    if rule.step_for(system) == "midpoint":
        each = heats(system, system.inner(ends[0]).values, system.inner(ends[1]).values, added, bath)
    else:
        each = _trapezoids(system, rule, ends, added, bath)
    return {name: each[:, columns].sum(axis=1) for name, columns in parts.items()}


def _trapezoids(system: Continuous, rule: Langevin, ends: tuple[Any, Any], added: Array, bath: Array) -> Array:
    """Flow of each variable under additive noise, NaN where it has none."""
    before, after = (np.asarray(system.evaluate(states)[0], dtype=np.float64) + added for states in ends)
    flow = (ends[1] - ends[0]) * (before + after) / (2 * bath)
    if rule.step_for(system) == "euler-maruyama":
        flow += system.noise * rule.dt * (after**2 - before**2) / (4 * bath)
    return np.where(system.noise > 0, flow, np.nan)


def by_energy(
    system: Continuous, here: Stand, there: Stand, held: Array, temperature: float, parts: Parts
) -> dict[str, Array]:
    r"""An accepted change of energy, divided symmetrically among parts that interact.

    Part after part is put where it ended, in the order given and in the opposite one; a part has the mean of what it
    changed. For two, A and B: :math:`\tfrac12 [E(A', B) - E(A, B) + E(A', B') - E(A, B')]` of A, the rest of B.
    """
    found = {name: np.zeros(len(here.states)) for name in parts}
    for order in (list(parts), list(parts)[::-1]):
        states, energies = here.states.copy(), [here.energy_at(held)]
        for name in order[:-1]:
            states[:, parts[name]] = there.states[:, parts[name]]
            energies.append(system.energy(states, held))
        energies.append(there.energy_at(held))
        for name, (before, after) in zip(order, pairwise(energies), strict=True):
            found[name] -= (after - before) / (2 * temperature)
    return found
