"""Words and the same words backwards: what was counted, and how far the two are apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.recordings.word_codes import Whole, Words, renumbered, turned, windows

PRIOR = 0.5  # of a count: what is added to it inside the logarithm
BATCHES = 50  # of neighbouring transitions: what errors are read from


@dataclass(frozen=True, eq=False)
class Mirrored:
    """A sequence of codes, each one with its mirror image; codes that are their own are in no pair.

    Parameters
    ----------
    pair : array of int, shape (n,)
        The pair {code, mirror image} of each element of the sequence; -1 where it is its own image.
    sign : array of int8, shape (n,)
        +1 or -1 for which of the two it is, 0 where it is its own image.
    seen : array, shape (pairs, 2)
        How often each of the two was seen; not both zero.
    codes : array of int, shape (pairs,)
        The one of the two with sign +1.
    distinct : int
        How many codes there are, own images included.
    """

    pair: Whole
    sign: Any
    seen: Array
    codes: Whole
    distinct: int

    @classmethod
    def of(cls, codes: Whole, size: int, width: int) -> Mirrored:
        """Codes of `width` letters to the base `size`, whose images are the letters in reverse order."""
        values, index = renumbered(codes, size**width)
        return cls.given(values, turned(values, size, width), index)

    @classmethod
    def given(cls, values: Whole, images: Whole, index: Whole) -> Mirrored:
        """Distinct codes, their images, and which of them each element is."""
        kept = values != images
        first = np.minimum(values, images)
        codes, number = renumbered(first[kept])
        pair, sign = np.full(len(values), -1), np.zeros(len(values), dtype=np.int8)
        pair[kept] = number
        sign[kept] = np.where(values[kept] == first[kept], 1, -1)
        seen = np.zeros((len(codes), 2))
        counts = np.bincount(index, minlength=len(values))
        seen[pair[kept], (sign[kept] < 0).astype(np.int64)] = counts[kept]
        return cls(pair[index], sign[index], seen, codes, len(values))

    @property
    def each(self) -> Array:
        """What each pair has in the divergence."""
        return divergences(self.seen[:, 0], self.seen[:, 1])

    @cached_property
    def slopes(self) -> Array:
        r"""Of the divergence with the count of each of the two, :math:`\ln(x/y) + 1 - y/x`; shape (pairs, 2)."""
        counts = self.seen + PRIOR
        other = counts[:, ::-1]
        return np.log(counts / other) + 1 - other / counts

    @property
    def influence(self) -> Array:
        """What one more of each element would change; shape (n,)."""
        if not len(self.seen):
            return np.zeros(len(self.pair))
        return np.where(self.sign == 0, 0.0, self.slopes[self.pair, (self.sign < 0).astype(np.int64)])

    @property
    def plain(self) -> float:
        """The divergence without anything added to counts: infinite where one of a pair was never seen."""
        x, y = self.seen.T
        if np.any(self.seen == 0):
            return float("inf")
        return float(np.sum((x - y) * np.log(x / y)))


def divergences(x: Any, y: Any) -> Array:
    r"""Of each pair, :math:`(x - y) \ln \frac{x + 1/2}{y + 1/2}` of its two counts."""
    return (x - y) * np.log((x + PRIOR) / (y + PRIOR))


@dataclass(frozen=True, eq=False)
class Passages:
    """Transitions of order k: k + 1 words in a row, and the first k of them.

    Parameters
    ----------
    long, short : Mirrored
        Of k + 1 words, and of the first k; `short` is None where k is 1.
    words : Words
    lengths : array of int, shape (segments,)
        Transitions of each segment.
    """

    long: Mirrored
    short: Mirrored | None
    words: Words
    lengths: Whole

    @classmethod
    def of(cls, words: Words, order: int) -> Passages:
        """The transitions of order `order` of a sequence of words."""
        codes, lengths = windows(words.letters, words.lengths, words.size, order + 1)
        short = None if order == 1 else Mirrored.of(codes // words.size, words.size, order)
        return cls(Mirrored.of(codes, words.size, order + 1), short, words, lengths)

    @property
    def count(self) -> int:
        """How many transitions there are."""
        return len(self.long.pair)

    @property
    def value(self) -> float:
        """Nats per sample, nothing corrected."""
        less = 0.0 if self.short is None else self.short.each.sum()
        return float(self.long.each.sum() - less) / self.count

    @property
    def plain(self) -> float:
        """The same with nothing added to counts."""
        if np.isinf(self.long.plain):
            return self.long.plain
        return (self.long.plain - (0.0 if self.short is None else self.short.plain)) / self.count

    @property
    def influence(self) -> Array:
        """What each transition adds to the value, to first order; shape (n,)."""
        found = self.long.influence
        return found if self.short is None else found - self.short.influence

    @property
    def rarest(self) -> int:
        """Of the transitions that happen, and their reverses, how often the rarest was seen."""
        return int(self.long.seen.min(initial=np.inf)) if len(self.long.seen) else 0

    @property
    def cycles(self) -> int:
        """E - S + 1 of pairs of words: how many independent currents there are."""
        return len(self.long.seen) - self.words.size + 1


def batch_means(values: Array) -> Array:
    """Means over `BATCHES` runs of neighbours, shape (batches,): their scatter holds shorter correlations."""
    size = max(1, len(values) // BATCHES)
    return values[: len(values) // size * size].reshape(-1, size).mean(axis=1)


def batch_variance(values: Array) -> float:
    """Of the mean of a correlated sequence."""
    means = batch_means(values)
    return float(np.var(means, ddof=1) / len(means))
