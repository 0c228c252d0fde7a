"""A synapse that learns a velocity, pays in heat, and forgets."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.processes.learner import LinearLearner
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.karbowski2024.settings import Settings
from neurothermo.studies.rows import ruled, same

RATIO = 8.0
LEARNER = LinearLearner(velocity_variance=RATIO)
TIMES = (0.1, 0.5, 1.0, 5.0)
THRESHOLDS = (0.1, 0.01)
TAUGHT = ((0.3, OTHER), (1.0, FORWARD), (np.inf, REVERSE))


def figure_learning(settings: Settings) -> Panel:
    """Information, heat and efficiency of learning; memory after it."""
    rows = [row for time in TIMES for row in _learning_rows(time)]
    for time in (0.1, 1.0):
        found = LEARNER.monte_carlo(time, max(10, settings.trials), settings.seed)
        exact = moments(RATIO, time)
        for name, estimate in zip(("information", "heat"), found, strict=True):
            rows.append(Row.compare(f"{name} after t = {time:g}", f"{settings.trials} sampled synapses", estimate,
                                    exact[name]))  # fmt: skip
    faint, strong = LinearLearner(velocity_variance=1e-6), LinearLearner(velocity_variance=1e6)
    rows += [
        same("information in the end", "g = 8", LEARNER.information(), np.log(3), units="nats"),
        same("efficiency in the end", "g = 1e-6", faint.efficiency(), 0.5, digits=1e-5,
             sentence="Half at most: the clamp is sudden."),
        same("efficiency in the end", "g = 1e6", strong.efficiency(), np.log(1e6) / 1e6, digits=1e-3,
             sentence="Against ln(g)/g: what is learned well is learned at a loss."),
        ruled("information alone pays for itself, heat not counted", "g = 8", LEARNER.information(),
              LEARNER.information().value > LEARNER.heat().value, exact=LEARNER.heat().value, units="nats",
              expected=False, sentence="More heat is given away than is learned."),
        *_memory_rows(),
    ]  # fmt: skip

    def draw(figure: Any) -> None:
        left, middle, right = figure.subplots(1, 3)
        times = np.linspace(0, 4, 161)
        way = LEARNER.learning(times)
        left.plot(times, way.information, color=FORWARD, label="information I")
        left.plot(times, way.heat, color=REVERSE, label="heat Q over kT")
        left.plot(times, way.heat + way.entropy_change, color=EXACT, label="bound ΔS + Q")
        left.set(xlabel="time of learning", ylabel="nats", title="learning, g = 8", ylim=(0, 7.2))
        left.legend(loc="upper left")
        ratios = np.geomspace(1e-2, 1e3, 80)
        for time, color in ((0.3, OTHER), (1.0, FORWARD), (np.inf, REVERSE)):
            found = [LinearLearner(velocity_variance=g).efficiency(time).value for g in ratios]
            middle.semilogx(ratios, found, color=color, label="t → ∞" if np.isinf(time) else f"t = {time:g}")
        middle.axhline(0.5, color=EXACT, linestyle=":", linewidth=1)
        middle.set(xlabel="signal to noise g", title="efficiency I/(ΔS + Q)", ylim=(0, 0.55))
        middle.legend()
        after = np.linspace(0, 4, 161)
        for taught, color in TAUGHT:
            label = "learned forever" if np.isinf(taught) else f"learned for {taught:g}"
            right.semilogy(after, [LEARNER.memory(t, taught).value for t in after], color=color, label=label)
        for threshold in THRESHOLDS:
            right.axhline(threshold, color=EXACT, linestyle=":", linewidth=0.8)
            right.plot(LEARNER.lifetime(threshold, 1.0).value, threshold, "o", color=FORWARD, markersize=4)
        right.set(xlabel="time since learning stopped", title="memory (nats)", ylim=(1e-3, 30))
        right.legend(loc="upper right")

    return Panel(
        "learning", "A synapse that learns a velocity and forgets it",
        "A noisy weight relaxes towards the velocity it is shown; g is the ratio of signal to noise, time in units of "
        "the weight's own. What is learned is bounded by the entropy produced, ΔS + Q, and ΔS = I here. Energy is "
        "(w - κv)²/2 in units where the weight's variance at a known velocity is kT. Right: what the weight still "
        "tells, and when that falls to 0.1 and 0.01 nats.",
        tuple(rows), draw, (9.4, 3.5),
    )  # fmt: skip


def moments(ratio: float, time: float, taught: float | None = None) -> dict[str, float]:
    """From the equations of the moments of (v, w): after `time` of learning, or of rest after learning for `taught`."""
    from scipy.integrate import solve_ivp

    def motion(_: float, state: Any, pull: float) -> list[float]:
        crossed, spread = state
        return [pull * ratio - crossed, 2 * (pull * crossed - spread + 1)]

    state = np.array([0.0, 1.0])
    for pull, lasts in ((1.0, time if taught is None else taught), (0.0, 0.0 if taught is None else time)):
        state = solve_ivp(motion, (0.0, lasts), state, args=(pull,), rtol=1e-11, atol=1e-13).y[:, -1]
    crossed, spread = state
    information = -0.5 * np.log(1 - crossed**2 / (ratio * spread))
    heat = ((1 + ratio) - (spread - 2 * crossed + ratio)) / 2
    return {"information": float(information), "heat": float(heat), "entropy_change": float(0.5 * np.log(spread))}


def _learning_rows(time: float) -> list[Row]:
    exact, bound = moments(RATIO, time), LEARNER.bound(time)
    total = exact["entropy_change"] + exact["heat"]
    return [
        same(f"information after t = {time:g}", "g = 8", LEARNER.information(time), exact["information"], digits=1e-8,
             units="nats"),
        same(f"heat over kT after t = {time:g}", "g = 8", LEARNER.heat(time), exact["heat"], digits=1e-8,
             units="nats"),
        same(f"efficiency after t = {time:g}", "g = 8", LEARNER.efficiency(time), exact["information"] / total,
             digits=1e-8),
        ruled(f"information after t = {time:g} within the entropy produced", "g = 8", bound.slope, bound.passed,
              units="nats", sentence=f"The bound: {bound.expected:.6g}."),
    ]  # fmt: skip


def _memory_rows() -> list[Row]:
    """When the integrated moments fall to a threshold, against the closed form."""
    from scipy.optimize import brentq

    rows = []
    for threshold in THRESHOLDS:
        exact = brentq(lambda t, low=threshold: moments(RATIO, t, 1.0)["information"] - low, 0.1, 6.0, xtol=1e-10)
        rows.append(same(f"lifetime of a memory, to {threshold:g} nats", "g = 8, learned for 1",
                         LEARNER.lifetime(threshold, 1.0), exact, digits=1e-7, units="unit time"))  # fmt: skip
    return rows
