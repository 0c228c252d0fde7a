"""A number and what it cannot exceed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isfinite, isnan, nan
from typing import Any

from neurothermo.core.plain import plain

ROUNDING = 1e-9  # relative, by which a bound that is attained may seem to be passed


@dataclass(frozen=True)
class Bound:
    r"""The inequality :math:`|\text{rate}| \le \text{bound}`.

    Parameters
    ----------
    rate : float
        What is bounded: a rate, a mean current, a distance.
    bound : float
        What it cannot exceed; +inf where nothing forbids it.
    units, name : str
        Of both numbers; of the inequality.
    diagnostics : tuple of str
        Sentences a user should read.
    details : mapping
        What went into the bound, by name.
    """

    rate: float
    bound: float
    units: str = ""
    name: str = ""
    diagnostics: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def ratio(self) -> float:
        """|rate| / bound: 1 where the bound is attained; NaN where both vanish."""
        if self.bound == 0:
            return nan if self.rate == 0 else inf
        return abs(self.rate) / self.bound

    @property
    def holds(self) -> bool | None:
        """Whether it is obeyed; None where there is no rate."""
        if isnan(self.rate) or isnan(self.bound):
            return None
        return abs(self.rate) <= self.bound * (1 + ROUNDING) + 1e-300

    def __str__(self) -> str:
        relation = {True: "<=", False: "> (VIOLATED)", None: "?"}[self.holds]
        share = f"{100 * self.ratio:.3g} % of the bound" if isfinite(self.ratio) else ""
        brackets = "; ".join(filter(None, (self.units, self.name, share)))
        text = f"|{self.rate:.10g}| {relation} {self.bound:.10g} ({brackets})"
        return "\n  ".join([text, *self.diagnostics])

    def to_dict(self) -> dict[str, Any]:
        """The bound as plain JSON types; NaN and infinity become None."""
        return {
            "rate": plain(self.rate),
            "bound": plain(self.bound),
            "ratio": plain(self.ratio),
            "holds": self.holds,
            "units": self.units,
            "name": self.name,
            "diagnostics": list(self.diagnostics),
            "details": {str(key): plain(value) for key, value in self.details.items()},
        }
