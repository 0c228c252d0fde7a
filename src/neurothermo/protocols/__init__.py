"""What is done to a network: inputs that change step by step."""

from neurothermo.protocols.protocol import Protocol, as_protocol, hold, ramp

__all__ = ["Protocol", "as_protocol", "hold", "ramp"]
