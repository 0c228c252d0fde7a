"""Where inputs lie while they are read, and what must not happen there: writes, pickles, programs, connections."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from neurothermo.core.errors import InputError

FOLDERS = {"HOME": "home", "TMPDIR": "tmp", "MPLCONFIGDIR": "home"}
FORBIDDEN = (
    "pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "socket.connect",
    "urllib.Request", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "shutil.rmtree", "shutil.move", "shutil.copyfile",
)  # fmt: skip
WRITES = os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Broken(AssertionError):
    """A promise about input from outside was not kept."""


@dataclass
class Watch:
    """What Python's audit hooks saw while it was on."""

    on: bool = False
    installed: bool = False
    seen: list[str] = field(default_factory=list)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and (event in FORBIDDEN or (event == "open" and _writes(*arguments[:3]))):
            self.seen.append(f"{event} {arguments[:2]!r}"[:300])


WATCH = Watch()


def _writes(path: Any, mode: Any, flags: Any) -> bool:
    if path in ("/dev/null", os.devnull):
        return False
    return any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool((flags or 0) & WRITES)


@dataclass(frozen=True)
class Sandbox:
    """A folder with an empty home, an empty folder for temporary files, an empty working directory, and `inputs`."""

    root: Path

    @property
    def inputs(self) -> Path:
        """Where the harness puts what is to be read."""
        return self.root / "inputs"

    def files(self) -> dict[str, tuple[int, int]]:
        """Size and time of change of every file here."""
        found = {}
        for folder, names, files in os.walk(self.root):
            for name in (*names, *files):
                about = os.lstat(os.path.join(folder, name))
                found[os.path.join(folder, name)] = (about.st_size, 0 if name in names else about.st_mtime_ns)
        return found


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that this process lives in until the block ends."""
    before, where = {name: os.environ.get(name) for name in FOLDERS}, os.getcwd()
    with tempfile.TemporaryDirectory(prefix="neurothermo-fuzz-", ignore_cleanup_errors=True) as folder:
        here = Sandbox(Path(folder))
        for name in ("home", "tmp", "work", "inputs"):
            (here.root / name).mkdir()
        os.environ.update({name: str(here.root / place) for name, place in FOLDERS.items()})
        kept, tempfile.tempdir = tempfile.tempdir, None
        os.chdir(here.root / "work")
        try:
            yield here
        finally:
            os.chdir(where)
            tempfile.tempdir = kept
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def allowed(error: BaseException) -> bool:
    """Whether it is a refusal as users may see it: one sentence on one line."""
    if isinstance(error, InputError):
        said = str(error)
    elif isinstance(error, OSError):
        said = f"{error.strerror or error}"
    else:
        return False
    return bool(said.strip()) and "\n" not in said


def judged(here: Sandbox, action: Callable[[], Any]) -> BaseException | None:
    """Do it under watch; the refusal, if it was refused.

    Raises
    ------
    Broken
        If it failed in another way than by a sentence, or left a trace.
    """
    if not WATCH.installed:
        sys.addaudithook(WATCH)
        WATCH.installed = True
    refusal: BaseException | None = None
    before = here.files()
    WATCH.seen.clear()
    with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        warnings.simplefilter("ignore")
        WATCH.on = True
        try:
            action()
        except Exception as error:
            refusal = error
        finally:
            WATCH.on = False
    if WATCH.seen:
        raise Broken(f"reading did more than read: {WATCH.seen[0]}")
    if (after := here.files()) != before:
        raise Broken(f"reading left a trace: {sorted(set(before.items()) ^ set(after.items()))[:3]}")
    if refusal is not None and not allowed(refusal):
        raise Broken(f"no refusal in one sentence but {type(refusal).__name__}: {str(refusal)[:300]}") from refusal
    return refusal
