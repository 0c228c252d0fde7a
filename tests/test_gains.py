"""Gains: every function against finite differences of another; what is refused."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurothermo import InputError
from neurothermo.systems import Gain, gains

slopes = st.floats(0.2, 3.0)
thresholds = st.floats(-2.0, 2.0)
places = st.floats(-3.0, 3.0)
NAMED = {
    "logistic": gains.logistic,
    "tanh": gains.tanh,
    "linear": lambda slope, threshold: gains.linear(slope),
    "threshold-linear": lambda slope, threshold: gains.threshold_linear(threshold),
}


def difference(function, u, step=1e-5):
    """Of fourth order: shares nothing with the closed forms."""
    ahead, behind = (function(np.array([u + sign * step])) for sign in (1, -1))
    further, back = (function(np.array([u + 2 * sign * step])) for sign in (1, -1))
    return float((8 * (ahead - behind) - (further - back))[0] / (12 * step))


@pytest.mark.parametrize("make", NAMED.values(), ids=list(NAMED))
@settings(max_examples=40, deadline=None)
@given(slopes, thresholds, places)
def test_every_function_is_the_derivative_of_the_one_before(make, slope, threshold, u):
    gain = make(slope, threshold)
    if abs(u - threshold) < 1e-4 and gain.second is None:
        return  # the kink
    at = np.array([u])
    chain = [gain.antiderivative, gain.function, gain.derivative, gain.second, gain.third]
    for upper, lower in pairwise(chain):
        if upper is not None and lower is not None:
            assert difference(upper, u) == pytest.approx(float(lower(at)[0]), abs=2e-7 * slope**3 + 1e-7)


@pytest.mark.parametrize("make", [gains.logistic, gains.tanh], ids=["logistic", "tanh"])
@settings(max_examples=40, deadline=None)
@given(slopes, thresholds, places)
def test_the_inverse_undoes_the_gain_and_activities_stay_in_range(make, slope, threshold, u):
    gain = make(slope, threshold)
    activity = gain(np.array([u]))
    assert gain.low < activity[0] < gain.high
    assert float(gain.inverse(activity)[0]) == pytest.approx(u, abs=1e-6)


def test_the_linear_gain_has_its_inverse_and_integers_are_numbers():
    assert gains.linear(0.5).inverse(np.array([1.5]))[0] == 3.0
    assert gains.linear(0.0).inverse is None
    np.testing.assert_array_equal(gains.linear(0.5).derivative(np.array([1, 2])), [0.5, 0.5])


@pytest.mark.parametrize("make", NAMED.values(), ids=list(NAMED))
def test_the_precision_that_comes_is_the_precision_that_goes(make):
    gain = make(1.3, 0.2)
    for name in ("function", "derivative", "second", "third", "antiderivative"):
        one = getattr(gain, name)
        if one is not None:
            assert one(np.linspace(-2, 2, 5, dtype=np.float32)).dtype == np.float32, name


@pytest.mark.parametrize("make, rate", [(gains.logistic, 1.0), (gains.tanh, 2.0)], ids=["logistic", "tanh"])
@pytest.mark.parametrize("u", [10.0, -15.0, 30.0])
def test_the_slope_of_a_saturated_gain_does_not_cancel(make, rate, u):
    """f' -> rate^2 e^{-rate |u|}: 1 - f^2 or f (1 - f) would lose its digits."""
    assert float(make().derivative(np.array([u]))[0]) == pytest.approx(rate**2 * np.exp(-rate * abs(u)), rel=1e-3)


def test_gains_that_differ_have_different_digests():
    found = [
        gains.logistic(),
        gains.logistic(1.1),
        gains.logistic(1.0, 0.1),
        gains.tanh(),
        gains.linear(),
        gains.linear(2),
    ]
    assert len({gain.digest for gain in found}) == len(found)
    assert gains.logistic().digest == gains.logistic().digest


def arctan(**changes):
    functions = {
        "function": np.arctan,
        "derivative": lambda u: 1 / (1 + u * u),
        "antiderivative": lambda u: u * np.arctan(u) - np.log1p(u * u) / 2,
        "second": lambda u: -2 * u / (1 + u * u) ** 2,
        "inverse": np.tan,
        "low": -np.pi / 2,
        "high": np.pi / 2,
    }
    return Gain("arctan", **{**functions, **changes})


def doubling(u):
    u *= 2
    return np.tanh(u)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"derivative": None}, "derivative must be a function"),
        ({"derivative": lambda u: 1 / (1 + u)}, "must take and give arrays|finite"),
        ({"derivative": lambda u: 2 / (1 + u * u)}, "derivative is not that of function"),
        ({"function": np.cos, "derivative": lambda u: -np.sin(u)}, "must not decrease"),
        ({"function": lambda u: -u, "derivative": lambda u: -np.ones_like(u)}, "must not decrease"),
        ({"function": lambda u: u if u > 0 else 0 * u}, "must take and give arrays"),
        ({"function": lambda u: u.nothing}, "must take and give arrays"),
        ({"function": lambda u: u[:3]}, "shape"),
        ({"function": lambda u: u * np.nan}, "finite"),
        ({"function": doubling}, "must not change its argument"),
        ({"second": lambda u: 2 * u / (1 + u * u) ** 2}, "second is not the derivative"),
        ({"third": lambda u: u}, "third is not the derivative of second"),
        ({"antiderivative": lambda u: u * u / 2}, "not the derivative of antiderivative"),
        ({"inverse": np.arctan}, "inverse is not that of function"),
        ({"inverse": lambda u: u[0]}, "inverse is not that of function"),
        ({"inverse": 3}, "inverse must be a function"),
    ],
)
def test_a_gain_that_contradicts_itself_is_refused(changes, words):
    before = gains.PROBES.copy()
    with np.errstate(all="ignore"), pytest.raises(InputError, match=words):
        arctan(**changes)
    np.testing.assert_array_equal(gains.PROBES, before)


def test_a_consistent_gain_of_ones_own_passes_and_knows_what_it_lacks():
    gain = arctan()
    gain.require("second", "inverse", "antiderivative")
    with pytest.raises(InputError, match="does not know its third"):
        gain.require("third")


@pytest.mark.parametrize("bad", [0, -1, np.nan, "1", True, None])
def test_a_slope_must_be_positive(bad):
    for make in (gains.logistic, gains.tanh):
        with pytest.raises(InputError, match="slope"):
            make(bad)


@pytest.mark.parametrize("bad", [np.inf, "0", None])
def test_a_threshold_must_be_a_number(bad):
    for make in (gains.logistic, gains.tanh):
        with pytest.raises(InputError, match="threshold"):
            make(1.0, bad)
    with pytest.raises(InputError, match="threshold"):
        gains.threshold_linear(bad)
    with pytest.raises(InputError, match="derivative"):
        gains.as_gain(np.tanh)
