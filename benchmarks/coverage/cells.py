"""A cell of the study: one method, many recordings of one system whose entropy production is known; what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isnan, nan, sqrt
from time import process_time
from typing import Any
from zlib import crc32

import numpy as np

from neurothermo.core.estimate import Estimate

LEVEL = 0.05
FULL = 2000  # repeats for which the numbers are asked; of fewer, bands are wider by two standard errors
COVERED, BIASED, SIZE, POWER = (0.93, 0.97), 0.1, (0.04, 0.06), 0.9
ABOVE, NEAR_ZERO = 0.025, 0.05  # intervals are one-sided at zero: there all of the 5 % is in the lower end


@dataclass(frozen=True)
class Answer:
    """What one recording gave: nats per sample, and processor time; NaN where there was nothing."""

    value: float
    low: float
    high: float
    p_value: float
    seconds: float


@dataclass(frozen=True, eq=False)
class Cell:
    """A method on a system.

    Parameters
    ----------
    method, system : str
    samples : int
        Of one recording.
    truth : float
        Nats per sample.
    runs : function of a number of repeats and a generator of random numbers
        Yields an `Answer` each.
    kind : str
        "estimate": the interval must cover the truth. "lower bound": it must not lie above it.
    share : float
        Of the repeats asked for, where a call is slow.
    tested : bool
        Whether the size is asked for where the truth is 0.
    power : bool
        Whether the power is asked for.
    """

    method: str
    system: str
    samples: int
    truth: float
    runs: Callable[[int, np.random.Generator], Iterator[Answer]]
    kind: str = "estimate"
    share: float = 1.0
    tested: bool = True
    power: bool = False

    @property
    def name(self) -> str:
        """Which cell it is, in files."""
        return f"{self.method}; {self.system}; n = {self.samples}"

    def repeats(self, asked: int) -> int:
        """How many of those asked for."""
        return max(2, round(asked * self.share))

    def measured(self, asked: int, seed: int = 1) -> Result:
        """Run it."""
        random = np.random.default_rng([seed, crc32(self.name.encode())])
        return self.judged(list(self.runs(self.repeats(asked), random)))

    def judged(self, answers: list[Answer]) -> Result:
        """What the answers show."""
        values, low, high, p, seconds = np.array(
            [(each.value, each.low, each.high, each.p_value, each.seconds) for each in answers]
        ).T
        values, given, tests = values[np.isfinite(values)], np.isfinite(low), p[np.isfinite(p)]
        rounding = 1e-9 * self.truth + 1e-12
        above = low[given] > self.truth + rounding
        covered = ~above & (high[given] >= self.truth - rounding)
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else nan
        return Result(
            self.method, self.system, self.samples, self.kind, self.truth, self.tested, self.power, len(answers),
            float(np.mean(values)) if len(values) else nan, spread,
            _mean(covered), _mean(above), _mean(tests <= LEVEL), 1 - float(given.mean()),
            float(np.nanmedian(seconds)) if np.isfinite(seconds).any() else nan,
        )  # fmt: skip


def _mean(hits: Any) -> float:
    return float(np.mean(hits)) if len(hits) else nan


@dataclass(frozen=True)
class Result:
    """What a cell showed.

    Parameters
    ----------
    mean, spread : float
        Of the values: the spread is the standard error that one recording has.
    covered, above : float
        Shares of intervals that hold the truth, and that lie above it.
    rejected : float
        Share of p-values up to 0.05.
    without_interval : float
    seconds : float
        Processor time of a call, the median.
    """

    method: str
    system: str
    samples: int
    kind: str
    truth: float
    tested: bool
    power: bool
    repeats: int
    mean: float
    spread: float
    covered: float
    above: float
    rejected: float
    without_interval: float
    seconds: float

    @property
    def name(self) -> str:
        """As of the cell."""
        return f"{self.method}; {self.system}; n = {self.samples}"

    @property
    def bias(self) -> float:
        """In standard errors of one recording."""
        return (self.mean - self.truth) / self.spread if self.spread else nan

    def error(self, share: float) -> float:
        """Binomial standard error of a share."""
        return sqrt(max(share * (1 - share), 0.0) / self.repeats)

    @property
    def asked(self) -> dict[str, bool]:
        """What is asked for, in words, and whether it is so."""
        found: dict[str, bool] = {}
        wide = self.repeats < FULL
        if self.kind == "estimate":
            found["covered 93-97 %"] = _inside(self.covered, COVERED, wide * 2 * self.error(0.95))
            found["bias below 0.1"] = abs(self.bias) < BIASED + wide * 2 / sqrt(self.repeats)
        else:
            most = ABOVE if self.truth > 2 * self.spread else NEAR_ZERO
            found[f"above at most {most:.1%}"] = self.above <= most + 2 * self.error(most)
        if self.truth == 0 and self.tested:
            found["size 4-6 %"] = _inside(self.rejected, SIZE, wide * 2 * self.error(LEVEL))
        if self.power:
            found["power 90 %"] = self.rejected >= POWER
        return found

    @property
    def reached(self) -> bool:
        """All of it."""
        return all(self.asked.values())


def _inside(share: float, band: tuple[float, float], wider: float) -> bool:
    return band[0] - wider <= share <= band[1] + wider


def called(method: Callable[..., Estimate], recording: Any, **options: Any) -> Answer:
    """A method's public function on a recording, timed."""
    start = process_time()
    found = method(recording, **options)
    spent = process_time() - start
    low, high = found.interval
    return Answer(found.value, low, high, nan if found.p_value is None else found.p_value, spent)


def table(results: list[Result]) -> str:
    """In Markdown; shares with their binomial standard errors."""
    lines = [
        "| method | system | samples | truth | bias | covered | above | rejected | a call | repeats | asked for |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in results:
        failed = [what for what, reached in one.asked.items() if not reached]
        verdict = "reached" if not failed else "NOT: " + ", ".join(failed)
        missing = f" ({one.without_interval:.1%} without)" if one.without_interval > 0 else ""
        lines.append(
            f"| {one.method} | {one.system} | {one.samples:,} | {one.truth:.3g} | {one.bias:+.3f} "
            f"| {_share(one, one.covered)}{missing} | {one.above:.1%} | {_share(one, one.rejected)} "
            f"| {_time(one.seconds)} | {one.repeats} | {verdict} |"
        )
    return "\n".join(lines)


def _share(one: Result, share: float) -> str:
    return "-" if isnan(share) else f"{share:.1%} ± {one.error(share):.1%}"


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.2g} s"
