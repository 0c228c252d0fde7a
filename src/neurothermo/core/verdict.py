"""Does a theorem hold in these data? Yes, no, or: these data cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan
from typing import Any

from neurothermo.core.plain import plain


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check.

    Parameters
    ----------
    passed : bool or None
        None where the data cannot tell.
    sentence : str
        The outcome in words, with what to do about it.
    slope, expected : float
        The fitted number that the theorem predicts, and its prediction.
    stderr : float
        Standard error of `slope`.
    p_value : float
        Of the theorem, as the null hypothesis.
    details : mapping
        Everything else, by name.
    """

    passed: bool | None
    sentence: str
    slope: float = nan
    expected: float = nan
    stderr: float = nan
    p_value: float = nan
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        word = {True: "holds", False: "FAILS", None: "cannot tell"}[self.passed]
        return f"{word}: {self.sentence}"

    def __bool__(self) -> bool:
        return self.passed is True

    def to_dict(self) -> dict[str, Any]:
        """The verdict as plain JSON types; NaN becomes None."""
        names = ("passed", "sentence", "slope", "expected", "stderr", "p_value", "details")
        return {name: plain(getattr(self, name)) for name in names}
