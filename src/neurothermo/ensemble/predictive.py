"""What driven trials know of their random input, from samples: lower bounds for networks of any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.ledger import is_ledger
from neurothermo.information.plug_in import checked_labels, conditional_information
from neurothermo.information.samples import estimate, rows


def predictive_information(
    ledger: Any, observable: Callable[[Any], Any], *, confidence: float = 0.95
) -> dict[str, Estimate]:
    r"""Memory, predictive power and nostalgia of an observable f of the state, from one sample a trial.

    .. math:: I(f(s_t); x_t), \qquad I(f(s_t); x_{t+1}), \qquad I(f(s_t); x_t | x_{t+1})

    None is above its value for the whole state (data processing; of the last, because :math:`s_t` depends on
    :math:`x_{t+1}` through :math:`x_t` alone), so that T times the last bounds the dissipated work of a step from
    below. From counts, with their bias taken off to first order.

    Parameters
    ----------
    ledger : xarray.Dataset
        Of ``simulate(system, random_signal(...), record="states")``: the last states recorded, and the last two labels
        of `outcome`. Enough steps that the start is forgotten.
    observable : callable
        f: rows of states, shape (trials, N), in; whole numbers, shape (trials,), out. Few different ones: four
        trials for each cell are the least.
    confidence : float
        Of the intervals, in (0, 1).

    Returns
    -------
    dict
        "memory", "prediction" and "nostalgia", in nats, each a lower bound.

    Raises
    ------
    InputError
        If the ledger holds no states or no labels, or the observable gives no whole numbers.

    References
    ----------
    Still, Sivak, Bell and Crooks, Phys. Rev. Lett. 109, 120604 (2012); Panzeri and Treves, Network 7, 87 (1996).
    """
    confidence = checked_fraction(confidence, "confidence")
    if not is_ledger(ledger) or "outcome" not in ledger or ledger["outcome"].ndim != 2:
        raise InputError("ledger must be of a run driven by random_signal(...): its outcome holds the labels of inputs")
    if "states" not in ledger:
        raise InputError("ledger holds no states: simulate with record='states'")
    seen = checked_labels(observable(ledger["states"].values[:, -1]), "observable(states)")
    paths = ledger["outcome"].values.astype(np.int64)
    if seen.shape != (len(paths),):
        raise InputError(f"observable must give one whole number a trial, shape ({len(paths)},), got {seen.shape}")
    now, after, nothing = rows(paths[:, -2]), rows(paths[:, -1]), np.zeros(len(paths), dtype=np.int64)
    found = {
        "memory": conditional_information(seen, now, nothing),
        "prediction": conditional_information(seen, after, nothing),
        "nostalgia": conditional_information(seen, now, after),
    }
    return {
        name: replace(estimate(counted, confidence, "nats", "plug-in, bias taken off"), kind="lower bound")
        for name, counted in found.items()
    }
