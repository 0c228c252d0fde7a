"""What a driven network knows of its input, and what of that says nothing of the input's future."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array, checked_temperatures
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import ENERGY, Estimate, no_estimate
from neurothermo.exact.enumerated import enumerated_chain
from neurothermo.exact.law import checked_system
from neurothermo.exact.solver import fixed_point
from neurothermo.protocols.signals import check_columns, checked_signal
from neurothermo.systems.spins import SpinNetwork

LARGEST = 10  # neurons
LARGEST_BYTES = 2e9  # of the relaxation matrices, one an input
CLOCK = "nats per step"


@dataclass(frozen=True, eq=False)
class Prediction:
    """The answer of `prediction`; information in nats, energies in energy units, all of one step.

    Parameters
    ----------
    memory : Estimate
        I(s_t; x_t): what the network's state says of the input of the moment.
    prediction : Estimate
        I(s_t; x_{t+1}): what it says of the next one.
    nostalgia : Estimate
        Their difference, >= 0: what it knows in vain.
    work : Estimate
        <W> of a change of input.
    dissipated : Estimate
        <W> - dF_neq of a change of input, from energies and conditional entropies; NaN without an energy.
    joint : array, shape (M, 2^N)
        The stationary law of (input, state), bit i of a state's number set where neuron i is up.
    """

    memory: Estimate
    prediction: Estimate
    nostalgia: Estimate
    work: Estimate
    dissipated: Estimate
    joint: Array

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types, without the joint law."""
        names = ("memory", "prediction", "nostalgia", "work", "dissipated")
        return {name: getattr(self, name).to_dict() for name in names}


def prediction(system: Any, rule: Any, signal: Any, *, temperature: Any) -> Prediction:
    r"""Memory, predictive power and dissipation of a network driven by a random signal.

    .. math:: \langle W - \Delta F_{neq} \rangle / T = I(s_t; x_t) - I(s_t; x_{t+1}), \qquad
              F_{neq} = \langle E \rangle - T H(s | x)

    Step t changes the input from :math:`x_t` to :math:`x_{t+1}` at fixed state (work), then the state moves at
    :math:`x_{t+1}`. The pair of both is a Markov chain, in its stationary law here. The right-hand side, the
    nostalgia, is what the network remembers of its input to no avail: it costs work.

    Parameters
    ----------
    system : SpinNetwork
        N <= 10, couplings symmetric or not.
    rule : Glauber or array_like, shape (M, 2^N, 2^N)
        How the state moves; or for each input a matrix of columns that sum to one, [x, s', s] the probability of
        s -> s', as for a neuron that moves only now and then.
    signal : (inputs, transitions)
        The M inputs, shape (M, N), in energy units; and p(x' | x), shape (M, M), transitions[i, j] from j to i:
        columns sum to one. Every input must be reached from every other.
    temperature : float or array_like, shape (N,)
        In energy units. With several there is no dissipated work, as without an energy.

    Returns
    -------
    Prediction
        Exact. ``dissipated.details["residual"]`` is its distance from T times the nostalgia,
        ``work.details["balance"]`` that of the mean work from minus the mean heat, which are computed apart.

    Raises
    ------
    InputError
        If the network is too large, the signal is not a Markov chain with one law, or the matrices do not fit.

    References
    ----------
    Still, Sivak, Bell and Crooks, Phys. Rev. Lett. 109, 120604 (2012).
    """
    size = checked_system(system).size
    if size > LARGEST:
        raise InputError(
            f"system: the states of N = {size} neurons with every input are too many (limit N = {LARGEST})"
        )
    bath = checked_temperatures(temperature, size)
    inputs, transitions = checked_signal(signal, size)
    relaxation = _relaxation(system, rule, bath, inputs)
    joint = _stationary(relaxation, transitions)
    driven = transitions @ joint  # law of (x_{t+1}, s_t)
    memory, predicted = _information(joint), _information(driven)
    work, heat = _work(system, inputs, transitions, joint), nan
    fields: dict[str, Any] = {"method": f"enumeration of {joint.size} states", "kind": "exact", "stderr": 0.0}
    single = isinstance(bath, float) and system.symmetric
    if single:
        energies = _energies(system, inputs)
        heat = float(np.sum(energies * (_relaxed(relaxation, driven) - driven)))
    return Prediction(
        Estimate(memory, interval=(memory, memory), units="nats", **fields),
        Estimate(predicted, interval=(predicted, predicted), units="nats", **fields),
        Estimate(memory - predicted, interval=(memory - predicted,) * 2, units=CLOCK, **fields),
        Estimate(work, interval=(work, work), units=ENERGY, details={"balance": work + heat}, **fields),
        _dissipated(system, bath, (joint, driven), (work, memory - predicted), inputs),
        joint,
    )


def _relaxation(system: SpinNetwork, rule: Any, bath: Any, inputs: Array) -> Array:
    """Columns of transition probabilities, shape (M, states, states)."""
    states = 2**system.size
    if 8.0 * len(inputs) * states**2 > LARGEST_BYTES:
        raise InputError(f"signal: {len(inputs)} inputs times {states}^2 transitions do not fit; use fewer")
    if isinstance(rule, np.ndarray | list | tuple):
        given = checked_array(rule, "rule", (len(inputs), states, states))
        check_columns(given, "the matrices of rule")
        return given
    chain = enumerated_chain(system, rule, bath)
    rows = np.empty((len(inputs), states, states))
    for matrix, field in zip(rows, inputs, strict=True):
        matrix[:] = np.eye(states)
        chain.step(matrix, field)  # row s becomes the law of s' from s
    return np.ascontiguousarray(rows.transpose(0, 2, 1))


def _stationary(relaxation: Array, transitions: Array) -> Array:
    """The law of (x_t, s_t) that a step keeps, shape (M, states)."""
    shape = (len(transitions), relaxation.shape[1])

    def moved(joint: Array) -> Array:
        return _relaxed(relaxation, transitions @ joint)

    def drift(joint: Array, out: Array) -> None:
        out[:] = moved(joint) - joint

    def deviation(joint: Array) -> Array:
        tilted = joint * np.linspace(1, 2, shape[1])
        return np.asarray(tilted / tilted.sum() - joint / joint.sum())

    start = np.full(shape, 1 / np.prod(shape))
    for _ in range(2):
        start = moved(start)
    found = fixed_point(drift, start, deviation)
    if not found.converged:
        raise InputError(
            "rule and signal: the stationary law of state and input could not be determined; the network or the "
            f"signal hardly moves (slowest deviation pulled back by {found.gap:.1g} of itself a step)"
        )
    kept = moved(np.maximum(found.vector, 0.0))
    return kept / kept.sum()


def _relaxed(relaxation: Array, driven: Array) -> Array:
    return np.asarray((relaxation @ driven[:, :, None])[:, :, 0])


def _information(joint: Array) -> float:
    from scipy.special import rel_entr

    product = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    return max(float(np.sum(rel_entr(joint, product))), 0.0)


def _states(size: int) -> Array:
    return np.where(np.arange(2**size)[:, None] >> np.arange(size) & 1, 1.0, -1.0)


def _energies(system: SpinNetwork, inputs: Array) -> Array:
    """E(s, x), shape (M, states)."""
    states = _states(system.size)
    return np.array([system.energy(states, field) for field in inputs])


def _work(system: SpinNetwork, inputs: Array, transitions: Array, joint: Array) -> float:
    """-<dI . V>, pair by pair of inputs."""
    amounts = inputs @ _states(system.size).T
    kept, changed = joint * amounts, joint @ amounts.T  # (x, s); (x, x')
    return float(kept.sum() - np.sum(changed * transitions.T))


def _dissipated(
    system: SpinNetwork, bath: Any, laws: tuple[Array, Array], known: tuple[float, float], inputs: Array
) -> Estimate:
    """<W> - dF_neq over the change of input, from the work and the two nonequilibrium free energies."""
    (joint, driven), (work, nostalgia) = laws, known
    if not system.symmetric:
        return no_estimate(f"There is no dissipated work: {system.why_no_energy}.", units=ENERGY)
    if not isinstance(bath, float):
        return no_estimate("There is no dissipated work with a temperature for each neuron.", units=ENERGY)
    from scipy.special import entr

    energies = _energies(system, inputs)

    def free_energy(law: Array) -> float:
        unknown = np.sum(entr(law)) - np.sum(entr(law.sum(axis=1)))  # H(s | x)
        return float(np.sum(energies * law) - bath * unknown)

    value = work - (free_energy(driven) - free_energy(joint))
    details = {"residual": value - bath * nostalgia}
    return Estimate(
        value, 0.0, (value, value), units=ENERGY, temperature=bath, kind="exact", method="energies and entropies",
        details=details,
    )  # fmt: skip
