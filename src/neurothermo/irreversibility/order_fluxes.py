"""The irreversibility that fluxes of few channels show: a concave maximum over antisymmetric functions of a move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from neurothermo.core.checks import Array

MOST_ITERATIONS = 60
RANK = 1e-9  # of the largest eigenvalue: directions below it are combinations of others
LARGEST = 300.0  # of g, lest its exponential overflow on the way
HALF = 0.5  # a count given to both directions of every move seen in one


@dataclass(frozen=True, eq=False)
class Fluxes:
    """How often the network moved between two states, one way and the other.

    Parameters
    ----------
    first, second : array, shape (pairs, N)
        The two states, whole numbers from 0.
    forth, back : array, shape (pairs,)
        How often from first to second, and back.
    count : float
        Of all moves, those that change nothing too.
    """

    first: Any
    second: Any
    forth: Array
    back: Array
    count: float

    def features(self, order: int) -> Array:
        """An orthogonal basis of the antisymmetric functions of moves of at most `order` channels, (pairs, k).

        The functions are indicators of one subset going from u to v, less that of v to u.
        """
        size = self.first.shape[1]
        columns = [
            column for some in combinations(range(size), min(order, size)) for column in self._indicators(list(some))
        ]
        if not columns:
            return np.zeros((len(self.first), 0))
        raw = np.stack(columns, axis=1)
        weights = (self.forth + self.back) / self.count
        values, turn = np.linalg.eigh(raw.T @ (raw * weights[:, None]))
        kept = values > RANK * max(values[-1], 1e-300)
        return np.asarray(raw @ (turn[:, kept] / np.sqrt(values[kept])))

    def _indicators(self, some: list[int]) -> list[Array]:
        """One column for each pair of states that the subset was seen to go between."""
        levels = np.maximum(self.first.max(axis=0), self.second.max(axis=0))[some] + 1
        start = np.ravel_multi_index(tuple(self.first[:, some].T), tuple(levels))
        end = np.ravel_multi_index(tuple(self.second[:, some].T), tuple(levels))
        between = np.minimum(start, end) * int(np.prod(levels)) + np.maximum(start, end)
        between[start == end] = -1
        signs = np.sign(end - start).astype(np.float64)
        return [np.where(between == one, signs, 0.0) for one in np.unique(between[between >= 0])]

    def turned(self, difference: Array) -> Fluxes:
        """The same moves with another net flux."""
        both = self.forth + self.back
        return replace(self, forth=(both + difference) / 2, back=(both - difference) / 2)


@dataclass(frozen=True, eq=False)
class Bound:
    """The largest value and where: g of every pair of states, and <e^-g>."""

    value: float
    potential: Array
    normal: float


def shown_by(fluxes: Fluxes, basis: Array) -> Bound:
    r"""The irreversibility that fluxes of some functions show.

    .. math:: \sigma_k = \max_{g \in F_k}\ \langle g \rangle - \ln \langle e^{-g} \rangle

    Concave in g: damped Newton. `HALF` a count on both directions of every pair of states keeps g finite; it does not
    change net fluxes.

    Parameters
    ----------
    fluxes : Fluxes
    basis : array, shape (pairs, k)
        Of F_k, from `Fluxes.features`.
    """
    forth, back = (fluxes.forth + HALF) / fluxes.count, (fluxes.back + HALF) / fluxes.count
    still = max(1 - float(np.sum(forth + back)), 0.0)
    mass = still + float(np.sum(forth + back))
    net = basis.T @ (forth - back)
    at, best = np.zeros(basis.shape[1]), 0.0

    def parts(at: Array) -> tuple[Array, Array, float]:
        g = np.clip(basis @ at, -LARGEST, LARGEST)
        ahead, behind = forth * np.exp(-g), back * np.exp(g)
        return ahead, behind, (still + float(np.sum(ahead + behind))) / mass

    for _ in range(MOST_ITERATIONS if len(at) else 0):
        ahead, behind, normal = parts(at)
        pull = basis.T @ (ahead - behind) / (mass * normal)
        slope = net + pull
        bend = basis.T @ (basis * ((ahead + behind) / (mass * normal))[:, None]) - np.outer(pull, pull)
        step = np.linalg.solve(bend + 1e-12 * np.trace(bend) * np.eye(len(at)), slope)
        gain, fraction = float(step @ slope), 1.0
        while True:
            trial = at + fraction * step
            value = float(trial @ net - np.log(parts(trial)[2]))
            if value >= best - 1e-14 or fraction < 1e-6:
                break
            fraction /= 2
        at, best = trial, max(value, best)
        if gain < 1e-12 + 1e-9 * best:
            break
    return Bound(best, basis @ at, parts(at)[2])


def of_all(fluxes: Fluxes) -> Bound:
    r"""The same with no restriction on g: :math:`\sum_{x x'} P(x, x') \ln [P(x, x') / P(x', x)]`."""
    g = np.log((fluxes.forth + HALF) / (fluxes.back + HALF))
    return Bound(float((fluxes.forth - fluxes.back) @ g) / fluxes.count, g, 1.0)
