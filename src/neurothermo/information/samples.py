"""Entropy, mutual information and transfer entropy from samples, with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, as_floats, checked_choice, checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate, no_estimate
from neurothermo.core.resampling import quantile
from neurothermo.information.nearest import kraskov
from neurothermo.information.plug_in import (
    Counted,
    Labels,
    checked_labels,
    conditional_information,
    scatter,
    words,
)

METHODS = ("kraskov", "plug-in")
BLOCKS = 10  # into which samples are cut to see how estimates from them scatter
LEAST_IN_BLOCK = 25
LEAST_IN_CELL = 4  # samples a cell, on average: below, the first order of the bias is not the bias
REPEATED = 0.05  # of the values: beyond, they are no real numbers


def entropy(x: Any, *, confidence: float = 0.95) -> Estimate:
    r"""Entropy of whole numbers, corrected for its bias.

    .. math:: H = -\sum_x \frac{n_x}{n} \ln \frac{n_x}{n} + \frac{K - 1}{2n}

    Parameters
    ----------
    x : array_like of int, shape (n,) or (n, m)
        Independent samples: labels, or words of m labels.
    confidence : float
        Of the interval, in (0, 1).

    Returns
    -------
    Estimate
        In nats; ``details`` has the `plug_in` value and its `bias`. NaN with fewer than four samples for each of the K
        symbols that occur.

    Raises
    ------
    InputError
        If x holds no whole numbers.

    References
    ----------
    Miller, in Information Theory in Psychology, p. 95 (1955).
    """
    labels, confidence = rows(checked_labels(x, "x")), checked_fraction(confidence, "confidence")
    found = conditional_information(labels, labels, np.zeros_like(labels))  # I(X; X) = H, and its d = 1 - K
    return estimate(found, confidence, "nats", "plug-in, Miller-Madow")


def mutual_information(x: Any, y: Any, *, method: str, neighbours: int = 3, confidence: float = 0.95) -> Estimate:
    r"""Mutual information of two sampled variables.

    "plug-in", of whole numbers, with the bias taken off to first order; K are numbers of cells that occur:

    .. math:: I = \sum_{xy} \frac{n_{xy}}{n} \ln \frac{n_{xy}\, n}{n_x n_y} - \frac{K_{xy} - K_x - K_y + 1}{2n}

    Its samples must be independent. The interval is normal, from the variance of the summand's logarithm and the
    second order :math:`d/2n^2` that is left where there is no information; ``p_value`` is that of independence, from
    :math:`\chi^2_d`. It may come out below zero by its error.

    "kraskov", of real numbers, from distances to the k-th neighbour (`nearest.kraskov`) after each variable has been
    made normal by its ranks, so that the answer does not depend on the variables' scales. The samples are cut into ten
    blocks in a row, whose estimates scatter ten times as much in variance: Student's interval, with 9 degrees of
    freedom. Of pairs of Gaussians the nominal 95 % cover 91 to 95 % (400 to 2000 samples). Blocks in a row keep it
    honest for samples that depend on each other over much less than a block (do not sort them). It needs densities
    that vary little within a neighbourhood: beyond about 3 nats, or in many dimensions, it is far too low unless
    samples are very many; the diagnostics say so where the blocks' mean differs from the whole.

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, m)
        Samples of both, row by row; of whole numbers for "plug-in".
    method : str
        "kraskov" or "plug-in".
    neighbours : int
        k, for "kraskov".
    confidence : float
        Of the interval, in (0, 1).

    Returns
    -------
    Estimate
        In nats. NaN with fewer than four samples for each occupied cell (plug-in), fewer than 25 or 4 k samples a
        block, or samples that coincide ("kraskov").

    Raises
    ------
    InputError
        If there are not as many of either, they are not of the kind the method takes, or one does not vary.

    References
    ----------
    Kraskov, Stoegbauer, Grassberger, Phys. Rev. E 69, 066138 (2004), eq. 8; Holmes, Nemenman, Phys. Rev. E 100, 022404
    (2019): the error from blocks; Panzeri, Treves, Network 7, 87 (1996): the bias.
    """
    method, confidence = checked_choice(method, "method", METHODS), checked_fraction(confidence, "confidence")
    if method == "kraskov":
        return by_neighbours(x, y, checked_count(neighbours, "neighbours"), confidence)
    first, second = rows(checked_labels(x, "x")), rows(checked_labels(y, "y"))
    if first.shape != second.shape:
        raise InputError(f"y must have as many samples as x, {len(first)}, got {len(second)}")
    found = conditional_information(first, second, np.zeros_like(first))
    return estimate(found, confidence, "nats", "plug-in, Panzeri-Treves")


def transfer_entropy(
    source: Any, target: Any, *, history: int = 1, source_history: int = 1, confidence: float = 0.95
) -> Estimate:
    r"""What the source's past says about the target's next symbol beyond the target's own past.

    .. math:: T_{x \to y} = I(y_{t+1}; x_t \dots x_{t-l+1} \mid y_t \dots y_{t-k+1})

    From counts, with the bias taken off to first order. The interval is normal, from the variance of means over
    batches of about :math:`\sqrt n` steps. ``p_value`` is that of no transfer, from :math:`\chi^2`: right where k
    steps hold all that matters of the target's past.

    Parameters
    ----------
    source, target : array_like of int, shape (steps,) or (trials, steps)
        Symbols x_t and y_t; words do not cross from one trial to the next.
    history : int
        k >= 1, of the target.
    source_history : int
        l >= 1, of the source.
    confidence : float
        Of the interval, in (0, 1).

    Returns
    -------
    Estimate
        In nats per step; ``details`` has the `plug_in` value and its `bias`. NaN with fewer than four samples for each
        occupied cell.

    Raises
    ------
    InputError
        If the two differ in shape, hold no whole numbers, or are no longer than the histories.

    References
    ----------
    Schreiber, Phys. Rev. Lett. 85, 461 (2000), eq. 4.
    """
    history = checked_count(history, "history")
    source_history = checked_count(source_history, "source_history")
    confidence = checked_fraction(confidence, "confidence")
    x, y = np.atleast_2d(checked_labels(source, "source")), np.atleast_2d(checked_labels(target, "target"))
    longest = max(history, source_history)
    if x.shape != y.shape or x.shape[1] <= longest:
        raise InputError(
            f"source and target must have one shape and more than {longest} steps, got {x.shape} and {y.shape}"
        )
    steps = x.shape[1]
    past = words(lagged(y, history, longest))
    found = conditional_information(y[:, longest:].ravel(), words(lagged(x, source_history, longest)), past)
    batch = max(1, int(np.sqrt(len(found.local)))) if steps > 100 else 1
    return estimate(found, confidence, "nats per step", "plug-in transfer entropy", batch)


def lagged(letters: Labels, length: int, longest: int) -> Labels:
    """The last `length` letters before each step from `longest` on, shape (samples, length)."""
    steps = letters.shape[1]
    return np.stack([letters[:, longest - lag : steps - lag].ravel() for lag in range(1, length + 1)], axis=-1)


def rows(labels: Labels) -> Labels:
    """One label a sample."""
    return labels if labels.ndim == 1 else words(labels)


def estimate(found: Counted, confidence: float, units: str, method: str, batch: int = 1) -> Estimate:
    """The corrected value with its interval, or that there are too few samples."""
    from scipy.special import chdtrc

    n = len(found.local)
    if n < LEAST_IN_CELL * found.cells or n < 2 * max(batch, 2):
        return no_estimate(
            f"{n} samples fall in {found.cells} different cells: the bias cannot be told from the answer below "
            f"{LEAST_IN_CELL} a cell; use fewer or shorter words, or more samples.",
            n=n,
            units=units,
            method=method,
            details={"plug_in": found.value, "cells": found.cells},
        )
    value, stderr = found.value - found.bias, scatter(found.local, abs(found.freedom), batch)
    reach = quantile(confidence) * stderr
    return Estimate(
        value,
        stderr,
        (value - reach, value + reach),
        confidence,
        n,
        units=units,
        method=method,
        p_value=float(chdtrc(found.freedom, 2 * n * found.value)) if found.freedom > 0 else None,
        details={"plug_in": found.value, "bias": found.bias, "cells": found.cells},
    )


def by_neighbours(x: Any, y: Any, neighbours: int, confidence: float) -> Estimate:
    """The estimate of the whole and the scatter of ten blocks."""
    first, second = checked_samples(x, "x"), checked_samples(y, "y")
    n = len(first)
    if len(second) != n:
        raise InputError(f"y must have as many samples as x, {n}, got {len(second)}")
    fields: dict[str, Any] = {"n": n, "units": "nats", "method": f"Kraskov, {neighbours} neighbours"}
    least = BLOCKS * max(LEAST_IN_BLOCK, 4 * neighbours)
    if n < least:
        return no_estimate(f"{n} samples do not make ten blocks: at least {least} are needed.", **fields)
    scores = normal_scores(first), normal_scores(second)
    value = kraskov(*scores, neighbours)
    blocks = zip(*(np.array_split(part, BLOCKS) for part in scores), strict=True)
    parts = np.array([kraskov(one, two, neighbours) for one, two in blocks])
    if np.isnan(value) or np.any(np.isnan(parts)):
        return no_estimate(
            "Samples coincide with their neighbours: they are not real numbers but labels. Use method='plug-in', or "
            "add noise well below the resolution.",
            **fields,
        )
    stderr = float(parts.std(ddof=1) / np.sqrt(BLOCKS))
    reach = student(confidence) * stderr
    notes = warnings_of(value, parts, stderr, (first, second))
    details = {"blocks": parts, "block_mean": float(parts.mean())}
    return Estimate(
        value, stderr, (value - reach, value + reach), confidence, diagnostics=notes, details=details, **fields
    )


def warnings_of(value: float, parts: Array, stderr: float, samples: tuple[Array, Array]) -> tuple[str, ...]:
    """What a user should know of the estimate."""
    notes = []
    drift = value - float(parts.mean())
    if abs(drift) > 4 * stderr and abs(drift) > 0.02:
        notes.append(
            f"A tenth of the samples gives {parts.mean():.3g}, all of them {value:.3g}: the estimate still drifts with "
            "their number, and the interval does not cover that."
        )
    columns = np.hstack(samples)
    most = max(1 - len(np.unique(column)) / len(column) for column in columns.T)
    if most > REPEATED:
        notes.append(f"{100 * most:.0f} % of the values of a variable repeat: rounded values bias the estimate.")
    return tuple(notes)


def checked_samples(values: Any, name: str) -> Array:
    """Real samples, shape (n, d).

    Raises
    ------
    InputError
        If they are not finite, of another shape, or one does not vary.
    """
    array = as_floats(values, name)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.size == 0 or not np.all(np.isfinite(array)):
        raise InputError(f"{name} must be finite samples of shape (n,) or (n, m), got shape {array.shape}")
    if np.any(np.ptp(array, axis=0) == 0):
        raise InputError(f"{name} must vary in every column, got one that is constant")
    return array


def normal_scores(array: Array) -> Array:
    """Each variable moved, in its order, to where a standard normal one would lie; equal values stay equal.

    Information does not depend on such coordinates; its estimate does: long tails make it too low.
    """
    from scipy.special import ndtri

    columns = []
    for column in array.T:
        _, where, counts = np.unique(column, return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - counts / 2
        columns.append(ndtri(middle / len(column))[where])
    return np.stack(columns, axis=1)


def student(confidence: float) -> float:
    """Student's quantile with nine degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(BLOCKS - 1, 0.5 + confidence / 2))
