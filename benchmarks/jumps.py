"""Markov jumps: a ring of three states against NumPy, and a thousand coupled spines."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.harness import Ask, Sample, Spread, here, interleave
from benchmarks.settings import Settings
from benchmarks.table import Row, against, compilation, fact, quantity, rate
from neurothermo.core.flight import Flight
from neurothermo.core.machine import available_cores
from neurothermo.core.randomness import Stream
from neurothermo.processes.jump import MarkovJump
from neurothermo.processes.spines import SpineNetwork

TITLE = "Jump processes, entropy flow of each trial included; M jumps"
RING = np.array([[0, 1, 2], [2, 0, 1], [1, 2, 0.0]])  # two steps forth for one back: ln 2 nats per unit time
SPINES = 1000
SIGMAS = 5


def rows(settings: Settings) -> list[Row]:
    """Jumps a second by core time and by the clock, and whether what flowed is right."""
    return [*_ring(settings), *_spines(settings)]


def _ring(settings: Settings) -> list[Row]:
    process, time = MarkovJump(RING), 300.0
    trials, few = settings.pick(100_000, 2_000), settings.pick(10_000, 500)
    flows: list[Any] = []

    def ours() -> None:
        flight = Flight.of(np.zeros((trials, 1), np.int64), 0, Stream.of(1, "ring"))
        process.driver(time).carry(flight, np.zeros((2, 3)), 1, False, available_cores())
        flows.append(flight.flow)

    jumps = 3.0 * time / 1e6
    contenders = [
        here("ours", ours, trials * jumps * 1e6),
        here("NumPy", lambda: by_arrays(few, time / 30), few * jumps * 1e6 / 30),
    ]
    samples = interleave(contenders, settings.rounds)
    mean, error = flows[-1].mean() / time, flows[-1].std() / np.sqrt(trials) / time
    what = "ring of 3"
    return [
        rate(f"{what}: by core time", samples["ours"], Ask("at least", 50, "M/core-s")),
        _by_clock(what, samples["ours"], 100),
        against(f"{what}: all trials jump at once in NumPy", samples["ours"], samples["NumPy"], faster=True, unit=1e9),
        fact(f"{what}: nats per unit time", abs(mean - np.log(2)) < SIGMAS * error, f"{mean:.6f} ± {error:.6f}",
             f"ln 2 = {np.log(2):.6f} to {SIGMAS} sigma"),
        compilation(samples["ours"]),
    ]  # fmt: skip


def _spines(settings: Settings) -> list[Row]:
    distance = np.abs(np.arange(SPINES)[:, None] - np.arange(SPINES))
    near = (np.minimum(distance, SPINES - distance) <= 3) & (distance > 0)
    found: list[Row] = []
    for what, network in (
        ("ring of 1000 spines", SpineNetwork(SPINES, cooperativity=0.3)),
        ("1000 spines of 6 neighbours", SpineNetwork(SPINES, cooperativity=0.2, neighbours=near.astype(float))),
    ):
        found += _network(what, network, settings)
    return found


def _network(what: str, network: SpineNetwork, settings: Settings) -> list[Row]:
    """At equilibrium, where half of all jumps are down: N n b T of them in a time T."""
    trials, steps = settings.pick(64, 4), settings.pick(200, 5)
    settled = Flight.of(np.zeros((trials, SPINES), np.int8), 0, Stream.of(1, "spines"))
    driver = network.driver(1.0)
    driver.carry(settled, np.zeros((21, SPINES)), 1, False, available_cores())
    jumps = 2.0 * float(settled.states.mean()) * network.down * SPINES * steps * trials

    def ours() -> None:
        flight = Flight.of(settled.states, 0, Stream.of(2, "spines"))
        driver.carry(flight, np.zeros((steps + 1, SPINES)), 1, False, available_cores())

    sample = interleave([here("ours", ours, jumps)], settings.rounds)["ours"]
    return [rate(f"{what}: by core time", sample, Ask("at least", 7.5, "M/core-s")), _by_clock(what, sample, 15)]


def _by_clock(what: str, sample: Sample, asked: float) -> Row:
    spread = Spread.of(1e-6 / sample.of("wall"))
    shown = f"{spread.median:.3g} [{spread.low:.3g}, {spread.high:.3g}] M/s"
    return quantity(
        f"{what}: by the clock, all cores", spread.median, shown, Ask("at least", asked, "M/s, 2 free cores")
    )


def by_arrays(trials: int, time: float) -> np.ndarray:
    """Gillespie's algorithm in NumPy: one jump of all trials at once, those that are done left out; the flows."""
    random = np.random.default_rng(1)
    state, clock, flow = np.zeros(trials, int), np.zeros(trials), np.zeros(trials)
    running = np.arange(trials)
    while running.size:
        clock[running] += random.exponential(1 / 3, running.size)
        running = running[clock[running] <= time]
        forth = random.random(running.size) < 2 / 3
        state[running] = (state[running] + np.where(forth, 1, 2)) % 3
        flow[running] += np.where(forth, np.log(2), -np.log(2))
    return flow
