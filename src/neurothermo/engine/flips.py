"""Fits and sums over the states in which each spin flips: the hot part of the maximum-entropy bound.

Spin i has its own concave problem. With y = s_i s_j = +-1 for its K chosen partners j, observables g = -2 y and
parameters theta, it maximises

    F(theta) = theta . <g> - ln <exp(-theta . g)>

over the states in which it flips. States are packed to K bits each; where there are far fewer patterns than states,
equal ones are counted together. Problems are independent: one thread each, the same bits for any number of threads.
"""

import numpy as np
from numba import njit, prange

from neurothermo.engine.counter import FAST

TILE = 512  # patterns at a time: K rows of them stay in the cache
WIDEST = 60  # partners: a pattern is one word
COUNTED = 20  # partners up to which patterns may be counted in a table
MOST_ITERATIONS = 60
HALVINGS = 30  # of a step that went too far
RIDGE = 1e-9  # of a curvature whose entries are at most 4: partners that never differ
ENOUGH = 1e-4  # of the gain that the slope promises


@njit(parallel=True, cache=True, error_model="numpy", fastmath=FAST)
def fit_spins(spins, flipped, chosen, start, stop, tolerance):
    """Fit every spin to the rows outside start .. stop - 1.

    spins (N, rows) int8 of -1/+1 before the attempt; flipped (N, rows) bool; chosen (N, K) partners of each.
    Returns theta (N, K), ln Z (N,), F (N,), flips counted (N,), curvature (N, K, K) at the maximum, second moments
    <g g> (N, K, K), and iterations (N,), negative where the maximum was not reached.
    """
    size, partners = chosen.shape
    theta = np.zeros((size, partners))
    log_normal, gain, counts = np.zeros(size), np.zeros(size), np.zeros(size)
    curvature, moments = np.zeros((size, partners, partners)), np.zeros((size, partners, partners))
    iterations = np.zeros(size, np.int64)
    for i in prange(size):
        codes = codes_of(spins, flipped[i], i, chosen[i], start, stop)
        counts[i] = len(codes)
        if len(codes) == 0:
            continue
        patterns, weights = counted(codes, partners)
        gain[i], log_normal[i], iterations[i] = climb(
            patterns, weights, theta[i], curvature[i], moments[i], len(codes), tolerance
        )
    return theta, log_normal, gain, counts, curvature, moments, iterations


@njit(cache=True)
def codes_of(spins, flips, own, chosen, start, stop):
    """The bits s_own == s_j of the chosen partners, for every row outside start .. stop - 1 in which `own` flips."""
    rows = np.empty(len(flips), np.int64)
    many = 0
    for row in range(len(flips)):
        rows[many] = row
        many += flips[row] and (row < start or row >= stop)
    codes = np.zeros(many, np.uint64)
    mine = spins[own]
    for k in range(len(chosen)):
        theirs = spins[chosen[k]]
        bit = np.uint64(k)
        for m in range(many):
            row = rows[m]
            codes[m] |= np.uint64(mine[row] == theirs[row]) << bit
    return codes


@njit(cache=True)
def counted(codes, partners):
    """Different patterns and how often each occurs; as they come, once each, where a table would not pay."""
    if partners > COUNTED or (1 << partners) > 4 * len(codes):
        return codes, np.ones(len(codes))
    table = np.zeros(1 << partners, np.int32)
    for m in range(len(codes)):
        table[codes[m]] += 1
    many = 0
    for pattern in range(len(table)):
        many += table[pattern] > 0
    patterns, weights = np.empty(many, np.uint64), np.empty(many)
    m = 0
    for pattern in range(len(table)):
        if table[pattern] > 0:
            patterns[m] = pattern
            weights[m] = table[pattern]
            m += 1
    return patterns, weights


@njit(cache=True, error_model="numpy", fastmath=FAST)
def tilted(patterns, weights, theta, turned, first, second):
    """First and second moments of y under the weights times exp(2 theta . y), to which the reversed are added.

    Every pattern counts `turned` times (less than once) as its reversal -y, at exp(-2 theta . y). Returns the
    logarithms of the sum of all weights, and of the sum without the reversed. The largest exponent is taken out
    first: nothing overflows.
    """
    partners = len(theta)
    tables = np.zeros(((partners + 7) // 8, 256))
    for byte in range(len(tables)):
        for value in range(256):
            for k in range(8 * byte, min(8 * byte + 8, partners)):
                tables[byte, value] += 2 * theta[k] if (value >> (k - 8 * byte)) & 1 else -2 * theta[k]
    exponents = np.zeros(len(patterns))
    for byte in range(len(tables)):
        table, shift = tables[byte], np.uint64(8 * byte)
        for m in range(len(patterns)):
            exponents[m] += table[(patterns[m] >> shift) & np.uint64(255)]
    largest, offset = exponents[0], np.log(turned)
    for m in range(len(exponents)):
        largest = max(largest, exponents[m], offset - exponents[m])
    first[:] = 0
    second[:] = 0
    total, ahead = 0.0, 0.0
    signs, weighted = np.empty((partners, TILE)), np.empty(TILE)
    tile, difference = np.empty(TILE), np.zeros(TILE)
    for start in range(0, len(patterns), TILE):
        many = min(TILE, len(patterns) - start)
        tile[:] = 0
        difference[:] = 0
        for m in range(many):
            seen = weights[start + m] * np.exp(exponents[start + m] - largest)
            unseen = weights[start + m] * np.exp(offset - exponents[start + m] - largest)
            tile[m] = seen + unseen
            difference[m] = seen - unseen
            ahead += seen
            total += tile[m]
        for k in range(partners):
            row, bit = signs[k], np.uint64(k)
            row[:] = 0
            for m in range(many):
                row[m] = 2.0 * np.float64((patterns[start + m] >> bit) & np.uint64(1)) - 1.0
        for k in range(partners):
            row = signs[k]
            part = 0.0
            for m in range(TILE):
                weighted[m] = row[m] * tile[m]
                part += row[m] * difference[m]
            first[k] += part
            add_products(weighted, signs, second[k], k)
    for k in range(partners):
        first[k] /= total
        for l in range(k + 1):
            second[k, l] /= total
            second[l, k] = second[k, l]
    return np.log(total) + largest, np.log(ahead) + largest


@njit(cache=True, error_model="numpy", fastmath=FAST)
def add_products(weighted, signs, sums, stop):
    """sums[l] += weighted . signs[l] for l <= stop, four at a time: each load of `weighted` is used four times."""
    l = 0
    while l + 3 <= stop:
        one, two, three, four = signs[l], signs[l + 1], signs[l + 2], signs[l + 3]
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        for m in range(TILE):
            a += weighted[m] * one[m]
            b += weighted[m] * two[m]
            c += weighted[m] * three[m]
            d += weighted[m] * four[m]
        sums[l] += a
        sums[l + 1] += b
        sums[l + 2] += c
        sums[l + 3] += d
        l += 4
    while l <= stop:
        one = signs[l]
        a = 0.0
        for m in range(TILE):
            a += weighted[m] * one[m]
        sums[l] += a
        l += 1


@njit(cache=True, error_model="numpy")
def climb(patterns, weights, theta, curvature, moments, many, tolerance):
    """Newton's method with halved steps from theta = 0, in place; returns F, ln Z and the number of steps.

    One reversed state in all is added to the `many` seen, shared by all of them: the maximum stays where it is but for
    1/many, and is finite where some pattern was never seen reversed. F and ln Z are those of the states seen.
    """
    partners = len(theta)
    first, second = np.empty(partners), np.empty((partners, partners))
    turned, log_many = 1 / many, np.log(many)
    tilted(patterns, weights, theta, turned, first, second)
    moments[:] = 4 * second
    mean = -2 * first  # of the states seen and the reversed
    seen = mean * (1 + turned) / (1 - turned)
    log_normal, objective = 0.0, 0.0
    for step in range(MOST_ITERATIONS):
        pull = 2 * first
        curvature[:] = 4 * second - np.outer(pull, pull)
        slope = mean - pull
        system = curvature.copy()
        for k in range(partners):
            system[k, k] += RIDGE
        move = np.linalg.solve(system, slope)
        promised = (move * slope).sum()
        if promised < tolerance:
            return (theta * seen).sum() - log_normal, log_normal, step
        length, better = 1.0, False
        for _ in range(HALVINGS):
            trial = theta + length * move
            both, ahead = tilted(patterns, weights, trial, turned, first, second)
            value = (trial * mean).sum() - both + log_many + np.log(1 + turned)
            if value >= objective + ENOUGH * length * promised:
                better = True
                break
            length /= 2
        if not better:
            return (theta * seen).sum() - log_normal, log_normal, -step - 1
        theta[:] = trial
        log_normal, objective = ahead - log_many, value
    return (theta * seen).sum() - log_normal, log_normal, -MOST_ITERATIONS


@njit(parallel=True, cache=True, error_model="numpy", fastmath=FAST)
def sum_blocks(spins, flipped, chosen, theta, log_normal, bounds):
    """Sums over the flips of each spin in each block of rows bounds[b] .. bounds[b + 1] - 1.

    Returns, with a = theta . g and r = exp(-a) / Z: sums (N, B, 4) of 1, a, r and the term a - ln Z + 1 - r, whose
    mean over the fitted rows is F; and sums (N, B, K) of y and of r y.
    """
    size, partners = chosen.shape
    blocks = len(bounds) - 1
    sums = np.zeros((size, blocks, 4))
    plain, weighted = np.zeros((size, blocks, partners)), np.zeros((size, blocks, partners))
    for i in prange(size):
        mine, flips = spins[i], flipped[i]
        rows, exponents, ratios = np.empty(TILE, np.int64), np.empty(TILE), np.empty(TILE)
        signs = np.zeros((partners, TILE))
        for b in range(blocks):
            row = bounds[b]
            while row < bounds[b + 1]:
                many = 0
                while row < bounds[b + 1] and many < TILE:
                    rows[many] = row
                    many += flips[row]
                    row += 1
                exponents[:] = 0
                for k in range(partners):
                    theirs, line, weight = spins[chosen[i, k]], signs[k], 2 * theta[i, k]
                    for m in range(many):
                        line[m] = mine[rows[m]] * theirs[rows[m]]
                    part = 0.0
                    for m in range(many):
                        exponents[m] += weight * line[m]
                        part += line[m]
                    plain[i, b, k] += part
                for m in range(many):
                    ratios[m] = np.exp(exponents[m] - log_normal[i])
                    sums[i, b, 1] -= exponents[m]
                    sums[i, b, 2] += ratios[m]
                    sums[i, b, 3] += 1 - exponents[m] - log_normal[i] - ratios[m]
                sums[i, b, 0] += many
                for k in range(partners):
                    line = signs[k]
                    part = 0.0
                    for m in range(many):
                        part += ratios[m] * line[m]
                    weighted[i, b, k] += part
    return sums, plain, weighted
