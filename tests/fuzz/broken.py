"""Readers with a fault each: what the fuzzer must find, so that its silence means something."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from neurothermo.core.errors import InputError


def crashing(path: Path) -> Any:
    """A version that was never thought of, behind two letters: the first is kept, as a branch not seen before."""
    data = path.read_bytes()
    if data[:1] != b"A":
        raise InputError("no such format")
    if data[1:2] != b"B":
        raise InputError("no such version")
    return {}["B"]


def hanging(path: Path) -> None:
    """A step of zero is never at the end."""
    data = path.read_bytes()
    at = 0
    while at < len(data):
        at += data[at] % 8


def writing(path: Path) -> None:
    """A cache beside the file, of what begins with an x."""
    if path.read_bytes().startswith(b"x"):
        path.with_suffix(".cache").write_bytes(b"")


def unpickling(path: Path) -> None:
    """Whatever it is."""
    try:
        pickle.loads(path.read_bytes())
    except Exception as error:
        raise InputError("no pickle") from error
