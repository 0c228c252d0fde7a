"""Recordings cut into blocks, each as it was or turned round in time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import Stream
from neurothermo.recordings.clock import seconds, shown_seconds
from neurothermo.recordings.correlation import correlation_times
from neurothermo.recordings.recording import SPIKES, Recording

PER_TIME = 20  # correlation times in a block
BLOCKS, MOST_BLOCKS = 32, 256  # wanted: fewer resolve no small p-value, more lose transitions at the cuts for nothing
FEWEST = 8  # with fewer no p-value is below 1/128


def chosen_block(recording: Recording, block: Any = None) -> float:
    """Seconds of a block: as given, or 20 correlation times of the slowest channel, but a 256th to a 32nd of all.

    Spikes are counted for this in bins of one mean interspike interval.
    """
    if block is not None:
        return seconds(block, "block")
    if recording.kind == SPIKES:
        return chosen_block(counted(recording))
    step = 1 / recording.required_rate()
    segments = [np.asarray(segment, dtype=np.float64) for segment in recording.segments]
    wanted = PER_TIME * float(np.max(correlation_times(segments))) * step
    return max(min(max(wanted, recording.duration / MOST_BLOCKS), recording.duration / BLOCKS), 4 * step)


def counted(recording: Recording) -> Recording:
    """Spikes in bins of one mean interspike interval of a unit, at most a 100th of the recording."""
    width = min(recording.duration * recording.size / max(recording.samples, 1), recording.duration / 100)
    longest = float(np.max(np.diff(recording.support, axis=1)))
    return recording.bin(min(width, longest / 2), binary=False)


def block_edges(lengths: Iterable[float], block: float) -> list[Array]:
    """Where to cut stretches of these lengths into equal pieces of about `block`, each with both its ends."""
    return [np.linspace(0, length, max(round(length / block), 1) + 1) for length in lengths]


def cut_and_turned(recording: Recording, block: float, turned: npt.NDArray[np.bool] | None) -> Recording:
    """The recording cut into blocks (each a stretch of its own), those of `turned` reversed; None: none."""
    return (_spikes if recording.kind == SPIKES else _rows)(recording, block, turned)


def coins(count: int, seed: int, index: int) -> npt.NDArray[np.bool]:
    """One fair coin a block, a function of (seed, index)."""
    return Stream.of(seed, "block reversal").at(np.array([index]), 0).uniforms(count)[0] < 0.5


def count_blocks(recording: Recording, block: float) -> int:
    """How many blocks there will be.

    Raises
    ------
    InputError
        If they are fewer than eight.
    """
    stretches = np.diff(recording.support, axis=1)[:, 0].tolist()
    count = sum(len(edges) for edges in block_edges(stretches, block)) - len(stretches)
    if count < FEWEST:
        raise InputError(
            f"block must fit at least {FEWEST} times into what was recorded, {shown_seconds(recording.duration)}, "
            f"got {shown_seconds(block)}"
        )
    return count


def _rows(recording: Recording, block: float, turned: npt.NDArray[np.bool] | None) -> Recording:
    rows = block * recording.required_rate()
    if rows < 2:
        raise InputError(f"block must hold at least two samples, got {shown_seconds(block)}")
    values = recording.data["values"].values.copy()
    segment = np.empty(len(values), dtype=np.int64)
    first = number = 0
    for piece in recording.segments:
        edges = first + np.rint(block_edges([len(piece)], rows)[0]).astype(np.int64)
        for start, stop in pairwise(edges):
            segment[start:stop] = number
            if turned is not None and turned[number]:
                values[start:stop] = values[start:stop][::-1]
            number += 1
        first += len(piece)
    data = recording.data.assign(values=(("time", "channel"), values), segment=("time", segment))
    return recording.noted(_said(number, block, turned), data=data)


def _spikes(recording: Recording, block: float, turned: npt.NDArray[np.bool] | None) -> Recording:
    starts, support = [], recording.support
    for (low, _), edges in zip(support, block_edges(np.diff(support, axis=1)[:, 0].tolist(), block), strict=True):
        starts.append(low + edges)
    cut = np.concatenate([np.stack([edges[:-1], edges[1:]], axis=1) for edges in starts])
    times, train = recording.data["times"].values, recording.data["train"].values
    which = np.searchsorted(cut[:, 0], times, side="right") - 1
    if turned is not None:
        low, high = cut[which, 0], cut[which, 1]
        mirrored = np.clip(low + high - times, low, np.nextafter(high, low))
        times = np.where(turned[which], mirrored, times)
    order = np.argsort(times, kind="stable")
    data = recording.data.drop_vars(["times", "train", "support"]).assign(
        times=("event", times[order], {"units": "s"}),
        train=("event", train[order]),
        support=(("interval", "end"), cut, {"units": "s"}),
    )
    return recording.noted(_said(len(cut), block, turned), data=data)


def _said(count: int, block: float, turned: npt.NDArray[np.bool] | None) -> str:
    how = "" if turned is None else f", {int(np.sum(turned))} of them turned round in time"
    return f"cut into {count} blocks of about {shown_seconds(block)}{how}"
