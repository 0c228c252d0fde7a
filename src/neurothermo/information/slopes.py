"""How a measure answers to a change of each probability, and what that makes of a moving law.

With slopes h(x) = dD/dp(x) and g(x) = dD/dq(x), the rate is sum p' h + q' g, and by the Cauchy-Schwarz inequality,
since sum p' = 0,

    |sum p' h| <= sqrt(I_F Var_p[h]),   I_F = sum p'^2 / p.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.information.tables import convex, log_moment, log_ratio, product_of_marginals

Slopes = tuple[Array, Array]


def surprise(p: Array) -> Array:
    """-ln p, the slope of the entropy (of a density too)."""
    with np.errstate(divide="ignore"):
        return -np.log(p)


def kl(p: Array, q: Array) -> Slopes:
    """ln(p/q) and -p/q."""
    return log_ratio(p, q), -ratio(p, q)


def tsallis(p: Array, q: Array, order: float) -> Slopes:
    """a (p/q)^(a-1) / (a-1), up to a constant, and -(p/q)^a."""
    if order == 1:
        return kl(p, q)
    with np.errstate(over="ignore"):
        power = np.expm1((order - 1) * log_ratio(p, q))
        return order * power / (order - 1), -np.exp(order * log_ratio(p, q))


def renyi(p: Array, q: Array, order: float) -> Slopes:
    """Those of the Tsallis divergence over 1 + (a-1) T."""
    if order == 1:
        return kl(p, q)
    first, second = tsallis(p, q, order)
    moment = np.exp(log_moment(p, q, order))
    return first / moment, second / moment


def f_divergence(p: Array, q: Array, f: Callable[[Array], Array], derivative: Callable[[Array], Array]) -> Slopes:
    """f'(t) and f(t) - t f'(t), t = p/q."""
    t = ratio(p, q)
    with np.errstate(all="ignore"):
        slope = np.asarray(derivative(t), dtype=float)
        return slope, convex(f, t) - np.where(t == 0, 0.0, t * slope)


def mutual_information(joint: Array) -> Array:
    """ln p(x, y) / p(x) p(y): the part from the moving marginals sums to zero."""
    return log_ratio(joint, product_of_marginals(joint))


def ratio(p: Array, q: Array) -> Array:
    """p/q: infinite where q vanishes, NaN where both do."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(p / q)


def change(dp: Array, slope: Array) -> float:
    """sum p' h over the states whose probability changes; NaN where h is not known at one of them."""
    moving = dp != 0
    with np.errstate(invalid="ignore"):
        return float(np.sum(dp[moving] * slope[moving]))


def fisher_information(p: Array, dp: Array) -> float:
    """sum p'^2 / p over the states whose probability changes; infinite where one of them is empty."""
    moving = dp != 0
    with np.errstate(divide="ignore", over="ignore"):
        return float(np.sum(dp[moving] ** 2 / p[moving]))


def speed(p: Array, dp: Array, slope: Array) -> float:
    """sqrt(I_F Var_p[h]); 0 where the law stands still."""
    return root_product(fisher_information(p, dp), variance(p, slope))


def variance(p: Array, values: Array) -> float:
    """Var_p[h] over the states with p > 0."""
    kept = p > 0
    weights, values = p[kept], values[kept]
    if not np.all(np.isfinite(values)):
        return float(np.inf)
    mean = np.sum(weights * values) / np.sum(weights)
    with np.errstate(over="ignore"):
        return float(np.sum(weights * (values - mean) ** 2))


def root_product(fisher: float, spread: float) -> float:
    """sqrt(I_F Var): 0 where nothing moves, infinite where an empty state fills (Var does not see it)."""
    if fisher == 0:
        return 0.0
    return float(np.inf) if np.isinf(fisher) or np.isinf(spread) else float(np.sqrt(fisher * spread))
