"""One number, how sure we are of it, and what to do when we are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import floor, isfinite, isnan, log, log10, nan
from typing import Any

from neurothermo.core.checks import checked_number, checked_word, shown
from neurothermo.core.errors import InputError
from neurothermo.core.plain import plain

ENERGY = "energy units"
NATS = "nats"
KINDS = ("exact", "estimate", "lower bound")


@dataclass(frozen=True, eq=False)
class Estimate:
    """A measured, computed or inferred number with its uncertainty.

    Where there is no trustworthy value it is NaN, and `diagnostics` says in sentences what to do about
    it. Used in arithmetic or in a comparison it is its value: ``estimate - 2`` is a float.

    Parameters
    ----------
    value : float
        The number; NaN where there is none to be trusted.
    stderr : float
        Its standard error: 0 for an exact value, NaN where unknown.
    interval : (float, float)
        Confidence interval at level `confidence`; (NaN, NaN) where none can be trusted.
    confidence : float
        Nominal coverage of `interval`, in (0, 1).
    n : int or (int, int), optional
        How many trials went in; two numbers for a forward and a reverse set.
    ess : float, optional
        How many of them carry the answer (effective sample size).
    units : str
        "energy units", "nats", "bits", ...; a clock is named ("nats per sweep").
    temperature : float, optional
        k_B T in energy units, where the number has a temperature.
    method, kind : str
        How it was found; `kind` is "exact", "estimate" or "lower bound".
    p_value : float, optional
        Of the null hypothesis the method names.
    diagnostics : tuple of str
        Sentences a user should read.
    details : mapping
        Everything else, by name.
    rate : float, optional
        How many samples there are in a second, where the number is one per sample: `per_second` uses it.
    counted : str
        What `n` counts: "trials", "samples", ...
    """

    value: float
    stderr: float = nan
    interval: tuple[float, float] = (nan, nan)
    confidence: float = 0.95
    n: int | tuple[int, int] | None = None
    ess: float | None = None
    units: str = ""
    temperature: float | None = None
    method: str = ""
    kind: str = "estimate"
    p_value: float | None = None
    diagnostics: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)
    rate: float | None = None
    counted: str = "trials"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"kind must be one of {', '.join(KINDS)}, got {shown(self.kind)}")

    # -- reading it --------------------------------------------------------------------------------

    def __str__(self) -> str:
        if isnan(self.value):
            number = "no estimate"
        elif self.kind == "exact":
            number = f"{self.value:.10g}"
        else:
            number = _with_error(self.value, self.stderr)
        if self.kind == "lower bound" and not isnan(self.value):
            number = f"at least {number}"
        unit = self.units
        if self.temperature is not None:
            unit = ", ".join(filter(None, (unit.removeprefix("kT"), f"kT = {self.temperature:g}")))
        brackets = "; ".join(part for part in (unit, ", ".join(filter(None, (self.method, self._size())))) if part)
        text = f"{number} ({brackets})" if brackets else number
        return "\n  ".join([text, *self.diagnostics])

    def _size(self) -> str:
        if self.n is None:
            return ""
        if isinstance(self.n, tuple):
            first, second = self.n
            return f"2 x {first} {self.counted}" if first == second else f"{first} + {second} {self.counted}"
        return f"{self.n} {self.counted}"

    def __float__(self) -> float:
        return float(self.value)

    def to_dict(self) -> dict[str, Any]:
        """The estimate as plain JSON types; NaN and infinity become None."""
        return {
            "value": plain(self.value),
            "stderr": plain(self.stderr),
            "interval": [plain(bound) for bound in self.interval],
            "confidence": self.confidence,
            "n": list(self.n) if isinstance(self.n, tuple) else self.n,
            "counted": self.counted,
            "rate": plain(self.rate),
            "ess": plain(self.ess),
            "units": self.units,
            "temperature": self.temperature,
            "method": self.method,
            "kind": self.kind,
            "p_value": plain(self.p_value),
            "diagnostics": list(self.diagnostics),
            "details": {str(key): plain(value) for key, value in self.details.items()},
        }

    # -- units -------------------------------------------------------------------------------------

    def scaled(self, factor: float, units: str) -> Estimate:
        """The same estimate in other units: value, error and interval times `factor`."""
        factor = checked_number(factor, "factor")
        low, high = sorted(bound * factor for bound in self.interval)
        return replace(
            self,
            value=self.value * factor,
            stderr=self.stderr * abs(factor),
            interval=(low, high),
            units=units,
        )

    def in_kT(self) -> Estimate:
        """An energy in units of k_B T.

        Raises
        ------
        InputError
            If the estimate is not an energy or carries no temperature.
        """
        if self.units != ENERGY or self.temperature is None:
            raise InputError(f"in_kT() needs an energy with a temperature, got units {self.units!r}")
        return self.scaled(1 / self.temperature, "kT")

    def to(self, units: str) -> Estimate:
        """Nats to bits or bits to nats, any clock kept ("nats per sweep" becomes "bits per sweep").

        Raises
        ------
        InputError
            If either unit is not one of nats and bits, or the clocks differ.
        """
        checked_word(units, "units")
        have, _, clock = self.units.partition(" ")
        want, _, wanted_clock = units.partition(" ")
        factors = {("nats", "bits"): 1 / log(2), ("bits", "nats"): log(2), (want, want): 1.0}
        if {have, want} - {"nats", "bits"} or (wanted_clock and wanted_clock != clock):
            raise InputError(
                f"cannot convert {self.units!r} to {shown(units)}: only between nats and bits on one clock"
            )
        return self.scaled(factors[have, want], f"{want} {clock}".strip())

    @property
    def per_second(self) -> Estimate:
        """A number per sample as one per second: value, error and interval times `rate`.

        Raises
        ------
        InputError
            If the estimate is not one per sample, or its rate is not known.
        """
        quantity, _, clock = self.units.partition(" per ")
        if self.rate is None or clock != "sample":
            raise InputError(f"per_second needs a number per sample with a rate, got units {self.units!r}")
        return replace(self.scaled(self.rate, f"{quantity} per second"), rate=None)

    # -- numbers -----------------------------------------------------------------------------------

    def __add__(self, other: Any) -> float:
        return float(self) + float(other)

    def __sub__(self, other: Any) -> float:
        return float(self) - float(other)

    def __mul__(self, other: Any) -> float:
        return float(self) * float(other)

    def __truediv__(self, other: Any) -> float:
        return float(self) / float(other)

    def __radd__(self, other: Any) -> float:
        return float(other) + float(self)

    def __rsub__(self, other: Any) -> float:
        return float(other) - float(self)

    def __rmul__(self, other: Any) -> float:
        return float(other) * float(self)

    def __rtruediv__(self, other: Any) -> float:
        return float(other) / float(self)

    def __neg__(self) -> float:
        return -float(self)

    def __abs__(self) -> float:
        return abs(float(self))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Estimate):
            return self.to_dict() == other.to_dict()
        return bool(self.value == other)

    def __hash__(self) -> int:
        return hash(self.value)

    def __lt__(self, other: Any) -> bool:
        return float(self) < float(other)

    def __le__(self, other: Any) -> bool:
        return float(self) <= float(other)

    def __gt__(self, other: Any) -> bool:
        return float(self) > float(other)

    def __ge__(self, other: Any) -> bool:
        return float(self) >= float(other)


def no_estimate(sentence: str, **fields: Any) -> Estimate:
    """NaN with the sentence that says why, and what to do."""
    return Estimate(nan, diagnostics=(sentence,), **fields)


def _with_error(value: float, stderr: float) -> str:
    """`-0.881 ± 0.019`: the error to two digits, the value to the same place."""
    value += 0.0  # -0 is 0
    if not isfinite(stderr) or stderr <= 0 or not isfinite(value):
        return f"{value:.6g}" if not isfinite(stderr) else f"{value:.6g} ± {stderr:.2g}"
    digits = 1 - floor(log10(stderr))
    if float(f"{stderr:.{max(digits, 0)}f}") >= 10.0 ** (2 - digits):  # 0.0996 rounds up to 0.10
        digits -= 1
    if not -6 <= digits <= 7:
        return f"{value:.4g} ± {stderr:.2g}"
    if digits < 0:
        return f"{round(value, digits):.0f} ± {round(stderr, digits):.0f}"
    return f"{value:.{digits}f} ± {stderr:.{digits}f}"
