"""The uncertainty relation of all pairs: enumerated chains, linear Langevin processes, nulls, negative controls."""

import numpy as np
import pytest
from scipy.linalg import expm

from assertions import assert_within, mean_within
from neurothermo import Glauber, InputError, SpinNetwork
from neurothermo.exact import entropy_production
from neurothermo.irreversibility import currents
from neurothermo.irreversibility.currents import uncertainty
from neurothermo.irreversibility.currents_precision import bound_of, slope_of
from neurothermo.processes import LinearLangevin
from neurothermo.recordings import from_array, from_spikes

DT = 0.05
ROTATION, NOISE = np.array([[1, -0.7], [0.7, 1]]), 0.3 * np.eye(2)


def sampled(relaxation, diffusion, dt, rows, seed, replicas=1):
    """The exact map of dx = -A x dt + sqrt(2 D) dW over dt, started in its stationary law."""
    rng = np.random.default_rng(seed)
    covariance = LinearLangevin(relaxation, diffusion).covariance()
    step = expm(-relaxation * dt)
    kick = np.linalg.cholesky(covariance - step @ covariance @ step.T)
    x = rng.normal(size=(replicas, len(step))) @ np.linalg.cholesky(covariance).T
    run = np.empty((rows, *x.shape))
    for row in range(rows):
        run[row] = x
        x = x @ step.T + rng.normal(size=x.shape) @ kick.T
    return run.swapaxes(0, 1)


def gaussian_precision(relaxation, diffusion, dt):
    """rho of the area and the changes of all products of two channels.

    Of x'Qx the mean is tr QS, and the covariance with x'Rx is 2 tr QSRS. Changes of the channels
    themselves are odd, and uncorrelated with these.
    """
    covariance = LinearLangevin(relaxation, diffusion).covariance()
    lagged = expm(-relaxation * dt) @ covariance
    joint = np.block([[covariance, lagged], [lagged.T, covariance]])

    forms = np.zeros((4, 4, 4))
    forms[0, 0, 3], forms[0, 1, 2] = 1, -1
    for form, (i, j) in zip(forms[1:], ((0, 0), (0, 1), (1, 1)), strict=True):
        form[i + 2, j + 2], form[i, j] = 1, -1
    forms = (forms + forms.swapaxes(1, 2)) / 2
    means = np.einsum("aij,ji->a", forms, joint)
    squares = 2 * np.einsum("aij,jk,bkl,li->ab", forms, joint, forms, joint) + np.outer(means, means)
    return means @ np.linalg.solve(squares, means)


def couplings(n, seed, scale=0.5, symmetric=False):
    table = scale * np.random.default_rng(seed).normal(size=(n, n))
    np.fill_diagonal(table, 0)
    return (table + table.T) / 2 if symmetric else table


def parallel_run(table, rows, seed, replicas=1):
    rng = np.random.default_rng(seed)
    states, run = rng.choice([-1, 1], (replicas, len(table))), []
    for step in range(rows + 100):
        states = np.where(rng.random(states.shape) < 1 / (1 + np.exp(-2 * states @ table.T)), 1, -1)
        if step >= 100:
            run.append(states)
    return np.stack(run, axis=1)


def enumerated(table):
    """p B(rho) of a parallel network, and its divergence from its reversal."""
    n = len(table)
    states = 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1) - 1
    up = 1 / (1 + np.exp(-2 * states @ table.T))
    moves = np.prod(np.where(states[None] > 0, up[:, None], 1 - up[:, None]), axis=2)
    joint = np.linalg.matrix_power(moves, 4096)[0][:, None] * moves
    i, j = np.triu_indices(n, 1)
    now, after = np.broadcast_to(states[:, None], (*moves.shape, n)), np.broadcast_to(states, (*moves.shape, n))
    order = after[:, :, i] * now[:, :, j] - after[:, :, j] * now[:, :, i]
    g = np.concatenate([order, after - now, after[:, :, i] * after[:, :, j] - now[:, :, i] * now[:, :, j]], axis=2)
    moved = ~np.eye(2**n, dtype=bool)
    share, g, law = joint[moved].sum(), g[moved], joint[moved] / joint[moved].sum()
    mean, square = law @ g, (g * law[:, None]).T @ g
    rho = mean @ np.linalg.solve(square, mean)
    return share * 2 * np.sqrt(rho) * np.arctanh(np.sqrt(rho)), np.sum(joint * np.log(joint / joint.T))


# -- the inequality ---------------------------------------------------------------------------------


def test_the_bound_holds_for_any_chain_and_its_continuous_form_does_not():
    """Random laws of three states and random antisymmetric currents; some break Sigma >= 2 mean^2 / variance."""
    rng, broken = np.random.default_rng(0), 0
    for _ in range(500):
        joint = rng.dirichlet(0.3 * np.ones(9)).reshape(3, 3) + 1e-12
        cycle = np.roll(np.eye(3), 1, axis=1)
        joint = joint + joint.T + rng.exponential() * cycle + 1e-3 * rng.random() * cycle.T
        joint /= joint.sum()
        current = rng.normal(size=(3, 3))
        current = current - current.T
        divergence = np.sum(joint * np.log(joint / joint.T))
        mean, square = np.sum(joint * current), np.sum(joint * current**2)
        rho = mean**2 / square
        assert bound_of(rho) <= divergence * (1 + 1e-9)
        assert np.log1p(2 * rho / (1 - rho)) <= bound_of(rho) * (1 + 1e-9)
        broken += 2 * mean**2 / (square - mean**2) > divergence
    assert broken > 5


def test_two_states_of_one_current_saturate_it():
    """A current of +-1: forward with probability f, backward 1 - f."""
    forward = 0.83
    assert bound_of((2 * forward - 1) ** 2) == pytest.approx((2 * forward - 1) * np.log(forward / (1 - forward)))


def test_its_slope():
    for rho in (1e-4, 0.2, 0.9):
        assert slope_of(rho) == pytest.approx((bound_of(rho + 1e-7) - bound_of(rho - 1e-7)) / 2e-7, rel=1e-4)
    assert slope_of(0.0) == pytest.approx(2)


# -- oracles ----------------------------------------------------------------------------------------


def test_a_parallel_network():
    table = couplings(4, 5)
    exact, divergence = enumerated(table)
    production = entropy_production(SpinNetwork(table), Glauber(order="parallel"), temperature=1).value
    assert divergence == pytest.approx(production, rel=1e-8) and exact < production
    found = uncertainty(from_array(parallel_run(table, 60_000, 6)[0], 100.0))
    assert_within(found.value, found.stderr, exact, sigmas=4, resolution=0.2 * exact)
    assert found.interval[0] < exact < found.interval[1]
    assert found.kind == "lower bound" and found.p_value < 0.01
    assert found.details["hasegawa_van_vu"] < found.value


def test_a_linear_process_sampled_finely_nearly_saturates_it():
    production = LinearLangevin(ROTATION, NOISE).entropy_production().value
    assert bound_of(gaussian_precision(ROTATION, NOISE, 1e-4)) == pytest.approx(1e-4 * production, rel=1e-3)
    exact = bound_of(gaussian_precision(ROTATION, NOISE, DT))
    run = sampled(ROTATION, NOISE, DT, 60_000, 3)[0]
    found = uncertainty(from_array(run, interval=DT))
    assert 0.85 * DT * production < exact < DT * production
    assert_within(found.value, found.stderr, exact, sigmas=4, resolution=0.25 * exact)
    assert found.per_second.value < production + 2 * found.per_second.stderr
    scaled = uncertainty(from_array(5 + run * [3.0, 0.01], interval=DT))
    assert scaled.value == pytest.approx(found.value, rel=1e-6)


def test_intervals_cover_and_do_not_exceed():
    """80 runs, nominal 95 %: at least 67 with four sigma of the binomial law; none above the truth by much."""
    exact = bound_of(gaussian_precision(ROTATION, NOISE, DT))
    production = DT * LinearLangevin(ROTATION, NOISE).entropy_production().value
    found = [
        uncertainty(from_array(run, interval=DT), seed=1) for run in sampled(ROTATION, NOISE, DT, 3000, 5, replicas=80)
    ]
    covered = sum(each.interval[0] <= exact <= each.interval[1] for each in found)
    assert covered >= 80 * 0.95 - 4 * np.sqrt(80 * 0.95 * 0.05)
    mean_within([each.value for each in found], exact, sigmas=4, resolution=0.5 * exact)
    assert sum(each.value > production + 2 * each.stderr for each in found) <= 6


@pytest.mark.parametrize("wrong", [lambda a: 1.5 * a, lambda a: np.diag(np.diag(a))])
def test_and_notices_another_process(wrong):
    found = uncertainty(from_array(sampled(ROTATION, NOISE, DT, 60_000, 3)[0], interval=DT))
    with pytest.raises(AssertionError):
        assert_within(found.value, found.stderr, bound_of(gaussian_precision(wrong(ROTATION), NOISE, DT)), sigmas=4)


def test_windows_hold_less_but_still_hold():
    run = from_array(sampled(ROTATION, NOISE, DT, 60_000, 3)[0], interval=DT)
    one, ten = uncertainty(run), uncertainty(run, window=10)
    assert 0 < ten.value < one.value + 2 * one.stderr
    assert "windows of 10" in ten.method


# -- time reversal ----------------------------------------------------------------------------------


def test_a_run_backwards_gives_the_same():
    run = sampled(ROTATION, NOISE, DT, 4000, 3)[0]
    forward, backward = (uncertainty(from_array(rows, interval=DT)) for rows in (run, run[::-1]))
    assert forward.value == pytest.approx(backward.value, rel=0.05)
    assert forward.details["precision"] > 0.01


@pytest.mark.parametrize("kind", ["states", "signals"])
def test_reversible_activity_gives_nothing(kind):
    """Size at 5 % over 150 runs: at most 18 with four sigma; the bias is taken off."""
    if kind == "states":
        runs = [from_array(run, 100.0) for run in parallel_run(couplings(4, 3, symmetric=True), 1500, 4, replicas=150)]
    else:
        symmetric = np.array([[1, 0.3], [0.3, 1.5]])
        runs = [from_array(run, interval=DT) for run in sampled(symmetric, NOISE, DT, 1500, 5, replicas=150)]
    found = [uncertainty(run) for run in runs]
    assert sum(each.p_value <= 0.05 for each in found) <= 7.5 + 4 * np.sqrt(150 * 0.05 * 0.95)
    mean_within([each.value for each in found], 0.0, sigmas=4, resolution=0.01)
    assert np.mean([each.interval[0] <= 0 for each in found]) > 0.85
    with pytest.raises(AssertionError):
        mean_within([each.details["raw"] for each in found], 0.0, sigmas=4)


# -- attribution ------------------------------------------------------------------------------------


def test_shares_sum_to_the_bound_and_leave_out_who_is_apart():
    table = couplings(5, 1)
    table[4] = table[:, 4] = 0
    recording = from_array(parallel_run(table, 20_000, 2)[0], 100.0, channels=list("abcde"))
    total, found = uncertainty(recording).value, currents.attribution(recording)
    assert float(found.by_channel.sum()) == pytest.approx(total, rel=1e-9) == pytest.approx(found.attrs["total"])
    assert float(found.by_pair.sum()) == pytest.approx(total, rel=1e-9)
    assert np.allclose(found.by_pair, found.by_pair.T)
    assert float(found.by_channel.sel(channel="e")) < 0.02 * total
    assert float(found.by_channel_q.sel(channel="e")) > 0.05 and float(found.by_channel_q[:4].min()) < 0.01
    assert np.all(found.by_pair_q >= found.by_pair_p - 1e-12)


# -- bad input --------------------------------------------------------------------------------------

SIGNAL = np.random.default_rng(0).normal(size=(600, 3))


@pytest.mark.parametrize(
    ("recording", "sentence"),
    [
        (lambda: from_spikes([np.arange(9.0), np.arange(9) + 0.5]), "binned first"),
        (lambda: from_array(SIGNAL[:, :1], 100.0), "at least 2 channels"),
        (lambda: from_array(SIGNAL[:200], 100.0), "at least 256 transitions"),
        (lambda: from_array(np.c_[SIGNAL, np.ones(600)], 100.0), "channel '3' never changes"),
        (lambda: from_array(np.random.default_rng(1).normal(size=(600, 30)), 100.0), "435 pairs of channels need 4350"),
        (lambda: from_array(np.random.default_rng(1).normal(size=(600, 60)), 100.0), "at most 1200 pairs"),
    ],
)
def test_what_cannot_be_used_says_why(recording, sentence):
    assert sentence in currents.obstacle(recording())
    with pytest.raises(InputError, match="uncertainty: .*" + sentence):
        uncertainty(recording())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"window": 0}, "window must be at least 1"),
        ({"window": 10}, "at least 256 windows of 10 transitions"),
        ({"confidence": 0}, "confidence must lie strictly"),
    ],
)
def test_wrong_options_say_what_is_expected(options, sentence):
    with pytest.raises(InputError, match=sentence):
        uncertainty(from_array(SIGNAL, 100.0), **options)


def test_a_direction_never_seen_reversed_is_finite():
    found = uncertainty(from_array(np.eye(3, dtype=np.int64)[np.arange(900) % 3], 100.0))
    assert np.isfinite(found.value) and any("infinite" in sentence for sentence in found.diagnostics)
    assert 0 < currents.cost(from_array(SIGNAL, 100.0)) < 10
