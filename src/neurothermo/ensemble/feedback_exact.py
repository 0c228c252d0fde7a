"""What can be known exactly of an experiment with feedback: how likely outcomes were, and free energies reached."""

from __future__ import annotations

from math import erfc, sqrt
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_array
from neurothermo.core.gaussian import Gaussian, row_products
from neurothermo.dynamics import Glauber
from neurothermo.ensemble.initial import InitialLaw
from neurothermo.ensemble.setup import Setup
from neurothermo.processes import LinearLangevin
from neurothermo.protocols import Feedback, NoisyReadout, NoisySign
from neurothermo.systems import SpinNetwork

LARGEST = 16  # neurons whose states are enumerated
EVALUATIONS = 2**28  # of a likelihood or of a weight, at most
PROPAGATED = 1e9  # updates of a state's probability on the way to the measurement, at most
FEW = 64  # different last inputs whose free energies are summed one by one
BOLTZMANN = 1e-9  # of the largest logarithm: how far a law may be from exp(-E/T) by rounding
DIGITS = 12  # to which weighted sums of spins are told apart
ROWS = 4096


def states_of(size: int) -> Any:
    """All states, bit i of the row's number set where neuron i is up."""
    return np.where(np.arange(2**size)[:, None] >> np.arange(size) & 1, 1, -1).astype(np.int8)


# -- how likely an outcome was ---------------------------------------------------------------------------------------


def log_evidence(closed: Feedback, plan: Setup, law: InitialLaw, outcomes: Any) -> tuple[Array | None, str]:
    """ln p(y) of every outcome, and how it was found; None and the reason where it is not known."""
    if closed.evidence is not None:
        given = checked_array(closed.evidence(outcomes), "evidence(outcomes)", (len(outcomes),))
        return given, "with evidence as given"
    if isinstance(plan.first, SpinNetwork):
        logs = _log_law(plan, law)
        return (None, logs) if isinstance(logs, str) else _summed(closed.measure, plan.first.size, logs, outcomes)
    normal = _normal(plan, law)
    if normal is None:
        return None, "absent: the law of the state at the measurement is not known; give evidence="
    if isinstance(closed.measure, NoisyReadout):
        return _normal_outcomes(closed.measure, normal).log_probability(outcomes.reshape(len(outcomes), -1)), "exact"
    if isinstance(closed.measure, NoisySign):
        return _sign_of(closed.measure, normal, outcomes), "exact"
    kind = type(closed.measure).__name__
    return None, f"absent: outcomes of {kind} from a Gaussian law are not integrated; give evidence="


def _log_law(plan: Setup, law: InitialLaw) -> Array | str:
    """ln p(x) of all states of a spin network at the measurement, or why it is not known."""
    system, drive = plan.first, plan.protocol
    if system.size > LARGEST:
        return f"absent: N = {system.size} neurons are too many to enumerate (limit {LARGEST}); give evidence="
    if law.log_probability is None:
        return f"absent: the law of the initial states ({law.name}) is not known exactly; give evidence="
    logs = np.asarray(law.log_probability(states_of(system.size)))
    if drive.steps == 0 or _kept(plan, law, logs):
        return logs
    if not isinstance(plan.rule, Glauber):
        return "absent: a rule other than Glauber's moved the state before the measurement; give evidence="
    cost = drive.steps * plan.rule.attempts_per_step(system.size) * system.size * 2.0**system.size
    if cost > PROPAGATED:
        return "absent: following the law through the steps before the measurement takes too long; give evidence="
    from neurothermo import exact

    chain, found = exact.enumerated_chain(system, plan.rule, plan.temperature), np.exp(logs)
    for field in drive.values[1:]:
        chain.step(found, field)
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(found, 0.0))


def _kept(plan: Setup, law: InitialLaw, logs: Array) -> bool:
    """Whether the trials wait, in a law that their rule keeps."""
    values, rule = plan.protocol.values, plan.rule
    if not np.all(values == values[0]):
        return False
    if law.name == "stationary":
        return True
    bath = isinstance(rule, Glauber) and rule.order != "parallel" and rule.activation == "heat-bath"
    if not (bath and plan.has_energy and np.ndim(plan.temperature) == 0):
        return False
    gaps = logs + plan.first.energy(states_of(plan.first.size), values[0]) / plan.temperature
    return bool(np.ptp(gaps) < BOLTZMANN * (1 + np.abs(logs).max()))


def _summed(measure: Any, size: int, logs: Array, outcomes: Any) -> tuple[Array | None, str]:
    """ln sum_x p(x) p(y|x): over different outcomes or over different readouts, whichever are fewer."""
    from scipy.special import logsumexp

    states = states_of(size)
    if isinstance(measure, NoisySign | NoisyReadout):
        sums = np.round(measure.readout(states), DIGITS).reshape(len(states), -1)
        _, first, of = np.unique(sums, axis=0, return_index=True, return_inverse=True)
        order = np.argsort(of.ravel(), kind="stable")
        ends = np.searchsorted(of.ravel()[order], np.arange(len(first)))
        logs, states = np.logaddexp.reduceat(logs[order], ends), states[first]
    different, back = np.unique(outcomes, axis=0, return_inverse=True)
    if len(different) * len(states) > EVALUATIONS:
        return None, f"absent: {len(different)} outcomes and {len(states)} states are too many pairs; give evidence="
    if len(different) <= len(states):
        found = np.array(
            [logsumexp(logs + measure.log_likelihood(_repeated(one, len(states)), states)) for one in different]
        )
    else:
        found = np.full(len(different), -np.inf)
        for log, state in zip(logs, states, strict=True):
            found = np.logaddexp(found, log + measure.log_likelihood(different, _repeated(state, len(different))))
    return np.asarray(found[back.ravel()]), "exact"


def _repeated(row: Any, times: int) -> Any:
    return np.broadcast_to(row, (times, *np.shape(row)))


def _normal(plan: Setup, law: InitialLaw) -> Gaussian | None:
    """The normal law of real variables at the measurement, where it is one."""
    values = plan.protocol.values
    waits = plan.protocol.steps == 0 or (plan.rule is None and law.name != "given law")
    if not (waits and np.all(values == values[0]) and isinstance(law.final, Gaussian)):
        return None
    return law.final


def _normal_outcomes(measure: NoisyReadout, law: Gaussian) -> Gaussian:
    weights = np.atleast_2d(measure.weights)
    noise = np.diag(np.zeros(len(weights)) + measure.variance)
    mean, spread = row_products(law.mean[None], weights)[0], row_products(weights, law.factor.T)
    return Gaussian(mean, spread @ spread.T + noise)


def _sign_of(measure: NoisySign, law: Gaussian, outcomes: Any) -> Array:
    spread = float(np.linalg.norm(measure.weights @ law.factor))
    up = 0.5 * erfc(-float(measure.weights @ law.mean) / (sqrt(2) * spread)) if spread > 0 else 1.0
    chance = measure.error + (1 - 2 * measure.error) * up
    return np.asarray(np.where(np.asarray(outcomes) > 0, np.log(chance), np.log1p(-chance)))


# -- the free energy of every trial's last input ---------------------------------------------------------------------


def free_energy_changes(closed: Feedback, plan: Setup, last: Array) -> tuple[Array | None, str]:
    """F(last input of each trial) - F(first input), and how it was found; None and the reason where it is unknown."""
    if not plan.has_energy:
        return None, f"absent: {plan.first.why_no_energy}"
    if np.ndim(plan.temperature) > 0:
        return None, "absent: there is no one temperature"
    inputs, back = np.unique(np.concatenate([plan.protocol.values[:1], last]), axis=0, return_inverse=True)
    found: Any
    if closed.free_energy is not None:
        found, how = checked_array(closed.free_energy(inputs), "free_energy(inputs)", (len(inputs),)), "as given"
    elif isinstance(plan.first, SpinNetwork):
        found, how = _of_spins(plan.first, inputs, plan.temperature)
    elif isinstance(plan.first, LinearLangevin):
        found, how = _of_linear(plan.first, inputs), "exact"
    else:
        return None, f"absent: the free energy of {type(plan.first).__name__} is not known; give free_energy="
    if found is None:
        return None, how
    every = np.asarray(found)[back.ravel()]
    return every[1:] - every[0], how


def _of_spins(system: SpinNetwork, inputs: Array, temperature: float) -> tuple[Array | None, str]:
    from neurothermo import exact

    if len(inputs) <= FEW and all(exact.is_feasible(system, field) for field in inputs):
        return np.array(
            [float(exact.free_energy(system, temperature=temperature, field=one)) for one in inputs]
        ), "exact"
    if system.size > LARGEST or len(inputs) * 2**system.size > EVALUATIONS:
        return None, (
            f"absent: {len(inputs)} different last inputs of N = {system.size} neurons are too many to enumerate; give "
            "free_energy="
        )
    from scipy.special import logsumexp

    states = states_of(system.size).astype(np.float64)
    logs = -system.energy(states, np.zeros(system.size)) / temperature
    rows = max(1, ROWS * 64 // len(states))
    parts = [
        logsumexp(logs + inputs[start : start + rows] @ states.T / temperature, axis=1)
        for start in range(0, len(inputs), rows)
    ]
    return -temperature * np.concatenate(parts), "exact"


def _of_linear(process: LinearLangevin, inputs: Array) -> Array:
    """The energy's least value, at the mean: the rest of F does not depend on the input, in units of kT."""
    columns = np.array([process.mean(one) for one in np.eye(process.size)])
    means = row_products(inputs, columns.T)
    return np.asarray(process.energy(means) - (process.activity(means) * inputs).sum(axis=1))
