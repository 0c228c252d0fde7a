"""Opponents: what a user would write in NumPy, vectorised over trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.fft import irfft, rfft

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


def rates(workload: Workload, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Final states of a rate network and the heat given off, the midpoint sum of F dx."""
    system = workload.system
    couplings = np.ascontiguousarray(system.couplings.T, dtype=np.float32)
    constant = (system.input + workload.protocol.values[-1]).astype(np.float32)

    def force(states: Any) -> Any:
        return np.tanh(states) @ couplings - states + constant

    return _stepped(force, workload.initial, steps, workload.rule.dt, workload.temperature)


def field(workload: Workload, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The same of a neural field on a ring, tau = 1, white noise."""
    process = workload.system
    half = process.coupling.transfer[: process.size // 2 + 1].astype(np.complex64)
    constant = np.float32(process.input)

    def force(states: Any) -> Any:
        return irfft(rfft(np.tanh(states)) * half, process.size) - states + constant

    return _stepped(force, workload.initial, steps, workload.dt, float(process.noise.diffusion))


def _stepped(
    force: Callable[[Any], Any], initial: np.ndarray, steps: int, dt: float, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Euler and Maruyama's steps in single precision."""
    random = np.random.default_rng(1)
    states, heat = initial.astype(np.float32), np.zeros(len(initial))
    step, noise = np.float32(dt), np.float32(np.sqrt(2 * strength * dt))
    before = force(states)
    for _ in range(steps):
        change = step * before + noise * random.standard_normal(states.shape, dtype=np.float32)
        states = states + change
        after = force(states)
        heat += 0.5 * np.einsum("ri,ri->r", before + after, change)
        before = after
    return states, heat
