"""A system given by a function: its force, in plain NumPy, and its energy where it has one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_count, checked_word, shape_of, shown
from neurothermo.core.errors import InputError
from neurothermo.core.machine import check_fits_here
from neurothermo.core.randomness import Stream, digest
from neurothermo.systems.continuous import Inner

PROBES = 8
STEP = 1e-5
COPIES = 4  # of a few states, that are held at once while the functions are tried
AGREEMENT = 1e-4


@dataclass(frozen=True, eq=False)
class DriftSystem:
    r"""Variables x moved by a force of your own.

    .. math:: dx = m\,[F(x) + I]\,dt + T m'\,dt + \sqrt{2 T m}\;dW, \qquad F = -\partial E_0/\partial x
              \text{ where there is an energy}, \qquad E = E_0(x) - I \cdot x

    Parameters
    ----------
    force : callable
        F: rows of states (trials, size) in, rows of forces out, at the precision that came. NumPy and SciPy will do.
    size : int
        Number of variables.
    potential : callable, optional
        E_0: rows of states in, shape (trials,) out. That -grad E_0 = F is checked at a few states.
    mobility, mobility_slope : callable, optional
        m_i(x) > 0 and dm_i/dx_i, rows in and rows out; each m_i depends on x_i only. Default 1. They act with
        ``Langevin(noise="boltzmann")``; additive noise has m = 1.
    name : str

    Raises
    ------
    InputError
        If a function does not take and give arrays of the right shape, changes its argument, or mixes trials; if
        -grad E_0 is not F; if the mobility is not positive, not of its own variable alone, or its slope is another.
    """

    force: Callable[[Any], Any]
    size: int
    potential: Callable[[Any], Any] | None = None
    mobility: Callable[[Any], Any] | None = None
    mobility_slope: Callable[[Any], Any] | None = None
    name: str = "drift"

    def __post_init__(self) -> None:
        size = checked_count(self.size, "size")
        checked_word(self.name, "name")
        check_fits_here(8.0 * COPIES * PROBES * size, f"size: a few states of {size} variables")
        probes = self._probes
        force = checked_array(_called(self.force, probes, "force"), "force(states)", (PROBES, size))
        if (self.mobility is None) != (self.mobility_slope is None):
            raise InputError("mobility and mobility_slope must be given together")
        if self.mobility is not None:
            self._check_mobility(probes)
        if self.potential is not None:
            self._check_energy(probes, force)

    @property
    def _probes(self) -> Array:
        """A few states, always the same ones."""
        return 2 * Stream.of(0, "probes").at(np.arange(PROBES), 0).normals(self.size)

    def _check_mobility(self, probes: Array) -> None:
        shape = (PROBES, self.size)
        values = checked_array(_called(self.mobility, probes, "mobility"), "mobility(states)", shape)
        slopes = checked_array(_called(self.mobility_slope, probes, "mobility_slope"), "mobility_slope(states)", shape)
        if np.any(values <= 0):
            raise InputError(f"mobility must be positive, got {values.min():g}")
        for i in range(self.size):
            step = np.zeros(self.size)
            step[i] = STEP
            ahead, behind = (_called(self.mobility, probes + sign * step, "mobility") for sign in (1, -1))
            measured = (np.asarray(ahead) - np.asarray(behind)) / (2 * STEP)
            expected = np.zeros_like(slopes)
            expected[:, i] = slopes[:, i]
            if np.any(np.abs(measured - expected) > AGREEMENT * (1 + np.abs(expected))):
                raise InputError(
                    f"mobility_slope must be the derivative of each mobility in its own variable, and a mobility must "
                    f"depend on no other; differences in variable {i} disagree"
                )

    def _check_energy(self, probes: Array, force: Array) -> None:
        energy: Any = self.potential
        checked_array(_called(energy, probes, "potential"), "potential(states)", (PROBES,))
        for i in range(self.size):
            step = np.zeros(self.size)
            step[i] = STEP
            slope = np.asarray(energy(probes + step), float) - np.asarray(energy(probes - step), float)
            slope /= 2 * STEP
            gap = np.abs(slope + force[:, i])
            if np.any(gap > AGREEMENT * (1 + np.abs(force[:, i]))):
                raise InputError(
                    f"potential: its gradient is not minus the force (variable {i}: "
                    f"{-slope[gap.argmax()]:.6g} against {force[gap.argmax(), i]:.6g}); leave it out if there is none"
                )

    @property
    def dimension(self) -> int:
        """As many as `size`."""
        return self.size

    @property
    def has_energy(self) -> bool:
        """Whether a potential was given."""
        return self.potential is not None

    @property
    def why_no_energy(self) -> str:
        """A sentence where no energy was given."""
        return "" if self.has_energy else f"no potential was given for {self.name!r}"

    @cached_property
    def digest(self) -> str:
        """A word from the name and the values of the functions at a few states."""
        functions = (self.force, self.potential, self.mobility)
        values = [np.asarray(one(self._probes), dtype=np.float64) for one in functions if one is not None]
        return digest("DriftSystem", self.name, self.size, *values)

    @property
    def noise(self) -> Array:
        """One for each variable."""
        return np.ones(self.size)

    @property
    def pace(self) -> Array:
        """One for each variable."""
        return np.ones(self.size)

    @property
    def patterns(self) -> None:
        """None: no patterns here."""
        return None

    def evaluate(self, states: Any) -> tuple[Any, Any]:
        """F(x) and x itself, which the input couples to."""
        return np.asarray(self.force(states)), states

    def activity(self, states: Any) -> Any:
        """x: what the input couples to."""
        return np.asarray(states)

    def energy(self, states: Any, field: Any) -> Array:
        """E_0(x) - I . x, shape (trials,).

        Raises
        ------
        InputError
            If no energy was given.
        """
        if self.potential is None:
            raise InputError(f"this system has no energy: {self.why_no_energy}")
        states = np.asarray(states, dtype=np.float64)
        return np.asarray(self.potential(states), dtype=np.float64) - (states * np.asarray(field)).sum(axis=1)

    def inner(self, states: Any) -> Inner:
        """x itself, with its mobility."""
        if self.mobility is None or self.mobility_slope is None:
            return Inner(states, np.ones_like(states), np.zeros_like(states))
        return Inner(states, np.asarray(self.mobility(states)), np.asarray(self.mobility_slope(states)))

    def outer(self, values: Any) -> Any:
        """x itself."""
        return values

    @property
    def box(self) -> tuple[Array, Array]:
        """Unbounded."""
        return np.full(self.size, -np.inf), np.full(self.size, np.inf)

    def scattered(self, uniforms: Array) -> Array:
        """Between -3 and 3."""
        return 6 * uniforms - 3

    def __repr__(self) -> str:
        return f"DriftSystem({self.name!r}, {self.size} variables{'' if self.has_energy else ', no energy'})"


def _called(function: Any, probes: Array, name: str) -> Any:
    """function(probes), or a sentence."""
    if not callable(function):
        raise InputError(f"{name} must be a function of an array of states, got {shown(function)}")
    given = probes.copy()
    try:
        values, first = function(given), function(probes[:1].copy())
    except Exception as error:
        raise InputError(f"{name} must take an array of states of shape {probes.shape}: it raised {error!r}") from error
    if not np.array_equal(given, probes):
        raise InputError(f"{name} must not change the states it is given in place")
    if shape_of(values, f"{name}(states)")[:1] == probes.shape[:1]:
        alone, among = np.asarray(first), np.asarray(values)[:1]
        if alone.shape != among.shape or not np.allclose(alone, among, rtol=1e-6, atol=1e-6, equal_nan=True):
            raise InputError(f"{name} must treat each row of states by itself: its first row depends on the others")
    return values
