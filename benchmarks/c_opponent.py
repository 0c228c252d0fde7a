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
    return _compiled(folder / "limits.so", (), ("-lm",))


@cache
def compiled_with_transforms(folder: Path) -> tuple[ctypes.CDLL | None, str]:
    """The same with `field`, which needs FFTW in single precision."""
    library, how = _compiled(folder / "limits_fftw.so", ("-DFFTW",), ("-lfftw3f", "-lm"))
    if library is None and "fftw3" in how:
        return None, "FFTW is not here: libfftw3-dev has it"
    return library, how


def _compiled(target: Path, defined: tuple[str, ...], linked: tuple[str, ...]) -> tuple[ctypes.CDLL | None, str]:
    compiler = shutil.which("gcc")
    if compiler is None:
        return None, "no gcc here"
    for flags in ((*FLAGS, WIDE, *defined), (*FLAGS, *defined)):
        command = [compiler, *flags, str(SOURCE), "-o", str(target), *linked]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode == 0:
            return ctypes.CDLL(str(target)), f"gcc {' '.join(flags)}"
    failed = made.stderr.strip().splitlines()
    return None, f"gcc failed: {next((line for line in failed if 'fftw3' in line), failed[-1])}"


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


def rates(library: ctypes.CDLL, workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    """Final states and the heat given off, the midpoint sum of F dx, of every trial of W4a."""
    couplings, inputs = _floats(workload)
    constant = np.ascontiguousarray(inputs[-1] + workload.system.input, dtype=np.float32)
    return _stepped(library.w4a, workload, couplings, constant, workload.rule.dt, workload.temperature)


def field(library: ctypes.CDLL, workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    """The same of W4b: a ring of a multiple of 128 points, tau = 1, white noise."""
    process = workload.system
    half = process.coupling.transfer[: process.size // 2 + 1] / process.size
    constant = np.full(process.size, process.input, dtype=np.float32)
    strength = float(process.noise.diffusion)
    return _stepped(library.w4b, workload, half.astype(np.complex64), constant, workload.dt, strength)


def _stepped(
    run: ctypes._CFuncPtr, workload: Workload, weights: np.ndarray, constant: np.ndarray, dt: float, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    start = np.ascontiguousarray(workload.initial, dtype=np.float32)
    states, heat = np.empty_like(start), np.empty(workload.trials)
    run(
        *_sizes(workload), ctypes.c_float(dt), ctypes.c_float(strength), _at(weights), _at(constant), _at(start),
        ctypes.c_uint64(1), _at(states), _at(heat),
    )  # fmt: skip
    return states, -heat


def _sizes(workload: Workload) -> tuple[ctypes.c_int, ...]:
    return tuple(ctypes.c_int(n) for n in (workload.system.size, workload.protocol.steps, workload.trials))


def _floats(workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    couplings = np.ascontiguousarray(workload.system.couplings, dtype=np.float32)
    return couplings, np.ascontiguousarray(workload.protocol.values, dtype=np.float32)


def _at(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)
