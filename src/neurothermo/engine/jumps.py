"""Jumps between the states of a Markov process, one trial at a time, trials in parallel (Gillespie's algorithm).

The numbers of many jumps are drawn together, in a loop that vectorises; what is left for each jump is to look up the
next state, without a branch: Walker's alias table, of as many columns as a state has ways out at most.
"""

import numpy as np
from numba import njit, prange

from neurothermo.engine.counter import (
    FAST,
    GOLDEN,
    LOW_HALF,
    log_float,
    mix,
    trial_keys,
    u8,
    uniform_of,
    use_wide_vectors,
)

HALF = u8(32)
BATCH = 16  # jumps whose numbers are drawn together: two full vectors, little lost where steps are short


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def drive_jumps(
    states, values, times, thresholds, ways, flows, columns, dt, first, second, first_trial, first_step,
    relax_first, work, flow,
):  # fmt: skip
    """Carry trials through `values[0] .. values[-1]`, adding to their work and entropy flow.

    states (trials,) int64, changed in place; values (steps + 1, n) inputs; times (steps, n) mean stays at the input
    that is held, or (1, n) where it never changes; thresholds (n * columns,) uint64, ways (n * columns, 2) uint32 and
    flows (n * columns, 2): column c of state s leads to ways[., 0] below its threshold, else to ways[., 1]. Draws 2 k
    and 2 k + 1 of a step are the stay and the choice of its jump k. The clock starts anew at each step, which changes
    no law: what is left of an exponential time is one again. Gillespie (1977); Walker (1977).
    """
    steps = len(values) - 1
    for trial in prange(len(states)):
        key, other = trial_keys(first, second, first_trial + trial)
        state = u8(states[trial])
        done, out = work[trial], flow[trial]  # one sum from start to end, however the steps are cut
        waits, choices = np.empty(BATCH, np.float32), np.empty(BATCH, np.uint64)
        for step in range(1, steps + 1):
            stays = times[u8(step - 1 if len(times) > 1 else 0)]
            held = values[u8(step - 1 if relax_first else step)]
            if not relax_first:
                done -= values[u8(step), state] - values[u8(step - 1), state]
            out -= held[state]
            counter = u8(first_step + step - 1) << HALF
            clock, jump = 0.0, 0
            while clock <= dt:
                draw(waits, choices, key, other, counter + u8(2 * jump))
                jump += BATCH
                for k in range(BATCH):
                    clock += waits[k] * stays[state]
                    if clock > dt:
                        break
                    high = (choices[k] >> HALF) * u8(columns)
                    entry = state * u8(columns) + (high >> HALF)
                    rest = ((high & LOW_HALF) << HALF) | (choices[k] & LOW_HALF)
                    below = rest < thresholds[entry]
                    out += flows[entry, 0] if below else flows[entry, 1]
                    state = u8(ways[entry, 0] if below else ways[entry, 1])
            out += held[state]
            if relax_first:
                done -= values[u8(step), state] - values[u8(step - 1), state]
        states[trial] = np.int64(state)
        work[trial], flow[trial] = done, out


@njit(fastmath=FAST, error_model="numpy")
def draw(waits, choices, key, other, counter):
    """Exponential waiting times of mean 1, and 64 bits for what happens then."""
    use_wide_vectors()
    base = key + counter * GOLDEN
    for k in range(BATCH):
        waits[k] = -log_float(uniform_of(mix(base + u8(2 * k) * GOLDEN, other)))
        choices[k] = mix(base + u8(2 * k + 1) * GOLDEN, other)


@njit(cache=True)
def aliases(shares, keep, other):
    """Fill up the columns of Walker's table: how much of a column is its own, and whose the rest is.

    shares (states, columns), of mean 1 or all 0 in a row, is used up; keep (states, columns) and other, the same in
    int64, are written to.
    """
    states, columns = shares.shape
    want, spare = np.empty(columns, np.int64), np.empty(columns, np.int64)
    for s in range(states):
        left, wanting, sparing = shares[s], 0, 0
        for c in range(columns):
            keep[s, c], other[s, c] = 1.0, c
        if left.sum() == 0:
            continue
        for c in range(columns):
            if left[c] < 1:
                want[wanting] = c
                wanting += 1
            else:
                spare[sparing] = c
                sparing += 1
        while wanting and sparing:
            low, high = want[wanting - 1], spare[sparing - 1]
            wanting -= 1
            keep[s, low], other[s, low] = left[low], high
            left[high] -= 1 - left[low]
            if left[high] < 1:
                sparing -= 1
                want[wanting] = high
                wanting += 1
