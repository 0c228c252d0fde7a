"""Real variables at their edges: energies that confine nothing, gains that are none, objects sent between processes."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest

from neurothermo import (
    DriftSystem,
    Langevin,
    LinearLangevin,
    NeuralField,
    PlasticNetwork,
    RateNetwork,
    entropy_production,
    exact,
    gains,
    kernels,
    simulate,
)
from neurothermo.config import experiment
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.systems.gains import Gain

MATCHED = Langevin(0.01, "boltzmann")
GAINS = [gains.logistic(2, 1), gains.tanh(), gains.tanh(0.5, -1), gains.linear(0.3), gains.threshold_linear(0.2)]
KERNELS = [
    kernels.gaussian(0.5, 1, 1), kernels.exponential(0.5, 2), kernels.mexican_hat(1, 1, 0.5, 2),
    kernels.nearest(1, 0.5), kernels.delta(0.3), kernels.gaussian(1, 2) + kernels.delta(0.3),
]  # fmt: skip


def quadratic(stiffness):
    """E = k x^2/2."""
    return DriftSystem(lambda x: -stiffness * x, 1, lambda x: stiffness * (x**2).sum(axis=1) / 2)


UNCONFINED = {
    "linear gain, strong coupling": RateNetwork([[2.0]], gain=gains.linear(1)),
    "unstable along the diagonal alone": RateNetwork(0.6 * (1 - np.eye(3)), gain=1.0),
    "upside down": quadratic(-1.0),
    "flat": quadratic(0.0),
    "periodic": DriftSystem(np.sin, 1, lambda x: np.cos(x).sum(axis=1)),
}


@pytest.mark.parametrize("system", UNCONFINED.values(), ids=UNCONFINED)
def test_an_energy_that_confines_nothing_has_no_equilibrium(system):
    with pytest.raises(InputError, match="cannot be normalised"):
        exact.entropy_production(system, MATCHED, temperature=1.0)
    with pytest.raises(InputError, match="cannot be normalised"):
        simulate(system, 10, MATCHED, temperature=1.0, trials=10)


def test_a_direction_that_no_axis_shows_is_found():
    """One unstable direction among fifty variables, everything else stiff."""
    direction = np.random.default_rng(1).normal(size=50)
    direction /= np.linalg.norm(direction)
    couplings = 1.1 * np.outer(direction, direction)
    with pytest.raises(InputError, match="cannot be normalised"):
        exact.entropy_production(RateNetwork(couplings, gain=1.0), MATCHED, temperature=1.0)
    assert exact.entropy_production(RateNetwork(couplings * 0.99 / 1.1, gain=1.0), MATCHED, temperature=1.0) == 0


@pytest.mark.parametrize(
    "system",
    [
        RateNetwork([[5.0]]),
        RateNetwork([[0.5]], gain=1.0),
        quadratic(1e-6),
        DriftSystem(lambda x: -np.sinh(x), 1, lambda x: np.cosh(x).sum(axis=1)),
        PlasticNetwork(RateNetwork(np.zeros((3, 3))), 1.0, 0.1),
    ],
)
def test_energies_that_confine_are_left_alone(system):
    assert exact.entropy_production(system, MATCHED, temperature=1.0) == 0


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ({"low": 1.0, "high": -1.0}, "low must be less than high"),
        ({"low": -0.5}, "leaves its range"),
        ({"high": "one"}, "high must be one number"),
        ({"low": np.nan}, "low must be finite"),
    ],
)
def test_a_range_must_hold_the_values(ends, words):
    functions = (np.tanh, lambda u: 1 / np.cosh(u) ** 2)
    Gain("fine", *functions, low=-1, high=np.inf)
    with pytest.raises(InputError, match=words):
        Gain("mine", *functions, **ends)


@pytest.mark.parametrize("gain", [gains.logistic, gains.tanh])
def test_a_saturating_gain_can_be_too_flat(gain):
    with pytest.raises(InputError, match="slope must be at least"):
        gain(1e-300)
    gain(1e-6)


@pytest.mark.parametrize("thing", [*GAINS, *KERNELS], ids=repr)
def test_gains_and_kernels_can_be_pickled(thing):
    again = pickle.loads(pickle.dumps(thing))
    u = np.linspace(-2, 2, 9)
    names = ("function", "derivative", "second", "third", "antiderivative", "inverse", "fourier")
    for name in names:
        if getattr(thing, name, None) is not None:
            with np.errstate(all="ignore"):
                assert np.array_equal(getattr(thing, name)(u), getattr(again, name)(u), equal_nan=True)
    assert repr(again) == repr(thing) and getattr(again, "digest", 0) == getattr(thing, "digest", 0)


@pytest.mark.parametrize(
    "system",
    [
        RateNetwork([[0, 1], [1, 0]]),
        PlasticNetwork(RateNetwork(np.zeros((3, 3)), gains.tanh()), 1.0, 0.1),
        NeuralField(20, 32, kernels.gaussian(0.3, 1) + kernels.delta(0.1), gains.tanh()),
    ],
    ids=lambda one: type(one).__name__,
)
def test_systems_can_be_pickled(system):
    assert pickle.loads(pickle.dumps(system)).digest == system.digest


@pytest.mark.parametrize("step", ["heun", "plain"])
def test_a_diverging_drift_is_named_and_nothing_is_warned_of(step):
    runaway = DriftSystem(lambda x: x**3, 1)
    rule = Langevin(0.5, step="heun") if step == "heun" else Langevin(0.5, "boltzmann", "midpoint")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the long step
        warnings.simplefilter("error", RuntimeWarning)
        with pytest.raises(InputError, match=r"at step .* for trial"):
            simulate(runaway, 40, rule, temperature=1.0, trials=4, initial=[[5.0]])


def test_entropy_production_says_who_answers():
    process = LinearLangevin([[1.0]], [[1.0]])
    with pytest.raises(InputError, match="a process answers for itself"):
        exact.entropy_production(process, MATCHED, temperature=1.0)
    with pytest.raises(InputError, match="a process answers for itself"):
        exact.entropy_production_map(process, MATCHED, temperature=1.0)
    with pytest.raises(InputError, match="is for spins"):
        exact.entropy_production_map(RateNetwork([[0.0]]), MATCHED, temperature=1.0)


def test_gains_in_files_and_in_python():
    text = {
        "system": {"kind": "RateNetwork", "couplings": [[0.0]], "gain": "tanh"},
        "protocol": {"kind": "hold", "value": 0.0, "steps": 5},
        "dynamics": {"kind": "Langevin", "dt": 0.1},
        "temperature": 1.0,
    }
    with pytest.raises(InputError, match='kind = "tanh"'):
        experiment(text)
    text["system"]["gain"] = 1.0
    assert experiment(text).system.digest == RateNetwork([[0.0]], gain=1.0).digest
    with pytest.raises(InputError, match="must be a Gain"):
        RateNetwork([[0.0]], gain="tanh")


def test_one_trial_says_that_it_has_no_error():
    run = simulate(quadratic(1.0), 10, Langevin(0.1), temperature=1.0, trials=1, seed=1)
    assert any("One trial" in sentence for sentence in entropy_production(run).diagnostics)


def test_controls_beside_a_mean_agree_with_least_squares():
    """Nearly dependent controls, of very different sizes: against NumPy's own least squares."""
    from neurothermo.ensemble.production import _regressed

    random = np.random.default_rng(2)
    controls = random.normal(size=(500, 6)) * 10.0 ** np.arange(-3, 3)
    controls[:, 5] = 3e5 * controls[:, 0]
    values = 2 + controls[:, 1] + random.normal(size=500)
    scaled = np.concatenate([np.ones((500, 1)), controls[:, :5] / controls[:, :5].std(axis=0)], axis=1)
    fitted, (left,), _, _ = np.linalg.lstsq(scaled, values, rcond=None)
    error = np.sqrt(left / 494 * np.linalg.inv(scaled.T @ scaled)[0, 0])
    value, stderr, _ = _regressed(lambda: iter([(values, controls)]))
    assert abs(value - fitted[0]) < 1e-12 and abs(stderr / error - 1) < 1e-9


def test_zero_is_printed_without_a_sign():
    assert str(Estimate(-0.0, 0.0, (0.0, 0.0))).startswith("0 ± 0")
