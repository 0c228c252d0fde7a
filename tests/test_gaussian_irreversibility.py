"""Linear Langevin fits: exact values, calibrated intervals, a test of the right size, shares that sum, bad input."""

from functools import cache
from math import isnan

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import expm, logm, solve_continuous_lyapunov, solve_discrete_lyapunov

from assertions import assert_within, mean_within
from neurothermo import InputError
from neurothermo.irreversibility import gaussian_interval
from neurothermo.irreversibility.cross_spectrum import spectral
from neurothermo.irreversibility.gaussian_bootstrap import block_variance
from neurothermo.irreversibility.gaussian_checks import absurd, apart
from neurothermo.irreversibility.gaussian_fit import (
    Linear,
    moments_of,
    no_process,
    regressed,
    shrinkage_intensity,
    shrunk,
)
from neurothermo.irreversibility.gaussian_interval import noncentral_interval, scatter, step_bias
from neurothermo.irreversibility.gaussian_null import circling
from neurothermo.irreversibility.gaussian_prepared import fitted
from neurothermo.irreversibility.gaussian_process import attribution, cost, gaussian, obstacle
from neurothermo.processes import LinearLangevin
from neurothermo.recordings import from_array, from_spikes

RELAXATION, DIFFUSION = np.array([[1, 0.5], [-0.3, 2]]), np.array([[1, 0.2], [0.2, 0.5]])
PRINTED = 0.0887681159420


def chain(n):
    """Beads between springs: stiffness of each with its neighbours and with the walls."""
    return 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)


def two_temperatures(n, hot=10.0):
    return np.diag(np.linspace(hot, 1, n))


def exact_map(relaxation, diffusion, dt):
    """P and Q of the process seen every dt."""
    covariance = solve_continuous_lyapunov(relaxation, 2 * diffusion)
    step = expm(-relaxation * dt)
    return step, covariance - step @ covariance @ step.T


def paths(relaxation, diffusion, dt, rows, count=1, seed=0, noise=None):
    """Stationary samples, shape (count, rows, d), by the exact map."""
    rng, size = np.random.default_rng(seed), len(relaxation)
    step, scatter = exact_map(relaxation, diffusion, dt)
    covariance = solve_continuous_lyapunov(relaxation, 2 * diffusion)
    draw = rng.standard_normal if noise is None else (lambda shape: noise(rng, shape))
    kicks = draw((rows, count, size)) @ np.linalg.cholesky(scatter).T
    kicks[0] = rng.standard_normal((count, size)) @ np.linalg.cholesky(covariance).T
    for t in range(1, rows):
        kicks[t] += kicks[t - 1] @ step.T
    return np.moveaxis(kicks, 0, 1)


def recorded(relaxation=RELAXATION, diffusion=DIFFUSION, dt=0.1, rows=20_000, seed=0):
    return from_array(paths(relaxation, diffusion, dt, rows, seed=seed)[0], sampling_rate=1 / dt)


@cache
def driven():
    return recorded(chain(3), two_temperatures(3), 0.1, 20_000)


# -- the map from samples to the process ------------------------------------------------------------


@pytest.mark.parametrize("dt", [0.001, 0.05, 0.5])
def test_production_of_the_exact_map_is_the_printed_one_however_coarse(dt):
    linear = Linear.of(*exact_map(RELAXATION, DIFFUSION, dt))
    assert abs(linear.production / dt - PRINTED) < 1e-10
    assert np.allclose(linear.relaxation, RELAXATION * dt) and np.allclose(linear.diffusion, DIFFUSION * dt)
    assert not no_process(linear)


@pytest.mark.parametrize(("dt", "printed"), [(1e-2, 0.0874431), (1e-3, 0.0886350), (1e-4, 0.0887548)])
def test_divergence_at_one_lag_is_the_printed_one(dt, printed):
    assert abs(Linear.of(*exact_map(RELAXATION, DIFFUSION, dt)).divergence / dt - printed) < 1e-6


def test_it_agrees_with_matrix_functions_that_share_nothing_with_it():
    rng = np.random.default_rng(1)
    step = 0.4 * rng.standard_normal((4, 4)) + 0.5 * np.eye(4)
    step *= 0.9 / np.abs(np.linalg.eigvals(step)).max()
    noise = np.cov(rng.standard_normal((4, 50)))
    linear = Linear.of(step, noise)
    assert np.allclose(linear.covariance, solve_discrete_lyapunov(step, noise))
    assert np.allclose(linear.relaxation, -logm(step).real)


@pytest.mark.parametrize("n", [2, 5])
def test_it_is_the_entropy_production_of_the_process_itself(n):
    exact = LinearLangevin(chain(n), two_temperatures(n)).entropy_production().value
    assert abs(Linear.of(*exact_map(chain(n), two_temperatures(n), 0.05)).production / 0.05 - exact) < 1e-9


def test_shares_of_pairs_sum_and_do_not_depend_on_units():
    linear = Linear.of(*exact_map(chain(4), two_temperatures(4), 0.1))
    units = np.diag([1, 10, 0.1, 3.0])
    other = Linear.of(*exact_map(units @ chain(4) @ np.linalg.inv(units), units @ two_temperatures(4) @ units, 0.1))
    assert np.isclose(linear.shares.sum(), linear.production) and np.allclose(linear.shares, linear.shares.T)
    assert np.allclose(linear.shares, other.shares) and np.allclose(np.diag(linear.shares), 0)


def test_moments_do_not_cross_gaps():
    rows = paths(chain(2), two_temperatures(2), 0.1, 300)[0]
    moments, mean, scale = moments_of([rows[:100], rows[100:]])
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    pairs = [t for t in range(299) if t != 99]
    assert moments.count == 298 and np.allclose(mean, rows.mean(axis=0)) and np.allclose(scale, rows.std(axis=0))
    assert np.allclose(moments.lagged, sum(np.outer(standard[t + 1], standard[t]) for t in pairs))
    assert np.allclose(moments.before, sum(np.outer(standard[t], standard[t]) for t in pairs))
    assert np.allclose(moments.after, sum(np.outer(standard[t + 1], standard[t + 1]) for t in pairs))


# -- bias, error, interval --------------------------------------------------------------------------


def test_bias_of_the_step_is_that_of_simulations():
    dt, rows, seen = 0.3, 100, []
    step, noise = exact_map(RELAXATION, DIFFUSION, dt)
    for part in paths(RELAXATION, DIFFUSION, dt, rows, count=2000):
        moments, _, scale = moments_of([part])
        seen.append(regressed(moments)[0] * scale[:, None] / scale - step)
    expected = step_bias(Linear.of(step, noise), rows - 1)
    assert np.abs(expected).max() > 0.03
    for found, exact in zip(np.array(seen).reshape(-1, 4).T, expected.ravel(), strict=True):
        mean_within(found, exact, sigmas=4.5)  # a second-order term of 0.001 is within it


def test_random_directions_give_what_all_axes_do(monkeypatch):
    linear = Linear.of(*exact_map(chain(18), two_temperatures(18), 0.1))
    few = scatter(lambda one: one.production, linear, 50_000)
    monkeypatch.setattr(gaussian_interval, "EXHAUSTIVE", 1000)
    full = scatter(lambda one: one.production, linear, 50_000)
    assert few.value == full.value and few.variance != full.variance
    assert abs(few.variance / full.variance - 1) < 4 * np.sqrt(2 / 400)
    assert abs(few.bias - full.bias) < 4 * np.sqrt(full.variance / 400)


@pytest.mark.parametrize("freedom", [1, 10])
@pytest.mark.parametrize("true", [0.0, 0.5, 3.0, 40.0])
def test_interval_covers_at_its_level_at_zero_too(freedom, true):
    rng = np.random.default_rng(2)
    kappa, draws = 0.3, 1200
    values = kappa * (rng.noncentral_chisquare(freedom, true, draws) if true else rng.chisquare(freedom, draws))
    intervals = [noncentral_interval(value, kappa * freedom, kappa, freedom, 0.9) for value in values]
    covered = np.mean([low <= kappa * true <= high for low, high in intervals])
    assert abs(covered - 0.9) < 4 * np.sqrt(0.09 / draws)


def test_interval_starts_at_zero_just_where_the_test_keeps_the_null_and_is_never_empty():
    edge = stats.chi2.ppf(0.95, 3)
    assert noncentral_interval(edge * 0.999, 3.0, 1.0, 3, 0.95)[0] == 0
    assert noncentral_interval(edge * 1.01, 3.0, 1.0, 3, 0.95)[0] > 0
    assert noncentral_interval(0.05, 3.0, 1.0, 3, 0.95)[1] > 0
    assert noncentral_interval(0.05, 3.1, 1.0, 3, 0.95)[1] > 0  # nor where the bias is a little too large
    near, far = (noncentral_interval(at, 0.0, 1.0, 3, 0.95) for at in (0.999e5, 1.001e5))
    assert np.allclose(near, far, rtol=3e-3)
    assert all(isnan(end) for end in noncentral_interval(1.0, 0.5, 0.0, 3, 0.95))


@cache
def repeats(hot, rows=1500):
    """Fits to many recordings of three beads: value, stderr, low, high, p-value."""
    data = paths(chain(3), two_temperatures(3, hot), 0.1, rows, count=250, seed=int(10 * hot))
    found = [gaussian(from_array(part, sampling_rate=10.0)).per_second for part in data]
    return np.array([(one.value, one.stderr, *one.interval, one.p_value) for one in found])


@pytest.mark.parametrize("hot", [1.0, 1.5, 10.0])
def test_value_is_unbiased_and_the_interval_covers(hot):
    exact = LinearLangevin(chain(3), two_temperatures(3, hot)).entropy_production().value
    exact = 0.0 if hot == 1 else exact
    value, _, low, high, _ = repeats(hot).T
    mean_within(value, exact, sigmas=4)
    assert abs(np.mean((low <= exact) & (exact <= high)) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 250)


def test_without_the_correction_it_is_biased():
    data = paths(chain(3), two_temperatures(3, 1.0), 0.1, 2000, count=100, seed=10)
    raw = [10 * Linear.of(*regressed(moments_of([part])[0])).production for part in data]
    with pytest.raises(AssertionError):
        mean_within(raw, 0.0, sigmas=4)


def test_size_and_power_of_the_analytic_null():
    p_values = repeats(1.0)[:, 4]
    assert abs(np.mean(p_values < 0.05) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 250)
    assert stats.kstest(p_values, "uniform").pvalue > 1e-3
    assert np.mean(repeats(10.0)[:, 4] < 0.05) > 0.95


def test_the_score_keeps_its_size_in_few_slow_times():
    dt, data = 0.1, paths(np.eye(4), np.eye(4), 0.1, 400, count=1200, seed=3)
    tests = [circling(moments_of([part])[0]) for part in data]
    assert tests[0].freedom == 6 and dt * 400 == 40
    mean_within([test.statistic for test in tests], 6.0, sigmas=4, resolution=0.6)


def test_scores_of_pairs_of_two_channels_are_the_whole_test():
    test = circling(moments_of(recorded(rows=500).segments)[0])
    pairs, channels = test.of_channels()
    assert np.isclose(pairs[0, 1], test.p_value) and np.allclose(channels, test.p_value) and isnan(pairs[0, 0])


# -- the answer -------------------------------------------------------------------------------------


def test_the_answer_is_what_it_says():
    found = gaussian(driven())
    exact = LinearLangevin(chain(3), two_temperatures(3))
    per_second = found.per_second
    assert_within(per_second.value, per_second.stderr, exact.entropy_production().value, resolution=0.5)
    assert found.units == "nats per sample" and found.kind == "estimate" and found.n == 20_000 and found.p_value < 1e-6
    assert np.abs(found.details["relaxation"] - chain(3)).max() < 0.3
    assert np.abs(found.details["diffusion"] - two_temperatures(3)).max() < 0.5
    rates = np.linalg.eigvalsh(chain(3))
    assert abs(found.details["slowest_rate"] - rates[0]) < 0.15 and abs(found.details["fastest_rate"] - rates[-1]) < 0.3
    assert abs(found.details["slowest_times"] / (2000 * rates[0]) - 1) < 0.3
    lag = 0.1 * exact.coarse_grained_entropy_production(0.1).value
    assert_within(found.details["divergence_at_one_lag"], found.details["divergence_at_one_lag_stderr"], lag)
    assert len(found.diagnostics) == 1  # what holds of every recording


def test_channels_in_other_units_give_the_same():
    rows = driven().segments[0]
    other = from_array(rows * [1e-6, 1, 1e6] + [0, 5, -1e7], sampling_rate=10.0)
    assert np.isclose(gaussian(other).value, gaussian(driven()).value, rtol=1e-6)


def test_time_turned_round_gives_about_the_same_and_shuffled_time_nothing():
    rows = driven().segments[0]
    back = gaussian(from_array(rows[::-1], sampling_rate=10.0))
    assert abs(back.value - gaussian(driven()).value) < 0.2 * back.stderr
    order = np.random.default_rng(0).permutation(len(rows))
    still = gaussian(from_array(rows[order], sampling_rate=10.0))
    assert still.p_value > 1e-3 and not still.value > 0.05


def test_bootstrap_has_about_the_analytic_error_and_larger_for_wild_noise():
    plain, boot = gaussian(driven()), gaussian(driven(), interval="bootstrap")
    assert boot.value == plain.value and abs(boot.stderr / plain.stderr - 1) < 0.25
    wild = lambda rng, shape: rng.standard_t(4.5, shape) / np.sqrt(1.8)  # noqa: E731
    rows = paths(chain(3), two_temperatures(3), 0.1, 20_000, seed=2, noise=wild)[0]
    recording = from_array(rows, sampling_rate=10.0)
    assert any("not Gaussian" in sentence for sentence in gaussian(recording).diagnostics)
    assert gaussian(recording, interval="bootstrap").interval[0] > 0
    assert isnan(block_variance(lambda one: one.production, [rows[:100]], np.zeros(3), np.ones(3), 10.0, seed=0))


@cache
def bursts(spread, count=40, rows=6000):
    """Reversible, not Gaussian: a mixture of two independent channels times a slow amplitude, exp(spread x)."""
    mixed = paths(np.diag([-np.log(0.5), -np.log(0.9)]), np.eye(2), 1.0, rows, count=count, seed=12)
    mixed = mixed / mixed.std(axis=(0, 1)) @ [[1, 0.3], [0.5, 1]]
    slow = paths(np.eye(1), np.eye(1), -np.log(0.995), rows, count=count, seed=13)
    return [gaussian(from_array(part, sampling_rate=100.0)) for part in mixed * np.exp(spread * slow)]


@pytest.mark.parametrize("spread", [0.5, 1.0])
def test_an_interval_above_zero_is_as_rare_for_bursts_of_a_reversible_process(spread):
    found, limit = bursts(spread), 0.05 + 4 * np.sqrt(0.05 * 0.95 / 40)
    assert np.mean([one.interval[0] > 0 for one in found]) < limit
    assert np.mean([one.p_value <= 0.05 for one in found]) < limit
    assert all(one.interval[0] == 0 for one in found if one.p_value > 0.05)
    assert all(any("from blocks" in sentence for sentence in one.diagnostics) for one in found)
    # two of them do not differ either, when their intervals are taken for errors
    ends = np.array([(one.value, *one.interval) for one in found]).reshape(-1, 2, 3)
    lower = np.hypot(*(ends[:, 1, 0] - ends[:, 1, 1], ends[:, 0, 2] - ends[:, 0, 0]))
    assert np.mean(ends[:, 1, 0] - ends[:, 0, 0] > lower) < limit


def test_the_interval_of_gaussian_noise_is_that_of_the_formula():
    calm, fit = gaussian(driven()), fitted(driven(), None)
    found = scatter(lambda one: one.production, fit.raw, fit.moments.count)
    value, bias, variance = float(found.value), float(found.bias), float(found.variance)
    formula = noncentral_interval(value, bias, variance / (4 * value), fit.test.freedom, 0.95)
    assert calm.interval == pytest.approx(formula, rel=1e-9) and formula[0] > 0


def test_surrogates_agree_with_the_analytic_null():
    still = recorded(chain(2), np.eye(2), 0.3, 3000, seed=4)
    assert gaussian(still, null="surrogate", surrogates=39, seed=1).p_value > 0.025
    assert gaussian(recorded(dt=0.3, rows=3000), null="surrogate", surrogates=39, seed=1).p_value == 1 / 40
    assert gaussian(still, null="surrogate", surrogates=39, seed=1) == gaussian(
        still, null="surrogate", surrogates=39, seed=1
    )


@cache
def filtered(count=150):
    """Reversible, with memory: smoothed over three samples, the same forwards and backwards."""
    rows = paths(np.diag([1.0, 3.0]), np.eye(2), 0.2, 2402, count=count, seed=11) @ [[1, 0.5], [0.2, 1]]
    return 0.25 * rows[:, :-2] + 0.5 * rows[:, 1:-1] + 0.25 * rows[:, 2:]


def test_with_memory_the_p_value_is_from_blocks_and_has_its_size():
    found = [gaussian(from_array(part, sampling_rate=5.0)) for part in filtered()]
    assert all(any("from blocks" in sentence for sentence in one.diagnostics) for one in found)
    assert abs(np.mean([one.p_value < 0.05 for one in found]) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 150)
    score = [circling(moments_of([part])[0]).p_value < 0.05 for part in filtered()]
    assert np.mean(score) > 0.12  # which is why


def test_with_memory_a_driven_process_is_still_found_and_few_blocks_say_so():
    rows = driven().segments[0]
    smooth = 0.25 * rows[:-2] + 0.5 * rows[1:-1] + 0.25 * rows[2:]
    assert gaussian(from_array(smooth, sampling_rate=10.0)).p_value < 1e-4
    assert attribution(from_array(smooth, sampling_rate=10.0)).by_pair_p.values[1, 2] < 1e-4
    short = gaussian(from_array(smooth[:300], sampling_rate=10.0))
    assert np.all(np.isnan(attribution(from_array(smooth[:300], sampling_rate=10.0)).by_pair_q))
    assert short.p_value is None and any("Too few blocks" in sentence for sentence in short.diagnostics)
    for one in (short, gaussian(from_array(smooth, sampling_rate=10.0))):
        assert sum("blocks" in sentence for sentence in one.diagnostics) == 1


# -- shares -----------------------------------------------------------------------------------------


def test_attribution_sums_to_the_value_and_finds_the_shares():
    found, whole = attribution(driven()), gaussian(driven())
    assert np.isclose(found.by_pair.sum(), whole.value) and np.isclose(found.by_channel.sum(), whole.value)
    assert np.isclose(found.attrs["total"], whole.value) and np.allclose(found.by_pair, found.by_pair.T)
    exact = Linear.of(*exact_map(chain(3), two_temperatures(3), 0.1)).shares
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert_within(float(found.by_pair[i, j]), float(found.by_pair_stderr[i, j]), exact[i, j])
    for i in range(3):
        assert_within(float(found.by_channel[i]), float(found.by_channel_stderr[i]), exact[i].sum(), resolution=0.1)
    p, q = found.by_pair_p.values, found.by_pair_q.values
    above = np.triu_indices(3, 1)
    assert np.all(q[above] >= p[above]) and np.allclose(p, p.T, equal_nan=True)


def test_independent_channels_beside_a_driven_pair_get_no_share():
    pair = paths(RELAXATION, 4 * DIFFUSION * [[1, 0], [0, 0.1]], 0.2, 8000, seed=5)[0]
    rest = paths(np.eye(2), np.eye(2), 0.2, 8000, seed=6)[0]
    found = attribution(from_array(np.hstack([pair, rest]), sampling_rate=5.0, channels=["a", "b", "c", "d"]))
    assert found.by_pair_q.sel(channel="a", partner="b") < 1e-6
    assert found.by_pair_p.sel(channel="c", partner="d") > 1e-3
    assert abs(float(found.by_pair.sel(channel="a", partner="b")) * 2 / found.attrs["total"] - 1) < 0.2


# -- shrinkage --------------------------------------------------------------------------------------


def test_shrinkage_ends_at_independent_channels():
    linear = Linear.of(*exact_map(chain(3), two_temperatures(3), 0.1))
    assert shrunk(linear, 0.0) is linear and abs(shrunk(linear, 1.0).production) < 1e-12
    assert shrunk(linear, 0.3).production < linear.production
    assert np.allclose(np.diag(shrunk(linear, 0.3).covariance), np.diag(linear.covariance))


def test_intensity_is_what_chance_makes_of_the_correlations():
    still = paths(np.eye(6), np.eye(6), 0.2, 500, count=1, seed=7)[0]
    assert shrinkage_intensity(moments_of([still])[0]) > 0.5
    assert shrinkage_intensity(moments_of(driven().segments)[0]) < 0.02


def test_many_channels_of_few_samples_need_shrinkage():
    few = recorded(chain(8), two_temperatures(8), 0.5, 90)
    assert "parameters" in obstacle(few)
    with pytest.raises(InputError, match='shrinkage="auto"'):
        gaussian(few)
    found = gaussian(recorded(chain(8), two_temperatures(8), 0.2, 90), shrinkage="auto")
    assert 0 < found.details["shrinkage"] <= 1 and any("shrunk" in sentence for sentence in found.diagnostics)
    assert any("few for 8 channels" in sentence for sentence in found.diagnostics)


# -- what is no linear Langevin process --------------------------------------------------------------


def test_alternating_samples_give_no_number_but_a_sentence():
    rng = np.random.default_rng(8)
    rows = rng.standard_normal((2000, 2))
    for t in range(1, len(rows)):
        rows[t] += np.array([[-0.5, 0.2], [0.0, 0.4]]) @ rows[t - 1]
    found = gaussian(from_array(rows, sampling_rate=1.0))
    assert isnan(found.value) and "too coarsely" in found.diagnostics[0]
    exact = Linear.of(np.array([[-0.5, 0.2], [0.0, 0.4]]), np.eye(2)).divergence
    lag, error = (found.details[f"divergence_at_one_lag{end}"] for end in ("", "_stderr"))
    assert_within(lag, error, exact)


@pytest.mark.parametrize(("rows", "size"), [(1000, 2), (500, 5)])
def test_white_noise_gives_no_number_but_a_sentence(rows, size):
    for part in np.random.default_rng(14).standard_normal((40, rows, size)):
        recording = from_array(part, sampling_rate=1.0)
        found = gaussian(recording)
        assert isnan(found.value) and isnan(found.interval[1]) and "too coarsely" in found.diagnostics[0]
        assert found.p_value is not None
        with pytest.raises(InputError, match="too coarsely"):
            attribution(recording)


@pytest.mark.parametrize(("times", "answers"), [(1, 1.0), (2, 1.0), (3, 0.0), (5, 0.0)])
def test_a_rotation_sampled_coarsely_is_covered_or_declined(times, answers):
    turning = np.array([[1.0, 1.0], [-1.0, 1.0]])
    exact = LinearLangevin(turning, np.eye(2)).entropy_production().value
    data = paths(turning, np.eye(2), times, 6000, count=60, seed=15)
    found = [gaussian(from_array(part, sampling_rate=1 / times)).per_second for part in data]
    told = [one.interval for one in found if not isnan(one.value)]
    assert abs(len(told) / 60 - answers) < 0.05 and all(high > 0 for _, high in told)
    missed = sum(not low <= exact <= high for low, high in told)
    assert missed <= 0.05 * 60 + 4 * np.sqrt(60 * 0.05 * 0.95)


def test_a_step_is_as_far_from_none_as_one_is_that_has_the_eigenvalue():
    step, noise = exact_map(RELAXATION, DIFFUSION, 1.0)
    linear = Linear.of(step, noise)
    left, right = np.linalg.cholesky(noise), np.linalg.cholesky(linear.covariance)
    assert np.isclose(apart(linear, 400), 2 * apart(linear, 100))
    # no step that near, in any of many directions, has an eigenvalue on the axis
    steps = np.random.default_rng(16).standard_normal((5000, 2, 2))
    steps *= 0.999 * apart(linear, 100) / np.linalg.norm(steps, axis=(1, 2))[:, None, None]
    near = np.linalg.eigvals(step + left @ steps @ np.linalg.inv(right) / 10)
    assert not np.any((np.abs(near.imag) < 1e-9) & (near.real <= 0))
    turned = Linear.of(np.array([[-0.5, 0.1], [-0.1, -0.5]]), np.eye(2))
    spread = 1 / (1 - 0.26)  # its stationary covariance
    assert np.isclose(apart(turned, 1000), np.sqrt(1000 * spread) * 0.1)


def test_a_value_far_below_zero_is_absurd_and_that_of_a_reversible_process_is_not():
    draws = np.random.default_rng(17).chisquare(1, 4000)
    assert not any(absurd(one, 1.0, 4 * one, 1.0, 1) for one in draws)
    assert absurd(0.5, 40.0, 0.1, 0.05, 1) and absurd(1.0, -40.0, 0.1, 0.025, 1)


def test_measurement_noise_is_noticed():
    rows = driven().segments[0]
    noisy = rows + 0.5 * np.random.default_rng(9).standard_normal(rows.shape)
    found = gaussian(from_array(noisy, sampling_rate=10.0))
    assert any("measurement noise" in sentence for sentence in found.diagnostics)


def test_short_and_growing_recordings_are_noticed():
    short = gaussian(recorded(rows=100, dt=0.05))
    assert any("slowest time" in sentence for sentence in short.diagnostics)
    t = np.arange(200)[:, None]
    growing = np.exp(0.05 * t) * [1, 2] + np.random.default_rng(0).standard_normal((200, 2))
    found = gaussian(from_array(growing, sampling_rate=1.0))
    assert isnan(found.value) and "no stationary state" in found.diagnostics[0]
    with pytest.raises(InputError, match="no stationary state"):
        attribution(from_array(growing, sampling_rate=1.0))


def test_a_delayed_copy_gives_no_number_but_a_sentence():
    noise = np.random.default_rng(1).standard_normal(5001)
    found = gaussian(from_array(np.column_stack([noise[1:], noise[:-1]]), sampling_rate=1.0))
    assert isnan(found.value) and len(found.diagnostics) >= 2


# -- bad input --------------------------------------------------------------------------------------


def test_obstacles_are_what_is_raised():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((200, 2))
    wrong = [
        (from_spikes([0.1, 0.2, 0.5], [0, 1, 0]), "bin them"),
        (from_array(rows[:, :1], sampling_rate=1.0), "One channel"),
        (from_array(np.column_stack([rows, np.ones(200)]), sampling_rate=1.0), "Channel 2 is constant"),
        (from_array(np.column_stack([rows, rows.sum(axis=1)]), sampling_rate=1.0), "linear combinations"),
        (from_array(rows[:6], sampling_rate=1.0), "fewer than the 7 parameters"),
    ]
    for recording, words in wrong:
        assert words in obstacle(recording)
        with pytest.raises(InputError, match=words):
            gaussian(recording)
    assert obstacle(driven()) is None and 0 < cost(driven()) < 1


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"confidence": 1.0}, "confidence"),
        ({"shrinkage": 1.5}, "shrinkage"),
        ({"shrinkage": "some"}, "shrinkage"),
        ({"interval": "wald"}, "interval"),
        ({"null": "shuffle"}, "null"),
        ({"surrogates": 3}, "surrogates"),
        ({"seed": -1}, "seed"),
    ],
)
def test_wrong_options_are_named(options, named):
    with pytest.raises(InputError, match=named):
        gaussian(driven(), **options)


def test_spectra_see_at_least_as_much_of_it_within_their_errors():
    lag = gaussian(driven()).details["divergence_at_one_lag"]
    other = spectral(driven())
    assert abs(other.value - lag) < 4 * other.stderr
