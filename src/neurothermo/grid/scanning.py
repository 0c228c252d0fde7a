"""scan(): many points of an experiment, each with many trials, on one process or on a cluster, kept as it goes."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neurothermo.core.checks import checked_count, checked_flag, shown
from neurothermo.core.errors import InputError
from neurothermo.core.plain import plain
from neurothermo.core.progress import progress as progress_bar
from neurothermo.core.version import __version__
from neurothermo.grid.adaptive import Rounds, checked_rounds
from neurothermo.grid.axes import Grid, checked_grid
from neurothermo.grid.cutting import block_of, chunk_of
from neurothermo.grid.engines import Engine, Here, engine, needed
from neurothermo.grid.lazily import lazy_dataset
from neurothermo.grid.reading import open_scan
from neurothermo.grid.shelf import Memory, Shelf
from neurothermo.grid.store import finish, opened_store
from neurothermo.grid.tasks import Job, Recipe, Task

Tell = Callable[[str], None]
MOST_IN_MEMORY = 8 * 2**30  # bytes of a result without a store


def scan(
    build: Callable[..., Any],
    axes: Any,
    *,
    trials: int = 1000,
    seed: int = 0,
    table: bool = False,
    both: bool = False,
    store: Any = None,
    lazy: bool = False,
    until: Any = None,
    budget: Any = None,
    workers: int | None = None,
    client: Any = None,
    scheduler: str | None = None,
    chunk: int | None = None,
    threads: int | None = None,
    record: Any = (),
    every: int = 1,
    progress: bool | None = None,
    tell: Tell | None = None,
    **options: Any,
) -> Any:
    """Simulate every point of a grid of parameters; trial r of a point is the same bits however the work is done.

    Parameters
    ----------
    build : function of the parameters
        Gives the arguments of `simulate` as a mapping: system, protocol, and what else differs between points. It is
        called in every process that runs a task, and must give the same experiment each time.
    axes : mapping of parameter names to lists of numbers or of words
        Every combination is a point; with `table`, the lists are columns and every row is one.
    trials : int
        Of each point; with `until`, at most.
    seed : int
        Different points are different runs: their numbers are independent under one seed (`stream=` shares them).
    table : bool
    both : bool
        Each point's time reverse too, along a dimension `direction`: `bar` needs it.
    store : path, optional
        A Zarr store to keep every task in as it ends. Where there is one already, of the same configuration, what it
        holds is kept and the rest is run.
    lazy : bool
        With a store: the result's arrays are read when they are used. Without: they are Dask arrays, and tasks run
        when they are computed, by Dask's own scheduler.
    until : mapping, optional
        ``{"estimator": name or function of a ledger, "stderr": x}``: chunks of trials are added to each point until
        the standard error is at most x. With `both`, a function is given two ledgers.
    budget : mapping, optional
        ``{"trials": n}`` over all points, or ``{"seconds": s}``: no new round of chunks is begun beyond it.
    workers : int, optional
        So many processes on this machine (distributed.LocalCluster). Default: this process, on all its cores.
    client : distributed.Client, optional
    scheduler : str, optional
        Address of a running scheduler, such as "tcp://host:8786".
    chunk : int, optional
        Trials a task, rounded up to the blocks that trials are moved in. Default: about three seconds' worth,
        measured. It changes no bit.
    threads : int, optional
        Of a task's kernels. Default: this process's cores, over the workers; a cluster's workers have their own.
    record, every
        As in `simulate`.
    progress : bool, optional
        Default: a bar on a terminal, silence elsewhere.
    tell : function of a sentence, optional
        What is told of the way: an earlier run that was cut short, chunks found damaged. Default: a warning for
        damaged chunks, silence for the rest.
    **options
        Arguments of `simulate` that all points share.

    Returns
    -------
    xarray.Dataset
        The variables of the ledger over (parameters ..., trial), NaN where no trial was run; the parameters are
        coordinates, and a trial's place is its number. `attrs["runs"]` holds each point's attributes as JSON, and
        how many trials it has.

    Raises
    ------
    InputError
        If an argument is not what it must be, a library is missing, the store is another scan's or in use.
    OSError
        If the disk is full or the scheduler is lost; what is stored stays.
    """
    grid = checked_grid(axes, table, both)
    trials = checked_count(trials, "trials")
    seed = checked_count(seed, "seed", least=0)
    threads = None if threads is None else checked_count(threads, "threads")
    if not callable(build):
        raise InputError(f"build must be a function of the parameters, got {shown(build)}")
    recipe = Recipe(build, {**options, "seed": seed, "record": record, "every": every}, trials)
    runs = [recipe.run(parameters, direction) for parameters, direction in grid.points()]
    rounds = checked_rounds(until, budget, grid, trials)
    asked = {
        "axes": grid.values, "table": grid.table, "both": grid.both, "dims": grid.dims, "trials": trials, "seed": seed,
        "record": runs[0].checked_records(1).names, "every": every, "until": rounds.said,
        "runs": [run.word for run in runs], "versions": versions(),
    }  # fmt: skip
    block, costs = block_of(runs), [run.cost for run in runs]
    jobs = _Jobs(recipe, recipe, grid.points(), tuple(run.word for run in runs), threads)
    if checked_flag(lazy, "lazy") and store is None:
        if until is not None:
            raise InputError("until needs trials to be run, and lazy=True without a store runs none")
        needed("dask", "a lazy scan")
        jobs = jobs.pickled(threads)
        size = chunk_of(chunk, block, trials, 1, costs, jobs.first)
        return lazy_dataset(jobs, grid, trials, size, asked)
    with engine(workers, client, scheduler, threads) as crew:
        jobs = jobs.for_crew(crew)

        def cut() -> int:
            return chunk_of(chunk, block, trials, crew.workers(), costs, jobs.first)

        with _shelf(store, grid, trials, asked, cut, runs) as (shelf, size, sentence):
            if sentence and tell:
                tell(sentence)
            counts = _run(shelf, rounds.with_chunk(size, shelf), jobs, crew, progress, tell)
            about = {"configuration": json.dumps(plain({**asked, "chunk": size}), default=repr),
                     "runs": runs_text(shelf, grid, counts)}  # fmt: skip
            if isinstance(shelf, Memory):
                return shelf.dataset(about, max(counts))
            finish(Path(store), about)
    found = open_scan(store)
    return found if lazy else found.load()


@dataclass(frozen=True, eq=False)
class _Jobs:
    """From tasks to jobs: `sent` is the recipe as workers get it."""

    recipe: Recipe
    sent: Recipe | bytes
    points: list[tuple[dict[str, Any], str]]
    words: tuple[str, ...]
    threads: int | None

    def of(self, task: Task) -> Job:
        """For a worker."""
        parameters, direction = self.points[task.point]
        return Job(task, self.sent, tuple(parameters.items()), direction, self.words[task.point], self.threads)

    def first(self, point: int) -> Job:
        """A trial of a point, for this process."""
        return replace(self.of(Task(point, 0, 1)), recipe=self.recipe)

    def pickled(self, threads: int | None) -> _Jobs:
        """For other processes."""
        import cloudpickle

        return replace(self, sent=cloudpickle.dumps(self.recipe), threads=threads)

    def for_crew(self, crew: Engine) -> _Jobs:
        """With the recipe pickled, where other processes run the tasks."""
        return replace(self, threads=crew.threads) if isinstance(crew, Here) else self.pickled(crew.threads)


def versions() -> dict[str, str]:
    """What the bits of a result depend on."""
    from importlib.metadata import version

    return {"neurothermo": __version__, **{name: version(name) for name in ("numpy", "scipy", "numba")}}


def runs_text(shelf: Shelf, grid: Grid, counts: list[int]) -> str:
    """What `ledgers` reads of every point: the attributes of its ledger, its variables, its number of trials."""
    found = [
        {**shelf.attributes(point), "trials": count, "variables": list(shelf.variables(point, 0, 0))}
        for point, count in zip(range(grid.size), counts, strict=True)
    ]
    return json.dumps(plain(found), default=repr)


@contextmanager
def _shelf(
    store: Any, grid: Grid, trials: int, asked: dict[str, Any], cut: Callable[[], int], runs: list[Any]
) -> Iterator[tuple[Any, int, str]]:
    """Where numbers are kept, and how many trials a task has there."""
    if store is None:
        if grid.size * trials * 7 * 8 > MOST_IN_MEMORY:
            raise InputError(
                f"{grid.size} points of {trials:.0e} trials do not fit in memory: give store=, and lazy=True"
            )
        runs[0].checked_records(grid.size * trials)
        yield Memory(grid, trials), cut(), ""
        return
    if not isinstance(store, str | os.PathLike):
        raise InputError(f"store must be a path on a disk that this process can write to, got {shown(store)}")
    with opened_store(Path(store), grid, trials, asked, cut) as (opened, sentence):
        yield opened, opened.chunk, sentence


def _run(shelf: Shelf, rounds: Rounds, jobs: _Jobs, crew: Engine, show: bool | None, tell: Tell | None) -> list[int]:
    """Every round of tasks that is not on the shelf yet; how many trials each point has at the end."""
    said: set[str] = set()
    with progress_bar("scanning", rounds.most, show, "trials") as advance:
        for tasks in rounds:
            left = []
            for task in tasks:
                if shelf.holds(task):
                    advance(task.stop - task.start, before=True)
                else:
                    left.append(task)
            damaged = sum(shelf.begun(task) for task in left)
            if damaged:
                (tell or _warn)(f"{damaged} stored tasks are damaged or missing, and are run again")
            for job, outcome in crew.outcomes([jobs.of(task) for task in left]):
                shelf.put(job.task, outcome)
                advance(job.task.stop - job.task.start)
                for sentence in outcome.warnings:
                    if sentence not in said:
                        said.add(sentence)
                        warnings.warn(sentence, stacklevel=3)
    return rounds.counts


def _warn(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=4)
