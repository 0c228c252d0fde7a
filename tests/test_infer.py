"""`neurothermo infer` as a user meets it: a table, a page, JSON, and one sentence for a mistake."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurothermo import InputError, Verdict, cli
from neurothermo.irreversibility import METHODS
from neurothermo.irreversibility.assessment import Assessment
from neurothermo.recordings import from_array, from_spikes
from neurothermo.report.recorded import draw_attribution, draw_intervals, draw_nulls
from neurothermo.studies import recorded
from neurothermo.studies.wording import spoken
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
        (["rotation.csv"], '--sampling-rate is missing: give --sampling-rate "200 Hz" or --interval "5 ms"'),
        (["rotation.csv", "--sampling-rate", "10"], "units"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--method", "gausian"], "did you mean 'gaussian'"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--exclude", "eyes"], "eye"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--epoch", "sleep"], "--epoch must be one of those recorded"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--epochs", "sleep"], "a name and two times"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--where", "location"], "location=adn"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--bin", "1 s"], "only spikes can be binned"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--components", "7"], "--components must be at most"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--confidence", "1"], "confidence must lie"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--seed", "-1"], "seed must be at least 0"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--method", "kinetic_ising"], "no method can be used"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--out", "no/where"], "there is no folder"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--method", ""], "at least one method"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--counts"], "--counts says how spikes are binned"),
        (["rotation.csv", "--sampling-rate", "10 Hz", "--channels", '"a'], "quotes closed"),
        (["spikes.npz", "--times", "at", "--bin", "10 ms"], "name whose each spike is, --units"),
        (["spikes.npz", "--times", "at", "--units", "who"], 'bin them first, --bin "10 ms"'),
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


def test_an_empty_column_is_named_and_can_be_left_out(infer):
    values = np.random.default_rng(3).standard_normal((400, 3))
    rows = [f"{one},,{other},{third}" for one, other, third in values]
    Path("hole.csv").write_text("\n".join(['a,b,"c,1",d', *rows]))
    options = ("hole.csv", "--sampling-rate", "10 Hz", "--method", "lagged_asymmetry")
    code, out, err = infer(*options)
    assert (code, out) == (2, "") and "channel 'b' holds no number at all: leave it out, --exclude b" in err
    code, out, _ = infer(*options, "--exclude", 'b,"c,1"')
    assert code == 0 and "400 samples of 2 channels" in out and "2 of 4 channels kept; dropped: b, c,1 (ex" in out
    code, out, _ = infer(*options, "--channels", "a,d")
    assert code == 0 and "400 samples of 2 channels" in out and "hole-irreversibility-2/report.html" in out
    assert sorted(path.name for path in Path().glob("hole-*")) == ["hole-irreversibility", "hole-irreversibility-2"]


def test_the_paragraph_is_followed_by_a_list(infer):
    options = ("--sampling-rate", "10 Hz", "--channels", "a,b", "--method", "gaussian,lagged_asymmetry")
    code, out, _ = infer("rotation.csv", *options, "--out", "p")
    said = out[out.index("This activity can be told") :].splitlines()
    assert code == 0 and said[1].startswith("- Data: 2 channels, 2000 samples") and said[-1] == "Report: p/report.html"
    page = Path("p/report.html").read_text()
    assert page.index("<h1>") < page.index("<p>This activity can be told") < page.index("<ul><li>Data: 2 channels")


def test_several_widths_are_said_in_the_paragraph(infer):
    options = ("--times", "at", "--units", "who", "--method", "maxent", "--bin", "20 ms", "--bin", "40 ms")
    code, out, _ = infer("spikes.npz", *options, "--out", "w")
    assert code == 0 and "All of this is at bins of 20 ms; for 40 ms see across bin widths." in out


@pytest.mark.parametrize(
    ("python", "line"),
    [
        ("choose some, or recording.components(10)", "choose some, or --components 10"),
        ('take shrinkage="auto".', 'take shrinkage="auto" (in Python).'),
        (
            "take recording.resample(...) or detrend(), or leave them out",
            "take --resample or --detrend, or leave them out",
        ),
        ("leave it out, exclude=['a', 'b c']", 'leave it out, --exclude "a,b c"'),
        ("the interval of maxent goes down to zero", "the interval of maxent goes down to zero"),
    ],
)
def test_advice_is_in_the_words_of_the_command_line(python, line):
    assert spoken(python) == line


# -- pictures --------------------------------------------------------------------------------------


def shares(size):
    """Shares by channel, the last ones largest, two of which are no surer than their error bars."""
    import xarray

    value = np.arange(1.0, size + 1)
    stderr = np.where(np.arange(size) < size - 2, 0.1, 0.7 * value)
    tables = {"by_channel": value, "by_channel_stderr": stderr, "by_channel_q": np.full(size, 0.01)}
    names = [f"unit{i}" for i in range(size)]
    return xarray.Dataset({name: ("channel", table) for name, table in tables.items()}, coords={"channel": names})


def test_bars_are_blue_only_where_their_error_says_so_too():
    from matplotlib.figure import Figure

    figure = Figure()
    draw_attribution(figure, shares(5), "nats per second")
    colours = [bar.get_facecolor() for bar in figure.axes[0].patches]
    assert colours[0] == colours[2] != colours[3] == colours[4]


def test_an_interval_without_an_upper_end_is_an_arrow():
    from matplotlib.figure import Figure

    figure = Figure()
    draw_intervals(figure, {"nats": [("plugin", 0.1, 0.0, np.inf, False), ("maxent", 0.2, 0.1, 0.3, True)]})
    axes = figure.axes[0]
    arrows = [line for line in axes.lines if line.get_marker() == ">"]
    assert len(arrows) == 1 and 0.3 < arrows[0].get_xdata()[0] < 0.4 and axes.get_xscale() == "linear"


def test_of_many_channels_the_largest_shares_are_drawn():
    found, said = recorded._largest(shares(50))
    assert found.channel.values.tolist() == [f"unit{i}" for i in range(30, 50)] and "20 of 50 channels" in said
    assert recorded._largest(shares(20))[1] == ""


def test_a_null_has_its_units_under_it(infer):
    from matplotlib.figure import Figure

    figure = Figure()
    draw_nulls(
        figure, {"lagged_asymmetry": (np.arange(9.0), 3.0, "index"), "classifier": (np.arange(9.0), 1.0, "score")}
    )
    assert [axes.get_xlabel() for axes in figure.axes] == ["index", "score"]


def attributed(recording, **results):
    """Panels on who takes part, from results made by hand."""
    found = Assessment(recording, results, {}, Verdict(True, "nothing drifts."), 0.95)
    return [panel.title for panel in recorded._attribution_panel(found, 0)]


def test_no_shares_by_a_method_that_its_own_checks_reject_or_that_takes_states_for_gaussian():
    signals = sampled(ROTATION, WHITE, 2000, 3)
    found = METHODS["gaussian"](signals)
    assert attributed(signals, gaussian=found) == ["Who takes part, by gaussian"]
    rejected = replace(found, diagnostics=(f"Residuals remember: {recorded.DISTRUSTED}.",))
    assert attributed(signals, gaussian=rejected) == []
    states = from_array((signals.segments[0] > 0).astype(int), 10.0)
    assert attributed(states, gaussian=found, spectral=found) == []


def test_the_methods_own_advice_stays_as_it_is_in_python():
    with pytest.raises(InputError, match=r'recording\.bin\("10 ms"\)'):
        METHODS["maxent"](from_spikes([0.1, 0.2], [0, 1]))


def test_rows_that_are_averages_are_said_to_be(infer):
    """Means see the path inside a step, so that a bound is halved; the page says how they were made."""
    options = ("rotation.csv", "--interval", "100 ms", "--exclude", "eye", "--method", "uncertainty", "--json")
    instants, means = (json.loads(infer(*options, *more)[1]) for more in ((), ("--averaged",)))
    value, other = (found["assessment"]["results"]["uncertainty"]["value"] for found in (instants, means))
    assert value > 0 and other == pytest.approx(value / 2, rel=1e-9)
    assert means["configuration"]["averaged"] is True
    code, _, err = infer("spikes.npz", "--times", "at", "--units", "who", "--bin", "20 ms", "--averaged")
    assert code != 0 and err.startswith("neurothermo: --averaged must be left out for spikes")


def test_resampled_by_means(infer):
    options = ("rotation.csv", "--interval", "100 ms", "--exclude", "eye", "--method", "uncertainty", "--json")
    code, out, _ = infer(*options, "--resample", "5 Hz", "--means")
    assert code == 0 and "with a filter" not in out
    assert "with a filter" in infer(*options, "--resample", "5 Hz")[1]
    code, _, err = infer(*options, "--means")
    assert code != 0 and "--means says how to resample" in err
