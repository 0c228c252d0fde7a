"""Sleep against waking: head-direction cells and cells of the hippocampus of one mouse, over bin widths."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.estimate import Estimate
from neurothermo.irreversibility import across_bins, compare
from neurothermo.recordings import Recording, datasets
from neurothermo.recordings.clock import seconds
from neurothermo.recordings.surrogates import block_reversals
from neurothermo.report import Panel, Row
from neurothermo.report.figures import FORWARD, REVERSE
from neurothermo.studies.recordings2026.drawing import draw_band, draw_controls, draw_points, zero_line
from neurothermo.studies.recordings2026.judged import TOLD, Family, Key, value_of
from neurothermo.studies.recordings2026.settings import PER_SECOND, Settings
from neurothermo.studies.recordings2026.sleep_controls import Controls, controls_of

PLACES = {"adn": "7 head-direction units", "ca1": "8 hippocampal units"}
STATES = {"sleep": FORWARD, "wake": REVERSE}
METHODS = ("maxent", "uncertainty", "kinetic_ising", "plugin")
MAIN = "maxent"


def figure_sleep(settings: Settings) -> Panel:
    """Every unit group, epoch, bin width and method; differences; and controls of the one that was named beforehand."""
    spikes = {
        (place, state): datasets.head_direction().epoch(state).select(location=place)
        for place in PLACES for state in STATES
    }  # fmt: skip
    family = Family({
        key: found for (place, state), one in spikes.items() for method in METHODS
        for key, found in _over_widths(place, state, one, method, settings).items()
    })  # fmt: skip
    differences = Family({
        (f"{PLACES[place]}, sleep minus wake, {width}", MAIN): _difference(spikes, place, width, settings)
        for place in PLACES for width in settings.widths
    }, told="a difference", two_sided=True)  # fmt: skip
    nulls = {
        (place, state, width): np.array([
            value_of(MAIN, one, settings.seed)
            for one in block_reversals(spikes[place, state].bin(width), count=settings.trials, seed=settings.seed)
        ])
        for place, state in spikes for width in settings.widths
    }  # fmt: skip
    controls = controls_of(spikes["adn", "sleep"], spikes["adn", "wake"], _ripples(), settings)
    rows = [*family.rows(), *differences.rows(), *_steady(spikes), *controls.rows(nulls, PLACES)]

    def draw(figure: Any) -> None:
        (left, right), (below, last) = figure.subplots(2, 2)
        for axes, place in ((left, "adn"), (right, "ca1")):
            _draw_widths(axes, place, family, nulls, settings)
        _draw_methods(below, family, settings)
        draw_controls(last, *controls.shown())
        last.set(xlabel=f"{PER_SECOND}, {MAIN}, {settings.width}", title="controls, head-direction units")

    return Panel(
        "sleep", "Sleep against waking, in one mouse", _caption(settings), tuple(rows), draw, (9.6, 7.2),
        notes=(_concluded(family, differences, controls, settings), NOT_CONCLUDED),
    )  # fmt: skip


NOT_CONCLUDED = (
    "Not concluded: anything on mice in general (this is one session of one animal, asleep first and awake after); "
    "that waking is reversible (it is not told from reversible, which is less); which stage of sleep does it (600 s "
    "are taken as one); that the pairs themselves are coupled (cells that were not recorded may drive them); or how "
    "much entropy the network produces (the bounds are of what these few units show)."
)


def key_of(place: str, state: str, width: str, method: str) -> Key:
    """Of a test in the family of this figure."""
    return f"{PLACES[place]}, {state}, {width}", method


def _over_widths(place: str, state: str, one: Recording, method: str, settings: Settings) -> dict[Key, Estimate | str]:
    """What `across_bins` finds, as estimates."""
    options: dict[str, Any] = {"surrogates": 100 * settings.trials - 1} if method == "plugin" else {}
    data = across_bins(one, settings.widths, method, seed=settings.seed, **options)
    found: dict[Key, Estimate | str] = {}
    for width in settings.widths:
        row = data.isel(width=int(np.argmin(np.abs(data["width"].values - seconds(width, "widths")))))
        why = str(row["obstacle"].values)
        value, error, low, high, p = (float(row[name]) for name in ("value", "stderr", "low", "high", "p_value"))
        found[key_of(place, state, width, method)] = why or Estimate(
            value, error, (low, high), units=PER_SECOND, p_value=p, method=method
        )
    return found


def _difference(spikes: dict[tuple[str, str], Recording], place: str, width: str, settings: Settings) -> Estimate:
    """Sleep minus wake, cut to the same length."""
    return compare(spikes[place, "wake"], spikes[place, "sleep"], method=MAIN, width=width, seed=settings.seed)


def _ripples() -> Any:
    """Intervals, in seconds."""
    return np.asarray(datasets.head_direction().epochs["sleep_ripples"])


def _steady(spikes: dict[tuple[str, str], Recording]) -> list[Row]:
    """Whether rates drift: a row each, unjudged."""
    rows = []
    for (place, state), one in spikes.items():
        found = one.stationarity()
        rows.append(Row("p of steady rates", f"{PLACES[place]}, {state}", found.p_value or 0.0,
                        sentence=found.sentence))  # fmt: skip
    return rows


# -- what it says ----------------------------------------------------------------------------------


def _caption(settings: Settings) -> str:
    return (
        "Entropy production of binned spikes (a bin says whether there was a spike), 600 s of each state. Top: "
        f"{MAIN}, a lower bound, with 95% intervals; filled where it is told from reversible after correction for all "
        f"tests of the figure; grey, the range of {settings.trials} recordings whose blocks were turned round in time "
        f"at random. Lower left: all methods asleep. Lower right: controls with bins of {settings.width}, the middle "
        "of the range; dots are single draws."
    )


def _concluded(family: Family, differences: Family, controls: Controls, settings: Settings) -> str:
    said = []
    findings = family.findings
    for place, name in PLACES.items():
        for state in STATES:
            widths = [width for width in settings.widths if key_of(place, state, width, MAIN) in findings]
            if widths:
                said.append(f"the {name} are {TOLD} by {MAIN} in {state} at {', '.join(widths)}")
            else:
                said.append(f"of the {name} in {state} nothing can be concluded by {MAIN}")
    unlike = [key[0].split(", ", 1)[0] + " at " + key[0].rsplit(", ", 1)[1] for key in differences.findings]
    said.append(f"sleep differs from waking, cut to the same length, in {'; '.join(unlike) if unlike else 'none'}")
    return f"Concluded: {'; '.join(said)}. {controls.sentence()}"


# -- drawing ---------------------------------------------------------------------------------------


def _draw_widths(axes: Any, place: str, family: Family, nulls: Any, settings: Settings) -> None:
    findings, answers = set(family.findings), family.tests
    for number, (state, color) in enumerate(STATES.items()):
        keys = [key_of(place, state, width, MAIN) for width in settings.widths]
        places = np.arange(len(keys)) + 0.24 * (number - 0.5)
        draws = [nulls[place, state, width] for width in settings.widths]
        draw_band(axes, list(places), draws, "reversed blocks" if number else "", 0.17)
        draw_points(axes, list(places), [answers[key] for key in keys], color, state,
                    [key in findings for key in keys])  # fmt: skip
    zero_line(axes)
    axes.set(title=PLACES[place], xlabel="bin width", ylabel=f"{PER_SECOND}, {MAIN}")
    axes.set_xticks(range(len(settings.widths)), labels=list(settings.widths))
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.25 * (high - low))  # for the legend
    axes.legend(loc="upper left")


def _draw_methods(axes: Any, family: Family, settings: Settings) -> None:
    colors = {"maxent": FORWARD, "uncertainty": "#56B4E9", "kinetic_ising": "#009E73", "plugin": "#CC79A7"}
    findings, answers = set(family.findings), family.tests
    for number, method in enumerate(METHODS):
        keys = [key_of("adn", "sleep", width, method) for width in settings.widths]
        places = np.arange(len(keys)) + 0.17 * (number - 1.5)
        draw_points(axes, list(places), [answers[key] for key in keys], colors[method], method.replace("_", " "),
                    [key in findings for key in keys])  # fmt: skip
    zero_line(axes)
    axes.set(title=f"{PLACES['adn']}, sleep, all methods", xlabel="bin width", ylabel=PER_SECOND)
    axes.set_xticks(range(len(settings.widths)), labels=list(settings.widths))
    axes.legend()
