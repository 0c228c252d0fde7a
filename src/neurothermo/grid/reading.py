"""Opening what a scan stored, done or not, and saying how far it is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from neurothermo.core.plain import plain
from neurothermo.grid.engines import needed
from neurothermo.grid.lock import holder
from neurothermo.grid.store import LOCK, configuration, first_lines, read_log
from neurothermo.grid.tasks import Task


def open_scan(store: str | os.PathLike[str]) -> Any:
    """A scan's store as a Dataset whose arrays are read when they are used.

    ``xarray.open_zarr(store)`` opens the same arrays; this adds what is known of a scan that is not done.

    Raises
    ------
    InputError
        If it is not a store of a scan.
    """
    needed("zarr", "a store")
    import xarray

    path = Path(store)
    about = configuration(path)
    found = xarray.open_zarr(str(path), consolidated=False, chunks=None)
    done = read_log(path)
    if "runs" not in found.attrs:
        found.attrs["runs"] = json.dumps(plain(_runs(done, about)), default=repr)
    counts = [one["trials"] for one in json.loads(found.attrs["runs"])]
    return found.isel(trial=slice(0, max(counts))) if "trial" in found.sizes else found


def status(store: str | os.PathLike[str]) -> dict[str, Any]:
    """How far a scan is: tasks and trials done and in all, its rate, its versions, and who writes it now.

    Raises
    ------
    InputError
        If it is not a store of a scan.
    """
    path = Path(store)
    about = configuration(path)
    done = read_log(path)
    points = len(about["runs"])
    tasks = points * -(-about["trials"] // about["chunk"])
    trials = sum(task.stop - task.start for task in done)
    seconds = sum(entry["seconds"] for entry in done.values())
    attributes = json.loads((path / "zarr.json").read_text(encoding="utf-8"))["attributes"]
    return {
        "store": str(path),
        "points": points,
        "points_begun": len({task.point for task in done}),
        "tasks_done": len(done),
        "tasks": tasks,
        "trials_done": trials,
        "trials": points * about["trials"],
        "chunk": about["chunk"],
        "until": about["until"],
        "done": "runs" in attributes,
        "trials_per_worker_second": trials / seconds if seconds else None,
        "worker_seconds": seconds,
        "running": holder(path / LOCK) or None,
        "versions": about["versions"],
        "seed": about["seed"],
    }


def _runs(done: dict[Task, dict[str, Any]], about: dict[str, Any]) -> list[dict[str, Any]]:
    """What is known of each point so far: only trials without a gap before them count."""
    first, found = first_lines(done), []
    spans: dict[int, dict[int, int]] = {}
    for task in done:
        spans.setdefault(task.point, {})[task.start] = task.stop
    for point in range(len(about["runs"])):
        count = 0
        while count in spans.get(point, {}):
            count = spans[point][count]
        entry = first.get(point, {})
        found.append({**entry.get("attributes", {}), "trials": count, "variables": list(entry.get("variables", ()))})
    return found
