"""Signals as a few states: which of k centres each sample is nearest to."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.resampling import generator
from neurothermo.recordings.recording import STATES, Recording

LEARNED_FROM = 20_000  # samples
ROUNDS = 50


def clustered(recording: Recording, clusters: int, seed: int) -> Recording:
    """A recording of one channel of states: the nearest of `clusters` centres, of standardized channels.

    The centres are those of k-means, learned from at most `LEARNED_FROM` samples spread over the recording.

    Raises
    ------
    InputError
        If a channel never changes, or there are fewer different samples than clusters.
    """
    import xarray
    from scipy.cluster.vq import kmeans2, vq

    rows = np.concatenate(recording.segments)
    spread = rows.std(axis=0)
    if np.any(spread == 0):
        raise InputError(f"channel {recording.names[int(np.argmin(spread))]!r} never changes: leave it out")
    rows = (rows - rows.mean(axis=0)) / spread
    learned = rows[:: -(-len(rows) // LEARNED_FROM)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a centre that lost all its samples: it stays where it was
        centres, _ = kmeans2(learned, _spread_out(learned, clusters, seed), iter=ROUNDS, minit="matrix")
    nearest, _ = vq(rows, centres)
    data = xarray.Dataset(
        {"values": (("time", "channel"), nearest.astype(np.int64)[:, None])},
        coords={"time": recording.data["time"], "segment": recording.data["segment"], "channel": ["cluster"]},
    )
    return recording.noted(f"the nearest of {clusters} clusters of {recording.size} channels", kind=STATES, data=data)


def _spread_out(rows: Array, count: int, seed: int) -> Any:
    """First centres, each drawn with a chance that grows as the square of its distance to those before."""
    draws = generator(seed)
    chosen = [int(draws.integers(len(rows)))]
    far = np.full(len(rows), np.inf)
    for _ in range(count - 1):
        far = np.minimum(far, np.sum((rows - rows[chosen[-1]]) ** 2, axis=1))
        if not far.sum() > 0:
            raise InputError(f"clusters must be at most the number of different samples, {len(chosen)}, got {count}")
        chosen.append(int(draws.choice(len(rows), p=far / far.sum())))
    return rows[chosen]
