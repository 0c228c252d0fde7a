"""The second route: the same numbers from matrices written out in plain NumPy, sharing nothing with the library."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurothermo.core.checks import Array

TURNS = range(-3, 4)  # of the ring, over which a kernel is summed
SYMMETRIC = 1e-9  # of the largest entry of A D


def kernel_matrix(function: Callable[[Array], Array], length: float, points: int) -> Array:
    """J(x_i - x_j) dx on a ring."""
    x = length / points * np.arange(points)
    apart = x[:, None] - x
    return sum(function(apart + turn * length) for turn in TURNS) * (length / points)  # type: ignore[return-value]


def chain_matrix(n: int, j: float, a: float) -> Array:
    """A = 1 - (j + a) P - (j - a) P^T, P the shift by one place of a ring of n."""
    shift = np.roll(np.eye(n), 1, axis=0)
    return np.eye(n) - (j + a) * shift - (j - a) * shift.T


def covariance(relaxation: Array, diffusion: Array) -> Array:
    """C of A C + C A^T = 2 D, in the basis of A's eigenvectors."""
    rates, vectors = np.linalg.eig(relaxation)
    inverse = np.linalg.inv(vectors)
    inner = inverse @ (2 * diffusion) @ inverse.T / (rates[:, None] + rates)
    found = (vectors @ inner @ vectors.T).real
    return np.asarray((found + found.T) / 2)


def production(relaxation: Array, diffusion: Array) -> float:
    """Tr(A^T D^-1 A C) - Tr A."""
    spread = covariance(relaxation, diffusion)
    return float(np.sum(np.linalg.solve(diffusion, relaxation @ spread) * relaxation) - np.trace(relaxation))


def in_balance(relaxation: Array, diffusion: Array) -> bool:
    """Whether A D = D A^T."""
    product = relaxation @ diffusion
    return bool(np.max(np.abs(product - product.T)) <= SYMMETRIC * np.max(np.abs(product)))


def exponential(relaxation: Array, time: float) -> Array:
    """exp(-A t), in the basis of A's eigenvectors."""
    rates, vectors = np.linalg.eig(relaxation)
    return np.asarray((vectors * np.exp(-rates * time) @ np.linalg.inv(vectors)).real)


def law_at(relaxation: Array, diffusion: Array, mean: Array, start: Array, time: float) -> tuple[Array, Array]:
    """Mean and covariance at a time, from those at 0."""
    settled, decay = covariance(relaxation, diffusion), exponential(relaxation, time)
    return decay @ mean, settled + decay @ (start - settled) @ decay.T


def shannon(spread: Array) -> float:
    """1/2 ln det(2 pi e C)."""
    return float(np.linalg.slogdet(2 * np.pi * np.e * spread)[1] / 2)


def divergence(mean: Array, spread: Array, settled: Array) -> float:
    """D(p || p_s) of a Gaussian law from a centred one."""
    found = np.trace(np.linalg.solve(settled, spread)) - len(mean) + mean @ np.linalg.solve(settled, mean)
    return float(found + np.linalg.slogdet(settled)[1] - np.linalg.slogdet(spread)[1]) / 2


def balance(relaxation: Array, diffusion: Array, mean: Array, start: Array, time: float) -> dict[str, float]:
    """Flow, housekeeping, and the rates of the two entropies as differences over a short time.

    The library has dS/dt and the excess in closed form; here they are slopes of S(t) and D(p_t || p_s).
    """
    settled, step = covariance(relaxation, diffusion), 1e-4

    def of(time: float) -> tuple[float, float]:
        now, spread = law_at(relaxation, diffusion, mean, start, time)
        return shannon(spread), divergence(now, spread, settled)

    if time < step:  # nothing is known of the time before: from ahead only, to second order
        at, ahead, further = (np.array(of(time + turns * step)) for turns in range(3))
        shannon_rate, excess = (4 * ahead - 3 * at - further) / (2 * step) * [1, -1]
    else:
        shannon_rate, excess = (np.array(of(time + step)) - of(time - step)) / (2 * step) * [1, -1]
    now, spread = law_at(relaxation, diffusion, mean, start, time)
    second = spread + np.outer(now, now)
    turning = relaxation - diffusion @ np.linalg.inv(settled)
    flow = np.sum(np.linalg.solve(diffusion, relaxation @ second) * relaxation) - np.trace(relaxation)
    keeping = np.sum(np.linalg.solve(diffusion, turning @ second) * turning)
    return {
        "total": float(keeping + excess), "flow": float(flow), "shannon_rate": float(shannon_rate),
        "housekeeping": float(keeping), "excess": float(excess),
    }  # fmt: skip
