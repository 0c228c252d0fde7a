"""The scaled cumulant generating function of the entropy flow: dense eigenvalues, symmetry, derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurothermo import Glauber, InputError, SpinNetwork
from neurothermo.exact import entropy_production, scaled_cumulants
from oracles.steady_states import kept, random_couplings
from oracles.transfer import site_matrix, step_matrix

ORDERS = ("random", "sequential", "parallel")
FIELD = np.array([0.3, -0.2, 0.1, 0.4, -0.5, 0.2])


def tilted(matrix, theta):
    """Every transition weighed by exp(-theta flow)."""
    there = (matrix > 0) & (matrix.T > 0)
    ratio = np.where(there, matrix, 1) / np.where(there, matrix.T, 1)
    return matrix * ratio**-theta


def tilted_tick(couplings, field, order, theta):
    n = len(couplings)
    if order == "parallel":
        return tilted(step_matrix(couplings, field, 1, "parallel"), theta)
    sites = [tilted(site_matrix(couplings, field, 1, site), theta) for site in range(n)]
    if order == "random":
        return sum(sites) / n
    product = np.eye(2**n)
    for matrix in sites:
        product = matrix @ product
    return product


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 7),
    seed=st.integers(0, 10**6),
    order=st.sampled_from(ORDERS),
    theta=st.floats(-0.5, 1.5),
    one_bath=st.booleans(),
)
def test_any_small_network_under_any_rule(n, seed, order, theta, one_bath):
    rng = np.random.default_rng(seed)
    couplings, field = random_couplings(n, seed), rng.normal(size=n) / 2
    temperature = 0.8 if one_bath else rng.uniform(0.5, 2, n)
    beta = 1 / np.full(n, temperature)
    matrix = tilted_tick(couplings * beta[:, None], field * beta, order, theta)
    expected = np.log(np.linalg.eigvals(matrix).real.max())
    found = scaled_cumulants(
        SpinNetwork(couplings), Glauber(order=order), temperature=temperature, counting=theta, field=field
    )
    assert found.shape == () and float(found) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("order", ORDERS)
def test_symmetry_of_gallavotti_and_cohen(order):
    """In sequential order the reversed sweeps are the other side of it."""
    network, rule = SpinNetwork(random_couplings(6, 3)), Glauber(order=order)
    thetas = np.array([[-0.4, 0.0, 0.2], [0.5, 0.9, 1.7]])
    there = scaled_cumulants(network, rule, temperature=1, counting=thetas, field=FIELD)
    back = scaled_cumulants(network, rule.reversed(), temperature=1, counting=1 - thetas, field=FIELD)
    assert there.shape == thetas.shape
    assert np.allclose(there, back, atol=1e-11)
    assert there[0, 1] == 0 and back[0, 1] == pytest.approx(0, abs=1e-12) and there[1, 0] < -1e-3


def test_a_wrong_symmetry_would_be_noticed():
    network = SpinNetwork(random_couplings(6, 3))
    there, back = scaled_cumulants(network, Glauber(), temperature=1, counting=[0.2, 0.75], field=FIELD)
    assert abs(there - back) > 1e-4
    forward, same = scaled_cumulants(
        network, Glauber(order="sequential"), temperature=1, counting=[-0.4, 1.4], field=FIELD
    )
    assert abs(forward - same) > 1e-4  # the same order of sites is not its own reverse


@pytest.mark.parametrize("order", ORDERS)
def test_its_slope_at_zero_is_the_entropy_production(order):
    network, rule, step = SpinNetwork(random_couplings(6, 3)), Glauber(order=order), 1e-3
    values = scaled_cumulants(network, rule, temperature=1, counting=step * np.arange(-2, 3), field=FIELD)
    slope = (values[0] - 8 * values[1] + 8 * values[3] - values[4]) / (12 * step)
    production = entropy_production(network, rule, temperature=1, field=FIELD).value
    assert -slope == pytest.approx(production, rel=1e-7)


@pytest.mark.parametrize("order", ORDERS)
def test_its_curvature_at_zero_is_the_growth_of_the_variance(order):
    """Moments of the flow propagated over many ticks by dense matrices; their growth from one to the next."""
    couplings, step = random_couplings(4, 5), 1e-2
    rule = Glauber(order=order)
    thetas = step * np.arange(-2, 3)
    values = scaled_cumulants(SpinNetwork(couplings), rule, temperature=1, counting=thetas, field=FIELD[:4])
    curvature = (-values[0] + 16 * values[1] - 30 * values[2] + 16 * values[3] - values[4]) / (12 * step**2)
    law = kept(couplings, FIELD[:4], 1, order)
    logs = []
    for ticks in (60, 61):
        moved = [np.linalg.matrix_power(tilted_tick(couplings, FIELD[:4], order, t), ticks) @ law for t in thetas]
        logs.append(np.log([one.sum() for one in moved]))
    grown = logs[1] - logs[0]
    expected = (-grown[0] + 16 * grown[1] - 30 * grown[2] + 16 * grown[3] - grown[4]) / (12 * step**2)
    assert curvature > 0.01 and curvature == pytest.approx(expected, rel=1e-5)


def test_attempts_do_not_matter_in_random_order():
    network = SpinNetwork(random_couplings(6, 3))
    one, many = (scaled_cumulants(network, Glauber(attempts=m), temperature=1, counting=0.4) for m in (1, 6))
    assert one == many


def test_an_equilibrium_fluctuates_and_produces_nothing_on_average():
    couplings = random_couplings(6, 3)
    network = SpinNetwork(couplings + couplings.T)
    values = scaled_cumulants(network, Glauber(), temperature=2, counting=[-0.5, 0.5, 1.0, 1.5], field=FIELD)
    assert np.allclose(values, 0, atol=1e-12)  # the flow is a difference of energies: it does not grow


@pytest.mark.parametrize(
    ("network", "counting", "sentence"),
    [
        (SpinNetwork(random_couplings(6, 3)), 1e4, "overflow"),
        (SpinNetwork(random_couplings(6, 3)), [0.1, np.nan], "counting must be finite"),
        (SpinNetwork(random_couplings(6, 3)), "half", "counting must be an array of numbers"),
        (SpinNetwork(np.zeros((22, 22))), 0.5, "limited to N = 20 neurons, got N = 22"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(network, counting, sentence):
    with pytest.raises(InputError, match=sentence):
        scaled_cumulants(network, Glauber(), temperature=1, counting=counting)
