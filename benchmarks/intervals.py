"""How often BAR's 95 % interval covers the truth (`benchmarks.coverage` has every estimator)."""

from __future__ import annotations

from benchmarks.coverage import coverage
from benchmarks.settings import Settings
from benchmarks.table import Row, quantity

TITLE = "Intervals: coverage of BAR's 95 % interval, Gaussian works, 500 a side"
LOW, HIGH = 0.93, 0.97


def rows(settings: Settings) -> list[Row]:
    """Asymptotic errors, at 1 and 3 kT of dissipated work."""
    measured = coverage(settings.pick(2000, 50), only=("BAR",), bootstrap_repeats=1, resamples=50)
    return [_row(one) for one in measured if one.errors == "asymptotic"]


def _row(one) -> Row:
    what = f"BAR, {one.dissipation:g} kT dissipated, {one.repeats} repeats"
    shown = f"{one.covered:.1%} ± {one.stderr:.1%}"
    row = quantity(what, one.covered, shown, stderr=one.stderr, without_interval=one.without_interval)
    return Row(
        row.what, row.ours, asked=f"{LOW:.0%} to {HIGH:.0%}", reached=LOW <= one.covered <= HIGH, numbers=row.numbers
    )
