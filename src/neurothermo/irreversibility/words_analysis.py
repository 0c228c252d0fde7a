"""Words counted, their null chosen, their bias and error found: what value and attribution both start from."""

from __future__ import annotations

from dataclasses import dataclass
from math import isinf
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_choice, checked_count
from neurothermo.core.errors import InputError
from neurothermo.irreversibility.words_clusters import clustered
from neurothermo.irreversibility.words_counts import BATCHES, Passages, batch_variance
from neurothermo.irreversibility.words_error import Scatter, markov_scatter
from neurothermo.irreversibility.words_null import Excursions, analytic_p
from neurothermo.recordings.recording import SIGNALS, SPIKES, Recording
from neurothermo.recordings.surrogates import p_value_of
from neurothermo.recordings.word_codes import words_of

NULLS = ("auto", "analytic", "surrogate")
CLUSTERS = 8
ENOUGH = 10  # counts each way of every pair, for formulas of large numbers
PER_WORD = 10  # transitions for each different one
FEWEST = 20  # stretches that can be reversed
WIDEST = 1500  # words whose fundamental matrix is computed
BEYOND_CHANCE = 1.9  # a variance over 50 batches exceeds that of a Markov chain so far once in 5000 times
INSTEAD = "maxent needs no words: it weighs pairs of neurons"


@dataclass(frozen=True, eq=False)
class Analysed:
    """Transitions with their null: what `plugin` and `attribution` both start from.

    Parameters
    ----------
    passages : Passages
    scatter : Scatter or None
        Of a Markov chain's counts, where they are used.
    excursions : Excursions or None
        Else these.
    null_values : array
        Of the surrogates; empty where there are none.
    variance, bias, p_value : float
    remarks : tuple of str
    seed : int
        Of the surrogates.
    """

    passages: Passages
    scatter: Scatter | None
    excursions: Excursions | None
    null_values: Any
    variance: float
    bias: float
    p_value: float
    remarks: tuple[str, ...]
    seed: int


def analysed(
    recording: Recording, *, word_length: int, clusters: int | None, null: str, surrogates: int, seed: int
) -> Analysed:
    """Check, count, choose the null."""
    order = checked_count(word_length, "word_length")
    null = checked_choice(null, "null", NULLS)
    surrogates, seed = checked_count(surrogates, "surrogates", 19), checked_count(seed, "seed", 0)
    passages, remarks = seen(recording, order, clusters, seed)
    why = _why_not_analytic(passages)
    if null == "analytic" and why:
        raise InputError(f"null 'analytic' {why}: use null='surrogate'")
    batches = batch_variance(passages.influence)
    scatter = None if why or null == "surrogate" else markov_scatter(passages)
    if scatter is not None and batches > BEYOND_CHANCE * scatter.variance:
        remarks += (
            f"The words are no first-order Markov chain: the scatter over {BATCHES} batches is "
            f"{np.sqrt(batches / max(scatter.variance, 1e-300)):.2g} times what it would be.",
        )
        scatter = scatter if null == "analytic" else None
    if scatter is not None:
        p_value = analytic_p(passages, passages.value)
        return Analysed(passages, scatter, None, np.empty(0), scatter.variance, scatter.bias, p_value, remarks, seed)
    excursions = Excursions.of(passages)
    if excursions.count < FEWEST:
        raise InputError(_too_few(order, excursions.count))
    if why and null == "auto":
        remarks += (f"The null of surrogates was used: the analytic one {why}.",)
    values = excursions.values(surrogates, seed) / passages.count
    p_value = p_value_of(passages.value - 1e-12 * abs(passages.value), values)
    bias = float(values.mean()) - excursions.drift / passages.count
    if isinf(passages.plain):
        lost = int(np.sum(passages.long.seen == 0))
        remarks += (
            f"{lost} of {len(passages.long.seen)} pairs were seen one way only: the plain plug-in is infinite, 1/2 was "
            "added to counts, and the interval has no upper end.",
        )
    return Analysed(passages, None, excursions, values, batches, bias, p_value, remarks, seed)


def seen(recording: Recording, order: int, clusters: int | None, seed: int) -> tuple[Passages, tuple[str, ...]]:
    """The transitions of a recording, or the sentence why they cannot be used."""
    if recording.kind == SPIKES:
        raise InputError('plugin needs words: bin the spikes first, recording.bin("10 ms")')
    remarks: tuple[str, ...] = ()
    if recording.kind == SIGNALS:
        if clusters is None:
            remarks = (f"Signals were divided into {CLUSTERS} clusters, the default: the value depends on how many.",)
        recording = clustered(recording, checked_count(clusters or CLUSTERS, "clusters", 2), seed)
    elif clusters is not None:
        raise InputError("clusters are for signals, got a recording of states, whose rows are words already")
    words = words_of(recording)
    if words.size == 1:
        raise InputError("plugin needs activity that changes: one word only was visited")
    count = int(np.sum(np.maximum(words.lengths - order, 0)))
    if count < FEWEST:
        raise InputError(f"plugin needs at least {FEWEST} transitions of {order + 1} samples in a row, got {count}")
    passages = Passages.of(words, order)
    if passages.long.distinct * PER_WORD > count:
        raise InputError(
            f"{count} transitions cannot fill {passages.long.distinct} different ones, fewer than {PER_WORD} each: "
            f"record longer, take fewer channels or a shorter word_length; {INSTEAD}"
        )
    if not len(passages.long.seen) or (order == 1 and passages.cycles < 1):
        raise InputError(
            f"the {words.size} words visited form no cycle, on which transitions of {order + 1} samples could be "
            f"irreversible: use word_length={order + 2} or more"
        )
    return passages, remarks


def _why_not_analytic(passages: Passages) -> str | None:
    """What is missing for formulas of large numbers."""
    if passages.short is not None:
        return "is for word_length=1"
    if np.sum(passages.lengths > 0) > 1:
        return "needs one unbroken sequence"
    if passages.rarest < ENOUGH:
        return f"needs every transition {ENOUGH} times each way, and the rarest came {passages.rarest} times"
    if passages.words.size > WIDEST:
        return f"is for at most {WIDEST} words"
    return None


def _too_few(order: int, count: int) -> str:
    if order == 1:
        return f"the commonest word is visited only {count} times: record longer; {INSTEAD}"
    return (
        f"only {count} stretches between {order} words that read the same backwards could be reversed: use "
        f"word_length={order - 1 if order % 2 == 0 else 1}, or record longer"
    )
