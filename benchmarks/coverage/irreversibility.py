"""What the intervals, bounds and nulls of entropy production from recordings are worth, measured on exact systems.

python -m benchmarks.coverage irreversibility [--repeats N] [--only METHOD ...] [--where TEXT] [--json FILE]
                                              [--merge FILE ...] [--quick]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from time import process_time

from benchmarks.coverage.cells import Cell, Result, table

QUICK = 0.02  # of the repeats


def cells() -> Iterator[Cell]:
    """Every cell of the study; systems are solved when they are asked for."""
    from benchmarks.coverage import chains, ising, langevin

    yield from langevin.cells()
    yield from chains.cells()
    yield from ising.cells()


def chosen(only: Sequence[str] = (), where: str = "") -> list[Cell]:
    """The cells of these methods (all where none is named) whose name holds a text."""
    return [cell for cell in cells() if (not only or cell.method.split(",")[0] in only) and where in cell.name]


def read(path: Path) -> dict[str, Result]:
    """Results by the names of their cells, of a file that may not be there yet."""
    if not path.exists():
        return {}
    found = [Result(**fields) for fields in json.loads(path.read_text())["cells"]]
    return {result.name: result for result in found}


def write(path: Path, results: dict[str, Result]) -> None:
    """All of them; what is asked for and whether it is reached is there to be read, and is computed anew."""
    path.write_text(json.dumps({"cells": [asdict(result) for result in results.values()]}, indent=1) + "\n")


def study(todo: Sequence[Cell], repeats: int, done: dict[str, Result], path: Path | None = None) -> dict[str, Result]:
    """Run what is not in `done` with as many repeats yet, saying how far it is; kept in the file cell by cell."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        for number, cell in enumerate(todo, 1):
            before = done.get(cell.name)
            if before is not None and before.repeats >= cell.repeats(repeats):
                continue
            start = process_time()
            result = cell.measured(repeats)
            done[cell.name] = result
            if path:
                write(path, done)
            print(
                f"{number}/{len(todo)}, {process_time() - start:.0f} s: {table([result]).splitlines()[-1]}", flush=True
            )
    return done


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cells asked for and print their table; 1 if one does not reach what is asked for."""
    asked = _parser().parse_args(arguments)
    todo = chosen(asked.only, asked.where)
    done = read(asked.json) if asked.json else {}
    for path in asked.merge:
        done |= read(path)
    repeats = max(2, round(asked.repeats * QUICK)) if asked.quick else asked.repeats
    if repeats:
        done = study(todo, repeats, done, asked.json)
    results = [done[cell.name] for cell in todo if cell.name in done]
    print(table(results))
    failed = [result.name for result in results if not result.reached]
    print(f"\n{len(results) - len(failed)} of {len(results)} cells reach what is asked for.")
    return int(bool(failed) and not asked.quick)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage irreversibility", description=__doc__)
    parser.add_argument("--repeats", type=int, default=2000, help="of the fast cells (default 2000); 0: print files")
    parser.add_argument("--only", nargs="+", default=(), metavar="METHOD")
    parser.add_argument("--where", default="", metavar="TEXT", help="in the name of a cell")
    parser.add_argument("--json", type=Path, metavar="FILE", help="cells are kept here, and not run twice")
    parser.add_argument("--merge", type=Path, nargs="+", default=[], metavar="FILE", help="cells measured elsewhere")
    parser.add_argument("--quick", action="store_true", help="few repeats: does it run at all?")
    return parser
