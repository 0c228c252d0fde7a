"""`neurothermo infer` as a user meets it: a table, a page, JSON, and one sentence for a mistake."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from neurothermo import cli
from test_classifier import RELAXING, ROTATION, WHITE, sampled


@pytest.fixture
def infer(monkeypatch, capsys, tmp_path):
    """Exit code, output and error stream of `neurothermo infer`, in a folder with three small recordings."""
    monkeypatch.chdir(tmp_path)
    rotation, relaxing = (sampled(one, WHITE, 2000, 3).segments[0] for one in (ROTATION, RELAXING))
    head = "eye,a,b"
    np.savetxt(
        "rotation.csv", np.column_stack([rotation[::-1, 0] ** 2, rotation]), delimiter=",", header=head, comments=""
    )
    np.savez("relaxing.npz", signal=relaxing)
    random = np.random.default_rng(1)
    times, units = np.sort(random.uniform(0, 60, 3000)), random.integers(0, 3, 3000)
    np.savez("spikes.npz", at=times, who=units)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["neurothermo", "infer", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return (stopped.value.code or 0, *capsys.readouterr())

    return run


def test_a_csv_of_signals_becomes_a_table_and_a_report(infer, tmp_path):
    options = ("--interval", "100 ms", "--exclude", "eye", "--method", "gaussian,lagged_asymmetry", "--seed", "2")
    code, out, err = infer("rotation.csv", *options, "--out", "found")
    assert (code, err) == (0, "")
    assert "nats per second" in out and "2 of 2 methods" in out and "Report: found/report.html" in out
    assert "1 of 3 channels" not in out and "2 of 3 channels kept" in out
    results = json.loads(Path("found/results.json").read_text())
    assert results["assessment"]["findings"] == ["gaussian", "lagged_asymmetry"]
    assert results["configuration"]["seed"] == 2 and results["configuration"]["interval"] == "100 ms"
    assert [panel["figure"] for panel in results["figures"]] == [
        "methods", "null", "attribution", "recording", "fine_print",
    ]  # fmt: skip
    page = Path("found/report.html").read_text()
    assert page.count("data:image/png;base64,") == 4 and "http" not in page and "one channel" not in page
    assert "who takes part" in page.lower() and "What a reversible process would have given" in page
    pictures = {path.name: path.stat().st_size for path in (tmp_path / "found" / "figures").iterdir()}
    assert set(pictures) == {f"{name}.png" for name in ("methods", "null", "attribution", "recording")}
    assert min(pictures.values()) > 5000


def test_json_is_the_same_and_nothing_else(infer):
    options = ("--sampling-rate", "10 Hz", "--key", "signal", "--method", "gaussian", "--confidence", "0.9")
    code, out, _ = infer("relaxing.npz", *options, "--out", "one", "--json")
    found = json.loads(out)
    assert code == 0 and found == json.loads(Path("one/results.json").read_text())
    assert found["assessment"]["confidence"] == 0.9 and found["assessment"]["findings"] == []
    code, out, _ = infer("relaxing.npz", *options, "--out", "two", "--json")
    assert json.loads(out)["assessment"] == found["assessment"]


def test_spikes_are_binned_and_widths_compared(infer):
    options = ("--times", "at", "--units", "who", "--epochs", "start=0:30", "--epoch", "start", "--method", "maxent")
    code, out, err = infer("spikes.npz", *options, "--bin", "20 ms", "--bin", "40ms", "--out", "s")
    assert (code, err) == (0, "") and "bins of 20 ms" in out and "epoch 'start' only" in out
    assert Path("s/figures/bins.png").exists()
    assert "does not tell this activity from a reversible one" in out
    code, _, err = infer("spikes.npz", *options, "--out", "t")
    assert code == 2 and "bin them first" in err and not Path("t").exists()


def test_cleaning_is_in_the_history(infer):
    code, out, _ = infer(
        "rotation.csv", "--sampling-rate", "10 Hz", "--regress", "eye", "--detrend", "--components", "2",
        "--method", "gaussian", "--out", "c",
    )  # fmt: skip
    assert code == 0 and "eye regressed out" in out and "2 principal components" in out


def test_results_are_not_overwritten_unless_asked(infer):
    options = ("rotation.csv", "--sampling-rate", "10 Hz", "--method", "gaussian", "--out", "o")
    assert infer(*options)[0] == 0
    code, out, err = infer(*options)
    assert code == 2 and out == "" and "already holds results" in err
    assert infer(*options, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.csv", "--sampling-rate", "1 Hz"], "missing.csv"),
        (["rotation.csv"], "sampling_rate is missing"),
        (["rotation.csv", "--sampling-rate", "10"], "units"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--method", "gausian"], "did you mean 'gaussian'"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--exclude", "eyes"], "eye"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--epoch", "sleep"], "epoch must be one of those recorded"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--epochs", "sleep"], "a name and two times"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--where", "location"], "location=adn"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--bin", "1 s"], "only spikes can be binned"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--components", "7"], "count must be at most"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--confidence", "1"], "confidence must lie"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--seed", "-1"], "seed must be at least 0"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--method", "kinetic_ising"], "no method can be used"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--out", "no/where"], "there is no folder"),
    ],
)
def test_mistakes_are_one_sentence_and_leave_nothing(infer, tmp_path, arguments, words):
    before = sorted(tmp_path.iterdir())
    code, out, err = infer(*arguments)
    assert code == 2 and out == "" and words in err and err.strip().count("\n") == 0
    assert sorted(tmp_path.iterdir()) == before


def test_long_methods_are_announced(infer, monkeypatch):
    from neurothermo.irreversibility import assessing

    monkeypatch.setattr(assessing, "LONG", 0.0)
    code, _, err = infer("rotation.csv", "--sampling-rate", "10 Hz", "--method", "gaussian", "--out", "l")
    assert code == 0 and "neurothermo: gaussian will take about 0 s" in err
