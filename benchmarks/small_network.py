"""W1: 15 neurons driven from pattern to pattern, 75 million updates with work, heat and flow."""

from __future__ import annotations

import numpy as np

from benchmarks import c_opponent, dwave_opponent, numpy_opponents, thrml_opponent
from benchmarks.harness import Ask, Contender, Sample, here, interleave
from benchmarks.machine import cores
from benchmarks.settings import Settings
from benchmarks.table import Row, absent, against, compilation, fact
from benchmarks.workloads import Workload, driven_hopfield
from neurothermo.core.flight import Flight
from neurothermo.core.randomness import Stream
from neurothermo.dynamics.drivers import driver_for

TITLE = "W1: driven Hopfield network, N = 15, random sites, with work, heat and flow (core time an update)"
OURS = "simulate"
ASKS = {
    "C w1_lut": ("against C, sites drawn per trial", Ask("at most", 1.4, "x its core time")),
    "C w1_shared": ("against C that shares sites among 64 trials (wrong errors)", None),
    "NumPy": ("against NumPy, sites drawn per trial", Ask("at least", 15, "x faster")),
    "thrml": ("against thrml, no ledger", Ask("at least", 10, "x faster")),
    "dwave-samplers": ("against dwave-samplers, no ledger", Ask("at least", 1, "x as fast")),
    "dwave-samplers, our moves": ("the same, heat bath at random sites", None),
    "driver alone": ("simulate against its driver alone", None),
}
SLOWER = ("NumPy", "thrml", "dwave-samplers", "dwave-samplers, our moves")  # shown as times faster


def rows(settings: Settings) -> list[Row]:
    """Ours against C, NumPy, thrml and dwave-samplers, in turns."""
    workload = driven_hopfield(settings.pick(5000, 512), settings.pick(1000, 100))
    steps, sweeps = settings.pick(20, 2), settings.pick(50, 5)
    missing: dict[str, str] = {}
    contenders = [here(OURS, workload.run, workload.updates), _driver_alone(workload)]
    library, why = c_opponent.compiled(settings.folder)
    contenders += _in_c(library, workload) if library else []
    missing |= {} if library else {"C w1_lut": why}
    part = workload.updates * steps / workload.protocol.steps
    contenders.append(here("NumPy", lambda: numpy_opponents.single_site(workload, steps), part))
    try:
        contenders += _dwave(workload)
    except ImportError:
        missing["dwave-samplers"] = "not installed"
    with thrml_opponent.contender(workload, sweeps, settings.thrml_python) as (thrml, about):
        contenders += [thrml] if thrml else []
        missing |= {} if thrml else {"thrml": about}
        samples = interleave(contenders, settings.rounds)
    notes = {"NumPy": f" ({steps} steps timed, scaled)", "thrml": f" ({about}; {sweeps} sweeps timed, scaled)"}
    found = [_row(name, samples, missing, notes.get(name, "")) for name in ASKS if name in samples or name in missing]
    found += [_agreement(library, workload)] if library else []
    return found + [compilation(samples[name]) for name in (OURS, "thrml") if name in samples]


def _row(name: str, samples: dict[str, Sample], missing: dict[str, str], note: str) -> Row:
    what, ask = ASKS[name]
    if name not in samples:
        return absent(what, name, missing[name])
    return against(what + note, samples[OURS], samples[name], ask, faster=name in SLOWER, unit=1e9)


def _in_c(library: object, workload: Workload) -> list[Contender]:
    return [
        here(f"C {name}", lambda name=name: c_opponent.small(library, name, workload), workload.updates)
        for name in ("w1_lut", "w1_shared")
    ]


def _dwave(workload: Workload) -> list[Contender]:
    sweeps = workload.protocol.steps
    return [
        here(name, dwave_opponent.sampler(workload, sweeps, like_ours=like), workload.updates)
        for name, like in (("dwave-samplers", False), ("dwave-samplers, our moves", True))
    ]


def _driver_alone(workload: Workload) -> Contender:
    """What `simulate` calls to move the trials: all but the door, the energies and the ledger."""
    temperature = np.full(workload.system.size, workload.temperature)
    driver = driver_for(workload.system, workload.rule, temperature)

    def run() -> None:
        flight = Flight.of(workload.initial, 0, Stream.of(1, "driver alone"))
        driver.carry(flight, workload.protocol.values, 1, False, cores())

    return here("driver alone", run, workload.updates)


def _agreement(library: object, workload: Workload) -> Row:
    """The mean works of both programs from the same states, which must agree for the ratio to mean anything."""
    gap = workload.run().work.values - c_opponent.small(library, "w1_lut", workload)[0]
    z = float(gap.mean() / (gap.std(ddof=1) / np.sqrt(gap.size)))
    return fact("mean work, ours minus C's", abs(z) < 4, f"{z:+.1f} sigma", "within 4 sigma", z=z)
