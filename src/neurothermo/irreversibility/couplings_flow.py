"""The entropy flow of fitted couplings: pair by pair, with its bias and how far chance moves it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.resampling import generator
from neurothermo.irreversibility.couplings_fit import Fit
from neurothermo.irreversibility.couplings_likelihood import Likelihood, Parallel
from neurothermo.irreversibility.couplings_moves import Moves

FEWEST_BLOCKS = 20
LEAST_LENGTH = 10
COINS = 1999


@dataclass(frozen=True, eq=False)
class Flow:
    r"""Flow of every pair, shape (N, N), symmetric; half their sum is the whole.

    .. math:: \sigma_{ij} = c\, (J_{ij} - J_{ji})\, (D_{ij} - D_{ji}), \qquad D_{ij} = \langle s_i' s_j \rangle

    Parameters
    ----------
    pairs : array, shape (N, N)
        As the fit has them, bias and all.
    bias : array, shape (N, N)
        Of `pairs`, to order 1/T.
    moves : array, shape (blocks, N, N)
        How far each block of the recording moves `pairs`: the sum of their squares is the variance.
    circulations : array, shape (N, N)
        D_ij - D_ji.
    circulation_moves : array, shape (blocks, N, N)
        Their influence likewise.
    """

    pairs: Array
    bias: Array
    moves: Array
    circulations: Array
    circulation_moves: Array

    @property
    def value(self) -> float:
        """Of all pairs, before the bias is taken off."""
        return float(self.pairs.sum() / 2)

    def stderr(self, weights: Array) -> Array:
        """Standard errors of sums of pairs, weights of shape (..., N, N)."""
        moves = np.einsum("...ij,bij->...b", weights, self.moves)
        return np.sqrt(np.sum(moves**2, axis=-1))

    def chance(self, chosen: Array, seed: int) -> float:
        """p-value of no circulation in any of the pairs `chosen`, (N, N) of truth values, of any reversible process.

        Turned round in time, a block's circulations change their sign. Hotelling's test of their mean where there are
        three times as many blocks as pairs, else the sum of their squared z under random signs of the blocks.
        """
        from scipy.special import fdtrc

        seen, moves = self.circulations[chosen], self.circulation_moves[:, chosen]
        blocks, freedom = moves.shape
        if blocks >= 3 * (freedom + 1) and np.linalg.matrix_rank(moves) == freedom:
            statistic = float(seen @ np.linalg.solve(moves.T @ moves, seen))
            return float(fdtrc(freedom, blocks - freedom, statistic * (blocks - freedom) / (freedom * (blocks - 1))))
        sums = moves + seen / blocks  # of blocks about equally long
        sums = sums / np.sqrt(np.maximum(np.sum(sums**2, axis=0), 1e-300))
        coins = generator(seed).choice([-1.0, 1.0], (COINS, blocks))
        null = np.sum((coins @ sums) ** 2, axis=1)
        return float((1 + np.sum(null >= np.sum(sums.sum(axis=0) ** 2))) / (1 + COINS))


def flow_of(likelihood: Likelihood, fit: Fit) -> Flow:
    """The flow of a free fit, averaged over the data's own moves."""
    moves = likelihood.moves
    factor = 1.0 if isinstance(likelihood, Parallel) else 0.5
    blocks = moves.blocks(block_length(moves.count))
    scores, products = _sums(moves, likelihood.residuals(fit.coefficients), blocks)
    delayed = products - np.swapaxes(products, 1, 2)
    asymmetry, circulation = fit.couplings - fit.couplings.T, delayed.sum(axis=0) / moves.count
    lengths = np.array([block.stop - block.start for block in blocks])
    of_couplings = fit.moved(scores)[..., :-1]
    of_asymmetry = of_couplings - np.swapaxes(of_couplings, 1, 2)
    of_circulation = delayed / moves.count - lengths[:, None, None] / moves.count * circulation
    share = len(blocks) / max(len(blocks) - 1, 1)  # block sums are taken from their own mean
    bias = share * np.sum(of_asymmetry * of_circulation, axis=0)
    shift = _shift(likelihood, fit)
    bias = bias + (shift - shift.T) * circulation
    moved = of_asymmetry * circulation + asymmetry * of_circulation
    return Flow(
        factor * asymmetry * circulation,
        factor * bias,
        factor * np.sqrt(share) * moved,
        circulation,
        np.sqrt(share) * of_circulation,
    )


def block_length(count: int) -> int:
    """As many blocks as rows in each, at least 20 of them: long against the memory of most networks, and many."""
    return max(min(int(np.sqrt(count)), count // FEWEST_BLOCKS), LEAST_LENGTH)


def _sums(moves: Moves, residuals: Array, blocks: list[slice]) -> tuple[Array, Array]:
    """Of each block the scores, shape (blocks, N, N + 1), and the sums of s_i' s_j, shape (blocks, N, N)."""
    scores = np.empty((len(blocks), moves.size, moves.size + 1))
    products = np.empty((len(blocks), moves.size, moves.size))
    for at, block in enumerate(blocks):
        before = moves.before[block]
        scores[at, :, :-1] = residuals[block].T @ before
        scores[at, :, -1] = residuals[block].sum(axis=0)
        products[at] = moves.after[block].T @ before
    return scores, products


def _shift(likelihood: Likelihood, fit: Fit) -> Array:
    """The bias of the couplings to order 1/T, shape (N, N), in parallel order; of the other order zero.

    Of a logistic regression: covariance times the sum of (third derivative) x (variance of the field)/2.
    """
    size = likelihood.moves.size
    if not isinstance(likelihood, Parallel) or fit.covariance is None:
        return np.zeros((size, size))
    regressors, visits = likelihood.moves.regressors, likelihood.moves.visits
    lean = np.tanh(regressors @ fit.coefficients.T)
    found = np.empty((size, size))
    for i, covariance in enumerate(fit.covariance):
        spread = np.einsum("up,up->u", regressors @ covariance, regressors)
        pull = regressors.T @ (visits * lean[:, i] * (1 - lean[:, i] ** 2) * spread)
        found[i] = (covariance @ pull)[:-1]
    return found
