"""A linear Langevin process fitted to samples, and what its entropy production is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array


@dataclass(frozen=True, eq=False)
class Moments:
    """All that a linear fit needs of the data: sums over pairs of neighbouring samples (a, b), the mean removed.

    Parameters
    ----------
    count : int
        How many pairs.
    before, after, lagged : array, shape (d, d)
        Sums of a a^T, b b^T and b a^T.
    """

    count: int
    before: Array
    after: Array
    lagged: Array


def moments_of(segments: Iterable[Array]) -> tuple[Moments, Array, Array]:
    """Second moments of standardised channels; with their means and standard deviations, shape (d,)."""
    parts = [np.asarray(part, dtype=np.float64) for part in segments]
    rows = sum(len(part) for part in parts)
    mean = np.sum([np.ones(len(part)) @ part for part in parts], axis=0) / rows
    size = len(mean)
    count, squares, before, after, lagged = 0, *np.zeros((4, size, size))
    for part in parts:
        centred = part - mean
        total = centred.T @ centred
        squares += total
        if len(part) < 2:
            continue
        count += len(part) - 1
        before += total - np.outer(centred[-1], centred[-1])
        after += total - np.outer(centred[0], centred[0])
        lagged += centred[1:].T @ centred[:-1]
    scale = np.sqrt(np.diag(squares) / rows)
    inverse = 1 / np.where(scale > 0, scale, 1.0)
    both = np.outer(inverse, inverse)
    return Moments(count, before * both, after * both, lagged * both), mean, scale


def regressed(moments: Moments) -> tuple[Array, Array]:
    """The matrix P of x(t + 1) = P x(t) + noise by least squares, and the covariance Q of the noise."""
    step = np.linalg.solve(moments.before, moments.lagged.T).T
    noise = (moments.after - step @ moments.lagged.T) / (moments.count - len(step) - 1)
    return np.asarray(step), np.asarray(noise + noise.T) / 2


@dataclass(frozen=True, eq=False)
class Linear:
    r"""The linear Langevin process behind :math:`x_{t+1} = P x_t + \xi`, one or many, times in samples.

    .. math:: A = -\ln P, \qquad S = P S P^T + Q, \qquad D = (A S + S A^T)/2, \qquad G = (A S - S A^T)/2

    Parameters
    ----------
    step, noise : array, shape (..., d, d)
        P and Q.
    eigenvalues, vectors, inverse : array of complex, shape (..., d), (..., d, d), (..., d, d)
        Of P.
    relaxation, covariance, diffusion, circulation : array, shape (..., d, d)
        A, S, D and the antisymmetric G: how fast the process circles in the plane of two channels.
    """

    step: Array
    noise: Array
    eigenvalues: Any
    vectors: Any
    inverse: Any
    relaxation: Array
    covariance: Array
    diffusion: Array
    circulation: Array

    @classmethod
    def of(cls, step: Array, noise: Array) -> Linear:
        """From P and Q; NaN where an eigenvalue of P is zero or on the negative real axis."""
        values, vectors = np.linalg.eig(step)
        values, vectors = values.astype(np.complex128), vectors.astype(np.complex128)
        inverse = _inverses(vectors)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where((values.imag == 0) & (values.real <= 0), np.nan, np.log(values))
            relaxation = -((vectors * logs[..., None, :]) @ inverse).real
        covariance = lyapunov(values, vectors, inverse, noise)
        product = relaxation @ covariance
        turned = np.swapaxes(product, -1, -2)
        return cls(
            step,
            noise,
            values,
            vectors,
            inverse,
            relaxation,
            covariance,
            (product + turned) / 2,
            (product - turned) / 2,
        )

    @property
    def production(self) -> Array:
        r"""Of the continuous process, :math:`\operatorname{Tr} D^{-1} G S^{-1} G^T`; nats a sample."""
        return np.einsum("...ij,...ij->...", self.force, self.circulation)

    @property
    def force(self) -> Array:
        """D^-1 G S^-1, what drives the circulation."""
        left = np.linalg.solve(self.diffusion, self.circulation)
        return np.swapaxes(np.linalg.solve(self.covariance, np.swapaxes(left, -1, -2)), -1, -2)

    @property
    def shares(self) -> Array:
        """Half of what each pair of channels has in the production, at [i, j] and at [j, i]; shape (..., d, d)."""
        force = self.force
        return self.circulation * (force - np.swapaxes(force, -1, -2)) / 2

    @property
    def divergence(self) -> Array:
        r"""Of pairs of neighbouring samples from the same pairs turned round, in nats.

        .. math:: \tfrac12 \operatorname{Tr} Q^{-1} \left[(1 - P^2) S (1 - P^2)^T + P Q P^T\right] - \tfrac{d}{2}
        """
        missed = np.eye(self.step.shape[-1]) - self.step @ self.step
        scatter = missed @ self.covariance @ np.swapaxes(missed, -1, -2)
        scatter += self.step @ self.noise @ np.swapaxes(self.step, -1, -2)
        return 0.5 * (np.trace(np.linalg.solve(self.noise, scatter), axis1=-2, axis2=-1) - self.step.shape[-1])


def _inverses(matrices: Any) -> Any:
    """Inverses; NaN where one of them has none."""
    try:
        return np.linalg.inv(matrices)
    except np.linalg.LinAlgError:
        return np.full_like(matrices, np.nan)


def lyapunov(values: Any, vectors: Any, inverse: Any, noise: Array) -> Array:
    """S of S = P S P^T + Q, by the eigenvectors of P."""
    adjoint = np.swapaxes(inverse.conj(), -1, -2)
    inner = inverse @ noise @ adjoint / (1 - values[..., :, None] * values[..., None, :].conj())
    found = (vectors @ inner @ np.swapaxes(vectors.conj(), -1, -2)).real
    return (found + np.swapaxes(found, -1, -2)) / 2


def shrunk(linear: Linear, intensity: float) -> Linear:
    r"""The process whose channels share less: covariances of pairs, at equal times and at one lag, times 1 - intensity.

    They are covariances still, as a mean of two is: the recording's, and that of independent channels, each with its
    own autocovariance, which is a reversible process.
    """
    if intensity == 0:
        return linear
    kept = 1 - intensity + intensity * np.eye(linear.step.shape[-1])
    covariance = linear.covariance * kept
    lagged = (linear.step @ linear.covariance) * kept
    step = np.swapaxes(np.linalg.solve(covariance, np.swapaxes(lagged, -1, -2)), -1, -2)
    noise = covariance - step @ np.swapaxes(lagged, -1, -2)
    return Linear.of(step, (noise + np.swapaxes(noise, -1, -2)) / 2)


def shrinkage_intensity(moments: Moments) -> float:
    r"""How much of the correlations between channels sampling alone would give, in [0, 1].

    .. math:: \min\left(1,\ \frac{\sum_{i \ne j} \operatorname{Var} r_{ij}}{\sum_{i \ne j} r_{ij}^2}\right), \qquad
              \operatorname{Var} r_{ij} = \frac1n \frac{1 + p_i p_j}{1 - p_i p_j},

    p the autocorrelations of the channels at one lag: neighbouring samples count for less.

    References
    ----------
    Ledoit and Wolf, Journal of Multivariate Analysis 88, 365 (2004); Schäfer and Strimmer, Statistical Applications in
    Genetics and Molecular Biology 4, 32 (2005), for independent samples.
    """
    spread = np.sqrt(np.diag(moments.before))
    correlations = moments.before / np.outer(spread, spread)
    own = np.clip(np.diag(moments.lagged) / spread**2, -1, 1)
    product = np.minimum(np.outer(own, own), 1 - 1 / moments.count)
    scatter = (1 + product) / (1 - product) / moments.count
    apart = ~np.eye(len(own), dtype=bool)
    return float(min(1.0, scatter[apart].sum() / (correlations[apart] ** 2).sum()))


def grows(linear: Linear) -> str:
    """Why there is no stationary process of any kind behind these samples; nothing where there is one."""
    if not np.all(np.isfinite(linear.covariance)):
        return "The fitted step lacks eigenvectors, as where channels copy each other with a delay: leave some out."
    largest = np.abs(linear.eigenvalues).max()
    if largest < 1 and np.linalg.eigvalsh(linear.covariance)[0] > 0 and np.linalg.eigvalsh(linear.noise)[0] > 0:
        return ""
    return (
        f"The fitted step has no stationary state (its largest eigenvalue has modulus {largest:.4g}): the recording "
        "drifts, or is shorter than its slowest time. Detrend it or take a longer one."
    )


def no_process(linear: Linear) -> str:
    """Why there is no linear Langevin process behind these samples; nothing where there is one."""
    values = linear.eigenvalues
    if np.any((values.imag == 0) & (values.real <= 0)):
        return (
            f"The fitted step has the eigenvalue {values.real.min():.3g}, which no continuous linear process gives: it "
            "is sampled too coarsely, or has measurement noise. Use the method spectral, or the divergence at one lag "
            "in details."
        )
    if not np.linalg.eigvalsh(linear.diffusion)[0] > 0:
        return (
            "The fitted noise has a direction of negative strength, so that no linear Langevin process gives these "
            "covariances: it is sampled too coarsely, or has memory. Use the method spectral, or the divergence at one "
            "lag in details."
        )
    return ""
