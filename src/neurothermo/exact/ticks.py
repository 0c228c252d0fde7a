"""One tick of a rule's clock: what every stationary quantity is counted by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.dynamics.glauber import Glauber
from neurothermo.exact.enumerated import EnumeratedChain, enumerated_chain
from neurothermo.exact.odds import LogOdds, checked_field, log_odds

WIDTH_BITS = 10  # laws are handed to the solver in rows of 2^10 states


@dataclass(frozen=True, eq=False)
class Tick:
    """An attempt in random order, a step in sequential and parallel order, at one input. Made by `tick_of`.

    Parameters
    ----------
    system : SpinNetwork
    rule : Glauber
    temperature : float or array, shape (N,)
    field : array, shape (N,)
    odds : LogOdds
    """

    system: Any
    rule: Glauber
    temperature: Any
    field: Array
    odds: LogOdds

    @property
    def size(self) -> int:
        """N."""
        return self.odds.size

    @property
    def units(self) -> str:
        """ "nats per attempt", "nats per sweep" or "nats per step"."""
        return units_of(self.rule, self.size)

    @property
    def sites(self) -> list[int]:
        """Which neurons a step of sequential order draws, one after the other."""
        count = self.rule.attempts_per_step(self.size)
        return [(count - 1 - k if self.rule.descending else k) % self.size for k in range(count)]

    @cached_property
    def chain(self) -> EnumeratedChain:
        """Its steps are ticks."""
        rule = replace(self.rule, attempts=1) if self.rule.order == "random" else self.rule
        return enumerated_chain(self.system, rule, self.temperature)

    def move(self, law: Array) -> None:
        """law <- T law, in place; (2^N,)."""
        self.chain.step(law, self.field)

    def draw(self, law: Array, site: int) -> None:
        """Draw one neuron anew, in place: sequential order between its attempts."""
        pairs = law.reshape(-1, 2, 1 << site)
        odds = self.odds.of(site).reshape(pairs.shape)[:, 0]
        either = pairs.sum(axis=1)
        pairs[:, 0] = np.exp(-np.logaddexp(0.0, odds)) * either
        pairs[:, 1] = np.exp(-np.logaddexp(0.0, -odds)) * either

    # -- for the solver, which wants laws in rows ----------------------------------------------------

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, width) of a law."""
        bits = min(WIDTH_BITS, self.size)
        return (1 << (self.size - bits), 1 << bits)

    def drift(self, law: Array, out: Array) -> None:
        """out <- T law - law."""
        out[:] = law
        self.move(out.reshape(-1))
        out -= law

    def deviation(self, law: Array) -> Array:
        """A change of law of no total probability, to the likeliest state and to its opposite."""
        change = -law
        likeliest = int(np.argmax(law))
        for share, place in ((0.65, likeliest), (0.35, law.size - 1 - likeliest)):
            change.reshape(-1)[place] += share
        return change


def units_of(rule: Glauber, size: int) -> str:
    """ "nats per attempt", "nats per sweep" or "nats per step"."""
    if rule.order == "random":
        return "nats per attempt"
    sweep = rule.order == "sequential" and rule.attempts_per_step(size) == size
    return "nats per sweep" if sweep else "nats per step"


def tick_of(system: Any, rule: Any, temperature: Any, field: Any) -> Tick:
    """Of a network under a rule.

    Raises
    ------
    InputError
        As `log_odds` does.
    """
    odds = log_odds(system, rule, temperature, field)
    return Tick(system, rule, temperature, checked_field(field, odds.size), odds)
