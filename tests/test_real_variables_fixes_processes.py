"""Fields and linear processes at the edge of what can be computed: one sentence, or the right number."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from neurothermo import InputError, LinearLangevin, NeuralField, exact, gains, kernels, simulate
from neurothermo.processes.field_states import slowest_rate
from neurothermo.processes.operators import Circulant, LowRank

SHIFTED = kernels.gaussian(0.5, 1, shift=1)
CYCLE = LinearLangevin([[1, 0.5], [-0.3, 2]], [[1, 0.2], [0.2, 0.5]])


def field(**changes):
    return NeuralField(**{"length": 40, "points": 64, "kernel": SHIFTED, "gain": 1.0} | changes)


@pytest.mark.parametrize("points", [601, 1000])
def test_a_long_line_driven_one_way_is_stable_where_the_drive_contracts(points):
    line = field(points=points, length=points / 4, boundary="open")  # max g |J_k| = 0.5
    assert 0.5 - 1e-6 <= slowest_rate(line.coupling, line.slopes, line.tau) <= 1
    line._require_stable()


def test_a_long_line_that_grows_is_still_found_to_grow():
    line = field(points=700, length=175, kernel=kernels.gaussian(1.5, 1), boundary="open")
    largest = np.linalg.eigvalsh(line.coupling.matrix())[-1]  # by another way: J is symmetric
    assert slowest_rate(line.coupling, line.slopes, line.tau) == pytest.approx(1 - largest, abs=1e-8)
    with pytest.raises(InputError, match="unstable"):
        line.linearized()


@pytest.mark.parametrize("width", [2.0, 4.0])
def test_noise_too_smooth_for_single_precision_is_refused(width):
    with pytest.raises(InputError, match=r"weakest mode has .* of the strongest's power"):
        field(noise=kernels.spectrum(lambda k: np.exp(-((k * width) ** 2)))).driver()
    field(noise=kernels.gaussian(1, width) + kernels.delta(0.1)).driver()


def test_a_transform_of_no_real_kernel_is_refused():
    with pytest.raises(InputError, match="must be real"):
        field(kernel=kernels.spectrum(lambda k: 0.5 * np.exp(-((k - 1) ** 2))))
    field(kernel=kernels.spectrum(lambda k: 0.5 * np.exp(-(k**2) - 0.3j * k)))  # at the highest wavenumber not its own


@pytest.mark.parametrize("lag", [1e-18, 1e-15, 1e-12, 1e-9])
def test_entropy_production_at_a_tiny_lag_is_that_of_no_lag(lag):
    coarse = CYCLE.coarse_grained_entropy_production(lag)
    assert coarse.value == pytest.approx(CYCLE.entropy_production().value, rel=1e-6)
    assert coarse.kind == "lower bound" and "too short" in " ".join(coarse.diagnostics)
    at_rest = LinearLangevin([[2, 1], [1, 3]], 1.0)
    assert at_rest.coarse_grained_entropy_production(100 * lag).value >= 0


@pytest.mark.parametrize(
    "process",
    [
        CYCLE,
        LinearLangevin(np.eye(40) + 0.1 * np.eye(40, k=1), 1.0),
        LinearLangevin(Circulant(np.full(40, 1 + 0j)), 1.0),
    ],
    ids=["kernel", "products", "waves"],
)
def test_a_start_whose_square_overflows_is_refused(process):
    far = np.full((4, process.size), 1e300)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match="NaN or infinite"):
            simulate(process, np.zeros((5, process.size)), trials=4, dt=0.1, initial=far, seed=1)


def test_matrices_that_do_not_fit_are_refused_before_they_are_made():
    many = 300_000
    ring = LinearLangevin(Circulant(np.full(many, 1 + 0j)), 1.0)
    few = LinearLangevin(LowRank(1.0, np.full((many, 1), 1e-4), np.ones((many, 1))), 1.0)
    for call in (ring.covariance, ring.relaxation_matrix, lambda: ring.lagged_covariance(1.0), few.covariance,
                 few.relaxation_matrix, lambda: few.spectrum([0.0])):  # fmt: skip
        with pytest.raises(InputError, match="more than this machine"):
            call()
    with pytest.raises(InputError, match="more than this machine"):
        field(points=many, boundary="open").linearized()
    with pytest.raises(InputError, match="points must make at most"):
        field(points=10**12)
    with pytest.raises(InputError, match="points must make at most"):
        exact.grid_stationary_law(lambda x: -x, 1.0, [(-1, 1)] * 3, points=10**5)


def fails(*_):
    raise ZeroDivisionError("nothing to divide by")


def test_a_function_that_fails_is_named_in_one_sentence():
    with pytest.raises(InputError, match=r"arrays of distances.*nothing to divide by"):
        field(kernel=fails)
    with pytest.raises(InputError, match=r"transform .*nothing to divide by"):
        field(kernel=kernels.spectrum(fails))
    with pytest.raises(InputError, match=r"drift must take .*nothing to divide by"):
        exact.grid_stationary_law(fails, 1.0, [(-1, 1)])
    with pytest.raises(InputError, match=r"diffusion must take .*nothing to divide by"):
        exact.grid_stationary_law(lambda x: -x, fails, [(-1, 1)])


@pytest.mark.parametrize("gain", [1.0, gains.logistic(slope=5, threshold=0.5)])
def test_a_guess_far_off_overflows_without_a_warning(gain):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match="no stationary state"):
            field(gain=gain).stationary_state(1e300)


@pytest.mark.parametrize("scale", [1e-100, 1e100, 1e200])
def test_units_of_time_far_off_overflow_without_a_warning(scale):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled = replace(CYCLE, relaxation=CYCLE.relaxation * scale)
        assert scaled.entropy_production().value == pytest.approx(scale * CYCLE.entropy_production().value, rel=1e-9)


def test_rows_of_potentials_must_be_as_long_as_the_field():
    for call in (field().drift, field().evaluate):
        with pytest.raises(InputError, match=r"states must have shape \(trials, 64\)"):
            call(np.zeros((64, 2)))


def test_the_reason_given_is_the_reason():
    with pytest.raises(InputError, match="it has ends"):
        field(boundary="open").modes()
    with pytest.raises(InputError, match="covariance must be positive, got -2"):
        field().transient(0.0, -2.0, [0.0])
    with pytest.raises(InputError, match="multiple of the distance"):
        field(kernel=kernels.nearest(0.3, 0.1, spacing=1.0))  # places are 0.625 apart
    field(kernel=kernels.nearest(0.3, 0.1, spacing=1.25))
