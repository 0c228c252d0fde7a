"""The nonlinear field in motion beside the linear theory, as its noise shrinks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import Any

import numpy as np

from neurothermo.core.checks import Array
from neurothermo.core.estimate import Estimate
from neurothermo.ensemble import entropy_production, simulate
from neurothermo.processes import NeuralField, kernels
from neurothermo.report import Panel, Row
from neurothermo.report.figures import EXACT, FORWARD, REVERSE
from neurothermo.studies.lucente2025.settings import RATE, Settings
from neurothermo.studies.rows import same
from neurothermo.systems import DriftSystem, gains

RING = (16.0, 16)  # length and points
NOISES = (0.0005, 0.001, 0.002, 0.004, 0.016)  # Gamma_0, of a field whose gain changes over a potential of 1/4
FITTED = 4  # of them, the weakest, are extrapolated to none
SYMMETRIC = (0.002, 0.004, 0.008, 0.012)
CHECKED = 0.002  # the noise at which the step is halved
PAIR_NOISE, PAIR_WEAKER = 0.02, 0.001
TICKS = (0.0, 0.005, 0.01, 0.015)


def figure_nonlinear(settings: Settings) -> Panel:
    """Simulated over linear entropy production against the noise, for a shifted and for a symmetric kernel."""
    driven = [_ratio(settings, noise, settings.dt) for noise in NOISES]
    still = [_measured(settings, _field(noise, 0.0), settings.dt) for noise in SYMMETRIC]
    line = _extrapolated(NOISES[:FITTED], driven[:FITTED], 2)
    rows = [*_driven_rows(settings, driven, line), *_symmetric_rows(still), *_pair_rows(settings)]
    rise = production_by_triads(_field(1.0, 0.0))

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        _points(left, NOISES, driven, REVERSE, "simulated / linear")
        left.plot(0, line.estimate.value, "s", color=EXACT, markersize=4, label="extrapolated to no noise")
        fine = np.linspace(0, 1.3 * NOISES[FITTED - 1], 50)
        left.plot(fine, np.polynomial.polynomial.polyval(fine, line.coefficients), color=REVERSE, linewidth=1)
        left.axhline(1, color=EXACT, linestyle="--", linewidth=1, label="linear theory")
        left.set(
            xlabel="noise $\\Gamma_0$", ylabel="ratio of entropy productions", title="shifted kernel", xticks=TICKS
        )
        left.legend()
        _points(right, SYMMETRIC, still, FORWARD, "simulated")
        right.axhline(0, color=EXACT, linestyle="--", linewidth=1, label="linear theory: equilibrium")
        right.plot([0, SYMMETRIC[-1]], [0, rise * SYMMETRIC[-1]], color=FORWARD, linewidth=1,
                   label="first order in the noise")  # fmt: skip
        right.set(xlabel="noise $\\Gamma_0$", ylabel=RATE, title="symmetric kernel", xlim=(0, None), xticks=TICKS)
        right.legend(loc="upper left")

    return Panel(
        "nonlinear", "The nonlinear field beside the linear theory",
        f"A ring of {RING[1]} places with a logistic gain, u* = 0.534 and f'(u*) = 0.465, in {settings.trials} "
        f"stationary runs of {settings.time:g} time units. Left: kernel shifted by 1. The steps of {settings.dt:g} "
        "have a linear theory of their own, sum of omega_k^2/(alpha_k - |a_k|^2 dt/2), which is divided by; the "
        "curve is a parabola through the four weakest noises. Right: the same kernel without shift. Its "
        "linearization is in equilibrium; the field itself is not, for f' differs from place to place as soon as it "
        "fluctuates; the line is derived from f'' alone.",
        tuple(rows), draw, (8.2, 3.5),
    )  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A polynomial in the noise, and its value at none with an error."""

    coefficients: Array
    estimate: Estimate


def _field(noise: float, shift: float) -> NeuralField:
    """One stable homogeneous state, on the rising flank of the gain, where f'' is not zero."""
    return NeuralField(
        *RING, kernels.gaussian(1.0, 1.0, shift), gains.logistic(slope=4.0, threshold=1.0), noise=noise, input=0.4
    )


def stepped(field: NeuralField, dt: float) -> float:
    r"""What linear theory gives for Euler-Maruyama steps, whose flow is the log ratio of the step itself.

    .. math:: \sigma_{dt} = \sum_k \frac{\omega_k^2}{\alpha_k - (\alpha_k^2 + \omega_k^2)\, dt/2}
    """
    modes = field.modes()
    return float(np.sum(modes.omega**2 / (modes.alpha - (modes.alpha**2 + modes.omega**2) * dt / 2)))


def _measured(settings: Settings, field: Any, dt: float) -> Estimate:
    """Entropy production of stationary runs of the nonlinear field."""
    steps = max(1, round(settings.time / dt))
    ledger = simulate(
        field, steps, dt=dt, trials=settings.trials, seed=settings.seed, initial="stationary", record="states",
        every=steps, progress=False,
    )  # fmt: skip
    return entropy_production(ledger)


def _ratio(settings: Settings, noise: float, dt: float) -> Estimate:
    """Simulated over linear, both at the same step."""
    field = _field(noise, 1.0)
    return _measured(settings, field, dt).scaled(1 / stepped(field, dt), "of the linear theory")


def _extrapolated(noises: Any, estimates: list[Estimate], degree: int) -> Line:
    """Weighted least squares; NaN where an error is unknown."""
    values, errors = (np.array([getattr(one, name) for one in estimates]) for name in ("value", "stderr"))
    if not np.all(errors > 0):
        return Line(np.full(degree + 1, np.nan), Estimate(np.nan, np.nan))
    design = np.vander(np.asarray(noises) / max(noises), degree + 1, increasing=True)
    spread = np.linalg.inv((design / errors[:, None] ** 2).T @ design)
    found = spread @ design.T @ (values / errors**2)
    estimate = Estimate(float(found[0]), float(np.sqrt(spread[0, 0])), units=estimates[0].units)
    return Line(found / max(noises) ** np.arange(degree + 1), estimate)


def _driven_rows(settings: Settings, driven: list[Estimate], line: Line) -> list[Row]:
    """The ratio goes to 1 with the noise; the step does not matter."""
    rows = [
        Row(f"simulated over linear entropy production, noise {noise:g}", "shifted kernel", ratio.value, ratio.stderr,
            units=ratio.units)
        for noise, ratio in zip(NOISES[:-1], driven[:-1], strict=True)
    ]  # fmt: skip
    rows += [
        Row.compare(f"simulated over linear entropy production, noise {NOISES[-1]:g}", "shifted kernel", driven[-1],
                    1.0, expected=False, sentence="Fluctuations reach where the gain is steeper: linear theory is too "
                    "low."),
        Row.compare("the same, extrapolated to no noise", "shifted kernel", line.estimate, 1.0),
    ]  # fmt: skip
    half = _ratio(settings, CHECKED, settings.dt / 2)
    whole = driven[NOISES.index(CHECKED)]
    change = Estimate(whole.value - half.value, float(np.hypot(whole.stderr, half.stderr)), units=whole.units)
    rows.append(Row.compare(f"change of that ratio with the step, dt less dt/2, noise {CHECKED:g}", "shifted kernel",
                            change, 0.0, sentence="Each over the linear theory of its own step."))  # fmt: skip
    field = _field(CHECKED, 1.0)
    continuous = field.entropy_production().value
    rows.append(Row("linear theory of the step over that of continuous time", "shifted kernel",
                    stepped(field, settings.dt) / continuous, nan, 1.0, "", None, True,
                    "What the step itself adds; divided out above."))  # fmt: skip
    return rows


def _symmetric_rows(still: list[Estimate]) -> list[Row]:
    """Linear theory says equilibrium; the field itself is out of it, in proportion to the noise."""
    rows = [
        Row(f"simulated entropy production, noise {noise:g}", "symmetric kernel", one.value, one.stderr, 0.0, RATE)
        for noise, one in zip(SYMMETRIC[:-1], still[:-1], strict=True)
    ]
    rows.append(
        Row.compare(f"simulated entropy production, noise {SYMMETRIC[-1]:g}", "symmetric kernel", still[-1], 0.0,
                    expected=False, sentence="The linearization is in equilibrium, the nonlinear field is not.")
    )  # fmt: skip
    slopes = [one.scaled(1 / noise, f"{RATE} and noise") for noise, one in zip(SYMMETRIC, still, strict=True)]
    rows.append(
        Row.compare("entropy production over noise, extrapolated to no noise", "symmetric kernel",
                    _extrapolated(SYMMETRIC, slopes, 1).estimate, production_by_triads(_field(1.0, 0.0)),
                    sentence="Against the first order in the noise, a sum over triads of waves.")
    )  # fmt: skip
    return rows


def production_by_triads(field: NeuralField) -> float:
    r"""The entropy production of a field with a symmetric kernel, to first order in its white noise, tau = 1.

    .. math:: \sigma = \frac{D f''^2}{2 N} \sum_{k, p} \frac{(\hat J_k - \bar J)^2}{\alpha_p\, \alpha_q}, \qquad
              \bar J = \frac{\alpha_k \hat J_k + \alpha_p \hat J_p + \alpha_q \hat J_q}
                           {\alpha_k + \alpha_p + \alpha_q}, \qquad q = k - p

    The quadratic part of the drift, f'' J phi^2/2, less its projection on gradients of cubic functions, which is what
    the law answers with.
    """
    alpha, coupling, n = field.modes().alpha, field.coupling.transfer.real, field.size
    curvature = float(field.gain.second(field.state[:1])[0])
    k, p = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    triad = (k, p, (k - p) % n)
    mean = sum(alpha[i] * coupling[i] for i in triad) / sum(alpha[i] for i in triad)
    spread = np.sum((coupling[k] - mean) ** 2 / (alpha[triad[1]] * alpha[triad[2]]))
    return float(np.asarray(field.noise.diffusion) * curvature**2 / (2 * n) * spread)


def _pair_rows(settings: Settings) -> list[Row]:
    """Two places that drive each other alike: the Fokker-Planck equation on a grid beside the other two."""
    more = replace(settings, trials=3 * settings.trials)  # two variables are moved fast, and produce little
    whole, half = (_measured(more, _pair(PAIR_NOISE), dt) for dt in (settings.dt, settings.dt / 2))
    both = Estimate(2 * half.value - whole.value, float(np.hypot(2 * half.stderr, whole.stderr)), units=RATE)
    strong, weak = (_on_a_grid(noise) for noise in (PAIR_NOISE, PAIR_WEAKER))
    first = production_by_triads(_pair(PAIR_WEAKER))
    return [
        Row.compare(f"two places, noise {PAIR_NOISE:g}: simulated, extrapolated to dt = 0", "symmetric kernel", both,
                    strong, sentence="Against the Fokker-Planck equation on a grid; linear theory: 0."),
        same(f"two places, noise {PAIR_WEAKER:g}: Fokker-Planck equation", "symmetric kernel", weak, first, digits=0.01,
             units=RATE, sentence="Against the first order in the noise: within a hundredth."),
    ]  # fmt: skip


def _pair(noise: float) -> NeuralField:
    gain = gains.logistic(slope=4.0, threshold=1.0)
    return NeuralField(2.0, 2, np.array([0.0, 0.9]), gain, noise=noise, input=0.4)


def _on_a_grid(noise: float) -> Estimate:
    """The stationary entropy production of the pair, without sampling."""
    from neurothermo import exact
    from neurothermo.dynamics import Langevin

    field = _pair(noise)
    system = DriftSystem(field.drift, field.size, name="a field of two places")
    return exact.entropy_production(system, Langevin(dt=0.1), temperature=noise / field.dx)


def _points(axes: Any, noises: Any, estimates: list[Estimate], color: str, label: str) -> None:
    values, errors = [one.value for one in estimates], [4 * one.stderr for one in estimates]
    axes.errorbar(noises, values, errors, fmt="o", color=color, capsize=2, markersize=4, label=f"{label} (4 s.e.)")
