"""What the figures share: parameters, fields, and rows that compare two exact numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.processes import NeuralField, kernels
from neurothermo.systems import gains

RATE = "nats per unit time"
DENSITY = "nats per unit time and length"
HAT = (1.5, 1.0, 0.75, 2.0)  # excitation and its width, inhibition and its width


@dataclass(frozen=True)
class Settings:
    """Parameters of the figures; all are choices, for the paper's own were not available.

    Parameters
    ----------
    length, points : float, int
        Of the long ring, in widths of the kernel; the short one has `short` = 16 and a quarter of the points.
    weight : float
        J_0 of the Gaussian kernels, of width 1, at a gain of 1 and tau = 1.
    trials : int
        Of each simulation of the nonlinear field.
    time, dt : float
        How long each trial lasts, and a step of it.
    seed : int
    """

    length: float = 40.0
    points: int = 256
    weight: float = 0.5
    trials: int = 3000
    time: float = 40.0
    dt: float = 0.1
    seed: int = 1

    @property
    def short(self) -> tuple[float, int]:
        """Length and points of the ring where matrices are compared."""
        return 16.0, self.points // 4

    def wave(self) -> Array:
        """cos(2 pi x/L) on the short ring."""
        _, points = self.short
        return np.cos(2 * np.pi * np.arange(points) / points)

    def bump(self, pin: float = 0.1, refined: int = 1, noise: Any = 1.0) -> NeuralField:
        """A bump of activity, linearized about: Mexican hat, logistic gain, an input pin cos(2 pi x/L)."""
        length, points = self.short
        wave = np.cos(2 * np.pi * np.arange(refined * points) / (refined * points))
        hat, gain = kernels.mexican_hat(3.0, 1.0, 2.0, 2.0), gains.logistic(slope=5.0, threshold=0.5)
        field = NeuralField(length, refined * points, hat, gain, noise=noise, input=pin * wave)
        return field.about(field.stationary_state(wave))
