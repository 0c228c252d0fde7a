"""Small valid inputs of every format, made when they are asked for."""

from __future__ import annotations

import io
import os
import re
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .mutating import packed, toml

MADE = "NEUROTHERMO_FUZZ_RUNS"  # so that kernels are compiled in a process that instruments nothing
DOCS = Path(__file__).parent.parent.parent / "docs"
RNG = np.random.default_rng(5)
WAVES = np.round(np.cumsum(RNG.normal(size=(40, 2)), axis=0), 3)
TIMES = np.sort(np.round(RNG.uniform(0, 2, 30), 3))
UNITS = RNG.integers(0, 3, 30)


@cache
def experiments() -> tuple[dict[str, Any], ...]:
    """Experiment files as parsed: those of the documentation, and one of every kind beside them."""
    import tomllib

    written = re.findall(
        r"```toml experiment\n(.*?)```", (DOCS / "experiments.md").read_text(encoding="utf-8"), re.DOTALL
    )
    ramp = {"kind": "ramp", "start": 0.0, "stop": 1.0, "steps": 3}
    matrix = [[-1.0, 0.2], [0.1, -1.0]]
    return (
        *(tomllib.loads(text) for text in written),
        {"temperature": [1.0, 2.0], "system": {"kind": "RateNetwork", "couplings": matrix, "gain": {"kind": "tanh"},
         "resistance": 1.0, "input": [0.1, 0.2]}, "protocol": ramp, "dynamics": {"kind": "Langevin", "dt": 0.01}},
        {"dt": 0.1, "trials": 5, "initial": "stationary", "protocol": {"kind": "hold", "value": [0.0, 1.0], "steps": 2},
         "system": {"kind": "LinearLangevin", "relaxation": [[1.0, 0.3], [-0.3, 1.0]], "diffusion": [[1.0, 0.0],
         [0.0, 0.5]], "parity": [1, 1]}},
        {"system": {"kind": "NeuralField", "length": 40.0, "points": 64, "kernel": {"kind": "gaussian", "weight": 0.5,
         "width": 1.0, "shift": 1.0}, "gain": 1.0, "tau": 1.0, "noise": {"kind": "exponential", "weight": 1.0,
         "width": 0.5}, "input": 0.0,
         "at": "stable", "boundary": "periodic"}, "protocol": ramp},
        {"temperature": 1.0, "system": {"kind": "SpinNetwork.from_binary", "weights": [[0, 1.0], [1.0, 0]],
         "biases": [0.1, 0.2]}, "protocol": {"kind": "array", "values": [[0, 0], [1, 1]]},
         "dynamics": {"kind": "Glauber", "order": "sequential", "attempts": 2, "activation": "as-printed",
         "descending": True}},
        {"temperature": 1.0, "system": {"kind": "SpinNetwork.read", "path": "couplings.csv", "transpose": False,
         "scale": 2.0}, "protocol": {"kind": "array", "path": "couplings.csv"}},
        {"temperature": 1.0, "record": ["overlaps"], "system": {"kind": "hopfield", "patterns": {"count": 2, "size": 8,
         "seed": 1}, "scale": "hopfield", "crossover": 0.5},
         "protocol": {"kind": "ramp", "start": {"pattern": 1}, "stop": {"pattern": 2, "strength": 0.5}, "steps": 4},
         "scan": {"axes": {"temperature": [1.0, 2.0], "protocol.steps": [2, 4]}, "table": True, "both": True,
         "chunk": 64, "until": {"estimator": "bar", "stderr": 0.1}, "budget": {"trials": 1000}}},
    )  # fmt: skip


def of_toml() -> list[bytes]:
    """As text."""
    return [toml(one).encode() for one in experiments()]


def npz(**arrays: Any) -> bytes:
    """An archive of NumPy's."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def npy(array: Any, allow_pickle: bool = False) -> bytes:
    """A file of one array."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


def of_npz() -> list[bytes]:
    """Signals, spikes, what pynapple writes, sparse and dense matrices."""
    support = {"start": np.array([0.0]), "end": np.array([2.0])}
    sparse = {"format": np.array(b"csr"), "shape": np.array([2, 2]), "data": np.array([1.0, 1.0]),
              "indices": np.array([1, 0]), "indptr": np.array([0, 1, 2])}  # fmt: skip
    return [
        npz(lfp=WAVES, sampling_rate=np.array(100.0), channels=np.array(["a", "b"])),
        npz(times=TIMES, units=UNITS),
        npz(values=WAVES, times=np.arange(40) / 10),
        npz(type=np.array(["TsGroup"]), t=TIMES, index=UNITS, keys=np.arange(3), place=np.arange(3.0), **support),
        npz(type=np.array(["TsdFrame"]), t=np.arange(40) / 20, d=WAVES, columns=np.array(["a", "b"]), **support),
        npz(**sparse),
        npy(WAVES),
        npy(UNITS.reshape(15, 2)),
        npy(TIMES),
    ]


def of_csv() -> list[bytes]:
    """Tables with and without names, of samples and of spikes."""
    rows = "\n".join(f"{a},{b}" for a, b in WAVES)
    spikes = "\n".join(f"{time};{unit}" for time, unit in zip(TIMES, UNITS, strict=True))
    clock = "\n".join(f"{k / 10}\t{a}" for k, (a, _) in enumerate(WAVES))
    return [rows.encode(), f"a,b\n{rows}\n".encode(), f"times;units\n{spikes}\n".encode(),
            f"# said\ntimes\tvalue\n{clock}\r\n".encode(), b"1 2\n3 nan\n0 1\n1 1\n",
            b'\xef\xbb\xbf"a b",c\n1,2\n2,n/a\n0,4\n']  # fmt: skip


def hdf5(fill: Callable[[Any], None]) -> bytes:
    """A file of HDF5, in the oldest layout, which has no checksums."""
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=("earliest", "v108")) as file:
        fill(file)
    return buffer.getvalue()


def nwb_spikes(file: Any) -> None:
    """Units with properties, epochs, what is invalid."""
    import h5py

    file.attrs["nwb_version"] = "2.5.0"
    units = file.create_group("units")
    units["id"] = np.arange(3)
    units["spike_times"] = np.concatenate([TIMES[unit == UNITS] for unit in range(3)])
    units["spike_times_index"] = np.cumsum(np.bincount(UNITS, minlength=3))
    units["obs_intervals"], units["obs_intervals_index"] = np.array([[0.0, 2.0]] * 3), np.arange(1, 4)
    units.create_dataset("location", data=["ca1", "ca3", "ca1"], dtype=h5py.string_dtype())
    units["quality"] = np.array([0.5, 1.0, 0.7])
    group = file.create_group("general/extracellular_ephys/shank0")
    units.create_dataset("electrode_group", data=[group.ref] * 3, dtype=h5py.ref_dtype)
    table = file.create_group("intervals/epochs")
    table["start_time"], table["stop_time"] = np.array([0.0, 1.0]), np.array([1.0, 2.0])
    table.create_dataset("tags", data=["rest", "run"], dtype=h5py.string_dtype())
    table["tags_index"] = np.array([1, 2])
    wrong = file.create_group("intervals/invalid_times")
    wrong["start_time"], wrong["stop_time"] = np.array([0.2]), np.array([0.3])


def nwb_signals(file: Any) -> None:
    """A time series with a rate and one with timestamps, electrodes beside them."""
    import h5py

    file.attrs["nwb_version"] = "2.5.0"
    lfp = file.create_group("acquisition/lfp")
    lfp.create_dataset("data", data=np.rint(WAVES * 100).astype(np.int16), chunks=(10, 2), compression="gzip")
    lfp["data"].attrs.update({"conversion": 0.01, "offset": 0.5, "unit": "V"})
    lfp["channel_conversion"] = np.array([1.0, 2.0])
    lfp["starting_time"] = 1.0
    lfp["starting_time"].attrs["rate"] = 100.0
    lfp["electrodes"] = np.array([1, 0])
    table = file.create_group("general/extracellular_ephys/electrodes")
    table["id"] = np.array([10, 11])
    table.create_dataset("location", data=["ca1", "ca3"], dtype=h5py.string_dtype())
    track = file.create_group("processing/behavior/position")
    track["data"], track["timestamps"] = WAVES[:, 0], np.arange(40) / 10


def of_nwb() -> list[bytes]:
    """Both."""
    return [hdf5(nwb_spikes), hdf5(nwb_signals)]


@cache
def runs() -> tuple[bytes, bytes, dict[str, bytes]]:
    """A ledger, its reverse and the store of a scan, from one tiny network; from a file where `MADE` names one."""
    if MADE in os.environ:
        files = entries(Path(os.environ[MADE]).read_bytes())
        return files.pop("forward"), files.pop("reverse"), files
    from neurothermo import SpinNetwork, forward_and_reverse, ramp, scan

    network, drive = SpinNetwork([[0, 0.7], [0.7, 0]]), ramp([0, 0], [1, 1], 3)

    def build(temperature: float) -> dict[str, Any]:
        return {"system": network, "protocol": drive, "temperature": temperature}

    with tempfile.TemporaryDirectory() as folder:
        for name, ledger in zip(
            ("forward", "reverse"),
            forward_and_reverse(network, drive, temperature=1.0, trials=12, seed=1, progress=False), strict=True,
        ):  # fmt: skip
            ledger.to_netcdf(Path(folder) / name, engine="h5netcdf")
        store = Path(folder) / "scan.zarr"
        scan(build, {"temperature": [1.0, 2.0]}, trials=80, seed=1, both=True, store=store, chunk=64, progress=False)
        files = {str(path.relative_to(store)): path.read_bytes() for path in sorted(store.rglob("*")) if path.is_file()}
        return (Path(folder) / "forward").read_bytes(), (Path(folder) / "reverse").read_bytes(), files


def write_runs(path: Path) -> None:
    """What `runs` gives, as the file that `MADE` names."""
    forward, reverse, files = runs()
    path.write_bytes(packed({"forward": forward, "reverse": reverse, **files}))


def of_ledger() -> list[bytes]:
    """A ledger, and its reverse."""
    return list(runs()[:2])


def undone(files: dict[str, bytes]) -> dict[str, bytes]:
    """The store of a scan that was cut short: not consolidated, a task less, without what it says at its end."""
    import json

    about = json.loads(files["zarr.json"])
    about["attributes"].pop("runs")
    about.pop("consolidated_metadata", None)
    log = files["tasks/log.jsonl"].splitlines(keepends=True)[:-1]
    return {**files, "zarr.json": json.dumps(about).encode(), "tasks/log.jsonl": b"".join(log)}


def of_store() -> list[bytes]:
    """The store of a scan, done and cut short."""
    files = runs()[2]
    return [packed(files), packed(undone(files))]


def phy_files() -> dict[str, bytes]:
    """A folder of Phy."""
    return {
        "spike_times.npy": npy(np.rint(TIMES * 1000).astype(np.int64)),
        "spike_clusters.npy": npy(UNITS.astype(np.int32)),
        "spike_templates.npy": npy(UNITS.astype(np.int32)),
        "params.py": b"dat_path = 'raw.dat'\nn_channels_dat = 4\nsample_rate = 1000.\nhp_filtered = False\n",
        "cluster_group.tsv": b"cluster_id\tgroup\n0\tgood\n1\tmua\n2\tnoise\n",
        "cluster_KSLabel.tsv": b"cluster_id\tKSLabel\n0\tgood\n1\tgood\n2\tmua\n",
        "cluster_info.tsv": b"cluster_id\tch\tdepth\tn_spikes\n0\t1\t10.5\t9\n1\t2\t\t11\n2\t3\t20\t10\n",
    }


def of_phy() -> list[bytes]:
    """With its tables, and without."""
    files = phy_files()
    return [packed(files), packed({name: files[name] for name in ("spike_times.npy", "spike_clusters.npy")})]


def of_edf() -> list[bytes]:
    """Two channels in four records of a second, plain and with annotations (EDF, Kemp et al. 1992; EDF+, 2003)."""
    return [edf(["LFP 1", "LFP 2"]), edf(["LFP 1", "EDF Annotations"])]


def edf(labels: list[str]) -> bytes:
    """A header of fields of fixed width, then records of two bytes a sample."""
    records, rate, count = 4, 10, len(labels)
    plus = "EDF+C" if "EDF Annotations" in labels else ""
    head = [("0", 8), ("X X X X", 80), ("Startdate 01-JAN-2020 X X X", 80), ("01.01.20", 8), ("00.00.00", 8),
            (str(256 * (1 + count)), 8), (plus, 44), (str(records), 8), ("1", 8), (str(count), 4)]  # fmt: skip
    columns = [(labels, 16), ([""] * count, 80), (["uV"] * count, 8), (["-100"] * count, 8), (["100"] * count, 8),
               (["-32768"] * count, 8), (["32767"] * count, 8), ([""] * count, 80), ([str(rate)] * count, 8),
               ([""] * count, 32)]  # fmt: skip
    fields = [*head, *((one, width) for column, width in columns for one in column)]
    header = "".join(text.ljust(width) for text, width in fields).encode("ascii")
    samples = np.rint(WAVES * 1000).astype("<i2").reshape(records, rate, 2)
    noted = b"+0\x14\x14\0+1\x151\x14rest\x14"
    parts = [noted.ljust(2 * rate, b"\0") if label == "EDF Annotations" else None for label in labels]
    return header + b"".join(part or samples[row, :, column].tobytes()
                             for row in range(records) for column, part in enumerate(parts))  # fmt: skip


def of_fif() -> list[bytes]:
    """What MNE writes: raw data with annotations."""
    import mne

    raw = mne.io.RawArray(WAVES.T, mne.create_info(["a", "b"], 100.0, "eeg"), verbose="ERROR")
    raw.set_annotations(mne.Annotations([0.1, 0.2], [0.05, 0.1], ["rest", "bad movement"]))
    with tempfile.TemporaryDirectory() as folder:
        raw.save(Path(folder) / "x_raw.fif", verbose="ERROR")
        return [(Path(folder) / "x_raw.fif").read_bytes()]


def entries(data: bytes) -> dict[str, bytes]:
    """The entries of an archive, whole ones."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
