"""Endless streams of 64-bit words: the library's addressed bits in the orders that kernels and studies meet them.

A word of ours is `mix` of a counter under the keys of a trial, all compiled and all from engine/counter.py; a test
compares every order with `core.randomness.Address.bits`. An order says which (trial, step, draw) the k-th word is:

    draw            (0, k >> 32, k mod 2^32)        one trial, its draws one after the other
    step            (k >> 32, k mod 2^32, 0)        the first draw of every step of a trial: a single variable's noise
    trial           (k, 1, 0)                       the first draw of every trial at one step
    strided         (2^20 k, 1, 0)                  the same of trials far apart
    trials-in-step  64 trials side by side, 15 draws a step, as the kernel of 15 spins takes them

and two more start anew under other keys: `seed` (seed k) and `run` (the run named k), both (0, 1, 0), through BLAKE2b
and so at a thousandth of the speed. Other generators stand beside them: what must fail and what must pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numba import njit

from neurothermo.core.randomness import Stream
from neurothermo.engine.counter import FIRST, GOLDEN, mix, trial_keys, u4, u8

BLOCK = 1 << 17  # words made at once: 1 MB
LANES, DRAWS = 64, 15
STRIDE = 20
SEED, RUN = 1, "battery"

Words = np.ndarray[Any, np.dtype[np.uint64]]
Fill = Callable[[Words, int], None]


@njit(nogil=True)
def by_draw(words, start, first, second):
    """Draw after draw of trial 0."""
    key, other = trial_keys(first, second, 0)
    for k in range(len(words)):
        words[k] = mix(key + (u8(start) + u8(k)) * GOLDEN, other)


@njit(nogil=True)
def by_step(words, start, first, second):
    """Draw 0, step after step; after 2^32 steps the next trial."""
    for k in range(len(words)):
        index = u8(start) + u8(k)
        key, other = trial_keys(first, second, index >> u8(32))
        words[k] = mix(key + (index << u8(32)) * GOLDEN, other)


@njit(nogil=True)
def by_trial(words, start, first, second, shift):
    """Draw 0 of step 1, trial after trial, the trials 2^shift apart."""
    for k in range(len(words)):
        key, other = trial_keys(first, second, (u8(start) + u8(k)) << u8(shift))
        words[k] = mix(key + (u8(1) << u8(32)) * GOLDEN, other)


@njit(nogil=True)
def by_lanes(words, start, first, second):
    """Trials 0 .. 63 side by side, draw after draw, step after step (from step 1); `start` a multiple of 64."""
    keys, others = np.empty(LANES, np.uint64), np.empty(LANES, np.uint64)
    for lane in range(LANES):
        keys[lane], others[lane] = trial_keys(first, second, lane)
    for row in range(len(words) // LANES):
        index = start // LANES + row
        offset = ((u8(index // DRAWS + 1) << u8(32)) + u8(index % DRAWS)) * GOLDEN
        block = words[row * LANES : (row + 1) * LANES]
        for lane in range(LANES):
            block[lane] = mix(keys[lane] + offset, others[lane])


@njit(nogil=True)
def unmixed(words, start, first, second):
    """Negative control: the counter itself, never mixed."""
    for k in range(len(words)):
        words[k] = first + (u8(start) + u8(k)) * GOLDEN


@njit(nogil=True)
def half_mixed(words, start, first, second):
    """Negative control: the counter after the first of the mixer's two rounds."""
    for k in range(len(words)):
        word = first + (u8(start) + u8(k)) * GOLDEN
        words[k] = ((word ^ (word >> u8(30))) * FIRST) ^ second


@njit(nogil=True)
def congruential(words, start, first, second):
    """Negative control: x -> 1664525 x + 1013904223 mod 2^32, two numbers a word (Numerical Recipes' "quick" one)."""
    state = u4(start * 2654435761 + 1)
    for k in range(len(words)):
        state = u4(state * u4(1664525) + u4(1013904223))
        low = state
        state = u4(state * u4(1664525) + u4(1013904223))
        words[k] = u8(low) | (u8(state) << u8(32))


def stream(seed: int = SEED) -> tuple[np.uint64, np.uint64]:
    """The key words of the run that all streams of ours are taken from."""
    keys = Stream.of(seed, RUN)
    return np.uint64(keys.first), np.uint64(keys.second)


def _compiled(kernel: Callable[..., None], seed: int, *more: int) -> Fill:
    first, second = stream(seed)
    return lambda words, start: kernel(words, start, first, second, *more)


def _restarted(name: Callable[[int], tuple[int, str]]) -> Fill:
    """One word from each of many keys."""

    def fill(words: Words, start: int) -> None:
        keys = [Stream.of(*name(start + k)) for k in range(len(words))]
        first = np.array([key.first for key in keys], np.uint64)
        second = np.array([key.second for key in keys], np.uint64)
        _first_words(words, first, second)

    return fill


@njit
def _first_words(words, first, second):
    for k in range(len(words)):
        key, other = trial_keys(first[k], second[k], 0)
        words[k] = mix(key + (u8(1) << u8(32)) * GOLDEN, other)


def _numpy(generator: np.random.BitGenerator) -> Fill:
    """Words of a generator of NumPy's, which are consumed in order whatever their index."""

    def fill(words: Words, start: int) -> None:
        words[:] = generator.random_raw(len(words))

    return fill


STREAMS: dict[str, Callable[[int], Fill]] = {
    "trials-in-step": lambda seed: _compiled(by_lanes, seed),
    "trial": lambda seed: _compiled(by_trial, seed, 0),
    "draw": lambda seed: _compiled(by_draw, seed),
    "step": lambda seed: _compiled(by_step, seed),
    "strided": lambda seed: _compiled(by_trial, seed, STRIDE),
    "seed": lambda seed: _restarted(lambda k: (seed - SEED + k, RUN)),
    "run": lambda seed: _restarted(lambda k: (seed, str(k))),
    "unmixed": lambda seed: _compiled(unmixed, seed),
    "half-mixed": lambda seed: _compiled(half_mixed, seed),
    "congruential": lambda seed: _compiled(congruential, seed),
    "numpy-philox": lambda seed: _numpy(np.random.Philox(seed)),
    "numpy-pcg64": lambda seed: _numpy(np.random.PCG64(seed)),
}
PARTS = ("all", "high", "low")


def blocks(name: str, part: str = "all", size: int = BLOCK, seed: int = SEED) -> Iterator[Words]:
    """The stream in blocks of `size` words, without end (the array is one and the same, filled anew).

    part: "all" of each word, or its "high" or "low" 32 bits alone, two of them packed into one word.
    """
    fill, shift = STREAMS[name](seed), np.uint64(32 if part == "high" else 0)
    words, start = np.empty(size, np.uint64), 0
    halves = np.empty(size, np.uint32)
    while True:
        fill(words, start)
        start += size
        if part == "all":
            yield words
        else:
            np.right_shift(words, shift, out=words)
            halves[:] = words
            yield halves.view(np.uint64)
