"""The thermodynamic uncertainty relation: a precise current costs entropy."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import checked_number
from neurothermo.information.bounds.bound import Bound
from neurothermo.information.bounds.jumps import checked_not_negative


def current(mean: Any, variance: Any, production: Any) -> Bound:
    r"""Of a mean integrated current, by its variance and the entropy produced.

    .. math:: \operatorname{Var}[J] \ge \frac{2 \langle J \rangle^2}{\Sigma}, \qquad
              |\langle J \rangle| \le \sqrt{\Sigma \operatorname{Var}[J] / 2}

    For time-antisymmetric currents of stationary Markov jump processes and overdamped Langevin processes (even
    variables), over any length of time. It need not hold out of the stationary state, in discrete time, nor for
    underdamped motion. The square of ``ratio`` is the share of the variance that the relation demands.

    Parameters
    ----------
    mean, variance : float or Estimate
        Of the current J, accumulated over one window of time; the variance >= 0.
    production : float or Estimate
        Sigma, the mean entropy production over the same window, in nats, >= 0.

    Returns
    -------
    Bound
        In units of the current.

    Raises
    ------
    InputError
        If a number is not finite, or the variance or production negative.

    References
    ----------
    Barato, Seifert, Phys. Rev. Lett. 114, 158101 (2015); Horowitz, Gingrich, Phys. Rev. E 96, 020103 (2017):
    over any finite time.
    """
    mean = checked_number(mean, "mean")
    variance = checked_not_negative(variance, "variance")
    production = checked_not_negative(production, "production")
    bound = float(np.sqrt(production * variance / 2))
    return Bound(mean, bound, "units of the current", "thermodynamic uncertainty relation")
