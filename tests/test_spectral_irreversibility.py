"""Entropy production from cross-spectra: exact spectra of processes with and without memory, chance, shares, input."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import expm, solve_continuous_lyapunov
from scipy.signal import lfilter

from assertions import assert_within, mean_within
from neurothermo import InputError
from neurothermo.irreversibility.answer import answer
from neurothermo.irreversibility.attributing import attribution as shares_of
from neurothermo.irreversibility.attributing import gated
from neurothermo.irreversibility.cross_spectrum import attribution, cost, obstacle, spectral
from neurothermo.irreversibility.cross_spectrum_density import production_spectrum
from neurothermo.irreversibility.cross_spectrum_fit import (
    CrossSpectrum,
    chance,
    cross_spectrum,
    overlap,
    production_of,
    sine_tapers,
)
from neurothermo.processes import LinearLangevin
from neurothermo.recordings import block_reversal, from_array, from_spikes
from neurothermo.recordings.surrogates import blocks

RATE = 5.0


def chain(n):
    return 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)


def two_temperatures(n, hot=10.0):
    return np.diag(np.linspace(hot, 1, n))


def exact_map(relaxation, diffusion, dt=1 / RATE):
    covariance = solve_continuous_lyapunov(relaxation, 2 * diffusion)
    step = expm(-relaxation * dt)
    return step, covariance - step @ covariance @ step.T


def paths(step, noise, rows, count=1, seed=0):
    """Samples of x' = P x + noise after a start that is forgotten, shape (count, rows, d)."""
    rng, start = np.random.default_rng(seed), 300
    kicks = rng.standard_normal((rows + start, count, len(step))) @ np.linalg.cholesky(noise).T
    for before, after in pairwise(kicks):
        after += before @ step.T
    return np.moveaxis(kicks[start:], 0, 1)


def exact_density(step, noise, frequencies, kept=slice(None)):
    """h(f) of an autoregression of which some channels are seen."""
    response = np.linalg.inv(np.eye(len(step)) - step * np.exp(-2j * np.pi * frequencies)[:, None, None])
    spectrum = (response @ noise @ response.conj().swapaxes(1, 2))[:, kept, kept]
    both = np.linalg.inv(spectrum.conj()) @ spectrum
    return np.trace(both, axis1=1, axis2=2).real - spectrum.shape[-1]


def exact_production(step, noise, kept=slice(None), points=20_000):
    frequencies = (np.arange(points) + 0.5) / (2 * points)
    return exact_density(step, noise, frequencies, kept).mean() / 2


@cache
def driven():
    return from_array(paths(*exact_map(chain(3), two_temperatures(3)), 20_000)[0], sampling_rate=RATE)


# -- the formula ------------------------------------------------------------------------------------


def test_without_memory_it_is_the_divergence_at_one_lag():
    process = LinearLangevin(chain(3), two_temperatures(3))
    lag = process.coarse_grained_entropy_production(0.2).value * 0.2
    assert abs(exact_production(*exact_map(chain(3), two_temperatures(3))) / lag - 1) < 1e-9


def test_what_is_hidden_takes_some_of_it_away():
    step, noise = exact_map(chain(3), two_temperatures(3))
    assert 0 < exact_production(step, noise, slice(0, 2)) < 0.9 * exact_production(step, noise)


# -- estimates --------------------------------------------------------------------------------------


def test_a_linear_process_is_measured():
    found = spectral(driven())
    assert_within(
        found.value, found.stderr, exact_production(*exact_map(chain(3), two_temperatures(3))), resolution=0.1
    )
    assert found.units == "nats per sample" and found.kind == "estimate" and found.p_value == 1 / 2000
    assert spectral(driven(), null="analytic").p_value < 1e-6
    assert found.interval[0] > 0 and found.per_second.value == pytest.approx(RATE * found.value)
    details = found.details
    assert details["windows"] * details["window"] * RATE <= 20_000 and details["tapers"] == 4
    assert details["bandwidth"] == pytest.approx(2.5 / details["window"])
    assert details["value_at_half_window"] == pytest.approx(found.value, abs=2 * found.stderr)


def test_hidden_channels_are_no_obstacle():
    step, noise = exact_map(chain(3), two_temperatures(3))
    rows = paths(step, noise, 40_000, seed=1)[0][:, :2]
    found = spectral(from_array(rows, sampling_rate=RATE))
    assert_within(found.value, found.stderr, exact_production(step, noise, slice(0, 2)), resolution=0.05)


def test_an_autoregression_of_second_order_is_measured():
    """As a first-order one of twice the channels, of which half are seen."""
    one, two = np.array([[0.5, 0.4], [-0.3, 0.4]]), np.array([[-0.2, 0.0], [0.1, -0.3]])
    step = np.block([[one, two], [np.eye(2), np.zeros((2, 2))]])
    noise = np.diag([1.0, 2.0, 1e-18, 1e-18])
    found = spectral(from_array(paths(step, noise, 40_000, seed=2)[0][:, :2], sampling_rate=1.0))
    assert_within(found.value, found.stderr, exact_production(step, noise, slice(0, 2)), resolution=0.1)


def test_a_delay_is_seen_although_it_hides_in_single_steps():
    """x drives y three samples later: at one lag nothing but a weak correlation."""
    rng = np.random.default_rng(3)
    x = lfilter([1], [1, -0.6], rng.standard_normal(20_003))
    y = np.concatenate([np.zeros(3), 0.8 * x[:-3]]) + rng.standard_normal(20_003)
    rows = np.column_stack([x, y])[3:]
    found = spectral(from_array(rows, sampling_rate=1.0))
    f = (np.arange(20_000) + 0.5) / 40_000
    power = 1 / np.abs(1 - 0.6 * np.exp(-2j * np.pi * f)) ** 2
    cross = 0.8 * power * np.exp(2j * np.pi * 3 * f)
    exact = np.mean(4 * cross.imag**2 / (power * (0.64 * power + 1) - np.abs(cross) ** 2)) / 2
    assert_within(found.value, found.stderr, exact, resolution=0.2)


def test_units_and_the_direction_of_time_do_not_matter_and_order_does():
    rows = driven().segments[0]
    found = spectral(driven())
    other = spectral(from_array(rows * [1e-6, 1, 1e6] + [0, 5, -1e7], sampling_rate=RATE))
    assert other.value == pytest.approx(found.value, rel=1e-6)
    assert spectral(from_array(rows[::-1], sampling_rate=RATE)).value == pytest.approx(found.value, rel=0.05)
    order = np.random.default_rng(0).permutation(len(rows))
    still = spectral(from_array(rows[order], sampling_rate=RATE))
    assert still.p_value > 1e-3 and abs(still.value) < 4 * still.stderr


# -- chance -----------------------------------------------------------------------------------------


@cache
def wisharts(scale=0.0, count=3000):
    """Spectra of three channels, 12 groups of 5 degrees of freedom, with imaginary parts of one strength."""
    rng, size = np.random.default_rng(4), 3
    true = np.eye(size) + 1j * scale * (np.eye(size, k=1) - np.eye(size, k=-1))
    factor = np.linalg.cholesky(true)
    draws = rng.standard_normal((12, count, 5, size, 2)) @ np.array([1, 1j]) / np.sqrt(2)
    draws = draws @ factor.T
    sums = draws.swapaxes(-1, -2) @ draws.conj()
    exact = np.trace(np.linalg.inv(true.conj()) @ true).real - size
    return CrossSpectrum(2 * count + 2, 1, sums, np.full(12, 5.0), 1.0), exact


@pytest.mark.parametrize("scale", [0.0, 0.2, 0.4])
def test_the_estimate_of_the_density_is_unbiased(scale):
    spectrum, exact = wisharts(scale)
    mean_within(production_of(spectrum).density, exact, sigmas=4, resolution=0.1)


def test_the_plain_estimate_is_not():
    spectrum, _ = wisharts()
    mean = spectrum.mean
    plain = np.trace(np.linalg.inv(mean.conj()) @ mean, axis1=1, axis2=2).real - 3
    with pytest.raises(AssertionError):
        mean_within(plain, 0.0, sigmas=4)


def test_what_chance_gives_is_what_it_is_said_to_give():
    spectrum, _ = wisharts()
    law = chance(spectrum)
    each = production_of(spectrum).density / spectrum.window
    assert law.variance / 3000 == pytest.approx(each.var(), rel=0.15)
    assert law.spread_at(0.0, law.variance) == pytest.approx(law.spread)
    kappa = law.spread_at(0.5, 3.0)
    assert 2 * kappa**2 * law.freedom + 4 * kappa * 0.5 == pytest.approx(3.0)


@pytest.mark.parametrize("tapers", [1, 4])
def test_neighbouring_frequencies_share_as_much_as_is_said(tapers):
    shapes = sine_tapers(64, tapers)
    assert np.allclose(shapes @ shapes.T, np.eye(tapers))
    rng = np.random.default_rng(5)
    spectra = [cross_spectrum([rng.standard_normal((64 * 24, 2))], 64, tapers) for _ in range(200)]
    values = np.array([production_of(spectrum).value for spectrum in spectra])
    mean_within(values, 0.0)
    assert spectra[0].overlap == overlap(shapes) > 1
    assert chance(spectra[0]).variance == pytest.approx(values.var(), rel=0.4)  # 4 sigma of a variance of 200
    if tapers == 4:  # and not what independent frequencies would give
        assert chance(spectra[0]).variance > 1.7 * values.var() / spectra[0].overlap


@cache
def repeats(hot):
    data = paths(*exact_map(chain(2), two_temperatures(2, hot)), 3000, count=100, seed=int(10 * hot))
    found = [spectral(from_array(part, sampling_rate=RATE)) for part in data]
    return np.array([(one.value, one.stderr, *one.interval, one.p_value) for one in found])


@pytest.mark.parametrize("hot", [1.0, 3.0])
def test_the_interval_covers(hot):
    exact = exact_production(*exact_map(chain(2), two_temperatures(2, hot))) if hot > 1 else 0.0
    value, _, low, high, _ = repeats(hot).T
    mean_within(value, exact, sigmas=4)
    assert np.mean((low <= exact) & (exact <= high)) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 100)


def test_size_and_power():
    p_values = repeats(1.0)[:, 4]
    assert np.mean(p_values < 0.05) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 100)
    assert stats.kstest(p_values, "uniform").pvalue > 1e-3
    assert np.mean(repeats(3.0)[:, 4] < 0.05) > 0.9


def sparse_counts(rows, size, seed):
    """Spikes or none, of rates that share a reversible drive and drift each their own way."""
    rng = np.random.default_rng(seed)
    shared = lfilter([1], [1, -0.9], 0.436 * rng.standard_normal(rows))
    drift = np.linspace(-1, 1, rows)[:, None] * rng.normal(0, 0.7, size)
    rates = 0.08 * np.exp(0.4 * shared[:, None] * rng.standard_normal(size) + drift - 0.4)
    return (rng.random((rows, size)) < rates).astype(int)


def test_few_spikes_and_drift_keep_the_size_of_the_test():
    found = [spectral(from_array(sparse_counts(2500, 8, seed), sampling_rate=50.0)) for seed in range(60)]
    assert np.mean([one.p_value < 0.1 for one in found]) < 0.1 + 4 * np.sqrt(0.1 * 0.9 / 60)
    assert np.mean([one.interval[0] <= 0 <= one.interval[1] for one in found]) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 60)


def test_blocks_turned_round_take_the_arrow_away():
    """As seen by the test itself; and the negative control, the same blocks as they were."""
    turned = [block_reversal(driven(), block=100.0, seed=seed) for seed in range(8)]
    assert min(spectral(one, window=50.0).p_value for one in turned) > 0.05 / 8 / 2
    assert spectral(blocks(driven(), block=100.0), window=50.0).p_value == 1 / 2000


def test_the_interval_goes_down_to_zero_where_the_test_does_not_exclude_it():
    """One burst of a driven pair: one group of windows is no evidence, whatever it adds to the mean."""
    rows = np.random.default_rng(11).standard_normal((6000, 2))
    turn = np.exp(0.5j * np.arange(120))
    rows[3000:3120] += 8 * np.column_stack([turn.real, turn.imag])
    found = spectral(from_array(rows, sampling_rate=1.0))
    assert found.p_value > 0.05 and found.interval[0] <= 0
    assert spectral(from_array(rows, sampling_rate=1.0), null="analytic").p_value < 1e-6


def test_a_unit_sorted_twice_is_refused():
    """All but three samples alike: the spectrum of the difference would be that of three, and its inverse huge."""
    counts = sparse_counts(4000, 3, 1)
    copy = counts[:, 1].copy()
    copy[[500, 1500, 2500]] ^= 1
    doubled = from_array(np.column_stack([counts, copy]), sampling_rate=50.0)
    assert "3 of 4000 samples tell channel" in obstacle(doubled) and "leave one of the two out" in obstacle(doubled)
    with pytest.raises(InputError, match="sorted twice"):
        spectral(doubled)
    copy[np.random.default_rng(2).choice(4000, 60, replace=False)] ^= 1
    assert obstacle(from_array(np.column_stack([counts, copy]), sampling_rate=50.0)) is None


def test_surrogates_agree_with_the_analytic_null():
    still = from_array(paths(*exact_map(chain(2), np.eye(2)), 2000, seed=6)[0], sampling_rate=RATE)
    assert spectral(still, null="surrogate", surrogates=39, seed=1).p_value > 0.025
    short = from_array(driven().segments[0][:4000], sampling_rate=RATE)
    assert spectral(short, null="surrogate", surrogates=39, seed=1).p_value == 1 / 40


# -- where and who ----------------------------------------------------------------------------------


def test_its_density_integrates_to_the_value_and_follows_the_exact_one():
    whole, found = spectral(driven()), production_spectrum(driven(), bands=10)
    width = RATE / 2 / 10
    assert float(found.value.sum()) * width == pytest.approx(RATE * whole.value, rel=0.05)
    edges = np.linspace(0, 0.5, 11)
    step, noise = exact_map(chain(3), two_temperatures(3))
    for band, (start, stop) in enumerate(pairwise(edges)):
        exact = exact_density(step, noise, np.linspace(start, stop, 200)).mean()
        assert_within(float(found.value[band]), float(found.stderr[band]), exact, sigmas=4.5)
    assert np.all(found.low <= np.maximum(found.value, 0)) and np.all(found.value <= found.high)
    assert found.attrs["units"] == "nats per second per hertz"


def test_shares_sum_to_the_value():
    whole, found = spectral(driven()), attribution(driven())
    assert float(found.by_pair.sum()) == pytest.approx(whole.value) == found.attrs["total"]
    assert float(found.by_channel.sum()) == pytest.approx(whole.value)
    assert np.allclose(found.by_pair, found.by_pair.T) and np.all(np.diag(found.by_pair) == 0)
    assert found.by_pair_q[0, 1] < 0.01 and np.isnan(found.by_pair_p[0, 0])


def test_independent_channels_beside_a_driven_pair_get_no_share():
    pair = paths(*exact_map(chain(2), two_temperatures(2)), 10_000, seed=7)[0]
    rest = paths(*exact_map(np.eye(2), np.eye(2)), 10_000, seed=8)[0]
    found = attribution(from_array(np.hstack([pair, rest]), sampling_rate=RATE, channels=["a", "b", "c", "d"]))
    assert found.by_pair_q.sel(channel="a", partner="b") < 1e-6
    for one, two in (("a", "c"), ("b", "d"), ("c", "d")):
        share, error = (float(found[name].sel(channel=one, partner=two)) for name in ("by_pair", "by_pair_stderr"))
        assert abs(share) < 4 * error and found.by_pair_p.sel(channel=one, partner=two) > 1e-3


def test_p_values_of_pairs_have_their_size():
    rng, hits = np.random.default_rng(9), []
    mix = np.array([[1, 0.8, 0.3], [0, 1, 0.5], [0, 0, 1]])
    for _ in range(40):
        spectrum = from_array(rng.standard_normal((1500, 3)) @ mix, sampling_rate=1.0)
        found = attribution(spectrum).by_pair_p.values
        hits.extend(found[np.triu_indices(3, 1)])
    assert np.mean(np.array(hits) < 0.05) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 120)
    assert stats.kstest(hits, "uniform").pvalue > 1e-3


def test_shares_of_a_total_that_is_no_finding_are_not_marked():
    still = from_array(sparse_counts(2000, 3, 4), sampling_rate=50.0)
    whole, found = spectral(still), shares_of(still, "spectral")
    assert whole.p_value > 0.05 and found.attrs["total_p"] == whole.p_value
    assert found.by_channel_q.min() >= whole.p_value and np.nanmin(found.by_pair_q) >= whole.p_value
    low = attribution(driven())
    kept = gated(low, spectral(driven()))
    assert kept.by_channel_q.max() <= 0.05 and kept.by_channel.equals(low.by_channel)
    refused = gated(low, replace(spectral(driven()), interval=(0.0, 1.0)))  # negative control: the same shares
    assert refused.by_channel_q.min() == 1 and np.all(np.isnan(np.diag(refused.by_pair_q)))


def test_an_interval_below_zero_says_that_it_says_nothing():
    below = answer(driven(), -0.3, interval=(-0.4, -0.2), stderr=0.05)
    assert any("says nothing" in sentence for sentence in below.diagnostics)
    for interval in ((-0.4, 0.2), (0.1, 0.2)):
        assert not any("says nothing" in said for said in answer(driven(), 0.1, interval=interval).diagnostics)


# -- sentences and bad input --------------------------------------------------------------------------


def test_windows_that_are_too_short_are_noticed():
    slow = from_array(paths(*exact_map(chain(2), two_temperatures(2), 0.02), 4000, seed=10)[0], sampling_rate=50.0)
    assert any("correlation times" in sentence for sentence in spectral(slow).diagnostics)
    blurred = spectral(driven(), window=32 / RATE)
    assert any("half as long" in sentence for sentence in blurred.diagnostics)
    assert blurred.value < exact_production(*exact_map(chain(3), two_temperatures(3)))


def test_windows_do_not_cross_gaps():
    rows = driven().segments[0][:6000]
    broken = np.insert(rows, 3000, np.nan, axis=0)
    found = spectral(from_array(broken, sampling_rate=RATE), window=200 / RATE)
    assert found.value == pytest.approx(spectral(from_array(rows, sampling_rate=RATE), window=200 / RATE).value)


def test_obstacles_are_what_is_raised():
    rows = np.random.default_rng(0).standard_normal((2000, 2))
    wrong = [
        (from_spikes([0.1, 0.2, 0.5], [0, 1, 0]), "bin them"),
        (from_array(rows[:, :1], sampling_rate=1.0), "One channel"),
        (from_array(np.column_stack([rows, np.ones(2000)]), sampling_rate=1.0), "Channel 2 is constant"),
        (from_array(np.column_stack([rows, rows.sum(axis=1)]), sampling_rate=1.0), "linear combinations"),
        (from_array(rows[:150], sampling_rate=1.0), "do not hold enough windows"),
    ]
    for recording, words in wrong:
        assert words in obstacle(recording)
        for method in (spectral, attribution, production_spectrum):
            with pytest.raises(InputError, match=words):
                method(recording)
    assert obstacle(driven()) is None and 0 < cost(driven()) < 5


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"confidence": 0.0}, "confidence"),
        ({"window": 1e6}, "window"),
        ({"window": 0.1}, "window"),
        ({"tapers": 0}, "tapers"),
        ({"tapers": 100}, "window"),
        ({"null": "shuffle"}, "null"),
        ({"surrogates": 3}, "surrogates"),
        ({"seed": -1}, "seed"),
    ],
)
def test_wrong_options_are_named(options, named):
    with pytest.raises(InputError, match=named):
        spectral(driven(), **options)
