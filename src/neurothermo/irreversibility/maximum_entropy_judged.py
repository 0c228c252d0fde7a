"""How far a maximum-entropy bound can be trusted: its bias, its error, its interval, its null."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.resampling import quantile
from neurothermo.irreversibility.blocks import flips, p_of
from neurothermo.irreversibility.gaussian_interval import noncentral_interval
from neurothermo.irreversibility.maximum_entropy_shrunk import LENGTHS, NOTHING

BLOCKS = 64  # to begin with; neighbours are joined until their sums are uncorrelated
FEWEST_BLOCKS = 16
APART = 2.5  # standard errors: a larger correlation of neighbours is taken for one
STEEP = 10.0  # of a parameter
TURNED = 1999  # patterns of blocks turned round
SMALL = 1e-9  # of the mean curvature, added to it: an observable that never varies has none


@dataclass(frozen=True, eq=False)
class Problems:
    """Concave problems solved on some rows, and what they say of the rows in B blocks.

    Problem m has parameters theta[m], observables g, a = theta . g and r = exp(-a) / Z.

    Parameters
    ----------
    theta, log_normal, counts : ndarray, shapes (M, K), (M,), (M,)
        Fits, and how many rows each is fitted to.
    gain : ndarray, shape (M,)
        The maxima, in nats a fitted row.
    curvature, moments : ndarray, shape (M, K, K)
        At the maximum; <g g>.
    sums : ndarray, shape (M, B, 4)
        Of 1, a, r, a - ln Z + 1 - r over the rows of a block.
    plain, weighted : ndarray, shape (M, B, K)
        Of g and of r g.
    samples : float
        By which sums are divided to be nats per sample: all rows, those without a change included.
    converged : bool
    """

    theta: Array
    log_normal: Array
    counts: Array
    gain: Array
    curvature: Array
    moments: Array
    sums: Array
    plain: Array
    weighted: Array
    samples: float
    converged: bool = True

    def joined(self, blocks: int) -> Problems:
        """The same with neighbouring blocks added up to so many."""
        width = self.sums.shape[1] // blocks

        def fewer(table: Array) -> Array:
            return table.reshape(len(table), blocks, width, -1).sum(axis=2)

        return replace(self, sums=fewer(self.sums), plain=fewer(self.plain), weighted=fewer(self.weighted))


@dataclass(frozen=True, eq=False)
class Bound:
    """A lower bound in nats per sample with its error and its null.

    Parameters
    ----------
    value, stderr : float
    interval : (float, float)
    p_value : float
    details : dict
    sentences : tuple of str
    """

    value: float
    stderr: float
    interval: tuple[float, float]
    p_value: float
    details: dict[str, Any] = field(default_factory=dict)
    sentences: tuple[str, ...] = ()


def independent_blocks(terms: Array, products: Array | None = None) -> int:
    """How many blocks, 2^k >= 16, leave neighbours uncorrelated: their terms, and their g where products are given.

    The sums of g of a reversible process are anticorrelated next to each other: short blocks would overstate noise.
    """
    blocks = len(terms)
    while blocks > FEWEST_BLOCKS:
        sums = terms.reshape(blocks, -1).sum(axis=1)
        tables = [np.outer(sums, sums)]
        if products is not None:
            tables.append(joined(products, blocks))
        if all(_correlation(table) <= APART for table in tables):
            break
        blocks //= 2
    return blocks


def joined(products: Array, blocks: int) -> Array:
    """Products of the sums of fewer, longer blocks."""
    width = len(products) // blocks
    return products.reshape(blocks, width, blocks, width).sum(axis=(1, 3))


def _correlation(products: Array) -> float:
    """Of neighbouring blocks, in its standard errors."""
    beside = np.diag(_centred(products), 1)
    return float(abs(beside.sum()) / max(np.sqrt(np.sum(beside**2)), 1e-300))


def _centred(products: Array) -> Array:
    """Products of sums of which the mean over blocks is taken off."""
    half = products - products.mean(axis=0)
    return half - half.mean(axis=1, keepdims=True)


def largest_blocks(rows: int, most: int = BLOCKS) -> int:
    """The largest power of two, at most `most`, that leaves sixteen rows a block."""
    return max(FEWEST_BLOCKS, min(most, 1 << (max(rows // 16, 1).bit_length() - 1)))


def scatter(terms: Array) -> float:
    """Standard error of the sum of all blocks."""
    return float(np.sqrt(len(terms) * np.sum((terms - terms.mean()) ** 2) / (len(terms) - 1)))


def solved(matrices: Array, columns: Array) -> Array:
    """Each matrix's inverse times its columns, shape (M, K, B)."""
    ridge = SMALL * np.trace(matrices, axis1=1, axis2=2)[:, None, None] / matrices.shape[1]
    return np.linalg.solve(matrices + np.maximum(ridge, 1e-300) * np.eye(matrices.shape[1]), columns)


def scores(problems: Problems) -> tuple[Array, Array]:
    """Block sums of the derivative of the terms by theta and by -ln Z, shape (M, B, K + 1), and the curvature."""
    change = problems.sums[:, :, :1] - problems.sums[:, :, 2:3]
    pull = problems.weighted.sum(axis=1) / np.maximum(problems.counts, 1)[:, None]
    size = pull.shape[1]
    matrix = np.ones((len(pull), size + 1, size + 1))
    matrix[:, :size, :size] = problems.curvature + pull[:, :, None] * pull[:, None]
    matrix[:, :size, size] = matrix[:, size, :size] = -pull
    derivative = np.concatenate([problems.plain + problems.weighted, change], axis=2)
    return derivative - derivative.mean(axis=1, keepdims=True), matrix


def biases(problems: Problems) -> Array:
    r"""By how much each parameter's freedom raises the maximum, nats per sample, shape (M, K + 1).

    .. math:: \operatorname{Tr}(H^{-1} V) / 2n

    split by the diagonal; the last entry is that of the normaliser. V is the covariance of the scores, from blocks.
    """
    derivative, matrix = scores(problems)
    blocks = derivative.shape[1]
    inverse = solved(matrix, derivative.swapaxes(1, 2))
    split = np.einsum("mbk,mkb->mk", derivative, inverse) * blocks / (blocks - 1)
    return split / (2 * np.maximum(problems.counts, 1)[:, None] * problems.samples)


def turned_products(problems: Problems) -> Array:
    r"""Products whose sum is the first Newton step's value, 2 <g> M^{-1} <g>, shape (M, B, B), nats per sample.

    Turning block b round in time changes the sign of row and column b and nothing else.
    """
    inverse = solved(problems.moments, problems.plain.swapaxes(1, 2))
    return 2 * (problems.plain @ inverse) / (np.maximum(problems.counts, 1) * problems.samples)[:, None, None]


def turned(products: Array, seed: int) -> tuple[float, Array]:
    """The statistic, and what it is with blocks turned round at random."""
    signs = flips(len(products), TURNED, seed)
    return float(products.sum()), np.einsum("rb,rb->r", signs @ products, signs)


def null_of(products: Array) -> tuple[float, float]:
    """Mean and degrees of freedom that the statistic would have if the mean of every g were zero."""
    blocks, centred = len(products), _centred(products)
    mean = float(np.trace(centred)) * blocks / (blocks - 1)
    apart = float(np.sum(centred**2) - np.sum(np.diag(centred) ** 2)) * blocks / (blocks - 1)
    return mean, max(mean**2 / apart, 1.0)


def judged_in_sample(problems: Problems, confidence: float, seed: int) -> Bound:
    """The maximum itself, less its bias."""
    products = turned_products(problems).sum(axis=0)
    blocks = independent_blocks(problems.sums[:, :, 3].sum(axis=0), products)
    problems, products = problems.joined(blocks), joined(products, blocks)
    raw = float(problems.gain @ problems.counts) / problems.samples
    bias = float(biases(problems).sum())
    first, null = turned(products, seed)
    noise, freedom = null_of(products)
    # Bias beyond that of a reversible process is from rare large exp(-a), and is known no better than its own size.
    stderr = float(np.hypot(scatter(problems.sums[:, :, 3].sum(axis=0)) / problems.samples, max(bias - noise, 0.0)))
    spread = max(stderr**2 / (4 * raw) if raw > 0 else 0.0, noise / freedom)
    low, high = (float(end) for end in noncentral_interval(raw, bias, spread, freedom, confidence))
    value, p_value = raw - bias, p_of(first, null)
    if p_value > 1 - confidence:  # what a reversible process would often do is no evidence of more than nothing
        low = 0.0
    details = {
        "raw": raw, "bias": bias, "reversal_statistic": first, "parameters": int(problems.theta.size),
        "blocks": problems.sums.shape[1], "held_out": False, "never_reversed": never_reversed(problems),
    }  # fmt: skip
    return Bound(value, stderr, (low, high), p_value, details, _failed(problems))


def judged_held_out(parts: Sequence[Problems], lengths: Sequence[float], confidence: float) -> Bound:
    """Each part fitted to the rows of the others: the mean of the terms over rows that its fit has not seen.

    For any theta and Z, and so for those shrunk to some of their lengths, the terms have a mean that does not exceed
    the entropy production. Under the null the mean of theta . g is zero in every part; twice the mean of the parts'
    p-values is a p-value whatever their dependence.

    References
    ----------
    Vovk and Wang, Biometrika 107, 791 (2020): p-values averaged.
    """
    from scipy.special import stdtr

    terms = np.concatenate([part.sums[:, :, 3].sum(axis=0) for part in parts])
    blocks = np.array([part.sums.shape[1] for part in parts])
    per_part = min(independent_blocks(part.sums[:, :, 3].sum(axis=0)) for part in parts)
    terms = np.concatenate([row.reshape(per_part, -1).sum(axis=1) for row in np.split(terms, np.cumsum(blocks)[:-1])])
    samples = sum(part.samples for part in parts)
    ps = []
    for part in parts:
        sides = part.joined(per_part).sums[:, :, 1].sum(axis=0)
        error = scatter(sides)
        ps.append(float(stdtr(per_part - 1, -sides.sum() / error)) if error > 0 else 1.0)
    value, stderr = float(terms.sum()) / samples, scatter(terms) / samples
    train = float(np.mean([part.gain @ part.counts for part in parts])) / samples * len(parts) / (len(parts) - 1)
    reach = quantile(confidence) * stderr
    details = {
        "train": train, "parameters": int(parts[0].theta.size), "blocks": len(terms), "held_out": True,
        "folds": len(parts), "lengths": list(lengths), "never_reversed": any(never_reversed(part) for part in parts),
    }  # fmt: skip
    said = next((told for part in parts if (told := _failed(part))), ())
    if max(lengths) <= LENGTHS[-1]:
        said += (NOTHING,)
    if train - value > 0.1 * abs(train):
        said += (
            f"The fitted rows give {train:.4g}, rows not fitted {value:.4g}: more than a tenth is overfitting. The "
            "value reported is the held-out one; longer recordings or fewer neighbours bring the two together.",
        )
    low, high, p_value = value - reach, max(value + reach, 0.0), min(1.0, 2 * float(np.mean(ps)))  # theta = 0 gives 0
    if p_value > 1 - confidence:  # as in sample
        low = min(low, 0.0)
    return Bound(value, stderr, (low, high), p_value, details, said)


def never_reversed(problems: Problems) -> bool:
    """Whether a fit found more nats than so many rows can vouch for, or a parameter that weighs them e^20 to one."""
    much = problems.gain > np.log(np.maximum(problems.counts, 2))
    return bool(np.any(much) or np.max(np.abs(problems.theta)) > STEEP)


def _failed(problems: Problems) -> tuple[str, ...]:
    if problems.converged:
        return ()
    return ("Newton's method did not reach every maximum: the value is still a lower bound, but not the best one.",)
