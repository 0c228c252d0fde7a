"""Equilibrium or not: kernels by noises, one table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.processes import NeuralField, kernels
from neurothermo.report import Panel, Row
from neurothermo.report.figures import OTHER, REVERSE
from neurothermo.studies.lucente2025 import matrices
from neurothermo.studies.lucente2025.settings import HAT, RATE, Settings
from neurothermo.studies.rows import ruled, same

NOISES = ("white", "correlated in space", "stronger at some places", "D proportional to 1/f'")
NOTHING = 1e-9  # nats per unit time: what rounding may leave of an entropy production that is zero


@dataclass(frozen=True)
class Cell:
    """One kernel under one noise: the library's number and verdict, and those of matrices."""

    kernel: str
    noise: str
    produced: float
    balanced: bool
    matrix: float
    matrix_balanced: bool
    sentence: str


def figure_table(settings: Settings) -> Panel:
    """Entropy production of five fields under four noises, and whether A D = D A^T."""
    cells = [cell for name, field in _fields(settings).items() for cell in _cells(settings, name, field)]
    rows = [_row(cell) for cell in cells]
    gap = max(abs(cell.produced - cell.matrix) for cell in cells)
    rows.append(ruled("largest difference of the two routes", "matrices", gap, gap < NOTHING, units=RATE))
    names = list(_fields(settings))

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        values = np.array([cell.produced for cell in cells]).reshape(len(names), len(NOISES))
        axes.imshow(np.sqrt(np.maximum(values, 0.0)), cmap="Oranges", vmin=0, vmax=2.2 * np.sqrt(values.max()))
        for place, cell in enumerate(cells):
            row, column = divmod(place, len(NOISES))
            word = "equilibrium" if cell.balanced else "out of equilibrium"
            number = "0" if cell.produced < NOTHING else f"{cell.produced:.4f}"
            axes.text(column, row, f"{number}\n{word}", ha="center", va="center", fontsize=8.5,
                      color=OTHER if cell.balanced else "#7a2f00",
                      fontweight="normal" if cell.balanced else "bold")  # fmt: skip
        axes.set_xticks(range(len(NOISES)), [name.replace(" at", "\nat").replace(" in", "\nin") for name in NOISES])
        axes.set_yticks(range(len(names)), [name.replace(", ", ",\n") for name in names])
        axes.set_aspect("auto")
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
        axes.set_title("entropy production, nats per unit time", color=REVERSE)

    return Panel(
        "table", "Equilibrium or not: kernel by noise",
        "A ring of length 16, linearized. In equilibrium exactly where A D = D A^T: under noise that is the same "
        "everywhere, a homogeneous state is in equilibrium if and only if its kernel is symmetric, however the "
        "noise is correlated. A bump is out of equilibrium although its kernel is symmetric, for the gain f' "
        "differs from place to place; noise in proportion to 1/f' makes up for that. About a homogeneous state 1/f' "
        "is a constant, and that noise is white.",
        tuple(rows), draw, (8.2, 4.6),
    )  # fmt: skip


def _fields(settings: Settings) -> dict[str, NeuralField]:
    """Four kernels about a homogeneous state, gain 1, and one about a bump."""
    ring, w = settings.short, settings.weight
    uneven = kernels.gaussian(0.6 * w, 1.0, -0.5) + kernels.gaussian(0.4 * w, 0.5, 1.5)
    return {
        "symmetric Gaussian": NeuralField(*ring, kernels.gaussian(w, 1.0), 1.0),
        "Mexican hat": NeuralField(*ring, kernels.mexican_hat(*HAT), 1.0),
        "Gaussian, shifted by 1": NeuralField(*ring, kernels.gaussian(w, 1.0, 1.0), 1.0),
        "two unequal lobes": NeuralField(*ring, uneven, 1.0),
        "Mexican hat, about a bump": settings.bump(),
    }


def _cells(settings: Settings, name: str, field: NeuralField) -> list[Cell]:
    """One field under every noise; about a homogeneous state 1/f' is a constant, and that noise is white."""
    size, dx = field.size, field.dx
    correlated = kernels.gaussian(1.0, 1.0) + kernels.delta(0.3)
    uneven = 1 + 0.5 * settings.wave()
    floor = matrices.kernel_matrix(lambda z: np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), field.grid.lengths[0], size)
    noises: list[tuple[Any, Array]] = [
        (1.0, np.eye(size) / dx),
        (correlated, (floor + 0.3 * np.eye(size)) / dx),
        (uneven, np.diag(uneven) / dx),
        (1 / field.slopes, np.diag(1 / field.slopes) / dx),
    ]
    drive = matrices.kernel_matrix(field.coupling.kernel.function, field.grid.lengths[0], size)  # type: ignore
    relaxation = np.eye(size) - drive * field.slopes
    found = []
    for noise, (given, diffusion) in zip(NOISES, noises, strict=True):
        noisy = replace(field, noise=given)
        verdict, matrix = noisy.is_equilibrium(), matrices.production(relaxation, diffusion)
        found.append(
            Cell(name, noise, noisy.entropy_production().value, verdict.passed is True,
                 matrix if abs(matrix) > NOTHING else 0.0, matrices.in_balance(relaxation, diffusion),
                 verdict.sentence)
        )  # fmt: skip
    return found


def _row(cell: Cell) -> Row:
    quantity = f"entropy production, {cell.kernel}, noise {cell.noise}"
    row = same(quantity, "equilibrium" if cell.balanced else "out of equilibrium", cell.produced, cell.matrix,
               digits=1e-8, scale=0.1, units=RATE, sentence=cell.sentence)  # fmt: skip
    return replace(row, verdict=row.verdict and cell.balanced == cell.matrix_balanced == (cell.produced < NOTHING))
