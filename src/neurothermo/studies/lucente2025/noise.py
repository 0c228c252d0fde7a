"""When the noise matters: never its spectrum where field and noise are the same everywhere; else it does."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.processes import NeuralField, kernels
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.lucente2025 import matrices
from neurothermo.studies.lucente2025.settings import RATE, Settings
from neurothermo.studies.rows import ruled, same

SPECTRA = {
    "white": kernels.delta(1.0),
    "Gaussian on a white floor": kernels.gaussian(2.0, 1.0) + kernels.delta(0.1),
    "Lorentzian": kernels.spectrum(lambda k: 2 / (1 + k**2)),
    "waves near k = 1.5": kernels.spectrum(lambda k: 0.05 + np.exp(-8 * (np.abs(k) - 1.5) ** 2)),
    "rising with k": kernels.spectrum(lambda k: 0.05 + (k / 4) ** 2),
}
COLORS = (EXACT, FORWARD, REVERSE, OTHER, "#CC79A7")
RINGS = ((3, 0.2, 0.1), (8, 0.2, 0.1), (8, 0.0, 0.1), (64, 0.2, 0.1), (64, 0.45, 0.3))
DEPTHS = np.linspace(0.0, 0.9, 10)
SIZES = (3, 4, 6, 8, 12, 16, 32, 64, 128, 256)
TWELVE = 1e-12
UNEVEN = "D_i = 1 + cos(2 pi i/N)/2"
BROKEN = "This noise breaks translation invariance, and the number changes."


def figure_noise(settings: Settings) -> Panel:
    """Five spectra of the noise, one entropy production; rings under a noise that differs from place to place."""
    rows = [*_spectra(settings), *_rings(), *_fading()]
    vanishing = [_chain(n, 0.2, 0.0, 0.5).entropy_production().value for n in SIZES]
    depths = {
        kind: [_chain(8, 0.2, a, depth).entropy_production().value for depth in DEPTHS]
        for kind, a in (("asymmetric, a = 0.1", 0.1), ("symmetric, a = 0", 0.0))
    }

    def draw(figure: Any) -> None:
        left, middle, right = figure.subplots(1, 3)
        k = np.linspace(-4, 4, 401)
        for (name, spectrum), color in zip(SPECTRA.items(), COLORS, strict=True):
            assert spectrum.fourier is not None
            left.plot(k, np.broadcast_to(spectrum.fourier(k), k.shape), color=color, label=name, linewidth=1.2)
        left.set(xlabel="wavenumber k", ylabel="power of the noise", title="one production for all", ylim=(0, 3.6))
        left.legend(fontsize=7, loc="upper center")
        for (kind, values), color in zip(depths.items(), (REVERSE, FORWARD), strict=True):
            middle.plot(DEPTHS, values, "o-", color=color, label=kind, markersize=3)
        middle.set(xlabel="depth c of $D_i$ ∝ 1 + c cos(2πi/N)", ylabel="nats per unit time", ylim=(0, 0.42),
                   title="ring of 8: noise matters")  # fmt: skip
        middle.legend(fontsize=7.5)
        right.loglog(SIZES, vanishing, "o", color=FORWARD, label="c = 0.5", markersize=4)
        right.loglog(SIZES, vanishing[-1] * SIZES[-1] / np.array(SIZES), color=EXACT, linewidth=1, label="1/N")
        right.set(xlabel="N", title="symmetric ring of N")
        right.legend(fontsize=7.5)

    return Panel(
        "noise", "When the noise matters",
        "Left: spectra of the noise under which one field, with a shifted kernel, has the same entropy production to "
        "twelve digits. Middle: rings of nearest neighbours, j = 0.2, under noise that is stronger at some places: the "
        "production depends on it, and a symmetric coupling is no longer enough for equilibrium. Right: the smoother "
        "the noise, the less; with one wave around a symmetric ring of N it falls as 1/N.",
        tuple(rows), draw, (9.6, 3.2),
    )  # fmt: skip


def _spectra(settings: Settings) -> list[Row]:
    """One field under every spectrum, and the same by matrices."""
    length, points = settings.short
    kernel = kernels.gaussian(settings.weight, 1.0, 1.0)
    produced, gaps, rows = {}, [], []
    assert kernel.function is not None
    relaxation = np.eye(points) - matrices.kernel_matrix(kernel.function, length, points)
    for name, spectrum in SPECTRA.items():
        field = NeuralField(length, points, kernel, 1.0, noise=spectrum)
        produced[name] = field.entropy_production().value
        said = field.independent_of_noise().sentence if name == "white" else ""
        rows.append(same(f"noise {name}", "translation-invariant", produced[name], produced["white"], digits=TWELVE,
                         units=RATE, sentence=said))  # fmt: skip
        assert spectrum.fourier is not None
        power = np.broadcast_to(spectrum.fourier(field.wavenumbers), points)
        diffusion = np.fft.ifft(np.fft.fft(np.eye(points), axis=0) * power[:, None], axis=0).real
        gaps.append(abs(matrices.production(relaxation, diffusion) / produced[name] - 1))
    rows.append(ruled("largest relative difference of the five from matrices", "translation-invariant", max(gaps),
                      max(gaps) < 10 * TWELVE))  # fmt: skip
    return rows


def _rings() -> list[Row]:
    """Rings of nearest neighbours: closed form under white noise, matrices under noise that differs."""
    rows = []
    for n, j, a in RINGS:
        white, uneven = (_chain(n, j, a, depth).entropy_production().value for depth in (0.0, 0.5))
        about = f"ring of {n}, j = {j:g}, a = {a:g}"
        rows.append(same(about, "white noise", white, closed_form(n, j, a), digits=1e-12, units=RATE))
        rows.append(same(about, UNEVEN, uneven, matrices.production(
            matrices.chain_matrix(n, j, a), np.diag(_uneven(n, 0.5))), units=RATE))  # fmt: skip
        rows.append(same(about, f"{UNEVEN}, taken for white", uneven, white, digits=1e-6, units=RATE,
                         expected=False, sentence=BROKEN))  # fmt: skip
    limit = 0.1**2 * (1 - np.sqrt(1 - 4 * 0.2**2)) / 0.2**2
    rows.append(same("ring of 64, j = 0.2, a = 0.1, per place", "white noise",
                     _chain(64, 0.2, 0.1, 0.0).entropy_production().value / 64, limit, units=RATE,
                     sentence="Against the limit of many places, a^2 (1 - sqrt(1 - 4 j^2))/j^2."))  # fmt: skip
    return rows


def _fading() -> list[Row]:
    """Symmetric rings under the same noise: out of equilibrium, less the longer they are."""
    rows = []
    for n in (3, 8, 64):
        found = _chain(n, 0.2, 0.0, 0.5).entropy_production()
        exact = matrices.production(matrices.chain_matrix(n, 0.2, 0.0), np.diag(_uneven(n, 0.5)))
        rows.append(same(f"symmetric ring of {n}, j = 0.2", UNEVEN, found, exact, digits=1e-8,
                         units=RATE))  # fmt: skip
    long, longer = (_chain(n, 0.2, 0.0, 0.5).entropy_production().value for n in (128, 256))
    rows.append(same("power of N, symmetric ring of 128 to 256", UNEVEN,
                     np.log(longer / long) / np.log(2), -1.0, digits=0.005))  # fmt: skip
    return rows


def _uneven(n: int, depth: float) -> Array:
    return 1 + depth * np.cos(2 * np.pi * np.arange(n) / n)


def _chain(n: int, j: float, a: float, depth: float) -> NeuralField:
    noise = _uneven(n, depth) if depth else 1.0
    return NeuralField(float(n), n, kernels.nearest(j + a, j - a), 1.0, noise=noise)


def closed_form(n: int, j: float, a: float) -> float:
    """The sum over k of 4 a^2 sin^2 k / (1 - 2 j cos k)."""
    k = 2 * np.pi * np.arange(n) / n
    return float(np.sum(4 * a**2 * np.sin(k) ** 2 / (1 - 2 * j * np.cos(k))))
