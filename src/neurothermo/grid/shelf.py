"""Where a scan's numbers are kept: the contract, and the shelf in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from neurothermo.core.errors import InputError
from neurothermo.grid.axes import Grid
from neurothermo.grid.tasks import Outcome, Task

OWN = ("run", "trials")  # what `runs` says of each point besides a ledger's attributes


class Shelf(Protocol):
    """Takes the outcomes of tasks, whole; gives the ledgers of points back."""

    def holds(self, task: Task) -> bool:
        """Whether a task is done and what it gave is intact."""
        ...

    def begun(self, task: Task) -> bool:
        """Whether a task was done once, intact or not."""
        ...

    def put(self, task: Task, outcome: Outcome) -> None:
        """Keep what a task gave."""
        ...

    def variables(self, point: int, start: int, stop: int) -> dict[str, Any]:
        """Columns of some trials of a point, as (dimensions, values)."""
        ...

    def attributes(self, point: int) -> dict[str, Any]:
        """Those of a ledger of the point; empty where none of its tasks is done."""
        ...


@dataclass(frozen=True, eq=False)
class Memory:
    """Arrays with one row a trial, NaN where none was run."""

    grid: Grid
    trials: int
    arrays: dict[str, tuple[tuple[str, ...], Any, dict[str, Any]]] = field(default_factory=dict)
    attributes_of: dict[int, dict[str, Any]] = field(default_factory=dict)
    names_of: dict[int, tuple[str, ...]] = field(default_factory=dict)
    times: list[Any] = field(default_factory=list)

    def holds(self, task: Task) -> bool:
        """Nothing survives in memory."""
        return False

    def begun(self, task: Task) -> bool:
        """Nor did anything."""
        return False

    def put(self, task: Task, outcome: Outcome) -> None:
        """Rows of each array."""
        for name, (dims, values, about) in outcome.columns.items():
            if name not in self.arrays:
                shape = (*self.grid.shape, self.trials, *values.shape[1:])
                self.arrays[name] = (dims, np.full(shape, empty(values.dtype), values.dtype), about)
            into = self.arrays[name][1]
            check_shape(name, values.shape[1:], into.shape[len(self.grid.shape) + 1 :])
            into[self.grid.index(task.point)][task.start : task.stop] = values
        if outcome.times is not None:
            self.times[:] = [outcome.times]
        self.attributes_of.setdefault(task.point, outcome.attributes)
        self.names_of.setdefault(task.point, tuple(outcome.columns))

    def variables(self, point: int, start: int, stop: int) -> dict[str, Any]:
        """Rows of each array that this point has a part in."""
        place, found = self.grid.index(point), {}
        for name in self.names_of.get(point, ()):
            dims, values, _ = self.arrays[name]
            found[name] = (dims, values[place][start:stop])
        return found

    def attributes(self, point: int) -> dict[str, Any]:
        """Of the first task that was done."""
        return self.attributes_of.get(point, {})

    def dataset(self, attributes: dict[str, Any], most: int) -> Any:
        """Everything, with the parameters as coordinates; `most` trials of each point."""
        import xarray

        kept = (*(slice(None),) * len(self.grid.shape), slice(0, most))
        variables = {
            name: ((*self.grid.dims, *dims), values[kept], about) for name, (dims, values, about) in self.arrays.items()
        }
        times = {"time": ("time", self.times[0])} if self.times else {}
        return xarray.Dataset(variables, {**self.grid.coordinates(), **times}, attributes)


def empty(dtype: Any) -> Any:
    """What stands where no trial was run: NaN, or 0 where the type has none."""
    return np.nan if np.dtype(dtype).kind == "f" else 0


def check_shape(name: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Refuse what is recorded in another shape at another point.

    Raises
    ------
    InputError
        With both shapes.
    """
    if found != wanted:
        raise InputError(
            f"record: {name} has shape {found} a trial at one point of the scan and {wanted} at another; record it "
            "where all points have the same neurons and steps"
        )


def ledger_of(shelf: Shelf, point: int, start: int, stop: int) -> Any:
    """Some trials of a point as a ledger, for any estimator."""
    import xarray

    columns = shelf.variables(point, start, stop)
    kept = {name: given for name, given in columns.items() if not _absent(given[1])}
    return xarray.Dataset(kept, attrs=shelf.attributes(point))


def ledgers(data: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """The parameters and the ledger of every point of a scan's result, one after another.

    Raises
    ------
    InputError
        If `data` is not the result of a scan.
    """
    try:
        asked, runs = json.loads(data.attrs["configuration"]), json.loads(data.attrs["runs"])
        dims, names = asked["dims"], [*asked["axes"], "direction"]  # not in the order that a folder lists its arrays
    except (AttributeError, KeyError, ValueError, TypeError):
        raise InputError("data must be the result of scan, or what open_scan opens") from None
    shape = tuple(data.sizes[dim] for dim in dims)
    for point, place in enumerate(np.ndindex(shape)):
        about = runs[point]
        here = data.isel(dict(zip(dims, place, strict=True)))
        parameters = {name: here[name].values[()] for name in names if name in here.coords}
        ledger = here.isel(trial=slice(0, about["trials"])).drop_vars(list(parameters))
        ledger = ledger.drop_vars([name for name in ledger.data_vars if name not in about["variables"]])
        ledger.attrs = {name: value for name, value in about.items() if name not in ("trials", "variables")}
        yield parameters, ledger


def _absent(values: Any) -> bool:
    return bool(values.dtype.kind == "f" and np.all(np.isnan(values)))
