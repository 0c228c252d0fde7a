"""Entropy production of a diffusion's jump process on a grid: over its edges, and by quadrature of its currents."""

from __future__ import annotations

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.exact.fokker_planck_chain import GridChain, ends

SMALLEST = float(np.finfo(float).tiny)  # the smallest number with all its digits


def edge_production(chain: GridChain, law: Array) -> tuple[float, ...]:
    r"""Schnakenberg's sum over the edges, one number a bath, each >= 0.

    .. math:: \sigma_a = \sum_{\mathrm{edges}} (F^a_+ - F^a_-) \ln \frac{F^a_+}{F^a_-}
    """
    found = []
    for bath in chain.baths:
        total = 0.0
        for axis, v in enumerate(bath.affinity):
            lower, upper = ends(law, axis)
            there = (lower > SMALLEST) & (upper > SMALLEST)  # probabilities below the range of floats carry nothing
            lower, upper = lower[there], upper[there]
            flux = lower * bath.up[axis][there] - upper * bath.down[axis][there]
            total += float(np.sum(flux * (np.log(lower) - np.log(upper) + v[there])))
        found.append(total)
    return tuple(found)


def current_production(chain: GridChain, law: Array) -> float:
    r"""The integral of J^2/(D p) by the midpoint rule on faces, p that of a constant current through the face.

    .. math:: p_{\mathrm{face}} = \frac{p_{\mathrm{left}}}{1 + e^{-v/2}} + \frac{p_{\mathrm{right}}}{1 + e^{v/2}}
    """
    total = 0.0
    for bath in chain.baths:
        for axis, (v, pace) in enumerate(zip(bath.affinity, bath.pace, strict=True)):
            lower, upper = ends(law, axis)
            middle = lower / (1 + np.exp(-v / 2)) + upper / (1 + np.exp(v / 2))
            flux = lower * bath.up[axis] - upper * bath.down[axis]
            there = middle > SMALLEST
            total += float(np.sum(flux[there] / middle[there] * (flux[there] / pace[there])))
    return total


def cell_currents(chain: GridChain, law: Array) -> Array:
    """J at the cells' centres, shape (d, ...): the mean of a cell's two faces, no current through walls."""
    currents = []
    for axis, (up, down) in enumerate(chain.rates()):
        lower, upper = ends(law, axis)
        inside = (lower * up - upper * down) * chain.steps[axis] / chain.volume
        padding = [(1, 1) if other == axis else (0, 0) for other in range(law.ndim)]
        currents.append(sum(ends(np.pad(inside, padding), axis)) / 2)
    return np.stack(currents)
