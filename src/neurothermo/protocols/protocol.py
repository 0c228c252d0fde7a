"""A protocol is its values: the inputs I_0 .. I_K, and whether a step works or relaxes first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_count
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import digest


@dataclass(frozen=True, eq=False)
class Protocol:
    """Inputs over time, one row a value.

    Step t first changes the input from I_{t-1} to I_t at fixed state (work), then moves the state at I_t
    (heat). The time reverse of that relaxes at its current value first and changes the input then; only so
    are heat and path statistics mirrored. `reversed()` carries this.

    Parameters
    ----------
    values : array_like, shape (K + 1, N)
        I_0 .. I_K, in energy units.
    relax_first : bool
        False for a forward experiment, True for the reverse of one.

    Raises
    ------
    InputError
        If the values are not a finite (K + 1, N) array with K >= 0.
    """

    values: Array
    relax_first: bool = False

    def __post_init__(self) -> None:
        values = checked_array(self.values, "protocol values", (None, None))
        if values.shape[0] == 0:
            raise InputError("protocol values must hold at least the first input, got none")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

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

    def reversed(self) -> Protocol:
        """The time-reversed experiment: values backwards, relaxation before the change of input."""
        return Protocol(self.values[::-1], relax_first=not self.relax_first)

    def __add__(self, other: Protocol) -> Protocol:
        """This protocol, then the other; a joint value is shared, a jump is one more step.

        Raises
        ------
        InputError
            If one of the two is a reverse and the other is not, or they drive different numbers of neurons.
        """
        if self.relax_first != other.relax_first:
            raise InputError("protocols joined by + must both be forward or both reversed")
        if self.size != other.size:
            raise InputError(f"protocols joined by + must drive as many neurons, got {self.size} and {other.size}")
        shared = int(np.array_equal(self.values[-1], other.values[0]))
        return Protocol(np.concatenate([self.values, other.values[shared:]]), self.relax_first)

    @cached_property
    def digest(self) -> str:
        """A word that two protocols share only if they have the same values, in either mode."""
        return digest("Protocol", self.values)

    def __repr__(self) -> str:
        return f"Protocol({self.direction}, {self.steps} steps, N = {self.size})"


def ramp(start: Any, stop: Any, steps: int) -> Protocol:
    r"""A straight line between two inputs, :math:`I_t = a + (b - a)\, t/K`.

    Parameters
    ----------
    start, stop : array_like, shape (N,)
        a and b, in energy units.
    steps : int
        K, at least 1.
    """
    start = checked_array(start, "start", (None,))
    stop = checked_array(stop, "stop", (len(start),))
    steps = checked_count(steps, "steps")
    fraction = np.arange(steps + 1)[:, None] / steps
    return Protocol((1 - fraction) * start + fraction * stop)


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
    return Protocol(np.tile(value, (checked_count(steps, "steps", least=0) + 1, 1)))


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
