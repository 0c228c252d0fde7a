"""A synapse that learns a velocity: printed values, the second law of learning, forgetting, and sampled synapses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from assertions import assert_within
from neurothermo import InputError
from neurothermo.processes import LinearLangevin
from neurothermo.processes.learner import LinearLearner

EIGHT = LinearLearner(tuning=2.0, velocity_variance=3.0, weight_variance=1.5, time=2.0)
TABLE = {
    0.1: (0.0349716333, 0.7250769877, 0.0460123634),
    0.5: (0.4029130448, 2.5284822353, 0.1374475314),
    1: (0.7171386721, 3.4586588671, 0.1717369354),
    5: (1.0926072638, 3.9998184003, 0.2145553683),
    np.inf: (1.0986122887, 4, 0.2154728045),
}
positive = st.floats(0.05, 20)
learners = st.builds(LinearLearner, st.floats(-3, -0.05) | st.floats(0.05, 3), positive, positive, positive)
moments = st.floats(0.02, 30)


@pytest.mark.parametrize("time", TABLE)
def test_printed_values(time):
    assert EIGHT.ratio == pytest.approx(8, abs=1e-14)
    learned, heat, efficiency = TABLE[time]
    assert EIGHT.information(2 * time) == pytest.approx(learned, abs=6e-11)
    assert EIGHT.heat(2 * time) == pytest.approx(heat, abs=6e-11)
    assert EIGHT.efficiency(2 * time) == pytest.approx(efficiency, abs=6e-10)


def test_over_time():
    found = EIGHT.learning([0, 1, 2])
    assert found.information[0] == 0 and np.isnan(found.efficiency[0])
    assert float(found.information[2]) == pytest.approx(0.7171386721, abs=6e-11)
    assert float(found.efficiency[1]) == pytest.approx(0.1374475314, abs=6e-11)
    assert found.information.attrs["units"] == "nats"


@settings(max_examples=60, deadline=None)
@given(learners, moments)
def test_the_second_law_of_learning(learner, time):
    verdict = learner.bound(time)
    assert verdict.passed and verdict.slope <= verdict.expected
    assert 0 < learner.efficiency(time) < 0.5
    assert learner.information(time) <= learner.information() and learner.heat(time) <= learner.heat()
    assert learner.heat(time) >= learner.information(time) * (1 - 1e-9)  # ln(1 + x) <= x, the sudden clamp


@settings(max_examples=25, deadline=None)
@given(learners, moments)
def test_against_the_linear_process(learner, time):
    """At each velocity the weight is a linear process at a constant input: its heat and its law, averaged."""
    process = LinearLangevin([[1 / learner.time]], learner.weight_variance / learner.time)
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)  # exact: heat is quadratic in v
    spread, heat = [], 0.0
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        push = learner.tuning * node * np.sqrt(learner.velocity_variance) / learner.time
        ends = process.transient([0.0], learner.weight_variance, [0, time], [push])
        spread.append(float(ends["mean"][1, 0]))
        second = ends.covariance.values[:, 0, 0] + (ends["mean"].values[:, 0] - push * learner.time) ** 2
        heat += weight * (second[0] - second[1]) / (2 * learner.weight_variance)
    assert learner.heat(time) == pytest.approx(heat, rel=1e-9, abs=1e-12)
    total = float(ends.covariance[1, 0, 0]) + np.sum(weights / weights.sum() * np.square(spread))
    grown = 0.5 * np.log(total / learner.weight_variance)
    assert learner.information(time) == pytest.approx(grown, rel=1e-9, abs=1e-11)


def test_the_two_sides_of_the_second_law():
    """The printed information against its growth of entropy and the printed heat."""
    verdict = EIGHT.bound(2.0)
    assert verdict.slope == pytest.approx(0.7171386721, abs=6e-11)
    assert verdict.expected == pytest.approx(0.7171386721 + 3.4586588671, abs=2e-10)
    assert verdict.details["entropy_change"] == verdict.details["information"] == verdict.slope
    assert "0.717139 nats" in verdict.sentence


def test_heat_is_what_flows():
    """The integral of the entropy flow of the process, velocity by velocity."""
    process = LinearLangevin([[0.5]], 0.75)
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)

    def flow(time):
        rates = [
            float(process.transient([0.0], 1.5, [time], [2.0 * node * np.sqrt(3.0) / 2]).flow[0]) for node in nodes
        ]
        return weights @ rates / weights.sum()

    assert quad(flow, 0, 2)[0] == pytest.approx(3.4586588671, abs=1e-9)


def test_limits_of_efficiency():
    assert LinearLearner(1e-4).efficiency() == pytest.approx(0.5, abs=1e-7)
    assert LinearLearner(1e4).efficiency() < 1e-6
    with pytest.raises(InputError, match="time must be positive"):
        EIGHT.efficiency(0)


# -- forgetting ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("threshold", "expected"), [(0.1, 1.3349315259), (0.01, 2.5320487949)])
def test_how_long_a_memory_lasts(threshold, expected):
    lasts = EIGHT.lifetime(threshold, learned_for=2.0)
    assert lasts / 2 == pytest.approx(expected, abs=6e-11)
    assert EIGHT.memory(lasts.value, learned_for=2.0) == pytest.approx(threshold, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(learners, moments, st.floats(0, 5))
def test_memory_only_fades(learner, learned_for, time):
    start = learner.memory(0.0, learned_for)
    assert start == pytest.approx(learner.information(learned_for).value, rel=1e-12)
    assert learner.memory(time, learned_for) <= start
    assert learner.memory(np.inf, learned_for) == 0


@pytest.mark.parametrize("threshold", [0, -0.1, 0.72, 5])
def test_thresholds_out_of_range(threshold):
    with pytest.raises(InputError, match=r"threshold must lie between 0 and the 0\.717139 nats"):
        EIGHT.lifetime(threshold, learned_for=2.0)


# -- sampled ---------------------------------------------------------------------------------------


def test_sampled_synapses():
    learned, heat = EIGHT.monte_carlo(2.0, trials=60_000, seed=5)
    assert_within(learned.value, learned.stderr, 0.7171386721, resolution=0.05)
    assert_within(heat.value, heat.stderr, 3.4586588671, resolution=0.2)
    with pytest.raises(AssertionError):
        assert_within(heat.value, heat.stderr, EIGHT.heat(np.inf).value)  # not all of it, yet
    with pytest.raises(AssertionError):
        assert_within(learned.value, learned.stderr, EIGHT.information(np.inf).value)
    again = EIGHT.monte_carlo(2.0, trials=60_000, seed=5)
    assert again[0] == learned and again[1] == heat


def test_the_sample_obeys_the_second_law_by_its_own_numbers():
    drawn = EIGHT.sample(2.0, trials=60_000, seed=6)
    grown = 0.5 * np.log(drawn.weight.values.var() / drawn.weight_initial.values.var())
    within = np.corrcoef(drawn.weight, drawn.velocity)[0, 1]
    assert -0.5 * np.log(1 - within**2) < grown + drawn.heat.values.mean()
    assert grown == pytest.approx(0.7171386721, abs=0.03)  # the entropy of the weight grows by what it learns


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tuning": 0}, "tuning must not be 0"),
        ({"velocity_variance": -1}, "velocity_variance must be positive"),
        ({"weight_variance": 0}, "weight_variance must be positive"),
        ({"time": 0}, "time must be positive"),
        ({"tuning": [1, 2]}, "tuning must be one number"),
    ],
)
def test_learners_that_are_none(options, said):
    with pytest.raises(InputError, match=said):
        LinearLearner(**options)


def test_times_that_are_none():
    with pytest.raises(InputError, match="time must not be negative"):
        EIGHT.information(-1)
    with pytest.raises(InputError, match="learned_for must not be negative"):
        EIGHT.memory(1, learned_for=-1)
    with pytest.raises(InputError, match="times must not be negative"):
        EIGHT.learning([-1])
    with pytest.raises(InputError, match="time must be finite"):
        EIGHT.heat(float("nan"))
    with pytest.raises(InputError, match="trials"):
        EIGHT.monte_carlo(1.0, trials=3)
