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
        Which event it is from and to: a number below the length of `images`.
    wait : array of int, shape (gaps,)
        >= 1.
    images : array of int
        What each kind of event is when time runs backwards.
    lengths : array of int, shape (segments,)
        Gaps of each segment.
    names : tuple of str
        Of the kinds of events.
    """

    first: Whole
    second: Whole
    wait: Whole
    images: Whole
    lengths: Whole
    names: tuple[str, ...]

    @property
    def counts(self) -> Whole:
        """How many gaps start from each kind of event."""
        return np.bincount(self.first, minlength=len(self.images))

    def binned(self) -> tuple[Whole, int]:
        """Which bin each waiting time is in, and how many there are.

        Bins hold about equally many of the gaps that differ from their mirror image, of both directions together, and
        `PER_BIN` of the rarer one on average. So how fine they are does not depend on the direction of time.
        """
        kinds = len(self.images)
        code, image = self.first * kinds + self.second, self.images[self.second] * kinds + self.images[self.first]
        counts = np.bincount(code, minlength=kinds * kinds)
        differs = code != image
        if not np.any(differs):
            return np.zeros(len(code), dtype=np.int64), 1
        rarer = np.minimum(counts[code[differs]], counts[image[differs]]).max()
        bins = int(np.clip(rarer // PER_BIN, 1, MOST_BINS))
        edges = np.unique(np.quantile(self.wait[differs], np.arange(1, bins) / bins, method="higher"))
        return np.searchsorted(edges, self.wait, side="right"), len(edges) + 1

    def mirrored(self) -> tuple[Mirrored, Mirrored, Whole, int]:
        """Gaps and their first events, each with its mirror image; the code of each gap; the number of bins."""
        kinds = len(self.images)
        place, bins = self.binned()
        code = (self.first * kinds + self.second) * bins + place
        values, index = np.unique(code, return_inverse=True)
        pairs, at = np.divmod(values, bins)
        start, end = np.divmod(pairs, kinds)
        images = (self.images[end] * kinds + self.images[start]) * bins + at
        events = np.arange(kinds)
        return Mirrored.given(values, images, index), Mirrored.given(events, self.images, self.first), code, bins


def transition_gaps(recording: Recording, transition: Any) -> Gaps:
    """Gaps between jumps from one word to another and jumps back: each is what the other is in reverse."""
    words = words_of(recording)
    if words.size < 2:
        raise InputError("waiting_times needs activity that changes: one word only was visited")
    codes, lengths = windows(words.letters, words.lengths, words.size, 2)
    before, after = np.divmod(codes, words.size)
    low, high = _commonest(before, after, words.size) if transition is None else _named(words, transition)
    kind = np.where((before == low) & (after == high), 0, np.where((before == high) & (after == low), 1, -1))
    names = words.names()
    forth, back = f"{names[low]} to {names[high]}", f"{names[high]} to {names[low]}"
    return _between(kind, lengths, np.array([1, 0]), (forth, back))


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
    return _between(kind, lengths, np.array([0, 1, 2]), (first, second, f"{first} and {second}"))


def _between(kind: Whole, lengths: Whole, images: Whole, names: tuple[str, ...]) -> Gaps:
    """Gaps from one event (kind >= 0) to the next, of the same segment."""
    at = np.flatnonzero(kind >= 0)
    segment = np.repeat(np.arange(len(lengths)), lengths)[at]
    joined = segment[1:] == segment[:-1]
    first, second, wait = kind[at[:-1]][joined], kind[at[1:]][joined], np.diff(at)[joined]
    return Gaps(first, second, wait, images, np.bincount(segment[1:][joined], minlength=len(lengths)), names)


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
