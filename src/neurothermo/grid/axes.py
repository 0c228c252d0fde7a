"""The points of a scan: every combination of the axes, or the rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from neurothermo.core.checks import as_they_come, checked_flag, shown
from neurothermo.core.errors import InputError

TAKEN = ("trial", "time", "pattern", "neuron", "variable", "reading", "point", "direction")
DIRECTIONS = ("forward", "reverse")
MOST_POINTS = 10**6


@dataclass(frozen=True)
class Grid:
    """Parameters and their values.

    `values` holds those of each parameter; with `table` the columns belong together, row by row, along one
    dimension `point`. `both` adds the dimension `direction`: each experiment and its time reverse.
    """

    values: dict[str, tuple[Any, ...]]
    table: bool
    both: bool

    @property
    def dims(self) -> tuple[str, ...]:
        """Dimensions of the grid, before those of a ledger."""
        return (("point",) if self.table else tuple(self.values)) + ("direction",) * self.both

    @property
    def shape(self) -> tuple[int, ...]:
        """Their lengths."""
        lengths = [len(values) for values in self.values.values()]
        return tuple(lengths[:1] if self.table else lengths) + (2,) * self.both

    @property
    def size(self) -> int:
        """How many points there are, directions counted."""
        return int(np.prod(self.shape, dtype=np.int64))

    def index(self, point: int) -> tuple[int, ...]:
        """Where a point lies in the grid."""
        return tuple(int(place) for place in np.unravel_index(point, self.shape)) if self.shape else ()

    def points(self) -> list[tuple[dict[str, Any], str]]:
        """The parameters and the direction of every point, the last dimension fastest."""
        rows = zip(*self.values.values(), strict=True) if self.table else product(*self.values.values())
        directions = DIRECTIONS if self.both else ("forward",)
        return [(dict(zip(self.values, row, strict=True)), way) for row in rows for way in directions]

    def coordinates(self) -> dict[str, Any]:
        """The parameters as coordinates of a Dataset."""
        found: dict[str, Any] = {
            name: ("point" if self.table else name, np.array(values)) for name, values in self.values.items()
        }
        return {**found, "direction": ("direction", np.array(DIRECTIONS))} if self.both else found


def checked_grid(axes: Any, table: Any, both: Any) -> Grid:
    """The grid that a user's axes describe.

    Raises
    ------
    InputError
        If they are not lists of numbers or words, are named like a dimension of a ledger, or do not fit together.
    """
    table, both = checked_flag(table, "table"), checked_flag(both, "both")
    if not isinstance(axes, Mapping) or not axes:
        raise InputError(f"axes must be a mapping of parameter names to their values, got {shown(axes)}")
    values = {_checked_name(name): _checked_values(name, given) for name, given in axes.items()}
    lengths = {name: len(given) for name, given in values.items()}
    if table and len(set(lengths.values())) > 1:
        columns = ", ".join(f"{name}: {count}" for name, count in lengths.items())
        raise InputError(f"axes must be columns of one length with table=True, got {columns}")
    grid = Grid(values, table, both)
    if grid.size > MOST_POINTS:
        raise InputError(f"axes must have at most {MOST_POINTS:.0e} points, got {grid.size:.0e}")
    if not table:
        for name, given in values.items():
            if len(set(given)) < len(given):
                raise InputError(f"axes: {name} holds a value twice; with table=True rows may repeat")
    return grid


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name or "/" in name or name.startswith((".", "_")):
        raise InputError(f"axes must be named by words without '/' that start with a letter, got {shown(name)}")
    if name in TAKEN:
        raise InputError(f"axes: {name} is the name of a dimension of its own; choose another")
    return name


def _checked_values(name: str, given: Any) -> tuple[Any, ...]:
    """Numbers alone, or words alone: they become a coordinate."""
    wanted = f"axes: {name} must be a list of numbers or of words"
    listed = as_they_come(given, wanted) if not isinstance(given, str) else np.empty((0, 0))
    if listed.ndim != 1 or listed.size == 0 or listed.dtype.kind not in "biufU":
        raise InputError(f"{wanted}, got {shown(given)} (let build look up anything else)")
    if listed.dtype.kind == "f" and not np.all(np.isfinite(listed)):
        raise InputError(f"axes: {name} must be finite, got {shown(given)}")
    return tuple(listed.tolist())
