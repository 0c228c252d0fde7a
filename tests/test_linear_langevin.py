"""Linear Langevin processes: printed values, four other routes to the entropy production, transients, parity."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurothermo import Estimate, InputError, Verdict
from neurothermo.processes import LinearLangevin

A, D = np.array([[1, 0.5], [-0.3, 2]]), np.array([[1, 0.2], [0.2, 0.5]])
W, G = np.array([[0, 0.3, 0.1], [0.3, 0, 0.2], [0.1, 0.2, 0]]), np.array([0.5, 1, 1.5])
BUMP = np.eye(3) - W * G
HALF = 5e-11  # half a unit in the tenth digit
SLACK = 1e-12


def unit_noise(n):
    return np.eye(n)


# -- other ways, sharing no code ----------------------------------------------------------------------


def kronecker_covariance(a, d):
    """A C + C A^T = 2 D as n^2 linear equations."""
    n = len(a)
    one = np.eye(n)
    return np.linalg.solve(np.kron(a, one) + np.kron(one, a), 2 * d.ravel()).reshape(n, n)


def by_trace(a, d):
    """E1."""
    return np.trace(a.T @ np.linalg.inv(d) @ a @ kronecker_covariance(a, d)) - np.trace(a)


def by_area_rate(a, d):
    """E2."""
    c = kronecker_covariance(a, d)
    q = (a @ c - c @ a.T) / 2
    return np.trace(np.linalg.inv(c) @ q.T @ np.linalg.inv(d) @ q)


def power_series(a, time):
    """e^(-A t) by its eigenvectors."""
    values, vectors = np.linalg.eig(a)
    return ((vectors * np.exp(-values * time)) @ np.linalg.inv(vectors)).real


def gaussian_kl(one, other):
    """Of two centred laws."""
    inverse = np.linalg.inv(other)
    logs = np.linalg.slogdet(other)[1] - np.linalg.slogdet(one)[1]
    return 0.5 * (np.trace(inverse @ one) - len(one) + logs)


def by_two_times(a, d, lag):
    """E3: the law of (x0, x_lag) against that of (x_lag, x0)."""
    c, e = kronecker_covariance(a, d), power_series(a, lag)
    forward = np.block([[c, c @ e.T], [e @ c, c]])
    back = np.block([[c, e @ c], [c @ e.T, c]])
    return gaussian_kl(forward, back) / lag


def by_spectrum(a, d, cut=4000.0):
    """E4, cut off at a frequency."""
    s = np.linspace(-np.arcsinh(cut), np.arcsinh(cut), 20_001)
    values = []
    for omega in np.sinh(s):
        response = np.linalg.inv(a + 1j * omega * np.eye(len(a)))
        forward = response @ (2 * d) @ response.conj().T
        values.append(np.trace((np.linalg.inv(forward.T) - np.linalg.inv(forward)) @ forward).real)
    return 0.5 * np.trapezoid(np.array(values) * np.cosh(s), s) / (2 * np.pi)


def by_path(a, d, parity, dt):
    """ln p(x -> x') / p(e x' -> e x) of an Euler-Maruyama step, averaged exactly, per unit time."""
    c, n = kronecker_covariance(a, d), len(a)
    step, sign = np.eye(n) - a * dt, np.diag(parity)
    inverse = np.linalg.inv(2 * d * dt)
    joint = np.block([[c, c @ step.T], [step @ c, step @ c @ step.T + 2 * d * dt]])
    there = np.hstack([-step, np.eye(n)])
    back = np.hstack([sign, -step @ sign])
    return 0.5 * np.trace((back.T @ inverse @ back - there.T @ inverse @ there) @ joint) / dt


def random_process(seed, n=2):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n, n))
    a += (0.3 + max(0, -np.linalg.eigvals(a).real.min())) * np.eye(n)
    root = rng.standard_normal((n, n))
    return a, root @ root.T + 0.2 * np.eye(n)


# -- printed values -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relaxation", "diffusion", "printed", "error"),
    [
        (A, D, 0.0887681159420, 5e-14),
        ([[1, -0.7], [0.7, 1]], 0.3, 0.98, SLACK),
        (np.diag([1, 3]), [[1, 0.5], [0.5, 1]], 1 / 3, SLACK),
        (np.diag([1, 3]), 1, 0, SLACK),
        (BUMP, 1, 0.02403648509764, 5e-15),
        (BUMP, 1 / G, 0, SLACK),
    ],
)
def test_printed_entropy_productions(relaxation, diffusion, printed, error):
    found = LinearLangevin(relaxation, diffusion).entropy_production()
    assert isinstance(found, Estimate) and found.kind == "exact" and found.stderr == 0
    assert found.units == "nats per unit time"
    assert found.value == pytest.approx(printed, abs=error) and found.value >= 0
    assert found.details["flow"] == pytest.approx(found.value, abs=SLACK)
    assert found.details["residual"] < 1e-14 and not found.diagnostics


def test_printed_covariance():
    printed = [[0.9108527132, 0.1782945736], [0.1782945736, 0.2767441860]]
    np.testing.assert_allclose(LinearLangevin(A, D).covariance(), printed, rtol=0, atol=HALF)


@pytest.mark.parametrize(("lag", "printed"), [(1e-2, 0.0874431), (1e-3, 0.0886350), (1e-4, 0.0887548)])
def test_printed_coarse_grained_entropy_productions(lag, printed):
    found = LinearLangevin(A, D).coarse_grained_entropy_production(lag)
    assert found.kind == "lower bound" and found.value == pytest.approx(printed, abs=5e-8)
    assert found.value == pytest.approx(by_two_times(A, D, lag), rel=1e-6)


def test_four_other_routes_agree():
    exact = LinearLangevin(A, D).entropy_production().value
    assert by_trace(A, D) == pytest.approx(exact, abs=1e-13) == pytest.approx(by_area_rate(A, D), abs=1e-13)
    assert ((A @ D)[0, 1] - (A @ D)[1, 0]) ** 2 / (np.linalg.det(D) * np.trace(A)) == pytest.approx(exact, abs=1e-13)
    assert by_spectrum(A, D) == pytest.approx(0.0887257, abs=1e-7)
    assert by_path(A, D, np.ones(2), 1e-5) == pytest.approx(exact, rel=1e-3)


TABLE = """
0    10.2516304348 7            3.2516304348 0.1796656254 10.0719648094 2.0816753257 0.8818655637
.25  2.7758305161  1.4382064181 1.3376240980 0.1246589917 2.6511715244  0.8043076937 1.6611137333
1    0.3376671600  0.1270987499 0.2105684101 0.0922685350 0.2453986250  0.1023308677 2.0313398898
10   0.0887681162  1e-10        0.0887681161 0.0887681159 2e-10         1e-10        2.0814587779
"""
COLUMNS = ("total", "shannon_rate", "flow", "housekeeping", "excess", "divergence", "entropy")


@pytest.mark.parametrize("row", TABLE.strip().splitlines())
def test_printed_transient(row):
    time, *printed = map(float, row.split())
    found = LinearLangevin(A, D).transient([1, -0.5], [0.2, 0.1], [time])
    for name, value in zip(COLUMNS, printed, strict=True):
        assert found[name].item() == pytest.approx(value, abs=1.01 * HALF), name
        assert found[name].attrs["units"] and found[name].attrs["long_name"]


# -- entropy production: properties -------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_any_process_against_the_traces(seed, n):
    a, d = random_process(seed, n)
    process = LinearLangevin(a, d)
    found = process.entropy_production()
    scale = abs(np.trace(a)) + found.value
    assert found.value == pytest.approx(by_trace(a, d), abs=1e-7 * scale)
    assert found.value == pytest.approx(by_area_rate(a, d), abs=1e-7 * scale)
    np.testing.assert_allclose(process.covariance(), kronecker_covariance(a, d), rtol=1e-7, atol=1e-9)
    parts = process.entropy_production_map()
    assert parts.value.sum() == pytest.approx(found.value, abs=1e-9 * scale) == pytest.approx(
        parts.flow.sum().item(), abs=1e-7 * scale
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_two_coordinates_in_closed_form(seed):
    a, d = random_process(seed)
    closed = ((a @ d)[0, 1] - (a @ d)[1, 0]) ** 2 / (np.linalg.det(d) * np.trace(a))
    assert LinearLangevin(a, d).entropy_production().value == pytest.approx(closed, rel=1e-8, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 100))
def test_invariances(seed, factor):
    """Noise strength and coordinates do not matter; time does."""
    a, d = random_process(seed, 3)
    change = np.random.default_rng(seed).standard_normal((3, 3)) + 4 * np.eye(3)
    exact = LinearLangevin(a, d).entropy_production().value
    stronger, turned, faster = (
        LinearLangevin(*matrices).entropy_production().value
        for matrices in (
            (a, factor * d),
            (change @ a @ np.linalg.inv(change), change @ d @ change.T),
            (factor * a, factor * d),
        )
    )
    assert stronger == pytest.approx(exact, rel=1e-7, abs=1e-12)
    assert turned == pytest.approx(exact, rel=1e-6, abs=1e-10)
    assert faster == pytest.approx(factor * exact, rel=1e-7, abs=1e-12)


def test_a_transposed_drift_is_another_process():
    asymmetric = LinearLangevin(A.T, D).entropy_production().value
    assert asymmetric == pytest.approx(by_trace(A.T, D), abs=1e-12) and abs(asymmetric - 0.0887681159420) > 0.01


def test_the_map_of_a_diagonal_noise_is_positive_and_local():
    ring = 2 * np.eye(3) - np.roll(np.eye(3), 1, 0)
    lonely = np.zeros((4, 4))
    lonely[:3, :3], lonely[3, 3] = ring, 1
    found = LinearLangevin(lonely, [1, 2, 3, 4]).entropy_production_map()
    assert np.all(found.value[:3] > 0) and found.value[3] == 0 and abs(found.flow[3]) < 1e-15
    assert found.attrs["units"] == "nats per unit time" and np.all(found.stderr == 0)
    np.testing.assert_array_equal(found.low, found.high)
    c = kronecker_covariance(lonely, np.diag([1.0, 2, 3, 4]))
    current = lonely - np.diag([1.0, 2, 3, 4]) @ np.linalg.inv(c)
    np.testing.assert_allclose(found.value, np.diag(current @ c @ current.T) / [1, 2, 3, 4], atol=1e-14)
    np.testing.assert_allclose(found.flow, np.diag(lonely @ c @ lonely.T) / [1, 2, 3, 4] - np.diag(lonely), atol=1e-14)


def test_coarse_grained_values_rise_to_the_entropy_production():
    process = LinearLangevin(BUMP, [1, 2, 0.5])
    exact = process.entropy_production().value
    values = [process.coarse_grained_entropy_production(lag).value for lag in (10, 1, 0.1, 0.01, 1e-6)]
    assert np.all(np.diff(values) > 0) and values[-1] == pytest.approx(exact, rel=1e-5) and values[-1] < exact
    assert abs(LinearLangevin(BUMP, 1 / G).coarse_grained_entropy_production(0.3).value) < 1e-14
    with pytest.raises(InputError, match="lag must be positive"):
        process.coarse_grained_entropy_production(0)


# -- correlations -------------------------------------------------------------------------------------


def test_lagged_covariance_and_spectrum():
    process = LinearLangevin(A, D)
    lags = np.array([0, 0.3, -0.3, 2])
    found = process.lagged_covariance(lags)
    np.testing.assert_allclose(found[1], power_series(A, 0.3) @ kronecker_covariance(A, D), atol=1e-14)
    np.testing.assert_allclose(found[2], found[1].T, atol=1e-15)
    np.testing.assert_allclose(found[0], process.covariance(), atol=1e-15)
    assert process.lagged_covariance(0.3).shape == (2, 2)
    s = np.linspace(-14, 14, 8001)
    spectrum = process.spectrum(np.sinh(s))
    inverse = np.trapezoid(spectrum * np.cosh(s)[:, None, None], s, axis=0) / (2 * np.pi)
    np.testing.assert_allclose(inverse, process.covariance(), atol=1e-5)
    omega = 0.7
    times = np.linspace(-25, 25, 1501)
    waves = process.lagged_covariance(times) * np.exp(-1j * omega * times)[:, None, None]
    np.testing.assert_allclose(process.spectrum([omega])[0], np.trapezoid(waves, times, axis=0), atol=1e-3)
    assert np.abs(process.spectrum([omega])[0] - process.spectrum([-omega])[0]).max() > 0.1


def test_stationary_law():
    field = np.array([0.3, -1.0])
    law = LinearLangevin(A, D).stationary_law(field)
    np.testing.assert_allclose(A @ law.mean, field, atol=1e-15)
    np.testing.assert_allclose(law.covariance, kronecker_covariance(A, D), atol=1e-14)
    assert not np.any(LinearLangevin(A, D).stationary_law().mean)


# -- equilibrium and energy ---------------------------------------------------------------------------


def test_equilibrium_verdicts():
    broken = LinearLangevin(A, D).is_equilibrium()
    assert isinstance(broken, Verdict) and broken.passed is False
    assert "coordinates 0 and 1" in broken.sentence and "(A D)[0, 1] = 0.45 but (A D)[1, 0] = 0.1" in broken.sentence
    assert broken.details["imbalance"] == pytest.approx(0.35)
    assert LinearLangevin(BUMP, 1 / G).is_equilibrium().passed
    assert not LinearLangevin(BUMP, 1).is_equilibrium().passed
    assert LinearLangevin(D @ [[2, 0.3], [0.3, 1]], D).is_equilibrium().passed, "A = D S, asymmetric, at equilibrium"


def test_energy_is_minus_the_log_of_the_law():
    process, field = LinearLangevin(BUMP, 0.7 / G), np.array([0.2, -0.4, 1.0])
    assert process.has_energy and process.why_no_energy == ""
    states = np.random.default_rng(1).standard_normal((20, 3))
    sums = process.energy(states, field) + process.stationary_law(field).log_probability(states)
    assert np.ptp(sums) < 1e-12
    slope = [(process.energy(states, field + h) - process.energy(states, field - h)) / 2e-6 for h in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(-np.array(slope).T, process.activity(states), atol=1e-8)
    np.testing.assert_allclose(process.activity(states), states * G / 0.7, rtol=1e-14)


def test_no_energy_out_of_equilibrium():
    process = LinearLangevin(A, D)
    assert not process.has_energy and "detailed balance is broken" in process.why_no_energy
    with pytest.raises(InputError, match=r"has no energy: .*detailed balance"):
        process.energy(np.zeros((1, 2)))
    np.testing.assert_allclose(process.activity(np.eye(2)), np.linalg.inv(D), atol=1e-15)


# -- odd coordinates ----------------------------------------------------------------------------------


def velocity_neurons(weights, tau, noise):
    """dv = -v dt + sqrt(2) dW, dr_i = -(r_i - weights_i v)/tau dt + sqrt(2 noise) dW_i."""
    n = len(weights)
    a = np.diag([1.0, *np.full(n, 1 / tau)])
    a[1:, 0] = -np.asarray(weights) / tau
    return a, np.array([1.0, *np.full(n, noise)])


@pytest.mark.parametrize(
    ("weights", "tau", "noise", "even", "odd"),
    [
        (np.ones(1), 0.1, 0.1, 90.90909091, 909.09090909),
        (np.ones(10), 0.1, 0.1, 909.09090909, 9090.90909091),
        (np.ones(100), 0.1, 0.1, 9090.90909, 90909.0909),
        ([1, -0.5, 2], 0.5, 0.2, 35, 70),
        (np.ones(1), 0.01, 0.1, 990.0990099, 99009.90099),
    ],
)
def test_neurons_that_follow_a_velocity(weights, tau, noise, even, odd):
    a, d = velocity_neurons(weights, tau, noise)
    signs = np.array([-1, *np.ones(len(weights))])
    for parity, printed in ((None, even), (signs, odd)):
        found = LinearLangevin(a, d, parity).entropy_production()
        assert found.value == pytest.approx(printed, rel=1e-9)
        assert found.details["flow"] == pytest.approx(printed, rel=1e-9)
    if len(a) < 20:
        assert found.value == pytest.approx(by_path(a, np.diag(d), signs, 1e-6), rel=1e-3)
    parts = LinearLangevin(a, d, signs).entropy_production_map()
    assert parts.value.sum() == pytest.approx(odd, rel=1e-9) == pytest.approx(parts.flow.sum().item(), rel=1e-9)


@pytest.mark.parametrize(
    ("dt", "even", "odd"), [(1e-2, 34.4475, 69.9336), (1e-3, 34.9472, 69.9993), (1e-4, 34.9947, 70.0000)]
)
def test_coarse_grained_neurons(dt, even, odd):
    a, d = velocity_neurons([1, -0.5, 2], 0.5, 0.2)
    for parity, printed in ((np.ones(4), even), ([-1, 1, 1, 1], odd)):
        found = LinearLangevin(a, d, parity).coarse_grained_entropy_production(dt)
        assert found.value == pytest.approx(printed, abs=5.1e-5)


def test_an_underdamped_oscillator_is_at_equilibrium():
    """Mass 2, stiffness 3, friction 0.5, kT 0.7: noise on the velocity alone."""
    mass, stiffness, friction, kT = 2, 3, 0.5, 0.7
    matrices = [[0, -1], [stiffness / mass, friction / mass]], [0, friction * kT / mass**2]
    process = LinearLangevin(*matrices, parity=[1, -1])
    np.testing.assert_allclose(process.covariance(), np.diag([kT / stiffness, kT / mass]), atol=1e-14)
    assert process.entropy_production().value == pytest.approx(0, abs=1e-14)
    assert process.is_equilibrium().passed and process.has_energy
    states, force = np.array([[0.3, -1.2], [2.0, 0.1]]), 0.4
    x, v = states.T
    energy = (stiffness * x**2 / 2 + mass * v**2 / 2 - force * x) / kT
    found = process.energy(states, [0, force / mass])
    np.testing.assert_allclose(found, energy, atol=1e-12)
    np.testing.assert_allclose(process.activity(states)[:, 1], mass * x / kT, atol=1e-12)
    assert abs(process.coarse_grained_entropy_production(0.05).value) < 1e-10
    assert process.is_equilibrium([0, 0.2]).passed, "a constant force only shifts it"
    with pytest.raises(InputError, match="diverges; where it is a velocity"):
        LinearLangevin(*matrices).entropy_production()
    with pytest.raises(InputError, match="diverges"):
        LinearLangevin(*matrices, parity=[-1, -1]).entropy_production()
    with pytest.raises(InputError, match="no noise of its own"):
        process.entropy_production([0.1, 0])


def test_a_twisted_underdamped_pair_is_not():
    """Two particles whose forces on each other differ."""
    stiffness, friction = np.array([[2, -0.9], [0.1, 1.5]]), 0.6
    a = np.block([[np.zeros((2, 2)), -np.eye(2)], [stiffness, friction * np.eye(2)]])
    d, parity = np.diag([0, 0, friction, friction]), np.array([1, 1, -1, -1])
    process = LinearLangevin(a, d, parity)
    c = kronecker_covariance(a, d)
    flow = np.sum(friction**2 * np.diag(c)[2:] / friction) - 2 * friction  # friction v^2 against its mean
    assert process.entropy_production().value == pytest.approx(flow, rel=1e-10) and flow > 0.01
    assert not process.is_equilibrium().passed and "(A_irr C)[" in process.is_equilibrium().sentence
    below = process.coarse_grained_entropy_production(1e-3).value
    assert below == pytest.approx(flow, rel=1e-2) and below < flow
    with pytest.raises(InputError, match="an input cannot be driven here"):
        process.activity(np.zeros((1, 4)))


PARTICLE = """
0  2            .25          0.7257913526 3            4.5          6.25         3.25         1.4431471806
.5 1.4097959896 0.7240904191 1.2575190302 0.3810429935 0.9328621553 2.0926581448 1.7116151513 0.4373290839
2  0.7030029249 0.9862632708 1.4120225577 0.0139280551 0.0414015134 0.4944044383 0.4804763832 0.0206527047
99 .5           1            1.4189385332 0            0            .25          .25          0
"""


@pytest.mark.parametrize("row", PARTICLE.strip().splitlines())
def test_a_brownian_velocity_under_a_force(row):
    time, mean, variance, entropy, rate, even, odd, flow, divergence = map(float, row.split())
    start = ([2], 0.25, [time], [0.5])
    by_parity = {sign: LinearLangevin([[1]], 1, [sign]).transient(*start).isel(time=0) for sign in (1, -1)}
    printed = {"entropy": entropy, "shannon_rate": rate, "divergence": divergence, "excess": even}
    for found in by_parity.values():
        assert found["mean"].item() == pytest.approx(mean, abs=HALF)
        assert found.covariance.item() == pytest.approx(variance, abs=HALF)
        for name, value in printed.items():
            assert found[name].item() == pytest.approx(value, abs=1.01 * HALF), name
        assert (found.housekeeping + found.excess).item() == pytest.approx(found.total.item(), abs=1e-12)
    assert by_parity[1].total.item() == pytest.approx(even, abs=1.01 * HALF)
    assert by_parity[-1].total.item() == pytest.approx(odd, abs=1.01 * HALF)
    assert by_parity[-1].flow.item() == pytest.approx(flow, abs=1.01 * HALF)
    assert "comment" in by_parity[-1].housekeeping.attrs


def test_a_force_keeps_an_odd_velocity_going():
    odd, even = LinearLangevin([[1]], 1, [-1]), LinearLangevin([[1]], 1)
    assert odd.entropy_production([0.5]).value == pytest.approx(0.25)
    assert odd.entropy_production().value == 0 == even.entropy_production([0.5]).value
    assert odd.entropy_production_map([0.5]).total == pytest.approx(0.25)
    assert odd.is_equilibrium().passed and not odd.is_equilibrium([0.5]).passed
    assert "constant input" in odd.is_equilibrium([0.5]).sentence
    assert odd.coarse_grained_entropy_production(1e-4, [0.5]).value == pytest.approx(0.25, rel=1e-3)
    with pytest.raises(InputError, match="not the slope of an energy"):
        odd.energy([[0.1]], [0.5])


# -- transients ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("parity", [None, [-1, 1, 1]])
def test_rates_are_slopes(parity):
    a, d = random_process(5, 3)
    d = np.diag(np.diag(d))
    process, field = LinearLangevin(a, d, parity), [0.3, -0.1, 0.5]
    start = ([1, 0.5, -1], np.diag([0.2, 0.7, 0.1]))
    h = 1e-4
    for time in (0.1, 0.5, 2.0):
        before, here, after = (
            process.transient(*start, [time - h, time, time + h], field).isel(time=i) for i in range(3)
        )
        assert (after.entropy - before.entropy) / (2 * h) == pytest.approx(here.shannon_rate.item(), rel=1e-5, abs=1e-6)
        slope = (before.divergence - after.divergence) / (2 * h)
        assert slope == pytest.approx(here.excess.item(), rel=1e-5, abs=1e-6)
        assert here.total.item() == pytest.approx((here.flow + here.shannon_rate).item(), rel=1e-10)
        assert here.total.item() == pytest.approx((here.housekeeping + here.excess).item(), rel=1e-10)
        assert here.total >= 0 and here.excess >= 0
        assert parity is not None or here.housekeeping >= 0
    late = process.transient(*start, [60.0], field).isel(time=0)
    assert late.total.item() == pytest.approx(process.entropy_production(field).value, rel=1e-8)
    assert late.housekeeping.item() == pytest.approx(late.total.item(), rel=1e-8) and abs(late.excess) < 1e-8
    np.testing.assert_allclose(late["mean"], np.linalg.solve(a, field), atol=1e-8)


def test_housekeeping_vanishes_at_every_time_for_an_equilibrium_drift():
    found = LinearLangevin(BUMP, 1 / G).transient([1, 2, 3], 0.3, np.linspace(0, 3, 7))
    assert np.abs(found.housekeeping).max() < 1e-13 and found.total[0] > 1
    driven = LinearLangevin(BUMP, 1).transient([1, 2, 3], 0.3, [0.0])
    assert driven.housekeeping.item() > 0.01


@pytest.mark.parametrize("start", [0, [0.3, 0], [[1, 1], [1, 1]], [[1 / 9, 1 / 3], [1 / 3, 1]]], ids=str)
def test_a_point_has_infinite_answers_and_spreads(start):
    process = LinearLangevin(A, D)
    found = process.transient([1, -0.5], start, [0, 1e-6, 1.0])
    first = found.isel(time=0)
    assert first.entropy == -np.inf
    for name in ("divergence", "shannon_rate", "total", "excess"):
        assert first[name] == np.inf, name
    assert np.isfinite(first.flow) and np.isfinite(first.housekeeping)
    spread = np.broadcast_to(start, (2,)) if np.ndim(start) < 2 else np.array(start)
    spread = np.diag(spread) if spread.ndim == 1 else spread
    step, c = power_series(A, 1.0), kronecker_covariance(A, D)
    np.testing.assert_allclose(found.covariance[2], c + step @ (spread - c) @ step.T, atol=1e-14)
    later = found.isel(time=slice(1, None))
    assert np.all(np.isfinite(later.to_array("name").isel(coordinate=0, other=0)))
    np.testing.assert_allclose(later.total, later.housekeeping + later.excess, rtol=1e-9)
    np.testing.assert_allclose(later.shannon_rate, later.total - later.flow, rtol=1e-9)


def test_two_starts_at_once_are_one_start_each():
    process = LinearLangevin(A, D)
    together = process.transient([1, -0.5], [0.2, 0.1], [2.0, 0.5])
    assert together.total[1] == process.transient([1, -0.5], [0.2, 0.1], [0.5]).total[0]
    assert together.covariance.dims == ("time", "coordinate", "other")


# -- what it is, and bad input ------------------------------------------------------------------------


def test_repr_digest_and_immutability():
    process = LinearLangevin(A, D, label="pair")
    assert repr(process) == "LinearLangevin(pair: n = 2, A dense, D dense, even)"
    assert repr(LinearLangevin([[1]], 2, [-1])) == "LinearLangevin(n = 1, A dense, D isotropic, 1 odd)"
    assert process.digest == LinearLangevin(A.copy(), D.tolist()).digest
    others = [LinearLangevin(A.T, D), LinearLangevin(A, 2 * D), LinearLangevin(A, np.diag(D), [1, -1])]
    assert len({process.digest, *(other.digest for other in others)}) == 4
    with pytest.raises(ValueError, match="read-only"):
        process.relaxation[0, 0] = 3
    process.covariance()[0, 0] = 99
    assert process.covariance()[0, 0] < 1


@pytest.mark.parametrize(
    ("relaxation", "diffusion", "parity", "says"),
    [
        (np.eye(3)[:2], 1, None, "relaxation must be a square matrix"),
        ([1, 2], 1, None, "relaxation must be a square matrix"),
        ([[np.nan]], 1, None, "relaxation must be finite"),
        ("A", 1, None, "relaxation must be an array of numbers"),
        (-A, D, None, "all have negative real parts .* is the sign the other way round"),
        (np.diag([1, -2]), 1, None, "must be stable .* got the eigenvalue -2"),
        ([[0.0, -3], [3, 0]], 1, None, "must be stable .* got the eigenvalue"),
        (A, -1, None, "diffusion must not be negative"),
        (A, 0, None, "nor zero everywhere"),
        (A, [1, -1], None, "diffusion must not be negative"),
        (A, [1, 1, 1], None, "diffusion must be a number or of shape"),
        (A, [[1, 0.2], [0.3, 1]], None, r"diffusion must be symmetric, got diffusion\[0, 1\]"),
        (A, [[1, 2], [2, 1]], None, "diffusion must be positive semidefinite, got a smallest eigenvalue of -1"),
        (A, np.inf, None, "diffusion must be finite"),
        (A, D, [1, 2], r"parity must hold \+1 and -1 only, got 2"),
        (A, D, [1], "parity must have shape"),
        (A, D, [1, -1], "must not correlate the noises of an even and an odd coordinate"),
    ],
)
def test_bad_matrices(relaxation, diffusion, parity, says):
    with pytest.raises(InputError, match=says):
        LinearLangevin(relaxation, diffusion, parity)


def test_large_unstable_matrices_say_so_at_first_use():
    a = np.eye(80)
    a[3, 4], a[3, 3] = 1, -0.5
    process = LinearLangevin(a, 1)
    with pytest.raises(InputError, match=r"got the eigenvalue -0\.5"):
        process.covariance()


def test_noise_that_does_not_reach_or_is_missing():
    with pytest.raises(InputError, match="coordinate 1 drifts irreversibly without noise"):
        LinearLangevin(A, [1, 0]).entropy_production()
    with pytest.raises(InputError, match="drifts irreversibly without noise"):
        LinearLangevin(A, [[1, 1], [1, 1]]).entropy_production()
    with pytest.raises(InputError, match="does not reach every coordinate"):
        LinearLangevin(np.eye(2), [1, 0]).stationary_law()
    assert np.linalg.eigvalsh(LinearLangevin(A, [1, 0]).covariance())[0] > 0, "the covariance is there all the same"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([1], 1, [0]), "mean must have shape"),
        (([1, 1], [1, 1, 1], [0]), "covariance must"),
        (([1, 1], [[1, 0.3], [0.1, 1]], [0]), "covariance must be symmetric"),
        (([1, 1], [1, -1], [0]), "covariance must be positive semidefinite"),
        (([1, 1], 1, [-1]), "times must not be negative"),
        (([1, 1], 1, 3), "times must have shape"),
        (([1, 1], 1, [1], [1, 2, 3]), "field must have shape"),
    ],
)
def test_bad_starts(arguments, says):
    with pytest.raises(InputError, match=says):
        LinearLangevin(A, D).transient(*arguments)


def test_bad_questions():
    process = LinearLangevin(A, D)
    for call, says in (
        (lambda: process.stationary_law([1]), "field must have shape"),
        (lambda: process.spectrum(1.0), "frequencies must have shape"),
        (lambda: process.lagged_covariance("x"), "lag must be an array"),
        (lambda: process.activity([1, 2]), "states must have shape"),
        (lambda: process.wave_spectrum([1]), "same at every place"),
    ):
        with pytest.raises(InputError, match=says):
            call()
