"""How many threads kernels use."""

from collections.abc import Iterator
from contextlib import contextmanager

import numba


@contextmanager
def kernel_threads(threads: int) -> Iterator[None]:
    """Run kernels on at most so many threads, and put back what was."""
    before = numba.get_num_threads()
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    try:
        yield
    finally:
        numba.set_num_threads(before)
