"""The command line as a user meets it: one sentence for a mistake, nothing half-written, JSON for machines."""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray

from neurothermo import InputError, cli, config, hopfield, ramp, simulate

EXPERIMENT = """
title = "Two memories"
temperature = 15
trials = 400
seed = 3
estimators = ["bar", "jarzynski"]
record = ["overlaps"]
every = 20

[system]
kind = "hopfield"
patterns = [[1, 1, 1, 1, 1, 1], [1, 1, 1, -1, -1, -1]]
weights = [0.2, 0.8]

[protocol]
kind = "ramp"
start = { pattern = 1, strength = 5.0 }
stop = { pattern = 2, strength = 5.0 }
steps = 60

[dynamics]
kind = "Glauber"
attempts = 2
"""


def run(monkeypatch, capsys, *arguments):
    """Exit code, output and error stream of the command."""
    monkeypatch.setattr(sys, "argv", ["neurothermo", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return (stopped.value.code or 0, *capsys.readouterr())


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("two.toml").write_text(EXPERIMENT)
    return lambda *arguments: run(monkeypatch, capsys, *arguments)


def test_an_experiment_file_runs_to_ledgers_and_a_report(command, tmp_path):
    code, out, err = command("run", "two.toml", "--out", "results")
    assert (code, err) == (0, "") and "Report: results" in out and "exact" in out
    assert {path.name for path in (tmp_path / "results").iterdir()} == {
        "forward.nc", "reverse.nc", "report.html", "results.json", "figures",
    }  # fmt: skip
    with xarray.open_dataset("results/forward.nc", engine="h5netcdf") as forward:
        assert forward.sizes == {"trial": 400, "time": 4, "pattern": 2} and forward.attrs["direction"] == "forward"
    results = json.loads(Path("results/results.json").read_text())
    rows = results["figures"][0]["rows"]
    assert [row["variant"] for row in rows[:3]] == ["BAR", "Jarzynski", "Jarzynski, reverse works"]
    assert all(abs(row["z"]) < 4 and row["verdict"] for row in rows[:3])
    page = Path("results/report.html").read_text()
    assert page.count("data:image/png;base64,") == 3 and "http" not in page and "Two memories" in page

    code, out, _ = command("estimate", "results/forward.nc", "results/reverse.nc")
    assert code == 0 and "BAR, 2 x 400 trials" in out and "Crooks' theorem holds" in out
    code, out, _ = command("estimate", "results/forward.nc", "results/reverse.nc", "--json", "--method", "bar")
    assert json.loads(out)["estimates"][0]["method"] == "BAR"
    assert json.loads(out)["estimates"][0]["value"] == rows[0]["estimate"]
    code, _, err = command("estimate", "results/reverse.nc", "results/forward.nc")
    assert code == 2 and "swapped" in err


def test_results_are_not_overwritten_unless_asked(command, tmp_path):
    assert command("run", "two.toml", "--out", "results")[0] == 0
    before = (tmp_path / "results" / "results.json").stat().st_mtime_ns
    code, out, err = command("run", "two.toml", "--out", "results")
    assert code == 2 and out == "" and "already holds results" in err and err.count("\n") == 1
    assert (tmp_path / "results" / "results.json").stat().st_mtime_ns == before
    assert command("run", "two.toml", "--out", "results", "--overwrite")[0] == 0
    assert (tmp_path / "results" / "results.json").stat().st_mtime_ns != before
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("x")
    code, _, err = command("run", "two.toml", "--out", "mine", "--overwrite")
    assert code == 2 and "other files" in err and Path("mine/thesis.tex").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "results", "two.toml"]


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("trials = 400", "trails = 400", "unknown key 'trails' in the experiment; did you mean 'trials'"),
        ("attempts = 2", "attempt = 2", "unknown key 'attempt' in [dynamics]; did you mean 'attempts'"),
        ('kind = "ramp"', 'kind = "rampe"', "did you mean 'ramp'"),
        ('kind = "ramp"', "", "kind is needed in [protocol]"),
        ("steps = 60", "", "steps is needed in [protocol]"),
        ("temperature = 15", "", "temperature is needed"),
        ("temperature = 15", "temperature = -1", "temperature must be positive"),
        ("temperature = 15", 'temperature = "hot"', "temperature must be one number"),
        ("trials = 400", "trials = 0", "trials must be at least 1"),
        ('estimators = ["bar", "jarzynski"]', 'estimators = ["barr"]', "did you mean 'bar'"),
        ('estimators = ["bar", "jarzynski"]', 'estimators = "bar"', "estimators must be a list"),
        ("weights = [0.2, 0.8]", "weights = [0.2]", "weights must have shape (2,)"),
        ("weights = [0.2, 0.8]", "crossover = 0.5", "there is no free energy to estimate"),
        ("pattern = 2", "pattern = 3", "pattern must be a number from 1 to 2"),
        ("[system]", "[system", "not valid TOML"),
        ('record = ["overlaps"]', 'record = ["spikes"]', "record must name some of"),
        ("stop = { pattern = 2, strength = 5.0 }", "stop = [1, 2]", "stop must have shape (6,)"),
    ],
)
def test_mistakes_in_an_experiment_file_are_one_sentence(command, tmp_path, old, new, words):
    assert old in EXPERIMENT
    Path("wrong.toml").write_text(EXPERIMENT.replace(old, new))
    code, out, err = command("run", "wrong.toml")
    assert code == 2 and out == "" and words in err and err.strip().count("\n") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["two.toml", "wrong.toml"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["run", "missing.toml"], "cannot read missing.toml"),
        (["run", "."], "cannot read"),
        (["reproduce", "chen2021"], "did you mean 'chen2020'"),
        (["reproduce", "chen2020", "--figure", "9"], "figure must be one of"),
        (["reproduce", "lucente2025", "--figure", "tabel"], "did you mean 'table'"),
        (["reproduce", "lucente2025", "--figure", "4a"], "figure must be one of 'table', 'spectrum'"),
        (["reproduce", "chen2020", "--trials", "1"], "trials must be at least 2"),
        (["reproduce", "lucente2025", "--trials", "1"], "trials must be at least 2"),
        (["reproduce", "lucente2025", "--seed", "-1"], "seed must be at least 0"),
        (["reproduce", "chen2020", "--out", "nowhere/deep"], "there is no folder"),
        (["reproduce", "chen2020", "--out", "two.toml"], "is a file"),
        (["estimate", "missing.nc"], "there is no file missing.nc"),
        (["estimate", "two.toml"], "must be a ledger (.nc) or works"),
        (["estimate", "broken.nc"], "not a readable ledger"),
        (["estimate", "works.npy"], "temperature is needed"),
        (["estimate", "works.npy", "--temperature", "2", "--method", "bar"], "bar needs the reverse"),
    ],
)
def test_mistakes_on_the_command_line_are_one_sentence(command, arguments, words):
    Path("broken.nc").write_bytes(b"not a ledger")
    np.save("works.npy", np.ones(20))
    code, _, err = command(*arguments)
    assert code == 2 and words in err and err.strip().count("\n") == 0


def test_estimate_reads_bare_works(command):
    rng = np.random.default_rng(1)
    np.save("forward.npy", rng.normal(0.0, 2.0, 2000))
    np.savetxt("reverse.csv", rng.normal(2.0, 2.0, 2000), delimiter=",")
    code, out, _ = command("estimate", "forward.npy", "reverse.csv", "--temperature", "2")
    assert code == 0 and "BAR, 2 x 2000 trials" in out


def test_the_paper_is_reproduced_figure_by_figure(command, tmp_path):
    code, out, err = command(
        "reproduce", "chen2020", "--figure", "4e", "--figure", "5", "--trials", "1000", "--out", "r"
    )
    assert (code, err) == (0, "") and "DIFFERS" not in out
    results = json.loads(Path("r/results.json").read_text())
    assert [figure["figure"] for figure in results["figures"]] == ["4e", "5"]
    assert (tmp_path / "r" / "figures" / "4e.png").stat().st_size > 10_000
    assert results["configuration"]["seed"] == 1 and results["versions"]["neurothermo"]
    code, out, _ = command("reproduce", "chen2020", "--figure", "5", "--trials", "1000", "--out", "j", "--json")
    assert code == 0 and json.loads(out)["figures"][0]["rows"] == results["figures"][1]["rows"]


@pytest.mark.parametrize("study", cli.STUDIES)
def test_the_help_knows_every_study_and_figure(command, study):
    _, out, _ = command("reproduce", "--help")
    assert study in out
    paper = importlib.import_module(f"neurothermo.studies.{study}")
    assert cli.STUDIES[study].split(", ") == list(paper.FIGURES)


def test_another_study_is_reproduced_by_its_own_settings(command, tmp_path):
    arguments = ("reproduce", "lucente2025", "--figure", "spectrum", "--trials", "7", "--seed", "3", "--out", "r")
    code, out, err = command(*arguments)
    assert (code, err) == (0, "") and "DIFFERS" not in out and "differs, as it must" in out
    results = json.loads(Path("r/results.json").read_text())
    assert [figure["figure"] for figure in results["figures"]] == ["spectrum"]
    assert results["configuration"]["trials"] == 7 and results["configuration"]["seed"] == 3
    assert (tmp_path / "r" / "figures" / "spectrum.png").stat().st_size > 10_000


def test_an_interrupted_run_leaves_nothing(tmp_path):
    (tmp_path / "long.toml").write_text(
        EXPERIMENT.replace("trials = 400", "trials = 400_000").replace("attempts = 2", "attempts = 9_000")
    )
    child = subprocess.Popen(
        [sys.executable, "-m", "neurothermo", "run", "long.toml"], cwd=tmp_path, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, env={**os.environ},
    )  # fmt: skip
    time.sleep(4)
    assert child.poll() is None, child.stderr.read()
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode not in (0, None) and "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["long.toml"]


def test_python_names_and_file_names_are_the_same():
    text = {
        "system": {"kind": "hopfield", "patterns": {"count": 2, "size": 9, "seed": 4}},
        "protocol": {"kind": "hold", "value": 0.5, "steps": 3},
        "temperature": 2.0,
    }
    plan = config.experiment(text)
    assert plan.system.size == 9 and plan.protocol.steps == 3 and plan.rule.order == "random"
    binary = {"kind": "SpinNetwork.from_binary", "weights": [[0, 1.0], [2.0, 0]], "biases": [0, 1.0]}
    assert not config.experiment({**text, "system": binary}).system.symmetric
    fly = {"kind": "fly_mushroom_body", "scale": 0.1}
    assert config.experiment({**text, "system": fly}).system.size == 209
    array = {"kind": "array", "values": [[0.0] * 9, [1.0] * 9]}
    assert config.experiment({**text, "protocol": array}).protocol.steps == 1
    with pytest.raises(InputError, match="either values or path"):
        config.experiment({**text, "protocol": {"kind": "array"}})


def test_files_are_whole_or_absent(tmp_path):
    from neurothermo.core.files import write_json, written_whole
    from neurothermo.core.folders import filled_whole

    with pytest.raises(RuntimeError), written_whole(tmp_path / "a.txt") as path:
        path.write_text("half")
        raise RuntimeError
    with pytest.raises(RuntimeError), filled_whole(tmp_path / "b") as folder:
        (folder / "x").write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    write_json(tmp_path / "c.json", {"x": np.float64("nan")})
    assert json.loads((tmp_path / "c.json").read_text()) == {"x": None}
    with pytest.raises(InputError, match="cannot write"):
        write_json(tmp_path / "missing" / "c.json", {})


def test_a_ledger_with_no_free_energy_says_why(command):
    net = hopfield([[1, 1, 1], [1, 1, -1]], crossover=0.4)
    simulate(net, ramp([0, 0, 0], [1, 0, 1], 3), temperature=1, trials=50).to_netcdf("f.nc", engine="h5netcdf")
    code, _, err = command("estimate", "f.nc")
    assert code == 2 and "not symmetric" in err
