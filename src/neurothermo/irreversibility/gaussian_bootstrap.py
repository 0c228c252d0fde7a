"""The scatter of a linear fit, and of what it circles, from the data's own blocks: for memory, and wild noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.resampling import generator
from neurothermo.irreversibility.gaussian_fit import Linear
from neurothermo.irreversibility.gaussian_null import BlockCircling

RESAMPLES = 500
FEWEST, MOST = 20, 400  # blocks
TIMES = 10.0  # slowest times in a block


def block_variance(
    quantity: Callable[[Linear], Array],
    segments: Sequence[Array],
    mean: Array,
    scale: Array,
    slowest: float,
    *,
    seed: int,
) -> float:
    """Variance of a function of the fit over resampled blocks; NaN where fewer than 20 are long enough.

    Blocks are ten slowest times long, or longer where there would be more than 400 of them.
    """
    sums, counts = _blocks(segments, mean, scale, slowest)
    if len(counts) < FEWEST:
        return float("nan")
    draws = generator(seed).multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=RESAMPLES)
    size, drawn = len(mean), (draws @ counts)[:, None, None]
    mixed = np.tensordot(draws, sums, axes=1) / drawn[..., None]
    first, after, lagged = mixed[:, 0], mixed[:, 1], mixed[:, 2]
    ahead, behind = mixed[:, 3, 0], mixed[:, 3, 1]
    first = first - behind[:, :, None] * behind[:, None, :]
    after = after - ahead[:, :, None] * ahead[:, None, :]
    lagged = lagged - ahead[:, :, None] * behind[:, None, :]
    step = np.swapaxes(np.linalg.solve(first, np.swapaxes(lagged, -1, -2)), -1, -2)
    noise = (after - step @ np.swapaxes(lagged, -1, -2)) * (drawn / (drawn - size - 1))
    values = quantity(Linear.of(step, (noise + np.swapaxes(noise, -1, -2)) / 2))
    return float(np.var(values, ddof=1))


def block_circling(segments: Sequence[Array], mean: Array, scale: Array, slowest: float) -> BlockCircling:
    """Antisymmetric lagged covariances of blocks ten slowest times, and ten correlation times, long."""
    from neurothermo.recordings.correlation import correlation_times

    sums, counts = _blocks(segments, mean, scale, max(slowest, float(np.max(correlation_times(segments)))))
    lagged = sums[:, 2] * (len(counts) / counts.sum())  # every transition counts the same
    return BlockCircling(lagged - np.swapaxes(lagged, -1, -2))


def _blocks(segments: Sequence[Array], mean: Array, scale: Array, slowest: float) -> tuple[Array, Array]:
    """Sums over the transitions of each block, shape (blocks, 4, d, d), and how many there are."""
    length = int(max(TIMES * slowest, sum(len(part) for part in segments) / MOST, 3))
    sums, counts = [], []
    for part in [(part - mean) / scale for part in segments]:
        transitions = len(part) - 1
        cuts = np.linspace(0, transitions, max(1, transitions // length) + 1).astype(np.int64)
        for start, stop in pairwise(cuts):
            if stop == start:
                continue
            before, after = part[start:stop], part[start + 1 : stop + 1]
            means = np.zeros((part.shape[1], part.shape[1]))
            means[0], means[1] = after.sum(axis=0), before.sum(axis=0)
            sums.append([before.T @ before, after.T @ after, after.T @ before, means])
            counts.append(stop - start)
    return np.array(sums), np.array(counts)
