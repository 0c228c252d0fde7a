"""Words of a reversible process: how irreversible they look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.irreversibility.words_counts import Mirrored, Passages, divergences
from neurothermo.recordings.chain_surrogates import reversed_nets, stretches
from neurothermo.recordings.word_codes import Whole, renumbered, windows

ANALYTIC = "reversible first-order Markov chain: half the value times the transitions is chi squared"
EXCURSIONS = "reversible: any stretch between two visits of the commonest word could as well have run backwards"
AT_ONCE = 4_000_000  # net counts held at a time


@dataclass(frozen=True, eq=False)
class Excursions:
    """Sequences whose stretches run backwards at random.

    Parameters
    ----------
    long, short : Mirrored
        What is counted; `short`, which is subtracted, may be None.
    stretch : array of int, shape (n,)
        Which stretch each transition belongs to.
    count : int
        How many there are.
    """

    long: Mirrored
    short: Mirrored | None
    stretch: Whole
    count: int

    @classmethod
    def of(cls, passages: Passages) -> Excursions:
        """Cut where the first k words of a transition are the commonest ones that are their own mirror image."""
        starts = _starts(passages)
        own = starts[starts >= 0]
        if not len(own):
            return cls(passages.long, passages.short, np.zeros(passages.count, dtype=np.int64), 0)
        stretch = stretches(starts == int(np.argmax(np.bincount(own))), passages.lengths)
        return cls(passages.long, passages.short, stretch, int(stretch.max()) + 1)

    def values(self, surrogates: int, seed: int) -> Array:
        """Divergence in nats, long less short, of every surrogate; shape (surrogates,)."""
        both = (self.long,) if self.short is None else (self.long, self.short)
        total = np.zeros(surrogates)
        for sense, mirrored in zip((1, -1), both, strict=False):
            nets = self.nets(mirrored, surrogates, seed)  # the coins of both parts are the same
            rows = max(1, AT_ONCE // max(1, nets.shape[1]))
            for first in range(0, surrogates, rows):
                total[first : first + rows] += sense * _divergence(mirrored, nets[first : first + rows])
        return total

    @property
    def drift(self) -> float:
        """What the mean net count of a stretch adds to the mean of `values`, which is no bias: nats."""
        net = [_divergence(part, (part.seen[:, 0] - part.seen[:, 1]) / np.sqrt(self.count))
               for part in (self.long, self.short) if part is not None]  # fmt: skip
        return float(net[0] - sum(net[1:]))

    def nets(self, mirrored: Mirrored, surrogates: int, seed: int) -> Array:
        """Net counts of every pair in every surrogate, shape (surrogates, pairs)."""
        kept = mirrored.sign != 0
        return reversed_nets(
            mirrored.pair[kept], mirrored.sign[kept], self.stretch[kept], len(mirrored.seen), surrogates, seed
        )


def _divergence(mirrored: Mirrored, net: Array) -> Array:
    """With other net counts, of as many transitions; summed over pairs."""
    whole = mirrored.seen.sum(axis=1)
    return divergences((whole + net) / 2, (whole - net) / 2).sum(axis=-1)


def _starts(passages: Passages) -> Whole:
    """A number for the k words that each transition starts from; -1 where they are not their own mirror image."""
    words, short = passages.words, passages.short
    order = 1 if short is None else int(words.lengths.max() - passages.lengths.max())
    half, _ = windows(words.letters, words.lengths, words.size, order + 1)
    half //= words.size ** (order + 1 - (order + 1) // 2)  # the first half tells all of a palindrome
    starts = renumbered(half)[1]
    return starts if short is None else np.where(short.sign == 0, starts, -1)


def analytic_p(passages: Passages, value: float) -> float:
    r"""The chance that a reversible chain looks so irreversible, :math:`n \hat\sigma / 2 \sim \chi^2(E - S + 1)`."""
    from scipy.special import chdtrc

    return float(chdtrc(passages.cycles, passages.count * max(value, 0.0) / 2))
