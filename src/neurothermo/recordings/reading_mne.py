"""MNE's Raw and Epochs, and the files that MNE reads."""

from __future__ import annotations

import gzip
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from neurothermo.core.errors import InputError
from neurothermo.recordings.epochs import merged
from neurothermo.recordings.found import Asked, FoundSignals, needs

EPOCHS = ("-epo.fif", "-epo.fif.gz", "_epo.fif", "_epo.fif.gz")
FIF = (".fif", ".fif.gz")
TAG = struct.Struct(">iIii")  # kind, type, bytes of data, place of the next: 0 where it follows, below 0 at the end
MOST_JUMPS = 16  # back, from one tag to the next
VOLT = 107  # the code of the volt in FIF
RATE = "info['sfreq']"


def found(source: Any, asked: Asked) -> FoundSignals:
    """Raw data with its annotations as epochs, or epochs as trials."""
    if isinstance(source, Path):
        return _in_file(source)
    from mne import BaseEpochs
    from mne.io import BaseRaw

    if isinstance(source, BaseRaw):
        return _raw(source)
    if isinstance(source, BaseEpochs):
        return _epochs(source)
    raise InputError(f"of MNE, Raw and Epochs can be read, got {type(source).__name__}")


def _in_file(path: Path) -> FoundSignals:
    try:
        import mne
    except ImportError:
        raise needs("mne", f"reading {path.name}") from None
    trials = path.name.endswith(EPOCHS)
    try:
        if path.name.endswith(FIF):
            _check_tags(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = (mne.read_epochs if trials else mne.io.read_raw)(path, preload=True, verbose="ERROR")
        loaded.get_channel_types()  # asked for again below; of what no channel can be, MNE says so only here
    except MemoryError:
        raise
    except Exception as error:  # every one of MNE's readers fails in its own way
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise InputError(f"{path.name} cannot be read by MNE: {reason}") from None
    return _epochs(loaded) if trials else _raw(loaded)


def _check_tags(path: Path) -> None:
    """MNE follows the tags of a FIF file from one to the next, and for ever where they lead back."""
    place, jumps = 0, 0
    with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
        while True:
            file.seek(place)
            if len(head := file.read(TAG.size)) < TAG.size:
                return
            _, _, size, following = TAG.unpack(head)
            if following < 0:
                return
            after = following or place + TAG.size + size
            jumps += after <= place  # MNE itself writes tags in their order
            if jumps > MOST_JUMPS:
                raise ValueError("its tags lead back and forth, or round in a circle")
            place = after


def _raw(raw: Any) -> FoundSignals:
    """Annotations that begin with "bad" are gaps, as in MNE; a boundary of joined recordings begins a new stretch."""
    parts: dict[str, list[tuple[float, float]]] = {}
    missing, breaks = [], []
    instants = 0
    for onset, length, label in zip(
        raw.annotations.onset, raw.annotations.duration, raw.annotations.description, strict=True
    ):
        start = float(onset) - raw.first_time  # MNE counts from before the first sample
        if label.lower() in ("bad boundary", "edge boundary"):
            breaks.append(start)
        elif label.lower().startswith("bad"):
            missing.append((start, start + float(length)))
        elif length > 0:
            parts.setdefault(str(label), []).append((start, start + float(length)))
        else:
            instants += 1
    notes = (f"{instants} annotations without a duration are no epochs and are left out",) if instants else ()
    return FoundSignals(
        raw.get_data(verbose="ERROR").T,
        rate=float(raw.info["sfreq"]),
        rate_name=RATE,
        epochs={label: merged(intervals) for label, intervals in parts.items()},
        breaks=sorted(set(breaks)),
        missing=merged(missing),
        missing_because=f"without what {len(missing)} annotations call bad",
        notes=notes,
        **_channels(raw),
    )


def _epochs(epochs: Any) -> FoundSignals:
    """Trials one after another; the trials of a condition are an epoch of its name."""
    epochs = epochs if epochs.preload else epochs.copy().load_data(verbose="ERROR")  # drops those that are bad
    if not len(epochs):
        raise InputError("the Epochs of MNE must hold at least one trial, got none")
    values = np.swapaxes(epochs.get_data(copy=False), 1, 2)
    length = values.shape[1] / float(epochs.info["sfreq"])
    conditions = {code: name for name, code in epochs.event_id.items()}
    parts: dict[str, list[tuple[float, float]]] = {}
    for trial, code in enumerate(epochs.events[:, 2]):
        parts.setdefault(str(conditions.get(code, code)), []).append((trial * length, (trial + 1) * length))
    return FoundSignals(
        values,
        rate=float(epochs.info["sfreq"]),
        rate_name=RATE,
        epochs={name: np.array(intervals) for name, intervals in parts.items()},
        notes=(f"its {len(values)} trials are put one after another",),
        **_channels(epochs),
    )


def _channels(source: Any) -> dict[str, Any]:
    """Names, and as properties the type ("eeg", "stim") and whether MNE's user marked the channel bad."""
    units = {int(channel["unit"]) for channel in source.info["chs"]}
    bad = set(source.info["bads"])
    return {
        "channels": list(source.ch_names),
        "properties": {
            "type": np.array(source.get_channel_types()),
            "quality": np.array(["bad" if name in bad else "good" for name in source.ch_names]),
        },
        "unit": "V" if units == {VOLT} else "",
    }
