"""Nonequilibrium maximum entropy: the largest entropy production that pairs of channels can vouch for."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import checked_choice, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.machine import one_blas_thread
from neurothermo.irreversibility.answer import answer
from neurothermo.irreversibility.blocks import NULL
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.maximum_entropy_bins import CANDIDATES, CHANGES_PER_PARAMETER, WIDEST, bound_of_pairs
from neurothermo.irreversibility.maximum_entropy_flips import Flips, bound_of_flips
from neurothermo.irreversibility.maximum_entropy_judged import Bound
from neurothermo.irreversibility.maximum_entropy_shrunk import ENOUGH, FEWEST
from neurothermo.irreversibility.pair_currents import transitions_of, why_not_transitions
from neurothermo.recordings.recording import SIGNALS, Recording

FORMS = ("auto", "bins", "flips")


def obstacle(recording: Recording) -> str | None:
    """Why `maxent` cannot be used on a recording; None where it can."""
    why = why_not_transitions(recording)
    if why is None and recording.kind == SIGNALS:
        why = "needs states: exponentials of products of real signals have no mean to be trusted; use uncertainty()"
    changes = 0 if why else _changes(recording)
    if why is None and changes == 0:
        why = "nothing changes from one sample to the next"
    elif why is None and changes < FEWEST:
        why = f"needs {FEWEST} rows in which something changes, got {changes}: wider bins, pooled units or more time"
    return f"maxent: {why}" if why else None


def cost(recording: Recording) -> float:
    """About how many seconds `maxent` takes on one core; less where channels flip one at a time."""
    pairs, changes = recording.size * (recording.size - 1) // 2, _changes(recording)
    every = 2 * pairs + recording.size
    if pairs <= WIDEST and changes >= CHANGES_PER_PARAMETER * every:
        return 0.02 + 6e-10 * changes * every**2
    tried = min(pairs, CANDIDATES[-1], changes / 20) + recording.size
    return 0.2 + (2e-9 if changes > ENOUGH else 5e-9) * changes * tried**2


def maxent(
    recording: Recording,
    *,
    form: str = "auto",
    held_out: bool | None = None,
    neighbours: int | None = None,
    folds: int | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    r"""Lower bound on entropy production from the order of events in pairs of channels.

    .. math:: m\, \Sigma \ge p \max_\theta \left[\theta \cdot \langle g \rangle
              - \ln \langle e^{-\theta \cdot g} \rangle \right], \qquad
              g = x_i' x_j - x_j' x_i, \; x_i' - x_i, \; x_i' x_j' - x_i x_j

    The divergence between transitions x -> x' and the same run backwards is at least this for any observables that
    change sign under reversal. Averages go over the transitions in which something changes, a share p of all: reversal
    keeps that share, and the bound is tighter than with the others included. Observables of the last two kinds have the
    mean zero, and yet tighten it: with them it does not depend on how the values of a channel are coded.

    Σ is the entropy production in a step of a stationary Markov process of even variables, hidden ones included, of
    which each row is a function at an instant: then two rows see one step, m = 1. Where rows are averages or counts
    over a step (`Recording.averaged`, binned spikes) they are functions of the path in it: two see two steps, m = 2.

    Form "bins" has one problem for all pairs i < j. Form "flips" is for channels with two values of which one changes
    at a time, and has one problem for each channel i, over the transitions that flip it:

    .. math:: m\, \Sigma \ge \sum_i p_i f_i, \qquad
              f_i = \max_\theta\; \theta \cdot \langle g \rangle_i - \ln \langle e^{-\theta \cdot g} \rangle_i, \qquad
              g_j = -2 s_i s_j

    With more than 700 observables, or fewer than 20 changes for each, those of the third kind are left out. With few
    pairs all rows are fitted and valued, and the bias Tr(H^-1 V)/2n of the maximum is taken off (H its
    curvature, V the covariance of the scores, from blocks). A fit of many pairs can exceed the entropy production:
    then those with the strongest <g> are chosen and fitted on some rows, shrunk as far as is best on a
    third of these (`details["lengths"]`), and valued on the others: for any theta the mean of that is a lower bound.

    The null of the p-value is "reversible": each block of the recording could as well have run backwards, which
    changes the sign of its sum of g (first Newton step; held out, theta . g on the rows not fitted).

    Parameters
    ----------
    recording : Recording
        States of at least two channels: binned spikes, spins. Stationary.
    form : "auto", "bins" or "flips"
        "auto": flips where never more than one channel changes, else bins.
    held_out : bool, optional
        Whether to value on rows that were not fitted. Default: with fewer than 50 changes an observable, or more than
        400 pairs (flips: 60 partners).
    neighbours : int, optional
        Partners of each channel (bins: on average) that are fitted. Default: all; held out, whatever is best on a
        third of the fitted rows.
    folds : int, optional
        Stretches of the recording, each valued by a fit to the others. Default: 4, or 2 with more than 100 channels.
    confidence : float
        Of the interval.
    seed : int

    Returns
    -------
    Estimate
        Nats per sample, kind "lower bound"; `details` has the fitted value (`raw` and `bias`, or `train`).

    Raises
    ------
    InputError
        With the sentence of `obstacle`, or if an option does not fit.

    References
    ----------
    Aguilera, Ito, Kolchinsky, Phys. Rev. Lett. 136, 077101 (2026): the bound by convex duality, and its form for spins.
    """
    recording = checked_recording(recording)
    confidence = checked_fraction(confidence, "confidence")
    bound, form, _ = _bound(recording, form, held_out, neighbours, folds, confidence, seed)
    said = bound.sentences
    if bound.details["never_reversed"]:
        said += (
            "Some order of events was hardly ever seen reversed: the largest bound the data allow is infinite. One "
            "reversed event is added to those seen, and the value is one of that.",
        )
    out = ", held out" if bound.details["held_out"] else ""
    return answer(
        recording, bound.value, stderr=bound.stderr, interval=bound.interval, p_value=bound.p_value,
        kind="lower bound", method=f"maximum entropy, {form}{out}", confidence=confidence, diagnostics=said,
        details=bound.details | {"null": NULL, "form": form},
    )  # fmt: skip


def attribution(
    recording: Recording,
    *,
    form: str = "auto",
    held_out: bool | None = None,
    neighbours: int | None = None,
    folds: int | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Any:
    r"""Which channels and pairs the bound of `maxent` is from.

    .. math:: \Sigma_{ij} \propto \sum_{g \text{ of } i, j} \theta_g \langle g \rangle

    scaled to the value of each problem, its bias taken off; what x_i' - x_i has is on the diagonal. Form
    "flips": `by_channel` is p_i f_i, what channel i's own flips give; form "bins": half of what its pairs have.

    Parameters
    ----------
    recording, form, held_out, neighbours, folds, confidence, seed
        As for `maxent`.

    Returns
    -------
    xarray.Dataset
        `by_channel` (channel) and `by_pair` (channel, partner; symmetric, half a pair's share on each side), nats per
        sample, each summing to the value; with `_stderr`, `_p` (the null of the pair's own mean g; of all of a
        channel's) and `_q` (Benjamini and Hochberg).

    Raises
    ------
    InputError
        As `maxent` does.
    """
    from neurothermo.irreversibility.maximum_entropy_shares import shares

    confidence = checked_fraction(confidence, "confidence")
    bound, form, parts = _bound(recording, form, held_out, neighbours, folds, confidence, seed)
    return shares(recording, bound, form, parts)


def _bound(
    recording: Recording, form: str, held_out: bool | None, neighbours: int | None, folds: int | None,
    confidence: float, seed: int,
) -> tuple[Bound, str, Any]:  # fmt: skip
    if why := obstacle(recording):
        raise InputError(why)
    checked_choice(form, "form", FORMS)
    data = flips_in(recording) if form != "bins" else None
    if data is None and form == "flips":
        raise InputError("form must be 'bins' here: 'flips' needs channels of two values, each of which flips alone")
    if data is None or (form == "auto" and not _one_at_a_time(recording)):
        with one_blas_thread():
            bound, parts = bound_of_pairs(transitions_of(recording), held_out, neighbours, folds, confidence, seed)
        return bound, "bins", parts
    bound, parts = bound_of_flips(data, held_out, neighbours, folds, confidence, seed)
    return bound, "flips", parts


def _changes(recording: Recording) -> int:
    """How many rows differ from the one before."""
    return sum(int(np.any(segment[1:] != segment[:-1], axis=1).sum()) for segment in recording.segments)


def _one_at_a_time(recording: Recording) -> bool:
    return all(np.all(np.count_nonzero(np.diff(segment, axis=0), axis=1) <= 1) for segment in recording.segments)


def flips_in(recording: Recording) -> Flips | None:
    """The transitions in which one channel of two values changes; None where there is a channel without any."""
    values = np.concatenate(recording.segments)
    low, high = values.min(axis=0), values.max(axis=0)
    if not np.all((values == low) | (values == high)):
        return None
    now = np.concatenate([segment[:-1] for segment in recording.segments])
    after = np.concatenate([segment[1:] for segment in recording.segments])
    changed = now != after
    changed &= np.count_nonzero(changed, axis=1)[:, None] == 1
    if not changed.any(axis=0).all():
        return None
    spins = np.where(now == high, 1, -1).astype(np.int8)
    return Flips(
        np.ascontiguousarray(spins.T), np.ascontiguousarray(changed.T), float(len(now) * recording.steps_seen(2))
    )
