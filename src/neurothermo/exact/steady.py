"""The law that a rule of motion keeps, over all 2^N states, without a matrix; NaN where it cannot be known."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.exact.odds import LogOdds, linear
from neurothermo.exact.solver import FixedPoint, fixed_point
from neurothermo.exact.ticks import Tick, tick_of

TABLE_BYTES = 2**31  # of the tables of a densely coupled network under random order
UNSHARED = 64  # a sweep passes over a law so fast that threads would mostly wait for each other below 2^19 states
WARM_UP = 2  # sweeps before the solver: what decays fast goes cheaply


@dataclass(frozen=True, eq=False)
class StationaryLaw:
    r"""The law :math:`\pi = T \pi` of a rule, and how far it can be trusted. Made by `stationary_law`.

    Parameters
    ----------
    probabilities : array, shape (2^N,)
        Bit i of a state's number set: neuron i up. All NaN where the law could not be determined.
    method : str
    residual : float
        The sum of \|T pi - pi\| over states (random order: of a red-black sweep).
    gap : float
        By which fraction a sweep or step pulls the slowest deviation found back; NaN for a closed form.
    accuracy : float
        residual / gap: the estimated sum of \|pi - true pi\| over states.
    applications : int
        Of the matrix-free operator.
    sentence : str
        Why there is no law; empty where there is one.
    """

    probabilities: Array
    method: str
    residual: float = 0.0
    gap: float = nan
    accuracy: float = 0.0
    applications: int = 0
    sentence: str = ""

    @property
    def converged(self) -> bool:
        """Whether there is a law."""
        return not self.sentence


def stationary(system: Any, rule: Any, *, temperature: Any, field: Any = None) -> Array:
    r"""The probabilities of all states under the law that a rule keeps.

    .. math:: \pi = T \pi

    Parameters
    ----------
    system, rule, temperature, field
        As for `stationary_law`.

    Returns
    -------
    array, shape (2^N,)
        Bit i of a state's number set: neuron i up. All NaN where the law could not be determined, with a sentence
        in `stationary_law`, which also reports the residual.

    Raises
    ------
    InputError
        As `stationary_law` does.
    """
    return stationary_law(system, rule, temperature=temperature, field=field).probabilities


def stationary_law(system: Any, rule: Any, *, temperature: Any, field: Any = None) -> StationaryLaw:
    r"""The law that a rule keeps, with its residual and its accuracy.

    .. math:: \pi = T \pi, \qquad \|\pi - \pi^*\| \le \|T \pi - \pi\| / \gamma

    Symmetric couplings at one temperature have closed forms: Boltzmann's law for single-neuron updates (at
    temperature 2T/c for activation of steepness c), and Little's and Peretto's for parallel order. Otherwise the
    balance is solved by restarted GMRES, in random order on the states with an even number of neurons up, the
    others eliminated. The gap is estimated by following a deviation that favours one state; where it is so small
    that the weights of metastable basins cannot be told, there is no law and a sentence says so.

    Parameters
    ----------
    system : SpinNetwork
        Couplings symmetric or not.
    rule : Glauber
        Random order: the law of an attempt, whatever their number a step. Sequential order: the periodic law
        after a full step. Parallel order: after a step.
    temperature : float or array_like, shape (N,)
        One, or one for each neuron; energy units, > 0.
    field : array_like, shape (N,), optional
        The input I, in energy units; default 0.

    Raises
    ------
    InputError
        If the states or the tables do not fit in memory (`entropy_production` of a pattern network needs no law of
        all states), a step leaves neurons out, or an argument is malformed.

    References
    ----------
    Saad & Schultz, SIAM J. Sci. Stat. Comput. 7, 856 (1986); Little, Math. Biosci. 19, 101 (1974); Peretto,
    Biol. Cybern. 50, 51 (1984).
    """
    return law_of(tick_of(system, rule, temperature, field))


def law_of(tick: Tick) -> StationaryLaw:
    """The law that a tick keeps, as `stationary_law`."""
    if tick.odds.symmetric:
        return _closed_form(tick.odds, tick.rule.order == "parallel")
    from threadpoolctl import threadpool_limits

    from neurothermo.engine.butterfly import threads_for

    # BLAS on one thread: idle ones would spin against the kernels', and their number would show in the last bit
    with threads_for(2**tick.size // UNSHARED), threadpool_limits(1, user_api="blas"):
        return _random(tick.odds) if tick.rule.order == "random" else _stepped(tick)


def _closed_form(odds: LogOdds, parallel: bool) -> StationaryLaw:
    """exp(V K V / 4 + b V / 2), or exp(b V / 2) prod_i 2 cosh(a_i / 2): K and b those of the log odds."""
    logs = linear(0.5 * odds.base)
    if parallel:
        for site in range(odds.size):
            half = 0.5 * odds.of(site)
            logs += np.logaddexp(half, -half)
    else:
        for site in range(1, odds.size):  # pairs (site, j < site), half the states with neuron `site` up
            pairs = 0.5 * linear(odds.couplings[site, :site])
            halves = logs.reshape(-1, 2, len(pairs))
            halves[:, 0] -= pairs
            halves[:, 1] += pairs
    logs -= logs.max()
    law = np.exp(logs)
    law /= law.sum()
    return StationaryLaw(law, "closed form (Peretto)" if parallel else "closed form (Boltzmann)")


def _random(odds: LogOdds) -> StationaryLaw:
    from neurothermo.engine.red_black import halves_of, table_bytes

    needed = table_bytes(odds.couplings)
    if needed > TABLE_BYTES:
        raise InputError(
            f"the couplings of N = {odds.size} neurons need tables of {needed / 1e9:.3g} GB (limit "
            f"{TABLE_BYTES / 1e9:.3g} GB): use sparser couplings, fewer neurons, or simulate this network"
        )
    halves = halves_of(odds.couplings, odds.base)
    method = "red-black GMRES"
    if not halves.leavable:
        sentence = (
            "There is a state that is left with a probability below what a float can hold: raise the temperature."
        )
        return _unknown(odds.size, method, sentence)
    even = np.full(halves.other.shape, 1 / halves.other.size)
    for _ in range(WARM_UP):
        halves.sweep(even)
    solved = fixed_point(halves.drift, even, halves.deviation)
    if not solved.converged:
        return _unknown(odds.size, method, metastable(solved), solved)
    return _known(halves.law(solved.vector), method, solved)


def _stepped(tick: Tick) -> StationaryLaw:
    law = np.full(tick.shape, 0.5**tick.size)
    for _ in range(WARM_UP):
        tick.move(law.reshape(-1))
    solved = fixed_point(tick.drift, law, tick.deviation)
    if not solved.converged:
        return _unknown(tick.size, "GMRES", metastable(solved), solved)
    kept = np.maximum(solved.vector, 0.0).ravel()  # rounding may have made rare states negative
    tick.move(kept)
    return _known(kept / kept.sum(), "GMRES", solved)


def _known(law: Array, method: str, solved: FixedPoint) -> StationaryLaw:
    return StationaryLaw(law, method, solved.residual, solved.gap, solved.accuracy, solved.applications)


def _unknown(size: int, method: str, sentence: str, solved: FixedPoint | None = None) -> StationaryLaw:
    law = np.full(2**size, nan)
    if solved is None:
        return StationaryLaw(law, method, nan, nan, nan, 0, sentence)
    accuracy = solved.accuracy
    return StationaryLaw(law, method, solved.residual, solved.gap, accuracy, solved.applications, sentence)


def metastable(solved: FixedPoint) -> str:
    """The sentence of a law that could not be determined."""
    return (
        "The stationary law could not be determined: the slowest deviation found is pulled back by "
        f"{solved.gap:.1g} of itself a sweep, so that a residual of {solved.residual:.1g} leaves the weights of "
        f"metastable basins uncertain by about {min(solved.accuracy, 1):.1g}. Raise the temperature, or simulate "
        "from starts of your choice."
    )
