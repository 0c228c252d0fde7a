"""What is run: spins, rates, a field and a linear process, each a `simulate` call with its initial states given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from neurothermo import (
    Glauber,
    Langevin,
    LinearLangevin,
    NeuralField,
    Protocol,
    RateNetwork,
    SpinNetwork,
    gains,
    hold,
    hopfield,
    kernels,
    ramp,
    simulate,
)


@dataclass(frozen=True, eq=False)
class Workload:
    """A run of `simulate`: a system with its rule and temperature, or a process with its step; protocol and start."""

    system: Any
    protocol: Protocol
    rule: Any
    temperature: Any
    initial: np.ndarray
    dt: float | None = None

    @property
    def trials(self) -> int:
        """How many trials."""
        return len(self.initial)

    @property
    def updates(self) -> int:
        """Updates of one variable, in all."""
        return self.trials * self.protocol.steps * self.system.size

    def run(self, **options: Any) -> Any:
        """The ledger."""
        return simulate(
            self.system, self.protocol, self.rule, temperature=self.temperature, dt=self.dt, trials=self.trials,
            progress=False, **{"seed": 1, "initial": self.initial, **options},
        )  # fmt: skip


def driven_hopfield(trials: int = 5000, steps: int = 1000) -> Workload:
    """W1: two patterns in 15 neurons, the input ramped from one to the other; a sweep of random sites a step."""
    random = np.random.default_rng(1)
    one, two = random.choice([-1, 1], (2, 15))
    start = random.choice([-1, 1], (trials, 15)).astype(np.int8)
    return Workload(hopfield([one, two], weights=[0.2, 0.8]), ramp(one, two, steps), Glauber(), 15.0, start)


def dense(trials: int = 20, sweeps: int = 200, size: int = 1000) -> Workload:
    """W2: Gaussian symmetric couplings, about a quarter of the attempts flip; a sweep of random sites a step."""
    return _gaussian(trials, sweeps, size, Glauber(), temperature=1.05)


def parallel(trials: int = 1024, steps: int = 100, size: int = 1000) -> Workload:
    """W3: the same network, all neurons at once."""
    return _gaussian(trials, steps, size, Glauber(order="parallel"), temperature=1.05)


def sparse(trials: int = 500, sweeps: int = 100, size: int = 1000, inputs: int = 6) -> Workload:
    """Directed random network in which every neuron listens to six others."""
    random = np.random.default_rng(3)
    rows = np.repeat(np.arange(size), inputs)
    columns = (rows + np.concatenate([1 + random.permutation(size - 1)[:inputs] for _ in range(size)])) % size
    weights = random.normal(0, 1 / np.sqrt(inputs), rows.size)
    drive = ramp(random.normal(0, 0.3, size), random.normal(0, 0.3, size), sweeps)
    start = random.choice([-1, 1], (trials, size)).astype(np.int8)
    network = SpinNetwork(csr_array((weights, (rows, columns)), shape=(size, size)))
    return Workload(network, drive, Glauber(), 1.0, start)


def rates(trials: int = 1000, steps: int = 1000, size: int = 100) -> Workload:
    """W4a: a rate network with random directed couplings, strong enough to be kept busy by itself."""
    random = np.random.default_rng(4)
    couplings = random.normal(0, 1.5 / np.sqrt(size), (size, size))
    network = RateNetwork(couplings, gains.tanh(), input=random.normal(0, 0.3, size))
    start = random.normal(size=(trials, size)).astype(np.float32)
    return Workload(network, hold(np.zeros(size), steps), Langevin(dt=0.01), 0.5, start)


def field(trials: int = 100, steps: int = 1000, points: int = 1024) -> Workload:
    """W4b: a ring whose kernel drives to one side, so that it is out of equilibrium."""
    random = np.random.default_rng(5)
    kernel = kernels.gaussian(2.0, 1.0, shift=0.5)
    process = NeuralField(32.0, points, kernel, gains.tanh(), noise=0.5 * 32.0 / points, input=0.1)
    start = random.normal(size=(trials, points)).astype(np.float32)
    return Workload(process, hold(np.zeros(points), steps), None, None, start, dt=0.02)


def linear(trials: int = 2000, steps: int = 1000) -> Workload:
    """A linear process in two dimensions that goes around, from one point."""
    process = LinearLangevin([[1.0, -2.0], [2.0, 1.0]], 1.0)
    return Workload(process, hold(np.zeros(2), steps), None, None, np.zeros((trials, 2)), dt=0.01)


def _gaussian(trials: int, steps: int, size: int, rule: Glauber, temperature: float) -> Workload:
    random = np.random.default_rng(2)
    couplings = np.triu(random.normal(0, 1 / np.sqrt(size), (size, size)), 1)
    drive = ramp(random.normal(0, 0.3, size), random.normal(0, 0.3, size), steps)
    start = random.choice([-1, 1], (trials, size)).astype(np.int8)
    return Workload(SpinNetwork(couplings + couplings.T), drive, rule, temperature, start)
