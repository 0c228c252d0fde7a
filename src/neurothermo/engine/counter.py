"""Counter-based random bits and the few float functions that must stay in vector registers.

The bits are those of core/randomness.py, address by address. Three lessons of measurement shape every kernel:
`error_model="numpy"` (Python's check for division by zero blocks vectorisation of any loop that divides), no
NaN and infinity flags in `FAST` (so that clamping means what it says), and float32 polynomials in place of
`math.exp`, which does not vectorise.
"""

import numpy as np
from llvmlite import ir
from numba import float32, int32, njit, types
from numba.extending import intrinsic

FAST = {"contract", "nsz", "arcp", "afn", "reassoc"}

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
SECOND_KEY = np.uint64(0xD1342543DE82EF95)
LOW_HALF = np.uint64(0xFFFFFFFF)

f4 = np.float32
i4 = np.int32
u4 = np.uint32
u8 = np.uint64


@intrinsic
def float_of_bits(_typing, _bits):
    """The float32 whose bits these are."""
    return float32(int32), lambda context, builder, signature, args: builder.bitcast(args[0], ir.FloatType())


@intrinsic
def bits_of_float(_typing, _value):
    """The bits of a float32."""
    return int32(float32), lambda context, builder, signature, args: builder.bitcast(args[0], ir.IntType(32))


@intrinsic
def use_wide_vectors(_typing):
    """Ask for 512-bit vectors in the function that calls this, where the machine has them.

    LLVM prefers 256 bits on Intel's CPUs, for the sake of their clock; these kernels are faster by half with 512.
    llvmlite's own list of attributes does not know these two, so they are added to the set underneath; where
    that is ever refused, nothing changes but speed.
    """

    def generate(context, builder, signature, args):
        attributes = builder.function.attributes
        if isinstance(attributes, set):
            set.add(attributes, '"prefer-vector-width"="512"')
            set.add(attributes, '"min-legal-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), generate


@njit
def mix(word, key):
    """64 well-mixed bits of a counter under a second key (SplitMix64's finaliser, keyed between its rounds)."""
    word = (word ^ (word >> u8(30))) * FIRST
    word = word ^ key
    word = (word ^ (word >> u8(27))) * SECOND
    return word ^ (word >> u8(31))


@njit
def trial_keys(first, second, trial):
    """The two key words of a trial, from the two of its run."""
    counter = u8(trial) * GOLDEN
    return mix(first + counter, u8(0)), mix(second ^ (counter + SECOND_KEY), u8(0))


@njit
def site_of(bits, size):
    """A site in 0 .. size - 1 from the low half of 64 bits (bias below size / 2^32)."""
    return ((bits & LOW_HALF) * u8(size)) >> u8(32)


@njit(fastmath=FAST, error_model="numpy")
def uniform_of(bits):
    """A float32 in (0, 1] from the high half of 64 bits: 31 bits, so that rare moves keep their resolution.

    Near 1 single precision rounds: 1 itself comes once in 2^25.
    """
    return f4(i4(bits >> u8(33))) * f4(2.0**-31) + f4(2.0**-32)


@njit(fastmath=FAST, error_model="numpy")
def exp_float(x):
    """exp(x) to 2 ulp for |x| <= 87, clamped outside (Cephes' polynomial, Moshier 1989)."""
    x = min(max(x, f4(-87.0)), f4(87.0))
    n = i4(i4(x * f4(1.44269504) + f4(128.5)) - i4(128))
    nf = f4(n)
    r = x - nf * f4(0.693359375)
    r = r + nf * f4(2.12194440e-4)
    p = f4(1.9875691500e-4)
    p = p * r + f4(1.3981999507e-3)
    p = p * r + f4(8.3334519073e-3)
    p = p * r + f4(4.1665795894e-2)
    p = p * r + f4(1.6666665459e-1)
    p = p * r + f4(5.0000001201e-1)
    p = p * r * r + r + f4(1.0)
    return p * float_of_bits(i4((n + i4(127)) << i4(23)))


@njit(fastmath=FAST, error_model="numpy")
def log_float(x):
    """ln(x) to 2 ulp for positive normal x (Cephes' polynomial, Moshier 1989)."""
    bits = bits_of_float(x)
    exponent = i4((bits - i4(0x3F3504F3)) >> i4(23))
    m = float_of_bits(i4(bits - i4(exponent << i4(23)))) - f4(1.0)
    p = f4(7.0376836292e-2)
    p = p * m - f4(1.1514610310e-1)
    p = p * m + f4(1.1676998740e-1)
    p = p * m - f4(1.2420140846e-1)
    p = p * m + f4(1.4249322787e-1)
    p = p * m - f4(1.6668057665e-1)
    p = p * m + f4(2.0000714765e-1)
    p = p * m - f4(2.4999993993e-1)
    p = p * m + f4(3.3333331174e-1)
    square = m * m
    return m + (f4(-0.5) * square + p * m * square) + f4(exponent) * f4(0.69314718)
