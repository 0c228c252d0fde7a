"""Free-energy difference from where the densities of forward and of reverse work cross."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_choice
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.core.resampling import NO_INTERVAL, generator, percentile_interval
from neurothermo.free_energy.densities import DENSITIES, Grid, densities, grid_for
from neurothermo.free_energy.samples import Pair, check_errors, described, read_pair
from neurothermo.free_energy.settled import no_overlap, second_law, settled_pair

_FEWEST_HERE = 3.0  # works a side under one kernel at the crossing
_AT_ONCE = 2**20  # bins smoothed at a time


def crossing(
    forward: Any,
    reverse: Any,
    *,
    temperature: float | None = None,
    density: str = "kernel",
    confidence: float = 0.95,
    resamples: int = 300,
    seed: int = 0,
) -> Estimate:
    r"""Free-energy difference as the work W* whose two densities are equal.

    .. math:: P_F(W^*) = P_R(-W^*) \quad\Rightarrow\quad \Delta F = W^*

    Crooks's theorem at one point: easy to see in a figure, but it uses only the works near the crossing and
    some smoothing; `bar` uses all of them and none.

    Parameters
    ----------
    forward, reverse : ledger, or array_like of shape (trials,)
        Works of the process and of its reverse, each as done in its own process, in energy units.
    temperature : float, optional
        Bath temperature, same units, > 0; read from ledgers, needed with arrays.
    density : {"kernel", "histogram", "skew-normal"}
        Gaussian kernels of one width on both sides; bins of one width; or skew-normal laws with the samples'
        own first three moments (right only where the works are nearly so distributed).
    confidence : float
        Nominal coverage of the interval, in (0, 1).
    resamples, seed : int
        Of the bootstrap that gives error and interval (percentiles); it draws the binned works again.

    Returns
    -------
    Estimate
        In energy units. Of several crossings the one where the densities are highest, and a sentence says so.
        NaN where the densities do not cross, fewer than three works a side lie there, or the mean works break
        the second law by more than one kT. `details` holds
        `overlap` (the integral of the smaller density, 1: equal), `crossings` and `bandwidth`.

    Raises
    ------
    InputError
        If a side holds no works, the temperature is missing or contradicted, `reverse` is not the reverse of
        `forward`, or `density` is unknown.

    References
    ----------
    Crooks, Phys. Rev. E 60, 2721 (1999), eq. 2; Collin et al., Nature 437, 231 (2005); Chen, arXiv
    2012.13252, Fig. 3. Silverman, Density Estimation (1986), eq. 3.31; Azzalini, Scand. J. Stat. 12,
    171 (1985).
    """
    pair = read_pair(forward, reverse, temperature)
    checked_choice(density, "density", DENSITIES)
    check_errors("bootstrap", resamples, seed)
    fields = described(pair, f"crossing ({density})", confidence)
    settled = settled_pair(pair, fields)
    if settled is not None:
        return settled
    grid = grid_for(pair, density)
    counts = grid.counts(pair.forward.column), grid.counts(pair.reverse.column.mapped(np.negative))
    one, other = (densities(side[None], grid, density) for side in counts)
    value = float(_highest_crossing(one, other, grid, pair)[0])
    common = {"overlap": float(np.minimum(one, other).sum() * grid.width), "bandwidth": grid.bandwidth}
    if np.isnan(value):
        return no_estimate(no_overlap(), details=common, **fields)
    replicates = _replicates(counts, grid, density, pair, resamples, seed)
    lost = float(np.mean(np.isnan(replicates)))
    found = replicates[~np.isnan(replicates)]
    places = _crossings(one, other, grid)[0]
    wrong = second_law(pair) or (_often_lost(lost) if lost > 0.05 else "")
    return Estimate(
        value,
        float(found.std(ddof=1)) if found.size > 2 else float("nan"),
        NO_INTERVAL if wrong else percentile_interval(found, confidence),
        ess=min(1.0, common["overlap"]) * sum(pair.n),
        diagnostics=tuple(filter(None, (wrong, _several(places, value)))),
        details={**common, "crossings": [float(place) for place in places[~np.isnan(places)]]},
        **fields,
    )


def _crossings(one: Array, other: Array, grid: Grid, share: float = 0.1) -> Array:
    """Where log densities cross, between neighbouring bins; NaN elsewhere and where the densities are low.

    Shape (rows, bins - 1). `share` is how high the smaller density must be there, relative to its maximum.
    """
    lower = np.minimum(one, other)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.where(lower > 0, np.log(one) - np.log(other), np.nan)
        left, right = difference[:, :-1], difference[:, 1:]
        crossed = ((left <= 0) & (right > 0)) | ((left >= 0) & (right < 0))
        place = grid.centres[:-1] + grid.width * left / (left - right)
    high = np.minimum(lower[:, :-1], lower[:, 1:]) > share * lower.max(axis=1, keepdims=True)
    return np.where(crossed & high, place, np.nan)


def _highest_crossing(one: Array, other: Array, grid: Grid, pair: Pair) -> Array:
    """The crossing of each row where the two densities are highest; NaN where too few works lie there."""
    places = _crossings(one, other, grid)
    height = np.minimum(one[:, :-1], other[:, :-1]) + np.minimum(one[:, 1:], other[:, 1:])
    height = np.where(np.isnan(places), -1.0, height / 2)
    best = height.argmax(axis=1)
    rows = np.arange(len(places))
    here = height[rows, best] * min(pair.n) * grid.bandwidth * sqrt(2 * pi)
    return np.where(here >= _FEWEST_HERE, places[rows, best], np.nan)


def _replicates(counts: tuple[Array, Array], grid: Grid, density: str, pair: Pair, resamples: int, seed: int) -> Array:
    """The crossings of works drawn again, as counts a bin."""
    random = generator(seed)
    rows = max(1, _AT_ONCE // grid.bins)
    blocks = []
    for first in range(0, resamples, rows):
        size = min(rows, resamples - first)
        drawn = [random.multinomial(int(side.sum()), side / side.sum(), size=size) for side in counts]
        one, other = (densities(side.astype(np.float64), grid, density) for side in drawn)
        blocks.append(_highest_crossing(one, other, grid, pair))
    return np.concatenate(blocks)


def _several(places: Array, value: float) -> str:
    others = [f"{place:.4g}" for place in places[~np.isnan(places)] if place != value]
    if not others:
        return ""
    return (
        f"The densities cross again at {', '.join(others[:3])}: the crossing where they are highest was "
        "taken; run more trials, or use bar()."
    )


def _often_lost(lost: float) -> str:
    return (
        f"{lost:.0%} of the bootstrap's draws have no crossing where both densities were sampled: no "
        "interval is given; run more trials, or use bar()."
    )
