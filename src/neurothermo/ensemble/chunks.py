"""The one loop over trials: chunk by chunk through the protocol, the sums of each trial kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_count
from neurothermo.core.flight import Flight, parts_of
from neurothermo.core.progress import progress as progress_bar
from neurothermo.core.randomness import Stream
from neurothermo.ensemble.initial import InitialLaw, exact_stationary
from neurothermo.ensemble.records import Records
from neurothermo.ensemble.setup import Setup
from neurothermo.systems import SpinNetwork

PIECE_NANOSECONDS = 2e8  # between two looks at the clock and at Ctrl-C
MOST_TRIALS = 2**17  # in a chunk, for the sake of memory
COLUMNS = (
    "work", "heat", "entropy_flow", "energy_initial", "energy_final", "log_law_initial", "log_law_final", "shadow_work",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Run:
    """Everything a run needs: where it starts and ends, what moves it, what it draws from and writes down.

    `first` is the absolute number of its first trial.
    """

    setup: Setup
    law: InitialLaw
    numbers: Stream
    records: Records
    trials: int
    threads: int
    first: int = 0

    def variables(self, chunk: int | None, show: bool | None) -> dict[str, Any]:
        """The ledger's variables: heat by the first law, flow by its identity where there is one."""
        columns, taken = self._all_chunks(self._chunk(chunk), show)
        flow = columns.pop("flow")
        if self.setup.has_energy:
            columns["heat"] = columns["energy_final"] - columns["energy_initial"] - columns["work"]
            if self.setup.driver.flow_of_heat is not None:
                flow = self.setup.driver.flow_of_heat * columns["heat"]
        columns["entropy_flow"] = flow
        if "flow" in self.setup.attributes and self.setup.has_energy and np.ndim(self.setup.temperature) == 0:
            columns["shadow_work"] = self.setup.temperature * flow + columns["heat"]
        state = "neuron" if self.setup.first.dimension == self.setup.first.size else "variable"
        ordered = [name for name in (*COLUMNS, *self._shares.values()) if name in columns]
        return {**{name: columns[name] for name in ordered}, **self.records.variables(taken, state)}

    @property
    def _shares(self) -> dict[str, str]:
        """The parts that the driver splits the flow between, and the columns of their shares."""
        return {name: f"flow_{name}" for name in parts_of(self.setup.driver)}

    def _all_chunks(self, chunk: int, show: bool | None) -> tuple[dict[str, Any], list[Any]]:
        """Every chunk of trials through the whole protocol; the sums of each trial, the records of each chunk."""
        values = self.setup.protocol.values
        final = self._final_law()
        names = ["work", "flow"] + ["energy_initial", "energy_final"] * self.setup.has_energy
        names += self._shares.values()
        names += ["log_law_initial"] * bool(self.law.log_probability) + ["log_law_final"] * bool(final)
        columns = {name: np.empty(self.trials) for name in names}
        taken: list[Any] = []
        with progress_bar("simulating", self.trials * max(self.setup.protocol.steps, 1), show, "steps") as advance:
            for start in range(0, self.trials, chunk):
                rows = slice(start, min(start + chunk, self.trials))
                absolute = self.first + np.arange(rows.start, rows.stop)
                states = self.law.draw(absolute, self.numbers, self.threads)
                flight = Flight.of(states, self.first + start, self.numbers, parts=self._shares)
                if self.law.log_probability:
                    columns["log_law_initial"][rows] = self.law.log_probability(flight.states)
                if self.setup.has_energy:
                    columns["energy_initial"][rows] = self.setup.first.energy(flight.states, values[0])
                taken.append(self._fly(flight, advance))
                columns["work"][rows], columns["flow"][rows] = flight.work, flight.flow
                for name, share in self._shares.items():
                    columns[share][rows] = flight.sums[name]
                if self.setup.has_energy:
                    columns["energy_final"][rows] = self.setup.last.energy(flight.states, values[-1])
                if final:
                    columns["log_law_final"][rows] = final.log_probability(flight.states)
        return columns, taken

    def _fly(self, flight: Flight, advance: Callable[[float], None]) -> list[dict[str, Any]]:
        """One chunk through the protocol, in pieces short enough to be interrupted; its records."""
        protocol, trials = self.setup.protocol, len(flight.states)
        piece = max(1, int(PIECE_NANOSECONDS * self.threads / (self.setup.driver.cost * trials)))
        taken = [self._record(flight, 0)]
        for before, after in zip(self.records.steps[:-1], self.records.steps[1:], strict=True):
            for step in range(before, after, piece):
                stop = min(step + piece, after)
                values = protocol.values[step : stop + 1]
                self.setup.driver.carry(flight, values, step + 1, protocol.relax_first, self.threads)
                advance(trials * (stop - step))
            taken.append(self._record(flight, after))
        return taken

    def _record(self, flight: Flight, step: int) -> dict[str, Any]:
        """What is to be written down at this step."""
        network, protocol = self.setup.first, self.setup.protocol
        if "energies" in self.records.names:
            network = protocol.network_at(step, network)
        return self.records.take(flight, network, protocol.values[step])

    def _final_law(self) -> Any:
        """A law for the last states, normalised and exact: Boltzmann's where there is one, else the stationary one."""
        from neurothermo import exact

        if not isinstance(self.setup.first, SpinNetwork):
            return self.law.final
        field, temperature = self.setup.protocol.values[-1], self.setup.temperature_at(self.setup.protocol.steps)
        if self.setup.has_energy and np.ndim(temperature) == 0 and exact.is_feasible(self.setup.last, field):
            return exact.boltzmann_law(self.setup.last, temperature=temperature, field=field)
        if self.law.name == "stationary" and self.law.log_probability:
            return exact_stationary(self.setup.last, self.setup.rule, field, temperature)
        return None

    def _chunk(self, chunk: int | None) -> int:
        """Trials at a time, a multiple of the driver's block."""
        block, steps = self.setup.driver.block, max(self.setup.protocol.steps, 1)
        if chunk is None:
            wanted = 10 * PIECE_NANOSECONDS * self.threads / (self.setup.driver.cost * steps)
            chunk = int(min(max(wanted, 8 * self.threads * block), MOST_TRIALS))
        chunk = checked_count(chunk, "chunk")
        return min(-(-chunk // block) * block, -(-self.trials // block) * block)
