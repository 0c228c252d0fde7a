"""What a store says of itself: its configuration, and the log of the tasks that are done. Neither is trusted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from neurothermo.core.checks import LARGEST_COUNT
from neurothermo.core.errors import InputError
from neurothermo.core.plain import plain
from neurothermo.grid.tasks import Task

LOG, LOCK = Path("tasks") / "log.jsonl", Path("tasks") / "lock"
NOT_OURS = "store: {path} is not a store of a scan (it has no configuration that neurothermo wrote)"
WANTED: dict[str, tuple[type, ...]] = {
    "axes": (dict,), "dims": (list,), "both": (bool,), "trials": (int,), "seed": (int,), "runs": (list,),
    "versions": (dict,), "chunk": (int,),
}  # fmt: skip
CHUNK = re.compile(r"[^/\0]*[^/\0.][^/\0]*(/c(/\d+)+)?")  # a file of an array inside the store, nowhere else
UNREADABLE = (ValueError, KeyError, TypeError, OverflowError, RecursionError)  # JSON that is none, or another's


def configuration(path: Path) -> dict[str, Any]:
    """What the store says it is, every entry of the type it must be; and whether it says that it is `done`.

    Raises
    ------
    InputError
        If it is not a store of a scan, or its configuration is damaged.
    """
    try:
        attributes = json.loads((path / "zarr.json").read_text(encoding="utf-8"))["attributes"]
        about = dict(json.loads(attributes["configuration"]))
    except FileNotFoundError:
        raise InputError(f"store: there is no store at {path}") from None
    except (*UNREADABLE, NotADirectoryError):
        raise InputError(NOT_OURS.format(path=path)) from None
    wrong = [name for name, types in WANTED.items() if type(about.get(name)) not in types]
    wrong += [name for name in ("trials", "chunk") if name not in wrong and not 0 < about[name] <= LARGEST_COUNT]
    if not wrong and not all(isinstance(name, str) for name in (*about["dims"], *about["versions"].values())):
        wrong = ["dims", "versions"]
    if not wrong and not (about["runs"] and all(isinstance(run, str) for run in about["runs"])):
        wrong = ["runs"]
    if wrong:
        raise InputError(f"store: the configuration of {path} is damaged: see its {wrong[0]}")
    return {"until": None, **about, "done": "runs" in attributes}


def check_same(path: Path, stored: dict[str, Any], asked: dict[str, Any]) -> None:
    """Refuse a store of another configuration.

    Raises
    ------
    InputError
        With the first key that differs, what is stored and what is asked for.
    """
    for name, wanted in plain(asked).items():
        if name in ("versions", "chunk") or stored.get(name) == wanted:
            continue
        if name == "runs":
            place = next((i for i, pair in enumerate(zip(stored[name], wanted, strict=False)) if len(set(pair)) > 1), 0)
            raise InputError(
                f"store: {path} holds another experiment at point {place} of the same axes: its system, protocol, "
                f"rule, temperature or start differs (run {stored[name][place]} is stored, {wanted[place]} asked for)"
            )
        raise InputError(
            f"store: {path} holds another scan: {name} is {_short(stored.get(name))} there, and {_short(wanted)} is "
            "asked for; choose another store"
        )
    have, want = stored["versions"].get("neurothermo"), asked["versions"]["neurothermo"]
    if have != want:
        raise InputError(
            f"store: {path} was begun by neurothermo {have}, and this is {want}: one store holds the bits of one "
            "version"
        )


def read_log(path: Path, mend: bool = False) -> dict[Task, dict[str, Any]]:
    """The tasks that are done, by the log; a line cut short by the end of its process is not one, nor any other line.

    With `mend` such a line is taken out of the file.
    """
    log = path / LOG
    text = log.read_bytes() if log.exists() else b""
    done: dict[Task, dict[str, Any]] = {}
    whole = []
    for line in text.split(b"\n")[:-1]:
        try:
            entry = json.loads(line)
            task = Task(entry["point"], entry["start"], entry["stop"])
            if not _whole(task, entry):
                continue
        except UNREADABLE:
            continue
        done[task] = entry
        whole.append(line)
    if mend and b"".join(line + b"\n" for line in whole) != text:
        beside = log.with_suffix(".mended")
        beside.write_bytes(b"".join(line + b"\n" for line in whole))
        beside.replace(log)
    return done


def first_lines(done: dict[Task, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The line of each point that has the attributes of its ledgers."""
    return {task.point: entry for task, entry in done.items() if "attributes" in entry}


def _whole(task: Task, entry: dict[str, Any]) -> bool:
    """Whether a line is what a scan writes: its numbers numbers, its chunks files of this store."""
    numbers = (task.point, task.start, task.stop)
    if not all(type(number) is int and 0 <= number <= LARGEST_COUNT for number in numbers) or task.stop <= task.start:
        return False
    seconds, chunks, variables = entry["seconds"], entry["chunks"], entry["variables"]
    return (
        type(seconds) in (int, float) and 0 <= seconds < float("inf")
        and isinstance(entry.get("attributes", {}), dict)
        and isinstance(chunks, dict) and bool(chunks) and all(CHUNK.fullmatch(name) for name in chunks)
        and isinstance(variables, dict) and all(isinstance(dims, list) for dims in variables.values())
        and all(CHUNK.fullmatch(name) and "/" not in name for name in variables)
    )  # fmt: skip


def _short(value: Any) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= 80 else f"{text[:77]}..."
