"""Bad input raises at the door: each check returns the clean value or says what came and what was expected."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.errors import InputError

Array = npt.NDArray[np.float64]
LARGEST_COUNT = 10**15


def checked_number(value: Any, name: str) -> float:
    """One finite real number; no strings, no truth values, nothing complex.

    Raises
    ------
    InputError
        If it is none.
    """
    if not isinstance(value, bool | np.bool | str | bytes | complex | np.complexfloating):
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            pass
        else:
            if np.isfinite(number):
                return number
            raise InputError(f"{name} must be finite, got {number:g}")
    raise InputError(f"{name} must be one number, got {_shown(value)}")


def checked_temperature(temperature: Any, name: str = "temperature") -> float:
    """One bath temperature, > 0 and finite, in energy units."""
    value = checked_number(temperature, name)
    if value <= 0:
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
    if value > LARGEST_COUNT:
        raise InputError(f"{name} must be at most {LARGEST_COUNT:.0e}, got {float(min(value, 10**300)):.0e}")
    return int(value)


def checked_array(values: Any, name: str, shape: tuple[int | None, ...] | None = None) -> Array:
    """A finite array of floats, of the given shape where one is given (None: any length)."""
    array = as_floats(values, name)
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


def as_floats(values: Any, name: str) -> Array:
    """A fresh array of floats, any shape, finite or not; only from real numbers.

    Raises
    ------
    InputError
        If there are strings, truth values, dates, complex numbers, masked entries, or rows of different lengths.
    """
    if isinstance(values, np.ma.MaskedArray):
        if np.ma.is_masked(values):
            raise InputError(f"{name} must not be masked: leave out what is not to be counted, or fill it")
        values = values.data
    try:
        raw = np.asarray(values)
        if raw.dtype.kind == "O" and not any(isinstance(item, str | bytes | bool) for item in raw.ravel()):
            raw = raw.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be an array of numbers, got {_shown(values)}") from None
    if raw.dtype.kind not in "iuf":
        raise InputError(f"{name} must be an array of numbers (real, no strings or truth values), got {_shown(values)}")
    return np.array(raw, dtype=np.float64)


def checked_spins(values: Any, name: str, size: int | None = None) -> npt.NDArray[np.int8]:
    """Rows of -1/+1, shape (rows, size)."""
    array = checked_array(values, name, (None, size))
    wrong = ~np.isin(array, (-1.0, 1.0))
    if np.any(wrong):
        raise InputError(f"{name} must hold -1 and +1 only, got {array[wrong][0]:g}")
    return array.astype(np.int8)


def checked_choice(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """One of a few words; the nearest is suggested."""
    if not isinstance(value, str) or value not in choices:
        raise InputError(
            f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}{nearest(value, choices)}"
        )
    return value


def checked_fraction(value: Any, name: str) -> float:
    """A number strictly between 0 and 1."""
    number = checked_number(value, name)
    if not 0 < number < 1:
        raise InputError(f"{name} must lie strictly between 0 and 1, got {number:g}")
    return number


def checked_flag(value: Any, name: str) -> bool:
    """True or False and nothing that passes for them."""
    if not isinstance(value, bool | np.bool):
        raise InputError(f"{name} must be true or false, got {_shown(value)}")
    return bool(value)


def nearest(value: Any, choices: Any) -> str:
    """`; did you mean 'ramp'?`, or nothing."""
    close = get_close_matches(str(value), [str(choice) for choice in choices], n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _shape(shape: tuple[Any, ...]) -> str:
    return "(" + ", ".join(str(length) for length in shape) + ("," if len(shape) == 1 else "") + ")"
