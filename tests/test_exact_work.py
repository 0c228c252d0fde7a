"""Exact work statistics against printed references, dense matrices, and the theorems that must hold to rounding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurothermo import Glauber, InputError, Protocol, SpinNetwork, exact, hold, hopfield, ramp
from neurothermo.exact.work_lattice import WorkLattice
from oracles import transfer

ONE = np.ones(15)
TWO = np.array([1.0] * 8 + [-1.0] * 7)
PAPER = hopfield([ONE, TWO], weights=[0.2, 0.8])
CROSSED = hopfield([ONE, TWO], crossover=0.5)
SINGLE = {"heat-bath": Glauber(attempts=1), "as-printed": Glauber(attempts=1, activation="as-printed")}


# -- the numbers of Chen's experiment, physics worked out before this package (N = 15, 1000 steps of one attempt) ------

ROWS = [
    # protocol, largest input, activation, start, mean, sd, mean and sd of the reverse run, Jarzynski's estimate
    ("P0", 1, "heat-bath", 15, -1.2865067327, 1.9245430580, -0.5068501458, 0.7296262109, -1.4095463065),
    ("P1", 1, "heat-bath", 15, -0.7647803448, 1.9010270574, 1.0048124677, 1.8936627655, -0.8849516886),
    ("P1", 1, "as-printed", 30, -0.0987968060, 1.1691774790, 0.1443600744, 1.1691058911, -0.1215789052),
    ("P1", 1, "as-printed", 15, -0.0942904867, 1.1726129535, 0.1876877069, 1.1718696446, -0.1401210278),
    ("P0", 5, "heat-bath", 15, -27.1664799788, 7.7613471423, -12.5336439839, 3.6181488548, -29.0935851370),
    ("P1", 5, "heat-bath", 15, -14.1642188102, 7.7454101177, 18.0429267786, 7.5026050097, -16.1241591525),
    ("P1", 5, "as-printed", 30, -2.3740780305, 5.7667203727, 3.4811768570, 5.7588745560, -2.9278786598),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(map(str, row[:4])))
def test_chens_experiment_to_the_printed_digits(row):
    name, largest, activation, start, *expected = row
    first = np.zeros(15) if name == "P0" else largest * ONE
    there = ramp(first, largest * TWO, 1000)
    back = ramp(np.zeros(15), largest * ONE, 1000) if name == "P0" else ramp(largest * TWO, largest * ONE, 1000)
    options = {"temperature": 15, "initial_temperature": start}
    found = []
    for protocol in (there, back):
        mean, variance = exact.work_cumulants(PAPER, protocol, SINGLE[activation], order=2, **options)
        found += [mean, np.sqrt(variance)]
    mean = exact.generating_function(PAPER, there, SINGLE[activation], counting=1 / start, **options)
    np.testing.assert_allclose([*found, -start * np.log(mean)], expected, atol=6e-11)


SMALL = hopfield([[1, 1, 1, 1], [1, 1, -1, -1]], weights=[0.2, 0.8])
UP = ramp(np.zeros(4), [1, 1, -1, -1], 20)  # I(t) = (t / 20) of the second pattern
TABLE = [
    ("heat-bath", "random", -2.1008420848, -0.6829033835),
    ("heat-bath", "sequential", -2.1008420848, -1.7398841119),
    ("heat-bath", "parallel", -2.1268937780, -1.7099658520),
    ("as-printed", "random", -1.2814943938, -0.4366876664),
    ("as-printed", "sequential", -0.9249030738, -0.7657949106),
    ("as-printed", "parallel", -0.9221105512, -0.7535483050),
]


@pytest.mark.parametrize("activation, order, jarzynski, mean", TABLE)
def test_four_neurons_under_every_rule_to_the_printed_digits(activation, order, jarzynski, mean):
    attempts = 1 if order == "random" else None
    rule = Glauber(order=order, attempts=attempts, activation=activation)
    average = exact.generating_function(SMALL, UP, rule, temperature=2, counting=0.5)
    found = [-2 * np.log(average), exact.work_cumulants(SMALL, UP, rule, temperature=2)[0]]
    np.testing.assert_allclose(found, [jarzynski, mean], atol=6e-11)


# -- against dense matrices ------------------------------------------------------------------------------------------


@st.composite
def drives(draw):
    """A symmetric network, lumpable or not, driven with a rule; temperature, start and whether it is a reverse."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, order = draw(st.integers(2, 5)), draw(st.sampled_from(["random", "parallel", "sequential"]))
    patterns = rng.choice([-1, 1], (draw(st.integers(1, 2)), size))
    thresholds = rng.normal(size=2)[rng.integers(0, 2, size)] if draw(st.booleans()) else None
    if draw(st.booleans()):
        network = hopfield(patterns, rng.normal(size=len(patterns)), thresholds=thresholds)
        values = rng.normal(size=(4, len(patterns))) @ patterns
    else:
        upper = np.triu(rng.normal(size=(size, size)), 1)
        network, values = SpinNetwork(upper + upper.T, thresholds), rng.normal(size=(4, size))
    rule = Glauber(order=order, activation=draw(st.sampled_from(["heat-bath", "as-printed"])))
    rule = rule.reversed() if draw(st.booleans()) else rule
    return network, Protocol(values, draw(st.booleans())), rule, draw(st.floats(0.5, 3.0)), draw(st.floats(0.5, 3.0))


def dense_mean(drive, weight):
    """(<e^{-weight W}>, <W e^{-weight W}>) from dense matrices."""
    network, protocol, rule, temperature, start = drive
    values = protocol.values - network.thresholds
    law = transfer.boltzmann(network.couplings, values[0], 1 / start)
    return transfer.work_moments(
        network.couplings, values, 1 / temperature, "descending" if rule.descending else rule.order, start=law,
        steepness=rule.steepness, relax_first=protocol.relax_first, weight=weight,
    )  # fmt: skip


@given(drives())
@settings(max_examples=60, deadline=None)
def test_mean_and_generating_function_are_those_of_dense_matrices(drive):
    network, protocol, rule, temperature, start = drive
    options = {"temperature": temperature, "initial_temperature": start}
    counting = np.array([0.0, 0.4, -0.3 + 0.5j, 1j])
    found = exact.generating_function(network, protocol, rule, counting=counting, **options)
    np.testing.assert_allclose(found, [dense_mean(drive, weight)[0] for weight in counting], rtol=1e-11, atol=1e-12)
    mean = exact.work_cumulants(network, protocol, rule, order=1, **options)[0]
    assert mean == pytest.approx(dense_mean(drive, 0.0)[1], rel=1e-11, abs=1e-12)


@given(drives())
@settings(max_examples=30, deadline=None)
def test_cumulants_are_derivatives_of_the_generating_function(drive):
    network, protocol, rule, temperature, start = drive
    options = {"temperature": temperature, "initial_temperature": start}
    circle = 0.05 * np.exp(2j * np.pi * np.arange(16) / 16)
    logs = np.log(exact.generating_function(network, protocol, rule, counting=-circle, **options))
    taylor = np.fft.fft(logs)[1:5].real / 16 / 0.05 ** np.arange(1, 5) * np.array([1, 2, 6, 24])
    found = exact.work_cumulants(network, protocol, rule, **options)
    np.testing.assert_allclose(found, taylor, rtol=1e-6, atol=1e-7 * max(1, np.abs(taylor).max()))


@given(drives())
@settings(max_examples=40, deadline=None)
def test_total_entropy_production_averages_to_one_under_every_rule(drive):
    network, protocol, rule, temperature, start = drive
    options = {"temperature": temperature, "initial_temperature": start, "of": "entropy"}
    found = exact.generating_function(network, protocol, rule, counting=[0.0, 1.0], **options)
    np.testing.assert_allclose(found, 1.0, rtol=1e-11)


def test_entropy_of_a_single_site_heat_bath_is_dissipated_work():
    protocol, temperature, counting = ramp(ONE, TWO, 5), 6.0, np.array([0.3, 2.0, 1j])
    change = exact.free_energy_difference(PAPER, protocol, temperature=temperature).value
    options = {"temperature": temperature}
    entropy = exact.generating_function(PAPER, protocol, counting=counting, of="entropy", **options)
    work = exact.generating_function(PAPER, protocol, counting=counting / temperature, **options)
    np.testing.assert_allclose(entropy, work * np.exp(counting * change / temperature), rtol=1e-12)
    printed = Glauber(activation="as-printed")
    other = exact.generating_function(PAPER, protocol, printed, counting=counting, of="entropy", **options)
    assert np.all(np.abs(other - entropy) > 1e-3), "not so where a move's flow is not -Q/T"


# -- the whole distribution ------------------------------------------------------------------------------------------


def crooks_gap(forward, reverse, change, temperature, least=1e-200):
    """The largest deviation of ln P_F(W)/P_R(-W) from (W - dF)/T where both carry more than `least`."""
    back = reverse.values[::-1]
    np.testing.assert_allclose(reverse.work.values[::-1], -forward.work.values, atol=1e-9)
    both = (forward.values > least) & (back > least)
    assert both.sum() > 10
    ratio = np.log(forward.values[both]) - np.log(back[both])
    return np.abs(ratio - (forward.work.values[both] - change) / temperature).max()


def law_of(network, protocol, rule=None, **options):
    return exact.work_distribution(network, protocol, rule, **options)


@pytest.mark.parametrize("scale", [1, 5])
def test_crooks_theorem_holds_point_by_point(scale):
    protocol = ramp(scale * ONE, scale * TWO, 60)
    change = exact.free_energy_difference(PAPER, protocol, temperature=15).value
    forward, reverse = (law_of(PAPER, one, temperature=15) for one in (protocol, protocol.reversed()))
    assert crooks_gap(forward, reverse, change, 15) < 1e-11
    assert forward.attrs["route"] == "lumped" and forward.attrs["lattice"] == 1
    jarzynski = np.log(np.sum(forward.values * np.exp(-(forward.work.values - change) / 15)))
    assert abs(jarzynski) < 1e-11
    wrong = exact.free_energy_difference(PAPER, protocol, temperature=16).value
    assert crooks_gap(forward, reverse, wrong, 16) > 1e-2, "and notices a wrong temperature"
    warm = law_of(PAPER, protocol.reversed(), temperature=15, initial_temperature=16)
    assert crooks_gap(forward, warm, change, 15) > 1e-3, "and a reverse that starts too warm"


def test_crooks_theorem_holds_at_forty_neurons_in_four_classes():
    one, two = np.ones(40), np.repeat([1.0, -1.0], 20)
    thresholds = np.tile([0.3, 0.0], 20)
    network = hopfield([one, two], weights=[0.3, 0.7], scale="hopfield", thresholds=thresholds)
    protocol = ramp(0.4 * one, 0.4 * two, 2)
    change = -np.log(exact.generating_function(network, protocol, temperature=1, counting=1.0))
    expected = exact.free_energy_difference(network, protocol, temperature=1).value
    assert change == pytest.approx(expected, abs=1e-11)
    forward, reverse = (law_of(network, one_way, Glauber(attempts=20), temperature=1)
                        for one_way in (protocol, protocol.reversed()))  # fmt: skip
    assert forward.attrs["states"] == 11**4
    assert crooks_gap(forward, reverse, expected, 1) < 1e-11


@pytest.mark.slow
def test_crooks_theorem_holds_at_a_hundred_neurons():
    one, two = np.ones(100), np.repeat([1.0, -1.0], 50)
    network = hopfield([one, two], weights=[0.3, 0.7], scale="hopfield")
    protocol = ramp(0.5 * one, 0.5 * two, 30)
    change = exact.free_energy_difference(network, protocol, temperature=1).value
    forward, reverse = (law_of(network, one_way, temperature=1) for one_way in (protocol, protocol.reversed()))
    assert crooks_gap(forward, reverse, change, 1) < 1e-11
    mean = float(forward.values @ forward.work.values)
    assert mean == pytest.approx(exact.work_cumulants(network, protocol, temperature=1)[0], rel=1e-11)


RULES = [Glauber(attempts=4), Glauber(order="sequential"), Glauber(order="parallel")]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.order)
def test_the_distribution_has_the_cumulants_on_every_route(rule):
    bare = SpinNetwork(SMALL.couplings)  # the same network without its patterns: enumerated
    laws = [law_of(network, UP.reversed(), rule, temperature=2) for network in (SMALL, bare)]
    np.testing.assert_allclose(laws[0].values, laws[1].values, rtol=1e-10, atol=1e-300)
    assert {law.attrs["route"] for law in laws} == ({"enumerated"} if rule.order == "sequential" else ROUTES)
    law = laws[0]
    mean = law.values @ law.work.values
    variance = law.values @ (law.work.values - mean) ** 2
    third = law.values @ (law.work.values - mean) ** 3
    expected = exact.work_cumulants(SMALL, UP.reversed(), rule, temperature=2, order=3)
    np.testing.assert_allclose([mean, variance, third], expected, rtol=1e-11)
    density = law_of(SMALL, UP.reversed(), rule, temperature=2, density=True)
    np.testing.assert_allclose(density.values * law.attrs["spacing"], law.values, rtol=1e-14)


ROUTES = {"enumerated", "lumped"}


@pytest.mark.parametrize("order", ["random", "parallel"])
def test_on_bins_the_mean_is_exact_and_the_variance_off_by_what_is_said(order):
    rng = np.random.default_rng(4)
    protocol = Protocol(rng.normal(size=(9, 2)) @ np.stack([ONE, TWO]))
    rule = Glauber(order=order)
    law = law_of(PAPER, protocol, rule, temperature=15, bins=500)
    assert law.attrs["lattice"] == 0 and law.values.sum() == pytest.approx(1, abs=1e-12)
    mean = law.values @ law.work.values
    variance = law.values @ (law.work.values - mean) ** 2
    expected = exact.work_cumulants(PAPER, protocol, rule, temperature=15)
    assert mean == pytest.approx(expected[0], abs=1e-9)
    assert variance - law.attrs["variance_added"] == pytest.approx(expected[1], rel=1e-9)
    assert 0 < law.attrs["variance_added"] < 5e-3 * expected[1]


def test_lattices_of_work():
    straight = WorkLattice.of(ramp(ONE, TWO, 1000))
    assert straight.exact and straight.cells == 7001 and straight.spacing == pytest.approx(4e-3, rel=1e-12)
    uneven = WorkLattice.of(Protocol(np.array([[0.0, 0.0], [0.4, 0.0], [0.4, 1.0]])))
    assert uneven.exact and uneven.spacing == pytest.approx(0.4) and uneven.cells == 8
    assert not WorkLattice.of(Protocol(np.array([[0.0, 0.0], [1.0, np.sqrt(2)]]))).exact
    assert WorkLattice.of(hold(np.zeros(2), 2)).cells == 1


def test_an_idle_protocol_does_no_work():
    law = law_of(PAPER, hold(ONE, 5), temperature=15)
    assert law.values.tolist() == [pytest.approx(1.0)] and law.work.values.tolist() == [0.0]
    np.testing.assert_array_equal(exact.work_cumulants(PAPER, hold(ONE, 5), temperature=15), np.zeros(4))
    with pytest.raises(InputError, match="density"):
        law_of(PAPER, hold(ONE, 5), temperature=15, density=True)


# -- what is refused, and what is planned ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed, sentence",
    [
        ({"temperature": -1}, "temperature must be positive"),
        ({"temperature": [1.0] * 15, "initial": "equilibrium"}, "needs one temperature"),
        ({}, "temperature is needed"),
        ({"temperature": 15, "order": 13}, "order must be at most 12"),
        ({"temperature": 15, "protocol": ramp(ONE[:4], TWO[:4], 3)}, "15 neurons, got fields of length 4"),
        ({"temperature": 15, "protocol": ramp(ONE, TWO, 3, temperatures=(1, 2))}, "the protocol drives it"),
        ({"temperature": 15, "rule": "glauber"}, "rule must be a Glauber rule"),
        ({"temperature": 15, "system": CROSSED, "initial": "equilibrium"}, "needs an energy"),
        ({"temperature": 15, "system": PAPER.couplings}, "system must be a SpinNetwork"),
        ({"temperature": 15, "initial_temperature": 0}, "initial_temperature must be positive"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(changed, sentence):
    arguments = {"system": PAPER, "protocol": ramp(ONE, TWO, 3), **changed}
    with pytest.raises(InputError, match=sentence):
        exact.work_cumulants(arguments.pop("system"), arguments.pop("protocol"), **arguments)


def test_counting_parameters_that_overflow_are_refused():
    with pytest.raises(InputError, match=r"counting = -200 gives a mean of exp\(\d+\)"):
        exact.generating_function(PAPER, ramp(ONE, TWO, 3), temperature=15, counting=[0.1, -200.0])
    with pytest.raises(InputError, match="below exp\\(-700\\), where it is lost: raise the temperature"):
        exact.generating_function(PAPER, ramp(5 * ONE, 5 * TWO, 20), temperature=1e-3, counting=1e3)
    with pytest.raises(InputError, match="counting must be finite"):
        exact.generating_function(PAPER, ramp(ONE, TWO, 3), temperature=15, counting=np.nan)


LARGE = hopfield([np.ones(1000), np.repeat([1.0, -1.0], 500)], scale="hopfield")


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: law_of(LARGE, ramp(np.ones(1000), -np.ones(1000), 1000), temperature=1), "GB this machine can give"),
        (lambda: exact.work_cumulants(LARGE, 3, Glauber(order="sequential"), temperature=1), "sequential order cannot"),
        (lambda: exact.work_cumulants(LARGE, 3, Glauber(order="parallel"), temperature=1), "GB this machine can give"),
        (lambda: exact.work_cumulants(LARGE, 3, Glauber(attempts=10**12), temperature=1), "more than the limit of 60"),
        (lambda: exact.work_cumulants(SpinNetwork(np.zeros((40, 40))), 3, temperature=1), "no patterns"),
        (lambda: exact.work_cumulants(LARGE, np.arange(2000.0).reshape(2, 1000), temperature=1), r"2\^1000.0 only"),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_starts(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()


def test_a_plan_says_which_way_and_at_what_cost():
    protocol = ramp(ONE, TWO, 1000)
    lumped = exact.plan(PAPER, protocol)
    assert (lumped.route, lumped.states) == ("lumped", 72) and lumped.feasible and lumped.seconds < 60
    assert str(lumped).startswith("lumped to 72 occupation numbers of 2 classes, 7,001 works, 1000 steps of 15 random")
    assert exact.plan(PAPER, protocol, Glauber(order="sequential")).route == "enumerated"
    assert exact.plan(SpinNetwork(PAPER.couplings), temperature=1).states == 2**15
    scattered = Protocol(np.random.default_rng(0).normal(size=(3, 15)))
    assert exact.plan(PAPER, scattered).route == "enumerated", "inputs that tell every neuron apart"
    assert exact.plan(PAPER, protocol, request="work_cumulants").bytes < lumped.bytes
    refused = exact.plan(LARGE, 3, Glauber(order="sequential"))
    assert (refused.route, refused.feasible) == ("none", False) and "2^1000 states" in str(refused)
    with pytest.raises(InputError, match="request must be one of"):
        exact.plan(PAPER, protocol, request="work_cumulant")


def test_the_memory_limit_is_part_of_this_machines():
    from neurothermo.core import machine

    assert 0 < machine.memory_limit() <= machine.MOST_BYTES
