"""The loop over trials against exact averages, on fast, biased, asymmetric cases; with negative controls."""

import numpy as np
import pytest
import xarray

from assertions import mean_within
from neurothermo import Glauber, InputError, SpinNetwork, forward_and_reverse, hopfield, ramp, simulate
from oracles import transfer

ONE, TWO = np.array([1, 1, 1, 1.0]), np.array([1, 1, -1, -1.0])
FOUR = hopfield([ONE, TWO], weights=[0.2, 0.8])
RAMP = np.arange(21)[:, None] / 20 * TWO
FIFTEEN = np.ones(15), np.array([1.0] * 8 + [-1.0] * 7)


@pytest.mark.parametrize(
    "order, activation, mean_work, jarzynski",
    [
        ("random", "heat-bath", -0.6829033835, -2.1008420848),
        ("sequential", "heat-bath", -1.7398841119, -2.1008420848),
        ("parallel", "heat-bath", -1.7099658520, -2.1268937780),
        ("random", "as-printed", -0.4366876664, -1.2814943938),
        ("sequential", "as-printed", -0.7657949106, -0.9249030738),
        ("parallel", "as-printed", -0.7535483050, -0.9221105512),
    ],
)
def test_work_of_every_order_and_activation_is_the_exact_one(order, activation, mean_work, jarzynski):
    """Exact transfer-matrix values; the exponential average fails for all but the heat bath, one neuron at a time."""
    beta, steepness = 0.5, 2.0 if activation == "heat-bath" else 1.0
    attempts = 1 if order == "random" else None
    start = transfer.boltzmann(FOUR.couplings, RAMP[0], beta)
    exact = {"steepness": steepness, "start": start, "attempts": attempts}
    weight, _ = transfer.work_moments(FOUR.couplings, RAMP, beta, order, **exact, weight=beta)
    _, mean = transfer.work_moments(FOUR.couplings, RAMP, beta, order, **exact)
    assert mean == pytest.approx(mean_work, abs=1e-9)
    assert -np.log(weight) / beta == pytest.approx(jarzynski, abs=1e-9)

    rule = Glauber(order=order, attempts=attempts, activation=activation)
    ledger = simulate(FOUR, RAMP, rule, temperature=1 / beta, trials=400_000, seed=2)
    mean_within(ledger.work, mean_work, resolution=0.03)
    mean_within(np.exp(-beta * ledger.work), weight, resolution=0.1)


def test_a_site_shared_by_all_trials_would_be_noticed():
    """The mean work differs between random and sequential sites by far more than the test above resolves."""
    ledger = simulate(FOUR, RAMP, Glauber(attempts=1), temperature=2, trials=400_000, seed=2)
    with pytest.raises(AssertionError):
        mean_within(ledger.work, -1.7398841119)


def test_works_of_independent_trials_scatter_as_independent_numbers_do():
    """Means over seeds scatter by sd / sqrt(trials): sites are drawn for each trial, not for a block of them."""
    means = [simulate(FOUR, RAMP, temperature=2, trials=640, seed=seed).work.values for seed in range(60)]
    scatter = np.var([work.mean() for work in means], ddof=1) / (np.mean([work.var() for work in means]) / 640)
    assert abs(scatter - 1) < 4 * np.sqrt(2 / 59)


@pytest.mark.parametrize("magnitude, mean, sd, back", [(1, -0.7647803448, 1.9010270574, 1.0048124677),
                                                       (5, -14.1642188102, 7.7454101177, 18.0429267786)])  # fmt: skip
def test_the_published_case_has_its_exact_work_statistics(magnitude, mean, sd, back):
    """N = 15, 1000 steps of one attempt, kT = 15 (exact by lumping)."""
    one, two = FIFTEEN
    drive = ramp(magnitude * one, magnitude * two, 1000)
    forward, reverse = forward_and_reverse(
        hopfield([one, two], weights=[0.2, 0.8]),
        drive,
        Glauber(attempts=1),
        temperature=15,
        trials=100_000,
        seed=4,
    )
    mean_within(forward.work, mean, resolution=0.1)
    mean_within(reverse.work, back, resolution=0.1)
    mean_within((forward.work - mean) ** 2, sd**2, resolution=0.05 * sd**2)
    with pytest.raises(AssertionError):
        mean_within(forward.work, -back)


@pytest.mark.parametrize("same_order, exact", [(False, 2.449), (True, 3.054)])
def test_sequential_order_is_reversed_in_the_reverse(same_order, exact):
    couplings, rule = np.array([[0, 1.0], [1, 0]]), Glauber(order="sequential")
    drive = ramp([-1, -4], [1, 2], 3)
    order = "sequential" if same_order else "descending"
    back = drive.reversed()
    start = transfer.boltzmann(couplings, back.values[0], 1.0)
    _, mean = transfer.work_moments(couplings, back.values, 1.0, order, start=start, relax_first=True)
    assert mean == pytest.approx(exact, abs=5e-4)
    ledger = simulate(
        SpinNetwork(couplings),
        back,
        rule if same_order else rule.reversed(),
        temperature=1,
        trials=200_000,
        seed=1,
    )
    mean_within(ledger.work, mean, resolution=0.1)


@pytest.mark.parametrize(
    "rule", [Glauber(), Glauber(order="sequential", attempts=3), Glauber(order="parallel")], ids=str
)
def test_first_law_in_every_trial(rule):
    net = SpinNetwork([[0, 0.7, -0.2], [0.7, 0, 0.4], [-0.2, 0.4, 0]], [0.3, 0, -0.1])
    for ledger in forward_and_reverse(net, ramp([0.1, -0.3, 0.2], [1.5, 0.4, -1], 4), rule, temperature=0.8, seed=1):
        change = ledger.energy_final - ledger.energy_initial
        largest = max(abs(ledger.energy_final).max(), abs(ledger.energy_initial).max())
        assert abs(ledger.work + ledger.heat - change).max() < 1e-10 * largest
        assert abs(ledger.heat).max() > 1


@pytest.mark.parametrize("size", [6, 24])
def test_heat_added_up_move_by_move_is_that_of_the_first_law(size):
    """The reference form accumulates flow on each flip: -T flow must be dE - W, which it knows nothing of."""
    rng = np.random.default_rng(1)
    couplings = np.triu(rng.normal(size=(size, size)), 1)
    net = SpinNetwork(couplings + couplings.T, rng.normal(size=size))
    drive = ramp(rng.normal(size=size), rng.normal(size=size), 4)
    for rule, bath in [
        (Glauber(), 1.3),
        (Glauber(order="sequential"), 1.3),
        (Glauber(activation="as-printed"), 2.6),
    ]:
        ledger = simulate(net, drive, rule, temperature=1.3, trials=200, seed=1, initial=np.ones(size), plain=True)
        np.testing.assert_allclose(-bath * ledger.entropy_flow, ledger.heat, rtol=0, atol=1e-10)


@pytest.mark.parametrize("order", ["random", "parallel"])
def test_flow_of_an_asymmetric_network_is_exact_at_stationarity(order):
    """Driven by its couplings alone; a law of few states is drawn exactly."""
    net = hopfield([[1, 1, 1, 1, 1], [1, 1, 1, -1, -1]], weights=[0.2, 0.8], crossover=0.7)
    field, beta = np.array([0.2, -0.1, 0.3, 0.1, 0.0]), 0.3
    law = transfer.stationary(transfer.step_matrix(net.couplings, field, beta, order, 1))
    exact = transfer.mean_flow(net.couplings, field, beta, order, law)
    rule = Glauber(order=order, attempts=1 if order == "random" else None)
    ledger = simulate(net, np.tile(field, (41, 1)), rule, temperature=1 / beta, trials=100_000, seed=8)
    mean_within(ledger.entropy_flow / 40, exact, resolution=0.1 * exact)
    assert ledger.attrs["initial"] == "stationary" and "drawn exactly" in ledger.attrs["initial_route"]
    assert "not symmetric" in ledger.attrs["energy"] and "heat" not in ledger and "energy_final" not in ledger
    symmetric = hopfield([[1, 1, 1, 1, 1], [1, 1, 1, -1, -1]], weights=[0.2, 0.8])
    control = simulate(
        symmetric,
        np.tile(field, (41, 1)),
        rule,
        temperature=1 / beta,
        trials=100_000,
        seed=8,
        initial="stationary",
    )
    mean_within(control.entropy_flow, 0.0)


def test_burnt_in_equilibrium_is_equilibrium():
    """N = 24 without patterns is too large to enumerate: means of two halves of the law, known otherwise."""
    size = 24
    fields = np.linspace(-1, 1, size)
    net = SpinNetwork(
        np.zeros((size, size)) + np.diag([1e-9] * (size - 1), 1) + np.diag([1e-9] * (size - 1), -1), -fields
    )
    ledger = simulate(net, 0, temperature=0.7, trials=20_000, seed=2, record="states")
    assert "burn-in" in ledger.attrs["initial_route"] and "agree" in ledger.attrs["initial_route"]
    for i in (0, 7, 23):
        mean_within(ledger.states[:, -1, i], np.tanh(fields[i] / 0.7), resolution=0.1)


def test_a_metastable_start_says_so():
    net = hopfield(np.ones((1, 40)), scale="hopfield")
    frozen = SpinNetwork(net.couplings)  # without its pattern: no lumping
    ledger = simulate(frozen, 1, temperature=0.05, trials=10, seed=2)
    assert "NOT CONVERGED" in ledger.attrs["initial_route"]


def test_records_add_up_to_the_totals():
    one, two = FIFTEEN
    ledger = simulate(
        hopfield([one, two]), ramp(one, two, 10), temperature=15, trials=50, seed=1, every=3,
        record=("overlaps", "states", "energies", "work", "flow"),
    )  # fmt: skip
    assert list(ledger.time) == [0, 3, 6, 9, 10]
    np.testing.assert_allclose(ledger.work_steps.sum("time"), ledger.work, atol=1e-12)
    np.testing.assert_allclose(ledger.flow_steps.sum("time"), ledger.entropy_flow, atol=1e-4)
    np.testing.assert_allclose(ledger.energies[:, 0], ledger.energy_initial)
    np.testing.assert_allclose(ledger.energies[:, -1], ledger.energy_final)
    np.testing.assert_allclose(ledger.overlaps, ledger.states.values @ np.stack([one, two]).T / 15)


def test_forward_and_reverse_with_one_seed_are_independent():
    one, two = FIFTEEN
    trials = 20_000
    forward, reverse = forward_and_reverse(
        hopfield([one, two]), ramp(one, two, 20), temperature=15, trials=trials, seed=1
    )
    assert abs(np.corrcoef(forward.work, reverse.work)[0, 1]) < 4 / np.sqrt(trials)
    shared = [
        simulate(hopfield([one, two]), drive, temperature=15, trials=trials, seed=1, stream="shared").work
        for drive in (ramp(one, two, 20), ramp(one, 1.01 * two, 20))
    ]
    assert np.corrcoef(*shared)[0, 1] > 0.8


def test_heat_exchange_starts_at_its_own_temperature():
    one, two = FIFTEEN
    net = hopfield([one, two], weights=[0.2, 0.8])
    ledger = simulate(net, 5, temperature=5, initial_temperature=15, trials=100_000, seed=1)
    exponent = np.exp(-(1 / 15 - 1 / 5) * ledger.heat)
    assert float(abs(ledger.work).max()) == 0 and ledger.attrs["initial_temperature"] == 15
    logs = ledger.log_law_initial - ledger.log_law_final + ledger.entropy_flow
    mean_within(np.exp(-logs), 1.0, resolution=0.2)
    assert exponent.mean() > 0


def test_a_rule_from_a_notebook_runs_and_gives_its_own_flow():
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Metropolis:
        """One attempt: flip neuron 0 with probability min(1, e^{-dE/T})."""

        def move(self, system, states, field, *, temperature, address):
            gain = -2 * states[:, 0] * system.local_fields(states, field)[:, 0] / temperature
            flips = address.uniforms(1)[:, 0] < np.exp(np.minimum(gain, 0))
            states = states.copy()
            states[flips, 0] *= -1
            return states, np.where(flips, gain, 0.0)

        def reversed(self):
            return self

    net = SpinNetwork([[0, 0.5], [0.5, 0]])
    drive = ramp([0, 0.3], [2, -0.5], 6)
    ledger = simulate(net, drive, Metropolis(), temperature=0.9, trials=50_000, seed=1)
    np.testing.assert_allclose(ledger.entropy_flow, -ledger.heat / 0.9, atol=1e-12)
    change = transfer.free_energy(net.couplings, drive.values[-1], 1 / 0.9) - transfer.free_energy(
        net.couplings, drive.values[0], 1 / 0.9
    )
    mean_within(np.exp(-(ledger.work - change) / 0.9), 1.0, resolution=0.1)


def test_a_ledger_survives_netcdf(tmp_path):
    ledger = simulate(FOUR, RAMP, temperature=2, trials=10, seed=2, record=("states", "overlaps"))
    ledger.to_netcdf(tmp_path / "ledger.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "ledger.nc", engine="h5netcdf") as again:
        xarray.testing.assert_equal(again.load(), ledger)
        assert again.attrs["rule"] == ledger.attrs["rule"] and again.attrs["temperature"] == 2


def test_a_quiet_run_prints_nothing(capsys):
    simulate(FOUR, RAMP, temperature=2, trials=10, seed=2, progress=False)
    assert capsys.readouterr() == ("", "")


ASYMMETRIC = SpinNetwork([[0, 1.0], [0.5, 0]])


@pytest.mark.parametrize(
    "options, words",
    [
        ({"temperature": 0}, "temperature must be positive"),
        ({"temperature": None}, "temperature is needed"),
        ({"temperature": [1.0, 2.0, 3.0]}, "temperature must have shape (4,)"),
        ({"trials": 0}, "trials must be at least 1"),
        ({"trials": 2.5}, "trials must be a whole number"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"initial": "equilibrium", "system": ASYMMETRIC, "protocol": 3}, "not symmetric"),
        ({"initial": "warm"}, "initial must be 'equilibrium'"),
        ({"initial": np.ones((3, 4))}, "initial must hold one state, or one for each of 10 trials"),
        ({"initial": [1, 0, 1, 1]}, "initial must hold -1 and +1 only"),
        ({"initial": "stationary", "initial_temperature": 3}, "initial_temperature belongs to"),
        (
            {"protocol": np.zeros((3, 5))},
            "protocol must drive the network's 4 neurons, got fields of length 5",
        ),
        ({"protocol": "ramp"}, "protocol must be an array of numbers"),
        ({"record": "spikes"}, "record must name some of"),
        ({"record": "overlaps", "system": SpinNetwork(FOUR.couplings)}, "stores patterns"),
        ({"record": "states", "every": 0}, "every must be at least 1"),
        ({"record": "states", "trials": 10**8, "protocol": 10**4}, "record would hold"),
        ({"system": np.eye(4)}, "system must be a network (SpinNetwork"),
        ({"threads": 0}, "threads must be at least 1"),
        ({"chunk": 0}, "chunk must be at least 1"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(options, words):
    arguments = {"system": FOUR, "protocol": RAMP, "temperature": 2, "trials": 10, **options}
    with pytest.raises(InputError) as caught:
        simulate(arguments.pop("system"), arguments.pop("protocol"), **arguments)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_metastable_start_of_many_neurons_says_so():
    """More than 127 neurons: overlaps must not be counted in eight bits."""
    frozen = SpinNetwork(hopfield(np.ones((1, 209)), scale="hopfield").couplings)
    ledger = simulate(frozen, 1, temperature=0.05, trials=10, seed=2)
    assert "NOT CONVERGED" in ledger.attrs["initial_route"]


@pytest.mark.parametrize(
    "rule, options, words",
    [
        (Glauber(order="parallel"), {}, "parallel moves do not keep Boltzmann's law"),
        (Glauber(activation="as-printed"), {}, "twice the temperature"),
        (Glauber(), {"initial_temperature": 5.0}, "another temperature"),
        (Glauber(), {"initial": np.ones(4)}, "not equilibrium"),
    ],
)
def test_works_that_hold_no_free_energy_give_none(rule, options, words):
    from neurothermo import free_energy

    ledger = simulate(FOUR, RAMP, rule, temperature=2.0, trials=2000, seed=1, **options)
    for estimate in (free_energy.jarzynski(ledger), free_energy.cumulant(ledger)):
        assert np.isnan(estimate.value) and words in estimate.diagnostics[0]
    stationary = simulate(FOUR, RAMP, temperature=2.0, trials=2000, seed=1, initial="stationary")
    assert abs(free_energy.jarzynski(stationary) + 2.1008420848) < 1


def test_ledgers_without_an_energy_have_no_free_energy():
    from neurothermo import free_energy

    ledger = simulate(ASYMMETRIC, 3, temperature=1.0, trials=100)
    with pytest.raises(InputError, match="no free energy: the couplings are not symmetric"):
        free_energy.jarzynski(ledger)


@pytest.mark.parametrize(
    "attempt, words",
    [
        (lambda: simulate(FOUR, RAMP, "Glauber", temperature=2), "rule must be a rule of motion"),
        (lambda: simulate(FOUR, RAMP, Glauber, temperature=2), "rule must be a rule of motion"),
        (lambda: simulate(FOUR, RAMP, temperature=True), "temperature must be one number"),
        (lambda: simulate(FOUR, RAMP, temperature="1"), "temperature must be one number"),
        (lambda: simulate(FOUR, RAMP, temperature=10**400), "temperature must be one number"),
        (lambda: simulate(FOUR, RAMP, temperature=1e-40), "too low for local fields"),
        (lambda: simulate(FOUR, RAMP, temperature=2, trials=10**12), "trials must be at most"),
        (lambda: simulate(FOUR, RAMP, temperature=2, initial=[[1, 1], [1]]), "initial must be an array of numbers"),
        (lambda: simulate(FOUR, RAMP, temperature=2, record=5), "record must name"),
        (lambda: simulate(FOUR, RAMP, temperature=2, plain="no"), "plain must be true or false"),
        (lambda: simulate(FOUR, np.ma.masked_greater(RAMP, 0.5), temperature=2), "numbers that are not masked"),
        (lambda: simulate(FOUR, RAMP * 1j, temperature=2), "real"),
        (lambda: ramp(np.zeros(4), np.ones(4), 10**12), "GiB"),
        (lambda: ramp([], [], 3), "at least one neuron"),
        (lambda: ramp(ONE, TWO, 3, networks=FOUR), "networks must be two"),
        (lambda: SpinNetwork([["0", "1"], ["1", "0"]]), "real"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(attempt, words):
    with pytest.raises(InputError, match=words):
        attempt()
