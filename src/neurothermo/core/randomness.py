"""Randomness is addressed, not consumed: a number is a function of (seed, run, trial, step, draw).

The 64 bits at an address are the SplitMix64 finaliser of a counter, with a second key word injected
between its two rounds so that two trials whose counters happen to overlap still differ:

    z = key_1(run, trial) + (2^32 step + draw) G
    z = (z ^ (z >> 30)) M1,   z = z ^ key_2(run, trial),   z = (z ^ (z >> 27)) M2,   bits = z ^ (z >> 31)

`engine/counter.py` has the same lines for compiled code; a test compares the two bit by bit. The mixer is
that of Steele, Lea, Flood, OOPSLA 2014 (SplitMix), constants of Stafford's variant 13.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
SECOND_KEY = np.uint64(0xD1342543DE82EF95)


def digest(*parts: Any) -> str:
    """128 bits, as 32 hexadecimal digits, that change when any of `parts` does (arrays by their values)."""
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray):
            hashed.update(f"{part.dtype.str}{part.shape}".encode())
            hashed.update(np.ascontiguousarray(part).tobytes())
        else:
            hashed.update(json.dumps(part, sort_keys=True, default=str).encode())
        hashed.update(b"\0")
    return hashed.hexdigest()


def mix(words: Words, key: Words | np.uint64 = np.uint64(0)) -> Words:  # noqa: B008 - a constant
    """64 well-mixed bits from each counter."""
    words = (words ^ (words >> np.uint64(30))) * FIRST
    words = words ^ key
    words = (words ^ (words >> np.uint64(27))) * SECOND
    return words ^ (words >> np.uint64(31))


@dataclass(frozen=True)
class Stream:
    """The random numbers of one run: two key words that a seed and a run's digest determine."""

    first: int
    second: int

    @classmethod
    def of(cls, seed: int, run: str) -> Stream:
        """The stream of a run, named by its digest (or by any other word), under a seed."""
        words = digest(int(seed), run)
        return cls(int(words[:16], 16), int(words[16:], 16))

    def keys(self, trials: npt.NDArray[np.int64]) -> tuple[Words, Words]:
        """The two key words of each trial, by its absolute number."""
        with np.errstate(over="ignore"):
            counter = np.asarray(trials).astype(np.uint64) * GOLDEN
            return mix(np.uint64(self.first) + counter), mix(np.uint64(self.second) ^ (counter + SECOND_KEY))

    def at(self, trials: npt.NDArray[np.int64], step: int) -> Address:
        """Where these trials draw from at this step (step 0 is the initial law)."""
        return Address(self, np.asarray(trials, dtype=np.int64), int(step))


@dataclass(frozen=True)
class Address:
    """A place to draw from: these trials of one run, at one step.

    `uniforms(draws)` is all that a rule of motion written in NumPy needs: the same address gives the same
    numbers, whatever else was drawn before, in whatever chunks and on however many threads.
    """

    stream: Stream
    trials: npt.NDArray[np.int64]
    step: int

    def bits(self, draws: int, first: int = 0) -> Words:
        """64 random bits at draws first .. first + draws - 1, shape (trials, draws)."""
        key, second = self.stream.keys(self.trials)
        with np.errstate(over="ignore"):
            counter = (np.uint64(self.step) << np.uint64(32)) + np.arange(first, first + draws, dtype=np.uint64)
            return mix(key[:, None] + counter * GOLDEN, second[:, None])

    def uniforms(self, draws: int, first: int = 0) -> npt.NDArray[np.float64]:
        """Numbers uniform in (0, 1), 52 bits, never 0 or 1, shape (trials, draws)."""
        return ((self.bits(draws, first) >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52

    def normals(self, draws: int) -> npt.NDArray[np.float64]:
        """Standard normal numbers, shape (trials, draws), two from each 64 bits (Box and Muller, 1958).

        With half = (draws + 1) // 2, numbers k and half + k come from draw k, so that a vector unit makes them side
        by side. The radius has 31 bits (no number exceeds 6.66), the angle 24.
        """
        half = (draws + 1) // 2
        bits = self.bits(half)
        radius = np.sqrt(-2 * np.log(((bits >> np.uint64(33)).astype(np.float64) + 0.5) * 2.0**-31))
        angle = (bits & np.uint64(0xFFFFFF)).astype(np.float64) * (2 * np.pi / 2**24)
        return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)[:, :draws]
