"""Propagation of the joint law of state and work. Only positive numbers are ever added."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.exact.driving import Drive
from neurothermo.exact.lumped import LumpedChain
from neurothermo.exact.work_lattice import WorkLattice

TINY = 1e-290  # smaller probabilities are dropped, before they become denormal and slow


def joint_law(drive: Drive, lattice: WorkLattice) -> tuple[float, Array, float]:
    """(least work, probabilities of the works from there on, variance that splitting between cells has added).

    As many works as can be reached. Lumped chains in random order go by the tiles of `engine.occupation_work`,
    other chains by rows, one a work.
    """
    if isinstance(drive.chain, LumpedChain) and drive.chain.rule.order == "random":
        return _by_tiles(drive, drive.chain.strides, lattice)
    return _by_rows(drive, lattice)


def _by_tiles(drive: Drive, strides: npt.NDArray[np.int64], lattice: WorkLattice) -> tuple[float, Array, float]:
    from neurothermo.engine.occupation_work import work_then_attempts

    start = drive.start()
    before, after = np.zeros((2, len(start), lattice.cells))
    before[:, 0] = start
    whole_strides = tuple(int(stride) for stride in strides)
    origin, filled, added = 0.0, 1, 0.0
    idle = np.zeros((len(start), 1 + 2 * len(strides)))
    for works, move in drive.works():
        least, whole, fractions = lattice.placed(works)
        added += _added(before[:, :filled].sum(axis=1), fractions) if not lattice.exact else 0.0
        origin += least
        filled = _reached(filled, whole, fractions, lattice.cells)
        weights, attempts = idle, 0
        if move is not None and isinstance(move.chain, LumpedChain):
            weights, attempts = np.ascontiguousarray(move.chain.attempt_weights(move.field).T), move.chain.attempts
        work_then_attempts(before, after, filled, whole, fractions, whole_strides, weights, attempts)
        before, after = after, before
    return origin, before[:, :filled].sum(axis=0), added * lattice.spacing**2


def _by_rows(drive: Drive, lattice: WorkLattice) -> tuple[float, Array, float]:
    start = drive.start()
    law = np.zeros((lattice.cells, len(start)))
    law[0] = start
    origin, filled, added = 0.0, 1, 0.0
    for works, move in drive.works():
        least, whole, fractions = lattice.placed(works)
        added += _added(law[:filled].sum(axis=0), fractions) if not lattice.exact else 0.0
        origin += least
        reached = _reached(filled, whole, fractions, lattice.cells)
        law = _shifted(law, filled, whole, fractions)
        filled = reached
        if move is not None:
            move.step(law[:filled])
        law[law < TINY] = 0.0
    return origin, law[:filled].sum(axis=1), added * lattice.spacing**2


def _shifted(law: Array, filled: int, whole: npt.NDArray[np.int64], fractions: Array) -> Array:
    """law (works, states) after every state gained its work."""
    after = np.zeros_like(law)
    for shift in np.unique(whole):
        here = whole == shift
        columns = law[:filled, here]
        after[shift : shift + filled, here] = (1 - fractions[here]) * columns
        if np.any(fractions[here]):
            after[shift + 1 : shift + 1 + filled, here] += fractions[here] * columns
    return after


def _reached(filled: int, whole: npt.NDArray[np.int64], fractions: Array, cells: int) -> int:
    """How many cells can be reached after a change."""
    return min(cells, filled + int(np.max(whole + (fractions > 0))))


def _added(law: Array, fractions: Array) -> float:
    """The variance, in cells squared, that splitting works between two cells adds."""
    return float(law @ (fractions * (1 - fractions)))
