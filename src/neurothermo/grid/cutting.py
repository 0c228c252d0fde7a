"""How many trials a task has: some seconds' worth, a multiple of the blocks that trials are moved in."""

from __future__ import annotations

from dataclasses import replace
from math import lcm
from typing import Any

from neurothermo.core.checks import checked_count
from neurothermo.core.errors import InputError
from neurothermo.grid.tasks import Job, Task, perform

SECONDS = 3.0  # of a task: long beside the cost of handing it out, short beside what a killed worker loses
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


def chunk_of(chunk: Any, block: int, trials: int, points: int, workers: int, job: Job) -> int:
    """Trials a task: what is asked for, rounded up to blocks, or `SECONDS` by a run that is measured."""
    most = -(-trials // block) * block
    if chunk is not None:
        return min(-(-checked_count(chunk, "chunk") // block) * block, most)
    count, seconds = min(block, trials), 0.0
    outcome = perform(_with_trials(job, count))  # compiles
    while True:
        outcome = perform(_with_trials(job, count))
        seconds = outcome.seconds
        if seconds > LONG_ENOUGH or count * GROWTH > min(trials, MOST):
            break
        count = count * GROWTH
    size = sum(values.nbytes for _, values, _ in outcome.columns.values()) / count
    wanted = min(SECONDS / max(seconds / count, 1e-9), MOST_COLUMNS_BYTES / size, MOST)
    if workers > 1:
        wanted = min(wanted, trials * points / (SHARES * workers))
    return min(max(block, int(wanted) // block * block), most)


def _with_trials(job: Job, count: int) -> Job:
    return replace(job, task=Task(job.task.point, 0, count), threads=job.threads or 1)


def tasks_of(point: int, start: int, stop: int, chunk: int) -> list[Task]:
    """Trials start .. stop - 1 of a point, cut at multiples of `chunk`."""
    return [Task(point, first, min(first + chunk, stop)) for first in range(start, stop, chunk)]
