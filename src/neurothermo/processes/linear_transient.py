"""Entropy and its balance while a linear process settles, from a Gaussian start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.errors import InputError
from neurothermo.core.gaussian import Gaussian, checked_symmetric, divergence
from neurothermo.processes.linear_energy import mean_drift_parts
from neurothermo.processes.linear_noise import quiet_sentence
from neurothermo.processes.linear_spectrum import propagator
from neurothermo.processes.lyapunov import gathered

if TYPE_CHECKING:
    from neurothermo.processes.linear import LinearLangevin

FLAT = 1e-13  # of the largest eigenvalue, times n: a start as flat as this is a point in that direction
RATE = "nats per unit time"
SERIES = {
    "total": (RATE, "entropy production"),
    "flow": (RATE, "entropy flow into the bath"),
    "shannon_rate": (RATE, "rate of change of the entropy"),
    "housekeeping": (RATE, "housekeeping entropy production"),
    "excess": (RATE, "excess entropy production"),
    "entropy": ("nats", "entropy of the law"),
    "divergence": ("nats", "divergence from the stationary law"),
}


def transient(process: LinearLangevin, mean: Any, covariance: Any, times: Any, field: Array) -> Any:
    """The dataset of `LinearLangevin.transient`."""
    import xarray as xr

    times = checked_array(times, "times", (None,))
    if np.any(times < 0):
        raise InputError(f"times must not be negative, got {times.min():g}")
    path = Path.of(process, checked_array(mean, "mean", (process.size,)), _start(covariance, process.size), field)
    series: dict[str, list[float]] = {name: [] for name in SERIES}
    means, covariances = [], []
    for time in times:
        offset, spread = path.at(float(time))
        for name, value in path.balance(offset, spread, flat=path.flat and time == 0).items():
            series[name].append(value)
        means.append(path.law.mean + offset)
        covariances.append(spread)
    size = process.size
    variables: dict[str, Any] = {
        name: ("time", np.array(series[name]), {"units": units, "long_name": long_name})
        for name, (units, long_name) in SERIES.items()
    }
    variables["mean"] = (("time", "coordinate"), np.array(means).reshape(-1, size))
    variables["covariance"] = (("time", "coordinate", "other"), np.array(covariances).reshape(-1, size, size))
    if np.any(process.parity < 0):
        variables["housekeeping"][2]["comment"] = (
            "with odd coordinates: the total less the excess, which may be negative"
        )
    coordinates = {"time": times, "coordinate": np.arange(size), "other": np.arange(size)}
    return xr.Dataset(variables, coordinates, {"kind": "exact", "process": repr(process)})


def _start(covariance: Any, size: int) -> Array:
    """C_0 from a number, variances or a matrix; positive semidefinite."""
    array = checked_array(covariance, "covariance")
    if array.shape in ((), (size,)):
        array = np.diag(np.broadcast_to(array, (size,)))
    array = checked_symmetric(array, "covariance", size)
    values = np.linalg.eigvalsh(array)
    if values[0] < -FLAT * size * max(values[-1], 0.0):
        raise InputError(f"covariance must be positive semidefinite, got a smallest eigenvalue of {values[0]:.3g}")
    return array


@dataclass(frozen=True, eq=False)
class Path:
    """The way of a Gaussian law to the stationary one."""

    process: LinearLangevin
    law: Gaussian
    field: Array
    irreversible: Array
    offset: Array  # mean less the stationary one, at the start
    start: Array
    flat: bool

    @classmethod
    def of(cls, process: LinearLangevin, mean: Array, start: Array, field: Array) -> Path:
        """From a mean and a covariance.

        Raises
        ------
        InputError
            If the entropy flow of the process diverges.
        """
        irreversible = process.irreversible_matrix()
        sentence = quiet_sentence(process.noise.quiet, irreversible, process.mixed)
        if sentence:
            raise InputError(sentence)
        law = process.stationary_law(field)
        values = np.linalg.eigvalsh(start)
        flat = bool(values[0] <= FLAT * process.size * values[-1])
        return cls(process, law, field, irreversible, mean - law.mean, start, flat)

    @cached_property
    def relaxation(self) -> Array:
        """A."""
        return self.process.relaxation_matrix()

    @cached_property
    def precision(self) -> Array:
        """C_s^-1."""
        return self.process.precision

    @cached_property
    def housekeeping_force(self) -> Array:
        """B^T D^-1 B, B = A - D C_s^-1: what the stationary current costs, state by state."""
        noise = self.process.noise
        drift = self.relaxation - noise.times(self.precision)
        return drift.T @ noise.undone(drift)

    def at(self, time: float) -> tuple[Array, Array]:
        """The mean less the stationary one, and the covariance."""
        if time == 0:
            return self.offset, self.start
        if self.flat:  # gathered noise alone: no difference of two nearly equal matrices
            step, noise = gathered(self.relaxation, 2 * self.process.noise.matrix(), time)
            spread = step @ self.start @ step.T + noise
        else:
            step = propagator(self.process, time)
            spread = self.law.covariance + step @ (self.start - self.law.covariance) @ step.T
        return step @ self.offset, (spread + spread.T) / 2

    def balance(self, offset: Array, spread: Array, flat: bool) -> dict[str, float]:
        """Every series at one time; `flat` where the law is still a point in some direction."""
        noise, inverse = self.process.noise, self.precision
        mean = self.law.mean + offset
        drift_parts = float(mean_drift_parts(self.process, self.field, mean).sum())
        drifted = self.irreversible @ spread
        flow = drift_parts + float(np.sum(noise.undone(self.irreversible) * drifted) - np.trace(self.irreversible))
        pull = float(offset @ inverse @ self.relaxation @ offset)
        if np.any(self.process.parity < 0):
            settling = noise.matrix() - self.relaxation @ spread
            housekeeping = flow + float(np.sum(inverse * settling)) - pull
        else:
            housekeeping = float(np.sum(self.housekeeping_force * spread))
            housekeeping += float(offset @ self.housekeeping_force @ offset)
        found = {"flow": flow, "housekeeping": housekeeping}
        if flat:
            return found | dict.fromkeys(("total", "shannon_rate", "excess", "divergence"), np.inf) | {
                "entropy": -np.inf
            }  # fmt: skip
        law = Gaussian(offset, spread)
        whitening = law.inverse_factor
        current = (drifted - noise.matrix()) @ whitening.T
        away = spread - self.law.covariance
        settling = -self.relaxation @ away
        curvature = -(whitening.T @ whitening) @ away @ inverse  # C^-1 - C_s^-1
        return found | {
            "total": drift_parts + float(np.sum(current * noise.undone(current))),
            "shannon_rate": float(np.sum((whitening.T @ whitening) * noise.matrix()) - np.trace(self.relaxation)),
            "excess": float(np.sum(curvature * settling)) + pull,
            "entropy": law.entropy(),
            "divergence": divergence(offset, spread, self.law, law.log_determinant),
        }
