"""A task: some trials of one point, run by itself in whatever process, the same bits in any."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import parent_process
from threading import Lock
from time import perf_counter
from typing import Any

from neurothermo.core.errors import InputError
from neurothermo.core.machine import available_cores, one_blas_thread
from neurothermo.ensemble.long_steps import warn_of_long_steps
from neurothermo.ensemble.prepared import Prepared, prepared

KEPT = 4  # prepared runs that a process remembers: preparing may take a burn-in
POSITIONAL = ("system", "protocol", "rule")
GIVEN_BY_SCAN = ("trials", "seed", "record", "every", "first_trial", "chunk", "progress", "threads")
_ONE_AT_A_TIME = Lock()  # kernels have threads of their own, and warnings are caught for the whole process


@dataclass(frozen=True)
class Task:
    """Trials start .. stop - 1 of a point of the grid."""

    point: int
    start: int
    stop: int


@dataclass(frozen=True)
class Job:
    """A task and all that a worker must know: `word` is the digest of its run.

    `recipe` is a `Recipe`, or one pickled for another process.
    """

    task: Task
    recipe: Recipe | bytes
    parameters: tuple[tuple[str, Any], ...]
    direction: str
    word: str
    threads: int | None


@dataclass(frozen=True)
class Outcome:
    """What a task gave: columns as (dimensions, values, attributes), the ledger's attributes, and how it went."""

    columns: dict[str, tuple[tuple[str, ...], Any, dict[str, Any]]]
    times: Any
    attributes: dict[str, Any]
    seconds: float
    warnings: tuple[str, ...]
    where: str


@dataclass(frozen=True, eq=False)
class Recipe:
    """From parameters to a prepared run."""

    build: Callable[..., Any]
    options: dict[str, Any]
    trials: int

    def run(self, parameters: dict[str, Any], direction: str, threads: int | None = None) -> Prepared:
        """The run of a point, or of its time reverse; nothing is simulated yet.

        Raises
        ------
        InputError
            If what `build` gives are not arguments of `simulate`.
        """
        given = self.build(**parameters)
        if not _is_mapping(given):
            raise InputError(f"build must return the arguments of simulate as a mapping, got {type(given).__name__}")
        arguments = {**self.options, **given}
        for name in GIVEN_BY_SCAN:
            if name in given:
                raise InputError(f"build must not return {name!r}: it is the scan's to say")
        for name in ("system", "protocol"):
            if name not in arguments:
                raise InputError(f"build must return the arguments of simulate, and {name!r} is not among them")
        system, protocol, rule = (arguments.pop(name, None) for name in POSITIONAL)
        try:
            run = prepared(system, protocol, rule, **arguments, trials=self.trials, threads=threads)
        except TypeError as error:
            raise InputError(f"build must return the arguments of simulate: {error}") from None
        if direction == "forward":
            return run
        return self._reversed(run, system, arguments, threads)

    def _reversed(self, run: Prepared, system: Any, arguments: dict[str, Any], threads: int | None) -> Prepared:
        if run.answer is not None:
            raise InputError("both=True: an experiment with feedback has no one reverse")
        if not (run.initial is None or isinstance(run.initial, str)):
            raise InputError("both=True: given states cannot start the reverse as well; initial must be a name")
        back = None if run.plan.rule is None else run.plan.rule.reversed()
        return prepared(system, run.plan.protocol.reversed(), back, **arguments, trials=self.trials, threads=threads)


def _is_mapping(given: Any) -> bool:
    """Whether it can be unpacked as keyword arguments."""
    return isinstance(given, Mapping) and all(isinstance(name, str) for name in given)


def perform(job: Job) -> Outcome:
    """Run a task in this process.

    Raises
    ------
    InputError
        If an argument is wrong, or `build` gives another experiment here than where the scan was started.
    """
    # on one BLAS thread throughout: `build`, and what a ledger says of its system, may hold much algebra too
    with _ONE_AT_A_TIME, one_blas_thread(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = _prepared(job.recipe, job.parameters, job.direction, job.threads or _cores_of_worker())
        if run.word != job.word:
            raise InputError(f"build must give the same experiment each time: at {job.parameters} it gave another one")
        started = perf_counter()
        ledger = run.ledger(job.task.start, job.task.stop - job.task.start, progress=False)
        seconds = perf_counter() - started
    columns = {
        str(name): (tuple(map(str, variable.dims)), variable.values, dict(variable.attrs))
        for name, variable in ledger.data_vars.items()
    }
    times = ledger["time"].values if "time" in ledger.coords else None
    said = tuple(dict.fromkeys(str(one.message) for one in caught))
    return Outcome(columns, times, dict(ledger.attrs), seconds, said, f"{socket.gethostname()}:{os.getpid()}")


@lru_cache(KEPT)
def _prepared(
    recipe: Recipe | bytes, parameters: tuple[tuple[str, Any], ...], direction: str, threads: int
) -> Prepared:
    """A run made ready once in a process, its burn-in measured."""
    if isinstance(recipe, bytes):
        import cloudpickle

        made: Recipe = cloudpickle.loads(recipe)
    else:
        made = recipe
    run = made.run(dict(parameters), direction, threads)
    warn_of_long_steps(run.plan, run.law, run.numbers)
    return run


def _cores_of_worker() -> int:
    """What a worker of a cluster was given; of other processes that were started to share work, one; else all."""
    from distributed import get_worker

    try:
        return int(get_worker().state.nthreads)
    except ValueError:
        return available_cores() if parent_process() is None else 1
