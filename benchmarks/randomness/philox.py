"""What Philox would cost in place of our mixer: the same words in the same layout, in turns.

    (x0, x1, x2, x3) -> (hi(M1 x2) ^ x1 ^ k0, lo(M1 x2), hi(M0 x0) ^ x3 ^ k1, lo(M0 x0)),   k += W,   ten rounds

Philox4x32-10 of Salmon, Moraes, Dror, Shaw, SC 2011, keyed by the run, its counter (draw, step, trial): 128 bits a
call, two words of 64. `Philox4x32-7` is the fewest rounds that passed BigCrush there.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numba import njit

from benchmarks.harness import Sample, Spread, here, interleave
from benchmarks.machine import describe
from benchmarks.randomness.streams import BLOCK, DRAWS, LANES, by_lanes, stream
from benchmarks.table import Row, against, text
from benchmarks.workloads import driven_hopfield
from neurothermo.engine.counter import LOW_HALF, u8, use_wide_vectors

M0, M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
W0, W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
HALF = np.uint64(32)
TURNS = 64  # blocks of one turn: 8 million words


@njit(inline="always")
def philox(counter, key, rounds):
    """128 bits of a counter of 4 x 32 under a key of 2 x 32 (all held in words of 64, for the vector units' sake)."""
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(rounds):
        left, right = M0 * x0, M1 * x2
        x0, x1, x2, x3 = (right >> HALF) ^ x1 ^ k0, right & LOW_HALF, (left >> HALF) ^ x3 ^ k1, left & LOW_HALF
        k0, k1 = (k0 + W0) & LOW_HALF, (k1 + W1) & LOW_HALF
    return x0, x1, x2, x3


@njit(nogil=True)
def ours(words, start, first, second):
    """Words of 64 trials side by side, by our mixer."""
    use_wide_vectors()
    by_lanes(words, start, first, second)


def _rival(rounds):
    @njit(nogil=True)
    def fill(words, start, first, second):
        """The same layout, two draws a call."""
        use_wide_vectors()
        key = first & LOW_HALF, first >> HALF
        for row in range(len(words) // (2 * LANES)):
            index = start // LANES + 2 * row
            draw, step = u8(index % DRAWS), u8(index // DRAWS + 1)
            one = words[2 * row * LANES : (2 * row + 1) * LANES]
            other = words[(2 * row + 1) * LANES : (2 * row + 2) * LANES]
            for lane in range(LANES):
                x0, x1, x2, x3 = philox((draw, step, u8(lane), second & LOW_HALF), key, rounds)
                one[lane] = x0 | (x1 << HALF)
                other[lane] = x2 | (x3 << HALF)

    return fill


def rows(rounds: int, turns: int = TURNS, trials: int = 5000, steps: int = 1000) -> list[Row]:
    """Ours against Philox a word of 64 bits, and a word against one update of the driven network of 15 spins."""
    words = np.empty(BLOCK, np.uint64)
    first, second = stream()
    fills = {"ours": ours, "Philox4x32-10": _rival(10), "Philox4x32-7": _rival(7)}

    def turn(fill):
        for block in range(turns):
            fill(words, block * BLOCK, first, second)

    workload = driven_hopfield(trials, steps)
    contenders = [here(name, partial(turn, fill), turns * BLOCK) for name, fill in fills.items()]
    contenders.append(here("update", workload.run, workload.updates))
    samples = interleave(contenders, rounds)
    found = [
        against(f"64 random bits against {name}", samples["ours"], samples[name], faster=True, unit=1e9)
        for name in ("Philox4x32-10", "Philox4x32-7")
    ]
    return [*found, *(_network(samples, name) for name in ("Philox4x32-10", "Philox4x32-7"))]


def _network(samples: dict[str, Sample], name: str) -> Row:
    """An update with Philox is an update with ours, less a word of ours, plus a word of Philox: an estimate."""
    update, ours, other = (samples[key].of("core") for key in ("update", "ours", name))
    spread = Spread.of((update - ours + other) / update)
    now, then = (f"{Spread.of(cost).median * 1e9:.3g} ns" for cost in (update, update - ours + other))
    return Row(
        f"an update of 15 spins (64 bits), were they drawn by {name}", now, then,
        f"{spread.median:.3g} [{spread.low:.3g}, {spread.high:.3g}]",
        numbers={"ratio": {"median": spread.median, "low": spread.low, "high": spread.high}},
    )  # fmt: skip


def report(rounds: int) -> str:
    """The machine, and the table."""
    return f"{describe()}\n\n{text('Philox in place of the mixer (core time)', rows(rounds))}"
