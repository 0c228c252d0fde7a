"""A bistable synapse: how long a memory lasts, what it tells, and what can be said of its energy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.estimate import Estimate
from neurothermo.ensemble import simulate
from neurothermo.processes.bcm import BCM
from neurothermo.processes.bcm_baths import LinearChannels
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.karbowski2024 import routes
from neurothermo.studies.karbowski2024.settings import RATE, Settings, mean_of
from neurothermo.studies.rows import ruled, same

SYNAPSE = BCM()
NOISES = (0.01, 0.005, 0.0025)
WELLS = ("upper", "lower")
PLACES = {"upper": (5 + np.sqrt(5)) / 10, "lower": 0.0}
POINTS = 12_001  # of the chain of hops
LASTS, STEP = 200.0, 0.01  # of a simulated escape
FISHER = ("full", "upper well", "linear noise")


def figure_bistability(settings: Settings) -> Panel:
    """Lifetimes, information about the rate of plasticity, and three definitions of an energy rate."""
    escape = _escape(settings)
    exact = routes.passage(potential, 0.01, (PLACES["lower"], PLACES["upper"]), POINTS)
    rows = [
        *_lifetime_rows(),
        Row.compare("lifetime of the lower state, D = 0.01", "simulated", escape, exact,
                    sentence=f"Seen every {5 * STEP:g}."),
        *_law_rows(settings), *_energy_rows(), *_fisher_rows(),
    ]  # fmt: skip

    def draw(figure: Any) -> None:
        (left, right), (below, last) = figure.subplots(2, 2)
        x = np.linspace(-0.35, 1.1, 300)
        left.plot(x, SYNAPSE.potential(x), color=EXACT, label="potential V")
        for name, row in zip(("lower", "threshold", "upper"), (0, 1, 2), strict=True):
            place = float(SYNAPSE.fixed_points()["value"][row])
            left.plot(place, SYNAPSE.potential(place), "s" if name == "threshold" else "o", color=REVERSE, markersize=4)
        left.plot(x, 0.02 * SYNAPSE.law().density(x) - 0.05, color=FORWARD, label="law p, D = 0.01 (scaled, shifted)")
        left.set(xlabel="rate x", ylabel="V", title="two states", ylim=(-0.06, 0.12))
        left.legend()
        _draw_lifetimes(right, escape)
        _draw_energy(below)
        rates = np.linspace(4.02, 6.5, 90)
        for kind, color in zip(FISHER, (FORWARD, OTHER, REVERSE), strict=True):
            told = [BCM(rate=rate).fisher_information(kind).value for rate in rates]
            last.semilogy(rates, told, color=color, label={"full": "both wells"}.get(kind, kind))
        last.set(xlabel="rate of plasticity λ", ylabel="per unit rate squared", title="Fisher information about λ",
                 ylim=(0.3, 30))  # fmt: skip
        last.legend()

    return Panel(
        "bistability", "A synapse with two states: lifetime, energy, information",
        "BCM mean field with a fast threshold, λ = 5, α = τ = 1. One variable under additive noise produces no entropy "
        "in its stationary state, whatever its lifetime. A cost appears with a second bath (plasticity and decay have "
        "half of the noise each) or with a threshold that takes its time (τ_θ = 0.2, linearized about the upper "
        "state); these are two definitions, not two estimates. Their lifetimes are that of the one-variable field.",
        tuple(rows), draw, (8.6, 6.8),
    )  # fmt: skip


def potential(x: Any) -> Any:
    """V at lambda = 5, alpha = tau = 1."""
    return x**2 / 2 - 5 * x**3 / 3 + 5 * x**4 / 4


def _lifetime_rows() -> list[Row]:
    """Exact against a chain of hops; Kramers' formula, which is not exact, against exact."""
    rows, shares = [], []
    for noise in NOISES:
        synapse = replace(SYNAPSE, noise=noise)
        for which, other in (WELLS, WELLS[::-1]):
            exact = routes.passage(potential, noise, (PLACES[which], PLACES[other]), POINTS)
            kramers = synapse.kramers_time(which)
            rows += [
                same(f"lifetime of the {which} state, D = {noise:g}", "double quadrature", synapse.lifetime(which),
                     exact, digits=1e-4, units="unit time"),
                same(f"lifetime of the {which} state, D = {noise:g}", "Kramers", kramers, exact, digits=0.01,
                     units="unit time", expected=False, sentence="For weak noise: not good to a hundredth here."),
            ]  # fmt: skip
            if which == "upper":
                shares.append(kramers.value / exact)
    rows.append(ruled("Kramers over exact, upper state", "D = 0.0025", shares[-1],
                      shares == sorted(shares) and 0.9 < shares[-1] < 1, exact=1.0,
                      sentence="It tends to one as the noise falls."))  # fmt: skip
    return rows


def _escape(settings: Settings) -> Estimate:
    """Mean time to the upper state from the lower; those that are still there at the end are one in a thousand."""
    ledger = simulate(
        SYNAPSE, round(LASTS / STEP), dt=STEP, trials=settings.share(0.05), seed=settings.seed, initial=[0.0],
        record="states", every=5, progress=False,
    )  # fmt: skip
    states = ledger.states.values[:, :, 0]
    there = states >= PLACES["upper"]
    first = np.where(there.any(axis=1), there.argmax(axis=1), states.shape[1] - 1)
    return mean_of(5 * STEP * first, "unit time")


def _law_rows(settings: Settings) -> list[Row]:
    """Boltzmann's law: by Simpson's rule, and simulated."""
    top = 1 - PLACES["upper"]
    share, mean = routes.averages(lambda x: potential(x) / 0.01, (lambda x: x > top, lambda x: x), -0.6, 2.0)
    law = SYNAPSE.law()
    ledger = simulate(SYNAPSE, 500, dt=STEP, trials=settings.share(0.5), seed=settings.seed, initial="stationary",
                      record="states", every=500, progress=False)  # fmt: skip
    last = ledger.states.values[:, -1, 0]
    return [
        same("P(x > threshold), D = 0.01", "quadrature", law.probability(SYNAPSE.threshold), share, digits=1e-3),
        same("mean of x, D = 0.01", "quadrature", law.mean(), mean, digits=1e-8),
        Row.compare("P(x > threshold), D = 0.01", "simulated", mean_of(last > top), share),
        Row.compare("mean of x, D = 0.01", "simulated", mean_of(last), mean),
    ]


def _energy_rows() -> list[Row]:
    """Three definitions."""
    single = SYNAPSE.entropy_production()
    flow = single.details["flow"]
    rows = [
        ruled("entropy production, one variable and one bath", "no current", single, single.value == 0, exact=0.0,
              units=RATE, sentence=single.diagnostics[0]),
        ruled("entropy flow <F^2>/D + <F'>, the same", "quadrature", flow, abs(flow) < 1e-9, exact=0.0, units=RATE,
              sentence="Sometimes called a local production; zero over the whole law."),
    ]  # fmt: skip
    channels = LinearChannels(np.array([1.0, 0.5]), np.array([2.0, 0.0]), np.array([0.1, 0.3]))
    mean, spread = 4 / 3, 0.4 / 1.5
    heats = [((mean - 2) ** 2 + spread) / 0.1 - 1.0, (mean**2 / 4 + spread / 4) / 0.3 - 0.5]
    rows.append(same("entropy production, two baths", "linear channels", channels.entropy_production(), sum(heats),
                     units=RATE, sentence="Against the heats over kT of the channels."))  # fmt: skip
    for part in (0.001, 0.005, 0.009):
        rows.append(same(f"entropy production, two baths, D_1 = {part:g} of 0.01", "BCM", SYNAPSE.two_baths(part),
                         two_baths(0.01, part), digits=1e-7, units=RATE))  # fmt: skip
    x = PLACES["upper"]
    drift = [[1 - 5 * (2 * x - x * x), 5 * x], [-10 * x, 5.0]]
    for noise in (0.01, 0.001):
        found = SYNAPSE.dynamic_threshold(0.2, noise).entropy_production()
        rows.append(same(f"entropy production, dynamic threshold, D_theta = {noise:g}", "linearized", found,
                         routes.linear_production(drift, np.diag([0.01, noise])), units=RATE))  # fmt: skip
    inputs = np.array([0.5, 1.0, 2.0])
    even, uneven = (SYNAPSE.vector(inputs, noise).entropy_production() for noise in (0.3, inputs))
    rows += [
        ruled("entropy production, vector of weights, the same noise for all", "linearized", even, abs(even) < 1e-9,
              exact=0.0, units=RATE, sentence="A gradient system: no current."),
        ruled("the same, noise in proportion to the input", "linearized", uneven, abs(uneven) < 1e-9, exact=0.0,
              units=RATE, expected=False, sentence="Unequal noise makes it produce entropy."),
    ]  # fmt: skip
    return rows


def two_baths(noise: float, first: float) -> float:
    """Sum over baths of <(F_a - D_a d ln p/dx)^2>/D_a, by Simpson's rule."""

    def local(force: Any, part: float) -> Any:
        return lambda x: (force(x) - part / noise * (5 * x**2 * (1 - x) - x)) ** 2 / part

    functions = (local(lambda x: 5 * x**2 * (1 - x), first), local(lambda x: -x, noise - first))
    return sum(routes.averages(lambda x: potential(x) / noise, functions, -0.8, 1.8))


def _fisher_rows() -> list[Row]:
    """Against the mean square of d ln p/d lambda, differences of densities on a grid."""
    rows, top = [], 1 - PLACES["upper"]
    for kind, low in (("full", -0.6), ("upper well", top)):
        rows.append(same("Fisher information about lambda, D = 0.01", kind, SYNAPSE.fisher_information(kind),
                         told(low), digits=1e-5, units="per unit rate squared"))  # fmt: skip
    near, within = SYNAPSE.fisher_information("linear noise"), told(top)
    rows.append(same("Fisher information about lambda, D = 0.01", "linear noise", near, within, digits=0.1,
                     units="per unit rate squared", expected=False,
                     sentence="Against that of the upper well: too low so close to the onset."))  # fmt: skip
    return rows


def told(low: float, step: float = 1e-4) -> float:
    """<(d ln p/d lambda)^2> for x from `low` to 2."""
    from scipy.integrate import simpson

    x = np.linspace(low, 2.0, 20_001)

    def log_law(rate: float) -> Array:
        exponent = (x**2 / 2 - rate * x**3 / 3 + rate * x**4 / 4) / 0.01
        return np.asarray(-exponent - np.log(simpson(np.exp(-exponent), x=x)))

    score = (log_law(5 + step) - log_law(5 - step)) / (2 * step)
    return float(simpson(np.exp(log_law(5.0)) * score**2, x=x))


def _draw_lifetimes(axes: Any, escape: Estimate) -> None:
    noises = np.geomspace(0.002, 0.03, 40)
    for which, color in zip(WELLS, (FORWARD, REVERSE), strict=True):
        synapses = [replace(SYNAPSE, noise=float(noise)) for noise in noises]
        axes.loglog(noises, [one.lifetime(which).value for one in synapses], color=color, label=f"{which}, exact")
        axes.loglog(noises, [one.kramers_time(which).value for one in synapses], "--", color=color,
                    label=f"{which}, Kramers")  # fmt: skip
    axes.errorbar(0.01, escape.value, 4 * escape.stderr, fmt="o", color=EXACT, markersize=4, capsize=2,
                  label="simulated")  # fmt: skip
    axes.set(xlabel="noise D", ylabel="unit time", title="lifetime of a state")
    axes.set_xticks([0.002, 0.005, 0.01, 0.02], ["0.002", "0.005", "0.01", "0.02"])
    axes.minorticks_off()
    axes.legend()


def _draw_energy(axes: Any) -> None:
    noises = np.geomspace(0.002, 0.03, 40)
    synapses = [replace(SYNAPSE, noise=float(noise)) for noise in noises]
    lives = [one.lifetime("upper").value for one in synapses]
    axes.loglog([one.two_baths(one.noise / 2).value for one in synapses], lives, color=FORWARD,
                label="two baths, half each")  # fmt: skip
    linear = [one.dynamic_threshold(0.2, 0.001) for one in synapses]
    axes.loglog([one.entropy_production().value for one in linear], lives, color=REVERSE,
                label="dynamic threshold, $D_\\theta$ = 0.001")  # fmt: skip
    axes.set(xlabel=f"entropy production ({RATE})", ylabel="lifetime of the upper state",
             title="one variable, one bath: no cost at all", ylim=(10, 1e12))  # fmt: skip
    axes.legend()
