"""The nonlinear field in motion: drift by Fourier transform, noise and heat by the Langevin kernels."""

from __future__ import annotations

import warnings
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import Array, check_single
from neurothermo.core.errors import InputError
from neurothermo.processes.operators import Circulant

if TYPE_CHECKING:
    from neurothermo.core.flight import TimedDriver
    from neurothermo.engine.forced import Bath
    from neurothermo.processes.field import NeuralField

POTENTIALS = np.linspace(-50.0, 50.0, 2001)  # where the gain's largest slope is looked for
SHARE = 0.05  # of the shortest time: the default step
LONG = 0.5
LOST = 0.01  # of the weakest mode's noise: the power that rounding to single precision may add to it
GRAIN = 16  # rows that a single-precision transform takes at once


def fastest_rate(field: NeuralField) -> float:
    """A bound on how fast any mode of the nonlinear field moves: (1 + max f' max |J_k|)/tau."""
    steepest = float(np.max(field.gain.derivative(POTENTIALS)))
    return (1 + steepest * float(np.max(np.abs(field.coupling.transfer)))) / field.tau


def field_driver(field: NeuralField, dt: float | None) -> TimedDriver:
    """Euler and Maruyama's step of the nonlinear field, its flow the exact log ratio of the step.

    The input of a protocol adds to the field's own, I/tau in velocity; it couples to the activity f(u): changing it
    by dI does the work -dI . f(u) dx.
    """
    from neurothermo.engine.carried import CarriedDriver, Ring
    from neurothermo.engine.forced import ForcedDriver, IndependentNoise

    rate = fastest_rate(field)
    check_single(np.array(rate), "the field's fastest rate, by its kernel, gain and tau,")
    if dt is None:
        dt = SHARE / rate
    elif dt * rate > LONG:
        warnings.warn(
            f"dt = {dt:g} is long for the field's fastest rate, {rate:.3g} per unit time at most (dt x rate = "
            f"{dt * rate:.2g}): steps diverge above 2 and are accurate well below 1",
            stacklevel=5,
        )
    bath = _bath(field, dt)
    forced = ForcedDriver(
        field.evaluate, lambda values: values / field.tau, lambda change: change * field.grid.cell, field.size,
        bath, dt, kernel="euler-maruyama, fused: exact log ratio of the step", cost_per_number=12.0,
        grain=GRAIN,
    )  # fmt: skip
    ring = field.grid.dimensions == 1 and field.grid.periodic and Ring.fits(field.size)
    sigmoid = field.gain.sigmoid
    if not ring or sigmoid is None or not sigmoid.single or not isinstance(bath, IndependentNoise):
        return forced
    leak, constant = np.full(field.size, 1 / field.tau), np.zeros(field.size) + field.input / field.tau
    return CarriedDriver(forced, Ring(field.coupling.transfer / field.tau), leak, constant, astuple(sigmoid))


def spread(field: NeuralField) -> float:
    """The standard deviation of the linearized field at a place, its root mean square over places."""
    if field.translation_invariant:
        modes = field.modes()
        return float(np.sqrt(np.mean(modes.spectrum / modes.alpha) / field.grid.cell))
    return float(np.sqrt(np.mean(np.diag(field.linearized().covariance()))))


def _bath(field: NeuralField, dt: float) -> Bath:
    from neurothermo.engine.forced import CorrelatedNoise, IndependentNoise

    diffusion = field.noise.diffusion
    if np.ndim(diffusion) < 2 and not isinstance(diffusion, Circulant):
        check_single(np.multiply.outer([1.0, dt], diffusion), "noise, by itself and times dt,")
        return IndependentNoise(np.ones(field.size), np.zeros(field.size) + diffusion, dt, False)
    if isinstance(diffusion, Circulant):
        spectrum = np.asarray(diffusion.eigenvalues).real
        _require_resolved(spectrum)
        return CorrelatedNoise(
            _filter(spectrum, np.sqrt(2 * dt * spectrum)), _filter(spectrum, 1 / spectrum), dt, False
        )
    _require_resolved(np.linalg.eigvalsh(diffusion))
    factor = (np.sqrt(2 * dt) * np.linalg.cholesky(diffusion)).T.astype(np.float32)
    inverse = np.linalg.inv(diffusion).astype(np.float32)
    return CorrelatedNoise(lambda rows: rows @ factor, lambda rows: rows @ inverse, dt, False)


def _require_resolved(powers: Array) -> None:
    """Raise where single precision does not hold the noise of the weakest mode beside that of the strongest.

    Rounding of a state adds to every mode about eps^2 times the power of the strongest at each step, eps = 1.2e-7; the
    flow divides it by the power of the weakest.
    """
    check_single(np.max(powers), "noise, in the strongest of its modes,")
    share = float(np.min(powers) / np.max(powers))
    if LOST * share < float(np.finfo(np.float32).eps) ** 2:
        raise InputError(
            f"noise is too smooth to simulate: its weakest mode has {share:.2g} of the strongest's power, which single "
            "precision cannot tell from rounding; add white noise, kernels.gaussian(...) + kernels.delta(...)"
        )


def _filter(spectrum: Array, gains: Array) -> Any:
    """Rows multiplied by a real function of the wavenumber."""
    from scipy.fft import irfftn, rfftn

    shape, axes = spectrum.shape, tuple(range(-spectrum.ndim, 0))
    half = gains[..., : shape[-1] // 2 + 1].astype(np.float32)

    def apply(rows: Any) -> Any:
        fields = rows.reshape(-1, *shape)
        return irfftn(rfftn(fields, axes=axes) * half, shape, axes).reshape(rows.shape)

    return apply
