"""Large deviations of the entropy flow: the dominant eigenvalue of the tilted operator."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.errors import InputError
from neurothermo.exact.log_odds import LogOdds, log_odds

LARGEST_EXPONENT = 690.0  # of a weight that a double holds
LIMIT = 20  # neurons: the Krylov space keeps some twenty laws, the moves four half laws a neuron
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
    odds = log_odds(system, rule, temperature, field)
    if odds.size > LIMIT:
        raise InputError(f"scaled_cumulants is limited to N = {LIMIT} neurons, got N = {odds.size}")
    thetas = checked_array(counting, "counting")
    for theta in thetas.ravel():
        _checked_exponent(float(theta), odds, rule)
    values = [_dominant(float(theta), odds, rule) for theta in thetas.ravel()]
    return np.array(values, dtype=float).reshape(thetas.shape)


def _checked_exponent(theta: float, odds: LogOdds, rule: Any) -> None:
    """Refuse a tilt whose weights do not fit in a float."""
    each = np.abs(odds.couplings).sum(axis=1) + np.abs(odds.base)
    largest = float(each.sum() if rule.order == "parallel" else each.max())
    exponent = 2 * max(abs(theta), abs(1 - theta)) * largest
    if exponent > LARGEST_EXPONENT:
        raise InputError(
            f"counting parameter {theta:g} weighs moves by factors up to exp({exponent:.4g}), beyond the "
            f"exp({LARGEST_EXPONENT:g}) that a float can hold: take it closer to 1/2, or raise the temperature"
        )


def _dominant(theta: float, odds: LogOdds, rule: Any) -> float:
    """ln of the largest eigenvalue of the tilted tick."""
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs

    from neurothermo.exact.stepping import clock_move

    if theta == 0:
        return 0.0
    move = clock_move(rule, odds, theta)
    states = 1 << odds.size

    def moved(vector: Array) -> Array:
        law = np.array(vector, dtype=float).reshape(-1)
        move(law)
        return law

    if odds.size <= DENSE:
        matrix = np.stack([moved(column) for column in np.eye(states)], axis=1)
        return float(np.log(np.linalg.eigvals(matrix).real.max()))
    operator = LinearOperator((states, states), matvec=moved, dtype=float)
    try:
        found = eigs(operator, k=1, which="LR", v0=np.ones(states), tol=TOLERANCE, return_eigenvectors=False)
    except ArpackNoConvergence as failure:
        warnings.warn(f"scaled_cumulants({theta:g}) did not converge and is NaN: {failure}", stacklevel=3)
        return float("nan")
    return float(np.log(found[0].real))
