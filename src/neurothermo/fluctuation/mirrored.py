"""Forward trials and reverse ones played backwards, in one sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.ledger import column, is_ledger, works
from neurothermo.fluctuation.logistic import LARGEST


@dataclass(frozen=True)
class Mirrored:
    """Every trial as the forward process would have seen it: reverse works and heats have changed sign.

    Parameters
    ----------
    work : array, shape (n_F + n_R,)
        In units of kT.
    heat : array, shape (n_F + n_R,), or None
        In units of kT; None where it is not looked at.
    forward : array of 0/1, shape (n_F + n_R,)
        1 for a forward trial.
    kT : float
        In energy units.
    """

    work: Array
    heat: Array | None
    forward: Array
    kT: float

    @property
    def sizes(self) -> tuple[int, int]:
        """n_F and n_R."""
        count = int(np.sum(self.forward))
        return count, self.forward.size - count

    @property
    def sides(self) -> tuple[Array, Array]:
        """Works of the forward trials, and mirrored works of the reverse ones."""
        return self.work[self.forward == 1], self.work[self.forward == 0]

    @property
    def bad(self) -> int:
        """How many works and heats are NaN, infinite or so large that their powers are."""
        unreadable = np.sum(~(np.abs(self.work) <= LARGEST))
        return int(unreadable if self.heat is None else unreadable + np.sum(~(np.abs(self.heat) <= LARGEST)))

    @property
    def rounding(self) -> float:
        """Differences of works below this are rounding."""
        return 1e-9 * (1 + float(np.max(np.abs(self.work))))


def mirrored(forward: Any, reverse: Any, kT: float, *, heat: bool) -> Mirrored:
    """Pool two ledgers or two arrays of works.

    Raises
    ------
    InputError
        If there are no works, or heat is asked of arrays or of a ledger that has none.
    """
    if heat and not (is_ledger(forward) and is_ledger(reverse)):
        raise InputError("heat=True needs two ledgers: arrays of works carry no heat")
    one, other = works(forward, "forward"), works(reverse, "reverse")
    outcomes = np.concatenate([np.ones(one.size), np.zeros(other.size)])
    with np.errstate(over="ignore"):  # counted as infinite
        heats = np.concatenate([column(forward, "heat"), -column(reverse, "heat")]) / kT if heat else None
        return Mirrored(np.concatenate([one, -other]) / kT, heats, outcomes, kT)
