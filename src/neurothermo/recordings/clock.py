"""Durations and rates with their units: `"10 ms"`, `"1.89s"`, `"200 Hz"`; a float is in seconds or in hertz."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_number
from neurothermo.core.errors import InputError

SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
HERTZ = {"mHz": 1e-3, "Hz": 1.0, "kHz": 1e3, "MHz": 1e6}
_QUANTITY = re.compile(r"\s*([-+0-9.eE]+)\s*([A-Za-zµμ]*)\s*")


def seconds(value: Any, name: str) -> float:
    """A positive duration in seconds, of a float (seconds) or of words like "10 ms".

    Raises
    ------
    InputError
        If it is not positive, or words carry no unit: units are never guessed.
    """
    return _quantity(value, name, SECONDS, "10 ms")


def hertz(value: Any, name: str) -> float:
    """A positive rate in hertz, of a float (hertz) or of words like "1 kHz".

    Raises
    ------
    InputError
        If it is not positive, or words carry no unit.
    """
    return _quantity(value, name, HERTZ, "200 Hz")


def in_seconds(values: Any) -> Any:
    """Times that carry a unit of their own (of quantities, of NumPy's timedelta64) in seconds; others as they are.

    Raises
    ------
    InputError
        If the unit is not one of time, or a timedelta is not a time.
    """
    if _has_unit(values):
        return np.asarray(_rescaled(values, "s", "times"), dtype=np.float64)
    array = np.asarray(values) if isinstance(values, np.ndarray | np.generic) else values
    if isinstance(array, np.ndarray) and array.dtype.kind == "m":
        if np.any(np.isnat(array)):
            raise InputError("times must not be NaT")
        return array / np.timedelta64(1, "s")
    return values


def _has_unit(value: Any) -> bool:
    return any(base.__module__.split(".")[0] == "quantities" for base in type(value).__mro__)


def _rescaled(value: Any, unit: str, name: str) -> Any:
    try:
        return value.rescale(unit).magnitude
    except ValueError:
        raise InputError(f"{name} must be in units of {unit}, got {value.dimensionality.string}") from None


def shown_seconds(duration: float) -> str:
    """`10 ms`, `1.89 s`: the unit a reader would choose."""
    for unit in ("s", "ms", "us"):
        if duration >= SECONDS[unit]:
            return f"{duration / SECONDS[unit]:.4g} {unit}"
    return f"{duration:.3g} s"


def _quantity(value: Any, name: str, units: dict[str, float], example: str) -> float:
    if isinstance(value, str):
        found = _QUANTITY.fullmatch(value)
        if not found or found[2] not in units:
            raise InputError(
                f"{name} must be a number with one of the units {', '.join(units)}, for example {example!r}, "
                f"got {value!r}"
            )
        try:
            number = float(found[1]) * units[found[2]]
        except ValueError:
            raise InputError(f"{name} must be a number with a unit, for example {example!r}, got {value!r}") from None
    else:
        unit = next(symbol for symbol, factor in units.items() if factor == 1.0)
        if _has_unit(value):  # as a bare number it would lose its unit
            value = _rescaled(value, unit, name)
        elif unit == "s":
            value = in_seconds(value)
        number = checked_number(value, name)
    if not 0 < number < float("inf"):
        raise InputError(f"{name} must be positive, got {value!r}")
    return number
