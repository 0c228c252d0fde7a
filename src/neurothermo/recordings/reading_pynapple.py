"""pynapple's time series, as objects and as the NPZ files it writes."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.errors import InputError
from neurothermo.recordings.found import Asked, FoundSignals, FoundSpikes

TYPES = ("Ts", "TsGroup", "Tsd", "TsdFrame", "TsdTensor", "IntervalSet")


def found(source: Any, asked: Asked) -> FoundSignals | FoundSpikes:
    """Spikes of a Ts or a TsGroup, signals of a Tsd or a TsdFrame."""
    kind = type(source).__name__
    if kind in ("Ts", "Tsd", "TsdFrame"):
        support = np.array(source.time_support.values)
        if kind == "Ts":
            return FoundSpikes([np.array(source.t)], support=_closed(support))
        columns = [str(name) for name in source.columns] if kind == "TsdFrame" else None
        return _signals(np.array(source.values), np.array(source.t), support, columns)
    if kind == "TsGroup":
        names = list(source.keys())
        properties = {column: np.array(source.metadata[column]) for column in source.metadata_columns}
        properties.pop("rate", None)  # spikes over the support: the recording says it itself
        return FoundSpikes(
            {str(name): np.array(source[name].t) for name in names},
            properties={name: column for name, column in properties.items() if column.dtype.kind != "O"
                        or all(isinstance(item, str) for item in column)},
            support=_closed(np.array(source.time_support.values)),
        )  # fmt: skip
    raise InputError(_refusal(kind))


def of_archive(entries: dict[str, Any], name: str) -> FoundSignals | FoundSpikes:
    """What pynapple has written; entries that are None were pickled and stay unread."""
    kind = str(np.ravel(entries["type"])[0])
    if kind not in ("Ts", "TsGroup", "Tsd", "TsdFrame"):
        raise InputError(_refusal(kind))
    wanted = {"Ts": ("t",), "TsGroup": ("t", "index"), "Tsd": ("t", "d"), "TsdFrame": ("t", "d")}[kind]
    if lacking := [entry for entry in (*wanted, "start", "end") if entries.get(entry) is None]:
        raise InputError(f"{name} says that it is a {kind} of pynapple, but lacks {', '.join(lacking)}")
    for entry in ("t", "start", "end"):
        if entries[entry].ndim != 1 or entries[entry].dtype.kind not in "iuf":
            raise InputError(f"{entry!r} of {name} must be a row of numbers, got shape {entries[entry].shape}")
    for entry, other in (("start", "end"), ("index", "t")):
        if entry in (*wanted, "start") and entries[entry].shape != entries[other].shape:
            raise InputError(f"{entry!r} and {other!r} of {name} must have as many entries")
    support = np.stack([entries["start"], entries["end"]], axis=1)
    unread = [entry for entry, array in entries.items() if array is None]
    notes = (
        (f"{', '.join(unread)} left out, being pickled: load it with pynapple and give the object",) if unread else ()
    )
    if kind == "Ts":
        return FoundSpikes([entries["t"]], support=_closed(support), notes=notes)
    if kind == "TsGroup":
        properties = {
            column: array for column, array in entries.items()
            if array is not None and column not in ("t", "index", "keys", "start", "end", "type", "d", "rate")
            and array.shape == np.shape(_units(entries))
        }  # fmt: skip
        trains = {str(unit): entries["t"][entries["index"] == unit] for unit in _units(entries)}
        return FoundSpikes(trains, properties=properties, support=_closed(support), notes=notes)
    columns = entries.get("columns")
    return _signals(entries["d"], entries["t"], support, None if columns is None else [str(c) for c in columns], notes)


def _units(entries: dict[str, Any]) -> Any:
    keys = entries.get("keys")
    return np.unique(entries["index"]) if keys is None else keys


def _closed(support: Any) -> Any:
    """pynapple's intervals include their end, ours do not: end at the next number, unless another begins there."""
    stops = np.nextafter(support[:, 1], np.inf)
    return np.stack([support[:, 0], np.minimum(stops, np.append(support[1:, 0], np.inf))], axis=1)


def _signals(values: Any, times: Any, support: Any, columns: Any, notes: tuple[str, ...] = ()) -> FoundSignals:
    """A new stretch begins with every interval of the time support."""
    return FoundSignals(values, times=times, channels=columns, breaks=support[1:, 0], notes=notes)


def _refusal(kind: str) -> str:
    if kind == "IntervalSet":
        return 'an IntervalSet holds no recording but intervals: give it as epochs={"name": intervals} or support='
    return f"of pynapple, Ts, TsGroup, Tsd and TsdFrame can be read, got {kind}"
