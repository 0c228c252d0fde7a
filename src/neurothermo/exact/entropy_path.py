"""Total entropy production as a sum of functions of the state along the way, for networks with an energy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.dynamics.glauber import Glauber
from neurothermo.exact.driving import Drive
from neurothermo.exact.lumped import LumpedChain
from neurothermo.exact.lumping import Lumping, singletons


def entropies(drive: Drive) -> Iterator[tuple[Array, Array | None]]:
    r"""What every state adds to the total entropy production, in nats, and the input to move at next; None at the end.

    .. math:: \Sigma = [\ln p_0 + \Phi_1](V_0) + \sum_{t=1}^{K-1} [\Phi_{t+1} - \Phi_t](V_t) - [\Phi_K + \ln p_1](V_K)

    because a move at input t from V to V' sends Phi_t(V) - Phi_t(V') into the bath: `flow_potential`. For a
    single-site heat bath Phi = E/T, so that Sigma = (W - dF)/T path by path.

    References
    ----------
    Seifert, Phys. Rev. Lett. 95, 040602 (2005), eq. 17; for parallel order Peretto, Biol. Cybern. 50, 51 (1984).
    """
    request = drive.request
    values = request.protocol.values
    moves = values[:-1] if request.protocol.relax_first else values[1:]
    at_first = _log_equilibrium(_lumping(drive, values[0]), request.initial_temperature)
    at_last = _log_equilibrium(_lumping(drive, values[-1]), request.temperature)
    before = -at_first
    for field in moves:
        potential = flow_potential(_lumping(drive, field), request.rule, request.temperature)
        yield potential - before, field
        before = potential
    yield -before - at_last, None


def flow_potential(lumping: Lumping, rule: Glauber, temperature: float) -> Array:
    r"""Phi in nats, shape (states,), of which a move at this input sends the decrease into the bath.

    .. math:: \Phi = \frac{c}{2T} E \ \text{(one site at a time)}, \qquad
              \Phi = -\frac{c}{2T} V \cdot (I - U) - \sum_i \ln \cosh \frac{c\,h_i}{2T} \ \text{(parallel)}
    """
    gain = rule.steepness / (2 * temperature)
    if rule.order != "parallel":
        return gain * lumping.energies()
    up = lumping.occupations(np.arange(lumping.states))
    magnetizations = 2.0 * up - lumping.sizes
    felt = magnetizations @ lumping.couplings.T + lumping.fields
    own = np.diag(lumping.couplings)
    cosines = up * _log_cosh(gain * (felt - own)) + (lumping.sizes - up) * _log_cosh(gain * (felt + own))
    return np.asarray(-gain * (magnetizations @ lumping.fields) - cosines.sum(axis=1))


def _lumping(drive: Drive, field: Array) -> Lumping:
    """The states of the drive's chain at an input, in its order."""
    if isinstance(drive.chain, LumpedChain):
        return replace(drive.chain.lumping, fields=drive.chain.class_fields(field))
    return singletons(drive.request.system, field)


def _log_equilibrium(lumping: Lumping, temperature: float) -> Array:
    """ln p of one spin state of each lumped state."""
    logs = -lumping.energies() / temperature
    weights = lumping.log_multiplicities() + logs
    largest = weights.max()
    return np.asarray(logs - largest - np.log(np.exp(weights - largest).sum()))


def _log_cosh(x: Array) -> Array:
    """ln cosh x + ln 2, without overflow."""
    return np.asarray(np.logaddexp(x, -x))
