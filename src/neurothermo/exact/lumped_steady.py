"""Stationary laws and entropy flow over occupation numbers: pattern networks of any size, at one temperature."""

from __future__ import annotations

from collections.abc import Callable
from math import nan

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.exact.direct import direct_fixed_point
from neurothermo.exact.lumped_ticks import LumpedTick
from neurothermo.exact.solver import FixedPoint, fixed_point
from neurothermo.exact.steady import StationaryLaw, metastable

DIRECT = {"random": 300_000, "parallel": 2_500}  # states that are solved for directly; random: of up to two classes
DIRECT_MANY = 3_000  # random order, more than two classes: a lattice of more dimensions fills its factors in
TOLERANCE = 1e-13  # residual asked of GMRES
WARM_UP = 4  # sweeps or steps before a solver starts


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
        for coupling, mean in zip(lumping.couplings[c], means, strict=True):
            total -= 0.5 * tick.gain * coupling * (weighed @ mean)
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
