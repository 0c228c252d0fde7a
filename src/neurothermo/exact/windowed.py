"""Many attempts at once on the part of a large lumped chain that carries the law: moments at N = 1000."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.exact.chain import Chain
from neurothermo.exact.lumped import LumpedChain

LARGE = 10_000  # states from which a window pays
MANY = 64  # attempts from which the Chebyshev series is shorter
NEGLIGIBLE = 1e-14  # of the largest entry: above the noise of the series
LOST = 1e-12  # of the norm, or negative: more, and the window is widened and the series shortened
SHORTEST = 16  # attempts of a series below which attempts are made one by one


@dataclass(frozen=True)
class Window:
    """How far to look beyond what carries the law, in occupation numbers, and how many series make a step."""

    margin: int = 12
    parts: int = 1

    def wider(self) -> Window:
        """After one that lost too much."""
        return Window(2 * self.margin, 2 * self.parts)


def windowed_step(chain: LumpedChain, fields: Array, field: Array, window: Window) -> Window:
    r"""One random-order step of moment fields, in place; the window that it took.

    .. math:: P^n = \sum_{k=0}^{n} c_k T_k(2P - 1), \qquad c_k = (2 - \delta_{k0}) \binom{2n}{n - k} 4^{-n}

    One heat-bath attempt P is a mean of projections, orthogonal in the scalar product of Boltzmann's law, so that its
    spectrum lies in [0, 1] and about 6 sqrt(n) terms replace n attempts. Works on the box of occupation numbers where
    any field is above 1e-14 of its largest, with a margin. What the box loses shows in the norm, and so does the
    noise of the series where the law is far from equilibrium, or in negative probabilities: beyond 1e-12 the margin
    and the number of series are doubled, at last to attempts one by one on the whole lattice.

    Parameters
    ----------
    chain : LumpedChain
        With symmetric couplings and random order.
    fields : array, shape (rows, states)
        The law first, then its moments with work.
    field : array, shape (N,)
        The input, in energy units.
    window : Window
        To begin with; the one that the step before took.

    References
    ----------
    The coefficients: Rivlin, The Chebyshev Polynomials (1974), sec. 1.5, of x^n in T_k(2x - 1).
    """
    lattice = fields.reshape(len(fields), *chain.counts[::-1])
    lows, highs = _carrying(lattice)
    norm = float(fields[0].sum())
    while True:
        first = np.maximum(lows - window.margin, 0)
        counts = np.minimum(highs + window.margin, chain.counts - 1) - first + 1
        box = (slice(None), *(slice(a, a + n) for a, n in zip(first[::-1], counts[::-1], strict=True)))
        moved = lattice[box].reshape(len(fields), -1).copy()  # a box that is all of it would be a view
        one_by_one = chain.attempts < SHORTEST * window.parts
        _advance(chain, moved, field, (first, counts), 0 if one_by_one else window.parts)
        lost = abs(moved[0].sum() - norm) / norm
        sound = lost <= LOST and moved[0].min() >= -LOST * moved[0].max()
        if sound or (one_by_one and np.array_equal(counts, chain.counts)):
            shape = lattice[box].shape
            fields[...] = 0.0
            lattice[box] = moved.reshape(shape)
            return window
        window = window.wider()


def chebyshev_series(attempts: int) -> Array:
    """c_k of `windowed_step` above 1e-17, by recurrence, scaled to sum to 1: so is the law's norm kept."""
    k = np.arange(attempts)
    series = np.cumprod(np.concatenate([[1.0], (attempts - k) / (attempts + k + 1.0)]))
    series[1:] *= 2
    series = series[series > 1e-17 * series.sum()]
    return np.asarray(series / series.sum())


def wants_window(chain: Chain) -> TypeGuard[LumpedChain]:
    """Whether `windowed_step` applies and pays."""
    return (
        isinstance(chain, LumpedChain)
        and chain.rule.order == "random"
        and chain.system.symmetric
        and chain.attempts >= MANY
        and chain.states >= LARGE
    )


def _advance(chain: LumpedChain, moved: Array, field: Array, box: tuple[Array, Array], parts: int) -> None:
    """A step on a box of the lattice, as so many series; 0: attempt by attempt."""
    from neurothermo.engine.occupation import attempts_on_rows, chebyshev_on_rows

    weights = chain.attempt_weights(field, box=box)
    strides = np.cumprod(np.concatenate([[1], box[1][:-1]]))
    if parts == 0:
        attempts_on_rows(moved, strides, weights, chain.attempts)
    with np.errstate(invalid="ignore", over="ignore"):
        for part in range(parts):
            attempts = chain.attempts // parts + (part < chain.attempts % parts)
            chebyshev_on_rows(moved, strides, weights, chebyshev_series(attempts))


def _carrying(lattice: Array) -> tuple[Array, Array]:
    """The lowest and highest occupation number of each class where any row is above its noise; first class first."""
    sizes = np.abs(lattice)
    carries = np.any(sizes > NEGLIGIBLE * sizes.max(axis=tuple(range(1, lattice.ndim)), keepdims=True), axis=0)
    axes = range(carries.ndim)
    found = [np.flatnonzero(carries.any(axis=tuple(a for a in axes if a != axis))) for axis in reversed(axes)]
    return np.array([each[0] for each in found]), np.array([each[-1] for each in found])
