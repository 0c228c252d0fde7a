"""Which channels and pairs the entropy production goes with, by the method that measured it."""

from __future__ import annotations

from typing import Any

from neurothermo.core.checks import checked_choice
from neurothermo.core.errors import InputError
from neurothermo.irreversibility.methods import METHODS
from neurothermo.recordings.recording import Recording


def attribution(recording: Recording, method: str = "gaussian", **options: Any) -> Any:
    """Shares of channels and pairs of channels in the entropy production.

    Shares follow the recorded channels: one that is driven by what was not recorded is credited with the effect. A
    share may be negative. Look at the q-values, which are corrected for how many channels or pairs there are.

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
        attribute `total`.

    Raises
    ------
    InputError
        If the method cannot split its value, or cannot be used on the recording.
    """
    checked_choice(method, "method", tuple(METHODS))
    split = METHODS[method].attribution
    if split is None:
        able = ", ".join(name for name, each in METHODS.items() if each.attribution is not None)
        raise InputError(f"{method} does not split its value over channels; these do: {able}")
    return split(recording, **options)
