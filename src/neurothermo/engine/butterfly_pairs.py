"""The butterflies themselves: what drawing one neuron anew makes of rows of 32 pairs of states.

Pair number j of rows is down = lower[spread(j, bit)] and up = upper[the same + step], with e = odds[j] * factor.
Within a block, lower and upper are that block and step is its bit; between two blocks they are those, bit is above
all others and step 0. Weights multiply each other first: a product of the law with r alone could underflow where
r e = 1. Two pairs share a division: 1/x = y/(xy) and 1/y = x/(xy).
"""

import numpy as np
from llvmlite import ir
from numba import float64, int64, njit
from numba.extending import intrinsic

from neurothermo.engine.butterfly_tables import LARGEST_LOGIT, SIDE
from neurothermo.engine.counter import FAST

HALF = SIDE // 2


@intrinsic
def double_of_bits(_typing, _bits):
    """The float64 whose bits these are."""
    return float64(int64), lambda context, builder, signature, args: builder.bitcast(args[0], ir.DoubleType())


@njit(fastmath={"contract"}, error_model="numpy")  # reassociation would undo the two-part ln(2)
def exp_double(x):
    """exp(x) to 2 ulp, x clamped to +-345; math.exp would not vectorise.

    Taylor's polynomial of degree 13 on |r| <= ln(2)/2, where its remainder is below 1e-17.
    """
    x = min(max(x, -LARGEST_LOGIT), LARGEST_LOGIT)
    n = np.int32(x * 1.4426950408889634 + 1024.5) - np.int32(1024)
    r = x - n * 0.693145751953125
    r = r - n * 1.42860682030941723212e-6
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * double_of_bits(np.int64(n + np.int32(1023)) << np.int64(52))


@njit
def spread(number, bit):
    """The number with a zero bit put in at `bit`."""
    return ((number >> bit) << (bit + 1)) | (number & ((1 << bit) - 1))


@njit(fastmath=FAST, error_model="numpy")
def transpose(source, target):
    """Eight columns at a time: as many lines as a first cache keeps apart."""
    for first in range(0, SIDE, 8):
        for j in range(SIDE):
            row = target[j]
            for k in range(8):
                row[first + k] = source[first + k, j]


@njit(fastmath=FAST, error_model="numpy")
def forward(lower, upper, bit, step, odds, factor):
    for j in range(len(odds)):
        x = lower[spread(j, bit)]
        y = upper[spread(j, bit) + step]
        a = odds[j]
        for k in range(HALF):
            e = a[k] * factor
            f = a[k + HALF] * factor
            t = 1.0 / ((1.0 + e) * (1.0 + f))
            r = t * (1.0 + f)
            s = t * (1.0 + e)
            u = x[k] + y[k]
            v = x[k + HALF] + y[k + HALF]
            y[k] = u * r
            y[k + HALF] = v * s
            x[k] = u * (r * e)
            x[k + HALF] = v * (s * f)


@njit(fastmath=FAST, error_model="numpy")
def transposed(lower, upper, bit, step, odds, factor):
    for j in range(len(odds)):
        x = lower[spread(j, bit)]
        y = upper[spread(j, bit) + step]
        a = odds[j]
        for k in range(HALF):
            e = a[k] * factor
            f = a[k + HALF] * factor
            t = 1.0 / ((1.0 + e) * (1.0 + f))
            r = t * (1.0 + f)
            s = t * (1.0 + e)
            u = x[k] * (r * e) + y[k] * r
            v = x[k + HALF] * (s * f) + y[k + HALF] * s
            y[k] = u
            y[k + HALF] = v
            x[k] = u
            x[k + HALF] = v


@njit(fastmath=FAST, error_model="numpy")
def tilted(lower, upper, bit, step, odds, factor, p, p_factor, q, q_factor):
    for j in range(len(odds)):
        x = lower[spread(j, bit)]
        y = upper[spread(j, bit) + step]
        a = odds[j]
        b = p[j]
        c = q[j]
        for k in range(SIDE):
            e = a[k] * factor
            r = 1.0 / (1.0 + e)
            u = x[k]
            v = y[k]
            x[k] = u * (r * e) + v * (r * (c[k] * q_factor))
            y[k] = u * (r * (b[k] * p_factor)) + v * r


@njit(fastmath=FAST, error_model="numpy")
def add_forward(lower, upper, lower_out, upper_out, bit, step, odds, factor, scale):
    for j in range(len(odds)):
        x = lower[spread(j, bit)]
        y = upper[spread(j, bit) + step]
        ox = lower_out[spread(j, bit)]
        oy = upper_out[spread(j, bit) + step]
        a = odds[j]
        for k in range(HALF):
            e = a[k] * factor
            f = a[k + HALF] * factor
            t = scale / ((1.0 + e) * (1.0 + f))
            r = t * (1.0 + f)
            s = t * (1.0 + e)
            u = x[k] + y[k]
            v = x[k + HALF] + y[k + HALF]
            oy[k] += u * r
            oy[k + HALF] += v * s
            ox[k] += u * (r * e)
            ox[k + HALF] += v * (s * f)


@njit(fastmath=FAST, error_model="numpy")
def add_transposed(lower, upper, lower_out, upper_out, bit, step, odds, factor, scale):
    for j in range(len(odds)):
        x = lower[spread(j, bit)]
        y = upper[spread(j, bit) + step]
        ox = lower_out[spread(j, bit)]
        oy = upper_out[spread(j, bit) + step]
        a = odds[j]
        for k in range(HALF):
            e = a[k] * factor
            f = a[k + HALF] * factor
            t = scale / ((1.0 + e) * (1.0 + f))
            r = t * (1.0 + f)
            s = t * (1.0 + e)
            u = x[k] * (r * e) + y[k] * r
            v = x[k + HALF] * (s * f) + y[k + HALF] * s
            oy[k] += u
            oy[k + HALF] += v
            ox[k] += u
            ox[k + HALF] += v


@njit(fastmath=FAST, error_model="numpy")
def add_tilted(lower, upper, lower_out, upper_out, bit, step, odds, factor, p, p_factor, q, q_factor, scale):
    for j in range(len(odds)):
        x = lower[spread(j, bit)]
        y = upper[spread(j, bit) + step]
        ox = lower_out[spread(j, bit)]
        oy = upper_out[spread(j, bit) + step]
        a = odds[j]
        b = p[j]
        c = q[j]
        for k in range(SIDE):
            e = a[k] * factor
            r = scale / (1.0 + e)
            u = x[k]
            v = y[k]
            ox[k] += u * (r * e) + v * (r * (c[k] * q_factor))
            oy[k] += u * (r * (b[k] * p_factor)) + v * r


@njit(fastmath=FAST, error_model="numpy")
def exponentials(logits, addend, theta, odds, powers, also_powers):
    """e^-a, e^(-theta a) and e^(-(1 - theta) a) of a = logits + addend, for temperatures too low for products."""
    for j in range(len(logits)):
        a = logits[j]
        e = odds[j]
        for k in range(SIDE):
            e[k] = exp_double(-(a[k] + addend))
        if also_powers:
            for k in range(SIDE):
                logit = min(max(a[k] + addend, -LARGEST_LOGIT), LARGEST_LOGIT)
                powers[0, j, k] = np.exp(-theta * logit)
                powers[1, j, k] = np.exp(-(1.0 - theta) * logit)
