"""Tests of our own, aimed at what a keyed counter can do wrong: near counters, near keys, halves of one word.

Each takes words in the order in which they are drawn, and returns p-values (two-sided where both sides are news).
Bits of a perfect generator make every statistic below a sum of very many small independent terms, so a p-value is that
of its normal or chi-square limit; `spacings` is Poisson. `python -m benchmarks.randomness --checks` runs them on every
order, tests/test_randomness.py on shorter ones and on mixers that are broken.
"""

from __future__ import annotations

from collections.abc import Callable
from math import erfc, sqrt
from typing import Any

import numpy as np

Words = np.ndarray[Any, np.dtype[np.uint64]]
HALF, LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
PART = 1 << 14  # words whose bits are looked at together
LAGS = (1, 2, 3, 8, 15, 16, 64, 128, 960, 4096)


def normal(score: float) -> float:
    """The p-value of a standard normal number, two-sided."""
    return erfc(abs(score) / sqrt(2))


def chi_square(counts: np.ndarray, expected: np.ndarray | float) -> float:
    """Pearson's, of counts whose sum is given; too good a fit is small as well."""
    from scipy.stats import chi2

    statistic = float(np.sum((counts - expected) ** 2 / expected))
    below = float(chi2.cdf(statistic, counts.size - 1))
    return 2 * min(below, float(chi2.sf(statistic, counts.size - 1)))


def balance(sums: np.ndarray, samples: int) -> float:
    """Sums of `samples` signs each, uncorrelated with each other: sum of S^2 / n is chi-square."""
    from scipy.stats import chi2

    statistic = float(np.sum(np.square(sums, dtype=np.float64))) / samples
    below = float(chi2.cdf(statistic, sums.size))
    return 2 * min(below, float(chi2.sf(statistic, sums.size)))


def signs(words: Words) -> np.ndarray:
    """The bits as -1 and 1, lowest first, shape (words, 64)."""
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
    return 2 * bits.astype(np.float32) - 1


def bit_pairs(words: Words) -> dict[str, float]:
    """Every bit, every bit with every other of its word, and with every bit of words before: 64, 2016, 4096 sums.

    Among those of one word are all pairs of a bit that makes uniform numbers and one that chooses sites.
    """
    lags = [lag for lag in LAGS if 2 * lag < min(words.size, PART)]
    sums, found = np.zeros(64), {lag: np.zeros((64, 64)) for lag in (0, *lags)}
    samples = dict.fromkeys(found, 0)
    for start in range(0, words.size, PART):
        part = signs(words[start : start + PART])  # their sums are whole numbers, exact in single precision
        sums += part.sum(axis=0)
        for lag in found:
            found[lag] += part[lag:].T @ part[: len(part) - lag]
            samples[lag] += len(part) - lag
    inside = balance(found.pop(0)[np.triu_indices(64, 1)], words.size)
    between = {f"bits, lag {lag}": balance(products, samples[lag]) for lag, products in found.items()}
    return {"bits": balance(sums, words.size), "bits of one word": inside, **between}


def halves(words: Words) -> dict[str, float]:
    """How many bits are set in the high half (uniform numbers) and in the low (sites) are uncorrelated."""
    high, low = np.bitwise_count(words >> HALF) - 16.0, np.bitwise_count(words & LOW) - 16.0
    return {"halves by weight": normal(float(np.sum(high * low)) / (8 * sqrt(words.size)))}


def weights(words: Words) -> dict[str, float]:
    """How many bits are set: its law, and its correlation with the number set in words before."""
    from scipy.stats import binom

    weight = np.bitwise_count(words).astype(np.int64)
    edges = np.arange(20, 46)  # weights beyond are put together
    counts = np.bincount(np.clip(weight, edges[0] - 1, edges[-1]) - edges[0] + 1, minlength=edges.size + 1)
    law = np.diff(np.concatenate([[0.0], binom.cdf(edges - 1, 64, 0.5), [1.0]]))
    found = {"weight": chi_square(counts, words.size * law)}
    centred = weight - 32.0
    for lag in (lag for lag in LAGS if 8 * lag < words.size):
        score = float(np.sum(centred[lag:] * centred[:-lag])) / (16 * sqrt(words.size - lag))
        found[f"weight, lag {lag}"] = normal(score)
    return found


def pairs(words: Words) -> dict[str, float]:
    """Six bits of a word and six of the next, in 4096 cells: the highest, the lowest, the lowest of the high half."""
    found = {}
    for name, shift in (("high", 58), ("middle", 32), ("low", 0)):
        six = (words >> np.uint64(shift)) & np.uint64(63)
        cells = (six[:-1:2] * np.uint64(64) + six[1::2]).astype(np.int64)
        found[f"pairs, {name} bits"] = chi_square(np.bincount(cells, minlength=4096), cells.size / 4096)
    return found


def sites(words: Words, size: int = 15) -> dict[str, float]:
    """Sites, and sites together with whether the uniform number is below one half."""
    site = (((words & LOW) * np.uint64(size)) >> HALF).astype(np.int64)
    joint = 2 * site + (words >> np.uint64(63)).astype(np.int64)
    return {"sites and uniforms": chi_square(np.bincount(joint, minlength=2 * size), words.size / (2 * size))}


def spacings(words: Words) -> dict[str, float]:
    """Birthday spacings (Marsaglia): equal gaps among 2^14 birthdays in a year of 2^40 days, Poisson of mean 1 each."""
    from scipy.stats import poisson

    birthdays, days = 1 << 14, 40
    rows = words.size // birthdays
    found = {}
    for name, shift in (("high", 24), ("low", 0)):
        day = (words[: rows * birthdays].reshape(rows, birthdays) >> np.uint64(shift)) & np.uint64((1 << days) - 1)
        gaps = np.sort(np.diff(np.sort(day, axis=1), axis=1), axis=1)
        equal, mean = int(np.sum(gaps[:, 1:] == gaps[:, :-1])), rows * birthdays**3 / 2 ** (days + 2)
        either = min(float(poisson.cdf(equal, mean)), float(poisson.sf(equal - 1, mean)))
        found[f"spacings, {name} bits"] = min(1.0, 2 * either)
    return found


CHECKS: tuple[Callable[[Words], dict[str, float]], ...] = (
    bit_pairs, halves, weights, pairs, sites, spacings,
)  # fmt: skip


def pvalues(words: Words) -> dict[str, float]:
    """All of them."""
    return {name: value for check in CHECKS for name, value in check(words).items()}


def avalanche(mixed: Callable[[Words], Words], bits: int, samples: int) -> np.ndarray:
    """Sums of the signs of mixed(x) ^ mixed(x with one more bit), shape (bits, 64); `balance` judges them.

    x runs through the smallest `samples` numbers in which that bit is not set: inputs as alike as those of trials,
    steps and draws are.
    """
    sums, number = np.empty((bits, 64)), np.arange(samples, dtype=np.uint64)
    for k in range(bits):
        bit = np.uint64(1) << np.uint64(k)
        below = number & (bit - np.uint64(1))
        x = ((number ^ below) << np.uint64(1)) | below
        sums[k] = signs(mixed(x) ^ mixed(x | bit)).sum(axis=0)
    return sums


def expected_overlaps(trials: float, steps: float, draws: float) -> float:
    """How many pairs of trials share a counter: T (T - 1) / 2 (2 S - 1) (2 D - 1) / 2^64.

    A trial's counters are key + (2^32 s + d) G with s < S, d < D, its key uniform: two meet if their keys differ by
    any of (2 S - 1) (2 D - 1) multiples of G. Even then their words differ, by the second key.
    """
    return trials * (trials - 1) / 2 * (2 * steps - 1) * (2 * draws - 1) / 2.0**64
