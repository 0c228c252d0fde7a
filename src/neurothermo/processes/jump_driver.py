"""Markov jump processes in motion: jump by jump, exactly, however the time is cut into steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_number
from neurothermo.core.errors import InputError
from neurothermo.core.flight import TILE, Flight
from neurothermo.processes.jump_rates import Edges

if TYPE_CHECKING:
    from neurothermo.processes.jump import MarkovJump

KERNEL = "jump by jump"
ONE_WAY = "jump by jump; infinite once a jump without a way back was made"
FOREVER = 1e300  # mean stay in a state without a way out
MOST_JUMPS = 1e9  # of one step, so that draws have addresses
LARGEST_TABLE = 2**31  # bytes
WHOLE = 2.0**64


@dataclass(frozen=True, eq=False)
class Ways:
    """Walker's alias table of the ways out of each state, `columns` a state.

    Column c leads to ways[., 0] below its threshold (of 2^64), else to ways[., 1]; flows are ln of the rates there
    over back. A state without a way out leads to itself.
    """

    columns: int
    thresholds: npt.NDArray[np.uint64]
    ways: npt.NDArray[np.uint32]
    flows: Array

    @classmethod
    def of(cls, edges: Edges) -> Ways:
        """The table of all states.

        Raises
        ------
        InputError
            If it would be too large: states with very many ways out.
        """
        from neurothermo.engine.jumps import aliases

        size, degrees = edges.size, np.bincount(edges.source, minlength=edges.size)
        columns = max(int(degrees.max()), 1)
        if 32 * size * columns > LARGEST_TABLE:
            raise InputError(
                f"rates have up to {columns} ways out of {size} states: their table would take "
                f"{32 * size * columns / 2**30:.1f} GiB"
            )
        place = np.arange(len(edges.source)) - (np.cumsum(degrees) - degrees)[edges.source]
        share, target = np.zeros((size, columns)), np.tile(np.arange(size)[:, None], (1, columns))
        flow = np.zeros((size, columns))
        share[edges.source, place] = edges.rate / edges.escape[edges.source] * columns
        target[edges.source, place], flow[edges.source, place] = edges.target, edges.log_ratio
        keep, other = np.empty_like(share), np.empty(share.shape, np.int64)
        aliases(share, keep, other)
        rows = np.arange(size)[:, None]
        thresholds = np.where(keep < 1, np.minimum(keep, 1 - 2.0**-53) * WHOLE, 0.0).astype(np.uint64)
        ways, flows = (np.stack([one, one[rows, other]], axis=-1).reshape(-1, 2) for one in (target, flow))
        return cls(columns, thresholds.ravel(), ways.astype(np.uint32), flows.astype(np.float64))


@dataclass(frozen=True, eq=False)
class JumpDriver:
    """Carries trials of a Markov jump process through a protocol whose steps last `dt`.

    Exponential clocks have no memory: starting them anew at each step changes no law, whatever dt is.
    """

    process: MarkovJump
    dt: float
    ways: Ways
    kernel: str

    @classmethod
    def of(cls, process: MarkovJump, dt: float | None) -> JumpDriver:
        """The driver of a process; the default step is the shortest mean stay.

        Raises
        ------
        InputError
            If dt is not positive, or so long that a step has more jumps than numbers.
        """
        edges = process.edges
        fastest = float(edges.escape.max())
        dt = 1 / fastest if dt is None and fastest > 0 else checked_number(1.0 if dt is None else dt, "dt")
        if dt <= 0:
            raise InputError(f"dt must be positive, got {dt:g}")
        _check_jumps(fastest * dt)
        return cls(process, dt, Ways.of(edges), ONE_WAY if np.any(edges.one_way) else KERNEL)

    @property
    def block(self) -> int:
        """Trials are moved one by one."""
        return TILE

    @property
    def cost(self) -> float:
        """Nanoseconds a step of one trial: 30, and 7 a jump."""
        return 30.0 + 7.0 * float(self.process.edges.escape.max()) * self.dt

    @property
    def flow_of_heat(self) -> float | None:
        """-1 in units of kT where there is an energy."""
        return -1.0 if self.process.has_energy else None

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Work, then jumps for `dt`, at each value; in the reverse, the jumps first."""
        from neurothermo.engine.jumps import drive_jumps

        held = values[:-1] if relax_first else values[1:]
        if np.all(held == held[:1]):
            held = held[:1]
        escape = self.process.edges.escape
        with np.errstate(divide="ignore", over="ignore"):
            stays = np.minimum(np.exp(held) / escape, FOREVER)
        _check_jumps(float(self.dt / stays.min(initial=FOREVER)))
        states = self.process.indices(flight.states)
        drive_jumps(
            states, np.array(values), stays, self.ways.thresholds, self.ways.ways, self.ways.flows,
            self.ways.columns, self.dt, *flight.keys, flight.first_trial, first_step, relax_first, flight.work,
            flight.flow,
        )  # fmt: skip
        flight.states[:, 0] = states


def _check_jumps(jumps: float) -> None:
    if not jumps <= MOST_JUMPS:
        raise InputError(
            f"dt is too long: up to {jumps:.2g} jumps a step, at most {MOST_JUMPS:.0e}; take more steps, or an input "
            "that is not so strong"
        )
