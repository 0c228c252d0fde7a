"""A bump held in place: out of equilibrium although kernel and noise are the same both ways and everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.processes import NeuralField
from neurothermo.report import Panel
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.lucente2025 import matrices
from neurothermo.studies.lucente2025.settings import RATE, Settings
from neurothermo.studies.rows import ruled, same

PINS = (0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)


def figure_bump(settings: Settings) -> Panel:
    """The bump, where it produces entropy, what restores equilibrium, and how much the pin matters."""
    bumps = {pin: settings.bump(pin) for pin in PINS}
    bump = bumps[0.1]
    balanced, wrong = (replace(bump, noise=noise) for noise in (0.3 / bump.slopes, 0.3 * bump.slopes))
    rows = [
        same(f"bump pinned by {pin:g} cos(2 pi x/L)", "white noise", field.entropy_production(), by_matrices(field),
             digits=1e-8, units=RATE,
             sentence=f"Slowest rate {slowest(field):.3g}, gain {field.slopes.min():.3g} to {field.slopes.max():.3g}.")
        for pin, field in bumps.items()
    ]  # fmt: skip
    rows += [
        ruled("white noise keeps equilibrium", "white noise", bump.entropy_production(), bump.is_equilibrium(),
              exact=0.0, units=RATE, expected=False, sentence=bump.is_equilibrium().sentence),
        ruled("noise proportional to 1/f' keeps equilibrium", "D proportional to 1/f'", balanced.entropy_production(),
              balanced.is_equilibrium().passed and balanced.entropy_production().value < 1e-12, exact=0.0, units=RATE,
              sentence=balanced.is_equilibrium().sentence),
        ruled("noise proportional to f' keeps equilibrium", "D proportional to f'", wrong.entropy_production(),
              wrong.is_equilibrium(), exact=0.0, units=RATE, expected=False, sentence=wrong.is_equilibrium().sentence),
        same("integral of the map", "white noise", bump.entropy_production_map().attrs["total"],
             bump.entropy_production(), units=RATE),
        same("twice as many points", "white noise", settings.bump(refined=2).entropy_production(),
             bump.entropy_production(), digits=1e-3, units=RATE,
             sentence="The error of the grid is less than a thousandth."),
    ]  # fmt: skip

    def draw(figure: Any) -> None:
        left, middle, right = figure.subplots(1, 3)
        x = bump.positions - bump.grid.lengths[0] / 2
        left.plot(x, _centred(bump.state), color=EXACT, label="potential $u_0$")
        left.plot(x, _centred(bump.slopes), color=OTHER, label="gain $f'(u_0)$")
        left.set(xlabel="x", title="the bump")
        left.legend(fontsize=8)
        for field, name, color in ((bump, "white noise", REVERSE), (balanced, "D ∝ 1/f'", FORWARD)):
            middle.plot(x, _centred(field.entropy_production_map().value.values), color=color, label=name)
        middle.set(xlabel="x", ylabel="nats per unit time and length", title="where entropy is produced")
        low, high = middle.get_ylim()
        middle.set_ylim(low, 1.25 * high)
        middle.legend(fontsize=8)
        right.plot(PINS, [field.entropy_production().value for field in bumps.values()], "o-", color=REVERSE,
                   markersize=4, label="production (nats per unit time)")  # fmt: skip
        right.plot(PINS, [slowest(field) for field in bumps.values()], "s--", color=EXACT, markersize=3,
                   label="slowest rate (per unit time)")  # fmt: skip
        right.set(xlabel="strength of the pin", title="the whole", xlim=(0, None), ylim=(0, 0.75))
        right.legend(fontsize=8)

    return Panel(
        "bump", "A pinned bump is out of equilibrium",
        "A symmetric Mexican hat with a logistic gain, noise the same everywhere, the bump held by an input cos(2 "
        "pi x/L) of strength 0.1 (left, middle). The gain f'(u0) differs between its flanks and elsewhere, so that "
        "A = 1 - J G is not symmetric. Noise in proportion to 1/f'(u0) makes A D symmetric and the production zero; "
        "noise in proportion to f'(u0) does not. Right: a weaker pin lets the bump slide more easily, its slowest "
        "rate goes to zero, and the production does not change by more than a fortieth.",
        tuple(rows), draw, (9.6, 3.1),
    )  # fmt: skip


def _centred(values: Array) -> Array:
    """The ring cut opposite the bump, so that the bump stands in the middle."""
    return np.roll(values, values.size // 2)


def _relaxation(field: NeuralField) -> Array:
    """1 - J G from the kernel's function and the logistic gain written out."""
    kernel = field.coupling.kernel
    assert kernel is not None and kernel.function is not None
    activity = 1 / (1 + np.exp(-5 * (field.state - 0.5)))
    drive = matrices.kernel_matrix(kernel.function, field.grid.lengths[0], field.size)
    return np.asarray(np.eye(field.size) - drive * (5 * activity * (1 - activity)))


def by_matrices(field: NeuralField) -> float:
    """The entropy production under white noise, by the second route."""
    return matrices.production(_relaxation(field), np.eye(field.size))


def slowest(field: NeuralField) -> float:
    """The smallest decay rate."""
    return float(np.linalg.eigvals(_relaxation(field)).real.min())
