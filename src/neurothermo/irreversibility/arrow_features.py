"""What tells a short window from the same window run backwards: features that change sign when it is reversed."""

from __future__ import annotations

import numpy as np

from neurothermo.core.checks import Array

LARGEST = 6.0  # standard deviations: beyond, a feature is cut, so that no single window decides
CHUNK = 20_000  # windows whose features are made at a time


def windows(piece: Array, length: int, step: int) -> Array:
    """Windows of a gapless piece (rows, channels), `step` rows apart, shape (windows, length, channels)."""
    every = np.lib.stride_tricks.sliding_window_view(piece, length, axis=0)[::step]
    return np.ascontiguousarray(np.swapaxes(every, 1, 2))


def feature_count(length: int, size: int) -> int:
    """How many features a window of `size` channels has."""
    return (length - 1) * (size * (size - 1) // 2 + size) + size * (size + 1) // 2 + size


def antisymmetric_features(window: Array) -> Array:
    r"""Features with g(reversed window) = -g(window).

    .. math:: \sum_t [x_i(t+k) x_j(t) - x_j(t+k) x_i(t)], \quad \sum_t [x_i(t+k)^2 x_i(t) - x_i(t+k) x_i(t)^2], \quad
              x_i x_j |_{start}^{end}, \quad x_i |_{start}^{end}

    for every lag k in the window. With a window of two samples the first and the third kind hold the log odds of a
    linear Gaussian process exactly; the second sees a single channel that rises otherwise than it falls.

    Parameters
    ----------
    window : ndarray, shape (windows, length, channels)

    Returns
    -------
    ndarray, shape (windows, features)
    """
    length, size = window.shape[1:]
    above, upper = np.triu_indices(size, 1), np.triu_indices(size)
    first, last = window[:, 0], window[:, -1]
    found = [last - first, last[:, upper[0]] * last[:, upper[1]] - first[:, upper[0]] * first[:, upper[1]]]
    for lag in range(1, length):
        later, sooner = window[:, lag:], window[:, :-lag]
        found.append(np.sum(later * sooner * (later - sooner), axis=1))
        if size > 1:
            products = np.einsum("nti,ntj->nij", later, sooner)
            found.append(products[:, above[0], above[1]] - products[:, above[1], above[0]])
    return np.concatenate(found, axis=1)


def scaled_features(pieces: list[Array]) -> list[Array]:
    """The features of each piece's windows, over their root mean square, cut at `LARGEST`.

    Neither step can tell the direction: each treats a feature and its negative alike.
    """
    made = [
        np.concatenate([antisymmetric_features(piece[at : at + CHUNK]) for at in range(0, len(piece), CHUNK)])
        for piece in pieces
    ]
    total = sum(len(piece) for piece in made)
    size = np.sqrt(sum(np.einsum("nf,nf->f", piece, piece) for piece in made) / total)
    size = np.where(size > 0, size, 1.0)
    return [np.clip(piece / size, -LARGEST, LARGEST) for piece in made]
