"""One door for recordings: files, folders, and objects of other libraries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_flag
from neurothermo.core.errors import InputError
from neurothermo.core.hdf5 import SIGNATURE, check_apart
from neurothermo.recordings.found import Asked, belongs_to, recorded
from neurothermo.recordings.recording import Recording

# Each format: its module `reading_<name>`, and which of key, times and units it understands.
FORMATS = {
    "nwb": ("key",),
    "arrays": ("key", "times", "units"),
    "table": ("times", "units"),
    "phy": (),
    "neo": ("key",),
    "mne": (),
    "pynapple": (),
}
BEGINNINGS = {SIGNATURE: "nwb", b"PK\x03\x04": "arrays", b"\x93NUMPY": "arrays"}
ENDINGS = {
    ".nwb": "nwb", ".npz": "arrays", ".npy": "arrays", ".csv": "table", ".tsv": "table", ".txt": "table",
    ".fif": "mne", ".fif.gz": "mne", ".edf": "mne", ".bdf": "mne", ".gdf": "mne", ".vhdr": "mne", ".set": "mne",
}  # fmt: skip
OTHER_HDF5 = (".nix", ".mat", ".set")  # HDF5 inside, and not NWB


def read(
    source: Any,
    *,
    sampling_rate: Any = None,
    interval: Any = None,
    key: str | None = None,
    times: Any = None,
    units: Any = None,
    channels: Sequence[str] | None = None,
    epochs: Mapping[str, Any] | None = None,
    support: Any = None,
    kind: str | None = None,
    only: Any = None,
    exclude: Any = None,
    averaged: bool = False,
) -> Recording:
    """A recording from a file, a folder, or an object of another library.

    Understood: NWB; NPZ and NPY (never pickled objects); CSV and other tables of text; folders of Phy and Kilosort;
    what MNE reads (FIF, EDF, BDF, BrainVision, ...) and its Raw and Epochs; what Neo reads and its Block, Segment,
    SpikeTrain and AnalogSignal; Ts, TsGroup, Tsd and TsdFrame of pynapple and its NPZ files; NumPy arrays.

    No sampling rate is guessed. One stored in the source under an explicit name is used, and the history says so.

    Parameters
    ----------
    source : path or object
        What to read.
    sampling_rate : float or str, optional
        Rows a second, or words like "1 kHz"; goes before the one stored. For spike times that are whole numbers, the
        rate of the samples they count.
    interval : float or str, optional
        Between two rows, instead: seconds, or words like "1.89 s".
    key : str, optional
        Which of several: the path of a time series in NWB ("acquisition/CompassDirection/ry", or an end of it that
        is unique), an array of an NPZ file, a signal of Neo, or "units" for the spikes.
    times : str or array_like, optional
        The name of the times in seconds (column of a table, array of an NPZ file), or the times themselves.
    units : str or array_like, optional
        Likewise whose each spike is: makes the source spikes.
    channels : sequence of str, optional
        Names of channels (or units), instead of those in the source.
    epochs : mapping of str to array_like of shape (2,) or (k, 2), optional
        Named intervals in seconds, beside those in the source; an IntervalSet of pynapple will do.
    support : array_like of shape (2,) or (k, 2), optional
        When spikes were recorded, in seconds, instead of what the source says.
    kind : str, optional
        "signals" or "states", where whole numbers are samples of a signal, or real ones states.
    only, exclude : str, or sequence of them, optional
        Channels or units to keep and to leave out, by name or pattern ("LFP*"). Unlike with `Recording.select`, rows
        where only a channel that is left out is missing are no gaps.
    averaged : bool
        Rows are means or counts over their step, not the state at one time (BOLD, calcium): bounds allow for it.

    Returns
    -------
    Recording

    Raises
    ------
    InputError
        If there is nothing to read, the sampling rate is missing, or the source holds several things and `key` does
        not choose one (what there is, is listed), or the library that a format needs is not installed.
    """
    asked = Asked(sampling_rate, interval, key, times, units, channels, epochs, support, kind, only, exclude,
                  checked_flag(averaged, "averaged"))  # fmt: skip
    if isinstance(source, Recording):
        raise InputError("source is a recording already; there is nothing to read")
    at_path = isinstance(source, str | PathLike)
    if at_path:
        source = _existing(Path(source).expanduser())
    form = _format_of_path(source) if at_path else _format_of_object(source)
    for name in ("key", "times", "units"):
        if name not in FORMATS[form] and getattr(asked, name) is not None:
            raise InputError(f"{name} has no meaning for {_title(source, at_path)}: leave it out")
    reader = import_module(f"neurothermo.recordings.reading_{form}")
    return recorded(reader.found(source, asked), asked, _title(source, at_path))


def _title(source: Any, at_path: bool) -> str:
    return (
        source.name or str(source)
        if at_path
        else f"an object {type(source).__module__.split('.')[0]}." + (type(source).__name__)
    )


def _existing(path: Path) -> Path:
    if not path.exists():
        raise InputError(f"source {str(path)!r} does not exist")
    if not (path.is_file() or path.is_dir()):
        raise InputError(f"source {str(path)!r} is neither a file nor a folder")
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"source {str(path)!r} is empty")
    return path


def _format_of_path(path: Path) -> str:
    """By what the file begins with, then by how its name ends; what nobody else knows is Neo's."""
    if path.is_dir():
        if (path / "spike_times.npy").exists():
            return "phy"
        raise InputError(
            f"source {str(path)!r} is a folder without spike_times.npy: of folders, only those of Phy and Kilosort "
            "can be read"
        )
    try:
        with path.open("rb") as file:
            beginning = file.read(8)
    except OSError as error:
        raise InputError(f"source {str(path)!r} cannot be opened: {error.strerror}") from None
    check_apart(path)
    name = path.name.lower()
    if not name.endswith(OTHER_HDF5):
        for magic, form in BEGINNINGS.items():
            if beginning.startswith(magic):
                return form
    return next((form for ending, form in ENDINGS.items() if name.endswith(ending)), "neo")


def _format_of_object(source: Any) -> str:
    first = source[0] if isinstance(source, list | tuple) and source else source
    for package in ("neo", "mne", "pynapple"):
        if belongs_to(first, package):
            return package
    if isinstance(source, np.ndarray | list | tuple):
        return "arrays"
    raise InputError(
        "source must be a path, a NumPy array, or an object of Neo, MNE or pynapple, "
        f"got {type(source).__module__}.{type(source).__name__}"
    )
