"""Is it an artefact? Halves, ripples left out, slow changes alone, shifts, shuffles, a planted arrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.estimate import Estimate
from neurothermo.irreversibility import attribution
from neurothermo.recordings import Recording
from neurothermo.recordings.clock import seconds
from neurothermo.recordings.epochs import without
from neurothermo.report import Row
from neurothermo.report.figures import FORWARD, OTHER, REVERSE
from neurothermo.studies.recordings2026 import controls
from neurothermo.studies.recordings2026.judged import (
    LEVEL,
    Family,
    Key,
    alike_backwards,
    rejected_seldom,
    tried,
    zero_on_average,
)
from neurothermo.studies.recordings2026.settings import PER_SECOND, Settings
from neurothermo.studies.rows import ruled

MAIN = "maxent"
EXACTLY = ("maxent", "uncertainty", "plugin")  # values that know nothing of the direction of time
SLOW = 0.5  # s: windows in which the order of spikes is lost, and slower changes are kept
SHARE, ALSO = 0.1, 0.2  # of spikes that are followed, in the planted arrow


@dataclass(frozen=True, eq=False)
class Controls:
    """What was found of the head-direction units with bins of one width.

    Parameters
    ----------
    parts : Family
        Halves of the epochs, and sleep without ripples.
    draws : mapping of str to (values, p-values)
        Of reversible or interaction-free versions of sleep.
    jitter : (values, p-values)
        Of versions of sleep with slow changes only.
    planted : Estimate or str
        A known arrow.
    backwards : tuple of Row
    pairs : str
        Which pairs of units it is from.
    """

    parts: Family
    draws: Mapping[str, tuple[Array, Array]]
    jitter: tuple[Array, Array]
    planted: Estimate | str
    backwards: tuple[Row, ...]
    pairs: str
    settings: Settings

    def rows(self, nulls: Any, places: Mapping[str, str]) -> list[Row]:
        """Unjudged ones of the parts, then those whose answer is known."""
        rows = self.parts.rows()
        values, p_values = self.jitter
        rows.append(Row(f"sleep, order within {SLOW:g} s lost", MAIN, float(values.mean()),
                        float(values.std(ddof=1) / np.sqrt(values.size)), units=PER_SECOND,
                        sentence=f"What slow changes alone give, mean of {values.size} draws; "
                        f"{int(np.sum(p_values <= LEVEL))} of them with p <= {LEVEL:g}."))  # fmt: skip
        rows.append(Row("pairs of units with q <= 0.05, sleep", MAIN, self._count(), sentence=self.pairs))
        for name, (values, p_values) in self.draws.items():
            rows.append(zero_on_average(name, MAIN, values, PER_SECOND))
            rows.append(rejected_seldom(f"{name}: share called irreversible", MAIN, p_values))
        for (place, state, width), values in nulls.items():
            if width == self.settings.width:
                rows.append(zero_on_average(f"{places[place]}, {state}, blocks reversed at random", MAIN, values,
                                            PER_SECOND))  # fmt: skip
        rows += self.backwards
        if isinstance(self.planted, Estimate):
            rows.append(ruled("p of a planted arrow", f"{MAIN}, {SHARE:.0%} of one unit's spikes followed by another's",
                              self.planted.p_value, (self.planted.p_value or 0.0) <= LEVEL and
                              self.planted.interval[0] > 0, sentence="Must be found."))  # fmt: skip
        return rows

    def _count(self) -> float:
        return float(self.pairs.split(" ", 1)[0])

    def sentence(self) -> str:
        """What the controls say, in words."""
        told = self.parts.findings
        halves = [name for name, _ in self.parts.tests if name.startswith("sleep, ") and "half" in name]
        found = [name for name in halves if (name, MAIN) in told]
        values, p_values = self.jitter
        rest = "is seen" if (("sleep without ripples", MAIN) in told) else "is not seen"
        return (
            f"With {self.settings.width} bins, of the head-direction units asleep: told from reversible in "
            f"{len(found)} of the 2 halves; without ripples it {rest}; with the order of spikes within {SLOW:g} s "
            f"lost, {int(np.sum(p_values <= LEVEL))} of {values.size} draws have p <= {LEVEL:g}, where slow drift "
            "would keep it."
        )

    def shown(self) -> tuple[list[str], list[Any], list[str], list[bool]]:
        """Names, values, colours and what is a finding, for the picture."""
        parts = {name: found for (name, _), found in self.parts.tests.items()}
        names = [*parts, "slow changes only", *self.draws]
        founds = [*parts.values(), self.jitter[0], *(values for values, _ in self.draws.values())]
        colors = [FORWARD if name.startswith("sleep") else REVERSE for name in parts]
        told = [key in self.parts.findings for key in self.parts.tests]
        more = len(names) - len(parts)
        return names, founds, colors + [OTHER] * more, told + [False] * more


def controls_of(sleep: Recording, wake: Recording, ripples: Any, settings: Settings) -> Controls:
    """All of them, with bins of the middle width."""
    width, seed = settings.width, settings.seed
    binned = sleep.bin(width)

    def draws(make: Any) -> tuple[Array, Array]:
        found = [tried(MAIN, make(seed + 1 + number), seed) for number in range(settings.trials)]
        answers = [one for one in found if isinstance(one, Estimate)]
        return np.array([one.value for one in answers]), np.array([one.p_value for one in answers])

    return Controls(
        _parts(sleep, wake, ripples, settings),
        {
            "sleep, trains shifted in time": draws(lambda number: controls.shifted(binned, number)),
            "sleep, intervals shuffled": draws(lambda number: controls.shuffled(sleep, number).bin(width)),
        },
        draws(lambda number: controls.jittered(sleep, SLOW, number).bin(width)),
        tried(MAIN, controls.planted(wake, SHARE, seconds(width, "width"), seed).bin(width), seed),
        _backwards({"sleep": binned, "wake": wake.bin(width)}, seed),
        _pairs(binned, seed),
        settings,
    )  # fmt: skip


def _parts(sleep: Recording, wake: Recording, ripples: Any, settings: Settings) -> Family:
    tests: dict[Key, Estimate | str] = {}
    for name, one in (("sleep", sleep), ("wake", wake)):
        start, stop = one.support[0, 0], one.support[-1, 1]
        middle = (start + stop) / 2
        for half, span in (("first half", (start, middle)), ("second half", (middle, stop))):
            tests[f"{name}, {half}", MAIN] = tried(MAIN, one.epoch(span).bin(settings.width), settings.seed)
    quiet = without(sleep, ripples, "ripples left out")
    tests["sleep without ripples", MAIN] = tried(MAIN, quiet.bin(settings.width), settings.seed)
    return Family(tests)


def _backwards(binned: Mapping[str, Recording], seed: int) -> tuple[Row, ...]:
    rows: list[Row] = []
    for name, one in binned.items():
        for method in EXACTLY:
            rows += alike_backwards(f"{name}, run backwards", method, one, seed)
    return tuple(rows)


def _pairs(binned: Recording, seed: int) -> str:
    """How many pairs, and the first of them."""
    data = attribution(binned, MAIN, seed=seed)
    first, second = np.triu_indices(binned.size, 1)
    shares = 2 * data["by_pair"].values[first, second] * binned.required_rate()
    sure = data["by_pair_q"].values[first, second] <= LEVEL
    most = int(np.argmax(shares))
    pair = f"{binned.names[first[most]]} and {binned.names[second[most]]}"
    return (
        f"{int(np.sum(sure))} of {len(shares)} pairs; the largest share, {shares[most]:.2g} {PER_SECOND}, is of {pair}."
    )
