"""Figures 2 to 4 without sampling, and one that no paper has: a hundred neurons, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo import exact
from neurothermo.core.estimate import ENERGY
from neurothermo.dynamics import Glauber
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, REVERSE, mark
from neurothermo.studies.chen2020.experiment import Settings, corrected_pair
from neurothermo.systems import SpinNetwork

RESOLVED = 1e-200  # probabilities below are left out of the comparison of logarithms


def figure_exact(settings: Settings) -> Panel:
    """The paper's own size: the whole work distribution, exactly, beside sampled trials."""
    network, drive, rule = settings.network(), settings.lambda_12(), Glauber(attempts=1)
    laws = [exact.work_distribution(network, one, rule, temperature=settings.temperature) for one in
            (drive, drive.reversed())]  # fmt: skip
    change = settings.exact_difference()
    pair = corrected_pair(settings)
    rows = []
    for name, protocol, law, ledger in zip(("forward", "reverse"), (drive, drive.reversed()), laws, pair, strict=True):
        mean, variance = exact.work_cumulants(network, protocol, rule, temperature=settings.temperature, order=2)
        works = ledger.work.values
        error = float(works.std(ddof=1) / np.sqrt(works.size))
        close = bool(abs(works.mean() - mean) <= 4 * error)
        rows.append(Row(f"mean work, {name}", "sampled", float(works.mean()), error, mean, ENERGY, close))
        spread = float(np.std((works - mean) ** 2, ddof=1) / np.sqrt(works.size))
        square = float(np.mean((works - mean) ** 2))
        rows.append(Row(f"variance of work, {name}", "sampled", square, spread, variance, "energy units squared",
                        bool(abs(square - variance) <= 4 * spread)))  # fmt: skip
        rows.append(_total(law, name))
    rows.append(_crooks(laws[0], laws[1], settings.temperature, float(change)))
    return Panel(
        "exact", "Figures 2 to 4 without sampling",
        f"The exact distributions of work of the paper's experiment (N = {settings.size}, {settings.steps} attempts), "
        "by propagating states and work together. Crooks' theorem holds point by point.",
        tuple(rows), lambda figure: _draw(figure, laws, settings.temperature, float(change)), (8.0, 3.4),
    )  # fmt: skip


def figure_hundred(settings: Settings) -> Panel:
    """A hundred neurons, a hundred steps of a sweep each: exact distributions that cross at dF."""
    from dataclasses import replace

    large = replace(settings, size=100, temperature=1.0, steps=100)
    network = _hundred(large)
    drive, rule = large.lambda_12(0.25), Glauber()
    laws = [exact.work_distribution(network, one, rule, temperature=large.temperature) for one in
            (drive, drive.reversed())]  # fmt: skip
    change = exact.free_energy_difference(network, drive, temperature=large.temperature)
    rows = (
        _total(laws[0], "forward"),
        _total(laws[1], "reverse"),
        _crooks(laws[0], laws[1], large.temperature, float(change)),
    )
    return Panel(
        "hundred", "A hundred neurons, exactly",
        "P_F(W) and P_R(-W) of 100 neurons with two memories, 100 steps of 100 attempts, over 200 powers of ten: they "
        "cross at the exact free-energy difference, and their log ratio is a straight line.",
        rows, lambda figure: _draw(figure, laws, large.temperature, float(change)), (8.0, 3.4),
    )  # fmt: skip


def _hundred(settings: Settings) -> SpinNetwork:
    from neurothermo.systems import hopfield

    return hopfield(settings.patterns, weights=[settings.gamma, 1 - settings.gamma], scale="hopfield")


def _total(law: Any, name: str) -> Row:
    total = float(law.sum())
    return Row(f"total probability, {name}", "exact", total, exact=1.0, verdict=bool(abs(total - 1) < 1e-10))


def _crooks(forward: Any, reverse: Any, temperature: float, change: float) -> Row:
    """Largest deviation of ln P_F(W)/P_R(-W) from (W - dF)/T where both carry more than `RESOLVED`."""
    one, other = forward.values, reverse.values[::-1]
    both = (one > RESOLVED) & (other > RESOLVED)
    work = forward.work.values[both]
    worst = np.max(np.abs(np.log(one[both] / other[both]) - (work - change) / temperature))
    said = f"Over {int(both.sum())} values of work, probabilities down to 1e-200."
    quantity = "largest deviation from Crooks' line, any work"
    return Row(quantity, "exact", float(worst), exact=0.0, units="nats", verdict=bool(worst < 1e-10), sentence=said)


def _draw(figure: Any, laws: Any, temperature: float, change: float) -> None:
    left, right = figure.subplots(1, 2)
    forward, reverse = laws
    work, one, other = forward.work.values, forward.values, reverse.values[::-1]
    seen = (one > RESOLVED) | (other > RESOLVED)
    for axes in (left, right):
        axes.plot(work[seen], one[seen], color=FORWARD, label="$P_F(W)$")
        axes.plot(work[seen], other[seen], color=REVERSE, label="$P_R(-W)$")
        mark(axes, change, "exact ΔF", EXACT)
        axes.set_xlabel("work W (energy units)")
    spread = np.sqrt(np.sum(one * (work - np.sum(one * work)) ** 2))
    left.set_xlim(change - 6 * spread, change + 6 * spread)
    right.set_yscale("log")
    right.set_ylim(max(RESOLVED, float(np.min(one[seen & (one > 0)]))) / 10, 10)
    left.legend()
