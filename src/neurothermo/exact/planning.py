"""Before an exact answer about driving starts: over which states it goes, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import inf, log2, sqrt
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_choice
from neurothermo.core.errors import InputError
from neurothermo.core.machine import available_cores, memory_limit
from neurothermo.exact.chain import Chain
from neurothermo.exact.driving import Drive, Request
from neurothermo.exact.law import checked_system
from neurothermo.exact.lumping import Lumping
from neurothermo.exact.windowed import LARGE, MANY
from neurothermo.exact.work_lattice import WorkLattice
from neurothermo.protocols.protocol import as_protocol

ENUMERATION_LIMIT = 22  # neurons
LUMPING_LIMIT = 32  # bits of the lumped states
MOST_SECONDS = 3600.0
BATCH = 2**25  # numbers propagated at once: counting parameters beyond wait their turn
REQUESTS = ("work_distribution", "work_cumulants", "generating_function")

# core-seconds, measured on a 2.6 GHz server; a plan is a forecast within a factor of about two
PER_NEIGHBOUR = 1.2e-10  # a state, attempt and neighbour of the stencil
PER_LANE = 5e-11  # the same where works run side by side
PER_PAIR = 1e-9  # a state and neuron of the butterfly
PER_PRODUCT = 1e-10  # a pair of states, parallel order
SOLVING = 60  # sweeps or steps that a stationary law takes
KEPT = 12  # laws that its solver keeps


@dataclass(frozen=True)
class Plan:
    """Which way an exact answer takes, and its forecast cost. It prints as a sentence.

    Parameters
    ----------
    route : "lumped", "enumerated" or "none"
    states : int
        How many states a law has.
    bytes : int
        Memory at the peak.
    seconds : float
        Wall time, compilation apart; right within a factor of about two where nothing else runs.
    sentence : str
    feasible : bool
        Whether the functions of this room will start; they refuse with this sentence otherwise.
    """

    route: str
    states: int
    bytes: int
    seconds: float
    sentence: str
    feasible: bool = True

    def __str__(self) -> str:
        return self.sentence


def plan(
    system: Any,
    protocol: Any = None,
    rule: Any = None,
    *,
    temperature: Any = None,
    initial: Any = None,
    request: str = "work_distribution",
) -> Plan:
    """Which route an exact answer about driving will take, and what it will cost.

    Pattern networks that start in equilibrium go over the occupation numbers of neurons that stay exchangeable at
    every value of the protocol (random and parallel orders, any N), others over all 2^N states (N <= 22).

    Parameters
    ----------
    system : SpinNetwork
    protocol : Protocol or array_like, shape (K + 1, N), optional
        Default: a single idle step.
    rule : Glauber, optional
        Default ``Glauber()``.
    temperature : float, optional
        In energy units; it changes no cost.
    initial : "equilibrium" or "stationary", optional
        As for `work_cumulants`.
    request : "work_distribution", "work_cumulants" or "generating_function"
        The function that the forecast is for: four cumulants, or one counting parameter.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        If an argument is not what it must be. A plan that cannot be carried out is no error here: `feasible` is
        False and the sentence has the numbers.
    """
    checked_choice(request, "request", REQUESTS)
    protocol = as_protocol(1 if protocol is None else protocol, checked_system(system).size)
    if temperature is None and protocol.temperatures is None:
        temperature = 1.0
    asked = Request.of(system, protocol, rule, temperature, initial)
    if request == "work_distribution":
        bare = plan_of(asked)
        return plan_of(asked, cells=WorkLattice.of(asked.protocol).cells) if bare.feasible else bare
    return plan_of(asked, rows=5 if request == "work_cumulants" else 1, moments=request == "work_cumulants")


def plan_of(request: Request, *, rows: int = 1, cells: int = 0, moments: bool = False) -> Plan:
    """The plan for `rows` laws side by side, or for a joint law with `cells` works; moments may use windows."""
    size = request.system.size
    lumped = request.lumping
    bits = inf if lumped is None else lumped.bits
    if min(bits, size) > (LUMPING_LIMIT if bits < size else ENUMERATION_LIMIT):
        return Plan("none", 2**size, 0, 0.0, _too_many(request, bits), feasible=False)
    if lumped is not None and bits < size:
        needed, seconds = _lumped_cost(lumped, request, rows, cells, moments)
        states, route = lumped.states, "lumped"
        where = f"lumped to {_large(states)} occupation numbers of {len(lumped.sizes)} classes"
    else:
        states, route = 2**size, "enumerated"
        needed, seconds = _enumerated_cost(states, request, rows, cells)
        where = f"enumeration of 2^{size} states" + ", from their stationary law" * (request.initial == "stationary")
    attempts = "one parallel move" if request.rule.order == "parallel" else (
        f"{request.rule.attempts_per_step(size)} {request.rule.order} attempts"
    )  # fmt: skip
    what = f"{_large(cells)} works" if cells else f"{rows} law{'s' * (rows > 1)}"
    cost = f"{needed / 1e9:.2g} GB and {_duration(seconds)}"
    sentence = f"{where}, {what}, {request.protocol.steps} steps of {attempts}: about {cost}"
    limit = memory_limit()
    if needed > limit:
        sentence += f", more than the {limit / 1e9:.2g} GB this machine can give: use fewer steps or bins, or simulate"
    elif seconds > MOST_SECONDS:
        sentence += f", more than the limit of {_duration(MOST_SECONDS)}: use fewer steps or attempts, or simulate"
    return Plan(route, states, int(needed), seconds, sentence + ".", needed <= limit and seconds <= MOST_SECONDS)


def drive_for(request: Request, **cost: Any) -> Drive:
    """The chain of the request's plan, at its start; `cost` is what `plan_of` takes.

    Raises
    ------
    InputError
        If the plan is not feasible, before anything is allocated.
    """
    forecast = check_feasible(request, **cost)
    lumped = forecast.route == "lumped"

    @lru_cache(maxsize=2)  # those before and after a change
    def chain(step: int) -> Chain:
        return request.chain(step, request.temperature_at(step), lumped=lumped)

    return Drive(request, lambda step: chain(int(request.like[step])), request.start(lumped=lumped))


def check_feasible(request: Request, **cost: Any) -> Plan:
    """The plan of what can be carried out; `cost` is what `plan_of` takes.

    Raises
    ------
    InputError
        If it is not feasible.
    """
    forecast = plan_of(request, **cost)
    if not forecast.feasible:
        raise InputError(f"this cannot be answered exactly here: {forecast.sentence}")
    return forecast


def _lumped_cost(lumping: Lumping, request: Request, rows: int, cells: int, moments: bool) -> tuple[float, float]:
    states, steps, neighbours = float(lumping.states), request.protocol.steps, 1 + 2 * len(lumping.sizes)
    laws = cells / 2 if cells else rows  # the works that can be reached grow from one to all
    at_once = rows if moments else min(rows, 1 + BATCH // lumping.states)
    memory = 8 * states * (2 * cells + 1) if cells else 8 * states * (6 * at_once + 2)
    if request.rule.order == "parallel":
        return memory + 16 * states**2, steps * states**2 * (PER_PAIR * len(lumping.sizes) + laws * PER_PRODUCT)
    attempts = float(request.rule.attempts_per_step(request.system.size))
    if moments and attempts >= MANY and states >= LARGE:
        attempts = 6 * sqrt(attempts)
    busy = min(available_cores(), 1 + cells // 16 if cells else rows)
    each = neighbours * (PER_LANE if cells else PER_NEIGHBOUR)
    return memory + 8 * states * neighbours, steps * attempts * states * laws * each / busy


def _enumerated_cost(states: int, request: Request, rows: int, cells: int) -> tuple[float, float]:
    size, steps = request.system.size, request.protocol.steps
    laws = cells / 2 if cells else rows
    memory = 8.0 * states * ((3 * cells if cells else 6 * min(rows, 1 + BATCH // states)) + 4)
    solving = SOLVING if request.initial == "stationary" else 0
    memory = max(memory, 8.0 * states * KEPT * (solving > 0))
    if request.rule.order == "parallel":
        return memory, (steps * laws + solving) * float(states) ** 2 * PER_PRODUCT
    moves = request.rule.attempts_per_step(size) * (size if request.rule.order == "random" else 1)
    return memory, (steps * laws * moves + solving * size) * float(states) * PER_PAIR / available_cores()


def _too_many(request: Request, bits: float) -> str:
    size = request.system.size
    if request.rule.order == "sequential":
        why = "sequential order cannot be lumped (a fixed order tells neurons apart)"
    elif isinstance(request.temperature, np.ndarray):
        why = "temperatures of their own tell neurons apart"
    elif bits == inf:
        why = "the network has no patterns to lump its states by"
    else:
        why = f"its patterns and inputs lump them to 2^{bits:.1f} only (limit 2^{LUMPING_LIMIT})"
    return (
        f"the 2^{size} states of N = {size} neurons are too many (limit N = {ENUMERATION_LIMIT}), and {why}: simulate."
    )


def _large(number: int) -> str:
    return f"{number:,}" if number < 10**7 else f"2^{log2(number):.1f}"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "under a second"
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.3g} hours"
