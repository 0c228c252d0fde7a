"""Choosing, cleaning and stationarity of recordings."""

import numpy as np
import pytest
from scipy.signal import lfilter

from neurothermo.core.errors import InputError
from neurothermo.recordings import from_array, from_spikes
from neurothermo.recordings.cleaning import components, detrend, resample, standardize

RNG = np.random.default_rng(0)


def signals(rows=400, channels=("WM", "LFP1", "LFP2"), rate=100.0, seed=0):
    values = np.random.default_rng(seed).normal(size=(rows, len(channels)))
    return from_array(values, rate, channels=channels)


def spikes():
    trains = [np.arange(0.05, 100, 0.1), np.arange(0.5, 100, 1.0), np.sort(np.append(np.arange(0.5, 100, 2), 50.501))]
    return from_spikes(trains, support=[(0, 100)], properties={"location": ["adn", "ca1", "adn"], "depth": [1, 2, 2]})


def memory(rows, decay, seed, channels=1):
    """AR(1) of variance 1, from its stationary law but for a forgotten start."""
    noise = np.random.default_rng(seed).normal(size=(rows + 500, channels)) * np.sqrt(1 - decay**2)
    return lfilter([1], [1, -decay], noise, axis=0)[500:]


# -- choosing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "conditions", "names"),
    [
        ((), {"location": "adn"}, ("0", "2")),
        ((), {"location": ["ca1", "a*"]}, ("0", "1", "2")),
        ((), {"location": "a*", "depth": 2}, ("2",)),
        ((["2", "0"],), {}, ("0", "2")),
        ((1,), {}, ("1",)),
        ((), {"exclude": ["[01]"]}, ("2",)),
        ((), {"minimum_rate": 0.9}, ("0", "1")),
        ((), {"maximum_rate": 5}, ("1", "2")),
        ((), {"refractory": "2 ms"}, ("0", "1")),
        ((), {"refractory": "2 ms", "violations": 0.1}, ("0", "1", "2")),
    ],
)
def test_units_are_chosen(arguments, conditions, names):
    recording = spikes()
    some = recording.select(*arguments, **conditions)
    assert some.names == names
    for name, train in zip(some.names, some.trains, strict=True):
        assert np.array_equal(train, recording.trains[int(name)])
    assert f"{len(names)} of 3" in some.history[-1] or "all 3" in some.history[-1]


def test_the_history_says_what_was_dropped_and_why():
    said = spikes().select(location="adn", minimum_rate=5).history[-1]
    assert said == ("1 of 3 units kept; dropped: 1 (location is not 'adn'); 2 (a rate outside 5 to inf per second)")


def test_intervals_across_a_gap_are_no_violations():
    train = np.concatenate([np.arange(0.5, 50, 1), np.arange(50.0005, 100, 1)])
    train[49] = 49.9999
    gap = from_spikes([train, train], support=[(0, 49.99995), (50, 100)])
    assert gap.select(refractory="2 ms", violations=0.001).size == 2
    with pytest.raises(InputError, match="none of 2 units"):
        from_spikes([train, train], support=(0, 100)).select(refractory="2 ms", violations=0.001)


def test_channels_and_states_are_chosen():
    assert signals().select("LFP*").names == ("LFP1", "LFP2")
    assert signals().select(exclude="WM").segments[0].shape == (400, 2)
    assert spikes().bin("10 ms").select(minimum_rate=0.9).names == ("0", "1")


@pytest.mark.parametrize(
    ("recording", "conditions", "match"),
    [
        (signals, {"chosen": ["LFP3"]}, "did you mean 'LFP"),
        (spikes, {"loction": "adn"}, "did you mean 'location'"),
        (spikes, {"location": "adm"}, "did you mean 'adn'"),
        (spikes, {"minimum_rate": 99}, "leaves none of 3 units"),
        (spikes, {"minimum_rate": "5"}, "minimum_rate"),
        (signals, {"minimum_rate": 1}, "signals"),
        (signals, {"refractory": "2 ms"}, "spikes"),
        (spikes, {"refractory": "2"}, "unit"),
        (spikes, {"chosen": []}, "at least one"),
    ],
)
def test_a_choice_that_cannot_be_made(recording, conditions, match):
    with pytest.raises(InputError, match=match):
        recording().select(**conditions)


# -- trends and scales -----------------------------------------------------------------------------


def test_polynomials_go_segment_by_segment_and_the_rest_stays():
    time = np.linspace(0, 1, 300)
    noise = RNG.normal(size=(2, 300, 1))
    trend = np.stack([3 + 5 * time - 7 * time**2, 1e3 - time])[..., None]
    clean = from_array(noise, 100.0).detrend(2).segments
    drifting = from_array(noise + trend, 100.0).detrend(2)
    assert all(np.allclose(one, other, atol=1e-9) for one, other in zip(drifting.segments, clean, strict=True))
    left = from_array(noise + trend, 100.0).detrend(1).segments
    assert not np.allclose(left[0], clean[0], atol=0.1), "a line does not take a parabola"
    assert "order 2" in drifting.history[-1]


def test_standardized():
    recording = from_array(signals().segments[0] * [1, 10, 100] + 5, 100.0).standardize()
    values = np.concatenate(recording.segments)
    assert np.allclose(values.mean(axis=0), 0) and np.allclose(values.std(axis=0), 1)


def test_steps_for_signals_refuse_others_and_bad_numbers():
    for recording, match in ((spikes(), "bin"), (spikes().bin("10 ms"), "whole numbers")):
        for step in (
            recording.detrend, recording.standardize, lambda r=recording: r.resample("1 Hz"),
            lambda r=recording: r.regress(["0"]), lambda r=recording: r.components(1),
        ):  # fmt: skip
            with pytest.raises(InputError, match=match):
                step()
    with pytest.raises(InputError, match="order"):
        signals(rows=4).detrend(3)
    with pytest.raises(InputError, match="'1' is constant"):
        from_array(np.column_stack([RNG.normal(size=50), np.full(50, 7.0)]), 10.0).standardize()


# -- resampling ------------------------------------------------------------------------------------


def tones(*frequencies, seconds=20, rate=1000.0):
    time = np.arange(int(seconds * rate)) / rate
    return from_array(np.column_stack([np.sin(2 * np.pi * f * time) for f in frequencies]), rate)


@pytest.mark.parametrize("rate", [200.0, 250.0, "300 Hz", 400.0])
def test_slow_tones_pass_and_fast_ones_do_not_fold_back(rate):
    recording = tones(7, 50, 230, 333).resample(rate)
    time, values = recording.data["time"].values, recording.segments[0]
    nyquist = recording.required_rate() / 2
    for column, frequency in enumerate((7, 50, 230, 333)):
        if frequency < 0.8 * nyquist:
            assert np.allclose(values[:, column], np.sin(2 * np.pi * frequency * time), atol=3e-3)
        else:
            assert np.max(np.abs(values[:, column])) < 3e-3


def test_without_the_filter_they_would():
    every_fifth = tones(333).segments[0][::5]
    assert np.std(every_fifth) > 0.6


def test_segments_are_resampled_apart_and_their_ends_cut():
    values = RNG.normal(size=(2, 3000, 1))
    recording = from_array(values, 1000.0).resample("200 Hz")
    assert [len(segment) for segment in recording.segments] == [600 - 19 - 18] * 2
    alone = from_array(values[1], 1000.0).resample("200 Hz")
    assert np.allclose(recording.segments[1], alone.segments[0])
    assert recording.support[1, 0] == pytest.approx(3 + 19 * 0.005)
    assert "cut" in recording.history[-1]


@pytest.mark.parametrize(("rate", "match"), [("2 kHz", "exceed"), (2**0.5 * 10, "whole numbers"), ("1 Hz", "filter")])
def test_a_rate_that_cannot_be(rate, match):
    with pytest.raises(InputError, match=match):
        tones(7, seconds=10).resample(rate)


def test_means_are_of_the_rows_of_a_step_and_of_no_others():
    values = RNG.normal(size=(2, 1003, 2))
    whole = from_array(values, 1000.0)
    found = resample(whole, "200 Hz", means=True)
    assert found.averaged and found.required_rate() == 200 and "means of 5 rows" in found.history[-1]
    assert [len(segment) for segment in found.segments] == [200, 200]
    assert np.allclose(found.segments[1], values[1, :1000].reshape(200, 5, 2).mean(axis=1))
    assert np.allclose(found.support, [[0, 1], [1.003, 2.003]])
    other = values.copy()
    other[0, 500:505] += 1  # one step
    moved = np.flatnonzero(
        np.any(resample(from_array(other, 1000.0), 200, means=True).segments[0] != found.segments[0], 1)
    )
    assert moved.tolist() == [100]
    filtered = [from_array(each, 1000.0).resample("200 Hz").segments[0] for each in (values, other)]
    assert np.count_nonzero(np.any(filtered[0] != filtered[1], axis=1)) > 20
    with pytest.raises(InputError, match="a whole number of times for means, got 400 Hz; 500 Hz does"):
        resample(whole, 400, means=True)
    with pytest.raises(InputError, match="at least 2 s for two means"):
        resample(whole, 1, means=True)
    with pytest.raises(InputError, match="means must be true or false"):
        resample(whole, 200, means="yes")


def test_a_filter_that_reaches_beyond_a_step_stays_known():
    found = from_array(RNG.normal(size=(20_000, 2)), 1000.0).resample("200 Hz")
    assert 30 < found.data.attrs["filter_steps"] < 45
    for later in (found.standardize(), found.detrend(), found.epoch((1, 10)), found.select("0"), found.components(2)):
        assert later.data.attrs["filter_steps"] == found.data.attrs["filter_steps"]
    assert resample(found, 100, means=True).data.attrs["filter_steps"] >= found.data.attrs["filter_steps"] / 2
    assert found.resample(100).data.attrs["filter_steps"] > found.data.attrs["filter_steps"]
    assert "filter_steps" not in resample(from_array(RNG.normal(size=(2000, 2)), 1000.0), 200, means=True).data.attrs


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_values_whose_squares_are_no_numbers_are_refused(size):
    recording = from_array(RNG.normal(size=(500, 2)) * [1.0, size], 1000.0, channels=["a", "b"])
    for step in (standardize, detrend, lambda it: components(it, 1), lambda it: it.resample(200)):
        with pytest.raises(InputError, match=r"channel 'b' has values up to .* whose squares no number holds"):
            step(recording)


def test_the_same_rate_changes_nothing():
    recording = tones(7, seconds=1)
    assert recording.resample("1 kHz") is recording


# -- nuisances and components ----------------------------------------------------------------------


def test_what_a_nuisance_explains_goes():
    nuisance, own = RNG.normal(size=(2, 500, 1)), RNG.normal(size=(2, 500, 2))
    recording = from_array(
        np.concatenate([nuisance, own + nuisance * [3, -2] + 10], axis=2), 1.0, channels=["WM", "a", "b"]
    )
    left = recording.regress("WM")
    values, removed = np.concatenate(left.segments), np.concatenate(nuisance)[:, 0]
    assert left.names == ("a", "b") and np.allclose(values.mean(axis=0), 10, atol=0.3)
    assert np.max(np.abs((removed - removed.mean()) @ (values - values.mean(axis=0)))) < 1e-8
    assert np.all(np.std(values, axis=0) < 1.1)
    with pytest.raises(InputError, match="all of them"):
        recording.regress("*")
    with pytest.raises(InputError, match="nuisance"):
        recording.regress(["Vent"])


def test_two_equal_nuisances_are_one():
    values = RNG.normal(size=(300, 2))
    doubled = from_array(np.column_stack([values[:, 0], values[:, 0], values[:, 1]]), 1.0)
    once = from_array(values, 1.0)
    assert np.allclose(doubled.regress(["0", "1"]).segments[0], once.regress(["0"]).segments[0])


def test_components_are_uncorrelated_and_their_signs_fixed():
    mixing = np.array([[3.0, 1.0, 0.0], [1.0, -2.0, 0.5], [0.0, 0.3, 0.2]])
    values = RNG.normal(size=(2000, 3)) @ mixing
    recording = from_array(values, 10.0).components(3)
    scores = recording.segments[0]
    centred = values - values.mean(axis=0)
    assert recording.names == ("PC1", "PC2", "PC3")
    assert np.allclose(scores.T @ scores / 2000, np.diag(np.linalg.svd(centred)[1] ** 2 / 2000), atol=1e-8)
    assert np.allclose(recording.data["variance"], scores.var(axis=0))
    assert np.sum(recording.data["explained"]) == pytest.approx(1)
    axes = np.linalg.lstsq(centred, scores, rcond=None)[0]
    assert np.all(axes[np.argmax(np.abs(axes), axis=0), range(3)] > 0)
    assert np.allclose(from_array(-values, 10.0).components(3).segments[0], -scores), "signs follow axes, not data"
    with pytest.raises(InputError, match="at most 2"):
        from_array(np.column_stack([values[:, :2], values[:, :2].sum(axis=1)]), 10.0).components(3)


# -- stationarity ----------------------------------------------------------------------------------


def test_a_stationary_process_with_memory_passes_as_often_as_it_should():
    """At level 0.05 of 150: 7.5 +- 2.7 (4 sigma: 18). Ignoring memory would reject most."""
    found = [from_array(memory(3000, 0.9, seed), 100.0).stationarity() for seed in range(150)]
    assert sum(verdict.passed is False for verdict in found) <= 18
    assert all(0 <= verdict.p_value <= 1 for verdict in found)


def naive_p_value(values):
    """The same cosines, every row taken as a block of its own."""
    from scipy.stats import f

    places = (np.arange(len(values)) + 0.5) / len(values)
    parts = np.cos(np.pi * places * np.arange(1, 4)[:, None]) @ values[:, 0] * np.sqrt(2 / len(values))
    return f.sf(np.mean(parts**2) / values.var(), 3, len(values) - 4)


def test_and_without_regard_for_memory_most_would_fail():
    assert np.mean([naive_p_value(memory(3000, 0.9, seed)) < 0.05 for seed in range(50)]) > 0.5


@pytest.mark.parametrize("drift", [lambda x, r: x + r, lambda x, r: x * (1 + 0.4 * r), lambda x, r: x + (r > 0.2)])
def test_drifts_of_mean_and_variance_are_found(drift):
    ramp = np.linspace(-1, 1, 5000)[:, None]
    values = memory(5000, 0.9, 3, channels=4)
    values[:, [2]] = drift(values[:, [2]], ramp)
    verdict = from_array(values, 100.0, channels=["a", "b", "moving", "c"]).stationarity()
    assert verdict.passed is False and verdict.details["drifting"] == ["moving"]
    assert "moving" in verdict.sentence and "detrend" in verdict.sentence
    assert set(verdict.details["p_values"]) == {"a", "b", "moving", "c"}


def test_detrending_cures_a_line():
    values = memory(5000, 0.9, 4) + np.linspace(-1, 1, 5000)[:, None]
    assert from_array(values, 100.0).stationarity().passed is False
    assert from_array(values, 100.0).detrend().stationarity().passed is True


def test_rates_of_spikes():
    rng = np.random.default_rng(5)
    steady = [np.sort(rng.uniform(0, 300, 1500)) for _ in range(3)]
    slowing = np.sort(300 * (1 - np.sqrt(1 - rng.uniform(0, 0.9, 1500))))
    assert from_spikes(steady, support=(0, 300)).stationarity().passed is True
    verdict = from_spikes([*steady, slowing], support=(0, 300)).stationarity()
    assert verdict.passed is False and verdict.details["drifting"] == ["3"]
    assert verdict.details["drift"]["3"] > 0.3 > verdict.details["drift"]["0"]
    assert from_spikes([*steady, slowing], support=(0, 300)).bin("50 ms").stationarity().passed is False


def test_a_slow_process_cannot_be_told_from_a_drift():
    walk = np.cumsum(np.random.default_rng(6).normal(size=(1000, 1)), axis=0)
    slow = from_array(memory(400, 0.99, 1), 10.0).stationarity()
    assert slow.passed is None and "slowness" in slow.sentence
    assert from_array(walk, 10.0).stationarity().passed is not True
    assert from_array(np.ones((100, 1)), 10.0).stationarity().passed is None


def test_trials_are_compared_in_their_order():
    values = memory(6000, 0.8, 7).reshape(60, 100, 1)
    assert from_array(values, 100.0).stationarity().passed is True
    louder = values * np.linspace(0.6, 1.4, 60)[:, None, None]
    assert from_array(louder, 100.0).stationarity().passed is False
