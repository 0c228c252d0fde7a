"""Couplings that learn: forces, the joint equilibrium with activity, what flows from each, and rules as printed."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import brentq

from neurothermo import (
    Gaussian,
    InputError,
    Langevin,
    PlasticNetwork,
    RateNetwork,
    forward_and_reverse,
    gains,
    hold,
    ramp,
    simulate,
)
from neurothermo.core.flight import Flight, parts_of
from neurothermo.core.randomness import Stream
from neurothermo.dynamics.drivers import driver_for
from neurothermo.free_energy import bar
from neurothermo.systems.continuous import Inner

from assertions import assert_within, mean_within  # isort: skip

TEMPERATURE, TAU, ETA = 0.6, 2.0, 0.8
SLOPE, RESISTANCE, COUPLING, CONSTANT = 2.0, np.array([1.0, 1.7]), 0.5, np.array([0.3, -0.2])
START, STOP = np.array([-0.3, 0.4]), np.array([1.2, 0.5])
MATCHED = Langevin(0.1, "boltzmann")


def pair(noise="matched", tau=TAU, eta=ETA):
    """Two neurons and their one coupling, asymmetric in all but that."""
    fixed = [[0, COUPLING], [COUPLING, 0]]
    return PlasticNetwork(RateNetwork(fixed, gains.logistic(SLOPE), RESISTANCE, CONSTANT), tau, eta, noise)


def many(size=4, noise="matched", symmetric=True):
    rng = np.random.default_rng(size)
    fixed = rng.normal(size=(size, size))
    fixed = fixed + fixed.T if symmetric else fixed
    network = RateNetwork(fixed, gains.tanh(0.7), 0.5 + rng.random(size), rng.normal(size=size))
    return PlasticNetwork(network, 3.0, 0.4, noise), rng.normal(size=(7, size * (size + 1) // 2))


# -- oracles that share nothing with the library ---------------------------------------------------------------------


def grid(points=160):
    """Activities of both neurons and their weights, by Gauss and Legendre."""
    x, w = np.polynomial.legendre.leggauss(points)
    x, w = (x + 1) / 2, w / 2
    return np.meshgrid(x, x, indexing="ij"), np.outer(w, w)


def network_energy(v1, v2, coupling, field):
    """E_rate of two logistic neurons, in activities."""
    own = sum(
        (v * np.log(v) + (1 - v) * np.log(1 - v)) / (SLOPE * r) for v, r in zip((v1, v2), RESISTANCE, strict=True)
    )
    b = CONSTANT + field
    return own - coupling * v1 * v2 - b[0] * v1 - b[1] * v2


def joint(field, temperature=TEMPERATURE, reach=ETA * TAU):
    """-T ln Z up to a constant, <V1 V2>, <W>, <W^2>, <W V1 V2>: W is normal given V and integrated out."""
    (v1, v2), weights = grid()
    product = v1 * v2
    weights = weights * np.exp(
        -network_energy(v1, v2, COUPLING, field) / temperature + reach * product**2 / (2 * temperature)
    )
    total = weights.sum()
    mean, square = (weights * product).sum() / total, (weights * product**2).sum() / total
    return -temperature * np.log(total), mean, reach * mean, reach**2 * square + reach * temperature, reach * square


def observed(network, states):
    """V1 V2, W, W^2 and W V1 V2 of every row."""
    activity = network.activity(states)
    product, learned = activity[:, 0] * activity[:, 1], network.couplings(states)[:, 0, 1]
    return product, learned, learned**2, learned * product


def stationary(network, rule, trials=4096, steps=60, field=START, states=None):
    """The last states of trials held at an input."""
    options = {"temperature": TEMPERATURE, "trials": trials, "seed": 3, "progress": False}
    run = simulate(network, hold(field, steps), rule, **options, initial=states, record="states", every=steps)
    return run, run.states.values[:, -1]


# -- forces and energy -----------------------------------------------------------------------------------------------


def test_the_energy_is_that_of_the_rates_at_all_couplings_and_that_of_the_learned_ones():
    network, states = many(3)
    first, field = network.network, np.array([0.3, -1.0, 0.2])
    for row, found in zip(states, network.energy(states, field), strict=True):
        learned = np.array([[0, row[3], row[4]], [row[3], 0, row[5]], [row[4], row[5], 0]])
        whole = RateNetwork(first.couplings + learned, first.gain, first.resistance, first.input)
        expected = whole.energy(row[None, :3], field)[0] + (learned**2).sum() / (4 * network.eta * network.tau)
        assert found == pytest.approx(expected, abs=1e-12)
        force, activity = network.evaluate(row[None])
        np.testing.assert_allclose(force[0, :3], whole.evaluate(row[None, :3])[0][0], atol=1e-12)
        hebb = network.eta * np.outer(activity[0], activity[0]) - learned / network.tau  # as printed
        np.testing.assert_allclose(network.pace[3:] * force[0, 3:], hebb[np.triu_indices(3, 1)], atol=1e-12)


@pytest.mark.parametrize("size", [2, 4, 9])
def test_forces_are_minus_the_gradient_of_the_energy_in_activities_and_couplings(size):
    network, states = many(size)
    force = network.evaluate(states)[0]
    inner = network.inner(states)
    for i in range(network.dimension):
        step = np.zeros(network.dimension)
        step[i] = 1e-6
        ends = [network.outer(inner.values + sign * step) for sign in (1, -1)]
        slope = (network.energy(ends[0], np.zeros(size)) - network.energy(ends[1], np.zeros(size))) / 2e-6
        np.testing.assert_allclose(-slope, force[:, i], rtol=1e-6, atol=1e-6)


def test_states_are_read_and_inner_coordinates_lead_back():
    network, states = many(4)
    np.testing.assert_allclose(network.outer(network.inner(states).values), states, atol=1e-12)
    learned = network.couplings(states)
    np.testing.assert_array_equal(learned, learned.transpose(0, 2, 1))
    assert not np.einsum("rii->ri", learned).any()
    np.testing.assert_array_equal(learned[:, 0, 3], states[:, 6])
    np.testing.assert_array_equal(learned[:, 1, 2], states[:, 7])
    np.testing.assert_array_equal(network.potentials(states), states[:, :4])
    assert network.couplings(states.reshape(7, 1, 10)).shape == (7, 1, 4, 4)
    single, activity = network.evaluate(states.astype(np.float32))
    assert single.dtype == activity.dtype == np.float32
    np.testing.assert_allclose(single, network.evaluate(states)[0], rtol=1e-5, atol=1e-5)
    spread = network.scattered(np.random.default_rng(1).random((5, 10)))
    assert spread.shape == (5, 10) and np.all(np.isfinite(network.energy(spread, np.zeros(4))))


# -- the joint equilibrium -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def settled():
    return stationary(pair(), MATCHED)


def test_activity_and_couplings_settle_to_boltzmanns_law(settled):
    found = observed(pair(), settled[1])
    for values, exact in zip(found, joint(START)[1:], strict=True):
        mean_within(values, exact, resolution=0.25 * exact)
    learned, product = found[1], found[0]
    residual = learned - ETA * TAU * product  # W given V: normal, of mean eta tau V1 V2 and variance eta tau T
    mean_within(residual, 0.0, resolution=0.1)
    mean_within(residual**2, ETA * TAU * TEMPERATURE, resolution=0.1)
    assert abs(np.corrcoef(residual, product)[0, 1]) < 4 / np.sqrt(len(product))


@pytest.mark.parametrize("wrong", [joint(START, 1.2 * TEMPERATURE), joint(START, reach=0), joint(STOP)])
def test_and_not_to_another(settled, wrong):
    with pytest.raises(AssertionError):
        for values, exact in zip(observed(pair(), settled[1]), wrong[1:], strict=True):
            mean_within(values, exact)


@dataclass(frozen=True, eq=False)
class Mismatched:
    """The same drift, twice the noise of the couplings: not what the energy asks for."""

    right: PlasticNetwork

    def __getattr__(self, name):
        return getattr(self.right, name)

    def evaluate(self, states):
        force, activity = self.right.evaluate(states)
        force[:, 2:] /= 2
        return force, activity

    def inner(self, states):
        inner = self.right.inner(states)
        return Inner(inner.values, inner.mobility * [1, 1, 2], inner.slope)


def test_noise_that_does_not_match_gives_another_law(settled):
    rule = Langevin(0.02, "boltzmann", "midpoint")
    start = settled[1][:2000]
    square = joint(START)[3]
    _, states = stationary(pair(), rule, len(start), 120, states=start)
    mean_within(states[:, 2] ** 2, square, sigmas=4, resolution=0.25 * square)
    _, states = stationary(Mismatched(pair()), rule, len(start), 120, states=start)
    with pytest.raises(AssertionError, match="sigma from"):
        mean_within(states[:, 2] ** 2, square, sigmas=8)


def test_at_equilibrium_nothing_flows_on_average(settled):
    run = settled[0]
    for name in ("entropy_flow", "flow_activity", "flow_couplings"):
        mean_within(run[name], 0.0, resolution=0.2)
    assert run.entropy_flow.std() > 0.5
    np.testing.assert_allclose(run.flow_activity + run.flow_couplings, run.entropy_flow, atol=1e-10)


def hidden_rate(network, dt, start):
    """(T flow + heat)/T a unit time: at equilibrium its mean is that of the flow, with far less noise."""
    options = {"temperature": TEMPERATURE, "trials": len(start), "initial": start, "progress": False}
    run = simulate(network, hold(START, 40), Langevin(dt, "boltzmann", "midpoint"), **options)
    values = run.shadow_work.values / (TEMPERATURE * 40 * dt)
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


def test_the_midpoint_flow_of_an_equilibrium_vanishes_with_the_duration_of_a_step(settled):
    """Slowly, about as the root of dt: the walls of the activities see each step as a long one."""
    rates = [hidden_rate(pair(), dt, settled[1]) for dt in (0.01, 0.002, 0.0004)]
    assert all(error < 0.05 * rates[0][0] for _, error in rates)
    for (coarse, _), (fine, _) in pairwise(rates):
        assert abs(fine) < 0.5 * abs(coarse)
    assert abs(rates[2][0]) < 0.004
    wrong, error = hidden_rate(Mismatched(pair()), 0.002, settled[1])  # the couplings' bath is twice as hot
    assert wrong > 4 * error > 0.1


def test_additive_noise_on_the_potentials_is_out_of_equilibrium_whatever_the_couplings_do():
    options = {"temperature": 0.3, "trials": 300, "initial": np.zeros(3), "progress": False}
    run = simulate(pair(tau=1.0, eta=6.0), hold(STOP, 600), Langevin(0.02), **options, record="flow", every=300)
    flow = run.flow_steps.values[:, -1]  # settled by then
    assert "additive noise" in run.attrs["keeps_not"]
    assert flow.mean() > 10 * flow.std() / np.sqrt(len(flow))


# -- driven ----------------------------------------------------------------------------------------------------------


def test_free_energy_of_activity_and_couplings_by_work_alone():
    exact = joint(STOP)[0] - joint(START)[0]
    there, back = forward_and_reverse(
        pair(), ramp(START, STOP, 12), MATCHED, temperature=TEMPERATURE, trials=2048, seed=5, progress=False
    )
    found = bar(there, back)
    assert_within(found.value, found.stderr, exact, sigmas=4, resolution=0.1)
    exponential = np.exp(-(there.work.values - exact) / TEMPERATURE)
    mean_within(exponential, 1.0, resolution=0.1)
    assert there.work.mean() - exact > 10 * found.stderr  # it is driven fast enough to dissipate
    first_law = there.energy_final - there.energy_initial - there.work - there.heat
    assert abs(first_law).max() < 1e-12
    with pytest.raises(AssertionError):
        mean_within(np.exp(-(there.work.values + 0.1 - exact) / TEMPERATURE), 1.0)
    with pytest.raises(AssertionError):
        assert_within(found.value, found.stderr, joint(STOP, reach=0)[0] - joint(START, reach=0)[0], sigmas=4)


@pytest.mark.parametrize("plain", [False, True])
def test_the_integral_theorem_holds_for_additive_noise_at_any_step(plain):
    law = Gaussian(np.array([0.3, 0.1, 0.5]), np.diag([0.8, 0.8, 0.8]))
    run = simulate(pair(), ramp(START, STOP, 2), Langevin(0.05), temperature=TEMPERATURE, trials=20_000, initial=law,
                   progress=False, plain=plain)  # fmt: skip
    total = run.log_law_initial - run.log_law_final + run.entropy_flow
    mean_within(np.exp(-total), 1.0, resolution=0.1)
    with pytest.raises(AssertionError):
        mean_within(np.exp(-run.entropy_flow), 1.0)


# -- as printed: no noise of the couplings ---------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [Langevin(0.05), Langevin(0.05, step="heun"), Langevin(0.05, "boltzmann")], ids=repr)
def test_couplings_without_noise_follow_hebb_and_leave_no_log_ratio(rule):
    drive = ramp(START, STOP, 6)
    start = np.array([0.4, -0.2, 0.7])
    run = simulate(pair("none"), drive, rule, temperature=TEMPERATURE, trials=300, initial=start, progress=False,
                   record=["states", "activities"])  # fmt: skip
    learned, activity = run.states.values[:, :, 2], run.activities.values
    work = -np.einsum("tki,ki->t", activity[:, :-1], np.diff(drive.values, axis=0))
    np.testing.assert_allclose(run.work, work, rtol=1e-5, atol=1e-6)
    product = activity.prod(axis=2)
    if rule.step != "heun":  # Euler's step of eq. 16
        expected = learned[:, :-1] + 0.05 * (-learned[:, :-1] / TAU + ETA * product[:, :-1])
        np.testing.assert_allclose(learned[:, 1:], expected, atol=1e-6)
    assert np.all(np.isnan(run.entropy_flow)) and np.all(np.isnan(run.flow_couplings))
    assert np.all(np.isfinite(run.flow_activity)) and "heat" not in run
    assert "no log ratio" in run.attrs["flow"] and "without noise" in run.attrs["energy"]
    matched = simulate(pair(), drive, rule, temperature=TEMPERATURE, trials=300, initial=start, progress=False)
    assert "no log ratio" not in matched.attrs["flow"] and np.all(np.isfinite(matched.entropy_flow))


def test_the_printed_steady_state_of_the_couplings():
    network, rule = pair("none"), Langevin(0.05)
    run, states = stationary(network, rule, 2000, 400, STOP, states=np.zeros(3))  # ten times tau
    activity = network.activity(states)
    gap = network.couplings(states)[:, 0, 1] - TAU * ETA * activity.prod(axis=1)
    assert "heat" not in run
    mean_within(gap, 0.0, resolution=0.1)


def test_slow_learning_ends_where_couplings_and_the_correlations_they_make_agree():
    def mean_product(learned):
        (v1, v2), weights = grid()
        weights = weights * np.exp(-network_energy(v1, v2, COUPLING + learned, STOP) / TEMPERATURE)
        return (weights * v1 * v2).sum() / weights.sum()

    reach = 1.0
    agreed, unaware = brentq(lambda w: w - reach * mean_product(w), 0, reach), reach * mean_product(0.0)
    assert agreed - unaware > 0.09 * agreed  # what is learned acts back on the activity
    network = pair("none", tau=10.0, eta=reach / 10)
    start = np.array([0.0, 0.0, unaware])
    _, states = stationary(network, Langevin(0.02, "boltzmann"), 400, 1000, STOP, states=start)
    learned = states[:, 2]
    error = learned.std() / np.sqrt(len(learned))
    assert error < 0.005 * agreed
    assert abs(learned.mean() - agreed) < 4 * error + 0.02 * agreed  # two in a hundred: the duration of a step


# -- what flows from activity, what from couplings -------------------------------------------------------------------


@pytest.mark.parametrize("step", ["euler-maruyama", "heun"])
def test_compiled_and_plain_forms_split_the_flow_alike(step):
    options = {"temperature": TEMPERATURE, "trials": 100, "initial": np.zeros(10), "progress": False}
    network, _ = many(4, symmetric=False)
    rule = Langevin(0.05, step=step)
    drive = ramp(np.zeros(4), [1, -0.5, 0.3, 0.2], 8)
    fast, plain = (simulate(network, drive, rule, **options, plain=plain) for plain in (False, True))
    for name in ("work", "entropy_flow", "flow_activity", "flow_couplings"):
        np.testing.assert_allclose(fast[name], plain[name], rtol=1e-4, atol=1e-4)
    for run in (fast, plain):
        np.testing.assert_allclose(run.flow_activity + run.flow_couplings, run.entropy_flow, atol=1e-12)
        assert run.flow_couplings.std() > 0.1 < run.flow_activity.std()
        assert run.flow_couplings.attrs["units"] == "nats" and "couplings" in run.flow_couplings.attrs["long_name"]


def test_the_accepted_change_of_energy_is_split_evenly_between_what_interacts():
    drive = ramp(START, STOP, 5)
    run = simulate(pair(), drive, Langevin(0.3, "boltzmann"), temperature=TEMPERATURE, trials=200, progress=False,
                   record="states")  # fmt: skip
    v = 1 / (1 + np.exp(-SLOPE * run.states.values[:, :, :2]))
    w = run.states.values[:, :, 2]

    def energy(activity, learned, field):
        quadratic = learned**2 / (2 * ETA * TAU)
        return network_energy(activity[:, 0], activity[:, 1], COUPLING + learned, field) + quadratic

    share = np.zeros(200)
    for k in range(1, 6):
        for held in (w[:, k - 1], w[:, k]):
            share -= energy(v[:, k], held, drive.values[k]) - energy(v[:, k - 1], held, drive.values[k])
    np.testing.assert_allclose(run.flow_activity, share / (2 * TEMPERATURE), atol=1e-10)
    np.testing.assert_allclose(run.flow_couplings, run.entropy_flow - share / (2 * TEMPERATURE), atol=1e-10)


def test_a_flight_splits_only_what_it_was_asked_to():
    network, states = many(3)
    stream = Stream.of(1, "split")
    for rule in (Langevin(0.05), Langevin(0.05, "boltzmann"), Langevin(0.05, "boltzmann", "midpoint")):
        driver = driver_for(network, rule, 1.0)
        assert parts_of(driver) == network.parts == {"activity": slice(0, 3), "couplings": slice(3, 6)}
        asked, not_asked = (Flight.of(states, 0, stream, parts=parts) for parts in (network.parts, ()))
        for flight in (asked, not_asked):
            driver.carry(flight, np.zeros((4, 3)), 1, False, 1)
        np.testing.assert_array_equal(asked.states, not_asked.states)
        np.testing.assert_allclose(asked.flow, not_asked.flow, rtol=1e-5)
        np.testing.assert_allclose(sum(asked.sums.values()), asked.flow, atol=1e-12)
        assert not not_asked.sums
    assert parts_of(driver_for(network.network, Langevin(0.05), 1.0)) == {}


# -- accepted moves that remember where they are ---------------------------------------------------------------------


def metropolis_step(system, states, field, dt, temperature, address):
    """The step written out: everything evaluated at both ends, at the input itself."""

    def known(rows):
        inner = system.inner(rows)
        force = system.evaluate(rows)[0]
        force[:, : len(field)] += field
        return inner, inner.mobility * force + temperature * inner.slope, system.energy(rows, field)

    def log_density(values, inner, drift):
        variance = 2 * temperature * inner.mobility * dt
        return -0.5 * ((values - inner.values - drift * dt) ** 2 / variance + np.log(variance)).sum(axis=1)

    inner, drift, energy = known(states)
    noise = np.sqrt(2 * temperature * inner.mobility * dt) * address.normals(system.dimension)
    values = inner.values + drift * dt + noise
    low, high = system.box
    inside = np.all((values > low) & (values < high), axis=1)
    proposed = np.where(inside[:, None], system.outer(np.where(inside[:, None], values, inner.values)), states)
    there, back, after = known(proposed)
    chance = log_density(inner.values, there, back) - log_density(there.values, inner, drift)
    chance = np.exp(np.minimum(chance - (after - energy) / temperature, 0))
    taken = inside & (address.bits(1, first=system.dimension)[:, 0] * 2.0**-64 < chance)
    return np.where(taken[:, None], proposed, states), np.where(taken, (energy - after) / temperature, 0.0)


@pytest.mark.parametrize("system", [pair().network, pair(), many(4)[0]], ids=repr)
@pytest.mark.parametrize("relax_first", [False, True])
def test_carried_moves_give_the_numbers_of_the_step_written_out(system, relax_first):
    rule, size = Langevin(0.3, "boltzmann"), system.size
    values = np.linspace(0, 1, 13)[:, None] * np.linspace(-1, 1.5, size)
    stream, start = Stream.of(2, "carried"), np.random.default_rng(4).normal(size=(150, system.dimension))
    fast, plain = (Flight.of(start, 30, stream, parts=parts_of(system)) for _ in range(2))
    driver_for(system, rule, 0.7).carry(fast, values, 5, relax_first, 1)
    driver_for(system, rule, 0.7, plain=True).carry(plain, values, 5, relax_first, 1)
    states, flow, work, refused = start, np.zeros(150), np.zeros(150), 0
    for k in range(1, len(values)):
        change = values[k] - values[k - 1]
        work -= 0 if relax_first else system.activity(states) @ change
        address = stream.at(np.arange(30, 180), 4 + k)
        moved, one = metropolis_step(system, states, values[k - relax_first], 0.3, 0.7, address)
        refused += np.all(moved == states, axis=1).sum()
        states, flow = moved, flow + one
        work -= system.activity(states) @ change if relax_first else 0
    assert 50 < refused < 1700
    for flight in (fast, plain):
        np.testing.assert_allclose(flight.states, states, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(flight.flow, flow, atol=1e-12)
        np.testing.assert_allclose(flight.work, work, atol=1e-12)
    np.testing.assert_array_equal(fast.states, plain.states)
    for name, total in fast.sums.items():
        np.testing.assert_allclose(total, plain.sums[name], atol=1e-12)


@pytest.mark.parametrize("rule", [Langevin(0.05), MATCHED, Langevin(0.05, "boltzmann", "midpoint")], ids=repr)
def test_chunks_and_threads_change_no_bit(rule):
    network, _ = many(12)
    options = {"temperature": 0.8, "trials": 700, "initial": np.zeros(78), "progress": False}
    one, other = (
        simulate(network, ramp(np.zeros(12), np.ones(12), 5), rule, **options, **cut)
        for cut in ({"threads": 1}, {"threads": 2, "chunk": 100})
    )
    for name in one.data_vars:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


# -- bad input -------------------------------------------------------------------------------------------------------


def test_what_cannot_learn_is_refused():
    network = pair().network
    for wrong, sentence in [
        ({"network": network.couplings}, "network must be a RateNetwork, got ndarray"),
        ({"network": RateNetwork([[0.0]])}, "two neurons at least"),
        ({"network": RateNetwork(np.zeros((2, 2)), gains.threshold_linear())}, r"must be bounded, got \(0, inf\)"),
        ({"tau": 0}, "tau must be positive, got 0"),
        ({"eta": -1}, "eta must be positive, got -1"),
        ({"eta": "fast"}, "eta must be one number"),
        ({"noise": "matchd"}, "did you mean 'matched'"),
    ]:
        with pytest.raises(InputError, match=sentence):
            PlasticNetwork(**{"network": network, "tau": 1.0, "eta": 1.0} | wrong)
    with pytest.raises(InputError, match=r"states must have 3 columns, got shape \(4, 5\)"):
        pair().couplings(np.zeros((4, 5)))
    with pytest.raises(InputError, match="without noise of their own"):
        pair("none").energy(np.zeros((1, 3)), np.zeros(2))
    with pytest.raises(InputError, match="not symmetric"):
        many(3, symmetric=False)[0].energy(np.zeros((1, 6)), np.zeros(3))
    for rule in (Langevin(0.1, "boltzmann", "metropolis"), Langevin(0.1, "underdamped")):
        with pytest.raises(InputError):
            simulate(pair("none"), 3, rule, temperature=1.0, progress=False)


def test_networks_that_differ_have_different_words():
    words = {one.digest for one in (pair(), pair("none"), pair(tau=3.0), pair(eta=0.1), many(2)[0])}
    assert len(words) == 5 and pair().digest == pair().digest
