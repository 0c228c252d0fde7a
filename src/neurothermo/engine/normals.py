"""Normal numbers from addressed bits: Box and Muller's pair from each 64 bits, in vector registers.

Trials are drawn for in groups, whose pairs lie side by side in one stretch of memory: bits first, which are words of
64, then radii and angles, which are words of 32 and go twice as many to a register. A stretch is filled up to a whole
number of registers, so that no number is ever made by the scalar end of a loop, wherever its trial lies in a block.
"""

import numpy as np
from numba import njit

from neurothermo.engine.counter import FAST, GOLDEN, f4, i4, log_float, mix, trial_keys, u8, use_wide_vectors

LOW_24 = u8(0xFFFFFF)
UNIT_ANGLE = 2 * np.pi / 2**24
PAIRS = 1024  # about so many in a group: their bits and numbers take 16 KB
WHOLE = 64  # pairs that a loop of any unrolling divides


@njit(fastmath=FAST, error_model="numpy")
def pair_of(height, angle):
    """Two independent standard normal float32: radius from 31 bits, angle from 24, both as int32.

    The angle is folded into [-pi/4, pi/4], where short polynomials give sine and cosine to 2 ulp (Cephes', Moshier
    1989); the quadrant decides which is which, and the signs.
    """
    radius = np.sqrt(f4(-2) * log_float(f4(height) * f4(2.0**-31) + f4(2.0**-32)))
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
def normal_pair(bits):
    """The pair of 64 bits: radius from the high 31, angle from the low 24."""
    return pair_of(i4(bits >> u8(33)), i4(bits & LOW_24))


@njit
def room(size):
    """How many trials of `size` numbers make a group; and its memory: heights, angles and the numbers of each pair."""
    half = (size + 1) // 2
    group = max(1, PAIRS // half)
    length = (group * half + WHOLE - 1) // WHOLE * WHOLE
    memory = (np.zeros(length, np.int32), np.zeros(length, np.int32), np.empty(length, f4), np.empty(length, f4))
    return group, memory


@njit(fastmath=FAST, error_model="numpy")
def draw(memory, size, key_1, key_2, first_trial, count, step):
    """Numbers of `count` trials at one step, as `Address.normals(size)` has them.

    With half = (size + 1) // 2, those of the r-th trial are at r half .. r half + half of the last two arrays: the
    first half of them in the one, the second in the other.
    """
    heights, angles, ones, others = memory
    half = (size + 1) // 2
    for r in range(count):
        key, second = trial_keys(key_1, key_2, first_trial + r)
        base = key + (u8(step) << u8(32)) * GOLDEN
        height, angle = heights[r * half : (r + 1) * half], angles[r * half : (r + 1) * half]
        for k in range(half):
            bits = mix(base + u8(k) * GOLDEN, second)
            height[k] = i4(bits >> u8(33))
            angle[k] = i4(bits & LOW_24)
    length = (count * half + WHOLE - 1) // WHOLE * WHOLE
    heights, angles, ones, others = heights[:length], angles[:length], ones[:length], others[:length]
    for k in range(len(heights)):
        ones[k], others[k] = pair_of(heights[k], angles[k])


@njit(fastmath=FAST, error_model="numpy")
def fill_rows(numbers, key_1, key_2, first_trial, step):
    """Rows of normals, (trials, draws) float32, for the trials from `first_trial` on."""
    trials, size = numbers.shape
    half = (size + 1) // 2
    group, memory = room(size)
    for start in range(0, trials, group):
        count = min(group, trials - start)
        draw(memory, size, key_1, key_2, first_trial + start, count, step)
        for r in range(count):
            first, last = numbers[start + r, :half], numbers[start + r, half:]
            one, other = memory[2][r * half : (r + 1) * half], memory[3][r * half : (r + 1) * half]
            for k in range(len(first)):
                first[k] = one[k]
            for k in range(len(last)):
                last[k] = other[k]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def fill(numbers, key_1, key_2, first_trial, step):
    """The same, called from Python."""
    use_wide_vectors()
    fill_rows(numbers, key_1, key_2, first_trial, step)
