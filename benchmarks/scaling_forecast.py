"""From what was measured here to a thousand workers: a billion trials of a thousand neurons."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from benchmarks.settings import Settings
from benchmarks.table import Row, quantity
from benchmarks.workloads import dense
from neurothermo.grid.cutting import BUSY, SECONDS, STORING

TRIALS, WORKERS, SWEEPS = 10**9, 1000, 200


def forecast_rows(settings: Settings, store: Path, handling: float, trials: int) -> list[Row]:
    """Rows of the measured figures, and of what follows from them by arithmetic alone.

    `handling` is the core time a task of the process that hands out and stores; the store has so many trials.
    """
    chunks = sum(file.stat().st_size for file in store.rglob("*") if file.is_file() and "/c/" in str(file))
    log = (store / "tasks" / "log.jsonl").read_bytes()
    line = len(log) / log.count(b"\n")
    columns = len([folder for folder in store.iterdir() if (folder / "c" / "0" / "0").exists()])
    seconds = _trial(settings)
    length = max(SECONDS, WORKERS * STORING / BUSY)
    per_task = length / seconds
    many = TRIALS / per_task
    busy = handling * WORKERS / length
    disk, hashing = TRIALS * chunks / trials, _hashing()
    title = f"forecast, {TRIALS:.0e} trials of W2 on {WORKERS} workers"
    return [
        quantity(f"bytes a trial on disk ({columns} columns)", chunks / trials, f"{chunks / trials:.3g}"),
        quantity("bytes a task in the log", line, f"{line:.0f}"),
        quantity(f"a trial of W2 (1000 neurons, {SWEEPS} sweeps), one thread", seconds, f"{seconds * 1e3:.3g} ms"),
        quantity("reading and comparing a store when a scan continues", hashing, f"{hashing / 1e9:.3g} GB/s"),
        quantity(f"{title}: core time", TRIALS * seconds, f"{TRIALS * seconds / 3600:.0f} core-hours"),
        quantity(f"{title}: time", TRIALS * seconds / WORKERS, f"{TRIALS * seconds / WORKERS / 3600:.2f} h"),
        quantity(f"{title}: tasks of {length:.0f} s", many, f"{many:.2g}, of {per_task:.2g} trials"),
        quantity(f"{title}: the process that stores is busy", busy, f"{busy:.0%} of its time"),
        quantity(f"{title}: workers that keep it busy all the time", length / handling, f"{length / handling:.0f}"),
        quantity(f"{title}: on disk", disk,
                 f"{disk / 1e9:.0f} GB in {columns * many:.2g} files; log {many * line / 1e6:.0f} MB"),
        quantity(f"{title}: checking what is stored, on continuing", disk / hashing, f"{disk / hashing:.0f} s"),
    ]  # fmt: skip


def _trial(settings: Settings) -> float:
    """Seconds of one trial on one thread."""
    workload = dense(64, settings.pick(SWEEPS, 10))
    workload.run(threads=1)
    started = time.perf_counter()
    workload.run(threads=1)
    return (time.perf_counter() - started) / workload.updates * SWEEPS * workload.system.size


def _hashing() -> float:
    """Bytes a second of SHA-256."""
    block = bytes(2**24)
    started = time.perf_counter()
    for _ in range(4):
        hashlib.sha256(block).digest()
    return 4 * len(block) / (time.perf_counter() - started)
