"""How a Gaussian law moves: the time derivatives of its mean and covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.errors import InputError
from neurothermo.core.gaussian import Gaussian, checked_symmetric


@dataclass(frozen=True, eq=False)
class GaussianRate:
    """The velocity of a Gaussian law that stays Gaussian.

    Parameters
    ----------
    mean_rate : array_like, shape (n,)
        dm/dt.
    covariance_rate : array_like, shape (n, n)
        dC/dt, symmetric.

    Raises
    ------
    InputError
        If the covariance's rate is not symmetric or the mean's does not fit.
    """

    mean_rate: Array
    covariance_rate: Array

    def __post_init__(self) -> None:
        covariance_rate = checked_symmetric(self.covariance_rate, "covariance_rate")
        mean_rate = checked_array(self.mean_rate, "mean_rate", (len(covariance_rate),))
        object.__setattr__(self, "mean_rate", mean_rate)
        object.__setattr__(self, "covariance_rate", covariance_rate)


def checked_rate(rate: Any, law: Gaussian, name: str) -> GaussianRate:
    """A GaussianRate of as many variables as the law; None: a law that stands still.

    Raises
    ------
    InputError
        If it is none.
    """
    if rate is None:
        return GaussianRate(np.zeros(law.size), np.zeros((law.size, law.size)))
    if not isinstance(rate, GaussianRate) or len(rate.mean_rate) != law.size:
        raise InputError(f"{name} must be a GaussianRate of {law.size} variables beside a Gaussian, got {rate!r}")
    return rate


def relative_growth(law: Gaussian, rate: GaussianRate) -> float:
    """d ln det C / dt = Tr C^-1 dC/dt."""
    inverse = law.inverse_factor
    return float(np.einsum("ij,jk,ik->", inverse, rate.covariance_rate, inverse))


def fisher_information(law: Gaussian, rate: GaussianRate) -> float:
    """m' C^-1 m' + Tr[(C^-1 C')^2] / 2, as sums of squares in coordinates where the law is standard."""
    inverse = law.inverse_factor
    stretch = inverse @ rate.covariance_rate @ inverse.T
    return float(np.sum((inverse @ rate.mean_rate) ** 2) + np.sum(stretch**2) / 2)


def kl_rate(p: Gaussian, dp: GaussianRate, q: Gaussian, dq: GaussianRate) -> float:
    """dD/dt from D = [Tr Cq^-1 Cp - n + d Cq^-1 d + ln det Cq - ln det Cp] / 2, d = mp - mq."""
    inverse = q.inverse_factor.T @ q.inverse_factor
    offset = p.mean - q.mean
    pull = inverse @ offset
    moment = inverse @ (p.covariance + np.outer(offset, offset)) @ inverse
    trace = np.sum(inverse * dp.covariance_rate) - np.sum(moment * dq.covariance_rate)
    growth = relative_growth(q, dq) - relative_growth(p, dp)
    return float((trace + growth) / 2 + pull @ (dp.mean_rate - dq.mean_rate))


def log_moment_rate(p: Gaussian, dp: GaussianRate, q: Gaussian, dq: GaussianRate, order: float) -> float:
    """The time derivative of ln of the integral of p^a q^(1-a), with M = a Cq + (1-a) Cp and d = mp - mq.

    The logarithm is a (a-1) d M^-1 d / 2 - [ln det M - (1-a) ln det Cp - a ln det Cq] / 2.
    """
    mixed = Gaussian(p.mean, order * q.covariance + (1 - order) * p.covariance)
    inverse = mixed.inverse_factor.T @ mixed.inverse_factor
    pull = inverse @ (p.mean - q.mean)
    mixed_rate = order * dq.covariance_rate + (1 - order) * dp.covariance_rate
    shift = 2 * pull @ (dp.mean_rate - dq.mean_rate) - pull @ mixed_rate @ pull
    growth = (1 - order) * relative_growth(p, dp) + order * relative_growth(q, dq)
    return float((order * (order - 1) * shift - np.sum(inverse * mixed_rate) + growth) / 2)


def marginal(law: Gaussian, rate: GaussianRate, group: list[int]) -> tuple[Gaussian, GaussianRate]:
    """Some of the variables, and how their law moves."""
    block = np.ix_(group, group)
    part = Gaussian(law.mean[group], law.covariance[block])
    return part, GaussianRate(rate.mean_rate[group], rate.covariance_rate[block])
