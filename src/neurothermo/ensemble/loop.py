"""The one loop over trials."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_count, checked_temperature, checked_temperatures
from neurothermo.core.errors import InputError
from neurothermo.core.progress import progress as progress_bar
from neurothermo.core.randomness import Stream, digest
from neurothermo.dynamics import Glauber, rule_word
from neurothermo.dynamics.drivers import Driver, Flight, driver_for
from neurothermo.ensemble.initial import InitialLaw, initial_law
from neurothermo.ensemble.ledger import attributes, build
from neurothermo.ensemble.records import Records
from neurothermo.protocols import as_protocol
from neurothermo.systems import SpinNetwork

PIECE_NANOSECONDS = 2e8  # between two looks at the clock and at Ctrl-C
COLUMNS = (
    "work",
    "heat",
    "entropy_flow",
    "energy_initial",
    "energy_final",
    "log_law_initial",
    "log_law_final",
)


def simulate(
    system: Any,
    protocol: Any,
    rule: Any = None,
    *,
    temperature: Any = None,
    trials: int = 1000,
    seed: int | None = None,
    initial: Any = None,
    initial_temperature: float | None = None,
    record: Any = (),
    every: int = 1,
    stream: Any = None,
    chunk: int | None = None,
    threads: int | None = None,
    progress: bool | None = None,
    plain: bool = False,
) -> Any:
    r"""Drive many trials of a network through a protocol and keep the books of each.

    .. math:: W = -\sum_t (I_t - I_{t-1}) \cdot V_{t-1}, \qquad Q = \Delta E - W, \qquad
              \text{flow} = \sum \ln \frac{p(x \to x')}{p(x' \to x)}

    Parameters
    ----------
    system : SpinNetwork
        N neurons.
    protocol : Protocol, array_like of shape (K + 1, N), or int
        Inputs I_0 .. I_K; an integer means that many steps without input.
    rule : Rule, optional
        How the network moves; default ``Glauber()``: heat bath, random neurons, N attempts a step.
    temperature : float or array_like of shape (N,)
        Of the bath, in energy units; one a neuron where there are several baths.
    trials : int
    seed : int, optional
        Default 0. The same seed gives the same bits for any `chunk` and `threads`; different runs (another
        system, protocol, rule, temperature or start) with one seed are independent.
    initial : "equilibrium", "stationary" or array_like of shape (N,) or (trials, N), optional
        exp(-E/T) at the first input; the law the rule itself settles to there; or given states. Default:
        equilibrium where there is one, else stationary. Equilibrium is drawn exactly where `exact` can, else
        after a burn-in whose length and convergence the ledger reports.
    initial_temperature : float, optional
        Temperature of the initial equilibrium where it is not the bath's: heat exchange.
    record : names among "overlaps", "states", "energies", "work", "flow"
        What to keep over time, at steps 0, `every`, 2 `every`, ... and the last: variables overlaps, states,
        energies, work_steps and flow_steps (sums since the record before), of shape (trial, time, ...).
    every : int
    stream : int or str, optional
        Names the random numbers in place of the run: two runs with the same seed and stream share them.
    chunk : int, optional
        Trials at a time; bounds memory, changes no bit.
    threads : int, optional
        Default: all cores this process may use.
    progress : bool, optional
        Default: a bar on a terminal, silence elsewhere. False prints nothing.
    plain : bool
        Use the reference form of the rule, in NumPy, in place of a compiled kernel.

    Returns
    -------
    xarray.Dataset
        The ledger, dimension trial: work and entropy_flow always; heat, energy_initial and energy_final where
        there is an energy (else ``attrs["energy"]`` says why not); log_law_initial and log_law_final where
        those laws are known exactly; what was recorded. ``W + Q = dE`` in every trial.

    Raises
    ------
    InputError
        If an argument is not what it must be; before any work is done.

    References
    ----------
    Chen, arXiv 2012.13252, eqs. 10-12; signs and the order of work and heat: docs/conventions.md.
    """
    if not isinstance(system, SpinNetwork):
        raise InputError(f"system must be a SpinNetwork, got {type(system).__name__}")
    if temperature is None:
        raise InputError("temperature is needed: of the bath, in energy units")
    temperature = checked_temperatures(temperature, system.size)
    if initial_temperature is not None:
        initial_temperature = checked_temperature(initial_temperature, "initial_temperature")
    protocol = as_protocol(protocol, system.size)
    rule = Glauber() if rule is None else rule
    trials = checked_count(trials, "trials")
    threads = checked_count(threads, "threads") if threads is not None else _available_cores()
    seed = 0 if seed is None else checked_count(seed, "seed", least=0)
    records = Records.of(record, every, system, protocol.steps, trials)

    run = _run_word(system, protocol, rule, temperature, initial, initial_temperature)
    numbers = Stream.of(seed, run if stream is None else f"stream {stream}")
    driver = driver_for(system, rule, temperature, plain=plain)
    with _cores(threads):
        law = initial_law(
            initial,
            system,
            rule,
            protocol.values[0],
            temperature,
            initial_temperature,
            trials,
            numbers,
            threads,
        )
        columns, taken = _all_chunks(
            system, protocol, driver, law, _final_law(system, temperature, protocol.values[-1]), numbers, trials,
            _chunk(chunk, driver, protocol.steps, trials, threads), records, threads, progress,
        )  # fmt: skip
    variables = {**_accounts(system, driver, columns), **records.variables(taken)}
    about = attributes(system, protocol, rule, temperature, initial_temperature, law, seed, run, driver.kernel, trials)
    times = {"time": np.array(records.steps)} if records.names else {}
    return build(variables, {"trial": np.arange(trials), **times}, about)


def forward_and_reverse(system: Any, protocol: Any, rule: Any = None, **options: Any) -> tuple[Any, Any]:
    """The ledgers of an experiment and of its time reverse: reversed protocol, reversed rule.

    Parameters
    ----------
    system, protocol, rule
        As in `simulate`.
    **options
        Those of `simulate`. Each run starts in the equilibrium (or stationary law) of its own first input, and
        with one seed their random numbers are independent. Given states cannot start both: `initial` must be a name.

    Returns
    -------
    forward, reverse : xarray.Dataset
    """
    rule = Glauber() if rule is None else rule
    if options.get("initial") is not None and not isinstance(options["initial"], str):
        raise InputError("initial must be a name here: given states cannot start the reverse as well")
    if options.get("stream") is not None:
        raise InputError("stream would give forward and reverse the same random numbers, and correlate their works")
    if isinstance(system, SpinNetwork):
        protocol = as_protocol(protocol, system.size)
    forward = simulate(system, protocol, rule, **options)
    return forward, simulate(system, protocol.reversed(), rule.reversed(), **options)


def _run_word(
    system: Any, protocol: Any, rule: Any, temperature: Any, initial: Any, initial_temperature: float | None
) -> str:
    start = initial if initial is None or isinstance(initial, str) else np.asarray(initial)
    return digest(
        system.digest, protocol.digest, protocol.relax_first, rule_word(rule), np.asarray(temperature), start,
        initial_temperature,
    )  # fmt: skip


def _all_chunks(
    system: Any, protocol: Any, driver: Driver, law: InitialLaw, final: Any, numbers: Stream, trials: int, chunk: int,
    records: Records, threads: int, show: bool | None,
) -> tuple[dict[str, Any], list[Any]]:  # fmt: skip
    """Every chunk of trials through the whole protocol; the sums of each trial, and the records of each chunk."""
    first, last = protocol.values[0], protocol.values[-1]
    names = ["work", "flow"] + ["energy_initial", "energy_final"] * system.symmetric
    names += ["log_law_initial"] * bool(law.log_probability) + ["log_law_final"] * bool(final)
    columns = {name: np.empty(trials) for name in names}
    taken: list[Any] = []
    with progress_bar("simulating", trials * max(protocol.steps, 1), show, "steps") as advance:
        for start in range(0, trials, chunk):
            rows = slice(start, min(start + chunk, trials))
            absolute = np.arange(rows.start, rows.stop)
            flight = Flight.of(law.draw(absolute, numbers, threads), start, numbers)
            if law.log_probability:
                columns["log_law_initial"][rows] = law.log_probability(flight.states)
            if system.symmetric:
                columns["energy_initial"][rows] = system.energy(flight.states, first)
            taken.append(_fly(system, protocol, driver, flight, records, threads, advance))
            columns["work"][rows], columns["flow"][rows] = flight.work, flight.flow
            if system.symmetric:
                columns["energy_final"][rows] = system.energy(flight.states, last)
            if final:
                columns["log_law_final"][rows] = final.log_probability(flight.states)
    return columns, taken


def _fly(
    system: Any, protocol: Any, driver: Driver, flight: Flight, records: Records, threads: int, advance: Any
) -> list[dict[str, Any]]:
    """One chunk through the protocol, in pieces short enough to be interrupted; its records."""
    trials = len(flight.states)
    piece = max(1, int(PIECE_NANOSECONDS * threads / (driver.cost * trials)))
    taken = [records.take(flight, system, protocol.values[0])]
    for before, after in zip(records.steps[:-1], records.steps[1:], strict=True):
        for step in range(before, after, piece):
            stop = min(step + piece, after)
            driver.carry(flight, protocol.values[step : stop + 1], step + 1, protocol.relax_first, threads)
            advance(trials * (stop - step))
        taken.append(records.take(flight, system, protocol.values[after]))
    return taken


def _final_law(system: Any, temperature: Any, field: Any) -> Any:
    """Boltzmann's law at the last input and the bath's temperature, where it can be had; else None."""
    from neurothermo import exact

    if not system.symmetric or np.ndim(temperature) > 0 or not exact.is_feasible(system, field):
        return None
    return exact.boltzmann_law(system, temperature=temperature, field=field)


def _accounts(system: Any, driver: Driver, columns: dict[str, Any]) -> dict[str, Any]:
    """The ledger's columns from the sums: heat by the first law, flow by its identity where there is one."""
    found = dict(columns)
    flow = found.pop("flow")
    if system.symmetric:
        found["heat"] = found["energy_final"] - found["energy_initial"] - found["work"]
        if driver.flow_of_heat is not None:
            flow = driver.flow_of_heat * found["heat"]
    found["entropy_flow"] = flow
    return {name: found[name] for name in COLUMNS if name in found}


def _chunk(chunk: int | None, driver: Driver, steps: int, trials: int, threads: int) -> int:
    """Trials at a time, a multiple of the driver's block."""
    if chunk is None:
        wanted = 10 * PIECE_NANOSECONDS * threads / (driver.cost * max(steps, 1))
        chunk = int(min(max(wanted, 8 * threads * driver.block), 2**17))
    chunk = checked_count(chunk, "chunk")
    return min(-(-chunk // driver.block) * driver.block, -(-trials // driver.block) * driver.block)


def _available_cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        return os.cpu_count() or 1


@contextmanager
def _cores(threads: int) -> Iterator[None]:
    """Numba on so many threads, BLAS on one: blocks of trials run in parallel, not the algebra inside them."""
    import numba
    from threadpoolctl import threadpool_limits

    before = numba.get_num_threads()
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        numba.set_num_threads(before)
