"""What a system is: couplings, energies or forces, without a temperature or a rule of motion."""

from neurothermo.systems.drift import DriftSystem
from neurothermo.systems.gains import Gain
from neurothermo.systems.hopfield import hopfield
from neurothermo.systems.plastic import PlasticNetwork
from neurothermo.systems.rates import RateNetwork
from neurothermo.systems.spins import PatternCouplings, SpinNetwork

__all__ = ["DriftSystem", "Gain", "PatternCouplings", "PlasticNetwork", "RateNetwork", "SpinNetwork", "hopfield"]
