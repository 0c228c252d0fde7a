"""Neurodata Without Borders, through HDF5 alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from neurothermo.core.checks import nearest
from neurothermo.core.errors import InputError
from neurothermo.core.hdf5 import attribute, check_readable, member, names_in, stored
from neurothermo.recordings.found import Asked, FoundSignals, FoundSpikes
from neurothermo.recordings.reading_nwb_tables import epochs_of, session, text, units_of

UNITS = "units"
CLOCKS = ("starting_time", "timestamps")
INVALID = "without the intervals its table invalid_times calls invalid"
LARGEST = 500_000_000  # numbers in a time series: 4 GB


def found(source: Path, asked: Asked) -> FoundSignals | FoundSpikes:
    """The spikes of `units`, or the time series that `asked.key` chooses; with neither, the only one there is."""
    with _opened(source) as file:
        units = member(file, UNITS)
        spikes = units is not None and member(units, "spike_times") is not None
        series = _series(file)
        key = _chosen(asked.key, spikes, series, source.name)
        parts, missing, notes = epochs_of(file)
        common: dict[str, Any] = {"epochs": parts, "missing": missing, "missing_because": INVALID, "notes": notes}
        if key == UNITS:
            return _spikes(file, units, common)
        return _signals(file, key, common)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The open file; whatever HDF5 complains about becomes one sentence."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if "nwb_version" not in file.attrs:
                raise InputError(
                    f"{path.name} is HDF5 but not NWB (it has no nwb_version): load the array with h5py and give it "
                    "to from_array"
                )
            yield file
    except InputError:
        raise
    except Exception as error:  # HDF5, h5py and NumPy each fail in their own way on what is damaged
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path.name} cannot be read as NWB, it seems damaged or incomplete: {reason}") from None


def _series(file: Any) -> list[str]:
    """The paths of everything with data and a clock."""
    paths: list[str] = []

    def look(path: str, item: Any) -> None:
        if "data" in (names := names_in(item)) and set(names) & set(CLOCKS):
            paths.append(path)

    file.visititems(look)  # links to other files are not followed here
    return sorted(paths)


def _chosen(key: str | None, spikes: bool, series: list[str], name: str) -> str:
    there = [*([UNITS] if spikes else []), *series]
    listed = ", ".join(there) or "neither spikes nor time series"
    if key is None:
        if spikes or len(series) == 1:
            return there[0]
        raise InputError(f"key must choose one time series of {name}, which holds {listed}")
    if not isinstance(key, str):
        raise InputError(f"key must be the path of a time series, got {key!r}")
    wanted = key.strip("/").removesuffix("/data")
    fit = [path for path in there if path == wanted] or [path for path in there if path.endswith("/" + wanted)]
    if len(fit) != 1:
        several = f"; it may be {', '.join(fit)}" if fit else nearest(wanted, there)
        raise InputError(f"key must be one of those in {name} ({listed}), got {key!r}{several}")
    return fit[0]


def _spikes(file: Any, units: Any, common: dict[str, Any]) -> FoundSpikes:
    trains, properties, observed, notes = units_of(file, units)
    if observed is None and (whole := session(file)) is not None:
        inside = [np.all((train >= whole[0]) & (train <= whole[1])) for train in trains.values()]
        if all(inside):
            observed = np.array([whole])
            notes = (*notes, "taken to be recorded throughout its table of epochs")
    return FoundSpikes(
        trains, properties=properties, support=observed, **{**common, "notes": (*common["notes"], *notes)}
    )


def _signals(file: Any, path: str, common: dict[str, Any]) -> FoundSignals:
    group, data = member(file, path), member(file, f"{path}/data")
    check_readable(data, path)
    if data.ndim not in (1, 2) or data.dtype.kind not in "iufb":
        raise InputError(f"{path} must hold numbers of shape (time,) or (time, channel), got {data.shape} {data.dtype}")
    if data.size > LARGEST:
        raise InputError(f"{path} holds {data.size:.2g} numbers, more than fit in memory: read a part with h5py")
    values = data[()].astype(np.float64)
    values *= float(attribute(data, "conversion", 1.0))
    if (each := member(group, "channel_conversion")) is not None and data.ndim == 2:
        values *= _row(each, f"{path}/channel_conversion", values.shape[1])
    values += float(attribute(data, "offset", 0.0))
    unit = text(attribute(data, "unit", ""))
    clock: dict[str, Any]
    if (start := member(group, "starting_time")) is not None:
        first = float(stored(start, f"{path}/starting_time"))
        clock = {"rate": float(attribute(start, "rate", np.nan)), "rate_name": f"the rate of {path}", "start": first}
    else:
        clock = {"times": stored(member(group, "timestamps"), f"{path}/timestamps").astype(np.float64)}
        if clock["times"].shape != values.shape[:1]:
            raise InputError(
                f"{path} has {len(values)} rows and {clock['times'].size} timestamps: they must be as many"
            )
    return FoundSignals(values, unit="" if unit in ("unknown", "n/a") else unit, **clock, **_channels(file, group),
                        **{**common, "notes": (f"the time series {path}", *common["notes"])})  # fmt: skip


def _channels(file: Any, group: Any) -> dict[str, Any]:
    """Names and places of electrodes, where the series says which it used."""
    table, used = member(file, "general/extracellular_ephys/electrodes"), member(group, "electrodes")
    if used is None or table is None:
        return {}
    rows = stored(used, "electrodes")
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or len(set(rows)) != len(rows):
        return {}
    if member(group, "data").shape[1:] != rows.shape:
        return {}
    properties = {}
    for name in ("location", "group_name"):
        if (column := member(table, name)) is not None and column.ndim == 1:
            properties[name] = np.array([text(item) for item in stored(column, name)])[rows]
    return {"channels": [str(name) for name in stored(member(table, "id"), "id")[rows]], "properties": properties}


def _row(dataset: Any, name: str, length: int) -> Any:
    """One number a channel, or one for all."""
    numbers = stored(dataset, name)
    if numbers.shape not in ((length,), (1,), ()) or numbers.dtype.kind not in "iuf":
        raise InputError(f"{name} must hold one number for each of {length} channels, got {numbers.shape}")
    return numbers
