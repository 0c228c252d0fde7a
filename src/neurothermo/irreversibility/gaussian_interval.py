"""How sure the entropy production of a fitted linear process is: its bias, its error, its interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.irreversibility.gaussian_fit import Linear

EXHAUSTIVE = 400  # directions of parameter space that are all tried; beyond, as many random ones
SHORT = 0.02  # of a standard error: the step of second differences
CHUNK = 2_000_000  # numbers in a batch of matrices
LEAST = 1e-3  # tail of a reversible process; less than its quantile a form is taken for that quantile
FAR = 1e5  # of a non-central chi squared: beyond, its square root is normal to better than 1e-5


@dataclass(frozen=True, eq=False)
class Scatter:
    """What sampling does to a function of P and Q, to second order.

    Parameters
    ----------
    value : array
        At the fit.
    bias : array
        What is to be subtracted.
    variance : array
        By the delta method.
    """

    value: Array
    bias: Array
    variance: Array


def step_bias(linear: Linear, count: int) -> Array:
    r"""Bias of P by least squares with a mean removed, shape (d, d), to order 1/n.

    .. math:: -\frac{Q}{n} \left[(1 - P^T)^{-1} + P^T (1 - P^{T2})^{-1}
              + \sum_k \lambda_k (1 - \lambda_k P^T)^{-1}\right] S^{-1}

    References
    ----------
    Nicholls and Pope, Australian Journal of Statistics 30A, 296 (1988).
    """
    turned, eye = linear.step.T, np.eye(len(linear.step))
    weights = linear.eigenvalues[:, None, None]
    inner = np.linalg.inv(eye - turned) + turned @ np.linalg.inv(eye - turned @ turned)
    inner = inner + np.sum(weights * np.linalg.inv(eye - weights * turned), axis=0).real
    return -np.linalg.solve(linear.covariance, (linear.noise @ inner).T).T / count


def exhaustive(size: int) -> bool:
    """Whether the directions of so many channels are few enough to try them all."""
    return size * size + size * (size + 1) // 2 <= EXHAUSTIVE


def directions(linear: Linear, count: int) -> Iterator[tuple[Array, Array]]:
    r"""Batches of steps (dP, dQ) that together are one sampling covariance of (P, Q).

    .. math:: \operatorname{Cov} P = Q \otimes S^{-1}/n, \qquad
              \operatorname{Cov}(Q_{ij}, Q_{kl}) = (Q_{ik} Q_{jl} + Q_{il} Q_{jk})/n

    Every axis of it where there are few, else random ones with that covariance, their number divided out.
    """
    size = len(linear.step)
    left = np.linalg.cholesky(linear.noise)
    right = np.linalg.inv(np.linalg.cholesky(linear.covariance)) / np.sqrt(count)
    rows, columns = np.tril_indices(size)
    if exhaustive(size):
        steps = np.eye(size * size).reshape(-1, size, size)
        noises = np.zeros((len(rows), size, size))
        deviation = np.where(rows == columns, np.sqrt(2 / count), np.sqrt(1 / count))
        noises[np.arange(len(rows)), rows, columns] = noises[np.arange(len(rows)), columns, rows] = deviation
        none = np.zeros((size, size))
        yield left @ steps @ right, np.broadcast_to(none, steps.shape)
        yield np.broadcast_to(none, noises.shape), left @ noises @ left.T
        return
    draws, batch = np.random.default_rng(0), max(1, CHUNK // size**2)
    for first in range(0, EXHAUSTIVE, batch):
        many = min(batch, EXHAUSTIVE - first)
        steps = draws.standard_normal((many, size, size))
        noises = draws.standard_normal((many, size, size))
        noises = (noises + np.swapaxes(noises, -1, -2)) / np.sqrt(2 * count)
        share = 1 / np.sqrt(EXHAUSTIVE)
        yield share * (left @ steps @ right), share * (left @ noises @ left.T)


def scatter(quantity: Callable[[Linear], Array], linear: Linear, count: int) -> Scatter:
    r"""Bias and variance of a function of the fit: with the gradient g and the curvature H,

    .. math:: \text{bias} = \tfrac12 \operatorname{Tr} H C + g \cdot b_P, \qquad \text{variance} = g^T C g
    """
    value = quantity(linear)
    slope, bend = np.zeros_like(value), np.zeros_like(value)
    h = SHORT * (1.0 if exhaustive(len(linear.step)) else np.sqrt(EXHAUSTIVE))  # the random ones are that much shorter
    for steps, noises in directions(linear, count):
        ahead = quantity(Linear.of(linear.step + h * steps, linear.noise + h * noises))
        behind = quantity(Linear.of(linear.step - h * steps, linear.noise - h * noises))
        slope += np.sum(((ahead - behind) / (2 * h)) ** 2, axis=0)
        bend += np.sum((ahead + behind - 2 * value) / h**2, axis=0)
    shift = step_bias(linear, count)
    ahead = quantity(Linear.of(linear.step + SHORT * shift, linear.noise))
    behind = quantity(Linear.of(linear.step - SHORT * shift, linear.noise))
    return Scatter(value, bend / 2 + (ahead - behind) / (2 * SHORT), slope)


def noncentral_interval(
    value: float, bias: float, spread: float, freedom: float, confidence: float
) -> tuple[float, float]:
    r"""Interval of a quadratic form, right at zero too: the estimate, less what of its bias is not the form's own, has

    .. math:: \hat\sigma - (b - \kappa \nu) \sim \kappa\, \chi'^2(\nu,\ \sigma/\kappa)

    and the sigma kept are those under which it lies between the quantiles :math:`\alpha w` and
    :math:`1 - \alpha(1 - w)`, with the tail function :math:`w(\lambda) = \tfrac12 (1 - e^{-\lambda/(1 +
    \sqrt{2\nu})})`. Equal tails far from zero; at zero one tail, so that the coverage is nominal there too, the lower
    end is 0 exactly where the estimate is no surprise of a reversible process, and the interval is never empty.

    Parameters
    ----------
    value, bias : float
        Of the estimate, before correction.
    spread : float
        kappa.
    freedom : float
        nu = d(d - 1)/2, the number of circulations.

    References
    ----------
    Puza and O'Neill, Canadian Journal of Statistics 34, 299 (2006).
    """
    from scipy.special import chdtri

    if not spread > 0:
        return float("nan"), float("nan")
    # the bias is known to first order only: a form at or below zero is a small one, and its interval not empty
    scaled = max((value - bias) / spread + freedom, float(chdtri(freedom, 1 - LEAST)))
    rest = 1 - confidence
    low = _noncentrality(scaled, freedom, lambda split: 1 - rest * (1 - split))
    high = _noncentrality(scaled, freedom, lambda split: rest * split)
    return float(spread * low), float(spread * high)


def _noncentrality(at: float, freedom: float, level: Callable[[float], float]) -> float:
    """lambda with P(chi'^2(freedom, lambda) < at) = level(w(lambda)); 0 where there is none."""
    from scipy.optimize import brentq
    from scipy.special import chdtr, chndtr, ndtri

    if at <= 0 or chdtr(freedom, at) <= level(0.0):
        return 0.0
    guess = max(np.sqrt(max(at - (freedom - 1) / 2, 0.0)) - ndtri(level(0.5)), 0.0) ** 2 - (freedom - 1) / 2
    if at > FAR:
        return max(float(guess), 0.0)

    def excess(noncentrality: float) -> float:
        split = -0.5 * np.expm1(-noncentrality / (1 + np.sqrt(2 * freedom)))
        return float(chndtr(at, freedom, noncentrality) - level(split))

    return float(brentq(excess, 1e-12, max(float(guess), 0.0) + 10 + 4 * np.sqrt(freedom + at), rtol=1e-8))
