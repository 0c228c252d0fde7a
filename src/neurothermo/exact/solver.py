"""The vector that a linear map keeps, and how far the answer can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neurothermo.core.checks import Array

RESIDUAL = 3e-11  # where the solver first stops
ACCURACY = 1e-9  # what residual / gap must reach
ROUNDING = 2.2e-16  # no residual is trusted to be smaller
FLOOR = 10 * ROUNDING  # or asked to be
HOPELESS = ROUNDING / ACCURACY  # a gap below which no residual is small enough
BASIS = 8  # vectors kept between restarts; more where progress stalls
LARGEST_BASIS = 64
BASIS_BYTES = 2**30  # which a longer basis must not exceed
CYCLES = 100
PATIENCE = 4  # cycles in a row that do not halve the residual, before the solver gives up
PROBE_CYCLES = 2
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
        return max(self.residual, ROUNDING) / self.gap if self.gap > 0 else np.inf

    @property
    def converged(self) -> bool:
        """Whether the accuracy is what it should be."""
        return bool(self.accuracy <= ACCURACY)


def fixed_point(drift: Callable, vector: Array, deviation: Callable, tolerance: float = RESIDUAL) -> FixedPoint:
    r"""Solve A x = 0 by restarted GMRES, then ask how strongly A pulls deviations back.

    .. math:: \|x - x^*\| \le \|A x\| / \gamma, \qquad \gamma = \min_e \|A e\| / \|e\|

    The residual alone bounds nothing: in a metastable network the weights of two basins can be wrong at a residual
    of zero. So a deviation is made that favours one basin, and the same solver drives it towards zero, which takes
    away first what decays fast. The least ratio met on the way, in any direction searched, estimates the gap.

    Parameters
    ----------
    drift : callable (vector, out)
        Writes A vector to out.
    vector : array, shape (rows, width)
        Where to start; changed in place.
    deviation : callable (vector) -> array, shape (rows, width)
        A deviation from the solution, of no total probability.
    tolerance : float
        The residual where the solver first stops.
    """
    basis = np.empty((min(BASIS, vector.size) + 1, *vector.shape))
    first = _solve(drift, vector, basis, tolerance)
    probe = _probed(drift, deviation(vector), basis, first.residual)
    gap = min(first.gap, probe.gap)
    used = first.applications + probe.applications
    residual, wanted = first.residual, max(0.5 * ACCURACY * gap, FLOOR)
    if wanted < residual <= tolerance and residual > ACCURACY * gap:
        again = _solve(drift, vector, basis, wanted)
        residual, gap, used = again.residual, min(gap, again.gap), used + again.applications
    return FixedPoint(vector, residual, gap, used)


@dataclass(frozen=True)
class _Progress:
    """What a run of cycles came to."""

    residual: float
    gap: float
    applications: int


def _solve(drift: Callable, vector: Array, basis: Array, tolerance: float) -> _Progress:
    """Cycles until the residual is small or stalls; the basis doubles where progress is slow."""
    from neurothermo.engine import krylov

    largest = min(LARGEST_BASIS, BASIS_BYTES // vector.nbytes, vector.size)
    gap, applications, before, slow = np.inf, 0, np.inf, 0
    for _ in range(CYCLES):
        residual, used, ratio = krylov.improve(drift, vector, basis, tolerance)
        applications, gap = applications + used, min(gap, ratio)
        slow = slow + 1 if residual > 0.5 * before else 0
        if residual <= tolerance or not np.isfinite(residual) or slow > PATIENCE or gap < HOPELESS:
            break
        krylov.scale(vector, 1 / krylov.sizes(vector)[1])
        if slow and 2 * (len(basis) - 1) <= largest:
            basis = np.empty((2 * len(basis) - 1, *vector.shape))
        before = residual
    return _Progress(float(residual), float(gap), applications)


def _probed(drift: Callable, deviation: Array, basis: Array, residual: float) -> _Progress:
    """The least pull on a deviation and on what is searched to take it away."""
    from neurothermo.engine import krylov

    first = size = krylov.sizes(deviation)[1]
    gap, applications = np.inf, 0
    for _ in range(PROBE_CYCLES):
        pull, used, ratio = krylov.improve(drift, deviation, basis, 0.0)
        applications, gap = applications + used, min(gap, ratio, pull / size)
        size = krylov.sizes(deviation)[1]
        if not size > max(PROBED * first, 100 * residual):
            break
    else:
        pull, used, _ = krylov.improve(drift, deviation, basis, np.inf)  # its ratio only
        applications, gap = applications + used, min(gap, pull / size)
    return _Progress(residual, float(gap), applications)
