"""f-divergences of two Gaussians on a line, where there is no closed form: integrals over q = N(0, 1)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.information.gaussians import crossings
from neurothermo.information.tables import convex, slope_at_infinity

REACH = (0.5, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32)  # ends of the pieces, in standard deviations of either law
NODES = 40  # of Gauss-Legendre quadrature on each piece; half as many for the error
LARGEST_LOG = 690.0  # of a ratio p/q that a float can hold
TAIL = 1e-9  # how much of an integral may come from beyond 16 standard deviations


def f_divergence(variance: float, offset: float, f: Callable[[Array], Array]) -> tuple[float, float]:
    r""":math:`\int q f(p/q)` and its error; NaN where the integral has not converged at 32 standard deviations."""
    slope = slope_at_infinity(f)

    def integrand(log_p: Array, log_q: Array) -> Array:
        ratio = log_p - log_q
        with np.errstate(all="ignore"):
            values = np.exp(log_q) * convex(f, np.exp(np.minimum(ratio, LARGEST_LOG)))
            limits = np.exp(log_p) * slope
        return np.where(ratio < LARGEST_LOG, values, np.where(log_p < -LARGEST_LOG, 0.0, limits))

    return integral(integrand, variance, offset)


def jensen_shannon(variance: float, offset: float) -> tuple[float, float]:
    """Half of p ln(p/m) + q ln(q/m), m = (p + q)/2, and its error."""

    def integrand(log_p: Array, log_q: Array) -> Array:
        middle = np.logaddexp(log_p, log_q) - np.log(2)
        return (np.exp(log_p) * (log_p - middle) + np.exp(log_q) * (log_q - middle)) / 2

    return integral(integrand, variance, offset)


def integral(integrand: Callable[[Array, Array], Array], variance: float, offset: float) -> tuple[float, float]:
    """The integral of a function of ln p and ln q over the line, and how far half as many nodes are off.

    The pieces end at fixed distances from both means, and where p and q cross (f may have a kink there).
    """
    spread = np.sqrt(variance)
    reach = np.r_[-np.array(REACH)[::-1], 0, REACH]
    edges = np.unique(np.r_[reach, offset + spread * reach, crossings(variance, offset)])
    values, rough = [pieces(integrand, edges, variance, offset, count) for count in (NODES, NODES // 2)]
    total = float(np.sum(values))
    centres = (edges[1:] + edges[:-1]) / 2
    outside = (np.abs(centres) > 16) & (np.abs(centres - offset) > 16 * spread)
    if not abs(np.sum(values[outside])) <= TAIL * abs(total) + 1e-300:
        return float(np.nan), float(np.nan)
    return max(total, 0.0), float(np.sum(np.abs(values - rough)))


def pieces(
    integrand: Callable[[Array, Array], Array], edges: Array, variance: float, offset: float, nodes: int
) -> Array:
    """The integral over each piece between two edges."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    half = np.diff(edges)[:, None] / 2
    x = edges[:-1, None] + half * (1 + points)
    log_q = -(x**2) / 2 - np.log(2 * np.pi) / 2
    log_p = -((x - offset) ** 2) / (2 * variance) - np.log(2 * np.pi * variance) / 2
    return np.asarray(np.sum(half * weights * integrand(log_p, log_q), axis=1))
