"""Free energies against Crooks-exact works, against algebra, and against an independent implementation."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit

from neurothermo.free_energy import (
    acceptance_crossing,
    acceptance_curves,
    bar,
    crossing,
    cumulant,
    jarzynski,
)

KT, EXACT = 1.7, -2.3  # far from 1 and from 0: a factor of T or a sign shows


def gaussian_pair(trials=20_000, dissipation=1.5, seed=1, reverse_trials=None):
    """W_F ~ N(dF + D, 2 D T), W_R ~ N(-dF + D, 2 D T): P_F(W) / P_R(-W) = exp((W - dF) / T) exactly."""
    random = np.random.default_rng(seed)
    width = np.sqrt(2 * dissipation * KT)
    forward = EXACT + dissipation + width * random.standard_normal(trials)
    reverse = -EXACT + dissipation + width * random.standard_normal(reverse_trials or trials)
    return forward, reverse


def three_level_pair(trials=20_000, seed=2):
    """Three discrete works w, P_R(-w) = P_F(w) exp(-(w - dF) / T): exact, skewed, and not Gaussian at all."""
    levels, shares = np.array([-6.0, -1.0, 2.5]), np.array([0.25, 0.6, 0.15])
    weights = shares * np.exp(-levels / KT)
    random = np.random.default_rng(seed)
    forward = random.choice(levels, trials, p=shares)
    reverse = -random.choice(levels, trials, p=weights / weights.sum())
    return forward, reverse, -KT * np.log(weights.sum())


def assert_within(estimate, exact, sigmas=4):
    assert estimate.stderr < 0.05 * abs(exact), "too noisy to be able to fail"
    assert abs(estimate.value - exact) < sigmas * estimate.stderr


ESTIMATORS = {
    "BAR": lambda f, r, kT=KT: bar(f, r, temperature=kT),
    "BAR, bootstrap": lambda f, r, kT=KT: bar(f, r, temperature=kT, errors="bootstrap", resamples=100),
    "Jarzynski": lambda f, r, kT=KT: jarzynski(f, temperature=kT),
    "Jarzynski, bootstrap": lambda f, r, kT=KT: jarzynski(f, temperature=kT, errors="bootstrap"),
    "Jarzynski, reverse works": lambda f, r, kT=KT: jarzynski(r, temperature=kT, direction="reverse"),
    "cumulant": lambda f, r, kT=KT: cumulant(f, temperature=kT),
    "cumulant, reverse works": lambda f, r, kT=KT: cumulant(r, temperature=kT, direction="reverse"),
    "crossing (kernel)": lambda f, r, kT=KT: crossing(f, r, temperature=kT),
    "crossing (histogram)": lambda f, r, kT=KT: crossing(f, r, temperature=kT, density="histogram"),
    "crossing (skew-normal)": lambda f, r, kT=KT: crossing(f, r, temperature=kT, density="skew-normal"),
    "acceptance crossing": lambda f, r, kT=KT: acceptance_crossing(f, r, temperature=kT),
}
FEEL_THE_TEMPERATURE = [name for name in ESTIMATORS if "BAR" not in name and "cros" not in name]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_finds_the_difference_of_crooks_exact_works(name):
    estimate = ESTIMATORS[name](*gaussian_pair())
    assert_within(estimate, EXACT)
    assert estimate.units == "energy units"
    assert estimate.temperature == KT
    low, high = estimate.interval
    assert low < estimate.value < high
    assert 2.5 * estimate.stderr < high - low < 6 * estimate.stderr


@pytest.mark.parametrize("name", ESTIMATORS)
def test_and_notices_shifted_works(name):
    forward, reverse = gaussian_pair()
    with pytest.raises(AssertionError):
        assert_within(ESTIMATORS[name](forward + 0.5, reverse - 0.5), EXACT)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_and_notices_a_wrong_sign(name):
    forward, reverse = gaussian_pair()
    with pytest.raises(AssertionError):
        assert_within(ESTIMATORS[name](-forward, -reverse), EXACT)


@pytest.mark.parametrize("name", FEEL_THE_TEMPERATURE)
def test_and_notices_a_wrong_temperature(name):
    with pytest.raises(AssertionError):
        assert_within(ESTIMATORS[name](*gaussian_pair(), 1.5 * KT), EXACT)


@pytest.mark.parametrize("name", ["BAR", "Jarzynski", "Jarzynski, reverse works", "acceptance crossing"])
def test_needs_no_gaussian(name):
    forward, reverse, exact = three_level_pair()
    assert_within(ESTIMATORS[name](forward, reverse), exact)
    with pytest.raises(AssertionError):
        assert_within(ESTIMATORS[name](forward, reverse, 0.8 * KT), exact)


def test_two_sided_estimates_feel_the_temperature_where_the_sides_differ():
    """Symmetric Gaussian pairs cross at dF for any T; these do not."""
    forward, reverse, exact = three_level_pair()
    assert_within(bar(forward, reverse, temperature=KT, errors="bootstrap", resamples=100), exact)
    assert abs(bar(forward, reverse, temperature=2 * KT) - exact) > 0.2


def test_the_cumulant_is_mean_minus_half_the_variance_over_temperature():
    work = np.array([1.0, 2.0, 4.0, 7.0, 3.0, 5.0, 2.0, 1.0, 0.0, 6.0, 8.0, 2.0])
    estimate = cumulant(work, temperature=2.0)
    assert estimate == pytest.approx(work.mean() - work.var(ddof=1) / 4)


def test_the_cumulant_says_that_works_are_not_gaussian():
    forward, _, exact = three_level_pair(100_000)
    estimate = cumulant(forward, temperature=KT)
    assert "not Gaussian" in estimate.diagnostics[0]
    assert np.isnan(estimate.interval[0])
    assert abs(estimate - exact) > 4 * estimate.stderr
    assert cumulant(gaussian_pair()[0], temperature=KT).diagnostics == ()


def test_jarzynski_is_the_exponential_average():
    work = np.linspace(-1, 1, 40) ** 3
    estimate = jarzynski(work, temperature=0.5)
    assert estimate.value == pytest.approx(-0.5 * np.log(np.mean(np.exp(-work / 0.5))), rel=1e-13)
    weights = np.exp(-work / 0.5)
    assert estimate.stderr == pytest.approx(0.5 * weights.std() / weights.mean() / np.sqrt(40), rel=1e-12)
    assert estimate.ess == pytest.approx(weights.sum() ** 2 / (weights**2).sum())


def test_jarzynski_does_not_overflow():
    forward, _ = gaussian_pair()
    assert jarzynski(forward + 1e6, temperature=KT) - 1e6 == pytest.approx(
        jarzynski(forward, temperature=KT).value, abs=1e-8
    )


@pytest.mark.parametrize("trials", [(3000, 3000), (2000, 100), (150, 4000)])
def test_bar_solves_bennetts_equation(trials):
    forward, reverse = gaussian_pair(trials[0], reverse_trials=trials[1])
    estimate = bar(forward, reverse, temperature=KT)
    assert estimate.n == trials

    def gap(difference, ratio):
        one = np.sum(1 / (1 + ratio * np.exp((forward - difference) / KT)))
        other = np.sum(1 / (1 + np.exp((reverse + difference) / KT) / ratio))
        return one - other

    assert abs(gap(estimate.value, trials[0] / trials[1])) < 1e-9 * sum(trials)
    if trials[0] != trials[1]:  # without ln(n_F / n_R) it is another equation
        assert abs(gap(estimate.value, 1.0)) > 10


def test_bar_with_unequal_numbers_is_right_on_average():
    values, errors = np.array(
        [
            (e.value, e.stderr)
            for e in (bar(*gaussian_pair(2000, seed=seed, reverse_trials=100), temperature=KT) for seed in range(200))
        ]
    ).T
    assert abs(values.mean() - EXACT) < 4 * values.std() / np.sqrt(200)
    assert values.std() == pytest.approx(errors.mean(), rel=0.2)  # 4 sigma of a standard deviation of 200


def test_bar_is_antisymmetric_and_moves_with_the_works():
    forward, reverse = gaussian_pair(3000, reverse_trials=2000)
    value = bar(forward, reverse, temperature=KT).value
    assert bar(reverse, forward, temperature=KT) == pytest.approx(-value, abs=1e-10)
    assert bar(forward + 300, reverse - 300, temperature=KT) == pytest.approx(value + 300, abs=1e-9)
    scaled = bar(5 * forward, 5 * reverse, temperature=5 * KT)
    assert scaled == pytest.approx(5 * value, abs=1e-9)


def test_bar_finds_a_far_root():
    """One side far longer than the other, works far from zero: the bracket and Newton's steps still meet."""
    forward, reverse = gaussian_pair(50_000, reverse_trials=20)
    shifted = bar(forward + 1e4, reverse - 1e4, temperature=KT)
    assert shifted - 1e4 == pytest.approx(bar(forward, reverse, temperature=KT).value, abs=1e-8)


def bennetts_root(forward, reverse):
    """By bisection over everything, at temperature 1; shares nothing with Newton's method."""
    m = np.log(len(forward) / len(reverse))
    both = np.concatenate([forward, -reverse])

    def gap(x):
        return np.sum(expit(x - m - forward)) - np.sum(expit(m - reverse - x))

    return brentq(gap, both.min() - 60, both.max() + 60, xtol=1e-13, maxiter=10_000)


@given(
    seed=st.integers(0, 10**6),
    sizes=st.tuples(st.integers(20, 9000), st.integers(20, 9000)),
    share=st.floats(0, 0.45),
    reach=st.floats(1, 40),
)
@settings(max_examples=60, deadline=None)
def test_bar_finds_the_root_among_heavy_outliers(seed, sizes, share, reach):
    random = np.random.default_rng(seed)
    sides = [random.normal(1, 1.4, size) for size in sizes]
    for side in sides:
        side[random.random(side.size) < share] += 10 ** random.uniform(1, reach)
    estimate = bar(*sides, temperature=1.0)
    if np.isnan(estimate.value):
        assert estimate.diagnostics
    else:
        assert estimate.value == pytest.approx(bennetts_root(*sides), abs=1e-7)


def test_bar_is_not_led_astray_by_one_trial_or_by_half_of_them():
    random = np.random.default_rng(0)
    forward, reverse = random.normal(1, 1.4, 1000), random.normal(1, 1.4, 1000)
    one = np.append(forward, 1e8)
    half = np.where(np.arange(1000) % 2, forward, 1e6 + forward)
    for works in (one, half):
        for options in ({}, {"errors": "bootstrap", "resamples": 50}):
            estimate = bar(works, reverse, temperature=1.0, **options)
            assert estimate.value == pytest.approx(bennetts_root(works, reverse), abs=1e-9)
            assert abs(estimate.value) < 1 and 0.02 < estimate.stderr < 0.1


@pytest.mark.parametrize("temperature", [1e4, 1e8, 1e20])
def test_in_a_hot_bath_one_sided_estimates_are_the_mean_work(temperature):
    work = np.random.default_rng(2).normal(1, 1.4, 1000)
    for estimator in (jarzynski, cumulant):
        for errors in ("asymptotic", "bootstrap"):
            estimate = estimator(work, temperature=temperature, errors=errors)
            assert estimate.value == pytest.approx(work.mean(), abs=1e-3)
            assert estimate.stderr == pytest.approx(work.std() / np.sqrt(1000), rel=0.1)


@pytest.mark.parametrize("dissipation", [0.2, 1.5, 6.0])
@pytest.mark.parametrize("trials", [(500, 500), (4000, 200)])
def test_bar_agrees_with_pymbar(dissipation, trials):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pymbar.other_estimators import bar as peer
    forward, reverse = gaussian_pair(trials[0], dissipation, reverse_trials=trials[1])
    theirs = peer(forward / KT, reverse / KT, relative_tolerance=1e-13)
    ours = bar(forward, reverse, temperature=KT)
    assert ours.value == pytest.approx(KT * theirs["Delta_f"], rel=1e-8)
    assert ours.stderr == pytest.approx(KT * theirs["dDelta_f"], rel=1e-5)


def test_jarzynski_agrees_with_pymbar():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pymbar.other_estimators import exp as peer
    forward, _ = gaussian_pair()
    theirs = peer(forward / KT)
    ours = jarzynski(forward, temperature=KT)
    assert ours.value == pytest.approx(KT * theirs["Delta_f"], rel=1e-10)
    assert ours.stderr == pytest.approx(KT * theirs["dDelta_f"], rel=1e-6)


def test_the_bootstrap_agrees_with_theory_and_repeats_itself():
    forward, reverse = gaussian_pair(4000)
    for estimator in (bar, lambda f, _, **k: jarzynski(f, **k), lambda f, _, **k: cumulant(f, **k)):
        theory = estimator(forward, reverse, temperature=KT)
        drawn = estimator(forward, reverse, temperature=KT, errors="bootstrap", resamples=500, seed=3)
        assert drawn.value == theory.value
        assert drawn.stderr == pytest.approx(theory.stderr, rel=0.15)
        assert drawn.interval == pytest.approx(theory.interval, abs=0.5 * theory.stderr)
        again = estimator(forward, reverse, temperature=KT, errors="bootstrap", resamples=500, seed=3)
        other = estimator(forward, reverse, temperature=KT, errors="bootstrap", resamples=500, seed=4)
        assert drawn.interval == again.interval != other.interval


def test_the_acceptance_crossing_as_corrected_is_bar():
    for reverse_trials in (3000, 400):
        forward, reverse = gaussian_pair(3000, reverse_trials=reverse_trials)
        ours, bennett = (
            acceptance_crossing(forward, reverse, temperature=KT),
            bar(forward, reverse, temperature=KT),
        )
        assert ours.value == pytest.approx(bennett.value, abs=1e-8)
        assert ours.stderr == pytest.approx(bennett.stderr, rel=1e-4)


def test_the_acceptance_crossing_as_printed_is_off_by_the_temperature():
    forward, reverse = gaussian_pair()
    printed = acceptance_crossing(forward, reverse, temperature=KT, form="as-printed")
    assert printed == pytest.approx(EXACT / KT, abs=0.03)
    assert abs(printed - EXACT) > 20 * printed.stderr
    assert np.isnan(printed.interval[0])
    assert "As printed" in printed.diagnostics[0]


def test_at_the_papers_temperature_the_printed_line_loses_a_factor_of_fifteen():
    """Gaussian works with mean and dF of the paper's network under its corrected protocol, input up to 5."""
    exact, temperature = -16.1241591525, 15.0
    dissipation = -14.1642188102 - exact
    random = np.random.default_rng(8)
    noise = np.sqrt(2 * dissipation * temperature) * random.standard_normal((2, 5000))
    works = exact + dissipation + noise[0], -exact + dissipation + noise[1]
    assert_within(acceptance_crossing(*works, temperature=temperature), exact)
    printed = acceptance_crossing(*works, temperature=temperature, form="as-printed")
    assert printed == pytest.approx(exact / 15, abs=0.03)


def test_without_the_ratio_of_numbers_the_root_is_noisier():
    """With n_F = 20 n_R, the line x/T instead of x/T + ln(n_F/n_R) is consistent, and wasteful."""

    def gap(x, forward, reverse):
        return np.mean(1 / (1 + np.exp((forward - x) / KT))) - np.mean(1 / (1 + np.exp((reverse + x) / KT)))

    pairs = [gaussian_pair(2000, seed=seed, reverse_trials=100) for seed in range(200)]
    with_ratio = np.array([bar(*pair, temperature=KT).value for pair in pairs])
    without = np.array([brentq(gap, -30, 30, args=pair) for pair in pairs])
    assert abs(without.mean() - EXACT) < 4 * without.std() / np.sqrt(200)
    assert without.std() > 1.3 * with_ratio.std()


def test_the_acceptance_curve_is_flat_and_meets_its_line():
    forward, reverse = gaussian_pair(reverse_trials=5000)
    curves = acceptance_curves(forward, reverse, temperature=KT)
    middle = curves.sel(x=slice(EXACT - 2, EXACT + 2))
    assert np.all(np.abs(KT * middle.z_difference - EXACT) < 0.15)
    root = acceptance_crossing(forward, reverse, temperature=KT).details["x"]
    at_root = acceptance_curves(forward, reverse, [root], temperature=KT)
    assert at_root.z_difference.item() == pytest.approx(at_root.line_corrected.item(), abs=1e-9)
    assert at_root.line_as_printed.item() == root
    assert curves.attrs == {"temperature": KT, "n_forward": 20_000, "n_reverse": 5000}


def test_of_several_crossings_the_best_sampled_is_taken_and_said():
    random = np.random.default_rng(4)
    forward = 1 + 2.0 * random.standard_normal(20_000)
    reverse = -0.6 * random.standard_normal(20_000)
    estimate = crossing(forward, reverse, temperature=1.0)
    assert len(estimate.details["crossings"]) == 2
    assert "cross again" in estimate.diagnostics[0]
    assert estimate.value == max(estimate.details["crossings"])


def test_a_drift_in_the_trials_is_noticed():
    forward, reverse = gaussian_pair()
    drifting = forward + np.linspace(-1, 1, forward.size)
    for estimate in (
        bar(drifting, reverse, temperature=KT),
        jarzynski(drifting, temperature=KT),
        cumulant(drifting, temperature=KT),
    ):
        assert any("first half" in sentence for sentence in estimate.diagnostics)
    assert bar(forward, reverse, temperature=KT).diagnostics == ()


def test_overlap_and_convergence_say_how_far_apart_the_sides_are():
    near = bar(*gaussian_pair(dissipation=0.01), temperature=KT).details
    far = bar(*gaussian_pair(dissipation=8.0), temperature=KT).details
    assert near["overlap"] == pytest.approx(1, abs=0.02)
    assert far["overlap"] < 0.2
    assert abs(far["convergence"]) < 0.2
    assert far["dissipated_forward"] == pytest.approx(8, rel=0.05)
