"""What the figures share: values with intervals about the zero line, null bands, controls side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurothermo.core.estimate import Estimate
from neurothermo.report.figures import EXACT, OTHER

NULL = "#bbbbbb"


def draw_points(axes: Any, places: Sequence[float], founds: Sequence[Any], color: str, label: str, told: Sequence[bool],
                shape: str = "o") -> None:  # fmt: skip
    """Values with their intervals; filled where it is a finding, hollow where nothing can be concluded."""
    first = True
    for place, found, sure in zip(places, founds, told, strict=True):
        if not isinstance(found, Estimate) or not np.isfinite(found.value):
            continue
        low, high = found.interval
        axes.plot([place, place], [low, high], color=color, linewidth=1.4, solid_capstyle="butt")
        axes.plot(place, found.value, shape, color=color, markersize=5.5, markerfacecolor=color if sure else "white",
                  label=label if first else None)  # fmt: skip
        first = False


def draw_band(axes: Any, places: Sequence[float], draws: Sequence[Any], label: str, spread: float) -> None:
    """Where reversible draws lie, from the lowest to the highest, a bar at each place."""
    shown = [(place, np.asarray(values)[np.isfinite(values)]) for place, values in zip(places, draws, strict=True)]
    shown = [(place, values) for place, values in shown if values.size]
    if shown:
        low, high = [values.min() for _, values in shown], [values.max() for _, values in shown]
        where = np.array([place for place, _ in shown])
        axes.bar(where, np.subtract(high, low), width=spread, bottom=low, color=NULL, alpha=0.75, label=label,
                 linewidth=0)  # fmt: skip


def zero_line(axes: Any) -> None:
    """What a reversible process has."""
    axes.use_sticky_edges = False  # of bars, which would be cut off at their lower ends
    axes.axhline(0, color=EXACT, linewidth=0.9)


def draw_controls(axes: Any, names: Sequence[str], founds: Sequence[Any], colors: Sequence[str],
                  told: Sequence[bool]) -> None:  # fmt: skip
    """Dots with intervals, one a line, filled where it is a finding; draws of a control as a cloud of dots."""
    for place, (found, color, sure) in enumerate(zip(founds, colors, told, strict=True)):
        if isinstance(found, Estimate):
            axes.plot(found.interval, [place, place], color=color, linewidth=1.6, solid_capstyle="butt")
            axes.plot(found.value, place, "o", color=color, markersize=5.5, markerfacecolor=color if sure else "white")
        elif not isinstance(found, str):
            values = np.asarray(found)
            axes.plot(values, place + np.linspace(-0.22, 0.22, values.size), ".", color=OTHER, markersize=4, alpha=0.8)
    axes.axvline(0, color=EXACT, linewidth=0.9)
    axes.set_yticks(range(len(names)), labels=list(names), fontsize=8.5)
    axes.set_ylim(len(names) - 0.4, -0.6)
