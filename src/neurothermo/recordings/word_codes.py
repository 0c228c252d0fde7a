"""Rows of whole numbers as words, words as numbers: what is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.errors import InputError
from neurothermo.recordings.recording import SPIKES, STATES, Recording

Whole = npt.NDArray[np.int64]
TABLE = 2**22  # codes that are looked up rather than sorted
LARGEST = 2**62  # of a code in 64 bits


@dataclass(frozen=True, eq=False)
class Words:
    """A sequence of words, numbered 0 .. n - 1 in the order of their values.

    Parameters
    ----------
    letters : array of int, shape (rows,)
        The number of the word in each row.
    alphabet : array of int, shape (n, channels)
        What each word is.
    lengths : array of int, shape (segments,)
        Rows of each segment.
    """

    letters: Whole
    alphabet: Whole
    lengths: Whole

    @property
    def size(self) -> int:
        """How many words are visited."""
        return len(self.alphabet)

    def names(self) -> list[str]:
        """Of words: their letters, with commas where one is not a digit."""
        digits = bool(np.all((self.alphabet >= 0) & (self.alphabet <= 9)))
        return [("" if digits else ",").join(str(value) for value in word) for word in self.alphabet]


def words_of(recording: Recording) -> Words:
    """The words of a recording of states: a row is a word.

    Raises
    ------
    InputError
        If it is not one of states.
    """
    if recording.kind != STATES:
        first = ': bin them first, recording.bin("10 ms")' if recording.kind == SPIKES else ""
        raise InputError(f"words need a recording of states, got one of {recording.kind}{first}")
    rows = np.concatenate(recording.segments)
    code, span = np.zeros(len(rows), dtype=np.int64), 1
    for column in rows.T:
        low, high = int(column.min()), int(column.max())
        if high - low >= LARGEST // max(span, len(rows)):
            column, low, high = renumbered(column)[1], 0, len(rows) - 1
        if span * (high - low + 1) >= LARGEST:
            code, span = renumbered(code)[1], len(rows)
        code = code * (high - low + 1) + (column - low)
        span *= high - low + 1
    values, letters = renumbered(code, span)
    where = np.empty(len(values), dtype=np.int64)
    where[letters[::-1]] = np.arange(len(rows))[::-1]  # any row that holds the word: its first
    return Words(letters, rows[where], np.array([len(segment) for segment in recording.segments]))


def renumbered(codes: Whole, span: int | None = None) -> tuple[Whole, Whole]:
    """The distinct codes, ascending, and which of them each one is; looked up where `span`, above all, is small."""
    if span is not None and span <= min(TABLE, 16 * len(codes) + 1024):
        seen = np.zeros(span, dtype=bool)
        seen[codes] = True
        values = np.flatnonzero(seen)
        place = np.empty(span, dtype=np.int64)
        place[values] = np.arange(len(values))
        return values, place[codes]
    values, index = np.unique(codes, return_inverse=True)
    return values, np.asarray(index, dtype=np.int64).reshape(codes.shape)


def windows(letters: Any, lengths: Any, size: int, width: int) -> tuple[Whole, Whole]:
    """Codes of `width` letters in a row, to the base `size`, first letter first; and how many there are a segment.

    No window reaches across segments.

    Raises
    ------
    InputError
        If a code does not fit into 64 bits.
    """
    if size**width >= LARGEST:
        raise InputError(f"{width} words in a row, of {size}, cannot be told apart in 64 bits: use fewer")
    kept = np.maximum(np.asarray(lengths) - width + 1, 0)
    starts = np.cumsum(lengths) - lengths
    if len(kept) == 1:
        index: Any = slice(0, int(kept[0]))
        shifted = [letters[step : step + int(kept[0])] for step in range(width)]
    else:
        index = np.repeat(starts - np.concatenate([[0], np.cumsum(kept)[:-1]]), kept) + np.arange(kept.sum())
        shifted = [letters[index + step] for step in range(width)]
    code = shifted[0].copy()
    for letter in shifted[1:]:
        code *= size
        code += letter
    return code, kept


def turned(codes: Whole, size: int, width: int) -> Whole:
    """The codes of the same letters in reverse order."""
    back, rest = np.zeros_like(codes), codes.copy()
    for _ in range(width):
        rest, digit = np.divmod(rest, size)
        back = back * size + digit
    return back
