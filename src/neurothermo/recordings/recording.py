"""One container for what was recorded: spike trains, sampled signals, sampled states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.recordings.clock import shown_seconds

if TYPE_CHECKING:
    import xarray

    from neurothermo.core.verdict import Verdict

SPIKES = "spikes"  # events: times, and whose
STATES = "states"  # whole numbers at equal steps: binned spikes, spins, words
SIGNALS = "signals"  # real numbers at equal steps: LFP, EEG, BOLD
KINDS = (SPIKES, STATES, SIGNALS)


@dataclass(frozen=True, eq=False)
class Recording:
    """Spike trains, or channels sampled at equal steps; made by `from_spikes`, `from_array` and `read`.

    A recording is never changed: every method returns a new one, whose `history` has one more sentence.

    Parameters
    ----------
    kind : str
        "spikes" (events), "states" (whole numbers at equal steps) or "signals" (real numbers at equal steps).
    data : xarray.Dataset
        Of spikes: `times` (event,) in seconds, ascending, `train` (event,), the index of the unit; coordinate `unit`
        with names, and any property of units (location, quality) as a coordinate on it; `support` (interval, end):
        when it was recorded, in seconds, disjoint and ascending.
        Of states and signals: `values` (time, channel); coordinates `time` in seconds, `channel` with names and
        properties, and `segment` (time,): rows of one number follow each other without a gap. Rows with missing
        samples are not there.
    epochs : mapping of str to array, shape (k, 2)
        Named intervals, in seconds.
    sampling_rate : float or None
        Rows per second; None for spikes.
    history : tuple of str
        What was done to it, a sentence each.
    averaged : bool
        Whether a row is of the whole step that it stands for (a bin, a mean, a filtered sample), and not of an instant.
        Two rows next to each other then see two steps of the process: what they bound is divided by two, not by one.
        Of spikes False: they have no rows.
    """

    kind: str
    data: xarray.Dataset
    epochs: dict[str, Array]
    sampling_rate: float | None = None
    history: tuple[str, ...] = ()
    averaged: bool = False

    # -- reading it --------------------------------------------------------------------------------

    @property
    def dimension(self) -> str:
        """ "unit" of spikes, else "channel"."""
        return "unit" if self.kind == SPIKES else "channel"

    @property
    def names(self) -> tuple[str, ...]:
        """Of units or channels."""
        return tuple(str(name) for name in self.data[self.dimension].values)

    @property
    def size(self) -> int:
        """How many units or channels."""
        return int(self.data.sizes[self.dimension])

    @property
    def samples(self) -> int:
        """How many rows; of spikes, how many spikes."""
        return int(self.data.sizes["event" if self.kind == SPIKES else "time"])

    @cached_property
    def support(self) -> Array:
        """When it was recorded, in seconds, shape (k, 2): each segment from its first row to a step after its last."""
        if self.kind == SPIKES:
            return np.asarray(self.data["support"].values, dtype=np.float64)
        times, step = self.data["time"].values, 1 / self.required_rate()
        starts = self._starts
        return (
            np.stack([times[starts[:-1]], times[starts[1:] - 1] + step], axis=1) if self.samples else np.empty((0, 2))
        )

    @property
    def duration(self) -> float:
        """Seconds recorded, gaps left out."""
        if self.kind == SPIKES:
            return float(np.sum(np.diff(self.support, axis=1)))
        return self.samples / self.required_rate()

    def required_rate(self) -> float:
        """Rows per second.

        Raises
        ------
        InputError
            If these are spikes, which must be binned first.
        """
        if self.sampling_rate is None:
            raise InputError(
                'recording must be sampled at equal steps, got spikes: bin them first, recording.bin("10 ms")'
            )
        return self.sampling_rate

    @cached_property
    def segments(self) -> tuple[Any, ...]:
        """The rows of every stretch without a gap, each of shape (rows, channels); float64, or int64 of states."""
        self.required_rate()
        dtype = np.int64 if self.kind == STATES else np.float64
        values = np.asarray(self.data["values"].values, dtype=dtype)
        return tuple(values[start:stop] for start, stop in pairwise(self._starts))

    @cached_property
    def trains(self) -> tuple[Array, ...]:
        """The spike times of every unit, in seconds, ascending."""
        self._require(SPIKES, "trains")
        times, train = self.data["times"].values, self.data["train"].values
        order = np.argsort(train, kind="stable")
        ends = np.searchsorted(train[order], np.arange(self.size + 1))
        return tuple(times[order[start:stop]] for start, stop in pairwise(ends))

    @cached_property
    def rates(self) -> Array:
        """Spikes per second of every unit, shape (units,)."""
        self._require(SPIKES, "rates")
        return np.bincount(self.data["train"].values, minlength=self.size) / max(self.duration, 1e-300)

    @cached_property
    def _starts(self) -> Any:
        """Where segments start, and the end of the last."""
        segment = self.data["segment"].values
        changes = np.flatnonzero(np.diff(segment)) + 1
        return np.concatenate([[0], changes, [len(segment)]]) if len(segment) else np.array([0])

    def _require(self, kind: str, what: str) -> None:
        if self.kind != kind:
            raise InputError(f"{what} needs a recording of {kind}, got one of {self.kind}")

    def __repr__(self) -> str:
        what = f"{self.samples} {'spikes' if self.kind == SPIKES else 'samples'} of {self.size} {self.dimension}s"
        rate = "" if self.sampling_rate is None else f", one every {shown_seconds(1 / self.sampling_rate)}"
        rate += ", each over the whole of it" if self.averaged else ""
        pieces = len(self.support)
        gaps = "" if pieces < 2 else f" in {pieces} pieces"
        epochs = f"; epochs {', '.join(self.epochs)}" if self.epochs else ""
        lines = [f"{self.kind}: {what}{rate}, {self.duration:.6g} s{gaps}{epochs}", *self.history]
        return "\n  ".join(lines)

    def steps_seen(self, window: int) -> int:
        """How many steps of the process a window of so many rows sees: one less of instants, as many of averages.

        The divergence of such a window from its reversal is at most so many times the entropy production of a step.
        """
        return window if self.averaged else window - 1

    def noted(self, sentence: str, **changes: Any) -> Recording:
        """The recording with fields changed and one more sentence of history."""
        return replace(self, history=(*self.history, sentence), **changes)

    # -- choosing a part ---------------------------------------------------------------------------

    def epoch(self, which: Any) -> Recording:
        """What was recorded in a named epoch, or between two times.

        Parameters
        ----------
        which : str, or (float, float), or array_like of shape (k, 2)
            A name of `epochs`, or intervals in seconds.

        Raises
        ------
        InputError
            If there is no such epoch (the nearest name is suggested), or nothing was recorded in it.
        """
        from neurothermo.recordings.epochs import within

        return within(self, which)

    def select(self, chosen: Any = None, **conditions: Any) -> Recording:
        """Some of the units or channels: see `recordings.choosing.select`."""
        from neurothermo.recordings.choosing import select

        return select(self, chosen, **conditions)

    # -- changing what is recorded -----------------------------------------------------------------

    def bin(self, width: Any, *, binary: bool = True) -> Recording:
        """Spikes counted in bins of equal width: a recording of states.

        Parameters
        ----------
        width : float or str
            Of a bin: seconds, or words like "10 ms".
        binary : bool
            Whether a bin says only if there was a spike (0 or 1), or how many.

        Raises
        ------
        InputError
            If these are not spikes, or no stretch of the recording holds two bins.
        """
        from neurothermo.recordings.binning import binned

        return binned(self, width, binary)

    def detrend(self, order: int = 1) -> Recording:
        """Each segment of each channel without its polynomial trend: see `recordings.cleaning.detrend`."""
        from neurothermo.recordings.cleaning import detrend

        return detrend(self, order)

    def standardize(self) -> Recording:
        """Every channel with mean 0 and standard deviation 1: see `recordings.cleaning.standardize`."""
        from neurothermo.recordings.cleaning import standardize

        return standardize(self)

    def resample(self, rate: Any, *, means: bool = False) -> Recording:
        """Sampled more slowly, through a filter or as means over each step: see `recordings.cleaning.resample`."""
        from neurothermo.recordings.cleaning import resample

        return resample(self, rate, means=means)

    def regress(self, nuisance: Sequence[str]) -> Recording:
        """Without some channels and without what they explain of the others: see `recordings.cleaning.regress`."""
        from neurothermo.recordings.cleaning import regress

        return regress(self, nuisance)

    def components(self, count: int) -> Recording:
        """Principal components: see `recordings.cleaning.components`."""
        from neurothermo.recordings.cleaning import components

        return components(self, count)

    # -- asking of it ------------------------------------------------------------------------------

    def stationarity(self) -> Verdict:
        """Whether means, variances and rates drift: see `recordings.stationarity.check_stationarity`."""
        from neurothermo.recordings.stationarity import check_stationarity

        return check_stationarity(self)
