"""From a recording to a linear fit, or to the sentence that says what stands in its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_number
from neurothermo.core.errors import InputError
from neurothermo.irreversibility.gaussian_fit import Linear, Moments, moments_of, regressed, shrinkage_intensity, shrunk
from neurothermo.irreversibility.gaussian_null import Circling, circling
from neurothermo.recordings.recording import SPIKES, Recording

SINGULAR = 1e-12  # smallest eigenvalue of the correlations


@dataclass(frozen=True, eq=False)
class Fit:
    """A linear process, before and after shrinking, and the test of its null, in standardised channels and samples."""

    moments: Moments
    mean: Array
    scale: Array
    intensity: float
    raw: Linear
    linear: Linear
    test: Circling


def prepared(recording: Recording, shrinkage: Any) -> tuple[str | None, Any]:
    """An obstacle, or the second moments."""
    if recording.kind == SPIKES:
        return (
            "The recording has spikes, and a linear fit needs equal steps: bin them first, by 10 ms for instance.",
            None,
        )
    if recording.size < 2:
        return "One channel is always reversible for a linear process with Gaussian noise: record two or more.", None
    size = recording.size
    transitions = sum(len(part) - 1 for part in recording.segments)
    parameters = size * size + size * (size + 1) // 2
    if shrinkage is None and transitions < parameters:
        return (
            f"{transitions} transitions are fewer than the {parameters} parameters of a linear fit to {size} channels: "
            'take fewer channels or, in Python, recording.components(...) or shrinkage="auto".'
        ), None
    if transitions < 2 * size + 3:
        return f"{transitions} transitions are too few for a linear fit to {size} channels, shrunk or not.", None
    found = moments_of(recording.segments)
    constant = np.flatnonzero(found[2] <= 1e-12 * np.abs(found[1]))
    if len(constant):
        return f"Channel {recording.names[constant[0]]} is constant: leave it out.", None
    if np.linalg.eigvalsh(found[0].before / found[0].count)[0] < SINGULAR:
        return (
            "Some channels are linear combinations of others: leave them out or, in Python, take "
            "recording.components(...).",
            None,
        )
    return None, found


def fitted(recording: Recording, shrinkage: Any) -> Fit:
    """The fit, or what stands in its way."""
    intensity = None
    if shrinkage is not None and not (isinstance(shrinkage, str) and shrinkage == "auto"):
        intensity = checked_number(shrinkage, "shrinkage")
        if not 0 <= intensity <= 1:
            raise InputError(f'shrinkage must be None, "auto" or between 0 and 1, got {intensity:g}')
    sentence, found = prepared(recording, shrinkage)
    if sentence:
        raise InputError(sentence)
    moments, mean, scale = found
    if intensity is None:
        intensity = 0.0 if shrinkage is None else shrinkage_intensity(moments)
    raw = Linear.of(*regressed(moments))
    return Fit(moments, mean, scale, intensity, raw, shrunk(raw, intensity), circling(moments))
