"""The mean entropy flow of one tick of a rule's clock, and which neuron and which coupling carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.engine.flows import flip_moments
from neurothermo.exact.log_odds import LogOdds
from neurothermo.exact.stepping import Redraw, clock_move, sites_of


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


def flow_parts(law: Array, odds: LogOdds, rule: Any, *, pairs: bool = False) -> FlowParts:
    r"""Mean flow of one attempt (random order), of a step's attempts in turn (sequential) or of a step (parallel).

    .. math:: f_i = -\langle r_i s_i a_i \rangle
                  = -\sum_j K_{ij} \langle r_i s_i s_j \rangle - b_i \langle r_i s_i \rangle, \qquad
              a_i = \sum_j K_{ij} s_j + b_i,

    r_i the probability that i, drawn anew, flips. law: (2^N,), before the tick.
    """
    if rule.order == "random":
        flows, means, products = flip_moments(law, odds.couplings, odds.base, pairs=pairs)
        carried = None if products is None else -odds.couplings * products / odds.size
        return FlowParts(flows / odds.size, -odds.base * means / odds.size, carried)
    if rule.order == "parallel":
        return _parallel(law, odds, rule, pairs)
    return _in_turn(law.copy(), odds, rule, pairs)


def _in_turn(law: Array, odds: LogOdds, rule: Any, pairs: bool) -> FlowParts:
    neurons, inputs = np.zeros(odds.size), np.zeros(odds.size)
    carried = np.zeros((odds.size, odds.size)) if pairs else None
    for site in sites_of(rule, odds.size):
        flows, means, products = flip_moments(law, odds.couplings, odds.base, [site], pairs=pairs)
        neurons[site] += flows[0]
        inputs[site] -= odds.base[site] * means[0]
        if carried is not None:
            carried[site] -= odds.couplings[site] * products[0]
        Redraw.of(odds, site)(law)
    return FlowParts(neurons, inputs, carried)


def _parallel(law: Array, odds: LogOdds, rule: Any, pairs: bool) -> FlowParts:
    r"""flow = sum_i [s_i' a_i(s) - s_i a_i(s')]/2 - ln cosh(a_i(s)/2) + ln cosh(a_i(s')/2)."""
    flows, means, products = flip_moments(law, odds.couplings, odds.base, pairs=True, together=True)
    back = odds.couplings * products.T  # K_ij <s_i s_j'>
    change = -law
    after = law.copy()
    clock_move(rule, odds)(after)
    change += after
    neurons, magnetisation = np.empty(odds.size), np.empty(odds.size)
    for site in range(odds.size):
        half = 0.5 * odds.of(site)
        halves = law.reshape(-1, 2, 1 << site)
        magnetisation[site] = halves[:, 1].sum() - halves[:, 0].sum()
        normal = change @ np.logaddexp(half, -half)
        neurons[site] = 0.5 * (-flows[site] - back[site].sum() - odds.base[site] * magnetisation[site]) + normal
    carried = 0.5 * (odds.couplings * products - back) if pairs else None
    return FlowParts(neurons, 0.5 * odds.base * (means - magnetisation), carried)
