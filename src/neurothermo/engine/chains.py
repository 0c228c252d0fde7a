"""Markov chains sampled and counted, and sequences whose stretches are reversed at random: null laws for words.

A step of a chain costs one look-up: Walker's alias table, an entry an edge. Reversals are drawn for 64 surrogates at
once, from the 64 bits at a stretch's address.
"""

import numpy as np
from numba import njit, prange

from neurothermo.engine.counter import GOLDEN, LOW_HALF, mix, trial_keys, u8

HALF = u8(32)
ONE = u8(1)
BATCH = 64  # steps whose bits are drawn together, in a loop that vectorises
LANES = 64  # surrogates side by side


@njit(cache=True)
def edge_aliases(first, weights, threshold, own, other):
    """Alias tables of the edges out of every state.

    first (states + 1,): edges first[s] .. first[s + 1] - 1 leave state s; weights (edges,) > 0. Entry c of a state
    stands for edge own[c] below threshold[c] (uint64), else for other[c]; all three (edges,) are written to. Walker
    (1977).
    """
    share = np.empty(len(weights), np.float64)
    stack = np.empty(len(weights), np.int64)
    for s in range(len(first) - 1):
        low, high = first[s], first[s + 1]
        total = 0.0
        for e in range(low, high):
            total += weights[e]
        wanting, sparing = low, high  # two stacks that grow towards each other
        for e in range(low, high):
            share[e] = weights[e] * (high - low) / total
            own[e], other[e], threshold[e] = e, e, u8(0xFFFFFFFFFFFFFFFF)
            if share[e] < 1:
                stack[wanting] = e
                wanting += 1
            else:
                sparing -= 1
                stack[sparing] = e
        while wanting > low and sparing < high:
            poor, rich = stack[wanting - 1], stack[sparing]
            wanting -= 1
            threshold[poor] = u8(share[poor] * 18446744073709549568.0)
            other[poor] = rich
            share[rich] -= 1 - share[poor]
            if share[rich] < 1:
                sparing += 1
                stack[wanting] = rich
                wanting += 1


@njit(inline="always")
def _edge(bits, low, degree, threshold, own, other):
    """One of the edges low .. low + degree - 1, by its alias table."""
    high = (bits >> HALF) * u8(degree)
    entry = low + np.int64(high >> HALF)
    rest = ((high & LOW_HALF) << HALF) | (bits & LOW_HALF)
    return own[entry] if rest < threshold[entry] else other[entry]


@njit(parallel=True, cache=True)
def walk_edges(edges, lengths, start, first, target, threshold, own, other, key, second, first_walk):
    """The edges that walks take.

    edges (walks, sum of lengths) int64 is written to; lengths (segments,) steps of each segment, every one of which
    starts anew from `start` (states,), the cumulated law of the first state; target (edges,). Walk w draws from the
    address of trial first_walk + w: one number a segment, one a step.
    """
    for w in prange(edges.shape[0]):
        mine, extra = trial_keys(key, second, first_walk + w)
        row, bits = edges[w], np.empty(BATCH, np.uint64)
        at, draw = 0, u8(0)
        for length in lengths:
            uniform = float(mix(mine + draw * GOLDEN, extra) >> u8(11)) * 2.0**-53
            draw += ONE
            state = min(np.searchsorted(start, uniform, side="right"), len(start) - 1)
            for step in range(length):
                if step % BATCH == 0:
                    for k in range(BATCH):
                        bits[k] = mix(mine + (draw + u8(k)) * GOLDEN, extra)
                    draw += u8(BATCH)
                edge = _edge(bits[step % BATCH], first[state], first[state + 1] - first[state], threshold, own, other)
                row[at] = edge
                state = target[edge]
                at += 1


@njit(parallel=True, cache=True)
def count_walks(counts, lengths, start, first, target, threshold, own, other, key, second):
    """How often walks take each edge: counts (walks, edges) int64, added to. As `walk_edges`, address by address."""
    for w in prange(counts.shape[0]):
        mine, extra = trial_keys(key, second, w)
        row, bits = counts[w], np.empty(BATCH, np.uint64)
        draw = u8(0)
        for length in lengths:
            uniform = float(mix(mine + draw * GOLDEN, extra) >> u8(11)) * 2.0**-53
            draw += ONE
            state = min(np.searchsorted(start, uniform, side="right"), len(start) - 1)
            for step in range(length):
                if step % BATCH == 0:
                    for k in range(BATCH):
                        bits[k] = mix(mine + (draw + u8(k)) * GOLDEN, extra)
                    draw += u8(BATCH)
                edge = _edge(bits[step % BATCH], first[state], first[state + 1] - first[state], threshold, own, other)
                row[edge] += 1
                state = target[edge]


@njit(parallel=True, cache=True)
def reversed_stretches(nets, pairs, signs, stretches, key, second):
    """Net counts of pairs after every stretch was kept or reversed, as a fair coin says.

    nets (blocks, pairs, 64) int32, added to: 64 surrogates a block; pairs, signs, stretches (transitions,): the pair of
    {word, reversed word} that a transition makes, +1 or -1 for which of the two, and the number of its stretch. Bit l
    of the number at (block, stretch) is the coin of surrogate 64 block + l.
    """
    for block in prange(nets.shape[0]):
        mine, extra = trial_keys(key, second, block)
        net, coins = nets[block], np.empty(LANES, np.int32)
        last = -1
        for t in range(len(pairs)):
            if stretches[t] != last:
                last = stretches[t]
                bits = mix(mine + u8(last) * GOLDEN, extra)
                for lane in range(LANES):
                    coins[lane] = np.int32(1) - np.int32(2) * np.int32((bits >> u8(lane)) & ONE)
            row = net[pairs[t]]
            if signs[t] > 0:
                for lane in range(LANES):
                    row[lane] += coins[lane]
            else:
                for lane in range(LANES):
                    row[lane] -= coins[lane]
