"""Answers without sampling: equilibrium, stationary laws, entropy production, and whole laws of work."""

from neurothermo.exact import mean_field
from neurothermo.exact.balance import entropy_balance
from neurothermo.exact.enumerated import EnumeratedChain, enumerated_chain
from neurothermo.exact.equilibrium import entropy, free_energy, free_energy_difference, mean_energy, partition
from neurothermo.exact.fokker_planck import GridLaw, grid_stationary_law
from neurothermo.exact.large_deviations import scaled_cumulants
from neurothermo.exact.law import BoltzmannLaw, boltzmann_law, is_feasible
from neurothermo.exact.planning import Plan, plan
from neurothermo.exact.prediction import Prediction, prediction
from neurothermo.exact.production import entropy_production, entropy_production_map
from neurothermo.exact.steady import StationaryLaw, stationary, stationary_law
from neurothermo.exact.work import generating_function, work_cumulants, work_distribution

__all__ = [
    "BoltzmannLaw",
    "EnumeratedChain",
    "GridLaw",
    "Plan",
    "Prediction",
    "StationaryLaw",
    "boltzmann_law",
    "entropy",
    "entropy_balance",
    "entropy_production",
    "entropy_production_map",
    "enumerated_chain",
    "free_energy",
    "free_energy_difference",
    "generating_function",
    "grid_stationary_law",
    "is_feasible",
    "mean_energy",
    "mean_field",
    "partition",
    "plan",
    "prediction",
    "scaled_cumulants",
    "stationary",
    "stationary_law",
    "work_cumulants",
    "work_distribution",
]
