"""Bounds on rates, in action: how fast information may change, and how close each example comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.gaussian import Gaussian
from neurothermo.information import Bound, GaussianRate, bounds
from neurothermo.processes.neurons import VelocityNeurons
from neurothermo.processes.operators import is_sparse
from neurothermo.processes.spines import SpineNetwork
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.karbowski2024 import routes
from neurothermo.studies.karbowski2024.settings import RATE, Settings
from neurothermo.studies.rows import ruled, same

FORCE, TIME, MOVING_TIME = 0.5, 0.5, 0.3
NEURONS = (0.01, 0.1, 0.5)
GRID = np.linspace(-9, 9, 9001)
Law = tuple[float, float]


def figure_bounds(settings: Settings) -> Panel:
    """Kinematic and thermodynamic bounds of a particle, of neurons and of spines."""
    cases = {**_particle_cases(), **_neuron_cases(), **_spine_cases()}
    rows = []
    for name, (bound, rate, limit) in cases.items():
        rows += [
            same(f"rate: {name}", "exact", bound.rate, rate, digits=2e-6, units=bound.units),
            same(f"bound: {name}", "exact", bound.bound, limit, digits=2e-6, units=bound.units),
            ruled(f"ratio: {name}", "|rate| over bound", bound.ratio, bound.holds, sentence="At most one."),
        ]  # fmt: skip
    rows.append(_odd_row())

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.5))
        times = np.geomspace(1e-3, 1, 200)
        way = VelocityNeurons(10).switch_on(times)
        left.loglog(times, abs(way.information_rate), color=FORWARD, label="|dI/dt|")
        left.loglog(times, way.rate_bound, "--", color=REVERSE, label="bound")
        left.set(xlabel="time since switching on", ylabel=RATE, title="I(v; r), ten neurons", ylim=(1e-2, 3e3))
        left.legend()
        names, ratios = list(cases), [bound.ratio for bound, *_ in cases.values()]
        kinds = [OTHER if "spines" in name else REVERSE if "neurons" in name else FORWARD for name in names]
        places = np.arange(len(names))[::-1]
        right.barh(places, ratios, color=kinds, height=0.7)
        right.axvline(1, color=EXACT, linestyle="--", linewidth=1)
        right.set_yticks(places, names, fontsize=7.5)
        right.set(xlabel="|rate| over bound", xlim=(0, 1.05), title="how close each comes")

    return Panel(
        "bounds", "How fast information may change",
        "Kinematic bounds hold for any dynamics; the last of the particle and those of the spines are thermodynamic, "
        "by entropy production. That of the particle wants the entropy production of an even velocity: with that of an "
        "odd one it is false. The bounds are derived here; the printed forms of the paper were not available.",
        tuple(rows), draw, (9.4, 4.2),
    )  # fmt: skip


# -- a particle's velocity, taken for an even variable -------------------------------------------------


def moments(start: Law, time: float) -> Law:
    """Mean and variance, tau = kT = m = 1."""
    left = np.exp(-time)
    return FORCE + (start[0] - FORCE) * left, 1 + (start[1] - 1) * left**2


def _at(start: Law, time: float) -> tuple[Gaussian, GaussianRate]:
    mean, variance = moments(start, time)
    return Gaussian(np.array([mean]), np.array([[variance]])), GaussianRate(
        np.array([FORCE - mean]), np.array([[2 - 2 * variance]])
    )


def density(law: Law) -> Array:
    """Normal, on the grid."""
    return np.asarray(np.exp(-((GRID - law[0]) ** 2) / (2 * law[1])) / np.sqrt(2 * np.pi * law[1]))


def kinematic(starts: tuple[Law, ...], time: float, measure: Callable[..., float], slopes: Any) -> tuple[float, float]:
    """Rate by differences in time, and sum of sqrt(I_F Var) over the laws that move, by sums over the grid."""
    step, dx = 1e-3, GRID[1] - GRID[0]
    laws = [density(moments(start, time)) for start in starts]
    rate = routes.derivative(lambda t: measure(*(density(moments(start, t)) for start in starts)), time, step)
    limit = 0.0
    for start, law, slope in zip(starts, laws, slopes, strict=False):
        later, sooner = (density(moments(start, time + sign * step)) for sign in (1, -1))
        fisher = np.sum((later - sooner) ** 2 / law) * dx / (4 * step**2)
        values = slope(*laws)
        spread = np.sum(law * values**2) * dx - (np.sum(law * values) * dx) ** 2
        limit += float(np.sqrt(fisher * spread))
    return rate, limit


def _particle_cases() -> dict[str, tuple[Bound, float, float]]:
    settled, dx = density((FORCE, 1.0)), GRID[1] - GRID[0]
    start, first, other = (2.0, 0.25), (2.0, 0.5), (-0.3, 1.4)
    p, dp = _at(start, TIME)
    rest = Gaussian(np.array([FORCE]), np.eye(1))

    def divergence(p: Array, q: Array = settled) -> float:
        return float(np.sum(p * np.log(p / q)) * dx)

    cases = {"D(p || stationary), particle": (
        bounds.kl(p, dp, rest), *kinematic((start,), TIME, divergence, (lambda p: np.log(p / settled),)))}  # fmt: skip
    for order in (0.5, 2.0):

        def tsallis(p: Array, order: float = order) -> float:
            return float((np.sum(p**order * settled ** (1 - order)) * dx - 1) / (order - 1))

        def slope(p: Array, order: float = order) -> Array:
            return np.asarray(order / (order - 1) * (p / settled) ** (order - 1))

        cases[f"Tsallis {order:g} to the same"] = (
            bounds.tsallis(p, dp, rest, order=order), *kinematic((start,), TIME, tsallis, (slope,)))  # fmt: skip
    moving = bounds.kl(*_at(first, MOVING_TIME), *_at(other, MOVING_TIME))
    slopes = (lambda p, q: np.log(p / q), lambda p, q: p / q)
    cases["D(p || q), both moving"] = (moving, *kinematic((first, other), MOVING_TIME, divergence, slopes))
    mean = bounds.langevin_observable(p, drift=[[1.0]], diffusion=[[1.0]], offset=[FORCE], linear=[1.0])
    even = routes.Settling(FORCE, *start).balance(TIME)["even"]
    speed = routes.derivative(lambda t: moments(start, t)[0], TIME)
    cases["mean velocity, by entropy"] = (mean, speed, float(np.sqrt(even)))
    return cases


def _odd_row() -> Row:
    """At mean 0 and variance kT/m an odd velocity produces nothing at all, and its mean moves."""
    produced = routes.Settling(FORCE, 0.0, 1.0).balance(0.0)["odd"]
    return ruled("the same bound by the production of an odd velocity, mean 0, variance 1", "rate", FORCE,
                 np.sqrt(abs(produced)) + 1e-6 >= FORCE, expected=False, units="velocity per unit time",
                 sentence="The bound would be 0: it wants the production of an even velocity.")  # fmt: skip


# -- neurons and spines ----------------------------------------------------------------------------


def _neuron_cases() -> dict[str, tuple[Bound, float, float]]:
    """dI/dt after switching on, N = 10; the variance of the information's density by matrices."""
    matrices, deaf = routes.Matrices.of(np.ones(10)), np.diag(np.r_[1.0, np.full(10, 0.01)])
    cases = {}
    for time in NEURONS:
        law = matrices.after(time, deaf)
        change = 2 * matrices.diffusion - matrices.relaxation @ law - law @ matrices.relaxation.T
        change = (change + change.T) / 2
        found = bounds.mutual_information(Gaussian(np.zeros(11), law), GaussianRate(np.zeros(11), change), 1)
        apart = law.copy()
        apart[0, 1:] = apart[1:, 0] = 0.0
        inverse = np.linalg.inv(law)
        turned, moved = (inverse - np.linalg.inv(apart)) @ law, inverse @ change
        limit = np.sqrt(0.5 * np.trace(turned @ turned) * 0.5 * np.trace(moved @ moved))
        rate = routes.derivative(lambda t: routes.information(matrices.after(t, deaf)), time, 1e-4)
        cases[f"I(v; r), neurons, t = {time:g}"] = (found, rate, float(limit))
    return cases


def _spine_cases() -> dict[str, tuple[Bound, float, float]]:
    """The active share and the speed of the law, as a pulse begins."""
    network = SpineNetwork(4, cooperativity=0.5)
    process = network.as_markov_jump(np.full(4, np.log(10.0)))
    rates = routes.spine_generator(4, 0.5, 10.0)
    law = routes.at_rest(routes.spine_generator(4, 0.5, 1.0))
    count = np.array([bin(state).count("1") for state in range(16)], dtype=float)
    given = process.rates.toarray() if is_sparse(process.rates) else process.rates
    flux = rates * law
    np.fill_diagonal(flux, 0.0)
    produced = routes.schnakenberg(rates.copy(), law)
    spread = float(np.sum(flux * (count[:, None] - count) ** 2))
    return {
        "active spines, as a pulse begins": (
            bounds.observable(given, law, count), float(count @ rates @ law), float(np.sqrt(produced / 2 * spread))),
        "speed of the law of spines": (
            bounds.total_variation(given, law), float(np.abs(rates @ law).sum() / 2),
            float(np.sqrt(produced / 2 * flux.sum()))),
    }  # fmt: skip
