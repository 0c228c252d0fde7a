"""Recordings from arrays: signals, states, spike times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_flag
from neurothermo.core.errors import InputError
from neurothermo.recordings.epochs import checked_intervals, inside, renumbered
from neurothermo.recordings.making_input import (
    checked_epochs,
    checked_names,
    checked_properties,
    repeated,
    row_clock,
    spike_events,
    stacked,
)
from neurothermo.recordings.recording import SIGNALS, SPIKES, STATES, Recording


def from_array(
    values: Any,
    sampling_rate: Any = None,
    *,
    interval: Any = None,
    times: Any = None,
    channels: Sequence[str] | None = None,
    epochs: Mapping[str, Any] | None = None,
    properties: Mapping[str, Any] | None = None,
    averaged: bool = False,
) -> Recording:
    """Channels sampled at equal steps.

    Whole numbers (an integer or boolean array) make a recording of states, real numbers one of signals. A row with a
    NaN or an infinity is a gap, and is left out: the history says how many there are.

    Parameters
    ----------
    values : array_like, shape (time,), (time, channel) or (trial, time, channel)
        Trials are segments of their own. A masked entry is a missing one.
    sampling_rate : float or str
        Samples a second, or words like "1 kHz". This or `interval` or `times` must be given.
    interval : float or str
        Between two samples: seconds, or words like "1.89 s".
    times : array_like, shape (time,)
        Of the samples, in seconds, ascending, equal steps but for gaps: a step of half as much again is one.
    channels : sequence of str, optional
        Names.
    epochs : mapping of str to array_like of shape (2,) or (k, 2), optional
        Named intervals, in seconds.
    properties : mapping of str to array_like of shape (channels,), optional
        What else is known of the channels: {"type": ["eeg", ...]}.
    averaged : bool
        Whether a row is a mean or a count over the step that it stands for (binned spikes, calcium, BOLD), and not the
        value at an instant. Lower bounds on entropy production are divided by one step more. If in doubt, say True:
        the bounds hold for both.

    Returns
    -------
    Recording

    Raises
    ------
    InputError
        If no sampling rate is given, times are irregular, there are more channels than samples, or nothing is left.
    """
    import xarray

    averaged = checked_flag(averaged, "averaged")
    table, lengths, whole = stacked(values)
    names = checked_names(channels, table.shape[1], "channels")
    rate, at, segment = row_clock(sampling_rate, interval, times, lengths)
    found = np.all(np.isfinite(table), axis=1)
    if not np.any(found):
        raise InputError("values must hold at least one row without NaN and infinities")
    segment = renumbered(np.cumsum(np.concatenate([[0], np.diff(segment) | np.diff(found)]) != 0)[found])
    data = xarray.Dataset(
        {"values": (("time", "channel"), table[found].astype(np.int64) if whole else table[found])},
        coords={
            "time": ("time", at[found], {"units": "s"}),
            "segment": ("time", segment),
            "channel": ("channel", names),
            **checked_properties(properties, "channel", len(names)),
        },
    )
    history = (
        (f"{int(np.sum(~found))} of {len(found)} rows have missing or infinite samples and are gaps",)
        if not found.all()
        else ()
    )
    return Recording(STATES if whole else SIGNALS, data, checked_epochs(epochs), rate, history, averaged)


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

    at, train, known = spike_events(times, units)
    labels = checked_names(names if names is not None else known, len(known), "names of units")
    if not len(at):
        raise InputError("times must hold at least one spike, got none")
    order = np.argsort(at, kind="stable")
    at, train = at[order], train[order]
    history: tuple[str, ...] = ()
    if support is None and at[0] == at[-1]:
        raise InputError(f"support must be given: all spikes are at {at[0]:g} s, so it cannot be taken from them")
    if support is None:
        intervals = np.array([[at[0], np.nextafter(at[-1], np.inf)]])
        history = (f"taken to be recorded from its first spike at {at[0]:g} s to its last at {at[-1]:g} s",)
    else:
        intervals = checked_intervals(support, "support")
        outside = inside(at, intervals) < 0
        if np.any(outside):
            history = (f"{int(outside.sum())} of {len(at)} spikes lie outside its support and are left out",)
            at, train = at[~outside], train[~outside]
        if not len(at):
            raise InputError("support holds none of the spikes: are both in seconds?")
    if twice := repeated(at, train):
        history += (f"{twice} spikes come at the very time of another of the same unit",)
    coords = {"unit": ("unit", labels), **checked_properties(properties, "unit", len(labels))}
    data = xarray.Dataset(
        {
            "times": ("event", at, {"units": "s"}),
            "train": ("event", train),
            "support": (("interval", "end"), intervals, {"units": "s"}),
        },
        coords=coords,
    )
    return Recording(SPIKES, data, checked_epochs(epochs), None, history)
