"""Linear processes: many trials of a small one, and the entropy production of large ones without sampling."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import stepping_opponents
from benchmarks.harness import Ask, Sample, Spread, here, interleave
from benchmarks.machine import cores
from benchmarks.settings import Settings
from benchmarks.table import Row, absent, against, compilation, fact, quantity, rate
from benchmarks.workloads import linear
from neurothermo import LinearLangevin, NeuralField, kernels

ALONE = 10  # trials of the opponent that carries one at a time
MEMORY = """
def peak():
    try:
        with open("/proc/self/status") as status:  # of this program alone; getrusage remembers its parent's
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e6
    except OSError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
"""
TORUS = (
    """
import json, sys, time
from benchmarks.linear_processes import torus
"""
    + MEMORY
    + """
wall, core = time.perf_counter(), time.process_time()
field = torus(int(sys.argv[1]))
total = field.entropy_production()
once = time.perf_counter() - wall
parts = field.entropy_production_map()
spent = {"wall": time.perf_counter() - wall, "core": time.process_time() - core, "total_wall": once}
gap = abs(float(parts.value.sum()) * field.grid.cell / total.value - 1)
print(json.dumps({**spent, "nats": total.value, "gap": gap, "peak": peak()}))
"""
)
TRIALS = (
    """
import json, sys
from benchmarks.workloads import linear, rates
"""
    + MEMORY
    + """
made = {"linear": linear, "rates": rates}[sys.argv[1]]
made(64, 2).run()
large = made(int(sys.argv[2]), int(sys.argv[3]))
before = peak()
ledger = large.run()
print(json.dumps({"before": before, "peak": peak(), "columns": len(ledger.data_vars)}))
"""
)


def rows(settings: Settings) -> list[Row]:
    """Trials, then numbers without trials."""
    return [
        *trial_rows(settings), *ring_rows(settings), *dense_rows(settings), *torus_rows(settings),
        *memory_rows(settings),
    ]  # fmt: skip


def trial_rows(settings: Settings) -> list[Row]:
    """Exact steps in two dimensions with their flow, against steps of Euler and Maruyama without."""
    workload = linear(settings.pick(20_000, 500), settings.pick(1000, 50))
    few = linear(settings.pick(2000, 100), workload.protocol.steps)
    steps = workload.trials * workload.protocol.steps
    contenders = [here("linear simulate", workload.run, steps)]
    with (
        stepping_opponents.linear(few, settings.peers_python) as (diffrax, about),
        stepping_opponents.one_by_one(few, ALONE, settings.peers_python) as (sdeint, about_other),
    ):
        samples = interleave([*contenders, *(one for one in (diffrax, sdeint) if one)], settings.rounds)
    ours = samples["linear simulate"]
    found = [
        rate("2-D linear process, trials with flow, all cores", ours, Ask("at least", 20, "M steps/s"), "wall"),
        rate("the same, a core", ours, Ask("at least", 10, "M steps/core-s")),
        _peer("the same", ours, samples, "diffrax", about, f"{few.trials} trials"),
        _peer("the same", ours, samples, "sdeint", about_other, f"{ALONE} trials, one after another"),
    ]
    return [*found, _known_rate(settings), compilation(ours)]


def _peer(what: str, ours: Sample, samples: dict[str, Sample], name: str, about: str, how: str) -> Row:
    if name not in samples:
        return absent(f"{what}, against {name}", name, about)
    what = f"{what}, against {name} {about} ({how}), which keeps no flow"
    return against(what, ours, samples[name], faster=True, unit=1e9)


def _known_rate(settings: Settings) -> Row:
    """The mean flow of stationary trials against the exact number for steps of this length."""
    workload = linear(settings.pick(20_000, 2000), 100)
    flow = workload.run(initial="stationary").entropy_flow.values / (100 * workload.dt)
    exact = workload.system.coarse_grained_entropy_production(workload.dt).value
    z = float((flow.mean() - exact) / (flow.std(ddof=1) / np.sqrt(flow.size)))
    shown = f"{flow.mean():.4f}, exact {exact:.4f}, {z:+.1f} sigma"
    return fact("2-D linear process: mean flow a unit time", abs(z) < 4, shown, "within 4 sigma", z=z)


def ring_rows(settings: Settings) -> list[Row]:
    """A field that is the same everywhere: construction and entropy production."""
    points = settings.pick(4096, 512)

    def produce() -> float:
        ring = NeuralField(100.0, points, kernels.gaussian(0.8, 1.0, shift=0.5), 1.0)
        return ring.entropy_production().value

    sample = interleave([here("ring", produce)], max(settings.rounds, 5))["ring"]
    spread = Spread.of(sample.of("wall"))
    shown = f"{1e3 * spread.median:.2f} ms [{1e3 * spread.low:.2f}, {1e3 * spread.high:.2f}]"
    what = f"field on a ring of {points} places: construction and entropy production"
    return [quantity(what, 1e3 * spread.median, shown, Ask("at most", 10, "ms"), wall=sample.wall, core=sample.core)]


def dense_rows(settings: Settings) -> list[Row]:
    """A dense process: all of it against the bare solution of its Lyapunov equation in SciPy."""
    from scipy.linalg import solve_continuous_lyapunov

    size = settings.pick(1000, 60)
    random = np.random.default_rng(6)
    relaxation = np.eye(size) + random.normal(0, 0.5 / np.sqrt(size), (size, size))
    twice = 2 * np.eye(size)
    contenders = [
        here("ours", lambda: LinearLangevin(relaxation, 1.0).entropy_production().value),
        here("scipy", lambda: solve_continuous_lyapunov(relaxation, twice)),
    ]
    found, ask = [], Ask("at most", 1, "x")
    for threads in sorted({1, cores()}):
        with threadpool_limits(threads, user_api="blas"):
            samples = interleave(contenders, min(settings.rounds, 5))
        for clock in ("wall", "core"):
            what = f"dense process, n = {size}, BLAS on {threads}: entropy production, {clock} time"
            found.append(against(what, samples["ours"], samples["scipy"], ask, unit=1.0, clock=clock))
    return found


def torus(side: int) -> NeuralField:
    """A torus under noise that differs from place to place, driven to one side."""
    waves = np.cos(2 * np.pi * np.arange(side) / side)
    noise = 1 + 0.5 * waves[:, None] * waves
    return NeuralField(
        (16.0, 16.0), (side, side), kernels.gaussian(0.8, 1.0, shift=(0.5, 0.0)), 1.0, noise=noise
    )  # fmt: skip


def torus_rows(settings: Settings) -> list[Row]:
    """4096 places in two dimensions, total and map, in a process of its own."""
    side = settings.pick(64, 12)
    what, one = f"torus of {side} x {side} places, noise differs from place to place", _child(TORUS, str(side))
    if "trouble" in one:
        return [absent(what, "the child process", one["trouble"])]
    shown = f"{one['wall']:.1f} s ({one['core']:.1f} core-s), total alone {one['total_wall']:.1f} s"
    return [
        quantity(f"{what}: total and map", one["wall"], shown, Ask("at most", 60, "s"), **one),
        quantity(f"{what}: peak memory", one["peak"], f"{one['peak']:.2f} GB"),
        fact(f"{what}: the map adds up to the total", one["gap"] < 1e-8, f"{one['gap']:.1e}", "1e-8, relative"),
    ]


def memory_rows(settings: Settings) -> list[Row]:
    """What a trial adds to the memory of a run: initial states, ledger, and the chunk under way."""
    found = []
    sizes = {"linear": 10**4} if settings.quick else {"linear": 10**6, "rates": 10**5}
    for name, trials in sizes.items():
        what, one = f"memory of {trials:,} trials, {name}", _child(TRIALS, name, str(trials), str(settings.pick(10, 2)))
        if "trouble" in one:
            found.append(absent(what, "the child process", one["trouble"]))
            continue
        each = 1e9 * (one["peak"] - one["before"]) / trials
        shown = f"{each:.0f} bytes a trial, peak {one['peak']:.2f} GB"
        found.append(quantity(f"{what}, beyond their initial states", each, shown, **one))
    return found


def _child(code: str, *arguments: str) -> dict[str, Any]:
    """What a fresh Python says in its last line, or the trouble it had."""
    made = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    if made.returncode:
        return {"trouble": (made.stderr.strip().splitlines() or ["no word"])[-1]}
    return json.loads(made.stdout.splitlines()[-1])
