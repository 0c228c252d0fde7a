"""A translation-invariant field on its way to its stationary law, mode by mode."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.errors import InputError
from neurothermo.processes.field_modes import Modes

UNITS = {
    "total": "nats per unit time",
    "flow": "nats per unit time",
    "shannon_rate": "nats per unit time",
    "housekeeping": "nats per unit time",
    "excess": "nats per unit time",
    "entropy": "nats",
    "divergence": "nats",
}


def mode_transient(modes: Modes, mean: Array, variance: Array, times: Any) -> Any:
    r"""Entropy and its balance from a Gaussian start whose covariance is the same everywhere.

    .. math:: \dot c_k = -2 \alpha_k c_k + 2 D_k, \quad m_k(t) = e^{-(\alpha_k + i \omega_k) t} m_k, \qquad
              \sigma = \sum_k \frac{\alpha_k^2 + \omega_k^2}{D_k} (c_k + |m_k|^2) - 2 \alpha_k + \frac{D_k}{c_k}, \qquad
              \sigma_{hk} = \sum_k \frac{\omega_k^2}{D_k} (c_k + |m_k|^2)

    with c_k the eigenvalues of the covariance and D_k those of the diffusion matrix.

    Parameters
    ----------
    modes : Modes
    mean : array, the grid's shape
        Of the deviations at time 0.
    variance : array, the grid's shape
        c_k at time 0, in the order of numpy.fft.fftn; > 0.
    times : array_like, shape (times,)
        Not negative.

    Returns
    -------
    xarray.Dataset
        Over `time`: total, flow, shannon_rate, housekeeping, excess (nats per unit time), entropy and divergence from
        the stationary law (nats).

    Raises
    ------
    InputError
        If a time is negative.
    """
    import xarray as xr

    times = checked_array(times, "times", (None,))
    if np.any(times < 0):
        raise InputError(f"times must not be negative, got {times.min():g}")
    alpha, omega, diffusion = (part.ravel() for part in (modes.alpha, modes.omega, modes.spectrum / modes.grid.cell))
    square = np.abs(np.fft.fftn(mean)).ravel() ** 2 / modes.grid.size  # |m_k|^2, of a unitary transform
    settled = diffusion / alpha
    rows = [_balance(alpha, omega, diffusion, settled, variance.ravel(), square, float(t)) for t in times]
    table = xr.Dataset({name: ("time", np.array([row[name] for row in rows])) for name in UNITS}, {"time": times})
    for name, units in UNITS.items():
        table[name].attrs["units"] = units
    table.attrs["kind"] = "exact"
    return table


def _balance(
    alpha: Array, omega: Array, diffusion: Array, settled: Array, variance: Array, square: Array, time: float
) -> dict[str, float]:
    """The balance at one time."""
    decay = np.exp(-2 * alpha * time)
    variance, square = settled + decay * (variance - settled), decay * square
    power = variance + square
    flow = float(np.sum((alpha**2 + omega**2) / diffusion * power - alpha))
    shannon = float(np.sum(diffusion / variance - alpha))
    housekeeping = float(np.sum(omega**2 / diffusion * power))
    return {
        "total": flow + shannon,
        "flow": flow,
        "shannon_rate": shannon,
        "housekeeping": housekeeping,
        "excess": flow + shannon - housekeeping,
        "entropy": float(np.sum(np.log(2 * np.pi * np.e * variance)) / 2),
        "divergence": float(np.sum(power / settled - 1 + np.log(settled / variance)) / 2),
    }
