"""Steps carried in one kernel: against the driver that evaluates drifts in NumPy, and against loops written out."""

from dataclasses import replace

import numpy as np
import pytest

from neurothermo import InputError, Langevin, NeuralField, RateNetwork, gains, hold, kernels, simulate
from neurothermo.core.flight import Flight
from neurothermo.core.randomness import Stream
from neurothermo.dynamics.langevin.driver import langevin_driver
from neurothermo.engine.carried import CarriedDriver, Matrix, Ring
from neurothermo.engine.forced import ForcedDriver, IndependentNoise

TANH, LOGISTIC = gains.tanh(1.7, -0.3), gains.logistic(2.5, 0.4)
NUMBERS = Stream.of(3, "carried")


def network(size, gain=TANH, seed=1):
    random = np.random.default_rng(seed)
    couplings = random.normal(0, 1.5 / np.sqrt(size), (size, size))
    return RateNetwork(couplings, gain, random.uniform(0.5, 2, size), random.normal(0, 0.3, size))


def ring(points, gain=LOGISTIC, **options):
    random = np.random.default_rng(points)
    kernel = kernels.gaussian(2.0, 0.7, shift=0.4)
    noise, current = random.uniform(0.02, 0.1, points), random.normal(0.1, 0.3, points)
    return NeuralField(12.0, points, kernel, gain, **{"tau": 0.6, "noise": noise, "input": current, **options})


def baths(size):
    return np.linspace(0.3, 0.9, size)


def driven(size, steps, seed=2):
    """Inputs that rise, stay, and rise again."""
    random = np.random.default_rng(seed)
    one, two, three = random.normal(0, 1, (3, size))
    rise = [(1 - part) * one + part * two for part in np.linspace(0, 1, steps - 3)]
    return np.array([*rise, two, two, three, three])


def carried(driver, values, *, trials=37, reverse=False, threads=1, pieces=1, first_trial=0, start=None):
    """States, work and flow after these inputs."""
    if start is None:
        start = np.random.default_rng(4).normal(0, 1, (300, values.shape[1]))[first_trial:][:trials]
    flight = Flight.of(np.asarray(start, dtype=np.float32), first_trial, NUMBERS)
    for cut in np.array_split(np.arange(1, len(values)), pieces):
        driver.carry(flight, values[cut[0] - 1 : cut[-1] + 1], int(cut[0]), reverse, threads)
    return flight.states, flight.work, flight.flow


def close(one, other, size):
    for ours, theirs, room in zip(one, other, (1e-5, 1e-5, 3e-5), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=room * np.sqrt(size))


# -- against the drivers that evaluate drifts in NumPy -------------------------------------------------


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("gain", [TANH, LOGISTIC, gains.tanh()], ids=repr)
@pytest.mark.parametrize("size", [1, 3, 8, 101])
def test_networks_go_where_their_forces_lead(size, gain, reverse):
    driver = langevin_driver(network(size, gain), Langevin(0.08), baths(size), plain=False)
    assert isinstance(driver, CarriedDriver) and isinstance(driver.reference, ForcedDriver)
    values = driven(size, 8)
    ours, theirs = (carried(which, values, reverse=reverse) for which in (driver, driver.reference))
    close(ours, theirs, size)
    assert np.abs(theirs[1]).max() > 0.3 and np.abs(theirs[2]).max() > 1, "nothing moved"
    turned = carried(driver, values, reverse=not reverse)
    with pytest.raises(AssertionError):
        close(turned, theirs, size)


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("points", [64, 128, 512])
def test_fields_go_where_their_forces_lead(points, reverse):
    driver = ring(points).driver(0.05)
    assert isinstance(driver, CarriedDriver)
    values = driven(points, 8)
    ours, theirs = (carried(which, values, reverse=reverse) for which in (driver, driver.reference))
    close(ours, theirs, points)
    assert np.abs(theirs[1]).max() > 0.05 and np.abs(theirs[2]).max() > 1, "nothing moved"


def test_the_loop_written_out():
    """In double precision, on the same addresses."""
    system, temperature, dt, trials = network(5, LOGISTIC), baths(5), 0.1, 40
    values = driven(5, 9)
    start = np.random.default_rng(8).normal(0, 1, (trials, 5)).astype(np.float32)
    x, work, flow = start.astype(np.float64), np.zeros(trials), np.zeros(trials)

    def activity(x):
        return 1 / (1 + np.exp(-2.5 * (x - 0.4)))

    def force(x, field):
        return activity(x) @ system.couplings.T - x / system.resistance + system.input + field

    for step in range(1, len(values)):
        work -= activity(x) @ (values[step] - values[step - 1])
        before = force(x, values[step])
        normal = NUMBERS.at(np.arange(trials), step).normals(5)
        there = x + dt * before + np.sqrt(2 * temperature * dt) * normal
        after = force(there, values[step])
        ends = (x - there - dt * after) ** 2 - (there - x - dt * before) ** 2
        flow += (ends / (4 * temperature * dt)).sum(axis=1)
        x = there
    driver = langevin_driver(system, Langevin(dt), temperature, plain=False)
    close(carried(driver, values, start=start), (x, work, flow), 5)


@pytest.mark.parametrize("gain", [TANH, LOGISTIC], ids=repr)
def test_the_gain_is_good_to_single_precision(gain):
    """The work of a unit change of input is the activity."""
    states = np.concatenate([np.linspace(-12, 12, 20001), [-80, 80, -3e4, 3e4, 0, 1e-20]]).astype(np.float32)
    driver = langevin_driver(RateNetwork([[0.0]], gain), Langevin(0.01), 1.0, plain=False)
    _, work, _ = carried(driver, np.array([[0.0], [1.0]]), start=states[:, None])
    assert np.abs(-work - gain(states.astype(np.float64))).max() < 3e-7


# -- the convolution -----------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [64, 128, 256, 512, 1024, 2048, 4096, 32768])
def test_a_ring_is_coupled_by_its_kernel(points):
    """From no noise and no leak: one step adds the convolution of the activity with a lopsided kernel."""
    random = np.random.default_rng(points)
    column = random.normal(size=points) * np.exp(-np.arange(points) / 20)
    transfer = np.fft.fft(column)
    noise = IndependentNoise(np.ones(points), np.zeros(points), 1.0, False)
    forced = ForcedDriver(lambda states: (states, states), lambda v: v, lambda v: v, points, noise, 1.0)
    still = np.zeros(points)
    driver = CarriedDriver(forced, Ring(transfer), still, still, (1.0, 0.0, 1.0, 0.0))
    start = random.normal(size=(20, points)).astype(np.float32)
    states, _, _ = carried(driver, np.zeros((2, points)), start=start)
    activity = np.tanh(start.astype(np.float64))
    expected = np.fft.ifft(np.fft.fft(activity) * transfer).real
    scale = np.sqrt(np.mean(expected**2))
    assert np.abs(states - start - expected).max() < 2e-6 * scale
    turned = np.fft.ifft(np.fft.fft(activity) * transfer.conj()).real
    assert np.abs(states - start - turned).max() > scale


# -- to the bit ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["network", "odd network", "ring"])
def test_bits_do_not_depend_on_threads_pieces_or_chunks(case):
    size = {"network": 100, "odd network": 35, "ring": 64}[case]
    driver = (
        ring(64).driver(0.05) if case == "ring" else langevin_driver(network(size), Langevin(0.05), 0.5, plain=False)
    )
    values, trials = driven(size, 11), 3 * driver.block - 7
    start = np.random.default_rng(4).normal(0, 1, (trials, size))
    whole = carried(driver, values, start=start)
    for options in ({"threads": 3}, {"pieces": 4}, {"pieces": len(values) - 1, "threads": 2}):
        for one, other in zip(whole, carried(driver, values, start=start, **options), strict=True):
            np.testing.assert_array_equal(one, other)
    rest = carried(driver, values, start=start[driver.block :], first_trial=driver.block)
    for one, other in zip(whole, rest, strict=True):
        np.testing.assert_array_equal(one[driver.block :], other)


def test_ledgers_are_the_same_for_any_chunk_and_threads():
    field = ring(128)
    runs = [
        simulate(field, hold(np.zeros(128), 20), dt=0.05, trials=150, seed=5, initial=np.zeros(128), **options)
        for options in ({"threads": 1}, {"threads": 2, "chunk": 64})
    ]
    for name in ("work", "entropy_flow"):
        np.testing.assert_array_equal(runs[0][name], runs[1][name])
    assert "carried" in runs[0].attrs["kernel"]


# -- what goes wrong -----------------------------------------------------------------------------------


def test_a_motion_that_diverges_is_named_as_the_reference_names_it():
    driver = langevin_driver(replace(network(3), resistance=1e-3), Langevin(0.01), 0.5, plain=False)
    sentences = []
    for which in (driver, driver.reference):
        with pytest.raises(InputError, match=r"at step \d+ for trial \d+; .* dt = 0.01 is too large") as caught:
            carried(which, np.zeros((200, 3)))
        sentences.append(str(caught.value))
    assert sentences[0] == sentences[1]


def test_a_trial_that_starts_out_of_numbers_is_named():
    driver = ring(64).driver(0.05)
    start = np.zeros((150, 64), dtype=np.float32)
    start[131, 7] = 3e38
    with pytest.raises(InputError, match="at step 1 for trial 131"):
        carried(driver, np.full((3, 64), 0.0), start=np.where(start > 0, np.inf, start))


def test_a_direction_without_noise_has_no_flow():
    system = network(4)
    driver = langevin_driver(system, Langevin(0.05), 0.5, plain=False)
    bath = replace(driver.reference.bath, diffusion=np.array([0.5, 0.0, 0.5, 0.5]))
    states, _, flow = carried(replace(driver, reference=replace(driver.reference, bath=bath)), driven(4, 6))
    assert np.all(np.isnan(flow)) and np.all(np.isfinite(states))


# -- which driver --------------------------------------------------------------------------------------


def test_what_the_kernel_does_not_know_goes_the_general_way():
    mine = gains.Gain("mine", np.tanh, lambda u: 1 / np.cosh(u) ** 2)
    assert isinstance(langevin_driver(network(3, mine), Langevin(0.05), 0.5, False), ForcedDriver)
    assert isinstance(langevin_driver(network(3, gains.linear(0.5)), Langevin(0.05), 0.5, False), ForcedDriver)
    assert isinstance(langevin_driver(network(3), Langevin(0.05, step="heun"), 0.5, False), ForcedDriver)
    steep = network(3, gains.tanh(1e39, 0.1))
    assert isinstance(langevin_driver(steep, Langevin(0.05), 0.5, False), ForcedDriver)
    smooth = kernels.gaussian(0.1, 0.3) + kernels.delta(0.1)
    others = [
        ring(100), ring(32), ring(64, LOGISTIC, noise=smooth), ring(64, gains.linear(0.2)),
        ring(64, LOGISTIC, boundary="open"), NeuralField((6, 6), (8, 8), kernels.gaussian(0.5, 0.7), LOGISTIC),
    ]  # fmt: skip
    for field in others:
        assert isinstance(field.driver(0.05), ForcedDriver), field


def test_a_coupling_is_as_wide_as_its_cache():
    assert [Matrix(np.eye(1)).lanes(size) for size in (1, 16, 100, 10**5)] == [512, 512, 64, 64]


def test_a_sigmoid_must_be_that_of_the_gain():
    with pytest.raises(InputError, match="sigmoid is not that of function"):
        gains.Gain("mine", np.tanh, lambda u: 1 / np.cosh(u) ** 2, sigmoid=gains.Sigmoid(1.1, 0.0, 1.0, 0.0))
    with pytest.raises(InputError, match="sigmoid must be a Sigmoid"):
        gains.Gain("mine", np.tanh, lambda u: 1 / np.cosh(u) ** 2, sigmoid=(1.0, 0.0, 1.0, 0.0))
    same = gains.Gain("mine", np.tanh, lambda u: 1 / np.cosh(u) ** 2, sigmoid=gains.Sigmoid(1.0, 0.0, 1.0, 0.0))
    assert isinstance(langevin_driver(network(3, same), Langevin(0.05), 0.5, False), CarriedDriver)
