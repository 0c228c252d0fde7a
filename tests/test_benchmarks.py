"""The arithmetic of the benchmarks, on clocks that are not clocks, and their cheapest run."""

import json
import sys

import pytest
from benchmarks.__main__ import main
from benchmarks.child import served
from benchmarks.harness import Ask, Contender, Cost, Spread, interleave, ratio
from benchmarks.table import absent, against, compilation, fact, rate, text


def scripted(name, cores, turns, work=1.0):
    """A contender whose turns cost these core seconds, and half as much by the clock on the wall."""
    left = iter(cores)

    def measure():
        turns.append(name)
        core = next(left)
        return Cost(core, core / 2)

    return Contender(name, measure, work)


@pytest.fixture
def race():
    """Three counted rounds; the machine is twice as slow in the second, and each first turn compiles."""
    turns = []
    ours = scripted("ours", [13.0, 2.0, 4.0, 2.2], turns, work=2.0)
    theirs = scripted("theirs", [1.0, 1.0, 2.0, 1.0], turns)
    return interleave([ours, theirs], rounds=3, pause=0), turns


def test_contenders_take_turns_and_the_first_is_not_counted(race):
    samples, turns = race
    assert turns == ["ours", "theirs"] * 4
    assert samples["ours"].core == (1.0, 2.0, 1.1), "a unit of work"
    assert samples["ours"].wall == (0.5, 1.0, 0.55)
    assert samples["ours"].first == Cost(13.0 - 2.2, (13.0 - 2.2) / 2), "the whole turn, not a unit of work"
    assert samples["theirs"].first == Cost(0.0, 0.0)


def test_ratios_are_taken_within_a_round(race):
    samples, _ = race
    spread = ratio(samples["ours"], samples["theirs"])
    assert (spread.median, spread.low) == (1.0, 1.0) and spread.high == pytest.approx(1.05)
    assert Spread.of([4.0, 1.0, 3.0, 2.0, 5.0]) == Spread(3.0, 2.0, 4.0)


@pytest.mark.parametrize(
    "ask, faster, reached, shown",
    [
        (Ask("at most", 1.0, "x"), False, True, "1 [1, 1.05]"),
        (Ask("at most", 0.9, "x"), False, False, "1 [1, 1.05]"),
        (Ask("at least", 1.0, "x"), True, True, "1 [0.955, 1]"),
        (Ask("at least", 1.1, "x"), True, False, "1 [0.955, 1]"),
        (None, False, None, "1 [1, 1.05]"),
    ],
)
def test_reached_is_read_off_the_measured_ratio(race, ask, faster, reached, shown):
    samples, _ = race
    row = against("moves", samples["ours"], samples["theirs"], ask, faster=faster, unit=1e3)
    assert (row.reached, row.ratio) == (reached, shown)
    assert row.ours == "1.1e+03 ms" and row.opponent == "theirs: 1e+03 ms"


def test_a_rate_is_the_inverse_of_a_cost(race):
    samples, _ = race
    row = rate("moves", samples["theirs"], Ask("at least", 2e-6, "M"))
    assert row.numbers["rate"] == {"median": 1e-6, "low": 7.5e-7, "high": 1e-6} and row.reached is False
    assert Ask("at most", 1.0, "").reached(float("nan")) is False
    assert Ask("at least", 1.0, "").reached(float("nan")) is False


def test_a_row_can_be_read_off_the_wall_clock(race):
    samples, _ = race
    row = against("moves", samples["ours"], samples["theirs"], unit=1e3, clock="wall")
    assert (row.ours, row.opponent, row.ratio) == ("550 ms", "theirs: 500 ms", "1 [1, 1.05]")
    assert "M/s" in rate("moves", samples["theirs"], Ask("at least", 1, "M"), "wall").ours


def test_an_opponent_in_a_process_of_its_own_says_its_own_cost_or_why_it_is_absent(tmp_path):
    server = tmp_path / "server.py"
    server.write_text(
        "import json, sys\n"
        "task = json.loads(sys.stdin.readline())\n"
        "print(json.dumps({'about': task['version']}), flush=True)\n"
        "for _ in sys.stdin:\n"
        "    print(json.dumps({'core': 2.0, 'wall': 1.0}), flush=True)\n"
    )
    said = []
    with served("theirs", sys.executable, str(server), {"version": "1.2"}, 4.0, said) as (contender, about):
        assert about == "1.2" and contender.measure() == Cost(2.0, 1.0)
    assert said == [{"core": 2.0, "wall": 1.0}]
    broken = tmp_path / "broken.py"
    broken.write_text("import a_package_that_is_not_here\n")
    for python, path, why in ((None, server, "not installed"), (sys.executable, broken, "a_package_that_is_not_here")):
        with served("theirs", python, str(path), {}, 1.0) as (contender, about):
            assert contender is None and why in about


def test_the_table_lines_up_and_names_what_is_absent(race):
    samples, _ = race
    rows = [
        against("moves", samples["ours"], samples["theirs"], Ask("at most", 0.9, "x")),
        absent("more moves", "C", "no gcc here"),
        fact("same bits", True, "1 version", "1 version"),
        compilation(samples["ours"]),
    ]
    lines = text("Title", rows).splitlines()
    assert lines[0] == "## Title" and len({len(line) for line in lines[2:]}) == 1
    verdicts = [line.split("|")[-2].strip() for line in [lines[2], *lines[4:]]]
    assert verdicts == ["reached", "NO", "-", "yes", "-"]
    assert "C: absent (no gcc here)" in lines[5]


def test_the_cheapest_group_runs(tmp_path, capsys):
    target = tmp_path / "numbers.json"
    assert main(["--quick", "--rounds", "1", "--only", "startup", "--json", str(target)]) == 0
    assert "import neurothermo" in capsys.readouterr().out
    numbers = json.loads(target.read_text())
    whats = [row["what"] for row in numbers["groups"]["startup"]]
    assert numbers["quick"] and {"import neurothermo", "neurothermo --help"} <= set(whats)
    assert all(row["reached"] is None for row in numbers["groups"]["startup"]), "a smoke run asks for no times"
