"""The named gains' functions, at module level so that a gain can be pickled and sent to another process.

Each takes the gain's numbers first and the array last: ``functools.partial`` holds the numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# -- 1 / (1 + exp(-b (u - theta))) ---------------------------------------------------------------------------------


def logistic(b: float, theta: float, u: Any) -> Any:
    """f."""
    from scipy.special import expit

    return expit(b * (u - theta))


def logistic_derivative(b: float, theta: float, u: Any) -> Any:
    """b f (1 - f)."""
    from scipy.special import expit

    return b * expit(b * (u - theta)) * expit(-b * (u - theta))


def logistic_second(b: float, theta: float, u: Any) -> Any:
    """f''."""
    return b * logistic_derivative(b, theta, u) * (1 - 2 * logistic(b, theta, u))


def logistic_third(b: float, theta: float, u: Any) -> Any:
    """f'''."""
    f = logistic(b, theta, u)
    return b * b * logistic_derivative(b, theta, u) * (1 - 6 * f * (1 - f))


def logistic_antiderivative(b: float, theta: float, u: Any) -> Any:
    """Phi."""
    return np.logaddexp(0, b * (u - theta)) / b


def logistic_inverse(b: float, theta: float, v: Any) -> Any:
    """u of an activity."""
    return theta + (np.log(v) - np.log1p(-v)) / b


# -- tanh(b (u - theta)) -------------------------------------------------------------------------------------------


def tanh(b: float, theta: float, u: Any) -> Any:
    """f; np.tanh itself does where b = 1 and theta = 0."""
    return np.tanh(b * (u - theta))


def tanh_derivative(b: float, theta: float, u: Any) -> Any:
    """b (1 - f^2), of two factors: the difference would cancel."""
    from scipy.special import expit

    return 4 * b * expit(2 * b * (u - theta)) * expit(-2 * b * (u - theta))


def tanh_second(b: float, theta: float, u: Any) -> Any:
    """f''."""
    return -2 * b * np.tanh(b * (u - theta)) * tanh_derivative(b, theta, u)


def tanh_third(b: float, theta: float, u: Any) -> Any:
    """f'''."""
    return 2 * b * b * tanh_derivative(b, theta, u) * (3 * np.tanh(b * (u - theta)) ** 2 - 1)


def tanh_antiderivative(b: float, theta: float, u: Any) -> Any:
    """Phi, up to ln 2 / b."""
    return np.logaddexp(b * (u - theta), -b * (u - theta)) / b


def tanh_inverse(b: float, theta: float, v: Any) -> Any:
    """u of an activity."""
    return theta + np.arctanh(v) / b


# -- g u -----------------------------------------------------------------------------------------------------------


def linear(g: float, u: Any) -> Any:
    """f."""
    return g * u


def linear_derivative(g: float, u: Any) -> Any:
    """f' = g."""
    return g + 0.0 * u


def linear_curvature(u: Any) -> Any:
    """f'' = f''' = 0."""
    return 0.0 * u


def linear_antiderivative(g: float, u: Any) -> Any:
    """Phi."""
    return g * u * u / 2


def linear_inverse(g: float, v: Any) -> Any:
    """u of an activity."""
    return v / g


# -- max(u - theta, 0) ---------------------------------------------------------------------------------------------


def threshold_linear(theta: float, u: Any) -> Any:
    """f."""
    return np.maximum(u - theta, 0)


def threshold_linear_derivative(theta: float, u: Any) -> Any:
    """f', 0 at the kink."""
    return (u > theta) * np.ones_like(u)


def threshold_linear_antiderivative(theta: float, u: Any) -> Any:
    """Phi."""
    return np.maximum(u - theta, 0) ** 2 / 2
