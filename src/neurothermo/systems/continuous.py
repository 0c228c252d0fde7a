"""What a Langevin rule of motion asks of a system: forces, what the input couples to, and where it may move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from neurothermo.core.checks import Array


@dataclass(frozen=True, eq=False)
class Inner:
    """The coordinates y in which matched noise acts: where the law is exp(-E/T) dy.

    Parameters
    ----------
    values : array, shape (trials, dimension)
        y.
    mobility, slope : array, shape (trials, dimension)
        m_i(y) >= 0 and dm_i/dy_i: dy_i = (-m_i dE/dy_i + T dm_i/dy_i) dt + sqrt(2 T m_i) dW_i.
    """

    values: Array
    mobility: Array
    slope: Array


class Continuous(Protocol):
    """A system of real variables, moved by forces.

    States are rows, shape (trials, dimension). An input of shape (size,) adds to the force on the first `size`
    variables and couples to their activity: changing it by dI does the work -dI . activity.
    """

    @property
    def size(self) -> int:
        """How many variables an input drives."""
        ...

    @property
    def dimension(self) -> int:
        """How many variables there are."""
        ...

    @property
    def digest(self) -> str:
        """A word that two systems share only if they are the same."""
        ...

    @property
    def has_energy(self) -> bool:
        """Whether an energy generates the forces."""
        ...

    @property
    def why_no_energy(self) -> str:
        """A sentence for a system without an energy; empty where there is one."""
        ...

    @property
    def noise(self) -> Array:
        """Mobility of each variable under additive noise, shape (dimension,): D_i = T noise_i, 0 for no noise."""
        ...

    @property
    def pace(self) -> Array:
        """Velocity of each variable per force, shape (dimension,): that of `noise` where there is noise."""
        ...

    def evaluate(self, states: Any) -> tuple[Any, Any]:
        """Forces without the protocol's input, shape (trials, dimension), and activities, shape (trials, size)."""
        ...

    def activity(self, states: Any) -> Any:
        """What the input couples to, shape (trials, size)."""
        ...

    def energy(self, states: Any, field: Any) -> Array:
        """E at one input of shape (size,), or at one a trial, shape (trials, size); shape (trials,)."""
        ...

    def inner(self, states: Any) -> Inner:
        """The coordinates of matched noise, with mobilities."""
        ...

    def outer(self, values: Any) -> Any:
        """States from inner coordinates."""
        ...

    @property
    def box(self) -> tuple[Array, Array]:
        """Lowest and highest inner coordinates, each of shape (dimension,), infinite where unbounded."""
        ...

    def scattered(self, uniforms: Array) -> Array:
        """States far apart from each other, from uniform numbers of shape (trials, dimension): where burn-ins start."""
        ...


@runtime_checkable
class _Forced(Protocol):
    """The methods by which a system of real variables is known."""

    def evaluate(self, states: Any) -> tuple[Any, Any]:
        """Forces and activities."""
        ...

    def inner(self, states: Any) -> Inner:
        """The coordinates of matched noise."""
        ...


def is_continuous(system: Any) -> bool:
    """Whether a system is one of real variables, moved by forces."""
    return isinstance(system, _Forced)


def inputs(system: Continuous, field: Any) -> Array:
    """An input, shape (size,) or one a trial, as the force it adds to every variable, shape (..., dimension)."""
    padded = np.zeros((*np.shape(field)[:-1], system.dimension))
    padded[..., : system.size] = field
    return padded
