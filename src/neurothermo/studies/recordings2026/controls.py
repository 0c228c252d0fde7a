"""Recordings made of a real one, whose answer is known: run backwards, shifted, shuffled, with a planted arrow."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.resampling import generator
from neurothermo.recordings import Recording, from_spikes


def backwards(recording: Recording) -> Recording:
    """States or signals with the rows of each segment in reverse order."""
    rows = np.concatenate([np.asarray(segment)[::-1] for segment in recording.segments])
    values = (("time", "channel"), rows)
    return recording.noted("run backwards in time", data=recording.data.assign(values=values))


def shifted(recording: Recording, seed: int) -> Recording:
    """Each channel of a recording in one segment, rotated in time by a lag of its own: no channel knows of another."""
    (rows,) = recording.segments
    random = generator(seed)
    turned = np.stack([np.roll(column, random.integers(len(rows))) for column in rows.T], axis=1)
    values = (("time", "channel"), turned)
    return recording.noted(f"each channel rotated in time (seed {seed})", data=recording.data.assign(values=values))


def shuffled(spikes: Recording, seed: int) -> Recording:
    """The interspike intervals of each train in a random order."""
    random, (start, _) = generator(seed), spikes.support[0]
    trains = []
    for train in spikes.trains:
        waits = np.diff(train, prepend=start)
        trains.append(start + np.cumsum(random.permutation(waits)))
    return _of(spikes, trains, f"interspike intervals shuffled (seed {seed})")


def jittered(spikes: Recording, window: float, seed: int) -> Recording:
    """Each spike anywhere in its window, of so many seconds: what is slower stays, what is faster goes."""
    random, (start, stop) = generator(seed), spikes.support[0]
    trains = []
    for train in spikes.trains:
        left = start + window * np.floor((train - start) / window)
        width = np.minimum(window, stop - left)
        trains.append(np.sort(left + width * random.random(len(train))))
    return _of(spikes, trains, f"each spike anywhere in its window of {window:g} s (seed {seed})")


def planted(spikes: Recording, share: float, delay: float, seed: int) -> Recording:
    """Some spikes of the second unit moved to follow, by a delay, a share of the first unit's.

    All trains are rotated in time before, each by a lag of its own, so that there is no other arrow than this one.
    """
    random, (start, stop) = generator(seed), spikes.support[0]
    length = stop - start
    trains = [start + np.sort((train - start + length * random.random()) % length) for train in spikes.trains]
    leader, follower = trains[0], trains[1]
    count = min(int(share * len(leader)), len(follower))
    leading = random.choice(leader, count, replace=False)
    kept = random.choice(follower, len(follower) - count, replace=False)
    follower = np.concatenate([kept, leading + delay])
    trains[1] = np.sort(follower[follower < stop])
    return _of(spikes, trains, f"{share:.0%} of the spikes of {spikes.names[0]} followed by {spikes.names[1]}")


def _of(spikes: Recording, trains: list[Any], sentence: str) -> Recording:
    units = np.concatenate([np.full(len(train), unit) for unit, train in enumerate(trains)])
    times = np.concatenate(trains)
    inside = (times >= spikes.support[0, 0]) & (times < spikes.support[-1, 1])
    made = from_spikes(times[inside], units[inside], support=spikes.support, names=spikes.names)
    return made.noted(sentence)
