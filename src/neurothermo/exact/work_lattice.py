"""The lattice that works lie on: where every change of input is a whole number of one unit, or bins where not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array

BINS = 4096
DENOMINATOR = 64  # the unit is the smallest change of input over at most this
ROUNDING = 64 * np.finfo(float).eps  # of the largest input: changes that differ by less are equal


@dataclass(frozen=True, eq=False)
class WorkLattice:
    r"""Works :math:`W_j = \mathrm{origin} + j\,\mathrm{spacing}`, j = 0 .. cells - 1.

    A flip of neuron i changes the work of step t by 2 |dI_i|. Where all of these are whole multiples of one
    unit, so are all differences of work.

    Parameters
    ----------
    spacing : float
        In energy units; 0 where no input ever changes and every work is 0.
    cells : int
    exact : bool
        Whether works lie on it; if not, they are split between the nearest two cells.
    """

    spacing: float
    cells: int
    exact: bool = True

    @classmethod
    def of(cls, values: Array, bins: int | None = None) -> WorkLattice:
        """The lattice of a protocol's works, values (K + 1, N); bins over their whole range where there is none.

        bins : int, optional
            How many the range of works is cut into, instead of the lattice; default 4096 where there is none.
        """
        changes = 2 * np.abs(np.diff(values, axis=0))
        changes = changes[changes > ROUNDING * np.abs(values).max()]
        if not changes.size:
            return cls(0.0, 1)
        unit = _unit(changes, ROUNDING * float(np.abs(values).max()))
        if bins is None and unit is not None:
            return cls(unit, 1 + int(np.rint(changes / unit).sum()))
        ranges = 2 * np.abs(np.diff(values, axis=0)).sum(axis=1)
        spacing = float(ranges.sum()) / (BINS if bins is None else bins)
        return cls(spacing, 1 + int(np.ceil(ranges / spacing).sum()), exact=False)

    def placed(self, works: Array) -> tuple[float, npt.NDArray[np.int64], Array]:
        """(least, whole, fraction): works (states,) of one step are least + (whole + fraction) spacing."""
        least = float(works.min())
        cells = (works - least) / self.spacing if self.spacing else np.zeros_like(works)
        whole = np.rint(cells) if self.exact else np.floor(cells)
        fractions = np.zeros_like(works) if self.exact else cells - whole
        return least, whole.astype(np.int64), fractions


def _unit(changes: Array, tolerance: float) -> float | None:
    """The largest unit of which all changes are whole multiples, fitted to them; None where there is none."""
    ordered = np.unique(changes)
    distinct = ordered[np.concatenate([[True], np.diff(ordered) > tolerance])]
    for divisor in range(1, DENOMINATOR + 1):
        unit = distinct[0] / divisor
        multiples = np.rint(distinct / unit)
        allowed = tolerance * (1 + multiples)
        if allowed[-1] < 1e-3 * unit and np.all(np.abs(distinct - multiples * unit) <= allowed):
            return float(changes.sum() / np.rint(changes / unit).sum())
    return None
