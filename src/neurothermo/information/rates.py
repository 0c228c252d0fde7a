"""Rates of change of entropies, divergences and information along any dynamics, from laws and their time derivatives.

Every function takes a law and its rate: a table p with dp = dp/dt of the same shape; a `Density` with the array of
dp/dt at its points; or a `Gaussian` with a `GaussianRate`. Rates sum to zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.information import gaussian_rate as gaussian
from neurothermo.information import gaussians, slopes, tables
from neurothermo.information.density import Density
from neurothermo.information.laws import checked_order, checked_split, grouped
from neurothermo.information.moving import Moving, one_moving, rate_of, two_moving

NATS = "nats per unit time"
PURE = "per unit time"


def entropy(p: Any, dp: Any) -> Estimate:
    r"""Rate of the Shannon (or differential) entropy.

    .. math:: \dot H = -\sum_x \dot p \ln p, \qquad \dot H = \tfrac12 \operatorname{Tr} C^{-1} \dot C

    Parameters
    ----------
    p : array_like, Density, or Gaussian
        The law.
    dp : array_like of p's shape, or GaussianRate
        Its time derivative.

    Returns
    -------
    Estimate
        Exact, in nats per unit time; +inf where an empty state is being filled.

    Raises
    ------
    InputError
        If the law does not sum to one, or its rate not to zero, or it takes from an empty state.
    """
    moving = one_moving(p, dp)
    if moving.is_gaussian:
        return rate_of(lambda p, dp: gaussian.relative_growth(p, dp) / 2, moving, NATS, "rate of entropy")
    values = moving.p.values if isinstance(moving.p, Density) else moving.p
    surprise = slopes.surprise(values)
    return rate_of(lambda p, dp: slopes.change(dp, surprise), moving, NATS, "rate of entropy")


def fisher_information(p: Any, dp: Any) -> Estimate:
    r"""Temporal Fisher information: the square of the speed of a law.

    .. math:: I_F = \sum_x \frac{\dot p^2}{p}, \qquad
              I_F = \dot m^T C^{-1} \dot m + \tfrac12 \operatorname{Tr} [(C^{-1} \dot C)^2]

    Parameters
    ----------
    p, dp
        As for `entropy`.

    Returns
    -------
    Estimate
        Exact, per unit time squared; +inf where an empty state is being filled.

    Raises
    ------
    InputError
        As for `entropy`.
    """
    moving = one_moving(p, dp)
    formula = gaussian.fisher_information if moving.is_gaussian else slopes.fisher_information
    return rate_of(formula, moving, "per unit time squared", "temporal Fisher information")


def kl(p: Any, dp: Any, q: Any, dq: Any = None) -> Estimate:
    r"""Rate of the Kullback-Leibler divergence.

    .. math:: \frac{d}{dt} D(p \| q) = \sum_x \dot p \ln \frac pq - \dot q \frac pq

    Parameters
    ----------
    p, dp : law and its rate
        As for `entropy`.
    q : array_like, Density, or Gaussian
        Another law of the same states.
    dq : array_like or GaussianRate, optional
        Its rate; none: it stands still.

    Returns
    -------
    Estimate
        Exact, in nats per unit time. NaN where the divergence itself is infinite.

    Raises
    ------
    InputError
        If the laws are none of the same states, or a rate does not fit its law.
    """
    moving = two_moving(p, dp, q, dq)
    if moving.is_gaussian:
        return rate_of(gaussian.kl_rate, moving, NATS, "rate of KL")
    return rate_of(from_slopes(tables.kl, slopes.kl), moving, NATS, "rate of KL")


def tsallis(p: Any, dp: Any, q: Any, dq: Any = None, *, order: float) -> Estimate:
    r"""Rate of the Tsallis divergence.

    .. math:: \dot T_\alpha = \frac{\alpha}{\alpha - 1} \sum_x \dot p \left(\frac pq\right)^{\alpha - 1}
                              - \sum_x \dot q \left(\frac pq\right)^\alpha

    Parameters
    ----------
    p, dp, q, dq
        As for `kl`.
    order : float
        alpha > 0; 1 is Kullback-Leibler.

    Returns
    -------
    Estimate
        Exact, per unit time. NaN where the divergence itself is infinite.

    Raises
    ------
    InputError
        As for `kl`, or if the order is not positive.
    """
    return of_order("Tsallis", two_moving(p, dp, q, dq), checked_order(order))


def renyi(p: Any, dp: Any, q: Any, dq: Any = None, *, order: float) -> Estimate:
    r"""Rate of the Renyi divergence, :math:`\dot D_\alpha = \dot T_\alpha / [1 + (\alpha - 1) T_\alpha]`.

    Parameters
    ----------
    p, dp, q, dq, order
        As for `tsallis`.

    Returns
    -------
    Estimate
        Exact, in nats per unit time. NaN where the divergence itself is infinite.

    Raises
    ------
    InputError
        As for `tsallis`.
    """
    return of_order("Renyi", two_moving(p, dp, q, dq), checked_order(order))


def of_order(kind: str, moving: Moving, order: float) -> Estimate:
    """Rate of a Renyi or Tsallis divergence."""
    units, method = NATS if kind == "Renyi" else PURE, f"rate of {kind} {order:g}"
    if order == 1 and moving.is_gaussian:
        return rate_of(gaussian.kl_rate, moving, units, method)
    if moving.is_gaussian:
        return rate_of(lambda *laws: gaussian_order_rate(kind, laws, order), moving, units, method)
    measure, slope = (tables.renyi, slopes.renyi) if kind == "Renyi" else (tables.tsallis, slopes.tsallis)
    return rate_of(from_slopes(measure, slope, order), moving, units, method)


def gaussian_order_rate(kind: str, laws: Any, order: float) -> float:
    """The derivative of ln M over (order - 1) (Renyi), times M (Tsallis); NaN where that measure is infinite."""
    p, dp, q, dq = laws
    log_moment = gaussians.log_moment(p, q, order)
    with np.errstate(over="ignore"):
        scale = 1.0 if kind == "Renyi" else float(np.exp(log_moment))
    if np.inf in (log_moment, scale):
        return float(np.nan)
    return scale * gaussian.log_moment_rate(p, dp, q, dq, order) / (order - 1)


def f_divergence(
    p: Any, dp: Any, q: Any, f: Callable[[Array], Array], *, derivative: Callable[[Array], Array], dq: Any = None
) -> Estimate:
    r"""Rate of the divergence of a convex function f.

    .. math:: \dot D_f = \sum_x \dot p\, f'(t) + \dot q\, [f(t) - t f'(t)], \quad t = p/q

    Parameters
    ----------
    p, dp, q, dq
        Tables or densities, as for `kl`; q > 0 where p > 0.
    f, derivative : callable
        A convex function with f(1) = 0, and f'.

    Returns
    -------
    Estimate
        Exact, per unit time. NaN where a state with q = 0 counts.

    Raises
    ------
    InputError
        As for `kl`; for Gaussians; if f is no such function or `derivative` not its derivative.
    """
    moving = checked_f_moving(two_moving(p, dp, q, dq), f, derivative)
    rate = from_slopes(lambda p, q: tables.f_divergence(p, q, f), lambda p, q: slopes.f_divergence(p, q, f, derivative))
    return rate_of(rate, moving, PURE, "rate of f-divergence")


def checked_f_moving(moving: Moving, f: Callable[[Array], Array], derivative: Callable[[Array], Array]) -> Moving:
    """Tables or densities, and f' in keeping with f."""
    tables.checked_convex(f)
    if moving.is_gaussian:
        raise InputError("p must be a table or a Density for a general f, got a Gaussian: evaluate it on a grid")
    if not callable(derivative):
        raise InputError(f"derivative must be a function of the ratio p/q, got {derivative!r}")
    points, step = np.array([0.3, 0.7, 1.6, 4.0]), 1e-5
    slope = (tables.convex(f, points + step) - tables.convex(f, points - step)) / (2 * step)
    given = np.asarray(derivative(points), dtype=float)
    if given.shape != points.shape or not np.allclose(given, slope, rtol=1e-5, atol=1e-7):
        raise InputError(f"derivative must be that of f, got {given} at {points} where f has {slope}")
    return moving


def mutual_information(joint: Any, d_joint: Any, split: Any = None) -> Estimate:
    r"""Rate of the mutual information of two groups of variables.

    .. math:: \dot I = \sum_{xy} \dot p(x, y) \ln \frac{p(x, y)}{p(x)\, p(y)}, \qquad
              \dot I = \tfrac12 [\operatorname{Tr} C_x^{-1} \dot C_x + \operatorname{Tr} C_y^{-1} \dot C_y
              - \operatorname{Tr} C^{-1} \dot C]

    Parameters
    ----------
    joint : array_like, Density, or Gaussian
        The law of all variables, as for `information.mutual_information`.
    d_joint : array_like of its shape, or GaussianRate
        Its time derivative.
    split : int or (list of int, list of int), optional
        Which variables belong together.

    Returns
    -------
    Estimate
        Exact, in nats per unit time.

    Raises
    ------
    InputError
        As for `entropy`, or if the split does not fit.
    """
    moving = one_moving(joint, d_joint, "joint")
    method = "rate of mutual information"
    if moving.is_gaussian:
        first, second = checked_split(split, moving.p.size)

        def closed(law: Any, rate: Any) -> float:
            one, two, both = (gaussian.marginal(law, rate, group) for group in (first, second, first + second))
            growth = gaussian.relative_growth
            return (growth(*one) + growth(*two) - growth(*both)) / 2

        return rate_of(closed, moving, NATS, method)

    def formula(p: Array, dp: Array) -> float:
        return slopes.change(grouped(dp, split), slopes.mutual_information(grouped(p, split)))

    return rate_of(formula, moving, NATS, method)


def from_slopes(measure: Callable[..., float], slope: Callable[..., Any], *order: float) -> Callable[..., float]:
    """The rate sum p' h + q' g as a function of (p, p', q, q'); NaN where the measure is infinite."""

    def formula(p: Array, dp: Array, q: Array, dq: Array) -> float:
        if not np.isfinite(measure(p, q, *order)):
            return float(np.nan)
        first, second = slope(p, q, *order)
        return slopes.change(dp, first) + slopes.change(dq, second)

    return formula
