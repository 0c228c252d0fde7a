"""Scans: their points are their simulations, trials are added until the error is small, and files describe them."""

import json
import sys

import numpy as np
import pytest

from neurothermo import InputError, free_energy, scan, simulate
from neurothermo.config import read_experiment
from neurothermo.grid import ledgers, open_scan
from neurothermo.grid.axes import checked_grid
from scan_run_checks import OPTIONS, TEMPERATURES, again, assert_same_bits, build


def test_a_scan_is_its_simulations(tmp_path):
    axes = {"temperature": TEMPERATURES, "steps": [2, 7]}
    found = scan(build, axes, **OPTIONS)
    assert found.work.dims == ("temperature", "steps", "trial")
    for temperature in TEMPERATURES:
        one = simulate(**build(temperature, 7), trials=400, seed=3, progress=False)
        np.testing.assert_array_equal(found.work.sel(temperature=temperature, steps=7), one.work)
    for more in ({"chunk": 64}, {"threads": 1}, {"store": tmp_path / "a"}, {"lazy": True, "chunk": 128}):
        assert_same_bits(found, scan(build, axes, **OPTIONS, **more))
    table = scan(build, {"temperature": [0.7, 2.0, 0.7], "steps": [2, 7, 2]}, table=True, **OPTIONS)
    assert table.work.dims == ("point", "trial")
    np.testing.assert_array_equal(table.work[1], found.work[1, 1])
    np.testing.assert_array_equal(table.work[0], table.work[2])


def test_points_are_independent_and_ledgers_know_their_point():
    found = scan(build, {"temperature": TEMPERATURES}, both=True, **{**OPTIONS, "trials": 4000})
    points = list(ledgers(found))
    assert [place["direction"] for place, _ in points] == ["forward", "reverse"] * 2
    one, other = points[0][1], points[1][1]
    assert abs(np.corrcoef(one.work, other.work)[0, 1]) < 4 / np.sqrt(4000)
    forward, _ = points[2]
    assert forward["temperature"] == 2.0 and points[2][1].attrs["temperature"] == 2.0
    answer = free_energy.bar(one, other)
    assert abs(answer.value - float((one.energy_final + 0.7 * one.log_law_final).mean() - (
        one.energy_initial + 0.7 * one.log_law_initial).mean())) < 4 * answer.stderr  # fmt: skip


# -- until ---------------------------------------------------------------------------------------------------------


def test_chunks_are_added_until_the_error_is_small_enough(tmp_path):
    axes, until = {"temperature": [0.7, 5.0]}, {"estimator": "work", "stderr": 0.02}
    options = {"trials": 100_000, "seed": 1, "chunk": 256, "progress": False}
    found = scan(build, axes, until=until, **options)
    counts = [ledger.sizes["trial"] for _, ledger in ledgers(found)]
    errors = [float(ledger.work.std(ddof=1)) / np.sqrt(ledger.sizes["trial"]) for _, ledger in ledgers(found)]
    assert max(errors) <= 0.02 and max(counts) < 100_000 and all(count % 256 == 0 for count in counts)
    assert max(errors) > 0.01  # and no more than needed
    kept = scan(build, axes, until=until, **options, store=tmp_path / "s")
    assert_same_bits(found, kept)
    again = scan(build, axes, until=until, **options, store=tmp_path / "s")
    assert [ledger.sizes["trial"] for _, ledger in ledgers(again)] == counts
    short = scan(build, axes, until=until, budget={"trials": 1024}, **options)
    assert sum(ledger.sizes["trial"] for _, ledger in ledgers(short)) == 1024


def test_until_takes_a_function_of_both_ledgers():
    def difference(forward, reverse):
        return free_energy.bar(forward, reverse)

    found = scan(build, {"temperature": [2.0]}, both=True, until={"estimator": difference, "stderr": 0.02},
                 trials=50_000, chunk=256, progress=False)  # fmt: skip
    (_, forward), (_, reverse) = ledgers(found)
    assert free_energy.bar(forward, reverse).stderr <= 0.02


# -- the command line ----------------------------------------------------------------------------------------------

FILE = """
trials = 300
seed = 2
temperature = 1.0
[system]
kind = "SpinNetwork"
couplings = [[0, 0.7], [0.7, 0]]
[protocol]
kind = "ramp"
start = 0
stop = 1
steps = 3
[scan]
both = true
[scan.axes]
temperature = [1.0, 2.0]
"protocol.steps" = [2, 5]
"""


def test_a_scan_from_a_file(tmp_path, monkeypatch, capsys):
    from neurothermo.cli import main

    file, store = tmp_path / "scan.toml", tmp_path / "scan.zarr"
    file.write_text(FILE)

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["neurothermo", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr()

    code, said = command("run", file, "--out", store)
    assert code == 0 and "done" in said.out and "2400 of 2400" in said.out, said.err
    code, said = command("status", store, "--json")
    assert json.loads(said.out)["tasks_done"] == 8
    code, said = command("estimate", store, "--json", "--method", "bar")
    rows = json.loads(said.out)["points"]
    assert len(rows) == 4 and rows[3]["parameters"] == {"temperature": 2.0, "protocol.steps": 5}
    plan = read_experiment(file)
    one = simulate(
        **plan.scan["build"](**{"temperature": 2.0, "protocol.steps": 5}), trials=300, seed=2, progress=False
    )
    np.testing.assert_array_equal(open_scan(store).work.values[1, 1, 0], one.work)
    code, said = command("estimate", store)
    assert code == 0 and "temperature = 2.0, protocol.steps = 5 (300 trials)" in said.out
    code, said = command("run", file, "--out", store, "--workers", "0")
    assert code == 2 and "workers" in said.err
    file.write_text(FILE.replace('"protocol.steps"', '"protocol.stepz"'))
    code, said = command("run", file, "--out", store)
    assert code == 2 and "unknown key 'stepz' in [protocol]" in said.err


# -- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"axes": {}}, "axes must be a mapping"),
        ({"axes": {"temperature": "hot"}}, "axes: temperature must be a list"),
        ({"axes": {"temperature": [1.0, np.nan]}}, "must be finite"),
        ({"axes": {"trial": [1]}}, "trial is the name of a dimension"),
        ({"axes": {"temperature": [1.0, 1.0]}}, "holds a value twice"),
        ({"axes": {"temperature": [1.0], "steps": [1, 2]}, "table": True}, "columns of one length"),
        ({"axes": {"temperature": [-1.0]}}, "temperature must be positive"),
        ({"trials": 0}, "trials must be"),
        ({"until": {"estimator": "work"}}, "until must be a mapping with the keys"),
        ({"until": {"estimator": "bar", "stderr": 1}}, "bar needs the reverse process"),
        ({"budget": {"trials": 3}}, "budget belongs to until"),
        ({"workers": 1, "scheduler": "tcp://x:1"}, "give one of workers, client and scheduler"),
        ({"client": 3}, "client must be a distributed.Client"),
        ({"store": 3}, "store must be a path"),
        ({"dt": 0.1}, "dt belongs to processes"),
        ({"frobnicate": 1}, "frobnicate"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(change, sentence):
    with pytest.raises(InputError, match=sentence):
        scan(build, **{"axes": {"temperature": [1.0]}, **OPTIONS, **change})


def test_what_build_returns_is_checked():
    for wrong in (lambda temperature: 3, lambda temperature: {"system": 1}, lambda temperature: {"trials": 3}):
        with pytest.raises(InputError, match="build must"):
            scan(wrong, {"temperature": [1.0]}, **OPTIONS)
    calls = []

    def fickle(temperature):
        calls.append(temperature)
        return build(temperature + len(calls))

    with pytest.raises(InputError, match="build must give the same experiment each time"):
        scan(fickle, {"temperature": [1.0]}, **OPTIONS)


def test_a_missing_library_is_named_with_its_command(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(InputError, match=r"a store needs zarr: pip install 'neurothermo\[scale\]'"):
        again(tmp_path / "s")


def test_the_points_of_a_grid():
    grid = checked_grid({"a": [1, 2], "b": ["x", "y", "z"]}, False, True)
    assert grid.shape == (2, 3, 2) and grid.size == 12 and grid.index(11) == (1, 2, 1)
    assert grid.points()[3] == ({"a": 1, "b": "y"}, "reverse")
