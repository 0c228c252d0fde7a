"""Neo's objects, and the files that Neo reads."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from neurothermo.core.checks import nearest
from neurothermo.core.errors import InputError
from neurothermo.recordings.epochs import merged
from neurothermo.recordings.found import Asked, FoundSignals, FoundSpikes, belongs_to, needs

SPIKES = "units"
REFUSED = {
    "PickleIO": "pickles are never loaded, they can run any code",
    "RawBinarySignalIO": "a file of bare samples names neither rate nor channels: load it with numpy.fromfile",
    "AsciiSignalIO": "rename it to .csv",
    "AsciiSpikeTrainIO": "rename it to .csv",
    "ExampleIO": "Neo makes up the data of such a file",
    "Plexon2IO": "for it Neo downloads a library and runs it: convert it, for example to NWB",
}


def found(source: Any, asked: Asked) -> FoundSignals | FoundSpikes:
    """Spikes where there are some, else the only signal, else what `asked.key` chooses."""
    if isinstance(source, Path):
        source = _loaded(source)
    segments = [segment for segment in _segments(source) if len(segment.spiketrains) or len(segment.analogsignals)]
    signals = _signal_names(segments)
    spikes = any(len(segment.spiketrains) for segment in segments)
    there = [*([SPIKES] if spikes else []), *signals]
    key = asked.key if asked.key is not None else SPIKES if spikes else there[0] if len(there) == 1 else None
    if not there:
        raise InputError("source must hold SpikeTrains or AnalogSignals of Neo, got none")
    if key is None or key not in there:
        listed = ", ".join(map(repr, there))
        got = "" if key is None else f", got {key!r}{nearest(key, there)}"
        raise InputError(f"key must choose one of {listed}{got}")
    if key == SPIKES:
        return _spikes(segments)
    return _signals([segment for segment in segments if len(segment.analogsignals)], signals.index(key))


def _loaded(path: Path) -> Any:
    try:
        import neo
    except ImportError:
        raise needs("neo", f"reading {path.name}") from None
    refusal = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            candidates = neo.io.list_candidate_ios(str(path))
            refusal = next((REFUSED[one.__name__] for one in candidates if one.__name__ in REFUSED), "")
            readers = [one for one in candidates if one.__name__ not in REFUSED]
            if not readers:
                raise InputError(refusal)
            blocks = _opened(readers, str(path)).read()
    except Exception as error:  # every one of some sixty readers fails in its own way
        if refusal:
            raise InputError(f"{path.name} is not read: {refusal}") from None
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(f"{path.name} is of no format known here, and Neo cannot read it: {reason}") from None
    return blocks


def _opened(readers: Sequence[Any], path: str) -> Any:
    """The first of Neo's readers that takes the file; one that would open it for writing is told not to."""
    reasons = []
    for reader in readers:
        try:
            return reader(path, **({"mode": "ro"} if reader.__name__ == "NixIO" else {}))
        except Exception as error:  # every one of some sixty readers fails in its own way
            reasons.append(error)
    raise reasons[0]


def _segments(source: Any) -> list[Any]:
    """Segments of whatever was given, single series put into one."""
    import neo

    pieces = list(source) if isinstance(source, Sequence) and not isinstance(source, np.ndarray) else [source]
    pieces = [part for piece in pieces for part in (piece.segments if isinstance(piece, neo.Block) else [piece])]
    if all(isinstance(piece, neo.Segment) for piece in pieces):
        return pieces
    if not all(isinstance(piece, neo.SpikeTrain | neo.AnalogSignal) for piece in pieces):
        kinds = ", ".join(sorted({type(piece).__name__ for piece in pieces}))
        raise InputError(f"of Neo, Block, Segment, SpikeTrain and AnalogSignal can be read, got {kinds}")
    whole = neo.Segment()
    whole.spiketrains.extend([piece for piece in pieces if isinstance(piece, neo.SpikeTrain)])
    whole.analogsignals.extend([piece for piece in pieces if isinstance(piece, neo.AnalogSignal)])
    return [whole]


def _spikes(segments: list[Any]) -> FoundSpikes:
    """Units are the trains in order; every segment must have as many."""
    if len({len(segment.spiketrains) for segment in segments}) > 1:
        counts = ", ".join(str(len(segment.spiketrains)) for segment in segments)
        raise InputError(f"segments of Neo must have one spike train for each unit, got {counts} trains")
    spans: list[tuple[float, float]] = []
    notes: list[str] = []
    for segment in segments:
        edges = {(_seconds(train.t_start), _seconds(train.t_stop)) for train in segment.spiketrains}
        spans.append((min(start for start, _ in edges), max(stop for _, stop in edges)))
        if len(edges) > 1 and not notes:
            notes.append("its trains start or stop at different times: taken from the first start to the last stop")
    shifts, moved = _placed(spans)
    trains = [
        np.concatenate([_seconds(segment.spiketrains[unit]) + shift
                        for segment, shift in zip(segments, shifts, strict=True)])
        for unit in range(len(segments[0].spiketrains))
    ]  # fmt: skip
    support = np.array(spans) + np.array(shifts)[:, None]
    support[:, 1] = np.nextafter(support[:, 1], np.inf)  # Neo's t_stop may itself be a spike
    support[:-1, 1] = np.minimum(support[:-1, 1], support[1:, 0])
    return FoundSpikes(
        trains,
        names=_names(segments[0].spiketrains),
        properties=_annotations(segments[0].spiketrains),
        support=support,
        epochs=_epochs(segments, shifts),
        notes=(*notes, *moved),
    )


def _signals(segments: list[Any], index: int) -> FoundSignals:
    pieces = [segment.analogsignals[index] for segment in segments if len(segment.analogsignals) > index]
    first, rate = pieces[0], float(pieces[0].sampling_rate.rescale("Hz").magnitude)
    for piece in pieces:
        if piece.shape[1] != first.shape[1] or float(piece.sampling_rate.rescale("Hz").magnitude) != rate:
            raise InputError(f"the segments of signal {first.name!r} must have the same channels and sampling rate")
    spans = [(_seconds(piece.t_start), _seconds(piece.t_start) + len(piece) / rate) for piece in pieces]
    shifts, moved = _placed(spans)
    starts = [start + shift for (start, _), shift in zip(spans, shifts, strict=True)]
    times = np.concatenate([start + np.arange(len(piece)) / rate for start, piece in zip(starts, pieces, strict=True)])
    names = first.array_annotations.get("channel_names")
    return FoundSignals(
        np.concatenate([np.asarray(piece.rescale(first.units).magnitude) for piece in pieces]),
        rate=rate,
        rate_name="the signal's sampling_rate",
        times=times,
        channels=None if names is None else [str(name) for name in names],
        unit=first.dimensionality.string,
        epochs=_epochs(segments, shifts) if len(segments) == len(pieces) else {},
        breaks=starts[1:],
        notes=moved,
    )


def _placed(spans: list[tuple[float, float]]) -> tuple[list[float], tuple[str, ...]]:
    """By how much to shift every segment: not at all where they follow each other, else one after another."""
    if all(before[1] <= after[0] + 1e-9 for before, after in pairwise(spans)):
        return [0.0] * len(spans), ()
    shifts, end = [], spans[0][0]
    for start, stop in spans:
        shifts.append(end - start)
        end += stop - start
    return shifts, (f"its {len(spans)} segments overlap in time and are put one after another",)


def _epochs(segments: list[Any], shifts: list[float]) -> dict[str, Any]:
    """Intervals by their labels, or by the name of the epoch where there are none."""
    parts: dict[str, list[tuple[float, float]]] = {}
    for segment, shift in zip(segments, shifts, strict=True):
        for epoch in segment.epochs:
            starts, lengths = _seconds(epoch), np.atleast_1d(_seconds(epoch.durations))
            labels = [str(label) for label in epoch.labels] or [str(epoch.name or "epoch")] * len(starts)
            for start, length, label in zip(starts + shift, lengths, labels, strict=True):
                if length > 0:
                    parts.setdefault(label, []).append((start, start + length))
    return {label: merged(intervals) for label, intervals in parts.items()}


def _signal_names(segments: list[Any]) -> list[str]:
    """What the signals of the segment that has most are called: their names where those differ."""
    most = max((list(segment.analogsignals) for segment in segments), key=len, default=[])
    return _names(most) or [f"signal {index}" for index in range(len(most))]


def _names(items: Any) -> list[str] | None:
    names = [str(item.name or "") for item in items]
    return names if all(names) and len(set(names)) == len(names) else None


def _annotations(trains: Any) -> dict[str, Any]:
    """Words and numbers that every train is annotated with."""
    common = set.intersection(*[set(train.annotations) for train in trains]) if len(trains) else set()
    columns = {name: [train.annotations[name] for train in trains] for name in sorted(common)}
    return {name: np.array(column) for name, column in columns.items()
            if all(isinstance(item, str) for item in column)
            or all(isinstance(item, int | float | np.integer | np.floating) for item in column)}  # fmt: skip


def _seconds(quantity: Any) -> Any:
    """Floats of what carries a unit of time."""
    value = quantity.rescale("s").magnitude
    return np.array(value, dtype=np.float64) if belongs_to(quantity, "neo") or np.ndim(value) else float(value)
