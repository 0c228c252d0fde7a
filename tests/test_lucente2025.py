"""The study of the linearized stochastic field: every row as expected, printed digits, and rows that can fail."""

from dataclasses import replace

import numpy as np
import pytest

from neurothermo.processes import NeuralField
from neurothermo.report.figures import png
from neurothermo.studies import lucente2025
from neurothermo.studies.lucente2025 import instability, matrices, nonlinear, shifted

SMALL = lucente2025.Settings(time=20.0, dt=0.2, seed=2)
PANELS = {}
SLOW = [pytest.param(name, marks=[pytest.mark.slow] if name == "nonlinear" else []) for name in lucente2025.FIGURES]


def panel(name):
    """Each is made once."""
    if name not in PANELS:
        PANELS[name] = lucente2025.FIGURES[name](SMALL)
    return PANELS[name]


def row(name, quantity, variant=""):
    (found,) = [one for one in panel(name).rows if one.quantity == quantity and one.variant.startswith(variant)]
    return found


def wrong(name):
    """The rows of a panel, made anew, that are not as expected."""
    return [one.quantity for one in lucente2025.FIGURES[name](SMALL).rows if one.as_expected is False]


@pytest.mark.parametrize("name", SLOW)
def test_every_row_is_as_expected(name):
    rows = panel(name).rows
    assert [one.quantity for one in rows if one.as_expected is False] == []
    assert sum(one.verdict is not None for one in rows) >= 6, "too little was judged"
    assert panel(name).name == name and panel(name).caption.endswith(".")


@pytest.mark.parametrize("name", SLOW)
def test_every_panel_draws(name):
    assert len(png(panel(name).draw, panel(name).size)) > 15_000


def test_the_study_says_that_it_is_a_reconstruction():
    assert "reconstruction" in lucente2025.INTRODUCTION and "not the paper's own" in lucente2025.INTRODUCTION


# -- printed digits --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weight", "shift", "tau", "whole", "first"),
    [
        (0.5, 0.5, 1, 0.0107198186361, 0.0077998934),
        (0.5, 1, 1, 0.0288666856551, 0.0222897397),
        (0.01, 1, 1, 8.952007003e-6, 8.915895871e-6),
        (0.9, 1, 10, 0.0144776152823, 0.0072218757),
    ],
)
def test_densities_of_shifted_kernels(weight, shift, tau, whole, first):
    assert shifted.density(weight, shift, tau) == pytest.approx(whole, rel=1e-9)
    assert shifted.leading(weight, shift, tau) == pytest.approx(first, rel=1e-8)
    found = row("spectrum", f"entropy production per length, J0 = {weight:g}, shift {shift:g}, tau = {tau:g}")
    assert found.exact == pytest.approx(whole, rel=1e-9) and found.value == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize(
    ("about", "white", "uneven"),
    [
        ("3, j = 0.2, a = 0.1", 0.05, 0.0769622834),
        ("8, j = 0.2, a = 0.1", 0.1669565217391, 0.1865060079),
        ("8, j = 0, a = 0.1", 0.16, 0.1636571591),
        ("64, j = 0.2, a = 0.1", 1.3357577761413, 1.3383657959),
        ("64, j = 0.45, a = 0.3", 16.045798560593, 16.0968045606),
    ],
)
def test_rings(about, white, uneven):
    assert row("noise", f"ring of {about}", "white").value == pytest.approx(white, abs=1e-12)
    (found,) = [one for one in panel("noise").rows if one.quantity == f"ring of {about}" and one.variant[-1] == "2"]
    assert found.value == pytest.approx(uneven, abs=0.6e-10)


@pytest.mark.parametrize(("n", "printed"), [(3, 0.0222222222), (8, 0.0150381528), (64, 0.0019898616)])
def test_symmetric_rings(n, printed):
    assert row("noise", f"symmetric ring of {n}, j = 0.2").value == pytest.approx(printed, abs=0.6e-10)


@pytest.mark.parametrize(
    ("time", "total", "shannon", "flow", "housekeeping", "excess"),
    [
        (0, 10.2516304348, 7, 3.2516304348, 0.1796656254, 10.0719648094),
        (0.25, 2.7758305161, 1.4382064181, 1.3376240980, 0.1246589917, 2.6511715244),
        (1, 0.3376671600, 0.1270987499, 0.2105684101, 0.0922685350, 0.2453986250),
        (10, 0.0887681162, 1e-10, 0.0887681161, 0.0887681159, 2e-10),
    ],
)
def test_the_balance_of_two_variables(time, total, shannon, flow, housekeeping, excess):
    printed = {
        "total": total, "dS/dt": shannon, "flow into the bath": flow, "housekeeping": housekeeping, "excess": excess,
    }  # fmt: skip
    for part, value in printed.items():
        assert row("transient", f"{part} at t = {time:g}", "two").value == pytest.approx(value, abs=0.6e-10), part


def test_the_pair_of_variables_has_its_printed_production():
    from neurothermo.studies.lucente2025.transient import DIFFUSION, RELAXATION

    assert matrices.production(RELAXATION, DIFFUSION) == pytest.approx(0.0887681159420, abs=1e-13)
    printed = [[0.9108527132, 0.1782945736], [0.1782945736, 0.2767441860]]
    np.testing.assert_allclose(matrices.covariance(RELAXATION, DIFFUSION), printed, atol=0.6e-10)


def test_the_instability_of_the_hat():
    assert instability.critical() == pytest.approx((0.6797779934, 0.8929130917), abs=0.6e-10)
    assert 1 / instability.critical()[1] == pytest.approx(1.11993, abs=5e-6)


def test_the_bump_is_that_of_the_library():
    field = lucente2025.Settings().bump()
    assert field.size == 64 and field.entropy_production().value == pytest.approx(0.482045, abs=5e-7)


# -- the second route, and the theory beside the simulation ----------------------------------------


def test_the_second_route_solves_its_equation():
    rng = np.random.default_rng(1)
    relaxation = np.eye(5) * 3 + rng.normal(size=(5, 5))
    root = rng.normal(size=(5, 5))
    diffusion = root @ root.T + np.eye(5)
    spread = matrices.covariance(relaxation, diffusion)
    np.testing.assert_allclose(relaxation @ spread + spread @ relaxation.T, 2 * diffusion, atol=1e-12)
    assert matrices.production(relaxation, diffusion) > 0 and not matrices.in_balance(relaxation, diffusion)
    symmetric = root @ root.T + np.eye(5)
    assert matrices.in_balance(diffusion @ symmetric, diffusion)  # A = D S
    assert matrices.production(diffusion @ symmetric, diffusion) == pytest.approx(0, abs=1e-9)


def test_linear_theory_of_a_step_is_that_of_the_steps_own_chain():
    """x' = (1 - A dt) x + noise: the mean log ratio of forward to backward step, from its own covariance."""
    field, dt = nonlinear._field(0.002, 1.0), 0.2
    relaxation = np.eye(16) - field.slopes[0] * field.coupling.matrix()
    diffusion, move = 0.002 * np.eye(16), np.eye(16) - dt * relaxation
    spread = 2 * dt * diffusion
    for _ in range(60):  # doubling: C = sum of M^n 2 D dt M^nT
        spread, move = spread + move @ spread @ move.T, move @ move
    move = np.eye(16) - dt * relaxation
    back = spread + move @ spread @ move.T - move @ move @ spread - (move @ move @ spread).T
    # <|x - M x'|^2> with <x x^T> = <x' x'^T> = C, <x' x^T> = M C
    expected = (np.trace(back) - 16 * 2 * 0.002 * dt) / (4 * 0.002 * dt) / dt
    assert nonlinear.stepped(field, dt) == pytest.approx(expected, rel=1e-9)
    assert nonlinear.stepped(field, 1e-9) == pytest.approx(field.entropy_production().value, rel=1e-8)


def test_first_order_in_the_noise_is_the_limit_of_the_grid():
    """Two places: the Fokker-Planck production over the noise tends to the sum over triads."""
    theory = nonlinear.production_by_triads(nonlinear._pair(1.0))
    ratios = [float(nonlinear._on_a_grid(noise)) / noise / theory for noise in (0.02, 0.005, 0.001)]
    assert ratios == sorted(ratios) and ratios[0] < 0.9 and ratios[-1] == pytest.approx(1, abs=0.006)


# -- rows that must fail ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["table", "noise", "bump", "transient", "instability"])
def test_a_wrong_library_is_noticed(name, monkeypatch):
    """Five thousandths too much, as if a factor were off."""
    true = NeuralField.entropy_production

    def off(self):
        found = true(self)
        return replace(found, value=1.005 * found.value)

    monkeypatch.setattr(NeuralField, "entropy_production", off)
    assert wrong(name)


def test_a_wrong_second_route_is_noticed(monkeypatch):
    monkeypatch.setattr(matrices, "covariance", lambda relaxation, diffusion: np.linalg.inv(relaxation) @ diffusion)
    noticed = wrong("table")  # what holds at equilibrium only
    assert len(noticed) >= 10 and not [one for one in noticed if "symmetric Gaussian, noise white" in one]


def test_the_nonlinear_field_tends_to_the_linear_theory():
    """Three noises, a parabola to none; a linear theory that is a tenth too large would be noticed."""
    noises = (0.001, 0.004, 0.016)
    ratios = [nonlinear._ratio(SMALL, noise, SMALL.dt) for noise in noises]
    line = nonlinear._extrapolated(noises, ratios, 2).estimate
    assert line.stderr < 0.1 / 4 / 1.2 and abs(line.value - 1) < 4 * line.stderr
    assert abs(line.value / 1.1 - 1) > 4 * line.stderr / 1.1
    assert ratios[0].value < ratios[1].value < ratios[2].value and ratios[2].value - 1 > 10 * ratios[2].stderr


def test_a_symmetric_kernel_out_of_its_linear_equilibrium():
    """At a noise of 0.016 in proportion to the first order, within the next one; linear theory says zero."""
    found = nonlinear._measured(SMALL, nonlinear._field(0.016, 0.0), SMALL.dt)
    first = nonlinear.production_by_triads(nonlinear._field(0.016, 0.0))
    assert nonlinear._field(0.016, 0.0).entropy_production().value == 0
    assert found.value > 10 * found.stderr and found.value == pytest.approx(first, rel=0.2)


@pytest.mark.slow
def test_two_trials_do_not_fail():
    rows = lucente2025.FIGURES["nonlinear"](replace(SMALL, trials=2, time=1.0)).rows
    assert all(np.isfinite(one.value) or one.verdict is None for one in rows)
