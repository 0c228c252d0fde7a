"""On the way to the stationary state: entropy produced is entropy given away plus the change of Shannon's."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.processes import NeuralField, kernels
from neurothermo.processes.linear import LinearLangevin
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.lucente2025 import matrices
from neurothermo.studies.lucente2025.settings import RATE, Settings
from neurothermo.studies.rows import ruled, same

RELAXATION = np.array([[1.0, 0.5], [-0.3, 2.0]])
DIFFUSION = np.array([[1.0, 0.2], [0.2, 0.5]])
MEAN, START = np.array([1.0, -0.5]), np.diag([0.2, 0.1])
TIMES = (0.0, 0.25, 1.0, 10.0)
LAST = 20.0
BALANCE = {
    "total": ("total", EXACT, "-"),
    "flow": ("flow into the bath", FORWARD, "-"),
    "shannon_rate": ("dS/dt", REVERSE, "-"),
    "housekeeping": ("housekeeping", OTHER, "--"),
    "excess": ("excess", "#CC79A7", "--"),
}


def figure_transient(settings: Settings) -> Panel:
    """Two variables, and a field after a stimulus: the balance of entropy over time."""
    pair = LinearLangevin(RELAXATION, DIFFUSION)
    field, mean, variance = _stimulated(settings)
    fine = _fine()
    ways = {
        "two variables, from a displaced start": pair.transient(MEAN, START, fine),
        "a field after a stimulus": field.transient(mean, variance, fine),
    }
    rows = [*_pair_rows(pair.transient(MEAN, START, TIMES)), *_field_rows(field, mean, variance)]
    for name, way in ways.items():
        rows += _integrals(name, way)

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        for axes, (name, way) in zip((left, right), ways.items(), strict=True):
            for part, (label, color, style) in BALANCE.items():
                axes.plot(way.time, way[part], style, color=color, label=label)
            axes.axhline(0, color="#999999", linewidth=0.6)
            axes.set(xlim=(0, 3), xlabel="time", title=name)
            axes.set_yscale("symlog", linthresh=0.1)
        left.set_ylabel("nats per unit time (linear below 0.1)")
        left.set_ylim(-0.05, None)
        right.legend()

    return Panel(
        "transient", "The balance of entropy on the way to the stationary state",
        "Left: two variables from a displaced and narrow start. Right: a field with a shifted kernel just after a "
        "stimulus has raised a quarter of it and halved the variance of its places. At all times dS/dt = total - "
        "flow and total = housekeeping + excess. In the end dS/dt and the excess vanish: all that is produced is "
        "housekeeping, and flows into the bath.",
        tuple(rows), draw, (8.4, 3.7),
    )  # fmt: skip


def _fine() -> Any:
    """Times closer together at the start, where all changes fast."""
    return LAST * np.linspace(0.0, 1.0, 401) ** 3


def _stimulated(settings: Settings) -> tuple[NeuralField, Any, float]:
    """A field with a shifted kernel, its mean raised over a quarter, its places independent and quiet."""
    field = NeuralField(*settings.short, kernels.gaussian(settings.weight, 1.0, 1.0), 1.0)
    x = field.positions - settings.short[0] / 2
    settled = float(np.mean(field.modes().spectrum / field.modes().alpha)) / field.dx
    return field, 3.0 * np.exp(-(x**2) / 8), settled / 2


def _pair_rows(way: Any) -> list[Row]:
    """The closed forms against differences of S and D(p || p_s) over a short time, at four times."""
    rows = []
    for i, time in enumerate(TIMES):
        exact = matrices.balance(RELAXATION, DIFFUSION, MEAN, START, time)
        for part, (label, *_) in BALANCE.items():
            rows.append(same(f"{label} at t = {time:g}", "two variables", way[part][i], exact[part], digits=1e-5,
                             scale=1e-2, units=RATE))  # fmt: skip
        left = float(way.total[i] - way.flow[i] - way.shannon_rate[i])
        rows.append(ruled(f"total - flow - dS/dt at t = {time:g}", "two variables", left, abs(left) < 1e-9, exact=0.0,
                          units=RATE))  # fmt: skip
    still = matrices.production(RELAXATION, DIFFUSION)
    rows.append(same("flow at t = 0 is the total", "two variables", way.flow[0], way.total[0], units=RATE,
                     expected=False, sentence="Away from the stationary state they differ by dS/dt."))  # fmt: skip
    rows.append(same("total at t = 10 is the stationary production", "two variables", way.total[3], still, units=RATE,
                     digits=1e-7))  # fmt: skip
    return rows


def _field_rows(field: NeuralField, mean: Any, variance: float) -> list[Row]:
    """Mode by mode against matrices."""
    kernel = field.coupling.kernel
    assert kernel is not None and kernel.function is not None
    relaxation = np.eye(field.size) - matrices.kernel_matrix(kernel.function, field.grid.lengths[0], field.size)
    diffusion, rows = np.eye(field.size) / field.dx, []
    times = (0.5, 2.0, LAST)
    way = field.transient(mean, variance, times)
    for i, time in enumerate(times):
        exact = matrices.balance(relaxation, diffusion, mean, variance * np.eye(field.size), time)
        for part, (label, *_) in BALANCE.items():
            rows.append(same(f"{label} at t = {time:g}", "field", way[part][i], exact[part], digits=1e-6, scale=1e-1,
                             units=RATE))  # fmt: skip
    rows.append(same(f"flow at t = {LAST:g} is the stationary production", "field", way.flow[2],
                     field.entropy_production(), digits=1e-6, units=RATE))  # fmt: skip
    return rows


def _integrals(name: str, way: Any) -> list[Row]:
    """What is produced and not given away is the change of S; the excess is what is left of D(p || p_s)."""
    from scipy.integrate import simpson

    produced, given, excess = (float(simpson(way[part], x=way.time)) for part in ("total", "flow", "excess"))
    changed = float(way.entropy[-1] - way.entropy[0])
    return [
        same(f"integral of total - flow to t = {LAST:g}", name, produced - given, changed, digits=1e-4, units="nats",
             sentence="Against the change of Shannon's entropy."),
        same(f"integral of the excess to t = {LAST:g}", name, excess, way.divergence[0] - way.divergence[-1],
             digits=1e-4, units="nats", sentence="Against the divergence from the stationary law, start less end."),
    ]  # fmt: skip
