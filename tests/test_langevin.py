"""Langevin runs: normals, kernels against the plain rule, books of each trial, starts, records, and what is refused."""

import warnings

import numpy as np
import pytest
import xarray

from assertions import mean_within
from neurothermo import Glauber, InputError, SpinNetwork, ramp, simulate
from neurothermo.core.gaussian import Gaussian
from neurothermo.core.randomness import Stream
from neurothermo.dynamics import Langevin
from neurothermo.engine.normals import fill
from neurothermo.ensemble import burn_in
from neurothermo.systems import DriftSystem, RateNetwork, gains

# -- normals -----------------------------------------------------------------------------------------

STREAM = Stream.of(3, "normals")


def compiled(trials, draws, first_trial=0, step=1, stream=STREAM):
    numbers = np.empty((trials, draws), dtype=np.float32)
    fill(numbers, np.uint64(stream.first), np.uint64(stream.second), first_trial, step)
    return numbers


@pytest.mark.parametrize("draws", [1, 2, 3, 16, 33, 200])
@pytest.mark.parametrize("first_trial, step", [(0, 0), (1000, 7), (10**9, 10**6)])
def test_compiled_normals_are_those_of_the_address(draws, first_trial, step):
    plain = STREAM.at(first_trial + np.arange(50), step).normals(draws)
    gap = np.abs(compiled(50, draws, first_trial, step) - plain)
    assert np.quantile(gap, 0.99) < 2e-6 and gap.max() < 3e-4  # rare radii near 0 come from the logarithm of nearly 1


def test_normals_have_the_moments_of_normals():
    z = compiled(20_000, 50).astype(np.float64).ravel()
    n = z.size
    for power, exact, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10395 - 225)]:
        assert abs(np.mean(z**power) - exact) < 4 * np.sqrt(variance / n), power
    counts = np.histogram(z, bins=[-np.inf, -3, -2, -1, 0, 1, 2, 3, np.inf])[0] / n
    expected = np.array([0.001349898, 0.021400234, 0.135905122, 0.341344746])
    expected = np.append(expected, expected[::-1])
    assert np.all(np.abs(counts - expected) < 4 * np.sqrt(expected / n)) and 4.5 < np.abs(z).max() < 6.7


def test_normals_of_other_trials_steps_and_draws_are_independent():
    z = compiled(4000, 33).astype(np.float64)
    pairs = {
        "draws": (z[:, :-1], z[:, 1:]),
        "halves of a pair": (z[:, :16], z[:, 17:]),
        "trials": (z[:-1], z[1:]),
        "steps": (z, compiled(4000, 33, step=2)),
        "runs": (z, compiled(4000, 33, stream=Stream.of(3, "others"))),
        "seeds": (z, compiled(4000, 33, stream=Stream.of(4, "normals"))),
    }
    for name, (one, other) in pairs.items():
        for function in (np.asarray, np.square):
            assert abs(np.corrcoef(function(one).ravel(), function(other).ravel())[0, 1]) < 4 / np.sqrt(one.size), name


# -- kernels against the plain rule --------------------------------------------------------------------


def tilted_energy(x):
    return x[:, 0] ** 2 / 2 + 0.3 * x[:, 1] ** 2 + 0.6 * np.sin(x[:, 0]) * np.cos(x[:, 1])


def tilted_force(x):
    one, two = x[:, 0], x[:, 1]
    return np.stack([-one - 0.6 * np.cos(one) * np.cos(two), -0.6 * two + 0.6 * np.sin(one) * np.sin(two)], axis=1)


TILTED = DriftSystem(tilted_force, 2, tilted_energy)
TURNING = DriftSystem(lambda x: tilted_force(x) + 0.5 * x[:, ::-1] * [1, -1], 2, name="turning")


def network(size, *, symmetric=False, gain=None, seed=5):
    rng = np.random.default_rng(seed)
    couplings = rng.normal(0.1, 2, (size, size)) / np.sqrt(size)
    couplings = (couplings + couplings.T) / 2 if symmetric else couplings
    return RateNetwork(couplings, gain or gains.logistic(), rng.uniform(0.5, 2, size), rng.normal(0.2, 0.3, size))


def drive(size, steps=6, seed=6):
    rng = np.random.default_rng(seed)
    return ramp(rng.normal(0, 0.5, size), rng.normal(0.3, 1.0, size), steps)


SYSTEMS = {
    "three": network(3),
    "symmetric": network(8, symmetric=True),
    "tanh": network(35, gain=gains.tanh()),
    "rectified": network(5, gain=gains.threshold_linear(-0.3)),
    "drift": TURNING,
    "energy": TILTED,
}


@pytest.mark.parametrize("step", ["euler-maruyama", "heun"])
@pytest.mark.parametrize("system", SYSTEMS.values(), ids=list(SYSTEMS))
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("baths", [False, True], ids=["one bath", "several baths"])
def test_fused_kernels_and_the_plain_rule_agree_trial_by_trial(step, system, reverse, baths):
    protocol = drive(system.size).reversed() if reverse else drive(system.size)
    start = np.random.default_rng(7).normal(0, 1, (100, system.size)).astype(np.float32).astype(np.float64)
    options = {"temperature": np.linspace(0.4, 1.5, system.size) if baths else 0.8, "trials": 100, "seed": 3,
               "initial": start, "record": ("states", "flow", "work", "activities")}  # fmt: skip
    fast, plain = (
        simulate(system, protocol, Langevin(0.07, step=step), **options, plain=plain) for plain in (0 > 1, True)
    )
    assert "fused" in fast.attrs["kernel"] and "plain" in plain.attrs["kernel"]
    for name in ("states", "activities", "work", "work_steps"):
        np.testing.assert_allclose(fast[name], plain[name], rtol=0, atol=1e-5 * np.sqrt(system.size), err_msg=name)
    for name in ("entropy_flow", "flow_steps"):
        np.testing.assert_allclose(fast[name], plain[name], rtol=0, atol=4e-5 * system.size, err_msg=name)
    assert abs(plain.work).max() > 0.3 and abs(plain.entropy_flow).max() > 1, "nothing moved"
    if system.has_energy:
        np.testing.assert_allclose(fast.heat, plain.heat, atol=1e-4)


@pytest.mark.parametrize("step", ["euler-maruyama", "heun"])
def test_a_run_by_hand_has_the_ledgers_work_flow_and_states(step):
    """The loop written out: change the input, work; move at the new one, flow; on the run's own addresses."""
    system, protocol = TURNING, drive(2)
    start = np.random.default_rng(7).normal(0, 1, (20, 2))
    ledger = simulate(system, protocol, Langevin(0.07, step=step), temperature=0.8, trials=20, seed=3, initial=start,
                      stream="by hand", record="states", plain=True)  # fmt: skip
    x, work, flow, stream = start, np.zeros(20), np.zeros(20), Stream.of(3, "stream by hand")
    for k in range(1, protocol.steps + 1):
        work -= x @ (protocol.values[k] - protocol.values[k - 1])
        kick = np.sqrt(2 * 0.8 * 0.07) * stream.at(np.arange(20), k).normals(2)
        force = system.force(x) + protocol.values[k]
        new = x + 0.07 * force + kick
        if step == "heun":
            new = x + 0.07 * (force + system.force(new) + protocol.values[k]) / 2 + kick
        after = system.force(new) + protocol.values[k]
        if step == "heun":
            flow += ((new - x) * (force + after)).sum(axis=1) / 1.6
        else:
            there, back = new - x - 0.07 * force, x - new - 0.07 * after
            flow += ((back**2 - there**2) / (4 * 0.8 * 0.07)).sum(axis=1)
        x = new
    np.testing.assert_allclose(ledger.states[:, -1], x, atol=1e-12)
    np.testing.assert_allclose(ledger.work, work, atol=1e-12)
    np.testing.assert_allclose(ledger.entropy_flow, flow, atol=1e-10)


# -- the books of each trial -----------------------------------------------------------------------------

PHASES = Gaussian([0.4, -0.2, 0.3, 0.0], np.diag([0.6, 0.8, 1.0, 0.7]))
BOOKS = {
    "euler-maruyama": (TILTED, Langevin(0.1), None),
    "heun": (TILTED, Langevin(0.1, step="heun"), None),
    "metropolis": (network(3, symmetric=True), Langevin(0.1, "boltzmann"), None),
    "midpoint": (network(3, symmetric=True), Langevin(0.02, "boltzmann", "midpoint"), None),
    "baoab": (TILTED, Langevin(0.1, "underdamped", friction=2.0), PHASES),
}


@pytest.mark.parametrize("system, rule, law", BOOKS.values(), ids=list(BOOKS))
def test_first_law_and_shadow_work_in_every_trial(system, rule, law):
    start = law or np.random.default_rng(1).normal(0, 1, (200, system.size))
    for protocol in (drive(system.size), drive(system.size).reversed()):
        ledger = simulate(system, protocol, rule, temperature=0.7, trials=200, seed=2, initial=start,
                          record=("states", "energies", "work", "flow"))  # fmt: skip
        change = ledger.energy_final - ledger.energy_initial
        np.testing.assert_allclose(ledger.work + ledger.heat, change, atol=1e-12)
        np.testing.assert_allclose(ledger.shadow_work, 0.7 * ledger.entropy_flow + ledger.heat, atol=1e-12)
        np.testing.assert_allclose(ledger.energies[:, -1], ledger.energy_final, atol=1e-12)
        np.testing.assert_allclose(ledger.work_steps.sum("time"), ledger.work, atol=1e-12)
        np.testing.assert_allclose(ledger.flow_steps.sum("time"), ledger.entropy_flow, atol=1e-12)
        places, inputs = ledger.states.values[:, :, : system.size], np.diff(protocol.values, axis=0)
        coupled = system.activity(places)[:, 1:] if protocol.relax_first else system.activity(places)[:, :-1]
        np.testing.assert_allclose(ledger.work, -(coupled * inputs).sum(axis=(1, 2)), atol=1e-5)
        if rule.step_for(system) == "metropolis":
            np.testing.assert_allclose(ledger.entropy_flow, -ledger.heat / 0.7, atol=1e-12)
            np.testing.assert_allclose(ledger.shadow_work, 0, atol=1e-12)
        else:
            assert abs(ledger.shadow_work).max() > 1e-4
        assert abs(ledger.heat).max() > 0.5


def test_shadow_work_shrinks_with_the_step():
    def size(dt, step):
        ledger = simulate(TILTED, round(1 / dt), Langevin(dt, step=step), temperature=0.7, trials=500, seed=2,
                          plain=True, initial=[0.5, -1.0])  # fmt: skip
        return float(abs(ledger.shadow_work).mean())

    for step in ("euler-maruyama", "heun"):
        assert size(0.01, step) < 0.4 * size(0.1, step) > 0.002


# -- the same bits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "system, rule",
    [(network(35), Langevin(0.05)), (network(35), Langevin(0.05, step="heun")), (TURNING, Langevin(0.05)),
     (network(9, symmetric=True), Langevin(0.05, "boltzmann")), (network(9), Langevin(0.02, "boltzmann")),
     (TURNING, Langevin(0.05, "underdamped"))],
    ids=lambda value: str(value)[:50],
)  # fmt: skip
def test_same_bits_for_any_threads_chunks_and_records(system, rule):
    dimension = rule.subject(system).dimension
    start = Gaussian(np.zeros(dimension), np.eye(dimension))
    options = {"temperature": 0.8, "trials": 5000, "seed": 11, "initial": start}
    protocol = drive(system.size, steps=4)
    whole = simulate(system, protocol, rule, **options, threads=1)
    for other in (
        simulate(system, protocol, rule, **options, threads=2, chunk=130),
        simulate(system, protocol, rule, **options, record=("states", "flow"), every=3),
        simulate(system, protocol, rule, **{**options, "trials": 77}),
    ):
        for name in set(whole.data_vars):
            np.testing.assert_array_equal(whole[name].values[: other.sizes["trial"]], other[name].values, err_msg=name)


def test_one_trial_is_the_first_of_many():
    options = {"temperature": 0.8, "seed": 11, "initial": [0.5, -1.0]}
    for step in ("euler-maruyama", "heun"):
        one, many = (
            simulate(TURNING, 3, Langevin(0.1, step=step), **options, trials=n).entropy_flow.values for n in (1, 90)
        )
        assert one[0] == many[0] != many[1]


# -- starts ------------------------------------------------------------------------------------------------


def double_well(depth, tilt=0.0):
    return DriftSystem(
        lambda x: 4 * depth * (x - x**3) + tilt, 1, lambda x: depth * (x[:, 0] ** 4 - 2 * x[:, 0] ** 2) - tilt * x[:, 0]
    )


def test_a_shallow_double_well_starts_in_its_equilibrium():
    well = double_well(1.0, 0.4)
    ledger = simulate(well, 1, Langevin(0.002), temperature=0.7, trials=6000, seed=3, record="states")
    assert "agree" in ledger.attrs["initial_route"]
    x = np.linspace(-4, 4, 4001)
    weight = np.exp(-well.energy(x[:, None], np.zeros(1)) / 0.7)
    for power in (1, 2):
        assert abs(ledger.states[:, 0, 0]).max() < 2.4, "a trial is stuck where it started"
        mean_within(ledger.states[:, 0, 0] ** power, (weight * x**power).sum() / weight.sum(), resolution=0.1)
    with pytest.raises(AssertionError):
        mean_within(ledger.states[:, 0, 0], 0.0)


@pytest.mark.parametrize(
    "system, temperature",
    [(double_well(10.0), 0.2), (RateNetwork([[30.0]], input=-15.0), 0.05)],
    ids=["deep wells", "two states of a neuron"],
)
def test_a_metastable_start_says_so(monkeypatch, system, temperature):
    monkeypatch.setitem(burn_in.LONGEST, "variables", 512)
    ledger = simulate(system, 1, Langevin(0.001, "boltzmann"), temperature=temperature, trials=50, seed=3)
    assert "NOT CONVERGED" in ledger.attrs["initial_route"] and "metastable" in ledger.attrs["initial_route"]


def test_cold_equilibrium_is_right_where_there_is_one_state():
    """kT a thousandth of the energies: the burn-in finds steps short enough."""
    ledger = simulate(TILTED, 1, Langevin(0.001, "boltzmann"), temperature=1e-3, trials=4000, seed=3, record="states")
    from scipy.optimize import minimize

    lowest = minimize(lambda x: tilted_energy(x[None])[0], [-0.5, 0.0], tol=1e-12).x
    assert "agree" in ledger.attrs["initial_route"]
    for i in range(2):
        mean_within(ledger.states[:, 0, i], lowest[i], sigmas=5, resolution=0.02)


def test_free_diffusion_and_runaways_have_no_law_to_start_from(monkeypatch):
    monkeypatch.setitem(burn_in.LONGEST, "variables", 1024)
    with pytest.raises(InputError, match="cannot be normalised"):
        free = DriftSystem(np.zeros_like, 1, lambda x: np.zeros(len(x)))
        simulate(free, 1, Langevin(0.1), temperature=1.0, trials=20, seed=1)
    ledger = simulate(DriftSystem(np.zeros_like, 1), 1, Langevin(0.1), temperature=1.0, trials=20, seed=1)
    assert "NOT CONVERGED" in ledger.attrs["initial_route"]
    with warnings.catch_warnings(), pytest.raises(InputError, match="trials run away"):
        warnings.simplefilter("ignore")
        simulate(DriftSystem(lambda x: x, 1), 1, Langevin(0.4), temperature=1.0, trials=20, seed=1)


@pytest.mark.parametrize("step", ["metropolis", pytest.param("midpoint", marks=pytest.mark.slow)])
def test_a_strongly_driven_network_settles_inside_its_box(step):
    """At an input of 25 kT scattered starts must not sit on V = 1 to the last bit; p(V) ~ exp(25 V) there."""
    net = RateNetwork([[0.0]], input=25.0)
    ledger = simulate(
        net, 1, Langevin(1e-3, "boltzmann", step), temperature=1.0, trials=1000, seed=1, record="activities"
    )
    assert "agree" in ledger.attrs["initial_route"]
    v = (np.arange(100_000) + 0.5) / 100_000
    weight = np.exp(25 * (v - 1) - v * np.log(v) - (1 - v) * np.log(1 - v))
    mean_within(1 - ledger.activities[:, 0, 0], (weight * (1 - v)).sum() / weight.sum(), resolution=0.01)


@pytest.mark.parametrize("temperature", [0.8, [0.5, 2.0]])
def test_velocities_without_equilibrium_start_from_a_burn_in(temperature):
    ledger = simulate(
        TURNING, 3, Langevin(0.1, "underdamped"), temperature=temperature, trials=70, seed=1, record="states"
    )
    assert ledger.attrs["initial"] == "stationary" and "burn-in" in ledger.attrs["initial_route"]
    assert ledger.states.shape == (70, 4, 4)


@pytest.mark.parametrize("trials", [1, 5, 20])
def test_few_trials_may_start_from_given_states(trials):
    for initial in ([0.5, -1.0], np.full((trials, 2), 0.5)):
        ledger = simulate(TURNING, 2, Langevin(0.1), temperature=1.0, trials=trials, seed=1, initial=initial)
        assert ledger.sizes["trial"] == trials and ledger.attrs["initial"] == "given"


class Ones:
    """A law of a user's own, in whole numbers."""

    def __init__(self, draw):
        self.draw = draw

    def log_probability(self, states):
        return np.zeros(len(states))


def test_a_law_in_whole_numbers_does_not_truncate_what_follows():
    whole = Ones(lambda address: np.ones((len(address.trials), 2), dtype=int))
    for plain in (False, True):
        ledger = simulate(TURNING, 2, Langevin(0.1), temperature=1.0, trials=9, seed=1, initial=whole, record="states",
                          plain=plain)  # fmt: skip
        assert np.all(ledger.states[:, -1] % 1 != 0) and ledger.attrs["initial"] == "given law"


@pytest.mark.parametrize(
    "draw, words",
    [
        (lambda address: np.zeros((len(address.trials), 3)), r"initial.draw\(address\) must have shape"),
        (lambda address: np.zeros(len(address.trials)), r"initial.draw\(address\) must have shape"),
        (lambda address: np.full((len(address.trials), 2), np.nan), "must be finite"),
        (lambda address: "states", "must be an array of numbers"),
    ],
)
def test_a_law_that_draws_nonsense_is_refused(draw, words):
    with pytest.raises(InputError, match=words):
        simulate(TURNING, 2, Langevin(0.1), temperature=1.0, trials=40, initial=Ones(draw))


# -- records and files ----------------------------------------------------------------------------------------


def test_a_ledger_of_real_variables_survives_netcdf(tmp_path):
    net = network(3, symmetric=True)
    ledger = simulate(net, drive(3), Langevin(0.1, "boltzmann"), temperature=0.9, trials=10, seed=2,
                      initial=[0.1, 0.2, 0.3], record=("states", "activities", "energies"), every=4)  # fmt: skip
    assert list(ledger.time) == [0, 4, 6]
    np.testing.assert_allclose(ledger.activities, net.gain(ledger.states.values))
    ledger.to_netcdf(tmp_path / "ledger.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "ledger.nc", engine="h5netcdf") as again:
        xarray.testing.assert_equal(again.load(), ledger)
        assert again.attrs["rule"] == ledger.attrs["rule"] and "log ratio" in again.attrs["flow"]


# -- what is refused or warned of ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"dt": 0}, "dt must be positive"),
        ({"dt": -0.1}, "dt must be positive"),
        ({"dt": np.nan}, "dt must be finite"),
        ({"dt": "0.1"}, "dt must be one number"),
        ({"dt": True}, "dt must be one number"),
        ({"noise": "bolzmann"}, "did you mean 'boltzmann'"),
        ({"noise": None}, "noise must be one of"),
        ({"step": "rk4"}, "step must be one of"),
        ({"step": "metropolis"}, "step 'metropolis' does not go with noise='additive'"),
        ({"noise": "boltzmann", "step": "heun"}, "that takes 'metropolis' or 'midpoint'"),
        ({"noise": "underdamped", "step": "heun"}, "that takes 'baoab'"),
        ({"friction": 1.0}, "friction belongs to noise='underdamped'"),
        ({"noise": "underdamped", "friction": 0}, "friction must be positive"),
        ({"noise": "underdamped", "friction": [1, 2]}, "friction must be one number"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        Langevin(**{"dt": 0.1, **arguments})


SPINS = SpinNetwork([[0, 1.0], [1.0, 0]])
ASYMMETRIC = RateNetwork([[0, 1.0], [0.5, 0]])
RECTIFIED = RateNetwork([[0, 0.2], [0.2, 0]], gains.threshold_linear())


@pytest.mark.parametrize(
    "system, rule, options, words",
    [
        (SPINS, Langevin(0.1), {}, "Langevin moves real variables"),
        (TILTED, None, {}, "rule is needed: real variables move by Langevin"),
        (TILTED, Glauber(), {}, "rule is needed: real variables move by Langevin"),
        (TILTED, "Langevin", {}, "rule must be a rule of motion"),
        (TILTED, Langevin, {}, "rule must be a rule of motion"),
        (TILTED, Langevin(0.1), {"dt": 0.1}, "dt belongs to processes"),
        (TILTED, Langevin(0.1), {"temperature": None}, "temperature is needed"),
        (TILTED, Langevin(0.1), {"temperature": 0}, "temperature must be positive"),
        (TILTED, Langevin(0.1), {"temperature": 1e-42}, "out of range"),
        (TILTED, Langevin(1e-35), {}, "out of range"),
        (TILTED, Langevin(0.1), {"temperature": [1.0, 2.0, 3.0]}, r"temperature must have shape \(2,\)"),
        (TILTED, Langevin(0.1, "boltzmann"), {"temperature": [1.0, 2.0]}, "needs one temperature"),
        (TILTED, Langevin(0.1), {"temperature": [1.0, 2.0], "initial": "equilibrium"}, "needs one temperature"),
        (TURNING, Langevin(0.1, "boltzmann", "metropolis"), {}, "step 'metropolis' needs an energy"),
        (TURNING, Langevin(0.1), {"initial": "equilibrium"}, "needs an energy: no potential was given for 'turning'"),
        (ASYMMETRIC, Langevin(0.1, "boltzmann", "metropolis"), {}, "couplings are not symmetric"),
        (ASYMMETRIC, Langevin(0.1, "underdamped"), {}, "energy is a function of its positions"),
        (RECTIFIED, Langevin(0.1, "boltzmann"), {}, "does not know its second"),
        (TILTED, Langevin(0.1), {"protocol": np.zeros((3, 3))}, "got fields of length 3"),
        (TILTED, Langevin(0.1), {"initial": [1.0]}, r"initial must have shape \(any, 2\)"),
        (TILTED, Langevin(0.1), {"initial": np.ones((3, 2))}, "or one for each of 10 trials"),
        (TILTED, Langevin(0.1), {"initial": [np.nan, 0]}, "initial must be finite"),
        (TILTED, Langevin(0.1, "underdamped"), {"initial": [1.0, 0.0]}, r"initial must have shape \(any, 4\)"),
        (TILTED, Langevin(0.1), {"record": "overlaps"}, "stores patterns"),
        (TURNING, Langevin(0.1), {"record": "energies"}, "needs an energy"),
        (SPINS, None, {"record": "activities"}, "activities' is for real variables"),
    ],
)
def test_runs_that_cannot_be_are_refused(system, rule, options, words):
    arguments = {"protocol": 2, "temperature": 1.0, "trials": 10, **options}
    with pytest.raises(InputError, match=words) as caught:
        simulate(system, arguments.pop("protocol"), rule, **arguments)
    assert "\n" not in str(caught.value)


def holed(x):
    """Pushes right at unit speed; undefined beyond 1."""
    return np.where(x > 1.0, np.nan, np.ones_like(x))


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("rule", [Langevin(0.1), Langevin(0.1, step="heun"), Langevin(0.1, "boltzmann", "midpoint")],
                         ids=["euler-maruyama", "heun", "midpoint"])  # fmt: skip
def test_an_undefined_drift_is_reported_with_its_step_and_trial(rule, plain):
    """Without noise the second trial alone crosses 1, in its fourth step."""
    start = np.full((70, 1), -3.0)
    start[41] = 0.65
    with np.errstate(invalid="ignore"):
        system = DriftSystem(lambda x: holed(x - 8), 1)
        with pytest.raises(InputError, match="NaN or infinity") as caught:
            simulate(system, 8, rule, temperature=1e-6, trials=70, seed=1, initial=start + 8, chunk=64, plain=plain)
    step = int(str(caught.value).split("step ")[1].split()[0])
    assert "for trial 41;" in str(caught.value) and step in (4, 5), str(caught.value)


@pytest.mark.parametrize(
    "rule, bound",
    [(Langevin(1.5), "1.5"), (Langevin(1.5, step="heun"), "1.5"), (Langevin(1.5, "boltzmann", "midpoint"), "1.5"),
     (Langevin(1.5, "underdamped"), "1.5")],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_a_long_step_is_warned_of_with_its_number(rule, bound):
    trap = DriftSystem(lambda x: -x, 1, lambda x: x[:, 0] ** 2 / 2)
    with pytest.warns(UserWarning, match=f"dt x rate = {bound}"):
        simulate(trap, 1, rule, temperature=1.0, trials=10, seed=1)
    simulate(trap, 1, Langevin(0.1, rule.noise, rule.step), temperature=1.0, trials=10, seed=1)
    simulate(trap, 1, Langevin(1.5, "boltzmann"), temperature=1.0, trials=10, seed=1)  # right at any dt


@pytest.mark.filterwarnings("ignore:dt = ")
def test_a_step_that_diverges_ends_in_a_sentence():
    trap = DriftSystem(lambda x: -x, 1, lambda x: x[:, 0] ** 2 / 2)
    with pytest.raises(InputError, match="too large and the motion diverged"):
        simulate(trap, 2000, Langevin(3.5), temperature=1.0, trials=10, seed=1)


def test_states_too_large_for_single_precision_are_warned_of():
    far = DriftSystem(lambda x: -(x - 1e6), 1)
    with pytest.warns(UserWarning, match="single precision of states as large as 1e"):
        simulate(far, 1, Langevin(0.001), temperature=1.0, trials=10, initial=[1e6])
    simulate(far, 1, Langevin(0.001), temperature=1.0, trials=10, initial=[1e6], plain=True)
