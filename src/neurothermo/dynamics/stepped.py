"""Couplings or temperature that change on the way: a driver of its own for every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.flight import TILE, Driver, Flight
from neurothermo.dynamics.drivers import driver_for
from neurothermo.protocols import Protocol
from neurothermo.systems import SpinNetwork


@dataclass(frozen=True, eq=False)
class SteppedDriver:
    """Each step is one step of the driver for the network and the temperature of the moment.

    A change of couplings and thresholds at fixed state does the work -V.dJ.V/2 + dU.V; a change of temperature
    does none.
    """

    system: SpinNetwork
    rule: Any
    protocol: Protocol
    temperature: Any
    plain: bool = False
    block: int = TILE
    flow_of_heat: None = None

    @property
    def kernel(self) -> str:
        """The kernel of its steps, stepped."""
        return f"{self._driver(0).kernel}, stepped"

    @property
    def cost(self) -> float:
        """That of one step."""
        return self._driver(0).cost

    def _driver(self, step: int) -> Driver:
        network = self.protocol.network_at(step, self.system)
        return driver_for(network, self.rule, self.protocol.temperature_at(step, self.temperature), plain=self.plain)

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Step by step: change, then move; in the reverse, move, then change."""
        for row in range(1, len(values)):
            step = first_step + row - 1
            if not relax_first:
                self._change(flight, values[row - 1], values[row], step)
            at = step - 1 if relax_first else step
            held = values[row - 1] if relax_first else values[row]
            single = Flight(flight.states, flight.first_trial, flight.stream, flight.work, flight.flow)
            self._driver(at).carry(single, np.stack([held, held]), step, relax_first, threads)
            if relax_first:
                self._change(flight, values[row - 1], values[row], step)

    def _change(self, flight: Flight, before: Array, after: Array, step: int) -> None:
        """W += E'(V) - E(V), of the input, the couplings and the thresholds, energy or not."""
        old, new = (self.protocol.network_at(at, self.system) for at in (step - 1, step))
        flight.work[:] += new.quadratic_form(flight.states, after) - old.quadratic_form(flight.states, before)
