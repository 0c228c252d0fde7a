"""Information from samples: nearest neighbours on real numbers, transfer entropy of symbols against infomeasure."""

from __future__ import annotations

import numpy as np

from benchmarks.child import interpreter, served
from benchmarks.harness import Ask, here, interleave
from benchmarks.settings import Settings
from benchmarks.table import Row, absent, against, quantity
from neurothermo.information import samples

TITLE = "Information from samples"
CORRELATION = 0.9
COPIED = 0.7  # how often the target takes the source's last symbol


def rows(settings: Settings) -> list[Row]:
    """Kraskov's estimator: time and bias; transfer entropy: time against infomeasure."""
    return [*_neighbours(settings), _transfer(settings)]


def _neighbours(settings: Settings) -> list[Row]:
    n, random = settings.pick(100_000, 2_000), np.random.default_rng(1)
    exact, found = -0.5 * np.log(1 - CORRELATION**2), []

    def ours() -> None:
        x = random.standard_normal(n)
        y = CORRELATION * x + np.sqrt(1 - CORRELATION**2) * random.standard_normal(n)
        found.append(float(samples.mutual_information(x, y, method="kraskov")))

    sample = interleave([here("ours", ours)], settings.rounds)["ours"]
    seconds, bias = float(np.median(sample.of("wall"))), float(np.mean(found) - exact)
    what = f"nearest neighbours, {n:,} pairs"
    return [
        quantity(f"{what}: time, interval included", seconds, f"{seconds:.3g} s", Ask("at most", 2, "s")),
        quantity(
            f"{what}: bias, mean of {len(found)} runs", abs(bias), f"{bias:+.4f} nats", Ask("at most", 0.01, "nats")
        ),
    ]


def _transfer(settings: Settings) -> Row:
    n, random = settings.pick(100_000, 2_000), np.random.default_rng(2)
    source = random.integers(0, 2, n)
    target = np.where(random.random(n) < COPIED, np.roll(source, 1), random.integers(0, 2, n))
    ours = here("ours", lambda: samples.transfer_entropy(source, target, history=2), n)
    what, task = f"transfer entropy, {n:,} binary symbols", {"source": source.tolist(), "target": target.tolist()}
    python = interpreter(settings.peers_python, ["infomeasure"])
    with served("infomeasure", python, "infomeasure_server.py", task, n) as (theirs, about):
        if theirs is None:
            return absent(what, "infomeasure", about)
        turns = interleave([ours, theirs], settings.rounds)
    return against(f"{what} (infomeasure {about})", turns["ours"], turns["infomeasure"],
                   Ask("at least", 5, "x faster"), faster=True, unit=1e9)  # fmt: skip
