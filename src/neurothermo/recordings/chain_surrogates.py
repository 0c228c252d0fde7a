r"""Surrogates of words: a reversible Markov chain, or the same excursions run in either direction.

A reversible chain has the likelihood :math:`\prod_{ab} s_{ab}^{C_{ab}} / \prod_a s_a^{C_a}` with symmetric s: it
depends on the counts C only through :math:`C + C^T`, whose shares are its most likely s. Two null laws follow.

- *Sampled*: walks of the chain with :math:`P_{ab} \propto C_{ab} + C_{ba}`. Fits every count but those of rare edges,
  which a walk takes as often as it happens to.
- *Excursions*: a stretch from one visit of a word to the next may as well have run backwards, and keeps
  :math:`C + C^T` exactly. Reversing each with a fair coin gives sequences that are as likely as the recording, whatever
  the chain and however rare its edges: an exact test, for any number of words. The ends of a segment, before the
  first visit and after the last, are reversed together with the whole segment.

References
----------
Fisher, The Design of Experiments (1935), section 21, for tests by random signs; Besag and Mondal, Biometrics 69, 488
(2013), for exact tests of Markov chains given their counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_count
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import Stream
from neurothermo.recordings.recording import Recording
from neurothermo.recordings.word_codes import Whole, renumbered, windows, words_of

MOST_STRETCHES = 1000


@dataclass(frozen=True, eq=False)
class Walks:
    """A Markov chain on a list of edges, to be sampled: edge e leads from source[e] to target[e].

    Parameters
    ----------
    source, target : array of int, shape (edges,)
        States are numbered from 0; several edges may join the same two.
    weights : array, shape (edges,)
        Not negative: an edge is taken with its share of the weight that leaves its source.
    lengths : array of int, shape (segments,)
        Steps of each segment, each of which starts anew, in a state that is drawn by the weight that leaves it.
    """

    source: Whole
    target: Whole
    weights: Array
    lengths: Whole

    def counts(self, surrogates: int, seed: int) -> Whole:
        """How often each of some walks takes each edge; shape (surrogates, edges)."""
        from neurothermo.engine.chains import count_walks

        order, start, tables = self._tables()
        counted = np.zeros((surrogates, len(order)), dtype=np.int64)
        stream = Stream.of(seed, "walks")
        count_walks(counted, self.lengths, start, *tables, np.uint64(stream.first), np.uint64(stream.second))
        found = np.zeros((surrogates, len(self.weights)), dtype=np.int64)
        found[:, order] = counted
        return found

    def taken(self, index: int, seed: int) -> Whole:
        """The edges that walk `index` takes, all segments one after the other."""
        from neurothermo.engine.chains import walk_edges

        order, start, tables = self._tables()
        edges = np.empty((1, int(np.sum(self.lengths))), dtype=np.int64)
        stream = Stream.of(seed, "walks")
        walk_edges(edges, self.lengths, start, *tables, np.uint64(stream.first), np.uint64(stream.second), index)
        return order[edges[0]]

    def _tables(self) -> tuple[Whole, Array, tuple[Any, ...]]:
        """The edges in the order of their sources, the cumulated law of starts, and the alias tables."""
        from neurothermo.engine.chains import edge_aliases

        order = np.argsort(self.source, kind="stable")
        order = order[self.weights[order] > 0]
        source, target, weights = self.source[order], self.target[order], self.weights[order].astype(np.float64)
        states = int(max(self.source.max(), self.target.max())) + 1
        first = np.searchsorted(source, np.arange(states + 1))
        leaving = np.bincount(source, weights, minlength=states)
        if np.any((leaving == 0) & (np.bincount(target, minlength=states) > 0)):
            raise InputError("weights must let a chain leave every state that it enters")
        threshold, own, other = np.empty(len(order), np.uint64), np.empty_like(order), np.empty_like(order)
        edge_aliases(first, weights, threshold, own, other)
        return order, np.cumsum(leaving) / leaving.sum(), (first, target, threshold, own, other)


def reversible_chain(recording: Recording, *, seed: int, index: int = 0) -> Recording:
    r"""The first-order Markov chain of the recording's words, made reversible.

    .. math:: P_{ab} = \frac{C_{ab} + C_{ba}}{\sum_b (C_{ab} + C_{ba})}

    with the counts C of pairs of neighbouring rows. Kept: the words and their law, how often two follow each other in
    either order, lengths of segments. Lost: all memory beyond one sample.

    Parameters
    ----------
    recording : Recording
        Of states.
    seed, index : int
        >= 0; number 17 is the same whether or not number 16 was drawn.

    Raises
    ------
    InputError
        If these are not states, or no segment has two rows.
    """
    seed, index = checked_count(seed, "seed", least=0), checked_count(index, "index", least=0)
    words = words_of(recording)
    codes, steps = windows(words.letters, words.lengths, words.size, 2)
    if not len(codes):
        raise InputError("reversible_chain needs a segment of at least two rows")
    pairs, counts = np.unique(codes, return_counts=True)
    source, target = np.divmod(pairs, words.size)
    both = Walks(
        np.concatenate([source, target]), np.concatenate([target, source]), np.tile(counts, 2).astype(float), steps
    )
    edges = both.taken(index, seed)
    letters = np.empty(len(words.letters), dtype=np.int64)
    at = row = 0
    for length, kept in zip(words.lengths, steps, strict=True):
        if length > 1:
            letters[row] = both.source[edges[at]]
            letters[row + 1 : row + length] = both.target[edges[at : at + kept]]
        else:
            letters[row] = words.letters[row]  # a row without a neighbour stays as it is
        at, row = at + kept, row + length
    return recording.noted(
        f"surrogate {index} of seed {seed}: a reversible first-order Markov chain of its {words.size} words",
        data=recording.data.assign(values=(("time", "channel"), words.alphabet[letters])),
    )


def stretches(visits: Any, lengths: Any) -> Whole:
    """Which stretch each step belongs to: one from a visit to another, one for both ends of a segment together.

    From every visit to the next, or, where there are more than `MOST_STRETCHES`, over several visits: the longer a
    stretch, the more of the memory is inside it that a process has which is no first-order chain.

    Parameters
    ----------
    visits : array of bool, shape (steps,)
        Where the step leaves the word that stretches are cut at.
    lengths : array of int, shape (segments,)
        Steps of each segment.
    """
    number = np.cumsum(visits)  # of the visit before; the steps after the last visit of a segment belong to its ends
    segment = np.repeat(np.arange(len(lengths)), lengths)
    stops = np.cumsum(lengths)
    total = int(number[-1]) if len(number) else 0
    before = np.concatenate([[0], number])[stops - lengths][segment]
    last = number[np.maximum(stops - 1, 0)][segment]
    ends = (number == before) | (number == last)
    joined = number // max(1, -(-total // MOST_STRETCHES))
    return renumbered(np.where(ends, total + 1 + segment, joined))[1]


def reversed_nets(pairs: Whole, signs: Any, stretch: Whole, size: int, surrogates: int, seed: int) -> Any:
    """Net counts of pairs {word, reversed word} when stretches are reversed at random; shape (surrogates, size).

    Parameters
    ----------
    pairs, signs, stretch : array of int, shape (transitions,)
        The pair that a transition makes, +1 or -1 for which of the two, and its stretch.
    size : int
        How many pairs there are.
    """
    from neurothermo.engine.chains import LANES, reversed_stretches

    blocks = -(-surrogates // LANES)
    nets = np.zeros((blocks, size, LANES), dtype=np.int32)
    stream = Stream.of(seed, "reversed stretches")
    reversed_stretches(nets, pairs, signs, stretch, np.uint64(stream.first), np.uint64(stream.second))
    return np.swapaxes(nets, 1, 2).reshape(blocks * LANES, size)[:surrogates]
