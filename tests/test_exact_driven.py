"""Exact work statistics of driven couplings and temperatures, of networks with no energy, and the theorems there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assertions import assert_within, mean_within
from neurothermo import Glauber, InputError, Protocol, SpinNetwork, exact, hold, hopfield, ramp, simulate
from oracles import transfer


def random_network(rng, size, symmetric=True, scale=0.8):
    matrix = scale * rng.normal(size=(size, size))
    np.fill_diagonal(matrix, 0)
    return SpinNetwork((matrix + matrix.T) / 2 if symmetric else matrix, 0.3 * rng.normal(size=size))


# -- dense matrices, which share nothing with the package --------------------------------------------------------------


def dense_steps(system, protocol, rule, temperature):
    """For every value of the protocol (quadratic form of all states, matrix of one step)."""
    size = system.size
    states = transfer.all_states(size)
    sites = np.arange(rule.attempts_per_step(size))[:: -1 if rule.descending else 1] % size
    order = list(sites) if rule.order == "sequential" else rule.order
    for t, value in enumerate(protocol.values):
        parts = [(1.0, system)]
        if protocol.networks:
            parts = list(zip(protocol.mixing[t], protocol.networks, strict=True))
        couplings = sum(weight * one.couplings for weight, one in parts)
        field = value - sum(weight * one.thresholds for weight, one in parts)
        beta = 1 / np.asarray(temperature if protocol.temperatures is None else protocol.temperatures[t])
        form = -0.5 * np.einsum("si,ij,sj->s", states, couplings, states) - states @ field
        attempts = rule.attempts_per_step(size)
        yield form, transfer.dense_step(couplings, field, beta, order, attempts, rule.steepness)


def kept_by(matrix):
    """The law that T[x', x] keeps, by eliminating states: no subtraction (Grassmann, Taksar & Heyman 1985)."""
    rates = matrix.T.copy()  # [x, x']
    for last in range(len(rates) - 1, 0, -1):
        rates[:last, last] /= rates[last, :last].sum()
        rates[:last, :last] += np.outer(rates[:last, last], rates[last, :last])
    law = np.ones(1)
    for state in range(1, len(rates)):
        law = np.append(law, law @ rates[:state, state])
    return law / law.sum()


def dense_means(system, protocol, rule, temperature, start, weight):
    """(<e^{-weight W}>, <W e^{-weight W}>); start: a temperature, or None for the stationary law."""
    forms, matrices = zip(*dense_steps(system, protocol, rule, temperature), strict=True)
    law = kept_by(matrices[0]) if start is None else np.exp(-(forms[0] - forms[0].min()) / start)
    law = law / law.sum()
    first = np.zeros_like(law)
    for t in range(1, len(forms)):
        if protocol.relax_first:
            law, first = matrices[t - 1] @ law, matrices[t - 1] @ first
        work = forms[t] - forms[t - 1]
        law, first = np.exp(-weight * work) * law, np.exp(-weight * work) * (first + work * law)
        if not protocol.relax_first:
            law, first = matrices[t] @ law, matrices[t] @ first
    return law.sum(), first.sum()


@st.composite
def drives(draw, symmetric=None):
    """A network, a protocol that may drive anything, a rule and the temperature where it is not driven."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, steps = draw(st.integers(2, 4)), draw(st.integers(1, 4))
    energetic = draw(st.booleans()) if symmetric is None else symmetric
    driven, alike = draw(st.booleans()), draw(st.booleans())
    patterns = rng.choice([-1, 1], (2, size))
    thresholds = rng.normal(size=2)[rng.integers(0, 2, size)]
    networks = [
        hopfield(patterns, rng.normal(size=2), thresholds=rng.normal() * thresholds)
        if alike and energetic
        else random_network(rng, size, energetic)
        for _ in range(3 if driven else 1)
    ]
    temperatures = rng.uniform(0.7, 3.0, steps + 1) if draw(st.booleans()) else None
    protocol = Protocol(
        rng.normal(size=(steps + 1, 2)) @ patterns,
        draw(st.booleans()),
        tuple(networks) if driven else (),
        rng.normal(size=(steps + 1, 3)) if driven else None,
        temperatures,
    )
    rule = Glauber(
        order=draw(st.sampled_from(["random", "sequential", "parallel"])),
        activation=draw(st.sampled_from(["heat-bath", "as-printed"])),
    )
    rule = rule.reversed() if draw(st.booleans()) else rule
    bath = draw(st.floats(0.7, 3.0)) if temperatures is None else None
    if temperatures is None and not energetic and draw(st.booleans()):
        bath = rng.uniform(0.7, 3.0, size)  # one for each neuron
    return networks[0], protocol, rule, bath


@given(drives(), st.sampled_from([None, "stationary"]))
@settings(max_examples=120, deadline=None)
def test_whatever_is_driven_means_are_those_of_dense_matrices(drive, initial):
    network, protocol, rule, temperature = drive
    stationary = initial == "stationary" or not protocol.network_at(0, network).symmetric
    bath = temperature if protocol.temperatures is None else protocol.temperatures[0]
    start = None if stationary else bath
    options = {"temperature": temperature, "initial": initial}
    counting = np.array([0.0, 0.3, -0.2 + 0.5j])
    found = exact.generating_function(network, protocol, rule, counting=counting, **options)
    expected = [dense_means(*drive, start, weight)[0] for weight in counting]
    np.testing.assert_allclose(found, expected, rtol=1e-9 if stationary else 1e-11, atol=1e-10)
    mean, variance = exact.work_cumulants(network, protocol, rule, order=2, **options)
    expected = dense_means(*drive, start, 0.0)[1]
    assert mean == pytest.approx(expected, rel=1e-9 if stationary else 1e-11, abs=1e-9)
    law = exact.work_distribution(network, protocol, rule, bins=300, **options)
    average = float(law.values @ law.work.values)
    assert average == pytest.approx(mean, rel=1e-8, abs=1e-8)
    spread = float(law.values @ (law.work.values - average) ** 2)
    assert spread - law.attrs["variance_added"] == pytest.approx(variance, rel=1e-7, abs=1e-7)


@given(drives(symmetric=True), st.floats(0.7, 3.0))
@settings(max_examples=60, deadline=None)
def test_total_entropy_production_averages_to_one_whatever_is_driven(drive, start):
    network, protocol, rule, temperature = drive
    options = {"temperature": temperature, "of": "entropy", "counting": [0.0, 1.0]}
    found = exact.generating_function(network, protocol, rule, **options)
    np.testing.assert_allclose(found, 1.0, rtol=1e-11)
    found = exact.generating_function(network, protocol, rule, initial_temperature=start, **options)
    np.testing.assert_allclose(found, 1.0, rtol=1e-11)


# -- couplings that are driven, with an energy: Jarzynski and Crooks ---------------------------------------------------

ONE, TWO = np.ones(12), np.repeat([1.0, -1.0], [7, 5])
SOFT = hopfield([ONE, TWO], [0.2, 0.8], thresholds=0.1 * ONE)
STIFF = hopfield([ONE, TWO], [0.9, 0.1], thresholds=0.2 * ONE)
RECALL = ramp(0 * ONE, 0.5 * TWO, 6, networks=(SOFT, STIFF))


def bare(network):
    """The same without its patterns, so that it is enumerated."""
    return SpinNetwork(network.couplings, network.thresholds)


BARE = ramp(0 * ONE, 0.5 * TWO, 6, networks=(bare(SOFT), bare(STIFF)))


@pytest.mark.parametrize("rule", [Glauber(attempts=5), Glauber(order="sequential"), Glauber(order="parallel")], ids=str)
def test_jarzynskis_equality_and_both_routes(rule):
    change = exact.free_energy_difference(SOFT, RECALL, temperature=3.0).value
    found = []
    for system, protocol in ((SOFT, RECALL), (bare(SOFT), BARE)):
        options = {"temperature": 3.0}
        mean = exact.generating_function(system, protocol, rule, counting=1 / 3.0, **options)
        if rule.order != "parallel":
            assert -3.0 * np.log(mean) == pytest.approx(change, abs=1e-11)
        found.append([mean, *exact.work_cumulants(system, protocol, rule, **options)])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-11)
    lumped = exact.plan(SOFT, RECALL, rule)
    assert lumped.route == ("enumerated" if rule.order == "sequential" else "lumped") and lumped.feasible
    assert exact.plan(bare(SOFT), BARE, rule, request="work_cumulants").route == "enumerated"


@pytest.mark.parametrize("system, protocol", [(SOFT, RECALL), (bare(SOFT), BARE)], ids=["lumped", "enumerated"])
def test_crooks_theorem_holds_point_by_point_where_couplings_are_driven(system, protocol):
    protocol = Protocol(protocol.values[::2], False, protocol.networks, protocol.mixing[::2])
    change = exact.free_energy_difference(system, protocol, temperature=3.0).value
    forward, reverse = (
        exact.work_distribution(system, one, Glauber(attempts=5), temperature=3.0)
        for one in (protocol, protocol.reversed())
    )
    assert forward.attrs["lattice"] == 1 and forward.size == reverse.size
    np.testing.assert_allclose(reverse.work.values[::-1], -forward.work.values, atol=1e-9)
    back = reverse.values[::-1]
    both = (forward.values > 1e-200) & (back > 1e-200)
    ratio = np.log(forward.values[both] / back[both])
    assert both.sum() > 10
    np.testing.assert_allclose(ratio, (forward.work.values[both] - change) / 3.0, atol=1e-10)
    assert np.abs(ratio - (forward.work.values[both] - change) / 3.1).max() > 1e-2, "and notices a wrong temperature"


def test_crooks_moments_hold_where_couplings_are_driven():
    rng = np.random.default_rng(3)
    ends = random_network(rng, 6), random_network(rng, 6)
    drive = ramp(rng.normal(size=6), rng.normal(size=6), 4, networks=ends)
    change = exact.free_energy_difference(ends[0], drive, temperature=0.8).value
    counting = np.array([-0.4, 0.2, 0.9, 0.3j])
    there = exact.generating_function(ends[0], drive, temperature=0.8, counting=counting)
    back = exact.generating_function(ends[0], drive.reversed(), temperature=0.8, counting=1 / 0.8 - counting)
    np.testing.assert_allclose(there, np.exp(-change / 0.8) * back, rtol=1e-11)
    field_alone = ramp(drive.values[0], drive.values[-1], 4)
    wrong = exact.generating_function(ends[0], field_alone, temperature=0.8, counting=counting)
    assert np.all(np.abs(wrong / there - 1) > 1e-3), "the work of the input alone is not all of it"


def test_a_large_pattern_network_with_driven_couplings_is_lumped():
    one, two = np.ones(60), np.repeat([1.0, -1.0], 30)
    ends = tuple(hopfield([one, two], pair, scale="hopfield") for pair in ([0.2, 0.8], [0.9, 0.1]))
    drive = ramp(0 * one, 0.3 * one, 5, networks=ends)
    change = exact.free_energy_difference(ends[0], drive, temperature=0.8).value
    mean = exact.generating_function(ends[0], drive, temperature=0.8, counting=1 / 0.8)
    assert -0.8 * np.log(mean) == pytest.approx(change, abs=1e-10)
    warm = ramp(0 * one, 0.3 * one, 5, networks=ends, temperatures=(0.8, 1.4))
    entropy = exact.generating_function(ends[0], warm, of="entropy", counting=1.0)
    assert entropy == pytest.approx(1.0, abs=1e-11)


# -- couplings with no energy ------------------------------------------------------------------------------------------

LOOP = random_network(np.random.default_rng(8), 5, symmetric=False)
OTHER = random_network(np.random.default_rng(9), 5, symmetric=False)
BIASED = ramp([0.5, -0.2, 0.1, 0.0, -0.4], [-0.6, 0.9, 0.3, -1.0, 0.8], 3)
CHANGED = ramp(BIASED.values[0], BIASED.values[-1], 3, networks=(LOOP, OTHER))
HEATED = ramp(BIASED.values[0], BIASED.values[-1], 3, networks=(LOOP, OTHER), temperatures=(2.0, 0.7))


@pytest.mark.parametrize("order", ["random", "sequential", "parallel"])
@pytest.mark.parametrize("protocol", [BIASED, BIASED.reversed(), CHANGED, HEATED.reversed()], ids=str)
def test_simulations_from_the_stationary_law_agree(protocol, order):
    rule = Glauber(order=order)
    options = {} if protocol.temperatures is not None else {"temperature": 0.9}
    ledger = simulate(LOOP, protocol, rule, trials=60_000, seed=5, **options)
    assert ledger.attrs["initial"] == "stationary"
    mean, variance = exact.work_cumulants(LOOP, protocol, rule, order=2, **options)
    mean_within(ledger.work, mean, resolution=0.1)
    mean_within((ledger.work - mean) ** 2, variance, resolution=0.7)
    law = exact.work_distribution(LOOP, protocol, rule, **options)
    assert law.attrs["initial"] == "stationary" and law.attrs["route"] == "enumerated"
    below = float(law.values[law.work.values < mean].sum())
    smoothed = np.interp(ledger.work.values, law.work.values, law.work.values < mean)
    assert_within(smoothed.mean(), smoothed.std() / np.sqrt(smoothed.size), below, resolution=0.02)
    with pytest.raises(AssertionError):  # starting from an energy that is not theirs
        symmetric = SpinNetwork((LOOP.couplings + LOOP.couplings.T) / 2, LOOP.thresholds)
        field_alone = ramp(BIASED.values[0], BIASED.values[-1], 3)
        mean_within(ledger.work, exact.work_cumulants(symmetric, field_alone, rule, temperature=0.9)[0])


def test_the_start_is_what_is_asked_for():
    network = random_network(np.random.default_rng(1), 4)
    drive, printed = ramp([0.2, 0, 0, -0.5], [1, 0.5, -1, 0], 2), Glauber(activation="as-printed")
    means = [
        exact.work_cumulants(network, drive, printed, temperature=1.0, initial=initial, order=1)[0]
        for initial in (None, "equilibrium", "stationary")
    ]
    assert means[0] == means[1] and abs(means[2] - means[0]) > 0.01
    warm = exact.work_cumulants(network, drive, printed, temperature=1.0, initial_temperature=2.0, order=1)[0]
    assert warm == pytest.approx(means[2], abs=1e-12), "steepness 1 keeps the law of twice the temperature"


def test_a_hundred_neurons_without_an_energy_want_patterns():
    crossed = hopfield([np.ones(100), np.repeat([1.0, -1.0], 50)], crossover=0.5)
    assert exact.plan(crossed, 3).feasible
    forecast = exact.plan(SpinNetwork(crossed.couplings), 3)
    assert not forecast.feasible and "no patterns to lump" in str(forecast)
    small = exact.plan(LOOP, BIASED)
    assert small.feasible and "from their stationary law" in str(small)
    assert exact.plan(LOOP, HEATED, request="generating_function").feasible


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: exact.work_cumulants(LOOP, HEATED, temperature=1.0), "temperature must not be given"),
        (lambda: exact.plan(LOOP, HEATED, temperature=1.0), "temperature must not be given"),
        (lambda: exact.work_cumulants(LOOP, BIASED), "temperature is needed"),
        (lambda: exact.work_cumulants(SOFT, ramp(0 * ONE, ONE, 2, networks=(STIFF, STIFF)), temperature=1),
         "one of the networks"),
        (lambda: exact.work_cumulants(LOOP, BIASED, temperature=1, initial="equilibrium"), "needs an energy"),
        (lambda: exact.work_cumulants(LOOP, BIASED, temperature=1, initial_temperature=2), "needs an energy"),
        (lambda: exact.work_cumulants(SOFT, 3, temperature=1, initial="stationary", initial_temperature=2),
         "a stationary start has the bath's"),
        (lambda: exact.work_cumulants(SOFT, 3, temperature=1, initial=ONE), "or 'stationary', got ndarray"),
        (lambda: exact.work_cumulants(SOFT, 3, temperature=1, initial="steady"), "initial must be one of"),
        (lambda: exact.work_cumulants(SpinNetwork(50 * np.roll(np.eye(6), 1, axis=1)), 3, temperature=0.1),
         "no stationary law at step 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()


# -- Hatano and Sasa's theorem, and the exchange theorem ---------------------------------------------------------------

FOUR = np.array([[1, 1, 1, 1], [1, 1, -1, -1]])


@pytest.mark.parametrize("order", ["random", "sequential", "parallel"])
def test_hatano_and_sasas_theorem_to_rounding(order):
    network = hopfield(FOUR, [0.2, 0.8], crossover=0.7)
    rule, values = Glauber(order=order), np.arange(11)[:, None] / 10 * FOUR[1]

    def mean(potentials):
        law = np.exp(-potentials[0])
        for t in range(10):
            law *= np.exp(-(potentials[t + 1] - potentials[t]))
            chain.step(law, values[t + 1])
        return law.sum()

    chain = exact.enumerated_chain(network, rule, 2.0)
    kept = [-np.log(exact.stationary(network, rule, temperature=2.0, field=value)) for value in values]
    assert abs(mean(kept) - 1) < 1e-12
    symmetric = SpinNetwork((network.couplings + network.couplings.T) / 2)
    boltzmann = [-np.log(exact.enumerated_chain(symmetric, rule, 2.0).equilibrium(value)) for value in values]
    assert abs(mean(boltzmann) - 1) > 1e-4, "only so with the law that the rule keeps"


def exchanged(network, field, rule, hot, cold):
    """(Q, P(Q)): heat absorbed from the bath at `cold` by a network that comes from equilibrium at `hot`."""
    first, chain = (exact.enumerated_chain(network, rule, float(one)) for one in (hot, cold))
    energies = network.energy(transfer.all_states(network.size), field)
    levels, which = np.unique(np.round(energies, 9), return_inverse=True)
    laws = np.where(which == np.arange(len(levels))[:, None], first.equilibrium(field), 0.0)
    chain.step(laws, field)
    heats = np.round(levels[which] - levels[:, None], 9).ravel()
    values, where = np.unique(heats, return_inverse=True)
    return values, np.bincount(where.ravel(), laws.ravel())


def slopes(heats, law):
    """ln P(Q)/P(-Q) over Q, for every pair."""
    at = {round(heat, 9): p for heat, p in zip(heats.tolist(), law.tolist(), strict=True)}
    return np.array([np.log(p / at[-heat]) / heat for heat, p in at.items() if heat > 0 and p > 0 and at[-heat] > 0])


@pytest.mark.parametrize("cold, slope", [(5, -0.1333333333), (10, -0.0333333333)])
def test_the_exchange_theorem_to_the_printed_digits(cold, slope):
    network = hopfield(FOUR, [0.2, 0.8])
    heats, law = exchanged(network, np.zeros(4), Glauber(attempts=8), 15, cold)
    np.testing.assert_allclose(slopes(heats, law), slope, atol=1e-10)
    assert law @ np.exp(-(1 / 15 - 1 / cold) * heats) == pytest.approx(1, abs=1e-12)
    entropy = exact.generating_function(
        network, hold(np.zeros(4), 1), Glauber(attempts=8), temperature=cold, initial_temperature=15, counting=[1.0],
        of="entropy",
    )  # fmt: skip
    np.testing.assert_allclose(entropy, 1, atol=1e-12)
    heats, law = exchanged(network, np.zeros(4), Glauber(order="parallel"), 15, cold)
    assert np.ptp(slopes(heats, law)) > 1e-4, "parallel moves have another energy"


def test_the_pairwise_exchange_theorem_is_not_that_of_a_fixed_order():
    rng = np.random.default_rng(2)
    network, field = random_network(rng, 5), rng.normal(size=5)
    difference = 1 / 2.0 - 1 / 0.8
    for rule, holds in ((Glauber(attempts=8), True), (Glauber(order="sequential", attempts=8), False)):
        heats, law = exchanged(network, field, rule, 2.0, 0.8)
        assert law @ np.exp(-difference * heats) == pytest.approx(1, abs=1e-9), "the integral form holds for both"
        gap = np.abs(slopes(heats, law) - difference).max()
        assert gap < 1e-6 if holds else gap > 0.1


@pytest.mark.parametrize("order", ["random", "parallel"])
@pytest.mark.parametrize("relax_first", [False, True], ids=["forward", "reverse"])
def test_entropy_without_an_energy_is_that_of_tilted_dense_matrices(order, relax_first):
    """T(x -> x')^(1 - lambda) T(x' -> x)^lambda between two stationary laws; one attempt a step, or all at once."""
    couplings = np.array([[0, 0.9, -0.4], [0.1, 0, 0.6], [-0.8, 0.3, 0]])
    values = np.linspace([0.2, -0.3, 0.1], [0.9, 0.5, -0.6], 4)
    beta, counting = 0.8, np.array([0.0, 0.3, 1.0, 1.4])
    rule = Glauber(attempts=1) if order == "random" else Glauber(order="parallel")
    drive = Protocol(values, relax_first)
    first, last = (
        transfer.stationary(transfer.step_matrix(couplings, field, beta, order, 1)) for field in (values[0], values[-1])
    )
    for number, theta in enumerate(counting):
        law = first ** (1 - theta)
        for step in range(1, len(values)):
            matrix = transfer.step_matrix(couplings, values[step - 1 if relax_first else step], beta, order, 1)
            moves = (matrix > 0) & (matrix.T > 0)
            law = (
                np.where(moves, np.where(moves, matrix, 1) ** (1 - theta) * np.where(moves, matrix.T, 1) ** theta, 0)
                @ law
            )
        found = exact.generating_function(
            SpinNetwork(couplings), drive, rule, temperature=1 / beta, counting=counting, of="entropy"
        )
        assert found[number] == pytest.approx(np.sum(law * last**theta), rel=1e-9)


@pytest.mark.parametrize("rule", [Glauber(), Glauber(order="sequential"), Glauber(order="parallel")], ids=str)
def test_integral_theorem_without_an_energy_or_one_temperature(rule):
    couplings = np.array([[0, 0.9, -0.4], [0.1, 0, 0.6], [-0.8, 0.3, 0]])
    drive = ramp([0.2, -0.3, 0.1], [0.9, 0.5, -0.6], 5)
    for network, bath in [
        (SpinNetwork(couplings), 1.2),
        (SpinNetwork(couplings + couplings.T), [0.7, 1.0, 1.9]),
    ]:
        found = exact.generating_function(
            network, drive, rule, temperature=bath, counting=[0.0, 1.0, 1.0j], of="entropy", initial="stationary"
        )
        np.testing.assert_allclose(found[:2], 1.0, atol=1e-10)
        assert abs(found[2]) < 1 - 1e-4, "nothing was produced"


@pytest.mark.parametrize("order", ["random", "parallel"])
def test_stationary_starts_of_pattern_networks_are_lumped(order):
    """Crossover, so no energy: occupation numbers against all states, and a network too large for those."""
    rule = Glauber(order=order)
    small = hopfield([np.ones(8), np.repeat([1, -1], 4)], [0.3, 0.7], crossover=0.6, scale="hopfield")
    bare = SpinNetwork(small.couplings)  # without its patterns: enumerated
    drive = ramp(np.zeros(8), np.repeat([0.8, -0.2], 4), 4)
    lumped, enumerated = (exact.work_cumulants(net, drive, rule, temperature=0.7, order=3) for net in (small, bare))
    assert exact.plan(small, drive, rule, temperature=0.7).route == "lumped"
    np.testing.assert_allclose(lumped, enumerated, rtol=1e-8)
    large = hopfield([np.ones(40), np.repeat([1, -1], 20)], [0.3, 0.7], crossover=0.6, scale="hopfield")
    push = ramp(np.zeros(40), np.repeat([0.4, -0.2], 20), 3)
    mean, variance = exact.work_cumulants(large, push, rule, temperature=0.9, order=2)
    works = simulate(large, push, rule, temperature=0.9, trials=20_000, seed=1).work.values
    assert abs(works.mean() - mean) < 4 * np.sqrt(variance / works.size) < 0.1 * abs(mean)
    assert abs(works.var() / variance - 1) < 0.1
