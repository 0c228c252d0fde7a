"""The integral fluctuation theorem of total entropy production, boundary term and all."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import checked_fraction
from neurothermo.core.ledger import column, is_ledger, works
from neurothermo.core.verdict import Verdict
from neurothermo.fluctuation.logistic import LEVEL
from neurothermo.fluctuation.unit_mean import unit_mean


def check_integral(data: Any, *, level: float = LEVEL) -> Verdict:
    r"""Does the total entropy production obey its integral theorem?

    .. math:: \langle e^{-\Sigma} \rangle = 1, \quad
              \Sigma = \ln p_0(x_0) - \ln p_1(x_K) + \sum_k \phi_k, \quad
              \phi_k = \ln \frac{p(x_k \to x_{k+1})}{p(x_{k+1} \to x_k)}

    for any normalised :math:`p_1`, any protocol and any rule of motion that accounts its own flow
    :math:`\phi`: parallel updates and asymmetric couplings too. Without the boundary term it is false. It
    judges the bookkeeping of flow and start, not whether a ledger's temperature is right (check_crooks does).

    Parameters
    ----------
    data : ledger or array_like, shape (trials,)
        A ledger with log_law_initial, log_law_final and entropy_flow; or :math:`\Sigma` of every trial, in
        nats.
    level : float
        Accepted rate of false alarms, in (0, 1).

    Returns
    -------
    Verdict
        Slope: the mean of the exponential, expected 1. None where too few trials carry that mean, and
        where the laws of the first and last state are not known.

    Raises
    ------
    InputError
        If there are no trials, the ledger holds no entropy_flow, or the level is not between 0 and 1.

    References
    ----------
    Seifert, Phys. Rev. Lett. 95, 040602 (2005).
    """
    level = checked_fraction(level, "level")
    if not is_ledger(data):
        return unit_mean(works(data, "sigma"), "exp(-sigma)", level=level)
    flow = column(data, "entropy_flow")
    missing = [name for name in ("log_law_initial", "log_law_final") if name not in data]
    if missing:
        start = data.attrs.get("initial", "unknown")
        sentence = (
            f"the ledger holds no {' and no '.join(missing)}: the law of the initial states (start: {start}) "
            "is not known exactly, and without the boundary term the theorem is false; start an enumerable "
            "network in equilibrium, or any system in a law that is known (initial=Gaussian(...)), "
            "or give check_integral() the total entropy productions as an array"
        )
        return Verdict(None, sentence, expected=1.0)
    sigma = column(data, "log_law_initial") - column(data, "log_law_final") + flow
    return unit_mean(np.asarray(sigma), "exp(-total entropy production)", level=level)
