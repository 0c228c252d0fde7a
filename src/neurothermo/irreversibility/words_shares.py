"""Which words, and which channels, the entropy production of words comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.errors import InputError
from neurothermo.irreversibility.answer import PER_SAMPLE
from neurothermo.irreversibility.words_counts import BATCHES, divergences
from neurothermo.recordings.recording import Recording

if TYPE_CHECKING:
    from neurothermo.irreversibility.words_analysis import Analysed

MOST = 64  # words that fit in a table
ONE_AT_A_TIME = "only where one channel changes at a time; maxent splits it among neurons"


def shares(found: Analysed, recording: Recording) -> Any:
    r"""The corrected value of each pair of words, half of it at [a, b] and half at [b, a].

    .. math:: \hat\sigma_{ab} = \frac{x - y}{n} \ln \frac{x + 1/2}{y + 1/2} - b_{ab}

    Where every transition changes one channel only, each pair belongs to that channel, and their sums are `by_channel`.
    The null of a pair's p-value: as many transitions one way as the other.

    Returns
    -------
    xarray.Dataset
        `by_pair` (word, partner) and, where it can be, `by_channel` (channel), in nats per sample; both sum to the
        `total`. Each with `_stderr`, `_p` and `_q`.

    Raises
    ------
    InputError
        If there are more than 64 words and transitions that change several channels.
    """
    import xarray

    words, long = found.passages.words, found.passages.long
    value, error, p_value = _of_pairs(found)
    changed = _changed(found, recording)
    if words.size > MOST and changed is None:
        raise InputError(
            f"a table of pairs holds {MOST} words, got {words.size}, and channels can be told apart {ONE_AT_A_TIME}"
        )
    data = xarray.Dataset(attrs={"units": PER_SAMPLE, "total": float(value.sum())})
    if words.size <= MOST:
        a, b = np.divmod(long.codes, words.size)
        # where nothing was seen the share is 0 exactly, and there is nothing to test
        for name, column, empty in (
            ("by_pair", value / 2, 0.0), ("by_pair_stderr", error / 2, 0.0), ("by_pair_p", p_value, 1.0),
            ("by_pair_q", discoveries(p_value), 1.0),
        ):  # fmt: skip
            table = np.full((words.size, words.size), empty)
            table[a, b] = table[b, a] = column
            data[name] = (("word", "partner"), table)
        data = data.assign_coords(word=words.names(), partner=words.names())
    if changed is None:
        data.attrs["why_no_channels"] = f"Channels can be told apart {ONE_AT_A_TIME}."
    else:
        for name, column in _of_channels(found, recording, value, changed).items():
            data[name] = ("channel", column)
        data = data.assign_coords(channel=list(recording.names))
    for label, array in data.data_vars.items():
        of = "pairs of words" if str(label).startswith("by_pair") else "channels"
        array.attrs = {"long_name": f"entropy production of {of}", "units": PER_SAMPLE, "total": data.attrs["total"]}
        if str(label).endswith(("_p", "_q")):
            array.attrs["units"] = "1"
    return data


def discoveries(p_values: Array) -> Array:
    """Benjamini and Hochberg's q-values: the share of false discoveries if all with this or a smaller one are taken."""
    order = np.argsort(p_values)
    scaled = p_values[order] * len(p_values) / np.arange(1, len(p_values) + 1)
    found = np.empty(len(p_values))
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found


def _of_pairs(found: Analysed) -> tuple[Array, Array, Array]:
    """Value, standard error and p-value of every pair of words."""
    from scipy.special import erfc

    long, count = found.passages.long, found.passages.count
    if found.scatter is not None:
        biases, error = found.scatter.biases, np.sqrt(found.scatter.variances)
        return long.each / count - biases, error, erfc(np.abs(found.scatter.currents) / np.sqrt(2))
    nets, whole, net = _nets(found), long.seen.sum(axis=1), long.seen[:, 0] - long.seen[:, 1]
    biases = divergences((whole + nets) / 2, (whole - nets) / 2).mean(axis=0)
    if found.excursions is not None:  # a stretch has a mean net count, which is no bias: as of the whole
        drift = net / np.sqrt(found.excursions.count)
        biases -= divergences((whole + drift) / 2, (whole - drift) / 2)
    biases /= count
    own = np.abs(net)
    p_value = (1 + np.sum(np.abs(nets) >= own, axis=0)) / (1 + len(nets))
    return long.each / count - biases, _errors(found, long.pair, len(long.seen)), p_value


def _of_channels(found: Analysed, recording: Recording, value: Array, changed: Any) -> dict[str, Array]:
    """Value, standard error, p- and q-value of every channel."""
    long, size = found.passages.long, recording.size
    member = (changed[:, None] == np.arange(size)).astype(np.float64)
    own, nets, whole = long.each @ member, _nets(found), long.seen.sum(axis=1)
    null = divergences((whole + nets) / 2, (whole - nets) / 2) @ member
    p_value = (1 + np.sum(null >= own * (1 - 1e-12), axis=0)) / (1 + len(nets))
    group = np.where(long.pair < 0, -1, changed[long.pair])
    return {
        "by_channel": value @ member,
        "by_channel_stderr": _errors(found, group, size),
        "by_channel_p": p_value,
        "by_channel_q": discoveries(p_value),
    }


def _nets(found: Analysed) -> Array:
    from neurothermo.irreversibility.words_null import Excursions

    if found.excursions is not None:  # those that gave the value its bias, so that shares add up to it
        return found.excursions.nets(found.passages.long, len(found.null_values), found.seed)
    return Excursions.of(found.passages).nets(found.passages.long, 199, found.seed)


def _errors(found: Analysed, group: Any, size: int) -> Array:
    """Standard errors of what groups of transitions add to the value, from batches of the recording."""
    influence, count = found.passages.influence, found.passages.count
    length = max(1, count // BATCHES)
    kept = np.flatnonzero(group[: count // length * length] >= 0)
    table = np.bincount(kept // length * size + group[kept], influence[kept], minlength=count // length * size)
    means = table.reshape(-1, size) / length
    return np.std(means, axis=0, ddof=1) / np.sqrt(len(means))


def _changed(found: Analysed, recording: Recording) -> Any:
    """The one channel that each pair of words differs in; None where some pair differs in several."""
    words, long = found.passages.words, found.passages.long
    if words.alphabet.shape[1] != recording.size or recording.size == 1:
        return None
    a, b = np.divmod(long.codes, words.size)
    differs = words.alphabet[a] != words.alphabet[b]
    return np.argmax(differs, axis=1) if np.all(differs.sum(axis=1) == 1) else None
