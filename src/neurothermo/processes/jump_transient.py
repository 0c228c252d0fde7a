"""A law of states in motion: exactly, with no difference of nearly equal numbers, and its entropy balance."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.errors import InputError
from neurothermo.processes.jump_balance import flow_rate, production_rate
from neurothermo.processes.jump_rates import Edges

LARGEST_DENSE = 256  # states, up to which the propagator is a matrix
SMALL = 0.5  # escape rate times time, where the series starts
LONGEST_SUM = 1e6  # jumps of a vector: beyond, in a large chain, the time is too long
PIECE = 200.0  # jumps in one series of a vector: exp(-PIECE) is still far from underflow
RATE = "nats per unit time"
SERIES = {
    "total": (RATE, "entropy production"),
    "flow": (RATE, "entropy flow into the bath"),
    "shannon_rate": (RATE, "rate of change of the entropy"),
    "housekeeping": (RATE, "housekeeping entropy production"),
    "excess": (RATE, "excess entropy production"),
    "entropy": ("nats", "entropy of the law"),
    "divergence": ("nats", "divergence from the stationary law"),
}


def propagator(edges: Edges, time: float) -> Array:
    r"""exp(W t), shape (n, n), by sums and products of numbers that are not negative.

    With c the fastest escape, exp(W t) = [exp(-c s) sum_k (W + c)^k s^k / k!]^(2^m), s = t / 2^m: every entry keeps its
    relative accuracy, however small.
    """
    fastest = float(edges.escape.max())
    if not np.isfinite(fastest * time):
        raise InputError(f"a time of {time:g} is too long for rates up to {fastest:g}: their product is no number")
    halvings = max(0, int(np.ceil(np.log2(max(fastest * time, 1e-300) / SMALL))))
    short = time / 2.0**halvings
    stays = np.arange(edges.size)
    jumps = np.zeros((edges.size, edges.size))
    jumps[edges.target, edges.source] = edges.rate * short
    jumps[stays, stays] = (fastest - edges.escape) * short
    found = term = np.eye(edges.size)
    for k in range(1, 30):  # 0.5^29 / 29! is below any rounding, also of the smallest entry that a path can reach
        term = jumps @ term / k
        found = found + term
    found /= found.sum(axis=0)
    for _ in range(halvings):
        found = found @ found
        found /= found.sum(axis=0)
    return np.asarray(found)


def propagated(edges: Edges, law: Array, time: float) -> Array:
    """The law after a time, as a mean over the number of jumps at the pace of the fastest escape.

    Raises
    ------
    InputError
        If the time is too long for that.
    """
    if time == 0 or not len(edges.rate):
        return law
    if edges.size <= LARGEST_DENSE:
        return propagator(edges, time) @ law
    fastest = float(edges.escape.max())
    if fastest * time > LONGEST_SUM:
        raise InputError(
            f"times must be shorter in a chain of {edges.size} states: {time:g} is {fastest * time:.2g} times the "
            f"shortest stay, at most {LONGEST_SUM:g} are followed"
        )
    pieces = max(1, int(np.ceil(fastest * time / PIECE)))
    mean = fastest * time / pieces
    for _ in range(pieces):
        term, found, done, k = law, np.exp(-mean) * law, np.exp(-mean), 0
        weight = done
        while k < mean or weight > 1e-18:
            k += 1
            term = term + edges.drift(term) / fastest
            weight *= mean / k
            found, done = found + weight * term, done + weight
        law = found / found.sum()
    return law


def transient(edges: Edges, start: Array, times: Any, kept: Array, about: str) -> Any:
    """The dataset of `MarkovJump.transient`; `kept` is the stationary law."""
    import xarray as xr

    times = checked_array(times, "times", (None,))
    if np.any(times < 0):
        raise InputError(f"times must not be negative, got {times.min():g}")
    laws = np.empty((len(times), edges.size))
    law, now = start, 0.0
    for place in np.argsort(times, kind="stable"):
        law, now = propagated(edges, law, float(times[place]) - now), float(times[place])
        laws[place] = law
    rows = [balance(edges, row, kept) for row in laws]
    variables: dict[str, Any] = {"p": (("time", "state"), laws, {"units": "1", "long_name": "probability"})}
    for name, (units, long_name) in SERIES.items():
        series = np.array([row[name] for row in rows])
        variables[name] = ("time", series, {"units": units, "long_name": long_name})
    why = "" if np.all(kept > 0) else (
        "some states are left for good: while they are occupied the divergence from the stationary law is infinite, "
        "and housekeeping and excess are not defined"
    )  # fmt: skip
    coordinates = {"time": times, "state": np.arange(edges.size)}
    return xr.Dataset(variables, coordinates, {"kind": "exact", "process": about, "why": why})


def balance(edges: Edges, law: Array, kept: Array) -> dict[str, float]:
    """Every series at one law."""
    drift = edges.drift(law)
    flow, split = flow_rate(edges, law), bool(np.all(kept[law > 0] > 0))
    return {
        "total": production_rate(edges, law),
        "flow": flow,
        "shannon_rate": -_weighted(drift, law, np.ones_like(law)),
        "housekeeping": housekeeping_rate(edges, law, kept) if split else np.nan,
        "excess": -_weighted(drift, law, kept) if split else np.nan,
        "entropy": entropy(law),
        "divergence": divergence(law, kept),
    }


def housekeeping_rate(edges: Edges, law: Array, kept: Array) -> float:
    """Flux times the ln of how much more often the stationary law goes this way than back."""
    flux = edges.rate * law[edges.source]
    used = flux > 0
    with np.errstate(divide="ignore"):
        ratio = edges.log_ratio[used] + np.log(kept[edges.source[used]]) - np.log(kept[edges.target[used]])
    return float(flux[used] @ ratio)


def entropy(law: Array) -> float:
    """In nats."""
    occupied = law[law > 0]
    return 0.0 - float(occupied @ np.log(occupied))


def divergence(law: Array, other: Array) -> float:
    """D(law || other) in nats; +inf where `law` has a state that `other` has not."""
    occupied = law > 0
    if np.any(other[occupied] == 0):
        return np.inf
    return float(law[occupied] @ np.log(law[occupied] / other[occupied]))


def _weighted(drift: Array, law: Array, other: Array) -> float:
    """sum of dp/dt ln(law / other), where something moves."""
    moving = drift != 0
    with np.errstate(divide="ignore"):
        return float(drift[moving] @ (np.log(law[moving]) - np.log(other[moving])))
