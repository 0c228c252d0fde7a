"""Files on which HDF5's own library crashes or hangs: another process meets them first."""

import shutil
import struct
import subprocess
import sys
from contextlib import nullcontext
from time import monotonic

import h5py
import numpy as np
import pytest

from fuzz import seeds
from neurothermo import InputError
from neurothermo.core import hdf5
from neurothermo.ensemble.opening import read_ledger
from neurothermo.recordings import read

TEXT = 1003  # characters: a length that is found again in the file


@pytest.fixture
def session(tmp_path):
    path = tmp_path / "session.nwb"
    path.write_bytes(seeds.of_nwb()[0])
    return path


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "ledger.nc"
    path.write_bytes(seeds.of_ledger()[0])
    return path


def test_what_is_whole_passes(session, ledger):
    for path in (session, ledger):
        assert hdf5.walked(path) == "done"
        hdf5.check_apart(path)


def test_what_is_no_hdf5_is_not_walked(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "walked", lambda path: pytest.fail("walked"))
    for number, data in enumerate((b"", b"1,2\n3,4\n", b"\x89HDF", bytes(5000))):
        path = tmp_path / str(number)
        path.write_bytes(data)
        hdf5.check_apart(path)


@pytest.mark.parametrize("block", [0, 512, 1024, 4096])
def test_what_does_not_survive_is_refused_before_it_is_opened(session, ledger, monkeypatch, block):
    """Also behind a block of the user's, as files of MATLAB have one; other libraries read HDF5 too."""
    renamed = session.with_name("session.mat")
    for path in (session, ledger):
        path.write_bytes(bytes(block) + path.read_bytes())
    shutil.copy(session, renamed)
    monkeypatch.setattr(hdf5, "walked", lambda path: "crashed")
    monkeypatch.setattr(h5py, "File", lambda *a, **k: pytest.fail("opened"))
    for refused in (lambda: read(session), lambda: read_ledger(ledger), lambda: read(renamed)):
        with pytest.raises(InputError, match="seems damaged: in another process, HDF5's own library crashed"):
            refused()


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [(b"started\n", -11, "crashed"), (b"started\n", 1, "did not come back in 20 s"), (b"started\ndone\n", 0, ""),
     (b"usage: ...", 2, ""), (b"", 1, "")],
)  # fmt: skip
def test_what_becomes_of_a_process_is_told(session, monkeypatch, said, code, words):
    """Of a walk that a signal ends, of one that ends itself, of one that is whole, of another program."""
    ended = subprocess.CompletedProcess("", code, said, b"")
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: ended)
    with pytest.raises(InputError, match=words) if words else nullcontext():
        hdf5.check_apart(session)


@pytest.mark.parametrize("executable", ["", "/nowhere/python", "/etc/passwd", shutil.which("false")])
def test_a_machine_that_starts_no_other_python_reads_as_before(session, monkeypatch, executable):
    monkeypatch.setattr(sys, "executable", executable)
    assert hdf5.walked(session) == "not started"
    assert read(session).kind == "spikes"


def test_a_program_that_python_is_part_of_is_not_started_again(session, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("started"))
    assert hdf5.walked(session) == "not started"


def many(path, count):
    """Datasets that share one scale, and refer to it."""
    with h5py.File(path, "w") as file:
        scale = file.create_dataset("scale", data=np.arange(3.0))
        scale.make_scale("time")
        for number in range(count):
            one = file.create_dataset(f"values{number}", data=np.arange(3.0))
            one.dims[0].attach_scale(scale)
            one.attrs["of"] = scale.ref
    return path


def test_many_that_refer_to_one_are_walked_in_time(tmp_path):
    """To ask HDF5 for the name of what is referred to would make it search the whole file each time."""
    path = many(tmp_path / "many.h5", 1500)
    began = monotonic()
    assert hdf5.walked(path) == "done"
    assert monotonic() - began < hdf5.SECONDS / 2


def test_a_walk_ends_itself_in_time(tmp_path, monkeypatch):
    """Nobody else has to end it: whoever asked for it may have been killed."""
    path = many(tmp_path / "many.h5", 300)
    monkeypatch.setattr(hdf5, "SECONDS", 1e-3)
    monkeypatch.setattr(hdf5, "LEAST_RATE", 1e12)
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: run(*a, **{**k, "timeout": 60}))
    assert hdf5.walked(path).startswith("did not come back")
    with pytest.raises(InputError, match="did not come back"):
        read(path)


def test_links_references_and_rings_are_walked_and_left(tmp_path):
    """Names that lead to each other end; what lies in other files is not touched: it does not exist."""
    path = tmp_path / "ring.h5"
    with h5py.File(path, "w") as file:
        file.create_group("a")["up"] = file["/"]
        file["soft"], file["out"] = h5py.SoftLink("/a/up"), h5py.ExternalLink("nowhere.h5", "/")
        file["nowhere"] = h5py.SoftLink("/b")
        values = file.create_dataset("values", data=np.arange(6.0).reshape(2, 3))
        values.attrs["to"] = file["a"].ref
        file["references"] = np.array([file["a"].ref, values.ref], dtype=h5py.ref_dtype)
        file.create_dataset("large", shape=(10**12,), chunks=(2**20,), dtype="f8")
        file["empty"] = h5py.Empty("f8")
    assert hdf5.walked(path) == "done"


@pytest.mark.slow
def test_texts_whose_lengths_are_damaged_do_not_hold_us_up(tmp_path):
    """A length of 4 GB for each of forty texts: HDF5 fills the memory for every one before it refuses."""
    path = tmp_path / "texts.nwb"
    path.write_bytes(seeds.of_nwb()[0])
    with h5py.File(path, "r+") as file:
        for number in range(40):
            file["units"].attrs[f"text {number}"] = "u" * TEXT
    whole = path.read_bytes()
    assert hdf5.walked(path) == "done"
    length = struct.pack("<I", TEXT)
    assert whole.count(length) >= 40
    path.write_bytes(whole.replace(length, struct.pack("<I", 2**32 - 1)))
    began = monotonic()
    with pytest.raises(InputError, match="did not come back"):
        read(path)
    assert hdf5.SECONDS - 1 < monotonic() - began < hdf5.SECONDS + 10  # and it does hold up who opens it
