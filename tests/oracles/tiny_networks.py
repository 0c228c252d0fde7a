"""A few spins, driven the simple way: NumPy only, one attempt at a time, and exact tables over all states.

An oracle: it shares no code with what it judges. Every mistake that a check must catch is an option here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise

import numpy as np
import xarray as xr


@dataclass(frozen=True)
class Network:
    """Spins of -1/+1 with energy -s.J.s/2 - (I - U).s in a bath."""

    couplings: np.ndarray
    thresholds: np.ndarray
    temperature: float = 1.0

    @property
    def states(self) -> np.ndarray:
        n = len(self.thresholds)
        return 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)

    def energy(self, states: np.ndarray, value: np.ndarray) -> np.ndarray:
        return -0.5 * np.einsum("ri,ij,rj->r", states, self.couplings, states) - states @ (value - self.thresholds)

    def free_energy(self, value: np.ndarray, temperature: float | None = None) -> float:
        T = temperature or self.temperature
        return -T * float(np.log(np.sum(np.exp(-self.energy(self.states, value) / T))))

    def log_law(self, states: np.ndarray, value: np.ndarray, temperature: float | None = None) -> np.ndarray:
        T = temperature or self.temperature
        return (self.free_energy(value, T) - self.energy(states, value)) / T


@dataclass(frozen=True)
class Motion:
    """How a step moves: `factor` c in 1/(1 + exp(-c h / T)) is 2 for a heat bath."""

    order: str = "random"  # or "sequential", "backward" (sequential reversed), "parallel"
    factor: float = 2.0
    attempts: int | None = None

    @property
    def reversed(self) -> Motion:
        swapped = {"sequential": "backward", "backward": "sequential"}.get(self.order, self.order)
        return Motion(swapped, self.factor, self.attempts)

    @property
    def words(self) -> str:
        return json.dumps({"order": self.order, "factor": self.factor, "attempts": self.attempts})


@dataclass
class Run:
    """Trials under way: states, and what has been added up so far."""

    network: Network
    motion: Motion
    rng: np.random.Generator
    states: np.ndarray
    work: np.ndarray = field(init=False)
    heat: np.ndarray = field(init=False)
    flow: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.work, self.heat, self.flow = np.zeros((3, len(self.states)))

    def flip_to(self, sites: np.ndarray, fields: np.ndarray, rows: np.ndarray) -> None:
        """Heat-bath attempts at one site a trial, local fields given; each returns its log ratio."""
        old = self.states[rows, sites]
        gain = self.motion.factor * fields / self.network.temperature
        new = np.where(self.rng.random(len(rows)) < 1 / (1 + np.exp(-gain)), 1.0, -1.0)
        self.flow += gain * (new - old) / 2
        self.states[rows, sites] = new

    def relax(self, value: np.ndarray) -> None:
        """One step at one input."""
        before = self.network.energy(self.states, value)
        if self.motion.order == "parallel":
            self._all_at_once(value)
        else:
            self._one_by_one(value)
        self.heat += self.network.energy(self.states, value) - before

    def _one_by_one(self, value: np.ndarray) -> None:
        trials, n = self.states.shape
        rows = np.arange(trials)
        for k in range(self.motion.attempts or n):
            site = {"sequential": k % n, "backward": n - 1 - k % n}.get(self.motion.order)
            sites = np.full(trials, site) if site is not None else self.rng.integers(n, size=trials)
            fields = np.einsum("ri,ri->r", self.network.couplings[sites], self.states)
            self.flip_to(sites, fields + (value - self.network.thresholds)[sites], rows)

    def _all_at_once(self, value: np.ndarray) -> None:
        beta = 1 / self.network.temperature

        def log_chance(new: np.ndarray, old: np.ndarray) -> np.ndarray:
            gain = self.motion.factor * beta * (old @ self.network.couplings.T + value - self.network.thresholds)
            return -np.sum(np.log1p(np.exp(-gain * new)), axis=1)

        old = self.states
        gain = self.motion.factor * beta * (old @ self.network.couplings.T + value - self.network.thresholds)
        self.states = np.where(self.rng.random(old.shape) < 1 / (1 + np.exp(-gain)), 1.0, -1.0)
        self.flow += log_chance(self.states, old) - log_chance(old, self.states)


def drive(
    network: Network,
    values: np.ndarray,
    motion: Motion,
    *,
    trials: int,
    seed: int,
    relax_first: bool = False,
    work_after: bool = False,
    initial_temperature: float | None = None,
) -> xr.Dataset:
    """A ledger of trials through `values`, started in equilibrium at the first.

    `work_after` is a mistake: the change of input is charged to the state that the following move leaves
    (nothing moves after it where a step relaxes first).
    """
    rng = np.random.default_rng([seed, relax_first])
    law = np.exp(network.log_law(network.states, values[0], initial_temperature))
    run = Run(network, motion, rng, network.states[rng.choice(len(law), trials, p=law / law.sum())])
    first = run.states.copy()
    for before, after in pairwise(values):
        if relax_first:
            run.relax(before)
        charged = run.states.copy()
        if not relax_first:
            run.relax(after)
        run.work -= (run.states if work_after else charged) @ (after - before)
    boundary = (
        network.log_law(first, values[0], initial_temperature),
        network.log_law(run.states, values[-1]),
    )
    columns = {
        "work": run.work,
        "heat": run.heat,
        "entropy_flow": run.flow,
        "energy_initial": network.energy(first, values[0]),
        "energy_final": network.energy(run.states, values[-1]),
        "log_law_initial": boundary[0],
        "log_law_final": boundary[1],
    }
    attributes = _attributes(network, values, motion, relax_first)
    if initial_temperature is not None:
        attributes["initial_temperature"] = initial_temperature
    return xr.Dataset({name: ("trial", column) for name, column in columns.items()}, attrs=attributes)


def _attributes(network: Network, values: np.ndarray, motion: Motion, relax_first: bool) -> dict:
    def word(*arrays: np.ndarray) -> str:
        return sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()

    return {
        "temperature": network.temperature,
        "direction": "reverse" if relax_first else "forward",
        "protocol": word(values),
        "protocol_reversed": word(values[::-1]),
        "rule": motion.words,
        "rule_reversed": motion.reversed.words,
        "system": word(network.couplings, network.thresholds),
        "relax_first": int(relax_first),
        "initial": "equilibrium",
        "energy": "",
    }


def pair(
    network: Network,
    values: np.ndarray,
    motion: Motion,
    *,
    trials: int,
    seed: int,
    reverse_values: np.ndarray | None = None,
    reverse_motion: Motion | None = None,
    relax_first: bool = True,
    work_after: bool = False,
) -> tuple[xr.Dataset, xr.Dataset]:
    """Forward and reverse ledgers; the options make the reverse a wrong one."""
    forward = drive(network, values, motion, trials=trials, seed=seed, work_after=work_after)
    back = values[::-1] if reverse_values is None else reverse_values
    reverse = drive(
        network,
        back,
        motion.reversed if reverse_motion is None else reverse_motion,
        trials=trials,
        seed=seed + 10**6,
        relax_first=relax_first,
        work_after=work_after,
    )
    return forward, reverse


def unlabelled(ledger: xr.Dataset) -> xr.Dataset:
    """The same trials, without the attributes that would say what was done: only the numbers can speak."""
    return ledger.assign_attrs().drop_attrs().assign_attrs(temperature=ledger.attrs["temperature"])
