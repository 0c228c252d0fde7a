"""Normal numbers from addressed bits: Box and Muller's pair from each 64 bits, in vector registers."""

import numpy as np
from numba import njit

from neurothermo.engine.counter import (
    FAST,
    GOLDEN,
    f4,
    i4,
    log_float,
    mix,
    trial_keys,
    u8,
    uniform_of,
    use_wide_vectors,
)

LOW_24 = u8(0xFFFFFF)
UNIT_ANGLE = 2 * np.pi / 2**24


@njit(fastmath=FAST, error_model="numpy")
def normal_pair(bits):
    """Two independent standard normal float32: radius from the high 31 bits, angle from the low 24.

    The angle is folded into [-pi/4, pi/4], where short polynomials give sine and cosine to 2 ulp (Cephes', Moshier
    1989); the quadrant decides which is which, and the signs.
    """
    radius = np.sqrt(f4(-2) * log_float(uniform_of(bits)))
    angle = i4(bits & LOW_24)
    quadrant = i4((angle + i4(1 << 21)) >> i4(22))
    x = f4(i4(angle - i4(quadrant << i4(22)))) * f4(UNIT_ANGLE)
    z = x * x
    sine = x + x * z * (f4(-1.6666654611e-1) + z * (f4(8.3321608736e-3) - z * f4(1.9515295891e-4)))
    cosine = f4(1) - f4(0.5) * z
    cosine += z * z * (f4(4.166664568e-2) + z * (f4(-1.388731625e-3) + z * f4(2.443315712e-5)))
    odd = (quadrant & i4(1)) != 0
    across = sine if odd else cosine
    along = cosine if odd else sine
    cos = -across if (i4(quadrant + i4(1)) & i4(2)) != 0 else across
    sin = -along if (quadrant & i4(2)) != 0 else along
    return radius * cos, radius * sin


@njit(fastmath=FAST, error_model="numpy")
def fill_row(row, key, second, step):
    """The normals of one trial at one step, as `Address.normals(len(row))` has them."""
    size = len(row)
    half = (size + 1) // 2
    first, last = row[:half], row[half:]
    base = key + (u8(step) << u8(32)) * GOLDEN
    for k in range(len(last)):
        first[k], last[k] = normal_pair(mix(base + u8(k) * GOLDEN, second))
    if len(last) < half:
        first[half - 1], _ = normal_pair(mix(base + u8(half - 1) * GOLDEN, second))


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def fill(numbers, key_1, key_2, first_trial, step):
    """Rows of normals, (trials, draws) float32, for the trials from `first_trial` on."""
    use_wide_vectors()
    for r in range(len(numbers)):
        key, second = trial_keys(key_1, key_2, first_trial + r)
        fill_row(numbers[r], key, second, step)
