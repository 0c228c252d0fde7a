"""From grid to finer grid: a first guess of the law, and the limit that numbers go to."""

from __future__ import annotations

from math import log, nan

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.exact.fokker_planck_chain import GridChain

NOTHING = 1e-10  # a difference that is rounding


def refined(axes: tuple[Array, ...], density: Array, chain: GridChain) -> Array:
    """The logarithm of a coarser grid's density, interpolated at the cells of a finer grid."""
    from scipy.interpolate import RegularGridInterpolator

    logarithm = np.log(np.maximum(density, np.finfo(float).tiny))
    interpolated = RegularGridInterpolator(axes, logarithm, bounds_error=False, fill_value=None)
    return interpolated(chain.centres()).reshape(chain.shape)


def extrapolated(values: list[float], ratio: float, positive: bool) -> tuple[float, float, float]:
    """Limit, its error, and the order that three grids show; finest first.

    The error is the size of the extrapolation. Where the order is not near 2 the grids are too coarse for it, or two of
    them agree by chance: it is then the difference of two grids, that of the coarser two by rights of order 2 if
    that is larger. Where extrapolation would make a positive number negative there is none.
    """
    fine, coarse, coarsest = values
    change, before = fine - coarse, coarse - coarsest
    step = change / (ratio**2 - 1)
    if abs(change) < NOTHING * max(1.0, abs(fine)):
        error, order = abs(step), nan
    else:
        order = log(before / change) / log(ratio) if before / change > 0 else nan
        error = abs(step) if abs(order - 2) < 0.5 else max(abs(change), abs(before) / ratio**2)
    if positive and fine + step < 0:
        return fine, max(abs(change), error), order
    return fine + step, error, order
