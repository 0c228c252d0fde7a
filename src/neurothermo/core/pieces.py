"""One number a trial, read in pieces: of an array in memory, or of a ledger that does not fit there.

Whatever is a sum over trials is found piece by piece, in one way for both, and comes out the same bits: the pieces of
an array stay in the cache, and those of a long ledger are read one after another, each time they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from math import nan
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.ledger import column

AT_ONCE = 2**21  # trials up to which a ledger's column is read once, and kept
MOST = 2**24  # trials up to which it is read for what needs all of them together: 128 MB
READ = 2**20  # trials of a longer one that are read at a time
PIECE = 2**14  # trials in a piece: they and what is made of them stay in the cache


@dataclass(frozen=True, eq=False)
class Column:
    """One number a trial: `read(start, stop)` gives those of some trials, best asked for `step` of them at a time."""

    size: int
    read: Callable[[int, int], Array]
    step: int
    in_memory: bool = False

    def pieces(self, first: int = 0, stop: int | None = None) -> Iterator[Array]:
        """The numbers of trials first .. stop - 1, in order, a few thousand at a time.

        How they are cut does not depend on how they are read: sums are the same bits for an array and for any store.
        """
        last, rest = self.size if stop is None else stop, np.empty(0)
        while first < last:
            end = min(last, (first // self.step + 1) * self.step)  # where the chunks of a store end
            part = self.read(first, end)
            part = np.concatenate([rest, part]) if rest.size else part
            whole = part.size // PIECE * PIECE
            for inner in range(0, whole, PIECE):
                yield part[inner : inner + PIECE]
            first, rest = end, part[whole:]
        if rest.size:
            yield rest

    def mapped(self, function: Callable[[Array], Array]) -> Column:
        """A function of every number; at once where they are in memory."""
        if self.in_memory:
            return in_memory(function(self.read(0, self.size)))
        return replace(self, read=lambda start, stop: function(self.read(start, stop)))

    def first(self, size: int) -> Column:
        """The first trials alone."""
        return replace(self, size=size)

    def whole(self, purpose: str) -> Array:
        """All numbers in one array.

        Raises
        ------
        InputError
            If they are those of a ledger of more than 16 million trials.
        """
        if not self.in_memory and self.size > MOST:
            raise InputError(
                f"{purpose} needs all trials at once, and the ledger has {self.size}, more than {MOST}: if they fit in "
                "memory, pass the works as arrays (ledger['work'].values), with their temperature"
            )
        return self.read(0, self.size)


def in_memory(values: Array) -> Column:
    """The column that an array is."""
    return Column(values.size, lambda start, stop: values[start:stop], max(values.size, 1), in_memory=True)


def column_in_pieces(ledger: Any, name: str) -> Column:
    """One quantity of a ledger: read now where it is short, else in pieces whenever they are asked for.

    Raises
    ------
    InputError
        If the ledger does not hold it, as one number a trial.
    """
    if name not in ledger or ledger[name].ndim != 1 or ledger[name].size <= AT_ONCE:
        values = column(ledger, name)
        if values.ndim != 1:
            raise InputError(f"the ledger's {name} must hold one number a trial, got shape {values.shape}")
        return in_memory(values)
    kept, dim = ledger[[name]], ledger[name].dims[0]

    def read(start: int, stop: int) -> Array:
        return column(kept.isel({dim: slice(start, stop)}), name)

    return Column(kept[name].size, read, read_at_a_time(kept[name]))


def read_at_a_time(array: Any) -> int:
    """How many trials of a long DataArray to read together: whole chunks, where it is stored in chunks."""
    dim = array.dims[0]
    chunk = int(
        array.chunksizes[dim][0] if dim in array.chunksizes else array.encoding.get("preferred_chunks", {}).get(dim, 1)
    )
    return max(chunk, READ // chunk * chunk)


@dataclass(frozen=True)
class Moments:
    """How many numbers there are, their mean, and the sums of squares and cubes of their deviations from it."""

    n: int
    mean: float
    squares: float
    cubes: float = nan

    @property
    def variance(self) -> float:
        """Mean square of the deviations."""
        return self.squares / self.n

    @property
    def sample_variance(self) -> float:
        """The same over n - 1."""
        return self.squares / (self.n - 1)

    def mapped(self, slope: float, intercept: float) -> Moments:
        """Moments of slope x + intercept."""
        return Moments(self.n, slope * self.mean + intercept, slope**2 * self.squares, slope**3 * self.cubes)


def moments(values: Array, *, cubes: bool = False) -> Moments:
    """Of a piece, in two passes over it."""
    mean = float(values.sum()) / values.size
    centred = values - mean
    third = dot(centred * centred, centred) if cubes else nan
    return Moments(values.size, mean, dot(centred, centred), third)


def dot(one: Array, other: Array) -> float:
    """Sum of products, on this thread: a BLAS would wake others for a piece."""
    return float(np.einsum("i,i", one, other))


def merged(parts: Iterable[Moments]) -> Moments:
    """Moments of all pieces together: their means differ, and that counts too."""
    found = list(parts)
    if not found:
        return Moments(0, nan, nan)
    n, origin = sum(one.n for one in found), found[0].mean
    mean = origin + sum(one.n * (one.mean - origin) for one in found) / n
    squares, cubes = 0.0, 0.0
    for one in found:
        apart = one.mean - mean
        squares += one.squares + one.n * apart * apart
        cubes += one.cubes + 3 * apart * one.squares + one.n * apart * apart * apart
    return Moments(n, mean, squares, cubes)
