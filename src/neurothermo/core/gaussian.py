"""A normal law of many variables: its entropy, its probabilities, its draws, and how far it is from another one."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, shown
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import Address

SYMMETRY_TOLERANCE = 1e-10  # of the largest entry: room for the rounding of a covariance that was solved for

SMALL = 256  # coordinates


def checked_symmetric(matrix: Any, name: str, size: int | None = None, tolerance: float = SYMMETRY_TOLERANCE) -> Array:
    """A finite symmetric matrix, its rounding evened out.

    Raises
    ------
    InputError
        If it is not square or not symmetric.
    """
    array = checked_array(matrix, name, (size, size))
    if array.shape[0] != array.shape[1] or array.size == 0:
        raise InputError(f"{name} must be a square matrix, got shape {array.shape}")
    with np.errstate(over="ignore"):
        gaps = np.abs(array - array.T)
    if gaps.max() > tolerance * np.abs(array).max():
        i, j = np.unravel_index(int(np.argmax(gaps)), gaps.shape)
        raise InputError(
            f"{name} must be symmetric, got {name}[{i}, {j}] = {array[i, j]:g} and {name}[{j}, {i}] = {array[j, i]:g}"
        )
    return array / 2 + array.T / 2  # in this order nothing overflows


@dataclass(frozen=True, eq=False)
class Gaussian:
    r"""The normal law of n variables.

    .. math:: p(x) = \frac{1}{\sqrt{\det 2\pi C}} \exp\left[-\tfrac12 (x - m)^T C^{-1} (x - m)\right]

    Parameters
    ----------
    mean : array_like, shape (n,)
        m.
    covariance : array_like, shape (n, n)
        C, symmetric and positive definite.

    Raises
    ------
    InputError
        If the covariance is not symmetric or not positive definite, or the mean does not fit.
    """

    mean: Array
    covariance: Array
    factor: Array = field(init=False, repr=False)  # L of C = L L^T, lower triangular

    def __post_init__(self) -> None:
        covariance = checked_symmetric(self.covariance, "covariance")
        mean = checked_array(self.mean, "mean", (len(covariance),))
        try:
            factor = np.linalg.cholesky(covariance)
        except np.linalg.LinAlgError:
            smallest = np.linalg.eigvalsh(covariance)[0]
            raise InputError(
                f"covariance must be positive definite, got a smallest eigenvalue of {smallest:.3g}"
            ) from None
        for name, array in (("mean", mean), ("covariance", covariance), ("factor", factor)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def size(self) -> int:
        """n, the number of variables."""
        return len(self.mean)

    @cached_property
    def log_determinant(self) -> float:
        """ln det C."""
        return float(2 * np.log(np.diagonal(self.factor)).sum())

    @cached_property
    def inverse_factor(self) -> Array:
        """L^-1."""
        from scipy.linalg import solve_triangular

        return np.asarray(solve_triangular(self.factor, np.eye(self.size), lower=True))

    def entropy(self) -> float:
        r""":math:`\tfrac12 \ln \det(2\pi e\, C)`, in nats."""
        return float(0.5 * (self.size * (1 + np.log(2 * np.pi)) + self.log_determinant))

    def log_probability(self, states: Any) -> Array:
        """ln p(x), shape (trials,), of rows of states, shape (trials, n)."""
        states = checked_array(states, "states", (None, self.size))
        scaled = row_products(states - self.mean, self.inverse_factor)
        constant = 0.5 * (self.size * np.log(2 * np.pi) + self.log_determinant)
        return np.asarray(-0.5 * np.einsum("ri,ri->r", scaled, scaled) - constant)

    def draw(self, address: Address) -> Array:
        """States, shape (trials, n); a trial's own depend on its address alone, not on which others are asked for."""
        return self.mean + row_products(address.normals(self.size), self.factor)

    def kl(self, other: Gaussian) -> float:
        r"""Kullback-Leibler divergence from another law, in nats; both have densities, so it is finite.

        .. math:: D(p \| q) = \tfrac12 \left[\operatorname{Tr} C_q^{-1} C_p - n + (m_p - m_q)^T C_q^{-1} (m_p - m_q)
                              + \ln \frac{\det C_q}{\det C_p}\right]

        Raises
        ------
        InputError
            If the other law is not a Gaussian of as many variables.
        """
        if not isinstance(other, Gaussian) or other.size != self.size:
            raise InputError(f"other must be a Gaussian of {self.size} variables, got {shown(other)}")
        return divergence(self.mean - other.mean, self.covariance, other, self.log_determinant)

    def __repr__(self) -> str:
        return f"Gaussian(n = {self.size}, entropy {self.entropy():.4g} nats)"


def divergence(offset: Array, covariance: Array, other: Gaussian, log_determinant: float) -> float:
    """D(p || other) of the law with its mean `offset` from the other's; +inf where its ln det is -inf (a point)."""
    if log_determinant == -np.inf:
        return float(np.inf)
    inverse = other.inverse_factor
    shift = inverse @ offset
    if other.size <= SMALL:  # x - ln(1 + x) eigenvalue by eigenvalue: no cancellation, and so never negative
        beyond = np.linalg.eigvalsh(inverse @ covariance @ inverse.T) - 1
        return float(0.5 * (np.sum(beyond - np.log1p(beyond)) + shift @ shift))
    spread = float(np.einsum("ij,ij->", inverse @ covariance, inverse))
    return float(0.5 * (spread - other.size + shift @ shift + other.log_determinant - log_determinant))


def row_products(rows: Any, matrix: Array) -> Array:
    """`rows @ matrix.T`, each row's sums in one order whatever the number of rows (BLAS's depend on the shape)."""
    return np.einsum("ij,rj->ri", np.ascontiguousarray(matrix), np.ascontiguousarray(rows))
