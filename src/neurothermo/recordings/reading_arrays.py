"""NumPy's arrays and its files, NPZ and NPY; pickled objects are never loaded."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from neurothermo.core.checks import nearest
from neurothermo.core.errors import InputError
from neurothermo.recordings.found import Asked, FoundSignals, FoundSpikes
from neurothermo.recordings.reading_pynapple import TYPES, of_archive
from neurothermo.systems.reading import check_fits

RATE, CHANNELS = "sampling_rate", "channels"  # the entries of an NPZ file whose names say what they are


def found(source: Any, asked: Asked) -> FoundSignals | FoundSpikes:
    """An array, or the one of a file that `asked.key` names."""
    if not isinstance(source, Path):
        if asked.key is not None:
            raise InputError("key has no meaning for an array: leave it out")
        if isinstance(asked.times, str) or isinstance(asked.units, str):
            raise InputError("times and units must be arrays where the source is an array, got a name")
        return _of_array(source, asked.times, asked.units)
    with source.open("rb") as file:
        loaded = _load(file, source.name)
        if not isinstance(loaded, np.ndarray):
            check_fits(loaded, source.name)
            return _of_archive(loaded, asked, source.name)
        if not are_words(loaded):
            raise InputError(f"{source.name} holds words of characters that there are not: it is damaged")
    if asked.key is not None:
        raise InputError(f"key has no meaning for {source.name}, which holds one array: leave it out")
    return _of_array(loaded, _beside(source, asked.times, "times"), _beside(source, asked.units, "units"))


def load_npy(path: Path) -> Any:
    """The array of an NPY file; None where the file is an archive of several.

    Raises
    ------
    InputError
        If it cannot be read, or holds pickled objects.
    """
    with path.open("rb") as file:
        loaded = _load(file, path.name)
    return loaded if isinstance(loaded, np.ndarray) else None


def _load(file: Any, name: str) -> Any:
    try:
        return np.load(file, allow_pickle=False)
    except Exception as error:  # NumPy, zipfile, zlib and tokenize each fail in their own way on a damaged file
        raise InputError(_refusal(name, error)) from None


def _of_array(values: Any, times: Any, units: Any, **known: Any) -> FoundSignals | FoundSpikes:
    if units is None:
        return FoundSignals(values, times=times, **known)
    if times is not None:
        raise InputError("times must be left out where units are given and the source itself holds the spike times")
    return FoundSpikes(np.asarray(values), units)


def _of_archive(archive: Any, asked: Asked, name: str) -> FoundSignals | FoundSpikes:
    entries = list(archive.files)
    if "type" in entries and str(np.ravel(_entry(archive, "type", "type", name))[0]) in TYPES:
        if asked.key or asked.times is not None or asked.units is not None:
            raise InputError(f"key, times and units have no meaning for {name}, which pynapple has written")
        return of_archive({entry: _loaded(archive, entry) for entry in entries}, name)
    at, whose = (
        _entry(archive, value, argument, name) if isinstance(value, str) else value
        for argument, value in (("times", asked.times), ("units", asked.units))
    )
    rate = _stored_rate(archive, name) if RATE in entries else {}
    if whose is not None:
        if asked.key is not None and at is not None:
            raise InputError("give the spike times as key or as times, not both")
        if asked.key is None and at is None:
            raise InputError(f"times must name the spike times where units are given; {name} holds {_list(archive)}")
        return FoundSpikes(at if asked.key is None else _entry(archive, asked.key, "key", name), whose, **rate)
    taken = {RATE, CHANNELS, asked.times if isinstance(asked.times, str) else None}
    key = asked.key if asked.key is not None else _only(archive, taken, name)
    values = _entry(archive, key, "key", name)
    return FoundSignals(values, times=at, channels=_channel_names(archive, values), **rate)


def _only(archive: Any, taken: set[str | None], name: str) -> str:
    """The one array that can be the values."""
    arrays = {entry: _loaded(archive, entry) for entry in archive.files if entry not in taken}
    fit = [entry for entry, array in arrays.items() if array is not None and array.ndim and array.dtype.kind in "iufb"]
    if len(fit) != 1:
        raise InputError(
            f"key must choose one of the arrays of {name} (or times and units name spikes): it holds {_list(archive)}"
        )
    return fit[0]


def _entry(archive: Any, key: str, argument: str, name: str) -> Any:
    if key not in archive.files:
        raise InputError(f"{argument} {key!r} is not in {name}, which holds {_list(archive)}"
                         f"{nearest(key, archive.files)}")  # fmt: skip
    try:
        array = archive[key]
    except Exception as error:
        raise InputError(_refusal(f"{key!r} of {name}", error)) from None
    if not (isinstance(array, np.ndarray) and are_words(array)):  # of what else is there NumPy gives the bytes
        raise InputError(f"{key!r} of {name} is no NumPy array")
    return array


def _loaded(archive: Any, entry: str) -> Any:
    """An array, or None where it is pickled or broken."""
    try:
        array = archive[entry]
    except Exception:
        return None
    return array if isinstance(array, np.ndarray) and are_words(array) else None


def are_words(array: Any) -> bool:
    """Whether an array of words holds characters that there are: NumPy reads any numbers for them."""
    if array.dtype.kind != "U" or array.size == 0 or array.dtype.itemsize == 0:
        return True
    letters = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("=")).reshape(-1).view(np.uint32)
    return bool(letters.max() <= sys.maxunicode)


def _list(archive: Any) -> str:
    return _shown((entry, _loaded(archive, entry)) for entry in archive.files)


def _shown(arrays: Iterable[tuple[str, Any]]) -> str:
    return ", ".join(
        f"{name!r} (not readable)" if array is None else f"{name!r} {array.shape} {array.dtype}"
        for name, array in arrays
    ) or "nothing"  # fmt: skip


def _stored_rate(archive: Any, name: str) -> dict[str, Any]:
    stored = _entry(archive, RATE, RATE, name)
    if stored.size != 1 or stored.dtype.kind not in "iuf":
        raise InputError(f"{RATE!r} of {name} must be one number, got shape {stored.shape} of {stored.dtype}")
    return {"rate": float(stored.ravel()[0]), "rate_name": f"the entry {RATE!r}"}


def _channel_names(archive: Any, values: Any) -> list[str] | None:
    names = _loaded(archive, CHANNELS) if CHANNELS in archive.files else None
    if names is None or names.ndim != 1 or values.ndim < 2 or len(names) != values.shape[-1]:
        return None
    return [str(name) for name in names]


def _beside(source: Path, value: Any, argument: str) -> Any:
    """An argument given as the name of another NPY file, in the same folder or by its own path."""
    if not isinstance(value, str):
        return value
    path = next((path for path in (source.parent / value, Path(value)) if path.is_file()), None)
    if path is None:
        raise InputError(f"{argument} must be an array or the name of an NPY file beside {source.name}, got {value!r}")
    beside = load_npy(path)
    if beside is None:
        raise InputError(f"{argument} must be an NPY file of one array, and {path.name} is an archive")
    return beside


def _refusal(what: str, error: Exception) -> str:
    if "allow_pickle" in str(error) or "pickle" in str(error).lower():
        return f"{what} holds pickled Python objects or no NumPy array; pickles are never loaded, they can run any code"
    return f"{what} cannot be read as NumPy's: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
