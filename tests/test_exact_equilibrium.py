"""Equilibrium by enumeration and by lumping: printed oracles, brute force, exact draws, refusals."""

from dataclasses import dataclass
from math import comb, isnan, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.special import logsumexp
from scipy.stats import chi2

from neurothermo import InputError, SpinNetwork, exact, hopfield, ramp
from neurothermo.core.randomness import Stream
from neurothermo.systems import PatternCouplings
from oracles.brute_force import all_states, boltzmann_table

ONE = np.ones(15)
TWO = np.r_[np.ones(8), -np.ones(7)]


def chen(gamma=0.2):
    """The network of Chen 2020: 15 neurons, two patterns of overlap 1."""
    return hopfield([ONE, TWO], weights=[gamma, 1 - gamma])


def random_network(n, seed=0, symmetric=True):
    rng = np.random.default_rng(seed)
    couplings = np.triu(rng.normal(size=(n, n)), 1)
    return SpinNetwork(couplings + couplings.T if symmetric else couplings, rng.normal(size=n))


# -- printed values: N = 15, kT = 15, gamma = 0.2 unless said ----------------------------------------


@pytest.mark.parametrize("route", ["lumped", "enumerated"])
@pytest.mark.parametrize(
    ("largest_input", "temperature", "printed", "digits"),
    [
        (0.005, 15, -2.2519e-5, 9),
        (0.5, 15, -0.2241814267, 10),
        (1, 15, -0.8849516886, 10),
        (5, 15, -16.1241591525, 10),
        (0.005, 30, -3.0443e-6, 10),  # the activation as printed is heat bath at twice the temperature
        (0.5, 30, -0.0304311152, 10),
        (1, 30, -0.1215789052, 10),
        (5, 30, -2.9278786598, 10),
    ],
)
def test_free_energy_between_the_two_inputs(route, largest_input, temperature, printed, digits):
    network = chen() if route == "lumped" else SpinNetwork(chen().couplings)
    drive = ramp(largest_input * ONE, largest_input * TWO, steps=3)
    difference = exact.free_energy_difference(network, drive, temperature=temperature)
    assert difference.details["route"] == route
    assert round(difference.value, digits) == printed
    back = exact.free_energy_difference(network, drive.reversed(), temperature=temperature)
    assert back == -difference.value


@pytest.mark.parametrize(
    ("largest_input", "gamma", "printed"),
    [
        (5, 0.1, -21.7404203119),
        (5, 0.3, -10.6338579709),
        (5, 0.5, 0.0),
        (5, 0.7, 10.6338579709),
        (5, 0.9, 21.7404203119),
        (1, 0.1, -1.2621908983),
        (1, 0.3, -0.5600991473),
        (1, 0.5, 0.0),
        (1, 0.7, 0.5600991473),
        (1, 0.9, 1.2621908983),
    ],
)
def test_free_energy_against_the_share_of_the_first_pattern(largest_input, gamma, printed):
    values = [largest_input * ONE, largest_input * TWO]
    difference = exact.free_energy_difference(chen(gamma), values, temperature=15)
    assert difference.value == pytest.approx(printed, abs=0.51e-10)


@pytest.mark.parametrize(
    ("field", "printed"),
    [
        (None, -160.0332933861),
        (ONE, -160.5578880040),
        (TWO, -161.4428396926),
        (5 * ONE, -173.0027193706),
        (5 * TWO, -189.1268785231),
    ],
)
def test_free_energies(field, printed):
    assert round(exact.free_energy(chen(), temperature=15, field=field).value, 10) == printed


@pytest.mark.parametrize(
    ("pattern", "temperature", "printed"),
    [
        (TWO, 15, 0.1900743),
        (ONE, 15, 0.0699743),
        (TWO, 30, 0.1030046),
        (TWO, 5, 0.9466617),
        (TWO, 2, 0.9999372),
    ],
)
def test_mean_squared_overlaps(pattern, temperature, printed):
    states = all_states(15)
    probabilities = np.exp(exact.boltzmann_law(chen(), temperature=temperature).log_probability(states))
    assert probabilities.sum() == pytest.approx(1, abs=1e-11)
    assert round(float(probabilities @ (states @ pattern / 15) ** 2), 7) == printed


def test_basins_of_the_two_patterns():
    states = all_states(15)
    probabilities = np.exp(exact.boltzmann_law(chen(), temperature=15).log_probability(states))
    first, second = np.abs(states @ ONE), np.abs(states @ TWO)
    near_first, near_second = probabilities[first > second].sum(), probabilities[second > first].sum()
    assert round(near_second, 10) == 0.5823954467
    assert round(near_first, 10) == 0.2482359999
    assert round(-15 * log(near_second / near_first), 10) == -12.7915465896


def test_small_printed_cases():
    pair, drive = SpinNetwork([[0, 1], [1, 0]]), ramp([-1, -4], [1, 2], 3)
    assert round(exact.free_energy_difference(pair, drive, temperature=1).value, 4) == 1.9952
    four = hopfield([[1, 1, 1, 1], [1, 1, -1, -1]], weights=[0.2, 0.8])
    drive = ramp(np.zeros(4), [1, 1, -1, -1], 20)
    assert round(exact.free_energy_difference(four, drive, temperature=2).value, 10) == -2.1008420848
    five = hopfield([[1, -1, 1, 1, 1], [1, 1, -1, 1, -1]], weights=[0.2, 0.8])
    drive = ramp(np.zeros(5), 1.5 * np.array([1, 1, -1, 1, -1]), 6)
    assert round(exact.free_energy_difference(five, drive, temperature=2.5).value, 10) == -4.8109153432


# -- enumeration = lumping = brute force -------------------------------------------------------------


@st.composite
def pattern_networks(draw):
    """A pattern network with symmetric weights, an input in or out of its patterns' span, a temperature."""
    count, n = draw(st.integers(1, 3)), draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    patterns = rng.choice([-1, 1], size=(count, n))
    crossover = np.triu(rng.normal(size=(count, count)), 1) * draw(st.sampled_from([0.0, 1.0]))
    thresholds = draw(st.sampled_from([0.0, 0.3, 1.0])) * rng.choice([-1, 0, 1], size=n)
    network = hopfield(patterns, rng.normal(size=count), crossover + crossover.T, thresholds=thresholds)
    in_span = rng.normal(size=count) @ patterns
    kind = draw(st.sampled_from(["none", "span", "free"]))
    field = {"none": np.zeros(n), "span": in_span, "free": rng.normal(size=n)}[kind]
    return network, field, draw(st.sampled_from([0.05, 0.7, 3.0, 100.0]))


@given(pattern_networks())
@settings(max_examples=150, deadline=None)
def test_three_routes_agree(case):
    network, field, temperature = case
    table = boltzmann_table(network.couplings, temperature, field, network.thresholds)
    bare = SpinNetwork(network.couplings, network.thresholds)
    scale = 1e-12 * (1 + np.abs(table.energies).max() / temperature)
    for system, route in [(network, "lumped"), (bare, "enumerated")]:
        law = exact.boltzmann_law(system, temperature=temperature, field=field)
        assert law.route == route
        assert law.states <= len(table.states)
        assert law.log_partition == pytest.approx(table.log_partition, rel=0, abs=scale)
        assert law.free_energy == pytest.approx(table.free_energy, rel=0, abs=scale * temperature)
        assert law.mean_energy == pytest.approx(table.mean_energy, rel=0, abs=scale * temperature)
        assert law.entropy == pytest.approx(table.entropy, rel=0, abs=scale)
        assert law.entropy >= 0
        probabilities = np.exp(law.log_probability(table.states))
        np.testing.assert_allclose(probabilities, table.probabilities, rtol=0, atol=scale)


@pytest.mark.parametrize("sparse", [False, True])
def test_enumeration_of_any_couplings(sparse):
    network = random_network(9)
    field = np.linspace(-1, 2, 9)
    table = boltzmann_table(network.couplings, 0.8, field, network.thresholds)
    wrong = boltzmann_table(network.couplings, 0.8, field, -network.thresholds)
    if sparse:
        network = SpinNetwork(csr_array(network.couplings), network.thresholds)
    law = exact.boltzmann_law(network, temperature=0.8, field=field)
    assert (law.route, law.states) == ("enumerated", 512)
    assert law.log_partition == pytest.approx(table.log_partition, rel=1e-13)
    assert abs(law.log_partition - wrong.log_partition) > 0.1


def test_twenty_neurons():
    network = random_network(20, seed=3)
    law = exact.boltzmann_law(network, temperature=2.0)
    rows = np.random.default_rng(1).choice([-1, 1], size=(100, 20))
    assert law.states == 2**20
    np.testing.assert_allclose(
        law.log_probability(rows), -network.energy(rows, 0.0) / 2.0 - law.log_partition, rtol=1e-12
    )
    # one spin held apart from the rest by an overwhelming input leaves the sum over nineteen
    held = np.r_[np.zeros(19), 60.0]
    rest = SpinNetwork(network.couplings[:19, :19], network.thresholds[:19])
    inner = exact.free_energy(rest, temperature=2.0, field=network.couplings[:19, 19])
    assert exact.free_energy(network, temperature=2.0, field=held).value == pytest.approx(
        inner.value - 60.0 + network.thresholds[19], rel=1e-12
    )


# -- the classes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "thresholds", "states"),
    [
        (None, None, 9 * 8),  # 8 spins agree between the patterns, 7 do not
        (0.3 * ONE + 0.1 * TWO, None, 9 * 8),
        (0.7 * ONE - 0.2 * (ONE + TWO), None, 9 * 8),  # equal but for rounding
        (None, 0.5 * TWO, 9 * 8),  # thresholds count as inputs
        (np.r_[np.full(14, 0.1), 0.2], None, 9 * 7 * 2),
        (np.r_[1e9, np.full(7, 0.1), np.full(7, 0.1005)], None, 2 * 8 * 8),
        (np.arange(15.0), None, 2**15),
    ],
)
def test_how_many_states_a_field_leaves(field, thresholds, states):
    network = hopfield([ONE, TWO], weights=[0.2, 0.8], thresholds=thresholds)
    assert exact.boltzmann_law(network, temperature=15, field=field).states == states


def test_the_sign_of_a_neuron_does_not_matter():
    patterns = np.random.default_rng(5).choice([-1, 1], size=(2, 12))
    agree = int(np.sum(patterns[0] == patterns[1]))
    field = 0.4 * patterns[0] - 0.3 * patterns[1]
    law = exact.boltzmann_law(hopfield(patterns), temperature=2.0, field=field)
    assert law.states == (agree + 1) * (12 - agree + 1)


def log_sum_of_two_blocks(n_a, n_b, gamma, first, second, temperature):
    """ln Z of two patterns that agree on n_a spins and differ on n_b, exact integers under the logarithm."""
    n = n_a + n_b
    log_a = np.array([log(comb(n_a, k)) for k in range(n_a + 1)])
    log_b = np.array([log(comb(n_b, k)) for k in range(n_b + 1)])
    block_a, block_b = 2.0 * np.arange(n_a + 1) - n_a, 2.0 * np.arange(n_b + 1) - n_b
    m1, m2 = block_a[:, None] + block_b, block_a[:, None] - block_b
    energy = -0.5 * (gamma * (m1**2 - n) + (1 - gamma) * (m2**2 - n)) / n - first * m1 - second * m2
    return float(logsumexp(log_a[:, None] + log_b - energy / temperature))


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
@pytest.mark.parametrize(("first", "second"), [(0.0, 0.0), (0.02, -0.05)])
def test_a_thousand_neurons_by_lumping(temperature, first, second):
    patterns = np.random.default_rng(2).choice([-1, 1], size=(2, 1000))
    n_a = int(np.sum(patterns[0] == patterns[1]))
    network = hopfield(patterns, weights=[0.3, 0.7], scale="hopfield")
    field = first * patterns[0] + second * patterns[1]
    law = exact.boltzmann_law(network, temperature=temperature, field=field)
    assert law.states == (n_a + 1) * (1001 - n_a)
    expected = log_sum_of_two_blocks(n_a, 1000 - n_a, 0.3, first, second, temperature)
    assert law.log_partition == pytest.approx(expected, rel=1e-13)
    wrong = log_sum_of_two_blocks(n_a, 1000 - n_a, 0.5, first, second, temperature)
    assert abs(law.log_partition - wrong) > 1e-4


def test_free_spins_have_their_closed_form_at_any_size():
    field = np.where(np.arange(2000) < 700, 0.4, -1.1)
    network = hopfield(np.ones((1, 2000)), weights=[0.0], thresholds=np.full(2000, 0.1))
    expected = np.sum(np.log(2 * np.cosh((field - 0.1) / 0.9)))
    law = exact.boltzmann_law(network, temperature=0.9, field=field)
    assert law.log_partition == pytest.approx(expected, rel=1e-13)
    assert law.mean_energy == pytest.approx(-np.sum((field - 0.1) * np.tanh((field - 0.1) / 0.9)), rel=1e-12)


# -- draws -------------------------------------------------------------------------------------------

TRIALS = 100_000
PATTERNS = np.array([[1, 1, -1, 1, -1, 1, 1], [1, 1, -1, -1, 1, -1, 1]])
BIASED = hopfield(PATTERNS, weights=[0.5, 0.3], thresholds=0.2 * PATTERNS[0])
FIELD = np.array([0.3, 0.3, -0.3, 0.3, -0.3, -0.5, 0.3])  # classes of several spins, in both gauges
LOOSE = SpinNetwork(BIASED.couplings, BIASED.thresholds)  # the same network, to be enumerated
ADDRESS = Stream.of(11, "draws").at(np.arange(TRIALS), 0)


def chi_square_p_value(states, table):
    """Of the counts of all 2^N states against a table, whose last spin changes fastest."""
    n = states.shape[1]
    places = (states > 0) @ (1 << np.arange(n - 1, -1, -1))
    observed, expected = np.bincount(places, minlength=2**n), len(states) * table.probabilities
    assert expected.min() > 5, "too rare a state for chi-square"
    return float(chi2.sf(np.sum((observed - expected) ** 2 / expected), 2**n - 1))


@pytest.mark.parametrize("network", [BIASED, LOOSE], ids=["lumped", "enumerated"])
def test_draws_follow_the_law_and_not_its_neighbours(network):
    states = exact.boltzmann_law(network, temperature=4.0, field=FIELD).draw(ADDRESS)
    assert states.dtype == np.int8
    assert states.shape == (TRIALS, 7)
    table = boltzmann_table(network.couplings, 4.0, FIELD, network.thresholds)
    assert chi_square_p_value(states, table) > 1e-3
    means, spread = table.mean(table.states), np.sqrt((1 - table.mean(table.states) ** 2) / TRIALS)
    assert np.all(np.abs(states.mean(axis=0) - means) < 4 * spread)
    for wrong in (
        boltzmann_table(network.couplings, 4.4, FIELD, network.thresholds),
        boltzmann_table(network.couplings, 4.0, FIELD, 0.5 * network.thresholds),
    ):
        assert chi_square_p_value(states, wrong) < 1e-6


def test_draws_of_a_large_network_have_the_exact_mean_energy():
    patterns = np.random.default_rng(8).choice([-1, 1], size=(2, 300))
    network = hopfield(patterns, weights=[0.4, 0.6], scale="hopfield")
    field = 0.2 * patterns[0] + 0.05 * patterns[1]
    law = exact.boltzmann_law(network, temperature=0.9, field=field)
    energies = network.energy(law.draw(Stream.of(4, "large").at(np.arange(4000), 0)), field)
    error = energies.std() / np.sqrt(4000)
    assert abs(energies.mean() - law.mean_energy) < 4 * error
    other = exact.boltzmann_law(network, temperature=0.95, field=field)
    assert abs(energies.mean() - other.mean_energy) > 8 * error


@pytest.mark.parametrize("network", [BIASED, LOOSE], ids=["lumped", "enumerated"])
def test_a_trial_draws_from_its_own_address_alone(network, monkeypatch):
    law = exact.boltzmann_law(network, temperature=4.0, field=FIELD)
    stream, trials = Stream.of(3, "chunks"), np.arange(1000)
    whole = law.draw(stream.at(trials, 0))
    pieces = [law.draw(stream.at(trials[a:b], 0)) for a, b in [(0, 1), (1, 400), (400, 1000)]]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    np.testing.assert_array_equal(law.draw(stream.at(trials[::-1], 0)), whole[::-1])
    monkeypatch.setattr("neurothermo.exact.law.BLOCK", 64)
    np.testing.assert_array_equal(law.draw(stream.at(trials, 0)), whole)
    for other in (stream.at(trials, 1), Stream.of(4, "chunks").at(trials, 0), stream.at(trials + 1000, 0)):
        assert np.any(law.draw(other) != whole)
    assert law.draw(stream.at(trials[:0], 0)).shape == (0, 7)


@dataclass(frozen=True)
class Edge:
    """An address whose uniforms are all the same."""

    trials: np.ndarray
    value: float

    def uniforms(self, draws, first=0):
        return np.full((len(self.trials), draws), self.value)


@pytest.mark.parametrize("value", [2.0**-54, 1.0])
def test_the_ends_of_the_unit_interval_give_states_that_can_be(value):
    law = exact.boltzmann_law(chen(), temperature=0.01, field=TWO)
    np.testing.assert_array_equal(law.draw(Edge(np.arange(2), value)), [TWO, TWO])


# -- extremes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", [chen(), SpinNetwork(chen().couplings)], ids=["lumped", "enumerated"])
@pytest.mark.parametrize("temperature", [1e-2, 1e-9, 1e-300])
def test_very_cold(network, temperature):
    law = exact.boltzmann_law(network, temperature=temperature)
    assert law.mean_energy == pytest.approx(-82.6, rel=1e-14)  # pattern two and its negative
    assert law.entropy == pytest.approx(log(2), rel=1e-12)
    assert np.isfinite(law.log_partition)
    states = law.draw(Stream.of(1, "cold").at(np.arange(50), 0))
    assert set(np.abs(states @ TWO)) == {15}
    assert abs((states @ TWO).sum()) < 15 * 50
    biased = exact.boltzmann_law(network, temperature=temperature, field=0.1 * TWO)
    assert biased.entropy == pytest.approx(0, abs=1e-12)
    assert biased.entropy >= 0


def test_very_hot():
    assert exact.entropy(chen(), temperature=1e300).value == pytest.approx(15 * log(2), rel=1e-14)
    assert exact.partition(chen(), temperature=1e300).value == pytest.approx(2**15, rel=1e-12)


def test_a_temperature_below_rounding_is_said():
    assert exact.entropy(chen(), temperature=15).diagnostics == ()
    (sentence,) = exact.entropy(chen(), temperature=1e-9).diagnostics
    assert "rounded" in sentence


def test_a_partition_sum_too_large_for_a_float():
    huge = exact.partition(chen(), temperature=0.05)
    assert isnan(huge.value)
    assert all(isnan(bound) for bound in huge.interval)
    assert "details['log']" in huge.diagnostics[0]
    assert huge.details["log"] == pytest.approx(82.6 / 0.05 + log(2), rel=1e-12)


# -- results and refusals ----------------------------------------------------------------------------


def test_results_are_exact_estimates():
    table = boltzmann_table(chen().couplings, 15)
    for function, value, units in [
        (exact.partition, np.exp(table.log_partition), ""),
        (exact.free_energy, table.free_energy, "energy units"),
        (exact.mean_energy, table.mean_energy, "energy units"),
        (exact.entropy, table.entropy, "nats"),
    ]:
        result = function(chen(), temperature=15)
        assert result.value == pytest.approx(value, rel=1e-12)
        assert (result.kind, result.stderr, result.units) == ("exact", 0.0, units)
        assert result.interval == (result.value, result.value)
        assert (result.temperature, result.method) == (15.0, "lumped, 72 states")
        assert result.details["route"] == "lumped"
        assert result.details["states"] == 72
    log_partition = exact.partition(chen(), temperature=15).details["log"]
    assert log_partition == pytest.approx(table.log_partition, rel=1e-13)
    assert exact.entropy(SpinNetwork(chen().couplings), temperature=15).method == "enumeration of 2^15 states"
    difference = exact.free_energy_difference(chen(), [ONE, TWO], temperature=15)
    between = difference.details["last"] - difference.details["first"]
    assert between == pytest.approx(difference.value, abs=1e-12)
    assert str(difference) == "-0.8849516886 (energy units, kT = 15; lumped, 72 states)"
    assert difference.in_kT().value == pytest.approx(difference.value / 15)


RECURRENT = hopfield([ONE, TWO], crossover=0.5)
OVERFLOWING = SpinNetwork([[0, 1e308], [1e308, 0]])
MISLABELLED = SpinNetwork(chen().couplings, patterns=PatternCouplings(np.array([ONE]), np.eye(1)))
LARGE = hopfield(np.random.default_rng(0).choice([-1, 1], size=(2, 200)))


@pytest.mark.parametrize(
    ("system", "arguments", "words"),
    [
        (random_network(21), {}, ["2^21", "N = 21", "limit N = 20", "no patterns"]),
        (LARGE, {"field": np.arange(200.0)}, ["N = 200", "2^200.0", "limit 2^22", "simulation"]),
        (RECURRENT, {}, ["no equilibrium", "not symmetric"]),
        (MISLABELLED, {}, ["patterns must give the network's couplings"]),
        (OVERFLOWING, {"field": [1e308, 1e308]}, ["energies that a float can hold"]),
        (chen(), {"temperature": np.full(15, 2.0)}, ["temperature must be one number", "15 neurons"]),
        (chen(), {"temperature": 0}, ["temperature must be positive"]),
        (chen(), {"temperature": None}, ["temperature must be one number"]),
        (chen(), {"temperature": [1.0, 2.0]}, ["temperature must have shape (15,)"]),
        (chen(), {"field": ONE[:3]}, ["field must have shape (15,), got (3,)"]),
        (chen(), {"field": np.r_[ONE[:14], np.nan]}, ["field must be finite"]),
        (chen().couplings, {}, ["system must be a SpinNetwork, got ndarray"]),
    ],
)
def test_refusals(system, arguments, words):
    numbers = (exact.partition, exact.free_energy, exact.mean_energy, exact.entropy)
    for function in (*numbers, exact.boltzmann_law):
        with pytest.raises(InputError) as refusal:
            function(system, **{"temperature": 15, **arguments})
        for word in words:
            assert word in str(refusal.value)


def test_refusals_of_a_protocol_and_of_states():
    with pytest.raises(InputError, match="protocol must drive the network's 15 neurons, got fields of"):
        exact.free_energy_difference(chen(), np.zeros((3, 14)), temperature=15)
    with pytest.raises(InputError, match="system must be a SpinNetwork"):
        exact.free_energy_difference(None, np.zeros((3, 14)), temperature=15)
    law = exact.boltzmann_law(chen(), temperature=15)
    with pytest.raises(InputError, match="states must hold -1 and \\+1"):
        law.log_probability(np.zeros((1, 15)))
    with pytest.raises(InputError, match="states must have shape"):
        law.log_probability(np.ones((1, 14)))


def test_feasibility():
    assert exact.is_feasible(chen())
    assert exact.is_feasible(LARGE)
    assert exact.is_feasible(random_network(20))
    assert not exact.is_feasible(random_network(21))
    assert not exact.is_feasible(LARGE, field=np.arange(200.0))
    assert not exact.is_feasible(RECURRENT)
    with pytest.raises(InputError, match="field must have shape"):
        exact.is_feasible(chen(), field=ONE[:3])
