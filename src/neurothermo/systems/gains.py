"""Gains: from the input of a neuron to its activity, with the derivatives and integrals that theory asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_number, checked_range, checked_word, shown
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import digest
from neurothermo.systems import gain_functions as functions

Function = Callable[[Any], Any]
PROBES = np.linspace(-8.0, 8.0, 65)
STEP = 1e-5  # of the finite difference that a user's derivative is compared with
AGREEMENT = 1e-4
FLATTEST = 1e-6  # slope of a saturating gain
LARGEST = 1e30  # number of a sigmoid that is carried in single precision
ROUNDING = 1e-9  # by which values may leave the range, relative to their size


@dataclass(frozen=True)
class Sigmoid:
    """The numbers of f(u) = offset + height tanh(slope (u - threshold)), which compiled kernels know by these."""

    slope: float
    threshold: float
    height: float
    offset: float

    def __post_init__(self) -> None:
        for name in ("slope", "threshold", "height", "offset"):
            number = checked_range(checked_number(getattr(self, name), f"sigmoid: {name}"), f"sigmoid: {name}")
            object.__setattr__(self, name, number)

    @property
    def single(self) -> bool:
        """Whether single precision holds the numbers, and what is made of them."""
        made = (self.slope, self.slope * self.threshold, self.height, self.offset)
        return bool(np.all(np.abs(made) < LARGEST))

    def __call__(self, potentials: Any) -> Any:
        """f(u)."""
        return self.offset + self.height * np.tanh(self.slope * (potentials - self.threshold))


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
        The range of f, open: activities lie strictly between. Infinite where there is no bound.
    sigmoid : Sigmoid, optional
        The numbers of f where it is one: simulations are faster then. The named gains give them.

    Raises
    ------
    InputError
        If f is not finite and non-decreasing on [-8, 8] or leaves its range there, a function changes its argument, or
        one of the derivatives, the antiderivative or the inverse, or the sigmoid, is not that of f there.
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
    sigmoid: Sigmoid | None = None
    digest: str = field(init=False, default="")

    def __post_init__(self) -> None:
        checked_word(self.name, "gain: name")
        for name in ("function", "derivative", "second", "third", "antiderivative", "inverse"):
            given = getattr(self, name)
            if not callable(given) and (given is not None or name in ("function", "derivative")):
                raise InputError(f"gain: {name} must be a function of arrays, got {shown(given)}")
        low, high = (_end(self.low, f"gain {self.name!r}: low"), _end(self.high, f"gain {self.name!r}: high"))
        if not low < high:
            raise InputError(f"gain {self.name!r}: low must be less than high, got {low:g} and {high:g}")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        values, slopes = self._probed(self.function, "function"), self._probed(self.derivative, "derivative")
        if np.any(np.diff(values) < 0) or np.any(slopes < 0):
            raise InputError(f"gain {self.name!r} must not decrease: couplings carry the sign, the gain does not")
        room = ROUNDING * (1 + float(np.abs(values).max()))
        if values[0] < low - room or values[-1] > high + room:
            raise InputError(
                f"gain {self.name!r}: function leaves its range ({low:g}, {high:g}): between {values[0]:g} and "
                f"{values[-1]:g} on [-8, 8]"
            )
        self._check_slope("function", "derivative", "derivative is not that of function")
        if self.second is not None:
            self._check_slope("derivative", "second", "second is not the derivative of derivative")
        if self.second is not None and self.third is not None:
            self._check_slope("second", "third", "third is not the derivative of second")
        if self.antiderivative is not None:
            self._check_slope("antiderivative", "function", "function is not the derivative of antiderivative")
        if self.inverse is not None:
            self._check_inverse(values, slopes)
        if self.sigmoid is not None and not isinstance(self.sigmoid, Sigmoid):
            raise InputError(f"gain {shown(self.name)}: sigmoid must be a Sigmoid, got {shown(self.sigmoid)}")
        if self.sigmoid is not None and not np.allclose(self.sigmoid(PROBES), values, rtol=0, atol=ROUNDING):
            raise InputError(f"gain {self.name!r}: sigmoid is not that of function")
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
    numbers = _slope(slope), checked_number(threshold, "threshold")
    return Gain(
        f"logistic(slope={numbers[0]!r}, threshold={numbers[1]!r})", partial(functions.logistic, *numbers),
        partial(functions.logistic_derivative, *numbers), partial(functions.logistic_second, *numbers),
        partial(functions.logistic_third, *numbers), partial(functions.logistic_antiderivative, *numbers),
        partial(functions.logistic_inverse, *numbers), 0.0, 1.0, Sigmoid(numbers[0] / 2, numbers[1], 0.5, 0.5),
    )  # fmt: skip


def tanh(slope: float = 1.0, threshold: float = 0.0) -> Gain:
    """f(u) = tanh(b (u - theta)), activities in (-1, 1); `slope` b > 0, `threshold` theta."""
    numbers = _slope(slope), checked_number(threshold, "threshold")
    plain = numbers == (1.0, 0.0)  # then two passes over memory are saved, where a simulation spends its time
    return Gain(
        f"tanh(slope={numbers[0]!r}, threshold={numbers[1]!r})",
        np.tanh if plain else partial(functions.tanh, *numbers),
        partial(functions.tanh_derivative, *numbers), partial(functions.tanh_second, *numbers),
        partial(functions.tanh_third, *numbers), partial(functions.tanh_antiderivative, *numbers),
        partial(functions.tanh_inverse, *numbers), -1.0, 1.0, Sigmoid(*numbers, 1.0, 0.0),
    )  # fmt: skip


def linear(slope: float = 1.0) -> Gain:
    """f(u) = g u: the field is its own linearization; `slope` g >= 0."""
    g = checked_number(slope, "slope")
    if g < 0:
        raise InputError(f"slope must not be negative, got {g:g}: the kernel carries the sign")
    return Gain(
        f"linear(slope={g!r})", partial(functions.linear, g), partial(functions.linear_derivative, g),
        functions.linear_curvature, functions.linear_curvature, partial(functions.linear_antiderivative, g),
        partial(functions.linear_inverse, g) if g else None,
    )  # fmt: skip


def threshold_linear(threshold: float = 0.0) -> Gain:
    """f(u) = max(u - theta, 0), its derivative 0 at and below theta; `threshold` theta."""
    theta = checked_number(threshold, "threshold")
    return Gain(
        f"threshold_linear(threshold={theta!r})", partial(functions.threshold_linear, theta),
        partial(functions.threshold_linear_derivative, theta),
        antiderivative=partial(functions.threshold_linear_antiderivative, theta), low=0.0,
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
    if isinstance(gain, str):
        raise InputError(f"{name} must be a Gain such as gains.logistic(), or a number, got {shown(gain)}")
    return linear(checked_number(gain, name))


def _slope(value: Any) -> float:
    number = checked_number(value, "slope")
    if number < FLATTEST:
        limit = "positive" if number <= 0 else f"at least {FLATTEST:g}"
        why = "" if number <= 0 else ": of a flatter gain the integral is lost to rounding"
        raise InputError(f"slope must be {limit}, got {number:g}{why}")
    return number


def _end(value: Any, name: str) -> float:
    """An end of a range: a number, or an infinity."""
    number = value if isinstance(value, float) and np.isinf(value) else checked_number(value, name)
    return float(number)
