"""The classifier of the arrow of time and the indices: exact Gaussian divergences, and nulls that must hold."""

import numpy as np
import pytest
from scipy.linalg import expm, solve_continuous_lyapunov
from scipy.signal import lfilter

from assertions import assert_within
from neurothermo import InputError
from neurothermo.irreversibility import classifier, fluctuation_dissipation, lagged_asymmetry
from neurothermo.irreversibility.arrow_features import antisymmetric_features, feature_count, windows
from neurothermo.irreversibility.blocks import cut
from neurothermo.recordings import from_array, from_spikes

STEP = 0.1
ROTATION = np.array([[1, -0.7], [0.7, 1]])
RELAXING = np.array([[1.3, 0.3], [0.3, 1.3]])
WHITE = 0.3 * np.eye(2)


def law(relaxation, diffusion, step=STEP):
    """Stationary covariance and map of one step: an exact AR(1)."""
    covariance = solve_continuous_lyapunov(relaxation, 2 * diffusion)
    return covariance, expm(-relaxation * step)


def sampled(relaxation, diffusion, rows, seed, step=STEP):
    """A recording of the process, mode by mode."""
    covariance, move = law(relaxation, diffusion, step)
    random = np.random.default_rng(seed)
    noise = random.standard_normal((rows, len(move))) @ np.linalg.cholesky(covariance - move @ covariance @ move.T).T
    noise[0] = np.linalg.cholesky(covariance) @ random.standard_normal(len(move))
    roots, modes = np.linalg.eig(move)
    forced = (noise @ np.linalg.inv(modes).T).astype(complex)
    path = np.stack([lfilter([1], [1, -root], one) for root, one in zip(roots, forced.T, strict=True)], axis=1)
    return from_array((path @ modes.T).real, sampling_rate=1 / step)


def divergence(relaxation, diffusion, step=STEP):
    """D(p(x, x') || p(x', x)) of two Gaussian laws: nats per sample, exactly."""
    covariance, move = law(relaxation, diffusion, step)
    later = move @ covariance
    there = np.block([[covariance, later.T], [later, covariance]])
    back = np.block([[covariance, later], [later.T, covariance]])
    return (np.trace(np.linalg.solve(back, there)) - len(there)) / 2


# -- the features ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "size"), [(2, 1), (2, 3), (4, 2)])
def test_features_change_sign_when_a_window_is_reversed(length, size):
    window = windows(np.random.default_rng(1).standard_normal((60, size)), length, length - 1)
    found = antisymmetric_features(window)
    assert found.shape == (len(window), feature_count(length, size)) and np.abs(found).max() > 1
    np.testing.assert_allclose(antisymmetric_features(window[:, ::-1]), -found, atol=1e-12)


def test_windows_share_their_ends_and_nothing_else():
    found = windows(np.arange(7.0)[:, None], 3, 2)
    assert found[:, :, 0].tolist() == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]


# -- the classifier --------------------------------------------------------------------------------


def test_the_bound_is_near_the_divergence_and_not_above():
    exact = divergence(ROTATION, WHITE)
    assert exact == pytest.approx(0.0884, abs=2e-4)  # of 0.98 nats per unit time, 0.098 a step: sampling hides some
    found = [classifier(sampled(ROTATION, WHITE, 6000, seed), window=2) for seed in range(4)]
    values = np.array([each.value for each in found])
    assert 0.75 * exact < values.mean() < exact + 2 * values.std() / 2
    assert all(each.interval[0] < exact and each.p_value < 0.01 and each.kind == "lower bound" for each in found)
    assert all(each.interval[0] > 0 for each in found) and found[0].units == "nats per sample"


def test_a_reversible_process_is_not_found_out_more_often_than_chance_has_it():
    found = [classifier(sampled(RELAXING, WHITE, 1500, seed), seed=seed) for seed in range(40)]
    p_values = np.array([each.p_value for each in found])
    assert np.sum(p_values <= 0.1) <= 10  # 4 expected; more than 10 once in 700 times
    assert 0.3 < p_values.mean() < 0.7  # 4.4 sigma
    assert np.mean([each.interval[0] > 0 for each in found]) <= 0.15
    assert any("includes zero" in " ".join(each.diagnostics) for each in found)


def test_reversing_time_changes_nothing_of_the_bound():
    recording = sampled(ROTATION, WHITE, 3000, 1)
    turned = from_array(recording.segments[0][::-1], sampling_rate=1 / STEP)
    one, other = (classifier(each, window=2) for each in (recording, turned))
    assert other.value == pytest.approx(one.value, rel=0.15)  # blocks and folds are cut elsewhere


def test_one_channel_of_a_rotation_is_blind_and_a_sawtooth_is_not():
    """A univariate marginal of a linear Gaussian process is reversible, however fast the whole rotates."""
    recording = sampled(np.array([[1, -3.0], [3, 1]]), WHITE, 6000, 2)
    whole, part = classifier(recording), classifier(recording.select("0"))
    assert whole.p_value < 0.01 and part.p_value > 0.01 and part.interval[0] <= 0
    random = np.random.default_rng(3)
    teeth = np.cumsum(random.uniform(0.05, 0.15, 6000)) % 1 + 0.02 * random.standard_normal(6000)
    sawtooth = classifier(from_array(teeth, sampling_rate=1.0))
    assert sawtooth.p_value < 0.01 and sawtooth.interval[0] > 0.05


def test_boosted_trees_see_it_too_or_say_what_is_missing():
    recording = sampled(np.array([[1, -3.0], [3, 1]]), WHITE, 1000, 4)
    try:
        import sklearn  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match=r"pip install \"neurothermo\[neuro\]\""):
            classifier(recording, model="boosting")
        return
    found = classifier(recording, model="boosting", folds=2, window=2)
    assert found.p_value < 0.05 and "boosting" in found.method


# -- the indices -----------------------------------------------------------------------------------


def asymmetry(relaxation, diffusion, lag):
    covariance, move = law(relaxation, diffusion)
    spread = np.sqrt(np.diag(covariance))
    lagged = np.linalg.matrix_power(move, lag) @ covariance / np.outer(spread, spread)
    return float(((lagged - lagged.T)[0, 1] / 2) ** 2)


def violation(relaxation, diffusion):
    root = np.linalg.cholesky(diffusion)  # any root: they differ by a rotation
    white = np.linalg.inv(root) @ relaxation @ root
    return float(np.sum((white - white.T) ** 2) / np.sum((white + white.T) ** 2))


@pytest.mark.parametrize("diffusion", [WHITE, np.array([[0.5, 0.1], [0.1, 0.2]])])
def test_indices_of_a_rotation_are_what_they_are_by_formula(diffusion):
    found = [sampled(ROTATION, diffusion, 20_000, seed) for seed in (1, 2)]
    for recording in found:
        lagged, fluctuation = lagged_asymmetry(recording, lag=5), fluctuation_dissipation(recording)
        exact = asymmetry(ROTATION, diffusion, 5), violation(ROTATION, diffusion)
        assert_within(lagged.value, lagged.stderr, exact[0], sigmas=4, resolution=0.6 * exact[0])
        assert_within(fluctuation.value, fluctuation.stderr, exact[1], sigmas=4, resolution=0.6 * exact[1])
        for index in (lagged, fluctuation):
            assert index.units == "index" and index.p_value < 0.01 and index.interval[0] > 0
            assert any("not entropy production" in sentence for sentence in index.diagnostics)


@pytest.mark.parametrize("index", [lagged_asymmetry, fluctuation_dissipation])
def test_indices_of_a_reversible_process_are_zero(index):
    found = [index(sampled(RELAXING, WHITE, 1200, seed), seed=seed) for seed in range(30)]
    values = np.array([each.value for each in found])
    assert abs(values.mean()) < 4 * values.std() / np.sqrt(30)
    assert np.sum([each.p_value <= 0.1 for each in found]) <= 9  # 3 expected
    assert np.sum([each.interval[0] > 0 for each in found]) <= 6


def test_units_of_a_channel_do_not_matter():
    recording = sampled(ROTATION, WHITE, 3000, 1)
    scaled = from_array(recording.segments[0] * [1e-6, 5.0], sampling_rate=1 / STEP)
    for method in (lagged_asymmetry, fluctuation_dissipation, classifier):
        assert method(scaled).value == pytest.approx(method(recording).value, rel=1e-6)
        assert method(recording) == method(recording)


# -- blocks and bad input --------------------------------------------------------------------------


def test_blocks_do_not_cross_gaps():
    pieces = [sampled(ROTATION, WHITE, rows, rows).segments[0] for rows in (400, 7, 900)]
    values = np.concatenate([pieces[0], [[np.nan] * 2], pieces[1], [[np.nan] * 2], pieces[2]])
    blocks = cut(from_array(values, sampling_rate=10.0), 20)
    assert sum(len(piece) for piece in blocks.pieces) == 1300  # seven rows are no block
    assert len(blocks.pieces) >= 12 and 2 < blocks.memory < 20


@pytest.mark.parametrize("method", [classifier, lagged_asymmetry, fluctuation_dissipation])
@pytest.mark.parametrize(
    ("recording", "words"),
    [
        (from_spikes([0.1, 0.2, 3.0], [0, 1, 0]), "binned first"),
        (from_array(np.random.default_rng(1).standard_normal((60, 2)), 10.0), "needs"),
        (from_array(np.eye(400)[:, :2] * 0 + [[0.0, 1.0]], 10.0), "never changes"),
        (from_array(np.random.default_rng(1).standard_normal((500, 40)), 10.0), "channels"),
    ],
)
def test_what_cannot_be_used_says_why(method, recording, words):
    if method is lagged_asymmetry and words == "channels":  # forty are fine
        assert method(recording).p_value > 0.01
        return
    with pytest.raises(InputError, match=words):
        method(recording)


def test_options_are_checked():
    recording = sampled(ROTATION, WHITE, 1000, 1)
    for options, words in (
        ({"window": 1}, "window must be at least 2"),
        ({"folds": 1}, "folds must be at least 2"),
        ({"model": "logistics"}, "did you mean 'logistic'"),
        ({"confidence": 1.0}, "confidence must lie"),
    ):
        with pytest.raises(InputError, match=words):
            classifier(recording, **options)
    with pytest.raises(InputError, match="lag must be shorter than a block"):
        lagged_asymmetry(recording, lag=500)
