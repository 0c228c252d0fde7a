"""The same seed, the same bits; and two runs with one seed are independent."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.settings import Settings
from benchmarks.table import Row, fact
from benchmarks.workloads import Workload, dense, driven_hopfield, field, linear, parallel, rates, sparse
from neurothermo import forward_and_reverse

TITLE = "Random numbers: equal bits where they must be equal, independence where they must be independent"
WAYS: tuple[dict[str, Any], ...] = (
    {"threads": 1},
    {"threads": 2},
    {"threads": 2, "chunk": 1},
    {"threads": 1, "chunk": 100},
    {"threads": 2, "chunk": 333},
)


def rows(settings: Settings) -> list[Row]:
    """Every kernel over threads and chunks, and the works of forward and reverse runs."""
    steps = settings.pick(20, 3)
    kernels: dict[str, tuple[Workload, bool]] = {
        "packed, N = 15": (dense(1000, steps, size=15), True),
        "dense, N = 1000": (dense(400, steps), False),
        "parallel, N = 1000": (parallel(700, steps), False),
        "sparse, N = 1000": (sparse(400, steps), False),
        "Langevin, N = 100": (rates(1000, steps), False),
        "field, 1024 places": (field(150, steps), False),
        "linear, n = 2": (linear(1000, steps), True),
    }
    found = [_same_bits(name, workload, drawn) for name, (workload, drawn) in kernels.items()]
    return [*found, _independent(settings)]


def _same_bits(name: str, workload: Workload, drawn: bool) -> Row:
    """One seed by every way of cutting the work; `drawn`: the initial states too."""
    options = {"initial": None} if drawn else {}
    bits = {_bits(workload.run(**options, **way)) for way in WAYS}
    shown = f"{len(bits)} version{'s' * (len(bits) > 1)} in {len(WAYS)} runs"
    return fact(f"same bits: {name}, 1 and 2 threads, chunks 1 to all", len(bits) == 1, shown, "1 version")


def _bits(ledger: Any) -> bytes:
    return b"".join(np.ascontiguousarray(ledger[name].values).tobytes() for name in sorted(ledger.data_vars))


def _independent(settings: Settings) -> Row:
    """The largest correlation, over five seeds, between forward and reverse work of the same trial."""
    workload = driven_hopfield(settings.pick(5000, 1000), settings.pick(1000, 100))
    scores = []
    for seed in range(5):
        both = forward_and_reverse(
            workload.system, workload.protocol, temperature=workload.temperature, trials=workload.trials, seed=seed,
            progress=False,
        )  # fmt: skip
        correlation = np.corrcoef(*(ledger.work.values for ledger in both))[0, 1]
        scores.append(float(correlation * np.sqrt(workload.trials)))
    worst = max(scores, key=abs)
    return fact(
        "forward and reverse work with one seed, 5 seeds", abs(worst) < 4, f"largest {worst:+.1f} sigma",
        "within 4 sigma of 0", scores=scores,
    )  # fmt: skip
