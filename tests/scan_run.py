"""A scan to be killed: `python scan_run.py STORE [WORKERS [NOTES [FAULT]]]`. Not a test itself.

A rule of motion in plain NumPy writes a line into the file NOTES when a task begins, with the number of its process. A
FAULT is done to this process or to its workers on the way.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurothermo import Glauber, hopfield, ramp, scan

NET = hopfield([[1, 1, 1, -1, 1, -1, 1, 1], [1, -1, 1, 1, -1, 1, 1, -1]])
AXES = {"temperature": [0.7, 2.0], "steps": [10, 30]}
TRIALS, CHUNK, TASKS = 3_200, 320, 40
NOTES = "SCAN_RUN_NOTES"


@dataclass(frozen=True)
class Noted:
    """Glauber's rule, that notes where and when a task begins."""

    def move(self, system, states, field, *, temperature, address):
        if address.step == 1 and NOTES in os.environ:
            with open(os.environ[NOTES], "a") as notes:
                notes.write(f"{os.getpid()} {address.trials[0]} {len(states)} {temperature}\n")
        return Glauber().move(system, states, field, temperature=temperature, address=address)

    def reversed(self):
        return self


def build(temperature, steps):
    """A driven network of eight neurons."""
    drive = ramp(np.zeros(8), np.ones(8), steps)
    return {"system": NET, "protocol": drive, "rule": Noted(), "temperature": temperature}


def fatal(temperature, steps):
    """Kills the process that prepares it, unless that is where the scan was started."""
    from multiprocessing import parent_process

    if parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return build(temperature, steps)


def main(store, workers=None, made=build, **more):
    """Run it, or what is left of it."""
    asked = {"trials": TRIALS, "seed": 3, "chunk": CHUNK, "progress": False, "workers": workers, **more}
    return scan(made, AXES, store=Path(store), **asked)


def step_the_clock(log):
    """A clock of this process that is set two hours ahead on the way, and three back later."""
    real = time.time

    def stepped():
        tasks = log.read_bytes().count(b"\n") if log.exists() else 0
        return real() + (0 if tasks < TASKS // 4 else 7200 if tasks < TASKS // 2 else -10800)

    time.time = stepped


def command(store, workers="0", notes="", fault=""):
    """The words of the command line; how it ended."""
    if notes:
        os.environ[NOTES] = notes
    if fault == "clock":
        step_the_clock(Path(store) / "tasks" / "log.jsonl")
    try:
        main(store, int(workers) or None, fatal if fault == "fatal" else build)
    except (OSError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1 if isinstance(error, OSError) else 2
    return 0


if __name__ == "__main__":
    import scan_run  # by the name that the tests know it by: a rule's name is part of its experiment

    sys.exit(scan_run.command(*sys.argv[1:]))
