"""One fMRI scan: as many components as the volumes allow, and what could have been seen at all."""

from __future__ import annotations

from dataclasses import replace
from math import isqrt
from typing import Any

import numpy as np

from neurothermo.core.estimate import Estimate
from neurothermo.irreversibility import resolvable
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
    value_of,
    warnings,
    weaker,
)
from neurothermo.studies.recordings2026.settings import PER_SECOND, Settings

NUISANCE = ("WM", "Vent", "Brain")
FEWEST, PER_SQUARE = 3, 10  # components; samples for each squared component
METHODS = {"gaussian": REVERSE, "spectral": FORWARD, "lagged_asymmetry": OTHER, "fluctuation_dissipation": "#CC79A7"}
PAIRED = ("gaussian", "spectral")  # with a null of reversible surrogates, and a value per second
RANKED = "ranks"


def figure_bold(settings: Settings) -> Panel:
    """Methods against the number of components, and how large an effect would have had to be."""
    regions = datasets.bold().regress(list(NUISANCE))
    most = isqrt(regions.samples // PER_SQUARE)
    cut = {f"{count} components": regions.standardize().components(count) for count in range(FEWEST, most + 1)}
    cut[f"{most} components, {RANKED}"] = _ranked(regions).components(most)
    family = Family({(name, method): _tested(method, one, settings) for name, one in cut.items() for method in METHODS})
    seen = {name: resolvable(one) for name, one in cut.items()}
    nulls = {
        (name, method): np.array([value_of(method, drawn, settings.seed) for drawn in drawings])
        for name, one in cut.items()
        if (drawings := list(symmetrized_spectra(one, count=settings.trials, seed=settings.seed)))
        for method in METHODS
    }  # fmt: skip
    rows = [*_data_rows(regions, cut, seen), *family.rows(), *_warned(family), *_controls(cut, family, nulls, settings)]

    def draw(figure: Any) -> None:
        left, middle, right = figure.subplots(1, 3, width_ratios=[1.4, 1, 1])
        _draw(left, PAIRED, family, nulls, list(cut))
        left.plot(range(len(cut)), [one.value for one in seen.values()], "_", color="black", markersize=26,
                  markeredgewidth=1.6, label="smallest seen with power 0.8")  # fmt: skip
        left.legend(loc="upper left")
        _draw(middle, ("lagged_asymmetry",), family, nulls, list(cut))
        _draw(right, ("fluctuation_dissipation",), family, nulls, list(cut))

    return Panel(
        "bold", "One fMRI scan", _caption(regions, most, settings), tuple(rows), draw, (10.4, 4.0),
        notes=(_concluded(family, seen, most), NOT_CONCLUDED),
    )  # fmt: skip


NOT_CONCLUDED = (
    "Not concluded: that neurons are irreversible. Blood responds with a delay that differs between regions, slices "
    "of one volume are taken one after the other, and heads move: each gives an order in time that is none of "
    "neurons. The value of the linear model counts only where its checks do not object. Where nothing is told from "
    "reversible, an effect below the smallest that could be seen is not excluded. One scan of one subject says "
    "nothing of others."
)


def _ranked(regions: Recording) -> Recording:
    """Each region's values replaced by normal quantiles of their ranks: no outliers, and the same order in time."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    rows = np.concatenate(regions.segments)
    normal = ndtri((rankdata(rows, axis=0) - 0.5) / len(rows))
    data = regions.data.assign(values=(("time", "channel"), normal))
    return regions.noted("values replaced by normal quantiles of their ranks", data=data)


def _tested(method: str, one: Recording, settings: Settings) -> Estimate | str:
    if method not in PAIRED:
        return weaker(method, one, settings.seed)
    count = 2 * settings.surrogates + 1  # for more tests than in the other figures; the scan is short
    return weaker(method, one, settings.seed, null="surrogate", surrogates=count)


def _data_rows(regions: Recording, cut: dict[str, Recording], seen: dict[str, Estimate]) -> list[Row]:
    rows = [
        Row("volumes", "regions, nuisance regressed out", float(regions.samples), sentence=regions.history[-1] + ".")
    ]
    for name, one in cut.items():
        share = float(one.data["explained"].values.sum())
        rows.append(Row("variance explained", name, share, sentence=one.stationarity().sentence))
        rows.append(replace(Row("smallest entropy production seen with power 0.8", name, seen[name].value),
                            units=PER_SECOND, sentence=" ".join(seen[name].diagnostics)))  # fmt: skip
    return rows


def _warned(family: Family) -> list[Row]:
    """What the linear model says against itself."""
    return [
        Row("the linear model's checks", name, float("nan"), sentence=warnings(found) or "No objection.")
        for (name, method), found in family.tests.items() if method == "gaussian"
    ]  # fmt: skip


def _controls(cut: dict[str, Recording], family: Family, nulls: Any, settings: Settings) -> list[Row]:
    rows = [
        of_surrogates(f"{name}, reversible surrogates", method, values, PER_SECOND if method in PAIRED else "index",
                      family.tests[name, method])
        for (name, method), values in nulls.items()
    ]  # fmt: skip
    for name, one in cut.items():
        rows += backwards_rows(f"{name}, run backwards", one, settings.seed)
    return rows


# -- what it says ----------------------------------------------------------------------------------


def _caption(regions: Recording, most: int, settings: Settings) -> str:
    return (
        f"{regions.samples} volumes of {regions.size} regions, {', '.join(NUISANCE)} regressed out, principal "
        f"components: at most {most}, so that volumes are {PER_SQUARE} times their square. {RANKED.capitalize()}: "
        "each region's values made normal by their ranks, so that no outlier counts. Each test was made on the scan "
        "and on the scan run backwards, and the one with the larger p counts: they differ by where windows begin "
        "only. 95% intervals; filled where told from reversible after correction for all tests of the figure; grey, "
        f"the range of {settings.trials} reversible Gaussian surrogates. Bars: the smallest entropy production that "
        "so long a scan tells from zero in four of five cases."
    )


def _concluded(family: Family, seen: dict[str, Estimate], most: int) -> str:
    findings = family.findings
    if not findings:
        said = f"Nothing is {TOLD}: nothing can be concluded"
    else:
        said = f"Concluded: {TOLD}: {'; '.join(f'{name} by {method}' for name, method in findings)}"
    least = seen[f"{most} components"].value
    objects = [name for name, _ in findings if warnings(family.tests[name, "gaussian"])]
    doubt = " The linear model's checks object to it, so that there is no value in nats to rely on." if objects else ""
    return f"{said}. With {most} components {least:.2g} {PER_SECOND} could have been seen.{doubt}"


def _draw(axes: Any, methods: tuple[str, ...], family: Family, nulls: Any, names: list[str]) -> None:
    findings = set(family.findings)
    for number, method in enumerate(methods):
        places = np.arange(len(names)) + 0.26 * (number - (len(methods) - 1) / 2)
        keys: list[Key] = [(name, method) for name in names]
        draw_band(axes, list(places), [nulls[key] for key in keys], "" if number else "reversible surrogates", 0.2)
        draw_points(axes, list(places), [family.tests[key] for key in keys], METHODS[method], method.replace("_", " "),
                    [key in findings for key in keys])  # fmt: skip
    zero_line(axes)
    axes.set(ylabel=PER_SECOND if methods == PAIRED else "index", xlabel="components",
             title=" and ".join(methods).replace("_", " "))  # fmt: skip
    axes.set_xticks(range(len(names)), labels=[name.replace(" components", "").replace(", ", "\n") for name in names])
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.3 * (high - low))  # for the legend
