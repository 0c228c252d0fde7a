"""Trials of a rate network or of a field on a ring, block by block: many steps in one call of a compiled kernel.

`ForcedDriver` does the same for any drift, with some calls from Python in each step; on several threads these wait
for each other. It is what this driver is tested against, and what finds the step at which a motion diverged.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.flight import TILE, Flight
from neurothermo.engine import carried_steps
from neurothermo.engine.forced import ForcedDriver, IndependentNoise
from neurothermo.engine.lanes import WIDTH
from neurothermo.engine.ring_transform import FEWEST, MOST, ring_tables

BLOCK_NUMBERS = 2**13  # of one array of a block: the arrays that a step reads stay in the first caches
MOST_LANES = 512
PIECE_NANOSECONDS = 5e8  # of one call of the kernel
LINE = 64  # bytes of a line of the cache, where rows are to begin


@dataclass(frozen=True, eq=False)
class Matrix:
    """A coupling of each with each: drift = J a, J of shape (N, N)."""

    weights: Array

    def lanes(self, size: int) -> int:
        """Trials side by side. Their number is part of a product's shape, which decides its last bits."""
        return int(np.clip(2 ** int(np.log2(BLOCK_NUMBERS / size)), TILE, MOST_LANES))

    def cost(self, size: int) -> float:
        """Nanoseconds a variable and step."""
        return 2.5 + 0.015 * size

    def given(self, rows: int) -> tuple[Any, Any]:
        """The matrix, rows and columns of nothing added."""
        size = len(self.weights)
        matrix = np.zeros((rows, rows), dtype=np.float32)
        matrix[:size, :size] = self.weights
        return matrix, None


@dataclass(frozen=True, eq=False)
class Ring:
    """A coupling that is the same everywhere on a ring: `transfer`, shape (N,), multiplies the Fourier modes of a."""

    transfer: Any

    @staticmethod
    def fits(places: int) -> bool:
        """Whether there is a transform for so many places."""
        return FEWEST <= places <= MOST and places & (places - 1) == 0

    def lanes(self, size: int) -> int:
        """Trials side by side: the fewest, the states of one being many."""
        return WIDTH

    def cost(self, size: int) -> float:
        """Nanoseconds a variable and step."""
        return 3.0

    def given(self, rows: int) -> tuple[Any, Any]:
        """No matrix, and the tables of the transform."""
        return np.zeros((0, 0), dtype=np.float32), ring_tables(self.transfer)


@dataclass(frozen=True, eq=False)
class CarriedDriver:
    """Carries trials of drift = coupling(a) - leak x + constant, a = offset + height tanh(slope (x - threshold)).

    Parameters
    ----------
    reference : ForcedDriver
        The same motion, its drift evaluated in NumPy: Euler-Maruyama, independent noise, no parts kept apart.
    coupling : Matrix or Ring
    leak, constant : array, shape (N,)
        Of the drift.
    gain : tuple of float
        Slope, threshold, height and offset.
    """

    reference: ForcedDriver
    coupling: Matrix | Ring
    leak: Array
    constant: Array
    gain: tuple[float, float, float, float]
    flow_of_heat: None = None

    @property
    def dt(self) -> float:
        """Duration of a step."""
        return self.reference.dt

    @property
    def kernel(self) -> str:
        """The reference's, whose passes are these too."""
        return self.reference.kernel.replace("fused", "carried and fused")

    @property
    def size(self) -> int:
        """N, the variables."""
        return self.reference.dimension

    @property
    def block(self) -> int:
        """Trials side by side, or the least multiple of them that chunks may be cut into."""
        return max(self.coupling.lanes(self.size), TILE)

    @property
    def cost(self) -> float:
        """About so many nanoseconds a step of one trial."""
        return self.coupling.cost(self.size) * self.size

    @cached_property
    def rows(self) -> int:
        """Variables, and one that does not move where they are odd."""
        return self.size + self.size % 2

    @cached_property
    def _coupled(self) -> tuple[Any, Any]:
        return self.coupling.given(self.rows)

    @cached_property
    def _terms(self) -> Any:
        """What a pass needs of each variable, in the order of `carried_steps`."""
        bath = self.reference.bath
        assert isinstance(bath, IndependentNoise)
        terms = np.zeros((self.rows, carried_steps.TERMS), dtype=np.float32)
        terms[: self.size] = np.stack([-self.leak, *bath.arrays], axis=1)
        return terms.ravel()

    @cached_property
    def _gain(self) -> tuple[Any, ...]:
        slope, threshold, height, offset = self.gain
        return tuple(np.float32(number) for number in (slope, -slope * threshold, height, offset))

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """In pieces that a full block takes no longer for than one waits for Ctrl-C, however few its trials."""
        piece = max(1, int(PIECE_NANOSECONDS / (self.cost * self.coupling.lanes(self.size))))
        for start in range(0, len(values) - 1, piece):
            self._carry_piece(flight, values[start : start + piece + 1], first_step + start, relax_first, threads)

    def _carry_piece(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Run the blocks on threads of their own (`simulate` holds BLAS to one)."""
        lanes, inputs = self.coupling.lanes(self.size), self._inputs(values)
        blocks = [slice(start, start + lanes) for start in range(0, len(flight.states), lanes)]
        with ThreadPoolExecutor(threads) as pool:
            jobs = [
                pool.submit(self._carry_block, flight, rows, values, inputs, first_step, relax_first) for rows in blocks
            ]
            for job in jobs:
                job.result()

    @np.errstate(all="ignore")  # what is no number in single precision is found when the steps are done
    def _inputs(self, values: Array) -> tuple[Any, Any, Any]:
        """The inputs that differ, as they add to the drift; their changes, as they do work; which of them is when."""
        new = np.any(values[1:] != values[:-1], axis=1)
        distinct = values[np.concatenate([[True], new])]
        held = np.zeros((len(distinct), self.rows), dtype=np.float32)
        held[:, : self.size] = self.reference.lift(distinct) + self.constant
        changes = np.zeros((len(distinct) - 1, self.rows), dtype=np.float32)
        changes[:, : self.size] = self.reference.couple(np.diff(distinct, axis=0))
        return held, changes, np.concatenate([[0], np.cumsum(new)])

    @np.errstate(all="ignore")  # holds for this thread alone
    def _carry_block(
        self, flight: Flight, rows: slice, values: Array, inputs: Any, first_step: int, relax_first: bool
    ) -> None:
        given = flight.states[rows]
        count, lanes = len(given), self.coupling.lanes(self.size)
        arrays = self._arrays(given, lanes)
        work, flow = np.zeros(lanes), np.zeros(lanes)
        work[:count], flow[:count] = flight.work[rows], flight.flow[rows]
        run = (*flight.keys, np.uint64(flight.first_trial + rows.start), np.uint64(first_step))
        carried_steps.carry(arrays, *self._coupled, self._terms, *inputs, self._gain, run, work, flow, relax_first)
        states, coupled = (array.reshape(self.rows, lanes)[: self.size, :count].T for array in (arrays[0], arrays[3]))
        drift = coupled - self.leak.astype(np.float32) * states
        if np.all(np.isfinite(states) & np.isfinite(drift)):
            flight.states[rows], flight.work[rows], flight.flow[rows] = states, work[:count], flow[:count]
            return
        again = Flight(
            given.copy(), flight.first_trial + rows.start, flight.stream, flight.work[rows].copy(),
            flight.flow[rows].copy(),
        )  # fmt: skip
        self.reference.carry(again, values, first_step, relax_first, 1)  # raises at the step that went wrong
        flight.states[rows], flight.work[rows], flight.flow[rows] = again.states, again.work, again.flow

    def _arrays(self, given: Any, lanes: int) -> tuple[Any, ...]:
        """States as rows of lanes, copies of the last trial filling them up; and what a step needs beside them."""
        arrays = [_aligned(self.rows * lanes) for _ in range(5 if self._coupled[1] is None else 4)]
        states = arrays[0].reshape(self.rows, lanes)
        states[: self.size, : len(given)] = given.T
        states[: self.size, len(given) :] = given[-1][:, None]
        return tuple(arrays) if len(arrays) == 5 else (*arrays, arrays[3])


def _aligned(length: int) -> Any:
    """Zeros, float32, that begin where a line of the cache does."""
    memory = np.zeros(length + LINE // 4, dtype=np.float32)
    start = -memory.ctypes.data % LINE // 4
    return memory[start : start + length]
