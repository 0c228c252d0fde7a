"""A recording in blocks: turning a block round in time is a surrogate for which "reversible" holds exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.resampling import generator
from neurothermo.recordings.recording import SPIKES, STATES, Recording

FEWEST, MOST = 12, 60  # blocks
LONG = 5  # correlation times that a block should hold
SAME = 1e-12  # a correlation this close to one is that of a copy
CHANGES = 50  # from row to row, of states: fewer events say nothing about their order
NULL = "reversible: any block of the recording could as well have run backwards"


@dataclass(frozen=True)
class Blocks:
    """Contiguous pieces of a recording, standardized.

    Parameters
    ----------
    pieces : tuple of ndarray, each of shape (rows, channels)
        Without gaps, in their order; every channel with mean 0 and variance 1 over all of them.
    memory : float
        Correlation time in samples: where the mean autocorrelation falls below 1/e.
    """

    pieces: tuple[Array, ...]
    memory: float

    @property
    def remark(self) -> tuple[str, ...]:
        """A sentence where blocks are too short to be independent, else nothing."""
        shortest = min(len(piece) for piece in self.pieces)
        if shortest >= LONG * self.memory:
            return ()
        return (
            f"Blocks are {shortest / self.memory:.2g} correlation times long: neighbours are not independent, and "
            "interval and p-value are too optimistic. Record longer.",
        )


def why_not_blocks(recording: Recording, least: int, fewest_channels: int = 1) -> str | None:
    """The sentence that says why a recording cannot be cut in blocks of `least` rows or more; None where it can."""
    if recording.kind == SPIKES:
        return 'spikes must be binned first: recording.bin("10 ms")'
    if recording.size < fewest_channels:
        return f"needs at least {fewest_channels} channels, got {recording.size}"
    usable = sum(len(segment) // least for segment in recording.segments)
    if usable < FEWEST:
        return (
            f"needs {FEWEST} blocks of at least {least} samples without a gap, got {recording.samples} samples "
            f"in {len(recording.segments)} pieces"
        )
    values = np.concatenate(recording.segments)
    flat = np.flatnonzero(np.ptp(values, axis=0) == 0)
    if len(flat):
        return f"channel {recording.names[flat[0]]!r} never changes: leave it out"
    if recording.kind == STATES:
        changes = sum(int(np.any(np.diff(segment, axis=0) != 0, axis=1).sum()) for segment in recording.segments)
        if changes < CHANGES:
            return f"needs at least {CHANGES} changes from one row to the next, got {changes}: record longer"
    return None


def copied(recording: Recording) -> str | None:
    """The sentence where every channel is a copy of the first, or its negative; None where one is not."""
    rows = np.concatenate(recording.segments).astype(np.float64)
    rows = rows / np.abs(rows).max(axis=0)
    rows = rows - rows.mean(axis=0)
    rows /= np.sqrt(np.mean(rows**2, axis=0))
    if np.all(np.abs(np.abs(rows.T @ rows[:, 0]) / len(rows) - 1) < SAME):
        return "every channel is a copy of the first: there is nothing between them to be asymmetric"
    return None


def cut(recording: Recording, least: int) -> Blocks:
    """The recording in at most about `MOST` blocks, as long as `LONG` correlation times where there is room.

    Pieces of the recording shorter than `least` rows are left out.
    """
    segments = [segment.astype(np.float64) for segment in recording.segments if len(segment) >= least]
    largest = np.max([np.abs(segment).max(axis=0) for segment in segments], axis=0)
    segments = [segment / np.where(largest > 0, largest, 1.0) for segment in segments]  # squares fit into a number
    rows = np.concatenate(segments)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    segments = [(segment - mean) / np.where(spread > 0, spread, 1.0) for segment in segments]
    memory = correlation_time(segments)
    wanted = max(least, LONG * memory, len(rows) / MOST)
    length = int(max(least, min(wanted, len(rows) / FEWEST)))
    pieces = tuple(part for segment in segments for part in np.array_split(segment, max(1, len(segment) // length)))
    return Blocks(pieces, memory)


def correlation_time(segments: Any) -> float:
    """Samples until the autocorrelation, averaged over channels, is below 1/e; at least 1."""
    longest = max(segments, key=len)[: 2**17]
    size = 1 << (2 * len(longest) - 1).bit_length()
    power = (np.abs(np.fft.rfft(longest - longest.mean(axis=0), size, axis=0)) ** 2).mean(axis=1)
    correlation = np.fft.irfft(power)[: len(longest)]
    below = np.flatnonzero(correlation < correlation[0] / np.e)
    return float(max(1, below[0])) if len(below) else float(len(longest))


def flips(blocks: int, count: int, seed: int) -> Array:
    """Which blocks run backwards: rows of -1 and +1, shape (count, blocks)."""
    return generator(seed).choice([-1.0, 1.0], (count, blocks))


def p_of(statistic: float, null: Array) -> float:
    """The share of the null at or above the statistic, which is counted among them."""
    null = null[np.isfinite(null)]
    return float((1 + np.sum(null >= statistic * (1 - 1e-12))) / (1 + len(null)))
