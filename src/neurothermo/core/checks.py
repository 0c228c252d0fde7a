"""Bad input raises at the door: each check returns the clean value or says what came and what was expected."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.errors import InputError

Array = npt.NDArray[np.float64]
LARGEST_COUNT = 10**15
NO_NUMBERS = (str, bytes, bytearray, bool, np.bool, complex, np.complexfloating, np.datetime64, np.timedelta64)
HUGE = 1e60  # whose fifth power is still a float
TINY = 1e-60
LARGEST_SINGLE = 1e30  # that single precision holds with some room
_MASKED = frozenset((np.ma.MaskedArray, type(np.ma.masked))).__contains__
LONGEST = 60  # letters of a value, in a sentence


def checked_number(value: Any, name: str) -> float:
    """One finite real number; no strings, no truth values, nothing complex.

    Raises
    ------
    InputError
        If it is none.
    """
    kind = getattr(getattr(value, "dtype", None), "kind", "f")  # float() takes arrays of one word or truth value, too
    if kind == "O" and isinstance(value, np.ndarray) and value.ndim == 0:
        return checked_number(value.item(), name)
    whole = kind in ("i", "u", "f") and not getattr(value, "shape", ()) and not np.ma.is_masked(value)
    if whole and not isinstance(value, bool | str | bytes | bytearray | memoryview | complex):
        try:
            number = float(value)
        except Exception:  # a stranger's class may fail in any way
            pass
        else:
            if np.isfinite(number):
                return number
            raise InputError(f"{name} must be finite, got {number:g}")
    raise InputError(f"{name} must be one number, got {shown(value)}")


def checked_positive(value: Any, name: str) -> float:
    """One finite number > 0."""
    number = checked_number(value, name)
    if number <= 0:
        raise InputError(f"{name} must be positive, got {number:g}")
    return number


def checked_range(value: Any, name: str, least: float = 0.0) -> Any:
    """The numbers as they are, none beyond `HUGE` in size nor, of what is divided by, below 1/`HUGE`.

    Products of a few such numbers are numbers too: what is nearer to the end of arithmetic is no quantity in any unit.
    """
    values = np.asarray(value)
    largest = max(values.max(initial=0.0), -values.min(initial=0.0))  # of what may be large, no copy is made
    smallest = np.abs(values).min(initial=HUGE) if least else least
    if largest > HUGE or smallest < least:
        wanted = f"between {least:g} and {HUGE:g}" if least else f"at most {HUGE:g}"
        off = largest if largest > HUGE else smallest
        raise InputError(f"{name} must be {wanted} in size, got {off:g}: take other units")
    return value


def check_single(numbers: Any, what: str) -> None:
    """Refuse positive numbers that single precision does not hold, or not the inverse of."""
    sizes = np.asarray(numbers)
    if not np.all((sizes >= 1 / LARGEST_SINGLE) & (sizes <= LARGEST_SINGLE)):
        worst = sizes.flat[np.argmax(np.abs(np.log(np.maximum(sizes, 1e-300))))]
        raise InputError(
            f"{what} must lie between {1 / LARGEST_SINGLE:g} and {LARGEST_SINGLE:g} to be simulated, got {worst:g}"
        )


def checked_temperature(temperature: Any, name: str = "temperature") -> float:
    """One bath temperature, > 0 and finite, in energy units."""
    value = checked_number(temperature, name)
    if value <= 0:
        raise InputError(f"{name} must be positive and finite, got {value:g}")
    return value


def checked_temperatures(temperature: Any, size: int) -> float | Array:
    """One bath temperature, or one a neuron, shape (size,); all > 0 and finite."""
    if not shape_of(temperature, "temperature"):
        return checked_temperature(temperature)
    values = checked_array(temperature, "temperature", (size,))
    if np.any(values <= 0):
        raise InputError(f"temperature must be positive for every neuron, got a smallest value of {values.min():g}")
    return values


def checked_count(value: Any, name: str, least: int = 1) -> int:
    """A whole number that is at least `least`."""
    if isinstance(value, bool | np.timedelta64) or not isinstance(value, int | np.integer):
        raise InputError(f"{name} must be a whole number, got {shown(value)}")
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


def shape_of(values: Any, name: str) -> tuple[int, ...]:
    """() of one number, else the shape of an array: what NumPy's own `shape` and `ndim` ask of input from outside.

    Raises
    ------
    InputError
        If there are rows of different lengths, which have no shape, or masked entries.
    """
    return as_they_come(values, f"{name} must be a number or an array of numbers").shape


def as_they_come(values: Any, sentence: str) -> Any:
    """An array of whatever it is of; `sentence` begins the refusal.

    Raises
    ------
    InputError
        If it is none: there are masked entries, rows of different lengths, or it fails in a way of its own.
    """
    items = values if isinstance(values, list | tuple) else (values,)
    if any(map(_MASKED, map(type, items))) and any(map(np.ma.is_masked, items)):
        raise InputError(f"{sentence} that are not masked: leave out what is not to be counted, or fill it")
    try:
        return np.asarray(values)
    except MemoryError:
        raise
    except Exception:  # of rows of different lengths, and of a stranger's class in any way
        raise InputError(f"{sentence}, got {shown(values)}") from None


def as_floats(values: Any, name: str) -> Array:
    """A fresh array of floats, any shape, finite or not; only from real numbers.

    Raises
    ------
    InputError
        If there are strings, truth values, dates, complex numbers, masked entries, or rows of different lengths.
    """
    raw = as_they_come(values, f"{name} must be an array of numbers")
    try:
        if raw.dtype.kind == "O" and not any(isinstance(item, NO_NUMBERS) for item in raw.ravel()):
            raw = raw.astype(np.float64)
    except MemoryError:
        raise
    except Exception:  # as above
        raise InputError(f"{name} must be an array of numbers, got {shown(values)}") from None
    if raw.dtype.kind not in "iuf":
        raise InputError(f"{name} must be an array of numbers (real, no strings or truth values), got {shown(values)}")
    with np.errstate(over="ignore"):  # of longer floats: infinite then, which is seen
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
            f"{name} must be one of {', '.join(map(repr, choices))}, got {shown(value)}{nearest(value, choices)}"
        )
    return value


def checked_word(value: Any, name: str) -> str:
    """Text, as names and labels are."""
    if not isinstance(value, str):
        raise InputError(f"{name} must be a word or a text, got {shown(value)}")
    return value


def checked_sparse_form(matrix: Any, name: str, kinds: str = "biuf") -> Any:
    """A matrix of scipy.sparse as it is: of real numbers, with rows and columns."""
    if matrix.ndim != 2:
        raise InputError(f"{name} must be a matrix, got a sparse array of shape {_shape(matrix.shape)}")
    if matrix.dtype.kind not in kinds:
        raise InputError(f"{name} must be real numbers, got a sparse matrix of {matrix.dtype}")
    return matrix


def checked_fraction(value: Any, name: str) -> float:
    """A number strictly between 0 and 1."""
    number = checked_number(value, name)
    if not 0 < number < 1:
        raise InputError(f"{name} must lie strictly between 0 and 1, got {number:g}")
    return number


def checked_flag(value: Any, name: str) -> bool:
    """True or False and nothing that passes for them."""
    if not isinstance(value, bool | np.bool):
        raise InputError(f"{name} must be true or false, got {shown(value)}")
    return bool(value)


def nearest(value: Any, choices: Any) -> str:
    """`; did you mean 'ramp'?`, or nothing."""
    word = value[:LONGEST] if isinstance(value, str) else shown(value)
    close = get_close_matches(word, [str(choice) for choice in choices], n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def shown(value: Any) -> str:
    """A value as a sentence shows it: on one line, and not all of what is long."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # of a stranger's class
        text = f"a {type(value).__name__}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _shape(shape: tuple[Any, ...]) -> str:
    return "(" + ", ".join(str(length) for length in shape) + ("," if len(shape) == 1 else "") + ")"
