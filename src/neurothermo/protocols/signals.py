"""An input that is itself random: each trial is driven by its own path of a Markov chain of inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_count
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import Address
from neurothermo.protocols.measured import Feedback, feedback

ROUNDING = 1e-9  # of probabilities that must sum to one


def checked_signal(signal: Any, size: int | None = None) -> tuple[Array, Array]:
    """Inputs, shape (M, N), and transitions, shape (M, M): [i, j] from j to i, columns that sum to one.

    Raises
    ------
    InputError
        If the shapes do not fit, columns are no probabilities, or an input is not reached from another.
    """
    if not isinstance(signal, list | tuple) or len(signal) != 2:
        raise InputError("signal must be two arrays: inputs of shape (M, N) and transitions of shape (M, M)")
    inputs = checked_array(signal[0], "the signal's inputs", (None, size))
    transitions = checked_array(signal[1], "the signal's transitions", (len(inputs), len(inputs)))
    if inputs.size == 0:
        raise InputError("the signal's inputs must be at least one, got none")
    check_columns(transitions, "the signal's transitions")
    reached = (transitions > 0) | np.eye(len(inputs), dtype=bool)
    for _ in range(int(np.ceil(np.log2(max(len(inputs), 2))))):
        reached = reached @ reached
    if not np.all(reached):
        i, j = np.argwhere(~reached)[0]
        raise InputError(f"the signal's transitions must lead from every input to every other: none from {j} to {i}")
    return inputs, transitions


def check_columns(matrix: Array, name: str) -> None:
    """Refuse what is no matrix (or stack of matrices) of probabilities from j to i."""
    with np.errstate(over="ignore"):
        totals = matrix.sum(axis=-2)
    if np.any(matrix < 0) or np.any(np.abs(totals - 1) > ROUNDING):
        worst = totals.ravel()[np.argmax(np.abs(totals - 1))]
        raise InputError(
            f"{name} must be probabilities whose columns sum to one ([i, j]: from j to i), got a smallest entry "
            f"{matrix.min():.4g} and a column of sum {worst:.10g}"
        )


@dataclass(frozen=True, eq=False)
class MarkovPath:
    """A `Measure` that looks at no state: labels x_1 .. x_{K+1} of a stationary Markov chain.

    Parameters
    ----------
    transitions : array, shape (M, M)
        [i, j]: from j to i.
    steps : int
        K.
    """

    transitions: Array
    steps: int

    def sample(self, states: Any, address: Address) -> Array:
        """Labels, shape (trials, K + 1); the last one drives no step."""
        uniforms = address.uniforms(self.steps + 1)
        rows = np.cumsum(self.transitions, axis=0).T
        labels = np.empty(uniforms.shape, dtype=np.int64)
        last = len(self.transitions) - 1
        labels[:, 0] = np.minimum(np.searchsorted(np.cumsum(self.stationary()), uniforms[:, 0]), last)
        for k in range(1, self.steps + 1):
            labels[:, k] = np.minimum((rows[labels[:, k - 1]] < uniforms[:, k, None]).sum(axis=1), last)
        return labels.astype(np.float64)

    def log_likelihood(self, outcome: Any, states: Any) -> Array:
        """0: the path says nothing of the state, and its own probability cancels in the information."""
        return np.zeros(len(states))

    def stationary(self) -> Array:
        """The law of a label, shape (M,)."""
        size = len(self.transitions)
        rows = np.concatenate([self.transitions - np.eye(size), np.ones((1, size))])
        law = np.linalg.lstsq(rows, np.append(np.zeros(size), 1.0), rcond=None)[0]
        return np.asarray(np.maximum(law, 0.0) / np.maximum(law, 0.0).sum())


def random_signal(inputs: Any, transitions: Any, steps: int, *, before: Any = 0) -> Feedback:
    r"""Each trial's own random input, :math:`x_1 \dots x_K`, a stationary Markov chain; nothing is fed back.

    .. math:: p(x_{t+1} = i \,|\, x_t = j) = T_{ij}

    The ledger's `outcome` holds the labels :math:`x_1 \dots x_{K+1}` of the inputs, the last of which drives no step:
    it is what the network may have foreseen. Its `information` is zero.

    Parameters
    ----------
    inputs : array_like, shape (M, N)
        In energy units.
    transitions : array_like, shape (M, M)
        T, [i, j] from j to i: columns sum to one.
    steps : int
        K, at least 1.
    before : Protocol, array_like or int
        As for `feedback`.

    Raises
    ------
    InputError
        If it is no Markov chain in which every input is reached from every other.
    """
    inputs, transitions = checked_signal((inputs, transitions))
    path = MarkovPath(transitions, checked_count(steps, "steps"))
    return feedback(
        path, lambda labels: inputs[labels[:, :-1].astype(int)], before=before, evidence=lambda y: np.zeros(len(y))
    )
