"""The lattice that works lie on: where every change is a whole number of one unit, or bins where not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.protocols.protocol import Protocol

BINS = 4096
DENOMINATOR = 64  # the unit is the smallest change over at most this
ROUNDING = 64 * np.finfo(float).eps  # of the largest input or coupling: changes that differ by less are equal


@dataclass(frozen=True, eq=False)
class WorkLattice:
    r"""Works :math:`W_j = \mathrm{origin} + j\,\mathrm{spacing}`, j = 0 .. cells - 1.

    A flip of neuron i changes the work of step t by :math:`2 |d(I - U)_i + \sum_j dJ_{ij} V_j|`, J made symmetric.
    Where all 2 |dI_i| and 2 |dJ_ij| are whole multiples of one unit, so are all differences of work.

    Parameters
    ----------
    spacing : float
        In energy units; 0 where nothing ever changes and every work is 0.
    cells : int
        No works are farther apart; where couplings are driven, not so many can be reached.
    exact : bool
        Whether works lie on it; if not, they are split between the nearest two cells.
    """

    spacing: float
    cells: int
    exact: bool = True

    @classmethod
    def of(cls, protocol: Protocol, bins: int | None = None) -> WorkLattice:
        """The lattice of a protocol's works; bins over their whole range where there is none.

        bins : int, optional
            How many the range of works is cut into, instead of the lattice; default 4096 where there is none.
        """
        by_step, counts, largest = _changes(protocol)
        sizes = np.broadcast_to(counts, by_step.shape)
        differ = by_step > ROUNDING * largest
        changes, sizes = by_step[differ], sizes[differ]
        if not changes.size:
            return cls(0.0, 1)
        unit = _unit(changes, sizes, ROUNDING * largest)
        if bins is None and unit is not None:
            return cls(unit, 1 + int((sizes * np.rint(changes / unit)).sum()))
        ranges = by_step @ counts
        spacing = float(ranges.sum()) / (BINS if bins is None else bins)
        return cls(spacing, 1 + int(np.ceil(ranges / spacing).sum()), exact=False)

    def placed(self, works: Array) -> tuple[float, npt.NDArray[np.int64], Array]:
        """(least, whole, fraction): works (states,) of one step are least + (whole + fraction) spacing."""
        least = float(works.min())
        cells = (works - least) / self.spacing if self.spacing else np.zeros_like(works)
        whole = np.rint(cells) if self.exact else np.floor(cells)
        fractions = np.zeros_like(works) if self.exact else cells - whole
        return least, whole.astype(np.int64), fractions


def _changes(protocol: Protocol) -> tuple[Array, Array, float]:
    """(2 |dI| and 2 |dJ| of each step, how many neurons or pairs have each, the largest input or coupling)."""
    values = protocol.values
    if not protocol.networks:
        return 2 * np.abs(np.diff(values, axis=0)), np.ones(values.shape[1]), float(np.abs(values).max())
    rows, columns = np.triu_indices(protocol.size, 1)
    dense = [net.couplings.toarray() if net.sparse else net.couplings for net in protocol.networks]
    pairs = np.stack([0.5 * matrix[rows, columns] + 0.5 * matrix[columns, rows] for matrix in dense])
    pairs, counts = np.unique(pairs, axis=1, return_counts=True)
    thresholds = np.stack([net.thresholds for net in protocol.networks])
    net = np.diff(values - protocol.mixing @ thresholds, axis=0)
    changes = 2 * np.abs(np.hstack([net, np.diff(protocol.mixing, axis=0) @ pairs]))
    largest = np.abs(protocol.mixing).max() * max(np.abs(pairs).max(initial=0.0), np.abs(thresholds).max())
    return changes, np.append(np.ones(protocol.size), counts), float(max(np.abs(values).max(), largest))


def _unit(changes: Array, sizes: Array, tolerance: float) -> float | None:
    """The largest unit of which all changes are whole multiples, fitted to them; None where there is none."""
    ordered = np.unique(changes)
    distinct = ordered[np.concatenate([[True], np.diff(ordered) > tolerance])]
    for divisor in range(1, DENOMINATOR + 1):
        unit = distinct[0] / divisor
        multiples = np.rint(distinct / unit)
        allowed = tolerance * (1 + multiples)
        if allowed[-1] < 1e-3 * unit and np.all(np.abs(distinct - multiples * unit) <= allowed):
            return float((sizes * changes).sum() / (sizes * np.rint(changes / unit)).sum())
    return None
