"""What `assess` found: results, obstacles, a table and one paragraph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from neurothermo.core.estimate import Estimate
from neurothermo.core.verdict import Verdict
from neurothermo.irreversibility.conclusion import conclusion, short, warnings_of
from neurothermo.irreversibility.methods import INDEX, METHODS
from neurothermo.recordings.recording import Recording

HEAD = ("method", "per second", "interval", "p", "p (Holm)", "kind", "beware")


@dataclass(frozen=True, eq=False)
class Assessment:
    """Several methods' answers on one recording.

    Parameters
    ----------
    recording : Recording
        What was analysed.
    results : mapping of str to Estimate
        By method, in nats per sample (indices without units).
    obstacles : mapping of str to str
        Why the others could not be used.
    stationarity : Verdict
    confidence : float
        Of the intervals.
    """

    recording: Recording
    results: Mapping[str, Estimate]
    obstacles: Mapping[str, str]
    stationarity: Verdict
    confidence: float

    @property
    def corrected(self) -> dict[str, float]:
        """p-values after Holm's correction for all methods that gave one."""
        given = {name: found.p_value for name, found in self.results.items() if found.p_value is not None}
        return holm({name: p for name, p in given.items() if isfinite(p)})

    @property
    def findings(self) -> tuple[str, ...]:
        """Methods that tell the activity from a reversible one: corrected p <= 1 - confidence, interval above 0."""
        return tuple(
            name for name, p in self.corrected.items()
            if p <= 1 - self.confidence and self.results[name].interval[0] > 0
        )  # fmt: skip

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Methods that could be used and found no value to be trusted."""
        return tuple(name for name, found in self.results.items() if not isfinite(found.value))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What methods that gave a value say of these data."""
        given = ((name, found) for name, found in self.results.items() if isfinite(found.value))
        return tuple(f"{name} warns: {said}" for name, found in given if (said := warnings_of(found)))

    @property
    def conclusion(self) -> tuple[str, ...]:
        """What can and cannot be concluded: what was found, then the points to mind, one a string."""
        return conclusion(
            self.recording, self.results, self.corrected, self.findings, self.stationarity, self.confidence
        )

    @property
    def paragraph(self) -> str:
        """The conclusion as text: what was found, and a line for each point to mind."""
        found, *points = self.conclusion
        return "\n".join([found, *(f"- {point}" for point in points)])

    @property
    def table(self) -> Any:
        """The results as an xarray.Dataset on `method`; entropy productions in nats per second, indices as they are."""
        import xarray

        shown = {name: per_second(found) for name, found in self.results.items()}
        columns = {
            "value": [found.value for found in shown.values()],
            "stderr": [found.stderr for found in shown.values()],
            "low": [found.interval[0] for found in shown.values()],
            "high": [found.interval[1] for found in shown.values()],
            "p_value": [nan if found.p_value is None else found.p_value for found in shown.values()],
            "p_holm": [self.corrected.get(name, nan) for name in shown],
        }
        words = {
            "kind": [kind_of(name, found) for name, found in self.results.items()],
            "units": [found.units for found in shown.values()],
        }
        coords = {"method": list(shown), **{name: ("method", values) for name, values in words.items()}}
        return xarray.Dataset(
            {name: ("method", values) for name, values in columns.items()},
            coords=coords,
            attrs={"confidence": self.confidence, "long_name": "entropy production per second, or an index"},
        )

    def rows(self) -> list[tuple[str, ...]]:
        """The table as text, one row a method."""
        return [
            (
                name, number(found.value, found.stderr), bracket(found.interval), p_text(found.p_value),
                p_text(self.corrected.get(name)), kind_of(name, found), METHODS[name].caveat,
            )
            for name, found in ((name, per_second(found)) for name, found in self.results.items())
        ]  # fmt: skip

    def __str__(self) -> str:
        head = (HEAD[0], "value", "units", f"{self.confidence:.0%} interval", *HEAD[3:])
        units = [per_second(found).units for found in self.results.values()]
        rows = [(*row[:2], unit, *row[2:]) for row, unit in zip(self.rows(), units, strict=True)]
        lines = aligned([head, *rows])
        left_out = [f"not used: {said}" for said in merged(self.obstacles)]
        silent = [f"no answer: {name}: {self.results[name].diagnostics[0]}" for name in self.unanswered]
        return "\n".join([*lines, *silent, *left_out, *self.warnings, "", self.paragraph])

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON types."""
        return {
            "results": {name: found.to_dict() for name, found in self.results.items()},
            "per_second": {name: per_second(found).to_dict()["value"] for name, found in self.results.items()},
            "p_holm": self.corrected,
            "findings": list(self.findings),
            "obstacles": dict(self.obstacles),
            "stationarity": self.stationarity.to_dict(),
            "confidence": self.confidence,
            "paragraph": self.paragraph,
            "conclusion": list(self.conclusion),
        }


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """p-values corrected for their number, so that the chance of one false finding or more stays at the level.

    References
    ----------
    Holm, Scand. J. Stat. 6, 65 (1979).
    """
    corrected, largest = {}, 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        corrected[name] = largest
    return {name: corrected[name] for name in p_values}


def per_second(found: Estimate) -> Estimate:
    """An entropy production per second; an index as it is."""
    return found if found.rate is None else found.per_second


def kind_of(name: str, found: Estimate) -> str:
    """ "estimate", "lower bound" or "index"."""
    return INDEX if METHODS[name].kind == INDEX else found.kind


def number(value: float, stderr: float) -> str:
    """`0.41 ± 0.02`, as an estimate prints."""
    return "none" if not isfinite(value) else str(Estimate(value, stderr)).strip()


def unprefixed(name: str, sentence: str) -> str:
    """A sentence without the method's name before it."""
    return sentence.removeprefix(name).removeprefix(":").lstrip()


def merged(obstacles: Mapping[str, str]) -> list[str]:
    """Each sentence once, after the names of all methods it is said of."""
    names: dict[str, list[str]] = {}
    for name, why in obstacles.items():
        names.setdefault(unprefixed(name, why).rstrip(". "), []).append(name)
    return [f"{', '.join(group)}: {why}" for why, group in names.items()]


def bracket(interval: tuple[float, float]) -> str:
    """`[0.38, 0.45]`."""
    low, high = interval
    return "none" if not isfinite(low) else f"[{short(low)}, {short(high)}]"


def p_text(p_value: float | None) -> str:
    """`0.03`; small ones as a power of ten."""
    if p_value is None or not isfinite(p_value):
        return "none"
    if p_value < 1e-99:
        return "< 1e-99"
    return f"{p_value:.2g}" if p_value >= 1e-4 else f"{p_value:.0e}"


def aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Columns of text under each other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
