"""Spikes counted in bins."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import checked_flag
from neurothermo.core.errors import InputError
from neurothermo.recordings.clock import seconds, shown_seconds
from neurothermo.recordings.recording import SPIKES, STATES, Recording

LARGEST = 5e8  # numbers in a table of counts: 4 GB
ROUNDING = 1e-6  # of a bin: a spike on an edge belongs to the later bin, whatever the last bit of its time says


def binned(recording: Recording, width: Any, binary: bool = True) -> Recording:
    """See `Recording.bin`."""
    import xarray

    if recording.kind != SPIKES:
        raise InputError(f"only spikes can be binned, got a recording of {recording.kind}; signals are resampled")
    step, binary = seconds(width, "width"), checked_flag(binary, "binary")
    support = recording.support
    rows = np.floor(np.diff(support, axis=1)[:, 0] / step + ROUNDING).astype(np.int64)
    kept = rows >= 2
    if not np.any(kept):
        longest = float(np.max(np.diff(support, axis=1), initial=0.0))
        raise InputError(
            f"width must fit twice into what was recorded, whose longest stretch is {shown_seconds(longest)}, "
            f"got {shown_seconds(step)}"
        )
    if rows.sum() * recording.size > LARGEST:
        raise InputError(f"width {shown_seconds(step)} makes {rows.sum():.3g} bins of {recording.size} units: widen it")
    counts = np.zeros((int(rows[kept].sum()), recording.size), dtype=np.int64)
    times, train = recording.data["times"].values, recording.data["train"].values
    first = 0
    for (start, _), length in zip(support[kept], rows[kept], strict=True):
        low, high = np.searchsorted(times, [start, start + length * step])
        row = ((times[low:high] - start) / step + ROUNDING).astype(np.int64)
        kept_spikes = row < length
        np.add.at(counts, (first + row[kept_spikes], train[low:high][kept_spikes]), 1)
        first += int(length)
    several = float(np.sum(counts > 1)) / max(float(np.sum(counts > 0)), 1.0)
    starts = np.repeat(support[kept, 0], rows[kept])
    within = np.concatenate([np.arange(length) for length in rows[kept]])
    properties = {
        name: ("channel", array.values) for name, array in recording.data.coords.items()
        if array.dims == ("unit",) and name != "unit"
    }  # fmt: skip
    data = xarray.Dataset(
        {"values": (("time", "channel"), np.minimum(counts, 1, out=counts) if binary else counts)},
        coords={
            "time": ("time", starts + step * within, {"units": "s"}),
            "segment": ("time", np.repeat(np.arange(int(kept.sum())), rows[kept])),
            "channel": ("channel", list(recording.names)),
            **properties,
        },
        attrs=recording.data.attrs,
    )
    lost = f", {several:.2g} of those with a spike held more than one" if binary and several > 0 else ""
    what = "whether there was a spike" if binary else "spikes counted"
    return recording.noted(
        f"{what} in {len(counts)} bins of {shown_seconds(step)}{lost}",
        kind=STATES, data=data, sampling_rate=1 / step, averaged=True,
    )  # fmt: skip
