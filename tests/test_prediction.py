"""Memory and prediction of a driven network: the nostalgia is the dissipation."""

from itertools import product

import numpy as np
import pytest

from assertions import assert_within, mean_within
from neurothermo import Glauber, InputError, SpinNetwork, exact, simulate
from neurothermo.ensemble import predictive_information
from neurothermo.fluctuation import check_feedback
from neurothermo.protocols import random_signal

ONE, ENDS = SpinNetwork([[0.0]]), np.array([[-1.0], [1.0]])
COUPLINGS = np.array([[0, 0.7, -0.2], [0.7, 0, 0.4], [-0.2, 0.4, 0]])
INPUTS = np.array([[1.0, -0.4, 0.3], [-0.8, 0.2, 0.9], [0.1, 1.2, -0.5]])
MOVES = np.array([[0.8, 0.05, 0.2], [0.15, 0.9, 0.1], [0.05, 0.05, 0.7]])


def flipping(q):
    return np.array([[1 - q, q], [q, 1 - q]])


def lazy(a):
    """With probability a the neuron is drawn anew from the heat bath of each input, else it keeps its state."""
    up = 1 / (1 + np.exp(-2 * ENDS[:, 0]))
    return np.array([(1 - a) * np.eye(2) + a * np.outer([1 - one, one], [1, 1]) for one in up])


@pytest.mark.parametrize("q, a, memory, predicted, difference", [
    (0.1, 0.5, 0.2177304489, 0.1350978308, 0.0826326180),
    (0.3, 0.5, 0.1180068128, 0.0182369363, 0.0997698765),
    (0.1, 1.0, 0.3278133255, 0.1992415291, 0.1285717964),
])  # fmt: skip
def test_one_neuron_has_the_printed_numbers(q, a, memory, predicted, difference):
    """Work in closed form: 2 q <x s>, with <x s> = a tanh(1) / (1 - (1 - a)(1 - 2q))."""
    found = exact.prediction(ONE, lazy(a), (ENDS, flipping(q)), temperature=1.0)
    assert found.memory == pytest.approx(memory, abs=2e-10)
    assert found.prediction == pytest.approx(predicted, abs=2e-10)
    assert found.nostalgia == pytest.approx(difference, abs=2e-10)
    assert found.dissipated == pytest.approx(difference, abs=2e-10)
    aligned = a * np.tanh(1) / (1 - (1 - a) * (1 - 2 * q))
    assert found.work == pytest.approx(2 * q * aligned, abs=1e-12)
    assert abs(found.dissipated.details["residual"]) < 1e-12 and abs(found.work.details["balance"]) < 1e-12
    if a == 1:
        same = exact.prediction(ONE, Glauber(attempts=1), (ENDS, flipping(q)), temperature=1.0)
        np.testing.assert_allclose(same.joint, found.joint, atol=1e-12)


def brute_force(temperature):
    """One attempt a step, all pairs of states written out; the stationary pair by an eigenvector."""
    states = np.array(list(product([-1.0, 1.0], repeat=3)))
    pairs = [(x, s) for x in range(3) for s in range(8)]
    matrix = np.zeros((24, 24))
    for column, (x, s) in enumerate(pairs):
        for new in range(3):
            for i in range(3):
                local = COUPLINGS[i] @ states[s] + INPUTS[new, i]
                up = 1 / (1 + np.exp(-2 * local / temperature))
                for value, chance in ((1.0, up), (-1.0, 1 - up)):
                    after = states[s].copy()
                    after[i] = value
                    row = pairs.index((new, int(np.flatnonzero((states == after).all(axis=1))[0])))
                    matrix[row, column] += MOVES[new, x] * chance / 3
    values, vectors = np.linalg.eig(matrix)
    joint = np.real(vectors[:, np.argmax(values.real)]).reshape(3, 8)
    joint /= joint.sum()
    driven = MOVES @ joint

    def information(law):
        return float(np.sum(law * np.log(law / law.sum(axis=1, keepdims=True) / law.sum(axis=0))))

    energies = np.array([[-0.5 * s @ COUPLINGS @ s - x @ s for s in states] for x in INPUTS])
    return information(joint), information(driven), float(np.sum(energies * (driven - joint)))


def test_a_network_is_as_enumerated_by_hand():
    memory, predicted, work = brute_force(0.9)
    found = exact.prediction(SpinNetwork(COUPLINGS), Glauber(attempts=1), (INPUTS, MOVES), temperature=0.9)
    assert found.memory == pytest.approx(memory, abs=1e-10)
    assert found.prediction == pytest.approx(predicted, abs=1e-10)
    assert found.work == pytest.approx(work, abs=1e-10)
    assert found.dissipated == pytest.approx(0.9 * (memory - predicted), abs=1e-10)
    other = exact.prediction(SpinNetwork(COUPLINGS), Glauber(attempts=1), (INPUTS, MOVES.T / MOVES.sum(axis=1)),
                             temperature=0.9)  # fmt: skip
    assert abs(other.memory - memory) > 1e-3, "rows taken for columns must show"


@pytest.mark.parametrize("order", ["random", "sequential", "parallel"])
def test_dissipation_is_temperature_times_nostalgia_under_any_rule(order):
    found = exact.prediction(SpinNetwork(COUPLINGS), Glauber(order=order), (INPUTS, MOVES), temperature=1.3)
    assert found.dissipated == pytest.approx(1.3 * found.nostalgia, abs=1e-12) and found.nostalgia > 0.01
    assert found.memory > found.prediction > 0
    assert abs(found.work.details["balance"]) < 1e-9


def test_no_energy_no_dissipated_work_but_information():
    loose = SpinNetwork(np.triu(COUPLINGS))
    found = exact.prediction(loose, Glauber(), (INPUTS, MOVES), temperature=1.0)
    assert np.isnan(found.dissipated.value) and "not symmetric" in found.dissipated.diagnostics[0]
    assert found.nostalgia > 0 and np.isfinite(found.work.value) and found.to_dict()["memory"]["kind"] == "exact"


def test_samples_give_the_exact_information_and_work():
    network, rule = SpinNetwork(COUPLINGS), Glauber(attempts=2)
    known = exact.prediction(network, rule, (INPUTS, MOVES), temperature=0.9)
    ledger = simulate(network, random_signal(INPUTS, MOVES, 25), rule, temperature=0.9, trials=40_000, seed=2,
                      record=("states", "work"))  # fmt: skip
    whole = predictive_information(ledger, lambda states: (states > 0) @ [1, 2, 4])
    for name, exactly in (("memory", known.memory), ("prediction", known.prediction), ("nostalgia", known.nostalgia)):
        assert whole[name].kind == "lower bound"
        assert_within(whole[name].value, whole[name].stderr, exactly.value, resolution=0.05)
    mean_within(ledger.work_steps.values[:, -1], known.work.value, resolution=0.1)
    part = predictive_information(ledger, lambda states: states[:, 0])
    assert all(part[name].value < whole[name].value for name in whole)
    assert float(abs(ledger.information).max()) == 0


def test_a_random_signal_needs_no_information():
    """Nothing is fed back: Jarzynski's equality for a random protocol, the free-energy change each trial's own."""
    few = random_signal(0.5 * INPUTS, MOVES, 2)
    ledger = simulate(SpinNetwork(COUPLINGS), few, temperature=1.0, trials=20_000, seed=1)
    assert check_feedback(ledger).passed
    np.testing.assert_allclose(np.mean(ledger.outcome[:, 1] == ledger.outcome[:, 0]), 0.83, atol=0.06)


BAD = [
    ({"signal": (ENDS, [[0.9, 0.2], [0.2, 0.8]])}, "columns sum to one"),
    ({"signal": (ENDS, np.eye(2))}, "lead from every input"),
    ({"signal": (np.zeros((2, 3)), flipping(0.1))}, "inputs must have shape"),
    ({"signal": flipping(0.1)}, "signal must be two arrays"),
    ({"rule": np.zeros((2, 2, 2))}, "columns sum to one"),
    ({"rule": np.ones((1, 2, 2))}, "rule must have shape"),
    ({"rule": np.array([np.eye(2)] * 2)}, "could not be determined"),
    ({"system": SpinNetwork(np.zeros((11, 11)))}, "too many"),
    ({"temperature": 0.0}, "temperature must be positive"),
]


@pytest.mark.parametrize("wrong, sentence", BAD, ids=[sentence for _, sentence in BAD])
def test_bad_input_is_refused_in_a_sentence(wrong, sentence):
    given = {"system": ONE, "rule": Glauber(), "signal": (ENDS, flipping(0.1)), "temperature": 1.0, **wrong}
    with pytest.raises(InputError, match=sentence):
        exact.prediction(given["system"], given["rule"], given["signal"], temperature=given["temperature"])


def test_bad_samples_are_refused():
    ledger = simulate(ONE, random_signal(ENDS, flipping(0.1), 2), temperature=1.0, trials=20, record="states")
    with pytest.raises(InputError, match="random_signal"):
        predictive_information(simulate(ONE, 2, temperature=1.0, trials=20), lambda s: s[:, 0])
    with pytest.raises(InputError, match="record='states'"):
        predictive_information(ledger.drop_vars("states"), lambda s: s[:, 0])
    with pytest.raises(InputError, match="one whole number a trial"):
        predictive_information(ledger, lambda s: s)
