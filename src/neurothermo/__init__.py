"""Stochastic thermodynamics of neural systems: work, heat, free energy and entropy production."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from neurothermo.core.version import __version__

if TYPE_CHECKING:
    from neurothermo import exact as exact
    from neurothermo import fluctuation as fluctuation
    from neurothermo import free_energy as free_energy
    from neurothermo import information as information
    from neurothermo import irreversibility as irreversibility
    from neurothermo import recordings as recordings
    from neurothermo.core.errors import InputError as InputError
    from neurothermo.core.estimate import Estimate as Estimate
    from neurothermo.core.gaussian import Gaussian as Gaussian
    from neurothermo.core.verdict import Verdict as Verdict
    from neurothermo.dynamics import Glauber as Glauber
    from neurothermo.dynamics import Langevin as Langevin
    from neurothermo.ensemble import entropy_production as entropy_production
    from neurothermo.ensemble import forward_and_reverse as forward_and_reverse
    from neurothermo.ensemble import predictive_information as predictive_information
    from neurothermo.ensemble import simulate as simulate
    from neurothermo.ensemble import split_flow as split_flow
    from neurothermo.exact import mean_field as mean_field
    from neurothermo.grid import scan as scan
    from neurothermo.processes import BCM as BCM
    from neurothermo.processes import BrownianParticle as BrownianParticle
    from neurothermo.processes import LinearLangevin as LinearLangevin
    from neurothermo.processes import LinearLearner as LinearLearner
    from neurothermo.processes import MarkovJump as MarkovJump
    from neurothermo.processes import NeuralField as NeuralField
    from neurothermo.processes import SpineNetwork as SpineNetwork
    from neurothermo.processes import TunedNeurons as TunedNeurons
    from neurothermo.processes import VelocityNeurons as VelocityNeurons
    from neurothermo.processes import kernels as kernels
    from neurothermo.protocols import NoisyReadout as NoisyReadout
    from neurothermo.protocols import NoisySign as NoisySign
    from neurothermo.protocols import Protocol as Protocol
    from neurothermo.protocols import feedback as feedback
    from neurothermo.protocols import hold as hold
    from neurothermo.protocols import ramp as ramp
    from neurothermo.protocols import random_signal as random_signal
    from neurothermo.recordings import datasets as datasets
    from neurothermo.systems import DriftSystem as DriftSystem
    from neurothermo.systems import Gain as Gain
    from neurothermo.systems import PlasticNetwork as PlasticNetwork
    from neurothermo.systems import RateNetwork as RateNetwork
    from neurothermo.systems import SpinNetwork as SpinNetwork
    from neurothermo.systems import gains as gains
    from neurothermo.systems import hopfield as hopfield

# Each public name and the room it lives in. Rooms load on first use, so that the import itself stays quick.
_ROOMS = {
    "BCM": "processes",
    "BrownianParticle": "processes",
    "DriftSystem": "systems",
    "Estimate": "core.estimate",
    "Gain": "systems",
    "Gaussian": "core.gaussian",
    "Glauber": "dynamics",
    "InputError": "core.errors",
    "Langevin": "dynamics",
    "LinearLangevin": "processes",
    "LinearLearner": "processes",
    "MarkovJump": "processes",
    "NeuralField": "processes",
    "NoisyReadout": "protocols",
    "NoisySign": "protocols",
    "PlasticNetwork": "systems",
    "Protocol": "protocols",
    "RateNetwork": "systems",
    "SpinNetwork": "systems",
    "SpineNetwork": "processes",
    "TunedNeurons": "processes",
    "VelocityNeurons": "processes",
    "Verdict": "core.verdict",
    "datasets": "recordings",
    "entropy_production": "ensemble",
    "feedback": "protocols",
    "forward_and_reverse": "ensemble",
    "hold": "protocols",
    "hopfield": "systems",
    "mean_field": "exact",
    "predictive_information": "ensemble",
    "ramp": "protocols",
    "random_signal": "protocols",
    "scan": "grid",
    "simulate": "ensemble",
    "split_flow": "ensemble",
}
_MODULES = {
    "information": "information",
    "exact": "exact",
    "fluctuation": "fluctuation",
    "free_energy": "free_energy",
    "gains": "systems.gains",
    "irreversibility": "irreversibility",
    "kernels": "processes.kernels",
    "recordings": "recordings",
}

__all__ = [*_ROOMS, *_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"neurothermo.{_MODULES[name]}")
    if name not in _ROOMS:
        raise AttributeError(f"module 'neurothermo' has no attribute {name!r}")
    return getattr(import_module(f"neurothermo.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
