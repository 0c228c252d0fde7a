"""The modes of a translation-invariant field: tables over wavenumber and frequency, and the limit of long waves."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.processes.field_grid import Coupling, Grid
from neurothermo.systems.gains import Gain

LONG_WAVE = 0.03  # of the longest wave's number: the step of the differences at k = 0


@dataclass(frozen=True, eq=False)
class Modes:
    r"""The linearized field mode by mode: :math:`\partial_t \phi_k = -(\alpha_k + i \omega_k)\, \phi_k` + noise.

    Parameters
    ----------
    grid : Grid
    alpha, omega : array
        Decay rate and frequency, per unit time, of the grid's shape, in the order of numpy.fft.fftn.
    spectrum : array
        Gamma_k, half the noise's power in the mode.
    """

    grid: Grid
    alpha: Array
    omega: Array
    spectrum: Array

    @property
    def production(self) -> Array:
        """omega_k^2 / alpha_k, nats per unit time: what each mode adds to the entropy production."""
        return self.omega**2 / self.alpha

    def table(self) -> Any:
        """`production` with what it is made of, over wavenumbers in ascending order."""
        import xarray as xr

        value = self.production
        parts = {"value": value, "stderr": 0 * value, "low": value, "high": value}
        parts |= {"alpha": self.alpha, "omega": self.omega, "noise": self.spectrum}
        coords = wavenumber_axes(self.grid)
        table = xr.Dataset(
            {name: (tuple(coords), np.fft.fftshift(part)) for name, part in parts.items()},
            coords=coords,
            attrs={"units": "nats per unit time", "kind": "exact", "total": float(value.sum())},
        )
        table.value.attrs |= {"units": "nats per unit time", "long_name": "entropy production of the mode"}
        table.alpha.attrs |= {"units": "per unit time", "long_name": "decay rate"}
        table.omega.attrs |= {"units": "per unit time", "long_name": "frequency"}
        table.noise.attrs |= {"long_name": "half the power of the noise"}
        return table

    def power(self, frequencies: Array, stimulus: Array, tau: float) -> Any:
        """Fluctuations and response over wavenumber and frequency."""
        import xarray as xr

        distance = self.alpha[..., None] ** 2 + (frequencies + self.omega[..., None]) ** 2
        axes = tuple(range(self.grid.dimensions))
        coords = wavenumber_axes(self.grid)
        dims = (*coords, "frequency")
        table = xr.Dataset(
            {
                "fluctuations": (dims, np.fft.fftshift(2 * self.spectrum[..., None] / distance, axes)),
                "response": (dims, np.fft.fftshift(stimulus[..., None] / tau**2 / distance, axes)),
            },
            coords=coords | {"frequency": frequencies},
            attrs={"kind": "exact"},
        )
        table.fluctuations.attrs["long_name"] = "power of the fluctuations"
        table.response.attrs["long_name"] = "power of the response to the stimulus"
        table.frequency.attrs["units"] = "radians per unit time"
        return table


def map_table(grid: Grid, values: Array) -> Any:
    """Exact values at the grid's positions."""
    import xarray as xr

    names = ("position",) if grid.dimensions == 1 else ("x", "y")
    axes = {name: dx * np.arange(n) for name, dx, n in zip(names, grid.spacing, grid.shape, strict=True)}
    units = f"nats per unit time and {'length' if grid.dimensions == 1 else 'area'}"
    parts = {"value": values, "stderr": 0 * values, "low": values, "high": values}
    table = xr.Dataset(
        {name: (names, part) for name, part in parts.items()},
        coords=axes,
        attrs={"units": units, "kind": "exact", "total": float(values.sum() * grid.cell)},
    )
    table.value.attrs |= {"units": units, "long_name": "entropy production"}
    return table


def wavenumber_axes(grid: Grid) -> dict[str, Array]:
    """Names and values of the wavenumber axes, ascending."""
    names = ("wavenumber",) if grid.dimensions == 1 else ("wavenumber_x", "wavenumber_y")
    steps = zip(grid.spacing, grid.shape, strict=True)
    return {
        name: np.fft.fftshift(2 * np.pi * np.fft.fftfreq(n, dx)) for name, (dx, n) in zip(names, steps, strict=True)
    }


@dataclass(frozen=True)
class DiffusionLimit:
    r"""A field at wavelengths long against its kernel: a reaction-diffusion equation.

    .. math:: \partial_t \phi = -r \phi - v \cdot \nabla \phi + D \nabla^2 \phi + (q \phi^2 + c \phi^3)/\tau, \qquad
              r = \frac{1 - g J_0}{\tau}, \quad D = \frac{g\, m_2}{2 d\, \tau}, \quad v = \frac{g\, m_1}{\tau}, \quad
              q = \tfrac12 J_0 f'', \quad c = \tfrac16 J_0 f'''

    Parameters
    ----------
    rate : float
        r, per unit time: negative where the homogeneous state grows.
    diffusion : float
        D, length squared per unit time; of a shifted kernel on a sheet the mean over the axes. Negative where wide
        inhibition makes short waves grow first: then the limit is no equation to solve.
    velocity : tuple of float
        v, length per unit time along each axis; zero for a symmetric kernel.
    quadratic, cubic : float
        q and c; NaN where the gain does not know its f'' or f'''.
    second_moment : float
        m_2, the integral of |z|^2 J(z).

    References
    ----------
    The limit is that of Salasnich, Symmetry 11, 134 (2019), reconstructed from its abstract; gradients of the nonlinear
    terms are dropped.
    """

    rate: float
    diffusion: float
    velocity: tuple[float, ...]
    quadratic: float
    cubic: float
    second_moment: float


def diffusion_limit(coupling: Coupling, gain: Gain, state: float, tau: float) -> DiffusionLimit:
    """The limit about one homogeneous state."""
    total = float(coupling.transfer.flat[0].real)
    first, second = _moments(coupling)
    at = np.array([state])
    slope = float(gain.derivative(at)[0])
    return DiffusionLimit(
        (1 - slope * total) / tau,
        slope * second / (2 * coupling.grid.dimensions * tau),
        tuple(slope * moment / tau for moment in first),
        nan if gain.second is None else total * float(gain.second(at)[0]) / 2,
        nan if gain.third is None else total * float(gain.third(at)[0]) / 6,
        second,
    )


def _moments(coupling: Coupling) -> tuple[list[float], float]:
    """The integrals of z J(z), for each axis, and of |z|^2 J(z)."""
    grid, kernel = coupling.grid, coupling.kernel
    if kernel is None or kernel.fourier is None:
        column = np.fft.ifftn(coupling.transfer).real
        offsets = grid.offsets()
        return [float((z * column).sum()) for z in offsets], float(sum((z * z * column).sum() for z in offsets))
    first, second, fourier = [], 0.0, kernel.fourier
    for axis, length in enumerate(grid.lengths):
        k = LONG_WAVE * 2 * np.pi / length * np.array([1.0, 2.0, 4.0])
        there, back, still = (
            np.asarray(fourier(*(way * k if i == axis else 0 * k for i in range(grid.dimensions))))
            for way in (1, -1, 0)
        )
        first.append(_at_zero(np.imag(back - there) / (2 * k)))
        second -= _at_zero(np.real(there + back - 2 * still) / k**2)
    return first, second


def _at_zero(values: Array) -> float:
    """The limit at 0 of an even function of k, from its values at h, 2h and 4h (Richardson)."""
    one, two, four = map(float, values)
    return (16 * (4 * one - two) / 3 - (4 * two - four) / 3) / 15
