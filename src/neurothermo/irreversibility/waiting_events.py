"""Two kinds of events in a recording, and the gaps between one event and the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, nearest
from neurothermo.core.errors import InputError
from neurothermo.irreversibility.words_counts import Mirrored
from neurothermo.recordings.recording import Recording
from neurothermo.recordings.word_codes import Whole, Words, windows, words_of

PER_BIN = 30  # gaps of the rarer of two directions, on average
MOST_BINS = 24


@dataclass(frozen=True, eq=False)
class Gaps:
    """From one event to the next: the two events, and the waiting time between them in samples.

    Parameters
    ----------
    first, second : array of int, shape (gaps,)
        Which event it is from and to: a number below the length of `names`.
    wait : array of int, shape (gaps,)
        >= 1.
    lengths : array of int, shape (segments,)
        Gaps of each segment.
    names : tuple of str
        Of the kinds of events, each of which is the same when time runs backwards.
    """

    first: Whole
    second: Whole
    wait: Whole
    lengths: Whole
    names: tuple[str, ...]

    @property
    def counts(self) -> Whole:
        """How many gaps start from each kind of event."""
        return np.bincount(self.first, minlength=len(self.names))

    def binned(self) -> tuple[Whole, int]:
        """Which bin each waiting time is in, and how many there are.

        Bins hold about equally many of the gaps that differ from their mirror image, of both directions together, and
        `PER_BIN` of the rarer one on average. Neighbouring rows are a bin of their own where there are so many: what
        leads straight from one event to the other is another way than what goes round. How fine bins are does not
        depend on the direction of time.
        """
        differs = self.first != self.second
        straight = differs & (self.wait == 1)
        edges: Whole = np.array([2] if straight.sum() >= PER_BIN else [], dtype=np.int64)
        round_about = differs & ~straight if len(edges) else differs
        kinds = len(self.names)
        counts = np.bincount((self.first * kinds + self.second)[round_about], minlength=kinds**2).reshape(kinds, kinds)
        bins = int(np.clip(np.minimum(counts, counts.T).max() // PER_BIN, 1, MOST_BINS))
        if bins > 1:
            cuts = np.quantile(self.wait[round_about], np.arange(1, bins) / bins, method="higher")
            edges = np.unique(np.concatenate([edges, cuts]))
        return np.searchsorted(edges, self.wait, side="right"), len(edges) + 1

    def mirrored(self) -> tuple[Mirrored, int]:
        """Gaps, each with its mirror image, and the number of bins."""
        kinds = len(self.names)
        place, bins = self.binned()
        values, index = np.unique((self.first * kinds + self.second) * bins + place, return_inverse=True)
        pairs, at = np.divmod(values, bins)
        start, end = np.divmod(pairs, kinds)
        return Mirrored.given(values, (end * kinds + start) * bins + at, index), bins


def transition_gaps(recording: Recording, transition: Any) -> Gaps:
    """Gaps between visits of two words: a visit is one when time runs backwards, as a jump between them is not."""
    words = words_of(recording)
    if words.size < 2:
        raise InputError("waiting_times needs activity that changes: one word only was visited")
    codes, _ = windows(words.letters, words.lengths, words.size, 2)
    before, after = np.divmod(codes, words.size)
    low, high = _commonest(before, after, words.size) if transition is None else _named(words, transition)
    kind = np.where(words.letters == low, 0, np.where(words.letters == high, 1, -1))
    names = words.names()
    return _between(kind, words.lengths, (names[low], names[high]))


def unit_gaps(recording: Recording, units: Any) -> Gaps:
    """Gaps between events of two channels (not zero), which are the same when time runs backwards."""
    if isinstance(units, str) or not isinstance(units, Sequence) or len(units) != 2 or units[0] == units[1]:
        raise InputError(f"units must be the names of two channels, got {units!r}")
    for name in units:
        if str(name) not in recording.names:
            raise InputError(
                f"units must be channels of the recording, got {name!r}{nearest(str(name), recording.names)}"
            )
    columns = [recording.names.index(str(name)) for name in units]
    rows = np.concatenate(recording.segments)[:, columns] != 0
    kind = rows[:, 0] + 2 * rows[:, 1].astype(np.int64) - 1
    lengths = np.array([len(segment) for segment in recording.segments])
    first, second = (str(name) for name in units)
    return _between(kind, lengths, (first, second, f"{first} and {second}"))


def _between(kind: Whole, lengths: Whole, names: tuple[str, ...]) -> Gaps:
    """Gaps from one event (kind >= 0) to the next, of the same segment."""
    at = np.flatnonzero(kind >= 0)
    segment = np.repeat(np.arange(len(lengths)), lengths)[at]
    joined = segment[1:] == segment[:-1]
    first, second, wait = kind[at[:-1]][joined], kind[at[1:]][joined], np.diff(at)[joined]
    return Gaps(first, second, wait, np.bincount(segment[1:][joined], minlength=len(lengths)), names)


def _commonest(before: Whole, after: Whole, size: int) -> tuple[int, int]:
    """The change of words that is made most often, either way: a choice that time's direction has no part in."""
    changed = before != after
    low, high = np.minimum(before, after)[changed], np.maximum(before, after)[changed]
    values, counts = np.unique(low * size + high, return_counts=True)
    if not len(values):
        raise InputError("waiting_times needs activity that changes: no segment holds a transition")
    first, second = divmod(int(values[np.argmax(counts)]), size)
    return first, second


def _named(words: Words, transition: Any) -> tuple[int, int]:
    """The numbers of two words that a user named by their values."""
    if not isinstance(transition, Sequence) or isinstance(transition, str) or len(transition) != 2:
        raise InputError(f"transition must be two words, (from, to), got {transition!r}")
    found = []
    for word in transition:
        wanted: Array = np.atleast_1d(np.asarray(word))
        if wanted.shape != words.alphabet.shape[1:]:
            raise InputError(f"transition must name words of {words.alphabet.shape[1]} channels, got {word!r}")
        place = np.flatnonzero(np.all(words.alphabet == wanted, axis=1))
        if not len(place):
            raise InputError(f"transition must be between words that were visited, got {word!r}")
        found.append(int(place[0]))
    if found[0] == found[1]:
        raise InputError(f"transition must be between two different words, got {transition!r}")
    return found[0], found[1]
