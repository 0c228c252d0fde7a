"""Cycles of a Markov jump process: a spanning tree, and one cycle for each pair of states beyond it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.processes.jump_rates import Edges, Integers

ROUNDING = 1e-12  # an affinity this small, times the largest potential difference or 1, is none


@dataclass(frozen=True, eq=False)
class Forest:
    """A spanning tree of transitions that have a way back, and what it says of the pairs of states beyond it.

    Parameters
    ----------
    edges : Edges
        Connected, every transition with a way back.
    parent, depth : array of int, shape (states,)
        Towards the root, which has parent -1.
    potential : array, shape (states,)
        ln of the rates forth over those back, summed along the tree: ln p where there is detailed balance.
    chords : array of int
        The pairs beyond the tree, numbers of transitions.
    """

    edges: Edges
    parent: Integers
    depth: Integers
    potential: Array
    chords: Integers

    @classmethod
    def of(cls, edges: Edges) -> Forest:
        """Breadth first, from state 0."""
        from scipy.sparse.csgraph import breadth_first_order

        order, parent = breadth_first_order(edges.generator.T, 0, directed=True)
        parent = np.where(parent < 0, -1, parent).astype(np.int64)
        keys = edges.source * edges.size + edges.target
        branch = np.searchsorted(keys, parent[order[1:]] * edges.size + order[1:])
        depth, potential = np.zeros(edges.size, dtype=np.int64), np.zeros(edges.size)
        for state, step in zip(order[1:], edges.log_ratio[branch], strict=True):
            depth[state] = depth[parent[state]] + 1
            potential[state] = potential[parent[state]] + step
        pairs = edges.pairs
        low, high = edges.source[pairs], edges.target[pairs]
        chords = pairs[(parent[low] != high) & (parent[high] != low)]
        return cls(edges, parent, depth, potential, chords)

    @cached_property
    def affinities(self) -> Array:
        """Of the cycle that each chord closes, in the chord's direction; nats."""
        low, high = self.edges.source[self.chords], self.edges.target[self.chords]
        return self.edges.log_ratio[self.chords] - (self.potential[high] - self.potential[low])

    @cached_property
    def balanced(self) -> bool:
        """Whether all affinities vanish, to rounding."""
        scale = max(1.0, float(np.ptp(self.potential)))
        return bool(np.all(np.abs(self.affinities) <= ROUNDING * scale * max(1, int(self.depth.max()))))

    def cycle(self, chord: int) -> list[int]:
        """The states of the cycle of a transition, from its source over its target back to its source."""
        out, home = int(self.edges.target[chord]), int(self.edges.source[chord])
        there, back = [out], [home]
        while there[-1] != back[-1]:
            longer = there if self.depth[there[-1]] >= self.depth[back[-1]] else back
            longer.append(int(self.parent[longer[-1]]))
        return [home, *there, *back[-2::-1]] if len(back) > 1 else [home, *there]


def check_two_way(edges: Edges) -> None:
    """Refuse a transition without a way back: its affinity is infinite.

    Raises
    ------
    InputError
        Naming it.
    """
    if np.any(edges.one_way):
        first = int(np.flatnonzero(edges.one_way)[0])
        i, j = edges.source[first], edges.target[first]
        raise InputError(
            f"rates must lead both ways for cycles: there is a way from {i} to {j} (rates[{j}, {i}] = "
            f"{edges.rate[first]:g}) and none back, so affinities are infinite"
        )


def cycles(edges: Edges, law: Array, names: Integers) -> Any:
    """The dataset of `MarkovJump.cycles`; `names` are the numbers of the states."""
    import xarray as xr

    check_two_way(edges)
    forest = Forest.of(edges)
    chords = forest.chords
    current = edges.rate[chords] * law[edges.source[chords]] - edges.back[chords] * law[edges.target[chords]]
    forth = np.where(current < 0, -1.0, 1.0)
    paths = []
    for chord, sign in zip(chords, forth, strict=True):
        states = forest.cycle(int(chord))[:: int(sign)]
        paths.append(" -> ".join(str(names[state]) for state in states))
    current, affinity = current * forth, forest.affinities * forth
    value = current * affinity
    about = {"units": "nats per unit time", "long_name": "current times affinity"}
    variables: dict[str, Any] = {
        "current": ("cycle", current, {"units": "cycles per unit time", "long_name": "current around the cycle"}),
        "affinity": ("cycle", affinity, {"units": "nats", "long_name": "what one turn hands to the bath"}),
        "value": ("cycle", value, about),
        "stderr": ("cycle", 0 * value, {"units": about["units"]}),
        "low": ("cycle", value, {"units": about["units"]}),
        "high": ("cycle", value, {"units": about["units"]}),
        "total": ((), float(value.sum()), {**about, "long_name": "entropy production"}),
    }
    coordinates = {"cycle": np.arange(len(chords)), "path": ("cycle", np.array(paths, dtype=object))}
    return xr.Dataset(variables, coordinates, {"units": about["units"], "kind": "exact"})
