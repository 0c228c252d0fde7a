"""Entropy production measured: what a stationary run delivers to its bath."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.ledger import column, is_ledger


def entropy_production(ledger: Any, *, confidence: float = 0.95) -> Estimate:
    r"""Entropy production rate from a stationary simulation, on the rule's own clock.

    .. math:: \sigma = \frac{\langle \text{entropy flow} \rangle}{\text{ticks}}

    At stationarity the Shannon entropy of the network does not change, and all that is produced flows into the
    bath. The clock is that of `exact.entropy_production`: nats per attempt (random order), per sweep
    (sequential), per step (parallel, or a rule of your own).

    Parameters
    ----------
    ledger : xarray.Dataset
        Of `simulate` with one input held, started in the stationary law (``initial="stationary"``).
    confidence : float
        Nominal coverage of the interval (Student's t over independent trials), in (0, 1).

    Returns
    -------
    Estimate
        A sentence says where the burn-in before it did not converge.

    Raises
    ------
    InputError
        If the ledger is not of a stationary run: its input changes, it made no step, or it started elsewhere.

    References
    ----------
    Seifert, Phys. Rev. Lett. 95, 040602 (2005); Schnakenberg, Rev. Mod. Phys. 48, 571 (1976).
    """
    if not is_ledger(ledger):
        raise InputError(f"ledger must be an xarray.Dataset that simulate made, got {type(ledger).__name__}")
    level = checked_fraction(confidence, "confidence")
    attributes = ledger.attrs
    if not attributes.get("input_held", 0):
        raise InputError("ledger: entropy production needs one input held (hold), and this protocol changes it")
    if attributes.get("ticks", 0) <= 0:
        raise InputError("ledger: entropy production needs at least one step, and this run made none")
    if attributes.get("initial") != "stationary":
        raise InputError(
            f"ledger: entropy production needs initial='stationary', and this run started from "
            f"{attributes.get('initial')!r}: what flowed is then not all that was produced"
        )
    rates = column(ledger, "entropy_flow") / float(attributes["ticks"])
    n, value = rates.size, float(rates.mean())
    stderr = float(rates.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    route = str(attributes.get("initial_route", ""))
    return Estimate(
        value,
        stderr,
        _interval(value, stderr, n, level),
        level,
        n=n,
        ess=float(n),
        units=f"nats per {attributes['clock']}",
        method="entropy flow of a stationary run",
        diagnostics=(f"The start is in doubt: {route}.",) if "NOT CONVERGED" in route else (),
        details={"ticks": float(attributes["ticks"]), "initial_route": route},
    )


def _interval(value: float, stderr: float, n: int, confidence: float) -> tuple[float, float]:
    if n < 2:
        return (float("nan"), float("nan"))
    from scipy.special import stdtrit

    reach = float(stdtrit(n - 1, 0.5 + confidence / 2)) * stderr
    return (value - reach, value + reach)
