"""What is done to a network: inputs that change step by step."""

from neurothermo.protocols.measured import Feedback, Measure, NoisyReadout, NoisySign, feedback
from neurothermo.protocols.protocol import Protocol, as_protocol, hold, ramp
from neurothermo.protocols.signals import random_signal

__all__ = [
    "Feedback",
    "Measure",
    "NoisyReadout",
    "NoisySign",
    "Protocol",
    "as_protocol",
    "feedback",
    "hold",
    "ramp",
    "random_signal",
]
