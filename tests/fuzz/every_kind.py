"""One valid experiment of every kind, all that may be said in it said; every constructor with valid arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import neurothermo as nt
from neurothermo import gains, kernels
from neurothermo.processes import Circulant, LinearChannels, LowRank, VectorBCM
from neurothermo.protocols import as_protocol
from neurothermo.systems.gains import Sigmoid

COUPLINGS = "couplings.csv"  # a file beside the experiment
RAMP = {"kind": "ramp", "start": 0.0, "stop": 1.0, "steps": 2}
HOLD = {"kind": "hold", "value": [0.0, 1.0], "steps": 2}
PAIR = [[0, 0.7], [0.7, 0]]
FIELD = {"kind": "NeuralField", "length": 4.0, "points": 4, "tau": 1.0, "at": "stable", "boundary": "periodic"}

EXPERIMENTS: dict[str, dict[str, Any]] = {
    "hopfield": {
        "title": "t", "trials": 5, "seed": 1, "record": ["states", "work"], "every": 1, "temperature": 1.5,
        "initial": "equilibrium", "initial_temperature": 2.0, "estimators": ["bar", "jarzynski"],
        "system": {"kind": "hopfield", "patterns": [[1, 1], [1, -1]], "weights": [0.3, 0.7], "crossover": 0.0,
                   "scale": "hopfield", "thresholds": [0.1, 0.2]},
        "protocol": {"kind": "ramp", "start": {"pattern": 1, "strength": 1.0}, "stop": {"pattern": 2}, "steps": 2},
        "dynamics": {"kind": "Glauber", "order": "sequential", "attempts": 2, "activation": "heat-bath",
                     "descending": True},
    },
    "random patterns": {
        "temperature": 1.5, "protocol": {"kind": "hold", "value": {"pattern": 1}, "steps": 2},
        "system": {"kind": "hopfield", "patterns": {"count": 2, "size": 4, "seed": 1},
                   "crossover": [[0, 0.5], [0.1, 0]]},
    },
    "spins": {"temperature": [1.0, 2.0], "protocol": {"kind": "array", "values": [[0, 0], [1.0, 0.5]]},
              "system": {"kind": "SpinNetwork", "couplings": PAIR, "thresholds": [0.1, 0.0]}},
    "binary": {"temperature": 1.0, "protocol": {"kind": "array", "path": COUPLINGS},
               "system": {"kind": "SpinNetwork.from_binary", "weights": [[0, 1.0], [0.5, 0]], "biases": [0.1, 0.2]}},
    "read": {"temperature": 1.0, "protocol": HOLD,
             "system": {"kind": "SpinNetwork.read", "path": "couplings.npz", "key": "a", "transpose": True,
                        "scale": 2.0}},
    "logistic": {"temperature": [1.0, 2.0], "protocol": RAMP,
                 "system": {"kind": "RateNetwork", "couplings": [[-1.0, 0.2], [0.1, -1.0]], "resistance": [1.0, 1.0],
                            "input": [0.1, 0.2], "gain": {"kind": "logistic", "slope": 1.0, "threshold": 0.0}},
                 "dynamics": {"kind": "Langevin", "dt": 0.1, "noise": "underdamped", "step": "baoab",
                              "friction": 1.0}},
    "tanh": {"temperature": 1.0, "protocol": HOLD, "dynamics": {"kind": "Langevin", "dt": 0.1},
             "system": {"kind": "RateNetwork", "couplings": PAIR, "resistance": 1.0, "input": 0.1,
                        "gain": {"kind": "tanh", "slope": 1.0, "threshold": 0.0}}},
    "linear": {"temperature": 1.0, "protocol": HOLD, "dynamics": {"kind": "Langevin", "dt": 0.1},
               "system": {"kind": "RateNetwork", "couplings": PAIR, "gain": {"kind": "linear", "slope": 0.5}}},
    "threshold": {"temperature": 1.0, "protocol": HOLD, "dynamics": {"kind": "Langevin", "dt": 0.1},
                  "system": {"kind": "RateNetwork", "couplings": PAIR,
                             "gain": {"kind": "threshold_linear", "threshold": 0.5}}},
    "matrix": {"dt": 0.1, "initial": "stationary", "protocol": HOLD,
               "system": {"kind": "LinearLangevin", "relaxation": [[1.0, 0.3], [-0.3, 1.0]],
                          "diffusion": [[1.0, 0.0], [0.0, 0.5]], "parity": [1, 1]}},
    "field": {"protocol": RAMP,
              "system": {**FIELD, "length": 40.0, "points": 16, "gain": 1.0, "input": 0.0,
                         "kernel": {"kind": "gaussian", "weight": 0.5, "width": 1.0, "shift": 1.0},
                         "noise": {"kind": "exponential", "weight": 1.0, "width": 0.5, "shift": 0.0}}},
    "hat": {"protocol": {"kind": "hold", "value": 0.0, "steps": 2},
            "system": {**FIELD, "length": 40.0, "points": 16, "gain": {"kind": "tanh"}, "noise": 1.0, "at": 0.0,
                       "kernel": {"kind": "mexican_hat", "excitation": 1.0, "excitation_width": 1.0,
                                  "inhibition": 0.5, "inhibition_width": 2.0}}},
    "arrays": {"protocol": HOLD | {"value": [0.0, 0.1, 0.0, 0.0]},
               "system": {**FIELD, "kernel": [0.1, 0.2, 0.0, 0.2], "gain": 1.0, "noise": [1.0, 2.0, 1.0, 1.0],
                          "input": [0.0, 0.1, 0.2, 0.1], "at": [0.0, 0.0, 0.1, 0.0]}},
    "line": {"protocol": HOLD | {"value": 0.0},
             "system": {**FIELD, "points": 2, "length": 2.0, "boundary": "open", "gain": 0.5, "at": 0.0,
                        "kernel": {"kind": "exponential", "weight": 0.5, "width": 1.0, "shift": 0.5},
                        "noise": [[1, 0.5], [0.5, 1]]}},
    "torus": {"protocol": RAMP,
              "system": {**FIELD, "length": [20.0, 20.0], "points": [6, 4], "gain": 0.5,
                         "kernel": {"kind": "gaussian", "weight": 0.5, "width": 1.0, "shift": [1.0, 0.5]}}},
    "scan": {"temperature": 1.0, "trials": 64, "system": {"kind": "SpinNetwork", "couplings": PAIR}, "protocol": RAMP,
             "scan": {"axes": {"temperature": [1.0, 2.0], "protocol.steps": [2, 4]}, "table": True, "both": True,
                      "chunk": 64, "until": {"estimator": "bar", "stderr": 0.1}, "budget": {"trials": 1000}}},
}  # fmt: skip
SLOW: dict[str, dict[str, Any]] = {  # a network of hundreds of neurons: fewer values are tried on it
    "fly": {"temperature": 1.0, "system": {"kind": "fly_mushroom_body", "scale": 0.005},
            "protocol": RAMP | {"steps": 1}},
}  # fmt: skip


def _flat(u: Any) -> Any:
    return np.zeros_like(u)


def _ones(u: Any) -> Any:
    return np.ones_like(u)


def _same(u: Any) -> Any:
    return u


def _gain_with_sigmoid(**numbers: Any) -> Any:
    return nt.Gain("tanh", np.tanh, lambda u: 1 - np.tanh(u) ** 2, sigmoid=Sigmoid(**numbers))


def constructors() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """By name: what is called, and valid arguments, every one that it takes."""
    net, rate = nt.SpinNetwork(PAIR), nt.RateNetwork([[-1.0, 0.2], [0.2, -1.0]])
    rotation, times = [[1.0, 0.3], [-0.3, 1.0]], {"velocity_time": 1.0, "neuron_time": 0.1}
    hat, noises = kernels.gaussian(0.5, 1.0), {"velocity_noise": 1.0, "neuron_noise": 0.1}
    return {
        "SpinNetwork": (nt.SpinNetwork, {"couplings": PAIR, "thresholds": [0.1, 0.2], "patterns": None, "label": "a"}),
        "SpinNetwork.from_binary": (nt.SpinNetwork.from_binary, {"weights": PAIR, "biases": [0.1, 0.2]}),
        "hopfield": (nt.hopfield, {"patterns": [[1, 1, -1], [1, -1, 1]], "weights": [0.5, 0.5], "crossover": 0.0,
                                   "scale": "paper", "thresholds": [0.0, 0.0, 0.0]}),
        "RateNetwork": (nt.RateNetwork, {"couplings": PAIR, "gain": gains.logistic(), "resistance": 1.0,
                                         "input": [0.1, 0.2], "label": "a"}),
        "PlasticNetwork": (nt.PlasticNetwork, {"network": rate, "tau": 1.0, "eta": 0.1, "noise": "matched",
                                               "label": "a"}),
        "DriftSystem": (nt.DriftSystem, {"force": lambda x: -x, "size": 2, "mobility": _ones, "mobility_slope": _flat,
                                         "potential": lambda x: (x * x).sum(axis=1) / 2, "name": "d"}),
        "Gain": (nt.Gain, {"name": "g", "function": _same, "derivative": _ones, "second": _flat, "third": _flat,
                           "antiderivative": lambda u: u * u / 2, "inverse": _same, "low": -np.inf, "high": np.inf,
                           "sigmoid": None}),
        "Sigmoid": (_gain_with_sigmoid, {"slope": 1.0, "threshold": 0.0, "height": 1.0, "offset": 0.0}),
        "gains.logistic": (gains.logistic, {"slope": 1.0, "threshold": 0.0}),
        "gains.tanh": (gains.tanh, {"slope": 1.0, "threshold": 0.0}),
        "gains.linear": (gains.linear, {"slope": 1.0}),
        "gains.threshold_linear": (gains.threshold_linear, {"threshold": 0.0}),
        "kernels.gaussian": (kernels.gaussian, {"weight": 1.0, "width": 1.0, "shift": 0.0}),
        "kernels.exponential": (kernels.exponential, {"weight": 1.0, "width": 1.0, "shift": [0.0, 1.0]}),
        "kernels.mexican_hat": (kernels.mexican_hat, {"excitation": 1.0, "excitation_width": 1.0, "inhibition": 0.5,
                                                      "inhibition_width": 2.0}),
        "kernels.delta": (kernels.delta, {"weight": 1.0}),
        "kernels.nearest": (kernels.nearest, {"forward": 1.0, "backward": 0.5, "spacing": 1.0}),
        "Protocol": (nt.Protocol, {"values": [[0, 0], [1, 1.0]], "relax_first": False, "networks": (net,),
                                   "mixing": [[1.0], [2.0]], "temperatures": [1.0, 2.0]}),
        "as_protocol": (partial(as_protocol, size=2), {"protocol": [[0.0, 1.0]]}),
        "ramp": (nt.ramp, {"start": [0, 0], "stop": [1, 1.0], "steps": 2, "networks": (net, net),
                           "temperatures": (1.0, 2.0)}),
        "hold": (nt.hold, {"value": [0.0, 1.0], "steps": 2}),
        "NoisySign": (nt.NoisySign, {"weights": [1.0, 0.0], "error": 0.1}),
        "NoisyReadout": (nt.NoisyReadout, {"weights": [[1.0, 0.0]], "variance": [0.5]}),
        "feedback": (nt.feedback, {"measure": nt.NoisySign([1.0, 0], 0.1), "respond": _same, "before": 0,
                                   "evidence": _same, "free_energy": _same}),
        "random_signal": (nt.random_signal, {"inputs": [[0.0, 1.0], [1.0, 0.0]], "steps": 2, "before": 0,
                                             "transitions": [[0.5, 0.5], [0.5, 0.5]]}),
        "Glauber": (nt.Glauber, {"order": "sequential", "attempts": 2, "activation": "heat-bath",
                                 "descending": False}),
        "Langevin": (nt.Langevin, {"dt": 0.1, "noise": "underdamped", "step": "baoab", "friction": 1.0}),
        "LinearLangevin": (nt.LinearLangevin, {"relaxation": rotation, "diffusion": [1.0, 0.5], "parity": [1, 1],
                                               "label": "a"}),
        "NeuralField": (nt.NeuralField, {"length": 40.0, "points": 16, "kernel": hat, "gain": 1.0, "tau": 1.0,
                                         "noise": 1.0, "input": 0.0, "at": 0.0, "boundary": "periodic"}),
        "NeuralField, torus": (nt.NeuralField, {"length": [8.0, 8.0], "points": [4, 4], "kernel": hat,
                                                "gain": gains.tanh(0.5), "noise": np.ones((4, 4)),
                                                "input": np.zeros((4, 4)), "boundary": "open"}),
        "MarkovJump": (nt.MarkovJump, {"rates": [[0, 1.0], [2.0, 0]], "label": "a"}),
        "BCM": (nt.BCM, {"rate": 5.0, "saturation": 1.0, "time": 1.0, "noise": 0.01}),
        "VectorBCM": (VectorBCM, {"bcm": nt.BCM(), "inputs": [1.0, 0.5], "noise": 0.1}),
        "LinearChannels": (LinearChannels, {"rates": [1.0, 2.0], "targets": [0.0, 1.0], "noises": [1.0, 1.0]}),
        "BrownianParticle": (nt.BrownianParticle, {"mass": 1.0, "friction": 1.0, "temperature": 1.0, "force": 0.5,
                                                   "parity": "odd"}),
        "LinearLearner": (nt.LinearLearner, {"tuning": 1.0, "velocity_variance": 1.0, "weight_variance": 1.0,
                                             "time": 1.0}),
        "SpineNetwork": (nt.SpineNetwork, {"size": 2, "up": 0.2, "down": 1.0, "cooperativity": 0.1, "stimulus": 1.0,
                                           "neighbours": [[0, 1], [1, 0]], "label": "a"}),
        "TunedNeurons": (nt.TunedNeurons, {"centers": [0.0, 1.0], "width": 0.5, "peak": 1.0, **times, **noises}),
        "VelocityNeurons": (nt.VelocityNeurons, {"tuning": [1.0, 2.0], "baseline": 0.0, "parity": "even", **times,
                                                 **noises}),
        "Gaussian": (nt.Gaussian, {"mean": [0.0, 0.0], "covariance": [[1.0, 0.2], [0.2, 1.0]]}),
        "Circulant": (Circulant, {"eigenvalues": [1.0, 2.0]}),
        "Circulant.of_column": (Circulant.of_column, {"column": [1.0, 2.0]}),
        "LowRank": (LowRank, {"diagonal": 1.0, "left": [[0.1], [0.2]], "right": [[1.0], [1.0]]}),
    }  # fmt: skip
