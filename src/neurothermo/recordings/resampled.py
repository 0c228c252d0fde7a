"""How an answer would have scattered: blocks or trials of a recording drawn again with replacement.

What is drawn is a tuple of segments, so that no transition crosses from one block to the next. Everything is a function
of (seed, index).

References
----------
Blocks for dependent data: Künsch, Ann. Stat. 17, 1217 (1989). The BCa interval: Efron, J. Am. Stat. Assoc. 82, 171
(1987).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_choice, checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import Stream
from neurothermo.core.resampling import Interval, bca_interval, percentile_interval
from neurothermo.recordings.recording import Recording
from neurothermo.recordings.surrogate_blocks import block_edges, chosen_block, count_blocks

FEWEST_TRIALS = 5
GROUPS = 40  # left out one at a time for the acceleration of the BCa interval
HOW = ("bca", "percentile")

Segments = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Resampled:
    """A number, and what it is of recordings drawn again.

    Parameters
    ----------
    value : float
        Of the blocks as they were.
    stderr : float
        Standard deviation of the replicates.
    interval : (float, float)
    replicates : ndarray, shape (resamples,)
    blocks : int
        How many there were to draw from.
    """

    value: float
    stderr: float
    interval: Interval
    replicates: Array
    blocks: int


def block_pieces(recording: Recording, *, block: Any = None) -> Segments:
    """Every segment cut into equal blocks, the tuple the bootstrap draws from, each of shape (rows, channels).

    A block holds 20 correlation times of the slowest channel, but a 256th to a 32nd of the recording (`block=None`), or
    about `block` seconds.

    Raises
    ------
    InputError
        If these are spikes, or fewer than eight blocks fit.
    """
    rate = recording.required_rate()
    length = chosen_block(recording, block)
    count_blocks(recording, length)
    rows = max(length * rate, 2.0)
    pieces: list[Any] = []
    for segment in recording.segments:
        cuts = np.rint(block_edges([len(segment)], rows)[0]).astype(np.int64)
        pieces.extend(segment[start:stop] for start, stop in pairwise(cuts))
    return tuple(pieces)


def multiplicities(count: int, *, seed: int, index: int) -> npt.NDArray[np.int64]:
    """How often each of `count` blocks is drawn when as many are drawn with replacement, shape (count,).

    Where a statistic is a function of sums over blocks, these numbers times the sums are all there is to a bootstrap.
    """
    return np.bincount(_drawn(count, seed, index), minlength=count)


def block_bootstrap(recording: Recording, *, block: Any = None, seed: int, index: int = 0) -> Segments:
    """As many blocks as there are (`block_pieces`), drawn with replacement: a tuple of segments.

    Replicates of a plug-in entropy production carry its sampling bias twice: take the spread from them, not the place.
    """
    pieces = block_pieces(recording, block=block)
    return tuple(pieces[which] for which in _drawn(len(pieces), seed, index))


def trial_bootstrap(recording: Recording, *, seed: int, index: int = 0) -> Segments:
    """As many segments as there are, drawn with replacement whole: for trials, which are independent.

    Raises
    ------
    InputError
        If there are fewer than five.
    """
    pieces = _trials(recording)
    return tuple(pieces[which] for which in _drawn(len(pieces), seed, index))


def bootstrapped(
    statistic: Callable[[Segments], float],
    recording: Recording,
    *,
    trials: bool = False,
    block: Any = None,
    resamples: int = 400,
    confidence: float = 0.95,
    seed: int = 0,
    how: str = "bca",
) -> Resampled:
    """A statistic of segments with its standard error and interval.

    Parameters
    ----------
    statistic : callable
        Takes a tuple of segments, each (rows, channels), returns a number. The order of segments must not matter.
    recording : Recording
        Of signals or states.
    trials : bool
        Whether to draw whole segments instead of blocks.
    block : float or str, optional
        As in `block_pieces`.
    resamples : int
        At least 20.
    confidence : float
        Of the interval.
    seed : int
    how : str
        "bca" corrects the place and skewness of percentiles (it calls the statistic up to 40 times more), "percentile"
        does not. Neither is right for a number near the end of its range, as an entropy production near 0 is.

    Raises
    ------
    InputError
        If the statistic of the recording or of a replicate is not finite, or an argument is out of its range.
    """
    checked_choice(how, "how", HOW)
    checked_fraction(confidence, "confidence")
    checked_count(resamples, "resamples", least=20)
    pieces = _trials(recording) if trials else block_pieces(recording, block=block)
    value = float(statistic(pieces))
    draws = (_drawn(len(pieces), seed, index) for index in range(resamples))
    replicates = np.array([statistic(tuple(pieces[which] for which in draw)) for draw in draws], dtype=np.float64)
    if not np.isfinite(value) or not np.all(np.isfinite(replicates)):
        raise InputError("statistic must be finite on the recording and on all its replicates")
    if how == "percentile":
        interval = percentile_interval(replicates, confidence)
    else:
        interval = bca_interval(replicates, value, _influence(statistic, pieces), confidence)
    return Resampled(value, float(np.std(replicates, ddof=1)), interval, replicates, len(pieces))


def _influence(statistic: Callable[[Segments], float], pieces: Sequence[Any]) -> Array:
    """The jackknife's: the mean of the values with one group of blocks left out, minus each."""
    groups = min(GROUPS, len(pieces))
    whose = np.arange(len(pieces)) * groups // len(pieces)
    without = np.array([
        statistic(tuple(piece for piece, owner in zip(pieces, whose, strict=True) if owner != group))
        for group in range(groups)
    ])  # fmt: skip
    return without.mean() - without


def _trials(recording: Recording) -> Segments:
    pieces = recording.segments
    if len(pieces) < FEWEST_TRIALS:
        raise InputError(
            f"recording must have at least {FEWEST_TRIALS} segments to draw trials from, got {len(pieces)}: "
            "draw blocks instead"
        )
    return pieces


def _drawn(count: int, seed: int, index: int) -> npt.NDArray[np.int64]:
    seed, index = checked_count(seed, "seed", least=0), checked_count(index, "index", least=0)
    uniforms = Stream.of(seed, "block bootstrap").at(np.array([index]), 0).uniforms(count)[0]
    return (uniforms * count).astype(np.int64)
