"""Do means, variances and rates drift? Stretches of a recording are pooled, and compared, only if they do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.verdict import Verdict
from neurothermo.recordings.choosing import listed
from neurothermo.recordings.correlation import correlation_times
from neurothermo.recordings.recording import SIGNALS, SPIKES, Recording
from neurothermo.recordings.surrogate_blocks import block_edges, counted

LEVEL = 0.05
SHAPES = 3  # slow cosines looked for: half a period, one, one and a half
PER_TIME, LEAST_PER_TIME = 20, 10  # correlation times in a block: wanted, and without which nothing is said
FEWEST, MOST = 12, 64  # blocks
SLOW = (
    f"correlations last for more than a {FEWEST * LEAST_PER_TIME}th of the recording, so drift and slowness cannot "
    "be told apart: record for longer, or detrend and see whether the answer changes."
)


@dataclass(frozen=True)
class _Channel:
    """What was found of one channel: p-values of its mean and of its variance, and how far it drifts."""

    blocks: int
    mean_p: float
    variance_p: float
    drift: float


def check_stationarity(recording: Recording) -> Verdict:
    r"""Whether means, variances and rates stay what they are.

    .. math:: F = \frac{\sum_{k=1}^{3} b_k^2 / 3}{\sum_{k=4}^{B-1} b_k^2 / (B - 4)}

    with b_k the cosine transform of the means of B successive blocks, each of at least 10 correlation times: slow
    changes against the scatter of blocks, which is what the recording's own correlations allow. Of a stationary
    recording blocks are nearly independent and F follows the law of that name (divided by 1 + correlation time / block:
    what slow changes gain from neighbours of an exponential correlation). Of signals the logarithms of the variances
    in blocks are tested in the same way; of spikes and states the rates only.

    Parameters
    ----------
    recording : Recording
        Of any kind. Of spikes, counts in bins of one mean interspike interval are used.

    Returns
    -------
    Verdict
        `p_value` is the smallest of all tests, times their number. None where none was found to drift but the
        recording holds fewer than twelve times ten correlation times of some: slowness and drift cannot be told apart
        there. `details` has `p_values` by channel, names in `drifting`, `untested` and `constant`, and `drift`: the
        root mean square of the slow change in standard deviations (of spikes and states, as a share of the mean).
    """
    table = counted(recording) if recording.kind == SPIKES else recording
    segments = [np.asarray(segment, dtype=np.float64) for segment in table.segments]
    largest = np.max([np.abs(segment).max(axis=0) for segment in segments], axis=0)
    if table.kind == SIGNALS and not np.all((largest > 1e-100) & (largest < 1e100)):  # squares must fit into a number
        segments = [segment / np.where(largest > 0, largest, 1.0) for segment in segments]
    columns = [[segment[:, [channel]] for segment in segments] for channel in range(table.size)]
    slow, _ = np.linalg.qr(_cosines(sum(len(segment) for segment in segments)))
    moving = [not _constant(column) for column in columns]
    found = {
        name: _checked(column, slow, recording.kind == SIGNALS)
        for name, column, moves in zip(recording.names, columns, moving, strict=True) if moves
    }  # fmt: skip
    known = {name: one for name, one in found.items() if one is not None}
    untested = [name for name in found if name not in known]
    if not known:
        return Verdict(None, SLOW if found else "every channel is constant: there is nothing to test.")
    raw = np.array([(one.mean_p, one.variance_p) for one in known.values()])
    count = int(np.sum(np.isfinite(raw)))
    corrected = np.minimum(np.nanmin(raw, axis=1) * count, 1.0)
    smallest = float(corrected.min())
    p_values = dict(zip(known, corrected.tolist(), strict=True))
    drifting = [name for name, p in p_values.items() if p <= LEVEL]
    details = {
        "p_values": p_values,
        "drift": {name: one.drift for name, one in known.items()},
        "blocks": {name: one.blocks for name, one in known.items()},
        "drifting": drifting,
        "untested": untested,
        "constant": [name for name, moves in zip(recording.names, moving, strict=True) if not moves],
        "tests": count,
    }
    sentence = _sentence(recording, drifting, len(known), smallest)
    if untested:
        slow_ones = f"{len(untested)} {'is' if len(untested) == 1 else 'are'}"
        sentence += f" {slow_ones} too slow to be tested in so short a recording: {listed(untested)}."
    passed = False if drifting else None if untested else True
    return Verdict(passed, sentence, p_value=smallest, details=details)


def _sentence(recording: Recording, drifting: list[str], tested: int, smallest: float) -> str:
    what = "means or variances" if recording.kind == SIGNALS else "rates"
    unit = recording.dimension
    if not drifting:
        units = f"{tested} {unit}{'s' if tested != 1 else ''}"
        return f"no drift of {what} found in {units} (p = {smallest:.2g}, corrected for their number)."
    advice = "detrend(), leave them out," if recording.kind == SIGNALS else "leave them out"
    return (
        f"{what} drift in {len(drifting)} of {tested} {unit}s: {listed(drifting)} (p = {smallest:.2g}, corrected for "
        f"their number): {advice} or take shorter epochs, each stationary."
    )


def _constant(column: list[Array]) -> bool:
    values = np.concatenate(column)
    return not float(values.std()) > 1e-12 * abs(float(values.mean()))


def _checked(column: list[Array], slow: Array, variances: bool) -> _Channel | None:
    """One channel's segments, each (rows, 1), and the slow cosines of all rows; None where it is too slow."""
    from scipy.special import fdtrc

    values = np.concatenate(column)[:, 0]
    scale = float(values.std())
    time = float(correlation_times(_without(slow, column, values))[0])
    lengths = np.array([len(segment) for segment in column])
    rows = max(LEAST_PER_TIME * time, min(PER_TIME * time, len(values) / FEWEST), len(values) / MOST)
    starts = _starts(lengths, rows)
    sizes = np.diff(np.append(starts, len(values)))
    if len(starts) < FEWEST or np.median(sizes) < 0.5 * LEAST_PER_TIME * time:
        return None
    means = np.add.reduceat(values, starts) / sizes
    ratio, drift = _ratio(means, sizes)
    freedom, gained = len(means) - 1 - SHAPES, 1 + time / float(np.mean(sizes))
    variance_p = np.nan
    if variances:
        squares = np.add.reduceat((values - np.repeat(means, sizes)) ** 2, starts) / sizes
        if np.all(squares > 0):
            variance_p = float(fdtrc(SHAPES, freedom, _ratio(np.log(squares), sizes)[0] / gained))
    unit = scale if variances else max(abs(float(values.mean())), 1e-300)
    return _Channel(len(means), float(fdtrc(SHAPES, freedom, ratio / gained)), variance_p, float(np.std(drift)) / unit)


def _starts(lengths: npt.NDArray[np.int64], rows: float) -> npt.NDArray[np.int64]:
    """First rows of blocks; segments shorter than half a block go together with their neighbours."""
    if np.median(lengths) >= rows / 2:
        edges = [first + np.rint(cuts[:-1]) for first, cuts in
                 zip(np.cumsum(lengths) - lengths, block_edges(lengths.tolist(), rows), strict=True)]  # fmt: skip
        return np.concatenate(edges).astype(np.int64)
    ends = np.cumsum(lengths)
    wanted = np.arange(max(int(ends[-1] / rows), 1)) * (ends[-1] / max(int(ends[-1] / rows), 1))
    firsts = ends - lengths
    return np.unique(firsts[np.minimum(np.searchsorted(firsts, wanted - 0.5), len(firsts) - 1)])


def _cosines(count: int) -> Array:
    """Half a period, one, one and a half, ... over `count` places, shape (count, 1 + SHAPES)."""
    place = (np.arange(count) + 0.5) / count
    return np.cos(np.pi * place[:, None] * np.arange(SHAPES + 1))


def _ratio(values: Array, sizes: Any) -> tuple[float, Array]:
    """F of slow changes of the values of blocks weighted by their sizes, and the slow change itself."""
    weights = np.sqrt(sizes / np.mean(sizes))
    basis, _ = np.linalg.qr(weights[:, None] * _cosines(len(values)))
    parts = basis.T @ (weights * values)
    slow = basis[:, 1:] @ parts[1:]
    rest = weights * values - basis @ parts
    freedom = len(values) - 1 - SHAPES
    scatter = float(np.sum(rest**2)) / freedom
    if not scatter > 0:
        return (np.inf if np.sum(slow**2) > 0 else 0.0), slow
    return float(np.sum(slow**2)) / SHAPES / scatter, slow / weights


def _without(slow: Array, column: list[Array], values: Array) -> list[Array]:
    """The segments without slow cosines, so that a drift does not pass for a long memory."""
    rest = values - slow @ (slow.T @ values)
    return list(np.split(rest[:, None], np.cumsum([len(segment) for segment in column])[:-1]))
