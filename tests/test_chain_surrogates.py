"""Surrogates of words: what they keep, that they are reversible, and that their tests are exact."""

import numpy as np
import pytest

from neurothermo import InputError
from neurothermo.recordings import from_array, from_spikes
from neurothermo.recordings.chain_surrogates import Walks, reversed_nets, reversible_chain, stretches
from neurothermo.recordings.word_codes import renumbered, turned, windows, words_of

DRIVEN = np.array([[0.5, 0.4, 0.1], [0.05, 0.55, 0.4], [0.6, 0.1, 0.3]])


def walk(chain, rows, seed):
    """Step by step; shares nothing with the kernels."""
    draws = np.random.default_rng(seed).random(rows)
    ways = np.cumsum(chain, axis=1)
    states = np.zeros(rows, dtype=np.int64)
    for t in range(1, rows):
        states[t] = np.searchsorted(ways[states[t - 1]], draws[t])
    return states


def pair_counts(states, size):
    counts = np.zeros((size, size))
    np.add.at(counts, (states[:-1], states[1:]), 1)
    return counts


# -- words -----------------------------------------------------------------------------------------


def test_words_are_numbered_by_their_values_whatever_those_are():
    rows = np.array([[3, -(2**52)], [0, 7], [3, -(2**52)], [3, 2**52], [0, 7]])
    words = words_of(from_array(rows, sampling_rate=1.0))
    assert words.size == 3
    assert np.array_equal(words.alphabet[words.letters], rows)
    assert words_of(from_array([[0, 1], [1, 0], [0, 1]], sampling_rate=1.0)).names() == ["01", "10"]


def test_many_channels_do_not_overflow():
    rows = np.random.default_rng(0).integers(0, 2, (300, 150))
    words = words_of(from_array(rows, sampling_rate=1.0))
    assert words.size == 300
    assert np.array_equal(words.alphabet[words.letters], rows)


def test_windows_stay_within_segments_and_turn_round():
    codes, kept = windows(np.array([0, 1, 2, 2, 1, 0, 1]), np.array([4, 1, 2]), 3, 2)
    assert kept.tolist() == [3, 0, 1]
    assert codes.tolist() == [1, 5, 8, 1]
    assert turned(codes, 3, 2).tolist() == [3, 7, 8, 3]
    with pytest.raises(InputError, match="64 bits"):
        windows(np.array([0, 1]), np.array([2]), 1000, 7)


@pytest.mark.parametrize("span", [None, 10])
def test_codes_are_renumbered_by_table_or_by_sorting(span):
    values, index = renumbered(np.array([7, 2, 7, 9]), span)
    assert values.tolist() == [2, 7, 9] and index.tolist() == [1, 0, 1, 2]


# -- the chain -------------------------------------------------------------------------------------


def test_walks_take_edges_as_often_as_their_weights_say():
    source, target = np.divmod(np.arange(9), 3)
    weights = (DRIVEN * [[2.0], [1.0], [5.0]]).ravel()
    counts = Walks(source, target, weights, np.array([4000, 0, 1000])).counts(50, seed=1)
    assert counts.shape == (50, 9) and np.all(counts.sum(axis=1) == 5000)
    leaving = counts.sum(axis=0).reshape(3, 3)
    shares = leaving / leaving.sum(axis=1, keepdims=True)
    error = np.sqrt(DRIVEN * (1 - DRIVEN) / leaving.sum(axis=1, keepdims=True))
    assert np.all(error < 0.004)
    assert np.all(np.abs(shares - DRIVEN) < 4.5 * error)  # sigma: given visits, choices are independent


def test_a_counted_walk_is_the_walk_that_is_listed():
    source, target = np.divmod(np.arange(9), 3)
    walks = Walks(source, target, DRIVEN.ravel(), np.array([100, 63, 64, 1]))
    counts = walks.counts(3, seed=5)
    for index in range(3):
        edges = walks.taken(index, seed=5)
        assert np.array_equal(np.bincount(edges, minlength=9), counts[index])
        inside = np.delete(np.arange(len(edges) - 1), np.cumsum([100, 63, 64]) - 1)
        assert np.array_equal(target[edges[inside]], source[edges[inside + 1]])
    assert not np.array_equal(counts[0], counts[1])
    assert np.array_equal(counts, walks.counts(3, seed=5)) and not np.array_equal(counts, walks.counts(3, seed=6))


def test_a_chain_that_cannot_go_on_is_refused():
    with pytest.raises(InputError, match="leave every state"):
        Walks(np.array([0]), np.array([1]), np.array([1.0]), np.array([5])).counts(1, 0)


def test_the_reversible_chain_keeps_what_it_says_and_no_current():
    recording = from_array(np.stack([walk(DRIVEN, 20_000, 1), walk(DRIVEN, 20_000, 2)])[:, :, None], sampling_rate=10.0)
    surrogate = reversible_chain(recording, seed=3)
    assert [len(rows) for rows in surrogate.segments] == [20_000, 20_000]
    assert surrogate.kind == "states" and "reversible first-order Markov chain" in surrogate.history[-1]
    had = sum(pair_counts(rows[:, 0], 3) for rows in recording.segments)
    has = sum(pair_counts(rows[:, 0], 3) for rows in surrogate.segments)
    assert np.all(np.abs(has + has.T - had - had.T) < 5 * np.sqrt(2 * (had + had.T)))  # 5 sigma or more
    assert np.abs(had - had.T).max() > 3000 and np.abs(has - has.T).max() < 5 * np.sqrt(has.max())
    again = reversible_chain(recording, seed=3)
    assert np.array_equal(again.segments[0], surrogate.segments[0])
    other = reversible_chain(recording, seed=3, index=1)
    assert not np.array_equal(other.segments[0], surrogate.segments[0])


def test_the_reversible_chain_refuses_what_has_no_words():
    with pytest.raises(InputError, match="recording of states"):
        reversible_chain(from_array(np.random.default_rng(0).normal(size=50), sampling_rate=1.0), seed=0)
    with pytest.raises(InputError, match="bin"):
        reversible_chain(from_spikes([[0.1, 0.4]]), seed=0)
    with pytest.raises(InputError, match="two rows"):
        reversible_chain(from_array(np.array([[[0]], [[1]]]), sampling_rate=1.0), seed=0)


# -- excursions ------------------------------------------------------------------------------------


def test_stretches_run_from_visit_to_visit_and_join_the_ends_of_a_segment():
    visits = np.array([0, 1, 0, 1, 1, 0, 0, 0, 1, 0], dtype=bool)
    found = stretches(visits, np.array([6, 4]))
    assert len(set(found[[0, 4, 5]])) == 1  # before the first visit and after the last
    assert found[1] == found[2] != found[3] != found[0]
    assert len(set(found[6:])) == 1 and found[6] not in found[:6]


def test_nets_are_those_of_sequences_that_were_turned_round():
    """Every surrogate's nets are a sum of the stretches' own, each with a sign; all signs are about equally common."""
    states = walk(DRIVEN, 400, 7)
    codes, steps = windows(states, np.array([400]), 3, 2)
    a, b = np.divmod(codes, 3)
    pair, sign = 3 * np.minimum(a, b) + np.maximum(a, b), np.sign(b - a).astype(np.int8)
    stretch = stretches(a == 0, steps)
    kept = sign != 0
    nets = reversed_nets(pair[kept], sign[kept], stretch[kept], 9, 130, seed=2)
    own = np.zeros((stretch.max() + 1, 9))
    np.add.at(own, (stretch[kept], pair[kept]), sign[kept])
    assert nets.shape == (130, 9)
    moved = own[:, np.abs(own).sum(axis=0) > 0]
    assert np.all((nets - own.sum(axis=0)) % 2 == 0)
    spread = np.sqrt(np.sum(moved**2, axis=0))
    chosen = nets[:, np.abs(own).sum(axis=0) > 0]
    assert np.all(np.abs(chosen.mean(axis=0)) < 4.5 * spread / np.sqrt(130))
    assert np.allclose(chosen.std(axis=0), spread, rtol=0.35)
    assert np.array_equal(nets, reversed_nets(pair[kept], sign[kept], stretch[kept], 9, 130, seed=2))
    assert np.array_equal(nets[:70], reversed_nets(pair[kept], sign[kept], stretch[kept], 9, 70, seed=2))
