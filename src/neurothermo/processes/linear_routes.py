r"""Ways to the stationary state of a linear process, by the structure that is there.

All answer the same questions: the covariance, the entropy production of each coordinate, their sum. With
:math:`A_{irr} = (A + \epsilon A \epsilon)/2` and :math:`\nu = -(A_{irr} - D C^{-1}) x`,

.. math:: \sigma = \langle \nu^T D^{-1} \nu \rangle = \operatorname{Tr}[(A_{irr} C - D)^T D^{-1} (A_{irr} C - D) C^{-1}]
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.core.machine import one_blas_thread
from neurothermo.processes.linear_noise import Noise, quiet_sentence
from neurothermo.processes.lyapunov import check_stable, solve_lyapunov
from neurothermo.processes.operators import Circulant

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Balance:
    """Entropy production and entropy flow of each coordinate, shape (n,), and what the Lyapunov equation is off by."""

    value: Array
    flow: Array
    residual: float


@dataclass(frozen=True, eq=False)
class Total:
    """Sums over coordinates: the entropy production, the entropy flow (the same but for rounding), the residual."""

    value: float
    flow: float
    residual: float


class Route(Protocol):
    """A way to the stationary state."""

    @property
    def name(self) -> str:
        """For the details of an answer."""
        ...

    def covariance(self) -> Array:
        """C, shape (n, n)."""
        ...

    def balance(self) -> Balance:
        """Coordinate by coordinate."""
        ...

    def total(self) -> Total:
        """Summed."""
        ...


def balance_of(irreversible: Array, noise: Noise, covariance: Array, residual: float, mixed: bool = False) -> Balance:
    """The formulas of this file's first lines, coordinate by coordinate, for dense matrices.

    Raises
    ------
    InputError
        If the entropy production diverges, or the noise does not reach every coordinate.
    """
    sentence = quiet_sentence(noise.quiet, irreversible, mixed)
    if sentence:
        raise InputError(sentence)
    return balance_of_product(
        irreversible @ covariance, lambda drifted: drifted @ irreversible.T, irreversible, noise, covariance, residual
    )


def balance_of_product(
    drifted: Array, spread: Any, irreversible: Array, noise: Noise, covariance: Array, residual: float
) -> Balance:
    """The same with A_irr C at hand: `drifted`; `spread(drifted)` is A_irr C A_irr^T, or its diagonal."""
    from scipy.linalg import solve_triangular

    factor = factor_of(covariance)
    current = solve_triangular(factor, (drifted - noise.matrix()).T, lower=True, check_finite=False).T
    value = np.einsum("ij,ij->i", current, noise.undone(current))
    square = spread(drifted)
    if square.ndim == 1:
        heat = square * noise.inverse
    elif noise.diagonal:
        heat = np.diagonal(square) * noise.inverse
    else:
        heat = np.einsum("ij,ji->i", square, noise.inverse)
    return Balance(value, heat - noise.conjugated_diagonal(irreversible), residual)


def factor_of(covariance: Array) -> Array:
    """Its lower triangular factor.

    Raises
    ------
    InputError
        If the covariance is singular: noise does not reach every coordinate.
    """
    try:
        return np.asarray(np.linalg.cholesky(covariance))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        where = int(np.argmax(np.abs(vectors[:, 0])))
        raise InputError(
            f"the noise does not reach every coordinate, or too unequally for double precision (a direction through "
            f"coordinate {where} has the variance {values[0]:.3g}, the largest is {values[-1]:.3g}): there is no "
            "density to tell the entropy production from"
        ) from None


@dataclass(frozen=True, eq=False)
class DenseRoute:
    """Any matrices: eigenvectors of a symmetric A, else a Schur form."""

    relaxation: Array
    irreversible: Array
    noise: Noise
    mixed: bool = False

    @property
    def name(self) -> str:
        """By what A is."""
        return "eigenvectors" if np.array_equal(self.relaxation, self.relaxation.T) else "Schur form"

    @cached_property
    def solved(self) -> tuple[Array, float]:
        """C and the residual of its equation."""
        with one_blas_thread():
            return solve_lyapunov(self.relaxation, 2 * self.noise.matrix())

    def covariance(self) -> Array:
        """C."""
        return self.solved[0]

    @cached_property
    def _balance(self) -> Balance:
        with one_blas_thread():
            return balance_of(self.irreversible, self.noise, *self.solved, self.mixed)

    def balance(self) -> Balance:
        """By C's factor."""
        return self._balance

    def total(self) -> Total:
        """The sum."""
        return summed(self.balance())


def summed(balance: Balance) -> Total:
    """Over coordinates."""
    return Total(float(balance.value.sum()), float(balance.flow.sum()), balance.residual)


@dataclass(frozen=True, eq=False)
class ModesRoute:
    r"""Drift and noise both the same at every place: waves are independent.

    .. math:: \sigma = \sum_k \omega_k^2 / \alpha_k, \qquad a_k = \alpha_k + i \omega_k,

    whatever the noise.
    """

    relaxation: Circulant
    diffusion: Circulant
    name: str = "independent waves"

    def __post_init__(self) -> None:
        check_stable(self.relaxation.eigenvalues)

    def covariance(self) -> Array:
        """C, its eigenvalues D_k / alpha_k."""
        return Circulant(self.diffusion.eigenvalues.real / self.relaxation.eigenvalues.real).matrix()

    def balance(self) -> Balance:
        """The same everywhere."""
        total = self.total()
        size = self.relaxation.size
        return Balance(np.full(size, total.value / size), np.full(size, total.flow / size), 0.0)

    def total(self) -> Total:
        """The sum over waves."""
        noise = self.diffusion.eigenvalues.real
        if noise.min() <= 1e-13 * len(noise) * noise.max():
            where = tuple(int(k) for k in np.unravel_index(int(np.argmin(noise)), noise.shape))
            raise InputError(
                f"diffusion is singular: the wave of index {where} decays without noise, so the entropy production "
                "diverges"
            )
        values = self.relaxation.eigenvalues
        total = float(np.sum(values.imag**2 / values.real))
        return Total(total, total, 0.0)


@dataclass(frozen=True, eq=False)
class FourierRoute:
    r"""Drift the same at every place, noise not: the Lyapunov equation divides wave by wave.

    .. math:: \hat C_{kl} = \frac{2 \hat D_{kl}}{a_k + \bar a_l}

    For a diagonal D, where :math:`\hat D_{kl} = \hat d_{k-l}/n`, the flow needs sums over k at fixed k - l only.
    """

    relaxation: Circulant
    noise: Noise
    name: str = "pairs of waves"

    def __post_init__(self) -> None:
        check_stable(self.relaxation.eigenvalues)

    @cached_property
    def _covariance(self) -> Array:
        shape = self.relaxation.shape
        axes = tuple(range(len(shape)))
        others = tuple(axis + len(shape) for axis in axes)
        waves = self.relaxation.eigenvalues.ravel()
        size = waves.size
        if self.noise.diagonal:
            spectrum = np.fft.fftn(self.noise.diffusion.reshape(shape)) / size
            index = [(np.arange(n)[:, None] - np.arange(n)) % n for n in shape]
            if len(index) == 1:
                pairs = spectrum[index[0]]
            else:
                pairs = spectrum[index[0][:, None, :, None], index[1][None, :, None, :]].reshape(size, size)
        else:
            field = np.fft.ifftn(self.noise.diffusion.reshape(*shape, *shape), axes=others)
            pairs = np.fft.fftn(field, axes=axes).reshape(size, size)
        for row in range(size):  # in place: three of these arrays are 0.8 GB for 64 x 64 places
            pairs[row] *= 2 / (waves[row] + np.conj(waves))
        pairs = pairs.reshape(*shape, *shape)
        pairs = np.fft.ifftn(pairs, axes=axes)
        found = np.fft.fftn(pairs, axes=others).real.reshape(size, size)
        return np.asarray((found + found.T) / 2)

    def covariance(self) -> Array:
        """C, by transforms."""
        return self._covariance

    @cached_property
    def _balance(self) -> Balance:
        covariance, matrix = self.covariance(), self.relaxation.matrix()
        drifted = self.relaxation.apply(covariance).T  # (A C)^T = C A^T row by row, as C is symmetric
        residual = float(np.abs(drifted + drifted.T - 2 * self.noise.matrix()).max() / (2 * self.noise.diffusion.max()))
        spread = (lambda _: self._squares) if self.noise.diagonal else (lambda rows: self.relaxation.apply(rows).T)
        return balance_of_product(drifted, spread, matrix, self._all_noisy(), covariance, residual)

    def _all_noisy(self) -> Noise:
        sentence = quiet_sentence(self.noise.quiet, np.eye(self.relaxation.size), mixed=False)
        if sentence:
            raise InputError(sentence)
        return self.noise

    @cached_property
    def _squares(self) -> Array:
        """The diagonal of A C A^T for a diagonal D, without C."""
        waves = self.relaxation.eigenvalues
        spectrum = np.fft.fftn(self.noise.diffusion.reshape(waves.shape)) / waves.size
        sums = np.empty(waves.shape, np.complex128)
        for shift in np.ndindex(waves.shape):
            other = np.conj(np.roll(waves, shift, tuple(range(waves.ndim))))
            sums[shift] = np.sum(waves * other / (waves + other))
        return np.fft.ifftn(2 * spectrum * sums).real.ravel()

    def balance(self) -> Balance:
        """By C's factor."""
        return self._balance

    def total(self) -> Total:
        """For a diagonal D the entropy flow, which in a stationary state is all of it; else the sum."""
        if not self.noise.diagonal:
            return summed(self.balance())
        noise = self._all_noisy()
        decay = float(self.relaxation.eigenvalues.real.sum())
        heat = float(np.sum(self._squares * noise.inverse))
        flow, rounding = heat - decay, 8 * EPSILON * np.sqrt(self.relaxation.size) * (heat + decay)
        return Total(0.0 if abs(flow) < rounding else flow, flow, EPSILON)
