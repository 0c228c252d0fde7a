"""From estimates to rows: what is told from reversible, of how many tries, and controls whose answer is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np

from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.irreversibility import METHODS
from neurothermo.irreversibility.assessment import bracket, holm, p_text, per_second
from neurothermo.irreversibility.conclusion import warnings_of
from neurothermo.recordings import Recording
from neurothermo.report import Row
from neurothermo.studies.recordings2026.controls import backwards
from neurothermo.studies.recordings2026.settings import LEVEL
from neurothermo.studies.rows import ruled

CHANCE = 1e-4  # of a control to fail by chance
TOLD, OPEN = "told from reversible", "nothing can be concluded"

Key = tuple[str, str]  # what of, and by which method


@dataclass(frozen=True, eq=False)
class Family:
    """All tests of one figure, corrected together.

    Parameters
    ----------
    tests : mapping of (quantity, variant) to Estimate or str
        Per second (an index as it is); a sentence where the method cannot be used.
    told : str
        What is said of those that pass.
    two_sided : bool
        Whether an interval below zero is a finding too: of differences it is, of entropy productions not.
    """

    tests: Mapping[Key, Estimate | str]
    told: str = TOLD
    two_sided: bool = False

    @property
    def answers(self) -> dict[Key, Estimate]:
        """Those with a number."""
        return {key: found for key, found in self.tests.items() if isinstance(found, Estimate)}

    @property
    def corrected(self) -> dict[Any, float]:
        """p-values after Holm's correction for all that have one."""
        given = {key: found.p_value for key, found in self.answers.items()}
        return holm({key: p for key, p in given.items() if p is not None and isfinite(p)})  # type: ignore[misc]

    @property
    def findings(self) -> list[Key]:
        """Corrected p at most 0.05, and an interval that leaves zero out."""
        corrected = self.corrected
        return [
            key for key, found in self.answers.items()
            if corrected.get(key, nan) <= LEVEL
            and (found.interval[0] > 0 or (self.two_sided and found.interval[1] < 0))
        ]  # fmt: skip

    def rows(self) -> list[Row]:
        """A row each, unjudged: nobody knows what they should be."""
        corrected, findings = self.corrected, set(self.findings)
        rows = []
        for key, found in self.tests.items():
            if isinstance(found, str):
                rows.append(Row(*key, nan, sentence=f"{OPEN.capitalize()}: {found}."))
                continue
            p = corrected.get(key, nan)
            said = self.told if key in findings else f"{OPEN}: {_why(found, p, self.two_sided)}"
            sentence = (
                f"95% interval {bracket(found.interval)}, p = {p_text(found.p_value)}, p (Holm, {len(corrected)} "
                f"tests) = {p_text(p)}: {said}."
            )
            rows.append(Row(*key, found.value, found.stderr, units=found.units, sentence=sentence))
        return rows


def _why(found: Estimate, corrected: float, two_sided: bool) -> str:
    if not isfinite(found.value):
        return "no value that can be trusted"
    reasons = ["the interval includes zero"] if found.interval[0] <= 0 <= found.interval[1] else []
    if found.interval[1] < 0 and not two_sided:
        reasons.append("a bound below zero bounds nothing")
    if not isfinite(corrected):
        reasons.append("the method gives no p-value here")
    elif corrected > LEVEL:
        reasons.append("p (Holm) is above 0.05")
    return " and ".join(reasons)


def tried(method: str, recording: Recording, seed: int, **options: Any) -> Estimate | str:
    """A method's answer per second (an index as it is), or the sentence that says why there is none."""
    try:
        return per_second(METHODS[method](recording, seed=seed, **options))
    except InputError as error:
        return str(error).removeprefix(method).lstrip(": ")


def weaker(method: str, recording: Recording, seed: int, **options: Any) -> Estimate | str:
    """Of the answers on a recording and on the same run backwards, that with the larger p-value.

    They are one number but for where windows and blocks begin, which is arbitrary, and matters in a short recording.
    """
    found = [tried(method, one, seed, **options) for one in (recording, backwards(recording))]
    answers = [one for one in found if isinstance(one, Estimate)]
    return max(answers, key=lambda one: nan_last(one.p_value)) if len(answers) == 2 else found[0]


def nan_last(p_value: float | None) -> float:
    """A missing p-value is above all others."""
    return p_value if p_value is not None and isfinite(p_value) else 2.0


def value_of(method: str, recording: Recording, seed: int) -> float:
    """The value alone; NaN where there is none."""
    found = tried(method, recording, seed)
    return nan if isinstance(found, str) else found.value


def warnings(found: Estimate | str) -> str:
    """What a method says of these data, or why it cannot be used."""
    return found if isinstance(found, str) else warnings_of(found)


# -- controls: the answer is known ------------------------------------------------------------------


def zero_on_average(quantity: str, variant: str, values: Any, units: str, sentence: str = "") -> Row:
    """The mean of draws of a reversible process, against 0, by Student's t at a chance of 1e-4."""
    from scipy.stats import t

    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if values.size < 2:
        return Row(quantity, variant, nan, units=units, sentence="The method gives no value on these draws.")
    mean, stderr = float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))
    near = abs(mean) <= float(t.ppf(1 - CHANCE / 2, values.size - 1)) * stderr
    said = " ".join(filter(None, (f"Mean of {values.size} draws.", sentence)))
    return Row(quantity, variant, mean, stderr, 0.0, units, near, True, said)


def rejected_seldom(quantity: str, variant: str, p_values: Any) -> Row:
    """The share of reversible draws that the test calls irreversible: no more than chance allows at its level."""
    from scipy.stats import binom

    p_values = np.asarray(p_values, dtype=float)
    p_values = p_values[np.isfinite(p_values)]
    count = int(np.sum(p_values <= LEVEL))
    most = int(binom.ppf(1 - CHANCE, p_values.size, LEVEL))
    share = count / max(p_values.size, 1)
    return ruled(quantity, variant, share, count <= most, exact=LEVEL,
                 sentence=f"{count} of {p_values.size} with p <= {LEVEL:g}; up to {most} may be chance.")  # fmt: skip


def alike_backwards(quantity: str, method: str, recording: Recording, seed: int, share: float = 0.1) -> list[Row]:
    """The value of a recording run backwards, against the value: equal but for where blocks begin."""
    there, back = (tried(method, one, seed) for one in (recording, backwards(recording)))
    if isinstance(there, str) or isinstance(back, str) or not isfinite(there.value):
        return []
    near = abs(back.value - there.value) <= share * there.stderr
    said = f"Must be the value forwards to {share:g} of its standard error."
    return [ruled(quantity, method, back.value, near, exact=there.value, units=there.units, sentence=said)]


def of_surrogates(quantity: str, method: str, values: Any, units: str, found: Estimate | str) -> Row:
    """Reversible surrogates of signals: judged, unless the method itself says that its model does not fit."""
    row = zero_on_average(quantity, method, values, units)
    if method != "gaussian" or not warnings(found):
        return row
    said = f"{row.sentence} Not judged: the model does not fit, and the bias that it takes off is not the right one."
    return Row(quantity, method, row.value, row.stderr, units=units, sentence=said)


def backwards_rows(quantity: str, recording: Recording, seed: int) -> list[Row]:
    """Signals run backwards: `spectral` to rounding where windows fill the recording, an index but for its blocks."""
    found = tried("spectral", recording, seed)
    rows = alike_backwards(quantity, "lagged_asymmetry", recording, seed, 0.5)
    if isinstance(found, str):
        return rows
    rate = recording.required_rate()
    window = round(found.details["window"] * rate)
    start = recording.support[0, 0]
    length = (recording.samples // window) * window
    whole = recording.epoch((start, start + (length - 0.5) / rate))
    said = f"{quantity}, cut to {length // window} whole windows"
    return rows + alike_backwards(said, "spectral", whole, seed, 1e-6)
