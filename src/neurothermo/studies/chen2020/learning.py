"""Couplings that learn while the input drives (eq. 16): how slow must learning be for works to give dF?"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo import fluctuation, free_energy
from neurothermo.core.checks import Array
from neurothermo.core.estimate import Estimate
from neurothermo.dynamics import Langevin
from neurothermo.ensemble import simulate
from neurothermo.protocols import ramp
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, REVERSE
from neurothermo.studies.chen2020.experiment import Settings
from neurothermo.systems import PlasticNetwork, RateNetwork

COUPLING, REACH, TEMPERATURE = 1.0, 4.0, 0.5  # of the pair at first; eta tau, what learning can add; T
START, STOP = np.array([-0.5, -1.0]), np.array([0.5, 0.0])
STEPS, DT = 60, 0.05
SLOWNESS = (0.3, 3.0, 30.0, 300.0)  # tau over the duration of the protocol
TRIALS = 2048
CELLS = 400


def pair() -> RateNetwork:
    """Two graded neurons that excite each other."""
    return RateNetwork(COUPLING * (1 - np.eye(2)))


def log_weights(field: Array, learned: bool) -> tuple[Array, Array]:
    r"""Activities on a grid, and -E/T there, up to a constant; `learned` integrates a learning coupling out.

    .. math:: \int dW\, e^{[W V_1 V_2 - W^2 / 2\eta\tau]/T} \propto e^{\eta\tau V_1^2 V_2^2 / 2T}
    """
    v = (np.arange(CELLS) + 0.5) / CELLS
    own = v * np.log(v) + (1 - v) * np.log1p(-v)
    product = v[:, None] * v
    energy = (own - field[0] * v)[:, None] + own - field[1] * v - COUPLING * product
    return v, -(energy - learned * REACH * product**2 / 2) / TEMPERATURE


def exact_difference(learned: bool) -> float:
    """F(last input) - F(first input), by quadrature: of the fixed couplings, or of activities and couplings jointly."""
    from scipy.special import logsumexp

    first, last = (float(logsumexp(log_weights(field, learned)[1])) for field in (START, STOP))
    return -TEMPERATURE * (last - first)


def starts(field: Array, learned: bool, trials: int, seed: int) -> Array:
    """Potentials and the learning coupling: 0 before it has learned, else drawn from the joint law."""
    random = np.random.Generator(np.random.PCG64(seed))
    v, weights = log_weights(field, learned)
    chances = np.exp(weights - weights.max()).ravel()
    cells = random.choice(chances.size, trials, p=chances / chances.sum())
    activities = (np.stack(np.unravel_index(cells, weights.shape), axis=1) + random.random((trials, 2))) / v.size
    mean = REACH * activities.prod(axis=1)
    coupling = mean + np.sqrt(REACH * TEMPERATURE) * random.normal(size=trials) if learned else np.zeros(trials)
    return np.column_stack([np.log(activities / (1 - activities)), coupling])


def works(settings: Settings, slowness: float, noise: str) -> tuple[Array, Array]:
    """Of the ramp and of the reversed ramp, each from its own equilibrium: the fixed pair's, or the joint one."""
    tau = slowness * STEPS * DT
    network, learned = PlasticNetwork(pair(), tau, REACH / tau, noise), noise == "matched"
    drive, trials = ramp(START, STOP, STEPS), min(TRIALS, settings.trials)
    found = []
    for turn, one in enumerate((drive, drive.reversed())):
        ledger = simulate(
            network, one, Langevin(DT, "boltzmann"), temperature=TEMPERATURE, trials=trials, seed=settings.seed,
            initial=starts(one.values[0], learned, trials, 2 * settings.seed + turn), progress=False,
        )  # fmt: skip
        found.append(ledger.work.values)
    return found[0], found[1]


def figure_learning(settings: Settings) -> Panel:
    """Free-energy differences from works, and Crooks' slope, against tau over the protocol's duration."""
    exact = {noise: exact_difference(noise == "matched") for noise in ("none", "matched")}
    names = {"none": "as printed", "matched": "corrected"}
    found: dict[str, list[Estimate]] = {}
    rows = []
    for noise, variant in names.items():
        pairs = [works(settings, slowness, noise) for slowness in SLOWNESS]
        found[noise] = [free_energy.bar(*one, temperature=TEMPERATURE) for one in pairs]
        slow = [noise == "matched" or slowness > 100 for slowness in SLOWNESS]
        decided = [noise == "matched" or slowness > 100 or slowness < 1 for slowness in SLOWNESS]
        for slowness, estimate, holds, judged in zip(SLOWNESS, found[noise], slow, decided, strict=True):
            what = f"BAR, tau = {slowness:g} durations"
            row = Row.compare(what, variant, estimate, exact[noise], expected=holds)
            between = Row(what, variant, row.value, row.stderr, row.exact, row.units,
                          sentence="Between fast and slow: not judged.")  # fmt: skip
            rows.append(row if judged else between)
        for slowness, one in zip(SLOWNESS, pairs, strict=True):
            verdict = fluctuation.check_crooks(*one, temperature=TEMPERATURE)
            rows.append(Row(f"slope of Crooks' line, tau = {slowness:g} durations", variant, verdict.slope,
                            verdict.stderr, verdict.expected, sentence=verdict.sentence))  # fmt: skip

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        for (noise, estimates), color in zip(found.items(), (REVERSE, FORWARD), strict=True):
            axes.errorbar(SLOWNESS, [one.value for one in estimates], [2 * one.stderr for one in estimates], fmt="o-",
                          color=color, capsize=2, label=f"{names[noise]}, from works")  # fmt: skip
            axes.axhline(exact[noise], color=EXACT, linestyle="--" if noise == "none" else ":",
                         label="exact, fixed couplings" if noise == "none" else "exact, joint")  # fmt: skip
        axes.set(xscale="log", xlabel="tau over the protocol's duration", ylabel="free-energy difference")
        axes.legend()

    return Panel(
        "learning", "Eq. 16. How slow learning must be",
        "Two graded neurons under matched noise are ramped from one input to another while their coupling learns, "
        "eta tau fixed. As printed, the coupling has no noise and starts unlearned: works give the free-energy "
        "difference of the fixed coupling only if it hardly moves meanwhile. Corrected, it has noise of its own and "
        "starts in the joint equilibrium: works give the joint difference at any tau.",
        tuple(rows), draw, (6.0, 3.6),
    )  # fmt: skip
