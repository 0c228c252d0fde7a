"""Cells of Markov chains, seen whole or in part."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.linalg import expm

from benchmarks.coverage.cells import Answer, Cell, called
from benchmarks.coverage.simulated import chain_path
from neurothermo.core.checks import Array
from neurothermo.irreversibility import plugin, waiting_times
from neurothermo.processes import MarkovJump
from neurothermo.recordings import from_array

SIZE = 8
RINGS = {"reversible": (0.35, 0.35), "weakly driven": (0.36, 0.34), "driven": (0.4, 0.3)}
DENSE = {"reversible": 0.0, "weakly driven": 0.15, "driven": 0.4}
STEP = 0.1  # of a jump process, between two samples
JUMPS = {"reversible": 1.0, "weakly driven": 1.2, "driven": 4.0}


def ring(forward: float, back: float) -> Array:
    """P[a, b]: one step either way, or none."""
    at, chain = np.arange(SIZE), np.eye(SIZE) * (1 - forward - back)
    chain[at, (at + 1) % SIZE] += forward
    chain[at, (at - 1) % SIZE] += back
    return chain


def dense(drive: float) -> Array:
    """Fluxes of all pairs, half of them of the other half's size, and circulations `drive` times the most possible."""
    random = np.random.default_rng(3)
    flux = random.gamma(2, size=(SIZE, SIZE))
    flux += flux.T
    net = np.zeros((SIZE, SIZE))
    for _ in range(30):
        cycle, strength = random.permutation(SIZE)[: random.integers(3, SIZE + 1)], random.normal()
        for a, b in zip(cycle, np.roll(cycle, -1), strict=True):
            net[a, b] += strength
            net[b, a] -= strength
    joint = flux + drive * (flux / np.maximum(np.abs(net), 1e-12)).min() * net
    return joint / joint.sum(axis=1, keepdims=True)


def stationary(chain: Array) -> Array:
    """Its law, by powers."""
    law = np.linalg.matrix_power(chain, 2**16)[0]
    return law / law.sum()


def production(chain: Array) -> float:
    """Nats per step: that of the jump process whose rates are these chances."""
    return float(MarkovJump(chain.T - np.eye(len(chain))).entropy_production().value)


def four_states(drive: float) -> MarkovJump:
    """A ring of four with one chord; round it jumps are `drive` times as fast one way as the other, in all."""
    rates, tilt = np.zeros((4, 4)), drive**0.25
    for a, base in enumerate((1.0, 2.0, 1.5, 0.8)):
        b = (a + 1) % 4
        rates[b, a], rates[a, b] = base * np.sqrt(tilt), base / np.sqrt(tilt)
    rates[2, 0] = rates[0, 2] = 0.3
    return MarkovJump(rates)


def _called(
    method: Any, options: dict[str, Any], chain: Array, rows: int, hidden: bool, repeats: int,
    random: np.random.Generator,
) -> Iterator[Answer]:  # fmt: skip
    law = stationary(chain)
    for seed in range(repeats):
        path = chain_path(chain, law, rows, random)
        seen = np.minimum(path, 2) if hidden else path  # states 2 and 3 cannot be told apart
        yield called(method, from_array(seen, sampling_rate=1.0), seed=seed, **options)


def _whole(system: str, chain: Array, rows: int, still: bool) -> Cell:
    truth = 0.0 if still else production(chain)
    return Cell("plugin", system, rows, truth, partial(_called, plugin, {}, chain, rows, False))


def _shuffled(system: str, chain: Array, rows: int) -> Cell:
    options = {"null": "surrogate", "surrogates": 99}
    run = partial(_called, plugin, options, chain, rows, False)
    return Cell("plugin, null of surrogates", system, rows, 0.0, run)


def _part(method: Any, kind: str, rows: int) -> Cell:
    jumps = four_states(JUMPS[kind])
    chain = expm(_generator(jumps) * STEP).T
    truth = 0.0 if kind == "reversible" else STEP * jumps.entropy_production().value
    run = partial(_called, method, {}, chain, rows, True)
    system = f"jumps of 4 states, 2 not told apart, {kind}"
    return Cell(method.__name__, system, rows, truth, run, kind="lower bound", share=0.5)


def _generator(jumps: MarkovJump) -> Array:
    """Columns sum to zero."""
    apart = jumps.rates * ~np.eye(jumps.size, dtype=bool)
    return np.asarray(apart - np.diag(apart.sum(axis=0)))


def cells() -> Iterator[Cell]:
    """All of them."""
    for rows in (10_000, 100_000):
        for kind in RINGS:
            still = kind == "reversible"
            yield _whole(f"ring of {SIZE}, {kind}", ring(*RINGS[kind]), rows, still)
            yield _whole(f"dense chain of {SIZE}, {kind}", dense(DENSE[kind]), rows, still)
    yield _shuffled(f"ring of {SIZE}, reversible", ring(*RINGS["reversible"]), 10_000)
    yield _shuffled(f"dense chain of {SIZE}, reversible", dense(0.0), 10_000)
    for kind in JUMPS:
        for method in (plugin, waiting_times):
            yield _part(method, kind, 20_000)
