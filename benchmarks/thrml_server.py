"""Opponent: thrml (JAX), in a process of its own; it needs nothing of this project.

Reads one line of JSON from standard input (couplings, fields, beta, chains, sweeps) and answers with versions;
then samples once for each further line and answers with core and wall time, and the mean energy as a check.
Dense couplings: neurons move one after another.
"""

import json
import sys
import time
from importlib.metadata import version

import jax
import jax.numpy as jnp
import numpy as np
from thrml import Block, SamplingSchedule, SpinNode, sample_states
from thrml.models import IsingEBM, IsingSamplingProgram


def sampler(task: dict):
    """A compiled function of a key and initial states: all chains, `sweeps` sweeps each, final states."""
    couplings = np.array(task["couplings"])
    nodes = [SpinNode() for _ in couplings]
    first, second = np.triu_indices(len(nodes), 1)
    edges = [(nodes[i], nodes[j]) for i, j in zip(first, second, strict=True)]
    weights, fields = jnp.array(couplings[first, second]), jnp.array(task["fields"])
    model = IsingEBM(nodes, edges, fields, weights, jnp.array(task["beta"]))
    program = IsingSamplingProgram(model, [Block([node]) for node in nodes], [])
    schedule = SamplingSchedule(n_warmup=task["sweeps"], n_samples=1, steps_per_sample=1)

    def chain(key, start):
        return sample_states(key, program, schedule, start, [], [Block(nodes)])

    return jax.jit(jax.vmap(chain))


def mean_energy(task: dict, states) -> float:
    """-<s.J.s>/2 - <b.s> of the final states."""
    spins = 2.0 * np.asarray(states[0]).reshape(task["chains"], -1) - 1
    pairs = 0.5 * np.einsum("ri,ij,rj->r", spins, np.array(task["couplings"]), spins)
    return float(-(pairs + spins @ np.array(task["fields"])).mean())


def main() -> None:
    """Serve until standard input ends."""
    task = json.loads(sys.stdin.readline())
    run = sampler(task)
    start_key, key = jax.random.split(jax.random.key(1))
    size = len(task["couplings"])
    start = [jax.random.bernoulli(start_key, 0.5, (task["chains"], 1)) for _ in range(size)]
    print(json.dumps({"about": f"{version('thrml')}, jax {version('jax')}"}), flush=True)
    for _ in sys.stdin:
        key, now = jax.random.split(key)
        core, wall = time.process_time(), time.perf_counter()
        states = jax.block_until_ready(run(jax.random.split(now, task["chains"]), start))
        spent = {"core": time.process_time() - core, "wall": time.perf_counter() - wall}
        print(json.dumps({**spent, "energy": mean_energy(task, states)}), flush=True)


if __name__ == "__main__":
    main()
