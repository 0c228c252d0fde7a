"""One process that walks through HDF5 files for as long as it lives: starting one for every input takes too long."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from neurothermo.core import hdf5

from .sandbox import WATCH

SECONDS = 6  # that one file may take; users are given more
SERVER = """
import sys
sys.path.insert(0, sys.argv[1])
import hdf5_walk
for line in sys.stdin:
    hdf5_walk.walk(line.rstrip("\\n"), float(sys.argv[2]))
    print("done", flush=True)
"""


@dataclass
class Walker:
    """Stands where `hdf5.walked` does; `ended` counts files that the process did not survive."""

    process: subprocess.Popen[str] | None = None
    ended: int = 0
    last: tuple[bytes, str] = b"", ""  # an input is read in several ways, one after the other

    def __call__(self, path: Path) -> str:
        data = path.read_bytes()
        if data != self.last[0]:
            self.last = data, self._walked(path)
        return self.last[1]

    def _walked(self, path: Path) -> str:
        watched, WATCH.on = WATCH.on, False  # starting a process is what this one is for
        try:
            if self.process is None:
                command = [sys.executable, "-P", "-c", SERVER, str(Path(hdf5.__file__).parent), str(SECONDS)]
                pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
                self.process = subprocess.Popen(command, text=True, **pipes)
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.process.stdin.write(f"{path}\n")
            self.process.stdin.flush()
            if self.process.stdout.readline():
                return "done"
            said = f"ended with code {self.process.wait()}"
            self.process, self.ended = None, self.ended + 1
            return said
        finally:
            WATCH.on = watched


@contextmanager
def walk_in_one_process() -> Iterator[Walker]:
    """Until the block ends; the walker, which counts."""
    walker, kept = Walker(), hdf5.walked
    hdf5.walked = walker
    try:
        yield walker
    finally:
        hdf5.walked = kept
        if walker.process is not None:
            walker.process.kill()
            walker.process.communicate()
