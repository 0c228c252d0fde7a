"""How long a recording remembers: correlation times, in samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurothermo.core.checks import Array

REACH = 5  # lags are summed up to this many times the sum itself: beyond, they are noise


def autocorrelations(segments: Sequence[Array], lags: int) -> Array:
    r"""Of every channel about its mean over all segments; products never cross from one segment to the next.

    .. math:: \rho(\tau) = \frac{\sum_s \sum_t y_s(t) y_s(t + \tau) / \sum_s (n_s - \tau)}{\sum_s \sum_t y_s(t)^2 / n}

    Parameters
    ----------
    segments : sequence of array, each of shape (rows, channels)
    lags : int
        How many, with lag 0; less than the longest segment's rows.

    Returns
    -------
    ndarray, shape (lags, channels)
        1 at lag 0 and 0 elsewhere of a constant channel; 0 at lags no segment is long enough for.
    """
    total = sum(len(segment) for segment in segments)
    mean = sum(segment.sum(axis=0) for segment in segments) / total
    sums, pairs = np.zeros((lags, segments[0].shape[1])), np.zeros(lags)
    for segment in segments:
        rows = min(len(segment), lags)
        size = 1 << (len(segment) + rows).bit_length()  # padded: nothing wraps around
        power = np.abs(np.fft.rfft(segment - mean, size, axis=0)) ** 2
        sums[:rows] += np.fft.irfft(power, size, axis=0)[:rows]
        pairs[:rows] += len(segment) - np.arange(rows)
    covariances = sums / np.maximum(pairs, 1)[:, None]
    constant = covariances[0] <= 1e-24 * (mean**2 + np.finfo(float).tiny)
    found = covariances / np.where(constant, 1.0, covariances[0])
    found[1:, constant], found[0] = 0.0, 1.0
    return found


def correlation_times(segments: Sequence[Array], power: int = 2) -> Array:
    r"""Samples that count as one, of every channel, shape (channels,), at least 1.

    .. math:: \tau = 1 + 2 \sum_{t=1}^{K} \rho(t)^p, \qquad K = \min\{k : k \ge 5 \tau(k)\}

    With p = 1 it is that of means (the variance of a mean is its variance over n, times this). With p = 2 it is that of
    products of two samples, and of the envelope of an oscillation, whose own correlations cancel with p = 1: for an
    exponential correlation both p give its decay time, up to a factor 2.

    References
    ----------
    The self-consistent window: Sokal, in Functional Integration (1997), section 3.
    """
    longest = max(len(segment) for segment in segments)
    lags = min(longest, 256)
    while True:
        sums = 2 * np.cumsum(autocorrelations(segments, lags) ** power, axis=0) - 1
        enough = np.arange(lags)[:, None] >= REACH * np.maximum(sums, 1.0)
        if lags == longest or np.all(enough.any(axis=0)):
            break
        lags = min(longest, 4 * lags)
    last = np.where(enough.any(axis=0), np.argmax(enough, axis=0), lags - 1)
    return np.maximum(sums[last, np.arange(sums.shape[1])], 1.0)
