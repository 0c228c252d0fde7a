"""The doors: of each format how an input is laid down, how it is read, what it is made from, how it is changed."""

from __future__ import annotations

import shutil
import tomllib
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

from neurothermo.core.errors import InputError

from . import hdf5_changes, seeds
from .mutating import changed, changed_folder, flipped, packed, toml, unpacked
from .sandbox import Sandbox, judged


@dataclass(frozen=True)
class Door:
    """A way in.

    `readings` are the calls a user may make on the path; `place` is the name of the file, of a folder where it ends in
    a slash; `modules` are those whose branches the coverage-guided fuzzer follows; `executions` of it are about twenty
    seconds' work.
    """

    place: str
    readings: tuple[Callable[[Path], Any], ...]
    seeds: Callable[[], list[bytes]]
    change: Callable[[bytes, Random], bytes]
    modules: tuple[str, ...]
    executions: int = 1000
    beside: tuple[tuple[str, bytes], ...] = ()

    def lay(self, here: Sandbox, data: bytes) -> Path:
        """The input at its place in the sandbox, alone there."""
        shutil.rmtree(here.inputs)
        here.inputs.mkdir()
        for name, content in self.beside:
            (here.inputs / name).write_bytes(content)
        path = here.inputs / self.place
        if not self.place.endswith("/"):
            path.write_bytes(data)
            return path
        path.mkdir()
        for name, content in unpacked(data).items():
            try:
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                (path / name).write_bytes(content)
            except OSError:  # a name that is a file and a folder at once
                continue
        return path

    def warm(self, here: Sandbox) -> None:
        """Read what is valid once, unwatched: libraries are imported and caches filled at a first use."""
        import h5py  # noqa: F401 - what is changed may begin like any other format

        for data in self.seeds():
            path = self.lay(here, data)
            for reading in self.readings:
                with suppress(InputError), redirect_stdout(StringIO()), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    reading(path)

    def enter(self, here: Sandbox, data: bytes) -> list[BaseException | None]:
        """Every reading of the input; the refusals.

        Raises
        ------
        Broken
            If a reading did not keep what is promised.
        """
        path = self.lay(here, data)
        return [judged(here, lambda reading=reading: reading(path)) for reading in self.readings]


def _read(**arguments: Any) -> Callable[[Path], Any]:
    def reading(path: Path) -> Any:
        from neurothermo.recordings import read

        found = read(path, **arguments)
        return repr(found), found.duration, found.trains if found.kind == "spikes" else found.segments

    return reading


def _matrix(path: Path) -> Any:
    from neurothermo import SpinNetwork

    return SpinNetwork.read(path)


def _experiment(path: Path) -> Any:
    from neurothermo.config import read_experiment

    return repr(read_experiment(path))


def _ledger(path: Path) -> None:
    from neurothermo import cli

    cli.estimate(path, None, None, None, False)


def _pair(path: Path) -> None:
    """With its own copy as the reverse: most often refused, by what its attributes say."""
    from neurothermo import cli

    cli.estimate(path, path, ["bar", "crossing"], 1.0, True)


def _status(path: Path) -> None:
    from neurothermo import cli

    cli.status(path, False)
    cli.status(path, True)


def _table(path: Path) -> None:
    from neurothermo import cli

    cli.estimate(path, None, None, None, False)
    cli.estimate(path, None, ["jarzynski", "entropy_production"], None, True)


def _change_toml(data: bytes, rng: Random) -> bytes:
    if rng.random() < 0.7:
        try:
            return toml(changed(tomllib.loads(data.decode()), rng)).encode()
        except (ValueError, RecursionError, AttributeError):
            pass
    return flipped(data, rng)


def _change_archive(data: bytes, rng: Random) -> bytes:
    """An entry of an archive, or its bytes."""
    files = unpacked(data)
    if not files or rng.random() < 0.2:
        return flipped(data, rng)
    return packed(changed_folder(files, rng))


def _change_hdf5(make: Callable[[], list[bytes]]) -> Callable[[bytes, Random], bytes]:
    def change(data: bytes, rng: Random) -> bytes:
        if rng.random() < 0.3:  # from a whole file: nothing is written into one that is damaged
            return hdf5_changes.changed_hdf5(rng.choice(make()), rng)
        return flipped(data, rng)

    return change


OURS = ("neurothermo.core", "neurothermo.recordings")
DOORS = {
    "toml": Door(
        "experiment.toml", (_experiment,), seeds.of_toml, _change_toml,
        ("neurothermo.config", "neurothermo.core.checks", "neurothermo.systems", "neurothermo.protocols", "tomllib"),
        5000, (("couplings.csv", b"0,1\n1,0\n"),),
    ),
    "npz": Door(
        "arrays.npz",
        (_read(sampling_rate="100 Hz"), _read(), _read(times="times", units="units"), _read(key="values",
        times="times"), _matrix),
        seeds.of_npz, _change_archive, (*OURS, "neurothermo.systems.reading", "numpy.lib._format_impl"), 4000,
    ),
    "csv": Door(
        "table.csv", (_read(interval="10 ms"), _read(times="times", units="units"), _read(times="times"), _matrix),
        seeds.of_csv, lambda data, rng: flipped(data, rng), (*OURS, "neurothermo.systems.reading"), 8000,
    ),
    "nwb": Door("session.nwb", (_read(), _read(key="lfp"), _read(key="position")), seeds.of_nwb,
                _change_hdf5(seeds.of_nwb), OURS, 300),
    "ledger": Door(
        "ledger.nc", (_ledger, _pair), seeds.of_ledger, _change_hdf5(seeds.of_ledger),
        ("neurothermo.cli", "neurothermo.core", "neurothermo.ensemble.opening", "neurothermo.free_energy",
         "neurothermo.fluctuation", "neurothermo.studies.experiment", "h5netcdf"), 300,
    ),
    "store": Door("scan.zarr/", (_status, _table), seeds.of_store, _change_archive,
                  ("neurothermo.cli", "neurothermo.grid", "neurothermo.core", "neurothermo.free_energy")),
    "edf": Door("x.edf", (_read(),), seeds.of_edf, lambda data, rng: flipped(data, rng),
                (*OURS, "mne._edf", "mne.io.edf", "mne.annotations"), 1500),
    "phy": Door("phy/", (_read(), _read(sampling_rate="30 kHz")), seeds.of_phy, _change_archive, OURS, 8000),
}  # fmt: skip
