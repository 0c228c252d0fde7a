"""From a recording to its cross-spectra and their entropy production, or to what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_count
from neurothermo.core.errors import InputError
from neurothermo.irreversibility.cross_spectrum_fit import (
    FEWEST,
    GROUPS,
    Chance,
    CrossSpectrum,
    Production,
    chance,
    cross_spectrum,
    jackknife,
    production_of,
)
from neurothermo.recordings.recording import SPIKES, Recording

GAIN = 2.0  # standard errors that windows twice as long must add, for windows longer still
TIMES = 40.0  # correlation times in a window
SHORT, LEAST, WINDOWS = 64, 16, 20  # samples of a window: wanted, possible; and how many windows are wanted
SPARE = 4  # degrees of freedom for each channel
FEW = 30.0  # samples that must tell a channel from a combination of the others


def obstacle_to(recording: Recording) -> str | None:
    """Why `spectral` cannot be used with its default options; None where it can."""
    if recording.kind == SPIKES:
        return 'The recording has spikes, and spectra need equal steps: bin them first, recording.bin("10 ms").'
    if recording.size < 2:
        return "One channel has no cross-spectrum, and is always reversible if Gaussian: record two or more."
    for name, column in zip(recording.names, np.concatenate(recording.segments).T, strict=True):
        if np.ptp(column) <= 1e-12 * np.abs(column).max():
            return f"Channel {name} is constant: leave it out."
    most = most_rows(recording.segments, 4)
    if most < LEAST:
        return (
            f"{recording.samples} samples of {recording.size} channels do not hold enough windows of {LEAST}: record "
            "for longer, or take fewer channels."
        )
    return _alike(recording)


def _alike(recording: Recording) -> str | None:
    """Whether some channel is told from the others by next to nothing: its spectrum would be that of a few samples.

    With residuals e of a channel's regression on all others, (sum e^2)^2 / sum e^4 samples do: a third of all where
    they are Gaussian, one for each spike where spikes are few, and one where two units share all spikes but one.
    """
    together = np.concatenate([part - part.mean(axis=0) for part in standardised(recording.segments)])
    together -= together.mean(axis=0)
    covariance = together.T @ together / len(together)
    if np.linalg.eigvalsh(covariance)[0] < 1e-12:
        return "Some channels are linear combinations of others: leave them out, or take recording.components(...)."
    precision = np.linalg.inv(covariance)
    squares = (together @ precision) ** 2
    telling = squares.sum(axis=0) ** 2 / np.maximum(np.sum(squares**2, axis=0), 1e-300)
    least = int(np.argmin(telling))
    if telling[least] >= min(FEW, recording.samples / 10):
        return None
    size = np.sqrt(np.diag(precision))
    partner = int(np.argmax(np.abs(precision[least] / size) * (np.arange(len(size)) != least)))
    return (
        f"About {telling[least]:.0f} of {recording.samples} samples tell channel {recording.names[least]} from the "
        f"others, from {recording.names[partner]} above all (one unit sorted twice?), too few for a spectrum: leave "
        f"one of the two out."
    )


@dataclass(frozen=True, eq=False)
class Measured:
    """Spectra and the production they give, its error, and what chance gives.

    Parameters
    ----------
    variance, spread : float
        Of the value, with what smoothing may still take away, and kappa of its law.
    half : float
        The production by windows half as long.
    wanted : float
        Samples of a window of 40 correlation times.
    """

    spectrum: CrossSpectrum
    production: Production
    law: Chance
    variance: float
    spread: float
    half: float
    wanted: float

    @property
    def smoothed(self) -> bool:
        """Whether windows twice as long showed more, by more than chance: smoothing takes as 1/window squared."""
        value = self.production.value
        error = max(self.variance - self.missed**2, self.law.variance) ** 0.5
        return value - self.half > max(GAIN * error, 0.02 * value)

    @property
    def missed(self) -> float:
        """About what smoothing still takes away."""
        return missed_by(self.production.value, self.half)


def most_rows(segments: Sequence[Array], tapers: int) -> int:
    """The longest window that leaves enough of them."""
    lengths = np.sort([len(part) for part in segments])[::-1]
    held = np.cumsum(lengths) >= 0.9 * lengths.sum()
    total, needed = lengths.sum(), SPARE * segments[0].shape[1] / tapers
    plenty = max(total / WINDOWS, min(total / (FEWEST + 2), 2 * LEAST))  # of a short recording, fewer windows
    return int(min(lengths[np.argmax(held)], plenty, total / needed))


def measured_of(recording: Recording, window: Any, tapers: int) -> Measured:
    """Where no window is given, one that is doubled as long as that shows more."""
    if sentence := obstacle_to(recording):
        raise InputError(sentence)
    from neurothermo.recordings.clock import seconds, shown_seconds
    from neurothermo.recordings.correlation import correlation_times

    tapers, segments = checked_count(tapers, "tapers"), recording.segments
    wanted = max(SHORT, TIMES * float(np.max(correlation_times(segments))))
    rate = recording.required_rate()
    most = most_rows(segments, tapers)
    rows = int(min(wanted, most)) if window is None else round(seconds(window, "window") * rate)
    rows -= rows % 2
    windows = sum(len(part) // max(rows, 1) for part in segments)
    enough = windows * tapers - -(-windows // min(GROUPS, max(windows, 1))) * tapers > recording.size + 1
    if rows < LEAST or tapers > rows // 4 or windows < FEWEST or not enough:
        raise InputError(
            f"window must have at least {max(LEAST, 4 * tapers)} samples and fit in {FEWEST} times or more, with more "
            f"degrees of freedom (windows times tapers) than channels, got {shown_seconds(rows / rate)}, "
            f"{windows} times"
        )
    scaled = standardised(segments)
    half = production_of(cross_spectrum(scaled, rows // 2, tapers)).value
    found = _of_window(scaled, rows, tapers, half, wanted)
    while window is None and found.smoothed and 2 * rows <= most:
        rows *= 2
        found = _of_window(scaled, rows, tapers, found.production.value, wanted)
    return found


def _of_window(segments: Sequence[Array], rows: int, tapers: int, half: float, wanted: float) -> Measured:
    spectrum = cross_spectrum(segments, rows, tapers)
    found, law = production_of(spectrum), chance(spectrum)
    missed = missed_by(found.value, half)
    variance, spread = scatter(found.value, found.moved_shares.sum(axis=(1, 2)), law, missed)
    return Measured(spectrum, found, law, variance, spread, half, wanted)


def missed_by(value: float, half: float) -> float:
    """By a value of windows of which half the length gives less: smoothing takes as 1/window squared."""
    return max(value - half, 0.0) / 3


def standardised(segments: Sequence[Array]) -> list[Array]:
    """Channels of one size, so that units do not matter to rounding."""
    spread = np.concatenate(segments).std(axis=0)
    return [part / spread for part in segments]


def scatter(value: float, moved: Array, law: Chance, missed: float = 0.0) -> tuple[float, float]:
    """Variance at a value, and kappa of the law with it, never less than that of a reversible process.

    The jackknife counts twice what chance alone gives, as that is of second order in the spectra.
    """
    measured = max(float(jackknife(moved)) - law.variance, 0.0) + missed**2
    spread = max(law.spread, law.spread_at(value, measured))
    return 2 * spread**2 * law.freedom + 4 * spread * max(value, 0.0), spread


def p_value_at(value: float, law: Chance) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(law.freedom, max(law.freedom + value / law.spread, 0.0)))
