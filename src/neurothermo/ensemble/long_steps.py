"""A warning where a step is long for the fastest motion."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from neurothermo.core.randomness import Stream
from neurothermo.dynamics import Langevin
from neurothermo.systems.continuous import is_continuous

PROBES = 16
ITERATIONS = 12
SMALL_STEP = 1e-5
LONG = 0.5  # dt times the fastest rate: stable below 2, accurate well below 1


def warn_of_long_steps(plan: Any, law: Any, numbers: Stream) -> None:
    """Warn, with the number, where dt is large for the fastest rate at a few of the states that trials start in."""
    if not isinstance(plan.rule, Langevin) or not is_continuous(plan.first) or plan.rule.noise != "additive":
        return
    states = np.asarray(law.draw(np.arange(PROBES), numbers, 1), dtype=np.float64)
    rate = fastest_rate(plan.first, states)
    if plan.rule.dt * rate > LONG:
        warnings.warn(
            f"dt = {plan.rule.dt:g} is long for the fastest rate, about {rate:.3g} per unit time (dt x rate = "
            f"{plan.rule.dt * rate:.2g}): steps diverge above 2 and are accurate well below 1",
            stacklevel=3,
        )


def fastest_rate(system: Any, states: Any) -> float:
    """The largest of the Jacobian's gains at these states, by power iteration on differences of the forces."""
    direction = Stream.of(0, "fastest rate").at(np.arange(len(states)), 0).normals(system.dimension)
    base = np.asarray(system.evaluate(states)[0]) * system.pace
    gain = np.zeros(len(states))
    for _ in range(ITERATIONS):
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        nearby = np.asarray(system.evaluate(states + SMALL_STEP * direction)[0]) * system.pace
        direction = (nearby - base) / SMALL_STEP
        gain = np.linalg.norm(direction, axis=1)
        direction = np.where(gain[:, None] > 0, direction, 1.0)
    return float(gain.max(initial=0.0))
