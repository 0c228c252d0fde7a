"""Free-energy difference from mean and variance of the works of one process."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.estimate import ENERGY, Estimate, no_estimate
from neurothermo.core.pieces import Moments, merged, moments
from neurothermo.core.resampling import NO_INTERVAL, Interval, bca_interval, bootstrap, quantile
from neurothermo.free_energy.diagnostics import FEWEST, drift
from neurothermo.free_energy.samples import Single, Works, check_errors, described, read_single
from neurothermo.free_energy.settled import settled_single


def cumulant(
    work: Any,
    *,
    temperature: float | None = None,
    direction: str | None = None,
    confidence: float = 0.95,
    errors: str = "asymptotic",
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    r"""Free-energy difference to second order in the cumulants of work.

    .. math:: \Delta F = \langle W \rangle - \frac{\mathrm{var}(W)}{2T}

    Exact for Gaussian works, and so for slow driving; otherwise off by the cumulants left out, of which the
    next is :math:`\kappa_3 / 6T^2`. It needs no rare works: it still has an error bar where `jarzynski` has none.
    The paper's text calls the second term's :math:`\sigma_W^2` the standard deviation; it is the variance.

    Parameters
    ----------
    work : ledger, or array_like of shape (trials,)
        Work done on the network, one value a trial, in energy units.
    temperature : float, optional
        Bath temperature, same units, > 0; read from a ledger, needed with an array.
    direction : {"forward", "reverse"}, optional
        Whose works these are; read from a ledger, "forward" for an array. The value is the difference of the
        *forward* protocol in either case.
    confidence : float
        Nominal coverage of the interval, in (0, 1).
    errors : {"asymptotic", "bootstrap"}
        Delta method, or a BCa bootstrap.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    Estimate
        In energy units; NaN below ten trials. `details` holds `third_cumulant_term` and its standard error;
        where that term is significant a sentence says so, and where it also exceeds the standard error of
        the value there is no interval.

    Raises
    ------
    InputError
        If there are no works, or temperature, direction or an option is missing, wrong or contradicted.

    References
    ----------
    Jarzynski, Phys. Rev. Lett. 78, 2690 (1997), eq. 13; Chen, arXiv 2012.13252, section II.
    """
    sample = read_single(work, temperature, direction)
    check_errors(errors, resamples, seed)
    fields = described(sample, "cumulant", confidence)
    settled = settled_single(sample, fields)
    if settled is not None:
        return settled
    works, kT, n = sample.works, sample.temperature, sample.works.size
    if n < FEWEST:
        return no_estimate(f"{n} trials are too few for a variance with an error: run at least ten.", **fields)
    whole, first = works.summary.whole.moments, works.summary.halves[0].moments
    value, half = (_second_order(part.mean, part.sample_variance, kT) for part in (whole, first))
    pulls, cubes = _scatter(works, kT)
    stderr = sqrt(pulls.sample_variance / n)
    reach = quantile(confidence) * stderr
    interval = value - reach, value + reach
    if errors == "bootstrap":
        stderr, interval = _bootstrapped(sample, confidence, resamples, seed)
    third, third_error = cubes.mean / 6, sqrt(cubes.variance / n) / 6
    skewed, matters = abs(third) > 3 * third_error, abs(third) > stderr
    not_gaussian = _not_gaussian(sample.sign * third, third_error, matters) if skewed else ""
    drifting = drift(sample.sign * half, sample.sign * value, stderr)
    return Estimate(
        value,
        stderr,
        NO_INTERVAL if skewed and matters else interval,
        ess=float(n),
        diagnostics=tuple(filter(None, (not_gaussian, drifting))),
        details={
            "third_cumulant_term": sample.sign * third,
            "third_cumulant_term_stderr": third_error,
            "first_half": sample.sign * half,
        },
        **fields,
    ).scaled(sample.sign, ENERGY)


def _second_order(mean: Any, variance: Any, kT: float) -> Any:
    return mean - variance / kT / 2


def _influence(trials: Array, works: Works, kT: float) -> Array:
    """How far each trial pulls the estimate, times the number of trials."""
    centred = trials - works.summary.mean
    return centred - (centred * (centred / kT) - works.summary.variance / kT) / 2


def _third(trials: Array, works: Works, kT: float) -> Array:
    """What each trial adds to the third cumulant over T^2."""
    centred = trials - works.summary.mean
    return centred * ((centred / kT) ** 2 - 3 * (works.summary.variance / kT / kT))


def _scatter(works: Works, kT: float) -> tuple[Moments, Moments]:
    """Moments of the trials' pulls and of their third powers, in one pass."""
    pulls, cubes = [], []
    for piece in works.column.pieces():
        pulls.append(moments(_influence(piece, works, kT)))
        cubes.append(moments(_third(piece, works, kT)))
    return merged(pulls), merged(cubes)


def _bootstrapped(sample: Single, confidence: float, resamples: int, seed: int) -> tuple[float, Interval]:
    works, kT = sample.works, sample.temperature
    trials = works.column.whole('errors="bootstrap"')

    def replicate(drawn: Array) -> Array:
        return np.asarray(_second_order(drawn.mean(axis=-1), drawn.var(axis=-1, ddof=1), kT))

    replicates = bootstrap(replicate, [trials], resamples=resamples, seed=seed)
    own, influence = float(replicate(trials)), _influence(trials, works, kT) / trials.size  # equal works tie exactly
    return float(replicates.std(ddof=1)), bca_interval(replicates, own, influence, confidence)


def _not_gaussian(third: float, error: float, larger: bool) -> str:
    more = ", more than the standard error, so no interval is given" if larger else ""
    return (
        f"The works are not Gaussian: the next cumulant would add {third:.2g} ± {error:.1g}{more}; "
        "use jarzynski(), or bar() with reverse works."
    )
