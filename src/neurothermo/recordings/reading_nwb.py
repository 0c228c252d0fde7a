"""Neurodata Without Borders, through HDF5 alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from neurothermo.core.checks import nearest
from neurothermo.core.errors import InputError
from neurothermo.recordings.found import Asked, FoundSignals, FoundSpikes
from neurothermo.recordings.reading_nwb_tables import epochs_of, session, text, units_of

UNITS = "units"
INVALID = "without the intervals its table invalid_times calls invalid"
LARGEST = 500_000_000  # numbers in a time series: 4 GB


def found(source: Path, asked: Asked) -> FoundSignals | FoundSpikes:
    """The spikes of `units`, or the time series that `asked.key` chooses; with neither, the only one there is."""
    with _opened(source) as file:
        spikes = UNITS in file and "spike_times" in file[UNITS]
        series = _series(file)
        key = _chosen(asked.key, spikes, series, source.name)
        parts, missing, notes = epochs_of(file)
        common: dict[str, Any] = {"epochs": parts, "missing": missing, "missing_because": INVALID, "notes": notes}
        if key == UNITS:
            return _spikes(file, common)
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
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path.name} cannot be read as NWB, it seems damaged or incomplete: {reason}") from None


def _series(file: Any) -> list[str]:
    """The paths of everything with data and a clock."""
    import h5py

    paths: list[str] = []

    def look(path: str, item: Any) -> None:
        is_series = isinstance(item, h5py.Group) and isinstance(item.get("data"), h5py.Dataset)
        if is_series and ("starting_time" in item or "timestamps" in item):
            paths.append(path)

    file.visititems(look)
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


def _spikes(file: Any, common: dict[str, Any]) -> FoundSpikes:
    trains, properties, observed, notes = units_of(file)
    if observed is None and (whole := session(file)) is not None:
        inside = [np.all((train >= whole[0]) & (train <= whole[1])) for train in trains.values()]
        if all(inside):
            observed = np.array([whole])
            notes = (*notes, "taken to be recorded throughout its table of epochs")
    return FoundSpikes(
        trains, properties=properties, support=observed, **{**common, "notes": (*common["notes"], *notes)}
    )


def _signals(file: Any, path: str, common: dict[str, Any]) -> FoundSignals:
    group = file[path]
    data = group["data"]
    if data.ndim not in (1, 2) or data.dtype.kind not in "iufb":
        raise InputError(f"{path} must hold numbers of shape (time,) or (time, channel), got {data.shape} {data.dtype}")
    if data.size > LARGEST:
        raise InputError(f"{path} holds {data.size:.2g} numbers, more than fit in memory: read a part with h5py")
    attributes = data.attrs
    scale = float(attributes.get("conversion", 1.0))
    values = data[()].astype(np.float64) * scale
    if "channel_conversion" in group and data.ndim == 2:
        values = values * group["channel_conversion"][()]
    values = values + float(attributes.get("offset", 0.0))
    unit = text(attributes.get("unit", ""))
    clock: dict[str, Any]
    if "starting_time" in group:
        start = group["starting_time"]
        clock = {"rate": float(start.attrs["rate"]), "rate_name": f"the rate of {path}", "start": float(start[()])}
    else:
        clock = {"times": group["timestamps"][()].astype(np.float64)}
        if len(clock["times"]) != len(values):
            raise InputError(
                f"{path} has {len(values)} rows and {len(clock['times'])} timestamps: they must be as many"
            )
    return FoundSignals(values, unit="" if unit in ("unknown", "n/a") else unit, **clock, **_channels(file, group),
                        **{**common, "notes": (f"the time series {path}", *common["notes"])})  # fmt: skip


def _channels(file: Any, group: Any) -> dict[str, Any]:
    """Names and places of electrodes, where the series says which it used."""
    table = file.get("general/extracellular_ephys/electrodes")
    if "electrodes" not in group or table is None or group["data"].ndim != 2:
        return {}
    rows = group["electrodes"][()]
    if len(rows) != group["data"].shape[1] or len(set(rows)) != len(rows):
        return {}
    properties = {
        name: np.array([text(item) for item in table[name][()]])[rows] for name in ("location", "group_name")
        if name in table and table[name].ndim == 1
    }  # fmt: skip
    return {"channels": [str(name) for name in table["id"][()][rows]], "properties": properties}
