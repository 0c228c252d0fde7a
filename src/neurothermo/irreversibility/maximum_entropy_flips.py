"""The maximum-entropy bound of spins that flip one at a time: one small problem for each spin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_count, checked_fraction, checked_number, checked_spins
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import NATS, Estimate
from neurothermo.irreversibility.maximum_entropy_judged import (
    BLOCKS,
    Bound,
    Problems,
    judged_held_out,
    judged_in_sample,
    largest_blocks,
)
from neurothermo.irreversibility.maximum_entropy_shrunk import PER_THIRD, best_of, lengths_for, thirds

TOLERANCE = 1e-10  # of what a Newton step promises, in nats a flip
WIDEST = 60  # partners that a spin's problem may have
FLIPS_PER_PARAMETER = 50  # fewer, and the value is held out
CANDIDATES = (5, 10, 20, 40)  # neighbours that are tried
TRIED_ON = 48  # spins, when the number of neighbours is chosen
MANY = 100  # spins: then fits take the time
ROWS = 8192  # at a time, when products are summed
FEWEST_ROWS = 256


@dataclass(frozen=True, eq=False)
class Flips:
    """States before an attempt, and which spins flip from them.

    Parameters
    ----------
    spins : ndarray of int8 -1/+1, shape (N, rows)
    flipped : ndarray of bool, shape (N, rows)
    attempts : float
        How many samples the rows stand for: what values are divided by.
    """

    spins: Any
    flipped: Any
    attempts: float

    @property
    def size(self) -> int:
        """N."""
        return len(self.spins)

    @property
    def rows(self) -> int:
        """How many states."""
        return int(self.spins.shape[1])

    def bounds(self, blocks: int, start: int = 0, stop: int | None = None) -> Any:
        """Where equal blocks of rows begin and end."""
        return np.linspace(start, self.rows if stop is None else stop, blocks + 1).astype(np.int64)


def maxent_flips(
    states: Any,
    flipped: Any,
    *,
    attempts: float | None = None,
    held_out: bool | None = None,
    neighbours: int | None = None,
    folds: int | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    r"""Lower bound on entropy production, from states and the flips attempted in them.

    .. math:: \Sigma \ge \sum_i p_i f_i, \qquad
              f_i = \max_\theta\; \theta \cdot \langle g \rangle_i - \ln \langle e^{-\theta \cdot g} \rangle_i, \qquad
              g_j = -2 s_i s_j

    The averages go over the states in which spin i flips, p_i is the share of attempts that flip it, and j runs over
    the other spins. Spins of a stationary state that flip one at a time.

    Parameters
    ----------
    states : array_like of -1/+1, shape (rows, N)
        Before the attempts. Rows in the order of time, if they have one: errors are from blocks of them.
    flipped : array_like of bool, shape (rows, N)
        Which attempts flip their spin.
    attempts : float, optional
        How many attempts the rows stand for. Default rows x N: each spin was attempted in each state.
    held_out : bool, optional
        Whether to fit to some rows and to value on the others. False: all rows for both, less the bias of the fit.
        Default: held out where a spin has fewer than 50 flips a parameter, or more than 60 partners; a fit of so many
        parameters alone can exceed the entropy production.
    neighbours : int, optional
        Partners of each spin, those most correlated with its flips (in the fitted rows). Default: all others; if
        held out, one of 5, 10, 20, 40 (and all), whichever is best on a third of the fitted rows.
    folds : int, optional
        Parts of the rows, each valued by a fit to the others. Default: 4, or 2 with more than 100 spins.
    confidence : float
        Of the interval.
    seed : int
        Of the turned blocks.

    Returns
    -------
    Estimate
        "nats per attempt", kind "lower bound". The p-value is that of "reversible": blocks of rows turned round, which
        changes the sign of their g; held out, the mean of theta . g on rows not fitted.

    Raises
    ------
    InputError
        If the arrays do not fit, there are fewer than 256 rows, or a spin never flips.

    References
    ----------
    Aguilera, Ito, Kolchinsky, Phys. Rev. Lett. 136, 077101 (2026): the bound and its form for spins.
    """
    data = flips_of(states, flipped, attempts)
    bound, _ = bound_of_flips(data, held_out, neighbours, folds, checked_fraction(confidence, "confidence"), seed)
    return Estimate(
        bound.value, bound.stderr, bound.interval, confidence, n=data.rows, units=f"{NATS} per attempt",
        method="maximum entropy, flips" + (", held out" if bound.details["held_out"] else ""), kind="lower bound",
        p_value=bound.p_value, diagnostics=bound.sentences, details=bound.details, counted="states",
    )  # fmt: skip


def flips_of(states: Any, flipped: Any, attempts: float | None = None) -> Flips:
    """Checked arrays, a row for each spin.

    Raises
    ------
    InputError
        As `maxent_flips` does.
    """
    given = np.asarray(states)
    spins = given if given.dtype == np.int8 else checked_spins(states, "states")
    if spins.ndim != 2 or spins.shape[1] < 2:
        raise InputError(f"states must have shape (rows, N) with N at least 2, got {spins.shape}")
    if np.any(np.abs(spins) != 1):
        raise InputError("states must hold -1 and +1 only")
    marks = np.asarray(flipped)
    if marks.shape != spins.shape or marks.dtype.kind not in "bui":
        raise InputError(
            f"flipped must be true or false for each state and spin, shape {spins.shape}, got {marks.shape}"
        )
    if len(spins) < FEWEST_ROWS:
        raise InputError(f"states must have at least {FEWEST_ROWS} rows, got {len(spins)}")
    still = np.flatnonzero(~marks.any(axis=0))
    if len(still):
        raise InputError(f"flipped must have a flip of every spin: spin {still[0]} never flips; leave it out")
    many = float(spins.size) if attempts is None else checked_number(attempts, "attempts")
    if many < np.count_nonzero(marks):
        raise InputError(f"attempts must be at least the {np.count_nonzero(marks)} flips, got {many:g}")
    return Flips(np.ascontiguousarray(spins.T), np.ascontiguousarray(marks.T.astype(np.bool_)), many)


def bound_of_flips(
    data: Flips, held_out: bool | None, neighbours: int | None, folds: int | None, confidence: float, seed: int
) -> tuple[Bound, tuple[tuple[Problems, Any], ...]]:
    """The bound, and the problems it is from with the partners of each spin."""
    others = data.size - 1
    kept = others if neighbours is None else min(checked_count(neighbours, "neighbours"), others)
    folds = folds_for(data.size) if folds is None else checked_count(folds, "folds", 2)
    fewest = int(np.count_nonzero(data.flipped, axis=1).min())
    if held_out is None:
        held_out = kept > WIDEST or neighbours is not None or fewest < FLIPS_PER_PARAMETER * kept
    if not held_out:
        if kept < others or kept > WIDEST:
            raise InputError(
                f"held_out must be true where partners are chosen: {kept} of {others}, at most {WIDEST} at once"
            )
        chosen = everyone_else(data.size)
        problems = fitted(data, chosen, 0, 0, data.bounds(largest_blocks(data.rows)), data.attempts)
        return judged_in_sample(problems, confidence, seed), ((problems, chosen),)
    if kept > WIDEST and neighbours is not None:
        raise InputError(f"neighbours must be at most {WIDEST}, got {neighbours}")
    edges = data.bounds(folds)
    products = [screened(data, start, stop) for start, stop in pairwise(edges)]
    parts, lengths = [], []
    for fold in range(folds):
        start, stop = int(edges[fold]), int(edges[fold + 1])
        count, length = best_count(data, start, stop, None if neighbours is None else kept)
        chosen = strongest(sum(products[:fold] + products[fold + 1 :]), count)
        blocks = largest_blocks(stop - start, BLOCKS // 2)
        share = data.attempts * (stop - start) / data.rows
        parts.append((fitted(data, chosen, start, stop, data.bounds(blocks, start, stop), share, length), chosen))
        lengths.append(length)
    bound = judged_held_out([problems for problems, _ in parts], lengths, confidence)
    return replace(bound, details=bound.details | {"neighbours": [len(chosen[0]) for _, chosen in parts]}), tuple(parts)


def folds_for(size: int) -> int:
    """How many parts, where nothing is asked for."""
    return 4 if size <= MANY else 2


def fitted(
    data: Flips, chosen: Any, start: int, stop: int, bounds: Any, samples: float, length: float = 1.0
) -> Problems:
    """Each spin fitted to the rows outside start .. stop - 1, its parameters shrunk, and summed over blocks."""
    from neurothermo.core.machine import one_blas_thread
    from neurothermo.engine.flips import fit_spins, sum_blocks

    with one_blas_thread():
        theta, log_normal, gain, counts, curvature, moments, steps = fit_spins(
            data.spins, data.flipped, chosen, start, stop, TOLERANCE
        )
    if length < 1:
        theta, log_normal = length * theta, length * log_normal
        log_normal += _normal(
            sum_blocks(data.spins, data.flipped, chosen, theta, log_normal, _around(data, start, stop))[0]
        )
    sums, plain, weighted = sum_blocks(data.spins, data.flipped, chosen, theta, log_normal, bounds)
    return Problems(
        theta, log_normal, counts, gain, curvature, moments, sums, -2 * plain, -2 * weighted, samples,
        bool(np.all(steps >= 0)),
    )  # fmt: skip


def _around(data: Flips, *edges: int) -> Any:
    """Blocks between the first row, these, and the last."""
    return np.array([0, *edges, data.rows], dtype=np.int64)


def _normal(sums: Any) -> Any:
    """ln of the mean ratio in the first and the last block, those of the fitted rows; 0 of a spin without flips."""
    counts, ratios = (sums[:, 0, column] + sums[:, -1, column] for column in (0, 2))
    return np.log(np.where(counts > 0, ratios / np.maximum(counts, 1), 1.0))


def everyone_else(size: int) -> Any:
    """All partners of every spin, shape (N, N - 1)."""
    table = np.broadcast_to(np.arange(size), (size, size))
    return np.ascontiguousarray(table[~np.eye(size, dtype=bool)].reshape(size, size - 1))


def screened(data: Flips, start: int, stop: int) -> Any:
    """Sums of s_i s_j over the flips of i in some rows, a row for each row of `flipped`; NaN for j = i."""
    own = len(data.flipped)
    total = np.zeros((own, data.size))
    for first in range(start, stop, ROWS):
        rows = slice(first, min(first + ROWS, stop))
        spins = data.spins[:, rows].astype(np.float32)
        total += (spins[:own] * data.flipped[:, rows]) @ spins.T
    np.fill_diagonal(total, np.nan)
    return total


def strongest(products: Any, kept: int) -> Any:
    """The `kept` partners with the largest |<g>|, shape (spins, kept), ascending."""
    strength = np.where(np.isnan(products), -1.0, np.abs(products))
    return np.sort(np.argpartition(-strength, kept - 1, axis=1)[:, :kept], axis=1)


def best_count(data: Flips, start: int, stop: int, kept: int | None) -> tuple[int, float]:
    """How many neighbours (unless so many are kept), and which length, are best for a few spins.

    Judged on thirds of the rows outside start .. stop - 1.
    """
    some = np.unique(np.linspace(0, data.size - 1, min(TRIED_ON, data.size)).astype(np.int64))
    order = np.concatenate([some, np.setdiff1d(np.arange(data.size), some)])  # problem i is that of spin i
    outside = np.r_[0:start, stop : data.rows]
    part = Flips(data.spins[np.ix_(order, outside)], data.flipped[np.ix_(some, outside)], 1.0)
    options = [kept] if kept else sorted({min(count, data.size - 1) for count in CANDIDATES})
    events = np.count_nonzero(part.flipped) / len(some)
    values, lengths = [], lengths_for(events)
    for first, last in thirds(part.rows, events):
        products = screened(part, 0, first) + screened(part, last, part.rows)
        values.append([_tried(part, strongest(products, count), first, last, lengths) for count in options])
    best = best_of(np.concatenate(values, axis=2), lengths)
    return options[best.option], best.length


def _tried(part: Flips, chosen: Any, start: int, stop: int, lengths: tuple[float, ...]) -> Any:
    """Sums of the terms of all spins over blocks of start .. stop - 1, for every length, shape (lengths, blocks)."""
    from neurothermo.engine.flips import sum_blocks

    bounds = _around(part, *part.bounds(PER_THIRD, start, stop))
    problems = fitted(part, chosen, start, stop, bounds[1:-1], 1.0)
    table = np.empty((len(lengths), PER_THIRD))
    table[0] = problems.sums[:, :, 3].sum(axis=0)  # of length 1
    for row, length in zip(table[1:], lengths[1:], strict=True):
        theta, offset = length * problems.theta, length * problems.log_normal
        sums = sum_blocks(part.spins, part.flipped, chosen, theta, offset, bounds)[0]
        normal, inside = _normal(sums)[:, None], sums[:, 1:-1]
        terms = inside[:, :, 1] + inside[:, :, 0] * (1 - offset[:, None] - normal) - inside[:, :, 2] * np.exp(-normal)
        row[:] = terms.sum(axis=0)
    return table
