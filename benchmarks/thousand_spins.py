"""The bound of maximum entropy of a sparse network of many spins, in a process of its own, whose memory is measured.

    python -m benchmarks.thousand_spins N STATES

prints JSON: the bound, its standard error, the entropy production of the network (of the same states, by its own
couplings) with its standard error, seconds and the peak of resident memory in GB.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
from numba import njit

from neurothermo.irreversibility.maximum_entropy_flips import maxent_flips

NEIGHBOURS, INVERSE_TEMPERATURE = 6, 2.0
CHAINS, APART, BEFORE = 100, 1, 300  # runs, and sweeps between two states and before the first


def couplings(size: int) -> Any:
    """Sparse and asymmetric, times the inverse temperature: J[i, j] is the influence of j on i."""
    random = np.random.RandomState(42)
    table = random.randn(size, size) * (random.rand(size, size) < NEIGHBOURS / (size - 1)) / np.sqrt(NEIGHBOURS)
    np.fill_diagonal(table, 0)
    return INVERSE_TEMPERATURE * table


@njit
def _sampled(
    table: Any, targets: Any, strengths: Any, many: Any, states: Any, chains: int, random: np.random.Generator
) -> None:
    rows, size = states.shape
    each = rows // chains
    for chain in range(chains):
        spins = np.where(random.random(size) < 0.5, 1.0, -1.0)
        field = table @ spins
        for sweep in range(-BEFORE, each * APART):
            for _ in range(size):
                i = int(random.random() * size)
                new = 1.0 if random.random() * (1 + np.exp(-2 * field[i])) < 1 else -1.0
                if new != spins[i]:
                    spins[i] = new
                    for k in range(many[i]):
                        field[targets[i, k]] += 2 * new * strengths[i, k]
            if sweep >= 0 and sweep % APART == 0:
                for i in range(size):
                    states[chain * each + sweep // APART, i] = 1 if spins[i] > 0 else -1


def sampled(table: Any, rows: int) -> Any:
    """Stationary states, shape (rows, N), int8."""
    size = len(table)
    used = table != 0
    many = used.sum(axis=0)
    targets, strengths = np.zeros((size, many.max()), dtype=np.int64), np.zeros((size, many.max()))
    for j in range(size):
        to = np.flatnonzero(used[:, j])
        targets[j, : len(to)], strengths[j, : len(to)] = to, table[to, j]
    states = np.empty((rows // CHAINS * CHAINS, size), dtype=np.int8)
    _sampled(table, targets, strengths, many, states, CHAINS, np.random.default_rng(1))
    return states


def attempted(table: Any, states: Any, random: np.random.Generator) -> tuple[Any, float, float]:
    """Which spins flip if tried, and the entropy production per attempt with its error, over the same states."""
    flipped, means = np.empty(states.shape, dtype=np.bool_), np.empty(len(states))
    for first in range(0, len(states), 2000):
        part = slice(first, first + 2000)
        against = -2 * states[part] * (states[part].astype(np.float64) @ table.T)  # ln of the chance to flip over back
        chance = 1 / (1 + np.exp(-against))
        flipped[part] = random.random(chance.shape) < chance
        means[part] = np.mean(chance * against, axis=1)
    blocks = means.reshape(CHAINS, -1).mean(axis=1)
    return flipped, float(means.mean()), float(blocks.std(ddof=1) / np.sqrt(CHAINS))


def peak() -> float:
    """GB of this program alone, so far."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e6
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)


def main(size: int, rows: int) -> None:
    """Print what was found."""
    table = couplings(size)
    small = sampled(table, 2 * CHAINS * 2)
    maxent_flips(small, attempted(table, small, np.random.default_rng(0))[0])  # compiles
    states = sampled(table, rows)
    flipped, truth, error = attempted(table, states, np.random.default_rng(1))
    start, core = time.perf_counter(), time.process_time()
    found = maxent_flips(states, flipped)
    spent = time.perf_counter() - start, time.process_time() - core
    numbers = {"value": found.value, "stderr": found.stderr, "truth": truth, "truth_stderr": error}
    print(json.dumps(numbers | {"wall": spent[0], "core": spent[1], "peak": peak()}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
