"""Blocks and trials drawn again, and values at endless data."""

import numpy as np
import pytest
from scipy.signal import lfilter

from neurothermo.core.errors import InputError
from neurothermo.irreversibility.extrapolation import extrapolated
from neurothermo.recordings import from_array, from_spikes
from neurothermo.recordings.correlation import autocorrelations, correlation_times
from neurothermo.recordings.resampled import (
    block_bootstrap,
    block_pieces,
    bootstrapped,
    multiplicities,
    trial_bootstrap,
)


def memory(rows, decay, seed, channels=1):
    noise = np.random.default_rng(seed).normal(size=(rows + 500, channels)) * np.sqrt(1 - decay**2)
    return lfilter([1], [1, -decay], noise, axis=0)[500:]


def mean(segments):
    return float(np.mean(np.concatenate(segments)))


# -- correlation times -----------------------------------------------------------------------------


@pytest.mark.parametrize("decay", [0.0, 0.8, 0.95])
def test_correlation_times_of_an_exponential(decay):
    segments = [memory(20_000, decay, 1), memory(10_000, decay, 2)]
    time = (1 + decay) / (1 - decay)
    sigma = np.sqrt(2 * (10 * time + 1) / 30_000)  # relative, of sums over a window of five times themselves
    assert correlation_times(segments, 1)[0] == pytest.approx(time, rel=3 * sigma)
    assert correlation_times(segments, 2)[0] == pytest.approx((1 + decay**2) / (1 - decay**2), rel=0.15)


def test_autocorrelations_stop_at_the_ends_of_segments():
    segments = [memory(300, 0.9, 1), memory(200, 0.9, 2)]
    centred = [segment - np.mean(np.concatenate(segments)) for segment in segments]
    want = [
        sum(float(np.sum(one[lag:] * one[: len(one) - lag])) for one in centred) / (500 - 2 * lag) for lag in range(20)
    ]
    assert np.allclose(autocorrelations(segments, 20)[:, 0], np.array(want) / want[0])


def test_an_oscillation_remembers_for_longer_than_its_correlations_add_up_to():
    angle, damping = 2 * np.pi / 20, 0.99
    noise = np.random.default_rng(0).normal(size=(50_000, 1))
    values = lfilter([1], [1, -2 * damping * np.cos(angle), damping**2], noise, axis=0)
    assert correlation_times([values], 2)[0] > 20 > 5 > correlation_times([values], 1)[0]


# -- the bootstrap ---------------------------------------------------------------------------------


def test_blocks_are_the_recording_and_what_is_drawn_are_blocks():
    recording = from_array(memory(2000, 0.8, 1).reshape(2, 1000, 1), 100.0)
    pieces = block_pieces(recording, block="1 s")
    assert len(pieces) == 20 and np.array_equal(np.concatenate(pieces), np.concatenate(recording.segments))
    drawn = block_bootstrap(recording, block="1 s", seed=2, index=3)
    assert all(any(np.array_equal(one, piece) for piece in pieces) for one in drawn) and len(drawn) == 20
    again = block_bootstrap(recording, block="1 s", seed=2, index=3)
    assert all(np.array_equal(one, other) for one, other in zip(drawn, again, strict=True))
    counts = multiplicities(20, seed=2, index=3)
    assert mean(drawn) == pytest.approx(np.average([mean([piece]) for piece in pieces], weights=counts))


def test_the_error_of_a_mean_knows_memory():
    """Of AR(1) the standard error of a mean is sqrt((1 + a)/(1 - a) / n); single rows would give a quarter of it."""
    recording = from_array(memory(20_000, 0.9, 3), 100.0)
    exact = np.sqrt(19 / 20_000)
    found = bootstrapped(mean, recording, resamples=300, seed=1, how="percentile")
    assert found.stderr == pytest.approx(exact, rel=0.25)
    rows = bootstrapped(mean, recording, block=0.02, resamples=50, seed=1, how="percentile")
    assert rows.stderr < 0.6 * exact


@pytest.mark.parametrize("how", ["bca", "percentile"])
def test_intervals_cover(how):
    """Nominal 90 % of the mean, 60 recordings: 54 +- 2.3 (4 sigma below: 44)."""
    hits = 0
    for seed in range(60):
        recording = from_array(memory(1500, 0.5, seed), 100.0)
        found = bootstrapped(mean, recording, resamples=80, confidence=0.9, seed=seed, how=how)
        hits += found.interval[0] < 0 < found.interval[1]
    assert 44 <= hits <= 59


def test_trials_are_drawn_whole():
    recording = from_array(np.random.default_rng(0).normal(size=(12, 40, 2)) + np.arange(12)[:, None, None], 100.0)
    drawn = trial_bootstrap(recording, seed=5)
    assert len(drawn) == 12 and all(len(one) == 40 for one in drawn)
    found = bootstrapped(mean, recording, trials=True, resamples=400, seed=1)
    assert found.stderr == pytest.approx(np.std(np.arange(12)) / np.sqrt(12), rel=0.2)


def test_bad_input_of_the_bootstrap():
    recording = from_array(memory(500, 0.5, 1), 100.0)
    with pytest.raises(InputError, match="segments"):
        trial_bootstrap(recording, seed=1)
    with pytest.raises(InputError, match="bin"):
        block_bootstrap(from_spikes([np.arange(50.0)]), seed=1)
    with pytest.raises(InputError, match="finite"):
        bootstrapped(lambda _: np.nan, recording)
    with pytest.raises(InputError, match="how"):
        bootstrapped(mean, recording, how="bcca")
    with pytest.raises(InputError, match="index"):
        block_bootstrap(recording, seed=1, index=-1)


# -- endless data ----------------------------------------------------------------------------------


def plug_in_entropy(segments):
    counts = np.bincount(np.concatenate(segments)[:, 0])
    shares = counts[counts > 0] / counts.sum()
    return float(-np.sum(shares * np.log(shares)))


def test_the_bias_of_a_plug_in_entropy_goes():
    """32 equal words, 512 samples: the bias is -31/1024 = -0.03, ten times what is left of it."""
    found = [
        extrapolated(plug_in_entropy, [np.random.default_rng(seed).integers(0, 32, (512, 1))]) for seed in range(100)
    ]
    raw, value = (np.mean([getattr(one, name) for one in found]) - np.log(32) for name in ("raw", "value"))
    assert raw == pytest.approx(-31 / 1024, rel=0.1) and abs(value) < 0.004
    assert np.mean([one.slope for one in found]) == pytest.approx(-31 / 2, rel=0.15)


def test_its_standard_error_is_its_scatter():
    law = np.array([0.5, 0.25, 0.15, 0.1])
    found = [
        extrapolated(plug_in_entropy, [np.random.default_rng(seed).choice(4, (800, 1), p=law)]) for seed in range(120)
    ]
    scatter = np.std([one.value for one in found])
    assert np.sqrt(np.mean([one.stderr**2 for one in found])) == pytest.approx(scatter, rel=0.3)


def test_a_drift_does_not_pass_for_a_bias():
    """A linear statistic has no bias, however its mean moves."""
    values = np.random.default_rng(0).normal(size=(6400, 1)) * 0.01 + np.linspace(0, 1, 6400)[:, None]
    found = extrapolated(mean, [values])
    assert found.value == pytest.approx(found.raw, abs=1e-6) and abs(found.slope / 6400) < 1e-6


def test_second_order_is_exact_for_a_parabola_and_first_is_not():
    values = [np.zeros((6400, 1))]

    def biased(segments):
        share = 100 / sum(len(segment) for segment in segments)
        return 1 + 2 * share + 3 * share**2

    exact = extrapolated(biased, values, order=2)
    assert exact.value == pytest.approx(1, abs=1e-9) and exact.stderr == pytest.approx(0, abs=1e-9)
    assert abs(extrapolated(biased, values).value - 1) > 1e-4


def test_bad_input_of_the_extrapolation():
    values = [np.random.default_rng(0).integers(0, 4, (640, 1))]
    for arguments, match in [({"parts": (1, 1, 2)}, "ascend"), ({"order": 3}, "order"), ({"blocks": 9}, "blocks")]:
        with pytest.raises(InputError, match=match):
            extrapolated(plug_in_entropy, values, **arguments)
    with pytest.raises(InputError, match="rows"):
        extrapolated(plug_in_entropy, [values[0][:50]])
    with pytest.raises(InputError, match="finite"):
        extrapolated(lambda segments: np.inf, values)
