"""Our side of the thrml opponent: what it is asked to sample."""

from __future__ import annotations

from contextlib import AbstractContextManager

from benchmarks.child import interpreter, served
from benchmarks.harness import Contender
from benchmarks.workloads import Workload


def contender(
    workload: Workload, sweeps: int, given: str | None
) -> AbstractContextManager[tuple[Contender | None, str]]:
    """thrml on the workload's last input, for `sweeps` sweeps a turn, and its version; or None and why not."""
    task = {
        "couplings": workload.system.couplings.tolist(),
        "fields": workload.protocol.values[-1].tolist(),
        "beta": 1 / workload.temperature,
        "chains": workload.trials,
        "sweeps": sweeps,
    }
    updates = workload.trials * sweeps * workload.system.size
    return served("thrml", interpreter(given, ["thrml"]), "thrml_server.py", task, updates)
