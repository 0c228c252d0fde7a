"""Free-energy difference from the exponential average of the works of one process."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, isnan, log1p, nan, sqrt
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.estimate import ENERGY, Estimate, no_estimate
from neurothermo.core.pieces import Moments, dot, merged, moments
from neurothermo.core.resampling import (
    NO_INTERVAL,
    Interval,
    bootstrap,
    grouped,
    quantile,
    studentised_interval,
)
from neurothermo.free_energy.diagnostics import FEWEST, drift, jarzynski_bias, tail_hidden, wider_than_gaussian
from neurothermo.free_energy.samples import Works, check_errors, described, read_single
from neurothermo.free_energy.settled import settled_single


def jarzynski(
    work: Any,
    *,
    temperature: float | None = None,
    direction: str | None = None,
    confidence: float = 0.95,
    errors: str = "asymptotic",
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    r"""Free-energy difference from works of one driving protocol.

    .. math:: \Delta F = -T \ln \langle e^{-W/T} \rangle

    Exact for any speed of driving, provided every trial starts in equilibrium at the protocol's first input.
    The average is carried by the rarest, lowest works: its bias is positive and shrinks slowly once the
    dissipated work exceeds a few T. Both kinds of interval correct for that skewness (percentile bootstraps cover
    72-92 % here), and neither can know of works that no trial has shown: measured on Gaussian works, nominal
    95 % covers 87-94 % where most samples are given an interval at all (docs/coverage.md).

    Parameters
    ----------
    work : ledger, or array_like of shape (trials,)
        Work done on the network, one value a trial, in energy units.
    temperature : float, optional
        Bath temperature, same units, > 0; read from a ledger, needed with an array.
    direction : {"forward", "reverse"}, optional
        Whose works these are; read from a ledger, "forward" for an array. The value is the difference of the
        *forward* protocol in either case: reverse works have their sign changed.
    confidence : float
        Nominal coverage of the interval, in (0, 1).
    errors : {"asymptotic", "bootstrap"}
        Normal theory with Hall's correction for skewness, or a studentised bootstrap.
    resamples, seed : int
        Of the bootstrap; above 20 000 trials it draws groups of them.

    Returns
    -------
    Estimate
        In energy units; `ess` is the number of trials that carry the average. NaN where they are fewer than
        ten; without an interval where the low works have probably not been seen. `details` holds the bias to
        first order (`bias`, not subtracted), the mean dissipated work and the value of the first half.

    Raises
    ------
    InputError
        If there are no works, or temperature, direction or an option is missing, wrong or contradicted.

    References
    ----------
    Jarzynski, Phys. Rev. Lett. 78, 2690 (1997), eq. 2; Chen, arXiv 2012.13252, eq. 1. Hall, J. R. Stat. Soc.
    B 54, 221 (1992): the transformation.
    """
    sample = read_single(work, temperature, direction)
    check_errors(errors, resamples, seed)
    fields = described(sample, "Jarzynski", confidence)
    settled = settled_single(sample, fields)
    if settled is not None:
        return settled
    works, kT, n = sample.works, sample.temperature, sample.works.size
    average = _average(works, kT)
    if average.ess < FEWEST:
        return no_estimate(_carried_by_few(average.ess, n), ess=average.ess, **fields)
    value, half, stderr = average.value, average.first_half, average.stderr
    wrong = _tail_unseen(works, average, kT)
    interval = _skewness_corrected(average, confidence)
    if errors == "bootstrap":
        deviations = average.deviations(works.column.whole('errors="bootstrap"'))
        stderr, interval = _bootstrapped(deviations, value, kT, confidence, resamples, seed)
    if isnan(interval[0]):
        wrong = wrong or f"{n} trials do not bound the average at this confidence: run more, or use bar()."
    drifting = drift(sample.sign * half, sample.sign * value, stderr)
    return Estimate(
        value,
        stderr,
        NO_INTERVAL if wrong else interval,
        ess=average.ess,
        diagnostics=tuple(filter(None, (wrong, drifting))),
        details={
            "bias": sample.sign * jarzynski_bias(average.ess, n, kT),
            "dissipated_work": works.summary.mean - value,
            "first_half": sample.sign * half,
        },
        **fields,
    ).scaled(sample.sign, ENERGY)


@dataclass(frozen=True)
class _Average:
    """<exp(-W/T)> as moments of its excess, exp((low - W)/T) - 1, the lowest work taken out so that nothing overflows.

    `centre` is the mean work under these weights, `first_half` the value from the first half.
    """

    excess: Moments
    low: float
    temperature: float
    centre: float
    first_half: float

    @property
    def value(self) -> float:
        """-T ln <exp(-W/T)>."""
        return self.low - self.temperature * log1p(self.excess.mean)

    @property
    def relative(self) -> Moments:
        """Moments of each weight over the mean weight, minus one.

        Not found from the weights: in a hot bath they are all equal but for rounding.
        """
        return self.excess.mapped(1 / (1 + self.excess.mean), -self.excess.mean / (1 + self.excess.mean))

    @property
    def stderr(self) -> float:
        """To first order."""
        return self.temperature * sqrt(self.relative.variance / self.excess.n)

    @property
    def ess(self) -> float:
        """(sum w)^2 / sum w^2: how many equal trials these weights are worth."""
        return self.excess.n / (1 + self.relative.variance)

    def deviations(self, trials: Array) -> Array:
        """Each weight over the mean weight, minus one."""
        return (_excess(trials, self.low, self.temperature) - self.excess.mean) / (1 + self.excess.mean)


def _excess(trials: Array, low: float, kT: float) -> Array:
    return np.asarray(np.expm1((low - trials) / kT))


def _average(works: Works, kT: float) -> _Average:
    """In one pass: each half beside its own lowest work, then both beside the lower of the two."""
    summary = works.summary
    low = summary.whole.low
    found, moved = [], 0.0
    for (start, stop), half in zip(works.ranges, summary.halves, strict=True):
        parts, pulled = [], 0.0
        for piece in works.column.pieces(start, stop):
            excess = _excess(piece, half.low, kT)
            parts.append(moments(excess, cubes=True))
            pulled += dot(1 + excess, piece - low)
        shift = (low - half.low) / kT
        found.append(merged(parts))
        moved += exp(shift) * pulled
        if not start:
            first_half = half.low - kT * log1p(found[0].mean)
        found[-1] = found[-1].mapped(exp(shift), expm1(shift))
    both = merged(found)
    return _Average(both, low, kT, low + moved / (works.size * (1 + both.mean)), first_half)


def _tail_unseen(works: Works, average: _Average, kT: float) -> str:
    """A sentence where the low works that should carry the average are probably missing, else nothing."""
    if not wider_than_gaussian(average.ess, works.size, works.summary.variance / kT / kT):
        return ""
    below = sum(int(np.sum(piece <= average.centre)) for piece in works.column.pieces())
    return tail_hidden(below, works.size)


def _carried_by_few(ess: float, n: int) -> str:
    return (
        f"Only {ess:.1f} of {n} trials carry the average: drive more slowly, run more trials, or run the "
        "reverse process too and use bar()."
    )


def _skewness_corrected(average: _Average, confidence: float) -> Interval:
    """Invert y = t + (a/3) t^2 + (a^2/27) t^3 + a/6, which is nearly normal, for the studentised mean t.

    a is the skewness of the mean weight. The mean then lies at 1 - t stderr/T of what was found, and dF
    follows; (NaN, NaN) where so little is known that the mean might be zero.
    """
    n, variance = average.excess.n, average.relative.variance
    skewness = average.excess.cubes / n / average.excess.variance**1.5 / sqrt(n)
    reach = quantile(confidence)
    y = np.array([-reach, reach]) - skewness / 6
    t = y if abs(skewness) < 1e-9 else 3 / skewness * (np.cbrt(1 + skewness * y) - 1)
    taken = t * sqrt(variance / n)
    if np.any(taken >= 1):
        return NO_INTERVAL
    low, high = average.value - average.temperature * np.log1p(-taken)
    return float(low), float(high)


def _bootstrapped(
    deviations: Array, value: float, kT: float, confidence: float, resamples: int, seed: int
) -> tuple[float, Interval]:
    """Standard error and interval from replicates of the log mean, each with its own standard error."""
    groups = grouped(deviations)
    root = sqrt(groups.size)

    def replicate(drawn: Array) -> Array:
        means, spreads = drawn.mean(axis=1), drawn.std(axis=1)
        return np.stack([-kT * np.log1p(means), kT * spreads / (1 + means) / root], axis=1)

    own = kT * float(groups.std() / (1 + groups.mean())) / root
    shifts, stderrs = bootstrap(replicate, [groups], resamples=resamples, seed=seed).T
    centre = -kT * log1p(float(groups.mean()))
    low, high = studentised_interval(centre, own, shifts, stderrs, confidence)
    stderr = float(shifts.std(ddof=1))
    return (stderr if stderr > 0 else nan), (value + low - centre, value + high - centre)
