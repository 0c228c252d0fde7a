"""The rates of a Markov jump process, checked; its transitions; which states lead to which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_array, checked_range, checked_sparse_form
from neurothermo.core.errors import InputError
from neurothermo.processes.operators import is_sparse

Integers = npt.NDArray[np.int64]

BALANCED = 1e-9  # of a column's largest rate: what its sum may be
SHOWN = 6  # states of a class named in a sentence


@dataclass(frozen=True, eq=False)
class Edges:
    """The transitions of non-zero rate: from `source` to `target`, and `back` the rate the other way (0: none)."""

    size: int
    source: Integers
    target: Integers
    rate: Array
    back: Array

    @classmethod
    def of(cls, size: int, source: Integers, target: Integers, rate: Array) -> Edges:
        """Sorted by source, then by target, each with the rate of its opposite."""
        order = np.lexsort((target, source))
        source, target, rate = source[order], target[order], rate[order]
        keys, opposite = source * size + target, target * size + source
        place = np.minimum(np.searchsorted(keys, opposite), max(len(keys) - 1, 0))
        back = np.where(keys[place] == opposite, rate[place], 0.0) if len(keys) else rate
        return cls(size, source, target, rate, back)

    @cached_property
    def escape(self) -> Array:
        """The total rate out of each state."""
        return np.asarray(np.bincount(self.source, self.rate, self.size), dtype=np.float64)

    @cached_property
    def one_way(self) -> npt.NDArray[np.bool_]:
        """Which have no way back."""
        return self.back == 0

    @cached_property
    def pairs(self) -> npt.NDArray[np.int64]:
        """One transition of each pair of states that are joined: upwards where both directions are there."""
        return np.flatnonzero((self.source < self.target) | self.one_way)

    @cached_property
    def log_ratio(self) -> Array:
        """ln(rate / back): what a jump hands to its bath; +inf without a way back."""
        with np.errstate(divide="ignore"):
            return np.log(self.rate) - np.log(self.back)

    def only(self, kept: npt.NDArray[np.bool_]) -> Edges:
        """Those between the states that are kept, renumbered."""
        number = np.cumsum(kept) - 1
        within = kept[self.source] & kept[self.target]
        ends = number[self.source[within]], number[self.target[within]]
        return Edges(int(kept.sum()), *ends, self.rate[within], self.back[within])

    def slowed(self, factors: Array) -> Edges:
        """All rates out of each state multiplied by a factor of its own."""
        return Edges(
            self.size, self.source, self.target, self.rate * factors[self.source], self.back * factors[self.target]
        )

    def drift(self, law: Array) -> Array:
        """dp/dt at a law p."""
        flux = self.rate * law[self.source]
        return np.bincount(self.target, flux, self.size) - self.escape * law

    @cached_property
    def generator(self) -> Any:
        """The rates as a sparse matrix whose columns sum to zero."""
        from scipy.sparse import csc_array

        states = np.arange(self.size)
        entries = np.concatenate([self.rate, -self.escape])
        ends = np.concatenate([self.target, states]), np.concatenate([self.source, states])
        return csc_array((entries, ends), shape=(self.size, self.size))

    @cached_property
    def closed(self) -> tuple[Integers, ...]:
        """The closed classes: sets of states that lead to each other and nowhere else."""
        from scipy.sparse.csgraph import connected_components

        count, label = connected_components(self.generator.T, connection="strong")
        leaves = np.zeros(count, dtype=bool)
        leaves[label[self.source[label[self.source] != label[self.target]]]] = True
        found = [np.flatnonzero(label == one) for one in np.flatnonzero(~leaves)]
        return tuple(sorted(found, key=lambda states: int(states[0])))

    def recurrent(self) -> npt.NDArray[np.bool_]:
        """The states that are visited for ever: the one closed class.

        Raises
        ------
        InputError
            If there are several: then where the process ends up depends on where it started.
        """
        if len(self.closed) > 1:
            shown = " and ".join(_named(states) for states in self.closed[:3])
            more = f" and {len(self.closed) - 3} more" if len(self.closed) > 3 else ""
            raise InputError(
                f"rates leave more than one stationary law: {len(self.closed)} sets of states are never left, "
                f"{shown}{more}; take one of them, or join them"
            )
        kept = np.zeros(self.size, dtype=bool)
        kept[self.closed[0]] = True
        return kept


def _named(states: Integers) -> str:
    shown = ", ".join(str(state) for state in states[:SHOWN])
    return "{" + shown + (", ..." if len(states) > SHOWN else "") + "}"


def checked_rates(rates: Any) -> tuple[Any, Edges]:
    """The matrix with its diagonal filled in, read-only, dense or csc as it came; and its transitions.

    Raises
    ------
    InputError
        If it is not square, a rate off the diagonal is negative, or a column does not sum to zero.
    """
    if is_sparse(rates):
        from scipy.sparse import csc_array

        matrix = csc_array(checked_sparse_form(rates, "rates", "iuf")).copy()
        matrix.sum_duplicates()
        entries = matrix.astype(np.float64).tocoo()
        shape, row, column, value = matrix.shape, entries.row, entries.col, entries.data
        if not np.all(np.isfinite(value)):
            raise InputError("rates must be finite, got values that are NaN or infinite")
    else:
        matrix = checked_array(rates, "rates", (None, None))
        row, column = np.nonzero(matrix)
        shape, value = matrix.shape, matrix[row, column]
    checked_range(value, "rates")
    if shape[0] != shape[1] or shape[0] < 2:
        raise InputError(f"rates must be a square matrix of at least 2 states, got shape {shape}")
    return _filled(rates, shape[0], row.astype(np.int64), column.astype(np.int64), value)


def _filled(rates: Any, size: int, row: Integers, column: Integers, value: Array) -> tuple[Any, Edges]:
    off = (row != column) & (value != 0)
    if np.any(value[off] < 0):
        worst = np.flatnonzero(off)[int(np.argmin(value[off]))]
        i, j = row[worst], column[worst]
        raise InputError(f"rates must not be negative off the diagonal, got rates[{i}, {j}] = {value[worst]:g}")
    edges = Edges.of(size, column[off], row[off], value[off])
    weights = np.where(row == column, value, 0.0)[~off]
    diagonal = np.asarray(np.bincount(row[~off], weights, size), dtype=np.float64)
    if np.any(diagonal):
        _check_columns(edges, diagonal)
    if is_sparse(rates):
        return edges.generator, edges
    matrix = np.zeros((size, size))
    matrix[edges.target, edges.source] = edges.rate
    matrix[np.arange(size), np.arange(size)] = -edges.escape
    matrix.setflags(write=False)
    return matrix, edges


def _check_columns(edges: Edges, diagonal: Array) -> None:
    """Columns of a generator sum to zero; where rows do instead, it is another convention."""
    into = np.bincount(edges.target, edges.rate, edges.size)
    gap = np.abs(edges.escape + diagonal)
    allowed = BALANCED * np.maximum(edges.escape, np.abs(diagonal))
    if np.all(gap <= allowed):
        return
    worst = int(np.argmax(gap - allowed))
    question = ""
    if np.all(np.abs(into + diagonal) <= BALANCED * np.maximum(into, np.abs(diagonal))):
        question = "; its rows do: is it transposed? rates[i, j] is the rate from j to i"
    raise InputError(
        f"rates must have columns that sum to zero, or a zero diagonal to be filled in, got a sum of "
        f"{edges.escape[worst] + diagonal[worst]:g} in column {worst}{question}"
    )
