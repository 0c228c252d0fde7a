"""Which laws came: tables, densities on a grid, or Gaussians; and one answer by the formula that fits them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_number
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.core.gaussian import Gaussian
from neurothermo.information.density import Density

TOLERANCE = 1e-8  # how far from one a table may sum; the rest is divided out
EMPTY = (
    "q vanishes where p does not. If it only fell below what a float holds, the divergence is finite: choose a grid "
    "that ends earlier, or give the laws as Gaussians."
)


def checked_table(values: Any, name: str) -> Array:
    """Probabilities of any shape that sum to one.

    Raises
    ------
    InputError
        If one is negative, or their sum is off by more than 1e-8.
    """
    table = checked_array(values, name)
    if table.size == 0 or np.any(table < 0):
        raise InputError(f"{name} must hold probabilities, got {_worst(table)}")
    total = float(table.sum())
    if not abs(total - 1) <= TOLERANCE:
        raise InputError(f"{name} must sum to 1, got a sum of {total:.10g}, off by {total - 1:.3g}")
    return table / total


def _worst(table: Array) -> str:
    return f"a smallest value of {table.min():.3g}" if table.size else "none"


def checked_law(law: Any, name: str) -> Any:
    """A Gaussian or a Density as it is; anything else must be a table."""
    return law if isinstance(law, Gaussian | Density) else checked_table(law, name)


def checked_pair(p: Any, q: Any) -> tuple[Any, Any]:
    """Two laws of the same states: two tables of one shape, two densities on one grid, or two Gaussians of one size.

    A Gaussian beside a density is evaluated on its grid.

    Raises
    ------
    InputError
        If they are not.
    """
    p, q = checked_law(p, "p"), checked_law(q, "q")
    if isinstance(p, Density) and isinstance(q, Gaussian):
        q = on_grid(q, p, "q")
    if isinstance(q, Density) and isinstance(p, Gaussian):
        p = on_grid(p, q, "p")
    if isinstance(p, Gaussian) and isinstance(q, Gaussian) and p.size == q.size:
        return p, q
    if isinstance(p, Density) and isinstance(q, Density) and same_axes(p, q):
        return p, q
    if isinstance(p, np.ndarray) and isinstance(q, np.ndarray) and p.shape == q.shape:
        return p, q
    raise InputError(f"p and q must be laws of the same states, got {_named(p)} and {_named(q)}")


def same_axes(p: Density, q: Density) -> bool:
    """Whether two densities live on the same points."""
    return len(p.axes) == len(q.axes) and all(np.array_equal(*pair) for pair in zip(p.axes, q.axes, strict=True))


def on_grid(law: Gaussian, grid: Density, name: str) -> Density:
    """A Gaussian as a density on the points of another one."""
    if law.size != len(grid.axes):
        raise InputError(f"{name} must have {len(grid.axes)} variables, got a Gaussian of {law.size}")
    points = np.stack([axis.ravel() for axis in np.meshgrid(*grid.axes, indexing="ij")], axis=1)
    return Density(grid.axes, np.exp(law.log_probability(points)).reshape(grid.values.shape))


def _named(law: Any) -> str:
    return f"a table of shape {law.shape}" if isinstance(law, np.ndarray) else repr(law)


def masses(law: Any) -> Array:
    """The probabilities of the states of a table, or of the cells of a density."""
    return law.masses if isinstance(law, Density) else np.asarray(law)


def checked_order(order: Any) -> float:
    """The order of a Renyi or Tsallis divergence, > 0."""
    value = checked_number(order, "order")
    if value <= 0:
        raise InputError(f"order must be positive, got {value:g}")
    return value


def exact(value: float, units: str, method: str, **details: Any) -> Estimate:
    """An exact answer."""
    return Estimate(value, 0.0, (value, value), units=units, method=method, kind="exact", details=details)


def of_tables(formula: Callable[..., float], laws: tuple[Any, ...], units: str, method: str) -> Estimate:
    """A formula of the probabilities of states; for densities also on every second point, which gives the error."""
    value = formula(*(masses(law) for law in laws))
    if not isinstance(laws[0], Density):
        return exact(value, units, method)
    found = exact(value, units, f"{method}, by quadrature")
    return with_error(found, formula(*(law.coarse_masses for law in laws)))


def with_error(found: Estimate, coarse: float) -> Estimate:
    """The same with its quadrature error: how far every second point alone is off."""
    from dataclasses import replace

    if found.value == np.inf:
        return replace(found, diagnostics=(EMPTY,))
    return replace(found, details={"quadrature_error": abs(found.value - coarse)})


def of_gaussians_on_a_line(answer: tuple[float, float], units: str, method: str) -> Estimate:
    """The answer of an integral over the line, or that it has none."""
    value, error = answer
    if np.isnan(value):
        return no_estimate(
            "The integral has not converged at 32 standard deviations: the divergence may be infinite, or the ratio "
            "p/q leaves what a float holds; kl, renyi and tsallis have closed forms.",
            units=units,
            method=method,
        )
    return exact(value, units, f"{method}, by quadrature", quadrature_error=error)


def checked_line(line: tuple[float, float] | None, name: str, p: Gaussian) -> tuple[float, float]:
    """The variance and offset of two Gaussians on a line.

    Raises
    ------
    InputError
        If there is no such line.
    """
    if line is None:
        raise InputError(
            f"{name} of two Gaussians of {p.size} variables must have one covariance for both, got two; it has no "
            "closed form else: use one variable, squared_hellinger() or renyi(), or densities on a grid"
        )
    return line


def checked_split(split: Any, size: int) -> tuple[list[int], list[int]]:
    """Two groups of variables: the first k and the rest, or two lists of numbers.

    Raises
    ------
    InputError
        If a group is empty, a variable is in both, or there is no such variable.
    """
    if split is None and size == 2:
        split = 1
    if split is None:
        raise InputError(f"split must say which of {size} variables belong together: a number k, or two lists")
    if isinstance(split, int | np.integer) and not isinstance(split, bool):
        if not 0 < split < size:
            raise InputError(f"split must lie between 1 and {size - 1}, got {split}")
        return list(range(split)), list(range(split, size))
    try:
        first, second = ([int(index) for index in group] for group in split)
    except (TypeError, ValueError):
        raise InputError(f"split must be a number or two lists of variables, got {split!r}") from None
    both = first + second
    if not first or not second or len(set(both)) < len(both) or min(both) < 0 or max(both) >= size:
        raise InputError(f"split must be two disjoint groups of the variables 0 to {size - 1}, got {split!r}")
    return first, second


def grouped(table: Array, split: Any) -> Array:
    """A joint table as a matrix: one row for each state of the first group, one column for each of the second."""
    if table.ndim < 2:
        raise InputError(f"joint must be a table of two variables or more, got shape {table.shape}")
    first, second = checked_split(split, table.ndim)
    left_out = tuple(set(range(table.ndim)) - {*first, *second})
    kept = sorted({*first, *second})
    smaller = table.sum(axis=left_out).transpose([kept.index(axis) for axis in first + second])
    return np.asarray(smaller.reshape(int(np.prod(smaller.shape[: len(first)])), -1))
