"""Warnings where a step is long for the fastest motion, or too short for single precision."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.randomness import Stream
from neurothermo.dynamics import Langevin
from neurothermo.dynamics.langevin.euler_maruyama import padded
from neurothermo.systems.continuous import inputs

PROBES = 16
ITERATIONS = 12
SMALL_STEP = 1e-5
LONG = 0.5  # dt times the fastest rate: stable below 2, accurate well below 1
COARSE = 0.01  # rounding of a state, in standard deviations of the noise of a step
STEPS = ("euler-maruyama", "heun", "midpoint", "baoab")  # metropolis keeps its law at any dt


def warn_of_long_steps(plan: Any, law: Any, numbers: Stream) -> None:
    """Warn, with the number, where dt is large for the fastest rate at a few of the states that trials start in."""
    rule = plan.rule
    if not isinstance(rule, Langevin):
        return
    underdamped = rule.noise == "underdamped"
    system = plan.first.system if underdamped else plan.first
    step = rule.step_for(system)
    if step not in STEPS:
        return
    settled = law.draw(np.arange(PROBES), numbers, 1) if law.settled is None else law.settled[-PROBES:]
    states = np.asarray(settled, dtype=np.float64)[:, : system.dimension]
    rate = max(_rate(plan, system, step, states, field) for field in plan.protocol.values[[0, -1]])
    if rule.dt * rate > LONG:
        warnings.warn(
            f"dt = {rule.dt:g} is long for the fastest rate, about {rate:.3g} per unit time (dt x rate = "
            f"{rule.dt * rate:.2g}): steps diverge above 2 and are accurate well below 1",
            stacklevel=3,
        )
    if plan.driver.kernel.endswith("fused"):
        _warn_of_rounding(states, np.sqrt(2 * np.min(plan.temperature) * rule.dt))


def _warn_of_rounding(states: Array, noise: float) -> None:
    largest = float(np.abs(states).max())
    if np.finfo(np.float32).eps * largest > COARSE * noise:
        warnings.warn(
            f"noise of {noise:.2g} a step is lost in the single precision of states as large as {largest:.3g}: "
            "use plain=True, or move the origin to where the states are",
            stacklevel=4,
        )


def _rate(plan: Any, system: Any, step: str, states: Array, field: Array) -> float:
    """The fastest rate of the coordinates that a step moves; of velocities, the fastest frequency."""
    added = inputs(system, field)
    if step != "midpoint":
        found = fastest_rate(lambda x: np.asarray(system.evaluate(x)[0]) * system.pace, states)
        return float(np.sqrt(found)) if step == "baoab" else found
    bath = np.zeros(system.dimension) + padded(plan.temperature, system)

    def drift(values: Any) -> Array:
        inner = system.inner(system.outer(values))
        return np.asarray(inner.mobility * (system.evaluate(system.outer(values))[0] + added) + bath * inner.slope)

    return fastest_rate(drift, system.inner(states).values)


def fastest_rate(drift: Callable[[Any], Array], states: Any) -> float:
    """The largest of the Jacobian's gains at these states, by power iteration on differences of the drift."""
    direction = Stream.of(0, "fastest rate").at(np.arange(len(states)), 0).normals(states.shape[1])
    with np.errstate(all="ignore"):  # a difference may step out of a drift's domain: that state is left out
        base = drift(states)
        gain = np.zeros(len(states))
        for _ in range(ITERATIONS):
            direction /= np.linalg.norm(direction, axis=1, keepdims=True)
            direction = (drift(states + SMALL_STEP * direction) - base) / SMALL_STEP
            gain = np.linalg.norm(direction, axis=1)
            direction = np.where((gain > 0)[:, None], direction, 1.0)
    return float(gain[np.isfinite(gain)].max(initial=0.0))
