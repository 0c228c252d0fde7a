"""A scan to be killed: `python scan_run.py STORE [WORKERS]`. Not a test itself."""

import sys
from pathlib import Path

import numpy as np

from neurothermo import hopfield, ramp, scan

NET = hopfield([[1, 1, 1, -1, 1, -1, 1, 1], [1, -1, 1, 1, -1, 1, 1, -1]])
AXES = {"temperature": [0.7, 2.0], "steps": [10, 200]}
TRIALS, CHUNK = 6_400, 640


def build(temperature, steps):
    """A driven network of eight neurons."""
    return {"system": NET, "protocol": ramp(np.zeros(8), np.ones(8), steps), "temperature": temperature}


def main(store, workers=None):
    """Run it, or what is left of it."""
    return scan(build, AXES, trials=TRIALS, seed=3, chunk=CHUNK, store=Path(store), workers=workers, progress=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
