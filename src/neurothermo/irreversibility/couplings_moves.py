"""Two-valued channels as spins: every move of one row to the next, and the distinct states they start from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.recordings.recording import STATES, Recording

PACKED = 62  # channels whose state fits into one whole number


@dataclass(frozen=True, eq=False)
class Moves:
    """Every move s -> s' of a recording, none across a gap.

    Parameters
    ----------
    before, after : array, shape (moves, N)
        s and s', of -1 and +1.
    lengths : tuple of int
        How many moves each segment has; they follow each other in the rows.
    """

    before: Array
    after: Array
    lengths: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many moves."""
        return len(self.before)

    @property
    def size(self) -> int:
        """How many channels."""
        return int(self.before.shape[1])

    @cached_property
    def _distinct(self) -> tuple[Array, Any]:
        if self.size > PACKED:
            return self.before, np.arange(self.count)
        codes = (self.before > 0) @ (np.int64(1) << np.arange(self.size, dtype=np.int64))
        _, first, place = np.unique(codes, return_index=True, return_inverse=True)
        return self.before[first], place

    @property
    def states(self) -> Array:
        """The distinct s, shape (states, N): all that a likelihood needs is how often each led where."""
        return self._distinct[0]

    @property
    def place(self) -> Any:
        """Which of `states` each move starts from, shape (moves,)."""
        return self._distinct[1]

    @cached_property
    def regressors(self) -> Array:
        """`states` and a column of ones, shape (states, N + 1)."""
        return np.column_stack([self.states, np.ones(len(self.states))])

    @cached_property
    def visits(self) -> Array:
        """How many moves start from each of `states`."""
        return np.bincount(self.place, minlength=len(self.states)).astype(np.float64)

    def summed(self, rows: Array) -> Array:
        """Of values given a move, shape (moves, N), their sums by the state they start from, shape (states, N)."""
        if len(self.states) == self.count and self.size > PACKED:
            return rows
        return np.stack([np.bincount(self.place, column, len(self.states)) for column in rows.T], axis=1)

    def blocks(self, length: int) -> list[slice]:
        """The moves cut into stretches of about `length`, none across a gap; short segments stay whole."""
        found, start = [], 0
        for moves in self.lengths:
            edges = np.linspace(0, moves, max(moves // length, 1) + 1).astype(int) + start
            found += [slice(low, high) for low, high in pairwise(edges)]
            start += moves
        return found


def why_not_spins(recording: Recording) -> str | None:
    """Why a recording is not one of two-valued channels that change, or None."""
    if recording.kind != STATES:
        return (
            f"recording must be of states, two values a channel, got {recording.kind}: "
            'bin spikes first (recording.bin("10 ms")), threshold signals'
        )
    if recording.size < 2:
        return "recording must have at least 2 channels, got 1: one two-valued channel alone has no arrow of time"
    if all(len(segment) < 2 for segment in recording.segments):
        return "recording must have two rows without a gap between them, got none"
    values = recording.data["values"].values
    for name, low, high in zip(recording.names, values.min(axis=0), values.max(axis=0), strict=True):
        if low == high:
            return f"channel {name} is constant ({low}): leave it out"
    middle = (values != values.min(axis=0)) & (values != values.max(axis=0))
    if np.any(middle):
        at = int(np.argmax(np.any(middle, axis=0)))
        return (
            f"channel {recording.names[at]} must have two values, "
            f"got {len(np.unique(values[:, at]))}: bin spikes with binary=True"
        )
    return None


def moves_of(recording: Recording) -> Moves:
    """The moves of a recording of two-valued channels; the larger value of each is +1."""
    values = recording.data["values"].values
    high = values.max(axis=0)
    spins = [np.where(segment == high, 1.0, -1.0) for segment in recording.segments if len(segment) > 1]
    return Moves(
        np.concatenate([rows[:-1] for rows in spins]),
        np.concatenate([rows[1:] for rows in spins]),
        tuple(len(rows) - 1 for rows in spins),
    )
