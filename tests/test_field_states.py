"""Stationary states of a neural field: homogeneous ones, bumps, and what is none."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurothermo import InputError
from neurothermo.processes import NeuralField, kernels
from neurothermo.systems import gains

HAT = kernels.mexican_hat(3, 1, 2, 2)
X = 16.0 * np.arange(64) / 64
PINNED = NeuralField(16.0, 64, HAT, gains.logistic(5, 0.5), input=0.1 * np.cos(2 * np.pi * X / 16))
FREE = replace(PINNED, input=0.0)
GUESS = np.cos(2 * np.pi * X / 16)


def field(weight, current=0.0, slope=4.0, **options):
    return NeuralField(40.0, 64, kernels.gaussian(weight, 1.0), gains.logistic(slope, 1.0), input=current, **options)


def written_out(kernel, length, n):
    """J_ij by sums over the ring; shares nothing with the convolutions."""
    apart = (np.arange(n)[:, None] - np.arange(n)) * length / n
    return sum(kernel.function(apart + turn * length) for turn in range(-3, 4)) * length / n


# -- homogeneous states ----------------------------------------------------------------------------


def test_the_one_state_of_a_weak_field():
    (point,) = field(1.0, 0.3).fixed_points()
    assert point.value == pytest.approx(0.37619354672, abs=1e-11)
    assert point.gain == pytest.approx(0.28155236065, abs=1e-11)
    assert point.stable and point.growth_rate == pytest.approx(0.28155236065 - 1, abs=1e-11) and point.wavenumber == 0
    assert np.all(field(1.0, 0.3).state == point.value)


def test_the_three_states_of_a_strong_field():
    points = field(2.0, slope=6.0).fixed_points()
    assert [point.value for point in points] == pytest.approx([0.00509847155, 1, 1.99490152845], abs=1e-11)
    assert [point.gain for point in points] == pytest.approx([0.01525642302, 1.5, 0.01525642302], abs=1e-11)
    assert [point.stable for point in points] == [True, False, True]
    assert points[1].growth_rate == pytest.approx(2.0, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 3), st.floats(-2, 2), st.floats(0.3, 8), st.sampled_from(["logistic", "tanh", "threshold_linear"]))
def test_every_state_found_is_stationary_and_none_is_missed(weight, current, slope, name):
    """The roots of w f(u) + I - u, and as many as it changes sign on a grid of the test's own."""
    gain = gains.threshold_linear(0.2) if name == "threshold_linear" else getattr(gains, name)(slope, 0.2)
    if name == "threshold_linear" and abs(weight - 1) < 1e-3:
        weight = 0.5  # at 1 there may be a line of states
    points = NeuralField(40.0, 16, kernels.gaussian(weight, 1.0), gain, input=current).fixed_points()
    for point in points:
        left = weight * float(gain(np.array([point.value]))[0]) + current - point.value
        assert abs(left) < 1e-9 * (1 + abs(point.value))
    u = np.linspace(-50, 50, 100_001) + 1.234e-4
    values = weight * gain(u) + current - u
    crossings = int(np.sum(values[:-1] * values[1:] < 0))
    assert len([point for point in points if abs(point.value) < 50]) >= crossings


def test_a_wave_can_be_what_grows():
    """No homogeneous state of this field is stable: the mode of k_c grows."""
    wavelength = 2 * np.pi / 0.6797779934
    hat = kernels.mexican_hat(1.5, 1, 0.75, 2)
    lively = NeuralField(6 * wavelength, 128, hat, gains.tanh(1.2))
    (zero,) = (point for point in lively.fixed_points() if point.value == 0)
    assert not zero.stable and zero.wavenumber == pytest.approx(0.6797779934, abs=1e-9)
    assert zero.growth_rate == pytest.approx(1.2 * 0.8929130917 - 1, abs=1e-9)
    with pytest.raises(InputError, match=r"no stable homogeneous states, not one: .*0 \(grows at 0.0715\)"):
        lively.entropy_production()
    assert replace(lively, gain=gains.tanh(1.1)).entropy_production().value == 0


def test_a_linear_field():
    linear = NeuralField(40.0, 128, kernels.gaussian(0.5, 1.0), 0.8, input=0.3)
    assert linear.state[0] == pytest.approx(0.3 / (1 - 0.4), abs=1e-14)
    assert linear.fixed_points()[0].stable
    assert np.all(replace(linear, at=5.0).state == 5.0)  # its own linearization everywhere
    assert replace(linear, at=5.0).entropy_production().value == linear.entropy_production().value
    uneven = replace(linear, input=np.cos(linear.positions))
    left = 0.8 * written_out(linear.kernel, 40.0, 128) @ uneven.state + np.cos(linear.positions) - uneven.state
    assert np.max(np.abs(left)) < 1e-11 and np.ptp(uneven.state) > 1


def test_a_state_near_a_number_is_polished():
    strong = field(2.0, slope=6.0)
    assert strong.about(0.005).state[0] == pytest.approx(0.00509847155, abs=1e-11)
    assert strong.about(1.995).state[0] == pytest.approx(1.99490152845, abs=1e-11)


def test_several_stable_states_are_listed():
    with pytest.raises(InputError, match=r"2 stable .*: 0.00509847 \(stable\); 1 \(grows at 2\); 1.9949 \(stable\)"):
        field(2.0, slope=6.0).entropy_production()


# -- bumps -----------------------------------------------------------------------------------------


def test_a_bump_is_stationary():
    bump = PINNED.stationary_state(GUESS)
    drift = (
        -bump
        + written_out(HAT, 16.0, 64)
        / (1 + np.exp(-5 * (bump - 0.5)))[None] ** 0
        @ (1 / (1 + np.exp(-5 * (bump - 0.5))))
        + 0.1 * np.cos(2 * np.pi * X / 16)
    )
    assert np.max(np.abs(drift)) < 1e-10 and np.ptp(bump) > 1
    assert np.max(np.abs(PINNED.drift(bump[None]))) < 1e-11


def test_a_rough_guess_relaxes_to_it():
    bump = PINNED.stationary_state(GUESS)
    rough = PINNED.stationary_state((np.abs(X - 8) > 5).astype(float))
    assert np.allclose(rough, bump, atol=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_newton_keeps_an_unstable_state_it_starts_at(seed):
    strong = field(2.0, slope=6.0)
    near = 1 + 1e-3 * np.random.default_rng(seed).normal(size=64)
    assert np.allclose(strong.stationary_state(near), 1.0, atol=1e-9)


def test_a_bump_on_a_homogeneous_ring_can_sit_anywhere():
    bump = FREE.stationary_state(np.roll(GUESS, 9))
    assert np.argmax(bump) == 9 and np.max(np.abs(FREE.drift(bump[None]))) < 1e-11
    for question in ("entropy_production", "is_equilibrium", "linearized"):
        with pytest.raises(InputError, match="can sit anywhere; pin it by an input"):
            getattr(FREE.about(bump), question)()


def test_a_sheet_has_bumps_too():
    n, length = 24, 16.0
    wave = np.cos(2 * np.pi * np.arange(n) / n)
    sheet = NeuralField((length, length), (n, n), HAT, gains.logistic(5, 0.5), input=0.1 * wave[:, None] + 0 * wave)
    state = sheet.stationary_state(wave[:, None] + 0 * wave)
    assert np.ptp(state, axis=0).min() > 1 and np.ptp(state, axis=1).max() < 1e-9
    assert np.max(np.abs(sheet.drift(state.reshape(1, -1)))) < 1e-11
    assert sheet.about(state).size == n * n


def test_the_slowest_rate_of_many_places_is_that_of_few():
    """Above and below the size at which it is found without a matrix."""
    rates = []
    for points in (64, 1024):
        x = 16.0 * np.arange(points) / points
        pinned = NeuralField(16.0, points, HAT, gains.logistic(5, 0.5), input=0.1 * np.cos(2 * np.pi * x / 16))
        rates.append(pinned.about(pinned.stationary_state(np.cos(2 * np.pi * x / 16)))._growth[0])
    assert rates[0] == pytest.approx(rates[1], abs=1e-6) and rates[0] < -0.05


# -- the field's own motion ------------------------------------------------------------------------


@pytest.mark.parametrize("boundary", ["periodic", "open"])
def test_drift(boundary):
    kernel, n, length = kernels.gaussian(0.5, 1.0, 0.6), 30, 15.0
    moving = NeuralField(length, n, kernel, gains.tanh(1.5), 2.5, input=0.3, boundary=boundary)
    states = np.random.default_rng(3).normal(size=(5, n))
    if boundary == "periodic":
        coupling = written_out(kernel, length, n)
    else:
        coupling = kernel.function((np.arange(n)[:, None] - np.arange(n)) * 0.5) * 0.5
    expected = (-states + np.tanh(1.5 * states) @ coupling.T + 0.3) / 2.5
    assert np.allclose(moving.drift(states), expected, atol=1e-9)
    single = moving.drift(states.astype(np.float32))
    assert single.dtype == np.float32 and np.allclose(single, expected, atol=1e-5)
    drift, activity = moving.evaluate(states)
    assert np.array_equal(drift, moving.drift(states)) and np.array_equal(activity, np.tanh(1.5 * states))


def test_drift_on_a_sheet_takes_rows():
    sheet = NeuralField(
        (8.0, 10.0), (8, 5), kernels.gaussian(0.5, 0.8, (0.5, 0)), 1.0, input=np.arange(40.0).reshape(8, 5)
    )
    states = np.random.default_rng(4).normal(size=(3, 40))
    expected = -states + states @ sheet.coupling.matrix().T + np.arange(40.0)
    assert np.allclose(sheet.drift(states), expected, atol=1e-12)


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: field(2.0, slope=6.0, at=0.5), "at is not a stationary state: 0.405 of its drift is left"),
        (lambda: FREE.about(GUESS), r"at is not a stationary state: .*field.stationary_state\(guess\)"),
        (lambda: field(1.0, at="unstable"), "at must be 'stable', a number or an array, got 'unstable'"),
        (lambda: field(1.0, at=np.zeros(63)), r"at must have shape \(64,\), got \(63,\)"),
        (lambda: field(1.0, np.zeros(63)), r"input must have shape \(64,\), got \(63,\)"),
        (lambda: PINNED.fixed_points(), "no homogeneous stationary state, for its input differs from place to place"),
        (lambda: PINNED.entropy_production(), "no homogeneous stationary state"),
        (lambda: field(1.0, boundary="open").fixed_points(), "no homogeneous stationary state, for it has ends"),
        (lambda: PINNED.stationary_state(np.zeros(3)), r"guess must have shape \(64,\)"),
        (lambda: NeuralField(40.0, 64, kernels.gaussian(1, 1), 1.0).state, "g J_0 = 1 has no homogeneous state"),
        (
            lambda: NeuralField(16.0, 32, kernels.gaussian(3, 1), gains.threshold_linear(), input=1.0).stationary_state(
                1.0
            ),
            "found no stationary state from this guess",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow|invalid value:RuntimeWarning")
def test_what_is_no_state(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()


def test_a_pattern_that_grows_is_named():
    """The homogeneous state under a pinning input that hardly changes it: unstable, and no single wave is to blame."""
    weak = replace(PINNED, input=1e-3 * np.cos(2 * np.pi * X / 16), kernel=kernels.mexican_hat(3, 1, 2, 2))
    middle = weak.stationary_state(0.5)
    assert np.ptp(middle) < 0.1
    with pytest.raises(InputError, match="the linearized field is unstable: a pattern grows at"):
        weak.about(middle).entropy_production()
