"""What every exact answer about work propagates: a chain, the inputs of a protocol, and a law to start from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_temperature
from neurothermo.core.errors import InputError
from neurothermo.dynamics.glauber import Glauber
from neurothermo.exact.chain import Chain
from neurothermo.exact.law import checked_system
from neurothermo.protocols.protocol import Protocol, as_protocol
from neurothermo.systems.spins import SpinNetwork


@dataclass(frozen=True, eq=False)
class Request:
    """What was asked, checked: a network driven through a protocol under a rule at a temperature.

    Parameters
    ----------
    system : SpinNetwork
    protocol : Protocol
        It drives the input alone.
    rule : Glauber
    temperature : float
        Of the bath, in energy units.
    initial_temperature : float
        Of the equilibrium at the first input, from which every trial starts.
    """

    system: SpinNetwork
    protocol: Protocol
    rule: Glauber
    temperature: float
    initial_temperature: float

    @classmethod
    def of(cls, system: Any, protocol: Any, rule: Any, temperature: Any, initial_temperature: Any = None) -> Request:
        """Check every argument at the door.

        Raises
        ------
        InputError
            If an argument is not what it must be, or the network has no equilibrium to start from.
        """
        size = checked_system(system).size
        protocol = as_protocol(protocol, size)
        rule = Glauber() if rule is None else rule
        if not isinstance(rule, Glauber):
            raise InputError(f"rule must be a Glauber rule to be propagated exactly, got {type(rule).__name__}")
        if np.ndim(temperature):
            raise InputError(
                f"temperature must be one number for exact work statistics, got shape {np.shape(temperature)}: "
                "they start from equilibrium, and baths at different temperatures have none"
            )
        if protocol.drives_more:
            raise InputError("protocol must drive the input alone for exact work statistics: simulate this one")
        bath = checked_temperature(temperature)
        start = bath if initial_temperature is None else checked_temperature(initial_temperature, "initial_temperature")
        if not system.symmetric:
            raise InputError(f"work statistics start from equilibrium, and there is none: {system.why_no_energy}")
        return cls(system, protocol, rule, bath, start)


@dataclass(frozen=True, eq=False)
class Drive:
    """A request, the chain that answers it, and the law of the start, shape (states,)."""

    request: Request
    chain: Chain
    law: Array

    @classmethod
    def of(cls, request: Request, chain: Chain, initial: Chain) -> Drive:
        """`initial` is the same chain at the initial temperature."""
        return cls(request, chain, initial.equilibrium(request.protocol.values[0]))

    def start(self) -> Array:
        """The law before the first change of input: a reverse protocol moves once before it."""
        law = self.law.copy()
        if self.request.protocol.relax_first and self.request.protocol.steps:
            self.chain.step(law, self.request.protocol.values[0])
        return law

    def works(self) -> Iterator[tuple[Array, Array | None]]:
        """For each change of input the works -dI.V of all states, and the input to move at next; None at the end.

        Forward and reverse differ only in `start`, because the move after the last change does no work.
        """
        values = self.request.protocol.values
        for t in range(1, len(values)):
            yield -self.chain.amounts(values[t] - values[t - 1]), values[t] if t + 1 < len(values) else None
