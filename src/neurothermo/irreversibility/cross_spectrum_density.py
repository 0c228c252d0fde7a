"""Entropy production by frequency."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import checked_count, checked_fraction
from neurothermo.core.machine import one_blas_thread
from neurothermo.irreversibility.cross_spectrum_fit import chance
from neurothermo.irreversibility.cross_spectrum_measured import measured_of, scatter
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.gaussian_interval import noncentral_interval
from neurothermo.recordings.recording import Recording


def production_spectrum(
    recording: Recording, *, window: Any = None, tapers: int = 4, confidence: float = 0.95, bands: int = 50
) -> Any:
    r"""Entropy production by frequency.

    .. math:: h(f) = \operatorname{Tr} S^{-1}(-f)\, S(f) - d, \qquad \sigma = \int_0^{f_s/2} h(f)\, df

    per second, f in Hz and f_s the sampling rate. h is 0 at every frequency for a reversible Gaussian process, and
    never negative; its estimate scatters about it.

    Parameters
    ----------
    recording, window, tapers, confidence
        As for `spectral`.
    bands : int
        At most so many bands of equal width, over which h is a mean.

    Returns
    -------
    xarray.Dataset
        `value`, `stderr`, `low`, `high` over `frequency` (Hz, the middle of a band), in nats per second per hertz;
        `bandwidth` in attrs.

    Raises
    ------
    InputError
        As `spectral` does.
    """
    recording = checked_recording(recording)
    import xarray

    confidence, bands = checked_fraction(confidence, "confidence"), checked_count(bands, "bands")
    with one_blas_thread():
        measured = measured_of(recording, window, tapers)
    spectrum, found, rate = measured.spectrum, measured.production, recording.required_rate()
    parts = np.array_split(np.arange(len(spectrum.frequencies)), min(bands, len(spectrum.frequencies)))
    rows = []
    for part in parts:
        law = chance(spectrum, len(part))
        value = found.density[part].sum() / spectrum.window
        variance, spread = scatter(value, found.moved_density[:, part].sum(axis=1) / spectrum.window, law)
        low, high = noncentral_interval(value, 0.0, spread, law.freedom, confidence)
        rows.append(np.array([value, np.sqrt(variance), low, high]) * spectrum.window / len(part))
    units = "nats per second per hertz"
    names = ("value", "stderr", "low", "high")
    middle = [rate * spectrum.frequencies[part].mean() for part in parts]
    return xarray.Dataset(
        {
            name: ("frequency", column, {"units": units, "long_name": "entropy production by frequency"})
            for name, column in zip(names, np.array(rows).T, strict=True)
        },
        coords={"frequency": ("frequency", middle, {"units": "Hz"})},
        attrs={
            "units": units,
            "bandwidth": (spectrum.tapers + 1) / 2 / spectrum.window * rate,
            "confidence": confidence,
        },
    )
