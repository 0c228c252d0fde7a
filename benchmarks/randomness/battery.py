"""The battery: Dieharder (Marsaglia's Diehard, NIST's STS, Brown's and Bauer's own tests) over our streams, in a pipe.

A test draws many samples, each with a p-value of its own, and reduces them to one, by their distance from uniformity.
That distance, max |p_(i) - i / (n + 1)|, leaves out one side of each step of Kolmogorov's and Smirnov's, whose law it
is then looked up in: so Dieharder's p-values lie too high, by 0.22 on average for 10 samples and 0.06 for 100. They are
put right here by the law of that distance, simulated: `corrected`.

A statistic is weak where the corrected p < 0.005 or p > 0.995, which one in a hundred of a perfect generator's are, and
failed where Dieharder's own p < 10^-6 (corrected, it would be smaller still). A weak one is looked at again, on the
words that follow and with twice the samples (once more one, where one is all it takes), at most twice; the last look
says what it is. Left out are the tests that Dieharder itself calls suspect (opso, oqso, dna) or not to be used (sums).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.randomness.streams import SEED

WEAK, FAILED = 0.005, 1e-6
ROUNDS = 3  # of a statistic that stays weak


@dataclass(frozen=True)
class Test:
    """One of Dieharder's, by its number: `size` is its n-tuple or lag, `samples` how many samples of its own size."""

    number: int
    samples: int = 100
    size: int | None = None

    def command(self, again: int) -> list[str]:
        """Read raw words from standard input, exact Kolmogorov-Smirnov, one line a statistic."""
        shown = ("test_name", "ntuple", "tsamples", "psamples", "pvalues", "assessment")
        size = [] if self.size is None else ["-n", str(self.size)]
        fields = [word for name in shown for word in ("-D", name)]
        samples = str(self.samples * 2**again if self.samples > 1 else 1)  # two p-values are too few for its KS test
        return ["dieharder", "-g", "200", "-d", str(self.number), "-p", samples, "-k", "2", "-c", ",", *size, *fields]


# Dieharder's own sizes everywhere; fewer samples than its 100 (1000 for 201 and 204) where one test takes minutes
TESTS = (
    *(Test(number) for number in (0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 15, 16, 100, 101, 102)),
    Test(17, samples=20),
    *(Test(200, 20, size) for size in range(1, 13)),
    *(Test(201, 1000, size) for size in (2, 3, 4, 5)),
    *(Test(202, 100, size) for size in (2, 3, 4, 5)),
    *(Test(203, 10, lag) for lag in (0, 1, 3, 7, 15, 31)),
    Test(204, samples=100),
    *(Test(number, samples=1) for number in (205, 206, 207, 208, 209)),
)
QUICK = 16  # the first so many: Diehard's and NIST's, a fifth of the time


@dataclass(frozen=True)
class Statistic:
    """One statistic of one test: its p-values, the first and those of the looks again."""

    test: str
    ntuple: int
    samples: int
    pvalues: tuple[float, ...]

    @property
    def first(self) -> float:
        """The corrected p-value of the first look."""
        return corrected(self.pvalues[0], self.samples)

    @property
    def verdicts(self) -> tuple[str, ...]:
        """Of every look."""
        grown = (self.samples * 2**again if self.samples > 1 else 1 for again in range(len(self.pvalues)))
        return tuple(judged(pvalue, samples) for pvalue, samples in zip(self.pvalues, grown, strict=True))


def judged(pvalue: float, samples: int) -> str:
    """passed, weak or failed."""
    right = corrected(pvalue, samples)
    return "failed" if pvalue < FAILED else "weak" if min(right, 1 - right) < WEAK else "passed"


def corrected(pvalue: float, samples: int) -> float:
    """How often a perfect generator's p-value of that many samples is smaller than this one, as Dieharder has it."""
    if samples == 1:
        return pvalue  # handed on as it is
    from scipy.stats import kstwo

    law = _law(samples)
    larger = law.size - np.searchsorted(law, kstwo.isf(pvalue, samples))
    return float(larger + 0.5) / (law.size + 1)


@lru_cache
def _law(samples: int) -> np.ndarray:
    """20,000 distances that Dieharder would find between uniform samples and uniformity, sorted."""
    random, ranks = np.random.default_rng(samples), np.arange(1, samples + 1) / (samples + 1)
    return np.sort([np.abs(np.sort(random.random(samples)) - ranks).max() for _ in range(20_000)])


@dataclass(frozen=True)
class Battery:
    """What one stream got."""

    stream: str
    part: str
    statistics: tuple[Statistic, ...]
    bytes_read: int
    seconds: float
    tests: int
    seed: int = SEED

    @property
    def name(self) -> str:
        """Of the stream, and of the seed where it is another than that of the rest."""
        return self.stream if self.seed == SEED else f"{self.stream}, seed {self.seed}"

    @property
    def first(self) -> np.ndarray:
        """The corrected p-values of the first looks."""
        return np.array([statistic.first for statistic in self.statistics])

    def count(self, verdict: str, first: bool = False) -> int:
        """How many statistics passed, were weak or failed: in the end, or at first."""
        return [s.verdicts[0 if first else -1] for s in self.statistics].count(verdict)

    @property
    def uniformity(self) -> float:
        """The p-value of the corrected first ones' own Kolmogorov-Smirnov test (as if statistics were independent)."""
        from scipy.stats import kstest

        return float(kstest(self.first, "uniform").pvalue)


def available() -> bool:
    """Whether Dieharder is installed."""
    return shutil.which("dieharder") is not None


def run(
    stream: str, part: str = "all", tests: Sequence[Test] = TESTS, seed: int = SEED, say: Callable[[str], None] = print
) -> Battery:
    """All tests, one after the other, on one stream that goes on from test to test."""
    source = [sys.executable, "-m", "benchmarks.randomness", "--write", stream, "--part", part]
    source += ["--seed", str(seed)]
    began = time.perf_counter()
    found: list[Statistic] = []
    with subprocess.Popen(source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=False) as words:
        for test in tests:
            found += looked(test, lambda command: _lines(command, words.stdout), say)
        assert words.stdout is not None and words.stderr is not None
        words.stdout.close()
        read = int(words.stderr.read().split()[-1])
    return Battery(stream, part, tuple(found), read, time.perf_counter() - began, len(tests), seed)


def looked(test: Test, lines: Callable[[list[str]], list[Statistic]], say: Callable[[str], None]) -> list[Statistic]:
    """A test's statistics, those that are weak looked at again."""
    found = lines(test.command(0))
    for again in range(1, ROUNDS):
        weak = [k for k, statistic in enumerate(found) if statistic.verdicts[-1] == "weak"]
        more = lines(test.command(again)) if weak else []
        for k in weak:
            found[k] = replace(found[k], pvalues=found[k].pvalues + more[k].pvalues)
    for statistic in found:
        shown = ", ".join(f"{pvalue:.8f}" for pvalue in statistic.pvalues)
        say(f"{statistic.test:22s} {statistic.ntuple:4d}  {statistic.verdicts[-1]:6s}  p = {shown}")
    return found


def _lines(command: list[str], source: Any) -> list[Statistic]:
    done = subprocess.run(command, stdin=source, capture_output=True, text=True, check=True)
    return parsed(done.stdout)


def parsed(text: str) -> list[Statistic]:
    """What every line says: test, n-tuple, samples of a sample, samples, p-value, verdict."""
    rows = [[cell.strip() for cell in line.split(",")] for line in text.splitlines() if line.count(",") == 5]
    if not rows:
        raise ValueError(f"Dieharder said nothing that can be read: {text[:200]!r}")
    return [Statistic(name, int(size), int(samples), (float(p),)) for name, size, _, samples, p, _ in rows]


def save(battery: Battery, path: Path) -> None:
    """As JSON."""
    path.write_text(json.dumps(asdict(battery), indent=1) + "\n")


def load(path: Path) -> Battery:
    """What `save` wrote."""
    said = json.loads(path.read_text())
    statistics = tuple(Statistic(**{**one, "pvalues": tuple(one["pvalues"])}) for one in said.pop("statistics"))
    return Battery(statistics=statistics, **said)


HEADINGS = (
    "stream",
    "words",
    "statistics",
    "passed",
    "weak at first",
    "weak",
    "failed",
    "smallest p",
    "uniform",
    "read",
)


def table(batteries: Sequence[Battery]) -> str:
    """A Markdown table, one line a stream."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    for battery in batteries:
        smallest = min(statistic.pvalues[0] for statistic in battery.statistics)
        cells = (
            battery.name, {"all": "all 64 bits", "high": "high 32", "low": "low 32"}[battery.part],
            len(battery.statistics), battery.count("passed"), battery.count("weak", first=True), battery.count("weak"),
            battery.count("failed"), f"{smallest:.2g}" if smallest else "< 1e-8", f"{battery.uniformity:.2g}",
            f"{battery.bytes_read / 1e9:.0f} GB",
        )  # fmt: skip
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)
