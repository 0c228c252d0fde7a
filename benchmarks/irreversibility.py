"""Entropy production from recordings: a linear fit against StochasticForceInference, maximum entropy of many spins.

Times are judged by processor time, of all threads together: a machine that has nothing else to do shows no more on the
clock on the wall.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np

from benchmarks.child import interpreter, served
from benchmarks.harness import Ask, Contender, Sample, here, interleave
from benchmarks.settings import Settings
from benchmarks.table import Row, absent, against, quantity
from neurothermo import Glauber, SpinNetwork
from neurothermo.exact import stationary
from neurothermo.irreversibility import gaussian
from neurothermo.irreversibility.gaussian_fit import moments_of
from neurothermo.irreversibility.gaussian_null import circling
from neurothermo.irreversibility.maximum_entropy_flips import maxent_flips
from neurothermo.recordings import from_array

TITLE = "Entropy production from recordings"
OPTIMUM = 0.627993075  # of the twenty spins' bound, over the exact law
SEEDS, STEP = 30, 0.01


def rows(settings: Settings) -> list[Row]:
    """All of them."""
    return [*_fit(settings), *_against_inference(settings), *_twenty(settings), *_thousand(settings)]


# -- linear fits ----------------------------------------------------------------------------------


def _fit(settings: Settings) -> list[Row]:
    """Value, interval and p-value of five beads; the analytic test alone."""
    from benchmarks.coverage.langevin import sampled
    from benchmarks.coverage.simulated import linear_path

    n = settings.pick(100_000, 5_000)
    path = linear_path(*sampled(5, "driven", STEP), n, np.random.default_rng(1))
    recording, moments = from_array(path, interval=STEP), moments_of([path])[0]
    many = 100  # tests a turn: one is too short for the clock
    contenders = [
        here("value and interval", lambda: gaussian(recording)),
        here("null", lambda: [circling(moments).p_value for _ in range(many)], many),
    ]
    samples = interleave(contenders, settings.rounds)
    what = f"linear fit, {n:,} samples of 5 channels"
    return [
        _time(f"{what}: value, interval and p-value", samples["value and interval"], Ask("at most", 30, "ms")),
        _time(f"{what}: analytic null, given the moments", samples["null"], Ask("at most", 1, "ms")),
    ]


def _time(what: str, sample: Sample, ask: Ask, scale: float = 1e3) -> Row:
    core, wall = (float(np.median(sample.of(clock))) * scale for clock in ("core", "wall"))
    return quantity(what, core, f"{core:.3g} {ask.unit} of core time, {wall:.3g} by the clock", ask, wall=wall)


# -- against StochasticForceInference -------------------------------------------------------------


def _against_inference(settings: Settings) -> list[Row]:
    """Two beads, the same recordings: time a run, and how often the 95 % interval covers."""
    from benchmarks.coverage.langevin import chain, sampled

    step, noise, covariance = sampled(2, "driven", STEP)
    rows, seeds = settings.pick(10_000, 2_000), settings.pick(SEEDS, 2)
    task: dict[str, Any] = {
        "step": step.tolist(), "left": np.linalg.cholesky(noise).tolist(),
        "start": np.linalg.cholesky(covariance).tolist(), "rows": rows, "dt": STEP, "seed": 1,
    }  # fmt: skip
    exact, found = chain(2, "driven").entropy_production().value, []
    said: list[dict[str, Any]] = []
    recordings = iter([from_array(_recorded(task, seed), interval=STEP) for seed in range(1, seeds + 2)])
    ours = here("ours", lambda: found.append(gaussian(next(recordings)).per_second))
    what = f"two beads, {rows:,} samples"
    python = interpreter(settings.peers_python, ["SFI", "jax"])
    with served("StochasticForceInference", python, "sfi_server.py", task, 1.0, said) as (theirs, about):
        samples = interleave([ours, *([theirs] if isinstance(theirs, Contender) else [])], seeds)
    covered = [low <= exact <= high for low, high in (each.interval for each in found)]
    coverage = f"{what}: 95 % intervals that cover, of {len(found)} recordings"
    if not said:
        row = absent(f"{what}: a run", "StochasticForceInference", about)
        return [row, quantity(coverage, float(np.mean(covered)), f"{np.mean(covered):.0%}")]
    theirs_cover = [abs(each["value"] - exact) <= 1.96 * each["error"] for each in said]
    return [
        against(f"{what}: a run ({about})", samples["ours"], samples["StochasticForceInference"],
                Ask("at least", 10, "x faster"), faster=True, unit=1e3, clock="wall"),
        Row(f"{coverage}", f"{np.mean(covered):.0%}", f"StochasticForceInference: {np.mean(theirs_cover):.0%}",
            asked="at least 90 %", reached=float(np.mean(covered)) >= 0.9,
            numbers={"ours": float(np.mean(covered)), "opponent": float(np.mean(theirs_cover)), "exact": exact}),
        quantity(f"{what}: mean, exact value {exact:.3f}", float(np.mean([each.value for each in found])),
                 f"ours {np.mean([each.value for each in found]):.3f}, theirs "
                 f"{np.mean([each['value'] for each in said]):.3f} per unit time"),
    ]  # fmt: skip


def _recorded(task: dict[str, Any], seed: int) -> np.ndarray:
    """The recordings that the server makes too."""
    random, step = np.random.default_rng(seed), np.array(task["step"])
    kicks = random.standard_normal((task["rows"], len(step)))
    path = kicks @ np.array(task["left"]).T
    path[0] = np.array(task["start"]) @ kicks[0]
    for t in range(1, len(path)):
        path[t] += step @ path[t - 1]
    return np.asarray(path)


# -- maximum entropy ------------------------------------------------------------------------------


def _twenty(settings: Settings) -> list[Row]:
    """Twenty spins, states of their exact law, all spins tried in each."""
    count = settings.pick(1_000_000, 20_000)
    random = np.random.RandomState(42)
    table = random.randn(20, 20) * (random.rand(20, 20) < 6 / 19) / np.sqrt(6)
    table = 2 * table.astype(np.float32).astype(np.float64)
    np.fill_diagonal(table, 0)
    law = stationary(SpinNetwork(table), Glauber(), temperature=1)
    draws, found = np.random.default_rng(1), []
    codes = np.searchsorted(np.cumsum(law), draws.random(count) * law.sum())
    states = (2 * ((codes[:, None] >> np.arange(20)) & 1) - 1).astype(np.int8)
    flipped = draws.random(states.shape) < 1 / (1 + np.exp(2 * states * (states @ table.T)))
    sample = interleave([here("ours", lambda: found.append(maxent_flips(states, flipped)))], settings.rounds)["ours"]
    what, last = f"maximum entropy, 20 spins, {count:,} samples a spin", found[-1]
    away = abs(last.value - OPTIMUM) / last.stderr
    shown = f"{last.value:.5f} ± {last.stderr:.5f}, {away:.1f} from {OPTIMUM:.6f}"
    return [
        _time(f"{what}: time", sample, Ask("at most", 1.5, "s"), 1.0),
        quantity(f"{what}: standard errors from the optimum", away, shown, Ask("at most", 4, "standard errors")),
    ]


def _thousand(settings: Settings) -> list[Row]:
    """A thousand spins of six neighbours, in a process of its own."""
    size, count = settings.pick(1000, 120), settings.pick(100_000, 5_000)
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.thousand_spins", str(size), str(count)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    what = f"maximum entropy, {size:,} spins, {count:,} samples a spin"
    if made.returncode:
        return [absent(what, "the child process", (made.stderr.strip().splitlines() or ["no word"])[-1])]
    found = json.loads(made.stdout.splitlines()[-1])
    value, truth = found["value"], found["truth"]
    error = float(np.hypot(found["stderr"], found["truth_stderr"]))
    above = (value - truth) / error
    spent = f"{found['core']:.3g} s of core time, {found['wall']:.3g} by the clock"
    shown = f"{value:.4f} ± {found['stderr']:.4f} of {truth:.4f} ± {found['truth_stderr']:.4f} nats an attempt"
    return [
        quantity(f"{what}: time", found["core"], spent, Ask("at most", 30, "s"), found=found),
        quantity(f"{what}: peak memory, recording included", found["peak"], f"{found['peak']:.3f} GB",
                 Ask("at most", 1, "GB")),
        quantity(f"{what}: share of the entropy production", value / truth, f"{value / truth:.1%}: {shown}",
                 Ask("at least", 0.8, "of it")),
        quantity(f"{what}: above it", above, f"{above:+.1f} standard errors", Ask("at most", 2, "standard errors")),
    ]  # fmt: skip
