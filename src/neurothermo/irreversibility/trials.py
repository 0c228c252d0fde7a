"""Entropy flow that changes in the course of a trial: a kinetic Ising network whose coefficients drift."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array, checked_count, checked_fraction
from neurothermo.core.errors import InputError
from neurothermo.core.machine import one_blas_thread
from neurothermo.core.resampling import generator, quantile
from neurothermo.irreversibility.answer import EITHER_WAY, PER_SAMPLE
from neurothermo.irreversibility.couplings_fit import fitted
from neurothermo.irreversibility.couplings_likelihood import Parallel
from neurothermo.irreversibility.couplings_moves import moves_of, why_not_spins
from neurothermo.irreversibility.door import checked_recording
from neurothermo.irreversibility.trials_path import BROAD, Aligned, Path, smoothed
from neurothermo.recordings.recording import Recording

FEWEST_TRIALS, FEWEST_ROWS = 10, 5
VARIANCES = 10.0 ** np.arange(-6.0, 0.0)  # of a step of the walk that are tried


def state_space(recording: Recording, *, confidence: float = 0.95, draws: int = 200, seed: int = 0) -> Any:
    r"""Entropy flow of a network in the course of a trial, from many trials aligned in time.

    .. math:: P(s_i(t) = +1 \mid s(t-1)) = \frac{1}{1 + e^{-2 h_i}}, \ h_i = \sum_j J_{ij}(t)\, s_j(t-1) + \theta_i(t),
              \quad (J, \theta)(t) = (J, \theta)(t-1) + \text{noise}

    .. math:: \text{flow}(t) = \Big\langle \ln \frac{p_t(s \to s')}{p_t(s' \to s)} \Big\rangle
              = \sum_{i<j} (J_{ij} - J_{ji}) \langle s_i' s_j - s_i s_j' \rangle
                + \langle G_t(s') \rangle - \langle G_t(s) \rangle, \quad
              G_t(s) = \sum_i [\theta_i s_i + \ln 2\cosh h_i(s)]

    The first sum is the part that asymmetric couplings drive: it is all of the flow of a stationary network, and zero
    at every time of a symmetric one, however its rates follow a stimulus. The rest is relaxation: the change of a
    function of state. Away from stationarity either part may be negative, and so may their sum: only with the entropy
    that the network itself gains is it a production. Intervals have two sides. Coefficients follow a random walk; its
    variances, one of couplings and one of fields for each channel, are those under which the data are most probable
    (Laplace's approximation, on a grid of six decades). Averages are over trials, of the network's expectations given
    each trial's row. Errors are those of draws from the law of the paths, trials drawn again each time. The bias that
    chance asymmetry and smoothing leave is taken off, as far as fits to data from the fit show it. A change quicker
    than the walk allows is smeared over neighbouring times: the interval there is not to be trusted, and the total may
    be low.

    Parameters
    ----------
    recording : Recording
        Of states, two values a channel; trials are segments of equal length, as `from_array` makes of an integer array
        of shape (trial, time, channel).
    confidence : float
        In (0, 1), of every time by itself.
    draws : int
        Of paths, >= 20.
    seed : int
        Of the draws.

    Returns
    -------
    xarray.Dataset
        On `time` (seconds from the start of a trial, of the row that a move ends at): `value`, the driven part, with
        `stderr`, `low`, `high`; `relaxation` and `entropy_flow`, its sum with `value`, each with `_stderr`; `couplings`
        (time, channel, partner), `fields` (time, channel). Of the mean of `value` over time: `total`, `total_stderr`,
        `total_low`, `total_high`. `walk_couplings` and `walk_fields` (channel): variances of a step.
        In nats per sample.

    Raises
    ------
    InputError
        If `obstacle` has something to say, or an option makes no sense.

    References
    ----------
    Ishihara and Shimazaki, Nat. Commun. (2025), whose walk's variances come from expectation-maximisation and whose
    averages from mean field.
    """
    recording = checked_recording(recording)
    import xarray

    confidence = checked_fraction(confidence, "confidence")
    draws = checked_count(draws, "draws", least=20)
    random = generator(seed)
    said = obstacle(recording)
    if said is not None:
        raise InputError(said)
    with one_blas_thread():
        aligned, path = _fitted(recording)
        driven, relaxed = _flows(aligned, path.mode[None], np.ones((1, aligned.before.shape[1])))
        trials = aligned.before.shape[1]
        weights = random.multinomial(trials, np.full(trials, 1 / trials), size=draws).astype(np.float64)
        scattered = _flows(aligned, path.draws(draws, random), weights)
        refits = _flows(aligned, path.refits(draws, random), weights)[0]
    value, bias, stderr, low, high = _answered(driven, scattered[0], refits, confidence)
    fit, scatter, again = (each.mean(axis=1)[:, None] for each in (driven, scattered[0], refits))
    whole = _answered(fit, scatter, again, confidence)
    flow, names = driven[0] - bias + relaxed[0], list(recording.names)
    error = scattered[1].std(axis=0, ddof=1)
    time, pair = "time", ("time", "channel", "partner")
    data = xarray.Dataset(
        {
            "value": (time, value),
            "stderr": (time, stderr),
            "low": (time, low),
            "high": (time, high),
            "relaxation": (time, relaxed[0]),
            "relaxation_stderr": (time, error),
            "entropy_flow": (time, flow),
            "entropy_flow_stderr": (time, (scattered[0] + scattered[1]).std(axis=0, ddof=1)),
            "couplings": (pair, path.mode[:, :, :-1]),
            "fields": (pair[:2], path.mode[:, :, -1]),
            "walk_couplings": ("channel", 1 / path.stiffness[:, 0]),
            "walk_fields": ("channel", 1 / path.stiffness[:, -1]),
            "total": float(whole[0][0]),
            "total_stderr": float(whole[2][0]),
            "total_low": float(whole[3][0]),
            "total_high": float(whole[4][0]),
        },
        coords={
            "time": (time, np.arange(1, len(value) + 1) / recording.required_rate(), {"units": "s"}),
            "channel": names,
            "partner": names,
        },
        attrs={"units": PER_SAMPLE, "confidence": confidence, "trials": trials, "note": EITHER_WAY},
    )
    return _labelled(data)


def obstacle(recording: Recording) -> str | None:
    """Why a recording is not one of aligned trials of two-valued channels, or None."""
    said = why_not_spins(recording)
    if said is not None:
        return said
    lengths = {len(segment) for segment in recording.segments}
    if len(recording.segments) < FEWEST_TRIALS:
        return (
            f"recording must have at least {FEWEST_TRIALS} trials, as segments, got {len(recording.segments)}: "
            "from_array takes an integer array of shape (trial, time, channel)"
        )
    if len(lengths) > 1:
        return f"trials must be of equal length, got {min(lengths)} to {max(lengths)} rows"
    if min(lengths) < FEWEST_ROWS:
        return f"trials must have at least {FEWEST_ROWS} rows, got {min(lengths)}"
    return None


def cost(recording: Recording) -> float:
    """About how many seconds it takes on one core."""
    width, rows = recording.size + 1, recording.samples
    times = rows / max(len(recording.segments), 1)
    return 60 * (times * 2e-4 + rows * width**2 * recording.size * 4e-10) + 200 * rows * recording.size * 4e-8


def _fitted(recording: Recording) -> tuple[Aligned, Path]:
    """The walk under which the data are most probable: first its fields' variance, then its couplings', then again."""
    high = recording.data["values"].values.max(axis=0)
    spins = np.stack([np.where(segment == high, 1.0, -1.0) for segment in recording.segments], axis=1)
    ones = np.ones((*spins[:-1].shape[:2], 1))
    aligned = Aligned(np.concatenate([spins[:-1], ones], axis=2), spins[1:])
    still = fitted(Parallel(moves_of(recording)), l2=1 / BROAD).coefficients
    start = np.broadcast_to(still, (len(spins) - 1, *still.shape))
    variance = np.full(still.shape, VARIANCES[1])
    best = smoothed(aligned, start, variance)
    for columns in (slice(-1, None), slice(None, -1), slice(-1, None)):
        found: list[Path] = []
        for tried in VARIANCES:
            changed = 1 / best.stiffness
            changed[:, columns] = tried
            found.append(smoothed(aligned, best.mode if not found else found[-1].mode, changed))
        evidence = np.stack([path.evidence for path in found])
        variance = 1 / best.stiffness
        variance[:, columns] = VARIANCES[np.argmax(evidence, axis=0)][:, None]
        best = smoothed(aligned, best.mode, variance)
    return aligned, best


def _flows(aligned: Aligned, paths: Array, weights: Array) -> tuple[Array, Array]:
    """Driven part and relaxation, each of shape (paths, times); weights (paths, trials) of the trials."""
    share = weights / weights.sum(axis=1, keepdims=True)
    driven, relaxed = np.empty(paths.shape[:2]), np.empty(paths.shape[:2])
    for t, (x, y) in enumerate(zip(aligned.before, aligned.after, strict=True)):
        spins, ends = x[:, :-1], np.column_stack([y, np.ones(len(y))])
        coefficients = paths[:, t]
        couplings = coefficients[:, :, :-1]
        fields = x @ np.swapaxes(coefficients, 1, 2)
        felt = spins @ np.swapaxes(couplings - np.swapaxes(couplings, 1, 2), 1, 2)
        driven[:, t] = np.sum(share * np.sum(np.tanh(fields) * felt, axis=2), axis=1)
        back = ends @ np.swapaxes(coefficients, 1, 2)
        gained = np.logaddexp(back, -back) - np.logaddexp(fields, -fields)
        change = gained.sum(axis=2) + ((y - spins) @ coefficients[:, :, -1].T).T
        relaxed[:, t] = np.sum(share * change, axis=1)
    return driven, relaxed


def _answered(fit: Array, scattered: Array, refits: Array, confidence: float) -> tuple[Array, ...]:
    """Value without bias, bias, error, low and high at every time; fit (1, times), the others (draws, times)."""
    bias, stderr = refits.mean(axis=0) - fit[0], scattered.std(axis=0, ddof=1)
    value, reach = fit[0] - bias, quantile(confidence) * stderr
    return value, bias, stderr, value - reach, value + reach


def _labelled(data: Any) -> Any:
    names = {
        "value": "entropy flow driven by asymmetric couplings",
        "relaxation": "entropy flow of relaxation",
        "entropy_flow": "entropy flow",
        "total": "mean entropy flow driven by asymmetric couplings",
    }
    for name, label in names.items():
        data[name].attrs = {"units": PER_SAMPLE, "long_name": label}
    data["couplings"].attrs = {"units": "1", "long_name": "coupling, of the partner on the channel"}
    data["fields"].attrs = {"units": "1", "long_name": "field"}
    return data.assign_attrs(long_name="entropy flow in the course of a trial")
