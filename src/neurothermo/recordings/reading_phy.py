"""Folders of Phy and Kilosort: spikes in samples, clusters, and what was made of them."""

from __future__ import annotations

import ast
import csv
from pathlib import Path
from typing import Any

import numpy as np

from neurothermo.core.errors import InputError
from neurothermo.recordings.found import Asked, FoundSpikes
from neurothermo.recordings.reading_arrays import load_npy

TABLES = ("cluster_info.tsv", "cluster_KSLabel.tsv", "cluster_group.tsv")  # the last one that speaks is right
QUALITIES = ("KSLabel", "group")


def found(source: Path, asked: Asked) -> FoundSpikes:
    """Spikes, with the property `quality` ("good", "mua", "noise", "unsorted") where a table tells it."""
    times = _column(source / "spike_times.npy")
    file = next((name for name in ("spike_clusters.npy", "spike_templates.npy") if (source / name).exists()), None)
    if file is None:
        raise InputError(f"{source.name} must hold spike_clusters.npy (or spike_templates.npy) beside spike_times.npy")
    clusters = _column(source / file)
    if clusters.dtype.kind not in "iu":
        raise InputError(f"{file} must hold whole numbers, got {clusters.dtype}")
    if clusters.shape != times.shape:
        raise InputError(f"{file} has {clusters.size} entries and spike_times.npy {times.size}: they must be as many")
    if times.dtype.kind == "f" and np.all(times == np.rint(times)):
        times = times.astype(np.int64)  # some versions write numbers of samples as reals
    rate = _sample_rate(source / "params.py")
    known = np.unique(clusters)
    notes = () if file == "spike_clusters.npy" else ("units are templates: there is no spike_clusters.npy",)
    return FoundSpikes(times, clusters, rate=rate, rate_name="sample_rate in params.py",
                       properties=_properties(source, known), notes=notes)  # fmt: skip


def _column(path: Path) -> Any:
    try:
        array = load_npy(path)
    except (InputError, OSError):
        array = None
    if array is None:
        raise InputError(f"{path.name} of {path.parent.name} cannot be read as an array of numbers")
    return np.ravel(array)


def _sample_rate(path: Path) -> float | None:
    """The number that `sample_rate` is set to. The file is parsed and never run."""
    if not path.exists():
        return None
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
    except (SyntaxError, ValueError, OSError):
        raise InputError(f"params.py of {path.parent.name} is no Python that can be parsed") from None
    for line in body:
        if isinstance(line, ast.Assign) and [ast.unparse(target) for target in line.targets] == ["sample_rate"]:
            try:
                return float(ast.literal_eval(line.value))
            except (ValueError, TypeError, SyntaxError):
                raise InputError(
                    f"sample_rate in params.py must be a plain number, got {ast.unparse(line.value)!r}; "
                    "give sampling_rate (--sampling-rate)"
                ) from None
    return None


def _properties(folder: Path, known: Any) -> dict[str, Any]:
    """One value a cluster of every column of the tables; `quality` from the group, else from Kilosort's label."""
    rows: dict[str, dict[str, str]] = {}
    for name in TABLES:
        if (folder / name).exists():
            for row in _table(folder / name):
                number = row.pop("cluster_id", None) or row.pop("id", None)
                rows.setdefault(str(number), {}).update({column: text for column, text in row.items() if text})
    columns = {column for row in rows.values() for column in row if column}
    found = {column: [rows.get(str(unit), {}).get(column, "") for unit in known] for column in sorted(columns)}
    if not columns & set(QUALITIES):
        return {}
    best = [next((found[name][i] for name in reversed(QUALITIES) if name in found and found[name][i]), "unsorted")
            for i in range(len(known))]  # fmt: skip
    others = {column: _typed(texts) for column, texts in found.items() if column not in ("group", "n_spikes", "fr")}
    return {**others, "quality": best}


def _table(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                {str(name): text or "" for name, text in row.items() if name}
                for row in csv.DictReader(file, delimiter="\t")
            ]
    except (UnicodeDecodeError, csv.Error, OSError):
        raise InputError(f"{path.name} of {path.parent.name} cannot be read as a table") from None


def _typed(texts: list[str]) -> Any:
    try:
        return np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        return np.array(texts)
