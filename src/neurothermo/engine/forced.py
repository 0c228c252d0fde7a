"""Trials under forces and additive noise, block by block: NumPy evaluates the drift, kernels do the rest.

A block has a fixed shape, padded with copies of its last trial, because the shape of a matrix product or of a
Fourier transform decides its last bits. Blocks run on threads of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.flight import TILE, Flight
from neurothermo.engine import langevin
from neurothermo.engine.normals import fill

BLOCK_NUMBERS = 2**16  # in the arrays of a block: a few of them stay in the second-level cache


class Bath(Protocol):
    """Noise that is the same in every state, and the flow that goes with a step under it."""

    def move(self, block: Block, held: Any, keys: tuple[Any, Any], step: int) -> None:
        """Forces and increments of one Euler-Maruyama step at the input `held`; moves the states."""
        ...

    def settle(self, block: Block, held: Any) -> None:
        """Adds the flow of the last move, made at `held`, now that the drift at its end is known."""
        ...

    def correct(self, block: Block, held: Any) -> None:
        """Heun's second half."""
        ...


@dataclass(frozen=True, eq=False)
class Block:
    """Arrays of one block, changed in place; `drift` and `activity` are those at the states.

    `padded` are the states with what fills the block; only the drift is evaluated of all of them. `sums` is the flow
    of the parts of the system that are kept apart.
    """

    padded: Any
    states: Any
    drift: Any
    activity: Any
    forces: Any
    increments: Any
    flow: Array
    work: Array
    first_trial: int
    sums: dict[str, Array]


@dataclass(frozen=True, eq=False)
class IndependentNoise:
    """Each variable its own noise: pace and noise as kernels take them, flow in nats.

    Parameters
    ----------
    pace : array, shape (dimension,)
        Velocity per force.
    diffusion : array, shape (dimension,)
        D_i: half the variance of the noise a unit time; 0 for none, which makes the flow NaN.
    dt : float
    heun : bool
        Whether flow is the midpoint heat alone, without the curvature of the exact ratio.
    parts : dict of slices
        Variables whose share of the flow is kept apart where a flight asks for it.
    """

    pace: Array
    diffusion: Array
    dt: float
    heun: bool
    parts: dict[str, slice] = field(default_factory=dict)

    @cached_property
    def arrays(self) -> tuple[Any, Any, Any, Any]:
        """pace dt, sqrt(2 D dt), pace/(2 D) and pace^2 dt/(4 D), float32."""
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = np.where(self.diffusion > 0, self.pace / (2 * self.diffusion), np.nan)
        curvature = np.zeros_like(inverse) if self.heun else inverse * self.pace * self.dt / 2
        arrays = (self.pace * self.dt, np.sqrt(2 * self.diffusion * self.dt), inverse, curvature)
        pace, noise, inverse, curvature = (np.asarray(array, dtype=np.float32) for array in arrays)
        return pace, noise, inverse, curvature

    def move(self, block: Block, held: Any, keys: tuple[Any, Any], step: int) -> None:
        """One pass of the fused kernel."""
        pace, noise, _, _ = self.arrays
        langevin.move(
            block.states, block.drift, block.forces, block.increments, held, pace, noise, *keys, block.first_trial, step
        )

    def settle(self, block: Block, held: Any) -> None:
        """One pass of the fused kernel, or one for each part; their shares add up to the flow."""
        _, _, inverse, curvature = self.arrays
        if not block.sums:
            langevin.settle(block.drift, block.forces, block.increments, held, inverse, curvature, block.flow)
        for name, total in block.sums.items():
            share, own = np.zeros_like(total), _only(self.parts[name], inverse, curvature)
            langevin.settle(block.drift, block.forces, block.increments, held, *own, share)
            total += share
            block.flow[:] += share

    def correct(self, block: Block, held: Any) -> None:
        """One pass of the fused kernel."""
        langevin.correct(block.states, block.drift, block.forces, block.increments, held, self.arrays[0])


@dataclass(frozen=True, eq=False)
class CorrelatedNoise:
    """Noise of any covariance: `correlate` makes sqrt(2 D dt) z of rows z, `solve` makes D^-1 of rows; pace is 1."""

    correlate: Callable[[Any], Any]
    solve: Callable[[Any], Any]
    dt: float
    heun: bool

    def move(self, block: Block, held: Any, keys: tuple[Any, Any], step: int) -> None:
        """Normals from their kernel, the rest in NumPy."""
        np.add(block.drift, held, out=block.forces)
        fill(block.increments, *keys, block.first_trial, step)
        block.increments[:] = self.correlate(block.increments) + np.float32(self.dt) * block.forces
        block.states[:] += block.increments

    def settle(self, block: Block, held: Any) -> None:
        """dx . D^-1 (F + F')/2, and dt (F'.D^-1 F' - F.D^-1 F)/4 where the ratio is exact."""
        after = block.drift + held
        before_solved, after_solved = self.solve(block.forces), self.solve(after)
        total = 0.5 * np.einsum("ri,ri->r", block.increments, before_solved + after_solved)
        if not self.heun:
            curved = np.einsum("ri,ri->r", after, after_solved) - np.einsum("ri,ri->r", block.forces, before_solved)
            total += np.float32(self.dt / 4) * curved
        block.flow[:] += total

    def correct(self, block: Block, held: Any) -> None:
        """The mean of the forces at both ends."""
        change = np.float32(self.dt / 2) * (block.drift + held - block.forces)
        block.increments[:] += change
        block.states[:] += change


@dataclass(frozen=True, eq=False)
class ForcedDriver:
    """Carries trials by forces that `evaluate` gives: rows of float32 states to (forces without input, activities).

    `grain` is how many rows the last block is filled up to a multiple of: 0, to a whole block, where rows are evaluated
    together; fewer where each row, or each group that a vector unit takes, is on its own.

    `lift` makes of an input, shape (size,), the force it adds, shape (dimension,); `couple` makes of a change of
    input what is multiplied with the activities for the work.
    """

    evaluate: Callable[[Any], tuple[Any, Any]]
    lift: Callable[[Array], Array]
    couple: Callable[[Array], Array]
    dimension: int
    bath: Bath
    dt: float
    heun: bool = False
    kernel: str = "Langevin"
    cost_per_number: float = 8.0  # nanoseconds
    flow_of_heat: None = None
    grain: int = 0
    parts: dict[str, slice] = field(default_factory=dict)

    @property
    def block(self) -> int:
        """Trials whose arrays stay in cache together: a power of two, so that round numbers of trials fill blocks."""
        return int(np.clip(2 ** int(np.log2(BLOCK_NUMBERS / self.dimension)), TILE, 4096))

    @property
    def cost(self) -> float:
        """About so many nanoseconds a step of one trial."""
        return (1 + self.heun) * self.cost_per_number * self.dimension + 30e3 / self.block

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Run the blocks on threads of their own (`simulate` holds BLAS to one)."""
        starts = range(0, len(flight.states), self.block)
        with ThreadPoolExecutor(threads) as pool:
            jobs = [
                pool.submit(self._carry_block, flight, start, values, first_step, relax_first, False)
                for start in starts
            ]
            for job in jobs:
                job.result()

    def _carry_block(
        self, flight: Flight, start: int, values: Array, first_step: int, relax_first: bool, watched: bool
    ) -> None:
        count = min(self.block, len(flight.states) - start)
        rows = slice(start, start + count)
        with np.errstate(all="ignore"):  # what is no number is found below, and named; holds for this thread alone
            block = self._started(flight, rows)
            for k in range(1, len(values)):
                block = self._step(block, flight.keys, values, k, first_step + k - 1, relax_first)
                if watched:
                    self._watch(block, first_step + k - 1)
        if not watched and not _finite(block).all():  # find out where, from the start
            sums = {name: total.copy() for name, total in flight.sums.items()}
            again = replace(flight, work=flight.work.copy(), flow=flight.flow.copy(), sums=sums)
            self._carry_block(again, start, values, first_step, relax_first, True)
        flight.states[rows], flight.work[rows], flight.flow[rows] = block.states, block.work, block.flow
        for name, total in block.sums.items():
            flight.sums[name][rows] = total

    def _started(self, flight: Flight, rows: slice) -> Block:
        given = flight.states[rows]
        length = -(-len(given) // self.grain) * self.grain if self.grain else self.block
        padded = given[np.minimum(np.arange(length), len(given) - 1)].astype(np.float32)
        states = padded[: len(given)]
        block = Block(
            padded, states, states, states, np.empty_like(states), np.empty_like(states), flight.flow[rows].copy(),
            flight.work[rows].copy(), flight.first_trial + rows.start,
            {name: total[rows].copy() for name, total in flight.sums.items()},
        )  # fmt: skip
        return self._evaluated(block)

    def _evaluated(self, block: Block) -> Block:
        """The block with drift and activity at where the states are now."""
        count = len(block.states)
        drift, activity = (
            np.ascontiguousarray(found, dtype=np.float32)[:count] for found in self.evaluate(block.padded)
        )
        return Block(  # by hand: `replace` would take a tenth of a small block's step
            block.padded, block.states, drift, activity, block.forces, block.increments, block.flow, block.work,
            block.first_trial, block.sums,
        )  # fmt: skip

    def _step(self, block: Block, keys: Any, values: Array, k: int, step: int, relax_first: bool) -> Block:
        """Work and move, or in the reverse of an experiment move and work."""
        if not relax_first:
            self._work(block, values[k] - values[k - 1])
        held = np.asarray(self.lift(values[k - 1 if relax_first else k]), dtype=np.float32)
        self.bath.move(block, held, keys, step)
        if self.heun:
            block = self._evaluated(block)
            self.bath.correct(block, held)
        block = self._evaluated(block)
        self.bath.settle(block, held)
        if relax_first:
            self._work(block, values[k] - values[k - 1])
        return block

    def _work(self, block: Block, change: Array) -> None:
        if np.any(change):
            langevin.push(block.activity, np.asarray(self.couple(change), dtype=np.float32), block.work)

    def _watch(self, block: Block, step: int) -> None:
        """Raise at the first step after which something is no number."""
        bad = ~_finite(block)
        if np.any(bad):
            trial = block.first_trial + int(np.flatnonzero(bad)[0])
            raise InputError(
                f"the drift gave NaN or infinity at step {step} for trial {trial}; either the drift is undefined "
                f"there, or dt = {self.dt:g} is too large and the motion diverged"
            )


def _finite(block: Block) -> Any:
    """Which trials have states and forces that are numbers."""
    return np.all(np.isfinite(block.states) & np.isfinite(block.drift), axis=1)


def _only(columns: slice, *arrays: Any) -> tuple[Any, ...]:
    """Copies that are zero outside some columns."""
    copies = tuple(np.zeros_like(array) for array in arrays)
    for copy, array in zip(copies, arrays, strict=True):
        copy[columns] = array[columns]
    return copies
