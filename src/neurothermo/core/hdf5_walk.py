"""Everything an HDF5 file holds, touched once: run as a program of its own, on a file that may be damaged.

On some damaged files HDF5's own library crashes its process or never comes back, where Python can catch nothing. This
program meets that first, so that nobody else does; `neurothermo.core.hdf5.check_apart` runs it and reads its exit code.
It imports nothing but h5py, so that it starts at once.
"""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import h5py

MOST_BYTES = 2**26  # read of one dataset or attribute
REFERENCES = 100  # of one dataset, that are followed


def walk(path: str, seconds: float) -> None:
    """Open all that can be reached from the root inside the file, with its attributes, dimensions and data.

    The process ends itself after so many seconds, with exit code 1: whoever asked may have been killed. What HDF5
    refuses in an orderly way is passed over: it will be refused again, with a sentence, where it is wanted.
    """
    faulthandler.dump_traceback_later(seconds, exit=True)
    with suppress(Exception), h5py.File(path, "r") as file:
        with suppress(Exception):
            file.visititems(lambda name, item: None)
        for item in _items(file):
            for touch in (_attributes, _dimensions, _data):
                with suppress(Exception):
                    touch(item)
    faulthandler.cancel_dump_traceback_later()


def _items(file: Any) -> Iterator[Any]:
    """Every group, dataset and named type once, however many names it has; no link leads to another file."""
    seen, waiting = set(), [file]
    while waiting:
        item = waiting.pop()
        try:
            place = h5py.h5o.get_info(item.id).addr
        except Exception:  # not to be told from what was seen
            continue
        if place in seen:
            continue
        seen.add(place)
        yield item
        if isinstance(item, h5py.Group):
            names: list[str] = []
            with suppress(Exception):
                names.extend(item)
            for name in names:
                with suppress(Exception):
                    if not isinstance(item.get(name, getlink=True), h5py.ExternalLink):
                        waiting.append(item[name])


def _attributes(item: Any) -> None:
    for name in item.attrs:
        with suppress(Exception):
            about = item.attrs.get_id(name)
            if _bytes(about) <= MOST_BYTES:
                _follow(item, item.attrs[name])


def _dimensions(item: Any) -> None:
    if isinstance(item, h5py.Dataset):
        for dimension in item.dims:
            with suppress(Exception):
                _ = dimension.label, len(dimension), list(dimension.values())  # their names would be searched for


def _data(item: Any) -> None:
    """All of it where that is little, else the ends."""
    if not isinstance(item, h5py.Dataset):
        return
    for about in ("shape", "maxshape", "dtype", "chunks", "compression", "fillvalue", "is_virtual", "external"):
        with suppress(Exception):
            getattr(item, about)
    if item.is_virtual or item.external or item.shape is None:
        return
    if _bytes(item) <= MOST_BYTES:
        _follow(item, item[()])
    elif item.ndim:
        for end in (0, -1):
            with suppress(Exception):
                _ = item[(end,) * item.ndim]


def _bytes(about: Any) -> float:
    """What a dataset or attribute declares; a chunk is unpacked whole."""
    entries = [1.0, 1.0]
    for which, lengths in enumerate((about.shape or (), getattr(about, "chunks", None) or ())):
        for length in lengths:
            entries[which] *= length
    return max(entries) * about.dtype.itemsize


def _follow(item: Any, found: Any) -> None:
    """Where references lead."""
    flat = found.reshape(-1)[:REFERENCES] if hasattr(found, "reshape") else [found]
    for one in flat:
        for reference in one if hasattr(one, "__len__") and not isinstance(one, str | bytes) else [one]:
            if not isinstance(reference, h5py.Reference):
                continue
            with suppress(Exception):
                _ = item.file[reference]


if __name__ == "__main__":
    print("started", flush=True)
    walk(sys.argv[1], float(sys.argv[2]))
    print("done", flush=True)
