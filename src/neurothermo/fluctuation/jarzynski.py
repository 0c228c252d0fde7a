"""Jarzynski's equality, where the free-energy difference is known."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import ENERGY, Estimate
from neurothermo.core.ledger import bath_temperature, start_of, works
from neurothermo.core.verdict import Verdict
from neurothermo.fluctuation.logistic import LEVEL
from neurothermo.fluctuation.unit_mean import unit_mean


def check_jarzynski(
    data: Any, free_energy_difference: Any, *, temperature: float | None = None, level: float = LEVEL
) -> Verdict:
    r"""Do the works average to the free-energy difference, exponentially?

    .. math:: \langle e^{-(W - \Delta F)/T} \rangle = 1

    at any speed of driving, if every trial starts in equilibrium at the first input and each move keeps
    the Boltzmann law of its own input. A sequential order passes (check_crooks judges its reverse), parallel
    updates and the as-printed activation do not.

    Parameters
    ----------
    data : ledger or array_like, shape (trials,)
        A ledger, or the works of one driving protocol in energy units.
    free_energy_difference : float or Estimate
        :math:`\Delta F` from the first to the last input of this ledger's own protocol, in energy units (for
        a reverse ledger: minus the forward one), not computed from these same works. The standard error of
        an Estimate is taken into account.
    temperature : float, optional
        Bath temperature T in energy units, > 0. A ledger knows its own.
    level : float
        Accepted rate of false alarms, in (0, 1).

    Returns
    -------
    Verdict
        Slope: the mean of the exponential, expected 1. None where too few trials carry that mean,
        unless the works are too low for any law: :math:`P(W \le \Delta F - kT) \le e^{-k}`, and the second
        law.

    Raises
    ------
    InputError
        If there are no works, no one temperature, or the free-energy difference is not a finite energy.

    References
    ----------
    Jarzynski, Phys. Rev. Lett. 78, 2690 (1997), eq. 2.
    """
    level = checked_fraction(level, "level")
    kT = bath_temperature(data, temperature=temperature)
    difference, stderr = _known(free_energy_difference)
    with np.errstate(over="ignore"):  # counted as infinite
        sigma = (works(data) - difference) / kT
    hint = f" ({start_of(data)})" if start_of(data) else ""
    return unit_mean(sigma, "exp(-(W - dF)/T)", level=level, uncertainty=stderr / kT, hint=hint)


def _known(difference: Any) -> tuple[float, float]:
    """A free-energy difference and its standard error, 0 for a plain number."""
    try:
        value = float(difference)
    except (TypeError, ValueError):
        kind = type(difference).__name__
        raise InputError(f"free_energy_difference must be a number or an Estimate, got {kind}") from None
    stderr = float(difference.stderr) if isinstance(difference, Estimate) else 0.0
    if isinstance(difference, Estimate) and difference.units not in ("", ENERGY):
        raise InputError(f"free_energy_difference must be in energy units, got {difference.units!r}")
    if not isfinite(value):
        raise InputError(f"free_energy_difference must be finite, got {value}")
    return value, stderr if isfinite(stderr) and stderr > 0 else 0.0
