"""An opponent in a process of its own, with an interpreter of its own: one line of JSON in, one line out.

Its server reads the task from the first line and answers with versions; every further line asks for one turn, and
is answered with the turn's core and wall time as the server itself measured them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.harness import Contender, Cost


def interpreter(given: str | None, packages: Sequence[str]) -> str | None:
    """A Python that has these packages: the one given, or this one, or None."""
    return given or (sys.executable if all(find_spec(name) for name in packages) else None)


@contextmanager
def served(
    name: str, python: str | None, server: str, task: dict[str, Any], work: float,
    answers: list[dict[str, Any]] | None = None,
) -> Iterator[tuple[Contender | None, str]]:  # fmt: skip
    """The contender that a server beside this file is, and its versions; or None and why not.

    `answers` receives all that it says, turn by turn, where a turn has more to say than its cost.
    """
    heard = [] if answers is None else answers
    if python is None:
        yield None, "not installed; --thrml-python and --peers-python name interpreters that have it"
        return
    command = [python, str(Path(__file__).parent / server)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        child = subprocess.Popen(command, text=True, **pipes)
    except OSError as error:
        yield None, f"{python}: {error.strerror}"
        return
    with child:
        try:
            about = ask(child, json.dumps(task))["about"]
        except RuntimeError as error:
            yield None, str(error)
            return
        yield Contender(name, lambda: _cost(ask(child, "go"), heard), work), about
        child.stdin.close()


def ask(child: subprocess.Popen, line: str) -> dict[str, Any]:
    """Its answer to a line.

    Raises
    ------
    RuntimeError
        If it has ended, with the last thing it said.
    """
    with suppress(BrokenPipeError):  # it has ended: what it said last is the answer
        child.stdin.write(line + "\n")
        child.stdin.flush()
    answer = child.stdout.readline()
    if not answer:
        last = child.stderr.read().strip().splitlines()[-1:] or ["it ended without a word"]
        raise RuntimeError(last[0])
    return json.loads(answer)


def _cost(answer: dict[str, Any], heard: list[dict[str, Any]]) -> Cost:
    heard.append(answer)
    return Cost(answer["core"], answer["wall"])
