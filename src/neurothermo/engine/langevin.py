"""One Langevin step of a block of trials: noise, update, work and heat in one pass over memory.

The drift is NumPy's: a kernel needs nothing of the system but the array of its forces. Between two evaluations of
the drift everything is done at once, so that forces and increments are read while they are in cache:

    x is where the last move ended, `drift` the force there without the protocol's input
    flow  += last increment . (force before + force here) / 2T  [+ the exact log ratio's curvature]
    work  -= change of input . activity
    force  = drift + input;   increment = mobility dt force + sqrt(2 T mobility dt) normal;   x += increment

Single precision in the arrays, double in the sums of a trial.
"""

from numba import njit

from neurothermo.engine.counter import FAST, f4, use_wide_vectors
from neurothermo.engine.normals import fill_rows


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def settle(drift, forces, increments, held, inverse, curvature, flow):
    """Flow of the move that ended here: `held` is the input it was made at, `inverse` is 1/(2T).

    `curvature`, mobility dt/(4T), completes the logarithm of the ratio of the two Gaussian step densities; zero
    leaves the trapezoidal heat over T.
    """
    use_wide_vectors()
    for r in range(len(drift)):
        here, before, moved = drift[r], forces[r], increments[r]
        total = f4(0)
        for i in range(len(here)):
            after = here[i] + held[i]
            total += moved[i] * (before[i] + after) * inverse[i]
            total += (after * after - before[i] * before[i]) * curvature[i]
        flow[r] += total


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def push(activity, change, work):
    """Work of a change of input at fixed state."""
    use_wide_vectors()
    for r in range(len(work)):
        row = activity[r]
        total = f4(0)
        for i in range(len(change)):
            total += change[i] * row[i]
        work[r] -= total


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def move(states, drift, forces, increments, held, pace, noise, key_1, key_2, first_trial, step):
    """Euler and Maruyama's step at the input `held`: `pace` is mobility dt, `noise` is sqrt(2 T mobility dt)."""
    use_wide_vectors()
    fill_rows(increments, key_1, key_2, first_trial, step)
    for r in range(len(states)):
        here, before, moved, state = drift[r], forces[r], increments[r], states[r]
        for i in range(len(here)):
            force = here[i] + held[i]
            change = pace[i] * force + noise[i] * moved[i]
            before[i] = force
            moved[i] = change
            state[i] += change


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def correct(states, drift, forces, increments, held, pace):
    """Heun's second half: the mean of the forces at both ends replaces the first one."""
    use_wide_vectors()
    for r in range(len(states)):
        here, before, moved, state = drift[r], forces[r], increments[r], states[r]
        for i in range(len(here)):
            change = f4(0.5) * pace[i] * (here[i] + held[i] - before[i])
            moved[i] += change
            state[i] += change
