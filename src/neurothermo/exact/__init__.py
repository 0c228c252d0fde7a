"""Answers without sampling: equilibrium by enumeration of small networks and lumping of pattern networks."""

from neurothermo.exact.equilibrium import entropy, free_energy, free_energy_difference, mean_energy, partition
from neurothermo.exact.law import BoltzmannLaw, boltzmann_law, is_feasible

__all__ = [
    "BoltzmannLaw",
    "boltzmann_law",
    "entropy",
    "free_energy",
    "free_energy_difference",
    "is_feasible",
    "mean_energy",
    "partition",
]
