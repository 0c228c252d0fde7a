"""Crooks' theorem as a logistic law: was this trial a forward one, or a reverse one played backwards?"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, log, nan
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.ledger import bath_temperature, is_ledger, mismatch, start_of
from neurothermo.core.verdict import Verdict
from neurothermo.fluctuation.logistic import (
    FEWEST,
    LARGEST,
    LEVEL,
    VAGUE,
    maximum_likelihood,
    probabilities,
    score_test,
    shown,
    standardised,
)
from neurothermo.fluctuation.mirrored import Mirrored, mirrored
from neurothermo.fluctuation.second_law import without_overlap, without_scatter


def check_crooks(
    forward: Any,
    reverse: Any,
    *,
    temperature: float | None = None,
    heat: bool | None = None,
    level: float = LEVEL,
) -> Verdict:
    r"""Do forward and reverse trials mirror each other as Crooks' theorem says?

    .. math:: \frac{P_F(W, Q)}{P_R(-W, -Q)} = e^{(W - \Delta F)/T} \iff
              P(F \mid W, Q) = \frac{1}{1 + \exp[-\ln(n_F/n_R) - (W - \Delta F)/T]}

    for forward trials pooled with reverse ones whose W and Q have changed sign. The slope in work is fitted
    by maximum likelihood; the p-value is of a score test of the law itself (slope 1/T, nothing of second
    order, and once the work is known no word from the heat). It needs equilibrium at both starts, moves that
    keep detailed balance, the reversed protocol and the reversed rule; and for heat a reverse that relaxes
    before it works.

    Parameters
    ----------
    forward, reverse : ledger or array_like, shape (n_F,) and (n_R,)
        Ledgers, or works in energy units; the reverse process's own works, not their negatives.
    temperature : float, optional
        Bath temperature T in energy units, > 0. Ledgers know their own.
    heat : bool, optional
        Whether the heat is looked at. Default: where both ledgers carry it.
    level : float
        Accepted rate of false alarms, in (0, 1).

    Returns
    -------
    Verdict
        Slope in units of 1/T, expected 1. False also where the ledgers themselves say that one is not the
        reverse of the other. None where the work distributions do not overlap (fewer than 20 effective
        trials), the slope has an error above 0.5, a side has one trial, or a value is not finite.
        `details` holds the free-energy difference at slope 1, which is BAR's.

    Raises
    ------
    InputError
        If there are no works, no one temperature, heat is asked for where there is none, or `forward` is a
        reverse ledger.

    References
    ----------
    Crooks, Phys. Rev. E 60, 2721 (1999), eq. 2; Shirts, Bair, Hooker and Pande, Phys. Rev. Lett. 91, 140601
    (2003).
    """
    level = checked_fraction(level, "level")
    if is_ledger(forward) and forward.attrs.get("direction") == "reverse":
        raise InputError("forward holds a ledger of direction 'reverse': the two ledgers are swapped")
    kT = bath_temperature(forward, reverse, temperature=temperature)
    if heat is None:
        heat = all(is_ledger(data) and "heat" in data for data in (forward, reverse))
    verdict = _judge(mirrored(forward, reverse, kT, heat=heat), level, _starts(forward, reverse))
    why = mismatch(forward, reverse, heat=heat)
    if not why:
        return verdict
    sentence = f"{why}; the numbers alone say: {verdict}"
    return replace(verdict, passed=False, sentence=sentence, details={**verdict.details, "mismatch": why})


def _judge(trials: Mirrored, level: float, hint: str) -> Verdict:
    """The verdict on the numbers alone."""
    n_forward, n_reverse = trials.sizes
    details: dict[str, Any] = {"trials": trials.sizes, "heat": trials.heat is not None, "level": level}
    if trials.bad:
        sentence = f"{trials.bad} works or heats are NaN, infinite or above {LARGEST:g} kT: remove their cause first"
        return Verdict(None, sentence, expected=1.0, details=details)
    if min(trials.sizes) < 2:
        return Verdict(None, "one work a side shows no law: run more trials", expected=1.0, details=details)
    flat = without_scatter(trials, details)
    if flat is not None:
        return flat
    intercept, p = probabilities(trials.work, n_forward)
    variances = p * (1 - p)
    details["effective"] = effective = float(np.sum(variances))
    if effective < FEWEST:
        return without_overlap(trials, level, hint, details)
    stderr = np.sqrt(max(0.0, 1 / effective - 1 / n_forward - 1 / n_reverse))
    details["free_energy_difference"] = trials.kT * (log(n_forward / n_reverse) - intercept)
    details["free_energy_stderr"] = trials.kT * float(stderr)
    features = _features(trials, variances)
    statistic, degrees, p_value = score_test(trials.forward - p, variances, features, intercept=True)
    details |= {"statistic": statistic, "degrees_of_freedom": degrees}
    slope, error = _slope(trials, intercept)
    return _verdict(slope, error, p_value, hint, details)


def _features(trials: Mirrored, variances: Array) -> Array:
    """What must not matter once the theorem is granted: w, w^2, and of the heat q, q w, q^2."""
    w = standardised(trials.work, variances)
    if trials.heat is None:
        return np.stack([w, w * w], axis=1)
    q = standardised(trials.heat, variances)
    return np.stack([w, w * w, q, q * w, q * q], axis=1)


def _slope(trials: Mirrored, intercept: float) -> tuple[float, float]:
    """The slope in work and its standard error; NaN where works do not vary or separate the directions."""
    scale = float(np.std(trials.work))
    if scale <= trials.rounding:
        return nan, nan
    centre = float(np.mean(trials.work))
    design = np.stack([np.ones(trials.work.size), (trials.work - centre) / scale], axis=1)
    start = np.array([intercept + centre, scale])
    (_, slope), covariance = maximum_likelihood(design, trials.forward, start)
    return float(slope / scale), float(np.sqrt(covariance[1, 1]) / scale)


def _verdict(slope: float, stderr: float, p_value: float, hint: str, details: dict[str, Any]) -> Verdict:
    """A rejection is one however vague the slope; a vague slope is no confirmation."""
    given = "the work and the heat" if details["heat"] else "the work"
    number = f"slope of ln P_F/P_R in work, in units of 1/T: {shown(slope, stderr)} (expected 1)"
    tested = f"given {given}, p = {p_value:.2g}, overlap {details['effective']:.0f} effective trials"
    verdict = Verdict(True, "", slope, 1.0, stderr, p_value, details)
    if p_value < details["level"]:
        sentence = (
            f"{number}; {tested}: forward and reverse do not mirror each other. Look at the temperature, the "
            "rule of motion and its order, when the work is taken, the reverse protocol, and the starts"
            f"{hint}"
        )
        return replace(verdict, passed=False, sentence=sentence)
    if not np.isfinite(p_value) or (isfinite(slope) and not stderr <= VAGUE):
        sentence = f"{number}: too vague to tell; run more trials, or drive so that the work varies more"
        return replace(verdict, passed=None, sentence=sentence)
    return replace(verdict, sentence=f"{number}; {tested}: forward and reverse mirror each other")


def _starts(forward: Any, reverse: Any) -> str:
    """What the ledgers themselves say against equilibrium at the two starts."""
    found = [
        f"{name}: {start_of(data)}" for name, data in (("forward", forward), ("reverse", reverse)) if start_of(data)
    ]
    return f" ({'; '.join(found)})" if found else ""
