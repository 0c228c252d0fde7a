"""Where trials start: exactly drawn equilibrium where it can be, a burn-in that reports on itself elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, as_they_come, checked_array, checked_spins, shown
from neurothermo.core.errors import InputError
from neurothermo.core.flight import Law
from neurothermo.core.randomness import Stream
from neurothermo.dynamics import Glauber, Langevin
from neurothermo.dynamics.drivers import driver_for
from neurothermo.ensemble.burn_in import SHORTENED, BurnIn, Softened, calm_step
from neurothermo.ensemble.setup import Setup
from neurothermo.systems import SpinNetwork
from neurothermo.systems.continuous import why_no_law
from neurothermo.systems.massive import Massive

SMALL = {"random": 12, "sequential": 12, "parallel": 8}  # neurons, up to which a stationary law is solved exactly


@dataclass(frozen=True, eq=False)
class InitialLaw:
    """How trials start, and what is known of that law.

    `draw(trials, stream, threads)` gives states, shape (trials, dimension), of the trials with these absolute
    numbers; `log_probability(states)` is ln p0 where the law is known exactly, else None; `attributes` go into the
    ledger; `final` is a normalised law for the last states of real variables, where one is known; `settled` holds a
    few states, where drawing takes a burn-in.
    """

    name: str
    draw: Callable[[npt.NDArray[np.int64], Stream, int], npt.NDArray[Any]]
    log_probability: Callable[[Any], Array] | None
    attributes: dict[str, Any]
    final: Law | None = None
    settled: npt.NDArray[Any] | None = None


def initial_law(
    setup: Setup, initial: Any, initial_temperature: float | None, trials: int, stream: Stream, threads: int
) -> InitialLaw:
    """The law that `simulate`'s argument `initial` names.

    Raises
    ------
    InputError
        If equilibrium is asked of something without an energy or without one temperature, the name is unknown, or
        the states do not fit.
    """
    if initial is None:
        initial = "equilibrium" if setup.has_equilibrium or initial_temperature is not None else "stationary"
    if initial_temperature is not None and (not isinstance(initial, str) or initial == "stationary"):
        what = "a stationary start has the bath's" if isinstance(initial, str) else "given states have none"
        raise InputError(f"initial_temperature belongs to initial='equilibrium': {what}")
    if isinstance(initial, Law):
        return InitialLaw("given law", _fitting(initial, setup), initial.log_probability, {}, initial)
    if not isinstance(initial, str):
        return _given(setup, initial, trials)
    if initial == "equilibrium":
        return _equilibrium(setup, initial_temperature, stream, threads)
    if initial == "stationary":
        return _stationary(setup, stream, threads)
    raise InputError(f"initial must be 'equilibrium', 'stationary', an array of states or a law, got {shown(initial)}")


def _drawing(law: Law) -> Callable[[npt.NDArray[np.int64], Stream, int], npt.NDArray[Any]]:
    return lambda numbers, stream, threads: law.draw(stream.at(numbers, 0))


def _fitting(law: Law, setup: Setup) -> Callable[[npt.NDArray[np.int64], Stream, int], npt.NDArray[Any]]:
    """A user's law, what it draws checked: finite states of the right shape, spins as spins."""
    spins, dimension = isinstance(setup.first, SpinNetwork), setup.first.dimension

    def draw(numbers: npt.NDArray[np.int64], stream: Stream, threads: int) -> npt.NDArray[Any]:
        rows, name = law.draw(stream.at(numbers, 0)), "initial.draw(address)"
        if spins:
            return checked_array(checked_spins(rows, name, dimension), name, (len(numbers), dimension)).astype(np.int8)
        return checked_array(rows, name, (len(numbers), dimension))

    return draw


def _given(setup: Setup, initial: Any, trials: int) -> InitialLaw:
    """States as a user gave them: spins as spins, real variables as they are."""
    rows = np.atleast_2d(as_they_come(initial, "initial must hold states of numbers"))
    if isinstance(setup.first, SpinNetwork):
        states: Any = checked_spins(rows, "initial", setup.first.size)
    else:
        states = checked_array(rows, "initial", (None, setup.first.dimension))
    if len(states) not in (1, trials):
        raise InputError(f"initial must hold one state, or one for each of {trials} trials, got {len(states)}")
    rows = np.broadcast_to(states, (trials, states.shape[1]))
    last = trials - 1  # a few numbers past it may be asked for, to look at typical states
    return InitialLaw("given", lambda numbers, stream, threads: rows[np.minimum(numbers, last)].copy(), None, {})


# -- equilibrium ---------------------------------------------------------------------------------------------------


def _equilibrium(setup: Setup, initial_temperature: float | None, stream: Stream, threads: int) -> InitialLaw:
    system, field = setup.first, setup.protocol.values[0]
    if not system.has_energy:
        raise InputError(f"initial='equilibrium' needs an energy: {system.why_no_energy}; use initial='stationary'")
    start = setup.temperature_at(0) if initial_temperature is None else initial_temperature
    if np.ndim(start) > 0:
        raise InputError("initial='equilibrium' needs one temperature, got one for each neuron; use 'stationary'")
    if isinstance(system, SpinNetwork):
        return _equilibrium_of_spins(system, field, start, BurnIn(stream, threads))
    if setup.rule is None:
        if initial_temperature is not None:
            raise InputError("initial_temperature must not be given: a process has its own noise")
        return _of_process("equilibrium", setup, BurnIn(stream, threads))
    return _equilibrium_of_variables(system, field, start, BurnIn(stream, threads))


def _equilibrium_of_spins(system: SpinNetwork, field: Array, temperature: float, burn_in: BurnIn) -> InitialLaw:
    from neurothermo import exact

    if not exact.is_feasible(system, field):
        draw, route, _ = burn_in.of_spins(system, driver_for(system, Glauber(), temperature), field)
        return InitialLaw("equilibrium", draw, None, {"initial_route": route})
    law = exact.boltzmann_law(system, temperature=temperature, field=field)
    drawn = {"initial_route": f"drawn exactly ({law.route})"}
    return InitialLaw("equilibrium", _drawing(law), law.log_probability, drawn)


def _equilibrium_of_variables(system: Any, field: Array, temperature: float, burn_in: BurnIn) -> InitialLaw:
    """By accepted moves that keep exp(-E/T) exactly, of a duration at which about two in three are accepted."""
    places = system.system if isinstance(system, Massive) else system
    if why := why_no_law(places, field, temperature):
        raise InputError(f"there is no law to start from: {why}; give states or a law as initial, if that is meant")
    dt = calm_step(places, field, temperature, burn_in.stream)
    steps = [Langevin(dt * factor, "boltzmann", "metropolis") for factor in (1.0, *SHORTENED)]
    long, *short = (driver_for(places, step, temperature) for step in steps)
    driver = Softened(long, tuple(short))
    draw, route, pilots = burn_in.of_variables(places, driver, field)
    if not isinstance(system, Massive):
        return InitialLaw("equilibrium", draw, None, {"initial_route": route}, settled=pilots)

    def with_speeds(numbers: npt.NDArray[np.int64], stream: Stream, threads: int) -> npt.NDArray[Any]:
        speeds = np.sqrt(temperature) * stream.at(numbers, 0).normals(places.dimension)
        return np.concatenate([draw(numbers, stream, threads), speeds], axis=1)

    pilots = np.concatenate([pilots, np.zeros_like(pilots)], axis=1)
    about = {"initial_route": f"{route}; velocities drawn exactly"}
    return InitialLaw("equilibrium", with_speeds, None, about, settled=pilots)


# -- the rule's own law --------------------------------------------------------------------------------------------


def _stationary(setup: Setup, stream: Stream, threads: int) -> InitialLaw:
    system, rule, field = setup.first, setup.rule, setup.protocol.values[0]
    burn_in = BurnIn(stream, threads)
    if rule is None:
        return _of_process("stationary", setup, burn_in)
    if not isinstance(system, SpinNetwork):
        if setup.has_equilibrium:
            law = _equilibrium_of_variables(system, field, setup.temperature_at(0), burn_in)
            return replace(law, name="stationary")
        draw, route, pilots = burn_in.of_variables(system, setup.driver, field)
        return InitialLaw("stationary", draw, None, {"initial_route": route}, settled=pilots)
    temperature = setup.temperature_at(0)
    exactly = exact_stationary(system, rule, field, temperature)
    if exactly is not None:
        return exactly
    steady = replace(rule, attempts=None) if isinstance(rule, Glauber) and rule.order == "random" else rule
    draw, route, _ = burn_in.of_spins(system, driver_for(system, steady, temperature), field)
    return InitialLaw("stationary", draw, None, {"initial_route": route})


def _of_process(name: str, setup: Setup, burn_in: BurnIn) -> InitialLaw:
    process, values = setup.first, setup.protocol.values
    law = process.stationary_law(values[0])
    if law is None:
        draw, route, pilots = burn_in.of_variables(process, setup.driver, values[0])
        return InitialLaw(name, draw, None, {"initial_route": route}, settled=pilots)
    last = law if np.array_equal(values[0], values[-1]) else process.stationary_law(values[-1])
    return InitialLaw(name, _drawing(law), law.log_probability, {"initial_route": "drawn exactly"}, last)


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
