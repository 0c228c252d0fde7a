"""Is the mean of a non-negative number one? What every integral fluctuation theorem comes down to."""

from __future__ import annotations

from math import exp, expm1, hypot, inf, isfinite, log, nan, sqrt

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.verdict import Verdict
from neurothermo.fluctuation.logistic import LARGEST, VAGUE

FEWEST = 50.0  # trials that carry the mean, below which the normal law is no guide
EDGE = 30  # lowest trials, at most, that show how the sample ends
FAT = 1.5  # a lower tail exp(b Sigma) with b near 1 puts the mean beyond the sample
MATERIAL = 0.05  # share of the mean at the edge from which on such a tail matters
LARGE = 0.2  # share of the mean at the edge from which on any tail matters
HEAVIER = 2.0  # nats below the lowest Sigma seen at which a state not seen may still lie
REMEDY = "drive more slowly, run more trials, or run the reverse process too and use check_crooks()"


def unit_mean(sigma: Array, name: str, *, level: float, uncertainty: float = 0.0, hint: str = "") -> Verdict:
    r"""Test :math:`\langle e^{-\Sigma} \rangle = 1`.

    A mean below one can be the doing of rare trials that were not seen, whose weight is exponential: the
    standard error on that side is the larger of the sample's own and that of a Gaussian law with the scatter
    found below the median. Where fewer than 50 trials carry the mean, or the 30 lowest (a twentieth, if fewer)
    carry 20 % of it, or 5 % and fall off more slowly than :math:`e^{1.5 \Sigma}`, only `surprise` can still
    say no. And a mean below one is held against the theorem only where it lacks more than `unseen` could
    carry. What no sample can show is a rare state of its own still further below all that were seen.

    Parameters
    ----------
    sigma : array, shape (trials,)
        In nats (in units of kT for work).
    name : str
        What is averaged, for the sentence.
    level : float
        Accepted rate of false alarms.
    uncertainty : float
        Standard error of a number common to all `sigma`, in nats.
    hint : str
        Added to the sentence of a failure.
    """
    if not np.all(np.isfinite(sigma)):
        count = int(np.sum(~np.isfinite(sigma)))
        sentence = f"{count} of {sigma.size} trials are NaN or infinite: remove their cause first"
        return Verdict(None, sentence, expected=1.0)
    if sigma.size < 2:
        return Verdict(None, "one trial has no mean: run more trials", expected=1.0)
    sigma = np.clip(sigma, -LARGEST, LARGEST)  # their squares are still numbers
    mean, above, below = moments(sigma)
    effective = _effective(mean, below, sigma.size)
    above, below = hypot(above, uncertainty * mean), hypot(below, uncertainty * mean)
    details = {"mean": mean, "effective": effective, "trials": sigma.size, "level": level}
    details["mean_sigma"] = float(np.mean(sigma))
    if np.max(np.abs(sigma)) < 1e-6:  # rounding of works
        sentence = f"{name} is 1 in every trial: reversible"
        return Verdict(True, sentence, mean, 1.0, below, 1.0, details)
    exponent, share = edge(sigma)
    details |= {"tail_exponent": exponent, "tail_share": share}
    if effective < FEWEST or share > LARGE or (exponent < FAT and share > MATERIAL):
        return _unsampled(sigma, name, level, uncertainty, hint, details)
    p_value = _two_sided(mean - 1, above, below)
    details["unseen"] = unseen(sigma, level)
    if p_value < level and mean < 1 and 1 - mean <= details["unseen"]:
        sentence = (
            f"the mean of {name} is {mean:.4g}, and states too rare to be seen in {sigma.size} trials may carry the "
            f"rest: {REMEDY}"
        )
        return Verdict(None, sentence, expected=1.0, details=details)
    passed = None if p_value >= level and below > VAGUE else p_value >= level
    sentence = f"the mean of {name} is {mean:.4g} ± {below:.2g} (expected 1, p = {p_value:.2g}, {sigma.size} trials)"
    if passed is None:
        sentence += ": too vague to tell; run more trials, or have a more accurate free-energy difference"
    elif not passed:
        sentence += f": the theorem's assumptions or the bookkeeping are violated{hint}"
    return Verdict(passed, sentence, mean, 1.0, below, p_value, details)


def moments(sigma: Array) -> tuple[float, float, float]:
    """The mean of exp(-sigma), and its standard errors against a truth below it and against one above it."""
    from scipy.special import logsumexp

    n = sigma.size
    log_mean = float(logsumexp(-sigma)) - log(n)
    if log_mean > 300:
        return inf, inf, inf
    mean = exp(log_mean)
    sample = mean * float(np.std(np.exp(-sigma - log_mean), ddof=1))
    lower_scatter = 2 * float(np.mean(np.minimum(sigma - np.median(sigma), 0.0) ** 2))
    gaussian = sqrt(expm1(min(lower_scatter, 600.0)))
    return mean, sample / sqrt(n), max(sample, gaussian) / sqrt(n)


def surprise(sigma: Array) -> float:
    r"""A bound on the p-value of a mean this far *above* one, for any law and any number of trials.

    .. math:: p \le 1 / E, \quad
              E = \mathrm{mean}_\lambda \prod_i [1 + \lambda (e^{-\Sigma_i} - 1)], \quad 0 < \lambda \le 1

    E is not negative and has mean 1 (at most 1 where that of the exponential is), so Markov's inequality
    bounds it. At :math:`\lambda = 1` it is the second law: E is the exponential of minus the sum of
    all Sigma.

    References
    ----------
    Waudby-Smith and Ramdas, J. R. Stat. Soc. B 86, 1 (2024).
    """
    from scipy.special import logsumexp

    rest = [-inf, *(np.log1p(-(2.0**-k)) for k in range(1, 13))]
    gains = [float(np.sum(np.logaddexp(rest[k], -k * log(2) - sigma))) for k in range(13)]
    return float(np.exp(-max(0.0, float(logsumexp(gains)) - log(len(gains)))))


def _effective(mean: float, stderr: float, trials: int) -> float:
    """How many trials carry a mean of about one that is known this well."""
    if stderr == 0:
        return float(trials)
    return max(1.0, min(max(mean, 1.0) / stderr, sqrt(trials)) ** 2) if isfinite(stderr) else 1.0


def edge(sigma: Array) -> tuple[float, float]:
    r"""How the sample ends below: b of a tail :math:`e^{b \Sigma}`, and the share of the mean found there.

    References
    ----------
    Hill, Ann. Stat. 3, 1163 (1975): b is one over the mean excess of the lowest trials.
    """
    count = int(np.clip(sigma.size // 20, 1, EDGE))
    lowest = np.partition(sigma, count)[: count + 1]
    weights = np.exp(np.min(sigma) - sigma)
    share = float(np.sum(np.sort(weights)[-count:]) / np.sum(weights))
    excess = float(np.mean(lowest[-1] - lowest[:-1]))
    return (1 / excess if excess > 0 else inf), share


def unseen(sigma: Array, level: float) -> float:
    r"""How much of the mean a state may carry that no trial has shown.

    .. math:: \frac{\ln(1/\alpha)}{n} e^{2 - \min \Sigma}

    n trials miss a state of probability :math:`\ln(1/\alpha)/n` with probability :math:`\alpha`, the level; that
    it lies up to 2 nats below the lowest one seen is a choice, measured to keep false alarms below the level.
    """
    return log(1 / level) / sigma.size * exp(min(HEAVIER - float(np.min(sigma)), 600.0))


def _unsampled(
    sigma: Array, name: str, level: float, uncertainty: float, hint: str, details: dict[str, float]
) -> Verdict:
    """Too few trials carry the mean, or others not seen might: only what holds for any law can be said."""
    p_value = surprise(sigma + 4 * uncertainty)
    details["p_value_bound"] = p_value
    if p_value < level:
        sentence = (
            f"{name} is too large to average to 1 (p < {p_value:.2g} for any law), the mean of its exponent "
            f"is {-details['mean_sigma']:.4g}: the theorem's assumptions, its sign or the bookkeeping are "
            f"violated{hint}"
        )
        return Verdict(False, sentence, details["mean"], 1.0, nan, p_value, details)
    if sigma.size < FEWEST:
        sentence = f"{sigma.size} trials are too few to tell, {FEWEST:.0f} are needed: run more trials"
    elif details["effective"] < FEWEST:
        sentence = f"only {details['effective']:.1f} of {sigma.size} trials carry the mean of {name}: {REMEDY}"
    else:
        sentence = (
            f"the lowest trials carry {details['tail_share']:.0%} of the mean of {name}, and rarer ones, not "
            f"seen, may carry as much: {REMEDY}"
        )
    return Verdict(None, sentence, expected=1.0, details=details)


def _two_sided(excess: float, above: float, below: float) -> float:
    """Twice the smaller tail, with the standard error of its own side."""
    from scipy.stats import norm

    stderr = above if excess > 0 else below
    if stderr == 0 or not isfinite(stderr):
        return 1.0 if excess == 0 else 0.0
    return float(2 * norm.sf(abs(excess) / stderr))
