"""Bootstrap: how an answer would have scattered, learned by drawing the trials again.

Trials are drawn with replacement, each sample apart. Everything here is a pure function of arrays and a seed.

References
----------
Efron, J. Am. Stat. Assoc. 82, 171 (1987): the BCa interval. Hall, Ann. Stat. 16, 927 (1988): why studentised
and BCa intervals err at order 1/n on each side and percentile intervals at 1/sqrt(n).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from statistics import NormalDist

import numpy as np

from neurothermo.core.checks import Array, checked_count, shown
from neurothermo.core.errors import InputError

Interval = tuple[float, float]

NO_INTERVAL: Interval = (nan, nan)
_AT_ONCE = 2**17  # works gathered at a time: they stay in the cache
_NORMAL = NormalDist()


def quantile(confidence: float) -> float:
    """z with P(|x| < z) = confidence for a standard normal x: 1.96 for 0.95.

    Raises
    ------
    InputError
        If the confidence is 1 but for rounding.
    """
    if 0.5 + confidence / 2 >= 1:
        raise InputError(f"confidence must be less than 1 by more than rounding, got {shown(confidence)}")
    return _NORMAL.inv_cdf(0.5 + confidence / 2)


def generator(seed: int) -> np.random.Generator:
    """The random numbers of one bootstrap: a function of the seed alone."""
    return np.random.Generator(np.random.PCG64(checked_count(seed, "seed", least=0)))


def bootstrap(statistic: Callable[..., Array], samples: Sequence[Array], *, resamples: int, seed: int = 0) -> Array:
    """The statistic of samples drawn again with replacement.

    Parameters
    ----------
    statistic : callable
        Takes one array of shape (rows, trials) for each sample, returns shape (rows,) or (rows, k).
    samples : sequence of array_like, each of shape (trials,)
        Drawn from independently.
    resamples : int
        How many times, >= 2.
    seed : int
        >= 0; the same seed gives the same replicates.

    Returns
    -------
    ndarray, shape (resamples,) or (resamples, k)

    Raises
    ------
    InputError
        If `resamples` or `seed` is not such a number.
    """
    resamples = checked_count(resamples, "resamples", least=2)
    random = generator(seed)
    rows = max(1, _AT_ONCE // max(sample.size for sample in samples))
    blocks = []
    for first in range(0, resamples, rows):
        count = min(rows, resamples - first)
        drawn = [sample[random.integers(sample.size, size=(count, sample.size))] for sample in samples]
        blocks.append(statistic(*drawn))
    return np.concatenate(blocks)


def grouped(values: Array, most: int = 20_000) -> Array:
    """Means of at most `most` equal groups of neighbouring trials, for bootstrapping a mean of many values.

    Independent trials stay exchangeable when grouped, and mean, variance and skewness of the mean are those
    of the single trials; up to one group's worth of trials at the end is left out.
    """
    size = -(-values.size // most)
    groups = values.size // size
    return values[: groups * size].reshape(groups, size).mean(axis=1)


def percentile_interval(replicates: Array, confidence: float) -> Interval:
    """Quantiles of the replicates: right to first order only, and blind to bias."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return float(low), float(high)


def bca_interval(replicates: Array, value: float, influence: Array, confidence: float) -> Interval:
    r"""Bias-corrected and accelerated interval: quantiles of the replicates at shifted levels.

    .. math:: \alpha(z) = \Phi\left(z_0 + \frac{z_0 + z}{1 - a (z_0 + z)}\right), \quad
              a = \frac{\sum_i U_i^3}{6 (\sum_i U_i^2)^{3/2}}

    Parameters
    ----------
    replicates : ndarray, shape (resamples,)
        Bootstrap replicates of the estimate; z_0 is the normal quantile of their share below `value`.
    value : float
        The estimate from the trials themselves.
    influence : ndarray, shape (trials,)
        U_i, the influence of each trial on the estimate divided by its sample's size.
    confidence : float
        Nominal coverage, in (0, 1).

    Returns
    -------
    (float, float)
        (NaN, NaN) where the whole of the replicates lies on one side of the estimate.
    """
    below = np.mean(replicates < value) + np.mean(replicates == value) / 2
    if not 0 < below < 1:
        return NO_INTERVAL
    shift, reach = _NORMAL.inv_cdf(below), quantile(confidence)
    square = np.sum(influence**2)
    acceleration = np.sum(influence**3) / (6 * square**1.5) if square > 0 else 0.0
    levels = [_NORMAL.cdf(shift + (shift + z) / (1 - acceleration * (shift + z))) for z in (-reach, reach)]
    low, high = np.quantile(replicates, levels)
    return float(low), float(high)


def studentised_interval(value: float, stderr: float, replicates: Array, stderrs: Array, confidence: float) -> Interval:
    """`value` minus quantiles of (replicate - value) / its own standard error, times `stderr`."""
    scattered = stderrs > 0
    if np.mean(scattered) < 0.99:
        return NO_INTERVAL
    low, high = percentile_interval((replicates[scattered] - value) / stderrs[scattered], confidence)
    return value - high * stderr, value - low * stderr
