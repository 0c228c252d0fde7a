"""Large parallel networks without sampling: mean-field theory of the asymmetric kinetic Ising model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_choice, checked_temperatures
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.systems import SpinNetwork

METHODS = ("naive", "plefka-2", "gaussian")
TOLERANCE = 1e-12
MOST_ITERATIONS = 20_000
NODES = 40  # of Gauss-Hermite quadrature


def entropy_production(
    system: SpinNetwork, *, temperature: Any, field: Any = None, method: str = "gaussian"
) -> Estimate:
    r"""Entropy production of the stationary parallel network, in nats per step.

    .. math:: \sigma = \sum_{ij} (K_{ij} - K_{ji})\, D_{ij}, \quad D_{ij} = \langle V_i' V_j \rangle, \quad
              K_{ij} = J_{ij} / T_i

    That identity is exact for parallel Glauber dynamics. The means m and the delayed correlations D are those
    of a mean-field theory, with :math:`g_i = (I_i - U_i)/T_i + \sum_j K_{ij} m_j` and
    :math:`v_i = \sum_j K_{ij}^2 (1 - m_j^2)`:

    - "naive", first order in K: :math:`m_i = \tanh g_i`, :math:`D_{ij} = m_i m_j + (1 - m_i^2)(1 - m_j^2) K_{ij}`;
    - "plefka-2", second order: :math:`m_i = \tanh(g_i - m_i v_i)`, and D's last term times
      :math:`1 + 2 K_{ij} m_i m_j`;
    - "gaussian", the local field as a Gaussian x of mean g_i and variance v_i, which is exact for large networks of
      independent couplings: :math:`m_i = \langle \tanh x \rangle`,
      :math:`D_{ij} = m_i m_j + \langle 1 - \tanh^2 x \rangle (1 - m_j^2) K_{ij}`.

    Parameters
    ----------
    system : SpinNetwork
        N neurons, thousands if need be; dense or sparse couplings.
    temperature : float or array_like of shape (N,)
        In energy units, > 0.
    field : array_like, shape (N,), optional
        Input, default 0.
    method : "gaussian", "plefka-2" or "naive"

    Returns
    -------
    Estimate
        Kind "estimate", without an error: mean field has none to give (tests/test_stationary_runs.py bounds what it is
        off by). NaN with a sentence where the equations for the means did not converge. `details` holds the
        residual and the mean magnetization.

    Raises
    ------
    InputError
        If the temperature is not positive, the field does not fit or the method is unknown.

    References
    ----------
    Roudi and Hertz, Phys. Rev. Lett. 106, 048702 (2011); Mezard and Sakellariou, J. Stat. Mech. L07001 (2011);
    Aguilera, Moosavi and Shimazaki, Nat. Commun. 12, 1197 (2021).
    """
    field = np.zeros(system.size) if field is None else checked_array(field, "field", (system.size,))
    checked_choice(method, "method", METHODS)
    beta = 1 / (np.zeros(system.size) + checked_temperatures(temperature, system.size))
    couplings, squares = _scaled(system, beta)
    means, residual = _means(beta * (field - system.thresholds), couplings, squares, method)
    fields: dict[str, Any] = {"units": "nats per step", "method": f"mean field ({method})"}
    if residual > 1e-9:
        return no_estimate(
            f"The mean-field equations did not converge (last change {residual:.1e}): the network is near or below "
            "its ordering temperature; raise the temperature, or simulate.",
            **fields,
        )
    drive = beta * (field - system.thresholds)
    correlated = _correlated(drive, couplings, squares, means, method)
    antisymmetric = couplings - couplings.T
    value = float((antisymmetric * correlated).sum() + means @ (antisymmetric @ means))
    return Estimate(value, **fields, details={"residual": residual, "mean_magnetization": float(means.mean())})


def _means(drive: Array, couplings: Any, squares: Any, method: str) -> tuple[Array, float]:
    """The stationary means, and the largest change of the last iteration."""
    means, residual = np.tanh(drive), np.inf
    for _ in range(MOST_ITERATIONS):
        felt, variance = drive + couplings @ means, squares @ (1 - means**2)
        if method == "plefka-2":
            felt = felt - means * variance
        target = _averaged(np.tanh, felt, variance) if method == "gaussian" else np.tanh(felt)
        updated = 0.5 * means + 0.5 * target  # half a step: the reaction term overshoots a whole one
        residual = float(np.max(np.abs(updated - means)))
        means = updated
        if residual < TOLERANCE:
            break
    return means, residual


def _correlated(drive: Array, couplings: Any, squares: Any, means: Array, method: str) -> Any:
    """D_ij - m_i m_j, dense or sparse as the couplings are."""
    spread = 1 - means**2
    if method == "gaussian":
        felt, variance = drive + couplings @ means, squares @ spread
        return _outer(_averaged(lambda x: 1 - np.tanh(x) ** 2, felt, variance), couplings, spread)
    first = _outer(spread, couplings, spread)
    if method == "naive":
        return first
    return first + 2 * _outer(spread * means, squares, spread * means)


def _averaged(function: Callable[[Array], Array], mean: Array, variance: Array) -> Array:
    """<function(x)> over Gaussian x, each with its own mean and variance."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    x = mean[:, None] + np.sqrt(variance)[:, None] * nodes
    return function(x) @ (weights / weights.sum())


def _scaled(system: SpinNetwork, beta: Array) -> tuple[Any, Any]:
    """K and its squares, entry by entry, dense or sparse as the couplings are."""
    if not system.sparse:
        couplings = beta[:, None] * system.couplings
        return couplings, couplings**2
    from scipy.sparse import diags_array

    scaled = (diags_array(beta) @ system.couplings).tocsr()
    return scaled, scaled.power(2)


def _outer(left: Array, matrix: Any, right: Array) -> Any:
    """left_i matrix_ij right_j, dense or sparse as the matrix is."""
    if isinstance(matrix, np.ndarray):
        return left[:, None] * matrix * right
    from scipy.sparse import diags_array

    return diags_array(left) @ matrix @ diags_array(right)
