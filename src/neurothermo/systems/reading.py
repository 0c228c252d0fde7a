"""A coupling matrix from a file: NumPy, NumPy archive, scipy.sparse archive, or comma-separated text."""

from __future__ import annotations

import os
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from neurothermo.core.checks import shown
from neurothermo.core.errors import InputError
from neurothermo.core.machine import memory_limit


def read_matrix(path: str | os.PathLike[str], key: str | None = None) -> Any:
    """The matrix in `path`, dense or sparse; pickled objects are never loaded.

    Raises
    ------
    InputError
        If there is no such file, its ending is unknown, or it does not hold a matrix of numbers.
    """
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"path must be the path of a file, got {shown(path)}")
    file = Path(path)
    readers = {".npy": _read_npy, ".npz": _read_npz, ".csv": _read_csv}
    if file.suffix not in readers:
        raise InputError(f"path must end in {', '.join(readers)}, got {shown(file.name)}")
    if not file.is_file():
        raise InputError(f"path: there is no file {shown(os.fspath(path))}")
    if key is not None and file.suffix != ".npz":
        raise InputError(f"key names an array of an .npz file, and {file.name!r} is none")
    try:
        matrix = readers[file.suffix](file, key)
    except InputError:
        raise
    except Exception as error:  # NumPy, SciPy, zipfile and tokenize each fail in their own way on a damaged file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"path: {file.name!r} does not hold a readable matrix ({reason})") from None
    if not isinstance(kind := getattr(matrix, "dtype", None), np.dtype) or kind.kind not in "biufc":
        raise InputError(f"path: {file.name!r} must hold a matrix of numbers, got {kind or type(matrix).__name__}")
    return matrix


def _read_npy(file: Path, _key: str | None) -> Any:
    with file.open("rb") as opened:
        return np.load(opened, allow_pickle=False)


def _read_npz(file: Path, key: str | None) -> Any:
    if not zipfile.is_zipfile(file):
        raise InputError(f"path: {file.name!r} is no .npz archive")
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as archive:
        check_fits(archive, file.name)
        names = list(archive.keys())
        listed = ", ".join(map(repr, names))
        if {"format", "shape", "data"} <= set(names) and key is None:
            return _read_sparse(file)
        if key is None and len(names) != 1:
            raise InputError(f"key must say which array of {file.name!r} to read: {listed}")
        if key is not None and key not in names:
            raise InputError(f"key {shown(key)} is not in {shown(file.name)}, which holds {listed}")
        return archive[key or names[0]]


def _read_sparse(file: Path) -> Any:
    """A sparse matrix whose indices lie inside it: SciPy's kernels trust them."""
    from scipy.sparse import load_npz

    matrix = load_npz(file)
    if matrix.format in ("csr", "csc", "bsr"):
        matrix.check_format(full_check=True)
    return matrix


def check_fits(archive: Any, name: str) -> None:
    """Refuse an .npz archive with an entry that would not fit in memory once it is unpacked.

    Raises
    ------
    InputError
        With the size that the entry has.
    """
    for entry in archive.zip.infolist():
        if entry.file_size > memory_limit():
            raise InputError(
                f"{name} holds {entry.filename!r} of {entry.file_size / 2**30:.3g} GiB: more than fits here"
            )


def _read_csv(file: Path, _key: str | None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # NumPy only warns of an empty file
        return np.loadtxt(file, delimiter=",", ndmin=2, encoding="utf-8")
