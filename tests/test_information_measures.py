"""Entropies, divergences and mutual information of tables, densities on grids, and Gaussians."""

from itertools import pairwise
from math import erf, inf, isnan, log, sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neurothermo import Estimate, Gaussian, InputError, information
from neurothermo.information import (
    Density,
    chi_squared,
    entropy,
    f_divergence,
    jensen_shannon,
    kl,
    mutual_information,
    renyi,
    squared_hellinger,
    total_variation,
    tsallis,
)

P, Q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])
GAUSS_P, GAUSS_Q = Gaussian([0.5], [[0.8]]), Gaussian([-0.2], [[1.3]])
AXIS = np.linspace(-12, 12, 1201)
ORDERS = st.sampled_from([0.3, 0.5, 0.999999, 1, 1.000001, 1.7, 2, 3])
MEASURES = {
    "kl": kl,
    "renyi 1/2": lambda p, q: renyi(p, q, 0.5),
    "renyi 3": lambda p, q: renyi(p, q, 3),
    "tsallis 1/2": lambda p, q: tsallis(p, q, 0.5),
    "chi squared": chi_squared,
    "squared hellinger": squared_hellinger,
    "total variation": total_variation,
    "jensen shannon": jensen_shannon,
}


def normal(mean, variance, x=AXIS):
    return np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


def random_law(rng, size, empty=0.0):
    law = rng.exponential(size=size) ** 2
    law[rng.random(size) < empty] = 0
    law.flat[0] += 1e-3
    return law / law.sum()


def random_gaussian(rng, n):
    factor = rng.normal(size=(n, n)) / np.sqrt(n) + 0.5 * np.eye(n)
    return Gaussian(rng.normal(size=n), factor @ factor.T + 0.05 * np.eye(n))


def printed(found, value, digits=10):
    """To within one in the last digit printed."""
    return abs(float(found) - value) < 10.0**-digits


# -- printed digits ------------------------------------------------------------------------------------------------

GAUSSIAN_ROWS = [
    (lambda p, q: kl(p, q), 0.2389077540447, 13),
    (lambda p, q: renyi(p, q, 0.5), 0.1458464743, 10),
    (lambda p, q: renyi(p, q, 2), 0.3522649299, 10),
    (lambda p, q: renyi(p, q, 3), 0.4196829107, 10),
    (lambda p, q: tsallis(p, q, 0.5), 0.1406556168, 10),
    (lambda p, q: tsallis(p, q, 2), 0.4222852797, 10),
    (lambda p, q: tsallis(p, q, 3), 0.6574492260, 10),
    (lambda p, q: chi_squared(p, q), 0.4222852797, 10),
    (lambda p, q: 1 - squared_hellinger(p, q), 0.9296721916, 10),
    (lambda p, q: squared_hellinger(p, q), 0.0703278084, 10),
    (lambda p, q: entropy(p), 1.3073667576, 10),
]
DISCRETE_ROWS = [
    (lambda p, q: entropy(p), 1.0296530140646, 13),
    (lambda p, q: kl(p, q), 0.3600624406, 10),
    (lambda p, q: kl(q, p), 0.3948162052, 10),
    (lambda p, q: renyi(p, q, 0.5), 0.1939319157, 10),  # -2 ln(sqrt .1 + sqrt .06 + sqrt .12)
    (lambda p, q: renyi(p, q, 2), 0.5690945319, 10),
    (lambda p, q: renyi(p, q, 3), 0.6704159935, 10),
    (lambda p, q: tsallis(p, q, 0.5), 0.1848261964, 10),
    (lambda p, q: tsallis(p, q, 2), 0.7666666667, 10),
    (lambda p, q: tsallis(p, q, 3), 1.4111111111, 10),
    (lambda p, q: chi_squared(p, q), 0.7666666667, 10),
    (lambda p, q: total_variation(p, q), 0.4, 10),
    (lambda p, q: squared_hellinger(p, q), 0.0924130981, 10),
    (lambda p, q: jensen_shannon(p, q), 0.0905658500, 10),
]


@pytest.mark.parametrize(("measure", "value", "digits"), GAUSSIAN_ROWS)
def test_gaussians_in_closed_form(measure, value, digits):
    assert printed(measure(GAUSS_P, GAUSS_Q), value, digits)
    assert not printed(measure(Gaussian([0.5001], [[0.8003]]), GAUSS_Q), value, 7), "the row cannot notice a change"


@pytest.mark.parametrize(("measure", "value", "digits"), GAUSSIAN_ROWS)
def test_the_same_densities_on_a_grid(measure, value, digits):
    found = measure(Density(AXIS, normal(0.5, 0.8)), Density(AXIS, normal(-0.2, 1.3)))
    assert printed(found, value, min(digits, 10))
    if isinstance(found, Estimate):
        assert found.details["quadrature_error"] < 1e-10


@pytest.mark.parametrize(("measure", "value", "digits"), DISCRETE_ROWS)
def test_tables(measure, value, digits):
    assert printed(measure(P, Q), value, digits)
    assert not printed(measure(P + np.array([3e-4, 0, -3e-4]), Q + np.array([0, 1e-4, -1e-4])), value, 5)


def test_total_variation_of_gaussians_and_mutual_information_of_a_table():
    assert printed(total_variation(GAUSS_P, GAUSS_Q), 0.2840801179)
    assert printed(mutual_information([[0.3, 0.1], [0.2, 0.4]]), 0.0863046217)


@pytest.mark.parametrize("laws", [(P, Q), (GAUSS_P, GAUSS_Q)], ids=["tables", "Gaussians"])
def test_every_measure_is_an_f_divergence(laws):
    for f, other in [
        (lambda t: t * np.log(t), kl),
        (lambda t: (t**3 - 1) / 2, MEASURES["renyi 3"]),
        (lambda t: (t - 1) ** 2, chi_squared),
        (lambda t: 1 - np.sqrt(t), squared_hellinger),
        (lambda t: np.abs(t - 1) / 2, total_variation),
        (lambda t: (t * np.log(2 * t / (1 + t)) + np.log(2 / (1 + t))) / 2, jensen_shannon),
    ]:
        expected = tsallis(*laws, 3) if other is MEASURES["renyi 3"] else other(*laws)
        assert f_divergence(*laws, f).value == pytest.approx(expected.value, rel=1e-9)


def test_jensen_shannon_of_gaussians_by_quadrature_agrees_with_a_grid():
    found = jensen_shannon(GAUSS_P, GAUSS_Q)
    grid = jensen_shannon(Density(AXIS, normal(0.5, 0.8)), Density(AXIS, normal(-0.2, 1.3)))
    assert found.value == pytest.approx(grid.value, abs=1e-12) and found.details["quadrature_error"] < 1e-12


def test_answers_say_what_they_are():
    found = kl(P, Q)
    assert (
        found.kind == "exact"
        and found.units == "nats"
        and found.stderr == 0
        and found.interval == (found.value, found.value)
    )
    assert found.to("bits") == pytest.approx(found.value / log(2))
    assert total_variation(P, Q).units == "" and tsallis(P, Q, 2).units == "" and "Tsallis" in str(tsallis(P, Q, 2))
    for name in information.__all__:
        assert getattr(information, name).__doc__


# -- where they are infinite ---------------------------------------------------------------------------------------


def test_support_mismatch_is_infinite_and_never_nan():
    p, q = [0.5, 0.5, 0], [0.5, 0, 0.5]
    infinite = [kl(p, q), renyi(p, q, 1), renyi(p, q, 2), tsallis(p, q, 1), tsallis(p, q, 3), chi_squared(p, q)]
    infinite += [f_divergence(p, q, f) for f in (lambda t: t * np.log(t), lambda t: (t - 1) ** 2)]
    assert all(found == inf for found in infinite)
    assert renyi(p, q, 0.5) == pytest.approx(2 * log(2)) and tsallis(p, q, 0.5) == pytest.approx(1)
    assert total_variation(p, q) == 0.5 and f_divergence(p, q, lambda t: np.abs(t - 1) / 2) == 0.5
    assert squared_hellinger(p, q) == pytest.approx(0.5) and jensen_shannon(p, q) == pytest.approx(log(2) / 2)


def test_laws_that_share_no_state():
    p, q = [1, 0], [0, 1]
    assert renyi(p, q, 0.5) == inf and kl(p, q) == inf and tsallis(p, q, 0.5) == 2
    assert squared_hellinger(p, q) == 1 and total_variation(p, q) == 1 and jensen_shannon(p, q) == pytest.approx(log(2))


def test_gaussians_whose_integral_diverges():
    wide, narrow = Gaussian([0, 0], np.diag([3.0, 1.0])), Gaussian([0, 0], np.diag([1.0, 1.0]))
    assert all(
        measure == inf for measure in (renyi(wide, narrow, 2), tsallis(wide, narrow, 2), chi_squared(wide, narrow))
    )
    assert renyi(wide, narrow, 1.5) == inf  # s_alpha = 0 exactly
    assert renyi(wide, narrow, 1.49) < inf and chi_squared(narrow, wide) < inf
    found = f_divergence(Gaussian([0], [[3.0]]), Gaussian([0], [[1.0]]), lambda t: (t - 1) ** 2)
    assert isnan(found.value) and "not converged" in found.diagnostics[0]


def test_a_density_that_vanishes_beneath_another_says_so():
    cut = np.where(np.abs(AXIS) < 3, 1 / 6, 0)
    cut = cut / np.trapezoid(cut, AXIS)
    found = kl(Density(AXIS, normal(0, 1)), Density(AXIS, cut))
    assert found == inf and "vanishes" in found.diagnostics[0]
    assert kl(Density(AXIS, cut), Density(AXIS, normal(0, 1))) < inf


def test_the_error_of_quadrature_is_of_the_size_of_the_error():
    """A density cut at the ends of its grid: trapezoids are second order there, and say so."""
    axis = np.linspace(0, 1, 41)
    values = 2 * axis
    found = entropy(Density(axis, values))
    truth = 0.5 - log(2)
    assert 0.2 < abs(found.value - truth) / found.details["quadrature_error"] < 1.0


# -- Gaussians of several variables --------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 5), seed=st.integers(0, 10**6), order=ORDERS)
def test_gaussian_divergences_do_not_depend_on_coordinates(n, seed, order):
    rng = np.random.default_rng(seed)
    p, q = random_gaussian(rng, n), random_gaussian(rng, n)
    turn = rng.normal(size=(n, n)) + 2 * np.eye(n)
    assume(np.linalg.cond(turn) < 50)
    shift = rng.normal(size=n)
    moved = [Gaussian(turn @ law.mean + shift, turn @ law.covariance @ turn.T) for law in (p, q)]
    for measure in (kl, lambda p, q: renyi(p, q, order), lambda p, q: renyi(q, p, order), squared_hellinger):
        before, after = measure(p, q).value, measure(*moved).value
        assert before >= 0 and (before == after or after == pytest.approx(before, rel=1e-6, abs=1e-9))
    assert kl(p, q).value == pytest.approx(p.kl(q), rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 5), kept=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_leaving_variables_out_or_adding_noise_only_loses(n, kept, seed):
    rng = np.random.default_rng(seed)
    p, q, joint = random_gaussian(rng, n), random_gaussian(rng, n), random_gaussian(rng, n + 1)
    kept = min(kept, n)
    seen, noise = rng.normal(size=(kept, n)), 0.3 * np.eye(kept)
    blurred = [Gaussian(seen @ law.mean, seen @ law.covariance @ seen.T + noise) for law in (p, q)]
    for name in ("kl", "renyi 1/2", "renyi 3", "tsallis 1/2", "chi squared", "squared hellinger"):
        assert 0 <= MEASURES[name](*blurred).value <= MEASURES[name](p, q).value * (1 + 1e-9), name
    fewer = mutual_information(joint, (list(range(kept)), [n]))
    assert 0 <= fewer.value <= mutual_information(joint, n).value + 1e-12


def test_gaussians_of_two_variables_against_quadrature():
    p, q = Gaussian([0.2, -0.1], [[0.8, 0.3], [0.3, 0.6]]), Gaussian([-0.3, 0.2], [[1.2, -0.2], [-0.2, 0.9]])
    axis = np.linspace(-8, 8, 161)
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    grid = Density((axis, axis), np.exp(p.log_probability(points)).reshape(161, 161))
    for name, measure in MEASURES.items():
        if name not in ("total variation", "jensen shannon"):
            assert measure(p, q).value == pytest.approx(measure(grid, q).value, rel=1e-8), name
    assert mutual_information(grid).value == pytest.approx(mutual_information(p).value, rel=1e-9)
    assert entropy(grid).value == pytest.approx(entropy(p).value, rel=1e-9)
    for measure in (total_variation, jensen_shannon):
        assert 0 < measure(grid, q) < 1
        with pytest.raises(InputError, match="one covariance for both, got two"):
            measure(p, q)


def test_one_covariance_for_both_is_a_line():
    covariance = np.array([[1.0, 0.4], [0.4, 0.7]])
    p, q = Gaussian([0, 0], covariance), Gaussian([0.6, -0.5], covariance)
    distance = sqrt(p.kl(q) * 2)
    assert total_variation(p, q).value == pytest.approx(erf(distance / (2 * sqrt(2))), rel=1e-12)
    line = jensen_shannon(Gaussian([distance], [[1]]), Gaussian([0], [[1]]))
    assert jensen_shannon(p, q).value == pytest.approx(line.value, rel=1e-10)
    assert total_variation(p, p) == 0 and jensen_shannon(p, p) < 1e-15


@pytest.mark.parametrize("variance", [1e-3, 0.5, 1 - 1e-9, 1, 1 + 1e-9, 2, 300])
@pytest.mark.parametrize("offset", [0, 1e-6, 0.7, 12])
def test_total_variation_by_crossings_against_brute_force(variance, offset):
    """A fine midpoint sum with another formula: 1 - int min(p, q)."""
    edges = np.unique(np.r_[np.linspace(-9, 9, 40001), offset + sqrt(variance) * np.linspace(-9, 9, 40001)])
    middle = (edges[1:] + edges[:-1]) / 2
    shared = np.sum(np.diff(edges) * np.minimum(normal(offset, variance, middle), normal(0, 1, middle)))
    found = total_variation(Gaussian([offset], [[variance]]), Gaussian([0], [[1]]))
    assert found.value == pytest.approx(1 - shared, abs=2e-7)


# -- mutual information --------------------------------------------------------------------------------------------


def test_mutual_information_of_groups_of_a_gaussian():
    joint = random_gaussian(np.random.default_rng(4), 5)
    determinant = [np.linalg.det(joint.covariance[np.ix_(g, g)]) for g in ([0, 1], [2, 3, 4], [0, 1, 2, 3, 4])]
    expected = 0.5 * log(determinant[0] * determinant[1] / determinant[2])
    assert mutual_information(joint, 2).value == pytest.approx(expected, rel=1e-10)
    assert mutual_information(joint, ([4, 2, 3], [1, 0])).value == pytest.approx(expected, rel=1e-10)
    pair = joint.covariance[np.ix_([0, 3], [0, 3])]
    correlation = pair[0, 1] / sqrt(pair[0, 0] * pair[1, 1])
    assert mutual_information(joint, ([0], [3])).value == pytest.approx(-0.5 * log(1 - correlation**2), rel=1e-10)
    assert mutual_information(Gaussian([0, 0], np.diag([1.0, 4.0]))) == 0


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), empty=st.sampled_from([0, 0.4]))
def test_chain_rules_and_invariances_of_tables(seed, empty):
    rng = np.random.default_rng(seed)
    joint = random_law(rng, (3, 4, 2), empty)
    p, q = joint.sum(axis=2), random_law(rng, (3, 4))
    # H(X, Y) = H(X) + H(Y) - I
    parts = entropy(p.sum(axis=1)) + entropy(p.sum(axis=0)) - mutual_information(p)
    assert entropy(p).value == pytest.approx(parts, abs=1e-12)
    # D(p_xy || q_xy) = D(p_x || q_x) + sum p(x) D(p_y|x || q_y|x)
    rows = [(row.sum(), kl(row / row.sum(), other / other.sum())) for row, other in zip(p, q, strict=True) if row.sum()]
    chain = kl(p.sum(axis=1), q.sum(axis=1)) + sum(weight * found.value for weight, found in rows)
    assert kl(p, q).value == pytest.approx(chain, rel=1e-9, abs=1e-12)
    # I(X; YZ) = I(X; Y) + I(X; Z | Y) >= I(X; Y)
    first, second = mutual_information(joint, 1), mutual_information(joint, ([0], [1]))
    assert first.value >= second.value - 1e-12
    assert second.value == pytest.approx(mutual_information(p).value, abs=1e-12)
    # relabelling
    order = rng.permutation(3)
    assert mutual_information(p[order].T).value == pytest.approx(mutual_information(p).value, abs=1e-12)


# -- properties of all ---------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(size=st.integers(2, 9), seed=st.integers(0, 10**6), empty=st.sampled_from([0, 0.3]))
def test_divergences_are_not_negative_and_only_shrink_under_noise(size, seed, empty):
    rng = np.random.default_rng(seed)
    p, q = random_law(rng, size, empty), random_law(rng, size, empty)
    noise = rng.dirichlet(np.full(rng.integers(1, 6), 0.5), size=size).T  # columns sum to one
    for name, measure in MEASURES.items():
        before, after = measure(p, q).value, measure(noise @ p, noise @ q).value
        assert 0 <= after <= before * (1 + 1e-9) + 1e-12, name
        assert abs(measure(p, p).value) < 1e-12, name


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), order=ORDERS, empty=st.sampled_from([0, 0.3]))
def test_tsallis_and_renyi_say_the_same(seed, order, empty):
    rng = np.random.default_rng(seed)
    p, q = random_law(rng, 6, empty), random_law(rng, 6)
    of_renyi, of_tsallis = renyi(p, q, order).value, tsallis(p, q, order).value
    expected = np.expm1((order - 1) * of_renyi) / (order - 1) if order != 1 else of_renyi
    assert of_tsallis == pytest.approx(expected, rel=1e-9, abs=1e-14)
    if abs(order - 1) < 1e-5:
        assert of_renyi == pytest.approx(kl(p, q).value, rel=1e-3)
    # skew symmetry: (1 - a) D_a(p || q) = a D_(1-a)(q || p)
    if order < 1 and not empty:
        assert (1 - order) * of_renyi == pytest.approx(order * renyi(q, p, 1 - order).value, rel=1e-9)


def test_orders_next_to_one_keep_their_digits():
    p, q = P + np.array([1e-7, -1e-7, 0]), P
    assert renyi(p, q, 1 + 1e-12).value == pytest.approx(kl(p, q).value, rel=1e-4)
    one, two = Gaussian([0.5], [[0.8]]), Gaussian([-0.2], [[1.3]])
    assert renyi(one, two, 1 + 1e-10).value == pytest.approx(kl(one, two).value, rel=1e-8)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_inequalities_between_measures(seed):
    """Pinsker; Le Cam; Renyi grows with its order."""
    rng = np.random.default_rng(seed)
    p, q = random_law(rng, 5), random_law(rng, 5)
    distance, squared = total_variation(p, q).value, squared_hellinger(p, q).value
    assert distance <= sqrt(kl(p, q) / 2) + 1e-12
    assert squared <= distance + 1e-12 and distance <= sqrt(squared * (2 - squared)) + 1e-12
    orders = [renyi(p, q, order).value for order in (0.2, 0.5, 0.9, 1, 1.1, 2, 5)]
    assert all(one <= two + 1e-12 for one, two in pairwise(orders))


def test_and_notices_arguments_the_wrong_way_round():
    assert kl(P, Q).value != pytest.approx(kl(Q, P).value, rel=1e-2)
    assert renyi(GAUSS_P, GAUSS_Q, 2).value != pytest.approx(renyi(GAUSS_Q, GAUSS_P, 2).value, rel=1e-2)


# -- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: entropy([0.5, 0.6]), r"p must sum to 1, got a sum of 1\.1, off by 0\.1"),
        (lambda: kl([1.5, -0.5], [0.5, 0.5]), "p must hold probabilities, got a smallest value of -0.5"),
        (lambda: kl([0.5, 0.5], [np.nan, 1]), "q must be finite"),
        (lambda: entropy([]), "p must hold probabilities, got none"),
        (lambda: kl(P, [0.5, 0.5]), r"laws of the same states, got a table of shape \(3,\) and a table of shape \(2,"),
        (lambda: kl(P, GAUSS_P), "laws of the same states, got a table"),
        (lambda: kl(GAUSS_P, Gaussian([0, 0], np.eye(2))), "laws of the same states, got Gaussian"),
        (lambda: renyi(P, Q, 0), "order must be positive, got 0"),
        (lambda: tsallis(P, Q, "two"), "order must be one number"),
        (lambda: f_divergence(P, Q, lambda t: t), r"f must vanish at 1, got f\(1\) = 1"),
        (lambda: f_divergence(P, Q, lambda t: 1 - t**2), "f must be convex"),
        (lambda: f_divergence(P, Q, lambda t: 0), "one number for each ratio"),
        (lambda: f_divergence(P, Q, None), "f must be a function"),
        (lambda: mutual_information(P), "joint must be a table of two variables"),
        (lambda: mutual_information(np.ones((2, 2, 2)) / 8), "split must say which of 3 variables"),
        (lambda: mutual_information(np.ones((2, 2, 2)) / 8, 3), "split must lie between 1 and 2, got 3"),
        (lambda: mutual_information(np.ones((2, 2, 2)) / 8, ([0], [0, 1])), "two disjoint groups"),
        (lambda: mutual_information(np.ones((2, 2)) / 4, "xy"), "split must be a number or two lists"),
        (lambda: Density(AXIS, 0.5 * normal(0, 1)), r"integral of 1, got 0\.5, off by -0\.5"),
        (lambda: Density(AXIS[::-1], normal(0, 1)), "increasing"),
        (lambda: Density(AXIS, -normal(0, 1)), "must not be negative"),
        (lambda: Density(AXIS[:-1], normal(0, 1)), r"values must have shape \(1200,\)"),
        (lambda: Density(3, [1.0]), "axes must be an array"),
        (lambda: kl(Density(AXIS, normal(0, 1)), Gaussian([0, 0], np.eye(2))), "q must have 1 variables"),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()
