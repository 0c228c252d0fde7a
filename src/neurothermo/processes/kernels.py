"""Kernels: how strongly one place of a neural field drives, or shares its noise with, a place at distance z."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from neurothermo.core.checks import (
    TINY,
    Array,
    checked_array,
    checked_number,
    checked_positive,
    checked_range,
    checked_word,
    shape_of,
    shown,
)
from neurothermo.core.errors import InputError

Function = Callable[..., Any]
GAUSSIAN_REACH = 4.0  # widths: all but 1e-4 of a Gaussian's weight on a line, 4e-4 on a sheet
EXPONENTIAL_REACH = 10.0  # widths: all but 5e-5 of the weight on a line, 5e-4 on a sheet


@dataclass(frozen=True, eq=False)
class Kernel:
    r"""A function of distance, its Fourier transform, or both.

    .. math:: \hat J_k = \int J(z)\, e^{-i k \cdot z}\, \mathrm dz

    z = x - y points from the source y to the target x: a kernel shifted by a > 0 drives to the right. Kernels add:
    ``gaussian(1.0, 2.0) + delta(0.3)``.

    Parameters
    ----------
    name : str
        What it is called.
    function : callable or None
        J(z) on a line, J(z_x, z_y) on a sheet: arrays in, an array out, per unit length (area). None where J holds
        delta functions.
    fourier : callable or None
        J_k(k), or J_k(k_x, k_y): arrays in, real or complex out. None where only the function is known.
    reach : float or None
        The distance within which all but a thousandth of the weight lies; None where it is not known.
    dimensions : tuple of int
        Where it can be used: 1 a line, 2 a sheet.
    sites : tuple of float
        Distances that must be whole numbers of the grid's, as of neighbours on a chain.

    Raises
    ------
    InputError
        If neither the function nor its transform is given.
    """

    name: str
    function: Function | None = None
    fourier: Function | None = None
    reach: float | None = None
    dimensions: tuple[int, ...] = (1, 2)
    sites: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        checked_word(self.name, "kernel: name")
        given = [one for one in (self.function, self.fourier) if one is not None]
        if not given or not all(map(callable, given)):
            raise InputError(f"kernel {self.name!r} must have a function of distance, a Fourier transform, or both")

    def __add__(self, other: Kernel) -> Kernel:
        if not isinstance(other, Kernel):
            return NotImplemented
        return Kernel(
            f"{self.name} + {other.name}",
            _sum(self.function, other.function),
            _sum(self.fourier, other.fourier),
            None if self.reach is None or other.reach is None else max(self.reach, other.reach),
            tuple(d for d in self.dimensions if d in other.dimensions),
            (*self.sites, *other.sites),
        )

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class _Sum:
    """The sum of two functions; a class, and not a function within one, so that it can be pickled."""

    one: Function
    other: Function

    def __call__(self, *z: Array) -> Any:
        return self.one(*z) + self.other(*z)


def _sum(one: Function | None, other: Function | None) -> Function | None:
    if one is None or other is None:
        return None
    return _Sum(one, other)


def gaussian(weight: float, width: float, shift: Any = 0.0) -> Kernel:
    r"""A Gaussian.

    .. math:: J(z) = \frac{w}{(2 \pi s^2)^{d/2}}\, e^{-|z - a|^2 / 2 s^2}, \qquad
              \hat J_k = w\, e^{-k^2 s^2/2 - i k \cdot a}

    Parameters
    ----------
    weight : float
        w, its integral over the line (d = 1) or sheet (d = 2); of either sign.
    width : float
        s > 0, a length.
    shift : float or pair
        a, a length: a number on a line, a pair on a sheet; 0 on either.

    Raises
    ------
    InputError
        If the width is not positive, or the shift is neither a number nor a pair.
    """
    w, s, a = _weight(weight, "weight"), _width(width, "width"), _shift(shift)

    return Kernel(
        _named("gaussian", weight=w, width=s, shift=a), partial(_gaussian, w, s, a),
        partial(_gaussian_fourier, w, s, a),
        float(np.hypot.reduce(a)) + GAUSSIAN_REACH * s, _fitting(a),
    )  # fmt: skip


def exponential(weight: float, width: float, shift: Any = 0.0) -> Kernel:
    r"""An exponential decay with distance.

    .. math:: J(z) = \frac{w}{2 s}\, e^{-|z - a|/s}, \quad \hat J_k = \frac{w\, e^{-i k a}}{1 + k^2 s^2} \quad (d = 1);
              \qquad J(z) = \frac{w}{2 \pi s^2}\, e^{-|z - a|/s}, \quad
              \hat J_k = \frac{w\, e^{-i k \cdot a}}{(1 + k^2 s^2)^{3/2}} \quad (d = 2)

    Its cusp makes the transform fall slowly: on a grid of spacing dx the modes beyond pi/dx are missing.

    Parameters
    ----------
    weight, width, shift
        As for `gaussian`; the width s is the decay length.

    Raises
    ------
    InputError
        As `gaussian` does.
    """
    w, s, a = _weight(weight, "weight"), _width(width, "width"), _shift(shift)

    return Kernel(
        _named("exponential", weight=w, width=s, shift=a), partial(_exponential, w, s, a),
        partial(_exponential_fourier, w, s, a),
        float(np.hypot.reduce(a)) + EXPONENTIAL_REACH * s, _fitting(a),
    )  # fmt: skip


def mexican_hat(excitation: float, excitation_width: float, inhibition: float, inhibition_width: float) -> Kernel:
    r"""Excitation nearby and inhibition around it: a difference of Gaussians.

    .. math:: \hat J_k = a\, e^{-k^2 s_1^2/2} - b\, e^{-k^2 s_2^2/2}, \qquad
              k_c^2 = \frac{2 \ln[b s_2^2 / (a s_1^2)]}{s_2^2 - s_1^2}

    k_c, where the logarithm is positive, is the wavenumber that a rising gain makes unstable first.

    Parameters
    ----------
    excitation, inhibition : float
        The weights a and b.
    excitation_width, inhibition_width : float
        s_1 and s_2 > 0, lengths.

    Raises
    ------
    InputError
        If a width is not positive.
    """
    a, b = _weight(excitation, "excitation"), _weight(inhibition, "inhibition")
    near, far = _width(excitation_width, "excitation_width"), _width(inhibition_width, "inhibition_width")
    both = gaussian(a, near) + gaussian(-b, far)
    name = _named("mexican_hat", excitation=a, excitation_width=near, inhibition=b, inhibition_width=far)
    return Kernel(name, both.function, both.fourier, both.reach, both.dimensions)


def delta(weight: float) -> Kernel:
    """A local kernel, w delta(z), with J_k = w: as noise, what is white in space."""
    w = _weight(weight, "weight")
    return Kernel(_named("delta", weight=w), None, partial(_even, w), 0.0)


def nearest(forward: float, backward: float, spacing: float = 1.0) -> Kernel:
    r"""Two neighbours on a chain: :math:`J(z) = j_+ \delta(z - h) + j_- \delta(z + h)`.

    On a ring with one site every `spacing` h each site is driven by its left neighbour with weight j_+ (`forward`)
    and by its right one with j_- (`backward`).

    Raises
    ------
    InputError
        If the spacing is not positive.
    """
    there, back = _weight(forward, "forward"), _weight(backward, "backward")
    h = _width(spacing, "spacing")
    name = _named("nearest", forward=there, backward=back, spacing=h)
    return Kernel(name, None, partial(_two_neighbours, there, back, h), h, (1,), (h,))


def spectrum(function: Function, dimensions: tuple[int, ...] = (1, 2)) -> Kernel:
    """A kernel known by its Fourier transform alone: ``spectrum(lambda k: 1 / (1 + k**2))``.

    `function` takes wavenumbers, one array for each dimension, and gives J_k.
    """
    return Kernel(f"spectrum({getattr(function, '__name__', 'function')})", None, function, None, dimensions)


def as_kernel(kernel: Any, name: str = "kernel") -> Kernel:
    """A kernel as it is, or a function J(z) as one of unknown transform.

    Raises
    ------
    InputError
        If it is neither.
    """
    if isinstance(kernel, Kernel):
        return kernel
    if callable(kernel):
        return Kernel(f"function({getattr(kernel, '__name__', 'J')})", kernel)
    raise InputError(f"{name} must be a kernel, a function of distance or an array, got {shown(kernel)}")


# -- the named kernels' functions, at module level so that a kernel can be pickled --------------------------------


def _gaussian(w: float, s: float, a: Array, *z: Array) -> Any:
    return w * (2 * np.pi * s * s) ** (-len(z) / 2) * np.exp(-_square(_moved(z, a)) / (2 * s * s))


def _gaussian_fourier(w: float, s: float, a: Array, *k: Array) -> Any:
    return w * np.exp(-_square(k) * s * s / 2) * _turned(k, a)


def _exponential(w: float, s: float, a: Array, *z: Array) -> Any:
    norm = 2 * s if len(z) == 1 else 2 * np.pi * s * s
    return w / norm * np.exp(-np.sqrt(_square(_moved(z, a))) / s)


def _exponential_fourier(w: float, s: float, a: Array, *k: Array) -> Any:
    return w * (1 + _square(k) * s * s) ** (-(len(k) + 1) / 2) * _turned(k, a)


def _even(w: float, *k: Array) -> Any:
    return np.full(np.shape(k[0]), w)


def _two_neighbours(there: float, back: float, h: float, k: Array) -> Any:
    return there * np.exp(-1j * k * h) + back * np.exp(1j * k * h)


# -- reading arguments ---------------------------------------------------------------------------------------------


def _shift(shift: Any) -> Array:
    """(0,) for none, else one number for each dimension."""
    if not shape_of(shift, "shift"):
        return np.array([_weight(shift, "shift")])
    return np.asarray(checked_range(checked_array(shift, "shift", (2,)), "shift"))


def _weight(value: Any, name: str) -> float:
    return float(checked_range(checked_number(value, name), name))


def _width(value: Any, name: str) -> float:
    return float(checked_range(checked_positive(value, name), name, TINY))


def _fitting(shift: Array) -> tuple[int, ...]:
    return (len(shift),) if np.any(shift) else (1, 2)


def _moved(z: tuple[Array, ...], shift: Array) -> list[Array]:
    return [axis - a for axis, a in zip(z, np.resize(shift, len(z)), strict=True)]


def _turned(k: tuple[Array, ...], shift: Array) -> Any:
    """exp(-i k a), a real 1 where there is no shift."""
    if not np.any(shift):
        return 1.0
    return np.exp(-1j * sum(axis * a for axis, a in zip(k, shift, strict=True)))


def _square(vector: Any) -> Any:
    return sum(axis * axis for axis in vector)


def _named(name: str, **numbers: Any) -> str:
    """`gaussian(weight=0.5, width=1.0)`: a shift is named where there is one."""
    parts = []
    for key, value in numbers.items():
        if isinstance(value, np.ndarray):
            if not np.any(value):
                continue
            value = float(value[0]) if len(value) == 1 else tuple(map(float, value))
        parts.append(f"{key}={value!r}")
    return f"{name}({', '.join(parts)})"
