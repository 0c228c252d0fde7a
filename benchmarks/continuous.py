"""W4a, W4b: a rate network and a neural field stepped with noise and heat, and linear processes (linear_processes)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import c_opponent, linear_processes, numpy_opponents, stepping_opponents
from benchmarks.harness import Ask, Sample, here, interleave
from benchmarks.settings import Settings
from benchmarks.table import Row, absent, against, compilation, fact
from benchmarks.workloads import Workload, field, rates

TITLE = "W4a, W4b and linear processes: noise, motion and heat (core time a variable and step)"
Answer = tuple[np.ndarray, np.ndarray]


def rows(settings: Settings) -> list[Row]:
    """All of them."""
    return [*rate_rows(settings), *field_rows(settings), *linear_processes.rows(settings)]


def rate_rows(settings: Settings) -> list[Row]:
    """W4a: 1000 trials of 100 neurons."""
    workload = rates(settings.pick(1000, 128), settings.pick(1000, 50))
    steps = settings.pick(100, 20)
    library, why = c_opponent.compiled(settings.folder)
    contenders = [here("W4a simulate", workload.run, workload.updates)]
    if library:
        contenders.append(here("C w4a", lambda: c_opponent.rates(library, workload), workload.updates))
    contenders.append(here("NumPy", lambda: numpy_opponents.rates(workload, steps), _part(workload, steps)))
    with stepping_opponents.rates(workload, settings.peers_python) as (diffrax, about):
        samples = interleave([*contenders, *([diffrax] if diffrax else [])], settings.rounds)
    ours = samples["W4a simulate"]
    found = [
        _against_c("W4a: rate network, N = 100", ours, samples, "C w4a", why, Ask("at most", 1.7, "x its core time"))
    ]
    found.append(_against_numpy(f"W4a: against NumPy ({steps} steps timed, scaled)", ours, samples, 3))
    found.append(_against_peer("W4a: against diffrax", ours, samples, about, Ask("at least", 2, "x faster")))
    ways = {"C": (lambda: c_opponent.rates(library, workload)) if library else None}
    ways["NumPy"] = lambda: numpy_opponents.rates(workload, workload.protocol.steps)
    return [*found, *_agreement("W4a", workload, workload.temperature, ways), compilation(ours)]


def field_rows(settings: Settings) -> list[Row]:
    """W4b: 100 trials of a ring of 1024 places."""
    workload = field(settings.pick(100, 32), settings.pick(1000, 20), settings.pick(1024, 256))
    steps = settings.pick(100, 10)
    library, why = c_opponent.compiled_with_transforms(settings.folder)
    contenders = [here("W4b simulate", workload.run, workload.updates)]
    if library:
        contenders.append(here("C w4b", lambda: c_opponent.field(library, workload), workload.updates))
    contenders.append(here("NumPy", lambda: numpy_opponents.field(workload, steps), _part(workload, steps)))
    samples = interleave(contenders, settings.rounds)
    ours, ask = samples["W4b simulate"], Ask("at most", 2, "x its core time")
    found = [_against_c("W4b: field on a ring of 1024 places", ours, samples, "C w4b", why, ask)]
    found.append(_against_numpy(f"W4b: against NumPy and scipy.fft ({steps} steps timed, scaled)", ours, samples))
    ways = {"C": (lambda: c_opponent.field(library, workload)) if library else None}
    ways["NumPy"] = lambda: numpy_opponents.field(workload, workload.protocol.steps)
    strength = float(workload.system.noise.diffusion)
    return [*found, *_agreement("W4b", workload, strength, ways), compilation(ours)]


def _part(workload: Workload, steps: int) -> float:
    return workload.updates * steps / workload.protocol.steps


def _against_c(what: str, ours: Sample, samples: dict[str, Sample], name: str, why: str, ask: Ask) -> Row:
    if name not in samples:
        return absent(f"{what}, against C", name, why)
    return against(f"{what}, against C", ours, samples[name], ask, unit=1e9)


def _against_numpy(what: str, ours: Sample, samples: dict[str, Sample], factor: float | None = None) -> Row:
    ask = Ask("at least", factor, "x faster") if factor else None
    return against(what, ours, samples["NumPy"], ask, faster=True, unit=1e9)


def _against_peer(what: str, ours: Sample, samples: dict[str, Sample], about: str, ask: Ask) -> Row:
    if "diffrax" not in samples:
        return absent(what, "diffrax", about)
    return against(f"{what} ({about}), which keeps no heat", ours, samples["diffrax"], ask, faster=True, unit=1e9)


def _agreement(
    name: str, workload: Workload, strength: float, ways: dict[str, Callable[[], Answer] | None]
) -> list[Row]:
    """Mean heats of other programs from the same states against ours, without which no ratio means anything.

    Theirs is the midpoint sum Q of F dx; our flow is the exact log ratio, which is (Q + dt (F'.F' - F.F)/4)/T with
    the forces F at the start and F' at the end.
    """
    ours = strength * workload.run(seed=2).entropy_flow.values
    found = []
    for other, run in ways.items():
        if run is None:
            continue
        states, heat = run()
        theirs = heat + _curvature(workload, states)
        error = np.sqrt((ours.var(ddof=1) + theirs.var(ddof=1)) / workload.trials)
        z = float((ours.mean() - theirs.mean()) / error)
        shown = f"{ours.mean():.2f} and {theirs.mean():.2f}, {z:+.1f} sigma"
        found.append(fact(f"{name}: mean heat, ours and {other}'s", abs(z) < 4, shown, "within 4 sigma", z=z))
    return found


def _curvature(workload: Workload, states: Any) -> np.ndarray:
    """dt (F'.F' - F.F)/4 of each trial."""
    dt = workload.dt or workload.rule.dt
    before, after = (
        np.asarray(workload.system.evaluate(np.asarray(ends, dtype=np.float64))[0])
        for ends in (workload.initial, states)
    )
    return dt / 4 * (np.einsum("ri,ri->r", after, after) - np.einsum("ri,ri->r", before, before))
