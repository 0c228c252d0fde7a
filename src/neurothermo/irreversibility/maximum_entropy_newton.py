"""The concave problem of the maximum-entropy bound for pairs of channels, solved by Newton's method."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.irreversibility.pair_currents import Observables, Transitions

TOLERANCE = 1e-10
HELD = 2**24  # observables that are kept in memory from step to step
MOST_ITERATIONS = 60
HALVINGS = 30
RIDGE = 1e-9  # of the mean curvature: observables that never vary
ENOUGH = 1e-4


@dataclass(frozen=True, eq=False)
class Tilted:
    """Moments of g under weights exp(-theta . g), one reversed window in all added to those seen.

    Parameters
    ----------
    log_normal, log_seen : float
        ln <exp(-theta . g)>, with the reversed and without.
    mean : ndarray, shape (K,)
    second : ndarray, shape (K, K)
        <g g> of the weights.
    """

    log_normal: float
    log_seen: float
    mean: Array
    second: Array


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where theta . <g> - ln <exp(-theta . g)> is largest.

    Parameters
    ----------
    theta : ndarray, shape (K,)
    log_normal, gain : float
        ln <exp(-theta . g)>, and the maximum itself, of the windows seen.
    curvature, moments : ndarray, shape (K, K)
        Covariance of g under the tilted weights, and <g g> of the data.
    converged : bool
    """

    theta: Array
    log_normal: float
    gain: float
    curvature: Array
    moments: Array
    converged: bool


def tilted(tables: Iterable[tuple[slice, Array]], count: int, theta: Array) -> Tilted:
    """In one pass, the largest exponent so far taken out: nothing overflows."""
    size = len(theta)
    offset = -np.log(count)
    largest, sums, first, second = -np.inf, np.zeros(2), np.zeros(size), np.zeros((size, size))
    for _, table in tables:
        exponents = -table @ theta
        top = max(largest, float(exponents.max()), offset - float(exponents.min()))
        if top > largest:
            shrink = np.exp(largest - top)
            sums, first, second, largest = sums * shrink, first * shrink, second * shrink, top
        seen, turned = np.exp(exponents - largest), np.exp(offset - exponents - largest)
        sums += seen.sum() + turned.sum(), seen.sum()
        first += (seen - turned) @ table
        second += (table * (seen + turned)[:, None]).T @ table
    with np.errstate(divide="ignore"):  # a step too far may leave nothing of the windows seen
        normal, ahead = np.log(sums / [count + 1, count]) + largest
    return Tilted(float(normal), float(ahead), first / sums[0], second / sums[0])


def climb(part: Transitions, chosen: Observables) -> Maximum:
    """Newton's method with halved steps from theta = 0.

    One reversed window in all, shared by all of them, is added to those seen: the maximum stays where it is but for
    1/count, and is finite where some transition was never seen reversed.
    """
    kept = list(part.tables(chosen)) if part.count * chosen.count <= HELD else None

    def moments_at(theta: Array) -> Tilted:
        return tilted(part.tables(chosen) if kept is None else kept, part.count, theta)

    here = moments_at(np.zeros(chosen.count))
    moments, mean = here.second, here.mean
    ridge = RIDGE * max(float(np.trace(moments)) / len(mean), 1e-300) * np.eye(len(mean))
    theta, objective, converged = np.zeros(len(mean)), 0.0, False
    for _ in range(MOST_ITERATIONS):
        curvature = here.second - np.outer(here.mean, here.mean)
        slope = mean + here.mean
        move = np.linalg.solve(curvature + ridge, slope)
        promised = float(move @ slope)
        if promised < TOLERANCE:
            converged = True
            break
        for halving in range(HALVINGS):
            length = 0.5**halving
            trial = theta + length * move
            there = moments_at(trial)
            value = float(trial @ mean) - there.log_normal
            if value >= objective + ENOUGH * length * promised:
                break
        else:
            break
        theta, here, objective = trial, there, value
    curvature = here.second - np.outer(here.mean, here.mean)
    seen = mean * (part.count + 1) / (part.count - 1)
    return Maximum(theta, here.log_seen, float(theta @ seen) - here.log_seen, curvature, moments, converged)


def block_sums(part: Transitions, chosen: Observables, best: Maximum, blocks: int) -> tuple[Array, Array, Array]:
    """Sums over blocks of 1, a, r and a - ln Z + 1 - r, shape (B, 4), of g and of r g, shape (B, K).

    a = theta . g, r = exp(-a) / Z. What ends at the cut between two blocks is given back (`Transitions.uncut`).
    """
    theta, log_normal = best.theta, best.log_normal
    sums, plain, weighted = np.zeros((blocks, 4)), np.zeros((blocks, len(theta))), np.zeros((blocks, len(theta)))
    block = part.block_of(blocks)
    for rows, table in part.tables(chosen):
        exponents = table @ theta
        ratios = np.exp(-exponents - log_normal)
        terms = exponents - log_normal + 1 - ratios
        starts = np.flatnonzero(np.r_[True, np.diff(block[rows]) > 0])
        which = block[rows][starts]
        columns = np.stack([np.ones(len(terms)), exponents, ratios, terms], axis=1)
        sums[which] += np.add.reduceat(columns, starts)
        plain[which] += np.add.reduceat(table, starts)
        weighted[which] += np.add.reduceat(table * ratios[:, None], starts)
    uncut = part.uncut(chosen, blocks, best.moments)
    sums[:, 1] += uncut @ theta
    sums[:, 3] += 2 * uncut @ theta  # a + 1 - r is 2a for small a
    plain += uncut
    weighted += uncut
    return sums, plain, weighted
