"""The joint law of a lumped state and the work done so far, on a lattice of works. Only positive sums.

No Fourier transform: its floor is 1e-16 of the largest probability, while sums of positive numbers keep every tail
to relative accuracy. Works do not mix while the state relaxes, so that a tile of `LANES` of them makes all its
attempts in cache, side by side in vector registers. The tile is advanced in place: a pass writes each new state
where its lowest neighbour was, which nothing needs any more, and the next pass moves everything back.
"""

import numpy as np
from llvmlite import ir
from numba import njit, prange, types
from numba.extending import intrinsic

from neurothermo.engine.counter import FAST

LANES = 32  # works of a tile: 2601 states are 690 KB, which a second-level cache of 1 MB holds
TINY = 1e-290  # smaller probabilities are dropped, before they become denormal and a hundred times slower
LINE = 8  # doubles of a cache line; vectors that straddle two cost twice
WORKERS = 64  # shares of the tiles, each with one memory for all its tiles; threads take them in turn
LOOSE = ("contract", "nsz", "reassoc")


@intrinsic
def blend_lanes(_typing, tile, to, at, strides, weights, state):
    """tile[to] = one attempt at tile[at], for every lane; neighbours lie at +-strides, a tuple.

    Written in vector instructions because a loop over lanes asks before every state whether its arrays overlap,
    which takes longer than the arithmetic. tile is flat, LANES doubles a place; weights (states, 1 + 2 classes).
    """
    signature = types.void(tile, to, at, strides, weights, state)
    vector = ir.VectorType(ir.DoubleType(), LANES)
    nowhere = ir.Constant(vector, ir.Undefined)
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)

    def generate(context, builder, signature, args):
        lanes = context.make_array(signature.args[0])(context, builder, args[0]).data
        table = context.make_array(signature.args[4])(context, builder, args[4]).data
        whole = args[1].type

        def place(index):
            offset = builder.mul(index, ir.Constant(whole, LANES))
            return builder.bitcast(builder.gep(lanes, [offset]), vector.as_pointer())

        def weighted(index, number):
            loaded = builder.load(place(index))
            loaded.align = 8
            first = builder.mul(args[5], ir.Constant(whole, 1 + 2 * len(steps)))
            weight = builder.load(builder.gep(table, [builder.add(first, ir.Constant(whole, number))]))
            lane = builder.insert_element(nowhere, weight, ir.Constant(ir.IntType(32), 0))
            return builder.fmul(loaded, builder.shuffle_vector(lane, nowhere, zeros), flags=LOOSE)

        steps = [builder.extract_value(args[3], c) for c in range(signature.args[3].count)]
        total = weighted(args[2], 0)
        for c, step in enumerate(steps):
            total = builder.fadd(total, weighted(builder.sub(args[2], step), 1 + 2 * c), flags=LOOSE)
            total = builder.fadd(total, weighted(builder.add(args[2], step), 2 + 2 * c), flags=LOOSE)
        builder.store(total, place(args[1])).align = 8
        return context.get_dummy_value()

    return signature, generate


@njit(error_model="numpy", cache=True)
def attempts_on_tile(tile, strides, weights, attempts):
    """Attempts on a tile whose state 0 is at place 2 `far`, far the largest stride; where it is afterwards."""
    states = len(weights)
    far = strides[-1]
    for attempt in range(attempts):
        if attempt % 2 == 0:
            for s in range(states):
                blend_lanes(tile, far + s, 2 * far + s, strides, weights, s)
        else:
            for s in range(states - 1, -1, -1):
                blend_lanes(tile, 2 * far + s, far + s, strides, weights, s)
    return far if attempts % 2 else 2 * far


@njit(fastmath=FAST, error_model="numpy", cache=True)
def load(tile, before, first, width, shifts, fractions):
    """Fill a tile's lanes with the works first .. first + width - 1, after every state gained its work; their sum."""
    far = (len(tile) // LANES - len(before)) // 3
    total = 0.0
    for s in range(len(before)):
        fraction = fractions[s]
        start = first - shifts[s]
        skipped = min(max(0, -start), width)
        place = tile[(2 * far + s) * LANES : (2 * far + s + 1) * LANES]
        place[:] = 0.0
        lanes = place[skipped:width]
        row = before[s, start + skipped : start + width]
        for k in range(len(lanes)):
            lanes[k] = row[k] if row[k] > TINY else 0.0
        if fraction > 0.0:
            for k in range(len(lanes)):
                spilt = before[s, start + skipped + k - 1] if start + skipped + k > 0 else 0.0
                lanes[k] = (1 - fraction) * lanes[k] + fraction * (spilt if spilt > TINY else 0.0)
        for k in range(len(lanes)):
            total += lanes[k]
    return total


@njit(error_model="numpy", cache=True)
def carry(tile, before, after, first, width, shifts, fractions, strides, weights, attempts):
    """`work_then_attempts` for the works first .. first + width - 1."""
    start = 2 * strides[-1]
    if load(tile, before, first, width, shifts, fractions) > 0.0:
        start = attempts_on_tile(tile, strides, weights, attempts)
    for s in range(len(before)):
        row = after[s, first : first + width]
        lanes = tile[(start + s) * LANES : (start + s) * LANES + width]
        for k in range(len(row)):
            row[k] = lanes[k]


@njit(parallel=True, error_model="numpy", cache=True)
def work_then_attempts(before, after, filled, shifts, fractions, strides, weights, attempts):
    """One step: the work of a change of input, then attempts at the new input.

    before, after (states, cells): the joint law, of which the first `filled` cells of `after` can be reached.
    State s gains shifts[s] + fractions[s] cells of work, 0 <= fraction < 1; the fraction is split linearly between
    two cells, which keeps the mean. strides: tuple; weights (states, 1 + 2 classes).
    """
    tiles = (filled + LANES - 1) // LANES
    workers = min(tiles, WORKERS)
    length = (len(before) + 3 * strides[-1]) * LANES
    for worker in prange(workers):
        memory = np.zeros(length + LINE)
        skip = (-(memory.ctypes.data // 8)) % LINE
        for turn in range((tiles - 1 - np.int64(worker)) // workers + 1):
            first = (np.int64(worker) + turn * workers) * LANES
            width = min(LANES, filled - first)
            tile = memory[skip : skip + length]
            carry(tile, before, after, first, width, shifts, fractions, strides, weights, attempts)
