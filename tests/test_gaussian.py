"""Gaussian laws: entropy, probability, draws and divergence against scipy and against their own integrals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import multivariate_normal

from assertions import mean_within
from neurothermo import InputError
from neurothermo.core.gaussian import Gaussian
from neurothermo.core.randomness import Stream

MEAN = np.array([0.5, -1.0, 2.0])
COVARIANCE = np.array([[1.0, 0.4, -0.2], [0.4, 0.8, 0.1], [-0.2, 0.1, 1.5]])
STREAM = Stream.of(3, "gaussian")


def random_law(seed, n=3):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((n, n))
    return Gaussian(rng.standard_normal(n), root @ root.T + 0.1 * np.eye(n))


def test_entropy_and_probability_are_those_of_the_density():
    law, known = Gaussian(MEAN, COVARIANCE), multivariate_normal(MEAN, COVARIANCE)
    states = np.random.default_rng(1).standard_normal((50, 3))
    assert law.size == 3 and law.entropy() == pytest.approx(known.entropy(), abs=1e-13)
    np.testing.assert_allclose(law.log_probability(states), known.logpdf(states), rtol=1e-12)


def test_divergence_of_one_variable():
    """Printed: KL of N(.5, .8) from N(-.2, 1.3), and the entropy of the first."""
    p, q = Gaussian([0.5], [[0.8]]), Gaussian([-0.2], [[1.3]])
    assert p.kl(q) == pytest.approx(0.2389077540447, abs=5e-14)
    assert p.entropy() == pytest.approx(1.3073667576, abs=1e-10)

    def density(x, law):
        return float(np.exp(law.log_probability([[x]])[0]))

    found, _ = quad(lambda x: density(x, p) * np.log(density(x, p) / density(x, q)), -9, 10)
    assert p.kl(q) == pytest.approx(found, abs=1e-9) != pytest.approx(q.kl(p), abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_divergence_is_positive_and_the_same_in_other_coordinates(seed):
    p, q = random_law(seed), random_law(seed + 1)
    assert p.kl(p) == pytest.approx(0, abs=1e-9) and p.kl(q) > 0
    change = np.random.default_rng(seed).standard_normal((3, 3)) + 3 * np.eye(3)
    moved = [Gaussian(change @ law.mean + 1, change @ law.covariance @ change.T) for law in (p, q)]
    assert moved[0].kl(moved[1]) == pytest.approx(p.kl(q), rel=1e-6)


def test_draws_have_the_moments():
    law = Gaussian(MEAN, COVARIANCE)
    states = law.draw(STREAM.at(np.arange(40_000), 0))
    for i in range(3):
        mean_within(states[:, i], MEAN[i], sigmas=4, resolution=0.1)
        for j in range(3):
            mean_within((states[:, i] - MEAN[i]) * (states[:, j] - MEAN[j]), COVARIANCE[i, j], sigmas=4, resolution=0.1)
    mean_within(-law.log_probability(states), law.entropy(), sigmas=4, resolution=0.1)
    with pytest.raises(AssertionError):
        mean_within((states[:, 0] - MEAN[0]) * (states[:, 2] - MEAN[2]), 0.2, sigmas=4)


@pytest.mark.parametrize("n", [1, 3, 40])
def test_a_trials_numbers_do_not_depend_on_how_many_are_asked_for(n):
    law = random_law(7, n)
    states = law.draw(STREAM.at(np.arange(100), 2))
    logs = law.log_probability(states)
    for rows in (slice(0, 1), slice(3, 5), slice(17, 90)):
        np.testing.assert_array_equal(law.draw(STREAM.at(np.arange(100)[rows], 2)), states[rows])
        np.testing.assert_array_equal(law.log_probability(np.asfortranarray(states)[rows]), logs[rows])


@pytest.mark.parametrize(
    ("mean", "covariance", "says"),
    [
        ([0, 0], [[1, 0.5], [0.2, 1]], "covariance must be symmetric"),
        ([0, 0], [[1, 2], [2, 1]], "smallest eigenvalue of -1"),
        ([0, 0], [[1, 0], [0, 0]], "smallest eigenvalue of 0"),
        ([0], [[1, 0], [0, 1]], "mean must have shape"),
        ([0, 0], [1, 1], "covariance must have shape"),
        ([0, np.nan], [[1, 0], [0, 1]], "mean must be finite"),
    ],
)
def test_bad_input(mean, covariance, says):
    with pytest.raises(InputError, match=says):
        Gaussian(mean, covariance)


def test_only_laws_of_one_size_compare():
    with pytest.raises(InputError, match="Gaussian of 3 variables"):
        random_law(1).kl(random_law(1, 2))
    with pytest.raises(InputError, match="states must have shape"):
        random_law(1).log_probability(np.zeros((4, 2)))


def test_a_law_cannot_be_changed():
    law = random_law(1)
    with pytest.raises(ValueError, match="read-only"):
        law.covariance[0, 0] = 5
