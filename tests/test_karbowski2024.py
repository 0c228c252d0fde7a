"""The study of information thermodynamics: every row as expected, printed digits, and rows that can fail."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurothermo.processes.bcm import BCM
from neurothermo.processes.learner import LinearLearner
from neurothermo.processes.neurons import VelocityNeurons
from neurothermo.processes.particle import BrownianParticle
from neurothermo.processes.spines import SpineNetwork
from neurothermo.report.figures import png
from neurothermo.studies import karbowski2024
from neurothermo.studies.karbowski2024 import bistability, inference, learning, routes

SMALL = karbowski2024.Settings(trials=2000, ring=200, seed=2)
PANELS = {}


def panel(name):
    """Each is made once."""
    if name not in PANELS:
        PANELS[name] = karbowski2024.FIGURES[name](SMALL)
    return PANELS[name]


def row(name, quantity, variant=""):
    (found,) = [one for one in panel(name).rows if one.quantity == quantity and one.variant.startswith(variant)]
    return found


def wrong(name):
    """The rows of a panel, made anew, that are not as expected."""
    return [f"{one.quantity}, {one.variant}" for one in karbowski2024.FIGURES[name](SMALL).rows if not one.as_expected]


@pytest.mark.parametrize("name", karbowski2024.FIGURES)
def test_every_row_is_as_expected(name):
    rows = panel(name).rows
    assert [(one.quantity, one.variant) for one in rows if not one.as_expected] == []
    assert len(rows) >= 20 and any(not one.expected for one in rows), "nothing is shown to fail"
    assert panel(name).name == name and panel(name).caption.endswith(".")


@pytest.mark.parametrize("name", karbowski2024.FIGURES)
def test_every_panel_draws(name):
    assert len(png(panel(name).draw, panel(name).size)) > 15_000


def test_the_study_says_that_it_is_a_reconstruction():
    assert "reconstruction" in karbowski2024.INTRODUCTION and "not the paper's own" in karbowski2024.INTRODUCTION


# -- printed digits --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "entropy", "change", "even", "odd", "heat", "divergence"),
    [
        (0, 0.7257913526, 3, 4.5, 6.25, 3.25, 1.4431471806),
        (0.5, 1.2575190302, 0.3810429935, 0.9328621553, 2.0926581448, 1.7116151513, 0.4373290839),
        (2, 1.4120225577, 0.0139280551, 0.0414015134, 0.4944044383, 0.4804763832, 0.0206527047),
    ],
)
def test_the_particle(time, entropy, change, even, odd, heat, divergence):
    at = f"at t = {time:g}"
    assert row("particle", f"entropy H {at}").value == pytest.approx(entropy, abs=6e-11)
    assert row("particle", f"dH/dt {at}").value == pytest.approx(change, abs=6e-11)
    assert row("particle", f"D(p || stationary law) {at}").value == pytest.approx(divergence, abs=6e-11)
    assert row("particle", f"heat over kT {at}").value == pytest.approx(heat, abs=1.1e-10)
    assert row("particle", f"entropy production {at}", "even").value == pytest.approx(even, abs=6e-11)
    assert row("particle", f"entropy production {at}", "odd velocity").value == pytest.approx(odd, abs=6e-11)


@pytest.mark.parametrize(
    ("name", "information", "mmse", "even", "odd", "flow", "efficiency", "filtered", "transfer"),
    [
        ("N = 1", 1.14730703, 0.10080029, 90.90909091, 909.09090909, 8.9206066, 0.09812667, 0.06127717, 15.31929202),
        ("N = 10", 1.19348364, 0.09190799, 909.09090909, 9090.90909091, 9.8804466, 0.01086849, 0.01980100, 49.50249994),
        ("N = 100", 1.19839800, 0.09100908, 9090.90909, 90909.0909, 9.98791462, 0.00109867, 0.00630459, 157.61467358),
        ("tuning 1, -0.5, 2, slow", 0.52227253, 0.35185185, 35, 70, 1.84210526, 0.05263158, 0.17705962, 4.64781507),
        ("N = 1, fast", 2.25949711, 0.01089998, 990.0990099, 99009.90099, 90.74327819, 0.09165071, 0.00630459,
         157.61467358),
    ],
)  # fmt: skip
def test_the_neurons(name, information, mmse, even, odd, flow, efficiency, filtered, transfer):
    printed = {
        "mutual information I(v; r)": information, "mean square error, rates of the moment": mmse,
        "mean square error, history of the rates": filtered, "entropy production, even velocity": even,
        "entropy production, odd velocity": odd, "information flow into the neurons": flow,
        "efficiency, even velocity": efficiency, "transfer entropy from v to r": transfer,
    }  # fmt: skip
    rows = {one.quantity: one for one in panel("inference").rows if one.variant == name}
    for quantity, value in printed.items():
        assert rows[quantity].value == pytest.approx(value, rel=1e-8, abs=6e-9), quantity
        assert rows[quantity].exact == pytest.approx(value, rel=1e-5), quantity


def test_the_overshoot():
    printed = (1.1241845810, 1.6747892729, 1.4782115278, 1.2936736481, 1.1977866943, 1.1935017681)
    for time, value in zip((0.01, 0.05, 0.1, 0.2, 0.5, 1), printed, strict=True):
        (found,) = [one for one in panel("transient").rows if one.quantity == f"I(v; r) at t = {time:g}"
                    and not one.stderr > 0]  # fmt: skip
        assert found.value == pytest.approx(value, abs=6e-11)
    assert row("transient", "highest information").value == pytest.approx(1.71670, abs=2e-5)
    assert row("transient", "when it is reached").value == pytest.approx(0.035, abs=1e-3)
    assert row("transient", "information in the end").value == pytest.approx(1.19348364, abs=6e-9)


def test_the_learner():
    printed = {
        0.1: (0.0349716333, 0.7250769877, 0.0460123634), 0.5: (0.4029130448, 2.5284822353, 0.1374475314),
        1: (0.7171386721, 3.4586588671, 0.1717369354), 5: (1.0926072638, 3.9998184003, 0.2145553683),
    }  # fmt: skip
    for time, values in printed.items():
        names = (
            f"information after t = {time:g}",
            f"heat over kT after t = {time:g}",
            f"efficiency after t = {time:g}",
        )
        for name, value in zip(names, values, strict=True):
            assert row("learning", name, "g = 8").value == pytest.approx(value, abs=6e-11)
    for threshold, value in ((0.1, 1.3349315259), (0.01, 2.5320487949)):
        assert row("learning", f"lifetime of a memory, to {threshold:g} nats").value == pytest.approx(value, abs=6e-11)


@pytest.mark.parametrize(
    ("which", "noise", "kramers", "exact"),
    [
        ("upper", 0.01, 261.0356607, 301.288672650),
        ("upper", 0.005, 10844.7567, 12042.2566164),
        ("upper", 0.0025, 1.87180137e7, 19799721.655),
        ("lower", 0.01, 22.3883252, 27.3339935179),
        ("lower", 0.005, 62.7147254, 75.5064829062),
        ("lower", 0.0025, 492.1135933, 545.051270083),
    ],
)
def test_lifetimes(which, noise, kramers, exact):
    quantity = f"lifetime of the {which} state, D = {noise:g}"
    assert row("bistability", quantity, "Kramers").value == pytest.approx(kramers, rel=1e-8)
    assert row("bistability", quantity, "double").value == pytest.approx(exact, rel=1e-8)


def test_the_bistable_synapse():
    printed = {
        ("P(x > threshold), D = 0.01", "quad"): 0.9197827855,
        ("mean of x, D = 0.01", "quad"): 0.6384299131,
        ("Fisher information about lambda, D = 0.01", "full"): 3.7500676538,
        ("Fisher information about lambda, D = 0.01", "upper"): 1.8783124062,
        ("Fisher information about lambda, D = 0.01", "linear"): 1.2944271909,
        ("entropy production, two baths", "linear"): 7.3148148148,
        ("entropy production, dynamic threshold, D_theta = 0.01", ""): 85.2492235950,
        ("entropy production, dynamic threshold, D_theta = 0.001", ""): 417.7211956155,
    }
    for (quantity, variant), value in printed.items():
        assert row("bistability", quantity, variant).value == pytest.approx(value, rel=1e-9), quantity


@pytest.mark.parametrize(
    ("help_", "before", "after", "gained", "during"),
    [
        (-0.5, 0.1496043597, 0.5160322069, 1.7407831189, 1.6341420752),
        (0, 1 / 6, 0.6417731325, 2.2512975892, 2.1245946739),
        (0.5, 0.2001954751, 0.8009042201, 2.6709289255, 2.8618030810),
    ],
)
def test_the_spines(help_, before, after, gained, during):
    variant = f"N = 4, gamma = {help_:g}"
    rows = {one.quantity: one.value for one in panel("spines").rows if one.variant == variant}
    assert rows["active share before"] == pytest.approx(before, abs=6e-11)
    assert rows["active share after the pulse"] == pytest.approx(after, abs=6e-11)
    assert rows["information gained"] == pytest.approx(gained, abs=6e-11)
    assert rows["entropy produced during the pulse"] == pytest.approx(during, abs=6e-11)
    assert rows["entropy produced after the pulse"] == pytest.approx(gained, abs=6e-11)


@pytest.mark.parametrize(
    ("name", "rate", "bound"),
    [
        ("D(p || stationary), particle", -0.9328621553, 0.9558989353),
        ("Tsallis 0.5 to the same", -0.5444770721, 0.5660910891),
        ("Tsallis 2 to the same", -2.3520283093, 2.9623707971),
        ("D(p || q), both moving", -2.1781580619, 3.0478641528),
        ("mean velocity, by entropy", -0.9097959896, 0.9658478945),
        ("I(v; r), neurons, t = 0.01", 77.52967, 260.6314),
        ("I(v; r), neurons, t = 0.1", -3.067807, 25.78573),
        ("I(v; r), neurons, t = 0.5", -0.0463836, 0.1878410),
    ],
)
def test_the_bounds(name, rate, bound):
    assert row("bounds", f"rate: {name}").value == pytest.approx(rate, rel=3e-7, abs=6e-11)
    assert row("bounds", f"bound: {name}").value == pytest.approx(bound, rel=3e-7, abs=6e-11)
    assert row("bounds", f"ratio: {name}").value == pytest.approx(abs(rate) / bound, rel=1e-6)


# -- the second routes -----------------------------------------------------------------------------


def test_the_chain_of_hops_finds_a_time_that_is_known():
    """On a flat line from a reflecting wall 1.3 away: (L^2 - (L - 1)^2)/2D with L = 2.3."""
    assert routes.passage(np.zeros_like, 0.5, (1.0, 0.0), 4001) == pytest.approx(2.3**2 - 1.3**2, rel=1e-3)
    assert routes.passage(np.zeros_like, 0.5, (0.0, 1.0), 4001) == pytest.approx(2.3**2 - 1.3**2, rel=1e-3)


def test_the_ring_of_four_states():
    """Rates 2 forth and 1 back: (2 - 1) ln 2."""
    forth = np.roll(np.eye(4), 1, axis=0)
    rates = 2 * forth + forth.T - 3 * np.eye(4)
    assert routes.schnakenberg(rates, np.full(4, 0.25)) == pytest.approx(np.log(2), rel=1e-12)


def test_matrices_know_what_steps_produce():
    matrices = routes.Matrices.of((1.0, -0.5, 2.0), 0.5, 0.2)
    even = routes.linear_production(matrices.relaxation, matrices.diffusion)
    assert matrices.production(np.ones(4)) == pytest.approx(even, rel=1e-6) == pytest.approx(35, rel=1e-6)


# -- rows that must fail ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "owner"),
    [("particle", BrownianParticle), ("inference", VelocityNeurons)],
)
def test_a_wrong_entropy_production_is_noticed(name, owner, monkeypatch):
    """A hundredth too much, as if a factor were off."""
    true = owner.entropy_production

    def off(self, parity=None):
        found = true(self, parity)
        return replace(found, value=1.01 * found.value)

    monkeypatch.setattr(owner, "entropy_production", off)
    assert any("entropy production" in one for one in wrong(name))


@pytest.mark.parametrize(
    ("name", "owner", "method", "rows"),
    [
        ("learning", LinearLearner, "heat", "heat"),
        ("transient", VelocityNeurons, "mutual_information", "information in the end"),
        ("bistability", BCM, "lifetime", "lifetime"),
        ("bistability", BCM, "fisher_information", "Fisher"),
    ],
)
def test_a_wrong_number_is_noticed(name, owner, method, rows, monkeypatch):
    true = getattr(owner, method)

    def off(self, *arguments, **options):
        found = true(self, *arguments, **options)
        return replace(found, value=1.01 * found.value)

    monkeypatch.setattr(owner, method, off)
    assert any(rows in one for one in wrong(name))


@pytest.mark.slow
def test_a_wrong_parity_is_noticed(monkeypatch):
    true = VelocityNeurons.entropy_production
    swapped = {"even": "odd", "odd": "even", None: "odd"}
    monkeypatch.setattr(
        VelocityNeurons, "entropy_production", lambda self, parity=None: true(self, swapped[parity])
    )  # fmt: skip
    assert len([one for one in wrong("inference") if "entropy production" in one]) >= 10


@pytest.mark.slow
def test_wrong_cooperativity_is_noticed(monkeypatch):
    true = SpineNetwork.pulse
    monkeypatch.setattr(
        SpineNetwork, "pulse", lambda self, stimulus, duration: true(self, stimulus, 1.01 * duration)
    )  # fmt: skip
    assert len(wrong("spines")) >= 10


def test_the_routes_are_not_the_library():
    """None of it is imported there but the type of an array."""
    source = Path(routes.__file__).read_text(encoding="utf-8")
    assert [line for line in source.splitlines() if "neurothermo" in line] == [
        "from neurothermo.core.checks import Array"
    ]
    assert learning.moments(8.0, 1.0)["information"] == pytest.approx(0.7171386721, abs=1e-9)
    assert bistability.told(-0.6) == pytest.approx(3.7500676538, rel=1e-5)
    assert inference.second_route(10, 0.1, 0.1)["filter"] == pytest.approx(0.0198010, rel=1e-6)


@pytest.mark.slow
def test_few_trials_do_not_fail():
    few = replace(SMALL, trials=2, ring=3)
    for name in karbowski2024.FIGURES:
        assert all(np.isfinite(one.value) or one.verdict is None for one in karbowski2024.FIGURES[name](few).rows)
