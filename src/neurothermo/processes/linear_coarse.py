"""The entropy production that is left for one who looks at a linear process now and then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.estimate import Estimate
from neurothermo.processes.linear_routes import factor_of
from neurothermo.processes.lyapunov import gathered

if TYPE_CHECKING:
    from neurothermo.processes.linear import LinearLangevin

SHORTEST = 1.5e-8  # of the shortest time: sqrt(eps), below which rounding, eps/x, is more than what the lag takes, x


def coarse_grained(process: LinearLangevin, lag: float, field: Array) -> Estimate:
    r"""Mean log ratio of a step of the lag and its time reverse, over the lag.

    With x' = E x + z, z of covariance Sigma, and eps E x' where the reverse comes from, what the reverse step misses
    by is :math:`\epsilon x - E \epsilon x' = \epsilon[(1 - \tilde E E) x - \tilde E z]`, :math:`\tilde E = \epsilon E
    \epsilon`: no two large numbers are subtracted.
    """
    from neurothermo.processes.linear import UNITS, checked_lag

    lag = checked_lag(lag)
    if lag * process.fastest_rate() < SHORTEST:
        limit = process.entropy_production(field)
        sentence = (
            f"A lag of {lag:g} is too short to be told from none in double precision: this is the entropy production "
            "itself."
        )
        return replace(
            limit, kind="lower bound", method=f"limit of short lags, {limit.method}",
            diagnostics=(*limit.diagnostics, sentence), details={**limit.details, "lag": lag},
        )  # fmt: skip
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
    value = max(value, 0.0) / lag  # a divergence: less than zero is rounding
    return Estimate(
        value, 0.0, (value, value), units=UNITS, kind="lower bound",
        method=f"exact divergence of two Gaussian laws at lag {lag:g}", details={"lag": lag},
    )  # fmt: skip
