"""W2, W3 and a sparse network: a thousand neurons, one at a time, all at once, few couplings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import c_opponent, numpy_opponents
from benchmarks.harness import Ask, Contender, here, interleave
from benchmarks.machine import cores
from benchmarks.settings import Settings
from benchmarks.table import Row, absent, against, compilation, fact, quantity, rate
from benchmarks.workloads import Workload, dense, parallel, sparse

TITLE = "W2, W3 and sparse: N = 1000, with work, heat and flow (core time an update)"


def rows(settings: Settings) -> list[Row]:
    """All three."""
    return [*dense_rows(settings), *parallel_rows(settings), *sparse_rows(settings)]


def dense_rows(settings: Settings) -> list[Row]:
    """W2: 20 trials of 200 sweeps."""
    workload = dense(20, settings.pick(200, 10))
    contenders = [here("W2 simulate", workload.run, workload.updates)]
    library, why = c_opponent.compiled(settings.folder)
    if library:
        contenders.append(here("C w2", lambda: c_opponent.large(library, workload), workload.updates))
    few = workload.updates / workload.protocol.steps
    contenders.append(here("NumPy", lambda: numpy_opponents.single_site(workload, 1), few))
    samples = interleave(contenders, settings.rounds)
    ours, compared = samples["W2 simulate"], "W2: dense, random sites, against C"
    found = [absent(compared, "C w2", why)]
    if library:
        ask = Ask("at most", 1.2, "x its core time")
        found = [against(compared, ours, samples["C w2"], ask, unit=1e9), *_same_physics(library, workload)]
    slow = "W2: against NumPy (1 sweep timed, scaled)"
    return [*found, against(slow, ours, samples["NumPy"], faster=True, unit=1e9), compilation(ours)]


def _same_physics(library: object, workload: Workload) -> list[Row]:
    """Flips, and the mean works of both programs from the same states."""
    work, _, flips = c_opponent.large(library, workload)
    gap = workload.run().work.values - work
    z = float(gap.mean() / (gap.std(ddof=1) / np.sqrt(gap.size)))
    return [
        quantity("W2: attempts that flip a spin", flips, f"{flips:.3f}"),
        fact("W2: mean work, ours minus C's", abs(z) < 4, f"{z:+.1f} sigma", "within 4 sigma", z=z),
    ]


def parallel_rows(settings: Settings) -> list[Row]:
    """W3: 1024 trials; the opponent multiplies matrices of the same shapes as often, and does nothing else."""
    workload = parallel(1024, settings.pick(100, 5))
    steps = workload.protocol.steps
    contenders = [
        here("W3 simulate", workload.run, workload.updates),
        _product("np.matmul, a block a core", workload, blocks=cores(), blas_threads=1),
        _product("np.matmul, BLAS's own threads", workload, blocks=1, blas_threads=cores()),
        here("NumPy", lambda: numpy_opponents.all_at_once(workload, steps), workload.updates),
    ]
    samples = interleave(contenders, settings.rounds)
    ours, ask = samples["W3 simulate"], Ask("at most", 1.6, "x its core time")
    bare = [sample for name, sample in samples.items() if name.startswith("np.matmul")]
    found = [against("W3: parallel, with ledger, against bare products", ours, one, ask, unit=1e9) for one in bare]
    plain = against("W3: against NumPy, no ledger", ours, samples["NumPy"], faster=True, unit=1e9)
    return [*found, plain, compilation(ours)]


def _product(name: str, workload: Workload, blocks: int, blas_threads: int) -> Contender:
    """As many float32 products as the workload has steps, rows of states cut in so many blocks."""
    weights = np.ascontiguousarray(workload.system.couplings.T, dtype=np.float32)
    states = np.array_split(workload.initial.astype(np.float32), blocks)
    sums = [np.empty_like(block) for block in states]

    def multiply(block: int) -> None:
        for _ in range(workload.protocol.steps):
            np.matmul(states[block], weights, out=sums[block])

    def run() -> None:
        with threadpool_limits(blas_threads, user_api="blas"), ThreadPoolExecutor(blocks) as pool:
            list(pool.map(multiply, range(blocks)))

    return here(name, run, workload.updates)


def sparse_rows(settings: Settings) -> list[Row]:
    """Six inputs a neuron, directed: no energy, flow added up move by move."""
    workload = sparse(settings.pick(500, 50), settings.pick(100, 20))
    samples = interleave([here("sparse simulate", workload.run, workload.updates)], settings.rounds)
    ours = samples["sparse simulate"]
    found = rate("sparse: 6 inputs a neuron, random sites", ours, Ask("at least", 40, "M updates a core-second"))
    return [found, compilation(ours)]
