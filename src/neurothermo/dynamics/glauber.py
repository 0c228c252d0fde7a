"""Glauber dynamics: neurons drawn from their conditional law, one at a time or all at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_choice, checked_count, checked_flag
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import Address

ORDERS = ("random", "sequential", "parallel")
ACTIVATIONS = {"heat-bath": 2.0, "as-printed": 1.0}
HALF = np.uint64(32)


@dataclass(frozen=True)
class Glauber:
    r"""Each attempt draws one neuron anew, at the input of the moment.

    .. math:: P(V_i = +1) = \frac{1}{1 + e^{-c\, h_i / T}}, \quad h = J V + I - U, \qquad
              \text{flow} = c\, h_i V_i' / T \text{ on a flip}

    Parameters
    ----------
    order : "random", "sequential" or "parallel"
        Which neuron an attempt draws: any, each trial its own; neuron 0, 1, 2, ... (every step starts at 0
        again); or all at once, which keeps another law than Boltzmann's even where there is an energy.
    attempts : int, optional
        Attempts a step; default N, one sweep. Parallel order refuses it: its step is one move of all neurons.
    activation : "heat-bath" or "as-printed"
        c = 2, the heat bath of spins -1/+1; or c = 1, the sigmoid as Chen 2020 prints it (eq. 7), which is a
        heat bath at temperature 2T.
    descending : bool
        Sequential order backwards: what the time-reversed experiment needs (`reversed()` gives it).

    Raises
    ------
    InputError
        If a name is unknown, or attempts are given where they have no meaning.

    References
    ----------
    Glauber, J. Math. Phys. 4, 294 (1963); Chen, arXiv 2012.13252, eqs. 5-7; for parallel order Little, Math.
    Biosci. 19, 101 (1974) and Peretto, Biol. Cybern. 50, 51 (1984).
    """

    order: str = "random"
    attempts: int | None = None
    activation: str = "heat-bath"
    descending: bool = False

    def __post_init__(self) -> None:
        checked_choice(self.order, "order", ORDERS)
        checked_flag(self.descending, "descending")
        checked_choice(self.activation, "activation", tuple(ACTIVATIONS))
        if self.attempts is not None:
            if self.order == "parallel":
                raise InputError("attempts has no meaning in parallel order: a step moves every neuron once")
            object.__setattr__(self, "attempts", checked_count(self.attempts, "attempts"))
        if self.descending and self.order != "sequential":
            raise InputError(f"descending belongs to sequential order, got order {self.order!r}")

    @property
    def steepness(self) -> float:
        """c: 2 for the heat bath, 1 as printed."""
        return ACTIVATIONS[self.activation]

    def attempts_per_step(self, size: int) -> int:
        """How many attempts a step of a network of `size` neurons makes."""
        return size if self.attempts is None else self.attempts

    def clock(self, size: int) -> tuple[str, float]:
        """What its rates count, and how many of it a step of `size` neurons makes: attempts, sweeps or steps."""
        if self.order == "parallel":
            return "step", 1.0
        attempts = self.attempts_per_step(size)
        return ("attempt", float(attempts)) if self.order == "random" else ("sweep", attempts / size)

    def reversed(self) -> Glauber:
        """The rule of the time-reversed experiment: sequential order backwards, the others themselves."""
        return replace(self, descending=not self.descending) if self.order == "sequential" else self

    def move(
        self, system: Any, states: npt.NDArray[Any], field: Array, *, temperature: Any, address: Address
    ) -> tuple[npt.NDArray[Any], Array]:
        """One step of every trial, as `Rule.move` says: the plain form that the compiled kernels are compared with."""
        steepness = self.steepness / (np.zeros(system.size) + temperature)
        if self.order == "parallel":
            return _parallel(system, states, field, steepness, address)
        states = states.copy()
        flow = np.zeros(len(states))
        rows = np.arange(len(states))
        attempts = self.attempts_per_step(system.size)
        for attempt in range(attempts):
            bits = address.bits(1, first=attempt)[:, 0]
            site = self._sites(bits, attempt, attempts, system.size)
            logit = steepness[site] * system.local_fields(states, field)[rows, site]
            new = _drawn(logit, bits)
            flow += np.where(new != states[rows, site], logit * new, 0.0)
            states[rows, site] = new
        return states, flow

    def _sites(self, bits: Any, attempt: int, attempts: int, size: int) -> Any:
        if self.order == "random":
            low = bits & np.uint64(0xFFFFFFFF)
            return ((low * np.uint64(size)) >> HALF).astype(np.intp)
        return np.full(len(bits), (attempts - 1 - attempt if self.descending else attempt) % size)


def _parallel(system: Any, states: Any, field: Any, steepness: Any, address: Address) -> tuple[Any, Array]:
    """All neurons at once; flow = ln p(s -> s') - ln p(s' -> s) of the whole move."""
    logit = steepness * system.local_fields(states, field)
    new = _drawn(logit, address.bits(system.size)).astype(states.dtype)
    back = steepness * system.local_fields(new, field)
    there = -np.logaddexp(0.0, -new * logit).sum(axis=1)
    return new, there + np.logaddexp(0.0, -states * back).sum(axis=1)


def _drawn(logit: Any, bits: Any) -> Any:
    """-1 or +1: against the field with probability 1 / (1 + e^|logit|), else with it."""
    uniform = (bits >> np.uint64(33)).astype(np.float64) * 2.0**-31 + 2.0**-32
    against = np.log(uniform) + np.logaddexp(0.0, np.abs(logit)) < 0
    return np.where((logit >= 0) != against, 1, -1)
