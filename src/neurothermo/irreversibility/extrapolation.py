"""What a plug-in estimate would be of endless data: its value against one over the number of samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_count
from neurothermo.core.errors import InputError

PARTS = (1, 2, 4)  # the whole, halves, quarters
BLOCKS = 64  # dealt out to the parts in turn
GROUPS = 8  # left out one at a time for the standard error


@dataclass(frozen=True, eq=False)
class Extrapolation:
    """The value at infinitely many samples.

    Parameters
    ----------
    value, stderr : float
        With the standard error of the whole procedure, by the jackknife over eight groups of blocks.
    slope : float
        b of value + b/n: minus b/n is what was added to the value of all data.
    raw : float
        The value of all data.
    samples, values : ndarray, shape (parts,)
        Rows in a part, and the mean value of parts of that many.
    diagnostics : tuple of str
    """

    value: float
    stderr: float
    slope: float
    raw: float
    samples: Array
    values: Array
    diagnostics: tuple[str, ...]


def extrapolated(
    statistic: Callable[[tuple[Any, ...]], float],
    segments: Sequence[Any],
    *,
    parts: Sequence[int] = PARTS,
    order: int = 1,
    blocks: int = BLOCKS,
) -> Extrapolation:
    r"""Least squares of values on whole, half, quarter recordings against one over their length.

    .. math:: T(n) = T_\infty + b / n + \dots, \qquad \hat T_\infty = \sum_k w_k \bar T(n/k)

    The recording is cut into blocks, which are dealt out to the parts in turn, so that every part sees all of the
    recording: a drift does not pass for a bias. The mean over the k parts has weight 1/k in the fit, as terms in 1/n^2
    count most for large k. It removes a bias that falls as 1/n and no other: where most patterns were
    seen once, the bias does not fall that way, and the value is still too large or too small.

    Parameters
    ----------
    statistic : callable
        Takes a tuple of segments, returns a finite number; nothing may depend on their order.
    segments : sequence of array, each of shape (rows, channels)
    parts : sequence of int
        Into how many parts, ascending, more of them than `order`.
    order : int
        1, or 2 with a term in 1/n^2 (three times the scatter).
    blocks : int
        How many, at least 8 for each part of the finest division.

    Raises
    ------
    InputError
        If arguments do not fit, there are fewer rows than two a block, or the statistic is not finite on a part.

    References
    ----------
    Strong, Koberle, de Ruyter van Steveninck and Bialek, Phys. Rev. Lett. 80, 197 (1998).
    """
    divisions, order = _checked(parts, order, checked_count(blocks, "blocks"))
    pieces = _cut(segments, blocks)
    values, raw = _values(statistic, pieces, divisions)
    fitted = _fit(values, divisions, order)
    rows = sum(len(piece) for piece in pieces)
    whose = np.arange(len(pieces)) * GROUPS // len(pieces)  # neighbours together: they may be correlated
    without = []
    for group in range(GROUPS):
        left = [piece for piece, owner in zip(pieces, whose, strict=True) if owner != group]
        without.append(_fit(_values(statistic, left, divisions)[0], divisions, order)[0])
    spread = np.array(without)
    stderr = float(np.sqrt((GROUPS - 1) / GROUPS * np.sum((spread - spread.mean()) ** 2)))
    value = float(fitted[0])
    said: tuple[str, ...] = ()
    if abs(raw - value) > 0.5 * abs(raw):
        said = (
            f"More than half of the value of all data, {raw:.3g}, is the bias of finite data: record for "
            "longer or look at fewer patterns.",
        )
    samples = rows / np.asarray(divisions, dtype=np.float64)
    return Extrapolation(value, stderr, float(fitted[1]) * rows, raw, samples, values, said)


def _checked(parts: Sequence[int], order: int, blocks: int) -> tuple[list[int], int]:
    order = checked_count(order, "order")
    divisions = [checked_count(part, "parts") for part in parts]
    if order > 2 or len(divisions) <= order or any(second <= first for first, second in pairwise(divisions)):
        raise InputError(f"parts must ascend and be more than order, 1 or 2, got {list(parts)} and order {order}")
    if blocks < GROUPS * divisions[-1]:
        raise InputError(f"blocks must be at least {GROUPS * divisions[-1]}, {GROUPS} for each part, got {blocks}")
    return divisions, order


def _cut(segments: Sequence[Any], blocks: int) -> list[Any]:
    """About as many pieces, in order, of nearly equal lengths; short segments stay whole."""
    total = sum(len(segment) for segment in segments)
    if total < 2 * blocks:
        raise InputError(f"segments must hold at least {2 * blocks} rows for {blocks} blocks, got {total}")
    pieces: list[Any] = []
    for segment in segments:
        cuts = np.rint(np.linspace(0, len(segment), max(round(blocks * len(segment) / total), 1) + 1)).astype(np.int64)
        pieces.extend(segment[start:stop] for start, stop in pairwise(cuts))
    if len(pieces) < blocks // 2:
        raise InputError(f"segments must cut into about {blocks} blocks, got {len(pieces)}")
    return pieces


def _values(
    statistic: Callable[[tuple[Any, ...]], float], pieces: Sequence[Any], divisions: Sequence[int]
) -> tuple[Array, float]:
    """The mean over the parts of each division, and the value of the whole."""
    raw = float(statistic(tuple(pieces)))
    means = [
        raw if count == 1 else float(np.mean([statistic(tuple(pieces[part::count])) for part in range(count)]))
        for count in divisions
    ]
    values = np.array(means)
    if not np.all(np.isfinite(np.append(values, raw))):
        raise InputError(
            "statistic must be finite on every part, got NaN or infinity: use one that is smoothed, or fewer parts"
        )
    return values, raw


def _fit(values: Array, divisions: Sequence[int], order: int) -> Array:
    """Coefficients of 1, k, ... k^order in the mean over k parts."""
    count = np.asarray(divisions, dtype=np.float64)
    powers = count[:, None] ** np.arange(order + 1)
    weights = 1 / np.sqrt(count)
    fitted = np.linalg.lstsq(powers * weights[:, None], values * weights, rcond=None)[0]
    return np.asarray(fitted, dtype=np.float64)
