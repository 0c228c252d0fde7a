"""Single-spin moves of large networks: local fields are kept, and updated by one row when a neuron flips.

One trial at a time, trials in parallel. The kept fields are float32 logits c beta_i h_i (input apart); their
rounding grows with every flip, so they are summed anew at fixed absolute steps: the same bits however a run is cut.
"""

import numpy as np
from numba import njit, prange

from neurothermo.engine.counter import (
    FAST,
    GOLDEN,
    f4,
    log_float,
    mix,
    site_of,
    trial_keys,
    u8,
    uniform_of,
    use_wide_vectors,
)

REFRESH_SWEEPS = 128
BATCH = 128  # attempts whose sites and thresholds are drawn together, in a loop that vectorises


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def drive_dense(
    states, local, values, logits, columns, first, second, first_trial, first_step, attempts, order, relax_first,
    refresh, fresh, work, flow,
):  # fmt: skip
    """Carry trials through `values[0] .. values[-1]`, adding to their work and entropy flow.

    states (trials, N) int8 of -1/+1 and local (trials, N) float32, changed in place; values (steps + 1, N) inputs;
    logits (steps + 1, N) float32, c beta_i (I_i - U_i); columns (N, N) float32, row j: c beta_i J_ij for all i;
    first, second: the run's key words; first_trial, first_step: absolute numbers; order: 0 random, 1 ascending,
    -1 descending; local is summed anew at steps 1, 1 + refresh, ..., and at once if fresh; work, flow (trials,) are
    added to.
    """
    trials, size = states.shape
    steps = len(values) - 1
    for trial in prange(trials):
        use_wide_vectors()
        state = states[trial]
        fields = local[trial]
        key, other = trial_keys(first, second, first_trial + trial)
        done = work[trial]
        out = flow[trial]
        sites = np.empty(BATCH, np.uint32)
        thresholds = np.empty(BATCH, np.float32)
        for step in range(1, steps + 1):
            if (first_step + step - 2) % refresh == 0 or (fresh and step == 1):
                fields[:] = f4(0)
                for j in range(size):
                    add_row(fields, columns[j], f4(state[j]))
            if not relax_first:
                done -= input_work(state, values[step - 1], values[step])
            base = logits[step - 1] if relax_first else logits[step]
            counter = u8(first_step + step - 1) << u8(32)
            for attempt in range(0, attempts, BATCH):
                count = min(BATCH, attempts - attempt)
                draw(sites, thresholds, key, other, counter, attempt, attempts, size, order)
                for k in range(count):
                    i = sites[k]
                    logit = fields[i] + base[i]
                    new = np.int8(1) if (logit >= f4(0)) != (abs(logit) < thresholds[k]) else np.int8(-1)
                    if new != state[i]:
                        state[i] = new
                        out += logit * f4(new)
                        add_row(fields, columns[i], f4(2 * new))
            if relax_first:
                done -= input_work(state, values[step - 1], values[step])
        work[trial] = done
        flow[trial] = out


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def drive_sparse(
    states, local, values, logits, starts, targets, weights, first, second, first_trial, first_step, attempts, order,
    relax_first, refresh, fresh, work, flow,
):  # fmt: skip
    """As `drive_dense`, the couplings in compressed columns.

    starts (N + 1,), targets and weights (couplings,): neuron j acts on targets[starts[j]:starts[j + 1]] with
    c beta_i J_ij, float32.
    """
    trials, size = states.shape
    steps = len(values) - 1
    for trial in prange(trials):
        use_wide_vectors()
        state = states[trial]
        fields = local[trial]
        key, other = trial_keys(first, second, first_trial + trial)
        done = work[trial]
        out = flow[trial]
        sites = np.empty(BATCH, np.uint32)
        thresholds = np.empty(BATCH, np.float32)
        for step in range(1, steps + 1):
            if (first_step + step - 2) % refresh == 0 or (fresh and step == 1):
                fields[:] = f4(0)
                for j in range(size):
                    for edge in range(starts[j], starts[j + 1]):
                        fields[targets[edge]] += weights[edge] * f4(state[j])
            if not relax_first:
                done -= input_work(state, values[step - 1], values[step])
            base = logits[step - 1] if relax_first else logits[step]
            counter = u8(first_step + step - 1) << u8(32)
            for attempt in range(0, attempts, BATCH):
                count = min(BATCH, attempts - attempt)
                draw(sites, thresholds, key, other, counter, attempt, attempts, size, order)
                for k in range(count):
                    i = sites[k]
                    logit = fields[i] + base[i]
                    new = np.int8(1) if (logit >= f4(0)) != (abs(logit) < thresholds[k]) else np.int8(-1)
                    if new != state[i]:
                        state[i] = new
                        out += logit * f4(new)
                        change = f4(2 * new)
                        for edge in range(starts[i], starts[i + 1]):
                            fields[targets[edge]] += weights[edge] * change
            if relax_first:
                done -= input_work(state, values[step - 1], values[step])
        work[trial] = done
        flow[trial] = out


@njit(fastmath=FAST, error_model="numpy")
def add_row(fields, row, factor):
    for j in range(len(fields)):
        fields[j] += factor * row[j]


@njit(fastmath=FAST, error_model="numpy")
def input_work(state, before, after):
    """(I' - I).V in double precision."""
    total = 0.0
    for i in range(len(state)):
        total += (after[i] - before[i]) * np.float64(state[i])
    return total


@njit(fastmath=FAST, error_model="numpy")
def draw(sites, thresholds, key, other, counter, attempt, attempts, size, order):
    """Sites and thresholds of the attempts from `attempt` on.

    A neuron moves against its field with probability 1 / (1 + e^|logit|): where |logit| < ln((1 - u) / u).
    """
    for k in range(BATCH):
        bits = mix(key + (counter + u8(attempt + k)) * GOLDEN, other)
        uniform = uniform_of(bits)
        sites[k] = np.uint32(site_of(bits, size))
        thresholds[k] = log_float((f4(1) - uniform) / uniform)
    if order != 0:
        for k in range(BATCH):
            sites[k] = np.uint32((attempt + k if order > 0 else attempts - 1 - attempt - k) % size)
