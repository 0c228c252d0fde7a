"""Bad input raises at the door: each check returns the clean value or says what came and what was expected."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.errors import InputError

Array = npt.NDArray[np.float64]


def checked_temperature(temperature: Any, name: str = "temperature") -> float:
    """One bath temperature, > 0 and finite, in energy units."""
    try:
        value = float(temperature)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be one number in energy units, got {_shown(temperature)}") from None
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"{name} must be positive and finite, got {value:g}")
    return value


def checked_temperatures(temperature: Any, size: int) -> float | Array:
    """One bath temperature, or one a neuron, shape (size,); all > 0 and finite."""
    if np.ndim(temperature) == 0:
        return checked_temperature(temperature)
    values = checked_array(temperature, "temperature", (size,))
    if np.any(values <= 0):
        raise InputError(f"temperature must be positive for every neuron, got a smallest value of {values.min():g}")
    return values


def checked_count(value: Any, name: str, least: int = 1) -> int:
    """A whole number that is at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise InputError(f"{name} must be a whole number, got {_shown(value)}")
    if value < least:
        raise InputError(f"{name} must be at least {least}, got {value}")
    return int(value)


def checked_array(values: Any, name: str, shape: tuple[int | None, ...] | None = None) -> Array:
    """A finite array of floats, of the given shape where one is given (None: any length)."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be an array of numbers, got {_shown(values)}") from None
    if shape is not None and (
        array.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, array.shape, strict=True))
    ):
        wanted = tuple("any" if length is None else length for length in shape)
        raise InputError(f"{name} must have shape {_shape(wanted)}, got {_shape(array.shape)}")
    if not np.all(np.isfinite(array)):
        raise InputError(
            f"{name} must be finite, got {int(np.sum(~np.isfinite(array)))} values that are NaN or infinite"
        )
    return array


def checked_spins(values: Any, name: str, size: int | None = None) -> npt.NDArray[np.int8]:
    """Rows of -1/+1, shape (rows, size)."""
    array = checked_array(values, name, (None, size))
    wrong = ~np.isin(array, (-1.0, 1.0))
    if np.any(wrong):
        raise InputError(f"{name} must hold -1 and +1 only, got {array[wrong][0]:g}")
    return array.astype(np.int8)


def checked_choice(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """One of a few words; the nearest is suggested."""
    if value not in choices:
        raise InputError(
            f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}{nearest(value, choices)}"
        )
    return value


def checked_fraction(value: Any, name: str) -> float:
    """A number strictly between 0 and 1."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a number between 0 and 1, got {_shown(value)}") from None
    if not 0 < number < 1:
        raise InputError(f"{name} must lie strictly between 0 and 1, got {number:g}")
    return number


def nearest(value: Any, choices: Any) -> str:
    """`; did you mean 'ramp'?`, or nothing."""
    close = get_close_matches(str(value), [str(choice) for choice in choices], n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _shape(shape: tuple[Any, ...]) -> str:
    return "(" + ", ".join(str(length) for length in shape) + ("," if len(shape) == 1 else "") + ")"
