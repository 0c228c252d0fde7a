"""Is one condition further from equilibrium than another, in one animal or in a group?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, isnan, nan, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_choice, checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.resampling import generator, quantile
from neurothermo.irreversibility.comparing_words import (
    BIAS,
    MARK,
    difference,
    equality,
    of_each,
    rates_differ,
    signs_differ,
)
from neurothermo.irreversibility.matching import LENGTH, MATCHES, RATE, matched
from neurothermo.irreversibility.methods import INDEX, METHODS
from neurothermo.recordings.recording import Recording

FEWEST = 2  # pairs in a group
ALL = 14  # pairs, up to which every assignment of signs is counted
SIGNS = 9999


def compare(
    first: Recording | Sequence[Recording], second: Recording | Sequence[Recording], *, method: str = "gaussian",
    match: str | None = LENGTH, width: Any = None, confidence: float = 0.95, seed: int = 0, **options: Any,
) -> Estimate:  # fmt: skip
    r"""Difference of entropy production: second minus first, in nats per second.

    .. math:: \hat\sigma_2 - \hat\sigma_1

    Two recordings are taken to be independent; the interval is made of theirs (the distance to its lower end is that
    from the second's value down and from the first's up, added as squares), so that it keeps their asymmetry. A value
    outside of its own interval, as where more bias is taken off than was found, counts as the nearer end of it. The
    p-value is of equal values of the method: of two lower bounds the higher need not be that of the process which
    produces more.

    Two lists are pairs, one an animal: the difference of each, then their mean with weights 1 / (error^2 + variance
    between animals), where the error squared is one number over the length of the pair, an interval of Student's t,
    and the p-value of the mean difference under all changes of sign.

    Parameters
    ----------
    first, second : Recording, or sequence of Recording
        With the same channels. Spikes are binned here, with `width`, after they were matched.
    method : str
        A name of `irreversibility.METHODS`.
    match : "length", "rate" or None
        "length": the longer is cut to the length of the shorter (its beginning is kept), since bias grows as data
        shrink. "rate", of spikes: cut, and spikes of the unit with more of them per second are dropped at random, so
        that each unit has one rate. That asks another question. Spikes that are gone no longer show the order of
        those that are left, in the busier recording only: the thinned trains of a process that runs twice as fast may
        show less than those of the slower one. What is said is of thinned trains, and `details["unthinned"]` has the
        difference without. None: as they are.
    width : float or str, optional
        Of bins, for spikes.
    confidence : float
    seed : int
        Of the thinning, of the method and of the changes of sign.
    **options
        Of the method.

    Returns
    -------
    Estimate
        Positive where the second has the higher value. `details` has both values, and each pair's in a group.

    Raises
    ------
    InputError
        If channels or sampling rates differ, `match` is none of the three or "rate" of what are no spikes,
        lists have different lengths, or the method cannot be used on one.

    References
    ----------
    Donner and Zou, Stat. Methods Med. Res. 21, 347 (2012), for the interval of a difference. DerSimonian and Laird,
    Control. Clin. Trials 7, 177 (1986); Hartung and Knapp, Stat. Med. 20, 3875 (2001), for the mean of a group.
    """
    checked_choice(method, "method", tuple(METHODS))
    confidence, seed = checked_fraction(confidence, "confidence"), checked_count(seed, "seed", least=0)
    if match not in MATCHES:
        raise InputError(f'match must be "length", "rate" or None, got {match!r}')
    alone = isinstance(first, Recording)
    if alone != isinstance(second, Recording):
        raise InputError("first and second must be two recordings or two lists of them")
    if alone:
        return _pair(first, second, method, match, width, confidence, seed, options)  # type: ignore[arg-type]
    ones, others = list(first), list(second)  # type: ignore[arg-type]
    if len(ones) != len(others) or len(ones) < FEWEST:
        raise InputError(
            f"first and second must be lists of pairs, at least {FEWEST}, got {len(ones)} and {len(others)} recordings"
        )
    pairs = [
        _pair(one, other, method, match, width, confidence, seed + index, options)
        for index, (one, other) in enumerate(zip(ones, others, strict=True))
    ]
    return _group(pairs, method, confidence, seed)


def _pair(
    first: Recording, second: Recording, method: str, match: str | None, width: Any, confidence: float, seed: int,
    options: dict[str, Any],
) -> Estimate:  # fmt: skip
    one, two, said = matched(first, second, match, width, seed)
    found = _difference(one, two, method, match, confidence, seed, options)
    plain = found
    if match == RATE:
        plain = _pair(first, second, method, LENGTH, width, confidence, seed, options)
        kept = ("value", "stderr", "interval", "p_value")
        unthinned = {name: getattr(plain, name) for name in kept} | {
            name: plain.details[name] for name in ("first", "second")
        }
        found = replace(found, details={**found.details, "unthinned": unthinned})
    remarks = (*signs_differ(found, plain), *found.diagnostics[1:], *said)
    if match != RATE:
        remarks += rates_differ(first, second)
    return replace(found, diagnostics=tuple(dict.fromkeys((found.diagnostics[0], *remarks))))


def _difference(
    first: Recording, second: Recording, method: str, match: str | None, confidence: float, seed: int,
    options: dict[str, Any],
) -> Estimate:  # fmt: skip
    settings = {"confidence": confidence, "seed": seed, **options}
    found = [METHODS[method](recording, **settings) for recording in (first, second)]
    index = METHODS[method].kind == INDEX
    one, other = (each if index or each.rate is None else each.per_second for each in found)
    (least, start, most), (lowest, end, highest) = (_inside(each) for each in (one, other))
    value = end - start
    low = value - sqrt((end - lowest) ** 2 + (most - start) ** 2)
    high = value + sqrt((highest - end) ** 2 + (start - least) ** 2)
    null = equality(one, index, match == RATE)
    remarks = [difference(value, low, high, null), f"What is compared: {null}."]
    if match is None:
        remarks.append(BIAS)
    remarks += of_each(*found)
    return Estimate(
        value, sqrt(one.stderr**2 + other.stderr**2), (low, high), confidence, n=(first.samples, second.samples),
        counted="samples", units=one.units, method=f"second minus first, {found[1].method}",
        p_value=_equal(value, low, high, confidence), diagnostics=tuple(remarks),
        details={
            "first": one.value, "second": other.value, "first_interval": one.interval,
            "second_interval": other.interval, "first_p_value": one.p_value, "second_p_value": other.p_value,
            "null": f"equal in both: {null}",
        },
    )  # fmt: skip


def _inside(found: Estimate) -> tuple[float, float, float]:
    """Its interval, and between the ends its value or the end next to it."""
    low, high = found.interval
    if isnan(low) or isnan(high):
        return low, found.value, high
    return low, min(max(found.value, low), high), high


def _equal(value: float, low: float, high: float, confidence: float) -> float:
    """Two-sided p of no difference, from the side of the interval that zero lies on."""
    reach = value - low if value > 0 else high - value
    if not isfinite(reach) or reach <= 0:
        return nan
    return 2 * NormalDist().cdf(-abs(value) / reach * quantile(confidence))


def _group(pairs: list[Estimate], method: str, confidence: float, seed: int) -> Estimate:
    from scipy.stats import t

    values = np.array([pair.details["second"] - pair.details["first"] for pair in pairs])  # not clipped: no bias
    errors = np.array([pair.stderr for pair in pairs])
    if not np.all(np.isfinite(values)) or not np.all(np.isfinite(errors) & (errors > 0)):
        wrong = int(np.argmin(np.isfinite(values) & np.isfinite(errors) & (errors > 0)))
        raise InputError(f"pair {wrong + 1} has no difference with an error: leave it out, or use another method")
    lengths = np.array([float(np.sum(np.array(pair.n))) for pair in pairs])
    common = np.sqrt(
        np.mean(errors**2 * lengths) / lengths
    )  # an error that grew with its own value would bias the mean
    between = _variance_between(values, common)
    weights = 1 / (common**2 + between)
    mean = float(weights @ values / weights.sum())
    count = len(values)
    stderr = float(np.sqrt(weights @ (values - mean) ** 2 / (count - 1) / weights.sum()))
    reach = float(t.ppf(0.5 + confidence / 2, count - 1)) * stderr
    p_value, least = _sign_flips(values, seed)
    null = pairs[0].details["null"].removeprefix("equal in both: ")
    remarks = [difference(mean, mean - reach, mean + reach, null)]
    if least > 1 - confidence:
        remarks.append(f"With {count} pairs no p-value of sign changes is below {least:.2g}: it takes more animals.")
    remarks += [sentence for pair in pairs for sentence in pair.diagnostics if not sentence.startswith(MARK)]
    return Estimate(
        mean, stderr, (mean - reach, mean + reach), confidence, n=count, counted="pairs", units=pairs[0].units,
        method=f"second minus first, {method}, mean over pairs", p_value=p_value,
        diagnostics=tuple(dict.fromkeys(remarks)),
        details={
            "pairs": values, "pair_errors": errors, "between": sqrt(between), "plain_mean": float(values.mean()),
            "null": "the differences of all pairs could as well have the other sign",
        },
    )  # fmt: skip


def _variance_between(values: Array, errors: Array) -> float:
    """Of the true differences of animals, beyond what their errors explain (DerSimonian and Laird)."""
    weights = 1 / errors**2
    mean = weights @ values / weights.sum()
    excess = weights @ (values - mean) ** 2 - (len(values) - 1)
    return float(max(excess / (weights.sum() - (weights**2).sum() / weights.sum()), 0.0))


def _sign_flips(values: Array, seed: int) -> tuple[float, float]:
    """Two-sided p of a mean of zero under changes of sign, and the smallest there can be."""
    count = len(values)
    if count <= ALL:
        signs = 1 - 2.0 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)
        null = np.abs(signs @ values)
        return float(np.mean(null >= abs(values.sum()) * (1 - 1e-12))), 2 / 2**count
    null = np.abs(generator(seed).choice([-1.0, 1.0], (SIGNS, count)) @ values)
    return float((1 + np.sum(null >= abs(values.sum()) * (1 - 1e-12))) / (1 + SIGNS)), 1 / (1 + SIGNS)
