"""A system of positions with velocities added: what underdamped motion moves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.randomness import digest
from neurothermo.systems.continuous import Continuous


@dataclass(frozen=True, eq=False)
class Massive:
    """States are the positions of `system`, then as many velocities, of unit mass, odd under time reversal.

    Its energy is that of the positions plus v.v/2; its rule of motion evaluates the forces of `system` itself.
    """

    system: Continuous

    @property
    def size(self) -> int:
        """How many positions an input drives."""
        return self.system.size

    @property
    def dimension(self) -> int:
        """Positions and velocities."""
        return 2 * self.system.dimension

    @cached_property
    def digest(self) -> str:
        """A word that two of them share only if they are the same."""
        return digest("Massive", self.system.digest)

    @property
    def has_energy(self) -> bool:
        """Whether the positions have one."""
        return self.system.has_energy

    @property
    def why_no_energy(self) -> str:
        """That of the positions."""
        return self.system.why_no_energy

    @property
    def patterns(self) -> None:
        """None: no patterns here."""
        return None

    def evaluate(self, places: Any) -> tuple[Any, Any]:
        """Forces on the positions at positions."""
        return self.system.evaluate(places)

    def activity(self, states: Any) -> Any:
        """The positions: what the input couples to."""
        return self.system.activity(np.asarray(states)[:, : self.system.dimension])

    def energy(self, states: Any, field: Any) -> Array:
        """E(q) + v.v/2, shape (trials,)."""
        place, speed = np.split(np.asarray(states, dtype=np.float64), 2, axis=1)
        return self.system.energy(place, field) + (speed**2).sum(axis=1) / 2

    def scattered(self, uniforms: Array) -> Array:
        """Positions as the system scatters them, velocities between -3 and 3."""
        place, speed = np.split(np.asarray(uniforms), 2, axis=1)
        return np.concatenate([self.system.scattered(place), 6 * speed - 3], axis=1)

    def __repr__(self) -> str:
        return f"{self.system!r} with velocities"
