"""Would a reversible Gaussian process have circled as much? A test of symmetric lagged covariances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.irreversibility.gaussian_fit import Moments


@dataclass(frozen=True, eq=False)
class Circling:
    """Antisymmetric lagged covariances against what a reversible process gives.

    Parameters
    ----------
    scores : array, shape (pairs,)
        Of pairs of the coordinates in which channels are independent.
    variances : array, shape (pairs,)
        Of the scores, if the process is reversible.
    axes : array, shape (d, d)
        Channels from those coordinates.
    """

    scores: Array
    variances: Array
    axes: Array

    @property
    def freedom(self) -> int:
        """d(d - 1)/2."""
        return len(self.scores)

    @property
    def statistic(self) -> float:
        """Chi squared with `freedom` degrees of freedom, if the process is reversible."""
        return float(np.sum(self.scores**2 / self.variances))

    @property
    def p_value(self) -> float:
        """Of all pairs together."""
        from scipy.special import chdtrc

        return float(chdtrc(self.freedom, self.statistic))

    def of_channels(self) -> tuple[Array, Array]:
        """p-values of pairs of channels, shape (d, d) with NaN on the diagonal, and of channels, shape (d,)."""
        from scipy.special import chdtrc

        size = len(self.axes)
        rows, columns = np.triu_indices(size, 1)
        pairs, channels = np.full((size, size), np.nan), np.empty(size)
        for one in range(size):
            others = np.delete(np.arange(size), one)
            weights = self.axes[one, rows] * self.axes[others][:, columns]
            weights -= self.axes[one, columns] * self.axes[others][:, rows]
            seen, spread = weights @ self.scores, (weights * self.variances) @ weights.T
            pairs[one, others] = chdtrc(1, seen**2 / np.diag(spread))
            channels[one] = chdtrc(size - 1, seen @ np.linalg.solve(spread, seen))
        return np.fmin(pairs, pairs.T), channels


def circling(moments: Moments) -> Circling:
    r"""Score test that a linear process with Gaussian noise is reversible.

    Reversible means that P S is symmetric: there are coordinates :math:`y` in which channels are independent, with
    autocorrelations :math:`p_k`. There, under the null,

    .. math:: g_{kl} = \frac1n \sum_t y_k(t+1)\, y_l(t) - y_l(t+1)\, y_k(t), \qquad
              \operatorname{Var} g_{kl} = \frac2n\, \frac{(1 - p_k^2)(1 - p_l^2)}{1 - p_k p_l}

    and the g of different pairs are uncorrelated. The coordinates are those of the symmetric part of the lagged
    covariance. That they and the p are estimated makes the score larger at order 1/n: the variance is multiplied by

    .. math:: 1 + \frac1n \left[\frac{6}{1 - p_k p_l} + \frac{f_k + f_l}{2}\right], \qquad
              f_k = \sum_m \frac{1}{1 - p_k p_m},

    an expression of the right order that was matched to simulations of 2 to 8 channels, not derived. It keeps the size
    of the test at its level from some twenty slowest times on.
    """
    count, size = moments.count, len(moments.before)
    left = np.linalg.inv(np.linalg.cholesky((moments.before + moments.after) / 2))
    inner = left @ moments.lagged @ left.T
    values, turn = np.linalg.eigh((inner + inner.T) / 2)
    rows, columns = np.triu_indices(size, 1)
    scores = (turn.T @ (inner - inner.T) @ turn)[rows, columns]
    one, two = values[rows], values[columns]
    variances = 2 / count * (1 - one**2) * (1 - two**2) / (1 - one * two)
    memory = np.sum(1 / (1 - np.outer(values, values)), axis=0)
    variances *= 1 + (6 / (1 - one * two) + (memory[rows] + memory[columns]) / 2) / count
    return Circling(scores, variances, np.linalg.solve(left, turn))


SPARE = 10  # blocks beyond the number of circulations


@dataclass(frozen=True, eq=False)
class BlockCircling:
    """The same antisymmetric lagged covariances, judged by how much they differ between blocks.

    For processes with memory, or noise that is not Gaussian. NaN where there are too few blocks.

    Parameters
    ----------
    blocks : array, shape (blocks, d, d)
        The antisymmetric lagged covariance of each.
    """

    blocks: Array

    @property
    def p_value(self) -> float:
        """Of all pairs together."""
        return hotelling(self.blocks[:, *np.triu_indices(self.blocks.shape[1], 1)])

    def of_channels(self) -> tuple[Array, Array]:
        """As `Circling.of_channels`."""
        size = self.blocks.shape[1]
        pairs, channels = np.full((size, size), np.nan), np.empty(size)
        for one in range(size):
            others = np.delete(np.arange(size), one)
            channels[one] = hotelling(self.blocks[:, one, others])
            for two in others:
                pairs[one, two] = hotelling(self.blocks[:, one, [two]])
        return pairs, channels


def hotelling(samples: Array) -> float:
    r"""p-value of mean 0, by :math:`T^2 = B\, \bar g^T C^{-1} \bar g`, F-distributed if samples (B, m) are normal."""
    from scipy.special import fdtrc

    many, size = samples.shape
    if many < size + SPARE:
        return float("nan")
    mean, spread = samples.mean(axis=0), np.atleast_2d(np.cov(samples.T))
    square = many * mean @ np.linalg.solve(spread, mean)
    return float(fdtrc(size, many - size, square * (many - size) / (size * (many - 1))))
