"""The maximum-entropy bound: optima by brute force on enumerated laws, entropy productions, nulls."""

import numpy as np
import pytest
from scipy.optimize import minimize

from assertions import assert_within, mean_within
from neurothermo import Glauber, InputError, SpinNetwork
from neurothermo.exact import entropy_production, stationary
from neurothermo.irreversibility import maximum_entropy, maximum_entropy_shrunk
from neurothermo.irreversibility.maximum_entropy import maxent
from neurothermo.irreversibility.maximum_entropy_flips import bound_of_flips, flips_of, maxent_flips
from neurothermo.irreversibility.maximum_entropy_shrunk import LENGTHS, Choice, best_of
from neurothermo.recordings import from_array, from_spikes

RATE = 100.0


def couplings(n, seed, scale=0.5, symmetric=False):
    table = scale * np.random.default_rng(seed).normal(size=(n, n))
    np.fill_diagonal(table, 0)
    return (table + table.T) / 2 if symmetric else table


def all_states(n):
    return 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1) - 1


def highest(g, law):
    """max over theta of theta . <g> - ln <exp(-theta . g)> under a law, by a general minimiser."""
    mean = law @ g
    found = minimize(lambda theta: np.log(law @ np.exp(-g @ theta)) - theta @ mean, np.zeros(g.shape[1]), tol=1e-12)
    return -found.fun


def parallel_law(table):
    """P(x, x') of a parallel network, and the states."""
    states = all_states(len(table))
    up = 1 / (1 + np.exp(-2 * states @ table.T))
    moves = np.prod(np.where(states[None] > 0, up[:, None], 1 - up[:, None]), axis=2)
    law = np.linalg.matrix_power(moves, 4096)[0]
    return law[:, None] * moves, states


def bins_optimum(table, ends=True):
    joint, states = parallel_law(table)
    now, after = states[:, None], states[None]
    i, j = np.triu_indices(len(table), 1)
    order = after[:, :, i] * now[:, :, j] - after[:, :, j] * now[:, :, i]
    g = np.concatenate(
        [order, after - now, after[:, :, i] * after[:, :, j] - now[:, :, i] * now[:, :, j]][: 3 if ends else 1], axis=2
    )
    moved = ~np.eye(len(states), dtype=bool)
    share = joint[moved].sum()
    return share * highest(g[moved], joint[moved] / share)


def flips_optimum(table):
    """Per attempt, and one value a spin."""
    n, states = len(table), all_states(len(table))
    law = stationary(SpinNetwork(table), Glauber(), temperature=1)
    parts = []
    for i in range(n):
        flux = law / (1 + np.exp(2 * states[:, i] * (states @ table[i]))) / n
        g = -2 * np.delete(states * states[:, [i]], i, axis=1)
        parts.append(flux.sum() * highest(g, flux / flux.sum()))
    return sum(parts), np.array(parts)


def drawn(table, rows, seed):
    """States from the exact law, and which spins an attempt flips."""
    rng, states = np.random.default_rng(seed), all_states(len(table))
    law = stationary(SpinNetwork(table), Glauber(), temperature=1)
    chosen = states[rng.choice(len(law), rows, p=law / law.sum())]
    return chosen.astype(np.int8), rng.random(chosen.shape) < 1 / (1 + np.exp(2 * chosen * (chosen @ table.T)))


def parallel_run(table, rows, seed, replicas=1):
    rng = np.random.default_rng(seed)
    states, run = rng.choice([-1, 1], (replicas, len(table))), []
    for step in range(rows + 100):
        states = np.where(rng.random(states.shape) < 1 / (1 + np.exp(-2 * states @ table.T)), 1, -1)
        if step >= 100:
            run.append(states)
    return np.stack(run, axis=1)


def attempts_run(table, rows, seed):
    rng, n = np.random.default_rng(seed), len(table)
    state, run = np.ones(n, dtype=np.int64), np.empty((rows, n), dtype=np.int64)
    sites, uniforms = rng.integers(n, size=rows), rng.random(rows)
    for row in range(rows):
        run[row] = state
        i = sites[row]
        state[i] = 1 if uniforms[row] * (1 + np.exp(-2 * table[i] @ state)) < 1 else -1
    return run


# -- oracles ----------------------------------------------------------------------------------------


def test_the_population_optimum_of_flips_is_found():
    table = couplings(5, 1)
    exact, parts = flips_optimum(table)
    found = maxent_flips(*drawn(table, 200_000, 2))
    assert_within(found.value, found.stderr, exact, sigmas=4, resolution=0.15 * exact)
    assert found.interval[0] < exact < found.interval[1] and found.kind == "lower bound"
    _, ((problems, _),) = bound_of_flips(flips_of(*drawn(table, 200_000, 2)), False, None, None, 0.95, 0)
    assert np.allclose(problems.gain * problems.counts / problems.samples, parts, rtol=0.1)
    production = entropy_production(SpinNetwork(table), Glauber(), temperature=1).value
    assert exact < production and found.value < production + 2 * found.stderr


def test_the_maximum_on_a_sample_is_that_of_a_general_minimiser():
    states, flipped = drawn(couplings(5, 1), 3000, 3)
    _, ((problems, _),) = bound_of_flips(flips_of(states, flipped), False, None, None, 0.95, 0)
    for i in range(5):
        s = states[flipped[:, i]].astype(float)
        g = -2 * np.delete(s * s[:, [i]], i, axis=1)
        assert problems.gain[i] == pytest.approx(highest(g, np.full(len(g), 1 / len(g))), rel=1e-4)


def test_the_population_optimum_of_bins_is_found():
    table = couplings(4, 5)
    exact = bins_optimum(table)
    found = maxent(from_array(parallel_run(table, 60_000, 6)[0], RATE))
    assert "bins" in found.method and found.p_value < 0.01
    assert_within(found.value, found.stderr, exact, sigmas=4, resolution=0.2 * exact)
    production = entropy_production(SpinNetwork(table), Glauber(order="parallel"), temperature=1).value
    assert exact < production
    assert found.per_second.value == pytest.approx(RATE * found.value)


def test_ends_of_a_transition_tighten_the_bound_and_coding_does_not_matter():
    """Exact optima: 74 % of the entropy production without them, 99.99 % with them."""
    table = couplings(4, 1, 0.8)
    production = entropy_production(SpinNetwork(table), Glauber(order="parallel"), temperature=1).value
    alone, both = bins_optimum(table, ends=False), bins_optimum(table)
    assert alone < 0.9 * both and 0.9 * production < both < production
    run = parallel_run(table, 40_000, 6)[0]
    found = maxent(from_array(run, RATE))
    assert_within(found.value, found.stderr, both, sigmas=4, resolution=0.2 * both)
    assert found.value < production + 2 * found.stderr
    for coded in ((run + 1) // 2, 7 - 3 * run, run * [1, -1, 2, 1]):
        other = maxent(from_array(coded, RATE))
        assert other.value == pytest.approx(found.value, rel=1e-8)
        assert other.stderr == pytest.approx(found.stderr, rel=1e-6)
    with pytest.raises(AssertionError):
        assert_within(found.value, found.stderr, alone, sigmas=4)


def test_attempts_one_after_another_are_recognised_as_flips():
    table = couplings(4, 7)
    exact, _ = flips_optimum(table)
    run = attempts_run(table, 60_000, 8)
    found = maxent(from_array(run, RATE))
    assert "flips" in found.method
    assert_within(found.value, found.stderr, exact, sigmas=4, resolution=0.4 * exact)
    zeros = maxent(from_array((run + 1) // 2, RATE))
    assert zeros.value == pytest.approx(found.value)


@pytest.mark.parametrize("wrong", [lambda table: -table, lambda table: 1.2 * table])
def test_and_notices_wrong_couplings(wrong):
    table = couplings(5, 1)
    found = maxent_flips(*drawn(table, 200_000, 2))
    with pytest.raises(AssertionError):
        assert_within(found.value, found.stderr, 2 * flips_optimum(wrong(table))[0], sigmas=4)


@pytest.mark.slow
def test_twenty_spins_and_a_million_states():
    r = np.random.RandomState(42)
    table = r.randn(20, 20) * (r.rand(20, 20) < 6 / 19) / np.sqrt(6)
    table = 2 * table.astype(np.float32).astype(float)
    np.fill_diagonal(table, 0)
    law = stationary(SpinNetwork(table), Glauber(), temperature=1)
    rng = np.random.default_rng(1)
    codes = np.searchsorted(np.cumsum(law), rng.random(10**6) * law.sum())
    states = (2 * ((codes[:, None] >> np.arange(20)) & 1) - 1).astype(np.int8)
    flipped = rng.random(states.shape) < 1 / (1 + np.exp(2 * states * (states @ table.T)))
    found = maxent_flips(states, flipped)
    assert_within(found.value, found.stderr, 0.627993075, sigmas=4, resolution=0.01)


# -- time reversal ----------------------------------------------------------------------------------


def test_a_run_backwards_has_the_same_bound():
    run = parallel_run(couplings(4, 5), 5000, 6)[0]
    forward, backward = (maxent(from_array(rows, RATE), held_out=False) for rows in (run, run[::-1]))
    joint = parallel_law(couplings(4, 5))[0]
    assert np.abs(joint - joint.T).max() > 1e-3
    assert forward.value != backward.value
    assert abs(forward.value - backward.value) < 4 * forward.stderr


@pytest.mark.parametrize("held_out", [False, True])
def test_reversible_networks_give_nothing(held_out):
    """Size at 5 % over 120 runs: at most 13 expected with four sigma."""
    table = couplings(4, 3, symmetric=True)
    runs = parallel_run(table, 1500, 4, replicas=120)
    found = [maxent(from_array(run, RATE), held_out=held_out) for run in runs]
    assert sum(each.p_value <= 0.05 for each in found) <= 6 + 4 * np.sqrt(120 * 0.05 * 0.95)
    if held_out:
        assert np.mean([each.value for each in found]) < 0
    else:
        mean_within([each.value for each in found], 0.0, sigmas=4, resolution=0.01)
        assert np.mean([each.interval[0] <= 0 for each in found]) > 0.85
        raw = np.array([each.details["raw"] for each in found])
        with pytest.raises(AssertionError):  # the bias matters
            mean_within(raw, 0.0, sigmas=4)


# -- many channels ----------------------------------------------------------------------------------


def test_the_fitted_value_exceeds_the_truth_and_the_held_out_one_does_not():
    """60 independent fair coins, tossed: nothing is irreversible, yet a fit of all pairs finds a good deal."""
    rng = np.random.default_rng(0)
    states = rng.choice([-1, 1], (1500, 60)).astype(np.int8)
    flipped = rng.random(states.shape) < 0.5
    fitted = maxent_flips(states, flipped, held_out=False)
    assert fitted.details["raw"] > 0.04
    found = maxent_flips(states, flipped)
    assert found.details["held_out"] and found.value < 2 * found.stderr
    assert found.details["train"] > found.value
    assert any("overfitting" in sentence for sentence in found.diagnostics)


def test_screened_spins_keep_most_of_the_bound():
    table = np.zeros((70, 70))
    table[:5, :5] = couplings(5, 1)
    rng = np.random.default_rng(3)
    small, moved = drawn(table[:5, :5], 20_000, 3)
    states = np.concatenate([small, rng.choice([-1, 1], (20_000, 65)).astype(np.int8)], axis=1)
    flipped = np.concatenate([moved, rng.random((20_000, 65)) < 0.5], axis=1)
    found = maxent_flips(states, flipped)
    exact = 5 / 70 * flips_optimum(table[:5, :5])[0]
    assert found.details["held_out"] and all(count <= 10 for count in found.details["neighbours"])
    assert 0.7 * exact < found.value + 2 * found.stderr and found.value < exact + 3 * found.stderr


def test_too_many_pairs_are_held_out_in_bins_too():
    rng = np.random.default_rng(5)
    run = np.concatenate([parallel_run(couplings(4, 5), 3000, 6)[0], rng.choice([-1, 1], (3000, 26))], axis=1)
    found = maxent(from_array(run, RATE))
    assert found.details["held_out"]
    assert 0.3 * bins_optimum(couplings(4, 5)) < found.value < bins_optimum(couplings(4, 5)) + 3 * found.stderr


# -- sparse events ----------------------------------------------------------------------------------


def sparse(seed, channels, rows, probability):
    """Spikes or none, each row drawn by itself: reversible, and most coincidences seen once or never."""
    return from_array((np.random.default_rng(seed).random((rows, channels)) < probability).astype(int), RATE)


@pytest.mark.parametrize(("channels", "probability"), [(3, 0.05), (10, 0.02), (10, 0.05)])
def test_sparse_reversible_spikes_give_a_bound_near_zero(channels, probability):
    """Unshrunk, values go down to -4 nats per sample."""
    found = [maxent(sparse(seed, channels, 1000, probability), held_out=True) for seed in range(8)]
    assert all(-0.02 < each.value < 0.02 for each in found)
    assert all(each.interval[0] <= 0 <= each.interval[1] for each in found)
    assert sum(each.p_value <= 0.05 for each in found) <= 8 * 0.05 + 4 * np.sqrt(8 * 0.05 * 0.95)
    assert sum(max(each.details["lengths"]) < 0.1 for each in found) >= 5
    assert any("say nothing about others" in sentence for each in found for sentence in each.diagnostics)


def test_and_unshrunk_one_rare_event_costs_many_nats(monkeypatch):
    monkeypatch.setattr(maximum_entropy_shrunk, "LENGTHS", (1.0,))
    assert min(maxent(sparse(seed, 10, 1000, 0.02), held_out=True).value for seed in range(3)) < -0.1


def test_sparse_flips_are_shrunk_too():
    rng, run = np.random.default_rng(0), np.zeros((4000, 6), dtype=int)
    for row in range(1, 4000):  # one at a time, more often off than on
        run[row] = run[row - 1]
        i = rng.integers(6)
        run[row, i] = rng.random() < (0.02 if run[row, i] == 0 else 0.8)
    found = maxent(from_array(run, RATE), held_out=True)
    assert found.details["held_out"] and "flips" in found.method
    assert -0.01 < found.value < 0.01 and found.interval[0] <= 0 <= found.interval[1]


def test_any_length_gives_a_bound_and_the_best_is_within():
    """Of the exact law: c theta with its own normaliser is concave in c, zero at 0 and never above the optimum."""
    joint, states = parallel_law(couplings(3, 5))
    now, after = states[:, None], states[None]
    i, j = np.triu_indices(3, 1)
    g = (after[:, :, i] * now[:, :, j] - after[:, :, j] * now[:, :, i]).reshape(-1, 3)
    law = joint.ravel()
    best = highest(g, law)
    for theta in np.random.default_rng(0).normal(size=(20, 3)):
        values = [c * law @ (g @ theta) - np.log(law @ np.exp(-c * g @ theta)) for c in (0.0, *sorted(LENGTHS))]
        assert values[0] == pytest.approx(0) and max(values) <= best + 1e-12
        assert max(np.diff(values)) > 0 or values[1] <= 0


def test_well_sampled_networks_are_not_shrunk():
    table = couplings(4, 5)
    exact, found = bins_optimum(table), maxent(from_array(parallel_run(table, 20_000, 6)[0], RATE), held_out=True)
    assert min(found.details["lengths"]) > 0.5
    assert_within(found.value, found.stderr, exact, sigmas=4, resolution=0.2 * exact)
    flips, _ = flips_optimum(table)
    found = maxent_flips(*drawn(table, 50_000, 2), held_out=True)
    assert found.details["lengths"] == [1.0] * 4
    assert_within(found.value, found.stderr, flips, sigmas=4, resolution=0.15 * flips)


def test_the_choice_needs_evidence():
    lengths, few = (1.0, 0.5, 0.01), np.zeros((2, 3, 48))
    few[1, 0, 7] = 3.0  # three nats of one block: the error is as large
    assert best_of(few, lengths).length == 0.01
    many = np.random.default_rng(0).normal(1, 1, (2, 3, 48))
    many[1, 1] += 1
    assert best_of(many, lengths) == Choice(1, 0.5)
    many[1, 1, 3] = -np.inf
    assert best_of(many, lengths).option in (0, 1) and np.isfinite(many[best_of(many, lengths).option]).any()


def test_an_order_never_seen_reversed_stays_finite():
    ring = np.eye(3, dtype=np.int64)[np.arange(900) % 3]
    found = maxent(from_array(ring, RATE), held_out=False)
    assert np.isfinite(found.value) and found.value > 1
    assert any("infinite" in sentence for sentence in found.diagnostics)


# -- attribution ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["bins", "flips"])
@pytest.mark.parametrize("held_out", [False, True])
def test_shares_sum_to_the_bound(form, held_out):
    table = couplings(4, 7)
    run = parallel_run(table, 4000, 1)[0] if form == "bins" else attempts_run(table, 8000, 1)
    recording = from_array(run, RATE, channels=list("abcd"))
    total = maxent(recording, held_out=held_out).value
    found = maximum_entropy.attribution(recording, held_out=held_out)
    assert float(found.by_channel.sum()) == pytest.approx(total, rel=1e-9)
    assert float(found.by_pair.sum()) == pytest.approx(total, rel=1e-9)
    assert np.allclose(found.by_pair, found.by_pair.T)
    assert found.attrs["total"] == pytest.approx(total)
    for name in ("by_channel", "by_pair"):
        assert {f"{name}_stderr", f"{name}_p", f"{name}_q"} <= set(found)
        assert np.all(found[f"{name}_q"] >= found[f"{name}_p"] - 1e-12) and np.all(found[f"{name}_stderr"] >= 0)


def test_a_neuron_apart_has_no_share():
    table = couplings(5, 1)
    table[4] = table[:, 4] = 0
    found = maximum_entropy.attribution(from_array(parallel_run(table, 20_000, 2)[0], RATE))
    assert abs(found.by_channel[4]) < 4 * found.by_channel_stderr[4] + 1e-3
    assert float(found.by_channel[4]) < 0.02 * found.attrs["total"]
    assert float(found.by_channel_q[4]) > 0.05 and float(found.by_channel_q[:4].min()) < 0.01


# -- repeatability and bad input --------------------------------------------------------------------


def test_the_same_bits_for_any_number_of_threads():
    from neurothermo.engine.threads import kernel_threads

    data, values = drawn(couplings(5, 1), 5000, 2), []
    for threads in (1, 2):
        with kernel_threads(threads):
            values.append(maxent_flips(*data).value)
    assert values[0] == values[1]


def test_transitions_do_not_cross_gaps():
    run = parallel_run(couplings(4, 5), 600, 6, replicas=2)
    apart = maxent(from_array(run, RATE), held_out=False)
    glued = maxent(from_array(run.reshape(-1, 4), RATE), held_out=False)
    assert apart.value != glued.value and apart.value == pytest.approx(glued.value, rel=0.1)


COINS = np.random.default_rng(0).choice([0, 1], (600, 3))


@pytest.mark.parametrize(
    ("recording", "sentence"),
    [
        (lambda: from_spikes([np.arange(9.0), np.arange(9) + 0.5]), "binned first"),
        (lambda: from_array(COINS + 0.5, RATE), "needs states"),
        (lambda: from_array(COINS[:, :1], RATE), "at least 2 channels"),
        (lambda: from_array(COINS[:200], RATE), "at least 256 transitions"),
        (lambda: sparse(0, 3, 1000, 0.004), "needs 50 rows in which something changes, got"),
        (lambda: from_array(np.c_[COINS, np.ones(600, dtype=int)], RATE), "channel '3' never changes"),
    ],
)
def test_what_cannot_be_used_says_why(recording, sentence):
    assert sentence in maximum_entropy.obstacle(recording())
    with pytest.raises(InputError, match="maxent: .*" + sentence):
        maxent(recording())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"form": "flip"}, "did you mean 'flips'"),
        ({"neighbours": 0}, "neighbours must be at least 1"),
        ({"neighbours": 1, "held_out": False}, "held_out must be true"),
        ({"folds": 1, "held_out": True}, "folds must be at least 2"),
        ({"confidence": 1.2}, "confidence must lie strictly between"),
    ],
)
def test_wrong_options_say_what_is_expected(options, sentence):
    with pytest.raises(InputError, match=sentence):
        maxent(from_array(COINS, RATE), **options)


@pytest.mark.parametrize(
    ("states", "flipped", "sentence"),
    [
        (2 * COINS, COINS, "states must hold -1 and \\+1"),
        (2 * COINS - 1, COINS[:, :2], "flipped must be true or false for each"),
        (2 * COINS - 1, 0 * COINS, "spin 0 never flips"),
        (2 * COINS[:100] - 1, COINS[:100], "at least 256 rows"),
    ],
)
def test_wrong_arrays_say_what_is_expected(states, flipped, sentence):
    with pytest.raises(InputError, match=sentence):
        maxent_flips(states, flipped)


def test_cost_is_a_time():
    assert 0 < maximum_entropy.cost(from_array(COINS, RATE)) < 10
