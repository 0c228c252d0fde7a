r"""Bounds from the speed of the laws alone, for any dynamics.

With the slope h(x) = dD/dp(x) of a measure and the temporal Fisher information of `rates.fisher_information`,

.. math:: |\dot D| \le \sqrt{I_F(p) \operatorname{Var}_p h} + \sqrt{I_F(q) \operatorname{Var}_q g}

by the Cauchy-Schwarz inequality; the second term where q moves. Derived here; the printed forms of Karbowski (2023)
were not available.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.estimate import Estimate
from neurothermo.information import gaussian_rate, gaussians, rates, slopes, tables
from neurothermo.information.bounds.bound import Bound
from neurothermo.information.density import Density
from neurothermo.information.laws import checked_order, checked_split, grouped
from neurothermo.information.moving import Moving, one_moving, two_moving


def entropy(p: Any, dp: Any) -> Bound:
    r"""Of the entropy's rate: :math:`|\dot H| \le \sqrt{I_F \operatorname{Var}_p[\ln p]}`; n/2 of a Gaussian's Var.

    Parameters
    ----------
    p, dp : law and its rate
        As for `rates.entropy`.

    Returns
    -------
    Bound
        In nats per unit time.

    Raises
    ------
    InputError
        As `rates.entropy` does.
    """
    moving = one_moving(p, dp)
    if moving.is_gaussian:
        spread = moving.p.size / 2
        limit = slopes.root_product(gaussian_rate.fisher_information(*moving.parts), spread)
    else:
        values = moving.p.values if isinstance(moving.p, Density) else moving.p
        law, change = moving.cells()
        limit = slopes.speed(law, change, slopes.surprise(values))
    return against(rates.entropy(p, dp), limit)


def kl(p: Any, dp: Any, q: Any, dq: Any = None) -> Bound:
    r"""Of the rate of the Kullback-Leibler divergence.

    .. math:: |\dot D| \le \sqrt{I_F(p) \operatorname{Var}_p[\ln(p/q)]} + \sqrt{I_F(q)\, \chi^2(p \| q)}

    the second term where q moves. Derived here; the printed forms of Karbowski (2023) were not available.

    Parameters
    ----------
    p, dp, q, dq
        As for `rates.kl`.

    Returns
    -------
    Bound
        In nats per unit time.

    Raises
    ------
    InputError
        As `rates.kl` does.
    """
    moving = two_moving(p, dp, q, dq)
    if moving.is_gaussian:
        spreads = gaussians.log_ratio_variance(moving.p, moving.q), gaussians.chi_squared(moving.p, moving.q)
        limit = gaussian_limit(moving, *spreads)
    else:
        limit = limit_of(moving, slopes.kl)
    return against(rates.kl(p, dp, q, dq), limit)


def tsallis(p: Any, dp: Any, q: Any, dq: Any = None, *, order: float) -> Bound:
    r"""Of the rate of the Tsallis divergence.

    .. math:: |\dot T_\alpha| \le \frac{\alpha}{|\alpha - 1|} \sqrt{I_F(p) \operatorname{Var}_p[(p/q)^{\alpha - 1}]}
                                  + \sqrt{I_F(q) \operatorname{Var}_q[(p/q)^\alpha]}

    the second term where q moves. Derived here; the printed forms of Karbowski (2023) were not available.

    Parameters
    ----------
    p, dp, q, dq, order
        As for `rates.tsallis`.

    Returns
    -------
    Bound
        Per unit time.

    Raises
    ------
    InputError
        As `rates.tsallis` does.
    """
    moving, order = two_moving(p, dp, q, dq), checked_order(order)
    if order == 1:
        limit = kl(p, dp, q, dq).bound
    elif moving.is_gaussian:
        limit = gaussian_order_limit(moving, order)
    else:
        limit = limit_of(moving, slopes.tsallis, order)
    return against(rates.tsallis(p, dp, q, dq, order=order), limit)


def renyi(p: Any, dp: Any, q: Any, dq: Any = None, *, order: float) -> Bound:
    r"""Of the rate of the Renyi divergence: that of `tsallis` over :math:`1 + (\alpha - 1) T_\alpha`.

    Derived here; the printed forms of Karbowski (2023) were not available.

    Parameters
    ----------
    p, dp, q, dq, order
        As for `rates.renyi`.

    Returns
    -------
    Bound
        In nats per unit time.

    Raises
    ------
    InputError
        As `rates.renyi` does.
    """
    moving, order = two_moving(p, dp, q, dq), checked_order(order)
    if order == 1:
        limit = kl(p, dp, q, dq).bound
    elif moving.is_gaussian:
        log_moment = gaussians.log_moment(moving.p, moving.q, order)
        limit = gaussian_order_limit(moving, order) * np.exp(-log_moment) if np.isfinite(log_moment) else np.inf
    else:
        limit = limit_of(moving, slopes.renyi, order)
    return against(rates.renyi(p, dp, q, dq, order=order), float(limit))


def f_divergence(
    p: Any, dp: Any, q: Any, f: Callable[[Array], Array], *, derivative: Callable[[Array], Array], dq: Any = None
) -> Bound:
    r"""Of the rate of the divergence of a convex function.

    .. math:: |\dot D_f| \le \sqrt{I_F(p) \operatorname{Var}_p[f'(t)]}
                             + \sqrt{I_F(q) \operatorname{Var}_q[f(t) - t f'(t)]}, \quad t = p/q

    Derived here, as the general form of `kl` and `tsallis`.

    Parameters
    ----------
    p, dp, q, f, derivative, dq
        As for `rates.f_divergence`.

    Returns
    -------
    Bound
        Per unit time.

    Raises
    ------
    InputError
        As `rates.f_divergence` does.
    """
    rate = rates.f_divergence(p, dp, q, f, derivative=derivative, dq=dq)
    limit = limit_of(two_moving(p, dp, q, dq), lambda p, q: slopes.f_divergence(p, q, f, derivative))
    return against(rate, limit)


def mutual_information(joint: Any, d_joint: Any, split: Any = None) -> Bound:
    r"""Of the rate of the mutual information.

    .. math:: |\dot I| \le \sqrt{I_F(p_{xy}) \operatorname{Var}[i]}, \quad i = \ln \frac{p(x, y)}{p(x)\, p(y)}

    There is no further term for the moving marginals: their part of the rate is zero. Of a Gaussian
    :math:`\operatorname{Var}[i] = \sum_i \rho_i^2`, its canonical correlations. Derived here; the printed forms of
    Karbowski (2023) were not available.

    Parameters
    ----------
    joint, d_joint, split
        As for `rates.mutual_information`.

    Returns
    -------
    Bound
        In nats per unit time.

    Raises
    ------
    InputError
        As `rates.mutual_information` does.
    """
    rate, moving = rates.mutual_information(joint, d_joint, split), one_moving(joint, d_joint, "joint")
    if moving.is_gaussian:
        first, second = checked_split(split, moving.p.size)
        spread = float(np.sum(gaussians.canonical_correlations(moving.p, first, second) ** 2))
        part = gaussian_rate.marginal(moving.p, moving.dp, first + second)
        limit = slopes.root_product(gaussian_rate.fisher_information(*part), spread)
    else:
        law, change = (grouped(cells, split) for cells in moving.cells())
        limit = slopes.speed(law, change, slopes.mutual_information(law))
    return against(rate, limit)


def limit_of(moving: Moving, slope: Callable[..., Any], *order: float) -> float:
    """sqrt(I_F(p) Var_p h) + sqrt(I_F(q) Var_q g) over states or cells; infinite where the laws share no state."""
    p, dp, q, dq = moving.cells()
    if not np.isfinite(tables.log_moment(p, q, 0.5)):
        return float(np.inf)
    first, second = slope(p, q, *order)
    return slopes.speed(p, dp, first) + slopes.speed(q, dq, second)


def gaussian_limit(moving: Moving, first: float, second: float) -> float:
    """The same from the two variances."""
    p, dp, q, dq = moving.parts
    one = slopes.root_product(gaussian_rate.fisher_information(p, dp), first)
    return one + slopes.root_product(gaussian_rate.fisher_information(q, dq), second)


def gaussian_order_limit(moving: Moving, order: float) -> float:
    """That of the Tsallis divergence of two Gaussians."""
    scale = (order / (order - 1)) ** 2
    first = scale * gaussians.power_variance(moving.p, moving.q, order)
    return gaussian_limit(moving, first, gaussians.power_variance_under_q(moving.p, moving.q, order))


def against(rate: Estimate, limit: float) -> Bound:
    """A rate beside its bound."""
    name = f"kinematic bound of the {rate.method}"
    return Bound(float(rate), float(limit), rate.units, name, rate.diagnostics, dict(rate.details))
