"""Progress of long work: a bar with a rate and the time that is left on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol


class Advance(Protocol):
    """Is told how much was done; what was done `before` this work began is no part of its rate."""

    def __call__(self, done: float, before: bool = False) -> None:
        """Move the bar."""
        ...


@contextmanager
def progress(what: str, total: float, show: bool | None = None, unit: str = "") -> Iterator[Advance]:
    """A function that is told how much was done; it draws a bar on the terminal's error stream.

    Parameters
    ----------
    what : str
    total : float
    show : bool, optional
        Default: only on a terminal.
    unit : str
        What a second's rate counts.
    """
    if show is None:
        show = sys.stderr is not None and sys.stderr.isatty()
    if not show:
        yield _silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), *map(TextColumn, (
        "{task.percentage:>3.0f}%", "{task.fields[rate]}", "{task.fields[left]}")))  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(f"{what} (first use compiles)", total=total, rate="", left="")
        started, now = monotonic(), 0.0

        def advance(done: float, before: bool = False) -> None:
            nonlocal now
            now += 0.0 if before else done
            bar.advance(task, done)
            if now > 0:
                speed = now / max(monotonic() - started, 1e-9)
                left = _span((total - bar.tasks[task].completed) / speed)
                bar.update(task, description=what, rate=f"{_short(speed)} {unit}/s", left=f"{left} left")

        yield advance


def _silent(done: float, before: bool = False) -> None:
    pass


def _short(number: float) -> str:
    for suffix, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {suffix}"
    return f"{number:.3g}"


def _span(seconds: float) -> str:
    """Hours, minutes and seconds, of which the leading ones are left out."""
    minutes, rest = divmod(round(max(seconds, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
