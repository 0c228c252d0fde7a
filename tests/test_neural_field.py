"""The linearized neural field: entropy production, equilibrium, spectra, transients, limits.

Oracles: printed digits, Lyapunov equations of matrices written out here, integrals over wavenumber.
"""

import doctest
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.linalg import expm, solve_continuous_lyapunov

from neurothermo import InputError
from neurothermo.processes import NeuralField, kernels
from neurothermo.systems import gains

HAT = kernels.mexican_hat(3, 1, 2, 2)
RINGS = [(3, 0.2, 0.1), (8, 0.2, 0.1), (8, 0.0, 0.1), (64, 0.2, 0.1), (64, 0.45, 0.3)]
SYMMETRIC = [(3, 0.2, 0.0), (8, 0.2, 0.0), (64, 0.2, 0.0)]


def chain(n, j, a, noise=1.0, **options):
    return NeuralField(float(n), n, kernels.nearest(j + a, j - a), 1.0, noise=noise, **options)


def uneven(n):
    return 1 + 0.5 * np.cos(2 * np.pi * np.arange(n) / n)


def chain_matrix(n, j, a):
    shift = np.roll(np.eye(n), 1, axis=0)
    return np.eye(n) - (j + a) * shift - (j - a) * shift.T


def lyapunov_production(relaxation, diffusion):
    """Tr(A^T D^-1 A C) - Tr A."""
    covariance = solve_continuous_lyapunov(relaxation, 2 * diffusion)
    return np.trace(relaxation.T @ np.linalg.solve(diffusion, relaxation @ covariance)) - np.trace(relaxation)


def pinned_bump(n=64, **options):
    wave = np.cos(2 * np.pi * np.arange(n) / n)
    field = NeuralField(16.0, n, HAT, gains.logistic(5, 0.5), input=0.1 * wave, **options)
    return field.about(field.stationary_state(wave))


# -- rings of few neurons --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "printed", "digits"),
    [*zip(RINGS, [0.05, 0.1669565217391, 0.16, 1.3357577761413, 16.045798560593], [13, 13, 13, 13, 12], strict=True)],
)
def test_rings(case, printed, digits):
    found = chain(*case).entropy_production()
    assert abs(found.value - printed) < 0.6 * 10.0**-digits
    assert found.units == "nats per unit time" and found.kind == "exact" and found.stderr == 0
    n, j, a = case
    assert found.value == pytest.approx(lyapunov_production(chain_matrix(n, j, a), np.eye(n)), rel=1e-10)


@pytest.mark.parametrize(
    ("case", "printed"),
    [
        *zip(
            [*RINGS, *SYMMETRIC],
            [
                0.0769622834,
                0.1865060079,
                0.1636571591,
                1.3383657959,
                16.0968045606,
                0.0222222222,
                0.0150381528,
                0.0019898616,
            ],
            strict=True,
        )
    ],
)
def test_rings_with_a_noise_that_breaks_translation_invariance(case, printed):
    field = chain(*case, noise=uneven(case[0]))
    assert abs(field.entropy_production().value - printed) < 0.6e-10
    assert not field.is_equilibrium() and not field.independent_of_noise()


@pytest.mark.parametrize("case", [case for case in RINGS if case[0] > 3])
@pytest.mark.parametrize(
    "noise",
    [kernels.gaussian(1.0, 0.9) + kernels.delta(0.3), kernels.spectrum(lambda k: 0.2 + np.cos(k) ** 2), 7.0],
    ids=str,
)
def test_the_spectrum_of_the_noise_does_not_matter(case, noise):
    white, coloured = chain(*case), chain(*case, noise=noise)
    assert coloured.entropy_production().value == white.entropy_production().value
    diffusion = np.broadcast_to(coloured.noise.spectrum, case[0])
    matrix = np.fft.ifft(np.fft.fft(np.eye(case[0]), axis=0) * diffusion[:, None], axis=0).real
    assert lyapunov_production(chain_matrix(*case), matrix) == pytest.approx(white.entropy_production().value, rel=1e-9)
    verdict = coloured.independent_of_noise()
    assert verdict.passed and "Gamma_k cancels" in verdict.sentence


def test_but_a_noise_that_differs_from_place_to_place_does():
    """The negative control of the independence: the same total noise, moved about."""
    white, moved = chain(8, 0.2, 0.1), chain(8, 0.2, 0.1, noise=uneven(8))
    assert np.mean(uneven(8)) == pytest.approx(1)
    assert moved.entropy_production().value > 1.1 * white.entropy_production().value


def test_long_rings_have_a_limit():
    limit = 0.1**2 * (1 - np.sqrt(1 - 4 * 0.2**2)) / 0.2**2
    assert chain(4096, 0.2, 0.1).density().value == pytest.approx(limit, rel=1e-12)


# -- shifted Gaussian kernels ----------------------------------------------------------------------

SHIFTED = [
    (0.5, 0.5, 1.0, 0.0107198186361, 0.0077998934, 0.0107198186361),
    (0.5, 1.0, 1.0, 0.0288666856551, 0.0222897397, 0.0288666856551),
    (0.01, 1.0, 1.0, 8.952007003e-6, 8.915895871e-6, 8.952007003e-6),
    (0.9, 1.0, 10.0, 0.0144776152823, 0.0072218757, 0.0144775480722),
]


@pytest.mark.parametrize(("weight", "shift", "tau", "line", "leading", "ring"), SHIFTED)
def test_the_density_of_a_shifted_gaussian(weight, shift, tau, line, leading, ring):
    def mode(k):
        size = weight * np.exp(-(k**2) / 2)
        return (size * np.sin(k * shift)) ** 2 / (1 - size * np.cos(k * shift)) / tau / (2 * np.pi)

    found = NeuralField(40.0, 256, kernels.gaussian(weight, 1.0, shift), 1.0, tau).density()
    assert found.value == pytest.approx(ring, abs=0.6 * 10.0 ** (-15 if weight < 0.1 else -13))
    assert found.units == "nats per unit time and length"
    assert quad(mode, -20, 20, limit=400, epsabs=1e-15)[0] == pytest.approx(line, rel=1e-9)
    assert weight**2 * (1 - np.exp(-(shift**2))) / (4 * np.sqrt(np.pi) * tau) == pytest.approx(leading, rel=1e-8)
    longer = NeuralField(320.0, 2048, kernels.gaussian(weight, 1.0, shift), 1.0, tau).density()
    assert longer.value == pytest.approx(line, rel=1e-9)


def test_a_small_weight_reaches_the_leading_order():
    leading = 1e-4**2 * (1 - np.exp(-1)) / (4 * np.sqrt(np.pi))
    found = NeuralField(40.0, 256, kernels.gaussian(1e-4, 1.0, 1.0), 1.0).density().value
    assert found == pytest.approx(leading, rel=1e-4, abs=0) and found != pytest.approx(leading, rel=1e-6, abs=0)


def test_the_gain_of_the_state_is_what_counts():
    bent = NeuralField(40.0, 256, kernels.gaussian(1.0, 1.0, 1.0), gains.logistic(4, 1), input=0.3)
    straight = NeuralField(40.0, 256, kernels.gaussian(1.0, 1.0, 1.0), 0.28155236065)
    assert bent.entropy_production().value == pytest.approx(straight.entropy_production().value, rel=1e-9)
    wrong = NeuralField(40.0, 256, kernels.gaussian(1.0, 1.0, 1.0), 0.2816)
    assert bent.entropy_production().value != pytest.approx(wrong.entropy_production().value, rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 12), st.integers(0, 10**6), st.floats(0.3, 3), st.sampled_from(["white", "map", "matrix", "array"])
)
def test_any_ring(n, seed, tau, kind):
    """Random kernels and noises against the Lyapunov equation; also: sigma does not see the noise's scale."""
    rng = np.random.default_rng(seed)
    column = rng.normal(size=n)
    column *= 0.8 / np.abs(column).sum()
    matrix = np.array([[column[(i - j) % n] for j in range(n)] for i in range(n)])
    root = rng.normal(size=(n, n))
    diffusion = {"white": 0.7, "map": rng.uniform(0.3, 2, n), "matrix": root @ root.T / n + 0.2 * np.eye(n)}
    noise = diffusion.get(kind, kernels.spectrum(lambda k: 1 + 0.5 * np.cos(k)))
    field = NeuralField(float(n), n, column, 1.0, tau, noise=noise)
    if kind == "array":
        dense = np.fft.ifft(np.fft.fft(np.eye(n), axis=0) * field.noise.spectrum[:, None], axis=0).real
    else:
        dense = diffusion[kind] * np.eye(n) if kind != "matrix" else diffusion["matrix"]
    found = field.entropy_production().value
    assert found == pytest.approx(lyapunov_production((np.eye(n) - matrix) / tau, dense), rel=1e-7, abs=1e-10)
    assert found >= 0
    assert field.linearized().entropy_production().value == pytest.approx(found, rel=1e-8, abs=1e-12)
    if kind in diffusion:
        louder = replace(field, noise=3 * diffusion[kind])
        assert louder.entropy_production().value == pytest.approx(found, rel=1e-8, abs=1e-12)
    if kind != "matrix":  # seen in a mirror
        mirrored = np.roll(noise[::-1], 1) if kind == "map" else noise
        turned = replace(field, kernel=np.roll(column[::-1], 1), noise=mirrored)
        assert turned.entropy_production().value == pytest.approx(found, rel=1e-8, abs=1e-12)


def test_a_line_and_a_sheet_against_matrices():
    line = NeuralField(12.0, 24, kernels.gaussian(0.5, 1.0, 0.7), 1.0, boundary="open")
    x = 0.5 * np.arange(24)
    matrix = np.eye(24) - 0.5 * line.kernel.function(x[:, None] - x)
    assert line.entropy_production().value == pytest.approx(lyapunov_production(matrix, 2 * np.eye(24)), rel=1e-10)
    sheet = NeuralField((10.0, 12.0), (10, 9), kernels.gaussian(0.5, 1.0, (0.7, 0.2)), 1.0, noise=0.4)
    dense = lyapunov_production(np.eye(90) - sheet.coupling.matrix(), np.eye(90))
    assert sheet.entropy_production().value == pytest.approx(dense, rel=1e-10)
    assert sheet.density().units == "nats per unit time and area"
    assert sheet.density().value == pytest.approx(dense / 120, rel=1e-10)
    local = replace(sheet, noise=np.random.default_rng(0).uniform(0.5, 2, (10, 9)))
    cell = 120 / 90
    expected = lyapunov_production(np.eye(90) - sheet.coupling.matrix(), np.diag(local.noise.diffusion))
    assert local.noise.diffusion == pytest.approx(np.random.default_rng(0).uniform(0.5, 2, 90) / cell)
    assert local.entropy_production().value == pytest.approx(expected, rel=1e-9)


# -- equilibrium or not, and why -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "passed", "sentence"),
    [
        (chain(8, 0.2, 0.0), True, "the kernel is symmetric, and gain and noise are the same everywhere"),
        (chain(8, 0.2, 0.0, noise=kernels.spectrum(lambda k: 2 + np.cos(k))), True, "the kernel is symmetric"),
        (chain(8, 0.2, 0.1), False, "the kernel is not symmetric"),
        (chain(8, 0.2, 0.0, noise=uneven(8)), False, "the noise is 3 times stronger in some places"),
        (chain(8, 0.2, 0.1, noise=uneven(8)), False, "not symmetric .*; the noise is 3 times"),
        (pinned_bump(), False, r"the gain f'\(u0\) differs from place to place \(0.106 to 1.25\)"),
        (NeuralField(9.0, 9, kernels.gaussian(0.3, 1), 1.0, boundary="open"), True, "the kernel is symmetric"),
        (NeuralField(9.0, 9, kernels.gaussian(0.3, 0.9, 0.5), 0.0), True, "although the kernel is not symmetric"),
        (NeuralField(9.0, 9, kernels.gaussian(0.3, 1), 1.0, noise=np.diag(uneven(9))), False, "does not commute"),
    ],
    ids=range(9),
)
def test_why_it_is_an_equilibrium_or_not(field, passed, sentence):
    verdict = field.is_equilibrium()
    assert verdict.passed is passed
    assert re.search(sentence, verdict.sentence), verdict.sentence
    production = field.entropy_production().value
    assert production < 1e-12 if passed else production > 1e-4


def test_a_bump_under_homogeneous_noise_is_out_of_equilibrium():
    """J symmetric does not make A = (1 - J G)/tau symmetric; noise in proportion to 1/G makes up for it."""
    bump = pinned_bump()
    x = bump.positions
    coupling = sum(HAT.function(x[:, None] - x + 16.0 * turn) for turn in range(-3, 4)) * bump.dx
    activity = 1 / (1 + np.exp(-5 * (bump.state - 0.5)))
    relaxation = np.eye(64) - coupling * (5 * activity * (1 - activity))
    expected = lyapunov_production(relaxation, np.eye(64) / bump.dx)
    assert bump.entropy_production().value == pytest.approx(expected, rel=1e-8) and expected > 0.4
    balanced = replace(bump, noise=0.3 / bump.slopes)
    assert balanced.entropy_production().value < 1e-12
    assert balanced.is_equilibrium() and "D in proportion to 1/f'(u0)" in balanced.is_equilibrium().sentence
    wrong = replace(bump, noise=0.3 * bump.slopes)  # the negative control
    assert not wrong.is_equilibrium() and wrong.entropy_production().value > 0.1
    assert "depends on the noise: the gain differs" in bump.independent_of_noise().sentence


def test_the_example_of_the_docstring():
    names = {"np": np, "NeuralField": NeuralField, "kernels": kernels, "gains": gains}
    (example,) = doctest.DocTestFinder(recurse=False).find(NeuralField, "NeuralField", globs=names)
    assert len(example.examples) == 7
    assert doctest.DocTestRunner().run(example).failed == 0


def test_heterogeneous_gain_of_three_neurons():
    """The printed case A = 1 - W G as a field of three places, coupled by W and linearized where the gains are G."""
    weights, slopes = np.array([[0, 0.3, 0.1], [0.3, 0, 0.2], [0.1, 0.2, 0]]), np.array([0.5, 1, 1.5])
    assert lyapunov_production(np.eye(3) - weights * slopes, np.eye(3)) == pytest.approx(0.02403648509764, abs=1e-13)
    chained = np.array([[0, 0.3, 0.2], [0.3, 0, 0.3], [0.2, 0.3, 0]])
    knee = gains.Gain("knee", lambda u: u + u**3 / 1e3, lambda u: 1 + 3 * u**2 / 1e3)
    state = np.array([1.0, 5.0, 9.0])
    current = state - chained @ knee(state)
    field = NeuralField(3.0, 3, [0, 0.3, 0.2, 0.2, 0.3], knee, input=current, boundary="open", at=state)
    expected = lyapunov_production(np.eye(3) - chained * knee.derivative(state), np.eye(3))
    assert field.entropy_production().value == pytest.approx(expected, rel=1e-10) and expected > 1e-4
    assert replace(field, noise=1 / knee.derivative(state)).entropy_production().value < 1e-14


# -- tables ----------------------------------------------------------------------------------------


def test_the_spectrum_of_the_entropy_production():
    field = NeuralField(
        40.0, 256, kernels.gaussian(0.5, 1.0, 1.0), 0.9, 2.0, noise=kernels.gaussian(1, 2) + kernels.delta(1)
    )
    table = field.entropy_production_spectrum()
    k = table.wavenumber.values
    assert np.all(np.diff(k) > 0)
    inside = np.abs(k) < np.pi / field.dx - 1e-9
    size = 0.45 * np.exp(-(k**2) / 2)
    assert np.allclose(table.alpha, (1 - size * np.cos(k)) / 2, atol=1e-15)
    assert np.allclose(table.omega[inside], size[inside] * np.sin(k[inside]) / 2, atol=1e-15)
    assert np.allclose(table.noise, np.exp(-2 * k**2) + 1, atol=1e-14)
    assert float(table.value.sum()) == pytest.approx(field.entropy_production().value, rel=1e-14)
    assert table.attrs["total"] == pytest.approx(float(table.value.sum())) and float(table.value.sel(wavenumber=0)) == 0
    assert np.allclose(table.value, table.value[::-1].roll(wavenumber=1), atol=1e-16)
    assert {"stderr", "low", "high"} <= set(table) and table.value.attrs["units"] == "nats per unit time"


def test_the_highest_mode_adds_nothing():
    """Sign: with f going one way and b the other the mode of pi/dx is real."""
    assert chain(8, 0.2, 0.1).entropy_production_spectrum().value.values[0] == pytest.approx(0, abs=1e-30)


def test_a_map_integrates_to_the_whole():
    for field in (chain(8, 0.2, 0.1), chain(8, 0.2, 0.1, noise=uneven(8)), pinned_bump()):
        table = field.entropy_production_map()
        whole = field.entropy_production().value
        assert float(table.value.sum()) * field.dx == pytest.approx(whole, rel=1e-9)
        assert table.attrs["total"] == pytest.approx(whole, rel=1e-9)
        assert np.allclose(table.position, field.positions) and np.all(table.value > -1e-12)
        assert table.attrs["units"] == "nats per unit time and length"
    assert np.ptp(chain(8, 0.2, 0.1).entropy_production_map().value.values) < 1e-15
    assert np.ptp(pinned_bump().entropy_production_map().value.values) > 1e-3
    sheet = NeuralField(
        (8.0, 10.0), (8, 5), kernels.gaussian(0.5, 0.8, (0.7, 0.2)), 1.0, noise=np.ones((8, 5)) + np.eye(8, 5)
    )
    table = sheet.entropy_production_map()
    assert table.value.dims == ("x", "y") and np.allclose(table.y, 2.0 * np.arange(5))
    assert float(table.value.sum()) * 2 == pytest.approx(sheet.entropy_production().value, rel=1e-9)


# -- the stationary law, spectra, transients --------------------------------------------------------


def test_covariances_are_those_of_the_modes():
    """FFT(row of C) = D_k/alpha_k."""
    field = NeuralField(
        20.0, 48, kernels.gaussian(0.5, 1.0, 1.0), 0.9, 2.0, noise=kernels.gaussian(1, 1) + kernels.delta(1)
    )
    covariance = field.linearized().covariance()
    modes = field.modes()
    settled = modes.spectrum / field.dx / modes.alpha
    assert np.allclose(np.fft.fft(covariance[:, 0]), settled, atol=1e-12)
    relaxation = (np.eye(48) - 0.9 * field.coupling.matrix()) / 2
    left = relaxation @ covariance + covariance @ relaxation.T
    x = field.positions
    around = sum(np.exp(-((x[:, None] - x + 20 * m) ** 2) / 2) / np.sqrt(2 * np.pi) for m in (-1, 0, 1))
    assert np.allclose(left, 2 * (around + np.eye(48) / field.dx), atol=1e-6)


def test_the_power_of_the_fluctuations():
    """Against (A + i omega)^-1 2D (A + i omega)^-dagger, which must be diagonal in Fourier space with these entries."""
    field = NeuralField(12.0, 24, kernels.gaussian(0.5, 1.0, 0.8), 0.9, 2.0, noise=0.7)
    frequencies = np.array([-1.3, 0.0, 0.4])
    table = field.power_spectrum(frequencies)
    relaxation = (np.eye(24) - 0.9 * field.coupling.matrix()) / 2
    waves = np.exp(1j * np.outer(field.positions, table.wavenumber.values)) / np.sqrt(24)
    for i, omega in enumerate(frequencies):
        inverse = np.linalg.inv(relaxation + 1j * omega * np.eye(24))
        matrix = waves.conj().T @ (inverse @ (2 * 0.7 * np.eye(24)) @ inverse.conj().T) @ waves
        assert np.allclose(matrix, np.diag(np.diag(matrix)), atol=1e-12)
        assert np.allclose(table.fluctuations[:, i], np.diag(matrix).real, rtol=1e-11)
    modes = field.entropy_production_spectrum()
    wide = np.linspace(-4000, 4000, 800_001)
    at = {"wavenumber": 15}
    area = np.trapezoid(field.power_spectrum(wide).fluctuations.isel(at), wide) / (2 * np.pi)
    assert area == pytest.approx(float((modes.noise / modes.alpha).isel(at)), rel=1e-3)


def test_the_power_of_the_response():
    """A stimulus exp(i k x + i omega t) is followed by tau du/dt = -(1 - g J) u + I with amplitude sqrt(P)."""
    tau, gain = 2.0, 0.9
    field = NeuralField(12.0, 24, kernels.gaussian(0.5, 1.0, 0.8), gain, tau)
    table = field.power_spectrum([0.0, 0.7, 50.0], stimulus=3.0)
    coupling = field.coupling.matrix()
    for k, omega in ((2 * np.pi / 12 * 3, 0.7), (-2 * np.pi / 12 * 3, 0.7), (0.0, 50.0)):
        wave = np.exp(1j * k * field.positions)
        amplitude = np.linalg.solve((1 + 1j * omega * tau) * np.eye(24) - gain * coupling, wave) / wave
        found = float(table.response.sel(wavenumber=k, frequency=omega, method="nearest"))
        assert found == pytest.approx(3 * np.abs(amplitude[0]) ** 2, rel=1e-10)
        hat = 0.5 * np.exp(-(k**2) / 2 - 1j * k * 0.8)
        printed = 3 / ((1 - gain * hat.real) ** 2 + (omega * tau - gain * hat.imag) ** 2)
        assert found == pytest.approx(printed, rel=1e-6)
    fast = field.power_spectrum([1e3, 2e3]).response
    assert np.allclose(fast[:, 0] / fast[:, 1], 4, rtol=1e-3)
    each = field.power_spectrum([0.7], stimulus=field.wavenumbers**2)
    assert np.allclose(each.response[:, 0], table.response[:, 1] / 3 * each.wavenumber**2)


def transient_of_matrices(relaxation, diffusion, mean, covariance, time):
    """The balance of a Gaussian law, written out with matrices."""
    settled = solve_continuous_lyapunov(relaxation, 2 * diffusion)
    decay = expm(-relaxation * time)
    mean, law = decay @ mean, settled + decay @ (covariance - settled) @ decay.T
    inverse, precision = np.linalg.inv(diffusion), np.linalg.inv(law)
    flow = mean @ relaxation.T @ inverse @ relaxation @ mean + np.trace(relaxation.T @ inverse @ relaxation @ law)
    flow -= np.trace(relaxation)
    shannon = np.trace(precision @ diffusion) - np.trace(relaxation)
    turning = relaxation - diffusion @ np.linalg.inv(settled)
    keeping = np.trace(turning.T @ inverse @ turning @ (law + np.outer(mean, mean)))
    far = np.trace(np.linalg.solve(settled, law)) - len(mean) + mean @ np.linalg.solve(settled, mean)
    far += np.linalg.slogdet(settled)[1] - np.linalg.slogdet(law)[1]
    entropy = np.linalg.slogdet(2 * np.pi * np.e * law)[1] / 2
    return {
        "total": flow + shannon, "flow": flow, "shannon_rate": shannon, "housekeeping": keeping,
        "excess": flow + shannon - keeping, "divergence": far / 2, "entropy": entropy,
    }  # fmt: skip


@pytest.mark.parametrize("start", ["number", "kernel", "map", "matrix"])
@pytest.mark.parametrize("noise", [0.7, uneven(8)], ids=["white", "map"])
def test_transients(start, noise):
    field, rng = chain(8, 0.2, 0.1, noise=noise), np.random.default_rng(5)
    mean, root = rng.normal(size=8), rng.normal(size=(8, 8))
    given, covariance = {
        "number": (0.3, 0.3 * np.eye(8)),
        "kernel": (kernels.nearest(0.1, 0.1) + kernels.delta(0.4), 1.4 * np.eye(8) - chain_matrix(8, 0.1, 0)),
        "map": (uneven(8), np.diag(uneven(8))),
        "matrix": (root @ root.T + np.eye(8), root @ root.T + np.eye(8)),
    }[start]  # fmt: skip
    table = field.transient(mean, given, [0.0, 0.5, 2.0, 60.0])
    for i, time in enumerate([0.0, 0.5, 2.0, 60.0]):
        expected = transient_of_matrices(chain_matrix(8, 0.2, 0.1), np.eye(8) * noise, mean, covariance, time)
        for name, value in expected.items():
            assert float(table[name][i]) == pytest.approx(value, rel=1e-8, abs=1e-8), (name, time)
    production = field.entropy_production().value
    assert float(table.total[-1]) == pytest.approx(production, rel=1e-8)
    assert float(table.housekeeping[-1]) == pytest.approx(production, rel=1e-8) and abs(float(table.excess[-1])) < 1e-8


def test_excess_is_what_the_divergence_loses():
    field = NeuralField(40.0, 256, kernels.gaussian(0.5, 1.0, 1.0), 1.0)
    table = field.transient(np.exp(-((field.positions - 20) ** 2)), 0.5, [0.99995, 1.0, 1.00005])
    slope = float(table.divergence[2] - table.divergence[0]) / 1e-4
    assert float(table.excess[1]) == pytest.approx(-slope, rel=1e-6)
    assert float(table.shannon_rate[1]) == pytest.approx(float(table.entropy[2] - table.entropy[0]) / 1e-4, rel=1e-6)


# -- stability, and the limit of long waves ----------------------------------------------------------


def test_a_mexican_hat_grows_at_its_own_wavenumber():
    length = 6 * 2 * np.pi / 0.6797779934
    hat = kernels.mexican_hat(1.5, 1, 0.75, 2)
    assert NeuralField(length, 128, hat, 1.1199).entropy_production().value == 0
    for question in ("entropy_production", "linearized", "is_equilibrium", "modes", "entropy_production_map"):
        with pytest.raises(InputError, match=r"unstable: its mode of wavenumber 0.6798 grows at 0.07.* below 1.11993"):
            getattr(NeuralField(length, 128, hat, 1.2), question)()
    with pytest.raises(InputError, match="unstable: its mode of wavenumber 0 grows at 0 per unit time"):
        NeuralField(40.0, 64, kernels.gaussian(1.0, 1.0), 1.0, at=0.0).entropy_production()
    with pytest.raises(InputError, match=r"unstable: its mode of wavenumber 0, 0 grows"):
        NeuralField((20.0, 20.0), (16, 16), kernels.gaussian(1.2, 1.0), 1.0).entropy_production()


@pytest.mark.parametrize(
    ("kernel", "moment", "length", "points"),
    [
        (kernels.gaussian(0.5, 1.2), 0.5 * 1.44, 40.0, 256),
        (kernels.gaussian(0.5, 1.2, 0.7), 0.5 * (1.44 + 0.49), 40.0, 256),
        (kernels.gaussian(0.5, 1.2).function, 0.5 * 1.44, 40.0, 256),
        (kernels.exponential(0.5, 1.2), 0.5 * 2 * 1.44, 40.0, 64),
        (kernels.mexican_hat(1.5, 1, 0.75, 2), 1.5 - 3.0, 40.0, 64),
        (kernels.nearest(0.3, 0.2), 0.5, 40.0, 40),
        (kernels.gaussian(0.5, 1.2), 0.5 * 2 * 1.44, (40.0, 40.0), (32, 32)),
        (kernels.exponential(0.5, 1.2), 0.5 * 6 * 1.44, (40.0, 40.0), (32, 32)),
        (kernels.gaussian(0.5, 1.2, (0.7, 0.1)), 0.5 * (2 * 1.44 + 0.5), (40.0, 40.0), (32, 32)),
    ],
    ids=lambda value: str(value).split(" at 0x")[0],
)
def test_the_limit_of_long_waves(kernel, moment, length, points):
    dimensions = 1 if np.ndim(points) == 0 else 2
    gain, tau = 0.8, 2.5
    field = NeuralField(length, points, kernel, gain, tau)
    limit = field.diffusion_limit()
    assert limit.second_moment == pytest.approx(moment, rel=1e-8)
    assert limit.diffusion == pytest.approx(gain * moment / (2 * dimensions * tau), rel=1e-8)
    assert limit.quadratic == limit.cubic == 0


def test_it_is_the_dispersion_at_small_wavenumbers():
    field = NeuralField(4000.0, 8192, kernels.gaussian(0.5, 1.5, 0.7), 0.8, 2.5)
    limit, k, modes = field.diffusion_limit(), field.wavenumbers[1:6], field.modes()
    assert np.allclose(modes.alpha[1:6], limit.rate + limit.diffusion * k**2, rtol=1e-8, atol=0)
    assert np.allclose(modes.omega[1:6], limit.velocity[0] * k, rtol=1e-3, atol=0)
    assert not np.allclose(modes.alpha[1:6], limit.rate + 1.1 * limit.diffusion * k**2, rtol=1e-8, atol=0)


@pytest.mark.parametrize("shift", [0.0, 0.6])
def test_a_spreading_gaussian(shift):
    """g J_0 = 1: nothing decays, the variance grows by 2 D t, the mean moves by v t."""
    field = NeuralField(80.0, 512, kernels.gaussian(1.0, 1.2, shift), 1.0, 2.0, at=0.0)
    limit, x = field.diffusion_limit(), field.positions
    assert limit.rate == pytest.approx(0, abs=1e-15)
    start = np.exp(-((x - 30) ** 2) / (2 * 1.5**2))
    rates = (1 - field.coupling.transfer) / 2.0
    for t in (1.0, 5.0):
        later = np.fft.ifft(np.fft.fft(start) * np.exp(-rates * t)).real
        mean = (x * later).sum() / later.sum()
        variance = ((x - mean) ** 2 * later).sum() / later.sum()
        assert mean == pytest.approx(30 + limit.velocity[0] * t, abs=1e-7)
        assert variance == pytest.approx(1.5**2 + 2 * limit.diffusion * t, rel=1e-6)
    assert limit.diffusion == pytest.approx((1.44 + shift**2) / 4, rel=1e-9)


def test_the_reaction_terms():
    bent = NeuralField(40.0, 64, kernels.gaussian(1.0, 1.0), gains.tanh(0.7), input=0.4)
    limit, u = bent.diffusion_limit(), bent.state[0]
    h = 1e-3
    values = np.tanh(0.7 * (u + h * np.arange(-2, 3)))
    assert limit.quadratic == pytest.approx((values[3] - 2 * values[2] + values[1]) / h**2 / 2, rel=1e-5)
    third = (values[4] - 2 * values[3] + 2 * values[1] - values[0]) / (2 * h**3)
    assert limit.cubic == pytest.approx(third / 6, rel=1e-4)
    rectified = NeuralField(40.0, 64, kernels.gaussian(0.5, 1.0), gains.threshold_linear(), input=0.4).diffusion_limit()
    assert np.isnan(rectified.quadratic) and np.isnan(rectified.cubic) and rectified.rate == pytest.approx(0.5)
    with pytest.raises(InputError, match="the same everywhere: choose a homogeneous at"):
        pinned_bump().diffusion_limit()


# -- what it is ------------------------------------------------------------------------------------


def test_names_and_digests():
    field = NeuralField(40.0, 256, kernels.gaussian(0.5, 1.0, 1.0), 1.0)
    assert field.size == 256 and field.dx == 40 / 256 and field.positions.shape == field.wavenumbers.shape == (256,)
    assert "ring of length 40, 256 points, gaussian(weight=0.5, width=1.0, shift=1.0)" in repr(field)
    assert field.noise.kind == "white" and field.noise.diffusion == 256 / 40
    others = [
        replace(field, kernel=kernels.gaussian(0.5, 1.0, 1.1)), replace(field, gain=0.9), replace(field, tau=2.0),
        replace(field, noise=2.0), replace(field, noise=kernels.delta(1.0)), replace(field, input=0.1),
        replace(field, at=0.0), replace(field, boundary="open"), replace(field, length=41.0),
        NeuralField(40.0, 128, kernels.gaussian(0.5, 1.0, 1.0), 1.0),
    ]  # fmt: skip
    digests = {other.digest for other in others}
    assert len(digests) == len(others) and field.digest not in digests
    assert NeuralField(40.0, 256, kernels.gaussian(0.5, 1.0, 1.0), 1.0).digest == field.digest
    sheet = NeuralField((8.0, 10.0), (8, 5), kernels.gaussian(0.5, 0.8), 1.0)
    assert sheet.dx == (1.0, 2.0) and sheet.positions.shape == sheet.wavenumbers.shape == (2, 8, 5)
    assert sheet.positions[1, 0, 3] == 6 and "torus of length 8 x 10, 8 x 5 points" in repr(sheet)


def test_noise_that_is_the_same_in_other_words():
    flat = chain(8, 0.2, 0.1, noise=np.full(8, 0.7))
    assert flat.noise.kind == "white" and flat.translation_invariant
    delta = chain(8, 0.2, 0.1, noise=kernels.delta(0.7))
    assert delta.noise.kind == "correlated" and np.all(delta.noise.spectrum == 0.7)
    sampled = chain(8, 0.2, 0.1, noise=lambda z: np.exp(-2 * np.abs(z)))
    written = np.array([sum(np.exp(-2 * np.abs(z + 8 * m)) for m in (-1, 0, 1)) for z in (0, 1, 2, 3, 4, -3, -2, -1)])
    assert np.allclose(np.fft.ifft(sampled.noise.spectrum).real, written, atol=1e-6)
    matrix = chain(8, 0.2, 0.1, noise=np.diag(uneven(8)))
    assert matrix.entropy_production().value == pytest.approx(0.1865060079, abs=0.6e-10)


# -- bad input -------------------------------------------------------------------------------------


def field(**options):
    defaults = {"length": 40.0, "points": 64, "kernel": kernels.gaussian(0.5, 1.0), "gain": 1.0}
    return NeuralField(**{**defaults, **options})


LOPSIDED = np.eye(64)
LOPSIDED[0, 1] = 0.1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"length": 0.0}, "length must be positive, got 0"),
        ({"length": (40.0, 40.0)}, "length and points must be two numbers or two pairs"),
        ({"length": (1, 2, 3), "points": (1, 2, 3)}, "length and points must be two numbers or two pairs"),
        ({"points": 1}, "points must be at least 2, got 1"),
        ({"points": 64.0}, "points must be a whole number"),
        ({"tau": 0.0}, "tau must be positive, got 0"),
        ({"gain": np.tanh}, "gain must come with its derivative"),
        ({"gain": -1.0}, "slope must not be negative"),
        ({"boundary": "free"}, "boundary must be one of 'periodic', 'open'"),
        ({"length": 6.0}, "reaches 4, further than half of the ring, 3"),
        ({"noise": 0.0}, "noise must be positive, got 0"),
        ({"noise": -1.0}, "noise must be positive, got -1"),
        ({"noise": float("nan")}, "noise must be finite"),
        ({"noise": "white"}, "noise must be one number"),
        ({"noise": np.r_[0.0, np.ones(63)]}, "noise must be positive everywhere, got a smallest value of 0"),
        ({"noise": np.ones(63)}, r"a map of shape \(64,\) or a matrix of shape \(64, 64\), got shape \(63,\)"),
        ({"noise": LOPSIDED}, "noise must be a symmetric matrix, got one with a largest .* of 0.1"),
        ({"noise": np.ones((64, 64))}, "noise must be a positive definite covariance, got a smallest eigenvalue of"),
        ({"noise": np.full((64, 64), np.nan)}, "noise must be finite"),
        ({"noise": kernels.gaussian(1, 1, 1)}, "must be the same in both directions"),
        ({"noise": kernels.gaussian(-1, 1)}, "must have power in every mode, got -1 at wavenumber 0"),
        ({"noise": kernels.mexican_hat(1, 1, 2, 2)}, "must have power in every mode, got -1"),
        ({"noise": kernels.spectrum(lambda k: k**2)}, "power in every mode, got 0 at wavenumber 0: add white noise"),
        ({"noise": lambda z: np.exp(-(z**2) / 8)}, "must have power in every mode, .*: add white noise"),
        ({"noise": lambda z: np.exp(-np.abs(z)) * np.sign(z)}, "must be the same in both directions"),
        ({"noise": kernels.gaussian(1, 6)}, "noise .* reaches 24, further than half of the ring, 20"),
        ({"noise": kernels.gaussian(1, 2), "boundary": "open"}, "noise must be a positive definite covariance"),
        ({"noise": chain(8, 0.2, 0.1, noise=uneven(8)).noise}, r"a map of shape \(64,\) .* got shape \(8,\)"),
    ],
)
def test_what_is_no_field(options, sentence):
    with pytest.raises(InputError, match=sentence):
        field(**options)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: field().power_spectrum([np.inf]), "frequencies must be finite"),
        (lambda: field().power_spectrum(1.0), "frequencies must have shape"),
        (lambda: field().power_spectrum([1.0], stimulus=-1), "stimulus must not be negative"),
        (lambda: field().power_spectrum([1.0], stimulus=np.ones(3)), r"stimulus must have shape \(64,\)"),
        (lambda: field().transient(np.zeros(3), 1.0, [0.0]), r"mean must have shape \(64,\)"),
        (lambda: field().transient(0.0, -1.0, [0.0]), "covariance must be positive, got -"),
        (lambda: field().transient(0.0, 1.0, [-1.0]), "times must not be negative"),
        (lambda: chain(8, 0.2, 0.1, noise=uneven(8)).modes(), "only where drift and noise .* 3 times stronger"),
        (lambda: chain(8, 0.2, 0.1, noise=uneven(8)).power_spectrum([1.0]), "on their own only where"),
        (lambda: pinned_bump().entropy_production_spectrum(), "on their own only where .* differs from place to place"),
        (lambda: field(boundary="open").modes(), "it has ends"),
    ],
)
def test_questions_without_an_answer(ask, sentence):
    with pytest.raises(InputError, match=sentence):
        ask()
