"""A pattern network as a Markov chain of occupation numbers: exact at any size, for exchangeable moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.dynamics.glauber import Glauber
from neurothermo.exact.lumping import SAME_FIELD, Lumping, exchangeable_throughout
from neurothermo.systems.spins import SpinNetwork


@dataclass(frozen=True, eq=False)
class LumpedChain:
    r"""Occupation numbers :math:`k_c` of classes of exchangeable neurons, moved by one rule at one temperature.

    .. math:: P(k_c \to k_c + 1) = \frac{n_c - k_c}{N}\, \frac{1}{1 + e^{-c\,(h_c + K_{cc})/T}}, \qquad
              P(k_c \to k_c - 1) = \frac{k_c}{N}\, \frac{1}{1 + e^{+c\,(h_c - K_{cc})/T}}

    in one random-site attempt, where h_c = sum_d K_cd m_d + f_c still holds a neuron's own part, which its field
    has not; in parallel order each k_c' is a sum of two binomials. Made by `lumped_chain`. It keeps the contract
    `Chain`; a state's number is sum_c k_c stride_c, the first class fastest.

    Parameters
    ----------
    system : SpinNetwork
    rule : Glauber
        Random or parallel order.
    temperature : float
        T, in energy units.
    lumping : Lumping
        The classes; inputs may not tell the neurons of a class apart.

    References
    ----------
    Classes of exchangeable spins: Kemeny & Snell, Finite Markov Chains (1976), sec. 6.3 (lumpability).
    """

    system: SpinNetwork
    rule: Glauber
    temperature: float
    lumping: Lumping

    @property
    def states(self) -> int:
        """How many lumped states there are."""
        return self.lumping.states

    @property
    def route(self) -> str:
        """ "lumped"."""
        return "lumped"

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many values each k_c can take, shape (classes,)."""
        return self.lumping.sizes + 1

    @property
    def strides(self) -> npt.NDArray[np.int64]:
        """By how much a state's number grows with each k_c, shape (classes,)."""
        return np.cumprod(np.concatenate([[1], self.counts[:-1]]))

    @property
    def attempts(self) -> int:
        """Random-site attempts a step."""
        return self.rule.attempts_per_step(self.system.size)

    def equilibrium(self, field: Array) -> Array:
        """Boltzmann's law at one input, shape (states,).

        Raises
        ------
        InputError
            If the couplings are not symmetric, or the input tells neurons of a class apart.
        """
        if not self.system.symmetric:
            raise InputError(f"this network has no equilibrium: {self.system.why_no_energy}")
        lumping = replace(self.lumping, fields=self.class_fields(field))
        with np.errstate(over="ignore"):  # an energy that overflows has weight 0
            logs = lumping.log_multiplicities() - lumping.energies() / self.temperature
        law = np.exp(logs - logs.max())
        return law / law.sum()

    def amounts(self, direction: Array) -> Array:
        """direction . V of every state, shape (states,): the work of a change dI of input is -amounts(dI).

        Raises
        ------
        InputError
            If the direction tells neurons of a class apart.
        """
        sums = np.zeros(1)
        for size, each in zip(self.lumping.sizes, self._shared(direction, "direction"), strict=True):
            sums = np.add.outer(each * (2.0 * np.arange(size + 1) - size), sums).ravel()
        return sums

    def step(self, law: Any, field: Array, *, transposed: bool = False) -> None:
        """One step of the rule at one input, in place: law <- T law, or T^t law.

        law has shape (states,) or (rows, states), real or complex.
        """
        rows = np.atleast_2d(law)
        parts = (rows.real, rows.imag) if np.iscomplexobj(rows) else (rows,)
        real = np.ascontiguousarray(np.concatenate(parts), dtype=np.float64)
        real = (
            self._parallel(real, field, transposed)
            if self.rule.order == "parallel"
            else self._random(real, field, transposed)
        )
        rows[...] = real if len(parts) == 1 else real[: len(rows)] + 1j * real[len(rows) :]

    def attempt_weights(self, field: Array, *, transposed: bool = False, box: Any = None) -> Array:
        """The stencil of one random-site attempt, shape (1 + 2 classes, states): see `engine.occupation`.

        box : (first, counts), optional
            Only occupation numbers first_c .. first_c + counts_c - 1; moves out of them are lost.
        """
        from neurothermo.engine.occupation import attempt_weights

        first, counts = (np.zeros_like(self.counts), self.counts) if box is None else box
        fields = self.class_fields(field)
        gain = self.rule.steepness / self.temperature
        sizes, couplings = self.lumping.sizes, np.ascontiguousarray(self.lumping.couplings)
        return np.asarray(attempt_weights(first, counts, sizes, couplings, fields, gain, transposed))

    def _random(self, rows: Array, field: Array, transposed: bool) -> Array:
        from neurothermo.engine.occupation import attempts_on_rows

        weights = self.attempt_weights(field, transposed=transposed)
        attempts_on_rows(rows, self.strides, weights, self.attempts)
        return rows

    def _parallel(self, rows: Array, field: Array, transposed: bool) -> Array:
        from neurothermo.engine.occupation import up_counts

        fields = self.class_fields(field)
        gain = self.rule.steepness / self.temperature
        sizes, couplings = self.lumping.sizes, np.ascontiguousarray(self.lumping.couplings)
        matrix = np.ones((self.states, 1))  # from a state to the k' of the classes so far
        for c in range(len(sizes)):
            law = up_counts(sizes, couplings, fields, gain, c)
            matrix = (law[:, :, None] * matrix[:, None, :]).reshape(self.states, -1)
        return np.asarray(rows @ (matrix.T if transposed else matrix))

    def class_fields(self, field: Array) -> Array:
        """Input minus threshold of each class, shape (classes,), in the gauge of the lumping.

        Raises
        ------
        InputError
            If the input tells neurons of a class apart.
        """
        return self._shared(field - self.system.thresholds, "field")

    def _shared(self, values: Array, name: str) -> Array:
        gauged = self.lumping.gauge * values
        first = np.array([spins[0] for spins in self.lumping.members])
        each = gauged[first]
        spread = np.abs(gauged - each[self.lumping.labels]).max()
        if spread > SAME_FIELD * self.system.size * max(np.abs(values).max(), np.abs(self.system.thresholds).max()):
            raise InputError(
                f"{name} must be the same for all neurons of a class, got values that differ by {spread:.3g} within "
                "one: lump by all inputs of the protocol"
            )
        return each


def lumped_chain(system: SpinNetwork, rule: Glauber, temperature: float, values: Array) -> LumpedChain | None:
    """The chain of occupation numbers that serves all inputs `values`, shape (K + 1, N); None where there is none.

    There is none for sequential order, whose sites are not exchangeable, and without patterns.

    Raises
    ------
    InputError
        If the network's patterns do not give its couplings.
    """
    if rule.order == "sequential":
        return None
    lumping = exchangeable_throughout(system, values)
    return None if lumping is None else LumpedChain(system, rule, temperature, lumping)
