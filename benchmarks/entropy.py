"""Exact entropy production of sparse random networks: time, memory, digits, and a power iteration in NumPy."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np

from benchmarks.harness import Ask, here, interleave
from benchmarks.settings import Settings
from benchmarks.table import Row, absent, against, compilation, fact, quantity
from neurothermo import Glauber, SpinNetwork
from neurothermo.exact import entropy_production

TITLE = "Exact entropy production: six inputs a neuron, asymmetric, beta = 2, random order"
TEMPERATURE = 0.5
SECONDS = {20: 1.5, 22: 5.0, 24: 30.0}
GIGABYTES = {24: 1.3}
KNOWN = {20: 0.646762635268, 22: 0.8196165950945, 24: 0.5708138064983}  # computed apart from this project
DIGITS = 1e-10

CHILD = """
import json, sys, time
from benchmarks.entropy import TEMPERATURE, network
from neurothermo import Glauber
from neurothermo.exact import entropy_production

def peak():
    try:
        with open("/proc/self/status") as status:  # of this program alone; getrusage remembers its parent's
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e6
    except OSError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)

entropy_production(network(12), Glauber(), temperature=TEMPERATURE)  # compiles
large = network(int(sys.argv[1]))
wall, core = [], []
for _ in range(int(sys.argv[2])):
    clock, processor = time.perf_counter(), time.process_time()
    found = entropy_production(large, Glauber(), temperature=TEMPERATURE)
    wall.append(time.perf_counter() - clock)
    core.append(time.process_time() - processor)
print(json.dumps({"nats": found.value, "accuracy": found.details["accuracy"], "peak": peak(),
                  "wall": wall, "core": core}))
"""


def network(size: int, inputs: int = 6) -> SpinNetwork:
    """Gaussian couplings from about `inputs` neurons to each, rounded to float32; the numbers known are of these."""
    random = np.random.RandomState(42)
    couplings = random.randn(size, size) * (random.rand(size, size) < inputs / (size - 1)) / np.sqrt(inputs)
    couplings = couplings.astype(np.float32).astype(float)
    np.fill_diagonal(couplings, 0)
    return SpinNetwork(couplings)


def rows(settings: Settings) -> list[Row]:
    """The sizes asked for, each in a process of its own, and a small one against bare power iteration."""
    sizes = (14,) if settings.quick else tuple(SECONDS)
    found = [row for size in sizes for row in _size(size, repeats=min(settings.rounds, 5) if size < 24 else 1)]
    return [*found, *_power(settings)]


def _size(size: int, repeats: int) -> list[Row]:
    made = subprocess.run(
        [sys.executable, "-c", CHILD, str(size), str(repeats)], capture_output=True, text=True, check=False
    )
    what = f"N = {size}"
    if made.returncode:
        return [absent(what, "the child process", (made.stderr.strip().splitlines() or ["no word"])[-1])]
    one: dict[str, Any] = json.loads(made.stdout)
    wall, core = float(np.median(one["wall"])), float(np.median(one["core"]))
    ask = Ask("at most", SECONDS[size], "s") if size in SECONDS else None
    memory = Ask("at most", GIGABYTES[size], "GB") if size in GIGABYTES else None
    found = [
        quantity(f"{what}: time", wall, f"{wall:.3g} s ({core:.3g} core-s)", ask, **one),
        quantity(f"{what}: peak memory", one["peak"], f"{one['peak']:.3f} GB", memory),
    ]
    if size in KNOWN:
        error = abs(one["nats"] - KNOWN[size])
        shown = f"{one['nats']:.13f}, off by {error:.1g}"
        found.append(fact(f"{what}: nats per attempt", error < DIGITS, shown, f"{KNOWN[size]} to {DIGITS:g}"))
    return found


def _power(settings: Settings) -> list[Row]:
    """Ours against bare power iteration to the same number of digits."""
    size = settings.pick(16, 12)
    system = network(size)
    exact = entropy_production(system, Glauber(), temperature=TEMPERATURE).value
    samples = interleave(
        [
            here("ours", lambda: entropy_production(system, Glauber(), temperature=TEMPERATURE)),
            here("NumPy", lambda: power_iteration(system.couplings, exact)),
        ],
        settings.rounds,
    )
    what = f"N = {size}, to {DIGITS:g}: power iteration over ours"
    return [against(what, samples["ours"], samples["NumPy"], faster=True), compilation(samples["ours"])]


def power_iteration(couplings: np.ndarray, exact: float, most: int = 5000) -> float:
    """p <- T p in plain NumPy until the entropy production is known to `DIGITS`, weights kept in memory."""
    size = len(couplings)
    states = 2.0 * ((np.arange(2**size)[:, None] >> np.arange(size)) & 1) - 1
    logits = 2 / TEMPERATURE * (couplings @ states.T)
    up = [(1 / (1 + np.exp(-logits[i]))).reshape(-1, 2, 2**i)[:, 0] for i in range(size)]
    flow = -sum(states[:, i] * logits[i] / (1 + np.exp(states[:, i] * logits[i])) for i in range(size)) / size
    law, found = np.full(2**size, 0.5**size), np.nan
    for _ in range(most):
        after = np.zeros_like(law)
        for i in range(size):
            pairs, into = law.reshape(-1, 2, 2**i), after.reshape(-1, 2, 2**i)
            either = pairs[:, 0] + pairs[:, 1]
            into[:, 1] += up[i] * either
            into[:, 0] += (1 - up[i]) * either
        law = after / size
        found = float(law @ flow)
        if abs(found - exact) < DIGITS:
            break
    return found
