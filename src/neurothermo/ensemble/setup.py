"""What is to be run: a system with its rule and bath, or a process that brings both; checked, and given a driver."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import as_they_come, checked_number, checked_temperatures, shown
from neurothermo.core.errors import InputError
from neurothermo.core.flight import Driver, Law, Process
from neurothermo.core.randomness import Stream, digest
from neurothermo.dynamics import Glauber, Langevin, rule_word
from neurothermo.dynamics.drivers import driver_for
from neurothermo.dynamics.stepped import SteppedDriver
from neurothermo.protocols import Protocol, as_protocol
from neurothermo.systems import SpinNetwork
from neurothermo.systems.continuous import is_continuous

LARGEST_FIELD = 1e30  # in kT
RANGE = (1e-30, 1e30)  # of temperature and of temperature times dt, so that single precision holds both


@dataclass(frozen=True, eq=False)
class Setup:
    """A run's physics, the same questions answered for spins, real variables and processes.

    Parameters
    ----------
    first, last : system or process
        At the first and at the last value of the protocol: they hold states, energies and what an input couples to.
    protocol : Protocol
    rule : Rule or None
        None for a process.
    temperature : float, array or None
        Of the bath; None where the protocol drives it. A process has 1: its energies are in kT.
    driver : Driver
    word : str
        The rule, or what stands for it, as the ledger names it.
    word_reversed : str
        That of the time-reversed experiment.
    clock : (str, float)
        What rates count, and how many of it a step makes.
    attributes : dict
        More for the ledger.
    """

    first: Any
    last: Any
    protocol: Protocol
    rule: Any
    temperature: Any
    driver: Driver
    word: str
    word_reversed: str
    clock: tuple[str, float]
    attributes: dict[str, Any]

    @property
    def has_energy(self) -> bool:
        """Whether there is an energy at both ends."""
        return bool(self.first.has_energy and self.last.has_energy)

    @property
    def has_equilibrium(self) -> bool:
        """Whether Boltzmann's law at one temperature is there to start from and is kept."""
        one = self.temperature is not None and np.ndim(self.temperature) == 0
        driven = self.protocol.temperatures is not None
        return bool(self.first.has_energy and (one or driven) and not self.attributes.get("keeps_not"))

    def temperature_at(self, step: int) -> Any:
        """The bath's temperature at a value of the protocol."""
        return self.protocol.temperature_at(step, self.temperature)

    def digest(self, initial: Any, initial_temperature: float | None) -> str:
        """The word of a run: two runs share it only if they are the same experiment."""
        if isinstance(initial, Law):
            initial = initial.draw(Stream.of(0, "law").at(np.arange(4), 0))  # equal laws draw alike
        elif isinstance(initial, np.ndarray | list | tuple):
            initial = as_they_come(initial, "initial must hold states of numbers")
        bath = None if self.temperature is None else np.asarray(self.temperature)
        return digest(
            self.first.digest if not self.protocol.networks else self.attributes["system_digest"],
            self.protocol.digest, self.protocol.relax_first, self.word, bath, initial, initial_temperature,
        )  # fmt: skip


def setup(system: Any, protocol: Any, rule: Any, temperature: Any, dt: float | None, plain: bool) -> Setup:
    """Check what belongs together and find the driver.

    Raises
    ------
    InputError
        If something is missing, does not belong, or does not fit.
    """
    if isinstance(system, SpinNetwork):
        refuse_dt(dt)
        return _spins(system, as_protocol(protocol, system.size), checked_rule(rule), temperature, plain)
    if is_continuous(system):
        refuse_dt(dt)
        return _continuous(system, as_protocol(protocol, system.size), rule, temperature, plain)
    if isinstance(system, Process):
        return _process(system, protocol, rule, temperature, dt)
    raise InputError(
        f"system must be a network (SpinNetwork, RateNetwork), a DriftSystem or a process, got {type(system).__name__}"
    )


def checked_rule(rule: Any) -> Any:
    """The default rule of spins, or one that can move and be reversed."""
    if rule is None:
        return Glauber()
    able = all(callable(getattr(rule, name, None)) for name in ("move", "reversed"))
    if isinstance(rule, type) or not able:
        raise InputError(f"rule must be a rule of motion such as Glauber() or Langevin(dt=0.01), got {shown(rule)}")
    return rule


def refuse_dt(dt: float | None) -> None:
    """A step's duration belongs to processes alone."""
    if dt is not None:
        raise InputError("dt belongs to processes: a system's rule of motion carries its own, as in Langevin(dt=0.01)")


def _spins(system: SpinNetwork, protocol: Protocol, rule: Any, temperature: Any, plain: bool) -> Setup:
    if isinstance(rule, Langevin):
        raise InputError("rule Langevin moves real variables; a SpinNetwork takes Glauber()")
    if protocol.networks and system.digest not in [network.digest for network in protocol.networks]:
        raise InputError("system must be one of the networks that the protocol drives the couplings between")
    temperature = _temperature(temperature, protocol, system.size)
    _check_range(protocol, system, temperature)
    if protocol.drives_more:
        driver: Any = SteppedDriver(system, rule, protocol, temperature, plain)
    else:
        driver = driver_for(system, rule, temperature, plain=plain)
    first, last = (protocol.network_at(step, system) for step in (0, protocol.steps))
    clock = rule.clock(system.size) if isinstance(rule, Glauber) else ("step", 1.0)
    word, back = rule_word(rule), rule_word(rule.reversed())
    more = {"system_digest": system.digest} if protocol.networks else {}
    return Setup(first, last, protocol, rule, temperature, driver, word, back, clock, more)


def _continuous(system: Any, protocol: Protocol, rule: Any, temperature: Any, plain: bool) -> Setup:
    if rule is None or isinstance(rule, Glauber):
        raise InputError("rule is needed: real variables move by Langevin(dt=...), which says how long a step lasts")
    rule = checked_rule(rule)
    if protocol.drives_more:
        raise InputError("protocol must drive the input alone here: only spin networks are driven in more than that")
    temperature = _temperature(temperature, protocol, system.size)
    if isinstance(rule, Langevin):
        _check_noise(rule.dt, temperature)
    driver = driver_for(system, rule, temperature, plain=plain)
    word, back = rule_word(rule), rule_word(rule.reversed())
    if not isinstance(rule, Langevin):
        return Setup(system, system, protocol, rule, temperature, driver, word, back, ("step", 1.0), {})
    subject = rule.subject(system)
    kept = "" if rule.keeps_boltzmann(system) else rule.why_not_boltzmann(system)
    more = {"flow": rule.flow_is(system), "keeps_not": kept}
    return Setup(
        subject, subject, protocol, rule, temperature, driver, word, back, rule.clock(system.size), more
    )  # fmt: skip


def _check_noise(dt: float, temperature: Any) -> None:
    """Refuse noise that single precision cannot hold."""
    for bath in np.atleast_1d(temperature):
        for value in (bath, bath * dt):
            if not RANGE[0] <= value <= RANGE[1]:
                raise InputError(
                    f"temperature {bath:g} with dt = {dt:g} is out of range: both the temperature and its product with "
                    f"dt must lie between {RANGE[0]:g} and {RANGE[1]:g}"
                )


def _process(process: Any, protocol: Any, rule: Any, temperature: Any, dt: float | None) -> Setup:
    kind = type(process).__name__
    if rule is not None:
        raise InputError(f"rule must not be given: {kind} is a process and moves by itself")
    if temperature is not None:
        raise InputError(f"temperature must not be given: {kind} is a process and has its own noise")
    protocol = as_protocol(protocol, process.size)
    if protocol.drives_more:
        raise InputError("protocol must drive the input alone: a process has no couplings or temperature to drive")
    if dt is not None:
        dt = checked_number(dt, "dt")
        if dt <= 0:
            raise InputError(f"dt must be positive, got {dt:g}")
    driver = process.driver(dt)
    word = json.dumps({"kind": kind, "step": driver.kernel, "dt": driver.dt})
    more = {"flow": driver.kernel, "keeps_not": ""}
    return Setup(process, process, protocol, None, 1.0, driver, word, word, ("unit time", driver.dt), more)


def _temperature(temperature: Any, protocol: Protocol, size: int) -> Any:
    """The bath's temperature, or None where the protocol drives it."""
    if protocol.temperatures is not None:
        if temperature is not None:
            raise InputError("temperature must not be given: the protocol drives it")
        return None
    if temperature is None:
        raise InputError("temperature is needed: of the bath, in energy units")
    return checked_temperatures(temperature, size)


def _check_range(protocol: Protocol, system: SpinNetwork, temperature: Any) -> None:
    """Refuse fields of so many kT that single precision cannot hold them."""
    networks = protocol.networks or (system,)
    with np.errstate(over="ignore"):
        couplings = max(float(abs(network.couplings).sum(axis=1).max()) for network in networks)
        field = max(couplings + float(np.abs(protocol.values).max() + np.abs(one.thresholds).max()) for one in networks)
    coldest = float(np.min(temperature if protocol.temperatures is None else protocol.temperatures))
    if not field < LARGEST_FIELD * coldest:
        raise InputError(
            f"temperature {coldest:g} is too low for local fields up to {field:.3g}: at most {LARGEST_FIELD:.0e} kT"
        )
