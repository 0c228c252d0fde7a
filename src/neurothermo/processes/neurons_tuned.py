"""Neurons with preferred velocities: a bump of a tuning curve each, in place of a slope."""

from __future__ import annotations

import warnings
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import Array, check_single, checked_array, checked_count
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.flight import Flight
from neurothermo.core.machine import check_fits_here
from neurothermo.core.randomness import Stream, digest
from neurothermo.processes.linear import SHARE, checked_lag
from neurothermo.processes.neurons_decoder import LinearDecoder

if TYPE_CHECKING:
    from neurothermo.engine.forced import ForcedDriver

LONG = 0.5  # dt times the fastest rate: Euler's step diverges above 2
LIVES = 8.0  # of the slower time, after which a trial from a guessed start is stationary
QUADRATURE = 1e-11
FAINT = 1e-12  # of the largest singular value: directions of the rates that say nothing

BYTES = 50.0  # a variable of a state, with its random numbers


@dataclass(frozen=True, eq=False)
class TunedNeurons:
    r"""Rate neurons with bell-shaped tuning to a fluctuating velocity.

    .. math:: dv = -\frac{v}{\tau_v}\, dt + \sqrt{2 D_v}\, dW_0, \qquad
              dr_i = -\frac{r_i - f_i(v)}{\tau_n}\, dt + \sqrt{2 D_r}\, dW_i, \qquad
              f_i(v) = f_0\, e^{-(v - v_i)^2/2 \epsilon^2}

    The nonlinear variant of `VelocityNeurons`, a reconstruction like it. v is an even variable here: a signal from
    outside. The entropy production is exact; what the rates tell of v is found by decoding simulated activity.

    Parameters
    ----------
    centers : array_like, shape (N,)
        v_i, the preferred velocities.
    width : float
        epsilon, > 0.
    peak : float
        f_0, the rate at the preferred velocity, > 0.
    velocity_time, neuron_time, velocity_noise, neuron_noise : float
        As for `VelocityNeurons`.

    Raises
    ------
    InputError
        If an argument is not what it must be.

    Notes
    -----
    As a process its state is (v, r_1, ..., r_N), moved by Euler and Maruyama's step, whose flow is its exact log ratio;
    a protocol's inputs, shape (N + 1,), add to the drift.
    """

    centers: Any
    _: KW_ONLY
    width: float = 0.5
    peak: float = 1.0
    velocity_time: float = 1.0
    neuron_time: float = 0.1
    velocity_noise: float = 1.0
    neuron_noise: float = 0.1

    def __post_init__(self) -> None:
        centers = checked_array(self.centers, "centers", (None,))
        if not centers.size:
            raise InputError("centers must hold at least one preferred velocity, got none")
        centers.setflags(write=False)
        object.__setattr__(self, "centers", centers)
        for name in ("width", "peak", "velocity_time", "neuron_time", "velocity_noise", "neuron_noise"):
            object.__setattr__(self, name, checked_lag(getattr(self, name), name))

    @property
    def neurons(self) -> int:
        """N."""
        return len(self.centers)

    @property
    def signal(self) -> float:
        """s = D_v tau_v, the variance of the velocity."""
        return self.velocity_noise * self.velocity_time

    def tuned(self, velocities: Any) -> Any:
        """f_i(v), shape (trials, N), of velocities of shape (trials,)."""
        apart = (np.asarray(velocities)[:, None] - self.centers) / self.width
        return self.peak * np.exp(-(apart**2) / 2)

    # -- what it costs -----------------------------------------------------------------------------

    def entropy_production(self) -> Estimate:
        r"""Of the stationary state with v even, nats per unit time; exact.

        .. math:: \sigma = \frac{1}{\tau_n^2 D_r} \sum_i \left[C_i(0)
                  - \frac{1}{\tau_n} \int_0^\infty e^{-u/\tau_n}\, C_i(u)\, du\right], \qquad
                  C_i(u) = \langle f_i(v_0)\, f_i(v_u) \rangle - \langle f_i \rangle^2

        What a rate lags behind its tuning curve is all that dissipates. C_i is an integral of Gaussians. The formula
        is derived here.
        """
        from scipy.integrate import quad_vec

        ratio = self.neuron_time / self.velocity_time
        lagged, error = quad_vec(lambda left: self._overlap(left**ratio), 0, 1, epsabs=0, epsrel=QUADRATURE)
        scale = self.neuron_time**2 * self.neuron_noise
        value = float(np.sum(self._overlap(1.0) - lagged)) / scale
        return Estimate(
            value, 0.0, (value, value), units="nats per unit time", method="closed form and one quadrature",
            kind="exact", details={"residual": float(error) * self.neurons / scale, "parity": "even"},
        )  # fmt: skip

    def _overlap(self, correlation: float) -> Array:
        """<f_i(v) f_i(v')> of two velocities so correlated; sum and difference of theirs are independent."""
        square = self.width**2
        apart, along = square + self.signal * (1 - correlation), square + self.signal * (1 + correlation)
        return self.peak**2 * square / np.sqrt(apart * along) * np.exp(-(self.centers**2) / along)

    # -- what the neurons know ---------------------------------------------------------------------

    def decoder(self, trials: int = 20_000, seed: int = 0, dt: float | None = None) -> LinearDecoder:
        r"""The best linear reading of the rates, by least squares on simulated activity.

        Half of the trials are for the fit and half, which it never sees, for the error.

        Parameters
        ----------
        trials : int
            More than 20 for each neuron.
        seed : int
        dt : float, optional
            Of the simulation; default as `driver`.

        Returns
        -------
        LinearDecoder
            `mmse` and `accuracy` are estimates with standard errors.

        Raises
        ------
        InputError
            If there are too few trials.
        """
        trials = checked_count(trials, "trials", 20 * (self.neurons + 1))
        states = self.sample(trials, seed=seed, dt=dt)
        fitted, held_out = states[: trials // 2], states[trials // 2 :]
        center, offset = fitted[:, 1:].mean(axis=0), fitted[:, 0].mean()
        weights = np.linalg.lstsq(fitted[:, 1:] - center, fitted[:, 0] - offset, rcond=FAINT)[0]
        missed = (held_out[:, 0] - offset - (held_out[:, 1:] - center) @ weights) ** 2
        value, stderr, count = float(missed.mean()), float(missed.std(ddof=1) / np.sqrt(len(missed))), len(missed)
        reach, method = 1.96 * stderr, "held-out error of a least-squares fit"
        mmse = Estimate(value, stderr, (value - reach, value + reach), n=count, units="velocity squared", method=method)
        share, scatter, reach = 1 - value / self.signal, stderr / self.signal, reach / self.signal
        accuracy = Estimate(share, scatter, (share - reach, share + reach), n=count, method=method)
        return LinearDecoder(weights, center, mmse, accuracy, float(offset), "least squares")

    def sample(self, trials: int, seed: int = 0, dt: float | None = None) -> Array:
        """Stationary states (v, r), shape (trials, N + 1), by simulation from exact velocities."""
        trials, seed = checked_count(trials, "trials"), checked_count(seed, "seed", least=0)
        stream = Stream.of(seed, f"sample {self.digest}")
        driver = self.driver(dt)
        steps = checked_count(
            int(np.ceil(min(LIVES * max(self.velocity_time, self.neuron_time) / driver.dt, 1e300))),
            "the number of steps",
        )
        check_fits_here(BYTES * self.size * (trials + steps), f"trials: {trials} states, after {steps} steps")
        velocities = np.sqrt(self.signal) * stream.at(np.arange(trials), 0).normals(1)
        flight = Flight.of(np.concatenate([velocities, self.tuned(velocities[:, 0])], axis=1), 0, stream)
        driver.carry(flight, np.zeros((steps + 1, self.size)), 1, False, 1)
        return np.asarray(flight.states, dtype=np.float64)

    # -- in motion ---------------------------------------------------------------------------------

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
        scales = (self.width, self.peak, self.velocity_time, self.neuron_time, self.velocity_noise, self.neuron_noise)
        return digest("TunedNeurons", self.centers, scales)

    @property
    def diffusion(self) -> Array:
        """D of each variable, shape (N + 1,)."""
        return np.r_[self.velocity_noise, np.full(self.neurons, self.neuron_noise)]

    def evaluate(self, states: Any) -> tuple[Any, Any]:
        """Drift and states, in the precision that came."""
        drift = np.empty_like(states)
        drift[:, 0] = states[:, 0] / -self.velocity_time
        drift[:, 1:] = (self.tuned(states[:, 0]) - states[:, 1:]) / self.neuron_time
        return drift, states

    def driver(self, dt: float | None = None) -> ForcedDriver:
        """Euler and Maruyama's step in single precision; default a twentieth of the shortest time."""
        from neurothermo.engine.forced import ForcedDriver, IndependentNoise

        shortest = min(self.velocity_time, self.neuron_time)
        dt = SHARE * shortest if dt is None else checked_lag(dt, "dt")
        if dt > LONG * shortest:
            warnings.warn(
                f"dt = {dt:g} is long for the shortest time, {shortest:g}: steps are accurate well below it",
                stacklevel=3,
            )
        diffusion = self.diffusion
        check_single(np.multiply.outer([1.0, dt], diffusion), "noise, by itself and times dt,")
        return ForcedDriver(
            self.evaluate, lambda values: values, lambda change: change / diffusion, self.dimension,
            IndependentNoise(np.ones(self.dimension), diffusion, dt, False), dt,
            kernel="euler-maruyama, fused: exact log ratio of the step", cost_per_number=12.0,
        )  # fmt: skip

    def stationary_law(self, field: Any = None) -> None:
        """None: it is not known."""
        return None

    def scattered(self, uniforms: Array) -> Array:
        """Velocities to three standard deviations, rates from 0 to the peak and as far as the noise reaches."""
        found = 2 * uniforms - 1
        found[:, 0] *= 3 * np.sqrt(self.signal)
        found[:, 1:] *= self.peak + 3 * np.sqrt(self.neuron_noise * self.neuron_time)
        return found

    def activity(self, states: Any) -> Array:
        """What an input couples to, shape (trials, N + 1): each variable over its diffusion."""
        return np.asarray(states) / self.diffusion

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

    def __repr__(self) -> str:
        return f"TunedNeurons(N = {self.neurons}, width {self.width:g})"
