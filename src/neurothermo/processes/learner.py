"""A synapse that learns a velocity, pays for it in heat, and forgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_count, checked_number
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.machine import check_fits_here
from neurothermo.core.randomness import Stream
from neurothermo.core.verdict import Verdict
from neurothermo.information.laws import exact as exactly
from neurothermo.processes.linear import checked_lag
from neurothermo.processes.linear_held import checked_times

BYTES = 200.0  # a trial, with its random numbers


@dataclass(frozen=True)
class LinearLearner:
    r"""A noisy weight that relaxes towards a velocity it is shown.

    .. math:: dw = -\frac{w - \kappa v}{\tau}\, dt + \sqrt{2 \sigma_w^2/\tau}\; dW, \qquad v \sim N(0, s)
              \text{ fixed while it learns}, \qquad w(0) \sim N(0, \sigma_w^2)

    A reconstruction: the simplest synapse that learns a static signal. Everything depends on the signal-to-noise ratio
    :math:`g = \kappa^2 s/\sigma_w^2` alone. Learning is a sudden clamp: at time 0 the target moves from 0 to kappa v.

    Parameters
    ----------
    tuning : float
        kappa, weight per velocity, not 0.
    velocity_variance : float
        s, > 0.
    weight_variance : float
        sigma_w^2, > 0, the variance of the weight at a known velocity; it plays the part of kT.
    time : float
        tau, > 0.

    Raises
    ------
    InputError
        If an argument is not what it must be.

    References
    ----------
    Goldt and Seifert, Phys. Rev. Lett. 118, 010601 (2017), for the second law that bounds what is learned by what it
    costs; Karbowski, Entropy 26, 779 (2024), for the question. The formulas are derived here, not quoted.
    """

    tuning: float = 1.0
    velocity_variance: float = 1.0
    weight_variance: float = 1.0
    time: float = 1.0

    def __post_init__(self) -> None:
        tuning = checked_number(self.tuning, "tuning")
        if tuning == 0:
            raise InputError("tuning must not be 0: nothing would be learned")
        object.__setattr__(self, "tuning", tuning)
        for name in ("velocity_variance", "weight_variance", "time"):
            object.__setattr__(self, name, checked_lag(getattr(self, name), name))

    @property
    def ratio(self) -> float:
        """g = kappa^2 s/sigma_w^2."""
        return self.tuning**2 * self.velocity_variance / self.weight_variance

    # -- learning ----------------------------------------------------------------------------------

    def information(self, time: float = np.inf) -> Estimate:
        r"""What the weight tells of the velocity after so long, in nats.

        .. math:: I(w; v) = \tfrac12 \ln[1 + g (1 - e^{-t/\tau})^2]

        The entropy of the weight grows by the same amount: at a known velocity it stays what it was.
        """
        share = -np.expm1(-self._since(time))
        return exactly(float(0.5 * np.log1p(self.ratio * share**2)), "nats", "closed form")

    def heat(self, time: float = np.inf) -> Estimate:
        r"""Heat given to the bath by then, in kT (nats): :math:`Q = \tfrac{g}{2} (1 - e^{-2t/\tau})`."""
        return exactly(float(-0.5 * self.ratio * np.expm1(-2 * self._since(time))), "nats", "closed form")

    def efficiency(self, time: float = np.inf) -> Estimate:
        r"""Information learned over the total entropy production of learning.

        .. math:: \eta = \frac{I}{\Delta S + Q} = \frac{I}{I + Q} \to \frac12 \;(g \to 0), \quad 0 \;(g \to \infty)

        The limits are those of a long time. A target that is moved slowly would cost less than the sudden one here.

        Raises
        ------
        InputError
            If the time is 0: nothing was learned or spent yet.
        """
        if self._since(time) == 0:
            raise InputError("time must be positive for an efficiency: nothing is learned or spent at 0")
        learned, heat = self.information(time).value, self.heat(time).value
        return exactly(learned / (learned + heat), "", "closed form", information=learned, heat=heat)

    def bound(self, time: float = np.inf) -> Verdict:
        """Whether what was learned is within the second law, I <= Delta S + Q; slope and expected are its two sides."""
        learned, heat = self.information(time).value, self.heat(time).value
        total = learned + heat
        return Verdict(
            learned <= total,
            f"{learned:.6g} nats were learned, for an entropy production of {total:.6g} (entropy of the weight "
            f"{learned:.6g}, heat {heat:.6g})",
            slope=learned, expected=total, stderr=0.0,
            details={"information": learned, "entropy_change": learned, "heat": heat},
        )  # fmt: skip

    def learning(self, times: Any) -> Any:
        """The same over time.

        Parameters
        ----------
        times : array_like, shape (times,)
            Not negative.

        Returns
        -------
        xarray.Dataset
            Over `time`: information, heat, entropy_change (nats), and efficiency, NaN at 0.
        """
        import xarray as xr

        times = checked_times(times)
        learned = np.array([self.information(time).value for time in times])
        heat = np.array([self.heat(time).value for time in times])
        total = learned + heat
        efficiency = np.divide(learned, total, out=np.full(len(times), np.nan), where=total > 0)
        nats = {"units": "nats"}
        variables = {
            "information": ("time", learned, {**nats, "long_name": "information about the velocity"}),
            "heat": ("time", heat, {**nats, "long_name": "heat given to the bath, over kT"}),
            "entropy_change": ("time", learned, {**nats, "long_name": "growth of the entropy of the weight"}),
            "efficiency": ("time", efficiency, {"units": "1", "long_name": "information over entropy production"}),
        }
        return xr.Dataset(variables, {"time": times}, {"kind": "exact", "process": repr(self)})

    # -- remembering -------------------------------------------------------------------------------

    def memory(self, time: float, learned_for: float = np.inf) -> Estimate:
        r"""What the weight still tells so long after learning stopped and its target went back to 0, in nats.

        .. math:: I(t) = \tfrac12 \ln(1 + g a^2 e^{-2t/\tau}), \qquad a = 1 - e^{-T/\tau}

        Parameters
        ----------
        time : float
            t, since learning stopped.
        learned_for : float
            T, how long it learned.
        """
        amplitude = -np.expm1(-self._since(learned_for, "learned_for"))
        left = self.ratio * amplitude**2 * np.exp(-2 * self._since(time))
        return exactly(float(0.5 * np.log1p(left)), "nats", "closed form", amplitude=float(amplitude))

    def lifetime(self, threshold: float, learned_for: float = np.inf) -> Estimate:
        r"""When the memory falls to a threshold.

        .. math:: t^* = \frac{\tau}{2} \ln \frac{g a^2}{e^{2 I_{th}} - 1}

        Parameters
        ----------
        threshold : float
            I_th, in nats; above 0 and below what was learned.
        learned_for : float
            T, how long it learned.

        Raises
        ------
        InputError
            If the threshold is out of that range.
        """
        threshold = checked_number(threshold, "threshold")
        learned = self.memory(0.0, learned_for)
        if not 0 < threshold < learned.value:
            raise InputError(
                f"threshold must lie between 0 and the {learned.value:.6g} nats that were learned, got {threshold:g}"
            )
        start = self.ratio * learned.details["amplitude"] ** 2
        value = 0.5 * self.time * (np.log(start) - np.log(np.expm1(2 * threshold)))
        return exactly(float(value), "unit time", "closed form", learned=learned.value)

    # -- in motion ---------------------------------------------------------------------------------

    def sample(self, time: float, trials: int = 10_000, seed: int = 0) -> Any:
        """Synapses that learned for so long, each of a velocity of its own; exact draws.

        Returns
        -------
        xarray.Dataset
            Over `trial`: velocity, weight_initial, weight, and heat given to the bath, in kT: what the energy
            (w - kappa v)^2/2 sigma_w^2 of the trial lost, which no one works on after the clamp.
        """
        import xarray as xr

        trials, decay = checked_count(trials, "trials"), float(np.exp(-self._since(time)))
        check_fits_here(BYTES * trials, f"trials: {trials} synapses")
        draws = Stream.of(checked_count(seed, "seed", least=0), "LinearLearner").at(np.arange(trials), 0).normals(3)
        velocity = np.sqrt(self.velocity_variance) * draws[:, 0]
        noise = np.sqrt(self.weight_variance)
        first, target = noise * draws[:, 1], self.tuning * velocity
        last = target + decay * (first - target) + noise * np.sqrt(1 - decay**2) * draws[:, 2]
        heat = ((first - target) ** 2 - (last - target) ** 2) / (2 * self.weight_variance)
        columns = {"velocity": velocity, "weight_initial": first, "weight": last, "heat": heat}
        return xr.Dataset({name: ("trial", values) for name, values in columns.items()}, {"trial": np.arange(trials)})

    def monte_carlo(self, time: float, trials: int = 10_000, seed: int = 0) -> tuple[Estimate, Estimate]:
        """Information (from the sample's correlation, the laws being Gaussian) and heat of sampled synapses, in nats.

        Returns
        -------
        information, heat : Estimate
        """
        drawn = self.sample(time, checked_count(trials, "trials", 10), seed)
        velocity, weight, heat = (np.asarray(drawn[name]) for name in ("velocity", "weight", "heat"))
        correlation = float(np.corrcoef(velocity, weight)[0, 1])
        learned = float(-0.5 * np.log1p(-(correlation**2)))
        return (
            _measured(learned, abs(correlation) / np.sqrt(trials), trials, "correlation of sampled weights"),
            _measured(float(heat.mean()), float(heat.std(ddof=1) / np.sqrt(trials)), trials, "mean of sampled heats"),
        )

    def _since(self, time: Any, name: str = "time") -> float:
        """t/tau, from 0 to infinity."""
        if isinstance(time, float | np.floating) and time == np.inf:
            return float(np.inf)
        value = checked_number(time, name)
        if value < 0:
            raise InputError(f"{name} must not be negative, got {value:g}")
        return value / self.time


def _measured(value: float, stderr: float, trials: int, method: str) -> Estimate:
    interval = (value - 1.96 * stderr, value + 1.96 * stderr)
    return Estimate(value, stderr, interval, n=trials, units="nats", method=method)
