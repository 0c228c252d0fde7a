"""Opponent: StochasticForceInference (JAX), in a process of its own; it needs nothing of this project.

Reads one line of JSON from standard input: step and left (of x' = step x + left z), start (of x_0 = start z), rows, dt
and the number of the first seed. Answers with versions, then makes one recording for each further line, seed by seed,
and answers with core and wall time of the inference alone, and with the entropy production per unit time, its bias
subtracted, and its error: a linear force, as the process has.
"""

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from SFI import OverdampedLangevinInference, TrajectoryCollection
from SFI.bases import monomials_up_to


def recorded(task: dict, seed: int) -> np.ndarray:
    """Stationary samples, shape (rows, d)."""
    random, step = np.random.default_rng(seed), np.array(task["step"])
    kicks = random.standard_normal((task["rows"], len(step)))
    path = kicks @ np.array(task["left"]).T
    path[0] = np.array(task["start"]) @ kicks[0]
    for t in range(1, len(path)):
        path[t] += step @ path[t - 1]
    return path


def inferred(path: np.ndarray, dt: float) -> dict:
    """Its own estimate."""
    found = OverdampedLangevinInference(TrajectoryCollection.from_arrays(X=path, dt=dt))
    found.compute_diffusion_constant()
    found.infer_force_linear(monomials_up_to(order=1, dim=path.shape[1], rank="vector"))
    return found.compute_entropy_production()


def main() -> None:
    """Serve until standard input ends."""
    task = json.loads(sys.stdin.readline())
    about = f"{version('StochasticForceInference')}, jax {version('jax')}"
    print(json.dumps({"about": about}), flush=True)
    for seed, _ in enumerate(sys.stdin, task["seed"]):
        path = recorded(task, seed)
        core, wall = time.process_time(), time.perf_counter()
        answer = inferred(path, task["dt"])
        spent = {"core": time.process_time() - core, "wall": time.perf_counter() - wall}
        print(json.dumps({**spent, "value": answer["Sdot_debiased"], "error": answer["Sdot_error"]}), flush=True)


if __name__ == "__main__":
    main()
