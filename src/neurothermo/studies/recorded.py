"""What there is to say of a recording: how it is prepared, and the panels of its report."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

import numpy as np

from neurothermo.core.errors import InputError
from neurothermo.irreversibility import across_bins
from neurothermo.irreversibility.assessment import Assessment, kind_of, merged, number, p_text, per_second
from neurothermo.irreversibility.conclusion import GAUSSIAN, warnings_of
from neurothermo.irreversibility.methods import METHODS
from neurothermo.recordings import Recording
from neurothermo.recordings.recording import SPIKES, STATES
from neurothermo.report import Panel, draw_across_bins, draw_attribution
from neurothermo.report.recorded import draw_intervals, draw_nulls, draw_traces
from neurothermo.studies.wording import spoken

ROWS, CHANNELS = 1500, 30  # shown of a recording
SHARES = 20  # channels drawn with their shares, the largest
DISTRUSTED = "neither value nor interval can be trusted"
LABELS = {"nats per second": "entropy production (nats per second)", "index": "index"}


def prepared(
    recording: Recording, *, epoch: str | None = None, channels: Sequence[str] = (), exclude: Sequence[str] = (),
    where: Sequence[str] = (), regress: Sequence[str] = (), resample: str | None = None, detrend: bool = False,
    means: bool = False, components: int | None = None,
) -> Recording:  # fmt: skip
    """A recording before it is binned: epoch, choice of channels and cleaning, in the order of the arguments.

    Raises
    ------
    InputError
        With the sentence of the step that cannot be done.
    """
    if epoch is not None:
        recording = recording.epoch(epoch)
    if channels or exclude or where:
        properties: dict[str, list[str]] = {}
        for text in where:
            name, equals, value = text.partition("=")
            if not equals:
                raise InputError(f'where must be a property and its value, such as "location=adn", got {text!r}')
            properties.setdefault(name.strip(), []).append(value.strip())
        recording = recording.select(list(channels) or None, exclude=list(exclude) or None, **properties)
    if regress:
        recording = recording.regress(list(regress))
    if means and resample is None:
        raise InputError("means says how to resample: give resample too, or leave it out")
    if resample is not None:
        recording = recording.resample(resample, means=means)
    if detrend:
        recording = recording.detrend()
    if components is not None:
        recording = recording.components(components)
    return recording


def named_intervals(texts: Sequence[str]) -> dict[str, list[list[float]]]:
    """Epochs from words like "sleep=0:600"; one name may come more than once.

    Raises
    ------
    InputError
        If one is not a name and two numbers of seconds.
    """
    found: dict[str, list[list[float]]] = {}
    for text in texts:
        name, _, span = text.partition("=")
        try:
            start, stop = (float(part) for part in span.split(":"))
        except ValueError:
            raise InputError(
                f'epochs must be a name and two times in seconds, such as "sleep=0:600", got {text!r}'
            ) from None
        found.setdefault(name.strip(), []).append([start, stop])
    return found


def words(texts: Sequence[str] | None) -> list[str]:
    """Names from options that may be repeated, or have commas between names; a name with a comma stands in quotes."""
    try:
        rows = [next(csv.reader([text], skipinitialspace=True, strict=True), []) for text in texts or ()]
    except csv.Error:
        raise InputError(f"names must have commas between them, and quotes closed, got {list(texts or ())}") from None
    return [word.strip() for row in rows for word in row if word.strip()]


def introduction(assessment: Assessment, widths: Sequence[str]) -> str:
    """The conclusion, and with several bin widths a word on which of them it is of."""
    if len(widths) < 2:
        return spoken(assessment.paragraph)
    found, *points = assessment.conclusion
    others = ", ".join(widths[1:])
    points.insert(0, f"All of this is at bins of {widths[0]}; for {others} see across bin widths.")
    return spoken("\n".join([found, *(f"- {point}" for point in points)]))


def panels(assessment: Assessment, spikes: Recording | None, widths: Sequence[str], seed: int) -> list[Panel]:
    """The panels of a report on an assessment; with several bin widths, the values across them."""
    found = [_methods_panel(assessment), *_null_panel(assessment)]
    if spikes is not None and spikes.kind == SPIKES and len(widths) > 1:
        found.append(_bins_panel(assessment, spikes, widths, seed))
    found += _attribution_panel(assessment, seed)
    found += [_recording_panel(assessment.recording), _fine_print(assessment)]
    return found


def _methods_panel(assessment: Assessment) -> Panel:
    groups: dict[str, list[Any]] = {}
    for name, found in assessment.results.items():
        shown = per_second(found)
        if np.isfinite(shown.value):
            row = (name.replace("_", " "), shown.value, *shown.interval, name in assessment.findings)
            groups.setdefault(LABELS.get(shown.units, shown.units), []).append(row)
    head = ("method", "value", "units", f"{assessment.confidence:.0%} interval", "p", "p (Holm)", "kind", "beware")
    rows = tuple((row[0], row[1], per_second(assessment.results[row[0]]).units, *row[2:]) for row in assessment.rows())
    left_out = [f"Not used: {said}" for said in merged(assessment.obstacles)]
    silent = [f"{name} gave no value: {assessment.results[name].diagnostics[0]}" for name in assessment.unanswered]
    notes = tuple(map(spoken, (*assessment.warnings, *silent, *left_out)))
    caption = (
        "Filled and blue: tells the activity from a reversible one after correction for the number of tests, with an "
        "interval above zero. p is that of the null hypothesis that the process is reversible. Lower bounds may be far "
        "below the true value; estimates are as good as their model. Noise that is taken off may leave a value below "
        "zero; an interval holds what the entropy production can be."
    )
    count = sum(map(len, groups.values()))
    return Panel(
        "methods", "Entropy production, by method", caption, (),
        (lambda figure: draw_intervals(figure, groups)) if groups else None,
        (7.0, 0.9 * len(groups) + 0.36 * count + 0.3), (head, *rows), notes,
    )  # fmt: skip


def _null_panel(assessment: Assessment) -> list[Panel]:
    nulls = {}
    for name, found in assessment.results.items():
        values = found.details.get("null_values")
        if isinstance(values, np.ndarray) and values.size > 1 and np.isfinite(found.value):
            score = found.details.get("score")
            units = found.units if score is None else "score"
            nulls[name] = (values[np.isfinite(values)], float(found.value if score is None else score), units)
    if not nulls:
        return []
    caption = (
        "How each statistic scatters when blocks of the recording are turned round in time at random (grey), and where "
        "it lies in the recording as it was (line). Tests with a formula for their null have no histogram."
    )
    height = 2.5 * -(-len(nulls) // 3)
    return [Panel("null", "What a reversible process would have given", caption, (),
                  lambda figure: draw_nulls(figure, nulls), (7.0, height))]  # fmt: skip


def _bins_panel(assessment: Assessment, spikes: Recording, widths: Sequence[str], seed: int) -> Panel:
    name = _first(assessment, "maxent")
    data = across_bins(spikes, widths, name, confidence=assessment.confidence, seed=seed)
    caption = (
        f"{name}, with its {assessment.confidence:.0%} interval, for each bin width. A result that holds "
        "at one width only is not one; p-values at the single widths are not corrected for their number."
    )
    table = [("bin width (ms)", "nats per second", "interval", "p")]
    for width in range(data.sizes["width"]):
        at = data.isel(width=width)
        table.append(
            (
                f"{1e3 * float(at.width):g}", number(float(at.value), float(at.stderr)),
                f"[{float(at.low):.3g}, {float(at.high):.3g}]" if np.isfinite(at.low) else str(at.obstacle.values),
                p_text(float(at.p_value)),
            )
        )  # fmt: skip
    return Panel(
        "bins",
        "Across bin widths",
        caption,
        (),
        lambda figure: draw_across_bins(figure, data),
        (7.0, 3.0),
        tuple(table),
    )


def _first(assessment: Assessment, wanted: str) -> str:
    if wanted in assessment.results:
        return wanted
    return (*assessment.findings, *assessment.results)[0]


def _attribution_panel(assessment: Assessment, seed: int) -> list[Panel]:
    """Shares of channels and pairs, by a method that found something, without a warning where there is one.

    None by a method whose own checks reject it, or that takes states for Gaussian.
    """
    order = dict.fromkeys((*assessment.findings, *assessment.results))
    unfit = GAUSSIAN if assessment.recording.kind == STATES else ()
    able = [
        name for name in order
        if METHODS[name].attribution and np.isfinite(assessment.results[name].value) and name not in unfit
        and DISTRUSTED not in warnings_of(assessment.results[name])
    ]  # fmt: skip
    able.sort(key=lambda name: (name not in assessment.findings, warnings_of(assessment.results[name]) != ""))
    if not able or assessment.recording.size < 2:
        return []
    name = able[0]
    try:
        data = METHODS[name].attribution(assessment.recording, confidence=assessment.confidence, seed=seed)
    except (InputError, ArithmeticError, np.linalg.LinAlgError):
        return []
    data, part = _largest(data)
    data = _per_second(data, assessment.recording.required_rate())
    finding = name in assessment.findings
    marks = (
        "Blue bars and stars: q <= 0.05, corrected for the number of channels or pairs (Benjamini and Hochberg), and "
        "more than two standard errors from zero."
    )
    if not finding:
        marks = f"Not a finding: {name} does not tell the whole from a reversible process, and no part of it is marked."
    shown = (
        f"{part}{marks} Error bars: one standard error. A channel that is driven by what was not recorded is credited "
        "with the effect."
    )
    return [
        Panel(
            "attribution", f"Who takes part, by {name}", shown, (),
            lambda figure: draw_attribution(figure, data, "nats per second", judged=finding),
            (7.4, max(3.0, 0.16 * data.sizes["channel"])),
        )
    ]  # fmt: skip


def _largest(data: Any) -> tuple[Any, str]:
    """The channels with the largest shares, in their order, and a sentence where some are left out."""
    count = data.sizes["channel"]
    if count <= SHARES:
        return data, ""
    if "by_channel" in data:
        weight = np.abs(data["by_channel"].values)
    else:
        weight = np.nansum(np.abs(data["by_pair"].values), axis=1)
    kept = np.sort(np.argsort(-np.nan_to_num(weight), kind="stable")[:SHARES])
    chosen = {name: kept for name in ("channel", "partner") if name in data.dims}
    return data.isel(chosen), f"The {SHARES} of {count} channels with the largest shares. "


def _per_second(data: Any, rate: float) -> Any:
    """Shares and their errors per second; p and q as they are."""
    return data.assign({name: data[name] * rate for name in data.data_vars if not str(name).endswith(("_p", "_q"))})


def _recording_panel(recording: Recording) -> Panel:
    segment = recording.segments[0][:ROWS, :CHANNELS].astype(float)
    times = recording.support[0, 0] + np.arange(len(segment)) / recording.required_rate()
    names, events = recording.names[:CHANNELS], recording.kind == STATES and set(np.unique(segment)) <= {0.0, 1.0}
    part = f"The first {len(segment)} of {recording.samples} samples"
    channels = "" if recording.size <= CHANNELS else f", {CHANNELS} of {recording.size} channels"
    what = "bins with a spike are marked" if events else "each channel standardized"
    return Panel(
        "recording", "What was analysed", f"{part}{channels}; {what}. What was done to it:", (),
        lambda figure: draw_traces(figure, times, segment, names, events=events),
        (7.0, 1.0 + 0.2 * max(len(names), 5)), notes=(_size(recording), *recording.history),
    )  # fmt: skip


def _size(recording: Recording) -> str:
    return str(recording).splitlines()[0]


def _fine_print(assessment: Assessment) -> Panel:
    rows = [("method", "kind", "assumes", "misses")]
    rows += [
        (name, kind_of(name, found), METHODS[name].assumes, METHODS[name].misses)
        for name, found in assessment.results.items()
    ]
    caption = "A method that misses much may still be right in what it finds."
    return Panel("fine_print", "What each method assumes and misses", caption, (), None, table=tuple(rows))
