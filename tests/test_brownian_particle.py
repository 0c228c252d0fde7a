"""A Brownian particle: printed values, both parities of its velocity, heat, and the same by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assertions import assert_within, mean_within
from neurothermo import InputError, entropy_production, fluctuation, simulate
from neurothermo.core.gaussian import Gaussian
from neurothermo.processes.particle import BrownianParticle

PUSHED = BrownianParticle(force=0.5)
HEAVY = BrownianParticle(mass=2.0, friction=0.7, temperature=1.3, force=0.5)
COLUMNS = (
    "mean", "variance", "entropy", "shannon_rate", "even", "odd", "heat", "divergence", "fisher_information",
)  # fmt: skip
TABLE = {
    0: (2, 0.25, 0.7257913526, 3, 4.5, 6.25, 3.25, 1.4431471806, 27),
    0.5: (
        1.4097959896, 0.7240904191, 1.2575190302, 0.3810429935, 0.9328621553, 2.0926581448, 1.7116151513, 0.4373290839,
        1.4335165064,
    ),
    2: (
        0.7030029249, 0.9862632708, 1.4120225577, 0.0139280551, 0.0414015134, 0.4944044383, 0.4804763832, 0.0206527047,
        0.0421721467,
    ),
    60: (0.5, 1, 1.4189385332, 0, 0, 0.25, 0.25, 0, 0),
}  # fmt: skip

positive = st.floats(0.2, 4)
anything = st.floats(-3, 3)
particles = st.builds(BrownianParticle, positive, positive, positive, anything, st.sampled_from(["odd", "even"]))


@pytest.mark.parametrize("time", TABLE)
@pytest.mark.parametrize("parity", ["odd", "even"])
def test_the_way_to_the_stationary_state(time, parity):
    row = dict(zip(COLUMNS, TABLE[time], strict=True))
    found = BrownianParticle(force=0.5, parity=parity).transient(2, 0.25, [time]).isel(time=0)
    for name in ("mean", "variance", "entropy", "shannon_rate", "divergence", "fisher_information"):
        assert float(found[name]) == pytest.approx(row[name], abs=6e-11), name
    assert float(found.total) == pytest.approx(row[parity], abs=6e-11)
    assert float(found.heat_rate) == pytest.approx(row["heat"], abs=6e-11)
    assert float(found.flow) == pytest.approx(row[parity] - row["shannon_rate"], abs=1.1e-10)


def test_the_other_parity_is_another_number():
    """Taken for an even variable, a driven particle seems at rest with its bath."""
    assert PUSHED.entropy_production() == pytest.approx(0.25, abs=1e-14)
    assert PUSHED.entropy_production("even") == pytest.approx(0.0, abs=1e-14)
    details = PUSHED.entropy_production("even").details
    assert details["parity"] == "even" and details["odd"] == pytest.approx(0.25, abs=1e-14)
    assert not PUSHED.is_equilibrium() and BrownianParticle(force=0.5, parity="even").is_equilibrium()
    assert BrownianParticle().is_equilibrium()


@settings(max_examples=60, deadline=None)
@given(particles, anything, st.floats(0.05, 4), st.floats(0, 5))
def test_balances_on_the_way(particle, mean, variance, time):
    kt, found = particle.temperature, particle.transient(mean, variance, [time, time + 1e-6])
    first = found.isel(time=0)
    assert np.all(found.total >= 0) and np.all(found.fisher_information >= 0) and np.all(found.divergence >= 0)
    np.testing.assert_allclose(found.total - found.flow, found.shannon_rate, rtol=1e-9, atol=1e-9)
    slope = float(found.divergence[1] - found.divergence[0]) / 1e-6
    even = BrownianParticle(particle.mass, particle.friction, kt, particle.force, "even")
    falling = float(even.transient(mean, variance, [time + 5e-7]).total[0])
    assert slope == pytest.approx(-falling, rel=1e-3, abs=1e-5 * (1 + abs(falling)))
    if particle.parity == "odd":
        np.testing.assert_allclose(found.heat_rate, kt * found.flow, rtol=1e-9, atol=1e-9)
    if particle.force == 0:
        np.testing.assert_allclose(first.total, even.transient(mean, variance, [time]).total[0], rtol=1e-9, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(particles)
def test_what_a_steady_force_costs(particle):
    """F v_d/kT, which is power over kT."""
    power = particle.force**2 / particle.friction
    assert particle.entropy_production("odd") == pytest.approx(power / particle.temperature, rel=1e-12, abs=1e-14)
    assert particle.entropy_production("even") == pytest.approx(0, abs=1e-13)


@settings(max_examples=60, deadline=None)
@given(particles, anything, st.floats(0.05, 4), st.floats(0, 5))
def test_the_mean_moves_no_faster_than_an_even_velocity_allows(particle, mean, variance, time):
    even = BrownianParticle(particle.mass, particle.friction, particle.temperature, particle.force, "even")
    found = even.transient(mean, variance, [time]).isel(time=0)
    speed = abs(even.drift_velocity - float(found["mean"])) / even.relaxation_time
    assert speed <= np.sqrt(float(found.total) * even.diffusion) * (1 + 1e-9) + 1e-12


def test_and_faster_than_the_odd_one_would():
    """At rest, at the bath's spread: the mean accelerates at 1/2 and the odd entropy production is zero."""
    start = PUSHED.transient(0, 1, [0]).isel(time=0)
    assert float(start.total) == pytest.approx(0, abs=1e-15)
    speed = PUSHED.transient(0, 1, [1e-6])["mean"].item() / 1e-6
    assert speed == pytest.approx(0.5, rel=1e-5) and speed > np.sqrt(float(start.total) * PUSHED.diffusion)


def test_a_known_velocity():
    found = PUSHED.transient(0.5, 0, [0, 0.1])
    assert found.entropy[0] == -np.inf and found.total[0] == np.inf and found.fisher_information[0] == np.inf
    assert np.isfinite(found.total[1]) and found.heat_rate[0] == pytest.approx(0.25 - 1)


def test_energy_where_there_is_one():
    free, states = BrownianParticle(mass=2, temperature=1.3), np.array([[0.4], [-1.0]])
    np.testing.assert_allclose(free.energy(states), states[:, 0] ** 2 / 1.3)
    assert free.has_energy and free.why_no_energy == ""
    assert not PUSHED.has_energy and "force" in PUSHED.why_no_energy
    with pytest.raises(InputError, match="not the slope of an energy"):
        PUSHED.energy(states)
    even = BrownianParticle(mass=2, temperature=1.3, force=0.5, parity="even")
    gap = np.ptp(even.energy(states) + even.stationary_law().log_probability(states))
    assert gap == pytest.approx(0, abs=1e-12)


# -- by simulation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("parity", ["odd", "even"])
def test_flow_of_simulated_particles(parity):
    """On the way from a cold, fast start: the mean flow is the integral of the exact one."""
    particle = BrownianParticle(force=0.5, parity=parity)
    ledger = simulate(particle, 50, dt=0.01, trials=20_000, seed=3, initial=Gaussian([2.0], [[0.25]]))
    times = np.linspace(0, 0.5, 401)
    exact = np.trapezoid(particle.transient(2, 0.25, times).flow, times)
    mean_within(ledger.entropy_flow.values, exact, resolution=0.06)
    other = BrownianParticle(force=0.5, parity="even" if parity == "odd" else "odd")
    wrong = np.trapezoid(other.transient(2, 0.25, times).flow, times)
    with pytest.raises(AssertionError):
        mean_within(ledger.entropy_flow.values, wrong)


def test_heat_of_a_driven_particle():
    ledger = simulate(HEAVY, 200, dt=0.05, trials=4000, seed=1, record="states", every=200)
    found = entropy_production(ledger)
    assert_within(found.value, found.stderr, HEAVY.entropy_production().value, resolution=0.05)
    with pytest.raises(AssertionError):
        assert_within(found.value, found.stderr, HEAVY.entropy_production("even").value)
    mean_within(ledger.states.values[:, -1, 0], HEAVY.drift_velocity, resolution=0.1)
    assert fluctuation.check_integral(ledger).passed is not False


def test_a_protocol_adds_to_the_force():
    """Held at 0.3, a particle under 0.2 is one under 0.5; a force that changes does work on an even velocity alone."""
    law = BrownianParticle(force=0.2).stationary_law([0.3])
    np.testing.assert_allclose(law.mean, PUSHED.stationary_law().mean)
    ramp = np.linspace(0, 1, 9)[:, None]
    even = simulate(BrownianParticle(force=0.5, parity="even"), ramp, dt=0.1, trials=20_000, seed=2)
    assert fluctuation.check_integral(even).passed
    change = -((1.5**2) - 0.5**2) / 2  # of the free energy -F^2/2 gamma^2 s, in kT
    mean_within(np.exp(-(even.work.values - change)), 1.0, resolution=0.1)
    with pytest.raises(InputError, match="not the slope of an energy"):
        simulate(PUSHED, ramp, dt=0.1, trials=10, initial=[[0.0]])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mass": 0}, "mass must be positive"),
        ({"friction": -1}, "friction must be positive"),
        ({"temperature": float("nan")}, "temperature must be finite"),
        ({"force": "much"}, "force must be one number"),
        ({"parity": "od"}, "parity must be one of .* did you mean 'odd'"),
        ({"parity": -1}, "parity must be one of"),
    ],
)
def test_particles_that_are_none(options, said):
    with pytest.raises(InputError, match=said):
        BrownianParticle(**options)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0, -1, [0]), "variance must not be negative"),
        ((0, 1, [-0.1, 1]), "times must not be negative"),
        ((0, 1, 0.5), "times must have shape"),
        (([0], 1, [0]), "mean must be one number"),
    ],
)
def test_starts_that_are_none(arguments, said):
    if said.startswith("mean"):
        arguments = ("fast", 1, [0])
    with pytest.raises(InputError, match=said):
        PUSHED.transient(*arguments)


def test_parity_of_the_question():
    with pytest.raises(InputError, match="parity"):
        PUSHED.entropy_production("neither")
