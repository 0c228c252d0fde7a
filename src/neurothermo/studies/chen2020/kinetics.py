"""Figure 7: do free-energy differences tell how graded neurons wander between two memories?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.estimate import Estimate
from neurothermo.dynamics import Langevin
from neurothermo.ensemble import simulate
from neurothermo.protocols import hold
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.chen2020.experiment import Settings
from neurothermo.studies.chen2020.graded import HALF, ExactOverlaps, GradedMemories
from neurothermo.studies.chen2020.hidden_states import (
    INSTALL,
    Hidden,
    Transitions,
    equation_17,
    hidden_markov,
    nearer,
    stationary_pair,
)  # fmt: skip

LEANS = (0.45, 0.55, 0.65, 0.75)
TRIALS = 2048
MATCHED: dict[str, Any] = {"rule": Langevin(0.05, "boltzmann"), "steps": 240, "every": 4, "factor": 1.0, "warm": 0}
PRINTED: dict[str, Any] = {"rule": Langevin(0.1), "steps": 300, "every": 2, "factor": 12.0, "warm": 800}
FITTED = 64  # trials that the hidden Markov model is fitted to
VARIANTS = {"corrected": MATCHED, "as printed": PRINTED}


@dataclass(frozen=True, eq=False)
class Recording:
    """One input: overlaps over time, and what the two states say."""

    exact: float
    overlaps: Array
    activities: Array
    interval: float
    transitions: Transitions
    hidden: Hidden | None
    rates: Estimate
    occupancies: Estimate
    production: Estimate


def recorded(settings: Settings, lean: float, variant: str) -> Recording:
    """Trials at one held input, started in the exact law exp(-E/T); what is not its own law relaxes first."""
    memories, how = GradedMemories(lean), VARIANTS[variant]
    law, trials = ExactOverlaps(memories), min(TRIALS, settings.trials)
    every, rule = how["every"], how["rule"]
    ledger = simulate(
        memories.network, hold(np.zeros(2 * HALF), how["warm"] + how["steps"]), rule,
        temperature=how["factor"] * memories.temperature, trials=trials, seed=settings.seed,
        initial=law.draw(trials, settings.seed), record=("activities", "flow"), every=every, progress=False,
    )  # fmt: skip
    activities = ledger.activities.values[:, how["warm"] // every :]
    overlaps = memories.overlaps(activities)
    transitions = Transitions.of(nearer(overlaps))
    return Recording(
        law.log_ratio(), overlaps, activities, every * rule.dt, transitions,
        hidden_markov(overlaps[:FITTED], settings.seed), transitions.log_rates(settings.seed),
        transitions.log_occupancies(settings.seed),
        _production(ledger.flow_steps.values[:, how["warm"] // every + 1 :].sum(axis=1), how["steps"] * rule.dt),
    )  # fmt: skip


def _production(flow: Array, duration: float) -> Estimate:
    """Entropy flow per unit time, which at stationarity is what is produced."""
    rates = flow / duration
    stderr = float(rates.std(ddof=1) / np.sqrt(rates.size)) if rates.size > 1 else np.nan
    return Estimate(float(rates.mean()), stderr, units="nats per unit time", method="entropy flow", n=rates.size)


def figure_7(settings: Settings) -> Panel:
    """Recordings, two-state models and the Arrhenius relation, under matched noise and under noise as printed."""
    found = {name: [recorded(settings, lean, name) for lean in LEANS] for name in VARIANTS}
    produced = {name: runs[1].production for name, runs in found.items()}
    rows: list[Row] = []
    with np.errstate(divide="ignore", invalid="ignore"):  # too few trials: NaN, and the rows say so
        for name, runs in found.items():
            rows += _rows_of_rates(name, runs)
        rows += _rows_of_models(settings, found)
        last = _row_of_equation_17(found["as printed"][1], produced["as printed"])
    zero = produced["corrected"]
    rows.append(Row.compare("entropy production at rest", "corrected", zero, 0.0))
    driven = produced["as printed"]
    rows.append(Row.compare("entropy production at rest", "as printed", driven, 0.0, expected=False,
                            sentence="Symmetric couplings, and yet no equilibrium."))  # fmt: skip
    rows.append(last)

    def draw(figure: Any) -> None:
        _draw(figure, found)

    return Panel(
        "7", "Figure 7. Free energy and spontaneous transitions",
        "Six graded neurons, two memories. Overlaps are eps.(2V - 1)/N, because activities lie between 0 and 1. Top: "
        "the trial with most transitions among those fitted, under matched noise; bottom left, the same as "
        "overlaps and states. "
        "Bottom right: ln(k12/k21), a rate being the chance to be in the other basin one record later, against the "
        "exact -dF/T of the basins. In a stationary chain of two states ln(k12/k21) is ln(p2/p1) whatever moves it: "
        "the relation tests that the law is Boltzmann's, not the kinetics. Noise as printed has another law and "
        f"produces entropy. {_why_factor()}" + ("" if found["corrected"][0].hidden else f" {INSTALL}"),
        tuple(rows), draw, (9.0, 6.0),
    )  # fmt: skip


def _why_factor() -> str:
    return (
        f"Its strength is B = {PRINTED['factor']:g} kT (the paper says proportional): with B = kT hardly a trial "
        "changes its state while it is watched. Those trials start in exp(-E/T) too, and relax for "
        f"{PRINTED['warm'] * PRINTED['rule'].dt:g} units of time before they are recorded."
    )


def _rows_of_rates(name: str, runs: list[Recording]) -> list[Row]:
    rows = []
    for lean, run in zip(LEANS, runs, strict=True):
        what = f"ln(k12/k21), input leaning {lean:g}"
        if name == "corrected":
            rows.append(Row.compare(what, name, run.rates, run.exact))
            rows.append(Row.compare(f"ln(p2/p1), input leaning {lean:g}", name, run.occupancies, run.exact))
        else:
            rows.append(Row(what, name, run.rates.value, run.rates.stderr, run.exact, run.rates.units,
                            sentence=" ".join(run.rates.diagnostics)))  # fmt: skip
    slope, error = _slope(runs)
    agrees = bool(abs(slope - 1) <= 4 * error) if np.isfinite(slope + error) else None
    rows.append(
        Row("slope of ln(k12/k21) against -dF/T", name, slope, error, 1.0, "", agrees, name == "corrected")
    )  # fmt: skip
    return rows


def _rows_of_models(settings: Settings, found: dict[str, list[Recording]]) -> list[Row]:
    rows = []
    for name, runs in found.items():
        for lean, run in zip(LEANS, runs, strict=True):
            if run.hidden is None:
                return [Row("hidden Markov model", "not fitted", np.nan, sentence=INSTALL)]
            matrix = run.hidden.matrix
            value = float(np.log(matrix[0, 1] / matrix[1, 0]))
            error = Transitions.of(run.hidden.states).log_rates(settings.seed).stderr
            rows.append(Row(f"ln(k12/k21) of the hidden Markov model, input leaning {lean:g}", name, value, error,
                            run.exact, "nats", sentence="Its Gaussian states are not the basins."))  # fmt: skip
        matrix = runs[1].hidden.matrix  # type: ignore[union-attr]
        one, two = stationary_pair(matrix)
        gap = float(np.log(matrix[0, 1] / matrix[1, 0]) - np.log(two / one))
        rows.append(Row("ln(k12/k21) minus ln(p2/p1) of the hidden Markov model", name, gap, 0.0, 0.0, "nats",
                        abs(gap) < 1e-10, sentence="An identity: the model adds nothing to occupancies."))  # fmt: skip
    return rows


def _row_of_equation_17(run: Recording, produced: Estimate) -> Row:
    value = equation_17(run.transitions.matrix)
    differs = bool(abs(value - produced.value) <= 4 * produced.stderr) if np.isfinite(value) else None
    return Row(
        "eq. 17 of the two-state chain", "as printed", value, 0.0, float(produced.value), "nats", differs, False,
        "Zero in any stationary chain of two states; beside it the entropy production per unit time.",
    )  # fmt: skip


def _slope(runs: list[Recording]) -> tuple[float, float]:
    """Weighted least squares with a constant."""
    x, y = (np.array([getattr(run, name) for run in runs], dtype=float) for name in ("exact", "rates"))
    weights = np.array([run.rates.stderr for run in runs]) ** -2.0
    x = x - np.average(x, weights=weights)
    spread = float((weights * x**2).sum())
    return float((weights * x * y).sum()) / spread, spread**-0.5


def _draw(figure: Any, found: dict[str, list[Recording]]) -> None:
    heat, lower = figure.subfigures(2, 1)
    run = found["corrected"][1]
    states = nearer(run.overlaps[:FITTED]) if run.hidden is None else run.hidden.states
    shown = int(np.abs(np.diff(states, axis=1)).sum(axis=1).argmax())
    times = np.arange(run.overlaps.shape[1]) * run.interval
    top = heat.subplots()
    image = top.imshow(run.activities[shown].T, aspect="auto", vmin=0, vmax=1, cmap="viridis",
                       extent=(0, times[-1], 2 * HALF + 0.5, 0.5))  # fmt: skip
    heat.colorbar(image, ax=top, label="activity")
    top.set(xlabel="time", ylabel="neuron")
    series, scatter = lower.subplots(1, 2)
    for pattern, color in ((0, FORWARD), (1, REVERSE)):
        series.plot(times, run.overlaps[shown, :, pattern], color=color, label=f"overlap {pattern + 1}")
    series.step(times, 1.3 - 0.2 * states[shown], where="post", color=EXACT, label="state (1 above, 2 below)")
    series.set(xlabel="time", ylim=(-1.1, 1.9))
    series.legend(ncols=2, fontsize=7)
    for (name, runs), color in zip(found.items(), (FORWARD, REVERSE), strict=True):
        x = [one.exact for one in runs]
        scatter.errorbar(x, [one.rates.value for one in runs], [2 * one.rates.stderr for one in runs], fmt="o",
                         color=color, capsize=2, label=f"{name}, basins")  # fmt: skip
        if runs[0].hidden:
            models = [one.hidden.matrix for one in runs if one.hidden]
            scatter.plot(
                x, [np.log(m[0, 1] / m[1, 0]) for m in models], "s", mfc="none", color=color, label=f"{name}, HMM"
            )
    ends = [found["corrected"][-1].exact, found["corrected"][0].exact]
    scatter.plot(ends, ends, "--", color=OTHER, label="ln(k12/k21) = -dF/T")
    scatter.set(xlabel="-dF/T of the basins, exact", ylabel="ln(k12/k21)", xticks=[-1, -0.5, 0, 0.5, 1])
    scatter.legend(fontsize=7)
