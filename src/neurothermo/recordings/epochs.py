"""Parts of a recording by time."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, nearest
from neurothermo.core.errors import InputError
from neurothermo.recordings.recording import SPIKES, Recording


def checked_intervals(values: Any, name: str) -> Array:
    """Disjoint intervals in seconds, ascending, shape (k, 2).

    Raises
    ------
    InputError
        If one ends before it starts, or two overlap.
    """
    pairs = np.reshape(values, (1, 2)) if np.shape(values) == (2,) else values
    intervals = checked_array(pairs, name, (None, 2))
    intervals = intervals[np.argsort(intervals[:, 0], kind="stable")]
    if not len(intervals) or np.any(intervals[:, 1] <= intervals[:, 0]):
        raise InputError(f"{name} must be intervals that end after they start, got {np.asarray(values).tolist()}")
    if np.any(intervals[1:, 0] < intervals[:-1, 1] - 1e-9):
        raise InputError(f"{name} must not overlap")
    return intervals


def within(recording: Recording, which: Any) -> Recording:
    """See `Recording.epoch`."""
    if isinstance(which, str):
        if which not in recording.epochs:
            known = ", ".join(map(repr, recording.epochs)) or "none"
            raise InputError(
                f"epoch must be one of those recorded ({known}), got {which!r}{nearest(which, recording.epochs)}"
            )
        intervals, said = recording.epochs[which], f"epoch {which!r}"
    else:
        intervals = checked_intervals(which, "epoch")
        said = f"{', '.join(f'{start:g} to {stop:g}' for start, stop in intervals[:3])} s" + (
            f" and {len(intervals) - 3} more intervals" if len(intervals) > 3 else ""
        )
    narrowed = _spikes(recording, intervals) if recording.kind == SPIKES else _sampled(recording, intervals)
    if not narrowed.duration > 0:
        raise InputError(f"epoch {which!r} holds nothing that was recorded")
    epochs = {name: common for name, old in recording.epochs.items() if len(common := overlap(old, intervals))}
    return narrowed.noted(f"{said} only: {narrowed.duration:.6g} s", epochs=epochs)


def overlap(first: Array, second: Array) -> Array:
    """The intervals that two sets of disjoint ones have in common, shape (k, 2)."""
    starts = np.maximum(first[:, None, 0], second[None, :, 0]).ravel()
    stops = np.minimum(first[:, None, 1], second[None, :, 1]).ravel()
    kept = stops > starts
    found = np.stack([starts[kept], stops[kept]], axis=1)
    return found[np.argsort(found[:, 0], kind="stable")]


def inside(times: Array, intervals: Array) -> Any:
    """The index of the interval [start, stop) each time lies in; -1 outside."""
    index = np.searchsorted(intervals[:, 0], times, side="right") - 1
    return np.where((index >= 0) & (times < intervals[np.maximum(index, 0), 1]), index, -1)


def _spikes(recording: Recording, intervals: Array) -> Recording:
    support = overlap(recording.support, intervals)
    if not len(support):
        return recording.noted("nothing", data=recording.data.isel(event=slice(0), interval=slice(0)))
    data = recording.data.drop_vars("support").isel(event=inside(recording.data["times"].values, support) >= 0)
    from dataclasses import replace

    return replace(recording, data=data.assign(support=(("interval", "end"), support)))


def _sampled(recording: Recording, intervals: Array) -> Recording:
    from dataclasses import replace

    times = recording.data["time"].values
    margin = 1e-6 / recording.required_rate()  # rounding of a time must not cost a sample
    which = inside(times + margin, intervals)
    kept = which >= 0
    segment = recording.data["segment"].values[kept] * (len(intervals) + 1) + which[kept]
    data = recording.data.isel(time=kept)
    return replace(recording, data=data.assign_coords(segment=("time", renumbered(segment))))


def renumbered(segment: Any) -> Any:
    """Segments counted from 0 in the order in which they come; a number that comes again later is another segment."""
    return np.concatenate([[0], np.cumsum(np.diff(segment) != 0)]) if len(segment) else segment
