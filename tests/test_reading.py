"""Reading: every format against the library that writes it, and what must be refused in one sentence."""

import builtins
import csv
import pickle
import shutil
import zipfile
from pathlib import Path

import h5py
import mne
import neo
import numpy as np
import pynapple as nap
import pytest
import quantities as pq

from neurothermo import InputError
from neurothermo.recordings import datasets, from_array, from_spikes, read

NWB = Path(__file__).parent / "data" / "A2929-200711.nwb"
RNG = np.random.default_rng(11)
WAVES = RNG.normal(size=(500, 3))
TIMES = np.sort(RNG.uniform(0, 10, 200))
UNITS = RNG.integers(0, 4, 200)


def same_trains(recording, times, units):
    for name, train in zip(recording.names, recording.trains, strict=True):
        np.testing.assert_allclose(train, np.sort(times[units == int(name)]), rtol=0, atol=1e-9)


def said(recording, words):
    return any(words in line for line in recording.history)


def refuses(words, source, **arguments):
    with pytest.raises(InputError, match=words) as caught:
        read(source, **arguments)
    assert "\n" not in str(caught.value)


# -- NWB ---------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:The .manufacturer. field")
def test_spikes_of_nwb_as_pynapple_reads_them():
    mine, theirs = read(NWB), nap.load_file(str(NWB))["units"]
    assert mine.kind == "spikes" and mine.size == 15 and mine.samples == 98794
    for name, train in zip(mine.names, mine.trains, strict=True):
        np.testing.assert_array_equal(train, theirs[int(name)].t)
    assert list(mine.data["location"].values) == list(theirs["location"].values) == ["adn"] * 7 + ["ca1"] * 8
    np.testing.assert_array_equal(mine.support, [[0, 1200]])
    assert said(mine, "read from A2929-200711.nwb") and said(mine, "table of epochs")


def test_epochs_of_nwb():
    epochs = read(NWB).epochs
    np.testing.assert_array_equal(epochs["sleep"], [[0, 600]])
    np.testing.assert_array_equal(epochs["wake"], [[600, 1200]])
    assert epochs["sleep_ripples"].shape == (594, 2)
    assert read(NWB).epoch("sleep_ripples").duration == pytest.approx(np.diff(epochs["sleep_ripples"]).sum())
    given = read(NWB, epochs={"wake": (700, 800), "mine": nap.IntervalSet(0, 10)}).epochs
    np.testing.assert_array_equal(given["wake"], [[700, 800]])
    np.testing.assert_array_equal(given["mine"], [[0, 10]])


@pytest.mark.parametrize("key", ["acquisition/CompassDirection/ry", "/acquisition/CompassDirection/ry/data", "ry"])
def test_a_time_series_of_nwb(key):
    made = read(NWB, key=key)
    with h5py.File(NWB) as file:
        series = file["acquisition/CompassDirection/ry"]
        np.testing.assert_array_equal(made.data["values"].values[:, 0], series["data"][()])
        np.testing.assert_array_equal(made.data["time"].values, series["timestamps"][()])
    assert made.required_rate() == pytest.approx(120, rel=1e-3) and made.data["values"].attrs["units"] == "radian"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"key": "rw"}, "acquisition/CompassDirection/rx.*got 'rw'"),
        ({"key": "acquisition/Compass/ry"}, "did you mean 'acquisition/CompassDirection/ry'"),
        ({"key": 3}, "path of a time series"),
        ({"key": "sleep_ripples"}, "irregular"),
        ({"key": "ry", "support": (0, 10)}, "support is for spikes"),
        ({"sampling_rate": 100}, "must be left out"),
        ({"kind": "states"}, "kind must be left out"),
        ({"units": "id"}, "units has no meaning for A2929"),
        ({"times": "t"}, "times has no meaning for A2929"),
    ],
)
def test_what_nwb_refuses(arguments, words):
    refuses(words, NWB, **arguments)


@pytest.fixture
def made_nwb(tmp_path):
    """An NWB file by hand: a series with a rate, units with obs_intervals, invalid times."""
    path = tmp_path / "made.nwb"
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.6.0"
        series = file.create_group("acquisition/lfp")
        series["data"] = np.arange(3000, dtype=np.int16).reshape(1000, 3)
        series["data"].attrs.update({"conversion": 0.5, "offset": 2.0, "unit": "volts"})
        series["starting_time"] = 10.0
        series["starting_time"].attrs["rate"] = 100.0
        series["electrodes"] = np.array([2, 0, 1])
        table = file.create_group("general/extracellular_ephys/electrodes")
        table["id"], table["location"] = np.array([5, 6, 7]), [b"v1", b"v2", b"v4"]
        intervals = file.create_group("intervals/invalid_times")
        intervals["start_time"], intervals["stop_time"] = [12.0, np.nan], [13.0, 14.0]
        trials = file.create_group("intervals/trials")
        trials["start_time"], trials["stop_time"] = [10.0, 11.0, 15.0], [10.5, 11.0, 16.0]
    return path


def add_units(path, ends=(2, 4), observed=((0, 20), (0, 20))):
    with h5py.File(path, "a") as file:
        units = file.create_group("units")
        units["id"], units["spike_times"] = [3, 8], [10.0, 12.5, 11.0, 19.0]
        units["spike_times_index"], units["quality"] = list(ends), [b"good", b"mua"]
        units["obs_intervals"], units["obs_intervals_index"] = np.array(observed, dtype=float), [1, 2]
    return path


def test_a_rate_conversion_offset_and_electrodes_are_used(made_nwb):
    made = read(made_nwb)
    assert made.required_rate() == 100.0 and said(made, "sampling rate of 100 Hz from the rate of acquisition/lfp")
    assert made.names == ("7", "5", "6") and list(made.data["location"].values) == ["v4", "v1", "v2"]
    assert made.data["values"].values[1, 2] == 0.5 * 5 + 2 and made.data["values"].attrs["units"] == "volts"
    np.testing.assert_allclose(made.support, [[10, 12], [13, 20]])  # without what is invalid
    assert said(made, "invalid_times") and said(made, "2 intervals that do not end")
    np.testing.assert_allclose(made.epochs["trials"], [[10, 10.5], [15, 16]])


def test_units_have_their_own_intervals(made_nwb):
    made = read(add_units(made_nwb, observed=((0, 20), (5, 30))))
    assert made.names == ("3", "8") and list(made.data["quality"].values) == ["good", "mua"]
    np.testing.assert_allclose(made.support, [[5, 12], [13, 20]])
    assert made.samples == 3 and said(made, "in common")  # the spike at 12.5 s was in invalid time
    assert read(made_nwb, key="lfp").kind == "signals"


def test_a_property_never_takes_a_name_the_recording_needs(made_nwb):
    with h5py.File(add_units(made_nwb), "a") as file:
        file["units/channel"] = [17, 18]
    assert list(read(made_nwb).bin("1 s").data["channel_"].values) == [17, 18]


def test_a_given_rate_goes_before_the_stored_one_and_is_said(made_nwb):
    made = read(made_nwb, sampling_rate=200)
    assert made.required_rate() == 200 and said(made, "although the rate of acquisition/lfp says 100 Hz")


@pytest.mark.parametrize(("ends", "words"), [((4, 2), "index is damaged"), ((2, 9), "damaged"), ((4,), "damaged")])
def test_a_damaged_index_is_noticed(made_nwb, ends, words):
    refuses(words, add_units(made_nwb, ends))


def test_two_series_need_a_key_and_epochs_are_no_support_where_spikes_lie_outside(made_nwb):
    with h5py.File(made_nwb, "a") as file:
        file.copy("acquisition/lfp", "acquisition/eeg")
        del file["intervals/invalid_times"]
        epochs = file.create_group("intervals/epochs")
        epochs["start_time"], epochs["stop_time"] = [11.0], [12.0]
    refuses("key must choose.*acquisition/eeg, acquisition/lfp", made_nwb)
    with h5py.File(add_units(made_nwb), "a") as file:
        del file["units/obs_intervals"]
    assert said(read(made_nwb), "from its first spike")


def test_files_that_are_no_nwb(tmp_path, made_nwb):
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["x"] = np.arange(10)
    refuses("HDF5 but not NWB", other)
    truncated = tmp_path / "half.nwb"
    truncated.write_bytes(NWB.read_bytes()[:100_000])
    refuses("damaged or incomplete", truncated)
    fake = tmp_path / "fake.nwb"
    fake.write_text("not at all")
    refuses("damaged or incomplete", fake)
    with h5py.File(made_nwb, "a") as file:
        del file["acquisition/lfp"]
    refuses("neither spikes nor time series", made_nwb)


# -- NumPy -------------------------------------------------------------------------------------------


def test_arrays_and_their_files(tmp_path):
    np.save(tmp_path / "x.npy", WAVES)
    np.save(tmp_path / "t.npy", np.arange(500) / 50)
    np.savez(tmp_path / "x.npz", x=WAVES, t=np.arange(500) / 50, sampling_rate=50.0, channels=["a", "b", "c"])
    for made in (read(WAVES, sampling_rate=50), read(tmp_path / "x.npy", sampling_rate="50 Hz"),
                 read(tmp_path / "x.npy", times="t.npy"), read(str(tmp_path / "x.npy"), interval="20 ms"),
                 read(tmp_path / "x.npz", key="x"), read(tmp_path / "x.npz", times="t")):  # fmt: skip
        np.testing.assert_array_equal(made.segments[0], WAVES)
        assert made.required_rate() == pytest.approx(50)
    assert made.names == ("a", "b", "c") and said(made, "the entry 'sampling_rate'")
    assert read(tmp_path / "x.npz", key="x", channels=["p", "q", "r"]).names == ("p", "q", "r")


def test_spikes_of_arrays(tmp_path):
    np.savez(tmp_path / "s.npz", at=TIMES, who=UNITS)
    np.savez(tmp_path / "n.npz", at=np.rint(TIMES * 30000).astype(int), who=UNITS, sampling_rate=30000)
    np.save(tmp_path / "at.npy", TIMES)
    np.save(tmp_path / "who.npy", UNITS)
    whole = np.rint(TIMES * 1000).astype(np.uint64)
    for made in (read(tmp_path / "s.npz", times="at", units="who"), read(tmp_path / "s.npz", key="at", units="who"),
                 read(tmp_path / "at.npy", units="who.npy"), read(TIMES, units=UNITS),
                 read(TIMES, units=UNITS, support=(0, 10), epochs={"a": (0, 5)})):  # fmt: skip
        same_trains(made, TIMES, UNITS)
    ticked = read(whole, units=UNITS, sampling_rate="1 kHz")
    np.testing.assert_allclose(np.sort(np.concatenate(ticked.trains)), np.sort(whole) / 1000)
    same_trains(read(tmp_path / "n.npz", times="at", units="who"), np.rint(TIMES * 30000) / 30000, UNITS)


def test_whole_numbers_become_signals_where_asked():
    counts = RNG.integers(0, 1000, (500, 2))
    assert read(counts, sampling_rate=1).kind == "states"
    assert read(counts, sampling_rate=1, kind="signals").kind == "signals"
    assert read(counts.astype(float), sampling_rate=1, kind="states").kind == "states"
    refuses("whole numbers", WAVES, sampling_rate=1, kind="states")
    refuses("kind must be one of", WAVES, sampling_rate=1, kind="signal")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "key must choose one.*'x' .*'t'"),
        ({"key": "y"}, "holds 'x'"),
        ({"key": "xx"}, "did you mean 'x'"),
        ({"key": "pickled", "sampling_rate": 1}, "never loaded"),
        ({"key": "x"}, "sampling_rate is missing.*--sampling-rate or --interval"),
        ({"key": "x", "sampling_rate": 1, "times": "nothing"}, "times 'nothing' is not in"),
        ({"units": "who"}, "times must name"),
        ({"times": "t", "units": "who"}, "one entry for each spike"),
        ({"times": "t", "units": "x"}, "whole numbers or names"),
        ({"times": "who", "units": "who"}, "numbers of samples"),
        ({"times": "t", "units": "nobody"}, "units 'nobody' is not in"),
        ({"times": "t", "units": "t2", "sampling_rate": 100}, "left out where spike times are in seconds"),
        ({"key": "t", "times": "t", "units": "t2"}, "not both"),
        ({"key": "x", "sampling_rate": 1, "interval": 1}, "not both"),
        ({"key": "cube", "sampling_rate": 1}, "shape"),
        ({"key": "wide", "sampling_rate": 1}, "transposed"),
        ({"key": "complex", "sampling_rate": 1}, "real"),
        ({"key": "text", "sampling_rate": 1}, "real"),
    ],
)
def test_what_npz_refuses(tmp_path, arguments, words):
    path = tmp_path / "many.npz"
    np.savez(
        path, x=WAVES, t=np.arange(500) / 50, t2=np.arange(500) % 3, who=UNITS, cube=np.zeros((2, 2, 2, 2)),
        wide=WAVES.T, complex=WAVES * 1j, text=np.array(["a"]), pickled=np.array([{}, None], dtype=object),
    )  # fmt: skip
    refuses(words, path, **arguments)


def test_pickles_are_never_loaded(tmp_path):
    """A pickle that would leave a file behind."""

    class Trap:
        def __reduce__(self):
            return builtins.open, (str(tmp_path / "sprung"), "w")

    np.save(tmp_path / "trap.npy", np.array([Trap(), Trap()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "trap.npz", x=np.array([Trap()], dtype=object))
    (tmp_path / "trap.pkl").write_bytes(pickle.dumps(Trap()))
    (tmp_path / "bare.npy").write_bytes(pickle.dumps(Trap()))
    for name in ("trap.npy", "trap.npz", "trap.pkl", "bare.npy"):
        (tmp_path / "sprung").unlink(missing_ok=True)
        refuses("never loaded|not readable|never", tmp_path / name, sampling_rate=1)
        assert not (tmp_path / "sprung").exists(), name


def test_damaged_numpy_files(tmp_path):
    np.savez(tmp_path / "x.npz", x=WAVES)
    np.save(tmp_path / "x.npy", WAVES)
    for name in ("x.npz", "x.npy"):
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        refuses("cannot be read", tmp_path / name, sampling_rate=1)
    np.save(tmp_path / "x.npy", WAVES)
    with zipfile.ZipFile(tmp_path / "z.npz", "w") as archive:
        archive.writestr("hello.txt", "hello")
    refuses("'hello.txt' \\(not readable\\)", tmp_path / "z.npz", sampling_rate=1)
    refuses("no NumPy array", tmp_path / "z.npz", key="hello.txt", sampling_rate=1)
    refuses("name of an NPY file beside x.npy, got 'no.npy'", tmp_path / "x.npy", times="no.npy")


# -- tables ------------------------------------------------------------------------------------------


def write(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_tables_with_and_without_names(tmp_path):
    named = write(tmp_path / "a.csv", [["t", "x", "y, too", "z"], *np.column_stack([np.arange(500) / 50, WAVES])])
    bare = write(tmp_path / "b.csv", WAVES)
    spaced = tmp_path / "c.txt"
    np.savetxt(spaced, WAVES, header="a comment", fmt="%.17g")
    tabbed = tmp_path / "d.tsv"
    np.savetxt(tabbed, WAVES, delimiter="\t", fmt="%.17g")
    for made in (read(named, times="t"), read(bare, sampling_rate=50), read(spaced, sampling_rate=50),
                 read(tabbed, sampling_rate=50)):  # fmt: skip
        np.testing.assert_array_equal(made.segments[0], WAVES)
        assert made.required_rate() == pytest.approx(50)
    assert read(named, times="t").names == ("x", "y, too", "z")


def test_spikes_of_a_table(tmp_path):
    path = write(tmp_path / "s.csv", [["time", "cell"], *zip(TIMES, UNITS, strict=True)])
    same_trains(read(path, times="time", units="cell"), TIMES, UNITS)
    words = write(tmp_path / "w.csv", [["time", "cell"], [0.1, "b"], [0.2, "a"], [0.9, "b"]])
    assert read(words, times="time", units="cell").names == ("a", "b")


def test_empty_fields_are_gaps_and_whole_numbers_states(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("\ufeffa,b\n1,2\n3,\n5,NA\n7,8\n9,10\n", encoding="utf-8")
    assert [len(piece) for piece in read(path, sampling_rate=1).segments] == [1, 2]
    path.write_text("a;b\n1;0\n0;1\n1;1\n")
    assert read(path, sampling_rate=1).kind == "states"


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("a,b\n1,2\n3\n", {}, "line 3 of x.csv has 1 fields, the first has 2"),
        ("a,b\n1,2\n3,x\n", {}, "line 3 of x.csv, column 'b': 'x' is no number"),
        ("a,b\n", {}, "no rows under it"),
        ("# only\n\n", {}, "no rows"),
        ("a,a\n1,2\n3,4\n", {}, "several columns named 'a'"),
        ("a;b\n1,5;2,5\n1,5;3,5\n", {}, "'1,5' is no number"),
        ("time,b\n1,2\n2,3\n", {"times": "tmie"}, "did you mean 'time'"),
        ("a,b\n1,2\n3,4\n", {"units": "b"}, "times must name"),
        ("a\n1\n2\n", {"times": "a"}, "no column but"),
        ("a,b\n1,2\n3,4\n", {"key": "a"}, "key has no meaning"),
        ("a,b\n1,2\n3,4\n", {}, "sampling_rate is missing"),
        ("a\0b\n", {}, "no text"),
        (",a,b\n0,1,2\n1,3,4\n", {}, "without a name"),
        (",0,1\n0,1.5,2\n1,3,4\n", {}, "without a name"),
        ("Time,b\n0,2\n1,4\n", {}, "say times='Time'"),
        ("a,b\n1_0,2\n3,4\n", {}, "'1_0' is no number"),
    ],
)
def test_what_tables_refuse(tmp_path, text, arguments, words):
    path = tmp_path / "x.csv"
    path.write_text(text)
    arguments = {"sampling_rate": 1, **arguments} if "missing" not in words and "times" not in arguments else arguments
    refuses(words, path, **arguments)


# -- Phy ---------------------------------------------------------------------------------------------


@pytest.fixture
def phy(tmp_path):
    folder = tmp_path / "sorted"
    folder.mkdir()
    np.save(folder / "spike_times.npy", np.rint(TIMES * 30000).astype(np.uint64)[:, None])
    np.save(folder / "spike_clusters.npy", UNITS.astype(np.int32))
    (folder / "params.py").write_text("import os\nos.mkdir('made')\ndat_path = 'x.dat'\nsample_rate = 30000.\n")
    (folder / "cluster_KSLabel.tsv").write_text("cluster_id\tKSLabel\n0\tgood\n1\tgood\n2\tmua\n3\tmua\n")
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n0\tnoise\n2\tgood\n")
    (folder / "cluster_info.tsv").write_text("cluster_id\tdepth\tgroup\n0\t20\t\n1\t40\t\n2\t60\t\n3\t80\t\n")
    return folder


def test_a_folder_of_phy(phy, monkeypatch):
    monkeypatch.chdir(phy)
    made = read(phy)
    same_trains(made, np.rint(TIMES * 30000) / 30000, UNITS)
    assert list(made.data["quality"].values) == ["noise", "good", "good", "mua"]
    np.testing.assert_array_equal(made.data["depth"].values, [20, 40, 60, 80])
    assert said(made, "30000 Hz from sample_rate in params.py") and not (phy / "made").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: (f / "params.py").unlink(), "sampling_rate"),
        (lambda f: (f / "params.py").write_text("sample_rate = open('x')"), "plain number"),
        (lambda f: (f / "params.py").write_text("sample_rate = = 3"), "no Python"),
        (lambda f: (f / "params.py").write_text("sample_rate = -3"), "positive"),
        (lambda f: (f / "spike_clusters.npy").unlink(), "must hold spike_clusters.npy"),
        (lambda f: np.save(f / "spike_clusters.npy", UNITS[:-1]), "as many"),
        (lambda f: np.save(f / "spike_clusters.npy", UNITS + 0.5), "whole numbers"),
        (lambda f: (f / "spike_clusters.npy").write_bytes(b"x"), "cannot be read"),
        (lambda f: (f / "cluster_group.tsv").write_bytes(b"\xff\xfe\xff"), "cannot be read as a table"),
        (lambda f: (f / "spike_times.npy").unlink(), "folder without spike_times.npy"),
    ],
)
def test_what_phy_refuses(phy, change, words):
    change(phy)
    refuses(words, phy)


def test_phy_without_labels_or_parameters(phy):
    for name in ("cluster_group.tsv", "cluster_KSLabel.tsv", "cluster_info.tsv", "params.py"):
        (phy / name).unlink()
    shutil.move(phy / "spike_clusters.npy", phy / "spike_templates.npy")
    made = read(phy, sampling_rate="30 kHz")
    assert "quality" not in made.data.coords and said(made, "units are templates")


# -- Neo ---------------------------------------------------------------------------------------------


def neo_segment(start=0.0, signals=1):
    segment = neo.Segment()
    for unit in range(2):
        train = [start * 1000 + 100 + unit, start * 1000 + 900] * pq.ms
        segment.spiketrains.append(neo.SpikeTrain(
            train, t_start=start * pq.s, t_stop=(start + 1) * pq.s, name=f"cell {unit}", location=f"area {unit}"
        ))  # fmt: skip
    for index in range(signals):
        segment.analogsignals.append(neo.AnalogSignal(
            WAVES[:100] * pq.uV, sampling_rate=0.1 * pq.kHz, t_start=start * pq.s, name=f"lfp {index}",
            array_annotations={"channel_names": np.array(["a", "b", "c"])},
        ))  # fmt: skip
    segment.epochs.append(neo.Epoch(times=[start * 1000] * pq.ms, durations=[500] * pq.ms, labels=["early"]))
    return segment


def test_spikes_of_neo_keep_their_units_of_time():
    made = read(neo_segment())
    assert made.names == ("cell 0", "cell 1") and list(made.data["location"].values) == ["area 0", "area 1"]
    np.testing.assert_allclose(made.trains[1], [0.101, 0.9])
    np.testing.assert_allclose(made.support, [[0, 1]])
    np.testing.assert_allclose(made.epochs["early"], [[0, 0.5]])
    single = read(neo_segment().spiketrains[0])
    np.testing.assert_allclose(single.trains[0], [0.1, 0.9])
    assert read(list(neo_segment().spiketrains)).size == 2
    np.testing.assert_allclose(from_spikes(list(neo_segment().spiketrains), support=(0, 1)).trains[1], [0.101, 0.9])


def test_signals_of_neo():
    made = read(neo_segment(start=5.0), key="lfp 0")
    np.testing.assert_array_equal(made.segments[0], WAVES[:100])
    assert made.names == ("a", "b", "c") and made.required_rate() == 100 and made.data["values"].attrs["units"] == "uV"
    np.testing.assert_allclose(made.support, [[5, 6]])
    alone = read(neo_segment().analogsignals[0])
    assert alone.kind == "signals" and said(alone, "100 Hz from the signal's sampling_rate")
    refuses("did you mean 'lfp 0'", neo_segment(), key="lfp0")


def test_blocks_of_neo_follow_their_clock_or_are_put_one_after_another():
    block = neo.Block()
    block.segments.extend([neo_segment(0.0), neo_segment(2.0)])
    np.testing.assert_allclose(read(block).support, [[0, 1], [2, 3]])
    np.testing.assert_allclose(read(block, key="lfp 0").support, [[0, 1], [2, 3]])
    again = neo.Block()
    again.segments.extend([neo_segment(0.0), neo_segment(0.0), neo_segment(0.0)])
    made = read(again)
    np.testing.assert_allclose(made.trains[0], [0.1, 0.9, 1.1, 1.9, 2.1, 2.9])
    assert said(made, "3 segments overlap in time") and len(made.support) == 3
    np.testing.assert_allclose(made.epochs["early"], [[0, 0.5], [1, 1.5], [2, 2.5]])
    assert [len(piece) for piece in read(again, key="lfp 0").segments] == [100, 100, 100]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (neo.Segment, "got none"),
        (neo.Block, "got none"),
        (lambda: neo.Event(times=[1] * pq.s, labels=["a"]), "got Event"),
        (lambda: [neo_segment().spiketrains[0], 3], "SpikeTrain, int"),
        (lambda: neo.SpikeTrain([] * pq.s, t_stop=1 * pq.s), "at least one spike"),
    ],
)
def test_what_neo_refuses(source, words):
    refuses(words, source())


def test_two_signals_of_neo_need_a_key():
    segment = neo.Segment()
    segment.analogsignals.extend(neo_segment(signals=2).analogsignals)
    refuses("key must choose one of 'lfp 0', 'lfp 1'", segment)


def test_files_go_to_neo_last_and_the_guessing_ones_never(tmp_path):
    for name, words in (("x.foo", "no format known here"), ("x.raw", "bare samples"), ("x.fake", "makes up"),
                        ("x.asc", "rename"), ("x.nev", "cannot read it")):  # fmt: skip
        (tmp_path / name).write_bytes(b"0123456789")
        refuses(words, tmp_path / name)


def test_a_file_of_neo(tmp_path):
    block = neo.Block()
    block.segments.append(neo_segment())
    neo.io.NeoMatlabIO(str(tmp_path / "x.mat")).write_block(block)
    np.testing.assert_allclose(read(tmp_path / "x.mat").trains[1], [0.101, 0.9])


# -- MNE ---------------------------------------------------------------------------------------------


def mne_raw():
    info = mne.create_info(["Fz", "Cz", "STI"], 100.0, ["eeg", "eeg", "stim"])
    raw = mne.io.RawArray(WAVES.T, info, first_samp=50, verbose="ERROR")
    raw.set_annotations(mne.Annotations([1, 2, 3, 3.5], [0.5, 0.5, 0, 1], ["rest", "BAD_move", "click", "rest"]))
    raw.info["bads"] = ["Cz"]
    return raw


def test_raw_data_of_mne(tmp_path):
    mne_raw().save(tmp_path / "x_raw.fif", verbose="ERROR")
    for made in (read(mne_raw()), read(tmp_path / "x_raw.fif")):
        assert made.names == ("Fz", "Cz", "STI") and made.required_rate() == 100
        assert list(made.data["type"].values) == ["eeg", "eeg", "stim"]
        assert list(made.data["quality"].values) == ["good", "bad", "good"]
        assert [len(piece) for piece in made.segments] == [200, 250] and said(made, "1 annotations call bad")
        np.testing.assert_allclose(made.segments[1], WAVES[250:], rtol=1e-6)
        np.testing.assert_allclose(made.epochs["rest"], [[1, 1.5], [3.5, 4.5]])
        assert said(made, "1 annotations without a duration")


def test_joined_recordings_of_mne_stay_apart():
    made = read(mne.concatenate_raws([mne_raw(), mne_raw()], verbose="ERROR"))
    assert [len(piece) for piece in made.segments] == [200, 250, 200, 250]


def test_epochs_of_mne_are_trials(tmp_path):
    raw = mne_raw().set_annotations(None)
    events = np.array([[50, 0, 1], [150, 0, 2], [250, 0, 1], [350, 0, 1]])
    epochs = mne.Epochs(raw, events, {"left": 1, "right": 2}, tmin=0, tmax=0.99, baseline=None, preload=True,
                        verbose="ERROR")  # fmt: skip
    epochs.save(tmp_path / "x-epo.fif", verbose="ERROR")
    for made in (read(epochs), read(tmp_path / "x-epo.fif")):
        assert [len(piece) for piece in made.segments] == [100] * 4 and said(made, "4 trials")
        np.testing.assert_allclose(made.segments[1], WAVES[100:200], rtol=1e-6)
        np.testing.assert_allclose(made.epoch("right").segments[0], WAVES[100:200], rtol=1e-6)
        assert len(made.epoch("left").segments) == 3
    refuses("got EvokedArray", epochs.average())
    refuses("at least one trial", epochs[:0])


def test_brainvision_through_mne(tmp_path):
    (tmp_path / "x.vhdr").write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\nDataFile=x.eeg\n"
        "MarkerFile=x.vmrk\nDataFormat=BINARY\nDataOrientation=MULTIPLEXED\nNumberOfChannels=3\n"
        "SamplingInterval=4000\n\n[Binary Infos]\nBinaryFormat=IEEE_FLOAT_32\n\n[Channel Infos]\n"
        "Ch1=A,,1,µV\nCh2=B,,1,µV\nCh3=C,,1,µV\n",
        encoding="utf-8",
    )
    (tmp_path / "x.vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\nDataFile=x.eeg\n\n"
        "[Marker Infos]\n"
    )
    WAVES.astype("<f4").tofile(tmp_path / "x.eeg")
    made = read(tmp_path / "x.vhdr")
    assert made.required_rate() == 250 and made.data["values"].attrs["units"] == "V"
    np.testing.assert_allclose(made.segments[0], WAVES * 1e-6, rtol=1e-6)
    refuses("key has no meaning", tmp_path / "x.vhdr", key="A")
    (tmp_path / "x.eeg").unlink()
    refuses("cannot be read by MNE", tmp_path / "x.vhdr")
    (tmp_path / "y.edf").write_bytes(b"0       nonsense")
    refuses("cannot be read by MNE", tmp_path / "y.edf")


# -- pynapple ----------------------------------------------------------------------------------------


def nap_group():
    return nap.TsGroup(
        {unit: nap.Ts(TIMES[unit == UNITS]) for unit in range(4)},
        time_support=nap.IntervalSet([0, 5], [4, 10]),
        metadata={"location": ["a", "a", "b", "b"]},
    )


def test_spikes_of_pynapple(tmp_path):
    inside = (TIMES <= 4) | (TIMES >= 5)
    nap_group().save(str(tmp_path / "g.npz"))
    for made in (read(nap_group()), read(tmp_path / "g.npz")):
        same_trains(made, TIMES[inside], UNITS[inside])
        np.testing.assert_allclose(made.support, [[0, 4], [5, 10]])
    assert said(made, "being pickled")
    assert list(read(nap_group()).data["location"].values) == ["a", "a", "b", "b"]
    single = nap.Ts(TIMES)  # its support ends with its last spike, which is inside
    single.save(str(tmp_path / "t.npz"))
    assert read(single).samples == read(tmp_path / "t.npz").samples == 200


def test_signals_of_pynapple(tmp_path):
    frame = nap.TsdFrame(np.arange(500) / 50, WAVES, columns=["x", "y", "z"])
    frame.save(str(tmp_path / "f.npz"))
    assert read(frame).names == ("x", "y", "z")
    for made in (read(frame), read(tmp_path / "f.npz")):
        np.testing.assert_array_equal(made.segments[0], WAVES)
        assert made.required_rate() == pytest.approx(50)
    part = frame.restrict(nap.IntervalSet([1, 2], [2 - 1e-3, 4]))  # no sample is missing, and yet two intervals
    assert [len(piece) for piece in read(part).segments] == [50, 101]
    assert read(nap.Tsd(np.arange(500) / 50, WAVES[:, 0])).size == 1


def test_what_pynapple_refuses(tmp_path):
    intervals = nap.IntervalSet([0, 2], [1, 3])
    intervals.save(str(tmp_path / "i.npz"))
    for source in (intervals, tmp_path / "i.npz"):
        refuses("holds no recording but intervals", source)
    refuses("got TsdTensor", nap.TsdTensor(np.arange(5), np.zeros((5, 2, 2))))
    np.savez(tmp_path / "b.npz", type=np.array(["Tsd"]), t=np.arange(3))
    refuses("lacks d, start, end", tmp_path / "b.npz")
    nap_group().save(str(tmp_path / "g.npz"))
    refuses("which pynapple has written", tmp_path / "g.npz", key="t")
    refuses("irregular", nap.Tsd(np.cumsum(RNG.exponential(size=50)), np.arange(50.0)))
    np.testing.assert_allclose(read(TIMES, units=UNITS, support=nap.IntervalSet(0, 10)).support, [[0, 10]])


# -- the door ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nowhere.nwb", "does not exist"),
        (None, "must be a path.*NoneType"),
        (3, "must be a path"),
        ({"a": [1]}, "must be a path.*dict"),
        (object(), "must be a path"),
        ([], "empty"),
    ],
)
def test_sources_that_are_none(source, words):
    refuses(words, source, sampling_rate=1)


def test_empty_files_folders_and_recordings(tmp_path):
    (tmp_path / "x.csv").touch()
    refuses("is empty", tmp_path / "x.csv")
    refuses("folder without spike_times.npy", tmp_path)
    refuses("recording already", from_array(WAVES, 1.0))


@pytest.mark.parametrize(("package", "name"), [("neo", "x.nev"), ("mne", "x.edf")])
def test_a_missing_library_is_named_with_its_command(tmp_path, monkeypatch, package, name):
    (tmp_path / name).write_text("something")
    monkeypatch.setitem(__import__("sys").modules, package, None)
    refuses(f"needs {package}.*pip install {package}", tmp_path / name)


# -- what ships --------------------------------------------------------------------------------------


def test_the_head_direction_data_are_those_of_the_nwb_file():
    shipped, source = datasets.head_direction(), read(NWB)
    assert shipped.names == source.names and set(shipped.epochs) == set(source.epochs)
    for name in ("times", "train", "support", "location", "group", "electrode_group"):
        np.testing.assert_array_equal(shipped.data[name].values, source.data[name].values, name)
    for name, intervals in source.epochs.items():
        np.testing.assert_array_equal(shipped.epochs[name], intervals)
    heading, series = datasets.head_direction_heading(), read(NWB, key="ry")
    for name in ("values", "time", "segment"):
        np.testing.assert_array_equal(heading.data[name].values, series.data[name].values)
    assert heading.required_rate() == series.required_rate()


@pytest.mark.parametrize(
    ("load", "kind", "size", "samples", "duration"),
    [
        (datasets.head_direction, "spikes", 15, 98794, 1200.0),
        (datasets.head_direction_heading, "signals", 1, 63527, 529.36),
        (datasets.neuropixels, "spikes", 289, 124905, 120.0),
        (datasets.bold, "signals", 31, 250, 472.5),
        (datasets.ecog_stn, "signals", 10, 19001, 19.001),
    ],
)
def test_data_that_ship_are_what_they_say(load, kind, size, samples, duration):
    made = load()
    assert (made.kind, made.size, made.samples) == (kind, size, samples)
    assert made.duration == pytest.approx(duration, rel=1e-3)
    assert {"source", "license", "citation"} <= set(made.data.attrs)
    assert made.history[0] == made.data.attrs["source"]
    licence = made.data.attrs["license"]
    text = Path(datasets.__file__).parent / "data" / licence.split("text in ")[1].split()[0]
    assert licence.split("copyright (c) ")[1].split(";")[0].split(",")[0] in text.read_text()
    assert "Caveats" in load.__doc__ or "jumps" in load.__doc__


def test_types_of_channels():
    assert list(datasets.bold().data["type"].values).count("region") == 28
    kinds = list(datasets.ecog_stn().data["type"].values)
    assert [kinds.count(kind) for kind in ("stn", "ecog", "movement")] == [3, 6, 1]
    assert int(np.sum(datasets.neuropixels().rates > 1)) == 144
    heading = datasets.head_direction_heading().segments[0]
    assert 0 <= heading.min() < 0.01 and 6.27 < heading.max() <= 2 * np.pi
