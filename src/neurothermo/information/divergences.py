"""How far one law is from another: tables, densities on a grid, Gaussians."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neurothermo.core.checks import Array
from neurothermo.core.estimate import Estimate
from neurothermo.core.gaussian import Gaussian
from neurothermo.information import gaussian_quadrature, gaussians, tables
from neurothermo.information.laws import (
    checked_line,
    checked_order,
    checked_pair,
    exact,
    of_gaussians_on_a_line,
    of_tables,
)

NATS = "nats"


def kl(p: Any, q: Any) -> Estimate:
    r"""Kullback-Leibler divergence.

    .. math:: D(p \| q) = \sum_x p(x) \ln \frac{p(x)}{q(x)}

    Infinite where q vanishes and p does not.

    Parameters
    ----------
    p, q : array_like of any one shape, Density, or Gaussian
        Probabilities that sum to one; densities on one grid; normal laws of as many variables. A Gaussian beside a
        Density is evaluated on its grid.

    Returns
    -------
    Estimate
        Exact, in nats; of densities with ``details["quadrature_error"]``.

    Raises
    ------
    InputError
        If a law does not sum (or integrate) to one, or the two are not laws of the same states.

    References
    ----------
    Kullback, Leibler, Ann. Math. Stat. 22, 79 (1951).
    """
    return divergence("Kullback-Leibler divergence", p, q, tables.kl, gaussians.kl, NATS)


def renyi(p: Any, q: Any, order: float) -> Estimate:
    r"""Renyi divergence of order alpha.

    .. math:: D_\alpha(p \| q) = \frac{1}{\alpha - 1} \ln \sum_x p(x)^\alpha q(x)^{1 - \alpha}

    The Kullback-Leibler divergence at order 1. Infinite where q vanishes and p does not (order >= 1), where they share
    no state, and for Gaussians where :math:`\alpha C_q + (1 - \alpha) C_p` is not positive definite.

    Parameters
    ----------
    p, q : array_like of any one shape, Density, or Gaussian
        As for `kl`.
    order : float
        alpha > 0.

    Returns
    -------
    Estimate
        Exact, in nats; of densities with ``details["quadrature_error"]``.

    Raises
    ------
    InputError
        As for `kl`, or if the order is not positive.

    References
    ----------
    van Erven, Harremoes, IEEE Trans. Inf. Theory 60, 3797 (2014).
    """
    order = checked_order(order)
    return divergence(f"Renyi divergence of order {order:g}", p, q, tables.renyi, gaussians.renyi, NATS, order)


def tsallis(p: Any, q: Any, order: float) -> Estimate:
    r"""Tsallis divergence of order alpha.

    .. math:: T_\alpha(p \| q) = \frac{\sum_x p(x)^\alpha q(x)^{1 - \alpha} - 1}{\alpha - 1}
                             = \frac{e^{(\alpha - 1) D_\alpha} - 1}{\alpha - 1}

    of the Renyi divergence D; the Kullback-Leibler divergence at order 1, :math:`\chi^2` at order 2. At most
    :math:`1/(1 - \alpha)` below order 1. It is not additive, so its unit is no nat: a pure number.

    Parameters
    ----------
    p, q, order
        As for `renyi`.

    Returns
    -------
    Estimate
        Exact; of densities with ``details["quadrature_error"]``.

    Raises
    ------
    InputError
        As for `renyi`.

    References
    ----------
    Tsallis, Phys. Rev. E 58, 1442 (1998).
    """
    order = checked_order(order)
    return divergence(f"Tsallis divergence of order {order:g}", p, q, tables.tsallis, gaussians.tsallis, "", order)


def chi_squared(p: Any, q: Any) -> Estimate:
    r"""Pearson's divergence, :math:`\chi^2(p \| q) = \sum_x [p(x) - q(x)]^2 / q(x)`.

    Parameters
    ----------
    p, q : array_like of any one shape, Density, or Gaussian
        As for `kl`.

    Returns
    -------
    Estimate
        Exact, a pure number; infinite where q vanishes and p does not, and for Gaussians where :math:`2 C_q - C_p` is
        not positive definite.

    Raises
    ------
    InputError
        As for `kl`.
    """
    return divergence("chi-squared divergence", p, q, tables.chi_squared, gaussians.chi_squared, "")


def squared_hellinger(p: Any, q: Any) -> Estimate:
    r"""The square of the Hellinger distance, one minus the Bhattacharyya coefficient.

    .. math:: H^2(p, q) = \tfrac12 \sum_x \left[\sqrt{p(x)} - \sqrt{q(x)}\right]^2 = 1 - \sum_x \sqrt{p(x)\, q(x)}

    Parameters
    ----------
    p, q : array_like of any one shape, Density, or Gaussian
        As for `kl`.

    Returns
    -------
    Estimate
        Exact, a pure number between 0 and 1.

    Raises
    ------
    InputError
        As for `kl`.
    """
    measures = tables.squared_hellinger, gaussians.squared_hellinger
    return divergence("squared Hellinger distance", p, q, *measures, "")


def total_variation(p: Any, q: Any) -> Estimate:
    r"""Total variation distance, :math:`\tfrac12 \sum_x |p(x) - q(x)|`, between 0 and 1.

    Parameters
    ----------
    p, q : array_like of any one shape, Density, or Gaussian
        As for `kl`. Gaussians must have one variable or one covariance: then it is a sum over the intervals between
        the points where the two densities cross.

    Returns
    -------
    Estimate
        Exact, a pure number.

    Raises
    ------
    InputError
        As for `kl`, or for Gaussians of several variables whose covariances differ.
    """

    def closed(p: Gaussian, q: Gaussian) -> float:
        return gaussians.total_variation(*checked_line(gaussians.on_a_line(p, q), "total_variation", p))

    return divergence("total variation", p, q, tables.total_variation, closed, "")


def jensen_shannon(p: Any, q: Any) -> Estimate:
    r"""Jensen-Shannon divergence, at most ln 2.

    .. math:: \mathrm{JS}(p, q) = \tfrac12 D(p \| m) + \tfrac12 D(q \| m), \quad m = \tfrac12 (p + q)

    Parameters
    ----------
    p, q : array_like of any one shape, Density, or Gaussian
        As for `kl`. Gaussians must have one variable or one covariance: then it is an integral over a line, by
        quadrature.

    Returns
    -------
    Estimate
        Exact, in nats; by quadrature with ``details["quadrature_error"]``.

    Raises
    ------
    InputError
        As for `total_variation`.

    References
    ----------
    Lin, IEEE Trans. Inf. Theory 37, 145 (1991), section IV.
    """
    p, q = checked_pair(p, q)
    if isinstance(p, Gaussian):
        line = checked_line(gaussians.on_a_line(p, q), "jensen_shannon", p)
        return of_gaussians_on_a_line(gaussian_quadrature.jensen_shannon(*line), NATS, "Jensen-Shannon divergence")
    return of_tables(tables.jensen_shannon, (p, q), NATS, "Jensen-Shannon divergence")


def f_divergence(p: Any, q: Any, f: Callable[[Array], Array]) -> Estimate:
    r"""The divergence of a convex function f.

    .. math:: D_f(p \| q) = \sum_x q(x)\, f\!\left(\frac{p(x)}{q(x)}\right), \quad f(1) = 0

    Where q vanishes and p does not a state counts :math:`p \lim_{t \to \infty} f(t)/t`, which is read off f at 1e200
    and 1e300. t ln t gives Kullback-Leibler, (t - 1)^2 chi-squared, |t - 1|/2 total variation.

    Parameters
    ----------
    p, q : array_like of any one shape, Density, or Gaussian
        As for `kl`. Gaussians must have one variable or one covariance: then it is an integral over a line, by
        quadrature, NaN where that does not converge.
    f : callable
        Takes an array of ratios >= 0 and returns one number for each; convex, f(1) = 0.

    Returns
    -------
    Estimate
        Exact, in the units of f.

    Raises
    ------
    InputError
        As for `total_variation`, or if f is not such a function.

    References
    ----------
    Csiszar, Studia Sci. Math. Hung. 2, 299 (1967).
    """
    tables.checked_convex(f)
    p, q = checked_pair(p, q)
    if isinstance(p, Gaussian):
        line = checked_line(gaussians.on_a_line(p, q), "f_divergence", p)
        return of_gaussians_on_a_line(gaussian_quadrature.f_divergence(*line, f), "", "f-divergence")
    return of_tables(lambda p, q: tables.f_divergence(p, q, f), (p, q), "", "f-divergence")


def divergence(
    method: str, p: Any, q: Any, table: Callable[..., float], gaussian: Callable[..., float], units: str, *order: float
) -> Estimate:
    """One measure, by the formula for the kind of laws that came."""
    p, q = checked_pair(p, q)
    if isinstance(p, Gaussian):
        return exact(gaussian(p, q, *order), units, f"{method} of two Gaussians")
    return of_tables(lambda p, q: table(p, q, *order), (p, q), units, method)
