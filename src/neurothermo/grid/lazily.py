"""A scan as Dask arrays: a task runs when a number of its is asked for."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from neurothermo.core.plain import plain
from neurothermo.grid.axes import Grid
from neurothermo.grid.cutting import tasks_of
from neurothermo.grid.engines import needed
from neurothermo.grid.tasks import Job, Outcome, Task, perform


def lazy_dataset(jobs: Any, grid: Grid, trials: int, chunk: int, asked: dict[str, Any]) -> Any:
    """The result of a scan before it is run; the first point's first block is run to learn what there will be."""
    dask = needed("dask", "a lazy scan")
    import xarray

    sample = perform(jobs.of(Task(0, 0, min(trials, chunk))))
    delayed = dask.delayed(_columns, pure=False)
    flat: dict[str, list[Any]] = {name: [] for name in sample.columns}
    for point in range(grid.size):
        parts = [(task, delayed(jobs.of(task), tuple(flat))) for task in tasks_of(point, 0, trials, chunk)]
        for name, column in sample.columns.items():
            flat[name].append(_joined(parts, name, column[1]))
    arrays = {name: _stacked(rows, grid) for name, rows in flat.items()}
    variables = {
        name: ((*grid.dims, *sample.columns[name][0]), array, sample.columns[name][2]) for name, array in arrays.items()
    }
    about = {**sample.attributes, "trials": trials, "variables": list(variables)}
    runs = [{**about, "run": word} for word in asked["runs"]]
    times = {} if sample.times is None else {"time": ("time", sample.times)}
    said = {
        "configuration": json.dumps(plain({**asked, "chunk": chunk}), default=repr),
        "runs": json.dumps(plain(runs)),
    }
    return xarray.Dataset(variables, {**grid.coordinates(), **times}, said)


def _columns(job: Job, names: tuple[str, ...]) -> dict[str, Any]:
    """The values of a task; NaN for a column that this point has not."""
    outcome: Outcome = perform(job)
    missing = np.full(job.task.stop - job.task.start, np.nan)
    return {name: outcome.columns[name][1] if name in outcome.columns else missing for name in names}


def _joined(parts: Any, name: str, like: Any) -> Any:
    import dask.array as da

    return da.concatenate(
        [da.from_delayed(part[name], (task.stop - task.start, *like.shape[1:]), like.dtype) for task, part in parts]
    )


def _stacked(rows: list[Any], grid: Grid) -> Any:
    import dask.array as da

    return da.stack(rows).reshape((*grid.shape, *rows[0].shape))
