"""What is written down on the way, besides the sums: overlaps, states, energies, work and flow, thinned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_count, shown
from neurothermo.core.errors import InputError
from neurothermo.core.flight import Flight
from neurothermo.systems import SpinNetwork

RECORDS = ("overlaps", "states", "activities", "energies", "work", "flow")
LARGEST_BYTES = 8 * 2**30


@dataclass(frozen=True)
class Records:
    """Which quantities, at which steps.

    Work and flow are those of the steps since the last record, so that they add up to the totals.
    """

    names: tuple[str, ...]
    steps: tuple[int, ...]

    @classmethod
    def of(cls, record: Any, every: int, system: Any, steps: int, trials: int) -> Records:
        """Check what is asked for.

        Raises
        ------
        InputError
            If a name is unknown or has no meaning for the network, or the records would not fit in memory.
        """
        names = checked_record(record)
        spins = isinstance(system, SpinNetwork)
        if "overlaps" in names and (not spins or system.patterns is None):
            raise InputError("record='overlaps' needs a network that stores patterns (hopfield)")
        if "activities" in names and spins:
            raise InputError("record='activities' is for real variables; the activity of spins is their 'states'")
        if "energies" in names and not system.has_energy:
            raise InputError(f"record='energies' needs an energy: {system.why_no_energy}")
        every = checked_count(every, "every")
        times = tuple(sorted({*range(0, steps + 1, every), steps})) if names else (0, steps)
        size = {
            "states": system.dimension * (1 if spins else 8),
            "activities": 8 * system.size,
            "overlaps": 8 * len(system.patterns.patterns) if spins and system.patterns else 0,
        }
        needed = trials * len(times) * sum(size.get(name, 8) for name in names)
        if needed > LARGEST_BYTES:
            raise InputError(
                f"record would hold {needed / 2**30:.1f} GiB ({trials} trials x {len(times)} times); "
                "record fewer quantities, fewer trials, or every=n steps"
            )
        return cls(names, times)

    def take(self, flight: Flight, system: Any, field: Any) -> dict[str, Any]:
        """The record of one time; work and flow are still running sums."""
        taken: dict[str, Any] = {}
        for name in self.names:
            if name == "overlaps":
                taken[name] = flight.states @ system.patterns.patterns.T.astype(np.float64) / system.size
            elif name == "states":
                taken[name] = flight.states.copy()
            elif name == "activities":
                taken[name] = np.asarray(system.activity(flight.states))
            elif name == "energies":
                taken[name] = system.energy(flight.states, field)
            else:
                taken[name] = (flight.work if name == "work" else flight.flow).copy()
        return taken

    def variables(
        self, taken: list[list[dict[str, Any]]], state: str = "neuron"
    ) -> dict[str, tuple[tuple[str, ...], Any]]:
        """The recorded variables: chunks of trials, each a list over times; `state` names the columns of states."""
        extra = {"overlaps": ("pattern",), "states": (state,), "activities": ("neuron",)}
        words = {"work": "work_steps", "flow": "flow_steps"}
        found: dict[str, tuple[tuple[str, ...], Any]] = {}
        for name in self.names:
            values = np.concatenate([np.stack([at[name] for at in chunk], axis=1) for chunk in taken])
            if name in words:
                values = np.diff(values, axis=1, prepend=0.0)
            found[words.get(name, name)] = (("trial", "time", *extra.get(name, ())), values)
        return found


def checked_record(record: Any) -> tuple[str, ...]:
    """The names of what is to be recorded.

    Raises
    ------
    InputError
        If one is unknown.
    """
    names = record if isinstance(record, list | tuple | set | frozenset) else (record,)
    for name in names:
        if not isinstance(name, str) or name not in RECORDS:
            raise InputError(f"record must name some of {', '.join(RECORDS)}, got {shown(name)}")
    return tuple(names)
