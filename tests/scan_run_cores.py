"""A scan that is heavy in matrix products and compiled kernels: `python scan_run_cores.py STORE WORKERS NOTES TRIALS`.

Its rule of motion notes, in the middle of a move, on how many threads kernels and BLAS may work. Not a test itself.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurothermo import Glauber, SpinNetwork, hold, scan

SIZE, STEPS = 400, 6
NOTES = "SCAN_RUN_CORES"


def blas_threads():
    """Of every BLAS that is loaded."""
    import scipy.linalg  # noqa: F401 - it has one of its own
    from threadpoolctl import threadpool_info

    return sorted({one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"})


@dataclass(frozen=True)
class Watched:
    """Glauber's parallel rule in NumPy, by matrix products, that notes its threads."""

    def move(self, system, states, field, *, temperature, address):
        import numba

        said = {"process": os.getpid(), "numba": numba.get_num_threads(), "blas": blas_threads()}
        with open(os.environ[NOTES], "a") as notes:
            notes.write(json.dumps(said) + "\n")
        return Glauber(order="parallel").move(system, states, field, temperature=temperature, address=address)

    def reversed(self):
        return self


def build(which):
    """Four hundred neurons that all move at once: in NumPy, by the driver of products, by compiled kernels."""
    if NOTES in os.environ:
        with open(os.environ[NOTES] + " of build", "a") as notes:
            notes.write(json.dumps({"process": os.getpid(), "blas": blas_threads()}) + "\n")
    rules = {"watched": Watched(), "products": Glauber(order="parallel"), "kernels": Glauber()}
    couplings = np.random.default_rng(1).normal(0, SIZE**-0.5, (SIZE, SIZE))
    np.fill_diagonal(couplings, 0)
    states = np.where(np.arange(SIZE) % 3, 1, -1)
    return {"system": SpinNetwork(couplings), "protocol": hold(np.zeros(SIZE), STEPS), "rule": rules[which],
            "temperature": 1.0, "initial": states}  # fmt: skip


if __name__ == "__main__":
    import scan_run_cores

    store, workers, os.environ[NOTES], trials = sys.argv[1:]
    print(json.dumps(blas_threads()), flush=True)  # outside of any task
    scan(scan_run_cores.build, {"which": ["watched", "products", "kernels"]}, trials=int(trials), chunk=512,
         store=Path(store), workers=int(workers) or None, progress=False)  # fmt: skip
