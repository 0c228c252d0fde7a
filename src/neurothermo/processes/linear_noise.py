"""The noise of a linear process: its diffusion D in whatever form it comes, D times a matrix, and D undone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, as_floats, checked_array, checked_range, shown
from neurothermo.core.errors import InputError
from neurothermo.core.gaussian import checked_symmetric
from neurothermo.processes.operators import Circulant, LowRank, check_room, checked_sparse, dense, is_sparse

SYMMETRY_TOLERANCE = 1e-12
ROUNDING = 1e-13  # of the largest eigenvalue, times n: smaller ones count as zero
LARGEST_CHECKED = 4096  # coordinates of a sparse D whose eigenvalues are looked at before anything else is done


def checked_diffusion(diffusion: Any, size: int) -> Any:
    """A clean D: a number, an array of shape (n,) or (n, n), a CSR array or a Circulant; read-only.

    Raises
    ------
    InputError
        If it does not fit, is not symmetric, or has a negative eigenvalue.
    """
    if isinstance(diffusion, Circulant):
        return _checked_circulant(diffusion, size)
    if isinstance(diffusion, LowRank):
        diffusion = diffusion.matrix()
    if is_sparse(diffusion):
        return _checked_sparse_diffusion(diffusion, size)
    array = as_floats(diffusion, "diffusion")
    if array.shape not in ((), (size,), (size, size)):
        raise InputError(
            f"diffusion must be a number or of shape ({size},) or ({size}, {size}), as the relaxation is, "
            f"got shape {array.shape}"
        )
    array = checked_range(checked_array(array, "diffusion"), "diffusion")
    if array.ndim < 2:
        if np.any(array < 0) or not np.any(array > 0):
            raise InputError(
                f"diffusion must not be negative, nor zero everywhere, got a smallest value of {array.min():g}"
            )
    else:
        array = checked_symmetric(array, "diffusion", tolerance=SYMMETRY_TOLERANCE)
        _check_positive(array)
    array.setflags(write=False)
    return array


def _checked_circulant(diffusion: Circulant, size: int) -> Circulant:
    if diffusion.size != size:
        raise InputError(f"diffusion must be of {size} coordinates as the relaxation is, got {shown(diffusion)}")
    values = diffusion.eigenvalues
    largest = np.abs(values).max()
    if np.abs(values.imag).max() > SYMMETRY_TOLERANCE * largest:
        raise InputError("diffusion must be symmetric, got a Circulant with complex eigenvalues")
    if values.real.min() < -ROUNDING * size * largest or largest == 0:
        raise InputError(
            f"diffusion must be positive, got a Circulant with a smallest eigenvalue of {values.real.min():.3g}"
        )
    return Circulant(values.real)


def _checked_sparse_diffusion(diffusion: Any, size: int) -> Any:
    matrix = checked_sparse(diffusion, "diffusion")
    if matrix.shape != (size, size):
        raise InputError(f"diffusion must have shape ({size}, {size}), got {tuple(matrix.shape)}")
    if abs(matrix - matrix.T).max() > SYMMETRY_TOLERANCE * abs(matrix).max():
        raise InputError("diffusion must be symmetric, got a sparse matrix that is not")
    off_diagonal = matrix.count_nonzero() - np.count_nonzero(matrix.diagonal())
    if off_diagonal == 0:
        return checked_diffusion(matrix.diagonal(), size)
    if size <= LARGEST_CHECKED:
        _check_positive(matrix.toarray())
    return matrix


def _check_positive(matrix: Array) -> None:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        values = np.linalg.eigvalsh(matrix)
        if values[0] < -ROUNDING * len(matrix) * abs(values).max() or values[-1] <= 0:
            raise InputError(
                f"diffusion must be positive semidefinite, got a smallest eigenvalue of {values[0]:.3g}"
            ) from None


@dataclass(frozen=True, eq=False)
class Noise:
    """D of n coordinates, dense or diagonal.

    Parameters
    ----------
    diffusion : array, shape (n,) or (n, n)
        Checked already.
    """

    diffusion: Array

    @classmethod
    def of(cls, diffusion: Any, size: int) -> Noise:
        """From any of the forms; a dense one that is diagonal is taken as that."""
        unseen = is_sparse(diffusion)
        if unseen or isinstance(diffusion, Circulant):
            diffusion = dense(diffusion, size)
        array = np.asarray(diffusion)
        if array.ndim == 0:
            array = np.full(size, float(array))
        elif array.ndim == 2 and np.count_nonzero(array) == np.count_nonzero(array.diagonal()):
            array = array.diagonal()
        elif array.ndim == 2 and unseen:
            _check_positive(array)
        return cls(array)

    @property
    def diagonal(self) -> bool:
        """Whether each coordinate has a noise of its own."""
        return self.diffusion.ndim == 1

    def matrix(self) -> Array:
        """D, shape (n, n)."""
        if self.diagonal:
            check_room(len(self.diffusion), 2)
        return np.diag(self.diffusion) if self.diagonal else self.diffusion

    def times(self, matrix: Array) -> Array:
        """D M."""
        return self.diffusion[:, None] * matrix if self.diagonal else self.diffusion @ matrix

    @cached_property
    def _spectrum(self) -> tuple[Array, Array]:
        return np.linalg.eigh(self.diffusion)

    @cached_property
    def _still(self) -> npt.NDArray[np.bool_]:
        """Which coordinates, or eigenvectors, have no noise; a diagonal is taken at its word, whatever its units."""
        if self.diagonal:
            return self.diffusion == 0
        values = self._spectrum[0]
        return values <= ROUNDING * len(values) * values.max()

    @cached_property
    def quiet(self) -> Array:
        """Orthonormal directions without noise, shape (n, how many)."""
        directions = np.eye(len(self.diffusion)) if self.diagonal else self._spectrum[1]
        return directions[:, self._still]

    @cached_property
    def inverse(self) -> Array:
        """D's inverse, on the directions that have noise: shape (n,) or (n, n) as D."""
        if self.quiet.size == 0 and not self.diagonal:
            from scipy.linalg import cho_factor, cho_solve

            inverse = cho_solve(cho_factor(self.diffusion), np.eye(len(self.diffusion)))
            return np.asarray((inverse + inverse.T) / 2)
        values = self.diffusion if self.diagonal else self._spectrum[0]
        inverse = np.where(self._still, 0.0, 1 / np.where(self._still, 1.0, values))
        return inverse if self.diagonal else (self._spectrum[1] * inverse) @ self._spectrum[1].T

    def undone(self, matrix: Array) -> Array:
        """D^+ M, rows or one vector."""
        if not self.diagonal:
            return self.inverse @ matrix
        return self.inverse[:, None] * matrix if matrix.ndim == 2 else self.inverse * matrix

    def conjugated_diagonal(self, matrix: Array) -> Array:
        """The diagonal of D^+ M D."""
        if self.diagonal:
            return np.diagonal(matrix) * (self.inverse * self.diffusion)
        return np.einsum("ij,ji->i", self.inverse @ matrix, self.diffusion)


def quiet_sentence(quiet: Array, irreversible: Array, mixed: bool) -> str:
    """Why directions without noise that drift irreversibly have no entropy production; empty where they do not."""
    if quiet.size == 0:
        return ""
    drifts = np.abs(quiet.T @ irreversible).max(axis=1)
    if drifts.max() <= 1e-12 * max(np.abs(irreversible).max(), 1e-300):
        return ""
    where = int(np.argmax(np.abs(quiet[:, int(np.argmax(drifts))])))
    hint = "" if mixed else "; where it is a velocity or its coordinate, say so by parity"
    return (
        f"diffusion is singular: coordinate {where} drifts irreversibly without noise of its own, so the entropy "
        f"production diverges{hint}"
    )


def parity_gap(noise: Noise, parity: npt.NDArray[Any]) -> tuple[int, int] | None:
    """An even and an odd coordinate whose noises are correlated, if there are any."""
    if noise.diagonal:
        return None
    wrong = np.abs(noise.diffusion) * (parity[:, None] != parity)
    if wrong.max() <= SYMMETRY_TOLERANCE * np.abs(noise.diffusion).max():
        return None
    i, j = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    return int(i), int(j)
