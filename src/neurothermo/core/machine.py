"""What this machine offers: cores and memory."""

import os
from functools import cache
from math import inf
from typing import Any

from neurothermo.core.errors import InputError

MOST_BYTES = 16e9  # that one exact answer may take, however large the machine
MOST_OF_MEMORY = 0.6


def available_cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        return os.cpu_count() or 1


def memory_limit() -> float:
    """How many bytes an exact answer may take here."""
    return min(MOST_BYTES, memory_here())


def memory_here() -> float:
    """How many bytes one thing may take here: most of the memory, and of what a limit on this process leaves it."""
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return MOST_BYTES
    return MOST_OF_MEMORY * min(physical, _left())


def _left() -> float:
    """Bytes that a limit on this process (`ulimit -v`) leaves it; infinite where there is none."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return inf
        with open("/proc/self/statm", encoding="ascii") as pages:
            used = int(pages.read().split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):  # not on Windows; no /proc on macOS
        return inf
    return float(max(limit - used, 0))


def check_fits_here(needed: float, what: str) -> None:
    """Refuse what would not fit in memory, before it is made; `what` begins the sentence.

    Raises
    ------
    InputError
        With how many bytes it would take.
    """
    if needed > (limit := memory_here()):
        raise InputError(f"{what} would take {needed / 2**30:.3g} GiB, and here is room for {limit / 2**30:.3g} GiB")


@cache
def _thread_pools() -> Any:
    """The libraries' thread pools, looked up once."""
    import scipy.linalg  # noqa: F401 - its BLAS is to be found too
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_blas_thread() -> Any:
    """A context in which BLAS works on one thread.

    Blocks of trials run in parallel, not the algebra inside them; and algebra of many small products is quicker so,
    by far where other processes hold the cores: idle BLAS threads wait by spinning.
    """
    return _thread_pools().limit(limits=1, user_api="blas")
