"""Our side of the opponents that step stochastic differential equations: diffrax and sdeint, without heat."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from benchmarks.child import interpreter, served
from benchmarks.harness import Contender
from benchmarks.workloads import Workload

Served = AbstractContextManager[tuple[Contender | None, str]]


def rates(workload: Workload, given: str | None) -> Served:
    """diffrax on a rate network, all trials and steps at once."""
    system = workload.system
    task = {
        "couplings": system.couplings.tolist(),
        "input": (system.input + workload.protocol.values[-1]).tolist(),
        "diffusion": [workload.temperature] * system.size,
        "dt": workload.rule.dt,
        **_runs(workload, workload.trials),
    }
    return served("diffrax", interpreter(given, ["diffrax", "jax"]), "diffrax_server.py", task, workload.updates)


def linear(workload: Workload, given: str | None) -> Served:
    """diffrax on a linear process, all trials and steps at once."""
    task = {**_linear(workload), **_runs(workload, workload.trials)}
    steps = workload.trials * workload.protocol.steps
    return served("diffrax", interpreter(given, ["diffrax", "jax"]), "diffrax_server.py", task, steps)


def one_by_one(workload: Workload, trials: int, given: str | None) -> Served:
    """sdeint on a linear process: it carries one trial at a time, so a few will do."""
    task = {**_linear(workload), **_runs(workload, trials)}
    return served(
        "sdeint", interpreter(given, ["sdeint"]), "sdeint_server.py", task, trials * workload.protocol.steps
    )  # fmt: skip


def _linear(workload: Workload) -> dict[str, Any]:
    process = workload.system
    diffusion = [float(process.diffusion)] * process.size
    return {"relaxation": process.relaxation.tolist(), "diffusion": diffusion, "dt": workload.dt}


def _runs(workload: Workload, trials: int) -> dict[str, Any]:
    return {"steps": workload.protocol.steps, "initial": workload.initial[:trials].tolist()}
