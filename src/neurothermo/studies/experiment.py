"""What there is to say of any pair of ledgers: estimates, verdicts, entropy flow, and the figures of a report."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan
from typing import Any

import numpy as np

from neurothermo import fluctuation, free_energy
from neurothermo.core.checks import checked_choice
from neurothermo.core.errors import InputError
from neurothermo.core.estimate import NATS, Estimate
from neurothermo.core.verdict import Verdict
from neurothermo.report import Panel, Row
from neurothermo.report.figures import FORWARD, REVERSE, histogram, mark, shared_edges

ONE_SIDED = ("jarzynski", "cumulant")
TWO_SIDED = ("bar", "crossing")
ESTIMATORS = (*TWO_SIDED, *ONE_SIDED)


def why_no_free_energy(ledger: Any) -> str:
    """A sentence where a ledger's network has no free energy; empty where it has one."""
    if ledger.attrs.get("energy"):
        return str(ledger.attrs["energy"])
    if np.ndim(ledger.attrs.get("temperature", 0.0)) > 0:
        return "each neuron has a temperature of its own: work and entropy flow exist, a free energy does not"
    return ""


def exact_difference(ledger: Any) -> float:
    """F(last input) - F(first input) of a ledger's protocol, where its laws are known exactly; else NaN.

    ln p = -(E - F)/T for both laws, so that F can be read off any trial.
    """
    names = ("energy_initial", "log_law_initial", "energy_final", "log_law_final")
    if any(name not in ledger for name in names) or "initial_temperature" in ledger.attrs:
        return nan
    if ledger.attrs["initial"] == "given law":  # which need not be Boltzmann's
        return nan
    temperature = float(ledger.attrs["temperature"])
    first = ledger.energy_initial + temperature * ledger.log_law_initial
    last = ledger.energy_final + temperature * ledger.log_law_final
    return float(last.mean() - first.mean())


def estimates(
    forward: Any, reverse: Any = None, names: Sequence[str] | None = None, temperature: float | None = None
) -> list[Estimate]:
    """Free-energy differences by each named method; one-sided ones from both sides.

    Parameters
    ----------
    forward, reverse : ledger or array_like of shape (trials,)
    names : sequence of "bar", "crossing", "jarzynski", "cumulant", optional
        Default: all that the sides at hand allow.
    temperature : float, optional
        Needed where both are arrays.

    Raises
    ------
    InputError
        If a name is unknown, or needs a reverse that is not there.
    """
    if names is None:
        names = ESTIMATORS if reverse is not None else ONE_SIDED
    found = []
    for name in names:
        checked_choice(name, "estimators", ESTIMATORS)
        method = getattr(free_energy, name)
        if name in ONE_SIDED:
            found.append(method(forward, temperature=temperature))
            if reverse is not None:
                found.append(method(reverse, temperature=temperature, direction="reverse"))
        elif reverse is None:
            raise InputError(f"estimators: {name} needs the reverse process too")
        else:
            found.append(method(forward, reverse, temperature=temperature))
    return found


def verdicts(forward: Any, reverse: Any = None) -> list[tuple[str, Verdict]]:
    """The theorems that a pair of ledgers can be asked about."""
    found = []
    exact = exact_difference(forward)
    if reverse is not None and not why_no_free_energy(forward):
        found.append(("Crooks' theorem", fluctuation.check_crooks(forward, reverse)))
    if isfinite(exact):
        found.append(("Jarzynski's equality", fluctuation.check_jarzynski(forward, exact)))
    if "initial_temperature" in forward.attrs and float(abs(forward.work).max()) == 0:
        found.append(("heat exchange theorem", fluctuation.check_exchange(forward)))
    found.append(("integral theorem", fluctuation.check_integral(forward)))
    return found


def panels(forward: Any, reverse: Any, names: Sequence[str] | None = None) -> list[Panel]:
    """The panels of an experiment's report: works where there is a free energy, entropy flow, overlaps."""
    found = [] if why_no_free_energy(forward) else [_works_panel(forward, reverse, names)]
    found.append(_flow_panel(forward, reverse))
    if "overlaps" in forward:
        found.append(_overlaps_panel(forward, reverse))
    return found


def _works_panel(forward: Any, reverse: Any, names: Sequence[str] | None) -> Panel:
    exact = exact_difference(forward)
    found = estimates(forward, reverse, names)
    rows = [Row.compare("free-energy difference", estimate.method, estimate, exact) for estimate in found]
    rows += [Row.of_verdict(name, "fluctuation theorem", verdict) for name, verdict in verdicts(forward, reverse)]

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        one, other = forward.work.values, -reverse.work.values
        edges = shared_edges(one, other)
        histogram(axes, one, edges, FORWARD, "$P_F(W)$")
        histogram(axes, other, edges, REVERSE, "$P_R(-W)$")
        mark(axes, exact, "exact ΔF")
        if found:
            mark(axes, found[0].value, f"ΔF by {found[0].method}", FORWARD, ":")
        axes.set(xlabel="work W (energy units)", ylabel="density")
        axes.legend()

    return Panel(
        "work",
        "Work and free energy",
        f"Work of {forward.sizes['trial']} forward trials, and of {reverse.sizes['trial']} reverse trials with its "
        "sign changed. The two densities cross at the free-energy difference.",
        tuple(rows),
        draw,
    )


def _flow_panel(forward: Any, reverse: Any) -> Panel:
    why = why_no_free_energy(forward)
    rows = []
    for name, ledger in (("forward", forward), ("reverse", reverse)):
        flow = ledger.entropy_flow.values
        error = float(flow.std(ddof=1) / np.sqrt(flow.size)) if flow.size > 1 else nan
        said = f"No energy, heat or free energy: {why}." if why and name == "forward" else ""
        quantity = "mean entropy flow into the bath, per trial"
        rows.append(Row(quantity, name, float(flow.mean()), error, units=NATS, sentence=said))
        work = ledger.work.values
        error = float(work.std(ddof=1) / np.sqrt(work.size)) if work.size > 1 else nan
        rows.append(Row("mean work, per trial", name, float(work.mean()), error, units="energy units"))

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        edges = shared_edges(forward.entropy_flow.values, reverse.entropy_flow.values)
        histogram(axes, forward.entropy_flow.values, edges, FORWARD, "forward")
        histogram(axes, reverse.entropy_flow.values, edges, REVERSE, "reverse")
        axes.set(xlabel="entropy flow into the bath (nats per trial)", ylabel="density")
        axes.legend()

    start = str(forward.attrs.get("initial_route", forward.attrs.get("initial", "")))
    return Panel(
        "flow",
        "Entropy flow",
        f"Entropy that each trial delivered to the bath. Start: {forward.attrs['initial']}, {start}.",
        tuple(rows),
        draw,
    )


def _overlaps_panel(forward: Any, reverse: Any) -> Panel:
    def draw(figure: Any) -> None:
        for axes, ledger, title in zip(figure.subplots(1, 2, sharey=True), (forward, reverse), ("forward", "reverse"),
                                       strict=True):  # fmt: skip
            mean = ledger.overlaps.mean("trial")
            for pattern in range(mean.sizes["pattern"]):
                axes.plot(ledger.time, mean[:, pattern], label=f"pattern {pattern + 1}")
            axes.set(title=title, xlabel="step")
            axes.legend()
        figure.axes[0].set_ylabel("mean overlap")

    return Panel("overlaps", "Overlaps with the stored patterns", "Mean over trials, by step.", (), draw)
