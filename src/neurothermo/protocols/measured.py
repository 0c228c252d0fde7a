"""A protocol that depends on a measurement of the state: drive, read, and answer each trial in its own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from neurothermo.core.checks import Array, as_floats, checked_array, checked_count, checked_fraction, shape_of, shown
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import Address
from neurothermo.protocols.protocol import Protocol as OpenProtocol
from neurothermo.protocols.protocol import as_protocol


@runtime_checkable
class Measure(Protocol):
    """A readout of the state with errors: what it gives, and how likely that was."""

    def sample(self, states: Any, address: Address) -> Any:
        """Outcomes, shape (trials,) or (trials, readings), of rows of states; random numbers from the address only."""
        ...

    def log_likelihood(self, outcome: Any, states: Any) -> Array:
        """ln p(y|x), shape (trials,): of each outcome given the state in the same row."""
        ...


@dataclass(frozen=True, eq=False)
class NoisySign:
    r"""One bit, wrong with a given probability: which side of zero a weighted sum of the state is on.

    .. math:: y = \pm \operatorname{sign}(w \cdot x), \qquad p(y \ne \operatorname{sign}) = \epsilon

    A sum of zero counts as +1. With w a unit vector it reads one neuron; with w a pattern, the nearer of the
    pattern and its opposite; with w the difference of two patterns, the nearer of the two.

    Parameters
    ----------
    weights : array_like, shape (dimension,)
        w.
    error : float
        epsilon, strictly between 0 and 1. Without error there are states that an outcome excludes, and the
        theorems of `check_feedback` take another form.

    Raises
    ------
    InputError
        If the weights are not a row of numbers, or the error is not strictly between 0 and 1.
    """

    weights: Any
    error: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", checked_array(self.weights, "weights", (None,)))
        object.__setattr__(self, "error", checked_fraction(self.error, "error"))

    def readout(self, states: Any) -> Array:
        """w . x, shape (trials,)."""
        return _readout(states, self.weights)

    def sample(self, states: Any, address: Address) -> Array:
        """-1. or +1., shape (trials,)."""
        wrong = address.uniforms(1)[:, 0] < self.error
        return np.where((self.readout(states) >= 0) != wrong, 1.0, -1.0)

    def log_likelihood(self, outcome: Any, states: Any) -> Array:
        """ln(1 - epsilon) where the outcome is right, ln epsilon where it is wrong."""
        right = (np.asarray(outcome) > 0) == (self.readout(states) >= 0)
        return np.asarray(np.where(right, np.log1p(-self.error), np.log(self.error)))


@dataclass(frozen=True, eq=False)
class NoisyReadout:
    r"""Weighted sums of the state, with independent Gaussian errors.

    .. math:: y = w x + \sqrt{n}\, z

    Parameters
    ----------
    weights : array_like, shape (dimension,) or (readings, dimension)
        w; one row gives outcomes of shape (trials,), several of shape (trials, readings).
    variance : float or array_like, shape (readings,)
        n > 0, of each reading.

    Raises
    ------
    InputError
        If a variance is not positive, or the shapes do not fit.
    """

    weights: Any
    variance: Any

    def __post_init__(self) -> None:
        weights = as_floats(self.weights, "weights")
        checked_array(weights, "weights", (None,) * (2 if weights.ndim == 2 else 1))
        variance = checked_array(self.variance, "variance")
        readings = () if weights.ndim == 1 else (len(weights),)
        if variance.shape not in ((), readings) or np.any(variance <= 0):
            raise InputError(
                f"variance must be positive, one number or one for each reading, got {shown(self.variance)}"
            )
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "variance", variance)

    def readout(self, states: Any) -> Array:
        """w x, shape (trials,) or (trials, readings)."""
        return _readout(states, self.weights)

    def sample(self, states: Any, address: Address) -> Array:
        """The readout and its error."""
        noise = address.normals(len(np.atleast_2d(self.weights)))
        return self.readout(states) + np.sqrt(self.variance) * (noise[:, 0] if self.weights.ndim == 1 else noise)

    def log_likelihood(self, outcome: Any, states: Any) -> Array:
        """The logarithm of the normal density of the error."""
        gap = np.asarray(outcome, dtype=np.float64) - self.readout(states)
        logs = -0.5 * (gap**2 / self.variance + np.log(2 * np.pi * self.variance))
        return logs if logs.ndim == 1 else logs.sum(axis=1)


def _readout(states: Any, weights: Array) -> Array:
    """Weighted sums, row by row, in one order of summation whatever the number of rows."""
    states = np.asarray(states, dtype=np.float64)
    if states.ndim != 2 or states.shape[1] != weights.shape[-1]:
        raise InputError(f"weights must have one entry for each of {states.shape[-1]} variables, got {weights.shape}")
    form = "ri,i->r" if weights.ndim == 1 else "ri,mi->rm"
    return np.asarray(np.einsum(form, np.ascontiguousarray(states), weights))


@dataclass(frozen=True, eq=False)
class Feedback:
    """What `feedback` describes; `simulate` takes it in the place of a protocol.

    Parameters
    ----------
    before : Protocol, array or int
        What drives every trial alike until the measurement.
    measure : Measure
    respond : callable
        Outcomes to values, shape (trials, M, N).
    evidence, free_energy : callable, optional
        ln p(y) of outcomes, and F of inputs, for systems where they are not found exactly.
    """

    before: Any
    measure: Measure
    respond: Callable[[Any], Any]
    evidence: Callable[[Any], Any] | None = None
    free_energy: Callable[[Any], Any] | None = None

    def opening(self, size: int) -> OpenProtocol:
        """The protocol until the measurement, for N = `size` neurons.

        Raises
        ------
        InputError
            If it drives another number of neurons, or more than the input, or is the reverse of an experiment.
        """
        opening = as_protocol(self.before, size)
        if opening.drives_more:
            raise InputError("before must drive the input alone: feedback answers with inputs")
        if opening.relax_first:
            raise InputError("before must be a forward protocol: an experiment with feedback has no reverse of its own")
        return opening

    def __repr__(self) -> str:
        start = self.before if isinstance(self.before, OpenProtocol | int) else f"values {np.shape(self.before)}"
        return f"Feedback({type(self.measure).__name__} after {start})"


def feedback(
    measure: Measure,
    respond: Callable[[Any], Any],
    *,
    before: Any = 0,
    evidence: Callable[[Any], Any] | None = None,
    free_energy: Callable[[Any], Any] | None = None,
) -> Feedback:
    r"""Drive, measure, then drive each trial according to what was measured.

    .. math:: I_0 \dots I_k \ \to\ y \sim p(y|x_k) \ \to\ I_{k+1}(y) \dots I_{k+M}(y)

    The measurement takes no time and does no work. Each of the M values of the response is one step, as any:
    first the input changes to it at fixed state (work; the first change is the jump from :math:`I_k`), then the
    state moves.

    Parameters
    ----------
    measure : Measure
        Such as `NoisySign` or `NoisyReadout`; anything with ``sample(states, address)`` and
        ``log_likelihood(outcome, states)``.
    respond : callable
        Takes outcomes, shape (trials,) or (trials, readings), and gives values, shape (trials, M, N), M >= 1 the same
        for all outcomes; each trial's from its own outcome alone.
    before : Protocol, array_like of shape (k + 1, N), or int
        The input until the measurement; an integer means that many steps without input. Default: none, the state is
        read where it starts, without input.
    evidence : callable, optional
        ln p(y), shape (trials,), of outcomes: how likely each is whatever the state. Needed for the information of a
        measurement where the law of the state is not known exactly at its time.
    free_energy : callable, optional
        F, shape (inputs,), of rows of inputs, shape (inputs, N), in energy units, where it is not found exactly.

    Returns
    -------
    Feedback
        For ``simulate`` in place of a protocol. Its ledger also has `outcome`, `information` and
        `free_energy_change`, or says in its attributes why not.

    Raises
    ------
    InputError
        If `measure` cannot measure, or something that must be a function is none.

    References
    ----------
    Sagawa and Ueda, Phys. Rev. Lett. 104, 090602 (2010).
    """
    if isinstance(measure, type) or not isinstance(measure, Measure):
        raise InputError(
            f"measure must have sample() and log_likelihood(), as NoisySign(...) has, got {shown(measure)}"
        )
    for name, function in (("respond", respond), ("evidence", evidence), ("free_energy", free_energy)):
        if not callable(function) and (function is not None or name == "respond"):
            raise InputError(f"{name} must be a function, got {shown(function)}")
    if isinstance(before, int | np.integer):
        before = checked_count(before, "before", least=0)
    elif not isinstance(before, OpenProtocol):
        if not shape_of(before, "before"):
            raise InputError(f"before must be a number of steps, a Protocol or its values, got {shown(before)}")
        before = checked_array(before, "before", (None, None))
    return Feedback(before, measure, respond, evidence, free_energy)
