"""Where the method fails, as the paper names it."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo import exact, free_energy
from neurothermo.dynamics import Glauber
from neurothermo.ensemble import forward_and_reverse
from neurothermo.report import Panel, Row
from neurothermo.report.figures import FORWARD, REVERSE, histogram, shared_edges
from neurothermo.studies.chen2020.experiment import Settings
from neurothermo.systems import SpinNetwork, hopfield


def figure_regimes(settings: Settings) -> Panel:
    """Where the method fails, as the paper names it: too hot, glassy, too fast, undersampled."""
    cases = {
        "as published": (settings.network(), settings.lambda_12(), settings.temperature, settings.trials),
        "too hot (10 kT)": (settings.network(), settings.lambda_12(), 10 * settings.temperature, settings.trials),
        "glassy (12 patterns, kT/15)": (_glassy(settings), settings.lambda_12(5.0), settings.temperature / 15,
                                        settings.trials),
        "too fast (10 attempts, input 20)": (settings.network(), settings.lambda_12(20.0, 10), settings.temperature / 3,
                                             settings.trials),
        "undersampled (20 trials)": (settings.network(), settings.lambda_12(), settings.temperature, 20),
    }  # fmt: skip
    works, rows = {}, []
    for name, (network, drive, temperature, trials) in cases.items():
        forward, reverse = forward_and_reverse(
            network, drive, Glauber(attempts=1), temperature=temperature, trials=trials, seed=settings.seed,
            progress=False,
        )  # fmt: skip
        works[name] = forward.work.values, -reverse.work.values
        change = exact.free_energy_difference(network, drive, temperature=temperature)
        for estimate in (free_energy.bar(forward, reverse), free_energy.jarzynski(forward)):
            row = Row.compare(f"{name}: {estimate.method}", "corrected", estimate, change)
            ratio = abs(change.value) / estimate.stderr if estimate.stderr > 0 else np.nan
            told = f"|dF| is {ratio:.2g} of its errors." if np.isfinite(ratio) else ""
            rows.append(
                Row(row.quantity, row.variant, row.value, row.stderr, row.exact, row.units, row.verdict, True,
                    " ".join(filter(None, (told, row.sentence))))
            )  # fmt: skip

    def draw(figure: Any) -> None:
        grid = figure.subplots(1, len(works))
        for axes, (name, (one, other)) in zip(grid, works.items(), strict=True):
            edges = shared_edges(one, other, bins=30)
            histogram(axes, one, edges, FORWARD, "$P_F(W)$")
            histogram(axes, other, edges, REVERSE, "$P_R(-W)$")
            axes.set_title(name.replace(" (", "\n("), fontsize=8)
            axes.set_yticks([])
            axes.set_xlabel("W")
        grid[0].legend(fontsize=7)

    return Panel(
        "regimes", "Where it fails: too hot, glassy, too fast, undersampled",
        "The corrected experiment outside its range. An honest estimator either stays right with a wide error, or "
        "says that it has no answer; numbers judged here are those it did give.",
        tuple(rows), draw, (10.0, 2.8),
    )  # fmt: skip


def _glassy(settings: Settings) -> SpinNetwork:
    """Almost as many random patterns as neurons."""
    patterns = np.random.Generator(np.random.PCG64(settings.seed)).choice([-1, 1], (12, settings.size))
    return hopfield(patterns, weights=np.full(12, 1 / 4))
