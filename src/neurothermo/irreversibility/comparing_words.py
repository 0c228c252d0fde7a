"""What a difference between two conditions says, and what it does not."""

from __future__ import annotations

from math import isnan

import numpy as np

from neurothermo.core.estimate import Estimate
from neurothermo.irreversibility.answer import EITHER_WAY, HIDDEN
from neurothermo.recordings.recording import SPIKES, Recording

BIAS = (
    "Both values have the bias of their length; where lengths were not matched, part of the difference may be that of "
    "the biases."
)
UNLIKE = 1.2  # ratio of rates worth a sentence
MARK = (
    "In the second the",
    "The interval includes zero: these data do not show a difference",
    "There is no difference",
)


def equality(found: Estimate, index: bool, thinned: bool) -> str:
    """What is equal under the null."""
    what = "entropy production"
    if index:
        what = "index"
    elif found.kind == "lower bound":
        what = "lower bound of entropy production"
    return f"{what} of the thinned trains" if thinned else what


def difference(value: float, low: float, high: float, what: str) -> str:
    """The first sentence of an answer."""
    if isnan(value):
        return "There is no difference to be given: the method found no value for one of them."
    if low > 0 or high < 0:
        return f"In the second the {what} is {'higher' if low > 0 else 'lower'}."
    if isnan(low) or isnan(high):
        return "There is no difference with an interval: the method found none for one of them."
    return "The interval includes zero: these data do not show a difference."


def of_each(first: Estimate, second: Estimate) -> list[str]:
    """The diagnostics of both methods, each once; those of one recording say of which."""
    one, two = ([said for said in each.diagnostics if said not in (EITHER_WAY, HIDDEN)] for each in (first, second))
    found = [said if said in two else f"Of the first: {said}" for said in one]
    return found + [f"Of the second: {said}" for said in two if said not in one]


def signs_differ(thinned: Estimate, plain: Estimate) -> tuple[str, ...]:
    """A warning where thinning turned the difference round, nothing where it did not (or there was none)."""
    if not thinned.value * plain.value < 0:
        return ()
    return (
        f"Without thinning the difference has the other sign: {plain.value:.3g} instead of {thinned.value:.3g} "
        f"{plain.units}. Thinning destroys the order of spikes in the busier recording only: do not report either "
        "without the other.",
    )


def rates_differ(first: Recording, second: Recording) -> tuple[str, ...]:
    """A sentence on spikes whose rates are not alike."""
    if first.kind != SPIKES:
        return ()
    one, two = (float(np.mean(each.rates)) for each in (first, second))
    if min(one, two) * UNLIKE >= max(one, two):
        return ()
    return (
        f"Rates differ, {one:.3g} and {two:.3g} spikes per second and unit: entropy production per second grows with "
        "the pace of a process, and bins hold more of a busier one. Compare several widths.",
    )
