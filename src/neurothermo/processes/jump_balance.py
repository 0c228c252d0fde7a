"""Entropy production of a Markov jump process at a law: pair by pair of states, and whether there is any."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.estimate import Estimate
from neurothermo.core.verdict import Verdict
from neurothermo.processes.jump_cycles import Forest
from neurothermo.processes.jump_rates import Edges, Integers

UNITS = "nats per unit time"


def dissipation(forth: Array, back: Array) -> Array:
    """(a - b) ln(a / b) of fluxes there and back: 0 where both are, +inf where one is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (forth - back) * (np.log(forth) - np.log(back))
    return np.where(forth == back, 0.0, found)


def pair_fluxes(edges: Edges, law: Array) -> tuple[Array, Array]:
    """Forth and back between each pair of states that are joined."""
    pairs = edges.pairs
    return edges.rate[pairs] * law[edges.source[pairs]], edges.back[pairs] * law[edges.target[pairs]]


def production_rate(edges: Edges, law: Array) -> float:
    """Schnakenberg's sum at any law."""
    return float(dissipation(*pair_fluxes(edges, law)).sum())


def flow_rate(edges: Edges, law: Array) -> float:
    """What flows into the bath at a law; +inf where a transition without a way back is taken."""
    flux = edges.rate * law[edges.source]
    used = flux > 0
    return float(flux[used] @ edges.log_ratio[used])


def one_way_flux(edges: Edges, law: Array) -> int | None:
    """The transition without a way back that is taken most often, or None."""
    flux = np.where(edges.one_way, edges.rate * law[edges.source], 0.0)
    return int(np.argmax(flux)) if len(flux) and flux.max() > 0 else None


def entropy_production(edges: Edges, found: Any) -> Estimate:
    """The estimate of `MarkovJump.entropy_production`; `found` is its stationary law."""
    value, flow = production_rate(edges, found.law), flow_rate(edges, found.law)
    sentences: tuple[str, ...] = ()
    if (worst := one_way_flux(edges, found.law)) is not None:
        i, j = edges.source[worst], edges.target[worst]
        sentences = (
            f"Infinite: jumps from {i} to {j} happen ({edges.rate[worst] * found.law[i]:.4g} per unit time) and none "
            f"from {j} to {i} ever does, rates[{i}, {j}] = 0.",
        )
    details = {"route": found.route, "residual": found.residual, "flow": flow}
    return Estimate(
        value, 0.0, (value, value), units=UNITS, method=f"sum over pairs of states, {found.route}", kind="exact",
        diagnostics=sentences, details=details,
    )  # fmt: skip


def entropy_production_map(edges: Edges, law: Array) -> Any:
    """The dataset of `MarkovJump.entropy_production_map`."""
    import xarray as xr

    forth, back = pair_fluxes(edges, law)
    value = dissipation(forth, back)
    with np.errstate(divide="ignore", invalid="ignore"):
        force = np.where(forth == back, 0.0, np.log(forth) - np.log(back))
    one = ("pair", value, {"units": UNITS, "long_name": "entropy production between two states"})
    variables: dict[str, Any] = {
        "value": one,
        "stderr": ("pair", np.zeros_like(value), {"units": UNITS}),
        "low": one,
        "high": one,
        "current": ("pair", forth - back, {"units": "jumps per unit time", "long_name": "net jumps, source to target"}),
        "force": ("pair", force, {"units": "nats", "long_name": "ln of the jumps forth over those back"}),
        "total": ((), float(value.sum()), {"units": UNITS}),
    }
    ends = {"source": ("pair", edges.source[edges.pairs]), "target": ("pair", edges.target[edges.pairs])}
    return xr.Dataset(variables, {"pair": np.arange(len(value)), **ends}, {"units": UNITS, "kind": "exact"})


def detailed_balance(edges: Edges, names: Integers) -> Verdict:
    """Kolmogorov's criterion on the states that are visited for ever; `names` are their numbers."""
    if np.any(edges.one_way):
        first = int(np.flatnonzero(edges.one_way)[0])
        i, j = names[edges.source[first]], names[edges.target[first]]
        sentence = f"state {i} leads to {j} and {j} not to {i}"
        return Verdict(False, sentence, slope=np.inf, expected=0.0, details={"path": f"{i} -> {j}"})
    if edges.size == 1:
        return Verdict(True, "one state is never left", slope=0.0, expected=0.0)
    forest = Forest.of(edges)
    if not len(forest.chords):
        return Verdict(True, "there are no cycles", slope=0.0, expected=0.0)
    worst = int(np.argmax(np.abs(forest.affinities)))
    affinity, states = float(forest.affinities[worst]), forest.cycle(int(forest.chords[worst]))
    path = " -> ".join(str(names[state]) for state in (states if affinity >= 0 else states[::-1]))
    details = {"path": path, "affinity": abs(affinity), "cycles": len(forest.chords)}
    if forest.balanced:
        sentence = f"none of {len(forest.chords)} fundamental cycles has an affinity above {abs(affinity):.1g} nats"
        return Verdict(True, sentence, slope=abs(affinity), expected=0.0, details=details)
    sentence = (
        f"the cycle {path} has an affinity of {abs(affinity):.4g} nats, the largest of {len(forest.chords)} "
        "fundamental cycles"
    )
    return Verdict(False, sentence, slope=abs(affinity), expected=0.0, details=details)
