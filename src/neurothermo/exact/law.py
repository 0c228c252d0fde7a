"""The Boltzmann law of a spin network, summed exactly: its thermodynamics, and samples from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neurothermo.core.checks import Array, checked_array, checked_spins, checked_temperatures
from neurothermo.core.errors import InputError
from neurothermo.core.randomness import Address
from neurothermo.exact.lumping import Lumping, exchangeable, singletons
from neurothermo.systems.spins import SpinNetwork

ENUMERATION_LIMIT = 20  # neurons: 2^20 states
LUMPING_LIMIT = 22  # bits: 2^22 lumped states, about 300 MB while they are summed
BLOCK = 2**20  # spins drawn at once, to bound the memory that drawing takes


@dataclass(frozen=True, eq=False)
class BoltzmannLaw:
    r"""The equilibrium of a network at one input and one temperature.

    .. math:: p(V) = e^{-E(V, I)/T} / Z

    Made by `boltzmann_law`. Energies are kept as gaps above the ground state, so that no temperature is
    too low.

    Parameters
    ----------
    system : SpinNetwork
    field : array, shape (N,)
        The input I, in energy units.
    temperature : float
        T, in energy units.
    lumping : Lumping
        Over which states the sums went.
    ground : float
        The lowest energy.
    log_sum : float
        The logarithm of the sum of exp(-(E - ground)/T) over all states, >= 0.
    mean_gap : float
        The mean of E - ground, >= 0.
    cumulative : array, shape (states,)
        Running sums of the lumped states' probabilities, up to a factor.
    rounding : float
        How far rounding may have moved an energy.
    """

    system: SpinNetwork
    field: Array
    temperature: float
    lumping: Lumping
    ground: float
    log_sum: float
    mean_gap: float
    cumulative: Array
    rounding: float

    @property
    def route(self) -> str:
        """ "enumerated" or "lumped"."""
        return self.lumping.route

    @property
    def states(self) -> int:
        """How many states were summed."""
        return len(self.cumulative)

    @property
    def log_partition(self) -> float:
        """ln Z."""
        return self.log_sum - self.ground / self.temperature

    @property
    def free_energy(self) -> float:
        """F = -T ln Z, in energy units."""
        return self.ground - self.temperature * self.log_sum

    @property
    def mean_energy(self) -> float:
        """<E>, in energy units."""
        return self.ground + self.mean_gap

    @property
    def entropy(self) -> float:
        """(<E> - F)/T, in nats."""
        return self.log_sum + self.mean_gap / self.temperature

    def log_probability(self, states: Any) -> Array:
        """ln p = -E/T - ln Z, shape (trials,), of rows of -1/+1, shape (trials, N).

        Raises
        ------
        InputError
            If the states are not -1/+1 or do not have N columns.
        """
        states = checked_spins(states, "states", self.system.size)
        with np.errstate(over="ignore"):
            return (self.ground - self.system.energy(states, self.field)) / self.temperature - self.log_sum

    def draw(self, address: Address) -> npt.NDArray[np.int8]:
        """Independent exact samples, rows of -1/+1 of shape (trials, N); each trial's is its address's alone.

        Draw 0 chooses the lumped state by inverse cumulative probability; draws 1 .. N rank the spins of
        each class, and the lowest k_c of them are up.
        """
        trials = len(address.trials)
        states = np.empty((trials, self.system.size), dtype=np.int8)
        rows = max(1, BLOCK // self.system.size)
        for start in range(0, trials, rows):
            block = replace(address, trials=address.trials[start : start + rows])
            states[start : start + rows] = self._drawn(block)
        return states

    def _drawn(self, address: Address) -> npt.NDArray[np.int8]:
        total = self.cumulative[-1]
        target = np.minimum(address.uniforms(1)[:, 0] * total, np.nextafter(total, 0))  # never past the end
        occupations = self.lumping.occupations(np.searchsorted(self.cumulative, target, side="right"))
        if np.all(self.lumping.sizes == 1):
            up = occupations[:, self.lumping.labels] > 0
        else:
            up = self._ranked(occupations, address.uniforms(self.system.size, first=1))
        return np.where(up, self.lumping.gauge, -self.lumping.gauge)

    def _ranked(self, occupations: npt.NDArray[np.int64], uniforms: Array) -> npt.NDArray[np.bool_]:
        """Which spins are up: the k_c of lowest uniform in each class, shape (trials, N)."""
        up = np.empty(uniforms.shape, dtype=bool)
        for c, spins in enumerate(self.lumping.members):
            chosen = np.arange(len(spins)) < occupations[:, c, None]
            within = np.empty_like(chosen)
            np.put_along_axis(within, np.argsort(uniforms[:, spins], axis=1), chosen, axis=1)
            up[:, spins] = within
        return up


def boltzmann_law(system: SpinNetwork, *, temperature: Any, field: Any = None) -> BoltzmannLaw:
    r"""The exact equilibrium of a small network, or of a pattern network of any size.

    .. math:: p(V) = e^{-E(V, I)/T} / Z, \qquad Z = \sum_V e^{-E(V, I)/T}

    Pattern networks are summed over the occupation numbers of their classes of exchangeable spins where
    these have at most 2^22 states, other networks over all 2^N states, N <= 20.

    Parameters
    ----------
    system : SpinNetwork
        With symmetric couplings.
    temperature : float
        T, in energy units, > 0.
    field : array_like, shape (N,), optional
        The input I, in energy units; default 0.

    Raises
    ------
    InputError
        If the network has no energy, the temperature is one per neuron, the field does not fit, or
        neither sum is feasible.

    References
    ----------
    Chen, arXiv 2012.13252, eq. 8.
    """
    checked_system(system)
    bath = checked_temperatures(temperature, system.size)
    if not isinstance(bath, float):
        raise InputError(
            f"temperature must be one number for an equilibrium, got one for each of {system.size} neurons: "
            "baths at different temperatures drive a current, and the stationary law is no Boltzmann law"
        )
    if not system.symmetric:
        raise InputError(f"this network has no equilibrium: {system.why_no_energy}")
    field = _checked_field(system, field)
    lumping = _route(system, field)
    if isinstance(lumping, str):
        raise InputError(lumping)
    return _summed(system, field, bath, lumping)


def is_feasible(system: SpinNetwork, field: Any = None) -> bool:
    """Whether `boltzmann_law` can answer: there is an energy, and few enough states to sum.

    Parameters
    ----------
    system : SpinNetwork
    field : array_like, shape (N,), optional
        The input I, in energy units; default 0. It matters: unequal inputs tell spins apart.

    Raises
    ------
    InputError
        If the field does not fit the network.
    """
    checked_system(system)
    field = _checked_field(system, field)
    return system.symmetric and not isinstance(_route(system, field), str)


def checked_system(system: Any) -> SpinNetwork:
    """A network of spins, the one kind of system whose states can be counted."""
    if not isinstance(system, SpinNetwork):
        raise InputError(f"system must be a SpinNetwork, got {type(system).__name__}")
    return system


def _checked_field(system: SpinNetwork, field: Any) -> Array:
    field = np.zeros(system.size) if field is None else checked_array(field, "field", (system.size,))
    field.setflags(write=False)
    return field


def _route(system: SpinNetwork, field: Array) -> Lumping | str:
    """The classes to sum over, or the sentence that says why there are too many states."""
    lumping = exchangeable(system, field)
    if lumping is not None and lumping.bits <= LUMPING_LIMIT:
        return lumping
    if system.size <= ENUMERATION_LIMIT:
        return singletons(system, field)
    if lumping is None:
        lumped = "the network has no patterns to lump them by"
    else:
        lumped = f"its patterns and input lump them to 2^{lumping.bits:.1f} only (limit 2^{LUMPING_LIMIT})"
    return (
        f"the 2^{system.size} states of N = {system.size} neurons are too many to enumerate "
        f"(limit N = {ENUMERATION_LIMIT}), and {lumped}: sample this network by simulation instead"
    )


def _summed(system: SpinNetwork, field: Array, temperature: float, lumping: Lumping) -> BoltzmannLaw:
    with np.errstate(over="ignore", invalid="ignore"):
        gaps = lumping.energies()
        ground, largest = float(gaps.min()), float(np.abs(gaps).max())
    if not np.isfinite(largest):
        raise InputError("couplings and field must give energies that a float can hold, got an overflow")
    gaps -= ground
    with np.errstate(over="ignore"):  # a gap that overflows has weight 0
        weights = lumping.log_multiplicities() - gaps / temperature
    shift = float(weights.max())
    np.exp(weights - shift, out=weights)
    total = float(weights.sum())
    return BoltzmannLaw(
        system=system,
        field=field,
        temperature=temperature,
        lumping=lumping,
        ground=ground,
        log_sum=shift + float(np.log(total)),
        mean_gap=float(weights @ gaps) / total,
        cumulative=np.cumsum(weights),
        rounding=float(np.finfo(float).eps) * largest,
    )
