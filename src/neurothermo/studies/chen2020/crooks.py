"""Figure 4: free-energy differences from crossing works and from Bennett's ratio, as printed and as corrected."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo import fluctuation, free_energy
from neurothermo.core.estimate import ENERGY, Estimate
from neurothermo.dynamics import Glauber
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE, histogram, mark, shared_edges
from neurothermo.studies.chen2020.experiment import PRINTED, Settings, corrected_pair, gamma_of, printed_works, two_legs


def figure_4a(settings: Settings) -> Panel:
    """Crossing of the two distributions, |dF| = 0.49."""
    return _crossing_panel(settings, "4a", 0.49)


def figure_4c(settings: Settings) -> Panel:
    """Crossing of the two distributions, |dF| = 1.25."""
    return _crossing_panel(settings, "4c", 1.25)


def figure_4b(settings: Settings) -> Panel:
    """Bennett's construction, |dF| = 0.49, as printed and as corrected."""
    return _acceptance_panel(settings, "4b", 0.49)


def figure_4d(settings: Settings) -> Panel:
    """Bennett's construction, |dF| = 1.25, as printed and as corrected."""
    return _acceptance_panel(settings, "4d", 1.25)


def _crossing_panel(settings: Settings, name: str, size: float) -> Panel:
    gamma = gamma_of(settings, size)
    change = settings.exact_difference(gamma)
    forward, reverse = corrected_pair(settings, gamma)
    mirrored = -reverse.work.values
    printed = printed_works(settings, gamma)
    rows = (
        Row.compare("crossing of kernel densities", "corrected", free_energy.crossing(forward, reverse), change),
        Row.compare("Bennett's acceptance ratio", "corrected", free_energy.bar(forward, reverse), change),
        Row.compare("two one-legged experiments (P2), Bennett's ratio", "corrected", two_legs(settings, gamma), change),
        Row.of_verdict("Crooks' theorem: slope of ln P_F(W)/P_R(-W) in W/T", "corrected",
                       fluctuation.check_crooks(forward, reverse)),
        Row.compare("Bennett's acceptance ratio", "as printed",
                    free_energy.bar(*printed, temperature=settings.temperature), change, expected=False,
                    sentence="Two ramps from no input are not each other's reverse, and the sigmoid as printed is a "
                    "heat bath at 2T: the number is no free-energy difference."),
    )  # fmt: skip

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        pairs = (
            (left, "corrected", forward.work.values, mirrored),
            (right, "as printed", printed[0], -printed[1]),
        )
        for axes, title, one, other in pairs:
            edges = shared_edges(one, other, bins=40)
            histogram(axes, one, edges, FORWARD, "$P_F(W)$")
            histogram(axes, other, edges, REVERSE, "$P_R(-W)$")
            mark(axes, change.value, "exact ΔF")
            axes.set(title=title, xlabel="work W (energy units)", ylabel="density")
            axes.legend()

    return Panel(
        name, f"Figure {name}. The crossing point, |ΔF| = {size:g}",
        f"Left: the corrected experiment (gamma = {gamma:.3f}). Right: eqs. 7 and 14 as printed, the same network.",
        rows, draw,
    )  # fmt: skip


def _acceptance_panel(settings: Settings, name: str, size: float) -> Panel:
    gamma = gamma_of(settings, size)
    change = settings.exact_difference(gamma)
    forward, reverse = corrected_pair(settings, gamma)
    printed = free_energy.acceptance_crossing(forward, reverse, form="as-printed")
    rows = (
        Row.compare("z_R - z_F crosses x/T", "corrected", free_energy.acceptance_crossing(forward, reverse), change),
        Row.compare("Bennett's acceptance ratio", "corrected", free_energy.bar(forward, reverse), change),
        Row.compare("z_R - z_F crosses x", "as printed", printed, change, expected=False),
        Row("T times the crossing as printed", "explanation", settings.temperature * printed, exact=float(change),
            units=ENERGY, sentence="The printed line is off by the factor kT."),
    )  # fmt: skip

    def draw(figure: Any) -> None:
        low, high = np.quantile(np.concatenate([forward.work.values, -reverse.work.values]), [0.01, 0.99])
        curves = free_energy.acceptance_curves(forward, reverse, np.linspace(low, high, 101))
        axes = figure.subplots()
        axes.plot(curves.x, curves.z_difference, color=FORWARD, label="$z_R(x) - z_F(x)$")
        axes.plot(curves.x, curves.line_corrected, color=OTHER, label="$x/T$, corrected")
        axes.plot(curves.x, curves.line_as_printed, color=REVERSE, label="$x$, as printed")
        mark(axes, change.value, "exact ΔF")
        limit = 3 * float(np.abs(curves.line_corrected).max())
        axes.set(xlabel="x (energy units)", ylabel="units of kT", ylim=(-limit, limit))
        axes.legend()

    return Panel(
        name, f"Figure {name}. Bennett's acceptance ratio, |ΔF| = {size:g}",
        "The curve is ΔF/T at every x, so it must be compared with x/T. Compared with x, as printed, the crossing is "
        f"at about ΔF/T: wrong by the factor kT = {settings.temperature:g}.",
        rows, draw, (6.0, 3.8),
    )  # fmt: skip


def figure_4e(settings: Settings) -> Panel:
    """Estimated against exact differences as gamma varies: corrected, and two ways of following the print."""
    gammas = np.arange(1, 10) / 10
    exacts = [settings.exact_difference(gamma) for gamma in gammas]
    variants = {
        "corrected": lambda gamma: free_energy.bar(*corrected_pair(settings, gamma)),
        "protocol as printed": lambda gamma: free_energy.bar(
            *printed_works(settings, gamma, activation="heat-bath"), temperature=settings.temperature
        ),
        "activation as printed": lambda gamma: free_energy.bar(
            *_printed_activation(settings, gamma), temperature=settings.temperature
        ),
    }
    found = {name: [estimate(float(gamma)) for gamma in gammas] for name, estimate in variants.items()}
    rows = [
        Row.compare(f"free-energy difference, gamma = {gamma:.1f}", "corrected", estimate, change)
        for gamma, estimate, change in zip(gammas, found["corrected"], exacts, strict=True)
    ]
    reasons = {
        "corrected": "",
        "protocol as printed": "The two ramps of eq. 14 start from the same input: what Bennett's ratio makes of them "
        "is near half of <W_f> - <W_r>.",
        "activation as printed": "Eq. 7 is a heat bath at 2T; analysed at T its works give this slope.",
    }
    for name, estimates in found.items():
        slope, error = _slope([change.value for change in exacts], estimates)
        corrected = name == "corrected"
        rows.append(
            Row(f"slope of estimated against exact ({name})", "corrected" if corrected else "as printed", slope, error,
                1.0, verdict=bool(abs(slope - 1) <= 4 * error), expected=corrected, sentence=reasons[name])
        )  # fmt: skip

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        line = np.array([min(exacts), max(exacts)], dtype=float)
        axes.plot(line, line, "--", color=EXACT, linewidth=1, label="exact")
        for (name, estimates), color, marker in zip(found.items(), (FORWARD, REVERSE, OTHER), "osD", strict=True):
            axes.errorbar([change.value for change in exacts], [one.value for one in estimates],
                          [2 * one.stderr for one in estimates], fmt=marker, color=color, markersize=5, capsize=2,
                          label=name)  # fmt: skip
        axes.set(xlabel="exact ΔF (energy units)", ylabel="estimated ΔF (energy units)")
        axes.legend()

    return Panel(
        "4e", "Figure 4e. Estimated against exact free-energy difference, gamma = 0.1 ... 0.9",
        "Bennett's acceptance ratio, bars of two standard errors. The corrected experiment lies on the line; eq. 14's "
        "protocol and eq. 7's activation as printed each miss it by a factor of two or more.",
        tuple(rows), draw, (5.4, 4.6),
    )  # fmt: skip


def _printed_activation(settings: Settings, gamma: float) -> tuple[Any, Any]:
    """Works of P1 with the printed activation, started in equilibrium at T, to be analysed at T.

    Bare works: from ledgers of this activation no free energy is given.
    """
    forward, reverse = corrected_pair(settings, gamma, rule=Glauber(attempts=1, activation=PRINTED))
    return forward.work.values, reverse.work.values


def _slope(exacts: list[float], estimates: list[Estimate]) -> tuple[float, float]:
    """Weighted least squares through a free intercept: slope and its error."""
    x, y = np.array(exacts), np.array([estimate.value for estimate in estimates])
    weights = 1 / np.array([estimate.stderr for estimate in estimates]) ** 2
    centred = x - np.average(x, weights=weights)
    spread = np.sum(weights * centred**2)
    return float(np.sum(weights * centred * y) / spread), float(1 / np.sqrt(spread))
