"""A run whose arguments are checked and whose start is known: any range of its trials can be carried out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_array, checked_count, checked_flag, checked_temperature
from neurothermo.core.errors import InputError
from neurothermo.core.flight import Law
from neurothermo.core.machine import available_cores, one_blas_thread
from neurothermo.core.randomness import Stream, digest
from neurothermo.ensemble.chunks import Run
from neurothermo.ensemble.feedback import Answer, FeedbackRun
from neurothermo.ensemble.initial import InitialLaw, initial_law
from neurothermo.ensemble.ledger import attributes, build
from neurothermo.ensemble.records import Records
from neurothermo.ensemble.setup import Setup, setup
from neurothermo.protocols import Feedback


@dataclass(frozen=True, eq=False)
class Prepared:
    """What `simulate` was asked for; trials are absolute, and no trial depends on which others are run.

    Parameters
    ----------
    plan : Setup
    answer : Answer or None
        Of an experiment with feedback.
    numbers : Stream
    word : str
        The digest of the run: two runs share it only if they are the same experiment.
    initial, initial_temperature
        As given to `simulate`.
    trials : int
        Of the whole run.
    threads : int
    record, every
        What to keep over time.
    said : dict
        Options that the ledger repeats.
    """

    plan: Setup
    answer: Answer | None
    numbers: Stream
    word: str
    initial: Any
    initial_temperature: float | None
    trials: int
    threads: int
    record: Any
    every: int
    said: dict[str, Any]

    @property
    def block(self) -> int:
        """Trials that are moved together: ranges of trials start at multiples of it."""
        block = self.plan.driver.block
        return block if self.answer is None else self.answer.block(block)

    @property
    def cost(self) -> float:
        """About how many nanoseconds a trial takes."""
        return self.plan.driver.cost * max(self._steps, 1)

    @cached_property
    def law(self) -> InitialLaw:
        """Where trials start; a burn-in is measured here."""
        with _cores(self.threads):
            return initial_law(
                self.plan, self.initial, self.initial_temperature, self.trials, self.numbers, self.threads
            )

    @property
    def _steps(self) -> int:
        return int(self.plan.protocol.steps + (self.answer.steps if self.answer else 0))

    def checked_records(self, trials: int) -> Records:
        """What so many trials write down on the way.

        Raises
        ------
        InputError
            If a name is unknown or has no meaning here, or it does not fit in memory.
        """
        return Records.of(self.record, self.every, self.plan.first, self._steps, trials)

    def ledger(self, first: int, trials: int, chunk: int | None = None, progress: bool | None = None) -> Any:
        """The ledger of trials first .. first + trials - 1; the same bits whichever others are run.

        Raises
        ------
        InputError
            If `first` is not a multiple of the block, or the records do not fit in memory.
        """
        first = checked_count(first, "first_trial", least=0)
        if first % self.block:
            raise InputError(
                f"first_trial must be a multiple of {self.block}, the trials that are moved together here, got {first}"
            )
        records = self.checked_records(trials)
        with _cores(self.threads):
            run = Run(self.plan, self.law, self.numbers, records, trials, self.threads, first)
            more: dict[str, Any] = {}
            if self.answer is None:
                variables = run.variables(chunk, progress)
            else:
                variables, more = FeedbackRun(run, self.answer).variables(chunk, progress)
            said = {"trials": trials, **self.said, "record": records.names, "every": self.every}
            said |= {"first_trial": first} if first else {}
            if self.answer is None:
                about = attributes(self.plan, self.law, self.word, said)
            else:
                about = self.answer.about(self.plan, self.law, self.word, said, more)
        times = {"time": np.array(records.steps)} if records.names else {}
        return build(variables, {"trial": first + np.arange(trials), **times}, about)


def prepared(
    system: Any,
    protocol: Any,
    rule: Any = None,
    *,
    temperature: Any = None,
    dt: float | None = None,
    trials: int = 1000,
    seed: int | None = None,
    initial: Any = None,
    initial_temperature: float | None = None,
    record: Any = (),
    every: int = 1,
    stream: Any = None,
    threads: int | None = None,
    plain: bool = False,
) -> Prepared:
    """Check the arguments of `simulate`, whose names these are; `trials` is how many there are in all.

    Raises
    ------
    InputError
        If an argument is not what it must be.
    """
    driven = _opening(protocol, system) if isinstance(protocol, Feedback) else protocol
    plan = setup(system, driven, rule, temperature, dt, checked_flag(plain, "plain"))
    answer = Answer.of(protocol, plan) if isinstance(protocol, Feedback) else None
    if initial_temperature is not None:
        initial_temperature = checked_temperature(initial_temperature, "initial_temperature")
    trials = checked_count(trials, "trials")
    if initial is not None and not isinstance(initial, str | Law):
        initial = checked_array(initial, "initial")
    threads = checked_count(threads, "threads") if threads is not None else available_cores()
    seed = 0 if seed is None else checked_count(seed, "seed", least=0)
    every = checked_count(every, "every")
    word = plan.digest(initial, initial_temperature)
    word = digest(word, answer.digest) if answer else word
    numbers = Stream.of(seed, word if stream is None else f"stream {stream}")
    said = {"seed": seed, "initial_temperature": initial_temperature, "stream": stream}
    return Prepared(
        plan, answer, numbers, word, initial, initial_temperature, trials, threads, record, every, said
    )  # fmt: skip


def _opening(protocol: Feedback, system: Any) -> Any:
    """What drives all trials alike until the measurement."""
    size = getattr(system, "size", None)
    return protocol.opening(size) if isinstance(size, int) else protocol.before


@contextmanager
def _cores(threads: int) -> Iterator[None]:
    """Kernels on so many threads, BLAS on one: blocks of trials run in parallel, not the algebra inside them."""
    from neurothermo.engine.threads import kernel_threads

    with kernel_threads(threads), one_blas_thread():
        yield
