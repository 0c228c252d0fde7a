"""Any value as JSON has it."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Describable(Protocol):
    """A result that can describe itself in plain types."""

    def to_dict(self) -> dict[str, Any]:
        """As a mapping of plain JSON types."""
        ...


def plain(value: Any) -> Any:
    """NumPy scalars and arrays unpacked, results as mappings, NaN and infinity as None.

    Parameters
    ----------
    value : any
        A number, a string, an array, a mapping, a sequence, or an object with `to_dict()`.
    """
    if isinstance(value, Describable):
        return value.to_dict()
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
