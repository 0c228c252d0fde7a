"""What a Langevin rule of motion asks of a system: forces, what the input couples to, and where it may move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.randomness import Stream

RADII = (1e4, 1e8)  # far beyond where a law that can be simulated has its weight
MOST_AXES = 256  # variables whose own axes are probed, and of whose force a matrix is made
RANDOM_RAYS = 64
SLOPES = 4  # of the directions in which the force rises most


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


def why_no_law(system: Continuous, field: Any, temperature: float) -> str:
    r"""A sentence where exp(-E/T) cannot be normalised, for want of growth of E; empty where nothing speaks against it.

    Along a ray the density can be integrated where the energy grows faster than :math:`T \ln r`. Rays run along the
    axes, the diagonals, random directions and those in which the force rises most, of inner variables that have no
    bound; between bounds there is nothing to ask.
    """
    low, high = system.box
    free = np.flatnonzero(np.isinf(low) | np.isinf(high))
    if len(free) == 0:
        return ""
    rays = np.zeros((0, system.dimension))
    with np.errstate(all="ignore"):
        for kind in (_axes, _random, _rising):
            rays = np.concatenate([rays, kind(system, free)])
        rays = np.concatenate([rays, -rays])
        rays = np.clip(rays, np.where(np.isinf(low), -np.inf, 0), np.where(np.isinf(high), np.inf, 0))
        rays = rays[np.any(rays != 0, axis=1)]
        near, far = (system.energy(radius * rays, field) for radius in RADII)
        grown = far - near
        bad = (grown <= temperature * np.log(RADII[1] / RADII[0])) | (far == -np.inf)  # NaN: the energy is past numbers
    if not np.any(bad):
        return ""
    ray = rays[np.flatnonzero(bad)[0]]
    along = ", ".join(f"{value:.2g}" for value in ray[:4]) + (", ..." if len(ray) > 4 else "")
    return (
        f"exp(-E/T) cannot be normalised: along ({along}) the energy does not grow, from {near[bad][0]:.3g} at "
        f"{RADII[0]:g} to {far[bad][0]:.3g} at {RADII[1]:g}, and there is no equilibrium"
    )


def _axes(system: Continuous, free: Any) -> Array:
    """Along each of the first variables, along all together, and along all with signs that alternate."""
    few = free[:MOST_AXES]
    rays = np.zeros((len(few) + 2, system.dimension))
    rays[np.arange(len(few)), few] = 1
    rays[-2, free] = 1
    rays[-1, free] = (-1.0) ** np.arange(len(free))
    return rays


def _random(system: Continuous, free: Any) -> Array:
    """Anywhere, the same directions each time."""
    rays = np.zeros((RANDOM_RAYS, system.dimension))
    rays[:, free] = Stream.of(0, "rays").at(np.arange(RANDOM_RAYS), 0).normals(len(free))
    return rays


def _rising(system: Continuous, free: Any) -> Array:
    """Along the leading eigenvectors of the force's own matrix, exact where the force is linear."""
    rays = np.zeros((SLOPES, system.dimension))
    if len(free) > MOST_AXES:
        return rays
    steps = np.zeros((len(free) + 1, system.dimension))
    steps[np.arange(len(free)), free] = 1
    force = np.asarray(system.evaluate(steps)[0], dtype=np.float64)[:, free]
    matrix = force[:-1] - force[-1]
    if not np.all(np.isfinite(matrix)):
        return rays
    leading = np.linalg.eigh(matrix + matrix.T)[1][:, -SLOPES:].T
    rays[: len(leading), free] = leading
    return rays
