"""The mean entropy flow of one tick of a rule's clock, and which neuron and which coupling carries it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.exact.ticks import Tick


@dataclass(frozen=True, eq=False)
class FlowParts:
    """Mean flow into the bath, in nats a tick.

    Parameters
    ----------
    neurons : array, shape (N,)
        Of each neuron's moves.
    inputs : array, shape (N,)
        The part of it that goes with the neuron's own input and threshold.
    pairs : array, shape (N, N), or None
        [i, j]: the part of neuron i's that goes with its coupling to j.
    """

    neurons: Array
    inputs: Array
    pairs: Array | None

    @property
    def total(self) -> float:
        """In nats a tick."""
        return float(self.neurons.sum())


def flow_parts(law: Array, tick: Tick, *, pairs: bool = False) -> FlowParts:
    r"""Mean flow of one attempt (random order), of a step's attempts in turn (sequential) or of a step (parallel).

    .. math:: f_i = -\langle r_i s_i a_i \rangle
                  = -\sum_j K_{ij} \langle r_i s_i s_j \rangle - b_i \langle r_i s_i \rangle, \qquad
              a_i = \sum_j K_{ij} s_j + b_i,

    r_i the probability that i, drawn anew, flips. law: (2^N,), before the tick.
    """
    from neurothermo.engine.flows import flip_moments

    if tick.rule.order == "parallel":
        return _parallel(law, tick, pairs)
    if tick.rule.order == "sequential":
        return _in_turn(law.copy(), tick, pairs)
    odds, size = tick.odds, tick.size
    flows, means, products = flip_moments(law, odds.couplings, odds.base, pairs=pairs)
    carried = None if products is None else -odds.couplings * products / size
    return FlowParts(flows / size, -odds.base * means / size, carried)


def _in_turn(law: Array, tick: Tick, pairs: bool) -> FlowParts:
    from neurothermo.engine.flows import flip_moments

    couplings, base = tick.odds.couplings, tick.odds.base
    neurons, inputs = np.zeros(tick.size), np.zeros(tick.size)
    carried = np.zeros((tick.size, tick.size)) if pairs else None
    for site in tick.sites:
        flows, means, products = flip_moments(law, couplings, base, [site], pairs=pairs)
        neurons[site] += flows[0]
        inputs[site] -= base[site] * means[0]
        if carried is not None:
            carried[site] -= couplings[site] * products[0]
        tick.draw(law, site)
    return FlowParts(neurons, inputs, carried)


def _parallel(law: Array, tick: Tick, pairs: bool) -> FlowParts:
    r"""flow = sum_i [s_i' a_i(s) - s_i a_i(s')]/2 - ln cosh(a_i(s)/2) + ln cosh(a_i(s')/2)."""
    from neurothermo.engine.flows import flip_moments

    odds = tick.odds
    flows, means, products = flip_moments(law, odds.couplings, odds.base, pairs=True, together=True)
    back = odds.couplings * products.T  # K_ij <s_i s_j'>
    after = law.copy()
    tick.move(after)
    neurons, before = np.empty(tick.size), np.empty(tick.size)
    for site in range(tick.size):
        half = 0.5 * odds.of(site)
        down, up = law.reshape(-1, 2, 1 << site).sum(axis=(0, 2))
        before[site] = up - down
        normal = (after - law) @ np.logaddexp(half, -half)
        neurons[site] = 0.5 * (-flows[site] - back[site].sum() - odds.base[site] * before[site]) + normal
    carried = 0.5 * (odds.couplings * products - back) if pairs else None
    return FlowParts(neurons, 0.5 * odds.base * (means - before), carried)
