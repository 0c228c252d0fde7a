"""A bound on entropy production from two kinds of events only, by what follows what and after how long."""

from __future__ import annotations

from math import isinf
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.irreversibility.answer import answer
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.waiting_events import PER_BIN, Gaps, transition_gaps, unit_gaps
from neurothermo.irreversibility.words_counts import Mirrored, batch_variance, divergences
from neurothermo.irreversibility.words_error import lowered, quadratic_interval
from neurothermo.irreversibility.words_null import Excursions
from neurothermo.recordings.chain_surrogates import stretches
from neurothermo.recordings.recording import SIGNALS, SPIKES, Recording
from neurothermo.recordings.surrogates import p_value_of

SURROGATES = 199
FEWEST = 100  # gaps
RARE = 10  # gaps that start from the rarer event
TURNED = "reversible: any stretch between two of the commoner events could as well have run backwards"
AVERAGED = (
    "Rows are counts or means over a step, so that half of the divergence is taken: the whole is no bound of theirs."
)


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
    r"""Lower bound from two words, or from two units, whatever else is hidden.

    .. math:: \sigma \ge \frac{1}{n} \sum_{I, J, t} N_{IJt} \ln \frac{N_{IJt}}{N_{JIt}}

    with N gaps in n samples that lead from an event I to the next event J after a waiting time t. Of two words, those
    of a *transition*, events are their visits, row by row; of two *units* they are rows with a spike of either, or of
    both. Such an event is the same when time runs backwards, and gaps share their ends and nothing else. So the paths
    inside of all gaps are the recording once, their divergence is the entropy production, and that of what is seen of
    them is at most that: for any hidden Markov process of even variables of which the rows are functions at instants.
    It is all of it where the two words are neighbours on one ring of states.

    Where rows are means or counts over a step (`Recording.averaged`) the row of an event belongs to both of its gaps,
    and may be where all entropy is produced: half of the divergence is taken, :math:`\sigma \ge D/2`, which is sharp.

    Events that are jumps, from one word to the other and back, would need that too: each is in two gaps, and taking
    off the divergence of jumps themselves gives a bound only if either word is one microscopic state.

    Only gaps from one event to the other count, and coarser waiting times give less. So these are sorted into at most
    25 bins: neighbouring rows, and others of about equally many gaps, 30 each way on average. The plug-in has 1/2 added
    to counts inside logarithms; its bias is the mean of surrogates.

    Parameters
    ----------
    recording : Recording
        Of states. What happens between two samples is not seen: the bound is one for the sampled process.
    transition : (word, word), optional
        Each the value of the channel, or of all channels. Default: the commonest change, either way.
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
        Kind "lower bound". ``p_value`` of "reversible": among recordings with stretches from one of the commoner events
        to another reversed at random. ``details`` has the `gaps`, `bins`, numbers of `events`, the part of `order`
        (what follows what) and of `waits`, and the `share` of the divergence that is taken, 1 or 1/2.

    Raises
    ------
    InputError
        With the sentence of `obstacle`: no states, two words at most, fewer than 100 gaps; or if a name is not known.

    References
    ----------
    van der Meer, Ertel and Seifert, Phys. Rev. X 12, 031025 (2022); Harunari, Dutta, Polettini and Roldán,
    Phys. Rev. X 12, 041026 (2022): of jumps between two microscopic states, which visits tell at least as much as.
    """
    recording = checked_recording(recording)
    confidence = checked_fraction(confidence, "confidence")
    surrogates, seed = checked_count(surrogates, "surrogates", 19), checked_count(seed, "seed", 0)
    gaps = _gaps(recording, transition, units)
    long, bins = gaps.mirrored()
    count, share = len(gaps.first), 0.5 if recording.averaged else 1.0
    per_sample = share / recording.samples
    raw = float(long.each.sum()) * per_sample
    excursions = _excursions(gaps, long)
    null, drift = excursions.values(surrogates, seed) * per_sample, excursions.drift * per_sample
    bias = float(null.mean()) - drift
    # a gap adds its share of the divergence, and takes the bound's share of the time
    variance = batch_variance(long.influence * count * per_sample - raw * gaps.wait / gaps.wait.mean())
    low, high = quadratic_interval(raw, bias, variance, 2 * per_sample, confidence)
    return answer(
        recording,
        raw - bias,
        stderr=float(np.sqrt(variance)),
        interval=(lowered(low, raw - bias, long.seen, per_sample, confidence), high),
        p_value=p_value_of(raw - 1e-12 * abs(raw), null),
        confidence=confidence,
        kind="lower bound",
        n=count,
        counted="gaps",
        method=f"waiting times, {' and '.join(gaps.names[:2])}",
        details=_details(gaps, long, bins, per_sample) | {"share": share, "bias": bias, "null": TURNED},
        diagnostics=((AVERAGED,) if recording.averaged else ()) + _remarks(long),
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
    if np.all(gaps.wait == 1) and not gaps.counts[2:].any():
        raise InputError(
            f"waiting_times needs more than two words: changes from {gaps.names[0]} to {gaps.names[1]} and back "
            "alternate of necessity, whichever way time runs, so that they tell nothing"
        )
    if (between := int(np.sum(gaps.first != gaps.second))) < RARE:
        raise InputError(f"waiting_times needs at least {RARE} gaps from one event to the other, got {between}")
    return gaps


def _excursions(gaps: Gaps, long: Mirrored) -> Excursions:
    """The gaps, cut into stretches between two of the commoner events."""
    stretch = stretches(gaps.first == int(np.argmax(gaps.counts[:2])), gaps.lengths)
    return Excursions(long, None, stretch, int(stretch.max()) + 1)


def _details(gaps: Gaps, long: Mirrored, bins: int, per_sample: float) -> dict[str, Any]:
    kinds = len(gaps.names)
    table = np.bincount(gaps.first * kinds + gaps.second, minlength=kinds * kinds).reshape(kinds, kinds)
    order = float(divergences(table, table.T).sum()) / 2 * per_sample  # each pair stands there twice
    return {
        "gaps": len(gaps.first),
        "bins": bins,
        "events": {name: int(count) for name, count in zip(gaps.names, gaps.counts, strict=True)},
        "order": order,
        "waits": float(long.each.sum()) * per_sample - order,
        "infinite": isinf(long.plain),
    }


def _remarks(long: Mirrored) -> tuple[str, ...]:
    said: tuple[str, ...] = ()
    if long.seen.sum() < 4 * PER_BIN:
        said += (
            f"Only {long.seen.sum():.0f} gaps lead from one event to the other: their waits are hardly used, and the "
            "interval is a little narrow.",
        )
    if isinf(long.plain):
        said += ("Some gaps were seen one way only: the plain plug-in is infinite, and 1/2 was added to counts.",)
    return said
