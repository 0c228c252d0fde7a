"""What rates cannot exceed: whatever the dynamics (kinematic), and for what is dissipated (thermodynamic).

Each returns a `Bound`: rate, bound, ratio (how tight), holds. The kinematic bounds take the same arguments as the
rates of the same names.
"""

from neurothermo.information.bounds.bound import Bound
from neurothermo.information.bounds.currents import current
from neurothermo.information.bounds.jumps import observable, speed_limit, total_variation
from neurothermo.information.bounds.kinematic import entropy, f_divergence, kl, mutual_information, renyi, tsallis
from neurothermo.information.bounds.langevin import langevin_observable, wasserstein

__all__ = [
    "Bound",
    "current",
    "entropy",
    "f_divergence",
    "kl",
    "langevin_observable",
    "mutual_information",
    "observable",
    "renyi",
    "speed_limit",
    "total_variation",
    "tsallis",
    "wasserstein",
]
