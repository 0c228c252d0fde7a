"""Entropy production from recordings, one method a file; what they say together, and how little can be told apart."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurothermo.irreversibility.arrow_classifier import classifier as classifier
    from neurothermo.irreversibility.assessing import assess as assess
    from neurothermo.irreversibility.assessment import Assessment as Assessment
    from neurothermo.irreversibility.attributing import attribution as attribution
    from neurothermo.irreversibility.bins import across_bins as across_bins
    from neurothermo.irreversibility.comparing import compare as compare
    from neurothermo.irreversibility.couplings import kinetic_ising as kinetic_ising
    from neurothermo.irreversibility.cross_spectrum import spectral as spectral
    from neurothermo.irreversibility.cross_spectrum_density import production_spectrum as production_spectrum
    from neurothermo.irreversibility.currents import uncertainty as uncertainty
    from neurothermo.irreversibility.detectable import resolvable as resolvable
    from neurothermo.irreversibility.extrapolation import extrapolated as extrapolated
    from neurothermo.irreversibility.gaussian_process import gaussian as gaussian
    from neurothermo.irreversibility.indices import fluctuation_dissipation as fluctuation_dissipation
    from neurothermo.irreversibility.indices import lagged_asymmetry as lagged_asymmetry
    from neurothermo.irreversibility.maximum_entropy import maxent as maxent
    from neurothermo.irreversibility.maximum_entropy_flips import maxent_flips as maxent_flips
    from neurothermo.irreversibility.methods import METHODS as METHODS
    from neurothermo.irreversibility.order import interaction_order as interaction_order
    from neurothermo.irreversibility.trials import state_space as state_space
    from neurothermo.irreversibility.waiting import waiting_times as waiting_times
    from neurothermo.irreversibility.words import plugin as plugin

# Each public name and its file, opened on first use.
_FILES = {
    "Assessment": "assessment",
    "METHODS": "methods",
    "across_bins": "bins",
    "assess": "assessing",
    "attribution": "attributing",
    "classifier": "arrow_classifier",
    "compare": "comparing",
    "extrapolated": "extrapolation",
    "fluctuation_dissipation": "indices",
    "gaussian": "gaussian_process",
    "interaction_order": "order",
    "kinetic_ising": "couplings",
    "lagged_asymmetry": "indices",
    "maxent": "maximum_entropy",
    "maxent_flips": "maximum_entropy_flips",
    "plugin": "words",
    "production_spectrum": "cross_spectrum_density",
    "resolvable": "detectable",
    "spectral": "cross_spectrum",
    "state_space": "trials",
    "uncertainty": "currents",
    "waiting_times": "waiting",
}

__all__ = [*_FILES]


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"module 'neurothermo.irreversibility' has no attribute {name!r}")
    return getattr(import_module(f"neurothermo.irreversibility.{_FILES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
