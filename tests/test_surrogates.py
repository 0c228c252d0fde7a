"""Surrogates keep what is free under the null hypothesis, and nothing of the direction of time."""

import numpy as np
import pytest
from scipy.linalg import expm, solve_continuous_lyapunov, sqrtm
from scipy.signal import lfilter

from assertions import assert_within
from neurothermo.core.errors import InputError
from neurothermo.recordings import from_array, from_spikes
from neurothermo.recordings.surrogate_spectrum import symmetric_spectrum
from neurothermo.recordings.surrogates import (
    block_reversal,
    block_reversals,
    blocks,
    p_value_of,
    reversible_spikes,
    symmetrized_spectra,
    symmetrized_spectrum,
)

ROTATING = np.array([[1.0, -0.7], [0.7, 1.0]]), 0.3 * np.eye(2)
REVERSIBLE = np.diag([1.0, 3.0]), np.eye(2)


def langevin(system, rows, seed, step=0.1, trials=1):
    """The exact map of dx = -A x dt + sqrt(2 D) dW, from its stationary law; (trials, rows, n)."""
    relaxation, diffusion = system
    rng = np.random.default_rng(seed)
    covariance = solve_continuous_lyapunov(relaxation, 2 * diffusion)
    move = expm(-relaxation * step)
    root = np.linalg.cholesky(covariance - move @ covariance @ move.T)
    state = rng.normal(size=(trials, len(move))) @ np.linalg.cholesky(covariance).T
    values = np.empty((trials, rows, len(move)))
    for row in range(rows):
        values[:, row] = state
        state = state @ move.T + rng.normal(size=state.shape) @ root.T
    return values


def lagged(recording, lag):
    """<x(t + lag) x(t)'> within segments, about 0."""
    pairs = [(segment[lag:], segment[: len(segment) - lag]) for segment in recording.segments]
    return sum(later.T @ sooner for later, sooner in pairs) / sum(len(later) for later, _ in pairs)


def turning(recording):
    """Antisymmetric: C12(1) - C21(1)."""
    lag = lagged(recording, 1)
    return lag[0, 1] - lag[1, 0]


# -- the p-value -----------------------------------------------------------------------------------


def test_the_recording_counts_as_one_of_its_surrogates():
    assert p_value_of(3.0, [1.0, 2.0, 3.0, 4.0]) == 3 / 5
    assert p_value_of(9.0, np.zeros(19)) == 1 / 20
    assert p_value_of(np.inf, [1.0, np.inf]) == 2 / 3


@pytest.mark.parametrize("bad", [(np.nan, [1.0]), (1.0, [np.nan, 2.0]), (1.0, []), (1.0, [[1.0]])])
def test_a_p_value_needs_numbers(bad):
    with pytest.raises(InputError):
        p_value_of(*bad)


# -- the symmetric spectrum ------------------------------------------------------------------------


def tapered_covariances(values, window, lags):
    """The sum over windows written out lag by lag, symmetrised: no Fourier transform."""
    taper = np.sin(np.pi * (np.arange(window) + 0.5) / window) ** 2
    count = 1 + -(-2 * (len(values) - window) // window)
    total = np.zeros((lags, values.shape[1], values.shape[1]))
    for start in np.rint(np.linspace(0, len(values) - window, count)).astype(int):
        piece = (values[start : start + window] - values.mean(axis=0)) * taper[:, None]
        for lag in range(lags):
            total[lag] += piece[lag:].T @ piece[: window - lag]
    return (total + total.transpose(0, 2, 1)) / 2 / count / np.sum(taper**2)


def of_root(spectrum, lags):
    """Covariances of the process with these frequencies only."""
    squares = spectrum.root @ np.swapaxes(spectrum.root, 1, 2)
    return np.fft.irfft(squares, axis=0)[:lags]


def test_the_spectrum_is_that_of_the_symmetrised_tapered_covariances():
    values = langevin(ROTATING, 3000, seed=1)[0]
    spectrum = symmetric_spectrum([values], 100)
    tapered, have = tapered_covariances(values, 100, 90), of_root(spectrum, 90)
    own = np.cov(values.T, bias=True)
    assert np.allclose(have[0], own, atol=1e-12), "equal times are the sample's own"
    half = np.real(sqrtm(tapered[0]))
    stretch = np.linalg.inv(half) @ np.real(sqrtm(half @ own @ half)) @ np.linalg.inv(half)
    assert np.allclose(stretch @ tapered[0] @ stretch, own) and np.allclose(stretch, np.eye(2), atol=0.1)
    assert np.allclose(have, stretch @ tapered @ stretch, atol=1e-12)


def test_surrogates_have_the_symmetrised_covariances_of_a_rotating_system():
    recording = from_array(langevin(ROTATING, 8000, seed=2)[0], "10 Hz")
    drawn = list(symmetrized_spectra(recording, count=60, seed=5))
    exact = solve_continuous_lyapunov(ROTATING[0], 2 * ROTATING[1])
    for lag in (0, 1, 7):
        values = np.array([lagged(one, lag) for one in drawn])
        own = lagged(recording, lag)
        truth = expm(-0.1 * lag * ROTATING[0]) @ exact
        error = values.std(axis=0, ddof=1) / np.sqrt(60)
        taper = 0.01 + 0.005 * lag  # of the variance: windows, their ends, the mean
        assert np.all(np.abs(values.mean(axis=0) - (own + own.T) / 2) < 4 * error + taper * 0.3)
        assert np.all(np.abs(values.mean(axis=0) - (truth + truth.T) / 2) < 0.05)
    assert_within(*mean_and_error([turning(one) for one in drawn]), 0.0, sigmas=4, resolution=turning(recording) / 4)


def mean_and_error(values):
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))


def test_a_shuffle_would_not_do():
    recording = from_array(langevin(ROTATING, 4000, seed=2)[0], "10 Hz")
    shuffled = np.random.default_rng(0).permutation(recording.segments[0])
    own, lost = lagged(recording, 1), lagged(from_array(shuffled, "10 Hz"), 1)
    drawn = lagged(symmetrized_spectrum(recording, seed=0), 1)
    assert abs(drawn[0, 0] - own[0, 0]) < 0.15 * own[0, 0] < abs(lost[0, 0] - own[0, 0])


def rotation(values):
    """Squared antisymmetry of whitened neighbours: what a test of irreversibility is made of."""
    centred = values - values.mean(axis=0)
    powers, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    white = centred @ (axes / np.sqrt(powers))
    moved = white[1:].T @ white[:-1]
    return (moved[0, 1] - moved[1, 0]) ** 2


def from_periodogram(values, rng):
    """The surrogate that is not used: the real part of the periodogram of the whole."""
    waves = np.fft.rfft(values - values.mean(axis=0), axis=0)
    one, two = rng.normal(size=(2, len(waves), 2)) @ np.array([1, 1j]) / np.sqrt(2)
    return np.fft.irfft((waves * one[:, None] + waves.conj() * two[:, None]) / np.sqrt(2), len(values), axis=0)


def test_the_size_of_the_test_and_why_the_spectrum_is_smoothed():
    """At level 0.1 of 120 reversible recordings: 12 +- 3.3 (4 sigma: 25); the bare periodogram is far off."""
    rng, smooth, bare = np.random.default_rng(3), [], []
    for number, values in enumerate(langevin(REVERSIBLE, 600, seed=4, trials=120)):
        own, spectrum = rotation(values), symmetric_spectrum([values])
        drawn = [rotation(spectrum.draw([600], seed=number, index=index)[0]) for index in range(19)]
        smooth.append(p_value_of(own, drawn) <= 0.1)
        bare.append(p_value_of(own, [rotation(from_periodogram(values, rng)) for _ in range(19)]) <= 0.1)
    assert 1 <= np.sum(smooth) <= 25
    assert np.sum(bare) > 25


def test_a_rotation_is_found():
    recording = from_array(langevin(ROTATING, 2000, seed=6)[0], "10 Hz")
    null = [rotation(one.segments[0]) for one in symmetrized_spectra(recording, count=39, seed=1)]
    assert p_value_of(rotation(recording.segments[0]), null) == 1 / 40


def test_segments_keep_their_lengths_and_do_not_know_each_other():
    values = lfilter([1], [1, -0.95], np.random.default_rng(0).normal(size=(3000, 1)), axis=0)
    recording = from_array([values[:1500], values[1500:]], "1 kHz")
    drawn = list(symmetrized_spectra(recording, count=100, seed=2))
    assert all([len(segment) for segment in one.segments] == [1500, 1500] for one in drawn)
    across = [float(one.segments[0][-1, 0] * one.segments[1][0, 0]) for one in drawn]
    assert_within(*mean_and_error(across), 0.0, sigmas=4)
    assert all(np.array_equal(one.data["time"], recording.data["time"]) for one in drawn[:2])


def test_a_surrogate_is_a_function_of_its_address():
    recording = from_array(langevin(ROTATING, 500, seed=1)[0], "10 Hz")
    third = list(symmetrized_spectra(recording, count=3, seed=9))[2]
    assert np.array_equal(third.segments[0], symmetrized_spectrum(recording, seed=9, index=2).segments[0])
    assert not np.array_equal(third.segments[0], symmetrized_spectrum(recording, seed=8, index=2).segments[0])
    assert "surrogate 2 of seed 9" in third.history[-1]


def test_channels_that_say_the_same_and_a_constant_one_are_no_obstacle():
    values = langevin(ROTATING, 800, seed=1)[0]
    table = np.column_stack([values, values.sum(axis=1), np.full(800, 3.0)])
    drawn = symmetrized_spectrum(from_array(table, "10 Hz"), seed=0).segments[0]
    assert np.allclose(drawn[:, 2], drawn[:, 0] + drawn[:, 1], atol=1e-5) and np.allclose(drawn[:, 3], 3)


def test_bad_input_of_the_spectrum():
    states = from_array(np.arange(40) % 2, "10 Hz")
    with pytest.raises(InputError, match="signals"):
        symmetrized_spectrum(states, seed=0)
    signals = from_array(langevin(ROTATING, 100, seed=1)[0], "10 Hz")
    with pytest.raises(InputError, match="window"):
        symmetrized_spectrum(signals, seed=0, window="30 s")
    with pytest.raises(InputError, match="seed"):
        symmetrized_spectrum(signals, seed=-1)


# -- blocks turned round ---------------------------------------------------------------------------


def test_every_block_is_as_it_was_or_turned_round():
    recording = from_array(langevin(ROTATING, 1000, seed=1)[0], "10 Hz")
    whole, drawn = blocks(recording, block="5 s"), block_reversal(recording, block="5 s", seed=1)
    pairs = list(zip(whole.segments, drawn.segments, strict=True))
    assert len(pairs) == 20 and np.array_equal(np.concatenate(whole.segments), recording.segments[0])
    turned = [np.array_equal(now, was[::-1]) for was, now in pairs]
    assert all(back != np.array_equal(now, was) for back, (was, now) in zip(turned, pairs, strict=True))
    assert 0 < sum(turned) < 20


def test_it_kills_the_lagged_antisymmetry_and_nothing_else():
    recording = from_array(langevin(ROTATING, 6000, seed=7)[0], "10 Hz")
    drawn = [block_reversal(recording, block="10 s", seed=3, index=index) for index in range(100)]
    own = blocks(recording, block="10 s")
    assert_within(*mean_and_error([turning(one) for one in drawn]), 0.0, sigmas=4, resolution=abs(turning(own)) / 2)
    assert abs(turning(own)) > 5 * np.std([turning(one) for one in drawn])
    same, symmetric = lagged(own, 1), lagged(drawn[0], 1)
    assert np.allclose(np.diag(same), np.diag(symmetric)) and np.isclose(same.sum(), symmetric.sum())


def ring(rows, forward, seed):
    """A walk on three states, a step forward with this probability, else backward; one in four stays."""
    rng = np.random.default_rng(seed)
    steps = np.where(rng.random(rows) < 0.25, 0, np.where(rng.random(rows) < forward, 1, -1))
    return np.cumsum(steps) % 3


def flux(recording):
    steps = np.concatenate([np.diff(segment[:, 0]) % 3 for segment in recording.segments])
    return abs(int(np.sum(steps == 1)) - int(np.sum(steps == 2)))


def test_size_and_power_on_a_ring():
    """At level 0.1 of 40 balanced walks: 4 +- 1.9 (4 sigma: 11); of 5 driven ones all."""

    def p_value(forward, seed):
        recording = from_array(ring(600, forward, seed), "1 Hz")
        own = flux(blocks(recording, block="20 s"))
        return p_value_of(own, [flux(one) for one in block_reversals(recording, block="20 s", count=19, seed=seed)])

    assert 1 <= sum(p_value(0.5, seed) <= 0.1 for seed in range(40)) <= 11
    assert all(p_value(0.7, seed) <= 0.1 for seed in range(5))


def refractory_trains(seed, seconds=100.0, dead=0.02):
    rng = np.random.default_rng(seed)
    return [np.cumsum(dead + rng.exponential(0.04, 3000)) for _ in range(3)], (0.0, seconds)


def shortest(recording):
    """The shortest interspike interval within a stretch, of each unit."""
    starts = recording.support[:, 0]
    found = []
    for train in recording.trains:
        same = np.diff(np.searchsorted(starts, train, side="right")) == 0
        found.append(np.min(np.diff(train)[same]))
    return np.array(found)


def test_spikes_keep_rates_intervals_and_refractoriness():
    trains, support = refractory_trains(0)
    recording = from_spikes(trains, support=support, properties={"quality": ["a", "b", "c"]})
    drawn = reversible_spikes(recording, seed=4, block="2 s")
    assert np.array_equal(drawn.rates, recording.rates) and drawn.duration == pytest.approx(100)
    assert np.all(shortest(drawn) >= 0.02 - 1e-9)
    assert np.array_equal(drawn.data["quality"], recording.data["quality"])
    both = drawn.bin("10 ms"), blocks(recording, block="2 s").bin("10 ms")
    together = [np.corrcoef(np.concatenate(one.segments).T)[0, 1] for one in both]
    assert abs(together[0] - together[1]) < 0.02
    joined = from_spikes([np.sort(train) for train in drawn.trains], support=support)
    assert np.any(shortest(joined) < 0.02), "across the cuts refractoriness is broken: so nothing crosses them"
    shuffled = from_spikes([np.random.default_rng(1).uniform(0, 100, len(train)) for train in trains], support=support)
    assert np.all(shortest(shuffled) < 0.001)


def test_spikes_turned_round_are_the_bins_turned_round():
    trains, support = refractory_trains(1)
    recording = from_spikes(trains, support=support)
    drawn = reversible_spikes(recording, seed=4, block="2 s").bin("100 ms", binary=False)
    own = blocks(recording, block="2 s").bin("100 ms", binary=False)
    back = [np.array_equal(now, was[::-1]) for was, now in zip(own.segments, drawn.segments, strict=True)]
    same = [np.array_equal(now, was) for was, now in zip(own.segments, drawn.segments, strict=True)]
    assert all(one != other for one, other in zip(back, same, strict=True)) and 10 < sum(back) < 40


def test_a_fixed_delay_is_lost_in_spikes():
    """Unit 1 follows unit 0 by 3 ms: after reversal it leads as often."""
    first = np.sort(np.random.default_rng(2).uniform(0, 200, 2000))
    recording = from_spikes([first, first + 0.003], support=(0, 201))

    def lead(one):
        counts = [segment.astype(float) for segment in one.bin("3 ms").segments]
        return sum(np.sum(c[1:, 1] * c[:-1, 0]) - np.sum(c[1:, 0] * c[:-1, 1]) for c in counts)

    drawn = [lead(reversible_spikes(recording, seed=1, index=index, block="2 s")) for index in range(30)]
    assert lead(recording) > 10 * np.std(drawn)
    assert_within(*mean_and_error(drawn), 0.0, sigmas=4)


def test_surrogates_one_by_one_are_those_of_the_row():
    recording = from_array(langevin(ROTATING, 500, seed=1)[0], "10 Hz")
    third = list(block_reversals(recording, count=3, seed=9))[2]
    alone = block_reversal(recording, seed=9, index=2)
    assert all(np.array_equal(one, other) for one, other in zip(third.segments, alone.segments, strict=True))


def test_default_blocks_hold_many_correlation_times():
    recording = from_array(langevin(ROTATING, 20000, seed=3)[0], "10 Hz")
    drawn = block_reversal(recording, seed=0)
    assert 10 < drawn.duration / len(drawn.segments) < 40  # the correlation time is 1 s


def test_bad_input_of_blocks():
    recording = from_array(langevin(ROTATING, 100, seed=1)[0], "10 Hz")
    with pytest.raises(InputError, match="at least 8 times"):
        block_reversal(recording, block="2 s", seed=0)
    with pytest.raises(InputError, match="two samples"):
        block_reversal(recording, block="50 ms", seed=0)
    with pytest.raises(InputError, match="spikes"):
        reversible_spikes(recording, seed=0)
    with pytest.raises(InputError, match="unit"):
        block_reversal(recording, block="2", seed=0)
