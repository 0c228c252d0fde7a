"""Feedback: each trial's protocol from a measurement of its state; work, information and their theorem."""

import numpy as np
import pytest

from assertions import assert_within, mean_within
from neurothermo import (
    DriftSystem,
    Gaussian,
    Glauber,
    InputError,
    Langevin,
    LinearLangevin,
    RateNetwork,
    SpinNetwork,
    forward_and_reverse,
    free_energy,
    hold,
    ramp,
    simulate,
)
from neurothermo.fluctuation import check_feedback, check_integral, check_jarzynski, efficacy
from neurothermo.protocols import NoisyReadout, NoisySign, feedback
from oracles import feedback as oracle

COUPLINGS = np.array([[0, 0.7, -0.2], [0.7, 0, 0.4], [-0.2, 0.4, 0]])
NETWORK, T = SpinNetwork(COUPLINGS), 0.8
START = np.array([0.1, -0.3, 0.2])
ANSWER = np.array([[1.5, 0.4, -1.0], [0.9, 0.1, -0.5]])  # two steps, turned round by the outcome
ERROR, ATTEMPTS = 0.2, 2
RULE = Glauber(attempts=ATTEMPTS)


def respond(outcomes):
    return outcomes[:, None, None] * ANSWER


def loop(before, **options):
    return feedback(NoisySign([1, 0, 0], ERROR), respond, before=before, **options)


def likelihood(outcome, states):
    return np.where((states[:, 0] > 0) == (outcome == 1), 1 - ERROR, ERROR)


OPENINGS = {"at once": START[None], "driven before": ramp(START, START[::-1] + 0.4, 3).values}


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=list(OPENINGS))
def test_spins_with_feedback_are_as_enumerated(opening):
    exact = oracle.closed_loop(COUPLINGS, T, opening, [-ANSWER, ANSWER], likelihood, ATTEMPTS)
    assert exact[2] == pytest.approx(1, abs=1e-12) and exact[3] > 1.2
    ledger = simulate(NETWORK, loop(opening), RULE, temperature=T, trials=40_000, seed=1)
    dissipated = ((ledger.work - ledger.free_energy_change) / T).values
    information = ledger.information.values
    mean_within(dissipated, exact[0], resolution=0.1)
    mean_within(information, exact[1], resolution=0.05)
    mean_within(np.exp(-dissipated - information), 1.0, resolution=0.1)
    found = efficacy(ledger)
    assert_within(found.value, found.stderr, exact[3], resolution=0.2)
    assert check_feedback(ledger).passed and check_feedback(ledger, of="second law").passed
    np.testing.assert_allclose(ledger.work + ledger.heat, ledger.energy_final - ledger.energy_initial, atol=1e-12)
    np.testing.assert_allclose(ledger.entropy_flow, -ledger.heat / T, atol=1e-12)


def test_the_verdict_notices_what_is_wrong():
    ledger = simulate(NETWORK, loop(START[None]), RULE, temperature=T, trials=30_000, seed=1)
    sigma, information = ((ledger.work - ledger.free_energy_change) / T).values, ledger.information.values
    assert check_feedback(sigma + information).passed
    assert check_feedback(sigma).passed is False, "information left out"
    assert check_feedback(sigma - information).passed is False, "information with the wrong sign"
    assert check_feedback(sigma + information.mean()).passed is False, "information outside the average"
    assert check_feedback(1.2 * sigma + information).passed is False, "wrong temperature"
    assert check_feedback(ledger.assign(work=ledger.work - 0.1)).passed is False
    assert check_feedback(sigma - 2.0, of="second law").passed is False


def test_a_rule_that_does_not_keep_boltzmanns_law_is_named():
    """As printed the neurons feel twice the temperature: after the jump, work of a further step is too high or low."""
    ledger = simulate(NETWORK, loop(START[None]), Glauber(activation="as-printed"), temperature=T, trials=50_000,
                      seed=1, initial="equilibrium")  # fmt: skip
    verdict = check_feedback(ledger)
    assert verdict.passed is False and "as printed" in verdict.sentence


def test_ledgers_with_feedback_are_not_taken_for_others():
    ledger = simulate(NETWORK, loop(START[None]), RULE, temperature=T, trials=5000, seed=1)
    assert np.isnan(free_energy.jarzynski(ledger).value)
    assert "measurement" in free_energy.jarzynski(ledger).diagnostics[0]
    assert check_jarzynski(ledger, float(ledger.free_energy_change.mean())).passed is False
    assert check_integral(ledger).passed is None
    with pytest.raises(InputError, match="with feedback"):
        check_feedback(simulate(NETWORK, 2, temperature=T, trials=10))
    with pytest.raises(InputError, match="no one reverse"):
        forward_and_reverse(NETWORK, loop(START[None]), temperature=T)


@pytest.mark.parametrize("n", [0.5, 2.0])
def test_a_trap_re_centred_on_what_was_read(n):
    """<W> = -R^2/2, I = -ln(1 - R^2)/2, efficacy (1 + n)/n by quadrature; the input R^2 y is a trap at R^2 y."""
    share = 1 / (1 + n)
    loop = feedback(NoisyReadout([1.0], n), lambda y: share * y[:, None, None])
    ledger = simulate(LinearLangevin([[1.0]], [[1.0]]), loop, trials=100_000, seed=3)
    dissipated = (ledger.work - ledger.free_energy_change).values
    mean_within(dissipated, -share / 2, resolution=0.05)
    mean_within(ledger.information.values, -0.5 * np.log(1 - share), resolution=0.05)
    if n > 1:
        mean_within(np.exp(-dissipated - ledger.information.values), 1.0, resolution=0.05)
        assert check_feedback(ledger).passed
    assert np.isnan(efficacy(ledger).stderr) and "variance" in efficacy(ledger).diagnostics[0]
    x, weight = np.polynomial.hermite_e.hermegauss(120)
    weight = weight / weight.sum()
    if n > 1.9:  # where the quadrature converges quickly
        y = x[:, None] + np.sqrt(n) * x
        gain = np.sum(weight[:, None] * weight * np.exp(0.5 * x[:, None] ** 2 - 0.5 * (x[:, None] - share * y) ** 2))
        assert gain == pytest.approx((1 + n) / n, rel=1e-6)


def test_efficacy_of_a_trap_where_it_can_be_sampled():
    n = 8.0
    share = 1 / (1 + n)
    trap = DriftSystem(lambda x: -x, 1, potential=lambda x: 0.5 * (x**2).sum(axis=1), name="trap")
    loop = feedback(
        NoisyReadout([1.0], n),
        lambda y: share * y[:, None, None],
        free_energy=lambda rows: -0.5 * (rows**2).sum(axis=1),
    )
    given = Gaussian([0.0], [[1.0]])
    ledger = simulate(trap, loop, Langevin(dt=0.1), temperature=1.0, trials=100_000, seed=2, initial=given)
    found = efficacy(ledger)
    assert_within(found.value, found.stderr, (1 + n) / n, resolution=0.1)
    assert ledger.attrs["information"] == "exact" and ledger.attrs["free_energy_change"] == "as given"
    assert check_feedback(ledger).passed


def test_several_steps_of_real_variables_obey_the_theorem():
    process = LinearLangevin([[1.0, -0.3], [-0.3, 0.8]], np.eye(2))
    slope = np.linspace(1, 0.2, 4)[:, None]
    loop = feedback(
        NoisyReadout(np.eye(2), [2.0, 3.0]), lambda y: 0.5 * y[:, None, :] * slope, before=hold([0.2, -0.1], 3)
    )
    ledger = simulate(process, loop, dt=0.3, trials=40_000, seed=1)
    assert ledger.outcome.shape == (40_000, 2) and ledger.attrs["information"] == "exact"
    assert check_feedback(ledger).passed
    signed = feedback(NoisySign([1.0, 0.5], 0.1), lambda y: y[:, None, None] * slope * [0.8, 0.1])
    ledger = simulate(process, signed, dt=0.3, trials=40_000, seed=1)
    assert check_feedback(ledger).passed
    sigma = (ledger.work - ledger.free_energy_change).values
    assert check_feedback(sigma).passed is False


@pytest.mark.parametrize("rule", [Langevin(dt=0.02), Langevin(dt=0.02, noise="boltzmann", step="metropolis"),
                                  Langevin(dt=0.05, noise="underdamped")], ids=str)  # fmt: skip
def test_first_law_of_real_variables_one_input_a_trial(rule):
    net = RateNetwork([[0.0, 0.6], [0.6, 0.0]]) if rule.noise == "boltzmann" else _wells()
    width = 4 if rule.noise == "underdamped" else 2
    weights = np.eye(width)[0]
    loop = feedback(NoisySign(weights, 0.2), lambda y: y[:, None, None] * np.array([[0.5, -0.2], [0.3, 0.1]]), before=2)
    ledger = simulate(net, loop, rule, temperature=0.7, trials=300, seed=1, record=("states", "energies", "work"))
    np.testing.assert_allclose(ledger.work + ledger.heat, ledger.energy_final - ledger.energy_initial, atol=1e-12)
    assert list(ledger.time.values) == [0, 1, 2, 3, 4] and ledger.states.shape == (300, 5, width)
    np.testing.assert_allclose(ledger.energies[:, -1], ledger.energy_final, atol=1e-12)
    np.testing.assert_allclose(ledger.work_steps.sum("time"), ledger.work, atol=1e-12)
    assert "information" not in ledger and "not known" in ledger.attrs["information"]
    assert check_feedback(ledger).passed is None and np.isnan(efficacy(ledger).value)


def _wells():
    return DriftSystem(lambda x: x - x**3, 2, potential=lambda x: (x**4 / 4 - x**2 / 2).sum(axis=1), name="wells")


def test_the_same_bits_for_any_chunk_and_threads():
    options = {"temperature": T, "trials": 1500, "seed": 4, "record": "states"}
    for system, rule, before in ((NETWORK, RULE, hold(START, 2)), (NETWORK, Glauber(order="parallel"), hold(START, 1))):
        one = simulate(system, loop(before), rule, **options, threads=1, chunk=100)
        other = simulate(system, loop(before), rule, **options, threads=2)
        assert one.identical(other)
    process = LinearLangevin([[1.0]], [[1.0]])
    read = feedback(NoisyReadout([1.0], 1.0), lambda y: 0.3 * y[:, None, None], before=3)
    assert simulate(process, read, trials=1500, chunk=64, threads=1).identical(simulate(process, read, trials=1500))
    more = simulate(NETWORK, loop(hold(START, 2)), RULE, temperature=T, trials=2000, seed=4)
    np.testing.assert_array_equal(more.work[:1500], simulate(NETWORK, loop(hold(START, 2)), RULE, **options).work)


def test_a_start_at_another_temperature_is_followed_to_the_measurement():
    """Held input, but not the bath's equilibrium: p(y) is that of the law on its way."""
    ledger = simulate(
        NETWORK, loop(hold(START, 2)), RULE, temperature=T, trials=20_000, seed=1, initial_temperature=4.0
    )
    matrix = np.linalg.matrix_power(oracle.attempt_matrix(COUPLINGS, START, T), 2 * ATTEMPTS)
    hot = oracle.boltzmann_table(COUPLINGS, 4.0, START)
    law, right = matrix @ hot.probabilities, likelihood(1, hot.states)
    chance = law @ right
    values = np.log([[(1 - ERROR) / chance, ERROR / chance], [(1 - ERROR) / (1 - chance), ERROR / (1 - chance)]])
    np.testing.assert_allclose(np.unique(ledger.information), np.sort(values.ravel()), atol=1e-10)
    mean_within(ledger.outcome.values, 2 * chance - 1, resolution=0.1)
    assert abs(chance - hot.probabilities @ right) > 0.005, "the law must have moved for this to be a test"


def test_information_of_a_noisy_sum_of_spins_is_that_of_a_table():
    weights, n = np.array([1.0, 1.0, -1.0]), 0.7
    loop = feedback(NoisyReadout(weights, n), lambda y: np.tanh(y)[:, None, None] * ANSWER, before=hold(START, 0))
    ledger = simulate(NETWORK, loop, RULE, temperature=T, trials=20_000, seed=1, record="states")
    table = oracle.boltzmann_table(COUPLINGS, T, START)
    y = ledger.outcome.values

    def density(sums):
        return np.exp(-((y[:, None] - sums) ** 2) / (2 * n)) / np.sqrt(2 * np.pi * n)

    given = density((ledger.states.values[:, 0] @ weights)[:, None])[:, 0]
    expected = np.log(given / (density(table.states @ weights) @ table.probabilities))
    np.testing.assert_allclose(ledger.information, expected, atol=1e-10)
    assert check_feedback(ledger).passed
    last = [oracle.boltzmann_table(COUPLINGS, T, np.tanh(one) * ANSWER[-1]).free_energy for one in y[:20]]
    np.testing.assert_allclose(ledger.free_energy_change[:20], np.array(last) - table.free_energy, atol=1e-10)


def test_without_an_energy_or_a_law_there_are_sentences():
    loose = SpinNetwork(COUPLINGS + np.triu(COUPLINGS, 1))
    ledger = simulate(loose, loop(START[None]), RULE, temperature=T, trials=200)
    assert "free_energy_change" not in ledger and "not symmetric" in ledger.attrs["free_energy_change"]
    assert ledger.attrs["information"] == "exact", "the stationary law is known"
    given = simulate(NETWORK, loop(START[None]), RULE, temperature=T, trials=200, initial=[1, 1, -1])
    assert "give evidence=" in given.attrs["information"] and "information" not in given
    told = loop(START[None], evidence=lambda y: np.full(len(y), np.log(0.5)))
    ledger = simulate(NETWORK, told, RULE, temperature=T, trials=200, initial=[1, 1, -1])
    np.testing.assert_allclose(np.unique(ledger.information), np.log([2 * ERROR, 2 * (1 - ERROR)]))


BAD = [
    (lambda: NoisySign([1.0], 0.0), "error must lie strictly between"),
    (lambda: NoisyReadout([1.0], 0.0), "variance must be positive"),
    (lambda: feedback(NoisySign, respond), "measure must have sample"),
    (lambda: feedback(NoisySign([1.0], 0.1), "up"), "respond must be a function"),
    (lambda: run(feedback(NoisySign([1.0, 0], 0.1), respond)), "weights must have one entry"),
    (lambda: run(feedback(NoisySign([1.0, 0, 0], 0.1), lambda y: y)), "respond"),
    (lambda: run(feedback(NoisySign([1.0, 0, 0], 0.1), lambda y: np.zeros((len(y), 0, 3)))), "at least one value"),
    (lambda: run(feedback(NoisySign([1.0, 0, 0], 0.1), lambda y: respond(y - y.mean()))), "by itself"),
    (lambda: run(loop(ramp(START, -START, 2).reversed())), "forward protocol"),
    (lambda: run(loop(np.zeros((2, 4)))), "protocol must drive the network's 3 neurons"),
    (lambda: check_feedback([0.1, 0.2], of="all"), "of must be one of"),
]


def run(closed):
    return simulate(NETWORK, closed, RULE, temperature=T, trials=10)


@pytest.mark.parametrize("call, sentence", BAD, ids=[sentence for _, sentence in BAD])
def test_bad_input_is_refused_in_a_sentence(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()
