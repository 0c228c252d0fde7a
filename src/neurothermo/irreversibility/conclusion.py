"""One honest paragraph: what several methods on one recording allow to say, and what not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from neurothermo.core.estimate import Estimate
from neurothermo.core.verdict import Verdict
from neurothermo.irreversibility.answer import CONSISTENT, HIDDEN
from neurothermo.irreversibility.indices import NOT_ENTROPY, SYMMETRIC
from neurothermo.irreversibility.methods import INDEX, METHODS
from neurothermo.recordings.clock import shown_seconds
from neurothermo.recordings.recording import Recording

UNIVERSAL = (CONSISTENT, HIDDEN, NOT_ENTROPY, SYMMETRIC)  # said of every recording, not of this one


def conclusion(
    recording: Recording, results: Mapping[str, Estimate], corrected: Mapping[str, float], findings: Sequence[str],
    stationarity: Verdict, confidence: float,
) -> str:  # fmt: skip
    """The paragraph of an assessment."""
    rate = recording.required_rate()
    data = (
        f"{recording.size} channel{'s' if recording.size != 1 else ''}, {recording.samples} samples, one every "
        f"{shown_seconds(1 / rate)}, {recording.duration:.4g} s"
    )
    tested = f"{len(corrected)} test{'s' if len(corrected) != 1 else ''} at level {1 - confidence:.3g}"
    correction = f"{tested}{', corrected by Holm' if len(corrected) > 1 else ''}"
    sentences = [f"Data: {data}."]
    if findings:
        sentences += _found(results, findings, f"{correction}, and intervals above zero")
    else:
        sentences += _not_found(results, correction)
    sentences += _divided(results, corrected, findings, confidence)
    sentences += _disagreeing(results, findings)
    warning = [name for name in findings if METHODS[name].kind != INDEX and warnings_of(results[name])]
    if warning:
        sentences.append(f"Do not take {_listed(warning)} at their word before you have read their warnings.")
    sentences.append(_stationary(stationarity))
    sentences.append(HIDDEN)
    return " ".join(sentences)


def _found(results: Mapping[str, Estimate], findings: Sequence[str], how: str) -> list[str]:
    tried = "the only method" if len(results) == 1 else f"{len(findings)} of {len(results)} methods"
    said = [f"This activity can be told from a reversible one by {tried} ({_listed(findings)}; {how})."]
    bounds = _entropies(results, findings, "lower bound")
    if bounds:
        best = max(bounds, key=lambda name: results[name].per_second.interval[0])
        low = results[best].per_second.interval[0]
        said.append(
            f"It produces at least {_amount(low)} (the lower end of the interval of {best}, the largest among the "
            "bounds; its confidence holds for one bound, not for the largest of several)."
        )
    fitted = _entropies(results, findings, "estimate")
    if fitted:
        values = [f"{_amount(results[name].per_second.value)} {_range(results[name])} by {name}" for name in fitted]
        said.append(
            f"If the model is right, it is {_listed(values)}; a model that does not fit makes it a number of the model."
        )
    if not bounds and not fitted:
        said.append("Only indices show it, which say that there is an arrow of time and not how much entropy it costs.")
    return said


def _not_found(results: Mapping[str, Estimate], correction: str) -> list[str]:
    tried = "The method" if len(results) == 1 else f"None of {len(results)} methods"
    verb = "does not tell" if len(results) == 1 else "tells"
    said = [f"{tried} {verb} this activity from a reversible one ({correction})."]
    ends = {
        name: found.per_second.interval[1] for name, found in results.items()
        if METHODS[name].kind == "estimate" and found.rate is not None and isfinite(found.interval[1])
    }  # fmt: skip
    if ends:
        name = max(ends, key=lambda one: ends[one])
        said.append(
            f"That is not evidence that it is reversible: {name} leaves room for up to {_amount(ends[name])}, "
            "if its model is right."
        )
    else:
        said.append("That is not evidence that it is reversible: more data, or another method, may show it.")
    return said


def _divided(
    results: Mapping[str, Estimate], corrected: Mapping[str, float], findings: Sequence[str], confidence: float
) -> list[str]:
    """Where test and interval disagree, or the correction decided."""
    split = [name for name, p in corrected.items() if p <= 1 - confidence and name not in findings]
    lost = [
        name for name, p in corrected.items()
        if p > 1 - confidence >= (results[name].p_value or 0.0) and results[name].interval[0] > 0
    ]  # fmt: skip
    untested = [name for name, found in results.items() if name not in corrected and found.interval[0] > 0]
    said = []
    if untested:
        said.append(f"{_listed(untested)} had no test here: not counted, though the interval is above zero.")
    if split:
        said.append(f"The test of {_listed(split)} rejects, but its interval includes zero: not counted as a finding.")
    if lost:
        said.append(f"{_listed(lost)} would reject alone, and does not after the correction.")
    return said


def _disagreeing(results: Mapping[str, Estimate], findings: Sequence[str]) -> list[str]:
    """Entropy productions that were tried and did not show it, where others did."""
    silent = [name for name in results if name not in findings and METHODS[name].kind != INDEX]
    if not findings or not silent:
        return []
    return [f"Not shown by {_listed(silent)}: {'; '.join(f'{name} misses {METHODS[name].misses}' for name in silent)}."]


def warnings_of(found: Estimate) -> str:
    """What a method says of these data, without what is said of all."""
    return " ".join(said for said in found.diagnostics if said not in UNIVERSAL)


def _stationary(verdict: Verdict) -> str:
    if verdict.passed:
        return f"Stationarity: {verdict.sentence}"
    if verdict.passed is None:
        return f"Stationarity cannot be judged: {verdict.sentence}"
    return (
        f"Not stationary: {verdict.sentence} A drift is an arrow of time of its own: do not read these numbers as "
        "those of a steady state before it is removed (detrend, shorter epochs)."
    )


def _entropies(results: Mapping[str, Estimate], names: Sequence[str], kind: str) -> list[str]:
    return [name for name in names if METHODS[name].kind != INDEX and results[name].kind == kind]


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _range(found: Estimate) -> str:
    low, high = found.per_second.interval
    return f"({short(low)} to {short(high)})"


def _amount(value: float) -> str:
    return f"{short(value)} nats per second"


def short(value: float) -> str:
    """Three digits, or the whole number where it has more."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value + 0.0:.3g}"
