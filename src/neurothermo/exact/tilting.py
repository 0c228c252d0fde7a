"""Exponential means over the paths of a chain: laws tilted by what each state adds, in scaled numbers."""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, log
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.exact.driving import Move

LARGEST_LOG = 700.0  # of a generating function: e^709 is the largest float, and e^-708 the smallest
LOST = 1e-12  # of a generating function, by underflow of the start: more is refused


def generated(
    start: Array, path: Iterable[tuple[Array, Move | None]], parameters: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """G of a few counting parameters, shape (parameters,), of what a path adds up; what is large stays in `logs`."""
    laws = np.tile(start.astype(parameters.dtype), (len(parameters), 1))
    logs, gained = np.zeros((2, len(parameters)))
    for amounts, move in path:
        gained += _tilt(laws, logs, parameters, amounts)
        if move is not None:
            move.step(laws)
    totals = laws.sum(axis=1)
    sizes = np.abs(totals)
    with np.errstate(divide="ignore"):
        exponents = logs + np.log(sizes)
    worst = int(np.argmax(exponents))
    if exponents[worst] > LARGEST_LOG:
        raise InputError(
            f"counting = {parameters[worst]:g} gives a mean of exp({exponents[worst]:.4g}), too large for a float"
        )
    lost = gained - exponents + np.log(len(start)) - LARGEST_LOG  # of what the start holds too little for a float
    worst = int(np.argmax(lost))
    if start.min() < exp(-LARGEST_LOG) and lost[worst] > log(LOST):
        raise InputError(
            f"counting = {parameters[worst]:g} gives weights up to exp({gained[worst]:.4g}) to states whose "
            f"probability at the start is below exp(-{LARGEST_LOG:g}), where it is lost: raise the temperature, "
            "or count less"
        )
    return np.asarray(np.where(sizes > 0, totals / np.where(sizes > 0, sizes, 1), 0) * np.exp(exponents))


def _tilt(laws: npt.NDArray[Any], logs: Array, parameters: npt.NDArray[Any], amounts: Array) -> Array:
    """laws *= exp(-counting amounts), each row's scale kept in logs; the logarithm of its largest factor."""
    exponents = -np.multiply.outer(parameters, amounts)
    largest = exponents.real.max(axis=1)
    laws *= np.exp(exponents - largest[:, None])
    size = np.abs(laws).max(axis=1)
    size[size == 0] = 1.0
    laws /= size[:, None]
    logs += largest + np.log(size)
    return np.asarray(largest)
