r"""Neurons that start to listen, and networks without end.

The noise of all neurons being the same, only :math:`y = \kappa \cdot r / |\kappa|` knows of v; what is left of the
rates keeps its law. With :math:`k = |\kappa|`, :math:`\lambda = 1/\tau_v + 1/\tau_n`, after coupling at time 0

.. math:: c = \langle v y \rangle = k s \rho\, (1 - e^{-\lambda t}), \qquad
          \dot V = -\tfrac{2}{\tau_n} (V - k c) + 2 D_r, \qquad R^2 = \frac{c^2}{s V}, \qquad I = -\tfrac12 \ln(1 - R^2)

and v stays in its stationary law, so that :math:`\dot I^v = -R^2/[\tau_v (1 - R^2)]` at all times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.processes.linear_held import checked_times

if TYPE_CHECKING:
    from neurothermo.processes.neurons import VelocityNeurons

RATE = "nats per unit time"
SERIES = {
    "information": ("nats", "mutual information of velocity and rates"),
    "information_rate": (RATE, "rate of change of the information"),
    "to_neurons": (RATE, "information flow by the motion of the rates"),
    "to_velocity": (RATE, "information flow by the motion of the velocity"),
    "flow": (RATE, "entropy flow from the neurons into their bath"),
    "entropy_rate": (RATE, "rate of change of the entropy of the rates"),
    "production": (RATE, "local entropy production of the neurons"),
    "rate_bound": (RATE, "bound on the rate of change of the information"),
    "accuracy": ("1", "share of the velocity's variance explained"),
}
FIRST, LAST, LOOKS = 1e-6, 50.0, 4000  # of the shortest and of the longest time: where a peak is looked for
OVER = 1e-12  # of the stationary information: less is rounding


@dataclass(frozen=True, eq=False)
class Moments:
    """c and V of the velocity and the one direction of the rates that knows of it, with their time derivatives."""

    network: VelocityNeurons
    shared: Array
    spread: Array
    shared_rate: Array
    spread_rate: Array

    @classmethod
    def at(cls, network: VelocityNeurons, times: Array) -> Moments:
        """After switching on."""
        k, tau = np.sqrt(network.power), network.neuron_time
        fast = 1 / network.velocity_time + 1 / tau
        settled = k * network.signal * network.lag
        shared = -settled * np.expm1(-fast * times)
        slow, apart = min(2 / tau, fast), abs(2 / tau - fast) * times
        small = apart < 1e-8
        mean = np.where(small, 1 - apart / 2, -np.expm1(-apart) / np.where(small, 1, apart))
        overlap = np.exp(-slow * times) * times * mean  # difference of both decays over that of their rates
        spread = network.private + k * settled * (-np.expm1(-2 * times / tau) - 2 / tau * overlap)
        spread_rate = -2 / tau * (spread - k * shared) + 2 * network.neuron_noise
        return cls(network, shared, spread, settled * fast * np.exp(-fast * times), spread_rate)

    @property
    def accuracy(self) -> Array:
        """R^2."""
        return self.shared**2 / (self.network.signal * self.spread)

    @property
    def information(self) -> Array:
        """-ln(1 - R^2)/2."""
        return -0.5 * np.log1p(-self.accuracy)

    def balance(self) -> dict[str, Array]:
        """Every series."""
        network, c, v = self.network, self.shared, self.spread
        s, tau, k = network.signal, network.neuron_time, np.sqrt(network.power)
        accuracy = self.accuracy
        change = (2 * c * self.shared_rate * v - c**2 * self.spread_rate) / (s * v**2)
        rate = 0.5 * change / (1 - accuracy)
        stale = -accuracy / (1 - accuracy) / network.velocity_time
        flow = (v - 2 * k * c + k**2 * s) / (tau**2 * network.neuron_noise) - 1 / tau
        entropy_rate = 0.5 * self.spread_rate / v
        return {
            "information": self.information,
            "information_rate": rate,
            "to_neurons": rate - stale,
            "to_velocity": stale,
            "flow": flow,
            "entropy_rate": entropy_rate,
            "production": flow + entropy_rate - (rate - stale),
            "rate_bound": np.sqrt(accuracy * self.fisher_information()),
            "accuracy": accuracy,
        }

    def fisher_information(self) -> Array:
        r"""Of the law's motion in time, :math:`\tfrac12 \operatorname{Tr} [(C^{-1} \dot C)^2]`."""
        found = np.empty(len(self.shared))
        for index, (c, v, dc, dv) in enumerate(
            zip(self.shared, self.spread, self.shared_rate, self.spread_rate, strict=True)
        ):
            law, rate = np.array([[self.network.signal, c], [c, v]]), np.array([[0.0, dc], [dc, dv]])
            turned = np.linalg.solve(law, rate)
            found[index] = 0.5 * np.sum(turned * turned.T)
        return found


def switch_on(network: VelocityNeurons, times: Any) -> Any:
    """The dataset of `VelocityNeurons.switch_on`."""
    import xarray as xr

    times = checked_times(times)
    found = Moments.at(network, times).balance()
    variables: dict[str, Any] = {
        name: ("time", found[name], {"units": units, "long_name": said}) for name, (units, said) in SERIES.items()
    }
    peak, when = highest(network)
    variables["peak"] = ((), peak, {"units": "nats", "long_name": "largest information on the way"})
    variables["peak_time"] = ((), when, {"units": "unit time", "long_name": "when it is reached"})
    return xr.Dataset(variables, {"time": times}, {"kind": "exact", "process": repr(network)})


def highest(network: VelocityNeurons) -> tuple[float, float]:
    """The largest information on the way and its time; NaN twice where it only rises."""
    from scipy.optimize import minimize_scalar

    scales = (network.neuron_time, network.velocity_time)
    looks = np.geomspace(FIRST * min(scales), LAST * max(scales), LOOKS)
    seen = Moments.at(network, looks).information
    top, settled = int(np.argmax(seen)), network.mutual_information().value
    if top in (0, LOOKS - 1) or seen[top] <= settled * (1 + OVER):
        return float("nan"), float("nan")
    found = minimize_scalar(
        lambda time: -Moments.at(network, np.array([time])).information[0],
        bounds=(looks[top - 1], looks[top + 1]), method="bounded", options={"xatol": 1e-10 * looks[top]},
    )  # fmt: skip
    return float(-found.fun), float(found.x)


def saturation(network: VelocityNeurons) -> Any:
    """The dataset of `VelocityNeurons.saturation`."""
    import xarray as xr

    s, rho = network.signal, network.lag
    limit = 0.5 * np.log1p(network.velocity_time / network.neuron_time)
    rows = {
        "accuracy": ("1", network.accuracy().value, rho),
        "mutual_information": ("nats", network.mutual_information().value, limit),
        "mmse": ("velocity squared", network.mmse().value, s * (1 - rho)),
        "filter_error": ("velocity squared", network.filter_error().value, 0.0),
        "information_flow": (RATE, network.information_flow().value, 1 / network.neuron_time),
        "efficiency": ("1", network.efficiency().value, 0.0),
    }
    variables = {name: ("neurons", [here, there], {"units": units}) for name, (units, here, there) in rows.items()}
    about = {"kind": "exact", "process": repr(network)}
    return xr.Dataset(variables, {"neurons": [float(network.neurons), np.inf]}, about)
