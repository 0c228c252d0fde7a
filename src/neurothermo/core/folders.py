"""An output folder is made whole: filled under a temporary name, then renamed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurothermo.core.errors import InputError

OURS = {"report.html", "results.json", "figures", "forward.nc", "reverse.nc"}


def checked_free(folder: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """The folder as a path, refused where it already holds something.

    Raises
    ------
    InputError
        If it is a file, or holds other results and `overwrite` is not set, or its parent cannot be written to.
    """
    path = Path(folder)
    try:
        if path.is_symlink():
            path = path.resolve()
        if path.exists() and not path.is_dir():
            raise InputError(f"out must be a folder, and {path} is a file")
        if path.is_dir() and any(path.iterdir()):
            if not _is_ours(path):
                raise InputError(f"out: {path} holds other files; choose an empty or a new folder")
            if not overwrite:
                raise InputError(f"out: {path} already holds results; choose another folder, or say --overwrite")
    except OSError as error:
        raise InputError(f"out: {folder} cannot be used: {error.strerror}") from None
    parent = path.absolute().parent
    if not parent.is_dir():
        raise InputError(f"out: there is no folder {parent}")
    if not os.access(parent, os.W_OK):
        raise InputError(f"out: cannot write into {parent}")
    return path


def _is_ours(path: Path) -> bool:
    """Whether a folder holds the results of this program and nothing else."""
    names = {found.name for found in path.iterdir()}
    figures = path / "figures"
    strangers = {found for found in figures.iterdir() if found.suffix != ".png"} if figures.is_dir() else set()
    if names - OURS or strangers or "results.json" not in names:
        return False
    try:
        return "neurothermo" in json.loads((path / "results.json").read_text(encoding="utf-8"))["versions"]
    except (ValueError, KeyError, TypeError, OSError):
        return False


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
