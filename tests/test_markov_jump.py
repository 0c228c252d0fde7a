"""Markov jump processes: closed forms, NumPy and SciPy on whole matrices, and identities on random chains."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm, null_space
from scipy.sparse import csc_array

from neurothermo import InputError
from neurothermo.processes.jump import MarkovJump
from neurothermo.processes.jump_law import eliminated, factored


def ring(size=4, forth=2.0, back=1.0):
    rates = np.zeros((size, size))
    for i in range(size):
        rates[(i + 1) % size, i], rates[(i - 1) % size, i] = forth, back
    return rates


def random_rates(size, seed, missing=0.3):
    """Connected both ways along a path, other pairs of states at random; rates over three decades."""
    rng = np.random.default_rng(seed)
    joined = np.triu(rng.random((size, size)) > missing, 1) | np.eye(size, k=1, dtype=bool)
    return np.exp(rng.normal(0, 1.5, (size, size))) * (joined | joined.T)


def balanced_rates(size, seed):
    """w_ij = s_ij exp((E_j - E_i) / 2) with symmetric s."""
    rng = np.random.default_rng(seed)
    rates = random_rates(size, seed)
    energy = rng.normal(0, 2, size)
    return (rates + rates.T) * np.exp((energy[None] - energy[:, None]) / 2), energy


def generator(rates):
    return rates - np.diag(rates.sum(axis=0))


def kernel(rates):
    """The stationary law by NumPy's null space."""
    law = null_space(generator(rates), rcond=1e-13)[:, 0]
    return law / law.sum()


def schnakenberg(rates, law):
    """Double loop over pairs of states."""
    total = 0.0
    for i in range(len(law)):
        for j in range(i):
            a, b = rates[i, j] * law[j], rates[j, i] * law[i]
            total += (a - b) * np.log(a / b) if a else 0.0
    return total


chains = st.tuples(st.integers(2, 9), st.integers(0, 10**6))

# -- the stationary state ------------------------------------------------------------------------------------------


def test_four_states_on_a_ring():
    process = MarkovJump(ring())
    np.testing.assert_allclose(process.stationary(), 0.25, rtol=1e-15)
    found = process.entropy_production()
    assert found.value == pytest.approx(0.6931471806, abs=1e-10) and found.kind == "exact" and found.stderr == 0
    assert found.units == "nats per unit time" and found.details["flow"] == pytest.approx(np.log(2), rel=1e-13)
    assert process.entropy_flow().value == pytest.approx(np.log(2), rel=1e-13)
    assert float(process.entropy_production_map().total) == pytest.approx(np.log(2), rel=1e-13)


@settings(max_examples=40, deadline=None)
@given(chains)
def test_the_law_is_that_of_the_null_space_by_every_route(chain):
    rates = random_rates(*chain)
    process = MarkovJump(rates)
    np.testing.assert_allclose(process.stationary(), kernel(rates), rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(factored(process.edges), eliminated(process.edges), rtol=1e-9)
    np.testing.assert_allclose(MarkovJump(csc_array(rates)).stationary(), process.stationary(), rtol=1e-13)


def test_elimination_keeps_the_digits_of_rare_states():
    """Up 1e-12, down 1: probabilities fall by twelve decades a state."""
    size = 12
    rates = np.diag(np.full(size - 1, 1e-12), -1) + np.diag(np.ones(size - 1), 1)
    exact = 1e-12 ** np.arange(size)
    np.testing.assert_allclose(MarkovJump(rates).stationary(), exact / exact.sum(), rtol=1e-14)


def test_large_chains_go_by_balance_or_by_factors():
    size = 700
    rng = np.random.default_rng(1)
    energy = rng.normal(0, 1, size)
    shift = np.exp((energy[None] - energy[:, None]) / 2)
    path = np.eye(size, k=1) + np.eye(size, k=-1)
    process = MarkovJump(csc_array(path * shift))
    boltzmann = np.exp(-energy) / np.exp(-energy).sum()
    np.testing.assert_allclose(process.stationary(), boltzmann, rtol=1e-10)
    assert process.steady.route == "detailed balance" and process.is_equilibrium()
    driven = MarkovJump(csc_array(ring(size, 3.0, 1.0)))
    np.testing.assert_allclose(driven.stationary(), 1 / size, rtol=1e-9)
    assert driven.steady.route == "sparse factors"
    assert driven.entropy_production().value == pytest.approx(2 * np.log(3), rel=1e-9)


def test_states_that_are_left_for_good_have_no_weight():
    rates = np.zeros((4, 4))
    rates[1, 0] = rates[2, 1] = rates[3, 2] = rates[1, 3] = 1.0
    process = MarkovJump(rates)
    np.testing.assert_allclose(process.stationary(), [0, 1 / 3, 1 / 3, 1 / 3])
    assert not process.has_energy
    trap = MarkovJump([[0, 0], [3.0, 0]])
    np.testing.assert_array_equal(trap.stationary(), [0, 1])
    assert trap.entropy_production().value == 0 and "left for good" in trap.why_no_energy


# -- irreversibility -----------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(chains)
def test_production_of_random_chains(chain):
    rates = random_rates(*chain)
    process = MarkovJump(rates)
    found, cycles = process.entropy_production(), process.cycles()
    exact = schnakenberg(rates, kernel(rates))
    assert found.value >= 0
    assert found.value == pytest.approx(exact, rel=1e-7, abs=1e-10)
    assert found.details["flow"] == pytest.approx(found.value, rel=1e-8, abs=1e-10)
    assert float(cycles.total) == pytest.approx(found.value, rel=1e-8, abs=1e-10)
    assert cycles.sizes["cycle"] == np.count_nonzero(rates) // 2 - len(rates) + 1
    assert np.all(cycles.current >= 0)
    tree = cycles.sizes["cycle"] == 0
    assert bool(process.is_equilibrium()) == tree == (found.value < 1e-20)
    currents = process.currents()
    np.testing.assert_allclose(currents, -currents.T)
    np.testing.assert_allclose(currents.sum(axis=1), 0, atol=1e-13 * rates.max())


@settings(max_examples=40, deadline=None)
@given(chains)
def test_balanced_chains_produce_nothing(chain):
    rates, energy = balanced_rates(*chain)
    process = MarkovJump(rates)
    boltzmann = np.exp(-energy) / np.exp(-energy).sum()
    np.testing.assert_allclose(process.stationary(), boltzmann, rtol=1e-10)
    assert process.entropy_production().value < 1e-20 * rates.max()
    assert process.is_equilibrium() and process.has_energy
    gap = process.energy(np.arange(len(rates))[:, None]) - energy
    np.testing.assert_allclose(gap, gap[0], atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 9), st.integers(0, 10**6), st.floats(1e-6, 1.0))
def test_one_rate_off_balance_is_found(size, seed, push):
    rates, energy = balanced_rates(size, seed)
    for i, j in ((0, 1), (1, 2), (0, 2)):  # a balanced triangle is there, then one of its rates is not
        rates[i, j], rates[j, i] = np.exp((energy[j] - energy[i]) / 2), np.exp((energy[i] - energy[j]) / 2)
    assert MarkovJump(rates).is_equilibrium()
    rates[2, 0] *= np.exp(push)
    process = MarkovJump(rates)
    verdict = process.is_equilibrium()
    assert verdict.passed is False and "->" in verdict.details["path"]
    assert process.entropy_production().value > 0


def test_the_worst_cycle_is_named():
    rates = ring(3, 1.0, 1.0)
    rates[1, 0] = np.exp(0.7)
    verdict = MarkovJump(rates).is_equilibrium()
    assert verdict.slope == pytest.approx(0.7) and verdict.details["path"] in (
        "0 -> 1 -> 2 -> 0", "1 -> 2 -> 0 -> 1", "2 -> 0 -> 1 -> 2"
    )  # fmt: skip


def test_cycles_close_and_their_affinities_are_those_of_their_paths():
    rates = random_rates(7, 3)
    for cycle in MarkovJump(rates).cycles().transpose("cycle", ...).cycle.values:
        found = MarkovJump(rates).cycles().isel(cycle=cycle)
        states = [int(state) for state in str(found.path.values).split(" -> ")]
        assert states[0] == states[-1] and len(set(states)) == len(states) - 1
        steps = list(pairwise(states))
        affinity = sum(np.log(rates[j, i] / rates[i, j]) for i, j in steps)
        assert float(found.affinity) == pytest.approx(affinity, rel=1e-10)


def test_a_one_way_transition_costs_infinitely_much_and_says_so():
    rates = ring(3)
    rates[2, 1] = 0.0  # 1 -> 2 is cut, 2 -> 1 happens
    found = MarkovJump(rates).entropy_production()
    assert found.value == np.inf and "from 2 to 1" in found.diagnostics[0]
    assert MarkovJump(rates).entropy_flow().value == np.inf
    assert MarkovJump(rates).is_equilibrium().passed is False
    with pytest.raises(InputError, match="from 2 to 1"):
        MarkovJump(rates).cycles()


def test_an_input_deepens_states_and_leaves_affinities_alone():
    rates, field = random_rates(5, 8), np.array([0.3, -1.0, 2.0, 0.0, 0.7])
    process = MarkovJump(rates)
    np.testing.assert_allclose(process.stationary(field), kernel(rates * np.exp(-field)), rtol=1e-9)
    np.testing.assert_allclose(process.under(field).stationary(), process.stationary(field), rtol=1e-12)
    assert process.under(field).is_equilibrium().slope == pytest.approx(process.is_equilibrium().slope)


# -- transients ----------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(chains, st.floats(1e-3, 30.0))
def test_transients_against_the_matrix_exponential(chain, time):
    rates = random_rates(*chain)
    start = np.random.default_rng(chain[1]).dirichlet(np.ones(len(rates)))
    found = MarkovJump(rates).transient(start, [0.0, time])
    np.testing.assert_allclose(found.p.values[1], expm(generator(rates) * time) @ start, atol=1e-11)
    kept = kernel(rates)
    for name, row in (("first", 0), ("last", 1)):
        one = {key: float(found[key][row]) for key in found if found[key].dims == ("time",)}
        law, size = found.p.values[row], abs(one["flow"]) + one["total"]
        assert one["total"] == pytest.approx(schnakenberg(rates, law), rel=1e-9, abs=1e-12 * size), name
        assert one["total"] == pytest.approx(one["housekeeping"] + one["excess"], rel=1e-8, abs=1e-9), name
        assert one["total"] == pytest.approx(one["shannon_rate"] + one["flow"], rel=1e-8, abs=1e-9), name
        assert one["housekeeping"] >= -1e-10 and one["excess"] >= -1e-10 and one["total"] >= 0
        assert one["entropy"] == pytest.approx(-np.sum(law * np.log(law)))
        assert one["divergence"] == pytest.approx(np.sum(law * np.log(law / kept)), abs=1e-9)


def test_rates_of_entropy_and_divergence_are_derivatives():
    process, step = MarkovJump(random_rates(6, 2)), 1e-4
    start = np.random.default_rng(1).dirichlet(np.ones(6))
    found = process.transient(start, [0.3 - step, 0.3, 0.3 + step])
    slopes = {name: float(found[name][2] - found[name][0]) / (2 * step) for name in ("entropy", "divergence")}
    assert float(found.shannon_rate[1]) == pytest.approx(slopes["entropy"], rel=1e-5)
    assert float(found.excess[1]) == pytest.approx(-slopes["divergence"], rel=1e-5)
    assert float(found.excess[1]) != pytest.approx(-slopes["entropy"], rel=1e-2)


def test_a_large_chain_moves_as_its_matrix_does():
    size = 300
    rates = ring(size, 2.0, 0.5)
    rates += np.diag(np.linspace(0, 3, size - 1), 1)
    start = np.zeros(size)
    start[150] = 1.0
    found = MarkovJump(csc_array(rates)).transient(start, [40.0, 2.0])
    for row, time in enumerate((40.0, 2.0)):
        np.testing.assert_allclose(found.p.values[row], expm(generator(rates) * time) @ start, atol=1e-12)
    with pytest.raises(InputError, match="times must be shorter"):
        MarkovJump(rates).transient(start, [1e8])


def test_a_point_start_and_a_stiff_chain():
    rates = ring(4)
    found = MarkovJump(rates).transient([1, 0, 0, 0], [0.0, 1e6])
    assert np.isinf(found.total[0]) and np.isinf(found.excess[0]) and float(found.entropy[0]) == 0
    assert float(found.total[1]) == pytest.approx(np.log(2), rel=1e-12)
    fast = np.array([[0, 1e9, 1.0], [2e9, 0, 0], [1e-3, 0, 0]])
    law = MarkovJump(fast).transient([0, 0, 1.0], [2.0]).p.values[0]
    slow = 1e-3 / 3  # the fast pair is one state, a third of it state 0
    assert law[2] == pytest.approx((slow + np.exp(-2 * (1 + slow))) / (1 + slow), rel=1e-7)


# -- information flows ---------------------------------------------------------------------------------------------


def bipartite(sizes, seed):
    """Random rates between states that differ in one subsystem."""
    rng = np.random.default_rng(seed)
    labels = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1)
    near = (labels[:, None] != labels[None]).sum(axis=2) == 1
    return np.exp(rng.normal(size=near.shape)) * near, labels


def mutual_information(law):
    """Of an array of joint probabilities."""
    parts = [law.sum(axis=tuple(k for k in range(law.ndim) if k != one)) for one in range(law.ndim)]
    product = parts[0]
    for part in parts[1:]:
        product = np.multiply.outer(product, part)
    return np.sum(law * np.log(law / product))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([(2, 2), (3, 2), (2, 3, 2)]), st.integers(0, 10**6))
def test_information_flows_and_local_second_laws(sizes, seed):
    rates, labels = bipartite(sizes, seed)
    process = MarkovJump(rates)
    law = np.random.default_rng(seed).dirichlet(np.ones(len(rates)))
    found = process.information_flows(sizes, law)
    drift, step = generator(rates) @ law, 1e-6
    moved = [mutual_information((law + sign * step * drift).reshape(sizes)) for sign in (1, -1)]
    slope = (moved[0] - moved[1]) / (2 * step)
    assert float(found.information_rate) == pytest.approx(slope, rel=1e-5, abs=1e-6)
    assert np.all(found.production >= 0)
    second = found.shannon_rate + found.flow - found.information_flow
    np.testing.assert_allclose(found.production, second, rtol=1e-9, atol=1e-10)
    assert float(found.production.sum()) == pytest.approx(schnakenberg(rates, law), rel=1e-10)
    steady = process.information_flows(labels)
    assert float(steady.information_rate) == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(steady.shannon_rate, 0, atol=1e-9)


def test_a_jump_that_changes_two_subsystems_is_named():
    rates, _ = bipartite((2, 2), 0)
    rates[3, 0] = 1.0
    with pytest.raises(InputError, match=r"from 0 \(0, 0\) to 3 \(1, 1\) changes subsystems 0 and 1"):
        MarkovJump(rates).information_flows((2, 2))
    with pytest.raises(InputError, match="product is 4"):
        MarkovJump(rates).information_flows((2, 3))
    with pytest.raises(InputError, match="tell all states apart"):
        MarkovJump(rates).information_flows([[0, 0], [0, 0], [1, 0], [1, 1]])


# -- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rates", "sentence"),
    [
        ([[0, 1, 2], [1, 0, 1]], "square"),
        ([[0.0]], "at least 2 states"),
        ([[0, 1], [-0.3, 0]], r"rates\[1, 0\] = -0.3"),
        ([[0, np.nan], [1, 0]], "finite"),
        ([[-1, 1], [2, -2]], "transposed"),
        ([[-1, 1], [2, -1]], "sum of 1 in column 0"),
        (csc_array([[0, 1.0], [-2.0, 0]]), r"rates\[1, 0\] = -2"),
        ("fast", "array of numbers"),
    ],
)
def test_bad_rates_are_refused(rates, sentence):
    with pytest.raises(InputError, match=sentence):
        MarkovJump(rates)


def test_the_diagonal_is_filled_in_or_checked():
    rates = random_rates(5, 1)
    one, other = MarkovJump(rates), MarkovJump(generator(rates))
    np.testing.assert_allclose(one.rates, other.rates)
    np.testing.assert_allclose(one.rates.sum(axis=0), 0, atol=1e-13)
    assert one.digest == other.digest != MarkovJump(2 * rates).digest
    with pytest.raises(ValueError, match="read-only"):
        one.rates[0, 1] = 3.0


def test_chains_in_parts_name_them():
    rates = np.zeros((5, 5))
    rates[1, 0] = rates[0, 1] = rates[3, 2] = rates[2, 3] = rates[0, 4] = rates[2, 4] = 1.0
    process = MarkovJump(rates)
    for ask in (process.stationary, process.entropy_production, process.is_equilibrium, process.cycles):
        with pytest.raises(InputError, match=r"\{0, 1\} and \{2, 3\}"):
            ask()
    assert not process.has_energy and "2 sets of states" in process.why_no_energy


def test_bad_laws_and_times_are_refused():
    process = MarkovJump(ring())
    for law, sentence in (([0.5, 0.5], "shape"), ([0.5, 0.6, 0, 0], "sum to 1"), ([1.5, -0.5, 0, 0], "negative")):
        with pytest.raises(InputError, match=sentence):
            process.transient(law, [1.0])
    with pytest.raises(InputError, match="times must not be negative"):
        process.transient([1, 0, 0, 0], [-1.0])
    with pytest.raises(InputError, match="within 300 kT"):
        process.stationary([0, 0, 0, 1e3])
