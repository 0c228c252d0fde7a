"""Opening what a scan stored, done or not, and saying how far it is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from neurothermo.core.errors import InputError
from neurothermo.core.machine import memory_limit
from neurothermo.core.plain import plain
from neurothermo.grid.axes import DIRECTIONS
from neurothermo.grid.engines import needed
from neurothermo.grid.lock import holder
from neurothermo.grid.manifest import LOCK, configuration, first_lines, read_log
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
    done = read_log(path)
    try:
        _check_arrays(path, about)
        found = xarray.open_zarr(str(path), consolidated=False, chunks=None, zarr_format=3)
        found = found.set_coords([name for name in about["axes"] if name in found])  # a table's are no dimensions
        if "runs" not in found.attrs:
            found.attrs["runs"] = json.dumps(plain(_runs(done, about, list(found.data_vars))), default=repr)
        counts = _counts(found, about)
    except InputError:
        raise
    except Exception as error:  # Zarr, its codecs and xarray each fail in their own way on what is damaged
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise InputError(f"store: the arrays of {path} cannot be read: {reason}") from None
    if "trial" not in found.sizes:  # nothing is done yet
        return found.assign_coords(trial=("trial", np.arange(0)))
    return found.isel(trial=slice(0, max(counts)))


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
        "done": about["done"],
        "trials_per_worker_second": trials / seconds if seconds else None,
        "worker_seconds": seconds,
        "running": holder(path / LOCK) or None,
        "versions": about["versions"],
        "seed": about["seed"],
    }


def _runs(done: dict[Task, dict[str, Any]], about: dict[str, Any], known: list[Any]) -> list[dict[str, Any]]:
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
        names = list(entry.get("variables", known))  # of a point that is not begun: all, with no trials
        found.append({**entry.get("attributes", {}), "trials": count, "variables": names})
    return found


# -- what is in the store is not trusted: it may be another's, or damaged ------------------------------------------


def _check_arrays(path: Path, about: dict[str, Any]) -> None:
    """Refuse arrays that are no columns of a ledger, and what would not fit in memory; nothing is read yet."""
    zarr = needed("zarr", "a store")
    sizes: dict[str, int] = {}
    for name, array in zarr.open_group(str(path), mode="r", zarr_format=3).arrays():
        dims, dtype = tuple(array.metadata.dimension_names or ()), np.dtype(array.dtype)
        of_ledger = "trial" in dims
        known = (*about["dims"], "trial") if of_ledger else ()
        if dims[: len(known)] != known or len(dims) != array.ndim or (of_ledger and dtype.kind not in "iufb"):
            raise InputError(f"store: {name!r} in {path} is no array of a scan")
        at_once = array.chunks if of_ledger else array.shape
        if float(np.prod(at_once, dtype=np.float64)) * max(dtype.itemsize, 8) > memory_limit() / 4:
            raise InputError(f"store: {name!r} in {path} declares pieces that do not fit in memory")
        for dim, size in zip(dims, array.shape, strict=True):
            if sizes.setdefault(dim, size) != size:
                raise InputError(f"store: the arrays of {path} differ in the length of {dim}")


def _counts(found: Any, about: dict[str, Any]) -> list[int]:
    """Trials of each point, as `runs` has them.

    Raises
    ------
    InputError
        If that is not one entry for each point, which says what a ledger needs.
    """
    runs = json.loads(found.attrs["runs"]) if isinstance(found.attrs["runs"], str) else None
    lacking = [dim for dim in about["dims"] if dim not in found.sizes]
    lacking += ["direction"] if about["both"] and "direction" not in found.coords else []
    if about["both"] and not lacking and list(map(str, found["direction"].values.ravel())) != list(DIRECTIONS):
        lacking = ["direction"]
    points = 1
    for dim in about["dims"]:
        points *= int(found.sizes.get(dim, 0))
    whole = isinstance(runs, list) and len(runs) == points == len(about["runs"]) and all(
        isinstance(one, dict) and type(one.get("trials")) is int and one["trials"] >= 0
        and _named(one.get("variables"), found) for one in runs
    )  # fmt: skip
    if lacking or not whole or runs is None:
        raise InputError(
            f"store: {found.encoding.get('source', 'it')} says what does not fit its arrays: it is damaged"
        )
    return [one["trials"] for one in runs]


def _named(variables: Any, found: Any) -> bool:
    """Whether these are names of arrays that there are, at least one where there are any."""
    return isinstance(variables, list) and (
        not found.data_vars or any(isinstance(name, str) and name in found.data_vars for name in variables)
    )
