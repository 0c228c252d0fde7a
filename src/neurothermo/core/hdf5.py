"""HDF5 files from outside.

Nothing beyond the file is opened, nothing is read that would not fit in memory, and what HDF5's own library does not
survive is found in another process first.
"""

from __future__ import annotations

import subprocess
import sys
from os import PathLike
from pathlib import Path
from typing import Any

from neurothermo.core.errors import InputError
from neurothermo.core.machine import memory_limit

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SECONDS = 20.0  # for a walk through a file, and one for every
LEAST_RATE = 2.0**20  # bytes of it
MOST_LINKS = 16  # soft links, one to the next
SMALL = 2**26  # bytes that may be declared by any file
EXPANSION = 2000  # bytes of memory for a byte of the file: twice what deflate can do


def check_apart(path: str | PathLike[str]) -> None:
    """Walk through the whole file in a process of its own (.2 s), so that what ends that process does not end this one.

    What is no HDF5 passes, and so does all where no other process can be started (there is no `sys.executable`, or it
    is no Python that has h5py).

    Raises
    ------
    InputError
        If HDF5's library crashed there, or did not come back.
    """
    path = Path(path).resolve()
    if is_hdf5(path) and (found := walked(path)) not in ("done", "not started"):
        raise InputError(f"{path.name} seems damaged: in another process, HDF5's own library {found}")


def is_hdf5(path: Path) -> bool:
    """Whether the signature is there: at the start, or after a block of the user's, of 512 bytes times a power of 2."""
    size, place = path.stat().st_size, 0
    with path.open("rb") as file:
        while place + len(SIGNATURE) <= size:
            file.seek(place)
            if file.read(len(SIGNATURE)) == SIGNATURE:
                return True
            place = max(512, 2 * place)
    return False


def walked(path: Path) -> str:
    """How a process that walks through the file ended: "done", "not started", or what became of it."""
    if not sys.executable or getattr(sys, "frozen", False):  # which would start the program that Python is part of
        return "not started"
    seconds = SECONDS + path.stat().st_size / LEAST_RATE
    command = [sys.executable, "-P", str(Path(__file__).with_name("hdf5_walk.py")), str(path), str(seconds)]
    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # on Windows
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              timeout=seconds + SECONDS, creationflags=hidden)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):  # it ends itself in time where it is ours
        return "not started"
    said = done.stdout.split()
    if said[:1] != [b"started"]:
        return "not started"
    if said == [b"started", b"done"]:
        return "done"
    return f"did not come back in {seconds:.3g} s" if done.returncode == 1 else "crashed"


def member(group: Any, path: str) -> Any:
    """The group or dataset at a path below `group`; None where there is none.

    Raises
    ------
    InputError
        If a link to another file is on the way, or soft links go round in circles.
    """
    return _member(group, path, MOST_LINKS)


def _member(group: Any, path: str, links: int) -> Any:
    import h5py

    found = group.file if path.startswith("/") else group
    for name in path.split("/"):
        if name in ("", "."):
            continue
        link = found.get(name, getlink=True) if isinstance(found, h5py.Group) else None
        if isinstance(link, h5py.ExternalLink):
            raise InputError(f"{name!r} is a link to another file, which is not followed: copy it into this one")
        if isinstance(link, h5py.SoftLink):
            if links == 0:
                raise InputError(f"{name!r} is a link that leads nowhere")
            found = _member(found, link.path, links - 1)
        else:
            found = None if link is None else found[name]
        if found is None:
            return None
    return found


def names_in(group: Any) -> list[str]:
    """What there is in a group; nothing in what is none."""
    import h5py

    return sorted(group) if isinstance(group, h5py.Group) else []


def stored(dataset: Any, name: str) -> Any:
    """All that a dataset holds, as h5py gives it.

    Raises
    ------
    InputError
        If it is no dataset, lies in other files, is empty, or declares more than the file can hold or fits in memory.
    """
    check_readable(dataset, name)
    return dataset[()]


def check_readable(dataset: Any, name: str) -> None:
    """As `stored`, without reading.

    Raises
    ------
    InputError
        As `stored`.
    """
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        raise InputError(f"{name} must be a dataset, and there is none")
    if dataset.external or dataset.is_virtual:
        raise InputError(f"{name} lies in other files, which are not opened: copy it into this one")
    if dataset.shape is None:
        raise InputError(f"{name} holds nothing")
    needed = float(max(dataset.size, _chunk(dataset))) * dataset.dtype.itemsize
    if needed > memory_limit():
        raise InputError(f"{name} holds {dataset.size:.2g} entries, more than fit in memory: read a part with h5py")
    if needed > max(SMALL, EXPANSION * float(dataset.file.id.get_filesize())):
        raise InputError(f"{name} declares {dataset.size:.2g} entries, more than the file can hold: it is damaged")


def attribute(item: Any, name: str, default: Any) -> Any:
    """One word or number that a group or dataset is marked with.

    Raises
    ------
    InputError
        If the attribute is more than that: an attribute can declare as much as a dataset.
    """
    if name not in item.attrs:
        return default
    if (shape := item.attrs.get_id(name).shape) not in ((), (1,)):
        raise InputError(f"the attribute {name} of {item.name} must be one word or number, got shape {shape}")
    value = item.attrs[name]
    return value[0] if shape == (1,) else value


def _chunk(dataset: Any) -> int:
    """Entries of a chunk, which HDF5 unpacks whole."""
    size = 1
    for length in dataset.chunks or ():
        size *= int(length)
    return size
