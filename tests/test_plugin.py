"""Plug-in entropy production of words: exact chains, calibrated errors, and what it refuses."""

from itertools import product

import numpy as np
import pytest

from assertions import assert_within
from neurothermo import InputError
from neurothermo.irreversibility.words import attribution, cost, obstacle, plugin
from neurothermo.recordings import from_array, from_spikes


def chains(steps, rows, repeats, seed):
    """Rows of independent chains, shape (repeats, rows), all moved together."""
    random = np.random.default_rng(seed)
    ways = np.cumsum(steps, axis=1)
    states = np.empty((rows, repeats), dtype=np.int64)
    now = random.integers(len(steps), size=repeats)
    for t in range(-100, rows):
        now = np.minimum((random.random(repeats)[:, None] > ways[now]).sum(axis=1), len(steps) - 1)
        if t >= 0:
            states[t] = now
    return states.T


def ring(size, forward, back):
    steps = np.eye(size) * (1 - forward - back)
    at = np.arange(size)
    steps[at, (at + 1) % size] += forward
    steps[at, (at - 1) % size] += back
    return steps


def reversible(size, shape, seed):
    weights = np.random.default_rng(seed).gamma(shape, size=(size, size))
    weights += weights.T
    return weights / weights.sum(axis=1, keepdims=True)


def production(steps):
    """Brute force: the flux both ways of every pair."""
    law = np.linalg.matrix_power(steps, 4096)[0]
    flux = law[:, None] * steps
    return sum(flux[a, b] * np.log(flux[a, b] / flux[b, a]) for a, b in product(range(len(steps)), repeat=2)
               if flux[a, b] > 0)  # fmt: skip


def recorded(states, **options):
    return from_array(np.asarray(states), sampling_rate=100.0, **options)


WHEEL = ring(4, 0.5, 0.2)
EXACT = 0.3 * np.log(2.5)  # net steps times the force of one


# -- the value -------------------------------------------------------------------------------------


def test_the_value_is_that_of_the_chain():
    estimate = plugin(recorded(chains(WHEEL, 40_000, 1, 1)[0]))
    assert np.isclose(production(WHEEL), EXACT)
    assert_within(estimate.value, estimate.stderr, EXACT, sigmas=4, resolution=0.05)
    assert estimate.interval[0] < EXACT < estimate.interval[1]
    assert estimate.units == "nats per sample" and estimate.counted == "transitions" and estimate.kind == "estimate"
    assert estimate.per_second.value == pytest.approx(100 * estimate.value)
    assert estimate.p_value < 1e-12 and estimate.details["bias_correction"] == "analytic"
    assert estimate.details["words"] == 4 and estimate.details["pairs"] == 4


@pytest.mark.parametrize("wrong", [lambda x: x % 3, lambda x: x[::2]])
def test_and_would_notice_other_words(wrong):
    estimate = plugin(recorded(wrong(chains(WHEEL, 40_000, 1, 1)[0])))
    with pytest.raises(AssertionError):
        assert_within(estimate.value, estimate.stderr, EXACT, sigmas=4)


def test_time_backwards_has_the_same_value_and_the_plain_sum_is_the_formula():
    states = chains(reversible(5, 2, 1), 20_000, 1, 2)[0]
    forward, backward = plugin(recorded(states)), plugin(recorded(states[::-1].copy()))
    assert forward.value == pytest.approx(backward.value, rel=0.02, abs=1e-6)
    counts = np.zeros((5, 5))
    np.add.at(counts, (states[:-1], states[1:]), 1)
    plain = np.sum(counts * np.log(counts / counts.T)) / (len(states) - 1)
    assert forward.details["divergence"] == pytest.approx(plain, rel=1e-12)
    assert forward.details["smoothed"] == pytest.approx(plain, rel=0.02)


def test_names_of_states_and_irrelevant_channels_do_not_matter():
    states = chains(WHEEL, 5000, 1, 3)[0]
    one = plugin(recorded(states))
    two = plugin(recorded(np.stack([7 - 3 * states, np.full(5000, 4)], axis=1)))
    assert two.value == pytest.approx(one.value, rel=1e-9) and two.p_value == pytest.approx(one.p_value)


def test_the_null_bias_is_two_for_each_cycle():
    steps = reversible(8, 2.0, 3)
    found = [plugin(recorded(states)) for states in chains(steps, 20_000, 60, 4)]
    cycles = 28 - 8 + 1
    assert np.mean([e.details["bias"] for e in found]) == pytest.approx(2 * cycles / 19_999, rel=0.01)
    raw = np.array([e.details["smoothed"] for e in found])
    assert_within(raw.mean(), raw.std() / np.sqrt(60), 2 * cycles / 19_999, sigmas=4, resolution=1.5 * cycles / 19_999)


@pytest.mark.parametrize("length", [2, 3])
def test_longer_words_agree_on_a_chain_without_memory(length):
    estimate = plugin(recorded(chains(WHEEL, 40_000, 1, 5)[0]), word_length=length)
    assert_within(estimate.value, estimate.stderr, EXACT, sigmas=4, resolution=0.06)
    assert estimate.details["bias_correction"] == "surrogate" and f"order {length}" in estimate.method


def second_order(rows, seed):
    """Three letters: the next goes on round, but back after two different ones; irreversible beyond pairs."""
    random = np.random.default_rng(seed)
    letters, likely = [0, 1], {True: (0.7, 0.2, 0.1), False: (0.2, 0.3, 0.5)}
    for _ in range(rows):
        step = random.choice(3, p=likely[letters[-1] == letters[-2]])
        letters.append((letters[-1] + step) % 3)
    return np.array(letters)


def exact_of_order(length):
    """D of three letters less D of two, of the chain above, by its law of pairs."""
    law = np.full((3, 3), 1 / 9)
    move = np.zeros((3, 3, 3))
    for a, b in product(range(3), repeat=2):
        for step, chance in enumerate((0.7, 0.2, 0.1) if a == b else (0.2, 0.3, 0.5)):
            move[a, b, (b + step) % 3] = chance
    for _ in range(2000):
        law = np.einsum("ab,abc->bc", law, move)
    triple = law[:, :, None] * move
    pairs = np.sum(law * np.log(law / law.T))
    return pairs if length == 1 else np.sum(triple * np.log(triple / triple.transpose(2, 1, 0))) - pairs


@pytest.mark.parametrize("length", [1, 2])
def test_memory_of_two_samples_needs_words_of_two(length):
    estimate = plugin(recorded(second_order(40_000, 6)), word_length=length)
    assert abs(exact_of_order(1) - exact_of_order(2)) > 0.03
    assert_within(estimate.value, estimate.stderr, exact_of_order(length), sigmas=4, resolution=0.03)


# -- errors and tests ------------------------------------------------------------------------------

DENSE = reversible(5, 2.0, 8)
TWISTED = DENSE + 0.02 * (np.roll(np.eye(5), 1, axis=1) - np.roll(np.eye(5), -1, axis=1))


@pytest.mark.parametrize(
    ("steps", "null"),
    [
        (ring(3, 0.35, 0.35), "analytic"),
        (ring(3, 0.36, 0.34), "analytic"),
        (ring(5, 0.6, 0.15), "surrogate"),
        (DENSE, "surrogate"),
        (TWISTED, "analytic"),
    ],
)
def test_intervals_cover_and_nulls_are_rejected_as_often_as_they_say(steps, null):
    repeats = 60
    truth = production(steps)
    found = [plugin(recorded(states), null=null, surrogates=99) for states in chains(steps, 4000, repeats, 9)]
    covered = np.mean([e.interval[0] <= truth <= e.interval[1] for e in found])
    assert covered > 0.95 - 4 * np.sqrt(0.95 * 0.05 / repeats)
    values = np.array([e.value for e in found])
    assert abs(values.mean() - truth) < 4.5 * values.std() / np.sqrt(repeats)
    rejected = np.mean([e.p_value <= 0.05 for e in found])
    if truth < 1e-9:
        assert rejected < 0.05 + 4 * np.sqrt(0.95 * 0.05 / repeats)
    elif truth > 0.1:
        assert rejected == 1


def test_excursions_are_an_exact_null_where_words_are_rare():
    """Sampling the chain of symmetrised counts would take rare pairs for irreversible ones."""
    found = [plugin(recorded(states)) for states in chains(reversible(40, 0.05, 10), 10_000, 40, 11)]
    assert all(e.details["bias_correction"] == "surrogate" and e.details["infinite"] for e in found)
    assert np.mean([e.p_value <= 0.05 for e in found]) < 0.05 + 4 * np.sqrt(0.95 * 0.05 / 40)
    values = np.array([e.value for e in found])
    assert abs(values.mean()) < 4 * values.std() / np.sqrt(40) and np.mean([e.details["bias"] for e in found]) > 0.02


def test_a_transition_never_seen_backwards_gives_a_finite_value_and_says_so():
    estimate = plugin(recorded(np.arange(3000) % 3))
    assert estimate.details["infinite"] and estimate.details["divergence"] == np.inf
    assert np.isfinite(estimate.value) and 5 < estimate.value < np.log(2 * 1000 + 1)
    assert estimate.p_value == pytest.approx(1 / 200)
    assert any("one way only" in sentence and "no upper end" in sentence for sentence in estimate.diagnostics)


def test_the_interval_has_no_upper_end_where_a_direction_was_never_seen():
    """Steps back come three times in a hundred recordings: their logarithm is what no one recording can tell."""
    steps = ring(4, 0.3, 0.0)
    steps[0, 3], steps[0, 0] = 6e-6, 0.7 - 6e-6
    steps[[1, 2, 3], [0, 1, 2]] = 0.1
    steps[[1, 2, 3], [1, 2, 3]] = 0.6
    truth = production(steps)
    found = [plugin(recorded(states)) for states in chains(steps, 20_000, 40, 24)]
    unseen = [e for e in found if e.details["infinite"]]
    assert len(unseen) > 30 and all(e.interval[1] == np.inf and e.kind == "estimate" for e in unseen)
    assert all(0 < e.interval[0] < truth for e in unseen)
    assert np.mean([e.value + 4 * e.stderr < truth for e in unseen]) > 0.9  # as for an error read from counts


def test_the_lower_end_knows_that_what_was_not_seen_may_have_been_likely():
    """One step back was expected, of 300 forth: the 1/2 that is added to its zero is too little."""
    steps, back = ring(4, 0.3, 0.0), 1 / (4000 * 0.25)
    steps[[1, 2, 3], [0, 1, 2]], steps[[1, 2, 3], [1, 2, 3]] = 0.1, 0.6
    steps[0, 3], steps[0, 0] = back, 0.7 - back
    found = [plugin(recorded(states), surrogates=39) for states in chains(steps, 4000, 100, 27)]
    unseen = [e for e in found if e.details["infinite"]]
    assert len(unseen) > 20 and np.mean([e.interval[0] > production(steps) for e in unseen]) < 0.1


def test_pairs_of_words_add_up_to_the_value_where_words_are_rare():
    recording = recorded(chains(0.8 * reversible(8, 0.3, 25) + 0.2 * ring(8, 0.8, 0.1), 3000, 1, 26)[0])
    for options in ({}, {"seed": 3, "surrogates": 60}):
        whole, shares = plugin(recording, **options), attribution(recording, **options)
        assert whole.details["bias_correction"] == "surrogate"
        assert shares.attrs["total"] == pytest.approx(whole.value, rel=1e-9)


def test_hidden_memory_is_seen_and_answered_with_surrogates():
    """Six states in a reversible chain, seen as three: no first-order chain any more, and still reversible."""
    slow = np.kron(np.eye(2), reversible(3, 1.0, 12)) * 0.998 + 0.002 / 6
    slow[3:, 3:] = 0.998 * reversible(3, 1.0, 15) + 0.002 / 6
    law = np.linalg.matrix_power(slow, 2**16)[0]
    flux = law[:, None] * slow
    symmetric = (flux + flux.T) / (flux + flux.T).sum(axis=1, keepdims=True)
    found = [plugin(recorded(states % 3)) for states in chains(symmetric, 20_000, 40, 13)]
    assert np.mean([e.p_value <= 0.05 for e in found]) < 0.05 + 4 * np.sqrt(0.95 * 0.05 / 40)


def test_segments_are_not_joined_and_use_surrogates():
    trials = chains(WHEEL, 1000, 40, 14)[:, :, None]
    estimate = plugin(recorded(trials))
    assert estimate.n == 40 * 999 and estimate.details["bias_correction"] == "surrogate"
    assert_within(estimate.value, estimate.stderr, EXACT, sigmas=4, resolution=0.06)


def test_the_same_seed_gives_the_same_answer():
    recording = recorded(chains(reversible(40, 0.05, 10), 10_000, 1, 16)[0])
    first, again, other = plugin(recording), plugin(recording), plugin(recording, seed=1)
    assert first.to_dict() == again.to_dict() and first.value != other.value


# -- signals ---------------------------------------------------------------------------------------


def test_signals_are_clustered_and_their_rotation_is_seen():
    random = np.random.default_rng(17)
    turn = 0.95 * np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    rows = np.zeros((20_000, 2))
    noise = random.normal(size=rows.shape)
    for t in range(1, len(rows)):
        rows[t] = turn @ rows[t - 1] + noise[t]
    estimate = plugin(recorded(rows * [1.0, 1e6]))
    assert estimate.p_value < 0.01 and estimate.interval[0] > 0.05 and estimate.details["words"] == 8
    assert any("8 clusters" in sentence for sentence in estimate.diagnostics)
    still = plugin(recorded(random.normal(size=(20_000, 2))), clusters=5)
    assert still.interval[0] == 0 and still.p_value > 0.01 and not any("default" in s for s in still.diagnostics)


# -- attribution -----------------------------------------------------------------------------------


@pytest.mark.parametrize("null", ["auto", "surrogate"])
def test_shares_add_up_and_name_the_pairs_that_are_driven(null):
    steps = 0.3 * np.eye(6) + 0.7 * np.kron(np.eye(2), ring(3, 0.6, 0.2))
    steps[0, 3] = steps[3, 0] = 0.1
    steps[3:, 3:] = 0.3 * np.eye(3) + 0.7 * ring(3, 0.4, 0.4)
    steps /= steps.sum(axis=1, keepdims=True)
    recording = recorded(chains(steps, 30_000, 1, 18)[0])
    shares, whole = attribution(recording, null=null), plugin(recording, null=null)
    assert shares.attrs["total"] == pytest.approx(whole.value, rel=1e-9)
    assert float(shares.by_pair.sum()) == pytest.approx(shares.attrs["total"], rel=1e-9)
    assert np.allclose(shares.by_pair, shares.by_pair.T) and "by_channel" not in shares
    driven = shares.by_pair_q.values < 0.05
    assert driven[0, 1] and driven[1, 2] and driven[0, 2] and not driven[3:, 3:].any()
    assert np.all(shares.by_pair_stderr.values[driven] > 0)


def test_channels_have_shares_where_one_changes_at_a_time():
    """The corners of a square visited in a circle: both channels are driven alike; a third one is not."""
    corner = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])
    states = chains(WHEEL, 20_000, 1, 19)[0]
    shares = attribution(recorded(corner[states]))
    assert shares.by_channel.dims == ("channel",)
    assert float(shares.by_channel.sum()) == pytest.approx(shares.attrs["total"], rel=1e-9)
    assert np.allclose(shares.by_channel, EXACT / 2, atol=5 * float(shares.by_channel_stderr.max()))
    assert np.all(shares.by_channel_p < 0.01) and np.all(shares.by_channel_q < 0.01)


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "says"),
    [
        (np.zeros(500, dtype=int), "one word only"),
        (np.arange(500) % 2, "no cycle"),
        (np.random.default_rng(0).integers(0, 2, (500, 12)), "maxent"),
        (np.arange(10) % 3, "at least 20 transitions"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_sentence_of_the_obstacle(states, says):
    with pytest.raises(InputError, match=says) as caught:
        plugin(recorded(states))
    assert obstacle(recorded(states)) == str(caught.value)


def test_spikes_are_to_be_binned():
    spikes = from_spikes([np.arange(100) * 0.1, np.arange(90) * 0.11])
    assert "bin" in obstacle(spikes)
    with pytest.raises(InputError, match="bin"):
        plugin(spikes)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"word_length": 0}, "word_length"),
        ({"null": "shuffle"}, "null"),
        ({"clusters": 3}, "clusters are for signals"),
        ({"surrogates": 5}, "surrogates"),
        ({"confidence": 1.5}, "confidence"),
        ({"seed": -1}, "seed"),
        ({"word_length": 2, "null": "analytic"}, "analytic"),
    ],
)
def test_bad_options_are_named(options, says):
    with pytest.raises(InputError, match=says):
        plugin(recorded(chains(WHEEL, 2000, 1, 20)[0]), **options)


def test_good_recordings_have_no_obstacle_and_a_price():
    recording = recorded(chains(WHEEL, 2000, 1, 21)[0])
    assert obstacle(recording) is None and 0 < cost(recording) < 1
    with pytest.raises(InputError, match="word_length=1"):
        attribution(recording, word_length=2)
    with pytest.raises(InputError, match="options of plugin"):
        attribution(recording, colour="red")
    with pytest.raises(InputError, match="never changes"):
        plugin(recorded(np.stack([np.random.default_rng(0).normal(size=300), np.ones(300)], axis=1)))
