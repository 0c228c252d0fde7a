"""The stationary law of a Markov jump process, and laws on a list of states."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import Address
from neurothermo.processes.jump_cycles import Forest
from neurothermo.processes.jump_rates import Edges

LARGEST_ELIMINATED = 512  # states; beyond, sparse factors take less time
NORMALISED = 1e-9


@dataclass(frozen=True, eq=False)
class DiscreteLaw:
    """Probabilities of states 0 .. n - 1, to draw from."""

    probabilities: Array

    @cached_property
    def cumulated(self) -> Array:
        """Sums up to each state."""
        return np.cumsum(self.probabilities)

    def draw(self, address: Address) -> npt.NDArray[np.int64]:
        """One state for each trial, shape (trials, 1)."""
        uniforms = address.uniforms(1) * self.cumulated[-1]
        return np.searchsorted(self.cumulated, uniforms, side="right").astype(np.int64)

    def log_probability(self, states: Any) -> Array:
        """ln p of each row, shape (trials,)."""
        with np.errstate(divide="ignore"):
            return np.log(self.probabilities)[np.asarray(states)[:, 0].astype(np.int64)]


@dataclass(frozen=True, eq=False)
class Steady:
    """A stationary law, how it was found, and the largest rate of change that is left of it."""

    law: Array
    route: str
    residual: float


def steady(edges: Edges) -> Steady:
    """The stationary law: 0 on states that are left for good.

    Raises
    ------
    InputError
        If there is more than one.
    """
    kept = edges.recurrent()
    inner = edges if np.all(kept) else edges.only(kept)
    within, route = _within(inner)
    law = np.zeros(edges.size)
    law[kept] = within
    law.setflags(write=False)
    return Steady(law, route, float(np.abs(edges.drift(law)).max()))


def _within(edges: Edges) -> tuple[Array, str]:
    if edges.size == 1:
        return np.ones(1), "absorbing state"
    if edges.size <= LARGEST_ELIMINATED:
        return eliminated(edges), "elimination"
    if not np.any(edges.one_way):
        forest = Forest.of(edges)
        if forest.balanced:
            weights = np.exp(forest.potential - forest.potential.max())
            return weights / weights.sum(), "detailed balance"
    return factored(edges), "sparse factors"


def eliminated(edges: Edges) -> Array:
    """State by state, by sums and products of rates alone: every probability to nearly full relative accuracy.

    References
    ----------
    Grassmann, Taksar and Heyman, Oper. Res. 33, 1107 (1985).
    """
    size = edges.size
    rates = np.zeros((size, size))  # from row to column here
    rates[edges.source, edges.target] = edges.rate
    for last in range(size - 1, 0, -1):
        rates[:last, last] /= rates[last, :last].sum()
        rates[:last, :last] += np.outer(rates[:last, last], rates[last, :last])
    law = np.ones(size)
    for state in range(1, size):
        law[state] = law[:state] @ rates[:state, state]
        law[: state + 1] /= law[: state + 1].max()  # nothing overflows
    return np.asarray(law / law.sum())


def factored(edges: Edges) -> Array:
    """By sparse factors with one state held; then once more with the likeliest held."""
    from scipy.sparse.linalg import splu

    generator = edges.generator
    law, held = np.ones(edges.size), int(np.argmin(edges.escape))
    for _ in range(2):
        kept = np.arange(edges.size) != held
        factors = splu(generator[kept][:, kept].tocsc(), "MMD_AT_PLUS_A", diag_pivot_thresh=0.0)
        law = np.ones(edges.size)
        law[kept] = factors.solve(-generator[kept][:, [held]].toarray()[:, 0])
        rest = np.where(kept, generator @ law, 0.0)
        law[kept] -= factors.solve(rest[kept])
        law = np.maximum(law, 0.0) / np.maximum(law, 0.0).sum()
        held = int(np.argmax(law))
    return law


def checked_law(law: Any, size: int, name: str = "law") -> Array:
    """A law of states 0 .. size - 1: not negative, of total 1.

    Raises
    ------
    InputError
        If it is none.
    """
    values = checked_array(law, name, (size,))
    if np.any(values < 0):
        raise InputError(f"{name} must not be negative, got {values.min():g}")
    if abs(values.sum() - 1) > NORMALISED:
        raise InputError(f"{name} must sum to 1, got {values.sum():.12g}")
    return values / values.sum()
