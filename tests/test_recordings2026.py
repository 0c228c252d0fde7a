"""The study of four recordings: controls come out as known, no finding is called that is none, and rows can fail."""

from dataclasses import replace

import numpy as np
import pytest

from neurothermo import irreversibility
from neurothermo.core.estimate import Estimate
from neurothermo.recordings import datasets
from neurothermo.report.figures import png
from neurothermo.studies import recordings2026
from neurothermo.studies.recordings2026 import controls, judged
from neurothermo.studies.recordings2026.judged import OPEN, TOLD, Family

SMALL = recordings2026.Settings(
    trials=4, surrogates=39, widths=("20 ms",), sizes=(5, 10), subsets=(2, 1), rates=("100 Hz",)
)
PANELS = {}
NAMES = list(recordings2026.FIGURES)


def panel(name, settings=SMALL):
    """Each is made once."""
    if (name, settings) not in PANELS:
        PANELS[name, settings] = recordings2026.FIGURES[name](settings)
    return PANELS[name, settings]


def asleep():
    return datasets.head_direction().epoch("sleep").select(location="adn")


def checked(found):
    """What must hold of a panel of any size."""
    assert [row.quantity for row in found.rows if row.as_expected is False] == []
    assert sum(row.verdict is not None for row in found.rows) >= 4, "too little was judged"
    assert found.caption.endswith(".") and any(note.startswith("Not concluded") for note in found.notes)
    for row in found.rows:
        if row.sentence.startswith("95% interval"):
            assert row.verdict is None, "nobody knows what it should be"
            assert (f": {TOLD}." in row.sentence) + (": a difference." in row.sentence) + (OPEN in row.sentence) == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_judged_row_is_as_expected(name):
    checked(panel(name))
    assert panel(name).name == name


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_judged_row_is_as_expected_at_full_size(name):
    checked(panel(name, recordings2026.Settings()))


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_draws(name):
    assert len(png(panel(name).draw, panel(name).size)) > 15_000


# -- what is said of the data ----------------------------------------------------------------------


def test_the_head_direction_units_asleep_and_awake():
    """At 20 ms: 0.0057 nats a sample asleep; waking is not told from reversible."""
    rows = {(row.quantity, row.variant): row for row in panel("sleep").rows}
    row = rows["7 head-direction units, sleep, 20 ms", "maxent"]
    assert row.value == pytest.approx(50 * 0.0057, rel=0.1) and row.value > 4 * row.stderr
    waking = [row for key, row in rows.items() if "wake" in key[0] and row.sentence.startswith("95%")]
    assert waking and not [row for row in waking if TOLD in row.sentence]
    assert "asleep: told from reversible in 2 of the 2 halves; without ripples it is seen" in panel("sleep").notes[0]


def test_the_linear_model_is_said_to_be_invalid_for_field_potentials():
    assert "is not valid here by its own checks" in panel("ecog").notes[0]


def test_components_are_as_many_as_the_volumes_allow():
    names = {row.quantity for row in panel("bold").rows if row.variant == "gaussian"}
    assert "5 components" in names and not any(name.startswith("6") for name in names)  # 250 / 10 = 25 = 5 squared


def test_nothing_is_told_from_reversible_in_the_scan_and_on_the_probe():
    assert panel("bold").notes[0].startswith("Nothing is told from reversible: nothing can be concluded.")
    assert "in 1 of" not in panel("neuropixels").notes[0] and "in 2 of" not in panel("neuropixels").notes[0]


# -- what a finding is -----------------------------------------------------------------------------


def estimate(low, high, p_value):
    return Estimate((low + high) / 2, (high - low) / 4, (low, high), p_value=p_value)


def test_a_finding_needs_the_corrected_test_and_the_interval():
    family = Family({
        ("good", "m"): estimate(0.1, 0.5, 0.001),
        ("interval", "m"): estimate(-0.1, 0.5, 0.001),
        ("below", "m"): estimate(-0.5, -0.1, 0.001),
        ("one of many", "m"): estimate(0.1, 0.5, 0.04),
        ("nothing", "m"): estimate(0.1, 0.5, 0.5),
        ("no test", "m"): estimate(0.1, 0.5, float("nan")),
        ("no method", "m"): "too few windows",
    })  # fmt: skip
    assert family.findings == [("good", "m")]
    assert [TOLD in row.sentence for row in family.rows()] == [True] + [False] * 6
    assert all(OPEN in row.sentence.lower() for row in family.rows()[1:])
    assert replace(family, two_sided=True).findings == [("good", "m"), ("below", "m")]


def test_without_correction_more_would_be_called_findings():
    many = Family({(str(number), "m"): estimate(0.1, 0.5, 0.02) for number in range(5)})
    assert many.findings == [] and Family({("0", "m"): estimate(0.1, 0.5, 0.02)}).findings == [("0", "m")]


# -- controls: what they keep, and that they can fail ------------------------------------------------


def test_backwards_twice_is_the_recording():
    binned = asleep().bin("50 ms")
    there, twice = binned.segments[0], controls.backwards(controls.backwards(binned)).segments[0]
    np.testing.assert_array_equal(there, twice)
    assert not np.array_equal(there, controls.backwards(binned).segments[0])


def test_what_shifts_shuffles_and_jitter_keep():
    spikes = asleep()
    binned = spikes.bin("50 ms")
    moved = controls.shifted(binned, 1).segments[0]
    np.testing.assert_array_equal(moved.sum(axis=0), binned.segments[0].sum(axis=0))
    shuffled = controls.shuffled(spikes, 1)
    for one, other in zip(spikes.trains, shuffled.trains, strict=True):
        np.testing.assert_allclose(np.sort(np.diff(one)), np.sort(np.diff(other, prepend=0.0))[-len(one) + 1 :], atol=9)
        assert len(one) == len(other) and one[-1] == pytest.approx(other[-1], abs=1e-6)
    jittered = controls.jittered(spikes, 0.5, 1)
    np.testing.assert_array_equal(
        spikes.bin("500 ms", binary=False).segments[0], jittered.bin("500 ms", binary=False).segments[0]
    )


def test_a_planted_arrow_is_found_and_none_where_none_was_planted():
    spikes = datasets.head_direction().epoch("wake").select(location="adn")
    found, none = (
        irreversibility.maxent(controls.planted(spikes, share, 0.02, 2).bin("20 ms")) for share in (0.1, 0.0)
    )
    assert found.p_value <= 0.01 and found.interval[0] > 0
    assert none.p_value > 0.05


def test_a_statistic_that_knows_the_direction_of_time_is_noticed():
    """A kinetic Ising network fitted forwards is another than that fitted backwards."""
    (row,) = judged.alike_backwards("sleep", "kinetic_ising", asleep().bin("10 ms"), 1)
    (same,) = judged.alike_backwards("sleep", "uncertainty", asleep().bin("10 ms"), 1)
    assert row.verdict is False and same.verdict is True


def test_bias_and_a_wrong_test_are_noticed():
    draws = np.random.default_rng(1).normal(size=20)
    assert judged.zero_on_average("draws", "m", draws - draws.mean() + 0.1, "").verdict is True
    assert judged.zero_on_average("draws", "m", draws + 2, "").verdict is False
    assert judged.rejected_seldom("draws", "m", np.linspace(0.02, 1, 20)).verdict is True
    assert judged.rejected_seldom("draws", "m", np.linspace(0.001, 0.1, 20)).verdict is False


def test_the_weaker_of_both_directions_counts():
    """In the scan of 250 volumes it matters for `spectral` where windows begin."""
    scan = datasets.bold().regress(["WM", "Vent", "Brain"]).standardize().components(3)
    both = [irreversibility.spectral(one).p_value for one in (scan, controls.backwards(scan))]
    assert judged.weaker("spectral", scan, 0).p_value == max(both) > 5 * min(both)
