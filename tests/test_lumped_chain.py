"""Occupation numbers against dense matrices over all 2^N states: the same chain, seen through fewer states."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurothermo import Glauber, InputError, SpinNetwork, hopfield, ramp
from neurothermo.exact.enumerated import enumerated_chain
from neurothermo.exact.lumped import lumped_chain
from neurothermo.exact.lumping import exchangeable_throughout
from neurothermo.exact.windowed import Window, chebyshev_series, windowed_step
from oracles import transfer


@st.composite
def cases(draw):
    """A pattern network of 3 to 6 neurons, maybe with thresholds and crossover, and inputs in or out of its span."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, count = draw(st.integers(3, 6)), draw(st.integers(1, 3))
    patterns = rng.choice([-1, 1], (count, size))
    classes = rng.integers(0, 2, size)
    crossover = rng.normal(size=(count, count)) * (1 - np.eye(count)) if draw(st.booleans()) else 0.0
    thresholds = rng.normal(size=2)[classes] if draw(st.booleans()) else None
    network = hopfield(patterns, rng.normal(size=count), crossover, thresholds=thresholds)
    inputs = rng.normal(size=(3, count)) @ patterns if draw(st.booleans()) else rng.normal(size=(3, 2))[:, classes]
    rule = Glauber(
        order=draw(st.sampled_from(["random", "parallel"])),
        activation=draw(st.sampled_from(["heat-bath", "as-printed"])),
    )
    return network, inputs, rule, draw(st.floats(0.3, 3.0)), rng


def lumped_states(chain):
    """Which lumped state each of the 2^N states belongs to."""
    up = transfer.all_states(chain.system.size) == chain.lumping.gauge
    strides = np.cumprod(np.concatenate([[1], chain.lumping.sizes[:-1] + 1]))
    return sum(stride * up[:, spins].sum(axis=1) for stride, spins in zip(strides, chain.lumping.members, strict=True))


def dense_step(network, field, temperature, rule):
    field = field - network.thresholds
    return transfer.step_matrix(network.couplings, field, 1 / temperature, rule.order, steepness=rule.steepness)


@given(cases())
@settings(max_examples=60, deadline=None)
def test_a_lumped_step_is_the_dense_step_seen_through_occupation_numbers(case):
    network, inputs, rule, temperature, rng = case
    chain = lumped_chain(network, rule, temperature, inputs)
    where = lumped_states(chain)
    matrix = dense_step(network, inputs[1], temperature, rule)
    laws = rng.normal(size=(2, 2**network.size)) + 1j * rng.normal(size=(2, 2**network.size))  # not exchangeable
    lump = np.zeros((chain.states, len(where)))
    lump[where, np.arange(len(where))] = 1
    moved = laws @ lump.T
    chain.step(moved, inputs[1])
    np.testing.assert_allclose(moved, laws @ matrix.T @ lump.T, atol=1e-12)
    seen = rng.normal(size=chain.states)
    expected = matrix.T @ seen[where]
    chain.step(seen, inputs[1], transposed=True)
    np.testing.assert_allclose(seen[where], expected, atol=1e-12)
    np.testing.assert_allclose(
        chain.amounts(inputs[2] - inputs[0])[where],
        transfer.all_states(network.size) @ (inputs[2] - inputs[0]),
        atol=1e-12,
    )


@given(cases())
@settings(max_examples=30, deadline=None)
def test_the_lumped_equilibrium_is_boltzmanns_law(case):
    network, inputs, rule, temperature, _ = case
    chain = lumped_chain(network, rule, temperature, inputs)
    if not network.symmetric:
        with pytest.raises(InputError, match="no equilibrium"):
            chain.equilibrium(inputs[0])
        return
    law = transfer.boltzmann(network.couplings, inputs[0] - network.thresholds, 1 / temperature)
    expected = np.bincount(lumped_states(chain), law, chain.states)
    np.testing.assert_allclose(chain.equilibrium(inputs[0]), expected, atol=1e-13)
    if rule.order == "random" and rule.activation == "heat-bath":
        chain.step(expected, inputs[0])
        np.testing.assert_allclose(expected, chain.equilibrium(inputs[0]), atol=1e-13)


def test_lumped_and_enumerated_chains_keep_one_contract():
    network = hopfield([[1, 1, 1, -1, 1], [1, -1, 1, -1, -1]], weights=[0.3, 0.7], crossover=0.4)
    field = np.array([0.2, -0.1, 0.2, -0.2, -0.1])
    for rule in (Glauber(attempts=3), Glauber(order="parallel")):
        lumped = lumped_chain(network, rule, 0.8, field[None])
        enumerated = enumerated_chain(network, rule, 0.8)
        where = lumped_states(lumped)
        law = np.random.default_rng(1).random(2**network.size)
        few = np.bincount(where, law, lumped.states)
        lumped.step(few, field)
        enumerated.step(law, field)
        np.testing.assert_allclose(few, np.bincount(where, law, lumped.states), rtol=1e-12)
        np.testing.assert_allclose(lumped.amounts(field)[where], enumerated.amounts(field), atol=1e-12)
    assert (lumped.route, enumerated.route) == ("lumped", "enumerated")


def test_classes_are_those_of_the_whole_protocol():
    patterns = np.array([[1] * 6, [1, 1, 1, -1, -1, -1]])
    network = hopfield(patterns)
    inside = exchangeable_throughout(network, ramp(patterns[0], patterns[1], 4).values)
    assert sorted(inside.sizes) == [3, 3]
    split = np.array([1.0, 0, 0, 0, 0, 0])
    outside = exchangeable_throughout(network, ramp(patterns[0], patterns[1] + split, 4).values)
    assert sorted(outside.sizes) == [1, 2, 3], "the last input tells neuron 0 apart"
    signs = exchangeable_throughout(hopfield([[1, -1, 1, -1]]), np.array([[1.0, -1, 1, -1], [2, -2, 2, -2]]))
    assert signs.sizes.tolist() == [4], "the sign of a pattern bit is a gauge"


def test_a_chain_refuses_inputs_that_split_its_classes():
    network = hopfield([[1, 1, 1, 1]])
    chain = lumped_chain(network, Glauber(), 1.0, np.zeros((1, 4)))
    for use in (chain.amounts, chain.equilibrium, lambda field: chain.step(np.ones(chain.states), field)):
        with pytest.raises(InputError, match="same for all neurons of a class"):
            use(np.array([0.0, 0, 0, 1]))


def test_a_fixed_order_and_couplings_without_patterns_are_not_lumped():
    values = np.zeros((1, 4))
    assert lumped_chain(hopfield([[1, 1, 1, 1]]), Glauber(order="sequential"), 1.0, values) is None
    assert lumped_chain(SpinNetwork(np.ones((4, 4)) - np.eye(4)), Glauber(), 1.0, values) is None


@pytest.mark.parametrize("attempts", [64, 200])
def test_a_series_of_chebyshev_polynomials_is_a_power(attempts):
    x = np.linspace(0, 1, 101)
    series = chebyshev_series(attempts)
    assert len(series) < 7 * np.sqrt(attempts) and series.sum() == pytest.approx(1, abs=1e-15)
    np.testing.assert_allclose(np.polynomial.chebyshev.chebval(2 * x - 1, series), x**attempts, atol=1e-14)


@pytest.mark.parametrize("start", ["equilibrium", "far away", "torn"])
def test_a_window_loses_nothing(start):
    """Near equilibrium one series does; far from it the noise of the series must be seen, and attempts made."""
    size = 160
    one, two = np.ones(size), np.repeat([1.0, -1.0], size // 2)
    network = hopfield([one, two], weights=[0.3, 0.7], scale="hopfield")
    field = 0.3 * one + 0.2 * two
    chain = lumped_chain(network, Glauber(attempts=120), 0.5, np.stack([one, two]))
    first = {"equilibrium": chain.equilibrium(field), "far away": chain.equilibrium(-3 * one)}
    first["torn"] = 0.5 * (first["far away"] + first["equilibrium"])
    fields = np.stack([first[start], first[start] * chain.amounts(one)])
    plain = fields.copy()
    chain.step(plain, field)
    window = windowed_step(chain, fields, field, Window(margin=4))
    np.testing.assert_allclose(fields, plain, atol=3e-12 * np.abs(plain).max(axis=1).max())
    assert window.margin > 4 or start == "equilibrium"
