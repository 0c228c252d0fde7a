"""Bounds from two kinds of events: exact hidden chains, tight on a ring, never above the truth."""

import numpy as np
import pytest
from scipy.linalg import expm

from assertions import assert_within
from neurothermo import InputError
from neurothermo.irreversibility.waiting import cost, obstacle, waiting_times
from neurothermo.processes import MarkovJump
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


def stationary(steps):
    return np.linalg.matrix_power(steps, 2**14)[0]


def production(steps):
    flux = stationary(steps)[:, None] * steps
    used = (flux > 0) & (flux.T > 0)
    return float(np.sum(flux[used] * np.log(flux[used] / flux.T[used])))


def exact_bound(steps, first, second, longest=3000):
    """Gaps between visits of two sets of states, by powers of the chain without these states."""
    kind = np.zeros(len(steps), dtype=int)
    kind[first], kind[second] = 1, 2
    law, hidden = stationary(steps), steps * (kind == 0)
    gaps = np.zeros((2, 2, longest))
    for event in range(2):
        row = law * (kind == event + 1)
        for t in range(longest):
            gaps[event, :, t] = [(row @ steps)[kind == other].sum() for other in (1, 2)]
            row = row @ hidden
    reverse = gaps.swapaxes(0, 1)
    used = (gaps > 1e-200) & (reverse > 1e-200)
    return float(np.sum(gaps[used] * np.log(gaps[used] / reverse[used])))


def recorded(states):
    return from_array(np.asarray(states), sampling_rate=1000.0)


WHEEL = ring(4, 0.4, 0.3)
# two cycles that share the observed edge 0-1
FORK = np.array([[0.3, 0.3, 0.1, 0.3], [0.15, 0.35, 0.4, 0.1], [0.4, 0.15, 0.3, 0.15], [0.1, 0.4, 0.2, 0.3]])


# -- the bound -------------------------------------------------------------------------------------


def test_one_edge_of_a_ring_tells_all():
    assert exact_bound(WHEEL, [0], [1]) == pytest.approx(production(WHEEL), rel=1e-9)
    found = [waiting_times(recorded(states), transition=(0, 1)) for states in chains(WHEEL, 20_000, 10, 1)]
    mean, error = np.mean([e.value for e in found]), np.mean([e.stderr for e in found]) / np.sqrt(10)
    assert_within(mean, error, production(WHEEL), sigmas=4, resolution=0.01)
    assert all(e.kind == "lower bound" and e.p_value < 0.05 and e.counted == "gaps" for e in found)
    assert str(found[0]).startswith("at least")


def test_more_cycles_give_a_bound_below_the_truth():
    bound, truth = exact_bound(FORK, [0], [1]), production(FORK)
    assert 0 < bound < 0.8 * truth
    found = [waiting_times(recorded(states), transition=(0, 1)) for states in chains(FORK, 20_000, 30, 2)]
    values, errors = np.array([e.value for e in found]), np.array([e.stderr for e in found])
    # coarse waiting times can only lower it
    assert values.mean() < bound + 4 * values.std() / np.sqrt(30)
    assert np.mean([e.interval[0] > bound for e in found]) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 30)
    assert np.mean(values > truth + 2 * errors) < 0.05 and np.mean([e.interval[0] > truth for e in found]) < 0.05


# five states that are seen as three words, the first two of which hold two states each
VEILED = np.array(
    [
        [0.05, 0.0266, 0.2411, 0.0245, 0.6578],
        [0.0007, 0.4723, 0.0045, 0.5225, 0.00004],
        [0.0048, 0.0005, 0.0935, 0.0019, 0.8993],
        [0.0024, 0.8992, 0.0174, 0.0703, 0.0108],
        [0.2584, 0.0002, 0.2615, 0.0005, 0.4794],
    ]
)
VEILED /= VEILED.sum(axis=1, keepdims=True)


def test_words_of_several_states_give_a_bound_too():
    """Gaps between jumps would not: what they tell beyond the jumps is 1.5 times the truth here."""
    truth, bound = production(VEILED), exact_bound(VEILED, [0, 1], [2, 3])
    assert 0.1 < bound / truth < 0.3
    states = chains(VEILED, 50_000, 4, 21)
    found = [waiting_times(recorded(np.array([0, 0, 1, 1, 2])[row]), transition=(0, 1)) for row in states]
    for each in found:
        assert each.value < bound + 4 * each.stderr < truth
        assert each.interval[0] < truth and each.kind == "lower bound" and each.details["share"] == 1


def test_no_pair_of_words_of_any_chain_exceeds_the_truth():
    random, ratios = np.random.default_rng(22), []
    for first, second in ([[0], [1, 2]], [[0, 3], [1, 2]], [[0], [1]]) * 60:
        steps = np.exp(random.normal(0, 2, (4, 4)))
        steps /= steps.sum(axis=1, keepdims=True)
        ratios.append(exact_bound(steps, first, second, 300) / production(steps))
    assert 0.5 < max(ratios) <= 1 + 1e-9


def spikes_at_jumps(seconds, seed, force=3.0, fast=100.0, slow=1.0):
    """A state left after 10 ms and one left after 1 s, joined by two ways: a unit spikes when either is taken, each.

    Entropy is produced where a way is taken, that is in the bins with spikes, and nowhere else.
    """
    random, turn = np.random.default_rng(seed), 1 / (1 + np.exp(-force / 2))
    cycles = int(seconds / (1 / fast + 1 / slow))
    waits = np.stack([random.exponential(1 / fast, cycles), random.exponential(1 / slow, cycles)], axis=1)
    unit = np.stack([random.random(cycles) > turn, random.random(cycles) < turn], axis=1)
    times = np.cumsum(waits.ravel())
    rate = (2 * turn - 1) * force / (1 / fast + 1 / slow)  # net turns times the force of one
    return from_spikes(times, unit.ravel().astype(int), support=[0, times[-1] + 1]), rate


def test_units_in_bins_are_bounded_by_half_of_their_divergence():
    spikes, truth = spikes_at_jumps(1000, 23)
    found = waiting_times(spikes.bin("1 ms"), units=spikes.names).per_second
    assert found.details["share"] == 0.5 and any("half" in sentence for sentence in found.diagnostics)
    assert found.value < truth + 4 * found.stderr and found.interval[0] < truth
    assert found.value - 4 * found.stderr > truth / 2  # all of it would be above the truth


def test_waits_alone_can_tell():
    """As many gaps lead one way as the other, and still they differ in length."""
    found = waiting_times(recorded(chains(FORK, 60_000, 1, 3)[0]), transition=(0, 1))
    assert found.details["bins"] > 5
    assert found.details["order"] + found.details["waits"] - found.details["bias"] == pytest.approx(found.value)


def test_a_jump_process_that_is_sampled():
    rates = np.array([[0, 1.0, 4.0], [3.0, 0, 1.0], [1.0, 2.0, 0]])
    process = MarkovJump(rates - np.diag(rates.sum(axis=0)))
    interval = 0.02
    steps = expm(process.rates * interval).T
    truth = process.entropy_production().value
    assert production(steps) <= truth * interval
    estimate = waiting_times(recorded(chains(steps, 60_000, 1, 4)[0]), transition=(0, 1))
    assert estimate.value < truth * interval + 2 * estimate.stderr
    assert estimate.interval[1] > 0.8 * truth * interval and estimate.p_value < 0.05  # a ring: nearly tight


def test_the_direction_in_which_a_transition_is_named_does_not_matter():
    recording = recorded(chains(WHEEL, 20_000, 1, 5)[0])
    one, other = (waiting_times(recording, transition=pair) for pair in ((0, 1), (1, 0)))
    assert one.details["order"] == pytest.approx(other.details["order"])
    assert one.value == pytest.approx(other.value, abs=0.1 * one.stderr)


# -- nothing where there is nothing ----------------------------------------------------------------


@pytest.mark.parametrize("steps", [ring(4, 0.35, 0.35), (FORK + FORK.T) / (FORK + FORK.T).sum(axis=1, keepdims=True)])
def test_a_reversible_chain_is_not_called_irreversible(steps):
    found = [waiting_times(recorded(states), transition=(0, 1)) for states in chains(steps, 8000, 40, 6)]
    values = np.array([e.value for e in found])
    assert abs(values.mean()) < 4 * values.std() / np.sqrt(40)
    limit = 0.05 + 4 * np.sqrt(0.05 * 0.95 / 40)
    assert np.mean([e.p_value <= 0.05 for e in found]) < limit
    assert np.mean([e.interval[0] > 0 for e in found]) < limit


def pair_of_units(rows, follows, seed):
    """Unit b echoes a after 3 samples with chance `follows`, both also fire at a rate that goes up and down."""
    random = np.random.default_rng(seed)
    slow = np.repeat(random.choice([0.01, 0.08], rows // 200), 200)
    a, b = random.random((2, rows)) < slow
    b[3:] |= a[:-3] & (random.random(rows - 3) < follows)
    return from_array(np.stack([a, b], axis=1), sampling_rate=500.0, channels=["a", "b"])


def test_one_unit_that_echoes_another_is_seen():
    estimate = waiting_times(pair_of_units(40_000, 0.6, 7), units=("a", "b"))
    assert estimate.p_value <= 0.005 and estimate.interval[0] > 0
    assert estimate.details["waits"] > 10 * estimate.details["order"]


def test_units_with_a_common_slow_rate_are_not():
    found = [waiting_times(pair_of_units(10_000, 0.0, seed), units=("a", "b")) for seed in range(60)]
    limit = 0.05 + 4 * np.sqrt(0.05 * 0.95 / 60)
    assert np.mean([e.p_value <= 0.05 for e in found]) < limit
    assert np.mean([e.interval[0] > 0 for e in found]) < limit


# -- what it takes and what it refuses -------------------------------------------------------------


def test_words_of_several_channels_name_a_transition_and_the_default_is_the_commonest():
    states = chains(WHEEL, 8000, 1, 8)[0]
    corner = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])
    one = waiting_times(recorded(states), transition=(1, 2))
    two = waiting_times(recorded(corner[states]), transition=((0, 1), (1, 1)))
    assert one.value == pytest.approx(two.value, abs=1e-12)
    default = waiting_times(recorded(np.where(states == 3, 2, states)))
    assert default.method.startswith("waiting times, ") and default.details["gaps"] >= 100


def test_gaps_do_not_reach_across_segments():
    trials = chains(WHEEL, 400, 50, 9)
    together, apart = recorded(trials.reshape(-1)), from_array(trials[:, :, None], sampling_rate=1.0)
    joined, cut = (waiting_times(recording, transition=(0, 1)) for recording in (together, apart))
    assert 40 <= joined.n - cut.n <= 120
    assert_within(cut.value, cut.stderr, production(WHEEL), sigmas=4)


@pytest.mark.parametrize(
    ("recording", "says"),
    [
        (from_spikes([np.arange(100) * 0.1, np.arange(90) * 0.11]), "bin"),
        (from_array(np.random.default_rng(0).normal(size=500), sampling_rate=1.0), "threshold"),
        (recorded(np.zeros(500, dtype=int)), "one word"),
        (recorded(chains(WHEEL, 150, 1, 10)[0]), "at least 100 gaps"),
        (recorded((np.arange(3000) % 400 == 9).astype(int)), "at least 10 events"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_sentence_of_the_obstacle(recording, says):
    with pytest.raises(InputError, match=says) as caught:
        waiting_times(recording)
    assert obstacle(recording) == str(caught.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"transition": (0, 9)}, "visited"),
        ({"transition": (1, 1)}, "different"),
        ({"transition": 3}, "two words"),
        ({"transition": ((0, 1), (1, 1))}, "1 channels"),
        ({"units": ("0", "7")}, "channels of the recording"),
        ({"units": "0"}, "two channels"),
        ({"transition": (0, 1), "units": ("0", "1")}, "not both"),
        ({"confidence": 0.0}, "confidence"),
        ({"surrogates": 3}, "surrogates"),
    ],
)
def test_bad_options_are_named(options, says):
    with pytest.raises(InputError, match=says):
        waiting_times(recorded(chains(WHEEL, 4000, 1, 11)[0]), **options)


def test_it_has_a_price_and_repeats_itself():
    recording = recorded(chains(WHEEL, 8000, 1, 12)[0])
    assert obstacle(recording) is None and 0 < cost(recording) < 1
    assert waiting_times(recording).to_dict() == waiting_times(recording).to_dict()


def test_two_words_alternate_of_necessity():
    two = np.random.default_rng(30).integers(2, size=(3000, 1))
    for recording in (recorded(two), recorded(np.hstack([two, 1 - two]))):
        assert "alternate of necessity" in obstacle(recording)
        with pytest.raises(InputError, match="alternate of necessity"):
            waiting_times(recording)
    with pytest.raises(InputError, match="alternate of necessity"):
        waiting_times(recorded(np.hstack([two, 1 - two])), units=("0", "1"))
    assert obstacle(recorded(np.random.default_rng(31).integers(3, size=(3000, 1)))) is None
