"""Laws and passage times of one variable in a potential, by quadrature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_number
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import Address

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
FEWEST, MOST = 200, 20_000  # panels of 16 points each
NEWTON = 4  # steps to invert a cumulated probability within a panel


@dataclass(frozen=True, eq=False)
class WellLaw:
    r"""Boltzmann's law of one variable on an interval, :math:`p(x) = e^{-U(x)} / Z`.

    Parameters
    ----------
    exponent : callable
        U, potential over noise: an array of any shape in, one of the same shape out.
    low, high : float
        Where it ends; nothing is beyond.
    narrowest : float
        The shortest length on which exp(-U) changes; sets the panels of the quadrature.

    Raises
    ------
    InputError
        If the interval is empty, or too wide for its narrowest well.
    """

    exponent: Callable[[Any], Any]
    low: float
    high: float
    narrowest: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise InputError(f"domain must be (low, high) with low < high, got ({self.low:g}, {self.high:g})")
        panels_for(self.high - self.low, self.narrowest)

    @cached_property
    def edges(self) -> Array:
        """Ends of the panels."""
        return np.linspace(self.low, self.high, panels_for(self.high - self.low, self.narrowest) + 1)

    @cached_property
    def _points(self) -> tuple[Array, Array]:
        """Nodes and weights, each of shape (panels, 16)."""
        return between(self.edges[:-1], self.edges[1:])

    @cached_property
    def _lowest(self) -> float:
        return float(self.exponent(self._points[0]).min())

    @cached_property
    def _masses(self) -> Array:
        """Weight times exp(lowest - U) at every node."""
        points, weights = self._points
        return np.asarray(weights * np.exp(self._lowest - self.exponent(points)))

    @cached_property
    def log_normalization(self) -> float:
        """ln Z."""
        return float(np.log(self._masses.sum()) - self._lowest)

    def expectation(self, function: Callable[[Any], Any]) -> float:
        """The mean of a function of x (arrays in, arrays out)."""
        return float(np.sum(self._masses * function(self._points[0])) / self._masses.sum())

    def variance_of(self, function: Callable[[Any], Any]) -> float:
        """The variance of a function of x."""
        mean = self.expectation(function)
        return self.expectation(lambda x: (function(x) - mean) ** 2)

    def mean(self) -> float:
        """<x>."""
        return self.expectation(lambda x: x)

    def variance(self) -> float:
        """<x^2> - <x>^2."""
        return self.variance_of(lambda x: x)

    def moment(self, order: float) -> float:
        """<x^order>."""
        return self.expectation(lambda x: x ** checked_number(order, "order"))

    def entropy(self) -> float:
        """-<ln p>, in nats."""
        return self.expectation(self.exponent) + self.log_normalization

    def within(self, low: float, high: float) -> WellLaw:
        """The law of those that are between `low` and `high`."""
        low, high = checked_number(low, "low"), checked_number(high, "high")
        return WellLaw(self.exponent, max(low, self.low), min(high, self.high), self.narrowest)

    def probability(self, low: float | None = None, high: float | None = None) -> float:
        """P(low < x < high); None is the end of the domain."""
        low = self.low if low is None else max(checked_number(low, "low"), self.low)
        high = self.high if high is None else min(checked_number(high, "high"), self.high)
        if low >= high:
            return 0.0
        return float(np.exp(self.within(low, high).log_normalization - self.log_normalization))

    def density(self, x: Any) -> Array:
        """p(x), zero outside the domain, in the shape that came."""
        x = checked_array(x, "x")
        inside = (x >= self.low) & (x <= self.high)
        return np.where(inside, np.exp(-self.exponent(np.where(inside, x, self.low)) - self.log_normalization), 0.0)

    def log_probability(self, states: Any) -> Array:
        """ln p of rows of states, shape (trials,)."""
        x = checked_array(states, "states", (None, 1))[:, 0]
        inside = (x >= self.low) & (x <= self.high)
        return np.where(inside, -self.exponent(np.where(inside, x, self.low)) - self.log_normalization, -np.inf)

    def draw(self, address: Address) -> Array:
        """States, shape (trials, 1): the cumulated probability inverted, in its panel, by Newton's method."""
        wanted = address.uniforms(1)[:, 0]
        masses = self._masses.sum(axis=1) / self._masses.sum()
        cumulated = np.r_[0.0, np.cumsum(masses)]
        panel = np.clip(np.searchsorted(cumulated, wanted, side="right") - 1, 0, len(masses) - 1)
        left, width = self.edges[panel], self.edges[1] - self.edges[0]
        missing = wanted - cumulated[panel]
        x = left + width * np.clip(missing / np.maximum(masses[panel], np.finfo(float).tiny), 0, 1)
        for _ in range(NEWTON):
            points, weights = between(left, x)
            gathered = np.sum(weights * np.exp(-self.exponent(points) - self.log_normalization), axis=1)
            density = np.exp(-self.exponent(x) - self.log_normalization)
            x = np.clip(x + (missing - gathered) / np.maximum(density, np.finfo(float).tiny), left, left + width)
        return np.asarray(x[:, None])

    def __repr__(self) -> str:
        return f"WellLaw(on [{self.low:.4g}, {self.high:.4g}], mean {self.mean():.4g})"


def panels_for(length: float, narrowest: float) -> int:
    """How many panels resolve a length.

    Raises
    ------
    InputError
        If more than 20000 would be needed.
    """
    wanted = length / narrowest
    if not wanted <= MOST:
        raise InputError(
            f"noise is too weak for quadrature: wells of width {narrowest:.2g} on a domain of length {length:.3g}; "
            "kramers_time() needs none"
        )
    return max(FEWEST, int(np.ceil(wanted)))


def between(low: Any, high: Any) -> tuple[Array, Array]:
    """Gauss and Legendre's 16 nodes and weights between each pair of ends; a last axis of 16 is added."""
    half = (np.asarray(high) - np.asarray(low))[..., None] / 2
    return np.asarray(low)[..., None] + half * (NODES + 1), half * WEIGHTS


def log_passage(exponent: Callable[[Any], Any], start: float, goal: float, wall: float, panels: int) -> float:
    r"""ln of the mean first-passage time times the noise, from `start` to `goal`, `wall` reflecting behind the start.

    .. math:: D\,T = \int_{goal}^{start} dy\, e^{U(y)} \int_y^{wall} dz\, e^{-U(z)}

    Sums are kept by their logarithms and gathered from the wall: nothing overflows or cancels, however long T is.

    References
    ----------
    Gardiner, Handbook of Stochastic Methods, 3rd ed. (2004), section 5.2.7.
    """
    ahead, behind = np.linspace(start, goal, panels + 1), np.linspace(wall, start, panels + 1)
    points, weights = between(ahead[:-1], ahead[1:])
    beyond = between(behind[:-1], behind[1:])
    held = np.logaddexp.accumulate(np.r_[_log_held(exponent, *beyond), _log_held(exponent, points, weights)])
    before = held[panels - 1 : -1]  # between the wall and the near end of each panel
    nearby = between(np.broadcast_to(ahead[:-1, None], points.shape), points)
    inner = np.logaddexp(before[:, None], _log_held(exponent, *nearby))
    return float(np.logaddexp.reduce(np.ravel(np.log(np.abs(weights)) + exponent(points) + inner)))


def _log_held(exponent: Callable[[Any], Any], points: Array, weights: Array) -> Array:
    """ln of the integral of exp(-U) over the last axis."""
    return np.asarray(np.logaddexp.reduce(np.log(np.abs(weights)) - exponent(points), axis=-1))
