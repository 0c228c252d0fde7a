"""Which channels and pairs the entropy production goes with, by the method that measured it."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_choice
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.methods import METHODS
from neurothermo.recordings.recording import Recording


def attribution(recording: Recording, method: str = "gaussian", **options: Any) -> Any:
    """Shares of channels and pairs of channels in the entropy production.

    Shares follow the recorded channels: one that is driven by what was not recorded is credited with the effect. A
    share may be negative. Look at the q-values, which are corrected for how many channels or pairs there are, and are
    never below the p-value of the total: shares of a total that is no finding are none. Where the interval of the total
    goes down to zero, or it has no p-value, they are 1.

    Parameters
    ----------
    recording : Recording
        States or signals.
    method : str
        A name of `irreversibility.METHODS` whose value can be split.
    **options
        Of the method.

    Returns
    -------
    xarray.Dataset
        `by_channel` (channel) and, where the method has them, `by_pair` (channel, partner), in nats per sample, each
        with `_stderr`, `_p` and `_q`; half of a pair's share is at [i, j] and half at [j, i]. Each sums to the
        attribute `total`, of which `total_p` is the p-value.

    Raises
    ------
    InputError
        If the method cannot split its value, or cannot be used on the recording.
    """
    recording = checked_recording(recording)
    checked_choice(method, "method", tuple(METHODS))
    split = METHODS[method].attribution
    if split is None:
        able = ", ".join(name for name, each in METHODS.items() if each.attribution is not None)
        raise InputError(f"{method} does not split its value over channels; these do: {able}")
    shares, whole = split(recording, **options), METHODS[method](recording, **options)
    return gated(shares, whole)


def gated(shares: Any, whole: Estimate) -> Any:
    """Shares with q-values no smaller than the total allows."""
    p_value = nan if whole.p_value is None else whole.p_value
    least = p_value if isfinite(p_value) and whole.interval[0] > 0 else 1.0
    raised = {
        name: table.copy(data=np.where(np.isnan(table), np.nan, np.maximum(table, least)))
        for name, table in shares.data_vars.items() if name.endswith("_q")
    }  # fmt: skip
    return shares.assign(raised).assign_attrs(total_p=p_value)
