"""The tables of NWB: units, and intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.errors import InputError
from neurothermo.core.hdf5 import member, names_in, stored
from neurothermo.recordings.epochs import merged, overlap

EPOCHS, INVALID = "epochs", "invalid_times"
APART = ("id", "spike_times", "spike_times_index", "obs_intervals", "obs_intervals_index")


def text(item: Any) -> str:
    """HDF5 gives bytes where text is meant."""
    return item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)


def units_of(file: Any, table: Any) -> tuple[dict[str, Any], dict[str, Any], Any, tuple[str, ...]]:
    """Spike times and properties of the units, when they were observed (or None), and what is to be said of it."""
    ids, ends = _read(table, "id"), _read(table, "spike_times_index").astype(np.int64)
    times = _read(table, "spike_times").astype(np.float64)
    if not len(ids):
        raise InputError("units must hold at least one unit, got an empty table")
    if len(ends) != len(ids) or np.any(np.diff(ends, prepend=0) < 0) or (len(ends) and ends[-1] != len(times)):
        raise InputError(
            f"units must have one end of spike times a unit, ascending to {len(times)}; the index is damaged"
        )
    trains = {str(unit): train for unit, train in zip(ids, np.split(times, ends[:-1]), strict=True)}
    if len(trains) != len(ids):
        raise InputError("units must have different ids, got one twice")
    observed, notes = _observed(table, len(ids))
    return trains, _properties(file, table, len(ids)), observed, notes


def _properties(file: Any, table: Any, count: int) -> dict[str, Any]:
    """Every column of one word or number a unit; a reference to a group becomes the group's name."""
    import h5py

    columns: dict[str, Any] = {}
    names = names_in(table)
    for name in names:
        column = None if name in APART else member(table, name)
        if not isinstance(column, h5py.Dataset) or column.shape != (count,):
            continue
        if f"{name}_index" in names or name.endswith("_index"):
            continue
        values = stored(column, name)
        if h5py.check_ref_dtype(column.dtype) is h5py.Reference:
            columns[name] = np.array([file[ref].name.rsplit("/", 1)[-1] if ref else "" for ref in values])
        elif values.dtype.kind in "iufb":
            columns[name] = values
        elif values.dtype.kind in "OSU":
            columns[name] = np.array([text(item) for item in values])
    return columns


def _observed(table: Any, count: int) -> tuple[Any, tuple[str, ...]]:
    """The intervals in which every unit was observed."""
    if not {"obs_intervals", "obs_intervals_index"} <= set(names_in(table)):
        return None, ()
    intervals, ends = _read(table, "obs_intervals"), _read(table, "obs_intervals_index").astype(np.int64)
    if not len(intervals):
        return None, ()
    pieces = np.split(intervals, ends[:-1])
    each = [merged(piece) for piece in pieces]
    if len(each) != count:
        raise InputError(f"units must have obs_intervals for each of {count} units, got {len(each)}")
    common = each[0]
    for other in each[1:]:
        common = overlap(common, other)
    if not len(common):
        raise InputError("units have no time in common in their obs_intervals: give support")
    same = all(np.array_equal(each[0], other) for other in each)
    return common, () if same else ("cut to the obs_intervals that all its units have in common",)


def session(file: Any) -> tuple[float, float] | None:
    """From the start to the end of the table of epochs, where that is one stretch; else None."""
    table = member(file, f"intervals/{EPOCHS}")
    if table is None:
        return None
    whole = merged(_rows(table)[0])
    return (float(whole[0, 0]), float(whole[0, 1])) if len(whole) == 1 else None


def epochs_of(file: Any) -> tuple[dict[str, Any], Any, tuple[str, ...]]:
    """Named intervals, those that are invalid, and how many rows are none.

    The rows of the table "epochs" go by their tags; those of any other table go by its name, all together.
    """
    parts: dict[str, list[Any]] = {}
    missing: Any = ()
    empty = 0
    tables = member(file, "intervals")
    for name in names_in(tables):
        table = member(tables, name)
        if not {"start_time", "stop_time"} <= set(names_in(table)):
            continue
        rows, kept = _rows(table)
        empty += int(np.sum(~kept))
        if name == INVALID:
            missing = merged(rows)
        elif name == EPOCHS and {"tags", "tags_index"} <= set(names_in(table)):
            ends = _read(table, "tags_index").astype(np.int64)
            tags = [[text(tag) for tag in row] for row in np.split(_read(table, "tags"), ends[:-1])]
            for row, names in zip(rows, (tags[i] for i in np.flatnonzero(kept)), strict=True):
                for tag in names or [EPOCHS]:
                    parts.setdefault(tag, []).append(row)
        else:
            parts.setdefault(name, []).extend(rows)
    notes = (f"{empty} intervals that do not end after they start are left out",) if empty else ()
    return {name: merged(rows) for name, rows in parts.items() if len(rows)}, missing, notes


def _rows(table: Any) -> tuple[Any, Any]:
    """Start and stop of the rows that have both, and which rows those are."""
    rows = np.stack([_read(table, "start_time"), _read(table, "stop_time")], axis=1).astype(np.float64)
    kept = np.all(np.isfinite(rows), axis=1) & (rows[:, 1] > rows[:, 0])
    return rows[kept], kept


def _read(table: Any, name: str) -> Any:
    """A column, shape (rows, ...)."""
    column = stored(member(table, name), name)
    if np.ndim(column) == 0:
        raise InputError(f"{name} must be a column of a table, got {column!r}")
    return column
