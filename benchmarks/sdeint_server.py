"""Opponent: sdeint (NumPy), in a process of its own; it needs nothing of this project.

Reads one line of JSON from standard input: relaxation, diffusion, dt, steps, initial. Answers with versions, then
carries every trial once, one after another, for each further line, and answers with core and wall time, and the mean
square of the final states as a check. Euler and Maruyama's step; no heat.
"""

import json
import sys
import time
from importlib.metadata import version

import numpy as np
import sdeint


def main() -> None:
    """Serve until standard input ends."""
    task = json.loads(sys.stdin.readline())
    relaxation, noise = np.array(task["relaxation"]), np.diag(np.sqrt(2 * np.array(task["diffusion"])))
    times, starts = task["dt"] * np.arange(task["steps"] + 1), np.array(task["initial"])
    print(json.dumps({"about": f"{version('sdeint')}, numpy {version('numpy')}"}), flush=True)
    for _ in sys.stdin:
        core, wall = time.process_time(), time.perf_counter()
        paths = [sdeint.itoEuler(lambda x, t: -relaxation @ x, lambda x, t: noise, one, times) for one in starts]
        spent = {"core": time.process_time() - core, "wall": time.perf_counter() - wall}
        square = float(np.mean([path[-1] ** 2 for path in paths]))
        print(json.dumps({**spent, "square": square}), flush=True)


if __name__ == "__main__":
    main()
