"""How a law moves: a neuron drawn anew, an attempt, a step; tilted by the entropy flow where wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from neurothermo.core.checks import Array
from neurothermo.exact.log_odds import LogOdds, linear

WIDTH_BITS = 10  # laws are handed to the solver in rows of 2^10 states


@dataclass(frozen=True, eq=False)
class Redraw:
    r"""One neuron drawn anew: what it does to the pairs of states that differ in it.

    .. math:: p(s) \leftarrow \sum_{s'} T(s' \to s)\, e^{-\theta\, \mathrm{flow}(s' \to s)}\, p(s')

    up, down: the probabilities of its two signs; rise, fall: the same, tilted, of a change to up or down. All of
    shape (2^(N-1-site), 2^site), one entry a pair.
    """

    site: int
    up: Array
    down: Array
    rise: Array
    fall: Array

    @classmethod
    def of(cls, odds: LogOdds, site: int, theta: float = 0.0) -> Redraw:
        a = odds.of(site).reshape(-1, 2, 1 << site)[:, 0]
        up, down = expit(a), expit(-a)
        if theta == 0:
            return cls(site, up, down, up, down)
        return cls(site, up, down, up * np.exp(-theta * a), down * np.exp(theta * a))

    def __call__(self, law: Array) -> None:
        """In place; law (2^N,)."""
        pairs = law.reshape(-1, 2, 1 << self.site)
        low, high = pairs[:, 0].copy(), pairs[:, 1].copy()
        pairs[:, 0] = self.down * low + self.fall * high
        pairs[:, 1] = self.rise * low + self.up * high


@dataclass(frozen=True, eq=False)
class Together:
    r"""All neurons drawn anew at once.

    .. math:: T(s \to s')\, e^{-\theta\, \mathrm{flow}} = e^{(\theta - 1) L(s) + \theta b \cdot s / 2 - \theta L(s')}
              \prod_j e^{s'_j [(1 - \theta) a_j(s) + \theta (K^T s)_j] / 2}, \qquad L = \sum_i \ln 2\cosh(a_i/2)

    For each s the product is one over low neurons times one over high ones, so that a step is one product of two
    matrices of 2^N rows and about 2^(N/2) columns.
    """

    low: Array
    high: Array
    after: Array

    @classmethod
    def of(cls, odds: LogOdds, theta: float = 0.0) -> Together:
        states = 1 << odds.size
        normal = np.zeros(states)
        factors = [np.ones((states, 1)), np.ones((states, 1))]
        for site in range(odds.size):
            logit = odds.of(site)
            normal += np.logaddexp(0.5 * logit, -0.5 * logit)
            drive = logit if theta == 0 else (1 - theta) * logit + theta * linear(odds.couplings[:, site])
            part = int(site >= odds.size // 2)
            scale = np.logaddexp(0.5 * drive, -0.5 * drive)  # kept apart: no factor overflows
            normal_up = np.exp(0.5 * drive - scale)[:, None]
            normal_down = np.exp(-0.5 * drive - scale)[:, None]
            factors[part] = np.concatenate([factors[part] * normal_down, factors[part] * normal_up], axis=1)
            if theta != 0:
                factors[1] *= np.exp(scale - (1 - theta) * np.logaddexp(0.5 * logit, -0.5 * logit))[:, None]
        factors[1] *= np.exp(0.5 * theta * linear(odds.base))[:, None]
        return cls(factors[0], factors[1], np.exp(-theta * normal))

    def __call__(self, law: Array) -> None:
        """In place; law (2^N,)."""
        law[:] = ((law[:, None] * self.high).T @ self.low).ravel() * self.after


@dataclass(frozen=True, eq=False)
class AnyOne:
    """One neuron drawn anew, chosen at random: the mean over neurons."""

    moves: tuple[Redraw, ...]

    @classmethod
    def of(cls, odds: LogOdds, theta: float = 0.0) -> AnyOne:
        return cls(tuple(Redraw.of(odds, site, theta) for site in range(odds.size)))

    def __call__(self, law: Array) -> None:
        """In place; law (2^N,)."""
        before, after = law.copy(), np.zeros_like(law)
        for move in self.moves:
            law[:] = before
            move(law)
            after += law
        law[:] = after / len(self.moves)


@dataclass(frozen=True, eq=False)
class InTurn:
    """Neurons drawn anew one after the other."""

    moves: tuple[Redraw, ...]

    @classmethod
    def of(cls, odds: LogOdds, sites: list[int], theta: float = 0.0) -> InTurn:
        each = {site: Redraw.of(odds, site, theta) for site in set(sites)}
        return cls(tuple(each[site] for site in sites))

    def __call__(self, law: Array) -> None:
        """In place; law (2^N,)."""
        for move in self.moves:
            move(law)


def clock_move(rule: Any, odds: LogOdds, theta: float = 0.0) -> Redraw | Together | AnyOne | InTurn:
    """What happens in one tick of a rule's clock: an attempt in random order, else a step."""
    if rule.order == "random":
        return AnyOne.of(odds, theta)
    if rule.order == "parallel":
        return Together.of(odds, theta)
    return InTurn.of(odds, sites_of(rule, odds.size), theta)


def sites_of(rule: Any, size: int) -> list[int]:
    """Which neurons a step of sequential order draws, one after the other."""
    count = rule.attempts_per_step(size)
    return [(count - 1 - k if rule.descending else k) % size for k in range(count)]


@dataclass(frozen=True, eq=False)
class Stepper:
    """A tick of a rule's clock as a map of laws in rows, for `fixed_point`."""

    move: Any
    size: int

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
