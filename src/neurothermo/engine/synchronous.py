"""Parallel moves: every neuron at once. The matrix product is BLAS; this is all that is left to do."""

import numpy as np
from numba import njit

from neurothermo.engine.counter import (
    FAST,
    GOLDEN,
    exp_float,
    f4,
    log_float,
    mix,
    trial_keys,
    u8,
    uniform_of,
    use_wide_vectors,
)

TILE = 64  # neurons whose factors 1 + e^-|logit| <= 2 are multiplied before one logarithm: at most 2^64


@njit(fastmath=FAST, error_model="numpy", nogil=True, cache=True)
def move_all(states, sums, base, change, first, second, first_trial, step, relax_first, following, work, flow):
    """Draw every neuron anew, s_i' = +1 with probability 1 / (1 + e^-a_i), and write the new states to `following`.

    states, following (trials, N) float32 of -1/+1; sums (trials, N) float32, c beta_i (J s)_i; base (N,) float32,
    c beta_i (I_i - U_i) at the input of the move; change (N,) float64, the change of input of this step, done
    before the move unless relax_first. Adds -change.V to work and ln p(s -> s') to flow; `add_return` completes it.
    """
    use_wide_vectors()
    size = states.shape[1]
    draws = np.empty(TILE, np.float32)
    for trial in range(len(states)):
        key, other = trial_keys(first, second, first_trial + trial)
        counter = u8(step) << u8(32)
        total = 0.0
        done = 0.0
        for start in range(0, size, TILE):
            count = min(TILE, size - start)
            new = following[trial, start : start + count]
            a = sums[trial, start : start + count]
            b = base[start : start + count]
            for k in range(count):
                draws[k] = uniform_of(mix(key + (counter + u8(start + k)) * GOLDEN, other))
            product = f4(1)
            penalty = f4(0)
            for k in range(count):
                logit = a[k] + b[k]
                size_of = abs(logit)
                rare = exp_float(-size_of)
                against = draws[k] * (f4(1) + rare) < rare
                sign = f4(1) if (logit >= f4(0)) != against else f4(-1)
                new[k] = sign
                penalty += size_of if against else f4(0)
                product *= f4(1) + rare
            total -= np.float64(penalty) + np.float64(log_float(product))
            moved = following if relax_first else states
            now = moved[trial, start : start + count]
            for k in range(count):
                done += change[start + k] * np.float64(now[k])
        work[trial] -= done
        flow[trial] += total


@njit(fastmath=FAST, error_model="numpy", nogil=True, cache=True)
def add_return(previous, sums, base, flow):
    """Add -ln p(s' -> s) to flow, s = `previous` and sums those of s'; base as in the move that led there."""
    use_wide_vectors()
    size = previous.shape[1]
    for trial in range(len(previous)):
        total = 0.0
        for start in range(0, size, TILE):
            count = min(TILE, size - start)
            old = previous[trial, start : start + count]
            a = sums[trial, start : start + count]
            b = base[start : start + count]
            product = f4(1)
            penalty = f4(0)
            for k in range(count):
                logit = a[k] + b[k]
                size_of = abs(logit)
                product *= f4(1) + exp_float(-size_of)
                penalty += size_of if logit * old[k] < f4(0) else f4(0)
            total += np.float64(penalty) + np.float64(log_float(product))
        flow[trial] += total
