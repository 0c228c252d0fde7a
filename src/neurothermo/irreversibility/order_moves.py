"""Moves of a recording as net fluxes of excursions: paths that leave its commonest state and come back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.irreversibility.order_fluxes import Fluxes
from neurothermo.recordings.recording import STATES, Recording

MOST_CHANNELS = 10
FEWEST_EXCURSIONS = 50


@dataclass(frozen=True, eq=False)
class Excursions:
    """Every move, and which excursion it belongs to.

    Parameters
    ----------
    fluxes : Fluxes
    pair : array, shape (moves,)
        Which pair of states of `fluxes`; -1 where nothing changes.
    sign : array, shape (moves,)
        +1 from first to second, -1 back, 0 where nothing changes.
    excursion : array, shape (moves,)
        Its number; -1 in a piece that does not come back before a gap.
    starts : array
        Where each segment's moves start.
    """

    fluxes: Fluxes
    pair: Any
    sign: Array
    excursion: Any
    starts: Any

    @property
    def count(self) -> int:
        """How many excursions."""
        return int(self.excursion.max(initial=-1)) + 1

    def reversed_at_random(self, draws: int, random: np.random.Generator) -> Array:
        """Net fluxes with every excursion turned round in time or not, by the toss of a coin; (draws, pairs).

        Of a reversible chain every one of them was as probable as what happened.
        """
        from scipy.sparse import csr_array

        moved = self.pair >= 0
        inside = moved & (self.excursion >= 0)
        shape = (max(self.count, 1), len(self.fluxes.forth))
        own = csr_array((self.sign[inside], (self.excursion[inside], self.pair[inside])), shape=shape)
        rest = np.bincount(self.pair[moved & ~inside], self.sign[moved & ~inside], shape[1])
        coins = random.choice([-1.0, 1.0], (draws, shape[0]))
        return np.asarray((own.T @ coins.T).T + rest)


def why_not_states(recording: Recording) -> str | None:
    """Why moves of a recording cannot be counted, or None."""
    if recording.kind != STATES:
        return f'recording must be of states, got {recording.kind}: bin spikes first (recording.bin("10 ms"))'
    if not 2 <= recording.size <= MOST_CHANNELS:
        return f"recording must have 2 to {MOST_CHANNELS} channels, got {recording.size}: choose some (select)"
    values = recording.data["values"].values
    for name, low, high in zip(recording.names, values.min(axis=0), values.max(axis=0), strict=True):
        if low == high:
            return f"channel {name} is constant ({low}): leave it out"
    if np.prod([float(len(np.unique(column))) for column in values.T]) > 2**20:
        return (
            "recording has more than a million possible states: bin spikes with binary=True, or choose fewer channels"
        )
    count = excursions_of(recording).count
    if count < FEWEST_EXCURSIONS:
        return (
            f"recording must come back to its commonest state at least {FEWEST_EXCURSIONS} times, got {count}: "
            "choose fewer channels, or record longer"
        )
    return None


def excursions_of(recording: Recording) -> Excursions:
    """The moves of a recording, cut where it is in its commonest state."""
    values = recording.data["values"].values
    levels = [np.unique(column) for column in values.T]
    shape = tuple(len(level) for level in levels)

    def coded(rows: Any) -> Any:
        return np.ravel_multi_index(
            tuple(np.searchsorted(level, column) for level, column in zip(levels, rows.T, strict=True)), shape
        )

    codes = [coded(rows) for rows in recording.segments if len(rows) > 1]
    before = np.concatenate([one[:-1] for one in codes]) if codes else np.zeros(0, dtype=np.int64)
    after = np.concatenate([one[1:] for one in codes]) if codes else before
    home = int(np.argmax(np.bincount(np.concatenate([before, after]), minlength=1)))
    states = int(np.prod(shape))
    moved = before != after
    key = np.minimum(before, after) * states + np.maximum(before, after)
    distinct, place = np.unique(key[moved], return_inverse=True)
    pair = np.full(len(before), -1)
    pair[moved] = place
    sign = np.sign(after - before).astype(np.float64)
    forth = np.bincount(place[sign[moved] > 0], minlength=len(distinct)).astype(np.float64)
    back = np.bincount(place[sign[moved] < 0], minlength=len(distinct)).astype(np.float64)
    ends = np.stack([distinct // states, distinct % states])
    first, second = (np.stack(np.unravel_index(end, shape), axis=1) for end in ends)
    starts = np.cumsum([0] + [len(one) - 1 for one in codes])
    fluxes = Fluxes(first, second, forth, back, float(len(before)))
    return Excursions(fluxes, pair, sign, _numbered(before, after, home, starts), starts)


def _numbered(before: Any, after: Any, home: int, starts: Any) -> Any:
    """The excursion of each move; -1 before the first visit home and after the last, in each segment."""
    found, number = np.full(len(before), -1), 0
    for start, stop in pairwise(starts):
        leaves, returns = np.flatnonzero(before[start:stop] == home), np.flatnonzero(after[start:stop] == home)
        if not len(leaves) or not len(returns) or returns[-1] < leaves[0]:
            continue
        low, high = leaves[0], returns[-1] + 1
        own = np.cumsum(before[start + low : start + high] == home) - 1
        found[start + low : start + high] = number + own
        number += int(own[-1]) + 1
    return found
