"""The ledger: what a run of trials did, one row a trial, and everything needed to say what was run."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from neurothermo.core.estimate import ENERGY, NATS
from neurothermo.core.plain import plain
from neurothermo.core.randomness import digest
from neurothermo.core.version import __version__
from neurothermo.dynamics import Glauber, rule_word

UNITS = {
    "work": ENERGY,
    "heat": ENERGY,
    "entropy_flow": NATS,
    "energy_initial": ENERGY,
    "energy_final": ENERGY,
    "log_law_initial": NATS,
    "log_law_final": NATS,
    "work_steps": ENERGY,
    "flow_steps": NATS,
    "energies": ENERGY,
}

MEANINGS = {
    "work": "work done on the network by the input",
    "heat": "heat absorbed by the network from the bath",
    "entropy_flow": "entropy that flowed into the bath",
    "energy_initial": "energy at the first input",
    "energy_final": "energy at the last input",
    "log_law_initial": "ln p0(x_0), the law the trials were drawn from",
    "log_law_final": "ln p1(x_K), Boltzmann's (without an energy the stationary) law at the last input",
    "work_steps": "work since the record before",
    "flow_steps": "entropy flow since the record before",
    "energies": "energy at the input of the time",
    "overlaps": "mean over neurons of pattern times state",
    "states": "state of each neuron",
}


def build(variables: dict[str, Any], coordinates: dict[str, Any], attributes: dict[str, Any]) -> Any:
    """An xarray.Dataset of one-dimensional or recorded variables, with units and meanings."""
    import xarray

    ledger = xarray.Dataset(
        {name: value if isinstance(value, tuple) else (("trial",), value) for name, value in variables.items()},
        coords=coordinates,
        attrs=attributes,
    )
    for name, variable in ledger.data_vars.items():
        variable.attrs["units"] = UNITS.get(str(name), "1")
        variable.attrs["long_name"] = MEANINGS[str(name)]
    return ledger


def attributes(
    system: Any, protocol: Any, rule: Any, temperature: Any, law: Any, run: str, kernel: str, options: dict[str, Any]
) -> dict[str, Any]:
    """What a ledger says of itself: words and numbers only, so that NetCDF holds them as they are."""
    clock, ticks = rule.clock(system.size) if isinstance(rule, Glauber) else ("step", 1.0)
    held = not protocol.drives_more and bool(np.all(protocol.values == protocol.values[0]))
    found: dict[str, Any] = {
        "direction": protocol.direction,
        "relax_first": int(protocol.relax_first),
        "protocol": protocol.digest,
        "protocol_reversed": protocol.reversed().digest,
        "rule": rule_word(rule),
        "rule_reversed": rule_word(rule.reversed()),
        "system": digest(*sorted(one.digest for one in protocol.networks)) if protocol.networks else system.digest,
        "clock": clock,
        "ticks": ticks * protocol.steps,
        "input_held": int(held),
        "initial": law.name,
        "energy": system.why_no_energy,
        "seed": options["seed"],
        "run": run,
        "kernel": kernel,
        "version": __version__,
        **law.attributes,
    }
    if protocol.temperatures is not None:
        found["temperatures"] = np.asarray(protocol.temperatures)
    else:
        found["temperature"] = np.asarray(temperature, dtype=float) if np.ndim(temperature) else float(temperature)
    if options["initial_temperature"] is not None:
        found["initial_temperature"] = float(options["initial_temperature"])
    said = {"system": repr(system), "protocol": repr(protocol), "rule": rule_word(rule), **options}
    found["configuration"] = json.dumps({name: plain(value) for name, value in said.items()}, default=repr)
    return found
