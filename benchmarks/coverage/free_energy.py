"""How often a nominal interval of each free-energy estimator covers the truth, measured.

Works are a Crooks-exact Gaussian pair, W_F ~ N(dF + D, 2 D T) and W_R ~ N(-dF + D, 2 D T), with D the
dissipated work.

    python -m benchmarks.coverage [free-energy] [--repeats N] [--trials F R] [--dissipations KT ...]
                                  [--only ESTIMATOR ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import isnan, nan, sqrt
from typing import Any

import numpy as np

from neurothermo.core.estimate import Estimate
from neurothermo.free_energy import bar, crossing, cumulant, jarzynski

DIFFERENCE = 0.7  # dF in kT


@dataclass(frozen=True)
class Row:
    """What one estimator's intervals did: the share that covered, of those given, and the share not given."""

    estimator: str
    errors: str
    dissipation: float
    nominal: float
    covered: float
    without_interval: float
    bias: float
    repeats: int

    @property
    def stderr(self) -> float:
        """Binomial standard error of `covered`."""
        return sqrt(self.covered * (1 - self.covered) / self.given) if self.given else nan

    @property
    def given(self) -> int:
        """How many samples were given an interval."""
        return round(self.repeats * (1 - self.without_interval))


def gaussian_pair(
    random: np.random.Generator, dissipation: float, trials: tuple[int, int], difference: float = DIFFERENCE
) -> tuple[np.ndarray, np.ndarray]:
    """Forward and reverse works that obey Crooks' theorem exactly, T = 1."""
    width = sqrt(2 * dissipation)
    forward = difference + dissipation + width * random.standard_normal(trials[0])
    reverse = -difference + dissipation + width * random.standard_normal(trials[1])
    return forward, reverse


def contenders(resamples: int) -> Iterator[tuple[str, str, Callable[..., Estimate], bool]]:
    """Each estimator with its error method, as a function of both works; the last word: is it a bootstrap?"""
    for errors in ("asymptotic", "bootstrap"):
        slow = errors == "bootstrap"
        options: dict[str, Any] = {"errors": errors, "resamples": resamples, "temperature": 1.0}
        yield "BAR", f"{errors} (BCa)" if slow else errors, partial(bar, **options), slow
        yield (
            "Jarzynski",
            f"{errors} (studentised)" if slow else f"{errors} (skewness-corrected)",
            partial(_one_sided, jarzynski, **options),
            slow,
        )
        yield (
            "cumulant",
            f"{errors} (BCa)" if slow else errors,
            partial(_one_sided, cumulant, **options),
            slow,
        )
    for density in ("kernel", "histogram", "skew-normal"):
        options = {"density": density, "resamples": resamples, "temperature": 1.0}
        yield f"crossing ({density})", "bootstrap (percentile)", partial(crossing, **options), True


def _one_sided(estimator: Callable[..., Estimate], forward: np.ndarray, _: np.ndarray, **options: Any) -> Estimate:
    return estimator(forward, **options)


def coverage(
    repeats: int = 2000,
    *,
    dissipations: tuple[float, ...] = (1.0, 3.0),
    trials: tuple[int, int] = (500, 500),
    nominal: float = 0.95,
    resamples: int = 400,
    bootstrap_repeats: int | None = None,
    only: tuple[str, ...] = (),
    seed: int = 1,
) -> list[Row]:
    """Measured coverage: every estimator on the same works, repeat by repeat.

    `only` keeps the estimators so named; bootstraps are repeated `bootstrap_repeats` times, by default as
    often as the rest.
    """
    rows = []
    for dissipation in dissipations:
        for name, errors, estimate, slow in contenders(resamples):
            if only and name not in only:
                continue
            count = bootstrap_repeats if slow and bootstrap_repeats else repeats
            random = np.random.default_rng([seed, int(1000 * dissipation)])
            results = [estimate(*gaussian_pair(random, dissipation, trials), confidence=nominal) for _ in range(count)]
            rows.append(_row(name, errors, dissipation, nominal, results))
    return rows


def _row(name: str, errors: str, dissipation: float, nominal: float, results: list[Estimate]) -> Row:
    given = [result.interval for result in results if not isnan(result.interval[0])]
    values = [result.value for result in results if not isnan(result.value)]
    covered = [low <= DIFFERENCE <= high for low, high in given]
    return Row(
        estimator=name,
        errors=errors,
        dissipation=dissipation,
        nominal=nominal,
        covered=float(np.mean(covered)) if covered else nan,
        without_interval=1 - len(given) / len(results),
        bias=float(np.mean(values)) - DIFFERENCE if values else nan,
        repeats=len(results),
    )


def table(rows: list[Row]) -> str:
    """The rows in Markdown."""
    lines = [
        "| estimator | errors | dissipated work | nominal | covered | no interval | mean error | repeats |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        covered = f"{row.covered:.1%} ± {row.stderr:.1%}" if row.given >= 50 else f"too few ({row.given})"
        lines.append(
            f"| {row.estimator} | {row.errors} | {row.dissipation:g} kT | {row.nominal:.0%} | {covered} "
            f"| {row.without_interval:.1%} | {row.bias:+.3f} kT | {row.repeats} |"
        )
    return "\n".join(lines)


def report(repeats: int = 2000, **options: Any) -> str:
    """The table in Markdown, bootstraps with at most 1000 repeats; options as for `coverage`."""
    return table(coverage(repeats, bootstrap_repeats=min(repeats, 1000), **options))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.coverage free-energy", description="Coverage of free-energy intervals."
    )
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--trials", type=int, nargs=2, default=(500, 500), metavar=("FORWARD", "REVERSE"))
    parser.add_argument("--dissipations", type=float, nargs="+", default=(1.0, 3.0), metavar="KT")
    parser.add_argument("--only", nargs="+", default=(), metavar="ESTIMATOR")
    chosen = parser.parse_args(arguments)
    print(
        report(
            chosen.repeats,
            trials=tuple(chosen.trials),
            dissipations=tuple(chosen.dissipations),
            only=tuple(chosen.only),
        )
    )
    return 0
