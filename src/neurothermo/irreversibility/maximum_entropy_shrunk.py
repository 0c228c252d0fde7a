r"""How far a fit to some rows can be trusted on others: its parameters times a length c, chosen within the fitted rows.

.. math:: \Sigma \ge \langle c\, a - \ln Z_c + 1 - e^{-c\, a} / Z_c \rangle, \qquad a = \theta \cdot g

holds for any theta, c and Z_c, as long as none of them is from the rows that are averaged over. A transition that the
fitted rows hold in one direction only has a theta of which one event the other way round costs e^a: with sparse spikes
tens of nats. So theta is shrunk by the c that is best on rows which it was not fitted to, out of those that may be
looked at; c = 1 where there are enough events.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurothermo.core.checks import Array

LENGTHS = (1.0, 0.85, 0.7, 0.5, 0.35, 0.25, 0.125, 0.05, 0.01)
FEW_LENGTHS = (1.0, 0.7, 0.35, 0.01)  # with many events
EVIDENCE = 3.0  # standard errors above zero: with less, the shortest
SPLITS = 3  # thirds of the fitted rows, each valued by a fit to the two others
ENOUGH = 20_000  # events: with so many the last third will do, and few lengths
PER_THIRD = 16  # blocks, for the error
FEWEST = 50  # rows in which something changes: fewer say nothing about their order
NOTHING = (
    "Fits to some rows say nothing about others, and are shrunk to a hundredth: the bound is next to nothing, which is "
    "what a reversible process gives, and too few events. If few: pool units, take wider bins or fewer channels, or "
    "record longer."
)


@dataclass(frozen=True)
class Choice:
    """Which of some options, and how long its parameters may be.

    Parameters
    ----------
    option : int
    length : float
        0.01 to 1.
    """

    option: int
    length: float


def thirds(rows: int, events: float) -> list[tuple[int, int]]:
    """Which rows are valued, from .. to - 1, by a fit to all others: the last third first."""
    edges = np.linspace(0, rows, SPLITS + 1).astype(np.int64)
    found = [(int(edges[k]), int(edges[k + 1])) for k in range(SPLITS)][::-1]
    return found if events < ENOUGH else found[:1]


def lengths_for(events: float) -> tuple[float, ...]:
    """Which lengths are tried."""
    return LENGTHS if events < ENOUGH else FEW_LENGTHS


def best_of(values: Array, lengths: tuple[float, ...]) -> Choice:
    """The best option and length.

    Parameters
    ----------
    values : ndarray, shape (options, lengths, blocks)
        Sums of the terms over blocks of rows that were not fitted.
    lengths : tuple of float
        Which, the shortest last.
    """
    totals = np.nan_to_num(values.sum(axis=2), nan=-np.inf)
    option, place = (int(index) for index in np.unravel_index(np.argmax(totals), totals.shape))
    blocks = values[option, place]
    error = np.sqrt(len(blocks) / (len(blocks) - 1) * np.sum((blocks - blocks.mean()) ** 2))
    known = totals[option, place] > EVIDENCE * error
    return Choice(option, lengths[place] if known else lengths[-1])


def log_mean(exponents: Array) -> float:
    """ln <exp>, the largest exponent taken out first."""
    largest = float(exponents.max())
    return largest + float(np.log(np.mean(np.exp(exponents - largest))))


def terms_of(fitted: Array, others: Array, lengths: tuple[float, ...]) -> Array:
    """Sums of the terms over blocks of other rows, shape (lengths, blocks), from a = theta . g of both."""
    table = np.empty((len(lengths), PER_THIRD))
    cuts = np.linspace(0, len(others), PER_THIRD + 1).astype(np.int64)
    for row, length in zip(table, lengths, strict=True):
        normal = log_mean(-length * fitted)
        with np.errstate(over="ignore"):  # minus infinity is never the best
            terms = length * others - normal + 1 - np.exp(-length * others - normal)
        row[:] = np.diff(np.concatenate([[0.0], np.cumsum(terms)])[cuts])
    return table
