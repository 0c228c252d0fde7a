"""W5: exact propagation over all states, each protocol step a tilt by exp(lambda dI.V) and a sequential sweep."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np

from benchmarks import c_opponent
from benchmarks.harness import Ask, Contender, Sample, here, interleave
from benchmarks.settings import Settings
from benchmarks.table import Row, absent, against, compilation, fact
from neurothermo import Glauber, Protocol, SpinNetwork, ramp
from neurothermo.exact.enumerated import EnumeratedChain, enumerated_chain

TITLE = "W5: exact propagation of the work's generating function (core time a state and neuron)"
REAL = Ask("at most", 1.5, "x C's core time")
COMPLEX = Ask("at most", 1.7, "x C's core time")
SWEEP = Glauber(order="sequential")


@dataclass(frozen=True, eq=False)
class Propagation:
    """A symmetric network of N neurons driven by a ramp, at one counting parameter lambda."""

    chain: EnumeratedChain
    drive: Protocol
    counting: complex

    @classmethod
    def of(cls, size: int, steps: int, counting: complex) -> Propagation:
        """Gaussian couplings, temperature 2."""
        random = np.random.default_rng(5)
        couplings = np.triu(random.normal(0, 1 / np.sqrt(size), (size, size)), 1)
        drive = ramp(np.zeros(size), random.normal(size=size), steps)
        return cls(enumerated_chain(SpinNetwork(couplings + couplings.T), SWEEP, 2.0), drive, counting)

    @property
    def name(self) -> str:
        """Which it is, for the table."""
        return f"N = {self.chain.system.size}, {'real' if np.isrealobj(self.counting) else 'complex'}"

    @property
    def updates(self) -> int:
        """States times neurons times steps."""
        return self.chain.states * self.chain.system.size * self.drive.steps

    def start(self) -> np.ndarray:
        """The uniform law."""
        kind = np.float64 if np.isrealobj(self.counting) else np.complex128
        return np.full(self.chain.states, 1 / self.chain.states, kind)

    def ours(self) -> np.ndarray:
        """By the chain's own steps."""
        law = self.start()
        for before, after in zip(self.drive.values[:-1], self.drive.values[1:], strict=True):
            self.chain.tilt(law, after - before, self.counting)
            self.chain.step(law, after)
        return law

    def in_c(self, library: ctypes.CDLL) -> np.ndarray:
        """By w5 or w5c, the latter on real and imaginary parts apart."""
        law = self.start()
        couplings, values = np.ascontiguousarray(self.chain.system.couplings), np.ascontiguousarray(self.drive.values)
        arguments = [
            ctypes.c_int(self.chain.system.size), ctypes.c_int(self.drive.steps), _at(couplings), _at(values),
            ctypes.c_double(1 / self.chain.temperature), ctypes.c_double(np.real(self.counting)),
        ]  # fmt: skip
        if np.isrealobj(self.counting):
            library.w5(*arguments, _at(law))
            return law
        real, imaginary = law.real.copy(), law.imag.copy()
        library.w5c(*arguments, ctypes.c_double(np.imag(self.counting)), _at(real), _at(imaginary))
        return real + 1j * imaginary


def rows(settings: Settings) -> list[Row]:
    """Ours against C, real and complex, while all states fit in a cache and when they do not."""
    library, why = c_opponent.compiled(settings.folder)
    small, large = settings.pick(15, 11), settings.pick(20, 13)
    steps, few = settings.pick(200, 5), settings.pick(3, 2)
    found: list[Row] = []
    for size, count in ((small, steps), (large, few)):
        for counting, ask in ((0.5, REAL), (0.5 + 0.3j, COMPLEX)):
            found += _compared(Propagation.of(size, count, counting), ask, library, why, settings.rounds)
    return found


def _compared(case: Propagation, ask: Ask, library: ctypes.CDLL | None, why: str, rounds: int) -> list[Row]:
    if library is None:
        return [absent(case.name, "C", why)]
    samples = interleave(_contenders(case, library), rounds)
    gap = float(np.max(np.abs(case.ours() / case.in_c(library) - 1)))
    return [
        against(case.name, samples["chain"], samples["C"], ask, unit=1e9),
        fact(f"the same law, {case.name}", gap < 1e-11, f"{gap:.1e}", "1e-11, relative"),
        *_first(samples, case),
    ]


def _contenders(case: Propagation, library: ctypes.CDLL) -> list[Contender]:
    return [
        here("chain", case.ours, case.updates),
        here("C", lambda: case.in_c(library), case.updates),
    ]


def _first(samples: dict[str, Sample], case: Propagation) -> list[Row]:
    """What compiling took: with the first case alone, the others find it done."""
    return [compilation(samples["chain"])] if samples["chain"].first.core > 1 else []


def _at(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)
