"""Second routes to the numbers of the figures, in plain NumPy and SciPy: nothing here uses the library's formulas.

Laws of one variable on a grid, matrices of all pairs of neurons, chains of states on a line, generators written out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array

# -- one velocity on a grid ------------------------------------------------------------------------


@dataclass(frozen=True)
class Settling:
    """dv = (f - v) dt + sqrt(2) dW, tau = kT = m = 1, as a density on a grid of velocities."""

    force: float
    mean: float
    variance: float

    @property
    def grid(self) -> Array:
        """Wide and fine enough for rounding to be the error."""
        return np.linspace(-12, 12, 4001)

    def density(self, time: float) -> Array:
        """p(v) at a time."""
        left = np.exp(-time)
        mean = self.force + (self.mean - self.force) * left
        variance = 1 + (self.variance - 1) * left**2
        return np.asarray(np.exp(-((self.grid - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance))

    def given(self, time: float, parity: str) -> float:
        """Entropy given to the bath until a time: production less dH/dt, by Gauss's rule."""
        nodes, weights = np.polynomial.legendre.leggauss(16)
        rates = [self.balance(time * (1 + node) / 2) for node in nodes]
        given = [one[parity] - one["shannon_rate"] for one in rates]
        return float(time / 2 * (weights @ given))

    def balance(self, time: float) -> dict[str, float]:
        """Entropy, its sources and the heat, by sums over the grid."""
        v, p = self.grid, self.density(time)
        step, kept = v[1] - v[0], p > 1e-290
        slope = np.gradient(np.log(np.maximum(p, 1e-300)), v)
        even, odd = self.force - v - slope, -v - slope  # mean local velocities: all of it, and what is irreversible
        flux = even * p
        change = -np.gradient(flux, v)
        settled = np.exp(-((v - self.force) ** 2) / 2) / np.sqrt(2 * np.pi)
        seen = p[kept]

        def summed(values: Array) -> float:
            return float(np.sum(values) * step)

        return {
            "entropy": -summed(seen * np.log(seen)),
            "shannon_rate": -summed(change[kept] * np.log(seen)),
            "even": summed(p * even**2),
            "odd": summed(p * odd**2),
            "heat": summed(p * v**2) - 1,
            "divergence": summed(seen * np.log(seen / settled[kept])),
            "fisher_information": summed(change[kept] ** 2 / seen),
        }


def derivative(function: Callable[[float], float], at: float, step: float = 1e-3) -> float:
    """By differences of fourth order."""
    one, two = (function(at + k * step) - function(at - k * step) for k in (1, 2))
    return (8 * one - two) / (12 * step)


# -- neurons, by matrices of all pairs ---------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Matrices:
    """A and D of (v, r_1 ... r_N): dx = -A x dt + sqrt(2 D) dW."""

    relaxation: Array
    diffusion: Array

    @classmethod
    def of(cls, tuning: Any, neuron_time: float = 0.1, neuron_noise: float = 0.1) -> Matrices:
        """With tau_v = D_v = 1."""
        tuning = np.asarray(tuning, dtype=float)
        relaxation = np.diag(np.r_[1.0, np.full(len(tuning), 1 / neuron_time)])
        relaxation[1:, 0] = -tuning / neuron_time
        return cls(relaxation, np.diag(np.r_[1.0, np.full(len(tuning), neuron_noise)]))

    def covariance(self) -> Array:
        """C of A C + C A^T = 2 D."""
        from scipy.linalg import solve_continuous_lyapunov

        found = solve_continuous_lyapunov(self.relaxation, 2 * self.diffusion)
        return np.asarray((found + found.T) / 2)

    def after(self, time: float, start: Array) -> Array:
        """C(t) from C(0)."""
        from scipy.linalg import expm

        carried, settled = expm(-self.relaxation * time), self.covariance()
        return np.asarray(settled + carried @ (start - settled) @ carried.T)

    def flow_to_neurons(self) -> float:
        """What the motion of v alone takes from the information, with the opposite sign."""
        covariance = self.covariance()
        moved = np.zeros_like(covariance)
        moved[0] = -self.relaxation[0] + self.diffusion[0] @ np.linalg.inv(covariance)
        change = moved @ covariance + covariance @ moved.T
        return -information_rate(covariance, change)

    def production(self, signs: Array) -> float:
        """From the log ratio of a short step to its reverse, as the step goes to nothing (by two steps)."""
        shortest = 1e-3 / np.diag(self.relaxation).max() / len(signs)
        return 2 * self._stepped(shortest / 2, signs) - self._stepped(shortest, signs)

    def _stepped(self, dt: float, signs: Array) -> float:
        """<ln p(x1 | x0)/p(E x0 | E x1)>/dt; E turns the signs of odd variables."""
        from scipy.linalg import expm

        covariance, step, turn = self.covariance(), expm(-self.relaxation * dt), np.diag(signs)
        noise = covariance - step @ covariance @ step.T
        turned = turn @ covariance @ turn
        crossed = turn @ covariance @ step.T @ turn @ step.T
        back = turned - crossed - crossed.T + step @ turned @ step.T
        return float((np.trace(np.linalg.solve(noise, back)) - len(signs)) / (2 * dt))

    def filter_error(self) -> float:
        """P of the filter of v that is observed through N noisy derivatives, by an algebraic Riccati solver."""
        from scipy.linalg import solve_continuous_are

        seen = -self.relaxation[1:, :1].T
        found = solve_continuous_are(
            -self.relaxation[:1, :1], seen, 2 * self.diffusion[:1, :1], 2 * self.diffusion[1:, 1:]
        )
        return float(found[0, 0])


def information(covariance: Array) -> float:
    """Of the first variable and the others."""
    whole, rest = (float(np.linalg.slogdet(part)[1]) for part in (covariance, covariance[1:, 1:]))
    return 0.5 * (float(np.log(covariance[0, 0])) + rest - whole)


def information_rate(covariance: Array, change: Array) -> float:
    """dI/dt from dC/dt."""
    rest = np.trace(np.linalg.solve(covariance[1:, 1:], change[1:, 1:]))
    whole = np.trace(np.linalg.solve(covariance, change))
    return float(0.5 * (change[0, 0] / covariance[0, 0] + rest - whole))


def residual(covariance: Array) -> float:
    """Variance of the first variable that the others leave unexplained."""
    crossed = covariance[1:, 0]
    return float(covariance[0, 0] - crossed @ np.linalg.solve(covariance[1:, 1:], crossed))


def linear_production(relaxation: Any, diffusion: Any) -> float:
    """Tr(A^T D^-1 A C) - Tr A, all variables even."""
    one = Matrices(np.asarray(relaxation, dtype=float), np.asarray(diffusion, dtype=float))
    pulled = one.relaxation.T @ np.linalg.solve(one.diffusion, one.relaxation)
    return float(np.trace(pulled @ one.covariance()) - np.trace(one.relaxation))


# -- one variable in a potential -----------------------------------------------------------------------


def passage(potential: Callable[[Array], Array], noise: float, ends: tuple[float, float], points: int) -> float:
    """Mean time from `ends[0]` to `ends[1]`, of a chain of hops on a line with detailed balance.

    The wall is 1.3 beyond the start, away from the end.
    """
    from scipy.linalg import solve_banded

    start, goal = ends
    outward = np.sign(start - goal)
    x = np.linspace(goal, start + 1.3 * outward, points)
    levels, step = potential(x) / noise, abs(x[1] - x[0])
    away = noise / step**2 * np.exp(-(levels[1:] - levels[:-1]) / 2)  # from i to i + 1
    home = noise / step**2 * np.exp((levels[1:] - levels[:-1]) / 2)  # from i + 1 to i
    bands = np.zeros((3, points - 1))  # unknown: times from all places but the goal
    bands[1] = -home
    bands[1, :-1] -= away[1:]
    bands[0, 1:] = away[1:]
    bands[2, :-1] = home[1:]
    times = solve_banded((1, 1), bands, -np.ones(points - 1))
    return float(np.interp(start, x[1:][:: int(outward)], times[:: int(outward)]))


def averages(exponent: Callable[[Array], Array], functions: Any, low: float, high: float) -> list[float]:
    """Means of functions under exp(-U)/Z by Simpson's rule."""
    from scipy.integrate import simpson

    x = np.linspace(low, high, 20_001)
    weight = np.exp(-(exponent(x) - exponent(x).min()))
    total = simpson(weight, x=x)
    return [float(simpson(weight * function(x), x=x) / total) for function in functions]


# -- spines, by a generator written out ---------------------------------------------------------------


def spine_generator(size: int, cooperativity: float, stimulus: float, up: float = 0.2) -> Array:
    """W[to, from] of a ring of two-state spines that go down at rate 1."""
    rates = np.zeros((2**size, 2**size))
    for state in range(2**size):
        for spine in range(size):
            near = sum(state >> other % size & 1 for other in (spine - 1, spine + 1))
            active = state >> spine & 1
            rates[state ^ 1 << spine, state] += 1.0 if active else up * stimulus * np.exp(cooperativity * near)
    return rates - np.diag(rates.sum(axis=0))


def schnakenberg(rates: Array, law: Array) -> float:
    """Sum over pairs of net flux times log ratio."""
    flux = rates * law
    np.fill_diagonal(flux, 0.0)
    used = (flux > 0) & (flux.T > 0)
    net = (flux - flux.T)[used]
    return float(0.5 * np.sum(net * np.log(flux[used] / flux.T[used])))


def produced(rates: Array, law: Array, duration: float, steps: int = 400) -> tuple[float, Array]:
    """Entropy produced on the way, by Simpson's rule over Schnakenberg's rate, and the law at the end."""
    from scipy.integrate import simpson
    from scipy.linalg import expm

    grid = duration * np.linspace(0, 1, steps + 1) ** 2  # closer together at the start
    carried = [law]
    for dt in np.diff(grid):
        carried.append(carried[-1] @ expm(rates * dt).T)
    return float(simpson([schnakenberg(rates, one) for one in carried], x=grid)), carried[-1]


def at_rest(rates: Array) -> Array:
    """The stationary law."""
    system = rates.copy()
    system[-1] = 1.0
    return np.asarray(np.linalg.solve(system, np.r_[np.zeros(len(rates) - 1), 1.0]))
