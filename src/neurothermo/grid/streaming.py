"""Estimates of a scan by name: the estimators read long ledgers in pieces themselves."""

from __future__ import annotations

from typing import Any

from neurothermo.core.estimate import Estimate
from neurothermo.core.pieces import AT_ONCE, PIECE
from neurothermo.grid.estimators import named

__all__ = ["AT_ONCE", "PIECE", "estimate"]


def estimate(name: str, ledger: Any, reverse: Any = None) -> Estimate:
    """An estimator of a scan at one point, whatever the number of trials.

    Raises
    ------
    InputError
        If the estimator is unknown, or the ledger does not serve it.
    """
    return named(name)(*(side for side in (ledger, reverse) if side is not None))
