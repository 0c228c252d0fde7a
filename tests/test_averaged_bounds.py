"""Bounds of bins and means: two rows next to each other see two steps of the process, not one."""

import numpy as np
import pytest
from scipy.linalg import expm

from neurothermo.irreversibility import classifier, gaussian, maxent, uncertainty
from neurothermo.processes import LinearLangevin
from neurothermo.recordings import from_array, from_spikes
from neurothermo.recordings.cleaning import resample

FORWARD, BACKWARD, WIDTH, FIRING = 3.0, 1.0, 0.02, 400.0
PRODUCTION = (FORWARD - BACKWARD) * np.log(FORWARD / BACKWARD)  # nats per second
METHODS = ((maxent, {}), (uncertainty, {}), (uncertainty, {"window": 4}), (classifier, {"window": 2}), (classifier, {}))


def visited_twice(width):
    """D_2 of the sets of states that a ring of three visits in a bin: what fast firing tells of them, exactly."""
    index = {place: a for a, place in enumerate((x, s) for s in range(1, 8) for x in range(3) if s >> x & 1)}
    rates = np.zeros((len(index), len(index)))
    for (x, s), a in index.items():
        for y, rate in (((x + 1) % 3, FORWARD), ((x - 1) % 3, BACKWARD)):
            rates[a, index[y, s | 1 << y]] += rate
            rates[a, a] -= rate
    moves = expm(rates * width)
    steps = np.zeros((7, 3, 3))  # from x to y, with this set in between
    for x in range(3):
        for (y, s), b in index.items():
            steps[s - 1, x, y] += moves[index[x, 1 << x], b]
    joint = np.einsum("sxy,tyz->st", steps, steps) / 3
    seen = joint > 0
    return np.sum(joint[seen] * np.log(joint[seen] / joint.T[seen]))


def ring(duration, seed):
    """Spikes of three units: each fires fast in its own state."""
    rng = np.random.default_rng(seed)
    jumps = rng.poisson((FORWARD + BACKWARD) * duration)
    at = np.sort(rng.random(jumps)) * duration
    forth = rng.random(jumps) < FORWARD / (FORWARD + BACKWARD)
    states = np.cumsum(np.r_[0, np.where(forth, 1, -1)]) % 3
    times = np.sort(rng.random(rng.poisson(FIRING * duration))) * duration
    return from_spikes(times, states[np.searchsorted(at, times)], support=(0, duration))


def test_the_divergence_of_two_bins_is_more_than_that_of_a_step():
    """Up to 1.8 times, and less than twice; so much for dividing by one."""
    for width in (0.005, 0.02, 0.1):
        assert 1.15 * width * PRODUCTION < visited_twice(width) < 2 * width * PRODUCTION
    assert visited_twice(WIDTH) / (WIDTH * PRODUCTION) == pytest.approx(1.81, abs=0.01)


def test_bounds_of_bins_do_not_exceed_and_those_of_instants_would():
    bins = ring(600, 0).bin(WIDTH)
    instants = from_array(bins.segments[0], interval=WIDTH)
    exceeding = 0
    for method, options in METHODS:
        right, wrong = (method(one, **options).per_second for one in (bins, instants))
        steps = options.get("window", 3 if method is classifier else 1) + (method is not classifier)
        assert right.value == pytest.approx(wrong.value * (steps - 1) / steps)
        assert 0.5 * PRODUCTION < right.value < PRODUCTION + 2 * right.stderr
        assert right.value < visited_twice(WIDTH) / 2 / WIDTH + 3 * right.stderr
        exceeding += wrong.value > PRODUCTION + 2 * wrong.stderr
    assert exceeding >= 3


def test_the_same_of_means_of_a_linear_process():
    """Means over 0.1 of a rotation: 1.4 times the entropy production, were they instants."""
    relaxation, noise, inner, step = np.array([[1, -0.7], [0.7, 1]]), 0.3 * np.eye(2), 10, 0.1
    process, rng = LinearLangevin(relaxation, noise), np.random.default_rng(0)
    covariance, move = process.covariance(), expm(-relaxation * step / inner)
    kick = np.linalg.cholesky(covariance - move @ covariance @ move.T)
    x, path = np.linalg.cholesky(covariance) @ rng.normal(size=2), np.empty((20_000 * inner, 2))
    for row, z in enumerate(rng.normal(size=path.shape) @ kick.T):
        x = move @ x + z
        path[row] = x
    means, production = path.reshape(-1, inner, 2).mean(axis=1), process.entropy_production().value
    right = uncertainty(from_array(means, interval=step, averaged=True)).per_second
    wrong = uncertainty(from_array(means, interval=step)).per_second
    assert 0.5 * production < right.value < production + 2 * right.stderr
    assert wrong.value > production + 2 * wrong.stderr


def test_bounds_after_a_filter_say_that_they_need_not_be_any():
    values = from_array(np.random.default_rng(0).normal(size=(20_000, 2)), 1000.0)
    for method in (uncertainty, classifier):
        found = method(values.resample(200))
        assert any("need not be a bound" in sentence and "means=True" in sentence for sentence in found.diagnostics)
        for other in (values, resample(values, 200, means=True)):
            assert not any("need not be a bound" in sentence for sentence in method(other).diagnostics)
    assert not any("need not be a bound" in sentence for sentence in gaussian(values.resample(200)).diagnostics)


def test_means_over_a_step_keep_the_bound():
    """A rotation at 100 rows a relaxation time, ten of them to a mean: below the truth."""
    relaxation, noise, step = np.array([[1, -2.0], [2.0, 1]]), 0.3 * np.eye(2), 0.01
    process, rng = LinearLangevin(relaxation, noise), np.random.default_rng(2)
    covariance, move = process.covariance(), expm(-relaxation * step)
    kicks = rng.normal(size=(100_000, 2)) @ np.linalg.cholesky(covariance - move @ covariance @ move.T).T
    path = np.empty_like(kicks)
    x = np.linalg.cholesky(covariance) @ rng.normal(size=2)
    for row, kick in enumerate(kicks):
        path[row] = x = move @ x + kick
    found = uncertainty(resample(from_array(path, interval=step), 10, means=True), window=4).per_second
    production = process.entropy_production().value
    assert 0.15 * production < found.value < production + 2 * found.stderr
