"""A network of binary neurons: couplings, thresholds, and the energy where there is one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import (
    Array,
    checked_array,
    checked_flag,
    checked_number,
    checked_sparse_form,
    checked_word,
    shown,
)
from neurothermo.core.errors import InputError
from neurothermo.core.flight import TILE
from neurothermo.core.randomness import digest

SYMMETRY_TOLERANCE = 1e-12  # of the largest coupling: room for rounding in a user's own outer products


@dataclass(frozen=True, eq=False)
class PatternCouplings:
    r"""Couplings made of a few patterns, :math:`J_{ij} = \sum_{\mu\nu} \epsilon^\mu_i A_{\mu\nu} \epsilon^\nu_j`.

    Parameters
    ----------
    patterns : array of -1/+1, shape (patterns, N)
    weights : array, shape (patterns, patterns)
        The matrix A: its diagonal weighs each pattern; an entry (mu, nu) makes pattern nu recall pattern mu.
    """

    patterns: npt.NDArray[np.int8]
    weights: Array


@dataclass(frozen=True, eq=False)
class SpinNetwork:
    r"""Binary neurons :math:`V_i = \pm 1` with local fields :math:`h = J V + I - U`.

    .. math:: E(V, I) = -\tfrac12 V \cdot J V - I \cdot V + U \cdot V \qquad (J = J^T)

    Couplings need not be symmetric; where they are not there is no energy, and asking for one raises.

    Parameters
    ----------
    couplings : array_like or scipy.sparse matrix, shape (N, N)
        J in energy units; ``couplings[i, j]`` is the influence of neuron j on neuron i. Zero diagonal.
    thresholds : array_like, shape (N,), optional
        U in energy units; default 0.
    patterns : PatternCouplings, optional
        The same couplings as sums over patterns, where they are that (`hopfield` fills it in).

    Raises
    ------
    InputError
        If the couplings are not a finite square matrix with zero diagonal, or the thresholds do not fit.

    References
    ----------
    Hopfield, PNAS 79, 2554 (1982); Chen, arXiv 2012.13252, eqs. 4 and 5.
    """

    couplings: Any
    thresholds: Any = None
    patterns: PatternCouplings | None = None
    label: str = ""

    def __post_init__(self) -> None:
        checked_word(self.label, "label")
        couplings = _checked_couplings(self.couplings)
        size = couplings.shape[0]
        thresholds = np.zeros(size) if self.thresholds is None else self.thresholds
        thresholds = checked_array(thresholds, "thresholds", (size,))
        thresholds.setflags(write=False)
        if self.patterns is not None and not self._fits(self.patterns, size):
            raise InputError(f"patterns must be PatternCouplings of {size} neurons, got {shown(self.patterns)}")
        object.__setattr__(self, "couplings", couplings)
        object.__setattr__(self, "thresholds", thresholds)

    @staticmethod
    def _fits(patterns: Any, size: int) -> bool:
        return isinstance(patterns, PatternCouplings) and np.shape(patterns.patterns)[1:] == (size,)

    # -- other ways in -----------------------------------------------------------------------------

    @classmethod
    def from_binary(cls, weights: Any, biases: Any) -> SpinNetwork:
        r"""Neurons that are 0 or 1, written as spins: the same law, the same dynamics.

        .. math:: P(n_i = 1) = 1 / (1 + e^{-(\sum_j w_{ij} n_j + b_i)/T}), \quad V = 2n - 1:
                  \quad J = w/4, \quad U_i = -b_i/2 - \sum_j w_{ij}/4

        An input I of a protocol acts on V; an extra bias of b on a 0/1 neuron is an input of b/2.

        Parameters
        ----------
        weights : array_like or scipy.sparse matrix, shape (N, N)
            ``weights[i, j]`` is the influence of neuron j on neuron i. Zero diagonal.
        biases : array_like, shape (N,)
        """
        weights = _checked_couplings(weights, "weights")
        biases = checked_array(biases, "biases", (weights.shape[0],))
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused as thresholds that are infinite
            thresholds = -biases / 2 - np.asarray((weights / 4).sum(axis=1)).ravel()
        return cls(weights / 4, thresholds, label="from_binary")

    @classmethod
    def read(
        cls, path: str | os.PathLike[str], key: str | None = None, transpose: bool = False, scale: float = 1.0
    ) -> SpinNetwork:
        """A network from a coupling matrix in a .npy, .npz (dense or scipy.sparse) or .csv file.

        Parameters
        ----------
        path : path
        key : str, optional
            Which array of an .npz file that holds several.
        transpose : bool
            True where the file's rows are presynaptic (row i, column j: from i to j).
        scale : float
            Multiplies every entry: synapse counts are not energies.

        Raises
        ------
        InputError
            If the file cannot be read or does not hold a coupling matrix.
        """
        from neurothermo.systems.reading import read_matrix

        checked_flag(transpose, "transpose")
        matrix = read_matrix(path, key)
        scale = checked_number(scale, "scale")
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (matrix.T if transpose else matrix) * scale
        return cls(scaled, label=os.path.basename(os.fspath(path)))

    # -- what it is --------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """N, the number of neurons."""
        return int(self.couplings.shape[0])

    @property
    def sparse(self) -> bool:
        """Whether the couplings are a scipy.sparse matrix."""
        return not isinstance(self.couplings, np.ndarray)

    @cached_property
    def symmetric(self) -> bool:
        """Whether J = J^T, so that there is an energy."""
        largest = abs(self.couplings).max() if self.size else 0.0
        with np.errstate(over="ignore"):
            return bool(abs(self.couplings - self.couplings.T).max() <= SYMMETRY_TOLERANCE * largest)

    @property
    def has_energy(self) -> bool:
        """Whether an energy generates the dynamics: whether the couplings are symmetric."""
        return self.symmetric

    @property
    def dimension(self) -> int:
        """N: the state is one spin a neuron."""
        return self.size

    @property
    def why_no_energy(self) -> str:
        """A sentence for a network without an energy; empty where there is one."""
        if self.symmetric:
            return ""
        with np.errstate(over="ignore"):
            gap = abs(self.couplings - self.couplings.T).max()
        return (
            f"the couplings are not symmetric (largest |J_ij - J_ji| = {gap:.3g}), so no energy function "
            "generates the dynamics: work and entropy flow exist, energy, heat and free energy do not"
        )

    @cached_property
    def digest(self) -> str:
        """A word that two networks share only if they are the same."""
        matrix = self.couplings
        parts = (matrix,) if not self.sparse else (matrix.data, matrix.indices, matrix.indptr)
        return digest("SpinNetwork", *parts, self.thresholds)

    @cached_property
    def ordering_temperature(self) -> float:
        """The temperature below which m = tanh(J m / T) has an ordered solution: J's largest real eigenvalue.

        Mean field, without input or thresholds; a guide, not a phase transition of a finite network.
        """
        if self.size <= 512:
            dense = self.couplings if not self.sparse else self.couplings.toarray()
            return float(np.linalg.eigvals(dense).real.max(initial=0.0))
        from scipy.sparse.linalg import eigs

        start = np.linspace(1.0, 2.0, self.size)
        return float(eigs(self.couplings, k=1, which="LR", v0=start, return_eigenvectors=False)[0].real)

    def local_fields(self, states: Any, field: Any) -> Array:
        """h = J V + I - U, shape (trials, N), of rows of states at one input, shape (N,), or one a trial."""
        states = np.asarray(states, dtype=np.float64)
        return np.asarray((self.couplings @ states.T).T) + (np.asarray(field) - self.thresholds)

    def energy(self, states: Any, field: Any) -> Array:
        """E(V, I), shape (trials,), of rows of states at one input, shape (N,), or one a trial.

        Raises
        ------
        InputError
            If the couplings are not symmetric.
        """
        if not self.symmetric:
            raise InputError(f"this network has no energy: {self.why_no_energy}")
        return self.quadratic_form(states, field)

    def quadratic_form(self, states: Any, field: Any) -> Array:
        """-V.J.V/2 - (I - U).V, shape (trials,): the energy where there is one, a mere observable elsewhere."""
        rows, size = np.shape(states)
        found, own = np.empty(rows), np.asarray(field) - self.thresholds
        tile = np.ones((TILE, size))  # a product's shape decides its last bits: the same one for any cut of the rows
        for start in range(0, rows, TILE):
            count = min(TILE, rows - start)
            tile[:count] = states[start : start + count]
            half = 0.5 * np.asarray((self.couplings @ tile.T).T)
            half[:count] += own if own.ndim == 1 else own[start : start + count]
            found[start : start + count] = -np.einsum("ri,ri->r", half, tile)[:count]
        return found

    def __repr__(self) -> str:
        kind = "symmetric" if self.symmetric else "asymmetric, no energy"
        how = f"sparse, {self.couplings.nnz} couplings" if self.sparse else "dense"
        label = f"{self.label}: " if self.label else ""
        return (
            f"SpinNetwork({label}N = {self.size}, {how}, {kind}, "
            f"mean-field ordering temperature {self.ordering_temperature:.4g})"
        )


def _checked_couplings(couplings: Any, name: str = "couplings") -> Any:
    """A read-only dense float array, or a scipy CSR array; square, finite, zero diagonal."""
    if _is_sparse(couplings):
        from scipy.sparse import csr_array

        matrix = csr_array(checked_sparse_form(couplings, name), dtype=np.float64, copy=True)
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        entries, shape, diagonal = matrix.data, matrix.shape, matrix.diagonal()
    else:
        matrix = checked_array(couplings, name)
        entries, shape = matrix, matrix.shape
        diagonal = matrix.diagonal() if matrix.ndim == 2 else np.zeros(0)
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise InputError(f"{name} must be a square matrix, got shape {tuple(shape)}")
    if not np.all(np.isfinite(entries)):
        raise InputError(f"{name} must be finite, got {int(np.sum(~np.isfinite(entries)))} NaN or infinite entries")
    if np.any(diagonal != 0):
        where = int(np.flatnonzero(diagonal)[0])
        raise InputError(
            f"{name} must have a zero diagonal (a neuron does not act on itself), "
            f"got {name}[{where}, {where}] = {diagonal[where]:g}"
        )
    entries.setflags(write=False)
    return matrix


def _is_sparse(matrix: Any) -> bool:
    if isinstance(matrix, np.ndarray | list | tuple):
        return False
    from scipy.sparse import issparse

    return bool(issparse(matrix))
