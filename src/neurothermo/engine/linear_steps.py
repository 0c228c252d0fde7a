"""Exact steps of a linear process with few coordinates: noise, work, flow and motion of 64 trials side by side."""

import numpy as np
from numba import njit, prange

from neurothermo.engine.counter import FAST, GOLDEN, mix, trial_keys, u8, use_wide_vectors
from neurothermo.engine.normals import normal_pair

TILE = 64  # trials in one tile: every loop over them has this length, so that no remainder rounds differently


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def drive_linear(
    states, step, root, back, turn, pushes, offsets, gains, first, second, first_trial, first_step, relax_first,
    work, flow,
):  # fmt: skip
    """Carry trials through len(pushes) steps.

    x' = E x + push + L z,  w = G x - offset - F z,  flow += (w.w - z.z) / 2,  work -= gain.x

    states (trials, n) float64, changed in place; step E, root L (lower triangular), back G, turn F (n, n); pushes,
    offsets, gains (steps, n): work before the move, or after it if relax_first. z are `Address.normals(n)`.
    """
    for tile in prange((len(states) + TILE - 1) // TILE):
        carry_tile(
            states, step, root, back, turn, pushes, offsets, gains, first, second, first_trial, first_step,
            relax_first, work, flow, tile * TILE,
        )  # fmt: skip


@njit(fastmath=FAST, error_model="numpy")
def carry_tile(
    states, step, root, back, turn, pushes, offsets, gains, first, second, first_trial, first_step, relax_first,
    work, flow, start,
):  # fmt: skip
    """One tile: arrays (n, 64), trials innermost."""
    use_wide_vectors()
    trials, n = states.shape
    half = (n + 1) // 2
    x, y, z = np.empty((n, TILE)), np.empty((n, TILE)), np.empty((2 * half, TILE))
    keys, others = np.empty(TILE, np.uint64), np.empty(TILE, np.uint64)
    done, gone, row = np.empty(TILE), np.empty(TILE), np.empty(TILE)
    for l in range(TILE):
        keys[l], others[l] = trial_keys(first, second, first_trial + start + l)
        trial = min(start + l, trials - 1)  # lanes beyond the last trial run along, unread
        done[l], gone[l] = work[trial], flow[trial]  # one sum from start to end, however the steps are cut
        for i in range(n):
            x[i, l] = states[trial, i]
    for t in range(len(pushes)):
        base = (u8(first_step + t) << u8(32)) * GOLDEN
        for k in range(half):
            for l in range(TILE):
                one, other = normal_pair(mix(keys[l] + (base + u8(k) * GOLDEN), others[l]))
                z[k, l] = one
                z[half + k, l] = other
        if not relax_first:
            for i in range(n):
                for l in range(TILE):
                    done[l] -= gains[t, i] * x[i, l]
        for i in range(n):
            for l in range(TILE):
                row[l] = -offsets[t, i]
                y[i, l] = pushes[t, i]
            for j in range(n):
                for l in range(TILE):
                    row[l] += back[i, j] * x[j, l] - turn[i, j] * z[j, l]
                    y[i, l] += step[i, j] * x[j, l]
            for j in range(i + 1):
                for l in range(TILE):
                    y[i, l] += root[i, j] * z[j, l]
            for l in range(TILE):
                gone[l] += 0.5 * (row[l] * row[l] - z[i, l] * z[i, l])
        for i in range(n):
            for l in range(TILE):
                x[i, l] = y[i, l]
        if relax_first:
            for i in range(n):
                for l in range(TILE):
                    done[l] -= gains[t, i] * x[i, l]
    for l in range(min(TILE, trials - start)):
        work[start + l] = done[l]
        flow[start + l] = gone[l]
        for i in range(n):
            states[start + l, i] = x[i, l]
