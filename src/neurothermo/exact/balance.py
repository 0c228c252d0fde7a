"""The second law of a law that moves: entropy production of one step, and its two origins."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.exact.odds import checked_law
from neurothermo.exact.steady import law_of
from neurothermo.exact.ticks import Tick, tick_of

UNDERFLOW = (
    "The law occupies states whose stationary probability is below what a float can hold: housekeeping and excess are "
    "not known there. Raise the temperature."
)
PARTS = ("total", "shannon_change", "flow", "housekeeping", "excess")


def entropy_balance(system: Any, rule: Any, law: Any, *, temperature: Any, field: Any = None) -> Any:
    r"""The entropy production of one tick from any law, split in two ways.

    .. math:: \mathrm{total} &= [S(p') - S(p)] + \mathrm{flow} = \mathrm{housekeeping} + \mathrm{excess}
                                \qquad (p' = T p) \\
              \mathrm{housekeeping} &= \sum_{x, y} T(x \to y)\, p(x)
                                \ln \frac{T(x \to y)\, \pi(x)}{T(y \to x)\, \pi(y)} \ge 0 \\
              \mathrm{excess} &= D(p \| \pi) - D(p' \| \pi) \ge 0

    Housekeeping is what it costs to stay out of equilibrium, excess what it costs to relax. A tick is one attempt
    (random order) or a step (parallel). Sequential order goes attempt by attempt, pi moving along with its period:
    excess = D(p || pi) - D(p' || pi') there, still >= 0, and housekeeping the rest, which may be negative while p is
    far from pi. On a law that moves, total is less than Schnakenberg's formula, by D(p' || p).

    Parameters
    ----------
    system, rule, temperature, field
        As for `entropy_production`.
    law : array_like, shape (2^N,)
        p, before the tick; bit i of a state's number set: neuron i up.

    Returns
    -------
    xarray.Dataset
        `total`, `shannon_change`, `flow`, `housekeeping`, `excess`, in nats a tick; in sequential order along the
        dimension `attempt`, to be summed for a sweep. Housekeeping and excess are NaN where the stationary law
        could not be determined, with a sentence in ``attrs["why"]``.

    Raises
    ------
    InputError
        As `entropy_production` does, or if the law is none.

    References
    ----------
    Hatano & Sasa, Phys. Rev. Lett. 86, 3463 (2001); Esposito & Van den Broeck, Phys. Rev. Lett. 104, 090601
    (2010).
    """
    import xarray as xr

    tick = tick_of(system, rule, temperature, field)
    before = checked_law(law, tick.size)
    known = law_of(tick)
    sequential = rule.order == "sequential"
    if sequential:
        rows = _in_turn(before, known.probabilities, tick)
        columns: dict[str, Any] = {name: ("attempt", column) for name, column in zip(PARTS, rows.T, strict=True)}
    else:
        columns = dict(zip(PARTS, _one(before, known.probabilities, tick), strict=True))
    units = "nats per attempt" if sequential else tick.units
    found = xr.Dataset(columns, attrs={"units": units, "kind": "exact", "why": known.sentence})
    if known.converged and bool(np.isnan(found.excess).any()):
        found.attrs["why"] = UNDERFLOW
    return found


def _one(before: Array, kept: Array, tick: Tick) -> Array:
    from neurothermo.exact.attribution import flow_parts

    after = before.copy()
    tick.move(after)
    return _split(before, after, kept, kept, flow_parts(before, tick).total)


def _in_turn(before: Array, kept: Array, tick: Tick) -> Array:
    from neurothermo.engine.flows import flip_moments

    rows = []
    for site in tick.sites:
        flow = float(flip_moments(before, tick.odds.couplings, tick.odds.base, [site])[0][0])
        after, kept_after = before.copy(), kept.copy()
        tick.draw(after, site)
        tick.draw(kept_after, site)
        rows.append(_split(before, after, kept, kept_after, flow))
        before, kept = after, kept_after
    return np.array(rows)


def _split(before: Array, after: Array, kept: Array, kept_after: Array, flow: float) -> Array:
    """The five parts, in the order of `PARTS`."""
    shannon = _entropy(after) - _entropy(before)
    excess = _divergence(before, kept) - _divergence(after, kept_after)
    total = shannon + flow
    return np.array([total, shannon, flow, total - excess, excess])


def _entropy(law: Array) -> float:
    """In nats."""
    occupied = law[law > 0]
    return -float(np.sum(occupied * np.log(occupied)))


def _divergence(law: Array, other: Array) -> float:
    """D(law || other) in nats; NaN where a likely state has underflowed in `other`."""
    occupied = law > 0
    if not np.all(other[occupied] > 0):  # also where `other` is NaN
        return nan
    return float(np.sum(law[occupied] * np.log(law[occupied] / other[occupied])))
