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
from neurothermo.irreversibility.maximum_entropy_shrunk import best_of, lengths_for, log_mean, terms_of, thirds
from neurothermo.irreversibility.pair_currents import Observables, Transitions, all_pairs, observables, strengths

WIDEST = 400  # pairs in one problem
CHANGES_PER_PARAMETER = 50  # of any kind; with fewer the value is held out
CANDIDATES = (5, 10, 20, 40, 80, 160, 320)  # pairs that are tried


def fitted(part: Transitions, chosen: Observables, valued: Transitions, blocks: int, length: float = 1.0) -> Problems:
    """The problem of some windows, its parameters shrunk to this length, and its sums over the blocks of others."""
    from neurothermo.core.machine import one_blas_thread

    with one_blas_thread():
        best = climb(part, chosen)
        if length < 1:
            normal = log_mean(-length * exponents(part, chosen, best.theta))
            best = replace(best, theta=length * best.theta, log_normal=normal)
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
    parts, lengths = [], []
    for fold in range(folds):
        rest, valued = fold_of(data, fold, folds)
        if min(rest.count, valued.count) < 2:
            raise InputError(f"folds must be fewer, got {folds}: nothing changes in one of them")
        count, length = best_count(rest, None if neighbours is None else kept)
        chosen = observables(rest, strongest(rest, count))
        parts.append((fitted(rest, chosen, valued, largest_blocks(valued.total, BLOCKS // 2), length), chosen))
        lengths.append(length)
    bound = judged_held_out([problems for problems, _ in parts], lengths, confidence)
    pairs = [chosen.pairs.shape[1] for _, chosen in parts]
    return replace(bound, details=bound.details | {"pairs": pairs}), tuple(parts)


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


def best_count(part: Transitions, kept: int | None) -> tuple[int, float]:
    """How many pairs (unless so many are kept), and which length of their parameters, are best within some windows."""
    every = part.size * (part.size - 1) // 2
    most = max(2 * part.count // 30, 1)
    options = [kept] if kept else sorted({min(count, every) for count in CANDIDATES if count <= most} or {1})
    values, lengths = [], lengths_for(part.count)
    for start, stop in thirds(part.count, part.count):
        inside = (np.arange(part.count) >= start) & (np.arange(part.count) < stop)
        first, last = part.only(~inside), part.only(inside)
        values.append([_tried(first, strongest(first, count), last, lengths) for count in options])
    best = best_of(np.concatenate(values, axis=2), lengths)
    return options[best.option], best.length


def _tried(first: Transitions, pairs: Any, last: Transitions, lengths: tuple[float, ...]) -> Any:
    from neurothermo.core.machine import one_blas_thread

    chosen = observables(first, pairs)
    with one_blas_thread():
        theta = climb(first, chosen).theta
        return terms_of(exponents(first, chosen, theta), exponents(last, chosen, theta), lengths)


def exponents(part: Transitions, chosen: Observables, theta: Any) -> Any:
    """theta . g of every window."""
    return np.concatenate([table @ theta for _, table in part.tables(chosen)])
