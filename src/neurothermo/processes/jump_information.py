"""Information that flows between subsystems of a Markov jump process, each jump changing one of them."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_count, shape_of, shown
from neurothermo.core.errors import InputError
from neurothermo.processes.jump_balance import UNITS, dissipation
from neurothermo.processes.jump_rates import Edges, Integers


def labels_of(partition: Any, size: int) -> Integers:
    """The state of each subsystem in each state of the whole, shape (states, subsystems).

    `partition` is the number of states of each subsystem, the last one running fastest; or the labels themselves.

    Raises
    ------
    InputError
        If the sizes do not multiply to the number of states, or two states have the same labels.
    """
    if len(shape_of(partition, "partition")) == 1:
        sizes = tuple(checked_count(one, "partition") for one in partition)
        if prod(sizes) != size or len(sizes) < 2:
            raise InputError(f"partition must be at least two sizes whose product is {size}, got {shown(sizes)}")
        return np.stack(np.unravel_index(np.arange(size), sizes), axis=1).astype(np.int64)
    labels = checked_array(partition, "partition", (size, None))
    if np.any(labels != np.round(labels)) or labels.shape[1] < 2:
        raise InputError("partition must hold whole numbers, one column for each of at least two subsystems")
    if len(np.unique(labels, axis=0)) < size:
        raise InputError("partition must tell all states apart, got two with the same labels")
    return labels.astype(np.int64)


def mover(edges: Edges, labels: Integers) -> Integers:
    """Which subsystem each transition changes.

    Raises
    ------
    InputError
        If one changes two.
    """
    changed = labels[edges.source] != labels[edges.target]
    several = np.flatnonzero(changed.sum(axis=1) > 1)
    if several.size:
        i, j = edges.source[several[0]], edges.target[several[0]]
        movers = " and ".join(str(column) for column in np.flatnonzero(changed[several[0]]))
        raise InputError(
            f"rates must change one subsystem at a time: the jump from {i} {tuple(labels[i].tolist())} to {j} "
            f"{tuple(labels[j].tolist())} changes subsystems {movers} at once"
        )
    return np.argmax(changed, axis=1)


def information_flows(edges: Edges, law: Array, labels: Integers) -> Any:
    """The dataset of `MarkovJump.information_flows`."""
    import xarray as xr

    moves = mover(edges, labels)
    columns = np.array([_share(edges, law, labels[:, one], moves == one) for one in range(labels.shape[1])]).T
    meanings = {
        "information_flow": "rate of change of the information between subsystems by its jumps",
        "shannon_rate": "rate of change of its own entropy",
        "flow": "entropy flow into its bath",
        "production": "its entropy production: shannon_rate + flow - information_flow",
    }
    variables: dict[str, Any] = {
        name: ("subsystem", column, {"units": UNITS, "long_name": long_name})
        for (name, long_name), column in zip(meanings.items(), columns, strict=True)
    }
    about = {"units": UNITS, "long_name": "rate of change of the information between all subsystems"}
    variables["information_rate"] = ((), float(columns[0].sum()), about)
    return xr.Dataset(variables, {"subsystem": np.arange(labels.shape[1])}, {"units": UNITS, "kind": "exact"})


def _share(edges: Edges, law: Array, label: Integers, mine: Any) -> tuple[float, float, float, float]:
    """Information flow, entropy rate, entropy flow and production by the jumps of one subsystem."""
    source, target = edges.source[mine], edges.target[mine]
    _, label = np.unique(label, return_inverse=True)
    alone = np.bincount(label, law)
    flux, ratio = edges.rate[mine] * law[source], edges.log_ratio[mine]
    used = flux > 0
    with np.errstate(divide="ignore"):
        own = np.log(alone[label[source[used]]]) - np.log(alone[label[target[used]]])
        joint = np.log(law[source[used]]) - np.log(law[target[used]])
    shannon, both = float(flux[used] @ own), float(flux[used] @ joint)
    pairs = (source < target) | edges.one_way[mine]
    forth = flux[pairs]
    back = edges.back[mine][pairs] * law[target[pairs]]
    return shannon - both, shannon, float(flux[used] @ ratio[used]), float(dissipation(forth, back).sum())
