"""Mutual information of real variables from the distances to nearest neighbours."""

from __future__ import annotations

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.machine import available_cores

ROUNDING = 4 * np.finfo(float).eps


def kraskov(x: Array, y: Array, neighbours: int) -> float:
    r"""The estimate of Kraskov, Stoegbauer and Grassberger, their first algorithm; NaN where neighbours coincide.

    .. math:: I = \psi(k) + \psi(n) - \langle \psi(n_x + 1) + \psi(n_y + 1) \rangle

    n_x: how many other samples are closer in x than the k-th neighbour is in the larger of the distances in x and y.

    Parameters
    ----------
    x, y : ndarray, shape (n, d_x) and (n, d_y)
        Samples.
    neighbours : int
        k < n.
    """
    from scipy.spatial import cKDTree
    from scipy.special import digamma

    both = np.hstack([x, y])
    tree = cKDTree(both, balanced_tree=False, compact_nodes=False)
    # one distance, that of the k-th other sample: the sample itself is the first
    distances, _ = tree.query(both, k=[neighbours + 1], p=np.inf, workers=available_cores())
    radius = distances[:, 0]
    if np.any(radius == 0):
        return float(np.nan)
    closer = np.nextafter(radius, 0)
    counts = within(x, closer), within(y, closer)  # the sample itself included: n_x + 1
    return float(digamma(neighbours) + digamma(len(x)) - sum(np.mean(digamma(count)) for count in counts))


def within(points: Array, radius: Array) -> Array:
    """How many points lie within each one's radius (largest coordinate), itself included."""
    if points.shape[1] == 1:
        line = points[:, 0]
        order = np.argsort(line)
        ordered = line[order]  # neighbours in a row search the same part of the line
        # the rounding of x + radius must not let the k-th neighbour in, which lies on the edge
        reach = np.maximum(radius[order] - ROUNDING * np.abs(ordered).max(), 0)
        counts = np.empty(len(line))
        counts[order] = np.searchsorted(ordered, ordered + reach, "right") - np.searchsorted(ordered, ordered - reach)
        return counts
    from scipy.spatial import cKDTree

    tree = cKDTree(points, balanced_tree=False, compact_nodes=False)
    found = tree.query_ball_point(points, radius, p=np.inf, workers=available_cores(), return_length=True)
    return np.asarray(found, dtype=float)
