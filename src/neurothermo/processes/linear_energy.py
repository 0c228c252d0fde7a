"""Whether a linear process is at equilibrium; if so its energy; and what an input does work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.gaussian import row_products
from neurothermo.core.verdict import Verdict
from neurothermo.processes.linear_reduced import ReducedRoute
from neurothermo.processes.linear_routes import ModesRoute, factor_of
from neurothermo.processes.operators import Circulant, is_sparse

if TYPE_CHECKING:
    from neurothermo.processes.linear import LinearLangevin

EXACT = 1e-12  # of the largest entry of A D: what counts as symmetric
GROUP = 1024  # rows of a low-rank matrix formed at a time
SOLVED = 1e-9  # the same where a covariance had to be solved for


@dataclass(frozen=True)
class Imbalance:
    """The pair of coordinates that breaks a matrix identity most: what it has, what it should, relative to all."""

    pair: tuple[int, int]
    have: float
    want: float
    residual: float


def detailed_balance(process: LinearLangevin, field: Array) -> Verdict:
    """A D = D A^T, or A_irr C = D with coordinates of both parities; and no mean current that the input keeps up."""
    mixed = process.mixed
    found = _imbalance_of_both(process) if mixed else _imbalance(process)
    (i, j), have, want = found.pair, found.have, found.want
    details = {"pair": found.pair, "imbalance": have - want, "residual": found.residual}
    if found.residual > (SOLVED if mixed else EXACT):
        shown = (
            f"(A_irr C)[{i}, {j}] = {have:.4g} where D[{i}, {j}] = {want:.4g}"
            if mixed
            else f"(A D)[{i}, {j}] = {have:.4g} but (A D)[{j}, {i}] = {want:.4g}"
        )
        sentence = f"detailed balance is broken, most between coordinates {i} and {j}: {shown}"
        return Verdict(False, sentence, slope=have, expected=want, details=details)
    kept = _kept_drift(process, field)
    if kept is not None:
        where = int(np.argmax(np.abs(kept)))
        sentence = f"the constant input keeps coordinate {where} drifting irreversibly, at {kept[where]:.4g}"
        return Verdict(False, sentence, slope=float(kept[where]), expected=0.0, details=details)
    form = "A_irr C = D" if mixed else "A D = D A^T"
    return Verdict(True, f"{form} to {found.residual:.1g} of its largest entry", details=details)


def _imbalance_of_both(process: LinearLangevin) -> Imbalance:
    have, want = process.irreversible_matrix() @ process.route.covariance(), process.noise.matrix()
    return _worst(have, want, float(np.abs(want).max()))


def _imbalance(process: LinearLangevin) -> Imbalance:
    """A D against its transpose; of waves, its first column against its first row."""
    relaxation, diffusion = process.relaxation, process.diffusion
    if isinstance(process.route, ModesRoute):
        waves = process.route.relaxation.eigenvalues * process.route.diffusion.eigenvalues
        column, row = (Circulant(values).column.reshape(-1, 1) for values in (waves, np.conj(waves)))
        return _worst(column, row, float(np.abs(column).max()))
    if is_sparse(relaxation) and (is_sparse(diffusion) or np.ndim(diffusion) < 2):
        from scipy.sparse import csr_array, diags_array

        noise = diffusion if is_sparse(diffusion) else diags_array(np.zeros(process.size) + diffusion)
        product = csr_array(relaxation @ noise)
        gap = (product - product.T).tocoo()
        entry = int(np.argmax(np.abs(gap.data))) if gap.nnz else -1
        i, j = (int(gap.row[entry]), int(gap.col[entry])) if gap.nnz else (0, 0)
        have, want = float(product[i, j]), float(product[j, i])
        return Imbalance((i, j), have, want, abs(have - want) / float(abs(product).max()))
    if isinstance(process.route, ReducedRoute):
        return _low_rank_imbalance(process.route)
    product = process.noise.times(process.relaxation_matrix().T).T
    return _worst(product, product.T, float(np.abs(product).max()))


def _low_rank_imbalance(route: ReducedRoute) -> Imbalance:
    """Rows in groups: the matrix itself may be too large."""
    left, right, strength = route.relaxation.left, route.relaxation.right, route.strength
    pair, gap, largest = (0, 0), 0.0, abs(route.decay)
    for start in range(0, len(left), GROUP):
        rows = slice(start, start + GROUP)
        forward, back = left[rows] @ right.T, right[rows] @ left.T
        largest = max(largest, float(np.abs(forward).max()))
        i, j = (int(k) for k in np.unravel_index(int(np.argmax(np.abs(forward - back))), forward.shape))
        if abs(forward[i, j] - back[i, j]) > gap:
            pair, gap = (start + i, j), float(abs(forward[i, j] - back[i, j]))
    i, j = pair
    have, want = (-strength * float(left[a] @ right[b]) for a, b in ((i, j), (j, i)))
    return Imbalance(pair, have, want, gap / largest)


def _worst(have: Array, want: Array, scale: float) -> Imbalance:
    i, j = (int(index) for index in np.unravel_index(int(np.argmax(np.abs(have - want))), have.shape))
    return Imbalance((i, j), float(have[i, j]), float(want[i, j]), float(abs(have[i, j] - want[i, j]) / scale))


def mean_drift(process: LinearLangevin, field: Array, mean: Array) -> Array:
    r"""The mean irreversible drift, :math:`-A_{irr} \langle x \rangle` and the input on even coordinates."""
    return np.where(process.parity > 0, field, 0.0) - process.irreversible_matrix() @ mean


def mean_drift_parts(process: LinearLangevin, field: Array, mean: Array) -> Array:
    """What the mean drift adds to each coordinate's entropy production, F_i (D^-1 F)_i.

    Raises
    ------
    InputError
        If it drifts in a direction without noise.
    """
    drift = mean_drift(process, field, mean)
    quiet = process.noise.quiet
    scale = max(float(np.abs(field).max()), 1e-300)
    if quiet.size and np.abs(quiet.T @ drift).max() > 1e-12 * scale:
        where = int(np.argmax(np.abs(quiet @ (quiet.T @ drift))))
        raise InputError(
            f"field drives coordinate {where} irreversibly, which has no noise of its own: the entropy production "
            "diverges"
        )
    return drift * process.noise.undone(drift)


def _kept_drift(process: LinearLangevin, field: Array) -> Array | None:
    """The mean irreversible drift in the stationary state, where it does not vanish."""
    if not np.any(process.parity < 0) or not np.any(field):
        return None
    mean = process.mean(field)
    drift = mean_drift(process, field, mean)
    scale = float(np.abs(field).max() + np.abs(process.irreversible_matrix()).max() * np.abs(mean).max())
    return drift if np.abs(drift).max() > SOLVED * scale else None


def energy(process: LinearLangevin, states: Array, field: Array) -> Array:
    """x.C^-1 x / 2 - x.C^-1 A^-1 I, in units of kT."""
    if not process.has_energy:
        raise InputError(f"this process has no energy: {process.why_no_energy}")
    check_conservative(process, field)
    if isinstance(process.route, ModesRoute):
        waves, noise = process.route.relaxation.eigenvalues, process.route.diffusion.eigenvalues
        curved = Circulant(waves.real / noise.real).apply(states)
    else:
        curved = row_products(states, process.precision)
    tilt = np.einsum("ri,i->r", activity(process, states), field) if np.any(field) else 0.0
    return np.asarray(0.5 * np.einsum("ri,ri->r", curved, states) - tilt)


def check_conservative(process: LinearLangevin, field: Array) -> None:
    """Refuse an input that keeps a current going: it is not the slope of an energy.

    Raises
    ------
    InputError
        If it is one, which takes odd coordinates.
    """
    kept = _kept_drift(process, field)
    if kept is not None:
        where = int(np.argmax(np.abs(kept)))
        raise InputError(
            f"field keeps coordinate {where} drifting irreversibly (at {kept[where]:.3g}): such an input is not the "
            "slope of an energy"
        )


def precision(process: LinearLangevin) -> Array:
    """C^-1, shape (n, n)."""
    from scipy.linalg import cho_solve

    inverse = cho_solve((factor_of(process.route.covariance()), True), np.eye(process.size))
    return np.asarray((inverse + inverse.T) / 2)


def response(process: LinearLangevin) -> Array:
    """R with work = -dI . R x: D^-1 of even coordinates, shape (n,) or (n, n); (A C)^-T at equilibrium with odd ones.

    Raises
    ------
    InputError
        If there is none.
    """
    if not np.any(process.parity < 0):
        if process.noise.quiet.size:
            raise InputError("an input cannot be driven here: D is singular, so a force on it has no temperature")
        return process.noise.inverse
    if not process.has_energy:
        raise InputError(
            "an input cannot be driven here: with odd coordinates it does work where there is an energy, and "
            f"{process.why_no_energy}"
        )
    return np.asarray(np.linalg.inv(process.relaxation_matrix() @ process.route.covariance()).T)


def activity(process: LinearLangevin, states: Array) -> Array:
    """R x, row by row."""
    if isinstance(process.route, ModesRoute) and not np.any(process.parity < 0):
        process.route.total()  # a wave without noise has no R: say so
        return Circulant(1 / process.route.diffusion.eigenvalues.real).apply(states)
    found = process.response
    return states * found if found.ndim == 1 else row_products(states, found)
