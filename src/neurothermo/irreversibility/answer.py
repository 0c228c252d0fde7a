"""What every method answers with: one `Estimate`, and the sentences a reader must not miss."""

from __future__ import annotations

from math import isfinite
from typing import Any

from neurothermo.core.estimate import NATS, Estimate
from neurothermo.recordings.recording import Recording

PER_SAMPLE = f"{NATS} per sample"
HIDDEN = (
    "Neurons and regions that were not recorded can hide irreversibility: read this as a lower bound on that of the "
    "whole network."
)
EITHER_WAY = "Neurons that were not recorded can make this too small or, where the model is wrong, too large."
CONSISTENT = "The interval includes zero: these data do not show that the activity is irreversible."
FILTERED = (
    "The recording was resampled with a filter that reaches over {steps} of its steps, and after it this need not be a "
    "bound: resample to means over each step instead (means=True)."
)
NEGATIVE = "The value is negative, and so is the whole interval: a bound below zero says nothing."


def answer(recording: Recording, value: float, **fields: Any) -> Estimate:
    """An entropy production in nats per sample, with what must be said of any.

    Parameters
    ----------
    recording : Recording
        Sampled at equal steps: its rate makes `per_second`.
    value : float
        Nats per sample.
    **fields
        Of the `Estimate`: `stderr`, `interval`, `p_value`, `kind`, `method`, `n`, `details`, `diagnostics`.
    """
    low, high = fields.get("interval", (float("nan"),) * 2)
    said = tuple(fields.pop("diagnostics", ()))
    if isfinite(low) and low <= 0 <= high:
        said = (CONSISTENT, *said)
    elif isfinite(high) and high < 0 and NEGATIVE not in said:
        said = (NEGATIVE, *said)
    fields.setdefault("counted", "samples")
    fields.setdefault("n", recording.samples)
    if fields.get("kind") == "lower bound" and (steps := recording.data.attrs.get("filter_steps")):
        said = (*said, FILTERED.format(steps=steps))
    said = (*said, HIDDEN if fields.get("kind") == "lower bound" else EITHER_WAY)
    return Estimate(value, units=PER_SAMPLE, rate=recording.required_rate(), diagnostics=said, **fields)
