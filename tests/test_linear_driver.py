"""Exact steps of linear processes: against NumPy trial by trial, against exact laws, and through the theorems."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.special import logsumexp

from assertions import assert_within, mean_within
from neurothermo import InputError
from neurothermo.core.flight import Flight
from neurothermo.core.randomness import Stream
from neurothermo.processes import Circulant, LinearLangevin

A, D = np.array([[1, 0.5], [-0.3, 2]]), np.array([[1, 0.2], [0.2, 0.5]])
ODD = [[1, 1.5], [-0.4, 2]], [1, 0.3]
STREAM = Stream.of(5, "linear steps")
TRIALS = 20_000


def large(n):
    rng = np.random.default_rng(n)
    return LinearLangevin(1.2 * np.eye(n) - 0.4 * rng.standard_normal((n, n)) / np.sqrt(n), rng.uniform(0.5, 1, n))


def field_on_a_ring(n=48):
    column = np.zeros(n)
    column[0], column[1], column[-1] = 1, -0.5, -0.1
    noise = np.zeros(n)
    noise[0], noise[1], noise[-1] = 0.7, 0.1, 0.1
    return LinearLangevin(Circulant.of_column(column), Circulant.of_column(noise))


def field_on_a_torus():
    column = np.zeros((6, 7))
    column[0, 0], column[1, 0], column[0, 1], column[0, -1] = 1, -0.3, -0.2, 0.1
    return LinearLangevin(Circulant.of_column(column), 0.4)


TWISTED = LinearLangevin(
    np.block([[np.zeros((2, 2)), -np.eye(2)], [np.array([[2, -0.9], [0.1, 1.5]]), 0.6 * np.eye(2)]]),
    [0, 0, 0.6, 0.6],
    [1, 1, -1, -1],
)
OSCILLATOR = LinearLangevin([[0, -1], [1.5, 0.5]], [0, 0.3], [1, -1])
EVERY = {
    "pair": LinearLangevin(A, D),
    "odd pair": LinearLangevin(*ODD, [1, -1]),
    "twisted": TWISTED,
    "five": large(5),
    "forty": large(40),
    "ring": field_on_a_ring(),
    "torus": field_on_a_torus(),
}


def ramp(process, steps=6, seed=0):
    rng = np.random.default_rng(seed)
    return np.linspace(*rng.standard_normal((2, process.size)), steps + 1)


def fly(process, dt, values, *, trials=TRIALS, first=0, cuts=(), relax_first=False, threads=2, states=None):
    """Trials first .. first + trials - 1 from the stationary law at values[0], in pieces of the protocol."""
    driver = process.driver(dt)
    if states is None:
        states = process.stationary_law(values[0]).draw(STREAM.at(np.arange(first, first + trials), 0))
    flight = Flight.of(states, first, STREAM)
    edges = [0, *cuts, len(values) - 1]
    for start, stop in pairwise(edges):
        driver.carry(flight, values[start : stop + 1], start + 1, relax_first, threads)
    return states, flight


def reference(process, dt, values, states, first=0, relax_first=False):
    """The same in NumPy, by two log densities."""
    a, d = process.relaxation_matrix(), process.noise.matrix()
    e = process.parity.astype(float)
    step, c = expm(-a * dt), process.covariance()
    spread = c - step @ c @ step.T
    root, inverse = np.linalg.cholesky(spread), np.linalg.inv(spread)
    x, work, flow = states.copy(), np.zeros(len(states)), np.zeros(len(states))

    def surprise(start, stop, mean):
        gap = stop - mean - (start - mean) @ step.T
        return 0.5 * np.einsum("ri,ij,rj->r", gap, inverse, gap)

    for k in range(1, len(values)):
        change = values[k] - values[k - 1]
        held = values[k - 1] if relax_first else values[k]
        if np.any(change) and not relax_first:
            work -= x @ np.linalg.solve(d, change)
        mean = np.linalg.solve(a, held)
        z = STREAM.at(first + np.arange(len(x)), k).normals(process.size)
        after = mean + (x - mean) @ step.T + z @ root.T
        flow += surprise(e * after, e * x, mean) - surprise(x, after, mean)
        x = after
        if np.any(change) and relax_first:
            work -= x @ np.linalg.solve(d, change)
    return x, work, flow


# -- trial by trial -----------------------------------------------------------------------------------


@pytest.mark.parametrize("relax_first", [False, True])
@pytest.mark.parametrize("name", ["pair", "odd pair", "twisted", "five", "forty"])
def test_kernels_against_numpy(name, relax_first):
    process = EVERY[name]
    moving = not np.any(process.parity < 0)
    values = ramp(process) if moving else np.repeat(ramp(process)[-1:], 7, axis=0)
    states, flight = fly(process, 0.3, values, trials=150, relax_first=relax_first)
    x, work, flow = reference(process, 0.3, values, states, relax_first=relax_first)
    np.testing.assert_allclose(flight.states, x, atol=2e-5)
    np.testing.assert_allclose(flight.work, work, atol=2e-4)
    np.testing.assert_allclose(flight.flow, flow, atol=2e-3 if name == "twisted" else 3e-4)
    assert np.std(flight.flow) > 0.1
    other = reference(process, 0.3, values, states, relax_first=not relax_first)
    assert not moving or np.abs(flight.work - other[1]).max() > 0.01, "the order of work and move matters"


@pytest.mark.parametrize("name", ["ring", "torus"])
def test_waves_against_numpy(name):
    """L is the symmetric root here: other states trial by trial; so flow and work of the states it reached."""
    process = EVERY[name]
    values = ramp(process, 1)
    states, flight = fly(process, 0.3, values, trials=150)
    a, c = process.relaxation_matrix(), process.covariance()
    step = expm(-a * 0.3)
    spread, mean = c - step @ c @ step.T, np.linalg.solve(a, values[1])
    gaps = [stop - mean - (start - mean) @ step.T for start, stop in ((states, flight.states), (flight.states, states))]
    there, back = (0.5 * np.einsum("ri,ij,rj->r", gap, np.linalg.inv(spread), gap) for gap in gaps)
    np.testing.assert_allclose(flight.flow, back - there, atol=1e-9)
    np.testing.assert_allclose(
        flight.work, -states @ np.linalg.solve(process.noise.matrix(), values[1] - values[0]), atol=1e-10
    )
    values, vectors = np.linalg.eigh(spread)
    z = STREAM.at(np.arange(150), 1).normals(process.size)
    np.testing.assert_allclose(gaps[0], z @ (vectors * np.sqrt(values)) @ vectors.T, atol=2e-5)


@pytest.mark.parametrize("name", EVERY)
def test_bits_do_not_depend_on_pieces_or_threads(name):
    process = EVERY[name]
    values = ramp(process, 9)
    if np.any(process.parity < 0):
        values = np.repeat(values[:1], 10, axis=0)
    block = process.driver(0.2).block
    trials = min(2 * block + 13, 300)
    _, whole = fly(process, 0.2, values, trials=trials)
    _, cut = fly(process, 0.2, values, trials=trials, cuts=(1, 4), threads=1)
    _, tail = fly(process, 0.2, values, trials=trials - block, first=block, threads=1) if trials > block else (0, whole)
    for one, other, part in ((w, c, t) for w, c, t in zip(*(_columns(f) for f in (whole, cut, tail)), strict=True)):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one[-len(part) :], part)


def _columns(flight):
    return flight.states, flight.work, flight.flow


# -- laws ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pair", "twisted", "ring"])
def test_states_keep_the_stationary_law_and_its_correlations(name):
    process, dt, steps = EVERY[name], 0.35, 3
    field = np.zeros(process.size)
    if name == "pair":
        field[:] = [0.4, -0.7]
    start, flight = fly(process, dt, np.repeat(field[None], steps + 1, axis=0))
    law, lagged = process.stationary_law(field), process.lagged_covariance(dt * steps)
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        now, then = flight.states[:, i] - law.mean[i], flight.states[:, j] - law.mean[j]
        mean_within(now * then, law.covariance[i, j], sigmas=4, resolution=0.1)
        mean_within(now * (start[:, j] - law.mean[j]), lagged[i, j], sigmas=4, resolution=0.1)
    mean_within(flight.states[:, 0], law.mean[0], sigmas=4, resolution=0.1)
    turned = process.lagged_covariance(-dt * steps)
    gap = max(abs(lagged[0, 1] - turned[0, 1]), abs(lagged[0, 0] - law.covariance[0, 0]))
    assert gap > 0.05, "able to tell the order of times"


@pytest.mark.parametrize(
    ("name", "dt"), [("pair", 0.5), ("odd pair", 0.3), ("twisted", 0.4), ("ring", 0.2), ("five", 0.4)]
)
def test_mean_flow_is_the_coarse_grained_entropy_production(name, dt):
    process = EVERY[name]
    steps = 40
    _, flight = fly(process, dt, np.zeros((steps + 1, process.size)))
    rate = flight.flow / (steps * dt)
    exact = process.coarse_grained_entropy_production(dt).value
    mean_within(rate, exact, sigmas=4, resolution=0.4 * exact)
    if name in ("pair", "ring", "five"):
        assert process.entropy_production().value - exact > 4 * rate.std() / np.sqrt(TRIALS), "not the whole of it"


# -- theorems -----------------------------------------------------------------------------------------


def total(process, values, states, flight):
    """ln p0(x0) - ln p1(e xK) + flow: p1 is a law that is not reached."""
    first, last = process.stationary_law(values[0]), process.stationary_law(values[-1])
    boundary = first.log_probability(states) - last.log_probability(flight.states * process.parity)
    return boundary, boundary + flight.flow


@pytest.mark.parametrize("parity", [None, [1, -1]], ids=["even", "odd"])
def test_the_integral_theorem_holds_at_a_coarse_step(parity):
    process = LinearLangevin(*ODD, parity)
    values = np.repeat([[0.3, -0.4]], 4, axis=0)
    if parity is None:
        values = ramp(process, 3)
    start, flight = fly(process, 0.4, values)
    boundary, production = total(process, values, start, flight)
    mean_within(np.exp(-production), 1, sigmas=4, resolution=0.2)
    with pytest.raises(AssertionError):
        mean_within(np.exp(-boundary), 1, sigmas=4)
    if parity is not None:  # the same states as those of even coordinates, another flow, the same theorem
        even = LinearLangevin(*ODD)
        _, other = fly(even, 0.4, values, states=start)
        np.testing.assert_array_equal(other.states, flight.states)
        mean_within(np.exp(-total(even, values, start, other)[1]), 1, sigmas=4, resolution=0.2)
        gap = other.flow - flight.flow
        assert abs(gap.mean()) > 10 * gap.std() / np.sqrt(TRIALS)


def test_at_equilibrium_flow_is_heat_and_work_is_a_free_energy():
    gains = np.array([0.5, 1, 1.5])
    couplings = np.array([[0, 0.3, 0.1], [0.3, 0, 0.2], [0.1, 0.2, 0]])
    process = LinearLangevin(np.eye(3) - couplings * gains, 0.6 / gains)
    driver = process.driver(0.3)
    assert driver.flow_of_heat == -1.0 and driver.kernel == "exact step, coarse-grained flow"
    values = np.linspace([0.1, -0.2, 0.3], [0.9, 0.5, -0.4], 5)
    start, flight = fly(process, 0.3, values)
    change = process.energy(flight.states, values[-1]) - process.energy(start, values[0])
    heat = change - flight.work
    np.testing.assert_allclose(flight.flow, -heat, atol=1e-10)
    assert np.std(heat) > 0.5

    def free_energy(field):
        mean = np.linalg.solve(process.relaxation_matrix(), field)
        return -0.5 * mean @ np.linalg.inv(process.covariance()) @ mean

    exact = free_energy(values[-1]) - free_energy(values[0])
    estimate = -(logsumexp(-flight.work) - np.log(TRIALS))
    weights = np.exp(-flight.work)
    error = weights.std() / weights.mean() / np.sqrt(TRIALS)
    assert_within(estimate, error, exact, sigmas=4, resolution=0.2)
    after = -process.activity(flight.states) @ (values[-1] - values[-2]) + process.activity(start) @ (
        values[1] - values[0]
    )  # as if the last change had come after its move, and the first not at all
    with pytest.raises(AssertionError):
        wrong = -(logsumexp(-(flight.work + after)) - np.log(TRIALS))
        assert_within(wrong, error, exact, sigmas=4)


def test_an_oscillator_driven_by_a_force():
    values = np.linspace([0, 0], [0, 0.8], 7)
    start, flight = fly(OSCILLATOR, 0.4, values)
    change = OSCILLATOR.energy(flight.states, values[-1]) - OSCILLATOR.energy(start, values[0])
    np.testing.assert_allclose(flight.flow, flight.work - change, atol=1e-9)
    assert OSCILLATOR.driver(0.4).flow_of_heat is None
    kT, stiffness = 0.6, 1.5
    mean_within(np.exp(-flight.work), np.exp(0.8**2 / (2 * stiffness * kT)), sigmas=4, resolution=0.5)


def test_forward_and_reverse_works_mirror():
    """Crooks for Gaussian works: means sum to the variance; here <W_F> + <W_R> = var W, var alike."""
    process, values = LinearLangevin([[1.0]], 0.5), np.array([[0.0], [0.4], [1.0]])
    _, forward = fly(process, 0.5, values)
    _, back = fly(process, 0.5, values[::-1], relax_first=True, first=10**6)
    total = forward.work.mean() + back.work.mean()
    variance = (forward.work.var() + back.work.var()) / 2
    assert_within(total - variance, np.sqrt(2 * variance / TRIALS + variance**2 / TRIALS), 0, sigmas=4, resolution=0.1)
    naive = fly(process, 0.5, values[::-1], first=10**6)[1]
    np.testing.assert_allclose(naive.work.mean(), back.work.mean(), atol=4 * np.sqrt(2 * variance / TRIALS))


# -- contract and bad input ---------------------------------------------------------------------------


def test_what_a_driver_says():
    for process, block in ((EVERY["pair"], 64), (EVERY["forty"], 1024), (EVERY["ring"], 64), (large(300), 128)):
        driver = process.driver(0.1)
        assert driver.block == block and driver.cost > 0 and driver.flow_of_heat is None


def test_bad_input():
    pair = EVERY["pair"]
    for dt, says in ((0, "dt must be positive"), (-1, "dt must be positive"), ("x", "dt must be one number")):
        with pytest.raises(InputError, match=says):
            pair.driver(dt)
    with pytest.raises(InputError, match="does not reach every coordinate"):
        LinearLangevin(np.eye(2), [1, 0]).driver(0.1)
    with pytest.raises(InputError, match="an input cannot be driven here: D is singular"):
        fly(LinearLangevin(A, [1, 0]), 0.2, ramp(pair), trials=10)
    with pytest.raises(InputError, match="an input cannot be driven here: with odd"):
        fly(TWISTED, 0.2, ramp(TWISTED), trials=10)
    with pytest.raises(InputError, match="forces on the odd ones alone do work"):
        fly(OSCILLATOR, 0.2, np.linspace([0, 0], [1, 0], 3), trials=10)
