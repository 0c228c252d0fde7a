"""python -m benchmarks: speed against named opponents, memory, start-up and random numbers, in one run."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.machine import describe, load, processor, versions
from benchmarks.settings import Settings
from benchmarks.table import Row, text

GROUPS = {
    "small": "small_network",
    "large": "large_networks",
    "continuous": "continuous",
    "free-energy": "free_energy",
    "startup": "startup",
    "memory": "memory",
    "random": "identity",
    "propagation": "exact",
    "entropy-production": "entropy",
    "work-laws": "work",
    "intervals": "intervals",
    "jumps": "jumps",
    "information": "information",
    "irreversibility": "irreversibility",
    "scan": "scaling",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the groups asked for and print their tables; 1 if something that must hold does not (never a time)."""
    asked = _parser().parse_args(arguments)
    names = asked.only or list(GROUPS)
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder, _environment(folder):
        rounds = asked.rounds or (2 if asked.quick else 7)
        settings = Settings(Path(folder), asked.quick, rounds, asked.thrml_python, asked.peers_python)
        print(describe(), flush=True)
        if asked.quick:
            print("Smoke run: small sizes, few rounds; the ratios mean nothing.")
        print()
        found = {name: _run(GROUPS[name], settings) for name in names}
    rows = [row for group in found.values() for row in group]
    print(summary(rows))
    if asked.json:
        asked.json.write_text(json.dumps(report(found, settings), indent=1) + "\n")
    return int(any(row.must_hold and not row.reached for row in rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds: does it run at all?")
    parser.add_argument("--only", action="append", choices=list(GROUPS), help="this group; may be repeated")
    parser.add_argument("--rounds", type=int, help="counted turns of each contender (default 7)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here as well")
    parser.add_argument(
        "--thrml-python", metavar="PATH", default=os.environ.get("THRML_PYTHON"),
        help="a Python that has thrml (default: $THRML_PYTHON, or this one)",
    )  # fmt: skip
    parser.add_argument(
        "--peers-python", metavar="PATH", default=os.environ.get("PEERS_PYTHON"),
        help="a Python that has diffrax, sdeint, infomeasure, SFI (default: $PEERS_PYTHON, or this one)",
    )  # fmt: skip
    return parser


@contextmanager
def _environment(folder: str) -> Iterator[None]:
    """Kernels are compiled anew, which is timed and cannot be stale; idle OpenMP threads sleep, not spin."""
    before = dict(os.environ)
    os.environ["NUMBA_CACHE_DIR"] = str(Path(folder) / "kernels")
    os.environ["OMP_WAIT_POLICY"] = "passive"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _run(module: str, settings: Settings) -> list[Row]:
    from threadpoolctl import threadpool_limits

    group = import_module(f"benchmarks.{module}")
    with threadpool_limits(1, user_api="blas"):  # or its idle threads would spin into a rival's core time
        rows = group.rows(settings)
    if settings.quick:  # the numbers are asked for at full size
        rows = [row if row.must_hold else replace(row, reached=None) for row in rows]
    print(text(group.TITLE, rows), flush=True)
    return rows


def summary(rows: Sequence[Row]) -> str:
    """How many of the numbers asked for were reached, and which were not."""
    asked = [row for row in rows if row.reached is not None]
    failed = [row.what for row in asked if not row.reached]
    busy = load()
    lines = [f"{len(asked) - len(failed)} of {len(asked)} numbers asked for were reached."]
    lines += [f"Not reached: {'; '.join(failed)}."] if failed else []
    lines += [f"Load at the end: {busy:.2f}."] if busy is not None else []
    return "\n".join(lines)


def report(found: dict[str, list[Row]], settings: Settings) -> dict[str, Any]:
    """Everything, for machines."""
    return {
        "processor": processor(),
        "versions": versions(),
        "load_at_end": load(),
        "quick": settings.quick,
        "rounds": settings.rounds,
        "groups": {name: [asdict(row) for row in rows] for name, rows in found.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
