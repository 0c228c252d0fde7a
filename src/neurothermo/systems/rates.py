"""A network of graded neurons: potentials, activities, and Hopfield's energy of 1984 where there is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from neurothermo.core.checks import TINY, Array, checked_array, checked_range, checked_word, shown
from neurothermo.core.errors import InputError
from neurothermo.core.flight import TILE
from neurothermo.core.randomness import digest
from neurothermo.systems import gains
from neurothermo.systems.continuous import Inner
from neurothermo.systems.gains import Gain
from neurothermo.systems.spins import SYMMETRY_TOLERANCE

ROOM = 1e-12  # of the gain's range: activities nearer to its ends than this cannot be told from them


@dataclass(frozen=True, eq=False)
class RateNetwork:
    r"""Graded neurons of potential :math:`u_i` and activity :math:`V_i = f(u_i)`.

    .. math:: \dot u = F + \text{noise}, \qquad F = -u/R + J f(u) + b + I, \qquad
              E(V, I) = -\tfrac12 V \cdot J V + \sum_i \frac1{R_i} \int^{V_i} f^{-1}(v)\, dv - (b + I) \cdot V

    For symmetric couplings :math:`F = -\partial E/\partial V`. Potentials are in units of f's argument, time in
    units of the membrane's R C with C = 1. The integral is :math:`u f(u) - \Phi(u)`, Phi the gain's
    antiderivative; for the logistic gain it is V ln V + (1 - V) ln(1 - V).

    Whether this is an equilibrium system is not its own matter but that of the noise, which lives in the rule of
    motion: `Langevin` with noise="boltzmann" keeps exp(-E/T); additive noise on u, as printed, does not, symmetric
    couplings or not.

    Parameters
    ----------
    couplings : array_like, shape (N, N)
        J; ``couplings[i, j]`` is the influence of neuron j on neuron i. A diagonal is allowed.
    gain : Gain or float, optional
        f; default ``gains.logistic()``, activities in (0, 1). A number is the slope of a linear one.
    resistance : float or array_like of shape (N,)
        R > 0.
    input : float or array_like of shape (N,)
        b, a constant input; that of a protocol is added to it.

    Raises
    ------
    InputError
        If the couplings are not a finite square matrix, or something else does not fit them.

    References
    ----------
    Hopfield, PNAS 81, 3088 (1984); Chen, arXiv 2012.13252, eq. 15.
    """

    couplings: Any
    gain: Gain = field(default_factory=gains.logistic)
    resistance: Any = 1.0
    input: Any = 0.0
    label: str = ""

    def __post_init__(self) -> None:
        checked_word(self.label, "label")
        couplings = checked_array(self.couplings, "couplings", (None, None))
        size = len(couplings)
        if couplings.shape != (size, size) or size == 0:
            raise InputError(f"couplings must be a square matrix, got shape {couplings.shape}")
        if callable(self.gain) and not isinstance(self.gain, Gain):
            raise InputError(f"gain must be a Gain such as gains.logistic(), got {shown(self.gain)}")
        object.__setattr__(self, "gain", gains.as_gain(self.gain))
        resistance = _each(self.resistance, "resistance", size)
        if np.any(resistance <= 0):
            raise InputError(f"resistance must be positive, got {resistance.min():g}")
        checked_range(resistance, "resistance", TINY)
        checked_range(couplings, "couplings")
        arrays = {"couplings": couplings, "resistance": resistance, "input": _each(self.input, "input", size)}
        for name, array in arrays.items():
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    # -- what it is --------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """N, the number of neurons."""
        return len(self.couplings)

    @property
    def dimension(self) -> int:
        """N: the state is the potentials."""
        return self.size

    @cached_property
    def symmetric(self) -> bool:
        """Whether J = J^T."""
        largest = np.abs(self.couplings).max()
        with np.errstate(over="ignore"):
            return bool(np.abs(self.couplings - self.couplings.T).max() <= SYMMETRY_TOLERANCE * largest)

    @property
    def has_energy(self) -> bool:
        """Whether the couplings are symmetric and the gain's antiderivative is known."""
        return not self.why_no_energy

    @property
    def why_no_energy(self) -> str:
        """A sentence for a network without an energy; empty where there is one."""
        if not self.symmetric:
            with np.errstate(over="ignore"):
                gap = np.abs(self.couplings - self.couplings.T).max()
            return (
                f"the couplings are not symmetric (largest |J_ij - J_ji| = {gap:.3g}), so no energy function "
                "generates the dynamics: work and entropy flow exist, energy, heat and free energy do not"
            )
        if self.gain.antiderivative is None:
            return f"gain {self.gain.name!r} comes without its antiderivative, which the energy needs"
        return ""

    @cached_property
    def digest(self) -> str:
        """A word that two networks share only if they are the same."""
        return digest("RateNetwork", self.couplings, self.gain.digest, self.resistance, self.input)

    @property
    def noise(self) -> Array:
        """One for each potential: additive noise of variance 2 T dt."""
        return np.ones(self.size)

    @property
    def pace(self) -> Array:
        """One for each potential."""
        return np.ones(self.size)

    @property
    def patterns(self) -> None:
        """None: no patterns are kept with a rate network."""
        return None

    # -- forces and energy -------------------------------------------------------------------------

    @cached_property
    def _cast(self) -> dict[str, Any]:
        """J^T, 1/R (None where that is 1) and b (None where there is none), at each precision that was asked for."""
        return {}

    def evaluate(self, states: Any) -> tuple[Any, Any]:
        """F without the protocol's input, and V; both (trials, N), at the precision of `states`."""
        kind = states.dtype.str
        if kind not in self._cast:
            leak = 1 / self.resistance if np.any(self.resistance != 1) else None
            arrays = (self.couplings.T, leak, self.input if self.input.any() else None)
            self._cast[kind] = tuple(
                array if array is None else np.ascontiguousarray(array, dtype=states.dtype) for array in arrays
            )
        transposed, leak, constant = self._cast[kind]
        activity = self.gain.function(states)
        force = activity @ transposed
        force -= states if leak is None else states * leak
        if constant is not None:
            force += constant
        return force, activity

    def activity(self, states: Any) -> Any:
        """V = f(u)."""
        return self.gain.function(np.asarray(states))

    def energy(self, states: Any, field: Any) -> Array:
        """E(V, I), shape (trials,), of rows of potentials at one input, shape (N,), or one a trial.

        Raises
        ------
        InputError
            If the network has no energy.
        """
        if self.why_no_energy:
            raise InputError(f"this network has no energy: {self.why_no_energy}")
        states = np.asarray(states, dtype=np.float64)
        found, given = np.empty(len(states)), self.input + np.asarray(field)
        tile = np.zeros((TILE, self.size))  # a product's shape decides its last bits: the same for any cut of the rows
        for start in range(0, len(states), TILE):
            rows = states[start : start + TILE]
            tile[: len(rows)] = rows
            activity = self.gain.function(tile)
            half = 0.5 * (activity @ self.couplings.T)
            half[: len(rows)] += given if given.ndim == 1 else given[start : start + TILE]
            own = (tile * activity - self.gain.antiderivative(tile)) / self.resistance  # type: ignore[misc]
            found[start : start + len(rows)] = (own - half * activity).sum(axis=1)[: len(rows)]
        return found

    # -- matched noise -----------------------------------------------------------------------------

    def inner(self, states: Any) -> Inner:
        """The activities, with mobility f'(u) and its slope d f'/dV = f''/f'."""
        self.gain.require("second", "inverse")
        values = self.gain.function(states)
        kept = self._inside(values)
        if kept is not values:
            values, states = kept, self.outer(kept)
        mobility = self.gain.derivative(states)
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = self.gain.second(states) / mobility  # type: ignore[misc]
        return Inner(values, mobility, slope)

    def _inside(self, values: Any) -> Any:
        """Activities that rounding put onto an end of the gain's range, brought back inside: nothing moves there."""
        low, high = self.gain.low, self.gain.high
        room = ROOM * (high - low if np.isfinite(high - low) else 1.0)
        return values if np.all((values > low) & (values < high)) else np.clip(values, low + room, high - room)

    def outer(self, values: Any) -> Any:
        """u = f^-1(V)."""
        return self.gain.inverse(values)  # type: ignore[misc]

    @property
    def box(self) -> tuple[Array, Array]:
        """The gain's range, a neuron."""
        return np.full(self.size, self.gain.low), np.full(self.size, self.gain.high)

    def scattered(self, uniforms: Array) -> Array:
        """Potentials evenly spread over twice what couplings and inputs reach, where activities can be told apart."""
        top = np.abs(self.gain.function(np.array([-8.0, 8.0]))).max()
        reach = self.resistance * (np.abs(self.couplings).sum(axis=1) * top + np.abs(self.input)) + 1
        spread = np.asarray((4 * uniforms - 2) * reach)
        if self.gain.inverse is None or not np.isfinite(self.gain.high - self.gain.low):
            return spread
        room = 1e-6 * (self.gain.high - self.gain.low)
        ends = self.outer(np.array([self.gain.low + room, self.gain.high - room]))
        return np.clip(spread, *ends)

    def __repr__(self) -> str:
        kind = "symmetric" if self.symmetric else "asymmetric, no energy"
        label = f"{self.label}: " if self.label else ""
        return f"RateNetwork({label}N = {self.size}, {self.gain.name}, {kind})"


def _each(value: Any, name: str, size: int) -> Array:
    """One number a neuron, from one number or from as many."""
    array = checked_array(value, name)
    if array.ndim == 0:
        return np.full(size, float(checked_range(array, name)))
    if array.shape != (size,):
        raise InputError(f"{name} must be one number or have shape ({size},), got {array.shape}")
    return np.asarray(checked_range(array, name))
