"""Recordings from arrays: signals, states, spike times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, as_floats, checked_array
from neurothermo.core.errors import InputError
from neurothermo.recordings.clock import hertz, seconds, shown_seconds
from neurothermo.recordings.epochs import checked_intervals, inside, renumbered
from neurothermo.recordings.recording import SIGNALS, SPIKES, STATES, Recording

IRREGULAR = 0.01  # of a step: how far a sample may be from its place


def from_array(
    values: Any,
    sampling_rate: Any = None,
    *,
    interval: Any = None,
    times: Any = None,
    channels: Sequence[str] | None = None,
    epochs: Mapping[str, Any] | None = None,
) -> Recording:
    """Channels sampled at equal steps.

    Whole numbers (an integer or boolean array) make a recording of states, real numbers one of signals. A row with a
    NaN is a gap, and is left out: the history says how many there are.

    Parameters
    ----------
    values : array_like, shape (time,), (time, channel) or (trial, time, channel)
        Trials are segments of their own. A masked entry is a missing one.
    sampling_rate : float or str
        Samples a second, or words like "1 kHz". This or `interval` or `times` must be given.
    interval : float or str
        Between two samples: seconds, or words like "1.89 s".
    times : array_like, shape (time,)
        Of the samples, in seconds, ascending; where one is missing there is a gap.
    channels : sequence of str, optional
        Names.
    epochs : mapping of str to array_like of shape (2,) or (k, 2), optional
        Named intervals, in seconds.

    Returns
    -------
    Recording

    Raises
    ------
    InputError
        If no sampling rate is given, times are irregular, there are more channels than samples, or nothing is left.
    """
    import xarray

    whole = np.asarray(values).dtype.kind in "iub"
    table, lengths = _table(values)
    names = _names(channels, table.shape[1], "channels")
    rate, at, segment = _clock(sampling_rate, interval, times, lengths)
    found = np.all(np.isfinite(table), axis=1)
    if not np.any(found):
        raise InputError("values must hold at least one row without NaN")
    segment = renumbered(np.cumsum(np.concatenate([[0], np.diff(segment) | np.diff(found)]) != 0)[found])
    data = xarray.Dataset(
        {"values": (("time", "channel"), table[found].astype(np.int64) if whole else table[found])},
        coords={
            "time": ("time", at[found], {"units": "s"}),
            "segment": ("time", segment),
            "channel": ("channel", names),
        },
    )
    history = (
        (f"{int(np.sum(~found))} of {len(found)} rows have missing samples and are gaps",) if not found.all() else ()
    )
    return Recording(STATES if whole else SIGNALS, data, _epochs(epochs), rate, history)


def from_spikes(
    times: Any,
    units: Any = None,
    *,
    support: Any = None,
    epochs: Mapping[str, Any] | None = None,
    names: Sequence[str] | None = None,
    properties: Mapping[str, Any] | None = None,
) -> Recording:
    """Spike trains.

    Parameters
    ----------
    times : array_like of shape (spikes,), or a sequence or mapping of one array a unit
        In seconds.
    units : array_like, shape (spikes,)
        Whose each spike is: whole numbers or names. Left out where `times` has one array a unit.
    support : (float, float) or array_like of shape (k, 2), optional
        When it was recorded, in seconds. Default: from the first spike to the last, and the history says so.
    epochs : mapping of str to array_like, optional
        Named intervals, in seconds.
    names : sequence of str, optional
        Of the units, in the order of their numbers.
    properties : mapping of str to array_like of shape (units,), optional
        What else is known of the units: {"location": ["adn", ...]}.

    Returns
    -------
    Recording

    Raises
    ------
    InputError
        If there are no spikes, a time is not finite, or shapes do not fit.
    """
    import xarray

    at, train, known = _events(times, units)
    labels = _names(names, len(known), "names") if names is not None else [str(name) for name in known]
    if not len(at):
        raise InputError("times must hold at least one spike, got none")
    order = np.argsort(at, kind="stable")
    at, train = at[order], train[order]
    history: tuple[str, ...] = ()
    if support is None:
        intervals = np.array([[at[0], np.nextafter(at[-1], np.inf)]])
        history = (f"taken to be recorded from its first spike at {at[0]:g} s to its last at {at[-1]:g} s",)
    else:
        intervals = checked_intervals(support, "support")
        outside = inside(at, intervals) < 0
        if np.any(outside):
            history = (f"{int(outside.sum())} of {len(at)} spikes lie outside its support and are left out",)
            at, train = at[~outside], train[~outside]
    coords: dict[str, Any] = {"unit": ("unit", labels)}
    for name, column in (properties or {}).items():
        array = np.asarray(column)
        if array.shape != (len(labels),):
            raise InputError(
                f"properties[{name!r}] must have one value for each of {len(labels)} units, got {array.shape}"
            )
        coords[name] = ("unit", array)
    data = xarray.Dataset(
        {
            "times": ("event", at, {"units": "s"}),
            "train": ("event", train),
            "support": (("interval", "end"), intervals, {"units": "s"}),
        },
        coords=coords,
    )
    return Recording(SPIKES, data, _epochs(epochs), None, history)


def _table(values: Any) -> tuple[Array, list[int]]:
    """Rows of all trials under each other, NaN where something is missing; and how many each trial has."""
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    raw = np.asarray(values)
    array = as_floats(raw.astype(np.int64) if raw.dtype.kind == "b" else values, "values")
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
    return array.reshape(-1, channels), [rows] * trials


def _clock(sampling_rate: Any, interval: Any, times: Any, lengths: list[int]) -> tuple[float, Array, Any]:
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
    at = checked_array(times, "times", (len(trials),))
    steps = np.diff(at)
    if np.any(steps <= 0):
        raise InputError(f"times must ascend, but the one after {at[int(np.argmax(steps <= 0))]:g} s does not")
    step = 1 / rate if rate else float(np.median(steps)) if len(steps) else 0.0
    if step <= 0:
        raise InputError("times must hold at least two samples, or sampling_rate must be given")
    whole = np.maximum(np.rint(steps / step), 1)
    worst = float(np.max(np.abs(steps / step - whole), initial=0.0))
    if worst > IRREGULAR:
        raise InputError(
            f"times are irregular: steps are not whole numbers of {shown_seconds(step)} but up to {worst:.2g} of one "
            "off; interpolate them to equal steps yourself, no values are invented here"
        )
    gaps = np.concatenate([[0], np.cumsum(whole > 1)])
    return 1 / step, at, gaps + trials * (gaps[-1] + 1)


def _events(times: Any, units: Any) -> tuple[Array, Any, list[Any]]:
    """Spike times, whose they are, and what the units are called."""
    if units is not None:
        at = checked_array(times, "times", (None,))
        label = np.asarray(units)
        if label.shape != at.shape:
            raise InputError(f"units must have one entry for each spike, {at.shape}, got shape {label.shape}")
        known, train = np.unique(label, return_inverse=True)
        return at, train.astype(np.int64), list(known)
    trains = times if isinstance(times, Mapping) else dict(enumerate(times)) if _nested(times) else None
    if trains is None:
        raise InputError("units is missing: give one number or name a spike, or times as one array for each unit")
    arrays = [checked_array(np.atleast_1d(train), f"times of unit {name}", (None,)) for name, train in trains.items()]
    index = np.repeat(np.arange(len(arrays)), [len(array) for array in arrays])
    return np.concatenate(arrays) if arrays else np.empty(0), index, list(trains)


def _nested(times: Any) -> bool:
    return isinstance(times, Sequence) and all(np.ndim(train) == 1 for train in times)


def _names(names: Any, size: int, what: str) -> list[str]:
    if names is None:
        return [str(index) for index in range(size)]
    found = [str(name) for name in names]
    if len(found) != size or len(set(found)) != size:
        raise InputError(
            f"{what} must be {size} different names, got {len(found)}, {len(set(found))} of them different"
        )
    return found


def _epochs(epochs: Mapping[str, Any] | None) -> dict[str, Array]:
    return {str(name): checked_intervals(values, f"epochs[{name!r}]") for name, values in (epochs or {}).items()}
