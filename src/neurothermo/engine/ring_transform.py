r"""Convolution with a kernel on a ring of 2^m places, sixteen trials side by side.

Real values x of N places are packed by twos, z_j = x_2j + i x_(2j+1), and transformed at half the length M = N/2.
With H the kernel's transform and Z that of z, the packed convolution has

.. math:: Z'_k = (a_k - b_k \sin\theta_k) Z_k + i b_k \cos\theta_k\, \overline{Z_{M-k}}, \qquad
          a_k, b_k = (H_k \pm H_{k+M})/2, \qquad \theta_k = 2\pi k/N

Frequencies are decimated on the way there and put together on the way back, so that nothing is ever brought into
order: the one pass between the two knows where each frequency is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from neurothermo.engine.counter import use_wide_vectors
from neurothermo.engine.lanes import Lanes, Rows, rows_of

FEWEST, MOST = 2**6, 2**15  # places
HALF_ROOT = 0.5**0.5


@dataclass(frozen=True, eq=False)
class Wave:
    """Complex numbers side by side."""

    re: Lanes
    im: Lanes

    def __add__(self, other: Wave) -> Wave:
        return Wave(self.re + other.re, self.im + other.im)

    def __sub__(self, other: Wave) -> Wave:
        return Wave(self.re - other.re, self.im - other.im)

    def turned(self, forward: bool) -> Wave:
        """Times -i on the way there, times i on the way back."""
        return Wave(self.im, -self.re) if forward else Wave(-self.im, self.re)

    def half_turned(self, forward: bool) -> Wave:
        """Times (1 - i)/sqrt 2, or (1 + i)/sqrt 2."""
        turned = self.turned(forward)
        return Wave((self.re + turned.re) * HALF_ROOT, (self.im + turned.im) * HALF_ROOT)

    def times(self, re: Lanes, im: Lanes, forward: bool = True) -> Wave:
        """Times re + i im, or its conjugate."""
        cross, along = self.im * im, self.re * im
        if forward:
            return Wave(self.re.fma(re, -cross), self.im.fma(re, along))
        return Wave(self.re.fma(re, cross), self.im.fma(re, -along))


def _fourier(waves: list[Wave], forward: bool) -> list[Wave]:
    """The transform of 2, 4 or 8 numbers."""
    half = len(waves) // 2
    if half == 0:
        return waves
    sums = [one + other for one, other in zip(waves[:half], waves[half:], strict=True)]
    gaps = [one - other for one, other in zip(waves[:half], waves[half:], strict=True)]
    if half == 2:
        gaps[1] = gaps[1].turned(forward)
    if half == 4:
        gaps[1], gaps[2] = gaps[1].half_turned(forward), gaps[2].turned(forward)
        gaps[3] = gaps[3].half_turned(forward).turned(forward)
    even, odd = _fourier(sums, forward), _fourier(gaps, forward)
    return [wave for pair in zip(even, odd, strict=True) for wave in pair]


def _rows(data: Rows, point: Any) -> tuple[Any, Any]:
    """Where real and imaginary parts of a point are."""
    first = data.builder.mul(point, point.type(2))
    return first, data.builder.add(first, point.type(1))


def _load(data: Rows, point: Any) -> Wave:
    re, im = _rows(data, point)
    return Wave(data.load(re), data.load(im))


def _store(data: Rows, point: Any, wave: Wave) -> None:
    re, im = _rows(data, point)
    data.store(re, wave.re)
    data.store(im, wave.im)


def _butterfly(radix: int, forward: bool, twiddled: bool) -> Any:
    """(data, table, first, stride, entry): `radix` points, `stride` apart, transformed in their place.

    Twiddles follow the transform on the way there and precede it on the way back.
    """

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        data, table = (rows_of(context, builder, signature.args[i], given[i]) for i in range(2))
        first, stride, entry = given[2:]
        places = [builder.add(first, builder.mul(stride, stride.type(q))) for q in range(radix)]
        waves = [_load(data, place) for place in places]
        if not forward and twiddled:
            waves = _twiddled(waves, table, entry, forward)
        waves = _fourier(waves, forward)
        if forward and twiddled:
            waves = _twiddled(waves, table, entry, forward)
        for place, wave in zip(places, waves, strict=True):
            _store(data, place, wave)
        return context.get_dummy_value()

    return generate


def _twiddled(waves: list[Wave], table: Rows, entry: Any, forward: bool) -> list[Wave]:
    numbers = [table.spread(entry, ahead) for ahead in range(2 * len(waves) - 2)]
    pairs = zip(waves[1:], numbers[::2], numbers[1::2], strict=True)
    return [waves[0], *(wave.times(re, im, forward) for wave, re, im in pairs)]


@intrinsic
def _there_eight(_typing, data, table, first, stride, entry):
    return types.void(data, table, first, stride, entry), _butterfly(8, True, True)


@intrinsic
def _there_four(_typing, data, table, first, stride, entry):
    return types.void(data, table, first, stride, entry), _butterfly(4, True, True)


@intrinsic
def _there_last(_typing, data, table, first, stride, entry):
    return types.void(data, table, first, stride, entry), _butterfly(8, True, False)


@intrinsic
def _back_eight(_typing, data, table, first, stride, entry):
    return types.void(data, table, first, stride, entry), _butterfly(8, False, True)


@intrinsic
def _back_four(_typing, data, table, first, stride, entry):
    return types.void(data, table, first, stride, entry), _butterfly(4, False, True)


@intrinsic
def _back_first(_typing, data, table, first, stride, entry):
    return types.void(data, table, first, stride, entry), _butterfly(8, False, False)


@intrinsic
def _multiply(_typing, data, one, other, factors, entry):
    """Two frequencies that are each other's mirror, or one that is its own, times the kernel."""

    def generate(context, builder, signature, given):
        rows = rows_of(context, builder, signature.args[0], given[0])
        table = rows_of(context, builder, signature.args[3], given[3])
        waves = [_load(rows, place) for place in given[1:3]]
        for which, (wave, mirror) in enumerate((waves, waves[::-1])):
            own_re, own_im, far_re, far_im = (table.spread(given[4], 4 * which + i) for i in range(4))
            far = Wave(mirror.re.fma(far_re, mirror.im * far_im), mirror.re.fma(far_im, -(mirror.im * far_re)))
            re = wave.re.fma(own_re, (-wave.im).fma(own_im, far.re))
            im = wave.re.fma(own_im, wave.im.fma(own_re, far.im))
            _store(rows, given[1 + which], Wave(re, im))
        return context.get_dummy_value()

    return types.void(data, one, other, factors, entry), generate


@njit(error_model="numpy")
def _there(data, table, begin, end, span, radix, entry, last):
    """One pass over a part of the points, in blocks of `span`."""
    use_wide_vectors()
    stride = span // radix
    for block in range(begin, end, span):
        for j in range(block, block + stride):
            if last:
                _there_last(data, table, j, stride, entry)
            elif radix == 8:
                _there_eight(data, table, j, stride, entry + 14 * (j - block))
            else:
                _there_four(data, table, j, stride, entry + 6 * (j - block))


@njit(error_model="numpy")
def _back(data, table, begin, end, span, radix, entry, last):
    """The same pass undone."""
    use_wide_vectors()
    stride = span // radix
    for block in range(begin, end, span):
        for j in range(block, block + stride):
            if last:
                _back_first(data, table, j, stride, entry)
            elif radix == 8:
                _back_eight(data, table, j, stride, entry + 14 * (j - block))
            else:
                _back_four(data, table, j, stride, entry + 6 * (j - block))


@njit(error_model="numpy")
def convolve(data, passes, table, pairs, factors):
    """Rows of lanes times the kernel, in their place."""
    use_wide_vectors()
    for row in range(len(passes)):
        begin, end, span, radix, entry, last = passes[row]
        _there(data, table, begin, end, span, radix, entry, last != 0)
    for pair in range(len(pairs)):
        _multiply(data, pairs[pair, 0], pairs[pair, 1], factors, 8 * pair)
    for row in range(len(passes) - 1, -1, -1):
        begin, end, span, radix, entry, last = passes[row]
        _back(data, table, begin, end, span, radix, entry, last != 0)


def ring_tables(transfer):
    """What `convolve` needs of a kernel, from the transform of its values: passes, twiddles, pairs, factors.

    `transfer`, shape (N,), is in the order of `numpy.fft.fft`; N is a power of two, `FEWEST` to `MOST`.
    """
    size = len(transfer) // 2
    radices = _radices(size)
    table, levels, span = [], [], size
    for radix in radices:
        stride = span // radix
        levels.append((span, radix, sum(map(len, table)), stride == 1))
        angles = 2 * np.pi / span * np.arange(stride)[:, None] * np.arange(1, radix)
        table.append(np.stack([np.cos(angles), -np.sin(angles)], axis=-1).ravel())
        span = stride
    frequency = _frequencies(radices)
    place = np.argsort(frequency)
    mirror = place[-frequency % size]
    ones = np.flatnonzero(np.arange(size) <= mirror)
    pairs = np.stack([ones, mirror[ones]], axis=1)
    both = _factors(np.asarray(transfer))[frequency[pairs]]  # (pairs, which of the two, own or far)
    factors = np.stack([both.real, both.imag], axis=-1)
    return _passes(levels), np.concatenate(table).astype(np.float32), pairs, factors.ravel().astype(np.float32)


def _passes(levels):
    """Begin, end, span, radix, first twiddle and whether the last, of each: the first pass goes over all points, then
    each part of them goes through all others while it is in the cache."""
    size, radix = levels[0][:2]
    part = size // radix
    inner = [(begin, begin + part, *level) for begin in range(0, size, part) for level in levels[1:]]
    return np.array([(0, size, *levels[0]), *inner], dtype=np.int64)


def _radices(size):
    """Eights, the last of them with nothing to turn, after as many fours as the size needs."""
    power = int(size).bit_length() - 1
    fours = {0: 0, 2: 1, 1: 2}[power % 3]
    return [4] * fours + [8] * ((power - 2 * fours) // 3)


def _frequencies(radices):
    """The frequency at every place after the passes."""
    frequency, weight = np.zeros(1, dtype=np.int64), 1
    for radix in radices:
        frequency = (frequency[:, None] + weight * np.arange(radix)).ravel()
        weight *= radix
    return frequency


def _factors(transfer):
    """What multiplies a frequency, and what the conjugate of its mirror; the scale of the way back is in them."""
    size = len(transfer) // 2
    angle = np.pi * np.arange(size) / size
    mean, gap = (transfer[:size] + transfer[size:]) / 2, (transfer[:size] - transfer[size:]) / 2
    return np.stack([mean - gap * np.sin(angle), 1j * gap * np.cos(angle)], axis=-1) / size
