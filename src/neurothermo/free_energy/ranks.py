"""Order statistics of works, also of more than fit in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.pieces import Column

Keys = npt.NDArray[np.uint64]
_DIGIT = 16  # bits that are learned in one pass
_SIGN = np.uint64(2**63)


def at_ranks(columns: Sequence[Column], ranks: Sequence[int]) -> Array:
    """The numbers at these places (from 0) of all columns in ascending order, shape (ranks,); exact.

    What is in memory is put in order. Of numbers that are read in pieces the bits are learned, the highest sixteen
    first: counted are the next sixteen bits of those that begin as the number looked for, in four passes.
    """
    if all(one.in_memory for one in columns):
        pooled = np.concatenate([one.whole("an order statistic") for one in columns])
        return np.partition(pooled, tuple(ranks))[list(ranks)]
    known, left = [0] * len(ranks), list(ranks)
    for shift in range(64 - _DIGIT, -1, -_DIGIT):
        counts = _counted(columns, known, shift)
        for place, start in enumerate(known):
            below = np.cumsum(counts[start])
            digit = int(np.searchsorted(below, left[place], side="right"))
            left[place] -= int(below[digit - 1]) if digit else 0
            known[place] = start << _DIGIT | digit
    return _numbers(np.array(known, dtype=np.uint64))


def quantiles(column: Column, levels: Sequence[float]) -> Array:
    """Quantiles by linear interpolation between neighbours, as NumPy's."""
    places = np.asarray(levels) * (column.size - 1)
    below = np.floor(places).astype(int)
    above = np.minimum(below + 1, column.size - 1)
    low, high = at_ranks([column], [*below.tolist(), *above.tolist()]).reshape(2, -1)
    return np.asarray(low + (high - low) * (places - below))


def median(column: Column) -> float:
    """The number in the middle, or the mean of the two there."""
    return float(quantiles(column, [0.5])[0])


def _counted(columns: Sequence[Column], known: list[int], shift: int) -> dict[int, npt.NDArray[np.int64]]:
    """How often each next digit occurs among the numbers that begin in each of the known ways."""
    counts = {start: np.zeros(2**_DIGIT, dtype=np.int64) for start in known}
    for piece in (piece for one in columns for piece in one.pieces()):
        begun = _keys(piece) >> np.uint64(shift)
        for start, row in counts.items():
            alike = begun[begun >> np.uint64(_DIGIT) == np.uint64(start)]
            row += np.bincount((alike & np.uint64(2**_DIGIT - 1)).astype(np.int64), minlength=2**_DIGIT)
    return counts


def _keys(numbers: Array) -> Keys:
    """Whole numbers in the order of the floats: all bits of negative ones turned over, of others the sign's."""
    bits = np.ascontiguousarray(numbers).view(np.uint64)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _numbers(keys: Keys) -> Array:
    """The floats of these keys."""
    return np.where(keys & _SIGN, keys ^ _SIGN, ~keys).view(np.float64)
