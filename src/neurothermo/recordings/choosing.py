"""Some of the units or channels of a recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_fraction, checked_number, nearest
from neurothermo.core.errors import InputError
from neurothermo.recordings.clock import seconds, shown_seconds
from neurothermo.recordings.recording import SIGNALS, SPIKES, Recording

Flags = npt.NDArray[np.bool]
SHOWN = 6  # names in a sentence


def select(
    recording: Recording,
    chosen: Any = None,
    *,
    exclude: Any = None,
    minimum_rate: float | None = None,
    maximum_rate: float | None = None,
    refractory: Any = None,
    violations: float = 0.01,
    **properties: Any,
) -> Recording:
    """Some of the units or channels, in their order in the recording; the history says which were dropped and why.

    Parameters
    ----------
    recording : Recording
    chosen, exclude : str, int, or sequence of them, optional
        Names, or patterns of names: "LFP*", "ECOG_[12]".
    minimum_rate, maximum_rate : float, optional
        Spikes per second; of states, their mean per second. Signals have no rate.
    refractory : float or str, optional
        Seconds, or words like "2 ms": a unit is dropped where more than a share `violations` of its interspike
        intervals is shorter. Spikes only.
    violations : float
        In (0, 1).
    **properties
        Values of the properties of units: `location="adn"`, `location=["adn", "ca1"]`, `quality="g*"`.

    Raises
    ------
    InputError
        If a name, pattern or property is not there (the nearest is suggested), or nothing is left.
    """
    kept = np.ones(recording.size, dtype=bool)
    said: list[str] = []
    for why, found in _conditions(recording, chosen, exclude, properties):
        kept = _noted(recording, kept, found, why, said)
    if minimum_rate is not None or maximum_rate is not None:
        low = -np.inf if minimum_rate is None else checked_number(minimum_rate, "minimum_rate")
        high = np.inf if maximum_rate is None else checked_number(maximum_rate, "maximum_rate")
        rates = _rates(recording)
        why = f"a rate outside {max(low, 0):g} to {high:g} per second"
        kept = _noted(recording, kept, (rates >= low) & (rates <= high), why, said)
    if refractory is not None:
        shortest, most = seconds(refractory, "refractory"), checked_fraction(violations, "violations")
        why = f"more than {most:.2g} of interspike intervals below {shown_seconds(shortest)}"
        kept = _noted(recording, kept, _violating(recording, shortest) <= most, why, said)
    if not np.any(kept):
        raise InputError(f"select leaves none of {recording.size} {recording.dimension}s; dropped: {'; '.join(said)}")
    if np.all(kept):
        return recording.noted(f"all {recording.size} {recording.dimension}s kept")
    sentence = f"{int(kept.sum())} of {recording.size} {recording.dimension}s kept; dropped: {'; '.join(said)}"
    return recording.noted(sentence, data=_narrowed(recording, np.flatnonzero(kept)))


def matching(recording: Recording, wanted: Any, name: str) -> Flags:
    """Which names are one of, or fit one of, those wanted.

    Raises
    ------
    InputError
        If one of those wanted fits no name.
    """
    return fitting(recording.names, wanted, name, recording.dimension)


def fitting(names: Sequence[str], wanted: Any, name: str, dimension: str) -> Flags:
    """As `matching`, of bare names."""
    patterns = [wanted] if isinstance(wanted, str | int | np.integer) else list(wanted)
    if not patterns:
        raise InputError(f"{name} must name at least one {dimension}, got none")
    found = np.zeros(len(names), dtype=bool)
    for pattern in map(str, patterns):
        fits = np.array([known == pattern or fnmatchcase(known, pattern) for known in names])
        if not np.any(fits):
            raise InputError(
                f"{name} must name {dimension}s that are there ({listed(names)}), got {pattern!r}"
                f"{nearest(pattern, names)}"
            )
        found |= fits
    return found


def _conditions(
    recording: Recording, chosen: Any, exclude: Any, properties: dict[str, Any]
) -> Iterable[tuple[str, Flags]]:
    if chosen is not None:
        yield "not chosen", matching(recording, chosen, "chosen")
    if exclude is not None:
        yield "excluded", ~matching(recording, exclude, "exclude")
    known = [
        str(name) for name, array in recording.data.coords.items()
        if array.dims == (recording.dimension,) and name != recording.dimension
    ]  # fmt: skip
    for name, wanted in properties.items():
        if name not in known:
            raise InputError(
                f"{name} is not a property of the {recording.dimension}s ({listed(known) or 'they have none'})"
                f"{nearest(name, known)}"
            )
        yield f"{name} is not {wanted!r}", _having(recording.data[name].values, wanted, name)


def _having(values: Any, wanted: Any, name: str) -> Flags:
    """Whose property is one of those wanted; words may be patterns."""
    several = not isinstance(wanted, str) and np.ndim(wanted) > 0
    found = np.zeros(len(values), dtype=bool)
    for one in wanted if several else [wanted]:
        fits = np.array([
            fnmatchcase(str(value), one) or str(value) == one if isinstance(one, str) else bool(value == one)
            for value in values.tolist()
        ])  # fmt: skip
        if not np.any(fits):
            known = sorted({str(value) for value in values.tolist()})
            raise InputError(f"{name} must be one of {listed(known)}, got {one!r}{nearest(one, known)}")
        found |= fits
    return found


def _noted(recording: Recording, kept: Flags, found: Flags, why: str, said: list[str]) -> Flags:
    dropped = [name for name, gone in zip(recording.names, kept & ~found, strict=True) if gone]
    if dropped:
        said.append(f"{listed(dropped)} ({why})")
    return kept & found


def listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _rates(recording: Recording) -> Array:
    if recording.kind == SIGNALS:
        raise InputError("minimum_rate and maximum_rate need spikes or states, got a recording of signals")
    if recording.kind == SPIKES:
        return recording.rates
    return np.asarray(recording.data["values"].values.mean(axis=0) * recording.required_rate())


def _violating(recording: Recording, shortest: float) -> Array:
    """The share of interspike intervals that are shorter, gaps of the recording left out, shape (units,)."""
    if recording.kind != SPIKES:
        raise InputError(f"refractory needs a recording of spikes, got one of {recording.kind}")
    starts, shares = recording.support[:, 0], np.zeros(recording.size)
    for unit, train in enumerate(recording.trains):
        same = np.diff(np.searchsorted(starts, train, side="right")) == 0
        intervals = np.diff(train)[same]
        shares[unit] = np.mean(intervals < shortest) if len(intervals) else 0.0
    return shares


def _narrowed(recording: Recording, index: npt.NDArray[np.int64]) -> Any:
    if recording.kind != SPIKES:
        return recording.data.isel(channel=index)
    new = np.full(recording.size, -1)
    new[index] = np.arange(len(index))
    train = new[recording.data["train"].values]
    data = recording.data.isel(unit=index, event=train >= 0)
    return data.assign(train=("event", train[train >= 0]))
