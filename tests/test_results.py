"""Estimates and verdicts: printing, units, arithmetic, JSON."""

import json
from math import inf, isnan, log, nan

import pytest

from neurothermo import Estimate, InputError, Verdict
from neurothermo.core.estimate import ENERGY


@pytest.mark.parametrize(
    "value, stderr, text",
    [
        (-0.8812, 0.01912, "-0.881 ± 0.019"),
        (-0.8812, 0.0996, "-0.88 ± 0.10"),
        (12345.0, 234.0, "12340 ± 230"),
        (0.5, 0.0099951, "0.500 ± 0.010"),
        (1e-9, 2e-10, "1e-09 ± 2e-10"),
        (3.0, nan, "3"),
        (nan, nan, "no estimate"),
    ],
)
def test_value_and_error_print_to_the_same_place(value, stderr, text):
    assert str(Estimate(value, stderr)) == text


def test_it_prints_with_units_temperature_method_and_size():
    found = Estimate(-0.8812, 0.0191, units=ENERGY, temperature=15, method="BAR", n=(5000, 5000))
    assert str(found) == "-0.881 ± 0.019 (energy units, kT = 15; BAR, 2 x 5000 trials)"
    assert str(found.in_kT()).startswith("-0.0587 ± 0.0013 (kT = 15; BAR")
    bound = Estimate(0.25, 0.01, units="nats", kind="lower bound", diagnostics=("Mind this.",))
    assert str(bound) == "at least 0.250 ± 0.010 (nats)\n  Mind this."


def test_units_convert_with_error_and_interval():
    found = Estimate(2.0, 0.5, (1.0, 3.0), units="nats per sweep")
    bits = found.to("bits")
    assert bits.units == "bits per sweep" and (bits.value, bits.stderr) == pytest.approx((2 / log(2), 0.5 / log(2)))
    assert bits.interval == pytest.approx((1 / log(2), 3 / log(2))) and bits.to("nats").value == pytest.approx(2.0)
    assert Estimate(1.0, 0.1, (0.8, 1.2)).scaled(-2, "x").interval == (-2.4, -1.6)
    for wrong in (lambda: found.to("joules"), lambda: found.to("bits per step"), found.in_kT):
        with pytest.raises(InputError):
            wrong()


def test_it_is_its_value_in_arithmetic_and_comparison():
    found = Estimate(2.0, 0.5)
    assert (float(found), found + 1, 1 + found, found - 1, 1 - found) == (2, 3, 3, 1, -1)
    assert (found * 3, 3 * found, found / 4, 4 / found, -found, abs(-found)) == (6, 6, 0.5, 2, -2, 2)
    assert found > 1 and found >= 2 and found < 3 and found <= 2 and found == 2 and found != 3
    assert found == Estimate(2.0, 0.5) != Estimate(2.0, 0.6) and hash(found) == hash(2.0)


def test_json_has_no_nan():
    found = Estimate(nan, inf, n=(1, 2), details={"x": nan, "list": [1.0, inf]}).to_dict()
    assert found["value"] is None and found["stderr"] is None and found["details"] == {"x": None, "list": [1.0, None]}
    json.dumps(found, allow_nan=False)
    json.dumps(Verdict(None, "Too few.").to_dict(), allow_nan=False)


def test_a_kind_is_one_of_three():
    with pytest.raises(InputError, match="kind"):
        Estimate(1.0, kind="guess")


def test_a_verdict_is_true_only_if_passed():
    assert Verdict(True, "x") and not Verdict(False, "x") and not Verdict(None, "x")
    assert str(Verdict(None, "too few")) == "cannot tell: too few"
    assert isnan(Verdict(None, "x").p_value)
