"""The most precise combination of antisymmetric currents, and how far its precision can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.machine import one_blas_thread
from neurothermo.irreversibility.maximum_entropy_judged import (
    independent_blocks,
    joined,
    largest_blocks,
    scatter,
    solved,
)
from neurothermo.irreversibility.pair_currents import Observables, Transitions, all_pairs, observables


def bound_of(rho: Any) -> Any:
    """B(rho) = 2 sqrt(rho) artanh sqrt(rho), nats."""
    root = np.sqrt(rho)
    return 2 * root * np.arctanh(root)


def slope_of(rho: float) -> float:
    """dB/drho."""
    root = np.sqrt(max(rho, 1e-12))
    return float(np.arctanh(root) / root + 1 / (1 - rho))


@dataclass(frozen=True, eq=False)
class Precision:
    """The largest rho of any combination of currents, and the bound that it gives.

    Parameters
    ----------
    chosen : Observables
        The currents.
    theta : ndarray, shape (K,)
        c, the combination of them.
    raw_rho, rho : float
        As fitted, and less its bias (not below 0).
    value, stderr, bias : float
        Of the bound, nats per sample; the value has the bias taken off.
    bias_split : ndarray, shape (K,)
    share : float
        Windows with a change over steps of the process that all windows see: what B(rho) is multiplied by.
    count : int
        Windows with a change.
    counts, plain : ndarray, shapes (blocks,) and (blocks, K)
        Of such windows, and sums of g.
    moves : ndarray, shape (blocks, K)
        By which c changes where a block is left out, with the sign reversed.
    products : ndarray, shape (blocks, blocks)
        Their sum is 2 rho share; turning a block round changes the sign of a row and a column.
    remarks : tuple of str
    """

    chosen: Observables
    theta: Array
    raw_rho: float
    rho: float
    value: float
    stderr: float
    bias: float
    bias_split: Array
    share: float
    count: int
    counts: Array
    plain: Array
    moves: Array
    products: Array
    remarks: tuple[str, ...]


def precision_of(data: Transitions) -> Precision:
    """The combination of currents with the largest rho, and what sampling does to it."""
    chosen = observables(data, all_pairs(data.size))
    moments, means = _moments(data, chosen)
    theta = solved(moments[None], means[None, :, None])[0, :, 0]
    raw_rho = float(theta @ means)
    rho_used = min(raw_rho, 1 - 1 / data.count)
    slope, share = slope_of(rho_used), data.count / data.samples
    sums, plain, scores = _sums(data, chosen, theta, moments, largest_blocks(data.total))
    terms = sums[:, 0] * (bound_of(rho_used) - slope * raw_rho) + slope * sums[:, 1]
    products = 2 * (plain @ solved(moments[None], plain.T[None])[0]) / (data.count * data.samples)
    blocks = independent_blocks(terms, products)
    terms, counts, plain, scores = (
        table.reshape(blocks, -1, *table.shape[1:]).sum(axis=1) for table in (terms, sums[:, 0], plain, scores)
    )
    steps = solved(2 * moments[None], scores.T[None])[0].T / data.count  # Newton's, by the score of each block
    split = slope * share * np.sum(scores * steps, axis=0) / (2 * data.count) * blocks / (blocks - 1)
    value = share * float(bound_of(rho_used)) - float(split.sum())
    said = () if raw_rho < 1 - 1 / data.count else (
        "These currents were hardly ever seen reversed: the largest bound the data allow is infinite, and the value is "
        "that of one reversal in all.",
    )  # fmt: skip
    return Precision(
        chosen, theta, raw_rho, max(raw_rho - float(split.sum()) / (slope * share), 0.0), value,
        scatter(terms) / data.samples, float(split.sum()), split, share, data.count, counts, plain, steps,
        joined(products, blocks), said,
    )  # fmt: skip


def _moments(data: Transitions, chosen: Observables) -> tuple[Array, Array]:
    """<g g^T> and <g>."""
    size = chosen.count
    second, first = np.zeros((size, size)), np.zeros(size)
    with one_blas_thread():
        for _, table in data.tables(chosen):
            second += table.T @ table
            first += table.sum(axis=0)
    return second / data.count, first / data.count


def _sums(
    data: Transitions, chosen: Observables, theta: Array, moments: Array, blocks: int
) -> tuple[Array, Array, Array]:
    """Over blocks: of 1 and 2a - a^2, shape (B, 2), of g, and of the scores 2 (1 - a) g, shape (B, K)."""
    sums, plain, scores = np.zeros((blocks, 2)), np.zeros((blocks, len(theta))), np.zeros((blocks, len(theta)))
    block = data.block_of(blocks)
    for rows, table in data.tables(chosen):
        a = table @ theta
        starts = np.flatnonzero(np.r_[True, np.diff(block[rows]) > 0])
        which = block[rows][starts]
        sums[which] += np.add.reduceat(np.stack([np.ones(len(a)), 2 * a - a**2], axis=1), starts)
        plain[which] += np.add.reduceat(table, starts)
        scores[which] += np.add.reduceat(2 * (1 - a)[:, None] * table, starts)
    uncut = data.uncut(chosen, blocks, moments)
    sums[:, 1] += 2 * uncut @ theta
    return sums, plain + uncut, scores + 2 * uncut
