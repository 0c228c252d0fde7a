"""Cells of linear Langevin chains: beads between springs, each in a bath of its own temperature."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import nan
from typing import Any

import numpy as np
from scipy.linalg import expm

from benchmarks.coverage.cells import Answer, Cell, called
from benchmarks.coverage.simulated import linear_path, linear_sums
from neurothermo.core.checks import Array
from neurothermo.irreversibility import classifier, gaussian, spectral, uncertainty
from neurothermo.irreversibility.gaussian_checks import declined
from neurothermo.irreversibility.gaussian_fit import Linear, Moments, grows, moments_of, no_process, regressed
from neurothermo.irreversibility.gaussian_interval import noncentral_interval, scatter
from neurothermo.irreversibility.gaussian_null import circling
from neurothermo.processes import LinearLangevin
from neurothermo.recordings import from_array

HOTTEST = {"driven": 10.0, "nearly equilibrium": 1.3, "equilibrium": 1.0}
COMPARED = 3  # recordings on which the public function must agree with what is repeated
Map = tuple[Array, Array, Array]


def chain(beads: int, kind: str) -> LinearLangevin:
    """Springs of one stiffness between the beads and to the walls; temperatures from the hottest down to 1."""
    springs = 2 * np.eye(beads) - np.eye(beads, k=1) - np.eye(beads, k=-1)
    return LinearLangevin(springs, np.diag(np.linspace(HOTTEST[kind], 1, beads)))


def production(process: LinearLangevin, dt: float, kind: str) -> float:
    """Nats per sample; equilibrium is 0, whatever rounding says."""
    return 0.0 if kind == "equilibrium" else dt * process.entropy_production().value


def sampled(beads: int, kind: str, dt: float) -> Map:
    """The exact map of one sample to the next: step, covariance of the noise, stationary covariance."""
    process = chain(beads, kind)
    step = expm(-process.relaxation_matrix() * dt)
    covariance = process.covariance()
    return step, covariance - step @ covariance @ step.T, covariance


def visible(step: Array, covariance: Array) -> float:
    """Divergence of a pair of neighbouring samples from the pair turned round, nats: what spectra can show."""
    lagged, size = step @ covariance, len(step)
    pair = np.block([[covariance, lagged.T], [lagged, covariance]])
    turned = np.block([[covariance, lagged], [lagged.T, covariance]])
    return 0.5 * float(np.trace(np.linalg.solve(turned, pair))) - size


def visible_in_part(maps: Map, kept: list[int], frequencies: int = 100_000) -> float:
    """The same of some channels only, whose memory is long: an integral over cross-spectra, nats per sample."""
    step, noise, _ = maps
    at, found = (np.arange(frequencies) + 0.5) / (2 * frequencies), 0.0
    for part in np.array_split(at, 50):
        gain = np.linalg.inv(np.eye(len(step)) - step * np.exp(-2j * np.pi * part)[:, None, None])
        spectrum = (gain @ noise @ np.conj(np.swapaxes(gain, 1, 2)))[:, kept][:, :, kept]
        traces = np.einsum("fij,fji->f", np.linalg.inv(np.conj(spectrum)), spectrum).real
        found += float(np.sum(traces - len(kept))) / (2 * frequencies)
    return found


def by_moments(moments: Moments) -> Answer:
    """What `gaussian` answers, from second moments alone."""
    linear, test = Linear.of(*regressed(moments)), circling(moments)
    if grows(linear) or no_process(linear):
        return Answer(nan, nan, nan, test.p_value, nan)
    found = scatter(lambda each: each.production, linear, moments.count)
    value, bias, variance = float(found.value), float(found.bias), float(found.variance)
    if declined(linear, moments.count, value, bias, variance, test.freedom):
        return Answer(nan, nan, nan, test.p_value, nan)
    spread = variance / (4 * value) if value > 0 else 0.0
    low, high = noncentral_interval(value, bias, spread, test.freedom, 0.95)
    return Answer(value - bias, low if test.p_value <= 0.05 else 0.0, high, test.p_value, nan)


def _repeated(maps: Map, rows: int, dt: float, repeats: int, random: np.random.Generator) -> Iterator[Answer]:
    """By moments; the time is that of the public function on a few recordings, which must agree."""
    seconds = [_agreeing(linear_path(*maps, rows, random), dt) for _ in range(COMPARED)]
    done = 0
    while done < repeats:
        before, after, lagged = linear_sums(*maps, rows, random)
        for each in range(min(len(lagged), repeats - done)):
            found = by_moments(Moments(rows - 1, before[each], after[each], lagged[each]))
            yield Answer(found.value, found.low, found.high, found.p_value, seconds[done % COMPARED])
            done += 1


def _agreeing(path: Array, dt: float) -> float:
    """Seconds of the public function, whose answer is that from the moments."""
    shown, ours = called(gaussian, from_array(path, interval=dt)), by_moments(moments_of([path])[0])
    pairs = ((shown.value, ours.value), (shown.low, ours.low), (shown.high, ours.high), (shown.p_value, ours.p_value))
    scale = 0.0 if np.isnan(shown.value) else abs(shown.value) + shown.high
    if not all(np.isclose(a, b, rtol=1e-6, atol=1e-6 * scale, equal_nan=True) for a, b in pairs):
        raise AssertionError(f"gaussian() answers {shown}, and its second moments give {ours}")
    return shown.seconds


def _called(
    method: Any, options: dict[str, Any], maps: Map, rows: int, dt: float, kept: Any, repeats: int,
    random: np.random.Generator,
) -> Iterator[Answer]:  # fmt: skip
    for seed in range(repeats):
        path = linear_path(*maps, rows, random)
        seeded = options if method is uncertainty else options | {"seed": seed}
        yield called(method, from_array(path[:, kept], interval=dt), **seeded)


def _gaussian(beads: int, kind: str, dt: float, rows: int) -> Cell:
    maps = sampled(beads, kind, dt)
    return Cell(
        "gaussian", f"chain of {beads} beads, {kind}, dt {dt:g}", rows, production(chain(beads, kind), dt, kind),
        partial(_repeated, maps, rows, dt), power=kind == "driven" and beads == 2 and rows == 10_000,
    )  # fmt: skip


def _other(
    method: Any, beads: int, drive: str, dt: float, rows: int, *, name: str = "", truth: float | None = None,
    hidden: int | None = None, share: float = 1.0, **fields: Any,
) -> Cell:  # fmt: skip
    maps, options = sampled(beads, drive, dt), fields.pop("options", {})
    kept = [bead for bead in range(beads) if bead != hidden]
    if truth is None:
        truth = production(chain(beads, drive), dt, drive)
    system = f"chain of {beads} beads{'' if hidden is None else f', bead {hidden + 1} hidden'}, {drive}, dt {dt:g}"
    run = partial(_called, method, options, maps, rows, dt, kept)
    return Cell(name or method.__name__, system, rows, truth, run, share=share, **fields)


def cells() -> Iterator[Cell]:
    """All of them."""
    for rows in (10_000, 100_000):
        for beads in (2, 5):
            for dt in (0.01, 0.05):
                for kind in HOTTEST:
                    yield _gaussian(beads, kind, dt, rows)
    for beads, share in ((2, 1.0), (5, 0.25)):
        yield _other(gaussian, beads, "equilibrium", 0.05, 2_000, name="gaussian, null of surrogates", share=share,
                     options={"null": "surrogate", "surrogates": 99})  # fmt: skip
    for kind in HOTTEST:
        step, _, covariance = sampled(2, kind, 0.2)
        still = kind == "equilibrium"
        yield _other(spectral, 2, kind, 0.2, 10_000, truth=0.0 if still else visible(step, covariance), share=0.5)
        maps = sampled(3, kind, 0.2)
        yield _other(spectral, 3, kind, 0.2, 10_000, truth=0.0 if still else visible_in_part(maps, [0, 2]), hidden=1,
                     share=0.5)  # fmt: skip
        yield _other(uncertainty, 2, kind, 0.05, 10_000, kind="lower bound")
        yield _other(classifier, 2, kind, 0.05, 10_000, kind="lower bound", share=0.5)
