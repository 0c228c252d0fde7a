"""Shares of pairs and of channels, as a Dataset."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.irreversibility.gaussian_interval import Scatter


def dataset(
    names: tuple[str, ...], pairs: Scatter, channels: Scatter, p_values: tuple[Array, Array], units: str
) -> Any:
    """Of `attribution`: shares with their bias subtracted, errors, p and q.

    Parameters
    ----------
    names : tuple of str
        Of the channels.
    pairs, channels : Scatter
        Of the shares, shapes (d, d) and (d,).
    p_values : (array, array)
        Of pairs, shape (d, d) with NaN on the diagonal, and of channels, shape (d,).
    """
    import xarray

    by_pair = pairs.value - pairs.bias
    by_pair = (by_pair + by_pair.T) / 2
    np.fill_diagonal(by_pair, 0.0)  # but for rounding it is
    total = float(by_pair.sum())
    pair_p, channel_p = p_values
    columns: dict[str, tuple[Any, Array, str]] = {
        "by_pair": (("channel", "partner"), by_pair, "share of a pair of channels, half of it at each place"),
        "by_pair_stderr": (("channel", "partner"), np.sqrt(pairs.variance), "its standard error"),
        "by_pair_p": (("channel", "partner"), pair_p, "p-value of a reversible process"),
        "by_pair_q": (("channel", "partner"), _of_pairs(pair_p), "p-value corrected for the number of pairs"),
        "by_channel": ("channel", by_pair.sum(axis=1), "share of a channel, half of those of its pairs"),
        "by_channel_stderr": ("channel", np.sqrt(channels.variance), "its standard error"),
        "by_channel_p": ("channel", channel_p, "p-value of a reversible process"),
        "by_channel_q": ("channel", corrected(channel_p), "p-value corrected for the number of channels"),
    }
    return xarray.Dataset(
        {
            name: (dimensions, values, {"units": "" if name[-2:] in ("_p", "_q") else units, "long_name": meaning})
            for name, (dimensions, values, meaning) in columns.items()
        },
        coords={"channel": list(names), "partner": list(names)},
        attrs={"units": units, "long_name": "entropy production by pair and by channel", "total": total},
    )


def corrected(p_values: Array) -> Array:
    """Benjamini and Hochberg's q; NaN where p-values are missing."""
    from scipy.stats import false_discovery_control

    if np.any(np.isnan(p_values)):
        return np.full(p_values.shape, np.nan)
    return np.asarray(false_discovery_control(p_values))


def _of_pairs(p_values: Array) -> Array:
    """Every pair counted once."""
    above = np.triu_indices(len(p_values), 1)
    found = np.full(p_values.shape, np.nan)
    found[above] = corrected(p_values[above])
    return np.fmin(found, found.T)
