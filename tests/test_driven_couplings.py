"""Protocols that drive the couplings and the temperature, against exact averages; with negative controls."""

import numpy as np
import pytest

from assertions import mean_within
from neurothermo import (
    Glauber,
    InputError,
    SpinNetwork,
    exact,
    fluctuation,
    forward_and_reverse,
    free_energy,
    hopfield,
    ramp,
    simulate,
)
from oracles import transfer

SOFT = np.array([[0, 0.7, -0.2], [0.7, 0, 0.4], [-0.2, 0.4, 0]])
STIFF = np.array([[0, -0.5, 0.9], [-0.5, 0, 1.2], [0.9, 1.2, 0]])
START, STOP = np.array([0.1, -0.3, 0.2]), np.array([0.8, 0.4, -0.5])
NETWORKS = SpinNetwork(SOFT, [0.1, 0.0, -0.2]), SpinNetwork(STIFF, [-0.3, 0.2, 0.0])
STEPS = 4


def exact_moments(relax_first=False, weight=0.0, temperatures=None, flow_weight=None):
    """Dense transfer matrices with couplings, thresholds, inputs and temperatures that change; shares nothing."""
    fraction = np.arange(STEPS + 1)[:, None] / STEPS
    thresholds = (1 - fraction) * NETWORKS[0].thresholds + fraction * NETWORKS[1].thresholds
    fields = (1 - fraction) * START + fraction * STOP - thresholds
    couplings = [(1 - f) * SOFT + f * STIFF for f in fraction[:, 0]]
    betas = 1 / (np.full(STEPS + 1, 0.9) if temperatures is None else np.linspace(*temperatures, STEPS + 1))
    if relax_first:
        fields, couplings, betas = fields[::-1], couplings[::-1], betas[::-1]
    states = transfer.all_states(3)
    energies = [
        -0.5 * np.einsum("si,ij,sj->s", states, matrix, states) - states @ field
        for matrix, field in zip(couplings, fields, strict=True)
    ]
    law = transfer.boltzmann(couplings[0], fields[0], betas[0])
    first = np.zeros_like(law)
    for step in range(1, STEPS + 1):
        at = step - 1 if relax_first else step
        matrix = transfer.step_matrix(couplings[at], fields[at], betas[at], "random")
        work = energies[step] - energies[step - 1]
        if relax_first:
            law, first = matrix @ law, matrix @ first
        tilt = np.exp(-weight * work)
        law, first = tilt * law, tilt * (first + work * law)
        if not relax_first:
            law, first = matrix @ law, matrix @ first
    ends = [transfer.free_energy(couplings[at], fields[at], betas[at]) for at in (0, STEPS)]
    return law.sum(), first.sum(), ends


@pytest.mark.parametrize("plain", [False, True], ids=["kernel", "plain"])
@pytest.mark.parametrize("relax_first", [False, True], ids=["forward", "reverse"])
def test_work_of_driven_couplings_is_exact(plain, relax_first):
    drive = ramp(START, STOP, STEPS, networks=NETWORKS)
    protocol = drive.reversed() if relax_first else drive
    trials = 20_000 if plain else 200_000
    ledger = simulate(NETWORKS[0], protocol, temperature=0.9, trials=trials, seed=1, plain=plain)
    weight, _, ends = exact_moments(relax_first, weight=1 / 0.9)
    _, mean, _ = exact_moments(relax_first)
    assert -0.9 * np.log(weight) == pytest.approx(ends[1] - ends[0], abs=1e-12)
    mean_within(ledger.work, mean, resolution=0.1)
    assert exact.free_energy_difference(NETWORKS[0], protocol, temperature=0.9) == pytest.approx(ends[1] - ends[0])
    np.testing.assert_allclose(ledger.entropy_flow, -ledger.heat / 0.9, atol=1e-4)
    with pytest.raises(AssertionError):  # the work of the input alone is not all of it
        mean_within(simulate(NETWORKS[0], ramp(START, STOP, STEPS), temperature=0.9, trials=trials).work, mean)


def test_estimators_and_theorems_apply_unchanged():
    drive = ramp(START, STOP, STEPS, networks=NETWORKS)
    forward, reverse = forward_and_reverse(NETWORKS[0], drive, temperature=0.9, trials=40_000, seed=2)
    answer = free_energy.bar(forward, reverse)
    change = exact.free_energy_difference(NETWORKS[0], drive, temperature=0.9)
    assert abs(answer - change) < 4 * answer.stderr < 0.1
    assert fluctuation.check_crooks(forward, reverse).passed
    assert fluctuation.check_integral(forward).passed
    naive = simulate(
        NETWORKS[1], ramp(STOP, START, STEPS, networks=NETWORKS[::-1]), temperature=0.9, trials=40_000, seed=2
    )
    assert not fluctuation.check_crooks(forward, naive)


@pytest.mark.parametrize("relax_first", [False, True], ids=["forward", "reverse"])
def test_a_driven_temperature_keeps_the_integral_theorem(relax_first):
    drive = ramp(START, STOP, STEPS, networks=NETWORKS, temperatures=(2.0, 0.8))
    protocol = drive.reversed() if relax_first else drive
    ledger = simulate(NETWORKS[0], protocol, trials=200_000, seed=3)
    _, mean, _ = exact_moments(relax_first, temperatures=(2.0, 0.8))
    mean_within(ledger.work, mean, resolution=0.1)
    sigma = ledger.log_law_initial - ledger.log_law_final + ledger.entropy_flow
    mean_within(np.exp(-sigma), 1.0, resolution=0.1)
    assert fluctuation.check_integral(ledger).passed
    with pytest.raises(AssertionError):  # heat over one temperature is not the flow
        mean_within(np.exp(-(ledger.log_law_initial - ledger.log_law_final - ledger.heat / 2.0)), 1.0)
    with pytest.raises(InputError, match="temperature"):
        free_energy.jarzynski(ledger, temperature=1.0)


@pytest.mark.parametrize("rule", [Glauber(), Glauber(order="sequential"), Glauber(order="parallel")], ids=str)
def test_large_driven_networks_agree_with_the_plain_rule(rule):
    rng = np.random.default_rng(4)
    ends = []
    for _ in range(2):
        matrix = rng.normal(size=(24, 24)) / 5
        np.fill_diagonal(matrix, 0)
        ends.append(SpinNetwork(matrix))
    drive = ramp(np.zeros(24), rng.normal(size=24), 3, networks=ends, temperatures=(1.5, 0.7))
    options = {"trials": 100, "seed": 1, "initial": np.ones(24), "record": "states"}
    fast, plain = (simulate(ends[0], drive, rule, **options, plain=plain) for plain in (False, True))
    np.testing.assert_array_equal(fast.states, plain.states)
    np.testing.assert_allclose(fast.work, plain.work, atol=1e-10)
    np.testing.assert_allclose(fast.entropy_flow, plain.entropy_flow, atol=1e-3)
    assert fast.attrs["kernel"].endswith("stepped")


def test_mixed_pattern_networks_stay_pattern_networks():
    patterns = [np.ones(40), np.repeat([1, -1], 20)]
    ends = hopfield(patterns, [0.2, 0.8], scale="hopfield"), hopfield(patterns, [0.9, 0.1], scale="hopfield")
    drive = ramp(np.zeros(40), np.zeros(40), 10, networks=ends)
    change = exact.free_energy_difference(ends[0], drive, temperature=0.8)
    separate = exact.free_energy(ends[1], temperature=0.8) - exact.free_energy(ends[0], temperature=0.8)
    assert change.details["route"] == "lumped" and change == pytest.approx(separate, abs=1e-9)


def test_driven_protocols_add_and_reverse():
    up = ramp(START, STOP, 3, networks=NETWORKS, temperatures=(1, 2))
    back = ramp(STOP, START, 2, networks=NETWORKS[::-1], temperatures=(2, 1))
    with pytest.raises(InputError, match="same networks"):
        up + back
    both = up + up.reversed().reversed()
    assert both.steps == 7 and both.drives_more
    np.testing.assert_array_equal(both.reversed().mixing, both.mixing[::-1])
    np.testing.assert_array_equal(both.reversed().temperatures, both.temperatures[::-1])


@pytest.mark.parametrize(
    "attempt, words",
    [
        (lambda: ramp(START, STOP, 3, networks=NETWORKS[:1]), "first and the last"),
        (lambda: ramp(START, STOP, 3, networks=(NETWORKS[0], SpinNetwork(np.zeros((2, 2))))), "3 neurons"),
        (lambda: ramp(START, STOP, 3, temperatures=(1, 0)), "temperatures must be positive"),
        (
            lambda: simulate(SpinNetwork(SOFT), ramp(START, STOP, 3, networks=NETWORKS), temperature=1),
            "one of the networks",
        ),
        (lambda: simulate(NETWORKS[0], ramp(START, STOP, 3, temperatures=(1, 2)), temperature=1), "drives it"),
        (lambda: exact.free_energy_difference(NETWORKS[0], ramp(START, STOP, 3, temperatures=(1, 2)), temperature=1),
         "drives the temperature"),
    ],
)  # fmt: skip
def test_bad_drives_are_refused(attempt, words):
    with pytest.raises(InputError, match=words):
        attempt()
