"""Matrices with structure: the same along a ring or a torus, or a diagonal less a few directions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, as_they_come, checked_array, checked_sparse_form
from neurothermo.core.errors import InputError
from neurothermo.core.machine import memory_limit

REALNESS = 1e-10  # of the largest eigenvalue: rounding of a transform


@dataclass(frozen=True, eq=False)
class Circulant:
    r"""A real matrix that is the same at every place of a ring or a torus.

    .. math:: M_{xy} = c(x - y), \qquad M e^{ikx} = \hat c_k e^{ikx}, \qquad \hat c_k = \sum_x c(x) e^{-ikx}

    Coordinates of a torus are numbered row by row, as ``ravel`` does.

    Parameters
    ----------
    eigenvalues : array_like of complex, shape (n,) or (nx, ny)
        The transform ``np.fft.fftn`` of the first column c.

    Raises
    ------
    InputError
        If they are not finite, of another shape, or not those of a real matrix (that of -k is the conjugate of that
        of k).
    """

    eigenvalues: npt.NDArray[Any]

    def __post_init__(self) -> None:
        values = as_they_come(self.eigenvalues, "eigenvalues must be an array of numbers")
        if values.dtype.kind not in "iufc":
            raise InputError(f"eigenvalues must be an array of numbers, got {values.dtype}")
        with np.errstate(over="ignore"):
            values = values.astype(np.complex128)
        if values.ndim not in (1, 2) or values.size == 0:
            raise InputError(f"eigenvalues must have shape (n,) or (nx, ny), got {values.shape}")
        if not np.all(np.isfinite(values)):
            raise InputError("eigenvalues must be finite, got NaN or infinite ones")
        mirrored = np.conj(_reflected(values))
        with np.errstate(over="ignore"):
            gap = float(np.abs(values - mirrored).max())
        if gap > REALNESS * np.abs(values).max():
            raise InputError(
                f"eigenvalues must be those of a real matrix (of -k the conjugate of k's), got a difference of "
                f"{gap:.3g}; Circulant.of_column(c) takes the column itself"
            )
        values = values / 2 + mirrored / 2  # in this order nothing overflows
        values.setflags(write=False)
        object.__setattr__(self, "eigenvalues", values)

    @classmethod
    def of_column(cls, column: Any) -> Circulant:
        """The matrix with this first column: c(x) of shape (n,), or (nx, ny) on a torus."""
        column = checked_array(column, "column")
        if column.ndim not in (1, 2) or column.size == 0:
            raise InputError(f"column must have shape (n,) or (nx, ny), got {column.shape}")
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused as eigenvalues that are infinite
            return cls(np.fft.fftn(column))

    @property
    def shape(self) -> tuple[int, ...]:
        """(n,) of a ring, (nx, ny) of a torus."""
        return self.eigenvalues.shape

    @property
    def size(self) -> int:
        """n, the number of coordinates."""
        return int(self.eigenvalues.size)

    @cached_property
    def column(self) -> Array:
        """c, the first column, in the shape of the ring or torus."""
        return np.fft.ifftn(self.eigenvalues).real

    def matrix(self) -> Array:
        """The matrix itself, shape (n, n)."""
        check_room(self.size, 2 + len(self.shape))
        columns = [(np.arange(n)[:, None] - np.arange(n)) % n for n in self.shape]
        if len(columns) == 1:
            return self.column[columns[0]]
        x, y = columns
        return self.column[x[:, None, :, None], y[None, :, None, :]].reshape(self.size, self.size)

    def apply(self, states: Any) -> Array:
        """M x of rows of states: shape (trials, n) in and out."""
        rows = checked_array(states, "states", (None, self.size)).reshape(-1, *self.shape)
        axes = tuple(range(1, rows.ndim))
        return np.fft.ifftn(np.fft.fftn(rows, axes=axes) * self.eigenvalues, axes=axes).real.reshape(-1, self.size)

    def __repr__(self) -> str:
        return f"Circulant({' x '.join(map(str, self.shape))})"


@dataclass(frozen=True, eq=False)
class LowRank:
    r"""A diagonal less r directions: :math:`M = \operatorname{diag}(d) - L R^T`.

    Parameters
    ----------
    diagonal : float or array_like, shape (n,)
        d.
    left, right : array_like, shape (n, r)
        L and R.

    Raises
    ------
    InputError
        If the parts do not fit.
    """

    diagonal: Any
    left: Array
    right: Array

    def __post_init__(self) -> None:
        left, right = checked_array(self.left, "left", (None, None)), checked_array(self.right, "right", (None, None))
        if left.shape != right.shape or left.size == 0:
            raise InputError(f"left and right must have the same shape (n, r), got {left.shape} and {right.shape}")
        diagonal = checked_array(self.diagonal, "diagonal")
        if diagonal.shape not in ((), (len(left),)):
            raise InputError(f"diagonal must be a number or of shape ({len(left)},), got {diagonal.shape}")
        for name, array in (("diagonal", diagonal), ("left", left), ("right", right)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def size(self) -> int:
        """n, the number of coordinates."""
        return len(self.left)

    @property
    def isotropic(self) -> bool:
        """Whether the diagonal is one number."""
        return self.diagonal.ndim == 0 or bool(np.all(self.diagonal == self.diagonal[0]))

    def matrix(self) -> Array:
        """The matrix itself, shape (n, n)."""
        check_room(self.size, 2)
        matrix = -self.left @ self.right.T
        matrix[np.diag_indices(self.size)] += self.diagonal
        return matrix

    def apply(self, states: Any) -> Array:
        """M x of rows of states: shape (trials, n) in and out."""
        rows = checked_array(states, "states", (None, self.size))
        return rows * self.diagonal - (rows @ self.right) @ self.left.T

    def __repr__(self) -> str:
        return f"LowRank(n = {self.size}, rank {self.left.shape[1]})"


def _reflected(values: Any) -> Any:
    """The array at -k, index by index modulo its length."""
    for axis in range(values.ndim):
        values = np.roll(np.flip(values, axis), 1, axis)
    return values


def is_sparse(matrix: Any) -> bool:
    """Whether it is a scipy.sparse matrix; without importing scipy for what it cannot be."""
    if isinstance(matrix, np.ndarray | list | tuple | int | float | Circulant | LowRank):
        return False
    from scipy.sparse import issparse

    return bool(issparse(matrix))


def dense(operator: Any, size: int) -> Array:
    """Any of the forms as an (n, n) array."""
    if isinstance(operator, Circulant | LowRank):
        return operator.matrix()
    if not is_sparse(operator) and np.ndim(operator) == 2:
        return np.asarray(operator)
    check_room(size, 2)
    if is_sparse(operator):
        return np.asarray(operator.toarray())
    return np.diag(np.broadcast_to(operator, (size,)).astype(np.float64))


def check_room(size: int, matrices: float = 7) -> None:
    """Refuse dense matrices that do not fit this machine.

    Raises
    ------
    InputError
        If so many of them, of shape (size, size), would not.
    """
    needed = 8.0 * matrices * size**2
    if needed > memory_limit():
        raise InputError(
            f"{size} connected coordinates need dense matrices of {needed / 1e9:.0f} GB in all, more than this machine "
            "has for it: use a Circulant or LowRank relaxation where there is one"
        )


def checked_sparse(matrix: Any, name: str) -> Any:
    """A read-only CSR array of finite numbers, square."""
    from scipy.sparse import csr_array

    clean = csr_array(checked_sparse_form(matrix, name), dtype=np.float64, copy=True)
    clean.sum_duplicates()
    clean.eliminate_zeros()
    if clean.shape[0] != clean.shape[1] or clean.shape[0] == 0:
        raise InputError(f"{name} must be a square matrix, got shape {tuple(clean.shape)}")
    if not np.all(np.isfinite(clean.data)):
        raise InputError(f"{name} must be finite, got {int(np.sum(~np.isfinite(clean.data)))} NaN or infinite entries")
    for part in (clean.data, clean.indices, clean.indptr):
        part.setflags(write=False)
    return clean
