"""Entropy production of stationary states: printed oracles, dense edges, attribution, balances of moving laws."""

from itertools import pairwise
from math import isnan, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurothermo import Glauber, InputError, SpinNetwork
from neurothermo.exact import (
    entropy_balance,
    entropy_production,
    entropy_production_map,
    stationary,
    stationary_law,
)
from oracles.steady_states import chen, kept, random_couplings, schnakenberg, sweep_production
from oracles.transfer import mean_flow, site_matrix, step_matrix

ORDERS = ("random", "sequential", "parallel")
FIELD = np.array([0.3, -0.2, 0.1, 0.4, -0.5])
ALPHAS = (0, 0.1, 0.2, 0.5, 1)


def sparse_network(n, inputs=6, seed=42):
    """The network that speed is measured on: about six inputs a neuron, couplings rounded to float32."""
    r = np.random.RandomState(seed)
    couplings = r.randn(n, n) * (r.rand(n, n) < inputs / (n - 1)) / np.sqrt(inputs)
    couplings = couplings.astype(np.float32).astype(float)
    np.fill_diagonal(couplings, 0)
    return SpinNetwork(couplings)


# -- printed values ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "ups", "beta", "printed"),
    [
        (4, 2, 1 / 2, (0, 0.0034209194, 0.0137958323, 0.0888272672, 0.3384053866)),
        (5, 3, 1 / 5, (0, 0.0010490113, 0.0041834069, 0.0253140350, 0.0914000284)),
        (6, 3, 1 / 15, (0, 0.0001486085, 0.0005937545, 0.0036818476, 0.0143433492)),
    ],
)
def test_per_attempt_against_asymmetry(n, ups, beta, printed):
    for alpha, value in zip(ALPHAS, printed, strict=True):
        found = entropy_production(SpinNetwork(chen(n, alpha, ups)), Glauber(), temperature=1 / beta)
        assert round(found.value, 10) == value
        assert found.units == "nats per attempt" and found.kind == "exact" and found.stderr == 0


@pytest.mark.parametrize(
    ("order", "units", "printed", "digits"),
    [
        ("parallel", "nats per step", (0, 0.0184539, 0.0756851, 0.5426551, 2.6562955), 7),
        ("sequential", "nats per sweep", (0, 0.0247696531, 0.1005721038, 0.6794164096, 3.0439836268), 10),
    ],
)
def test_per_step_and_per_sweep_against_asymmetry(order, units, printed, digits):
    for alpha, value in zip(ALPHAS, printed, strict=True):
        found = entropy_production(SpinNetwork(chen(4, alpha, 2)), Glauber(order=order), temperature=2)
        assert round(found.value, digits) == value and found.units == units


def test_a_sweep_is_not_schnakenberg_of_the_product_matrix():
    matrix = step_matrix(chen(4, 0.5, 2), np.zeros(4), 0.5, "sequential")
    assert round(schnakenberg(matrix, kept(chen(4, 0.5, 2), np.zeros(4), 0.5, "sequential")), 4) == 0.9817


@pytest.mark.parametrize("order", ORDERS)
def test_symmetric_couplings_at_one_temperature_produce_nothing(order):
    couplings = chen(5, 0, 3)
    found = entropy_production(SpinNetwork(couplings), Glauber(order=order), temperature=2, field=FIELD)
    assert abs(found.value) < 1e-14


# -- against dense matrices -------------------------------------------------------------------------


def dense_production(couplings, field, rule, beta=1.0):
    if rule.order == "sequential":
        return sweep_production(couplings, field, beta, rule.descending, rule.steepness)
    matrix = step_matrix(couplings, field, beta, rule.order, 1, rule.steepness)
    return schnakenberg(matrix, kept(couplings, field, beta, rule.order, steepness=rule.steepness))


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(2, 6),
    seed=st.integers(0, 10**6),
    scale=st.floats(0.1, 1.5),
    order=st.sampled_from(ORDERS),
    activation=st.sampled_from(["heat-bath", "as-printed"]),
    one_bath=st.booleans(),
)
def test_any_small_network_under_any_rule(n, seed, scale, order, activation, one_bath):
    rng = np.random.default_rng(seed)
    couplings, field = random_couplings(n, seed, scale), rng.normal(size=n) / 2
    temperature = 0.8 if one_bath else rng.uniform(0.5, 2, n)
    rule = Glauber(order=order, activation=activation)
    found = entropy_production(SpinNetwork(couplings), rule, temperature=temperature, field=field)
    beta = 1 / np.full(n, temperature)
    expected = dense_production(couplings * beta[:, None], field * beta, rule)
    assert found.value == pytest.approx(expected, rel=1e-9, abs=1e-11)


def test_baths_at_different_temperatures_produce_entropy_in_a_symmetric_network():
    temperature = np.array([0.5, 1, 1.5, 1, 1])
    found = entropy_production(SpinNetwork(chen(5, 0, 3)), Glauber(), temperature=temperature)
    scaled = chen(5, 0, 3) / temperature[:, None]
    assert found.value > 1e-4
    assert found.value == pytest.approx(dense_production(scaled, np.zeros(5), Glauber()), rel=1e-9)


def test_descending_sweeps():
    couplings, rule = random_couplings(5, 2), Glauber(order="sequential", descending=True)
    found = entropy_production(SpinNetwork(couplings), rule, temperature=1, field=FIELD)
    assert found.value == pytest.approx(dense_production(couplings, FIELD, rule), rel=1e-9)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("wrong", [{"temperature": 1.01}, {"field": 1.1 * FIELD}])
def test_and_notices_a_wrong_temperature_and_a_wrong_input(order, wrong):
    couplings, rule = random_couplings(5, 2), Glauber(order=order)
    found = entropy_production(SpinNetwork(couplings), rule, **{"temperature": 1, "field": FIELD, **wrong})
    assert found.value != pytest.approx(dense_production(couplings, FIELD, rule), rel=1e-4)


def test_clocks_are_named_and_converted():
    network = SpinNetwork(random_couplings(5, 2))
    attempt = entropy_production(network, Glauber(attempts=3), temperature=1)
    assert attempt.details["per_attempt"] == attempt.value == attempt.details["per_sweep"] / 5
    assert attempt.details["per_step"] == 3 * attempt.value
    assert attempt.to("bits").units == "bits per attempt"
    assert attempt.to("bits").value == pytest.approx(attempt.value / log(2))
    sweep = entropy_production(network, Glauber(order="sequential"), temperature=1)
    assert sweep.details["per_attempt"] == sweep.value / 5
    twice = entropy_production(network, Glauber(order="sequential", attempts=10), temperature=1)
    assert twice.units == "nats per step" and twice.value == pytest.approx(2 * sweep.value, rel=1e-9)
    assert sweep.details["residual"] < 1e-10


def test_a_law_that_is_known_is_not_solved_again():
    network = SpinNetwork(random_couplings(5, 2))
    solved = stationary_law(network, Glauber(), temperature=1)
    given = [entropy_production(network, Glauber(), temperature=1, law=law) for law in (solved, solved.probabilities)]
    assert given[0].value == given[1].value == entropy_production(network, Glauber(), temperature=1).value
    moving = entropy_production(network, Glauber(), temperature=1, law=np.full(32, 1 / 32))
    assert "not stationary" in moving.diagnostics[0]


def test_a_metastable_network_has_no_entropy_production():
    couplings = np.ones((14, 14)) / 14 + 1e-3 * np.random.default_rng(0).normal(size=(14, 14))
    np.fill_diagonal(couplings, 0)
    found = entropy_production(SpinNetwork(couplings), Glauber(), temperature=0.05, field=np.full(14, 0.003))
    assert isnan(found.value) and "metastable" in found.diagnostics[0]
    table = entropy_production_map(SpinNetwork(couplings), Glauber(), temperature=0.05, field=np.full(14, 0.003))
    assert np.all(np.isnan(table.value)) and np.all(np.isnan(table.pair)) and "metastable" in table.attrs["why"]


# -- larger networks --------------------------------------------------------------------------------


def test_sixteen_neurons_under_both_single_neuron_orders():
    """No dense matrix: the law of one more tick, and the sum over couplings, must give the same number."""
    network = sparse_network(16)
    for rule in (Glauber(), Glauber(order="sequential")):
        table = entropy_production_map(network, rule, temperature=0.5)
        assert float(table.pair.sum()) == pytest.approx(float(table.total), abs=1e-10)
        assert np.all(np.abs(table.input) < 1e-10)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "printed", "digits"), [(20, 0.646762635268, 11), (22, 0.8196165950945, 11)])
def test_a_million_states_and_four(n, printed, digits):
    found = entropy_production(sparse_network(n), Glauber(), temperature=0.5)
    assert abs(found.value - printed) < 10.0**-digits


# -- attribution ------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
def test_neurons_and_pairs_sum_to_the_total(order):
    network, rule = SpinNetwork(random_couplings(5, 4)), Glauber(order=order)
    found = entropy_production_map(network, rule, temperature=1, field=FIELD)
    total = entropy_production(network, rule, temperature=1, field=FIELD).value
    assert float(found.total) == pytest.approx(total, rel=1e-12)
    assert float(found.value.sum()) == pytest.approx(total, rel=1e-10)
    assert float(found.pair.sum()) == pytest.approx(total, rel=1e-9)
    assert np.allclose(found.pair.sum("source") + found.input, found.value, atol=1e-9)
    assert np.all(np.abs(found.input) < 1e-9)


@pytest.mark.parametrize("order", ["random", "sequential"])
def test_each_neuron_carries_the_flow_of_its_own_moves(order):
    couplings = random_couplings(5, 4)
    found = entropy_production_map(SpinNetwork(couplings), Glauber(order=order), temperature=1, field=FIELD)
    law = kept(couplings, FIELD, 1, order)
    for site in range(5):
        matrix = site_matrix(couplings, FIELD, 1, site)
        there = (matrix > 0) & (matrix.T > 0)
        ratio = np.log(np.where(there, matrix, 1) / np.where(there, matrix.T, 1))
        expected = np.sum(matrix * law * ratio) / (5 if order == "random" else 1)
        assert float(found.value[site]) == pytest.approx(expected, abs=1e-9)
        law = matrix @ law if order == "sequential" else law


def test_only_the_asymmetry_of_a_pair_counts():
    couplings = chen(5, 0, 3)
    couplings[0, 1] += 0.5
    pair = entropy_production_map(SpinNetwork(couplings), Glauber(), temperature=2, field=FIELD).pair.values
    both = np.abs(pair + pair.T)
    assert both[0, 1] > 1e-3
    both[[0, 1], [1, 0]] = 0
    assert both.max() < 1e-10


# -- laws that move ---------------------------------------------------------------------------------


def any_law(n, seed=0):
    law = np.random.default_rng(seed).random(2**n)
    return law / law.sum()


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 5),
    seed=st.integers(0, 10**6),
    order=st.sampled_from(ORDERS),
    one_bath=st.booleans(),
    pure=st.booleans(),
)
def test_the_balance_of_any_law(n, seed, order, one_bath, pure):
    rng = np.random.default_rng(seed)
    couplings, field = random_couplings(n, seed), rng.normal(size=n) / 2
    temperature = 0.8 if one_bath else rng.uniform(0.5, 2, n)
    law = np.eye(2**n)[rng.integers(2**n)] if pure else any_law(n, seed)
    found = entropy_balance(
        SpinNetwork(couplings), Glauber(order=order), law, temperature=temperature, field=field
    )  # fmt: skip
    assert np.allclose(found.total, found.shannon_change + found.flow, atol=1e-10)
    assert np.allclose(found.total, found.housekeeping + found.excess, atol=1e-10)
    assert np.all(found.total > -1e-12) and np.all(found.excess > -1e-8)
    if order != "sequential":
        assert found.housekeeping > -1e-8
        beta = 1 / np.full(n, temperature)
        expected = mean_flow(couplings * beta[:, None], field * beta, 1, order, law)
        assert float(found.flow) == pytest.approx(expected, rel=1e-9, abs=1e-10)


@pytest.mark.parametrize("order", ["random", "parallel"])
def test_the_split_is_that_of_the_transition_matrix(order):
    couplings, law = random_couplings(4, 7), any_law(4)
    found = entropy_balance(SpinNetwork(couplings), Glauber(order=order), law, temperature=1, field=FIELD[:4])
    matrix, kept_law = step_matrix(couplings, FIELD[:4], 1, order, 1), kept(couplings, FIELD[:4], 1, order)
    after = matrix @ law
    there = (matrix > 0) & (matrix.T > 0)
    ratio = np.log(np.where(there, matrix, 1) / np.where(there, matrix.T, 1))
    weights = matrix * law
    housekeeping = np.sum(weights * (ratio + np.where(there, np.log(kept_law)[None] - np.log(kept_law)[:, None], 0)))
    total = np.sum(weights * (ratio + np.where(there, np.log(law)[None] - np.log(after)[:, None], 0)))
    assert float(found.housekeeping) == pytest.approx(housekeeping, abs=1e-10)
    assert float(found.total) == pytest.approx(total, abs=1e-12)


def test_a_stationary_law_only_keeps_house():
    network, rule = SpinNetwork(random_couplings(5, 4)), Glauber(order="parallel")
    law = stationary(network, rule, temperature=1, field=FIELD)
    found = entropy_balance(network, rule, law, temperature=1, field=FIELD)
    production = entropy_production(network, rule, temperature=1, field=FIELD).value
    assert float(found.housekeeping) == pytest.approx(production, abs=1e-10)
    assert abs(float(found.excess)) < 1e-10 and abs(float(found.shannon_change)) < 1e-10


def test_a_sweep_from_its_periodic_law_sums_to_its_production():
    network, rule = SpinNetwork(random_couplings(5, 4)), Glauber(order="sequential")
    law = stationary(network, rule, temperature=1, field=FIELD)
    found = entropy_balance(network, rule, law, temperature=1, field=FIELD)
    production = entropy_production(network, rule, temperature=1, field=FIELD).value
    assert found.sizes == {"attempt": 5}
    assert float(found.housekeeping.sum()) == pytest.approx(production, abs=1e-10)
    assert np.all(np.abs(found.excess) < 1e-10)


def test_a_state_that_the_stationary_law_has_lost_says_so():
    network = SpinNetwork(1e3 * (np.ones((3, 3)) - np.eye(3)))
    found = entropy_balance(network, Glauber(), np.full(8, 1 / 8), temperature=1)
    assert np.isnan(found.excess) and "below what a float can hold" in found.attrs["why"]
    assert float(found.total) == float(found.shannon_change + found.flow)


def test_excess_adds_up_to_the_distance_relaxed():
    """Over many steps the excess sums to the divergence from the stationary law."""
    network, rule = SpinNetwork(random_couplings(4, 9)), Glauber(order="parallel")
    matrix = step_matrix(random_couplings(4, 9), np.zeros(4), 1, "parallel")
    laws = [np.eye(16)[3]]
    for _ in range(30):
        laws.append(matrix @ laws[-1])
    excess = [float(entropy_balance(network, rule, law, temperature=1).excess) for law in laws[:-1]]
    assert sum(excess) == pytest.approx(-log(kept(random_couplings(4, 9), np.zeros(4), 1, "parallel")[3]), abs=1e-6)
    assert all(one > two for one, two in pairwise(excess[:10]))


# -- bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("law", "sentence"),
    [
        (np.ones(16) / 16, r"law must have shape \(32,\), got \(16,\)"),
        (np.ones(32), "sum to 1, got a sum of 32"),
        (np.r_[-0.5, 1.5, np.zeros(30)], "law must hold probabilities"),
    ],
)
def test_a_law_that_is_none_is_refused(law, sentence):
    network = SpinNetwork(random_couplings(5, 0))
    with pytest.raises(InputError, match=sentence):
        entropy_balance(network, Glauber(), law, temperature=1)
    with pytest.raises(InputError, match=sentence):
        entropy_production(network, Glauber(), temperature=1, law=law)


@pytest.mark.slow
def test_the_same_bits_for_any_number_of_threads():
    import numba

    found, before = [], numba.get_num_threads()
    try:
        for threads in (1, before):
            numba.set_num_threads(threads)
            found.append(entropy_production(sparse_network(18), Glauber(), temperature=0.5).value)
    finally:
        numba.set_num_threads(before)
    assert found[0] == found[1]
