"""Six graded neurons with two memories (Fig. 7): the network, and the exact law of its overlaps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.systems import RateNetwork

HALF = 3  # neurons on which the two patterns agree, and as many on which they differ
CELLS = 400  # a neuron's activity is summed over so many cells; even, so that no sum lies on the basins' border


@dataclass(frozen=True)
class GradedMemories:
    r"""Two patterns in six graded neurons, under an input that leans towards one or the other.

    .. math:: J = a \left[\gamma\, \epsilon^1 \epsilon^{1T} + (1 - \gamma)\, \epsilon^2 \epsilon^{2T}\right], \;
              J_{ii} = 0, \qquad b = -\tfrac12 J \mathbf 1 + h \left[c\, \epsilon^1 + (1 - c)\, \epsilon^2\right]

    The first input makes activity 1/2 the neutral one, as 0 is for spins; the second is an input of the
    protocol from the first pattern to the second, held. On the first three neurons the patterns agree, and the
    input h keeps them up: without it each pattern would have its negative for a partner.

    Parameters
    ----------
    lean : float
        c in [0, 1]: 1 for the first pattern as input, 0 for the second.
    gamma, strength, magnitude, temperature : float
        gamma; a; h; T. Energies are in units of f's argument, all R = 1.
    """

    lean: float = 0.5
    gamma: float = 0.48
    strength: float = 5.0
    magnitude: float = 1.0
    temperature: float = 0.5

    @property
    def patterns(self) -> Array:
        """All up, and its first half up."""
        return np.array([np.ones(2 * HALF), np.repeat([1.0, -1.0], HALF)])

    @property
    def couplings(self) -> Array:
        """Eq. 13 with alpha = 0, times a."""
        couplings = self.strength * (self.patterns.T * [self.gamma, 1 - self.gamma]) @ self.patterns
        np.fill_diagonal(couplings, 0.0)
        return np.asarray(couplings)

    @cached_property
    def network(self) -> RateNetwork:
        """Logistic neurons with these couplings and this input."""
        pushed = self.magnitude * np.array([self.lean, 1 - self.lean]) @ self.patterns
        return RateNetwork(self.couplings, input=pushed - self.couplings.sum(axis=1) / 2)

    def overlaps(self, activities: Any) -> Array:
        """m = eps . (2V - 1)/N of both patterns, shape (..., 2): 1 where all neurons saturate as in the pattern."""
        return np.asarray((2 * np.asarray(activities) - 1) @ self.patterns.T / (2 * HALF))


@dataclass(frozen=True, eq=False)
class ExactOverlaps:
    r"""The law exp(-E/T) of the summed activities S and S' of the two halves, by quadrature.

    .. math:: p(S, S') \propto \rho(S)\, \rho'(S')\, e^{[a (S^2 + S'^2) + 2 a (2\gamma - 1) S S'] / 2T}

    The couplings see a state through these two sums only; what is left is a product over neurons, so that rho is
    a threefold convolution. The missing self-coupling is part of each neuron's own weight. Midpoint rule: the
    error is of order CELLS^-2.
    """

    memories: GradedMemories
    cells: int = CELLS

    @property
    def activities(self) -> Array:
        """The cells' midpoints."""
        return (np.arange(self.cells) + 0.5) / self.cells

    @cached_property
    def weights(self) -> tuple[Array, Array]:
        """exp(-own energy/T) of a neuron in either half, by cell."""
        memories, v = self.memories, self.activities
        own = v * np.log(v) + (1 - v) * np.log1p(-v) + memories.strength * v**2 / 2
        found = []
        for neuron in (0, HALF):
            exponent = (memories.network.input[neuron] * v - own) / memories.temperature
            found.append(np.exp(exponent - exponent.max()))
        return found[0], found[1]

    @cached_property
    def sums(self) -> Array:
        """Values of S, and of S'."""
        return (np.arange(HALF * (self.cells - 1) + 1) + HALF / 2) / self.cells

    @cached_property
    def joint(self) -> Array:
        """p(S, S'), of sum 1."""
        memories = self.memories
        one, other = (np.convolve(np.convolve(w, w), w) for w in self.weights)
        across = 2 * memories.gamma - 1
        first, second = self.sums[:, None], self.sums[None, :]
        exponent = memories.strength * (first**2 + second**2 + 2 * across * first * second) / (2 * memories.temperature)
        law = np.exp(exponent - exponent.max()) * one[:, None] * other
        return np.asarray(law / law.sum())

    def occupancies(self) -> tuple[float, float]:
        """Probability that the state is nearer to the first pattern, and to the second: S' above and below 3/2."""
        upper = float(self.joint[:, self.sums > HALF / 2].sum())
        return upper, 1 - upper

    def log_ratio(self) -> float:
        """-dF/T = ln p(second basin)/p(first)."""
        one, two = self.occupancies()
        return float(np.log(two / one))

    def draw(self, trials: int, seed: int) -> Array:
        """Potentials from the law itself, shape (trials, N): the sums, then each neuron given what is left."""
        random = np.random.Generator(np.random.PCG64(seed))
        cell = random.choice(self.joint.size, trials, p=self.joint.ravel())
        halves = []
        for total, weight in zip(np.unravel_index(cell, self.joint.shape), self.weights, strict=True):
            pair = np.convolve(weight, weight)
            first = _given(weight, pair, total, random)
            second = _given(weight, weight, total - first, random)
            halves += [first, second, total - first - second]
        activities = (np.stack(halves, axis=1) + random.random((trials, 2 * HALF))) / self.cells
        return np.asarray(self.memories.network.outer(np.clip(activities, 1e-9, 1 - 1e-9)))


def _given(weight: Array, rest: Array, total: Any, random: np.random.Generator) -> Any:
    """A neuron's cell, given that it and the rest add up to `total`."""
    left = total[:, None] - np.arange(weight.size)
    chances = weight * np.where((left >= 0) & (left < rest.size), rest[np.clip(left, 0, rest.size - 1)], 0.0)
    cumulated = np.cumsum(chances, axis=1)
    return np.sum(cumulated < random.random(total.size)[:, None] * cumulated[:, -1:], axis=1)
