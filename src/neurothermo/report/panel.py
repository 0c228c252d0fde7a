"""A panel of a report: one figure, what it shows, and the numbers beside their exact values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

from neurothermo.core.estimate import Estimate
from neurothermo.core.plain import plain
from neurothermo.core.verdict import Verdict

SIGMAS = 4.0


@dataclass(frozen=True)
class Row:
    """One number of a panel, and whether it is what theory says.

    Parameters
    ----------
    quantity : str
    variant : str
        "corrected", "as printed", or what else was varied.
    value, stderr : float
        The estimate and its standard error.
    exact : float
        What it should be; NaN where nothing exact is known.
    units : str
    verdict : bool or None
        Agreement with the exact value, or a theorem's verdict; None where it cannot be told.
    expected : bool
        What the verdict should be: False for a variant that is shown because it fails.
    sentence : str
        What to read beside the numbers.
    """

    quantity: str
    variant: str
    value: float
    stderr: float = nan
    exact: float = nan
    units: str = ""
    verdict: bool | None = None
    expected: bool = True
    sentence: str = ""

    @property
    def z(self) -> float:
        """(value - exact) / stderr; NaN where there is no error."""
        return (self.value - self.exact) / self.stderr if self.stderr > 0 else nan

    @property
    def as_expected(self) -> bool | None:
        """Whether the verdict is the expected one; None where there is none."""
        return None if self.verdict is None else self.verdict == self.expected

    @classmethod
    def compare(
        cls,
        quantity: str,
        variant: str,
        estimate: Estimate,
        exact: Any,
        *,
        expected: bool = True,
        sentence: str = "",
    ) -> Row:
        """An estimate against an exact value: agreement within four standard errors."""
        row = cls(quantity, variant, estimate.value, estimate.stderr, float(exact), estimate.units, None, expected)
        said = " ".join(filter(None, (sentence, *estimate.diagnostics)))
        verdict = None if isnan(row.z) else abs(row.z) <= SIGMAS
        return cls(quantity, variant, row.value, row.stderr, row.exact, row.units, verdict, expected, said)

    @classmethod
    def of_verdict(
        cls, quantity: str, variant: str, verdict: Verdict, *, units: str = "", expected: bool = True
    ) -> Row:
        """A theorem's verdict with its fitted number."""
        return cls(
            quantity, variant, verdict.slope, verdict.stderr, verdict.expected, units, verdict.passed, expected,
            verdict.sentence,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """The row as plain JSON types; NaN becomes None."""
        return {
            "quantity": self.quantity,
            "variant": self.variant,
            "estimate": plain(float(self.value)),
            "error": plain(float(self.stderr)),
            "exact": plain(float(self.exact)),
            "z": plain(float(self.z)),
            "units": self.units,
            "verdict": self.verdict,
            "expected_verdict": self.expected,
            "as_expected": self.as_expected,
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class Panel:
    """One figure of a report with its rows.

    `draw(figure)` draws on an empty matplotlib figure of `size` inches. `table` is text, its first row the head;
    `notes` are sentences, a point each.
    """

    name: str
    title: str
    caption: str
    rows: tuple[Row, ...]
    draw: Callable[[Any], None] | None = None
    size: tuple[float, float] = (7.0, 3.6)
    table: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The panel's numbers as plain JSON types."""
        return {
            "figure": self.name,
            "title": self.title,
            "caption": self.caption,
            "rows": [row.to_dict() for row in self.rows],
        }
