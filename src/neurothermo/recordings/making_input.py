"""What recordings are made from, checked: tables of samples, their clock, spikes, names, epochs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, as_floats, checked_array
from neurothermo.core.errors import InputError
from neurothermo.recordings.clock import hertz, in_seconds, seconds, shown_seconds
from neurothermo.recordings.epochs import checked_intervals

IRREGULAR = 0.01  # of a step: how far it may be from the others
GAP = 1.5  # steps: from here on something is missing; a recording that was resumed keeps no whole steps
RESERVED = ("unit", "times", "train", "support", "event", "interval", "end", "values", "time", "channel", "segment")
LARGEST_STATE = 2.0**53  # beyond, a float is no longer every whole number


def stacked(values: Any) -> tuple[Array, list[int], bool]:
    """Rows of all trials under each other, NaN where something is missing; how many each has; if all are whole."""
    masked = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    try:
        raw = np.asarray(values)
    except (TypeError, ValueError):
        raise InputError("values must be an array of numbers, got rows of different lengths") from None
    array = as_floats(raw.astype(np.int64) if raw.dtype.kind == "b" else raw, "values")
    if masked is not None:
        array[masked] = np.nan
    whole = raw.dtype.kind in "iub"
    if whole and np.any(np.abs(array) > LARGEST_STATE):
        raise InputError(f"values must be states of at most 2**53, got {np.nanmax(np.abs(array)):.3g}")
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or 0 in array.shape:
        raise InputError(
            f"values must have shape (time,), (time, channel) or (trial, time, channel), none empty, got {raw.shape}"
        )
    trials, rows, channels = array.shape
    if channels > rows * trials:
        raise InputError(
            f"values have {channels} channels and {rows * trials} samples: is the array transposed? "
            "Rows are samples, columns channels"
        )
    return array.reshape(-1, channels), [rows] * trials, whole


def row_clock(sampling_rate: Any, interval: Any, times: Any, lengths: list[int]) -> tuple[float, Array, Any]:
    """Rows per second, the time of every row, and its segment."""
    given = [value is not None for value in (sampling_rate, interval)]
    if sum(given) > 1:
        raise InputError("give sampling_rate or interval, not both")
    trials = np.repeat(np.arange(len(lengths)), lengths)
    if times is not None:
        return _timed(times, hertz(sampling_rate, "sampling_rate") if given[0] else
                      (1 / seconds(interval, "interval") if given[1] else None), trials)  # fmt: skip
    if not any(given):
        raise InputError(
            'sampling_rate is missing: give sampling_rate="200 Hz" or interval="5 ms" '
            "(--sampling-rate or --interval on the command line); it is never guessed"
        )
    rate = hertz(sampling_rate, "sampling_rate") if given[0] else 1 / seconds(interval, "interval")
    return rate, np.arange(len(trials)) / rate, trials


def _timed(times: Any, rate: float | None, trials: Any) -> tuple[float, Array, Any]:
    """The clock of given times: steps must be one step, or whole numbers of it (gaps)."""
    at = checked_array(in_seconds(times), "times", (len(trials),))
    steps = np.diff(at)
    if np.any(steps <= 0):
        raise InputError(f"times must ascend, but the one after {at[int(np.argmax(steps <= 0))]:g} s does not")
    if rate is None and not len(steps):
        raise InputError("times must hold at least two samples, or sampling_rate must be given")
    step = 1 / rate if rate is not None else float(np.median(steps))
    near = steps[steps < GAP * step]
    if rate is None:
        step = float(np.mean(near))  # the median of a clock that counts ticks can be off by a part of one
    worst = float(np.max(np.abs(near / step - 1), initial=0.0))
    if worst > IRREGULAR:
        raise InputError(
            f"times are irregular: steps are up to {100 * worst:.2g}% of {shown_seconds(step)} off; "
            "interpolate them to equal steps yourself, no values are invented here"
        )
    if rate is not None and len(steps) and not len(near):
        raise InputError(
            f"times do not fit sampling_rate {rate:g} Hz: no two follow each other within {shown_seconds(step)}"
        )
    gaps = np.concatenate([[0], np.cumsum(steps >= GAP * step)])
    return rate if rate is not None else 1 / step, at, gaps + trials * (gaps[-1] + 1)


def spike_events(times: Any, units: Any) -> tuple[Array, Any, list[Any]]:
    """Spike times, whose they are, and what the units are called."""
    if units is not None:
        at = checked_array(in_seconds(times), "times", (None,))
        label = _labels(units)
        if label.shape != at.shape:
            raise InputError(f"units must have one entry for each spike, {at.shape}, got shape {label.shape}")
        known, train = np.unique(label, return_inverse=True)
        return at, train.astype(np.int64), list(known)
    trains = times if isinstance(times, Mapping) else dict(enumerate(times)) if _nested(times) else None
    if trains is None:
        raise InputError("units is missing: give one number or name a spike, or times as one array for each unit")
    arrays = [checked_array(in_seconds(train), f"times of unit {name}", (None,)) for name, train in trains.items()]
    index = np.repeat(np.arange(len(arrays)), [len(array) for array in arrays])
    return np.concatenate(arrays) if arrays else np.empty(0), index, list(trains)


def _nested(times: Any) -> bool:
    return isinstance(times, Sequence) and all(isinstance(train, Sequence | np.ndarray) for train in times)


def _labels(units: Any) -> Any:
    """Whole numbers or words; 3.0 is 3."""
    try:
        label = np.asarray(units)
    except (TypeError, ValueError):
        raise InputError("units must be whole numbers or names, got rows of different lengths") from None
    if label.dtype.kind == "f" and np.all(label == np.rint(label)):
        label = label.astype(np.int64)
    if label.dtype.kind == "O" and all(isinstance(name, str) for name in label.ravel()):
        label = label.astype(np.str_)
    if label.dtype.kind not in "iuU":
        raise InputError(
            f"units must be whole numbers or names, got {label.dtype} such as {label.ravel()[:1].tolist()}"
        )
    return label


def repeated(at: Array, train: Any) -> int:
    order = np.lexsort((at, train))
    return int(np.sum((np.diff(at[order]) == 0) & (np.diff(train[order]) == 0)))


def checked_properties(properties: Mapping[str, Any] | None, dimension: str, size: int) -> dict[str, tuple[str, Any]]:
    """Coordinates on units or channels, one value each."""
    coords: dict[str, tuple[str, Any]] = {}
    if properties is not None and not isinstance(properties, Mapping):
        raise InputError(f"properties must map names to one value for each {dimension}, got {properties!r}")
    for name, column in (properties or {}).items():
        if name in RESERVED:
            raise InputError(f"properties must not be called {name!r}, which the recording itself uses")
        try:
            array = np.asarray(column)
        except ValueError:
            array = np.empty(0)
        if array.shape != (size,):
            raise InputError(
                f"properties[{name!r}] must have one value for each of {size} {dimension}s, got shape {array.shape}"
            )
        coords[str(name)] = (dimension, array)
    return coords


def checked_names(names: Any, size: int, what: str) -> list[str]:
    if names is None:
        return [str(index) for index in range(size)]
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise InputError(f"{what} must be a sequence of names, got {names!r}")
    found = [str(name) for name in names]
    if len(found) != size or len(set(found)) != size:
        raise InputError(
            f"{what} must be {size} different names, got {len(found)}, {len(set(found))} of them different"
        )
    return found


def checked_epochs(epochs: Mapping[str, Any] | None) -> dict[str, Array]:
    if epochs is not None and not isinstance(epochs, Mapping):
        raise InputError(f"epochs must map names to intervals, got {type(epochs).__name__}")
    return {str(name): checked_intervals(values, f"epochs[{name!r}]") for name, values in (epochs or {}).items()}
