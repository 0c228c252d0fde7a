r"""What Markov jump processes can do for what they dissipate.

rates[i, j] is the rate of jumps from j to i, columns sum to zero; fluxes :math:`a_{ij} = W_{ij} p_j`; entropy
production :math:`\sigma = \sum_{i<j} (a_{ij} - a_{ji}) \ln (a_{ij}/a_{ji})`; activity
:math:`\mathcal A = \sum_{i<j} (a_{ij} + a_{ji})`, the number of jumps a unit of time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_number
from neurothermo.core.errors import InputError
from neurothermo.information.bounds.bound import Bound
from neurothermo.information.laws import checked_table


def observable(rates: Any, p: Any, g: Any) -> Bound:
    r"""Of the rate of a mean, by the entropy production.

    .. math:: \left|\frac{d \langle g \rangle}{dt}\right|
              \le \sqrt{\frac{\sigma}{2} \sum_{i<j} (a_{ij} + a_{ji}) (g_i - g_j)^2}
              \le \sqrt{\frac{\sigma \mathcal A}{2}}\, \max |g_i - g_j|

    from :math:`(a - b)^2 \le \tfrac12 (a + b) (a - b) \ln (a/b)` and the Cauchy-Schwarz inequality. With
    :math:`g = \ln(p/q)` it bounds the rate of D(p || q), q at rest. Derived here; the printed forms of
    Karbowski (2023) were not available.

    Parameters
    ----------
    rates : array_like, shape (n, n)
        Rates of jumps, from column to row, per unit time; columns sum to zero.
    p : array_like, shape (n,)
        Probabilities of the states.
    g : array_like, shape (n,)
        The observable's value in each state.

    Returns
    -------
    Bound
        In units of g per unit time; +inf where a jump has no reverse. ``details`` has `entropy_production`,
        `activity`, and `activity_bound`, the second of the two.

    Raises
    ------
    InputError
        If an off-diagonal rate is negative, a column does not sum to zero, p does not sum to one, or g does not fit.
    """
    rates, law = checked_jumps(rates, p)
    g = checked_array(g, "g", law.shape)
    flux = rates * law
    np.fill_diagonal(flux, 0)
    production, activity = entropy_production(flux), float(flux.sum())
    gaps = g[:, None] - g
    reach = np.abs(gaps[flux + flux.T > 0]).max(initial=0.0)
    rate = float(np.sum(flux * gaps))
    bound = root(production / 2, float(np.sum(flux * gaps**2)))
    details = {
        "entropy_production": production,
        "activity": activity,
        "activity_bound": root(production / 2, activity) * float(reach),
    }
    return Bound(rate, bound, "units of g per unit time", "entropy production of jumps", details=details)


def total_variation(rates: Any, p: Any) -> Bound:
    r"""Of the speed of the law: :math:`\tfrac12 \sum_i |\dot p_i| \le \sqrt{\sigma \mathcal A / 2}`.

    Parameters
    ----------
    rates, p
        As for `observable`.

    Returns
    -------
    Bound
        Per unit time; with `entropy_production` and `activity` in ``details``.

    Raises
    ------
    InputError
        As for `observable`.

    References
    ----------
    Shiraishi, Funo, Saito, Phys. Rev. Lett. 121, 070601 (2018): the speed limit, here for an instant.
    """
    rates, law = checked_jumps(rates, p)
    flux = rates * law
    np.fill_diagonal(flux, 0)
    production, activity = entropy_production(flux), float(flux.sum())
    speed = float(np.abs(rates @ law).sum() / 2)
    details = {"entropy_production": production, "activity": activity}
    return Bound(speed, root(production / 2, activity), "per unit time", "speed limit of jumps", details=details)


def speed_limit(start: Any, stop: Any, *, production: Any, activity: Any) -> Bound:
    r"""Of the distance a law goes, by the entropy produced and the number of jumps on the way.

    .. math:: \tfrac12 \sum_i |p_i(\tau) - p_i(0)| \le \sqrt{\tfrac12\, \Sigma \textstyle\int_0^\tau \mathcal A\, dt}

    Parameters
    ----------
    start, stop : array_like of one shape
        The law before and after, under any driving.
    production : float or Estimate
        Sigma, the total entropy production on the way, in nats, >= 0.
    activity : float or Estimate
        Mean number of jumps on the way, both directions, >= 0.

    Returns
    -------
    Bound
        Of the total variation between the two laws.

    Raises
    ------
    InputError
        If the laws do not sum to one or have other shapes, or a number is negative.

    References
    ----------
    Shiraishi, Funo, Saito, Phys. Rev. Lett. 121, 070601 (2018), the bound on the time, solved for the distance (there
    the sum without the half).
    """
    start, stop = checked_table(start, "start"), checked_table(stop, "stop")
    if start.shape != stop.shape:
        raise InputError(f"stop must have the shape of start, {start.shape}, got {stop.shape}")
    production = checked_not_negative(production, "production")
    activity = checked_not_negative(activity, "activity")
    distance = float(np.abs(stop - start).sum() / 2)
    return Bound(distance, root(production / 2, activity), "total variation", "speed limit of jumps")


def checked_jumps(rates: Any, p: Any) -> tuple[Array, Array]:
    """A matrix of jump rates and a law of its states.

    Raises
    ------
    InputError
        If an off-diagonal rate is negative, a column does not sum to zero, or p is no law of as many states.
    """
    law = checked_table(p, "p")
    if law.ndim != 1:
        raise InputError(f"p must be one row of probabilities, got shape {law.shape}")
    matrix = checked_array(rates, "rates", (law.size, law.size))
    smallest = (matrix - np.diag(np.diag(matrix))).min(initial=0.0)
    if smallest < 0:
        raise InputError(f"rates must not be negative off the diagonal, got {smallest:g}")
    sums = np.abs(matrix.sum(axis=0))
    if sums.max() > 1e-9 * max(np.abs(matrix).max(), 1e-300):
        raise InputError(
            f"rates must have columns that sum to zero (rates[i, j] is from j to i), got a sum of {sums.max():.3g}"
        )
    return matrix, law


def entropy_production(flux: Array) -> float:
    """sum over pairs of (a - b) ln(a/b), a the larger: accurate near equilibrium too, where a and b nearly agree."""
    net = flux - flux.T
    more = net > 0
    with np.errstate(divide="ignore"):
        return float(np.sum(net[more] * np.log1p(net[more] / flux.T[more])))


def checked_not_negative(value: Any, name: str) -> float:
    """A number >= 0; an Estimate counts by its value."""
    number = checked_number(value, name)
    if number < 0:
        raise InputError(f"{name} must not be negative, got {number:g}")
    return number


def root(production: float, spread: float) -> float:
    """sqrt(production spread): 0 where nothing spreads, even at infinite production."""
    return float(np.sqrt(production * spread)) if spread > 0 else 0.0
