"""Shared by all tests: one cache of compiled kernels for each state of the engine's sources."""

import hashlib
import os
import tempfile
from pathlib import Path

# Two threads on one small matrix wait for each other on a busy machine; must be said before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Kernels have all cores in each process that tests. A thread that spins while it waits for another keeps the core that
# the other needs, and short kernels take ten times as long; asleep, it gives it up. Said before Numba is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import matplotlib
import pytest

ENGINE = Path(__file__).parent.parent / "src" / "neurothermo" / "engine"

# Numba's cache looks at the file of a kernel alone, not at the functions it inlines from others: name the
# cache after all of them, so that an edited helper never meets a stale kernel.
_SOURCES = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(ENGINE.glob("*.py")))).hexdigest()[:16]
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(tempfile.gettempdir()) / f"neurothermo-kernels-{_SOURCES}"))

matplotlib.use("Agg")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """No addresses in the names of tests: two processes must collect the same ones."""
    return argname if " at 0x" in repr(val) else None


@pytest.fixture(scope="module")
def cluster():
    """A client of two workers, each a process with one thread."""
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs="CRITICAL"
        ) as made,
        distributed.Client(made) as client,
    ):
        yield client
