"""The works an estimator stands on: read from ledgers or arrays, and what one pass over them finds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isfinite, log, nan
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_choice, checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import ENERGY
from neurothermo.core.ledger import bath_temperature, check_has_energy, check_pair, is_ledger, start_of, works
from neurothermo.core.pieces import Column, Moments, column_in_pieces, in_memory, merged, moments
from neurothermo.core.resampling import quantile

DIRECTIONS = ("forward", "reverse")
ERRORS = ("asymptotic", "bootstrap")
_FIRST_LOOK = 2**12  # works a side that a first guess is made of


@dataclass(frozen=True)
class Part:
    """The lowest and the highest of some works, how many of them are NaN or infinite, and their moments."""

    low: float
    high: float
    bad: int
    moments: Moments


@dataclass(frozen=True)
class Summary:
    """What one pass finds: of all works, of each half where it is wanted, and every so many for a first look."""

    whole: Part
    halves: tuple[Part, ...]
    few: Array

    @property
    def mean(self) -> float:
        """Of all works."""
        return self.whole.moments.mean

    @property
    def variance(self) -> float:
        """Of all works, over n."""
        return self.whole.moments.variance

    @property
    def spread(self) -> float:
        """From the lowest to the highest."""
        return self.whole.high - self.whole.low

    @property
    def largest(self) -> float:
        """In size."""
        return max(abs(self.whole.low), abs(self.whole.high))


@dataclass(frozen=True, eq=False)
class Works:
    """Works of one process, one a trial; `stride` is from one to the next of the first look, 0 where none is wanted."""

    column: Column
    stride: int = 0
    in_halves: bool = False

    @property
    def size(self) -> int:
        """Number of trials."""
        return self.column.size

    @property
    def half(self) -> int:
        """Number of trials in the first half."""
        return self.size // 2

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """First trial and end of each half, where they are told apart, else of all."""
        return ((0, self.half), (self.half, self.size)) if self.in_halves else ((0, self.size),)

    @cached_property
    def summary(self) -> Summary:
        """Of all works, in one pass when it is first asked for."""
        few: list[Array] = []
        with np.errstate(all="ignore"):  # works beyond arithmetic are found out by their size
            parts = [self._part(start, stop, few) for start, stop in self.ranges]
        return Summary(_joined(parts), tuple(parts), np.concatenate(few) if few else np.empty(0))

    def _part(self, start: int, stop: int, few: list[Array]) -> Part:
        found = []
        for piece in self.column.pieces(start, stop):
            if self.stride:
                few.append(piece[-start % self.stride :: self.stride].copy())  # a view would keep all that was read
                start += piece.size
            found.append(_looked_at(piece))
        return _joined(found)


@dataclass(frozen=True, eq=False)
class Single:
    """Works of one process; `sign` is -1 where it is the reverse one, whose difference is -dF.

    `doubt` is what a ledger says against its own start in equilibrium.
    """

    works: Works
    temperature: float
    sign: float
    doubt: str = ""


@dataclass(frozen=True, eq=False)
class Pair:
    """Works of a forward process and of its reverse, each with the sign of its own process."""

    forward: Works
    reverse: Works
    temperature: float
    doubt: str = ""

    @property
    def log_ratio(self) -> float:
        """M = ln(n_F / n_R)."""
        return log(self.forward.size / self.reverse.size)

    @property
    def n(self) -> tuple[int, int]:
        """Number of trials on each side."""
        return self.forward.size, self.reverse.size

    def whole(self, purpose: str) -> tuple[Array, Array]:
        """All works of both sides in memory.

        Raises
        ------
        InputError
            If a ledger holds too many.
        """
        return self.forward.column.whole(purpose), self.reverse.column.whole(purpose)


def read_single(work: Any, temperature: Any, direction: str | None) -> Single:
    """One sample; temperature and direction from the ledger, or given.

    Raises
    ------
    InputError
        If there are no works, the temperature is missing or contradicted, or so is the direction.
    """
    said = work.attrs.get("direction") if is_ledger(work) else None
    if direction is not None:
        checked_choice(direction, "direction", DIRECTIONS)
        if said in DIRECTIONS and said != direction:
            raise InputError(f"direction is {direction!r}, but the ledger's direction is {said!r}")
    sign = -1.0 if (direction or said) == "reverse" else 1.0
    check_has_energy(work)
    column = _trials(work, "work")
    return Single(Works(column, in_halves=True), bath_temperature(work, temperature=temperature), sign, start_of(work))


def read_pair(forward: Any, reverse: Any, temperature: Any) -> Pair:
    """Both samples at one temperature.

    Raises
    ------
    InputError
        If a side has no works, the temperatures are missing or differ, or `reverse` is not the reverse.
    """
    check_pair(forward, reverse)
    check_has_energy(forward, reverse)
    heat_bath = bath_temperature(forward, reverse, temperature=temperature)
    doubt = start_of(forward) or start_of(reverse)
    one, other = _trials(forward, "forward"), _trials(reverse, "reverse")
    stride = max(1, max(one.size, other.size) // _FIRST_LOOK)
    return Pair(Works(one, stride), Works(other, stride), heat_bath, doubt)


def check_errors(errors: str, resamples: int, seed: int) -> None:
    """The options of the error bar, those of the bootstrap too where it is not asked for.

    Raises
    ------
    InputError
        If one of them is not what it must be.
    """
    checked_choice(errors, "errors", ERRORS)
    checked_count(resamples, "resamples", least=2)
    checked_count(seed, "seed", least=0)


def described(sample: Single | Pair, method: str, confidence: float) -> dict[str, Any]:
    """What every estimate from these works says about itself."""
    backwards = isinstance(sample, Single) and sample.sign < 0
    quantile(checked_fraction(confidence, "confidence"))
    return {
        "method": f"{method}, reverse works" if backwards else method,
        "n": sample.n if isinstance(sample, Pair) else sample.works.size,
        "units": ENERGY,
        "temperature": sample.temperature,
        "confidence": float(confidence),
    }


def _trials(data: Any, name: str) -> Column:
    column = column_in_pieces(data, "work") if is_ledger(data) else in_memory(works(data, name))
    if column.size == 0:
        raise InputError(f"{name} must hold one work a trial, shape (trials,), got shape (0,)")
    return column


def _looked_at(piece: Array) -> Part:
    low, high = float(piece.min()), float(piece.max())
    bad = 0 if isfinite(low) and isfinite(high) else int(np.sum(~np.isfinite(piece)))
    return Part(low, high, bad, moments(piece))


def _joined(parts: list[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    filled = [part for part in parts if part.moments.n]
    if not filled:
        return Part(nan, nan, 0, Moments(0, nan, nan))
    return Part(
        min(part.low for part in filled),
        max(part.high for part in filled),
        sum(part.bad for part in filled),
        merged(part.moments for part in filled),
    )
