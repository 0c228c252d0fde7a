"""Housekeeping and excess: what a driven trial paid to keep up a steady state, and what it paid to leave it."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.ledger import column, is_ledger
from neurothermo.dynamics import Glauber, rule_word
from neurothermo.protocols import Protocol, as_protocol
from neurothermo.systems import SpinNetwork


def split_flow(ledger: Any, system: SpinNetwork, protocol: Any, rule: Any = None, *, temperature: Any = None) -> Any:
    r"""Split the entropy flow of every recorded trial by the exact stationary laws.

    .. math:: \text{excess} = \sum_t \ln \frac{\pi_t(V_t)}{\pi_t(V_{t-1})}, \quad
              \text{housekeeping} = \text{flow} - \text{excess}, \quad
              Y = \sum_t \ln \frac{\pi_{t-1}(V)}{\pi_t(V)} \text{ at each change of input}

    with :math:`\pi_t` the stationary law of the rule at the input (couplings, temperature) of the moment. Where
    it is Boltzmann's, excess is the whole flow, housekeeping is zero and Y = (W - dF)/T.

    Parameters
    ----------
    ledger : xarray.Dataset
        Of ``simulate(system, protocol, rule, ..., record="states", every=1)``.
    system, protocol, rule, temperature
        Those of that run.

    Returns
    -------
    xarray.Dataset
        The ledger with `excess_flow`, `housekeeping_flow` and `hatano_sasa`, shape (trial,), in nats.

    Raises
    ------
    InputError
        If the ledger lacks the states of every step, is of another run, its order is sequential (its stationary law
        changes from site to site of a step), or a stationary law cannot be had exactly.

    References
    ----------
    Hatano and Sasa, Phys. Rev. Lett. 86, 3463 (2001); Speck and Seifert, J. Phys. A 38, L581 (2005).
    """
    rule = Glauber() if rule is None else rule
    protocol = as_protocol(protocol, system.size)
    _check_run(ledger, protocol, rule)
    numbers = (ledger["states"].values > 0) @ (1 << np.arange(system.size))  # (trial, time): bit i set, neuron i up
    potentials = _potentials(system, protocol, rule, temperature)
    excess, driven = np.zeros(numbers.shape[0]), np.zeros(numbers.shape[0])
    for step in range(1, protocol.steps + 1):
        before, after = numbers[:, step - 1], numbers[:, step]
        old, new = potentials[step - 1], potentials[step]
        moving = old if protocol.relax_first else new
        changed = after if protocol.relax_first else before
        excess += moving[before] - moving[after]
        driven += new[changed] - old[changed]
    flow = column(ledger, "entropy_flow")
    columns = {"excess_flow": excess, "housekeeping_flow": flow - excess, "hatano_sasa": driven}
    completed = ledger.assign({name: ("trial", values, {"units": "nats"}) for name, values in columns.items()})
    completed.attrs["start_is_stationary"] = int(_starts_stationary(ledger, rule))
    return completed


def _check_run(ledger: Any, protocol: Protocol, rule: Any) -> None:
    if not is_ledger(ledger) or "states" not in ledger or ledger.sizes["time"] != protocol.steps + 1:
        raise InputError("ledger must hold the states of every step: simulate(..., record='states', every=1)")
    if ledger.attrs.get("protocol") != protocol.digest or ledger.attrs.get("rule") != rule_word(rule):
        raise InputError("ledger is of another protocol or rule than those given")
    if not isinstance(rule, Glauber) or rule.order == "sequential":
        raise InputError("rule must be Glauber dynamics of random or parallel order to be split")


def _starts_stationary(ledger: Any, rule: Glauber) -> bool:
    """Whether equilibrium, where it was the start, is what the rule keeps."""
    kept = rule.order == "random" and rule.activation == "heat-bath"
    return bool(kept and ledger.attrs["initial"] == "equilibrium" and "initial_temperature" not in ledger.attrs)


def _potentials(system: SpinNetwork, protocol: Protocol, rule: Glauber, temperature: Any) -> list[Array]:
    """-ln pi of all states at every value of the protocol; values that repeat are solved once."""
    from neurothermo import exact

    found: dict[Any, Array] = {}
    potentials = []
    for step in range(protocol.steps + 1):
        network, bath = protocol.network_at(step, system), protocol.temperature_at(step, temperature)
        field = protocol.values[step]
        key = (network.digest, np.asarray(bath).tobytes(), field.tobytes())
        if key not in found:
            law = exact.stationary_law(network, rule, temperature=bath, field=field)
            if not law.converged:
                raise InputError(f"the stationary law at step {step} cannot be had: {law.sentence}")
            found[key] = -np.log(law.probabilities)
        potentials.append(found[key])
    return potentials
