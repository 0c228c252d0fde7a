r"""What overdamped Langevin processes can do for what they dissipate.

Their variables are all even under time reversal. With the odd-parity entropy production of velocities these bounds are
false.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_number
from neurothermo.core.errors import InputError
from neurothermo.core.gaussian import Gaussian, checked_symmetric
from neurothermo.information.bounds.bound import Bound
from neurothermo.information.bounds.jumps import checked_not_negative


def langevin_observable(
    p: Gaussian, *, drift: Any, diffusion: Any, offset: Any = None, linear: Any = None, quadratic: Any = None
) -> Bound:
    r"""Of the rate of a mean in a Gaussian state of a linear process.

    .. math:: \left|\frac{d \langle g \rangle}{dt}\right| \le \sqrt{\sigma\, \langle \nabla g^T D\, \nabla g \rangle},
              \qquad dx = (f - A x)\, dt + (2D)^{1/2} dW, \qquad g = b \cdot x + \tfrac12 x^T G x

    with :math:`\sigma = \langle \nu^T D^{-1} \nu \rangle` of the mean local velocity
    :math:`\nu = f - A x + D C^{-1} (x - m)`: :math:`d\langle g \rangle/dt = \langle \nu \cdot \nabla g \rangle`, and
    the Cauchy-Schwarz inequality. Derived here; the printed forms of Karbowski (2023) were not available.

    Parameters
    ----------
    p : Gaussian
        The state, N(m, C), n variables.
    drift : array_like, shape (n, n)
        A, per unit time.
    diffusion : array_like, shape (n, n)
        D, positive definite.
    offset : array_like, shape (n,), optional
        f; default 0.
    linear : array_like, shape (n,), optional
        b; default 0.
    quadratic : array_like, shape (n, n), optional
        G, symmetric; default 0.

    Returns
    -------
    Bound
        In units of g per unit time; ``details["entropy_production"]`` is sigma, all variables even.

    Raises
    ------
    InputError
        If p is no Gaussian, a shape does not fit, D is not positive definite, or there is neither b nor G.
    """
    if not isinstance(p, Gaussian):
        raise InputError(f"p must be a Gaussian, got {p!r}")
    if linear is None and quadratic is None:
        raise InputError("linear must be given, or quadratic, or both: an observable is needed, got neither")
    n = p.size
    drift, metric = checked_array(drift, "drift", (n, n)), checked_diffusion(diffusion, n)
    offset = np.zeros(n) if offset is None else checked_array(offset, "offset", (n,))
    linear = np.zeros(n) if linear is None else checked_array(linear, "linear", (n,))
    bend = np.zeros((n, n)) if quadratic is None else checked_symmetric(quadratic, "quadratic", n)
    inverse = p.inverse_factor.T @ p.inverse_factor
    still, turning = offset - drift @ p.mean, metric.covariance @ inverse - drift  # nu = still + turning (x - m)
    slope = linear + bend @ p.mean
    production = mean_square(metric.inverse_factor, still, turning, p)
    spread = mean_square(metric.factor.T, slope, bend, p)
    rate = float(slope @ still + np.sum(bend * (turning @ p.covariance)))
    details = {"entropy_production": production}
    bound = float(np.sqrt(production * spread))
    return Bound(rate, bound, "units of g per unit time", "entropy production, even variables", details=details)


def wasserstein(start: Gaussian, stop: Gaussian, *, diffusion: Any, production: Any, duration: Any) -> Bound:
    r"""Of the distance a Gaussian law goes, by the entropy produced and the time taken.

    .. math:: W^2 = \Delta m^T D^{-1} \Delta m + \operatorname{Tr}[C_0 + C_1 - 2 (C_1^{1/2} C_0 C_1^{1/2})^{1/2}]
              \le \Sigma\, \tau

    (covariances in units of D). For overdamped motion with one constant D, under any driving; attained by transport at
    constant speed.

    Parameters
    ----------
    start, stop : Gaussian
        The law before and after.
    diffusion : array_like, shape (n, n)
        D, positive definite.
    production : float or Estimate
        Sigma, the total entropy production on the way, in nats, all variables even, >= 0.
    duration : float
        tau > 0.

    Returns
    -------
    Bound
        Of the distance W, in square roots of time.

    Raises
    ------
    InputError
        If the laws are no Gaussians of as many variables, D is not positive definite, Sigma negative, or tau not
        positive.

    References
    ----------
    Benamou, Brenier, Numer. Math. 84, 375 (2000); Dowson, Landau, J. Multivariate Anal. 12, 450 (1982): W of two
    Gaussians.
    """
    if not isinstance(start, Gaussian) or not isinstance(stop, Gaussian) or start.size != stop.size:
        raise InputError(f"start and stop must be Gaussians of as many variables, got {start!r} and {stop!r}")
    scale = checked_diffusion(diffusion, start.size).inverse_factor
    production, duration = checked_not_negative(production, "production"), checked_number(duration, "duration")
    if duration <= 0:
        raise InputError(f"duration must be positive, got {duration:g}")
    shift = scale @ (stop.mean - start.mean)
    one, two = scale @ start.factor, scale @ stop.factor
    overlap = np.linalg.svd(two.T @ one, compute_uv=False).sum()  # Tr (C1^1/2 C0 C1^1/2)^1/2, without the roots
    square = float(shift @ shift + np.sum(one**2) + np.sum(two**2) - 2 * overlap)
    distance, bound = np.sqrt(max(square, 0.0)), np.sqrt(production * duration)
    return Bound(float(distance), float(bound), "square roots of time", "speed limit of Langevin motion")


def checked_diffusion(diffusion: Any, size: int) -> Gaussian:
    """D with its factors, as the covariance of a Gaussian.

    Raises
    ------
    InputError
        If it is not symmetric and positive definite, or of another size.
    """
    matrix = checked_symmetric(diffusion, "diffusion", size)
    smallest = np.linalg.eigvalsh(matrix)[0]
    if smallest <= 0:
        raise InputError(f"diffusion must be positive definite, got a smallest eigenvalue of {smallest:.3g}")
    return Gaussian(np.zeros(size), matrix)


def mean_square(root: Array, still: Array, turning: Array, p: Gaussian) -> float:
    """The mean of |root (still + turning (x - m))|^2 under p."""
    return float(np.sum((root @ still) ** 2) + np.sum((root @ turning @ p.factor) ** 2))
