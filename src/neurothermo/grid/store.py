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
from neurothermo.grid.manifest import LOCK, LOG, NOT_OURS, check_same, configuration, first_lines, read_log
from neurothermo.grid.shelf import check_shape, empty
from neurothermo.grid.tasks import Outcome, Task


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
        self._check_there()
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
                **({"attributes": outcome.attributes} if self._tells(task) else {}),
            }  # fmt: skip
            self._note(entry)
        except OSError as error:
            raise _sentence(error, self.path, len(self.done)) from error
        self.done[task] = entry
        if "attributes" in entry:
            self.first[task.point] = entry

    def _tells(self, task: Task) -> bool:
        """Whether its line has the attributes of its point: the first one has them, and has them again if run again."""
        first = self.first.get(task.point)
        return first is None or (first["start"], first["stop"]) == (task.start, task.stop)

    def _check_there(self) -> None:
        """Refuse to write chunks where there is no store any more: folders would come back without their log."""
        if not (self.path / "zarr.json").exists():
            raise OSError(errno.ENOENT, "the store is gone, removed or renamed while the scan ran", str(self.path))

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
            self.opened[name] = self._reopened(name)
        return self.opened[name]

    def _reopened(self, name: str) -> Any:
        zarr = needed("zarr", "a store")
        try:
            with zarr.config.set({"array.write_empty_chunks": True}):  # as when it was made: NaN is a result too
                array = zarr.open_array(str(self.path / name), mode="r+", zarr_format=3)
        except OSError:
            raise
        except Exception as error:  # Zarr fails in many ways on what is damaged
            reason = " ".join(str(error).split())[:160] or type(error).__name__
            raise InputError(f"store: the array {name} of {self.path} cannot be opened: {reason}") from None
        shape, chunks = (*self.grid.shape, self.trials), (*(1,) * len(self.grid.shape), self.chunk)
        if array.shape[: len(shape)] != shape or array.chunks[: len(shape)] != chunks:
            raise InputError(f"store: the array {name} of {self.path} is damaged: its shape is not that of the scan")
        return array

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


def remove_torn(path: Path) -> None:
    """What a process that was killed left half-written, under temporary names.

    Raises
    ------
    InputError
        If a link leads out of the store: what is written to it would lie elsewhere.
    """
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            at = os.path.join(folder, name)
            if os.path.islink(at):
                raise InputError(f"store: {at} is a link, and a scan writes into its store only")
        for name in files:
            if name.endswith(".partial"):
                Path(folder, name).unlink(missing_ok=True)


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
        about = {"configuration": text}
        if grid.table and not any(" " in name for name in grid.values):
            about["coordinates"] = " ".join(grid.values)  # for readers that know the CF conventions, as xarray
        zarr.create_group(str(temporary), zarr_format=3, overwrite=True, attributes=about)
        zarr.create_group(str(temporary / "tasks"), zarr_format=3)
        for name, (dim, values) in grid.coordinates().items():
            _whole_array(temporary, name, values, (dim,))
        (temporary / LOG).touch()
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o777 & ~mask)
        try:
            temporary.replace(path)
        except OSError:
            if not (path / "zarr.json").exists():  # else another run was quicker; the lock says which of the two writes
                raise
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
    if not file.is_file():
        return "missing"
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
