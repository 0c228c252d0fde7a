"""A probability density on a grid: values at points, and the volume each point stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.errors import InputError

NORMALISATION = 1e-6  # how far from one the integral of a density may be


@dataclass(frozen=True, eq=False)
class Density:
    r"""A density on the points of a grid, integrated by the trapezoidal rule.

    .. math:: \int p(x)\, dx \approx \sum_i w_i\, p(x_i)

    The rule is accurate far beyond its nominal second order where the density fades out smoothly before the grid ends
    (equal spacing), and second order where it is cut. The error of an answer is measured, on the grid of every second
    point, and reported.

    Parameters
    ----------
    axes : sequence of array_like
        The points along each axis, increasing, at least five; one array will do for one axis.
    values : array_like, shape (len(axes[0]), len(axes[1]), ...)
        p >= 0, with an integral of one within 1e-6; the small rest is divided out.

    Raises
    ------
    InputError
        If an axis does not increase, a value is negative, the shapes differ, or the integral is not one.
    """

    axes: tuple[Array, ...]
    values: Array
    volumes: Array = field(init=False, repr=False)  # w
    coarse_volumes: Array = field(init=False, repr=False)  # the same where every second point is left out, then 0

    def __post_init__(self) -> None:
        axes = checked_axes(self.axes)
        values = checked_array(self.values, "values", tuple(len(axis) for axis in axes))
        if np.any(values < 0):
            raise InputError(f"values must not be negative, got a smallest value of {values.min():.3g}")
        volumes = reduce(np.multiply.outer, [trapezoid(axis) for axis in axes])
        coarse = reduce(np.multiply.outer, [every_second(axis) for axis in axes])
        total = float(np.sum(volumes * values))
        if not abs(total - 1) <= NORMALISATION:
            raise InputError(
                f"values must have an integral of 1, got {total:.10g}, off by {total - 1:.3g}; if the grid cuts the "
                "density or is too coarse for it choose another grid, else divide the values by their integral"
            )
        object.__setattr__(self, "axes", axes)
        for name, array in (("values", values / total), ("volumes", volumes), ("coarse_volumes", coarse)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def masses(self) -> Array:
        """w p: the probability that each point stands for; they sum to one."""
        return self.values * self.volumes

    @property
    def coarse_masses(self) -> Array:
        """The same on every second point, zero in between."""
        masses = self.values * self.coarse_volumes
        return masses / masses.sum()

    def __repr__(self) -> str:
        return f"Density(on {' x '.join(str(len(axis)) for axis in self.axes)} points)"


def checked_axes(axes: Any) -> tuple[Array, ...]:
    """Increasing axes, each of at least five points."""
    if not isinstance(axes, Sequence | np.ndarray) or isinstance(axes, str) or len(axes) == 0:
        raise InputError(f"axes must be an array, or one array for each axis, got {axes!r}")
    several = axes if np.ndim(axes[0]) else (axes,)
    checked = tuple(checked_array(axis, f"axes[{number}]", (None,)) for number, axis in enumerate(several))
    for number, axis in enumerate(checked):
        if len(axis) < 5 or np.any(np.diff(axis) <= 0):
            raise InputError(f"axes[{number}] must hold at least five increasing points, got {len(axis)} points")
    return checked


def trapezoid(axis: Array) -> Array:
    """The weights of the trapezoidal rule: half the distance between each point's neighbours."""
    gaps = np.diff(axis)
    return np.asarray((np.r_[gaps, 0] + np.r_[0, gaps]) / 2)


def every_second(axis: Array) -> Array:
    """The weights of the trapezoidal rule on every second point and the last, zero on the others."""
    kept = np.unique(np.r_[np.arange(0, len(axis), 2), len(axis) - 1])
    weights = np.zeros_like(axis)
    weights[kept] = trapezoid(axis[kept])
    return weights
