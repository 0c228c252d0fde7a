"""Methods side by side, comparisons, bins, and how little can be told apart."""

import json

import numpy as np
import pytest
from scipy.linalg import expm

from neurothermo import Estimate, InputError, Verdict, irreversibility
from neurothermo.irreversibility import METHODS, across_bins, assess, attribution, compare, resolvable
from neurothermo.irreversibility.assessing import total_cost
from neurothermo.irreversibility.assessment import Assessment, holm, merged
from neurothermo.irreversibility.detectable_sampling import lost
from neurothermo.irreversibility.matching import beginning, matched
from neurothermo.recordings import from_array, from_spikes
from test_classifier import RELAXING, ROTATION, STEP, WHITE, sampled

CHEAP = ("gaussian", "classifier", "lagged_asymmetry")


@pytest.fixture(scope="module")
def rotation():
    return sampled(ROTATION, WHITE, 8000, 1)


@pytest.fixture(scope="module")
def relaxing():
    return sampled(RELAXING, WHITE, 8000, 11)


# -- the registry ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_method_keeps_its_contract(name, rotation):
    method = METHODS[name]
    assert method.assumes and method.misses and 0 < len(method.caveat) < 30
    for recording in (rotation, states()):
        why = method.obstacle(recording)
        if why is None:
            found = method(recording, confidence=0.9, seed=1)
            assert isinstance(found, Estimate) and found.confidence == 0.9 and found.method
            assert method.cost(recording) > 0
            if method.kind != "index":
                assert found.units == "nats per sample" and found.rate == recording.sampling_rate
                hidden = (
                    "lower bound on that of the whole network" if found.kind == "lower bound" else "or, where the model"
                )
                assert any(hidden in said for said in found.diagnostics)
            if np.isfinite(found.value):
                assert found.interval[0] <= found.interval[1] and 0 <= found.p_value <= 1
            json.dumps(found.to_dict(), allow_nan=False)
        else:
            assert isinstance(why, str) and len(why) > 20
            with pytest.raises(InputError):
                method(recording)
    assert method.obstacle(from_spikes(np.arange(400) / 10, np.arange(400) % 2)) is not None


@pytest.mark.parametrize("name", irreversibility.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert len(getattr(irreversibility, name).__doc__ or "") > 20
    assert name in dir(irreversibility)
    with pytest.raises(AttributeError, match="no attribute"):
        irreversibility.nothing_of_this_name  # noqa: B018


def states(rows=3000, seed=5, bias=0.8):
    """Three channels, one of which is 1 at a time, mostly in one order round: a driven ring."""
    random = np.random.default_rng(seed)
    place = np.cumsum(np.where(random.random(rows) < bias, 1, -1) * (random.random(rows) < 0.3)) % 3
    return from_array((place[:, None] == np.arange(3)).astype(int), sampling_rate=100.0)


# -- assess ----------------------------------------------------------------------------------------


def test_a_rotation_is_found_by_all_that_can_see_it(rotation):
    found = assess(rotation, methods=CHEAP)
    assert found.findings == CHEAP and set(found.results) == set(CHEAP)
    said = found.paragraph
    assert "3 of 3 methods" in said and "at least" in said and "corrected by Holm" in said and "not recorded" in said
    assert found.results["gaussian"].per_second.value == pytest.approx(0.98, abs=0.4)
    table = found.table
    assert table.sizes == {"method": 3} and table.units.values.tolist()[0] == "nats per second"
    lines = str(found).splitlines()
    assert lines[0].split()[:1] == ["method"] and lines[1].startswith("gaussian")
    assert str(found).endswith(f"\n\n{said}") and "nats per second" in lines[1] and "nats" not in lines[0] + lines[3]
    json.dumps(found.to_dict(), allow_nan=False)


def test_nothing_is_called_a_finding_of_a_reversible_process(relaxing):
    found = assess(relaxing, methods=CHEAP, seed=2)
    assert found.findings == () and "None of 3 methods tells" in found.paragraph
    assert "not evidence that it is reversible: gaussian leaves room for up to" in found.paragraph
    assert "at least" not in found.paragraph


def test_methods_that_cannot_be_used_say_why(rotation):
    found = assess(rotation, methods=("kinetic_ising", "lagged_asymmetry"))
    assert "kinetic_ising" in found.obstacles and "not used: kinetic_ising" in str(found)
    assert "only method" in found.paragraph and "Only indices show it" in found.paragraph
    with pytest.raises(InputError, match="no method can be used"):
        assess(rotation, methods="kinetic_ising")
    with pytest.raises(InputError, match="did you mean 'gaussian'"):
        assess(rotation, methods=["gausian"])
    with pytest.raises(InputError, match="at least one method"):
        assess(rotation, methods=[])
    with pytest.raises(InputError, match="bin them first"):
        assess(from_spikes([0.1, 0.2, 0.4], [0, 1, 0]))


def assessment(stationary=True, **estimates):
    """An assessment made by hand: value, low, p of each."""
    results = {
        name: Estimate(value, 0.1, (low, 2 * value), p_value=p, units="nats per sample", rate=10.0, kind=kind)
        for name, (value, low, p, kind) in estimates.items()
    }
    recording = from_array(np.random.default_rng(1).standard_normal((100, 2)), 10.0)
    return Assessment(recording, results, {}, Verdict(stationary, "nothing drifts."), 0.95)


def test_an_interval_with_zero_is_no_finding_however_small_its_p():
    found = assessment(gaussian=(0.3, 0.0, 1e-6, "estimate"), maxent=(0.2, -0.1, 1e-6, "lower bound"))
    assert found.findings == () and "None of" not in found.paragraph and "not evidence" not in found.paragraph
    assert "The tests of gaussian and maxent reject reversibility" in found.paragraph
    assert "no method gives a value that is above zero" in found.paragraph
    beside = assessment(gaussian=(0.3, 0.2, 1e-6, "estimate"), maxent=(0.2, -0.1, 1e-6, "lower bound"))
    assert "The test of maxent rejects, but its interval does not lie above zero" in beside.paragraph


def test_a_test_without_a_value_is_not_said_to_have_an_interval():
    none = Estimate(np.nan, np.nan, (np.nan, np.nan), p_value=1e-9, units="nats per sample", rate=10.0)
    one = assessment(maxent=(0.3, 0.2, 1e-6, "lower bound"))
    found = Assessment(one.recording, {**one.results, "gaussian": none}, {}, one.stationarity, 0.95)
    assert "The test of gaussian rejects, but it gives no value" in found.paragraph
    assert "interval does not" not in found.paragraph


def test_an_estimate_wholly_below_a_bound_is_refuted_by_it():
    found = assessment(maxent=(3.0, 2.0, 1e-6, "lower bound"), plugin=(0.5, 0.4, 1e-6, "estimate"))
    assert "plugin lies below the 20 nats per second of the bound of maxent" in found.paragraph
    agreeing = assessment(maxent=(3.0, 2.0, 1e-6, "lower bound"), plugin=(1.5, 0.4, 1e-6, "estimate"))
    assert "refuted" not in agreeing.paragraph


def test_a_gaussian_finding_of_states_is_warned_of():
    one = assessment(spectral=(0.3, 0.1, 0.001, "estimate"))
    found = Assessment(states(), one.results, {}, one.stationarity, 0.95)
    assert "spectral takes these states for Gaussian signals" in found.paragraph
    assert "takes these states" not in one.paragraph


def test_what_was_found_comes_first_and_the_rest_is_a_list():
    found, *points = assessment(gaussian=(0.3, 0.1, 0.001, "estimate")).paragraph.splitlines()
    assert found.startswith("This activity can be told") and points[0].startswith("- Data: 2 channels, 100 samples")
    assert all(point.startswith("- ") for point in points)


def test_one_method_that_fails_does_not_take_the_others_with_it(relaxing, monkeypatch):
    from neurothermo.irreversibility import indices

    def fails(*_):
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(indices, "_violation", fails)
    found = assess(relaxing, methods=["lagged_asymmetry", "fluctuation_dissipation"])
    assert list(found.results) == ["lagged_asymmetry"]
    said = "fluctuation_dissipation fails on these data (LinAlgError: Singular matrix)"
    assert found.obstacles == {"fluctuation_dissipation": said}
    with pytest.raises(InputError, match="fails on these data"):
        assess(relaxing, methods="fluctuation_dissipation")


def test_a_method_that_takes_long_waits_to_be_named(relaxing, monkeypatch):
    from neurothermo.irreversibility import assessing

    monkeypatch.setattr(assessing, "checked_methods", lambda names: (METHODS["gaussian"], METHODS["lagged_asymmetry"]))
    monkeypatch.setattr(assessing, "PATIENCE", METHODS["gaussian"].cost(relaxing) / 2)
    monkeypatch.setattr(assessing, "_shown", lambda cost: "487 min")
    monkeypatch.setattr("neurothermo.irreversibility.indices.cost", lambda recording: 0.0)
    found = assess(relaxing)
    assert list(found.results) == ["lagged_asymmetry"] and "would take about 487 min" in found.obstacles["gaussian"]
    assert "where it is named" in found.obstacles["gaussian"] and total_cost(relaxing) == 0.0
    assert "gaussian" in assess(relaxing, methods="all").results


def test_an_obstacle_of_several_methods_is_said_once():
    assert merged({"a": "a: too short.", "b": "b: too short", "c": "other"}) == ["a, b: too short", "c: other"]


FRONT = (
    "assess", "attribution", "across_bins", "classifier", "fluctuation_dissipation", "gaussian", "interaction_order",
    "kinetic_ising", "lagged_asymmetry", "maxent", "plugin", "production_spectrum", "spectral", "state_space",
    "uncertainty", "waiting_times",
)  # fmt: skip


@pytest.mark.parametrize("name", FRONT)
@pytest.mark.parametrize("value", [np.zeros((100, 2)), None, "file.csv"])
def test_what_is_no_recording_is_sent_to_where_one_is_made(name, value):
    more = (["10 ms"],) if name == "across_bins" else ()
    with pytest.raises(InputError, match=rf"must be a Recording, got {type(value).__name__}: make it with"):
        getattr(irreversibility, name)(value, *more)


# -- degenerate recordings -------------------------------------------------------------------------


def degenerate():
    noise = np.random.default_rng(4).standard_normal((2000, 3))
    both = np.repeat(np.random.default_rng(5).random((3000, 1)) < 0.3, 2, axis=1).astype(int)
    two = np.zeros((3000, 2), dtype=int)
    two[1000, 0] = two[2000, 1] = 1
    return {
        "copies": (from_array(noise[:, [0, 0]], 10.0), "copy of the first", "linear combinations"),
        "mirrored": (from_array(noise[:, [0]] * [1, -1], 10.0), "copy of the first", "linear combinations"),
        "copies and one": (from_array(noise[:, [0, 0, 1]], 10.0), None, "linear combinations"),
        "states alike": (from_array(both, 10.0), "copy of the first", "linear combinations"),
        "two spikes": (from_array(two, 100.0), "at least 50 changes", "at least 50 changes"),
    }


@pytest.mark.parametrize("name", degenerate())
def test_indices_say_why_they_have_nothing_to_say(name):
    recording, lagged, violation = degenerate()[name]
    for method, words in (("lagged_asymmetry", lagged), ("fluctuation_dissipation", violation)):
        if words is None:
            assert METHODS[method](recording).interval[0] >= 0
        else:
            assert words in METHODS[method].obstacle(recording)
            with pytest.raises(InputError, match=words):
                METHODS[method](recording)


@pytest.mark.parametrize("scale", [1e150, 1e-150])
def test_an_index_has_no_scale(relaxing, scale):
    tall = from_array(relaxing.segments[0] * scale, 10.0)
    assert tall.stationarity().p_value == pytest.approx(relaxing.stationarity().p_value, rel=1e-6)
    for method in ("lagged_asymmetry", "fluctuation_dissipation"):
        assert METHODS[method](tall).value == pytest.approx(METHODS[method](relaxing).value, rel=1e-6)


def test_the_best_of_several_tests_is_not_a_test():
    one = ("estimate",)
    alone = assessment(gaussian=(0.3, 0.1, 0.02, *one))
    many = assessment(
        gaussian=(0.3, 0.1, 0.02, *one), spectral=(0.3, 0.0, 0.5, *one), plugin=(0.3, 0.0, 0.6, *one)
    )  # fmt: skip
    assert alone.findings == ("gaussian",) and many.findings == ()
    assert many.corrected == pytest.approx({"gaussian": 0.06, "spectral": 1.0, "plugin": 1.0})
    assert "gaussian would reject alone, and does not after the correction" in many.paragraph


def test_a_drift_is_said():
    found = assessment(stationary=False, gaussian=(0.3, 0.1, 0.001, "estimate"))
    assert "Not stationary" in found.paragraph and "arrow of time of its own" in found.paragraph
    assert "cannot be judged" in assessment(stationary=None, gaussian=(0.3, 0.1, 0.1, "estimate")).paragraph


def test_holm_by_hand():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({}) == {}


# -- compare ---------------------------------------------------------------------------------------


def test_compare_says_which_is_higher_and_by_how_much(rotation, relaxing):
    found = compare(relaxing, rotation)
    assert found.value == pytest.approx(0.98, abs=4 * found.stderr) and found.interval[0] > 0
    assert found.units == "nats per second" and found.p_value < 0.01 and "higher" in found.diagnostics[0]
    back = compare(rotation, relaxing)
    assert back.value == pytest.approx(-found.value) and back.interval[1] == pytest.approx(-found.interval[0])
    assert "lower" in back.diagnostics[0]


def test_compare_sees_no_difference_where_there_is_none():
    pairs = [(sampled(ROTATION, WHITE, 3000, seed), sampled(ROTATION, WHITE, 3000, 100 + seed)) for seed in range(20)]
    found = [compare(*pair) for pair in pairs]
    assert sum(each.interval[0] > 0 or each.interval[1] < 0 for each in found) <= 4  # 1 expected
    assert 0.25 < np.mean([each.p_value for each in found]) < 0.75


def test_compare_cuts_the_longer_one(rotation):
    short = rotation.epoch((0, 300))
    found = compare(short, rotation)
    assert (
        found.n == (3000, 3000)
        and found.value == 0
        and any("cut from 800 s to the 300 s" in s for s in found.diagnostics)
    )
    loose = compare(short, rotation, match=None)
    assert loose.n == (3000, 8000) and any("bias" in sentence for sentence in loose.diagnostics)


def test_spikes_are_thinned_to_one_rate():
    random = np.random.default_rng(1)
    slow, fast = (
        from_spikes([np.sort(random.uniform(0, 100, n)) for n in counts], support=(0, 100))
        for counts in ((500, 900), (1500, 600))
    )
    one, other, said = matched(slow, fast, "rate", "10 ms", 3)
    np.testing.assert_allclose(one.segments[0].mean(axis=0), other.segments[0].mean(axis=0), rtol=0.15)
    assert any("dropped at random" in sentence for sentence in said) and one.kind == "states"
    raw = matched(slow, fast, None, "10 ms", 3)
    assert raw[1].segments[0][:, 0].sum() > 2.5 * raw[0].segments[0][:, 0].sum()
    with pytest.raises(InputError, match="width is needed"):
        compare(slow, fast)


def ring_of_jumps(rate, seed, duration=200.0):
    """Three units that fire in turn, nine times in ten forwards: 0.8 ln 9 nats a spike, all of them seen."""
    random = np.random.default_rng(seed)
    times = np.sort(random.uniform(0, duration, random.poisson(rate * duration)))
    units = np.cumsum(np.where(random.random(len(times)) < 0.9, 1, -1)) % 3
    return from_spikes(times, units, support=(0, duration))


def test_the_same_process_run_faster_is_not_called_less_irreversible():
    """Thinning destroys the order of spikes in the faster recording only, and turns the difference round."""
    slow, fast = ring_of_jumps(20, 1), ring_of_jumps(40, 2)
    found = compare(slow, fast, method="uncertainty", width="10 ms")
    assert (
        found.interval[0] > 0
        and found.p_value < 1e-4
        and found.diagnostics[0].endswith("lower bound of entropy production is higher.")
    )
    assert any("Rates differ" in sentence for sentence in found.diagnostics)
    thinned = compare(slow, fast, method="uncertainty", width="10 ms", match="rate")
    assert thinned.interval[1] < 0  # what is left of it, and said so
    assert "of the thinned trains" in thinned.diagnostics[0] and "of the thinned trains" in thinned.details["null"]
    assert "other sign" in thinned.diagnostics[1]
    assert thinned.details["unthinned"]["value"] == found.value
    assert not any(
        "other sign" in s for s in compare(fast, fast, method="uncertainty", width="10 ms", match="rate").diagnostics
    )


def test_a_value_outside_its_own_interval_counts_as_the_end_of_it(monkeypatch, rotation):
    """The distance from a value to an interval that it is not in says nothing of the error."""
    answers = {3000: (-0.6, (0.0, 0.1)), 8000: (0.6, (0.5, 0.7))}

    def made(recording, **_):
        value, interval = answers[recording.samples]
        return Estimate(value, 0.1, interval, units="nats per sample", rate=1.0)

    monkeypatch.setattr("neurothermo.irreversibility.gaussian_process.gaussian", made)
    found = compare(rotation.epoch((0, 300)), rotation, match=None)
    assert found.value == pytest.approx(0.6) and found.interval[0] == pytest.approx(0.6 - np.hypot(0.1, 0.1))
    assert found.interval[1] == pytest.approx(0.6 + 0.1) and 0 < found.p_value < 1e-3
    answers[3000] = (np.nan, (np.nan, np.nan))
    none = compare(rotation.epoch((0, 300)), rotation, match=None)
    assert np.isnan(none.value) and "no difference" in none.diagnostics[0]


def test_an_index_is_not_per_second(rotation, relaxing):
    found = compare(relaxing, rotation, method="lagged_asymmetry")
    assert found.units == "index" and "index" in found.diagnostics[0] and "index" in found.details["null"]


def test_the_beginning_of_a_recording_in_pieces():
    support = np.array([[0.0, 4.0], [10.0, 12.0], [20.0, 30.0]])
    assert beginning(support, 5.0).tolist() == [[0.0, 4.0], [10.0, 11.0]]
    assert beginning(support, 4.0).tolist() == [[0.0, 4.0]]


def test_a_group_of_animals():
    calm = [sampled(RELAXING, WHITE, 2000, seed) for seed in range(6)]
    driven = [sampled(ROTATION, WHITE, 2000, 50 + seed) for seed in range(6)]
    found = compare(calm, driven)
    assert found.counted == "pairs" and found.n == 6 and found.p_value == pytest.approx(2 / 64)
    assert found.interval[0] > 0 and abs(found.value - 0.98) < 4 * found.stderr
    same = compare(calm, calm[::-1])
    assert same.interval[0] < 0 < same.interval[1] and same.p_value > 0.05
    few = compare(calm[:3], driven[:3])
    assert few.p_value == pytest.approx(0.25) and any("more animals" in sentence for sentence in few.diagnostics)


@pytest.mark.parametrize(
    ("others", "words"),
    [
        (lambda r: [r, r], "two recordings or two lists"),
        (lambda r: r.select("0"), "same channels"),
        (lambda r: from_array(r.segments[0], sampling_rate=20.0), "one sampling rate"),
        (lambda r: from_array((r.segments[0] > 0).astype(int), sampling_rate=10.0), "one kind"),
    ],
)
def test_what_cannot_be_compared_says_why(rotation, others, words):
    with pytest.raises(InputError, match=words):
        compare(rotation, others(rotation))
    for match, words in ((True, "or None, got True"), ("rates", "or None, got 'rates'"), ("rate", "is of spikes")):
        with pytest.raises(InputError, match=words):
            compare(rotation, rotation, match=match)
    with pytest.raises(InputError, match="lists of pairs"):
        compare([rotation], [rotation, rotation])


# -- bins ------------------------------------------------------------------------------------------


def test_a_ring_of_spikes_across_bins():
    """Three units fire one after the other: seen where a bin is about as long as the delay."""
    random = np.random.default_rng(2)
    start = np.cumsum(random.exponential(0.1, 3000)) + 1
    spikes = from_spikes([start + delay + random.normal(0, 0.001, 3000) for delay in (0, 0.012, 0.024)])
    found = across_bins(spikes, ["40 ms", 0.01], "lagged_asymmetry", lag=1)
    assert found.width.values.tolist() == [0.01, 0.04] and found.p_value.values[0] < 0.01
    assert found.attrs["tests"] == 2 and set(found.data_vars) == {"value", "stderr", "low", "high", "p_value"}
    with pytest.raises(InputError, match="bins already"):
        across_bins(spikes.bin(0.01), [0.01])
    with pytest.raises(InputError, match="several bin widths"):
        across_bins(spikes, "10 ms")
    with pytest.raises(InputError, match="at any of these widths"):
        across_bins(spikes, ["100 s"], "gaussian")


# -- what can be told apart ------------------------------------------------------------------------


def test_what_is_resolvable_is_seen_as_often_as_said():
    """A rotation at the resolvable rate, tested by the exact law of the estimate near equilibrium."""
    found = resolvable(duration=500, channels=2, power=0.8)
    relaxation = np.eye(2) + np.sqrt(found.value / 2) * np.array([[0, -1], [1, 0]])  # 2 omega^2 / alpha
    p_values = [METHODS["gaussian"](sampled(relaxation, WHITE, 5000, seed)).p_value for seed in range(60)]
    assert abs(np.mean(np.array(p_values) < 0.05) - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 60)


@pytest.mark.parametrize("step", [0.5, 1.0, 1.5])  # relaxation times: without the factor the power was .55, .29, .21
def test_rows_far_apart_need_more(step):
    """A rotation at the resolvable rate: its divergence is that of two Gaussian laws, its power as said.

    The formula is one to second order in the angle between rows, the divergence is not.
    """
    found = resolvable(duration=500 * step, channels=2, sampling_rate=1 / step, relaxation_time="1 s")
    turn = np.sqrt(found.value / 2)
    back, forth = (np.exp(-step) * rotated(sign * turn * step) for sign in (-1, 1))
    laws = [np.block([[np.eye(2), map_.T], [map_, np.eye(2)]]) for map_ in (back, forth)]
    divergence = 0.5 * (np.trace(np.linalg.solve(laws[0], laws[1])) - 4)
    assert 500 * divergence / 2 == pytest.approx(found.details["noncentrality"], rel=0.07)
    random, kicks = np.random.default_rng(5), np.sqrt(-np.expm1(-2 * step))
    path = np.zeros((60, 600, 2))
    for t in range(1, 600):
        path[:, t] = path[:, t - 1] @ forth.T + kicks * random.normal(size=(60, 2))
    p_values = [METHODS["gaussian"](from_array(one[100:], 1 / step)).p_value for one in path]
    assert abs(np.mean(np.array(p_values) < 0.05) - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 60)


def rotated(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def test_what_two_modes_of_different_rates_lose():
    """Against the divergence of the exact laws of a weakly driven process, and against rows close by."""
    rates, weak = np.array([0.3, 1.1]), 1e-4
    drift = np.diag(rates) + weak * np.array([[0, 1.0], [-1, 0]])  # of covariance one, to first order and beyond
    forth, back = expm(-drift), expm(-drift.T)
    laws = [np.block([[np.eye(2), map_.T], [map_, np.eye(2)]]) for map_ in (back, forth)]
    divergence = 0.5 * (np.trace(np.linalg.solve(laws[0], laws[1])) - 4)
    assert lost(*rates) == pytest.approx(weak**2 * np.sum(1 / rates) / divergence, rel=1e-3)
    assert lost(1e-3, 2e-3) == pytest.approx(1, abs=2e-3) and lost(1, 1 + 1e-5) == pytest.approx(lost(1, 1), rel=1e-4)


def test_modes_that_are_white_are_said(rotation):
    white = np.random.default_rng(6).normal(size=(8000, 1))
    found = resolvable(from_array(np.hstack([rotation.segments[0], white]), sampling_rate=1 / STEP))
    assert "1 of 3 combinations" in found.diagnostics[0]
    assert found.details["sampling"] == pytest.approx(np.expm1(0.2) / 0.2, rel=0.05)


def test_resolvable_by_formula(rotation):
    found = resolvable(duration="10 min", channels=5)
    assert found.kind == "lower bound" and "fastest relaxation" in found.diagnostics[0]
    assert found.details["freedom"] == 10 and found.details["bias"] == pytest.approx(2 * 10 / 600)
    assert found.details["noncentrality"] == pytest.approx(16.2413, abs=1e-3)  # chi squared tables, power 0.8
    assert resolvable(duration="20 min", channels=5).value == pytest.approx(found.value / 2)
    known = resolvable(duration=8000 * STEP, channels=2, sampling_rate=1 / STEP, relaxation_time=1.0)
    assert known.kind == "estimate" and known.details["sampling"] == pytest.approx(np.expm1(0.2) / 0.2)
    assert resolvable(rotation).value == pytest.approx(known.value, rel=0.03)
    ring = resolvable(states(), method="plugin")
    assert ring.details["freedom"] == 1 == resolvable(duration=30, states=3, method="plugin").details["freedom"]
    short = resolvable(duration=5, channels=3, correlation_time=1.0)
    assert any("correlation times" in sentence for sentence in short.diagnostics)
    for options, words in (
        ({"channels": 2}, "duration is missing"),
        ({"duration": 10}, "channels is missing"),
        ({"duration": 10, "channels": 1}, "always reversible"),
        ({"duration": -1, "channels": 2}, "duration must be positive"),
        ({"duration": 10, "channels": 2, "power": 0.01}, "power must be more than alpha"),
        ({"duration": 10, "method": "plugin"}, "states is missing"),
        ({"duration": 10, "channels": 2, "sampling_rate": 10}, "both, or neither"),
    ):
        with pytest.raises(InputError, match=words):
            resolvable(**options)
    with pytest.raises(InputError, match="not both"):
        resolvable(rotation, channels=2)


# -- attribution -----------------------------------------------------------------------------------


def test_shares_sum_to_the_whole_and_fall_on_those_that_take_part():
    whole = np.zeros((3, 3))
    whole[:2, :2], whole[2, 2] = ROTATION, 1.0
    recording = sampled(whole, 0.3 * np.eye(3), 8000, 3)
    found = attribution(recording, "gaussian")
    assert (
        float(found.by_channel.sum())
        == pytest.approx(found.attrs["total"])
        == pytest.approx(float(found.by_pair.sum()))
    )
    assert np.argmin(found.by_channel.values) == 2
    assert found.by_channel_q.values[2] > 0.05 > found.by_channel_q.values[0]
    with pytest.raises(InputError, match="does not split"):
        attribution(recording, "lagged_asymmetry")
