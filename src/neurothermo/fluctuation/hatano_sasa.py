"""The theorems of steady states: what driving costs beyond keeping one up, and what keeping it up costs."""

from __future__ import annotations

from typing import Any

from neurothermo.core.checks import checked_choice, checked_fraction
from neurothermo.core.ledger import column, is_ledger, works
from neurothermo.core.verdict import Verdict
from neurothermo.fluctuation.logistic import LEVEL
from neurothermo.fluctuation.unit_mean import unit_mean

KINDS = {"hatano_sasa": "exp(-Y)", "housekeeping": "exp(-housekeeping entropy)"}


def check_hatano_sasa(data: Any, *, of: str = "hatano_sasa", level: float = LEVEL) -> Verdict:
    r"""Does driving between steady states obey Hatano and Sasa's theorem?

    .. math:: \langle e^{-Y} \rangle = 1, \quad Y = \sum_t \big[\varphi(V_t; I_{t+1}) - \varphi(V_t; I_t)\big],
              \quad \varphi(V; I) = -\ln \pi(V; I)

    for a start in the stationary law at the first input, couplings with or without an energy, where Jarzynski's
    work has no free energy to be compared with. The housekeeping part of the flow obeys
    :math:`\langle e^{-\text{housekeeping}} \rangle = 1` from any start.

    Parameters
    ----------
    data : ledger or array_like, shape (trials,)
        A ledger that `split_flow` has completed, or the exponents in nats.
    of : "hatano_sasa" or "housekeeping"
    level : float
        Accepted rate of false alarms, in (0, 1).

    Returns
    -------
    Verdict
        Slope: the mean of the exponential, expected 1. None where too few trials carry that mean, or a ledger did
        not start in the stationary law.

    Raises
    ------
    InputError
        If the ledger holds no such column (`split_flow` adds it), or an argument is not what it must be.

    References
    ----------
    Hatano and Sasa, Phys. Rev. Lett. 86, 3463 (2001); Speck and Seifert, J. Phys. A 38, L581 (2005).
    """
    level = checked_fraction(level, "level")
    checked_choice(of, "of", tuple(KINDS))
    if not is_ledger(data):
        return unit_mean(works(data, "data"), KINDS[of], level=level)
    exponents = column(data, "hatano_sasa" if of == "hatano_sasa" else "housekeeping_flow")
    start = data.attrs.get("initial", "stationary")
    if of == "hatano_sasa" and start != "stationary" and not data.attrs.get("start_is_stationary", 0):
        return Verdict(None, f"the start was {start!r}, not the stationary law (initial='stationary')", expected=1.0)
    return unit_mean(exponents, KINDS[of], level=level)
