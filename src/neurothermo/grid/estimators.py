"""What a scan can be asked for at every point, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import isfinite, sqrt
from typing import Any

import numpy as np

from neurothermo import free_energy
from neurothermo.core.checks import shown
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.core.pieces import column_in_pieces, merged, moments
from neurothermo.core.resampling import quantile
from neurothermo.ensemble import entropy_production

TWO_SIDED = ("bar", "crossing")


def mean(name: str, ledger: Any, _reverse: Any = None) -> Estimate:
    """The mean of a column over trials, and its standard error.

    Raises
    ------
    InputError
        If the ledger does not hold it.
    """
    values = column_in_pieces(ledger, name)
    units = str(ledger[name].attrs.get("units", ""))
    fields: dict[str, Any] = {"n": values.size, "units": units, "method": f"mean {name.replace('_', ' ')}"}
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite makes the mean so
        found = merged(moments(piece) for piece in values.pieces())
    if values.size < 2 or not isfinite(found.mean):
        return no_estimate("There are fewer than two trials, or some are NaN or infinite.", **fields)
    stderr = sqrt(found.sample_variance / values.size)
    reach = quantile(0.95) * stderr
    return Estimate(found.mean, stderr, (found.mean - reach, found.mean + reach), ess=float(values.size), **fields)


def _one_sided(method: Callable[..., Estimate], ledger: Any, _reverse: Any = None) -> Estimate:
    return method(ledger)


ESTIMATORS: dict[str, Callable[..., Estimate]] = {
    "bar": free_energy.bar,
    "crossing": free_energy.crossing,
    "jarzynski": partial(_one_sided, free_energy.jarzynski),
    "cumulant": partial(_one_sided, free_energy.cumulant),
    "entropy_production": partial(_one_sided, entropy_production),
    "work": partial(mean, "work"),
    "heat": partial(mean, "heat"),
    "entropy_flow": partial(mean, "entropy_flow"),
}


def named(name: str) -> Callable[..., Estimate]:
    """An estimator by its name.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in ESTIMATORS:
        raise InputError(f"estimator must be one of {', '.join(ESTIMATORS)}, got {shown(name)}")
    return ESTIMATORS[name]
