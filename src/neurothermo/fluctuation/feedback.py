"""Theorems of experiments whose protocol depends on a measurement: what information is worth in work."""

from __future__ import annotations

from math import exp, nan, sqrt
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_choice, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.core.ledger import bath_temperature, column, is_ledger, start_of, works
from neurothermo.core.resampling import quantile
from neurothermo.core.verdict import Verdict
from neurothermo.fluctuation.logistic import LEVEL
from neurothermo.fluctuation.unit_mean import EDGE, LARGE, REMEDY, edge, moments, unit_mean

FORMS = ("equality", "second law")
FINITE = 2.0  # exponent of the lower tail of Sigma above which exp(-Sigma) has a variance
MATERIAL = 0.02  # of the mean at the edge of the sample, from which on such a tail matters
NOISE = 2.0  # standard errors of Hill's exponent from 30 trials that are left as room
NEEDED = ("information", "free_energy_change")


def check_feedback(data: Any, *, of: str = "equality", level: float = LEVEL) -> Verdict:
    r"""Do work and information obey the theorem of feedback?

    .. math:: \langle e^{-(W - \Delta F)/T - i} \rangle = 1, \qquad i = \ln \frac{p(y|x)}{p(y)}, \qquad
              \langle W - \Delta F \rangle / T \ge -\langle i \rangle

    for a start in equilibrium, moves that each keep the Boltzmann law of their own input, and a measurement that
    leaves no state impossible. :math:`\Delta F` is that of each trial's own last input. The information must be
    inside the average.

    Parameters
    ----------
    data : ledger or array_like, shape (trials,)
        A ledger of `simulate(system, feedback(...))`; or :math:`(W - \Delta F)/T + i` of every trial, in nats.
    of : "equality" or "second law"
        The integral theorem, or the inequality that follows from it for the means.
    level : float
        Accepted rate of false alarms, in (0, 1).

    Returns
    -------
    Verdict
        Slope: the mean of the exponential, expected 1; or the mean of the exponent, expected 0 or more. Details of a
        ledger: `dissipated`, the mean of (W - dF)/T, and `information`, that of i, in nats. None where too few
        trials carry the mean, and where the ledger holds no information or free-energy difference.

    Raises
    ------
    InputError
        If the ledger is of an experiment without feedback, or there are no trials.

    References
    ----------
    Sagawa and Ueda, Phys. Rev. Lett. 104, 090602 (2010).
    """
    level, of = checked_fraction(level, "level"), checked_choice(of, "of", FORMS)
    details: dict[str, float] = {}
    hint = ""
    if is_ledger(data):
        why = _missing(data, NEEDED)
        if why:
            return Verdict(None, why, expected=1.0 if of == "equality" else 0.0)
        dissipated, information = _dissipated(data), column(data, "information")
        details = {"dissipated": float(np.mean(dissipated)), "information": float(np.mean(information))}
        sigma = dissipated + information
        hint = f" ({_doubt(data)})" if _doubt(data) else ""
    else:
        sigma = works(data, "sigma")
    if of == "second law":
        return _second_law(sigma, level, hint, details)
    found = unit_mean(sigma, "exp(-(W - dF)/T - i)", level=level, hint=hint)
    sentence = found.sentence.replace(REMEDY, "run more trials, drive more slowly, or read with more error")
    return Verdict(
        found.passed, sentence, found.slope, found.expected, found.stderr, found.p_value,
        {**found.details, **details},
    )  # fmt: skip


def efficacy(data: Any, *, confidence: float = 0.95) -> Estimate:
    r"""How much more than without feedback the exponential average of work is.

    .. math:: \gamma = \langle e^{-(W - \Delta F)/T} \rangle

    1 without feedback (Jarzynski's equality), above 1 where the response turns information into work, up to the number
    of different outcomes where there are finitely many.

    Parameters
    ----------
    data : ledger or array_like, shape (trials,)
        A ledger of `simulate(system, feedback(...))`; or :math:`(W - \Delta F)/T` of every trial.
    confidence : float
        Of the interval, in (0, 1).

    Returns
    -------
    Estimate
        A pure number. Where the sample ends below like a law whose exponential has no finite variance, without an
        error or an interval and with a sentence: more trials do not help at the usual pace then.

    Raises
    ------
    InputError
        If the ledger is of an experiment without feedback, or there are no trials.

    References
    ----------
    Sagawa and Ueda, Phys. Rev. Lett. 104, 090602 (2010).
    """
    confidence, method = checked_fraction(confidence, "confidence"), "efficacy of feedback"
    if is_ledger(data):
        why = _missing(data, NEEDED[1:])
        if why:
            return no_estimate(why, method=method)
        sigma = _dissipated(data)
    else:
        sigma = works(data, "sigma")
    if sigma.size < 2 or not np.all(np.isfinite(sigma)):
        return no_estimate("A mean with an error needs two trials or more, all finite.", n=sigma.size, method=method)
    value, above, _ = moments(sigma)
    exponent, share = edge(sigma)
    details = {"tail_exponent": exponent, "tail_share": share}
    heavy = exponent < FINITE * (1 + NOISE / sqrt(min(max(sigma.size // 20, 1), EDGE)))
    if (heavy and share > MATERIAL) or share > LARGE:
        sentence = (
            f"The lowest trials fall off as exp({exponent:.2g} Sigma) and carry {share:.0%} of this mean: below an "
            "exponent of 2 its terms have no finite variance, and no error can be given. Find it by integration, or "
            "judge the experiment by check_feedback()."
        )
        return Estimate(
            value, confidence=confidence, n=sigma.size, method=method, diagnostics=(sentence,), details=details
        )
    reach = quantile(confidence) * above
    return Estimate(
        value, above, (value - reach, value + reach), confidence, sigma.size, method=method, details=details
    )


def _missing(ledger: Any, names: tuple[str, ...]) -> str:
    """Why a ledger cannot be judged; empty where it can."""
    if ledger.attrs.get("direction") != "feedback":
        raise InputError("data must be a ledger of an experiment with feedback (protocols.feedback), got one without")
    for name in names:
        if name not in ledger:
            reason = str(ledger.attrs.get(name, "")).removeprefix("absent: ")
            return f"the ledger holds no {name}: {reason}"
    return ""


def _dissipated(ledger: Any) -> Array:
    """(W - dF)/T of every trial."""
    with np.errstate(over="ignore"):
        return (column(ledger, "work") - column(ledger, "free_energy_change")) / bath_temperature(ledger)


def _doubt(ledger: Any) -> str:
    """What the ledger says against Boltzmann's law, besides that there was feedback."""
    said = start_of(ledger)
    return start_of(ledger.assign_attrs(keeps_not="")) if "check_feedback" in said else said


def _second_law(sigma: Array, level: float, hint: str, details: dict[str, float]) -> Verdict:
    """Is the mean of the exponent below zero by more than chance?"""
    from scipy.stats import norm

    if sigma.size < 2 or not np.all(np.isfinite(sigma)):
        return Verdict(None, "a mean with an error needs two trials or more, all finite", expected=0.0)
    mean, stderr = float(np.mean(sigma)), float(np.std(sigma, ddof=1) / sqrt(sigma.size))
    surely = exp(min(0.0, float(np.sum(sigma))))  # for any law, by Markov's inequality
    p_value = float(norm.cdf(mean / stderr)) if stderr > 0 else surely
    passed = p_value >= level
    sentence = f"the mean of (W - dF)/T + i is {mean:.4g} ± {stderr:.2g} nats (0 or more expected, p = {p_value:.2g})"
    if not passed:
        sentence += f": more work was gained than the information is worth{hint}"
    return Verdict(passed, sentence, mean, 0.0, stderr if stderr > 0 else nan, p_value, details)
