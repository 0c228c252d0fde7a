"""Where trials start: exactly drawn equilibrium where it can be, a burn-in that reports on itself elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_spins
from neurothermo.core.errors import InputError
from neurothermo.core.flight import Driver, Flight
from neurothermo.core.randomness import Address, Stream
from neurothermo.dynamics import Glauber
from neurothermo.dynamics.drivers import driver_for

SMALL = {"random": 12, "sequential": 12, "parallel": 8}  # neurons, up to which a stationary law is solved exactly
PILOTS = 128
FIRST_LENGTH = 16
LONGEST = 4096
AGREEMENT = 2.5  # standard errors between the means from two opposite starts
BURN_IN_NANOSECONDS = 2e11  # what pilots and trials together may take before the search for a length stops


@dataclass(frozen=True, eq=False)
class InitialLaw:
    """How trials start, and what is known of that law.

    `draw(trials, stream)` gives states (trials, N) int8 of the trials with these absolute numbers;
    `log_probability(states)` is ln p0 where the law is known exactly, else None; `attributes` go into the ledger.
    """

    name: str
    draw: Callable[[npt.NDArray[np.int64], Stream, int], npt.NDArray[np.int8]]
    log_probability: Callable[[Any], Array] | None
    attributes: dict[str, Any]


def initial_law(
    initial: Any, system: Any, rule: Any, field: Array, temperature: Any, initial_temperature: float | None,
    trials: int, stream: Stream, threads: int,
) -> InitialLaw:  # fmt: skip
    """The law that `simulate`'s argument `initial` names.

    Raises
    ------
    InputError
        If equilibrium is asked of a network without an energy or without one temperature, the name is unknown, or
        the states do not fit.
    """
    if initial is None:
        has_equilibrium = system.symmetric and np.ndim(temperature) == 0
        initial = "equilibrium" if has_equilibrium or initial_temperature is not None else "stationary"
    if not isinstance(initial, str):
        return _given(initial, system.size, trials, initial_temperature)
    if initial == "equilibrium":
        return _equilibrium(system, field, temperature, initial_temperature, trials, stream, threads)
    if initial == "stationary":
        if initial_temperature is not None:
            raise InputError("initial_temperature belongs to initial='equilibrium': a stationary start has the bath's")
        exactly = exact_stationary(system, rule, field, temperature)
        if exactly is not None:
            return exactly
        steady = replace(rule, attempts=None) if isinstance(rule, Glauber) and rule.order == "random" else rule
        return _burnt_in("stationary", system, steady, field, temperature, trials, stream, threads)
    raise InputError(f"initial must be 'equilibrium', 'stationary' or an array of states, got {initial!r}")


def _given(initial: Any, size: int, trials: int, initial_temperature: float | None) -> InitialLaw:
    if initial_temperature is not None:
        raise InputError("initial_temperature belongs to initial='equilibrium', not to given states")
    states = checked_spins(np.atleast_2d(np.asarray(initial)), "initial", size)
    if len(states) not in (1, trials):
        raise InputError(f"initial must hold one state, or one for each of {trials} trials, got {len(states)}")
    rows = np.broadcast_to(states, (trials, size))
    return InitialLaw("given", lambda numbers, stream, threads: rows[numbers].copy(), None, {})


def _equilibrium(
    system: Any, field: Array, temperature: Any, initial_temperature: float | None, trials: int, stream: Stream,
    threads: int,
) -> InitialLaw:  # fmt: skip
    if not system.symmetric:
        raise InputError(f"initial='equilibrium' needs an energy: {system.why_no_energy}; use initial='stationary'")
    start = temperature if initial_temperature is None else initial_temperature
    if np.ndim(start) > 0:
        raise InputError("initial='equilibrium' needs one temperature, got one for each neuron; use 'stationary'")
    from neurothermo import exact

    if not exact.is_feasible(system, field):
        return _burnt_in("equilibrium", system, Glauber(), field, start, trials, stream, threads)
    law = exact.boltzmann_law(system, temperature=start, field=field)
    return InitialLaw(
        "equilibrium",
        lambda numbers, stream, threads: law.draw(stream.at(numbers, 0)),
        law.log_probability,
        {"initial_route": f"drawn exactly ({law.route})"},
    )


def exact_stationary(system: Any, rule: Any, field: Array, temperature: Any) -> InitialLaw | None:
    """The law that Glauber dynamics of a small network keeps, drawn exactly; None where it is not to be had."""
    order = rule.order if isinstance(rule, Glauber) else ""
    if system.size > SMALL.get(order, 0):
        return None
    if order == "sequential" and rule.attempts_per_step(system.size) < system.size:
        return None  # neurons that are never reached keep what they had: many laws
    from neurothermo import exact

    law = exact.stationary_law(system, rule, temperature=temperature, field=field)
    if not law.converged:
        return None
    cumulated = np.cumsum(law.probabilities)
    powers = 1 << np.arange(system.size)
    with np.errstate(divide="ignore"):
        logs = np.log(law.probabilities)

    def draw(numbers: npt.NDArray[np.int64], stream: Stream, threads: int) -> npt.NDArray[np.int8]:
        uniforms = stream.at(numbers, 0).uniforms(1)[:, 0] * cumulated[-1]
        words = np.searchsorted(cumulated, uniforms)
        return np.where(words[:, None] & powers, 1, -1).astype(np.int8)

    def log_probability(states: Any) -> Array:
        return np.asarray(logs[(np.asarray(states) > 0) @ powers])

    return InitialLaw("stationary", draw, log_probability, {"initial_route": f"drawn exactly ({law.method})"})


def _burnt_in(
    name: str,
    system: Any,
    rule: Any,
    field: Array,
    temperature: Any,
    trials: int,
    stream: Stream,
    threads: int,
) -> InitialLaw:
    driver = driver_for(system, rule, temperature)
    steps, sentence = _burn_in_length(driver, system, field, trials, stream, threads)
    burning = Stream.of(stream.first, f"burn-in {stream.second}")

    def draw(numbers: npt.NDArray[np.int64], _stream: Stream, threads: int) -> npt.NDArray[np.int8]:
        flight = Flight.of(_random_states(burning.at(numbers, 0), system.size), int(numbers[0]), burning)
        _relax(driver, flight, field, 1, steps, threads)
        return flight.states

    return InitialLaw(name, draw, None, {"initial_route": f"burn-in of {steps} steps: {sentence}"})


def _burn_in_length(
    driver: Driver, system: Any, field: Array, trials: int, stream: Stream, threads: int
) -> tuple[int, str]:
    """Double the length until trials from two opposite starts agree in two observables, twice in a row.

    The starts: random states, and states aligned with one direction (the first pattern, or all up). The
    observables: -V.J.V/2 - (I - U).V and the overlap with that direction.
    """
    pilot = Stream.of(stream.first, f"pilot {stream.second}")
    direction = _direction(system)
    states = _random_states(pilot.at(np.arange(PILOTS), 0), system.size)
    states[PILOTS // 2 :] = direction
    flight = Flight.of(states, 0, pilot)
    done, agreed, apart = 0, 0, np.inf
    length = FIRST_LENGTH
    while length <= LONGEST:
        _relax(driver, flight, field, done + 1, length - done, threads)
        done = length
        apart = max(
            _apart(system.quadratic_form(flight.states, field)),
            _apart(flight.states @ (direction / system.size)),
        )
        agreed = agreed + 1 if apart < AGREEMENT else 0
        if agreed == 2:
            return 2 * done, f"two opposite starts agree within {AGREEMENT:g} standard errors after {done}"
        if 2 * length * driver.cost * (PILOTS + 2 * trials) > BURN_IN_NANOSECONDS:
            break
        length *= 2
    return 2 * done, (
        f"NOT CONVERGED, two opposite starts still differ by {apart:.1f} standard errors after {done}: the network is "
        "metastable at this temperature, and trials may start in one of its states only"
    )


def _direction(system: Any) -> npt.NDArray[np.int8]:
    patterns = system.patterns
    return np.ones(system.size, np.int8) if patterns is None else patterns.patterns[0]


def _apart(values: Array) -> float:
    """|difference of the means of the two halves| in standard errors."""
    one, other = np.split(values, 2)
    error = np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / len(one))
    gap = abs(one.mean() - other.mean())
    return float(gap / error) if error > 0 else (0.0 if gap == 0 else np.inf)


def _random_states(address: Address, size: int) -> npt.NDArray[np.int8]:
    return np.where(address.uniforms(size) < 0.5, -1, 1).astype(np.int8)


def _relax(driver: Driver, flight: Flight, field: Array, first_step: int, steps: int, threads: int) -> None:
    driver.carry(flight, np.tile(field, (steps + 1, 1)), first_step, False, threads)
