"""Observables that change sign when time runs backwards: for every pair of channels, who leads whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.recordings.recording import SPIKES, STATES, Recording

CHUNK = 2**20  # numbers in a table of observables
MOST = 700  # observables of all kinds together: beyond, products at one time are left out
CHANGES_EACH = 20  # windows with a change for each of them: with fewer, too
FEWEST = 256  # transitions
NEVER = 1e-9  # of the mean second moment


@dataclass(frozen=True, eq=False)
class Observables:
    """Which quantities that change sign with time are looked at: three kinds, in this order.

    The first is who leads whom; the others are differences of the ends of a window. Their means are zero in a steady
    state, and yet they help: they take from the first kind what varies without telling the direction of time.

    Parameters
    ----------
    pairs : ndarray of int, shape (2, K)
        Of channels i < j: x_i' x_j - x_j' x_i.
    single : ndarray of int, shape (S,)
        Of channels i: x_i' - x_i.
    products : ndarray of int, shape (2, M)
        Of channels i <= j: x_i' x_j' - x_i x_j.
    """

    pairs: Any
    single: Any
    products: Any

    @property
    def count(self) -> int:
        """How many."""
        return len(self.first)

    @property
    def first(self) -> Any:
        """The channel i of each, shape (count,)."""
        return np.concatenate([self.pairs[0], self.single, self.products[0]])

    @property
    def second(self) -> Any:
        """The channel j of each, which is i where there is one channel only."""
        return np.concatenate([self.pairs[1], self.single, self.products[1]])

    def of(self, now: Array, after: Array) -> Array:
        """Their values in transitions, shape (transitions, count)."""
        (i, j), (k, l), end = self.pairs, self.products, len(self.pairs[0])
        table = np.empty((len(now), self.count))
        ahead = after[:, i]
        np.multiply(ahead, now[:, j], out=table[:, :end])
        table[:, :end] -= after[:, j] * now[:, i]
        table[:, end : end + len(self.single)] = after[:, self.single] - now[:, self.single]
        table[:, end + len(self.single) :] = after[:, k] * after[:, l] - now[:, k] * now[:, l]
        return table


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
    steps : int
        Of the process that a window sees: the transitions in it, and one more where rows are averages.
    """

    now: Array
    after: Array
    length: int
    place: Any
    total: int
    steps: int

    @property
    def samples(self) -> float:
        """What sums over windows are divided by to be nats per sample."""
        return float(self.total * self.steps)

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
        return Transitions(self.now[rows], self.after[rows], self.length, self.place[kept], self.total, self.steps)

    def tables(self, chosen: Observables) -> Iterator[tuple[slice, Array]]:
        """Windows, and observables summed over each, shape (windows, observables)."""
        many = chosen.count
        step = max(1, CHUNK // (max(many, 1) * self.length))
        for start in range(0, self.count, step):
            part = slice(start, min(start + step, self.count))
            rows = slice(part.start * self.length, part.stop * self.length)
            table = chosen.of(self.now[rows], self.after[rows])
            yield part, table.reshape(-1, self.length, many).sum(axis=1) if self.length > 1 else table

    def uncut(self, chosen: Observables, blocks: int, moments: Array) -> Array:
        """What to add to sums of observables over blocks so that they end where the recording does, shape (blocks, K).

        A difference of ends summed over a block is that of the ends of the block, where nothing ended: next to each
        other such sums cancel, and each alone would be taken for noise. Both ends of a cut are given back, and with
        them what they explain of the first kind by the second moments <g g> of all.
        """
        block, areas = self.block_of(blocks), len(chosen.pairs[0])
        last = np.flatnonzero(np.diff(block) > 0)
        before, behind = self.after[(last + 1) * self.length - 1], self.now[(last + 1) * self.length]
        going_on = np.all(before == behind, axis=1)  # no gap there
        last, state = last[going_on], before[going_on]
        k, l = chosen.products
        ends = np.concatenate([state[:, chosen.single], state[:, k] * state[:, l]], axis=1)
        change = np.zeros((blocks, ends.shape[1]))
        np.subtract.at(change, block[last], ends)
        np.add.at(change, block[last + 1], ends)
        values, axes = np.linalg.eigh(moments[areas:, areas:])
        varied = values > NEVER * max(float(values.mean()), 1e-300)  # nothing is due to what never varies
        values, axes = values[varied], axes[:, varied]
        coordinates = change @ axes
        along = axes.T @ moments[areas:, :areas] / values[:, None]
        return np.concatenate([coordinates @ along, coordinates @ axes.T], axis=1)

    def block_of(self, blocks: int) -> Any:
        """Which of so many equal stretches of the recording each window is in."""
        return self.place * blocks // self.total


def all_pairs(size: int) -> Any:
    """The pairs i < j, shape (2, pairs)."""
    return np.stack(np.triu_indices(size, 1))


def areas(pairs: Any) -> Observables:
    """Of these pairs, the first kind only."""
    return Observables(pairs, np.empty(0, dtype=np.int64), np.empty((2, 0), dtype=np.int64))


def observables(part: Transitions, pairs: Any, *, most: int = MOST) -> Observables:
    """Of these pairs: all kinds, or without products at one time where they are too many.

    With all of all pairs the span is the same whatever the units and the zero of each channel. A square tells nothing
    that the channel does not where it has two values.
    """
    single = np.unique(pairs)
    empty = np.empty((2, 0), dtype=np.int64)
    several = [i for i in single if _more_than_two(part.now[:, i], part.after[:, i])]
    products = np.concatenate([pairs, np.tile(np.array(several, dtype=np.int64), (2, 1))], axis=1)
    every = Observables(pairs, single, products)
    fits = every.count <= most and part.count >= CHANGES_EACH * every.count
    return every if fits else Observables(pairs, single, empty)


def _more_than_two(*columns: Array) -> bool:
    low, high = min(column.min() for column in columns), max(column.max() for column in columns)
    return any(bool(np.any((column != low) & (column != high))) for column in columns)


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


def transitions_of(recording: Recording, length: int = 1) -> Transitions:
    """Every window of a recording; none crosses a gap. Channels are centred and have unit variance."""
    segments = [segment.astype(np.float64) for segment in recording.segments if len(segment) > length]
    rows = np.concatenate(segments)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    segments = [(segment - mean) / np.where(spread > 0, spread, 1.0) for segment in segments]
    used = [(len(segment) - 1) // length * length for segment in segments]
    now = np.concatenate([segment[:many] for segment, many in zip(segments, used, strict=True)])
    after = np.concatenate([segment[1 : many + 1] for segment, many in zip(segments, used, strict=True)])
    total = len(now) // length
    every = Transitions(now, after, length, np.arange(total), total, recording.steps_seen(length + 1))
    if recording.kind != STATES:
        return every
    changed = np.any(now != after, axis=1).reshape(total, length).any(axis=1)
    return every if changed.all() else every.only(changed)


def strengths(part: Transitions) -> Array:
    """|sum of g_ij| in its standard errors if transitions were independent, shape (pairs,)."""
    pairs = all_pairs(part.size)
    if part.length > 1:
        sums, squares = np.zeros(pairs.shape[1]), np.zeros(pairs.shape[1])
        for _, table in part.tables(areas(pairs)):
            sums += table.sum(axis=0)
            squares += (table**2).sum(axis=0)
    else:
        ahead = part.after.T @ part.now
        both = (part.after**2).T @ part.now**2
        crossed = (part.after * part.now).T @ (part.after * part.now)
        sums = (ahead - ahead.T)[tuple(pairs)]
        squares = (both + both.T - 2 * crossed)[tuple(pairs)]
    return np.abs(sums) / np.sqrt(np.where(squares > 1e-9, squares, np.inf))
