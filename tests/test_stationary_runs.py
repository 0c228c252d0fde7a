"""Stationary and driven runs without an energy, against exact laws; with negative controls."""

import numpy as np
import pytest

from assertions import assert_within, mean_within
from neurothermo import (
    Glauber,
    InputError,
    SpinNetwork,
    entropy_production,
    exact,
    fluctuation,
    hold,
    hopfield,
    ramp,
    simulate,
    split_flow,
)
from neurothermo.exact import mean_field
from oracles import transfer

NET = hopfield([[1, 1, 1, 1], [1, 1, -1, -1]], weights=[0.2, 0.8], crossover=0.7)
TWO = np.array([1.0, 1.0, -1.0, -1.0])
DRIVE = np.arange(11)[:, None] / 10 * TWO


@pytest.mark.parametrize(
    "order, size",
    [("random", 4), ("sequential", 4), ("parallel", 4), ("random", 13), ("sequential", 13), ("parallel", 9)],
)
def test_simulated_entropy_production_is_the_exact_one(order, size):
    """Asymmetric, biased, fast; drawn exactly at N = 4, burnt in at N = 14."""
    rng = np.random.default_rng(3)
    couplings = rng.normal(0.1, 1.0, (size, size)) / np.sqrt(size)
    np.fill_diagonal(couplings, 0)
    net, field = SpinNetwork(couplings, rng.normal(size=size)), rng.normal(size=size)
    rule = Glauber(order=order)
    ledger = simulate(net, hold(field, 20), rule, temperature=0.8, trials=20_000, seed=1, initial="stationary")
    found = entropy_production(ledger)
    assert ("exactly" in ledger.attrs["initial_route"]) == (size == 4)
    true = exact.entropy_production(net, rule, temperature=0.8, field=field)
    assert found.units == true.units
    assert_within(found.value, found.stderr, true.value, resolution=0.2 * true.value)
    wrong = exact.entropy_production(net, rule, temperature=0.9, field=field)
    with pytest.raises(AssertionError):
        assert_within(found.value, found.stderr, wrong.value)


def test_entropy_production_wants_a_stationary_run():
    cases = [
        (simulate(NET, DRIVE, temperature=2.0, trials=10), "one input held"),
        (simulate(NET, 0, temperature=2.0, trials=10), "at least one step"),
        (simulate(NET, 5, temperature=2.0, trials=10, initial=np.ones(4)), "initial='stationary'"),
        (np.ones(3), "must be an xarray.Dataset"),
    ]
    for ledger, words in cases:
        with pytest.raises(InputError, match=words):
            entropy_production(ledger)


@pytest.mark.parametrize("rule", [Glauber(), Glauber(attempts=1), Glauber(order="parallel")], ids=str)
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_hatano_sasa_for_couplings_without_an_energy(rule, reverse):
    """<exp(-Y)> = 1 and <exp(-housekeeping)> = 1 for N = 4, alpha = 0.7, beta = 0.5, three steps."""
    protocol = ramp(0 * TWO, TWO, 3).reversed() if reverse else ramp(0 * TWO, TWO, 3)
    ledger = simulate(NET, protocol, rule, temperature=2.0, trials=50_000, seed=2, record="states")
    split = split_flow(ledger, NET, protocol, rule, temperature=2.0)
    mean_within(np.exp(-split.hatano_sasa), 1.0, resolution=0.05)
    mean_within(np.exp(-split.housekeeping_flow), 1.0, resolution=0.8)
    total = split.excess_flow + split.housekeeping_flow
    np.testing.assert_allclose(total.values, ledger.entropy_flow.values, atol=1e-12)
    assert fluctuation.check_hatano_sasa(split).passed
    assert fluctuation.check_integral(ledger).passed is not False
    assert split.housekeeping_flow.mean() > 4 * split.housekeeping_flow.std() / np.sqrt(50_000)
    with pytest.raises(AssertionError):  # the potentials of another temperature are not those of the run
        mean_within(np.exp(-split_flow(ledger, NET, protocol, rule, temperature=1.0).hatano_sasa), 1.0)


def test_at_equilibrium_excess_is_all_of_the_flow():
    net = hopfield([[1, 1, 1, 1], [1, 1, -1, -1]], weights=[0.2, 0.8])
    protocol = ramp(0 * TWO, TWO, 10)
    ledger = simulate(net, protocol, temperature=2.0, trials=500, seed=2, record="states")
    split = split_flow(ledger, net, protocol, temperature=2.0)
    change = exact.free_energy_difference(net, protocol, temperature=2.0)
    np.testing.assert_allclose(split.housekeeping_flow.values, 0, atol=1e-9)
    np.testing.assert_allclose(split.hatano_sasa.values, (ledger.work.values - float(change)) / 2.0, atol=1e-9)


def test_hatano_sasa_refuses_what_it_cannot_split():
    protocol = ramp(0 * TWO, TWO, 10)
    bare = simulate(NET, protocol, temperature=2.0, trials=10)
    kept = simulate(NET, protocol, temperature=2.0, trials=10, record="states")
    swept = simulate(NET, protocol, Glauber(order="sequential"), temperature=2.0, trials=10, record="states")
    for ledger, other, rule, words in [
        (bare, protocol, None, "states of every step"),
        (kept, ramp(0 * TWO, 2 * TWO, 10), None, "another protocol"),
        (kept, protocol, Glauber(attempts=2), "another protocol or rule"),
        (swept, protocol, Glauber(order="sequential"), "random or parallel order"),
    ]:
        with pytest.raises(InputError, match=words):
            split_flow(ledger, NET, other, rule, temperature=2.0)
    with pytest.raises(InputError, match="housekeeping_flow"):
        fluctuation.check_hatano_sasa(kept, of="housekeeping")


def test_total_entropy_production_of_an_asymmetric_network_keeps_its_integral_theorem():
    ledger = simulate(NET, 2 * DRIVE[::5], temperature=2.0, trials=100_000, seed=5)
    sigma = ledger.log_law_initial - ledger.log_law_final + ledger.entropy_flow
    mean_within(np.exp(-sigma), 1.0, resolution=0.2)
    with pytest.raises(AssertionError):  # without the boundary term it is false
        mean_within(np.exp(-ledger.entropy_flow), 1.0)


# -- mean field ----------------------------------------------------------------------------------------------------


def parallel_network(size, seed=1):
    rng = np.random.default_rng(seed)
    couplings = rng.normal(size=(size, size)) / np.sqrt(size)
    np.fill_diagonal(couplings, 0)
    return SpinNetwork(couplings), rng.normal(0, 0.4, size)


def test_mean_field_identity_is_exact_with_exact_correlations():
    """sigma = sum (K_ij - K_ji) <V_i' V_j>: checked on dense matrices, so that only D is approximate."""
    net, field = parallel_network(6)
    matrix = transfer.step_matrix(net.couplings, field, 0.8, "parallel")
    law = transfer.stationary(matrix)
    states = transfer.all_states(6)
    delayed = (states.T @ matrix) @ (law[:, None] * states)
    couplings = 0.8 * net.couplings
    exactly = transfer.mean_flow(net.couplings, field, 0.8, "parallel", law)
    assert np.sum((couplings - couplings.T) * delayed) == pytest.approx(exactly, rel=1e-10)


@pytest.mark.parametrize("method, error", [("gaussian", 0.02), ("plefka-2", 0.15), ("naive", 0.15)])
def test_mean_field_of_a_large_network_is_near_the_simulated_value(method, error):
    net, field = parallel_network(400)
    ledger = simulate(
        net, hold(field, 20), Glauber(order="parallel"), temperature=3.0, trials=256, seed=1, initial="stationary"
    )
    found = entropy_production(ledger)
    value = mean_field.entropy_production(net, temperature=3.0, field=field, method=method)
    assert found.stderr < error / 4 * found.value
    assert abs(value - found) < error * found.value + 4 * found.stderr
    assert value.units == found.units == "nats per step"


def test_mean_field_handles_weak_symmetric_sparse_and_local_temperatures():
    from scipy.sparse import csr_array

    net, field = parallel_network(30)
    symmetric = SpinNetwork((net.couplings + net.couplings.T) / 2)
    for method in mean_field.METHODS:
        assert abs(mean_field.entropy_production(symmetric, temperature=2.0, method=method)) < 1e-10
        sparse = mean_field.entropy_production(SpinNetwork(csr_array(net.couplings)), temperature=2.0, field=field,
                                               method=method)  # fmt: skip
        assert sparse == pytest.approx(float(mean_field.entropy_production(net, temperature=2.0, field=field,
                                                                           method=method)))  # fmt: skip
    two = SpinNetwork([[0, 0.1], [0.1, 0]])
    baths = mean_field.entropy_production(two, temperature=[1.0, 2.0])
    law = exact.entropy_production(two, Glauber(order="parallel"), temperature=[1.0, 2.0])
    assert baths == pytest.approx(float(law), rel=0.05) and law > 1e-4


def test_mean_field_that_does_not_converge_has_no_value():
    ring = SpinNetwork(50 * (np.roll(np.eye(3), 1, axis=0) - np.roll(np.eye(3), -1, axis=0)))
    found = mean_field.entropy_production(ring, temperature=0.1, field=[0.1, -0.2, 0.3], method="plefka-2")
    assert np.isnan(found.value) and "did not converge" in found.diagnostics[0]
