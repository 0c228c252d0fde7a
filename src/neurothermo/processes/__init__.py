"""Processes that are whole already, noise and clock included: each answers for itself."""

from neurothermo.processes import kernels
from neurothermo.processes.bcm import BCM
from neurothermo.processes.bcm_baths import LinearChannels
from neurothermo.processes.bcm_vector import VectorBCM
from neurothermo.processes.field import NeuralField
from neurothermo.processes.jump import MarkovJump
from neurothermo.processes.learner import LinearLearner
from neurothermo.processes.linear import LinearLangevin
from neurothermo.processes.neurons import VelocityNeurons
from neurothermo.processes.neurons_tuned import TunedNeurons
from neurothermo.processes.operators import Circulant, LowRank
from neurothermo.processes.particle import BrownianParticle
from neurothermo.processes.spines import SpineNetwork

__all__ = [
    "BCM",
    "BrownianParticle",
    "Circulant",
    "LinearChannels",
    "LinearLangevin",
    "LinearLearner",
    "LowRank",
    "MarkovJump",
    "NeuralField",
    "SpineNetwork",
    "TunedNeurons",
    "VectorBCM",
    "VelocityNeurons",
    "kernels",
]
