"""What the figures share: how much is simulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.estimate import Estimate

RATE = "nats per unit time"


@dataclass(frozen=True)
class Settings:
    """How much the figures simulate; the models' parameters are written in each figure.

    Parameters
    ----------
    trials : int
        Of the simulated particle; the others take a fixed share of it.
    ring : int
        Spines of the simulated ring.
    seed : int
    """

    trials: int = 20_000
    ring: int = 1000
    seed: int = 1

    def share(self, part: float) -> int:
        """That part of the trials, at least two."""
        return max(2, round(part * self.trials))


def mean_of(values: Array, units: str = "") -> Estimate:
    """The mean of independent values with its standard error."""
    values = np.asarray(values, dtype=float)
    value, stderr = float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))
    return Estimate(value, stderr, (value - 1.96 * stderr, value + 1.96 * stderr), n=values.size, units=units)
