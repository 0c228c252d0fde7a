"""The vector that a linear map keeps, and how far the answer can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.engine import krylov

RESIDUAL = 1e-11  # where the solver first stops
ACCURACY = 1e-9  # what residual / gap must reach
FLOOR = 2e-15  # rounding: no residual is asked to be smaller
BASIS = 8  # vectors kept between restarts; more where progress stalls
LARGEST_BASIS = 64
BASIS_BYTES = 2**30  # which a longer basis must not exceed
CYCLES = 60
PROBE_CYCLES = 3
PROBED = 1e-4  # of its first size: a probe that has decayed so far has nothing slow left in it


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """The outcome of `fixed_point`.

    Parameters
    ----------
    vector : array, shape (rows, width)
        x with A x = 0 and total weight 1.
    residual : float
        The sum of \\|A x\\|.
    gap : float
        The least ratio of \\|A e\\| to \\|e\\| that any deviation e tried has shown.
    applications : int
        Of A, all told.
    """

    vector: Array
    residual: float
    gap: float
    applications: int

    @property
    def accuracy(self) -> float:
        """residual / gap: how far the vector may be from the true one, in total variation times two."""
        return self.residual / self.gap if self.gap > 0 else np.inf

    @property
    def converged(self) -> bool:
        """Whether the accuracy is what it should be."""
        return bool(self.accuracy <= ACCURACY)


def fixed_point(drift: Callable, vector: Array, deviation: Callable) -> FixedPoint:
    r"""Solve A x = 0 by restarted GMRES, then ask how strongly A pulls deviations back.

    .. math:: \|x - x^*\| \le \|A x\| / \gamma, \qquad \gamma = \min_e \|A e\| / \|e\|

    The residual alone bounds nothing: in a metastable network the weights of two basins can be wrong at a residual
    of zero. So a deviation is made that favours one basin, the same solver drives it towards zero, which takes
    away what decays fast, and the least ratio met on the way estimates the gap.

    Parameters
    ----------
    drift : callable (vector, out)
        Writes A vector to out.
    vector : array, shape (rows, width)
        Where to start; changed in place.
    deviation : callable (vector) -> array, shape (rows, width)
        A deviation from the solution, of no total probability.
    """
    basis = np.empty((min(BASIS, vector.size) + 1, *vector.shape))
    residual, used = _solve(drift, vector, basis, RESIDUAL)
    gap, more = _gap(drift, deviation(vector), basis, residual)
    used += more
    wanted = max(0.5 * ACCURACY * gap, FLOOR)
    if residual > ACCURACY * gap and wanted < residual:
        residual, more = _solve(drift, vector, basis, wanted)
        used += more
    return FixedPoint(vector, residual, gap, used)


def _solve(drift: Callable, vector: Array, basis: Array, tolerance: float) -> tuple[float, int]:
    """The residual reached, and the applications of A that it took; the basis doubles where progress stalls."""
    largest = min(LARGEST_BASIS, BASIS_BYTES // vector.nbytes, vector.size)
    applications, before = 0, np.inf
    for _ in range(CYCLES):
        residual, used = krylov.improve(drift, vector, basis, tolerance)
        applications += used
        if residual <= tolerance or not np.isfinite(residual):
            break
        krylov.scale(vector, 1 / krylov.sizes(vector)[1])
        if residual > 0.5 * before and 2 * (len(basis) - 1) <= largest:
            basis = np.empty((2 * len(basis) - 1, *vector.shape))
        before = residual
    return residual, applications


def _gap(drift: Callable, deviation: Array, basis: Array, residual: float) -> tuple[float, int]:
    """The least \\|A e\\| / \\|e\\| along a decaying deviation, and the applications that it took."""
    first, least, applications = krylov.sizes(deviation)[1], np.inf, 0
    for cycle in range(PROBE_CYCLES + 1):
        size = krylov.sizes(deviation)[1]
        if not size > max(PROBED * first, 100 * residual):
            break
        last = cycle == PROBE_CYCLES  # of which only the ratio is wanted
        pull, used = krylov.improve(drift, deviation, basis, np.inf if last else 0.0)
        applications += used
        least = min(least, pull / size)
    return (float(least) if np.isfinite(least) else 0.0), applications
