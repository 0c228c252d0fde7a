"""The ledger: what a run of trials did, one row a trial, and everything needed to say what was run."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from neurothermo.core.estimate import ENERGY, NATS
from neurothermo.core.plain import plain
from neurothermo.core.randomness import digest
from neurothermo.core.version import __version__
from neurothermo.ensemble.setup import Setup
from neurothermo.systems.continuous import is_continuous

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
    "shadow_work": ENERGY,
    "information": NATS,
    "free_energy_change": ENERGY,
}

MEANINGS = {
    "work": "work done on the network by the input",
    "heat": "heat absorbed by the network from the bath",
    "entropy_flow": "entropy that flowed into the bath",
    "energy_initial": "energy at the first input",
    "energy_final": "energy at the last input",
    "log_law_initial": "ln p0(x_0), the law the trials were drawn from",
    "log_law_final": "ln p1(x_K), of a normalised law at the last input: Boltzmann's, the stationary, or the given one",
    "work_steps": "work since the record before",
    "flow_steps": "entropy flow since the record before",
    "energies": "energy at the input of the time",
    "overlaps": "mean over neurons of pattern times state",
    "states": "state of each neuron",
    "activities": "what the input couples to",
    "shadow_work": "T flow + heat: what the discrete step hides from the first law",
    "outcome": "what the measurement gave",
    "information": "ln p(y|x) / p(y), what the outcome said of the state",
    "free_energy_change": "F at the trial's own last input minus F at the first",
}

NO_FLOW = (
    "none: some variables move without noise, a path of theirs has no log ratio with its reverse, and entropy_flow "
    "is NaN; work does not need it"
)


def build(variables: dict[str, Any], coordinates: dict[str, Any], attributes: dict[str, Any]) -> Any:
    """An xarray.Dataset of one-dimensional or recorded variables, with units and meanings."""
    import xarray

    ledger = xarray.Dataset(
        {name: value if isinstance(value, tuple) else (("trial",), value) for name, value in variables.items()},
        coords=coordinates,
        attrs=attributes,
    )
    for name, variable in ledger.data_vars.items():
        variable.attrs["units"], variable.attrs["long_name"] = _said_of(str(name))
    return ledger


def _said_of(name: str) -> tuple[str, str]:
    """Units and meaning of a variable; flow_<part> is the share of one part of the system."""
    if name in MEANINGS:
        return UNITS.get(name, "1"), MEANINGS[name]
    return NATS, f"entropy that flowed into the bath from the {name.removeprefix('flow_')}"


def attributes(setup: Setup, law: Any, run: str, options: dict[str, Any]) -> dict[str, Any]:
    """What a ledger says of itself: words and numbers only, so that NetCDF holds them as they are."""
    protocol, (clock, ticks) = setup.protocol, setup.clock
    held = not protocol.drives_more and bool(np.all(protocol.values == protocol.values[0]))
    networks = protocol.networks
    found: dict[str, Any] = {
        "direction": protocol.direction,
        "relax_first": int(protocol.relax_first),
        "protocol": protocol.digest,
        "protocol_reversed": protocol.reversed().digest,
        "rule": setup.word,
        "rule_reversed": setup.word_reversed,
        "system": digest(*sorted(one.digest for one in networks)) if networks else setup.first.digest,
        "clock": clock,
        "ticks": ticks * protocol.steps,
        "input_held": int(held),
        "initial": law.name,
        "energy": setup.first.why_no_energy,
        "seed": options["seed"],
        "run": run,
        "kernel": setup.driver.kernel,
        "version": __version__,
        **{name: value for name, value in setup.attributes.items() if name != "system_digest"},
        **law.attributes,
    }
    if "flow" in found and setup.driver.flow_of_heat is None and is_continuous(setup.first):
        found["flow"] = NO_FLOW if np.any(setup.first.noise == 0) else found["flow"]
    if protocol.temperatures is not None:
        found["temperatures"] = np.asarray(protocol.temperatures)
    else:
        bath = setup.temperature
        found["temperature"] = np.asarray(bath, dtype=float) if np.ndim(bath) else float(bath)
    if options["initial_temperature"] is not None:
        found["initial_temperature"] = float(options["initial_temperature"])
    said = {"system": repr(setup.first), "protocol": repr(protocol), "rule": setup.word, **options}
    found["configuration"] = json.dumps({name: plain(value) for name, value in said.items()}, default=repr)
    return found
