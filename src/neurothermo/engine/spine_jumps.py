"""Jumps of coupled two-state spines: attempts at random sites that are thinned out, or a search among block sums.

One trial at a time, trials in parallel. The rate of each spine is kept, and that of its neighbours updated when it
flips, from a table over how many of their neighbours are active: no exponential in the loop.
"""

import numpy as np
from numba import njit, prange

from neurothermo.engine.counter import FAST, LOW_HALF, f4, i4, site_of, trial_keys, u8, use_wide_vectors
from neurothermo.engine.jumps import BATCH, HALF, draw

REFRESH = 4096  # jumps after which block sums are added up anew
THINNED = 0
SEARCHED = 1


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def drive_spines(
    states, values, changed, ups, down, boost, fastest, ways, starts, targets, gain, cooperativity, shift, dt, first,
    second, first_trial, first_step, relax_first, work, flow,
):  # fmt: skip
    """Carry trials through `values[0] .. values[-1]`, adding to their work and entropy flow.

    states (trials, N) int8 of 0/1, changed in place; values (steps + 1, N) inputs, changed (steps,) where they differ
    from the one before; of each step, or once where inputs never change: ups (., N) float32, the rates up without
    neighbours, fastest (.,), no rate above it, ways (.,), THINNED or SEARCHED; down: the rate down; boost: factors of
    the rate up by active neighbours; spine i acts on targets[starts[i]:starts[i + 1]]; gain: ln(up/down) without
    input; shift: blocks hold 2^shift spines. Flow of a flip up: gain + I_i + cooperativity times active neighbours.
    """
    size = states.shape[1]
    steps = len(values) - 1
    for trial in prange(len(states)):
        key, other = trial_keys(first, second, first_trial + trial)
        state = states[trial]
        active = np.zeros(size, np.int32)
        rates = np.empty(size, np.float32)
        sums = np.empty((size >> shift) + 1, np.float64)
        waits, choices = np.empty(BATCH, np.float32), np.empty(BATCH, np.uint64)
        for i in range(size):
            if state[i]:
                for edge in range(starts[i], starts[i + 1]):
                    active[targets[edge]] += i4(1)
        done, out = work[trial], flow[trial]
        for step in range(1, steps + 1):
            row = step - 1 if len(ups) > 1 else 0
            held = values[step - 1 if relax_first else step]
            up = ups[row]
            if not relax_first and changed[step - 1]:
                done += input_work(state, values[step - 1], values[step])
            if step == 1 or len(ups) > 1:
                for i in range(size):
                    rates[i] = down if state[i] else up[i] * boost[active[i]]
            counter = u8(first_step + step - 1) << HALF
            if ways[row] == THINNED:
                flips, links, pushed = thinned(
                    state, active, rates, up, down, boost, fastest[row], starts, targets, held, dt, key, other,
                    counter, waits, choices,
                )  # fmt: skip
            else:
                flips, links, pushed = searched(
                    state, active, rates, up, down, boost, sums, shift, starts, targets, held, dt, key, other,
                    counter, waits, choices,
                )  # fmt: skip
            out += gain * flips + cooperativity * links + pushed
            if relax_first and changed[step - 1]:
                done += input_work(state, values[step - 1], values[step])
        work[trial], flow[trial] = done, out


@njit(fastmath=FAST, error_model="numpy")
def thinned(
    state, active, rates, up, down, boost, fastest, starts, targets, held, dt, key, other, counter, waits, choices
):  # fmt: skip
    """One step of attempts at N times the fastest rate; an attempt at spine i flips it with rate_i / fastest."""
    use_wide_vectors()
    size = len(state)
    pace, scale = 1.0 / (size * fastest), f4(fastest * 2.0**-31)
    clock, attempt = 0.0, 0
    flips, links, pushed = 0, 0, 0.0
    while clock <= dt:
        draw(waits, choices, key, other, counter + u8(2 * attempt))
        attempt += BATCH
        for k in range(BATCH):
            clock += waits[k] * pace
            if clock > dt:
                break
            i = site_of(choices[k] >> HALF, size)
            if f4(i4((choices[k] & LOW_HALF) >> u8(1))) * scale < rates[i]:
                sign = -1 if state[i] else 1
                flips += sign
                links += sign * active[i]
                pushed += sign * held[i]
                flip(i, state, active, rates, up, down, boost, starts, targets)
    return flips, links, pushed


@njit(fastmath=FAST, error_model="numpy")
def searched(
    state, active, rates, up, down, boost, sums, shift, starts, targets, held, dt, key, other, counter, waits, choices
):  # fmt: skip
    """One step without rejections: the spine that flips is found by its block, then in it."""
    use_wide_vectors()
    size = len(state)
    total = block_sums(rates, sums, shift)
    clock, jump = 0.0, 0
    flips, links, pushed = 0, 0, 0.0
    while clock <= dt:
        draw(waits, choices, key, other, counter + u8(2 * jump))
        for k in range(BATCH):
            clock += waits[k] / total
            if clock > dt:
                break
            left = np.float64(choices[k] >> u8(11)) * 2.0**-53 * total
            block = 0
            while block < len(sums) - 1 and left >= sums[block]:
                left -= sums[block]
                block += 1
            if block << shift >= size:
                block -= 1
            i = block << shift
            last = min(i + (1 << shift), size) - 1
            while i < last and left >= rates[i]:
                left -= rates[i]
                i += 1
            sign = -1 if state[i] else 1
            flips += sign
            links += sign * active[i]
            pushed += sign * held[i]
            total += flip_summed(i, state, active, rates, up, down, boost, starts, targets, sums, shift)
        jump += BATCH
        if jump % REFRESH == 0:
            total = block_sums(rates, sums, shift)
    return flips, links, pushed


@njit(fastmath=FAST, error_model="numpy")
def flip(i, state, active, rates, up, down, boost, starts, targets):
    """Flip a spine; its rate and those of its neighbours."""
    now = np.int8(1) - state[i]
    state[i] = now
    rates[i] = down if now else up[i] * boost[u8(active[i])]
    change = i4(1) if now else i4(-1)
    for edge in range(starts[i], starts[u8(i) + u8(1)]):
        j = targets[edge]
        active[j] += change
        risen = up[j] * boost[u8(active[j])]
        rates[j] = down if state[j] else risen  # a choice and no branch, which would be guessed wrong


@njit(fastmath=FAST, error_model="numpy")
def flip_summed(i, state, active, rates, up, down, boost, starts, targets, sums, shift):
    """The same with the block sums; by how much the total rate changes."""
    before = rates[i]
    now = np.int8(1) - state[i]
    state[i] = now
    rates[i] = down if now else up[i] * boost[u8(active[i])]
    change = i4(1) if now else i4(-1)
    more = np.float64(rates[i]) - np.float64(before)
    sums[i >> shift] += more
    for edge in range(starts[i], starts[i + 1]):
        j = targets[edge]
        active[j] += change
        risen = up[j] * boost[u8(active[j])]
        now_rate = down if state[j] else risen
        step = np.float64(now_rate) - np.float64(rates[j])
        rates[j] = now_rate
        sums[j >> shift] += step
        more += step
    return more


@njit(fastmath=FAST, error_model="numpy")
def block_sums(rates, sums, shift):
    """The rates of each block added up; their total."""
    sums[:] = 0.0
    for i in range(len(rates)):
        sums[i >> shift] += rates[i]
    return sums.sum()


@njit(fastmath=FAST, error_model="numpy")
def input_work(state, before, after):
    """Work of a change of input, -dI.n."""
    work = 0.0
    for i in range(len(state)):
        work -= (after[i] - before[i]) * state[i]
    return work
