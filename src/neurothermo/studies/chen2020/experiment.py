"""The experiment of Chen 2020: its parameters, and the runs that several figures share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo import exact, free_energy
from neurothermo.core.checks import Array
from neurothermo.core.estimate import ENERGY, Estimate
from neurothermo.dynamics import Glauber
from neurothermo.ensemble import forward_and_reverse, simulate
from neurothermo.protocols import Protocol, ramp
from neurothermo.systems import SpinNetwork, hopfield

PRINTED = "as-printed"


@dataclass(frozen=True)
class Settings:
    """The paper's parameters; where it is silent, the choice and the reason are in docs/chen2020.md.

    Parameters
    ----------
    size : int
        N, neurons.
    temperature : float
        k_B T in energy units.
    gamma : float
        Weight of the first pattern; the second has 1 - gamma.
    magnitude : float
        Largest input, in units of a pattern. The paper's s and t_s can be read as 0.005, 5 or more; 1 gives the
        free-energy differences that it quotes.
    steps : int
        Of a protocol; a step is one attempt at one neuron.
    trials : int
        Of each process.
    seed : int
    """

    size: int = 15
    temperature: float = 15.0
    gamma: float = 0.2
    magnitude: float = 1.0
    steps: int = 1000
    trials: int = 5000
    seed: int = 1

    @property
    def patterns(self) -> tuple[Array, Array]:
        """All up, and its first half up: the pair of least overlap (any such pair is the same up to relabelling)."""
        half = (self.size + 1) // 2
        return np.ones(self.size), np.concatenate([np.ones(half), -np.ones(self.size - half)])

    def network(self, gamma: float | None = None) -> SpinNetwork:
        """Eq. 13 with alpha = 0."""
        gamma = self.gamma if gamma is None else gamma
        return hopfield(self.patterns, weights=[gamma, 1 - gamma])

    def lambda_12(self, magnitude: float | None = None, steps: int | None = None) -> Protocol:
        """P1, corrected: from the first pattern as input to the second."""
        one, two = self.patterns
        top = self.magnitude if magnitude is None else magnitude
        return ramp(top * one, top * two, self.steps if steps is None else steps)

    def legs(self) -> tuple[Protocol, Protocol]:
        """From no input to the second pattern, and from none to the first.

        Eq. 14 as printed (P0) takes these two for a process and its reverse. Each with a reverse of its own is
        P2: dF is the difference of the two legs' free-energy differences.
        """
        one, two = self.patterns
        to_two, to_one = (ramp(0 * one, self.magnitude * end, self.steps) for end in (two, one))
        return to_two, to_one

    def exact_difference(self, gamma: float | None = None, protocol: Protocol | None = None) -> Estimate:
        """F(last input) - F(first input), exactly."""
        return exact.free_energy_difference(
            self.network(gamma),
            self.lambda_12() if protocol is None else protocol,
            temperature=self.temperature,
        )


def corrected_pair(settings: Settings, gamma: float | None = None, *, rule: Glauber | None = None) -> tuple[Any, Any]:
    """Forward and reverse ledgers of P1."""
    return forward_and_reverse(
        settings.network(gamma), settings.lambda_12(), rule or Glauber(attempts=1), temperature=settings.temperature,
        trials=settings.trials, seed=settings.seed, progress=False,
    )  # fmt: skip


def printed_works(settings: Settings, gamma: float | None = None, *, activation: str = PRINTED) -> tuple[Any, Any]:
    """Works of P0: two forward experiments that the paper takes for a process and its reverse."""
    rule = Glauber(attempts=1, activation=activation)
    ledgers = [
        simulate(
            settings.network(gamma), leg, rule, temperature=settings.temperature, trials=settings.trials,
            seed=settings.seed, initial="equilibrium", progress=False,
        )
        for leg in settings.legs()
    ]  # fmt: skip
    return ledgers[0].work.values, ledgers[1].work.values


def two_legs(settings: Settings, gamma: float | None = None) -> Estimate:
    """P2: F(second pattern as input) - F(first), from two one-legged experiments with reverses of their own."""
    to_two, to_one = (
        free_energy.bar(
            *forward_and_reverse(
                settings.network(gamma), leg, Glauber(attempts=1), temperature=settings.temperature,
                trials=settings.trials, seed=settings.seed, progress=False,
            )
        )
        for leg in settings.legs()
    )  # fmt: skip
    return Estimate(
        to_two - to_one, float(np.hypot(to_two.stderr, to_one.stderr)), units=ENERGY,
        temperature=settings.temperature, method="BAR, two legs", diagnostics=to_two.diagnostics + to_one.diagnostics,
    )  # fmt: skip


def gamma_of(settings: Settings, magnitude_of_difference: float) -> float:
    """The gamma < 1/2 at which |dF| is as given."""
    from scipy.optimize import brentq

    return float(
        brentq(
            lambda gamma: abs(settings.exact_difference(gamma).value) - magnitude_of_difference,
            1e-6,
            0.5 - 1e-9,
        )
    )
