"""A scan as Dask arrays: a task runs when a number of its is asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from neurothermo.core.plain import plain
from neurothermo.grid.axes import Grid
from neurothermo.grid.cutting import tasks_of
from neurothermo.grid.engines import needed
from neurothermo.grid.shelf import check_shape, empty
from neurothermo.grid.tasks import Job, Outcome, Task, perform


def lazy_dataset(jobs: Any, grid: Grid, trials: int, chunk: int, asked: dict[str, Any]) -> Any:
    """The result of a scan before it is run.

    One trial of every point is run at once: its columns and what its ledger says of itself are its own (a
    temperature, an energy or none), and no number may stand under those of another point.
    """
    dask = needed("dask", "a lazy scan")
    import xarray

    samples = [perform(jobs.of(Task(point, 0, 1))) for point in range(grid.size)]
    columns = _columns_of(samples)
    delayed, recipe = dask.delayed(_values, pure=False), dask.delayed(jobs.sent, pure=False)  # sent once
    rows: dict[str, list[Any]] = {name: [] for name in columns}
    for point, sample in enumerate(samples):
        tasks = tasks_of(point, 0, trials, chunk)
        parts = [delayed(recipe, replace(jobs.of(task), recipe=b"")) for task in tasks]
        for name, column in columns.items():
            rows[name].append(column.joined(name, tasks, parts if name in sample.columns else None))
    variables = {
        name: ((*grid.dims, *column.dims), _stacked(rows[name], grid), column.about) for name, column in columns.items()
    }
    runs = [{**one.attributes, "trials": trials, "variables": list(one.columns)} for one in samples]
    times = next((one.times for one in samples if one.times is not None), None)
    said = {
        "configuration": json.dumps(plain({**asked, "chunk": chunk}), default=repr),
        "runs": json.dumps(plain(runs), default=repr),
    }
    more = {} if times is None else {"time": ("time", times)}
    return xarray.Dataset(variables, {**grid.coordinates(), **more}, said)


@dataclass(frozen=True, eq=False)
class _Column:
    """A column of a ledger: dimensions, shape of a trial, type and attributes."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: Any
    about: dict[str, Any]

    def joined(self, name: str, tasks: list[Task], parts: list[Any] | None) -> Any:
        """One point's trials, chunk by chunk; nothing but gaps where the point has no such column."""
        import dask.array as da

        sizes = [task.stop - task.start for task in tasks]
        if parts is None:
            shape, chunks = (sum(sizes), *self.shape), (tuple(sizes), *((size,) for size in self.shape))
            return da.full(shape, empty(self.dtype), dtype=self.dtype, chunks=chunks)
        whole = zip(sizes, parts, strict=True)
        return da.concatenate([da.from_delayed(part[name], (size, *self.shape), self.dtype) for size, part in whole])


def _columns_of(samples: list[Outcome]) -> dict[str, _Column]:
    """Every column that some point has, of one shape wherever it is."""
    found: dict[str, _Column] = {}
    for sample in samples:
        for name, (dims, values, about) in sample.columns.items():
            column = found.setdefault(name, _Column(dims, values.shape[1:], values.dtype, about))
            check_shape(name, values.shape[1:], column.shape)
    return found


def _values(recipe: bytes, job: Job) -> dict[str, Any]:
    """What a task gives."""
    return {name: column[1] for name, column in perform(replace(job, recipe=recipe)).columns.items()}


def _stacked(rows: list[Any], grid: Grid) -> Any:
    import dask.array as da

    return da.stack(rows).reshape((*grid.shape, *rows[0].shape))
