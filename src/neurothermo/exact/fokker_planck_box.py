"""A box that holds the stationary law of a diffusion, found by zooming in on coarse grids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_count, checked_number
from neurothermo.core.errors import InputError
from neurothermo.exact.fokker_planck_chain import Box, Field, checked_fields, grid_chain
from neurothermo.exact.fokker_planck_solver import stationary_cells

Fields = tuple[Sequence[Field], Sequence[Field]]  # drifts and diffusions, one a bath

CELLS = {1: 200, 2: 40, 3: 16}  # along an axis, of the first search
FINER = {1: 800, 2: 160, 3: 20}  # of the others
OUTSIDE = 1e-8  # probability that a wall's cells may hold
ROUNDS = 40
SPARE = 0.1  # of the width: not worth another round
FARTHEST = 100.0  # times the first width
NARROWER = (0.1, 0.01, 0.001)  # the other searches' first boxes, times the reach
LOOSER = 100.0  # what a wall may hold in them


def confining_box(drift: Any, diffusion: Any, dimensions: int, *, centre: Any = 0.0, reach: float = 30.0) -> Box:
    r"""Walls outside of which a diffusion is hardly ever.

    .. math:: P(\text{cells at any wall}) < 10^{-8}

    on coarse grids. The first box, centre +/- reach, is widened where a wall holds more and cut where it is farther out
    than that. Beginning wide finds all of a law of several regions; but coarse cells spread a law that strong drifts
    hardly hold together, and where no box is found the search begins anew on finer grids in boxes ten, a hundred and a
    thousand times narrower, now with 1e-6. It cannot see a region that lies outside of a box in which all seems well:
    check ``details["box"]``, or give a box.

    Parameters
    ----------
    drift, diffusion
        As for `grid_stationary_law`.
    dimensions : int
        d: 1, 2 or 3.
    centre : float or array_like of shape (d,)
        Of the first box.
    reach : float
        Half its width, > 0, in the units of the state.

    Returns
    -------
    tuple of (float, float)
        Low and high wall of each coordinate.

    Raises
    ------
    InputError
        If no box up to a hundred times the first one's width holds the law: the drift does not confine.
    """
    size = checked_dimensions(dimensions)
    half = checked_number(reach, "reach")
    if half <= 0:
        raise InputError(f"reach must be positive, got {half:g}")
    middle = checked_array(centre, "centre", () if np.ndim(centre) == 0 else (size,))
    middle = np.broadcast_to(middle, (size,))[:, None]
    fields = checked_fields(drift, diffusion, size)
    searches = [(1.0, CELLS, OUTSIDE), *((narrower, FINER, LOOSER * OUTSIDE) for narrower in NARROWER)]
    for narrower, cells, outside in searches:
        walls = middle + np.full((size, 1), narrower * half) * [-1, 1]
        box = _search(fields, walls, 2 * half * FARTHEST, cells[size], outside)
        if box is not None:
            return box
    raise InputError(
        f"no box about {centre} with a reach from {half * NARROWER[-1]:g} to {half * FARTHEST:g} holds the stationary "
        "law: the drift does not confine the system, or give the box"
    )


def _search(fields: Fields, walls: Array, widest: float, cells: int, outside: float) -> Box | None:
    """The first box widened and cut until it fits; None where it grows too wide or never settles."""
    for _ in range(ROUNDS):
        box = tuple((float(low), float(high)) for low, high in walls)
        law = stationary_cells(grid_chain(*fields, box, [cells] * len(walls))).probabilities
        if not np.all(np.isfinite(law)):
            break
        leaking = wall_masses(law) > outside
        width = walls[:, 1:] - walls[:, :1]
        if np.any(leaking):
            walls = walls + 0.5 * width * leaking * [-1, 1]
        else:
            spare = _spare(law, outside / 10) / cells
            if np.all(spare < SPARE):
                return box
            walls = walls + width * spare * [1, -1]
        if np.max(walls[:, 1] - walls[:, 0]) > widest:
            break
    return None


def wall_masses(law: Array) -> Array:
    """Probability of the outermost layers of cells, shape (d, 2): at the low and the high wall of each axis."""
    return np.array([[np.take(law, end, axis=axis).sum() for end in (0, -1)] for axis in range(law.ndim)])


def _spare(law: Array, outside: float) -> Array:
    """Cells between each wall and the first one worth keeping, less one for good measure; shape (d, 2)."""
    found = np.zeros((law.ndim, 2))
    for axis in range(law.ndim):
        marginal = law.sum(axis=tuple(other for other in range(law.ndim) if other != axis))
        for end, cells in enumerate((marginal, marginal[::-1])):
            found[axis, end] = max(int(np.argmax(np.cumsum(cells) > outside)) - 1, 0)
    return found


def checked_dimensions(dimensions: Any) -> int:
    """1, 2 or 3."""
    size = checked_count(dimensions, "dimensions")
    if size > 3:
        raise InputError(f"dimensions must be 1, 2 or 3, got {size}: simulate larger systems")
    return size
