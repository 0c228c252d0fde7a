"""Drivers: what carries trials through a piece of a protocol, by a compiled kernel where there is one.

`driver_for` chooses. Any rule of motion runs through `PlainDriver`; Glauber dynamics of a spin network has
kernels for small networks (states as words), large dense and sparse ones (kept local fields) and for parallel
moves (matrix products). All add the work of each trial to `flight.work` and its entropy flow to `flight.flow`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.flight import TILE, Driver, Flight
from neurothermo.dynamics.glauber import Glauber
from neurothermo.dynamics.langevin.driver import langevin_driver
from neurothermo.systems import SpinNetwork
from neurothermo.systems.continuous import is_continuous

SINGLE_SITE = {"random": 0, "sequential": 1}


def driver_for(system: Any, rule: Any, temperature: Any, *, plain: bool = False) -> Driver:
    """The fastest driver for a system under a rule; `plain` asks for the reference one."""
    if is_continuous(system):
        return langevin_driver(system, rule, temperature, plain)
    if plain or not (isinstance(system, SpinNetwork) and isinstance(rule, Glauber)):
        return PlainDriver(system, rule, temperature)
    steepness = rule.steepness / (np.zeros(system.size) + temperature)
    if rule.order == "parallel":
        return SynchronousDriver(system, steepness)
    from neurothermo.engine.packed import LARGEST

    kind = PackedDriver if system.size <= LARGEST else IncrementalDriver
    order = SINGLE_SITE[rule.order] * (-1 if rule.descending else 1)
    return kind(system, steepness, order, rule.attempts_per_step(system.size))


def _logits(system: SpinNetwork, steepness: Array, values: Array) -> Any:
    """c beta_i (I_i - U_i) of every value, float32."""
    return (steepness * (values - system.thresholds)).astype(np.float32)


def _flow_of_heat(system: SpinNetwork, steepness: Array) -> float | None:
    uniform = bool(np.all(steepness == steepness[0]))
    return -float(steepness[0]) / 2 if uniform and system.symmetric else None


@dataclass(frozen=True, eq=False)
class PlainDriver:
    """Any rule of motion, step by step in NumPy."""

    system: Any
    rule: Any
    temperature: Any
    block: int = TILE
    kernel: str = "plain"
    flow_of_heat: None = None

    @property
    def cost(self) -> float:
        """A guess: a few array operations a step, shared by the trials of a chunk."""
        return 1000.0 + 50.0 * self.system.size

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Work before the move, or after it in the reverse of an experiment."""
        trials = flight.first_trial + np.arange(len(flight.states))
        for step in range(1, len(values)):
            change = values[step] - values[step - 1]
            if not relax_first:
                flight.work[:] -= np.einsum("ri,i->r", flight.states, change)
            moved, flow = self.rule.move(
                self.system,
                flight.states.copy(),
                values[step - 1] if relax_first else values[step],
                temperature=self.temperature,
                address=flight.stream.at(trials, first_step + step - 1),
            )
            flight.states[:] = moved
            flight.flow[:] += flow
            if relax_first:
                flight.work[:] -= np.einsum("ri,i->r", flight.states, change)


@dataclass(frozen=True, eq=False)
class PackedDriver:
    """Small networks: a state is one word."""

    system: SpinNetwork
    steepness: Array
    order: int
    attempts: int
    block: int = TILE
    kernel: str = "packed"

    @property
    def cost(self) -> float:
        """Three nanoseconds an attempt."""
        return 3.0 * self.attempts

    @property
    def flow_of_heat(self) -> float | None:
        """-c / 2T."""
        return _flow_of_heat(self.system, self.steepness)

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Pack the states into words, run, unpack."""
        from neurothermo.engine.packed import LARGEST, drive_packed, field_tables

        size = self.system.size
        dense = self.system.couplings.toarray() if self.system.sparse else self.system.couplings
        logits = np.zeros((len(values), LARGEST), np.float32)
        logits[:, :size] = _logits(self.system, self.steepness, values)
        powers = np.uint32(1) << np.arange(size, dtype=np.uint32)
        words = ((flight.states > 0) @ powers).astype(np.uint32)
        drive_packed(
            words, values, logits, field_tables(self.steepness[:, None] * dense), *flight.keys,
            flight.first_trial, first_step, self.attempts, self.order, relax_first, flight.work, flight.flow,
        )  # fmt: skip
        flight.states[:] = np.where(words[:, None] & powers, 1, -1)


@dataclass(frozen=True, eq=False)
class IncrementalDriver:
    """Large networks: local fields are kept and updated when a neuron flips."""

    system: SpinNetwork
    steepness: Array
    order: int
    attempts: int
    block: int = TILE
    kernel: str = "incremental"

    @property
    def cost(self) -> float:
        """Twenty nanoseconds an attempt, and a row of couplings for a third of them."""
        row = self.system.couplings.nnz / self.system.size if self.system.sparse else self.system.size
        return self.attempts * (20.0 + 0.05 * row)

    @property
    def flow_of_heat(self) -> float | None:
        """-c / 2T."""
        return _flow_of_heat(self.system, self.steepness)

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Run the dense or the sparse kernel."""
        from neurothermo.engine.incremental import REFRESH_SWEEPS, drive_dense, drive_sparse

        size = self.system.size
        fresh = "local" not in flight.kept
        local = flight.kept.setdefault("local", np.zeros(flight.states.shape, np.float32))
        refresh = max(1, REFRESH_SWEEPS * size // self.attempts)
        kernel = drive_sparse if self.system.sparse else drive_dense
        kernel(
            flight.states, local, values, _logits(self.system, self.steepness, values), *self._columns(flight),
            *flight.keys, flight.first_trial, first_step, self.attempts, self.order, relax_first, refresh, fresh,
            flight.work, flight.flow,
        )  # fmt: skip

    def _columns(self, flight: Flight) -> tuple[Any, ...]:
        """c beta_i J_ij by columns j, made once a flight."""
        if "columns" not in flight.kept:
            if self.system.sparse:
                from scipy.sparse import csc_array, diags_array

                scaled = csc_array(diags_array(self.steepness) @ self.system.couplings)
                flight.kept["columns"] = (
                    scaled.indptr.astype(np.int64),
                    scaled.indices.astype(np.int32),
                    scaled.data.astype(np.float32),
                )
            else:
                scaled = (self.steepness[:, None] * self.system.couplings).T
                flight.kept["columns"] = (np.ascontiguousarray(scaled, dtype=np.float32),)
        return tuple(flight.kept["columns"])


@dataclass(frozen=True, eq=False)
class SynchronousDriver:
    """Parallel moves: one matrix product a step, blocks of fixed size on threads of their own."""

    system: SpinNetwork
    steepness: Array
    kernel: str = "synchronous"
    flow_of_heat: None = None

    @property
    def block(self) -> int:
        """A quarter of a million neurons: the shape of a product decides its last bits, so it is fixed."""
        return int(np.clip(2 ** (18 - int(np.ceil(np.log2(self.system.size)))), TILE, 4096))

    @property
    def cost(self) -> float:
        """Three nanoseconds a neuron and the product."""
        return self.system.size * (3.0 + 0.02 * self.system.size)

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Run the blocks on threads of their own (`simulate` holds BLAS to one)."""
        if "weights" not in flight.kept:
            flight.kept["weights"] = self._weights()
        logits = _logits(self.system, self.steepness, values)
        starts = range(0, len(flight.states), self.block)
        with ThreadPoolExecutor(threads) as pool:
            jobs = [
                pool.submit(self._carry_block, flight, start, values, logits, first_step, relax_first)
                for start in starts
            ]
            for job in jobs:
                job.result()

    def _weights(self) -> Any:
        """(c beta_i J_ij), float32: transposed for dense rows of states, as it is for sparse couplings."""
        if self.system.sparse:
            from scipy.sparse import csr_array, diags_array

            return csr_array(diags_array(self.steepness) @ self.system.couplings, dtype=np.float32)
        return np.ascontiguousarray((self.steepness[:, None] * self.system.couplings).T, dtype=np.float32)

    def _carry_block(
        self, flight: Flight, start: int, values: Array, logits: Any, first_step: int, relax_first: bool
    ) -> None:
        from neurothermo.engine.synchronous import add_return, move_all

        weights = flight.kept["weights"]
        count = min(self.block, len(flight.states) - start)
        rows = slice(start, start + count)
        work, flow = flight.work[rows], flight.flow[rows]
        states, following, sums = flight.kept.get(start) or self._first_sums(weights, flight.states[rows])
        for step in range(1, len(values)):
            base = logits[step - 1] if relax_first else logits[step]
            move_all(
                states[:count], sums[:count], base, values[step] - values[step - 1], *flight.keys,
                flight.first_trial + start, first_step + step - 1, relax_first, following[:count], work, flow,
            )  # fmt: skip
            self._sum(weights, following, sums)
            add_return(states[:count], sums[:count], base, flow)
            states, following = following, states
        flight.kept[start] = (states, following, sums)
        flight.states[rows] = states[:count]

    def _first_sums(self, weights: Any, given: Any) -> tuple[Any, Any, Any]:
        """States as float32, padded so that the product keeps its shape; room for the next ones; the product."""
        states = np.ones((self.block, self.system.size), np.float32)
        states[: len(given)] = given
        sums = np.empty_like(states)
        self._sum(weights, states, sums)
        return states, states.copy(), sums

    def _sum(self, weights: Any, states: Any, sums: Any) -> None:
        if self.system.sparse:
            sums[:] = (weights @ states.T).T
        else:
            np.matmul(states, weights, out=sums)
