"""Rates of divergences and information along dynamics, and the bounds on them."""

import json
from math import exp, inf, isnan, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad_vec
from scipy.linalg import expm, solve_continuous_lyapunov

from neurothermo import Gaussian, InputError, information
from neurothermo.information import Bound, Density, GaussianRate, bounds, rates

ORDERS = st.sampled_from([0.4, 0.5, 1, 1.000001, 1.5, 2, 3])
KINETIC = {
    "kl": (
        lambda p, q, order: information.kl(p, q),
        lambda *laws, order: rates.kl(*laws),
        lambda *laws, order: bounds.kl(*laws),
    ),
    "tsallis": (information.tsallis, rates.tsallis, bounds.tsallis),
    "renyi": (information.renyi, rates.renyi, bounds.renyi),
}


def agrees(found, value, digits):
    """To within one in the last digit printed."""
    return abs(float(found) - value) < 10.0**-digits


# -- a Brownian particle: dv = -(v - 1/2) dt + sqrt(2) dW ----------------------------------------------------------


def particle(mean, variance, t):
    """The law at time t of one that started Gaussian, and its rate."""
    mean, variance = 0.5 + (mean - 0.5) * exp(-t), 1 + (variance - 1) * exp(-2 * t)
    return Gaussian([mean], [[variance]]), GaussianRate([0.5 - mean], [[2 - 2 * variance]])


REST = Gaussian([0.5], [[1.0]])
AXIS = np.linspace(-9, 12, 1401)


def on_grid(law, rate):
    """Values of the density and of its time derivative, from their definition."""
    (mean,), ((variance,),) = law.mean, law.covariance
    values = np.exp(-((AXIS - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    (drift,), ((growth,),) = rate.mean_rate, rate.covariance_rate
    score = (AXIS - mean) / variance
    return Density(AXIS, values), values * (score * drift + growth / 2 * (score**2 - 1 / variance))


@pytest.mark.parametrize(
    ("t", "entropy_rate", "kl_rate", "fisher"),
    [
        (0, 3, -4.5, 27),
        (0.5, 0.3810429935, -0.9328621553, 1.4335165064),
        (2, 0.0139280551, -0.0414015134, 0.0421721467),
    ],
)
@pytest.mark.parametrize("gridded", [False, True])
def test_rates_of_a_relaxing_particle(t, entropy_rate, kl_rate, fisher, gridded):
    law, rate = particle(2, 0.25, t)
    law, rate = on_grid(law, rate) if gridded else (law, rate)
    assert agrees(rates.entropy(law, rate), entropy_rate, 9)
    assert agrees(rates.kl(law, rate, REST), kl_rate, 9)
    assert agrees(rates.fisher_information(law, rate), fisher, 9)


@pytest.mark.parametrize("gridded", [False, True])
def test_printed_bounds_of_a_relaxing_particle(gridded):
    law, rate = particle(2, 0.25, 0.5)
    law, rate = on_grid(law, rate) if gridded else (law, rate)
    for found, printed in [
        (bounds.kl(law, rate, REST), (-0.9328621553, 0.9558989353)),
        (bounds.tsallis(law, rate, REST, order=0.5), (-0.5444770721, 0.5660910891)),
        (bounds.tsallis(law, rate, REST, order=2), (-2.3520283093, 2.9623707971)),
    ]:
        assert agrees(found.rate, printed[0], 9) and agrees(found.bound, printed[1], 9)
        assert found.holds and found.ratio == pytest.approx(abs(printed[0]) / printed[1], rel=1e-8)


@pytest.mark.parametrize("gridded", [False, True])
def test_printed_bound_where_both_laws_move(gridded):
    p, q = particle(2, 0.5, 0.3), particle(-0.3, 1.4, 0.3)
    p, q = (on_grid(*p), on_grid(*q)) if gridded else (p, q)
    found = bounds.kl(*p, *q)
    assert agrees(found.rate, -2.1781580619, 9) and agrees(found.bound, 3.0478641528, 9)
    assert abs(bounds.kl(*p, q[0]).bound - found.bound) > 0.1, "the motion of q counts"


def test_langevin_bound_of_the_particles_mean_and_its_parity():
    law, _ = particle(2, 0.25, 0.5)
    found = bounds.langevin_observable(law, drift=[[1]], diffusion=[[1]], offset=[0.5], linear=[1])
    assert agrees(abs(found.rate), 0.9097959896, 9) and agrees(found.bound, 0.9658478945, 9)
    assert agrees(found.details["entropy_production"], 0.9328621553, 9)
    # with the entropy production of an odd velocity it is false: at mean 0, variance 1 that vanishes, the rate does not
    still = bounds.langevin_observable(
        REST.__class__([0], [[1]]), drift=[[1]], diffusion=[[1]], offset=[0.5], linear=[1]
    )
    odd_production = 0.0
    assert abs(still.rate) == 0.5 and not Bound(still.rate, sqrt(odd_production)).holds and still.holds


def test_ten_neurons_that_begin_to_listen():
    """dv = -v dt + sqrt(2) dW; dr_i = -(r_i - v)/.1 dt + sqrt(.2) dW_i, from independent variables."""
    n = 11
    drift = np.diag([1.0] + [10.0] * 10)
    drift[1:, 0] = -10
    noise = np.diag([1.0] + [0.1] * 10)
    settled = solve_continuous_lyapunov(drift, 2 * noise)
    start = np.diag([1.0] + [0.01] * 10)
    for t, info, rate, limit in [
        (0.01, 1.1241845810, 77.52967, 260.6314),
        (0.1, 1.4782115278, -3.067807, 25.78573),
        (0.5, 1.1977866943, -0.0463836, 0.1878410),
    ]:
        flow = expm(-drift * t)
        covariance = settled + flow @ (start - settled) @ flow.T
        law = Gaussian(np.zeros(n), covariance)
        moving = GaussianRate(np.zeros(n), -drift @ covariance - covariance @ drift.T + 2 * noise)
        assert agrees(information.mutual_information(law, 1), info, 9)
        found = bounds.mutual_information(law, moving, 1)
        assert found.rate == pytest.approx(rate, rel=2e-6) and found.bound == pytest.approx(limit, rel=2e-6)
        assert found.holds and rates.mutual_information(law, moving, 1).value == found.rate
    # Var[i] as a trace: the same number by another formula
    inverse, blocks = np.linalg.inv(covariance), np.zeros((n, n))
    blocks[0, 0], blocks[1:, 1:] = 1 / covariance[0, 0], np.linalg.inv(covariance[1:, 1:])
    twice = (inverse - blocks) @ covariance
    fisher = rates.fisher_information(law, moving).value
    assert found.bound == pytest.approx(sqrt(fisher * np.trace(twice @ twice) / 2), rel=1e-9)


# -- rates against differences of the measures ---------------------------------------------------------------------


def difference(measure, *points, step):
    """A central difference of the fourth order along straight lines from (value, rate) pairs."""
    at = [measure(*(value + k * step * rate for value, rate in points)) for k in (-2, -1, 1, 2)]
    return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step)


def random_table(rng, shape):
    table = rng.exponential(size=shape) + 0.05
    rate = rng.normal(size=shape) * table
    return table / table.sum(), rate - rate.sum() * table / table.sum()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), order=ORDERS)
def test_rates_of_tables_are_derivatives(seed, order):
    rng = np.random.default_rng(seed)
    (p, dp), (q, dq) = random_table(rng, (2, 3)), random_table(rng, (2, 3))
    pairs = ((p, dp), (q, dq))
    for name, (measure, rate, _) in KINETIC.items():
        expected = difference(lambda p, q, f=measure: f(p, q, order).value, *pairs, step=2e-4)
        assert rate(p, dp, q, dq, order=order).value == pytest.approx(expected, rel=1e-6, abs=1e-7), name
    for measure, rate in (
        (information.entropy, rates.entropy),
        (information.mutual_information, rates.mutual_information),
    ):
        expected = difference(lambda p, f=measure: f(p).value, (p, dp), step=2e-4)
        assert rate(p, dp).value == pytest.approx(expected, rel=1e-6, abs=1e-7)
    jeffreys, slope = (lambda t: (t - 1) * np.log(t)), (lambda t: np.log(t) + 1 - 1 / t)
    expected = difference(lambda p, q: information.f_divergence(p, q, jeffreys).value, *pairs, step=2e-4)
    found = rates.f_divergence(p, dp, q, jeffreys, derivative=slope, dq=dq)
    assert found.value == pytest.approx(expected, rel=1e-6, abs=1e-7)
    # Fisher information: twice the second-order growth of D(p_(t+dt) || p_t)
    small = 1e-4
    fisher = rates.fisher_information(p, dp).value
    symmetric = information.kl(p + small * dp, p) + information.kl(p, p + small * dp)
    assert symmetric / small**2 == pytest.approx(fisher, rel=1e-2)


def random_motion(rng, n):
    factor = rng.normal(size=(n, n)) / np.sqrt(n) + 0.7 * np.eye(n)
    growth = rng.normal(size=(n, n))
    law = Gaussian(rng.normal(size=n), factor @ factor.T + 0.1 * np.eye(n))
    return law, GaussianRate(rng.normal(size=n), growth + growth.T)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 4), order=ORDERS)
def test_rates_of_gaussians_are_derivatives(seed, n, order):
    rng = np.random.default_rng(seed)
    (p, dp), (q, dq) = random_motion(rng, n), random_motion(rng, n)

    def along(measure):
        def at(mean, covariance, other_mean, other_covariance):
            return measure(Gaussian(mean, covariance), Gaussian(other_mean, other_covariance)).value

        pairs = [(law.mean, rate.mean_rate) for law, rate in ((p, dp), (q, dq))]
        spreads = [(law.covariance, rate.covariance_rate) for law, rate in ((p, dp), (q, dq))]
        return difference(at, pairs[0], spreads[0], pairs[1], spreads[1], step=2e-5)

    for name, (measure, rate, _) in KINETIC.items():
        found = rate(p, dp, q, dq, order=order).value
        if isnan(found):
            assert measure(p, q, order) == inf
        elif information.renyi(p, q, order + 0.3 if order > 1 else order) < 5:  # else the difference is not smooth
            expected = along(lambda p, q, f=measure: f(p, q, order))
            assert found == pytest.approx(expected, rel=1e-4, abs=1e-5), name
    assert rates.entropy(p, dp).value == pytest.approx(along(lambda p, q: information.entropy(p)), rel=1e-6, abs=1e-7)
    if n > 1:
        expected = along(lambda p, q: information.mutual_information(p, 1))
        assert rates.mutual_information(p, dp, 1).value == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_and_notices_a_rate_with_the_wrong_sign():
    rng = np.random.default_rng(3)
    (p, dp), (q, dq) = random_table(rng, 4), random_table(rng, 4)
    right = rates.kl(p, dp, q, dq).value
    for wrong in (rates.kl(p, -dp, q, dq), rates.kl(p, dp, q, -dq), rates.kl(p, dp, q), rates.kl(q, dq, p, dp)):
        assert abs(wrong.value - right) > 1e-2


# -- where a state is empty ----------------------------------------------------------------------------------------


def test_empty_states():
    p, q = [0.5, 0.5, 0], [0.3, 0.3, 0.4]
    still, filling = [0.1, -0.1, 0], [-0.1, -0.1, 0.2]
    assert rates.entropy(p, still) == 0 and rates.fisher_information(p, still).value == pytest.approx(0.04)
    assert rates.entropy(p, filling) == inf and rates.fisher_information(p, filling) == inf
    assert rates.kl(p, filling, q) == -inf and rates.tsallis(p, filling, q, order=0.5) == -inf
    assert rates.tsallis(p, filling, q, order=2).value == pytest.approx(2 * 2 * -0.1 / 0.6)
    assert bounds.kl(p, filling, q).bound == inf and bounds.tsallis(p, filling, q, order=2).holds
    impossible = rates.kl(q, [0.1, 0, -0.1], p)
    assert isnan(impossible.value) and "infinite" in impossible.diagnostics[0]
    found = bounds.kl(q, [0.1, 0, -0.1], p)
    assert found.holds is None and "infinite" in str(found)
    assert isnan(rates.kl(p, filling, [0.3, 0.7, 0]).value)
    log_t = {"f": lambda t: t * np.log(t), "derivative": lambda t: np.log(t) + 1}
    assert rates.f_divergence(p, still, q, **log_t).value == pytest.approx(rates.kl(p, still, q).value)
    moving_q = rates.f_divergence(p, still, q, **log_t, dq=[0.1, 0.1, -0.2])
    assert moving_q.value == pytest.approx(rates.kl(p, still, q, [0.1, 0.1, -0.2]).value)


# -- kinematic bounds hold, and are attained -----------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), order=ORDERS, moves=st.booleans())
def test_kinematic_bounds_of_tables_are_never_violated(seed, order, moves):
    rng = np.random.default_rng(seed)
    (p, dp), (q, dq) = random_table(rng, (3, 2)), random_table(rng, (3, 2))
    dq = dq if moves else None
    found = [bound(p, dp, q, dq, order=order) for _, _, bound in KINETIC.values()]
    found += [bounds.entropy(p, dp), bounds.mutual_information(p, dp)]
    found.append(bounds.f_divergence(p, dp, q, lambda t: 1 - np.sqrt(t), derivative=lambda t: -0.5 / np.sqrt(t), dq=dq))
    assert all(one.holds and one.bound > 0 for one in found)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 5), order=ORDERS, moves=st.booleans())
def test_kinematic_bounds_of_gaussians_are_never_violated(seed, n, order, moves):
    rng = np.random.default_rng(seed)
    (p, dp), (q, dq) = random_motion(rng, n), random_motion(rng, n)
    dq = dq if moves else None
    found = [bound(p, dp, q, dq, order=order) for _, _, bound in KINETIC.values()]
    found += [bounds.entropy(p, dp), bounds.mutual_information(p, dp, 1)]
    assert all(one.holds is not False for one in found)
    assert found[0].holds and found[-1].holds


def test_the_bound_is_attained_and_without_the_variance_it_would_fail():
    """The steepest way to change D(p || q): p' = p (ln p/q - mean)."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])
    logs = np.log(p / q)
    found = bounds.kl(p, p * (logs - p @ logs), q)
    assert found.ratio == pytest.approx(1, abs=1e-12) and found.holds
    assert not Bound(found.rate, found.bound * 0.999).holds


def test_bounds_on_grids_agree_with_gaussians():
    law, rate = particle(2, 0.25, 0.5)
    for bound in (bounds.entropy, lambda p, dp: bounds.renyi(p, dp, REST, order=1.5)):
        closed, summed = bound(law, rate), bound(*on_grid(law, rate))
        assert closed.rate == pytest.approx(summed.rate, rel=1e-8)
        assert closed.bound == pytest.approx(summed.bound, rel=1e-8)
    assert rates.kl(*on_grid(law, rate), REST).details["quadrature_error"] < 1e-9


# -- Markov jumps --------------------------------------------------------------------------------------------------


def random_jumps(rng, n):
    matrix = np.exp(rng.normal(size=(n, n)))
    np.fill_diagonal(matrix, 0)
    np.fill_diagonal(matrix, -matrix.sum(axis=0))
    law = rng.dirichlet(np.ones(n))
    return matrix, law


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 6))
def test_thermodynamic_bounds_of_random_jumps(seed, n):
    rng = np.random.default_rng(seed)
    matrix, p = random_jumps(rng, n)
    found = bounds.observable(matrix, p, rng.normal(size=n))
    assert found.holds and found.bound <= found.details["activity_bound"] * (1 + 1e-12)
    assert bounds.total_variation(matrix, p).holds
    q = rng.dirichlet(np.ones(n)) + 1e-6
    q /= q.sum()
    divergence = bounds.observable(matrix, p, np.log(p / q))
    assert divergence.holds and divergence.rate == pytest.approx(rates.kl(p, matrix @ p, q).value, rel=1e-8, abs=1e-9)
    flux = matrix * p
    pairs = [(i, j) for i in range(n) for j in range(i)]
    production = sum((flux[i, j] - flux[j, i]) * log(flux[i, j] / flux[j, i]) for i, j in pairs)
    assert found.details["entropy_production"] == pytest.approx(production, rel=1e-9)
    assert found.details["activity"] == pytest.approx(sum(flux[i, j] + flux[j, i] for i, j in pairs), rel=1e-12)


def test_near_equilibrium_the_bound_of_jumps_is_attained():
    matrix, p = np.array([[-1.0, 2.0], [1.0, -2.0]]), np.array([2 / 3 + 1e-5, 1 / 3 - 1e-5])
    found = bounds.observable(matrix, p, [0.0, 1.0])
    assert found.ratio == pytest.approx(1, abs=1e-4) and found.holds
    half = bounds.observable(matrix, p, [0.0, 1.0])
    assert not Bound(half.rate, half.bound / sqrt(2)).holds, "a bound with half the factor would be false"


def test_a_ring_of_spines_at_its_uniform_law():
    forward, backward = 2.0, 1.0
    matrix = forward * np.roll(np.eye(4), 1, axis=0) + backward * np.roll(np.eye(4), -1, axis=0) - 3 * np.eye(4)
    found = bounds.observable(matrix, np.full(4, 0.25), [0, 1, 2, 3])
    assert agrees(found.details["entropy_production"], 0.6931471806, 10) and abs(found.rate) < 1e-15
    # current counted over t: mean (f - b) t, variance (f + b) t; the relation f + b >= 2 (f - b)^2 / sigma
    precise = bounds.current(1.0 * 5, 3.0 * 5, log(2) * 5)
    assert precise.holds and precise.ratio**2 == pytest.approx(2 / (3 * log(2)))
    assert not bounds.current(1.0 * 5, 3.0 * 5, log(2) * 3).holds


def test_a_jump_without_reverse_is_not_bounded():
    matrix = np.array([[-1.0, 0.0], [1.0, 0.0]])
    found = bounds.observable(matrix, [0.5, 0.5], [0, 1])
    assert found.rate == 0.5 and found.bound == inf and found.holds and found.ratio == 0
    assert bounds.observable(matrix, [0.5, 0.5], [1, 1]).bound == 0


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_speed_limit_of_a_relaxation(seed):
    rng = np.random.default_rng(seed)
    matrix, start = random_jumps(rng, 4)

    def both(t):
        found = bounds.total_variation(matrix, expm(matrix * t) @ start)
        return np.array([found.details["entropy_production"], found.details["activity"]])

    (production, activity), _ = quad_vec(both, 0, 0.3, epsrel=1e-6)
    stop = expm(matrix * 0.3) @ start
    found = bounds.speed_limit(start, stop, production=production, activity=activity)
    assert found.holds and found.rate == pytest.approx(np.abs(stop - start).sum() / 2)


# -- Langevin ------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 4))
def test_langevin_bounds_of_random_linear_processes(seed, n):
    rng = np.random.default_rng(seed)
    p, _ = random_motion(rng, n)
    noise = random_motion(rng, n)[0].covariance
    drift, offset, linear = rng.normal(size=(n, n)), rng.normal(size=n), rng.normal(size=n)
    bend = rng.normal(size=(n, n))
    bend = bend + bend.T
    process = {"drift": drift, "diffusion": noise, "offset": offset}
    found = bounds.langevin_observable(p, **process, linear=linear, quadratic=bend)
    assert found.holds
    # the rate from m' = f - A m, C' = -AC - CA^T + 2D
    mean_rate = offset - drift @ p.mean
    spread_rate = -drift @ p.covariance - p.covariance @ drift.T + 2 * noise
    expected = (linear + bend @ p.mean) @ mean_rate + np.trace(bend @ spread_rate) / 2
    assert found.rate == pytest.approx(expected, rel=1e-8, abs=1e-8)
    # the total production: m'D^-1m' + Tr(A^T D^-1 A C) - 2 Tr A + Tr(C^-1 D)
    inverse = np.linalg.inv(noise)
    total = mean_rate @ inverse @ mean_rate + np.trace(drift.T @ inverse @ drift @ p.covariance)
    total += np.trace(np.linalg.inv(p.covariance) @ noise) - 2 * np.trace(drift)
    assert found.details["entropy_production"] == pytest.approx(total, rel=1e-6, abs=1e-8)


def test_transport_at_constant_speed_attains_the_wasserstein_bound():
    """A trap dragged so that the law moves by 2 in time 4 at D = .5: the production is v^2 t / D = 2."""
    start, stop = Gaussian([0.0], [[1.0]]), Gaussian([2.0], [[1.0]])
    found = bounds.wasserstein(start, stop, diffusion=[[0.5]], production=2.0, duration=4.0)
    assert found.ratio == pytest.approx(1) and found.holds
    assert not bounds.wasserstein(start, stop, diffusion=[[0.5]], production=1.9, duration=4.0).holds


def test_a_relaxing_particle_goes_less_far_than_it_might():
    start, stop = particle(2, 0.25, 0)[0], particle(2, 0.25, 0.7)[0]
    production = information.kl(start, REST) - information.kl(stop, REST)  # in relaxation all of it is divergence lost
    found = bounds.wasserstein(start, stop, diffusion=[[1.0]], production=production, duration=0.7)
    expected = np.hypot(stop.mean[0] - start.mean[0], sqrt(stop.covariance[0, 0]) - 0.5)
    assert found.holds and found.rate == pytest.approx(expected, rel=1e-12) and 0.8 < found.ratio < 1


def test_the_distance_of_gaussians_that_do_not_commute():
    one, two = Gaussian([0, 0], [[2.0, 0.7], [0.7, 1.0]]), Gaussian([1, 0], [[0.5, -0.2], [-0.2, 1.5]])

    def root(matrix):
        values, vectors = np.linalg.eigh(matrix)
        return vectors * np.sqrt(values) @ vectors.T

    half = root(two.covariance)
    square = 1 + np.trace(one.covariance + two.covariance - 2 * root(half @ one.covariance @ half))
    found = bounds.wasserstein(one, two, diffusion=np.eye(2), production=10.0, duration=1.0)
    assert found.rate == pytest.approx(sqrt(square), rel=1e-12)


# -- what a bound says of itself -----------------------------------------------------------------------------------


def test_a_bound_prints_itself():
    found = bounds.kl(*particle(2, 0.25, 0.5), REST)
    assert "<=" in str(found) and "97.6 % of the bound" in str(found) and "nats per unit time" in str(found)
    assert "VIOLATED" in str(Bound(2.0, 1.0)) and Bound(2.0, 1.0).ratio == 2
    assert isnan(Bound(0.0, 0.0).ratio) and Bound(0.0, 0.0).holds and Bound(1.0, 0.0).ratio == inf
    json.dumps(found.to_dict(), allow_nan=False)
    json.dumps(Bound(float("nan"), inf).to_dict(), allow_nan=False)


def test_units():
    law, rate = particle(2, 0.25, 0.5)
    assert rates.kl(law, rate, REST).units == rates.renyi(law, rate, REST, order=2).units == "nats per unit time"
    assert rates.tsallis(law, rate, REST, order=2).units == "per unit time"
    assert rates.fisher_information(law, rate).units == "per unit time squared"
    for name in bounds.__all__:
        assert len(getattr(bounds, name).__doc__) > 40


# -- bad input -----------------------------------------------------------------------------------------------------

LAW, MOVE = [0.5, 0.5], [0.1, -0.1]
JUMPS = [[-1.0, 1.0], [1.0, -1.0]]
SQUARE = {"f": lambda t: (t - 1) ** 2, "derivative": lambda t: 2 * t - 2}


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: rates.entropy([0.5, 0.6], MOVE), "p must sum to 1"),
        (lambda: rates.entropy(LAW, [0.1, 0.1]), "dp must sum to 0, got a sum of 0.2"),
        (lambda: rates.entropy(LAW, [0.1, -0.1, 0]), r"dp must have shape \(2,\)"),
        (lambda: rates.entropy([1, 0], [0.1, -0.1]), "dp must not take probability from an empty state, got -0.1"),
        (lambda: rates.entropy(REST, MOVE), "dp must be a GaussianRate of 1 variables beside a Gaussian"),
        (lambda: rates.kl(LAW, MOVE, [0.2, 0.3, 0.5]), "laws of the same states"),
        (lambda: rates.kl(LAW, MOVE, LAW, [0.1, 0.1]), "dq must sum to 0"),
        (lambda: rates.tsallis(LAW, MOVE, LAW, order=-1), "order must be positive, got -1"),
        (lambda: bounds.renyi(LAW, MOVE, LAW, order=0), "order must be positive, got 0"),
        (lambda: rates.f_divergence(REST, GaussianRate([0], [[0]]), REST, **SQUARE), "p must be a table or a Density"),
        (lambda: rates.f_divergence(LAW, MOVE, LAW, SQUARE["f"], derivative=np.log), "derivative must be that of f"),
        (lambda: rates.f_divergence(LAW, MOVE, LAW, SQUARE["f"], derivative=2), "derivative must be a function"),
        (lambda: rates.mutual_information(LAW, MOVE), "joint must be a table of two variables"),
        (lambda: rates.mutual_information(np.ones((2, 2)) / 4, np.ones((2, 2))), "d_joint must sum to 0"),
        (lambda: GaussianRate([0, 0], [[0, 1], [0, 0]]), "covariance_rate must be symmetric"),
        (lambda: GaussianRate([0], np.zeros((2, 2))), "mean_rate must have shape"),
        (lambda: bounds.observable([[-1, 1], [2, -1]], LAW, [0, 1]), "columns that sum to zero"),
        (lambda: bounds.observable([[1, -1], [-1, 1]], LAW, [0, 1]), "rates must not be negative off the diagonal"),
        (lambda: bounds.observable(JUMPS, LAW, [0, 1, 2]), "g must have shape"),
        (lambda: bounds.observable(JUMPS, np.ones((2, 2)) / 4, [0, 1]), "p must be one row of probabilities"),
        (lambda: bounds.speed_limit(LAW, [1.0], production=1, activity=1), "stop must have the shape of start"),
        (lambda: bounds.speed_limit(LAW, LAW, production=-1, activity=1), "production must not be negative, got -1"),
        (lambda: bounds.current(1, -1, 1), "variance must not be negative"),
        (lambda: bounds.langevin_observable(LAW, drift=1, diffusion=1), "p must be a Gaussian"),
        (lambda: bounds.langevin_observable(REST, drift=[[1]], diffusion=[[1]]), "linear must be given, or quadratic"),
        (
            lambda: bounds.langevin_observable(REST, drift=[[1]], diffusion=[[0]], linear=[1]),
            "diffusion must be positive definite, got a smallest eigenvalue of 0",
        ),
        (lambda: bounds.wasserstein(REST, LAW, diffusion=[[1]], production=1, duration=1), "must be Gaussians"),
        (
            lambda: bounds.wasserstein(REST, REST, diffusion=[[1]], production=1, duration=0),
            "duration must be positive",
        ),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()
