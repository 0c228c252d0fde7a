"""How long a user waits before anything happens: import, and the command's help; compiled bytecode."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.harness import Ask, Contender, Cost, Sample, Spread, interleave
from benchmarks.settings import Settings
from benchmarks.table import Row, absent, quantity

TITLE = "Start-up (wall time of fresh processes, compiled bytecode)"
IMPORT = "import time; t = time.perf_counter(); c = time.process_time(); {}; " + (
    "print(time.process_time() - c, time.perf_counter() - t)"
)
COMMAND = "neurothermo --help"
HELP = ("-m", "neurothermo", "--help")
ASKS = {
    "import neurothermo": Ask("at most", 0.3, "s"),
    "import numpy": None,
    "from neurothermo import simulate": None,  # rooms load on first use: this is what a run waits for
    COMMAND: Ask("at most", 0.6, "s"),
}


def rows(settings: Settings) -> list[Row]:
    """Imports and help, in turns; the first turn of each compiles the bytecode and is not counted."""
    contenders = [_imports(name) for name in ASKS if name != COMMAND]
    trouble = _why_not(HELP)
    if not trouble:
        contenders.append(Contender(COMMAND, _whole(HELP)))
    samples = interleave(contenders, settings.rounds)
    found = [_row(name, ask, samples[name]) for name, ask in ASKS.items() if name in samples]
    return found + ([absent(COMMAND, "the command", trouble)] if trouble else [])


def _row(name: str, ask: Ask | None, sample: Sample) -> Row:
    spread = Spread.of(sample.of("wall"))
    shown = f"{spread.median:.3f} s [{spread.low:.3f}, {spread.high:.3f}]"
    return quantity(name, spread.median, shown, ask, wall=sample.wall, core=sample.core)


def _imports(statement: str) -> Contender:
    """An import alone, timed inside the fresh process: without the interpreter's own start."""

    def measure() -> Cost:
        core, wall = (float(word) for word in _child("-c", IMPORT.format(statement)).stdout.split())
        return Cost(core, wall)

    return Contender(statement, measure)


def _whole(arguments: tuple[str, ...]) -> Callable[[], Cost]:
    """A whole process from start to end, the interpreter's own start included."""

    def measure() -> Cost:
        before, start = os.times(), time.perf_counter()
        _child(*arguments)
        wall, after = time.perf_counter() - start, os.times()
        core = after.children_user + after.children_system - before.children_user - before.children_system
        return Cost(core, wall)

    return measure


def _why_not(arguments: tuple[str, ...]) -> str:
    """Why a command does not work, or nothing."""
    try:
        _child(*arguments)
    except subprocess.CalledProcessError as error:
        return (error.stderr.strip().splitlines() or [f"exit code {error.returncode}"])[-1]
    return ""


def _child(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True)
