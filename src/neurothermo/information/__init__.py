"""Information: entropies, divergences and mutual information, their rates, and what bounds them. Arrays in."""

from neurothermo.information import bounds, rates, samples
from neurothermo.information.bounds import Bound
from neurothermo.information.density import Density
from neurothermo.information.divergences import (
    chi_squared,
    f_divergence,
    jensen_shannon,
    kl,
    renyi,
    squared_hellinger,
    total_variation,
    tsallis,
)
from neurothermo.information.gaussian_rate import GaussianRate
from neurothermo.information.measures import entropy, mutual_information

__all__ = [
    "Bound",
    "Density",
    "GaussianRate",
    "bounds",
    "chi_squared",
    "entropy",
    "f_divergence",
    "jensen_shannon",
    "kl",
    "mutual_information",
    "rates",
    "renyi",
    "samples",
    "squared_hellinger",
    "total_variation",
    "tsallis",
]
