"""Stationary laws: printed oracles, dense solves, closed forms, and laws that cannot be known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from neurothermo import Glauber, InputError, SpinNetwork
from neurothermo.exact import stationary, stationary_law
from oracles import transfer
from oracles.steady_states import chen, kept, random_couplings

ORDERS = ("random", "sequential", "parallel")
FIELD = np.array([0.3, -0.2, 0.1, 0.4, -0.5])


def distance(law, other):
    """Total variation."""
    return 0.5 * float(np.abs(law - other).sum())


def boltzmann(couplings, field, temperature):
    return transfer.boltzmann(couplings, field, 1 / temperature)


# -- printed values ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "order", "to_bath", "to_twice"),
    [
        ("as-printed", "random", 0.3134390100, 0),
        ("as-printed", "sequential", 0.3134390100, 0),
        ("as-printed", "parallel", 0.4603262681, 0.1468872581),
        ("heat-bath", "random", 0, 0.3134390100),
        ("heat-bath", "sequential", 0, 0.3134390100),
        ("heat-bath", "parallel", 0.1947799805, 0.2341082514),
    ],
)
def test_which_law_each_rule_keeps(activation, order, to_bath, to_twice):
    couplings, field = chen(4, 0, 2), 0.3 * np.array([1, 1, -1, -1])
    law = stationary(SpinNetwork(couplings), Glauber(order=order, activation=activation), temperature=2, field=field)
    assert round(distance(law, boltzmann(couplings, field, 2)), 10) == to_bath
    assert round(distance(law, boltzmann(couplings, field, 4)), 10) == to_twice


@pytest.mark.parametrize(("alpha", "printed"), [(0.1, 0.0122), (0.2, 0.0347), (0.5, 0.1672), (1, 0.3419)])
def test_distance_to_the_law_of_symmetrised_couplings(alpha, printed):
    couplings = chen(4, alpha, 2)
    law = stationary(SpinNetwork(couplings), Glauber(), temperature=2)
    assert round(distance(law, boltzmann((couplings + couplings.T) / 2, np.zeros(4), 2)), 4) == printed


def test_parallel_order_keeps_the_law_of_little_and_peretto():
    couplings, field = chen(4, 0, 2), 0.3 * np.array([1, 1, -1, -1])
    states = 2.0 * ((np.arange(16)[:, None] >> np.arange(4)) & 1) - 1
    weights = np.exp(0.5 * states @ field) * np.prod(2 * np.cosh(0.5 * (states @ couplings + field)), axis=1)
    law = stationary(SpinNetwork(couplings), Glauber(order="parallel"), temperature=2, field=field)
    assert distance(law, weights / weights.sum()) < 1e-15


# -- against dense solves ---------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 6),
    seed=st.integers(0, 10**6),
    scale=st.floats(0.1, 1.5),
    order=st.sampled_from(ORDERS),
    activation=st.sampled_from(["heat-bath", "as-printed"]),
    one_bath=st.booleans(),
    symmetric=st.booleans(),
)
def test_any_small_network_under_any_rule(n, seed, scale, order, activation, one_bath, symmetric):
    rng = np.random.default_rng(seed)
    couplings = random_couplings(n, seed, scale)
    couplings = (couplings + couplings.T) / 2 if symmetric else couplings
    field, thresholds = rng.normal(size=(2, n)) / 2
    temperature = 0.8 if one_bath else rng.uniform(0.5, 2, n)
    rule = Glauber(order=order, activation=activation)
    found = stationary_law(SpinNetwork(couplings, thresholds), rule, temperature=temperature, field=field)
    beta = 1 / np.full(n, temperature)
    scaled, base = couplings * beta[:, None], (field - thresholds) * beta
    expected = kept(scaled, base, 1.0, order, steepness=rule.steepness)
    assert found.converged and found.accuracy < 1e-9
    assert distance(found.probabilities, expected) < 1e-10


@pytest.mark.parametrize(
    "rule", [Glauber(order="sequential", attempts=7), Glauber(order="sequential", descending=True)]
)
def test_sequential_steps_of_other_lengths_and_directions(rule):
    couplings = random_couplings(5, 1)
    order = "descending" if rule.descending else "sequential"
    expected = kept(couplings, FIELD, 1.0, order, rule.attempts)
    assert distance(stationary(SpinNetwork(couplings), rule, temperature=1, field=FIELD), expected) < 1e-11


def test_random_order_does_not_depend_on_the_attempts_of_a_step():
    network = SpinNetwork(random_couplings(5, 1))
    laws = [stationary(network, Glauber(attempts=m), temperature=1, field=FIELD) for m in (None, 1, 7)]
    assert np.array_equal(laws[0], laws[1]) and np.array_equal(laws[0], laws[2])


def test_sparse_couplings_and_many_blocks_agree_with_dense_ones_renumbered():
    """13 neurons fill several blocks; numbering them otherwise uses other tables."""
    rng = np.random.default_rng(5)
    couplings = random_couplings(13, 5) * (rng.random((13, 13)) < 0.3)
    field, order = rng.normal(size=13) / 3, rng.permutation(13)
    law = stationary(SpinNetwork(csr_array(couplings)), Glauber(), temperature=0.7, field=field)
    other = stationary(SpinNetwork(couplings[np.ix_(order, order)]), Glauber(), temperature=0.7, field=field[order])
    ups = (np.arange(2**13)[:, None] >> order) & 1  # bit k of the renumbered state: neuron order[k]
    assert distance(law, other[ups @ (1 << np.arange(13))]) < 1e-10
    assert distance(law, stationary(SpinNetwork(couplings), Glauber(), temperature=0.7, field=field)) < 1e-15


def test_the_reported_residual_is_that_of_the_law():
    couplings = random_couplings(5, 3)
    found = stationary_law(SpinNetwork(couplings), Glauber(order="parallel"), temperature=1, field=FIELD)
    error = np.abs(found.probabilities - kept(couplings, FIELD, 1.0, "parallel")).sum()
    assert found.residual < 3e-11 and error < found.accuracy and found.applications > 0


def test_and_notices_a_wrong_temperature():
    couplings = random_couplings(5, 3)
    law = stationary(SpinNetwork(couplings), Glauber(), temperature=1.01, field=FIELD)
    assert distance(law, kept(couplings, FIELD, 1.0, "random")) > 1e-4


# -- laws that cannot be known -----------------------------------------------------------------------


def ferromagnet(n, asymmetry=1e-3):
    """Nearly symmetric: Boltzmann does not apply."""
    couplings = np.ones((n, n)) / n + asymmetry * np.random.default_rng(0).normal(size=(n, n))
    np.fill_diagonal(couplings, 0)
    return couplings


def two_patterns(n, asymmetry=1e-3):
    two = np.r_[np.ones(n // 2), -np.ones(n - n // 2)]
    couplings = 0.5 * ferromagnet(n, asymmetry) + 0.5 * np.outer(two, two) / n
    np.fill_diagonal(couplings, 0)
    return couplings


@pytest.mark.parametrize("make", [ferromagnet, two_patterns])
@pytest.mark.parametrize("temperature", [0.0001, 0.002, 0.03, 0.06])
@pytest.mark.parametrize("order", ORDERS)
def test_a_metastable_network_has_no_law_and_a_sentence_says_why(make, temperature, order):
    n = 10 if order == "parallel" else 12
    field = np.full(n, 0.003)
    found = stationary_law(SpinNetwork(make(n)), Glauber(order=order), temperature=temperature, field=field)
    assert not found.converged and np.all(np.isnan(found.probabilities))
    assert "aise the temperature" in found.sentence


def test_a_small_residual_alone_would_have_passed_it():
    network = SpinNetwork(ferromagnet(14))
    found = stationary_law(network, Glauber(), temperature=0.2)
    assert found.residual < 1e-12 and found.gap < 1e-9 and not found.converged


def test_the_same_network_has_a_law_when_it_is_warm():
    couplings, field = ferromagnet(8), np.full(8, 0.01)
    found = stationary_law(SpinNetwork(couplings), Glauber(), temperature=0.4, field=field)
    assert found.converged and found.gap < 1e-2
    assert distance(found.probabilities, kept(couplings, field, 2.5, "random")) < found.accuracy


def test_symmetric_couplings_need_no_solver_however_cold():
    couplings = ferromagnet(10, asymmetry=0)
    found = stationary_law(SpinNetwork(couplings), Glauber(), temperature=0.01)
    assert found.method == "closed form (Boltzmann)" and found.converged
    assert found.probabilities[0] == pytest.approx(0.5) and found.probabilities[-1] == pytest.approx(0.5)


# -- bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"system": np.zeros((5, 5))}, "system must be a SpinNetwork, got ndarray"),
        ({"rule": "random"}, "rule must be a Glauber rule, got str"),
        ({"temperature": 0}, "temperature must be positive"),
        ({"temperature": [1, 2]}, r"temperature must have shape \(5,\)"),
        ({"field": np.zeros(4)}, r"field must have shape \(5,\), got \(4,\)"),
        ({"temperature": 1e-308, "field": FIELD * 1e5}, "got an overflow"),
        ({"rule": Glauber(order="sequential", attempts=3)}, "never moves 2 of 5 neurons"),
        (
            {"system": SpinNetwork(np.zeros((30, 30))), "field": None},
            "2.30 states, whose law takes 68.7 GB",
        ),
        ({"system": SpinNetwork(random_couplings(24, 0)), "field": None}, "need tables of 3.22 GB"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(arguments, sentence):
    given = {"system": SpinNetwork(random_couplings(5, 0)), "rule": Glauber(), "temperature": 1, "field": FIELD}
    given |= arguments
    with pytest.raises(InputError, match=sentence):
        stationary(given.pop("system"), given.pop("rule"), **given)
