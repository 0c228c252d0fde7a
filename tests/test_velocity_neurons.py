"""Neurons that infer a velocity: printed values, linear algebra that knows nothing of the closed forms, recordings."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.linalg import expm

from assertions import assert_within, mean_within
from neurothermo import InputError, entropy_production, fluctuation, simulate
from neurothermo.core.gaussian import Gaussian
from neurothermo.processes.neurons import VelocityNeurons
from neurothermo.processes.neurons_tuned import TunedNeurons

THREE = VelocityNeurons([1, -0.5, 2], neuron_time=0.5, neuron_noise=0.2)
TEN = VelocityNeurons(10)
NAMES = (
    "accuracy", "mutual_information", "mmse", "even", "odd", "information_flow", "efficiency", "filter_error",
    "transfer_entropy",
)  # fmt: skip
TABLE = [
    (VelocityNeurons(1), (
        .89919971, 1.14730703, .10080029, 90.90909091, 909.09090909, 8.9206066, .09812667, .06127717, 15.31929202)),
    (TEN, (
        .90809201, 1.19348364, .09190799, 909.09090909, 9090.90909091, 9.8804466, .01086849, .01980100, 49.50249994)),
    (VelocityNeurons(100), (
        .90899092, 1.19839800, .09100908, 9090.90909, 90909.0909, 9.98791462, .00109867, .00630459, 157.61467358)),
    (THREE, (.64814815, .52227253, .35185185, 35, 70, 1.84210526, .05263158, .17705962, 4.64781507)),
    (VelocityNeurons(1, neuron_time=0.01), (
        .98910002, 2.25949711, .01089998, 990.0990099, 99009.90099, 90.74327819, .09165071, .00630459, 157.61467358)),
]  # fmt: skip
SWITCHED_ON = {
    0.01: 1.1241845810, 0.05: 1.6747892729, 0.1: 1.4782115278, 0.2: 1.2936736481, 0.5: 1.1977866943, 1: 1.1935017681,
}  # fmt: skip
RATES = {0.01: (77.52967, 260.6314), 0.1: (-3.067807, 25.78573), 0.5: (-0.0463836, 0.1878410)}

positive = st.floats(0.1, 5)
tunings = st.lists(st.floats(0.1, 3), min_size=1, max_size=4).map(lambda ks: [(-1) ** i * k for i, k in enumerate(ks)])
networks = st.builds(
    VelocityNeurons, tunings, velocity_time=positive, neuron_time=positive, velocity_noise=positive,
    neuron_noise=positive,
)  # fmt: skip


def value(network, name):
    return network.entropy_production(name) if name in ("even", "odd") else getattr(network, name)()


def information(covariance):
    """Of the first variable and the rest, by determinants."""
    log_det = [np.linalg.slogdet(block)[1] for block in (covariance[:1, :1], covariance[1:, 1:], covariance)]
    return (log_det[0] + log_det[1] - log_det[2]) / 2


@pytest.mark.parametrize(("network", "row"), TABLE, ids=lambda x: repr(x)[:40] if not isinstance(x, tuple) else "")
@pytest.mark.parametrize("name", NAMES)
def test_printed_values(network, row, name):
    expected = row[NAMES.index(name)]
    assert float(value(network, name)) == pytest.approx(expected, abs=6e-9, rel=3e-9)
    assert value(network, name).kind == "exact"


# -- against linear algebra ------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(networks)
def test_closed_forms_are_those_of_the_linear_process(network):
    process = network.linear("even")
    covariance = process.covariance()
    np.testing.assert_allclose(network.joint_law().covariance, covariance, rtol=1e-9, atol=1e-10)
    assert network.mutual_information() == pytest.approx(information(covariance), abs=1e-9)
    weights = np.linalg.solve(covariance[1:, 1:], covariance[1:, 0])
    np.testing.assert_allclose(network.decoder().weights, weights, rtol=1e-8)
    assert network.mmse() == pytest.approx(covariance[0, 0] - weights @ covariance[1:, 0], rel=1e-8)
    for parity in ("even", "odd"):
        assert network.entropy_production(parity) == pytest.approx(
            network.linear(parity).entropy_production().value, rel=1e-8
        )


@settings(max_examples=60, deadline=None)
@given(networks)
def test_second_laws(network):
    flow, spent = network.information_flow(), network.entropy_production("even")
    rho = network.velocity_time / (network.velocity_time + network.neuron_time)
    assert 0 < flow <= spent
    assert network.efficiency() == pytest.approx(flow / spent, rel=1e-10)
    assert 0 < network.efficiency() <= rho < 1 and 0 < network.accuracy() < rho
    assert flow.details["to_neurons"] + flow.details["to_velocity"] == 0
    assert network.transfer_entropy() >= flow * (1 - 1e-12)
    assert network.filter_error() <= network.mmse() * (1 + 1e-12)
    ratio = network.entropy_production("odd") / network.entropy_production("even")
    assert ratio == pytest.approx(network.velocity_time / network.neuron_time, rel=1e-12)


def path_divergence(network, dt, signs):
    """<ln p(x'|x)/p(eps x|eps x')>/dt of exact steps; its own propagator and its own inverse."""
    process = network.linear("even")
    step, c = expm(-process.relaxation_matrix() * dt), process.covariance()
    inverse = np.linalg.inv(c - step @ c @ step.T)
    joint = np.block([[c, c @ step.T], [step @ c, c]])
    n, e = len(c), np.diag(signs)
    back = np.hstack([e, -step @ e])  # eps x - E eps x'
    return 0.5 * (np.trace(inverse @ back @ joint @ back.T) - n) / dt


@pytest.mark.parametrize(
    ("parity", "signs", "coarse", "limit"),
    [
        ("even", (1, 1, 1, 1), (34.4475, 34.9472, 34.9947), 35),
        ("odd", (-1, 1, 1, 1), (69.9336, 69.9993, 70.0000), 70),
    ],
)
def test_paths_and_their_reverse(parity, signs, coarse, limit):
    for dt, expected in zip((1e-2, 1e-3, 1e-4), coarse, strict=True):
        assert path_divergence(THREE, dt, signs) == pytest.approx(expected, abs=6e-5 + 1e-8 / dt)
        assert THREE.linear(parity).coarse_grained_entropy_production(dt) == pytest.approx(expected, abs=6e-5)
    assert THREE.entropy_production(parity) == pytest.approx(limit, abs=1e-12)
    assert abs(path_divergence(THREE, 1e-4, signs) - THREE.entropy_production("even" if limit == 70 else "odd")) > 30


def test_information_flow_by_moving_the_rates_alone():
    """dI of (v_t, r_{t+h}) over h, from propagators."""
    process, h = THREE.linear("even"), 1e-6
    c, step = process.covariance(), expm(-process.relaxation_matrix() * h)
    lagged = c @ step.T  # <x_t x_{t+h}>
    mixed = c.copy()
    mixed[0, 1:] = mixed[1:, 0] = lagged[0, 1:]
    assert (information(mixed) - information(c)) / h == pytest.approx(THREE.information_flow().value, rel=1e-4)
    mixed[0, 1:] = mixed[1:, 0] = lagged.T[0, 1:]
    assert (information(mixed) - information(c)) / h == pytest.approx(-THREE.information_flow().value, rel=1e-4)


def test_information_flow_while_the_network_settles():
    """The same at a time after switching on: what is known of v now by rates a moment later."""
    process, h, time = THREE.linear("even"), 1e-6, 0.4
    start = np.diag([THREE.signal, *[THREE.private] * 3])
    c = process.transient(np.zeros(4), start, [time]).covariance.values[0]
    lagged = c @ expm(-process.relaxation_matrix() * h).T
    later = process.transient(np.zeros(4), start, [time + h]).covariance.values[0]
    mixed = later.copy()
    mixed[0, 0], mixed[0, 1:], mixed[1:, 0] = c[0, 0], lagged[0, 1:], lagged[0, 1:]
    found = THREE.switch_on([time, 60.0])
    assert (information(mixed) - information(c)) / h == pytest.approx(float(found.to_neurons[0]), rel=1e-4)
    assert (information(later) - information(mixed)) / h == pytest.approx(float(found.to_velocity[0]), rel=1e-4)
    assert float(found.to_neurons[1]) == pytest.approx(THREE.information_flow().value, rel=1e-9)


# -- scaling ---------------------------------------------------------------------------------------


def test_many_neurons():
    """Accuracy saturates by lag, the cost grows as N, efficiency falls as 1/N, the filter goes on."""
    many, limits = VelocityNeurons(10**6), TEN.saturation().sel(neurons=np.inf)
    assert many.mutual_information() == pytest.approx(float(limits.mutual_information), abs=1e-6)
    assert float(limits.mutual_information) == pytest.approx(0.5 * np.log(11), abs=1e-14)
    assert many.mmse() == pytest.approx(0.1 / 1.1, abs=1e-6) and float(limits.mmse) == pytest.approx(0.1 / 1.1)
    assert many.information_flow() == pytest.approx(float(limits.information_flow), rel=1e-5)
    assert many.entropy_production() == pytest.approx(1e5 * TEN.entropy_production().value, rel=1e-12)
    fewer = VelocityNeurons(10**4)
    assert fewer.efficiency() == pytest.approx(100 * many.efficiency(), rel=1e-2)
    assert fewer.filter_error() == pytest.approx(10 * many.filter_error(), rel=1e-2)
    with pytest.raises(InputError, match="at most 4000 neurons"):
        many.joint_law()


@settings(max_examples=40, deadline=None)
@given(networks, st.floats(0.3, 3))
def test_another_unit_of_time_or_rate_changes_nothing(network, scale):
    names = ("velocity_time", "neuron_time", "velocity_noise", "neuron_noise")
    tv, tn, dv, dr = (getattr(network, name) for name in names)
    slower = dict(zip(names, (tv * scale, tn * scale, dv / scale, dr / scale), strict=True))
    slow = VelocityNeurons(network.tuning, **slower)
    louder = VelocityNeurons(network.tuning * scale, **dict(zip(names, (tv, tn, dv, dr * scale**2), strict=True)))
    for name in ("accuracy", "mutual_information", "mmse", "efficiency", "filter_error"):
        assert value(slow, name) == pytest.approx(value(network, name).value, rel=1e-9)
    for name in ("accuracy", "information_flow", "even", "odd", "transfer_entropy"):
        assert value(louder, name) == pytest.approx(value(network, name).value, rel=1e-9)
    for name in ("information_flow", "even", "odd", "transfer_entropy"):
        assert value(slow, name) == pytest.approx(value(network, name) / scale, rel=1e-9)


def test_energy_in_units_is_a_choice():
    cost = TEN.energy_cost(temperature=2.0)
    assert cost == pytest.approx(2 * 909.0909090909, rel=1e-12) and cost.temperature == 2
    assert cost.details["per_neuron"] == pytest.approx(cost / 10)
    assert cost.details["per_nat"] == pytest.approx(2 / 0.0108684902, rel=1e-7)
    assert TEN.energy_cost(temperature=1, parity="odd") == pytest.approx(9090.909090909, rel=1e-12)
    with pytest.raises(TypeError):
        TEN.energy_cost()
    with pytest.raises(InputError, match="temperature"):
        TEN.energy_cost(temperature=0)


# -- switching on ----------------------------------------------------------------------------------


def test_information_after_switching_on():
    found = TEN.switch_on(list(SWITCHED_ON))
    np.testing.assert_allclose(found.information, list(SWITCHED_ON.values()), atol=6e-11)
    for time, (rate, bound) in RATES.items():
        assert float(found.information_rate.sel(time=time)) == pytest.approx(rate, rel=2e-7)
        assert float(found.rate_bound.sel(time=time)) == pytest.approx(bound, rel=4e-7)
    assert float(found.peak) == pytest.approx(1.71671, abs=1.5e-5)
    assert float(found.peak_time) == pytest.approx(0.035, abs=5e-4)
    assert float(found.peak) > 1.4 * TEN.mutual_information()  # it is not monotone


@settings(max_examples=25, deadline=None)
@given(networks, st.floats(0.02, 4))
def test_switching_on_by_linear_algebra(network, time):
    """The whole covariance propagated; flows and entropies from the general transient."""
    step = 1e-5
    times = [time - step, time, time + step]
    start = np.diag(np.r_[network.signal, np.full(network.neurons, network.neuron_noise * network.neuron_time)])
    general = network.linear("even").transient(np.zeros(network.size), start, times)
    found = network.switch_on(times)
    informations = [information(c) for c in general.covariance.values]
    np.testing.assert_allclose(found.information, informations, rtol=1e-8, atol=1e-11)
    slope = (informations[2] - informations[0]) / (2 * step)
    assert float(found.information_rate[1]) == pytest.approx(slope, rel=1e-4, abs=1e-5)
    np.testing.assert_allclose(found.flow, general.flow, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found.to_neurons + found.to_velocity, found.information_rate, rtol=1e-9, atol=1e-12)
    total = found.flow + found.entropy_rate - found.information_rate
    np.testing.assert_allclose(total, general.total, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.production - found.to_velocity, general.total, rtol=1e-6, atol=1e-8)
    assert np.all(found.production >= -1e-9) and np.all(found.to_velocity <= 0)
    assert np.all(np.abs(found.information_rate) <= found.rate_bound * (1 + 1e-9))


def test_equal_times_and_the_start():
    found = VelocityNeurons(3, neuron_time=1.0).switch_on([0, 0.7])
    close = VelocityNeurons(3, neuron_time=1.0 + 1e-6).switch_on([0, 0.7])
    np.testing.assert_allclose(found.information, close.information, rtol=1e-5)
    assert found.information[0] == 0 and found.information_rate[0] == 0
    half = VelocityNeurons(3, velocity_time=1.0, neuron_time=1.0 - 1e-6).switch_on([0.7])
    assert float(half.information[0]) == pytest.approx(float(found.information[1]), rel=1e-5)
    with pytest.raises(InputError, match="negative"):
        TEN.switch_on([-1])


# -- decoders --------------------------------------------------------------------------------------


def sampled_filter(network, dt, steps=4000):
    """Mean square error and information rate of a filter that sees every rate: the full matrices."""
    process = network.linear("even")
    step, c = expm(-process.relaxation_matrix() * dt), process.covariance()
    noise, error, learned = c - step @ c @ step.T, c[0, 0], 0.0
    for _ in range(steps):
        carried = error * np.outer(step[:, 0], step[:, 0]) + noise
        seen, crossed = carried[1:, 1:], carried[0, 1:]
        learned = 0.5 * (np.linalg.slogdet(seen)[1] - np.linalg.slogdet(noise[1:, 1:])[1]) / dt
        error = carried[0, 0] - crossed @ np.linalg.solve(seen, crossed)
    return error, learned


def test_the_filter_from_records():
    assert TEN.decoder("kalman").sampled_mmse(2e-3) == pytest.approx(0.0198274, abs=6e-8)
    for dt in (0.3, 0.02):
        assert THREE.decoder("kalman").sampled_mmse(dt) == pytest.approx(sampled_filter(THREE, dt, 300)[0], rel=1e-9)
    (error, learned), (_, finer) = sampled_filter(THREE, 2e-3, 1000), sampled_filter(THREE, 1e-3, 2000)
    assert error == pytest.approx(THREE.filter_error().value, rel=1e-3)
    assert 2 * finer - learned == pytest.approx(THREE.transfer_entropy().value, rel=1e-4)
    assert abs(learned - THREE.information_flow()) > 1  # what the past tells is more


def test_decoding_recorded_activity():
    network = VelocityNeurons([1, -0.5, 2, 1, 0.3], neuron_time=0.2, baseline=[3, 1, 0, 2, 5])
    ledger = simulate(network, 400, dt=0.05, trials=300, seed=4, record="states")
    states = ledger.states.values
    mean_within(states[:, -1, 1], 3.0, resolution=0.5)
    linear, kalman = network.decoder(), network.decoder("kalman")
    missed = {"linear": [], "kalman": [], "wrong": []}
    for record in states:
        for name, decoder, dt in (("linear", linear, None), ("kalman", kalman, 0.05), ("wrong", kalman, 0.2)):
            decoded = decoder.decode(record[:, 1:], dt)
            missed[name].append(np.mean((decoded - record[:, 0])[40:] ** 2))
    mean_within(missed["linear"], network.mmse().value, resolution=0.02)
    mean_within(missed["kalman"], kalman.sampled_mmse(0.05), resolution=0.02)
    with pytest.raises(AssertionError):
        mean_within(missed["wrong"], kalman.sampled_mmse(0.05))
    assert np.mean(missed["kalman"]) < np.mean(missed["linear"]) and kalman.mmse < network.mmse()


def test_simulated_entropy_production():
    """Over exact steps of 0.02; either parity, and not the other's number."""
    for parity, other in (("even", "odd"), ("odd", "even")):
        network = VelocityNeurons([1, -0.5, 2], neuron_time=0.5, neuron_noise=0.2, parity=parity, baseline=1.0)
        ledger = simulate(network, 50, dt=0.02, trials=4000, seed=6, record="states", every=50)
        found = entropy_production(ledger)
        coarse = network.linear().coarse_grained_entropy_production(0.02)
        assert_within(found.value, found.stderr, coarse.value, resolution=10)
        assert abs(found - THREE.entropy_production(other)) > 10 * found.stderr
        assert fluctuation.check_integral(ledger).passed is not False


# -- bell-shaped tuning ----------------------------------------------------------------------------

TUNED = TunedNeurons([-1.2, 0.1, 0.8], width=0.6, peak=1.5, neuron_time=0.2, velocity_noise=1.4)


def lagging(network, terms=60):
    """The same entropy production by Hermite polynomials of the velocity: each has a rate k/tau_v of its own."""
    from math import factorial

    from numpy.polynomial.hermite_e import hermegauss, hermeval

    nodes, weights = hermegauss(120)
    weights = weights / weights.sum()
    curves = network.tuned(np.sqrt(network.signal) * nodes)
    total = 0.0
    for k in range(1, terms):
        parts = (weights * hermeval(nodes, np.eye(terms)[k])) @ curves / np.sqrt(float(factorial(k)))
        trace = 1 / (1 + k * network.neuron_time / network.velocity_time)
        total += np.sum(parts**2) * (1 - trace)
    return total / (network.neuron_time**2 * network.neuron_noise)


def test_entropy_production_of_tuned_neurons():
    broad = replace(TUNED, width=1.0)
    exact = broad.entropy_production()
    assert exact == pytest.approx(lagging(broad), rel=1e-9) and exact.details["residual"] < 1e-8
    shallow = TunedNeurons([3e3], width=1e3, peak=np.exp(4.5) * 1e3 / 3, velocity_noise=0.7)  # nearly the line v
    assert shallow.entropy_production() == pytest.approx(
        VelocityNeurons(1, velocity_noise=0.7).entropy_production().value, rel=1e-2
    )


def test_simulated_tuned_neurons():
    """A stationary start by simulation, then the flow over four time constants of the neurons."""
    dt, steps = 0.01, 80
    start = TUNED.sample(6000, seed=1)
    mean_within(start[:, 0] ** 2, TUNED.signal, resolution=0.2)
    center = quad(lambda v: TUNED.tuned([v])[0, 1] * np.exp(-(v**2) / 2.8) / np.sqrt(2.8 * np.pi), -9, 9)[0]
    mean_within(start[:, 2], center, resolution=0.05)
    ledger = simulate(TUNED, steps, dt=dt, trials=6000, seed=2, initial=start)
    found, exact = ledger.entropy_flow.values / (steps * dt), TUNED.entropy_production().value
    mean_within(found, exact, resolution=0.25 * exact)
    with pytest.raises(AssertionError):
        mean_within(found, exact * TUNED.velocity_time / TUNED.neuron_time)  # the ratio of an odd velocity


def test_decoding_tuned_neurons():
    network = TunedNeurons(np.linspace(-2, 2, 5), width=0.7, peak=3.0, neuron_time=0.2)
    decoder = network.decoder(trials=4000, seed=3)
    assert decoder.mmse.kind == "estimate" and 0 < decoder.mmse < 0.5
    fresh = network.sample(4000, seed=4)
    missed = (decoder.decode(fresh[:, 1:]) - fresh[:, 0]) ** 2
    scatter = np.hypot(missed.std() / np.sqrt(4000), decoder.mmse.stderr)
    assert_within(missed.mean(), scatter, decoder.mmse.value, resolution=0.1)
    assert decoder.accuracy == pytest.approx(1 - decoder.mmse / network.signal)
    with pytest.raises(InputError, match="trials must be at least"):
        network.decoder(trials=50)
    with pytest.warns(UserWarning, match="long for the shortest time"):
        network.driver(0.15)


# -- input -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tuning", "options", "said"),
    [
        (1.5, {}, "tuning must be an array .* or a whole number"),
        (True, {}, "tuning must be an array"),
        ("ten", {}, "tuning must be an array"),
        (0, {}, "tuning must be at least 1"),
        ([0.0, 0.0], {}, "tuning must not be zero"),
        ([[1.0]], {}, "tuning must have shape"),
        ([1, np.nan], {}, "tuning must be finite"),
        (3, {"velocity_time": 0}, "velocity_time must be positive"),
        (3, {"neuron_time": -0.1}, "neuron_time must be positive"),
        (3, {"velocity_noise": 0}, "velocity_noise must be positive"),
        (3, {"neuron_noise": -1}, "neuron_noise must be positive"),
        (3, {"baseline": [1, 2]}, "baseline must be a number or of shape"),
        (3, {"parity": "mixed"}, "parity must be one of"),
    ],
)
def test_networks_that_are_none(tuning, options, said):
    with pytest.raises(InputError, match=said):
        VelocityNeurons(tuning, **options)


def test_questions_that_make_no_sense():
    with pytest.raises(InputError, match="method must be one of"):
        TEN.decoder("bayes")
    with pytest.raises(InputError, match="dt is needed"):
        TEN.decoder("kalman").decode(np.zeros((5, 10)))
    with pytest.raises(InputError, match="rates must have shape"):
        TEN.decoder().decode(np.zeros((5, 9)))
    with pytest.raises(InputError, match="parity"):
        TEN.entropy_production("both")
    with pytest.raises(InputError, match="no energy"):
        TEN.energy(np.zeros((1, 11)))
    with pytest.raises(InputError, match="at least one"):
        TunedNeurons([])
    with pytest.raises(InputError, match="width must be positive"):
        TunedNeurons([0.0], width=0)
    assert isinstance(TEN.joint_law(), Gaussian) and not TEN.has_energy
