"""The Boltzmann law as a table of all 2^N states; shares nothing with the package."""

from dataclasses import dataclass
from itertools import product

import numpy as np


@dataclass(frozen=True)
class Table:
    """Every state of a network at one input, with its energy and probability."""

    states: np.ndarray  # (2^N, N) of -1/+1
    energies: np.ndarray  # (2^N,)
    probabilities: np.ndarray  # (2^N,)
    log_partition: float
    temperature: float

    @property
    def free_energy(self):
        return -self.temperature * self.log_partition

    @property
    def mean_energy(self):
        return self.mean(self.energies)

    @property
    def entropy(self):
        p = self.probabilities[self.probabilities > 0]
        return -float(np.sum(p * np.log(p)))

    def mean(self, observable):
        """Mean of one value a state, or of one row a state."""
        return self.probabilities @ observable


def all_states(n):
    """All rows of -1/+1, shape (2^n, n); the last spin changes fastest."""
    return np.array(list(product([-1.0, 1.0], repeat=n)))


def boltzmann_table(couplings, temperature, field=0.0, thresholds=0.0):
    """E = -V.J.V/2 - I.V + U.V and p = exp(-E/T)/Z, state by state."""
    couplings = np.asarray(couplings)
    n = len(couplings)
    states = all_states(n)
    energies = -0.5 * np.sum((states @ couplings.T) * states, axis=1)
    energies = energies - states @ np.broadcast_to(field, n) + states @ np.broadcast_to(thresholds, n)
    exponents = -energies / temperature
    highest = exponents.max()
    weights = np.exp(exponents - highest)
    return Table(
        states,
        energies,
        weights / weights.sum(),
        float(highest + np.log(weights.sum())),
        temperature,
    )
