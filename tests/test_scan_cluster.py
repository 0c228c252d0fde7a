"""Scans on a cluster: the same bits, lost workers, and no more threads than cores."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from neurothermo import scan
from neurothermo.core.machine import available_cores
from scan_run_checks import OPTIONS, TEMPERATURES, assert_same_bits, build, logged, waited, workers_of

CORES_RUN = Path(__file__).with_name("scan_run_cores.py")


def test_the_workers_of_a_client_give_the_same_bits(cluster, tmp_path):
    axes = {"temperature": TEMPERATURES}
    alone = scan(build, axes, **OPTIONS)
    assert_same_bits(alone, scan(build, axes, **OPTIONS, client=cluster, chunk=64, store=tmp_path / "s"))


def test_a_killed_worker_costs_its_tasks_only(cluster, tmp_path):
    flag = str(tmp_path / "died")

    def fatal(temperature):
        from distributed import get_worker

        try:
            get_worker()
        except ValueError:  # where the scan was started
            return build(temperature)
        if not Path(flag).exists():
            Path(flag).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return build(temperature)

    found = scan(fatal, {"temperature": TEMPERATURES}, **OPTIONS, chunk=128, client=cluster, store=tmp_path / "s")
    assert Path(flag).exists()
    assert_same_bits(found, scan(build, {"temperature": TEMPERATURES}, **OPTIONS))
    assert len(logged(tmp_path / "s")) == 8 and set(logged(tmp_path / "s").values()) == {1}


# -- cores ---------------------------------------------------------------------------------------------------------


def heavy(tmp_path, workers, trials):
    """A scan heavy in BLAS and kernels where BLAS would use four threads, in a process of its own."""
    notes = tmp_path / f"notes {workers}"
    words = [sys.executable, CORES_RUN, tmp_path / f"s {workers}", str(workers), notes, str(trials)]
    told = {**os.environ, "OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "4"}
    return notes, subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=told, start_new_session=True)


def noted(notes):
    return [json.loads(line) for line in notes.read_text().splitlines()]


def test_in_one_process_blas_has_one_thread_and_kernels_have_all_cores(tmp_path):
    notes, run = heavy(tmp_path, 0, 1024)
    outside, _ = run.communicate(timeout=180)
    assert run.returncode == 0
    seen = noted(notes)
    assert {one["process"] for one in seen} == {run.pid} and len(seen) == 2 * 6
    assert {one["numba"] for one in seen} == {available_cores()} and {tuple(one["blas"]) for one in seen} == {(1,)}
    if available_cores() > 1:
        assert max(json.loads(outside)) > 1, "BLAS is held to one thread from outside: this test cannot fail"


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_workers_share_the_cores(tmp_path, workers):
    if not Path("/proc/self/task").exists():
        pytest.skip("which threads run is read from /proc, which this system has not")
    notes, run = heavy(tmp_path, workers, 4096)
    assert waited(notes.exists, 180)
    working, counts = workers_of(run.pid), []
    while run.poll() is None:
        counts.append([running_threads(one.pid) for one in working])
        time.sleep(0.01)
    run.communicate()
    assert run.returncode == 0
    seen, share = noted(notes), max(1, available_cores() // workers)
    assert {one["process"] for one in seen} <= {one.pid for one in working} and len(working) == workers
    assert {one["numba"] for one in seen} == {share} and {tuple(one["blas"]) for one in seen} == {(1,)}
    built = noted(notes.with_name(f"{notes.name} of build"))
    assert {tuple(one["blas"]) for one in built if one["process"] != run.pid} == {(1,)}, "build has its algebra too"
    assert len(counts) > 20 and np.max(np.mean(counts, axis=0)) > 0.1, "too few looks to be able to fail"
    assert np.all(np.quantile(counts, 0.8, axis=0) <= share), "a worker computes on more threads than are its share"
    assert np.quantile(np.sum(counts, axis=1), 0.8) <= max(available_cores(), workers)


def running_threads(process):
    """How many threads of a process run, or would if there were a core, at this instant; but for the first.

    A worker's first thread listens to its scheduler and never computes.
    """
    found = 0
    for thread in Path(f"/proc/{process}/task").glob("*/stat"):
        try:
            runs = thread.read_text().rpartition(")")[2].split()[0] == "R"
            found += runs and thread.parent.name != str(process)
        except OSError:
            continue
    return found


def test_threads_that_run_are_seen(tmp_path):
    """Three that compute without Python's lock: the look at /proc above can fail."""
    code = (
        "import hashlib, threading\n"
        "for _ in range(3): threading.Thread(target=hashlib.pbkdf2_hmac, args=('sha256', b'a', b'b', 10**8), "
        "daemon=True).start()\nimport time; time.sleep(600)"
    )
    run = subprocess.Popen([sys.executable, "-c", code])
    try:
        assert waited(lambda: running_threads(run.pid) == 3, 30)
    finally:
        run.kill()
        run.wait()
