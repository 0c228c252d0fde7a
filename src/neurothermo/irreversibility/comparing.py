"""Is one condition further from equilibrium than another, in one animal or in a group?"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_choice, checked_count, checked_flag, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.resampling import generator, quantile
from neurothermo.irreversibility.answer import HIDDEN
from neurothermo.irreversibility.matching import matched
from neurothermo.irreversibility.methods import METHODS
from neurothermo.recordings.recording import Recording

FEWEST = 2  # pairs in a group
ALL = 14  # pairs, up to which every assignment of signs is counted
SIGNS = 9999
BIAS = (
    "Both values have the bias of their length and rate; where these were not matched, part of the difference may be "
    "that of the biases."
)


def compare(
    first: Recording | Sequence[Recording], second: Recording | Sequence[Recording], *, method: str = "gaussian",
    match: bool = True, width: Any = None, confidence: float = 0.95, seed: int = 0, **options: Any,
) -> Estimate:  # fmt: skip
    r"""Difference of entropy production: second minus first, in nats per second.

    .. math:: \hat\sigma_2 - \hat\sigma_1

    Two recordings are taken to be independent; the interval is made of theirs (the distance to its lower end is that
    from the second's value down and from the first's up, added as squares), so that it keeps their asymmetry. The
    p-value is of equal entropy production.

    Two lists are pairs, one an animal: the difference of each, then their mean with weights 1 / (error^2 + variance
    between animals), where the error squared is one number over the length of the pair, an interval of Student's t,
    and the p-value of the mean difference under all changes of sign.

    Parameters
    ----------
    first, second : Recording, or sequence of Recording
        With the same channels. Spikes are binned here, with `width`, so that their rates can be matched before.
    method : str
        A name of `irreversibility.METHODS`.
    match : bool
        Cut the longer to the length of the shorter (its beginning is kept), and of spikes drop at random those of the
        unit with more spikes per second, so that each unit has one rate. Bias grows as data shrink, and rates change
        what a bin holds: without this a longer or busier recording differs by itself. Thinned trains lose
        correlations too: a difference of what is left is a fair comparison, its size is that of the poorer data.
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
        Positive where the second produces more. `details` has both values, and each pair's in a group.

    Raises
    ------
    InputError
        If channels or sampling rates differ, lists have different lengths, or the method cannot be used on one.

    References
    ----------
    Donner and Zou, Stat. Methods Med. Res. 21, 347 (2012), for the interval of a difference. DerSimonian and Laird,
    Control. Clin. Trials 7, 177 (1986); Hartung and Knapp, Stat. Med. 20, 3875 (2001), for the mean of a group.
    """
    checked_choice(method, "method", tuple(METHODS))
    confidence, seed = checked_fraction(confidence, "confidence"), checked_count(seed, "seed", least=0)
    checked_flag(match, "match")
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
    first: Recording, second: Recording, method: str, match: bool, width: Any, confidence: float, seed: int,
    options: dict[str, Any],
) -> Estimate:  # fmt: skip
    first, second, said = matched(first, second, match, width, seed)
    settings = {"confidence": confidence, "seed": seed, **options}
    found = [METHODS[method](recording, **settings) for recording in (first, second)]
    one, other = (each if each.rate is None else each.per_second for each in found)
    value = other.value - one.value
    stderr = sqrt(one.stderr**2 + other.stderr**2)
    low = value - sqrt((other.value - other.interval[0]) ** 2 + (one.interval[1] - one.value) ** 2)
    high = value + sqrt((other.interval[1] - other.value) ** 2 + (one.value - one.interval[0]) ** 2)
    remarks = [_what(low, high)]
    if found[0].kind == "lower bound":
        remarks.append("A difference of lower bounds: a bound may be tighter in one condition than in the other.")
    if not match:
        remarks.append(BIAS)
    remarks += [sentence for each in found for sentence in each.diagnostics if sentence != HIDDEN]
    return Estimate(
        value, stderr, (low, high), confidence, n=(first.samples, second.samples), counted="samples",
        units=one.units, method=f"second minus first, {found[1].method}", p_value=_equal(value, low, high, confidence),
        diagnostics=tuple(dict.fromkeys((*remarks, *said))),
        details={
            "first": one.value, "second": other.value, "first_interval": one.interval,
            "second_interval": other.interval, "first_p_value": one.p_value, "second_p_value": other.p_value,
            "null": "equal in both",
        },
    )  # fmt: skip


def _equal(value: float, low: float, high: float, confidence: float) -> float:
    """Two-sided p of no difference, from the side of the interval that zero lies on."""
    reach = value - low if value > 0 else high - value
    if not isfinite(reach) or reach <= 0:
        return nan
    return 2 * NormalDist().cdf(-abs(value) / reach * quantile(confidence))


def _group(pairs: list[Estimate], method: str, confidence: float, seed: int) -> Estimate:
    from scipy.stats import t

    values = np.array([pair.value for pair in pairs])
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
    remarks = [_what(mean - reach, mean + reach)]
    if least > 1 - confidence:
        remarks.append(f"With {count} pairs no p-value of sign changes is below {least:.2g}: it takes more animals.")
    remarks += [sentence for pair in pairs for sentence in pair.diagnostics if sentence not in WORDS]
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


MORE, LESS, NONE = (
    "The second has the higher entropy production.",
    "The second has the lower entropy production.",
    "The interval includes zero: these data do not show a difference.",
)
WORDS = (MORE, LESS, NONE)


def _what(low: float, high: float) -> str:
    return MORE if low > 0 else LESS if high < 0 else NONE
