"""Structure of a linear process: every short cut against the dense way, and the solver against LAPACK's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag, expm, solve_continuous_lyapunov
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components

from neurothermo import InputError
from neurothermo.processes import Circulant, LinearLangevin, LowRank, lyapunov
from neurothermo.processes.linear_reduced import ReducedRoute

RNG = np.random.default_rng(11)
PRINTED = 5.1e-11  # half a unit in the tenth digit


def ring(n, j, a):
    """1 - (j + a) P - (j - a) P^T, P the shift by one."""
    column = np.zeros(n)
    column[0] += 1
    column[1] -= j + a
    column[-1] -= j - a
    return Circulant.of_column(column)


def uneven(n):
    return 1 + 0.5 * np.cos(2 * np.pi * np.arange(n) / n)


def torus(shape):
    column = np.zeros(shape)
    column[0, 0], column[1, 0], column[0, 1], column[0, -1], column[2, -1] = 1, -0.3, -0.2, 0.1, 0.05
    return Circulant.of_column(column)


def correlated(shape):
    """A positive noise that is the same everywhere: 0.3 and a Gaussian."""
    distances = np.meshgrid(*[np.minimum(np.arange(n), n - np.arange(n)) for n in shape], indexing="ij")
    column = np.exp(-sum(distance**2 for distance in distances) / 3.0)
    values = np.fft.fftn(column).real
    return Circulant(values - min(values.min(), 0) + 0.3)


def compare(process, rtol=1e-9):
    """Every answer of a process against the same one given as plain matrices."""
    plain = LinearLangevin(process.relaxation_matrix(), process.noise.matrix(), process.parity)
    assert type(plain.route).__name__ == "DenseRoute" != type(process.route).__name__
    scale = np.trace(process.relaxation_matrix())
    one, other = process.entropy_production(), plain.entropy_production()
    assert one.value == pytest.approx(other.value, rel=rtol, abs=1e-13 * scale)
    assert one.details["flow"] == pytest.approx(one.value, abs=1e-12 * scale)
    assert one.details["route"] == process.route.name
    np.testing.assert_allclose(process.covariance(), plain.covariance(), rtol=1e-9, atol=1e-11)
    for name in ("value", "flow"):
        pair = process.entropy_production_map()[name], plain.entropy_production_map()[name]
        np.testing.assert_allclose(*pair, rtol=1e-8, atol=1e-12)
    verdicts = process.is_equilibrium(), plain.is_equilibrium()
    assert verdicts[0].passed == verdicts[1].passed
    assert abs(verdicts[0].details["imbalance"]) == pytest.approx(abs(verdicts[1].details["imbalance"]), abs=1e-12)
    field = np.linspace(-1, 2, process.size)
    np.testing.assert_allclose(process.mean(field), plain.mean(field), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(process.lagged_covariance(0.4), plain.lagged_covariance(0.4), rtol=1e-8, atol=1e-11)
    states = np.random.default_rng(1).standard_normal((5, process.size))
    np.testing.assert_allclose(process.activity(states), plain.activity(states), rtol=1e-8, atol=1e-9)
    if process.has_energy:
        np.testing.assert_allclose(process.energy(states, field), plain.energy(states, field), rtol=1e-8)
    return one.value


# -- printed values -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "j", "a", "white", "with_uneven"),
    [
        (3, 0.2, 0.1, 0.05, 0.0769622834),
        (8, 0.2, 0.1, 0.1669565217391, 0.1865060079),
        (8, 0, 0.1, 0.16, 0.1636571591),
        (64, 0.2, 0.1, 1.3357577761413, 1.3383657959),
        (64, 0.45, 0.3, 16.045798560593, 16.0968045606),
        (3, 0.2, 0, 0, 0.0222222222),
        (8, 0.2, 0, 0, 0.0150381528),
        (64, 0.2, 0, 0, 0.0019898616),
    ],
)
def test_printed_rings(n, j, a, white, with_uneven):
    a_matrix = ring(n, j, a)
    for diffusion in (1.0, 0.2, correlated((n,)), np.full(n, 3.0)):
        found = LinearLangevin(a_matrix, diffusion).entropy_production()
        assert found.value == pytest.approx(white, rel=1e-12, abs=1e-13) and "waves" in found.details["route"]
    for matrix in (a_matrix, a_matrix.matrix()):
        process = LinearLangevin(matrix, uneven(n))
        assert process.entropy_production().value == pytest.approx(with_uneven, abs=PRINTED)
        assert process.entropy_production_map().value.sum() == pytest.approx(with_uneven, abs=PRINTED)
        assert not process.is_equilibrium()
    assert LinearLangevin(a_matrix, 1).is_equilibrium().passed == (a == 0)


def test_long_rings_reach_the_limit():
    j, a = 0.45, 0.3
    limit = a**2 * (1 - np.sqrt(1 - 4 * j**2)) / j**2
    assert LinearLangevin(ring(4096, j, a), 1).entropy_production() / 4096 == pytest.approx(limit, rel=1e-12)


@pytest.mark.parametrize(
    ("strength", "shift", "tau", "printed"),
    [
        (0.5, 0.5, 1, 0.0107198186361),
        (0.5, 1, 1, 0.0288666856551),
        (0.01, 1, 1, 8.952007007e-6),
        (0.9, 1, 10, 0.0144775480722),
    ],
)
def test_printed_shifted_kernel(strength, shift, tau, printed):
    """A field of length 40 at 256 places, J(z) = J0 N(z; a, 1)."""
    n, length = 256, 40
    z = (np.arange(n) * length / n + length / 2) % length - length / 2
    distance = (z - shift + length / 2) % length - length / 2
    column = -strength * np.exp(-(distance**2) / 2) / np.sqrt(2 * np.pi) * length / n
    column[0] += 1
    found = LinearLangevin(Circulant.of_column(column / tau), 1 * n / length).entropy_production() / length
    assert found == pytest.approx(printed, rel=2e-9)


# -- routes against the dense one ---------------------------------------------------------------------


@pytest.mark.parametrize("a", [0.1, 0], ids=["turning", "symmetric"])
@pytest.mark.parametrize("noise", ["number", "waves", "diagonal", "dense", "sparse"])
def test_rings(noise, a):
    n = 9
    root = np.random.default_rng(2).standard_normal((n, n))
    diffusion = {
        "number": 0.7,
        "waves": correlated((n,)),
        "diagonal": uneven(n),
        "dense": root @ root.T + np.eye(n),
        "sparse": diags_array([np.full(n - 1, 0.3), uneven(n), np.full(n - 1, 0.3)], offsets=[-1, 0, 1]),
    }[noise]
    compare(LinearLangevin(ring(n, 0.2, a), diffusion))


@pytest.mark.parametrize("noise", ["number", "waves", "diagonal", "dense"])
def test_tori(noise):
    shape, n = (4, 5), 20
    rng = np.random.default_rng(3)
    root = rng.standard_normal((n, n))
    diffusion = {
        "number": 2.0,
        "waves": correlated(shape),
        "diagonal": rng.uniform(0.5, 2, n),
        "dense": root @ root.T + np.eye(n),
    }[noise]
    value = compare(LinearLangevin(torus(shape), diffusion))
    assert value > 0.01


def test_uniform_parity_does_not_matter_and_mixed_parity_goes_the_dense_way():
    d = uneven(6)
    even, odd = (LinearLangevin(ring(6, 0.2, 0.1), d, np.full(6, sign)) for sign in (1, -1))
    assert even.entropy_production().value == odd.entropy_production().value
    mixed = LinearLangevin(ring(6, 0.2, 0.1), d, [1, -1] * 3)
    assert type(mixed.route).__name__ == "DenseRoute"
    assert abs(mixed.entropy_production() - even.entropy_production()) > 0.01


@pytest.mark.parametrize("rank", [1, 4])
def test_low_rank(rank):
    rng = np.random.default_rng(rank)
    low = LowRank(1.3, *(rng.standard_normal((2, 20, rank)) * 0.15))
    process = LinearLangevin(low, 0.6)
    assert isinstance(process.route, ReducedRoute)
    assert compare(process) > 0.01
    symmetric = LinearLangevin(LowRank(1.3, low.left, low.left), 0.6)
    assert compare(symmetric) == pytest.approx(0, abs=1e-20)
    assert symmetric.is_equilibrium().passed
    same_direction = LowRank(1.3, np.ones((20, 2)) * 0.1, rng.standard_normal((20, 2)) * 0.1)
    compare(LinearLangevin(same_direction, np.full(20, 0.6)))


def test_low_rank_without_the_structure_goes_the_dense_way():
    low = LowRank(np.linspace(1, 2, 6), RNG.standard_normal((6, 1)) * 0.2, RNG.standard_normal((6, 1)) * 0.2)
    for process in (LinearLangevin(low, 1), LinearLangevin(LowRank(1.0, low.left, low.right), uneven(6))):
        assert type(process.route).__name__ == "DenseRoute"
        plain = LinearLangevin(low.matrix() if process.relaxation is low else process.relaxation.matrix(), process.noise
                               .matrix())  # fmt: skip
        assert process.entropy_production().value == pytest.approx(plain.entropy_production().value, rel=1e-9)


def scrambled_blocks(sizes, seed=5):
    rng = np.random.default_rng(seed)
    blocks = [np.eye(size) + 0.3 * rng.standard_normal((size, size)) for size in sizes]
    order = rng.permutation(sum(sizes))
    return csr_array(block_diag(*blocks))[order][:, order]


@pytest.mark.parametrize("noise", ["number", "diagonal", "sparse"])
def test_blocks(noise):
    a = scrambled_blocks([3, 1, 4, 1, 2])
    joined = diags_array(uneven(11)).tolil()
    _, labels = connected_components(a, directed=False)
    other = int(np.flatnonzero(labels != labels[0])[0])
    joined[0, other] = joined[other, 0] = 0.2
    diffusion = {"number": 0.4, "diagonal": uneven(11), "sparse": csr_array(joined)}[noise]
    process = LinearLangevin(a, diffusion)
    compare(process)
    assert process.route.name == ("4 independent blocks" if noise == "sparse" else "5 independent blocks")


def test_blocks_of_both_parities():
    oscillators = csr_array(block_diag(*([[0, -1.0], [k, 0.5]] for k in (1, 2, 3))))
    parity, noise = [1, -1] * 3, [0, 0.5] * 3
    process = LinearLangevin(oscillators, noise, parity)
    assert process.entropy_production().value == pytest.approx(0, abs=1e-14) and process.has_energy
    with pytest.raises(InputError, match="diverges"):
        LinearLangevin(oscillators, noise).entropy_production()


def test_symmetric_drift_by_eigenvectors():
    root = RNG.standard_normal((12, 12))
    a = root @ root.T + np.eye(12)
    found = LinearLangevin(a, uneven(12)).entropy_production()
    assert found.details["route"] == "eigenvectors"
    c = solve_continuous_lyapunov(a, 2 * np.diag(uneven(12)))
    assert found.value == pytest.approx(np.trace(a.T @ np.diag(1 / uneven(12)) @ a @ c) - np.trace(a), rel=1e-10)


def test_the_spectrum_wave_by_wave():
    process = LinearLangevin(torus((4, 6)), correlated((4, 6)))
    omega = [0.0, 0.7, -0.7]
    found = process.wave_spectrum(omega)
    assert found.shape == (3, 4, 6) and np.abs(found[1] - found[2]).max() > 0.1
    for row, matrix in zip(found, process.spectrum(omega), strict=True):
        for kx, ky in ((0, 0), (1, 2), (3, 5)):
            wave = np.exp(2j * np.pi * (kx * np.arange(4)[:, None] / 4 + ky * np.arange(6) / 6)).ravel()
            np.testing.assert_allclose(matrix @ wave, row[kx, ky] * wave, atol=1e-12)


# -- matrices with structure --------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5,), (4,), (3, 4)])
def test_a_circulant_is_its_matrix(shape):
    column = RNG.standard_normal(shape)
    circulant = Circulant.of_column(column)
    matrix, size = circulant.matrix(), int(np.prod(shape))
    assert circulant.size == size and circulant.shape == shape
    np.testing.assert_allclose(matrix[:, 0], column.ravel(), atol=1e-14)
    places = list(np.ndindex(shape))
    x, y = places[-1], places[1]
    assert matrix[-1, 1] == pytest.approx(column[tuple((a - b) % n for a, b, n in zip(x, y, shape, strict=True))])
    states = RNG.standard_normal((6, size))
    np.testing.assert_allclose(circulant.apply(states), states @ matrix.T, atol=1e-13)
    assert np.sort_complex(np.linalg.eigvals(matrix)) == pytest.approx(
        np.sort_complex(circulant.eigenvalues.ravel()), abs=1e-7
    ) or size > 5  # fmt: skip
    np.testing.assert_allclose(Circulant(circulant.eigenvalues).matrix(), matrix, atol=1e-14)


def test_a_low_rank_matrix():
    left, right = RNG.standard_normal((2, 5, 2))
    low = LowRank(np.arange(5.0), left, right)
    np.testing.assert_allclose(low.matrix(), np.diag(np.arange(5.0)) - left @ right.T)
    states = RNG.standard_normal((3, 5))
    np.testing.assert_allclose(low.apply(states), states @ low.matrix().T, atol=1e-13)
    assert not low.isotropic and LowRank(2, left, right).isotropic and "rank 2" in repr(low)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Circulant([1, 2, 3]), "real matrix"),
        (lambda: Circulant([1, 2j, 2j]), "real matrix"),
        (lambda: Circulant(np.ones((2, 2, 2))), "must have shape"),
        (lambda: Circulant(["a"]), "array of numbers"),
        (lambda: Circulant([np.nan]), "finite"),
        (lambda: Circulant.of_column([[[1]]]), "column must have shape"),
        (lambda: Circulant.of_column([1, 0]).apply([1, 2]), "states must have shape"),
        (lambda: LowRank(1, np.ones((3, 1)), np.ones((3, 2))), "same shape"),
        (lambda: LowRank([1, 2], np.ones((3, 1)), np.ones((3, 1))), "diagonal must be a number"),
        (lambda: LinearLangevin(ring(4, 0.6, 0), 1), "must be stable"),
        (lambda: LinearLangevin(Circulant(-ring(4, 0.2, 0).eigenvalues), 1), "sign the other way round"),
        (lambda: LinearLangevin(ring(4, 0.2, 0), ring(5, 0.2, 0)), "diffusion must be of 4 coordinates"),
        (lambda: LinearLangevin(ring(4, 0.2, 0), ring(4, 0.2, 0.1)), "diffusion must be symmetric"),
        (lambda: LinearLangevin(ring(4, 0.2, 0), ring(4, 0.7, 0)), "diffusion must be positive"),
        (lambda: LinearLangevin(ring(4, 0.2, 0.1), Circulant([1, 0, 1, 0])).entropy_production(), "without noise"),
        (lambda: LinearLangevin(ring(4, 0.2, 0.1), [1, 0, 1, 1]).entropy_production(), "drifts irreversibly"),
        (lambda: LinearLangevin(csr_array(np.eye(3))[:2], 1), "relaxation must be a square matrix"),
        (lambda: LinearLangevin(csr_array([[np.inf]]), 1), "relaxation must be finite"),
        (lambda: LinearLangevin(csr_array([[-1.0]]), 1).covariance(), "sign the other way round"),
        (lambda: LinearLangevin(np.eye(2), csr_array([[1, 0.2], [0.1, 1]])), "diffusion must be symmetric"),
        (lambda: LinearLangevin(np.eye(2), csr_array([[1, 2], [2, 1]])), "positive semidefinite"),
        (lambda: LinearLangevin(np.eye(2), csr_array(np.eye(3))), "diffusion must have shape"),
        (lambda: LinearLangevin(LowRank(-1, *np.ones((2, 9, 1)) * 0.1), 1).covariance(), "negative real parts"),
        (lambda: LinearLangevin(LowRank(1, *np.ones((2, 9, 1))), 1).entropy_production(), "must be stable"),
    ],
)
def test_bad_input(make, says):
    with pytest.raises(InputError, match=says):
        make()


def test_matrices_that_do_not_fit_are_refused():
    size = 200_000
    chain = diags_array([np.full(size, 1.0), np.full(size - 1, -0.1)], offsets=[0, 1])
    with pytest.raises(InputError, match="200000 connected coordinates need dense matrices"):
        LinearLangevin(chain, 1).entropy_production()


# -- the solver ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 47, 48, 49, 97, 160])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_solver_against_lapacks(n, seed):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n, n)) / np.sqrt(n)
    a += (0.2 - min(0, np.linalg.eigvals(a).real.min())) * np.eye(n)
    root = rng.standard_normal((n, n))
    found, residual = lyapunov.solve_lyapunov(a, root @ root.T)
    expected = solve_continuous_lyapunov(a, root @ root.T)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
    assert residual < 1e-11 and np.array_equal(found, found.T)


def test_blocks_of_two_are_not_cut():
    """Nothing but rotations: every place to halve is inside a block, or just beside one."""
    n = 200
    a = block_diag(*([[1, w], [-w, 1]] for w in np.linspace(0.5, 3, n // 2)))
    a[np.triu_indices(n, 2)] = 0.01
    for shift in (0, 1):
        moved = a[shift:, shift:]
        noise = np.eye(len(moved))
        found, residual = lyapunov.solve_lyapunov(moved, noise)
        np.testing.assert_allclose(found, solve_continuous_lyapunov(moved, noise), rtol=1e-8, atol=1e-10)
        assert residual < 1e-13


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(1e-4, 50))
def test_gathered_noise(seed, time):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((3, 3)) + 2.5 * np.eye(3)
    if np.linalg.eigvals(a).real.min() < 0.1:
        return
    root = rng.standard_normal((3, 3))
    noise = root @ root.T
    step, found = lyapunov.gathered(a, noise, time)
    c = solve_continuous_lyapunov(a, noise)
    np.testing.assert_allclose(step, expm(-a * time), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found, c - step @ c @ step.T, atol=1e-10 * np.abs(c).max())


def test_gathered_noise_of_a_short_time_keeps_its_digits():
    """A position that noise reaches through its velocity alone: 2 D t^3 / 3 to first order, 1e-19 here."""
    _, found = lyapunov.gathered(np.array([[0.0, -1], [1, 0.5]]), np.diag([0, 1.0]), 1e-6)
    assert found[0, 0] == pytest.approx(1e-18 / 3, rel=1e-5)
    assert found[0, 1] == pytest.approx(1e-12 / 2, rel=1e-5)
