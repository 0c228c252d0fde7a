"""Mean fields that do produce entropy: one variable between two baths, and a threshold that takes its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_choice
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.gaussian import Gaussian
from neurothermo.information.laws import exact as exactly
from neurothermo.processes.linear import LinearLangevin, checked_lag

if TYPE_CHECKING:
    from neurothermo.processes.bcm import BCM

RATE = "nats per unit time"


@dataclass(frozen=True, eq=False)
class LinearChannels:
    r"""One variable pulled to different places by several baths.

    .. math:: dx = \sum_a \left[-k_a (x - v_a)\, dt + \sqrt{2 D_a}\, dW_a\right]

    Parameters
    ----------
    rates, targets, noises : array_like, shape (channels,)
        k_a > 0, v_a and D_a > 0.

    Raises
    ------
    InputError
        If they do not fit.
    """

    rates: Array
    targets: Array
    noises: Array

    def __post_init__(self) -> None:
        rates = checked_array(self.rates, "rates", (None,))
        if not rates.size:
            raise InputError("rates must hold at least one channel, got none")
        for name in ("rates", "targets", "noises"):
            array = checked_array(getattr(self, name), name, rates.shape)
            if name != "targets" and np.any(array <= 0):
                raise InputError(f"{name} must be positive, got {array.min():g}")
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def law(self) -> Gaussian:
        """Normal: mean sum(k v)/sum(k), variance sum(D)/sum(k)."""
        total = self.rates.sum()
        return Gaussian(np.array([self.rates @ self.targets / total]), np.array([[self.noises.sum() / total]]))

    def entropy_production(self) -> Estimate:
        r"""Of the stationary state, nats per unit time.

        .. math:: \sigma = \sum_a \frac{k_a^2 (\mu - v_a)^2 + s\, (k_a - D_a/s)^2}{D_a}

        Returns
        -------
        Estimate
            Exact; ``details`` has the entropy `flow` into each bath, which may be negative and sums to the whole.
        """
        law = self.law()
        mean, variance = float(law.mean[0]), float(law.covariance[0, 0])
        apart = (self.rates * (mean - self.targets)) ** 2
        value = float(np.sum((apart + variance * (self.rates - self.noises / variance) ** 2) / self.noises))
        flow = (apart + variance * self.rates**2) / self.noises - self.rates
        return exactly(value, RATE, "closed form, a bath for each channel", flow=flow)


def bcm_two_baths(bcm: BCM, plasticity_noise: float) -> Estimate:
    """The estimate of `BCM.two_baths`: the two irreversible velocities are opposite, F_1 D_2 - F_2 D_1 over D."""
    first = checked_lag(plasticity_noise, "plasticity_noise")
    second = bcm.noise - first
    if not second > 0:
        raise InputError(f"plasticity_noise must be below the noise of both, {bcm.noise:g}, got {first:g}")
    law, decay = bcm.law(), 1 / bcm.time

    def plasticity(x: Array) -> Array:
        return np.asarray(bcm.rate * x**2 * (1 - bcm.saturation * x))

    def unlike(x: Array) -> Array:
        return (plasticity(x) * second + decay * x * first) ** 2

    value = law.expectation(unlike) / (bcm.noise * first * second)
    slope = law.expectation(lambda x: bcm.rate * x * (2 - 3 * bcm.saturation * x))
    flows = {
        "flow_plasticity": law.expectation(lambda x: plasticity(x) ** 2) / first + slope,
        "flow_decay": law.expectation(lambda x: (decay * x) ** 2) / second - decay,
    }
    return exactly(value, RATE, "quadrature, two baths", **flows, residual=abs(sum(flows.values()) - value))


def bcm_dynamic_threshold(bcm: BCM, threshold_time: float, threshold_noise: float, at: str) -> LinearLangevin:
    """The linear process of `BCM.dynamic_threshold`."""
    x = bcm.well(checked_choice(at, "at", ("upper", "lower")))
    theta = bcm.saturation * x**2
    relaxation = [
        [1 / bcm.time - bcm.rate * (2 * x - theta), bcm.rate * x],
        [-2 * bcm.saturation * x / threshold_time, 1 / threshold_time],
    ]
    growth = float(-np.linalg.eigvals(relaxation).real.min())
    if growth >= 0:
        raise InputError(
            f"threshold_time must be short enough for the {at} state to be stable, got {threshold_time:g}, at which "
            f"deviations grow at {growth:.4g} per unit time"
        )
    return LinearLangevin(relaxation, [bcm.noise, threshold_noise], label=f"BCM with a threshold, {at} state")
