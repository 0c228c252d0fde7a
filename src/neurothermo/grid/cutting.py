"""How many trials a task has: some seconds' worth, a multiple of the blocks that trials are moved in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import lcm
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_count
from neurothermo.core.errors import InputError
from neurothermo.grid.tasks import Job, Task, perform

SECONDS = 3.0  # of a task at the mean of the points: long beside the cost of handing it out, short to lose
LONGEST = 60.0  # at the slowest point
STORING = 0.04  # seconds to hand out a task, take an outcome and store it: one process does so for all workers,
BUSY = 0.5  # and should be busy for half of its time at most, with however many workers
SHARES = 4  # tasks for each worker at least, so that none waits long for the last one
LONG_ENOUGH = 0.3  # seconds, for a rate to be known
GROWTH = 4  # times as many trials until then
MOST = 2**19  # trials a task
MOST_COLUMNS_BYTES = 2**27  # of what a task sends back


def block_of(runs: list[Any]) -> int:
    """The least number of trials that is a multiple of every run's block."""
    found = lcm(*{run.block for run in runs})
    if found > MOST:
        raise InputError(f"scan: the points' blocks of trials have no common multiple below {MOST}; scan them apart")
    return found


def chunk_of(
    chunk: Any, block: int, trials: int, workers: int, costs: Sequence[float], job_of: Callable[[int], Job]
) -> int:
    """Trials a task: what is asked for, rounded up to blocks, or `SECONDS` by runs that are measured.

    All points have one size of task, as all chunks of an array have one shape. `costs`, one a point and in a unit of
    their own, say which points to measure: the cheapest and the costliest.
    """
    most = -(-trials // block) * block
    if chunk is not None:
        return min(-(-checked_count(chunk, "chunk") // block) * block, most)
    given = np.asarray(costs, dtype=np.float64)
    low, high = int(given.argmin()), int(given.argmax())
    slowest, size = _measured(job_of(high), block, trials)
    if given[high] < 1.5 * given[low]:
        mean = slowest
    else:
        fastest, _ = _measured(job_of(low), block, trials)
        slope = max(slowest - fastest, 0.0) / (given[high] - given[low])
        mean = fastest + slope * float(given.mean() - given[low])
    long_enough = max(SECONDS, workers * STORING / BUSY)
    wanted = min(long_enough / mean, max(LONGEST, long_enough) / slowest, MOST_COLUMNS_BYTES / size, MOST)
    if workers > 1:
        wanted = min(wanted, trials * given.size / (SHARES * workers))
    tasks = -(-most // min(max(block, int(wanted) // block * block), most))
    return -(-most // tasks // block) * block  # so that the last one is no crumb


def _measured(job: Job, block: int, trials: int) -> tuple[float, float]:
    """Seconds and bytes a trial, from a run that is long enough to be timed."""
    count = min(block, trials)
    perform(_with_trials(job, count))  # compiles
    while True:
        outcome = perform(_with_trials(job, count))
        if outcome.seconds > LONG_ENOUGH or count * GROWTH > min(trials, MOST):
            break
        count = count * GROWTH
    size = sum(values.nbytes for _, values, _ in outcome.columns.values())
    return max(outcome.seconds / count, 1e-9), size / count


def _with_trials(job: Job, count: int) -> Job:
    return replace(job, task=Task(job.task.point, 0, count), threads=job.threads or 1)


def tasks_of(point: int, start: int, stop: int, chunk: int) -> list[Task]:
    """Trials start .. stop - 1 of a point, cut at multiples of `chunk`."""
    return [Task(point, first, min(first + chunk, stop)) for first in range(start, stop, chunk)]
