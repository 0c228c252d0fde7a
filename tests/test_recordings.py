"""The container: recordings made from arrays, parts of them, bins; and everything that must be refused."""

from dataclasses import replace

import numpy as np
import pytest
import quantities as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from neurothermo import InputError
from neurothermo.recordings import datasets, from_array, from_spikes
from neurothermo.recordings.epochs import inside, merged, overlap, split_at, without

RNG = np.random.default_rng(5)
WAVES = RNG.normal(size=(1000, 3))


# -- signals and states ------------------------------------------------------------------------------


def test_signals_keep_values_names_and_clock():
    made = from_array(WAVES, "200 Hz", channels=["a", "b", "c"], epochs={"rest": (0, 2), "task": [(2, 3), (4, 5)]})
    assert (made.kind, made.size, made.samples, made.names) == ("signals", 3, 1000, ("a", "b", "c"))
    assert made.duration == pytest.approx(5.0) and made.required_rate() == 200.0
    np.testing.assert_array_equal(made.segments[0], WAVES)
    np.testing.assert_allclose(made.support, [[0, 5]])
    assert made.epoch("task").duration == pytest.approx(2.0) and made.history == ()


@pytest.mark.parametrize("clock", [{"sampling_rate": 200}, {"interval": 0.005}, {"interval": "5 ms"},
                                   {"sampling_rate": "0.2 kHz"}, {"interval": 5 * pq.ms}, {"interval": "5000 μs"},
                                   {"interval": np.timedelta64(5, "ms")}, {"sampling_rate": 0.2 * pq.kHz},
                                   {"times": np.arange(1000) / 200},
                                   {"times": np.arange(1000) * 5.0 * pq.ms}])  # fmt: skip
def test_every_way_to_say_the_clock_is_the_same(clock):
    assert from_array(WAVES, **clock).required_rate() == pytest.approx(200.0, rel=1e-9)


@pytest.mark.parametrize(
    ("values", "kind"),
    [([1, 2, 3, 4], "states"), ([True, False, True], "states"), ([1.0, 2.0, 3.0], "signals"),
     (np.ma.masked_array([1, 2, 3], [False, True, False]), "states")],
)  # fmt: skip
def test_whole_numbers_are_states(values, kind):
    made = from_array(values, 1.0)
    assert made.kind == kind and made.segments[0].dtype == (np.int64 if kind == "states" else np.float64)


def test_missing_rows_are_gaps_and_the_history_counts_them():
    values = WAVES.copy()
    values[100:110, 1] = np.nan
    values[500, 0] = np.inf
    made = from_array(values, 100.0)
    assert [len(piece) for piece in made.segments] == [100, 390, 499]
    assert "11 of 1000 rows" in made.history[0]
    np.testing.assert_allclose(made.support, [[0, 1], [1.1, 5], [5.01, 10]])
    masked = np.ma.masked_invalid(values)
    np.testing.assert_array_equal(from_array(masked, 100.0).data["values"], made.data["values"])


def test_trials_are_segments_of_their_own():
    made = from_array(WAVES.reshape(10, 100, 3), 100.0)
    assert len(made.segments) == 10 and made.duration == pytest.approx(10)
    np.testing.assert_array_equal(made.segments[3], WAVES[300:400])


def test_times_with_a_gap_of_any_length_make_two_segments():
    """Acquisition that was resumed keeps no whole number of steps."""
    for pause in (0.25, 0.2537, 1234.5678):
        at = np.concatenate([np.arange(500) / 100, 4.99 + pause + np.arange(500) / 100])
        made = from_array(WAVES, times=at)
        assert [len(piece) for piece in made.segments] == [500, 500]
        assert made.required_rate() == pytest.approx(100) and made.duration == pytest.approx(10)


def test_the_rate_of_times_that_count_ticks_is_their_mean():
    """120 Hz counted in ticks of 50 us: the median step alone is wrong by 0.2%."""
    at = np.floor(np.arange(10000) / 120 * 20000) / 20000
    assert from_array(np.arange(10000.0), times=at).required_rate() == pytest.approx(120, rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"values": WAVES}, "sampling_rate is missing.*--sampling-rate"),
        ({"values": WAVES, "sampling_rate": 100, "interval": 0.01}, "not both"),
        ({"values": WAVES.T, "sampling_rate": 100}, "transposed"),
        ({"values": WAVES[None, None], "sampling_rate": 100}, "shape"),
        ({"values": np.empty((0, 3)), "sampling_rate": 100}, "empty"),
        ({"values": WAVES * 1j, "sampling_rate": 100}, "real"),
        ({"values": [[1.0], [2.0, 3.0]], "sampling_rate": 100}, "different lengths"),
        ({"values": np.array(["a", "b"]), "sampling_rate": 100}, "array of numbers"),
        ({"values": np.array([{}, {}], dtype=object), "sampling_rate": 100}, "array of numbers"),
        ({"values": np.array(["2020-01-01", "NaT"], dtype="datetime64[s]"), "sampling_rate": 100}, "array of numbers"),
        ({"values": WAVES * np.nan, "sampling_rate": 100}, "at least one row"),
        ({"values": [2**60, 1, 1], "sampling_rate": 100}, "2\\*\\*53"),
        ({"values": WAVES, "sampling_rate": "100"}, "units"),
        ({"values": WAVES, "sampling_rate": "100 ms"}, "units"),
        ({"values": WAVES, "sampling_rate": 100 * pq.mV}, "units of Hz, got mV"),
        ({"values": WAVES, "sampling_rate": -1}, "positive"),
        ({"values": WAVES, "sampling_rate": np.nan}, "finite"),
        ({"values": WAVES, "sampling_rate": True}, "one number"),
        ({"values": WAVES, "interval": "1e E s"}, "units"),
        ({"values": WAVES, "interval": 0.0}, "positive"),
        ({"values": WAVES, "interval": np.timedelta64("NaT", "s")}, "NaT"),
        ({"values": WAVES, "sampling_rate": 1, "channels": ["a", "a", "b"]}, "different names"),
        ({"values": WAVES, "sampling_rate": 1, "channels": ["a"]}, "different names"),
        ({"values": WAVES, "sampling_rate": 1, "channels": "abc"}, "sequence of names"),
        ({"values": WAVES, "sampling_rate": 1, "channels": 3}, "sequence of names, got 3"),
        ({"values": WAVES, "sampling_rate": 1, "properties": ["eeg"]}, "properties must map"),
        ({"values": WAVES, "sampling_rate": 1, "epochs": [(0, 1)]}, "epochs must map"),
        ({"values": WAVES, "sampling_rate": 1, "epochs": {"a": (1, 1)}}, "end after they start, got 1 to 1"),
        ({"values": WAVES, "sampling_rate": 1, "epochs": {"a": [(0, 2), (1, 3)]}}, "overlap"),
        ({"values": WAVES, "sampling_rate": 1, "epochs": {"a": [(0, 2), (1,)]}}, "array of numbers"),
        ({"values": WAVES, "sampling_rate": 1, "epochs": {"a": []}}, "shape"),
        ({"values": WAVES, "sampling_rate": 1, "epochs": {"a": (0, np.nan)}}, "finite"),
        ({"values": WAVES, "sampling_rate": 1, "properties": {"type": ["eeg"]}}, "one value for each of 3 channels"),
        ({"values": WAVES, "sampling_rate": 1, "properties": {"time": [1, 2, 3]}}, "must not be called 'time'"),
        ({"values": WAVES, "times": np.arange(999)}, "shape"),
        ({"values": WAVES, "times": np.zeros(1000)}, "ascend"),
        ({"values": WAVES, "times": np.arange(1000)[::-1]}, "ascend"),
        ({"values": WAVES, "times": np.r_[np.arange(999), np.nan]}, "finite"),
        ({"values": WAVES, "times": np.cumsum(RNG.uniform(0.5, 1.5, 1000))}, "irregular"),
        ({"values": WAVES, "times": np.cumsum(RNG.exponential(size=1000))}, "irregular"),
        ({"values": WAVES, "times": np.arange(1000) / 100, "sampling_rate": 110}, "irregular"),
        ({"values": WAVES, "times": np.arange(1000) / 100, "sampling_rate": 1000}, "do not fit"),
        ({"values": WAVES[:1, :1], "times": [0.0]}, "at least two"),
    ],
)
def test_signals_that_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        from_array(**arguments)


# -- spikes ------------------------------------------------------------------------------------------


def test_three_ways_to_give_spikes_are_the_same():
    times, units = np.array([0.3, 0.1, 0.2, 0.9]), np.array([7, 4, 7, 4])
    flat = from_spikes(times, units, support=(0, 1))
    for other in (from_spikes({4: [0.1, 0.9], 7: [0.2, 0.3]}, support=(0, 1)),
                  from_spikes([[0.1, 0.9], np.array([0.3, 0.2])], names=["4", "7"], support=(0, 1)),
                  from_spikes(times, units.astype(float), support=(0, 1)),
                  from_spikes(times * 1000 * pq.ms, units, support=(0, 1) * pq.s)):  # fmt: skip
        assert other.names == flat.names == ("4", "7")
        for mine, theirs in zip(flat.trains, other.trains, strict=True):
            np.testing.assert_allclose(mine, theirs)
    np.testing.assert_allclose(flat.rates, [2, 2])


def test_a_silent_unit_stays():
    made = from_spikes([[0.1, 0.9], []], support=(0, 1))
    assert made.size == 2 and made.trains[1].size == 0 and made.rates[1] == 0
    assert made.bin(0.1).data["values"].values[:, 1].sum() == 0


def test_negative_times_and_doubled_spikes_are_kept_and_said():
    made = from_spikes([-1.0, -0.5, -0.5, 0.3], [0, 1, 1, 0])
    assert made.samples == 4 and made.support[0, 0] == -1.0
    assert any("1 spikes come at the very time of another of the same unit" in line for line in made.history)
    assert not from_spikes([0.1, 0.1, 0.2], [0, 1, 0], support=(0, 1)).history  # of two units: nothing to say


def test_the_support_is_half_open_and_spikes_outside_are_counted():
    made = from_spikes([0.0, 0.5, 1.0, 2.0, 2.5], [0] * 5, support=[(0, 1), (2, 3)])
    assert made.samples == 4 and "1 of 5 spikes lie outside" in made.history[0]
    assert made.duration == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"times": [0.1, 0.2]}, "units is missing"),
        ({"times": []}, "at least one spike"),
        ({"times": [], "units": []}, "at least one spike"),
        ({"times": [[], []]}, "at least one spike"),
        ({"times": {}}, "at least one spike"),
        ({"times": [0.1, np.nan], "units": [0, 0]}, "finite"),
        ({"times": [0.1, 0.2], "units": [0]}, "one entry for each spike"),
        ({"times": [0.1, 0.2], "units": [0.5, 1]}, "whole numbers or names"),
        ({"times": [0.1, 0.2], "units": [np.nan, 1]}, "whole numbers or names"),
        ({"times": [0.1, 0.2], "units": [None, 1]}, "whole numbers or names"),
        ({"times": [0.1, 0.2], "units": [[1], [1, 2]]}, "whole numbers or names"),
        ({"times": [[0.1]], "units": [[1]]}, "shape"),
        ({"times": {"a": [[0.1, 0.2]]}}, "shape"),
        ({"times": {1: [0.1], "1": [0.2]}}, "different names"),
        ({"times": [0.5], "units": [0]}, "support must be given"),
        ({"times": [0.5, 0.5], "units": [0, 1]}, "support must be given"),
        ({"times": [500.0, 700.0], "units": [0, 1], "support": (0, 1)}, "holds none"),
        ({"times": [0.5, 0.7], "units": [0, 1], "support": (1, 0)}, "end after they start"),
        ({"times": [0.5, 0.7], "units": [0, 1], "support": "all"}, "array of numbers"),
        ({"times": [0.5, 0.7], "units": [0, 1], "names": ["a"]}, "different names"),
        ({"times": [0.5, 0.7], "units": [0, 1], "properties": {"x": [1]}}, "one value for each of 2 units"),
        ({"times": [0.5, 0.7], "units": [0, 1], "properties": {"x": [[1], [1, 2]]}}, "one value for each"),
        ({"times": [0.5, 0.7], "units": [0, 1], "properties": {"support": [1, 2]}}, "must not be called"),
        ({"times": np.array(["2020", "NaT"], dtype="datetime64[s]"), "units": [0, 1]}, "array of numbers"),
        ({"times": np.array([1, "NaT"], dtype="timedelta64[s]"), "units": [0, 1]}, "NaT"),
        ({"times": [1.0, 2.0] * pq.mV, "units": [0, 1]}, "units of s, got mV"),
    ],
)
def test_spikes_that_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        from_spikes(**arguments)


# -- bins --------------------------------------------------------------------------------------------


def brute_bins(times, train, support, width, units):
    """One spike at a time, in fractions of whole numbers of microseconds."""
    tables = []
    for start, stop in support:
        rows = round((stop - start) * 1e6) // round(width * 1e6)
        table = np.zeros((rows, units), dtype=int)
        for time, unit in zip(times, train, strict=True):
            row = (round(time * 1e6) - round(start * 1e6)) // round(width * 1e6)
            if start <= time < stop and 0 <= row < rows:
                table[row, unit] += 1
        if rows >= 2:
            tables.append(table)
    return tables


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0.001, 0.007, 0.01, 0.1, 0.3]))
def test_bins_count_every_spike_once_and_edges_go_to_the_later_bin(seed, width):
    """Times on a clock of 1 ms: many lie on edges, where the last bit of a float would decide."""
    rng = np.random.default_rng(seed)
    support = [(0.0, 1.0), (1.5, 2.103)]
    times, train = rng.integers(0, 2200, 300) / 1000, rng.integers(0, 4, 300)
    made = from_spikes([*times, 0.5], [*train, 0], support=support)
    expected = brute_bins([*times, 0.5], [*train, 0], support, width, 4)
    found = made.bin(width, binary=False)
    assert len(found.segments) == len(expected)
    for mine, brute in zip(found.segments, expected, strict=True):
        np.testing.assert_array_equal(mine, brute)
    np.testing.assert_array_equal(made.bin(width).segments[0], np.minimum(expected[0], 1))


def test_bins_never_cross_a_gap_and_short_stretches_are_left_out():
    made = from_spikes([0.05, 1.05, 3.05], [0, 0, 0], support=[(0, 0.95), (1, 1.15), (3, 4)])
    binned = made.bin("100 ms")
    assert [len(piece) for piece in binned.segments] == [9, 10]
    np.testing.assert_allclose(binned.support, [[0, 0.9], [3, 4]])


def test_bins_say_what_was_lost_and_keep_properties_and_attributes():
    made = from_spikes([0.01, 0.02, 0.5, 0.9], [0, 0, 1, 1], support=(0, 1), properties={"location": ["a", "b"]})
    made = replace(made, data=made.data.assign_attrs(source="here"))
    binned = made.bin("100 ms")
    assert "0.33 of those with a spike held more than one" in binned.history[-1]
    assert list(binned.data["location"].values) == ["a", "b"] and binned.data.attrs == {"source": "here"}
    assert binned.kind == "states" and made.kind == "spikes"


@pytest.mark.parametrize(
    ("width", "words"),
    [(0.6, "fit twice"), (1e-9, "widen"), ("10", "units"), (-1, "positive"), (10 * pq.mV, "units of s"),
     (None, "one number"), ("10 Hz", "units")],
)  # fmt: skip
def test_bins_that_are_refused(width, words):
    with pytest.raises(InputError, match=words):
        from_spikes([0.01, 0.02, 0.5, 0.9], [0, 0, 1, 1], support=(0, 1)).bin(width)


def test_a_width_keeps_its_unit():
    made = from_spikes([0.01, 0.02, 0.5, 0.9], [0, 0, 1, 1], support=(0, 1))
    for width in (10 * pq.ms, "10 ms", 0.01, np.timedelta64(10, "ms")):
        assert made.bin(width).required_rate() == pytest.approx(100)


def test_signals_cannot_be_binned_and_spikes_have_no_segments():
    with pytest.raises(InputError, match="only spikes can be binned"):
        from_array(WAVES, 1.0).bin("1 s")
    with pytest.raises(InputError, match="bin them first"):
        _ = from_spikes([0.1, 0.9], [0, 0]).segments
    with pytest.raises(InputError, match="trains needs a recording of spikes"):
        _ = from_array(WAVES, 1.0).trains
    with pytest.raises(InputError, match="true or false"):
        from_spikes([0.1, 0.9], [0, 0]).bin(0.1, binary=1)


# -- parts -------------------------------------------------------------------------------------------


def test_an_epoch_narrows_support_epochs_and_history():
    made = from_spikes(np.arange(100) / 10, np.zeros(100, int), support=(0, 10), epochs={"a": (0, 4), "b": (4, 10)})
    part = made.epoch("a")
    assert part.samples == 40 and part.duration == 4 and set(part.epochs) == {"a"}
    assert made.samples == 100 and "epoch 'a' only: 4 s" in part.history[-1]
    assert part.epoch((1, 2)).samples == 10


def test_epochs_of_signals_never_join_what_lies_apart():
    made = from_array(np.arange(100.0), 10.0).epoch([(1, 2), (2, 3), (5, 6)])
    assert [piece[0, 0] for piece in made.segments] == [10, 20, 50]
    assert sum(map(len, made.segments)) == 30
    assert [len(piece) for piece in made.epoch((1.5, 5.5)).segments] == [5, 10, 5]


@pytest.mark.parametrize("start", [0.0, 0.3, 1e5 + 0.1])
def test_an_epoch_takes_exactly_its_samples(start):
    """Whatever the last bits of the times say."""
    made = from_array(np.arange(3000.0), 1000.0, times=start + np.arange(3000) / 1000)
    for first, last in ((100, 200), (7, 8), (1001, 2999)):
        part = made.epoch((start + first / 1000, start + last / 1000))
        np.testing.assert_array_equal(part.segments[0][:, 0], np.arange(first, last))


@pytest.mark.parametrize(
    ("which", "words"),
    [("wkae", "did you mean 'wake'"), ((20, 30), "holds nothing"), ("late", "holds nothing"), ((3, 2), "end after"),
     (5, "shape"), (None, "shape"), ((0, np.inf), "finite"), ([(0, 2), (1, 3)], "overlap")],
)  # fmt: skip
def test_parts_that_are_refused(which, words):
    epochs = {"wake": (0, 5), "late": (50, 60)}
    for made in (from_spikes([0.1, 9.9], [0, 0], support=(0, 10), epochs=epochs),
                 from_array(np.arange(100.0), 10.0, epochs=epochs)):  # fmt: skip
        with pytest.raises(InputError, match=words):
            made.epoch(which)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 15)), min_size=1, max_size=8))
def test_intervals_merge_and_overlap_as_sets_of_points_do(spans):
    intervals = np.array([(start, start + length) for start, length in spans], dtype=float)
    points = np.arange(80) + 0.5
    union = np.any((points[:, None] >= intervals[:, 0]) & (points[:, None] < intervals[:, 1]), axis=1)
    one = merged(intervals)
    np.testing.assert_array_equal(inside(points, one) >= 0, union)
    assert np.all(one[1:, 0] > one[:-1, 1])
    other = np.array([[5.0, 20.0], [30.0, 31.0]])
    both = overlap(one, other)
    expected = union & (inside(points, other) >= 0)
    np.testing.assert_array_equal((inside(points, both) >= 0) if len(both) else np.zeros(80, bool), expected)


def test_without_and_split_at():
    made = from_array(np.arange(100.0), 10.0)
    left = without(made, [(2, 3), (2.5, 4), (9, 50)], "for a test")
    np.testing.assert_array_equal(np.concatenate(left.segments)[:, 0], [*range(20), *range(40, 90)])
    assert len(left.segments) == 2 and "7 s of 10 s" in left.history[-1]
    assert [len(piece) for piece in split_at(left, [1.0, 5.0]).segments] == [10, 10, 10, 40]
    spikes = without(from_spikes(np.arange(100) / 10, np.zeros(100, int), support=(0, 10)), [(2, 4)], "for a test")
    assert spikes.samples == 80 and spikes.duration == pytest.approx(8)
    with pytest.raises(InputError, match="nothing is left"):
        without(made, [(-1, 11)], "for a test")


def test_it_shows_itself_in_a_line_and_its_history():
    shown = repr(from_spikes([0.1, 0.2, 0.9], [0, 1, 1], epochs={"wake": (0, 1)}))
    assert "3 spikes of 2 units" in shown and "epochs wake" in shown and "taken to be recorded" in shown
    assert "1000 samples of 3 channels, one every 10 ms, 10 s" in repr(from_array(WAVES, 100))
    assert "one every 10 ms, each over the whole of it, 10 s" in repr(from_array(WAVES, 100, averaged=True))


def test_whether_rows_are_instants_or_averages_stays_known():
    made = from_array(WAVES, 100, epochs={"half": (0, 5)})
    assert not made.averaged and (made.steps_seen(2), made.steps_seen(5)) == (1, 4)
    spikes = from_spikes([0.013, 0.250, 0.251, 3.9], ["a", "b", "a", "b"], support=(0, 4))
    assert not spikes.averaged and spikes.bin("10 ms").averaged and datasets.bold().averaged
    assert made.resample(50).averaged and not made.standardize().averaged
    whole = from_array(WAVES, 100, epochs={"half": (0, 5)}, averaged=True)
    for part in (whole.epoch("half"), whole.select([0, 1]), whole.standardize(), whole.components(2), whole.detrend()):
        assert part.averaged and (part.steps_seen(2), part.steps_seen(5)) == (2, 5)
    with pytest.raises(InputError, match="averaged must be true or false"):
        from_array(WAVES, 100, averaged="yes")
