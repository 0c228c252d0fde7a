"""Which form a drift comes in, and which way to the stationary state that opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import checked_array
from neurothermo.core.errors import InputError
from neurothermo.processes.operators import Circulant, LowRank, check_room, checked_sparse, is_sparse

if TYPE_CHECKING:
    from neurothermo.processes.linear import LinearLangevin
    from neurothermo.processes.linear_routes import Route

QUICK = 64  # coordinates up to which a dense A is looked at for stability before anything else is done


def checked_relaxation(relaxation: Any) -> Any:
    """A clean A: a Circulant, a LowRank, a CSR array or an array of shape (n, n); read-only.

    Raises
    ------
    InputError
        If it is not a finite square matrix.
    """
    if isinstance(relaxation, Circulant | LowRank):
        return relaxation
    if is_sparse(relaxation):
        return checked_sparse(relaxation, "relaxation")
    matrix = checked_array(relaxation, "relaxation")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        raise InputError(f"relaxation must be a square matrix, got shape {matrix.shape}")
    matrix.setflags(write=False)
    return matrix


def check_quickly(relaxation: Any) -> None:
    """Refuse an A that is not stable, where that costs nothing to see."""
    from neurothermo.processes.lyapunov import check_stable

    if isinstance(relaxation, Circulant):
        check_stable(relaxation.eigenvalues)
    elif isinstance(relaxation, np.ndarray) and len(relaxation) <= QUICK:
        check_stable(np.linalg.eigvals(relaxation))


def size_of(relaxation: Any) -> int:
    """n."""
    return relaxation.size if isinstance(relaxation, Circulant | LowRank) else int(relaxation.shape[0])


def route_for(process: LinearLangevin) -> Route:
    """The quickest way to the stationary state that the forms of A and D allow."""
    from neurothermo.processes.linear_reduced import ReducedRoute, blocks_route
    from neurothermo.processes.linear_routes import DenseRoute, FourierRoute, ModesRoute

    relaxation, diffusion = process.relaxation, process.diffusion
    if isinstance(relaxation, Circulant) and not process.mixed:
        waves = _as_waves(diffusion, relaxation)
        if waves is not None:
            return ModesRoute(relaxation, waves)
        check_room(process.size)
        return FourierRoute(relaxation, process.noise)
    strength = _as_number(diffusion)
    if isinstance(relaxation, LowRank) and not process.mixed and relaxation.isotropic and strength is not None:
        if 2 * relaxation.left.shape[1] < process.size:
            return ReducedRoute(relaxation, strength)
    elif is_sparse(relaxation) and (is_sparse(diffusion) or np.ndim(diffusion) < 2):
        return blocks_route(relaxation, diffusion, process.parity)
    check_room(process.size)
    return DenseRoute(process.relaxation_matrix(), process.irreversible_matrix(), process.noise, process.mixed)


def _as_number(diffusion: Any) -> float | None:
    """D0 where D is D0 times 1."""
    if isinstance(diffusion, np.ndarray) and diffusion.ndim < 2 and np.all(diffusion == diffusion.flat[0]):
        return float(diffusion.flat[0])
    return None


def _as_waves(diffusion: Any, relaxation: Circulant) -> Circulant | None:
    """D as a Circulant of A's shape, where it is one."""
    if isinstance(diffusion, Circulant):
        return diffusion if diffusion.shape == relaxation.shape else None
    strength = _as_number(diffusion)
    return None if strength is None else Circulant(np.full(relaxation.shape, strength))


def parts(operator: Any) -> tuple[Any, ...]:
    """What a digest is made of."""
    if isinstance(operator, Circulant):
        return ("Circulant", operator.eigenvalues)
    if isinstance(operator, LowRank):
        return ("LowRank", operator.diagonal, operator.left, operator.right)
    if is_sparse(operator):
        return ("sparse", operator.data, operator.indices, operator.indptr)
    return ("array", operator)


def kind(operator: Any) -> str:
    """A form in a word or two."""
    if isinstance(operator, Circulant | LowRank):
        return repr(operator)
    if is_sparse(operator):
        return f"sparse with {operator.nnz} entries"
    return {0: "isotropic", 1: "diagonal", 2: "dense"}[operator.ndim]
