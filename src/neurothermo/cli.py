"""The command line: reproduce a paper, run an experiment file, estimate from files of works, infer from a recording."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

import neurothermo
from neurothermo.core.errors import InputError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Stochastic thermodynamics of neural systems: work, heat, free energy and entropy production.",
)

STUDIES = {  # each a module of neurothermo.studies, imported when it is asked for, and its figures
    "chen2020": "2, 3, 4a, 4b, 4c, 4d, 4e, 5, 6, 7, learning, feedback, regimes, exact, hundred",
    "lucente2025": "table, spectrum, noise, transient, bump, nonlinear, instability",
    "karbowski2024": "particle, inference, transient, learning, bistability, spines, bounds",
    "recordings2026": "sleep, neuropixels, ecog, bold",
}
FIGURES = "; ".join(f"{study}: {figures}" for study, figures in STUDIES.items())

Out = Annotated[Path | None, typer.Option(help="Folder for the report; it must be new, empty, or --overwrite.")]
Json = Annotated[bool, typer.Option("--json", help="Print the results as JSON, and nothing else.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace earlier results in the output folder.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bar, even on a terminal.")]


def main() -> None:
    """Run the command line; a user's mistake is one sentence on the error stream and exit code 2."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is half-made is cleaned up
    try:
        app()
    except InputError as error:
        print(f"neurothermo: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"neurothermo: {error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        sys.exit(1)
    except MemoryError:
        print("neurothermo: this does not fit in memory; ask for less at once", file=sys.stderr)
        sys.exit(1)


def _version(show: bool) -> None:
    if show:
        print(f"neurothermo {neurothermo.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Stochastic thermodynamics of neural systems: work, heat, free energy and entropy production."""


@app.command()
def reproduce(
    study: Annotated[str, typer.Argument(help=f"The paper: {' or '.join(STUDIES)}.")],
    figure: Annotated[list[str] | None, typer.Option(help=f"One figure; repeatable. {FIGURES}.")] = None,
    trials: Annotated[int | None, typer.Option(help="Trials of each simulation; default: the study's.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same numbers.")] = 1,
    out: Out = None,
    as_json: Json = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Reproduce a paper: every figure a picture, and numbers beside exact values."""
    from neurothermo.core.checks import checked_choice, checked_count
    from neurothermo.core.folders import checked_free, filled_whole
    from neurothermo.core.progress import progress
    from neurothermo.report import write_report

    checked_choice(study, "study", tuple(STUDIES))
    paper = import_module(f"neurothermo.studies.{study}")
    for name in figure or ():
        checked_choice(name, "figure", tuple(paper.FIGURES))
    chosen = [name for name in paper.FIGURES if not figure or name in figure]
    sizes = {} if trials is None else {"trials": checked_count(trials, "trials", least=2)}
    settings = paper.Settings(seed=checked_count(seed, "seed", least=0), **sizes)
    folder = checked_free(out or Path(f"{study}-report"), overwrite)
    show = False if quiet or as_json else None
    with filled_whole(folder, overwrite) as temporary, progress(study, 2 * len(chosen), show, "panels") as advance:
        panels = []
        for name in chosen:
            panels.append(paper.FIGURES[name](settings))
            advance(1)
        results = write_report(temporary, paper.TITLE, paper.INTRODUCTION, panels, vars(settings), _command(), advance)
    _tell(results, folder, as_json)


@app.command()
def run(
    experiment: Annotated[Path, typer.Argument(help="A TOML file; see docs/experiments.md.")],
    out: Out = None,
    as_json: Json = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Run an experiment file: forward and reverse ledgers (NetCDF), estimates, verdicts and a report."""
    from neurothermo.config import read_experiment
    from neurothermo.core.folders import checked_free, filled_whole
    from neurothermo.ensemble import forward_and_reverse
    from neurothermo.report import write_report
    from neurothermo.studies.experiment import panels

    plan = read_experiment(experiment)
    folder = checked_free(out or Path(f"{experiment.stem}-results"), overwrite)
    forward, reverse = forward_and_reverse(
        plan.system, plan.protocol, plan.rule, temperature=plan.temperature, **plan.options,
        progress=False if quiet or as_json else None,
    )  # fmt: skip
    moved_by = f"{plan.rule!r}" if plan.rule else "moved by its own noise"
    introduction = f"{plan.system!r}; {plan.protocol!r}; {moved_by}."
    with filled_whole(folder, overwrite) as temporary:
        forward.to_netcdf(temporary / "forward.nc", engine="h5netcdf")
        reverse.to_netcdf(temporary / "reverse.nc", engine="h5netcdf")
        results = write_report(
            temporary, plan.title, introduction, panels(forward, reverse, plan.estimators), plan.text, _command()
        )
    _tell(results, folder, as_json)


@app.command()
def estimate(
    forward: Annotated[Path, typer.Argument(help="Forward works: a ledger (.nc), or numbers (.npy, .csv).")],
    reverse: Annotated[Path | None, typer.Argument(help="The reverse process's own works.")] = None,
    method: Annotated[list[str] | None, typer.Option(help="bar, crossing, jarzynski or cumulant; repeatable.")] = None,
    temperature: Annotated[float | None, typer.Option(help="k_B T, where the files do not know it.")] = None,
    as_json: Json = False,
) -> None:
    """Free-energy difference from files of works, with verdicts on the fluctuation theorems."""
    from neurothermo.core.ledger import is_ledger
    from neurothermo.core.plain import plain
    from neurothermo.studies.experiment import estimates, verdicts, why_no_free_energy

    one = _works_file(forward, "forward")
    other = None if reverse is None else _works_file(reverse, "reverse")
    for ledger in (one, other):
        if is_ledger(ledger) and (why := why_no_free_energy(ledger)):
            raise InputError(f"there is no free energy to estimate: {why}")
    found = estimates(one, other, method, temperature)
    whole = [
        is_ledger(ledger) and {"rule", "temperature"} <= set(ledger.attrs)
        for ledger in (one, one if other is None else other)
    ]
    judged = verdicts(one, other) if all(whole) else []
    if as_json:
        print(json.dumps(plain({"estimates": found, "verdicts": dict(judged)}), indent=2, allow_nan=False))
        return
    for answer in found:
        print(answer)
    for name, verdict in judged:
        print(f"{name} {verdict}")


Names = Annotated[list[str] | None, typer.Option(help="Names or patterns, with commas between, or repeated.")]


@app.command()
def infer(
    recording: Annotated[Path, typer.Argument(help="Spikes, states or signals: NWB, NPZ, NPY, CSV, Phy folder, ...")],
    sampling_rate: Annotated[str | None, typer.Option(help='Samples a second: "200 Hz". Never guessed.')] = None,
    interval: Annotated[str | None, typer.Option(help='Or the time between two: "1.89 s".')] = None,
    key: Annotated[str | None, typer.Option(help="Which of several things in the file.")] = None,
    times: Annotated[str | None, typer.Option(help="Name of the column or array of times, in seconds.")] = None,
    units: Annotated[str | None, typer.Option(help="Of the one that says whose each spike is.")] = None,
    epochs: Annotated[list[str] | None, typer.Option(help='Name an epoch: "sleep=0:600"; repeatable.')] = None,
    epoch: Annotated[str | None, typer.Option(help="Use this epoch only.")] = None,
    bin: Annotated[list[str] | None, typer.Option(help='Width of bins for spikes: "10 ms"; repeat to compare.')] = None,
    counts: Annotated[bool, typer.Option("--counts", help="Spikes in a bin, not only whether there is one.")] = False,
    channels: Names = None,
    exclude: Names = None,
    where: Annotated[list[str] | None, typer.Option(help='Units by a property: "location=adn".')] = None,
    regress: Annotated[list[str] | None, typer.Option(help="Take these channels and what they explain away.")] = None,
    resample: Annotated[str | None, typer.Option(help='Sample more slowly: "100 Hz".')] = None,
    detrend: Annotated[bool, typer.Option("--detrend", help="Take away each channel's straight trend.")] = False,
    components: Annotated[int | None, typer.Option(help="So many principal components.")] = None,
    method: Annotated[list[str] | None, typer.Option(help="all, or names; see docs/irreversibility.md.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same numbers.")] = 0,
    confidence: Annotated[float, typer.Option(help="Of intervals; tests are at 1 minus it.")] = 0.95,
    out: Out = None,
    as_json: Json = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """How irreversible a recording is, by every method that applies, with intervals, nulls and a report."""
    from neurothermo.core.folders import checked_free, filled_whole
    from neurothermo.irreversibility import assess
    from neurothermo.recordings import read
    from neurothermo.report import write_report
    from neurothermo.studies.recorded import named_intervals, panels, prepared, words

    settings = {name: value for name, value in locals().copy().items() if name in SETTINGS and value is not None}
    folder = checked_free(out or Path(f"{recording.stem}-irreversibility"), overwrite)
    found = read(recording, sampling_rate=sampling_rate, interval=interval, key=key, times=times, units=units,
                 epochs=named_intervals(epochs or ()))  # fmt: skip
    found = prepared(
        found, epoch=epoch, channels=words(channels), exclude=words(exclude), where=where or (),
        regress=words(regress), resample=resample, detrend=detrend, components=components,
    )  # fmt: skip
    widths = words(bin)
    sampled = found.bin(widths[0], binary=not counts) if widths else found
    answer = assess(sampled, methods=words(method) or None, confidence=confidence, seed=seed,
                    progress=False if quiet or as_json else None, tell=None if quiet else _aside)  # fmt: skip
    with filled_whole(folder, overwrite) as temporary:
        drawn = panels(answer, found if widths else None, widths, seed)
        title = f"How irreversible is {recording.name}?"
        more = {"assessment": answer}
        results = write_report(temporary, title, answer.paragraph, drawn, settings, _command(), more=more)
    if as_json:
        print(json.dumps(results, indent=2, allow_nan=False))
        return
    print(sampled, answer, f"Report: {folder / 'report.html'}", sep="\n\n")


SETTINGS = (
    "sampling_rate", "interval", "key", "times", "units", "epochs", "epoch", "bin", "counts", "channels", "exclude",
    "where", "regress", "resample", "detrend", "components", "method", "seed", "confidence",
)  # fmt: skip


def _aside(sentence: str) -> None:
    print(f"neurothermo: {sentence}", file=sys.stderr)


def _works_file(path: Path, name: str) -> Any:
    """A ledger from NetCDF, or an array of works."""
    if not path.is_file():
        raise InputError(f"{name}: there is no file {path}")
    if path.suffix != ".nc":
        import numpy as np

        from neurothermo.systems.reading import read_matrix

        if path.suffix not in (".npy", ".npz", ".csv"):
            raise InputError(f"{name} must be a ledger (.nc) or works (.npy, .npz, .csv), got {path.name!r}")
        works = np.asarray(read_matrix(path))
        if works.ndim == 2 and 1 in works.shape:
            works = works.ravel()
        if works.ndim != 1:
            raise InputError(f"{name}: {path} must hold one work a trial, got shape {works.shape}")
        return works
    import xarray

    try:
        with xarray.open_dataset(path, engine="h5netcdf") as ledger:
            return ledger.load()
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{name}: {path} is not a readable ledger ({str(error).splitlines()[0]})") from None


def _command() -> str:
    return shlex.join(["neurothermo", *sys.argv[1:]])


def _tell(results: dict[str, Any], folder: Path, as_json: bool) -> None:
    """The rows of a report on the terminal, and where the report lies."""
    if as_json:
        print(json.dumps(results, indent=2, allow_nan=False))
        return
    for panel in results["figures"]:
        if panel["rows"]:
            print(panel["title"])
        for row in panel["rows"]:
            print(f"  {_line(row)}")
            if row["sentence"] and (row["verdict"] is None or row["as_expected"] is False):
                print(f"    {row['sentence']}")
    print(f"Report: {folder / 'report.html'}")


def _line(row: dict[str, Any]) -> str:
    if row["estimate"] is None and row["verdict"] is not None:  # a verdict that takes no number: nothing fluctuates
        said = "holds" if row["verdict"] else "fails"
        if not (row["verdict"] and row["as_expected"]):
            said += ", as it must" if row["as_expected"] else ", and should not"
        return f"{row['quantity']} [{row['variant']}]: {said}"
    number = "no estimate" if row["estimate"] is None else f"{row['estimate'] + 0.0:.4g}"  # and never -0
    error = "" if row["error"] is None else f" ± {row['error']:.2g}"
    exact = "" if row["exact"] is None else f"  (exact {row['exact']:.4g})"
    words = {(True, True): "agrees", (False, True): "differs, as it must", (False, False): "DIFFERS"}
    said = words.get((row["verdict"], row["as_expected"]), "" if row["verdict"] is None else "AGREES, and should not")
    return f"{row['quantity']} [{row['variant']}]: {number}{error}{exact}  {said}".rstrip()
