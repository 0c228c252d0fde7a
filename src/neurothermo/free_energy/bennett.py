"""Bennett's equation solved: for works in memory or in pieces, and for many resampled sets of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.pieces import PIECE, Column
from neurothermo.free_energy.ranks import at_ranks
from neurothermo.free_energy.samples import Pair

Flags = npt.NDArray[np.bool_]
Blocks = Callable[[], Iterator[Array]]
_LEAP = 4.0  # kT that Newton's first step may go without a bracket


@dataclass(frozen=True)
class Root:
    """dF, its standard error, and the sums of f (equal on both sides) and of f^2 (over both) at it."""

    value: float
    stderr: float
    shared: float
    squares: float


@dataclass(frozen=True, eq=False)
class Sides:
    """Works in kT: blocks of shape (rows, some trials) of either side, n trials in all; and how to bracket the root.

    `order(n)` gives the n-th and the next in ascending order of all forward and negative reverse works, each (rows,).
    """

    forward: Blocks
    reverse: Blocks
    n: tuple[int, int]
    order: Callable[[int], tuple[Array, Array]]

    @property
    def log_ratio(self) -> float:
        """M = ln(n_F / n_R)."""
        return log(self.n[0] / self.n[1])

    def bracket(self) -> tuple[Array, Array]:
        """Bounds of each row's root from two order statistics, however far the other works lie.

        Pooled with the negative reverse works y, Bennett's equation says that the sum of 1 / (1 + exp(M + y - x))
        is n_R: x - M lies near the n_R-th smallest y and the next, within ln(n_F + 1) and ln(n_R) of them.
        """
        below, above = self.order(self.n[1])
        m = self.log_ratio
        return below + m - np.log(self.n[0] + 1) - 1e-6, above + m + np.log(self.n[1]) + 1e-6


def in_rows(forward: Array, reverse: Array) -> Sides:
    """Of works in kT in memory, one sample a row."""

    def blocks(works: Array) -> Iterator[Array]:
        step = max(1, PIECE // len(works))
        return (works[:, first : first + step] for first in range(0, works.shape[1], step))

    def order(n: int) -> tuple[Array, Array]:
        pooled = np.partition(np.concatenate([forward, -reverse], axis=1), (n - 1, n), axis=1)
        return pooled[:, n - 1], pooled[:, n]

    return Sides(lambda: blocks(forward), lambda: blocks(reverse), (forward.shape[1], reverse.shape[1]), order)


def in_columns(forward: Column, reverse: Column) -> Sides:
    """Of works in kT of one sample, read in pieces."""

    def order(n: int) -> tuple[Array, Array]:
        below, above = at_ranks([forward, reverse.mapped(np.negative)], [n - 1, n])
        return np.atleast_1d(below), np.atleast_1d(above)

    def blocks(works: Column) -> Iterator[Array]:
        return (piece[None] for piece in works.pieces())

    return Sides(lambda: blocks(forward), lambda: blocks(reverse), (forward.size, reverse.size), order)


def solve(pair: Pair) -> Root | None:
    """The root from all works, its first guess from a few thousand of them; None where it is not found."""
    kT = pair.temperature
    few = in_rows(*(works.summary.few[None] / kT for works in (pair.forward, pair.reverse)))
    low, high = few.bracket()
    x = (low + high) / 2
    if pair.forward.stride > 1:
        x, _, _ = _newton(few, x)
    x, sums, converged = _newton(_scaled(pair), x)
    if not converged[0]:
        return None
    one, one_square, other, other_square = sums[:, 0]
    variance = one_square / one**2 - 1 / pair.n[0] + other_square / other**2 - 1 / pair.n[1]
    return Root(kT * float(x[0]), kT * sqrt(max(variance, 0.0)), float(one), float(one_square + other_square))


def first_half(pair: Pair, value: float) -> float:
    """The root from the first half of each side, one Newton step from the whole's: enough to see a drift."""
    halves = (
        works.column.first(works.half).mapped(lambda w: w / pair.temperature) for works in (pair.forward, pair.reverse)
    )
    x, _, _ = _newton(in_columns(*halves), np.array([value / pair.temperature]), most=1)
    return pair.temperature * float(x[0])


def roots_of_rows(forward: Array, reverse: Array, start: float) -> Array:
    """The root of each row, works and roots in kT, from one first guess."""
    return _newton(in_rows(forward, reverse), np.full(len(forward), start))[0]


def influences(samples: list[Array], x: float) -> list[Array]:
    """How far each work in kT moves the root x, -(f / <f> - 1) over n on the forward side, + on the reverse."""
    m = log(samples[0].size / samples[1].size)
    ones = [_acceptance(w, np.array(s)) for w, s in zip(samples, (m - x, x - m), strict=True)]
    return [sign * (f / f.mean() - 1) / f.size for sign, f in zip((-1, 1), ones, strict=True)]


def _acceptance(works: Array, shift: Array) -> Array:
    """f = 1 / (1 + exp(works + shift))."""
    f = works + shift
    np.minimum(f, 300.0, out=f)  # the square of exp(-300) is still a number
    np.exp(f, out=f)
    f += 1.0
    return np.reciprocal(f, out=f)


def _sums(blocks: Blocks, shift: Array) -> tuple[Array, Array]:
    """Sums of f and f^2 of each row; shift (rows,)."""
    sums, squares = np.zeros(shift.size), np.zeros(shift.size)
    for block in blocks():
        f = _acceptance(block, shift[:, None])
        sums += f.sum(axis=1)
        squares += np.einsum("ij,ij->i", f, f)
    return sums, squares


def _newton(sides: Sides, start: Array, most: int = 100) -> tuple[Array, Array, Flags]:
    """Roots of h(x) = ln sum_F f - ln sum_R f, one a row; the sums of f and f^2 of both sides; which converged.

    h rises with slopes between 0 and 2. A step of Newton's that is not at most half as long as the one before
    it, or that leaves what is known to hold the root, is replaced by the middle of the bracket.
    """
    m = sides.log_ratio
    x, last = start.copy(), np.full(start.size, 2 * _LEAP)
    low, high, bracketed = np.full(start.size, -np.inf), np.full(start.size, np.inf), False
    for _ in range(most):
        (one, one_square), (other, other_square) = _sums(sides.forward, m - x), _sums(sides.reverse, x - m)
        h = np.log(one) - np.log(other)
        slope = 2 - one_square / one - other_square / other
        low, high = np.where(h < 0, x, low), np.where(h < 0, high, x)
        new = x - h / np.maximum(slope, 1e-300)
        zero = np.abs(h) < 1e-12  # to rounding: no step from here, however flat
        good = (np.abs(new - x) <= last / 2) & (new >= low) & (new <= high)
        if not (bracketed or np.all(good | zero)):
            bounds, bracketed = sides.bracket(), True
            low, high = np.maximum(low, bounds[0]), np.minimum(high, bounds[1])
        new = np.where(zero, x, np.where(good, new, low / 2 + high / 2))
        last, x = np.abs(new - x), new
        converged = last < 1e-6 + 1e-15 * np.abs(x)  # quadratic: the error left is the square of this
        if np.all(converged):
            break
    return x, np.stack([one, one_square, other, other_square]), converged


def _scaled(pair: Pair) -> Sides:
    forward, reverse = (works.column.mapped(lambda w: w / pair.temperature) for works in (pair.forward, pair.reverse))
    return in_columns(forward, reverse)
