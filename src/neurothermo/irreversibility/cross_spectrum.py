"""Entropy production of the Gaussian process with a recording's cross-spectra, of any memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import checked_choice, checked_count, checked_fraction
from neurothermo.core.estimate import Estimate
from neurothermo.core.machine import one_blas_thread
from neurothermo.irreversibility.answer import PER_SAMPLE, answer
from neurothermo.irreversibility.cross_spectrum_fit import cross_spectrum, jackknife, production_of
from neurothermo.irreversibility.cross_spectrum_measured import (
    TIMES,
    Measured,
    measured_of,
    obstacle_to,
    p_value_at,
    standardised,
)
from neurothermo.irreversibility.cross_spectrum_null import share_p_values, turned_p_value
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.gaussian_interval import noncentral_interval
from neurothermo.recordings.recording import Recording

METHOD = "cross-spectra of windows"
NULL = "a reversible process: real cross-spectra; groups of windows could as well have run backwards"
NULL_OF_GAUSSIANS = "a reversible Gaussian process of any memory: real cross-spectra"
NULLS = {"blocks": NULL, "analytic": NULL_OF_GAUSSIANS, "surrogate": NULL_OF_GAUSSIANS}


def spectral(
    recording: Recording,
    *,
    window: Any = None,
    tapers: int = 4,
    confidence: float = 0.95,
    null: str = "blocks",
    surrogates: int = 199,
    seed: int = 0,
) -> Estimate:
    r"""Entropy production of the stationary Gaussian process with the recording's cross-spectra.

    .. math:: \sigma = \frac12 \int_{-1/2}^{1/2}
              \operatorname{Tr}\left\{\left[S^{-1}(-f) - S^{-1}(f)\right] S(f)\right\} df

    in nats per sample, f in cycles per sample: the divergence of the process from itself turned round in time, per
    sample. For a Gaussian process it is exact, whatever its memory (hidden channels, filters, oscillations); for one
    without memory it is the divergence at one lag, less than the production in continuous time that `gaussian` gives.
    For a process that is not Gaussian it is the divergence of the Gaussian process with the same spectra from its
    reverse, and no bound on the process's own: that may be more (irreversibility in higher moments), and it may be
    less (rare, strong, irreversible bouts dominate the spectra).

    Spectra are from windows with sine tapers. The inverse and the spectrum it multiplies are from different windows, so
    that chance adds nothing on average; the smoothing of spectra over a bandwidth does take something away.

    Parameters
    ----------
    recording : Recording
        Of signals (or of states, taken as numbers), two channels or more.
    window : float or str, optional
        Seconds, or words like "2 s". Default: 40 correlation times, at least 64 samples, and twice as long as long as
        that shows more by two standard errors (sharp resonances, delays); but so that there are 20 windows (10 of a
        short recording) and as many degrees of freedom as four times the channels.
    tapers : int
        K: degrees of freedom of a window. The bandwidth is (K + 1) / (2 window).
    confidence : float
        Nominal coverage of the interval.
    null : str
        p-value against reversible processes: "blocks", groups of windows turned round in time, whatever their law (no
        p-value below 1/2000, nor below 2^(1 - groups)); or against Gaussian ones: "analytic", from the complex Wishart
        law; "surrogate", the same value on `recordings.surrogates.symmetrized_spectrum`. Counts of few spikes are not
        Gaussian: leave it at "blocks".
    surrogates : int
        How many.
    seed : int
        Of blocks turned round, and of surrogates.

    Returns
    -------
    Estimate
        In nats per sample; it scatters about zero, and may be negative, where there is nothing to see. The standard
        error is a jackknife over groups of windows, never less than that of a reversible process, with what smoothing
        may still take away: a third of what windows half as long miss. The interval goes down to zero wherever
        `p_value` does not exclude it. `details`: `window`
        (s), `windows`, `tapers`, `bandwidth` (Hz), `degrees_of_freedom`, `value_at_half_window`, `null`.

    Raises
    ------
    InputError
        If `obstacle` has a sentence, a window does not fit, or an option is not one.

    References
    ----------
    Seara, Machta and Murrell, Nature Communications 12, 392 (2021), for continuous time; tapers: Riedel and
    Sidorenko, IEEE Transactions on Signal Processing 43, 188 (1995).
    """
    recording = checked_recording(recording)
    checked_choice(null, "null", tuple(NULLS))
    confidence, seed = checked_fraction(confidence, "confidence"), checked_count(seed, "seed", 0)
    surrogates = checked_count(surrogates, "surrogates", 19)
    with one_blas_thread():
        measured = measured_of(recording, window, tapers)
        spectrum, found, law = measured.spectrum, measured.production, measured.law
        if null == "blocks":
            p_value = turned_p_value(spectrum, seed)
        elif null == "analytic":
            p_value = p_value_at(found.value, law)
        else:
            p_value = _surrogate(recording, measured, surrogates, seed)
    interval = noncentral_interval(found.value, 0.0, measured.spread, law.freedom, confidence)
    if p_value > 1 - confidence:
        interval = (min(interval[0], 0.0), interval[1])
    rate = recording.required_rate()
    details = {
        "window": spectrum.window / rate,
        "windows": int(spectrum.degrees / spectrum.tapers),
        "tapers": spectrum.tapers,
        "bandwidth": (spectrum.tapers + 1) / 2 / spectrum.window * rate,
        "degrees_of_freedom": spectrum.degrees,
        "value_at_half_window": measured.half,
        "null": NULLS[null],
    }
    return answer(
        recording,
        found.value,
        stderr=float(np.sqrt(measured.variance)),
        interval=interval,
        confidence=confidence,
        p_value=p_value,
        method=METHOD,
        diagnostics=_said(measured),
        details=details,
    )


def obstacle(recording: Recording) -> str | None:
    """Why `spectral` cannot be used with its default options; None where it can."""
    return obstacle_to(recording)


def cost(recording: Recording) -> float:
    """Seconds on one core, about."""
    rows, size = recording.samples, recording.size
    return 6e-3 + rows * size * (1.3e-7 + 2.5e-8 * size)


def _surrogate(recording: Recording, measured: Measured, surrogates: int, seed: int) -> float:
    from neurothermo.recordings.surrogates import p_value_of, symmetrized_spectra

    rows, tapers = measured.spectrum.window, measured.spectrum.tapers
    copies = symmetrized_spectra(recording, count=surrogates, seed=seed)
    values = [production_of(cross_spectrum(standardised(copy.segments), rows, tapers)).value for copy in copies]
    return p_value_of(measured.production.value, values)


def _said(measured: Measured) -> list[str]:
    said = []
    rows, value, half = measured.spectrum.window, measured.production.value, measured.half
    if rows < measured.wanted / 2:
        said.append(
            f"A window holds only {TIMES * rows / measured.wanted:.2g} correlation times ({TIMES:g} are wanted): slow "
            "features of the spectra are smoothed, mostly to less irreversible ones. Record for longer, or detrend."
        )
    if measured.smoothed:
        said.append(
            f"Windows half as long give {half:.3g} rather than {value:.3g}: smoothing of the spectra still takes "
            "something away, so that the value is too small; try longer windows."
        )
    return said


def attribution(
    recording: Recording,
    *,
    window: Any = None,
    tapers: int = 4,
    confidence: float = 0.95,
    null: str = "blocks",
    surrogates: int = 199,
    seed: int = 0,
) -> Any:
    r"""Which pairs of channels the entropy production of `spectral` goes with.

    .. math:: \sigma_{ij} = 4 \int_0^{1/2} \operatorname{Im}[(\bar S^{-1})_{ij}]\, \operatorname{Im}[S_{ij}]\, df,
              \qquad \sigma = \sum_{i<j} \sigma_{ij}

    A pair's share may be negative, and any such split depends on the coordinates: channels mixed by an electrode, or
    rotated, have other shares of the same total.

    Parameters
    ----------
    recording, window, tapers
        As for `spectral`.
    confidence, null, surrogates, seed
        Taken so that the options of `spectral` can be passed on; they change nothing here.

    Returns
    -------
    xarray.Dataset
        `by_pair` (channel, partner), symmetric, half a pair's share at each of its two places; `by_channel` (channel),
        the sum of a row; nats per sample, both sum to `total`. `_stderr` is a jackknife over groups of windows; `_p`
        of pairs that their cross-spectrum is real, of channels that all of theirs are, by the scatter of groups of
        windows; `_q` by Benjamini and Hochberg.

    Raises
    ------
    InputError
        As `spectral` does.
    """
    from neurothermo.irreversibility.gaussian_interval import Scatter
    from neurothermo.irreversibility.gaussian_shares import dataset

    with one_blas_thread():
        measured = measured_of(recording, window, tapers)
        found, p_values = measured.production, share_p_values(measured.spectrum)
    moved = found.moved_shares
    pairs = Scatter(found.shares, np.zeros_like(found.shares), jackknife(moved))
    channels = Scatter(found.shares.sum(axis=1), np.zeros(len(found.shares)), jackknife(moved.sum(axis=2)))
    return dataset(recording.names, pairs, channels, p_values, PER_SAMPLE)
