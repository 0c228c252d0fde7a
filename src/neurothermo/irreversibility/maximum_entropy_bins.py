"""The maximum-entropy bound of states in bins: one problem for all pairs of channels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_count
from neurothermo.core.errors import InputError
from neurothermo.irreversibility.maximum_entropy_flips import folds_for
from neurothermo.irreversibility.maximum_entropy_judged import (
    BLOCKS,
    Bound,
    Problems,
    judged_held_out,
    judged_in_sample,
    largest_blocks,
)
from neurothermo.irreversibility.maximum_entropy_newton import block_sums, climb
from neurothermo.irreversibility.pair_currents import Observables, Transitions, all_pairs, observables, strengths

WIDEST = 400  # pairs in one problem
CHANGES_PER_PARAMETER = 50  # of any kind; with fewer the value is held out
CANDIDATES = (5, 10, 20, 40, 80, 160, 320)  # pairs that are tried


def fitted(part: Transitions, chosen: Observables, valued: Transitions, blocks: int) -> Problems:
    """The problem of some windows, and its sums over the blocks of others."""
    from neurothermo.core.machine import one_blas_thread

    with one_blas_thread():
        best = climb(part, chosen)
        sums, plain, weighted = block_sums(valued, chosen, best, blocks)
    return Problems(
        best.theta[None], np.array([best.log_normal]), np.array([float(part.count)]), np.array([best.gain]),
        best.curvature[None], best.moments[None], sums[None], plain[None], weighted[None], valued.samples,
        best.converged,
    )  # fmt: skip


def bound_of_pairs(
    data: Transitions, held_out: bool | None, neighbours: int | None, folds: int | None, confidence: float, seed: int
) -> tuple[Bound, tuple[tuple[Problems, Observables], ...]]:
    """The bound, and the problems it is from with their observables."""
    pairs = all_pairs(data.size)
    every = pairs.shape[1]
    kept = every if neighbours is None else min(checked_count(neighbours, "neighbours") * data.size // 2, every)
    kept = max(kept, 1)
    folds = folds_for(data.size) if folds is None else checked_count(folds, "folds", 2)
    if held_out is None:
        many = observables(data, pairs).count
        held_out = kept > WIDEST or neighbours is not None or data.count < CHANGES_PER_PARAMETER * many
    if not held_out:
        if kept < every or every > WIDEST:
            raise InputError(
                f"held_out must be true where pairs are chosen: {kept} of {every}, at most {WIDEST} at once"
            )
        blocks = largest_blocks(data.total)
        chosen = observables(data, pairs)
        problems = fitted(data, chosen, data, blocks)
        return judged_in_sample(problems, confidence, seed), ((problems, chosen),)
    if neighbours is not None and kept > WIDEST:
        raise InputError(f"neighbours must leave at most {WIDEST} pairs, got {neighbours}: {kept} pairs")
    parts = []
    for fold in range(folds):
        rest, valued = fold_of(data, fold, folds)
        if min(rest.count, valued.count) < 2:
            raise InputError(f"folds must be fewer, got {folds}: nothing changes in one of them")
        chosen = observables(rest, strongest(rest, best_count(rest) if neighbours is None else kept))
        parts.append((fitted(rest, chosen, valued, largest_blocks(valued.total, BLOCKS // 2)), chosen))
    bound = judged_held_out([problems for problems, _ in parts], confidence)
    return replace(bound, details=bound.details | {"pairs": [chosen.pairs.shape[1] for _, chosen in parts]}), tuple(
        parts
    )


def fold_of(data: Transitions, fold: int, folds: int) -> tuple[Transitions, Transitions]:
    """The windows outside a stretch of the recording, and those inside."""
    edges = np.linspace(0, data.total, folds + 1).astype(np.int64)
    start, stop = int(edges[fold]), int(edges[fold + 1])
    inside = (data.place >= start) & (data.place < stop)
    valued = data.only(inside)
    return data.only(~inside), replace(valued, place=valued.place - start, total=stop - start)


def strongest(part: Transitions, kept: int) -> Any:
    """The pairs whose <g> is largest in its standard errors, shape (2, kept)."""
    order = np.argsort(-strengths(part), kind="stable")[:kept]
    return all_pairs(part.size)[:, np.sort(order)]


def best_count(part: Transitions) -> int:
    """How many pairs are best on the last third of some windows, fitted to the two before."""
    border = 2 * part.count // 3
    early = np.arange(part.count) < border
    first, last = part.only(early), part.only(~early)
    every = part.size * (part.size - 1) // 2
    most = max(border // 10, 1)
    options = sorted({min(count, every) for count in CANDIDATES if count <= most} or {min(every, 1)})
    values = []
    for count in options:
        problems = fitted(first, observables(first, strongest(first, count)), last, 1)
        values.append(float(problems.sums[:, :, 3].sum()))
    return options[int(np.argmax(values))]
