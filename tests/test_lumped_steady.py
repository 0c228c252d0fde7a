"""Entropy production over occupation numbers: enumeration at small N, simulation and lumped kernels at large N."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assertions import assert_within
from neurothermo import Glauber, InputError, SpinNetwork, entropy_production, exact, hold, hopfield, simulate
from neurothermo.exact import lumped_steady, lumped_ticks
from neurothermo.exact.lumped_steady import lumped_flow, lumped_law
from neurothermo.exact.lumped_ticks import LumpedTick, lumped_tick
from oracles.steady_states import schnakenberg

ORDERS = ("random", "parallel")


def two_patterns(size, alpha=0.5, **options):
    """Two patterns of overlap zero or so, and a weak input along the first."""
    one, two = np.ones(size), np.where(np.arange(size) % 2, -1.0, 1.0)
    return hopfield([one, two], crossover=alpha, scale="hopfield", **options), 0.05 * one + 0.02 * two


def lumped(network, rule, temperature, field):
    """By occupation numbers even where they are no fewer than the states."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lumped_ticks, "MUCH_SMALLER", 0)
        found = exact.entropy_production(network, rule, temperature=temperature, field=field)
    assert found.details["route"] == "lumped"
    return found


def enumerated(network, rule, temperature, field):
    """The same couplings without patterns."""
    plain = SpinNetwork(network.couplings, network.thresholds)
    found = exact.entropy_production(plain, rule, temperature=temperature, field=field)
    assert found.details["route"] == "enumerated"
    return found


# -- against all 2^N states ---------------------------------------------------------------------------


@st.composite
def cases(draw):
    """Two or three patterns, maybe with crossover and thresholds, and an input in or out of their span."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, count = draw(st.integers(2, 9)), draw(st.integers(2, 3))
    patterns, classes = rng.choice([-1, 1], (count, size)), rng.integers(0, 2, size)
    crossover = rng.normal(size=(count, count)) * (1 - np.eye(count)) if draw(st.booleans()) else 0.0
    thresholds = rng.normal(size=2)[classes] if draw(st.booleans()) else None
    network = hopfield(patterns, rng.normal(size=count), crossover, "hopfield", thresholds)
    field = rng.normal(size=count) @ patterns if draw(st.booleans()) else rng.normal(size=2)[classes]
    rule = Glauber(order=draw(st.sampled_from(ORDERS)), activation=draw(st.sampled_from(["heat-bath", "as-printed"])))
    return network, rule, draw(st.floats(0.8, 2)), field


@given(cases())
@settings(max_examples=60, deadline=None)
def test_occupation_numbers_produce_what_the_states_do(case):
    few, all_states = lumped(*case), enumerated(*case)
    assert few.value == pytest.approx(all_states.value, abs=1e-10)
    assert few.units == all_states.units
    for clock in ("per_attempt", "per_sweep", "per_step"):
        assert few.details.get(clock) == pytest.approx(all_states.details.get(clock), abs=1e-9)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("wrong", [{"temperature": 1.01}, {"factor": 1.1}])
def test_and_notices_a_wrong_temperature_and_a_wrong_input(order, wrong):
    network, field = two_patterns(8)
    right = enumerated(network, Glauber(order=order), 1.0, field).value
    other = lumped(network, Glauber(order=order), wrong.get("temperature", 1.0), wrong.get("factor", 1.0) * field)
    assert other.value != pytest.approx(right, rel=1e-5)


@pytest.mark.parametrize("order", ORDERS)
def test_restarted_gmres_and_elimination_agree(order, monkeypatch):
    thresholds = np.where(np.arange(16) < 7, 0.3, -0.2)
    network, field = two_patterns(16, thresholds=thresholds)
    tick = lumped_tick(network, Glauber(order=order), 0.6, field)
    direct = lumped_law(tick)
    monkeypatch.setattr(lumped_steady, "DIRECT", {"random": 0, "parallel": 0})
    monkeypatch.setattr(lumped_steady, "DIRECT_MANY", 0)
    restarted = lumped_law(tick)
    assert (direct.method, restarted.method) == ("elimination", "GMRES")
    assert np.abs(direct.probabilities - restarted.probabilities).sum() < 1e-11
    assert direct.residual < 1e-13 and restarted.residual < 1e-12
    assert 0.2 < direct.gap / restarted.gap < 5


def test_the_paper_at_its_own_size():
    """N = 15, kT = 15, gamma = 0.2: 72 occupation numbers of 2 classes, and 2^15 states."""
    patterns = [[1] * 15, [1] * 8 + [-1] * 7]
    for alpha in (0, 0.1, 0.5, 1):
        network = hopfield(patterns, weights=[0.2, 0.8], crossover=alpha)
        found = exact.entropy_production(network, Glauber(attempts=1), temperature=15)
        assert found.details["route"] == "lumped" and "72 occupation numbers" in found.method
        expected = enumerated(network, Glauber(attempts=1), 15, None).value
        assert found.value == pytest.approx(expected, rel=1e-9, abs=1e-12)


# -- at sizes that cannot be enumerated ---------------------------------------------------------------


@pytest.mark.parametrize(("size", "order"), [(60, "random"), (60, "parallel"), (300, "random")])
def test_a_simulation_produces_the_same(size, order):
    (network, field), rule = two_patterns(size), Glauber(order=order)
    ledger = simulate(network, hold(field, 80), rule, temperature=0.6, trials=1000, seed=1, initial="stationary")
    found = entropy_production(ledger)
    true = exact.entropy_production(network, rule, temperature=0.6, field=field)
    assert true.details["route"] == "lumped" and found.units == true.units
    assert_within(found.value, found.stderr, true.value, resolution=0.2 * true.value)
    wrong = exact.entropy_production(network, rule, temperature=0.7, field=field)
    with pytest.raises(AssertionError):
        assert_within(found.value, found.stderr, wrong.value)


def test_the_log_ratio_of_the_lumped_kernel_is_the_flow_and_the_change_of_multiplicity():
    """Whose mean vanishes in a stationary law, so that Schnakenberg's formula holds for occupation numbers too."""
    network, field = two_patterns(60)
    tick = lumped_tick(network, Glauber(), 0.6, field)
    law = lumped_law(tick).probabilities
    matrix = np.eye(tick.chain.states) + tick.generator().toarray() / 60
    assert lumped_flow(law, tick) == pytest.approx(schnakenberg(matrix, law), rel=1e-8)
    there = (matrix > 0) & (matrix.T > 0)
    ratio = np.log(np.where(there, matrix, 1) / np.where(there, matrix.T, 1))
    moving = np.random.default_rng(0).dirichlet(np.ones(len(law)))
    gained = tick.chain.lumping.log_multiplicities() @ (matrix @ moving - moving)
    assert lumped_flow(moving, tick) + gained == pytest.approx(np.sum(matrix * ratio * moving), rel=1e-10)
    assert abs(gained) > 0.1


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("activation", ["heat-bath", "as-printed"])
def test_symmetric_couplings_produce_nothing(order, activation):
    thresholds = np.where(np.arange(60) % 2, 0.1, -0.3)
    network, field = two_patterns(60, alpha=0, thresholds=thresholds)
    rule = Glauber(order=order, activation=activation)
    tick = lumped_tick(network, rule, 0.6, field)
    law = lumped_law(tick)
    moved = law.probabilities.copy()
    tick.move(moved)
    assert "closed form" in law.method and np.abs(moved - law.probabilities).sum() < 1e-12
    assert abs(exact.entropy_production(network, rule, temperature=0.6, field=field).value) < 1e-13


def test_basins_that_never_meet_have_no_entropy_production():
    network, field = two_patterns(60)
    for order, temperature in (("random", 0.02), ("parallel", 0.02), ("random", 1e-3)):
        found = exact.entropy_production(network, Glauber(order=order), temperature=temperature, field=0.02 * field)
        assert isnan(found.value) and "metastable" in found.diagnostics[0]
        assert found.details["route"] == "lumped"


# -- which route, and what is refused -----------------------------------------------------------------


def test_lumping_is_taken_where_it_holds_and_helps():
    network, field = two_patterns(14)
    rule = Glauber()
    assert isinstance(lumped_tick(network, rule, 1.0, field), LumpedTick)
    assert isinstance(lumped_tick(network, rule, np.ones(14), None), LumpedTick)
    for other, motion, temperature, applied in (
        (network, Glauber(order="sequential"), 1.0, field),
        (network, rule, np.linspace(1, 2, 14), field),
        (network, rule, 1.0, np.linspace(0, 1, 14)),
        (SpinNetwork(network.couplings), rule, 1.0, field),
        (two_patterns(4)[0], rule, 1.0, None),
    ):
        assert lumped_tick(other, motion, temperature, applied) is None


def test_what_cannot_be_lumped_or_enumerated_is_refused():
    network, field = two_patterns(60)
    rule = Glauber()
    for ask, words in (
        (lambda: exact.entropy_production(network, Glauber(order="sequential"), temperature=1), "fixed order tells"),
        (lambda: exact.entropy_production(network, rule, temperature=np.linspace(1, 2, 60)), "at one temperature"),
        (lambda: exact.entropy_production(network, rule, temperature=1, field=np.arange(60.0)), "of 60 classes: about"),
        (lambda: exact.entropy_production(network, rule, temperature=-1), "temperature must be positive"),
        (lambda: exact.entropy_production(network, rule, temperature=1, field=field[:5]), "field must have shape"),
        (lambda: exact.entropy_production(network, rule, temperature=1e-308, field=field), "got an overflow"),
        (lambda: exact.entropy_production(network, "glauber", temperature=1), "rule must be a Glauber rule"),
        (lambda: exact.stationary(network, rule, temperature=1), r"entropy_production\(\) lumps"),
        (lambda: exact.entropy_production_map(network, rule, temperature=1), r"entropy_production\(\) lumps"),
    ):
        with pytest.raises(InputError, match=words):
            ask()
