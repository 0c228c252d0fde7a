"""Free-energy difference from mean and variance of the works of one process."""

from __future__ import annotations

from math import sqrt
from typing import Any

from neurothermo.core.checks import Array
from neurothermo.core.estimate import ENERGY, Estimate, no_estimate
from neurothermo.core.resampling import NO_INTERVAL, Interval, bca_interval, bootstrap, quantile
from neurothermo.free_energy.diagnostics import FEWEST, drift
from neurothermo.free_energy.samples import check_errors, described, read_single, settled_single


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
    trials, kT, n = sample.works, sample.temperature, sample.works.size
    if n < FEWEST:
        return no_estimate(f"{n} trials are too few for a variance with an error: run at least ten.", **fields)
    value, half = float(_second_order(trials, kT)), float(_second_order(trials[: n // 2], kT))
    stderr, interval = _asymptotic(trials, value, kT, confidence)
    if errors == "bootstrap":
        stderr, interval = _bootstrapped(trials, value, kT, confidence, resamples, seed)
    third, third_error = _third(trials, kT)
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


def _second_order(trials: Array, kT: float) -> Any:
    return trials.mean(axis=-1) - trials.var(axis=-1, ddof=1) / kT / 2


def _influence(trials: Array, kT: float) -> Array:
    """How far each trial pulls the estimate, times the number of trials."""
    centred = trials - trials.mean()
    squares = centred * (centred / kT)
    return centred - (squares - squares.mean()) / 2


def _asymptotic(trials: Array, value: float, kT: float, confidence: float) -> tuple[float, Interval]:
    stderr = float(_influence(trials, kT).std(ddof=1)) / sqrt(trials.size)
    reach = quantile(confidence) * stderr
    return stderr, (value - reach, value + reach)


def _bootstrapped(
    trials: Array, value: float, kT: float, confidence: float, resamples: int, seed: int
) -> tuple[float, Interval]:
    replicates = bootstrap(lambda drawn: _second_order(drawn, kT), [trials], resamples=resamples, seed=seed)
    influence = _influence(trials, kT) / trials.size
    return float(replicates.std(ddof=1)), bca_interval(replicates, value, influence, confidence)


def _third(trials: Array, kT: float) -> tuple[float, float]:
    """The next term of the expansion, kappa_3 / 6 T^2, and its standard error."""
    centred = trials - trials.mean()
    reduced = centred / kT
    cubes = centred * (reduced**2 - 3 * reduced.var())
    return float(cubes.mean()) / 6, float(cubes.std()) / sqrt(trials.size) / 6


def _not_gaussian(third: float, error: float, larger: bool) -> str:
    more = ", more than the standard error, so no interval is given" if larger else ""
    return (
        f"The works are not Gaussian: the next cumulant would add {third:.2g} ± {error:.1g}{more}; "
        "use jarzynski(), or bar() with reverse works."
    )
