"""What the tests of scans compare: bits, chunks, logs, processes. Not a test itself."""

import hashlib
import json
import time
from collections import Counter

import numpy as np

from neurothermo import ramp, scan
from neurothermo.grid.manifest import LOG
from scan_run_cases import FIELD, NETWORKS

TEMPERATURES = [0.7, 2.0]
OPTIONS = {"trials": 400, "seed": 3, "progress": False}


def build(temperature, steps=3):
    """Three neurons, driven."""
    return {"system": NETWORKS["symmetric"], "protocol": ramp(FIELD, -FIELD, steps), "temperature": temperature}


def again(store, **more):
    """The scan of two points that most tests look at, into a store or what is left of it."""
    return scan(build, {"temperature": TEMPERATURES}, **{**OPTIONS, **more}, store=store)


def assert_same_bits(one, other):
    """Every variable of two Datasets, NaNs included."""
    assert set(one.data_vars) == set(other.data_vars)
    for name in one.data_vars:
        a, b = one[name].values, other[name].values
        assert (a.dtype, a.shape) == (b.dtype, b.shape), name
        assert np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes(), name


def digests(store):
    """Of every chunk of every variable."""
    return {
        str(file.relative_to(store)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in store.rglob("*")
        if file.is_file() and "/c/" in str(file)
    }


def logged(store):
    """How often each task is in the log."""
    lines = [json.loads(line) for line in (store / LOG).read_text().splitlines()]
    return Counter((one["point"], one["start"], one["stop"]) for one in lines)


def assert_unbroken(store, whole):
    """The chunks of a run that was not disturbed, and no task twice in the log."""
    assert digests(store) == digests(whole)
    assert logged(store) == logged(whole) and set(logged(store).values()) == {1}


def waited(condition, seconds=60.0):
    """Whether a condition came to hold in time."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())


def workers_of(process):
    """The processes that run tasks for a scan in another process: its children's, by Dask's name for them."""
    import psutil

    try:
        below = psutil.Process(process).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [one for one in below if _word(one).endswith("spawn_main")]


def alive(processes):
    """Those of them that still run."""
    import psutil

    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def _word(process):
    """What a spawned Python process was told to run."""
    import psutil

    try:
        line = process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""
    code = line[line.index("-c") + 1] if "-c" in line else ""
    return "spawn_main" if "spawn_main" in code else ""
