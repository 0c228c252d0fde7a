"""Entropy production measured: what a stationary run delivers to its bath."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.ledger import column, is_ledger

TRIALS_A_CONTROL = 20
RCOND = 1e-10  # of the Gram matrix: combinations of controls that vanish are left out


def entropy_production(ledger: Any, *, confidence: float = 0.95) -> Estimate:
    r"""Entropy production rate from a stationary simulation, on the rule's own clock.

    .. math:: \sigma = \frac{\langle \text{entropy flow} \rangle}{\text{ticks}}

    At stationarity the Shannon entropy of the network does not change, and all that is produced flows into the
    bath. The clock is that of `exact.entropy_production`: nats per attempt (random order), per sweep
    (sequential), per step (parallel, or a rule of your own), per unit time (Langevin, processes).

    What flow owes to where a trial happens to start and end averages out but makes noise. Differences between end
    and start of the energy, and of :math:`x_i` and :math:`x_i x_j` where the run recorded states at both ends
    (``record="states", every=steps``), are subtracted as control variates. For a linear system that leaves the
    antisymmetric part of the drift, :math:`\hat\sigma = -\langle dx \cdot K x_{mid} \rangle / dt` with
    :math:`K = (D^{-1} A - A^T D^{-1})/2`, and nothing else.

    Parameters
    ----------
    ledger : xarray.Dataset
        Of `simulate` with one input held, started in the stationary law (``initial="stationary"``).
    confidence : float
        Nominal coverage of the interval (Student's t over independent trials), in (0, 1).

    Returns
    -------
    Estimate
        A sentence says where the burn-in before it did not converge.

    Raises
    ------
    InputError
        If the ledger is not of a stationary run: its input changes, it made no step, or it started elsewhere.

    References
    ----------
    Seifert, Phys. Rev. Lett. 95, 040602 (2005); Schnakenberg, Rev. Mod. Phys. 48, 571 (1976).
    """
    if not is_ledger(ledger):
        raise InputError(f"ledger must be an xarray.Dataset that simulate made, got {type(ledger).__name__}")
    level = checked_fraction(confidence, "confidence")
    attributes = ledger.attrs
    if not attributes.get("input_held", 0):
        raise InputError("ledger: entropy production needs one input held (hold), and this protocol changes it")
    if attributes.get("ticks", 0) <= 0:
        raise InputError("ledger: entropy production needs at least one step, and this run made none")
    kept = attributes.get("initial") == "equilibrium" and attributes.get("keeps_not") == ""
    if attributes.get("initial") != "stationary" and not kept:
        raise InputError(
            f"ledger: entropy production needs initial='stationary', and this run started from "
            f"{attributes.get('initial')!r}: what flowed is then not all that was produced"
        )
    ticks = float(attributes["ticks"])
    flow = column(ledger, "entropy_flow")
    if not np.all(np.isfinite(flow)):
        raise InputError(f"ledger: the entropy flow is not known here ({attributes.get('flow', 'NaN')})")
    controls = _controls(ledger, flow.size)
    value, stderr = _mean_beside(flow / ticks, controls)
    route = str(attributes.get("initial_route", ""))
    return Estimate(
        value,
        stderr,
        _interval(value, stderr, flow.size - controls.shape[1], level),
        level,
        n=flow.size,
        ess=float(flow.size),
        units=f"nats per {attributes['clock']}",
        method="entropy flow of a stationary run" + f", {controls.shape[1]} controls" * bool(controls.shape[1]),
        diagnostics=_sentences(route, flow.size),
        details={"ticks": ticks, "initial_route": route, "controls": controls.shape[1]},
    )


def _sentences(route: str, trials: int) -> tuple[str, ...]:
    found = []
    if "NOT CONVERGED" in route:
        found.append(f"The start is in doubt: {route}.")
    if trials == 1:
        found.append("One trial has no scatter to tell an error from: run more.")
    return tuple(found)


def _controls(ledger: Any, trials: int) -> Array:
    """Differences between end and start, of mean zero in a stationary run; shape (trials, controls)."""
    found = []
    if "energy_final" in ledger:
        found.append((column(ledger, "energy_final") - column(ledger, "energy_initial"))[:, None])
    if "states" in ledger:
        states = ledger["states"].values
        found += _differences(states[:, 0].astype(np.float64), states[:, -1].astype(np.float64))
    if not found:
        return np.empty((trials, 0))
    controls = np.concatenate(found, axis=1)
    return np.asarray(controls[:, controls.std(axis=0) > 0])


def _differences(first: Array, last: Array) -> list[Array]:
    """Of linear and quadratic functions of the state, as many as the trials can carry.

    All pairs where there are few variables; else squares and the powers of Fourier modes, which for a field on a ring
    are all the pairs that matter.
    """
    trials, size = first.shape
    if size * (size + 3) // 2 <= trials // TRIALS_A_CONTROL:
        rows, columns = np.triu_indices(size)
        return [last - first, last[:, rows] * last[:, columns] - first[:, rows] * first[:, columns]]
    power = np.abs(np.fft.rfft(last)) ** 2 - np.abs(np.fft.rfft(first)) ** 2
    chosen, room = [], trials // TRIALS_A_CONTROL
    for candidate in (power, last**2 - first**2, last - first):
        if candidate.shape[1] <= room:
            chosen.append(candidate)
            room -= candidate.shape[1]
    return chosen


def _mean_beside(values: Array, controls: Array) -> tuple[float, float]:
    """The mean where all controls are zero, by least squares, and its standard error."""
    n, free = len(values), len(values) - 1 - controls.shape[1]
    if n < 2 or free < 1:
        return float(values.mean()), float("nan")
    scale = controls.std(axis=0)
    design = np.concatenate([np.ones((n, 1)), controls / scale], axis=1)
    inverse, rank = _inverse(design.T @ design)
    coefficients = inverse @ (design.T @ values)
    coefficients += inverse @ (design.T @ (values - design @ coefficients))  # what squaring the design lost
    left = values - design @ coefficients
    return float(coefficients[0]), float(np.sqrt(left @ left / (n - rank) * inverse[0, 0]))


def _inverse(gram: Array) -> tuple[Array, int]:
    """Pseudo-inverse and rank of a Gram matrix of scaled columns: far cheaper than the columns' own decomposition."""
    values, vectors = np.linalg.eigh(gram)
    kept = values > RCOND * values[-1]
    return (vectors[:, kept] / values[kept]) @ vectors[:, kept].T, int(kept.sum())


def _interval(value: float, stderr: float, n: int, confidence: float) -> tuple[float, float]:
    if n < 2:
        return (float("nan"), float("nan"))
    from scipy.special import stdtrit

    reach = float(stdtrit(n - 1, 0.5 + confidence / 2)) * stderr
    return (value - reach, value + reach)
