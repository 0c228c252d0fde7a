"""Scans that are killed, at any instant and by their workers, and go on: nothing lost, nothing twice, one task at most.

The runs are processes of their own, in a session of their own: `scan_run.py`.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import scan_run
from neurothermo.grid import status
from scan_run_checks import alive, assert_same_bits, assert_unbroken, logged, waited, workers_of

RUN = Path(scan_run.__file__)
LONG = 180.0  # seconds that a run may take on a busy machine


def started(store, workers=0, notes="", fault=""):
    """A run in a session of its own."""
    words = [sys.executable, RUN, store, str(workers), notes, fault]
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True)


def ended(run):
    """Its exit code and what it said."""
    _, said = run.communicate(timeout=LONG)
    return run.returncode, said


def kill_all(run):
    """The run and whoever works for it, at once."""
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()


def begun(notes):
    """How many tasks were begun."""
    return len(notes.read_text().splitlines()) if notes.exists() else 0


def done(store):
    """How many are stored."""
    return sum(logged(store).values()) if (store / "tasks" / "log.jsonl").exists() else 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nobody disturbs, in this process."""
    store = tmp_path_factory.mktemp("unbroken") / "s"
    return store, scan_run.main(store)


def check_unbroken(store, whole, said):
    """Run what is left, here, and compare everything."""
    assert_same_bits(whole[1], scan_run.main(store, tell=said.append))
    assert_unbroken(store, whole[0])
    found = status(store)
    assert found["done"] and found["tasks_done"] == found["tasks"] == scan_run.TASKS and not found["running"]
    assert not list(store.rglob("*.partial"))


def test_killed_as_the_store_is_made_and_in_the_middle(whole, tmp_path):
    store, notes, said = tmp_path / "s", tmp_path / "notes", []
    run = started(store, notes=notes)
    assert waited(lambda: any(tmp_path.iterdir()), LONG)  # the store, or what is about to be renamed to it
    kill_all(run)
    run = started(store, notes=notes)
    assert waited(lambda: done(store) >= 3, LONG)
    kill_all(run)
    stored = done(store)
    assert 3 <= stored < scan_run.TASKS and begun(notes) <= stored + 2, "at most one task of each run is lost"
    check_unbroken(store, whole, said)
    assert any("was ended before it was done: continuing from what it stored" in sentence for sentence in said)


def check_kills(whole, folder, workers, kills, one_worker):
    """Kill at instants drawn over a run's whole life until so many have happened; resume after each; compare."""
    random = np.random.default_rng(workers + 1)
    clock = time.monotonic()
    assert ended(started(folder / "first", workers)) == (0, "")
    life = time.monotonic() - clock
    assert_unbroken(folder / "first", whole[0])
    happened, scans = 0, 0
    while happened < kills:
        store, notes, allowed = folder / str(scans), folder / f"notes {scans}", 0
        scans += 1
        code = None
        while code is None:  # until this scan is done, however often it is killed
            run, stored = started(store, workers, notes), done(store)
            while happened < kills:
                time.sleep(random.uniform(0, life if not one_worker else life / 2))
                if run.poll() is not None:
                    break
                happened += 1
                found = workers_of(run.pid)
                if one_worker and found and random.random() < 0.6:
                    found[random.integers(len(found))].send_signal(signal.SIGKILL)
                    allowed += 1
                    continue
                kill_all(run)
                allowed += max(workers, 1)
                break
            assert done(store) >= stored, "what was stored is lost"
            if run.returncode != -signal.SIGKILL:
                code, said = ended(run)
                if one_worker and code == 1 and said.count("\n") == 1 and "workers could not be started" in said:
                    code = None  # one was killed before it was there
        assert (code, said) == (0, "")
        assert_unbroken(store, whole[0])
        assert begun(notes) - scan_run.TASKS <= allowed, "a kill costs at most one task of each worker"
    return scans


@pytest.mark.slow
def test_killed_at_ten_random_instants(whole, tmp_path):
    check_kills(whole, tmp_path, workers=0, kills=10, one_worker=False)


@pytest.mark.slow
def test_workers_and_all_killed_at_ten_random_instants(whole, tmp_path):
    check_kills(whole, tmp_path, workers=2, kills=10, one_worker=True)


@pytest.mark.slow
def test_workers_end_by_themselves_when_their_scan_is_killed(whole, tmp_path):
    store, notes = tmp_path / "s", tmp_path / "notes"
    run = started(store, 2, notes)
    assert waited(lambda: done(store) >= 3, LONG)
    working = workers_of(run.pid)
    assert len(working) == 2 and len(alive(working)) == 2
    os.kill(run.pid, signal.SIGKILL)  # it alone
    run.communicate()
    assert waited(lambda: not alive(working), 30), "orphans"
    check_unbroken(store, whole, [])


@pytest.mark.slow
def test_control_c_ends_a_scan_and_its_workers(whole, tmp_path):
    store = tmp_path / "s"
    run = started(store, 2)
    assert waited(lambda: done(store) >= 3, LONG)
    working = workers_of(run.pid)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal sends it: to all of them
    code, _ = ended(run)
    assert code != 0 and waited(lambda: not alive(working), 30)
    check_unbroken(store, whole, [])
