"""The two colours of the hypercube of states: every flip of one neuron leads from one colour to the other.

A state s has colour 0 where an even number of neurons is up, else 1. Within a colour it is named by x, its
neurons 1 .. N-1 (bit i - 1 of x set: neuron i up); neuron 0 follows from the colour. Flipping neuron i >= 1 is
x -> x ^ (1 << (i - 1)) and a change of colour, flipping neuron 0 a change of colour alone. Vectors over a colour
have shape (blocks, width): x = block * width + k, width a power of two that fits a core's first cache.
"""

import numpy as np
from numba import njit, prange

from neurothermo.engine.counter import FAST, u8


@njit(fastmath=FAST, error_model="numpy")
def add_within(target, source, weights, bit):
    """target[k] += weights[k] source[k ^ (1 << bit)]; short strides spelled out, so that they vectorise."""
    width = len(target)
    if bit == 0:
        for k in range(width >> 1):
            a, b = u8(2 * k), u8(2 * k + 1)
            target[a] += weights[a] * source[b]
            target[b] += weights[b] * source[a]
    elif bit == 1:
        for k in range(width >> 2):
            for low in range(2):
                a, b = u8(4 * k + low), u8(4 * k + low + 2)
                target[a] += weights[a] * source[b]
                target[b] += weights[b] * source[a]
    elif bit == 2:
        for k in range(width >> 3):
            for low in range(4):
                a, b = u8(8 * k + low), u8(8 * k + low + 4)
                target[a] += weights[a] * source[b]
                target[b] += weights[b] * source[a]
    else:
        stride = 1 << bit
        for start in range(0, width, 2 * stride):
            middle, stop = start + stride, start + 2 * stride
            t0, t1 = target[start:middle], target[middle:stop]
            s0, s1 = source[start:middle], source[middle:stop]
            w0, w1 = weights[start:middle], weights[middle:stop]
            for k in range(stride):
                t0[k] += w0[k] * s1[k]
                t1[k] += w1[k] * s0[k]


@njit(fastmath=FAST, error_model="numpy")
def add_across(target, source, weights):
    """target += weights * source."""
    for k in range(len(target)):
        target[k] += weights[k] * source[k]


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def relax_colour(source, target, tables, rows, patience, bits, previous, subtract):
    """Balance one colour against the other: target(s) = patience(s) sum_i w_i(s) source(s with i flipped).

    source, target, patience (blocks, width): of the other colour, of this one, and 1 over the rate at which this
    one's states are left; tables (rows, width), rows (blocks, N) of this colour: tables[rows[block, i]] is w_i,
    the probability that neuron i, drawn anew, gets the sign it has; width = 2^bits. With `subtract` the
    difference target - previous is written. previous may be target.
    """
    blocks, size = rows.shape
    for block in prange(blocks):
        t = target[block]
        p = previous[block]
        s = source[block]
        v = patience[block]
        total = np.empty(len(t))
        w = tables[rows[block, 0]]
        for k in range(len(total)):
            total[k] = w[k] * s[k]
        for bit in range(bits):
            add_within(total, s, tables[rows[block, bit + 1]], bit)
        for site in range(bits + 1, size):
            add_across(total, source[block ^ (1 << (site - bits - 1))], tables[rows[block, site]])
        if subtract:
            for k in range(len(t)):
                t[k] = total[k] * v[k] - p[k]
        else:
            for k in range(len(t)):
                t[k] = total[k] * v[k]


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def leave_rates(tables, other_rows, bits, rates):
    """rates(s) = sum_i w_i(s with i flipped): how often one attempt at every neuron would leave s.

    other_rows (blocks, N): rows of the other colour; rates (blocks, width) of this one. A sum of positive terms:
    no digits are lost where states are hardly ever left, as they would be in N - sum_i w_i(s).
    """
    blocks, size = other_rows.shape
    for block in prange(blocks):
        r = rates[block]
        ones = np.ones(len(r))
        r[:] = tables[other_rows[block, 0]]
        for bit in range(bits):
            w = tables[other_rows[block, bit + 1]]
            for k in range(len(r)):
                r[k] += w[k ^ (1 << bit)]
        for site in range(bits + 1, size):
            add_across(r, ones, tables[other_rows[block ^ (1 << (site - bits - 1)), site]])


@njit(parallel=True, cache=True)
def merge_colours(even, odd, law):
    """Both colours, each (blocks, width), into one law over all states, shape (2^N,), bit i set: neuron i up."""
    blocks, width = even.shape
    for block in prange(blocks):
        for k in range(width):
            x = block * width + k
            parity = 0
            rest = x
            while rest:
                parity ^= 1
                rest &= rest - 1
            law[2 * x + parity] = even[block, k]
            law[2 * x + 1 - parity] = odd[block, k]
