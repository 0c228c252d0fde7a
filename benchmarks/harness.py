"""Timing rivals side by side: rounds in which each runs once, and ratios taken within a round.

A contender is something that can be run and says what it cost. All contenders of a comparison take turns, so
that whatever else the machine does disturbs them alike; the ratio of two is the median, over the rounds, of the
ratio within a round. The first turn of each is not counted: what it took beyond a later turn is compilation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

PAUSE = 0.02  # seconds after a turn, for threads that spin before they sleep


@dataclass(frozen=True)
class Cost:
    """Seconds: `core` is processor time summed over threads, `wall` is what the clock says."""

    core: float
    wall: float


@dataclass(frozen=True)
class Contender:
    """`measure` runs once and returns its cost; `work` is how much was done, in units that rivals share."""

    name: str
    measure: Callable[[], Cost]
    work: float = 1.0


@dataclass(frozen=True)
class Sample:
    """What a contender's turns cost a unit of work; `first` is the whole first turn beyond a later one."""

    name: str
    core: tuple[float, ...]
    wall: tuple[float, ...]
    first: Cost = Cost(0.0, 0.0)

    def of(self, clock: str) -> np.ndarray:
        """The costs by one clock, "core" or "wall", one a round."""
        return np.array(getattr(self, clock))


def timed(run: Callable[[], Any]) -> Cost:
    """What one call in this process costs, all its threads included."""
    core, wall = time.process_time(), time.perf_counter()
    run()
    return Cost(time.process_time() - core, time.perf_counter() - wall)


def here(name: str, run: Callable[[], Any], work: float = 1.0) -> Contender:
    """A contender that is a function of this process."""
    return Contender(name, lambda: timed(run), work)


def interleave(contenders: Sequence[Contender], rounds: int, pause: float = PAUSE) -> dict[str, Sample]:
    """One uncounted turn of each contender, then `rounds` rounds of one turn each; their samples by name."""
    turns: dict[str, list[Cost]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds + 1):
        for contender in contenders:
            turns[contender.name].append(contender.measure())
            time.sleep(pause)
    return {contender.name: _sample(contender, turns[contender.name]) for contender in contenders}


def _sample(contender: Contender, turns: list[Cost]) -> Sample:
    core, wall = (np.array([getattr(turn, clock) for turn in turns]) for clock in ("core", "wall"))
    first = Cost(*(max(0.0, float(clock[0] - np.median(clock[1:]))) for clock in (core, wall)))
    each = [tuple(float(cost) for cost in clock[1:] / contender.work) for clock in (core, wall)]
    return Sample(contender.name, each[0], each[1], first)


@dataclass(frozen=True)
class Spread:
    """A median and its quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Any) -> Spread:
        """Of these values."""
        low, median, high = (float(q) for q in np.quantile(np.asarray(values, float), [0.25, 0.5, 0.75]))
        return cls(median, low, high)


def ratio(one: Sample, other: Sample, clock: str = "core") -> Spread:
    """Cost of `one` over cost of `other`, round by round."""
    return Spread.of(one.of(clock) / other.of(clock))


@dataclass(frozen=True)
class Ask:
    """A number to reach: `relation` is "at most" or "at least"; `number` in the units of `unit`."""

    relation: str
    number: float
    unit: str

    def reached(self, measured: float) -> bool:
        """Whether a measured number is on the right side (NaN is not)."""
        return measured <= self.number if self.relation == "at most" else measured >= self.number

    def __str__(self) -> str:
        return f"{self.relation} {self.number:g} {self.unit}".strip()
