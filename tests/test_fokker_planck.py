"""Langevin systems on grids: printed oracles, linear systems in closed form, Boltzmann's law, order, failures."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solve_continuous_lyapunov

from neurothermo import InputError
from neurothermo.exact import fokker_planck_solver
from neurothermo.exact.fokker_planck import confining_box, grid_stationary_law, langevin_entropy_production
from neurothermo.exact.fokker_planck_refining import extrapolated

ROTATION = np.array([[1, -0.7], [0.7, 1]])
SHEAR = np.array([[1, 1.2], [-0.5, 3]])
GAINS = np.eye(3) - np.array([[0, 0.3, 0.1], [0.3, 0, 0.2], [0.1, 0.2, 0]]) @ np.diag([0.5, 1, 1.5])


def f(u):
    return 1 / (1 + np.exp(-u))


def slope(u):
    return f(u) * f(-u)


def linear(matrix):
    return lambda x: -x @ np.asarray(matrix).T


def covariance(matrix, diffusion):
    return solve_continuous_lyapunov(matrix, 2 * np.diag(diffusion))


def linear_production(matrix, diffusion):
    """Tr(A^T D^-1 A C) - Tr A."""
    noise = np.diag(diffusion)
    return np.trace(matrix.T @ np.linalg.inv(noise) @ matrix @ covariance(matrix, diffusion)) - np.trace(matrix)


def rates(couplings, inputs):
    """Drift of the potentials of rate neurons, R = 1."""
    return lambda u: -u + f(u) @ np.asarray(couplings, float).T + inputs


def first(u):
    return f(u)[:, 0]


def second(u):
    return f(u)[:, 1]


# -- equilibrium ---------------------------------------------------------------------------------------------------


def test_one_neuron_with_additive_noise():
    law = grid_stationary_law(rates([[0]], 0.4), 0.5, [(-6, 7)], 400)
    assert law.expectation(first).value == pytest.approx(0.5889675466, abs=1e-10)
    assert law.expectation(lambda u: first(u) ** 2).value == pytest.approx(0.3709110489, abs=1e-10)


@pytest.mark.parametrize("diffusion", [lambda u: 0.5 / slope(u), 0.5])
def test_one_neuron_that_keeps_boltzmanns_law(diffusion):
    """Noise B/f' in the potential, or its other form: mobility f' and additive noise."""
    drift = rates([[0]], 0.4)
    if not callable(diffusion):
        drift = lambda u: slope(u) * rates([[0]], 0.4)(u) + 0.5 * (1 - 2 * f(u))  # noqa: E731
    law = grid_stationary_law(drift, diffusion, confining_box(drift, diffusion, 1))
    assert law.expectation(first).value == pytest.approx(0.5475751702, abs=1e-8)
    assert law.expectation(lambda u: first(u) ** 2).value == pytest.approx(0.3586452954, abs=1e-8)
    assert law.entropy_production().value < 1e-20


def test_two_neurons_that_keep_boltzmanns_law():
    drift = rates([[0, 1.5], [1.5, 0]], np.array([0.1, -0.3]))

    def diffusion(u):
        return 1.5 / slope(u)

    law = grid_stationary_law(drift, diffusion, confining_box(drift, diffusion, 2), 120)
    printed = (0.5438064969, 0.5255150237, 0.2912378307)
    for function, value in zip((first, second, lambda u: first(u) * second(u)), printed, strict=True):
        assert law.expectation(function).value == pytest.approx(value, abs=1e-8)
    assert law.entropy_production().value < 1e-18


def test_a_bistable_synapse():
    """Mean field of BCM plasticity, rate 5, noise 0.01: printed mean and weight of the upper state."""
    lower = (1 - np.sqrt(0.2)) / 2
    law = grid_stationary_law(lambda x: 5 * x**2 * (1 - x) - x, 0.01, [(-0.6, 2)], 1000)
    assert law.expectation(lambda x: x[:, 0]).value == pytest.approx(0.6384299131, abs=1e-9)
    above = law.probabilities[law.axes[0] > lower].sum()
    assert above == pytest.approx(0.9197827855, abs=1e-3)  # a cell's share of the boundary
    assert law.entropy_production().value < 1e-18


def test_boltzmanns_law_at_the_centres_of_coarse_cells():
    """A quartic well with noise that depends on the place: the law is exact however coarse the grid."""

    def energy(x):
        return x[:, 0] ** 4 / 4 + x[:, 1] ** 2 / 2 + 0.7 * x[:, 0] * x[:, 1]

    def diffusion(x):
        return np.stack([1 + 0.5 * np.sin(x[:, 1]), np.exp(0.3 * x[:, 1])], axis=1)

    def drift(x):
        force = -np.stack([x[:, 0] ** 3 + 0.7 * x[:, 1], x[:, 1] + 0.7 * x[:, 0]], axis=1)
        gradient = np.stack([0 * x[:, 0], 0.3 * np.exp(0.3 * x[:, 1])], axis=1)
        return diffusion(x) * force + gradient

    law = grid_stationary_law(drift, diffusion, [(-2.5, 3), (-5, 4)], (20, 16))
    weights = np.exp(-energy(law.points))
    assert np.allclose(law.probabilities.ravel(), weights / weights.sum(), rtol=1e-6, atol=0)
    assert law.entropy_production().value < 1e-12
    assert np.max(np.abs(law.currents)) < 1e-7

    def without_drift_of_noise(x):
        return drift(x) - np.stack([0 * x[:, 0], 0.3 * np.exp(0.3 * x[:, 1])], axis=1)

    wrong = grid_stationary_law(without_drift_of_noise, diffusion, [(-2.5, 3), (-5, 4)], (20, 16))
    assert not np.allclose(wrong.probabilities.ravel(), weights / weights.sum(), rtol=1e-2)


@settings(max_examples=20, deadline=None)
@given(coefficients=st.lists(st.floats(-2, 2), min_size=4, max_size=4), ripple=st.floats(-0.9, 0.9))
def test_one_dimension_has_no_current(coefficients, ripple):
    def drift(x):
        return np.polyval([*coefficients], x) - x**5

    law = grid_stationary_law(drift, lambda x: 0.5 * (1 + ripple * np.sin(3 * x)), [(-2.5, 2.5)], 64)
    assert law.entropy_production().value < 1e-18 and np.max(np.abs(law.currents)) < 1e-10


def test_uncoupled_neurons_with_additive_noise_produce_nothing():
    drift = rates(np.zeros((2, 2)), np.array([0.5, -1]))
    assert langevin_entropy_production(drift, 0.3, 2, points=60).value < 1e-20


# -- against closed forms ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matrix", "diffusion", "points", "expected"),
    [
        (ROTATION, [0.3, 0.3], 120, 0.98),
        (SHEAR, [0.5, 1.5], 120, None),
        (np.diag([1.0, 3.0]), [0.5, 1.5], 60, 0.0),
        (GAINS, [1.0, 1.0, 1.0], 40, 0.02403648509764),
    ],
)
def test_linear_systems(matrix, diffusion, points, expected):
    exact = linear_production(matrix, diffusion)
    assert expected is None or abs(exact - expected) < 1e-12
    found = langevin_entropy_production(linear(matrix), diffusion, len(matrix), points=points)
    assert abs(found.value - exact) <= max(0.2 * found.stderr, 1e-15) and found.stderr <= 0.03 * exact + 1e-15
    assert abs(found.details["quadrature"] - exact) <= max(0.5 * found.stderr, 1e-15)
    assert found.units == "nats per unit time" and found.kind == "estimate"


def test_heterogeneous_gains_with_noise_to_match_produce_nothing():
    gains = 1 / np.array([0.5, 1, 1.5])
    assert linear_production(GAINS, gains) < 1e-12
    assert langevin_entropy_production(linear(GAINS), gains, 3, points=20).value < 1e-20


def test_a_dynamic_threshold():
    """Linearized about the upper state, where the system turns fast and the law is narrow: a hard case."""
    rate, time, upper = 5, 0.2, 0.7236067977
    matrix = -np.array([[rate * (2 * upper - upper**2) - 1, -rate * upper], [2 * upper / time, -1 / time]])
    spread = np.sqrt(np.diag(covariance(matrix, [0.01, 0.01])))
    box = [(-6 * one, 6 * one) for one in spread]
    found = grid_stationary_law(linear(matrix), 0.01, box, 400).entropy_production()
    assert abs(linear_production(matrix, [0.01, 0.01]) - 85.2492235950) < 1e-6
    assert abs(found.value - 85.2492235950) < 0.1 * found.stderr and found.stderr < 0.05 * found.value


def test_two_baths_on_one_coordinate():
    found = langevin_entropy_production([lambda x: -(x - 2), lambda x: -0.5 * x], [0.1, 0.3], 1)
    assert abs(found.value - 7.3148148148) < 1e-6
    assert found.details["quadrature"] == pytest.approx(7.3148148148, abs=1e-6)
    # k_a^2 (mu - v_a)^2 / D_a + s (k_a - D_a/s)^2 / D_a, bath by bath
    mean, spread = 4 / 3, 0.4 / 1.5
    each = [k**2 * (mean - v) ** 2 / D + spread * (k - D / spread) ** 2 / D for k, v, D in ((1, 2, 0.1), (0.5, 0, 0.3))]
    assert found.details["baths"] == pytest.approx(each, rel=1e-4)
    whole = langevin_entropy_production(lambda x: -(x - 2) - 0.5 * x, 0.4, 1)
    assert whole.value < 1e-18  # the same law and no current: the baths must be told apart


@pytest.mark.parametrize(
    ("inputs", "limit", "printed"),
    [((0, 0), 0.00371129, (0.003651, 0.003696)), ((0.5, -1), 0.03023849, (0.02975, 0.03012))],
)
def test_two_neurons_with_additive_noise_are_out_of_equilibrium(inputs, limit, printed):
    found = langevin_entropy_production(rates([[0, 3], [3, 0]], np.array(inputs)), 0.3, 2, points=120)
    assert abs(found.value - limit) < 0.02 * found.stderr
    assert abs(found.value - (4 * printed[1] - printed[0]) / 3) < 1e-5  # another discretization, extrapolated
    assert found.details["order"] == pytest.approx(2, abs=0.05)


def test_convergence_is_of_second_order():
    exact = linear_production(SHEAR, [0.5, 1.5])
    law = grid_stationary_law(linear(SHEAR), [0.5, 1.5], [(-5, 5), (-4.5, 4.5)], 240)
    errors = np.array([exact - value for value in law.entropy_production().details["grids"].values()])
    assert np.log2(errors[1:] / errors[:-1]) == pytest.approx([2, 2], abs=0.05)
    extrapolated = abs(law.entropy_production().value - exact)
    assert extrapolated < 0.01 * errors[0]


def test_other_coordinates_have_the_same_production():
    """y = sinh x by Ito's formula makes additive noise multiplicative; without its second term it is another system."""

    def drift(y, ito=1.0):
        stretch = np.sqrt(1 + y**2)
        return stretch * linear(ROTATION)(np.arcsinh(y)) + ito * 0.3 * y

    def diffusion(y):
        return 0.3 * (1 + y**2)

    box = [(-12, 12)] * 2
    found = grid_stationary_law(drift, diffusion, box, 240).entropy_production()
    assert abs(found.value - 0.98) < 0.3 * found.stderr and found.stderr < 0.01
    wrong = grid_stationary_law(lambda y: drift(y, ito=0.0), diffusion, box, 240).entropy_production()
    assert abs(wrong.value - 0.98) > 10 * wrong.stderr


def test_density_and_currents_of_a_linear_system():
    diffusion = [0.5, 1.5]
    law = grid_stationary_law(linear(SHEAR), diffusion, [(-5, 5), (-4.5, 4.5)], 200)
    inverse = np.linalg.inv(covariance(SHEAR, diffusion))
    x = law.points
    density = np.exp(-0.5 * np.einsum("pi,ij,pj->p", x, inverse, x)) * np.sqrt(np.linalg.det(inverse)) / (2 * np.pi)
    currents = (x @ (np.diag(diffusion) @ inverse - SHEAR).T) * density[:, None]
    assert np.allclose(law.density.ravel(), density, atol=2e-3 * density.max())
    assert np.allclose(law.currents.reshape(2, -1).T, currents, atol=5e-3 * np.abs(currents).max())
    assert law.probabilities.sum() == pytest.approx(1, abs=1e-12) and law.residual < 1e-12


@pytest.mark.parametrize("wrong", [-ROTATION + 2 * np.eye(2) + [[0, 0.1], [0, 0]], 1.1 * ROTATION])
def test_and_notices_a_wrong_drift(wrong):
    found = langevin_entropy_production(linear(wrong), 0.3, 2, points=120)
    assert abs(found.value - 0.98) > 10 * found.stderr


def test_three_dimensions_by_iteration_and_by_factorization(monkeypatch):
    drift = rates([[0, 3, -1], [1, 0, 2], [2, -2, 0]], np.array([0.5, -1, 0.2]))
    box = confining_box(drift, 0.3, 3)
    found = []
    for direct in (fokker_planck_solver.DIRECT, 10**6):
        monkeypatch.setattr(fokker_planck_solver, "DIRECT", direct)
        found.append(grid_stationary_law(drift, 0.3, box, 26))
    assert [law.method for law in found] == ["GMRES", "sparse factorization"]
    assert np.allclose(found[0].density, found[1].density, rtol=1e-6, atol=1e-12)
    one, other = (law.entropy_production().value for law in found)
    assert one == pytest.approx(other, rel=1e-9) and one > 0.4


# -- where there is no answer, or a doubtful one -------------------------------------------------------------------


@pytest.mark.parametrize("noise", [0.005, 0.001, 0.0003])
def test_a_metastable_law_is_none(noise):
    law = grid_stationary_law(lambda x: x - x**3 + 0.05, noise, [(-2.2, 2)], 200)
    assert not law.converged and np.all(np.isnan(law.density))
    for found in (law.entropy_production(), law.expectation(lambda x: x[:, 0])):
        assert isnan(found.value) and "metastable" in found.diagnostics[0]


def test_and_a_bistable_one_that_does_cross_is_known():
    law = grid_stationary_law(lambda x: x - x**3 + 0.05, 0.03, [(-2.2, 2)], 200)
    x = np.linspace(-2.2, 2, 20001)
    weights = np.exp((x**2 / 2 - x**4 / 4 + 0.05 * x) / 0.03)
    assert law.expectation(lambda x: x[:, 0]).value == pytest.approx(weights @ x / weights.sum(), abs=1e-8)


def test_walls_that_matter_and_grids_too_coarse_are_said():
    narrow = grid_stationary_law(linear(ROTATION), 0.3, [(-1, 1)] * 2, 80).entropy_production()
    assert any("widen the box" in sentence for sentence in narrow.diagnostics)
    assert narrow.value < 0.9
    coarse = grid_stationary_law(linear(ROTATION), 0.3, [(-20, 20)] * 2, 32).entropy_production()
    assert any("too coarse" in sentence for sentence in coarse.diagnostics)
    fine = grid_stationary_law(linear(ROTATION), 0.3, [(-4, 4)] * 2, 120).entropy_production()
    assert fine.diagnostics == ()


def test_grids_that_agree_by_chance_are_not_believed():
    found = grid_stationary_law(linear(ROTATION), 0.3, [(-11, 11)] * 2, 32).entropy_production()
    fine, coarse, _ = found.details["grids"].values()
    assert abs(fine - coarse) < 0.04 * fine and abs(fine - 0.98) > 0.15
    assert abs(found.value - 0.98) < found.stderr and "too coarse" in found.diagnostics[-1]


def test_an_extrapolation_below_zero_is_not_made():
    assert extrapolated([1.0, 10.0, 46.0], 2.0, True) == (1.0, 9.0, 2.0)
    assert extrapolated([1.0, 10.0, 46.0], 2.0, False) == (-2.0, 3.0, 2.0)


def test_odd_numbers_of_points():
    found = grid_stationary_law(linear(ROTATION), 0.3, [(-4, 4)] * 2, (121, 99)).entropy_production()
    assert abs(found.value - 0.98) < found.stderr < 0.01


# -- boxes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("centre", "stiffness", "noise"), [(0.0, 1.0, 0.3), (-65.0, 0.1, 2.0), (1e-3, 1e3, 1e-6), (500.0, 1.0, 1.0)]
)
def test_a_box_is_found_at_any_scale(centre, stiffness, noise):
    box = confining_box(lambda x: -stiffness * (x - centre), noise, 2)
    reach = np.abs(np.array(box) - centre) / np.sqrt(noise / stiffness)
    assert np.all((reach > 5) & (reach < 9))


def test_a_box_holds_both_wells():
    ((low, high),) = confining_box(lambda x: -0.01 * x * (x - 10) * (x - 20), 1.0, 1)
    assert low < -1 and high > 21


@pytest.mark.parametrize("drift", [lambda x: 0 * x, lambda x: x])
def test_a_drift_that_does_not_confine_has_no_box(drift):
    with pytest.raises(InputError, match="does not confine"):
        confining_box(drift, 1.0, 1)


# -- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"box": [(0, 0)]}, "low < high"),
        ({"box": [(-1, 1)] * 4}, "one to three pairs"),
        ({"box": [1, 2]}, r"box must have shape \(any, 2\)"),
        ({"points": 8}, "points must be at least 16"),
        ({"points": (40, 40)}, "points must be one whole number or 1"),
        ({"points": 40.5}, "points must be a whole number"),
        ({"drift": 1.0}, "drift must be a function"),
        ({"drift": lambda x: x[:, 0]}, r"drift\(points\) must have shape"),
        ({"drift": lambda x: np.log(x - 10)}, r"drift\(points\) must be finite"),
        ({"drift": [lambda x: -x]}, "diffusion must be a list"),
        ({"drift": [lambda x: -x, lambda x: -x], "diffusion": [1.0]}, "one entry a bath"),
        ({"diffusion": 0.0}, "diffusion must be positive"),
        ({"diffusion": lambda x: x}, "diffusion must be positive"),
        ({"diffusion": [1.0, 2.0]}, "diffusion must be a number or have shape"),
        ({"diffusion": "white"}, "diffusion must be an array of numbers"),
    ],
)
def test_bad_input(arguments, sentence):
    with np.errstate(invalid="ignore"), pytest.raises(InputError, match=sentence):
        grid_stationary_law(**({"drift": lambda x: -x, "diffusion": 1.0, "box": [(-5, 5)]} | arguments))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"dimensions": 4}, "dimensions must be 1, 2 or 3"),
        ({"dimensions": 2, "box": [(-1, 1)]}, "box must have 2 pairs"),
    ],
)
def test_bad_input_of_the_whole(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        langevin_entropy_production(lambda x: -x, 1.0, **arguments)


def test_bad_input_of_boxes_and_means():
    with pytest.raises(InputError, match="reach must be positive"):
        confining_box(lambda x: -x, 1.0, 1, reach=0)
    with pytest.raises(InputError, match=r"centre must have shape \(2,\)"):
        confining_box(lambda x: -x, 1.0, 2, centre=[0, 0, 0])
    with pytest.raises(InputError, match=r"function\(points\) must have shape"):
        grid_stationary_law(lambda x: -x, 1.0, [(-5, 5)], 16).expectation(lambda x: x)
