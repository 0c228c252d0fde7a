"""Reading a ledger: what a run of trials did, one row a trial, with the attributes that say how.

A ledger is an `xarray.Dataset` that `simulate` writes: `work` and `entropy_flow` always, `heat` and energies
where there is an energy. Estimators take ledgers or bare arrays; these few functions are how they read them.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, as_floats, checked_temperature
from neurothermo.core.errors import InputError


def is_ledger(data: Any) -> bool:
    """Whether `data` is a ledger and not an array."""
    xarray = sys.modules.get("xarray")  # a ledger cannot exist before xarray is imported
    return xarray is not None and isinstance(data, xarray.Dataset)


def column(ledger: Any, name: str) -> Array:
    """One quantity of every trial, shape (trials,).

    Raises
    ------
    InputError
        If the ledger does not hold it; for energies, with the reason.
    """
    if name not in ledger:
        reason = str(ledger.attrs.get("energy", ""))
        why = f": {reason}" if reason and name in ("heat", "energy_initial", "energy_final") else ""
        raise InputError(f"the ledger holds no {name}{why}")
    return as_floats(ledger[name].values, f"the ledger's {name}")


def works(data: Any, name: str = "work") -> Array:
    """The works of a ledger or an array, shape (trials,); not yet checked to be finite.

    Raises
    ------
    InputError
        If there are none, or they are not one number a trial.
    """
    if is_ledger(data):
        return column(data, "work")
    values = as_floats(data, name)
    if values.ndim != 1 or values.size == 0:
        raise InputError(f"{name} must hold one work a trial, shape (trials,), got shape {values.shape}")
    return values


def bath_temperature(*data: Any, temperature: Any = None) -> float:
    """The one temperature of these ledgers or arrays.

    Read from the ledgers; arrays need `temperature=`.

    Raises
    ------
    InputError
        If there is none, if ledgers disagree with each other or with `temperature`, or if neurons have
        temperatures of their own.
    """
    found: list[float] = [] if temperature is None else [checked_temperature(temperature)]
    for item in data:
        if is_ledger(item) and "temperatures" in item.attrs:
            raise InputError("the temperature was driven: there is no one kT and no free-energy difference")
        if is_ledger(item) and "temperature" in item.attrs:
            if np.ndim(item.attrs["temperature"]) > 0:
                raise InputError("each neuron has a temperature of its own: there is no one kT and no free energy")
            found.append(checked_temperature(item.attrs["temperature"]))
    if not found:
        raise InputError("temperature is needed: neither arrays of works nor these ledgers carry one")
    if any(abs(value - found[0]) > 1e-9 * found[0] for value in found):
        shown = " and ".join(f"{value:g}" for value in found)
        raise InputError(f"temperature must be the same everywhere, got {shown}")
    return found[0]


def check_has_energy(*data: Any) -> None:
    """Refuse ledgers of networks without an energy: they have no free energy.

    Raises
    ------
    InputError
        With the reason that the ledger gives.
    """
    for item in data:
        if is_ledger(item) and item.attrs.get("energy"):
            raise InputError(f"there is no free energy: {item.attrs['energy']}")


def start_of(data: Any) -> str:
    """What a ledger itself says against Boltzmann's law, at its start or as what its rule keeps; else nothing.

    A stationary start is equilibrium where the rule keeps Boltzmann's law: single-site heat baths, matched noise.
    """
    if not is_ledger(data):
        return ""
    rule, start = str(data.attrs.get("rule", "")), data.attrs.get("initial", "equilibrium")
    if data.attrs.get("keeps_not"):
        return str(data.attrs["keeps_not"])
    if '"order": "parallel"' in rule:
        return "parallel moves do not keep Boltzmann's law"
    if '"activation": "as-printed"' in rule:
        return "the activation as printed keeps Boltzmann's law at twice the temperature"
    if "initial_temperature" in data.attrs:
        return f"the trials started at another temperature, {data.attrs['initial_temperature']}"
    kept = '"activation": "heat-bath"' in rule or "keeps_not" in data.attrs
    return (
        ""
        if start == "equilibrium" or (start == "stationary" and kept)
        else f"the start was {start!r}, not equilibrium"
    )


def mismatch(forward: Any, reverse: Any, *, heat: bool = False) -> str:
    """Why `reverse` is not the time reverse of `forward`, in a sentence; empty where it is, or cannot be known.

    Works alone do not tell a reverse that works before it relaxes from the true one (docs/conventions.md);
    with `heat` that difference counts too.
    """
    if not (is_ledger(forward) and is_ledger(reverse)):
        return ""
    one, other = forward.attrs, reverse.attrs

    def differ(name: str, counterpart: str) -> bool:
        return name in one and counterpart in other and str(one[name]) != str(other[counterpart])

    if differ("system", "system"):
        return "the two ledgers are of different networks"
    if differ("protocol", "protocol_reversed"):
        return "the second ledger's protocol is not the first one's reversed (drive.reversed() gives it)"
    if differ("rule", "rule_reversed"):
        return "the second ledger's rule of motion is not the first one's reversed (rule.reversed() gives it)"
    if heat and "relax_first" in one and one["relax_first"] == other.get("relax_first"):
        return (
            "the second ledger works before it relaxes, as the first does: heat is not mirrored (use drive.reversed())"
        )
    return ""


def check_pair(forward: Any, reverse: Any) -> None:
    """Refuse a pair of ledgers that is not a process and its reverse.

    Raises
    ------
    InputError
        If the roles are swapped, or the second is not the reverse of the first.
    """
    if is_ledger(forward) and forward.attrs.get("direction") == "reverse":
        raise InputError("forward holds a ledger of direction 'reverse': the two ledgers are swapped")
    why = mismatch(forward, reverse)
    if why:
        raise InputError(f"reverse is not the reverse of forward: {why}")
