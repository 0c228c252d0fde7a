"""An output folder is made whole: filled under a temporary name, then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurothermo.core.errors import InputError


def checked_free(folder: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """The folder as a path, refused where it already holds something.

    Raises
    ------
    InputError
        If it is a file, or holds other results and `overwrite` is not set, or its parent cannot be written to.
    """
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise InputError(f"out must be a folder, and {path} is a file")
    if path.is_dir() and any(path.iterdir()):
        if not (path / "results.json").is_file():
            raise InputError(f"out: {path} holds other files; choose an empty or a new folder")
        if not overwrite:
            raise InputError(f"out: {path} already holds results; choose another folder, or say --overwrite")
    parent = path.absolute().parent
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise InputError(f"out: cannot write into {parent}")
    return path


@contextmanager
def filled_whole(folder: str | os.PathLike[str], overwrite: bool = False) -> Iterator[Path]:
    """A temporary folder that takes the place of `folder` when the block ends well, and vanishes when not.

    Raises
    ------
    InputError
        As `checked_free`.
    """
    path = checked_free(folder, overwrite)
    temporary = Path(tempfile.mkdtemp(dir=path.absolute().parent, prefix=f".{path.name}-"))
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o777 & ~mask)
        if path.exists():
            old = Path(tempfile.mkdtemp(dir=path.absolute().parent, prefix=f".{path.name}-old-"))
            path.rename(old / "old")
            temporary.rename(path)
            shutil.rmtree(old)
        else:
            temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
