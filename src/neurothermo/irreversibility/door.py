"""What comes in at the door of every method: a recording, and nothing else."""

from __future__ import annotations

from typing import Any

from neurothermo.core.errors import InputError
from neurothermo.recordings.cleaning import out_of_range
from neurothermo.recordings.recording import Recording


def checked_recording(value: Any, name: str = "recording") -> Recording:
    """The recording itself.

    Raises
    ------
    InputError
        If it is anything else (bare numbers do not say how often they were sampled), or has signals whose squares are
        no numbers.
    """
    if isinstance(value, Recording):
        if why := out_of_range(value):
            raise InputError(why)
        return value
    raise InputError(
        f"{name} must be a Recording, got {type(value).__name__}: make it with recordings.from_array(values, "
        "sampling_rate), recordings.from_spikes(times, units) or recordings.read(path)"
    )
