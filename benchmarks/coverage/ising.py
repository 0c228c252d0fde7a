"""Cells of kinetic Ising networks: 5 and 10 spins solved exactly, and 20 that are four groups of 5."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np
from scipy.linalg import block_diag

from benchmarks.coverage.cells import Answer, Cell, called
from benchmarks.coverage.simulated import spin_path
from neurothermo import Glauber, SpinNetwork
from neurothermo.core.checks import Array
from neurothermo.exact import entropy_production
from neurothermo.irreversibility import kinetic_ising, maxent, uncertainty
from neurothermo.recordings import from_array

ASYMMETRY = {"symmetric": 0.0, "nearly symmetric": 0.05, "asymmetric": 0.5}
ROWS = 10_000


def network(size: int, asymmetry: float, seed: int = 11) -> tuple[Array, Array]:
    """Couplings of which a share is antisymmetric, and fields."""
    random = np.random.default_rng(seed)
    table = random.normal(size=(size, size)) * 0.6 / np.sqrt(size)
    same, other = (table + table.T) / np.sqrt(2), (table - table.T) / np.sqrt(2)
    couplings = same * np.sqrt(1 - asymmetry**2) + other * asymmetry
    np.fill_diagonal(couplings, 0)
    return couplings, random.normal(size=size) * 0.2


def groups(size: int, kind: str) -> list[tuple[Array, Array]]:
    """Parts that do not see each other: what they produce adds up."""
    each = size if size <= 10 else 5
    return [network(each, ASYMMETRY[kind], 11 + part) for part in range(size // each)]


@cache
def production(size: int, kind: str, order: str) -> float:
    """Nats per row; of symmetric couplings 0."""
    if kind == "symmetric":
        return 0.0
    rule = Glauber(order=order)
    found = [entropy_production(SpinNetwork(J, -fields), rule, temperature=1).value for J, fields in groups(size, kind)]
    return float(sum(found)) / (1 if order == "parallel" else len(found))


def _called(
    method: Any, options: dict[str, Any], size: int, kind: str, order: str, repeats: int, random: np.random.Generator
) -> Iterator[Answer]:
    parts = groups(size, kind)
    couplings, fields = block_diag(*(J for J, _ in parts)), np.concatenate([each for _, each in parts])
    for seed in range(repeats):
        path = spin_path(couplings, fields, order, ROWS, random)
        yield called(method, from_array(path, sampling_rate=1.0), seed=seed, **options)


def _cell(method: Any, size: int, couplings: str, order: str = "parallel", **fields: Any) -> Cell:
    options = {"order": "one at a time"} if method is kinetic_ising and order == "random" else {}
    system = f"{size} spins, {'parallel' if order == 'parallel' else 'one at a time'}, {couplings}"
    truth, run = production(size, couplings, order), partial(_called, method, options, size, couplings, order)
    return Cell(method.__name__, system, ROWS, truth, run, **fields)


def cells() -> Iterator[Cell]:
    """All of them."""
    for kind in ASYMMETRY:
        yield _cell(kinetic_ising, 5, kind)
    for kind in ("symmetric", "asymmetric"):
        yield _cell(kinetic_ising, 5, kind, "random")
        yield _cell(kinetic_ising, 10, kind, share=0.25)
        yield _cell(kinetic_ising, 20, kind, share=0.05)
    for kind in ASYMMETRY:
        yield _cell(maxent, 5, kind, kind="lower bound")
        yield _cell(maxent, 5, kind, "random", kind="lower bound")
        yield _cell(uncertainty, 5, kind, kind="lower bound")
    for kind in ("symmetric", "asymmetric"):
        yield _cell(maxent, 10, kind, kind="lower bound", share=0.5)
        yield _cell(maxent, 20, kind, kind="lower bound", share=0.025)
