"""Opponent: diffrax (JAX), in a process of its own; it needs nothing of this project.

Reads one line of JSON from standard input: couplings and input of a rate network, or the relaxation of a linear
process; diffusion, dt, steps, initial. Answers with versions, then carries all trials once for each further line and
answers with core and wall time, and the mean square of the final states as a check. Euler's step on the Brownian path
that diffrax offers for fixed steps; single precision; no heat.
"""

import json
import sys
import time
from importlib.metadata import version

import diffrax
import jax
import jax.numpy as jnp
import lineax


def drift_of(task: dict):
    """The drift of one trial."""
    if "relaxation" in task:
        relaxation = jnp.array(task["relaxation"])
        return lambda t, x, _: -relaxation @ x
    couplings, constant = jnp.array(task["couplings"]), jnp.array(task["input"])
    return lambda t, u, _: couplings @ jnp.tanh(u) - u + constant


def stepper(task: dict):
    """A compiled function of keys and initial states: the final states."""
    drift, noise = diffrax.ODETerm(drift_of(task)), jnp.sqrt(2 * jnp.array(task["diffusion"]))
    end = task["dt"] * task["steps"]

    def trial(key, start):
        path = diffrax.UnsafeBrownianPath(shape=noise.shape, key=key)
        kick = diffrax.ControlTerm(lambda t, x, _: lineax.DiagonalLinearOperator(noise), path)
        found = diffrax.diffeqsolve(
            diffrax.MultiTerm(drift, kick), diffrax.Euler(), 0.0, end, task["dt"], start,
            saveat=diffrax.SaveAt(t1=True), max_steps=None, adjoint=diffrax.ForwardMode(),
        )  # fmt: skip
        return found.ys[0]

    return jax.jit(jax.vmap(trial))


def main() -> None:
    """Serve until standard input ends."""
    task = json.loads(sys.stdin.readline())
    run, start, key = stepper(task), jnp.array(task["initial"], dtype=jnp.float32), jax.random.key(1)
    print(json.dumps({"about": f"{version('diffrax')}, jax {version('jax')}"}), flush=True)
    for _ in sys.stdin:
        key, now = jax.random.split(key)
        core, wall = time.process_time(), time.perf_counter()
        states = jax.block_until_ready(run(jax.random.split(now, len(start)), start))
        spent = {"core": time.process_time() - core, "wall": time.perf_counter() - wall}
        print(json.dumps({**spent, "square": float(jnp.mean(states**2))}), flush=True)


if __name__ == "__main__":
    main()
