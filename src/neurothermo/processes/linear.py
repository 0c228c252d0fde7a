"""Linear processes with Gaussian noise: what is known of them without sampling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import (
    TINY,
    Array,
    checked_array,
    checked_positive,
    checked_range,
    checked_word,
)
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.gaussian import Gaussian
from neurothermo.core.randomness import digest
from neurothermo.core.verdict import Verdict
from neurothermo.processes.linear_choice import check_quickly, checked_relaxation, kind, parts, route_for, size_of
from neurothermo.processes.linear_noise import Noise, checked_diffusion, parity_gap
from neurothermo.processes.operators import Circulant, LowRank, dense, is_sparse

if TYPE_CHECKING:
    from neurothermo.processes.linear_driver import LinearDriver
    from neurothermo.processes.linear_routes import Route

UNITS = "nats per unit time"

SHARE = 0.05  # of the shortest time: the default step
SMALL = 512


@dataclass(frozen=True, eq=False)
class LinearLangevin:
    r"""A linear process with Gaussian white noise.

    .. math:: dx = (-A x + I)\, dt + \sqrt{2 D}\, dW

    Structure is used where it is there. A and D both `Circulant` (or D a number): waves one by one. A `Circulant`:
    pairs of waves. A sparse: connected blocks apart. A `LowRank` with one decay and one noise: the span of its
    directions. Else dense matrices, n^3 steps.

    Parameters
    ----------
    relaxation : array_like, scipy.sparse matrix, Circulant or LowRank; shape (n, n)
        A, in inverse time units: positive for decay; every eigenvalue has a positive real part.
    diffusion : float, array_like of shape (n,) or (n, n), scipy.sparse matrix or Circulant
        D, squared units of x per unit time: a number times 1, a diagonal, or a matrix; symmetric and positive.
        Directions without noise are allowed where they drift reversibly, as the position of a particle does.
    parity : array_like of +1 and -1, shape (n,), optional
        -1 for what changes sign when time is reversed, as velocities do; default +1 everywhere. The entropy
        production depends on it.
    label : str
        A name for prints.

    Raises
    ------
    InputError
        If shapes do not fit, D is not symmetric or not positive, noises of opposite parity are correlated, or A is
        not stable (a large one says so at its first use).

    References
    ----------
    Gardiner, Handbook of Stochastic Methods, 3rd ed. (2004), section 4.4.6; Lucente, Gradenigo and Salasnich,
    Entropy 27, 1104 (2025); odd variables: Spinney and Ford, Phys. Rev. E 85, 051113 (2012).
    """

    relaxation: Any
    diffusion: Any
    parity: Any = None
    label: str = ""

    def __post_init__(self) -> None:
        checked_word(self.label, "label")
        relaxation = checked_relaxation(self.relaxation)
        size = size_of(relaxation)
        parity = np.ones(size) if self.parity is None else checked_array(self.parity, "parity", (size,))
        if not np.all(np.abs(parity) == 1):
            raise InputError(f"parity must hold +1 and -1 only, got {parity[np.abs(parity) != 1][0]:g}")
        signs = parity.astype(np.int64)
        signs.setflags(write=False)
        for name, value in (
            ("relaxation", relaxation),
            ("diffusion", checked_diffusion(self.diffusion, size)),
            ("parity", signs),
        ):
            object.__setattr__(self, name, value)
        if self.mixed and (pair := parity_gap(self.noise, signs)):
            raise InputError(
                "diffusion must not correlate the noises of an even and an odd coordinate (the entropy production "
                f"would diverge), got D[{pair[0]}, {pair[1]}] = {self.noise.diffusion[pair]:g} between parities "
                f"{signs[pair[0]]:+d} and {signs[pair[1]]:+d}"
            )
        check_quickly(relaxation)

    # -- what it is --------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """n, the number of coordinates."""
        return int(self.parity.size)

    @property
    def mixed(self) -> bool:
        """Whether some coordinates are even and some odd under time reversal."""
        return bool(np.any(self.parity != self.parity[0]))

    @cached_property
    def digest(self) -> str:
        """A word that two processes share only if they are the same."""
        return digest("LinearLangevin", *parts(self.relaxation), *parts(self.diffusion), self.parity)

    @cached_property
    def noise(self) -> Noise:
        """D, dense or diagonal."""
        return Noise.of(self.diffusion, self.size)

    def relaxation_matrix(self) -> Array:
        """A, shape (n, n)."""
        return dense(self.relaxation, self.size)

    def irreversible_matrix(self) -> Array:
        r"""The part of A that damps, :math:`(A + \epsilon A \epsilon)/2`: all of it where parities are alike."""
        matrix = self.relaxation_matrix()
        return np.where(self.parity[:, None] == self.parity, matrix, 0.0) if self.mixed else matrix

    def __repr__(self) -> str:
        label = f"{self.label}: " if self.label else ""
        signs = f"{int(np.sum(self.parity < 0))} odd" if np.any(self.parity < 0) else "even"
        kinds = f"A {kind(self.relaxation)}, D {kind(self.diffusion)}"
        return f"LinearLangevin({label}n = {self.size}, {kinds}, {signs})"

    # -- the stationary state ----------------------------------------------------------------------

    @cached_property
    def route(self) -> Route:
        """The way its structure offers to the stationary state."""
        return route_for(self)

    def covariance(self) -> Array:
        """C of the stationary state, A C + C A^T = 2 D; shape (n, n)."""
        return np.array(self.route.covariance())

    def mean(self, field: Any = None) -> Array:
        """The stationary mean A^-1 I under a constant input of shape (n,); default 0."""
        field = self._field(field)
        relaxation = self.relaxation
        if not np.any(field):
            return field
        if isinstance(relaxation, Circulant):
            return Circulant(1 / relaxation.eigenvalues).apply(field[None])[0]
        if is_sparse(relaxation):
            from scipy.sparse.linalg import spsolve

            return np.asarray(spsolve(relaxation.tocsc(), field))
        if isinstance(relaxation, LowRank) and np.all(relaxation.diagonal != 0):
            left, plain = (relaxation.left.T / relaxation.diagonal).T, field / relaxation.diagonal
            inner = np.eye(left.shape[1]) - relaxation.right.T @ left
            return np.asarray(plain + left @ np.linalg.solve(inner, relaxation.right.T @ plain))
        return np.linalg.solve(self.relaxation_matrix(), field)

    def stationary_law(self, field: Any = None) -> Gaussian:
        """The law it settles to under a constant input I of shape (n,): mean A^-1 I, covariance C."""
        from neurothermo.processes.linear_routes import factor_of

        mean, covariance = self.mean(field), self.route.covariance()
        factor_of(covariance)  # says why there is no density, where there is none
        return Gaussian(mean, covariance)

    def lagged_covariance(self, lag: Any) -> Array:
        r"""Covariance over time, :math:`\langle x(t)\, x(0)^T \rangle - \langle x \rangle \langle x \rangle^T =
        e^{-A t} C`.

        Parameters
        ----------
        lag : float or array_like
            t, in time units; a negative one gives the transpose.

        Returns
        -------
        array, shape (n, n) or (lags, n, n)
        """
        from neurothermo.processes.linear_spectrum import lagged_covariance

        return lagged_covariance(self, lag)

    def spectrum(self, frequencies: Any) -> npt.NDArray[np.complex128]:
        r"""The spectral density at angular frequencies.

        .. math:: S(\omega) = \int e^{-i \omega t} \langle x(t)\, x(0)^T \rangle\, dt
                            = (A + i\omega)^{-1}\, 2 D\, (A + i\omega)^{-\dagger}

        Parameters
        ----------
        frequencies : array_like, shape (m,)
            omega, in radians per unit time.

        Returns
        -------
        array of complex, shape (m, n, n)
        """
        from neurothermo.processes.linear_spectrum import spectrum

        return spectrum(self, frequencies)

    def wave_spectrum(self, frequencies: Any) -> Array:
        r"""The spectral density of each wave where drift and noise are the same at every place.

        .. math:: S_k(\omega) = \frac{2 D_k}{\alpha_k^2 + (\omega + \omega_k)^2}, \qquad a_k = \alpha_k + i \omega_k

        Parameters
        ----------
        frequencies : array_like, shape (m,)
            omega, in radians per unit time.

        Returns
        -------
        array, shape (m, n) or (m, nx, ny)
            Eigenvalues of S, in the order of ``np.fft.fftn``.

        Raises
        ------
        InputError
            If A or D is not the same at every place.
        """
        from neurothermo.processes.linear_spectrum import wave_spectrum

        return wave_spectrum(self, frequencies)

    # -- irreversibility ---------------------------------------------------------------------------

    def entropy_production(self, field: Any = None) -> Estimate:
        r"""Entropy production of the stationary state, in nats per unit time.

        .. math:: \sigma = \operatorname{Tr}(A^T D^{-1} A C) - \operatorname{Tr} A

        With odd coordinates, A is its irreversible part :math:`A_{irr} = (A + \epsilon A \epsilon)/2`. The number is
        found as :math:`\operatorname{Tr}[(A_{irr} C - D)^T D^{-1} (A_{irr} C - D) C^{-1}]`, the same for the solution
        of the Lyapunov equation and never negative, but where pairs of waves give the first form.

        Parameters
        ----------
        field : array_like, shape (n,), optional
            A constant input; it matters with odd coordinates only, where it can keep a current going.

        Returns
        -------
        Estimate
            Kind "exact"; ``details`` has the `route`, the `residual` of the Lyapunov equation (relative), and the
            entropy `flow`, which is the same number by the first form. A `diagnostics` sentence where the two differ.

        Raises
        ------
        InputError
            If A is not stable, or directions without noise drift irreversibly, or noise does not reach all.
        """
        total = self.route.total()
        extra = float(self._drive_parts(field).sum())
        value, flow = total.value + extra, total.flow + extra
        gap = abs(total.value - total.flow)
        scale = abs(total.value) + abs(self._decay())
        sentences = () if gap <= 1e-7 * scale else (
            f"Two forms of the same number differ by {gap:.2g}: the matrices are too ill-conditioned to trust it.",
        )  # fmt: skip
        details = {"route": self.route.name, "residual": total.residual, "flow": flow}
        return Estimate(
            value, 0.0, (value, value), units=UNITS, method=f"Lyapunov equation, {self.route.name}", kind="exact",
            diagnostics=sentences, details=details,
        )  # fmt: skip

    def entropy_production_map(self, field: Any = None) -> Any:
        r"""Which coordinate the entropy production goes with.

        .. math:: \sigma_i = \langle \nu_i (D^{-1} \nu)_i \rangle, \qquad
                  \Phi_i = \langle (D^{-1} F)_i \circ dx^{irr}_i \rangle / dt, \qquad \nu = F - D \nabla \ln p

        F is the irreversible drift. Local entropy production sigma_i is not negative where each coordinate has a noise
        of its own; local entropy flow Phi_i, into that coordinate's bath, may be. Both sum to the total.

        Parameters
        ----------
        field : array_like, shape (n,), optional
            A constant input, as for `entropy_production`.

        Returns
        -------
        xarray.Dataset
            `value` and `flow` over `coordinate`, with `stderr`, `low` and `high` of the value, and the `total`.

        Raises
        ------
        InputError
            As `entropy_production` does.
        """
        import xarray as xr

        balance, extra = self.route.balance(), self._drive_parts(field)
        value, flow = balance.value + extra, balance.flow + extra
        about = {"units": UNITS}
        one = ("coordinate", value, {**about, "long_name": "local entropy production"})
        variables = {
            "value": one,
            "stderr": ("coordinate", 0 * value, about),
            "low": one,
            "high": one,
            "flow": ("coordinate", flow, {**about, "long_name": "entropy flow into the bath"}),
            "total": ((), float(value.sum()), about),
        }
        attributes = {"units": UNITS, "kind": "exact", "route": self.route.name, "residual": balance.residual}
        return xr.Dataset(variables, {"coordinate": np.arange(self.size)}, attributes)

    def is_equilibrium(self, field: Any = None) -> Verdict:
        r"""Whether the stationary state is an equilibrium: :math:`A D = D A^T`, or :math:`A_{irr} C = D` with odd
        coordinates.

        Parameters
        ----------
        field : array_like, shape (n,), optional
            A constant input, which matters with odd coordinates only.

        Returns
        -------
        Verdict
            Where it fails, the pair of coordinates that breaks detailed balance most, and by how much.
        """
        from neurothermo.processes.linear_energy import detailed_balance

        return detailed_balance(self, self._field(field))

    def coarse_grained_entropy_production(self, lag: float, field: Any = None) -> Estimate:
        r"""What is left of the entropy production for one who looks every `lag` time units only.

        .. math:: \sigma_\Delta = \frac{1}{\Delta}
                  \left\langle \ln \frac{p(x_0 \to x_\Delta)}{p(\epsilon x_\Delta \to \epsilon x_0)} \right\rangle
                  \le \sigma

        Exact for that: a Kullback-Leibler divergence of Gaussian laws. It tends to sigma as the lag tends to 0.

        Parameters
        ----------
        lag : float
            Delta > 0, in time units.
        field : array_like, shape (n,), optional
            A constant input.

        Returns
        -------
        Estimate
            Kind "lower bound", in nats per unit time.
        """
        from neurothermo.processes.linear_coarse import coarse_grained

        return coarse_grained(self, lag, self._field(field))

    def transient(self, mean: Any, covariance: Any, times: Any, field: Any = None) -> Any:
        r"""Entropy and its balance on the way to the stationary state, from a Gaussian start.

        .. math:: \frac{dS}{dt} = \sigma - \Phi, \qquad \sigma = \sigma_{hk} + \sigma_{ex}, \qquad
                  \sigma_{ex} = -\frac{d}{dt} D(p_t \| p_s)

        Parameters
        ----------
        mean : array_like, shape (n,)
        covariance : array_like, shape (n, n)
            Of the start; a number or shape (n,) for independent coordinates. Zero is a point: there the entropy is
            -inf, and its rate, the total and the divergence are +inf.
        times : array_like, shape (m,)
            Not negative.
        field : array_like, shape (n,), optional
            A constant input.

        Returns
        -------
        xarray.Dataset
            Over `time`: total, flow, shannon_rate, housekeeping, excess (nats per unit time), entropy, divergence
            (nats), mean (time, coordinate) and covariance (time, coordinate, other). With odd coordinates
            `housekeeping` is what the excess leaves of the total; it may then be negative.

        Raises
        ------
        InputError
            If the start does not fit, a time is negative, or as `entropy_production` does.
        """
        from neurothermo.processes.linear_transient import transient

        return transient(self, mean, covariance, times, self._field(field))

    # -- energy, and what drives it ----------------------------------------------------------------

    @cached_property
    def has_energy(self) -> bool:
        """Whether its stationary state is an equilibrium, whose law has an energy in units of kT."""
        return self.is_equilibrium().passed is True

    @property
    def why_no_energy(self) -> str:
        """A sentence for a process that is not at equilibrium; empty where there is an energy."""
        if self.has_energy:
            return ""
        return f"the stationary state is not an equilibrium, so it has no energy: {self.is_equilibrium().sentence}"

    @cached_property
    def precision(self) -> Array:
        """C^-1 of the stationary state, shape (n, n)."""
        from neurothermo.processes.linear_energy import precision

        return precision(self)

    @cached_property
    def response(self) -> Array:
        """R of `activity`, shape (n, n), or (n,) where it is diagonal."""
        from neurothermo.processes.linear_energy import response

        return response(self)

    def energy(self, states: Any, field: Any = None) -> Array:
        r"""Energy in units of kT, shape (trials,), of rows of states at one input of shape (n,).

        .. math:: E(x, I) = \tfrac12 x^T C^{-1} x - x^T C^{-1} A^{-1} I

        Raises
        ------
        InputError
            If the stationary state is not an equilibrium.
        """
        from neurothermo.processes.linear_energy import energy

        return energy(self, self._states(states), self._field(field))

    def activity(self, states: Any) -> Array:
        r"""What the input couples to, shape (trials, n): work is :math:`-dI \cdot` this, in units of kT.

        :math:`D^{-1} x` of even coordinates, :math:`(A C)^{-T} x` of an equilibrium with odd ones; the same where
        both apply.

        Raises
        ------
        InputError
            If there is none: D is singular, or odd coordinates are not at equilibrium.
        """
        from neurothermo.processes.linear_energy import activity

        return activity(self, self._states(states))

    @property
    def dimension(self) -> int:
        """n: the state is x."""
        return self.size

    def scattered(self, uniforms: Array) -> Array:
        """Between three standard deviations of the stationary law to either side, coordinate by coordinate."""
        return np.asarray(6 * (uniforms - 0.5) * np.sqrt(np.diag(self.covariance())))

    def driver(self, dt: float | None = None) -> LinearDriver:
        """What carries trials through a protocol whose steps last `dt` each: exact transitions at constant input.

        Any `dt` is exact; the flow is that of the coarse step. Default: a twentieth of the shortest time.
        """
        from neurothermo.processes.linear_driver import LinearDriver

        return LinearDriver.of(self, SHARE / self.fastest_rate() if dt is None else dt)

    def fastest_rate(self) -> float:
        """The largest modulus of an eigenvalue of A, or a bound on it where A is large, per unit time."""
        if isinstance(self.relaxation, Circulant):
            return float(np.abs(self.relaxation.eigenvalues).max())
        if self.size <= SMALL:
            return float(np.abs(np.linalg.eigvals(self.relaxation_matrix())).max())
        return float(np.abs(self.relaxation_matrix()).sum(axis=1).max())

    # -- checks ------------------------------------------------------------------------------------

    def _field(self, field: Any) -> Array:
        return np.zeros(self.size) if field is None else checked_array(field, "field", (self.size,))

    def _states(self, states: Any) -> Array:
        return checked_array(states, "states", (None, self.size))

    def _decay(self) -> float:
        """Tr A."""
        if isinstance(self.relaxation, Circulant):
            return float(self.relaxation.eigenvalues.real.sum())
        if isinstance(self.relaxation, LowRank):
            low = self.relaxation
            return float((np.zeros(self.size) + low.diagonal).sum() - np.sum(low.left * low.right))
        return float(self.relaxation.diagonal().sum())

    def _drive_parts(self, field: Any) -> Array:
        """What a constant input adds to the entropy production of each coordinate: a mean irreversible drift."""
        if field is None or not np.any(self.parity < 0):
            self._field(field)
            return np.zeros(self.size)
        from neurothermo.processes.linear_energy import mean_drift_parts

        return mean_drift_parts(self, self._field(field), self.mean(field))


def checked_lag(lag: Any, name: str = "lag") -> float:
    """A time, > 0."""
    return float(checked_range(checked_positive(lag, name), name, TINY))
