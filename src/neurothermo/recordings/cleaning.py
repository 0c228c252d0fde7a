"""Signals made fit for use: trends, scales, rates, nuisances, components. Each step is one sentence of history."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_count, checked_flag
from neurothermo.core.errors import InputError
from neurothermo.recordings.choosing import matching
from neurothermo.recordings.clock import hertz
from neurothermo.recordings.recording import SIGNALS, SPIKES, Recording

ATTENUATION = 60.0  # dB, of what would fold back
WIDTH = 0.2  # of the new Nyquist frequency: from where the filter falls to where it has fallen
LARGEST, SMALLEST = 1e151, 1e-151  # of signals: beyond, squares and their sums are no floating-point numbers
LARGEST_RATIO = 1000  # of the whole numbers whose ratio the rates have


def detrend(recording: Recording, order: int = 1) -> Recording:
    """Each channel of each segment without the polynomial of this order that fits it best; order 0 takes the mean.

    Raises
    ------
    InputError
        If these are not signals, or a segment has no more rows than the polynomial has coefficients.
    """
    _signals(recording, "detrend")
    order = checked_count(order, "order", least=0)
    shortest = min(len(segment) for segment in recording.segments)
    if shortest <= order + 1:
        raise InputError(
            f"order must be less than the rows of the shortest segment minus 1, {shortest - 1}, got {order}"
        )
    pieces = []
    for segment in recording.segments:
        powers = np.polynomial.legendre.legvander(np.linspace(-1, 1, len(segment)), order)
        basis = np.linalg.qr(powers)[0]
        pieces.append(segment - basis @ (basis.T @ segment))
    return _with(recording, pieces, f"polynomial trends of order {order} taken from each segment")


def standardize(recording: Recording) -> Recording:
    """Every channel with mean 0 and standard deviation 1 over all segments.

    Raises
    ------
    InputError
        If these are not signals, or a channel is constant.
    """
    _signals(recording, "standardize")
    values = np.concatenate(recording.segments)
    mean, scale = values.mean(axis=0), values.std(axis=0)
    constant = scale <= 1e-12 * np.abs(mean)
    if np.any(constant):
        raise InputError(
            f"channel {recording.names[int(np.argmax(constant))]!r} is constant and cannot be standardized: "
            "select the others"
        )
    return _with(recording, [(values - mean) / scale], "every channel has mean 0 and standard deviation 1")


def resample(recording: Recording, rate: Any, *, means: bool = False) -> Recording:
    """Sampled more slowly, after a filter that takes away what would fold back; or means over each new step.

    The filter is a symmetric FIR of a Kaiser window: it delays nothing, leaves frequencies up to 0.8 of half the new
    rate as they are, and those above half the new rate 60 dB down. Rows where it reaches beyond a segment's ends are
    cut: 19 of the new ones at each end, or less. A new sample is a weighted mean over several new steps
    (`Recording.averaged`, and the attribute `filter_steps` of the data): what bounds entropy production for means over
    one step then need not be a bound, and the methods say so. Means over one step are what such bounds are for, but
    let fast oscillations fold back.

    Parameters
    ----------
    recording : Recording
        Of signals.
    rate : float or str
        Samples a second, or words like "200 Hz"; the old and the new rate must have a ratio of small whole numbers.
    means : bool
        Whether a new row is the plain mean of the rows in its step, without a filter that reaches beyond it; the old
        rate must then be a whole multiple of the new one, and what is left over at the end of a segment is cut.

    Raises
    ------
    InputError
        If these are not signals, the new rate is above the old one or has no such ratio to it, or no segment is long
        enough.

    References
    ----------
    Kaiser's window: Oppenheim and Schafer, Discrete-Time Signal Processing, 3rd ed. (2010), section 7.5.3.
    """
    _signals(recording, "resample")
    means = checked_flag(means, "means")
    old, new = recording.required_rate(), hertz(rate, "rate")
    ratio = Fraction(new / old).limit_denominator(LARGEST_RATIO)
    up, down = ratio.numerator, ratio.denominator
    if new > old * (1 + 1e-9):
        raise InputError(
            f"rate must not exceed that of the recording, {old:g} Hz, got {new:g} Hz: no samples are invented"
        )
    if up == 0 or abs(up / down * old / new - 1) > 1e-6:
        raise InputError(
            f"rate must be to {old:g} Hz as whole numbers up to {LARGEST_RATIO} are, got {new:g} Hz; "
            f"{max(up, 1) / down * old:.9g} Hz is"
        )
    if up == down:
        return recording
    if means and up > 1:
        raise InputError(
            f"rate must go into {old:g} Hz a whole number of times for means, got {new:g} Hz; {old / (down // up):.9g} "
            "Hz does"
        )
    return _means(recording, down) if means else _filtered(recording, up, down)


def _means(recording: Recording, down: int) -> Recording:
    """Means of so many rows, each at the time of the first of them."""
    old = recording.required_rate()
    starts, pieces, times, segments, cut = recording.support[:, 0], [], [], [], 0
    for number, segment in enumerate(recording.segments):
        rows = len(segment) // down
        cut += len(segment) - rows * down
        pieces.append(segment[: rows * down].reshape(rows, down, segment.shape[1]).mean(axis=1))
        times.append(starts[number] + down / old * np.arange(rows))
        segments.append(np.full(rows, number))
    if max(len(piece) for piece in pieces) < 2:
        raise InputError(f"rate {old / down:g} Hz needs segments of at least {2 * down / old:.4g} s for two means")
    sentence = f"means of {down} rows: from {old:g} to {old / down:g} Hz; {cut / old:.4g} s at the ends of segments cut"
    coords = {"time": np.concatenate(times), "segment": np.concatenate(segments)}
    data = _table(recording, np.concatenate(pieces), coords)
    if earlier := _reach(recording):
        data = data.assign_attrs(filter_steps=-(-earlier // down))
    return recording.noted(sentence, data=data, sampling_rate=old / down, averaged=True)


def _filtered(recording: Recording, up: int, down: int) -> Recording:
    from scipy.signal import firwin, kaiserord, resample_poly

    old = recording.required_rate()
    taps, beta = kaiserord(ATTENUATION, WIDTH / down)
    half = taps // 2
    kernel = firwin(2 * half + 1, (1 - WIDTH / 2) / down, window=("kaiser", beta))
    step = down / up / old
    pieces, times, segments, cut = [], [], [], 0
    for number, segment in enumerate(recording.segments):
        first, last = -(-half // down), ((len(segment) - 1) * up - half) // down
        if last <= first:
            cut += len(segment)
            continue
        rows = resample_poly(segment, up, down, axis=0, window=kernel)[first : last + 1]
        pieces.append(rows)
        times.append(recording.support[number, 0] + step * np.arange(first, last + 1))
        segments.append(np.full(len(rows), number))
        cut += len(segment) - round((last - first) * down / up) - 1
    if not pieces:
        raise InputError(f"rate {1 / step:g} Hz needs segments of more than {2 * half / up / old:.4g} s for its filter")
    sentence = (
        f"resampled from {old:g} to {1 / step:g} Hz after a filter that keeps up to {(1 - WIDTH) / step / 2:.4g} Hz; "
        f"{cut / old:.4g} s at the ends of segments cut"
    )
    coords = {"time": np.concatenate(times), "segment": np.concatenate(segments)}
    data = _table(recording, np.concatenate(pieces), coords)
    data = data.assign_attrs(filter_steps=-(-(2 * half + _reach(recording) * up) // down))
    return recording.noted(sentence, data=data, sampling_rate=1 / step, averaged=True)


def _reach(recording: Recording) -> int:
    """Over how many of its steps an earlier filter reaches."""
    return int(recording.data.attrs.get("filter_steps", 0))


def regress(recording: Recording, nuisance: Sequence[str]) -> Recording:
    """Without some channels and without what a straight line through them explains of the others, over all segments.

    Means are kept. Only what follows the nuisance without delay goes.

    Parameters
    ----------
    nuisance : str or sequence of str
        Names or patterns of channels.

    Raises
    ------
    InputError
        If these are not signals, a channel is not there, or none would be left.
    """
    _signals(recording, "regress")
    found = matching(recording, nuisance, "nuisance")
    if np.all(found):
        raise InputError("nuisance must leave at least one channel, got all of them")
    values = np.concatenate(recording.segments)
    centred = values - values.mean(axis=0)
    scale = np.maximum(centred[:, found].std(axis=0), np.finfo(float).tiny)
    bad, good = centred[:, found] / scale, values[:, ~found]
    before = np.sum(centred[:, ~found] ** 2)
    explained = bad @ np.linalg.lstsq(bad, centred[:, ~found], rcond=None)[0]
    share = np.sum(explained**2) / max(before, np.finfo(float).tiny)
    names = ", ".join(name for name, gone in zip(recording.names, found, strict=True) if gone)
    narrowed = recording.data.isel(channel=np.flatnonzero(~found))
    data = narrowed.assign(values=(("time", "channel"), good - explained))
    return recording.noted(f"{names} regressed out: {share:.2g} of the variance of the others", data=data)


def components(recording: Recording, count: int) -> Recording:
    r"""Principal components, those of most variance first.

    .. math:: y_k(t) = v_k \cdot (x(t) - \bar x), \qquad C v_k = \lambda_k v_k

    with C the covariance over all segments. Of v and -v the one whose largest entry is positive. Channels on different
    scales should be standardized first. Channels are called PC1, PC2, ..., with properties `variance`, the eigenvalue,
    and `explained`, its share of the whole.

    Parameters
    ----------
    count : int
        1 to as many as there are channels with variance of their own.

    Raises
    ------
    InputError
        If these are not signals, or there are not as many.
    """
    import xarray

    _signals(recording, "components")
    count = checked_count(count, "count")
    values = np.concatenate(recording.segments)
    centred = values - values.mean(axis=0)
    variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    variances, axes = variances[::-1], axes[:, ::-1]
    rank = int(np.sum(variances > 1e-12 * max(variances[0], np.finfo(float).tiny)))
    if count > rank:
        raise InputError(f"count must be at most {rank}, how many components have variance, got {count}")
    axes = axes * np.sign(axes[np.argmax(np.abs(axes), axis=0), np.arange(len(axes))])
    explained = variances[:count] / variances.sum()
    data = xarray.Dataset(
        {"values": (("time", "channel"), centred @ axes[:, :count])},
        coords={
            "time": recording.data["time"],
            "segment": recording.data["segment"],
            "channel": ("channel", [f"PC{number + 1}" for number in range(count)]),
            "variance": ("channel", variances[:count]),
            "explained": ("channel", explained),
        },
        attrs=recording.data.attrs,
    )
    return recording.noted(
        f"{count} principal components of {recording.size} channels, with {explained.sum():.3g} of their variance",
        data=data,
    )


def _signals(recording: Recording, what: str) -> None:
    if recording.kind == SPIKES:
        raise InputError(f'{what} needs a recording of signals, got one of spikes: recording.bin("10 ms") counts them')
    if recording.kind != SIGNALS:
        raise InputError(
            f"{what} needs a recording of signals, got one of {recording.kind}: whole numbers that name states are "
            "left as they are; make the array floats if they are measurements"
        )
    if why := out_of_range(recording):
        raise InputError(why)


def out_of_range(recording: Recording) -> str | None:
    """The sentence where a channel of signals is too large or too small to be squared; None where none is."""
    if recording.kind != SIGNALS or not recording.samples:
        return None
    values = recording.data["values"].values
    size = np.maximum(values.max(axis=0), -values.min(axis=0))
    wrong = np.flatnonzero((size > LARGEST) | ((size < SMALLEST) & (size > 0)))
    if not len(wrong):
        return None
    return (
        f"channel {recording.names[wrong[0]]!r} has values up to {size[wrong[0]]:.2g}, whose squares no number holds: "
        f"give it in units in which they are between {SMALLEST:g} and {LARGEST:g}"
    )


def _with(recording: Recording, pieces: Sequence[Array], sentence: str) -> Recording:
    return recording.noted(sentence, data=recording.data.assign(values=(("time", "channel"), np.concatenate(pieces))))


def _table(recording: Recording, values: Array, rows: dict[str, Any]) -> Any:
    """A dataset of new rows with the recording's channels and their properties."""
    import xarray

    kept = {name: array for name, array in recording.data.coords.items() if array.dims == ("channel",)}
    coords = {name: ("time", column, {"units": "s"} if name == "time" else {}) for name, column in rows.items()}
    return xarray.Dataset(
        {"values": (("time", "channel"), values)}, coords={**coords, **kept}, attrs=recording.data.attrs
    )
