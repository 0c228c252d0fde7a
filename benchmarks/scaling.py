"""Scans: two processes against one, what Dask and Zarr cost a task, bytes a trial, memory of estimates, a forecast."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Ask, Contender, Sample, Spread, here, interleave
from benchmarks.scaling_forecast import forecast_rows
from benchmarks.settings import Settings
from benchmarks.table import Row, absent, against, quantity
from benchmarks.workloads import driven_hopfield
from neurothermo import scan, simulate
from neurothermo.grid import status
from neurothermo.grid.tasks import Job, Recipe, Task, perform

TITLE = "Scans: the wall's clock, each task on one thread"
W1_TRIALS, W1_STEPS, TEMPERATURE = 5000, 1000, 15.0
BLOCK = 64
MEMORY = """
import sys, time
from neurothermo.grid.telling import rows_of

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e3

started = time.perf_counter()
(row,) = rows_of(sys.argv[1], [sys.argv[2]])
print(time.perf_counter() - started, peak(), row["estimates"][sys.argv[2]].n)
"""


def build(temperature: float, steps: int = W1_STEPS) -> dict[str, Any]:
    """W1: two patterns in 15 neurons, the input ramped from one to the other."""
    made = driven_hopfield(BLOCK, int(steps))
    return {"system": made.system, "protocol": made.protocol, "rule": made.rule, "temperature": temperature}


def rows(settings: Settings) -> list[Row]:
    """All of them."""
    try:
        import distributed
    except ImportError:
        return [absent("scans", "distributed", "pip install 'neurothermo[scale]'")]
    with _clusters(distributed) as (one, two):
        run = Runs(settings, one, two)
        small, handling = w1_rows(run)
        chosen, trials = chosen_rows(run)
        forecast = forecast_rows(settings, run.kept[0], handling, trials)
        return [*small, *chosen, *size_rows(run), *forecast, *_memory_rows(settings)]


@contextmanager
def _clusters(distributed: Any) -> Iterator[tuple[Any, Any]]:
    """One worker and two, running before the clock is."""
    options = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "silence_logs": "CRITICAL"}
    with (
        distributed.LocalCluster(n_workers=1, **options) as single, distributed.Client(single) as one,
        distributed.LocalCluster(n_workers=2, **options) as double, distributed.Client(double) as two,
    ):  # fmt: skip
        yield one, two


@dataclass(frozen=True)
class Runs:
    """Ways to run the same trials: `simulate` alone, a scan in this process, on one worker, on two."""

    settings: Settings
    one: Any
    two: Any
    kept: list[Path] = field(default_factory=list)
    idle: dict[str, list[float]] = field(default_factory=dict)

    def bare(self, trials: int, threads: int = 1) -> Contender:
        """No scan at all."""
        name = "simulate" if threads == 1 else f"simulate, {threads} threads"
        given = build(TEMPERATURE)
        return here(name, lambda: simulate(**given, trials=trials, seed=1, threads=threads, progress=False), trials)

    def stored(self, name: str, trials: int, chunk: int | None, **how: Any) -> Contender:
        """A scan into a new store each turn; the last one is kept.

        `idle` takes the share of its workers' time in which they did not simulate, by the log of the store itself: on a
        machine whose speed changes from one second to the next, a ratio to another run would say less.
        """

        def run() -> None:
            store = Path(tempfile.mkdtemp(dir=self.settings.folder)) / "scan.zarr"
            started = time.perf_counter()
            scan(build, {"temperature": [TEMPERATURE]}, trials=trials, chunk=chunk, seed=1, store=store, lazy=True,
                 progress=False, threads=1, **how)  # fmt: skip
            seconds = float(status(store)["worker_seconds"])
            workers = 2 if how.get("client") is self.two else 1
            self.idle.setdefault(name, []).append(1 - seconds / workers / (time.perf_counter() - started))
            while self.kept:
                shutil.rmtree(self.kept.pop())
            self.kept.append(store)

        return here(name, run, trials)


def w1_rows(run: Runs) -> tuple[list[Row], float]:
    """Chunks of 5000 trials of 1000 steps, about a tenth of a second each; what a task costs this process.

    The workers are other processes: the core time of a scan here is that of handing out and storing.
    """
    chunk = -(-W1_TRIALS // BLOCK) * BLOCK
    tasks = run.settings.pick(24, 4)
    trials = tasks * chunk
    samples = interleave(
        [
            run.bare(trials),
            run.bare(trials, 2),
            run.stored("this process", trials, chunk),
            run.stored("one process", trials, chunk, client=run.one),
            run.stored("two processes", trials, chunk, client=run.two),
        ],
        run.settings.rounds,
    )
    each = f"{tasks} chunks of W1 ({chunk} trials)"
    one, two, alone, bare = (samples[name] for name in ("one process", "two processes", "this process", "simulate"))
    threads = samples["simulate, 2 threads"]
    handling = float(np.median(two.of("core"))) * trials / tasks
    found = [
        against(f"{each}: two processes over one", two, one, Ask("at least", 1.7, "x"), faster=True, unit=1e9,
                clock="wall"),
        against(f"{each}: two processes over this one, without Dask", two, alone, faster=True, unit=1e9, clock="wall"),
        against(f"{each}: two processes over simulate, one thread", two, bare, faster=True, unit=1e9, clock="wall"),
        against("the same trials: simulate, two threads over one", threads, bare, faster=True, unit=1e9, clock="wall"),
        _per_task(f"{each}: Zarr, a task", alone, bare, trials / tasks),
        _per_task(f"{each}: Dask and Zarr, a task", one, bare, trials / tasks),
        quantity(f"{each}: core time a task of the process that hands out and stores", handling,
                 f"{handling * 1e3:.3g} ms"),
    ]  # fmt: skip
    return found, handling


def _per_task(what: str, ours: Sample, bare: Sample, size: float) -> Row:
    """Milliseconds of a task beyond those of its trials."""
    spread = Spread.of((ours.of("wall") - bare.of("wall")) * size * 1e3)
    return quantity(what, spread.median, f"{spread.median:.3g} [{spread.low:.3g}, {spread.high:.3g}] ms")


def chosen_rows(run: Runs) -> tuple[list[Row], int]:
    """The chunk that a scan chooses by itself, and what Dask and Zarr cost there; how many trials are stored."""
    trials = run.settings.pick(300_000, 10_000)
    run.stored("which chunk?", trials, None).measure()
    chunk = int(status(run.kept[0])["chunk"])
    samples = interleave(
        [
            run.bare(trials),
            run.stored("one process as chosen", trials, chunk, client=run.one),
            run.stored("two processes as chosen", trials, chunk, client=run.two),
        ],
        min(run.settings.rounds, 5),
    )
    one, two = samples["one process as chosen"], samples["two processes as chosen"]
    tasks = -(-trials // chunk)
    seconds = float(np.median(samples["simulate"].of("wall"))) * chunk
    each = f"{tasks} chunks as chosen ({chunk} trials, {seconds:.2g} s)"
    found = [
        *(_idle(f"{each}: Dask and Zarr, of a worker's time, {name.removesuffix(' as chosen')}", run.idle[name])
          for name in (one.name, two.name)),
        against(f"{each}: two processes over one", two, one, Ask("at least", 1.7, "x"), faster=True, unit=1e9,
                clock="wall"),
        _task_row(run.settings),
    ]  # fmt: skip
    return found, trials


def _task_row(settings: Settings) -> Row:
    """A task by itself against `simulate`, in turns so short that the machine is as fast in both."""
    trials, parameters = settings.pick(W1_TRIALS, BLOCK), {"temperature": TEMPERATURE}
    recipe = Recipe(build, {"seed": 1}, trials)
    word = recipe.run(parameters, "forward", 1).word
    job = Job(Task(0, 0, trials), recipe, tuple(parameters.items()), "forward", word, 1)
    options: dict[str, Any] = {"trials": trials, "seed": 1, "threads": 1, "progress": False}
    samples = interleave(
        [
            here("a task", lambda: perform(job), trials),
            here("simulate", lambda: simulate(**build(TEMPERATURE), **options), trials),
        ],
        8 * settings.rounds,
    )
    return against(f"a task of {trials} trials against simulate", samples["a task"], samples["simulate"], unit=1e9)


def _idle(what: str, shares: list[float]) -> Row:
    """Per cent, the median of the counted turns."""
    spread = Spread.of(np.array(shares[1:]))
    low, middle, high = (100 * value for value in (spread.low, spread.median, spread.high))
    return quantity(what, middle, f"{middle:.2f} % [{low:.2f}, {high:.2f}]", Ask("at most", 5, "%"))


def size_rows(run: Runs) -> list[Row]:
    """Smaller and smaller chunks on two processes, against simulate on two threads."""
    sizes = [int(size) for size in BLOCK * 4 ** np.arange(1, run.settings.pick(6, 3))]
    trials = run.settings.pick(2, 1) * sizes[-1]
    rivals = [run.bare(trials, 2)] + [
        run.stored(f"chunks of {size}", trials, size, client=run.two) for size in sizes if trials // size <= 300
    ]
    samples = interleave(rivals, min(run.settings.rounds, 3))
    bare = samples.pop("simulate, 2 threads")
    one_thread = 2 * float(np.median(bare.of("wall")))
    return [
        against(f"{name} ({one_thread * int(name.split()[-1]) * 1e3:.3g} ms): two processes, of the speed of simulate "
                "on two threads", sample, bare, faster=True, unit=1e9, clock="wall")
        for name, sample in samples.items()
    ]  # fmt: skip


# -- many trials ----------------------------------------------------------------------------------


def small(temperature: float) -> dict[str, Any]:
    """Two spins and one step: so little work that only the number of trials matters."""
    from neurothermo import SpinNetwork, ramp

    return {"system": SpinNetwork([[0.0, 0.3], [0.3, 0.0]]), "protocol": ramp([0.0, 0.0], [1.0, 0.5], 1),
            "temperature": temperature}  # fmt: skip


def _memory_rows(settings: Settings) -> list[Row]:
    """Estimates over a hundred million trials, each in a process of its own."""
    trials = settings.pick(10**8, 10**5) // 2
    store = settings.folder / "many.zarr"
    scan(small, {"temperature": [1.0]}, trials=trials, both=True, seed=1, store=store, lazy=True, progress=False)
    found = []
    for name in ("work", "jarzynski", "cumulant", "bar"):
        made = subprocess.run([sys.executable, "-c", MEMORY, store, name], capture_output=True, text=True, check=False)
        what = f"{name}, 2 x {trials:,} trials" if name == "bar" else f"{name}, {trials:,} trials"
        if made.returncode:
            found.append(absent(what, "the child process", (made.stderr.strip().splitlines() or ["no word"])[-1]))
            continue
        seconds, peak = (float(word) for word in made.stdout.split()[:2])
        found.append(quantity(what, peak, f"{peak:.0f} MB at most, {seconds:.3g} s", Ask("at most", 500, "MB")))
    shutil.rmtree(store)
    return found
