"""More units, more to see? A lower bound against the number of units drawn from one probe."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np

from neurothermo.core.estimate import Estimate
from neurothermo.core.resampling import generator
from neurothermo.recordings import Recording, datasets
from neurothermo.recordings.surrogates import block_reversals
from neurothermo.report import Panel, Row
from neurothermo.report.figures import FORWARD, OTHER
from neurothermo.studies.recordings2026 import controls
from neurothermo.studies.recordings2026.drawing import draw_band, draw_points, zero_line
from neurothermo.studies.recordings2026.judged import (
    TOLD,
    Family,
    Key,
    alike_backwards,
    rejected_seldom,
    tried,
    value_of,
    zero_on_average,
)
from neurothermo.studies.recordings2026.settings import PER_SECOND, Settings

WIDTH, SLOWEST, REFRACTORY = "10 ms", 1.0, "2 ms"
TWICE = ("103", "194", "316")  # the spikes of 102, 188 and 315, sorted twice
METHODS = {"maxent": FORWARD, "uncertainty": OTHER}
MANY = 20  # units above which fits are held out, and slow: in two folds there
NULLED = 10  # units up to which nulls are drawn
PER_UNIT = f"{PER_SECOND} and unit"


def figure_neuropixels(settings: Settings) -> Panel:
    """Random subsets of each size, two methods, nulls for the small ones."""
    good = datasets.neuropixels().select(minimum_rate=SLOWEST, refractory=REFRACTORY, exclude=list(TWICE))
    drifting = good.stationarity().details["drifting"]
    steady = (good.select(exclude=list(drifting)) if drifting else good).bin(WIDTH)
    subsets = _subsets(steady, settings)
    family = Family({
        (f"{size} units, subset {number + 1}", method): _per_unit(method, subset, size, settings.seed)
        for (size, number), subset in subsets.items() for method in METHODS
    })  # fmt: skip
    nulls = {
        (size, method): np.array([
            value_of(method, one, settings.seed) / size
            for one in block_reversals(subsets[size, 0], count=settings.trials, seed=settings.seed)
        ])
        for size in settings.sizes if size <= NULLED for method in METHODS
    }  # fmt: skip
    rows = [*_data_rows(good, steady), *family.rows(), *_means(family, settings), *_controls(subsets, nulls, settings)]

    def draw(figure: Any) -> None:
        axes = figure.subplots(1, 2, sharey=False)
        for one, method in zip(axes, METHODS, strict=True):
            _draw(one, method, family, nulls, settings)

    return Panel(
        "neuropixels", "Entropy production against the number of units", _caption(good, steady, settings), tuple(rows),
        draw, (9.4, 3.9), notes=(_concluded(family, settings), NOT_CONCLUDED),
    )  # fmt: skip


NOT_CONCLUDED = (
    "Not concluded: how entropy production grows with the number of units. Subsets of one probe share units and are "
    "not independent, held-out bounds of many units are next to nothing because 120 s are too short to learn so many "
    "pairs, and a bound that falls with the number of units is a fit that fails and no property of the brain. Area, "
    "subject and quality of the units are not known."
)


def _subsets(steady: Recording, settings: Settings) -> dict[tuple[int, int], Recording]:
    """Units drawn without replacement, each subset anew."""
    random, found = generator(settings.seed), {}
    for size, count in zip(settings.sizes, settings.subsets, strict=True):
        for number in range(count):
            chosen = np.sort(random.permutation(steady.size)[:size])
            found[size, number] = steady.select([steady.names[one] for one in chosen])
    return found


def _per_unit(method: str, subset: Recording, size: int, seed: int) -> Estimate | str:
    options = {"folds": 2} if method == "maxent" and size > MANY else {}
    found = tried(method, subset, seed, **options)
    if isinstance(found, str):
        return found
    low, high = found.interval
    return Estimate(
        found.value / size, found.stderr / size, (low / size, high / size), n=found.n, units=PER_UNIT,
        method=found.method, p_value=found.p_value, diagnostics=found.diagnostics,
    )  # fmt: skip


def _keys(family: Family, size: int, method: str) -> list[Key]:
    return [key for key in family.tests if key[0].startswith(f"{size} units") and key[1] == method]


def _data_rows(good: Recording, steady: Recording) -> list[Row]:
    verdict = good.stationarity()
    return [
        Row(
            "units above 1 spike a second, without gross violations of refractoriness",
            WIDTH,
            float(good.size),
            sentence=f"Without {', '.join(TWICE)}, each a unit that is there already: sorted twice.",
        ),
        Row("of these, units whose rates do not drift", WIDTH, float(steady.size), sentence=verdict.sentence),
    ]


def _means(family: Family, settings: Settings) -> list[Row]:
    """The mean over subsets and how they spread: no interval, for they share units."""
    rows = []
    for size in settings.sizes:
        for method in METHODS:
            found = [one for key in _keys(family, size, method) if isinstance(one := family.tests[key], Estimate)]
            values = np.array([one.value for one in found if np.isfinite(one.value)])
            if values.size:
                spread = float(values.std(ddof=1)) if values.size > 1 else nan
                rows.append(Row(f"{size} units, mean of {values.size} subsets", method, float(values.mean()), spread,
                                units=PER_UNIT, sentence="± is the standard deviation of subsets."))  # fmt: skip
    return rows


def _controls(subsets: dict[tuple[int, int], Recording], nulls: Any, settings: Settings) -> list[Row]:
    rows = []
    for (size, method), values in nulls.items():
        rows.append(zero_on_average(f"{size} units, blocks reversed at random", method, values, PER_UNIT))
    size = [one for one in settings.sizes if one <= NULLED][-1]
    subset = subsets[size, 0]
    for method in METHODS:
        found = [tried(method, controls.shifted(subset, settings.seed + one), settings.seed)
                 for one in range(settings.trials)]  # fmt: skip
        answers = [one for one in found if isinstance(one, Estimate)]
        name = f"{size} units, trains shifted in time"
        rows.append(zero_on_average(name, method, [one.value / size for one in answers], PER_UNIT))
        rows.append(rejected_seldom(f"{name}: share called irreversible", method, [one.p_value for one in answers]))
        rows += alike_backwards(f"{size} units, run backwards", method, subset, settings.seed)
    return rows


# -- what it says ----------------------------------------------------------------------------------


def _caption(good: Recording, steady: Recording, settings: Settings) -> str:
    return (
        f"{good.duration:.0f} s in bins of {WIDTH}; units drawn at random from the {steady.size} of {good.size} good "
        f"ones whose rates do not drift, {', '.join(map(str, settings.subsets))} times for "
        f"{', '.join(map(str, settings.sizes))} units. Value per unit with 95% intervals; filled where told from "
        f"reversible after correction for all of them; grey, the range of {settings.trials} draws with blocks turned "
        f"round at random (up to {NULLED} units). The maximum entropy bound is valued on data that it was not fitted "
        "to where parameters are many; the axis is linear near zero only."
    )


def _concluded(family: Family, settings: Settings) -> str:
    findings, said = set(family.findings), []
    for size in settings.sizes:
        for method in METHODS:
            keys = _keys(family, size, method)
            usable = [key for key in keys if isinstance(family.tests[key], Estimate)]
            if not usable:
                said.append(f"{size} units: {method} cannot be used")
            else:
                count = sum(key in findings for key in usable)
                said.append(f"{size} units: {TOLD} in {count} of {len(usable)} subsets by {method}")
    return f"Concluded: {'; '.join(said)}."


def _draw(axes: Any, method: str, family: Family, nulls: Any, settings: Settings) -> None:
    findings, least = set(family.findings), []
    places = range(len(settings.sizes))
    with_null = [place for place in places if (settings.sizes[place], method) in nulls]
    draw_band(axes, with_null, [nulls[settings.sizes[place], method] for place in with_null], "reversed blocks", 0.7)
    for place, size in zip(places, settings.sizes, strict=True):
        keys = _keys(family, size, method)
        if isinstance(family.tests[keys[0]], str):
            axes.annotate("not usable", (place, 0), (0, 8), textcoords="offset points", ha="center", fontsize=8)
        spots = place + np.linspace(-0.25, 0.25, len(keys)) if len(keys) > 1 else [place]
        founds = [family.tests[key] for key in keys]
        draw_points(axes, list(spots), founds, METHODS[method], "subset" if place == 0 else "",
                    [key in findings for key in keys])  # fmt: skip
        least += [found.interval[0] for found in founds if isinstance(found, Estimate)]
    zero_line(axes)
    if min(least, default=0.0) < -1:
        axes.set_yscale("symlog", linthresh=0.1)
    axes.set(title=method, xlabel="units", ylabel=PER_UNIT, xlim=(-0.6, len(settings.sizes) - 0.4))
    axes.set_xticks(list(places), labels=[str(size) for size in settings.sizes])
    axes.legend()
