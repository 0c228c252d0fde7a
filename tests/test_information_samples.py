"""Entropy, mutual information and transfer entropy from samples: against brute force, known laws, and coverage."""

import json
from collections import Counter
from math import isnan, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma

from assertions import assert_within, mean_within
from neurothermo import InputError
from neurothermo.information import samples
from neurothermo.information.nearest import kraskov

TABLE = np.array([[0.2, 0.05, 0.05], [0.05, 0.25, 0.05], [0.05, 0.05, 0.25]])
INFORMATION = float(np.sum(TABLE * np.log(TABLE / TABLE.sum(axis=0) / TABLE.sum(axis=1, keepdims=True))))


def pairs_of(table, n, rng):
    return np.divmod(rng.choice(table.size, size=n, p=table.ravel()), table.shape[1])


def gaussian_pair(correlation, n, rng):
    x = rng.normal(size=n)
    return x, correlation * x + np.sqrt(1 - correlation**2) * rng.normal(size=n)


def noisy_copy(n, flips, rng, stay=0.3):
    """x a Markov chain, y_(t+1) = x_t but for flips."""
    x = np.cumsum(rng.random(n) < stay) % 2
    return x, np.r_[0, x[:-1] ^ (rng.random(n - 1) < flips)]


def binary_entropy(p):
    return -p * log(p) - (1 - p) * log(1 - p)


# -- brute force ---------------------------------------------------------------------------------------------------


def counted_information(first, second, given):
    """I(X; Y | Z) from dictionaries."""
    n = len(first)
    both, one, two, none = (
        Counter(zip(*columns, strict=True))
        for columns in ((first, second, given), (first, given), (second, given), (given,))
    )
    total = sum(count / n * log(count * none[(z,)] / (one[x, z] * two[y, z])) for (x, y, z), count in both.items())
    return total, (len(both) + len(none) - len(one) - len(two)) / (2 * n)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    history=st.integers(1, 3),
    source_history=st.integers(1, 2),
    trials=st.integers(1, 3),
    symbols=st.integers(2, 3),
)
def test_transfer_entropy_against_dictionaries(seed, history, source_history, trials, symbols):
    rng = np.random.default_rng(seed)
    source, target = rng.integers(0, symbols, (2, trials, 3000))
    target[:, 1:] = np.where(rng.random((trials, 2999)) < 0.4, source[:, :-1], target[:, 1:])
    found = samples.transfer_entropy(source, target, history=history, source_history=source_history)
    longest = max(history, source_history)
    at = [(r, t) for r in range(trials) for t in range(longest, 3000)]
    past = [tuple(target[r, t - history : t]) for r, t in at]
    heard = [tuple(source[r, t - source_history : t]) for r, t in at]
    value, bias = counted_information([target[r, t] for r, t in at], heard, past)
    assert found.details["plug_in"] == pytest.approx(value, rel=1e-9)
    assert found.value == pytest.approx(value - bias, rel=1e-9, abs=1e-12) and found.n == len(at)


def test_plug_in_information_and_entropy_against_dictionaries():
    rng = np.random.default_rng(1)
    x, y = pairs_of(TABLE, 500, rng)
    value, bias = counted_information(x, y, np.zeros(500, dtype=int))
    found = samples.mutual_information(x, y, method="plug-in")
    assert found.details["plug_in"] == pytest.approx(value) and found.details["bias"] == pytest.approx(bias)
    shares = np.bincount(x) / 500
    entropy = samples.entropy(x)
    assert entropy.value == pytest.approx(-np.sum(shares * np.log(shares)) + 2 / 1000)
    # words; labels that are negative, or far apart; samples in columns
    wide = samples.mutual_information(np.c_[x, x] * 10**12 - 7, y[:, None], method="plug-in")
    assert wide.value == pytest.approx(found.value, rel=1e-12)
    assert samples.entropy(np.tile(x[:, None], 70)).value == pytest.approx(entropy.value, rel=1e-12)


@pytest.mark.parametrize("columns", [(1, 1), (2, 1), (2, 3)])
@pytest.mark.parametrize("neighbours", [1, 4])
def test_nearest_neighbours_against_all_distances(columns, neighbours):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(300, columns[0]))
    y = rng.normal(size=(300, columns[1])) + x[:, :1]
    gaps = [np.abs(points[:, None] - points).max(axis=2) for points in (x, y)]
    both = np.maximum(*gaps)
    np.fill_diagonal(both, np.inf)
    radius = np.sort(both, axis=1)[:, neighbours - 1]
    closer = [np.sum(gap < radius[:, None], axis=1) for gap in gaps]  # the sample itself among them
    expected = digamma(neighbours) + digamma(300) - sum(np.mean(digamma(count)) for count in closer)
    assert kraskov(x, y, neighbours) == pytest.approx(expected, rel=1e-12)


def test_the_neighbour_on_the_edge_is_not_counted_whatever_the_rounding():
    """x + (y - x) is not always y: letting it in by rounding made every answer too low by about .01."""
    rng = np.random.default_rng(0)
    found = [kraskov(*(column[:, None] for column in gaussian_pair(0, 500, rng)), 3) for _ in range(100)]
    mean_within(found, 0, sigmas=4, resolution=0.02)


# -- known laws ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("correlation", [0, 0.6, -0.9])
def test_information_of_gaussian_pairs(correlation):
    x, y = gaussian_pair(correlation, 20_000, np.random.default_rng(2))
    exact = -0.5 * np.log(1 - correlation**2)
    found = samples.mutual_information(x, y, method="kraskov")
    assert_within(found.value, found.stderr, exact, sigmas=5, resolution=0.08)
    assert found.units == "nats" and not found.diagnostics and found.n == 20_000
    assert found.interval[0] < found.value < found.interval[1]
    json.dumps(found.to_dict(), allow_nan=False)
    again = samples.mutual_information(np.exp(3 * x), y**3, method="kraskov")  # any coordinates
    assert again.value == pytest.approx(found.value, rel=1e-12)


def test_and_notices_shuffled_and_wrong_pairs():
    x, y = gaussian_pair(0.6, 20_000, np.random.default_rng(2))
    for wrong in (np.roll(y, 1), y + 0.5 * np.random.default_rng(3).normal(size=len(y))):
        found = samples.mutual_information(x, wrong, method="kraskov")
        with pytest.raises(AssertionError):
            assert_within(found.value, found.stderr, -0.5 * np.log(1 - 0.36), sigmas=5)


def test_bias_of_counts_is_taken_off():
    rng = np.random.default_rng(3)
    found = [samples.mutual_information(*pairs_of(TABLE, 200, rng), method="plug-in") for _ in range(500)]
    mean_within([one.value for one in found], INFORMATION, sigmas=4, resolution=0.02)
    with pytest.raises(AssertionError):
        mean_within([one.details["plug_in"] for one in found], INFORMATION, sigmas=4)
    entropies = [samples.entropy(pairs_of(TABLE, 60, rng)[0]) for _ in range(2000)]
    exact = -float(np.sum(TABLE.sum(axis=1) * np.log(TABLE.sum(axis=1))))
    mean_within([one.value for one in entropies], exact, sigmas=4, resolution=0.02)
    with pytest.raises(AssertionError):
        mean_within([one.details["plug_in"] for one in entropies], exact, sigmas=4)


def test_transfer_of_a_noisy_copy_goes_one_way():
    """From an x of independent coins, ln 2 - H(flips) forth and nothing back."""
    x, y = noisy_copy(50_000, 0.2, np.random.default_rng(4), stay=0.5)
    forth, back = samples.transfer_entropy(x, y), samples.transfer_entropy(y, x)
    assert_within(forth.value, forth.stderr, log(2) - binary_entropy(0.2), sigmas=4, resolution=0.02)
    assert_within(back.value, back.stderr, 0, sigmas=4, resolution=0.001)
    assert forth.p_value < 1e-10 and back.p_value > 1e-4 and forth.units == "nats per step"


def test_longer_histories_see_longer_delays():
    rng = np.random.default_rng(6)
    x = rng.integers(0, 2, 20_000)
    y = np.roll(x, 3)
    blind, seeing = (samples.transfer_entropy(x, y, source_history=length) for length in (2, 3))
    assert blind.p_value > 1e-4 and seeing.value == pytest.approx(log(2), abs=0.002)


# -- coverage ------------------------------------------------------------------------------------------------------


def covered(found, exact):
    return np.mean([one.interval[0] <= exact <= one.interval[1] for one in found])


def test_intervals_of_counted_information_cover():
    """Nominally .95; 600 repeats have a standard error of .009."""
    rng = np.random.default_rng(7)
    found = [samples.mutual_information(*pairs_of(TABLE, 400, rng), method="plug-in") for _ in range(600)]
    assert 0.915 < covered(found, INFORMATION) < 0.985
    assert covered(found, INFORMATION + 0.1) < 0.5
    independent = np.outer([0.3, 0.7], [0.2, 0.5, 0.3])
    found = [samples.mutual_information(*pairs_of(independent, 400, rng), method="plug-in") for _ in range(600)]
    assert covered(found, 0) > 0.93
    assert 0.02 < np.mean([one.p_value < 0.05 for one in found]) < 0.09


def test_intervals_from_neighbours_cover():
    """Nominally .95, measured .91 to .95; 100 repeats have a standard error of .025."""
    rng = np.random.default_rng(8)
    found = [samples.mutual_information(*gaussian_pair(0.6, 400, rng), method="kraskov") for _ in range(100)]
    assert 0.83 < covered(found, -0.5 * np.log(1 - 0.36)) < 1
    assert covered(found, 0.5) < 0.2


def test_intervals_of_transfer_entropy_cover():
    rng = np.random.default_rng(9)
    exact = samples.transfer_entropy(*noisy_copy(2_000_000, 0.2, rng))  # y's past does not hold all of x's: no formula
    assert exact.stderr < 5e-4
    found = [samples.transfer_entropy(*noisy_copy(2000, 0.2, rng)) for _ in range(300)]
    assert 0.90 < covered(found, exact.value) < 0.99


# -- where there is no answer --------------------------------------------------------------------------------------


def test_too_few_samples_and_coinciding_ones():
    rng = np.random.default_rng(10)
    sparse = samples.mutual_information(rng.integers(0, 30, 400), rng.integers(0, 30, 400), method="plug-in")
    assert isnan(sparse.value) and "different cells" in sparse.diagnostics[0]
    assert isnan(samples.entropy(rng.integers(0, 1000, 500)).value)
    assert isnan(samples.transfer_entropy(*rng.integers(0, 2, (2, 1000)), history=9).value)
    few = samples.mutual_information(*rng.normal(size=(2, 100)), method="kraskov")
    assert isnan(few.value) and "at least 250" in few.diagnostics[0]
    labels = samples.mutual_information(*rng.integers(0, 3, (2, 1000)), method="kraskov")
    assert isnan(labels.value) and "plug-in" in labels.diagnostics[0]


def test_estimates_that_need_a_word_of_warning():
    x, _ = gaussian_pair(0, 2000, np.random.default_rng(11))
    sharp = samples.mutual_information(x, x + 1e-4 * np.random.default_rng(12).normal(size=2000), method="kraskov")
    assert "still drifts" in sharp.diagnostics[0]
    rounded = samples.mutual_information(
        *np.round(np.random.default_rng(13).normal(size=(2, 2000)), 3), method="kraskov"
    )
    assert "repeat" in rounded.diagnostics[-1]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: samples.mutual_information([0, 1], [0, 1]), "method"),
        (lambda: samples.mutual_information([0, 1], [0, 1], method="kraskow"), "did you mean 'kraskov'"),
        (
            lambda: samples.mutual_information([0.5, 1], [0, 1], method="plug-in"),
            r"x must hold whole numbers .*float64",
        ),
        (lambda: samples.mutual_information([0, 1], [0, 1, 1], method="plug-in"), "as many samples as x, 2, got 3"),
        (lambda: samples.mutual_information([0.0, 1], [0.0], method="kraskov"), "y must vary"),
        (lambda: samples.mutual_information([0.0, 1, 2], [0.0, 1], method="kraskov"), "as many samples as x, 3, got 2"),
        (lambda: samples.mutual_information([0.0, np.nan], [0.0, 1], method="kraskov"), "x must be finite samples"),
        (lambda: samples.mutual_information([0.0, 1], [1.0, 2], method="kraskov", neighbours=0), "neighbours must be"),
        (lambda: samples.entropy([-(2**63), 2**63 - 1]), r"below 2\^62 in size"),
        (lambda: samples.entropy([]), "x must hold whole numbers"),
        (lambda: samples.entropy([0, 1], confidence=1.5), "confidence must lie strictly between 0 and 1"),
        (lambda: samples.transfer_entropy([0, 1], [0, 1, 1]), "must have one shape and more than 1 steps"),
        (lambda: samples.transfer_entropy([0, 1], [0, 1], history=2), "more than 2 steps"),
        (lambda: samples.transfer_entropy([0, 1], [0, 1], history=0), "history must be at least 1"),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises((InputError, TypeError), match=sentence):
        call()
