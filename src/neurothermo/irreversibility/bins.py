"""Entropy production across bin widths: what a bin is wide enough to see, and narrow enough not to blur."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_choice
from neurothermo.core.errors import InputError
from neurothermo.irreversibility.assessment import per_second
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.methods import METHODS
from neurothermo.recordings.clock import seconds, shown_seconds
from neurothermo.recordings.recording import SPIKES, Recording


def across_bins(
    recording: Recording, widths: Sequence[Any], method: str = "maxent", *, binary: bool = True,
    confidence: float = 0.95, seed: int = 0, **options: Any,
) -> Any:  # fmt: skip
    """Entropy production of spikes for each of several bin widths.

    There is no right width: narrow bins hold few transitions, wide ones blur the order of spikes. A value that holds
    over a range of widths is one to report, with the range. The best of many widths is not a finding: the p-values
    here are not corrected for how many there are, and `attrs` says how many that is.

    Parameters
    ----------
    recording : Recording
        Of spikes.
    widths : sequence of float or str
        Seconds, or words like "10 ms"; different.
    method : str
        A name of `irreversibility.METHODS`.
    binary : bool
        Whether a bin says only if there was a spike, or how many.
    confidence, seed, **options
        Of the method.

    Returns
    -------
    xarray.Dataset
        On `width` (seconds, ascending): `value`, `stderr`, `low`, `high` in nats per second, `p_value`; NaN where the
        method cannot be used at a width, with the sentence in the coordinate `obstacle`. It is drawn by
        `report.draw_across_bins(figure, data)`.

    Raises
    ------
    InputError
        If these are not spikes, a width is not one, or no width can be used.
    """
    import xarray

    recording = checked_recording(recording)
    checked_choice(method, "method", tuple(METHODS))
    if recording.kind != SPIKES:
        raise InputError(f"recording must be one of spikes, got {recording.kind}: these have their bins already")
    if isinstance(widths, str | float | int):
        raise InputError(f"widths must be several bin widths, got {widths!r}")
    steps = sorted({seconds(width, "widths") for width in widths})
    if not steps:
        raise InputError("widths must hold at least one bin width, got none")
    columns: dict[str, list[float]] = {name: [] for name in ("value", "stderr", "low", "high", "p_value")}
    why: list[str] = []
    for step in steps:
        try:
            found = per_second(
                METHODS[method](recording.bin(step, binary=binary), confidence=confidence, seed=seed, **options)
            )
        except InputError as error:
            why.append(str(error))
            row = (nan,) * 5
        else:
            why.append("")
            row = (found.value, found.stderr, *found.interval, nan if found.p_value is None else found.p_value)
        for name, number in zip(columns, row, strict=True):
            columns[name].append(number)
    if all(why):
        raise InputError(f"{method} cannot be used at any of these widths: {shown_seconds(steps[0])}: {why[0]}")
    data = xarray.Dataset(
        {name: ("width", np.array(values)) for name, values in columns.items()},
        coords={"width": ("width", np.array(steps), {"units": "s"}), "obstacle": ("width", why)},
        attrs={"method": method, "kind": METHODS[method].kind, "confidence": confidence, "tests": len(steps)},
    )
    for name in ("value", "stderr", "low", "high"):
        data[name].attrs = {"units": "nats per second", "long_name": "entropy production"}
    data["p_value"].attrs = {"long_name": "p-value of reversible, not corrected for the number of widths"}
    return data
