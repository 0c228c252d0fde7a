r"""The Lyapunov equation :math:`A C + C A^T = B`, by a real Schur form and blocks, and noise gathered over a time.

LAPACK solves the triangular equation an entry at a time; here it is halved until the pieces fit the cache, so that
nearly all of the work is matrix products (Jonsson and Kagstrom, ACM Trans. Math. Softw. 28, 392 (2002)).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError

LEAF = 48  # rows below which LAPACK's own solver is the quicker one


def solve_lyapunov(relaxation: Array, right: Array) -> tuple[Array, float]:
    """C of A C + C A^T = B, and the largest entry of what is left of the equation, relative to that of B.

    Parameters
    ----------
    relaxation : array, shape (n, n)
        A; every eigenvalue has a positive real part.
    right : array, shape (n, n)
        B, symmetric.

    Raises
    ------
    InputError
        If A is not stable.
    """
    if np.array_equal(relaxation, relaxation.T):
        values, vectors = np.linalg.eigh(relaxation)
        check_stable(values)
        rotated = vectors.T @ right @ vectors
        covariance = vectors @ (rotated / (values[:, None] + values)) @ vectors.T
    else:
        from scipy.linalg import schur

        triangular, vectors = schur(relaxation, check_finite=False)
        check_stable(_diagonal_eigenvalues(triangular))
        solution = vectors.T @ right @ vectors
        _symmetric(triangular, solution)
        covariance = vectors @ solution @ vectors.T
    covariance = (covariance + covariance.T) / 2
    return covariance, lyapunov_residual(relaxation, covariance, right)


def lyapunov_residual(relaxation: Any, covariance: Array, right: Array) -> float:
    """max |A C + C A^T - B| / max |B|."""
    product = relaxation @ covariance
    return float(np.abs(product + product.T - right).max() / np.abs(right).max())


def check_stable(eigenvalues: Any) -> None:
    """Refuse a relaxation that does not decay, naming the eigenvalue that is to blame.

    Raises
    ------
    InputError
        If a real part is not positive.
    """
    real = np.real(eigenvalues)
    if real.min() > 0:
        return
    worst = complex(np.ravel(eigenvalues)[np.argmin(real)])
    shown = f"{worst.real:.6g}" if worst.imag == 0 else f"{worst.real:.6g}{worst.imag:+.6g}i"
    if real.max() < 0:
        raise InputError(
            f"relaxation must decay, got eigenvalues that all have negative real parts ({shown} for one): "
            "it is A in dx = -A x dt + noise, positive for decay; is the sign the other way round?"
        )
    raise InputError(
        f"relaxation must be stable (all real parts of its eigenvalues positive), got the eigenvalue {shown}: "
        "there is no stationary state"
    )


def gathered(relaxation: Array, right: Array, time: float) -> tuple[Array, Array]:
    r"""The propagator and the noise gathered over a time.

    .. math:: E = e^{-A t}, \qquad \Sigma = \int_0^t e^{-A s} B e^{-A^T s} ds

    For a short time both are blocks of one matrix exponential (Van Loan, IEEE Trans. Automat. Contr. 23, 395 (1978));
    then E, Sigma of twice the time are E^2, Sigma + E Sigma E^T: sums of positive parts, no C - E C E^T that cancels.
    """
    from scipy.linalg import expm

    n = len(relaxation)
    if time == 0:
        return np.eye(n), np.zeros((n, n))
    reach = float(np.linalg.norm(relaxation, 1)) * time / 0.5
    if not np.isfinite(reach):
        raise InputError(f"a time of {time:g} is too long for a relaxation that fast: their product is no number")
    doublings = max(0, int(np.ceil(np.log2(max(reach, 1e-300)))))
    short = time / 2**doublings
    joint = np.zeros((2 * n, 2 * n))
    joint[:n, :n], joint[:n, n:], joint[n:, n:] = -relaxation * short, right * short, relaxation.T * short
    blocks = expm(joint)
    step = blocks[:n, :n]
    noise = blocks[:n, n:] @ step.T
    for _ in range(doublings):
        noise = noise + step @ noise @ step.T
        step = step @ step
    return step, (noise + noise.T) / 2


def _diagonal_eigenvalues(triangular: Array) -> Any:
    """The eigenvalues of a real Schur form: its diagonal, with sqrt(b c) of each block of two."""
    values = np.diagonal(triangular).astype(np.complex128)
    for row in np.flatnonzero(np.diagonal(triangular, -1)):
        upper, lower = triangular[row, row + 1], triangular[row + 1, row]
        spread = np.sqrt(complex(upper * lower))
        values[row] += spread
        values[row + 1] -= spread
    return values


def _middle(triangular: Array) -> int:
    """Where to halve, not through a block of two."""
    half = len(triangular) // 2
    return half + 1 if triangular[half, half - 1] != 0 else half


def _symmetric(t: Array, x: Array) -> None:
    """Solve T X + X T^T = F for symmetric F, which `x` holds and X replaces."""
    n = len(t)
    if n <= LEAF:
        x[:] = _leaf(t, t, x)
        return
    cut = _middle(t)
    one, two = slice(0, cut), slice(cut, n)
    _symmetric(t[two, two], x[two, two])
    x[one, two] -= t[one, two] @ x[two, two]
    _mixed(t[one, one], t[two, two], x[one, two])
    x[two, one] = x[one, two].T
    product = t[one, two] @ x[two, one]
    x[one, one] -= product + product.T
    _symmetric(t[one, one], x[one, one])


def _mixed(left: Array, right: Array, x: Array) -> None:
    """Solve S X + X T^T = F, S = `left` and T = `right` both Schur forms; `x` holds F and then X."""
    rows, columns = x.shape
    if rows <= LEAF and columns <= LEAF:
        x[:] = _leaf(left, right, x)
    elif rows >= columns:
        cut = _middle(left)
        _mixed(left[cut:, cut:], right, x[cut:])
        x[:cut] -= left[:cut, cut:] @ x[cut:]
        _mixed(left[:cut, :cut], right, x[:cut])
    else:
        cut = _middle(right)
        _mixed(left, right[cut:, cut:], x[:, cut:])
        x[:, :cut] -= x[:, cut:] @ right[:cut, cut:].T
        _mixed(left, right[:cut, :cut], x[:, :cut])


def _leaf(left: Array, right: Array, x: Array) -> Array:
    from scipy.linalg.lapack import dtrsyl

    solution, scale, info = dtrsyl(left, right, x, tranb="T")
    if info < 0:
        raise ValueError(f"LAPACK's dtrsyl refused argument {-info}")
    return np.asarray(solution * scale)
