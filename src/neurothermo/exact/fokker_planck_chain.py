"""A diffusion on a grid: the Markov jump process that has Boltzmann's law where the force is a gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, as_floats, checked_array, checked_count
from neurothermo.core.errors import InputError

Field = Callable[[Array], Array]
Box = tuple[tuple[float, float], ...]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(4)  # of the force along an edge: exact for polynomials of degree 7
STEEPEST = 500.0  # log ratio of an edge's two rates; beyond it a rate leaves the range of floats
LEAST_POINTS = 4


@dataclass(frozen=True, eq=False)
class Bath:
    r"""One bath on the edges of a grid; entry k of each tuple is axis k, one shorter than the grid along it.

    Parameters
    ----------
    affinity : tuple of ndarray
        v, the log ratio of the rates up and down the edge.
    pace : tuple of ndarray
        D/h^2 in the middle of the edge, per unit time.
    up, down : tuple of ndarray
        The rates towards the higher and the lower coordinate, per unit time.
    """

    affinity: tuple[Array, ...]
    pace: tuple[Array, ...]
    up: tuple[Array, ...]
    down: tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class GridChain:
    r"""The jump process on the cells of a box, walls reflecting.

    .. math:: k_{\pm} = \frac{D}{h^2}\, \frac{\pm v}{1 - e^{\mp v}}, \qquad
              v = \int_{\mathrm{edge}} \frac{b}{D}\, dx - \ln \frac{D_{\mathrm{right}}}{D_{\mathrm{left}}}, \qquad
              \ln \frac{k_+}{k_-} = v

    Exponential fitting: rates are positive for any step h. The log ratio is exact where four Gauss-Legendre nodes
    integrate b/D along the edge, that is to order h^9 for a smooth one; then a force that is a gradient gives detailed
    balance and Boltzmann's law at the cells' centres. All else (currents, production) is of order h^2.

    Parameters
    ----------
    axes : tuple of ndarray
        The centres of the cells along each axis, evenly spaced.
    baths : tuple of Bath
        The rates of several add up.
    """

    axes: tuple[Array, ...]
    baths: tuple[Bath, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(axis.size for axis in self.axes)

    @property
    def steps(self) -> tuple[float, ...]:
        """h, one an axis."""
        return tuple(float(axis[1] - axis[0]) for axis in self.axes)

    @property
    def volume(self) -> float:
        """Of a cell."""
        return float(np.prod(self.steps))

    def centres(self) -> Array:
        """The points (P, d), the last axis fastest."""
        return np.stack(np.meshgrid(*self.axes, indexing="ij"), axis=-1).reshape(-1, len(self.axes))

    def rates(self) -> Iterator[tuple[Array, Array]]:
        """Up and down each axis, all baths together."""
        for axis in range(len(self.axes)):
            ups, downs = [bath.up[axis] for bath in self.baths], [bath.down[axis] for bath in self.baths]
            yield np.sum(ups, axis=0), np.sum(downs, axis=0)


def ends(array: Any, axis: int) -> tuple[Any, Any]:
    """The cells at the lower and at the upper end of every edge along an axis."""
    lower, upper = [slice(None)] * array.ndim, [slice(None)] * array.ndim
    lower[axis], upper[axis] = slice(None, -1), slice(1, None)
    return array[tuple(lower)], array[tuple(upper)]


def grid_chain(drifts: Sequence[Field], diffusions: Sequence[Field], box: Box, points: Sequence[int]) -> GridChain:
    """The chain of checked fields, one drift and one diffusion a bath, in a checked box."""
    axes = tuple(
        low + (np.arange(size) + 0.5) * (high - low) / size for (low, high), size in zip(box, points, strict=True)
    )
    pairs = zip(drifts, diffusions, strict=True)
    return GridChain(axes, tuple(_bath(drift, diffusion, axes) for drift, diffusion in pairs))


def _bath(drift: Field, diffusion: Field, axes: tuple[Array, ...]) -> Bath:
    columns = [_edges(drift, diffusion, axes, axis) for axis in range(len(axes))]
    affinity, pace, up, down = (tuple(column) for column in zip(*columns, strict=True))
    return Bath(affinity, pace, up, down)


def _edges(drift: Field, diffusion: Field, axes: tuple[Array, ...], axis: int) -> tuple[Array, Array, Array, Array]:
    """Affinity, pace and rates along one axis."""
    step = axes[axis][1] - axes[axis][0]
    middles = (axes[axis][:-1] + axes[axis][1:]) / 2

    def points(at: Array) -> Array:
        placed = (*axes[:axis], at, *axes[axis + 1 :])
        return np.stack(np.meshgrid(*placed, indexing="ij"), axis=-1)

    def along(field: Field, where: Array) -> Array:
        return field(where.reshape(-1, len(axes)))[:, axis].reshape(where.shape[:-1])

    lower, upper = ends(along(diffusion, points(axes[axis])), axis)
    affinity = -np.log(upper / lower)
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        where = points(middles + node * step / 2)
        affinity += weight * step / 2 * along(drift, where) / along(diffusion, where)
    np.clip(affinity, -STEEPEST, STEEPEST, out=affinity)
    pace = along(diffusion, points(middles)) / step**2
    return affinity, pace, pace * _bernoulli(-affinity), pace * _bernoulli(affinity)


def _bernoulli(v: Array) -> Array:
    """v / (e^v - 1), 1 at 0."""
    small = np.abs(v) < 1e-8
    return np.where(small, 1 - v / 2, v / np.expm1(np.where(small, 1.0, v)))


# -- what a user gives ---------------------------------------------------------------------------------------------


def checked_box(box: Any) -> Box:
    """Pairs (low, high), one to three.

    Raises
    ------
    InputError
        If it is none.
    """
    pairs = checked_array(box, "box", (None, 2))
    if not 1 <= len(pairs) <= 3:
        raise InputError(f"box must have one to three pairs (low, high), got {len(pairs)}: simulate larger systems")
    if np.any(pairs[:, 0] >= pairs[:, 1]):
        raise InputError(f"box must have low < high on every axis, got {pairs.tolist()}")
    return tuple((float(low), float(high)) for low, high in pairs)


def checked_points(points: Any, dimensions: int, least: int = LEAST_POINTS) -> tuple[int, ...]:
    """Cells along each axis: one number for all, or one an axis."""
    given = [points] * dimensions if np.ndim(points) == 0 else list(points)
    if len(given) != dimensions:
        raise InputError(f"points must be one whole number or {dimensions}, one an axis, got {len(given)}")
    return tuple(checked_count(size, "points", least) for size in given)


def checked_fields(drift: Any, diffusion: Any, dimensions: int) -> tuple[list[Field], list[Field]]:
    """Drifts and diffusions, one a bath, that check what they return.

    Raises
    ------
    InputError
        If there is not one diffusion for each drift or one of them is neither a function nor, for a diffusion,
        positive numbers.
    """
    several = isinstance(drift, list | tuple)
    drifts = list(drift) if several else [drift]
    if several and not isinstance(diffusion, list | tuple):
        raise InputError("diffusion must be a list as drift is, one entry a bath")
    diffusions = list(diffusion) if several else [diffusion]
    if len(drifts) != len(diffusions) or not drifts:
        raise InputError(f"drift and diffusion must have one entry a bath, got {len(drifts)} and {len(diffusions)}")
    for one in drifts:
        if not callable(one):
            raise InputError(f"drift must be a function of points (P, {dimensions}), got {one!r}")
    return [_drift(one, dimensions) for one in drifts], [_diffusion(one, dimensions) for one in diffusions]


def _called(function: Field, points: Array, name: str) -> Any:
    """What a user's function returns, or one sentence on why it does not."""
    try:
        return function(points)
    except Exception as error:
        raise InputError(f"{name} must take an array of points of shape {points.shape}: it raised {error!r}") from error


def _drift(given: Field, dimensions: int) -> Field:
    def drift(points: Array) -> Array:
        return checked_array(_called(given, points, "drift"), "drift(points)", (len(points), dimensions))

    return drift


def _diffusion(given: Any, dimensions: int) -> Field:
    def diffusion(points: Array) -> Array:
        raw = as_floats(_called(given, points, "diffusion") if callable(given) else given, "diffusion")
        shape = (len(points), dimensions)
        if raw.shape not in ((), (dimensions,), shape):
            raise InputError(f"diffusion must be a number or have shape ({dimensions},) or {shape}, got {raw.shape}")
        wrong = ~(np.isfinite(raw) & (raw > 0))
        if np.any(wrong):
            raise InputError(
                f"diffusion must be positive and finite everywhere in the box, got {raw[wrong].flat[0]:g}: without "
                "noise in every coordinate entropy production is infinite or undefined"
            )
        return np.broadcast_to(raw, shape)

    return diffusion
