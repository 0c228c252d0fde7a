"""Who runs the tasks: this process, or the workers of a Dask cluster."""

from __future__ import annotations

import logging
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from time import monotonic
from typing import Any, Protocol

from neurothermo.core.checks import checked_count
from neurothermo.core.errors import InputError
from neurothermo.core.machine import available_cores
from neurothermo.grid.tasks import Job, Outcome, perform

LEAVE_CONTROL_C = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)"  # what a worker runs as it starts
ASK_AGAIN = 1.0  # seconds between two looks at which workers there are: they come and go
MISSING = "{what} needs {module}: pip install 'neurothermo[scale]'"


class Engine(Protocol):
    """Takes jobs, gives outcomes in whatever order they end."""

    @property
    def threads(self) -> int | None:
        """Of a task's kernels; None where a worker has its own."""
        ...

    def workers(self) -> int:
        """How many tasks run at once."""
        ...

    def outcomes(self, jobs: list[Job]) -> Iterator[tuple[Job, Outcome]]:
        """Run them all, jobs of one recipe, a few at a time."""
        ...


@dataclass(frozen=True)
class Here:
    """This process, one task after another, each on all its cores."""

    threads: int | None

    def workers(self) -> int:
        """One."""
        return 1

    def outcomes(self, jobs: list[Job]) -> Iterator[tuple[Job, Outcome]]:
        """In the order given."""
        for job in jobs:
            yield job, perform(job)


@dataclass(frozen=True, eq=False)
class Cluster:
    """The workers of a distributed.Client; a task whose worker dies is run again by another."""

    client: Any
    threads: int | None

    def workers(self) -> int:
        """As many as there are now."""
        return max(1, len(self.client.nthreads()))

    def outcomes(self, jobs: list[Job]) -> Iterator[tuple[Job, Outcome]]:
        """One for each worker under way at a time, so that whoever is killed costs one task a worker at most.

        A worker waits while its outcome is stored: some milliseconds beside a task's seconds.
        """
        from distributed import CancelledError, as_completed
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker

        waiting = deque(jobs)
        under_way: dict[Any, tuple[Job, Any]] = {}
        recipe = self._sent(jobs[0].recipe) if jobs else None
        addresses, asked = [], -inf
        try:
            done = as_completed()
            while waiting or under_way:
                if monotonic() - asked > ASK_AGAIN:
                    addresses, asked = list(self.client.nthreads()), monotonic()
                for address in idle(addresses, [place for _, place in under_way.values()])[: len(waiting)]:
                    job = waiting.popleft()
                    future = self.client.submit(
                        _perform, recipe, replace(job, recipe=b""), pure=False, retries=0,
                        workers=address, allow_other_workers=address is not None,  # else all go where the recipe is
                    )  # fmt: skip
                    under_way[future] = job, address
                    done.add(future)
                future = next(done)
                outcome = future.result()
                job, _ = under_way.pop(future)
                future.release()
                yield job, outcome
        except KilledWorker:
            raise InputError(
                "scan: a task lost its worker again and again, from too little memory perhaps; ask for a smaller chunk"
            ) from None
        except (CancelledError, CommClosedError, TimeoutError) as error:
            raise ConnectionError(
                "the scheduler was lost; what is stored stays, and the same command continues from there"
            ) from error
        finally:
            for future in under_way:
                future.release()

    def _sent(self, recipe: Any) -> Any:
        """The recipe on its way to the workers, once for all tasks: it holds couplings, maybe of many megabytes.

        It is the outcome of a task of its own, so that it is made again where the worker that held it dies.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")
            return self.client.submit(bytes, recipe, pure=False)


def idle(addresses: list[str], busy: list[Any]) -> list[Any]:
    """Workers without a task, as long as there are fewer tasks than workers; [None], whoever comes, before any has."""
    if not addresses:
        return [] if busy else [None]
    taken = set(busy)
    free = [address for address in addresses if address not in taken]
    return free[: max(len(addresses) - len(busy), 0)]


def _perform(recipe: bytes, job: Job) -> Outcome:
    return perform(replace(job, recipe=recipe))


@contextmanager
def engine(workers: Any, client: Any, scheduler: Any, threads: int | None) -> Iterator[Engine]:
    """The engine that the arguments of `scan` name; a cluster that it starts is closed at the end.

    Raises
    ------
    InputError
        If more than one of them is given, distributed is missing, or no scheduler answers.
    """
    if sum(one is not None for one in (workers, client, scheduler)) > 1:
        raise InputError("give one of workers, client and scheduler: each says who runs the tasks")
    if workers is None and client is None and scheduler is None:
        yield Here(threads if threads is not None else available_cores())
        return
    distributed = needed("distributed", "a scan on several processes")
    if client is not None:
        if not isinstance(client, distributed.Client):
            raise InputError(f"client must be a distributed.Client, got {type(client).__name__}")
        yield Cluster(client, threads)
        return
    if scheduler is not None:
        with _silenced(), _reached(distributed, scheduler) as reached:
            yield Cluster(reached, threads)
        return
    count = checked_count(workers, "workers")
    share = threads if threads is not None else max(1, available_cores() // count)
    with _silenced(), _cluster(distributed, count) as cluster, distributed.Client(cluster) as own:
        yield Cluster(own, share)


def _cluster(distributed: Any, count: int) -> Any:
    """So many processes, which leave Ctrl-C to the one that started them.

    Raises
    ------
    ConnectionError
        If one of them ends before it has begun.
    """
    try:
        return distributed.LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            silence_logs="CRITICAL",
            preload=[LEAVE_CONTROL_C],
        )
    except (RuntimeError, OSError, TimeoutError) as error:
        raise ConnectionError(f"the workers could not be started: {' '.join(str(error).split())}") from error


@contextmanager
def _silenced() -> Iterator[None]:
    """Without the tracebacks that Dask logs of each lost connection: one sentence says it."""
    own = ("distributed", "tornado", "asyncio")
    loggers = [logging.getLogger(name) for name in [*logging.root.manager.loggerDict] if name.split(".")[0] in own]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def needed(module: str, what: str) -> Any:
    """A library of the extra `scale`.

    Raises
    ------
    InputError
        If it is not installed, with the command that installs it.
    """
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError:
        raise InputError(MISSING.format(what=what, module=module)) from None


def _reached(distributed: Any, scheduler: Any) -> Any:
    try:
        return distributed.Client(str(scheduler), timeout=10)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(f"scheduler: none answers at {scheduler} ({error})") from None
