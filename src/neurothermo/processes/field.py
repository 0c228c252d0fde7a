"""A neural field with noise: its stationary states, its linearization, and how far from equilibrium it runs."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import (
    TINY,
    Array,
    as_floats,
    checked_array,
    checked_number,
    checked_positive,
    checked_range,
    shape_of,
    shown,
)
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.randomness import digest
from neurothermo.core.verdict import Verdict
from neurothermo.processes import field_balance, field_modes, field_states
from neurothermo.processes.field_grid import Coupling, Grid, couple
from neurothermo.processes.field_modes import DiffusionLimit, Modes
from neurothermo.processes.field_noise import covariance_of, noise_of
from neurothermo.processes.field_states import FixedPoint
from neurothermo.processes.field_transient import mode_transient
from neurothermo.processes.operators import Circulant, dense
from neurothermo.systems.gains import as_gain

if TYPE_CHECKING:
    from neurothermo.core.flight import TimedDriver
    from neurothermo.core.gaussian import Gaussian
    from neurothermo.processes.linear import LinearLangevin

NEAR = 1e-2  # how far a homogeneous state given may be from one that is stationary
STATIONARY = 1e-6  # of the potentials: what may be left of the drift in a state given
LARGEST_LAW = 1024  # places, up to which a Gaussian law of a linear field is drawn from
RATE = "nats per unit time"


@dataclass(frozen=True, eq=False)
class NeuralField:
    r"""A stochastic neural field of Amari's type on a ring, line, torus or sheet.

    .. math:: \tau\, \partial_t u(x, t) = -u + \int J(x - y)\, f(u(y, t))\, \mathrm dy + I(x) + \tau \xi(x, t), \qquad
              \langle \xi(x, t)\, \xi(y, t') \rangle = 2\, \Gamma(x, y)\, \delta(t - t')

    About a stationary state u0 the deviations phi = u - u0 follow d phi = -A phi dt + noise of covariance 2 D dt, with
    :math:`A = (1 - J G)/\tau`, G = diag f'(u0(x)), J_ij = J(x_i - x_j) dx. About a homogeneous state of a ring every
    Fourier mode is on its own, with decay rate :math:`\alpha_k = (1 - g\,\mathrm{Re} \hat J_k)/\tau` and frequency
    :math:`\omega_k = -g\,\mathrm{Im} \hat J_k/\tau`. The entropy production is that of the linearized field.

    Parameters
    ----------
    length : float or pair
        Of the ring or line; two lengths make a torus or sheet. In units of length, > 0.
    points : int or pair
        How many places, at least 2 along each axis.
    kernel : Kernel, callable or array_like
        J: one of `kernels`, a function J(z) (J(z_x, z_y) in two dimensions), or its values at the offsets of two
        places: 0, then to the right, then to the left, as `numpy.fft` orders (n of them on a ring, 2n - 1 on a line).
    gain : Gain or float
        f; a number g is the linear f(u) = g u.
    tau : float
        Time constant, > 0.
    noise : float, Kernel, callable or array_like
        Gamma, *half* the covariance of xi (xi drives du/dt: it is divided by tau already). A number Gamma_0 is white in
        space, D = Gamma_0/dx; a kernel or a function is a correlation Gamma(x - y), `kernels.spectrum` one by its
        spectrum Gamma_k; an array of the grid's shape is white noise of that strength at each place; an array of shape
        (size, size) is D = Gamma(x_i, x_j).
    input : float or array_like
        I, the same everywhere or of the grid's shape; in units of u.
    at : "stable", float or array_like
        The stationary state to linearize about: the one stable homogeneous state, a homogeneous one near a number
        (polished by Newton's method), or an array that is stationary (`stationary_state` finds them). Under a linear
        gain any value is taken.
    boundary : "periodic" or "open"
        A ring (torus), or a line (sheet) beyond whose ends there is nothing.

    Raises
    ------
    InputError
        If an argument is not what it must be, the kernel or the noise reaches beyond half the ring, the noise is not
        positive or symmetric, or `at` is not a stationary state.

    Notes
    -----
    A kernel that is symmetric does not make A symmetric where f'(u0) differs from place to place: a bump under noise
    that is the same everywhere is out of equilibrium. Noise in proportion to 1/f'(u0) restores it.

    >>> from dataclasses import replace
    >>> wave = np.cos(2 * np.pi * np.arange(64) / 64)
    >>> hat, gain = kernels.mexican_hat(3, 1, 2, 2), gains.logistic(slope=5, threshold=0.5)
    >>> field = NeuralField(16.0, 64, hat, gain, input=0.1 * wave)  # the input pins a bump
    >>> bump = field.about(field.stationary_state(wave))
    >>> print(f"{bump.entropy_production().value:.6f}")
    0.482045
    >>> replace(bump, noise=1 / bump.slopes).is_equilibrium().passed
    True

    References
    ----------
    Amari, Biol. Cybern. 27, 77 (1977), the field; Lucente, Gradenigo and Salasnich, Entropy 27, 1104 (2025), its
    entropy production. The formulas here are derived, not quoted.
    """

    length: Any
    points: Any
    kernel: Any
    gain: Any
    tau: float = 1.0
    noise: Any = 1.0
    _: KW_ONLY
    input: Any = 0.0
    at: Any = "stable"
    boundary: str = "periodic"
    grid: Grid = field(init=False)
    coupling: Coupling = field(init=False)

    def __post_init__(self) -> None:
        tau = checked_range(checked_positive(self.tau, "tau"), "tau", TINY)
        grid = Grid.of(self.length, self.points, self.boundary)
        self._set(grid=grid, tau=tau, gain=as_gain(self.gain), coupling=couple(grid, self.kernel))
        self._set(noise=noise_of(grid, self.noise), input=checked_range(self._on_grid(self.input, "input"), "input"))
        if isinstance(self.at, str):
            if self.at != "stable":
                raise InputError(f"at must be 'stable', a number or an array, got {shown(self.at)}")
        else:
            self._set(at=self._stationary(checked_range(self._on_grid(self.at, "at"), "at")))

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _on_grid(self, values: Any, name: str) -> Any:
        """A number, or a read-only array of the grid's shape."""
        if not shape_of(values, name):
            return checked_number(values, name)
        array = checked_array(values, name, self.grid.shape)
        array.setflags(write=False)
        return array

    # -- what it is --------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """How many places."""
        return self.grid.size

    @property
    def dx(self) -> Any:
        """The distance between neighbours; a pair in two dimensions."""
        return self.grid.spacing[0] if self.grid.dimensions == 1 else self.grid.spacing

    @cached_property
    def positions(self) -> Array:
        """x, shape (points,); in two dimensions x and y, shape (2, points, points)."""
        return _stacked(self.grid.positions())

    @cached_property
    def wavenumbers(self) -> Array:
        """k in the order of numpy.fft.fftn, of the shape of `positions`."""
        return _stacked(self.grid.wavenumbers())

    @cached_property
    def digest(self) -> str:
        """A word that two fields share only if they are the same."""
        at = self.at if isinstance(self.at, str) else np.asarray(self.at)
        return digest(
            "NeuralField", self.grid.lengths, self.grid.shape, self.boundary, self.coupling.transfer, self.gain.digest,
            self.tau, self.noise.digest, np.asarray(self.input), at,
        )  # fmt: skip

    def __repr__(self) -> str:
        places = " x ".join(map(str, self.grid.shape))
        lengths = " x ".join(f"{length:g}" for length in self.grid.lengths)
        return (
            f"NeuralField({self.grid.where} of length {lengths}, {places} points, {self.coupling}, {self.gain}, "
            f"tau={self.tau:g}, {self.noise.kind} noise)"
        )

    def evaluate(self, states: Any) -> tuple[Any, Any]:
        """(-u + J f(u) + I)/tau and f(u), shape (trials, size), of rows of potentials; precision is kept."""
        states = np.asarray(states)
        if states.shape[-1:] != (self.size,) and states.shape[-self.grid.dimensions :] != self.grid.shape:
            raise InputError(f"states must have shape (trials, {self.size}), got {states.shape}")
        fields = states.reshape(-1, *self.grid.shape)
        activity = self.gain(fields)
        drift = self.coupling.apply(activity)
        drift -= fields
        if np.any(self.input):
            drift += np.asarray(self.input, dtype=fields.dtype)
        if self.tau != 1:
            drift /= np.asarray(self.tau, dtype=fields.dtype)
        return drift.reshape(states.shape), activity.reshape(states.shape)

    def drift(self, states: Any) -> Any:
        """(-u + J f(u) + I)/tau, shape (trials, size), of rows of potentials."""
        return self.evaluate(states)[0]

    # -- stationary states -------------------------------------------------------------------------

    def fixed_points(self) -> tuple[FixedPoint, ...]:
        r"""All homogeneous stationary states, :math:`u^* = \hat J_0 f(u^*) + I`, ascending, with their stability.

        Found by sign changes on a fine grid of potentials; two states closer than its spacing are missed.

        Raises
        ------
        InputError
            If the field has ends, or an input that differs from place to place: it has no homogeneous state then.
        """
        if not self.grid.periodic or np.ndim(self.input):
            why = "its input differs from place to place" if self.grid.periodic else "it has ends"
            raise InputError(f"this field has no homogeneous stationary state, for {why}: use stationary_state(guess)")
        return field_states.fixed_points(self.coupling, self.gain, self.tau, self.input)

    def stationary_state(self, guess: Any) -> Array:
        """The stationary state near a guess (a number or the grid's shape) by Newton's method: a bump, for one.

        The drift left is at rounding. Linearize about it with ``field.about(state)``. On a ring with the same input
        everywhere a bump can sit anywhere, and no stationary law about one place exists: pin it by an input.

        Raises
        ------
        InputError
            If Newton's method does not converge, with the drift that is left.
        """
        start = np.broadcast_to(self._on_grid(guess, "guess"), self.grid.shape)
        return field_states.newton(self.coupling, self.gain, self._current, start)[0]

    def about(self, state: Any) -> NeuralField:
        """The same field linearized about another stationary state."""
        return replace(self, at=state)

    @property
    def _current(self) -> Array:
        return np.broadcast_to(np.asarray(self.input, dtype=np.float64), self.grid.shape)

    @cached_property
    def state(self) -> Array:
        """u0, the stationary state that the field is linearized about; the grid's shape.

        Raises
        ------
        InputError
            If `at` is "stable" and there is no stable homogeneous state, or more than one.
        """
        if not isinstance(self.at, str):
            return np.broadcast_to(self.at, self.grid.shape)
        if field_states.is_linear(self.gain) and (np.ndim(self.input) or not self.grid.periodic):
            return self.stationary_state(0.0)
        return np.full(self.grid.shape, field_states.chosen(self.fixed_points(), self.gain))

    def _stationary(self, given: Any) -> Any:
        """A state given, polished where it is homogeneous; raises where it is not stationary."""
        if field_states.is_linear(self.gain):
            return given
        whole = np.broadcast_to(np.asarray(given, dtype=np.float64), self.grid.shape)
        missing = float(np.max(np.abs(field_states.missing_drift(self.coupling, self.gain, self._current, whole))))
        if np.ndim(given) == 0 and self.grid.periodic and not np.ndim(self.input):
            near = [point.value for point in self.fixed_points() if abs(point.value - given) <= NEAR * (1 + abs(given))]
            if near:
                return min(near, key=lambda value: abs(value - given))
        elif missing <= STATIONARY * (1 + float(np.max(np.abs(given)))):
            return given
        raise InputError(
            f"at is not a stationary state: {missing:.3g} of its drift is left; see fixed_points(), or give "
            "at=field.stationary_state(guess)"
        )

    # -- the linearized field ----------------------------------------------------------------------

    @cached_property
    def slopes(self) -> Array:
        """f'(u0), the grid's shape; the same number everywhere about a homogeneous state."""
        if field_states.is_linear(self.gain):
            return self.gain.derivative(np.zeros(self.grid.shape))
        slopes = self.gain.derivative(np.array(self.state))
        return slopes if field_balance.differs(slopes) else np.full(self.grid.shape, slopes.mean())

    @property
    def _circulant(self) -> bool:
        """Whether the drift is the same everywhere on a ring."""
        return self.grid.periodic and not field_balance.differs(self.slopes)

    @property
    def translation_invariant(self) -> bool:
        """Whether drift and noise are the same everywhere on a ring, so that every mode is on its own."""
        return self._circulant and self.noise.spectrum is not None

    @cached_property
    def _rates(self) -> Any:
        """alpha_k + i omega_k, the eigenvalues of A on a ring where the gain is the same everywhere."""
        return (1 - self.slopes.flat[0] * self.coupling.transfer) / self.tau

    @cached_property
    def _growth(self) -> tuple[float, Any]:
        """Growth rate of the slowest mode, and its wavenumber where modes are waves."""
        if self._circulant:
            return field_states.slowest_mode(self.coupling, float(self.slopes.flat[0]), self.tau)
        return -field_states.slowest_rate(self.coupling, self.slopes, self.tau), None

    def _require_stable(self) -> None:
        field_states.require_decay(*self._growth, self.coupling, self.slopes, self.tau)

    def linearized(self) -> LinearLangevin:
        """The linearized field as a process of its own: circulant where it is the same everywhere, else dense.

        Raises
        ------
        InputError
            If it is unstable, with the growth rate (and the wavenumber on a ring), or free to slide.
        """
        from neurothermo.processes.linear import LinearLangevin

        self._require_stable()
        if self._circulant:
            relaxation: Any = Circulant(self._rates)
        else:
            coupled = self.coupling.matrix()  # says so where it does not fit
            relaxation = (np.eye(self.size) - coupled * self.slopes.ravel()) / self.tau
        return LinearLangevin(relaxation, self.noise.diffusion, label=repr(self))

    def modes(self) -> Modes:
        """Decay rate, frequency and noise of every Fourier mode.

        Raises
        ------
        InputError
            If the field or its noise is not the same everywhere on a ring, or unstable.
        """
        if not self.translation_invariant:
            why = "it has ends"
            if self.grid.periodic:
                why = "; ".join(field_balance.breaks(self.coupling, self.slopes, self.noise))
            raise InputError(
                f"Fourier modes are on their own only where drift and noise are the same everywhere on a ring: {why}"
            )
        self._require_stable()
        return Modes(self.grid, self._rates.real, self._rates.imag, self.noise.spectrum)

    # -- entropy production ------------------------------------------------------------------------

    def entropy_production(self) -> Estimate:
        r"""Entropy production of the linearized field, nats per unit time; exact.

        .. math:: \sigma = \sum_k \frac{\omega_k^2}{\alpha_k}

        over all modes where drift and noise are the same everywhere on a ring, whatever the noise's spectrum; otherwise
        :math:`\mathrm{Tr}(A^T D^{-1} A C) - \mathrm{Tr} A` with A C + C A^T = 2 D (`LinearLangevin`).

        Raises
        ------
        InputError
            As `linearized` does.
        """
        if not self.translation_invariant:
            return self.linearized().entropy_production()
        modes = self.modes()
        value = float(modes.production.sum())
        details = {"modes": self.size, "slowest_rate": float(modes.alpha.min())}
        return Estimate(
            value, 0.0, (value, value), units=RATE, method=f"sum over {self.size} modes", kind="exact", details=details
        )

    def density(self) -> Estimate:
        """Entropy production per unit time and length (area): `entropy_production` over the field's length (area)."""
        clock = f"{RATE} and {'length' if self.grid.dimensions == 1 else 'area'}"
        return self.entropy_production().scaled(1 / self.grid.volume, clock)

    def entropy_production_spectrum(self) -> Any:
        """What each mode adds to the entropy production, over wavenumber.

        Returns
        -------
        xarray.Dataset
            `value` omega_k^2/alpha_k, which sums to the whole, with `stderr`, `low` and `high`; `alpha`, `omega` and
            `noise` (Gamma_k).

        Raises
        ------
        InputError
            As `modes` does.
        """
        return self.modes().table()

    def entropy_production_map(self) -> Any:
        """Entropy production per unit time and length (area) at each place; its integral is the whole.

        Raises
        ------
        InputError
            As `linearized` does.
        """
        if self.translation_invariant:
            values = np.full(self.grid.shape, self.density().value)
        else:
            table = self.linearized().entropy_production_map()
            values = table.value.values.reshape(self.grid.shape) / self.grid.cell
        return field_modes.map_table(self.grid, values)

    def is_equilibrium(self) -> Verdict:
        """Whether the linearized field is in equilibrium, A D = D A^T, and why it is or is not.

        Raises
        ------
        InputError
            As `linearized` does.
        """
        if self.translation_invariant:
            self._require_stable()
            return field_balance.modes_verdict(self.coupling, self.slopes, self.noise, self._rates)
        found = self.linearized().is_equilibrium()
        return field_balance.verdict(self.coupling, self.slopes, self.noise, found)

    def independent_of_noise(self) -> Verdict:
        """Whether the entropy production is provably the same for every spectrum the noise could have."""
        return field_balance.independence(self.coupling, self.slopes, self.noise)

    def transient(self, mean: Any, covariance: Any, times: Any) -> Any:
        """Entropy and its balance on the way from a Gaussian law of the deviations phi = u - u0.

        Mode by mode where field and start are the same everywhere on a ring, else by `LinearLangevin.transient`.

        Parameters
        ----------
        mean : float or array_like
            Of phi at time 0; a number or the grid's shape.
        covariance : float, Kernel, callable or array_like
            Of phi at time 0: a number is the variance at each place, places independent; an array of the grid's shape
            one variance for each; a kernel or a function the covariance over distance; or a matrix, (size, size).
        times : array_like, shape (times,)
            Not negative, in units of time.

        Returns
        -------
        xarray.Dataset
            Over `time`: total, flow, shannon_rate, housekeeping, excess (nats per unit time), entropy and divergence
            from the stationary law (nats).

        Raises
        ------
        InputError
            As `linearized` does, or if mean, covariance or times do not fit.
        """
        start = np.broadcast_to(self._on_grid(mean, "mean"), self.grid.shape)
        law = covariance_of(self.grid, covariance)
        if self.translation_invariant and law.spectrum is not None:
            return mode_transient(self.modes(), start, law.spectrum / self.grid.cell, times)
        return self.linearized().transient(start.ravel(), dense(law.diffusion, self.size), times)

    # -- spectra and limits ------------------------------------------------------------------------

    def power_spectrum(self, frequencies: Any, stimulus: Any = 1.0) -> Any:
        r"""Spectra of the linearized field over wavenumber and frequency.

        .. math:: S_k(\omega) = \frac{2 \hat\Gamma_k}{\alpha_k^2 + (\omega + \omega_k)^2}, \qquad
                  P(k, \omega) = \frac{|\hat I_k|^2}
                  {(1 - g\,\mathrm{Re} \hat J_k)^2 + (\omega \tau - g\,\mathrm{Im} \hat J_k)^2}

        S is the power of the fluctuations, per unit length (area); P that of the noiseless response to a stimulus,
        which falls as 1/omega^2 at high frequencies.

        Parameters
        ----------
        frequencies : array_like, shape (frequencies,)
            omega, radians per unit time.
        stimulus : float or array_like
            |I_k|^2, the stimulus' power: a number (a point stimulus, brief) or one for each mode, in the order of
            `wavenumbers`.

        Returns
        -------
        xarray.Dataset
            `fluctuations` and `response` over wavenumber (ascending) and frequency.

        Raises
        ------
        InputError
            As `modes` does, or if frequencies or stimulus do not fit.

        References
        ----------
        Salasnich, Symmetry 11, 134 (2019), the response to a stimulus; both formulas are derived here, not quoted.
        """
        frequencies = checked_array(frequencies, "frequencies", (None,))
        power = np.broadcast_to(self._on_grid(stimulus, "stimulus"), self.grid.shape)
        if np.any(power < 0):
            raise InputError(f"stimulus must not be negative, it is a power: got {power.min():g}")
        return self.modes().power(frequencies, power, self.tau)

    def diffusion_limit(self) -> DiffusionLimit:
        """The field at long wavelengths, weakly nonlinear: a reaction-diffusion equation.

        Raises
        ------
        InputError
            If the gain f'(u0) differs from place to place.
        """
        if field_balance.differs(self.slopes):
            raise InputError(
                "diffusion_limit() needs a gain f'(u0) that is the same everywhere: choose a homogeneous at"
            )
        state = 0.0 if field_states.is_linear(self.gain) else float(self.state.flat[0])
        return field_modes.diffusion_limit(self.coupling, self.gain, state, self.tau)

    # -- in motion ---------------------------------------------------------------------------------

    @property
    def dimension(self) -> int:
        """A potential at every place."""
        return self.size

    @property
    def has_energy(self) -> bool:
        """Never: see `why_no_energy`."""
        return False

    @property
    def why_no_energy(self) -> str:
        """A sentence: the nonlinear field under additive noise is no equilibrium system, symmetric kernel or not."""
        return (
            "additive noise on the potentials of a field keeps no Boltzmann law: entropy flow and production exist, "
            "energy, heat and free energy do not"
        )

    def energy(self, states: Any, field: Any) -> Any:
        """Raises: there is none."""
        raise InputError(f"this field has no energy: {self.why_no_energy}")

    def activity(self, states: Any) -> Any:
        """f(u), shape (trials, size): what an input couples to."""
        return self.gain(np.asarray(states))

    def driver(self, dt: float | None = None) -> TimedDriver:
        """What carries trials of the nonlinear field, in steps of `dt` (default a twentieth of its shortest time).

        Euler and Maruyama's step, whose flow is its exact log ratio; single precision.
        """
        from neurothermo.processes.field_driver import field_driver

        return field_driver(self, dt)

    def stationary_law(self, field: Any = None) -> Gaussian | None:
        """The Gaussian law of a linear field at an input; None for any other, whose law is not known."""
        if not field_states.is_linear(self.gain) or self.size > LARGEST_LAW:
            return None
        return self.linearized().stationary_law(None if field is None else as_floats(field, "field") / self.tau)

    def scattered(self, uniforms: Array) -> Array:
        """About the stationary state, five standard deviations of the linearized field to either side."""
        from neurothermo.processes.field_driver import spread

        return np.asarray(self.state.ravel() + 10 * (uniforms - 0.5) * spread(self))


def _stacked(axes: tuple[Array, ...]) -> Array:
    return axes[0] if len(axes) == 1 else np.array(axes)
