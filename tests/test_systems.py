"""Networks and protocols: what they are, how they come in, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, save_npz

from neurothermo import Glauber, InputError, Protocol, SpinNetwork, datasets, hold, hopfield, ramp, simulate
from oracles import transfer

ONE, TWO = np.ones(5), np.array([1, 1, 1, -1, -1.0])


def test_hopfield_is_the_papers_equation_13():
    net = hopfield([ONE, TWO], weights=[0.2, 0.8], crossover=0.3)
    expected = 0.2 * np.outer(ONE, ONE) + 0.8 * np.outer(TWO, TWO) + 0.3 * np.outer(ONE, TWO)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(net.couplings, expected)
    assert not net.symmetric and "asymmetric" in repr(net)


def test_the_crossover_makes_the_second_pattern_recall_the_first():
    """In state e2 the crossover term's field points along e1; in e1 (overlap 1/5) it hardly does."""
    plain, crossed = (hopfield([ONE, TWO], weights=[0.2, 0.8], crossover=alpha) for alpha in (0.0, 5.0))
    added = crossed.couplings - plain.couplings
    assert np.all(np.sign(added @ TWO) == ONE) and np.mean(added @ TWO) > 3 * np.mean(added @ ONE)


def test_default_weights_and_hopfields_scale():
    net = hopfield([ONE, TWO], scale="hopfield")
    assert net.couplings[0, 1] == pytest.approx(1 / 5) and net.couplings[0, 4] == 0
    assert "scale 'hopfield'" in repr(net) and "N = 5" in repr(net) and "ordering temperature" in repr(net)
    np.testing.assert_array_equal(net.patterns.patterns, [ONE, TWO])


def test_ordering_temperature_is_where_mean_field_orders():
    net = hopfield([np.ones(15), [1] * 8 + [-1] * 7], weights=[0.2, 0.8])
    assert net.ordering_temperature == pytest.approx(np.linalg.eigvalsh(net.couplings).max())
    ring = SpinNetwork(csr_array(np.roll(np.eye(600), 1, axis=0) + np.roll(np.eye(600), -1, axis=0)))
    assert ring.ordering_temperature == pytest.approx(2.0, abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 5), st.integers(0, 10**6))
def test_binary_neurons_have_the_same_conditional_law(size, seed):
    """P(n_i = 1) = 1 / (1 + exp(-(w n + b)_i / T)), whatever the weights."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(size, size))
    np.fill_diagonal(weights, 0)
    biases = rng.normal(size=size)
    net = SpinNetwork.from_binary(weights, biases)
    states = transfer.all_states(size)
    drive = (1 + states) / 2 @ weights.T + biases
    np.testing.assert_allclose(2 * net.local_fields(states, np.zeros(size)), drive, atol=1e-12)


def test_energy_is_that_of_equation_4():
    net = SpinNetwork([[0, 1.5], [1.5, 0]], thresholds=[0.3, -0.2])
    assert net.energy([[1, -1]], [0.5, 0.7])[0] == pytest.approx(1.5 - 0.5 + 0.7 + 0.3 + 0.2)
    sparse = SpinNetwork(csr_array([[0, 1.5], [1.5, 0]]), thresholds=[0.3, -0.2])
    assert sparse.energy([[1, -1]], [0.5, 0.7]) == net.energy([[1, -1]], [0.5, 0.7])
    with pytest.raises(InputError, match="no energy"):
        SpinNetwork([[0, 1], [2, 0]]).energy([[1, 1]], [0, 0])


def test_a_network_does_not_change_behind_our_back():
    matrix = np.array([[0, 1.0], [1, 0]])
    net = SpinNetwork(matrix)
    matrix[0, 1] = 7
    assert net.couplings[0, 1] == 1
    with pytest.raises(ValueError):
        net.couplings[0, 1] = 7
    with pytest.raises(AttributeError):
        net.couplings = matrix


@pytest.mark.parametrize("ending", ["npy", "npz", "csv", "sparse"])
def test_couplings_are_read_from_files(tmp_path, ending):
    matrix = np.array([[0, 1.5, 0], [2, 0, 0], [0, -1, 0.0]])
    path = tmp_path / f"weights.{'npz' if ending == 'sparse' else ending}"
    if ending == "npy":
        np.save(path, matrix)
    elif ending == "npz":
        np.savez(path, other=np.eye(3), weights=matrix)
    elif ending == "csv":
        np.savetxt(path, matrix, delimiter=",")
    else:
        save_npz(path, csr_array(matrix))
    key = "weights" if ending == "npz" else None
    net = SpinNetwork.read(path, key=key, transpose=True, scale=2.0)
    dense = net.couplings.toarray() if net.sparse else net.couplings
    np.testing.assert_allclose(dense, 2 * matrix.T)
    assert net.sparse == (ending == "sparse")


def test_files_that_hold_no_matrix_are_refused(tmp_path):
    (tmp_path / "text.csv").write_text("a,b\n1,2\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY garbage")
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 garbage")
    np.save(tmp_path / "pickled.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "two.npz", a=np.eye(2), b=np.eye(2))
    for name in ("text.csv", "empty.csv", "broken.npy", "broken.npz", "pickled.npy", "missing.npy", "matrix.xlsx"):
        with pytest.raises(InputError) as caught:
            SpinNetwork.read(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="key must say which array"):
        SpinNetwork.read(tmp_path / "two.npz")
    with pytest.raises(InputError, match="'c' is not in"):
        SpinNetwork.read(tmp_path / "two.npz", key="c")


@pytest.mark.parametrize(
    "couplings, words",
    [
        (np.zeros((3, 2)), "square"),
        (np.zeros(3), "square"),
        (np.zeros((0, 0)), "square"),
        ([[0, np.nan], [0, 0]], "finite"),
        ([[0, np.inf], [0, 0]], "finite"),
        ([[1, 0], [0, 0]], "zero diagonal"),
        (csr_array(np.eye(2)), "zero diagonal"),
        ("couplings", "array of numbers"),
        ([[0, 1], [2]], "array of numbers"),
    ],
)
def test_bad_couplings_are_refused(couplings, words):
    with pytest.raises(InputError, match=words):
        SpinNetwork(couplings)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"patterns": [[1, 0, -1]]}, "-1 and \\+1"),
        ({"patterns": [1, -1]}, "shape"),
        ({"patterns": [ONE, TWO], "weights": [1.0]}, "weights must have shape"),
        ({"patterns": [ONE, TWO], "scale": "papers"}, "did you mean 'paper'"),
        ({"patterns": [ONE], "crossover": 0.5}, "two patterns"),
        ({"patterns": [ONE, TWO], "crossover": np.eye(2)}, "zero diagonal"),
        ({"patterns": [ONE, TWO], "thresholds": [1.0]}, "thresholds must have shape"),
    ],
)
def test_bad_patterns_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        hopfield(**arguments)


def test_the_fly_connectome_says_where_it_is_from():
    counts = datasets.fly_mushroom_body()
    assert (
        counts.shape == (209, 209) and int(counts.sum()) == int(counts.values.sum()) and counts.values.dtype.kind == "i"
    )
    assert {"source", "license", "citation"} <= set(counts.attrs)
    types = counts.cell_type_pre.values
    # rows are presynaptic: projection neurons act on Kenyon cells, which act on output neurons
    assert counts.values[np.ix_(types == "P", types == "K")].sum() > 1000
    assert counts.values[np.ix_(types == "K", types == "P")].sum() == 0
    assert (
        counts.values[np.ix_(types == "K", types == "O")].sum()
        > counts.values[np.ix_(types == "O", types == "K")].sum()
    )
    net = SpinNetwork(counts.values.T / 30)
    ledger = simulate(net, hold(np.zeros(209), 5), temperature=4.0, trials=200, seed=1)  # at 1 it is metastable
    assert "heat" not in ledger and "not symmetric" in ledger.attrs["energy"]
    assert ledger.entropy_flow.mean() > 4 * ledger.entropy_flow.std() / np.sqrt(200)


# -- protocols -----------------------------------------------------------------------------------------------------


def test_ramp_hold_and_their_sum():
    up = ramp([0, 1], [2, 1], 4)
    np.testing.assert_allclose(up.values[:, 0], [0, 0.5, 1, 1.5, 2])
    assert up.steps == 4 and hold([2, 1], 3).values.shape == (4, 2)
    joined = up + hold([2, 1], 3)
    assert joined.steps == 7
    jumped = up + hold([5, 5], 3)
    assert jumped.steps == 8  # the jump is a step of its own


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6), st.booleans())
def test_reversal_turns_a_sum_around(first, second, seed, joined):
    rng = np.random.default_rng(seed)
    p = Protocol(rng.normal(size=(first + 1, 3)))
    q = Protocol(np.concatenate([p.values[-1:] if joined else rng.normal(size=(1, 3)), rng.normal(size=(second, 3))]))
    one, other = (p + q).reversed(), q.reversed() + p.reversed()
    np.testing.assert_array_equal(one.values, other.values)
    assert one.relax_first and other.relax_first and one.direction == "reverse"
    np.testing.assert_array_equal((p + q).reversed().reversed().values, (p + q).values)
    assert not (p + q).reversed().reversed().relax_first


def test_bad_protocols_are_refused():
    cases = [
        (lambda: ramp([0, 1], [1, 2, 3], 5), "stop must have shape"),
        (lambda: ramp([0, 1], [1, 2], 0), "steps must be at least 1"),
        (lambda: ramp([0, np.nan], [1, 2], 3), "start must be finite"),
        (lambda: ramp([0], [1], 2) + ramp([0], [1], 2).reversed(), "both be forward"),
        (lambda: ramp([0], [1], 2) + ramp([0, 1], [1, 1], 2), "as many neurons"),
        (lambda: Protocol(np.zeros((0, 3))), "at least the first input"),
        (lambda: Glauber(order="parallel", attempts=3), "attempts has no meaning"),
        (lambda: Glauber(order="paralel"), "did you mean 'parallel'"),
        (lambda: Glauber(attempts=0), "attempts must be at least 1"),
        (lambda: Glauber(activation="relu"), "activation must be one of"),
        (lambda: Glauber(descending=True), "descending belongs to sequential"),
    ]
    for attempt, words in cases:
        with pytest.raises(InputError, match=words):
            attempt()
