"""Tables of text: a row for each sample or each spike, with or without a line of names."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np

from neurothermo.core.checks import nearest
from neurothermo.core.errors import InputError
from neurothermo.recordings.found import Asked, FoundSignals, FoundSpikes

DELIMITERS = ",;\t"
CLOCKS = ("t", "time", "times", "timestamp", "timestamps", "seconds")  # never a channel unasked
WHOLE = re.compile(r"\s*[-+]?[0-9]{1,18}\s*")
MISSING = {"", "na", "n/a", "nan", "null", "none"}


def found(source: Path, asked: Asked) -> FoundSignals | FoundSpikes:
    """Spikes where `asked.units` names a column (or is an array), else the columns but that of the times."""
    rows, lines = _rows(source)
    header = any(not _is_number(field) for field in rows[0]) and not any(_is_value(field) for field in rows[0])
    names = [field.strip() for field in rows[0]] if header else [str(index) for index in range(len(rows[0]))]
    _refuse_bad_names(rows[0], names, header, asked, source.name)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{source.name} has several columns named {twice!r}; names must differ")
    if len(rows) - header < 1:
        raise InputError(f"{source.name} has a line of names and no rows under it")
    table, lines = rows[header:], lines[header:]
    texts = {name: [row[index] for row in table] for index, name in enumerate(names)}

    def column(name: str, argument: str) -> list[str]:
        if name not in texts:
            listed = ", ".join(map(repr, names))
            raise InputError(
                f"{argument} {name!r} is no column of {source.name}, whose columns are {listed}{nearest(name, names)}"
            )
        return texts[name]

    at = asked.times
    if isinstance(at, str):
        at = _numbers(column(at, "times"), asked.times, lines, source.name)
    if asked.units is not None:
        if not isinstance(asked.times, str):
            raise InputError(f"times must name the column of the spike times in {source.name} where units are given")
        whose = asked.units
        return FoundSpikes(at, _labels(column(whose, "units")) if isinstance(whose, str) else whose)
    kept = [name for name in names if name != asked.times]
    if not kept:
        raise InputError(f"{source.name} has no column but that of the times")
    columns = [_numbers(texts[name], name, lines, source.name) for name in kept]
    return FoundSignals(np.stack(columns, axis=1), times=at, channels=kept if header else None)


def _refuse_bad_names(first: list[str], names: list[str], header: bool, asked: Asked, file: str) -> None:
    """What a column of row numbers or of times would do among the channels is worse than an error."""
    numbered = not header and first[0].strip() == "" and first[1:] == [str(i) for i in range(len(first) - 1)]
    if numbered or (header and "" in names):
        raise InputError(f"{file} has a column without a name, most likely row numbers: leave it out or name it")
    clocks = [name for name in names if name.lower() in CLOCKS and name not in (asked.times, asked.units)]
    if clocks and asked.times is None:
        raise InputError(
            f"{file} has a column {clocks[0]!r}: say times={clocks[0]!r}, or rename it to make it a channel"
        )


def _rows(source: Path) -> tuple[list[list[str]], list[int]]:
    """The fields of every line that is not empty and no comment, all of one length; and which line each was."""
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError):
        raise InputError(f"{source.name} is no text in UTF-8, so no table") from None
    if "\0" in text:
        raise InputError(f"{source.name} is no text, so no table")
    numbered = [(number, line) for number, line in enumerate(text.splitlines(), 1)
                if line.strip() and not line.lstrip().startswith("#")]  # fmt: skip
    if not numbered:
        raise InputError(f"{source.name} has no rows")
    delimiter = max(DELIMITERS, key=numbered[0][1].count)
    plain = [line for _, line in numbered]
    if delimiter in plain[0]:
        try:
            rows = list(csv.reader(plain, delimiter=delimiter, skipinitialspace=True))
        except csv.Error as error:
            raise InputError(f"{source.name} is no table that can be read: {error}") from None
    else:
        rows = [line.split() for line in plain]
    lines = [number for number, _ in numbered]
    if len(rows) != len(lines):
        raise InputError(
            f"{source.name} has a quoted field that goes over several lines, or a quote that is not closed"
        )
    for number, row in zip(lines, rows, strict=False):
        if len(row) != len(rows[0]):
            raise InputError(f"line {number} of {source.name} has {len(row)} fields, the first has {len(rows[0])}")
    return rows, lines


def _numbers(fields: list[str], name: str, lines: list[int], file: str) -> Any:
    """Whole numbers where all are written so, else real ones; NaN where a field is empty or says so."""
    if all(WHOLE.fullmatch(field) for field in fields):
        return np.array([int(field) for field in fields], dtype=np.int64)
    for number, field in zip(lines, fields, strict=True):
        if not _is_number(field):
            raise InputError(f"line {number} of {file}, column {name!r}: {field.strip()!r} is no number")
    return np.array([np.nan if field.strip().lower() in MISSING else float(field) for field in fields])


def _labels(fields: list[str]) -> Any:
    return np.array([field.strip() for field in fields])


def _is_number(field: str) -> bool:
    return field.strip().lower() in MISSING or _is_value(field)


def _is_value(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field  # 1_000 is a number to Python alone
