"""Neurons that start to listen: what they know overshoots what they settle to."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.estimate import Estimate
from neurothermo.core.gaussian import Gaussian
from neurothermo.ensemble import simulate
from neurothermo.processes.neurons import VelocityNeurons
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.karbowski2024 import routes
from neurothermo.studies.karbowski2024.settings import RATE, Settings
from neurothermo.studies.rows import ruled, same

TIMES = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0)
PEAK, HALF = 0.035, 0.2  # when a simulated network is looked at
TEN = VelocityNeurons(10)
DEAF = np.diag(np.r_[1.0, np.full(10, 0.01)])


def figure_transient(settings: Settings) -> Panel:
    """Information after coupling is switched on, exact, by matrices and simulated."""
    way, matrices = TEN.switch_on(TIMES), routes.Matrices.of(np.ones(10))
    rows = []
    for i, time in enumerate(TIMES):
        law = matrices.after(time, DEAF)
        change = 2 * matrices.diffusion - matrices.relaxation @ law - law @ matrices.relaxation.T
        rows += [
            same(f"I(v; r) at t = {time:g}", "N = 10", way.information[i], routes.information(law), units="nats"),
            same(f"dI/dt at t = {time:g}", "N = 10", way.information_rate[i], routes.information_rate(law, change),
                 scale=0.1, digits=1e-8, units=RATE),
            ruled(f"second law of the neurons at t = {time:g}", "N = 10, even velocity", way.production[i],
                  float(way.production[i]) >= 0, units=RATE, sentence="Production, their information flow counted."),
        ]  # fmt: skip
    height, when = _highest(matrices)
    settled = routes.information(matrices.covariance())
    rows += [
        same("highest information", "N = 10", way.peak, height, digits=1e-8, units="nats"),
        same("when it is reached", "N = 10", way.peak_time, when, digits=1e-4, units="unit time"),
        same("information in the end", "N = 10", TEN.mutual_information(), settled, units="nats"),
        ruled("the information never falls", "N = 10", float(way.information_rate.min()),
              float(way.information_rate.min()) >= 0, units=RATE, expected=False,
              sentence="Early rates hold recent velocities only, and lag less."),
        *(_simulated(settings, matrices, time) for time in (PEAK, HALF)),
    ]  # fmt: skip

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        times = np.geomspace(1e-3, 3, 300)
        for size, color in ((1, OTHER), (10, FORWARD), (100, REVERSE)):
            network = VelocityNeurons(size)
            left.semilogx(times, network.switch_on(times).information, color=color, label=f"N = {size}")
            left.axhline(network.mutual_information().value, color=color, linestyle=":", linewidth=0.8)
        for row in rows:
            if row.stderr > 0:
                place = float(row.quantity.split()[-1])
                left.errorbar(place, row.value, 4 * row.stderr, fmt="o", color=EXACT, markersize=4, capsize=2)
        left.set(xlabel="time since switching on", ylabel="I(v; r) (nats)", title="information (points simulated)")
        left.legend()
        series = TEN.switch_on(times)
        for name, said, color in (("information_rate", "dI/dt", EXACT), ("to_neurons", "flow into neurons", FORWARD),
                                  ("to_velocity", "flow by the velocity", REVERSE),
                                  ("production", "production of neurons", OTHER)):  # fmt: skip
            right.semilogx(times, series[name], color=color, label=said)
        right.axhline(0, color="#999999", linewidth=0.6)
        right.set_yscale("symlog", linthresh=1)
        right.set(xlabel="time since switching on", ylabel=f"{RATE} (linear below 1)", title="its balance, N = 10")
        right.set_ylim(-100, 1e6)
        right.legend(loc="upper right", ncols=2)

    return Panel(
        "transient", "Neurons that start to listen",
        "The coupling is switched on at t = 0, the rates having been independent of the velocity; dotted: what each "
        "settles to. Information overshoots: at first the rates hold recent velocities only. Right: dI/dt is the "
        "flow by the motion of the rates plus that by the motion of the velocity, which makes old knowledge stale; "
        "the neurons' own production (velocity even, information flow counted) is never negative.",
        tuple(rows), draw, (8.4, 3.8),
    )  # fmt: skip


def _highest(matrices: routes.Matrices) -> tuple[float, float]:
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(lambda t: -routes.information(matrices.after(t, DEAF)), bounds=(0.01, 0.1),
                            method="bounded", options={"xatol": 1e-9})  # fmt: skip
    return float(-found.fun), float(found.x)


def _simulated(settings: Settings, matrices: routes.Matrices, time: float) -> Row:
    """From the correlation of v with the summed rates, the laws being Gaussian."""
    ledger = simulate(TEN, 10, dt=time / 10, trials=settings.trials, seed=settings.seed, record="states", every=10,
                      initial=Gaussian(np.zeros(11), DEAF), progress=False)  # fmt: skip
    last = ledger.states.values[:, -1]
    correlation = float(np.corrcoef(last[:, 0], last[:, 1:].sum(axis=1))[0, 1])
    correlation = float(np.clip(correlation, -1 + 1e-12, 1 - 1e-12))  # two trials lie on a line
    value, stderr = -0.5 * np.log1p(-(correlation**2)), abs(correlation) / np.sqrt(len(last))
    estimate = Estimate(float(value), float(stderr), n=len(last), units="nats")
    exact = routes.information(matrices.after(time, DEAF))
    return Row.compare(f"I(v; r) at t = {time:g}", "N = 10, simulated", estimate, exact)
