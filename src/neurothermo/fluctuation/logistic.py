"""A fluctuation theorem is a logistic law: which of two mirror-image events, given what was measured.

Fit the law, and test it against every smooth departure without fitting the departure (Rao's score test).
"""

from __future__ import annotations

from math import isfinite, log, nan

import numpy as np

from neurothermo.core.checks import Array

LEVEL = 0.001  # of a false alarm, by default: a check is run often, on data that nothing is wrong with
FEWEST = 20.0  # effective trials, sum of p(1-p), below which the score statistic is not yet chi-squared
VAGUE = 0.5  # relative standard error of a slope from which on it tells nothing
LARGEST = 1e50  # works or heats in kT: beyond it, their powers are no longer numbers
REACH = 2.0  # how many units of scatter a feature can grow to


def probabilities(log_odds: Array, successes: int) -> tuple[float, Array]:
    r"""The intercept a at which :math:`\sum_i 1/(1 + e^{-(a + x_i)})` is the number of successes.

    Parameters
    ----------
    log_odds : array, shape (trials,)
        :math:`x_i`: the theorem's own prediction, up to the intercept.
    successes : int
        Between 1 and trials - 1.

    Returns
    -------
    intercept : float
    probabilities : array, shape (trials,)
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    failures = log_odds.size - successes
    below, above = np.partition(log_odds, (failures - 1, failures))[failures - 1 : failures + 1]
    low, high = -above - log(failures + 1) - 1e-6, log(successes) - below + 1e-6
    gap = lambda a: float(np.sum(expit(a + log_odds))) - successes  # noqa: E731 - the equation
    intercept = brentq(gap, low, high, xtol=1e-10, maxiter=1000)
    return intercept, expit(intercept + log_odds)


def maximum_likelihood(design: Array, outcomes: Array, start: Array) -> tuple[Array, Array]:
    r"""Coefficients c of :math:`\ln p/(1-p) = X c`, and their covariance (inverse Fisher information).

    Newton's method, halving a step that loses likelihood. NaN where the likelihood has no maximum:
    outcomes that the covariates separate, or a covariate that does not vary.

    Parameters
    ----------
    design : array, shape (trials, coefficients)
        X, of order one.
    outcomes : array of 0/1, shape (trials,)
    start : array, shape (coefficients,)
    """
    from scipy.special import expit

    def log_likelihood(coefficients: Array) -> float:
        log_odds = design @ coefficients
        return float(np.sum(outcomes * log_odds - np.logaddexp(0.0, log_odds)))

    nowhere = np.full(start.size, nan), np.full((start.size, start.size), nan)
    coefficients, best = start, log_likelihood(start)
    for _ in range(100):
        p = expit(design @ coefficients)
        information = (design.T * (p * (1 - p))) @ design
        if not np.linalg.cond(information) < 1e12:
            return nowhere
        step = np.linalg.solve(information, design.T @ (outcomes - p))
        if np.max(np.abs(step)) < 1e-9:
            return coefficients, np.linalg.inv(information)
        while np.max(np.abs(step)) >= 1e-9 and log_likelihood(coefficients + step) < best:
            step = step / 2
        coefficients = coefficients + step
        best = log_likelihood(coefficients)
    return nowhere


def bent(values: Array) -> Array:
    """Values of order one, bent to stay within 2: no rare trial decides a test alone."""
    return REACH * np.tanh(values / REACH)


def standardised(values: Array, variances: Array) -> Array:
    """Values in units of their scatter among the trials that either direction could have given, then bent.

    Parameters
    ----------
    values, variances : array, shape (trials,)
        Variances p(1-p) are the weights.

    Returns
    -------
    array, shape (trials,)
        All 0 where there is no scatter but rounding.
    """
    centred = values - np.average(values, weights=variances)
    scatter = np.sqrt(np.average(centred**2, weights=variances))
    if scatter <= 1e-9 * (1 + np.max(np.abs(values))):
        return np.zeros(values.size)
    return bent(centred / scatter)


def score_test(residuals: Array, variances: Array, features: Array, intercept: bool) -> tuple[float, int, float]:
    r"""Does anything in the features predict what the theorem leaves unexplained?

    .. math:: \chi^2 = U^T V^{-1} U, \quad U = X^T (y - p), \quad V = X^T D X, \quad D = p (1 - p)

    with X freed of the fitted intercept, where there is one. Features that repeat each other count once.

    Parameters
    ----------
    residuals : array, shape (trials,)
        y - p.
    variances : array, shape (trials,)
        D.
    features : array, shape (trials, features)
        X.
    intercept : bool
        Whether an intercept was fitted to get p.

    Returns
    -------
    statistic : float
    degrees_of_freedom : int
        0 where no feature varies.
    p_value : float
        NaN where no feature varies.

    References
    ----------
    Rao, Proc. Camb. Phil. Soc. 44, 50 (1948); Prentice and Pyke, Biometrika 66, 403 (1979): the number
    of trials in each direction may be fixed beforehand.
    """
    from scipy.stats import chi2

    if intercept:
        features = features - variances @ features / np.sum(variances)
    covariance = (features.T * variances) @ features
    size = np.sqrt(np.diag(covariance))
    kept = size > 1e-9 * np.sqrt(np.sum(variances))
    if not np.any(kept):
        return nan, 0, nan
    covariance = covariance[np.ix_(kept, kept)] / np.outer(size[kept], size[kept])
    score = (features[:, kept].T @ residuals) / size[kept]
    spread, directions = np.linalg.eigh(covariance)
    seen = spread > 1e-7
    statistic = float(np.sum((directions[:, seen].T @ score) ** 2 / spread[seen]))
    degrees = int(np.sum(seen))
    return statistic, degrees, float(chi2.sf(statistic, degrees))


def shown(value: float, stderr: float) -> str:
    """`1.02 ± 0.013`, or that there is none."""
    return f"{value:.4g} ± {stderr:.2g}" if isfinite(value) else "none (the data have no finite one)"
