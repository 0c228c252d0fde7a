"""A Brownian particle under a force: what it produces, gives away and forgets, for both parities of its velocity."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.gaussian import Gaussian
from neurothermo.ensemble import simulate
from neurothermo.processes.particle import BrownianParticle
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.karbowski2024 import routes
from neurothermo.studies.karbowski2024.settings import RATE, Settings, mean_of
from neurothermo.studies.rows import ruled, same

FORCE, MEAN, VARIANCE = 0.5, 2.0, 0.25
SETTLING = routes.Settling(FORCE, MEAN, VARIANCE)
TIMES = (0.0, 0.5, 2.0)
PARITIES = ("odd", "even")
UNTIL, STEPS = 2.0, 80
NAMES = {
    "entropy": ("entropy H", "nats"),
    "shannon_rate": ("dH/dt", RATE),
    "divergence": ("D(p || stationary law)", "nats"),
    "fisher_information": ("Fisher information about time", "per unit time squared"),
}


def figure_particle(settings: Settings) -> Panel:
    """The balance of entropy on the way to the stationary state, exact and simulated."""
    particles = {parity: BrownianParticle(force=FORCE, parity=parity) for parity in PARITIES}
    runs = {parity: _run(particle, settings) for parity, particle in particles.items()}
    rows = [*_exact_rows(particles), *_stationary_rows(particles, settings)]
    for parity in PARITIES:
        for time in (0.5, UNTIL):
            index = round(time / UNTIL * STEPS)
            flow = mean_of(runs[parity].flow_steps.values[:, 1 : index + 1].sum(axis=1), "nats")
            rows.append(
                Row.compare(f"entropy flow until t = {time:g}", f"simulated, {parity} velocity", flow,
                            SETTLING.given(time, parity))
            )  # fmt: skip
    other = mean_of(runs["even"].flow_steps.values[:, 1:].sum(axis=1), "nats")
    rows.append(Row.compare("heat over kT, from the flow of an even velocity", f"until t = {UNTIL:g}", other,
                            SETTLING.given(UNTIL, "odd"), expected=False,
                            sentence="The flow is the heat where the velocity is odd, and only there."))  # fmt: skip

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        times = np.linspace(0, 4, 201)
        ways = {parity: one.transient(MEAN, VARIANCE, times) for parity, one in particles.items()}
        left.plot(times, ways["odd"].total, color=REVERSE, label="production, odd velocity")
        left.plot(times, ways["even"].total, color=FORWARD, label="production, even velocity")
        left.plot(times, ways["odd"].flow, color=EXACT, label="heat over kT")
        left.plot(times, ways["odd"].shannon_rate, "--", color=OTHER, label="dH/dt")
        left.axhline(0.25, color="#999999", linewidth=0.7, linestyle=":")
        left.set(xlabel="time (m/γ)", ylabel=RATE, title="rates", xlim=(0, 4), ylim=(0, None))
        left.legend()
        for parity, color in zip(PARITIES, (REVERSE, FORWARD), strict=True):
            table = runs[parity].flow_steps.values[:, 1:].cumsum(axis=1)
            here = UNTIL * np.arange(1, STEPS + 1) / STEPS
            error = 4 * table.std(axis=0) / np.sqrt(len(table))
            right.errorbar(here[7::8], table.mean(axis=0)[7::8], error[7::8], fmt="o", color=color, markersize=3.5,
                           capsize=2, label=f"simulated, {parity} velocity (4 s.e.)")  # fmt: skip
            right.plot(here[3::4], [SETTLING.given(t, parity) for t in here[3::4]], color=color, linewidth=1)
        right.set(xlabel="time (m/γ)", ylabel="nats", title="entropy given to the bath", xlim=(0, UNTIL + 0.05))
        right.legend(loc="lower right")

    return Panel(
        "particle", "A Brownian particle under a force",
        f"m = γ = kT = 1, F = {FORCE:g}, from a velocity of mean {MEAN:g} and variance {VARIANCE:g}. A velocity is odd "
        "under time reversal: what flows into the bath is heat, and the stationary particle goes on producing F v/kT = "
        "0.25 (dotted). Taken for an even variable, a signal like any other, it ends in equilibrium. dH/dt is the same "
        "for both. Lines are exact, points simulated.",
        tuple(rows), draw, (8.4, 3.7),
    )  # fmt: skip


def _run(particle: BrownianParticle, settings: Settings) -> Any:
    start = Gaussian(np.array([MEAN]), np.array([[VARIANCE]]))
    return simulate(
        particle, STEPS, dt=UNTIL / STEPS, trials=settings.trials, seed=settings.seed, initial=start, record="flow",
        progress=False,
    )  # fmt: skip


def _exact_rows(particles: dict[str, BrownianParticle]) -> list[Row]:
    rows: list[Row] = []
    for time in TIMES:
        exact = SETTLING.balance(time)
        odd, even = (particles[parity].transient(MEAN, VARIANCE, [time]).isel(time=0) for parity in PARITIES)
        for name, (said, units) in NAMES.items():
            rows.append(same(f"{said} at t = {time:g}", "either parity", odd[name], exact[name], digits=1e-6,
                             scale=0.1, units=units))  # fmt: skip
        for parity, way in (("odd", odd), ("even", even)):
            rows.append(same(f"entropy production at t = {time:g}", f"{parity} velocity", way.total, exact[parity],
                             digits=1e-6, scale=0.1, units=RATE))  # fmt: skip
            left = float(way.total - way.flow - way.shannon_rate)
            rows.append(ruled(f"production - flow - dH/dt at t = {time:g}", f"{parity} velocity", left,
                              abs(left) < 1e-9, exact=0.0, units=RATE))  # fmt: skip
        rows.append(same(f"heat over kT at t = {time:g}", "odd velocity", odd.flow, exact["heat"], digits=1e-6,
                         scale=0.1, units=RATE))  # fmt: skip
    rows.append(same("entropy production at t = 2", "odd against even", odd.total, even.total, units=RATE,
                     expected=False, sentence="The parity of the velocity has to be said."))  # fmt: skip
    return rows


def _stationary_rows(particles: dict[str, BrownianParticle], settings: Settings) -> list[Row]:
    """F v_d/kT or nothing."""
    rows = []
    for parity, exact in (("odd", FORCE**2), ("even", 0.0)):
        found = particles[parity].entropy_production()
        rows.append(same("stationary entropy production", f"{parity} velocity", found, exact, scale=1.0, units=RATE))
        ledger = simulate(particles[parity], 50, dt=0.2, trials=settings.share(0.5), seed=settings.seed,
                          initial="stationary", progress=False)  # fmt: skip
        rows.append(Row.compare("stationary entropy production", f"simulated, {parity} velocity",
                                mean_of(ledger.entropy_flow.values / 10, RATE), exact))  # fmt: skip
    return rows
