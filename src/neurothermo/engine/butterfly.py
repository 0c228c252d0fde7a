"""Single-site updates of a law over all 2^N states, without a matrix: butterflies over pairs of states.

Drawing neuron i anew mixes the two states that differ in it. With the logit a of the pair, e = e^-a and
r = 1 / (1 + e), the probability of up:

    forward      down, up <- r e (down + up),  r (down + up)              T p
    transposed   down, up <- r (e down + up),  the same                   T^t f
    tilted       down, up <- r (e down + q up),  r (p down + up)          p = e^(-theta a), q = e^(-(1 - theta) a)

The tilted one weighs a flip by exp(-theta flow), the flow being a upwards and -a downwards; its transpose has p and q
exchanged, that is, 1 - theta for theta.

Laws come as blocks of 32 x 32 states (butterfly_tables.py). Three things make it fast. Neurons of the five lowest
bits act on rows of the transposed block, so that every inner loop runs over 32 neighbours in memory. One division
serves two pairs: 1/x = y/(xy) and 1/y = x/(xy). All neurons of a block are done while it is in the first cache, and
high ones in groups of `GROUP` while their 2^GROUP strips are.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numba import get_num_threads, njit, prange, set_num_threads

from neurothermo.engine.butterfly_pairs import (
    HALF,
    add_forward,
    add_tilted,
    add_transposed,
    exp_double,
    exponentials,
    forward,
    spread,
    tilted,
    transpose,
    transposed,
)
from neurothermo.engine.butterfly_tables import LOW, SIDE, SIDE_BITS
from neurothermo.engine.counter import FAST

FORWARD = 0
TRANSPOSED = 1
TILTED = 2

GROUP = 3  # high neurons done together: more would crowd the ways of a cache, strips lying powers of two apart
STRIP = 16  # rows of 32 states that are carried through a group at once
STRIPS = SIDE // STRIP
NO_BIT = 30  # above the bits of any row number

SHARE = 2**12  # states below which another thread costs more than it does


@contextmanager
def threads_for(states: int) -> Iterator[None]:
    """No more threads than have a share of so many states each; the result does not depend on it."""
    before = get_num_threads()
    fewer = max(1, min(before, states // SHARE))
    if fewer == before:
        yield
        return
    set_num_threads(fewer)
    try:
        yield
    finally:
        set_num_threads(before)


@njit(fastmath=FAST, error_model="numpy")
def update(lower, upper, bit, step, kind, sums, a, c, p, p_factor, q, q_factor, theta, room, powers):
    """One neuron drawn anew in pairs of rows, in place.

    a (pairs, 32) and c: odds and their factor, or with `sums` logits and an addend, whose exponentials then go to
    room (at least pairs, 32) and powers (2, at least pairs, 32); p and q as they are read by `tilted`.
    """
    if sums:
        exponentials(a, c, theta, room, powers, kind == TILTED)
        a = room[: len(a)]
        p = powers[0, : len(a)]
        q = powers[1, : len(a)]
        c = 1.0
        p_factor = q_factor = 1.0 + 0.0 * p_factor
    if kind == FORWARD:
        forward(lower, upper, bit, step, a, c)
    elif kind == TRANSPOSED:
        transposed(lower, upper, bit, step, a, c)
    else:
        tilted(lower, upper, bit, step, a, c, p, p_factor, q, q_factor)


@njit(fastmath=FAST, error_model="numpy")
def add_update(
    lower, upper, lower_out, upper_out, bit, step, kind, sums, a, c, p, p_factor, q, q_factor, theta, room, powers,
    scale,
):  # fmt: skip
    """As `update`, `scale` times the result added to lower_out and upper_out."""
    if sums:
        exponentials(a, c, theta, room, powers, kind == TILTED)
        a = room[: len(a)]
        p = powers[0, : len(a)]
        q = powers[1, : len(a)]
        c = 1.0
        p_factor = q_factor = 1.0 + 0.0 * p_factor
    if kind == FORWARD:
        add_forward(lower, upper, lower_out, upper_out, bit, step, a, c, scale)
    elif kind == TRANSPOSED:
        add_transposed(lower, upper, lower_out, upper_out, bit, step, a, c, scale)
    else:
        add_tilted(lower, upper, lower_out, upper_out, bit, step, a, c, p, p_factor, q, q_factor, scale)


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def sweep(laws, sites, kind, sums, inner, outer, high, p_inner, p_outer, p_high, theta):
    """Draw the neurons `sites` anew, one after the other, in every law, in place.

    laws (rows, blocks, 32, 32); sites: rising or falling by one at a time, but for jumps between the first and the
    last neuron; kind FORWARD, TRANSPOSED or TILTED; sums, inner, outer, high: `Tables`; p_inner (2, 10, 16, 32),
    p_outer (2, N - 10, 32, 32), p_high (2, blocks, N): e^(-theta a) and e^(-(1 - theta) a), read where kind is TILTED.
    """
    rows, blocks = laws.shape[:2]
    begin = 0
    while begin < len(sites):
        end = begin + 1
        if sites[begin] < LOW:
            while end < len(sites) and sites[end] < LOW:
                end += 1
            run = sites[begin:end]
            for block in prange(rows * blocks):
                number = block % blocks
                sweep_block(
                    laws[block // blocks, number], run, kind, sums, inner, high[number],
                    p_inner, p_high[0, number], p_high[1, number], theta,
                )  # fmt: skip
        else:
            while end < len(sites) and sites[end] >= LOW and end - begin < GROUP:
                end += 1
            run = sites[begin:end]
            lowest = min(sites[begin], sites[end - 1]) - LOW
            count = end - begin
            groups = blocks >> count
            for strip in prange(rows * groups * STRIPS):
                number = strip // STRIPS % groups
                start = (number >> lowest << (lowest + count)) | (number & ((1 << lowest) - 1))
                sweep_strip(
                    laws[strip // STRIPS // groups], start, strip % STRIPS * STRIP, lowest, count, run, kind, sums,
                    outer, high, p_outer, p_high, theta,
                )  # fmt: skip
        begin = end


@njit(fastmath=FAST, error_model="numpy")
def sweep_block(law, run, kind, sums, inner, high, p_inner, p_high, q_high, theta):
    """The low neurons `run` of one block, transposed whenever the next of them needs it."""
    other = np.empty((SIDE, SIDE), law.dtype)
    room = np.empty((HALF, SIDE))
    powers = np.empty((2, HALF, SIDE), p_inner.dtype)
    turned = False
    for i in run:
        if (i < SIDE_BITS) != turned:
            if turned:
                transpose(other, law)
            else:
                transpose(law, other)
            turned = not turned
        block = other if turned else law
        bit = i % SIDE_BITS
        update(
            block, block, bit, 1 << bit, kind, sums, inner[i], high[i],
            p_inner[0, i], p_high[i], p_inner[1, i], q_high[i], theta, room, powers,
        )  # fmt: skip
    if turned:
        transpose(other, law)


@njit(fastmath=FAST, error_model="numpy")
def sweep_strip(law, start, top, lowest, count, run, kind, sums, outer, high, p_outer, p_high, theta):
    """High neurons `run`, bits lowest .. lowest + count - 1 of the block number, in rows top .. of 2^count blocks."""
    room = np.empty((STRIP, SIDE))
    powers = np.empty((2, STRIP, SIDE), p_outer.dtype)
    for i in run:
        bit = i - LOW - lowest
        for j in range(1 << (count - 1)):
            down = start | (spread(j, bit) << lowest)
            up = down | (1 << (bit + lowest))
            update(
                law[down, top : top + STRIP], law[up, top : top + STRIP], NO_BIT, 0, kind, sums,
                outer[i - LOW, top : top + STRIP], high[down, i],
                p_outer[0, i - LOW, top : top + STRIP], p_high[0, down, i],
                p_outer[1, i - LOW, top : top + STRIP], p_high[1, down, i], theta, room, powers,
            )  # fmt: skip


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def random_attempts(laws, spare, count, first, kind, sums, inner, outer, high, p_inner, p_outer, p_high, theta):
    """`count` times: laws <- the mean over the neurons from `first` on of what drawing that neuron makes of them.

    As `sweep`; `spare`, of the shape of laws, is overwritten. The result is in laws after an even count, else in
    spare.
    """
    rows, blocks = laws.shape[:2]
    size = high.shape[1]
    scale = 1.0 / (size - first)
    for attempt in range(count):
        source, target = (laws, spare) if attempt % 2 == 0 else (spare, laws)
        for block in prange(rows * blocks):
            row = block // blocks
            number = block % blocks
            mean_block(
                source[row, number], target[row, number], first, kind, sums, inner, high[number],
                p_inner, p_high[0, number], p_high[1, number], theta, scale,
            )  # fmt: skip
        for lowest in range(0, size - LOW, GROUP):
            together = min(GROUP, size - LOW - lowest)
            groups = blocks >> together
            for strip in prange(rows * groups * STRIPS):
                number = strip // STRIPS % groups
                row = strip // STRIPS // groups
                start = (number >> lowest << (lowest + together)) | (number & ((1 << lowest) - 1))
                mean_strip(
                    source[row], target[row], start, strip % STRIPS * STRIP, lowest, together, kind, sums,
                    outer, high, p_outer, p_high, theta, scale,
                )  # fmt: skip


@njit(fastmath=FAST, error_model="numpy")
def mean_block(law, out, first, kind, sums, inner, high, p_inner, p_high, q_high, theta, scale):
    """The low neurons' part of the mean, written to out."""
    other = np.empty((SIDE, SIDE), law.dtype)
    total = np.zeros((SIDE, SIDE), law.dtype)
    room = np.empty((HALF, SIDE))
    powers = np.empty((2, HALF, SIDE), p_inner.dtype)
    size = len(high)
    transpose(law, other)
    for i in range(first, min(size, SIDE_BITS)):
        add_update(
            other, other, total, total, i, 1 << i, kind, sums, inner[i], high[i],
            p_inner[0, i], p_high[i], p_inner[1, i], q_high[i], theta, room, powers, scale,
        )  # fmt: skip
    transpose(total, out)
    for i in range(SIDE_BITS, min(size, LOW)):
        bit = i - SIDE_BITS
        add_update(
            law, law, out, out, bit, 1 << bit, kind, sums, inner[i], high[i],
            p_inner[0, i], p_high[i], p_inner[1, i], q_high[i], theta, room, powers, scale,
        )  # fmt: skip


@njit(fastmath=FAST, error_model="numpy")
def mean_strip(law, out, start, top, lowest, count, kind, sums, outer, high, p_outer, p_high, theta, scale):
    """High neurons' part of the mean, bits lowest .. lowest + count - 1 of the block number, added to out."""
    room = np.empty((STRIP, SIDE))
    powers = np.empty((2, STRIP, SIDE), p_outer.dtype)
    for bit in range(count):
        i = LOW + lowest + bit
        for j in range(1 << (count - 1)):
            down = start | (spread(j, bit) << lowest)
            up = down | (1 << (bit + lowest))
            add_update(
                law[down, top : top + STRIP], law[up, top : top + STRIP],
                out[down, top : top + STRIP], out[up, top : top + STRIP], NO_BIT, 0, kind, sums,
                outer[i - LOW, top : top + STRIP], high[down, i],
                p_outer[0, i - LOW, top : top + STRIP], p_high[0, down, i],
                p_outer[1, i - LOW, top : top + STRIP], p_high[1, down, i], theta, room, powers, scale,
            )  # fmt: skip


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def site_flows(law, sites, inner, outer, high, partial):
    """Mean entropy flow of drawing each of `sites` from this law, by block, into partial (blocks, len(sites)).

    law (blocks, 32, 32) real; inner, outer, high: sums. For a pair of logit a: a (r down - (1 - r) up). Partial
    sums, and not one total, so that no bit depends on the number of threads.
    """
    for number in prange(len(law)):
        other = np.empty((SIDE, SIDE))
        transpose(law[number], other)
        for m in range(len(sites)):
            i = sites[m]
            total = 0.0
            if i < LOW:
                block = other if i < SIDE_BITS else law[number]
                bit = i % SIDE_BITS
                for j in range(HALF):
                    down = spread(j, bit)
                    total += pair_flows(block[down], block[down | (1 << bit)], inner[i, j], high[number, i])
            elif (number >> (i - LOW)) & 1 == 0:
                up = number | (1 << (i - LOW))
                for k in range(SIDE):
                    total += pair_flows(law[number, k], law[up, k], outer[i - LOW, k], high[number, i])
            partial[number, m] = total


@njit(fastmath=FAST, error_model="numpy")
def pair_flows(x, y, a, c):
    total = 0.0
    for k in range(SIDE):
        logit = a[k] + c
        e = exp_double(-logit)
        total += logit * ((x[k] - e * y[k]) / (1.0 + e))
    return total


@njit(parallel=True, fastmath=FAST, error_model="numpy", cache=True)
def multiply(laws, low, high):
    """Every law times the outer product of a factor by block, high (blocks,), and one by low state, low (32, 32)."""
    rows, blocks = laws.shape[:2]
    for block in prange(rows * blocks):
        number = block % blocks
        law = laws[block // blocks, number]
        factor = high[number]
        for j in range(SIDE):
            x = law[j]
            y = low[j]
            for k in range(SIDE):
                x[k] *= y[k] * factor
