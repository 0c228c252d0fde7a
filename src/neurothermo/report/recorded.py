"""Drawing what was found of a recording: intervals by method, nulls, traces, shares of pairs, bin widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE

WIDE = 30.0  # largest reach over the smallest, beyond which an axis is linear near zero only
SPREAD = 5.0  # standard deviations between two traces

Interval = tuple[str, float, float, float, bool]  # name, value, low, high, whether it is a finding


def draw_intervals(figure: Any, groups: Mapping[str, Sequence[Interval]]) -> None:
    """Values with their intervals and a line at zero; one axis for each unit, the keys of `groups`."""
    sizes = [len(rows) for rows in groups.values()]
    for axes, (label, rows) in zip(
        figure.subplots(len(groups), 1, height_ratios=sizes, squeeze=False)[:, 0], groups.items(), strict=True
    ):
        for place, (_, value, low, high, finding) in enumerate(rows):
            colour = FORWARD if finding else "#777777"
            ends = [bound if np.isfinite(bound) else value for bound in (low, high)]
            axes.plot(ends, [place, place], color=colour, linewidth=2, solid_capstyle="butt")
            axes.plot(value, place, "o", color=colour, markersize=5, markerfacecolor=colour if finding else "white")
        axes.axvline(0, color=EXACT, linewidth=1)
        reach = [max(abs(end) for end in row[1:4] if not np.isinf(end)) for row in rows]
        if min(reach) > 0 and max(reach) / min(reach) > WIDE:
            axes.set_xscale("symlog", linthresh=_round(min(reach)), linscale=0.7)
            label += f", linear up to ±{_round(min(reach)):g}"
        axes.margins(x=0.06)
        _draw_open_ends(axes, rows)
        axes.set(xlabel=label, yticks=range(len(rows)), yticklabels=[row[0] for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)


def _draw_open_ends(axes: Any, rows: Sequence[Interval]) -> None:
    """An arrow to the edge of the axis where an interval has an infinite end."""
    left, right = axes.get_xlim()
    for place, (_, value, low, high, finding) in enumerate(rows):
        colour = FORWARD if finding else "#777777"
        for bound, edge, head in ((low, left, "<"), (high, right, ">")):
            if np.isinf(bound):
                axes.plot([value, edge], [place, place], color=colour, linewidth=2, zorder=1)
                axes.plot(edge, place, head, color=colour, markersize=6, clip_on=False)
    axes.set_xlim(left, right)


def _round(number: float) -> float:
    return float(10 ** np.ceil(np.log10(number)))


def draw_nulls(figure: Any, nulls: Mapping[str, tuple[Array, float, str]]) -> None:
    """How the statistic of each test scatters where time has no arrow, where it was found, and its units."""
    columns = min(3, len(nulls))
    rows = -(-len(nulls) // columns)
    every = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, (null, found, units)) in zip(every, nulls.items(), strict=False):
        axes.hist(null, bins=40, color="#bbbbbb", label="reversed blocks")
        axes.axvline(found, color=REVERSE, linewidth=1.6, label="recording")
        axes.set(title=name.replace("_", " "), xlabel=units, yticks=[])
        axes.locator_params(axis="x", nbins=4)
        axes.ticklabel_format(axis="x", style="sci", scilimits=(-2, 4))
    figure.legend(*every[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    for axes in every[len(nulls) :]:
        axes.set_visible(False)


def draw_traces(figure: Any, times: Array, values: Array, names: Sequence[str], *, events: bool) -> None:
    """The first channels of a recording: dots where there is an event, or traces above each other."""
    axes = figure.subplots()
    if events:
        rows, columns = np.nonzero(values)
        axes.plot(times[rows], columns, "|", color=FORWARD, markersize=6, markeredgewidth=0.7)
        axes.set(yticks=range(len(names)), yticklabels=names)
        axes.set_ylim(len(names) - 0.5, -0.5)
    else:
        scale = values.std(axis=0)
        shifted = (values - values.mean(axis=0)) / np.where(scale > 0, scale, 1) - SPREAD * np.arange(len(names))
        axes.plot(times, shifted, color=FORWARD, linewidth=0.8)
        axes.set(yticks=-SPREAD * np.arange(len(names)), yticklabels=names)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.set(xlabel="time (s)")
    axes.set_xlim(times[0], times[-1])


def draw_attribution(figure: Any, data: Any, units: str, *, judged: bool = True) -> None:
    """Shares of channels, and of pairs where there are; blue and a star where they are to be judged and are sure.

    Sure is what has q <= 0.05 and lies more than two standard errors from zero.
    """
    pairs = "by_pair" in data
    parts = figure.subplots(1, 2, width_ratios=[1, 1.15]) if pairs else [figure.subplots()]
    names = [str(name) for name in data["channel"].values]
    size = max(4.0, min(9.0, 130 / len(names)))
    if "by_channel" in data:
        axes, value = parts[0], data["by_channel"].values
        sure = _sure(data, "by_channel", judged)
        error = data["by_channel_stderr"].values if "by_channel_stderr" in data else None
        colours = [FORWARD if one else "#bbbbbb" for one in sure]
        axes.barh(range(len(names)), value, xerr=error, color=colours, error_kw={"linewidth": 0.8})
        axes.axvline(0, color=EXACT, linewidth=0.8)
        axes.set(xlabel=f"share of channel ({units})", yticks=range(len(names)))
        axes.set_yticklabels(names, fontsize=size)
        axes.set_ylim(len(names) - 0.4, -0.6)
    if pairs:
        axes, value = parts[1], np.array(data["by_pair"].values, dtype=float)
        np.fill_diagonal(value, np.nan)
        most = float(np.nanmax(np.abs(value))) or 1.0
        image = axes.imshow(value, cmap="RdBu_r", vmin=-most, vmax=most)
        for row, column in zip(*np.nonzero(_sure(data, "by_pair", judged)), strict=True):
            colour = "white" if abs(value[row, column]) > 0.6 * most else "black"
            axes.text(column, row, "*", ha="center", va="center_baseline", fontsize=size + 2, color=colour)
        axes.set(xticks=range(len(names)), yticks=range(len(names)), title="half of each pair's share")
        axes.set_xticklabels(names, fontsize=size, rotation=90)
        axes.set_yticklabels(names, fontsize=size)
        axes.spines[:].set_visible(False)
        figure.colorbar(image, ax=axes, label=units, shrink=0.8)


def _sure(data: Any, name: str, judged: bool) -> Any:
    """Where the q-value is at most 0.05 and the error bar, drawn twice as long, does not reach zero."""
    if not judged or f"{name}_q" not in data:
        return np.zeros(data[name].shape, dtype=bool)
    sure = np.nan_to_num(data[f"{name}_q"].values, nan=1.0) <= 0.05
    if f"{name}_stderr" in data:
        sure &= np.abs(data[name].values) > 2 * np.nan_to_num(data[f"{name}_stderr"].values, nan=np.inf)
    return sure


def draw_across_bins(figure: Any, data: Any) -> None:
    """What `irreversibility.across_bins` found: value and interval against bin width."""
    axes = figure.subplots()
    width, value = 1e3 * data["width"].values, data["value"].values
    axes.fill_between(width, data["low"].values, data["high"].values, color=OTHER, alpha=0.25, linewidth=0)
    axes.plot(width, value, "o-", color=OTHER, markersize=4)
    axes.axhline(0, color=EXACT, linewidth=1)
    axes.set(
        xscale="log", xticks=width, xticklabels=[f"{one:g}" for one in width], xlabel="bin width (ms)",
        ylabel=f"{data['value'].attrs['units']}",
    )  # fmt: skip
    axes.minorticks_off()
