"""The kinetic Ising network of a recording: fits, flows, intervals and tests against networks known exactly."""

from math import isnan

import numpy as np
import pytest
from scipy.optimize import minimize

from assertions import assert_within
from neurothermo import Glauber, InputError, SpinNetwork
from neurothermo.exact import entropy_production
from neurothermo.irreversibility import couplings_fit
from neurothermo.irreversibility.couplings import attribution, cost, kinetic_ising, obstacle
from neurothermo.irreversibility.couplings_fit import fitted
from neurothermo.irreversibility.couplings_likelihood import OneAtATime, Parallel
from neurothermo.irreversibility.couplings_moves import moves_of
from neurothermo.irreversibility.couplings_stationary import stationary_flow
from neurothermo.recordings import from_array, from_spikes

RULES = {"parallel": Glauber(order="parallel"), "one at a time": Glauber()}
COUPLINGS = np.array([[0, 0.7, -0.2, 0.1], [-0.3, 0, 0.5, 0], [0.4, 0.1, 0, -0.6], [0.1, -0.4, 0.2, 0]])
FIELDS = np.array([0.2, -0.3, 0.1, 0.0])
SYMMETRIC = (COUPLINGS + COUPLINGS.T) / 2


def runs(couplings, fields, rows, order, repeats=1, seed=0, burn=100):
    """Spins of shape (rows, repeats, N), by a loop that shares nothing with the library."""
    rng, size = np.random.default_rng(seed), len(fields)
    spins, found = np.where(rng.random((repeats, size)) < 0.5, 1, -1), np.empty((rows, repeats, size), dtype=int)
    each = np.arange(repeats)
    for t in range(-burn, rows):
        up = 1 / (1 + np.exp(-2 * (spins @ couplings.T + fields)))
        drawn = np.where(rng.random((repeats, size)) < up, 1, -1)
        if order == "parallel":
            spins = drawn
        else:
            site = rng.integers(size, size=repeats)
            spins = spins.copy()
            spins[each, site] = drawn[each, site]
        if t >= 0:
            found[t] = spins
    return found


def one_run(couplings, rows, order="parallel", seed=0, fields=FIELDS):
    """In trials of 2000 rows, simulated side by side."""
    trials = max(rows // 2000, 1)
    return from_array(np.swapaxes(runs(couplings, fields, rows // trials, order, trials, seed), 0, 1), 1000.0)


def exact_of(couplings, order, fields=FIELDS):
    return float(entropy_production(SpinNetwork(couplings, -fields), RULES[order], temperature=1.0))


# -- values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("order", "rows", "seed"), [("parallel", 40_000, 1), ("one at a time", 100_000, 2)])
def test_the_entropy_production_of_a_simulated_network(order, rows, seed):
    found, exact = kinetic_ising(one_run(COUPLINGS, rows, order, seed), order=order), exact_of(COUPLINGS, order)
    assert_within(found.value, found.stderr, exact, resolution=0.25 * exact)
    assert found.interval[0] < exact < found.interval[1]
    assert found.p_value < 1e-6 and found.details["p_value_likelihood_ratio"] < 1e-6
    assert found.units == "nats per sample" and found.kind == "estimate" and found.n == rows
    assert found.per_second.value == pytest.approx(1000 * found.value)
    with pytest.raises(AssertionError):  # the same network at another temperature
        assert_within(found.value, found.stderr, exact_of(0.75 * COUPLINGS, order))


@pytest.mark.parametrize("order", RULES)
def test_the_flow_of_the_networks_own_law(order):
    assert stationary_flow(COUPLINGS, FIELDS, order) == pytest.approx(exact_of(COUPLINGS, order), abs=1e-12)
    assert stationary_flow(SYMMETRIC, FIELDS, order) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("order", RULES)
def test_couplings_and_fields_are_found_within_their_errors(order):
    details = kinetic_ising(one_run(COUPLINGS, 60_000, order, 3), order=order, self_couplings=False).details
    off = ~np.eye(4, dtype=bool)
    z = (details["couplings"] - COUPLINGS)[off] / details["couplings_stderr"][off]
    z = np.append(z, (details["fields"] - FIELDS) / details["fields_stderr"])
    assert np.max(details["couplings_stderr"]) < 0.03
    assert abs(np.sum(z**2) - 16) < 4 * np.sqrt(2 * 16)
    assert np.sum(((details["couplings"].T - COUPLINGS)[off] / details["couplings_stderr"][off]) ** 2) > 1000


def plain_log_likelihood(couplings, fields, spins, order):
    """Row by row, from the definition."""
    before, after = spins[:-1], spins[1:]
    up = 1 / (1 + np.exp(-2 * (before @ couplings.T + fields)))
    if order == "parallel":
        return np.sum(np.log(np.where(after > 0, up, 1 - up)))
    flip = np.where(before > 0, 1 - up, up) / len(fields)
    moved = before != after
    return np.sum(np.log(np.where(moved.any(axis=1), np.sum(flip * moved, axis=1), 1 - flip.sum(axis=1))))


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("order", RULES)
def test_the_likelihood_is_largest_where_another_optimiser_finds_it(order, symmetric):
    couplings, size = COUPLINGS[:3, :3], 3
    recording = one_run(couplings, 600, order, 4, FIELDS[:3])
    moves, spins = moves_of(recording), recording.segments[0].astype(float)
    found = fitted(Parallel(moves) if order == "parallel" else OneAtATime(moves), symmetric=symmetric)
    own = order == "parallel"

    def unpacked(parameters):
        matrix, fields = parameters[:9].reshape(3, 3).copy(), parameters[9:]
        matrix[np.diag_indices(size)] *= own
        return (matrix + matrix.T) / 2 if symmetric else matrix, fields

    best = minimize(lambda p: -plain_log_likelihood(*unpacked(p), spins, order), np.zeros(12), tol=1e-10)
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-6)
    assert np.allclose(found.couplings, unpacked(best.x)[0], atol=1e-3)
    assert found.log_likelihood == pytest.approx(
        plain_log_likelihood(found.couplings, found.fields, spins, order), abs=1e-8
    )


def test_an_l2_penalty_draws_couplings_toward_zero():
    recording = one_run(COUPLINGS, 2000)
    free, held = (kinetic_ising(recording, l2=l2).details for l2 in (0, 3000.0))
    assert np.sum(held["couplings"] ** 2) < 0.5 * np.sum(free["couplings"] ** 2)
    assert held["log_likelihood"] < free["log_likelihood"]


# -- reversible processes ------------------------------------------------------------------------------


@pytest.mark.parametrize("order", RULES)
def test_symmetric_couplings_show_nothing(order):
    found = kinetic_ising(one_run(SYMMETRIC, 20_000, order, 5), order=order)
    assert found.interval[0] == 0 < found.interval[1] < 0.01
    assert found.p_value > 0.01 and found.details["p_value_likelihood_ratio"] > 0.01
    assert "includes zero" in str(found)


@pytest.mark.parametrize("order", RULES)
def test_size_bias_and_coverage_over_many_reversible_recordings(order):
    couplings, repeats = SYMMETRIC[:3, :3], 200
    data = runs(couplings, FIELDS[:3], 2000, order, repeats, seed=6)
    found = [kinetic_ising(from_array(data[:, k], 1000.0), order=order) for k in range(repeats)]
    for p in ([one.p_value for one in found], [one.details["p_value_likelihood_ratio"] for one in found]):
        assert abs(np.mean(np.array(p) < 0.05) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / repeats)
    assert np.mean([one.interval[0] == 0 for one in found]) > 0.95 - 4 * np.sqrt(0.05 * 0.95 / repeats)
    values, bias = np.array([one.value for one in found]), np.mean([one.details["bias"] for one in found])
    assert_within(values.mean(), values.std() / np.sqrt(repeats), 0, resolution=bias)
    with pytest.raises(AssertionError):  # the bias is there before it is taken off
        assert_within(values.mean() + bias, values.std() / np.sqrt(repeats), 0)


def test_coverage_away_from_equilibrium():
    repeats, exact = 150, exact_of(0.4 * COUPLINGS, "parallel")
    data = runs(0.4 * COUPLINGS, FIELDS, 3000, "parallel", repeats, seed=7)
    found = [kinetic_ising(from_array(data[:, k], 1000.0)) for k in range(repeats)]
    covered = np.mean([one.interval[0] < exact < one.interval[1] for one in found])
    assert abs(covered - 0.95) < 4 * np.sqrt(0.05 * 0.95 / repeats)
    values = np.array([one.value for one in found])
    assert_within(values.mean(), values.std() / np.sqrt(repeats), exact, resolution=0.15 * exact)


def test_a_reversible_process_with_memory_is_not_called_irreversible():
    """Rates that follow a slow hidden switch: reversible, but no kinetic Ising network with symmetric couplings."""
    rng = np.random.default_rng(8)
    switch = np.cumsum(rng.random(40_000) < 0.01) % 2
    rates = np.array([[0.1, 0.2, 0.05], [0.9, 0.3, 0.6]])[switch]
    found = kinetic_ising(from_array((rng.random(rates.shape) < rates).astype(int), 100.0))
    assert found.p_value > 0.01 and found.interval[0] == 0
    assert found.details["p_value_likelihood_ratio"] < 1e-6  # which believes in the network
    assert any("memory or drift" in sentence for sentence in found.diagnostics)


def test_time_reversed():
    recording = one_run(0.5 * COUPLINGS, 40_000, seed=9)
    back = kinetic_ising(from_array(np.array(recording.segments)[:, ::-1].copy(), 1000.0))
    forth = kinetic_ising(recording)
    one, two = (found.details["couplings"] - found.details["couplings"].T for found in (forth, back))
    assert np.abs(one).max() > 0.3 and np.abs(one + two).max() < 0.06
    assert abs(forth.value - back.value) < 2 * forth.stderr
    assert back.p_value == pytest.approx(forth.p_value, rel=0.01)


# -- attribution ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", RULES)
def test_parts_sum_to_the_whole(order):
    recording = one_run(COUPLINGS, 5000, order, 10)
    parts, whole = attribution(recording, order=order), kinetic_ising(recording, order=order)
    pairs = parts.by_pair.values
    assert pairs.sum() == pytest.approx(whole.value, abs=1e-12) == parts.attrs["total"]
    assert np.allclose(pairs, pairs.T) and np.all(np.diag(pairs) == 0)
    assert np.allclose(parts.by_channel, pairs.sum(axis=1))
    for name in ("by_pair", "by_channel"):
        for kind in ("_stderr", "_p", "_q"):
            assert parts[name + kind].dims == parts[name].dims
        assert parts[name].attrs["units"] == "nats per sample" and parts[name].attrs["long_name"]


def test_only_the_pair_that_is_coupled_one_way_is_named():
    couplings = np.zeros((4, 4))
    couplings[0, 1] = 0.5
    couplings[2, 3] = couplings[3, 2] = 0.4
    parts = attribution(one_run(couplings, 10_000, seed=11))
    q = parts.by_pair_q.values
    assert q[0, 1] < 1e-6 and np.nanmin(np.where(np.eye(4)[[1, 0, 2, 3]] > 0, np.nan, q)[2:]) > 0.05
    exact = exact_of(couplings, "parallel") / 2
    assert_within(parts.by_pair.values[0, 1], parts.by_pair_stderr.values[0, 1], exact, resolution=exact)
    assert np.all(parts.by_channel_p.values[:2] < 1e-6) and np.all(parts.by_channel_p.values[2:] > 0.01)


# -- what must not matter --------------------------------------------------------------------------------


def test_names_of_the_two_values_and_the_order_of_channels():
    spins = runs(COUPLINGS, FIELDS, 3000, "parallel", seed=12)[:, 0]
    found = kinetic_ising(from_array(spins, 1000.0))
    for other in ((spins + 1) // 2, spins[:, [2, 0, 3, 1]], -spins):
        again = kinetic_ising(from_array(other, 1000.0))
        assert again.value == pytest.approx(found.value, rel=1e-6)
        assert again.details["p_value_likelihood_ratio"] == pytest.approx(
            found.details["p_value_likelihood_ratio"], rel=1e-3
        )


def test_moves_do_not_cross_gaps():
    spins = runs(COUPLINGS, FIELDS, 400, "one at a time", repeats=20, seed=13)
    recording = from_array(np.swapaxes(spins, 0, 1), 1000.0)
    assert moves_of(recording).count == 20 * 399
    kinetic_ising(recording, order="one at a time")  # across a gap more than one spin differs
    with pytest.raises(InputError, match="at most one channel"):
        kinetic_ising(from_array(np.concatenate(list(np.swapaxes(spins, 0, 1))), 1000.0), order="one at a time")


def test_many_channels_have_no_law_of_their_own_and_a_p_value_from_signs():
    rng = np.random.default_rng(14)
    couplings = rng.normal(size=(14, 14)) * 0.1
    recording = from_array(runs(couplings, np.zeros(14), 4000, "parallel", seed=14)[:, 0], 1000.0)
    found = kinetic_ising(recording)
    assert isnan(found.details["stationary"])
    assert found.p_value == 1 / 2000 and kinetic_ising(recording).p_value == found.p_value
    symmetric = from_array(runs((couplings + couplings.T) / 2, np.zeros(14), 4000, "parallel", seed=15)[:, 0], 1000.0)
    assert kinetic_ising(symmetric).p_value > 0.01


# -- bad input -------------------------------------------------------------------------------------------


def test_separable_data_are_penalised_and_say_so():
    spins = runs(COUPLINGS, FIELDS, 2000, "parallel", seed=16)[:, 0]
    spins[1:, 0] = spins[:-1, 1]  # a copy, one row later: never contradicted
    found = kinetic_ising(from_array(spins, 1000.0))
    assert found.details["l2"] == 1 and any("separable" in sentence for sentence in found.diagnostics)
    with pytest.raises(InputError, match="separable"):
        kinetic_ising(from_array(spins, 1000.0), l2=0)


def followed(rows=4000, doubtful=0.0, seed=12):
    """Channel 1 fires whenever channel 0 has, so that the ratio of forward and backward odds has no bound."""
    rng = np.random.default_rng(seed)
    bits = (rng.random((rows, 4)) < 0.4).astype(int)
    for t in range(1, rows):
        bits[t, 1] |= bits[t - 1, 0] and rng.random() >= doubtful
        bits[t, 2] |= bits[t - 1, 1] and rng.random() < 0.5
    return bits


def majority(rows=4000):
    """Channel 3 fires where two of the others have: separable, though every pair of values is seen."""
    bits = (np.random.default_rng(20).random((rows, 4)) < 0.4).astype(int)
    bits[1:, 3] = bits[:-1, :3].sum(axis=1) >= 2
    return bits


def one_obeys(rows=6000):
    """Drawn one at a time: channel 1 takes the value of channel 0."""
    rng, spins = np.random.default_rng(21), np.ones(3, dtype=int)
    found = np.empty((rows, 3), dtype=int)
    for t in range(rows):
        i = rng.integers(3)
        spins[i] = spins[0] if i == 1 else rng.choice([-1, 1])
        found[t] = spins
    return found


@pytest.mark.parametrize(
    ("values", "order"), [(followed(), "parallel"), (majority(), "parallel"), (one_obeys(), "one at a time")]
)
def test_a_deterministic_rule_gives_no_number_without_a_penalty(values, order):
    """The likelihood flattens before any coupling is large: -1e5 nats per sample were once taken for converged."""
    recording = from_array(values, 100.0)
    found = kinetic_ising(recording, order=order)
    assert found.details["l2"] == 1 and any("separable" in sentence for sentence in found.diagnostics)
    assert 0.2 < found.value < 5 and found.interval[0] < found.value < found.interval[1]
    for l2 in (0, 1e-6):
        with pytest.raises(InputError, match="separable"):
            kinetic_ising(recording, order=order, l2=l2)


def test_a_bias_that_is_more_than_the_value_leaves_no_value():
    recording = from_array(followed(), 100.0)
    found = kinetic_ising(recording, l2=0.01)  # stops the couplings where they are hardly determined
    assert isnan(found.value) and isnan(found.interval[0]) and "larger l2" in found.diagnostics[0]
    assert np.isnan(attribution(recording, l2=0.01).by_pair).all()
    doubted = kinetic_ising(from_array(followed(doubtful=0.02), 100.0))  # the rule is broken now and then
    assert doubted.details["l2"] == 0 and doubted.interval[0] > 0.5


def test_inhibition_silence_and_rare_spikes_leave_sane_numbers():
    rng = np.random.default_rng(22)
    inhibited = (rng.random((4000, 3)) < 0.3).astype(int)
    for t in range(1, 4000):
        inhibited[t, 1] *= 1 - inhibited[t - 1, 0]
    assert 0.1 < kinetic_ising(from_array(inhibited, 100.0)).value < 1
    silent = (rng.random((4000, 4)) < 0.3).astype(int)
    silent[:, 3] = np.arange(4000) == 2000
    for values in (silent, (rng.random((4000, 20)) < 0.01).astype(int)):
        found = kinetic_ising(from_array(values, 100.0))
        assert abs(found.value) < 0.05 and found.interval[0] == 0 and found.interval[1] < 0.1
        assert any("depends on" in sentence for sentence in found.diagnostics)
        assert np.isfinite(found.details["couplings_stderr"]).all()


def test_a_copy_of_a_channel_is_said():
    rng = np.random.default_rng(23)
    values = (rng.random((4000, 4)) < 0.3).astype(int)
    values[1:, 1] |= values[:-1, 0] & (rng.random(3999) < 0.5)
    alone = kinetic_ising(from_array(values[:, :3], 100.0))
    values[:, 3] = values[:, 2]
    found = kinetic_ising(from_array(values, 100.0))
    assert any("copies others" in sentence for sentence in found.diagnostics)
    assert found.details["couplings_stderr"].max() < 1 and found.value == pytest.approx(alone.value, abs=0.01)
    with pytest.raises(InputError, match="copies others"):
        kinetic_ising(from_array(values, 100.0), l2=0)


FINE = np.random.default_rng(17).integers(0, 2, (500, 3))


@pytest.mark.parametrize(
    ("recording", "words"),
    [
        (from_spikes([np.arange(9.0), np.arange(9.0) + 0.5]), "bin spikes first"),
        (from_array(FINE + 0.0, 100.0), "got signals"),
        (from_array(FINE * [1, 1, 0], 100.0), "constant"),
        (from_array(FINE + FINE[:, ::-1], 100.0), "two values, got 3"),
        (from_array(FINE[:, :1], 100.0), "at least 2 channels"),
        (from_array(FINE[:30], 100.0), "at least 50 moves"),
    ],
)
def test_recordings_that_it_cannot_use(recording, words):
    assert words in obstacle(recording)
    with pytest.raises(InputError, match=words):
        kinetic_ising(recording)
    with pytest.raises(InputError, match=words):
        attribution(recording)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"order": "both"}, "order must be"),
        ({"l2": -1}, "l2 must be at least 0"),
        ({"confidence": 95}, "confidence"),
        ({"self_couplings": 1}, "self_couplings"),
        ({"order": "one at a time"}, "at most one channel"),
    ],
)
def test_options_that_make_no_sense(options, words):
    with pytest.raises(InputError, match=words):
        kinetic_ising(from_array(FINE, 100.0), **options)


def test_the_smallest_recordings_answer():
    rng = np.random.default_rng(18)
    for rows, channels in ((60, 2), (80, 5)):
        found = kinetic_ising(from_array(rng.integers(0, 2, (rows, channels)), 10.0))
        assert found.interval[0] <= found.interval[1] < 5 and 0 < found.p_value <= 1
        assert np.isfinite(attribution(from_array(rng.integers(0, 2, (rows, channels)), 10.0)).by_channel_q).all()


def test_nothing_stands_in_the_way_of_good_data():
    recording = from_array(FINE, 100.0)
    assert obstacle(recording) is None and 0 < cost(recording) < 1


# -- many channels ----------------------------------------------------------------------------------


def test_shared_parameters_too_many_for_a_matrix_are_found_as_well(monkeypatch):
    """Conjugate gradients against the matrix itself, from zero and from the free couplings."""
    moves = moves_of(one_run(np.random.default_rng(12).normal(0, 0.1, (14, 14)), 3000, seed=12, fields=np.zeros(14)))
    likelihood = Parallel(moves)
    dense = fitted(likelihood, symmetric=True, l2=0.5)
    monkeypatch.setattr(couplings_fit, "DENSE", 20)
    free = fitted(likelihood, l2=0.5).coefficients
    for start in (None, np.column_stack([(free[:, :-1] + free[:, :-1].T) / 2, free[:, -1]])):
        found = fitted(likelihood, symmetric=True, l2=0.5, start=start)
        assert found.sound and np.allclose(found.coefficients, dense.coefficients, atol=1e-6)
        assert found.log_likelihood == pytest.approx(dense.log_likelihood, abs=1e-6)
    assert np.array_equal(found.couplings, found.couplings.T)


def test_values_that_never_follow_each_other_are_separable_at_once():
    """The sentence is that of a fit that ran away; and without the empty pair, no penalty."""
    rows = np.random.default_rng(13).integers(0, 2, (400, 3))
    assert kinetic_ising(from_array(rows, 10.0)).details["l2"] == 0
    rows[1:, 1] &= 1 - rows[:-1, 0]  # 1 is never up after 0 was
    found = kinetic_ising(from_array(rows, 10.0))
    assert found.details["l2"] == 1 and any("separable" in sentence for sentence in found.diagnostics)
