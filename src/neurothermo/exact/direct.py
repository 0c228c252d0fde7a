"""The law that a generator keeps, by elimination, with the gap found by its factors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.exact.solver import FixedPoint

REFINED = 2  # the first solution and one correction
PROBES = 12  # solutions that follow a deviation to the slowest one


def direct_fixed_point(generator: Any, guess: Array, deviation: Callable[[Array], Array]) -> FixedPoint:
    r"""Solve A x = 0 with x held at its likeliest state, then ask how weakly A pulls deviations back.

    .. math:: \gamma = \min_e \|A e\| / \|e\|, \qquad e_{k+1} = A^{\#} e_k

    over deviations that inverse iteration makes slower and slower; the norm is the sum of absolute values.

    Parameters
    ----------
    generator : sparse or dense array, shape (states, states)
        A, whose columns sum to zero.
    guess : array, shape (states,)
        Roughly x; its largest entry is held.
    deviation : callable (x) -> array, shape (states,)
        Of no total weight.
    """
    held = int(np.argmax(guess))
    solve = _inverse(generator, held)
    if solve is None:
        return FixedPoint(guess, float(np.abs(generator @ guess).sum()), 0.0, 0)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # no gap: not finite, and no answer
        law = np.zeros(len(guess))
        law[held] = 1.0
        for _ in range(REFINED):
            law -= solve(generator @ law)
        law /= law.sum()
        gap = _gap(solve, law, deviation(law))
        return FixedPoint(law, float(np.abs(generator @ law).sum()), gap, REFINED + PROBES)


def _gap(solve: Callable[[Array], Array], law: Array, change: Array) -> float:
    gap = np.inf
    for _ in range(PROBES):
        slower = solve(change)
        slower -= law * slower.sum()
        length = float(np.abs(slower).sum())
        if not 0 < length < np.inf:
            return 0.0
        gap = min(gap, float(np.abs(change).sum()) / length)
        change = slower / length
    return gap


def _inverse(generator: Any, held: int) -> Callable[[Array], Array] | None:
    """x with A x = b off the held state, where x is 0; None where A leaves more than one law."""
    from scipy.sparse import coo_array, issparse

    if not issparse(generator):
        return _dense_inverse(generator, held)
    from scipy.sparse.linalg import splu

    entries = generator.tocoo()
    kept = (entries.row != held) & (entries.col != held)
    row, col = np.append(entries.row[kept], held), np.append(entries.col[kept], held)
    matrix = coo_array((np.append(entries.data[kept], -1.0), (row, col)), shape=generator.shape).tocsc()
    try:  # columns are dominated by their diagonals: no pivoting is needed
        factors = splu(matrix, "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    except RuntimeError:  # exactly singular
        return None
    return lambda target: _off(factors.solve(_off(target, held)), held)


def _dense_inverse(generator: Array, held: int) -> Callable[[Array], Array] | None:
    from scipy.linalg import lapack

    matrix = np.array(generator, order="F")
    matrix[held], matrix[:, held] = 0.0, 0.0
    matrix[held, held] = -1.0
    factors, pivots, info = lapack.dgetrf(matrix, overwrite_a=True)
    if info != 0:  # exactly singular
        return None
    return lambda target: _off(lapack.dgetrs(factors, pivots, _off(target, held))[0], held)


def _off(vector: Array, held: int) -> Array:
    found = vector.copy()
    found[held] = 0.0
    return found
