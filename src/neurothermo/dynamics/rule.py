"""The contract of a rule of motion: move some trials, and say how irreversible each move was."""

from __future__ import annotations

import json
from typing import Any, Protocol

import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.plain import plain
from neurothermo.core.randomness import Address


class Rule(Protocol):
    """A rule of motion, in plain NumPy; a notebook is a good place for one.

    It should be a frozen dataclass: its class name and fields are what names it in a ledger and what, with the
    seed, determines the random numbers of a run.
    """

    def move(
        self, system: Any, states: npt.NDArray[Any], field: Array, *, temperature: Any, address: Address
    ) -> tuple[npt.NDArray[Any], Array]:
        """One step of every trial at a fixed input.

        Parameters
        ----------
        system : SpinNetwork or another system
        states : array, shape (trials, N)
            Not to be changed in place.
        field : array, shape (N,); shape (trials, N) in the response to a measurement (`protocols.feedback`)
        temperature : float or array of shape (N,)
        address : Address
            Where to draw: ``address.uniforms(draws)`` has shape (trials, draws).

        Returns
        -------
        states : array, shape (trials, N)
        flow : array, shape (trials,)
            Entropy into the bath in nats: ln p(x -> x') / p(E x' -> E x) summed over the elementary updates,
            E the time reversal.
        """
        ...

    def reversed(self) -> Rule:
        """The rule of the time-reversed experiment; most rules are their own."""
        ...


def rule_word(rule: Any) -> str:
    """A rule's class, the module that defines it, and its fields as JSON: the same for equal rules, in any process."""
    fields = {name: plain(value) for name, value in sorted(vars(rule).items())}
    kind = {"kind": type(rule).__qualname__, "module": type(rule).__module__}
    return json.dumps({**kind, **fields}, default=repr)
