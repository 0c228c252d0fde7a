"""A kinetic Ising network found in a recording: the fit, what it says of itself, and what must be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.errors import InputError
from neurothermo.irreversibility.couplings_fit import Fit, fitted
from neurothermo.irreversibility.couplings_flow import Flow, flow_of
from neurothermo.irreversibility.couplings_likelihood import Likelihood, OneAtATime, Parallel
from neurothermo.irreversibility.couplings_moves import Moves, moves_of
from neurothermo.recordings.recording import Recording

RIDGE = 1.0  # of separable data: a unit normal law of every coupling
SWAMPED = 5.0  # standard errors by which a bias may be more than the value it is taken from


@dataclass(frozen=True, eq=False)
class Found:
    """Couplings free and held symmetric, and the flow of the free ones; `separable`: the penalty was not asked for.

    `copies`: it is because some channel is a sum of others, or nearly.
    """

    likelihood: Likelihood
    fit: Fit
    held: Fit
    flow: Flow
    l2: float
    separable: bool
    copies: bool = False

    @property
    def ratio(self) -> float:
        """Twice the log-likelihood ratio of free and symmetric couplings."""
        return max(2 * (self.fit.log_likelihood - self.held.log_likelihood), 0.0)

    @property
    def freedom(self) -> int:
        size = self.likelihood.moves.size
        return size * (size - 1) // 2


def found_in(recording: Recording, order: str, l2: float | None, self_couplings: bool) -> Found:
    """Options are taken to be checked; data without a largest likelihood raise."""
    moves = moves_of(recording)
    likelihood: Likelihood = Parallel(moves) if order == "parallel" else OneAtATime(_one_by_one(moves, recording))
    asked = 0.0 if l2 is None else float(l2)
    separable = l2 is None and order == "parallel" and _never_together(moves, self_couplings)
    if not separable:
        fit = fitted(likelihood, self_couplings=self_couplings, l2=asked)
        separable = not fit.sound and l2 is None
    if separable:
        asked = RIDGE
        fit = fitted(likelihood, self_couplings=self_couplings, l2=asked)
    copies = (separable or not fit.sound) and _copies(moves)
    if not fit.sound:
        why = "a channel copies others" if copies else "the data never contradict some prediction (separable)"
        raise InputError(
            f"l2 = {asked:g} leaves couplings without a largest likelihood: {why}; "
            "give a larger l2, wider bins, or fewer channels"
        )
    middle = fit.coefficients.copy()
    middle[:, :-1] = (fit.couplings + fit.couplings.T) / 2
    held = fitted(likelihood, symmetric=True, self_couplings=self_couplings, l2=asked, start=middle)
    return Found(likelihood, fit, held, flow_of(likelihood, fit), asked, separable, copies)


def _copies(moves: Moves) -> bool:
    """Whether the channels, and a constant, are not independent: one coupling can stand for another."""
    x = moves.regressors
    return bool(np.linalg.matrix_rank((x * moves.visits[:, None]).T @ x, hermitian=True) <= moves.size)


def _never_together(moves: Moves, self_couplings: bool) -> bool:
    """Whether some value of a channel was never followed by some value of another: that coupling is infinite."""
    before, after = moves.before > 0, moves.after > 0
    for first in (before, ~before):
        for second in (after, ~after):
            times = first.T.astype(np.float64) @ second.astype(np.float64)
            if not self_couplings:
                np.fill_diagonal(times, 1.0)
            if np.any(times == 0):
                return True
    return False


def _one_by_one(moves: Moves, recording: Recording) -> Moves:
    changes = np.sum(moves.before != moves.after, axis=1)
    if np.any(changes > 1):
        raise InputError(
            f'order "one at a time" needs rows in which at most one channel changes, got {int(changes.max())} '
            f"changes in one of {recording.samples} rows: sample faster, or use order='parallel'"
        )
    return moves


def details_of(found: Found) -> dict[str, Any]:
    """Couplings, fields, their errors, and figures of the fit."""
    fit, size = found.fit, found.likelihood.moves.size
    assert fit.covariance is not None
    if fit.covariance.ndim == 3:
        variances = np.diagonal(fit.covariance, axis1=1, axis2=2)
    else:
        variances = np.diagonal(fit.covariance.reshape(size * (size + 1), -1)).reshape(size, size + 1)
    off = fit.couplings - np.diag(np.diag(fit.couplings))
    errors = np.sqrt(np.maximum(variances, 0))
    return {
        "couplings": fit.couplings.copy(),
        "couplings_stderr": errors[:, :-1],
        "fields": fit.fields.copy(),
        "fields_stderr": errors[:, -1],
        "log_likelihood": fit.log_likelihood,
        "asymmetry": float(np.sum((off - off.T) ** 2) / max(4 * np.sum(off**2), 1e-300)),
        "l2": found.l2,
        "degrees_of_freedom": found.freedom,
    }


def swamped(value: float, bias: float, stderr: float, p_value: float) -> str | None:
    """Why nothing is left of a value once its bias is taken off, or None: the expansion in 1/T is of no use there.

    Of a process that does not circulate a value is its bias and chance, and half the time it is less.
    """
    if abs(bias) <= max(value, 0.0) + SWAMPED * stderr or (p_value > 0.01 and abs(bias) < 1):
        return None
    return (
        f"The bias of the couplings ({bias:.3g} nats per sample) is more than all that was found ({value:.3g}): some "
        "of them are hardly determined. Give a larger l2, wider bins, or fewer channels."
    )


def sentences(found: Found, p_value: float, ratio_p: float, stderr: float, stationary: float) -> tuple[str, ...]:
    """What a reader must not miss."""
    said = []
    if found.copies:
        said.append(
            f"A channel copies others, so that couplings can stand for each other and l2 = {RIDGE:g} was used; "
            "channels that fire in one bin are counted as if each were drawn by itself: leave one of them out."
        )
    elif found.separable:
        said.append(
            f"The data are separable: without a penalty some coupling is infinite, so l2 = {RIDGE:g} was used, "
            "which draws couplings toward zero, and the value depends on it; wider bins or fewer channels avoid it."
        )
    if ratio_p < 0.001 and p_value > 0.05:
        said.append(
            f"The likelihood ratio calls the couplings asymmetric (p = {ratio_p:.2g}), but nothing circulates "
            f"(p = {p_value:.2g}): memory or drift that the network lacks may be what it sees."
        )
    if abs(stationary - found.flow.value) > 4 * stderr:
        said.append(
            f"The network run by itself would produce {stationary:.3g} nats per sample: it does not reproduce the "
            "states of this recording."
        )
    return tuple(said)
