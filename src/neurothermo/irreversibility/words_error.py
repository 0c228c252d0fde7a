"""How sure the entropy production of well-sampled words is: bias and error of pair counts of a Markov chain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.irreversibility.gaussian_interval import noncentral_interval
from neurothermo.irreversibility.words_counts import PRIOR, Passages

UNLIKELY = 1e-9  # so small a value of the quadratic form that every interval ends at 0


@dataclass(frozen=True, eq=False)
class Scatter:
    """What sampling does to the entropy production of a chain, to second order; all in nats per sample.

    Parameters
    ----------
    variance : float
        Of the whole.
    biases, variances : array, shape (pairs,)
        Of each pair of words; biases add up.
    currents : array, shape (pairs,)
        Of each pair, net transitions over their standard deviation.
    """

    variance: float
    biases: Array
    variances: Array
    currents: Array

    @property
    def bias(self) -> float:
        """Of the whole."""
        return float(self.biases.sum())


def markov_scatter(passages: Passages) -> Scatter:
    r"""Bias and variance from the covariances of a Markov chain's pair counts.

    With the chance :math:`x = p_{ab}` of a pair of neighbours, the fundamental matrix
    :math:`Z = (1 - P + 1 \pi^T)^{-1}` and :math:`G = Z - 1 \pi^T`, n transitions have

    .. math:: n \operatorname{Var} \hat x = x (1 - x) + 2 x P_{ab} G_{ba}, \quad
              n \operatorname{Cov}(\hat x, \hat y) = -x y + x P_{ba} G_{bb} + y P_{ab} G_{aa}, \quad y = p_{ba}

    and the bias of :math:`(\hat x - \hat y) \ln(\hat x / \hat y)` is half the trace of its curvature with them, less
    :math:`(x - y)^2 / 2nxy` for the half that is added to counts. In equilibrium the sum over pairs is
    :math:`2 (E - S + 1) / n`.

    Parameters
    ----------
    passages : Passages
        Of order 1, of one segment, every pair seen both ways.

    References
    ----------
    Kemeny and Snell, Finite Markov Chains (1976), chapter IV, for the fundamental matrix and the variances.
    """
    size, n = passages.words.size, passages.count
    a, b = np.divmod(passages.long.codes, size)
    x, y = passages.long.seen.T / n
    joint = np.zeros((size, size))
    joint[a, b], joint[b, a] = x, y
    visits = np.bincount(passages.words.letters[:-1], minlength=size) / n
    joint[np.arange(size), np.arange(size)] = visits - joint.sum(axis=1)
    chain = joint / visits[:, None]
    fundamental = np.linalg.inv(np.eye(size) - chain + visits)
    green = fundamental - visits
    slope = np.zeros((size, size))
    slope[a, b], slope[b, a] = passages.long.slopes.T
    mean = np.sum(chain * slope, axis=1)
    later = fundamental @ (mean - visits @ mean)
    variance = np.sum(joint * slope * (slope + 2 * later)) - (visits @ mean) ** 2
    own = x * (1 - x) + 2 * x * chain[a, b] * green[b, a]
    back = y * (1 - y) + 2 * y * chain[b, a] * green[a, b]
    cross = -x * y + x * green[b, b] * chain[b, a] + y * green[a, a] * chain[a, b]
    bend = (1 / x + y / x**2) * own - 2 * (1 / x + 1 / y) * cross + (1 / y + x / y**2) * back
    up, down = slope[a, b], slope[b, a]
    return Scatter(
        float(max(variance, 0.0)) / n,
        (bend / 2 - (x - y) ** 2 / (2 * x * y)) / n,
        np.maximum(up**2 * own + 2 * up * down * cross + down**2 * back, 0.0) / n,
        (x - y) / np.sqrt(np.maximum(own + back - 2 * cross, 1e-300) / n),
    )


def quadratic_interval(
    value: float, bias: float, variance: float, least: float, confidence: float, freedom: int | None = None
) -> tuple[float, float]:
    r"""Interval of a value that is, to second order, :math:`\kappa\, \chi'^2(\nu,\ \sigma / \kappa)`.

    Far from zero its variance is :math:`4 \kappa \sigma`, which gives :math:`\kappa` = variance / 4 value.

    Parameters
    ----------
    value : float
        Before correction.
    bias, variance : float
    least : float
        kappa where the value is 0.
    confidence : float
    freedom : int, optional
        nu; default bias / kappa, with which the bias is all the form's own.
    """
    from scipy.special import chdtr

    spread = variance / (4 * value) if value > 0 and variance > 0 else least
    degrees = freedom if freedom is not None else max(bias / spread, 1e-3)
    scaled = max((value - bias) / spread + degrees, 0.0)
    if chdtr(degrees, scaled) < UNLIKELY:
        return 0.0, 0.0
    return noncentral_interval(value, bias, spread, degrees, confidence)


def lowered(low: float, value: float, seen: Array, scale: float, confidence: float) -> float:
    """The lower end of an interval where some of the counts are 0: errors read from counts are blind to those.

    What was not seen may have been expected up to -ln((1 - confidence)/2) times, 3.7 at 95 %, instead of 1/2.

    Parameters
    ----------
    low, value : float
        The end without this, >= 0, and the corrected value.
    seen : array, shape (pairs, 2)
        Counts both ways.
    scale : float
        Nats of the value for one of all counts together.
    confidence : float
    """
    once = seen.max(axis=1)[seen.min(axis=1) == 0]
    likely = np.minimum(-np.log((1 - confidence) / 2), once + PRIOR)
    reach = scale * float(np.sqrt(np.sum((once * np.log(likely / PRIOR)) ** 2)))
    return low if reach == 0 else max(value - float(np.hypot(max(value - low, 0.0), reach)), 0.0)
