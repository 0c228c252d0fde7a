"""Gains: from the input of a neuron to its activity, with the derivatives and integrals that theory asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_number
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import digest

Function = Callable[[Any], Any]
PROBES = np.linspace(-8.0, 8.0, 65)
STEP = 1e-5  # of the finite difference that a user's derivative is compared with
AGREEMENT = 1e-4


@dataclass(frozen=True, eq=False)
class Gain:
    r"""A monotone gain :math:`V = f(u)` with its derivatives, antiderivative and inverse; all act elementwise.

    Parameters
    ----------
    name : str
        What it is called in a ledger; two gains are the same where name and values at a few points are.
    function, derivative : callable
        f and f', array in, array out, at the input's precision.
    second, third : callable, optional
        f'' and f'''; only the limit of weak nonlinearity asks for them.
    antiderivative : callable, optional
        Phi with Phi' = f: the energy of a rate network is :math:`u f(u) - \Phi(u)` a neuron.
    inverse : callable, optional
        u = f^-1(V); motion in V (noise="boltzmann") asks for it.
    low, high : float
        The range of f, open: activities lie strictly between.

    Raises
    ------
    InputError
        If f is not finite and non-decreasing on [-8, 8], a function changes its argument, or one of the derivatives,
        the antiderivative or the inverse is not that of f there.
    """

    name: str
    function: Function
    derivative: Function
    second: Function | None = None
    third: Function | None = None
    antiderivative: Function | None = None
    inverse: Function | None = None
    low: float = -np.inf
    high: float = np.inf
    digest: str = field(init=False, default="")

    def __post_init__(self) -> None:
        for name in ("function", "derivative", "second", "third", "antiderivative", "inverse"):
            given = getattr(self, name)
            if not callable(given) and (given is not None or name in ("function", "derivative")):
                raise InputError(f"gain: {name} must be a function of arrays, got {given!r}")
        values, slopes = self._probed(self.function, "function"), self._probed(self.derivative, "derivative")
        if np.any(np.diff(values) < 0) or np.any(slopes < 0):
            raise InputError(f"gain {self.name!r} must not decrease: couplings carry the sign, the gain does not")
        self._check_slope("function", "derivative", "derivative is not that of function")
        if self.second is not None:
            self._check_slope("derivative", "second", "second is not the derivative of derivative")
        if self.second is not None and self.third is not None:
            self._check_slope("second", "third", "third is not the derivative of second")
        if self.antiderivative is not None:
            self._check_slope("antiderivative", "function", "function is not the derivative of antiderivative")
        if self.inverse is not None:
            self._check_inverse(values, slopes)
        object.__setattr__(self, "digest", digest("Gain", self.name, values))

    def _check_slope(self, upper: str, lower: str, sentence: str) -> None:
        """Compare `lower` with differences of `upper`."""
        up, low = getattr(self, upper), getattr(self, lower)
        slopes = self._probed(low, lower)
        measured = (self._probed(up, upper, STEP) - self._probed(up, upper, -STEP)) / (2 * STEP)
        wrong = np.abs(measured - slopes) > AGREEMENT * (1 + np.abs(slopes))
        if wrong.mean() > 0.1:  # a kink or two is allowed
            at = float(PROBES[np.flatnonzero(wrong)[0]])
            raise InputError(f"gain {self.name!r}: {sentence}, at u = {at:g} for one")

    def _check_inverse(self, values: Array, slopes: Array) -> None:
        """inverse(f(u)) = u where f rises enough for it to be known."""
        steep = slopes > 1e-3 * slopes.max()
        try:
            again = checked_array(self.inverse(values[steep]), f"gain {self.name!r}: inverse")  # type: ignore[misc]
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"gain {self.name!r}: inverse must take and give arrays ({error!r})") from error
        if again.shape != PROBES[steep].shape or np.any(np.abs(again - PROBES[steep]) > AGREEMENT * 10):
            raise InputError(f"gain {self.name!r}: inverse is not that of function")

    def _probed(self, function: Function, name: str, shift: float = 0.0) -> Array:
        """function(PROBES + shift), finite, of the right shape, its argument left as it was."""
        given = PROBES + shift
        try:
            values = function(given)
        except Exception as error:
            raise InputError(f"gain {self.name!r}: {name} must take and give arrays ({error!r})") from error
        if not np.array_equal(given, PROBES + shift):
            raise InputError(f"gain {self.name!r}: {name} must not change its argument in place")
        return checked_array(values, f"gain {self.name!r}: {name}", PROBES.shape)

    def __call__(self, potentials: Any) -> Any:
        """f(u)."""
        return self.function(potentials)

    def require(self, *names: str) -> None:
        """Raise where one of the optional functions is asked for and missing."""
        for name in names:
            if getattr(self, name) is None:
                raise InputError(f"gain {self.name!r} does not know its {name}: give it as Gain(..., {name}=...)")

    def __repr__(self) -> str:
        return f"Gain({self.name})"


def logistic(slope: float = 1.0, threshold: float = 0.0) -> Gain:
    r"""The logistic gain.

    .. math:: f(u) = \frac{1}{1 + e^{-b (u - \theta)}}, \qquad f' = b f (1 - f)

    Parameters
    ----------
    slope : float
        b > 0, per unit of u.
    threshold : float
        theta, in units of u.

    Raises
    ------
    InputError
        If the slope is not positive.
    """
    from scipy.special import expit

    b, theta = _positive(slope, "slope"), checked_number(threshold, "threshold")

    def function(u: Any) -> Any:
        return expit(b * (u - theta))

    def derivative(u: Any) -> Any:
        return b * expit(b * (u - theta)) * expit(-b * (u - theta))

    def second(u: Any) -> Any:
        return b * derivative(u) * (1 - 2 * function(u))

    def third(u: Any) -> Any:
        f = function(u)
        return b * b * derivative(u) * (1 - 6 * f * (1 - f))

    return Gain(
        f"logistic(slope={b!r}, threshold={theta!r})", function, derivative, second, third,
        lambda u: np.logaddexp(0, b * (u - theta)) / b, lambda v: theta + (np.log(v) - np.log1p(-v)) / b, 0.0, 1.0,
    )  # fmt: skip


def tanh(slope: float = 1.0, threshold: float = 0.0) -> Gain:
    """f(u) = tanh(b (u - theta)), activities in (-1, 1); `slope` b > 0, `threshold` theta."""
    from scipy.special import expit

    b, theta = _positive(slope, "slope"), checked_number(threshold, "threshold")
    plain = b == 1 and theta == 0  # then two passes over memory are saved, where a simulation spends its time

    def function(u: Any) -> Any:
        return np.tanh(u) if plain else np.tanh(b * (u - theta))

    def derivative(u: Any) -> Any:
        return 4 * b * expit(2 * b * (u - theta)) * expit(-2 * b * (u - theta))  # 1 - tanh^2 would cancel

    def third(u: Any) -> Any:
        return 2 * b * b * derivative(u) * (3 * np.tanh(b * (u - theta)) ** 2 - 1)

    return Gain(
        f"tanh(slope={b!r}, threshold={theta!r})", function, derivative,
        lambda u: -2 * b * np.tanh(b * (u - theta)) * derivative(u), third,
        lambda u: np.logaddexp(b * (u - theta), -b * (u - theta)) / b,
        lambda v: theta + np.arctanh(v) / b, -1.0, 1.0,
    )  # fmt: skip


def linear(slope: float = 1.0) -> Gain:
    """f(u) = g u: the field is its own linearization; `slope` g >= 0."""
    g = checked_number(slope, "slope")
    if g < 0:
        raise InputError(f"slope must not be negative, got {g:g}: the kernel carries the sign")
    return Gain(
        f"linear(slope={g!r})", lambda u: g * u, lambda u: g + 0.0 * u, lambda u: 0.0 * u, lambda u: 0.0 * u,
        lambda u: g * u * u / 2, (lambda v: v / g) if g else None,
    )  # fmt: skip


def threshold_linear(threshold: float = 0.0) -> Gain:
    """f(u) = max(u - theta, 0), its derivative 0 at and below theta; `threshold` theta."""
    theta = checked_number(threshold, "threshold")
    return Gain(
        f"threshold_linear(threshold={theta!r})", lambda u: np.maximum(u - theta, 0),
        lambda u: (u > theta) * np.ones_like(u), antiderivative=lambda u: np.maximum(u - theta, 0) ** 2 / 2, low=0.0,
    )  # fmt: skip


def as_gain(gain: Any, name: str = "gain") -> Gain:
    """A gain as it is, or a number g as the linear one.

    Raises
    ------
    InputError
        If it is neither.
    """
    if isinstance(gain, Gain):
        return gain
    if callable(gain):
        raise InputError(f"{name} must come with its derivative: Gain('mine', function, derivative)")
    return linear(checked_number(gain, name))


def _positive(value: Any, name: str) -> float:
    number = checked_number(value, name)
    if number <= 0:
        raise InputError(f"{name} must be positive, got {number:g}")
    return number
