"""Burn-in: long enough that trials from opposite starts agree, or a sentence that they do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.flight import Driver, Flight
from neurothermo.core.randomness import Address, Stream
from neurothermo.dynamics import Langevin
from neurothermo.systems import SpinNetwork

PILOTS = 128
FIRST_LENGTH = 16
LONGEST = {"spins": 4096, "variables": 2**16}  # steps: those of real variables are short
AGREEMENT = 2.5  # standard errors between the means from two opposite starts
BURN_IN_NANOSECONDS = {
    "spins": 2e11,
    "variables": 3e10,
}  # what pilots and TYPICAL trials together may take before the search for a length stops
TYPICAL = 1000  # and not the run's own: a trial must not depend on how many others there are
FIRST_LENGTH_OF_VARIABLES = 48  # longer than the short steps of `Softened`
STAGE = 8  # steps of each length, of those that come first
SHORTENED = tuple(4.0**-stage for stage in (5, 4, 3, 2, 1))
RUNAWAY = 1e6  # times as far as burn-ins start: no law holds such trials
ACCEPTED = 0.65  # of the moves that bring real variables to equilibrium

Draw = Callable[[npt.NDArray[np.int64], Stream, int], npt.NDArray[Any]]
Burnt = tuple[Draw, str, npt.NDArray[Any]]  # what draws, a sentence on it, and a few states at the end of a pilot run


@dataclass(frozen=True)
class Starts:
    """Two opposite starts, and what is watched of the trials that leave them.

    `scattered(address)` gives states spread at random; `aligned` is one state; `watched(states)` gives the
    observables in which both must agree; `budget` nanoseconds end the search.
    """

    scattered: Callable[[Address], npt.NDArray[Any]]
    aligned: npt.NDArray[Any]
    watched: Callable[[Any], tuple[Array, ...]]
    longest: int
    bounded: bool
    budget: float


@dataclass(frozen=True, eq=False)
class Softened:
    """A driver whose first steps are shorter: far out, where forces are large, long steps are refused for ever.

    `short` holds the drivers of those steps, `STAGE` steps each.
    """

    long: Driver
    short: tuple[Driver, ...]
    flow_of_heat: None = None

    @property
    def block(self) -> int:
        """That of its steps."""
        return self.long.block

    @property
    def cost(self) -> float:
        """That of its steps."""
        return self.long.cost

    @property
    def kernel(self) -> str:
        """That of its steps."""
        return self.long.kernel

    def carry(self, flight: Flight, values: Array, first_step: int, relax_first: bool, threads: int) -> None:
        """Stage by stage, by the absolute number of the step."""
        row = 1
        while row < len(values):
            step = first_step + row - 1
            stage, done = divmod(step - 1, STAGE)
            early = stage < len(self.short)
            stop = min(row + STAGE - done, len(values)) if early else len(values)
            driver = self.short[stage] if early else self.long
            driver.carry(flight, values[row - 1 : stop], step, relax_first, threads)
            row = stop


@dataclass(frozen=True)
class BurnIn:
    """Burn-ins of one run: its random numbers and its threads."""

    stream: Stream
    threads: int

    def of_spins(self, network: SpinNetwork, driver: Driver, field: Array) -> Burnt:
        """From random spins, and from one direction: the first pattern, or all up.

        Watched: -V.J.V/2 - (I - U).V and the overlap with that direction.
        """
        size, patterns = network.size, network.patterns
        direction = np.ones(size, np.int8) if patterns is None else patterns.patterns[0]
        starts = Starts(
            lambda address: np.where(address.uniforms(size) < 0.5, -1, 1).astype(np.int8),
            direction,
            lambda states: (network.quadratic_form(states, field), states @ (direction / size)),
            LONGEST["spins"],
            bounded=True,
            budget=BURN_IN_NANOSECONDS["spins"],
        )
        return self._drawn(driver, field, starts)

    def of_variables(self, subject: Any, driver: Driver, field: Array) -> Burnt:
        """From states scattered by the system itself, and from the highest of them.

        Watched: the mean of all variables, the first one and their spread.
        """
        count = subject.dimension
        starts = Starts(
            lambda address: subject.scattered(address.uniforms(count)),
            subject.scattered(np.full((1, count), 1 - 2.0**-20))[0],
            lambda states: (states.mean(axis=1), states[:, 0], (states**2).mean(axis=1)),
            LONGEST["variables"],
            bounded=False,
            budget=BURN_IN_NANOSECONDS["variables"],
        )
        return self._drawn(driver, field, starts)

    def _drawn(self, driver: Driver, field: Array, starts: Starts) -> Burnt:
        steps, sentence, pilots = self._length(driver, field, starts)
        burning = Stream.of(self.stream.first, f"burn-in {self.stream.second}")

        def draw(numbers: npt.NDArray[np.int64], _stream: Stream, threads: int) -> npt.NDArray[Any]:
            flight = Flight.of(starts.scattered(burning.at(numbers, 0)), int(numbers[0]), burning)
            _relax(driver, flight, field, 1, steps, threads)
            return flight.states

        return draw, f"burn-in of {steps} steps: {sentence}", pilots

    def _length(self, driver: Driver, field: Array, starts: Starts) -> tuple[int, str, npt.NDArray[Any]]:
        """Double the length until trials from the two starts agree in all that is watched, twice in a row.

        Variables that can go anywhere must also be where they were half as long ago: free diffusion forgets its
        start and settles nowhere. And each must have moved since: refused moves keep a trial where it started.
        """
        pilot = Stream.of(self.stream.first, f"pilot {self.stream.second}")
        states = starts.scattered(pilot.at(np.arange(PILOTS), 0))
        states[PILOTS // 2 :] = starts.aligned
        flight = Flight.of(states, 0, pilot)
        farthest = RUNAWAY * (1 + np.abs(states).max())
        done, agreed, apart, earlier = 0, 0, np.inf, None
        length = FIRST_LENGTH if starts.bounded else FIRST_LENGTH_OF_VARIABLES
        while length <= starts.longest:
            before = flight.states.copy()
            _relax(driver, flight, field, done + 1, length - done, self.threads)
            done = length
            stuck = not starts.bounded and bool(np.any(np.all(flight.states == before, axis=1)))
            reached = np.abs(flight.states).max()
            if not starts.bounded and not reached < farthest:
                raise InputError(
                    f"there is no law to start from: trials run away, to {reached:.2g} after {done} steps; give states "
                    "or a law as initial, if that is meant"
                )
            watched = starts.watched(flight.states)
            apart = max(_apart(values) for values in watched)
            if not starts.bounded and earlier is not None:
                apart = max([apart, *(_apart(np.concatenate(pair)) for pair in zip(earlier, watched, strict=True))])
            earlier = watched
            agreed = agreed + 1 if apart < AGREEMENT and not stuck else 0
            if agreed == 2:
                sentence = f"two opposite starts agree within {AGREEMENT:g} standard errors after {done}"
                return 2 * done, sentence, flight.states
            moved = sum(-(-count // driver.block) * driver.block for count in (PILOTS, TYPICAL, TYPICAL))
            if 2 * length * driver.cost * moved > starts.budget:  # blocks are padded
                break
            length *= 2
        sentence = (
            f"NOT CONVERGED, two opposite starts{'' if starts.bounded else ', or early and late trials,'} still differ "
            f"by {apart:.1f} standard errors after {done}: it is metastable under this noise, and trials may start in "
            f"one of its states only{'' if starts.bounded else '; or it has no stationary law'}"
        )
        return 2 * done, sentence, flight.states


def calm_step(system: Any, field: Array, temperature: float, stream: Stream) -> float:
    """A duration at which about two in three Metropolis moves are accepted, once the trials have settled a little."""
    address = Stream.of(stream.first, f"duration {stream.second}").at(np.arange(PILOTS), 0)
    states = np.asarray(system.scattered(address.uniforms(system.dimension)), dtype=np.float64)
    dt, step = 0.5, 0
    for _ in range(12):
        moved = 0
        rule = Langevin(dt, "boltzmann", "metropolis")
        for _ in range(16):
            step += 1
            before = states
            at = address.stream.at(address.trials, step)
            states, _flow = rule.move(system, states, field, temperature=temperature, address=at)
            moved += int(np.any(states != before, axis=1).sum())
        if moved >= ACCEPTED * 16 * PILOTS:
            break
        dt /= 2
    return dt


def _apart(values: Array) -> float:
    """|difference of the means of the two halves| in standard errors."""
    one, other = np.split(values, 2)
    error = np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / len(one))
    gap = abs(one.mean() - other.mean())
    return float(gap / error) if error > 0 else (0.0 if gap == 0 else np.inf)


def _relax(driver: Driver, flight: Flight, field: Array, first_step: int, steps: int, threads: int) -> None:
    driver.carry(flight, np.tile(field, (steps + 1, 1)), first_step, False, threads)
