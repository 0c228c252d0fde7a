"""Files on which HDF5's own library crashes or hangs: another process meets them first."""

import shutil
import signal
import struct
import subprocess
import sys
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
        assert hdf5.walked(path) == (True, 0)
        hdf5.check_apart(path)


@pytest.mark.parametrize(
    ("code", "words"), [(-signal.SIGSEGV, "crashes on it"), (hdf5.TOO_LONG, "does not come back from it")]
)
def test_what_does_not_survive_is_refused_before_it_is_opened(session, ledger, monkeypatch, code, words):
    monkeypatch.setattr(hdf5, "walked", lambda path: (True, code))
    monkeypatch.setattr(h5py, "File", lambda *a, **k: pytest.fail("opened"))
    renamed = shutil.copy(session, session.with_name("session.mat"))  # other libraries read HDF5 too
    for refused in (lambda: read(session), lambda: read_ledger(ledger), lambda: read(renamed)):
        with pytest.raises(InputError, match=words):
            refused()


def test_a_machine_that_starts_no_other_process_reads_as_before(session, monkeypatch):
    monkeypatch.setattr(sys, "executable", "")
    assert hdf5.walked(session) == (False, 0)
    assert read(session).kind == "spikes"


def test_a_program_that_does_not_start_refuses_nothing(session, monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    assert hdf5.walked(session)[0] is False
    hdf5.check_apart(session)


def test_a_walk_ends_itself_in_time(session, monkeypatch):
    """Nobody else has to end it: whoever asked for it may have been killed."""
    monkeypatch.setattr(hdf5, "SECONDS", 1e-4)
    monkeypatch.setattr(hdf5, "LEAST_RATE", 1e12)
    assert hdf5.walked(session) == (True, hdf5.TOO_LONG)
    with pytest.raises(InputError, match="does not come back"):
        read(session)


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
    assert hdf5.walked(path) == (True, 0)


@pytest.mark.slow
def test_texts_whose_lengths_are_damaged_do_not_hold_us_up(tmp_path):
    """A length of 4 GB for each of forty texts: HDF5 fills the memory for every one before it refuses."""
    path = tmp_path / "texts.nwb"
    path.write_bytes(seeds.of_nwb()[0])
    with h5py.File(path, "r+") as file:
        for number in range(40):
            file["units"].attrs[f"text {number}"] = "u" * TEXT
    whole = path.read_bytes()
    assert hdf5.walked(path) == (True, 0)
    length = struct.pack("<I", TEXT)
    assert whole.count(length) >= 40
    path.write_bytes(whole.replace(length, struct.pack("<I", 2**32 - 1)))
    began = monotonic()
    with pytest.raises(InputError, match="does not come back"):
        read(path)
    assert hdf5.SECONDS - 1 < monotonic() - began < hdf5.SECONDS + 10  # and it does hold up who opens it
    left = subprocess.run(["pgrep", "-f", str(path)], capture_output=True, text=True, check=False)
    assert not left.stdout
