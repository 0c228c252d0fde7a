"""Nominal 95 % intervals cover what they should: a quick look always, the whole measurement on request."""

import math

import numpy as np
import pytest
from benchmarks.coverage import coverage, gaussian_pair, table

from neurothermo.free_energy import bar


def band(share, repeats, sigmas=4):
    return sigmas * math.sqrt(share * (1 - share) / repeats)


def test_bar_covers_at_a_glance():
    for row in coverage(300, only=("BAR",), resamples=200, bootstrap_repeats=100):
        assert row.without_interval == 0
        assert abs(row.covered - 0.95) < band(0.95, row.repeats), row


def test_and_an_interval_half_as_wide_does_not():
    random = np.random.default_rng(1)
    estimates = [bar(*gaussian_pair(random, 1.0, (500, 500)), temperature=1.0) for _ in range(300)]
    covered = np.mean([abs(e.value - 0.7) < 0.98 * e.stderr for e in estimates])
    assert abs(covered - 0.95) > band(0.95, 300)


def test_one_sided_intervals_cover_or_are_not_given():
    for row in coverage(300, only=("Jarzynski", "cumulant"), resamples=200, bootstrap_repeats=100):
        hopeless = row.estimator == "Jarzynski" and row.dissipation == 3
        assert row.without_interval > 0.9 if hopeless else row.without_interval < 0.05
        if not hopeless:
            assert abs(row.covered - 0.95) < band(0.95, row.repeats) + 0.03, row


def test_the_table_has_a_line_a_row():
    rows = coverage(3, only=("cumulant",), resamples=20)
    assert table(rows).count("\n") == len(rows) + 1


@pytest.mark.slow
def test_bar_covers_93_to_97_percent():
    for row in coverage(2000, only=("BAR",), resamples=400, bootstrap_repeats=1000):
        if row.errors == "asymptotic":
            assert 0.93 <= row.covered <= 0.97, row
        else:
            assert abs(row.covered - 0.95) < band(0.95, row.repeats), row
