"""How small an entropy production could have been seen: the question before the experiment, and after a null result."""

from __future__ import annotations

from math import isfinite
from typing import Any

from neurothermo.core.checks import checked_choice, checked_count, checked_fraction, checked_number
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.irreversibility.detectable_sampling import lost, relaxations
from neurothermo.recordings.clock import hertz, seconds
from neurothermo.recordings.recording import STATES, Recording

METHODS = ("gaussian", "plugin")
SHORT = 20  # correlation times below which the formula is of no use
WORTH_SAYING = 1.1  # of the factor of sampling
UNKNOWN = (
    "This holds for rows much closer than the fastest relaxation; with fewer rows more is needed: give sampling_rate "
    "and relaxation_time, or a recording."
)


def resolvable(
    recording: Recording | None = None, *, duration: Any = None, channels: int | None = None, states: int | None = None,
    method: str = "gaussian", power: float = 0.8, alpha: float = 0.05, correlation_time: Any = None,
    sampling_rate: Any = None, relaxation_time: Any = None,
) -> Estimate:  # fmt: skip
    r"""The smallest entropy production that this much data tells from zero, in nats per second.

    .. math:: \sigma_{min} = \frac{2 \lambda}{T}\, \frac{\sigma \Delta t}{D_2}, \qquad
              P\left(\chi'^2(\nu, \lambda) > \chi^2_{1 - \alpha}(\nu)\right) = \text{power}

    Near equilibrium the estimated divergence of neighbouring rows, D_2, is 2 dt/T times a non-central chi squared.
    Sampled much faster than the fastest relaxation D_2 is sigma dt, and only the duration T counts; sampled more slowly
    it is less: of modes that relax at the rate a, sigma dt/D_2 = (e^(2 a dt) - 1)/(2 a dt), which is 1.1 at a tenth of
    a relaxation time and 3.2 at one. The number of degrees of freedom is that of circulations: d (d - 1)/2 of d
    channels ("gaussian"), E - S + 1 of S states with E pairs that follow each other ("plugin"; without a recording all
    pairs, and a time T in samples makes it nats per sample; of what the rows show, with no factor for what is between
    them).

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
    sampling_rate, relaxation_time : float or str, optional
        Rows a second, and the fastest relaxation in seconds, for "gaussian"; both or neither. A recording gives its
        own: the two modes between which a circulation is hardest to see count.

    Returns
    -------
    Estimate
        A formula, for large T; a lower bound where sampling is not known to be fast. `details` has nu, lambda, the
        bias of an uncorrected estimate, and `sampling`, the factor sigma dt/D_2 (`sampling_least`: of the two slowest
        modes).

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
        if any(given is not None for given in (duration, channels, states, sampling_rate, relaxation_time)):
            raise InputError("give a recording, or duration and channels, not both")
        length, freedom, memory = _of_recording(recording, method, memory)
    else:
        length, freedom = _of_numbers(duration, channels, states, method)
    most, least, said = _sampling(recording, method, sampling_rate, relaxation_time)
    threshold = float(chi2.ppf(1 - alpha, freedom))
    noncentrality = brentq(lambda one: ncx2.sf(threshold, freedom, one) - power, 1e-9, 200 + 20 * freedom)
    unit = 2 * most / length
    value = unit * noncentrality
    if memory is not None and length < SHORT * memory:
        said.append(
            f"{length:.3g} s are only {length / memory:.2g} correlation times: less can be told than this formula says."
        )
    return Estimate(
        value, units="nats per second", kind="lower bound" if UNKNOWN in said or method == "plugin" else "estimate",
        method=f"smallest seen by {method}, power {power:g}, level {alpha:g}", diagnostics=tuple(said),
        counted="samples", n=None if recording is None else recording.samples,
        details={
            "freedom": freedom, "noncentrality": noncentrality, "threshold": unit * threshold,
            "bias": unit * freedom, "duration": length, "sampling": most, "sampling_least": least,
        },
    )  # fmt: skip


def _sampling(recording: Recording | None, method: str, rate: Any, relaxation: Any) -> tuple[float, float, list[str]]:
    """sigma dt/D_2 where a circulation is hardest and easiest to see, and what must be said of it."""
    if (rate is None) != (relaxation is None):
        raise InputError("give sampling_rate and relaxation_time both, or neither")
    if method == "plugin":
        if rate is not None:
            raise InputError('sampling_rate and relaxation_time are for method "gaussian"')
        return 1.0, 1.0, ["This is of what the rows show: the process between them produces more."]
    if recording is None:
        if rate is None:
            return 1.0, 1.0, [UNKNOWN]
        factor = lost(*(1 / (hertz(rate, "sampling_rate") * seconds(relaxation, "relaxation_time")),) * 2)
        return factor, factor, []
    times, unseen = relaxations(recording)
    said = []
    if unseen:
        said.append(
            f"{unseen} of {recording.size} combinations of channels relax within a row, as far as can be told: "
            "a circulation with these is hardly seen, however strong."
        )
    if len(times) < 2:
        return 1.0, 1.0, [*said, UNKNOWN]
    factors = [lost(float(a), float(b)) for a, b in ((times[0], times[1]), (times[-2], times[-1]))]
    most, least = max(factors), min(factors)
    if most > WORTH_SAYING:
        said.append(
            f"Rows are far apart for the fastest relaxation: {most:.2g} times as much is needed as with rows close by "
            f"({least:.2g} times for the slowest modes)."
        )
    return most, least, said


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
