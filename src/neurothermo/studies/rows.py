"""Rows of numbers that carry no sampling error."""

from __future__ import annotations

from math import nan
from typing import Any

from neurothermo.report import Row


def same(
    quantity: str, variant: str, value: Any, exact: Any, *, digits: float = 1e-9, scale: float = 0.0, units: str = "",
    expected: bool = True, sentence: str = "",
) -> Row:  # fmt: skip
    """Two numbers without sampling error: agreement within `digits` of the exact one, or of `scale` if that is more."""
    number, other = float(value), float(exact)
    near = bool(abs(number - other) <= digits * max(abs(other), scale))
    return Row(quantity, variant, number, nan, other, units, near, expected, sentence)


def ruled(quantity: str, variant: str, value: Any, holds: Any, *, exact: float = nan, units: str = "",
          expected: bool = True, sentence: str = "") -> Row:  # fmt: skip
    """A number with a verdict of its own."""
    return Row(quantity, variant, float(value), nan, exact, units, bool(holds), expected, sentence)
