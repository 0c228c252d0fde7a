"""Coupled spines: printed digits, brute force over all states, a plain loop, and master equations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from assertions import assert_within, mean_within
from neurothermo import InputError, simulate
from neurothermo.core.flight import Flight, Process
from neurothermo.core.randomness import Stream
from neurothermo.fluctuation import check_integral
from neurothermo.free_energy import bar
from neurothermo.processes.spines import SpineNetwork
from neurothermo.processes.spines_driver import SpineDriver
from neurothermo.processes.spines_law import RingLaw

PRINTED = {  # cooperativity: active before and after, information gained, production during and after
    -0.5: (0.1496043597, 0.5160322069, 1.7407831189, 1.6341420752, 1.7407831189),
    0.0: (1 / 6, 0.6417731325, 2.2512975892, 2.1245946739, 2.2512975892),
    0.5: (0.2001954751, 0.8009042201, 2.6709289255, 2.8618030810, 2.6709289255),
}
WIRING = np.zeros((5, 5))
for one, other in ((0, 1), (1, 2), (2, 0), (2, 3), (3, 4)):
    WIRING[one, other] = WIRING[other, one] = 1
BIASED = np.array([0.5, -0.7, 0.2, 0.0, 1.0])


def lattice(size, reach):
    """Each spine joined to `reach` on either side."""
    distance = np.abs(np.arange(size)[:, None] - np.arange(size))
    return ((np.minimum(distance, size - distance) <= reach) & (distance > 0)).astype(float)


def brute_generator(wiring, up, down, cooperativity, field):
    """The master equation, state by state and spine by spine."""
    size = len(wiring)
    rates = np.zeros((2**size, 2**size))
    for word in range(2**size):
        state = [word >> i & 1 for i in range(size)]
        for i in range(size):
            active = sum(wiring[i][j] * state[j] for j in range(size))
            rates[word ^ (1 << i), word] = down if state[i] else up * np.exp(cooperativity * active + field[i])
    return rates - np.diag(rates.sum(axis=0))


def brute_equilibrium(wiring, up, down, cooperativity, field):
    states = np.arange(2 ** len(wiring))[:, None] >> np.arange(len(wiring)) & 1
    exponent = (
        states @ (np.log(up / down) + field) + cooperativity * np.einsum("si,ij,sj->s", states, wiring, states) / 2
    )
    return np.exp(exponent) / np.exp(exponent).sum()


# -- exactly -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cooperativity", PRINTED)
def test_a_pulse_to_its_printed_digits(cooperativity):
    found = SpineNetwork(4, cooperativity=cooperativity).pulse(10, 1.0)
    numbers = (found.active_before, found.active_after, found.information, found.production_during,
               found.production_after)  # fmt: skip
    for number, printed in zip(numbers, PRINTED[cooperativity], strict=True):
        assert number.value == pytest.approx(printed, abs=2e-10) and number.kind == "exact"
    assert found.production_after.value == pytest.approx(found.information.value, abs=1e-13)
    assert found.production.value == pytest.approx(found.work.value, abs=1e-13)
    assert found.cost_per_bit == pytest.approx(found.production.value / found.information.value * np.log(2))
    assert set(found.to_dataset().data_vars) >= {"value", "stderr", "low", "high"} and "information" in str(found)


def test_production_after_a_pulse_is_the_integral_of_its_rate():
    network = SpineNetwork(4, cooperativity=0.5)
    chain = network.as_markov_jump()
    end = network.as_markov_jump(np.full(4, np.log(10.0))).transient(chain.stationary(), [1.0]).p.values[0]
    nodes, weights = np.polynomial.legendre.leggauss(80)
    times = 20 * (nodes + 1)
    total = chain.transient(end, times).total.values
    assert 20 * weights @ total == pytest.approx(PRINTED[0.5][2], rel=1e-6)
    assert chain.entropy_production().value < 1e-20 and chain.is_equilibrium()


@settings(max_examples=20, deadline=None)
@given(st.floats(-1.0, 1.0), st.floats(0.05, 2.0), st.floats(0.5, 30.0), st.floats(0.01, 5.0))
def test_pulses_obey_their_identities(cooperativity, up, stimulus, duration):
    network = SpineNetwork(5, up, 0.8, cooperativity, neighbours=WIRING)
    found = network.pulse(stimulus, duration)
    field = np.full(5, np.log(stimulus))
    start = brute_equilibrium(WIRING, up, 0.8, cooperativity, np.zeros(5))
    pulsed = brute_equilibrium(WIRING, up, 0.8, cooperativity, field)
    end = expm(brute_generator(WIRING, up, 0.8, cooperativity, field) * duration) @ start

    def divergence(p, q):
        return np.sum(p * np.log(p / q))

    assert found.information.value == pytest.approx(divergence(end, start), abs=1e-9)
    during = divergence(start, pulsed) - divergence(end, pulsed)
    assert found.production_during.value == pytest.approx(during, abs=1e-9) and during >= -1e-9
    assert found.production.value == pytest.approx(found.work.value, abs=1e-9)


def test_master_equation_energy_and_law_by_brute_force():
    network = SpineNetwork(5, 0.3, 0.9, 0.6, 1.5, WIRING)
    chain = network.as_markov_jump(BIASED)
    np.testing.assert_allclose(chain.rates.toarray(), brute_generator(WIRING, 0.45, 0.9, 0.6, BIASED), rtol=1e-12)
    exact = brute_equilibrium(WIRING, 0.45, 0.9, 0.6, BIASED)
    law = network.stationary_law(BIASED)
    states = (np.arange(32)[:, None] >> np.arange(5) & 1).astype(np.int8)
    np.testing.assert_allclose(np.exp(law.log_probability(states)), exact, rtol=1e-10)
    np.testing.assert_allclose(chain.stationary(), exact, rtol=1e-10)
    np.testing.assert_allclose(law.active, exact @ states, rtol=1e-10)


@pytest.mark.parametrize("cooperativity", [-0.8, 0.7])
def test_transfer_matrices_around_a_ring(cooperativity):
    biases = np.array([0.4, -0.6, 0.1, 0.9, -1.2, 0.3])
    law = RingLaw(biases, cooperativity)
    exact = brute_equilibrium(lattice(6, 1), 1.0, 1.0, cooperativity, biases)
    states = np.arange(64)[:, None] >> np.arange(6) & 1
    np.testing.assert_allclose(np.exp(law.log_probability(states)), exact, rtol=1e-12)
    np.testing.assert_allclose(law.active, exact @ states, rtol=1e-12)
    drawn = law.draw(Stream.of(1, "ring").at(np.arange(100_000), 0))
    share = np.bincount(drawn @ (1 << np.arange(6)), minlength=64) / 100_000
    assert np.all(np.abs(share - exact) < 4.5 * np.sqrt(exact / 100_000))
    long = RingLaw(np.full(3000, -1.6), 0.5)
    matrix = np.array([[1, 1], [np.exp(-1.6), np.exp(-1.1)]])
    assert long.log_partition == pytest.approx(3000 * np.log(np.linalg.eigvals(matrix).real.max()), rel=1e-12)


# -- in motion -----------------------------------------------------------------------------------------------------


def fly(network, values, dt, trials=64, search=None, first_step=1, relax_first=False, flight=None):
    start = np.random.default_rng(1).integers(0, 2, (trials, network.size)).astype(np.int8)
    flight = flight or Flight.of(start, 0, Stream.of(2, "spines"))
    driver = SpineDriver.of(network, dt)
    if search is not None:
        object.__setattr__(driver, "searches", lambda inputs, fastest: np.full(len(inputs), search))
    driver.carry(flight, np.asarray(values, float), first_step, relax_first, 2)
    return flight, start


@pytest.mark.parametrize("search", [0, 1])
@pytest.mark.parametrize("relax_first", [False, True])
def test_flow_is_minus_heat_in_every_trial(search, relax_first):
    network = SpineNetwork(5, 0.3, 0.9, 0.6, 1.5, WIRING)
    values = np.random.default_rng(3).normal(0, 0.8, (7, 5))
    flight, start = fly(network, values, 0.6, search=search, relax_first=relax_first)
    change = network.energy(flight.states, values[-1]) - network.energy(start, values[0])
    np.testing.assert_allclose(flight.flow, flight.work - change, atol=1e-10)
    assert np.std(flight.flow) > 0.5 and np.std(flight.work) > 0.3


@pytest.mark.parametrize("search", [0, 1])
def test_pieces_change_no_bit(search):
    network = SpineNetwork(40, 0.5, 1.0, 0.3, neighbours=lattice(40, 3))
    values = np.random.default_rng(3).normal(0, 0.5, (9, 40))
    whole, _ = fly(network, values, 0.5, search=search)
    cut, _ = fly(network, values[:4], 0.5, search=search)
    fly(network, values[3:], 0.5, search=search, first_step=4, flight=cut)
    for name in ("states", "work", "flow"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(cut, name))


@pytest.mark.parametrize("search", [0, 1])
@pytest.mark.parametrize("steps", [1, 5])
def test_both_ways_follow_the_master_equation(search, steps):
    network = SpineNetwork(5, 0.3, 0.9, 0.6, 1.5, WIRING)
    trials, time = 120_000, 0.7
    start = np.tile(np.array([[1, 0, 0, 1, 0]], np.int8), (trials, 1))
    flight = Flight.of(start, 0, Stream.of(9, f"law {search} {steps}"))
    fly(network, np.tile(BIASED, (steps + 1, 1)), time / steps, search=search, flight=flight)
    exact = expm(brute_generator(WIRING, 0.45, 0.9, 0.6, BIASED) * time)[:, 9]
    share = np.bincount(flight.states @ (1 << np.arange(5)), minlength=32) / trials
    assert np.all(np.abs(share - exact) < 4.5 * np.sqrt(exact / trials) + 2 / trials)
    wrong = expm(brute_generator(WIRING, 0.45, 0.9, 0.5, BIASED) * time)[:, 9]
    assert np.any(np.abs(share - wrong) > 5 * np.sqrt(wrong / trials))


def test_a_simulated_pulse_costs_what_the_exact_one_does():
    network = SpineNetwork(4, cooperativity=0.5)
    protocol = network.pulse_protocol(10, 4, rest=60)
    ledger = simulate(network, protocol, dt=0.25, trials=20_000, progress=False)
    found, exact = network.measured_pulse(ledger, protocol), network.pulse(10, 1.0)
    for name, resolution in (("production", 0.2), ("active_after", 0.05)):
        number = getattr(found, name)
        assert_within(number.value, number.stderr, getattr(exact, name).value, 4, resolution)
    mean_within(ledger.entropy_flow.values, exact.production.value, 4, resolution=0.2)
    least = found.information
    assert least.kind == "lower bound" and 2 < least.value - 4 * least.stderr < exact.information.value
    assert np.isnan(found.production_during.value) and "entropy" in found.production_during.diagnostics[0]


def test_large_networks_split_into_independent_ones():
    """A ring without cooperativity is that many single spines."""
    network, single = SpineNetwork(300), SpineNetwork(1).pulse(10, 1.0)
    protocol = network.pulse_protocol(10, 2)
    ledger = simulate(network, protocol, dt=0.5, trials=500, progress=False)
    found = network.measured_pulse(ledger, protocol)
    assert_within(found.production.value / 300, found.production.stderr / 300, single.production.value, 4, 0.1)
    assert found.information.value / 300 == pytest.approx(single.information.value, rel=0.05)


def test_large_networks_of_other_shapes():
    network = SpineNetwork(60, up=0.4, cooperativity=0.2, neighbours=lattice(60, 3))
    protocol = network.pulse_protocol(5, 2)
    ledger = simulate(network, protocol, dt=0.5, trials=200, progress=False)
    found = network.measured_pulse(ledger, protocol)
    assert found.production.value > 10 * found.production.stderr and np.isnan(found.information.value)
    assert "at most" in found.information.diagnostics[0] and "burn-in" in ledger.attrs["initial_route"]


def test_theorems_on_a_driven_ring():
    network = SpineNetwork(3, 0.5, 1.0, 0.4)
    drive = np.linspace(0, 1, 4)[:, None] * np.array([1.0, -0.5, 0.3])
    forward = simulate(network, drive, dt=0.4, trials=20_000, progress=False)
    assert check_integral(forward).passed
    assert check_integral(forward.assign(entropy_flow=forward.entropy_flow + 0.1)).passed is False
    from neurothermo.protocols import Protocol

    reverse = simulate(network, Protocol(drive).reversed(), dt=0.4, trials=20_000, progress=False)
    states = np.arange(8)[:, None] >> np.arange(3) & 1
    exponent = states @ np.full(3, np.log(0.5)) + 0.4 * np.einsum("si,ij,sj->s", states, lattice(3, 1), states) / 2
    exact = -np.log(np.exp(exponent + states @ drive[-1]).sum() / np.exp(exponent).sum())
    found = bar(forward, reverse)
    assert_within(found.value, found.stderr, exact, 4, resolution=0.1)


# -- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": 0}, "size must be at least 1"),
        ({"up": 0.0}, "up must be positive"),
        ({"down": -1.0}, "down must be positive"),
        ({"stimulus": np.inf}, "stimulus must be finite"),
        ({"neighbours": "line"}, "'ring' or a matrix"),
        ({"neighbours": np.triu(WIRING)}, "mutual"),
        ({"neighbours": WIRING * 2}, "0 and 1 only"),
        ({"neighbours": WIRING + np.eye(5)}, "its own"),
        ({"neighbours": WIRING[:4]}, "shape"),
        ({"cooperativity": 30.0}, "cooperativity must be at most"),
    ],
)
def test_bad_networks_are_refused(options, sentence):
    with pytest.raises(InputError, match=sentence):
        SpineNetwork(**{"size": 5, **options})


def test_bad_questions_are_refused():
    network = SpineNetwork(4)
    assert isinstance(network, Process)
    with pytest.raises(InputError, match="at most 16 spines"):
        SpineNetwork(17).pulse(10, 1.0)
    with pytest.raises(InputError, match="duration must be positive"):
        network.pulse(10, 0.0)
    with pytest.raises(InputError, match="stimulus must be positive"):
        network.pulse(-1, 1.0)
    with pytest.raises(InputError, match="0 and 1 only"):
        simulate(network, 1, trials=2, initial=[[0, 1, 2, 0]], progress=False)
    with pytest.raises(InputError, match="within 40 kT"):
        simulate(network, np.full((2, 4), 50.0), trials=2, progress=False)
    protocol = network.pulse_protocol(10, 2)
    ledger = simulate(network, protocol, dt=0.5, trials=10, progress=False)
    with pytest.raises(InputError, match="another run"):
        network.measured_pulse(ledger, network.pulse_protocol(9, 2))
    with pytest.raises(InputError, match="another run"):
        SpineNetwork(4, up=0.3).measured_pulse(ledger, protocol)
    with pytest.raises(InputError, match="pulse_protocol made"):
        network.measured_pulse(ledger, np.zeros((3, 4)))
