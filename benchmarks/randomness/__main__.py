"""python -m benchmarks.randomness: the addressed random numbers through Dieharder, and what Philox would cost.

    python -m benchmarks.randomness [--only STREAM[/PART] ...] [--quick]        run the battery, print the table
    python -m benchmarks.randomness --table FOLDER                              print what --folder FOLDER kept
    python -m benchmarks.randomness --write STREAM [--part high]                raw words to standard output
    python -m benchmarks.randomness --checks [--only STREAM ...] [--words N]    our own tests
    python -m benchmarks.randomness --philox                                    Philox4x32-10 against our mixer

A stream is named as in streams.py; `/high` and `/low` take one half of each word.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.randomness import battery
from benchmarks.randomness.streams import PARTS, SEED, STREAMS, blocks

ORDERS = (
    "trials-in-step", "trial", "step", "draw", "half-mixed", "numpy-pcg64", "step/high", "trials-in-step/high",
    "trials-in-step/low", "strided",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked for; 1 if one of our streams failed a test, or a negative control passed them all."""
    asked = _parser().parse_args(arguments)
    if asked.write:
        return write(asked.write, asked.part, asked.seed)
    if asked.philox:
        from benchmarks.randomness.philox import report

        print(report(asked.rounds))
        return 0
    if asked.checks:
        print(_checked(asked.only or list(STREAMS), asked.words))
        return 0
    if asked.table:
        found = [battery.load(path) for path in sorted(asked.table.glob("*.json"))]
        print(battery.table(found))
        return 0
    tests = battery.TESTS[: battery.QUICK] if asked.quick else battery.TESTS
    return _batteries(asked.only or ORDERS, tests, asked.folder, asked.seed)


def _batteries(names: Sequence[str], tests: Sequence[battery.Test], folder: Path | None, seed: int) -> int:
    if not battery.available():
        print("Dieharder is not installed (Debian: apt-get install dieharder).", file=sys.stderr)
        return 2
    found = []
    for name in names:
        stream, _, part = name.partition("/")
        print(f"# {name}", flush=True)
        found.append(battery.run(stream, part or "all", tests, seed, say=lambda line: print(line, flush=True)))
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            battery.save(found[-1], folder / f"{name.replace('/', '-')}-{seed}.json")
        print(battery.table(found[-1:]), flush=True)
    print("\n" + battery.table(found))
    wrong = [one for one in found if (one.count("failed") > 0) != (one.stream in CONTROLS)]
    return int(bool(wrong))


def _checked(names: Sequence[str], words: int) -> str:
    """Our own tests on every stream, as a table; streams that start anew for each word are a sixteenth as long."""
    from scipy.stats import kstest
    from threadpoolctl import threadpool_limits

    from benchmarks.randomness import checks

    lines = ["| stream | words | p-values | below 1e-6 | smallest p | of | uniform |", "|" + "---|" * 7]
    for name in names:
        size = words // 16 if name in ("seed", "run") else words
        with threadpool_limits(1, user_api="blas"):
            found = checks.pvalues(next(blocks(name, size=size)).copy())
        worst = min(found, key=lambda check: found[check])
        few = sum(value < 1e-6 for value in found.values())
        uniform = kstest(list(found.values()), "uniform").pvalue
        lines.append(f"| {name} | {size} | {len(found)} | {few} | {found[worst]:.2g} | {worst} | {uniform:.2g} |")
    return "\n".join(lines)


CONTROLS = ("unmixed", "half-mixed", "congruential")


def write(stream: str, part: str, seed: int) -> int:
    """Words to standard output until nobody reads them; then, to standard error, how many bytes were taken."""
    written = 0
    _widen(sys.stdout.fileno())
    try:
        for words in blocks(stream, part, seed=seed):
            left = words.data.cast("B")
            while left:
                count = os.write(sys.stdout.fileno(), left)
                written, left = written + count, left[count:]
    except BrokenPipeError:
        print(written, file=sys.stderr, flush=True)
    return 0


def _widen(descriptor: int) -> None:
    """A megabyte of room in a pipe, so that writer and reader wait less for each other."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 1 << 20)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.randomness", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="STREAM[/PART]", help="this stream; may be repeated")
    parser.add_argument(
        "--quick", action="store_true", help="Diehard's and NIST's tests only, enough for what must fail"
    )
    parser.add_argument("--folder", type=Path, help="keep every result here, as JSON")
    parser.add_argument("--table", type=Path, metavar="FOLDER", help="print the table of the results kept here")
    parser.add_argument("--write", choices=list(STREAMS), help="raw 64-bit words to standard output, without end")
    parser.add_argument("--part", choices=PARTS, default="all", help="of each word (with --write)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the stream, where it has one (default %(default)s)")
    parser.add_argument("--checks", action="store_true", help="our own tests on every stream (or --only these)")
    parser.add_argument("--words", type=int, default=1 << 22, metavar="N", help="so many of each (with --checks)")
    parser.add_argument("--philox", action="store_true", help="what Philox4x32-10 would cost")
    parser.add_argument("--rounds", type=int, default=7, help="counted turns of each contender (with --philox)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
