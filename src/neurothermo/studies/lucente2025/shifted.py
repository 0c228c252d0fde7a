"""Which waves produce entropy: kernels that drive one way more than the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurothermo.processes import NeuralField, kernels
from neurothermo.report import Panel
from neurothermo.report.figures import EXACT, FORWARD, OTHER, REVERSE
from neurothermo.studies.lucente2025.settings import DENSITY, RATE, Settings
from neurothermo.studies.rows import ruled, same

SHIFTS = (0.25, 0.5, 1.0, 2.0)
COLORS = (OTHER, FORWARD, REVERSE, "#CC79A7")
OTHERS = ((0.01, 1.0, 1.0), (0.9, 1.0, 10.0))  # weight, shift, tau
WEAK = 0.01  # the weight at which the leading order must be good to a hundredth
FURTHEST = 12.0  # the wavenumber at which exp(-k^2) is nothing


def figure_spectrum(settings: Settings) -> Panel:
    """sigma_k of shifted Gaussian kernels; the density from the sum, by quadrature, and to leading order."""
    w = settings.weight
    fields = {a: _field(settings, w, a) for a in SHIFTS}
    cases = [(w, a, 1.0) for a in SHIFTS] + list(OTHERS)
    rows = [
        same(f"entropy production per length, J0 = {weight:g}, shift {a:g}, tau = {tau:g}", "sum over modes",
             _field(settings, weight, a, tau).density(), density(weight, a, tau), digits=1e-5, units=DENSITY,
             sentence="Against the integral over all wavenumbers, of an endless line." if weight == w else "")
        for weight, a, tau in cases
    ]  # fmt: skip
    for weight, a, tau in cases:
        first = leading(weight, a, tau)
        rows.append(
            same(f"leading order, J0 = {weight:g}, shift {a:g}, tau = {tau:g}", "leading order in J0", first,
                 density(weight, a, tau), digits=0.01, units=DENSITY, expected=weight <= WEAK,
                 sentence="Of order J0 relative to the whole: not within a hundredth unless J0 is small.")
        )  # fmt: skip
    mirrored = _field(settings, w, -1.0).entropy_production()
    rows.append(same("shift -1 against shift 1", "mirror image", mirrored, fields[1.0].entropy_production(),
                     units=RATE))  # fmt: skip
    still = _field(settings, w, 0.0).entropy_production().value
    rows.append(ruled("no shift", "symmetric kernel", still, still == 0, exact=0.0, units=RATE))

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        for (a, field), color in zip(fields.items(), COLORS, strict=True):
            table = field.entropy_production_spectrum()
            left.plot(table.wavenumber, table.value, color=color, label=f"shift {a:g}")
        left.set(xlim=(-4, 4), xlabel="wavenumber k", ylabel="nats per unit time and mode", title="each mode")
        left.legend()
        fine = np.linspace(0.0, 3.0, 61)
        right.plot(fine, [density(w, a) for a in fine], color=EXACT, label="integral over k")
        right.plot(fine, [leading(w, a) for a in fine], "--", color=OTHER, label="leading order in $J_0$")
        right.plot(SHIFTS, [field.density().value for field in fields.values()], "o", color=REVERSE,
                   label=f"sum over {settings.points} modes")  # fmt: skip
        right.set(xlabel="shift a (widths of the kernel)", ylabel="nats per unit time and length", title="whole ring")
        right.legend()

    return Panel(
        "spectrum", "Which waves produce entropy",
        f"Gaussian kernels of weight {w:g} and width 1, shifted; gain 1, white noise, ring of length "
        f"{settings.length:g}. A mode that decays at alpha_k and turns at omega_k adds omega_k^2/alpha_k. Right: the "
        "sum per length against its integral on an endless line, and against the closed form to leading order in "
        "the weight.",
        tuple(rows), draw, (8.0, 3.4),
    )  # fmt: skip


def _field(settings: Settings, weight: float, shift: float, tau: float = 1.0) -> NeuralField:
    return NeuralField(settings.length, settings.points, kernels.gaussian(weight, 1.0, shift), 1.0, tau)


def density(weight: float, shift: float, tau: float = 1.0) -> float:
    r"""The integral over wavenumber, by adaptive quadrature, for a width and a gain of 1.

    .. math:: \frac{\sigma}{L} = \frac{1}{\tau} \int \frac{dk}{2 \pi}\,
              \frac{(\mathrm{Im} \hat J_k)^2}{1 - \mathrm{Re} \hat J_k}, \qquad \hat J_k = J_0\, e^{-k^2/2 - i k a}
    """
    from scipy.integrate import quad

    def rate(k: float) -> float:
        size = weight * np.exp(-k * k / 2)
        return float((size * np.sin(k * shift)) ** 2 / (1 - size * np.cos(k * shift)))

    return float(quad(rate, 0.0, FURTHEST, epsabs=1e-15, epsrel=1e-12, limit=400)[0] / (np.pi * tau))


def leading(weight: float, shift: float, tau: float = 1.0) -> float:
    r""":math:`J_0^2\,(1 - e^{-a^2}) / (4 \sqrt\pi\, \tau)`, for a width and a gain of 1."""
    return float(weight**2 * (1 - np.exp(-(shift**2))) / (4 * np.sqrt(np.pi) * tau))
