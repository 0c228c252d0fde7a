"""Hebbian couplings from stored patterns: the driven Hopfield network of Chen 2020."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import checked_array, checked_choice, checked_spins, shape_of
from neurothermo.core.errors import InputError
from neurothermo.core.machine import check_fits_here
from neurothermo.systems.spins import PatternCouplings, SpinNetwork

COPIES = 2.5  # of the couplings, that are held at once while they are made and checked


def hopfield(
    patterns: Any,
    weights: Any = None,
    crossover: Any = 0.0,
    scale: str = "paper",
    thresholds: Any = None,
) -> SpinNetwork:
    r"""A network that stores patterns by Hebb's rule.

    .. math:: J_{ij} = \sum_\mu g_\mu \epsilon^\mu_i \epsilon^\mu_j + \alpha\, \epsilon^1_i \epsilon^2_j,
              \qquad J_{ii} = 0

    Parameters
    ----------
    patterns : array_like of -1/+1, shape (M, N)
        The stored patterns, one a row.
    weights : array_like, shape (M,), optional
        g; default 1/M each (eq. 9). Two patterns with weights ``[gamma, 1 - gamma]`` are eq. 13.
    crossover : float or array_like of shape (M, M)
        alpha: pattern 2 recalls pattern 1. It makes the couplings asymmetric, so that there is no energy. A
        matrix sets every pair: its entry (mu, nu) makes pattern nu recall pattern mu; its diagonal must be 0.
    scale : "paper" or "hopfield"
        "paper" as printed: local fields grow with N. "hopfield" divides the couplings by N.
    thresholds : array_like, shape (N,), optional
        U, in energy units; default 0.

    Returns
    -------
    SpinNetwork
        It keeps its patterns (`.patterns`), which lets equilibrium be computed exactly at any N for a few patterns.

    Raises
    ------
    InputError
        If the patterns are not -1/+1, or weights or crossover do not fit them.

    References
    ----------
    Chen, arXiv 2012.13252, eqs. 9 and 13.
    """
    stored = checked_spins(patterns, "patterns")
    count, size = stored.shape
    if count == 0 or size == 0:
        raise InputError(f"patterns must hold at least one pattern of at least one neuron, got shape {stored.shape}")
    check_couplings_fit(count, size)
    gains = np.full(count, 1 / count) if weights is None else checked_array(weights, "weights", (count,))
    matrix = np.diag(gains) + _crossovers(crossover, count)
    if checked_choice(scale, "scale", ("paper", "hopfield")) == "hopfield":
        matrix = matrix / size
    spins = stored.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused as couplings that are infinite
        couplings = spins.T @ matrix @ spins
    np.fill_diagonal(couplings, 0.0)
    return SpinNetwork(
        couplings,
        thresholds,
        PatternCouplings(stored, matrix),
        label=f"hopfield, {count} patterns, scale {scale!r}",
    )


def check_couplings_fit(count: int, size: int) -> None:
    """Refuse so many patterns of so many neurons where their couplings would not fit in memory.

    Raises
    ------
    InputError
        With the size that they would have.
    """
    needed = 8.0 * (COPIES * size**2 + 2 * count**2 + 3 * count * size)
    check_fits_here(needed, f"patterns: the couplings of {count} patterns of {size} neurons")


def _crossovers(crossover: Any, count: int) -> Any:
    if not shape_of(crossover, "crossover"):
        (strength,) = checked_array([crossover], "crossover", (1,))
        between = np.zeros((count, count))
        if strength != 0 and count < 2:
            raise InputError("crossover needs at least two patterns: it makes the second recall the first")
        if strength != 0:
            between[0, 1] = strength
        return between
    between = checked_array(crossover, "crossover", (count, count))
    if np.any(np.diag(between) != 0):
        raise InputError("crossover must have a zero diagonal: a pattern's own weight belongs in weights")
    return between
