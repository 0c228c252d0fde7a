"""Stationary laws and entropy production over occupation numbers: pattern networks of any size, one temperature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import nan
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_temperatures
from neurothermo.core.errors import InputError
from neurothermo.exact.direct import direct_fixed_point
from neurothermo.exact.law import checked_system
from neurothermo.exact.lumped import LumpedChain, lumped_chain
from neurothermo.exact.odds import LIMITS, checked_field, checked_rule
from neurothermo.exact.solver import FixedPoint, fixed_point
from neurothermo.exact.steady import StationaryLaw, metastable

MUCH_SMALLER = 64  # times fewer lumped states than 2^N: then lumping is taken though enumeration would do
DIRECT = {"random": 300_000, "parallel": 2_500}  # states that are solved for directly; random: of up to two classes
DIRECT_MANY = 3_000  # random order, more than two classes: a lattice of more dimensions fills its factors in
TOLERANCE = 1e-13  # residual asked of GMRES
WARM_UP = 4  # sweeps or steps before a solver starts
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


def lumped_law(tick: LumpedTick) -> StationaryLaw:
    r"""The law of occupation numbers that a tick keeps, :math:`\pi = T \pi`, shape (states,).

    Symmetric couplings have closed forms, as in `stationary_law`. Otherwise up to DIRECT states are solved for by
    elimination, whose factors then find the gap; more by restarted GMRES over sweeps or steps. A law that leaves the
    weights of metastable basins in doubt is NaN, with a sentence.
    """
    if tick.chain.system.symmetric:
        return _closed_form(tick)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):  # the same bits for any number of cores
        law = np.exp(tick.chain.lumping.log_multiplicities() - np.log(2.0) * tick.chain.system.size)
        for _ in range(WARM_UP):
            tick.move(law)
        method, solve = _solver(tick)
        solved = solve(law.reshape(tick.shape))
    figures = (solved.residual, solved.gap, solved.accuracy, solved.applications)
    if not solved.converged:
        return StationaryLaw(np.full(tick.chain.states, nan), method, *figures, metastable(solved))
    kept = np.maximum(solved.vector, 0.0).ravel()  # rounding may have made rare states negative
    return StationaryLaw(kept / kept.sum(), method, *figures)


def lumped_flow(law: Array, tick: LumpedTick) -> float:
    r"""Mean entropy flow of a tick, in nats: of the neurons' own moves, not of the numbers'.

    .. math:: f_{\mathrm{random}} = \frac1N \sum_c \langle (n_c - k_c)\, p(a_c^-)\, a_c^-
                                    - k_c\, p(-a_c^+)\, a_c^+ \rangle, \qquad
              f_{\mathrm{parallel}} = \tfrac12 \langle s' \cdot a(s) - s \cdot a(s') \rangle

    with p(a) = 1/(1 + e^-a) and a^+, a^- the log odds of a neuron that is up or down. The log ratio of the lumped
    kernel would add the change of ln multiplicity. Parallel order: of a law that is stationary, so that the means
    of ln cosh(a/2) before and after cancel, and s' only enters by its mean given s.
    """
    from scipy.special import expit

    lumping, means = tick.chain.lumping, []
    total = 0.0
    for c, size in enumerate(lumping.sizes.tolist()):
        ups, (high, low) = tick.ups(c), tick.odds(c)
        if not tick.parallel:
            total += law @ ((size - ups) * expit(low) * low - ups * expit(-high) * high)
            continue
        stay_up, stay_down = ups * np.tanh(high / 2), (size - ups) * np.tanh(low / 2)
        means.append(stay_up + stay_down)
        itself = tick.gain * lumping.couplings[c, c] * (stay_up - stay_down)
        given = tick.gain * lumping.fields[c] * (2 * ups - size)
        total += 0.5 * law @ (stay_up * high + stay_down * low + itself - given)
    if not tick.parallel:
        return float(total / tick.chain.system.size)
    for c, size in enumerate(lumping.sizes.tolist()):
        weighed = law * (2 * tick.ups(c) - size)
        total -= 0.5 * tick.gain * sum(k * (weighed @ mean) for k, mean in zip(lumping.couplings[c], means, strict=True))
    return float(total)


def _closed_form(tick: LumpedTick) -> StationaryLaw:
    """Boltzmann's law at temperature 2T/c, or Peretto's, times the multiplicity."""
    lumping = tick.chain.lumping
    logs = lumping.log_multiplicities()
    if tick.parallel:
        for c, size in enumerate(lumping.sizes.tolist()):
            ups, (high, low) = tick.ups(c), tick.odds(c)
            logs += 0.5 * tick.gain * lumping.fields[c] * (2 * ups - size)
            logs += ups * np.logaddexp(high / 2, -high / 2) + (size - ups) * np.logaddexp(low / 2, -low / 2)
    else:
        logs -= 0.5 * tick.gain * lumping.energies()
    law = np.exp(logs - logs.max())
    return StationaryLaw(law / law.sum(), f"closed form ({'Peretto' if tick.parallel else 'Boltzmann'})")


def _solver(tick: LumpedTick) -> tuple[str, Callable[[Array], FixedPoint]]:
    chain = tick.chain
    limit = DIRECT["random"] if not tick.parallel and len(chain.lumping.sizes) <= 2 else DIRECT_MANY
    if chain.states <= (DIRECT["parallel"] if tick.parallel else limit):
        return "elimination", lambda law: direct_fixed_point(tick.generator(), law.ravel(), tick.deviation)
    return "GMRES", lambda law: fixed_point(tick.drift, law, tick.deviation, TOLERANCE)


def _middle(chain: LumpedChain) -> int:
    """How many classes to take first so that their numbers have about as many values as the others'."""
    values = np.cumprod(chain.counts.astype(float))
    return int(np.argmin(values + values[-1] / values)) + 1


def _refuse_large(chain: LumpedChain) -> None:
    from neurothermo.exact.planning import memory_limit

    size, sizes = chain.system.size, chain.lumping.sizes
    bits, classes = min(chain.lumping.bits, 500.0), len(sizes)
    states = 2.0**bits
    needed, seconds = 8 * states * (KEPT + 2 * classes), APPLICATIONS * size * states * (1 + 2 * classes) * PER_NEIGHBOUR
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
