"""What a reader found in a source, what the caller said beyond it, and the recording both make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from neurothermo.core.checks import as_floats, checked_choice
from neurothermo.core.errors import InputError
from neurothermo.recordings.choosing import fitting, listed
from neurothermo.recordings.clock import hertz, in_seconds, seconds
from neurothermo.recordings.epochs import split_at, without
from neurothermo.recordings.making import from_array, from_spikes
from neurothermo.recordings.making_input import RESERVED
from neurothermo.recordings.recording import SIGNALS, STATES, Recording


@dataclass(frozen=True)
class Asked:
    """The arguments of `read` beside the source: see there."""

    sampling_rate: Any = None
    interval: Any = None
    key: str | None = None
    times: Any = None
    units: Any = None
    channels: Sequence[str] | None = None
    epochs: Mapping[str, Any] | None = None
    support: Any = None
    kind: str | None = None
    only: Any = None
    exclude: Any = None
    averaged: bool = False

    @property
    def rate(self) -> float | None:
        """Rows per second as given, or None."""
        if self.sampling_rate is not None and self.interval is not None:
            raise InputError("give sampling_rate or interval, not both")
        if self.sampling_rate is not None:
            return hertz(self.sampling_rate, "sampling_rate")
        return None if self.interval is None else 1 / seconds(self.interval, "interval")

    def named_epochs(self) -> dict[str, Any]:
        """The given epochs, those of pynapple as arrays."""
        if self.epochs is not None and not isinstance(self.epochs, Mapping):
            raise InputError(f"epochs must map names to intervals, got {type(self.epochs).__name__}")
        return {str(name): as_intervals(value) for name, value in (self.epochs or {}).items()}


@dataclass(frozen=True)
class FoundSignals:
    """Values at equal steps, shape (time,), (time, channel) or (trial, time, channel), and what is known of them.

    `rate` is one stored under an explicit name, `rate_name`; `start` is the time of the first row. At `breaks` a new
    stretch begins though no row is missing. `missing` are intervals to leave out, because of `missing_because`.
    """

    values: Any
    rate: float | None = None
    rate_name: str = ""
    start: float = 0.0
    times: Any = None
    channels: Sequence[str] | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    unit: str = ""
    epochs: Mapping[str, Any] = field(default_factory=dict)
    breaks: Any = ()
    missing: Any = ()
    missing_because: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FoundSpikes:
    """Spike times in seconds, or in whole numbers of samples at `rate`, and what is known of the units."""

    times: Any
    units: Any = None
    rate: float | None = None
    rate_name: str = ""
    names: Sequence[str] | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    support: Any = None
    epochs: Mapping[str, Any] = field(default_factory=dict)
    missing: Any = ()
    missing_because: str = ""
    notes: tuple[str, ...] = ()


def recorded(found: FoundSignals | FoundSpikes, asked: Asked, source: str) -> Recording:
    """The recording: what the caller says goes before what the source says, and the history tells both.

    A property whose name the recording needs itself gets an underscore: `channel` of a table of units is `channel_`.
    """
    renamed = {f"{name}_" if name in RESERVED else name: column for name, column in found.properties.items()}
    found = replace(found, properties=renamed)
    if isinstance(found, FoundSignals):
        found, asked = _narrowed(found, asked)
        made = _signals(found, asked)
    else:
        made = _spikes(found, asked)
    if asked.only is not None or asked.exclude is not None:
        made = made.select(asked.only, exclude=asked.exclude)
    if len(found.missing):
        made = without(made, found.missing, found.missing_because)
    history = (f"read from {source}", *found.notes, *made.history)
    return replace(made, data=made.data.assign_attrs(source=source), history=history)


def _narrowed(found: FoundSignals, asked: Asked) -> tuple[FoundSignals, Asked]:
    """Only the channels asked for, before rows where some channel is missing are taken for gaps."""
    values = found.values
    if not isinstance(values, np.ndarray) or values.ndim < 2:
        return found, asked
    known = asked.channels if asked.channels is not None else found.channels
    names = [str(name) for name in known] if known is not None else [str(i) for i in range(values.shape[-1])]
    if len(names) != values.shape[-1]:
        return found, asked
    kept, said = np.ones(len(names), dtype=bool), []
    for wanted, argument, why in ((asked.only, "only", "not chosen"), (asked.exclude, "exclude", "excluded")):
        if wanted is not None:
            fits = fitting(names, wanted, argument, "channel") ^ (argument == "exclude")
            if dropped := [name for name, gone in zip(names, kept & ~fits, strict=True) if gone]:
                said.append(f"{listed(dropped)} ({why})")
            kept &= fits
    if not kept.any():
        raise InputError(f"only and exclude leave none of {len(names)} channels; dropped: {'; '.join(said)}")
    values, names = values[..., kept], [name for name, one in zip(names, kept, strict=True) if one]
    if values.dtype.kind == "f":
        rows = np.ma.filled(values, np.nan).reshape(-1, len(names))
        if rows.size and len(empty := np.flatnonzero(~np.isfinite(rows).any(axis=0))):
            raise InputError(
                f"channel {names[empty[0]]!r} holds no number at all: leave it out, exclude={[names[i] for i in empty]}"
            )
    if kept.all():
        return found, replace(asked, only=None, exclude=None)
    properties = {name: np.asarray(column)[kept] for name, column in found.properties.items()}
    notes = (*found.notes, f"{len(names)} of {len(kept)} channels kept; dropped: {'; '.join(said)}")
    narrow = replace(found, values=values, channels=names, properties=properties, notes=notes)
    return narrow, replace(asked, channels=None, only=None, exclude=None)


def _signals(found: FoundSignals, asked: Asked) -> Recording:
    if asked.support is not None:
        raise InputError("support is for spikes; choose a part of signals with recording.epoch((start, stop))")
    rate, note = _rate(found, asked)
    values, times = _of_kind(found.values, asked.kind), found.times
    if times is None and found.start and rate is not None:
        times = found.start + np.arange(len(values)) / rate
    made = from_array(
        values,
        rate,
        times=times,
        channels=asked.channels if asked.channels is not None else found.channels,
        properties=found.properties,
        epochs={**found.epochs, **asked.named_epochs()},
        averaged=asked.averaged,
    )
    if len(found.breaks):
        made = split_at(made, found.breaks)
    if found.unit:
        made.data["values"].attrs["units"] = found.unit
    return replace(made, history=(*note, *made.history))


def _spikes(found: FoundSpikes, asked: Asked) -> Recording:
    if asked.kind not in (None, "spikes"):
        raise InputError(f"kind must be left out for spikes, got {asked.kind!r}: bin them for states")
    if asked.averaged:
        raise InputError("averaged must be left out for spikes: it is for samples, and bins are known to be counts")
    times, note = _spike_times(found, asked)
    made = from_spikes(
        times,
        found.units,
        support=as_intervals(asked.support) if asked.support is not None else found.support,
        epochs={**found.epochs, **asked.named_epochs()},
        names=asked.channels if asked.channels is not None else found.names,
        properties=found.properties,
    )
    return replace(made, history=(*note, *made.history))


def _spike_times(found: FoundSpikes, asked: Asked) -> tuple[Any, tuple[str, ...]]:
    """In seconds; whole numbers are taken for numbers of samples and need a rate."""
    times = found.times
    if not isinstance(times, np.ndarray):
        if asked.rate is not None:
            raise InputError("sampling_rate must be left out here: the source gives spike times in seconds")
        return times, ()
    times = in_seconds(times)
    if times.dtype.kind in "iu":
        rate, note = _rate(found, asked)
        if rate is None:
            raise InputError(
                "spike times are whole numbers, so numbers of samples: give the sampling_rate they count "
                "(--sampling-rate), or seconds"
            )
        return times / rate, note
    if asked.rate is not None:
        raise InputError(
            "sampling_rate must be left out where spike times are in seconds; it is for whole numbers of samples, "
            f"got times of type {times.dtype}"
        )
    return times, ()


def _rate(found: FoundSignals | FoundSpikes, asked: Asked) -> tuple[float | None, tuple[str, ...]]:
    """The rate given, else the one stored under an explicit name; and what is said of it."""
    given = asked.rate
    if found.rate is None:
        return given, ()
    stored = hertz(float(found.rate), found.rate_name)
    if given is None:
        return stored, (f"sampling rate of {stored:.10g} Hz from {found.rate_name}",)
    if abs(given / stored - 1) < 1e-6:
        return given, ()
    return given, (f"sampling rate of {given:.10g} Hz as given, although {found.rate_name} says {stored:.10g} Hz",)


def _of_kind(values: Any, kind: str | None) -> Any:
    """Values as real numbers for signals, as whole numbers for states, as they are for None."""
    if kind is None:
        return values
    checked_choice(kind, "kind", (SIGNALS, STATES))
    if kind == SIGNALS:
        return values if isinstance(values, np.ma.MaskedArray) else as_floats(values, "values")
    numbers = as_floats(values, "values")
    if not np.all(numbers == np.rint(numbers)):
        raise InputError('kind "states" needs whole numbers, none missing; got others')
    return numbers.astype(np.int64)


def as_intervals(value: Any) -> Any:
    """Intervals as an array: those of pynapple carry theirs in `values`."""
    return np.array(value.values) if belongs_to(value, "pynapple") else value


def belongs_to(value: Any, package: str) -> bool:
    """Whether its class, or one it derives from, is from a package; imports nothing."""
    return any(base.__module__.split(".")[0] == package for base in type(value).__mro__)


def needs(package: str, what: str) -> InputError:
    """The error where an optional package is missing."""
    return InputError(
        f"{what} needs {package}, which is not installed: pip install {package} (or 'neurothermo[neuro]')"
    )
