"""Coupled spines in motion: flip by flip, by thinning or by search, whichever is faster at an input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_number
from neurothermo.core.errors import InputError
from neurothermo.core.flight import TILE, Flight

if TYPE_CHECKING:
    from neurothermo.processes.spines import SpineNetwork

LEAST_ACCEPTED = 0.06  # of the attempts; below, searching is faster than thinning
MOST_ATTEMPTS = 1e9  # of one step
HALVINGS = 50


@dataclass(frozen=True, eq=False)
class SpineDriver:
    """Carries trials of a spine network through a protocol whose steps last `dt`; exact for any dt."""

    network: SpineNetwork
    dt: float
    kernel: str = "flip by flip"

    @classmethod
    def of(cls, network: SpineNetwork, dt: float | None) -> SpineDriver:
        """The driver of a network; the default step is one in which a spine goes down about once."""
        dt = 1 / network.down if dt is None else checked_number(dt, "dt")
        if dt <= 0:
            raise InputError(f"dt must be positive, got {dt:g}")
        return cls(network, dt)

    @property
    def block(self) -> int:
        """Trials are moved one by one."""
        return TILE

    @property
    def cost(self) -> float:
        """Nanoseconds a step of one trial: 30 a flip, at twice the rate down."""
        return 100.0 + 60.0 * self.network.size * self.network.down * self.dt

    @property
    def flow_of_heat(self) -> float:
        """-1 in units of kT: there is always an energy."""
        return -1.0

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Work, then flips for `dt`, at each value; in the reverse, the flips first."""
        from neurothermo.engine.spine_jumps import drive_spines

        network = self.network
        held = values[:-1] if relax_first else values[1:]
        if np.all(held == held[:1]):
            held = held[:1]
        network.check_input(held)
        fastest = self.fastest(held)
        attempts = network.size * float(fastest.max(initial=0.0)) * self.dt
        if not attempts <= MOST_ATTEMPTS:
            raise InputError(f"dt is too long: {attempts:.2g} attempts a step, at most {MOST_ATTEMPTS:.0e}")
        ups = (network.up * network.stimulus * np.exp(held)).astype(np.float32)
        boost = np.exp(network.cooperativity * np.arange(network.degrees.max(initial=0) + 1)).astype(np.float32)
        starts, targets = network.links
        states = network.spines(flight.states)
        shift = max(3, round(np.log2(network.size) / 2))
        drive_spines(
            states, np.array(values), np.any(np.diff(values, axis=0) != 0, axis=1), ups,
            np.float32(network.down), boost, fastest, self.searches(held, fastest), starts, targets, network.gain,
            network.cooperativity, shift, self.dt, *flight.keys, flight.first_trial, first_step, relax_first,
            flight.work, flight.flow,
        )  # fmt: skip
        flight.states[...] = states

    def fastest(self, inputs: Array) -> Array:
        """No rate is above this, at each of some inputs; shape (inputs,)."""
        network = self.network
        most = np.maximum(network.cooperativity * network.degrees, 0.0)
        up = network.up * network.stimulus * np.exp((inputs + most).max(axis=1))
        return np.maximum(up, network.down) * (1 + 1e-6)  # single precision rounds rates

    def searches(self, inputs: Array, fastest: Array) -> npt.NDArray[np.int64]:
        """Where to search (1) and where to thin out (0), by the share of attempts that a mean field sees succeed."""
        network = self.network
        push = network.up * network.stimulus * np.exp(inputs.mean(axis=1))
        low, high = np.zeros(len(inputs)), np.ones(len(inputs))
        degree = float(network.degrees.mean())
        for _ in range(HALVINGS):
            active = (low + high) / 2
            neighbours = (1 + active * np.expm1(network.cooperativity)) ** degree
            rising = push * neighbours * (1 - active) > network.down * active
            low, high = np.where(rising, active, low), np.where(rising, high, active)
        accepted = 2 * network.down * low / fastest
        return (accepted < LEAST_ACCEPTED).astype(np.int64)
