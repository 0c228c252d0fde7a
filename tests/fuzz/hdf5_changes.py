"""HDF5 that is whole, and not what was expected: types, shapes, links, attributes, layouts."""

from __future__ import annotations

import io
from random import Random
from typing import Any

import numpy as np

VALUES: tuple[Any, ...] = (
    0, -1, 1.5, np.nan, np.inf, 2**62, True, "word", b"\xff\xfe", [], [0], [1, 0, 5], [-1, 2, 10**12], [np.nan, 1.0,
    2.0],
    [[1.0, 2.0], [3.0, 4.0]], np.zeros((2, 2, 2)), np.zeros((0, 3)), np.array(1 + 2j), np.zeros(3, "i1"),
    np.zeros(3, dtype=[("a", "i4"), ("b", "f8")]), np.array(["a", "b", "c"], dtype="S1"), np.zeros(3, bool),
    np.float16(1), np.arange(3, dtype=">u8"), 1e308, -1e308, np.array([1e308, -1e308, 1e-320]),
)  # fmt: skip


def changed_hdf5(data: bytes, rng: Random) -> bytes:
    """A whole file with one to three things in it made into something else."""
    import h5py

    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        for _ in range(rng.randint(1, 3)):
            paths: list[str] = []
            file.visit(paths.append)
            holder = rng.choice(sorted(paths)) if paths else ""
            try:
                _change(file, holder, rng)
            except (ValueError, TypeError, LookupError, OSError, RuntimeError, AttributeError, MemoryError):
                continue  # HDF5 itself refuses to write it
    return buffer.getvalue()


def _change(file: Any, path: str, rng: Random) -> None:
    import h5py

    what = rng.randrange(12)
    if what <= 2:
        _attribute(file[path] if path and rng.random() < 0.8 else file, rng)
        return
    if what == 3:
        _resized(file, path, rng)
        return
    del file[path]
    if what == 4:
        return
    if what <= 7:
        file[path] = rng.choice(VALUES)
    elif what == 8:
        file[path] = h5py.SoftLink(rng.choice((f"/{path}", "/nowhere", "/", "/units", "..")))
    elif what == 9:
        file[path] = h5py.ExternalLink(
            rng.choice(("other.h5", "/dev/zero", "/etc/passwd", "")), rng.choice(("/", f"/{path}"))
        )
    elif what == 10:
        _layout(file, path, rng)
    else:
        file.create_group(path)


def _attribute(item: Any, rng: Random) -> None:
    import h5py

    names = [*item.attrs, "rate", "conversion", "offset", "unit", "nwb_version", "units", "scale_factor", "add_offset",
             "_FillValue", "calendar", "coordinates", "temperature", "dtype"]  # fmt: skip
    name = rng.choice(names)
    if name in item.attrs and rng.random() < 0.3:
        del item.attrs[name]
    elif rng.random() < 0.1:
        item.attrs.create(name, item.ref, dtype=h5py.ref_dtype)
    elif rng.random() < 0.1:
        item.attrs[name] = h5py.Empty("f8")
    elif rng.random() < 0.2:
        item.attrs[name] = rng.choice(
            ("days since 1-1-1", "seconds since x", "hours", "timedelta64[ns]", "\n", "a b c")
        )
    else:
        item.attrs[name] = rng.choice(VALUES)


def _resized(file: Any, path: str, rng: Random) -> None:
    """The same numbers as another type, shape, or length."""
    if getattr(file[path], "size", None) is None or file[path].size > 10**6:
        return
    old = np.atleast_1d(file[path][()])
    del file[path]
    new = rng.choice((
        lambda: old.astype("f4"), lambda: old.astype("S3"), lambda: old.astype("i1"), lambda: old[:-1],
        lambda: old[None],
        lambda: old[::-1], lambda: np.concatenate([old, old]), lambda: -old, lambda: old.astype("c16"),
        lambda: old * np.nan,
    ))  # fmt: skip
    file[path] = new()


def _layout(file: Any, path: str, rng: Random) -> None:
    """Numbers that lie elsewhere, or that are many and declared only."""
    import h5py

    what = rng.randrange(6)
    if what == 0:
        file.create_dataset(path, (100,), "u1", external=[(rng.choice(("/etc/passwd", "raw.bin")), 0, 100)])
    elif what == 1:
        layout = h5py.VirtualLayout((10,), "f8")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (10,))
        file.create_virtual_dataset(path, layout)
    elif what == 2:
        file.create_dataset(path, (10**12,), "f8", chunks=(1024,))
    elif what == 3:
        file.create_dataset(path, (4 * 10**8,), "i1", chunks=(10**8,), compression="gzip")
    elif what == 4:
        file.create_dataset(path, shape=(3,), dtype=h5py.vlen_dtype(np.float64))
    else:
        file.create_dataset(path, data=h5py.Empty("f8"))
