"""The measures of Gaussian laws in closed form.

Two Gaussians are compared in the coordinates in which q is standard and p is a product: its variances lambda_i and
offsets y_i are all that any divergence depends on.
"""

from __future__ import annotations

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.gaussian import Gaussian

SAME = 1e-12  # variances that differ by less, relatively, are one


def relative(p: Gaussian, q: Gaussian) -> tuple[Array, Array]:
    """lambda and y, each of shape (n,)."""
    inverse = q.inverse_factor
    turn, scales, _ = np.linalg.svd(inverse @ p.factor)
    return scales**2, turn.T @ (inverse @ (p.mean - q.mean))


def kl(p: Gaussian, q: Gaussian) -> float:
    """sum (lambda - 1 - ln lambda + y^2) / 2."""
    variances, offsets = relative(p, q)
    excess = variances - 1
    return float(np.sum(excess - np.log1p(excess) + offsets**2) / 2)


def mixture(variances: Array, order: float) -> Array | None:
    """mu = order + (1 - order) lambda, the variances of p^order q^(1 - order); None where that has no integral."""
    mixed = 1 + (1 - order) * (variances - 1)
    lost = SAME * (abs(order) + abs(1 - order) * variances)  # below, mu is rounding
    return None if np.any(mixed <= lost) else mixed


def log_moment(p: Gaussian, q: Gaussian, order: float) -> float:
    """ln of the integral of p^order q^(1 - order), any real order; +inf where it diverges."""
    variances, offsets = relative(p, q)
    mixed = mixture(variances, order)
    if mixed is None:
        return float(np.inf)
    quadratic = order * (order - 1) * offsets**2 / mixed
    return float(np.sum(quadratic - np.log(mixed) + (1 - order) * np.log(variances)) / 2)


def renyi(p: Gaussian, q: Gaussian, order: float) -> float:
    """sum of order y^2 / 2 mu - [ln(mu) / (order - 1) + ln lambda] / 2, mu = order + (1 - order) lambda."""
    if order == 1:
        return kl(p, q)
    variances, offsets = relative(p, q)
    mixed = mixture(variances, order)
    if mixed is None:
        return float(np.inf)
    spread = -np.log1p((1 - order) * (variances - 1)) / (order - 1) - np.log(variances)
    return max(float(np.sum(order * offsets**2 / mixed + spread) / 2), 0.0)


def tsallis(p: Gaussian, q: Gaussian, order: float) -> float:
    """(exp[(order - 1) D] - 1) / (order - 1) of the Renyi divergence D."""
    if order == 1:
        return kl(p, q)
    with np.errstate(over="ignore"):
        return float(np.expm1((order - 1) * renyi(p, q, order)) / (order - 1))


def chi_squared(p: Gaussian, q: Gaussian) -> float:
    """The Tsallis divergence of order 2."""
    return tsallis(p, q, 2.0)


def squared_hellinger(p: Gaussian, q: Gaussian) -> float:
    """1 - exp(-D/2) of the Renyi divergence D of order 1/2."""
    return float(-np.expm1(-renyi(p, q, 0.5) / 2))


def on_a_line(p: Gaussian, q: Gaussian) -> tuple[float, float] | None:
    """One variance and one offset that stand for the whole pair, where they can: n = 1, or covariances that agree."""
    variances, offsets = relative(p, q)
    if p.size == 1:
        return float(variances[0]), float(offsets[0])
    if np.all(np.abs(variances - 1) < SAME):
        return 1.0, float(np.linalg.norm(offsets))
    return None


def crossings(variance: float, offset: float) -> Array:
    """Where N(offset, variance) and N(0, 1) are equal: no point, one or two.

    From (x - y)^2 / lambda + ln lambda = x^2, that is (1 - lambda) x^2 - 2 y x + y^2 + lambda ln lambda = 0.
    """
    if variance == 1:
        return np.array([offset / 2] if offset else [])
    a, half_b, c = 1 - variance, -offset, offset**2 + variance * np.log(variance)
    root = np.sqrt(max(half_b**2 - a * c, 0.0))
    far = -(half_b + np.copysign(root, half_b))  # the larger root times a, without cancellation
    return np.array([c / far, far / a]) if far else np.array([])


def total_variation(variance: float, offset: float) -> float:
    """Sum over the intervals between crossings of |P - Q| / 2."""
    from scipy.special import ndtr

    edges = np.r_[-np.inf, np.sort(crossings(variance, offset)), np.inf]
    differences = np.diff(ndtr((edges - offset) / np.sqrt(variance))) - np.diff(ndtr(edges))
    return float(np.sum(np.abs(differences)) / 2)


def canonical_correlations(joint: Gaussian, first: list[int], second: list[int]) -> Array:
    """rho of two groups of variables; their mutual information is -sum ln(1 - rho^2) / 2."""
    from scipy.linalg import solve_triangular

    one, two = (np.linalg.cholesky(joint.covariance[np.ix_(group, group)]) for group in (first, second))
    half = solve_triangular(one, joint.covariance[np.ix_(first, second)], lower=True)
    return np.asarray(np.linalg.svd(solve_triangular(two, half.T, lower=True), compute_uv=False))


def mutual_information(joint: Gaussian, first: list[int], second: list[int]) -> float:
    """-sum ln(1 - rho^2) / 2."""
    correlations = canonical_correlations(joint, first, second)
    return float(-np.sum(np.log1p(-(correlations**2))) / 2)


def log_ratio_variance(p: Gaussian, q: Gaussian) -> float:
    """The variance of ln(p/q) under p: sum (lambda - 1)^2 / 2 + lambda y^2."""
    variances, offsets = relative(p, q)
    return float(np.sum((variances - 1) ** 2 / 2 + variances * offsets**2))


def power_variance(p: Gaussian, q: Gaussian, order: float) -> float:
    """The variance of (p/q)^(order - 1) under p."""
    return variance_of_power(log_moment(p, q, order), log_moment(p, q, 2 * order - 1))


def power_variance_under_q(p: Gaussian, q: Gaussian, order: float) -> float:
    """The variance of (p/q)^order under q."""
    return variance_of_power(log_moment(p, q, order), log_moment(p, q, 2 * order))


def variance_of_power(log_mean: float, log_square: float) -> float:
    """<x^2> - <x>^2 from the logarithms of both."""
    if not np.isfinite(log_mean) or not np.isfinite(log_square):
        return float(np.inf)
    with np.errstate(over="ignore"):
        return float(np.exp(2 * log_mean) * np.expm1(max(log_square - 2 * log_mean, 0.0)))
