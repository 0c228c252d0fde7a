"""Entropy production of words: how often one follows another, and how often the other way round."""

from __future__ import annotations

from math import inf, isinf
from typing import Any

import numpy as np

from neurothermo.core.checks import checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.irreversibility.answer import answer
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.words_analysis import Analysed, analysed, seen
from neurothermo.irreversibility.words_clusters import LEARNED_FROM
from neurothermo.irreversibility.words_error import lowered, quadratic_interval
from neurothermo.irreversibility.words_null import ANALYTIC, EXCURSIONS
from neurothermo.recordings.recording import SIGNALS, Recording


def obstacle(recording: Recording) -> str | None:
    """Why `plugin` cannot be used on a recording, with its defaults; None where it can."""
    try:
        seen(recording, 1, None, 0)
    except InputError as error:
        return str(error)
    return None


def cost(recording: Recording) -> float:
    """About how many seconds `plugin` takes on one core."""
    rows, size = recording.samples, recording.size
    seconds = 1e-3 + 2e-8 * rows + 1.5e-8 * rows * size
    if recording.kind == SIGNALS:  # clusters are made of some of the rows, and then all are put into them
        seconds += 2e-3 + min(rows, LEARNED_FROM) * (2.4e-6 + 1.2e-7 * size) + rows * (3.6e-7 + 2.5e-8 * size)
    return seconds


def plugin(
    recording: Recording,
    *,
    word_length: int = 1,
    clusters: int | None = None,
    null: str = "auto",
    surrogates: int = 199,
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    r"""Entropy production of words taken for a Markov chain of order k, k = `word_length`.

    .. math:: \hat\sigma = D_{k+1} - D_k - b, \qquad
              D_m = \sum_{x_1 \ldots x_m} p(x_1 \ldots x_m) \ln \frac{p(x_1 \ldots x_m)}{p(x_m \ldots x_1)}

    where x is the word of one sample, the values of all channels, and p how often m words follow each other.
    :math:`D_1 = 0`: of order 1 the value is that of pairs, :math:`\sum_{ab} p_{ab} \ln (p_{ab} / p_{ba})`, and at most
    that of a hidden Markov process of even variables of which the words are a function at an instant; twice that where
    they are counts or means over a step (binned spikes), since two neighbouring steps hold two steps of its path. Of
    higher orders it is exact for a chain of that order, and bounds nothing in general.

    A transition that was never seen the other way makes the plug-in infinite. So 1/2 is added to both counts inside
    the logarithm, which keeps every pair finite and non-negative, :math:`(x - y) \ln \frac{x + 1/2}{y + 1/2}` for x
    and y counts, and leaves a bias of about 2 nats a pair in n transitions, driven or not. How improbable the unseen
    direction is, no data of this length tell: the interval then has no upper end, and the value is too low for a driven
    process.

    What is subtracted for the bias b. Where one unbroken sequence holds every pair at least ten times each way
    ("analytic"), what the covariances of a Markov chain's counts give: in equilibrium :math:`2 (E - S + 1)/n` with E
    pairs and S words. Elsewhere ("surrogate") the mean value of sequences in which every stretch between two visits of
    the commonest word (of k > 1, of k words that read the same backwards) was reversed by a fair coin. This null keeps
    how often each pair was seen, and is exact for a reversible chain however rare its words; sampling the chain with
    symmetrised counts is not, since it misses rare pairs. Where many pairs are rare the corrected value of a driven
    process is too low: its logarithms cannot exceed those of the counts.

    Parameters
    ----------
    recording : Recording
        Of states, or of signals, which are clustered.
    word_length : int
        k, samples of memory, >= 1.
    clusters : int, optional
        Of signals: how many states they are divided into, by k-means of standardized channels; default 8.
    null : str
        "analytic", "surrogate", or "auto": analytic where it holds.
    surrogates : int
        How many, >= 19.
    confidence : float
        Of the interval: that of a scaled non-central chi squared, with the error of a Markov chain's counts
        ("analytic") or of 50 batches of the recording; its upper end is +inf where a pair was seen one way only.
    seed : int

    Returns
    -------
    Estimate
        ``p_value`` of "reversible": analytic, :math:`n \hat\sigma_{raw} / 2 \sim \chi^2(E - S + 1)`, or the rank among
        the surrogates; ``details`` has the `null`, the `bias_correction` and the `bias`; `words`, `pairs`,
        `transitions`, the `entropy` of words; the `divergence` before any correction (+inf where `infinite`).

    Raises
    ------
    InputError
        With the sentence of `obstacle`: spikes, one word, no cycle of words, more different transitions than a tenth of
        all, too few visits of a word to reverse. Or if "analytic" is asked for where it does not hold.

    References
    ----------
    Roldán and Parrondo, Phys. Rev. E 85, 031129 (2012), for divergences of words. Krichevsky and Trofimov, IEEE
    Trans. Inf. Theory 27, 199 (1981), for the 1/2.
    """
    recording = checked_recording(recording)
    confidence = checked_fraction(confidence, "confidence")
    found = analysed(recording, word_length=word_length, clusters=clusters, null=null, surrogates=surrogates, seed=seed)
    passages, bias = found.passages, found.bias
    raw = passages.value
    interval = quadratic_interval(
        raw, bias, found.variance, 2 / passages.count, confidence, passages.cycles if found.scatter else None
    )
    if isinf(passages.plain):
        interval = (lowered(interval[0], raw - bias, passages.long.seen, 1 / passages.count, confidence), inf)
    return answer(
        recording,
        raw - bias,
        stderr=float(np.sqrt(found.variance)),
        interval=interval,
        p_value=found.p_value,
        confidence=confidence,
        n=passages.count,
        counted="transitions",
        method=f"plug-in, {passages.words.size} words" + (f", order {word_length}" if word_length > 1 else ""),
        details=_details(found),
        diagnostics=found.remarks,
    )


def _details(found: Analysed) -> dict[str, Any]:
    passages, words = found.passages, found.passages.words
    share = np.bincount(words.letters) / len(words.letters)
    analytic = found.scatter is not None
    details: dict[str, Any] = {
        "null": ANALYTIC if analytic else EXCURSIONS,
        "bias_correction": "analytic" if analytic else "surrogate",
        "bias": found.bias,
        "words": words.size,
        "pairs": len(passages.long.seen),
        "transitions": passages.count,
        "different_transitions": passages.long.distinct,
        "rarest": passages.rarest,
        "entropy": float(-np.sum(share * np.log(share))),
        "divergence": passages.plain,
        "smoothed": passages.value,
        "infinite": isinf(passages.plain),
    }
    if found.excursions is not None:
        details |= {"stretches": found.excursions.count, "surrogates": len(found.null_values)}
    return details


def attribution(recording: Recording, **options: Any) -> Any:
    """The value of each pair of words, and of each channel where only one changes at a time: see `words_shares`."""
    from neurothermo.irreversibility.words_shares import shares

    given = {"word_length": 1, "clusters": None, "null": "auto", "surrogates": 199, "seed": 0} | options
    checked_fraction(given.pop("confidence", 0.95), "confidence")
    unknown = sorted(set(given) - {"word_length", "clusters", "null", "surrogates", "seed"})
    if unknown:
        raise InputError(f"attribution takes the options of plugin, got {unknown[0]!r}")
    if checked_count(given["word_length"], "word_length") > 1:
        raise InputError("attribution splits pairs of words, word_length=1")
    return shares(analysed(recording, **given), recording)
