"""Simulated jumps: against a plain loop on the same numbers, against master equations, and through the theorems."""

import numpy as np
import pytest
from scipy.linalg import expm

from assertions import assert_within, mean_within
from neurothermo import InputError, entropy_production, forward_and_reverse, simulate
from neurothermo.core.flight import Flight, Process
from neurothermo.core.randomness import Stream
from neurothermo.fluctuation import check_integral
from neurothermo.free_energy import bar
from neurothermo.processes.jump import MarkovJump
from neurothermo.processes.jump_driver import Ways
from test_markov_jump import balanced_rates, generator, kernel, random_rates, ring, schnakenberg

RATES = random_rates(5, 4)
PROCESS = MarkovJump(RATES)
BALANCED, ENERGY = balanced_rates(4, 5)
FIELD = np.array([0.8, -0.5, 1.2, 0.0])
STREAM = Stream.of(3, "jumps")


def fly(process, values, dt, trials=64, first_step=1, relax_first=False, flight=None):
    states = np.arange(trials)[:, None] % process.size
    flight = flight or Flight.of(states, 0, STREAM)
    process.driver(dt).carry(flight, np.asarray(values, dtype=float), first_step, relax_first, 2)
    return flight


def by_hand(process, values, dt, trial, state, relax_first=False):
    """One trial, jump by jump in Python, on the kernel's numbers and table."""
    edges, ways = process.edges, Ways.of(process.edges)
    work = flow = 0.0
    for step in range(1, len(values)):
        change, held = values[step] - values[step - 1], values[step - 1 if relax_first else step]
        work -= 0.0 if relax_first else change[state]
        bits = STREAM.at(np.array([trial]), step).bits(2000)[0]
        clock, jump = 0.0, 0
        while True:
            uniform = (int(bits[2 * jump] >> np.uint64(33)) + 0.5) * 2.0**-31
            clock -= np.log(uniform) * np.exp(held[state]) / edges.escape[state]
            if clock > dt:
                break
            high = (int(bits[2 * jump + 1]) >> 32) * ways.columns
            entry = state * ways.columns + (high >> 32)
            rest = ((high & 0xFFFFFFFF) << 32) | (int(bits[2 * jump + 1]) & 0xFFFFFFFF)
            after = int(ways.ways[entry, 0 if rest < int(ways.thresholds[entry]) else 1])
            flow += np.log(process.rates[after, state] * np.exp(-held[state]))
            flow -= np.log(process.rates[state, after] * np.exp(-held[after]))
            state, jump = after, jump + 1
        work -= change[state] if relax_first else 0.0
    return state, work, flow


@pytest.mark.parametrize("relax_first", [False, True])
def test_the_kernel_against_a_loop_in_python(relax_first):
    values = np.random.default_rng(1).normal(0, 0.7, (6, 5))
    flight = fly(PROCESS, values, 0.7, relax_first=relax_first)
    for trial in range(0, 64, 5):
        state, work, flow = by_hand(PROCESS, values, 0.7, trial, trial % 5, relax_first)
        assert flight.states[trial, 0] == state
        assert flight.work[trial] == pytest.approx(work, abs=1e-12)
        assert flight.flow[trial] == pytest.approx(flow, abs=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_the_table_of_ways_holds_the_rates(seed):
    process = MarkovJump(random_rates(7, seed))
    ways = Ways.of(process.edges)
    found = np.zeros((7, 7))
    rows = np.repeat(np.arange(7), ways.columns)
    whole = np.where(ways.ways[:, 0] == ways.ways[:, 1], 1.0, ways.thresholds / 2.0**64)
    np.add.at(found, (ways.ways[:, 0], rows), whole / ways.columns)
    np.add.at(found, (ways.ways[:, 1], rows), (1 - whole) / ways.columns)
    off = np.where(np.eye(7, dtype=bool), 0, process.rates)
    np.testing.assert_allclose(found, off / process.edges.escape, atol=1e-15)


def test_bits_do_not_depend_on_chunks_threads_or_pieces():
    options = {"dt": 0.5, "trials": 700, "progress": False, "record": "states"}
    one, other, single = (
        simulate(PROCESS, 8, **options, **more) for more in ({}, {"chunk": 64}, {"threads": 1, "chunk": 128})
    )
    for name in ("entropy_flow", "states"):
        np.testing.assert_array_equal(one[name], other[name])
        np.testing.assert_array_equal(one[name], single[name])
    values = np.random.default_rng(2).normal(0, 1, (7, 5))
    whole, cut = fly(PROCESS, values, 0.4), fly(PROCESS, values[:3], 0.4)
    fly(PROCESS, values[2:], 0.4, first_step=3, flight=cut)
    for name in ("states", "work", "flow"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(cut, name))


@pytest.mark.parametrize("steps", [1, 3, 40])
def test_the_law_at_a_time_does_not_depend_on_the_steps(steps):
    time, trials = 0.6, 200_000
    ledger = simulate(PROCESS, steps, dt=time / steps, trials=trials, initial=[[2.0]], record="states",
                      every=steps, progress=False, seed=steps)  # fmt: skip
    last = ledger.states.values[:, -1, 0]
    exact = expm(generator(RATES) * time)[:, 2]
    counts = np.bincount(last.astype(int), minlength=5)
    error = np.sqrt(exact * (1 - exact) / trials)
    assert np.all(np.abs(counts / trials - exact) < 4 * error) and error.max() < 2e-3
    assert np.any(np.abs(counts / trials - expm(generator(RATES) * 0.9 * time)[:, 2]) > 5 * error)


def test_flow_from_a_start_against_the_master_equation():
    """The mean flow is the time integral of the flow rate of the law that moves."""
    start, time = np.zeros(5), 0.8
    start[1] = 1.0
    flow = np.where(RATES > 0, RATES * np.log(np.where(RATES > 0, RATES, 1) / np.where(RATES > 0, RATES.T, 1)), 0)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    laws = [expm(generator(RATES) * time * (x + 1) / 2) @ start for x in nodes]
    exact = sum(w * flow.sum(axis=0) @ law for w, law in zip(weights, laws, strict=True)) * time / 2
    ledger = simulate(PROCESS, 4, dt=time / 4, trials=200_000, initial=[[1.0]], progress=False)
    mean_within(ledger.entropy_flow.values, exact, 4, resolution=0.1 * abs(exact))


def test_entropy_production_of_a_run():
    ledger = simulate(PROCESS, 20, dt=2.0, trials=4000, progress=False)
    found, exact = entropy_production(ledger), schnakenberg(RATES, kernel(RATES))
    assert_within(found.value, found.stderr, exact, 4, resolution=0.1 * exact)
    assert found.units == "nats per unit time"
    ring_run = simulate(MarkovJump(ring(3)), 10, dt=30.0, trials=2000, progress=False, seed=4)
    one = entropy_production(ring_run)
    assert_within(one.value, one.stderr, np.log(2), 4, resolution=0.05)


def test_the_integral_theorem_and_a_wrong_flow():
    process = MarkovJump(random_rates(5, 4) ** 0.25)  # mild: no trial carries much of the mean
    drive = np.linspace(0, 1, 4)[:, None] * np.array([0.5, -0.4, 0.3, 0, 0.2])
    ledger = simulate(process, drive, dt=0.15, trials=40_000, progress=False)
    verdict = check_integral(ledger)
    assert verdict.passed and verdict.stderr < 0.02
    wrong = ledger.assign(entropy_flow=1.2 * ledger.entropy_flow)
    assert check_integral(wrong).passed is False
    no_boundary = ledger.assign(log_law_final=ledger.log_law_initial)
    assert check_integral(no_boundary).passed is False


def test_heat_work_and_free_energy_where_there_is_an_energy():
    process = MarkovJump(BALANCED)
    drive = np.linspace(0, 1, 5)[:, None] * FIELD
    flight = fly(process, drive, 0.3)
    start = np.arange(64)[:, None] % 4
    change = process.energy(flight.states, drive[-1]) - process.energy(start, drive[0])
    np.testing.assert_allclose(flight.flow, -(change - flight.work), atol=1e-10)
    pair = forward_and_reverse(process, drive, dt=0.3, trials=20_000, progress=False)
    weights = np.exp(-ENERGY)
    exact = -np.log(np.sum(weights * np.exp(FIELD)) / weights.sum())
    found = bar(*pair)
    assert_within(found.value, found.stderr, exact, 4, resolution=0.1)
    assert pair[0].attrs["initial"] == "equilibrium" and pair[0].attrs["energy"] == ""


def test_one_way_jumps_make_the_flow_infinite_and_absorbing_states_keep():
    rates = ring(3)
    rates[2, 1] = 0.0
    process = MarkovJump(rates)
    ledger = simulate(process, 1, dt=8.0, trials=4000, progress=False)
    flow = ledger.entropy_flow.values
    without = generator(rates)
    without[1, 2] = 0.0  # probability leaks where the jump without a way back is made
    never = (expm(8.0 * without) @ kernel(rates)).sum()
    assert 0.2 < never < 0.8 and not np.any(np.isnan(flow)) and flow.max() == np.inf
    mean_within(np.isfinite(flow).astype(float), never, 4, resolution=0.1)
    assert "infinite" in ledger.attrs["flow"]
    with pytest.raises(InputError, match="infinite once a jump without a way back"):
        entropy_production(ledger)
    trap = simulate(MarkovJump([[0, 0], [3.0, 0]]), 3, dt=5.0, trials=500, initial=[[0]], record="states",
                    progress=False)  # fmt: skip
    assert np.mean(trap.states.values[:, -1] == 1) == 1


def test_a_process_for_simulate_and_its_bad_input():
    assert isinstance(PROCESS, Process) and PROCESS.dimension == 1 and PROCESS.size == 5
    assert simulate(PROCESS, 0, trials=3, progress=False).entropy_flow.values.sum() == 0
    activities = simulate(PROCESS, 2, trials=3, record="activities", progress=False).activities
    np.testing.assert_array_equal(activities.sum("neuron"), 1)
    for options, sentence in (
        ({"initial": [[7]]}, "from 0 to 4"),
        ({"initial": [[0.5]]}, "whole numbers"),
        ({"dt": -1.0}, "dt must be positive"),
        ({"dt": 1e12}, "dt is too long"),
        ({"temperature": 1.0}, "temperature must not be given"),
    ):
        with pytest.raises(InputError, match=sentence):
            simulate(PROCESS, 2, trials=3, progress=False, **options)
    with pytest.raises(InputError, match="dt is too long"):
        simulate(PROCESS, np.full((3, 5), -250.0), dt=1.0, trials=3, progress=False)
    parts = np.zeros((4, 4))
    parts[1, 0] = parts[0, 1] = parts[2, 3] = parts[3, 2] = 1.0
    with pytest.raises(InputError, match="more than one stationary law"):
        simulate(MarkovJump(parts), 2, trials=3, progress=False)
    assert simulate(MarkovJump(parts), 2, trials=3, initial=[[2]], progress=False).sizes["trial"] == 3
