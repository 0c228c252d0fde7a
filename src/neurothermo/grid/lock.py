"""One writer at a time: a lock that the system lifts when its process ends, however it ends."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from neurothermo.core.errors import InputError


@contextmanager
def locked(path: Path) -> Iterator[str]:
    """Hold the lock file `path`; yields a sentence where the holder before was ended without letting go of it.

    Raises
    ------
    InputError
        If another process holds it, with its number, its machine and since when.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        before = _said(handle)
        if not _taken(handle):
            raise InputError(
                f"store: {path.parent.parent} is being written by another run "
                f"({before or 'which has not said who it is'}): wait for it, or stop it"
            )
        now = datetime.now(UTC).isoformat(timespec="seconds")
        _say(handle, {"process": os.getpid(), "host": socket.gethostname(), "since": now})
        yield (
            f"the run before this one ({before}) was ended before it was done: continuing from what it stored"
            if (before)
            else ""
        )
        _say(handle, None)
    finally:
        os.close(handle)


def holder(path: Path) -> str:
    """Who holds the lock file now; empty where nobody does."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return ""
    try:
        return "" if _taken(handle) else _said(handle)
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _said(handle: int) -> str:
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        said = json.loads(os.read(handle, 4096))
        return f"process {said['process']} on {said['host']}, since {said['since']}"
    except (ValueError, KeyError, TypeError, OSError):
        return ""


def _say(handle: int, words: dict[str, Any] | None) -> None:
    os.ftruncate(handle, 0)
    if words:
        os.pwrite(handle, json.dumps(words).encode(), 0)
