"""Noisy neurons that infer a velocity from what it does to their rates: what they know, and what it costs."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import (
    Array,
    checked_array,
    checked_choice,
    checked_count,
    checked_range,
    checked_temperature,
    shown,
)
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.gaussian import Gaussian
from neurothermo.core.machine import check_fits_here
from neurothermo.core.randomness import digest
from neurothermo.information.laws import exact as exactly
from neurothermo.processes.linear import LinearLangevin, checked_lag
from neurothermo.processes.linear_held import Held, HeldDriver

if TYPE_CHECKING:
    from neurothermo.processes.neurons_decoder import KalmanDecoder, LinearDecoder

PARITIES = ("even", "odd")
RATE = "nats per unit time"
COPIES = 8  # of the tuning, that are held at once
MOST_DENSE = 4000  # neurons, up to which matrices of all pairs are made


@dataclass(frozen=True, eq=False)
class VelocityNeurons:
    r"""Linear rate neurons that are tuned to a fluctuating velocity.

    .. math:: dv = -\frac{v}{\tau_v}\, dt + \sqrt{2 D_v}\, dW_0, \qquad
              dr_i = -\frac{r_i - r_0 - \kappa_i v}{\tau_n}\, dt + \sqrt{2 D_r}\, dW_i, \qquad i = 1 \ldots N

    A reconstruction of the network that decodes a particle's velocity: the simplest one in which neurons follow v and
    do not act on it. With :math:`s = D_v \tau_v`, :math:`b = D_r \tau_n`, :math:`K = \sum \kappa_i^2` and
    :math:`\rho = \tau_v/(\tau_v + \tau_n)` everything below is exact, for any N, and no matrix is formed.

    Parameters
    ----------
    tuning : int or array_like, shape (N,)
        kappa, rate per velocity, one for each neuron and not all zero; a whole number means so many neurons of
        kappa = 1.
    velocity_time, neuron_time : float
        tau_v and tau_n, > 0.
    velocity_noise, neuron_noise : float
        D_v and D_r, half the variance of the noise a unit time, > 0.
    baseline : float or array_like, shape (N,)
        r_0: rates at v = 0.
    parity : "even" or "odd"
        What becomes of v when time is reversed. "even" takes it for a signal from outside: the neurons alone dissipate.
        "odd" takes it for what it is, the velocity of a particle. The entropy production differs by tau_v/tau_n.

    Raises
    ------
    InputError
        If an argument is not what it must be.

    Notes
    -----
    As a process its state is (v, r_1, ..., r_N); a protocol's inputs, shape (N + 1,), add to the drift.

    References
    ----------
    Karbowski, Entropy 26, 779 (2024), asks the question; the equations are reconstructed and the formulas derived
    here, not quoted. Information flow: Horowitz and Esposito, Phys. Rev. X 4, 031015 (2014). Filter: Kalman and Bucy,
    J. Basic Eng. 83, 95 (1961). Its information: Duncan, SIAM J. Appl. Math. 19, 215 (1970).
    """

    tuning: Any
    _: KW_ONLY
    velocity_time: float = 1.0
    neuron_time: float = 0.1
    velocity_noise: float = 1.0
    neuron_noise: float = 0.1
    baseline: Any = 0.0
    parity: str = "even"

    def __post_init__(self) -> None:
        tuning = checked_tuning(self.tuning)
        baseline = checked_array(self.baseline, "baseline")
        if baseline.shape not in ((), (len(tuning),)):
            raise InputError(f"baseline must be a number or of shape ({len(tuning)},), got {baseline.shape}")
        for name, array in (("tuning", tuning), ("baseline", np.broadcast_to(baseline, tuning.shape).copy())):
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        for name in ("velocity_time", "neuron_time", "velocity_noise", "neuron_noise"):
            object.__setattr__(self, name, checked_lag(getattr(self, name), name))
        checked_choice(self.parity, "parity", PARITIES)

    # -- the numbers that matter -------------------------------------------------------------------

    @property
    def neurons(self) -> int:
        """N."""
        return len(self.tuning)

    @cached_property
    def power(self) -> float:
        """K, the sum of kappa^2."""
        return float(self.tuning @ self.tuning)

    @property
    def signal(self) -> float:
        """s = D_v tau_v, the variance of the velocity."""
        return self.velocity_noise * self.velocity_time

    @property
    def private(self) -> float:
        """b = D_r tau_n, the variance of a rate at a known history of the velocity."""
        return self.neuron_noise * self.neuron_time

    @property
    def lag(self) -> float:
        """rho = tau_v/(tau_v + tau_n), the correlation of the velocity with its trace in a rate, squared."""
        return self.velocity_time / (self.velocity_time + self.neuron_time)

    @property
    def _missed(self) -> float:
        """b + rho (1 - rho) s K: what of a summed rate has nothing to do with v now, over K."""
        return self.private + self.lag * (1 - self.lag) * self.signal * self.power

    # -- what the neurons know ---------------------------------------------------------------------

    def joint_law(self) -> Gaussian:
        r"""The stationary law of (v, r).

        .. math:: \langle v r_i \rangle_c = \kappa_i s \rho, \qquad
                  \langle r_i r_j \rangle_c = \kappa_i \kappa_j s \rho + b\, \delta_{ij}

        Raises
        ------
        InputError
            If there are more than 4000 neurons: the matrix would fill the memory, and no other method needs it.
        """
        self._check_dense()
        n = self.neurons
        covariance = np.empty((n + 1, n + 1))
        covariance[0, 0] = self.signal
        covariance[0, 1:] = covariance[1:, 0] = self.tuning * (self.signal * self.lag)
        covariance[1:, 1:] = np.outer(self.tuning, self.tuning) * (self.signal * self.lag) + self.private * np.eye(n)
        return Gaussian(np.r_[0.0, self.baseline], covariance)

    def accuracy(self) -> Estimate:
        r"""Share of the velocity's variance that the rates of the moment explain, in (0, rho).

        .. math:: R^2 = \frac{\rho^2 s K}{b + \rho s K}
        """
        value = self.lag**2 * self.signal * self.power / (self.private + self.lag * self.signal * self.power)
        return exactly(value, "", "closed form", limit=self.lag)

    def mutual_information(self) -> Estimate:
        r"""What the rates tell of the velocity at one moment, in nats.

        .. math:: I(v; r) = -\tfrac12 \ln(1 - R^2) = \tfrac12 \ln \frac{b + \rho s K}{b + \rho (1 - \rho) s K}
                  \to \tfrac12 \ln(1 + \tau_v/\tau_n)
        """
        value = 0.5 * np.log1p(self.lag**2 * self.signal * self.power / self._missed)
        limit = 0.5 * np.log1p(self.velocity_time / self.neuron_time)
        return exactly(float(value), "nats", "closed form", accuracy=self.accuracy().value, limit=float(limit))

    def mmse(self) -> Estimate:
        r"""Least mean square error of v from the rates of the moment, :math:`s (1 - R^2)`."""
        return exactly(self.signal * self._unexplained, "velocity squared", "closed form")

    @property
    def _unexplained(self) -> float:
        """1 - R^2, without a difference."""
        return self._missed / (self.private + self.lag * self.signal * self.power)

    def filter_error(self) -> Estimate:
        r"""Least mean square error of v from the whole history of the rates, that of the Kalman-Bucy filter.

        .. math:: 2 D_v - \frac{2 P}{\tau_v} - a P^2 = 0, \qquad a = \frac{K}{2 D_r \tau_n^2}

        Unlike `mmse` it falls to zero as neurons are added: their derivatives undo the lag.
        """
        sharpness = self.power / (2 * self.neuron_noise * self.neuron_time**2)
        root = np.sqrt(4 / self.velocity_time**2 + 8 * sharpness * self.velocity_noise)
        value = 4 * self.velocity_noise / (2 / self.velocity_time + root)
        return exactly(float(value), "velocity squared", "Riccati equation", sharpness=sharpness)

    def transfer_entropy(self) -> Estimate:
        r"""What the rates learn of the velocity a unit time, from v to r: :math:`\tfrac12 a P` (Duncan's theorem).

        At least the information flow into the neurons, which counts the rates of the moment alone.
        """
        error = self.filter_error()
        value = 0.5 * error.details["sharpness"] * error.value
        return exactly(float(value), RATE, "Duncan's theorem", filter_error=error.value)

    def decoder(self, method: str = "linear") -> LinearDecoder | KalmanDecoder:
        """What makes velocities of recorded rates.

        Parameters
        ----------
        method : "linear" or "kalman"
            From the rates of each moment alone, or from their history.

        Returns
        -------
        LinearDecoder or KalmanDecoder
            With `weights`, `mmse`, `accuracy` and ``decode(rates, dt)``.
        """
        from neurothermo.processes.neurons_decoder import kalman_decoder, linear_decoder

        checked_choice(method, "method", ("linear", "kalman"))
        return linear_decoder(self) if method == "linear" else kalman_decoder(self)

    def saturation(self) -> Any:
        """What the network does, and would do with infinitely many neurons.

        Lag and not noise is what limits a large network that reads the rates of the moment.

        Returns
        -------
        xarray.Dataset
            Over `neurons` (N and infinity): accuracy, mutual_information, mmse, filter_error, information_flow,
            efficiency.
        """
        from neurothermo.processes.neurons_transient import saturation

        return saturation(self)

    # -- what it costs -----------------------------------------------------------------------------

    def entropy_production(self, parity: str | None = None) -> Estimate:
        r"""Of the stationary state, nats per unit time.

        .. math:: \sigma_{even} = \frac{K s (1 - \rho)}{\tau_n^2 D_r}, \qquad
                  \sigma_{odd} = \frac{K s \rho}{\tau_n^2 D_r} = \frac{\tau_v}{\tau_n}\, \sigma_{even}

        Parameters
        ----------
        parity : "even" or "odd", optional
            Of the velocity; default the network's own.

        Returns
        -------
        Estimate
            Exact; ``details`` has the parity in use and what both give.
        """
        parity = self.parity if parity is None else checked_choice(parity, "parity", PARITIES)
        scale = self.power * self.signal / (self.neuron_time**2 * self.neuron_noise)
        both = {"even": scale * (1 - self.lag), "odd": scale * self.lag}
        return exactly(both[parity], RATE, f"closed form, {parity} velocity", parity=parity, **both)

    def energy_cost(self, *, temperature: float, parity: str | None = None) -> Estimate:
        r"""Power that keeps the network going, :math:`k T \sigma`, in energy units per unit time.

        Parameters
        ----------
        temperature : float
            kT of the bath that the noise of a rate stands for. It is a choice of the model, never implied: the noise
            of a neuron is far above that of heat.
        parity : "even" or "odd", optional
            As for `entropy_production`.

        Returns
        -------
        Estimate
            Exact; ``details`` has the cost of one neuron, and of a nat that flows into the rates.
        """
        temperature = checked_temperature(temperature)
        produced = self.entropy_production(parity)
        power = temperature * produced.value
        details = {
            "parity": produced.details["parity"],
            "per_neuron": power / self.neurons,
            "per_nat": power / self.information_flow().value,
        }
        return replace(
            exactly(power, "energy units per unit time", "kT times the entropy production", **details),
            temperature=temperature,
        )

    def information_flow(self) -> Estimate:
        r"""Information about v that the motion of the rates gains a unit time, in the stationary state.

        .. math:: \dot I^r = -\dot I^v = \frac{1}{\tau_v} \frac{R^2}{1 - R^2}

        What they gain the motion of v makes stale: the two add up to dI/dt, which is zero here.
        """
        value = self.lag**2 * self.signal * self.power / self._missed / self.velocity_time
        return exactly(value, RATE, "closed form", to_neurons=value, to_velocity=-value)

    def efficiency(self) -> Estimate:
        r"""Information flow over entropy production of the neurons; the second law bounds it by 1, the lag by rho.

        .. math:: \eta = \frac{\dot I^r}{\sigma_{even}} = \frac{\rho\, b}{b + \rho (1 - \rho) s K} \le \rho < 1

        It falls as 1/N where accuracy saturates. The entropy production is that of an even velocity whatever the
        `parity`: what the neurons give to their own bath.
        """
        return exactly(self.lag * self.private / self._missed, "", "closed form", bound=self.lag)

    def switch_on(self, times: Any) -> Any:
        """Information and its balance after the coupling is switched on at time 0, from independent v and r.

        The rates start with the variance b of neurons that hear nothing. Information overshoots: early on the rates
        hold recent velocities only. See `processes.neurons_transient` for the formulas.

        Parameters
        ----------
        times : array_like, shape (times,)
            Not negative.

        Returns
        -------
        xarray.Dataset
            Over `time`: information, information_rate, to_neurons and to_velocity (the two flows, which add up to the
            rate), flow (entropy that the neurons give to their bath), entropy_rate of the rates, production (local, of
            the neurons, never negative), rate_bound (no dynamics changes the information faster), accuracy; and peak
            and peak_time of the information, NaN where it has none.

        Raises
        ------
        InputError
            If a time is negative.
        """
        from neurothermo.processes.neurons_transient import switch_on

        return switch_on(self, times)

    # -- in motion ---------------------------------------------------------------------------------

    def linear(self, parity: str | None = None) -> LinearLangevin:
        """The same as a linear process of (v, r - r_0), with matrices of all pairs."""
        parity = self.parity if parity is None else checked_choice(parity, "parity", PARITIES)
        self._check_dense()
        relaxation = np.diag(np.r_[1 / self.velocity_time, np.full(self.neurons, 1 / self.neuron_time)])
        relaxation[1:, 0] = -self.tuning / self.neuron_time
        diffusion = np.r_[self.velocity_noise, np.full(self.neurons, self.neuron_noise)]
        signs = np.r_[1 if parity == "even" else -1, np.ones(self.neurons)]
        return LinearLangevin(relaxation, diffusion, signs, label="velocity and neurons")

    @cached_property
    def held(self) -> Held:
        """The linear process with the input that makes the baseline."""
        return Held(self.linear(), np.r_[0.0, self.baseline / self.neuron_time])

    @property
    def size(self) -> int:
        """N + 1."""
        return self.neurons + 1

    @property
    def dimension(self) -> int:
        """N + 1: the velocity and the rates."""
        return self.neurons + 1

    @cached_property
    def digest(self) -> str:
        """A word that two networks share only if they are the same."""
        scales = (self.velocity_time, self.neuron_time, self.velocity_noise, self.neuron_noise)
        return digest("VelocityNeurons", self.tuning, self.baseline, scales, self.parity)

    @property
    def has_energy(self) -> bool:
        """Never: the velocity drives the rates and they do not act on it."""
        return False

    @property
    def why_no_energy(self) -> str:
        """A sentence."""
        return "the velocity acts on the neurons and they do not act on it: no energy makes such forces"

    def energy(self, states: Any, field: Any = None) -> Array:
        """Raises: there is none."""
        raise InputError(f"this network has no energy: {self.why_no_energy}")

    def activity(self, states: Any) -> Array:
        """What an input couples to, shape (trials, N + 1): each variable over its diffusion."""
        return self.held.activity(states)

    def stationary_law(self, field: Any = None) -> Gaussian:
        """That of `joint_law`, its mean moved by an input."""
        return self.held.stationary_law(field)

    def scattered(self, uniforms: Array) -> Array:
        """Three standard deviations to either side."""
        return self.held.scattered(uniforms)

    def driver(self, dt: float | None = None) -> HeldDriver:
        """Exact steps of any duration `dt`; default a twentieth of the shortest time."""
        return self.held.driver(dt)

    def __repr__(self) -> str:
        times = f"tau_v = {self.velocity_time:g}, tau_n = {self.neuron_time:g}"
        return f"VelocityNeurons(N = {self.neurons}, K = {self.power:.4g}, {times}, {self.parity} velocity)"

    def _check_dense(self) -> None:
        if self.neurons > MOST_DENSE:
            raise InputError(
                f"tuning must be of at most {MOST_DENSE} neurons where matrices of all pairs are needed, got "
                f"{self.neurons}: the closed forms need none"
            )


def checked_tuning(tuning: Any) -> Array:
    """kappa, shape (N,), from an array or a number of neurons.

    Raises
    ------
    InputError
        If it is neither, or no neuron is tuned.
    """
    if isinstance(tuning, int | np.integer) and not isinstance(tuning, bool):
        check_fits_here(8.0 * COPIES * checked_count(tuning, "tuning"), f"tuning: {tuning} neurons")
        return np.ones(tuning)
    if np.isscalar(tuning):
        raise InputError(f"tuning must be an array of shape (N,) or a whole number of neurons, got {shown(tuning)}")
    array: Array = checked_range(checked_array(tuning, "tuning", (None,)), "tuning")
    if not np.any(array):
        raise InputError("tuning must not be zero for every neuron: nothing would be inferred")
    return array
