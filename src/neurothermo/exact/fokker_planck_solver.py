"""The stationary law of a diffusion on a grid: by factorization in one and two dimensions, by iteration in three."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.exact.fokker_planck_chain import GridChain, ends

DIRECT = 15_000  # cells that a three-dimensional grid may have and still be factorized at once
TOLERANCE = 1e-12  # of the iteration, relative
RESTART, MOST_RESTARTS = 60, 8
LOWEST = 300.0  # of the guess's half exponents: their inverse must stay a float
FAR = 1e8  # how much likelier than the reference a cell may be
SLOW = 1e-9  # times the rate of leaving a cell
ROUNDING = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class GridSolution:
    r"""Probabilities of the cells, and how good they are.

    Parameters
    ----------
    probabilities : ndarray
        One a cell, shaped as the grid; they sum to 1.
    residual : float
        :math:`\sum |L p|` over the mean rate of leaving a cell.
    accuracy : float
        About how far p is off in total variation: residual and rounding, times the mean number of jumps to the
        likeliest cell, from wherever that takes longest (by iteration: from p). Large where the law is metastable.
    method : str
    """

    probabilities: Array
    residual: float
    accuracy: float
    method: str


def stationary_cells(chain: GridChain, guess: Array | None = None) -> GridSolution:
    r"""The law with :math:`L p = 0`.

    The equation of a likely cell is left out and its probability set to 1. What remains is an M-matrix: factorized
    without pivoting, its solution is positive cell by cell, tails included. Three-dimensional grids of more than
    `DIRECT` cells with a guess go by GMRES with an incomplete factorization, in units of the guess's root; where that
    fails they are factorized.

    Parameters
    ----------
    chain : GridChain
    guess : ndarray, optional
        About the logarithm of the law, shaped as the grid.

    Returns
    -------
    GridSolution
        Of infinite `accuracy` where rounding has spoilt it or no likely cell was found.

    References
    ----------
    Funderlic and Plemmons, Linear Algebra Appl. 41, 99 (1981); Saad and Schultz, SIAM J. Sci. Stat. Comput. 7, 856
    (1986).
    """
    matrix = _generator(chain)
    leaving = -matrix.diagonal()
    reference = _likely(matrix) if guess is None else int(np.argmax(guess))
    iterate = guess is not None and len(chain.axes) == 3 and guess.size > DIRECT
    law, hitting, method = _solved(matrix, reference, guess.ravel() if guess is not None and iterate else None)
    if guess is not None and not law.max() <= FAR * law[reference]:
        reference = _likely(matrix)
        law, hitting, method = _solved(matrix, reference, None)
    residual = float(np.abs(matrix @ law).sum() / (law @ leaving))
    accuracy = (residual + ROUNDING) * float(law @ leaving) * hitting
    sound = np.isfinite(accuracy) and law.max() <= FAR * law[reference]
    return GridSolution(law.reshape(chain.shape), residual, accuracy if sound else np.inf, method)


def _likely(matrix: Any) -> int:
    """The likeliest cell, long after a uniform start: a well-conditioned question whatever the law."""
    from scipy.sparse import diags_array

    leaving = -matrix.diagonal()
    rate = SLOW * np.median(leaving)
    after = _factorized((diags_array(np.full(leaving.size, rate)) - matrix).tocsc()).solve(np.ones(leaving.size))
    return int(np.argmax(after))


def _generator(chain: GridChain) -> Any:
    """L, columns summing to 0."""
    from scipy.sparse import csc_array

    cells = np.arange(np.prod(chain.shape)).reshape(chain.shape)
    rows, columns, values = [], [], []
    for axis, (up, down) in enumerate(chain.rates()):
        lower, upper = ends(cells, axis)
        rows += [upper.ravel(), lower.ravel()]
        columns += [lower.ravel(), upper.ravel()]
        values += [up.ravel(), down.ravel()]
    source, rate = np.concatenate(columns), np.concatenate(values)
    leaving = np.bincount(source, rate, cells.size)
    entries = np.concatenate([rate, -leaving])
    where = np.concatenate([*rows, cells.ravel()]), np.concatenate([source, cells.ravel()])
    return csc_array((entries, where), shape=(cells.size, cells.size))


def _solved(matrix: Any, reference: int, guess: Array | None) -> tuple[Array, float, str]:
    """The law, the mean time from it to the reference cell, and how; by iteration where there is a guess."""
    kept = np.delete(np.arange(matrix.shape[0]), reference)
    inner = (-matrix[kept][:, kept]).tocsc()
    source = matrix[kept][:, [reference]].toarray().ravel()
    method, found, hitting = "GMRES", None, None
    if guess is not None:
        solve = _iteration(inner, (guess[kept] - guess[reference]) / 2)
        found = solve(source)
        hitting = None if found is None else solve(np.maximum(found, 0.0))
    if found is None or hitting is None:
        method, factors = "sparse factorization", _factorized(inner)
        found = factors.solve(source)
        times = factors.solve(np.ones(len(kept)), "T")
        # an M-matrix has a positive inverse: a negative number says that rounding has made it another matrix
        longest = float(np.max(times)) if min(times.min(), found.min()) >= 0 else np.inf
    law = np.insert(np.maximum(found, 0.0), reference, 1.0)
    time = longest if hitting is None else float(np.sum(hitting) / law.sum())
    return law / law.sum(), time, method


def _factorized(matrix: Any) -> Any:
    from scipy.sparse.linalg import splu

    ordering = "MMD_AT_PLUS_A"
    return splu(matrix, permc_spec=ordering, diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def _iteration(matrix: Any, half: Array) -> Callable[[Array], Any]:
    """Solves in units of exp(half), the root of a guess, where tails weigh in; None where it does not converge."""
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import LinearOperator, gmres, spilu

    root = np.exp(np.maximum(half, -LOWEST))
    entries = matrix.tocoo()
    row, column = entries.coords
    balance = root * matrix.diagonal()  # each equation in units of its own: rates may differ by powers of ten
    scaled = csc_array((entries.data * (root[column] / balance[row]), (row, column)), shape=matrix.shape)
    ordering = "MMD_AT_PLUS_A"
    options = {"SymmetricMode": True}
    incomplete = spilu(
        scaled, drop_tol=1e-2, fill_factor=5, permc_spec=ordering, diag_pivot_thresh=0.0, options=options
    )
    preconditioner = LinearOperator(matrix.shape, incomplete.solve)

    def solve(source: Array) -> Any:
        found, failed = gmres(
            scaled, source / balance, rtol=TOLERANCE, restart=RESTART, maxiter=MOST_RESTARTS, M=preconditioner
        )
        return None if failed else found * root

    return solve
