"""Rounds of tasks: all trials at once, or chunk after chunk until the standard error is what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import ceil, isfinite
from time import monotonic
from typing import Any

from neurothermo.core.checks import checked_choice, checked_count, checked_number, shown
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.grid.axes import Grid
from neurothermo.grid.cutting import tasks_of
from neurothermo.grid.estimators import ESTIMATORS, TWO_SIDED
from neurothermo.grid.shelf import Shelf, ledger_of
from neurothermo.grid.tasks import Task

GROWTH = 4  # times as many trials from one round to the next, at most: early errors are themselves uncertain
MARGIN = 1.05
MOST_ROUNDS = 200


@dataclass(frozen=True, eq=False)
class Rounds:
    """Which tasks come next.

    A round ends before the next is chosen, and the choice looks at trials 0 .. n - 1 alone: it is the same whoever ran
    them and in whatever order they ended. `counts` holds the trials of each point so far.
    """

    grid: Grid
    trials: int
    estimator: Callable[..., Estimate] | None
    stderr: float
    most_trials: float
    seconds: float
    said: Any
    chunk: int = 0
    shelf: Shelf | None = None
    counts: list[int] = field(default_factory=list)

    @property
    def most(self) -> float:
        """Trials of all points, at most."""
        return min(float(self.trials * self.grid.size), self.most_trials)

    def with_chunk(self, chunk: int, shelf: Shelf) -> Rounds:
        """Ready to go."""
        return replace(self, chunk=chunk, shelf=shelf, counts=[0] * self.grid.size)

    def __iter__(self) -> Iterator[list[Task]]:
        if self.estimator is None:
            self.counts[:] = [self.trials] * self.grid.size
            every = (tasks_of(point, 0, self.trials, self.chunk) for point in range(self.grid.size))
            yield [task for tasks in every for task in tasks]
            return
        started = monotonic()
        wanted = [min(self.chunk, self.trials)] * self.grid.size
        for _ in range(MOST_ROUNDS):
            tasks = self._next(wanted)
            if not tasks:
                return
            yield tasks
            if monotonic() - started > self.seconds:
                return
            wanted = self._wanted(wanted)

    def _next(self, wanted: list[int]) -> list[Task]:
        """The tasks of a round, point by point while the budget lasts."""
        tasks: list[Task] = []
        for point, count in enumerate(wanted):
            left = self.most_trials - sum(self.counts)
            room = self.counts[point] + (int(left) // self.chunk * self.chunk if isfinite(left) else self.trials)
            stop = min(count, room if room < self.trials else self.trials)
            if stop > self.counts[point]:
                tasks += tasks_of(point, self.counts[point], stop, self.chunk)
                self.counts[point] = stop
        return tasks

    def _wanted(self, before: list[int]) -> list[int]:
        """How many trials each point should have, by its error so far; both directions of a point go together."""
        found = list(before)
        sides = 2 if self.grid.both else 1
        for first in range(0, self.grid.size, sides):
            count = min(self.counts[first : first + sides])
            if count >= self.trials or count == 0:
                continue
            assert self.shelf is not None and self.estimator is not None
            ledgers = [ledger_of(self.shelf, point, 0, count) for point in range(first, first + sides)]
            error = self.estimator(*ledgers).stderr
            if isfinite(error) and error <= self.stderr:
                continue
            grown = GROWTH * count if not isfinite(error) else MARGIN * count * (error / self.stderr) ** 2
            chunks = max(count // self.chunk + 1, ceil(min(grown, GROWTH * count) / self.chunk))
            found[first : first + sides] = [min(chunks * self.chunk, self.trials)] * sides
        return found


def checked_rounds(until: Any, budget: Any, grid: Grid, trials: int) -> Rounds:
    """What `until` and `budget` ask for.

    Raises
    ------
    InputError
        If a key is missing or unknown, or a value is not what it must be.
    """
    if until is None:
        if budget is not None:
            raise InputError("budget belongs to until=: without it every point has `trials` trials")
        return Rounds(grid, trials, None, 0.0, float("inf"), float("inf"), None)
    if not isinstance(until, Mapping) or set(until) != {"estimator", "stderr"}:
        raise InputError(f"until must be a mapping with the keys estimator and stderr, got {shown(until)}")
    stderr = checked_number(until["stderr"], "until: stderr")
    if not stderr > 0:
        raise InputError(f"until: stderr must be positive, got {stderr:g}")
    given = until["estimator"]
    if callable(given):
        estimator, name = _checked_answers(given), getattr(given, "__qualname__", repr(given))
    else:
        name = checked_choice(given, "until: estimator", tuple(ESTIMATORS))
        if name in TWO_SIDED and not grid.both:
            raise InputError(f"until: {name} needs the reverse process too: both=True")
        estimator = ESTIMATORS[name]
    most, seconds = _checked_budget(budget)
    said = {"estimator": name, "stderr": stderr, "budget": None if most == float("inf") else most}
    return Rounds(grid, trials, estimator, stderr, most, seconds, said)


def _checked_budget(budget: Any) -> tuple[float, float]:
    if budget is None:
        return float("inf"), float("inf")
    if not isinstance(budget, Mapping) or not budget or not set(budget) <= {"trials", "seconds"}:
        raise InputError(
            f'budget must be a mapping such as {{"trials": 10**6}} or {{"seconds": 600}}, got {shown(budget)}'
        )
    most = checked_count(budget["trials"], "budget: trials") if "trials" in budget else float("inf")
    seconds = checked_number(budget["seconds"], "budget: seconds") if "seconds" in budget else float("inf")
    if not seconds > 0:
        raise InputError(f"budget: seconds must be positive, got {seconds:g}")
    return float(most), float(seconds)


def _checked_answers(given: Callable[..., Any]) -> Callable[..., Estimate]:
    def asked(*ledgers: Any) -> Estimate:
        answer = given(*ledgers)
        if not isinstance(answer, Estimate):
            raise InputError(f"until: estimator must give an Estimate, got {type(answer).__name__}")
        return answer

    return asked
