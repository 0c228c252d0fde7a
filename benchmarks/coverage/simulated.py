"""Recordings by the hundred: linear processes, chains and spins stepped by loops compiled for this study alone.

They share nothing with the estimators that are judged on them, and nothing with the library's own simulators.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from neurothermo.core.checks import Array

LANES = 64  # processes side by side: their sums stay in the first cache
ROWS = 512  # steps for which normal numbers are drawn at a time


@njit(fastmath=True)
def _carry(step: Any, left: Any, kicks: Any, x: Any, y: Any, total: Any, lagged: Any, plain: Any) -> None:
    """Carry x (d, lanes) through kicks (steps, d, lanes), adding up x' x'^T, x' x^T and x'."""
    size, lanes = x.shape
    for t in range(len(kicks)):
        for i in range(size):
            for r in range(lanes):
                y[i, r] = 0.0
            for j in range(size):
                for r in range(lanes):
                    y[i, r] += step[i, j] * x[j, r]
            for j in range(i + 1):
                for r in range(lanes):
                    y[i, r] += left[i, j] * kicks[t, j, r]
        for i in range(size):
            for r in range(lanes):
                plain[i, r] += y[i, r]
            for j in range(size):
                for r in range(lanes):
                    lagged[i, j, r] += y[i, r] * x[j, r]
            for j in range(i + 1):
                for r in range(lanes):
                    total[i, j, r] += y[i, r] * y[j, r]
        for i in range(size):
            for r in range(lanes):
                x[i, r] = y[i, r]


def linear_sums(step: Array, noise: Array, covariance: Array, rows: int, random: np.random.Generator) -> Any:
    """Second moments of `LANES` stationary recordings: before, after and lagged sums, the mean of the rows removed.

    Each of shape (lanes, d, d); of rows x_0 .. x_(n - 1) the sums of x x^T without the last, without the first, and of
    x_(t + 1) x_t^T.
    """
    size = len(step)
    left = np.linalg.cholesky(noise)
    x = np.linalg.cholesky(covariance) @ random.standard_normal((size, LANES))
    first, y = x.copy(), np.empty_like(x)
    total, lagged = np.zeros((2, size, size, LANES))
    for i in range(size):
        total[i, : i + 1] = x[i] * x[: i + 1]
    plain = x.copy()
    for done in range(1, rows, ROWS):
        kicks = random.standard_normal((min(ROWS, rows - done), size, LANES), dtype=np.float32)
        _carry(step, left, kicks, x, y, total, lagged, plain)
    whole, lagged = np.moveaxis(total, 2, 0), np.moveaxis(lagged, 2, 0)
    whole = whole + np.swapaxes(np.tril(whole, -1), 1, 2)
    mean, first, last = plain.T / rows, first.T, x.T
    centred = whole - rows * _outer(mean, mean)
    without_last = centred - _outer(last - mean, last - mean)
    without_first = centred - _outer(first - mean, first - mean)
    late, early = plain.T - first, plain.T - last  # sums of x_(t + 1) and of x_t
    lagged = lagged - _outer(late, mean) - _outer(mean, early) + (rows - 1) * _outer(mean, mean)
    return without_last, without_first, lagged


def _outer(a: Array, b: Array) -> Array:
    return a[:, :, None] * b[:, None, :]


@njit
def _through(step: Any, path: Any) -> None:
    for t in range(1, len(path)):
        for i in range(path.shape[1]):
            moved = path[t, i]
            for j in range(path.shape[1]):
                moved += step[i, j] * path[t - 1, j]
            path[t, i] = moved


def linear_path(step: Array, noise: Array, covariance: Array, rows: int, random: np.random.Generator) -> Array:
    """One stationary recording, shape (rows, d)."""
    path = random.standard_normal((rows, len(step))) @ np.linalg.cholesky(noise).T
    path[0] = np.linalg.cholesky(covariance) @ random.standard_normal(len(step))
    _through(step, path)
    return np.asarray(path)


@njit
def _walk(ways: Any, uniforms: Any, now: int, visited: Any) -> None:
    for t in range(len(uniforms)):
        visited[t] = now
        row, u, found = ways[now], uniforms[t], 0
        while found < len(row) - 1 and u > row[found]:
            found += 1
        now = found


def chain_path(chain: Array, law: Array, rows: int, random: np.random.Generator) -> Any:
    """States of a stationary Markov chain with P[a, b] from a to b, shape (rows,)."""
    visited = np.empty(rows, dtype=np.int64)
    _walk(np.cumsum(chain, axis=1), random.random(rows), int(random.choice(len(law), p=law)), visited)
    return visited


@njit
def _parallel(couplings: Any, fields: Any, uniforms: Any, state: Any, path: Any, skipped: int) -> None:
    size, after = len(state), state.copy()
    for t in range(len(uniforms)):
        for i in range(size):
            field = fields[i]
            for j in range(size):
                field += couplings[i, j] * state[j]
            after[i] = 1 if uniforms[t, i] * (1 + np.exp(-2 * field)) < 1 else -1
        for i in range(size):
            state[i] = after[i]
            if t >= skipped:
                path[t - skipped, i] = after[i]


@njit
def _one_by_one(couplings: Any, fields: Any, sites: Any, uniforms: Any, state: Any, path: Any, skipped: int) -> None:
    for t in range(len(uniforms)):
        i = sites[t]
        field = fields[i]
        for j in range(len(state)):
            field += couplings[i, j] * state[j]
        state[i] = 1 if uniforms[t] * (1 + np.exp(-2 * field)) < 1 else -1
        if t >= skipped:
            for j in range(len(state)):
                path[t - skipped, j] = state[j]


def spin_path(couplings: Array, fields: Array, order: str, rows: int, random: np.random.Generator) -> Any:
    """Rows of spins at temperature 1 after 200 sweeps from any state, shape (rows, N).

    Order "parallel": all are drawn anew in each row. Order "random": one is, any.
    """
    size = len(couplings)
    state = random.choice(np.array([-1.0, 1.0]), size)
    path = np.empty((rows, size), dtype=np.int64)
    if order == "parallel":
        _parallel(couplings, fields, random.random((rows + 200, size)), state, path, 200)
    else:
        steps = rows + 200 * size
        _one_by_one(couplings, fields, random.integers(size, size=steps), random.random(steps), state, path, 200 * size)
    return path
