"""Langevin runs: carried or fused kernels for additive noise, blocks of plain steps for the rest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.flight import TILE, Driver, Flight, parts_of
from neurothermo.dynamics.langevin.euler_maruyama import padded
from neurothermo.dynamics.langevin.motion import Motion, PlainMotion, Walk
from neurothermo.dynamics.langevin.rule import Langevin
from neurothermo.dynamics.langevin.shares import Parts
from neurothermo.engine.carried import CarriedDriver, Matrix
from neurothermo.engine.forced import ForcedDriver, IndependentNoise
from neurothermo.systems.continuous import Continuous, inputs
from neurothermo.systems.rates import RateNetwork

FUSED = ("euler-maruyama", "heun")


def langevin_driver(system: Any, rule: Any, temperature: Any, plain: bool) -> Driver:
    """The driver of a system of real variables under Langevin's rule or one of a user's own."""
    if not isinstance(rule, Langevin):
        return BlockDriver(system, PlainMotion(system, rule, temperature), "plain", None, {})
    rule.check(system, temperature)
    step, parts = rule.step_for(system), parts_of(system)
    if plain or step not in FUSED:
        walks = step == "metropolis" and not plain
        motion = Walk(system, rule.dt, temperature) if walks else PlainMotion(system, rule, temperature)
        of_heat = -1 / temperature if step == "metropolis" else None
        return BlockDriver(system, motion, f"{step}, plain" if plain else step, of_heat, parts)
    bath = np.zeros(system.dimension) + padded(temperature, system)
    noise = IndependentNoise(system.pace, system.noise * bath, rule.dt, step == "heun", parts)
    forced = ForcedDriver(
        system.evaluate, lambda field: inputs(system, field), lambda change: change, system.dimension, noise, rule.dt,
        heun=step == "heun", kernel=f"{step}, fused", parts=parts,
    )  # fmt: skip
    sigmoid = system.gain.sigmoid if isinstance(system, RateNetwork) else None
    if step == "euler-maruyama" and sigmoid is not None and sigmoid.single:
        matrix = Matrix(system.couplings)
        return CarriedDriver(forced, matrix, 1 / system.resistance, system.input, astuple(sigmoid))
    return forced


@dataclass(frozen=True, eq=False)
class BlockDriver:
    """Any rule of motion on real variables, step by step in NumPy, double precision, blocks of fixed shape."""

    system: Continuous
    motion: Motion
    kernel: str
    flow_of_heat: float | None
    parts: Parts

    @property
    def block(self) -> int:
        """Enough trials to outweigh the cost of a call."""
        return int(np.clip(2**13 // self.system.dimension // TILE * TILE, TILE, 512))

    @property
    def cost(self) -> float:
        """A guess: normals, and some array operations a variable."""
        return 120.0 * self.system.dimension + 200e3 / self.block

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Run the blocks on threads of their own."""
        starts = range(0, len(flight.states), self.block)
        with ThreadPoolExecutor(threads) as pool:
            jobs = [pool.submit(self._carry_block, flight, start, values, first_step, relax_first) for start in starts]
            for job in jobs:
                job.result()

    @np.errstate(all="ignore")  # what is no number is found below, and named; holds for this thread alone
    def _carry_block(self, flight: Flight, start: int, values: Array, first_step: int, relax_first: bool) -> None:
        count = min(self.block, len(flight.states) - start)
        rows = slice(start, start + count)
        trials = flight.first_trial + start + np.minimum(np.arange(self.block), count - 1)
        here = self.motion.place(flight.states[rows][np.minimum(np.arange(self.block), count - 1)].astype(np.float64))
        for k in range(1, len(values)):
            change, step = values[k] - values[k - 1], first_step + k - 1
            if not relax_first:
                flight.work[rows] -= _done(here, change)[:count]
            held = values[k - 1] if relax_first else values[k]
            there, flow = self.motion.move(here, held, flight.stream.at(trials, step))
            flight.flow[rows] += flow[:count]
            if flight.sums:
                for name, share in self.motion.shares(here, there, held, self.parts).items():
                    flight.sums[name][rows] += share[:count]
            finite = np.isfinite(there.states[:count]).all(axis=1)
            if np.all(self.system.noise > 0):  # else the flow is NaN by right
                finite &= np.isfinite(flow[:count])
            if not np.all(finite):
                trial = flight.first_trial + start + int(np.flatnonzero(~finite)[0])
                raise InputError(
                    f"the drift gave NaN or infinity at step {step} for trial {trial}; either the drift is undefined "
                    "there, or dt is too large and the motion diverged"
                )
            here = there
            if relax_first:
                flight.work[rows] -= _done(here, change)[:count]
        flight.states[rows] = here.states[:count]


def _done(place: Any, change: Array) -> Array:
    """activity . change, each row on its own."""
    if not np.any(change):
        return np.zeros(len(place.states))
    return np.asarray((place.activity * change).sum(axis=1))
