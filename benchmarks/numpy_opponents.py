"""Opponents: what a user would write in NumPy, vectorised over trials."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads import Workload


def single_site(workload: Workload, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Work and heat of every trial over the first `steps` steps; every trial draws its own sites."""
    random = np.random.default_rng(1)
    couplings = workload.system.couplings.astype(np.float32)
    inputs = workload.protocol.values.astype(np.float32)
    states = workload.initial.astype(np.float32)
    trials, size = states.shape
    rows = np.arange(trials)
    fields = states @ couplings.T
    columns = np.ascontiguousarray(couplings.T)
    work, heat = np.zeros(trials), np.zeros(trials)
    for step in range(1, steps + 1):
        work -= states @ (inputs[step] - inputs[step - 1])
        for _ in range(size):
            site = random.integers(0, size, trials)
            field = fields[rows, site] + inputs[step, site]
            up = random.random(trials, dtype=np.float32) < 1 / (1 + np.exp(-2 * field / workload.temperature))
            change = np.where(up, np.float32(1), np.float32(-1)) - states[rows, site]
            states[rows, site] += change
            fields += columns[site] * change[:, None]
            heat -= field * change
    return work, heat


def all_at_once(workload: Workload, steps: int) -> np.ndarray:
    """The states after `steps` parallel moves; no ledger."""
    random = np.random.default_rng(1)
    couplings = np.ascontiguousarray(workload.system.couplings.T, dtype=np.float32)
    inputs = workload.protocol.values.astype(np.float32)
    states = workload.initial.astype(np.float32)
    for step in range(1, steps + 1):
        fields = states @ couplings + inputs[step]
        up = random.random(states.shape, dtype=np.float32) < 1 / (1 + np.exp(-2 * fields / workload.temperature))
        states = np.where(up, np.float32(1), np.float32(-1))
    return states
