"""Bad input to processes and systems of real variables: one sentence that names what is wrong, never a number."""

import numpy as np
import pytest

from neurothermo import (
    DriftSystem,
    Gain,
    Gaussian,
    InputError,
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

PAIR = RateNetwork([[0, 1.0], [1.0, 0]])
PROCESS = LinearLangevin([[1, 0.5], [-0.3, 2]], [[1, 0.2], [0.2, 0.5]])
SHIFTED = kernels.gaussian(0.5, 1, shift=1)


def field(**changes):
    return NeuralField(**{"length": 40, "points": 64, "kernel": SHIFTED, "gain": 1.0} | changes)


def identity_law(x):
    return -x


def undefined_beyond_eight(x):
    return np.where(x > 8.0, np.nan, 8 - x)


LINEAR = {
    "relaxation must be stable": lambda: LinearLangevin([[1, 0], [0, -1]], 1.0),
    "relaxation must decay": lambda: LinearLangevin([[-1.0]], 1.0),
    "relaxation must be a square matrix": lambda: LinearLangevin(np.ones((2, 3)), 1.0),
    "relaxation must be finite": lambda: LinearLangevin([[np.nan]], 1.0),
    "diffusion must be symmetric": lambda: LinearLangevin(np.eye(2), [[1, 0.5], [0.2, 1]]),
    "diffusion must be positive semidefinite": lambda: LinearLangevin(np.eye(2), [[1, 2], [2, 1]]),
    "diffusion must not be negative": lambda: LinearLangevin(np.eye(2), 0.0),
    "parity must hold": lambda: LinearLangevin(np.eye(2), 1.0, parity=[1, 0]),
    "must not correlate the noises": lambda: LinearLangevin(np.eye(2), [[1, 0.2], [0.2, 1]], parity=[1, -1]),
    "diffusion is singular": lambda: LinearLangevin([[1, 0.5], [0, 1]], [1, 0]).entropy_production(),
    "lag must be positive": lambda: PROCESS.coarse_grained_entropy_production(0),
    "times must not be negative": lambda: PROCESS.transient([0, 0], 1.0, [-1]),
    "field must have shape": lambda: PROCESS.entropy_production([1, 2, 3]),
}
FIELD = {
    "further than half of the ring": lambda: field(length=4),
    "weight beyond half of the ring": lambda: field(kernel=lambda z: np.ones_like(z) * 1e-3),
    "linearized field is unstable": lambda: field(gain=10.0).entropy_production(),
    "noise must be a symmetric matrix": lambda: field(noise=np.triu(np.ones((64, 64)))),
    "noise must be a positive definite": lambda: field(noise=-np.eye(64)),
    "noise must be positive everywhere": lambda: field(noise=-np.ones(64)),
    "it is a covariance": lambda: field(noise=SHIFTED),
    "power in every mode": lambda: field(noise=kernels.mexican_hat(1, 1, 2, 2)),
    "not a stationary state": lambda: field(gain=gains.logistic(5, 0.5), kernel=kernels.gaussian(1, 1), at=3.0),
    "choose one with at=": lambda: field(gain=gains.logistic(5, 0.5), kernel=kernels.gaussian(1, 1)).linearized(),
    "a shift has one number": lambda: field(kernel=kernels.gaussian(1, 1, shift=[1, 2])),
    "points must be at least 2": lambda: field(points=1),
}
SYSTEMS = {
    "couplings must be a square matrix": lambda: RateNetwork(np.ones((2, 3))),
    "gain must be a Gain": lambda: RateNetwork([[0.0]], gain=np.tanh),
    "resistance must be positive": lambda: RateNetwork([[0.0]], resistance=0),
    "must not decrease": lambda: Gain("falling", lambda u: -u, lambda u: -np.ones_like(u)),
    "must not change its argument": lambda: Gain("x", lambda u: np.multiply(u, 2, out=u), lambda u: 0 * u + 2),
    "network must be a RateNetwork": lambda: PlasticNetwork(3, 1.0, 1.0),
    "eta must be positive": lambda: PlasticNetwork(PAIR, 10.0, 0),
    "gradient is not minus the force": lambda: DriftSystem(
        identity_law, size=1, potential=lambda x: (x**4).sum(axis=1)
    ),
    "must be given together": lambda: DriftSystem(identity_law, size=1, mobility=lambda x: 1 + x * x),
    "must not change the states": lambda: DriftSystem(lambda x: np.negative(x, out=x), size=1),
    "it raised ZeroDivisionError": lambda: DriftSystem(lambda x: 1 / 0, size=1),
    "dt must be positive": lambda: Langevin(0),
    "does not go with": lambda: Langevin(0.1, noise="boltzmann", step="heun"),
    "covariance must be positive definite": lambda: Gaussian([0, 0], [[1, 2], [2, 1]]),
    "box must have low < high": lambda: exact.grid_stationary_law(identity_law, 1.0, [[5, -5]]),
    "box must have one to three": lambda: exact.grid_stationary_law(identity_law, 1.0, [[-5, 5]] * 4),
    "at most 3 variables": lambda: exact.entropy_production(
        RateNetwork(np.zeros((4, 4))), Langevin(0.01), temperature=1
    ),
}
RUNS = {
    "temperature must not be given": lambda: simulate(PROCESS, 5, temperature=1),
    "rule must not be given": lambda: simulate(PROCESS, 5, Langevin(0.1)),
    "rule is needed": lambda: simulate(PAIR, 5, temperature=1),
    "dt belongs to processes": lambda: simulate(PAIR, 5, Langevin(0.1), temperature=1, dt=0.1),
    "needs an energy": lambda: simulate(PROCESS, 5, initial="equilibrium"),
    "drive in stages": lambda: simulate(PROCESS, 10**12, trials=1),
    "simulate in parts": lambda: simulate(PROCESS, 5, trials=10**12),
    "needs initial='stationary'": lambda: entropy_production(simulate(PROCESS, 1, trials=2, initial=np.zeros((2, 2)))),
    "trials run away": lambda: simulate(DriftSystem(lambda x: x, size=1), 10, Langevin(0.1), temperature=1, trials=10),
}


@pytest.mark.parametrize(("sentence", "attempt"), [*LINEAR.items(), *FIELD.items(), *SYSTEMS.items(), *RUNS.items()])
def test_bad_input_is_refused_in_one_sentence(sentence, attempt):
    with pytest.raises(InputError, match=sentence) as refused:
        attempt()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("rule", [Langevin(0.1), Langevin(0.1, step="heun"), Langevin(0.1, noise="boltzmann")])
def test_a_drift_that_is_undefined_is_named_with_its_step_and_trial(rule):
    system = DriftSystem(undefined_beyond_eight, size=1)
    with pytest.raises(InputError, match=r"NaN or infinity at step \d+ for trial \d+"):
        simulate(system, 100, rule, temperature=1.0, trials=50, seed=1, initial=np.zeros((50, 1)))


def test_a_long_step_is_warned_of_with_its_number():
    with pytest.warns(UserWarning, match=r"dt = 1 is long .*dt x rate = 1.5"):
        simulate(field(), 1, dt=1.0, trials=2)
    with pytest.warns(UserWarning, match=r"dt = 0.1 is long .*dt x rate = 1.5"):
        system = DriftSystem(lambda x: -15 * x, size=1)
        simulate(system, 1, Langevin(0.1), temperature=1.0, trials=2, initial=np.zeros((2, 1)))
