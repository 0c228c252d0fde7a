"""Compiled kernels: counter-based randomness and the moves of spins. The only Numba in the project.

Every kernel here has a plain counterpart in dynamics/ that draws the same numbers from the same addresses;
tests compare the two trial by trial.
"""

from neurothermo.engine.freshness import drop_stale_kernels

drop_stale_kernels()
