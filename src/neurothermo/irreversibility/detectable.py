"""How small an entropy production could have been seen: the question before the experiment, and after a null result."""

from __future__ import annotations

from math import isfinite
from typing import Any

from neurothermo.core.checks import checked_choice, checked_count, checked_fraction, checked_number
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.recordings.clock import seconds
from neurothermo.recordings.recording import STATES, Recording

METHODS = ("gaussian", "plugin")
SHORT = 20  # correlation times below which the formula is of no use


def resolvable(
    recording: Recording | None = None, *, duration: Any = None, channels: int | None = None, states: int | None = None,
    method: str = "gaussian", power: float = 0.8, alpha: float = 0.05, correlation_time: Any = None,
) -> Estimate:  # fmt: skip
    r"""The smallest entropy production that this much data tells from zero, in nats per second.

    .. math:: \sigma_{min} = \frac{2 \lambda}{T}, \qquad
              P\left(\chi'^2(\nu, \lambda) > \chi^2_{1 - \alpha}(\nu)\right) = \text{power}

    Near equilibrium the estimated entropy production is 2/T times a non-central chi squared, whatever the sampling
    rate: T is the duration in seconds, and only T counts. The number of degrees of freedom is that of circulations:
    d (d - 1)/2 of d channels ("gaussian"), E - S + 1 of S states with E pairs that follow each other ("plugin"; without
    a recording all pairs, and a time T in samples makes it nats per sample).

    Parameters
    ----------
    recording : Recording, optional
        Takes duration and channels (or states) from it.
    duration : float or str
        T, in seconds or words like "20 min".
    channels : int
        d >= 2, for "gaussian".
    states : int
        S >= 3, for "plugin".
    method : "gaussian" or "plugin"
    power : float
        The chance of seeing it.
    alpha : float
        The level of the test.
    correlation_time : float or str, optional
        The slowest, in seconds: the formula needs a duration of many, and a sentence says so where it is not.

    Returns
    -------
    Estimate
        Kind "exact" as a formula, for large T; `details` has nu, lambda and the bias 2 nu/T of an uncorrected estimate.

    Raises
    ------
    InputError
        If duration or channels are missing, or only one channel (or two states) is there: these are always reversible.
    """
    from scipy.optimize import brentq
    from scipy.stats import chi2, ncx2

    checked_choice(method, "method", METHODS)
    power, alpha = checked_fraction(power, "power"), checked_fraction(alpha, "alpha")
    if power <= alpha:
        raise InputError(f"power must be more than alpha = {alpha:g}, got {power:g}")
    memory = None if correlation_time is None else seconds(correlation_time, "correlation_time")
    if recording is not None:
        if any(given is not None for given in (duration, channels, states)):
            raise InputError("give a recording, or duration and channels, not both")
        length, freedom, memory = _of_recording(recording, method, memory)
    else:
        length, freedom = _of_numbers(duration, channels, states, method)
    threshold = float(chi2.ppf(1 - alpha, freedom))
    noncentrality = brentq(lambda one: ncx2.sf(threshold, freedom, one) - power, 1e-9, 200 + 20 * freedom)
    value = 2 * noncentrality / length
    said = []
    if memory is not None and length < SHORT * memory:
        said.append(
            f"{length:.3g} s are only {length / memory:.2g} correlation times: less can be told than this formula says."
        )
    return Estimate(
        value, 0.0, (value, value), units="nats per second", kind="exact",
        method=f"smallest seen by {method}, power {power:g}, level {alpha:g}", diagnostics=tuple(said),
        counted="samples", n=None if recording is None else recording.samples,
        details={
            "freedom": freedom, "noncentrality": noncentrality, "threshold": 2 * threshold / length,
            "bias": 2 * freedom / length, "duration": length,
        },
    )  # fmt: skip


def _of_recording(recording: Recording, method: str, memory: float | None) -> tuple[float, int, float]:
    """Duration, degrees of freedom and correlation time in seconds."""
    from neurothermo.irreversibility.blocks import correlation_time

    rate = recording.required_rate()
    if method == "plugin":
        freedom = _circulations(recording)
    else:
        freedom = _pairs(recording.size)
    if memory is None:
        memory = correlation_time([segment.astype(float) for segment in recording.segments]) / rate
    return recording.duration, freedom, memory


def _circulations(recording: Recording) -> int:
    """E - S + 1 of the words that occur: independent loops of the graph of transitions."""
    import numpy as np

    if recording.kind != STATES:
        raise InputError(f'method "plugin" needs states, got {recording.kind}')
    rows = np.concatenate(recording.segments)
    _, word = np.unique(rows, axis=0, return_inverse=True)
    ends = np.cumsum([len(segment) for segment in recording.segments])[:-1]
    within = np.setdiff1d(np.arange(len(word) - 1), ends - 1)
    pairs = np.stack([word.ravel()[within], word.ravel()[within + 1]])
    pairs = np.unique(np.sort(pairs[:, pairs[0] != pairs[1]], axis=0), axis=1)
    freedom = int(pairs.shape[1] - word.max())
    if freedom < 1:
        raise InputError(
            "the words of this recording have no loop of transitions: such a sequence is always reversible"
        )
    return freedom


def _of_numbers(duration: Any, channels: int | None, states: int | None, method: str) -> tuple[float, int]:
    if duration is None:
        raise InputError("duration is missing: give a recording, or duration and channels")
    length = seconds(duration, "duration") if isinstance(duration, str) else checked_number(duration, "duration")
    if not (length > 0 and isfinite(length)):
        raise InputError(f"duration must be positive, got {length:g}")
    if method == "plugin":
        if states is None:
            raise InputError('states is missing: how many words there are, for method "plugin"')
        count = checked_count(states, "states", least=3)
        return length, (count - 1) * (count - 2) // 2
    if channels is None:
        raise InputError("channels is missing: how many there are")
    return length, _pairs(checked_count(channels, "channels"))


def _pairs(channels: int) -> int:
    if channels < 2:
        raise InputError("channels must be at least 2: one channel of a linear Gaussian process is always reversible")
    return channels * (channels - 1) // 2
