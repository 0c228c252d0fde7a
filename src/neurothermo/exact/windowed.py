"""Many attempts at once on the part of a large lumped chain that carries the law: moments at N = 1000."""

from __future__ import annotations

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.exact.lumped import LumpedChain

LARGE = 10_000  # states from which a window pays
MANY = 64  # attempts from which the Chebyshev series is shorter
MARGIN = 24  # occupation numbers around what carries the law, at first
NEGLIGIBLE = 1e-15  # of the largest entry: the noise floor of the series
LOST = 1e-12  # of the norm: more, and the window is widened


def windowed_step(chain: LumpedChain, fields: Array, field: Array, margin: int = MARGIN) -> int:
    r"""One random-order step of moment fields, in place; the margin that it took.

    .. math:: P^n = \sum_{k=0}^{n} c_k T_k(2P - 1), \qquad c_k = (2 - \delta_{k0}) \binom{2n}{n - k} 4^{-n}

    One heat-bath attempt P is a mean of projections, orthogonal in the scalar product of Boltzmann's law, so that its
    spectrum lies in [0, 1] and about 6 sqrt(n) terms replace n attempts. Works on the box of occupation numbers where
    any field is above 1e-15 of its largest, with a margin. What the box loses, or the series by rounding, shows in
    the norm: beyond 1e-12 the margin is doubled, and at the whole lattice attempts are made one by one.

    Parameters
    ----------
    chain : LumpedChain
        With symmetric couplings and random order.
    fields : array, shape (rows, states)
        The law first, then its moments with work.
    field : array, shape (N,)
        The input, in energy units.
    margin : int
        How far to look beyond what carries the law.

    References
    ----------
    The coefficients: Rivlin, The Chebyshev Polynomials (1974), sec. 1.5, of x^n in T_k(2x - 1).
    """
    from neurothermo.engine.occupation import attempts_on_rows, chebyshev_on_rows

    lattice = fields.reshape(len(fields), *chain.counts[::-1])
    lows, highs = _carrying(lattice)
    series = chebyshev_series(chain.attempts)
    norm = fields[0].sum()
    while True:
        first = np.maximum(lows - margin, 0)
        last = np.minimum(highs + margin, chain.counts - 1)
        counts = last - first + 1
        window = (slice(None), *(slice(a, b + 1) for a, b in zip(first[::-1], last[::-1], strict=True)))
        weights = chain.attempt_weights(field, box=(first, counts))
        strides = np.cumprod(np.concatenate([[1], counts[:-1]]))
        moved = lattice[window].reshape(len(fields), -1)
        whole = bool(np.all(counts == chain.counts))
        chebyshev_on_rows(moved, strides, weights, series)
        if abs(moved[0].sum() - norm) > LOST * norm and whole:
            moved = lattice.reshape(len(fields), -1).copy()
            attempts_on_rows(moved, strides, weights, chain.attempts)
        elif abs(moved[0].sum() - norm) > LOST * norm:
            margin *= 2
            continue
        shape = lattice[window].shape
        fields[...] = 0.0
        lattice[window] = moved.reshape(shape)
        return margin


def chebyshev_series(attempts: int) -> Array:
    """c_k of `windowed_step` above 1e-17, by recurrence, scaled to sum to 1: so is the law's norm kept."""
    k = np.arange(attempts)
    ratios = np.concatenate([[1.0], (attempts - k) / (attempts + k + 1.0)])
    series = np.cumprod(ratios)
    series[1:] *= 2
    series = series[series > 1e-17 * series[0]]
    return np.asarray(series / series.sum())


def wants_window(chain: object) -> bool:
    """Whether `windowed_step` applies and pays."""
    return (
        isinstance(chain, LumpedChain)
        and chain.rule.order == "random"
        and chain.system.symmetric
        and chain.attempts >= MANY
        and chain.states >= LARGE
    )


def _carrying(lattice: Array) -> tuple[Array, Array]:
    """The lowest and highest occupation number of each class where any row is above its noise; first class first."""
    axes = tuple(range(1, lattice.ndim))
    sizes = np.abs(lattice)
    carries = np.any(sizes > NEGLIGIBLE * sizes.max(axis=axes, keepdims=True), axis=0)
    found = [np.flatnonzero(carries.any(axis=tuple(a for a in range(carries.ndim) if a != axis)))
             for axis in range(carries.ndim)][::-1]  # fmt: skip
    return np.array([each[0] for each in found]), np.array([each[-1] for each in found])
