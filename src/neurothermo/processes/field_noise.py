"""The noise of a neural field: white, correlated in space, of a strength that varies, or any covariance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import TINY, Array, as_floats, checked_array, checked_positive, checked_range, shape_of
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import digest
from neurothermo.processes.field_grid import SYMMETRIC, Grid, couple
from neurothermo.processes.kernels import Kernel
from neurothermo.processes.operators import Circulant

ROUNDING = 1e-13  # of the strongest mode: what a sampled correlation function may hide a missing mode behind


@dataclass(frozen=True, eq=False)
class FieldNoise:
    r"""Half the covariance of a field's noise, :math:`\langle \xi_i(t) \xi_j(t') \rangle = 2 D_{ij} \delta(t - t')`.

    Parameters
    ----------
    kind : str
        "white", "correlated" (a function of distance), "map" (white, of varying strength) or "matrix".
    diffusion : number, array or Circulant
        D on the grid: a number (white), shape (size,) (map), (size, size) (matrix, and correlated on a line), or a
        Circulant (correlated on a ring).
    spectrum : array or None
        Gamma_k at the grid's wavenumbers where the noise is the same everywhere on a ring: dx times D's eigenvalues.
    grid : Grid
    given : number, array, Kernel or callable
        What it was made from, to be made again on another grid.
    """

    kind: str
    diffusion: Any
    spectrum: Array | None
    grid: Grid
    digest: str
    given: Any

    def __repr__(self) -> str:
        return f"FieldNoise({self.kind})"


def noise_of(grid: Grid, noise: Any, name: str = "noise") -> FieldNoise:
    """The noise a user describes: a number, a kernel or function of distance, a map, or a matrix.

    Raises
    ------
    InputError
        If it fits neither, is not symmetric, or is not positive.
    """
    if isinstance(noise, FieldNoise):
        return noise if noise.grid == grid else noise_of(grid, noise.given, name)
    if isinstance(noise, Kernel | Callable):
        return _correlated(grid, noise, name)
    if not shape_of(noise, name):
        return _white(grid, noise, name)
    array = as_floats(noise, name)
    if array.shape == grid.shape:
        return _local(grid, checked_array(array, name), name)
    if array.shape == (grid.size, grid.size):
        return _full(grid, checked_array(array, name), name)
    raise InputError(
        f"{name} must be a number, a kernel, a map of shape {grid.shape} or a matrix of shape "
        f"{(grid.size, grid.size)}, got shape {array.shape}"
    )


def covariance_of(grid: Grid, covariance: Any) -> FieldNoise:
    """A covariance of the field at its places, described as noise is, but in numbers of the grid: variances."""
    if not isinstance(covariance, Kernel | Callable):
        shape = shape_of(covariance, "covariance")
        if shape == () or shape == grid.shape:
            variances = as_floats(covariance, "covariance")
            if np.any(variances <= 0):
                raise InputError(f"covariance must be positive, got {variances.min():g}")
            covariance = grid.cell * variances
    return noise_of(grid, covariance, "covariance")


def _white(grid: Grid, noise: Any, name: str) -> FieldNoise:
    strength = checked_range(checked_positive(noise, name), name, TINY)
    spectrum = np.full(grid.shape, strength) if grid.periodic else None
    return FieldNoise("white", strength / grid.cell, spectrum, grid, digest("noise", "white", strength), strength)


def _correlated(grid: Grid, noise: Any, name: str) -> FieldNoise:
    correlation = couple(grid, noise, name)
    if correlation.asymmetry > SYMMETRIC:
        raise InputError(
            f"{name} {correlation} must be the same in both directions, Gamma(z) = Gamma(-z): it is a covariance"
        )
    word = digest("noise", "correlated", correlation.transfer)
    if not grid.periodic:
        return FieldNoise("correlated", _positive(correlation.matrix() / grid.cell, name), None, grid, word, noise)
    spectrum = correlation.transfer.real
    exact = isinstance(noise, Kernel) and noise.fourier is not None
    weakest = np.unravel_index(np.argmin(spectrum), grid.shape)
    if spectrum[weakest] <= (0.0 if exact else ROUNDING * spectrum.max()):
        at = ", ".join(f"{axis[weakest]:.4g}" for axis in grid.wavenumbers())
        raise InputError(
            f"{name} {correlation} must have power in every mode, got {spectrum[weakest]:.3g} at wavenumber {at}: "
            "add white noise to it, kernels.gaussian(...) + kernels.delta(...)"
        )
    return FieldNoise("correlated", Circulant(spectrum.astype(np.complex128) / grid.cell), spectrum, grid, word, noise)


def _local(grid: Grid, strength: Array, name: str) -> FieldNoise:
    if np.any(strength <= 0):
        raise InputError(f"{name} must be positive everywhere, got a smallest value of {strength.min():g}")
    checked_range(strength, name, TINY)
    if np.ptp(strength) == 0:
        return _white(grid, strength.flat[0], name)
    return FieldNoise("map", strength.ravel() / grid.cell, None, grid, digest("noise", "map", strength), strength)


def _full(grid: Grid, matrix: Array, name: str) -> FieldNoise:
    checked_range(matrix, name)
    apart = float(np.max(np.abs(matrix - matrix.T)))
    if apart > SYMMETRIC * np.max(np.abs(matrix)):
        raise InputError(f"{name} must be a symmetric matrix, got one with a largest |D_ij - D_ji| of {apart:.3g}")
    return FieldNoise(
        "matrix", _positive((matrix + matrix.T) / 2, name), None, grid, digest("noise", "matrix", matrix), matrix
    )


def _positive(matrix: Array, name: str) -> Array:
    lost = ROUNDING * len(matrix) * np.max(np.diag(matrix))
    try:
        np.linalg.cholesky(matrix - lost * np.eye(len(matrix)))
    except np.linalg.LinAlgError:
        smallest = float(np.linalg.eigvalsh(matrix)[0])
        raise InputError(
            f"{name} must be a positive definite covariance, got a smallest eigenvalue of {smallest:.3g}: "
            "add white noise to it"
        ) from None
    return matrix
