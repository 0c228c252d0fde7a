"""Entropy flow in the course of a trial: a smoother against dense algebra, a switch, symmetric networks."""

import numpy as np
import pytest
from scipy.optimize import minimize

from assertions import assert_within
from neurothermo import Glauber, InputError, SpinNetwork
from neurothermo.exact import entropy_production
from neurothermo.irreversibility.trials import cost, obstacle, state_space
from neurothermo.irreversibility.trials_path import BROAD, Aligned, smoothed
from neurothermo.recordings import from_array, from_spikes

COUPLINGS = np.array([[0, 0.3, -0.2], [0.3, 0, 0.1], [-0.2, 0.1, 0]])
TURNING = np.array([[0, 0.3, -0.3], [-0.3, 0, 0.3], [0.3, -0.3, 0]])
TRIALS, TIMES = 150, 60


def simulated(couplings, fields, seed, trials=TRIALS):
    """Trials of a network whose couplings (time, N, N) and fields (time, N) change."""
    rng = np.random.default_rng(seed)
    spins = np.where(rng.random((trials, couplings.shape[1])) < 0.5, 1, -1)
    found = []
    for t in [0] * 30 + list(range(len(couplings))):
        up = 1 / (1 + np.exp(-2 * (spins @ couplings[t].T + fields[t])))
        spins = np.where(rng.random(spins.shape) < up, 1, -1)
        found.append(spins)
    return from_array(np.stack(found[30:], axis=1), 100.0)


def switched(strength, at=TIMES // 2):
    times = np.arange(TIMES)[:, None, None]
    return COUPLINGS + strength * TURNING * (times >= at)


WAVE = 0.4 * np.sin(np.arange(TIMES) / 8)[:, None] * np.array([1, -1, 0.5])


# -- the smoother ----------------------------------------------------------------------------------------


def small():
    rng = np.random.default_rng(1)
    before = np.concatenate([rng.choice([-1.0, 1.0], (4, 12, 2)), np.ones((4, 12, 1))], axis=2)
    return Aligned(before, rng.choice([-1.0, 1.0], (4, 12, 2)))


VARIANCE = np.array([[0.1, 0.2, 0.5], [0.02, 0.3, 0.1]])


def log_posterior(path, aligned, variance):
    """By the definition, of all channels."""
    fields = np.einsum("trp,tip->tri", aligned.before, path)
    logs = np.sum(-np.log(1 + np.exp(-2 * aligned.after * fields)))
    walked = np.sum(np.diff(path, axis=0) ** 2 / variance) + np.sum(path[0] ** 2) / BROAD
    return logs - walked / 2


def hessian(path, aligned, variance, step=1e-3):
    size, flat = path.size, path.ravel()
    unit = step * np.eye(size)

    def at(x):
        return log_posterior(x.reshape(path.shape), aligned, variance)

    found = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            corners = [at(flat + a * unit[i] + b * unit[j]) for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
            found[i, j] = found[j, i] = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * step**2)
    return found


def test_the_path_is_the_most_likely_one():
    aligned = small()
    found = smoothed(aligned, np.zeros((4, 2, 3)), VARIANCE)
    best = minimize(lambda x: -log_posterior(x.reshape(4, 2, 3), aligned, VARIANCE), np.zeros(24), tol=1e-9)
    assert np.allclose(found.mode.ravel(), best.x, atol=1e-4)


def test_evidence_and_draws_follow_the_curvature():
    aligned = small()
    found = smoothed(aligned, np.zeros((4, 2, 3)), VARIANCE)
    curvature = -hessian(found.mode, aligned, VARIANCE)
    expected = log_posterior(found.mode, aligned, VARIANCE) - 0.5 * np.linalg.slogdet(curvature)[1]
    expected -= 0.5 * 3 * np.log(VARIANCE).sum()
    assert found.evidence.sum() == pytest.approx(expected, abs=1e-3)
    draws = found.draws(20_000, np.random.default_rng(2)).reshape(20_000, 24)
    covariance = np.linalg.inv(curvature)
    spread = np.sqrt(np.diag(covariance))
    assert np.max(np.abs(draws.mean(axis=0) - found.mode.ravel()) / spread) < 5 / np.sqrt(20_000)
    wrong = (np.cov(draws.T) - covariance) / np.outer(spread, spread)
    assert np.max(np.abs(wrong)) < 6 / np.sqrt(20_000)
    assert np.max(np.abs(np.diag(1 / np.diag(curvature)) - covariance) / np.outer(spread, spread)) > 0.1


def test_refits_are_smoothed_once_more():
    aligned = small()
    found = smoothed(aligned, np.zeros((4, 2, 3)), VARIANCE)
    inverse = np.linalg.inv(-hessian(found.mode, aligned, VARIANCE))
    nothing = Aligned(aligned.before[:, :0], aligned.after[:, :0])
    walk = -hessian(found.mode, nothing, VARIANCE)
    mean = found.mode.ravel() - inverse @ walk @ found.mode.ravel()
    covariance = inverse - inverse @ walk @ inverse
    refits = found.refits(20_000, np.random.default_rng(3)).reshape(20_000, 24)
    spread = np.sqrt(np.diag(covariance))
    assert np.max(np.abs(refits.mean(axis=0) - mean) / spread) < 5 / np.sqrt(20_000)
    assert np.max(np.abs(np.cov(refits.T) - covariance) / np.outer(spread, spread)) < 6 / np.sqrt(20_000)
    assert np.max(np.abs(found.mode.ravel() - mean) / spread) > 0.1


# -- flows ---------------------------------------------------------------------------------------------


def test_a_switch_half_way_is_seen():
    found = state_space(simulated(switched(1.0), WAVE, 3), draws=60)
    fixed = SpinNetwork(COUPLINGS + TURNING, -WAVE.mean(axis=0))
    about = float(entropy_production(fixed, Glauber(order="parallel"), temperature=1.0))
    early, late = found.isel(time=slice(0, 22)), found.isel(time=slice(36, None))
    assert np.mean((early.low < 0) & (early.high > 0)) > 0.7 and np.abs(early.value.values).max() < 0.1
    assert np.all(late.low.values > 0.5 * about) and np.all(late.high.values < 1.5 * about)
    assert float(found.total_low) < about / 2 < float(found.total_high) or abs(float(found.total) - about / 2) < 0.1
    asymmetry = found.couplings.values[-10:] - np.swapaxes(found.couplings.values[-10:], 1, 2)
    assert np.abs(asymmetry.mean(axis=0) - 2 * TURNING).max() < 0.2
    assert np.allclose(found.entropy_flow, found.value + found.relaxation)
    assert found.time.values[0] == pytest.approx(0.01) and found.value.attrs["units"] == "nats per sample"


def test_a_symmetric_network_whose_rates_follow_a_wave_never_circulates():
    found = state_space(simulated(switched(0.0), 2 * WAVE, 4), draws=60)
    assert -0.02 < float(found.total_low) < 0 < float(found.total_high) < 0.02
    assert np.mean((found.low < 0) & (found.high > 0)) > 0.8
    assert np.corrcoef(found.fields.values[:, 0], 2 * WAVE[1:, 0])[0, 1] > 0.9  # the wave itself is seen


def test_the_flow_of_a_network_that_does_not_change():
    couplings = switched(1.0, at=0)
    exact = float(entropy_production(SpinNetwork(couplings[0]), Glauber(order="parallel"), temperature=1.0))
    found = state_space(simulated(couplings, 0 * WAVE, 5), draws=60)
    assert_within(float(found.total), float(found.total_stderr), exact, resolution=0.3 * exact)
    assert float(found.total_low) < exact < float(found.total_high)
    assert np.mean((found.low < exact) & (exact < found.high)) > 0.7
    assert np.abs(found.relaxation.values.mean()) < 0.05
    with pytest.raises(AssertionError):
        assert_within(float(found.total), float(found.total_stderr), exact / 2)


def from_rest(couplings, fields, trials, times, seed):
    """Trials that all begin with every spin down, and the driven part of every move, by the law of all states."""
    rng, size = np.random.default_rng(seed), len(fields)
    states = 2.0 * ((np.arange(2**size)[:, None] >> np.arange(size)) & 1) - 1
    law, exact = (states.sum(axis=1) == -size).astype(float), []
    for _ in range(times - 1):
        lean = np.tanh(states @ couplings.T + fields)
        delayed = lean.T @ (law[:, None] * states)
        exact.append(np.sum(np.triu((couplings - couplings.T) * (delayed - delayed.T))))
        law = law @ np.prod((1 + states[None] * lean[:, None]) / 2, axis=2)
    spins = np.full((trials, size), -1)
    found = [spins]
    for _ in range(times - 1):
        up = (1 + np.tanh(spins @ couplings.T + fields)) / 2
        spins = np.where(rng.random(spins.shape) < up, 1, -1)
        found.append(spins)
    return from_array(np.stack(found, axis=1), 100.0), np.array(exact)


def test_the_driven_part_of_a_network_that_leaves_rest_is_negative_and_so_is_its_interval():
    couplings = np.array([[0, 1.0], [0, 0]])
    recording, exact = from_rest(couplings, np.array([2.0, -1.0]), 200, 30, 8)
    assert exact[0] == pytest.approx(-2 * np.tanh(1))  # J_12 (<s_1' s_2> - <s_1 s_2'>), both spins down before
    found = state_space(recording, draws=100)
    assert found.low[0] < exact[0] < found.high[0] < 0
    assert np.mean((found.low < exact) & (exact < found.high)) > 0.8
    assert float(found.total_low) < exact.mean() < float(found.total_high)


def test_answers_depend_on_the_seed_alone():
    recording = simulated(switched(1.0)[::6], WAVE[::6], 6, trials=30)
    one, same, other = (state_space(recording, draws=20, seed=seed) for seed in (1, 1, 2))
    assert one.identical(same) and not one.identical(other)


# -- bad input -----------------------------------------------------------------------------------------

FINE = np.random.default_rng(7).integers(0, 2, (20, 30, 3))


@pytest.mark.parametrize(
    ("recording", "words"),
    [
        (from_spikes([np.arange(9.0), np.arange(9.0) + 0.5]), "bin spikes first"),
        (from_array(FINE + 0.0, 100.0), "got signals"),
        (from_array(FINE * [1, 1, 0], 100.0), "constant"),
        (from_array(FINE[0], 100.0), "at least 10 trials, as segments, got 1"),
        (from_array(FINE[:, :4], 100.0), "at least 5 rows"),
        (from_array(np.where(np.arange(600) == 4, np.nan, 1)[:, None] * FINE.reshape(-1, 3), 100.0), "got signals"),
    ],
)
def test_recordings_that_it_cannot_use(recording, words):
    assert words in obstacle(recording)
    with pytest.raises(InputError, match=words):
        state_space(recording)


def test_trials_of_unequal_length_are_refused():
    ends = np.cumsum([30] * 11 + [29])
    times = np.concatenate(
        [np.arange(stop - start) + 100 * start for start, stop in zip([0, *ends], ends, strict=False)]
    )
    recording = from_array(FINE.reshape(-1, 3)[: len(times)], times=times / 100, sampling_rate=100.0)
    with pytest.raises(InputError, match="equal length, got 29 to 30 rows"):
        state_space(recording)


@pytest.mark.parametrize(("options", "words"), [({"draws": 5}, "draws"), ({"confidence": 1.5}, "confidence")])
def test_options_that_make_no_sense(options, words):
    with pytest.raises(InputError, match=words):
        state_space(from_array(FINE, 100.0), **options)


def test_nothing_stands_in_the_way_of_good_data():
    assert obstacle(from_array(FINE, 100.0)) is None and 0 < cost(from_array(FINE, 100.0)) < 60
