"""The grid of a neural field, and a kernel on it: convolution, Fourier transform, matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy as np

from neurothermo.core.checks import (
    TINY,
    Array,
    checked_array,
    checked_choice,
    checked_count,
    checked_positive,
    checked_range,
    shape_of,
    shown,
)
from neurothermo.core.errors import InputError
from neurothermo.core.machine import memory_limit
from neurothermo.processes.kernels import Kernel, as_kernel
from neurothermo.processes.operators import check_room

NEGLIGIBLE = 1e-3  # the share of a kernel's weight that may lie beyond half a ring
SYMMETRIC = 1e-12  # of the largest mode: room for rounding in a sampled kernel
REAL = 1e-9  # of the largest mode: room for rounding in a transform
ON_SITE = 1e-9  # of a place: how far from one a neighbour may be
BYTES = 400.0  # a place of the grid, padded where it has ends: some twenty-five complex arrays


@dataclass(frozen=True)
class Grid:
    """Equally spaced places on a ring or line (one length), a torus or sheet (two)."""

    lengths: tuple[float, ...]
    shape: tuple[int, ...]
    periodic: bool

    @classmethod
    def of(cls, length: Any, points: Any, boundary: Any) -> Grid:
        """The grid a user describes by numbers (one dimension) or pairs (two)."""
        checked_choice(boundary, "boundary", ("periodic", "open"))
        shapes = shape_of(length, "length"), shape_of(points, "points")
        if shapes not in (((), ()), ((2,), (2,))):
            raise InputError(
                f"length and points must be two numbers or two pairs, got {shown(length)} and {shown(points)}"
            )
        one = shapes[1] == ()
        lengths = tuple(checked_positive(value, "length") for value in ((length,) if one else length))
        shape = tuple(checked_count(value, "points", 2) for value in ((points,) if one else points))
        checked_range(lengths, "length", TINY)
        padding = 1 if boundary == "periodic" else 2 ** len(shape)
        if BYTES * padding * prod(shape) > memory_limit():
            raise InputError(
                f"points must make at most {memory_limit() / (BYTES * padding):.2g} places on this machine, got "
                f"{prod(shape):.3g}"
            )
        return cls(lengths, shape, boundary == "periodic")

    @property
    def dimensions(self) -> int:
        """1 or 2."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many places."""
        return prod(self.shape)

    @property
    def spacing(self) -> tuple[float, ...]:
        """The distance between neighbours, along each axis."""
        return tuple(length / n for length, n in zip(self.lengths, self.shape, strict=True))

    @property
    def cell(self) -> float:
        """Length or area that one place stands for."""
        return prod(self.spacing)

    @property
    def volume(self) -> float:
        """Length or area of the whole."""
        return prod(self.lengths)

    @property
    def where(self) -> str:
        """What it is called in a sentence."""
        return (("line", "ring"), ("sheet", "torus"))[self.dimensions - 1][self.periodic]

    def positions(self) -> tuple[Array, ...]:
        """x, or x and y, each of the grid's shape; from 0 to one spacing less than the length."""
        return _mesh([np.arange(n) * dx for dx, n in zip(self.spacing, self.shape, strict=True)])

    def wavenumbers(self) -> tuple[Array, ...]:
        """k, or k_x and k_y, each of the grid's shape, in the order of numpy.fft.fftn."""
        return _mesh([2 * np.pi * np.fft.fftfreq(n, dx) for dx, n in zip(self.spacing, self.shape, strict=True)])

    def offsets(self) -> tuple[Array, ...]:
        """Differences of two positions in the order of numpy.fft: 0, then to the right, then to the left.

        On a ring between minus half its length and half its length; on a line all 2n - 1 of them.
        """
        counts = self.shape if self.periodic else tuple(2 * n - 1 for n in self.shape)
        return _mesh([np.rint(n * np.fft.fftfreq(n)) * dx for dx, n in zip(self.spacing, counts, strict=True)])


def _mesh(axes: list[Any]) -> tuple[Array, ...]:
    return tuple(np.meshgrid(*axes, indexing="ij"))


@dataclass(frozen=True, eq=False)
class Coupling:
    r"""A kernel on a grid: :math:`(J v)_i = \sum_j J(x_i - x_j)\, v_j\, \mathrm dx` by fast Fourier transform.

    `transfer` multiplies the modes of v: on a ring it is J_k itself; on a line it belongs to the grid padded with
    nothing to twice its length, so that the ends do not meet.
    """

    grid: Grid
    transfer: Any
    kernel: Kernel | None = None

    def __repr__(self) -> str:
        return "an array" if self.kernel is None else repr(self.kernel)

    @property
    def symmetric(self) -> bool:
        """Whether J(z) = J(-z)."""
        return self.asymmetry <= SYMMETRIC

    @cached_property
    def asymmetry(self) -> float:
        """The largest odd part of a mode, of the largest mode."""
        return float(np.max(np.abs(self.transfer.imag)) / max(np.max(np.abs(self.transfer)), 1e-300))

    def apply(self, values: Any) -> Any:
        """J v along the last axes, which are the grid's; single precision stays single."""
        return self._multiplied(values, self._half(np.asarray(values).dtype, False))

    def apply_transposed(self, values: Any) -> Any:
        """J^T v: the kernel turned around."""
        return self._multiplied(values, self._half(np.asarray(values).dtype, True))

    def _half(self, dtype: Any, turned: bool) -> Any:
        return self._halves[dtype == np.float32, turned]

    @cached_property
    def _halves(self) -> dict[tuple[bool, bool], Any]:
        """The modes a real transform needs, by (single precision, transposed)."""
        half = self.transfer[..., : self.transfer.shape[-1] // 2 + 1]
        whole = {(False, False): half, (False, True): half.conj()}
        with np.errstate(over="ignore"):  # what single precision cannot hold: simulations of it are refused
            return whole | {(True, turned): np.complex64(modes) for (_, turned), modes in whole.items()}

    def _multiplied(self, values: Any, modes: Any) -> Any:
        from scipy.fft import irfft, irfftn, rfft, rfftn

        axes, padded = tuple(range(-self.grid.dimensions, 0)), self.transfer.shape
        if self.grid.dimensions == 1:  # the same transform, with less around it
            waves = rfft(values, padded[0])
            waves *= modes
            moved = irfft(waves, padded[0], overwrite_x=True)
        else:
            waves = rfftn(values, padded, axes)
            waves *= modes
            moved = irfftn(waves, padded, axes, overwrite_x=True)
        return moved[(..., *(slice(n) for n in self.grid.shape))]

    def matrix(self) -> Array:
        """J_ij = J(x_i - x_j) dx, shape (size, size): places numbered row by row."""
        check_room(self.grid.size, 3 + self.grid.dimensions)
        column = np.fft.ifftn(self.transfer).real
        if self.symmetric:  # to the last bit
            column = (column + _turned_around(column)) / 2
        places = np.indices(self.grid.shape).reshape(self.grid.dimensions, -1)
        apart = (places[:, :, None] - places[:, None, :]) % np.reshape(column.shape, (-1, 1, 1))
        return column[tuple(apart)]


def couple(grid: Grid, kernel: Any, name: str = "kernel") -> Coupling:
    """A kernel, a function of distance, or an array of values at `grid.offsets()`, on a grid.

    On a ring a kernel of known Fourier transform is taken at the grid's wavenumbers, exactly; everything else is
    sampled.

    Raises
    ------
    InputError
        If it does not fit the grid, or reaches further than half the ring.
    """
    if isinstance(kernel, Kernel) or callable(kernel):
        known = as_kernel(kernel, name)
        if grid.dimensions not in known.dimensions:
            raise InputError(f"{name} {known} is not one for a {grid.where}: a shift has one number for each dimension")
        if grid.periodic and known.reach is not None and known.reach > min(grid.lengths) / 2:
            raise InputError(
                f"{name} {known} reaches {known.reach:g}, further than half of the {grid.where}, "
                f"{min(grid.lengths) / 2:g}: take a longer {grid.where} or a narrower {name}"
            )
        if grid.periodic and known.fourier is not None:
            _require_sites(grid, known, name)
            return Coupling(grid, _at_wavenumbers(grid, known, name), known)
        samples = _sampled(grid, known, name)
    else:
        known, samples = None, checked_range(checked_array(kernel, name, grid.offsets()[0].shape), name)
    return Coupling(grid, grid.cell * np.fft.fftn(_padded(grid, samples)), known)


def _require_sites(grid: Grid, kernel: Kernel, name: str) -> None:
    """Raise where the neighbours of a chain fall between the places."""
    for distance in kernel.sites:
        steps = distance / grid.spacing[0]
        if abs(steps - max(round(steps), 1)) > ON_SITE * max(steps, 1):
            raise InputError(
                f"{name} {kernel} has its neighbours {distance:g} away, which must be a multiple of the distance of "
                f"two places, {grid.spacing[0]:g}: take spacing = length / points, or other points"
            )


def _at_wavenumbers(grid: Grid, kernel: Kernel, name: str) -> Any:
    """J_k; at the highest wavenumber of an even grid, k and -k are one mode, whose part is the mean of the two."""
    assert kernel.fourier is not None
    try:
        modes = np.asarray(kernel.fourier(*grid.wavenumbers()), dtype=np.complex128)
    except Exception as error:
        raise InputError(
            f"{name} {kernel}: its Fourier transform must take {grid.dimensions} arrays of wavenumbers and give numbers"
            f": it raised {error!r}"
        ) from error
    if modes.shape != grid.shape or not np.all(np.isfinite(modes)):
        raise InputError(f"{name} {kernel}: its Fourier transform must be finite, one value for each wavenumber")
    checked_range(modes, f"{name} {kernel}")
    turned = _turned_around(modes).conj()
    at_end = np.any([2 * index == n for index, n in zip(np.indices(grid.shape), grid.shape, strict=True)], axis=0)
    gap = float(np.max(np.abs(modes - turned), where=~at_end, initial=0.0))
    if gap > REAL * np.max(np.abs(modes)):
        raise InputError(
            f"{name} {kernel} must be real: its Fourier transform at -k the conjugate of that at k, got a difference "
            f"of {gap:.3g}"
        )
    return (modes + turned) / 2


def _sampled(grid: Grid, kernel: Kernel, name: str) -> Array:
    """J at the grid's offsets; on a ring summed over the ring and one more on either side."""
    if kernel.function is None:
        raise InputError(
            f"{name} {kernel} is known by its Fourier transform only, which the open {grid.where} cannot use: "
            "give its values at the offsets as an array"
        )
    offsets = grid.offsets()
    if not grid.periodic:
        return _values(kernel, offsets, name)
    images = {
        turns: _values(kernel, tuple(z + m * length for z, m, length in zip(offsets, turns, grid.lengths, strict=True)),
                       name)
        for turns in product((-1, 0, 1), repeat=grid.dimensions)
    }  # fmt: skip
    weights = {turns: float(np.abs(values).sum()) for turns, values in images.items()}
    outside = 1 - weights[(0,) * grid.dimensions] / max(sum(weights.values()), 1e-300)
    if outside > NEGLIGIBLE and sum(weights.values()) > 0:
        raise InputError(
            f"{name} {kernel} has {outside:.3g} of its weight beyond half of the {grid.where}, "
            f"{min(grid.lengths) / 2:g}: take a longer {grid.where} or a narrower {name}"
        )
    return np.sum(list(images.values()), axis=0)


def _values(kernel: Kernel, offsets: tuple[Array, ...], name: str) -> Array:
    assert kernel.function is not None
    try:
        values = kernel.function(*offsets)
    except Exception as error:
        raise InputError(
            f"{name} {kernel} must take {len(offsets)} arrays of distances: it raised {error!r}"
        ) from error
    return checked_range(checked_array(values, f"{name} {kernel}", offsets[0].shape), f"{name} {kernel}")


def _padded(grid: Grid, samples: Array) -> Array:
    """On a line: zeros between the offsets to the right and those to the left, up to a length that transforms fast."""
    if grid.periodic:
        return samples
    from scipy.fft import next_fast_len

    for axis, n in enumerate(grid.shape):
        right, left = np.split(samples, [n], axis=axis)
        gap = list(samples.shape)
        gap[axis] = next_fast_len(2 * n - 1, real=True) - (2 * n - 1)
        samples = np.concatenate([right, np.zeros(gap), left], axis=axis)
    return samples


def _turned_around(values: Any) -> Any:
    """v(-index), every axis taken around."""
    axes = tuple(range(values.ndim))
    return np.roll(np.flip(values, axes), 1, axes)
