"""What several methods on one recording allow to say, and what not: a paragraph, and a list of what to mind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from neurothermo.core.estimate import Estimate
from neurothermo.core.verdict import Verdict
from neurothermo.irreversibility.answer import CONSISTENT, EITHER_WAY, HIDDEN
from neurothermo.irreversibility.indices import NOT_ENTROPY, SYMMETRIC
from neurothermo.irreversibility.methods import INDEX, METHODS
from neurothermo.recordings.clock import shown_seconds
from neurothermo.recordings.recording import STATES, Recording

UNIVERSAL = (CONSISTENT, EITHER_WAY, HIDDEN, NOT_ENTROPY, SYMMETRIC)  # said of every recording, not of this one
INSTANT = "the state at an instant, and no filter reached beyond it"
GAUSSIAN = ("gaussian", "spectral")  # methods whose value is that of a Gaussian process
NO_EVIDENCE = "That is not evidence that it is reversible"
STEP = "the path within its own step, and no filter reached beyond it"


def conclusion(
    recording: Recording, results: Mapping[str, Estimate], corrected: Mapping[str, float], findings: Sequence[str],
    stationarity: Verdict, confidence: float,
) -> tuple[str, ...]:  # fmt: skip
    """The paragraph of an assessment, with what was found, and the points to mind, one a string."""
    rate = recording.required_rate()
    data = (
        f"{recording.size} channel{'s' if recording.size != 1 else ''}, {recording.samples} samples, one every "
        f"{shown_seconds(1 / rate)}, {recording.duration:.4g} s"
    )
    tested = f"{len(corrected)} test{'s' if len(corrected) != 1 else ''} at level {1 - confidence:.3g}"
    correction = f"{tested}{', corrected by Holm' if len(corrected) > 1 else ''}"
    if findings:
        sentences = _found(recording, results, findings, f"{correction}, and intervals above zero")
    else:
        sentences = _not_found(results, correction, _rejecting(results, corrected, confidence))
    points = [f"Data: {data}.", *_divided(results, corrected, findings, confidence)]
    points += [*_refuted(results, findings), *_disagreeing(results, findings)]
    points += _gaussian_of_states(recording, findings)
    warning = [name for name in findings if METHODS[name].kind != INDEX and warnings_of(results[name])]
    if warning:
        whose = "its" if len(warning) == 1 else "their"
        points.append(f"Do not take {_listed(warning)} at {whose} word before you have read {whose} warnings.")
    points += [_stationary(stationarity), _hidden(results)]
    return (" ".join(sentences), *points)


def _hidden(results: Mapping[str, Estimate]) -> str:
    """What hidden neurons do to bounds, and to estimates, of those that there are."""
    kinds = {results[name].kind for name in results if METHODS[name].kind != INDEX}
    if kinds == {"lower bound"} or not kinds:
        return HIDDEN
    return (
        EITHER_WAY if "lower bound" not in kinds else f"Bounds hold for the whole network. Of estimates: {EITHER_WAY}"
    )


def _found(recording: Recording, results: Mapping[str, Estimate], findings: Sequence[str], how: str) -> list[str]:
    tried = "the only method" if len(results) == 1 else f"{len(findings)} of {len(results)} methods"
    said = [f"This activity can be told from a reversible one by {tried} ({_listed(findings)}; {how})."]
    bounds = _entropies(results, findings, "lower bound")
    if bounds:
        best = max(bounds, key=lambda name: results[name].per_second.interval[0])
        low = results[best].per_second.interval[0]
        said.append(
            f"It produces at least {_amount(low)} (the lower end of the interval of {best}, the largest among the "
            "bounds; its confidence holds for one bound, not for the largest of several), if it is stationary and each "
            f"row is a function of {STEP if recording.averaged else INSTANT}."
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


def _not_found(results: Mapping[str, Estimate], correction: str, rejecting: Sequence[str]) -> list[str]:
    if rejecting:
        verb = "rejects" if len(rejecting) == 1 else "reject"
        said = [
            f"{_test_of(rejecting)} {verb} reversibility ({correction}), but no method gives a value that is above "
            "zero with its whole interval: not counted as a finding."
        ]
    else:
        tried = "The method" if len(results) == 1 else f"None of {len(results)} methods"
        verb = "does not tell" if len(results) == 1 else "tells"
        said = [f"{tried} {verb} this activity from a reversible one ({correction})."]
    ends = {
        name: found.per_second.interval[1] for name, found in results.items()
        if METHODS[name].kind == "estimate" and found.rate is not None and isfinite(found.interval[1])
    }  # fmt: skip
    if ends:
        name = max(ends, key=lambda one: ends[one])
        room = f"{name} leaves room for up to {_amount(ends[name])}, if its model is right."
        said.append(f"How much it produces is open: {room}" if rejecting else f"{NO_EVIDENCE}: {room}")
    elif not rejecting:
        said.append(f"{NO_EVIDENCE}: more data, or another method, may show it.")
    return said


def _divided(
    results: Mapping[str, Estimate], corrected: Mapping[str, float], findings: Sequence[str], confidence: float
) -> list[str]:
    """Where test and interval disagree, or the correction decided."""
    split = [name for name in _rejecting(results, corrected, confidence) if name not in findings]
    valued = [name for name in split if isfinite(results[name].value)]
    silent = [name for name in split if name not in valued]
    lost = [
        name for name, p in corrected.items()
        if p > 1 - confidence >= (results[name].p_value or 0.0) and results[name].interval[0] > 0
    ]  # fmt: skip
    untested = [name for name, found in results.items() if name not in corrected and found.interval[0] > 0]
    said = []
    if untested:
        above = "its interval is" if len(untested) == 1 else "their intervals are"
        said.append(f"{_listed(untested)} had no test here: not counted, though {above} above zero.")
    if valued and findings:
        verb, whose = ("rejects", "its interval does") if len(valued) == 1 else ("reject", "their intervals do")
        said.append(f"{_test_of(valued)} {verb}, but {whose} not lie above zero: {_uncounted(valued)}.")
    if silent:
        verb, none = ("rejects", "it gives") if len(silent) == 1 else ("reject", "they give")
        said.append(f"{_test_of(silent)} {verb}, but {none} no value: {_uncounted(silent)}.")
    if lost:
        said.append(f"{_listed(lost)} would reject alone, and does not after the correction.")
    return said


def _gaussian_of_states(recording: Recording, findings: Sequence[str]) -> list[str]:
    named = [name for name in findings if name in GAUSSIAN]
    if recording.kind != STATES or not named:
        return []
    verb, whose = ("takes", "its value") if len(named) == 1 else ("take", "their values")
    return [f"{_listed(named)} {verb} these states for Gaussian signals, which they are not: {whose} may be far off."]


def _rejecting(results: Mapping[str, Estimate], corrected: Mapping[str, float], confidence: float) -> list[str]:
    return [name for name in results if corrected.get(name, 1.0) <= 1 - confidence]


def _uncounted(names: Sequence[str]) -> str:
    return "not counted as a finding" if len(names) == 1 else "not counted as findings"


def _test_of(names: Sequence[str]) -> str:
    return f"The test{'' if len(names) == 1 else 's'} of {_listed(names)}"


def _refuted(results: Mapping[str, Estimate], findings: Sequence[str]) -> list[str]:
    """Estimates that lie with their whole interval below what a bound has found: the model does not hold."""
    bounds = _entropies(results, findings, "lower bound")
    if not bounds:
        return []
    best = max(bounds, key=lambda name: results[name].per_second.interval[0])
    least = results[best].per_second.interval[0]
    below = [
        name for name in _entropies(results, tuple(results), "estimate")
        if results[name].rate is not None and results[name].per_second.interval[1] < least
    ]  # fmt: skip
    if not below:
        return []
    verb = "lies" if len(below) == 1 else "lie"
    return [
        f"{_listed(below)} {verb} below the {_amount(least)} of the bound of {best}, which needs no such model: "
        "refuted by it, as long as the recording is stationary."
    ]


def _disagreeing(results: Mapping[str, Estimate], findings: Sequence[str]) -> list[str]:
    """Entropy productions that were tried and did not show it, where others did."""
    silent = [name for name in results if name not in findings and METHODS[name].kind != INDEX]
    if not findings or not silent:
        return []
    whom = "it misses" if len(silent) == 1 else "they miss"
    return [f"Not shown by {_listed(silent)}, which may only mean that {whom} it."]


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
