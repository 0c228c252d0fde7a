"""A scan on disk: a Zarr v3 store with one chunk a task, and a log of the tasks that are done."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neurothermo.core.errors import InputError
from neurothermo.core.plain import plain
from neurothermo.grid.axes import Grid
from neurothermo.grid.engines import needed
from neurothermo.grid.lock import locked
from neurothermo.grid.shelf import check_shape, empty
from neurothermo.grid.tasks import Outcome, Task

LOG, LOCK = Path("tasks") / "log.jsonl", Path("tasks") / "lock"
NOT_OURS = "store: {path} is not a store of a scan (it has no configuration that neurothermo wrote)"


@dataclass(frozen=True, eq=False)
class Store:
    """Arrays of a Zarr group, (grid ..., trial, ...), a chunk of each a task; `done` is its log, read and checked.

    A chunk is written beside its place and renamed; its line in the log, with the digests of the chunks' bytes, is
    written after it. A task without a line, or whose bytes are not those of its line, is not done. `first` holds the
    line of each point that has the attributes of its ledgers.
    """

    path: Path
    grid: Grid
    trials: int
    chunk: int
    done: dict[Task, dict[str, Any]] = field(default_factory=dict)
    opened: dict[str, Any] = field(default_factory=dict)
    first: dict[int, dict[str, Any]] = field(default_factory=dict)

    def holds(self, task: Task) -> bool:
        """Whether it is in the log and its chunks are what they were."""
        entry = self.done.get(task)
        return entry is not None and all(
            _digest(self.path / name) == digest for name, digest in entry["chunks"].items()
        )

    def begun(self, task: Task) -> bool:
        """Whether it is in the log."""
        return task in self.done

    def put(self, task: Task, outcome: Outcome) -> None:
        """Chunks first, then the line in the log."""
        try:
            chunks = {}
            for name, column in outcome.columns.items():
                chunks[self._write(task, name, *column)] = ""
            if outcome.times is not None and "time" not in self.opened:
                self.opened["time"] = _whole_array(self.path, "time", outcome.times, ("time",))
            entry = {
                "point": task.point, "start": task.start, "stop": task.stop, "seconds": outcome.seconds,
                "where": outcome.where, "variables": {name: list(one[0]) for name, one in outcome.columns.items()},
                "chunks": {name: _digest(self.path / name) for name in chunks},
                **({} if task.point in self.first else {"attributes": outcome.attributes}),
            }  # fmt: skip
            self._note(entry)
        except OSError as error:
            raise _sentence(error, self.path, len(self.done)) from error
        self.done[task] = entry
        self.first.setdefault(task.point, entry)

    def variables(self, point: int, start: int, stop: int) -> dict[str, Any]:
        """Read from the arrays."""
        dims = self.first.get(point, {}).get("variables", {})
        place = self.grid.index(point)
        return {name: (tuple(dims[name]), self._array(name)[(*place, slice(start, stop))]) for name in dims}

    def attributes(self, point: int) -> dict[str, Any]:
        """As the log has them."""
        return dict(self.first.get(point, {}).get("attributes", {}))

    def _array(self, name: str) -> Any:
        if name not in self.opened:
            self.opened[name] = needed("zarr", "a store").open_array(str(self.path / name), mode="r+", zarr_format=3)
        return self.opened[name]

    def _write(self, task: Task, name: str, dims: tuple[str, ...], values: Any, about: dict[str, Any]) -> str:
        """One chunk; the path of its file inside the store."""
        if name not in self.opened and not (self.path / name / "zarr.json").exists():
            self.opened[name] = self._created(name, dims, values, about)
        array, place = self._array(name), self.grid.index(task.point)
        check_shape(name, values.shape[1:], array.shape[len(place) + 1 :])
        array[(*place, slice(task.start, task.stop))] = values
        where = (*place, task.start // self.chunk, *(0,) * (values.ndim - 1))
        return "/".join((name, "c", *map(str, where)))

    def _created(self, name: str, dims: tuple[str, ...], values: Any, about: dict[str, Any]) -> Any:
        zarr = needed("zarr", "a store")
        rest = values.shape[1:]
        return zarr.create_array(
            str(self.path / name),
            shape=(*self.grid.shape, self.trials, *rest),
            chunks=(*(1,) * len(self.grid.shape), self.chunk, *(max(1, size) for size in rest)),
            dtype=values.dtype,
            fill_value=empty(values.dtype),
            compressors=(zarr.codecs.ZstdCodec(level=1), zarr.codecs.Crc32cCodec()),
            dimension_names=(*self.grid.dims, *dims),
            attributes=plain(about),
            config={"write_empty_chunks": True},
            zarr_format=3,
            overwrite=True,
        )

    def _note(self, entry: dict[str, Any]) -> None:
        """One line, on the disk before anything else is done."""
        line = (json.dumps(plain(entry), default=repr) + "\n").encode()
        handle = os.open(self.path / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            before = os.fstat(handle).st_size
            if os.write(handle, line) != len(line):
                os.ftruncate(handle, before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def opened_store(path: Path, grid: Grid, trials: int, asked: dict[str, Any], chunk: Any) -> Iterator[tuple[Store, str]]:
    """The store of a scan, made if there is none, and locked; `chunk()` says how many trials a new one has a task.

    Yields the store and a sentence on the run before, if that was cut short.

    Raises
    ------
    InputError
        If the folder holds something else, or a scan of another configuration; the difference is named.
    """
    needed("zarr", "a store")
    size = None if (path / "zarr.json").exists() else chunk()
    with ExitStack() as held:
        with _explained(path):
            if size is not None:
                _create(path, grid, {**asked, "chunk": size})
            stored = configuration(path)
            check_same(path, stored, asked)
            sentence = held.enter_context(locked(path / LOCK))
            remove_torn(path)
            done = read_log(path, mend=True)
        yield Store(path, grid, trials, stored["chunk"], done, first=first_lines(done)), sentence


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Errors of the file system as sentences."""
    try:
        yield
    except OSError as error:
        raise _sentence(error, path, 0) from error


def configuration(path: Path) -> dict[str, Any]:
    """What the store says it is.

    Raises
    ------
    InputError
        If it is not a store of a scan.
    """
    try:
        found = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
        return dict(json.loads(found["attributes"]["configuration"]))
    except FileNotFoundError:
        raise InputError(f"store: there is no store at {path}") from None
    except (ValueError, KeyError, TypeError, NotADirectoryError):
        raise InputError(NOT_OURS.format(path=path)) from None


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
    have, want = stored["versions"]["neurothermo"], asked["versions"]["neurothermo"]
    if have != want:
        raise InputError(
            f"store: {path} was begun by neurothermo {have}, and this is {want}: one store holds the bits of one "
            "version"
        )


def read_log(path: Path, mend: bool = False) -> dict[Task, dict[str, Any]]:
    """The tasks that are done, by the log; a line cut short by the end of its process is not one.

    With `mend` such a line is taken out of the file.
    """
    log = path / LOG
    text = log.read_bytes() if log.exists() else b""
    done: dict[Task, dict[str, Any]] = {}
    whole = []
    for line in text.split(b"\n")[:-1]:
        try:
            entry = json.loads(line)
            done[Task(entry["point"], entry["start"], entry["stop"])] = entry
            whole.append(line)
        except (ValueError, KeyError, TypeError):
            continue
    if mend and b"".join(line + b"\n" for line in whole) != text:
        beside = log.with_suffix(".mended")
        beside.write_bytes(b"".join(line + b"\n" for line in whole))
        beside.replace(log)
    return done


def first_lines(done: dict[Task, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The line of each point that has the attributes of its ledgers."""
    return {task.point: entry for task, entry in done.items() if "attributes" in entry}


def remove_torn(path: Path) -> None:
    """What a process that was killed left half-written, under temporary names."""
    for left in path.rglob("*.partial"):
        left.unlink(missing_ok=True)


def finish(path: Path, attributes: dict[str, Any]) -> None:
    """Write what a scan says of itself into the group's attributes, whole."""
    about = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
    about["attributes"] |= plain(attributes)
    try:
        beside = path / "zarr.json.partial"
        beside.write_text(json.dumps(about, indent=2, default=repr), encoding="utf-8")
        beside.replace(path / "zarr.json")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an extension of Zarr v3, which xarray looks for first
            needed("zarr", "a store").consolidate_metadata(str(path), zarr_format=3)
    except OSError as error:
        raise _sentence(error, path, 0) from error


def _create(path: Path, grid: Grid, said: dict[str, Any]) -> None:
    """The group, its coordinates and an empty log, under a temporary name first."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(NOT_OURS.format(path=path))
    if not path.absolute().parent.is_dir():
        raise InputError(f"store: there is no folder {path.absolute().parent}")
    zarr = needed("zarr", "a store")
    temporary = Path(tempfile.mkdtemp(dir=path.absolute().parent, prefix=f".{path.name}-"))
    try:
        text = json.dumps(plain(said), default=repr)
        zarr.create_group(str(temporary), zarr_format=3, overwrite=True, attributes={"configuration": text})
        zarr.create_group(str(temporary / "tasks"), zarr_format=3)
        for name, (dim, values) in grid.coordinates().items():
            _whole_array(temporary, name, values, (dim,))
        (temporary / LOG).touch()
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o777 & ~mask)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _whole_array(path: Path, name: str, values: Any, dims: tuple[str, ...]) -> Any:
    """A small array in one chunk."""
    zarr = needed("zarr", "a store")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # words in Zarr v3 are an extension that every reader here knows
        if values.dtype.kind == "U":
            array = zarr.create_array(
                str(path / name), shape=values.shape, dtype=str, dimension_names=dims, zarr_format=3, overwrite=True
            )
            array[:] = values.astype(np.dtypes.StringDType())
            return array
        return zarr.create_array(
            str(path / name), data=values, chunks=values.shape, dimension_names=dims, zarr_format=3, overwrite=True
        )


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return "missing"


def _short(value: Any) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _sentence(error: OSError, path: Path, done: int) -> OSError:
    """An error of the file system with what it means for the scan."""
    kept = f"what is stored stays ({done} tasks), and the same command continues from there" if done else ""
    reasons = {
        errno.ENOSPC: "the disk is full", errno.EDQUOT: "the quota of the disk is used up",
        errno.EROFS: "the store cannot be written to", errno.EACCES: "the store cannot be written to",
        errno.EPERM: "the store cannot be written to",
    }  # fmt: skip
    what = reasons.get(error.errno or 0, error.strerror or str(error))
    return OSError(error.errno or errno.EIO, "; ".join(filter(None, (what, kept))), str(path))
