"""Opponent: dwave-samplers (C++), annealing at one temperature, which is sampling; it keeps no ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workloads import Workload


def sampler(workload: Workload, sweeps: int, *, like_ours: bool = False) -> Callable[[], Any]:
    """A function that samples all trials at the last input.

    By default Metropolis moves in sequential order, its fastest; `like_ours`: heat bath at random sites.

    Raises
    ------
    ImportError
        If dwave-samplers is not installed.
    """
    from dimod import BinaryQuadraticModel
    from dwave.samplers import SimulatedAnnealingSampler

    couplings, fields = workload.system.couplings, workload.protocol.values[-1]
    first, second = np.triu_indices(len(couplings), 1)
    pairs = {(int(i), int(j)): -couplings[i, j] for i, j in zip(first, second, strict=True)}
    model = BinaryQuadraticModel.from_ising({i: -field for i, field in enumerate(fields)}, pairs)
    options = {
        "num_reads": workload.trials,
        "num_sweeps": sweeps,
        "beta_schedule_type": "custom",
        "beta_schedule": np.full(sweeps, 1 / workload.temperature),
        "seed": 1,
        "randomize_order": like_ours,
        "proposal_acceptance_criteria": "Gibbs" if like_ours else "Metropolis",
    }
    return lambda: SimulatedAnnealingSampler().sample(model, **options)
