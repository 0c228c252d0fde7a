"""Graded neurons: energy and forces, printed oracles of one and two neurons, and what is refused."""

import numpy as np
import pytest

from assertions import assert_within, mean_within
from neurothermo import InputError, entropy_production, simulate
from neurothermo.dynamics import Langevin
from neurothermo.systems import Gain, RateNetwork, gains

COUPLINGS = np.array([[0.3, 1.5, -0.7], [1.5, 0.0, 0.4], [-0.7, 0.4, -0.2]])
INPUT, RESISTANCE = np.array([0.2, -0.4, 0.1]), np.array([0.5, 1.0, 2.0])


def softsign():
    """u / (1 + |u|), of a user's own making: known by function, derivative, antiderivative."""
    return Gain(
        "softsign",
        lambda u: u / (1 + np.abs(u)),
        lambda u: 1 / (1 + np.abs(u)) ** 2,
        antiderivative=lambda u: np.abs(u) - np.log1p(np.abs(u)),
        low=-1.0,
        high=1.0,
    )


GAINS = {"logistic": gains.logistic(1.3, 0.2), "tanh": gains.tanh(0.7), "linear": gains.linear(0.5), "own": softsign()}


# -- energy ----------------------------------------------------------------------------------------


def test_the_energy_of_logistic_neurons_is_the_entropy_of_their_activities():
    """V ln V + (1 - V) ln(1 - V) over R, minus half the couplings, minus the inputs; written out."""
    net = RateNetwork(COUPLINGS, resistance=RESISTANCE, input=INPUT)
    states, field = np.random.default_rng(1).normal(0, 2, (30, 3)), np.array([0.5, 0.1, -0.3])
    v = 1 / (1 + np.exp(-states))
    own = ((v * np.log(v) + (1 - v) * np.log(1 - v)) / RESISTANCE).sum(axis=1)
    expected = own - 0.5 * np.einsum("ri,ij,rj->r", v, COUPLINGS, v) - v @ (INPUT + field)
    np.testing.assert_allclose(net.energy(states, field), expected, atol=1e-12)


@pytest.mark.parametrize("gain", GAINS.values(), ids=list(GAINS))
def test_forces_are_minus_the_slope_of_the_energy_in_the_activities(gain):
    net = RateNetwork(COUPLINGS, gain, RESISTANCE, INPUT)
    states, field, step = np.random.default_rng(2).normal(0, 1.5, (30, 3)), np.array([0.5, 0.1, -0.3]), 1e-5
    forces, activity = net.evaluate(states)
    np.testing.assert_allclose(activity, gain(states))
    for i, shift in enumerate(step * np.eye(3)):
        rise = net.energy(states + shift, field) - net.energy(states - shift, field)
        moved = (gain(states + shift) - gain(states - shift))[:, i]
        np.testing.assert_allclose(-rise / moved, forces[:, i] + field[i], atol=2e-6)


def test_forces_are_those_of_the_equation_of_motion():
    """-u/R + J V + b, couplings[i, j] the influence of j on i; one by one."""
    couplings = np.array([[0.3, 2.0], [0.0, -0.4]])
    states = np.array([[0.5, -1.0]])
    v = 1 / (1 + np.exp(-states[0]))
    expected = [-0.5 / 2 + 0.3 * v[0] + 2.0 * v[1] + 0.1, 1.0 / 0.5 - 0.4 * v[1] - 0.2]
    forces, _ = RateNetwork(couplings, resistance=[2.0, 0.5], input=[0.1, -0.2]).evaluate(states)
    np.testing.assert_allclose(forces[0], expected)


def test_without_symmetry_or_antiderivative_there_is_no_energy():
    net = RateNetwork([[0, 1.0], [0.5, 0]])
    assert not net.has_energy and "not symmetric (largest |J_ij - J_ji| = 0.5)" in net.why_no_energy
    with pytest.raises(InputError, match="no energy: the couplings are not symmetric"):
        net.energy(np.zeros((1, 2)), np.zeros(2))
    ledger = simulate(net, 3, Langevin(0.1), temperature=1.0, trials=5, initial=[0.0, 0.0])
    assert "heat" not in ledger and "energy_final" not in ledger and "not symmetric" in ledger.attrs["energy"]
    bare = Gain("bare", np.arctan, lambda u: 1 / (1 + u * u))
    assert "without its antiderivative" in RateNetwork([[0.0]], bare).why_no_energy


def test_mobility_and_slope_are_derivatives_in_the_activity():
    net = RateNetwork(COUPLINGS, GAINS["logistic"])
    states, step = np.random.default_rng(3).normal(0, 1.5, (20, 3)), 1e-5
    inner, ahead, behind = (net.inner(states + sign * step) for sign in (0, 1, -1))
    moved = ahead.values - behind.values
    np.testing.assert_allclose(moved / (2 * step), inner.mobility, rtol=1e-6)
    np.testing.assert_allclose((ahead.mobility - behind.mobility) / moved, inner.slope, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(net.outer(inner.values), states, atol=1e-10)


@pytest.mark.parametrize("potential", [40.0, -40.0, 800.0, -800.0])
def test_a_saturated_neuron_stays_inside_its_box(potential):
    net = RateNetwork([[0.0]])
    inner = net.inner(np.array([[potential]]))
    assert 0 < inner.values[0, 0] < 1 and inner.mobility[0, 0] > 0 and np.isfinite(inner.slope[0, 0])
    spread = net.scattered(np.random.default_rng(1).random((100, 1)))
    assert np.ptp(spread) > 2
    assert np.all(np.abs(RateNetwork([[0.0]], input=500.0).scattered(np.array([[0.0], [1.0]]))) < 20)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"couplings": [[0, 1.0, 0], [1, 0, 0]]}, "square matrix"),
        ({"couplings": [[0, np.nan], [1, 0]]}, "couplings must be finite"),
        ({"couplings": []}, "couplings must have shape"),
        ({"couplings": np.zeros((0, 0))}, "square matrix"),
        ({"couplings": [["0", "1"], ["1", "0"]]}, "couplings must be an array of numbers"),
        ({"gain": np.tanh}, "gain must be a Gain"),
        ({"gain": "tanh"}, "gain must be a Gain"),
        ({"resistance": 0.0}, "resistance must be positive"),
        ({"resistance": [1.0, -1.0]}, "resistance must be positive, got -1"),
        ({"resistance": [1.0, 1.0, 1.0]}, r"resistance must be one number or have shape \(2,\)"),
        ({"resistance": np.inf}, "resistance must be finite"),
        ({"input": [1.0]}, r"input must be one number or have shape \(2,\)"),
        ({"input": np.nan}, "input must be finite"),
    ],
)
def test_bad_networks_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        RateNetwork(**{"couplings": [[0, 1.0], [1.0, 0]], **arguments})


def test_networks_that_differ_have_different_digests_and_keep_their_own_arrays():
    given = np.array([[0, 1.0], [1.0, 0]])
    net = RateNetwork(given)
    given[0, 1] = 5
    assert net.couplings[0, 1] == 1.0 and not net.couplings.flags.writeable
    others = [RateNetwork(given), RateNetwork(net.couplings, gains.tanh()), RateNetwork(net.couplings, input=0.1),
              RateNetwork(net.couplings, resistance=2.0)]  # fmt: skip
    assert len({one.digest for one in [net, *others]}) == 5


# -- additive noise is Boltzmann's only where activities are potentials -----------------------------


def hard():
    """min(max(u, -1), 1): the identity in the middle, which must not pass for it."""
    return Gain("hard", lambda u: np.clip(u, -1, 1), lambda u: 1.0 * (np.abs(u) < 1),
                second=lambda u: 0.0 * u, antiderivative=lambda u: np.where(np.abs(u) < 1, u * u / 2, np.abs(u) - 0.5),
                inverse=lambda v: v, low=-1.0, high=1.0)  # fmt: skip


@pytest.mark.parametrize(
    "gain, kept",
    [(gains.linear(), True), (gains.linear(0.5), False), (gains.logistic(), False), (gains.threshold_linear(), False),
     (softsign(), False), (hard(), False)],
    ids=lambda value: getattr(value, "name", str(value)),
)  # fmt: skip
def test_what_additive_noise_keeps(gain, kept):
    net = RateNetwork([[0, 0.2], [0.2, 0]], gain)
    assert Langevin(0.1).keeps_boltzmann(net) is kept
    ledger = simulate(net, 2, Langevin(0.1), temperature=1.0, trials=5, seed=1)
    assert ledger.attrs["initial"] == ("equilibrium" if kept else "stationary")
    assert bool(ledger.attrs["keeps_not"]) is not kept


# -- printed oracles -------------------------------------------------------------------------------


def carried(net, rule, temperature, steps, trials, start, seed=1):
    """Activities after a run from a given state: no burn-in shared with the library."""
    ledger = simulate(net, steps, rule, temperature=temperature, trials=trials, seed=seed, initial=start,
                      record="activities", every=steps)  # fmt: skip
    return ledger.activities.values[:, -1]


ONE = RateNetwork([[0.0]], input=0.4)
FIRST = {"boltzmann": (0.5475751702, 0.3586452954), "additive": (0.5889675466, 0.3709110489)}


@pytest.mark.parametrize("noise, dt, steps", [("boltzmann", 0.2, 80), ("additive", 0.02, 400)])
def test_one_neuron_has_its_printed_moments(noise, dt, steps):
    """Metropolis keeps its law at any dt; Euler-Maruyama's variance is larger by dt/2, here 1e-2 of it."""
    found = carried(ONE, Langevin(dt, noise), 0.5, steps, 20_000, [0.5])[:, 0]
    mean, square = FIRST[noise]
    mean_within(found, mean, resolution=0.02)
    mean_within(found**2, square, resolution=0.02)
    other = FIRST["additive" if noise == "boltzmann" else "boltzmann"]
    with pytest.raises(AssertionError):
        mean_within(found, other[0])


def test_one_neuron_burnt_in_has_its_printed_moments():
    ledger = simulate(ONE, 1, Langevin(0.2, "boltzmann"), temperature=0.5, trials=8000, seed=3, record="activities")
    assert ledger.attrs["initial"] == "equilibrium" and "agree" in ledger.attrs["initial_route"]
    mean_within(ledger.activities[:, 0, 0], FIRST["boltzmann"][0], resolution=0.03)
    mean_within(ledger.activities[:, 0, 0] ** 2, FIRST["boltzmann"][1], resolution=0.03)


def test_two_neurons_have_their_printed_moments():
    net = RateNetwork([[0, 1.5], [1.5, 0]], input=[0.1, -0.3])
    found = carried(net, Langevin(0.1, "boltzmann"), 1.5, 80, 20_000, [0.0, 0.0])
    for samples, exact in [(found[:, 0], 0.5438064969), (found[:, 1], 0.5255150237),
                           (found[:, 0] * found[:, 1], 0.2912378307)]:  # fmt: skip
        mean_within(samples, exact, resolution=0.02)
    with pytest.raises(AssertionError):
        mean_within(found[:, 0], 0.5255150237)


@pytest.mark.parametrize(
    "bias, exact, resolution, dt, steps, trials",
    [
        ([0.5, -1.0], 0.03012, 0.015, 0.05, 400, 4000),
        pytest.param([0, 0], 0.003696, 0.0012, 0.02, 2000, 16_000, marks=pytest.mark.slow),
        pytest.param([0.5, -1.0], 0.03012, 0.003, 0.02, 2000, 16_000, marks=pytest.mark.slow),
    ],
)
def test_additive_noise_makes_symmetric_couplings_produce_entropy(bias, exact, resolution, dt, steps, trials):
    """Fokker-Planck on a grid of 121 points: .003696 and .03012 at J = 3, T = .3."""
    net = RateNetwork([[0, 3.0], [3.0, 0]], input=bias)
    ledger = simulate(net, steps, Langevin(dt), temperature=0.3, trials=trials, seed=4, initial="stationary")
    found = entropy_production(ledger)
    assert found.units == "nats per unit time"
    assert_within(found.value, found.stderr, exact, resolution=resolution)
    assert "not keep Boltzmann's law" in ledger.attrs["keeps_not"]
    with pytest.raises(AssertionError):
        assert_within(found.value, found.stderr, 0.0)


def test_neurons_by_themselves_produce_none():
    net = RateNetwork(np.zeros((2, 2)), input=[0.5, -1.0])
    ledger = simulate(net, 200, Langevin(0.1), temperature=0.3, trials=2000, seed=4, initial="stationary")
    found = entropy_production(ledger)
    assert_within(found.value, found.stderr, 0.0, resolution=0.02)
