"""Cortex and subthalamic nucleus of one patient: linear models, spectra, an index, at several sampling rates."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np

from neurothermo.core.estimate import Estimate
from neurothermo.recordings import Recording, datasets
from neurothermo.recordings.surrogates import symmetrized_spectra
from neurothermo.report import Panel, Row
from neurothermo.report.figures import FORWARD, OTHER, REVERSE
from neurothermo.studies.recordings2026.drawing import draw_band, draw_points, zero_line
from neurothermo.studies.recordings2026.judged import (
    TOLD,
    Family,
    Key,
    backwards_rows,
    of_surrogates,
    tried,
    value_of,
    warnings,
)
from neurothermo.studies.recordings2026.settings import PER_SECOND, Settings

COMPONENTS = 5
ALL, CORTEX, NUCLEUS = "cortex and nucleus", "cortex alone", "nucleus alone"
TYPES = {ALL: ["stn", "ecog"], CORTEX: ["ecog"], NUCLEUS: ["stn"]}
METHODS = {"gaussian": REVERSE, "spectral": FORWARD, "lagged_asymmetry": OTHER}
PAIRED = ("gaussian", "spectral")  # with a null of reversible surrogates, and a value per second


def figure_ecog(settings: Settings) -> Panel:
    """Values against the sampling rate, what reversible surrogates give, and parts of the electrodes."""
    sampled = {rate: _prepared(ALL, rate) for rate in settings.rates}
    parts = {part: _prepared(part, settings.rate) for part in (CORTEX, NUCLEUS)}
    tests: dict[Key, Estimate | str] = {
        (f"{ALL}, {rate}", method): _tested(method, one, settings)
        for rate, one in sampled.items() for method in METHODS
    }  # fmt: skip
    family = Family(tests)
    apart = Family({
        (f"{part}, {settings.rate}", "spectral"): _tested("spectral", one, settings) for part, one in parts.items()
    })  # fmt: skip
    nulls = {
        (rate, method): np.array([
            value_of(method, drawn, settings.seed)
            for drawn in symmetrized_spectra(one, count=settings.trials, seed=settings.seed)
        ])
        for rate, one in sampled.items() for method in METHODS
    }  # fmt: skip
    rows = [
        *_data_rows(sampled), *family.rows(), *apart.rows(), *_model_rows(family, settings),
        *_controls(sampled, family, nulls, settings),
    ]  # fmt: skip

    def draw(figure: Any) -> None:
        left, middle, right = figure.subplots(1, 3, width_ratios=[1.25, 1, 0.8])
        _draw_rates(left, PAIRED, family, nulls, settings)
        _draw_rates(middle, ("lagged_asymmetry",), family, nulls, settings)
        _draw_parts(right, family, apart, settings)

    return Panel(
        "ecog", "Cortex and subthalamic nucleus of one patient", _caption(sampled[settings.rate], settings),
        tuple(rows), draw, (10.0, 3.9), notes=(_concluded(family, apart, settings), NOT_CONCLUDED),
    )  # fmt: skip


NOT_CONCLUDED = (
    "Not concluded: a number for the entropy production of the tissue. Where the linear model's own checks reject "
    "it, its value is one of a model that does not fit, and it depends on the sampling rate, which that of the right "
    "model would not. The spectral value needs no such model, but is that of a Gaussian process with these spectra, "
    "of channels mixed by reference and volume conduction; different delays of amplifiers in cortex and nucleus "
    "would be an arrow of time as well, and the movement that the task asked for has a beginning and an end. "
    "Nineteen seconds of one patient say nothing of Parkinson's disease."
)


def _prepared(part: str, rate: str) -> Recording:
    """Chosen channels, filtered and resampled, standardized, principal components; movement is left out."""
    one = datasets.ecog_stn().select(type=TYPES[part]).resample(rate).standardize()
    return one.components(min(COMPONENTS, one.size))


def _tested(method: str, one: Recording, settings: Settings) -> Estimate | str:
    options = {"null": "surrogate", "surrogates": settings.surrogates} if method in PAIRED else {}
    return tried(method, one, settings.seed, **options)


def _data_rows(sampled: dict[str, Recording]) -> list[Row]:
    rows = []
    for rate, one in sampled.items():
        share = float(one.data["explained"].values.sum())
        rows.append(Row(f"variance in {one.size} components", rate, share, sentence=one.stationarity().sentence))
    return rows


def _model_rows(family: Family, settings: Settings) -> list[Row]:
    """Is it a linear process without memory? The method's own checks, and whether sampling matters."""
    rows = []
    for rate in settings.rates:
        found = family.tests[f"{ALL}, {rate}", "gaussian"]
        said = warnings(found)
        rows.append(Row("the linear model's checks", rate, nan, sentence=said or "No objection."))
    first, last = (family.tests[f"{ALL}, {rate}", "gaussian"] for rate in (settings.rates[0], settings.rates[-1]))
    if isinstance(first, Estimate) and isinstance(last, Estimate):
        rows.append(Row(f"gaussian, {settings.rates[-1]} minus {settings.rates[0]}", ALL, last.value - first.value,
                        float(np.hypot(last.stderr, first.stderr)), units=PER_SECOND,
                        sentence="In a linear process without memory sampling does not matter: this would be 0 but for "
                        "the frequencies that the filter takes away."))  # fmt: skip
    return rows


def _controls(sampled: dict[str, Recording], family: Family, nulls: Any, settings: Settings) -> list[Row]:
    rows = [
        of_surrogates(f"reversible surrogates, {rate}", method, values, PER_SECOND if method in PAIRED else "index",
                      family.tests[f"{ALL}, {rate}", method])
        for (rate, method), values in nulls.items()
    ]  # fmt: skip
    for rate, one in sampled.items():
        rows += backwards_rows(f"{ALL}, {rate}, run backwards", one, settings.seed)
    return rows


# -- what it says ----------------------------------------------------------------------------------


def _caption(one: Recording, settings: Settings) -> str:
    return (
        f"{one.duration:.1f} s, filtered against aliasing and resampled, standardized, movement channel left out, "
        f"first {one.size} principal components. 95% intervals; filled where told from reversible after correction "
        f"for all tests of the figure (electrodes apart: for the two); grey, the range of {settings.trials} "
        "reversible Gaussian surrogates with the same symmetrised spectra. Right: the electrodes apart, at "
        f"{settings.rate}."
    )


def _concluded(family: Family, apart: Family, settings: Settings) -> str:
    findings, said = set(family.findings), []
    for method in METHODS:
        rates = [rate for rate in settings.rates if (f"{ALL}, {rate}", method) in findings]
        said.append(f"{TOLD} by {method} at {', '.join(rates)}" if rates else f"nothing by {method}")
    for part in (CORTEX, NUCLEUS):
        sure = (f"{part}, {settings.rate}", "spectral") in apart.findings
        said.append(f"{part}: {TOLD if sure else 'nothing can be concluded'} by spectral")
    doubted = [rate for rate in settings.rates if warnings(family.tests[f"{ALL}, {rate}", "gaussian"])]
    valid = (
        f"The linear Langevin model is not valid here by its own checks (at {', '.join(doubted)}): its value is no "
        "entropy "
        "production of these data." if doubted else "The linear model's own checks do not object."
    )  # fmt: skip
    return f"Concluded: {'; '.join(said)}. {valid}"


def _draw_rates(axes: Any, methods: tuple[str, ...], family: Family, nulls: Any, settings: Settings) -> None:
    findings = set(family.findings)
    for number, method in enumerate(methods):
        places = np.arange(len(settings.rates)) + 0.26 * (number - (len(methods) - 1) / 2)
        keys = [(f"{ALL}, {rate}", method) for rate in settings.rates]
        draw_band(axes, list(places), [nulls[rate, method] for rate in settings.rates],
                  "" if number else "reversible surrogates", 0.2)  # fmt: skip
        draw_points(axes, list(places), [family.tests[key] for key in keys], METHODS[method], method.replace("_", " "),
                    [key in findings for key in keys])  # fmt: skip
    zero_line(axes)
    axes.set(xlabel="sampling rate", ylabel=PER_SECOND if methods == PAIRED else "index", title=ALL)
    axes.set_xticks(range(len(settings.rates)), labels=list(settings.rates))
    axes.margins(y=0.25)
    axes.legend(loc="upper left")


def _draw_parts(axes: Any, family: Family, apart: Family, settings: Settings) -> None:
    findings = {*family.findings, *apart.findings}
    tests = {**family.tests, **apart.tests}
    keys = [(f"{part}, {settings.rate}", "spectral") for part in TYPES]
    draw_points(axes, range(len(keys)), [tests[key] for key in keys], METHODS["spectral"], "spectral",
                [key in findings for key in keys])  # fmt: skip
    zero_line(axes)
    axes.set(ylabel=PER_SECOND, title=f"spectral, {settings.rate}", xlim=(-0.5, 2.5))
    axes.set_xticks(
        range(len(keys)), labels=[part.replace(" alone", "\nalone").replace(" and ", "\nand ") for part in TYPES]
    )
