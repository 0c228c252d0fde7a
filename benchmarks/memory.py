"""The most memory that a million trials take, in a process of their own."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.harness import Ask
from benchmarks.settings import Settings
from benchmarks.table import Row, absent, quantity

TITLE = "Memory: peak of a fresh process that simulates W1"

CHILD = """
import sys
import numpy as np
from neurothermo import hopfield, ramp, simulate

def peak():
    try:
        with open("/proc/self/status") as status:  # of this program alone; getrusage remembers its parent's
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e6
    except OSError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)

one, two = np.random.default_rng(1).choice([-1, 1], (2, 15))
run = lambda trials, steps: simulate(
    hopfield([one, two], weights=[0.2, 0.8]), ramp(one, two, steps), temperature=15, trials=trials, seed=1,
    progress=False)
run(64, 2)
before = peak()
ledger = run(int(sys.argv[1]), int(sys.argv[2]))
print(before, peak(), ledger.sizes["trial"])
"""


def rows(settings: Settings) -> list[Row]:
    """Peak resident memory of a million trials, and of the compiled library alone."""
    trials, steps = settings.pick(10**6, 10**4), settings.pick(1000, 50)
    made = subprocess.run(
        [sys.executable, "-c", CHILD, str(trials), str(steps)], capture_output=True, text=True, check=False
    )
    what = f"{trials:,} trials of {steps} steps"
    if made.returncode:
        return [absent(what, "the child process", (made.stderr.strip().splitlines() or ["no word"])[-1])]
    before, peak, _ = (float(word) for word in made.stdout.split())
    return [
        quantity(what, peak, f"{peak:.3f} GB", Ask("at most", 1.0, "GB"), trials=trials, steps=steps),
        quantity("64 trials: Python, libraries and compiled kernels", before, f"{before:.3f} GB"),
    ]
