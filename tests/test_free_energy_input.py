"""What free-energy estimators refuse, what they will not answer, and how they read ledgers."""

import numpy as np
import pytest
import xarray as xr

from neurothermo import InputError
from neurothermo.free_energy import (
    acceptance_crossing,
    acceptance_curves,
    bar,
    crossing,
    cumulant,
    jarzynski,
)

ONE_SIDED = [jarzynski, cumulant]
TWO_SIDED = [bar, crossing, acceptance_crossing]


def pair(trials=2000, dissipation=1.0, seed=5):
    random = np.random.default_rng(seed)
    noise = np.sqrt(2 * dissipation) * random.standard_normal((2, trials))
    return 0.7 + dissipation + noise[0], -0.7 + dissipation + noise[1]


def ledger(work, direction="forward", **attributes):
    names = {"protocol": "p", "protocol_reversed": "q", "rule": "r", "rule_reversed": "r"}
    if direction == "reverse":
        names |= {"protocol": "q", "protocol_reversed": "p"}
    attrs = {"temperature": 1.0, "direction": direction, "system": "s", **names, **attributes}
    return xr.Dataset({"work": ("trial", work)}, attrs=attrs)


def assert_no_answer(estimate, word):
    assert np.isnan(estimate.value)
    assert np.isnan(estimate.stderr)
    assert np.all(np.isnan(estimate.interval))
    assert len(estimate.diagnostics) == 1
    assert word in estimate.diagnostics[0]


# -- refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [[], [[1.0, 2.0]], 3.0, "work", None])
def test_works_must_be_one_number_a_trial(wrong):
    good = pair()[0]
    for estimator in ONE_SIDED:
        with pytest.raises(InputError, match="work"):
            estimator(wrong, temperature=1.0)
    for estimator in [*TWO_SIDED, acceptance_curves]:
        with pytest.raises(InputError, match="forward"):
            estimator(wrong, good, temperature=1.0)
        with pytest.raises(InputError, match="reverse"):
            estimator(good, wrong, temperature=1.0)


@pytest.mark.parametrize("temperature", [0, -1.0, np.nan, np.inf, "hot", None])
def test_temperature_must_be_positive_and_given(temperature):
    forward, reverse = pair()
    for estimator in ONE_SIDED:
        with pytest.raises(InputError, match="temperature"):
            estimator(forward, temperature=temperature)
    for estimator in [*TWO_SIDED, acceptance_curves]:
        with pytest.raises(InputError, match="temperature"):
            estimator(forward, reverse, temperature=temperature)


@pytest.mark.parametrize(
    "option",
    [
        {"errors": "bootstrp"},
        {"confidence": 1.0},
        {"confidence": 95},
        {"confidence": 1 - 1e-16},
        {"resamples": -1},
        {"seed": -1},
        {"errors": "bootstrap", "resamples": 1},
        {"errors": "bootstrap", "seed": -1},
        {"errors": "bootstrap", "resamples": 10.5},
    ],
)
def test_options_are_checked(option):
    forward, reverse = pair()
    name = [*option][-1]
    for estimator in ONE_SIDED:
        with pytest.raises(InputError, match=name):
            estimator(forward, temperature=1.0, **option)
    with pytest.raises(InputError, match=name):
        bar(forward, reverse, temperature=1.0, **option)


def test_unknown_words_are_refused():
    forward, reverse = pair()
    with pytest.raises(InputError, match="density"):
        crossing(forward, reverse, temperature=1.0, density="kernal")
    with pytest.raises(InputError, match="form"):
        acceptance_crossing(forward, reverse, temperature=1.0, form="printed")
    with pytest.raises(InputError, match="direction"):
        jarzynski(forward, temperature=1.0, direction="backward")
    with pytest.raises(InputError, match="x must be finite"):
        acceptance_curves(forward, reverse, [0.0, np.nan], temperature=1.0)
    with pytest.raises(InputError, match="resamples"):
        crossing(forward, reverse, temperature=1.0, resamples=0)


# -- not answered -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_works_that_are_not_finite_give_no_answer(bad):
    forward, reverse = pair()
    broken = np.append(forward, bad)
    for estimator in ONE_SIDED:
        assert_no_answer(estimator(broken, temperature=1.0), "NaN or infinite")
    for estimator in TWO_SIDED:
        assert_no_answer(estimator(broken, reverse, temperature=1.0), "NaN or infinite")
        assert_no_answer(estimator(forward, np.append(reverse, bad), temperature=1.0), "NaN or infinite")
    assert np.all(np.isnan(acceptance_curves(broken, reverse, temperature=1.0).z_difference))


def test_one_work_gives_no_answer():
    forward, reverse = pair()
    for estimator in ONE_SIDED:
        assert_no_answer(estimator([1.0], temperature=1.0), "only one trial")
    for estimator in TWO_SIDED:
        assert_no_answer(estimator([1.0], reverse, temperature=1.0), "only one trial")
        assert_no_answer(estimator(forward, [-1.0], temperature=1.0), "only one trial")


@pytest.mark.parametrize("estimator", TWO_SIDED)
@pytest.mark.parametrize("far", [50.0, 1e4])
def test_no_overlap_gives_no_answer(estimator, far):
    forward, reverse = pair()
    assert_no_answer(estimator(forward + far, reverse + far, temperature=1.0), "overlap")


@pytest.mark.parametrize("estimator", TWO_SIDED)
def test_constant_works_are_reversible_forbidden_or_far_apart(estimator):
    ones = np.ones(100)
    reversible = estimator(0.3 * ones, -0.3 * ones[:40], temperature=1.0)
    assert (reversible.value, reversible.stderr, reversible.interval) == (0.3, 0.0, (0.3, 0.3))
    assert_no_answer(estimator(0.3 * ones, -0.5 * ones, temperature=1.0), "second law")
    assert_no_answer(estimator(0.3 * ones, 0.5 * ones, temperature=1.0), "overlap")


def test_a_constant_work_of_one_process_is_the_difference():
    for estimator in ONE_SIDED:
        assert estimator(np.full(5, 0.3), temperature=1.0).value == 0.3
        assert estimator(np.full(5, 0.3), temperature=1.0, direction="reverse").value == -0.3


def test_jarzynski_will_not_average_over_a_handful():
    assert_no_answer(jarzynski(pair(500, dissipation=20.0)[0], temperature=1.0), "carry the average")
    assert_no_answer(cumulant(pair(9)[0], temperature=1.0), "too few")


def test_jarzynski_gives_no_interval_where_low_works_are_missing():
    estimate = jarzynski(pair(500, dissipation=3.0, seed=3)[0], temperature=1.0)
    assert np.isfinite(estimate.value)
    assert np.isnan(estimate.interval[0])
    assert "no interval" in estimate.diagnostics[0]
    bounded = 10 * np.random.default_rng(6).random(500)  # as wide, but with a lower edge that is well sampled
    assert np.isfinite(jarzynski(bounded, temperature=1.0).interval[0])


def test_barely_overlapping_works_have_no_interval():
    estimate = bar(*pair(500, dissipation=16.0, seed=7), temperature=1.0)
    assert np.isfinite(estimate.value)
    assert np.isnan(estimate.interval[0])
    assert "no interval" in estimate.diagnostics[0]


@pytest.mark.parametrize("estimator", TWO_SIDED)
def test_mean_works_that_break_the_second_law_are_said_to(estimator):
    forward, reverse = pair()
    estimate = estimator(forward - 1.5, reverse - 1.5, temperature=1.0)
    assert "second law" in estimate.diagnostics[0]
    assert np.isnan(estimate.interval[0])


@pytest.mark.parametrize("estimator", TWO_SIDED)
def test_a_cycle_that_gains_more_than_one_kT_leaves_no_value(estimator):
    forward, reverse = pair()
    assert_no_answer(estimator(forward - 50, reverse - 50, temperature=1.0), "second law")
    assert_no_answer(estimator(forward - 1.7, reverse - 1.7, temperature=1.0), "second law")
    mild = estimator(forward - 1.2, reverse - 1.2, temperature=1.0)
    assert np.isfinite(mild.value) and np.isnan(mild.interval[0]) and "second law" in mild.diagnostics[0]


@pytest.mark.parametrize("estimator", [bar, acceptance_crossing])
def test_one_high_work_does_not_hide_that_the_rest_break_the_second_law(estimator):
    forward, reverse = pair()
    assert_no_answer(estimator(np.append(forward - 50, 1e9), reverse - 50, temperature=1.0), "second law")


def test_rounding_does_not_scatter():
    jitter = 1e-15 * np.arange(50)
    for estimator in TWO_SIDED:
        assert_no_answer(estimator(2 + jitter, -3 + jitter, temperature=1.0), "second law")
        assert estimator(2 + jitter, -2 + jitter, temperature=1.0).stderr == 0
    for estimator in ONE_SIDED:
        assert estimator(2 + jitter, temperature=1.0).value == pytest.approx(2)
        assert estimator(2 + jitter, temperature=1.0).stderr == 0


@pytest.mark.parametrize(("size", "temperature"), [(1e300, 1.0), (1.7e308, 1.0), (1.0, 1e300), (1.0, 1e-300)])
def test_sizes_beyond_arithmetic_give_no_answer(size, temperature):
    forward, reverse = (np.clip(works / 10, -1, 1) * size for works in pair(100))
    for estimator in ONE_SIDED:
        assert_no_answer(estimator(forward, temperature=temperature), "units")
    for estimator in TWO_SIDED:
        assert_no_answer(estimator(forward, reverse, temperature=temperature), "units")
    curve = acceptance_curves(forward, reverse, temperature=temperature).z_difference
    assert np.all(np.isnan(curve)) or temperature == 1e300


def test_scatter_lost_in_rounding_gives_no_two_sided_answer():
    forward, reverse = pair(100)
    for estimator in TWO_SIDED:
        assert_no_answer(estimator(forward, reverse, temperature=1e9), "temperature's units")


@pytest.mark.parametrize("estimator", TWO_SIDED)
def test_awkward_samples_neither_raise_nor_warn(estimator):
    forward, reverse = pair(30)
    steady = np.full(30, 0.7)
    for one, other in [
        (steady, reverse),
        (forward, -steady),
        (forward, -forward),
        (forward[:2], reverse[:2]),
    ]:
        estimate = estimator(one, other, temperature=1.0)
        assert np.isfinite(estimate.value) or estimate.diagnostics
    few = np.repeat([0.0, 1.0], [29, 1])
    assert estimator(few, -few, temperature=1e-3).units == "energy units"


# -- ledgers ----------------------------------------------------------------------------------------------


def test_ledgers_bring_their_temperature_and_direction():
    forward, reverse = pair()
    for estimator in ONE_SIDED:
        assert estimator(ledger(forward)) == estimator(forward, temperature=1.0)
        backwards = estimator(ledger(reverse, "reverse"))
        assert backwards == estimator(reverse, temperature=1.0, direction="reverse")
        assert "reverse works" in backwards.method
        assert backwards == pytest.approx(0.7, abs=0.3)
    for estimator in TWO_SIDED:
        assert estimator(ledger(forward), ledger(reverse, "reverse")) == estimator(forward, reverse, temperature=1.0)
    curves = acceptance_curves(ledger(forward), ledger(reverse, "reverse"))
    assert curves.attrs["temperature"] == 1.0


def test_a_contradicting_temperature_or_direction_is_refused():
    forward, reverse = pair()
    with pytest.raises(InputError, match="temperature"):
        jarzynski(ledger(forward), temperature=2.0)
    with pytest.raises(InputError, match="direction"):
        jarzynski(ledger(reverse, "reverse"), direction="forward")
    with pytest.raises(InputError, match="direction"):
        cumulant(ledger(forward), direction="reverse")
    for estimator in [*TWO_SIDED, acceptance_curves]:
        with pytest.raises(InputError, match="temperature"):
            estimator(ledger(forward), ledger(reverse, "reverse", temperature=2.0))
        with pytest.raises(InputError, match="temperature"):
            estimator(ledger(forward), reverse, temperature=2.0)
    with pytest.raises(InputError, match="temperature of its own"):
        jarzynski(ledger(forward, temperature=np.array([1.0, 2.0])))


@pytest.mark.parametrize(
    "attributes",
    [
        {"protocol": "another", "protocol_reversed": "its reverse"},
        {"system": "another"},
        {"rule": "another", "rule_reversed": "another"},
    ],
)
def test_a_reverse_that_is_not_the_reverse_is_refused(attributes):
    forward, reverse = pair()
    for estimator in [*TWO_SIDED, acceptance_curves]:
        with pytest.raises(InputError, match="reverse"):
            estimator(ledger(forward), ledger(reverse, "reverse", **attributes))
        with pytest.raises(InputError, match="swapped"):
            estimator(ledger(reverse, "reverse"), ledger(forward))


def test_an_estimate_prints_and_converts():
    forward, reverse = pair()
    estimate = bar(2 * forward, 2 * reverse, temperature=2.0)
    assert "kT = 2; BAR, 2 x 2000 trials" in str(estimate)
    assert estimate.in_kT() == pytest.approx(bar(forward, reverse, temperature=1.0).value)
