"""Correlations of a linear process over time, and their spectral density."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.errors import InputError
from neurothermo.processes.linear_routes import ModesRoute
from neurothermo.processes.operators import Circulant, check_room

if TYPE_CHECKING:
    from neurothermo.processes.linear import LinearLangevin


def propagator(process: LinearLangevin, time: float) -> Array:
    """e^(-A t), shape (n, n)."""
    relaxation = process.relaxation
    if isinstance(relaxation, Circulant):
        return Circulant(np.exp(-relaxation.eigenvalues * time)).matrix()
    matrix = process.relaxation_matrix()
    if np.array_equal(matrix, matrix.T):
        values, vectors = np.linalg.eigh(matrix)
        return np.asarray((vectors * np.exp(-values * time)) @ vectors.T)
    from scipy.linalg import expm

    return np.asarray(expm(-matrix * time))


def lagged_covariance(process: LinearLangevin, lag: Any) -> Array:
    """e^(-A t) C for each lag; C e^(-A^T |t|) where it is negative."""
    lags = checked_array(lag, "lag")
    check_room(process.size, lags.size + 5)
    covariance = process.route.covariance()
    found = np.empty((lags.size, process.size, process.size))
    for row, time in enumerate(lags.ravel()):
        found[row] = propagator(process, abs(time)) @ covariance
    back = lags.ravel() < 0
    found[back] = found[back].transpose(0, 2, 1)
    return found.reshape(*lags.shape, process.size, process.size)


def spectrum(process: LinearLangevin, frequencies: Any) -> npt.NDArray[np.complex128]:
    """S(omega), shape (m, n, n)."""
    frequencies = checked_array(frequencies, "frequencies", (None,))
    check_room(process.size, 2 * len(frequencies) + 10)
    found = np.empty((len(frequencies), process.size, process.size), np.complex128)
    relaxation, noise = process.relaxation_matrix(), 2 * process.noise.matrix()
    for row, frequency in enumerate(frequencies):
        response = relaxation + 1j * frequency * np.eye(process.size)
        half = np.linalg.solve(response, noise)
        found[row] = np.linalg.solve(response, half.conj().T)
        found[row] = (found[row] + found[row].conj().T) / 2
    return found


def wave_spectrum(process: LinearLangevin, frequencies: Any) -> Array:
    """S_k(omega), shape (m, n) or (m, nx, ny)."""
    frequencies = checked_array(frequencies, "frequencies", (None,))
    route = process.route
    if not isinstance(route, ModesRoute):
        raise InputError(f"wave_spectrum() needs a drift and a noise that are the same at every place, got {process!r}")
    waves, noise = route.relaxation.eigenvalues, route.diffusion.eigenvalues.real
    shift = frequencies.reshape(-1, *(1 for _ in waves.shape)) + waves.imag
    return np.asarray(2 * noise / (waves.real**2 + shift**2))
