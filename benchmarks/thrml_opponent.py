"""Our side of the thrml opponent: starts the process that samples, and asks it for one turn at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.harness import Contender, Cost
from benchmarks.workloads import Workload

SERVER = Path(__file__).with_name("thrml_server.py")


def interpreter(given: str | None) -> str | None:
    """A Python that has thrml: the one given, or this one, or None."""
    return given or (sys.executable if find_spec("thrml") else None)


@contextmanager
def contender(workload: Workload, sweeps: int, given: str | None) -> Iterator[tuple[Contender | None, str]]:
    """thrml on the workload's last input, for `sweeps` sweeps a turn, and its version; or None and why not."""
    python = interpreter(given)
    if python is None:
        yield None, "not installed; --thrml-python names an interpreter that has it"
        return
    task = {
        "couplings": workload.system.couplings.tolist(),
        "fields": workload.protocol.values[-1].tolist(),
        "beta": 1 / workload.temperature,
        "chains": workload.trials,
        "sweeps": sweeps,
    }
    try:
        child = subprocess.Popen(
            [python, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    except OSError as error:
        yield None, f"{python}: {error.strerror}"
        return
    with child:
        try:
            about = _ask(child, json.dumps(task))["about"]
        except RuntimeError as error:
            yield None, str(error)
            return
        updates = workload.trials * sweeps * workload.system.size
        yield Contender("thrml", lambda: _cost(_ask(child, "go")), updates), about
        child.stdin.close()


def _cost(answer: dict[str, Any]) -> Cost:
    return Cost(answer["core"], answer["wall"])


def _ask(child: subprocess.Popen, line: str) -> dict[str, Any]:
    with suppress(BrokenPipeError):  # it has ended: what it said last is the answer
        child.stdin.write(line + "\n")
        child.stdin.flush()
    answer = child.stdout.readline()
    if not answer:
        last = child.stderr.read().strip().splitlines()[-1:] or ["it ended without a word"]
        raise RuntimeError(last[0])
    return json.loads(answer)
