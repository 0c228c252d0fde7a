"""Where a measurement was made: processor, load, versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("neurothermo", "numpy", "scipy", "numba", "xarray", "pymbar", "dwave-samplers", "thrml", "jax")


def processor() -> str:
    """The processor's name, as the system knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        return os.cpu_count() or 1


def load() -> float | None:
    """Processes that wanted to run in the last minute, on average."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def versions() -> dict[str, str]:
    """Versions of what is installed here."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def describe() -> str:
    """Two lines for a reader."""
    busy = load()
    packages = ", ".join(f"{name} {number}" for name, number in versions().items())
    where = f"{processor()}, {cores()} cores, {platform.system()} {platform.machine()}"
    return f"{where}, load {'unknown' if busy is None else f'{busy:.2f}'}\n{packages}"
