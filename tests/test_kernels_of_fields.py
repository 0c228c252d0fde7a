"""Kernels: transforms against quadrature, convolutions against sums written out, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad

from neurothermo import InputError
from neurothermo.processes import kernels
from neurothermo.processes.field_grid import Grid, couple

LINE = {
    "gaussian": kernels.gaussian(0.5, 1.3, 0.7),
    "exponential": kernels.exponential(-0.4, 0.9, -0.3),
    "mexican hat": kernels.mexican_hat(1.5, 1, 0.75, 2),
    "sum": kernels.gaussian(0.5, 1) + kernels.exponential(0.2, 0.5, 1.0),
}


def dense(values, offsets_of):
    """J_ij by a double loop: `values` of the difference of two places."""
    n = len(offsets_of)
    return np.array([[values(offsets_of[i] - offsets_of[j]) for j in range(n)] for i in range(n)])


# -- transforms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", LINE.values(), ids=list(LINE))
@pytest.mark.parametrize("k", [0.0, 0.4, 1.7])
def test_a_transform_on_a_line(kernel, k):
    kinks = [-0.3, 1.0]
    real = quad(lambda z: float(kernel.function(z)) * np.cos(k * z), -30, 30, points=kinks, limit=400)[0]
    odd = quad(lambda z: float(kernel.function(z)) * np.sin(k * z), -30, 30, points=kinks, limit=400)[0]
    assert complex(kernel.fourier(np.array(k))) == pytest.approx(real - 1j * odd, abs=1e-9)


@pytest.mark.parametrize("kernel", [kernels.gaussian(0.5, 1.3, (0.7, -0.2)), kernels.gaussian(0.5, 0.8)], ids=str)
def test_a_transform_on_a_sheet(kernel):
    k = (0.6, -0.3)

    def part(wave):
        return dblquad(
            lambda y, x: float(kernel.function(x, y)) * wave(k[0] * x + k[1] * y), -9, 9, -9, 9, epsabs=1e-8
        )[0]

    assert complex(kernel.fourier(*k)) == pytest.approx(part(np.cos) - 1j * part(np.sin), abs=1e-7)


@pytest.mark.parametrize("k", [0.0, 0.5, 2.0])
def test_an_exponential_on_a_sheet(k):
    """Isotropic: the transform is a Hankel transform of order 0."""
    from scipy.special import j0

    kernel = kernels.exponential(0.6, 0.9)
    expected = quad(lambda r: 2 * np.pi * r * float(kernel.function(r, 0.0)) * j0(k * r), 0, 40, limit=400)[0]
    assert float(kernel.fourier(k, 0.0)) == pytest.approx(expected, abs=1e-9)


def test_the_wavenumber_of_a_mexican_hat():
    hat = kernels.mexican_hat(1.5, 1, 0.75, 2)
    critical = np.sqrt(2 * np.log(0.75 * 4 / 1.5) / 3)
    assert critical == pytest.approx(0.6797779934, abs=1e-10)
    assert float(hat.fourier(critical)) == pytest.approx(0.8929130917, abs=1e-10)
    assert float(hat.fourier(0.0)) == 0.75
    around = hat.fourier(critical + np.array([-0.01, 0.01]))
    assert np.all(around < hat.fourier(critical))


@pytest.mark.parametrize("kernel", [*LINE.values(), kernels.exponential(1.0, 2.0), kernels.gaussian(1, 0.5)], ids=str)
def test_the_reach_holds_all_but_a_thousandth(kernel):
    def weight(reach):
        return quad(lambda z: abs(float(kernel.function(z))), -reach, reach, points=[-0.3, 0.7, 1.0], limit=800)[0]

    assert 1 - weight(kernel.reach) / weight(60) < 1e-3


# -- on a grid -------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [64, 65])
@pytest.mark.parametrize("kernel", [LINE["gaussian"], LINE["mexican hat"]], ids=str)
def test_on_a_ring_a_kernel_is_summed_around_it(kernel, points):
    grid = Grid.of(20.0, points, "periodic")
    x = grid.positions()[0]
    around = dense(lambda z: sum(float(kernel.function(z + 20.0 * turn)) for turn in range(-3, 4)), x) * 20 / points
    assert np.allclose(couple(grid, kernel).matrix(), around, atol=1e-9)
    assert np.allclose(couple(grid, kernel.function).matrix(), around, atol=1e-9)
    wrong = kernels.gaussian(0.5, 1.3, -0.7)
    assert not np.allclose(couple(grid, wrong).matrix(), around, atol=1e-2)


@pytest.mark.parametrize("boundary", ["periodic", "open"])
@pytest.mark.parametrize("points", [15, 16])
@pytest.mark.parametrize("kernel", [kernels.gaussian(0.5, 1, 0.7), kernels.mexican_hat(1, 0.8, 0.5, 1.2)], ids=str)
def test_a_convolution_is_its_matrix(kernel, points, boundary):
    grid, rng = Grid.of(11.0, points, boundary), np.random.default_rng(1)
    coupling, values = couple(grid, kernel), rng.normal(size=(7, points))
    assert np.allclose(coupling.apply(values), values @ coupling.matrix().T, atol=1e-13)
    assert np.allclose(coupling.apply_transposed(values), values @ coupling.matrix(), atol=1e-13)
    assert coupling.apply(values.astype(np.float32)).dtype == np.float32
    assert np.allclose(coupling.apply(values.astype(np.float32)), coupling.apply(values), atol=1e-5)


def test_a_line_has_ends():
    grid, kernel = Grid.of(11.0, 15, "open"), kernels.gaussian(0.5, 3.0, 0.7)
    x = grid.positions()[0]
    written_out = dense(lambda z: float(kernel.function(z)), x) * grid.cell
    assert np.allclose(couple(grid, kernel).matrix(), written_out, atol=1e-15)
    assert np.allclose(couple(grid, np.ravel(kernel.function(*grid.offsets()))).matrix(), written_out, atol=1e-15)


@pytest.mark.parametrize("boundary", ["periodic", "open"])
@pytest.mark.parametrize("shape", [(6, 7), (8, 5), (6, 6)])
def test_a_sheet(shape, boundary):
    lengths = (12.0, 14.0)
    grid, kernel = Grid.of(lengths, shape, boundary), kernels.gaussian(0.5, 1.2, (0.7, -0.4))
    x, y = (axis.ravel() for axis in grid.positions())
    turns = range(-2, 3) if boundary == "periodic" else (0,)
    apart = [a[:, None] - a[None] for a in (x, y)]
    expected = sum(
        kernel.function(apart[0] + m * lengths[0], apart[1] + n * lengths[1]) for m in turns for n in turns
    )  # fmt: skip
    coupling = couple(grid, kernel.function)
    assert np.allclose(coupling.matrix(), expected * grid.cell, atol=1e-12)
    values = np.random.default_rng(2).normal(size=(4, *shape))
    rows = values.reshape(4, -1) @ coupling.matrix().T
    assert np.allclose(coupling.apply(values).reshape(4, -1), rows, atol=1e-12)


def test_a_positive_shift_drives_to_the_right():
    grid = Grid.of(20.0, 40, "periodic")
    pulse = np.zeros(40)
    pulse[20] = 1.0
    driven = couple(grid, kernels.gaussian(1.0, 1.2, 1.5)).apply(pulse)
    assert np.argmax(driven) == 23
    x = grid.positions()[0]
    assert (x * driven).sum() / driven.sum() == pytest.approx(x[20] + 1.5, abs=1e-9)


def test_the_highest_mode_of_an_even_grid_is_real():
    """An odd kernel has no part in it: the matrix must be real, and antisymmetric to the last bit that matters."""
    coupling = couple(Grid.of(8.0, 8, "periodic"), kernels.nearest(0.5, -0.5))
    assert np.allclose(coupling.matrix(), -coupling.matrix().T, atol=1e-16)
    two = couple(Grid.of((8.0, 8.0), (8, 8), "periodic"), kernels.gaussian(1, 0.9, (0.3, 0.2)))
    assert np.max(np.abs(np.fft.ifftn(two.transfer).imag)) < 1e-16


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 30), st.integers(0, 10**6))
def test_an_array_is_the_first_column(points, seed):
    column = np.random.default_rng(seed).normal(size=points)
    matrix = couple(Grid.of(float(points), points, "periodic"), column).matrix()
    assert np.allclose(matrix[:, 0], column) and np.allclose(matrix[1:, 1], column[:-1])
    assert np.allclose(matrix.sum(axis=0), column.sum())


def test_symmetry_is_noticed():
    grid = Grid.of(20.0, 32, "periodic")
    assert couple(grid, LINE["mexican hat"]).symmetric and not couple(grid, LINE["gaussian"]).symmetric
    assert couple(grid, LINE["mexican hat"].function).symmetric
    matrix = couple(grid, LINE["mexican hat"]).matrix()
    assert np.array_equal(matrix, matrix.T)


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: kernels.gaussian(0.5, 0), "width must be positive, got 0"),
        (lambda: kernels.gaussian(0.5, -1), "width must be positive, got -1"),
        (lambda: kernels.gaussian("a", 1), "weight must be one number"),
        (lambda: kernels.gaussian(0.5, 1, (1, 2, 3)), r"shift must have shape \(2,\), got \(3,\)"),
        (lambda: kernels.exponential(0.5, float("nan")), "width must be finite"),
        (lambda: kernels.mexican_hat(1, 1, 1, 0), "inhibition_width must be positive"),
        (lambda: kernels.nearest(1, 1, 0), "spacing must be positive"),
        (lambda: kernels.Kernel("mine"), "must have a function of distance, a Fourier transform, or both"),
        (lambda: kernels.Kernel("mine", 3.0), "must have a function of distance"),
    ],
)
def test_a_kernel_that_is_none(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()


RING, SHEET = Grid.of(10.0, 16, "periodic"), Grid.of((10.0, 10.0), (8, 8), "periodic")


@pytest.mark.parametrize(
    ("grid", "kernel", "sentence"),
    [
        (RING, kernels.gaussian(1, 2), "reaches 8, further than half of the ring, 5: take a longer ring"),
        (RING, kernels.gaussian(1, 1, 2.0), "reaches 6, further than half of the ring, 5"),
        (RING, kernels.exponential(1, 1), "reaches 10, further"),
        (RING, kernels.mexican_hat(2, 1, 1, 3), "reaches 12, further"),
        (RING, lambda z: np.exp(-(z**2) / 8) / 5, "has 0.0131 of its weight beyond half of the ring, 5"),
        (SHEET, kernels.gaussian(1, 2), "further than half of the torus"),
        (SHEET, kernels.gaussian(1, 1, 0.5), "is not one for a torus: a shift has one number for each dimension"),
        (RING, kernels.gaussian(1, 1, (0.5, 0.5)), "is not one for a ring"),
        (SHEET, kernels.nearest(1, 1), "is not one for a torus"),
        (SHEET, lambda z: z, "must take 2 arrays of distances"),
        (RING, lambda z: 1j * z, "real, no strings"),
        (RING, lambda z: 1.0, r"must have shape \(16,\), got \(\)"),
        (RING, lambda z: np.log(z), "must be finite"),
        (RING, np.ones(15), r"kernel must have shape \(16,\), got \(15,\)"),
        (Grid.of(10.0, 16, "open"), np.ones(16), r"kernel must have shape \(31,\), got \(16,\)"),
        (Grid.of(10.0, 16, "open"), kernels.delta(1.0), "known by its Fourier transform only"),
        (RING, kernels.spectrum(lambda k: 1 / k), "its Fourier transform must be finite"),
        (RING, "gaussian", "kernel must be an array of numbers"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value|divide by zero:RuntimeWarning")
def test_a_kernel_that_does_not_fit(grid, kernel, sentence):
    with pytest.raises(InputError, match=sentence):
        couple(grid, kernel)


def test_a_sum_with_something_else():
    with pytest.raises(TypeError):
        kernels.gaussian(1, 1) + 1.0


def test_names_say_what_a_kernel_is():
    assert str(kernels.gaussian(0.5, 1)) == "gaussian(weight=0.5, width=1.0)"
    assert str(kernels.gaussian(0.5, 1, 2)) == "gaussian(weight=0.5, width=1.0, shift=2.0)"
    assert str(kernels.gaussian(0.5, 1, (2, 1)) + kernels.delta(1)).endswith("shift=(2.0, 1.0)) + delta(weight=1.0)")
