"""Restarted GMRES for the fixed point of a linear map, with vectors larger than the cache.

Vectors have shape (rows, width). Sums go row by row and then over rows, so that their bits do not depend on the
number of threads; BLAS is left out of all but the small problem, as its threads would fight these for the cores.
"""

import numpy as np
from numba import njit, prange

from neurothermo.engine.counter import FAST


@njit
def total(values):
    """Their sum, in order: a sum() inside a parallel function would be cut up among its threads."""
    result = 0.0
    for value in values:
        result += value
    return result


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def sizes(vector):
    """(sum of squares, sum of absolute values)."""
    rows = len(vector)
    squares, absolutes = np.zeros(rows), np.zeros(rows)
    for row in prange(rows):
        v = vector[row]
        square, absolute = 0.0, 0.0
        for k in range(len(v)):
            square += v[k] * v[k]
            absolute += abs(v[k])
        squares[row] = square
        absolutes[row] = absolute
    return total(squares), total(absolutes)


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def scale(vector, factor):
    """vector *= factor."""
    for row in prange(len(vector)):
        v = vector[row]
        for k in range(len(v)):
            v[k] *= factor


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def combine(vector, basis, coefficients):
    """vector += sum_i coefficients[i] basis[i]."""
    for row in prange(len(vector)):
        v = vector[row]
        for i in range(len(coefficients)):
            b = basis[i, row]
            c = coefficients[i]
            for k in range(len(v)):
                v[k] += c * b[k]


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def orthogonalise(basis, count, vector, products):
    """Take the first `count` orthonormal basis vectors out of `vector` (classical Gram-Schmidt, in two passes).

    products[:count] gets the projections. Returns the sum of squares of what is left.
    """
    rows = len(vector)
    parts = np.zeros((rows, count))
    for row in prange(rows):
        v = vector[row]
        for i in range(count):
            b = basis[i, row]
            product = 0.0
            for k in range(len(v)):
                product += b[k] * v[k]
            parts[row, i] = product
    for i in range(count):
        products[i] = total(parts[:, i])
    squares = np.zeros(rows)
    for row in prange(rows):
        v = vector[row]
        for i in range(count):
            b = basis[i, row]
            c = products[i]
            for k in range(len(v)):
                v[k] -= c * b[k]
        square = 0.0
        for k in range(len(v)):
            square += v[k] * v[k]
        squares[row] = square
    return total(squares)


def improve(drift, vector, basis, tolerance):
    r"""One cycle of GMRES for ``drift(vector) = 0``, in place.

    .. math:: x \leftarrow x + \sum_j y_j v_j, \qquad v_j \in \mathrm{span}\{r, A r, A^2 r, \dots\},
              \qquad r = A x, \qquad \|A x\|_2 \text{ minimal}

    A is singular, but r and all of the basis lie in its range, so that the minimum exists and what A's left null
    vector measures (the total probability) is kept.

    drift : callable (vector, out), writes A vector to out; vector (rows, width); basis (m + 1, rows, width),
    scratch; tolerance: where the sum of |A x| may stop. Returns the sum of |A x| before the cycle, the applications
    of A, and the least |A v| / |v| of any v in the space searched (2-norms; infinity if none was).
    Saad & Schultz, SIAM J. Sci. Stat. Comput. 7, 856 (1986).
    """
    drift(vector, basis[0])
    squares, residual = sizes(basis[0])
    if residual <= tolerance or not np.isfinite(squares) or squares == 0:
        return residual, 1, np.inf
    length = np.sqrt(squares)
    scale(basis[0], 1 / length)
    steps = len(basis) - 1
    hessenberg = np.zeros((steps + 1, steps))
    products = np.empty(steps + 1)
    used = 0
    while used < steps:
        drift(basis[used], basis[used + 1])
        left = np.sqrt(orthogonalise(basis, used + 1, basis[used + 1], products))
        hessenberg[: used + 1, used] = products[: used + 1]
        hessenberg[used + 1, used] = left
        used += 1
        coefficients, remaining = _least(hessenberg[: used + 1, :used], length)
        if remaining * residual <= 0.3 * tolerance * length or not left > 1e-14:
            break
        scale(basis[used], 1 / left)
    combine(vector, basis[:used], coefficients)
    return residual, used + 1, np.linalg.svd(hessenberg[: used + 1, :used], compute_uv=False)[-1]


def _least(hessenberg, length):
    """The combination of basis vectors that leaves the least of a residual of this length, and how much."""
    target = np.zeros(len(hessenberg))
    target[0] = -length
    coefficients = np.linalg.lstsq(hessenberg, target, rcond=None)[0]
    return coefficients, np.linalg.norm(hessenberg @ coefficients - target)
