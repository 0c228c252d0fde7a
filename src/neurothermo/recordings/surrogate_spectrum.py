"""Gaussian processes with the time-symmetric half of a measured spectrum: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.machine import one_blas_thread
from neurothermo.core.randomness import Stream
from neurothermo.recordings.correlation import correlation_times

LEAST, MOST = 64, 2**15  # rows of a window
PER_TIME, SHORT = 32, 8  # rows of a window per correlation time: lags of one such time lose 0.6 %
BLOCKS = 32  # windows wanted at least: with M of them a surrogate scatters by 1 / (4 M) too little
FINER = 4  # frequencies per window row: between them the root of the spectrum is a straight line


@dataclass(frozen=True)
class SymmetricSpectrum:
    """A real, symmetric, positive spectrum on equal frequencies from 0 to half the sampling rate.

    Parameters
    ----------
    root : ndarray, shape (frequencies, channels, channels)
        F with F F' the spectrum, whose mean over all frequencies is the covariance.
    mean : ndarray, shape (channels,)
    window, blocks : int
        Rows of one tapered window, and how many were averaged.
    memory : float
        The longest correlation time, in rows. Windows of fewer than 8 of them damp lagged correlations: surrogates
        then scatter too much, and a test against them finds too little.
    """

    root: Array
    mean: Array
    window: int
    blocks: int
    memory: float

    def draw(self, lengths: Sequence[int], *, seed: int, index: int) -> tuple[Array, ...]:
        """Independent pieces of the process, each of shape (rows, channels), a function of (seed, index) alone.

        They are cut from one periodic process, with a window between any two and between the last and the first: as
        covariances end within a window, neither its period nor its pieces see each other.
        """
        grid = 2 * (len(self.root) - 1)
        finer = -(-(sum(lengths) + len(lengths) * self.window) // grid)
        period, channels = grid * finer, len(self.mean)
        address = Stream.of(seed, "symmetrized spectrum").at(np.array([index]), 0)
        normals = address.normals((period + 2) * channels).reshape(2, period // 2 + 1, channels)
        noise = (normals[0] + 1j * normals[1]) / np.sqrt(2)
        noise[[0, -1]] = normals[0][[0, -1]]
        share = (np.arange(finer) / finer)[:, None]
        inner = noise[:-1].reshape(len(self.root) - 1, finer, channels)
        turned = np.swapaxes(self.root, 1, 2)
        with one_blas_thread():
            inner = (1 - share) * (inner @ turned[:-1]) + share * (inner @ turned[1:])
            waves = np.concatenate([inner.reshape(-1, channels), noise[-1:] @ turned[-1]])
        rows = np.fft.irfft(waves * np.sqrt(period), period, axis=0) + self.mean
        starts = np.concatenate([[0], np.cumsum(np.asarray(lengths) + self.window)[:-1]]).astype(np.int64)
        return tuple(rows[start : start + length].copy() for start, length in zip(starts, lengths, strict=True))


def symmetric_spectrum(segments: Sequence[Array], window: int | None = None) -> SymmetricSpectrum:
    r"""The real part of the cross-spectrum, averaged over tapered windows.

    .. math:: S(\omega) = \frac{1}{M \sum_t h_t^2} \, \mathrm{Re} \sum_{b=1}^{M} X_b(\omega) X_b(\omega)^\dagger,
              \qquad X_b(\omega) = \sum_{t<L} h_t (x_{b,t} - \bar x) e^{-i \omega t}

    with h a Hann taper and windows that overlap by half. Its process has covariances (C(t) + C(t)') / 2 times
    w(t) = 1 - 6.6 (t/L)^2 + ..., which end at L, and then is stretched by the matrix next to 1 that makes the
    covariance at equal times the sample's own.

    Windows, because the periodogram of the whole is no spectrum: it has rank one at every frequency, the process made
    of its real part scatters half as much as the truth (variance of a lagged antisymmetry; with M windows 1 - 1/(2M)
    of it), and every test against it rejects too often. A taper, because without one the strong slow waves of a
    recording leak into its weak fast ones, which entropy production is most sensitive to.

    Parameters
    ----------
    segments : sequence of array, each of shape (rows, channels)
    window : int, optional
        L, in rows. Default: 32 correlation times, at least 64 rows, but so that there are 32 windows and as many
        as channels (half of that where windows would be shorter than 8 correlation times), and segments that long
        hold nine tenths of the rows.

    Raises
    ------
    InputError
        If there is no segment as long as the window.
    """
    memory = float(np.max(correlation_times(segments)))
    window = _chosen(segments, window, memory)
    total = sum(len(segment) for segment in segments)
    mean = sum(segment.sum(axis=0) for segment in segments) / total
    covariance = sum((segment - mean).T @ (segment - mean) for segment in segments) / total
    taper = np.sin(np.pi * (np.arange(window) + 0.5) / window)[:, None] ** 2
    spectrum, blocks = np.zeros((FINER * window // 2 + 1, len(mean), len(mean))), 0
    with one_blas_thread():
        for segment in segments:
            if len(segment) < window:
                continue
            count = 1 + -(-2 * (len(segment) - window) // window)
            for start in np.rint(np.linspace(0, len(segment) - window, count)).astype(np.int64):
                waves = np.fft.rfft((segment[start : start + window] - mean) * taper, FINER * window, axis=0)
                parts = np.stack([waves.real, waves.imag], axis=2)
                spectrum += parts @ np.swapaxes(parts, 1, 2)
                blocks += 1
        if not blocks:
            raise InputError(f"window must fit into a segment of the recording, got {window} rows")
        powers, axes = np.linalg.eigh(spectrum / (blocks * np.sum(taper**2)))
        root = (axes * np.sqrt(np.maximum(powers, 0))[:, None, :]) @ np.swapaxes(axes, 1, 2)
        squares = root @ root
        own = (2 * squares[1:-1].sum(axis=0) + squares[0] + squares[-1]) / (FINER * window)
        root = _stretch(own, covariance) @ root
    return SymmetricSpectrum(root, mean, window, blocks, memory)


def _chosen(segments: Sequence[Array], window: int | None, memory: float) -> int:
    """An even number of rows."""
    lengths = np.sort([len(segment) for segment in segments])[::-1]
    if window is None:
        held = np.cumsum(lengths) >= 0.9 * lengths.sum()
        share = 2 * float(lengths.sum()) / max(BLOCKS, segments[0].shape[1])  # as many windows overlap by half
        most = int(min(lengths[np.argmax(held)], max(share, min(2 * share, SHORT * memory)), MOST))
        wanted = max(LEAST, int(PER_TIME * memory))
        window = min(max(most, 8), wanted)
    window -= window % 2
    if window < 8 or window > lengths[0]:
        raise InputError(
            f"window must have at least 8 rows and fit into the longest segment, which has {lengths[0]}, got {window}"
        )
    return int(window)


def _stretch(have: Array, want: Array) -> Array:
    """The symmetric positive M with M have M = want, nearest to 1; directions that `have` lacks stay 0."""

    def power(matrix: Array, exponent: float) -> Array:
        values, axes = np.linalg.eigh(matrix)
        kept = values > 1e-12 * values[-1]
        return (axes[:, kept] * values[kept] ** exponent) @ axes[:, kept].T

    half, inverse = power(have, 0.5), power(have, -0.5)
    return inverse @ power(half @ want @ half, 0.5) @ inverse
