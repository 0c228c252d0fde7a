"""The measures of laws over a finite set of states: each is its formula.

Laws here are arrays p, q >= 0 of one shape that sum to one. Densities come as the probabilities of their cells: every
measure but the entropy depends on the ratio p/q alone, in which the volumes of the cells cancel.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError

LARGE, LARGER = 1e200, 1e300  # where the slope of a convex function at infinity is read off
SMALLEST = np.finfo(float).tiny


def entropy(p: Array, volumes: Array | float = 1.0) -> float:
    """-sum p ln(p / v)."""
    from scipy.special import rel_entr

    return -float(np.sum(rel_entr(p, volumes)))


def kl(p: Array, q: Array) -> float:
    """sum p ln(p/q) - p + q, no term of which is negative but for rounding."""
    from scipy.special import kl_div

    return max(float(np.sum(kl_div(p, q))), 0.0)


def log_ratio(p: Array, q: Array) -> Array:
    """ln(p/q): infinite where one vanishes, NaN where both do."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(p) - np.log(q))


def log_moment(p: Array, q: Array, order: float) -> float:
    """ln sum p^order q^(1 - order), order > 0."""
    from scipy.special import logsumexp

    if order > 1 and np.any((p > 0) & (q == 0)):
        return float(np.inf)
    shared = (p > 0) & (q > 0)
    if not np.any(shared):
        return -float(np.inf)
    return float(logsumexp(order * np.log(p[shared]) + (1 - order) * np.log(q[shared])))


def tsallis(p: Array, q: Array, order: float) -> float:
    """sum p [(p/q)^(order - 1) - 1] / (order - 1); the bracket keeps its digits however close the order is to one."""
    if order == 1:
        return kl(p, q)
    kept = p > 0
    with np.errstate(over="ignore"):
        total = np.sum(p[kept] * np.expm1((order - 1) * log_ratio(p[kept], q[kept])))
    return max(float(total / (order - 1)), 0.0)  # rounding may leave -1e-17


def renyi(p: Array, q: Array, order: float) -> float:
    """ln(1 + (order - 1) T) / (order - 1) of the Tsallis divergence T while that is small, else by log-sum-exp."""
    if order == 1:
        return kl(p, q)
    excess = (order - 1) * tsallis(p, q, order)
    if abs(excess) < 0.5:
        return float(np.log1p(excess) / (order - 1))
    return log_moment(p, q, order) / (order - 1)


def chi_squared(p: Array, q: Array) -> float:
    """sum (p - q)^2 / q."""
    if np.any((p > 0) & (q == 0)):
        return float(np.inf)
    with np.errstate(over="ignore"):
        return float(np.sum((p - q)[q > 0] ** 2 / q[q > 0]))


def squared_hellinger(p: Array, q: Array) -> float:
    """sum (sqrt p - sqrt q)^2 / 2."""
    return float(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2) / 2)


def total_variation(p: Array, q: Array) -> float:
    """sum |p - q| / 2."""
    return float(np.sum(np.abs(p - q)) / 2)


def jensen_shannon(p: Array, q: Array) -> float:
    """[KL(p || m) + KL(q || m)] / 2, m = (p + q)/2."""
    middle = (p + q) / 2
    return (kl(p, middle) + kl(q, middle)) / 2


def f_divergence(p: Array, q: Array, f: Callable[[Array], Array]) -> float:
    """sum q f(p/q), where q = 0 the limit p f(t)/t at infinite t."""
    shared, alone = q > 0, float(np.sum(p[q == 0]))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        terms = q[shared] * convex(f, p[shared] / q[shared])
    slope = slope_at_infinity(f) if alone > 0 else 0.0
    return float(np.sum(terms)) + (alone * slope if alone > 0 else 0.0)


def product_of_marginals(joint: Array) -> Array:
    """p(x) p(y) of a table p(x, y)."""
    return np.asarray(joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True))


def convex(f: Callable[[Array], Array], ratios: Array) -> Array:
    """f(t), and at t = 0 its limit where f itself gives NaN there (t ln t).

    Raises
    ------
    InputError
        If f does not return one number for each ratio.
    """
    with np.errstate(all="ignore"):
        values = np.asarray(f(ratios), dtype=float)
        if values.shape != ratios.shape:
            raise InputError(f"f must return one number for each ratio, got shape {values.shape} for {ratios.shape}")
        lost = np.isnan(values) & (ratios == 0)
        return np.where(lost, np.asarray(f(np.where(ratios == 0, SMALLEST, ratios)), dtype=float), values)


def slope_at_infinity(f: Callable[[Array], Array]) -> float:
    """lim f(t)/t: of a convex function the quotient has settled at 1e200 or it grows without end."""
    with np.errstate(all="ignore"):
        near, far = np.asarray(f(np.array([LARGE, LARGER]))) / np.array([LARGE, LARGER])
        settled = abs(far - near) <= 1e-9 * abs(far) + 1e-12
    return float(far) if settled else float(np.inf)


def checked_convex(f: Callable[[Array], Array]) -> None:
    """f is a function with f(1) = 0 that lies above its tangent there.

    Raises
    ------
    InputError
        If it is none.
    """
    if not callable(f):
        raise InputError(f"f must be a function of the ratio p/q, got {f!r}")
    points = np.geomspace(1e-3, 1e3, 61)
    values, at_one = convex(f, points), convex(f, np.ones(1))[0]
    if not abs(at_one) < 1e-12:
        raise InputError(f"f must vanish at 1, got f(1) = {at_one:.3g}")
    chords = np.diff(values) / np.diff(points)
    if not np.all(np.diff(chords) >= -1e-9 * (1 + np.abs(chords[1:]))):
        raise InputError("f must be convex, got one whose slope decreases between 0.001 and 1000")
