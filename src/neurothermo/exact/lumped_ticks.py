"""One tick of a rule's clock over occupation numbers: pattern networks of any size, at one temperature."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_temperatures
from neurothermo.core.errors import InputError
from neurothermo.core.machine import memory_limit
from neurothermo.exact.law import checked_system
from neurothermo.exact.lumped import LumpedChain, lumped_chain
from neurothermo.exact.odds import LIMITS, checked_field, checked_rule

MUCH_SMALLER = 64  # times fewer lumped states than 2^N: then lumping is taken though enumeration would do
KEPT = 24  # laws a solver keeps at once
APPLICATIONS = 60  # of a sweep or step, as forecast
MOST_SECONDS = 3600.0
PER_NEIGHBOUR, PER_PRODUCT, PER_COUNT = 2e-10, 1e-10, 1e-9  # core-seconds: stencil, pair of states, binomials


@dataclass(frozen=True, eq=False)
class LumpedTick:
    """One attempt (random order) or step (parallel) over occupation numbers, at one input. Made by `lumped_tick`.

    Parameters
    ----------
    chain : LumpedChain
    field : array, shape (N,)
        The input, in energy units.
    """

    chain: LumpedChain
    field: Array

    @property
    def gain(self) -> float:
        """c / T."""
        return self.chain.rule.steepness / self.chain.temperature

    @property
    def parallel(self) -> bool:
        """Whether all neurons move at once."""
        return self.chain.rule.order == "parallel"

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, width) of a law for the solver."""
        rows = int(self.chain.counts[-1])
        return rows, self.chain.states // rows

    def ups(self, chosen: int) -> Array:
        """k_c of every state, shape (states,)."""
        number = np.arange(self.chain.states)
        return (number // self.chain.strides[chosen] % self.chain.counts[chosen]).astype(float)

    def odds(self, chosen: int) -> tuple[Array, Array]:
        """The log odds to be up of a neuron of the class that is up, and of one that is down; (states,) each."""
        lumping = self.chain.lumping
        felt = np.full(1, lumping.fields[chosen])
        for size, coupling in zip(lumping.sizes, lumping.couplings[chosen], strict=True):
            felt = np.add.outer(coupling * (2.0 * np.arange(size + 1) - size), felt).ravel()
        own = lumping.couplings[chosen, chosen]  # part of the class's field, and none of the neuron's
        return self.gain * (felt - own), self.gain * (felt + own)

    @cached_property
    def weights(self) -> Array:
        """The stencil of an attempt, see `engine.occupation`."""
        return self.chain.attempt_weights(self.field)

    @cached_property
    def halves(self) -> tuple[Array, Array]:
        """Laws of the occupation numbers after a step, of the first classes and of the rest: (states, theirs) each."""
        from neurothermo.engine.occupation import up_counts

        lumping, split = self.chain.lumping, _middle(self.chain)
        couplings = np.ascontiguousarray(lumping.couplings)
        found = [np.ones((self.chain.states, 1)), np.ones((self.chain.states, 1))]
        for c in range(len(lumping.sizes)):
            law = up_counts(lumping.sizes, couplings, lumping.fields, self.gain, c)
            before = found[c >= split]
            found[c >= split] = (law[:, :, None] * before[:, None, :]).reshape(self.chain.states, -1)
        return found[0], found[1]

    def move(self, law: Array) -> None:
        """law <- T^N law (random order: a sweep's worth of attempts) or T law, in place; contiguous."""
        from neurothermo.engine.occupation import attempts_on_rows

        flat = law.reshape(-1)
        if self.parallel:
            first, rest = self.halves
            flat[:] = (rest.T @ (flat[:, None] * first)).ravel()
        else:
            attempts_on_rows(flat[None], self.chain.strides, self.weights, self.chain.system.size)

    def drift(self, law: Array, out: Array) -> None:
        """out <- T law - law, T that of `move`."""
        out[:] = law
        self.move(out)
        out -= law

    def deviation(self, law: Array) -> Array:
        """A change of law of no total probability, to the likeliest state and to its opposite."""
        change = -law
        likeliest = int(np.argmax(law))
        for share, place in ((0.65, likeliest), (0.35, law.size - 1 - likeliest)):
            change.reshape(-1)[place] += share
        return change

    def generator(self) -> Any:
        """N (T - 1) of random order, sparse, or T - 1 of parallel order, dense; shape (states, states)."""
        states, strides = self.chain.states, self.chain.strides
        if self.parallel:
            first, rest = self.halves
            return (rest[:, :, None] * first[:, None, :]).reshape(states, states).T - np.eye(states)
        from scipy.sparse import diags_array

        bands, offsets, left = [], [], np.zeros(states)
        for c, stride in enumerate(strides.tolist()):
            up, down = self.weights[1 + 2 * c, stride:], self.weights[2 + 2 * c, : states - stride]
            left[: states - stride] += up
            left[stride:] += down
            bands += [up, down]
            offsets += [-stride, stride]
        bands, offsets = [*bands, -left], [*offsets, 0]  # no probability is lost, to the last bit
        return self.chain.system.size * diags_array(bands, offsets=offsets, shape=(states, states), format="csc")


def lumped_tick(system: Any, rule: Any, temperature: Any, field: Any) -> LumpedTick | None:
    """The tick over occupation numbers; None where the states are to be enumerated.

    Lumping wants patterns, random or parallel order and one temperature, and is taken where there are much fewer
    occupation numbers than states, or too many states.

    Raises
    ------
    InputError
        If an argument is malformed, or there are too many states either way. Nothing large is allocated before.
    """
    system, rule = checked_system(system), checked_rule(rule)
    temperatures = np.atleast_1d(checked_temperatures(temperature, system.size))
    given = checked_field(field, system.size)
    if rule.order == "sequential" or system.patterns is None or np.ptp(temperatures) > 0:
        return None
    chain = lumped_chain(system, rule, float(temperatures[0]), given[None])
    if chain is None or (system.size <= LIMITS[rule.order] and chain.states * MUCH_SMALLER > 2**system.size):
        return None
    _refuse_large(chain)
    tick = LumpedTick(chain, given)
    with np.errstate(over="ignore", invalid="ignore"):
        largest = tick.gain * (np.abs(chain.lumping.couplings) @ chain.lumping.sizes + np.abs(chain.lumping.fields))
    if not np.all(np.isfinite(largest)):
        raise InputError("couplings, field and temperature must give log odds that a float can hold, got an overflow")
    return tick


def _middle(chain: LumpedChain) -> int:
    """How many classes to take first so that their numbers have about as many values as the others'."""
    values = np.cumprod(chain.counts.astype(float))
    return int(np.argmin(values + values[-1] / values)) + 1


def _refuse_large(chain: LumpedChain) -> None:
    size, sizes = chain.system.size, chain.lumping.sizes
    bits, classes = min(chain.lumping.bits, 500.0), len(sizes)
    states = 2.0**bits
    needed = 8 * states * (KEPT + 2 * classes)
    seconds = APPLICATIONS * size * states * (1 + 2 * classes) * PER_NEIGHBOUR
    if chain.rule.order == "parallel" and not chain.system.symmetric:
        needed += 16 * states * states ** max(0.5, np.log(sizes.max() + 1) / np.log(states))
        seconds = states * (APPLICATIONS * states * PER_PRODUCT + float((sizes.astype(float) ** 2).sum()) * PER_COUNT)
    limit = memory_limit()
    if needed > limit or seconds > MOST_SECONDS:
        raise InputError(
            f"N = {size} neurons have 2^{size} states, which patterns, thresholds and input lump to 2^{bits:.1f} "
            f"occupation numbers of {classes} classes: about {needed / 1e9:.3g} GB and {seconds / 3600:.2g} hours "
            f"(limits {limit / 1e9:.3g} GB and {MOST_SECONDS / 3600:.0f} hour); simulate this network instead"
        )
