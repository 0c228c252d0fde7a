"""Total entropy production as a sum of functions of the state along the way, for networks with an energy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.dynamics.glauber import Glauber
from neurothermo.exact.driving import Drive, Move, Request
from neurothermo.exact.lumping import Lumping


def has_potentials(request: Request) -> bool:
    """Whether every move has a `flow_potential` and the start is an equilibrium: an energy, and one temperature."""
    energetic = all(network.symmetric for network in request.protocol.networks or (request.system,))
    return energetic and request.initial == "equilibrium" and not isinstance(request.temperature, np.ndarray)


def entropies(drive: Drive) -> Iterator[tuple[Array, Move | None]]:
    r"""What every state adds to the total entropy production, in nats, and the move that follows; None at the end.

    .. math:: \Sigma = [\ln p_0 + \Phi_1](V_0) + \sum_{t=1}^{K-1} [\Phi_{t+1} - \Phi_t](V_t) - [\Phi_K + \ln p_1](V_K)

    because a move at value t from V to V' sends Phi_t(V) - Phi_t(V') into the bath: `flow_potential`, with the
    couplings and the temperature of the moment. For a single-site heat bath Phi = E/T, so that at one temperature
    Sigma = (W - dF)/T path by path.

    References
    ----------
    Seifert, Phys. Rev. Lett. 95, 040602 (2005), eq. 17; for parallel order Peretto, Biol. Cybern. 50, 51 (1984).
    """
    request = drive.request
    steps = request.protocol.steps
    given = request.initial_temperature
    at_first = _log_equilibrium(drive.lumping_at(0), request.temperature_at(0) if given is None else given)
    at_last = _log_equilibrium(drive.lumping_at(steps), request.temperature_at(steps))
    before = -at_first
    for step in range(steps) if request.protocol.relax_first else range(1, steps + 1):
        potential = flow_potential(drive.lumping_at(step), request.rule, request.temperature_at(step))
        yield potential - before, drive.move_at(step)
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


def _log_equilibrium(lumping: Lumping, temperature: float) -> Array:
    """ln p of one spin state of each lumped state."""
    logs = -lumping.energies() / temperature
    weights = lumping.log_multiplicities() + logs
    largest = weights.max()
    return np.asarray(logs - largest - np.log(np.exp(weights - largest).sum()))


def _log_cosh(x: Array) -> Array:
    """ln cosh x + ln 2, without overflow."""
    return np.asarray(np.logaddexp(x, -x))
