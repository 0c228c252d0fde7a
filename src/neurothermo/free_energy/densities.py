"""Densities of works on a grid, from counts: kernel, histogram, and skew-normal.

Counts have shape (rows, bins): a bootstrap draws counts again, and every row is smoothed at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.pieces import Column
from neurothermo.free_energy.ranks import quantiles
from neurothermo.free_energy.samples import Pair, Works

DENSITIES = ("kernel", "histogram", "skew-normal")


@dataclass(frozen=True)
class Grid:
    """Equal bins that hold all works, and the width one work is smeared over."""

    first: float
    width: float
    bins: int
    bandwidth: float

    @property
    def centres(self) -> Array:
        """Middle of each bin, shape (bins,)."""
        return np.asarray(self.first + self.width * (np.arange(self.bins) + 0.5), dtype=np.float64)

    def counts(self, works: Column) -> Array:
        """Works in each bin, shape (bins,)."""
        found = np.zeros(self.bins)
        for piece in works.pieces():
            index = np.floor((piece - self.first) / self.width).astype(np.int64)
            found += np.bincount(np.clip(index, 0, self.bins - 1), minlength=self.bins)
        return found


def grid_for(pair: Pair, density: str) -> Grid:
    """Bins for W_F and -W_R: fine with room at both ends, or the histogram's own.

    One bandwidth serves both sides, because then the blur shifts their crossing only at second order. Kernel:
    Silverman's rule; histogram: Freedman and Diaconis's.
    """
    one, other = pair.forward.summary.whole, pair.reverse.summary.whole
    spread = sqrt((_spread(pair.forward) ** 2 + _spread(pair.reverse) ** 2) / 2)
    fewest = min(pair.n)
    low, high = min(one.low, -other.high), max(one.high, -other.low)
    if density == "histogram":
        bandwidth = 2 * 1.349 * spread * fewest ** (-1 / 3)
        width, margin = bandwidth, bandwidth / 2
    else:
        bandwidth = 0.9 * spread * fewest ** (-1 / 5)
        width, margin = bandwidth / 4, 5 * bandwidth
    reach = high - low + 2 * margin
    bins = int(min(np.ceil(reach / width), 2**14))
    return Grid(float(low - margin), float(max(width, reach / bins)), bins, float(bandwidth))


def densities(counts: Array, grid: Grid, density: str) -> Array:
    """Density at the middle of each bin, shape (rows, bins)."""
    if density == "kernel":
        return _kernel(counts, grid)
    if density == "histogram":
        return counts / counts.sum(axis=-1, keepdims=True) / grid.width
    return _skew_normal(counts, grid)


def _spread(works: Works) -> float:
    """Standard deviation, or what the quartiles say where that is less: tails do not widen the kernel."""
    upper, lower = quantiles(works.column, [0.75, 0.25])
    quartiles, deviation = float(upper - lower) / 1.349, sqrt(works.summary.variance)
    return min(deviation, quartiles) if quartiles > 0 else deviation


def _kernel(counts: Array, grid: Grid) -> Array:
    """Gaussian kernel by Fourier transform; the grid's margins keep one end from leaking into the other."""
    frequency = np.fft.rfftfreq(grid.bins, grid.width)
    blur = np.exp(-((2 * pi * frequency * grid.bandwidth) ** 2) / 2)
    smooth = np.fft.irfft(np.fft.rfft(counts, axis=-1) * blur, n=grid.bins, axis=-1)
    return np.maximum(smooth, 0) / counts.sum(axis=-1, keepdims=True) / grid.width


def _skew_normal(counts: Array, grid: Grid) -> Array:
    """Azzalini's skew-normal with the sample's mean, variance and skewness (at most its own limit, 0.995)."""
    from scipy.special import ndtr

    weights = counts / counts.sum(axis=-1, keepdims=True)
    mean = weights @ grid.centres
    centred = grid.centres - mean[..., None]
    variance = np.maximum(np.sum(weights * centred**2, axis=-1), grid.width**2)
    skewness = np.clip(np.sum(weights * centred**3, axis=-1) / variance**1.5, -0.99, 0.99)
    ratio = np.cbrt(2 * skewness / (4 - pi))  # of the mean to the standard deviation, in the standard form
    delta = ratio / np.sqrt(2 / pi * (1 + ratio**2))
    slant = delta / np.sqrt(1 - delta**2)
    scale = np.sqrt(variance / (1 - 2 * delta**2 / pi))
    z = (grid.centres - (mean - scale * delta * np.sqrt(2 / pi))[..., None]) / scale[..., None]
    return 2 * np.exp(-(z**2) / 2) / np.sqrt(2 * pi) * ndtr(slant[..., None] * z) / scale[..., None]
