"""The exchange fluctuation theorem: heat between two temperatures, without work."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_fraction, checked_temperature
from neurothermo.core.errors import InputError
from neurothermo.core.ledger import bath_temperature, column, is_ledger, works
from neurothermo.core.verdict import Verdict
from neurothermo.fluctuation.logistic import (
    FEWEST,
    LARGEST,
    LEVEL,
    VAGUE,
    bent,
    maximum_likelihood,
    score_test,
    shown,
)

CLASSES = 12  # of |Q|, at most, of equal weight, in each of which the law is tested
CLASS_SIZE = 20.0  # effective trials that a class has at least


def check_exchange(
    data: Any,
    *,
    initial_temperature: float | None = None,
    temperature: float | None = None,
    level: float = LEVEL,
) -> Verdict:
    r"""Is heat that flows the wrong way as rare as the exchange theorem says?

    .. math:: \ln \frac{P(Q)}{P(-Q)} = \Big(\frac{1}{T_1} - \frac{1}{T_2}\Big) Q \iff
              P(Q > 0 \mid |Q|) = \frac{1}{1 + \exp[-(1/T_1 - 1/T_2) |Q|]}

    for a network in equilibrium at :math:`T_1`, then in a bath at :math:`T_2` at the same input. The slope is
    fitted by maximum likelihood through the origin; the p-value is of a score test of the law itself: its
    slope, and its straightness. It needs moves that keep detailed balance: a sequential order does not.

    Parameters
    ----------
    data : ledger or array_like, shape (trials,)
        A ledger, or Q, the heat absorbed by the network in each trial, in energy units.
    initial_temperature, temperature : float, optional
        :math:`T_1` and :math:`T_2` in energy units, > 0. A ledger knows its own.
    level : float
        Accepted rate of false alarms, in (0, 1).

    Returns
    -------
    Verdict
        Slope per energy unit, expected :math:`1/T_1 - 1/T_2`. None where fewer than 20 effective trials could
        have gone either way, or the slope's error exceeds half of what is expected.

    Raises
    ------
    InputError
        If a temperature is missing or contradicted, the ledger has no heat, or work was done.

    References
    ----------
    Jarzynski and Wojcik, Phys. Rev. Lett. 92, 230602 (2004).
    """
    level = checked_fraction(level, "level")
    bath = bath_temperature(data, temperature=temperature)
    start = _initial_temperature(data, initial_temperature)
    heat = _heat_without_work(data, bath)
    expected = 1 / start - 1 / bath
    details: dict[str, Any] = {
        "trials": heat.size,
        "initial_temperature": start,
        "temperature": bath,
        "level": level,
    }
    bad = int(np.sum(~(np.abs(heat) <= LARGEST * min(start, bath))))
    if bad:
        sentence = f"{bad} heats are NaN, infinite or above {LARGEST:g} kT: remove their cause first"
        return Verdict(None, sentence, expected=expected, details=details)
    return _judge(heat, expected, VAGUE * (abs(expected) or 1 / bath), level, details)


def _initial_temperature(data: Any, given: float | None) -> float:
    known = data.attrs.get("initial_temperature") if is_ledger(data) else None
    if known is None and given is None:
        raise InputError(
            "initial_temperature is needed: the theorem is about a network that starts at one temperature "
            "and meets a bath of another (simulate(..., initial_temperature=))"
        )
    start = checked_temperature(given if known is None else known, "initial_temperature")
    if given is not None and abs(checked_temperature(given, "initial_temperature") - start) > 1e-9 * start:
        raise InputError(f"initial_temperature must be the ledger's own {start:g}, got {given:g}")
    return start


def _heat_without_work(data: Any, bath: float) -> Array:
    if not is_ledger(data):
        return works(data, "heat")
    done = np.max(np.abs(column(data, "work")), initial=0.0)
    if not done <= 1e-9 * bath:
        raise InputError(
            f"the exchange theorem is about heat without work, got works up to {done:.4g}: hold the input "
            "(hold(input, steps)), or use check_crooks() or check_integral()"
        )
    return column(data, "heat")


def _judge(heat: Array, expected: float, vague: float, level: float, details: dict[str, Any]) -> Verdict:
    from scipy.special import expit

    size = np.abs(heat)
    moved = size > 1e-9 * np.max(size, initial=0.0)  # no heat, no direction
    size, inward = size[moved], (heat[moved] > 0).astype(np.float64)
    p = expit(expected * size)
    variances = p * (1 - p)
    details["effective"] = effective = float(np.sum(variances))
    if effective < FEWEST:
        sentence = (
            f"only {effective:.1f} effective trials could have gone either way, {FEWEST:.0f} are needed: run "
            "more trials, or bring the two temperatures closer together"
        )
        return Verdict(None, sentence, expected=expected, details=details)
    features = _features(size, variances)
    statistic, degrees, p_value = score_test(inward - p, variances, features, intercept=False)
    details |= {"statistic": statistic, "degrees_of_freedom": degrees}
    scale = float(np.mean(size))
    (slope,), covariance = maximum_likelihood(size[:, None] / scale, inward, np.array([expected * scale]))
    slope, stderr = float(slope) / scale, float(np.sqrt(covariance[0, 0])) / scale
    law = f"expected 1/T1 - 1/T2 = {expected:.4g}, p = {p_value:.2g}"
    number = f"slope of ln P(Q)/P(-Q): {shown(slope, stderr)} ({law})"
    passed: bool | None = p_value >= level
    if not passed:
        number += ": look at the two temperatures, the start, and the rule of motion and its order"
    elif not stderr <= vague:
        passed, number = None, f"{number}: too vague to tell; run more trials, or temperatures further apart"
    return Verdict(passed, number, slope, expected, stderr, p_value, details)


def _features(size: Array, variances: Array) -> Array:
    """|Q|, its cube, and which class of |Q| it falls in: a slope that scatters from class to class shows."""
    order = np.argsort(size, kind="stable")
    share = np.empty(size.size)
    share[order] = np.cumsum(variances[order]) / np.sum(variances)
    count = int(np.clip(np.sum(variances) / CLASS_SIZE, 1, CLASSES))
    classes = np.minimum((share * count).astype(int), count - 1)
    scale = np.sqrt(np.average(size**2, weights=variances))
    u = bent(size / scale)
    return np.column_stack([u, u**3, classes[:, None] == np.arange(count)]).astype(np.float64)
