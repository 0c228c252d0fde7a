"""Decoders: from recorded rates to velocities, by the rates of the moment or by their history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.processes.linear import checked_lag

if TYPE_CHECKING:
    from neurothermo.processes.neurons import VelocityNeurons

SETTLED = 1e-13  # of the error: where the gain of a filter has stopped to change


@dataclass(frozen=True, eq=False)
class LinearDecoder:
    r"""A velocity from the rates of one moment, :math:`\hat v = \bar v + w \cdot (r - \bar r)`.

    Parameters
    ----------
    weights : array, shape (N,)
        w, velocity per rate.
    center : array, shape (N,)
        The mean rates.
    mmse : Estimate
        Mean square error, velocity squared.
    accuracy : Estimate
        Share of the velocity's variance explained.
    offset : float
        The mean velocity.
    method : str
    """

    weights: Array
    center: Array
    mmse: Estimate
    accuracy: Estimate
    offset: float = 0.0
    method: str = "linear"

    def decode(self, rates: Any, dt: float | None = None) -> Array:
        """Velocities, shape (time,), of recorded rates, shape (time, N); `dt` does not matter here.

        Raises
        ------
        InputError
            If the rates do not fit.
        """
        rates = checked_array(rates, "rates", (None, len(self.weights)))
        return np.asarray(self.offset + (rates - self.center) @ self.weights)


@dataclass(frozen=True, eq=False)
class KalmanDecoder:
    r"""A velocity from the history of the rates.

    .. math:: d\hat v = -\frac{\hat v}{\tau_v}\, dt + \frac{P}{2 D_r \tau_n} \sum_i \kappa_i
              \left[dr_i + \frac{r_i - r_0 - \kappa_i \hat v}{\tau_n}\, dt\right]

    Rates recorded every dt are decoded by the filter that is exact for such samples, not by a discretised equation.

    Parameters
    ----------
    network : VelocityNeurons
    weights : array, shape (N,)
        The gain on each innovation, P kappa_i/(2 D_r tau_n).
    mmse : Estimate
        P, the mean square error of the continuous filter.
    accuracy : Estimate
        1 - P/s.
    method : str
    """

    network: VelocityNeurons
    weights: Array
    mmse: Estimate
    accuracy: Estimate
    method: str = "kalman"

    def sampled_mmse(self, dt: float) -> float:
        """Mean square error from rates recorded every `dt`: between that of the moment and that of the filter."""
        filtered = SampledFilter.of(self.network, checked_lag(dt, "dt"))
        error, before = self.network.mmse().value, np.inf
        while abs(before - error) > SETTLED * error:
            before, error = error, filtered.update(error)[1]
        return float(error)

    def decode(self, rates: Any, dt: float | None = None) -> Array:
        """Velocities, shape (time,), of rates recorded every `dt`, shape (time, N).

        Raises
        ------
        InputError
            If the rates do not fit, or dt is missing or not positive.
        """
        network = self.network
        rates = checked_array(rates, "rates", (None, network.neurons))
        if dt is None:
            raise InputError("dt is needed: the time between two rows of rates")
        filtered = SampledFilter.of(network, checked_lag(dt, "dt"))
        summed = (rates - network.baseline) @ network.tuning / np.sqrt(network.power)
        found, error = np.empty(len(summed)), network.mmse().value
        if not len(summed):
            return found
        first = network.signal * network.lag * np.sqrt(network.power)
        found[0] = first / (network.private + first * np.sqrt(network.power)) * summed[0]
        gains = filtered.gains(error, len(summed) - 1)
        velocity, back, forth = (float(filtered.step[place]) for place in ((0, 0), (1, 0), (1, 1)))
        new = (gains * (summed[1:] - forth * summed[:-1])).tolist()
        kept, here = (velocity - gains * back).tolist(), float(found[0])
        for row, (keep, add) in enumerate(zip(kept, new, strict=True), start=1):
            here = keep * here + add
            found[row] = here
        return found


@dataclass(frozen=True, eq=False)
class SampledFilter:
    """The exact step of v and y = kappa . r/|kappa| between two records, y being known at both ends."""

    step: Array
    noise: Array

    @classmethod
    def of(cls, network: VelocityNeurons, dt: float) -> SampledFilter:
        """The step of a network."""
        from neurothermo.processes.lyapunov import gathered

        k, tau = np.sqrt(network.power), network.neuron_time
        relaxation = np.array([[1 / network.velocity_time, 0.0], [-k / tau, 1 / tau]])
        return cls(*gathered(relaxation, 2 * np.diag([network.velocity_noise, network.neuron_noise]), dt))

    def update(self, error: float) -> tuple[float, float]:
        """The gain on what y brings that was not expected, and the mean square error after it."""
        carried = error * np.outer(self.step[:, 0], self.step[:, 0]) + self.noise
        gain = carried[0, 1] / carried[1, 1]
        return float(gain), float(carried[0, 0] - gain * carried[0, 1])

    def gains(self, error: float, count: int) -> Array:
        """The gain at each of so many records after one of that error; constant once the error has settled."""
        found = np.empty(count)
        for row in range(count):
            found[row], after = self.update(error)
            if abs(after - error) <= SETTLED * error:
                found[row:] = found[row]
                break
            error = after
        return found


def linear_decoder(network: VelocityNeurons) -> LinearDecoder:
    """w = s rho kappa/(b + s rho K), by one division: the covariance of the rates is b and one direction."""
    shared = network.signal * network.lag
    weights = shared / (network.private + shared * network.power) * network.tuning
    return LinearDecoder(weights, network.baseline, network.mmse(), network.accuracy())


def kalman_decoder(network: VelocityNeurons) -> KalmanDecoder:
    """The gain from the stationary error P."""
    error = network.filter_error()
    weights = error.value / (2 * network.neuron_noise * network.neuron_time) * network.tuning
    share = 1 - error.value / network.signal
    accuracy = Estimate(share, 0.0, (share, share), method="Riccati equation", kind="exact")
    return KalmanDecoder(network, weights, error, accuracy)
