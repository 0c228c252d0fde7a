"""Opponent: C written close to the limit of the machine (reference/limits.c), compiled for this run."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.workloads import Workload

SOURCE = Path(__file__).parent / "reference" / "limits.c"
FLAGS = ("-O3", "-march=native", "-ffast-math", "-fopenmp", "-shared", "-fPIC")
WIDE = "-mprefer-vector-width=512"  # x86 only


@cache
def compiled(folder: Path) -> tuple[ctypes.CDLL | None, str]:
    """The library and how it was made, or None and why not."""
    compiler = shutil.which("gcc")
    if compiler is None:
        return None, "no gcc here"
    target = folder / "limits.so"
    for flags in ((*FLAGS, WIDE), FLAGS):
        made = subprocess.run(
            [compiler, *flags, str(SOURCE), "-o", str(target), "-lm"], capture_output=True, text=True, check=False
        )
        if made.returncode == 0:
            return ctypes.CDLL(str(target)), f"gcc {' '.join(flags)}"
    return None, f"gcc failed: {made.stderr.strip().splitlines()[-1]}"


def small(library: ctypes.CDLL, name: str, workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    """Work and heat of every trial of W1, by "w1_lut" or "w1_shared"."""
    couplings, inputs = _floats(workload)
    bits = 1 << np.arange(workload.system.size)
    words = ((workload.initial > 0) @ bits).astype(np.uint32)
    work, heat = np.empty(workload.trials), np.empty(workload.trials)
    getattr(library, name)(
        *_sizes(workload), ctypes.c_float(1 / workload.temperature), _at(couplings), _at(inputs), _at(words),
        ctypes.c_uint64(1), _at(work), _at(heat),
    )  # fmt: skip
    return work, heat


def large(library: ctypes.CDLL, workload: Workload) -> tuple[np.ndarray, np.ndarray, float]:
    """Work and heat of every trial of W2, and the fraction of attempts that flipped a spin."""
    couplings, inputs = _floats(workload)
    states = workload.initial.astype(np.float32)
    work, heat = np.empty(workload.trials), np.empty(workload.trials)
    flips = ctypes.c_long(0)
    library.w2(
        *_sizes(workload), ctypes.c_float(1 / workload.temperature), _at(couplings), _at(inputs), _at(states),
        ctypes.c_uint64(1), _at(work), _at(heat), ctypes.byref(flips),
    )  # fmt: skip
    return work, heat, flips.value / workload.updates


def _sizes(workload: Workload) -> tuple[ctypes.c_int, ...]:
    return tuple(ctypes.c_int(n) for n in (workload.system.size, workload.protocol.steps, workload.trials))


def _floats(workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    couplings = np.ascontiguousarray(workload.system.couplings, dtype=np.float32)
    return couplings, np.ascontiguousarray(workload.protocol.values, dtype=np.float32)


def _at(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)
