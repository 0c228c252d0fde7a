"""Processes that are whole already, noise and clock included: each answers for itself."""

from neurothermo.processes import kernels
from neurothermo.processes.field import NeuralField
from neurothermo.processes.jump import MarkovJump
from neurothermo.processes.linear import LinearLangevin
from neurothermo.processes.operators import Circulant, LowRank
from neurothermo.processes.spines import SpineNetwork

__all__ = ["Circulant", "LinearLangevin", "LowRank", "MarkovJump", "NeuralField", "SpineNetwork", "kernels"]
