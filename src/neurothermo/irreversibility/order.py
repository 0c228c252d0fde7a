"""How many channels at a time the arrow of time needs: entropy production split by order of interaction."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.machine import one_blas_thread
from neurothermo.core.resampling import generator
from neurothermo.irreversibility.answer import EITHER_WAY, HIDDEN, PER_SAMPLE
from neurothermo.irreversibility.couplings_flow import block_length
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.gaussian_interval import noncentral_interval
from neurothermo.irreversibility.order_fluxes import Bound, Fluxes, of_all, shown_by
from neurothermo.irreversibility.order_moves import Excursions, excursions_of, why_not_states
from neurothermo.recordings.recording import Recording

NAMES = ("independent", "pairwise", "higher")
NEGLIGIBLE = 0.05  # nats in the whole recording that surrogates show
NULL = "reversible: a Markov chain whose excursions from its commonest state could as well have run backwards"


def interaction_order(recording: Recording, *, confidence: float = 0.95, surrogates: int = 99, seed: int = 0) -> Any:
    r"""Entropy production that single channels, pairs, and more channels together show.

    .. math:: \sigma_k = \max_{g \in F_k}\ \langle g(x, x') \rangle - \ln \langle e^{-g(x, x')} \rangle, \qquad
              \sigma_{\text{independent}} = \sigma_1, \quad \sigma_{\text{pairwise}} = \sigma_2 - \sigma_1, \quad
              \sigma_{\text{higher}} = \sigma_N - \sigma_2

    F_k holds the sums of antisymmetric functions g(x, x') = -g(x', x) of the moves of at most k channels. Equivalently
    :math:`\sigma_k` is the smallest divergence from the reversed process, :math:`D(Q \| P^T)`, of any law of moves Q
    that has the fluxes of all groups of k channels: the irreversibility that these fluxes force on the whole. It grows
    with k, and :math:`\sigma_N = D(P \| P^T)` is the entropy production of the network as a Markov chain. The parts are
    thus non-negative and sum to it. (Lynn and coworkers minimise D(Q || Q^T), reversing Q itself; their numbers
    differ.) A two-valued channel in its stationary state has no arrow of its own: the independent part is that of
    channels of three values or more.

    Chance fluxes have a bias that grows steeply with the order. Surrogates in which every excursion from the commonest
    state is turned round in time or not, by the toss of a coin, are reversible chains with the same moves: their mean
    is taken off, the share that reaches the value is the p-value, and their spread shapes the interval. The bias far
    from equilibrium may be another one, which they do not see: where the `bias` of a part exceeds its value, more data
    are needed. Moves never seen reversed get half a count: their part is bounded, and too small if anything.

    Parameters
    ----------
    recording : Recording
        Of states, 2 to 10 channels, few values each.
    confidence : float
        In (0, 1).
    surrogates : int
        >= 19.
    seed : int
        Of the surrogates.

    Returns
    -------
    xarray.Dataset
        On `order` ("independent", "pairwise", "higher"): `value`, `stderr`, `low`, `high`, `p`, and `bias`, what was
        taken off; `total`, `total_stderr`, `total_low`, `total_high`, `total_p`. In nats per sample. Values may be
        slightly negative; intervals are not.

    Raises
    ------
    InputError
        If `obstacle` has something to say, or an option makes no sense.

    References
    ----------
    Lynn, Holmes, Bialek and Schwab, Phys. Rev. Lett. 129, 118101 (2022), for the question; Aguilera, Ito and
    Kolchinsky, Phys. Rev. Lett. 136, 077101 (2026), for maximum entropy relative to the reversed process.
    """
    recording = checked_recording(recording)
    import xarray

    confidence = checked_fraction(confidence, "confidence")
    surrogates = checked_count(surrogates, "surrogates", least=19)
    random = generator(seed)
    said = obstacle(recording)
    if said is not None:
        raise InputError(said)
    excursions = excursions_of(recording)
    with one_blas_thread():
        bases = [excursions.fluxes.features(order) for order in (1, 2)]
        bounds = _bounds(excursions.fluxes, bases)
        null = np.array(
            [
                [bound.value for bound in _bounds(excursions.fluxes.turned(difference), bases)]
                for difference in excursions.reversed_at_random(surrogates, random)
            ]
        )
    moved = np.stack([_moved(excursions, bound) for bound in bounds])
    parts, count = np.array([bound.value for bound in bounds]), excursions.fluxes.count
    rows = [
        _answered(*row, count, confidence) for row in zip(_split(parts), _split(null.T), _split(moved), strict=True)
    ]
    whole = _answered(parts[-1], null[:, -1], moved[-1], count, confidence)
    columns = ("value", "stderr", "low", "high", "p", "bias")
    data = xarray.Dataset(
        {name: ("order", [row[at] for row in rows]) for at, name in enumerate(columns)},
        coords={"order": list(NAMES)},
        attrs={"units": PER_SAMPLE, "long_name": "entropy production by order of interaction", "null": NULL},
    )
    data = data.assign({"total": whole[0], **{f"total_{name}": whole[at] for at, name in enumerate(columns) if at}})
    for name in ("value", "stderr", "low", "high", "bias", "total"):
        data[name].attrs = {"units": PER_SAMPLE, "long_name": f"entropy production ({name})"}
    note = EITHER_WAY if recording.averaged else HIDDEN  # two bins next to each other see two steps: no bound
    return data.assign_attrs(confidence=confidence, surrogates=surrogates, note=note)


def obstacle(recording: Recording) -> str | None:
    """Why orders of interaction cannot be told of a recording, or None."""
    return why_not_states(recording)


def cost(recording: Recording) -> float:
    """About how many seconds it takes on one core, with 99 surrogates."""
    pairs = min(recording.samples / 10, 4.0**recording.size / 2)
    features = 3.0 * recording.size**2
    return 0.1 + recording.samples * 1e-6 + 100 * 6 * pairs * features**2 * 3e-10


def _bounds(fluxes: Fluxes, bases: list[Array]) -> list[Bound]:
    """Of single channels, of pairs, of all; each at least the one before."""
    single, pairs = (shown_by(fluxes, basis) for basis in bases)
    return [single, pairs, of_all(fluxes)]


def _split(cumulative: Array) -> Array:
    """Each order less the one before."""
    return np.diff(cumulative, axis=0, prepend=np.zeros_like(cumulative[:1]))


def _moved(excursions: Excursions, bound: Bound) -> Array:
    """How far each block of moves carries a bound: sums of g - (e^-g / <e^-g> - 1), shape (blocks,)."""
    pair, sign = excursions.pair, excursions.sign
    g = np.where(pair >= 0, sign * bound.potential[pair], 0.0)
    reached = g - np.exp(-g) / bound.normal
    reached = reached - reached.mean()
    length = block_length(len(pair))
    edges = np.linspace(0, len(pair), max(len(pair) // length, 2) + 1).astype(int)
    return np.asarray(np.add.reduceat(reached, edges[:-1]) / len(pair))


def _answered(value: float, null: Array, moved: Array, count: float, confidence: float) -> tuple[float, ...]:
    """Value without bias, stderr, low, high, p and bias of one part."""
    bias, variance = float(null.mean()), float(null.var(ddof=1))
    stderr = float(np.sqrt(np.sum(moved**2) * len(moved) / (len(moved) - 1)))
    p_value = float((1 + np.sum(null >= value * (1 - 1e-9))) / (1 + len(null)))
    if bias * count < NEGLIGIBLE or variance <= 0:  # zero by construction, but for the ends of the recording
        return value - bias, stderr, 0.0, max(value, 0.0), 1.0, bias
    freedom = 2 * bias**2 / variance  # of the scaled chi squared with the surrogates' mean and variance
    at_zero = bias / freedom
    spread = max(stderr**2 / (4 * value), 1e-300) if value - bias > 2 * np.sqrt(variance) else at_zero
    low, high = noncentral_interval(float(value), bias, spread, freedom, confidence)
    return value - bias, stderr, low, high, p_value, bias
