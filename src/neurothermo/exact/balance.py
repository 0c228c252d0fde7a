"""The second law of a law that moves: entropy production of one step, and its two origins."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
from scipy.special import xlogy

from neurothermo.core.checks import Array
from neurothermo.exact.log_odds import LogOdds, checked_law, log_odds
from neurothermo.exact.steady import stationary_law

PARTS = ("total", "shannon_change", "flow", "housekeeping", "excess")


def entropy_balance(system: Any, rule: Any, law: Any, *, temperature: Any, field: Any = None) -> Any:
    r"""The entropy production of one tick from any law, split in two ways.

    .. math:: \mathrm{total} &= [S(p') - S(p)] + \mathrm{flow} = \mathrm{housekeeping} + \mathrm{excess}
                                \qquad (p' = T p) \\
              \mathrm{housekeeping} &= \sum T(x \to y)\, p(x) \ln \frac{T(x \to y)\, \pi(x)}{T(y \to x)\, \pi(y)} \ge 0 \\
              \mathrm{excess} &= D(p \| \pi) - D(p' \| \pi) \ge 0

    Housekeeping is what it costs to stay out of equilibrium, excess what it costs to relax. A tick is one attempt
    (random order), one attempt after the other (sequential, where pi moves along with its own period), or a step
    (parallel). On a law that moves this is less than Schnakenberg's formula, by D(p' || p).

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

    odds = log_odds(system, rule, temperature, field)
    before = checked_law(law, odds.size)
    known = stationary_law(system, rule, temperature=temperature, field=field)
    if rule.order == "sequential":
        rows = _in_turn(before, known.probabilities, odds, rule)
        columns: dict[str, Any] = {name: ("attempt", column) for name, column in zip(PARTS, rows.T, strict=True)}
        units = "nats per attempt"
    else:
        columns = dict(zip(PARTS, _one(before, known.probabilities, odds, rule), strict=True))
        units = "nats per attempt" if rule.order == "random" else "nats per step"
    return xr.Dataset(columns, attrs={"units": units, "kind": "exact", "why": known.sentence})


def _one(before: Array, kept: Array, odds: LogOdds, rule: Any) -> Array:
    from neurothermo.exact.flow_parts import flow_parts
    from neurothermo.exact.stepping import clock_move

    after = before.copy()
    clock_move(rule, odds)(after)
    return _split(before, after, kept, kept, flow_parts(before, odds, rule).total)


def _in_turn(before: Array, kept: Array, odds: LogOdds, rule: Any) -> Array:
    from neurothermo.engine.flows import flip_moments
    from neurothermo.exact.stepping import Redraw, sites_of

    rows = []
    for site in sites_of(rule, odds.size):
        move = Redraw.of(odds, site)
        after, kept_after = before.copy(), kept.copy()
        move(after)
        move(kept_after)
        flow = float(flip_moments(before, odds.couplings, odds.base, [site])[0][0])
        rows.append(_split(before, after, kept, kept_after, flow))
        before, kept = after, kept_after
    return np.array(rows)


def _split(before: Array, after: Array, kept: Array, kept_after: Array, flow: float) -> Array:
    """The five parts, in the order of `PARTS`."""
    shannon = float(np.sum(xlogy(before, before)) - np.sum(xlogy(after, after)))
    excess = _divergence(before, kept) - _divergence(after, kept_after)
    total = shannon + flow
    return np.array([total, shannon, flow, total - excess, excess])


def _divergence(law: Array, other: Array) -> float:
    """D(law || other) in nats; NaN where a likely state has underflowed in `other`."""
    occupied = law > 0
    if not np.all(other[occupied] > 0):  # also where `other` is NaN
        return nan
    return float(np.sum(law[occupied] * np.log(law[occupied] / other[occupied])))
