"""Entropy production from recordings: intervals cover, bounds stay below, tests have their size; controls do not."""

import json
import math
from functools import cache

import numpy as np
import pytest
from benchmarks.coverage import chains, irreversibility, ising, langevin
from benchmarks.coverage.__main__ import main
from benchmarks.coverage.cells import Answer, Cell
from benchmarks.coverage.irreversibility import chosen, read
from benchmarks.coverage.simulated import LANES, chain_path, linear_path, linear_sums, spin_path

from neurothermo.irreversibility.gaussian_fit import Linear, Moments, moments_of, regressed
from neurothermo.irreversibility.gaussian_interval import scatter

REPEATS, MANY = 200, 640
STILL = "gaussian; chain of 5 beads, equilibrium, dt 0.05; n = 10000"
DRIVEN = "gaussian; chain of 2 beads, driven, dt 0.05; n = 10000"
WORDS = "plugin; dense chain of 8, weakly driven; n = 10000"


@cache
def every():
    return {each.name: each for each in chosen()}


def cell(name):
    return every()[name]


def band(share, repeats, sigmas=4):
    return sigmas * math.sqrt(share * (1 - share) / repeats)


# -- small: 200 repeats, four sigma ---------------------------------------------------------------


@pytest.mark.parametrize("name", [STILL, DRIVEN, WORDS])
def test_intervals_cover_at_a_glance(name):
    found = cell(name).measured(REPEATS)
    assert found.without_interval == 0 and found.repeats == REPEATS
    assert abs(found.covered - 0.95) < band(0.95, REPEATS), found
    assert abs(found.bias) < 4 / math.sqrt(REPEATS), found
    if found.truth == 0:
        assert abs(found.rejected - 0.05) < band(0.05, REPEATS), found
    else:
        assert found.rejected > 0.4
    if found.power:
        assert found.rejected > 0.9


def test_a_bound_stays_below():
    found = cell("maxent; 5 spins, parallel, asymmetric; n = 10000").measured(100)
    assert found.above < 0.025 + band(0.025, 100) and found.mean < found.truth
    assert found.rejected == 1


# -- controls that must fail ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def equilibrium():
    """Value, bias and variance of 640 fits to five beads at one temperature."""
    maps, rows, found = langevin.sampled(5, "equilibrium", 0.05), 10_000, []
    random = np.random.default_rng(2)
    while len(found) < MANY:
        for before, after, lagged in zip(*linear_sums(*maps, rows, random), strict=True):
            moments = Moments(rows - 1, before, after, lagged)
            seen = scatter(lambda linear: linear.production, Linear.of(*regressed(moments)), rows - 1)
            found.append((float(seen.value), float(seen.bias), float(seen.variance)))
    return np.array(found).T


def test_a_plain_delta_interval_at_equilibrium_does_not_cover(equilibrium):
    value, _, variance = equilibrium
    covered = np.mean(np.abs(value) <= 1.96 * np.sqrt(variance))
    assert covered < 0.95 - band(0.95, MANY), covered


def test_and_without_its_correction_the_value_is_biased(equilibrium):
    value, bias, _ = equilibrium
    assert value.mean() > 2 * value.std()
    assert abs((value - bias).mean()) < 4 * value.std() / math.sqrt(MANY)


def test_answers_that_are_a_third_too_large_are_noticed():
    honest = cell(DRIVEN)
    answers = list(honest.runs(REPEATS, np.random.default_rng(3)))
    larger = [Answer(1.33 * a.value, 1.33 * a.low, 1.33 * a.high, a.p_value, a.seconds) for a in answers]
    assert honest.judged(answers).reached
    found = honest.judged(larger)
    assert not found.asked["covered 93-97 %"] and not found.asked["bias below 0.1"]
    as_a_bound = Cell("gaussian", "too large", 1, honest.truth, honest.runs, kind="lower bound").judged(larger)
    assert not as_a_bound.reached


# -- the study itself -----------------------------------------------------------------------------


def test_answers_are_counted():
    def runs(repeats, random):
        yield Answer(1.0, 0.5, 1.5, 0.01, 0.1)
        yield Answer(3.0, 2.5, 3.5, 0.2, 0.3)
        yield Answer(math.nan, math.nan, math.nan, math.nan, 0.2)
        yield Answer(2.0, 0.0, 0.9, 0.05, 0.2)

    found = Cell("none", "none", 10, 1.0, runs).measured(4)
    assert (found.covered, found.above, found.without_interval) == (pytest.approx(1 / 3), pytest.approx(1 / 3), 0.25)
    assert found.rejected == pytest.approx(2 / 3) and found.bias == pytest.approx(1.0) and found.seconds == 0.2


def test_sums_are_those_of_the_path():
    maps, rows = langevin.sampled(3, "driven", 0.1), 700
    step, noise, covariance = maps
    random = np.random.default_rng(5)
    path = np.empty((rows, 3))
    path[0] = (np.linalg.cholesky(covariance) @ random.standard_normal((3, LANES)))[:, 7]
    kicks = np.concatenate([random.standard_normal((many, 3, LANES), dtype=np.float32) for many in (512, 187)])
    for t in range(1, rows):
        path[t] = step @ path[t - 1] + np.linalg.cholesky(noise) @ kicks[t - 1, :, 7]
    moments, _, scale = moments_of([path])
    both = np.outer(scale, scale)
    before, after, lagged = (part[7] for part in linear_sums(*maps, rows, np.random.default_rng(5)))
    assert np.allclose(before, moments.before * both) and np.allclose(after, moments.after * both)
    assert np.allclose(lagged, moments.lagged * both)


def test_moments_decline_where_the_public_function_does():
    """Sampled at three of the slowest times: no step is far enough from the negative axis."""
    maps, declined = langevin.sampled(2, "driven", 3.0), 0
    for seed in range(6):
        path = linear_path(*maps, 2000, np.random.default_rng(seed))
        langevin._agreeing(path, 3.0)  # raises where they differ
        declined += np.isnan(langevin.by_moments(moments_of([path])[0]).value)
    assert declined >= 4
    near = linear_path(*langevin.sampled(2, "driven", 0.05), 2000, np.random.default_rng(0))
    found = langevin.by_moments(moments_of([near])[0])
    assert np.isfinite([found.value, found.low, found.high]).all() and langevin._agreeing(near, 0.05) > 0


def test_truths_are_those_of_other_formulas():
    assert chains.production(chains.ring(0.4, 0.3)) == pytest.approx(0.1 * math.log(4 / 3))
    dense = chains.dense(0.4)
    flux = chains.stationary(dense)[:, None] * dense
    assert chains.production(dense) == pytest.approx(np.sum(flux * np.log(flux / flux.T)))
    assert chains.production(chains.dense(0.0)) < 1e-12
    assert abs(chains.four_states(1.0).entropy_production().value) < 1e-12
    step, noise, covariance = langevin.sampled(2, "driven", 0.2)
    coarse = 0.2 * langevin.chain(2, "driven").coarse_grained_entropy_production(0.2).value
    assert langevin.visible(step, covariance) == pytest.approx(coarse)
    assert langevin.visible_in_part((step, noise, covariance), [0, 1]) == pytest.approx(coarse, rel=1e-6)
    assert langevin.production(langevin.chain(2, "driven"), 0.1, "driven") == pytest.approx(0.2025)


def test_recordings_have_the_laws_they_should():
    dense, random = chains.dense(0.4), np.random.default_rng(1)
    law = chains.stationary(dense)
    path = chain_path(dense, law, 200_000, random)
    pairs = np.zeros((8, 8))
    np.add.at(pairs, (path[:-1], path[1:]), 1)
    assert np.max(np.abs(pairs / len(path) - law[:, None] * dense) / np.sqrt(law[:, None] * dense / len(path))) < 6
    couplings, fields = ising.network(3, 0.5)
    for order in ("parallel", "random"):
        rows = spin_path(couplings, fields, order, 100_000, random)
        drawn = np.tanh(rows[:-1] @ couplings.T + fields)
        expected = drawn if order == "parallel" else rows[:-1] + (drawn - rows[:-1]) / 3
        errors = np.sum(rows[1:] - expected, axis=0) / math.sqrt(len(rows))
        assert np.all(np.abs(errors) < 5) and np.all(np.std(rows[1:] - expected, axis=0) > 0.3)


def test_the_command_keeps_cells_and_merges_them(tmp_path, capsys, monkeypatch):
    file, other = tmp_path / "cells.json", tmp_path / "other.json"
    monkeypatch.setattr(irreversibility, "cells", lambda: iter(list(chains.cells())[:6]))
    ring = ["irreversibility", "--only", "plugin", "--where", "of 8, driven", "--repeats", "10"]
    assert main([*ring, "--json", str(file)]) == 0
    assert "1/2" in capsys.readouterr().out
    kept = file.read_text()
    assert main([*ring, "--json", str(file)]) == 0
    assert "1/2" not in capsys.readouterr().out and file.read_text() == kept, "it was not run again"
    one = json.loads(kept)
    one["cells"] = one["cells"][:1]
    other.write_text(json.dumps(one))
    assert main(["irreversibility", "--repeats", "0", "--merge", str(other)]) == 0
    assert "1 of 1 cells reach" in capsys.readouterr().out
    assert len(read(file)) == 2 and read(tmp_path / "none.json") == {}


def test_cells_have_names_of_their_own():
    assert len(every()) == len(chosen()) > 60


@pytest.mark.slow
@pytest.mark.parametrize("method", ["gaussian", "plugin"])
def test_the_numbers_asked_for_are_reached(method):
    """All cells of ten thousand samples with 2000 repeats, as in docs/coverage.md."""
    short = [each for each in every().values() if each.method == method and each.samples == 10_000]
    missed = [(found.name, found.asked) for each in short if not (found := each.measured(2000)).reached]
    assert len(short) >= 6 and not missed
