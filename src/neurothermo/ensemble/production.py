"""Entropy production measured: what a stationary run delivers to its bath."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite, sqrt
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.ledger import column, is_ledger
from neurothermo.core.pieces import PIECE, column_in_pieces, merged, moments

Blocks = Callable[[], Iterator[tuple[Array, Array]]]
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
    blocks, trials = _read(ledger, ticks)
    value, stderr, controls = _regressed(blocks)
    if not isfinite(value):
        raise InputError(f"ledger: the entropy flow is not known here ({attributes.get('flow', 'NaN')})")
    route = str(attributes.get("initial_route", ""))
    return Estimate(
        value,
        stderr,
        _interval(value, stderr, trials - controls, level),
        level,
        n=trials,
        ess=float(trials),
        units=f"nats per {attributes['clock']}",
        method="entropy flow of a stationary run" + f", {controls} controls" * bool(controls),
        diagnostics=_sentences(route, trials),
        details={"ticks": ticks, "initial_route": route, "controls": controls},
    )


def _sentences(route: str, trials: int) -> tuple[str, ...]:
    found = []
    if "NOT CONVERGED" in route:
        found.append(f"The start is in doubt: {route}.")
    if trials == 1:
        found.append("One trial has no scatter to tell an error from: run more.")
    return tuple(found)


def _read(ledger: Any, ticks: float) -> tuple[Blocks, int]:
    """Flow over ticks and controls of a few thousand trials after another; kept, where the ledger is short."""
    flow = column_in_pieces(ledger, "entropy_flow")
    names = [name for name in ("entropy_flow", "energy_initial", "energy_final", "states") if name in ledger]
    data, dim = ledger[names], ledger["entropy_flow"].dims[0]

    def blocks() -> Iterator[tuple[Array, Array]]:
        for start in range(0, flow.size, flow.step):
            part = data.isel({dim: slice(start, start + flow.step)}).load()
            for inner in range(0, part.sizes[dim], PIECE):
                piece = part.isel({dim: slice(inner, inner + PIECE)})
                yield column(piece, "entropy_flow") / ticks, _controls(piece, flow.size)

    if not flow.in_memory:
        return blocks, flow.size
    kept = list(blocks())
    return lambda: iter(kept), flow.size


def _controls(ledger: Any, trials: int) -> Array:
    """Differences between end and start, of mean zero in a stationary run; shape (trials here, controls)."""
    found = []
    if "energy_final" in ledger:
        found.append((column(ledger, "energy_final") - column(ledger, "energy_initial"))[:, None])
    if "states" in ledger:
        states = ledger["states"].values
        found += _differences(states[:, 0].astype(np.float64), states[:, -1].astype(np.float64), trials)
    return np.concatenate(found, axis=1) if found else np.empty((len(ledger["entropy_flow"]), 0))


def _differences(first: Array, last: Array, trials: int) -> list[Array]:
    """Of linear and quadratic functions of the state, as many as all the trials can carry.

    All pairs where there are few variables; else squares and the powers of Fourier modes, which for a field on a ring
    are all the pairs that matter.
    """
    size = first.shape[1]
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


def _regressed(blocks: Blocks) -> tuple[float, float, int]:
    """The mean where all controls are zero, by least squares, its standard error, and how many controls vary.

    A pass for their scatter, one for the normal equations, one for what squaring the design lost, one for what is left.
    """
    n, mean, scale = _scatter(blocks)
    varies = scale > 0
    controls = int(varies.sum())
    if n < 2 or n - 1 - controls < 1 or not isfinite(mean):
        return mean, float("nan"), controls

    def designs() -> Iterator[tuple[Array, Array]]:
        for values, beside in blocks():
            yield values, np.concatenate([np.ones((len(values), 1)), beside[:, varies] / scale[varies]], axis=1)

    gram, products = np.zeros((controls + 1, controls + 1)), np.zeros(controls + 1)
    for values, design in designs():
        gram += design.T @ design
        products += design.T @ values
    inverse, rank = _inverse(gram)
    coefficients = inverse @ products
    coefficients += inverse @ sum(design.T @ (values - design @ coefficients) for values, design in designs())
    left = sum(float(np.sum((values - design @ coefficients) ** 2)) for values, design in designs())
    return float(coefficients[0]), sqrt(left / (n - rank) * inverse[0, 0]), controls


def _scatter(blocks: Blocks) -> tuple[int, float, Array]:
    """Number of trials, mean flow, and the standard deviation of each control."""
    flows, beside = [], []
    for values, controls in blocks():
        with np.errstate(invalid="ignore", over="ignore"):  # a flow that is not known makes the mean so
            flows.append(moments(values))
        beside.append([moments(control) for control in controls.T])
    flow = merged(flows)
    return flow.n, flow.mean, np.array([sqrt(merged(parts).variance) for parts in zip(*beside, strict=True)])


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
