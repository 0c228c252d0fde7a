"""Figure 7 and learning: exact laws by brute force, two-state chains, and what happens without hmmlearn."""

import sys

import numpy as np
import pytest

from neurothermo.studies import chen2020
from neurothermo.studies.chen2020 import hidden_states as hidden
from neurothermo.studies.chen2020 import learning
from neurothermo.studies.chen2020.graded import ExactOverlaps, GradedMemories

MEMORIES = GradedMemories(0.5, gamma=0.3, strength=2.0, magnitude=0.4, temperature=0.7)


def brute_force(memories, cells=8):
    """All states of six neurons on a coarse grid, with the network's own energy."""
    v = (np.arange(cells) + 0.5) / cells
    states = np.stack(np.meshgrid(*[v] * 6, indexing="ij"), axis=-1).reshape(-1, 6)
    energy = memories.network.energy(np.log(states / (1 - states)), np.zeros(6))
    weights = np.exp(-(energy - energy.min()) / memories.temperature)
    return states, weights / weights.sum()


def test_basins_are_those_of_brute_force():
    states, weights = brute_force(MEMORIES)
    overlaps = MEMORIES.overlaps(states)
    second = weights[overlaps[:, 1] > overlaps[:, 0]].sum()
    assert ExactOverlaps(MEMORIES, cells=8).occupancies()[1] == pytest.approx(second, abs=1e-12)
    assert abs(ExactOverlaps(MEMORIES, cells=200).occupancies()[1] - second) < 0.01


def test_quadrature_has_converged():
    ratios = [ExactOverlaps(GradedMemories(0.45), cells).log_ratio() for cells in (200, 400, 800)]
    assert abs(ratios[1] - ratios[2]) < 1e-4 and abs(ratios[0] - ratios[1]) < 4.5 * abs(ratios[1] - ratios[2]) + 1e-6


def test_draws_have_the_law():
    draws = MEMORIES.network.activity(ExactOverlaps(MEMORIES).draw(20_000, seed=3))
    states, weights = brute_force(MEMORIES)
    for power in (1, 2):
        exact = weights @ states**power
        assert np.all(np.abs((draws**power).mean(axis=0) - exact) < 4 * (draws**power).std(axis=0) / 141 + 0.003)
    wrong = GradedMemories(0.9, gamma=0.3, strength=2.0, magnitude=0.4, temperature=0.7)
    assert abs(ExactOverlaps(wrong).log_ratio() - ExactOverlaps(MEMORIES).log_ratio()) > 0.1


def chain(matrix, trials, times, seed):
    random = np.random.default_rng(seed)
    states = np.empty((trials, times), np.int64)
    states[:, 0] = random.random(trials) < hidden.stationary_pair(matrix)[1]
    for t in range(1, times):
        states[:, t] = random.random(trials) < matrix[states[:, t - 1], 1]
    return states


def test_rates_and_occupancies_of_a_chain():
    matrix = np.array([[0.9, 0.1], [0.3, 0.7]])
    counted = hidden.Transitions.of(chain(matrix, 500, 80, 1))
    for estimate in (counted.log_rates(0), counted.log_occupancies(0)):
        assert abs(estimate.value - np.log(1 / 3)) < 4 * estimate.stderr < 0.3
    np.testing.assert_allclose(counted.matrix, matrix, atol=0.01)
    flipped = hidden.Transitions.of(1 - chain(matrix, 500, 80, 1)).log_rates(0)
    assert abs(flipped.value - np.log(1 / 3)) > 10 * flipped.stderr


def test_equation_17_is_zero_for_any_chain_of_two_states():
    random = np.random.default_rng(0)
    for up, down in random.random((50, 2)):
        assert abs(hidden.equation_17(np.array([[1 - up, up], [down, 1 - down]]))) < 1e-12


def test_no_transitions_give_no_number():
    still = hidden.Transitions.of(np.zeros((5, 10), np.int64))
    assert np.isnan(still.log_rates(0).value) and "Too few" in still.log_rates(0).diagnostics[0]


def test_the_hidden_markov_model_finds_a_known_chain():
    pytest.importorskip("hmmlearn")
    matrix = np.array([[0.95, 0.05], [0.1, 0.9]])
    states = chain(matrix, 40, 80, 2)
    seen = np.stack([0.5 - states, states - 0.5], axis=-1) + 0.2 * np.random.default_rng(1).normal(size=(40, 80, 2))
    model = hidden.hidden_markov(seen, 0)
    assert (model.states == states).mean() > 0.99
    np.testing.assert_allclose(model.matrix, matrix, atol=0.02)


def test_without_hmmlearn_there_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "hmmlearn.hmm", None)
    panel = chen2020.FIGURES["7"](chen2020.Settings(trials=64))
    assert any("pip install 'neurothermo[hmm]'" in row.sentence for row in panel.rows)
    assert "neurothermo[hmm]" in panel.caption and any("k12/k21" in row.quantity for row in panel.rows)


def test_differences_of_the_pair_are_those_of_a_finer_sum():
    """The joint one with its coupling summed over a grid too."""
    from scipy.special import logsumexp

    v, w = (np.arange(60) + 0.5) / 60, np.linspace(-8, 12, 400)
    one, two, learned = np.meshgrid(v, v, w, indexing="ij")
    found = {}
    for field in (learning.START, learning.STOP):
        energy = sum(x * np.log(x) + (1 - x) * np.log1p(-x) for x in (one, two)) - field[0] * one - field[1] * two
        fixed, joint = energy - one * two, energy - (1 + learned) * one * two + learned**2 / 8
        found[field[0]] = [-0.5 * logsumexp(-e / 0.5) for e in (fixed, joint)]
    fixed, joint = np.subtract(found[0.5], found[-0.5])
    assert learning.exact_difference(False) == pytest.approx(fixed, abs=1e-3)
    assert learning.exact_difference(True) == pytest.approx(joint, abs=2e-3)
