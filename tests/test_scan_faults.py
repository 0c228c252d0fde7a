"""Faults as they happen: disks that are full or read-only, lost schedulers and workers, two runs, clocks, Ctrl-C.

Each ends in one sentence and an exit code, loses nothing that is stored, and the same command goes on to the same
bits. Runs are processes of their own: `neurothermo run scan.toml`, and `scan_run.py`.
"""

import errno
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import scan_run
from neurothermo import InputError, scan
from neurothermo.grid import status
from scan_run_checks import alive, assert_same_bits, assert_unbroken, logged, waited, workers_of
from test_scan_kills import LONG, begun, done, ended, started

FILE = """
trials = 60000
seed = 2
temperature = 1.0
[system]
kind = "SpinNetwork"
couplings = [[0, 0.7, -0.2], [0.7, 0, 0.4], [-0.2, 0.4, 0]]
[protocol]
kind = "ramp"
start = 0
stop = 1
steps = 20
[scan]
chunk = {chunk}
[scan.axes]
temperature = [1.0, 2.0]
"protocol.steps" = [20, 50]
"""
TASKS = 4 * 10


@pytest.fixture
def file(tmp_path):
    """An experiment of forty tasks."""
    path = tmp_path / "scan.toml"
    path.write_text(FILE.format(chunk=6016))
    return path


def command(*words):
    """The command line, in a session of its own."""
    line = [sys.executable, "-m", "neurothermo", *map(str, words)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def finished(run):
    """Exit code, and what was said on the error stream."""
    _, said = run.communicate(timeout=LONG)
    return run.returncode, said


def assert_one_sentence(said, *words):
    """One line that says it all, and no traceback."""
    lines = said.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("neurothermo: "), said
    for word in words:
        assert word in lines[0], said


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What a run of `scan_run.py` that nobody disturbs stores."""
    store = tmp_path_factory.mktemp("unbroken") / "s"
    return store, scan_run.main(store)


def go_on(store, whole):
    assert_same_bits(whole[1], scan_run.main(store))
    assert_unbroken(store, whole[0])


# -- disks ---------------------------------------------------------------------------------------------------------


def privately(folder, *lines):
    """A script with a file system of its own of a few hundred kB at `folder`, that ends with it."""
    script = "\n".join(["set -u", f"mount -t tmpfs -o size=400k none {shlex.quote(str(folder))} || exit 99", *lines])
    try:
        ran = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, timeout=3 * LONG)
    except FileNotFoundError:
        pytest.skip("there is no unshare on this system, which would mount a small disk for this test alone")
    if ran.returncode == 99 or "unshare" in ran.stderr:
        pytest.skip(f"this system does not let a test mount a small disk of its own: {ran.stderr.strip()}")
    return ran


@pytest.mark.slow
def test_a_disk_that_is_full_then_read_only_then_has_room(file, tmp_path):
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    out.mkdir()
    store = disk / "s"
    line = shlex.join([sys.executable, "-m", "neurothermo", "run", str(file), "--out", str(store)])
    look = shlex.join([sys.executable, "-m", "neurothermo", "status", str(store), "--json"])
    ran = privately(
        disk,
        f"cd {out}",
        f"{line} > out1 2> full; echo $? > code1; {look} > status1",
        f"{line} > out2 2> full_still; echo $? > code2",
        f"mount -o remount,ro,size=400k {disk}; {line} > out3 2> read_only; echo $? > code3",
        f"mount -o remount,rw,size=40m {disk}; {line} > out4 2> room; echo $? > code4",
        f"cp -r {store} {out}/s",
    )
    assert ran.returncode == 0, ran.stderr
    codes = [(out / f"code{number}").read_text().strip() for number in (1, 2, 3, 4)]
    assert codes == ["1", "1", "1", "0"], [(out / name).read_text() for name in ("full", "read_only", "room")]
    stored = int((out / "status1").read_text().split('"tasks_done": ')[1].split(",")[0])
    assert 0 < stored < TASKS
    kept = f"what is stored stays ({stored} tasks), and the same command continues from there"
    assert_one_sentence((out / "full").read_text(), "the disk is full", kept)
    assert_one_sentence((out / "full_still").read_text().splitlines()[-1], "the disk is full")
    assert_one_sentence((out / "read_only").read_text(), "the store cannot be written to")
    assert finished(command("run", file, "--out", tmp_path / "whole"))[0] == 0
    assert_unbroken(out / "s", tmp_path / "whole")


@pytest.mark.parametrize(
    "number, sentence", [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "the store cannot be written to")]
)
def test_a_full_or_read_only_disk_is_one_sentence_and_loses_nothing(whole, tmp_path, monkeypatch, number, sentence):
    from neurothermo.grid.store import Store

    store, write, calls = tmp_path / "s", Store._write, []

    def failing(self, *given):
        calls.append(given)
        if len(calls) == 20:
            raise OSError(number, os.strerror(number))
        return write(self, *given)

    monkeypatch.setattr(Store, "_write", failing)
    with pytest.raises(OSError, match=f"{sentence}; what is stored stays .2 tasks."):
        scan_run.main(store)
    monkeypatch.undo()
    assert status(store)["tasks_done"] == 2 and not status(store)["done"]
    go_on(store, whole)


def test_a_store_that_is_removed_while_it_is_written_is_one_sentence(whole, tmp_path):
    store, aside = tmp_path / "s", tmp_path / "aside"

    def removed(temperature, steps):
        if (store / "tasks").exists() and done(store) >= 10:
            shutil.move(store, aside)
        return scan_run.build(temperature, steps)

    with pytest.raises(OSError, match="the store is gone") as caught:
        scan_run.main(store, made=removed)
    assert "\n" not in str(caught.value)
    assert_same_bits(whole[1], scan_run.main(store))
    go_on(aside, whole)  # and what was moved is a store still


# -- workers and schedulers ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_worker_that_is_lost_again_and_again_ends_the_scan_with_a_sentence(whole, tmp_path):
    store = tmp_path / "s"
    code, said = ended(started(store, 2, fault="fatal"))
    assert code == 2 and len(said.strip().splitlines()) == 1, said
    assert "a task lost its worker again and again" in said
    go_on(store, whole)


@pytest.mark.slow
def test_a_worker_that_is_killed_in_a_task_costs_that_task_only(whole, tmp_path):
    store, notes = tmp_path / "s", tmp_path / "notes"
    run = started(store, 2, notes)
    assert waited(lambda: done(store) >= 3, LONG)
    workers_of(run.pid)[0].kill()
    assert ended(run) == (0, "")
    assert_unbroken(store, whole[0])
    assert begun(notes) <= scan_run.TASKS + 1


@pytest.mark.slow
def test_a_scheduler_that_is_lost_is_one_sentence_and_the_store_goes_on(file, tmp_path):
    store, place = tmp_path / "s", tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_"]
    about = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    scheduler = subprocess.Popen([*dask[:2], f"{dask[2]}scheduler", "--host", "127.0.0.1", "--port", "0",
                                  "--dashboard-address", ":0", "--scheduler-file", str(place)], **about)  # fmt: skip
    worker = None
    try:
        assert waited(place.exists, LONG)
        worker = subprocess.Popen([*dask[:2], f"{dask[2]}worker", "--scheduler-file", str(place), "--nthreads", "1",
                                   "--no-dashboard", "--death-timeout", "20"], **about)  # fmt: skip
        time.sleep(0.2)
        address = place.read_text().split('"address": "')[1].split('"')[0]
        file.write_text(FILE.format(chunk=64))  # so many tasks that it is lost on the way
        run = command("run", file, "--out", store, "--scheduler", address)
        assert waited(lambda: done(store) >= 3, LONG)
        scheduler.kill()
        code, said = finished(run)
    finally:
        for one in (scheduler, worker):
            if one is not None:
                one.kill()
                one.wait()
    assert code == 1
    assert_one_sentence(said, "the scheduler was lost", "what is stored stays", "the same command continues")
    stored = done(store)
    assert stored >= 3 and not status(store)["done"] and set(logged(store).values()) == {1}
    code, said = finished(command("run", file, "--out", store, "--scheduler", address))
    assert code == 2
    assert_one_sentence(said, f"scheduler: none answers at {address}")
    assert done(store) == stored


@pytest.mark.slow
def test_no_scheduler_where_one_was_named_is_a_sentence(tmp_path):
    address = "tcp://127.0.0.1:9"  # where nothing listens
    with pytest.raises(InputError, match=f"scheduler: none answers at {address}"):
        scan_run.main(tmp_path / "s", scheduler=address)


# -- two runs, clocks, Ctrl-C ----------------------------------------------------------------------------------------


def test_a_second_run_on_one_store_is_refused_until_the_first_ends(whole, tmp_path):
    store = tmp_path / "s"
    first = started(store)
    assert waited(lambda: done(store) >= 1, LONG)
    with pytest.raises(InputError, match=f"being written by another run .process {first.pid} on .*, since"):
        scan_run.main(store)
    assert f"process {first.pid} " in status(store)["running"]
    assert ended(first) == (0, "")
    go_on(store, whole)


@pytest.mark.slow
def test_of_runs_that_begin_at_once_one_writes(whole, tmp_path):
    store = tmp_path / "s"
    runs = [started(store) for _ in range(3)]
    found = [ended(run) for run in runs]
    codes = sorted(code for code, _ in found)
    assert codes[0] == 0 and set(codes) <= {0, 2}  # one that came after another had ended finds all done
    assert all("is being written by another run" in said and said.count("\n") == 1 for code, said in found if code)
    go_on(store, whole)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_a_clock_that_is_set_on_the_way_changes_nothing(whole, tmp_path, workers):
    store = tmp_path / "s"
    assert ended(started(store, workers, fault="clock")) == (0, "")
    assert_unbroken(store, whole[0])
    go_on(store, whole)


def test_a_clock_that_jumps_at_every_look_changes_nothing(whole, tmp_path, monkeypatch):
    times = iter(np.random.default_rng(1).uniform(-1e9, 1e9, 10**6))
    monkeypatch.setattr(time, "time", lambda: next(times))
    go_on(tmp_path / "s", whole)


@pytest.mark.slow
@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "terminated"])
def test_a_scan_that_is_stopped_ends_in_a_sentence_and_leaves_nobody_behind(file, tmp_path, number, code):
    store = tmp_path / "s"
    file.write_text(FILE.format(chunk=64))
    run = command("run", file, "--out", store, "--workers", "2")
    assert waited(lambda: done(store) >= 3, LONG)
    working = workers_of(run.pid)
    assert len(working) == 2
    (os.killpg if number == signal.SIGINT else os.kill)(run.pid, number)  # a terminal tells all of them
    found, said = finished(run)
    assert found == code
    assert_one_sentence(said, "stopped")
    assert waited(lambda: not alive(working), 30), "orphans"
    assert set(logged(store).values()) == {1} and not status(store)["running"]


@pytest.mark.slow
def test_on_the_command_line_a_killed_scan_goes_on(file, tmp_path):
    store, whole = tmp_path / "s", tmp_path / "whole"
    assert finished(command("run", file, "--out", whole))[0] == 0
    run = command("run", file, "--out", store, "--workers", "2")
    assert waited(lambda: done(store) >= 3, LONG)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    first = command("run", file, "--out", store, "--workers", "2")
    assert waited(lambda: bool(status(store)["running"]), LONG)
    code, said = finished(command("run", file, "--out", store))
    assert code == 2
    assert_one_sentence(said, f"is being written by another run (process {first.pid} on ")
    code, said = finished(first)
    assert code == 0
    assert_one_sentence(said, "was ended before it was done: continuing from what it stored")
    assert_unbroken(store, whole)


def test_a_build_that_fails_in_a_task_loses_nothing(whole, tmp_path):
    calls = []

    def failing(temperature, steps):
        calls.append(temperature)
        if len(calls) == 7:  # four points are built to begin with
            raise ZeroDivisionError("mine")
        return scan_run.build(temperature, steps)

    store = tmp_path / "s"
    with pytest.raises(ZeroDivisionError, match="mine"):
        scan(failing, scan_run.AXES, trials=scan_run.TRIALS, seed=3, chunk=scan_run.CHUNK, store=store, progress=False)
    assert done(store) == 20
    go_on(store, whole)
