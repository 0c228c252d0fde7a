"""Inputs that once did more than be refused, or would have: each as small as it can be."""

import json
import os
import pickle
import shutil
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from fuzz import seeds
from fuzz.mutating import unpacked
from fuzz.sandbox import Broken, allowed, judged, sandbox
from neurothermo import InputError, SpinNetwork, cli
from neurothermo.config import experiment
from neurothermo.core.hdf5 import member
from neurothermo.ensemble.opening import read_ledger
from neurothermo.grid import open_scan, status
from neurothermo.recordings import read


def refused(words, action):
    """In one sentence, soon."""
    started = time.monotonic()
    with pytest.raises(InputError, match=words or ".") as caught:
        action()
    assert allowed(caught.value) and time.monotonic() - started < 10


# -- nothing is unpickled, nothing is run --------------------------------------------------------------------------


class Canary:
    """A pickle of it makes a file when it is loaded."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (os.mkdir, (self.path,))


@pytest.fixture
def canary(tmp_path):
    made = Canary(tmp_path / "sung")
    yield made
    assert not (tmp_path / "sung").exists()


def test_the_canary_sings_where_it_is_unpickled(tmp_path):
    pickle.loads(pickle.dumps(Canary(tmp_path / "sung")))
    assert (tmp_path / "sung").is_dir()


def objects(canary):
    array = np.empty(3, dtype=object)
    array[:] = [canary] * 3
    return array


@pytest.mark.parametrize(
    "name", ["a.pkl", "a.pickle", "a.npy", "a.npz", "a.nwb", "a.csv", "a.mat", "a.set", "a.fif", "a.dat"]
)
def test_a_pickle_under_any_name_stays_one(tmp_path, canary, name):
    (tmp_path / name).write_bytes(pickle.dumps(canary))
    refused("", lambda: read(tmp_path / name, sampling_rate=1.0))


@pytest.mark.parametrize("entry", ["values", "type", "sampling_rate", "times", "channels", "d"])
def test_pickled_entries_of_an_archive_stay_pickled(tmp_path, canary, entry):
    arrays = {"values": np.arange(6.0), "times": np.arange(6.0), "type": np.array(["Tsd"]),
    "sampling_rate": np.array(1.0),
              "t": np.arange(6.0), "d": np.arange(6.0), "start": np.zeros(1), "end": np.ones(1)}  # fmt: skip
    if entry != "type":
        del arrays["type"]
    np.savez(tmp_path / "a.npz", **{**arrays, entry: objects(canary)})
    for arguments in ({}, {"key": "values", "times": "times"}):
        with suppress(InputError):  # what is not needed may stay unread
            read(tmp_path / "a.npz", **arguments)
    refused("", lambda: SpinNetwork.read(tmp_path / "a.npz", key=entry))
    np.save(tmp_path / "b.npy", objects(canary), allow_pickle=True)
    refused("pickle", lambda: read(tmp_path / "b.npy", sampling_rate=1.0))
    refused("pickle", lambda: SpinNetwork.read(tmp_path / "b.npy"))


@pytest.mark.parametrize("name", ["spike_times.npy", "spike_clusters.npy"])
def test_pickles_in_a_folder_of_phy(tmp_path, canary, name):
    folder = phy(tmp_path, **{name: seeds.npy(objects(canary), allow_pickle=True)})
    refused("cannot be read", lambda: read(folder))


def test_params_are_parsed_and_never_run(tmp_path):
    line = f"import os\nos.mkdir({str(tmp_path / 'sung')!r})\nsample_rate = 100.\n"
    assert read(phy(tmp_path, **{"params.py": line.encode()})).samples == 30
    line = f"sample_rate = __import__('os').mkdir({str(tmp_path / 'sung')!r})\n"
    refused("plain number", lambda: read(phy(tmp_path, **{"params.py": line.encode()})))
    refused("no Python", lambda: read(phy(tmp_path, **{"params.py": b"(" * 3000})))
    assert not (tmp_path / "sung").exists()


def test_pickles_of_the_older_zarr_stay_unread(tmp_path, canary):
    store = scan_store(tmp_path)
    shutil.rmtree(store / "work")
    (store / "work").mkdir()
    about = {"zarr_format": 2, "shape": [2, 2, 80], "chunks": [1, 1, 64], "dtype": "|O", "compressor": None,
             "fill_value": None, "order": "C", "filters": [{"id": "pickle"}]}  # fmt: skip
    (store / "work" / ".zarray").write_text(json.dumps(about))
    (store / "work" / "0.0.0").write_bytes(pickle.dumps(canary))
    for action in (lambda: open_scan(store).load(), lambda: cli.estimate(store, None, None, None, False)):
        with pytest.raises(InputError):
            action()
            raise InputError("what is left of it was read")


def test_readers_of_neo_that_write_or_download_are_not_asked(tmp_path, monkeypatch):
    import neo

    for name in ("Plexon2IO", "PickleIO"):
        monkeypatch.setattr(getattr(neo.io, name), "__init__", lambda *_, **__: pytest.fail("opened"))
    for name, words in (("a.pl2", "downloads"), ("a.pkl", "never loaded")):
        (tmp_path / name).write_bytes(b"1234")
        refused(words, lambda name=name: read(tmp_path / name))
    opened = []
    monkeypatch.setattr(neo.io.NixIO, "__init__", lambda self, path, mode="rw": opened.append(mode))
    (tmp_path / "a.nix").write_bytes(b"1234")
    with pytest.raises(InputError):
        read(tmp_path / "a.nix")
    assert opened == ["ro"]


# -- the watch itself can fail -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "action",
    [lambda: pickle.loads(pickle.dumps(len)), lambda: Path("x").write_text("x"), lambda: h5py.File("x.h5", "w").close(),
     lambda: [][0], lambda: os.mkdir("folder")],
)  # fmt: skip
def test_what_must_not_happen_is_seen(action):
    with sandbox() as here, pytest.raises(Broken):
        judged(here, action)


def test_a_refusal_is_one_line():
    assert allowed(InputError("a b")) and not allowed(InputError("a\nb")) and not allowed(InputError(" "))
    assert not allowed(ValueError("a")) and not allowed(MemoryError()) and allowed(FileNotFoundError(2, "no such file"))


# -- NumPy's files -------------------------------------------------------------------------------------------------


def test_an_array_that_is_called_an_archive(tmp_path):
    (tmp_path / "a.npz").write_bytes(seeds.npy(np.eye(2)))
    refused("no .npz archive", lambda: SpinNetwork.read(tmp_path / "a.npz"))


@pytest.mark.parametrize(
    "header", [b"{'descr':(", b"(" * 500, b"{'descr': '<f8', 'fortran_order': False, 'shape': (10**9, 10**9), }"]
)
def test_headers_that_are_no_headers(tmp_path, header):
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"12345678"
    (tmp_path / "a.npy").write_bytes(data)
    refused("", lambda: read(tmp_path / "a.npy", sampling_rate=1.0))
    refused("", lambda: SpinNetwork.read(tmp_path / "a.npy"))
    refused("", lambda: read(phy(tmp_path, **{"spike_times.npy": data})))


def test_a_header_that_declares_more_than_memory(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    refused("", lambda: read(tmp_path / "a.npy", sampling_rate=1.0))
    refused("", lambda: SpinNetwork.read(tmp_path / "a.npy"))


def test_names_and_sizes_of_an_archives_entries(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("../../escaped.npy", seeds.npy(seeds.WAVES))
        archive.writestr("a\nb.npy", seeds.npy(seeds.WAVES))
    assert read(tmp_path / "a.npz", key="../../escaped", sampling_rate=1.0).samples == 40
    refused("key must", lambda: read(tmp_path / "a.npz", sampling_rate=1.0))
    refused("key must", lambda: SpinNetwork.read(tmp_path / "a.npz"))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (2**32 - 2).to_bytes(4, "little")  # the size that the last entry says it has
    (tmp_path / "b.npz").write_bytes(data)
    monkeypatch.setattr("neurothermo.systems.reading.memory_limit", lambda: 2.0**30)
    refused("more than fits", lambda: read(tmp_path / "b.npz", key="a\nb", sampling_rate=1.0))
    refused("more than fits", lambda: SpinNetwork.read(tmp_path / "b.npz", key="a\nb"))


def test_words_where_numbers_should_be(tmp_path):
    np.save(tmp_path / "a.npy", np.array([["a", "b"], ["c", "d"]]))
    refused("numbers", lambda: SpinNetwork.read(tmp_path / "a.npy"))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("word", b"not an array")
    refused("numbers", lambda: SpinNetwork.read(tmp_path / "a.npz"))


def test_a_sparse_matrix_with_indices_outside_it(tmp_path):
    np.savez(tmp_path / "a.npz", format=np.array(b"csr"), shape=np.array([2, 2]), data=np.ones(2),
             indices=np.array([1, 10**8]), indptr=np.array([0, 1, 2]))  # fmt: skip
    refused("readable matrix", lambda: SpinNetwork.read(tmp_path / "a.npz"))


def test_intervals_of_pynapple_that_do_not_pair(tmp_path):
    (tmp_path / "a.npz").write_bytes(seeds.npz(
        type=np.array(["Ts"]), t=np.arange(3.0), start=np.zeros(2), end=np.ones(1)))  # fmt: skip
    refused("as many", lambda: read(tmp_path / "a.npz"))


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    refused("neither a file nor a folder", lambda: read(tmp_path / "a.csv"))


# -- HDF5 ----------------------------------------------------------------------------------------------------------


def nwb(tmp_path, change):
    path = tmp_path / "a.nwb"
    path.write_bytes(seeds.of_nwb()[1])
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def replaced(path, make):
    def change(file):
        if path in file:
            del file[path]
        make(file)

    return change


DATA = "acquisition/lfp/data"


@pytest.mark.parametrize(
    ("path", "make", "words"),
    [
        (DATA, lambda file: file.__setitem__(DATA, h5py.ExternalLink("/dev/zero", "/")), "another file"),
        ("units", lambda file: file.__setitem__("units", h5py.ExternalLink("/etc/passwd", "/")), "another file"),
        ("intervals", lambda file: file.__setitem__("intervals", h5py.SoftLink("/intervals")), "leads nowhere"),
        (DATA, lambda file: file.create_dataset(DATA, (9,), "u1", external=[("/etc/passwd", 0, 9)]), "other files"),
        (DATA, lambda file: file.create_dataset(DATA, (4 * 10**8,), "i1", chunks=(10**8,)), "more than"),
        (DATA, lambda file: file.create_dataset(DATA, (10**13,), "f8", chunks=(1024,)), "fit in memory"),
        (DATA, lambda file: file.create_dataset(DATA, (9,), "i1", maxshape=(None,), chunks=(4 * 10**9,)),
        "more than|fit in memory"),
        (DATA, lambda file: file.create_dataset(DATA, data=h5py.Empty("f8")), "nothing"),
        (DATA, lambda file: file.create_group(DATA), "must be a dataset"),
        ("acquisition/lfp/starting_time", lambda file: file.create_group("acquisition/lfp/starting_time"),
        "must be a dataset"),
    ],
)  # fmt: skip
def test_hdf5_that_reaches_out_or_declares_too_much(tmp_path, path, make, words):
    source = nwb(tmp_path, replaced(path, make))
    refused(words, lambda: read(source, key="lfp"))


def test_a_table_of_hdf5_that_is_an_endless_dataset(tmp_path):
    source = nwb(
        tmp_path, replaced("intervals/x", lambda file: file.create_dataset("intervals/x", (10**12,), "f8", chunks=(9,)))
    )
    started = time.monotonic()
    assert read(source, key="lfp").samples == 40 and time.monotonic() - started < 10
    whole = nwb(tmp_path, replaced("units", lambda file: file.create_dataset("units", (10**12,), "f8", chunks=(9,))))
    assert read(whole, key="lfp").samples == 40


def test_an_attribute_of_hdf5_that_is_an_array(tmp_path):
    source = nwb(tmp_path, lambda file: file[DATA].attrs.__setitem__("conversion", np.ones(9)))
    refused("one word or number", lambda: read(source, key="lfp"))


def test_links_inside_a_file_are_followed(tmp_path):
    source = nwb(tmp_path, lambda file: file["acquisition"].__setitem__("again", h5py.SoftLink("/acquisition/lfp")))
    with h5py.File(source) as file:
        assert member(file, "acquisition/again/data").shape == (40, 2) and member(file, "acquisition/no/data") is None
        assert member(file["acquisition"], "/units") is None and member(file, f"{DATA}/deeper") is None


# -- ledgers -------------------------------------------------------------------------------------------------------


def ledger(tmp_path, change):
    path = tmp_path / "a.nc"
    path.write_bytes(seeds.of_ledger()[0])
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def _fresh(name, **arguments):
    def change(file):
        del file[name]
        file.create_dataset(name, **arguments)

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda file: file.attrs.__setitem__("energy", np.arange(3)), "attribute 'energy'"),
        (lambda file: file.attrs.__setitem__("seed", np.arange(3)), "attribute 'seed'"),
        (lambda file: file.attrs.__delitem__("initial"), "initial"),
        (_fresh("work", data=np.ones((2, 2))), "not a ledger|not a readable"),
        (_fresh("work", data=["a"] * 12), "not a ledger|not a readable"),
        (_fresh("work", shape=(12,), dtype="f8", external=[("/etc/passwd", 0, 96)]), "other files"),
        (_fresh("work", shape=(10**13,), dtype="f8", chunks=(9,)), "fit in memory"),
        (lambda file: file.__setitem__("other", h5py.ExternalLink("/dev/zero", "/")), "another file"),
    ],
)
def test_ledgers_that_are_none(tmp_path, change, words):
    path = ledger(tmp_path, change)
    refused(words, lambda: cli.estimate(path, None, None, None, False))
    refused(words, lambda: read_ledger(path))


# -- stores of scans -----------------------------------------------------------------------------------------------


def scan_store(tmp_path):
    store = tmp_path / "scan.zarr"
    for name, data in unpacked(seeds.of_store()[1]).items():
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_bytes(data)
    return store


def told(store, change):
    about = json.loads((store / "zarr.json").read_text())
    said = json.loads(about["attributes"]["configuration"])
    change(said)
    about["attributes"]["configuration"] = json.dumps(said)
    (store / "zarr.json").write_text(json.dumps(about))


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.update(chunk=0), lambda said: said.update(runs=[]), lambda said: said.update(runs=None),
        lambda said: said.update(trials="many"), lambda said: said.pop("versions"), lambda said: said.pop("dims"),
        lambda said: said.update(versions=["a"]), lambda said: said.update(trials=10**30),
        lambda said: said.update(dims=[1]),
    ],
)  # fmt: skip
def test_configurations_of_stores_that_are_damaged(tmp_path, change):
    store = scan_store(tmp_path)
    told(store, change)
    refused("damaged", lambda: status(store))
    refused("damaged", lambda: cli.status(store, True))
    refused("damaged", lambda: open_scan(store))


@pytest.mark.parametrize("text", ["[1]", "3", '"a"', "{" * 5000, "", "[" * 100000])
def test_configurations_that_are_no_configurations(tmp_path, text):
    store = scan_store(tmp_path)
    about = json.loads((store / "zarr.json").read_text())
    about["attributes"]["configuration"] = text
    (store / "zarr.json").write_text(json.dumps(about))
    refused("", lambda: status(store))
    (store / "zarr.json").write_text(text)
    refused("", lambda: status(store))


HOSTILE = [
    {"point": 0, "start": 0, "stop": 10**30, "seconds": 1.0}, {"point": "0", "start": 0, "stop": 1, "seconds": 1.0},
    {"point": 0, "start": -5, "stop": 5, "seconds": 1.0}, {"point": 0, "start": 5, "stop": 0, "seconds": float("nan")},
    {"point": 0, "start": 0, "stop": 5, "seconds": float("inf")}, {"point": 0, "start": 0, "stop": 5,
    "seconds": "long"},
    {"point": 0, "start": 0, "stop": 7}, {"point": 0, "start": 0, "stop": 9, "seconds": 1.0,
    "chunks": "../../etc/passwd"},
    {"point": 0, "start": 0, "stop": 9, "seconds": 1.0, "attributes": 3}, [], 3, None, "x", {"point": [], "start": {},
    "stop": 1},
    {"point": True, "start": 0.5, "stop": 1e300, "seconds": 1.0},
]  # fmt: skip


@pytest.mark.parametrize("entry", HOSTILE)
def test_lines_of_a_log_that_no_scan_wrote_do_not_count(tmp_path, entry):
    store = scan_store(tmp_path)
    before = status(store)["trials_done"]
    with (store / "tasks" / "log.jsonl").open("a") as log:
        log.write(json.dumps(entry) + "\n")
    assert status(store)["trials_done"] == before
    json.dumps(status(store), allow_nan=False)
    cli.estimate(store, None, None, None, True)


def test_a_store_with_points_that_are_not_begun(tmp_path, capsys):
    store = scan_store(tmp_path)
    lines = (store / "tasks" / "log.jsonl").read_text().splitlines(keepends=True)
    (store / "tasks" / "log.jsonl").write_text(lines[0])
    cli.estimate(store, None, None, None, False)
    assert "none is done yet" in capsys.readouterr().out
    (store / "tasks" / "log.jsonl").write_text("")
    cli.estimate(store, None, None, None, False)
    assert capsys.readouterr().out.count("none is done yet") == 2


def test_a_chunk_of_a_store_that_is_damaged(tmp_path):
    store = scan_store(tmp_path)
    chunk = next(path for path in sorted((store / "work").rglob("*")) if path.is_file() and path.name != "zarr.json")
    data = bytearray(chunk.read_bytes())
    data[len(data) // 2] ^= 255
    chunk.write_bytes(data)
    refused("cannot be read", lambda: cli.estimate(store, None, None, None, False))


@pytest.mark.parametrize(
    ("key", "value"),
    [("shape", [2, 2, 10**15]), ("shape", [2, 2]), ("shape", []), ("dimension_names", ["a", "b", "trial"]),
     ("data_type", "string"), ("codecs", [{"name": "pickle"}]), ("codecs", []), ("shape", [-1, 2, 80]),
     ("chunk_grid", {"name": "regular", "configuration": {"chunk_shape": [1, 1, 10**13]}})],
)  # fmt: skip
def test_arrays_of_a_store_that_are_no_columns(tmp_path, key, value):
    store = scan_store(tmp_path)
    about = json.loads((store / "work" / "zarr.json").read_text())
    about[key] = value
    (store / "work" / "zarr.json").write_text(json.dumps(about))
    refused("store: ", lambda: cli.estimate(store, None, None, None, False))


# -- experiments, and the command line -----------------------------------------------------------------------------


def test_rows_of_different_lengths_in_an_experiment():
    table = {"temperature": 1.0, "system": {"kind": "SpinNetwork", "couplings": [[0, 1], [1, 0]]},
             "protocol": {"kind": "ramp", "start": [[1, 2], [3]], "stop": 0.0, "steps": 2}}  # fmt: skip
    refused("start", lambda: experiment(table))
    table["protocol"]["start"] = 0.0
    table |= {"temperature": [[1.0], [1.0, 2.0]], "estimators": ["bar"]}
    refused("temperature must be", lambda: experiment(table))


RAGGED = [[1, 2], [3]]
FIELD = {"kind": "NeuralField", "length": 40.0, "points": 16, "gain": 1.0,
         "kernel": {"kind": "gaussian", "weight": 0.5, "width": 1.0}}  # fmt: skip
STORED = {"kind": "hopfield", "patterns": [[1, 1], [1, -1]]}
PAIR = {"kind": "SpinNetwork", "couplings": [[0, 1], [1, 0]]}
HAT = {"kind": "gaussian", "weight": 0.5, "width": 1.0, "shift": RAGGED}


@pytest.mark.parametrize(
    ("words", "system", "more"),
    [
        ("length must be a number or an array", FIELD | {"length": RAGGED}, {}),
        ("points must be a number or an array", FIELD | {"points": RAGGED}, {}),
        ("noise must be a number or an array", FIELD | {"noise": RAGGED}, {}),
        ("input must be a number or an array", FIELD | {"input": RAGGED}, {}),
        ("at must be a number or an array", FIELD | {"at": RAGGED}, {}),
        ("shift must be a number or an array", FIELD | {"kernel": HAT}, {}),
        ("crossover must be a number or an array", STORED | {"crossover": RAGGED}, {"temperature": 1.0}),
        ("temperature must be a number or an array", PAIR, {"temperature": RAGGED}),
        ("initial must be an array", PAIR, {"temperature": 1.0, "initial": RAGGED}),
        ("axes is needed in .scan.: a table of lists of numbers", PAIR, {"scan": {"axes": {"temperature": RAGGED}}}),
        ("trials must be a whole number", PAIR, {"temperature": 1.0, "trials": {"kind": {}}}),
        ("title must be text", PAIR, {"temperature": 1.0, "title": {}}),
        ("patterns: the couplings .* here is room for", STORED | {"patterns": {"count": 1, "size": 10**7}}, {}),
        ("length must be between", FIELD | {"length": 5e-324}, {}),
        ("tau must be between", FIELD | {"tau": 1e-320}, {}),
        ("weight must be at most", FIELD | {"noise": {"kind": "gaussian", "weight": 1e308, "width": 1.0}}, {}),
        ("input must be at most", FIELD | {"gain": {"kind": "logistic"}, "input": 1e308, "at": 0.0}, {}),
        ("one of .*got 'xxx[^ ]{20,60}\\.\\.\\.", {"kind": "x" * 10**5}, {}),
    ],
)  # fmt: skip
def test_values_that_once_reached_numpy_or_the_terminal(words, system, more):
    table = {"system": system, "protocol": {"kind": "hold", "value": 0.0, "steps": 2}, **more}
    refused(words, lambda: repr(experiment(table)))


def test_a_protocol_longer_than_memory_is_refused():
    for protocol in ({"kind": "hold", "value": 0.0, "steps": 10**9}, {"kind": "ramp", "start": 0, "stop": 1,
    "steps": 10**9}):  # fmt: skip
        refused("GiB", lambda protocol=protocol: experiment({"system": PAIR, "protocol": protocol, "temperature": 1.0}))


def test_names_out_of_a_file_do_not_reach_the_terminal_raw(tmp_path, capsys, monkeypatch):
    (tmp_path / "a.toml").write_text('"\\u001b[2Jx\\ny" = 1\n')
    monkeypatch.setattr("sys.argv", ["neurothermo", "run", str(tmp_path / "a.toml")])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    said = capsys.readouterr().err
    assert stopped.value.code == 2 and "\x1b" not in said and said.count("\n") == 1


def phy(tmp_path, **files):
    folder = tmp_path / "phy"
    folder.mkdir(exist_ok=True)
    for name, data in {**seeds.phy_files(), **files}.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("text", ['times,a\n0.1,"\n0.2,2\n0.3,3\n', 'a,b\n1,"2\n3"\n4,5\n'])
def test_a_quoted_field_over_several_lines_is_refused(tmp_path, text):
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(InputError, match="quoted field that goes over several lines"):
        read(tmp_path / "table.csv", interval="10 ms")


def test_words_of_characters_that_there_are_not_are_refused(tmp_path):
    words = np.array([0x110000, 65], dtype=np.uint32).view("<U2")
    np.save(tmp_path / "a.npy", words)
    np.savez(tmp_path / "a.npz", signal=np.zeros((50, 2)), channels=words)
    with pytest.raises(InputError, match="characters that there are not"):
        read(tmp_path / "a.npy", interval=0.1)
    assert read(tmp_path / "a.npz", key="signal", interval=0.1).size == 2  # names that cannot be read are not names
