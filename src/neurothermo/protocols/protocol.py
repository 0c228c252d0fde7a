"""A protocol is its values: the inputs I_0 .. I_K, and whether a step works or relaxes first.

It may drive the couplings and the bath's temperature as well: between networks, and from value to value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_count, checked_flag, checked_range, shown
from neurothermo.core.errors import InputError
from neurothermo.core.machine import memory_here
from neurothermo.core.randomness import digest
from neurothermo.systems.spins import PatternCouplings, SpinNetwork

LARGEST_BYTES = 8 * 2**30
COPIES = 3  # of the values, that are held at once while they are made and checked


@dataclass(frozen=True, eq=False)
class Protocol:
    """Inputs over time, one row a value; couplings and temperatures too where they are driven.

    Step t first changes the input from I_{t-1} to I_t at fixed state (work), then moves the state at I_t
    (heat). The time reverse of that relaxes at its current value first and changes the input then; only so
    are heat and path statistics mirrored. `reversed()` carries this.

    Parameters
    ----------
    values : array_like, shape (K + 1, N)
        I_0 .. I_K, in energy units.
    relax_first : bool
        False for a forward experiment, True for the reverse of one.
    networks : tuple of SpinNetwork, optional
        What the couplings and thresholds are mixed of where they are driven.
    mixing : array_like, shape (K + 1, networks), optional
        J_t = sum_b mixing[t, b] J_b, and U_t likewise. A change does the work -V.dJ.V/2 + dU.V.
    temperatures : array_like, shape (K + 1,), optional
        Bath temperatures T_0 .. T_K, in energy units, where they are driven. A change does no work.

    Raises
    ------
    InputError
        If the values are not a finite (K + 1, N) array with K >= 0, or what else is driven does not fit them.
    """

    values: Array
    relax_first: bool = False
    networks: tuple[SpinNetwork, ...] = ()
    mixing: Any = None
    temperatures: Any = None

    def __post_init__(self) -> None:
        values = checked_array(self.values, "protocol values", (None, None))
        if values.shape[0] == 0:
            raise InputError("protocol values must hold at least the first input, got none")
        checked_range(values, "protocol values")
        checked_flag(self.relax_first, "relax_first")
        if values.shape[1] == 0:
            raise InputError("protocol values must drive at least one neuron, got none")
        fixed = {"values": values}
        if not isinstance(self.networks, tuple):
            raise InputError("networks must be a tuple of SpinNetworks")
        if self.mixing is not None and not self.networks:
            raise InputError("mixing needs the networks that are mixed")
        if self.networks:
            for network in self.networks:
                if not isinstance(network, SpinNetwork) or network.size != values.shape[1]:
                    raise InputError(
                        f"networks must be SpinNetworks of {values.shape[1]} neurons, got {shown(network)}"
                    )
            fixed["mixing"] = checked_array(self.mixing, "mixing", (len(values), len(self.networks)))
        if self.temperatures is not None:
            fixed["temperatures"] = checked_array(self.temperatures, "temperatures", (len(values),))
            if np.any(fixed["temperatures"] <= 0):
                raise InputError(f"temperatures must be positive, got {fixed['temperatures'].min():g}")
        for name, array in fixed.items():
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def steps(self) -> int:
        """K: how many steps the protocol takes."""
        return len(self.values) - 1

    @property
    def size(self) -> int:
        """N: how many neurons it drives."""
        return int(self.values.shape[1])

    @property
    def direction(self) -> str:
        """ "forward" or "reverse"."""
        return "reverse" if self.relax_first else "forward"

    @property
    def drives_more(self) -> bool:
        """Whether it drives couplings or temperature, not the input alone."""
        return bool(self.networks) or self.temperatures is not None

    def network_at(self, step: int, system: SpinNetwork) -> SpinNetwork:
        """The network at a value of the protocol; `system` itself where couplings are not driven."""
        if not self.networks:
            return system
        weights = self.mixing[step]
        couplings = sum(w * network.couplings for w, network in zip(weights, self.networks, strict=True))
        thresholds = sum(w * network.thresholds for w, network in zip(weights, self.networks, strict=True))
        return SpinNetwork(couplings, thresholds, _mixed_patterns(weights, self.networks), label=f"step {step}")

    def temperature_at(self, step: int, temperature: Any) -> Any:
        """The bath's temperature at a value of the protocol; `temperature` where it is not driven."""
        return temperature if self.temperatures is None else float(self.temperatures[step])

    def reversed(self) -> Protocol:
        """The time-reversed experiment: values backwards, relaxation before the change of input."""
        mixing = self.mixing[::-1] if self.networks else None
        temperatures = None if self.temperatures is None else self.temperatures[::-1]
        return Protocol(self.values[::-1], not self.relax_first, self.networks, mixing, temperatures)

    def __add__(self, other: Any) -> Protocol:
        """This protocol, then the other; a joint value is shared, a jump is one more step.

        Raises
        ------
        InputError
            If one of the two is a reverse and the other is not, they drive different numbers of neurons, or
            one drives couplings (of other networks) or temperatures and the other does not.
        """
        if not isinstance(other, Protocol):
            return NotImplemented
        if self.relax_first != other.relax_first:
            raise InputError("protocols joined by + must both be forward or both reversed")
        if self.size != other.size:
            raise InputError(f"protocols joined by + must drive as many neurons, got {self.size} and {other.size}")
        if [one.digest for one in self.networks] != [one.digest for one in other.networks]:
            raise InputError(
                "protocols joined by + must both drive the couplings between the same networks, or neither"
            )
        if (self.temperatures is None) != (other.temperatures is None):
            raise InputError("protocols joined by + must both drive the temperature, or neither")
        driven = [name for name in ("values", "mixing", "temperatures") if getattr(self, name) is not None]
        shared = int(all(np.array_equal(getattr(self, name)[-1], getattr(other, name)[0]) for name in driven))
        joined = {name: np.concatenate([getattr(self, name), getattr(other, name)[shared:]]) for name in driven}
        return Protocol(**joined, relax_first=self.relax_first, networks=self.networks)

    @cached_property
    def digest(self) -> str:
        """A word that two protocols share only if they have the same values, in either mode."""
        driven = [part for part in (self.mixing, self.temperatures) if part is not None]
        return digest("Protocol", self.values, *(network.digest for network in self.networks), *driven)

    def __repr__(self) -> str:
        more = ", driven couplings" * bool(self.networks) + ", driven temperature" * (self.temperatures is not None)
        return f"Protocol({self.direction}, {self.steps} steps, N = {self.size}{more})"


def _mixed_patterns(weights: Any, networks: tuple[SpinNetwork, ...]) -> PatternCouplings | None:
    """Couplings made of the same patterns stay so when they are mixed."""
    stored = [network.patterns for network in networks]
    first = stored[0]
    if first is None or any(one is None or not np.array_equal(one.patterns, first.patterns) for one in stored):
        return None
    return PatternCouplings(first.patterns, sum(w * one.weights for w, one in zip(weights, stored, strict=True) if one))


def ramp(start: Any, stop: Any, steps: int, *, networks: Any = None, temperatures: Any = None) -> Protocol:
    r"""A straight line between two inputs, :math:`I_t = a + (b - a)\, t/K`.

    Parameters
    ----------
    start, stop : array_like, shape (N,)
        a and b, in energy units.
    steps : int
        K, at least 1.
    networks : (SpinNetwork, SpinNetwork), optional
        Drive the couplings and thresholds from those of the first to those of the second, too.
    temperatures : (float, float), optional
        Drive the bath's temperature, too.
    """
    start = checked_array(start, "start", (None,))
    stop = checked_array(stop, "stop", (len(start),))
    steps = _checked_steps(steps, len(start), least=1)
    fraction = np.arange(steps + 1)[:, None] / steps
    ends = np.concatenate([1 - fraction, fraction], axis=1)
    if networks is not None and (not isinstance(networks, list | tuple) or len(networks) != 2):
        raise InputError("networks must be two: the first and the last one")
    if temperatures is not None:
        temperatures = ends @ checked_array(temperatures, "temperatures", (2,))
    values = (1 - fraction) * start + fraction * stop
    return Protocol(values, False, tuple(networks or ()), ends if networks else None, temperatures)


def hold(value: Any, steps: int) -> Protocol:
    """The same input for a number of steps: K + 1 equal values.

    Parameters
    ----------
    value : array_like, shape (N,)
        The input, in energy units.
    steps : int
        K, at least 0.
    """
    value = checked_array(value, "value", (None,))
    return Protocol(np.tile(value, (_checked_steps(steps, len(value)) + 1, 1)))


def _checked_steps(steps: Any, size: int, least: int = 0) -> int:
    """A number of steps whose values fit in memory."""
    steps = checked_count(steps, "steps", least)
    needed = 8.0 * (steps + 1) * size
    if needed + 8.0 * steps > (limit := min(LARGEST_BYTES, memory_here() / COPIES)):
        raise InputError(
            f"steps: the values of {steps} steps would take {needed / 2**30:.3g} GiB, more than {limit / 2**30:.3g} "
            "GiB; drive in stages"
        )
    return steps


def as_protocol(protocol: Any, size: int) -> Protocol:
    """A protocol for N = `size` neurons: as it is, from an array of values, or from a number of idle steps.

    Raises
    ------
    InputError
        If it does not drive `size` neurons.
    """
    if isinstance(protocol, int | np.integer) and not isinstance(protocol, bool):
        return hold(np.zeros(size), checked_count(protocol, "protocol", least=0))
    if not isinstance(protocol, Protocol):
        protocol = Protocol(checked_array(protocol, "protocol", (None, None)))
    if protocol.size != size:
        raise InputError(f"protocol must drive the network's {size} neurons, got fields of length {protocol.size}")
    return protocol
