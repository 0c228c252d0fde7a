"""BCM's mean field: printed values, passage times on a grid, what one look tells, and three ways to dissipate."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.linalg import solve_banded

from assertions import assert_within, mean_within
from neurothermo import InputError, Langevin, exact, fluctuation, hold, simulate
from neurothermo.core.randomness import Stream
from neurothermo.exact.fokker_planck import grid_stationary_law
from neurothermo.processes.bcm import BCM
from neurothermo.processes.bcm_baths import LinearChannels
from neurothermo.processes.bcm_vector import VectorBCM

SYNAPSE = BCM()
OTHER = BCM(rate=4.6, saturation=0.8, time=1.3, noise=0.02)
TIMES = {
    0.01: (261.0356607, 301.288672650, 22.3883252, 27.3339935179),
    0.005: (10844.7567, 12042.2566164, 62.7147254, 75.5064829062),
    0.0025: (1.87180137e7, 19799721.655, 492.1135933, 545.051270083),
}
bistable = st.builds(
    lambda strength, saturation, time, noise: BCM(strength * 4 * saturation / time, saturation, time, noise),
    st.floats(1.05, 2.5), st.floats(0.3, 3), st.floats(0.3, 3), st.floats(0.005, 0.3),
)  # fmt: skip


def slope(bcm, x):
    """V', written out."""
    return x / bcm.time - bcm.rate * x**2 + bcm.rate * bcm.saturation * x**3


def passage(bcm, start, goal, wall, points=6000):
    """Mean first-passage time on a grid: walkers that hop between cells, one linear solve, one extrapolation."""
    found = []
    for n in (points // 2, points):
        x = np.linspace(wall, goal, n + 1)
        h, u = abs(x[1] - x[0]), bcm.potential(x) / bcm.noise
        ahead, back = np.exp(-(u[1:] - u[:-1]) / 2), np.exp((u[1:] - u[:-1]) / 2)
        ahead, back = bcm.noise / h**2 * ahead, bcm.noise / h**2 * back
        bands = np.zeros((3, n))  # of cells 0 .. n - 1; the last point absorbs
        bands[1] = ahead
        bands[1, 1:] += back[:-1]
        bands[0, 1:], bands[2, :-1] = -ahead[:-1], -back[:-1]
        times = solve_banded((1, 1), bands, np.ones(n))
        found.append(np.interp(abs(start - wall), abs(x[:-1] - wall), times))
    return (4 * found[1] - found[0]) / 3


# -- the potential ---------------------------------------------------------------------------------


def test_fixed_points():
    found = SYNAPSE.fixed_points()
    np.testing.assert_allclose(found.value, [0, 0.2763932023, 0.7236067977], atol=6e-11)
    np.testing.assert_allclose(found.potential, [0, 0.0103005665, -0.0269672331], atol=6e-11)
    np.testing.assert_allclose(found.curvature, [1, -0.6180339887, 1.6180339887], atol=6e-11)
    assert list(found.point.values) == ["lower", "threshold", "upper"]
    assert list(found.stable.values) == [True, False, True]


@settings(max_examples=40, deadline=None)
@given(bistable)
def test_bistable_ones(bcm):
    assert bcm.is_bistable() and bcm.is_bistable().slope > bcm.is_bistable().expected
    np.testing.assert_allclose(slope(bcm, bcm.fixed_points().value.values), 0, atol=1e-9 * bcm.rate)
    x = np.linspace(-0.5, 1.5, 7)
    np.testing.assert_allclose(bcm.force(x), -slope(bcm, x), atol=1e-9 * bcm.rate)
    measured = (bcm.potential(x + 1e-5) - bcm.potential(x - 1e-5)) / 2e-5
    np.testing.assert_allclose(measured, slope(bcm, x), rtol=1e-6, atol=1e-6 * bcm.rate)
    bent = (slope(bcm, x + 1e-5) - slope(bcm, x - 1e-5)) / 2e-5
    np.testing.assert_allclose(bcm.curvature(x), bent, rtol=1e-5, atol=1e-6 * bcm.rate)


@pytest.mark.parametrize("rate", [3.0, 4.0])
def test_too_slow_to_be_bistable(rate):
    slow = BCM(rate)
    assert slow.is_bistable().passed is False and list(slow.fixed_points().point.values) == ["lower"]
    for ask in (slow.lifetime, slow.kramers_time, slow.dynamic_threshold, lambda: slow.well("upper")):
        with pytest.raises(InputError, match=f"for two stable states: got {rate:g} and 4"):
            ask()
    assert slow.law().mean() > 0 and slow.fisher_information() > 0 and slow.well("lower") == 0


# -- how long a memory lasts -----------------------------------------------------------------------


@pytest.mark.parametrize("noise", TIMES)
def test_printed_lifetimes(noise):
    bcm, (kramers_down, down, kramers_up, up) = replace(SYNAPSE, noise=noise), TIMES[noise]
    assert bcm.kramers_time() == pytest.approx(kramers_down, rel=5e-9)
    assert bcm.kramers_time("lower") == pytest.approx(kramers_up, rel=2e-9)
    for domain in ((-0.6, 2.0), None):
        assert bcm.lifetime(domain=domain) == pytest.approx(down, rel=3e-11)
        assert bcm.lifetime("lower", domain=domain) == pytest.approx(up, rel=2e-12)
    assert bcm.lifetime().kind == "exact" and bcm.kramers_time().kind == "estimate"
    assert bcm.lifetime().details["residual"] < 1e-12


@pytest.mark.parametrize("noise", [0.03, 0.06, 0.2])
def test_lifetimes_on_a_grid(noise):
    bcm = replace(OTHER, noise=noise)
    low, high = bcm.well("lower"), bcm.well("upper")
    for from_, start, goal, wall in (("upper", high, low, 1.9), ("lower", low, high, -0.8)):
        domain = (-0.8, 1.9)
        expected = passage(bcm, start, goal, wall)
        assert bcm.lifetime(from_, domain=domain) == pytest.approx(expected, rel=2e-5)
        halfway = passage(bcm, start, bcm.threshold, wall)
        assert bcm.lifetime(from_, to="threshold", domain=domain) == pytest.approx(halfway, rel=2e-5)


def test_kramers_is_right_where_noise_is_weak():
    """e^1000 and more: the ratio to the exact time tends to 1, and neither overflows on the way."""
    gaps = []
    for noise in (4e-3, 4e-4, 4e-5):
        bcm = replace(SYNAPSE, noise=noise)
        for from_ in ("upper", "lower"):
            gaps.append(bcm.lifetime(from_).details["log"] - bcm.kramers_time(from_).details["log"])
    assert np.all(np.array(gaps) > 0) and max(gaps[-2:]) < 2e-3 < gaps[2] < gaps[0]
    for found in (replace(SYNAPSE, noise=1e-5).lifetime(), replace(SYNAPSE, noise=1e-5).kramers_time()):
        assert np.isnan(found.value) and "more than a float holds" in found.diagnostics[0]
        assert found.details["log"] == pytest.approx(3728.62, abs=0.02)
    assert "barrier" in replace(SYNAPSE, noise=0.01).kramers_time("lower").diagnostics[0]
    assert SYNAPSE.kramers_time().diagnostics == () or "barrier" in SYNAPSE.kramers_time().diagnostics[0]


def test_simulated_lifetimes():
    """Walkers in NumPy until the last has crossed; step short enough for a per cent."""
    bcm, dt, rng = replace(SYNAPSE, noise=0.05), 0.004, np.random.default_rng(1)
    x, times, step = np.zeros(3000), [], 0
    while len(x):
        step += 1
        x = x - slope(bcm, x) * dt + np.sqrt(2 * bcm.noise * dt) * rng.standard_normal(len(x))
        done = x >= bcm.well("upper")
        times += [step * dt] * int(done.sum())
        x = x[~done]
    mean_within(times, bcm.lifetime("lower").value, resolution=1)
    with pytest.raises(AssertionError):
        mean_within(times, bcm.kramers_time("lower").value)  # noise is not weak


# -- the stationary law ----------------------------------------------------------------------------


def test_printed_occupation_and_fisher_information():
    for domain in ((-0.6, 2.0), None):
        law = SYNAPSE.law(domain)
        assert law.probability(SYNAPSE.threshold) == pytest.approx(0.9197827855, abs=6e-11)
        assert law.mean() == pytest.approx(0.6384299131, abs=6e-11)
        assert SYNAPSE.fisher_information(domain=domain) == pytest.approx(3.7500676538, abs=6e-11)
        assert SYNAPSE.fisher_information("upper well", domain) == pytest.approx(1.8783124062, abs=6e-11)
    small = SYNAPSE.fisher_information("linear noise")
    assert small == pytest.approx(1.2944271909, abs=1.1e-10) and small.kind == "estimate"
    assert small.details["moved"] == pytest.approx(0.0894427191, abs=6e-11)


@settings(max_examples=15, deadline=None)
@given(bistable)
def test_the_law_by_another_quadrature(bcm):
    law, top = bcm.law(), bcm.threshold

    def weight(x):
        return np.exp(-(bcm.potential(x) - bcm.potential(bcm.well("upper"))) / bcm.noise)

    def integral(function, low=law.low):
        cuts = sorted({low, *(x for x in (0.0, top, bcm.well("upper")) if x > low), law.high})
        return sum(quad(function, *ends, epsabs=0, epsrel=1e-11)[0] for ends in pairwise(cuts))

    total = integral(weight)
    assert law.probability(top) == pytest.approx(integral(weight, top) / total, rel=1e-8)
    mean = integral(lambda x: x * weight(x)) / total
    assert law.mean() == pytest.approx(mean, rel=1e-8)
    assert law.variance() == pytest.approx(integral(lambda x: (x - mean) ** 2 * weight(x)) / total, rel=1e-7)
    assert law.density(top) == pytest.approx(weight(top) / total, rel=1e-8)
    assert law.probability() == pytest.approx(1) and law.probability(5e3) == 0


def test_fisher_information_by_moving_the_rate():
    """<(d ln p/d lambda)^2> by differences of normalised densities."""
    step, x = 1e-4, np.linspace(-0.9, 1.9, 20_001)
    ahead, here, back = (replace(OTHER, rate=OTHER.rate + k * step).law((-0.9, 1.9)) for k in (1, 0, -1))
    score = (ahead.log_probability(x[:, None]) - back.log_probability(x[:, None])) / (2 * step)
    expected = np.trapezoid(score**2 * here.density(x), x)
    assert OTHER.fisher_information(domain=(-0.9, 1.9)) == pytest.approx(expected, rel=1e-6)


def test_fisher_information_peaks_near_the_onset():
    """Which of two wells is the deeper is what tells most of the rate."""
    found = [BCM(rate, noise=0.003).fisher_information().value for rate in (4.2, 4.5, 5.0, 7.0)]
    assert max(found[:3]) > 5 * found[-1] and found[1] > found[0] and found[1] > found[2]


def test_the_law_on_a_grid():
    grid = grid_stationary_law(lambda x: OTHER.force(x), OTHER.noise, [(-0.8, 1.9)], points=800)
    assert grid.expectation(lambda x: x[:, 0]) == pytest.approx(OTHER.law((-0.8, 1.9)).mean(), rel=1e-5)


def test_draws():
    bcm = BCM(rate=4.6, noise=0.02)
    law, stream = bcm.law(), Stream.of(3, "draws")
    drawn = law.draw(stream.at(np.arange(20_000), 0))
    mean_within(drawn[:, 0], law.mean(), resolution=0.02)
    mean_within(drawn[:, 0] > bcm.threshold, law.probability(bcm.threshold), resolution=0.03)
    mean_within(-law.log_probability(drawn), law.entropy(), resolution=0.06)
    uniform = stream.at(np.arange(20_000), 0).uniforms(1)[:, 0]
    recovered = [law.probability(high=float(x)) for x in drawn[:50, 0]]
    np.testing.assert_allclose(recovered, uniform[:50], atol=1e-9)
    assert law.log_probability([[99.0]])[0] == -np.inf and law.density(99.0) == 0
    tilted = bcm.stationary_law([0.1])
    assert tilted.mean() > law.mean()


# -- irreversibility -------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(bistable)
def test_one_variable_produces_nothing(bcm):
    found = bcm.entropy_production()
    assert found == 0.0 and found.kind == "exact" and "no current" in found.diagnostics[0]
    assert abs(found.details["flow"]) < 1e-9 / bcm.noise


def test_two_baths_of_a_line():
    channels = LinearChannels([1, 0.5], [2, 0], [0.1, 0.3])
    found = channels.entropy_production()
    assert channels.law().mean[0] == pytest.approx(4 / 3) and channels.law().covariance[0, 0] == pytest.approx(4 / 15)
    assert found == pytest.approx(7.3148148148, abs=6e-11)
    np.testing.assert_allclose(found.details["flow"], [6.1111111111, 1.2037037037], atol=6e-11)
    assert found.details["flow"].sum() == pytest.approx(found.value, rel=1e-12)
    alike = LinearChannels([1, 0.5], [2, 2], [0.2, 0.1])  # one temperature, one target
    assert alike.entropy_production() == pytest.approx(0, abs=1e-14)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 3), st.floats(-2, 2), st.floats(0.1, 3)), min_size=1, max_size=4))
def test_channels_obey_the_second_law(channels):
    found = LinearChannels(*zip(*channels, strict=True)).entropy_production()
    assert found >= -1e-12
    assert found.details["flow"].sum() == pytest.approx(found.value, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_two_baths_of_the_mean_field(share):
    """Each channel's irreversible current, by another quadrature; and on a grid of two channels."""
    first = share * OTHER.noise
    parts = [
        (lambda x: OTHER.rate * x**2 * (1 - OTHER.saturation * x), first),
        (lambda x: -x / OTHER.time, OTHER.noise - first),
    ]
    law = OTHER.law()

    def produced(x):
        score = -slope(OTHER, x) / OTHER.noise
        return float(law.density(x)) * sum((force(x) - d * score) ** 2 / d for force, d in parts)

    expected = quad(produced, law.low, law.high, points=[0, OTHER.well("upper")], limit=200)[0]
    found = OTHER.two_baths(first)
    assert found == pytest.approx(expected, rel=1e-7)
    assert found.details["residual"] < 1e-10
    grid = grid_stationary_law([force for force, _ in parts], [d for _, d in parts], [(-0.8, 1.9)], points=2000)
    assert grid.entropy_production() == pytest.approx(found.value, rel=1e-3)
    for wrong in (0.02, 0.03):
        with pytest.raises(InputError, match="plasticity_noise must be below"):
            OTHER.two_baths(wrong)


def test_a_threshold_that_takes_its_time():
    even, uneven = SYNAPSE.dynamic_threshold(), SYNAPSE.dynamic_threshold(threshold_noise=0.001)
    assert even.entropy_production() == pytest.approx(85.2492235950, abs=6e-11)
    assert uneven.entropy_production() == pytest.approx(417.7211956155, abs=6e-10)
    rates = np.linalg.eigvals(even.relaxation)
    np.testing.assert_allclose(rates.real, 0.6909830056, atol=6e-11)
    np.testing.assert_allclose(np.abs(rates.imag), 2.7591144285, atol=6e-11)
    assert SYNAPSE.dynamic_threshold(at="lower").entropy_production() == 0
    with pytest.raises(InputError, match=r"threshold_time must be short enough.* grow at"):
        SYNAPSE.dynamic_threshold(2.0)


def test_linearized_drift_by_differences():
    x, theta = SYNAPSE.well("upper"), SYNAPSE.well("upper") ** 2

    def drift(z):
        return np.array([5 * z[0] * (z[0] - z[1]) - z[0], (z[0] ** 2 - z[1]) / 0.2])

    at = np.array([x, theta])
    jacobian = np.array([(drift(at + e) - drift(at - e)) / 2e-6 for e in 1e-6 * np.eye(2)]).T
    np.testing.assert_allclose(SYNAPSE.dynamic_threshold().relaxation, -jacobian, atol=1e-7)
    np.testing.assert_allclose(drift([x, theta]), 0, atol=1e-12)


INPUTS = np.array([0.5, 1.0, 2.0])
OUTPUT = 1.475 / 2.475  # at which G' = 0.1 where |f|^2 = 5.25
WEIGHTS = BCM(rate=1 / (5.25 * OUTPUT * (1 - OUTPUT)))


@pytest.mark.parametrize(
    ("noise", "expected"), [(0.3, 0), (INPUTS, 0.0296610169), (INPUTS**2, 0.1601694915)], ids=["same", "f", "f^2"]
)
def test_weights_under_noise_of_each_their_own(noise, expected):
    vector = WEIGHTS.vector(INPUTS, noise)
    np.testing.assert_allclose(vector.linearized().relaxation, np.eye(3) - 0.1 * np.outer(INPUTS, INPUTS), atol=1e-12)
    assert vector.entropy_production() == pytest.approx(expected, abs=6e-11)
    assert vector.linearized().is_equilibrium().passed is (expected == 0)


def test_weights_move_down_a_potential():
    vector = SYNAPSE.vector([0.9, -0.4, 0.7])
    assert vector.noise == SYNAPSE.noise
    np.testing.assert_allclose(vector.force(vector.weights()[None]), 0, atol=1e-12)
    np.testing.assert_allclose(vector.weights("lower"), 0)
    at, step = vector.weights(), 1e-6
    rows = np.array([(vector.force((at + e)[None])[0] - vector.force((at - e)[None])[0]) for e in step * np.eye(3)])
    np.testing.assert_allclose(vector.linearized().relaxation, -rows.T / (2 * step), atol=1e-6)
    system = vector.system()  # checks force against potential itself
    assert system.has_energy and system.size == 3
    assert vector.entropy_production() == pytest.approx(0, abs=1e-12)


# -- in motion -------------------------------------------------------------------------------------


def test_simulated_synapses():
    ledger = simulate(SYNAPSE, 300, dt=0.005, trials=6000, seed=1, record="states", every=300)
    last, law = ledger.states.values[:, -1, 0], SYNAPSE.law()
    mean_within(last > SYNAPSE.threshold, law.probability(SYNAPSE.threshold), resolution=0.03)
    mean_within(last, law.mean(), resolution=0.02)
    mean_within(ledger.entropy_flow.values, 0.0, resolution=0.1)
    assert fluctuation.check_integral(ledger).passed
    np.testing.assert_allclose(ledger.work + ledger.heat, ledger.energy_final - ledger.energy_initial, atol=1e-9)


def test_a_driven_synapse():
    """An input that potentiates: the mean of e^-W is the ratio of the laws' normalisations."""
    ramp = np.linspace(0, 0.05, 41)[:, None]
    ledger = simulate(SYNAPSE, ramp, dt=0.002, trials=20_000, seed=2)
    change = SYNAPSE.law().log_normalization
    change -= SYNAPSE.law(field=0.05).log_normalization
    mean_within(np.exp(change - ledger.work.values), 1.0, resolution=0.1)


def test_as_a_system_with_a_rule():
    system = SYNAPSE.system()
    ledger = simulate(
        system, hold([0.0], 50), Langevin(0.02, step="heun"), temperature=SYNAPSE.noise, trials=2000, seed=3,
        initial=SYNAPSE.law(), record="states", every=50,
    )  # fmt: skip
    last = ledger.states.values[:, -1, 0]
    assert_within(last.mean(), last.std() / np.sqrt(2000), SYNAPSE.law().mean(), resolution=0.04)
    assert exact.entropy_production(system, Langevin(0.02), temperature=0.05) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rate": 0}, "rate must be positive"),
        ({"saturation": -1}, "saturation must be positive"),
        ({"time": 0}, "time must be positive"),
        ({"noise": -0.01}, "noise must be positive"),
        ({"noise": [0.1]}, "noise must be one number"),
    ],
)
def test_synapses_that_are_none(options, said):
    with pytest.raises(InputError, match=said):
        BCM(**options)


def test_questions_that_make_no_sense():
    with pytest.raises(InputError, match="from_ must be one of"):
        SYNAPSE.lifetime("middle")
    with pytest.raises(InputError, match="to must be one of"):
        SYNAPSE.lifetime(to="heaven")
    with pytest.raises(InputError, match="domain must hold both ends"):
        SYNAPSE.lifetime(domain=(0.1, 2))
    with pytest.raises(InputError, match="low < high"):
        SYNAPSE.law((1, 0))
    with pytest.raises(InputError, match="kind must be one of"):
        SYNAPSE.fisher_information("some")
    with pytest.raises(InputError, match="threshold_time must be positive"):
        SYNAPSE.dynamic_threshold(-1)
    with pytest.raises(InputError, match="too weak for quadrature"):
        BCM(noise=1e-12).law()
    with pytest.raises(InputError, match="inputs must not be zero"):
        SYNAPSE.vector([0.0, 0.0])
    with pytest.raises(InputError, match="noises must be positive"):
        LinearChannels([1, 2], [0, 0], [0.1, 0])
    with pytest.raises(InputError, match="targets must have shape"):
        LinearChannels([1, 2], [0], [0.1, 0.1])
    assert isinstance(SYNAPSE.vector([1.0]), VectorBCM)
