"""Figure 6: couplings that one memory sends to the other, and what that costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo import exact, free_energy
from neurothermo.core.checks import Array
from neurothermo.core.estimate import Estimate
from neurothermo.dynamics import Glauber
from neurothermo.ensemble import entropy_production, forward_and_reverse, simulate
from neurothermo.protocols import hold
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.chen2020.experiment import Settings
from neurothermo.systems import SpinNetwork, hopfield

ALPHAS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
NO_FREE_ENERGY = "Asymmetric couplings have no free energy: what is not zero is no error of the estimator."
LAG = 50  # attempts between the two looks of eq. 17, which the paper leaves open


def asymmetric(settings: Settings, alpha: float) -> SpinNetwork:
    """Eq. 13."""
    return hopfield(settings.patterns, weights=[settings.gamma, 1 - settings.gamma], crossover=alpha)


def symmetrised(settings: Settings, alpha: float) -> SpinNetwork:
    """What eq. 4 sees of it: the symmetric part of the couplings."""
    half = np.array([[0, alpha / 2], [alpha / 2, 0]])
    return hopfield(settings.patterns, weights=[settings.gamma, 1 - settings.gamma], crossover=half)


def figure_6(settings: Settings) -> Panel:
    """Overlaps in time, free-energy error, dissipated work and entropy production against alpha."""
    rule = Glauber(attempts=1)
    runs = [_driven(settings, alpha, rule) for alpha in ALPHAS]
    produced = [exact.entropy_production(asymmetric(settings, alpha), rule, temperature=settings.temperature)
                for alpha in ALPHAS]  # fmt: skip
    measured = [_measured(settings, alpha, rule) for alpha in ALPHAS]
    printed = [equation_17(settings, alpha) for alpha in ALPHAS]
    rows = [
        Row.compare(f"entropy production, alpha = {alpha:g}", "corrected", one, other)
        for alpha, one, other in zip(ALPHAS[1:], measured[1:], produced[1:], strict=True)
    ]
    rows += [
        Row(f"eq. 17 with {LAG} attempts, alpha = {alpha:g}", "as printed", value, exact=float(produced[i]),
            units="nats", verdict=bool(abs(value - produced[i]) < 1e-3 * abs(produced[i])), expected=False,
            sentence="The log ratio of the flux on one pair of states, of either sign: no entropy production.")
        for i, (alpha, value) in enumerate(zip(ALPHAS, printed, strict=True)) if alpha > 0
    ]  # fmt: skip
    rows += [
        Row(f"BAR minus free-energy difference of the symmetrised couplings, alpha = {alpha:g}", "as printed",
            float(run["estimate"] - run["change"]), run["estimate"].stderr, units="energy units",
            sentence="" if alpha == 0 else NO_FREE_ENERGY)
        for alpha, run in zip(ALPHAS, runs, strict=True)
    ]  # fmt: skip

    rows += [
        Row(f"mean work minus that difference, alpha = {alpha:g}", "as printed", run["dissipated"], run["error"],
            units="energy units", sentence="" if alpha == 0 else NO_FREE_ENERGY)
        for alpha, run in zip(ALPHAS, runs, strict=True)
    ]  # fmt: skip

    def draw(figure: Any) -> None:
        overlaps, error, work, production = figure.subplots(2, 2).flat
        for alpha, color in ((0.0, FORWARD), (1.0, REVERSE)):
            mean = runs[ALPHAS.index(alpha)]["overlaps"]
            for pattern, style in ((0, "--"), (1, "-")):
                overlaps.plot(mean["time"], mean["values"][:, pattern], style, color=color,
                              label=f"pattern {pattern + 1}, alpha = {alpha:g}")  # fmt: skip
        overlaps.set(xlabel="attempt", ylabel="mean overlap", title="a")
        overlaps.legend()
        error.errorbar(ALPHAS, [abs(run["estimate"] - run["change"]) for run in runs],
                       [run["estimate"].stderr for run in runs], fmt="o-", color=FORWARD, capsize=2)  # fmt: skip
        error.set(xlabel="alpha", ylabel="|estimate - ΔF of symmetrised|", title="b")
        work.errorbar(ALPHAS, [run["dissipated"] for run in runs], [run["error"] for run in runs], fmt="o-",
                      color=FORWARD, capsize=2)  # fmt: skip
        work.set(xlabel="alpha", ylabel="<W> - ΔF of symmetrised", title="c")
        production.plot(ALPHAS, produced, color=EXACT, label="entropy production, exact")
        production.errorbar(ALPHAS, [float(one) for one in measured], [2 * one.stderr for one in measured], fmt="o",
                            color=FORWARD, label="simulated", capsize=2)  # fmt: skip
        production.set(xlabel="alpha", ylabel="nats per attempt", title="d")
        twin = production.twinx()
        twin.plot(ALPHAS, printed, "s:", color=OTHER, label="eq. 17 as printed (nats)")
        twin.spines.right.set_visible(True)
        twin.set_ylabel("nats")
        handles = [axes.get_legend_handles_labels() for axes in (production, twin)]
        production.legend(handles[0][0] + handles[1][0], handles[0][1] + handles[1][1], fontsize=7)

    return Panel(
        "6", "Figure 6. Asymmetric connections",
        "a: overlaps while the input is ramped. b, c: what Bennett's ratio and the mean work give beside the "
        "free-energy difference of the symmetrised couplings, which is not the network's own. d: exact entropy "
        "production of the resting network, the same from simulation, and eq. 17 as printed, which falls below zero.",
        tuple(rows), draw, (8.0, 6.0),
    )  # fmt: skip


def _driven(settings: Settings, alpha: float, rule: Glauber) -> dict[str, Any]:
    """One value of alpha: the ramp of the corrected protocol, started in equilibrium or in the stationary law."""
    drive = settings.lambda_12()
    forward, reverse = forward_and_reverse(
        asymmetric(settings, alpha), drive, rule, temperature=settings.temperature, trials=settings.trials,
        seed=settings.seed, initial="stationary", record="overlaps", every=max(1, settings.steps // 50), progress=False,
    )  # fmt: skip
    works = forward.work.values
    change = exact.free_energy_difference(symmetrised(settings, alpha), drive, temperature=settings.temperature)
    return {
        "estimate": free_energy.bar(works, reverse.work.values, temperature=settings.temperature),
        "change": change,
        "dissipated": float(works.mean() - change),
        "error": float(works.std(ddof=1) / np.sqrt(works.size)) if works.size > 1 else np.nan,
        "overlaps": {"time": forward.time.values, "values": forward.overlaps.mean("trial").values},
    }


def _measured(settings: Settings, alpha: float, rule: Glauber) -> Estimate:
    """Entropy production of the resting network from a stationary run of a thousand attempts a trial."""
    ledger = simulate(
        asymmetric(settings, alpha), hold(np.zeros(settings.size), 1000), rule, temperature=settings.temperature,
        trials=settings.trials, seed=settings.seed, initial="stationary", progress=False,
    )  # fmt: skip
    return entropy_production(ledger)


def equation_17(settings: Settings, alpha: float, lag: int = LAG) -> float:
    r"""Eq. 17 as printed, between the two patterns as single states.

    .. math:: Q_{hk} = \ln \frac{P(\epsilon_1) M(\epsilon_2 | \epsilon_1)}{P(\epsilon_2) M(\epsilon_1 | \epsilon_2)}

    with M over `lag` attempts, without input. Sign-indefinite; it is not an entropy production.
    """
    network, rule = asymmetric(settings, alpha), Glauber(attempts=lag)
    field = np.zeros(settings.size)
    chain = exact.enumerated_chain(network, rule, settings.temperature)
    law = exact.stationary(network, rule, temperature=settings.temperature)
    one, two = (int((np.asarray(pattern) > 0) @ (1 << np.arange(settings.size))) for pattern in settings.patterns)
    return float(np.log(law[one] * _reached(chain, field, one, two) / (law[two] * _reached(chain, field, two, one))))


def _reached(chain: Any, field: Array, start: int, stop: int) -> float:
    law = np.zeros(chain.states)
    law[start] = 1.0
    chain.step(law, field)
    return float(law[stop])
