"""Figure 5: heat exchanged with a colder bath."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo import fluctuation
from neurothermo.core.checks import Array
from neurothermo.dynamics import Glauber
from neurothermo.ensemble import simulate
from neurothermo.protocols import hold
from neurothermo.report import Panel, Row
from neurothermo.report.figures import FORWARD, REVERSE
from neurothermo.studies.chen2020.experiment import PRINTED, Settings


def figure_5(settings: Settings) -> Panel:
    """Heat exchange: ln P(Q)/P(-Q) against Q for two quenches, heat bath and as printed."""
    baths = (5.0, 10.0)
    relaxing = hold(np.zeros(settings.size), 2 * settings.size)
    heats: dict[tuple[str, float], Array] = {}
    rows = []
    for activation in ("heat-bath", PRINTED):
        for bath in baths:
            ledger = simulate(
                settings.network(), relaxing, Glauber(attempts=1, activation=activation), temperature=bath,
                initial="equilibrium", initial_temperature=settings.temperature, trials=settings.trials,
                seed=settings.seed, progress=False,
            )  # fmt: skip
            heats[activation, bath] = ledger.heat.values
            rows.append(
                Row.of_verdict(
                    f"slope of ln P(Q)/P(-Q), {settings.temperature:g} to {bath:g}",
                    "corrected" if activation == "heat-bath" else "as printed", fluctuation.check_exchange(ledger),
                    units="1 / energy unit", expected=activation == "heat-bath",
                )
            )  # fmt: skip

    def draw(figure: Any) -> None:
        panels = zip(figure.subplots(1, 2, sharey=True), ("heat-bath", PRINTED), strict=True)
        for axes, activation in panels:
            for bath, color in zip(baths, (REVERSE, FORWARD), strict=True):
                size, ratio, error = _log_ratios(heats[activation, bath])
                axes.errorbar(size, ratio, error, fmt="o", color=color, markersize=4, capsize=2,
                              label=f"{settings.temperature:g} to {bath:g}")  # fmt: skip
                expected = 1 / settings.temperature - 1 / bath
                axes.plot(size, expected * size, color=color, linewidth=1)
            axes.set(title="corrected" if activation == "heat-bath" else "as printed", xlabel="|Q| (energy units)")
            axes.legend()
        figure.axes[0].set_ylabel("ln P(Q)/P(-Q)")

    return Panel(
        "5", "Figure 5. The heat exchange fluctuation theorem",
        f"Networks in equilibrium at {settings.temperature:g}, then in a bath at 5 or 10 for {2 * settings.size} "
        "attempts without input; Q is the heat that the network absorbs. Lines: slope 1/T1 - 1/T2. With the "
        "activation as printed the slope is 1/T1 - 1/(2 T2), and for the bath at 10 it has the wrong sign.",
        tuple(rows), draw,
    )  # fmt: skip


def _log_ratios(heat: Array, bins: int = 12) -> tuple[Array, Array, Array]:
    """|Q|, ln of the ratio of counts of +Q and -Q, and its error, in bins that both signs fill."""
    edges = np.linspace(0, np.quantile(np.abs(heat), 0.999) + 1e-9, bins + 1)
    up, down = (np.histogram(sign * heat[sign * heat > 0], edges)[0] for sign in (1, -1))
    middle = (edges[1:] + edges[:-1]) / 2
    filled = (up >= 5) & (down >= 5)
    up, down = up[filled], down[filled]
    return middle[filled], np.log(up / down), np.sqrt(1 / up + 1 / down)
