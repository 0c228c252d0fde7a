"""Orders of interaction: gates and cycles whose parts are known, another optimiser, reversible surrogates."""

from itertools import combinations, product
from math import log

import numpy as np
import pytest
from scipy.optimize import minimize

from assertions import assert_within
from neurothermo import Glauber, InputError, SpinNetwork
from neurothermo.exact import entropy_production
from neurothermo.irreversibility import order_fluxes
from neurothermo.irreversibility.order import cost, interaction_order, obstacle
from neurothermo.irreversibility.order_fluxes import Fluxes, of_all, shown_by
from neurothermo.irreversibility.order_moves import excursions_of
from neurothermo.recordings import from_array, from_spikes

STATES = list(product((0, 1), repeat=3))
NOISE = 0.1
GATES = {"xor": lambda s: s[0] ^ s[1], "and": lambda s: s[0] & s[1]}


def gate_law(gate):
    """P(x, x') of two random channels and a third that is their noisy gate one row later."""
    up = np.mean([1 - NOISE if gate(s) else NOISE for s in STATES])
    return np.array(
        [
            [0.25 * (up if s[2] else 1 - up) * 0.25 * (1 - NOISE if t[2] == gate(s) else NOISE) for t in STATES]
            for s in STATES
        ]
    )


def gate_run(gate, rows, seed):
    rng = np.random.default_rng(seed)
    inputs = rng.integers(0, 2, (rows, 2))
    output = gate(inputs.T) ^ (rng.random(rows) < NOISE)
    return from_array(np.column_stack([inputs[1:], output[:-1]]).astype(int), 1000.0)


def fluxes_of(law):
    pairs = list(combinations(range(8), 2))
    first, second = (np.array([STATES[pair[end]] for pair in pairs]) for end in (0, 1))
    return Fluxes(first, second, np.array([law[p] for p in pairs]), np.array([law[p[::-1]] for p in pairs]), 1.0)


@pytest.fixture
def no_half_counts(monkeypatch):
    """Laws instead of counts need none."""
    monkeypatch.setattr(order_fluxes, "HALF", 0.0)


# -- laws ---------------------------------------------------------------------------------------------


def test_an_xor_gate_is_of_higher_order_alone(no_half_counts):
    fluxes = fluxes_of(gate_law(GATES["xor"]))
    assert shown_by(fluxes, fluxes.features(1)).value == pytest.approx(0, abs=1e-14)
    assert shown_by(fluxes, fluxes.features(2)).value == pytest.approx(0, abs=1e-14)
    assert of_all(fluxes).value == pytest.approx((0.5 - NOISE) * log((1 - NOISE) / NOISE), rel=1e-12)


@pytest.mark.parametrize("order", [2, 3])
def test_an_and_gate_against_another_optimiser(order, no_half_counts):
    """g is a sum of tables of subsets; the optimum is unique though the tables are not."""
    law = gate_law(GATES["and"])
    tables, width = [], 0
    for some in combinations(range(3), order):
        at = [sum(s[i] << k for k, i in enumerate(some)) for s in STATES]
        tables.append(np.array([[width + a * 8 + b for b in at] for a in at]))
        width += 64

    def loss(parameters):
        g = sum(parameters[table] - parameters[table.T] for table in tables)
        return np.log(np.sum(law * np.exp(-g))) - np.sum(law * g)

    best = -minimize(loss, np.zeros(width), tol=1e-12).fun
    fluxes = fluxes_of(law)
    found = shown_by(fluxes, fluxes.features(order))
    assert found.value == pytest.approx(best, abs=1e-7)
    if order == 3:
        assert found.value == pytest.approx(of_all(fluxes).value, rel=1e-10)
        assert found.normal == pytest.approx(1, abs=1e-8)
    else:
        assert 0.3 < found.value < of_all(fluxes).value - 0.1


def test_all_orders_together_are_the_entropy_production(no_half_counts):
    """Three spins in parallel order, their law by powers of the transition matrix."""
    couplings, fields = np.array([[0, 0.9, -0.4], [-0.2, 0, 0.8], [0.5, 0.1, 0]]), np.array([0.2, -0.1, 0.3])
    spins = 2.0 * np.array(STATES) - 1
    up = 1 / (1 + np.exp(-2 * (spins @ couplings.T + fields)))
    chain = np.array([[np.prod(np.where(t > 0, up[s], 1 - up[s])) for t in spins] for s in range(8)])
    law = np.linalg.matrix_power(chain, 200)[0]
    fluxes = fluxes_of(law[:, None] * chain)
    exact = entropy_production(SpinNetwork(couplings, -fields), Glauber(order="parallel"), temperature=1.0)
    values = [shown_by(fluxes, fluxes.features(order)).value for order in (1, 2, 3)]
    assert values[2] == pytest.approx(exact.value, rel=1e-9) == of_all(fluxes).value
    assert values[0] == pytest.approx(0, abs=1e-12) and 0.9 * values[2] < values[1] < values[2]


# -- recordings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "seed"), [("xor", 1), ("and", 2)])
def test_gates_from_recordings(name, seed, no_half_counts, monkeypatch):
    law = fluxes_of(gate_law(GATES[name]))
    exact = np.array([shown_by(law, law.features(2)).value, of_all(law).value])
    monkeypatch.undo()
    found = interaction_order(gate_run(GATES[name], 20_000, seed), seed=seed)
    parts = dict(zip(found.order.values, zip(found.value.values, found.stderr.values, strict=True), strict=True))
    assert abs(parts["independent"][0]) < 1e-4
    assert_within(*parts["higher"], exact[1] - exact[0], resolution=0.3 * (exact[1] - exact[0]))
    assert_within(float(found.total), float(found.total_stderr), exact[1], resolution=0.2 * exact[1])
    assert found.value.sum() == pytest.approx(float(found.total), abs=1e-12)
    low, high = found.low.values[1], found.high.values[1]
    if name == "xor":
        assert low == 0 and high < 0.01 and found.p.values[1] > 0.01
    else:
        assert_within(*parts["pairwise"], exact[0], resolution=0.3 * exact[0])
        assert low < exact[0] < high and found.p.values[1] == 0.01
    assert found.low.values[2] < exact[1] - exact[0] < found.high.values[2] and found.p.values[2] == 0.01


def test_a_channel_of_three_values_that_goes_round_is_irreversible_by_itself():
    rng = np.random.default_rng(3)
    forward = 0.7
    ring = np.cumsum(np.where(rng.random(20_000) < forward, 1, -1)) % 3
    found = interaction_order(from_array(np.column_stack([ring, rng.integers(0, 2, 20_000)]), 1000.0))
    exact = (2 * forward - 1) * log(forward / (1 - forward))
    assert_within(found.value.values[0], found.stderr.values[0], exact, resolution=0.2 * exact)
    assert found.low.values[0] < exact < found.high.values[0]
    assert np.all(found.low.values[1:] == 0) and np.all(found.p.values[1:] > 0.01)


def test_reversible_recordings_are_seldom_called_irreversible():
    rng = np.random.default_rng(4)
    couplings = np.array([[0, 0.4, -0.2], [0.4, 0, 0.3], [-0.2, 0.3, 0]])
    trials, rows = 120, 1500
    spins, data = np.ones((trials, 3)), np.empty((rows, trials, 3), dtype=int)
    for t in range(-50, rows):
        spins = np.where(rng.random(spins.shape) < 1 / (1 + np.exp(-2 * (spins @ couplings.T + 0.3))), 1, -1)
        data[t] = spins
    found = [interaction_order(from_array(data[:, k], 1000.0), surrogates=19, seed=k) for k in range(trials)]
    four = 4 * np.sqrt(0.05 * 0.95 / trials)
    for p in ([one.p.values[1] for one in found], [float(one.total_p) for one in found]):
        assert abs(np.mean(np.array(p) <= 0.05) - 0.05) < four
    totals, bias = np.array([float(one.total) for one in found]), np.mean([float(one.total_bias) for one in found])
    assert_within(totals.mean(), totals.std() / np.sqrt(trials), 0, resolution=bias)
    assert np.mean([float(one.total_low) == 0 for one in found]) > 0.95 - four


def test_surrogates_are_the_same_moves_and_circulate_only_by_chance():
    excursions = excursions_of(gate_run(GATES["and"], 5000, 5))
    fluxes = excursions.fluxes
    net = excursions.reversed_at_random(200, np.random.default_rng(0))
    both = fluxes.forth + fluxes.back
    assert np.all(np.abs(net) <= both) and np.all((net - both) % 2 == 0)
    assert np.all(np.abs(net.mean(axis=0)) < 5 * np.sqrt(both / 200) + 1)
    drift = fluxes.forth - fluxes.back
    assert np.max(np.abs(drift) / np.sqrt(both)) > 5  # the recording itself does circulate
    ends = np.zeros((200, 8))
    for column, (start, stop) in enumerate(zip(fluxes.first @ [4, 2, 1], fluxes.second @ [4, 2, 1], strict=True)):
        ends[:, start] -= net[:, column]
        ends[:, stop] += net[:, column]
    assert np.max(np.abs(ends)) <= 1  # every surrogate is a path


def test_answers_depend_on_the_seed_alone():
    recording = gate_run(GATES["and"], 2000, 6)
    one, same, other = (interaction_order(recording, seed=seed) for seed in (1, 1, 2))
    assert one.identical(same) and not one.identical(other)


# -- bad input --------------------------------------------------------------------------------------------

FINE = np.random.default_rng(7).integers(0, 2, (500, 3))


@pytest.mark.parametrize(
    ("recording", "words"),
    [
        (from_spikes([np.arange(9.0), np.arange(9.0) + 0.5]), "bin spikes first"),
        (from_array(FINE + 0.0, 100.0), "got signals"),
        (from_array(FINE * [1, 1, 0], 100.0), "constant"),
        (from_array(FINE[:, :1], 100.0), "2 to 10 channels, got 1"),
        (from_array(np.repeat(FINE, 4, axis=1), 100.0), "2 to 10 channels, got 12"),
        (from_array(np.arange(1500).reshape(500, 3), 100.0), "more than a million"),
        (from_array(np.arange(1000).reshape(500, 2), 100.0), "commonest state at least 50 times"),
    ],
)
def test_recordings_that_it_cannot_use(recording, words):
    assert words in obstacle(recording)
    with pytest.raises(InputError, match=words):
        interaction_order(recording)


@pytest.mark.parametrize(("options", "words"), [({"surrogates": 5}, "surrogates"), ({"confidence": 0}, "confidence")])
def test_options_that_make_no_sense(options, words):
    with pytest.raises(InputError, match=words):
        interaction_order(from_array(FINE, 100.0), **options)


def test_nothing_stands_in_the_way_of_good_data():
    assert obstacle(from_array(FINE, 100.0)) is None and cost(from_array(FINE, 100.0)) > 0
