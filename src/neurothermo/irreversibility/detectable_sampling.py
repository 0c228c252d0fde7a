"""What rows at a distance lose of the entropy production between them, near equilibrium."""

from __future__ import annotations

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.recordings.recording import Recording

FLOOR = 3.0  # standard errors of a correlation of one row with the next, below which it is not told from none
NEGLIGIBLE = 1e-9  # share of the largest variance: a direction without any


def lost(first: float, second: float) -> float:
    r"""Entropy production per row over the divergence that two neighbouring rows show, >= 1.

    .. math:: \frac{\sigma \Delta t}{D_2} = \frac{(a + b)\, \Delta t\, (1 - \rho^2)(1 - \varrho^2)}
              {4 a b\, g^2 (1 - \rho \varrho)}, \qquad \rho = e^{-a \Delta t}, \ \varrho = e^{-b \Delta t}, \
              g = \frac{\rho - \varrho}{b - a}

    Of a weak circulation between two modes of a linear Gaussian process that relax at rates a and b; with a = b it is
    :math:`(e^{2 a \Delta t} - 1) / (2 a \Delta t)`.

    Parameters
    ----------
    first, second : float
        :math:`a\, \Delta t` and :math:`b\, \Delta t`, > 0.
    """
    one, two = np.exp(-first), np.exp(-second)
    if abs(first - second) < 1e-6 * first:
        return float(np.expm1(2 * first) / (2 * first))
    slope = (one - two) / (second - first)
    return float((first + second) * (1 - one**2) * (1 - two**2) / (4 * first * second * slope**2 * (1 - one * two)))


def relaxations(recording: Recording) -> tuple[Array, int]:
    """Rates times the step at which modes relax, fastest first, and how many modes are too fast to tell.

    Of the symmetric part of the correlation of one row with the next, in units in which the covariance is one.
    """
    pieces = [segment.astype(float) for segment in recording.segments if len(segment) > 1]
    middle = np.concatenate(pieces).mean(axis=0)
    before = np.concatenate([piece[:-1] for piece in pieces]) - middle
    after = np.concatenate([piece[1:] for piece in pieces]) - middle
    variances, axes = np.linalg.eigh((before.T @ before + after.T @ after) / (2 * len(before)))
    kept = variances > NEGLIGIBLE * variances[-1]
    white = axes[:, kept] / np.sqrt(variances[kept])
    delayed = white.T @ (after.T @ before / len(before)) @ white
    correlations = np.linalg.eigvalsh((delayed + delayed.T) / 2)
    seen = correlations > FLOOR / np.sqrt(len(before))
    return -np.log(np.minimum(correlations[seen], 1 - 1e-12)), int(np.sum(~seen))
