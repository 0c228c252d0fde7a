"""Two recordings made alike before they are compared: one length and, where asked for, one rate of every unit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.resampling import generator
from neurothermo.recordings.recording import SPIKES, Recording

LENGTH, RATE = "length", "rate"
MATCHES = (LENGTH, RATE, None)
ALIKE = 1e-6  # relative difference of sampling rates


def matched(
    first: Recording, second: Recording, match: str | None, width: Any, seed: int
) -> tuple[Recording, Recording, tuple[str, ...]]:
    """Both, sampled at equal steps, cut to one length and thinned to one rate as `match` says; and what was done.

    Raises
    ------
    InputError
        If they are of different kinds, have other channels or sampling rates, spikes come without a `width`,
        or rates are to be matched of what are no spikes.
    """
    if first.kind != second.kind:
        raise InputError(f"both recordings must be of one kind, got {first.kind} and {second.kind}")
    if first.names != second.names:
        other = sorted(set(first.names) ^ set(second.names))
        raise InputError(
            "both recordings must have the same channels in one order"
            + (f", but {', '.join(map(repr, other[:3]))} is in one only" if other else "")
        )
    if match == RATE and first.kind != SPIKES:
        raise InputError(f'match="rate" is of spikes, got {first.kind}: use match="length"')
    said: list[str] = []
    if match is not None:
        first, second, said = _cut(first, second)
    if first.kind == SPIKES:
        if width is None:
            raise InputError('width is needed to bin spikes: compare(a, b, width="10 ms")')
        if match == RATE:
            first, second, more = _thinned(first, second, seed)
            said += more
        return first.bin(width), second.bin(width), tuple(said)
    if abs(first.required_rate() / second.required_rate() - 1) > ALIKE:
        raise InputError(
            f"both recordings must have one sampling rate, got {first.required_rate():g} and "
            f"{second.required_rate():g} Hz: resample the faster one"
        )
    return first, second, tuple(said)


def _cut(first: Recording, second: Recording) -> tuple[Recording, Recording, list[str]]:
    lengths = first.duration, second.duration
    shorter = min(lengths)
    said = []
    if max(lengths) > shorter * (1 + 1e-9):
        which = "first" if lengths[0] > lengths[1] else "second"
        said = [f"The {which} recording was cut from {max(lengths):.4g} s to the {shorter:.4g} s of the other."]
    one, other = (
        each if each.duration <= shorter * (1 + 1e-9) else each.epoch(beginning(each.support, shorter))
        for each in (first, second)
    )
    return one, other, said


def beginning(support: Array, duration: float) -> Array:
    """The first `duration` seconds of what was recorded, as intervals."""
    lengths = np.diff(support, axis=1)[:, 0]
    before = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    kept = np.minimum(lengths, duration - before)
    inside = kept > 1e-9
    return np.stack([support[inside, 0], support[inside, 0] + kept[inside]], axis=1)


def _thinned(first: Recording, second: Recording, seed: int) -> tuple[Recording, Recording, list[str]]:
    """Spikes dropped at random where a unit has more of them per second than in the other recording."""
    rates = first.rates, second.rates
    lower = np.minimum(*rates)
    if np.any(lower == 0):
        silent = first.names[int(np.argmin(lower))]
        raise InputError(f"unit {silent!r} is silent in one of the recordings: leave it out of both, or match='length'")
    random = generator(seed)
    found = [_kept(each, lower / rate, random) for each, rate in zip((first, second), rates, strict=True)]
    lost = [1 - after.samples / before.samples for after, before in zip(found, (first, second), strict=True)]
    said = [
        f"Rates were matched unit by unit: {lost[0]:.0%} of the spikes of the first and {lost[1]:.0%} of the second "
        "were dropped at random."
    ]
    return found[0], found[1], said


def _kept(recording: Recording, share: Array, random: np.random.Generator) -> Recording:
    train = recording.data["train"].values
    keep = random.random(len(train)) < share[train]
    data = recording.data.isel(event=keep)
    if keep.all():
        return recording
    return replace(
        recording, data=data, history=(*recording.history, f"{int(np.sum(~keep))} spikes dropped to match rates")
    )
