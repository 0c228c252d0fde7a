"""Equilibrium thermodynamics without sampling: partition sum, free energy, energy and entropy."""

from __future__ import annotations

from math import exp, nan
from typing import Any

from neurothermo.core.errors import InputError
from neurothermo.core.estimate import ENERGY, NATS, Estimate
from neurothermo.exact.law import BoltzmannLaw, boltzmann_law, checked_system
from neurothermo.protocols.protocol import as_protocol
from neurothermo.systems.spins import SpinNetwork

LOG_RANGE = 708.0  # exp() of more overflows, and of less than minus this loses digits
ROUNDED = 1e-6  # rounding of the energies, over the temperature, from which a result carries a warning


def partition(system: SpinNetwork, *, temperature: Any, field: Any = None) -> Estimate:
    r"""The partition sum.

    .. math:: Z = \sum_V e^{-E(V, I)/T}

    Parameters
    ----------
    system : SpinNetwork
        With symmetric couplings; N <= 20, or with few patterns.
    temperature : float
        T, in energy units, > 0.
    field : array_like, shape (N,), optional
        The input I, in energy units; default 0.

    Returns
    -------
    Estimate
        Exact; ``details["log"]`` is ln Z. NaN where Z itself does not fit in a float.

    Raises
    ------
    InputError
        As `boltzmann_law` does.
    """
    law = boltzmann_law(system, temperature=temperature, field=field)
    log = law.log_partition
    if abs(log) > LOG_RANGE:
        sentence = f"Z = exp({log:.10g}) does not fit in a float: use its logarithm, details['log']."
        return _exact(nan, "", law, (sentence,), log=log)
    return _exact(exp(log), "", law, log=log)


def free_energy(system: SpinNetwork, *, temperature: Any, field: Any = None) -> Estimate:
    r"""The equilibrium free energy, in energy units.

    .. math:: F = -T \ln Z = \langle E \rangle - T S

    Parameters
    ----------
    system, temperature, field
        As for `partition`.

    Raises
    ------
    InputError
        As `boltzmann_law` does.
    """
    law = boltzmann_law(system, temperature=temperature, field=field)
    return _exact(law.free_energy, ENERGY, law, log_partition=law.log_partition)


def mean_energy(system: SpinNetwork, *, temperature: Any, field: Any = None) -> Estimate:
    r"""The equilibrium mean of the energy, in energy units.

    .. math:: \langle E \rangle = \sum_V p(V) E(V, I)

    Parameters
    ----------
    system, temperature, field
        As for `partition`.

    Raises
    ------
    InputError
        As `boltzmann_law` does.
    """
    law = boltzmann_law(system, temperature=temperature, field=field)
    return _exact(law.mean_energy, ENERGY, law, ground=law.ground)


def entropy(system: SpinNetwork, *, temperature: Any, field: Any = None) -> Estimate:
    r"""The equilibrium entropy, in nats.

    .. math:: S = -\sum_V p(V) \ln p(V) = (\langle E \rangle - F)/T

    Parameters
    ----------
    system, temperature, field
        As for `partition`.

    Raises
    ------
    InputError
        As `boltzmann_law` does.
    """
    law = boltzmann_law(system, temperature=temperature, field=field)
    return _exact(law.entropy, NATS, law)


def free_energy_difference(system: SpinNetwork, protocol: Any, *, temperature: Any) -> Estimate:
    r"""How much free energy a protocol adds between its first input and its last, in energy units.

    .. math:: \Delta F = F(I_K) - F(I_0)

    Parameters
    ----------
    system : SpinNetwork
        As for `partition`.
    protocol : Protocol or array_like, shape (K + 1, N)
        Only its first and last values matter; where it drives the couplings, also its first and last network.
    temperature : float
        T, in energy units, > 0.

    Returns
    -------
    Estimate
        Exact; ``details["first"]`` and ``details["last"]`` are the two free energies.

    Raises
    ------
    InputError
        If the protocol does not drive the network's N neurons or drives the temperature, and as `boltzmann_law`
        does.

    References
    ----------
    Chen, arXiv 2012.13252, eq. 1.
    """
    protocol = as_protocol(protocol, checked_system(system).size)
    if protocol.temperatures is not None:
        raise InputError("protocol drives the temperature: no work measures a free-energy difference between two baths")
    networks = (protocol.network_at(step, system) for step in (0, protocol.steps))
    fields = (protocol.values[0], protocol.values[-1])
    first, last = (
        boltzmann_law(network, temperature=temperature, field=field)
        for network, field in zip(networks, fields, strict=True)
    )
    value = last.ground - first.ground - first.temperature * (last.log_sum - first.log_sum)
    larger = max(first, last, key=lambda law: law.states)
    return _exact(value, ENERGY, larger, first=first.free_energy, last=last.free_energy)


def _exact(value: float, units: str, law: BoltzmannLaw, sentences: tuple[str, ...] = (), **details: Any) -> Estimate:
    enumeration = f"enumeration of 2^{law.system.size} states"
    method = enumeration if law.route == "enumerated" else f"lumped, {law.states} states"
    if law.rounding > ROUNDED * law.temperature:
        sentences += (
            f"Energies are rounded at {law.rounding:.1g}, or {law.rounding / law.temperature:.1g} of the "
            "temperature: the weights of states of nearly equal energy are known no better.",
        )
    return Estimate(
        value,
        stderr=0.0,
        interval=(value, value),
        units=units,
        temperature=law.temperature,
        method=method,
        kind="exact",
        diagnostics=sentences,
        details={"route": law.route, "states": law.states, "rounding": law.rounding, **details},
    )
