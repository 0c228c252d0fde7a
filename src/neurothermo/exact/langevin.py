"""Entropy production of a system of few real variables under Langevin's rule: the Fokker-Planck equation on a grid."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import checked_array, checked_temperatures
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.dynamics import Langevin
from neurothermo.exact.fokker_planck import langevin_entropy_production
from neurothermo.systems.continuous import inputs, is_continuous, why_no_law

MOST_VARIABLES = 3
MARGIN = 1e-9  # of a box with walls, left out: the mobility vanishes on them


def production_of_variables(system: Any, rule: Any, temperature: Any, field: Any) -> Estimate:
    """sigma in nats per unit time, in the limit dt -> 0 of the rule.

    Raises
    ------
    InputError
        If the rule does not move the system by overdamped noise on every variable, there are more than three, or the
        noise is matched to an energy that does not confine the system.
    """
    if not isinstance(rule, Langevin) or not is_continuous(system):
        raise InputError(f"rule must be Langevin(...) for a system of real variables, got {rule!r}")
    temperature = checked_temperatures(temperature, system.size)
    rule.check(system, temperature)
    field = np.zeros(system.size) if field is None else checked_array(field, "field", (system.size,))
    if rule.noise == "underdamped":
        raise InputError("entropy production on a grid is for overdamped noise; of underdamped motion simulate it")
    if rule.keeps_boltzmann(system) and np.ndim(temperature) == 0:
        if why := why_no_law(system, field, float(temperature)):
            raise InputError(f"system has no stationary state: {why}")
        return Estimate(
            0.0, 0.0, (0.0, 0.0), units="nats per unit time", temperature=float(temperature), kind="exact",
            method="detailed balance",
            diagnostics=("The noise is matched to the energy: exp(-E/T) is an equilibrium.",),
        )  # fmt: skip
    if system.dimension > MOST_VARIABLES:
        raise InputError(
            f"entropy production on a grid needs at most {MOST_VARIABLES} variables, got {system.dimension}: use "
            "entropy_production() of a stationary run"
        )
    added, bath = inputs(system, field), np.zeros(system.dimension) + temperature
    if rule.noise == "additive":
        return langevin_entropy_production(
            lambda x: system.pace * (np.asarray(system.evaluate(x)[0]) + added),
            lambda x: np.broadcast_to(bath * system.noise, x.shape),
            system.dimension,
        )

    def drift(values: Any) -> Any:
        states = system.outer(values)
        inner = system.inner(states)
        return inner.mobility * (np.asarray(system.evaluate(states)[0]) + added) + bath * inner.slope

    low, high = system.box
    walls = None
    if np.all(np.isfinite([low, high])):
        walls = np.stack([low + MARGIN * (high - low), high - MARGIN * (high - low)], axis=1)
    return langevin_entropy_production(
        drift, lambda y: bath * system.inner(system.outer(y)).mobility, system.dimension, box=walls
    )
