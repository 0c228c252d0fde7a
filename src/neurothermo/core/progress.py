"""Progress of long work: a bar with a rate on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic


@contextmanager
def progress(what: str, total: float, show: bool | None = None, unit: str = "") -> Iterator[Callable[[float], None]]:
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
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    percent, rate = TextColumn("{task.percentage:>3.0f}%"), TextColumn("{task.fields[rate]}")
    columns = (TextColumn("{task.description}"), BarColumn(), percent, rate, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(f"{what} (first use compiles)", total=total, rate="")
        started = monotonic()

        def advance(done: float) -> None:
            bar.advance(task, done)
            speed = bar.tasks[task].completed / max(monotonic() - started, 1e-9)
            bar.update(task, description=what, rate=f"{_short(speed)} {unit}/s")

        yield advance


def _short(number: float) -> str:
    for suffix, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {suffix}"
    return f"{number:.3g}"
