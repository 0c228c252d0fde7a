"""Opponent: infomeasure, in a process of its own; it needs nothing of this project.

Reads one line of JSON from standard input: source and target, whole numbers. Answers with versions, then computes
their transfer entropy once for each further line, histories of two and one symbols, and answers with core and wall
time, and the value as a check.
"""

import json
import sys
import time
from importlib.metadata import version

import infomeasure
import numpy as np


def main() -> None:
    """Serve until standard input ends."""
    task = json.loads(sys.stdin.readline())
    source, target = np.array(task["source"]), np.array(task["target"])
    print(json.dumps({"about": version("infomeasure")}), flush=True)
    for _ in sys.stdin:
        core, wall = time.process_time(), time.perf_counter()
        value = infomeasure.transfer_entropy(source, target, approach="discrete", dest_hist_len=2, src_hist_len=1)
        spent = {"core": time.process_time() - core, "wall": time.perf_counter() - wall}
        print(json.dumps({**spent, "value": float(value)}), flush=True)


if __name__ == "__main__":
    main()
