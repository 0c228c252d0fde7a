"""Crooks' theorem as a logistic law: was this trial a forward one, or a reverse one played backwards?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, isfinite, log, nan
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.ledger import bath_temperature, column, is_ledger, mismatch, works
from neurothermo.core.verdict import Verdict
from neurothermo.fluctuation.logistic import (
    FEWEST,
    LEVEL,
    VAGUE,
    maximum_likelihood,
    probabilities,
    score_test,
    shown,
    tamed,
)


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

    for forward trials pooled with reverse ones whose W and Q have changed sign. The slope in work is fitted by
    maximum likelihood; the p-value is of a score test of the law itself (slope 1/T, nothing of second order,
    and once the work is known no word from the heat). It needs equilibrium at both starts, moves that keep
    detailed balance, the reversed protocol and the reversed rule; and for heat a reverse that relaxes before
    it works.

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
    (2003), eqs. 5-7.
    """
    level = checked_fraction(level, "level")
    if is_ledger(forward) and forward.attrs.get("direction") == "reverse":
        raise InputError("forward holds a ledger of direction 'reverse': the two ledgers are swapped")
    kT = bath_temperature(forward, reverse, temperature=temperature)
    looked = _heat_is_there(forward, reverse) if heat is None else bool(heat)
    pooled = _pool(forward, reverse, kT, looked)
    verdict = _judge(pooled, level, _starts(forward, reverse))
    if isfinite(verdict.details.get("dF_in_kT", nan)):
        named = {
            "free_energy_difference": kT * verdict.details["dF_in_kT"],
            "free_energy_stderr": kT * verdict.details["dF_stderr_in_kT"],
        }
        verdict = replace(verdict, details={**verdict.details, **named})
    why = mismatch(forward, reverse, heat=looked)
    if not why:
        return verdict
    sentence = f"{why}; the numbers alone say: {verdict}"
    return replace(verdict, passed=False, sentence=sentence, details={**verdict.details, "mismatch": why})


@dataclass(frozen=True)
class _Pool:
    """Forward trials and mirrored reverse ones: works and heats in units of kT, and which is which."""

    work: Array
    heat: Array | None
    forward: Array

    @property
    def sizes(self) -> tuple[int, int]:
        count = int(np.sum(self.forward))
        return count, self.forward.size - count

    @property
    def sides(self) -> tuple[Array, Array]:
        return self.work[self.forward == 1], self.work[self.forward == 0]


def _heat_is_there(forward: Any, reverse: Any) -> bool:
    return is_ledger(forward) and is_ledger(reverse) and "heat" in forward and "heat" in reverse


def _pool(forward: Any, reverse: Any, kT: float, looked: bool) -> _Pool:
    if looked and not (is_ledger(forward) and is_ledger(reverse)):
        raise InputError("heat=True needs two ledgers: arrays of works carry no heat")
    one, other = works(forward, "forward"), works(reverse, "reverse")
    heat = np.concatenate([column(forward, "heat"), -column(reverse, "heat")]) / kT if looked else None
    outcomes = np.concatenate([np.ones(one.size), np.zeros(other.size)])
    return _Pool(np.concatenate([one, -other]) / kT, heat, outcomes)


def _judge(pooled: _Pool, level: float, hint: str) -> Verdict:
    """The verdict on the numbers alone."""
    n_forward, n_reverse = pooled.sizes
    details: dict[str, Any] = {"trials": (n_forward, n_reverse), "heat": pooled.heat is not None, "level": level}
    values = pooled.work if pooled.heat is None else np.concatenate([pooled.work, pooled.heat])
    bad = int(np.sum(~np.isfinite(values)))
    if bad:
        sentence = f"{bad} works or heats are NaN or infinite: remove their cause first"
        return Verdict(None, sentence, expected=1.0, details=details)
    if min(n_forward, n_reverse) < 2:
        return Verdict(None, "one work a side shows no law: run more trials", expected=1.0, details=details)
    constant = _constant(pooled, details)
    if constant is not None:
        return constant
    intercept, p = probabilities(pooled.work, n_forward)
    variances = p * (1 - p)
    details["effective"] = effective = float(np.sum(variances))
    if effective < FEWEST:
        return _no_overlap(pooled, level, hint, details)
    details["dF_in_kT"] = log(n_forward / n_reverse) - intercept
    details["dF_stderr_in_kT"] = float(np.sqrt(max(0.0, 1 / effective - 1 / n_forward - 1 / n_reverse)))
    features = _features(pooled, variances)
    statistic, degrees, p_value = score_test(pooled.forward - p, variances, features, intercept=True)
    details |= {"statistic": statistic, "degrees_of_freedom": degrees}
    slope, stderr = _slope(pooled, intercept)
    return _sentence(slope, stderr, p_value, level, hint, details)


def _features(pooled: _Pool, variances: Array) -> Array:
    """What must not matter once the theorem is granted: w, w^2, and of the heat q, q w, q^2."""
    w = tamed(pooled.work, variances)
    if pooled.heat is None:
        return np.stack([w, w * w], axis=1)
    q = tamed(pooled.heat, variances)
    return np.stack([w, w * w, q, q * w, q * q], axis=1)


def _slope(pooled: _Pool, intercept: float) -> tuple[float, float]:
    """The slope in work and its standard error; NaN where the works do not vary or separate the directions."""
    scale = float(np.std(pooled.work))
    if scale <= _rounding(pooled):
        return nan, nan
    centre = float(np.mean(pooled.work))
    design = np.stack([np.ones(pooled.work.size), (pooled.work - centre) / scale], axis=1)
    start = np.array([intercept + centre, scale])
    (_, slope), covariance = maximum_likelihood(design, pooled.forward, start)
    return float(slope / scale), float(np.sqrt(covariance[1, 1]) / scale)


def _sentence(
    slope: float, stderr: float, p_value: float, level: float, hint: str, details: dict[str, Any]
) -> Verdict:
    given = "the work and the heat" if details["heat"] else "the work"
    number = f"slope of ln P_F/P_R in work, in units of 1/T: {shown(slope, stderr)} (expected 1)"
    tested = f"given {given}, p = {p_value:.2g}, overlap {details['effective']:.0f} effective trials"
    verdict = Verdict(True, "", slope, 1.0, stderr, p_value, details)
    if p_value < level:
        sentence = (
            f"{number}; {tested}: forward and reverse do not mirror each other. Look at the temperature, the rule of "
            f"motion and its order, when the work is taken, the reverse protocol, and the starts{hint}"
        )
        return replace(verdict, passed=False, sentence=sentence)
    if not np.isfinite(p_value) or (isfinite(slope) and not stderr <= VAGUE):
        sentence = f"{number}: too vague to tell; run more trials, or drive so that the work varies more"
        return replace(verdict, passed=None, sentence=sentence)
    return replace(verdict, sentence=f"{number}; {tested}: forward and reverse mirror each other")


def _constant(pooled: _Pool, details: dict[str, Any]) -> Verdict | None:
    """The same work in every trial of each direction: reversible, or against the second law."""
    forward, mirrored = pooled.sides
    rounding = _rounding(pooled)
    if max(np.ptp(forward), np.ptp(mirrored)) > rounding:
        return None
    gap = float(np.mean(forward) - np.mean(mirrored))
    if abs(gap) <= rounding:
        if pooled.heat is not None and np.ptp(pooled.heat) > rounding:
            return None  # the heat can still speak
        sentence = f"every work is {np.mean(forward):.6g} kT forward and its opposite in reverse: reversible"
        known = {"dF_in_kT": float(np.mean(forward)), "dF_stderr_in_kT": 0.0}
        return Verdict(True, sentence, expected=1.0, p_value=1.0, details={**details, **known})
    same = f"the works do not scatter, and W_F + W_R = {gap:.4g} kT"
    if gap < 0:
        sentence = f"{same} in every pair of trials, below 0: this contradicts the second law"
        return Verdict(False, sentence, expected=1.0, p_value=0.0, details=details)
    sentence = f"{same}: no overlap; run more trials, or drive more slowly"
    return Verdict(None, sentence, expected=1.0, details=details)


def _no_overlap(pooled: _Pool, level: float, hint: str, details: dict[str, Any]) -> Verdict:
    r"""Too few trials that either direction could have given: only the second law can still fail.

    .. math:: p \le \exp[\min(n_F, n_R) (\langle W_F \rangle + \langle W_R \rangle)/T]

    by Markov's inequality, for any law and any number of trials: the exponential of minus that has mean
    at most 1, from Jarzynski's equality in each direction; the free-energy difference cancels.
    """
    forward, mirrored = pooled.sides
    dissipated = float(np.mean(forward) - np.mean(mirrored))
    bound = exp(min(0.0, min(pooled.sizes) * dissipated))
    if bound < level:
        sentence = (
            f"the mean works of the two directions add to {dissipated:.4g} kT, below 0 (p < {bound:.2g} for any law): "
            f"this contradicts the second law{hint}"
        )
        return Verdict(False, sentence, expected=1.0, p_value=bound, details=details)
    sentence = (
        f"the works of the two directions hardly overlap ({details['effective']:.1f} effective trials, {FEWEST:.0f} "
        f"are needed; together they dissipate {dissipated:.4g} kT): drive more slowly, or run more trials"
    )
    return Verdict(None, sentence, expected=1.0, details=details)


def _rounding(pooled: _Pool) -> float:
    return 1e-9 * (1 + float(np.max(np.abs(pooled.work))))


def _starts(forward: Any, reverse: Any) -> str:
    """What the ledgers themselves say against equilibrium at the start."""
    found = []
    for name, data in (("forward", forward), ("reverse", reverse)):
        if not is_ledger(data):
            continue
        if "initial_temperature" in data.attrs:
            found.append(f"the {name} trials started at another temperature")
        elif data.attrs.get("initial", "equilibrium") != "equilibrium":
            found.append(f"the {name} start was {data.attrs['initial']!r}, not equilibrium")
    return f" ({'; '.join(found)})" if found else ""
