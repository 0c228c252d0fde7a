"""A Mexican hat up to its instability: fluctuations grow without bound, and produce no entropy."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.core.errors import InputError
from neurothermo.processes import NeuralField, kernels
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.lucente2025.settings import HAT, RATE, Settings
from neurothermo.studies.rows import ruled, same

GAINS = (0.5, 0.9, 1.05, 1.1)
COLORS = (OTHER, FORWARD, "#CC79A7", REVERSE)
WAVES = 10  # of the critical wavenumber around the ring
SHIFT = 0.3  # of the excitation, where the hat is made to drive one way


def critical() -> tuple[float, float]:
    """k_c and J(k_c): k_c^2 = 2 ln[b s2^2/(a s1^2)]/(s2^2 - s1^2)."""
    a, near, b, far = HAT
    k = np.sqrt(2 * np.log(b * far**2 / (a * near**2)) / (far**2 - near**2))
    return float(k), float(a * np.exp(-((k * near) ** 2) / 2) - b * np.exp(-((k * far) ** 2) / 2))


def figure_instability(settings: Settings) -> Panel:
    """The critical wave and gain, spectra of fluctuations and response, and the limit of long waves."""
    k, top = critical()
    ring = (2 * np.pi * WAVES / k, settings.points)
    fields = {g: NeuralField(*ring, kernels.mexican_hat(*HAT), g) for g in GAINS}
    turned = kernels.gaussian(HAT[0], HAT[1], SHIFT) + kernels.gaussian(-HAT[2], HAT[3])
    rows = [*_onset(ring, fields), *_spectra(fields[0.9]), *_long_waves(settings)]
    rows += _turning(ring, turned)

    def draw(figure: Any) -> None:
        left, middle, right = figure.subplots(1, 3)
        for (g, field), color in zip(fields.items(), COLORS, strict=True):
            modes = field.entropy_production_spectrum()
            left.semilogy(modes.wavenumber, modes.noise / modes.alpha, color=color, label=f"g = {g:g}")
        left.axvline(k, color=EXACT, linestyle=":", linewidth=1)
        left.set(xlim=(0, 3), xlabel="wavenumber k", ylabel="power of the fluctuations", title="$\\Gamma_k/\\alpha_k$")
        left.legend(fontsize=8)
        frequencies = np.linspace(-2, 2, 201)
        power = fields[1.05].power_spectrum(frequencies).response
        shown = power.wavenumber.values[(power.wavenumber > -1e-9) & (power.wavenumber < 2)]
        image = middle.pcolormesh(shown, frequencies, np.log10(power.sel(wavenumber=shown)).T, cmap="viridis",
                                  shading="nearest", rasterized=True)  # fmt: skip
        figure.colorbar(image, ax=middle, label="$\\log_{10} P(k, \\omega)$")
        middle.set(xlabel="wavenumber k", ylabel="frequency ω", title="response at g = 1.05")
        fine = np.linspace(0.3, 1.115, 60)
        right.semilogy(fine, [1 / (1 - g * top) for g in fine], color=FORWARD, label="power at $k_c$")
        right.semilogy(fine, [NeuralField(*ring, turned, g).entropy_production().value for g in fine], color=REVERSE,
                       label=f"production, excitation\\nshifted by {SHIFT:g}".replace("\\n", "\n"))  # fmt: skip
        right.axvline(1 / top, color=EXACT, linestyle=":", linewidth=1, label="critical gain, symmetric")
        right.set(xlabel="gain g", title="up to the instability")
        right.legend(fontsize=7.5, loc="upper left")
        right.set_ylim(None, 3000)

    return Panel(
        "instability", "A Mexican hat up to its instability",
        f"Left: the power of the fluctuations, which grows at k_c = {k:.4f} as the gain nears {1 / top:.5f}. Middle: "
        "the power of the response to a stimulus that is brief and at one place. Right: the symmetric hat produces "
        "no entropy at any gain, however large its fluctuations; with its excitation shifted the critical wave "
        "turns, and what it produces rises with its power.",
        tuple(rows), draw, (9.8, 3.2),
    )  # fmt: skip


def _onset(ring: tuple[float, int], fields: dict[float, NeuralField]) -> list[Row]:
    """Which wave goes first, at which gain, and how it grows before."""
    k, top = critical()
    largest = fields[0.9].coupling.transfer.real
    waves = np.abs(fields[0.9].wavenumbers)
    rows = [
        same("critical wavenumber k_c", "largest mode on the ring", waves[np.argmax(largest)], k),
        same("J at k_c", "largest mode on the ring", largest.max(), top),
        same("critical gain 1/J(k_c)", "largest mode on the ring", 1 / largest.max(), 1.11993, digits=5e-6),
    ]
    for g, stable in ((1.1199, True), (1.12, False)):
        field = NeuralField(*ring, kernels.mexican_hat(*HAT), g)
        try:
            field.modes()
            held, sentence = True, ""
        except InputError as error:
            held, sentence = False, f"Refused: {error}."
        rows.append(ruled(f"stable at g = {g:g}", "symmetric hat", g, held, exact=1 / top, expected=stable,
                          sentence=sentence))  # fmt: skip
    for g, field in fields.items():
        modes = field.entropy_production_spectrum().sel(wavenumber=k, method="nearest")
        said = "It grows as 1/(1 - g/g_c)." if g == GAINS[-1] else ""
        rows.append(same(f"power of the fluctuations at k_c, g = {g:g}", "symmetric hat", modes.noise / modes.alpha,
                         1 / (1 - g * top), sentence=said))  # fmt: skip
    still = fields[GAINS[-1]].entropy_production().value
    rows.append(
        ruled(f"entropy production, g = {GAINS[-1]:g}", "symmetric hat", still, still == 0, exact=0.0, units=RATE)
    )
    return rows


def _spectra(field: NeuralField) -> list[Row]:
    """The spectra over frequency: their integral, their tail, and the printed shape."""
    k, top = critical()
    g = float(field.slopes.flat[0])
    wide = np.concatenate([-np.geomspace(1e4, 1e-3, 4000), [0.0], np.geomspace(1e-3, 1e4, 4000)])
    power = field.power_spectrum(wide).sel(wavenumber=k, method="nearest")
    area = float(np.trapezoid(power.fluctuations, wide)) / (2 * np.pi)
    tail = field.power_spectrum([30.0, 300.0]).response.sel(wavenumber=k, method="nearest")
    at = float(field.power_spectrum([0.3]).response.sel(wavenumber=k, method="nearest")[0])
    return [
        same("integral of S over frequency at k_c, g = 0.9", "symmetric hat", area, 1 / (1 - g * top), digits=1e-3),
        same("response P(k_c, 0.3), g = 0.9", "symmetric hat", at, 1 / ((1 - g * top) ** 2 + 0.3**2)),
        same("power of omega in the response, 30 to 300", "symmetric hat", np.log10(float(tail[1] / tail[0])), -2.0,
             digits=1e-3, sentence="A brief stimulus at one place: 1/omega^2."),
    ]  # fmt: skip


def _turning(ring: tuple[float, int], turned: Any) -> list[Row]:
    """With its excitation shifted the hat's modes turn: production against the sum written out."""
    rows = []
    for g in (0.9, 1.1):
        field = NeuralField(*ring, turned, g)
        k = 2 * np.pi * np.arange(-200, 201) / ring[0]
        hat = HAT[0] * np.exp(-((k * HAT[1]) ** 2) / 2 - 1j * k * SHIFT) - HAT[2] * np.exp(-((k * HAT[3]) ** 2) / 2)
        exact = float(np.sum((g * hat.imag) ** 2 / (1 - g * hat.real)))
        rows.append(same(f"entropy production, g = {g:g}", f"excitation shifted by {SHIFT:g}",
                         field.entropy_production(), exact, units=RATE))  # fmt: skip
    return rows


def _long_waves(settings: Settings) -> list[Row]:
    """The diffusion limit: its constants, the response of long waves, and a spreading stimulus at g J_0 = 1."""
    hat = NeuralField(settings.length, settings.points, kernels.mexican_hat(*HAT), 0.9).diffusion_limit()
    plain = NeuralField(settings.length, settings.points, kernels.gaussian(settings.weight, 1.0), 0.9)
    limit = plain.diffusion_limit()
    wave = 2 * np.pi / settings.length
    response = float(plain.power_spectrum([0.2]).response.sel(wavenumber=wave, method="nearest")[0])
    diffusive = 1 / ((limit.rate + limit.diffusion * wave**2) ** 2 + 0.2**2)
    a, near, b, far = HAT
    return [
        same("diffusion constant, g = 0.9", "symmetric Gaussian", limit.diffusion, 0.9 * settings.weight / 2,
             digits=1e-6),
        same("diffusion constant, g = 0.9", "symmetric hat", hat.diffusion, 0.9 * (a * near**2 - b * far**2) / 2,
             digits=1e-6, sentence="Negative: wide inhibition makes short waves grow first, and no diffusion is left."),
        same("response of the longest wave, against diffusion", "symmetric Gaussian", response, diffusive, digits=1e-3),
        same("variance of a stimulus after t = 4 at g J_0 = 1", "symmetric Gaussian", *spread_after(settings, 4.0),
             digits=1e-5, sentence="From the field's own motion without noise, by Runge and Kutta; s^2 + 2 D t."),
    ]  # fmt: skip


def spread_after(settings: Settings, time: float, steps: int = 200) -> tuple[float, float]:
    """The variance of a stimulus of variance 1 carried by the drift of a field with g J_0 = 1, and 1 + 2 D t."""
    field = NeuralField(settings.length, settings.points, kernels.gaussian(1.0, 1.0), 1.0, at=0.0)
    x, dt = field.positions - settings.length / 2, time / steps
    state = np.exp(-(x**2) / 2)[None]
    for _ in range(steps):
        one = field.drift(state)
        two = field.drift(state + dt / 2 * one)
        three = field.drift(state + dt / 2 * two)
        state = state + dt / 6 * (one + 2 * two + 2 * three + field.drift(state + dt * three))
    return float(np.sum(x**2 * state[0]) / np.sum(state)), 1 + 2 * field.diffusion_limit().diffusion * time
