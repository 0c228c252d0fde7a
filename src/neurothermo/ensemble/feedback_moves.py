"""Steps in which every trial has an input of its own: rules of motion in plain NumPy, and linear processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.flight import Flight
from neurothermo.core.gaussian import row_products
from neurothermo.core.randomness import Address
from neurothermo.ensemble.setup import Setup
from neurothermo.processes import LinearLangevin
from neurothermo.processes.linear_driver import DenseStep
from neurothermo.systems import SpinNetwork
from neurothermo.systems.massive import Massive

ROWS = 512  # trials moved together, at least: enough to outweigh the cost of a call


class Move(Protocol):
    """One step of trials, each at its own input."""

    def __call__(self, states: npt.NDArray[Any], fields: Array, address: Address) -> tuple[npt.NDArray[Any], Array]:
        """New states, and the entropy flow of each trial."""
        ...


@dataclass(frozen=True, eq=False)
class RuleMove:
    """`rule.move` with one row of inputs a trial."""

    system: Any
    rule: Any
    temperature: Any

    def __call__(self, states: npt.NDArray[Any], fields: Array, address: Address) -> tuple[npt.NDArray[Any], Array]:
        """As any step."""
        moved, flow = self.rule.move(self.system, states, fields, temperature=self.temperature, address=address)
        return moved, flow


@dataclass(frozen=True, eq=False)
class LinearMove:
    """The exact step of a linear process, as `processes.linear_driver` has it, sums in one order for any rows."""

    process: LinearLangevin
    exact: DenseStep

    def __call__(self, states: npt.NDArray[Any], fields: Array, address: Address) -> tuple[npt.NDArray[Any], Array]:
        """x' = E x + (1 - E) A^-1 I + L z, and (w^2 - z^2)/2."""
        exact, noise = self.exact, address.normals(self.process.size)
        moved = row_products(states, exact.step) + row_products(noise, exact.root) + row_products(fields, exact.settle)
        back = row_products(states, exact.back) - row_products(noise, exact.turn) - row_products(fields, exact.offset)
        return moved, 0.5 * (np.einsum("ri,ri->r", back, back) - np.einsum("ri,ri->r", noise, noise))


def move_of(plan: Setup) -> Move:
    """How a system or process moves where every trial has its own input.

    Raises
    ------
    InputError
        If it is a process other than a linear one, or has odd coordinates.
    """
    if plan.rule is not None:
        system = plan.first.system if isinstance(plan.first, Massive) else plan.first
        return RuleMove(system, plan.rule, plan.temperature)
    process, kind = plan.first, type(plan.first).__name__
    if not isinstance(process, LinearLangevin):
        raise InputError(f"protocol: feedback drives systems and LinearLangevin; {kind} takes one input for all trials")
    if np.any(process.parity < 0):
        raise InputError("protocol: feedback on a process with odd coordinates is not there")
    return LinearMove(process, DenseStep.of(process, plan.clock[1]))


def coupled(system: Any, states: Any) -> Any:
    """What an input couples to, shape (trials, N): spins, or activities."""
    return states if isinstance(system, SpinNetwork) else system.activity(states)


def energies(system: Any, states: Any, fields: Array) -> Array:
    """E(x, I) = E(x, 0) - I . activity, shape (trials,), an input a trial."""
    if isinstance(system, SpinNetwork):
        return system.energy(states, fields)
    free = system.energy(states, np.zeros(system.size))
    return np.asarray(free - (coupled(system, states) * fields).sum(axis=1))


@dataclass(frozen=True, eq=False)
class Carrier:
    """Carries trials on, each through values of its own: work, then a move.

    Blocks of trials have a fixed number of rows, the last one filled up, so that no bit depends on chunk or threads.
    """

    system: Any
    move: Move
    block: int

    def carry(self, flight: Flight, values: Array, first_step: int, threads: int) -> None:
        """From `values[:, 0]` to `values[:, -1]`, shape (trials, steps + 1, N); numbers from `first_step` on."""
        starts = range(0, len(flight.states), self.block)
        with ThreadPoolExecutor(threads) as pool:
            jobs = [pool.submit(self._carry_block, flight, start, values, first_step) for start in starts]
            for job in jobs:
                job.result()

    def _carry_block(self, flight: Flight, start: int, values: Array, first_step: int) -> None:
        count = min(self.block, len(flight.states) - start)
        filled = start + np.minimum(np.arange(self.block), count - 1)
        rows, trials = slice(start, start + count), flight.first_trial + filled
        states, driven = flight.states[filled], values[filled]
        for k in range(1, driven.shape[1]):
            change = driven[:, k] - driven[:, k - 1]
            flight.work[rows] -= np.einsum("ri,ri->r", coupled(self.system, states), change)[:count]
            step = first_step + k - 1
            states, flow = self.move(states, np.ascontiguousarray(driven[:, k]), flight.stream.at(trials, step))
            flight.flow[rows] += flow[:count]
            if not np.all(np.isfinite(states)):
                raise InputError(f"the motion gave NaN or infinity at step {step}: dt is too long, or inputs too large")
        flight.states[rows] = states[:count]
