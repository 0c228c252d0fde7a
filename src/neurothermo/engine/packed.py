"""Single-spin moves of small networks: a state is one word, 64 trials run side by side.

Up to `LARGEST` neurons. The field of a neuron is the sum of table entries, one for each byte of the state, so
that no move has to update any field. Every loop runs over the 64 lanes of a block: random bits, gathers and
arithmetic in loops of their own, which is what lets each of them vectorise.
"""

import numpy as np
from numba import njit, prange

from neurothermo.engine.counter import (
    FAST,
    GOLDEN,
    exp_float,
    f4,
    mix,
    site_of,
    trial_keys,
    u4,
    u8,
    uniform_of,
    use_wide_vectors,
)

LANES = 64
LARGEST = 16


def field_tables(logit_couplings):
    """Sums of couplings over each half of the state, shape (2, LARGEST * 256), float32.

    logit_couplings : (N, N), c beta_i J_ij. Entry [half, i * 256 + byte] sums J_ij s_j over the eight neurons
    of that half, bit j set meaning neuron j up.
    """
    size = len(logit_couplings)
    padded = np.zeros((LARGEST, LARGEST))
    padded[:size, :size] = logit_couplings
    signs = 2.0 * ((np.arange(256)[:, None] >> np.arange(8)) & 1) - 1
    halves = [padded[:, 8 * half : 8 * half + 8] @ signs.T for half in range(2)]
    return np.ascontiguousarray(np.stack(halves), dtype=np.float32).reshape(2, LARGEST * 256)


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def drive_packed(
    words,
    values,
    logits,
    tables,
    first,
    second,
    first_trial,
    first_step,
    attempts,
    order,
    relax_first,
    work,
    flow,
):
    """Carry trials through `values[0] .. values[-1]`, adding to their work and entropy flow.

    words (trials,) uint32, changed in place; values (steps + 1, N) inputs; logits (steps + 1, LARGEST) float32,
    c beta_i (I_i - U_i) of each value; tables from `field_tables`; first, second: the run's key words;
    first_trial, first_step: the absolute numbers of trial 0 and of the step from values[0] to values[1]; order:
    0 random, 1 ascending, -1 descending sites; work, flow (trials,) are added to.
    """
    trials = len(words)
    steps = len(values) - 1
    size = values.shape[1]
    low = tables[0]
    high = tables[1]
    for block in prange((trials + LANES - 1) // LANES):
        use_wide_vectors()
        start = block * LANES
        state = np.zeros(LANES, np.uint32)
        key = np.empty(LANES, np.uint64)
        other = np.empty(LANES, np.uint64)
        site = np.empty(LANES, np.uint32)
        uniform = np.empty(LANES, np.float32)
        logit = np.empty(LANES, np.float32)
        done = np.zeros(LANES, np.float64)
        out = np.zeros(LANES, np.float64)
        step_out = np.empty(LANES, np.float32)
        filled = min(LANES, trials - start)
        for lane in range(LANES):
            key[lane], other[lane] = trial_keys(first, second, first_trial + start + lane)
        for lane in range(filled):
            state[lane] = words[start + lane]
            done[lane] = work[start + lane]
            out[lane] = flow[start + lane]
        for step in range(1, steps + 1):
            if not relax_first:
                add_work(state, values[step - 1], values[step], done)
            base = logits[step - 1] if relax_first else logits[step]
            counter = u8(first_step + step - 1) << u8(32)
            for lane in range(LANES):
                step_out[lane] = f4(0)
            for attempt in range(attempts):
                offset = (counter + u8(attempt)) * GOLDEN
                for lane in range(LANES):
                    bits = mix(key[lane] + offset, other[lane])
                    uniform[lane] = uniform_of(bits)
                    site[lane] = u4(site_of(bits, size))
                if order != 0:
                    fixed = u4((attempt if order > 0 else attempts - 1 - attempt) % size)
                    for lane in range(LANES):
                        site[lane] = fixed
                for lane in range(LANES):
                    i = np.intp(site[lane])
                    word = np.intp(state[lane])
                    logit[lane] = low[i * 256 + (word & 255)] + high[i * 256 + (word >> 8)] + base[i]
                for lane in range(LANES):
                    old = state[lane]
                    new = moved(old, u4(1) << site[lane], logit[lane], uniform[lane])
                    sign = f4(1) if new > old else f4(-1)
                    step_out[lane] += logit[lane] * sign if new != old else f4(0)
                    state[lane] = new
            for lane in range(LANES):
                out[lane] += step_out[lane]
            if relax_first:
                add_work(state, values[step - 1], values[step], done)
        for lane in range(filled):
            words[start + lane] = state[lane]
            work[start + lane] = done[lane]
            flow[start + lane] = out[lane]


@njit(fastmath=FAST, error_model="numpy")
def moved(word, bit, logit, uniform):
    """The state after the attempt: against its field with probability 1 / (1 + e^|logit|), else with it.

    Written from the rare side, where the uniform number is small and finely resolved.
    """
    against = uniform * (f4(1) + exp_float(abs(logit))) < f4(1)
    up = (logit >= f4(0)) != against
    return word | bit if up else word & ~bit


@njit(fastmath=FAST, error_model="numpy")
def add_work(state, before, after, done):
    """W <- W - (I' - I).V for every lane, in double precision."""
    total = 0.0
    for i in range(len(before)):
        total += after[i] - before[i]
    for lane in range(LANES):
        done[lane] += total
    for i in range(len(before)):
        twice = 2.0 * (after[i] - before[i])
        if twice != 0.0:
            for lane in range(LANES):
                done[lane] -= twice * np.float64((state[lane] >> u4(i)) & u4(1))
