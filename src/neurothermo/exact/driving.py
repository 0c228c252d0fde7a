"""What every exact answer about work propagates: the chains and inputs of a protocol, and a law to start from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_choice, checked_temperature, checked_temperatures
from neurothermo.core.errors import InputError
from neurothermo.dynamics.glauber import Glauber
from neurothermo.exact.chain import Chain
from neurothermo.exact.law import checked_system
from neurothermo.exact.lumped import LumpedChain
from neurothermo.exact.lumping import Lumping, exchangeable, exchangeable_throughout, singletons
from neurothermo.protocols.protocol import Protocol, as_protocol
from neurothermo.systems.spins import SpinNetwork

STARTS = ("equilibrium", "stationary")


@dataclass(frozen=True, eq=False)
class Request:
    """What was asked, checked: a network driven through a protocol under a rule at a temperature.

    Parameters
    ----------
    system : SpinNetwork
    protocol : Protocol
    rule : Glauber
    temperature : float, array of shape (N,), or None
        Of the bath or of one for each neuron, in energy units; None where the protocol drives it.
    initial : "equilibrium" or "stationary"
        From which every trial starts, at the first value of the protocol.
    initial_temperature : float, optional
        Of that equilibrium where it is not the bath's.
    """

    system: SpinNetwork
    protocol: Protocol
    rule: Glauber
    temperature: float | Array | None
    initial: str = "equilibrium"
    initial_temperature: float | None = None

    @classmethod
    def of(
        cls,
        system: Any,
        protocol: Any,
        rule: Any,
        temperature: Any,
        initial: Any = None,
        initial_temperature: Any = None,
    ) -> Request:
        """Check every argument at the door.

        Raises
        ------
        InputError
            If an argument is not what it must be, or an equilibrium to start from is asked for and there is none.
        """
        size = checked_system(system).size
        protocol = as_protocol(protocol, size)
        rule = Glauber() if rule is None else rule
        if not isinstance(rule, Glauber):
            raise InputError(f"rule must be a Glauber rule to be propagated exactly, got {type(rule).__name__}")
        if protocol.networks and system.digest not in [network.digest for network in protocol.networks]:
            raise InputError("system must be one of the networks that the protocol drives the couplings between")
        bath = _checked_bath(temperature, protocol)
        if initial_temperature is not None:
            initial_temperature = checked_temperature(initial_temperature, "initial_temperature")
        request = cls(system, protocol, rule, bath, "stationary", initial_temperature)
        return replace(request, initial=_checked_start(initial, request))

    @cached_property
    def like(self) -> npt.NDArray[np.int64]:
        """For every value of the protocol the first one with the same couplings and temperature, shape (K + 1,)."""
        protocol = self.protocol
        driven = [part.reshape(len(protocol.values), -1) for part in (protocol.mixing, protocol.temperatures)
                  if part is not None]  # fmt: skip
        if not driven:
            return np.zeros(len(protocol.values), dtype=np.int64)
        _, first, which = np.unique(np.hstack(driven), axis=0, return_index=True, return_inverse=True)
        return np.asarray(first[which.reshape(-1)], dtype=np.int64)

    @cached_property
    def lumping(self) -> Lumping | None:
        """Classes of neurons that stay exchangeable all the way; None where there are none.

        There are none for sequential order, without patterns, and with temperatures of single neurons. Couplings
        and fields are those of the first value.
        """
        first = self.network_at(0)
        single = not isinstance(self.temperature, np.ndarray)
        if self.rule.order == "sequential" or not single or first.patterns is None:
            return None
        protocol = self.protocol
        if not protocol.networks:
            return exchangeable_throughout(first, protocol.values)
        for network in protocol.networks:
            exchangeable(network, protocol.values[0])  # whether its patterns give its couplings
        net = protocol.values - protocol.mixing @ np.stack([network.thresholds for network in protocol.networks])
        return exchangeable_throughout(SpinNetwork(first.couplings, None, first.patterns), net)

    @property
    def bath(self) -> dict[str, Any]:
        """What an answer says of temperature: of the bath, or over the protocol where it drives it."""
        if self.protocol.temperatures is not None:
            return {"temperatures": self.protocol.temperatures}
        return {"temperature": self.temperature}

    def network_at(self, step: int) -> SpinNetwork:
        """The network at a value of the protocol."""
        return self.protocol.network_at(step, self.system)

    def temperature_at(self, step: int) -> Any:
        """The temperature at a value of the protocol: one number, or one for each neuron."""
        return self.protocol.temperature_at(step, self.temperature)

    def chain(self, step: int, temperature: Any, *, lumped: bool) -> Chain:
        """The network at a value of the protocol as a chain, on occupation numbers or on all states."""
        network = self.network_at(step)
        if not lumped:
            from neurothermo.exact.enumerated import enumerated_chain

            return enumerated_chain(network, self.rule, temperature)
        lumping = self.lumping
        assert lumping is not None and network.patterns is not None
        if self.protocol.networks:
            first = [spins[0] for spins in lumping.members]
            spins = (lumping.gauge * network.patterns.patterns)[:, first].astype(np.float64)
            lumping = replace(lumping, couplings=spins.T @ network.patterns.weights @ spins)
        return LumpedChain(network, self.rule, temperature, lumping)

    def start(self, *, lumped: bool) -> Array:
        """The law at the first value of the protocol, shape (states,).

        Raises
        ------
        InputError
            If a stationary law is asked for and could not be determined.
        """
        field, bath = self.protocol.values[0], self.temperature_at(0)
        if self.initial == "equilibrium":
            at = bath if self.initial_temperature is None else self.initial_temperature
            return self.chain(0, at, lumped=lumped).equilibrium(field)
        return self.stationary(0, lumped=lumped)

    def stationary(self, step: int, *, lumped: bool) -> Array:
        """The law that the rule keeps at a value of the protocol, shape (states,).

        Raises
        ------
        InputError
            If it could not be determined.
        """
        field, bath = self.protocol.values[step], self.temperature_at(step)
        if lumped:
            from neurothermo.exact.lumped_steady import lumped_law
            from neurothermo.exact.lumped_ticks import LumpedTick

            chain = self.chain(step, bath, lumped=True)
            assert isinstance(chain, LumpedChain)
            found = lumped_law(LumpedTick(chain, field))
        else:
            from neurothermo.exact.steady import stationary_law

            found = stationary_law(self.network_at(step), self.rule, temperature=bath, field=field)
        if not found.converged:
            raise InputError(f"there is no stationary law at step {step}: {found.sentence}")
        return found.probabilities


@dataclass(frozen=True, eq=False)
class Move:
    """What moves the state in one step: a chain at an input."""

    chain: Chain
    field: Array

    def step(self, law: Any) -> None:
        """law <- T law, in place; shape (states,) or (rows, states)."""
        self.chain.step(law, self.field)


@dataclass(frozen=True, eq=False)
class Drive:
    """A request, the chains that answer it, one for every value of the protocol, and the law of the start."""

    request: Request
    chain_at: Callable[[int], Chain]
    law: Array

    @property
    def chain(self) -> Chain:
        """The chain at the first value; all others have the same states."""
        return self.chain_at(0)

    def move_at(self, step: int) -> Move:
        """The move at a value of the protocol."""
        return Move(self.chain_at(step), self.request.protocol.values[step])

    def lumping_at(self, step: int) -> Lumping:
        """The states of the chain, in its order, with couplings and fields at a value of the protocol."""
        field = self.request.protocol.values[step]
        chain = self.chain_at(step)
        if isinstance(chain, LumpedChain):
            return replace(chain.lumping, fields=chain.class_fields(field))
        return singletons(self.request.network_at(step), field)

    def start(self) -> Array:
        """The law before the first change: a reverse protocol moves once before it."""
        law = self.law.copy()
        if self.request.protocol.relax_first and self.request.protocol.steps:
            self.move_at(0).step(law)
        return law

    def works(self) -> Iterator[tuple[Array, Move | None]]:
        """For each change the works E'(V) - E(V) of all states, and the move that follows; None at the end.

        Forward and reverse differ only in `start`, because the move after the last change does no work.
        """
        for t in range(1, self.request.protocol.steps + 1):
            yield self._works(t), self.move_at(t) if t < self.request.protocol.steps else None

    def _works(self, step: int) -> Array:
        """-dI.V, and -V.dJ.V/2 + dU.V where couplings are driven, energy or not."""
        protocol = self.request.protocol
        if not protocol.networks:
            return -self.chain.amounts(protocol.values[step] - protocol.values[step - 1])
        old, new = self.lumping_at(step - 1), self.lumping_at(step)
        return replace(new, couplings=new.couplings - old.couplings, fields=new.fields - old.fields).energies()


def _checked_bath(temperature: Any, protocol: Protocol) -> float | Array | None:
    if protocol.temperatures is not None:
        if temperature is not None:
            raise InputError("temperature must not be given: the protocol drives it")
        return None
    if temperature is None:
        raise InputError("temperature is needed: of the bath, in energy units")
    return checked_temperatures(temperature, protocol.size)


def _checked_start(initial: Any, request: Request) -> str:
    """The name of the law to start from: equilibrium where there is one, stationary elsewhere, or as asked."""
    first, given = request.network_at(0), request.initial_temperature is not None
    single = given or not isinstance(request.temperature, np.ndarray)
    if initial is None:
        initial = "equilibrium" if given or (first.symmetric and single) else "stationary"
    if not isinstance(initial, str):
        raise InputError(f"initial must be 'equilibrium' or 'stationary', got {type(initial).__name__}")
    checked_choice(initial, "initial", STARTS)
    if initial == "stationary" and given:
        raise InputError("initial_temperature belongs to initial='equilibrium': a stationary start has the bath's")
    if initial == "equilibrium" and not first.symmetric:
        raise InputError(f"initial='equilibrium' needs an energy: {first.why_no_energy}; use initial='stationary'")
    if initial == "equilibrium" and not single:
        raise InputError("initial='equilibrium' needs one temperature, got one for each neuron; use 'stationary'")
    return initial
