"""Large deviations of the entropy flow: the dominant eigenvalue of the tilted operator."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.errors import InputError
from neurothermo.exact.ticks import Tick, tick_of

LIMIT = 20  # neurons: the Krylov space keeps some twenty laws
DENSE = 5  # neurons up to which all eigenvalues are computed
TOLERANCE = 1e-13


def scaled_cumulants(system: Any, rule: Any, *, temperature: Any, counting: Any, field: Any = None) -> Array:
    r"""The scaled cumulant generating function of the entropy flow.

    .. math:: \lambda(\theta) = \lim_{n \to \infty} \frac1n \ln \langle e^{-\theta \Sigma_n} \rangle
                              = \ln \max\,\mathrm{spec}\; T_\theta, \qquad
              T_\theta(s \to s') = T(s \to s')\, e^{-\theta\, \mathrm{flow}(s \to s')}

    Sigma_n is the flow of n ticks of the rule's clock: attempts in random order, steps in sequential and parallel
    order. lambda(0) = 0, -lambda'(0) is the mean flow a tick (the entropy production), lambda''(0) the growth of
    its variance. Random and parallel order are symmetric, lambda(theta) = lambda(1 - theta); in sequential order
    the right-hand side belongs to `rule.reversed()`.

    Parameters
    ----------
    system, rule, temperature, field
        As for `entropy_production`; N <= 20.
    counting : float or array_like
        theta, real; any shape.

    Returns
    -------
    array, of counting's shape
        In nats a tick. NaN, with a warning that says why, where the eigenvalue did not converge.

    Raises
    ------
    InputError
        If a counting parameter would overflow, and as `entropy_production` does.

    References
    ----------
    Lebowitz & Spohn, J. Stat. Phys. 95, 333 (1999); Gallavotti & Cohen, Phys. Rev. Lett. 74, 2694 (1995).
    """
    tick = tick_of(system, rule, temperature, field)
    if tick.size > LIMIT:
        raise InputError(f"scaled_cumulants is limited to N = {LIMIT} neurons, got N = {tick.size}")
    thetas = checked_array(counting, "counting")
    with threadpool_limits(1, user_api="blas"):  # whose idle threads would spin against the kernels'
        values = [_dominant(float(theta), tick) for theta in thetas.ravel()]
    return np.array(values, dtype=float).reshape(thetas.shape)


def _dominant(theta: float, tick: Tick) -> float:
    """ln of the largest eigenvalue of the tilted tick."""
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs

    if theta == 0:
        return 0.0
    states = 1 << tick.size

    def moved(vector: Array) -> Array:
        law = np.array(vector, dtype=float).reshape(-1)
        tick.chain.tilted_step(law, tick.field, theta)
        return law

    if tick.size <= DENSE:
        matrix = np.stack([moved(column) for column in np.eye(states)], axis=1)
        return float(np.log(np.linalg.eigvals(matrix).real.max()))
    operator = LinearOperator((states, states), matvec=moved, dtype=float)
    start = np.full(states, 1 / states)
    try:
        found = eigs(operator, k=1, which="LR", v0=start, tol=TOLERANCE, return_eigenvectors=False)
    except ArpackNoConvergence as failure:
        warnings.warn(f"scaled_cumulants at {theta:g} did not converge and is NaN: {failure}", stacklevel=3)
        return float("nan")
    return float(np.log(found[0].real))
