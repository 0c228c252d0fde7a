"""A scan's state and its estimates as text and rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from neurothermo.core.errors import InputError
from neurothermo.grid.estimators import TWO_SIDED, named
from neurothermo.grid.reading import open_scan
from neurothermo.grid.shelf import ledgers

DEFAULT = ("work", "entropy_flow")


def status_text(said: dict[str, Any]) -> str:
    """What `status` found, in lines."""
    state = "done" if said["done"] else f"running, {said['running']}" if said["running"] else "not done, not running"
    rate = said["trials_per_worker_second"]
    versions = ", ".join(f"{name} {number}" for name, number in said["versions"].items())
    most = "at most " if said["until"] else ""
    return "\n".join(
        [
            f"{said['store']}: {state}",
            f"  tasks   {said['tasks_done']} of {most}{said['tasks']}, of up to {said['chunk']} trials each",
            f"  trials  {said['trials_done']} of {most}{said['trials']}, at {said['points']} points",
            "  rate    " + ("not known yet" if rate is None else f"{rate:.4g} trials a second and worker"),
            f"  made by {versions}; seed {said['seed']}",
        ]
    )


def rows_of(store: Path, names: list[str] | None = None) -> list[dict[str, Any]]:
    """Estimates at every point of a store: its parameters and, for each name, an Estimate.

    Raises
    ------
    InputError
        If an estimator is unknown, or needs a reverse process that the scan has not.
    """
    data = open_scan(store)
    both = bool(json.loads(data.attrs["configuration"])["both"])
    for name in names or ():
        named(name)
        if name in TWO_SIDED and not both:
            raise InputError(f"method: {name} needs the reverse process too: both = true in [scan]")
    chosen = tuple(names) if names else (*(("bar",) if both else ()), *DEFAULT)
    rows: list[dict[str, Any]] = []
    waiting: Any = None
    for parameters, ledger in ledgers(data):
        if both and parameters["direction"] == "forward":
            waiting = ledger
            continue
        sides = (waiting, ledger) if both else (ledger,)
        row = {name: value for name, value in parameters.items() if name != "direction"}
        empty = any(side.sizes["trial"] == 0 for side in sides)
        found = {} if empty else {name: _answer(name, sides) for name in chosen}
        rows.append({"parameters": row, "trials": ledger.sizes["trial"], "estimates": found})
    return rows


def estimates_text(rows: list[dict[str, Any]]) -> str:
    """One line for each point and estimator."""
    lines = []
    for row in rows:
        place = ", ".join(f"{name} = {value}" for name, value in row["parameters"].items())
        lines.append(f"{place} ({row['trials']} trials)" + ("" if row["estimates"] else ": none is done yet"))
        lines += [f"  {name}: {answer}" for name, answer in row["estimates"].items()]
    return "\n".join(lines)


def _answer(name: str, sides: tuple[Any, ...]) -> Any:
    try:
        return named(name)(*sides) if name in TWO_SIDED else named(name)(sides[0])
    except InputError as error:  # at this point there is no such thing: no energy, a driven temperature
        return f"no estimate: {error}"
