"""Entropy production of a kinetic Ising network fitted to a recording: asymmetric couplings by maximum likelihood."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_choice, checked_flag, checked_fraction, checked_number
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import Estimate
from neurothermo.core.machine import one_blas_thread
from neurothermo.irreversibility.answer import PER_SAMPLE, answer
from neurothermo.irreversibility.couplings_fit import DENSE
from neurothermo.irreversibility.couplings_found import Found, details_of, found_in, sentences, swamped
from neurothermo.irreversibility.couplings_moves import why_not_spins
from neurothermo.irreversibility.couplings_stationary import MOST_CHANNELS, stationary_flow
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.gaussian_interval import noncentral_interval
from neurothermo.recordings.recording import Recording

ORDERS = ("parallel", "one at a time")
MOST_AT_ONCE = 30  # channels of order "one at a time", whose coefficients are all fitted together
NULL = "reversible, of any kind: no pair of channels circulates, <s_i' s_j> = <s_i s_j'>"
NULL_OF_RATIO = "reversible: a kinetic Ising network with symmetric couplings"


def kinetic_ising(
    recording: Recording,
    *,
    order: str = "parallel",
    l2: float | None = None,
    self_couplings: bool = True,
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    r"""Entropy production of the kinetic Ising network most likely to have made a recording.

    .. math:: P(s_i' = +1) = \frac{1}{1 + e^{-2 h_i}}, \qquad h_i = \sum_j J_{ij} s_j + \theta_i, \qquad
              \sigma = c \sum_{i<j} (J_{ij} - J_{ji})\, \langle s_i' s_j - s_i s_j' \rangle

    In order "parallel" every row draws all spins anew (c = 1); in order "one at a time" every row draws one spin, any
    with equal probability (c = 1/2), and where nothing flips the likelihood is summed over which it was. Couplings are
    those of largest likelihood. The average is over the recording's own rows: at the maximum the network's
    expectations given each row have exactly these delayed products, so that nothing has to be simulated, of any number
    of channels. It is the entropy production of the stationary network where the recording is stationary and the
    network describes it; ``details["stationary"]`` is that of the network's own law, for comparison, up to 10 channels
    (as precise where the network is right, and misled where it is not).

    Chance alone makes couplings asymmetric, and circulations with them: the bias, about N (N - 1)/T in parallel order,
    is taken off. Error and bias are those of sums over blocks of about sqrt(T) rows, so that they need not believe in
    the model; the interval is that of a scaled non-central chi squared, right at zero too, and goes down to zero
    wherever `p_value` does not exclude it.

    Parameters
    ----------
    recording : Recording
        Of states, two values a channel; the larger is +1.
    order : "parallel" or "one at a time"
    l2 : float, optional
        >= 0: couplings make :math:`\ln L - l_2 \sum J^2 / 2` largest. Default 0; 1 where the data are separable (some
        coupling would be infinite) or a channel copies others, and a sentence says so.
    self_couplings : bool
        Whether a neuron acts on itself (refractoriness, bursts); in parallel order only. It has no part in the flow.
    confidence : float
        In (0, 1).
    seed : int
        Of the signs of blocks that give `p_value` where pairs are too many for Hotelling's test.

    Returns
    -------
    Estimate
        In nats per sample; NaN, with a sentence, where the bias to be taken off is more than all that was found.
        `p_value` is that of no circulation, <s_i' s_j> = <s_i s_j'> for all pairs, which every
        reversible process keeps, whether or not it is a kinetic Ising network: from the scatter of blocks.
        `details`: `couplings` (N, N), [i, j] the influence of j on i; `fields`; their standard errors;
        `log_likelihood`; `asymmetry`, the share of the couplings' squares that is antisymmetric; `bias`; `stationary`;
        `p_value_likelihood_ratio`, of symmetric couplings, chi squared with N (N - 1)/2 degrees of freedom: a
        kinetic Ising network is reversible where its couplings are symmetric, and only there. That test believes in
        the network: a reversible process with more memory than one row can fail it.

    Raises
    ------
    InputError
        If `obstacle` has something to say, two channels change in one row of order "one at a time", or an
        option makes no sense.

    References
    ----------
    Roudi and Hertz, Phys. Rev. Lett. 106, 048702 (2011), for the likelihood of both orders; Aguilera, Moosavi and
    Shimazaki, Nat. Commun. 12, 1197 (2021), for the entropy production of the network.
    """
    recording = checked_recording(recording)
    confidence = checked_fraction(confidence, "confidence")
    with one_blas_thread():
        found = _found(recording, order, l2, self_couplings)
        stationary = _stationary(found, order)
    flow, moves = found.flow, found.likelihood.moves
    whole = np.full((moves.size, moves.size), 0.5)
    bias, stderr = float(flow.bias.sum() / 2), float(flow.stderr(whole))
    interval = _interval(flow.value, bias, stderr, found.freedom, confidence)
    p_value = flow.chance(np.triu(np.ones_like(whole, dtype=bool), 1), seed)
    if p_value > 1 - confidence:
        interval = (0.0, interval[1])
    ratio_p = _tail(found.ratio, found.freedom)
    value, said = flow.value - bias, sentences(found, p_value, ratio_p, stderr, stationary)
    lost = swamped(flow.value, bias, stderr, p_value)
    if lost is not None:
        value, interval, stderr, said = nan, (nan, nan), nan, (lost, *said)
    details = details_of(found) | {
        "bias": bias,
        "stationary": stationary,
        "likelihood_ratio": found.ratio,
        "p_value_likelihood_ratio": ratio_p,
        "null": NULL,
        "null_likelihood_ratio": NULL_OF_RATIO,
    }
    return answer(
        recording,
        value,
        stderr=stderr,
        interval=interval,
        p_value=p_value,
        confidence=confidence,
        method=f"kinetic Ising network, {order}, maximum likelihood" + (f" with l2 = {found.l2:g}" if found.l2 else ""),
        diagnostics=said,
        details=details,
    )


def attribution(
    recording: Recording,
    *,
    order: str = "parallel",
    l2: float | None = None,
    self_couplings: bool = True,
    confidence: float = 0.95,
    seed: int = 0,
) -> Any:
    r"""Which pairs of channels, and which channels, the entropy production of `kinetic_ising` goes with.

    .. math:: \sigma_{ij} = c\, (J_{ij} - J_{ji})\, \langle s_i' s_j - s_i s_j' \rangle, \qquad
              \sigma = \sum_{i<j} \sigma_{ij}

    Parts may be negative. p-values are of no circulation of one pair, or of all pairs of one channel, of any
    reversible process; q-values after Benjamini and Hochberg.

    Parameters
    ----------
    recording, order, l2, self_couplings, confidence, seed
        As for `kinetic_ising`.

    Returns
    -------
    xarray.Dataset
        `by_pair` (channel, partner), half a pair's share at [i, j] and half at [j, i], and `by_channel` (channel), the
        sum over partners; each with `_stderr`, `_p`, `_q`. In nats per sample, bias taken off; both sum to the value,
        and are NaN where it is.

    Raises
    ------
    InputError
        As `kinetic_ising` does.
    """
    import xarray

    checked_fraction(confidence, "confidence")
    with one_blas_thread():
        found = _found(recording, order, l2, self_couplings)
    flow, size = found.flow, recording.size
    pairs = (flow.pairs - flow.bias) / 2
    p_value = flow.chance(np.triu(~np.eye(size, dtype=bool), 1), seed)
    stderr = float(flow.stderr(np.full(pairs.shape, 0.5)))
    if swamped(flow.value, float(flow.bias.sum() / 2), stderr, p_value) is not None:
        pairs = np.full(pairs.shape, nan)
    single = np.sqrt(np.sum((flow.moves / 2) ** 2, axis=0))
    moved = flow.moves.sum(axis=2) / 2
    own = np.eye(size, dtype=bool)
    p_channels = np.array([flow.chance(own[i][:, None] & ~own[i], seed) for i in range(size)])
    p_pairs = np.full((size, size), nan)
    for i in range(size):
        for j in range(i):
            p_pairs[i, j] = p_pairs[j, i] = flow.chance(own[i][:, None] & own[j], seed)
    q_pairs = np.full((size, size), nan)
    upper = np.triu_indices(size, 1)
    q_pairs[upper] = q_pairs.T[upper] = _adjusted(p_pairs[upper])
    pair, channel = ("channel", "partner"), "channel"
    data = xarray.Dataset(
        {
            "by_pair": (pair, pairs),
            "by_pair_stderr": (pair, single),
            "by_pair_p": (pair, p_pairs),
            "by_pair_q": (pair, q_pairs),
            "by_channel": (channel, pairs.sum(axis=1)),
            "by_channel_stderr": (channel, np.sqrt(np.sum(moved**2, axis=0))),
            "by_channel_p": (channel, p_channels),
            "by_channel_q": (channel, _adjusted(p_channels)),
        },
        coords={"channel": list(recording.names), "partner": list(recording.names)},
    )
    total = float(pairs.sum())
    for name in ("by_pair", "by_channel"):
        data[name].attrs = {"units": PER_SAMPLE, "long_name": f"entropy production {name.replace('_', ' ')}"}
        data[name].attrs["total"] = total
    return data.assign_attrs(units=PER_SAMPLE, long_name="entropy production, kinetic Ising network", total=total)


def obstacle(recording: Recording, order: str = "parallel") -> str | None:
    """Why no kinetic Ising network can be fitted to a recording, or None."""
    said = why_not_spins(recording)
    if said is not None:
        return said
    moves = sum(max(len(segment) - 1, 0) for segment in recording.segments)
    needed = 2 * (recording.size + 1)
    if moves < max(needed, 50):
        return f"recording must have at least {max(needed, 50)} moves for {recording.size} channels, got {moves}"
    if order == "one at a time" and recording.size > MOST_AT_ONCE:
        return (
            f'order "one at a time" goes to {MOST_AT_ONCE} channels, got {recording.size}: '
            "their couplings are fitted together"
        )
    return None


def cost(recording: Recording, order: str = "parallel") -> float:
    """About how many seconds `kinetic_ising` takes on one core."""
    size, rows = recording.size, recording.samples
    states = min(rows, 2.0 ** min(size, 40))
    shared = 0.01 + rows * size * (size + 20) * 5e-9
    if order == "parallel":
        return shared + states * size**2 * (1e-7 + 7e-10 * size) + 8 * min(size * size / 2, DENSE) ** 3 * 5e-11
    return shared + states * size**4 * 6e-10


# -- the parts -----------------------------------------------------------------------------------


def _found(recording: Recording, order: str, l2: float | None, self_couplings: bool) -> Found:
    checked_choice(order, "order", ORDERS)
    checked_flag(self_couplings, "self_couplings")
    said = obstacle(recording, order)
    if said is not None:
        raise InputError(said)
    if l2 is not None and checked_number(l2, "l2") < 0:
        raise InputError(f"l2 must be at least 0, got {l2}")
    return found_in(recording, order, l2, self_couplings)


def _interval(value: float, bias: float, stderr: float, freedom: int, confidence: float) -> tuple[float, float]:
    """Of kappa chi'^2, whose variance near the value e is 4 kappa e; at e = 0 it is no more than 2 kappa^2 nu."""
    spread = stderr / np.sqrt(2 * freedom)
    if value > 0:
        spread = min(spread, stderr**2 / (4 * value))
    return noncentral_interval(value, bias, spread, freedom, confidence)


def _tail(statistic: float, freedom: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(freedom, statistic))


def _stationary(found: Found, order: str) -> float:
    if found.likelihood.moves.size > MOST_CHANNELS:
        return nan
    return stationary_flow(found.fit.couplings, found.fit.fields, order)


def _adjusted(p_values: Array) -> Array:
    """Benjamini and Hochberg's q-values."""
    order = np.argsort(p_values)
    ranked = p_values[order] * len(p_values) / np.arange(1, len(p_values) + 1)
    found = np.empty(len(p_values))
    found[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return found
