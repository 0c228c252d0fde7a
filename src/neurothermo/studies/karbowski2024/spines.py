"""A pulse of stimulation on spines that help each other: what is remembered, and what it costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.ensemble import simulate
from neurothermo.processes.spines import SpineNetwork
from neurothermo.processes.spines_pulse import Pulse
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.karbowski2024 import routes
from neurothermo.studies.karbowski2024.settings import RATE, Settings
from neurothermo.studies.rows import ruled, same

STIMULUS, DURATION = 10.0, 1.0
HELP = (-0.5, 0.0, 0.5)
COLORS = (OTHER, EXACT, REVERSE)
LARGE = 10  # spines of the larger ring whose states are all counted


def figure_spines(settings: Settings) -> Panel:
    """Four spines exactly, ten exactly, a large ring simulated."""
    large = {help_: SpineNetwork(LARGE, cooperativity=help_).pulse(STIMULUS, DURATION) for help_ in HELP}
    long = {help_: _simulated(settings, help_) for help_ in HELP}
    rows = [row for help_ in HELP for row in _four_rows(help_)]
    single = SpineNetwork(1).pulse(STIMULUS, DURATION)
    rows += [
        same(f"information, ring of {LARGE}, gamma = 0", "exact", large[0.0].information,
             LARGE * single.information.value, units="nats", sentence="Against as many single spines."),
        same("information for each spine, gamma = 0.5", f"ring of 4 and of {LARGE}",
             SpineNetwork(4, cooperativity=0.5).pulse(STIMULUS, DURATION).information / 4,
             large[0.5].information.value / LARGE, digits=0.01, units="nats",
             sentence="Four are many already, to a hundredth."),
    ]  # fmt: skip
    for help_ in HELP:
        rows += _large_rows(help_, large[help_], long[help_], settings.ring)
    gains = [one.information.value / LARGE for one in large.values()]
    rows.append(ruled("information for each spine grows with cooperativity", f"ring of {LARGE}", gains[-1] - gains[0],
                      gains == sorted(gains), units="nats", sentence="From gamma = -0.5 to 0.5."))  # fmt: skip
    shares = [one.information / one.production for one in large.values()]
    rows.append(ruled("more than one nat for each nat produced", f"ring of {LARGE}", max(shares), max(shares) > 1,
                      exact=1.0, expected=False, sentence="The second law: information is paid in full."))  # fmt: skip

    def draw(figure: Any) -> None:
        left, middle, right = figure.subplots(1, 3)
        for help_, color in zip(HELP, COLORS, strict=True):
            times, active, rates = _course(help_)
            left.plot(times, active, color=color, label=f"γ = {help_:g}")
            middle.plot(times, rates, color=color, label=f"γ = {help_:g}")
        for axes in (left, middle):
            axes.axvspan(0, DURATION, color="#EEEEEE")
            axes.set(xlabel="time", xlim=(-0.3, 5))
        left.set(title="share of active spines", ylim=(0, 1))
        left.legend()
        middle.set(title="entropy production rate, N = 4", yscale="log", ylim=(1e-3, 30), ylabel=RATE)
        helps = np.linspace(-1, 1, 13)
        pulses = [SpineNetwork(8, cooperativity=float(one)).pulse(STIMULUS, DURATION) for one in helps]
        for name, said, color in (("information", "information", FORWARD), ("production", "production, all", EXACT),
                                  ("production_during", "production, pulse", REVERSE)):  # fmt: skip
            right.plot(helps, [getattr(one, name).value / 8 for one in pulses], color=color, label=said)
        for help_, found in long.items():
            right.errorbar(help_, found.production.value / settings.ring, 4 * found.production.stderr / settings.ring,
                           fmt="o", color=EXACT, markersize=4, capsize=2)  # fmt: skip
        right.set(xlabel="cooperativity γ", ylabel="nats for each spine", title="N = 8; points simulated")
        right.legend()

    return Panel(
        "spines", "Potentiation of spines that help each other",
        f"Two-state spines on a ring, a = 0.2, b = 1, each active neighbour multiplying the rate up by e^γ; a pulse "
        f"of {STIMULUS:g} times the stimulus for T = {DURATION:g} (grey), from equilibrium. Information is D(p_T || "
        "p_0). All entropy produced after the pulse is exactly that: forgetting costs what was learned. Energy is that "
        f"of the states, in kT. Points: a ring of {settings.ring} spines.",
        tuple(rows), draw, (9.6, 3.6),
    )  # fmt: skip


def _four_rows(help_: float) -> list[Row]:
    """Against a generator written out, entropy gathered from Schnakenberg's rate."""
    found = SpineNetwork(4, cooperativity=help_).pulse(STIMULUS, DURATION)
    rest, pushed = (routes.spine_generator(4, help_, stimulus) for stimulus in (1.0, STIMULUS))
    start = routes.at_rest(rest)
    during, end = routes.produced(pushed, start, DURATION)
    after, _ = routes.produced(rest, end, 40.0)
    count = np.array([bin(state).count("1") for state in range(16)]) / 4
    gained = float(end @ np.log(end / start))
    variant = f"N = 4, gamma = {help_:g}"
    return [
        same("active share before", variant, found.active_before, start @ count),
        same("active share after the pulse", variant, found.active_after, end @ count),
        same("information gained", variant, found.information, gained, units="nats"),
        same("entropy produced during the pulse", variant, found.production_during, during, digits=1e-6, units="nats"),
        same("entropy produced after the pulse", variant, found.production_after, after, digits=1e-6, units="nats"),
        same("entropy produced after is the information gained", variant, found.production_after, gained,
             units="nats"),
        same("entropy produced during is the information gained", variant, found.production_during, gained,
             digits=1e-2, units="nats", expected=False, sentence="Only what is produced afterwards is."),
    ]  # fmt: skip


def _simulated(settings: Settings, help_: float) -> Pulse:
    network = SpineNetwork(settings.ring, cooperativity=help_)
    protocol = network.pulse_protocol(STIMULUS, 2)
    ledger = simulate(network, protocol, dt=DURATION / 2, trials=settings.share(0.01), seed=settings.seed,
                      progress=False)  # fmt: skip
    return network.measured_pulse(ledger, protocol)


def _large_rows(help_: float, exact: Pulse, found: Pulse, ring: int) -> list[Row]:
    """A large ring does for each spine what one of ten does."""
    variant = f"simulated ring of {ring}, gamma = {help_:g}"
    share = found.production.scaled(1 / ring, "for each spine")
    limit = exact.information.value / LARGE
    least, spread = found.information.value / ring, 4 * found.information.stderr / ring
    return [
        same(f"work is the entropy produced, ring of {LARGE}", f"gamma = {help_:g}", exact.work, exact.production,
             units="nats"),
        same(f"entropy produced after is the information gained, ring of {LARGE}", f"gamma = {help_:g}",
             exact.production_after, exact.information, units="nats"),
        Row.compare("entropy produced in all, for each spine", variant, share, exact.production.value / LARGE),
        ruled("least information, for each spine", variant, least, 0.9 * limit - spread < least < limit + spread,
              units="nats", sentence=f"From the active share alone; at most the {limit:.4g} of ten, exactly."),
    ]  # fmt: skip


def _course(help_: float) -> tuple[Any, list[float], list[float]]:
    """Active share and production rate before, during and after, of four spines, by the second route."""
    from scipy.linalg import expm

    rest, pushed = (routes.spine_generator(4, help_, stimulus) for stimulus in (1.0, STIMULUS))
    count = np.array([bin(state).count("1") for state in range(16)]) / 4
    law, dt, active, rates = routes.at_rest(rest), 0.02, [], []
    times = np.arange(-0.3, 5, dt)
    steps = {False: expm(rest * dt), True: expm(pushed * dt)}
    for time in times:
        on = bool(-1e-9 <= time < DURATION - 1e-9)
        active.append(float(law @ count))
        rates.append(max(1e-9, routes.schnakenberg((pushed if on else rest).copy(), law)))
        law = steps[on] @ law
    return times, active, rates
