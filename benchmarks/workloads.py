"""What is run: four spin workloads, each a `simulate` call with its initial states given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from neurothermo import Glauber, Protocol, SpinNetwork, hopfield, ramp, simulate


@dataclass(frozen=True, eq=False)
class Workload:
    """A run of `simulate`: system, protocol, rule, temperature and start."""

    system: SpinNetwork
    protocol: Protocol
    rule: Glauber
    temperature: float
    initial: np.ndarray

    @property
    def trials(self) -> int:
        """How many trials."""
        return len(self.initial)

    @property
    def updates(self) -> int:
        """Single-spin updates in all."""
        return self.trials * self.protocol.steps * self.system.size

    def run(self, **options: Any) -> Any:
        """The ledger."""
        return simulate(
            self.system, self.protocol, self.rule, temperature=self.temperature, trials=self.trials,
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


def _gaussian(trials: int, steps: int, size: int, rule: Glauber, temperature: float) -> Workload:
    random = np.random.default_rng(2)
    couplings = np.triu(random.normal(0, 1 / np.sqrt(size), (size, size)), 1)
    drive = ramp(random.normal(0, 0.3, size), random.normal(0, 0.3, size), steps)
    start = random.choice([-1, 1], (trials, size)).astype(np.int8)
    return Workload(SpinNetwork(couplings + couplings.T), drive, rule, temperature, start)
