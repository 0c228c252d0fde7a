"""Which channels and which pairs a maximum-entropy bound is from."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.irreversibility.answer import PER_SAMPLE
from neurothermo.irreversibility.maximum_entropy_judged import Bound, Problems, biases, scores, solved
from neurothermo.recordings.recording import Recording


def shares(recording: Recording, bound: Bound, form: str, parts: tuple[tuple[Problems, Any], ...]) -> Any:
    """The Dataset of `maximum_entropy.attribution`."""
    size, samples = recording.size, sum(problems.samples for problems, _ in parts)
    totals = np.zeros((size, size))
    lefts, currents = [], []
    for problems, chosen in parts:
        problems = problems.joined(min(problems.sums.shape[1], max(16, bound.details["blocks"] // len(parts))))
        value, left = _split(problems, bound.details["held_out"])
        first, second = _where(form, chosen, size)
        scale = problems.samples / samples
        totals += scale * _spread(value, first, second, size, form)
        lefts.append(scale * np.stack([_spread(row, first, second, size, form) for row in left]))
        areas = slice(None) if form == "flips" else slice(chosen.pairs.shape[1])  # other means are 0 in any case
        currents.append(_currents(problems.plain[:, :, areas], first[:, areas], second[:, areas], size))
    table = (totals + totals.T) / 2
    errors = np.sqrt(sum(jackknife((left + left.swapaxes(1, 2)) / 2) for left in lefts))
    p = two_sided(np.concatenate(currents))
    by_channel = totals.sum(axis=1) if form == "flips" else table.sum(axis=1)
    sides = [left.sum(axis=2) for left in lefts]
    channel_errors = np.sqrt(sum(jackknife(side) for side in sides))
    return dataset(recording, (by_channel, channel_errors), (table, errors), p)


def _split(problems: Problems, held_out: bool) -> tuple[Array, Array]:
    """Nats per sample of each parameter, shape (M, K), and with each block left out, shape (B, M, K)."""
    blocks, gains = problems.sums.shape[1], problems.sums[:, :, 3]
    means = problems.plain.sum(axis=1)
    theta = problems.theta
    if held_out:
        left_theta = np.broadcast_to(theta, (blocks, *theta.shape))
        taken = np.zeros_like(theta)
    else:
        derivative, matrix = scores(problems)
        step = solved(matrix, derivative.swapaxes(1, 2))[:, :-1] / np.maximum(problems.counts, 1)[:, None, None]
        left_theta = theta - step.transpose(2, 0, 1)
        split = biases(problems)
        taken = split[:, :-1] + split[:, -1:] / theta.shape[1]
    whole = _proportional(theta * means, gains.sum(axis=1)) / problems.samples - taken
    left_means = means - problems.plain.swapaxes(0, 1)
    left_gains = (gains.sum(axis=1)[:, None] - gains).T
    left = _proportional(left_theta * left_means, left_gains) / (problems.samples * (1 - 1 / blocks))
    return whole, left


def _proportional(parts: Array, totals: Array) -> Array:
    """Parts scaled to sum to their totals: nothing is scaled where they nearly cancel."""
    sums = parts.sum(axis=-1)
    safe = np.abs(sums) > 1e-3 * np.abs(parts).sum(axis=-1)
    factor = np.where(safe, totals / np.where(safe, sums, 1.0), 1.0)
    rest = (totals - factor * sums) / parts.shape[-1]
    return factor[..., None] * parts + rest[..., None]


def _where(form: str, chosen: Any, size: int) -> tuple[Any, Any]:
    """Channel and partner of every parameter, each of shape (M, K)."""
    if form == "flips":
        return np.broadcast_to(np.arange(size)[:, None], chosen.shape), chosen
    return chosen.first[None], chosen.second[None]


def _spread(values: Array, first: Any, second: Any, size: int, form: str) -> Array:
    """Values of parameters as a table: flips have (i, j) apart from (j, i), bins half a pair on each side.

    What belongs to one channel alone is on the diagonal.
    """
    table = np.zeros((size, size))
    np.add.at(table, (first, second), values)
    return table if form == "flips" else (table + table.T) / 2


def _currents(plain: Array, first: Any, second: Any, size: int) -> Array:
    """Block sums of x_i' x_j - x_j' x_i of every pair, shape (B, N, N), antisymmetric; 0 where it was not fitted."""
    table = np.zeros((plain.shape[1], size, size))
    table[:, first, second] = plain.swapaxes(0, 1)
    return table - table.swapaxes(1, 2)


def jackknife(left: Array) -> Array:
    """Variance, from values with each block left out."""
    blocks = len(left)
    return (blocks - 1) / blocks * np.sum((left - left.mean(axis=0)) ** 2, axis=0)


def two_sided(sums: Array) -> Array:
    """p-values of "the mean is zero" from block sums (blocks, ...)."""
    from scipy.special import stdtr

    blocks = len(sums)
    error = np.sqrt(blocks * np.sum((sums - sums.mean(axis=0)) ** 2, axis=0) / (blocks - 1))
    t = np.abs(sums.sum(axis=0)) / np.where(error > 0, error, np.inf)
    return 2 * stdtr(blocks - 1, -t)


def of_channels(pairs: Array) -> Array:
    """Of each channel, from the p-values of its pairs: the smallest, corrected for their number.

    References
    ----------
    Simes, Biometrika 73, 751 (1986).
    """
    others = np.sort(pairs[~np.eye(len(pairs), dtype=bool)].reshape(len(pairs), -1), axis=1)
    many = others.shape[1]
    return np.minimum((others * many / np.arange(1, many + 1)).min(axis=1), 1.0)


def benjamini_hochberg(p: Array) -> Array:
    """The smallest false-discovery rate at which each is found."""
    order = np.argsort(p)
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def dataset(recording: Recording, channel: tuple[Array, Array], pair: tuple[Array, Array], p: Array) -> Any:
    """Shares with their errors, the p-values of pairs with what follows from them."""
    import xarray

    above = np.triu_indices(len(p), 1)
    q = np.ones_like(p)
    q[above] = benjamini_hochberg(p[above])
    q = np.minimum(q, q.T)
    own = of_channels(p)
    columns = {
        "by_channel": ("channel", *channel, own, benjamini_hochberg(own)),
        "by_pair": (("channel", "partner"), *pair, p, q),
    }
    words = ("share of the lower bound", "standard error of the share", "p-value of no order", "false-discovery rate")
    found = {}
    for name, (dims, *values) in columns.items():
        for suffix, word, table in zip(("", "_stderr", "_p", "_q"), words, values, strict=True):
            units = PER_SAMPLE if suffix in ("", "_stderr") else "1"
            found[name + suffix] = (dims, table, {"units": units, "long_name": f"{word}, {name.replace('_', ' ')}"})
    return xarray.Dataset(
        found,
        coords={"channel": list(recording.names), "partner": list(recording.names)},
        attrs={
            "units": PER_SAMPLE,
            "long_name": "shares of the lower bound on entropy production",
            "total": float(channel[0].sum()),
        },
    )
