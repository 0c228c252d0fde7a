"""Cross-spectra from tapered windows, and the entropy production they give without bias."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from neurothermo.core.checks import Array

GROUPS = 24
FEWEST = 8
CHUNK = 2_000_000  # complex numbers at a time


def sine_tapers(length: int, count: int) -> Array:
    r"""Orthonormal tapers :math:`\sqrt{2/(L+1)}\, \sin \pi k t/(L + 1)`, shape (count, length).

    References
    ----------
    Riedel and Sidorenko, IEEE Transactions on Signal Processing 43, 188 (1995), eq. 11.
    """
    at = np.arange(1, length + 1) / (length + 1)
    return np.sqrt(2 / (length + 1)) * np.sin(np.pi * np.arange(1, count + 1)[:, None] * at)


def overlap(tapers: Array) -> float:
    """How many neighbouring frequencies share their chance: the sum over shifts of the squared correlation."""
    count, length = tapers.shape
    products = tapers[:, None] * tapers[None]
    shares = np.sum(np.abs(np.fft.fft(products, axis=-1)) ** 2, axis=(0, 1)) / count
    return float(np.sum(shares[: length // 2] ** 2) + np.sum(shares[1 : length // 2] ** 2))


@dataclass(frozen=True, eq=False)
class CrossSpectrum:
    r"""Sums of :math:`X X^\dagger` over windows and tapers, group by group of neighbouring windows.

    Parameters
    ----------
    window, tapers : int
        L, in samples, and K.
    sums : array of complex, shape (groups, frequencies, d, d)
        At the frequencies 1/L, 2/L, ... below one half, in cycles per sample.
    counts : array, shape (groups,)
        How many X went in: windows times tapers.
    overlap : float
        How many neighbouring frequencies share their chance.
    """

    window: int
    tapers: int
    sums: Any
    counts: Array
    overlap: float

    @property
    def size(self) -> int:
        """d."""
        return int(self.sums.shape[-1])

    @property
    def frequencies(self) -> Array:
        """Cycles per sample, shape (frequencies,)."""
        return np.arange(1, self.sums.shape[1] + 1) / self.window

    @property
    def degrees(self) -> float:
        """Complex degrees of freedom of the spectrum at one frequency: windows times tapers."""
        return float(self.counts.sum())

    @cached_property
    def mean(self) -> Any:
        """S, shape (frequencies, d, d)."""
        return self.sums.sum(axis=0) / self.degrees

    def cross_fitted(self) -> Iterator[tuple[float, Array]]:
        r"""Shares of frequencies and pairs, shape (frequencies, d, d), from every group and what is left without it.

        .. math:: 2\, \operatorname{Im} [(\bar S^{-1})_{ij}]\, \operatorname{Im} [S_{ij}]

        The inverse, from all other groups of N_a in sum, times (N_a - d)/N_a, is without bias (complex Wishart), and
        so is its product with the spectrum of the group left out. With each, its weight.
        """
        whole = self.sums.sum(axis=0)
        for own, count in zip(self.sums, self.counts, strict=True):
            others = self.degrees - count
            inverse = np.linalg.inv(np.conj(whole - own)) * (others - self.size)
            yield count / self.degrees, 2 * inverse.imag * own.imag / count

    def influences(self) -> Iterator[tuple[float, Array]]:
        """What every group moves the same shares by, to first order; shape (frequencies, d, d); with its weight."""
        mean, inverse = self.mean, np.linalg.inv(np.conj(self.mean))
        for own, count in zip(self.sums, self.counts, strict=True):
            change = own / count - mean
            moved = -(inverse @ np.conj(change) @ inverse).imag
            yield count / self.degrees, 2 * (moved * mean.imag + inverse.imag * change.imag)


def cross_spectrum(segments: Sequence[Array], window: int, tapers: int) -> CrossSpectrum:
    """From windows that do not overlap, each with its mean removed."""
    shapes = sine_tapers(window, tapers)
    mean = sum(part.sum(axis=0) for part in segments) / sum(len(part) for part in segments)
    pieces = [part[start : start + window] for part in segments for start in range(0, len(part) - window + 1, window)]
    cuts = np.linspace(0, len(pieces), min(GROUPS, len(pieces)) + 1).astype(np.int64)
    size, inner = segments[0].shape[1], slice(1, (window + 1) // 2)
    batch = max(1, CHUNK // (window * tapers * size))
    sums = np.zeros((len(cuts) - 1, (window + 1) // 2 - 1, size, size), dtype=np.complex128)
    for group, (first, last) in enumerate(pairwise(cuts)):
        for start in range(first, last, batch):
            rows = np.stack(pieces[start : min(start + batch, last)]) - mean
            waves = np.fft.rfft(rows[:, None] * shapes[None, :, :, None], axis=2)[:, :, inner]
            turned = np.moveaxis(waves, 2, 0).reshape(waves.shape[2], -1, size)
            sums[group] += np.swapaxes(turned, -1, -2) @ turned.conj()
    return CrossSpectrum(window, tapers, sums, np.diff(cuts) * float(tapers), overlap(shapes))


@dataclass(frozen=True, eq=False)
class Production:
    """Entropy production from a cross-spectrum.

    Parameters
    ----------
    density : array, shape (frequencies,)
        By frequency: its mean over frequencies, times one half, is the production in nats per sample.
    shares : array, shape (d, d)
        Of pairs of channels, half a pair's at each place, in nats per sample.
    moved_density, moved_shares : array, shapes (groups, frequencies) and (groups, d, d)
        Influence of every group times its weight.
    """

    density: Array
    shares: Array
    moved_density: Array
    moved_shares: Array

    @property
    def value(self) -> float:
        """Nats per sample."""
        return float(self.shares.sum())


def production_of(spectrum: CrossSpectrum) -> Production:
    """Its entropy production, by frequency and by pair, with what each group of windows contributes to its error."""
    density, shares = np.zeros(len(spectrum.frequencies)), np.zeros((spectrum.size, spectrum.size))
    for weight, part in spectrum.cross_fitted():
        density += weight * part.sum(axis=(1, 2))
        shares += weight * part.sum(axis=0) / spectrum.window
    moved = [
        (weight * part.sum(axis=(1, 2)), weight * part.sum(axis=0) / spectrum.window)
        for weight, part in spectrum.influences()
    ]
    return Production(density, shares, np.array([one for one, _ in moved]), np.array([two for _, two in moved]))


def jackknife(moved: Array) -> Array:
    """Variance of a sum of influences, over groups."""
    groups = len(moved)
    return groups / (groups - 1) * np.sum((moved - moved.mean(axis=0)) ** 2, axis=0)


@dataclass(frozen=True, eq=False)
class Chance:
    r"""What the entropy production of a reversible process scatters by: :math:`\kappa\,(\chi^2_\nu - \nu)`.

    Parameters
    ----------
    freedom : float
        nu.
    spread : float
        kappa, in nats per sample.
    """

    freedom: float
    spread: float

    @property
    def variance(self) -> float:
        """2 kappa^2 nu."""
        return 2 * self.spread**2 * self.freedom

    def spread_at(self, value: float, variance: float) -> float:
        """kappa of a non-central law of the same nu that has a given variance at a value."""
        above = max(value, 0.0)
        return float((np.sqrt(4 * above**2 + 2 * self.freedom * variance) - 2 * above) / (2 * self.freedom))


def chance(spectrum: CrossSpectrum, frequencies: int | None = None) -> Chance:
    r"""Of the sum over so many frequencies (default: all) over the length of the window.

    At a frequency where S is real, in coordinates that make it 1, the imaginary parts of N degrees of freedom have
    variance 1/(2N) each, and the production is 4 times the sum of their squares over pairs, less its mean.
    """
    count = len(spectrum.frequencies) if frequencies is None else frequencies
    pairs, groups = spectrum.size * (spectrum.size - 1) / 2, len(spectrum.counts)
    shared = min(spectrum.overlap, count)
    left_out = np.sqrt(groups / (groups - 1))
    effective = np.sqrt((spectrum.degrees - spectrum.size) * spectrum.degrees)
    return Chance(pairs * count / shared, 2 * shared * left_out / (effective * spectrum.window))
