"""Entropy production from two kinds of events only, by what follows what and after how long."""

from __future__ import annotations

from math import isinf
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.irreversibility.answer import answer
from neurothermo.irreversibility.waiting_events import PER_BIN, Gaps, transition_gaps, unit_gaps
from neurothermo.irreversibility.words_counts import Mirrored, batch_variance, divergences
from neurothermo.irreversibility.words_error import quadratic_interval
from neurothermo.irreversibility.words_null import Excursions
from neurothermo.recordings.chain_surrogates import Walks, stretches
from neurothermo.recordings.recording import SIGNALS, SPIKES, Recording
from neurothermo.recordings.surrogates import p_value_of

SURROGATES = 199
FEWEST = 100  # gaps
RARE = 10  # gaps that start from the rarer event of a transition
RENEWED = "reversible: events follow each other as in a renewal process whose two directions were made alike"
TURNED = "reversible: any stretch between two events of the commoner unit could as well have run backwards"


def obstacle(recording: Recording) -> str | None:
    """Why `waiting_times` cannot be used on a recording, with its defaults; None where it can."""
    try:
        _gaps(recording, None, None)
    except InputError as error:
        return str(error)
    return None


def cost(recording: Recording) -> float:
    """About how many seconds `waiting_times` takes on one core."""
    return 0.02 + 3e-7 * recording.samples + 1.5e-8 * recording.samples * recording.size


def waiting_times(
    recording: Recording,
    *,
    transition: Any = None,
    units: Any = None,
    surrogates: int = SURROGATES,
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    r"""Lower bound from one observed transition and its reverse, or from two units, whatever else is hidden.

    .. math:: \sigma \ge \frac{N}{n} \sum_{I, J, t} p(I, J, t)
              \ln \frac{p(J, t \mid I)}{p(\tilde I, t \mid \tilde J)}

    with N gaps in n samples; a gap leads from an event I to the next event J after a waiting time t, and a tilde is an
    event seen backwards. Of a *transition* the events are the jumps a to b and b to a, each the other's reverse. Each
    jump says where the hidden process is, so that gaps are renewals, and the sum is the entropy production of all that
    can be seen; it is all of it where the hidden states form one ring. Of two *units* the events are bins with a spike
    of either, or of both, each its own reverse; their sum, over neighbours only, is a bound too.

    Only differences between forward and backward gaps count: of a transition those of runs of jumps one way, of units
    those from one to the other. Both are bound by coarser waiting times as well, so these are sorted into at most 24
    bins of about equally many gaps, with 30 of the rarer direction in each on average. The plug-in has 1/2 added to
    counts inside logarithms; its bias is the mean of surrogates.

    Parameters
    ----------
    recording : Recording
        Of states. What happens between two samples is not seen: the bound is one for the sampled process.
    transition : (word, word), optional
        From and to, each the value of the channel, or of all channels. Default: the commonest change, either way.
    units : (str, str), optional
        Two channels, instead of a transition; what is not zero is an event.
    surrogates : int
        How many, >= 19.
    confidence : float
        Of the interval, that of a scaled non-central chi squared, with the error of 50 batches of gaps.
    seed : int

    Returns
    -------
    Estimate
        Kind "lower bound". ``p_value`` of "reversible": among walks with symmetrised gaps (a transition), or among the
        recording with stretches from one spike to another of the commoner unit reversed at random (units).
        ``details`` has the `gaps`, `bins`, numbers of `events`, the part of `order` (what follows what) and of `waits`.

    Raises
    ------
    InputError
        With the sentence of `obstacle`: no states, one word, fewer than 100 gaps; or if a name is not known.

    References
    ----------
    van der Meer, Ertel and Seifert, Phys. Rev. X 12, 031025 (2022); Harunari, Dutta, Polettini and Roldán,
    Phys. Rev. X 12, 041026 (2022).
    """
    confidence = checked_fraction(confidence, "confidence")
    surrogates, seed = checked_count(surrogates, "surrogates", 19), checked_count(seed, "seed", 0)
    gaps = _gaps(recording, transition, units)
    long, short, codes, bins = gaps.mirrored()
    per_sample = len(codes) / recording.samples
    raw = _value(long, short) * per_sample / len(codes)
    null, drift = _null(gaps, long, short, codes, bins, surrogates, seed)
    null, drift = null / recording.samples, drift / recording.samples
    bias = float(null.mean()) - drift
    # a gap adds its share of the divergence, and takes the bound's share of the time
    shares = (long.influence - short.influence) * per_sample
    variance = batch_variance(shares - raw * gaps.wait / gaps.wait.mean())
    return answer(
        recording,
        raw - bias,
        stderr=float(np.sqrt(variance)),
        interval=quadratic_interval(raw, bias, variance, 2 / recording.samples, confidence),
        p_value=p_value_of(raw - 1e-12 * abs(raw), null),
        confidence=confidence,
        kind="lower bound",
        n=len(codes),
        counted="gaps",
        method=f"waiting times, {' and '.join(gaps.names[:2])}",
        details=_details(gaps, long, short, bins, per_sample) | {"bias": bias, "null": TURNED if units else RENEWED},
        diagnostics=_remarks(long),
    )


def _gaps(recording: Recording, transition: Any, units: Any) -> Gaps:
    """The events of a recording, or the sentence why there are none."""
    if recording.kind == SPIKES:
        raise InputError('waiting_times needs samples: bin the spikes first, recording.bin("2 ms")')
    if recording.kind == SIGNALS:
        raise InputError("waiting_times needs a recording of states, got one of signals: cut them at a threshold")
    if transition is not None and units is not None:
        raise InputError("give transition or units, not both")
    gaps = transition_gaps(recording, transition) if units is None else unit_gaps(recording, units)
    if len(gaps.first) < FEWEST:
        raise InputError(f"waiting_times needs at least {FEWEST} gaps between events, got {len(gaps.first)}")
    if min(gaps.counts[:2]) < RARE:
        rarer = int(np.argmin(gaps.counts[:2]))
        raise InputError(
            f"waiting_times needs at least {RARE} events of each kind, got {gaps.counts[rarer]} of "
            f"{gaps.names[rarer]}: its logarithm would be a guess"
        )
    return gaps


def _value(long: Mirrored, short: Mirrored) -> float:
    """Nats of all gaps together."""
    return float(long.each.sum() - short.each.sum())


def _null(
    gaps: Gaps, long: Mirrored, short: Mirrored, codes: Any, bins: int, surrogates: int, seed: int
) -> tuple[Array, float]:
    """Nats of the gaps of every surrogate, and what of their mean is no bias."""
    if not len(short.seen):  # events are their own reverse
        commoner = int(np.argmax(gaps.counts[:2]))
        stretch = stretches(gaps.first == commoner, gaps.lengths)
        excursions = Excursions(long, None, stretch, int(stretch.max()) + 1)
        return excursions.values(surrogates, seed), excursions.drift
    kinds = len(gaps.images)
    values, counts = np.unique(codes, return_counts=True)
    pairs, at = np.divmod(values, bins)
    start, end = np.divmod(pairs, kinds)
    first, second = np.concatenate([start, gaps.images[end]]), np.concatenate([end, gaps.images[start]])
    walks = Walks(first, second, np.tile(counts, 2).astype(np.float64), gaps.lengths)
    taken = walks.counts(surrogates, seed)
    table = np.zeros((surrogates, kinds, kinds, bins))
    for edge, place in enumerate(zip(first, second, np.tile(at, 2), strict=True)):
        table[(slice(None), *place)] += taken[:, edge]
    mirror = np.swapaxes(table[:, gaps.images][:, :, gaps.images], 1, 2)
    events = table.sum(axis=(2, 3))
    whole = divergences(table, mirror).sum(axis=(1, 2, 3)) / 2  # each pair stands there twice
    return whole - divergences(events, events[:, gaps.images]).sum(axis=1) / 2, 0.0


def _details(gaps: Gaps, long: Mirrored, short: Mirrored, bins: int, per_sample: float) -> dict[str, Any]:
    kinds = len(gaps.images)
    table = np.bincount(gaps.first * kinds + gaps.second, minlength=kinds * kinds).reshape(kinds, kinds)
    mirror = table[np.ix_(gaps.images, gaps.images)].T
    order = float(divergences(table, mirror).sum() / 2 - short.each.sum()) / len(gaps.first) * per_sample
    return {
        "gaps": len(gaps.first),
        "bins": bins,
        "events": {name: int(count) for name, count in zip(gaps.names, gaps.counts, strict=True)},
        "events_per_sample": per_sample,
        "order": order,
        "waits": _value(long, short) * per_sample / len(gaps.first) - order,
        "infinite": isinf(long.plain),
    }


def _remarks(long: Mirrored) -> tuple[str, ...]:
    said: tuple[str, ...] = ()
    rarer = int(long.seen.sum(axis=0).min()) if len(long.seen) else 0
    if rarer < 2 * PER_BIN:
        said += (
            f"Only {rarer} gaps ran the rarer way: their waits are not used, and the interval is a little narrow.",
        )
    if isinf(long.plain):
        said += ("Some gaps were seen one way only: the plain plug-in is infinite, and 1/2 was added to counts.",)
    return said
