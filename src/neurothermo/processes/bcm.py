"""The mean field of BCM plasticity: two states of a synapse, how long they last, and what they tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_choice, checked_number
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.core.randomness import digest
from neurothermo.core.verdict import Verdict
from neurothermo.information.laws import exact as exactly
from neurothermo.processes.bcm_law import WellLaw, log_passage, panels_for
from neurothermo.processes.linear import SHARE, checked_lag

if TYPE_CHECKING:
    from neurothermo.engine.forced import ForcedDriver
    from neurothermo.processes.bcm_vector import VectorBCM
    from neurothermo.processes.linear import LinearLangevin
    from neurothermo.systems.drift import DriftSystem

WELLS = ("upper", "lower")
RATE = "nats per unit time"
DEEP = 80.0  # in units of the noise, above the higher well: where nothing is left of the law
SHALLOW = 4.0  # barrier over noise, below which Kramers' formula is far off
LARGEST_LOG = 709.0  # of what a double holds
NO_CURRENT = (
    "One variable under additive noise carries no current, so its stationary state produces no entropy whatever the "
    "potential: two_baths(), dynamic_threshold() and vector() are three ways to a mean field that does."
)


@dataclass(frozen=True)
class BCM:
    r"""The postsynaptic rate under BCM plasticity with a fast sliding threshold, as one noisy variable.

    .. math:: \dot x = \lambda x^2 (1 - \alpha x) - \frac x\tau + \sqrt{2 D}\, \xi = -V'(x) + \sqrt{2 D}\, \xi, \qquad
              V = \frac{x^2}{2 \tau} - \frac{\lambda x^3}{3} + \frac{\lambda \alpha x^4}{4}

    A reconstruction: the rule of Bienenstock, Cooper and Munro with theta = alpha x^2, for weights that relax, in the
    form that can be solved; the same polynomial is taken for x < 0. Where lambda tau > 4 alpha there are two stable
    states, x = 0 and :math:`x_+ = [1 + \sqrt{1 - 4\alpha/\lambda\tau}]/2\alpha`, with a threshold x_- between.

    Parameters
    ----------
    rate : float
        lambda, of plasticity, > 0.
    saturation : float
        alpha, of the threshold, > 0.
    time : float
        tau, in which weights relax, > 0.
    noise : float
        D, half the variance of the noise a unit time, > 0.

    Raises
    ------
    InputError
        If an argument is not what it must be.

    Notes
    -----
    As a process it has energy V/D in units of kT, and a protocol's input adds to dx/dt.

    References
    ----------
    Bienenstock, Cooper and Munro, J. Neurosci. 2, 32 (1982), for the rule; Karbowski, J. Comput. Neurosci. 49, 71
    (2021), and Entropy 26, 779 (2024), for the energetics, whose printed equations are not used here; Kramers,
    Physica 7, 284 (1940).
    """

    rate: float = 5.0
    saturation: float = 1.0
    time: float = 1.0
    noise: float = 0.01

    def __post_init__(self) -> None:
        for name in ("rate", "saturation", "time", "noise"):
            object.__setattr__(self, name, checked_lag(getattr(self, name), name))

    # -- the potential -----------------------------------------------------------------------------

    def potential(self, x: Any) -> Any:
        """V(x), in the shape that came."""
        return x**2 * (1 / (2 * self.time) - self.rate * x / 3 + self.rate * self.saturation * x**2 / 4)

    def force(self, x: Any) -> Any:
        """-V'(x)."""
        return x * (self.rate * x * (1 - self.saturation * x) - 1 / self.time)

    def curvature(self, x: Any) -> Any:
        """V''(x)."""
        return 1 / self.time - 2 * self.rate * x + 3 * self.rate * self.saturation * x**2

    def is_bistable(self) -> Verdict:
        """Whether there are two stable states: lambda tau > 4 alpha; slope and expected are the two sides."""
        strength, needed = self.rate * self.time, 4 * self.saturation
        passed = strength > needed
        said = "there are two stable states" if passed else "0 is the only stable state"
        relation = ">" if passed else "<="
        return Verdict(
            passed, f"rate x time = {strength:g} {relation} 4 x saturation = {needed:g}: {said}",
            slope=strength, expected=needed, stderr=0.0,
        )  # fmt: skip

    @property
    def _root(self) -> float:
        """sqrt(1 - 4 alpha/lambda tau)."""
        verdict = self.is_bistable()
        if not verdict.passed:
            raise InputError(
                f"rate x time must be above 4 x saturation for two stable states: got {verdict.slope:g} and "
                f"{verdict.expected:g}"
            )
        return float(np.sqrt(1 - verdict.expected / verdict.slope))

    @property
    def threshold(self) -> float:
        """x_-, the top of the barrier; raises where there is none."""
        return 2 / (self.rate * self.time) / (1 + self._root)

    def well(self, which: str) -> float:
        """x_+ for "upper", which raises where there is none; 0 for "lower"."""
        checked_choice(which, "which", WELLS)
        return (1 + self._root) / (2 * self.saturation) if which == "upper" else 0.0

    def fixed_points(self) -> Any:
        """Where V' = 0.

        Returns
        -------
        xarray.Dataset
            Over `point` ("lower", "threshold", "upper"; "lower" alone where there is no other): value, potential,
            curvature and stable.
        """
        import xarray as xr

        places = {"lower": 0.0}
        if self.is_bistable():
            places |= {"threshold": self.threshold, "upper": self.well("upper")}
        x = np.array(list(places.values()))
        curvature = np.asarray(self.curvature(x))
        variables = {"value": x, "potential": self.potential(x), "curvature": curvature, "stable": curvature > 0}
        columns = {name: ("point", np.asarray(values)) for name, values in variables.items()}
        return xr.Dataset(columns, {"point": list(places)}, {"kind": "exact"})

    # -- how long a memory lasts -------------------------------------------------------------------

    def kramers_time(self, from_: str = "upper") -> Estimate:
        r"""About how long a state lasts under weak noise.

        .. math:: T = \frac{2 \pi}{\sqrt{V''(x_0)\, |V''(x_-)|}}\; e^{[V(x_-) - V(x_0)]/D}

        Parameters
        ----------
        from_ : "upper" or "lower"

        Returns
        -------
        Estimate
            An approximation with no error bar: `lifetime` is exact. NaN with a sentence where it is beyond any float.

        Raises
        ------
        InputError
            If there is one stable state only.
        """
        start, top = self.well(checked_choice(from_, "from_", WELLS)), self.threshold
        barrier = float(self.potential(top) - self.potential(start)) / self.noise
        prefactor = 2 * np.pi / np.sqrt(self.curvature(start) * -self.curvature(top))
        said = () if barrier >= SHALLOW else (
            f"The barrier is only {barrier:.2f} times the noise: Kramers' formula wants a high one, lifetime() any.",
        )  # fmt: skip
        found = _from_log(float(np.log(prefactor)) + barrier, "Kramers' formula", barrier=barrier)
        return replace(
            found, kind="estimate", stderr=np.nan, interval=(np.nan, np.nan), diagnostics=found.diagnostics + said
        )

    def lifetime(self, from_: str = "upper", *, to: str = "other well", domain: Any = None) -> Estimate:
        r"""How long a state lasts: the mean time to first reach the other, exact at any noise.

        .. math:: T = \frac1D \int_{goal}^{start} dy\, e^{V(y)/D} \int_y^{wall} dz\, e^{-V(z)/D}

        Parameters
        ----------
        from_ : "upper" or "lower"
            Where it starts: at the bottom of that well.
        to : "other well" or "threshold"
            What counts as gone: the bottom of the other well, or the top of the barrier.
        domain : (float, float), optional
            Reflecting walls; default so far out that they do not matter.

        Returns
        -------
        Estimate
            Exact; ``details`` has the `log` of the time, which never overflows, and the relative `residual` of the
            quadrature. NaN with a sentence where the time is beyond any float.

        Raises
        ------
        InputError
            If there is one stable state only, or a wall is not beyond its well.

        References
        ----------
        Gardiner, Handbook of Stochastic Methods, 3rd ed. (2004), section 5.2.7.
        """
        checked_choice(from_, "from_", WELLS)
        checked_choice(to, "to", ("other well", "threshold"))
        start = self.well(from_)
        goal = self.threshold if to == "threshold" else self.well("lower" if from_ == "upper" else "upper")
        low, high = self._domain(domain)
        wall = high if from_ == "upper" else low
        if not (low < min(start, goal) and max(start, goal) < high):
            raise InputError(
                f"domain must hold both ends of the way, {start:.4g} and {goal:.4g}, got ({low:g}, {high:g})"
            )
        panels = panels_for(high - low, self._narrowest(low, high))
        coarse, log = (log_passage(self._exponent, start, goal, wall, count) for count in (panels, 2 * panels))
        residual = float(abs(np.expm1(coarse - log)))
        return _from_log(
            log - float(np.log(self.noise)), "double quadrature", residual=residual, domain=(low, high), goal=goal
        )

    def _exponent(self, x: Any) -> Any:
        return self.potential(x) / self.noise

    def _domain(self, domain: Any, field: float = 0.0) -> tuple[float, float]:
        """Given walls, or places so high that nothing gets there from either well."""
        if domain is not None:
            low, high = checked_array(domain, "domain", (2,))
            if not low < high:
                raise InputError(f"domain must be (low, high) with low < high, got ({low:g}, {high:g})")
            return float(low), float(high)
        quartic = np.array([self.rate * self.saturation / 4, -self.rate / 3, 1 / (2 * self.time), -field, 0.0])
        flat = _real_roots(np.polyder(quartic))
        deepest = flat[np.polyval(np.polyder(quartic, 2), flat) >= 0]
        quartic[-1] = -np.polyval(quartic, deepest).max() - DEEP * self.noise
        ends = _real_roots(quartic)
        if not ends.size:
            raise InputError(f"field must leave the potential its wells in double precision, got {field:g}")
        return float(ends.min()), float(ends.max())

    def _narrowest(self, low: float, high: float) -> float:
        """The width of the law where the potential is most curved."""
        steepest = np.abs(self.curvature(np.r_[low, high, np.clip(1 / (3 * self.saturation), low, high), 0.0])).max()
        return float(np.sqrt(self.noise / steepest))

    # -- the stationary law, and what it tells -----------------------------------------------------

    def law(self, domain: Any = None, field: float = 0.0) -> WellLaw:
        """Boltzmann's law exp(-(V - I x)/D)/Z, with its probabilities and moments.

        Parameters
        ----------
        domain : (float, float), optional
            Reflecting walls; default so far out that they do not matter.
        field : float
            I, a constant input.
        """
        field = checked_number(field, "field")
        low, high = self._domain(domain, field)
        return WellLaw(lambda x: (self.potential(x) - field * x) / self.noise, low, high, self._narrowest(low, high))

    def fisher_information(self, kind: str = "full", domain: Any = None) -> Estimate:
        r"""What one look at x tells about the rate of plasticity: Fisher information about lambda.

        .. math:: I_F = \frac{\mathrm{Var}_p[\partial_\lambda V]}{D^2}, \qquad
                  \partial_\lambda V = -\frac{x^3}{3} + \frac{\alpha x^4}{4}

        Parameters
        ----------
        kind : "full", "upper well" or "linear noise"
            Of the whole law, which counts how often each well is visited; of the law in the upper well alone; or the
            approximation :math:`(dx_+/d\lambda)^2\, V''(x_+)/D` for weak noise there.
        domain : (float, float), optional
            As for `law`.

        Raises
        ------
        InputError
            If there is one stable state only, where an upper one is asked for.
        """
        checked_choice(kind, "kind", ("full", "upper well", "linear noise"))
        units = "per unit rate squared"
        if kind == "linear noise":
            moved = 1 / (self._root * self.rate**2 * self.time)
            value = moved**2 * float(self.curvature(self.well("upper"))) / self.noise
            details = {"moved": moved}
            return Estimate(value, units=units, method="linear noise about the upper well", details=details)
        law = self.law(domain)
        if kind == "upper well":
            law = law.within(self.threshold, law.high)
        value = law.variance_of(lambda x: x**3 * (self.saturation * x / 4 - 1 / 3)) / self.noise**2
        return exactly(value, units, f"quadrature, {kind} law")

    # -- irreversibility ---------------------------------------------------------------------------

    def entropy_production(self) -> Estimate:
        r"""Exactly 0, of the whole stationary state.

        What is sometimes called the local production of a state, :math:`\langle F^2 \rangle/D + \langle F' \rangle`,
        is the entropy flow; its mean over the stationary law is 0 too, and ``details`` has it as found by quadrature.
        """
        law = self.law()
        flow = law.expectation(lambda x: self.force(x) ** 2 / self.noise - self.curvature(x))
        found = exactly(0.0, RATE, "no current in one dimension", flow=flow, definition="total, stationary state")
        return replace(found, diagnostics=(NO_CURRENT,))

    def two_baths(self, plasticity_noise: float) -> Estimate:
        r"""Entropy production if plasticity and decay have a bath each, nats per unit time.

        .. math:: \sigma = \sum_a \frac{\langle (F_a - D_a \partial_x \ln p)^2 \rangle}{D_a}, \qquad
                  F_1 = \lambda x^2 (1 - \alpha x), \quad F_2 = -x/\tau, \quad D_1 + D_2 = D

        x moves as before, and its law is the same; who pushes it is told apart, and heat goes from one bath to the
        other.

        Parameters
        ----------
        plasticity_noise : float
            D_1, above 0 and below `noise`; D_2 is the rest.

        Returns
        -------
        Estimate
            Exact; ``details`` has the entropy flow into each bath.

        Raises
        ------
        InputError
            If it is out of that range.
        """
        from neurothermo.processes.bcm_baths import bcm_two_baths

        return bcm_two_baths(self, plasticity_noise)

    def dynamic_threshold(
        self, threshold_time: float = 0.2, threshold_noise: float | None = None, at: str = "upper"
    ) -> LinearLangevin:
        r"""The mean field with a threshold that follows in a time of its own, linearized about a stable state.

        .. math:: \dot x = \lambda x (x - \theta) - \frac x\tau, \qquad
                  \tau_\theta \dot\theta = -\theta + \alpha x^2, \qquad D = \mathrm{diag}(D_x, D_\theta)

        Drift and noise have no common potential: `entropy_production` of what is returned is above 0.

        Parameters
        ----------
        threshold_time : float
            tau_theta, > 0.
        threshold_noise : float, optional
            D_theta, > 0; default that of x.
        at : "upper" or "lower"

        Raises
        ------
        InputError
            If the state is not there, or not stable with so slow a threshold.
        """
        from neurothermo.processes.bcm_baths import bcm_dynamic_threshold

        noise = self.noise if threshold_noise is None else checked_lag(threshold_noise, "threshold_noise")
        return bcm_dynamic_threshold(self, checked_lag(threshold_time, "threshold_time"), noise, at)

    def vector(self, inputs: Any, noise: Any = None) -> VectorBCM:
        """All weights of a neuron in place of its rate: see `VectorBCM`.

        Parameters
        ----------
        inputs : array_like, shape (N,)
            f, the presynaptic rates.
        noise : float or array_like, shape (N,) or (N, N), optional
            D of the weights; default that of x.
        """
        from neurothermo.processes.bcm_vector import VectorBCM

        return VectorBCM(self, inputs, self.noise if noise is None else noise)

    # -- in motion ---------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """1."""
        return 1

    @property
    def dimension(self) -> int:
        """1: x."""
        return 1

    @cached_property
    def digest(self) -> str:
        """A word that two processes share only if they are the same."""
        return digest("BCM", self.rate, self.saturation, self.time, self.noise)

    @property
    def has_energy(self) -> bool:
        """Always."""
        return True

    @property
    def why_no_energy(self) -> str:
        """Empty: there is one."""
        return ""

    def energy(self, states: Any, field: Any = None) -> Array:
        """(V - I x)/D, in units of kT, shape (trials,)."""
        x = checked_array(states, "states", (None, 1))[:, 0]
        return np.asarray((self.potential(x) - self._field(field) * x) / self.noise)

    def activity(self, states: Any) -> Array:
        """x/D: what an input couples to."""
        return np.asarray(states) / self.noise

    def stationary_law(self, field: Any = None) -> WellLaw:
        """Boltzmann's law at an input."""
        return self.law(field=self._field(field))

    def scattered(self, uniforms: Array) -> Array:
        """Over the whole domain of the law."""
        low, high = self._domain(None)
        return low + (high - low) * uniforms

    def driver(self, dt: float | None = None) -> ForcedDriver:
        """Euler and Maruyama's step in single precision; default a twentieth of the shortest time."""
        from neurothermo.engine.forced import ForcedDriver, IndependentNoise

        dt = SHARE / (1 / self.time + self.rate / self.saturation) if dt is None else checked_lag(dt, "dt")
        noise = IndependentNoise(np.ones(1), np.array([self.noise]), dt, False)
        return ForcedDriver(
            lambda states: (self.force(states), states), lambda values: values, lambda change: change / self.noise,
            1, noise, dt, kernel="euler-maruyama, fused: exact log ratio of the step", cost_per_number=12.0,
        )  # fmt: skip

    def system(self) -> DriftSystem:
        """The same as a system without its noise, for `Langevin` rules at temperature D and for `exact`."""
        from neurothermo.systems.drift import DriftSystem

        name = f"BCM {self.rate!r} {self.saturation!r} {self.time!r}"
        return DriftSystem(self.force, 1, lambda states: self.potential(states)[:, 0], name=name)

    def _field(self, field: Any) -> float:
        return 0.0 if field is None else float(checked_array(field, "field", (1,))[0])


def _real_roots(coefficients: Array) -> Array:
    """The real roots of a polynomial, ascending."""
    roots = np.roots(coefficients)
    near = np.abs(roots.imag) <= 1e-9 * (1 + np.abs(roots))
    return np.sort(roots.real[near])


def _from_log(log: float, method: str, **details: Any) -> Estimate:
    """A time from its logarithm, or a sentence where no float holds it."""
    if log > LARGEST_LOG:
        return no_estimate(
            f"The time is e^{log:.6g}, more than a float holds; its logarithm is in details['log'].",
            units="unit time", method=method, details={"log": log, **details},
        )  # fmt: skip
    return exactly(float(np.exp(log)), "unit time", method, log=log, **details)
