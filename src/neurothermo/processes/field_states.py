"""Stationary states of a neural field: homogeneous ones by root finding, all others by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.processes.field_grid import Coupling
from neurothermo.systems.gains import Gain

SAMPLES = 20_001  # where roots are looked for
WIDEST = 15.0  # asinh of the largest potential looked at under an unbounded gain
LINEAR_PROBES = np.linspace(-40.0, 40.0, 81)
ROUNDING = 1e-14  # a root closer to zero is zero
CONVERGED = 1e-12  # of the potentials
MOST_STEPS = 200
FARTHEST = 1e150  # of the drift: its square is still a float
DECAYS = 1e-10  # of 1/tau: slower than that is no decay
SLIDES = 1e-4  # of 1/tau: a rate that is zero but for the grid
DENSE = 600  # places up to which all rates are computed at once
MOST_DENSE = 4000  # places up to which they are where nothing quicker answers
SOLVED = 1e-8  # of the bound: what an eigenvector may be off by


@dataclass(frozen=True)
class FixedPoint:
    r"""A homogeneous stationary state, :math:`u^* = \hat J_0 f(u^*) + I`.

    Parameters
    ----------
    value : float
        u*.
    gain : float
        g = f'(u*).
    stable : bool
        Whether every mode decays.
    growth_rate : float
        Of the slowest mode, per unit time: the largest of (g Re J_k - 1)/tau.
    wavenumber : float or tuple of float
        Of that mode; a pair on a torus.
    """

    value: float
    gain: float
    stable: bool
    growth_rate: float
    wavenumber: Any


def is_linear(gain: Gain) -> bool:
    """Whether f(u) = g u, so that the field is its own linearization everywhere."""
    slopes = gain.derivative(LINEAR_PROBES)
    return bool(np.ptp(slopes) == 0 and np.allclose(gain(LINEAR_PROBES), slopes * LINEAR_PROBES, rtol=1e-14, atol=0))


def slowest_mode(coupling: Coupling, gain: float, tau: float) -> tuple[float, Any]:
    """Growth rate and wavenumber of the mode that decays slowest, or grows fastest, on a ring."""
    growth = (gain * coupling.transfer.real - 1) / tau
    at = np.unravel_index(np.argmax(growth), growth.shape)
    wavenumber = tuple(float(axis[at]) for axis in coupling.grid.wavenumbers())
    if wavenumber[0] < 0:  # k and -k are one mode
        wavenumber = tuple(-k for k in wavenumber)
    return float(growth[at]), wavenumber[0] if len(wavenumber) == 1 else wavenumber


def fixed_points(coupling: Coupling, gain: Gain, tau: float, current: float) -> tuple[FixedPoint, ...]:
    """All homogeneous stationary states of a ring with the same input everywhere, ascending."""
    total = float(coupling.transfer.flat[0].real)
    found = []
    for value in _roots(gain, total, current):
        slope = float(gain.derivative(np.array([value]))[0])
        rate, wavenumber = slowest_mode(coupling, slope, tau)
        found.append(FixedPoint(value, slope, rate < 0, rate, wavenumber))
    return tuple(found)


def _roots(gain: Gain, total: float, current: float) -> list[float]:
    """The roots of J_0 f(u) + I - u."""
    if is_linear(gain):
        slope = float(gain.derivative(np.zeros(1))[0])
        if abs(1 - slope * total) < CONVERGED:
            raise InputError(
                "a linear field with g J_0 = 1 has no homogeneous state of its own: it has none, or any is one; give at"
            )
        return [current / (1 - slope * total)]
    from scipy.optimize import brentq

    def missing(u: Any) -> Any:
        return total * gain(np.atleast_1d(np.asarray(u, dtype=np.float64))) + current - u

    if np.isfinite(gain.low) and np.isfinite(gain.high):
        low, high = sorted((current + total * gain.low, current + total * gain.high))
        room = 1e-9 * (1 + abs(low) + abs(high))
        u = np.linspace(low - room, high + room, SAMPLES)
    else:
        u = current + np.sinh(np.linspace(-WIDEST, WIDEST, SAMPLES))
    values = missing(u)
    exact = u[values == 0]
    brackets = np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) < 0)  # a product of values may underflow
    crossed = [brentq(lambda x: float(missing(x)[0]), u[i], u[i + 1], xtol=1e-14, rtol=1e-14) for i in brackets]
    return sorted(0.0 if abs(root) < ROUNDING else float(root) for root in [*exact, *crossed])


def missing_drift(coupling: Coupling, gain: Gain, current: Array, state: Array) -> Array:
    """-u + J f(u) + I, zero in a stationary state; the grid's shape."""
    return coupling.apply(gain(state)) + current - state


def newton(coupling: Coupling, gain: Gain, current: Array, guess: Array) -> tuple[Array, float]:
    r"""The stationary state near a guess, and the largest of |-u + J f(u) + I| that is left.

    Steps :math:`(1 + 1/h - J G)\, \delta = -u + J f(u) + I =: F` with h = 1/max|F|: far from rest a step follows the
    field's own motion for a time h tau, near rest it is Newton's. Least squares through products with J alone:
    where nothing pins a bump, moving it costs nothing, 1 - J G is singular, and the smallest step does not move it.

    Raises
    ------
    InputError
        If the residual does not fall to rounding.
    """
    state = np.array(guess, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # a guess far off overflows: the sentence below says so
        missing = missing_drift(coupling, gain, current, state)
        for _ in range(MOST_STEPS):
            largest = float(np.max(np.abs(missing)))
            if largest <= CONVERGED * (1 + np.max(np.abs(state))):
                return state, largest
            if not largest < FARTHEST:
                break
            state = state + _step(coupling, gain.derivative(state), missing, 1 + largest)
            missing = missing_drift(coupling, gain, current, state)
    raise InputError(
        f"Newton's method found no stationary state from this guess: {np.max(np.abs(missing)):.3g} of the drift is "
        "left; start from a state that the field itself relaxes to, if it comes to rest at all"
    )


def _step(coupling: Coupling, slopes: Array, missing: Array, diagonal: float) -> Array:
    """The smallest delta with (diagonal - J G) delta = missing."""
    from scipy.sparse.linalg import LinearOperator, lsmr

    tangent = LinearOperator(
        (missing.size, missing.size),
        matvec=lambda v: diagonal * v.ravel() - coupling.apply(slopes * v.reshape(slopes.shape)).ravel(),
        rmatvec=lambda v: diagonal * v.ravel() - (slopes * coupling.apply_transposed(v.reshape(slopes.shape))).ravel(),
        dtype=np.float64,
    )
    return lsmr(tangent, missing.ravel(), atol=1e-13, btol=1e-13, conlim=1e9)[0].reshape(slopes.shape)


def slowest_rate(coupling: Coupling, slopes: Array, tau: float) -> float:
    """The smallest real part of an eigenvalue of (1 - J G)/tau: negative where the state is unstable.

    Of more than `DENSE` places where max |g| max |J_k| < 1 a bound below it, positive: there J G contracts.

    Raises
    ------
    InputError
        If there are more than `MOST_DENSE` places and the iteration finds no eigenvector.
    """
    gains = slopes.ravel()
    bound = float(np.max(np.abs(gains)) * np.max(np.abs(coupling.transfer)))
    if gains.size > DENSE:
        if bound < 1 - SLIDES:
            return (1 - bound) / tau
        found = _largest_by_iteration(coupling, slopes, bound)
        if found is not None:
            return (1 - found) / tau
        if gains.size > MOST_DENSE:
            raise InputError(
                f"whether this state is stable could not be found: the iteration for the fastest-growing of its "
                f"{gains.size} patterns fails, and all of them are computed up to {MOST_DENSE} places only; take fewer"
            )
    return (1 - _largest_of_all(coupling, gains)) / tau


def _largest_of_all(coupling: Coupling, gains: Array) -> float:
    """The largest real part of an eigenvalue of J G, from all of them."""
    if coupling.symmetric and np.all(gains >= 0):  # then J G is similar to G^1/2 J G^1/2, which is symmetric
        root = np.sqrt(gains)
        return float(np.linalg.eigvalsh(root[:, None] * coupling.matrix() * root)[-1])
    return float(np.max(np.linalg.eigvals(coupling.matrix() * gains).real))


def _largest_by_iteration(coupling: Coupling, slopes: Array, bound: float) -> float | None:
    """The same by Arnoldi's method; None where it does not converge, or to what is no eigenvector.

    Far from normal, as a kernel that drives one way along a line makes it, J G misleads the method.
    """
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigs

    def times(v: Any) -> Any:
        return coupling.apply((slopes.ravel() * v.ravel()).reshape(slopes.shape)).ravel()

    operator = LinearOperator((slopes.size, slopes.size), matvec=times, dtype=np.float64)
    start = 1 + np.cos(np.arange(slopes.size))  # the same in every run, and in no symmetry class
    try:
        values, vectors = eigs(operator, k=4, which="LR", v0=start)
    except ArpackError:
        return None
    if not np.all(np.abs(values) <= (1 + SOLVED) * bound):
        return None
    for value, vector in zip(values, vectors.T, strict=True):
        image = times(vector.real.copy()) + 1j * times(vector.imag.copy())
        if not np.linalg.norm(image - value * vector) <= SOLVED * bound:
            return None
    return float(np.max(values.real))


def chosen(points: tuple[FixedPoint, ...], gain: Gain) -> float:
    """The one stable homogeneous state; that of a linear field, stable or not.

    Raises
    ------
    InputError
        If there is none, or more than one: with all of them listed.
    """
    stable = [point.value for point in points if point.stable]
    if is_linear(gain):
        return points[0].value
    if len(stable) == 1:
        return stable[0]
    listed = "; ".join(f"{p.value:.6g} ({'stable' if p.stable else f'grows at {p.growth_rate:.3g}'})" for p in points)
    raise InputError(
        f"this field has {len(stable) or 'no'} stable homogeneous states, not one: {listed}; choose one with "
        "at=, or give at=field.stationary_state(guess)"
    )


def require_decay(rate: float, wavenumber: Any, coupling: Coupling, slopes: Array, tau: float) -> None:
    """Raise where a linearized field has no stationary law: it grows, or slides."""
    if wavenumber is not None and rate >= -DECAYS / tau:
        at = ", ".join(f"{k:.4g}" for k in np.atleast_1d(wavenumber))
        raise InputError(
            f"the linearized field is unstable: its mode of wavenumber {at} grows at {rate:.4g} per unit time at a "
            f"gain of {slopes.flat[0]:.6g}; it is stable below {1 / coupling.transfer.real.max():.6g}"
        )
    if wavenumber is None and abs(rate) < SLIDES / tau:
        raise InputError(
            f"nothing brings the field back along one direction (its rate is {-rate:.1g} per unit time): a bump on a "
            "ring with the same input everywhere can sit anywhere; pin it by an input that differs from place to place"
        )
    if rate > 0:
        raise InputError(f"the linearized field is unstable: a pattern grows at {rate:.4g} per unit time")
