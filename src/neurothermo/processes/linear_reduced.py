"""Two more ways to a stationary state: blocks that do not touch, and a few directions in a plain rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.processes.linear_noise import Noise
from neurothermo.processes.linear_routes import Balance, DenseRoute, Total, summed
from neurothermo.processes.lyapunov import check_stable
from neurothermo.processes.operators import LowRank, check_room


@dataclass(frozen=True, eq=False)
class BlocksRoute:
    """Groups of coordinates that neither drift nor noise connects, each solved apart."""

    members: tuple[npt.NDArray[np.int64], ...]
    routes: tuple[DenseRoute, ...]
    size: int

    @property
    def name(self) -> str:
        """With their number."""
        return f"{len(self.routes)} independent blocks"

    def covariance(self) -> Array:
        """C: zero between blocks."""
        check_room(self.size, 2)
        found = np.zeros((self.size, self.size))
        for members, route in zip(self.members, self.routes, strict=True):
            found[np.ix_(members, members)] = route.covariance()
        return found

    @cached_property
    def _balance(self) -> Balance:
        value, flow, residual = np.empty(self.size), np.empty(self.size), 0.0
        for members, route in zip(self.members, self.routes, strict=True):
            part = route.balance()
            value[members], flow[members] = part.value, part.flow
            residual = max(residual, part.residual)
        return Balance(value, flow, residual)

    def balance(self) -> Balance:
        """Block by block."""
        return self._balance

    def total(self) -> Total:
        """The sum."""
        return summed(self.balance())


def blocks_route(relaxation: Any, diffusion: Any, parity: npt.NDArray[np.int64]) -> BlocksRoute:
    """The blocks of a sparse A with a sparse or diagonal D, of mixed parity if need be."""
    from scipy.sparse import csr_array, diags_array
    from scipy.sparse.csgraph import connected_components

    size = relaxation.shape[0]
    sparse_noise = diffusion if not isinstance(diffusion, np.ndarray) else None
    noise = np.zeros(size) + diffusion if sparse_noise is None else diffusion
    links = abs(relaxation) + (abs(noise) if sparse_noise is not None else 0 * relaxation)
    _, labels = connected_components(csr_array(links), directed=False)
    order = np.argsort(labels, kind="stable")
    members = tuple(np.split(order, np.flatnonzero(np.diff(labels[order])) + 1))
    signs = diags_array(parity.astype(np.float64))
    irreversible = csr_array((relaxation + signs @ relaxation @ signs) / 2)
    routes = []
    for rows in members:
        check_room(len(rows))
        block = noise[rows] if sparse_noise is None else noise[rows][:, rows]
        routes.append(
            DenseRoute(
                relaxation[rows][:, rows].toarray(), irreversible[rows][:, rows].toarray(), Noise.of(block, len(rows)),
                bool(np.any(parity[rows] != parity[rows[0]])),
            )
        )  # fmt: skip
    return BlocksRoute(members, tuple(routes), size)


@dataclass(frozen=True, eq=False)
class ReducedRoute:
    r"""A = d 1 - L R^T with noise D0 1: the span of L and R by itself, and a rest in equilibrium.

    Any vector at right angles to all of L and R decays by d alone, and no noise connects the two: C is D0/d there.
    """

    relaxation: LowRank
    strength: float
    name: str = "span of the low-rank part"

    @cached_property
    def basis(self) -> Array:
        """Orthonormal directions that span the columns of L and R, shape (n, q)."""
        from scipy.linalg import svd

        both = np.concatenate([self.relaxation.left, self.relaxation.right], axis=1)
        both = both / np.maximum(np.linalg.norm(both, axis=0), 1e-300)
        vectors, values, _ = svd(both, full_matrices=False)
        return np.asarray(vectors[:, values > 1e-13 * max(values[0], 1e-300)])

    @property
    def decay(self) -> float:
        """d."""
        return float(np.ravel(self.relaxation.diagonal)[0])

    @cached_property
    def inside(self) -> DenseRoute:
        """The process within the span."""
        span = self.basis.shape[1]
        coupled = (self.basis.T @ self.relaxation.left) @ (self.relaxation.right.T @ self.basis)
        small = self.decay * np.eye(span) - coupled
        check_stable(np.append(np.linalg.eigvals(small), self.decay))  # of the span and of the rest
        return DenseRoute(small, small, Noise(np.full(span, self.strength)))

    def covariance(self) -> Array:
        """C, shape (n, n)."""
        check_room(self.relaxation.size, 4)
        rest = self.strength / self.decay
        found = self.basis @ (self.inside.covariance() - rest * np.eye(self.basis.shape[1])) @ self.basis.T
        found[np.diag_indices(self.relaxation.size)] += rest
        return np.asarray((found + found.T) / 2)

    @cached_property
    def _balance(self) -> Balance:
        small, covariance = self.inside.relaxation, self.inside.covariance()
        factor = np.linalg.cholesky(covariance)
        drifted = small @ covariance
        current = self.basis @ np.linalg.solve(factor, (drifted - self.strength * np.eye(len(small))).T).T
        heat = np.einsum("ij,ij->i", self.basis @ (drifted @ small.T), self.basis) / self.strength
        inside = np.einsum("ij,ij->i", self.basis, self.basis)
        diagonal = self.decay - np.einsum("ij,ij->i", self.relaxation.left, self.relaxation.right)
        flow = heat + self.decay * (1 - inside) - diagonal
        return Balance(np.sum(current**2, axis=1) / self.strength, flow, self.inside.solved[1])

    def balance(self) -> Balance:
        """Currents flow in the span alone."""
        return self._balance

    def total(self) -> Total:
        """That of the span."""
        return self.inside.total()
