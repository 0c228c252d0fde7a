"""Laws over occupation numbers: how many neurons of each class are up. One attempt is a stencil of nearest neighbours.

A lumped state is a point of a lattice with one axis a class; state number s = sum_c k_c stride_c, the first class
fastest. A random-site attempt moves it by one along one axis, so that a law is advanced by

    law'(s) = stay(s) law(s) + sum_c [ below_c(s) law(s - stride_c) + above_c(s) law(s + stride_c) ],

with weights that vanish where the neighbour would lie outside: the flat array needs no borders, only padding.
"""

import numpy as np
from numba import njit, prange

from neurothermo.engine.counter import FAST

TILE = 4096  # states of a block of the Chebyshev recurrence: its weights stay in cache while every row passes


@njit(error_model="numpy", cache=True)
def odds(logit):
    """(p, 1 - p) with p = 1 / (1 + e^-logit), both to full relative accuracy."""
    rare = np.exp(-abs(logit))
    return (1 / (1 + rare), rare / (1 + rare)) if logit >= 0 else (rare / (1 + rare), 1 / (1 + rare))


@njit(parallel=True, error_model="numpy", cache=True)
def attempt_weights(first, counts, sizes, couplings, fields, gain, transposed):
    """Weights of one random-site attempt, shape (1 + 2 classes, states): stay, then below and above of each class.

    first, counts (classes,): the box of occupation numbers first_c .. first_c + counts_c - 1 that the states are;
    moves out of it are lost. sizes (classes,) of the classes; couplings (classes, classes), fields (classes,) in
    energy units; gain = c / T. Transposed weights advance observables: T^t in place of T.
    """
    classes = len(sizes)
    states = 1
    strides = np.empty(classes, np.int64)
    for c in range(classes):
        strides[c] = states
        states *= counts[c]
    weights = np.zeros((1 + 2 * classes, states))
    for line in prange(states // counts[0]):
        start = np.int64(line) * counts[0]  # the loop's own counter is unsigned
        line_weights(weights, start, strides, first, counts, sizes, couplings, fields, gain, transposed)
    return weights


@njit(error_model="numpy", cache=True)
def line_weights(weights, start, strides, first, counts, sizes, couplings, fields, gain, transposed):
    """`attempt_weights` of the states start, start + 1, ... that differ in the first class alone."""
    neurons = sizes.sum()
    up = first + start // strides % counts
    for c in range(len(sizes)):
        felt = fields[c]
        for d in range(len(sizes)):
            felt += couplings[c, d] * (2 * up[d] - sizes[d])
        own = couplings[c, c]
        for k in range(counts[0]):
            s = start + k
            held = felt + 2 * k * couplings[c, 0]
            ups = up[c] + (k if c == 0 else 0)
            rises, rests = odds(gain * (held + own))  # of a neuron that is down: without its own part
            holds, falls = odds(gain * (held - own))  # of one that is up
            share_up = ups / neurons
            share_down = (sizes[c] - ups) / neurons
            weights[0, s] += share_down * rests + share_up * holds
            if ups + 1 < first[c] + counts[c]:
                place = s if transposed else s + strides[c]
                weights[2 + 2 * c if transposed else 1 + 2 * c, place] = share_down * rises
            if ups > first[c]:
                place = s if transposed else s - strides[c]
                weights[1 + 2 * c if transposed else 2 + 2 * c, place] = share_up * falls


@njit(fastmath=FAST, error_model="numpy", cache=True)
def blend(to, law, at, strides, weights, start, stop):
    """One attempt: to[0], to[1], ... become states start .. stop - 1 of T law; state s of law is law[at + s].

    at is at least the largest stride, and as much padding follows the last state.
    """
    here = law[at + start : at + stop]
    stay = weights[0, start:stop]
    if len(strides) == 2:  # in one pass: what most of this file's time goes to
        near, far = strides[0], strides[1]
        left = law[at + start - near : at + stop - near]
        right = law[at + start + near : at + stop + near]
        low = law[at + start - far : at + stop - far]
        high = law[at + start + far : at + stop + far]
        from_left = weights[1, start:stop]
        from_right = weights[2, start:stop]
        from_low = weights[3, start:stop]
        from_high = weights[4, start:stop]
        for s in range(len(here)):
            beside = from_left[s] * left[s] + from_right[s] * right[s]
            to[s] = stay[s] * here[s] + beside + from_low[s] * low[s] + from_high[s] * high[s]
        return
    for s in range(len(here)):
        to[s] = stay[s] * here[s]
    for c in range(len(strides)):
        low = law[at + start - strides[c] : at + stop - strides[c]]
        high = law[at + start + strides[c] : at + stop + strides[c]]
        below = weights[1 + 2 * c, start:stop]
        above = weights[2 + 2 * c, start:stop]
        for s in range(len(here)):
            to[s] += below[s] * low[s] + above[s] * high[s]


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def attempts_on_rows(laws, strides, weights, attempts):
    """Attempts on every row of laws (rows, states), in place."""
    rows, states = laws.shape
    pad = strides[-1]
    for row in prange(rows):
        one = np.zeros(states + 2 * pad)
        two = np.zeros(states + 2 * pad)
        one[pad : pad + states] = laws[row]
        for _ in range(attempts):
            blend(two[pad : pad + states], one, pad, strides, weights, 0, states)
            one, two = two, one
        laws[row] = one[pad : pad + states]


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def chebyshev_on_rows(laws, strides, weights, series):
    """laws <- sum_k series[k] T_k(2P - 1) laws for every row of laws (rows, states), in place.

    T_k are Chebyshev polynomials and P is one attempt: with the series of P^n this is n attempts, wherever the
    spectrum of P lies in [0, 1].
    """
    rows, states = laws.shape
    pad = strides[-1]
    blocks = (states + TILE - 1) // TILE
    terms = np.zeros((2, rows, states + 2 * pad))  # T_{k-1} and T_k, each overwritten by the one after next
    terms[0, :, pad : pad + states] = laws
    for k in range(1, len(series)):
        last = (k - 1) % 2
        for block in prange(blocks):
            start = np.int64(block) * TILE
            stop = min(start + TILE, states)
            for row in range(rows):
                law = terms[last, row]
                to = terms[1 - last, row, pad + start : pad + stop]
                next_term(to, laws[row, start:stop], law, pad, strides, weights, start, stop, series, k)


@njit(fastmath=FAST, error_model="numpy", cache=True)
def next_term(to, total, law, pad, strides, weights, start, stop, series, k):
    """to: from T_{k-2} to T_k of states start .. stop - 1, given T_{k-1} in `law`; series[k] times it into total."""
    moved = np.empty(stop - start)
    blend(moved, law, pad, strides, weights, start, stop)
    here = law[pad + start : pad + stop]
    now = series[k]
    if k == 1:
        first = series[0]
        for s in range(len(moved)):
            value = 2 * moved[s] - here[s]
            to[s] = value
            total[s] = first * here[s] + now * value
    else:
        for s in range(len(moved)):
            value = 4 * moved[s] - 2 * here[s] - to[s]
            to[s] = value
            total[s] += now * value


@njit(parallel=True, error_model="numpy", cache=True)
def up_counts(sizes, couplings, fields, gain, chosen):
    """How many of one class are up after a parallel step, given the state before: shape (states, n + 1).

    The sum of two binomials, one of the neurons that were up and one of those that were down, whose fields differ
    by their own part; built neuron by neuron, so that every tail keeps its relative accuracy.
    """
    classes = len(sizes)
    strides = np.empty(classes, np.int64)
    states = 1
    for c in range(classes):
        strides[c] = states
        states *= sizes[c] + 1
    size = sizes[chosen]
    own = couplings[chosen, chosen]
    laws = np.zeros((states, size + 1))
    for point in prange(states):
        s = np.int64(point)
        felt = fields[chosen]
        for d in range(classes):
            felt += couplings[chosen, d] * (2 * (s // strides[d] % (sizes[d] + 1)) - sizes[d])
        up = s // strides[chosen] % (size + 1)
        law = laws[s]
        law[0] = 1.0
        for neuron in range(size):
            rise, rest = odds(gain * (felt - own if neuron < up else felt + own))
            for k in range(neuron + 1, 0, -1):
                law[k] = rest * law[k] + rise * law[k - 1]
            law[0] *= rest
    return laws
