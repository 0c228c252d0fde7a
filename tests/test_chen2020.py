"""The study: corrected figures agree with exact values, printed ones fail as they must."""

from functools import cache

import numpy as np
import pytest

from neurothermo.studies import chen2020
from neurothermo.studies.chen2020 import experiment

SETTINGS = chen2020.Settings()


@cache
def panel(name):
    """Each is made once."""
    return chen2020.FIGURES[name](SETTINGS)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] if name == "hundred" else [])
                                  for name in chen2020.FIGURES])  # fmt: skip
def test_corrected_figures_agree_and_printed_ones_differ(name):
    found = panel(name)
    assert [row.quantity for row in found.rows if row.as_expected is False] == []
    judged = [row for row in found.rows if row.verdict is not None]
    assert judged, "nothing was judged"
    if name.startswith(("4", "5")):
        assert {row.verdict for row in judged} == {True, False}, "corrected and printed must both be there"


def test_slopes_of_figure_4e_are_those_of_the_exact_theory():
    """Protocol as printed: Bennett's ratio gives about half of <W_f> - <W_r>, exact -0.3883580117 at gamma = 0.2."""
    slopes = {row.quantity: row for row in panel("4e").rows if "slope" in row.quantity}
    protocol = next(row for name, row in slopes.items() if "protocol" in name)
    activation = next(row for name, row in slopes.items() if "activation" in name)
    assert abs(protocol.value - 0.44) < 4 * protocol.stderr + 0.005
    assert 0.15 < activation.value < 0.20


def test_exchange_slopes_are_exact_ones():
    """Heat bath: 1/T1 - 1/T2. As printed: 1/T1 - 1/(2 T2)."""
    exact = [-0.1333333333, -0.0333333333, -0.0333333333, 0.0166666667]
    for row, slope in zip(panel("5").rows, exact, strict=True):
        assert abs(row.value - slope) < 4 * row.stderr < 0.03


def test_printed_works_have_their_exact_means():
    """P0, heat bath, N = 15, 1000 attempts."""
    forward, reverse = experiment.printed_works(SETTINGS, activation="heat-bath")
    for works, mean, sd in ((forward, -1.2865067327, 1.9245430580), (reverse, -0.5068501458, 0.7296262109)):
        assert abs(works.mean() - mean) < 4 * sd / np.sqrt(works.size)
        assert abs(works.std() - sd) < 0.06 * sd


def test_gamma_is_found_for_a_difference():
    gamma = experiment.gamma_of(SETTINGS, 1.2)
    assert abs(SETTINGS.exact_difference(gamma).value) == pytest.approx(1.2) and gamma < 0.5


def test_an_undersampled_study_does_not_fail():
    few = chen2020.Settings(trials=2)
    for name in ("2", "3", "4a", "4b", "4e", "5", "regimes"):
        assert chen2020.FIGURES[name](few).rows


def test_equation_17_is_no_entropy_production():
    """N = 4, beta = 1/2: eq. 17 over 50 attempts is negative, not monotone and nearly zero at alpha = 1."""
    from neurothermo import Glauber, exact
    from neurothermo.studies.chen2020.asymmetry import asymmetric, equation_17

    small = chen2020.Settings(size=4, temperature=2.0)
    np.testing.assert_array_equal(small.patterns, [[1, 1, 1, 1], [1, 1, -1, -1]])
    for alpha, printed, true in [
        (0.1, -0.0376667, 0.0034209194), (0.2, -0.0552866, 0.0137958323), (0.5, -0.0159777, 0.0888272672),
        (1.0, -0.0001920, 0.3384053866),
    ]:  # fmt: skip
        assert equation_17(small, alpha) == pytest.approx(printed, abs=1e-7)
        rate = exact.entropy_production(asymmetric(small, alpha), Glauber(), temperature=2.0)
        assert rate == pytest.approx(true, abs=1e-10)


@pytest.mark.parametrize("magnitude, root", [(1.0, -0.3883580117), (5.0, -6.8968285854)])
def test_bennetts_root_of_the_printed_protocol_is_no_free_energy_difference(magnitude, root):
    """P0 by exact laws of work: Bennett's equation has the root of the physics notes, far from dF; P1's root is dF."""
    from scipy.optimize import brentq

    from neurothermo import Glauber, exact

    settings = chen2020.Settings(magnitude=magnitude)
    network, rule, kT = settings.network(), Glauber(attempts=1), settings.temperature

    def bennett(forward, reverse):
        laws = [exact.work_distribution(network, one, rule, temperature=kT) for one in (forward, reverse)]
        accepted = [
            lambda x, law=law, sign=sign: float(np.sum(law.values / (1 + np.exp((law.work.values - sign * x) / kT))))
            for law, sign in zip(laws, (1, -1), strict=True)
        ]
        return brentq(lambda x: accepted[0](x) - accepted[1](x), -60, 60, xtol=1e-12)

    change = float(settings.exact_difference())
    # independent values: the second agrees to 4e-8 only, which is that solver's own tolerance as far as one can tell
    assert bennett(*settings.legs()) == pytest.approx(root, rel=1e-8)
    assert abs(root - change) > 0.4
    drive = settings.lambda_12()
    assert bennett(drive, drive.reversed()) == pytest.approx(change, abs=1e-9)
