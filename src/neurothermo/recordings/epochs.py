"""Parts of a recording by time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, as_floats, checked_array, nearest
from neurothermo.core.errors import InputError
from neurothermo.recordings.clock import in_seconds
from neurothermo.recordings.recording import SPIKES, Recording


def checked_intervals(values: Any, name: str) -> Array:
    """Disjoint intervals in seconds, ascending, shape (k, 2).

    Raises
    ------
    InputError
        If one ends before it starts, or two overlap.
    """
    intervals = as_floats(in_seconds(values), name)
    intervals = checked_array(intervals[None] if intervals.shape == (2,) else intervals, name, (None, 2))
    intervals = intervals[np.argsort(intervals[:, 0], kind="stable")]
    if not len(intervals) or np.any(intervals[:, 1] <= intervals[:, 0]):
        raise InputError(f"{name} must be intervals that end after they start, got {_shown(intervals)}")
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


def without(recording: Recording, intervals: Any, why: str) -> Recording:
    """All but some intervals; epochs stay as they are, `why` goes into the history."""
    edges = np.concatenate([[-np.inf], np.ravel(merged(intervals)), [np.inf]])
    outside = edges.reshape(-1, 2)
    kept = _spikes(recording, outside) if recording.kind == SPIKES else _sampled(recording, outside)
    if not kept.duration > 0:
        raise InputError(f"nothing is left of the recording {why}")
    return kept.noted(f"{why}: {kept.duration:.6g} s of {recording.duration:.6g} s")


def split_at(recording: Recording, breaks: Any) -> Recording:
    """Sampled rows with a new segment from each of some times on, though no row is missing."""
    times = recording.data["time"].values + 1e-6 / recording.required_rate()
    piece = np.searchsorted(np.sort(np.asarray(breaks, dtype=np.float64)), times, side="right")
    segment = recording.data["segment"].values * (len(breaks) + 1) + piece
    return replace(recording, data=recording.data.assign_coords(segment=("time", renumbered(segment))))


def merged(intervals: Any) -> Array:
    """Intervals that overlap or touch made one, ascending, shape (k, 2)."""
    pairs = np.reshape(np.asarray(intervals, dtype=np.float64), (-1, 2))
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    if not len(pairs):
        return pairs
    reach = np.maximum.accumulate(pairs[:, 1])
    first = np.concatenate([[True], pairs[1:, 0] > reach[:-1]])
    last = np.concatenate([first[1:], [True]])
    return np.stack([pairs[first, 0], reach[last]], axis=1)


def overlap(first: Array, second: Array) -> Array:
    """The intervals that two sets of disjoint, ascending ones have in common, shape (k, 2)."""
    if not len(first) or not len(second):
        return np.empty((0, 2))
    edges = np.unique(np.concatenate([first.ravel(), second.ravel()]))
    common = (inside(edges[:-1], first) >= 0) & (inside(edges[:-1], second) >= 0)
    return np.stack([edges[:-1][common], edges[1:][common]], axis=1)


def inside(times: Array, intervals: Array) -> Any:
    """The index of the interval [start, stop) each time lies in; -1 outside."""
    index = np.searchsorted(intervals[:, 0], times, side="right") - 1
    return np.where((index >= 0) & (times < intervals[np.maximum(index, 0), 1]), index, -1)


def _spikes(recording: Recording, intervals: Array) -> Recording:
    support = overlap(recording.support, intervals)
    if not len(support):
        return recording.noted("nothing", data=recording.data.isel(event=slice(0), interval=slice(0)))
    data = recording.data.drop_vars("support").isel(event=inside(recording.data["times"].values, support) >= 0)
    return replace(recording, data=data.assign(support=(("interval", "end"), support)))


def _sampled(recording: Recording, intervals: Array) -> Recording:
    times = recording.data["time"].values
    margin = 1e-6 / recording.required_rate()  # rounding of a time must not cost a sample
    which = inside(times + margin, intervals)
    kept = which >= 0
    segment = recording.data["segment"].values[kept] * (len(intervals) + 1) + which[kept]
    data = recording.data.isel(time=kept)
    return replace(recording, data=data.assign_coords(segment=("time", renumbered(segment))))


def _shown(intervals: Array) -> str:
    wrong = intervals[intervals[:, 1] <= intervals[:, 0]] if len(intervals) else intervals
    return f"{wrong[0, 0]:g} to {wrong[0, 1]:g}" if len(wrong) else "none"


def renumbered(segment: Any) -> Any:
    """Segments counted from 0 in the order in which they come; a number that comes again later is another segment."""
    return np.concatenate([[0], np.cumsum(np.diff(segment) != 0)]) if len(segment) else segment
