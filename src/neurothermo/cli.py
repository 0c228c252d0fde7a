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
        print(f"neurothermo: {_shown(error)}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        said = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
        print(f"neurothermo: {_shown(said)}", file=sys.stderr)
        sys.exit(1)
    except MemoryError:
        print("neurothermo: this does not fit in memory; ask for less at once", file=sys.stderr)
        sys.exit(1)


def _shown(sentence: Any) -> str:
    """On one line and printable: names out of a file may hold what would move a terminal's cursor."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in str(sentence))


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
    workers: Annotated[int | None, typer.Option(help="Of a scan: so many processes on this machine.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Of a scan: a running Dask scheduler, tcp://host:8786.")] = None,
) -> None:
    """Run an experiment file: ledgers, estimates, verdicts and a report; or its scan, into a store."""
    from neurothermo.config import read_experiment
    from neurothermo.core.folders import checked_free, filled_whole
    from neurothermo.ensemble import forward_and_reverse
    from neurothermo.report import write_report
    from neurothermo.studies.experiment import panels

    plan = read_experiment(experiment)
    if plan.scan is not None:
        _scan(plan.scan, out or Path(f"{experiment.stem}.zarr"), (workers, scheduler, overwrite), as_json, quiet)
        return
    if workers is not None or scheduler is not None:
        raise InputError("workers and scheduler belong to a scan, and the experiment has no table [scan]")
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
    forward: Annotated[Path, typer.Argument(help="Forward works: a ledger (.nc), numbers (.npy, .csv), or a scan.")],
    reverse: Annotated[Path | None, typer.Argument(help="The reverse process's own works.")] = None,
    method: Annotated[
        list[str] | None, typer.Option(help="bar, crossing, jarzynski, cumulant; of scans also work, ...")
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="k_B T, where the files do not know it.")] = None,
    as_json: Json = False,
) -> None:
    """Free-energy difference from files of works, with verdicts on the fluctuation theorems; or a scan's estimates."""
    if forward.is_dir():
        if reverse is not None or temperature is not None:
            raise InputError("a scan's store holds its own temperatures and reverse processes: give it alone")
        _estimate_scan(forward, method, as_json)
        return
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


@app.command()
def status(
    store: Annotated[Path, typer.Argument(help="The store of a scan.")],
    as_json: Json = False,
) -> None:
    """How far a scan is: what is done and what remains, at what rate, by which versions."""
    from neurothermo.grid import status as found
    from neurothermo.grid.telling import status_text

    said = found(store)
    print(json.dumps(said, indent=2, allow_nan=False) if as_json else status_text(said))


def _scan(arguments: dict[str, Any], store: Path, how: tuple[Any, ...], as_json: bool, quiet: bool) -> None:
    """Run a scan into its store, or what is left of it."""
    from neurothermo.grid import scan
    from neurothermo.grid import status as found
    from neurothermo.grid.telling import status_text

    workers, scheduler, overwrite = how
    if overwrite:
        raise InputError("a scan is continued, not overwritten: choose another --out, or remove the store yourself")
    try:
        scan(**arguments, store=store, lazy=True, workers=workers, scheduler=scheduler,
             progress=False if quiet or as_json else None, tell=None if quiet else _aside)  # fmt: skip
    except (KeyboardInterrupt, SystemExit) as error:  # Ctrl-C, or SIGTERM
        _aside("stopped; what is stored stays, and the same command continues from there")
        raise SystemExit(130 if isinstance(error, KeyboardInterrupt) else error.code) from None
    said = found(store)
    print(json.dumps(said, indent=2, allow_nan=False) if as_json else status_text(said))


def _estimate_scan(store: Path, method: list[str] | None, as_json: bool) -> None:
    """A table of estimates, one row a point."""
    from neurothermo.core.plain import plain
    from neurothermo.grid.telling import estimates_text, rows_of

    try:
        rows = rows_of(store, method)
    except (
        ValueError,
        TypeError,
        LookupError,
        RuntimeError,
    ) as error:  # codecs say in many ways that bytes are damaged
        if isinstance(error, InputError):
            raise
        raise InputError(f"store: {store} cannot be read: {_one_line(error)}") from None
    print(json.dumps(plain({"points": rows}), indent=2, allow_nan=False) if as_json else estimates_text(rows))


Names = Annotated[list[str] | None, typer.Option(help="Names or patterns, with commas between, or repeated.")]


@app.command()
def infer(
    recording: Annotated[Path, typer.Argument(help="Spikes, states or signals: NWB, NPZ, NPY, CSV, Phy folder, ...")],
    sampling_rate: Annotated[str | None, typer.Option(help='Samples a second: "200 Hz". Never guessed.')] = None,
    interval: Annotated[str | None, typer.Option(help='Or the time between two: "1.89 s".')] = None,
    key: Annotated[str | None, typer.Option(help="Which of several things in the file.")] = None,
    averaged: Annotated[
        bool, typer.Option("--averaged", help="Rows are means or counts over their step: BOLD, calcium.")
    ] = False,
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
    means: Annotated[bool, typer.Option("--means", help="By means over each step, not through a filter.")] = False,
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
    from neurothermo.studies.wording import spoken

    settings = {name: value for name, value in locals().copy().items() if name in SETTINGS}
    try:
        _infer(recording, settings, out, as_json, overwrite, quiet)
    except InputError as error:
        raise InputError(spoken(str(error))) from None


def _infer(
    recording: Path, given: dict[str, Any], out: Path | None, as_json: bool, overwrite: bool, quiet: bool
) -> None:
    """As `infer`, whose mistakes are told in the words of Python here."""
    from neurothermo.core.folders import checked_free, filled_whole
    from neurothermo.irreversibility import assess
    from neurothermo.report import write_report
    from neurothermo.studies.recorded import introduction, panels, words
    from neurothermo.studies.wording import spoken

    widths, counts, seed = words(given["bin"]), given["counts"], given["seed"]
    method = None if given["method"] is None else words(given["method"])
    if counts and not widths:
        raise InputError("--counts says how spikes are binned: give --bin too, or leave it out")
    folder = checked_free(out or _free(f"{recording.stem}-irreversibility", overwrite), overwrite)
    found = _read(recording, given)
    sampled = found.bin(widths[0], binary=not counts) if widths else found
    answer = assess(sampled, methods=method, confidence=given["confidence"], seed=seed,
                    progress=False if quiet or as_json else None, tell=None if quiet else _aside)  # fmt: skip
    said = introduction(answer, widths)
    with filled_whole(folder, overwrite) as temporary:
        drawn = panels(answer, found if widths else None, widths, seed)
        title = f"How irreversible is {recording.name}?"
        settings = {name: value for name, value in given.items() if value is not None}
        results = write_report(temporary, title, said, drawn, settings, _command(), more={"assessment": answer})
    if as_json:
        print(json.dumps(results, indent=2, allow_nan=False))
        return
    table = spoken(str(answer).removesuffix(answer.paragraph).rstrip())
    print(sampled, table, said, f"Report: {folder / 'report.html'}", sep="\n\n")


def _read(recording: Path, given: dict[str, Any]) -> Any:
    """The recording, cleaned and not yet binned."""
    from neurothermo.recordings import read
    from neurothermo.studies.recorded import named_intervals, prepared, words

    if given["times"] is not None and given["units"] is None and given["bin"]:
        raise InputError(
            "--bin is for spikes, and --times alone are those of samples: name whose each spike is, --units"
        )
    found = read(
        recording, **{name: given[name] for name in ("sampling_rate", "interval", "key", "times", "units")},
        epochs=named_intervals(given["epochs"] or ()),
        only=words(given["channels"]) or None, exclude=words(given["exclude"]) or None, averaged=given["averaged"],
    )  # fmt: skip
    return prepared(
        found, epoch=given["epoch"], where=given["where"] or (), regress=words(given["regress"]),
        resample=given["resample"], means=given["means"], detrend=given["detrend"], components=given["components"],
    )  # fmt: skip


def _free(name: str, overwrite: bool) -> Path:
    """A folder of this name, with a number where there is one already."""
    path, number = Path(name), 1
    while path.exists() and not overwrite:
        number += 1
        path = Path(f"{name}-{number}")
    return path


SETTINGS = (
    "sampling_rate", "interval", "key", "times", "units", "epochs", "epoch", "bin", "counts", "channels", "exclude",
    "where", "averaged", "regress", "resample", "means", "detrend", "components", "method", "seed", "confidence",
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
    from neurothermo.ensemble.opening import read_ledger

    return read_ledger(path, name)


def _one_line(error: Exception) -> str:
    """What an error of a library says, short enough for one line."""
    return " ".join(str(error).split())[:160] or type(error).__name__


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
