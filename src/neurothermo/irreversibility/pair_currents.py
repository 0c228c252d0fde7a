"""Observables that change sign when time runs backwards: for every pair of channels, who leads whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.recordings.recording import SPIKES, STATES, Recording

CHUNK = 2**20  # numbers in a table of observables
FEWEST = 256  # transitions


@dataclass(frozen=True, eq=False)
class Transitions:
    """The windows of a recording in which something changes; what does not change says nothing of time.

    Parameters
    ----------
    now, after : ndarray, shape (windows * length, channels)
        Before and after each transition, windows after one another.
    length : int
        Transitions in a window.
    place : ndarray, shape (windows,)
        Which window of the recording it is, of `total`.
    total : int
        How many windows there are, those without a change included.
    """

    now: Array
    after: Array
    length: int
    place: Any
    total: int

    @property
    def count(self) -> int:
        """How many windows have a change."""
        return len(self.place)

    @property
    def size(self) -> int:
        """How many channels."""
        return self.now.shape[1]

    def only(self, kept: Any) -> Transitions:
        """Some of the windows."""
        rows = np.repeat(kept, self.length)
        return Transitions(self.now[rows], self.after[rows], self.length, self.place[kept], self.total)

    def tables(self, pairs: Any) -> Iterator[tuple[slice, Array]]:
        """Windows, and g_ij = x_i' x_j - x_j' x_i summed over each, shape (windows, pairs)."""
        first, second = pairs
        step = max(1, CHUNK // (max(len(first), 1) * self.length))
        for start in range(0, self.count, step):
            part = slice(start, min(start + step, self.count))
            rows = slice(part.start * self.length, part.stop * self.length)
            now, after = self.now[rows], self.after[rows]
            table = after[:, first] * now[:, second] - after[:, second] * now[:, first]
            yield part, table.reshape(-1, self.length, len(first)).sum(axis=1) if self.length > 1 else table

    def block_of(self, blocks: int) -> Any:
        """Which of so many equal stretches of the recording each window is in."""
        return self.place * blocks // self.total


def all_pairs(size: int) -> Any:
    """The pairs i < j, shape (2, pairs)."""
    return np.stack(np.triu_indices(size, 1))


def why_not_transitions(recording: Recording, length: int = 1) -> str | None:
    """The sentence that says why a recording has no use for antisymmetric observables; None where it has."""
    if recording.kind == SPIKES:
        return 'spikes must be binned first: recording.bin("10 ms")'
    if recording.size < 2:
        return "needs at least 2 channels: one channel has no pair whose order could tell the direction of time"
    windows = sum((len(segment) - 1) // length for segment in recording.segments)
    if windows < FEWEST:
        what = "transitions" if length == 1 else f"windows of {length} transitions"
        return f"needs at least {FEWEST} {what} without a gap, got {windows}"
    values = np.concatenate(recording.segments)
    flat = np.flatnonzero(np.ptp(values, axis=0) == 0)
    if len(flat):
        return f"channel {recording.names[flat[0]]!r} never changes: leave it out"
    return None


def transitions_of(recording: Recording, length: int = 1, *, scaled: bool = False) -> Transitions:
    """Every window of a recording; none crosses a gap. `scaled`: channels centred and of unit variance first."""
    segments = [segment.astype(np.float64) for segment in recording.segments if len(segment) > length]
    if scaled:
        rows = np.concatenate(segments)
        mean, spread = rows.mean(axis=0), rows.std(axis=0)
        segments = [(segment - mean) / spread for segment in segments]
    used = [(len(segment) - 1) // length * length for segment in segments]
    now = np.concatenate([segment[:many] for segment, many in zip(segments, used, strict=True)])
    after = np.concatenate([segment[1 : many + 1] for segment, many in zip(segments, used, strict=True)])
    total = len(now) // length
    every = Transitions(now, after, length, np.arange(total), total)
    if recording.kind != STATES:
        return every
    changed = np.any(now != after, axis=1).reshape(total, length).any(axis=1)
    return every if changed.all() else every.only(changed)


def strengths(part: Transitions) -> Array:
    """|sum of g_ij| in its standard errors if transitions were independent, shape (pairs,)."""
    pairs = all_pairs(part.size)
    if part.length > 1:
        sums, squares = np.zeros(pairs.shape[1]), np.zeros(pairs.shape[1])
        for _, table in part.tables(pairs):
            sums += table.sum(axis=0)
            squares += (table**2).sum(axis=0)
    else:
        ahead = part.after.T @ part.now
        both = (part.after**2).T @ part.now**2
        crossed = (part.after * part.now).T @ (part.after * part.now)
        sums = (ahead - ahead.T)[tuple(pairs)]
        squares = (both + both.T - 2 * crossed)[tuple(pairs)]
    return np.abs(sums) / np.sqrt(np.where(squares > 1e-9, squares, np.inf))
