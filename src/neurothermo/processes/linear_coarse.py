"""The entropy production that is left for one who looks at a linear process now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.estimate import Estimate
from neurothermo.processes.linear_routes import factor_of
from neurothermo.processes.lyapunov import gathered

if TYPE_CHECKING:
    from neurothermo.processes.linear import LinearLangevin


def coarse_grained(process: LinearLangevin, lag: float, field: Array) -> Estimate:
    r"""Mean log ratio of a step of the lag and its time reverse, over the lag.

    With x' = E x + z, z of covariance Sigma, and eps E x' where the reverse comes from, what the reverse step misses
    by is :math:`\epsilon x - E \epsilon x' = \epsilon[(1 - \tilde E E) x - \tilde E z]`, :math:`\tilde E = \epsilon E
    \epsilon`: no two large numbers are subtracted.
    """
    from neurothermo.processes.linear import UNITS, checked_lag

    lag = checked_lag(lag)
    parity = process.parity.astype(np.float64)
    step, noise = gathered(process.relaxation_matrix(), 2 * process.noise.matrix(), lag)
    turned = parity[:, None] * step * parity
    change, turned_change = step - np.eye(process.size), turned - np.eye(process.size)
    missed = change + turned_change + turned_change @ change
    scatter = missed @ process.route.covariance() @ missed.T + turned @ noise @ turned.T
    factor = factor_of(parity[:, None] * noise * parity)
    within = np.linalg.solve(factor, np.linalg.solve(factor, scatter).T)
    value = 0.5 * float(np.trace(within) - process.size)
    if np.any(process.parity < 0) and np.any(field):
        mean = process.mean(field)
        shift = np.linalg.solve(factor, turned_change @ (parity * mean - mean))
        value += 0.5 * float(shift @ shift)
    value /= lag
    return Estimate(
        value, 0.0, (value, value), units=UNITS, kind="lower bound",
        method=f"exact divergence of two Gaussian laws at lag {lag:g}", details={"lag": lag},
    )  # fmt: skip
