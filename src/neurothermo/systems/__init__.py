"""What a network is: its couplings and thresholds, without a temperature or a rule of motion."""

from neurothermo.systems.hopfield import hopfield
from neurothermo.systems.spins import PatternCouplings, SpinNetwork

__all__ = ["PatternCouplings", "SpinNetwork", "hopfield"]
